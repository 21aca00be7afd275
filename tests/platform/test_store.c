/*
 * The store (platform/store): what the server tells is there for the next run, or, when it cannot
 * be written, nobody was told so. A server on a virtual clock stands before it, and a real file
 * behind.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/sink.h"
#include "store.h"
#include "world.h"

#define OBSERVE_19_0_0 "4401 <mid> <token> 60 52 3139 0130 0130 61 2A"
#define LINKS "</3/0>,</19/0>,</19/1>"
#define UTC_MS INT64_C(1790000000000)
#define ROWS_SEEN_MAX 64

/* A run: a world, and its store in a file that stays for the next one. */
struct run {
    struct world w;
    struct bc_store *store;
    struct bc_store_counts restored;
    void (*on_event)(void *context, const struct bc_server_event *event);
    int64_t ahead_ms; /* UTC before this run's clock */
};

static char folder[] = "/tmp/bc-test-store-XXXXXX";
static char path[64];

static struct bc_store_time time_of(const struct run *r)
{
    return (struct bc_store_time){r->w.now_ms, r->ahead_ms + (int64_t)r->w.now_ms};
}

/* The world has one context, itself, which is the first member of a run. */
static void on_event(void *context, const struct bc_server_event *event)
{
    struct run *r = context;
    struct bc_store_time now = time_of(r);
    r->on_event(&r->w, event);
    if (r->store != NULL)
        bc_store_on_event(r->store, event, &now);
}

static void on_reply(void *context, const struct bc_address *to, uint16_t message_id, bc_view reply)
{
    struct run *r = context;
    if (r->store != NULL)
        bc_store_on_reply(r->store, to, message_id, reply);
}

static struct bc_store *open_store(uint64_t rows_max)
{
    struct bc_store_config config = {.path = path, .rows_max = rows_max};
    char problem[BC_STORE_PROBLEM_BYTES] = "";
    struct bc_store *store = bc_store_open(&config, problem);
    assert_string_equal(problem, "");
    assert_non_null(store);
    return store;
}

static void begin_with(struct run *r, int64_t ahead_ms, uint64_t rows_max)
{
    struct bc_server_config config = bc_server_config_default();
    static uint64_t seed = 7;
    config.seed = seed++;
    config.events |= BC_STORE_EVENTS;
    config.on_reply = on_reply;
    r->on_event = world_on_event;
    world_begin_telling(&r->w, "iot", &config, on_event);
    r->ahead_ms = ahead_ms;
    r->store = open_store(rows_max);
    struct bc_store_time now = time_of(r);
    assert_true(bc_store_restore(r->store, r->w.server, &now, &r->restored));
    assert_int_equal(r->restored.skipped, 0);
}

static void begin(struct run *r)
{
    begin_with(r, UTC_MS, 1000);
}

static bool commit(struct run *r)
{
    struct bc_store_time now = time_of(r);
    return bc_store_commit(r->store, &now);
}

/* As a power cut would, as far as one process can: nothing is written any more. */
static void end(struct run *r)
{
    bc_store_close(r->store);
    r->store = NULL;
    world_end(&r->w);
}

/* Commits, and the same device goes on in another run. */
static void restart(struct run *r)
{
    struct world old = r->w;
    assert_true(commit(r));
    end(r);
    begin_with(r, UTC_MS + 60000, 1000);
    memcpy(r->w.id, old.id, sizeof(old.id));
    memcpy(r->w.token, old.token, sizeof(old.token));
}

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/bc-test-store-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/store", folder);
    return 0;
}

static int teardown(void **state)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
    char name[80];
    (void)state;
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", path, tails[i]);
        (void)unlink(name);
    }
    return rmdir(folder);
}

struct rows {
    struct bc_store_row list[ROWS_SEEN_MAX];
    char payloads[ROWS_SEEN_MAX][40];
    size_t count;
};

static bool take_row(void *context, const struct bc_store_row *row)
{
    struct rows *rows = context;
    assert_true(rows->count < ROWS_SEEN_MAX);
    rows->list[rows->count] = *row;
    snprintf(rows->payloads[rows->count++], 40, "%.*s", (int)row->payload.len,
             row->payload.len == 0 ? "" : (const char *)row->payload.ptr);
    return true;
}

static struct rows read_all(struct run *r, const char *endpoint)
{
    struct rows rows = {.count = 0};
    assert_true(bc_store_read(r->store, bc_view_of(endpoint), 0, ROWS_SEEN_MAX, take_row, &rows));
    return rows;
}

