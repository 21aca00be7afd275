/*
 * Where a pre-shared key must never be: in trace lines, in answers that were not asked for it, and
 * in memory once nobody needs it (G 2.1; module.h). The desk looks for it after each step of each
 * story over DTLS; here the serial line itself is under the glass.
 */
#define _GNU_SOURCE
#include "secure_desk.h"

#include <stdio.h>
#include <string.h>

#include "base/sink.h"

#define HEAD "AT+QLACONFIG=0,\"180.101.147.115\",5684,\"867724030023557\",300,0,\"id\",\""
#define SECRET "a-secret-to-be-found"

struct bench {
    struct bc_memory_store store;
    union bc_module_memory memory;
    union bc_workspace workspace;
    struct bc_module *module;
    uint64_t now_ms;
    char log[8192];
};

static void on_trace(void *context, const char *line)
{
    struct bench *b = context;
    size_t used = strlen(b->log);
    int len = snprintf(b->log + used, sizeof(b->log) - used, "%s", line);
    assert_true(len >= 0 && (size_t)len < sizeof(b->log) - used);
}

static void begin(struct bench *b)
{
    memset(b, 0, sizeof(*b));
    struct bc_storage storage = bc_memory_storage(&b->store);
    struct bc_config config = {
        .storage = &storage, .seed = 1, .trace = on_trace, .trace_context = b};
    assert_int_equal(bc_module_init(&b->module, &b->memory, &b->workspace, &config, 0), BC_OK);
}

/* Takes all there is; true when the secret was among it. */
static bool take_all(struct bench *b)
{
    bc_view out;
    struct bc_address to;
    bool seen = false;
    while (bc_take_serial(b->module, &out))
        seen |= memmem(out.ptr, out.len, SECRET, strlen(SECRET)) != NULL;
    while (bc_take_datagram(b->module, &to, &out))
        assert_null(memmem(out.ptr, out.len, SECRET, strlen(SECRET)));
    return seen;
}

static bool type(struct bench *b, const char *bytes)
{
    size_t len = strlen(bytes);
    bool seen = false;
    while (len > 0) {
        size_t accepted =
            bc_on_serial(b->module, b->now_ms, (bc_view){(const uint8_t *)bytes, len});
        seen |= take_all(b);
        bytes += accepted;
        len -= accepted;
    }
    return seen;
}

static void check_clean(const struct bench *b)
{
    assert_null(memmem(&b->memory, sizeof(b->memory), SECRET, strlen(SECRET)));
    assert_null(memmem(&b->workspace, sizeof(b->workspace), SECRET, strlen(SECRET)));
    assert_null(strstr(b->log, SECRET));
}

/* Only the echo and AT+QLACONFIG? show it. */
static void key_leaves_the_line_with_its_command(void **state)
{
    (void)state;
    struct bench b;
    begin(&b);
    assert_true(type(&b, HEAD SECRET "\"\r"));
    check_clean(&b);
    assert_true(type(&b, "AT+QLACONFIG?\r"));
    check_clean(&b);
    assert_false(type(&b, "ATE0\r"));
    assert_false(type(&b, HEAD SECRET "\"\r"));
    check_clean(&b);
    assert_false(type(&b, "AT+QLACFG?\rAT+QLASTATUS?\rAT+QLAREG\r"));
    check_clean(&b);
    assert_false(type(&b, HEAD SECRET "\"\r")); /* ERROR: registering */
    check_clean(&b);
    while (bc_deadline(b.module) < 100000) {
        b.now_ms = bc_deadline(b.module);
        bc_on_time(b.module, b.now_ms);
        assert_false(take_all(&b));
        check_clean(&b);
    }
    bc_module_end(b.module);
    check_clean(&b);
}

static void key_leaves_a_line_that_is_never_executed(void **state)
{
    (void)state;
    static char overlong[BC_AT_LINE_BYTES_MAX + 100];
    memset(overlong, 'x', sizeof(overlong) - 1);
    static const char *const ends[] = {
        "\r",     /* a quote is missing */
        "\",9\r", /* a wrong parameter */
        overlong, /* too long */
    };
    struct bench b;
    begin(&b);
    (void)type(&b, "ATE0\r");
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        (void)type(&b, HEAD SECRET);
        (void)type(&b, ends[i]);
        (void)type(&b, "\r");
        check_clean(&b);
    }
    (void)type(&b, HEAD SECRET);
    for (size_t i = 0; i < strlen(HEAD SECRET); i++)
        (void)type(&b, "\b");
    check_clean(&b);
    (void)type(&b, HEAD SECRET);
    bc_on_reset(b.module, b.now_ms);
    check_clean(&b);
    (void)type(&b, HEAD SECRET);
    bc_on_power(b.module, b.now_ms, false);
    check_clean(&b);
    bc_on_power(b.module, b.now_ms, true);
    (void)type(&b, HEAD SECRET);
    bc_module_end(b.module);
    check_clean(&b);
}

static void key_that_was_not_read_goes_with_the_power(void **state) /* module.h bc_on_power */
{
    (void)state;
    static const char line[] = HEAD SECRET "\"\r";
    struct bench b;
    begin(&b);
    (void)take_all(&b);
    (void)bc_on_serial(b.module, 0, (bc_view){(const uint8_t *)line, sizeof(line) - 1});
    bc_on_power(b.module, 0, false);
    check_clean(&b);
    bc_module_end(b.module);
}

/* An echo that nobody has read goes with the module. */
static void key_that_was_not_read_goes_at_the_end(void **state) /* module.h bc_module_end */
{
    (void)state;
    struct bench b;
    begin(&b);
    static const char line[] = HEAD SECRET "\"\rAT+QLACONFIG?\r";
    (void)bc_on_serial(b.module, 0, (bc_view){(const uint8_t *)line, sizeof(line) - 1});
    assert_non_null(memmem(&b.workspace, sizeof(b.workspace), SECRET, strlen(SECRET)));
    bc_module_end(b.module);
    check_clean(&b);
}

static void description_shows_no_key(void **state) /* module.h bc_module_describe */
{
    (void)state;
    static uint8_t bytes[BC_DESCRIPTION_BYTES];
    struct bench b;
    begin(&b);
    (void)type(&b, HEAD SECRET "\"\rAT+QLAREG\r");
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    bc_module_describe(b.module, b.now_ms, &out);
    assert_true(out.len > 0 && !out.full);
    assert_null(memmem(bytes, out.len, SECRET, strlen(SECRET)));
    bc_module_end(b.module);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_leaves_the_line_with_its_command),
        cmocka_unit_test(key_leaves_a_line_that_is_never_executed),
        cmocka_unit_test(key_that_was_not_read_goes_with_the_power),
        cmocka_unit_test(key_that_was_not_read_goes_at_the_end),
        cmocka_unit_test(description_shows_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
