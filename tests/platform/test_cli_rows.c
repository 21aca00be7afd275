/*
 * The verbs of the command line against the resources of the REST interface: each row asks for one
 * that is there, with arguments that it takes, and shows columns that it has.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/arguments.h"
#include "cli/cli.h"
#include "service/api.h"

static const struct api_route *find_route(const struct cli_verb *verb)
{
    for (const struct api_table *const *table = api_tables; *table != NULL; table++)
        for (size_t i = 0; i < (*table)->count; i++) {
            const struct api_route *route = &(*table)->routes[i];
            if (strcmp(route->method, verb->method) == 0 && strcmp(route->path, verb->path) == 0)
                return route;
        }
    return NULL;
}

static const struct api_field *find_field(const struct api_shape *shape, const char *name,
                                          size_t len)
{
    for (size_t i = 0; shape != NULL && i < shape->count; i++)
        if (strlen(shape->fields[i].name) == len && memcmp(shape->fields[i].name, name, len) == 0)
            return &shape->fields[i];
    return NULL;
}

static bool in_path(const struct cli_verb *verb, const struct argument *argument)
{
    char name[48];
    snprintf(name, sizeof(name), "{%s}", argument->field);
    return strstr(verb->path, name) != NULL;
}

static bool is_kind(const struct argument *argument, const char *kind)
{
    return strcmp(argument->kind, kind) == 0;
}

static void every_verb_has_a_resource(void **state)
{
    (void)state;
    for (const struct cli_verb *v = cli_verbs; v->noun != NULL; v++)
        if (find_route(v) == NULL)
            fail_msg("%s %s: there is no %s %s", v->noun, v->name, v->method, v->path);
}

/* What an argument becomes must be taken; a number must be one there too. */
static void check_argument(const struct cli_verb *verb, const struct api_route *route,
                           const struct argument *argument)
{
    bool query = strcmp(verb->method, "GET") == 0 || strcmp(argument->field, "wait") == 0;
    const struct api_shape *shape = query ? route->query : route->in;
    const struct api_field *field = find_field(shape, argument->field, strlen(argument->field));
    if (field == NULL && (shape == NULL || !shape->open))
        fail_msg("%s %s: %s does not take %s", verb->noun, verb->name, verb->path, argument->field);
    bool number = is_kind(argument, "int") || is_kind(argument, "days");
    if (field != NULL && !query && field->type != API_ANY && is_kind(argument, "list"))
        assert_true(field->repeated);
    else if (field != NULL && !query && field->type != API_ANY && !is_kind(argument, "any"))
        if ((field->type == API_INTEGER) != number)
            fail_msg("%s %s: %s is of another type", verb->noun, verb->name, argument->field);
}

static void every_argument_is_taken(void **state)
{
    (void)state;
    for (const struct cli_verb *v = cli_verbs; v->noun != NULL; v++) {
        struct arguments all;
        arguments_of(v, &all);
        for (size_t i = 0; i < all.count; i++) {
            const struct argument *a = &all.list[i];
            bool local = is_kind(a, "local") || is_kind(a, "count") || is_kind(a, "switch");
            if (!local && !in_path(v, a) && !is_kind(a, "document"))
                check_argument(v, find_route(v), a);
        }
    }
}

/* The other way round: what must be given can be. */
static void every_field_that_must_be_there_can_be_given(void **state)
{
    (void)state;
    for (const struct cli_verb *v = cli_verbs; v->noun != NULL; v++) {
        const struct api_shape *shape = find_route(v)->in;
        struct arguments all;
        arguments_of(v, &all);
        for (size_t i = 0; shape != NULL && i < shape->count; i++) {
            bool given = !shape->fields[i].required ||
                         (v->fixed != NULL && strstr(v->fixed, shape->fields[i].name) != NULL);
            for (size_t j = 0; j < all.count && !given; j++)
                given = strcmp(all.list[j].field, shape->fields[i].name) == 0 ||
                        is_kind(&all.list[j], "document");
            if (!given && strcmp(v->name, "upload") != 0)
                fail_msg("%s %s cannot give %s", v->noun, v->name, shape->fields[i].name);
        }
    }
}

/* "devices=device_count", "registration.address" */
static void check_column(const struct cli_verb *verb, const struct api_shape *shape,
                         const char *column, size_t len)
{
    const char *equals = memchr(column, '=', len);
    const char *end = column + len;
    const char *at = equals != NULL ? equals + 1 : column;
    while (at < end && shape != NULL && !shape->open) {
        size_t part = strcspn(at, ". ");
        const struct api_field *field = find_field(shape, at, part);
        if (field == NULL)
            fail_msg("%s %s: %s has no %.*s", verb->noun, verb->name, shape->name, (int)len,
                     column);
        shape = field != NULL ? field->shape : NULL;
        at += part + 1;
    }
}

static void every_column_is_there(void **state)
{
    (void)state;
    for (const struct cli_verb *v = cli_verbs; v->noun != NULL; v++) {
        const struct api_shape *shape = find_route(v)->out;
        const char *at = v->columns;
        if (at == NULL || strcmp(at, "json") == 0 || strcmp(v->noun, "event") == 0 ||
            strcmp(v->name, "objects") == 0)
            continue;
        if (at[0] == '@') {
            size_t len = strcspn(at, " ");
            const struct api_field *field = find_field(shape, at + 1, len - 1);
            assert_non_null(field);
            shape = field != NULL ? field->shape : NULL;
            at += len;
        }
        while (*(at += strspn(at, " ")) != '\0') {
            size_t len = strcspn(at, " ");
            check_column(v, shape, at, len);
            at += len;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verb_has_a_resource),
        cmocka_unit_test(every_argument_is_taken),
        cmocka_unit_test(every_field_that_must_be_there_can_be_given),
        cmocka_unit_test(every_column_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
