/*
 * The serial line (V.250 sections 5.2 and 5.3; at/port.h): bytes become lines, echo and answers
 * become bytes, and no URC ever stands between an echo and its final result.
 */
#include "check.h"

#include <string.h>

#include "at/port.h"

struct tty {
    struct bc_at_port port;
    bc_sink workspace;
    char lines[6000]; /* what came out as command lines: "[AT][overlong]" */
    bc_sink seen;
    char taken[6000]; /* what the host has read */
    bc_sink host;
};

static void tty_begin(struct tty *t)
{
    t->workspace = check_heap_sink(BC_AT_WORKSPACE_BYTES);
    bc_at_port_init(&t->port, t->workspace.ptr);
    t->seen = (bc_sink){.ptr = (uint8_t *)t->lines, .cap = sizeof(t->lines)};
    t->host = (bc_sink){.ptr = (uint8_t *)t->taken, .cap = sizeof(t->taken)};
}

static void tty_end(struct tty *t)
{
    check_heap_free(bc_sink_view(&t->workspace));
}

/* Offers bytes once. Returns how many were taken; a finished line is noted. */
static size_t offer(struct tty *t, bc_view bytes)
{
    size_t accepted = SIZE_MAX;
    bc_sink line = {0};
    if (!bc_at_on_bytes(&t->port, bytes, &accepted, &line))
        return accepted;
    if (line.ptr == NULL)
        bc_put_text(&t->seen, "[overlong]");
    else
        bc_put_format(&t->seen, "[%.*s]", (int)line.len, (const char *)line.ptr);
    return accepted;
}

static void drain(struct tty *t)
{
    bc_view out;
    while (bc_at_take(&t->port, &out))
        bc_put_bytes(&t->host, out);
}

/* The host writes and reads as long as it takes. */
static void type(struct tty *t, bc_view bytes)
{
    while (bytes.len > 0) {
        size_t accepted = offer(t, bytes);
        assert_true(accepted <= bytes.len);
        bytes = (bc_view){bytes.ptr + accepted, bytes.len - accepted};
        if (bytes.len > 0)
            drain(t);
    }
}

static void answer(struct tty *t, const char *text)
{
    bc_sink reply = bc_at_reply_begin(&t->port);
    bc_put_text(&reply, text);
    bc_at_reply_end(&t->port, &reply);
}

static bool urc(struct tty *t, const char *text)
{
    bc_sink sink = bc_at_urc_begin(&t->port);
    bc_put_text(&sink, text);
    return bc_at_urc_end(&t->port, &sink);
}

#define check_lines(t, text) (check_text(bc_sink_view(&(t)->seen), text), (t)->seen.len = 0)
#define check_host(t, text) \
    (drain(t), check_text(bc_sink_view(&(t)->host), text), (t)->host.len = 0)

/* --- Lines ----------------------------------------------------------------------------------- */

static void line_ends_at_cr_and_lf_counts_for_nothing(void **state)
{
    (void)state;
    struct tty t;
    tty_begin(&t);
    type(&t, BC_TEXT("AT\r\nAT+CSQ\r\n\nA\nT\rATI\r"));
    check_lines(&t, "[AT][AT+CSQ][AT][ATI]");
    check_host(&t, "AT\rAT+CSQ\rAT\rATI\r");
    tty_end(&t);
}

static void empty_lines_are_no_commands(void **state)
{
    (void)state;
    struct tty t;
    tty_begin(&t);
    type(&t, BC_TEXT("\r\n\r\r\n\b\x7F\r"));
    check_lines(&t, "");
    check_host(&t, "\r\r\r\r");
    assert_true(bc_at_idle(&t.port));
    tty_end(&t);
}

static void line_is_offered_one_at_a_time(void **state)
{
    (void)state;
    struct tty t;
    tty_begin(&t);
    assert_int_equal(offer(&t, BC_TEXT("AT\rATI\r")), 3);
    check_lines(&t, "[AT]");
    assert_int_equal(offer(&t, BC_TEXT("ATI\r")), 4);
    check_lines(&t, "[ATI]");
    tty_end(&t);
}

