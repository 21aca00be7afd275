/*
 * Tokens and webhooks (platform/service): who may ask, and who is told.
 */
#include "office.h"

#include <stdio.h>
#include <string.h>

#include "accounts.h"
#include "base/sink.h"

#define IMEI "867724030023557"
#define PORT 7001

/* A device speaks; what it is told is not looked at. */
static void registers(struct office *o, const char *endpoint)
{
    (void)world_register_silently(&o->w, PORT, endpoint, "</3/0>");
    office_commit(o);
    world_take_all(&o->w);
}

/* Tokens ---------------------------------------------------------------------------------------*/

static void token_is_told_once_and_found_by_its_text(void **state)
{
    struct office *o = *state;
    struct service_token token;
    char text[64];
    int64_t utc_ms = office_now(o).utc_ms;
    const json_t *made =
        office_ask(o, 201, "POST", "/tokens", "{\"name\":\"Ann\",\"role\":\"operator\"}");
    snprintf(text, sizeof(text), "%s", office_text(made, "token"));
    assert_int_equal(strlen(text), SERVICE_TOKEN_CHARS);
    assert_memory_equal(text, "bcp_", 4);
    assert_int_equal(strspn(text + 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789-_"),
                     43);
    assert_true(service_token_find(o->service, bc_view_of(text), utc_ms, &token));
    assert_string_equal(token.name, "Ann");
    assert_int_equal(token.role, API_OPERATOR);
    office_commit(o);
    const json_t *list = office_ask(o, 200, "GET", "/tokens", NULL);
    office_expect_json(json_array_get(json_object_get(list, "items"), 0),
                       "{\"id\":1,\"name\":\"Ann\",\"role\":\"operator\",\"expires_ms\":null,"
                       "\"created_ms\":1790001000000,\"last_used_ms\":1790001000000}");
    text[20] ^= 1;
    assert_false(service_token_find(o->service, bc_view_of(text), utc_ms, &token));
    assert_false(service_token_find(o->service, BC_TEXT("bcp_"), utc_ms, &token));
    assert_false(service_token_find(o->service, (bc_view){0}, utc_ms, &token));
}

static void token_expires(void **state)
{
    struct office *o = *state;
    struct service_token token;
    char text[SERVICE_TOKEN_CHARS + 1];
    int64_t utc_ms = office_now(o).utc_ms;
    assert_false(service_token_any(o->service, utc_ms));
    assert_true(service_token_add(o->service, "a", API_ADMIN, utc_ms + 1000, utc_ms, text));
    office_commit(o);
    assert_true(service_token_any(o->service, utc_ms));
    assert_true(service_token_find(o->service, bc_view_of(text), utc_ms + 999, &token));
    assert_false(service_token_find(o->service, bc_view_of(text), utc_ms + 1000, &token));
    assert_false(service_token_any(o->service, utc_ms + 1000));
    (void)office_ask(o, 422, "POST", "/tokens",
                     "{\"name\":\"a\",\"role\":\"viewer\",\"expires_ms\":1000}");
    (void)office_ask(o, 422, "POST", "/tokens", "{\"name\":\"a\",\"role\":\"nobody\"}");
}

static void removed_token_is_refused_but_not_the_last_admin(void **state)
{
    struct office *o = *state;
    struct service_token token;
    char text[SERVICE_TOKEN_CHARS + 1];
    int64_t utc_ms = office_now(o).utc_ms;
    assert_true(service_token_add(o->service, "a", API_ADMIN, 0, utc_ms, text));
    (void)office_ask(o, 201, "POST", "/tokens", "{\"name\":\"b\",\"role\":\"viewer\"}");
    (void)office_ask(o, 409, "DELETE", "/tokens/1", NULL);
    (void)office_ask(o, 204, "DELETE", "/tokens/2", NULL);
    (void)office_ask(o, 404, "DELETE", "/tokens/2", NULL);
    (void)office_ask(o, 201, "POST", "/tokens", "{\"name\":\"c\",\"role\":\"admin\"}");
    (void)office_ask(o, 204, "DELETE", "/tokens/1", NULL);
    assert_false(service_token_find(o->service, bc_view_of(text), utc_ms, &token));
}

/* Webhooks -------------------------------------------------------------------------------------*/

#define HOOK "{\"url\":\"https://example.org/in\",\"events\":[\"registered\",\"device\"]"

static void webhook_is_kept_without_its_secret(void **state)
{
    struct office *o = *state;
    const json_t *hook =
        office_ask(o, 201, "POST", "/webhooks", HOOK ",\"secret\":\"quiet please\"}");
    office_expect_json(hook, "{\"id\":1,\"url\":\"https://example.org/in\",\"product\":null,"
                             "\"events\":[\"registered\",\"device\"],\"has_secret\":true,"
                             "\"queued\":0,\"delivered\":0,\"failed\":0,\"last_error\":null,"
                             "\"created_ms\":1790001000000}");
    struct service_webhook webhook;
    assert_true(service_webhook_at(o->service, 0, &webhook));
    assert_true(bc_view_equal(webhook.secret, BC_TEXT("quiet please")));
    assert_string_equal(webhook.url, "https://example.org/in");
    assert_false(service_webhook_at(o->service, 1, &webhook));
    (void)office_ask(o, 204, "DELETE", "/webhooks/1", NULL);
    assert_false(service_webhook_at(o->service, 0, &webhook));
    (void)office_ask(o, 404, "DELETE", "/webhooks/1", NULL);
}

static void bad_webhooks_are_refused(void **state)
{
    struct office *o = *state;
    static const char *const urls[] = {
        "ftp://example.org",   "http://", "https://u:p@example.org/", "http://a b/",
        "javascript:alert(1)",
    };
    for (size_t i = 0; i < API_COUNT(urls); i++) {
        char body[120];
        snprintf(body, sizeof(body), "{\"url\":\"%s\",\"events\":[\"data\"]}", urls[i]);
        assert_string_equal(office_text(office_ask(o, 422, "POST", "/webhooks", body), "field"),
                            "url");
    }
    (void)office_ask(o, 422, "POST", "/webhooks", "{\"url\":\"http://a\",\"events\":[]}");
    (void)office_ask(o, 422, "POST", "/webhooks", "{\"url\":\"http://a\",\"events\":[\"at\"]}");
}

static void events_wait_for_their_webhook(void **state)
{
    struct office *o = *state;
    struct service_hook hook;
    (void)office_ask(o, 201, "POST", "/webhooks", HOOK "}");
    assert_false(service_hook_next(o->service, 1, &hook));
    office_add_device(o, office_add_product(o, "Meters", "iot"), IMEI);
    registers(o, IMEI);
    assert_true(service_hook_next(o->service, 1, &hook));
    assert_int_equal(hook.due_ms, office_now(o).utc_ms);
    json_t *body = json_loads(hook.body, 0, NULL);
    assert_string_equal(office_text(body, "type"), "device");
    assert_string_equal(office_text(body, "endpoint"), IMEI);
    assert_string_equal(office_text(body, "change"), "added");
    assert_int_equal(office_number(body, "product"), 1);
    json_decref(body);
    service_hook_failed(o->service, 1, hook.id, "HTTP 500", hook.due_ms + 1000);
    office_commit(o);
    assert_true(service_hook_next(o->service, 1, &hook));
    assert_int_equal(hook.attempts, 1);
    assert_int_equal(hook.due_ms, office_now(o).utc_ms + 1000);
    service_hook_done(o->service, 1, hook.id);
    assert_true(service_hook_next(o->service, 1, &hook));
    assert_non_null(strstr(hook.body, "\"registered\""));
    service_hook_failed(o->service, 1, hook.id, "HTTP 404", 0);
    assert_false(service_hook_next(o->service, 1, &hook));
    const json_t *list = office_ask(o, 200, "GET", "/webhooks", NULL);
    const json_t *row = json_array_get(json_object_get(list, "items"), 0);
    assert_int_equal(office_number(row, "queued"), 0);
    assert_int_equal(office_number(row, "delivered"), 1);
    assert_int_equal(office_number(row, "failed"), 1);
    assert_string_equal(office_text(row, "last_error"), "HTTP 404");
}

static void webhook_of_a_product_hears_only_of_its_devices(void **state)
{
    struct office *o = *state;
    struct service_hook hook;
    (void)office_add_product(o, "A", "iot");
    (void)office_add_product(o, "B", "iot");
    (void)office_ask(o, 201, "POST", "/webhooks", HOOK ",\"product\":2}");
    office_add_device(o, 1, "860000000000001");
    assert_false(service_hook_next(o->service, 1, &hook));
    office_add_device(o, 2, "860000000000002");
    assert_true(service_hook_next(o->service, 1, &hook));
    assert_non_null(strstr(hook.body, "860000000000002"));
}

static void queue_outlives_the_process(void **state)
{
    struct office *o = *state;
    struct service_hook hook;
    (void)office_ask(o, 201, "POST", "/webhooks", HOOK ",\"secret\":\"12345678\"}");
    office_add_device(o, office_add_product(o, "Meters", "iot"), IMEI);
    assert_true(service_hook_next(o->service, 1, &hook));
    int64_t id = hook.id;
    office_restart(o);
    assert_true(service_hook_next(o->service, 1, &hook));
    assert_int_equal(hook.id, id);
    struct service_webhook webhook;
    assert_true(service_webhook_at(o->service, 0, &webhook));
    assert_true(bc_view_equal(webhook.secret, BC_TEXT("12345678")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, office_setup, office_teardown)
#define TEST_FILE(name) cmocka_unit_test_setup_teardown(name, office_setup_file, office_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(token_is_told_once_and_found_by_its_text),
        TEST(token_expires),
        TEST(removed_token_is_refused_but_not_the_last_admin),
        TEST(webhook_is_kept_without_its_secret),
        TEST(bad_webhooks_are_refused),
        TEST(events_wait_for_their_webhook),
        TEST(webhook_of_a_product_hears_only_of_its_devices),
        TEST_FILE(queue_outlives_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
