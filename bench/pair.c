/*
 * The wire, the clock and the host of pair.h.
 */
#include "pair.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "carrier.h"

#define LINE_BYTES 512
#define NAMES_MAX 8
#define NAME_BYTES 32
#define VALUE_BYTES 160
#define ASLEEP_MS 60000 /* long enough for deep sleep to begin */

/* --- The module, called --------------------------------------------------------------------- */

static void call_directly(struct pair *p, void (*job)(struct pair *p))
{
    job(p);
}

static void give_serial(struct pair *p)
{
    p->accepted = bc_on_serial(p->module, p->now_ms, p->in);
}

static void give_datagram(struct pair *p)
{
    bc_on_datagram(p->module, p->now_ms, &p->server_address, p->in);
}

static void give_address(struct pair *p)
{
    bc_on_resolved(p->module, p->now_ms, p->query.id, &p->server_address);
}

static void give_time(struct pair *p)
{
    bc_on_time(p->module, p->now_ms);
}

static void take_serial(struct pair *p)
{
    p->taken = bc_take_serial(p->module, &p->out);
}

static void take_datagram(struct pair *p)
{
    p->taken = bc_take_datagram(p->module, &p->server_address, &p->out);
}

static void take_query(struct pair *p)
{
    p->taken = bc_take_query(p->module, &p->query);
}

static bool take(struct pair *p, void (*job)(struct pair *p))
{
    p->call(p, job);
    return p->taken;
}

/* --- Carrying ------------------------------------------------------------------------------- */

static void hear(struct pair *p)
{
    size_t room = sizeof(p->said) - 1 - p->said_bytes;
    size_t bytes = p->out.len < room ? p->out.len : room;
    memcpy(p->said + p->said_bytes, p->out.ptr, bytes);
    p->said_bytes += bytes;
    p->said[p->said_bytes] = 0;
    const char *urc = strstr(p->said, "\"observe\",");
    if (urc != NULL)
        p->observe_id = (unsigned)strtoul(urc + strlen("\"observe\","), NULL, 10);
}

static bool carry_down(struct pair *p)
{
    struct bc_server_datagram list[BC_SERVER_BATCH];
    size_t count = bc_server_take_datagrams(p->server, list, BC_SERVER_BATCH);
    for (size_t i = 0; i < count; i++) {
        p->in = list[i].bytes;
        p->call(p, give_datagram);
    }
    return count > 0;
}

void pair_run(struct pair *p)
{
    bool moved = true;
    while (moved) {
        moved = false;
        while (take(p, take_datagram)) {
            bc_server_on_datagram(p->server, p->now_ms, &p->module_address, p->out);
            moved = true;
        }
        if (take(p, take_query)) {
            p->call(p, give_address);
            moved = true;
        }
        while (take(p, take_serial))
            hear(p);
        moved = carry_down(p) || moved;
    }
}

void pair_sleep(struct pair *p, uint32_t ms)
{
    uint64_t end_ms = p->now_ms + ms;
    for (;;) {
        uint64_t module_ms = bc_deadline(p->module);
        uint64_t server_ms = bc_server_deadline(p->server);
        uint64_t next_ms = module_ms < server_ms ? module_ms : server_ms;
        p->now_ms = next_ms < end_ms ? next_ms : end_ms;
        p->call(p, give_time);
        bc_server_on_time(p->server, p->now_ms);
        pair_run(p);
        if (p->now_ms == end_ms)
            return;
    }
}

bool pair_send(struct pair *p, const char *line)
{
    char bytes[LINE_BYTES + 1];
    int len = snprintf(bytes, sizeof(bytes), "%s\r", line);
    p->said_bytes = 0;
    p->said[0] = 0;
    p->in = (bc_view){(const uint8_t *)bytes, (size_t)len};
    while (p->in.len > 0) {
        p->call(p, give_serial);
        bc_view rest = {p->in.ptr + p->accepted, p->in.len - p->accepted};
        pair_run(p);
        p->in = rest;
    }
    if (strstr(p->said, "\r\nERROR\r\n") == NULL)
        return true;
    fprintf(stderr, "the module refuses %s\n", line);
    return false;
}

static bool find_product(void *context, bc_view endpoint, struct bc_server_product *out)
{
    const struct pair *p = context;
    (void)endpoint;
    out->carrier = p->carrier;
    out->observe_all = false;
    return true;
}

