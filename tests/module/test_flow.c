/*
 * A host that does not read, buffers that are full, and a workspace that is shared: the network
 * side goes on, nothing is lost below the limits of limits.h, and what is refused goes as on a line
 * or network that lost it (module.h; the rules of the URC queue in src/module/urc.c).
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

/* Registered with a lifetime of 20 s, which asks for an update each 10 s. */
static void begin_with_updates(struct desk *d)
{
    desk_registered(d);
    desk_ok(d, "AT+QLAUPDATE=0,20");
    desk_wire(d, "4402 <mid> <token> <location> 45'lt=20'");
    desk_server(d, "6444 <mid> <token>");
    desk_urc(d, "+QLAUPDATE: 0,<mid>");
}

/*
 *   host (deaf)              module                          server
 *    | ... 12 pings wait .... | --- update ---------------->  |   40 times
 *    |                        | <-- GET /3/0/0 -------------- |   answered as ever
 *    | <- 12 pings ---------- |                               |
 */
static void network_side_goes_on_while_the_host_does_not_read(void **state)
{
    (void)state;
    struct desk d;
    begin_with_updates(&d);
    desk_listen(&d, false);
    assert_int_equal(answer_updates(&d, 40), 40);
    desk_server(&d, "42012001A1A2 B1'3' 01'0' 01'0'");
    desk_wire(&d, "62452001A1A2 C0 FF 'Quectel_Ltd'");
    desk_listen(&d, true);
    for (unsigned i = 0; i < 12; i++)
        desk_urc(&d, "+QLAURC: \"ping\",0");
    desk_quiet(&d);
    assert_int_equal(answer_updates(&d, 3), 3);
    for (unsigned i = 0; i < 3; i++)
        desk_urc(&d, "+QLAURC: \"ping\",0");
    desk_end(&d);
}

static void request_beyond_the_places_is_as_lost(void **state)
{
    (void)state;
    struct desk d;
    begin_with_updates(&d);
    desk_listen(&d, false);
    assert_int_equal(answer_updates(&d, 20), 20);
    desk_server(&d, "42032001A1A2 B1'1' 01'0' 01'1' 10 FF'30'");
    desk_wire(&d, "62442001A1A2");
    desk_wire(&d, "4402 <mid> <token> <location> 45'lt=30'");
    desk_server(&d, "6444 <mid> <token>");
    desk_server(&d, "42032002A1A2 B1'1' 01'0' 01'1' 10 FF'40'");
    desk_quiet(&d);
    desk_listen(&d, true);
    for (unsigned i = 0; i < 12; i++)
        desk_urc(&d, "+QLAURC: \"ping\",0");
    desk_urc(&d, "+QLAURC: \"lifetime_changed\",30");
    desk_server(&d, "42032002A1A2 B1'1' 01'0' 01'1' 10 FF'40'");
    desk_wire(&d, "62442002A1A2");
    desk_urc(&d, "+QLAURC: \"lifetime_changed\",40");
    desk_wire(&d, "4402 <mid> <token> <location> 45'lt=40'");
    desk_end(&d);
}

/* That a registration is over has a place that the pings before it leave free. */
static void ping_that_tells_of_a_failure_follows_those_that_wait(void **state)
{
    (void)state;
    struct desk d;
    begin_with_updates(&d);
    desk_listen(&d, false);
    assert_int_equal(answer_updates(&d, 20), 20);
    desk_after(&d, 10000);
    desk_wire(&d, "4402 <mid> <token> <location>");
    desk_server(&d, "6484 <mid> <token>");
    desk_listen(&d, true);
    for (unsigned i = 0; i < 12; i++)
        desk_urc(&d, "+QLAURC: \"ping\",0");
    desk_urc(&d, "+QLAURC: \"ping\",4");
    desk_end(&d);
}

/* Each confirmable notification prints two URCs at once and keeps the place of a third. */
static void results_that_are_to_come_have_their_places(void **state)
{
    (void)state;
    struct desk d;
    uint16_t message_id[5];
    char text[60];
    desk_registered(&d);
    desk_observed(&d);
    desk_listen(&d, false);
    for (unsigned i = 0; i < 6; i++)
        desk_host(&d, "AT+QLANOTIFY=19,0,0,1,1,\"x\",0,1");
    for (unsigned i = 0; i < 5; i++) {
        snprintf(text, sizeof(text), "4245 <mid> A1A2 61%02X 60 FF 'x'", i + 1);
        desk_wire(&d, text);
        message_id[i] = d.mid;
    }
    desk_quiet(&d);
    for (unsigned i = 0; i < 5; i++) {
        snprintf(text, sizeof(text), "6000%04X", message_id[i]);
        desk_server(&d, text);
    }
    desk_listen(&d, true);
    for (unsigned i = 0; i < 6; i++)
        desk_expect(&d, i < 5 ? "\r\nOK\r\n" : "\r\nERROR\r\n");
    for (unsigned i = 0; i < 5; i++) {
        snprintf(text, sizeof(text), "+QLAURC: \"report\",%u", message_id[i]);
        desk_urc(&d, text);
        desk_urc(&d, "+QLANOTIFY: 0");
    }
    for (unsigned i = 0; i < 5; i++) {
        snprintf(text, sizeof(text), "+QLAURC: \"report_ack\",0,%u", message_id[i]);
        desk_urc(&d, text);
    }
    desk_end(&d);
}

