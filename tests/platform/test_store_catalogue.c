/*
 * The catalogue's rows (platform/store: catalogue.h, account_rows.h), and how a file of an older
 * version comes to have them.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account_rows.h"
#include "base/sink.h"
#include "catalogue.h"
#include "inside.h"
#include "world.h"

#define UTC_MS INT64_C(1790000000000)

static char path[] = "/tmp/bc-test-catalogue-XXXXXX";

static struct bc_store *open_at(const char *where)
{
    struct bc_store_config config = {.path = where, .rows_max = 100};
    char problem[BC_STORE_PROBLEM_BYTES] = "";
    struct bc_store *store = bc_store_open(&config, problem);
    assert_string_equal(problem, "");
    assert_non_null(store);
    return store;
}

static int setup(void **state)
{
    *state = open_at(":memory:");
    return 0;
}

static int teardown(void **state)
{
    bc_store_close(*state);
    return 0;
}

static int setup_file(void **state)
{
    (void)state;
    strcpy(path, "/tmp/bc-test-catalogue-XXXXXX");
    int fd = mkstemp(path);
    close(fd);
    return fd < 0;
}

static int teardown_file(void **state)
{
    char log[64];
    (void)state;
    snprintf(log, sizeof(log), "%s-wal", path);
    (void)unlink(log);
    return unlink(path);
}

static bool commit(struct bc_store *store)
{
    struct bc_store_time now = {1000, UTC_MS};
    return bc_store_commit(store, &now);
}

/* Versions -------------------------------------------------------------------------------------*/

/* As version 1 wrote it: this text never changes. */
static const char version_1[] =
    "CREATE TABLE devices (id INTEGER PRIMARY KEY, endpoint BLOB NOT NULL UNIQUE,"
    " registered INTEGER NOT NULL, registration TEXT NOT NULL, address BLOB NOT NULL,"
    " port INTEGER NOT NULL, listener TEXT NOT NULL, lifetime_s INTEGER NOT NULL,"
    " binding TEXT NOT NULL, version TEXT NOT NULL, carrier TEXT NOT NULL,"
    " observe_all INTEGER NOT NULL, links BLOB NOT NULL, registered_ms INTEGER NOT NULL,"
    " seen_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL);"
    "CREATE INDEX devices_registered ON devices (id) WHERE registered = 1;"
    "CREATE TABLE observations (device INTEGER NOT NULL, path TEXT NOT NULL,"
    " accept INTEGER NOT NULL, token INTEGER NOT NULL, sequence INTEGER NOT NULL,"
    " seen_ms INTEGER NOT NULL, PRIMARY KEY (device, path)) WITHOUT ROWID;"
    "CREATE TABLE data (id INTEGER PRIMARY KEY, device INTEGER NOT NULL, number INTEGER NOT NULL,"
    " time_ms INTEGER NOT NULL, kind INTEGER NOT NULL, path TEXT, code INTEGER NOT NULL,"
    " format INTEGER, payload BLOB NOT NULL, observe INTEGER, confirmable INTEGER NOT NULL,"
    " stale INTEGER NOT NULL, more INTEGER NOT NULL, partial INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX data_of_device ON data (device, number);"
    "CREATE INDEX data_partial ON data (device, path) WHERE partial = 1;"
    "CREATE TABLE replies (id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL,"
    " count INTEGER NOT NULL, bytes BLOB NOT NULL);"
    "CREATE TABLE headroom (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
    "INSERT INTO devices VALUES (1, x'78', 1, 'ABCDEFGHIJ', x'7F000001', 7001, 'coap', 300, 'U',"
    " '1.0', 'iot', 0, x'3C2F31392F303E', 1789999990000, 1789999990000, 1790009990000);"
    "INSERT INTO observations VALUES (1, '/19/0/0', 42, 77, 5, 1789999990000);"
    "INSERT INTO data VALUES (1, 1, 1, 1789999990000, 0, '/19/0/0', 69, 42, x'0102', 5, 1, 0, 0,"
    " 0);"
    "PRAGMA application_id = 0x42433236; PRAGMA user_version = 1;";

