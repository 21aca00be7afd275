/*
 * Paths (LwM2M 1.0 section 6.2), the limits of custom objects (G 2.6), update intervals (G 2.1) and
 * what response codes mean (chapter 6 of the guide).
 */
#include "check.h"

#include "lwm2m/client.h"
#include "lwm2m/objects.h"
#include "lwm2m/path.h"

/* --- Paths ----------------------------------------------------------------------------------- */

static enum bc_err read_options(const char *hex, struct bc_path *out)
{
    char message_hex[200];
    bc_sink text = {.ptr = (uint8_t *)message_hex, .cap = sizeof(message_hex)};
    bc_put_format(&text, "4001 0001 %s%c", hex, '\0');
    bc_view datagram = check_from_hex(message_hex);
    struct bc_coap_message message;
    assert_int_equal(bc_coap_parse(datagram, &message), BC_OK);
    enum bc_err err = bc_path_read(&message, out);
    check_heap_free(datagram);
    return err;
}

static void path_is_read_from_uri_path_options(void **state)
{
    static const struct {
        const char *options;
        const char *path;
        uint8_t depth;
    } paths[] = {
        {"", "/", 0},
        {"B1 33", "/3", 1},
        {"B1 33 01 30", "/3/0", 2},
        {"B2 3139 01 30 02 3135", "/19/0/15", 3},
        {"B5 3635353335 05 3635353335 05 3635353335", "/65535/65535/65535", 3},
        {"31 61 81 33 41 61 21 00", "/3", 1}, /* Uri-Host, Uri-Query and Accept do not count */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        uint8_t bytes[32];
        bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
        struct bc_path path = {9, 9, 9, 9};
        assert_int_equal(read_options(paths[i].options, &path), BC_OK);
        assert_int_equal(path.depth, paths[i].depth);
        bc_path_put(&out, path);
        check_text(bc_sink_view(&out), paths[i].path);
    }
}

static void path_segment_that_is_no_id_is_a_format_error(void **state)
{
    static const char *const bad[] = {
        "B0",                      /* empty */
        "B2 3031",                 /* 01 */
        "B2 3030",                 /* 00 */
        "B2 2D31",                 /* -1 */
        "B2 2B31",                 /* +1 */
        "B5 3635353336",           /* 65536 */
        "BA 34323934393637323936", /* 2^32 */
        "B1 61",                   /* a */
        "B2 3161",                 /* 1a */
        "B2 2031",                 /* " 1" */
        "B1 2D",                   /* - */
        "B2 3100",                 /* 1 and a zero byte */
        "B2 7264",                 /* rd */
        "B1 33 01 30 00",          /* /3/0/ */
        "B1 33 01 30 01 30 01 30", /* four levels */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct bc_path path;
        assert_int_equal(read_options(bad[i], &path), BC_ERR_FORMAT);
    }
}

static void path_lies_within_itself_and_what_is_above_it(void **state)
{
    static const struct bc_path chain[] = {{0}, {3, 0, 0, 1}, {3, 1, 0, 2}, {3, 1, 5, 3}};
    (void)state;
    for (unsigned inner = 0; inner < 4; inner++)
        for (unsigned outer = 0; outer < 4; outer++) {
            assert_int_equal(bc_path_within(chain[inner], chain[outer]), inner >= outer);
            assert_int_equal(bc_path_equal(chain[inner], chain[outer]), inner == outer);
        }
    assert_false(bc_path_within(BC_PATH_RESOURCE(4, 1, 5), BC_PATH_OBJECT(3)));
    assert_false(bc_path_within(BC_PATH_RESOURCE(3, 2, 5), BC_PATH_INSTANCE(3, 1)));
    assert_false(bc_path_within(BC_PATH_RESOURCE(3, 1, 6), BC_PATH_RESOURCE(3, 1, 5)));
    assert_false(bc_path_equal(BC_PATH_RESOURCE(3, 1, 6), BC_PATH_RESOURCE(3, 1, 5)));
    assert_false(bc_path_equal(BC_PATH_INSTANCE(3, 0), BC_PATH_OBJECT(3)));
}

static void path_ids_after_the_depth_are_absent(void **state)
{
    (void)state;
    assert_int_equal(bc_path_instance_or(BC_PATH_OBJECT(3), -1), -1);
    assert_int_equal(bc_path_instance_or(BC_PATH_INSTANCE(3, 0), -1), 0);
    assert_int_equal(bc_path_resource_or(BC_PATH_INSTANCE(3, 0), -1), -1);
    assert_int_equal(bc_path_resource_or(BC_PATH_RESOURCE(3, 0, 65535), -1), 65535);
}

