/*
 * A device's way through an upgrade task (platform/service/fota_flight.c; G 4.1, 5.6.4, 5.7.6), on
 * the virtual clock with a device of fota_desk.h.
 */
#include <stdio.h>
#include <string.h>

#include "fota_desk.h"

#define QUERY "read 3/0/3; read 4/0/8; read 4/0/2; read 5/0/3"
#define MINUTE_MS 60000
#define URI_CHARS 41 /* coap://192.0.2.1:5683/fw/ and 16 */

/* Registered, the task runs, and the device has said its word: it has its URI. */
static void begin_download(struct desk *d, const char *more)
{
    desk_begin(d, "aep");
    desk_upload(d);
    desk_run_task(d, more);
    desk_register(d);
    assert_int_equal(strlen(d->uri), URI_CHARS);
    (void)desk_heard(d);
}

static void download(struct desk *d)
{
    desk_notify(d, 1);
    assert_true(desk_fetch(d, 0, 1000));
    desk_notify(d, 2);
}

/* The module reboots into that version and registers. */
static void reboot(struct desk *d, const char *version, int result)
{
    d->version = version;
    d->result = result;
    d->state = 0;
    desk_wait(d, MINUTE_MS);
    desk_register(d);
}

/*  device                              platform
 *    | -- register -------------------------> |
 *    | <- observe 19/0/0 --- 2.05 ----------> |   its word
 *    | <- 3/0/3, 4/0/8, 4/0/2, 5/0/3 -------- |   QUERYING
 *    | <- observe 5/0/3; URI to 5/0/1 ------- |   DOWNLOADING
 *    | -- notify 1; GET /fw/... ------------> |
 *    | -- notify 2 -------------------------> |   DOWNLOADED
 *    | <- execute 5/0/2 --------------------- |   UPDATING
 *    | -- notify 3; reboots; register ------> |
 *    | -- notify 0 on the token of before --> |
 *    | <- 5/0/5, 3/0/3; cancel 5/0/3 -------- |   SUCCEEDED
 */
static void a_device_that_registers_is_upgraded(void **state) /* G 5.6.4 */
{
    struct desk d;
    char heard[400];
    (void)state;
    desk_begin(&d, "aep");
    desk_upload(&d);
    desk_run_task(&d, "\"retries\":3");
    desk_expect(&d, "WAITING", "");
    desk_register(&d);
    snprintf(heard, sizeof(heard), "observe 19/0/0; " QUERY "; observe 5/0/3; write 5/0/1 %s",
             d.uri);
    assert_string_equal(desk_heard(&d), heard);
    assert_int_equal(memcmp(d.uri, "coap://192.0.2.1:5683/fw/", 25), 0);
    desk_expect(&d, "DOWNLOADING", "");
    download(&d);
    assert_string_equal(desk_heard(&d), "execute 5/0/2");
    desk_expect(&d, "UPDATING", "");
    assert_int_equal(desk_number(&d, "progress"), 100);
    desk_notify(&d, 3);
    reboot(&d, DESK_TARGET, 1);
    (void)desk_heard(&d); /* observe 19/0/0, and perhaps a look */
    desk_expect(&d, "SUCCEEDED", "");
    assert_int_equal(desk_number(&d, "result"), 1);
    assert_int_equal(desk_number(&d, "attempts"), 1);
    assert_string_equal(desk_task_state(&d), "done");
    assert_false(d.observed);
    desk_end(&d);
}

/* Notifies before it has answered the observation of 19/0/0. */
static void the_end_is_notified_on_the_token_of_before(void **state) /* G 5.6.4: "report" */
{
    struct desk d;
    (void)state;
    begin_download(&d, "\"retries\":0");
    download(&d);
    desk_notify(&d, 3);
    d.version = DESK_TARGET;
    d.result = 1;
    d.mute = true;
    desk_register(&d);
    d.mute = false;
    (void)desk_heard(&d);
    desk_notify(&d, 0);
    desk_wait(&d, 2000);
    const char *heard = desk_heard(&d);
    assert_null(strstr(heard, "reset"));
    assert_non_null(strstr(heard, "read 5/0/5"));
    assert_non_null(strstr(heard, "cancel 5/0/3"));
    assert_null(strstr(heard, "read 5/0/3"));
    desk_expect(&d, "SUCCEEDED", "");
    desk_end(&d);
}