static void run_sql(const char *where, const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(where, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* The only value of a query as text, to be freed. */
static char *ask(struct bc_store *store, const char *text)
{
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(store->db, text, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    char *value = strdup((const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return value;
}

static bool count_rows(void *context, const struct bc_store_row *row)
{
    assert_true(bc_view_equal(row->payload, (bc_view){(const uint8_t *)"\1\2", 2}));
    ++*(int *)context;
    return true;
}

static void file_of_version_1_goes_on(void **state)
{
    struct world w;
    struct bc_store_counts counts;
    struct bc_store_time now;
    struct bc_server_observation observation;
    int rows = 0;
    (void)state;
    run_sql(path, version_1);
    struct bc_store *store = open_at(path);
    world_begin(&w, "iot");
    now = (struct bc_store_time){w.now_ms, UTC_MS};
    assert_true(bc_store_restore(store, w.server, &now, &counts));
    assert_int_equal(counts.devices, 1);
    assert_int_equal(counts.skipped, 0);
    assert_non_null(bc_server_next_observation(w.server, BC_TEXT("x"), NULL, &observation));
    assert_int_equal(observation.token, 77);
    assert_true(bc_store_read(store, BC_TEXT("x"), 1, 10, count_rows, &rows));
    assert_int_equal(rows, 1);
    int64_t id = 0;
    struct bc_product product = {
        .name = BC_TEXT("Meters"), .carrier = BC_TEXT("iot"), .settings = BC_TEXT("{}")};
    assert_true(bc_catalogue_add_product(store, &product, &id));
    assert_true(commit(store));
    bc_store_close(store);
    store = open_at(path); /* and is not migrated again */
    assert_int_equal(bc_catalogue_product_named(store, BC_TEXT("Meters")), id);
    bc_store_close(store);
    world_take_all(&w);
    world_end(&w);
}

/* A file that grew up is like one that was born yesterday, blanks apart. */
static void migrated_file_has_the_same_schema(void **state)
{
    static const char schema[] =
        "SELECT group_concat(replace(coalesce(sql, name), '( ', '('), ';') FROM"
        " (SELECT name, sql FROM sqlite_schema ORDER BY type, name)";
    struct bc_store *fresh = *state;
    (void)setup_file(NULL);
    run_sql(path, version_1);
    struct bc_store *grown = open_at(path);
    char *expected = ask(fresh, schema), *seen = ask(grown, schema);
    assert_non_null(strstr(expected, "CREATE TABLE task_devices"));
    assert_string_equal(seen, expected);
    char *version = ask(grown, "PRAGMA user_version"),
         *whole = ask(grown, "PRAGMA integrity_check");
    char *group = ask(grown, "SELECT name FROM groups WHERE id = 1");
    assert_string_equal(version, "3");
    assert_string_equal(whole, "ok");
    assert_string_equal(group, "default");
    free(expected);
    free(seen);
    free(version);
    free(whole);
    free(group);
    bc_store_close(grown);
    (void)teardown_file(NULL);
}

/* Rows -----------------------------------------------------------------------------------------*/

static int64_t add_product(struct bc_store *store, const char *name)
{
    int64_t id = 0;
    struct bc_product product = {
        .name = bc_view_of(name),
        .carrier = BC_TEXT("aep"),
        .settings = BC_TEXT("{\"observe_all\":true,\"product_id\":\"590\"}"),
        .created_ms = UTC_MS,
    };
    assert_true(bc_catalogue_add_product(store, &product, &id));
    return id;
}

static void add_device(struct bc_store *store, int64_t product, const char *endpoint)
{
    struct bc_provision provision = {
        .endpoint = bc_view_of(endpoint), .product = product, .settings = BC_TEXT("{}")};
    assert_true(bc_catalogue_add_provision(store, &provision));
}

static bool take_count(void *context, const struct bc_product *product)
{
    *(int64_t *)context = product->devices;
    return true;
}

static int64_t device_count(struct bc_store *store, int64_t product)
{
    int64_t count = -1;
    assert_true(bc_catalogue_product(store, product, take_count, &count));
    return count;
}

static void products_count_their_devices(void **state)
{
    struct bc_store *store = *state;
    int64_t a = add_product(store, "A"), b = add_product(store, "B");
    add_device(store, a, "x");
    add_device(store, a, "y");
    add_device(store, b, "z");
    assert_int_equal(device_count(store, a), 2);
    assert_true(bc_catalogue_remove_provision(store, BC_TEXT("x")));
    assert_true(bc_catalogue_remove_provision(store, BC_TEXT("x"))); /* it is gone already */
    assert_int_equal(device_count(store, a), 1);
    assert_int_equal(device_count(store, b), 1);
}

static void brief_says_what_a_registration_needs(void **state)
{
    struct bc_store *store = *state;
    struct bc_provision_brief brief;
    int64_t product = add_product(store, "A");
    add_device(store, product, "x");
    assert_true(bc_catalogue_brief(store, BC_TEXT("x"), &brief));
    assert_int_equal(brief.product, product);
    assert_string_equal(brief.carrier->name, "aep");
    assert_string_equal(brief.product_id, "590");
    assert_true(brief.observe_all);
    assert_true(brief.automatic);
    assert_false(brief.queued);
    assert_false(bc_catalogue_brief(store, BC_TEXT("y"), &brief));
    assert_false(bc_store_unread(store));
}

/* A row that somebody has spoilt is no reason to lose the others. */
static void damaged_codec_stops_nothing(void **state)
{
    struct bc_store *store = *state;
    int64_t product = add_product(store, "A");
    assert_true(bc_catalogue_put_document(store, product, BC_DOCUMENT_CODEC, BC_TEXT("nonsense")));
    assert_int_equal(device_count(store, product), 0);
    assert_true(commit(store));
}

static bool note_text(void *context, bc_view text)
{
    snprintf(context, 64, "%.*s", (int)text.len, text.ptr);
    return true;
}

static void documents_are_kept_one_by_one(void **state)
{
    struct bc_store *store = *state;
    char text[64] = "";
    int64_t a = add_product(store, "A"), b = add_product(store, "B");
    for (int i = 0; i < BC_DOCUMENT_SETTINGS; i++) {
        char document[32];
        snprintf(document, sizeof(document), "{\"n\":%d}", i);
        assert_true(bc_catalogue_put_document(store, a, (enum bc_document)i, bc_view_of(document)));
    }
    for (int i = 0; i < BC_DOCUMENT_SETTINGS; i++) {
        char document[32];
        snprintf(document, sizeof(document), "{\"n\":%d}", i);
        assert_true(bc_catalogue_document(store, a, (enum bc_document)i, note_text, text));
        assert_string_equal(text, document);
    }
    assert_false(bc_catalogue_document(store, b, BC_DOCUMENT_PROFILE, note_text, text));
    assert_true(bc_catalogue_put_document(store, a, BC_DOCUMENT_CODEC, (bc_view){0}));
    assert_false(bc_catalogue_document(store, a, BC_DOCUMENT_CODEC, note_text, text));
    assert_false(bc_catalogue_document(store, 99, BC_DOCUMENT_CODEC, note_text, text));
}

static bool count_keys(void *context, const struct bc_provision_key *key)
{
    (void)key;
    ++*(int *)context;
    return true;
}

static void keys_have_one_device_each(void **state)
{
    struct bc_store *store = *state;
    int64_t product = add_product(store, "A");
    int count = 0;
    add_device(store, product, "x");
    add_device(store, product, "y");
    assert_true(bc_catalogue_put_key(store, BC_TEXT("x"), BC_TEXT("id"), BC_TEXT("key")));
    assert_true(bc_catalogue_identity_taken(store, BC_TEXT("y"), BC_TEXT("id")));
    assert_false(bc_catalogue_identity_taken(store, BC_TEXT("x"), BC_TEXT("id")));
    assert_false(bc_catalogue_identity_taken(store, BC_TEXT("y"), (bc_view){0}));
    bc_catalogue_keys(store, (bc_view){0}, count_keys, &count);
    bc_catalogue_keys(store, BC_TEXT("y"), count_keys, &count);
    assert_int_equal(count, 1);
    assert_true(bc_catalogue_put_key(store, BC_TEXT("x"), (bc_view){0}, (bc_view){0}));
    assert_false(bc_catalogue_identity_taken(store, BC_TEXT("y"), BC_TEXT("id")));
}

static bool take_hook_id(void *context, const struct bc_hook *hook)
{
    *(int64_t *)context = hook->id;
    return true;
}

static bool take_webhook(void *context, const struct bc_webhook *webhook)
{
    int64_t *numbers = context;
    numbers[0] = webhook->queued;
    numbers[1] = webhook->delivered;
    numbers[2] = webhook->failed;
    return true;
}

static void expect_numbers(struct bc_store *store, int64_t webhook, int queued, int delivered,
                           int failed)
{
    int64_t numbers[3] = {0};
    assert_true(bc_accounts_webhook(store, webhook, take_webhook, numbers));
    assert_int_equal(numbers[0], queued);
    assert_int_equal(numbers[1], delivered);
    assert_int_equal(numbers[2], failed);
}

static void queue_of_a_webhook_is_bounded(void **state)
{
    struct bc_store *store = *state;
    int64_t id = 0, first = 0, second = 0;
    struct bc_webhook webhook = {.url = BC_TEXT("http://a"), .events = BC_TEXT("[]")};
    assert_true(bc_accounts_add_webhook(store, &webhook, &id));
    for (int i = 0; i < 4; i++)
        assert_int_equal(bc_accounts_add_hook(store, id, BC_TEXT("{}"), UTC_MS, 3), i < 3);
    expect_numbers(store, id, 3, 0, 1);
    assert_true(bc_accounts_next_hook(store, id, take_hook_id, &first));
    assert_true(bc_accounts_hook_failed(store, id, first, BC_TEXT("why"), UTC_MS + 1));
    expect_numbers(store, id, 3, 0, 1);
    assert_true(bc_accounts_hook_done(store, id, first));
    assert_false(bc_accounts_hook_done(store, id, first));
    expect_numbers(store, id, 2, 1, 1);
    assert_true(bc_accounts_next_hook(store, id, take_hook_id, &second));
    assert_true(second > first);
    assert_true(bc_accounts_hook_failed(store, id, second, BC_TEXT("why"), 0));
    expect_numbers(store, id, 1, 1, 2);
    assert_true(bc_accounts_add_hook(store, id, BC_TEXT("{}"), UTC_MS, 3));
    assert_true(bc_accounts_remove_webhook(store, id));
    assert_false(bc_accounts_next_hook(store, id, take_hook_id, &first));
    assert_true(commit(store));
}

/* Forgetting -----------------------------------------------------------------------------------*/

static const char two_devices[] =
    "INSERT INTO devices SELECT value, CAST('d' || value AS BLOB), 1, 'ABCDEFGHIJ', x'7F000001',"
    " 7001, 'coap', 300, 'U', '1.0', 'iot', 0, x'', 0, 0, 0 FROM json_each('[1,2]');"
    "INSERT INTO observations SELECT value, '/19/0/0', 42, value, 5, 0 FROM json_each('[1,2]');"
    "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 1200)"
    " INSERT INTO data SELECT NULL, value, i, i, 0, '/19/0/0', 69, 42, x'01', 5, 1, 0, 0, 0"
    " FROM n, json_each('[1,2]');"
    "INSERT INTO properties SELECT CAST('d' || device AS BLOB), 'level', time_ms, number, '1'"
    " FROM data;"
    "INSERT INTO latest SELECT CAST('d' || value AS BLOB), 'level', 1200, '1'"
    " FROM json_each('[1,2]');";

static void expect_count(struct bc_store *store, const char *what, const char *expected)
{
    char query[120];
    snprintf(query, sizeof(query), "SELECT count(*) FROM %s", what);
    char *seen = ask(store, query);
    if (strcmp(seen, expected) != 0)
        print_message("%s\n", what);
    assert_string_equal(seen, expected);
    free(seen);
}

static bool stop_stray(void *context, const struct bc_stray *stray)
{
    (void)context, (void)stray;
    return false;
}

static void forgotten_device_goes_little_by_little(void **state)
{
    struct bc_store *store = *state;
    struct bc_store_range range;
    int steps = 0;
    assert_false(bc_catalogue_sweep(store));
    assert_int_equal(sqlite3_exec(store->db, two_devices, NULL, NULL, NULL), SQLITE_OK);
    assert_true(bc_catalogue_forget(store, BC_TEXT("d1"), 1100));
    assert_false(bc_store_range(store, BC_TEXT("d1"), &range));
    bc_catalogue_registered(store, 1, stop_stray, NULL);
    expect_count(store, "data", "2400");
    expect_count(store, "observations", "1");
    expect_count(store, "latest", "1");
    while (bc_catalogue_sweep(store))
        assert_true(++steps < 20);
    assert_true(steps >= 1200 / 500 * 2);
    assert_true(commit(store));
    expect_count(store, "data WHERE device = 1", "0");
    expect_count(store, "data WHERE device = 2", "1200");
    expect_count(store, "properties WHERE device = x'6432'", "1200");
    /* What has come since is another device's, of the same name. */
    expect_count(store, "properties WHERE device = x'6431'", "100");
    expect_count(store, "devices", "1");
    expect_count(store, "forgotten", "0");
    assert_true(bc_store_range(store, BC_TEXT("d2"), &range));
    assert_int_equal(range.last, 1200);
}

/* Cost -----------------------------------------------------------------------------------------*/

static bool stop_provision(void *context, const struct bc_provision *provision)
{
    (void)context, (void)provision;
    return false;
}

/* What is asked all the time must not become dearer with each device. */
static void no_statement_looks_at_all_rows(void **state)
{
    struct bc_store *store = *state;
    struct bc_provision_brief brief;
    int64_t seen_ms;
    int64_t product = add_product(store, "A");
    for (int i = 0; i < 200; i++) {
        char endpoint[16];
        snprintf(endpoint, sizeof(endpoint), "e%d", i);
        add_device(store, product, endpoint);
    }
    assert_true(bc_catalogue_brief(store, BC_TEXT("e77"), &brief));
    assert_true(bc_catalogue_provision(store, BC_TEXT("e77"), stop_provision, NULL));
    assert_true(bc_catalogue_put_key(store, BC_TEXT("e77"), BC_TEXT("id"), BC_TEXT("key")));
    assert_false(bc_catalogue_identity_taken(store, BC_TEXT("e77"), BC_TEXT("id")));
    bc_catalogue_provisions(store, 0, 100, stop_provision, NULL);
    int64_t other = add_product(store, "B");
    add_device(store, other, "f");
    bc_catalogue_provisions(store, other, 0, stop_provision, NULL);
    bc_catalogue_registered(store, 0, stop_stray, NULL);
    assert_false(bc_catalogue_stray(store, BC_TEXT("e77"), &seen_ms));
    assert_true(bc_catalogue_forget(store, BC_TEXT("e77"), UTC_MS));
    assert_true(bc_catalogue_remove_provision(store, BC_TEXT("e77")));
    assert_int_equal(device_count(store, product), 199);
    for (sqlite3_stmt *s = sqlite3_next_stmt(store->db, NULL); s != NULL;
         s = sqlite3_next_stmt(store->db, s)) {
        if (sqlite3_stmt_status(s, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0) > 0)
            print_message("%s\n", sqlite3_sql(s));
        assert_int_equal(sqlite3_stmt_status(s, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0), 0);
        assert_int_equal(sqlite3_stmt_status(s, SQLITE_STMTSTATUS_SORT, 0), 0);
        if (strstr(sqlite3_sql(s), "product = ?2") != NULL)
            assert_in_range(sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 0), 1, 100);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(file_of_version_1_goes_on, setup_file, teardown_file),
        TEST(migrated_file_has_the_same_schema),
        TEST(products_count_their_devices),
        TEST(brief_says_what_a_registration_needs),
        TEST(damaged_codec_stops_nothing),
        TEST(documents_are_kept_one_by_one),
        TEST(keys_have_one_device_each),
        TEST(queue_of_a_webhook_is_bounded),
        TEST(forgotten_device_goes_little_by_little),
        TEST(no_statement_looks_at_all_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
