/*
 * The device and the maker of firmware of fota_desk.h.
 */
#include "fota_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "base/sink.h"
#include "coap/block.h"
#include "delta.h"

#define PORT 7001
#define IMAGE_BYTES 60000
#define TURNS_MAX 200
#define LINKS "</3/0>,</5/0>,</19/0>"

/* Firmware -------------------------------------------------------------------------------------*/

static bool origin(void *context, const struct bc_address *device, char out[SERVICE_ORIGIN_BYTES])
{
    (void)context;
    snprintf(out, SERVICE_ORIGIN_BYTES, "%s",
             device->channel == 0 ? "coap://192.0.2.1:5683" : "coaps://192.0.2.1:5684");
    return true;
}

uint8_t *desk_zip(const struct desk_entry *entries, size_t *bytes)
{
    zip_error_t error;
    zip_stat_t stat;
    zip_error_init(&error);
    zip_source_t *out = zip_source_buffer_create(NULL, 0, 0, &error);
    zip_t *zip = zip_open_from_source(out, ZIP_TRUNCATE, &error);
    assert_non_null(zip);
    zip_source_keep(out);
    for (; entries->name != NULL; entries++) {
        zip_source_t *in = zip_source_buffer(zip, entries->bytes.ptr, entries->bytes.len, 0);
        assert_true(zip_file_add(zip, entries->name, in, 0) >= 0);
    }
    assert_int_equal(zip_close(zip), 0);
    assert_int_equal(zip_source_stat(out, &stat), 0);
    uint8_t *copy = malloc(stat.size);
    assert_non_null(copy);
    assert_int_equal(zip_source_open(out), 0);
    assert_int_equal(zip_source_read(out, copy, stat.size), (zip_int64_t)stat.size);
    zip_source_close(out);
    zip_source_free(out);
    zip_error_fini(&error);
    *bytes = stat.size;
    return copy;
}

/* Two images that hardly have anything in common, so that the package has many blocks. */
static void make_package(struct desk *d)
{
    static uint8_t images[2][IMAGE_BYTES];
    uint32_t chance = 12345;
    struct tool_bytes package;
    char why[TOOL_WHY_MAX] = "";
    for (size_t i = 0; i < sizeof(images); i++) {
        chance = chance * 1103515245 + 12345;
        images[i / IMAGE_BYTES][i % IMAGE_BYTES] = (uint8_t)(chance >> 16);
    }
    const struct delta_wish wish = {
        .source = {images[0], IMAGE_BYTES},
        .target = {images[1], IMAGE_BYTES},
        .source_revision = DESK_SOURCE,
        .target_revision = DESK_TARGET,
        .block_bytes = DELTA_BLOCK_BYTES,
        .level = 1,
    };
    assert_true(delta_make(&wish, &package, why));
    d->package = package.ptr;
    d->package_bytes = package.len;
    const struct desk_entry entries[] = {{"BC260YCNAAR01A02.bin", {package.ptr, package.len}},
                                         {.name = NULL}};
    d->zip = desk_zip(entries, &d->zip_bytes);
}

static void begin(struct desk *d, const char *carrier, bool in_file)
{
    *d = (struct desk){.version = DESK_SOURCE, .message_id = 0x100};
    d->o.config.origin = origin;
    office_begin(&d->o, in_file);
    make_package(d);
    d->product = office_add_product(&d->o, "Meters", carrier);
    office_add_device(&d->o, d->product, DESK_ENDPOINT);
}

void desk_begin(struct desk *d, const char *carrier)
{
    begin(d, carrier, false);
}

void desk_begin_in_file(struct desk *d, const char *carrier)
{
    begin(d, carrier, true);
}

void desk_end(struct desk *d)
{
    office_end(&d->o);
    free(d->package);
    free(d->zip);
}