static void observe(struct run *r)
{
    world_register(&r->w, 7001, "x", LINKS);
    world_expect_event(&r->w, BC_SERVER_REGISTERED);
    world_expect(&r->w, 7001, OBSERVE_19_0_0);
    world_answer(&r->w, 7001, BC_COAP_CONTENT, "6105 61 2A FF 61");
    world_expect_event(&r->w, BC_SERVER_OBSERVED);
    assert_true(commit(r));
}

/* CON with this message id, sequence number and letter. */
static void report(struct run *r, unsigned number, char letter)
{
    char hex[100];
    snprintf(hex, sizeof(hex), "4445 %04X <token> 61%02X 61 2A FF %02X", number, number & 0xFF,
             (unsigned)letter);
    world_feed(&r->w, 7001, hex);
}

static void expect_ack(struct run *r, unsigned number)
{
    char hex[20];
    snprintf(hex, sizeof(hex), "6000 %04X", number);
    world_expect(&r->w, 7001, hex);
}

static void expect_report(struct run *r, unsigned number, char letter, bool stale)
{
    report(r, number, letter);
    assert_int_equal(world_expect_event(&r->w, BC_SERVER_NOTIFIED)->stale, stale);
    assert_true(bc_store_pending(r->store));
    assert_true(commit(r));
    expect_ack(r, number);
}

static void device_goes_on_in_the_next_run(void **state)
{
    (void)state;
    static struct run r;
    begin(&r);
    observe(&r);
    expect_report(&r, 6, 'b', false);
    expect_report(&r, 7, 'c', false);
    restart(&r);
    assert_int_equal(r.restored.devices, 1);
    assert_int_equal(r.restored.observations, 1);
    world_expect_silence(&r.w);
    report(&r, 7, 'c'); /* repeated: its acknowledgement was lost */
    expect_ack(&r, 7);
    world_expect_no_event(&r.w);
    assert_false(bc_store_pending(r.store));
    expect_report(&r, 6 + 256, 'x', true); /* an old sequence number in a new message */
    expect_report(&r, 8, 'd', false);
    world_feed(&r.w, 7001, "4002 0900 B2 7264 0A<id>");
    world_expect(&r.w, 7001, "6044 0900");
    world_expect_event(&r.w, BC_SERVER_UPDATED);
    const struct rows rows = read_all(&r, "x");
    assert_int_equal(rows.count, 5);
    for (size_t i = 0; i < rows.count; i++)
        assert_int_equal(rows.list[i].number, i + 1);
    assert_string_equal(rows.payloads[0], "a");
    assert_int_equal(rows.list[0].kind, BC_STORE_RESPONSE);
    assert_int_equal(rows.list[0].observe, -1);
    assert_string_equal(rows.payloads[2], "c");
    assert_int_equal(rows.list[2].kind, BC_STORE_NOTIFY);
    assert_int_equal(rows.list[2].observe, 7);
    assert_int_equal(rows.list[2].code, BC_COAP_CONTENT);
    assert_int_equal(rows.list[2].format, BC_COAP_FORMAT_OPAQUE);
    assert_true(rows.list[2].confirmable);
    assert_true(rows.list[3].stale);
    restart(&r);
    end(&r);
}

static void registration_ends_by_the_clock_on_the_wall(void **state)
{
    (void)state;
    static struct run r;
    begin(&r);
    observe(&r);
    end(&r);
    begin_with(&r, UTC_MS + 500000, 1000); /* 500 s later; it has 547 */
    assert_int_equal(r.restored.devices, 1);
    world_wait_quietly(&r.w, 47000);
    world_expect_event(&r.w, BC_SERVER_EXPIRED);
    restart(&r);
    assert_int_equal(r.restored.devices, 0);
    observe(&r);
    end(&r);
    begin_with(&r, UTC_MS + 9000000, 1000); /* it ended while nobody was there */
    bc_server_on_time(r.w.server, r.w.now_ms);
    world_expect_event(&r.w, BC_SERVER_EXPIRED);
    world_expect_silence(&r.w);
    end(&r);
}

static void clock_that_was_set_back_makes_no_registration_longer(void **state)
{
    (void)state;
    static struct run r;
    begin(&r);
    observe(&r);
    end(&r);
    begin_with(&r, UTC_MS - 90000000, 1000);
    world_wait_quietly(&r.w, 547000);
    world_expect_event(&r.w, BC_SERVER_EXPIRED);
    end(&r);
}

