/*
 * Installing a package that was downloaded (G 4.1.1.2, 4.1.1.3): the power may go at any moment and
 * the flash may fail; either the new image runs, whole, or the one before, and both sides hear
 * which (G 4.3.5, 5/0/5).
 */
#include "fota_desk.h"

#include <string.h>

#define IMAGE_BYTES 30000

/* The package is there. */
static void downloaded(struct fota_desk *f)
{
    fota_setup(f, IMAGE_BYTES);
    fota_write_uri(f, FOTA_URI, 0x44);
    assert_int_equal(fota_download(f), 0);
    fota_serve(f);
    fota_ignore(f);
}

/* The server hears of the end when the host has registered again. */
static void ends_with(struct fota_desk *f, unsigned result)
{
    memset(f->states, 0, sizeof(f->states));
    fota_ignore(f);
    fota_register(f, false);
    assert_true(fota_heard(f, "\"report\",", NULL));
    assert_string_equal(f->states, "0");
    assert_int_equal(fota_read(f, 3), 0);
    assert_int_equal(fota_read(f, 5), result);
    assert_int_equal(f->lent, 0);
    fota_runs(f, result == 1);
}

/* --- Power ----------------------------------------------------------------------------------- */

/* G 4.1.2.1: a power cut during the update; the module goes on by itself. `code` is what a server
 * has got for its execute: 0 = nothing any more. */
static void survives_cut(uint32_t after, bool torn, bool *any)
{
    struct fota_desk f;
    downloaded(&f);
    f.operations = 0;
    f.cut_after = after;
    f.torn = torn;
    fota_execute(&f, 0x44);
    int code = fota_update(&f);
    *any = f.cut;
    if (!f.cut) {
        assert_int_equal(code, 0);
        fota_teardown(&f);
        return;
    }
    fota_power_up(&f);
    if (after > 1) { /* the record stands: flush is 0, the record 1 */
        assert_int_equal(fota_update(&f), 0);
        ends_with(&f, 1);
    } else {
        fota_pass(&f, 20000);
        assert_false(fota_heard(&f, "FOTA", NULL));
        fota_runs(&f, false);
    }
    fota_teardown(&f);
}

static void power_cut_after_any_operation_goes_on(void **state) /* G 4.1.2.1 */
{
    (void)state;
    for (unsigned torn = 0; torn < 2; torn++) {
        bool any = true;
        uint32_t after = 0;
        for (; any; after++)
            survives_cut(after, torn == 1, &any);
        assert_true(after > 20);
    }
}

/* Each boot gets a little further, or at least no less far. */
static void power_cuts_again_and_again(void **state) /* G 4.1.2.1 */
{
    (void)state;
    for (uint32_t each = 3; each < 8; each++) {
        struct fota_desk f;
        unsigned boots = 0;
        downloaded(&f);
        f.torn = each % 2 == 0;
        fota_execute(&f, 0x44);
        fota_pass(&f, 1000);
        for (;; boots++) {
            assert_true(boots < 100);
            f.operations = 0;
            f.cut_after = each;
            (void)fota_update(&f);
            if (!f.cut)
                break;
            fota_power_up(&f);
        }
        assert_true(boots > 2);
        ends_with(&f, 1);
        fota_teardown(&f);
    }
}

static void reset_goes_on(void **state) /* G 4.1.2.2 */
{
    (void)state;
    struct fota_desk f;
    struct desk *d = &f.desk;
    downloaded(&f);
    fota_execute(&f, 0x44);
    fota_serve(&f);
    fota_ignore(&f);
    for (unsigned i = 0; i < 30; i++) {
        desk_reset(d);
        desk_after(d, 10 * i);
    }
    assert_int_equal(fota_update(&f), 0);
    ends_with(&f, 1);
    fota_teardown(&f);
}

