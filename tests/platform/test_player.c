/*
 * Transcripts played on virtual devices (platform/service/player.h), and the lines of their AT
 * ports (lines.h): on a virtual clock, without a process.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lines.h"
#include "player.h"

/* A player and everything that it has sent, a line each. */
struct desk {
    struct player player;
    char sent[4096];
};

static void on_send(void *context, const char *line)
{
    struct desk *d = context;
    size_t used = strlen(d->sent);
    int more = snprintf(d->sent + used, sizeof(d->sent) - used, "%s\n", line);
    assert_true(more > 0 && used + (size_t)more < sizeof(d->sent));
}

static void desk_open(struct desk *d)
{
    player_init(&d->player);
    d->sent[0] = '\0';
    d->player.send = on_send;
    d->player.context = d;
    assert_true(player_define(&d->player, "server", "127.0.0.1"));
}

static bool desk_read(struct desk *d, const char *text)
{
    return player_read(&d->player, (bc_view){(const uint8_t *)text, strlen(text)});
}

static void desk_play(struct desk *d, const char *text)
{
    desk_open(d);
    if (!desk_read(d, text))
        fail_msg("%s", d->player.why);
    player_start(&d->player, 1000);
}

static void sends_the_next_command_when_the_expected_line_has_come(void **state)
{
    (void)state;
    struct desk d;
    desk_play(&d, "RDY\nAT+A\nOK\nAT+B\nOK\n");
    assert_string_equal(d.sent, "");
    player_on_line(&d.player, 1000, "RDY");
    assert_string_equal(d.sent, "AT+A\n");
    player_on_line(&d.player, 1000, "OK");
    assert_string_equal(d.sent, "AT+A\nAT+B\n");
    assert_int_equal(d.player.state, PLAYER_PLAYING);
    player_on_line(&d.player, 1000, "OK");
    assert_int_equal(d.player.state, PLAYER_PASSED);
    assert_true(player_deadline(&d.player) == BC_NEVER);
    player_on_line(&d.player, 1000, "+QLAURC: \"write\"");
    assert_int_equal(d.player.state, PLAYER_PASSED);
    player_clear(&d.player);
}

static void a_transcript_that_begins_with_a_command_waits_for_the_network(void **state)
{
    (void)state;
    struct desk d;
    desk_play(&d, "%timeout 60s\nAT+A\n");
    player_on_line(&d.player, 1000, "RDY");
    player_on_line(&d.player, 1000, "+CFUN: 1");
    assert_string_equal(d.sent, "");
    player_on_line(&d.player, 1000, "+IP: 10.0.0.1");
    assert_string_equal(d.sent, "AT+A\n");
    assert_int_equal(d.player.state, PLAYER_PASSED);
    player_clear(&d.player);
    desk_play(&d, "AT+A\n");
    player_on_time(&d.player, player_deadline(&d.player));
    assert_int_equal(d.player.state, PLAYER_FAILED);
    player_clear(&d.player);
}

static void names_are_captured_and_the_platforms_stay(void **state)
{
    (void)state;
    struct desk d;
    desk_play(
        &d,
        "%let server=10.1.1.1\n%let port=5683\n+URC: {mid},0\nAT+C=\"{server}\",{port},{mid}\n");
    player_on_line(&d.player, 1000, "+URC: 77,0");
    assert_string_equal(d.sent, "AT+C=\"127.0.0.1\",5683,77\n");
    player_clear(&d.player);
}

static void another_line_fails_and_says_which(void **state)
{
    (void)state;
    struct desk d;
    desk_play(&d, "RDY\nAT+A\nOK\n");
    player_on_line(&d.player, 1000, "RDY");
    player_on_line(&d.player, 1000, "ERROR");
    assert_int_equal(d.player.state, PLAYER_FAILED);
    assert_string_equal(d.player.why, "transcript:3: expected: OK, received: ERROR");
    assert_int_equal(player_line(&d.player), 3);
    player_clear(&d.player);
}