static void line_takes_bytes_in_pieces_of_any_size(void **state)
{
    static const char typed[] = "AT\rat+qlacfg=\"platform\",0\r\nATE0V1&W\r\rA/\r";
    (void)state;
    struct bc_random random = {.state = 42};
    for (unsigned round = 0; round < 300; round++) {
        struct tty t;
        tty_begin(&t);
        for (size_t at = 0; at < sizeof(typed) - 1;) {
            size_t len = 1 + check_draw(&random, 9);
            if (len > sizeof(typed) - 1 - at)
                len = sizeof(typed) - 1 - at;
            type(&t, (bc_view){(const uint8_t *)typed + at, len});
            at += len;
        }
        check_lines(&t, "[AT][at+qlacfg=\"platform\",0][ATE0V1&W][A/]");
        check_host(&t, "AT\rat+qlacfg=\"platform\",0\rATE0V1&W\r\rA/\r");
        tty_end(&t);
    }
}

static void backspace_and_delete_edit_the_line_and_its_echo(void **state) /* V.250 5.2.2 */
{
    (void)state;
    struct tty t;
    tty_begin(&t);
    type(&t, BC_TEXT("AX\bTZ\x7F\r"));
    check_lines(&t, "[AT]");
    check_host(&t, "AX\b \bTZ\b \b\r");
    type(&t, BC_TEXT("\b\bAB\b\b\b\bAT\r")); /* never beyond the beginning */
    check_lines(&t, "[AT]");
    check_host(&t, "AB\b \b\b \bAT\r");
    tty_end(&t);
}

static void control_bytes_are_dropped_and_8_bit_bytes_kept(void **state)
{
    (void)state;
    struct tty t;
    uint8_t noise[] = {'A', 0, 1, 7, 0x1B, 0x1F, 'T', '\t', 0x80, 0xFF, '\r'};
    tty_begin(&t);
    type(&t, (bc_view){noise, sizeof(noise)});
    check_lines(&t, "[AT\t\x80\xFF]");
    check_host(&t, "AT\t\x80\xFF\r");
    tty_end(&t);
}

static void echo_off_returns_nothing(void **state)
{
    (void)state;
    struct tty t;
    tty_begin(&t);
    t.port.echo = false;
    type(&t, BC_TEXT("ATX\b\r\r"));
    check_lines(&t, "[AT]");
    check_host(&t, "");
    assert_true(bc_at_idle(&t.port));
    tty_end(&t);
}

/* --- Limits ---------------------------------------------------------------------------------- */

static void type_long_line(struct tty *t, size_t len)
{
    uint8_t bytes[BC_AT_LINE_BYTES_MAX + 2];
    memset(bytes, 'x', sizeof(bytes));
    bytes[len] = '\r';
    type(t, (bc_view){bytes, len + 1});
}

static void line_of_2304_bytes_passes_and_of_2305_does_not(void **state)
{
    (void)state;
    for (unsigned echo = 0; echo < 2; echo++) {
        struct tty t;
        tty_begin(&t);
        t.port.echo = echo != 0;
        type_long_line(&t, BC_AT_LINE_BYTES_MAX);
        assert_int_equal(t.seen.len, BC_AT_LINE_BYTES_MAX + 2);
        t.seen.len = 0;
        drain(&t);
        assert_int_equal(t.host.len, echo != 0 ? BC_AT_LINE_BYTES_MAX + 1 : 0);
        t.host.len = 0;
        type_long_line(&t, BC_AT_LINE_BYTES_MAX + 1);
        check_lines(&t, "[overlong]");
        drain(&t);
        t.host.len = 0;
        type(&t, BC_TEXT("AT\r")); /* usable again */
        check_lines(&t, "[AT]");
        check_host(&t, echo != 0 ? "AT\r" : "");
        tty_end(&t);
    }
}

static void overlong_line_stays_overlong_whatever_follows(void **state)
{
    (void)state;
    struct tty t;
    tty_begin(&t);
    t.port.echo = false;
    for (unsigned i = 0; i < 10000; i++)
        type(&t, BC_TEXT("x"));
    for (unsigned i = 0; i < 10000; i++)
        type(&t, BC_TEXT("\b"));
    assert_false(bc_at_idle(&t.port));
    type(&t, BC_TEXT("AT\r"));
    check_lines(&t, "[overlong]");
    type(&t, BC_TEXT("AT\r"));
    check_lines(&t, "[AT]");
    tty_end(&t);
}

