/*
 * A host that does not read, buffers that are full, and a workspace that is shared: nothing is lost
 * below the limits of limits.h, and what is refused goes as on a line or network that lost it
 * (module.h, DESIGN of the URC queue in src/module/urc.c).
 */
#include <stdio.h>
#include <string.h>

#include "desk.h"

/* --- URCs that wait -------------------------------------------------------------------------- */

/*
 *   host (deaf)              module                          server
 *    | ... 8 URCs wait ...... | <-- 8 observes, 8 answers --- |
 *    |                        | <-- the ninth --------------- |   as if it were lost
 *    | <- 8 URCs ------------ |                               |
 *    | <- "observe" --------- | <-- the ninth again --------- |   answered
 */
static void requests_beyond_the_urc_queue_come_through_when_repeated(void **state)
{
    (void)state;
    struct desk d;
    char text[100];
    desk_registered(&d);
    desk_ok(&d, "AT+QLACFG=\"auto_ack\",1");
    desk_listen(&d, false);
    for (unsigned i = 1; i <= BC_URC_REQUESTS_MAX; i++) {
        snprintf(text, sizeof(text), "420110%02XA1A2 60 52'19'", i);
        desk_server(&d, text);
        snprintf(text, sizeof(text), "624510%02XA1A2 %s", i, i == 1 ? "60" : "61");
        size_t len = strlen(text);
        if (i > 1)
            snprintf(text + len, sizeof(text) - len, "%02X", i - 1);
        desk_wire(&d, text);
    }
    desk_server(&d, "42011009A1A2 60 52'19'");
    desk_quiet(&d);
    desk_after(&d, 2000);
    desk_server(&d, "42011009A1A2 60 52'19'");
    desk_quiet(&d);
    desk_listen(&d, true);
    for (unsigned i = 1; i <= BC_URC_REQUESTS_MAX; i++) {
        snprintf(text, sizeof(text), "+QLAURC: \"observe\",%u,0,19,-1,-1", 4096 + i);
        desk_urc(&d, text);
    }
    desk_quiet(&d);
    desk_after(&d, 4000);
    desk_server(&d, "42011009A1A2 60 52'19'");
    desk_urc(&d, "+QLAURC: \"observe\",4105,0,19,-1,-1");
    desk_wire(&d, "62451009A1A2 6108");
    desk_end(&d);
}

static void value_that_finds_no_room_is_as_lost(void **state)
{
    (void)state;
    struct desk d;
    char digits[1025];
    char text[1200];
    desk_registered(&d);
    memset(digits, '7', sizeof(digits));
    desk_listen(&d, false);
    for (unsigned i = 1; i <= 2; i++) {
        snprintf(text, sizeof(text), "420310%02XA1A2 B2'19' 01'0' 01'0' 112A FF %.1024s", i,
                 digits);
        desk_server(&d, text);
        desk_quiet(&d);
    }
    desk_listen(&d, true);
    snprintf(text, sizeof(text), "+QLAURC: \"write\",4097,19,0,0,2,512,\"%.1024s\",0", digits);
    desk_urc(&d, text);
    desk_quiet(&d);
    desk_error(&d, "AT+QLAWRRSP=4098,2");
    snprintf(text, sizeof(text), "42031002A1A2 B2'19' 01'0' 01'0' 112A FF %.1024s", digits);
    desk_server(&d, text);
    snprintf(text, sizeof(text), "+QLAURC: \"write\",4098,19,0,0,2,512,\"%.1024s\",0", digits);
    desk_urc(&d, text);
    desk_end(&d);
}

/* Answers the updates of `count` intervals of 10 s; returns how many came. */
static unsigned answer_updates(struct desk *d, unsigned count)
{
    unsigned seen = 0;
    for (unsigned i = 0; i < count; i++) {
        desk_after(d, 10000);
        if (d->wires == 0)
            continue;
        desk_wire(d, "4402 <mid> <token> <location>");
        desk_server(d, "6444 <mid> <token>");
        seen++;
    }
    return seen;
}

