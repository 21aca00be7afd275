/*
 * Commands to devices (platform/service, dispatch.c and its rows in platform/store): when they
 * leave, how they end, and that neither silence, nor sleep, nor a restart, nor a full disk loses
 * one or says one twice that must not be.
 */
#include <stdio.h>

#include "base/sink.h"
#include "catalogue.h"
#include "office.h"

#define IMEI "867724030023557"
#define OTHER "867724030023558"
#define COMMANDS "/devices/" IMEI "/commands"
#define LINKS "</3/0>"
#define PORT 7001
#define GET_3_0_0 "4401 <mid> <token> B1 33 01 30 01 30"
#define GET_3_0_1 "4401 <mid> <token> B1 33 01 30 01 31"
#define PUT_3_0_14 "4403 <mid> <token> B1 33 01 30 02 3134 10 FF"
#define POST_3_0_4 "4402 <mid> <token> B1 33 01 30 01 34"
#define READ_3_0_0 "{\"operation\":\"read\",\"path\":\"/3/0/0\"}"
#define READ_3_0_1 "{\"operation\":\"read\",\"path\":\"/3/0/1\"}"
#define READ_3_0_1_NOW "{\"operation\":\"read\",\"path\":\"/3/0/1\",\"expire_s\":0}"
#define REBOOT "{\"operation\":\"execute\",\"path\":\"/3/0/4\"}"
#define QUECTEL "C0 FF 5175656374656C" /* text/plain */
#define AWAKE_MS 93000
#define SILENCE_MS 62000 /* until a request is given up */
#define DAY_MS 86400000

static void provision(struct office *o)
{
    office_add_device(o, office_add_product(o, "Meters", "iot"), IMEI);
}

static int setup(void **state)
{
    (void)office_setup(state);
    provision(*state);
    return 0;
}

/* With a file, which is there after a restart. */
static int setup_file(void **state)
{
    (void)office_setup_file(state);
    provision(*state);
    return 0;
}

static void enroll(struct office *o, uint16_t port, const char *endpoint)
{
    world_register(&o->w, port, endpoint, LINKS);
    office_commit(o);
    world_expect_silence(&o->w);
}

/* Binding UQ. */
static void enroll_queued(struct office *o)
{
    world_feed(&o->w, PORT,
               "4002 6001 B2 7264 11 28 39 6C776D326D3D312E30" /* POST /rd lwm2m=1.0 */
               "0D 05 65703D 383637373234303330303233353537"   /* ep=IMEI */
               "06 6C743D333030 04 623D5551 FF 3C2F332F303E"); /* lt=300 b=UQ </3/0> */
    world_expect(&o->w, PORT, "6041 6001 82 7264 0A <id>");
    office_commit(o);
    world_expect_silence(&o->w);
}

static void update(struct office *o)
{
    static unsigned message_id = 0x6100;
    char hex[80];
    snprintf(hex, sizeof(hex), "4002 %04X B2 7264 0A <id>", ++message_id);
    world_feed(&o->w, PORT, hex);
    office_commit(o);
    snprintf(hex, sizeof(hex), "6044 %04X", message_id);
    world_expect(&o->w, PORT, hex);
}

static int64_t give(struct office *o, unsigned status, const char *body)
{
    return office_number(office_ask(o, status, "POST", COMMANDS, body), "id");
}

static const json_t *show(struct office *o, int64_t id)
{
    char place[40];
    snprintf(place, sizeof(place), "/commands/%lld", (long long)id);
    return office_ask(o, 200, "GET", place, NULL);
}

static void expect_state(struct office *o, int64_t id, const char *state)
{
    assert_string_equal(office_text(show(o, id), "state"), state);
}

static void expect_reason(struct office *o, int64_t id, const char *state, const char *reason)
{
    const json_t *command = show(o, id);
    assert_string_equal(office_text(command, "state"), state);
    assert_string_equal(office_text(command, "reason"), reason);
}

static void cancel(struct office *o, unsigned status, int64_t id)
{
    char place[40];
    snprintf(place, sizeof(place), "/commands/%lld", (long long)id);
    (void)office_ask(o, status, "DELETE", place, NULL);
}

static void answer(struct office *o, uint8_t code, const char *rest)
{
    world_answer(&o->w, PORT, code, rest);
    office_commit(o);
}

/* Sent -----------------------------------------------------------------------------------------*/

/*  user      platform     device
 *   |--POST--->|            |
 *   |<--202----|--GET /3/0/0-->|     PENDING, SENT
 *   |          |<--2.05--------|     SUCCESSFUL
 */