/* Each byte needs room for its echo (3 bytes when it erases), CR for a whole response. */
static void host_that_does_not_read_is_slowed_down(void **state)
{
    (void)state;
    struct tty t;
    uint8_t bytes[BC_AT_LINE_BYTES_MAX];
    memset(bytes, 'x', sizeof(bytes));
    tty_begin(&t);
    assert_int_equal(offer(&t, (bc_view){bytes, sizeof(bytes)}), BC_AT_REPLY_BYTES - 2);
    assert_int_equal(offer(&t, BC_TEXT("x")), 0);
    assert_int_equal(offer(&t, BC_TEXT("\r")), 0);
    drain(&t);
    assert_int_equal(t.host.len, BC_AT_REPLY_BYTES - 2);
    assert_int_equal(offer(&t, BC_TEXT("x\r")), 2);
    assert_int_equal(t.seen.len, 2 + BC_AT_REPLY_BYTES - 1);
    tty_end(&t);
}

static void cr_waits_until_a_whole_response_fits(void **state)
{
    (void)state;
    struct tty t;
    char text[BC_AT_RESPONSE_BYTES_MAX + 1];
    memset(text, 'r', sizeof(text));
    text[BC_AT_RESPONSE_BYTES_MAX] = '\0';
    tty_begin(&t);
    assert_int_equal(offer(&t, BC_TEXT("AT\r")), 3);
    answer(&t, text); /* the largest: always fits */
    check_lines(&t, "[AT]");
    assert_int_equal(offer(&t, BC_TEXT("ATI\rATI\r")), 3); /* echo still fits */
    check_lines(&t, "");
    drain(&t);
    assert_int_equal(t.host.len, 3 + BC_AT_RESPONSE_BYTES_MAX + 3);
    assert_int_equal(offer(&t, BC_TEXT("\rATI\r")), 1);
    check_lines(&t, "[ATI]");
    answer(&t, text);
    tty_end(&t);
}

static void answers_collect_until_the_host_reads(void **state)
{
    (void)state;
    struct tty t;
    tty_begin(&t);
    for (unsigned i = 0; i < 3; i++) {
        type(&t, BC_TEXT("AT\r"));
        answer(&t, "\r\nOK\r\n");
    }
    check_host(&t, "AT\r\r\nOK\r\nAT\r\r\nOK\r\nAT\r\r\nOK\r\n");
    tty_end(&t);
}

/* --- URCs ------------------------------------------------------------------------------------ */

static void urc_stands_on_a_line_of_its_own_in_order(void **state)
{
    (void)state;
    struct tty t;
    tty_begin(&t);
    assert_true(urc(&t, "RDY"));
    assert_true(urc(&t, "+CFUN: 1"));
    assert_int_equal(bc_at_urcs_waiting(&t.port), 2);
    check_host(&t, "\r\nRDY\r\n\r\n+CFUN: 1\r\n");
    assert_int_equal(bc_at_urcs_waiting(&t.port), 0);
    tty_end(&t);
}

/*
 * host                             module
 *  | --- "AT+C" ------------------> |
 *  | <-- "AT+C" ------------------- |   echo
 *  |                                |   a URC comes up: it waits
 *  | --- "SQ" CR -----------------> |
 *  | <-- "SQ" CR, result ---------- |
 *  | <-- the URC ------------------ |
 */
static void urc_never_stands_between_echo_and_result(void **state)
{
    (void)state;
    struct tty t;
    tty_begin(&t);
    for (unsigned i = 0; i < 2; i++) {
        type(&t, i == 0 ? BC_TEXT("A") : BC_TEXT("at+c"));
        assert_true(urc(&t, "+QLAURC: \"ping\",0"));
        check_host(&t, i == 0 ? "A" : "at+c");
        type(&t, i == 0 ? BC_TEXT("T+CSQ\r") : BC_TEXT("sq\r"));
        answer(&t, "\r\n+CSQ: 21,0\r\n\r\nOK\r\n");
        assert_true(urc(&t, "+QLAURC: \"ping\",1"));
        check_host(&t, i == 0 ? "T+CSQ\r\r\n+CSQ: 21,0\r\n\r\nOK\r\n\r\n+QLAURC: \"ping\",0\r\n"
                                "\r\n+QLAURC: \"ping\",1\r\n"
                              : "sq\r\r\n+CSQ: 21,0\r\n\r\nOK\r\n\r\n+QLAURC: \"ping\",0\r\n"
                                "\r\n+QLAURC: \"ping\",1\r\n");
    }
    tty_end(&t);
}

