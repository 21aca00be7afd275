/*
 * The AT line (V.250; G 1.1) with the module's own command tables behind it. The first byte chooses
 * what state the module is in; the rest are lines, each ended by CR. Of every line it asserts:
 *   - one that is not empty has exactly one final result, the last thing of its response;
 *   - an empty one has no response, and whatever comes unsolicited is whole lines without results;
 *   - an AT+ line that ends in an error changed neither settings nor what waits for the host.
 */
#include <assert.h>
#include <string.h>

#include "base/sink.h"
#include "input.h"
#include "module/state.h"
#include "world.h"

#define LINES_MAX 256
#define SNAPSHOT_BYTES 8192
#define LINE_MS 100 /* from one to the next */
#define CR 13
#define BS 8
#define DEL 127

#define FIRST_REQUEST_ID 0x1001 /* read, observe, write, execute, cancel of /19/0/0 */

enum phase {
    IDLE,
    TYPING, /* its own echo comes */
    WAITING /* for the response, first of all */
};

struct host {
    enum phase phase;
    bool something; /* the line was not empty */
    bool echoes;
    bool failed;
    size_t response_bytes;
};

static struct host host;

/* --- What the host reads --------------------------------------------------------------------- */

static bool is_final(bc_view line)
{
    static const char cme[] = "+CME ERROR: ";
    return bc_view_equal(line, BC_TEXT("OK")) || bc_view_equal(line, BC_TEXT("ERROR")) ||
           bc_view_equal(line, BC_TEXT("REBOOTING")) ||
           (line.len > sizeof(cme) - 1 && memcmp(line.ptr, cme, sizeof(cme) - 1) == 0);
}

static bool is_failure(bc_view line)
{
    return bc_view_equal(line, BC_TEXT("ERROR")) || line.ptr[0] == '+';
}

/* Whole lines, CR LF behind each; returns how many were final results and asserts that none but the
 * last is one. */
static unsigned check_ends(bc_view text)
{
    unsigned finals = 0;
    assert(text.len >= 2 && memcmp(text.ptr + text.len - 2, "\r\n", 2) == 0);
    while (text.len > 0) {
        const uint8_t *end = memchr(text.ptr, CR, text.len);
        assert(end != NULL && end[1] == '\n');
        bc_view line = fuzz_take(&text, (size_t)(end - text.ptr));
        (void)fuzz_take(&text, 2);
        assert(finals == 0 || line.len == 0);
        if (line.len > 0 && is_final(line)) {
            finals++;
            host.failed = is_failure(line);
            assert(text.len == 0);
        }
    }
    return finals;
}

/* The same with CR LF before the first. */
static unsigned check_lines(bc_view text)
{
    assert(text.len >= 4 && memcmp(text.ptr, "\r\n", 2) == 0);
    return check_ends(text);
}

static void check_response(struct world *w, bc_view text)
{
    const struct bc_at_port *port = &w->module->port;
    unsigned (*check)(bc_view text) = port->verbose ? check_lines : check_ends;
    if (host.echoes) {
        const uint8_t *end = memchr(text.ptr, CR, text.len);
        assert(end != NULL);
        (void)fuzz_take(&text, (size_t)(end - text.ptr) + 1);
    }
    if (port->quiet) {
        if (text.len > 0)
            check(text);
        return;
    }
    assert(text.len >= 2);
    const uint8_t *last = text.ptr + text.len - 2;
    if (last[1] == CR) {
        assert(!port->verbose && (last[0] == '0' || last[0] == '4'));
        host.failed = last[0] == '4';
        if (text.len > 2)
            check((bc_view){text.ptr, text.len - 2});
        return;
    }
    unsigned finals = check(text);
    assert(finals == 1);
}

static void on_serial(struct world *w, bc_view bytes)
{
    if (host.phase == WAITING && host.response_bytes > 0) {
        assert(bytes.len == host.response_bytes);
        host.phase = IDLE;
        if (host.something)
            check_response(w, bytes);
    } else if (host.phase != TYPING) {
        unsigned finals = check_lines(bytes);
        assert(finals == 0);
    }
}

/* --- The states to begin in ------------------------------------------------------------------ */

static void request(struct world *w, uint8_t code, uint16_t message_id, const char *options,
                    size_t bytes)
{
    uint8_t datagram[64] = {0x42, code, (uint8_t)(message_id >> 8), (uint8_t)message_id, 'T', 'k'};
    memcpy(datagram + 6, options, bytes);
    world_datagram(w, (bc_view){datagram, 6 + bytes});
}

#define REQUEST(w, code, message_id, options) \
    request(w, code, message_id, options, sizeof(options) - 1)

