/*
 * Entries and seeds: see targets.h.
 */
#include "targets.h"

#include <stdlib.h>

#include "at/port.h"
#include "coap/endpoint.h"
#include "console.h"
#include "lwm2m/path.h"
#include "lwm2m/value.h"

struct fuzz_state {
    struct console console;
    struct bc_at_port port;
    bc_sink port_workspace;
    struct bc_random random;
    struct bc_coap_endpoint endpoint;
    bc_sink endpoint_workspace;
    uint64_t now_ms;
};

struct fuzz_state *fuzz_begin(void)
{
    struct fuzz_state *state = calloc(1, sizeof(*state));
    assert_non_null(state);
    console_begin(&state->console);
    state->port_workspace = check_heap_sink(BC_AT_WORKSPACE_BYTES);
    bc_at_port_init(&state->port, state->port_workspace.ptr);
    state->endpoint_workspace = check_heap_sink(BC_ARENA_BYTES);
    bc_coap_endpoint_init(&state->endpoint, &state->random, state->endpoint_workspace.ptr);
    return state;
}

/* Left alone, the endpoint finishes what is under way and gives all of its workspace back. */
static void endpoint_settle(struct fuzz_state *state)
{
    struct bc_coap_event event;
    bc_view out;
    while (bc_coap_deadline(&state->endpoint) != BC_NEVER) {
        state->now_ms = bc_coap_deadline(&state->endpoint);
        while (bc_coap_on_time(&state->endpoint, state->now_ms, &event))
            assert_int_equal(event.kind, BC_COAP_TIMEOUT);
        while (bc_coap_take(&state->endpoint, state->now_ms, &out))
            assert_true(out.len >= BC_COAP_HEADER_BYTES);
    }
    assert_true(bc_coap_idle(&state->endpoint));
}

void fuzz_end(struct fuzz_state *state)
{
    endpoint_settle(state);
    console_end(&state->console);
    check_heap_free(bc_sink_view(&state->port_workspace));
    check_heap_free(bc_sink_view(&state->endpoint_workspace));
    free(state);
}

static void describe(struct fuzz_state *state, bc_view input)
{
    (void)state;
    uint8_t text[256];
    bc_sink out = {.ptr = text, .cap = sizeof(text)};
    bc_coap_describe(input, &out);
    assert_true(out.len > 0 || out.full);
    struct bc_coap_message message;
    struct bc_path path;
    if (bc_coap_parse(input, &message) == BC_OK) {
        assert_true(message.options.len + message.payload.len <= input.len);
        assert_true(bc_path_read(&message, &path) != BC_OK || path.depth <= 3);
    }
}

static void read_tlv(struct fuzz_state *state, bc_view input)
{
    (void)state;
    struct bc_tlv entry;
    for (size_t left = input.len; bc_tlv_next(&input, &entry); left = input.len) {
        assert_true(input.len < left && entry.value.len < left);
        struct bc_tlv inner;
        while (bc_tlv_next(&entry.value, &inner))
            assert_true(inner.value.len <= left);
    }
}

static void execute(struct fuzz_state *state, bc_view input)
{
    int result = console_run_bytes(&state->console, input);
    assert_false(state->console.out.full);
    assert_true(result <= 0 || state->console.out.len == 0);
}

/* Any bytes on the line; the host reads now and then, and a line is answered. */
static void serve_line(struct fuzz_state *state, bc_view input)
{
    while (input.len > 0) {
        size_t accepted;
        bc_sink line;
        bc_view out;
        bool whole = bc_at_on_bytes(&state->port, input, &accepted, &line);
        assert_true(accepted <= input.len);
        input = (bc_view){input.ptr + accepted, input.len - accepted};
        if (whole) {
            bc_sink reply = bc_at_reply_begin(&state->port);
            bc_put_text(&reply, line.ptr == NULL ? "\r\nERROR\r\n" : "\r\nOK\r\n");
            bc_at_reply_end(&state->port, &reply);
        } else if (input.len > 0) {
            assert_true(bc_at_take(&state->port, &out)); /* else nobody could ever go on */
        }
    }
    bc_sink urc = bc_at_urc_begin(&state->port);
    bc_put_text(&urc, "+QLAURC: \"ping\",0");
    (void)bc_at_urc_end(&state->port, &urc);
    bc_view out;
    while (bc_random_next(&state->random) % 8 != 0 && bc_at_take(&state->port, &out))
        assert_true(out.len > 0);
}