static void urc_is_not_held_up_by_noise_or_by_an_erased_line(void **state)
{
    (void)state;
    struct tty t;
    tty_begin(&t);
    type(&t, BC_TEXT("\x80garbage"));
    assert_true(urc(&t, "RDY"));
    check_host(&t, "\x80garbage\r\nRDY\r\n");
    bc_at_port_drop_line(&t.port);
    type(&t, BC_TEXT("A\b"));
    assert_true(urc(&t, "RDY"));
    check_host(&t, "A\b \b\r\nRDY\r\n");
    t.port.echo = false; /* nothing is shown, nothing can be torn */
    type(&t, BC_TEXT("AT+C"));
    assert_true(urc(&t, "RDY"));
    check_host(&t, "\r\nRDY\r\n");
    tty_end(&t);
}

static void seventeenth_urc_is_refused_and_the_others_stay(void **state)
{
    (void)state;
    struct tty t;
    char text[] = "+QLAURC: \"report\",??";
    tty_begin(&t);
    for (unsigned i = 0; i < BC_URCS_MAX; i++) {
        text[18] = (char)('0' + i / 10);
        text[19] = (char)('0' + i % 10);
        assert_true(urc(&t, text));
    }
    assert_false(urc(&t, "one too many"));
    assert_int_equal(bc_at_urcs_waiting(&t.port), BC_URCS_MAX);
    bc_view out;
    assert_true(bc_at_take(&t.port, &out));
    check_text(out, "\r\n+QLAURC: \"report\",00\r\n");
    assert_int_equal(bc_at_urcs_waiting(&t.port), BC_URCS_MAX - 1);
    assert_true(urc(&t, "now there is room"));
    assert_false(urc(&t, "one too many"));
    for (unsigned i = 1; i < BC_URCS_MAX; i++) {
        char expected[] = "\r\n+QLAURC: \"report\",??\r\n";
        expected[20] = (char)('0' + i / 10);
        expected[21] = (char)('0' + i % 10);
        assert_true(bc_at_take(&t.port, &out));
        check_text(out, expected);
    }
    check_host(&t, "\r\nnow there is room\r\n");
    tty_end(&t);
}

/* A URC takes its text, two line ends and two bytes of length. */
static void urc_beyond_the_room_is_refused_and_adds_nothing(void **state)
{
    (void)state;
    struct tty t;
    char text[BC_URC_BYTES];
    memset(text, 'u', sizeof(text));
    tty_begin(&t);
    assert_int_equal(bc_at_urc_room(&t.port), BC_URC_BYTES);
    assert_true(urc(&t, "RDY"));
    assert_int_equal(bc_at_urc_room(&t.port), BC_URC_BYTES - 9);
    text[BC_URC_BYTES - 9 - 6 + 1] = '\0';
    assert_false(urc(&t, text));
    assert_int_equal(bc_at_urc_room(&t.port), BC_URC_BYTES - 9);
    text[BC_URC_BYTES - 9 - 6] = '\0';
    assert_true(urc(&t, text));
    assert_int_equal(bc_at_urc_room(&t.port), 0);
    assert_false(urc(&t, ""));
    bc_view out;
    assert_true(bc_at_take(&t.port, &out));
    check_text(out, "\r\nRDY\r\n");
    assert_int_equal(bc_at_urc_room(&t.port), 9); /* what is handed out is room again */
    assert_true(bc_at_take(&t.port, &out));
    assert_int_equal(out.len, BC_URC_BYTES - 9 - 2);
    assert_false(bc_at_take(&t.port, &out));
    assert_int_equal(bc_at_urc_room(&t.port), BC_URC_BYTES);
    tty_end(&t);
}