static void supply_may_come_and_go(void **state)
{
    (void)state;
    struct fota_desk f;
    struct desk *d = &f.desk;
    downloaded(&f);
    fota_execute(&f, 0x44);
    fota_pass(&f, 1150);
    desk_power(d, true); /* it has it */
    desk_power(d, false);
    fota_ignore(&f);
    desk_after(d, 100000);
    desk_quiet(d);
    assert_int_equal(f.lent, 0);
    desk_power(d, true);
    assert_int_equal(fota_update(&f), 0);
    ends_with(&f, 1);
    fota_teardown(&f);
}

/* The record says "ended" until the host has been told; the server is told once. */
static void end_is_told_after_all(void **state) /* G 4.1.2.2: until the module reports END */
{
    (void)state;
    struct fota_desk f;
    downloaded(&f);
    fota_execute(&f, 0x44);
    assert_int_equal(fota_update(&f), 0);
    for (unsigned i = 0; i < 2; i++) { /* nobody registers */
        fota_power_up(&f);
        fota_pass(&f, 10000);
        assert_false(fota_heard(&f, "FOTA", NULL));
    }
    ends_with(&f, 1);
    fota_power_up(&f);
    fota_ignore(&f);
    memset(f.states, 0, sizeof(f.states));
    fota_register(&f, false);
    assert_false(fota_heard(&f, "\"report\",", NULL));
    assert_string_equal(f.states, "");
    assert_int_equal(fota_read(&f, 5), 1);
    fota_teardown(&f);
}

/* --- What the line shows ---------------------------------------------------------------------- */

static void bare_percent_can_be_had(void **state) /* G 4.3.4 */
{
    (void)state;
    struct fota_desk f;
    downloaded(&f);
    f.config.bare_percent = true;
    fota_execute(&f, 0x44);
    fota_serve(&f);
    fota_power_up(&f);
    fota_pass(&f, 5000);
    desk_urc(&f.desk, "+QIND: \"FOTA\",\"UPDATING\",20");
    f.desk.serial[f.desk.serial_len] = '\0';
    assert_null(strchr(f.desk.serial, '%'));
    assert_true(fota_heard(&f, "\"UPDATING\",100\r\n", NULL));
    fota_teardown(&f);
}

static void nobody_is_heard_while_it_updates(void **state) /* G 4.3.3 */
{
    (void)state;
    struct fota_desk f;
    struct desk *d = &f.desk;
    downloaded(&f);
    fota_execute(&f, 0x44);
    fota_pass(&f, 1100);
    fota_ignore(&f);
    desk_host(d, "AT");
    desk_server(d, "42017002A1A2 60 51'5' 01'0' 01'3'");
    desk_wake_pin(d);
    desk_coverage(d, false);
    desk_coverage(d, true);
    assert_int_equal(d->wires, 0);
    d->serial[d->serial_len] = '\0';
    assert_null(strstr(d->serial, "OK"));
    assert_int_equal(fota_update(&f), 0);
    ends_with(&f, 1);
    fota_teardown(&f);
}

static void deaf_host_does_not_stop_it(void **state)
{
    (void)state;
    struct fota_desk f;
    struct desk *d = &f.desk;
    downloaded(&f);
    fota_execute(&f, 0x44);
    fota_pass(&f, 1000);
    desk_listen(d, false);
    desk_after(d, 30000);
    desk_listen(d, true);
    assert_true(fota_heard(&f, "\"END\",0", NULL));
    ends_with(&f, 1);
    fota_teardown(&f);
}

static void update_waits_for_the_server_to_know(void **state) /* MODULE 8: notify 3, then reboot */
{
    (void)state;
    struct fota_desk f;
    struct desk *d = &f.desk;
    downloaded(&f);
    fota_execute(&f, 0x44);
    desk_wire(d, "4245 <mid> A1A2 6103 60 FF'3'");
    desk_urc(d, "+QLAURC: \"report\",<mid>");
    desk_urc(d, "+QIND: \"FOTA\",\"START\"");
    desk_quiet_until(d, 4000);
    desk_wire(d, "4245 <again> A1A2 6103 60 FF'3'");
    desk_quiet_until(d, 7000); /* 10 s in all, and 1 s more */
    fota_pass(&f, 500);
    assert_true(fota_heard(&f, "\"UPDATING\",20%", NULL));
    assert_int_equal(fota_update(&f), 0);
    fota_teardown(&f);
}