static void a_registered_device_begins_at_its_next_word(void **state) /* G 5.6.4 */
{
    struct desk d;
    (void)state;
    desk_begin(&d, "aep");
    desk_register(&d);
    desk_upload(&d);
    (void)desk_heard(&d);
    desk_run_task(&d, "\"retries\":0");
    desk_wait(&d, MINUTE_MS);
    assert_string_equal(desk_heard(&d), "");
    desk_report(&d);
    assert_int_equal(strncmp(desk_heard(&d), QUERY, strlen(QUERY)), 0);
    desk_expect(&d, "DOWNLOADING", "");
    desk_end(&d);
}

static void progress_is_told_while_blocks_are_fetched(void **state)
{
    struct desk d;
    (void)state;
    begin_download(&d, "\"retries\":0");
    desk_notify(&d, 1);
    office_forget(&d.o);
    assert_false(desk_fetch(&d, 0, (uint32_t)(d.package_bytes / 1024 / 2)));
    assert_in_range(desk_number(&d, "progress"), 45, 50);
    const struct office_told *told = office_expect_told(&d.o, SERVICE_FOTA);
    assert_string_equal(told->endpoint, DESK_ENDPOINT);
    assert_string_equal(office_text(told->body, "state"), "DOWNLOADING");
    assert_string_equal(office_text(told->body, "version_before"), DESK_SOURCE);
    assert_string_equal(office_text(told->body, "cell"), "12345");
    desk_end(&d);
}

static void a_device_of_another_version_is_left_alone(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d, "aep");
    desk_upload(&d);
    d.version = "BC260YCNAAR01A00";
    desk_run_task(&d, "\"retries\":5");
    desk_register(&d);
    assert_string_equal(desk_heard(&d), "observe 19/0/0; read 3/0/3");
    desk_expect(
        &d, "FAILED",
        "source version: the device runs BC260YCNAAR01A00, the package is for " DESK_SOURCE);
    assert_int_equal(desk_number(&d, "attempts"), 1);
    desk_end(&d);
}

static void a_device_of_the_target_version_has_succeeded(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d, "aep");
    desk_upload(&d);
    d.version = DESK_TARGET;
    desk_run_task(&d, "\"retries\":0");
    desk_register(&d);
    assert_string_equal(desk_heard(&d), "observe 19/0/0; read 3/0/3");
    desk_expect(&d, "SUCCEEDED", "the device runs this version already");
    assert_string_equal(desk_task_state(&d), "done");
    desk_end(&d);
}

static void what_an_earlier_attempt_left_is_cleared_first(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d, "aep");
    desk_upload(&d);
    d.state = 2;
    desk_run_task(&d, "\"retries\":0");
    desk_register(&d);
    assert_non_null(strstr(desk_heard(&d), "write 5/0/1; read 5/0/3; observe 5/0/3"));
    desk_expect(&d, "DOWNLOADING", "");
    desk_end(&d);
}

static void a_busy_device_fails(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d, "aep");
    desk_upload(&d);
    d.state = 3;
    d.stuck = true;
    desk_run_task(&d, "\"retries\":0");
    desk_register(&d);
    desk_expect(&d, "FAILED", "the device is busy with another update: 5/0/3 is 3");
    desk_end(&d);
}

