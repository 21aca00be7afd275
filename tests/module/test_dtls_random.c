/*
 * Seeded days of a module over DTLS on a network that loses and repeats, with a server that says
 * goodbye, is silent or begins anew, coverage that comes and goes, and deep sleep: first nothing
 * wrong may happen, then, with the faults gone, everything must be well again. The desk checks
 * deadlines and looks for the key after each step.
 */
#include "secure_desk.h"

#include <string.h>

#define SEEDS 40
#define STEPS 60

enum { CON, NON, ACK, RST };

static uint32_t draw(struct secure_desk *s, uint32_t below)
{
    return (uint32_t)(bc_random_next(&s->chance) % below);
}

/* The server's CoAP: every request of the module's gets what it hopes for. */
static void answer(struct secure_desk *s, const uint8_t *message)
{
    struct desk *d = &s->desk;
    static const char *const answers[] = {[2] = "6444 <mid> <token>", [4] = "6442 <mid> <token>"};
    unsigned type = message[0] >> 4 & 3;
    bool open = s->peer != NULL && bc_dtls_state(s->peer) == BC_DTLS_OPEN;
    if (type != CON || !open)
        return;
    d->mid = (uint16_t)(message[2] << 8 | message[3]);
    memcpy(d->token, message + 4, sizeof(d->token));
    bool registers = message[1] == 2 && message[8] == 0xB2 && message[11] == 0x11;
    if (registers)
        desk_server(d, "6441 <mid> <token> <location>");
    else if (message[1] == 2 || message[1] == 4)
        desk_server(d, answers[message[1]]);
    else
        desk_server(d, "6000 <mid>");
}

static void serve(struct secure_desk *s)
{
    struct desk *d = &s->desk;
    while (d->wires > 0) {
        uint8_t message[BC_DATAGRAM_BYTES_MAX];
        memcpy(message, d->wire[0].bytes, sizeof(message));
        memmove(&d->wire[0], &d->wire[1], --d->wires * sizeof(d->wire[0]));
        answer(s, message);
    }
    d->serial_len = 0;
}

static void pass_time(struct secure_desk *s, uint64_t ms)
{
    for (uint64_t end_ms = s->desk.now_ms + ms; s->desk.now_ms < end_ms;) {
        desk_after(&s->desk, 500);
        serve(s);
    }
}

static void disturb(struct secure_desk *s)
{
    struct desk *d = &s->desk;
    bool open = s->peer != NULL && bc_dtls_state(s->peer) == BC_DTLS_OPEN;
    switch (draw(s, 10)) {
    case 0:
        secure_restart_server(s, BC_DTLS_NEGOTIATED, draw(s, 2) == 0);
        break;
    case 1:
        if (open)
            secure_close_server(s);
        break;
    case 2:
        s->server_deaf = !s->server_deaf;
        break;
    case 3:
        desk_coverage(d, draw(s, 2) == 0);
        break;
    case 4:
        desk_reset(d);
        break;
    case 5: {
        const struct secure_datagram *old = &s->tape[draw(s, SECURE_TAPE_MAX)];
        desk_datagram(d, &d->server, old->bytes, old->len);
        break;
    }
    case 6:
        if (open && draw(s, 2) == 0)
            desk_server(d, "42017001A1A2 60 52'19' 01'0' 01'0'");
        break;
    default:
        break;
    }
    serve(s);
}

static void command(struct secure_desk *s)
{
    static const char *const lines[] = {
        "AT+QLAREG",
        "AT+QLAREG",
        "AT+QLAUPDATE=0,300",
        "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0,1,1",
        "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0,0",
        "AT+QLAOBSRSP=28673,1,19,0,0,1,5,\"abcde\",0",
        "AT+QLADEREG",
        "AT+QSCLK=1",
        "AT+QSCLK=0",
        "AT",
    };
    desk_host(&s->desk, lines[draw(s, sizeof(lines) / sizeof(lines[0]))]);
    serve(s);
}

static void heal(struct secure_desk *s)
{
    struct desk *d = &s->desk;
    s->loss_percent = s->twice_percent = 0;
    s->server_deaf = false;
    desk_coverage(d, true);
    desk_host(d, "AT+QSCLK=0");
    serve(s);
    pass_time(s, 600000); /* whatever was under way has ended */
    desk_host(d, "AT+QSCLK=0");
    serve(s);
    if (bc_module_status(s->desk.module) != BC_STATUS_REGISTERED)
        desk_host(d, "AT+QLAREG");
    serve(s);
    pass_time(s, 1000);
    assert_int_equal(bc_module_status(s->desk.module), BC_STATUS_REGISTERED);
    desk_host(d, "AT+QLAUPDATE=0,300");
    desk_after(d, 0);
    assert_int_equal(d->wires, 1);
    d->mid = (uint16_t)(d->wire[0].bytes[2] << 8 | d->wire[0].bytes[3]);
    serve(s);
    assert_int_equal(bc_module_status(s->desk.module), BC_STATUS_REGISTERED);
}

/* How many handshakes the server has seen. */
static uint32_t story(uint64_t seed)
{
    struct secure_desk *s = secure_new(&(struct bc_config){.seed = seed});
    s->chance.state = seed;
    desk_ok(&s->desk, SECURE_CONFIGURE);
    desk_ok(&s->desk, "AT+QLAADDOBJ=19,0,3,0,1,2");
    desk_ok(&s->desk, seed % 2 == 0 ? "AT+QLACFG=\"dtls_mode\",1" : "AT+QLACFG=\"dtls_mode\",0");
    s->loss_percent = draw(s, 40);
    s->twice_percent = draw(s, 30);
    for (unsigned step = 0; step < STEPS; step++) {
        command(s);
        disturb(s);
        pass_time(s, draw(s, 4) == 0 ? 60000 : draw(s, 5000));
    }
    heal(s);
    uint32_t sessions = s->sessions;
    secure_free(s);
    return sessions;
}

static void whatever_happens_the_module_comes_back(void **state) /* MODULE 2, 4, 5 */
{
    (void)state;
    uint32_t sessions = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        print_message("seed %u\n", (unsigned)seed);
        sessions += story(seed);
    }
    assert_true(sessions > SEEDS * 3); /* else nothing has happened */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_the_module_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