static void begin_in_state(struct world *w, uint8_t state)
{
    if (state == 0)
        return;
    world_line(w, "AT+QSCLK=0");
    world_line(w, "AT+QLACONFIG=0,\"180.101.147.115\",5683,\"867724030023557\",300,3");
    world_line(w, "AT+QLAADDOBJ=19,0,3,0,1,2");
    if (state == 1)
        return;
    world_line(w, "AT+QLAREG");
    if (state == 2)
        return;
    world_respond(w, BC_COAP_ACK, BC_COAP_CREATED,
                  BC_TEXT("\x82rd\x04"
                          "5a3f"));
    assert(bc_module_status(w->module) == BC_STATUS_REGISTERED);
    if (state == 3)
        return;
    REQUEST(w, BC_COAP_GET, FIRST_REQUEST_ID,
            "\xB2"
            "19\x01"
            "0\x01"
            "0");
    REQUEST(w, BC_COAP_GET, FIRST_REQUEST_ID + 1,
            "\x60\x52"
            "19\x01"
            "0\x01"
            "0");
    REQUEST(w, BC_COAP_PUT, FIRST_REQUEST_ID + 2,
            "\xB2"
            "19\x01"
            "0\x01"
            "0\x11\x2A\xFFxyz");
    REQUEST(w, BC_COAP_POST, FIRST_REQUEST_ID + 3,
            "\xB2"
            "19\x01"
            "0\x01"
            "1");
    if (state == 4)
        return;
    world_line(w, "AT+QLAOBSRSP=4098,1,19,0,0,1,5,\"abcde\",0");
    REQUEST(w, BC_COAP_GET, FIRST_REQUEST_ID + 4,
            "\x61\x01\x52"
            "19\x01"
            "0\x01"
            "0");
}

/* --- Lines ----------------------------------------------------------------------------------- */

/* Whether the port has anything to execute when CR comes: editing and noise as V.250 5.2. */
static bool says_something(bc_view line)
{
    size_t count = 0;
    bool overlong = false;
    for (size_t i = 0; i < line.len; i++) {
        uint8_t byte = line.ptr[i];
        if (byte == BS || byte == DEL)
            count -= count > 0;
        else if ((byte >= ' ' || byte == '\t') && count == BC_AT_LINE_BYTES_MAX)
            overlong = true;
        else if ((byte >= ' ' || byte == '\t') && !overlong)
            count++;
    }
    return count > 0 || overlong;
}

static void put_object(bc_sink *out, const void *object, size_t bytes)
{
    bc_put_bytes(out, (bc_view){object, bytes});
}

/* What a refused command may not change. */
static bc_view take_snapshot(const struct bc_module *m, uint8_t bytes[SNAPSHOT_BYTES])
{
    bc_sink out = {.ptr = bytes, .cap = SNAPSHOT_BYTES};
    struct stored stored;
    memcpy(&stored, &m->stored, sizeof(stored));        /* with what is between members */
    struct bc_objects *objects = &stored.lwm2m.objects; /* what free rows hold means nothing */
    for (size_t i = objects->rows; i < sizeof(objects->row) / sizeof(objects->row[0]); i++)
        objects->row[i] = (struct bc_object_instance){.object = 0};
    put_object(&out, &stored, sizeof(stored));
    put_object(&out, &m->base, sizeof(m->base));
    put_object(&out, m->client.request, sizeof(m->client.request));
    put_object(&out, m->client.observation, sizeof(m->client.observation));
    put_object(&out, &m->client.status, sizeof(m->client.status));
    put_object(&out, &m->radio.cfun, sizeof(m->radio.cfun));
    put_object(&out, &m->power.state, sizeof(m->power.state));
    assert(!out.full);
    return bc_sink_view(&out);
}

/* The CR of a line that has been typed, and everything that follows. */
static void end_line(struct world *w, bool something)
{
    struct bc_module *m = w->module;
    host = (struct host){.phase = WAITING, .something = something, .echoes = m->port.echo};
    size_t done = bc_on_serial(m, w->now_ms, BC_TEXT("\r"));
    assert(done == 1);
    host.response_bytes = m->port.reply_len;
    if (something)
        assert(m->port.quiet || host.response_bytes > host.echoes);
    else
        assert(host.response_bytes == host.echoes);
    world_jump(w, 0);
    assert(host.phase == IDLE || host.response_bytes == 0);
    host.phase = IDLE;
}

static void run_line(struct world *w, bc_view line)
{
    static uint8_t before[SNAPSHOT_BYTES];
    static uint8_t after[SNAPSHOT_BYTES];
    struct bc_module *m = w->module;
    world_jump(w, LINE_MS);
    if (m->power.state == POWER_OFF)
        world_reset(w);
    host.phase = TYPING;
    world_serial(w, line);
    const uint8_t *typed = m->port.workspace;
    bool extended = m->port.line_len > 3 && !m->port.line_overlong &&
                    (memcmp(typed, "AT+", 3) == 0 || memcmp(typed, "at+", 3) == 0);
    bc_view was = take_snapshot(m, before);
    end_line(w, says_something(line));
    if (host.failed && extended)
        assert(bc_view_equal(was, take_snapshot(m, after)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    bc_view in = {data, size};
    world_begin(&w, false, 1);
    begin_in_state(&w, fuzz_take_byte(&in) % 6);
    host = (struct host){.phase = IDLE};
    w.on_serial = on_serial;
    for (unsigned lines = 0; in.len > 0 && lines < LINES_MAX; lines++) {
        const uint8_t *end = memchr(in.ptr, CR, in.len);
        run_line(&w, fuzz_take(&in, end == NULL ? in.len : (size_t)(end - in.ptr)));
        (void)fuzz_take(&in, 1);
    }
    world_end(&w);
    return 0;
}
