/*
 * Flash, package and server of fota_desk.h.
 */
#include "fota_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coap/block.h"
#include "delta.h"

#define STEPS_MAX 20000
#define HOUR_MS 3600000

/* --- Power ----------------------------------------------------------------------------------- */

/* How much of an operation of `len` bytes is done; all of it counts as done for who asked. */
static size_t survives(struct fota_desk *f, size_t len)
{
    if (f->cut)
        return 0;
    if (f->operations++ < f->cut_after)
        return len;
    f->cut = true;
    return f->torn ? len / 2 : 0;
}

static bool load_record(void *context, enum bc_record record, unsigned copy, bc_sink *out)
{
    struct fota_desk *f = context;
    struct bc_storage port = store_faults_port(&f->records);
    return port.load(port.context, record, copy, out);
}

static bool store_record(void *context, enum bc_record record, bc_view bytes)
{
    struct fota_desk *f = context;
    struct bc_storage port = store_faults_port(&f->records);
    size_t len = survives(f, bytes.len);
    if (f->cut && len == 0)
        return true;
    return port.store(port.context, record, (bc_view){bytes.ptr, len});
}

static void damaged_record(void *context, enum bc_record record, unsigned copy)
{
    struct fota_desk *f = context;
    struct bc_storage port = store_faults_port(&f->records);
    port.damaged(port.context, record, copy);
}

/* --- Flash ----------------------------------------------------------------------------------- */

static const uint8_t *map(void *context, enum bc_area slot, uint32_t bytes)
{
    struct fota_desk *f = context;
    assert_true(bytes <= FOTA_IMAGE_BYTES_MAX);
    return f->unmapped ? NULL : f->area[slot];
}

static bool read_area(void *context, enum bc_area area, uint32_t offset, uint8_t *out, size_t len)
{
    struct fota_desk *f = context;
    assert_true(offset + len <= FOTA_IMAGE_BYTES_MAX);
    memcpy(out, f->area[area] + offset, len);
    return true;
}

static bool write_area(void *context, enum bc_area area, uint32_t offset, bc_view bytes)
{
    struct fota_desk *f = context;
    assert_true(offset + bytes.len <=
                (area == BC_AREA_PACKAGE ? f->port.package_bytes_max : f->port.slot_bytes_max));
    if (f->flash_fails || f->writes++ == f->fails_at)
        return false;
    size_t len = survives(f, bytes.len);
    if (len > 0)
        memcpy(f->area[area] + offset, bytes.ptr, len);
    return true;
}

static bool flush(void *context)
{
    struct fota_desk *f = context;
    if (!f->cut && f->operations < f->cut_after)
        memcpy(f->safe, f->area, sizeof(f->safe));
    (void)survives(f, 0);
    return true;
}

static void *lend(void *context, size_t bytes)
{
    struct fota_desk *f = context;
    f->lent += !f->poor;
    return f->poor ? NULL : malloc(bytes);
}

static void give_back(void *context, void *memory)
{
    struct fota_desk *f = context;
    f->lent--;
    free(memory);
}

/* --- Images ---------------------------------------------------------------------------------- */

static void fill_images(struct fota_desk *f, uint32_t bytes)
{
    struct bc_random random = {.state = 260};
    for (uint32_t i = 0; i < bytes; i++) {
        f->source.ptr[i] = (uint8_t)(check_draw(&random, 16) * 17);
        f->wanted.ptr[i] =
            check_draw(&random, 20) == 0 ? (uint8_t)check_draw(&random, 256) : f->source.ptr[i];
    }
    f->source.len = bytes;
    f->wanted.len = bytes;
}

void fota_make(struct fota_desk *f, const char *from, const char *to)
{
    const struct delta_wish wish = {.source = bc_sink_view(&f->source),
                                    .target = bc_sink_view(&f->wanted),
                                    .source_revision = from,
                                    .target_revision = to,
                                    .block_bytes = FOTA_BLOCK_BYTES,
                                    .level = 3};
    struct tool_bytes made = {.ptr = NULL};
    char why[TOOL_WHY_MAX];
    assert_true(delta_make(&wish, &made, why));
    assert_true(made.len <= f->package.cap);
    memcpy(f->package.ptr, made.ptr, made.len);
    f->package.len = made.len;
    free(made.ptr);
}

/* --- The module ------------------------------------------------------------------------------ */