/* --- Objects --------------------------------------------------------------------------------- */

static enum bc_err add(struct bc_objects *objects, uint16_t object, uint16_t instance,
                       unsigned resources)
{
    struct bc_object_instance row = {
        .object = object, .instance = instance, .resources = (uint8_t)resources};
    for (unsigned i = 0; i < resources && i < BC_RESOURCES_MAX; i++)
        row.resource[i] = (uint16_t)(100 * i);
    return bc_objects_add(objects, &row);
}

static void objects_hold_3_with_4_instances_of_14_resources(void **state) /* G 2.6 */
{
    (void)state;
    struct bc_objects objects = {0};
    for (uint16_t instance = 0; instance < BC_INSTANCES_MAX; instance++)
        for (uint16_t object = 0; object < BC_OBJECTS_MAX; object++)
            assert_int_equal(add(&objects, (uint16_t)(19 + object), (uint16_t)(instance * 16383),
                                 BC_RESOURCES_MAX),
                             BC_OK);
    assert_int_equal(objects.rows, 12);
    assert_int_equal(add(&objects, 19, 7, 1), BC_ERR_FULL); /* a fifth instance */
    assert_int_equal(add(&objects, 30, 0, 1), BC_ERR_FULL); /* a fourth object */
    assert_int_equal(objects.rows, 12);
    for (unsigned i = 0; i < objects.rows; i++) { /* in the order in which they were added */
        assert_int_equal(objects.row[i].object, 19 + i % 3);
        assert_int_equal(objects.row[i].instance, i / 3 * 16383);
    }
}

static void objects_fourth_is_refused_even_with_one_instance_each(void **state)
{
    (void)state;
    struct bc_objects objects = {0};
    assert_int_equal(add(&objects, 19, 0, 1), BC_OK);
    assert_int_equal(add(&objects, 20, 0, 1), BC_OK);
    assert_int_equal(add(&objects, 65535, 0, 1), BC_OK);
    assert_int_equal(add(&objects, 21, 0, 1), BC_ERR_FULL);
    assert_int_equal(add(&objects, 20, 1, 1), BC_OK); /* another instance of a known one */
    assert_int_equal(bc_objects_delete(&objects, 19), BC_OK);
    assert_int_equal(add(&objects, 21, 0, 1), BC_OK);
}

static void objects_refuse_duplicates(void **state)
{
    (void)state;
    struct bc_objects objects = {0};
    assert_int_equal(add(&objects, 19, 0, 1), BC_OK);
    assert_int_equal(add(&objects, 19, 0, 1), BC_ERR_STATE);
    assert_int_equal(add(&objects, 19, 0, 5), BC_ERR_STATE);
    assert_int_equal(objects.rows, 1);
    struct bc_object_instance twice = {
        .object = 19, .instance = 1, .resource = {0, 1, 2, 1}, .resources = 4};
    assert_int_equal(bc_objects_add(&objects, &twice), BC_ERR_RANGE);
}

static void objects_refuse_no_resources_and_15(void **state)
{
    (void)state;
    struct bc_objects objects = {0};
    assert_int_equal(add(&objects, 19, 0, 0), BC_ERR_RANGE);
    assert_int_equal(add(&objects, 19, 0, BC_RESOURCES_MAX + 1), BC_ERR_RANGE);
    assert_int_equal(add(&objects, 19, 0, 255), BC_ERR_RANGE);
    assert_int_equal(objects.rows, 0);
}

static void objects_refuse_the_built_in_ones(void **state) /* G 2.6 */
{
    (void)state;
    for (uint16_t object = 0; object < 10; object++) {
        bool built_in = object == 0 || object == 1 || (object >= 3 && object <= 5);
        struct bc_objects objects = {0};
        assert_int_equal(bc_object_built_in(object), built_in);
        assert_int_equal(add(&objects, object, 0, 1), built_in ? BC_ERR_RANGE : BC_OK);
    }
}

static void objects_are_deleted_with_all_instances(void **state) /* G 2.7 */
{
    (void)state;
    struct bc_objects objects = {0};
    assert_int_equal(bc_objects_delete(&objects, 19), BC_ERR_ABSENT);
    assert_int_equal(add(&objects, 19, 0, 1), BC_OK);
    assert_int_equal(add(&objects, 20, 0, 2), BC_OK);
    assert_int_equal(add(&objects, 19, 1, 3), BC_OK);
    assert_int_equal(bc_objects_delete(&objects, 21), BC_ERR_ABSENT);
    assert_int_equal(bc_objects_delete(&objects, 19), BC_OK);
    assert_int_equal(objects.rows, 1);
    assert_int_equal(objects.row[0].object, 20);
    assert_int_equal(objects.row[0].resources, 2);
    assert_int_equal(bc_objects_delete(&objects, 19), BC_ERR_ABSENT);
}