static void limits_are_kept(void **state)
{
    (void)state;
    struct desk d;
    desk_play(&d, "[30s] RDY\n%quiet 2s\nAT+A\nOK\n");
    assert_true(player_deadline(&d.player) == 31000);
    player_on_line(&d.player, 5000, "RDY");
    assert_true(player_deadline(&d.player) == 7000);
    player_on_time(&d.player, 6999);
    assert_string_equal(d.sent, "");
    player_on_time(&d.player, 7000);
    assert_string_equal(d.sent, "AT+A\n");
    assert_true(player_deadline(&d.player) == 17000);
    player_on_time(&d.player, 17000);
    assert_int_equal(d.player.state, PLAYER_FAILED);
    assert_string_equal(d.player.why, "transcript:4: no line came in time; expected: OK");
    player_clear(&d.player);
    desk_play(&d, "%quiet 2s\n");
    player_on_line(&d.player, 1500, "noise");
    assert_int_equal(d.player.state, PLAYER_FAILED);
    player_clear(&d.player);
}

static void a_shell_is_out_of_reach(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_false(desk_read(&d, "RDY\n$ touch /tmp/reached\n"));
    assert_string_equal(d.player.why, "transcript:2: a virtual device runs no commands of a shell");
    player_clear(&d.player);
}

static void wrong_transcripts_name_their_line(void **state)
{
    (void)state;
    struct desk d;
    static const char *const wrong[] = {"OK\nAT+A={unknown}\n", "OK\n%nothing\n", "OK\n[5x] OK\n",
                                        "OK\n%let 1=2\n"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        desk_open(&d);
        assert_false(desk_read(&d, wrong[i]));
        assert_non_null(strstr(d.player.why, "transcript:2: "));
        player_clear(&d.player);
    }
    desk_open(&d);
    assert_false(player_read(&d.player, BC_TEXT("OK\0\n")));
    player_clear(&d.player);
}

static void nothing_to_play_stays_idle(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_true(player_read(&d.player, (bc_view){NULL, 0}));
    player_start(&d.player, 1000);
    player_on_line(&d.player, 1000, "RDY");
    player_end(&d.player, "the module ended");
    assert_int_equal(d.player.state, PLAYER_IDLE);
    player_clear(&d.player);
}

static void bytes_become_lines(void **state)
{
    (void)state;
    static const char text[] = "\r\nRDY\r\n\0\r\n+IP";
    struct line_cutter cutter = {.len = 0};
    bc_view rest = BC_TEXT(text);
    assert_true(line_cut(&cutter, &rest));
    assert_string_equal(cutter.text, "RDY");
    assert_false(line_cut(&cutter, &rest));
    rest = BC_TEXT(": 1\r");
    assert_true(line_cut(&cutter, &rest));
    assert_string_equal(cutter.text, "+IP: 1");
    assert_false(line_cut(&cutter, &rest));
}

static void endless_lines_are_cut(void **state)
{
    (void)state;
    static uint8_t text[3 * AT_LINE_MAX];
    static struct line_cutter cutter;
    memset(text, 'x', sizeof(text));
    bc_view rest = {text, sizeof(text)};
    for (int i = 0; i < 2; i++) {
        assert_true(line_cut(&cutter, &rest));
        assert_int_equal(strlen(cutter.text), AT_LINE_MAX);
    }
    assert_false(line_cut(&cutter, &rest));
}

static void the_log_keeps_the_newest_lines(void **state)
{
    (void)state;
    struct line_log log;
    char text[16];
    assert_true(line_log_open(&log));
    for (int i = 1; i <= LINES_MAX + 5; i++) {
        snprintf(text, sizeof(text), "line %d", i);
        line_log_add(&log, i, LINE_OUT, text);
    }
    json_t *all = line_log_json(&log, 0);
    assert_int_equal(json_array_size(all), LINES_MAX);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(all, 0), "number")), 6);
    json_decref(all);
    json_t *last = line_log_json(&log, LINES_MAX + 5);
    assert_int_equal(json_array_size(last), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(last, 0), "text")), text);
    json_decref(last);
    json_t *none = line_log_json(&log, UINT64_MAX);
    assert_int_equal(json_array_size(none), 0);
    json_decref(none);
    line_log_close(&log);
}