static void ends_of_registrations_and_observations_are_kept(void **state)
{
    (void)state;
    static struct run r;
    begin(&r);
    observe(&r);
    assert_int_equal(world_request(&r.w, "x", BC_SERVER_CANCEL, "/19/0/0", 5), BC_OK);
    world_expect(&r.w, 7001, "4401 <mid> <token> 6101 52 3139 0130 0130");
    world_answer(&r.w, 7001, BC_COAP_CONTENT, "");
    world_expect_event(&r.w, BC_SERVER_RESPONDED);
    restart(&r);
    assert_int_equal(r.restored.devices, 1);
    assert_int_equal(r.restored.observations, 0);
    world_expect(&r.w, 7001, OBSERVE_19_0_0); /* what its carrier wants */
    world_answer(&r.w, 7001, BC_COAP_CONTENT, "6105 61 2A FF 61");
    world_expect_event(&r.w, BC_SERVER_OBSERVED);
    report(&r, 9, 'q');
    expect_ack(&r, 9);
    world_expect_event(&r.w, BC_SERVER_NOTIFIED);
    world_feed(&r.w, 7001, "4484 0a01 <token>"); /* 4.04 */
    world_expect(&r.w, 7001, "6000 0a01");
    assert_true(world_expect_event(&r.w, BC_SERVER_NOTIFIED)->over);
    assert_true(commit(&r));
    world_feed(&r.w, 7001, "4004 0104 B2 7264 0A<id>");
    world_expect(&r.w, 7001, "6042 0104");
    world_expect_event(&r.w, BC_SERVER_DEREGISTERED);
    restart(&r);
    assert_int_equal(r.restored.devices, 0);
    assert_int_equal(read_all(&r, "x").count, 4); /* its data stays */
    end(&r);
}

/* CON POST /dp?ep=x */
static void dp(struct run *r, unsigned number)
{
    char hex[100];
    snprintf(hex, sizeof(hex), "4002 %04X B2 6470 44 65703D78 FF 7B7D", number);
    world_feed(&r->w, 7001, hex);
    snprintf(hex, sizeof(hex), "6044 %04X", number);
    world_expect_event(&r->w, BC_SERVER_DP);
    assert_true(commit(r));
    world_expect(&r->w, 7001, hex);
}

static void oldest_rows_go_and_numbers_go_on(void **state)
{
    (void)state;
    static struct run r;
    struct bc_store_range range;
    begin_with(&r, UTC_MS, 10);
    world_register(&r.w, 7001, "x", "");
    world_expect_event(&r.w, BC_SERVER_REGISTERED);
    for (unsigned i = 1; i <= 25; i++)
        dp(&r, i);
    assert_true(bc_store_range(r.store, BC_TEXT("x"), &range));
    assert_int_equal(range.first, 16);
    assert_int_equal(range.last, 25);
    struct rows rows = {.count = 0};
    assert_true(bc_store_read(r.store, BC_TEXT("x"), 20, 3, take_row, &rows));
    assert_int_equal(rows.count, 3);
    assert_int_equal(rows.list[0].number, 20);
    assert_int_equal(rows.list[0].kind, BC_STORE_DP);
    assert_int_equal(rows.list[0].path.len, 0);
    end(&r);
    begin_with(&r, UTC_MS, 4); /* fewer from now on: a few go with each new row */
    for (unsigned i = 26; i <= 30; i++)
        dp(&r, i);
    assert_true(bc_store_range(r.store, BC_TEXT("x"), &range));
    assert_int_equal(range.first, 27);
    assert_int_equal(range.last, 30);
    assert_false(bc_store_range(r.store, BC_TEXT("y"), &range));
    end(&r);
}

static void value_in_blocks_is_one_row_from_its_first_block_on(void **state)
{
    (void)state;
    static struct run r;
    uint8_t token[4];
    begin(&r);
    observe(&r);
    memcpy(token, r.w.token, sizeof(token));
    world_feed(&r.w, 7001,
               "4445 0101 <token> 6106 61 2A B1 08 FF 61626364656667686162636465666768");
    world_expect_event(&r.w, BC_SERVER_NOTIFYING);
    assert_true(commit(&r));
    world_expect(&r.w, 7001, "6000 0101");
    world_expect(&r.w, 7001, "4401 <mid> <token> B2 3139 0130 0130 61 2A 61 10");
    struct rows rows = read_all(&r, "x");
    assert_int_equal(rows.count, 2);
    assert_string_equal(rows.payloads[1], "abcdefghabcdefgh");
    assert_true(rows.list[1].more);
    world_answer(&r.w, 7001, BC_COAP_CONTENT, "C1 2A B1 10 FF 7A");
    assert_true(world_expect_event(&r.w, BC_SERVER_NOTIFIED)->begun);
    memcpy(r.w.token, token, sizeof(token));
    expect_report(&r, 7, 'z', false);
    rows = read_all(&r, "x");
    assert_int_equal(rows.count, 3);
    assert_string_equal(rows.payloads[1], "abcdefghabcdefghz");
    assert_false(rows.list[1].more);
    restart(&r);
    assert_int_equal(read_all(&r, "x").count, 3);
    end(&r);
}