/* What an application does with an event: some requests it answers, in all sizes, some never. */
static void act_on(struct fuzz_state *state, const struct bc_coap_event *event)
{
    static const uint8_t payload[900];
    struct bc_coap_draft draft;
    uint32_t chance = bc_random_next(&state->random);
    if (event->kind != BC_COAP_REQUEST || chance % 4 == 0)
        return;
    if (chance % 4 == 1) {
        bc_coap_acknowledge(&state->endpoint, event->message_id);
        return;
    }
    bc_coap_draft_reply(&state->endpoint, &draft, event->message.type, event->message_id,
                        &event->message.token, BC_COAP_CONTENT);
    bc_coap_write_payload(&draft.w, (bc_view){payload, chance / 4 % sizeof(payload)});
    (void)bc_coap_submit_reply(&state->endpoint, &draft, event->message_id);
}

static void converse(struct fuzz_state *state, bc_view input)
{
    struct bc_coap_event event;
    struct bc_coap_draft draft;
    bc_view out;
    uint32_t chance = bc_random_next(&state->random);
    if (bc_coap_on_datagram(&state->endpoint, state->now_ms, input, &event))
        act_on(state, &event);
    if (chance % 8 == 0) {
        bc_coap_draft_new(&state->endpoint, &draft, chance % 3 == 0 ? BC_COAP_NON : BC_COAP_CON,
                          BC_COAP_GET, NULL);
        draft.token.bytes[0] = 0xA1;
        (void)bc_coap_submit(&state->endpoint, &draft, 1, 0, chance % 5 != 0);
        state->endpoint.next_message_id %= 4; /* so that mutated answers can hit */
    }
    state->now_ms += chance >> 8 & 0xFFF;
    while (bc_coap_on_time(&state->endpoint, state->now_ms, &event))
        assert_int_equal(event.kind, BC_COAP_TIMEOUT);
    while (bc_coap_take(&state->endpoint, state->now_ms, &out))
        assert_true(out.len >= BC_COAP_HEADER_BYTES);
    assert_true(bc_coap_deadline(&state->endpoint) > state->now_ms);
}

static const char *const coap_seeds[] = {
    "40010001BB74656D7065726174757265",
    "64450001A1B1C1D1FF32322E332043",
    "44010002A1B1C1D1B2313901300130612A",
    "44020003A1B1C1D1B27264116843646570D10A06D1230FFF3C2F3E",
    "60000001",
    "70000002",
    "40000003",
    "6445000000000000FF00",
    "44410001A1A1A1A18272640135",
    "5001000460D104FFD10A0E410E",
    "400100051100E0FEF2",
    "48010006010203040506070819FFED0000FF",
};

static const char *const tlv_seeds[] = {
    "08000EC10001C101008302417F07C1037F080212C10003C101008702417F0761013601C1037F",
    "88000C440000420000440100420001C8010D38363133383030373535353030C40212345678",
    "D0010100D8010100004101000000",
    "E71644010203040506070600",
};

static const char *const at_seeds[] = {
    "AT+VAL=1,20,\"{\"outletStatus\":\"1\"}\",0",
    "AT+VAL=2,4,\"DEADbeef\",3",
    "AT+VAL=3,4,-1,0",
    "AT+PAIR = 1 , \"0\", \"abc\"",
    "AT+REP=19,0,1,2",
    "AT+OPS=\"retransmit\",4,5",
    "AT+OPS=?",
    "ATE0V1&W",
    "ATIIIIIIIIIIIIIIIIX",
    "AT+MANY=1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0",
    "AT+MANY=1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1",
    "AT+SELF",
    "AT+WIDE=-2147483648",
};

static const char *const line_seeds[] = {
    "AT\r\nATE0V1&W\r",
    "AT+QLACFG=\"platform\",0\r\b\b\x7FX\r",
    "\x80\xFF noise AT",
    "aT+csq\r\n\r\n",
};

#define SEEDS(array) .seeds = (array), .seed_count = sizeof(array) / sizeof((array)[0])

const struct fuzz_target fuzz_targets[] = {
    {.name = "coap_message", SEEDS(coap_seeds), .run = describe},
    {.name = "coap_endpoint", SEEDS(coap_seeds), .run = converse},
    {.name = "tlv", SEEDS(tlv_seeds), .run = read_tlv},
    {.name = "at_command", .text = true, SEEDS(at_seeds), .run = execute},
    {.name = "at_port", .text = true, SEEDS(line_seeds), .run = serve_line},
};
const size_t fuzz_target_count = sizeof(fuzz_targets) / sizeof(fuzz_targets[0]);
