/*
 * Firmware updates over the air as host and server see them (G 4, 5.6.4, 5.7.6; MODULE section 8;
 * OMA Enabler Test int-751 to 779): from the URI to the new revision.
 */
#include "fota_desk.h"

#include <stdio.h>
#include <string.h>

#define IMAGE_BYTES 30000

/*
 *   host                       module                            server
 *    |                           | <-- PUT 5/0/1 coap://... ----- |
 *    | <- "FOTA","COAPSTART" --- | --- 2.04, notify 5/0/3 = 1 --> |
 *    |                           | <-- ACK ---------------------- |
 *    |                           | --- GET /fw/1?x=2 2:0/0/1024 > |
 */
static void download_begins_when_the_server_knows(void **state) /* G 4.1.1.1, MODULE 8 */
{
    (void)state;
    struct fota_desk f;
    struct desk *d = &f.desk;
    fota_setup(&f, IMAGE_BYTES);
    fota_write_uri(&f, FOTA_URI, 0x44);
    desk_urc(d, "+QIND: \"FOTA\",\"COAPSTART\"");
    desk_wire(d, "4245 <mid> A1A2 6101 60 FF'1'");
    desk_quiet(d);
    desk_after(d, 3999);
    desk_quiet(d);
    desk_after(d, 1);
    desk_wire(d, "4245 <again> A1A2 6101 60 FF'1'"); /* the same again */
    desk_server(d, "6000 <mid>");
    desk_wire(d, "4401 <mid> <token> B2'fw' 01'1' 43'x=2' 8106");
    desk_quiet(d);
    fota_teardown(&f);
}

/* All lines of G 5.6.4 between "observe" and the revision, in its order. */
static void update_runs_as_in_the_guide(void **state) /* G 5.6.4; OMA int-770 */
{
    (void)state;
    struct fota_desk f;
    struct desk *d = &f.desk;
    fota_setup(&f, IMAGE_BYTES);
    fota_write_uri(&f, FOTA_URI, 0x44);
    fota_pass(&f, 2000);
    desk_urc(d, "+QIND: \"FOTA\",\"COAPSTART\"");
    desk_urc(d, "+QIND: \"FOTA\",\"COAPEND\",0");
    desk_urc(d, "+QLAURC: \"report\",<mid>");
    desk_quiet(d);
    assert_int_equal(fota_read(&f, 3), 2);
    fota_execute(&f, 0x44);
    desk_wire(d, "4245 <mid> A1A2 6103 60 FF'3'");
    desk_urc(d, "+QLAURC: \"report\",<mid>");
    desk_urc(d, "+QIND: \"FOTA\",\"START\"");
    desk_server(d, "6000 <mid>");
    desk_quiet_until(d, 1000);
    fota_pass(&f, 5000);
    desk_urc(d, "+QIND: \"FOTA\",\"UPDATING\",20%,1,1");
    int last = 20;
    int percent;
    while (strstr(d->serial, "UPDATING") != NULL && fota_heard(&f, "\"UPDATING\",", &percent)) {
        assert_true(percent > last);
        last = percent;
    }
    assert_int_equal(last, 100);
    desk_expect(d, "\r\nRDY\r\n\r\n+CFUN: 1\r\n\r\n+QIND: \"FOTA\",\"END\",0\r\n\r\n+CPIN: "
                   "READY\r\n" ATTACHED_LINE);
    fota_register(&f, false);
    desk_urc(d, "+QLAURC: \"report\",<mid>");
    assert_string_equal(f.states, "120"); /* 3 was acknowledged above */
    assert_int_equal(fota_read(&f, 3), 0);
    assert_int_equal(fota_read(&f, 5), 1);
    fota_runs(&f, true);
    desk_host(d, "ATI");
    desk_expect(d, "\r\nQuectel_Ltd\r\nQuectel_BC260Y-CN\r\nRevision: " FOTA_NEW "\r\n\r\nOK\r\n");
    desk_server(d, "42017403A1A2 B1'3' 01'0' 01'3'");
    desk_wire(d, "62457403A1A2 C0 FF'" FOTA_NEW "'");
    desk_server(d, "42017404A1A2 6101 51'5' 01'0' 01'3'"); /* the observation is cancelled */
    desk_wire(d, "62457404A1A2 C0 FF'0'");
    desk_quiet(d);
    fota_teardown(&f);
}

static void protocols_are_coap_and_coaps(void **state) /* LwM2M 1.0 E.6: 5/0/8; OMA int-751 */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    desk_server(&f.desk, "42017003B1B2 B1'5' 01'0' 01'8'");
    desk_wire(&f.desk, "62457003B1B2 C22D16 FF 8608 410000 410101");
    fota_teardown(&f);
}

static void object_5_is_observed_at_any_level(void **state) /* OMA int-760; MODULE 4 */
{
    (void)state;
    static const struct {
        const char *path, *first, *second;
    } rows[] = {{"51'5' 01'0'", "C10301", "C10302"}, {"51'5'", "03 00 C10301", "03 00 C10302"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fota_desk f;
        struct desk *d = &f.desk;
        char pattern[120];
        fota_setup(&f, IMAGE_BYTES);
        desk_server(d, "42017002A1A2 6101 51'5' 01'0' 01'3'");
        desk_wire(d, "62457002A1A2 C0 FF'0'");
        snprintf(pattern, sizeof(pattern), "42017003B1B2 60 %s", rows[i].path);
        desk_server(d, pattern);
        d->wires = 0;
        fota_write_uri(&f, FOTA_URI, 0x44);
        desk_urc(d, "+QIND: \"FOTA\",\"COAPSTART\"");
        snprintf(pattern, sizeof(pattern), "4245 <mid> B1B2 6101 622D16 FF %s", rows[i].first);
        desk_wire(d, pattern);
        desk_server(d, "6000 <mid>");
        while (d->wires > 0 && d->wire[0].bytes[1] == BC_COAP_GET) {
            fota_serve_one(&f);
            desk_after(d, 20);
        }
        desk_after(d, 1000);
        desk_urc(d, "+QIND: \"FOTA\",\"COAPEND\",0");
        snprintf(pattern, sizeof(pattern), "4245 <mid> B1B2 6102 622D16 FF %s", rows[i].second);
        desk_wire(d, pattern);
        desk_urc(d, "+QLAURC: \"report\",<mid>");
        fota_teardown(&f);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(download_begins_when_the_server_knows),
        cmocka_unit_test(update_runs_as_in_the_guide),
        cmocka_unit_test(protocols_are_coap_and_coaps),
        cmocka_unit_test(object_5_is_observed_at_any_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