static void each_result_has_its_words(void **state) /* MODULE section 8 */
{
    static const struct {
        int result;
        const char *reason;
    } rows[] = {
        {3, "there is no space for the package"},
        {4, "the connection was lost during the download"},
        {5, "the package did not arrive as it was sent"},
        {6, "the device does not take this type of package"},
        {7, "the device cannot use the URI"},
        {8, "the update failed, and the old firmware goes on"},
        {0, "the device has given up"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct desk d;
        begin_download(&d, "\"retries\":0");
        desk_notify(&d, 1);
        d.result = rows[i].result;
        desk_notify(&d, 0);
        assert_string_equal(desk_heard(&d), "read 5/0/5; cancel 5/0/3");
        desk_expect(&d, "FAILED", rows[i].reason);
        assert_int_equal(desk_number(&d, "result"), rows[i].result);
        desk_end(&d);
    }
}

static void a_failed_update_is_told_after_the_reboot(void **state) /* END,255 */
{
    struct desk d;
    (void)state;
    begin_download(&d, "\"retries\":0");
    download(&d);
    desk_notify(&d, 3);
    reboot(&d, DESK_SOURCE, 8);
    desk_expect(&d, "FAILED", "the update failed, and the old firmware goes on");
    desk_end(&d);
}

static void success_with_the_old_version_is_none(void **state)
{
    struct desk d;
    (void)state;
    begin_download(&d, "\"retries\":0");
    download(&d);
    reboot(&d, DESK_SOURCE, 1);
    desk_expect(&d, "FAILED",
                "the device says success, and runs " DESK_SOURCE " instead of " DESK_TARGET);
    desk_end(&d);
}

/* The acknowledgement of 5/0/2 is lost; the notification is not. */
static void a_start_may_be_known_by_its_notification_alone(void **state)
{
    struct desk d;
    (void)state;
    begin_download(&d, "\"retries\":0");
    desk_notify(&d, 1);
    d.mute = true;
    desk_notify(&d, 2);
    desk_notify(&d, 3);
    desk_expect(&d, "UPDATING", "");
    d.mute = false;
    desk_wait(&d, 2 * MINUTE_MS);
    desk_expect(&d, "UPDATING", "");
    desk_end(&d);
}

static void a_query_that_is_cut_off_is_no_attempt(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d, "aep");
    desk_register(&d);
    desk_upload(&d);
    desk_run_task(&d, "\"retries\":0");
    d.mute = true;
    desk_report(&d);
    desk_expect(&d, "QUERYING", "");
    d.mute = false;
    desk_register(&d);
    desk_expect(&d, "DOWNLOADING", "");
    assert_int_equal(desk_number(&d, "attempts"), 1);
    desk_end(&d);
}

/* It is asked where it stands although it says nothing. */
static void a_silent_registration_after_an_update_is_looked_at(void **state)
{
    struct desk d;
    (void)state;
    begin_download(&d, "\"retries\":0");
    download(&d);
    d.version = DESK_TARGET;
    d.result = 1;
    d.state = 0;
    d.mute = true; /* does not let 19/0/0 be observed */
    desk_register(&d);
    desk_wait(&d, 9000);
    desk_expect(&d, "UPDATING", "");
    d.mute = false;
    for (int i = 0; i < 8; i++)
        desk_wait(&d, 10000);
    desk_expect(&d, "SUCCEEDED", "");
    desk_end(&d);
}

static void a_refused_uri_fails(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d, "aep");
    desk_upload(&d);
    d.refuses = BC_COAP_METHOD_NOT_ALLOWED;
    desk_run_task(&d, "\"retries\":0");
    desk_register(&d);
    desk_expect(&d, "FAILED", "the URI was refused: the device answers 4.05");
    assert_false(d.observed);
    desk_end(&d);
}

/* Attempts ------------------------------------------------------------------------------------ */

static void an_attempt_that_failed_is_tried_again_at_once(void **state)
{
    struct desk d;
    (void)state;
    begin_download(&d, "\"retries\":2,\"retry_policy\":\"immediate\"");
    for (int attempt = 1; attempt <= 3; attempt++) {
        assert_int_equal(desk_number(&d, "attempts"), attempt);
        desk_expect(&d, "DOWNLOADING", "");
        desk_notify(&d, 1);
        d.result = 4;
        desk_notify(&d, 0);
        bool again = strstr(desk_heard(&d), QUERY) != NULL;
        assert_int_equal(again, attempt < 3);
    }
    desk_expect(&d, "FAILED", "the connection was lost during the download");
    assert_string_equal(desk_task_state(&d), "done");
    desk_end(&d);
}