void fota_power_up(struct fota_desk *f)
{
    if (f->desk.module != NULL)
        bc_module_end(f->desk.module);
    assert_int_equal(f->lent, 0);
    if (f->cut && !f->torn)
        memcpy(f->area, f->safe, sizeof(f->area));
    f->cut = false;
    f->operations = 0;
    f->cut_after = FOTA_NEVER;
    desk_begin_on(&f->desk, &f->config, &desk_plain_network);
}

void fota_register(struct fota_desk *f, bool observe)
{
    struct desk *d = &f->desk;
    desk_host(d, "ATE0");
    fota_ignore(f);
    desk_ok(d, "AT+QSCLK=0");
    desk_ok(d, "AT+QLACONFIG=0,\"180.101.147.115\",5683,\"867724030023557\",86400,3");
    desk_ok(d, "AT+QLAREG");
    fota_serve(f);
    desk_urc(d, "+QLAREG: 0");
    if (!observe)
        return;
    desk_server(d, "42017001A1A2 60 51'5' 01'0' 01'3'");
    desk_wire(d, "62457001A1A2 60 60 FF'0'");
}

void fota_flash(struct fota_desk *f, uint32_t image_bytes)
{
    memset(f, 0, sizeof(*f));
    store_faults_init(&f->records);
    f->source = check_heap_sink(FOTA_IMAGE_BYTES_MAX);
    f->wanted = check_heap_sink(FOTA_IMAGE_BYTES_MAX);
    f->package = check_heap_sink(FOTA_PACKAGE_BYTES_MAX);
    f->storage = (struct bc_storage){
        .load = load_record, .store = store_record, .damaged = damaged_record, .context = f};
    f->port = (struct bc_firmware){.image_bytes = image_bytes,
                                   .slot_bytes_max = FOTA_IMAGE_BYTES_MAX,
                                   .package_bytes_max = FOTA_PACKAGE_BYTES_MAX,
                                   .map = map,
                                   .read = read_area,
                                   .write = write_area,
                                   .flush = flush,
                                   .lend = lend,
                                   .give_back = give_back,
                                   .context = f};
    f->config = (struct bc_config){.storage = &f->storage,
                                   .firmware = &f->port,
                                   .revision = FOTA_OLD,
                                   .keep_wake_command = true,
                                   .seed = 1};
    f->exponent = 6;
    f->cut_after = FOTA_NEVER;
    f->fails_at = FOTA_NEVER;
    f->etag = 1;
    fill_images(f, image_bytes);
    memcpy(f->area[BC_AREA_SLOT_0], f->source.ptr, image_bytes);
    memcpy(f->safe, f->area, sizeof(f->safe));
    fota_make(f, FOTA_OLD, FOTA_NEW);
}

void fota_scrap(struct fota_desk *f)
{
    assert_int_equal(f->lent, 0);
    free(f->source.ptr);
    free(f->wanted.ptr);
    free(f->package.ptr);
}

void fota_setup(struct fota_desk *f, uint32_t image_bytes)
{
    fota_flash(f, image_bytes);
    fota_power_up(f);
    fota_register(f, true);
    desk_quiet(&f->desk);
}

void fota_teardown(struct fota_desk *f)
{
    bc_module_end(f->desk.module);
    fota_scrap(f);
}

/* --- The server ------------------------------------------------------------------------------ */

static void say(struct fota_desk *f, const struct bc_address *to, bc_view bytes)
{
    desk_datagram(&f->desk, to, bytes.ptr, bytes.len);
}

static void put_block(struct fota_desk *f, struct bc_coap_writer *w, uint32_t number,
                      uint8_t exponent)
{
    struct bc_coap_block block = {.number = number, .size_exponent = exponent};
    size_t bytes = bc_coap_block_bytes(&block);
    size_t at = number * bytes;
    assert_true(at <= f->package.len);
    size_t left = f->package.len - at;
    block.more = left > bytes;
    if (!f->tagless)
        bc_coap_write_option(w, BC_COAP_ETAG, (bc_view){&f->etag, 1});
    bc_coap_write_uint(w, BC_COAP_CONTENT_FORMAT, BC_COAP_FORMAT_OPAQUE);
    bc_coap_write_uint(w, BC_COAP_BLOCK2, bc_coap_block_value(&block));
    if (number == 0 && !f->sizeless)
        bc_coap_write_uint(w, BC_COAP_SIZE2, (uint32_t)f->package.len);
    bc_coap_write_payload(w, (bc_view){f->package.ptr + at, block.more ? bytes : left});
}