/* Names that would be more than names, were they ever part of a statement. */
static void strings_of_devices_are_never_executed(void **state)
{
    (void)state;
    static const char *const names[] = {
        "x'); DROP TABLE devices; --",
        "x\" OR \"\"=\"",
        "'; DELETE FROM data; --",
        "?1",
        ":endpoint",
        "%s%n",
        "x'; ATTACH '/tmp/other' AS o; --",
        "\xff\xfe\x01",
    };
    static struct run r;
    const size_t count = sizeof(names) / sizeof(names[0]);
    char links[100];
    begin(&r);
    for (size_t i = 0; i < count; i++) {
        snprintf(links, sizeof(links), "</3/0>;x=\"'); DROP TABLE data; --%zu\"", i);
        world_register(&r.w, (uint16_t)(7100 + i), names[i], links);
        world_expect_event(&r.w, BC_SERVER_REGISTERED);
    }
    restart(&r);
    assert_int_equal(r.restored.devices, count);
    for (size_t i = 0; i < count; i++) {
        struct bc_server_device device;
        assert_true(bc_server_find(r.w.server, bc_view_of(names[i]), &device));
        assert_int_equal(device.address.port, 7100 + i);
        assert_int_equal(device.links.ptr[device.links.len - 2], '0' + (char)i);
        assert_int_equal(read_all(&r, names[i]).count, 0);
    }
    end(&r);
}

/* Reports fail to be written beyond this many bytes. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static bool recover(struct run *r)
{
    struct bc_store_time now = time_of(r);
    return bc_store_recover(r->store, r->w.server, &now);
}

static void full_disk_acknowledges_nothing_and_passes(void **state)
{
    (void)state;
    static struct run r;
    begin(&r);
    observe(&r);
    expect_report(&r, 6, 'b', false);
    signal(SIGXFSZ, SIG_IGN);
    limit_files(4096);
    report(&r, 7, 'c');
    world_expect_event(&r.w, BC_SERVER_NOTIFIED);
    world_register_silently(&r.w, 7002, "y", LINKS);
    world_expect_event(&r.w, BC_SERVER_REGISTERED);
    assert_false(commit(&r));
    assert_true(strlen(bc_store_problem(r.store)) > 0);
    bc_server_discard(r.w.server);
    world_expect_silence(&r.w);
    assert_false(recover(&r));
    report(&r, 7, 'c'); /* nobody should, but the store minds it not */
    world_expect_event(&r.w, BC_SERVER_NOTIFIED);
    assert_false(bc_store_pending(r.store));
    bc_server_discard(r.w.server);
    limit_files(RLIM_INFINITY);
    assert_true(recover(&r));
    expect_report(&r, 7, 'c', false);
    const struct rows rows = read_all(&r, "x");
    assert_int_equal(rows.count, 3);
    assert_int_equal(rows.list[2].number, 3);
    assert_string_equal(rows.payloads[2], "c");
    restart(&r);
    assert_int_equal(r.restored.devices, 2); /* what the server knows was brought up to date */
    world_expect(&r.w, 7002, OBSERVE_19_0_0);
    end(&r);
}

static void end_that_was_not_stored_is_stored_later(void **state)
{
    (void)state;
    static struct run r;
    begin(&r);
    observe(&r);
    signal(SIGXFSZ, SIG_IGN);
    limit_files(4096);
    world_feed(&r.w, 7001, "4004 0104 B2 7264 0A<id>");
    world_expect_event(&r.w, BC_SERVER_DEREGISTERED);
    assert_false(commit(&r));
    bc_server_discard(r.w.server);
    limit_files(RLIM_INFINITY);
    assert_true(recover(&r));
    restart(&r);
    assert_int_equal(r.restored.devices, 0);
    end(&r);
}

static void expect_refused(const char *why)
{
    struct bc_store_config config = {.path = path, .rows_max = 1};
    char problem[BC_STORE_PROBLEM_BYTES];
    assert_null(bc_store_open(&config, problem));
    if (strstr(problem, why) == NULL)
        fail_msg("'%s' does not say '%s'", problem, why);
}