static void command_leaves_at_once_and_its_answer_is_its_end(void **state)
{
    struct office *o = *state;
    static const char *const states[] = {"PENDING", "SENT", "SUCCESSFUL"};
    enroll(o, PORT, IMEI);
    office_forget(o);
    int64_t id = give(o, 202, READ_3_0_0);
    assert_string_equal(office_text(o->answer.body, "state"), "SENT");
    assert_int_equal(o->answer.command, id);
    world_expect(&o->w, PORT, GET_3_0_0);
    answer(o, BC_COAP_CONTENT, QUECTEL);
    const json_t *command = show(o, id);
    assert_string_equal(office_text(command, "state"), "SUCCESSFUL");
    assert_string_equal(office_text(command, "code"), "2.05");
    assert_string_equal(office_text(command, "value"), "Quectel");
    assert_string_equal(office_text(command, "endpoint"), IMEI);
    office_expect_json(json_object_get(command, "request"), READ_3_0_0);
    size_t seen = 0;
    assert_int_equal(office_told(o, SERVICE_COMMAND), 3);
    for (size_t i = 0; i < o->told_count && seen < 3; i++) {
        const struct office_told *told = &o->told[i];
        if (told->kind != SERVICE_COMMAND)
            continue;
        assert_string_equal(office_text(json_object_get(told->body, "command"), "state"),
                            states[seen]);
        assert_int_equal(told->command, id);
        assert_int_equal(told->ended, seen == 2);
        seen++;
    }
    assert_int_equal(seen, 3);
}

static void wait_is_handed_to_whoever_answers(void **state)
{
    struct office *o = *state;
    enroll(o, PORT, IMEI);
    (void)office_ask(o, 202, "POST", COMMANDS "?wait=20", READ_3_0_0);
    assert_int_equal(o->answer.wait_ms, 20000);
    assert_true(o->answer.command != 0);
    world_take_all(&o->w);
    (void)office_ask(o, 422, "POST", COMMANDS "?wait=61", READ_3_0_0);
}

static void one_command_of_a_device_leaves_at_a_time(void **state)
{
    struct office *o = *state;
    enroll(o, PORT, IMEI);
    int64_t first = give(o, 202, READ_3_0_0), second = give(o, 202, READ_3_0_1);
    world_expect(&o->w, PORT, GET_3_0_0);
    world_expect_silence(&o->w);
    expect_state(o, second, "PENDING");
    answer(o, BC_COAP_CONTENT, QUECTEL);
    expect_state(o, first, "SUCCESSFUL");
    expect_state(o, second, "SENT");
    world_expect(&o->w, PORT, GET_3_0_1);
    answer(o, BC_COAP_CONTENT, QUECTEL);
    expect_state(o, second, "SUCCESSFUL");
    world_expect_silence(&o->w);
}

static void delivered_is_what_is_acknowledged_but_not_answered(void **state)
{
    struct office *o = *state;
    enroll(o, PORT, IMEI);
    int64_t id = give(o, 202, READ_3_0_0);
    world_expect(&o->w, PORT, GET_3_0_0);
    world_feed(&o->w, PORT, "6000 <mid>");
    office_commit(o);
    expect_state(o, id, "DELIVERED");
    world_feed(&o->w, PORT, "5445 1234 <token> C0 FF 51"); /* NON */
    office_commit(o);
    expect_state(o, id, "SUCCESSFUL");
}

static void errors_of_the_device_are_failures_with_a_reason(void **state)
{
    struct office *o = *state;
    enroll(o, PORT, IMEI);
    int64_t id = give(o, 202, READ_3_0_0);
    world_take_all(&o->w);
    bc_server_on_time(o->w.server, o->w.now_ms);
    (void)id;
    int64_t next = give(o, 202, READ_3_0_1);
    office_wait(o, 2100); /* it is repeated, and its token seen */
    world_expect(&o->w, PORT, GET_3_0_0);
    answer(o, BC_COAP_NOT_FOUND, "");
    expect_reason(o, id, "FAILED", "the device answered 4.04");
    world_expect(&o->w, PORT, GET_3_0_1);
    world_feed(&o->w, PORT, "7000 <mid>");
    office_commit(o);
    expect_reason(o, next, "FAILED", "the device refused the message (RST)");
}