static void deliver(struct fota_desk *f, const struct bc_address *to, enum fota_answer fate,
                    bc_sink *out)
{
    struct bc_address from = *to;
    if (fate == FOTA_LATE && f->before_len > 0)
        say(f, &from, (bc_view){f->before, f->before_len});
    if (fate == FOTA_SPOILS)
        out->ptr[out->len - 1] ^= 4;
    if (fate == FOTA_RESETS) {
        out->ptr[0] = 0x70;
        out->ptr[1] = 0;
        out->len = BC_COAP_HEADER_BYTES;
    }
    if (fate != FOTA_LOSES)
        say(f, &from, bc_sink_view(out));
    if (fate == FOTA_DOUBLES)
        say(f, &from, bc_sink_view(out));
    memcpy(f->before, out->ptr, out->len);
    f->before_len = out->len;
}

void fota_put_answer(struct fota_desk *f, const struct bc_coap_message *get, bc_sink *out)
{
    bc_view value;
    struct bc_coap_block block;
    assert_true(bc_coap_option_find(get, BC_COAP_BLOCK2, &value));
    assert_true(bc_coap_block_read(value, &block));
    uint8_t exponent = block.size_exponent < f->exponent ? block.size_exponent : f->exponent;
    uint32_t number = block.number << (block.size_exponent - exponent);
    f->asked = number;
    f->highest = number > f->highest ? number : f->highest;
    struct bc_coap_writer w = bc_coap_write_begin(
        out, f->separate ? BC_COAP_CON : BC_COAP_ACK, f->code != 0 ? f->code : BC_COAP_CONTENT,
        f->separate ? (uint16_t)(0x9000 + f->gets) : get->message_id, &get->token);
    if (f->code == 0)
        put_block(f, &w, number, exponent);
    assert_int_equal(bc_coap_write_end(&w), BC_OK);
}

static void answer_get(struct fota_desk *f, const struct desk_datagram *wire,
                       const struct bc_coap_message *get)
{
    uint8_t bytes[BC_DATAGRAM_BYTES_MAX];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    f->gets++;
    if (f->deaf)
        return;
    if (f->separate) {
        uint8_t ack[] = {0x60, 0, (uint8_t)(get->message_id >> 8), (uint8_t)get->message_id};
        say(f, &wire->to, (bc_view){ack, sizeof(ack)});
    }
    fota_put_answer(f, get, &out);
    deliver(f, &wire->to, f->fate != NULL ? f->fate(f, f->asked) : FOTA_ANSWERS, &out);
}

static void answer_other(struct fota_desk *f, const struct desk_datagram *wire,
                         const struct bc_coap_message *message)
{
    struct desk *d = &f->desk;
    d->mid = message->message_id;
    memcpy(d->token, message->token.bytes, sizeof(d->token));
    if (message->type != BC_COAP_CON)
        return;
    if (message->code == BC_COAP_CONTENT) { /* a notification */
        size_t len = strlen(f->states);
        int64_t observe = bc_coap_option_number_of(message, BC_COAP_OBSERVE, -1);
        assert_int_equal(message->payload.len, 1);
        assert_true(observe > f->observe || message->message_id == f->notified);
        f->observe = observe;
        f->notified = message->message_id;
        if (len + 1 < sizeof(f->states) &&
            (len == 0 || f->states[len - 1] != (char)message->payload.ptr[0]))
            f->states[len] = (char)message->payload.ptr[0];
        desk_server(d, "6000 <mid>");
    } else if (message->code == BC_COAP_POST) {
        bool registers = wire->len > 60;
        desk_server(d, registers ? "6441 <mid> <token> <location>" : "6444 <mid> <token>");
    }
}

void fota_serve_one(struct fota_desk *f)
{
    struct desk *d = &f->desk;
    struct desk_datagram wire = d->wire[0];
    struct bc_coap_message message;
    d->wires--;
    memmove(&d->wire[0], &d->wire[1], d->wires * sizeof(d->wire[0]));
    assert_int_equal(bc_coap_parse((bc_view){wire.bytes, wire.len}, &message), BC_OK);
    if (f->silent)
        return;
    if (message.code == BC_COAP_GET)
        answer_get(f, &wire, &message);
    else
        answer_other(f, &wire, &message);
}

void fota_serve(struct fota_desk *f)
{
    while (f->desk.wires > 0)
        fota_serve_one(f);
}