static void an_attempt_may_wait_for_the_next_registration(void **state)
{
    struct desk d;
    (void)state;
    begin_download(&d, "\"retries\":1,\"retry_policy\":\"next_registration\"");
    d.result = 5;
    desk_notify(&d, 0);
    (void)desk_heard(&d);
    desk_expect(&d, "WAITING", "the package did not arrive as it was sent");
    desk_report(&d);
    assert_string_equal(desk_heard(&d), "");
    desk_register(&d);
    desk_expect(&d, "DOWNLOADING", "");
    assert_int_equal(desk_number(&d, "attempts"), 2);
    desk_end(&d);
}

static void a_silent_device_is_tried_again_when_it_speaks(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d, "aep");
    desk_register(&d);
    desk_upload(&d);
    desk_run_task(&d, "\"retries\":1");
    d.mute = true;
    desk_report(&d);
    for (int i = 0; i < 10; i++)
        desk_wait(&d, 10000);
    desk_expect(&d, "WAITING", "the device does not answer");
    d.mute = false;
    (void)desk_heard(&d);
    desk_report(&d);
    desk_expect(&d, "DOWNLOADING", "");
    desk_end(&d);
}

/* Time limits (G 4.1.2.2) ---------------------------------------------------------------------- */

static void a_download_has_half_an_hour(void **state)
{
    struct desk d;
    (void)state;
    begin_download(&d, "\"retries\":0");
    desk_notify(&d, 1);
    desk_update(&d);
    desk_wait(&d, 30 * MINUTE_MS - 1);
    desk_expect(&d, "DOWNLOADING", "");
    desk_wait(&d, 1);
    assert_string_equal(desk_heard(&d), "write 5/0/1; cancel 5/0/3");
    desk_expect(&d, "FAILED", "not downloaded within 30 minutes");
    desk_end(&d);
}

static void a_start_has_a_minute(void **state)
{
    struct desk d;
    (void)state;
    begin_download(&d, "\"retries\":0");
    desk_notify(&d, 1);
    d.mute = true;
    desk_notify(&d, 2);
    desk_expect(&d, "DOWNLOADED", "");
    desk_wait(&d, MINUTE_MS - 1);
    desk_expect(&d, "DOWNLOADED", "");
    desk_wait(&d, 1);
    desk_expect(&d, "FAILED", "not started within 1 minute after the download");
    desk_end(&d);
}

static void an_update_has_ten_minutes(void **state)
{
    struct desk d;
    (void)state;
    begin_download(&d, "\"retries\":0");
    download(&d);
    desk_wait(&d, 10 * MINUTE_MS - 1);
    desk_expect(&d, "UPDATING", "");
    desk_wait(&d, 1);
    desk_expect(&d, "FAILED", "no result within 10 minutes after the start of the update");
    desk_end(&d);
}

/* Endings in the middle ------------------------------------------------------------------------ */

static void a_lifetime_that_ends_in_the_download_ends_it(void **state) /* G 4.1.2.1 */
{
    struct desk d;
    (void)state;
    begin_download(&d, "\"retries\":1");
    desk_notify(&d, 1);
    desk_wait(&d, (300 + 247) * 1000);
    desk_expect(&d, "WAITING", "the registration expired");
    assert_false(desk_fetch(&d, 0, 1));
    desk_end(&d);
}

static void a_device_that_deregisters_goes_on_after_the_next_word(void **state)
{
    struct desk d;
    (void)state;
    begin_download(&d, "\"retries\":1");
    desk_notify(&d, 1);
    desk_deregister(&d);
    desk_expect(&d, "WAITING", "the device deregistered");
    d.state = 0;
    desk_register(&d);
    desk_expect(&d, "DOWNLOADING", "");
    desk_end(&d);
}