/* PLATFORM 2: a device that never answers a write must not block others. */
static void silence_of_one_device_blocks_neither_others_nor_itself(void **state)
{
    struct office *o = *state;
    office_add_device(o, 1, OTHER);
    enroll(o, PORT, IMEI);
    enroll(o, 7002, OTHER);
    int64_t id = give(o, 202, "{\"operation\":\"write\",\"path\":\"/3/0/14\",\"value\":\"+08\"}");
    int64_t next = give(o, 202, "{\"operation\":\"read\",\"path\":\"/3/0/1\",\"expire_s\":600}");
    world_expect(&o->w, PORT, PUT_3_0_14 "2B3038");
    const json_t *other = office_ask(o, 202, "POST", "/devices/" OTHER "/commands", READ_3_0_0);
    int64_t others = office_number(other, "id");
    world_expect(&o->w, 7002, GET_3_0_0);
    world_answer(&o->w, 7002, BC_COAP_CONTENT, QUECTEL);
    office_commit(o);
    expect_state(o, others, "SUCCESSFUL");
    for (int i = 0; i < SILENCE_MS / 1000; i++) {
        office_wait(o, 1000);
        world_take_all(&o->w);
    }
    expect_reason(o, id, "TIMEOUT", "the device did not answer");
    expect_state(o, next, "SENT");
    world_take_all(&o->w);
}

static void command_behind_a_silent_one_does_not_wait_for_long(void **state)
{
    struct office *o = *state;
    enroll(o, PORT, IMEI);
    (void)give(o, 202, READ_3_0_0);
    int64_t next = give(o, 202, READ_3_0_1_NOW);
    office_wait(o, 59999);
    world_take_all(&o->w);
    expect_state(o, next, "PENDING");
    office_wait(o, 1);
    expect_state(o, next, "EXPIRED");
    world_take_all(&o->w);
}

/* Queue mode -----------------------------------------------------------------------------------*/

/*  LwM2M 1.0 8.4: nothing is sent outside the awake window.
 *
 *     device --register b=UQ--> 2.01
 *     93 s                            asleep
 *     user --command-->               PENDING
 *     device --update--> 2.04, GET    SENT
 */
static void queue_mode_holds_commands_until_the_device_speaks(void **state)
{
    struct office *o = *state;
    enroll_queued(o);
    office_wait(o, AWAKE_MS);
    int64_t id = give(o, 202, READ_3_0_0);
    assert_string_equal(office_text(o->answer.body, "state"), "PENDING");
    assert_int_equal(office_number(o->answer.body, "expires_ms"),
                     office_number(o->answer.body, "created_ms") + 2 * DAY_MS);
    world_expect_silence(&o->w);
    office_wait(o, 100000);
    world_expect_silence(&o->w);
    update(o);
    expect_state(o, id, "SENT");
    world_expect(&o->w, PORT, GET_3_0_0);
    answer(o, BC_COAP_CONTENT, QUECTEL);
    expect_state(o, id, "SUCCESSFUL");
}

static void queue_mode_sends_while_the_device_is_awake(void **state)
{
    struct office *o = *state;
    enroll_queued(o);
    office_wait(o, AWAKE_MS - 1);
    int64_t id = give(o, 202, READ_3_0_0);
    expect_state(o, id, "SENT");
    world_expect(&o->w, PORT, GET_3_0_0);
    answer(o, BC_COAP_CONTENT, QUECTEL); /* which is its word again */
    office_wait(o, AWAKE_MS - 1);
    expect_state(o, give(o, 202, READ_3_0_0), "SENT");
    world_expect(&o->w, PORT, GET_3_0_0);
}

static void queue_mode_commands_leave_one_after_the_other(void **state)
{
    struct office *o = *state;
    enroll_queued(o);
    office_wait(o, AWAKE_MS);
    int64_t ids[3];
    for (int i = 0; i < 3; i++)
        ids[i] = give(o, 202, READ_3_0_0);
    update(o);
    for (int i = 0; i < 3; i++) {
        world_expect(&o->w, PORT, GET_3_0_0);
        world_expect_silence(&o->w);
        expect_state(o, ids[i], "SENT");
        answer(o, BC_COAP_CONTENT, QUECTEL);
    }
    expect_state(o, ids[2], "SUCCESSFUL");
}

static void power_saving_of_the_product_is_queue_mode_too(void **state)
{
    struct office *o = *state;
    (void)office_ask(o, 200, "PATCH", "/products/1", "{\"power_saving\":\"psm\"}");
    enroll(o, PORT, IMEI);
    office_wait(o, AWAKE_MS);
    int64_t id = give(o, 202, READ_3_0_0);
    expect_state(o, id, "PENDING");
    world_expect_silence(&o->w);
    update(o);
    expect_state(o, id, "SENT");
    world_expect(&o->w, PORT, GET_3_0_0);
}

/* From where the device is: an endpoint's name is no secret. */
static void dp_is_a_word_of_the_device(void **state)
{
    struct office *o = *state;
    static const char rest[] = "B2 6470 4D 05 65703D 383637373234303330303233353537 FF 31";
    char dp[120];
    enroll_queued(o);
    office_wait(o, AWAKE_MS);
    int64_t id = give(o, 202, READ_3_0_0);
    snprintf(dp, sizeof(dp), "5002 6201 %s", rest);
    world_feed(&o->w, 7009, dp);
    office_commit(o);
    expect_state(o, id, "PENDING");
    snprintf(dp, sizeof(dp), "5002 6202 %s", rest);
    world_feed(&o->w, PORT, dp);
    office_commit(o);
    expect_state(o, id, "SENT");
    world_take_all(&o->w);
}