void desk_upload(struct desk *d)
{
    char path[64];
    const json_t *firmware =
        office_ask(&d->o, 201, "POST", "/firmwares",
                   "{\"name\":\"A02\",\"version\":\"" DESK_TARGET "\",\"carrier\":\"aep\"}");
    d->firmware = office_number(firmware, "id");
    snprintf(path, sizeof(path), "/firmwares/%lld/content", (long long)d->firmware);
    firmware = office_send(&d->o, 200, "PUT", path, (bc_view){d->zip, d->zip_bytes});
    assert_string_equal(office_text(firmware, "state"), "ready");
}

void desk_run_task(struct desk *d, const char *more)
{
    char text[400];
    snprintf(text, sizeof(text),
             "{\"name\":\"Test_Task1\",\"firmware\":%lld,\"devices\":[\"" DESK_ENDPOINT "\"]%s%s}",
             (long long)d->firmware, more[0] == '\0' ? "" : ",", more);
    d->task = office_number(office_ask(&d->o, 201, "POST", "/tasks", text), "id");
    snprintf(text, sizeof(text), "/tasks/%lld/start", (long long)d->task);
    assert_string_equal(office_text(office_ask(&d->o, 200, "POST", text, NULL), "state"),
                        "running");
}

/* The device -----------------------------------------------------------------------------------*/

static void hear(struct desk *d, const char *text)
{
    size_t used = strlen(d->heard);
    snprintf(d->heard + used, sizeof(d->heard) - used, "%s%s", used > 0 ? "; " : "", text);
}

const char *desk_heard(struct desk *d)
{
    static char heard[DESK_HEARD_BYTES];
    memcpy(heard, d->heard, sizeof(heard));
    d->heard[0] = '\0';
    return heard;
}

static void feed(struct desk *d, bc_sink *message)
{
    struct bc_address from = world_address(PORT);
    from.channel = d->channel;
    assert_false(message->full);
    bc_server_on_datagram(d->o.w.server, d->o.w.now_ms, &from, bc_sink_view(message));
}

static void path_of(const struct bc_coap_message *m, char out[64])
{
    struct bc_coap_options it = bc_coap_options(m);
    struct bc_coap_option option;
    size_t used = 0;
    out[0] = '\0';
    while (bc_coap_option_next(&it, &option))
        if (option.number == BC_COAP_URI_PATH)
            used += (size_t)snprintf(out + used, 64 - used, "%s%.*s", used > 0 ? "/" : "",
                                     (int)option.value.len, (const char *)option.value.ptr);
}

struct answer {
    uint8_t code;
    bool observe;
    char text[300];
};

static void say(struct answer *answer, const char *format, const char *text)
{
    answer->code = BC_COAP_CONTENT;
    snprintf(answer->text, sizeof(answer->text), format, text);
}

static void read_resource(struct desk *d, const char *path, struct answer *answer)
{
    char number[16];
    answer->code = BC_COAP_NOT_FOUND;
    if (strcmp(path, "3/0/3") == 0)
        say(answer, "%s", d->version);
    else if (strcmp(path, "4/0/8") == 0)
        say(answer, "%s", "12345");
    else if (strcmp(path, "4/0/2") == 0)
        say(answer, "%s", "-85");
    else if (strcmp(path, "19/0/0") == 0)
        say(answer, "%s", "23238");
    snprintf(number, sizeof(number), "%d", strcmp(path, "5/0/5") == 0 ? d->result : d->state);
    if (strcmp(path, "5/0/3") == 0 || strcmp(path, "5/0/5") == 0)
        say(answer, "%s", number);
}

static void write_resource(struct desk *d, const struct bc_coap_message *m, struct answer *answer)
{
    answer->code = d->refuses != 0 ? d->refuses : BC_COAP_CHANGED;
    if (m->code != BC_COAP_PUT || answer->code != BC_COAP_CHANGED)
        return;
    snprintf(d->uri, sizeof(d->uri), "%.*s", (int)m->payload.len,
             m->payload.len == 0 ? "" : (const char *)m->payload.ptr);
    if (d->uri[0] == '\0' && !d->stuck)
        d->state = 0;
}