/* Lost power in the download: idle, and no report (G 4.1.2.1). */
static void a_device_that_has_forgotten_the_download_is_noticed(void **state)
{
    struct desk d;
    (void)state;
    begin_download(&d, "\"retries\":0");
    desk_notify(&d, 1);
    assert_false(desk_fetch(&d, 0, 3));
    d.state = 0;
    d.result = 0;
    desk_register(&d);
    desk_expect(&d, "FAILED", "the device has given up");
    desk_end(&d);
}

/* Only the registration is new: the download goes on. */
static void a_download_survives_a_registration(void **state)
{
    struct desk d;
    (void)state;
    begin_download(&d, "\"retries\":0");
    desk_notify(&d, 1);
    assert_false(desk_fetch(&d, 0, 3));
    desk_register(&d);
    assert_string_equal(desk_heard(&d), "observe 19/0/0; read 5/0/3; observe 5/0/3");
    desk_expect(&d, "DOWNLOADING", "");
    assert_true(desk_fetch(&d, 3, 1000));
    desk_notify(&d, 2);
    assert_string_equal(desk_heard(&d), "execute 5/0/2");
    desk_end(&d);
}

static void a_removed_device_fails(void **state)
{
    struct desk d;
    (void)state;
    begin_download(&d, "\"retries\":3");
    (void)office_ask(&d.o, 204, "DELETE", "/devices/" DESK_ENDPOINT, NULL);
    desk_turn(&d);
    desk_expect(&d, "FAILED", "the device was removed");
    assert_string_equal(desk_task_state(&d), "done");
    desk_end(&d);
}

static void cancel(struct desk *d)
{
    char path[64];
    snprintf(path, sizeof(path), "/tasks/%lld/cancel", (long long)d->task);
    const json_t *task = office_ask(&d->o, 200, "POST", path, NULL);
    assert_string_equal(office_text(task, "state"), "canceled");
    desk_turn(d);
}

static void a_task_is_canceled_while_devices_wait(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d, "aep");
    desk_upload(&d);
    desk_run_task(&d, "\"retries\":0");
    cancel(&d);
    desk_expect(&d, "CANCELED", "");
    desk_register(&d);
    assert_string_equal(desk_heard(&d), "observe 19/0/0");
    desk_end(&d);
}

static void a_task_is_canceled_in_the_download(void **state)
{
    struct desk d;
    (void)state;
    begin_download(&d, "\"retries\":3");
    desk_notify(&d, 1);
    cancel(&d);
    assert_string_equal(desk_heard(&d), "write 5/0/1; cancel 5/0/3");
    desk_expect(&d, "CANCELED", "the task was canceled");
    assert_int_equal(d.state, 0);
    desk_end(&d);
}

static void an_update_goes_on_when_its_task_is_canceled(void **state)
{
    struct desk d;
    (void)state;
    begin_download(&d, "\"retries\":0");
    download(&d);
    (void)desk_heard(&d);
    cancel(&d);
    assert_string_equal(desk_heard(&d), "");
    reboot(&d, DESK_TARGET, 1);
    desk_expect(&d, "SUCCEEDED", "");
    assert_string_equal(desk_task_state(&d), "canceled");
    desk_end(&d);
}

/* The platform's own ends ---------------------------------------------------------------------- */

static void begin_stored(struct desk *d)
{
    desk_begin_in_file(d, "aep");
    desk_upload(d);
    desk_run_task(d, "\"retries\":0");
    desk_register(d);
    desk_notify(d, 1);
    (void)desk_heard(d);
}

static void a_download_goes_on_after_a_restart(void **state)
{
    struct desk d;
    (void)state;
    begin_stored(&d);
    assert_false(desk_fetch(&d, 0, 5));
    office_restart(&d.o);
    desk_turn(&d);
    assert_true(desk_fetch(&d, 5, 1000));
    desk_wait(&d, 1000);
    assert_string_equal(desk_heard(&d), "read 5/0/3; observe 5/0/3");
    desk_notify(&d, 2);
    assert_string_equal(desk_heard(&d), "execute 5/0/2");
    desk_notify(&d, 3);
    reboot(&d, DESK_TARGET, 1);
    desk_expect(&d, "SUCCEEDED", "");
    desk_end(&d);
}