static void objects_know_what_stands_at_a_path(void **state)
{
    (void)state;
    struct bc_objects objects = {0};
    assert_int_equal(add(&objects, 19, 0, 1), BC_OK);
    assert_int_equal(add(&objects, 19, 3, 2), BC_OK);
    assert_true(bc_objects_has(&objects, BC_PATH_OBJECT(19)));
    assert_true(bc_objects_has(&objects, BC_PATH_INSTANCE(19, 0)));
    assert_true(bc_objects_has(&objects, BC_PATH_RESOURCE(19, 0, 0)));
    assert_true(bc_objects_has(&objects, BC_PATH_RESOURCE(19, 3, 100)));
    assert_false(bc_objects_has(&objects, BC_PATH_RESOURCE(19, 0, 100)));
    assert_false(bc_objects_has(&objects, BC_PATH_RESOURCE(19, 3, 200)));
    assert_false(bc_objects_has(&objects, BC_PATH_INSTANCE(19, 1)));
    assert_false(bc_objects_has(&objects, BC_PATH_OBJECT(20)));
    assert_false(bc_objects_has(&objects, BC_PATH_OBJECT(3)));
    assert_false(bc_objects_has(&objects, (struct bc_path){0}));
}

/* --- The guide's numbers --------------------------------------------------------------------- */

static void update_interval_of_each_lifetime(void **state) /* G 2.1 */
{
    static const struct {
        uint32_t lifetime_s;
        uint32_t interval_s;
    } rows[] = {
        {20, 10},     {21, 10},       {29, 14},
        {30, 15},     {31, 15},       {34, 18},
        {50, 30},     {51, 30},       {52, 31},
        {99, 69},     {100, 70},      {101, 70},
        {102, 71},    {299, 249},     {300, 250},
        {301, 250},   {302, 251},     {320, 269},
        {3600, 3385}, {86400, 82045}, {31536000, 29959165},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(bc_lwm2m_update_interval_s(rows[i].lifetime_s), rows[i].interval_s);
}

static void update_comes_before_the_lifetime_ends_for_every_lifetime(void **state)
{
    (void)state;
    uint32_t last = 0;
    for (uint32_t lifetime_s = BC_LIFETIME_MIN; lifetime_s <= 100000; lifetime_s++) {
        uint32_t interval_s = bc_lwm2m_update_interval_s(lifetime_s);
        assert_true(interval_s < lifetime_s);
        assert_true(interval_s >= last);
        last = interval_s;
    }
    assert_true(bc_lwm2m_update_interval_s(BC_LIFETIME_MAX) < BC_LIFETIME_MAX);
}

static void response_codes_end_requests_as_chapter_6_says(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 256; code++) {
        enum bc_outcome expected = BC_OUTCOME_OTHER;
        if (code == 0x41 || code == 0x42 || code == 0x44 || code == 0x45)
            expected = BC_OUTCOME_DONE; /* 2.01 2.02 2.04 2.05 */
        if (code == 0x80)
            expected = BC_OUTCOME_BAD_REQUEST;
        if (code == 0x83)
            expected = BC_OUTCOME_FORBIDDEN;
        if (code == 0x84)
            expected = BC_OUTCOME_NOT_FOUND;
        if (code == 0x8C)
            expected = BC_OUTCOME_PRECONDITION;
        assert_int_equal(bc_lwm2m_outcome((uint8_t)code), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_is_read_from_uri_path_options),
        cmocka_unit_test(path_segment_that_is_no_id_is_a_format_error),
        cmocka_unit_test(path_lies_within_itself_and_what_is_above_it),
        cmocka_unit_test(path_ids_after_the_depth_are_absent),
        cmocka_unit_test(objects_hold_3_with_4_instances_of_14_resources),
        cmocka_unit_test(objects_fourth_is_refused_even_with_one_instance_each),
        cmocka_unit_test(objects_refuse_duplicates),
        cmocka_unit_test(objects_refuse_no_resources_and_15),
        cmocka_unit_test(objects_refuse_the_built_in_ones),
        cmocka_unit_test(objects_are_deleted_with_all_instances),
        cmocka_unit_test(objects_know_what_stands_at_a_path),
        cmocka_unit_test(update_interval_of_each_lifetime),
        cmocka_unit_test(update_comes_before_the_lifetime_ends_for_every_lifetime),
        cmocka_unit_test(response_codes_end_requests_as_chapter_6_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
