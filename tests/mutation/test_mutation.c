/*
 * Mutations of valid inputs and plain noise from a fixed seed, thrown at every entry of targets.h.
 * Nothing may crash, read beyond its input or leak: the sanitizers look. A failure prints the
 * command that repeats it.
 *
 *     test_mutation [SEED [CASES]]     other inputs, or more of them
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "targets.h"

#define INPUT_BYTES_MAX 400
#define CASES_DEFAULT 100000

static uint64_t seed = 20260;
static unsigned cases = CASES_DEFAULT;

/* What runs; told by tell_where() when it is the last. */
static struct {
    const char *target;
    unsigned number;
} current;

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
void __sanitizer_set_death_callback(void (*callback)(void));
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "handle_abort=1"; /* so that a failed assert() is told like any other death */
}
#endif

static size_t read_seed(const struct fuzz_target *target, const char *text, uint8_t *out)
{
    bc_view view = bc_view_of(text);
    assert_true(view.len <= INPUT_BYTES_MAX);
    if (target->text) {
        memcpy(out, view.ptr, view.len);
        return view.len;
    }
    assert_true(bc_hex_decode(view, out));
    return view.len / 2;
}

static size_t insert(struct bc_random *random, uint8_t *bytes, size_t len, size_t at)
{
    size_t count = 1 + check_draw(random, check_draw(random, 4) == 0 ? 60 : 3);
    if (len + count > INPUT_BYTES_MAX)
        return len;
    memmove(bytes + at + count, bytes + at, len - at);
    memset(bytes + at, (int)check_draw(random, 256), count);
    return len + count;
}

static size_t mutate(struct bc_random *random, uint8_t *bytes, size_t len)
{
    static const uint8_t telling[] = {0, 1, 0x0D, 0x0E, 0x0F, 0x7F, 0x80, 0xD0, 0xE0, 0xF0, 0xFF};
    size_t at = check_draw(random, (uint32_t)len + 1);
    switch (check_draw(random, 6)) {
    case 0: /* cut */
        return at;
    case 1:
        return insert(random, bytes, len, at);
    case 2: /* take one out */
        if (at == len)
            return len;
        memmove(bytes + at, bytes + at + 1, len - at - 1);
        return len - 1;
    case 3: /* flip a bit */
        if (at < len)
            bytes[at] ^= (uint8_t)(1U << check_draw(random, 8));
        return len;
    case 4:
        if (at < len)
            bytes[at] = telling[check_draw(random, sizeof(telling))];
        return len;
    default:
        if (at < len)
            bytes[at] = (uint8_t)check_draw(random, 256);
        return len;
    }
}

static size_t next_input(const struct fuzz_target *target, struct bc_random *random, uint8_t *bytes)
{
    size_t len;
    if (check_draw(random, 16) == 0) { /* noise */
        len = check_draw(random, 64);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)check_draw(random, 256);
        return len;
    }
    len = read_seed(target, target->seeds[check_draw(random, (uint32_t)target->seed_count)], bytes);
    for (uint32_t count = check_draw(random, 5); count > 0; count--)
        len = mutate(random, bytes, len);
    return len;
}

static void tell_where(void)
{
    if (current.target != NULL)
        (void)fprintf(stderr, "test_mutation %llu %u: failed in %s, case %u\n",
                      (unsigned long long)seed, cases, current.target, current.number);
}

static void mutated_inputs_never_crash(void **state)
{
    (void)state;
    struct fuzz_state *fuzz = fuzz_begin();
    for (size_t i = 0; i < fuzz_target_count; i++) {
        struct bc_random random = {.state = seed + i};
        current.target = fuzz_targets[i].name;
        for (current.number = 0; current.number < cases; current.number++) {
            uint8_t bytes[INPUT_BYTES_MAX];
            size_t len = next_input(&fuzz_targets[i], &random, bytes);
            bc_view input = check_heap_copy((bc_view){bytes, len});
            fuzz_targets[i].run(fuzz, input);
            check_heap_free(input);
        }
    }
    current.target = NULL;
    fuzz_end(fuzz);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(mutated_inputs_never_crash)};
    if (argc > 1)
        seed = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        cases = (unsigned)strtoul(argv[2], NULL, 10);
    (void)atexit(tell_where);
#ifdef SANITIZED
    __sanitizer_set_death_callback(tell_where);
#endif
    return cmocka_run_group_tests(tests, NULL, NULL);
}