static void urc_lines_that_belong_together_are_one_piece(void **state)
{
    (void)state;
    struct tty t;
    bc_view out;
    tty_begin(&t);
    bc_sink sink = bc_at_urc_begin(&t.port);
    bc_put_text(&sink, "+CFUN: 1");
    bc_at_urc_line_break(&sink);
    bc_put_text(&sink, "+CPIN: READY");
    assert_true(bc_at_urc_end(&t.port, &sink));
    assert_true(bc_at_take(&t.port, &out));
    check_text(out, "\r\n+CFUN: 1\r\n\r\n+CPIN: READY\r\n");
    tty_end(&t);
}

/* --- Workspace ------------------------------------------------------------------------------- */

static void port_is_idle_when_nothing_lives_in_its_workspace(void **state)
{
    (void)state;
    struct tty t;
    bc_view out;
    tty_begin(&t);
    assert_true(bc_at_idle(&t.port));
    type(&t, BC_TEXT("A"));
    assert_false(bc_at_idle(&t.port)); /* a line, and its echo */
    drain(&t);
    assert_false(bc_at_idle(&t.port)); /* a line */
    type(&t, BC_TEXT("T\r"));
    assert_false(bc_at_idle(&t.port)); /* its echo */
    assert_true(bc_at_take(&t.port, &out));
    assert_true(bc_at_idle(&t.port));
    assert_true(urc(&t, "RDY"));
    assert_false(bc_at_idle(&t.port));
    assert_true(bc_at_take(&t.port, &out));
    assert_true(bc_at_idle(&t.port));
    bc_sink other = check_heap_sink(BC_AT_WORKSPACE_BYTES);
    bc_at_lend(&t.port, other.ptr);
    memset(t.workspace.ptr, 0xEE, t.workspace.cap);
    t.host.len = t.seen.len = 0;
    type(&t, BC_TEXT("AT\r"));
    answer(&t, "\r\nOK\r\n");
    assert_true(urc(&t, "RDY"));
    check_lines(&t, "[AT]");
    check_host(&t, "AT\r\r\nOK\r\n\r\nRDY\r\n");
    tty_end(&t);
    check_heap_free(bc_sink_view(&other));
}

static void dropped_line_is_forgotten_but_waiting_bytes_stay(void **state)
{
    (void)state;
    struct tty t;
    tty_begin(&t);
    type(&t, BC_TEXT("AT+HALF"));
    bc_at_port_drop_line(&t.port);
    type(&t, BC_TEXT("ATI\r"));
    check_lines(&t, "[ATI]");
    check_host(&t, "AT+HALFATI\r");
    tty_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_ends_at_cr_and_lf_counts_for_nothing),
        cmocka_unit_test(empty_lines_are_no_commands),
        cmocka_unit_test(line_is_offered_one_at_a_time),
        cmocka_unit_test(line_takes_bytes_in_pieces_of_any_size),
        cmocka_unit_test(backspace_and_delete_edit_the_line_and_its_echo),
        cmocka_unit_test(control_bytes_are_dropped_and_8_bit_bytes_kept),
        cmocka_unit_test(echo_off_returns_nothing),
        cmocka_unit_test(line_of_2304_bytes_passes_and_of_2305_does_not),
        cmocka_unit_test(overlong_line_stays_overlong_whatever_follows),
        cmocka_unit_test(host_that_does_not_read_is_slowed_down),
        cmocka_unit_test(cr_waits_until_a_whole_response_fits),
        cmocka_unit_test(answers_collect_until_the_host_reads),
        cmocka_unit_test(urc_stands_on_a_line_of_its_own_in_order),
        cmocka_unit_test(urc_never_stands_between_echo_and_result),
        cmocka_unit_test(urc_is_not_held_up_by_noise_or_by_an_erased_line),
        cmocka_unit_test(seventeenth_urc_is_refused_and_the_others_stay),
        cmocka_unit_test(urc_beyond_the_room_is_refused_and_adds_nothing),
        cmocka_unit_test(urc_lines_that_belong_together_are_one_piece),
        cmocka_unit_test(port_is_idle_when_nothing_lives_in_its_workspace),
        cmocka_unit_test(dropped_line_is_forgotten_but_waiting_bytes_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