static void handle(struct desk *d, const struct bc_coap_message *m, struct answer *answer)
{
    static const char *const words[] = {"", "read", "execute", "write"};
    bc_view value;
    char path[64], text[400];
    bool observes = bc_coap_option_find(m, BC_COAP_OBSERVE, &value);
    bool cancels = observes && value.len > 0;
    path_of(m, path);
    const char *word = cancels ? "cancel" : observes ? "observe" : words[m->code];
    int len = m->payload.len == 0 ? 0 : (int)m->payload.len;
    snprintf(text, sizeof(text), "%s %s%s%.*s", word, path, len > 0 ? " " : "", len,
             len == 0 ? "" : (const char *)m->payload.ptr);
    hear(d, text);
    if (m->code != BC_COAP_GET)
        write_resource(d, m, answer);
    else
        read_resource(d, path, answer);
    answer->observe = observes && !cancels;
    if (strcmp(path, "5/0/3") == 0 && observes) {
        d->observed = !cancels;
        memcpy(d->token, m->token.bytes, sizeof(d->token));
    }
}

static void answer(struct desk *d, const struct bc_coap_message *m)
{
    uint8_t bytes[600];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    struct answer is = {.code = BC_COAP_NOT_FOUND};
    handle(d, m, &is);
    if (d->mute)
        return;
    struct bc_coap_writer w =
        bc_coap_write_begin(&out, BC_COAP_ACK, is.code, m->message_id, &m->token);
    if (is.observe)
        bc_coap_write_uint(&w, BC_COAP_OBSERVE, ++d->sequence);
    if (is.text[0] != '\0') {
        bc_coap_write_uint(&w, BC_COAP_CONTENT_FORMAT, BC_COAP_FORMAT_TEXT);
        bc_coap_write_payload(&w, bc_view_of(is.text));
    }
    assert_int_equal(bc_coap_write_end(&w), BC_OK);
    feed(d, &out);
}

/* One datagram of the platform, if there is one; requests are answered. */
static bool take(struct desk *d)
{
    struct bc_server_datagram seen;
    struct bc_coap_message m;
    uint8_t bytes[BC_DATAGRAM_BYTES_MAX];
    if (bc_server_take_datagrams(d->o.w.server, &seen, 1) == 0)
        return false;
    assert_int_equal(seen.to.port, PORT);
    memcpy(bytes, seen.bytes.ptr, seen.bytes.len);
    assert_int_equal(bc_coap_parse((bc_view){bytes, seen.bytes.len}, &m), BC_OK);
    if (m.type == BC_COAP_RST)
        hear(d, "reset");
    else if (m.code > 0 && m.code < 32)
        answer(d, &m);
    return true;
}

void desk_turn(struct desk *d)
{
    bool busy = true;
    for (int i = 0; busy; i++) {
        assert_true(i < TURNS_MAX);
        office_commit(&d->o);
        busy = take(d);
    }
}

void desk_wait(struct desk *d, uint64_t ms)
{
    office_wait(&d->o, ms);
    desk_turn(d);
}

void desk_register(struct desk *d)
{
    d->o.w.channel = d->channel;
    (void)world_register_silently(&d->o.w, PORT, DESK_ENDPOINT, LINKS);
    desk_turn(d);
}

void desk_update(struct desk *d)
{
    char hex[64];
    snprintf(hex, sizeof(hex), "4002 %04X B2 7264 0A<id> 48 6C743D3836343030", ++d->message_id);
    world_feed(&d->o.w, PORT, hex);
    desk_turn(d);
}

void desk_deregister(struct desk *d)
{
    char hex[64];
    snprintf(hex, sizeof(hex), "4004 %04X B2 7264 0A<id>", ++d->message_id);
    world_feed(&d->o.w, PORT, hex);
    desk_turn(d);
}