static void network_side_pauses_while_the_host_does_not_read(void **state)
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLAUPDATE=0,20");
    desk_wire(&d, "4402 <mid> <token> <location> 45'lt=20'");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAUPDATE: 0,<mid>");
    desk_listen(&d, false);
    unsigned pings = answer_updates(&d, 40);
    assert_in_range(pings, 8, BC_URCS_MAX);
    desk_listen(&d, true);
    for (unsigned i = 0; i < pings; i++)
        desk_urc(&d, "+QLAURC: \"ping\",0");
    desk_wire(&d, "4402 <mid> <token> <location>"); /* overdue since then */
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAURC: \"ping\",0");
    assert_int_equal(answer_updates(&d, 3), 3);
    for (unsigned i = 0; i < 3; i++)
        desk_urc(&d, "+QLAURC: \"ping\",0");
    desk_end(&d);
}

static void commands_that_promise_results_need_room_for_them(void **state)
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_observed(&d);
    desk_listen(&d, false);
    unsigned urcs = 0;
    for (unsigned i = 0; i < 18; i++) {
        desk_host(&d, "AT+QLANOTIFY=19,0,0,1,1,\"x\",0,0");
        urcs += (unsigned)d.wires;
        d.wires = 0;
    }
    assert_in_range(urcs, 8, BC_URCS_MAX);
    desk_listen(&d, true);
    for (unsigned i = 0; i < 18; i++)
        desk_expect(&d, i < urcs ? "\r\nOK\r\n" : "\r\nERROR\r\n");
    for (unsigned i = 0; i < urcs; i++)
        desk_urc(&d, "+QLANOTIFY: 0");
    desk_end(&d);
}

/* --- Bytes that wait ------------------------------------------------------------------------- */

static void serial_input_is_taken_in_part_while_answers_wait(void **state) /* module.h */
{
    (void)state;
    static const char command[] = "ATI\r";
    static const char answer[] =
        "\r\nQuectel_Ltd\r\nQuectel_BC260Y-CN\r\nRevision: BC260YCNAAR01A02\r\n\r\nOK\r\n";
    struct desk d;
    char input[40 * (sizeof(command) - 1)];
    for (unsigned i = 0; i < 40; i++)
        memcpy(input + i * (sizeof(command) - 1), command, sizeof(command) - 1);
    desk_ready(&d);
    desk_listen(&d, false);
    size_t accepted = desk_offer(&d, input, sizeof(input));
    assert_true(accepted > 0 && accepted < sizeof(input));
    assert_int_equal(desk_offer(&d, input + accepted, sizeof(input) - accepted), 0);
    desk_listen(&d, true);
    while (accepted < sizeof(input)) {
        size_t more = desk_offer(&d, input + accepted, sizeof(input) - accepted);
        assert_true(more > 0);
        accepted += more;
    }
    for (unsigned i = 0; i < 40; i++)
        desk_expect(&d, answer);
    desk_end(&d);
}

static void echo_waits_for_a_host_that_does_not_read(void **state)
{
    (void)state;
    struct desk d;
    char line[BC_AT_LINE_BYTES_MAX + 1];
    desk_begin(&d, NULL);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\r';
    desk_listen(&d, false);
    size_t accepted = desk_offer(&d, line, sizeof(line));
    assert_true(accepted < sizeof(line));
    desk_listen(&d, true);
    while (accepted < sizeof(line))
        accepted += desk_offer(&d, line + accepted, sizeof(line) - accepted);
    assert_int_equal(d.serial_len, sizeof(line) + 9);
    assert_memory_equal(d.serial, line, sizeof(line));
    assert_memory_equal(d.serial + sizeof(line), "\r\nERROR\r\n", 9);
    d.serial_len = 0;
    desk_end(&d);
}

/* --- The workspace --------------------------------------------------------------------------- */

