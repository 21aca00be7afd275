/*
 * How often DTLS makes the module write what deep sleep needs of a session (MODULE 5, G 2.2
 * "dtls_mode"); the rest of the storage is test_storage.c's.
 */
#include "secure_desk.h"

#include "store_faults.h"

#define QUARTER_HOUR_MS 900000
#define REPORTS 96 /* a day's */

static struct store_faults store;

/* Reports every quarter of an hour, with deep sleep and a handshake between them; how many writes
 * and erasures that takes. */
static uint32_t operations_of_a_day(const char *dtls_mode)
{
    struct bc_storage port = store_faults_port(&store);
    const struct bc_config config = {.seed = 1, .storage = &port};
    store_faults_init(&store);
    struct secure_desk *s = secure_new(&config);
    struct desk *d = &s->desk;
    desk_ok(d, SECURE_CONFIGURE);
    desk_ok(d, "AT+QLAADDOBJ=19,0,3,0,1,2");
    desk_ok(d, dtls_mode);
    secure_registers(s);
    desk_observed(d);
    desk_ok(d, "AT+QLAUPDATE=0,86400");
    desk_wire(d, "4402 <mid> <token> <location> 48'lt=86400'");
    desk_server(d, "6444 <mid> <token>");
    desk_urc(d, "+QLAUPDATE: 0,<mid>");
    uint32_t before = store.operations;
    for (unsigned i = 0; i < REPORTS; i++) {
        s->taped = 0;
        desk_ok(d, "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0");
        desk_urc(d, "+QLANOTIFY: 0");
        d->wires = 0;
        desk_ok(d, "AT+QSCLK=1");
        desk_after(d, QUARTER_HOUR_MS);
        desk_urc(d, "+QNBIOTEVENT: \"ENTER DEEPSLEEP\"");
        desk_wake_pin(d);
        desk_urc(d, "+QNBIOTEVENT: \"EXIT DEEPSLEEP\"");
        desk_after(d, 1000);
        desk_wire(d, "4402 <mid> <token> <location>");
        desk_server(d, "6444 <mid> <token>");
        desk_urc(d, "+QLAURC: \"recovered\",0");
    }
    uint32_t operations = store.operations - before;
    secure_free(s);
    return operations;
}

static void day_of_full_handshakes_writes_nothing(void **state) /* MODULE 5, G 2.2 */
{
    (void)state;
    assert_int_equal(operations_of_a_day("AT+QLACFG=\"dtls_mode\",0"), 0);
    assert_false(store.slot[BC_RECORD_SESSION][0].there);
}

static void day_of_resumptions_writes_once(void **state) /* MODULE 5, G 2.2 */
{
    (void)state;
    assert_int_equal(operations_of_a_day("AT+QLACFG=\"dtls_mode\",1"), 1);
    assert_true(store.slot[BC_RECORD_SESSION][0].there);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(day_of_full_handshakes_writes_nothing),
        cmocka_unit_test(day_of_resumptions_writes_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
