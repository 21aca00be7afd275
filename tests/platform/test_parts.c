/*
 * The parts of the platform's core: paths, link lists, table, timers, duplicates.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

#include <stdlib.h>

#include "base/random.h"
#include "base/sink.h"
#include "duplicates.h"
#include "hash.h"
#include "links.h"
#include "table.h"
#include "timer.h"

static void path_reads_one_to_four_ids(void **state)
{
    (void)state;
    static const char *const good[] = {"/19/0/0", "19", "/3/0", "/65535/65535/65535/65535"};
    static const char *const bad[] = {"",           "/",   "/a",      "/1/", "/1//2", "/65536",
                                      "/1/2/3/4/5", "/-1", "/000001", "/1 ", "//1"};
    struct bc_server_path path;
    char text[BC_SERVER_PATH_CHARS_MAX + 1];
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(bc_server_path_parse(bc_view_of(good[i]), &path));
        bc_server_path_text(&path, text);
        assert_string_equal(text + (good[i][0] != '/'), good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(bc_server_path_parse(bc_view_of(bad[i]), &path));
}

/* RFC 6690 */
static void links_are_read_with_their_attributes_skipped(void **state)
{
    (void)state;
    const char *text = "</>;rt=\"oma.lwm2m\";x=\"a,\\\"<b>\",</1/0>,</19/0>;obs,</x/1>;v=1,</5>";
    static const char *const targets[] = {"/", "/1/0", "/19/0", "/x/1", "/5"};
    static const uint8_t counts[] = {0, 2, 2, 0, 1};
    struct bc_server_links it = {.rest = bc_view_of(text)};
    struct bc_server_link link;
    for (size_t i = 0; i < 5; i++) {
        assert_true(bc_server_link_next(&it, &link));
        assert_true(bc_view_equal(link.target, bc_view_of(targets[i])));
        assert_int_equal(link.path.count, counts[i]);
    }
    assert_false(bc_server_link_next(&it, &link));
    assert_false(it.malformed);
}

static void links_that_are_malformed_are_found_out(void **state)
{
    (void)state;
    static const char *const bad[] = {"x",     "<",       "</1",        "</1/0>,",     ",</1>",
                                      "</1>;", "</1>;a=", "</1>;a=\"",  "</1>;a=\"\\", "</1></2>",
                                      "< /1>", "</1> ",   "</1>;a=b=c", "<<"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(bc_server_links_valid(bc_view_of(bad[i])));
    assert_true(bc_server_links_valid(BC_TEXT("")));
}

struct thing {
    struct table_node node;
    uint32_t number;
};

static struct thing *find_thing(const struct table *t, uint32_t number)
{
    struct table_node *node = bc_server_table_first(t, number * 7U);
    for (; node != NULL; node = bc_server_table_next(node)) {
        struct thing *thing = BC_SERVER_OF(node, struct thing, node);
        if (thing->number == number)
            return thing;
    }
    return NULL;
}

static void table_finds_everything_while_it_grows(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static struct thing things[COUNT];
    struct table t;
    assert_true(bc_server_table_init(&t));
    for (uint32_t i = 0; i < COUNT; i++) {
        things[i].number = i;
        bc_server_table_insert(&t, &things[i].node, i * 7U);
        assert_ptr_equal(find_thing(&t, i), &things[i]);
        assert_ptr_equal(find_thing(&t, i / 2), &things[i / 2]);
    }
    for (uint32_t i = 0; i < COUNT; i += 2)
        bc_server_table_remove(&t, &things[i].node);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_ptr_equal(find_thing(&t, i), i % 2 == 0 ? NULL : &things[i]);
    assert_int_equal(t.count, COUNT / 2);
    bc_server_table_free(&t);
}

static void timers_fire_in_order_whatever_was_moved(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    static struct timer timers[COUNT];
    struct bc_random random = {1};
    struct timers t = {0};
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(bc_server_timers_reserve(&t));
        bc_server_timer_set(&t, &timers[i], bc_random_next(&random) % 1000);
    }
    for (size_t i = 0; i < COUNT; i += 3)
        bc_server_timer_set(&t, &timers[i], bc_random_next(&random) % 1000);
    for (size_t i = 1; i < COUNT; i += 7)
        bc_server_timer_clear(&t, &timers[i]);
    uint64_t last = 0;
    size_t left = t.count;
    for (; left > 0; left--) {
        assert_true(bc_server_timers_next(&t) >= last);
        last = bc_server_timers_next(&t);
        bc_server_timer_clear(&t, t.entries[0].timer);
    }
    assert_true(bc_server_timers_next(&t) == BC_NEVER);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(timers[i].position, 0);
    bc_server_timers_free(&t);
}

static const struct bc_address peer = {.ip = {10, 0, 0, 1}, .ip_len = 4, .port = 7};

static void duplicates_forget_the_oldest_at_the_cap(void **state)
{
    (void)state;
    const uint16_t cap = 5;
    struct duplicates d;
    assert_true(bc_server_duplicates_init(&d, cap));
    for (uint16_t mid = 0; mid < 15; mid++) {
        bc_server_duplicate_add(&d, mid * 31U, &peer, mid, BC_TEXT("ok"), 100);
        for (uint16_t old = 0; old <= mid; old++) {
            const struct duplicate *found = bc_server_duplicate_find(&d, old * 31U, &peer, old, 50);
            assert_int_equal(found != NULL, old + cap > mid);
        }
    }
    bc_server_duplicates_free(&d);
}

static void duplicates_end_with_their_time_and_belong_to_one_sender(void **state)
{
    (void)state;
    struct duplicates d;
    struct bc_address other = peer;
    other.port = 8;
    assert_true(bc_server_duplicates_init(&d, 8));
    bc_server_duplicate_add(&d, 1, &peer, 9, BC_TEXT("ok"), 100);
    assert_non_null(bc_server_duplicate_find(&d, 1, &peer, 9, 99));
    assert_null(bc_server_duplicate_find(&d, 1, &peer, 9, 100));
    assert_null(bc_server_duplicate_find(&d, 1, &other, 9, 50));
    assert_null(bc_server_duplicate_find(&d, 1, &peer, 10, 50));
    bc_server_duplicates_free(&d);
}

/* Different keys, different buckets: the names cannot be chosen to collide. */
static void hash_depends_on_its_key_and_every_byte(void **state)
{
    (void)state;
    const struct hash_key a = {1, 2};
    const struct hash_key b = {1, 3};
    uint8_t bytes[17] = {0};
    for (size_t len = 0; len < sizeof(bytes); len++)
        assert_true(bc_server_hash(&a, (bc_view){bytes, len}) !=
                    bc_server_hash(&a, (bc_view){bytes, len + 1}));
    uint64_t zero = bc_server_hash(&a, (bc_view){bytes, sizeof(bytes)});
    assert_true(zero != bc_server_hash(&b, (bc_view){bytes, sizeof(bytes)}));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = 1;
        assert_true(zero != bc_server_hash(&a, (bc_view){bytes, sizeof(bytes)}));
        bytes[i] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_reads_one_to_four_ids),
        cmocka_unit_test(links_are_read_with_their_attributes_skipped),
        cmocka_unit_test(links_that_are_malformed_are_found_out),
        cmocka_unit_test(table_finds_everything_while_it_grows),
        cmocka_unit_test(timers_fire_in_order_whatever_was_moved),
        cmocka_unit_test(duplicates_forget_the_oldest_at_the_cap),
        cmocka_unit_test(duplicates_end_with_their_time_and_belong_to_one_sender),
        cmocka_unit_test(hash_depends_on_its_key_and_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