/* A registration has three places of its own: +QLAREG, and a bootstrap's two lines before it. */
static void registration_has_its_places(void **state)
{
    (void)state;
    struct desk d;
    char text[80];
    desk_configured(&d);
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, REGISTER_WIRE(",</19/0>"));
    desk_listen(&d, false);
    for (unsigned i = 0; i < 8; i++) {
        snprintf(text, sizeof(text), "5201300%uA1A2 B2'19' 01'0' 01'0'", i);
        desk_server(&d, text);
    }
    for (unsigned i = 0; i < 3; i++) {
        snprintf(text, sizeof(text), "AT+QLARDRSP=%u,13,19,0,0,1,0,\"\",0", 12288 + i);
        desk_host(&d, text);
    }
    d.wires = 0;
    desk_listen(&d, true);
    desk_expect(&d, "\r\nOK\r\n\r\nOK\r\n\r\nERROR\r\n");
    for (unsigned i = 0; i < 8; i++) {
        snprintf(text, sizeof(text), "+QLAURC: \"read\",%u,19,0,0", 12288 + i);
        desk_urc(&d, text);
    }
    desk_urc(&d, "+QLARDRSP: 0");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_end(&d);
}

/* Two opaque values of 512 bytes, shown in 2,140 bytes: the queue has 2,176. */
static void write_largest(struct desk *d)
{
    static const uint8_t head[] = {0x42, 0x03, 0x40, 0x01, 0xA1, 0xA2, 0xB2, '1',
                                   '9',  0x01, '0',  0x12, 0x2D, 0x16, 0xFF};
    uint8_t bytes[sizeof(head) + 2 * 516];
    memset(bytes, 0x77, sizeof(bytes));
    memcpy(bytes, head, sizeof(head));
    for (uint8_t i = 0; i < 2; i++)
        memcpy(bytes + sizeof(head) + i * 516, (const uint8_t[]){0xD0, i, 2, 0}, 4);
    desk_datagram(d, &d->server, bytes, sizeof(bytes));
}

static void largest_write_leaves_the_promised_bytes_free(void **state)
{
    (void)state;
    struct desk d;
    static char digits[1025];
    static char urcs[2300];
    desk_registered(&d);
    desk_observed(&d);
    desk_ok(&d, "AT+QLANOTIFY=19,0,0,1,1,\"x\",0,1");
    desk_wire(&d, "4245 <mid> A1A2 6101 60 FF'x'");
    desk_urc(&d, "+QLAURC: \"report\",<mid>");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_listen(&d, false);
    write_largest(&d); /* as if it were lost */
    desk_server(&d, "6000 <mid>");
    desk_listen(&d, true);
    desk_urc(&d, "+QLAURC: \"report_ack\",0,<mid>");
    write_largest(&d);
    memset(digits, '7', sizeof(digits) - 1);
    snprintf(urcs, sizeof(urcs),
             "\r\n+QLAURC: \"write\",16385,19,0,0,2,512,\"%s\",1\r\n"
             "\r\n+QLAURC: \"write\",16385,19,0,1,2,512,\"%s\",0\r\n",
             digits, digits);
    desk_expect(&d, urcs);
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
        cmocka_unit_test(network_side_goes_on_while_the_host_does_not_read),
        cmocka_unit_test(request_beyond_the_places_is_as_lost),
        cmocka_unit_test(ping_that_tells_of_a_failure_follows_those_that_wait),
        cmocka_unit_test(results_that_are_to_come_have_their_places),
        cmocka_unit_test(registration_has_its_places),
        cmocka_unit_test(largest_write_leaves_the_promised_bytes_free),
        cmocka_unit_test(commands_that_promise_results_need_room_for_them),
        cmocka_unit_test(serial_input_is_taken_in_part_while_answers_wait),
        cmocka_unit_test(echo_waits_for_a_host_that_does_not_read),
        cmocka_unit_test(workspace_is_in_use_while_something_is_under_way),
        cmocka_unit_test(idle_modules_share_one_workspace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