static void command_that_nobody_fetches_expires(void **state)
{
    struct office *o = *state;
    enroll_queued(o);
    office_wait(o, AWAKE_MS);
    int64_t early = give(o, 202, "{\"operation\":\"read\",\"path\":\"/3/0/0\",\"expire_s\":10}");
    int64_t late = give(o, 202, READ_3_0_1);
    assert_int_equal(service_deadline(o->service), o->w.now_ms + 10000);
    office_wait(o, 9999);
    expect_state(o, early, "PENDING");
    office_wait(o, 1);
    expect_state(o, early, "EXPIRED");
    assert_int_equal(service_deadline(o->service), o->w.now_ms - 10000 + 2 * DAY_MS);
    update(o);
    world_expect(&o->w, PORT, GET_3_0_1);
    expect_state(o, late, "SENT");
    answer(o, BC_COAP_CONTENT, QUECTEL);
    office_wait(o, 2 * (uint64_t)DAY_MS);
    assert_int_equal(service_deadline(o->service), BC_NEVER);
}

static void late_word_does_not_fetch_what_has_expired(void **state)
{
    struct office *o = *state;
    enroll_queued(o);
    office_wait(o, AWAKE_MS);
    int64_t id = give(o, 202, "{\"operation\":\"read\",\"path\":\"/3/0/0\",\"expire_s\":10}");
    o->w.now_ms += 10000;
    update(o); /* before the time is seen */
    world_expect_silence(&o->w);
    expect_state(o, id, "EXPIRED");
}

static void command_for_now_fails_when_the_device_is_not_there(void **state)
{
    struct office *o = *state;
    int64_t id = give(o, 200, READ_3_0_1_NOW);
    expect_reason(o, id, "FAILED", "the device is not registered");
    assert_int_equal(o->answer.command, 0);
    enroll_queued(o);
    office_wait(o, AWAKE_MS);
    id = give(o, 200, "{\"operation\":\"read\",\"path\":\"/3/0/0\",\"expire_s\":0}");
    expect_reason(o, id, "FAILED", "the device sleeps");
    world_expect_silence(&o->w);
}

/* PLATFORM 2: 48 h unless told otherwise, also of a device that saves no power. */
static void command_waits_two_days_for_a_device_that_is_away(void **state)
{
    struct office *o = *state;
    int64_t id = give(o, 202, READ_3_0_0), later = give(o, 202, READ_3_0_1);
    const json_t *shown = office_ask(o, 200, "GET", "/commands/1", NULL);
    assert_int_equal(office_number(shown, "expires_ms") - office_number(shown, "created_ms"),
                     2 * DAY_MS);
    office_wait(o, 2 * (uint64_t)DAY_MS - 1);
    world_register(&o->w, PORT, IMEI, LINKS);
    office_commit(o);
    world_expect(&o->w, PORT, GET_3_0_0);
    expect_state(o, id, "SENT");
    office_wait(o, 1);
    expect_state(o, later, "EXPIRED");
}

static void command_waits_for_a_device_that_has_never_been_there(void **state)
{
    struct office *o = *state;
    int64_t id = give(o, 202, "{\"operation\":\"read\",\"path\":\"/3/0/0\",\"expire_s\":3600}");
    const json_t *device = office_ask(o, 200, "GET", "/devices/" IMEI, NULL);
    assert_int_equal(office_number(device, "commands_waiting"), 1);
    world_register(&o->w, PORT, IMEI, LINKS);
    office_commit(o);
    world_expect(&o->w, PORT, GET_3_0_0);
    expect_state(o, id, "SENT");
}

/* Canceled -------------------------------------------------------------------------------------*/

static void canceled_command_is_not_sent(void **state)
{
    struct office *o = *state;
    enroll_queued(o);
    office_wait(o, AWAKE_MS);
    int64_t id = give(o, 202, READ_3_0_0);
    cancel(o, 200, id);
    expect_state(o, id, "CANCELED");
    update(o);
    world_expect_silence(&o->w);
    cancel(o, 409, id);
    cancel(o, 404, 77);
}