static void write_file(off_t at, const char *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, at), len);
    close(fd);
}

static void run_sql(const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void foreign_damaged_and_newer_files_are_refused(void **state)
{
    (void)state;
    char text[2000];
    memset(text, 'x', sizeof(text));
    write_file(0, text, sizeof(text));
    expect_refused("no store of bc260y-platform");
    assert_int_equal(unlink(path), 0);
    run_sql("CREATE TABLE t (a)");
    expect_refused("no store of bc260y-platform");
    assert_int_equal(unlink(path), 0);
    bc_store_close(open_store(1));
    run_sql("PRAGMA user_version = 4");
    expect_refused("newer version");
    run_sql("PRAGMA user_version = 3; DROP TABLE data");
    expect_refused("no such table");
    assert_int_equal(unlink(path), 0);
    bc_store_close(open_store(1));
    write_file(100, text, sizeof(text)); /* the page of the schema */
    expect_refused("damaged");
}

static void second_one_is_refused(void **state)
{
    (void)state;
    struct bc_store *store = open_store(1);
    expect_refused("another process");
    bc_store_close(store);
    bc_store_close(open_store(1));
}

static void damaged_rows_are_left_out_and_counted(void **state)
{
    (void)state;
    static struct run r;
    begin(&r);
    for (uint16_t i = 0; i < 6; i++) {
        char name[] = {(char)('a' + i), '\0'};
        world_register(&r.w, (uint16_t)(7100 + i), name, "");
        world_expect_event(&r.w, BC_SERVER_REGISTERED);
    }
    assert_true(commit(&r));
    end(&r);
    run_sql("UPDATE devices SET registration = 'short' WHERE endpoint = x'61';"
            "UPDATE devices SET carrier = 'nobody' WHERE endpoint = x'62';"
            "UPDATE devices SET address = x'0102' WHERE endpoint = x'63';"
            "UPDATE devices SET lifetime_s = -1 WHERE endpoint = x'64';"
            "UPDATE devices SET expires_ms = 9223372036854775807, seen_ms = -1"
            " WHERE endpoint = x'65';"
            "INSERT INTO observations VALUES (6, 'x', 1, 2, 3, 4), (6, '/1', 1, -2, 3, 4)");
    r.store = open_store(1);
    struct bc_server_config config = bc_server_config_default();
    world_begin_with(&r.w, "iot", &config);
    struct bc_store_time now = {r.w.now_ms, UTC_MS};
    assert_true(bc_store_restore(r.store, r.w.server, &now, &r.restored));
    assert_int_equal(r.restored.devices, 2);
    assert_int_equal(r.restored.skipped, 6);
    end(&r);
}

/* No step may look at all rows: the time of one does not grow with them. */
static void replies_in_the_file_are_bounded_by_their_age(void **state)
{
    (void)state;
    static struct run r;
    sqlite3 *db;
    sqlite3_stmt *count;
    begin(&r);
    world_register(&r.w, 7001, "x", "");
    world_expect_event(&r.w, BC_SERVER_REGISTERED);
    for (unsigned i = 1; i <= 40; i++) {
        world_wait(&r.w, 10000);                            /* 400 s in all */
        world_feed(&r.w, 7001, "4002 0105 B2 7264 0A<id>"); /* keeps it registered */
        world_take_all(&r.w);
        r.w.event_seen = r.w.event_count = 0;
        dp(&r, 0x1000 + i);
        r.w.event_seen = r.w.event_count = 0;
    }
    end(&r);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM replies", -1, &count, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(count), SQLITE_ROW);
    assert_in_range(sqlite3_column_int(count, 0), 20, 27);
    sqlite3_finalize(count);
    sqlite3_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(device_goes_on_in_the_next_run),
        TEST(registration_ends_by_the_clock_on_the_wall),
        TEST(clock_that_was_set_back_makes_no_registration_longer),
        TEST(ends_of_registrations_and_observations_are_kept),
        TEST(oldest_rows_go_and_numbers_go_on),
        TEST(value_in_blocks_is_one_row_from_its_first_block_on),
        TEST(strings_of_devices_are_never_executed),
        TEST(full_disk_acknowledges_nothing_and_passes),
        TEST(end_that_was_not_stored_is_stored_later),
        TEST(foreign_damaged_and_newer_files_are_refused),
        TEST(second_one_is_refused),
        TEST(damaged_rows_are_left_out_and_counted),
        TEST(replies_in_the_file_are_bounded_by_their_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