static void a_start_is_given_after_a_restart(void **state)
{
    struct desk d;
    (void)state;
    begin_stored(&d);
    d.state = 2; /* and its notification is lost with the platform */
    office_restart(&d.o);
    desk_wait(&d, 0);
    desk_wait(&d, 1000);
    assert_string_equal(desk_heard(&d), "read 5/0/3; execute 5/0/2");
    desk_expect(&d, "UPDATING", "");
    office_restart(&d.o);
    desk_wait(&d, 0);
    reboot(&d, DESK_TARGET, 1);
    desk_expect(&d, "SUCCEEDED", "");
    desk_end(&d);
}

/* What could not be stored is as if it had not happened, and is asked for again. */
static void a_failed_commit_is_made_good(void **state)
{
    struct desk d;
    (void)state;
    begin_download(&d, "\"retries\":0");
    desk_notify(&d, 1);
    d.o.fails = true;
    d.state = 2;
    desk_notify(&d, 2);
    struct bc_store_time now = office_now(&d.o);
    assert_true(bc_store_recover(d.o.store, d.o.w.server, &now));
    desk_wait(&d, 0);
    desk_wait(&d, 3000);
    desk_expect(&d, "UPDATING", "");
    desk_end(&d);
}

static void a_device_over_dtls_gets_a_coaps_uri(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d, "aep");
    d.channel = 1;
    desk_upload(&d);
    desk_run_task(&d, "\"retries\":0");
    desk_register(&d);
    assert_int_equal(memcmp(d.uri, "coaps://192.0.2.1:5684/fw/", 26), 0);
    download(&d);
    desk_expect(&d, "UPDATING", "");
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_that_registers_is_upgraded),
        cmocka_unit_test(the_end_is_notified_on_the_token_of_before),
        cmocka_unit_test(a_registered_device_begins_at_its_next_word),
        cmocka_unit_test(progress_is_told_while_blocks_are_fetched),
        cmocka_unit_test(a_device_of_another_version_is_left_alone),
        cmocka_unit_test(a_device_of_the_target_version_has_succeeded),
        cmocka_unit_test(what_an_earlier_attempt_left_is_cleared_first),
        cmocka_unit_test(a_busy_device_fails),
        cmocka_unit_test(each_result_has_its_words),
        cmocka_unit_test(a_failed_update_is_told_after_the_reboot),
        cmocka_unit_test(success_with_the_old_version_is_none),
        cmocka_unit_test(a_start_may_be_known_by_its_notification_alone),
        cmocka_unit_test(a_query_that_is_cut_off_is_no_attempt),
        cmocka_unit_test(a_silent_registration_after_an_update_is_looked_at),
        cmocka_unit_test(a_refused_uri_fails),
        cmocka_unit_test(an_attempt_that_failed_is_tried_again_at_once),
        cmocka_unit_test(an_attempt_may_wait_for_the_next_registration),
        cmocka_unit_test(a_silent_device_is_tried_again_when_it_speaks),
        cmocka_unit_test(a_download_has_half_an_hour),
        cmocka_unit_test(a_start_has_a_minute),
        cmocka_unit_test(an_update_has_ten_minutes),
        cmocka_unit_test(a_lifetime_that_ends_in_the_download_ends_it),
        cmocka_unit_test(a_device_that_deregisters_goes_on_after_the_next_word),
        cmocka_unit_test(a_device_that_has_forgotten_the_download_is_noticed),
        cmocka_unit_test(a_download_survives_a_registration),
        cmocka_unit_test(a_removed_device_fails),
        cmocka_unit_test(a_task_is_canceled_while_devices_wait),
        cmocka_unit_test(a_task_is_canceled_in_the_download),
        cmocka_unit_test(an_update_goes_on_when_its_task_is_canceled),
        cmocka_unit_test(a_download_goes_on_after_a_restart),
        cmocka_unit_test(a_start_is_given_after_a_restart),
        cmocka_unit_test(a_failed_commit_is_made_good),
        cmocka_unit_test(a_device_over_dtls_gets_a_coaps_uri),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