static void workspace_is_in_use_while_something_is_under_way(void **state) /* module.h: bc_idle */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    assert_true(bc_idle(d.module));
    desk_type(&d, "AT");
    assert_false(bc_idle(d.module));
    desk_type(&d, "\r");
    desk_expect(&d, "\r\nOK\r\n");
    assert_true(bc_idle(d.module));
    desk_ok(&d, "AT+QLAREG");
    assert_false(bc_idle(d.module));
    desk_wire(&d, REGISTER_WIRE(",</19/0>"));
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_urc(&d, "+QLAREG: 0");
    assert_true(bc_idle(d.module));
    desk_server(&d, "42011001A1A2 B2'19' 01'0'");
    desk_urc(&d, "+QLAURC: \"read\",4097,19,0,-1");
    assert_true(bc_idle(d.module));
    desk_ok(&d, "AT+QLARDRSP=4097,1,19,0,0,1,1,\"a\",1");
    desk_urc(&d, "+QLARDRSP: 0");
    assert_false(bc_idle(d.module));
    desk_ok(&d, "AT+QLARDRSP=4097,1,19,0,1,1,1,\"b\",0");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "62451001A1A2 C22D16 FF C100'a' C101'b'");
    assert_true(bc_idle(d.module)); /* 17 bytes: remembered without workspace */
    desk_listen(&d, false);
    desk_host(&d, "AT");
    assert_false(bc_idle(d.module));
    desk_listen(&d, true);
    desk_expect(&d, "\r\nOK\r\n");
    assert_true(bc_idle(d.module));
    desk_end(&d);
}

struct tenant {
    struct bc_memory_store store;
    union bc_module_memory memory;
    struct bc_module *module;
};

/* One line to one of the tenants; its answer must be `expected`. */
static void tenant_says(struct tenant *tenant, union bc_workspace *shared, const char *line,
                        const char *expected)
{
    bc_view out;
    char seen[400];
    size_t len = 0;
    bc_lend_workspace(tenant->module, shared);
    assert_int_equal(
        bc_on_serial(tenant->module, 0, (bc_view){(const uint8_t *)line, strlen(line)}),
        strlen(line));
    while (bc_take_serial(tenant->module, &out)) {
        assert_true(len + out.len < sizeof(seen));
        memcpy(seen + len, out.ptr, out.len);
        len += out.len;
    }
    seen[len] = '\0';
    assert_string_equal(seen, expected);
    assert_true(bc_idle(tenant->module));
}

static void idle_modules_share_one_workspace(void **state) /* DESIGN, Memory */
{
    (void)state;
    static union bc_workspace shared;
    static struct tenant tenant[3];
    char line[100];
    char expected[100];
    bc_view out;
    for (unsigned i = 0; i < 3; i++) {
        const struct bc_storage storage = bc_memory_storage(&tenant[i].store);
        const struct bc_config config = {.storage = &storage, .seed = i};
        assert_int_equal(bc_module_init(&tenant[i].module, &tenant[i].memory, &shared, &config, 0),
                         BC_OK);
        while (bc_take_serial(tenant[i].module, &out))
            ;
        tenant_says(&tenant[i], &shared, "ATE0\r", "ATE0\r\r\nOK\r\n");
    }
    for (unsigned i = 0; i < 3; i++) {
        snprintf(line, sizeof(line), "AT+QLAADDOBJ=%u,0,1,0\r", 100 + i);
        tenant_says(&tenant[i], &shared, line, "\r\nOK\r\n");
    }
    for (unsigned i = 0; i < 3; i++) {
        snprintf(expected, sizeof(expected), "\r\n+QLAADDOBJ: %u,0,1,0\r\n\r\nOK\r\n", 100 + i);
        tenant_says(&tenant[i], &shared, "AT+QLAADDOBJ?\r", expected);
    }
    assert_true(bc_module_bytes() <= BC_MODULE_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_beyond_the_urc_queue_come_through_when_repeated),
        cmocka_unit_test(value_that_finds_no_room_is_as_lost),
        cmocka_unit_test(network_side_pauses_while_the_host_does_not_read),
        cmocka_unit_test(commands_that_promise_results_need_room_for_them),
        cmocka_unit_test(serial_input_is_taken_in_part_while_answers_wait),
        cmocka_unit_test(echo_waits_for_a_host_that_does_not_read),
        cmocka_unit_test(workspace_is_in_use_while_something_is_under_way),
        cmocka_unit_test(idle_modules_share_one_workspace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