static void canceled_command_that_was_sent_stays_canceled(void **state)
{
    struct office *o = *state;
    enroll(o, PORT, IMEI);
    int64_t id = give(o, 202, REBOOT), next = give(o, 202, READ_3_0_0);
    world_expect(&o->w, PORT, POST_3_0_4);
    cancel(o, 200, id);
    expect_state(o, next, "PENDING"); /* it still is on its way */
    answer(o, BC_COAP_CHANGED, "");
    expect_reason(o, id, "CANCELED", "it was sent already, and may be carried out");
    world_expect(&o->w, PORT, GET_3_0_0);
}

static void expect_only(struct office *o, int64_t id)
{
    static const char *const places[] = {COMMANDS, COMMANDS "?state=PENDING", "/commands",
                                         "/commands?state=PENDING"};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const json_t *items = json_object_get(office_ask(o, 200, "GET", places[i], NULL), "items");
        assert_int_equal(json_array_size(items), 1);
        assert_int_equal(office_number(json_array_get(items, 0), "id"), id);
    }
}

/* A device that is added again under the name begins anew, at once; the rows go later. */
static void removed_device_takes_its_commands_with_it(void **state)
{
    struct office *o = *state;
    int64_t ended = give(o, 200, "{\"operation\":\"read\",\"path\":\"/3/0/0\",\"expire_s\":0}");
    enroll_queued(o);
    office_wait(o, AWAKE_MS);
    int64_t waiting = give(o, 202, READ_3_0_0);
    office_forget(o);
    (void)office_ask(o, 204, "DELETE", "/devices/" IMEI, NULL);
    const struct office_told *told = office_expect_told(o, SERVICE_COMMAND);
    assert_true(told->ended);
    assert_string_equal(office_text(json_object_get(told->body, "command"), "state"), "CANCELED");
    office_add_device(o, 1, IMEI);
    int64_t fresh = give(o, 202, "{\"operation\":\"read\",\"path\":\"/3/0/0\",\"expire_s\":60}");
    char place[40];
    for (int i = 0; i < 8; i++) {
        expect_only(o, fresh);
        snprintf(place, sizeof(place), "/commands/%lld", (long long)(i % 2 ? ended : waiting));
        (void)office_ask(o, 404, "GET", place, NULL);
        office_wait(o, 20);
    }
    assert_false(bc_catalogue_sweep(o->store));
    (void)show(o, fresh);
    snprintf(place, sizeof(place), "/commands/%lld", (long long)ended);
    (void)office_ask(o, 404, "GET", place, NULL); /* now that nothing hides it */
}

/* A device that registers anew has lost what it was asked. */
static void reading_is_repeated_once_after_a_new_registration(void **state)
{
    struct office *o = *state;
    enroll(o, PORT, IMEI);
    int64_t id = give(o, 202, "{\"operation\":\"read\",\"path\":\"/3/0/0\",\"expire_s\":600}");
    world_expect(&o->w, PORT, GET_3_0_0);
    world_register(&o->w, PORT, IMEI, LINKS);
    office_commit(o);
    expect_state(o, id, "SENT");
    world_expect(&o->w, PORT, GET_3_0_0);
    world_register(&o->w, PORT, IMEI, LINKS);
    office_commit(o);
    expect_reason(o, id, "FAILED", "the registration ended before there was an answer");
    world_expect_silence(&o->w);
}

static void execution_is_not_repeated_after_a_new_registration(void **state)
{
    struct office *o = *state;
    enroll(o, PORT, IMEI);
    int64_t id = give(o, 202, REBOOT);
    world_expect(&o->w, PORT, POST_3_0_4);
    world_register(&o->w, PORT, IMEI, LINKS);
    office_commit(o);
    expect_state(o, id, "FAILED");
    world_expect_silence(&o->w);
}

/* Bounds ---------------------------------------------------------------------------------------*/

static void hundred_commands_may_wait_for_a_device(void **state)
{
    struct office *o = *state;
    enroll_queued(o);
    office_wait(o, AWAKE_MS);
    int64_t first = give(o, 202, READ_3_0_0);
    for (int i = 1; i < 100; i++) {
        (void)give(o, 202, READ_3_0_0);
        office_forget(o);
    }
    (void)office_ask(o, 429, "POST", COMMANDS, READ_3_0_0);
    cancel(o, 200, first);
    (void)give(o, 202, READ_3_0_0);
    assert_int_equal(office_number(office_ask(o, 200, "GET", "/status", NULL), "commands_waiting"),
                     100);
}

static void ended_commands_are_kept_up_to_a_limit(void **state)
{
    struct office *o = *state;
    for (int i = 0; i < 1010; i++) {
        (void)give(o, 200, READ_3_0_1_NOW); /* not registered */
        office_forget(o);
    }
    (void)office_ask(o, 404, "GET", "/commands/1", NULL);
    expect_state(o, 20, "FAILED");
    expect_state(o, 1010, "FAILED");
}