void fota_pass(struct fota_desk *f, uint64_t ms)
{
    struct desk *d = &f->desk;
    uint64_t until_ms = d->now_ms + ms;
    fota_serve(f);
    for (unsigned i = 0; !f->cut && bc_deadline(d->module) <= until_ms; i++) {
        assert_true(i < STEPS_MAX);
        desk_after(d, bc_deadline(d->module) - d->now_ms);
        fota_serve(f);
    }
    if (!f->cut && until_ms > d->now_ms)
        desk_after(d, until_ms - d->now_ms);
}

void fota_write_uri(struct fota_desk *f, const char *uri, unsigned code)
{
    char pattern[600];
    static unsigned id;
    size_t len = strlen(uri);
    id = (id + 1) & 0xFF;
    snprintf(pattern, sizeof(pattern), "420371%02XA1A2 B1'5' 01'0' 01'1' 10%s'%s%s", id,
             len > 0 ? "FF" : "", uri, "'");
    if (len == 0)
        snprintf(pattern, sizeof(pattern), "420371%02XA1A2 B1'5' 01'0' 01'1' 10", id);
    desk_server(&f->desk, pattern);
    snprintf(pattern, sizeof(pattern), "62%02X71%02XA1A2", code, id);
    desk_wire(&f->desk, pattern);
}

void fota_execute(struct fota_desk *f, unsigned code)
{
    char pattern[80];
    static unsigned id;
    id = (id + 1) & 0xFF;
    snprintf(pattern, sizeof(pattern), "420272%02XA1A2 B1'5' 01'0' 01'2'", id);
    desk_server(&f->desk, pattern);
    snprintf(pattern, sizeof(pattern), "62%02X72%02XA1A2", code, id);
    desk_wire(&f->desk, pattern);
}

unsigned fota_read(struct fota_desk *f, unsigned resource)
{
    char pattern[80];
    static unsigned id;
    struct bc_coap_message answer;
    struct desk *d = &f->desk;
    id = (id + 1) & 0xFF;
    snprintf(pattern, sizeof(pattern), "420173%02XA1A2 B1'5' 01'0' 01'%u'", id, resource);
    desk_server(d, pattern);
    assert_true(d->wires > 0);
    struct desk_datagram wire = d->wire[0];
    memmove(&d->wire[0], &d->wire[1], --d->wires * sizeof(d->wire[0]));
    assert_int_equal(bc_coap_parse((bc_view){wire.bytes, wire.len}, &answer), BC_OK);
    assert_int_equal(answer.code, BC_COAP_CONTENT);
    assert_int_equal(answer.payload.len, 1);
    return (unsigned)(answer.payload.ptr[0] - '0');
}

/* --- The host -------------------------------------------------------------------------------- */

bool fota_heard(struct fota_desk *f, const char *text, int *number)
{
    struct desk *d = &f->desk;
    d->serial[d->serial_len] = '\0';
    char *at = strstr(d->serial, text);
    if (at == NULL)
        return false;
    if (number != NULL)
        *number = (int)strtol(at + strlen(text), NULL, 10);
    char *end = strchr(at, '\n');
    assert_non_null(end);
    d->serial_len -= (size_t)(end + 1 - d->serial);
    memmove(d->serial, end + 1, d->serial_len);
    return true;
}

void fota_ignore(struct fota_desk *f)
{
    f->desk.serial_len = 0;
}

static int wait_for(struct fota_desk *f, const char *text)
{
    struct desk *d = &f->desk;
    int code = -1;
    uint64_t until_ms = d->now_ms + HOUR_MS;
    fota_serve(f);
    while (!f->cut && !fota_heard(f, text, &code)) {
        assert_true(d->now_ms < until_ms);
        assert_true(bc_deadline(d->module) != BC_NEVER);
        desk_after(d, bc_deadline(d->module) - d->now_ms);
        fota_serve(f);
    }
    return code;
}

int fota_download(struct fota_desk *f)
{
    return wait_for(f, "\"COAPEND\",");
}

int fota_update(struct fota_desk *f)
{
    return wait_for(f, "\"END\",");
}

void fota_runs(struct fota_desk *f, bool updated)
{
    struct desk *d = &f->desk;
    fota_ignore(f);
    desk_host(d, "ATE0");
    fota_ignore(f);
    desk_tells(d, "AT+CGMR", updated ? "Revision: " FOTA_NEW : "Revision: " FOTA_OLD);
    if (updated)
        assert_memory_equal(f->area[BC_AREA_SLOT_1], f->wanted.ptr, f->wanted.len);
    assert_memory_equal(f->area[BC_AREA_SLOT_0], f->source.ptr, f->source.len);
}