void desk_notify(struct desk *d, int state)
{
    uint8_t bytes[100];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    struct bc_coap_token token = {.len = 4};
    char text[8];
    d->state = state;
    snprintf(text, sizeof(text), "%d", state);
    memcpy(token.bytes, d->token, 4);
    struct bc_coap_writer w =
        bc_coap_write_begin(&out, BC_COAP_CON, BC_COAP_CONTENT, ++d->message_id, &token);
    bc_coap_write_uint(&w, BC_COAP_OBSERVE, ++d->sequence);
    bc_coap_write_uint(&w, BC_COAP_CONTENT_FORMAT, BC_COAP_FORMAT_TEXT);
    bc_coap_write_payload(&w, bc_view_of(text));
    assert_int_equal(bc_coap_write_end(&w), BC_OK);
    feed(d, &out);
    desk_turn(d);
}

void desk_report(struct desk *d)
{
    char hex[120];
    int at = snprintf(hex, sizeof(hex), "4002 %04X B2 6470 4D 05", ++d->message_id);
    for (const char *c = "ep=" DESK_ENDPOINT; *c != '\0'; c++)
        at += snprintf(hex + at, sizeof(hex) - (size_t)at, "%02X", (unsigned char)*c);
    snprintf(hex + at, sizeof(hex) - (size_t)at, "FF 31");
    world_feed(&d->o.w, PORT, hex);
    desk_turn(d);
}

/* One block; its length. */
static size_t fetch_block(struct desk *d, uint32_t number)
{
    uint8_t bytes[400];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    struct bc_server_datagram seen;
    struct bc_coap_message m;
    const char *name = strstr(d->uri, "/fw/");
    assert_non_null(name);
    struct bc_coap_writer w =
        bc_coap_write_begin(&out, BC_COAP_CON, BC_COAP_GET, ++d->message_id, NULL);
    bc_coap_write_option(&w, BC_COAP_URI_PATH, BC_TEXT("fw"));
    bc_coap_write_option(&w, BC_COAP_URI_PATH, bc_view_of(name + 4));
    bc_coap_write_uint(&w, BC_COAP_BLOCK2, number << 4 | 6);
    assert_int_equal(bc_coap_write_end(&w), BC_OK);
    feed(d, &out);
    office_commit(&d->o);
    assert_int_equal(bc_server_take_datagrams(d->o.w.server, &seen, 1), 1);
    assert_int_equal(bc_coap_parse(seen.bytes, &m), BC_OK);
    if (m.code != BC_COAP_CONTENT)
        return 0;
    assert_true((size_t)number * 1024 + m.payload.len <= d->package_bytes);
    assert_memory_equal(m.payload.ptr, d->package + (size_t)number * 1024, m.payload.len);
    return m.payload.len;
}

bool desk_fetch(struct desk *d, uint32_t first, uint32_t count)
{
    for (uint32_t number = first; number < first + count; number++) {
        size_t bytes = fetch_block(d, number);
        if (bytes == 0 || (size_t)number * 1024 + bytes == d->package_bytes)
            return bytes > 0;
    }
    return false;
}

/* Looking --------------------------------------------------------------------------------------*/

static const json_t *row(struct desk *d)
{
    char path[64];
    snprintf(path, sizeof(path), "/tasks/%lld/devices", (long long)d->task);
    const json_t *list = office_ask(&d->o, 200, "GET", path, NULL);
    const json_t *item = json_array_get(json_object_get(list, "items"), 0);
    assert_non_null(item);
    assert_string_equal(office_text(item, "endpoint"), DESK_ENDPOINT);
    return item;
}

void desk_expect(struct desk *d, const char *state, const char *reason)
{
    const json_t *item = row(d);
    const char *why = json_string_value(json_object_get(item, "reason"));
    assert_string_equal(why == NULL ? "" : why, reason);
    assert_string_equal(office_text(item, "state"), state);
}

int64_t desk_number(struct desk *d, const char *name)
{
    return office_number(row(d), name);
}

const char *desk_task_state(struct desk *d)
{
    char path[64];
    snprintf(path, sizeof(path), "/tasks/%lld", (long long)d->task);
    return office_text(office_ask(&d->o, 200, "GET", path, NULL), "state");
}