/* --- What goes wrong -------------------------------------------------------------------------- */

static void not_updated(struct fota_desk *f)
{
    assert_int_equal(fota_update(f), 255);
    ends_with(f, 8);
}

static void flash_that_fails_leaves_the_old_image(void **state) /* G 4.3.5: 255; OMA int-779 */
{
    (void)state;
    uint32_t writes = 8; /* blocks of 4096 bytes in the image */
    for (uint32_t n = 0; n < writes; n++) {
        struct fota_desk f;
        downloaded(&f);
        f.writes = 0;
        f.fails_at = n;
        fota_execute(&f, 0x44);
        not_updated(&f);
        f.fails_at = FOTA_NEVER; /* and it can be tried again */
        fota_write_uri(&f, FOTA_URI, 0x44);
        assert_int_equal(fota_download(&f), 0);
        fota_serve(&f);
        fota_execute(&f, 0x44);
        assert_int_equal(fota_update(&f), 0);
        ends_with(&f, 1);
        fota_teardown(&f);
    }
}

static void altered_image_is_no_source(void **state) /* the SHA-256 of the source */
{
    (void)state;
    struct fota_desk f;
    downloaded(&f);
    f.area[BC_AREA_SLOT_0][12345] ^= 1;
    f.source.ptr[12345] ^= 1;
    f.writes = 0;
    fota_execute(&f, 0x44);
    not_updated(&f);
    assert_int_equal(f.writes, 0);
    fota_teardown(&f);
}

static void altered_package_changes_nothing(void **state) /* between download and update */
{
    (void)state;
    struct fota_desk f;
    downloaded(&f);
    f.area[BC_AREA_PACKAGE][f.package.len - 3] ^= 1;
    f.writes = 0;
    fota_execute(&f, 0x44);
    not_updated(&f);
    assert_int_equal(f.writes, 0);
    fota_teardown(&f);
    downloaded(&f);
    f.area[BC_AREA_PACKAGE][3] ^= 1;
    fota_execute(&f, 0x44);
    not_updated(&f);
    fota_teardown(&f);
}

static void memory_that_is_not_there_leaves_the_old_image(void **state) /* G 4.3.5: 255 */
{
    (void)state;
    for (unsigned unmapped = 0; unmapped < 2; unmapped++) {
        struct fota_desk f;
        downloaded(&f);
        f.poor = unmapped == 0;
        f.unmapped = unmapped == 1;
        fota_execute(&f, 0x44);
        assert_int_equal(fota_update(&f), 255);
        f.poor = false;
        f.unmapped = false;
        ends_with(&f, 8);
        fota_teardown(&f);
    }
}

static void record_that_cannot_be_kept_begins_nothing(void **state) /* 5/0/2 is 5.00 */
{
    (void)state;
    struct fota_desk f;
    downloaded(&f);
    f.records.refuses = true;
    fota_execute(&f, 0xA0);
    assert_int_equal(fota_read(&f, 3), 2);
    f.records.refuses = false;
    fota_execute(&f, 0x44);
    assert_int_equal(fota_update(&f), 0);
    ends_with(&f, 1);
    fota_teardown(&f);
}

static void progress_that_cannot_be_kept_ends_it(void **state) /* G 4.3.5: 255 */
{
    (void)state;
    struct fota_desk f;
    downloaded(&f);
    fota_execute(&f, 0x44);
    f.writes = 0;
    while (f.writes < 2) /* blocks */
        fota_pass(&f, 10);
    f.records.refuses = true;
    fota_pass(&f, 15);
    f.records.refuses = false;
    not_updated(&f);
    fota_teardown(&f);
}

/* The new image is whole, but the record that makes it run cannot be stored: the old one runs, and
 * the update is tried again when there is a next time. */