static bool find_package(void *context, bc_view name, struct bc_server_package *out)
{
    const struct pair *p = context;
    (void)name;
    *out = (struct bc_server_package){.endpoint = p->fetcher, .bytes = p->package, .etag = 1};
    return p->package.len > 0;
}

bool pair_open(struct pair *p, const char *carrier, const struct bc_firmware *firmware,
               void (*call)(struct pair *p, void (*job)(struct pair *p)))
{
    struct bc_server_config server = bc_server_config_default();
    *p = (struct pair){
        .carrier = bc_server_carrier_find(carrier),
        .call = call != NULL ? call : call_directly,
        .module_address = {.ip = {192, 0, 2, 1}, .ip_len = 4, .port = 40000},
        .server_address = {.ip = {192, 0, 2, 2}, .ip_len = 4, .port = 5683},
    };
    const struct bc_storage storage = bc_memory_storage(&p->store);
    const struct bc_config module = {
        .storage = &storage, .firmware = firmware, .revision = "A01", .seed = 1};
    server.find_product = find_product;
    server.find_package = find_package;
    server.context = p;
    server.seed = 1;
    p->server = bc_server_create(&server);
    if (p->carrier == NULL || p->server == NULL ||
        bc_module_init(&p->module, &p->memory, &p->workspace, &module, 0) != BC_OK) {
        fputs("cannot make a module and a platform\n", stderr);
        return false;
    }
    pair_sleep(p, 1000);
    return true;
}

void pair_close(struct pair *p)
{
    bc_server_destroy(p->server);
}

/* --- Transcripts ---------------------------------------------------------------------------- */

struct names {
    size_t count;
    char name[NAMES_MAX][NAME_BYTES];
    char value[NAMES_MAX][VALUE_BYTES];
};

/* `%let NAME=VALUE` */
static void let(struct names *names, const char *text)
{
    if (names->count < NAMES_MAX && sscanf(text, "%%let %31[^=]=%159s", names->name[names->count],
                                           names->value[names->count]) == 2)
        names->count++;
}

static const char *value_of(const struct names *names, const char *name, size_t bytes)
{
    for (size_t i = 0; i < names->count; i++)
        if (strlen(names->name[i]) == bytes && memcmp(names->name[i], name, bytes) == 0)
            return names->value[i];
    return NULL;
}

/* Puts values in the place of {names}; {observe} is what the module has said. */
static bool fill_in(const struct pair *p, const struct names *names, const char *from, char *to,
                    size_t cap)
{
    size_t len = 0;
    while (*from != 0 && len < cap) {
        const char *end = *from == '{' ? strchr(from, '}') : NULL;
        if (end == NULL) {
            to[len++] = *from++;
            continue;
        }
        size_t bytes = (size_t)(end - from) - 1;
        const char *value = value_of(names, from + 1, bytes);
        int written = value != NULL ? snprintf(to + len, cap - len, "%s", value)
                                    : snprintf(to + len, cap - len, "%u", p->observe_id);
        if (value == NULL && (bytes != 7 || memcmp(from + 1, "observe", 7) != 0))
            return false;
        len += (size_t)written;
        from = end + 1;
    }
    if (len >= cap)
        return false;
    to[len] = 0;
    return true;
}

static void cut_comment(char *line)
{
    char *comment = strstr(line, " //");
    if (comment != NULL)
        *comment = 0;
    size_t len = strlen(line);
    while (len > 0 && strchr(" \r\n", line[len - 1]) != NULL)
        line[--len] = 0;
}

bool pair_play(struct pair *p, const char *path)
{
    char line[LINE_BYTES], filled[LINE_BYTES];
    struct names names = {0};
    bool good = true;
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "cannot read %s: %s\n", path, strerror(errno));
        return false;
    }
    while (good && fgets(line, sizeof(line), file) != NULL) {
        cut_comment(line);
        let(&names, line);
        if (strncmp(line, "AT", 2) != 0)
            continue;
        good = fill_in(p, &names, line, filled, sizeof(filled)) && pair_send(p, filled);
        if (strcmp(line, "AT+QSCLK=1") == 0)
            pair_sleep(p, ASLEEP_MS);
    }
    fclose(file);
    return good;
}