static void commands_are_listed_the_newest_first(void **state)
{
    struct office *o = *state;
    enroll_queued(o);
    office_wait(o, AWAKE_MS);
    for (int i = 0; i < 5; i++)
        (void)give(o, 202, READ_3_0_0);
    cancel(o, 200, 2);
    const json_t *page = office_ask(o, 200, "GET", COMMANDS "?limit=3", NULL);
    assert_int_equal(json_array_size(json_object_get(page, "items")), 3);
    assert_int_equal(office_number(json_array_get(json_object_get(page, "items"), 0), "id"), 5);
    assert_string_equal(office_text(page, "next"), "3");
    page = office_ask(o, 200, "GET", "/commands?limit=3&cursor=3", NULL);
    assert_int_equal(json_array_size(json_object_get(page, "items")), 2);
    assert_true(json_is_null(json_object_get(page, "next")));
    page = office_ask(o, 200, "GET", "/commands?state=CANCELED", NULL);
    assert_int_equal(json_array_size(json_object_get(page, "items")), 1);
    page = office_ask(o, 200, "GET", COMMANDS "?state=PENDING", NULL);
    assert_int_equal(json_array_size(json_object_get(page, "items")), 4);
    (void)office_ask(o, 422, "GET", "/commands?state=GONE", NULL);
}

/* What is lost ---------------------------------------------------------------------------------*/

static void waiting_commands_outlive_a_restart(void **state)
{
    struct office *o = *state;
    enroll_queued(o);
    office_wait(o, AWAKE_MS);
    int64_t id = give(o, 202, READ_3_0_0);
    office_restart(o);
    office_wait(o, 1000);
    world_expect_silence(&o->w);
    expect_state(o, id, "PENDING");
    assert_true(service_deadline(o->service) <= o->w.now_ms + 2 * DAY_MS);
    office_wait(o, 2 * (uint64_t)DAY_MS);
    expect_state(o, id, "EXPIRED");
}

/* Nobody knows whether they arrived: what is idempotent is repeated, and only that. */
static void sent_commands_are_repeated_or_given_up_after_a_restart(void **state)
{
    struct office *o = *state;
    office_add_device(o, 1, OTHER);
    enroll(o, PORT, IMEI);
    enroll(o, 7002, OTHER);
    int64_t reading = give(o, 202, READ_3_0_0);
    int64_t executing =
        office_number(office_ask(o, 202, "POST", "/devices/" OTHER "/commands", REBOOT), "id");
    world_take_all(&o->w);
    office_restart(o);
    office_commit(o);
    world_expect(&o->w, PORT, GET_3_0_0);
    world_expect_silence(&o->w);
    expect_state(o, reading, "SENT");
    expect_reason(o, executing, "TIMEOUT", "the platform ended before there was an answer");
    answer(o, BC_COAP_CONTENT, QUECTEL);
    expect_state(o, reading, "SUCCESSFUL");
}

static void command_that_is_not_stored_does_not_exist(void **state)
{
    struct office *o = *state;
    enroll(o, PORT, IMEI);
    office_forget(o);
    o->fails = true;
    (void)office_ask(o, 202, "POST", COMMANDS, READ_3_0_0); /* whoever serves it answers 503 */
    world_expect_silence(&o->w);
    assert_int_equal(office_told(o, SERVICE_COMMAND), 0);
    (void)office_ask(o, 404, "GET", "/commands/1", NULL);
    assert_int_equal(office_number(office_ask(o, 200, "GET", "/status", NULL), "commands_waiting"),
                     0);
    office_wait(o, 2100); /* the core repeats the request all the same */
    world_expect(&o->w, PORT, GET_3_0_0);
    int64_t id = give(o, 202, READ_3_0_1);
    answer(o, BC_COAP_CONTENT, QUECTEL); /* to the one that does not exist */
    expect_state(o, id, "SENT");
    world_expect(&o->w, PORT, GET_3_0_1);
    answer(o, BC_COAP_CHANGED, "");
    expect_state(o, id, "SUCCESSFUL");
}

static void end_that_is_not_stored_is_stored_later(void **state)
{
    struct office *o = *state;
    enroll(o, PORT, IMEI);
    int64_t id = give(o, 202, READ_3_0_0);
    world_expect(&o->w, PORT, GET_3_0_0);
    o->fails = true;
    answer(o, BC_COAP_CONTENT, QUECTEL);
    expect_state(o, id, "SENT");
    office_wait(o, 1000);
    const json_t *command = show(o, id);
    assert_string_equal(office_text(command, "state"), "SUCCESSFUL");
    assert_string_equal(office_text(command, "code"), "2.05");
    assert_int_equal(office_number(office_ask(o, 200, "GET", "/status", NULL), "commands_waiting"),
                     0);
}