static void the_log_is_bounded_in_bytes(void **state)
{
    (void)state;
    static char text[AT_LINE_MAX + 1];
    struct line_log log;
    memset(text, 'x', AT_LINE_MAX);
    assert_true(line_log_open(&log));
    for (int i = 0; i < LINES_MAX; i++)
        line_log_add(&log, i, LINE_OUT, text);
    assert_int_equal(log.count, LINES_BYTES_MAX / AT_LINE_MAX);
    line_log_close(&log);
}

static void what_is_no_text_is_shown_in_hex(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {{"OK", "OK"},
                 {"\x1b[2J", "\\x1B[2J"},
                 {"\xff\xfe", "\\xFF\\xFE"},
                 {"\xe4\xb8\xad", "\xe4\xb8\xad"}};
    static char long_text[AT_LINE_MAX + 1];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *value = line_json(cases[i].in);
        assert_string_equal(json_string_value(value), cases[i].out);
        json_decref(value);
    }
    memset(long_text, 0xFF, AT_LINE_MAX);
    json_t *value = line_json(long_text);
    assert_int_equal(json_string_length(value), 4 * AT_LINE_MAX);
    json_decref(value);
}

/* G 2.1: the key is the eighth parameter, in the command as in the answer. */
static void key_in_a_line_is_not_shown(void **state)
{
    static const char *const cases[][2] = {
        {"AT+QLACONFIG=0,\"h\",5684,\"e,x\",300,0,\"i\",\"00ff\"",
         "AT+QLACONFIG=0,\"h\",5684,\"e,x\",300,0,\"i\",***"},
        {"at+qlaconfig= 0,h,5684,e,300,0,i,00ff,1", "at+qlaconfig= 0,h,5684,e,300,0,i,***"},
        {"+QLACONFIG: 0,h,5684,e,300,0,i,00ff,1", "+QLACONFIG: 0,h,5684,e,300,0,i,***"},
        {"expected: OK, received: +QLACONFIG: 0,h,5684,e,300,0,i,00ff,1",
         "expected: OK, received: +QLACONFIG: 0,h,5684,e,300,0,i,***"},
        {"+QLACONFIG: 0,h,5683,e,300,3,1", "+QLACONFIG: 0,h,5683,e,300,3,1"},
        {"AT+QLACONFIG?", "AT+QLACONFIG?"},
        {"AT+QLANOTIFY=19,0,0,2,9,\"00\",0,1", "AT+QLANOTIFY=19,0,0,2,9,\"00\",0,1"},
        {"", ""},
    };
    char shown[AT_LINE_MAX + 1], line[AT_LINE_MAX + 2];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        line_without_key(cases[i][0], shown);
        assert_string_equal(shown, cases[i][1]);
    }
    memset(line, ',', sizeof(line) - 1);
    memcpy(line, "+QLACONFIG", strlen("+QLACONFIG"));
    line[sizeof(line) - 1] = '\0';
    line_without_key(line, shown);
    assert_string_equal(shown, "+QLACONFIG,,,,,,,***");
    memset(line, 'x', sizeof(line) - 1);
    line_without_key(line, shown);
    assert_int_equal(strlen(shown), AT_LINE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_the_next_command_when_the_expected_line_has_come),
        cmocka_unit_test(a_transcript_that_begins_with_a_command_waits_for_the_network),
        cmocka_unit_test(names_are_captured_and_the_platforms_stay),
        cmocka_unit_test(another_line_fails_and_says_which),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(a_shell_is_out_of_reach),
        cmocka_unit_test(wrong_transcripts_name_their_line),
        cmocka_unit_test(nothing_to_play_stays_idle),
        cmocka_unit_test(bytes_become_lines),
        cmocka_unit_test(endless_lines_are_cut),
        cmocka_unit_test(the_log_keeps_the_newest_lines),
        cmocka_unit_test(the_log_is_bounded_in_bytes),
        cmocka_unit_test(what_is_no_text_is_shown_in_hex),
        cmocka_unit_test(key_in_a_line_is_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