static void end_that_cannot_be_kept_leaves_the_old_image(void **state)
{
    (void)state;
    struct fota_desk f;
    downloaded(&f);
    fota_execute(&f, 0x44);
    fota_pass(&f, 1000);
    f.records.refuses = true;
    assert_int_equal(fota_update(&f), 255);
    fota_runs(&f, false);
    f.records.refuses = false;
    fota_power_up(&f);
    assert_int_equal(fota_update(&f), 0);
    ends_with(&f, 1);
    fota_teardown(&f);
}

static void update_can_be_made_to_fail(void **state) /* module.h, bc_on_firmware_fault */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    bc_on_firmware_fault(f.desk.module, BC_FIRMWARE_NOT_UPDATED);
    fota_write_uri(&f, FOTA_URI, 0x44);
    assert_int_equal(fota_download(&f), 0);
    fota_serve(&f);
    fota_execute(&f, 0x44);
    not_updated(&f);
    fota_teardown(&f);
}

static void damaged_record_is_the_one_before(void **state) /* MODULE 5 */
{
    (void)state;
    struct fota_desk f;
    downloaded(&f);
    fota_execute(&f, 0x44);
    assert_int_equal(fota_update(&f), 0);
    f.records.slot[BC_RECORD_FIRMWARE][0].bytes[9] ^= 1;
    fota_power_up(&f); /* "ended", so it is told once more */
    assert_int_equal(fota_update(&f), 0);
    ends_with(&f, 1);
    fota_teardown(&f);
}

/* --- And on ---------------------------------------------------------------------------------- */

/* The image made by the first update is the source of the second, which goes where the first one's
 * source was. */
static void updates_go_from_slot_to_slot(void **state) /* G 5.7.6: A03 -> A03_BETA0721 */
{
    (void)state;
    struct fota_desk f;
    downloaded(&f);
    fota_execute(&f, 0x44);
    assert_int_equal(fota_update(&f), 0);
    ends_with(&f, 1);
    bc_sink middle = f.wanted;
    f.wanted = f.source;
    f.source = middle;
    for (size_t i = 0; i < 1000; i++)
        f.wanted.ptr[i * 7] ^= 0x55;
    f.wanted.len = IMAGE_BYTES - 777;
    fota_make(&f, FOTA_NEW, "BC260YCNAAR01A03_BETA0721");
    fota_write_uri(&f, FOTA_URI, 0x44);
    assert_int_equal(fota_download(&f), 0);
    fota_serve(&f);
    assert_int_equal(fota_read(&f, 5), 0);
    fota_execute(&f, 0x44);
    assert_int_equal(fota_update(&f), 0);
    fota_register(&f, false);
    fota_ignore(&f);
    desk_tells(&f.desk, "AT+CGMR", "Revision: BC260YCNAAR01A03_BETA0721");
    assert_memory_equal(f.area[BC_AREA_SLOT_0], f.wanted.ptr, f.wanted.len);
    assert_memory_equal(f.area[BC_AREA_SLOT_1], f.source.ptr, f.source.len);
    fota_teardown(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_cut_after_any_operation_goes_on),
        cmocka_unit_test(power_cuts_again_and_again),
        cmocka_unit_test(reset_goes_on),
        cmocka_unit_test(supply_may_come_and_go),
        cmocka_unit_test(end_is_told_after_all),
        cmocka_unit_test(bare_percent_can_be_had),
        cmocka_unit_test(nobody_is_heard_while_it_updates),
        cmocka_unit_test(deaf_host_does_not_stop_it),
        cmocka_unit_test(update_waits_for_the_server_to_know),
        cmocka_unit_test(flash_that_fails_leaves_the_old_image),
        cmocka_unit_test(altered_image_is_no_source),
        cmocka_unit_test(altered_package_changes_nothing),
        cmocka_unit_test(memory_that_is_not_there_leaves_the_old_image),
        cmocka_unit_test(record_that_cannot_be_kept_begins_nothing),
        cmocka_unit_test(progress_that_cannot_be_kept_ends_it),
        cmocka_unit_test(end_that_cannot_be_kept_leaves_the_old_image),
        cmocka_unit_test(update_can_be_made_to_fail),
        cmocka_unit_test(damaged_record_is_the_one_before),
        cmocka_unit_test(updates_go_from_slot_to_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