/* With a store that fails for long nothing is committed, and so nothing fails to be. */
static void silence_while_the_store_fails_is_stored_later(void **state)
{
    struct office *o = *state;
    enroll(o, PORT, IMEI);
    int64_t id = give(o, 202, READ_3_0_0);
    o->broken = true;
    office_commit(o);
    for (int i = 0; i < SILENCE_MS / 1000; i++) {
        o->w.now_ms += 1000;
        struct bc_store_time now = office_now(o);
        bc_server_on_time(o->w.server, now.now_ms);
        service_on_time(o->service, &now);
        service_settle(o->service, &now);
        assert_false(bc_store_pending(o->store));
        service_after_commit(o->service, true);
        world_take_all(&o->w);
    }
    o->broken = false;
    office_commit(o);
    office_wait(o, 1000);
    expect_reason(o, id, "TIMEOUT", "the device did not answer");
}

/* On the wire ----------------------------------------------------------------------------------*/

static void expect_wire(struct office *o, const char *body, const char *hex)
{
    int64_t id = give(o, 202, body);
    world_expect(&o->w, PORT, hex);
    answer(o, BC_COAP_CHANGED, "");
    expect_state(o, id, "SUCCESSFUL");
    office_forget(o);
}

#define WRITE(path, rest) "{\"operation\":\"write\",\"path\":\"" path "\"," rest "}"
#define PATH_3306_0 "B4 33333036 01 30 04 "

static void values_are_written_as_the_path_wants_them(void **state)
{
    struct office *o = *state;
    enroll(o, PORT, IMEI);
    expect_wire(o, WRITE("/3/0/14", "\"value\":\"+08\""), PUT_3_0_14 "2B3038");
    expect_wire(o, WRITE("/3306/0/5850", "\"value\":true"),
                "4403 <mid> <token>" PATH_3306_0 "35383530 10 FF 31");
    expect_wire(o, WRITE("/3306/0/5851", "\"value\":40.0"),
                "4403 <mid> <token>" PATH_3306_0 "35383531 10 FF 3430");
    expect_wire(o, WRITE("/3308/0/5900", "\"value\":-2.5"),
                "4403 <mid> <token> B4 33333038 01 30 04 35393030 10 FF 2D322E35");
    expect_wire(o, WRITE("/19/1/0", "\"hex\":\"0aFF\""),
                "4403 <mid> <token> B2 3139 01 31 01 30 11 2A FF 0AFF");
    expect_wire(o, WRITE("/3306/0", "\"hex\":\"E216DA01\",\"format\":11542"),
                "4403 <mid> <token> B4 33333036 01 30 12 2D16 FF E216DA01");
    expect_wire(o, "{\"operation\":\"execute\",\"path\":\"/3/0/4\",\"arguments\":\"0='1'\"}",
                POST_3_0_4 "10 FF 303D273127");
    expect_wire(o, REBOOT, POST_3_0_4);
    expect_wire(o, "{\"operation\":\"discover\",\"path\":\"/3\"}",
                "4401 <mid> <token> B1 33 61 28");
    expect_wire(o, "{\"operation\":\"read\",\"path\":\"/3/0\",\"accept\":11542}",
                "4401 <mid> <token> B1 33 01 30 62 2D16");
}

static void nonsense_is_refused_with_the_field(void **state)
{
    struct office *o = *state;
    static const struct {
        const char *body;
        const char *field;
    } rows[] = {
        {"{}", "operation"},
        {"{\"operation\":\"read\",\"service\":\"A\",\"path\":\"/3\"}", "operation"},
        {"{\"operation\":\"read\"}", "path"},
        {"{\"operation\":\"read\",\"path\":\"/x\"}", "path"},
        {"{\"operation\":\"read\",\"path\":\"/3/0/0\",\"value\":1}", "value"},
        {"{\"operation\":\"read\",\"path\":\"/3/0/0\",\"method\":\"A\"}", "method"},
        {"{\"operation\":\"execute\",\"path\":\"/3/0\"}", "path"},
        {WRITE("/3/0/14", "\"accept\":0"), "accept"},
        {WRITE("/3/0/14", "\"value\":1"), "value"},
        {WRITE("/3306/0/5850", "\"value\":\"on\""), "value"},
        {WRITE("/3306/0/5851", "\"value\":1.5"), "value"},
        {WRITE("/3/0/14", "\"value\":\"a\",\"hex\":\"00\""), "value"},
        {WRITE("/3/0/14", "\"hex\":\"0\""), "hex"},
        {WRITE("/3/0/14", "\"value\":\"a\",\"format\":11542"), "value"},
        {WRITE("/3/0/14", "\"value\":[1]"), "value"},
        {WRITE("/3", "\"hex\":\"00\""), "path"},
        {"{\"service\":\"Water\"}", "method"},
        {"{\"property\":\"switch\"}", "value"},
        {"{\"operation\":\"dance\",\"path\":\"/3/0/0\"}", "operation"},
        {"{\"operation\":\"read\",\"path\":\"/3/0/0\",\"expire_s\":172801}", "expire_s"},
    };
    enroll(o, PORT, IMEI);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const json_t *problem = office_ask(o, 422, "POST", COMMANDS, rows[i].body);
        assert_string_equal(office_text(problem, "field"), rows[i].field);
    }
    world_expect_silence(&o->w);
    (void)office_ask(o, 404, "POST", "/devices/nobody/commands", READ_3_0_0);
    (void)office_ask(o, 409, "POST", COMMANDS, "{\"service\":\"Water\",\"method\":\"SET\"}");
    (void)office_ask(o, 409, "POST", COMMANDS, "{\"property\":\"switch\",\"value\":true}");
    o->role = API_VIEWER;
    (void)office_ask(o, 403, "POST", COMMANDS, READ_3_0_0);
}

static void observing_and_canceling_it_are_commands(void **state)
{
    struct office *o = *state;
    enroll(o, PORT, IMEI);
    int64_t id = give(o, 202, "{\"operation\":\"observe\",\"path\":\"/3/0/9\"}");
    world_expect(&o->w, PORT, "4401 <mid> <token> 60 51 33 01 30 01 39");
    answer(o, BC_COAP_CONTENT, "61 01 60 FF 3530"); /* Observe 1 */
    expect_state(o, id, "SUCCESSFUL");
    id = give(o, 202, "{\"operation\":\"cancel\",\"path\":\"/3/0/9\"}");
    world_expect(&o->w, PORT, "4401 <mid> <token> 61 01 51 33 01 30 01 39");
    answer(o, BC_COAP_CONTENT, "C0 FF 3530");
    expect_state(o, id, "SUCCESSFUL");
    id = give(o, 200, "{\"operation\":\"cancel\",\"path\":\"/3/0/9\"}");
    expect_reason(o, id, "FAILED", "this path is not observed, or about to change");
    id = give(o, 202, "{\"operation\":\"observe\",\"path\":\"/3/0/9\"}");
    world_expect(&o->w, PORT, "4401 <mid> <token> 60 51 33 01 30 01 39");
    answer(o, BC_COAP_CONTENT, "C0 FF 3530");
    expect_reason(o, id, "FAILED", "the device does not let this be observed");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, office_teardown)
#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, setup_file, office_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(command_leaves_at_once_and_its_answer_is_its_end),
        TEST(wait_is_handed_to_whoever_answers),
        TEST(one_command_of_a_device_leaves_at_a_time),
        TEST(delivered_is_what_is_acknowledged_but_not_answered),
        TEST(errors_of_the_device_are_failures_with_a_reason),
        TEST(silence_of_one_device_blocks_neither_others_nor_itself),
        TEST(command_behind_a_silent_one_does_not_wait_for_long),
        TEST(queue_mode_holds_commands_until_the_device_speaks),
        TEST(queue_mode_sends_while_the_device_is_awake),
        TEST(queue_mode_commands_leave_one_after_the_other),
        TEST(power_saving_of_the_product_is_queue_mode_too),
        TEST(dp_is_a_word_of_the_device),
        TEST(command_that_nobody_fetches_expires),
        TEST(late_word_does_not_fetch_what_has_expired),
        TEST(command_for_now_fails_when_the_device_is_not_there),
        TEST(command_waits_two_days_for_a_device_that_is_away),
        TEST(command_waits_for_a_device_that_has_never_been_there),
        TEST(canceled_command_is_not_sent),
        TEST(canceled_command_that_was_sent_stays_canceled),
        TEST(removed_device_takes_its_commands_with_it),
        TEST(reading_is_repeated_once_after_a_new_registration),
        TEST(execution_is_not_repeated_after_a_new_registration),
        TEST(hundred_commands_may_wait_for_a_device),
        TEST(ended_commands_are_kept_up_to_a_limit),
        TEST(commands_are_listed_the_newest_first),
        FILE_TEST(waiting_commands_outlive_a_restart),
        FILE_TEST(sent_commands_are_repeated_or_given_up_after_a_restart),
        TEST(command_that_is_not_stored_does_not_exist),
        TEST(end_that_is_not_stored_is_stored_later),
        TEST(silence_while_the_store_fails_is_stored_later),
        TEST(values_are_written_as_the_path_wants_them),
        TEST(nonsense_is_refused_with_the_field),
        TEST(observing_and_canceling_it_are_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
