/*
 * Signatures in memory (G 5.7.2, 5.7.3, docs/SIGNING.md): every change of a signed package shows.
 * The files and the command line are tested by tests/system/test_sign.py.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "sign.h"

#define ZIP_BYTES_MAX 4096

struct bench {
    uint8_t zip[ZIP_BYTES_MAX];
    size_t zip_bytes;
    struct sign_key_pair pairs[SIGN_ALGORITHMS];
    struct tool_bytes packages[SIGN_ALGORITHMS];
};

static bool answer(void *context, char passphrase[SIGN_PASSPHRASE_MAX + 1], char why[TOOL_WHY_MAX])
{
    (void)why;
    snprintf(passphrase, SIGN_PASSPHRASE_MAX + 1, "%s", (const char *)context);
    return true;
}

static bc_view view_of(const struct tool_bytes *bytes)
{
    return (bc_view){bytes->ptr, bytes->len};
}

/* An archive with one entry. */
static void make_zip(struct bench *b)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *out = zip_source_buffer_create(NULL, 0, 0, &error);
    zip_t *zip = zip_open_from_source(out, ZIP_TRUNCATE, &error);
    assert_non_null(zip);
    zip_source_keep(out);
    zip_source_t *in = zip_source_buffer(zip, "firmware", 8, 0);
    assert_true(zip_file_add(zip, "fw.bin", in, ZIP_FL_ENC_UTF_8) >= 0);
    assert_int_equal(zip_close(zip), 0);
    assert_int_equal(zip_source_open(out), 0);
    b->zip_bytes = (size_t)zip_source_read(out, b->zip, sizeof(b->zip));
    assert_true(b->zip_bytes > 100 && b->zip_bytes < sizeof(b->zip));
    zip_source_close(out);
    zip_source_free(out);
}

static int setup(void **state)
{
    static struct bench b;
    char passphrase[] = "quectel123";
    const struct sign_asker asker = {answer, passphrase};
    char why[TOOL_WHY_MAX];
    make_zip(&b);
    for (int i = 0; i < SIGN_ALGORITHMS; i++) {
        assert_true(sign_generate((enum sign_algorithm)i, passphrase, &b.pairs[i], why));
        assert_true(sign_package((bc_view){b.zip, b.zip_bytes}, view_of(&b.pairs[i].private_key),
                                 &asker, &b.packages[i], why));
    }
    *state = &b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < SIGN_ALGORITHMS; i++) {
        sign_forget(&b->pairs[i].private_key);
        sign_forget(&b->pairs[i].public_key);
        free(b->packages[i].ptr);
    }
    return 0;
}

static bool verifies(const struct bench *b, int key, bc_view package)
{
    enum sign_algorithm algorithm;
    char why[TOOL_WHY_MAX] = "";
    bc_view copy = check_heap_copy(package);
    bool good = sign_verify(copy, view_of(&b->pairs[key].public_key), &algorithm, why);
    check_heap_free(copy);
    assert_true(good || why[0] != '\0');
    assert_true(!good || (int)algorithm == key);
    return good;
}

static void test_a_signed_package_is_the_zip_with_a_comment(void **state) /* G 5.7.3 */
{
    struct bench *b = *state;
    for (int i = 0; i < SIGN_ALGORITHMS; i++) {
        const struct tool_bytes *p = &b->packages[i];
        assert_true(verifies(b, i, view_of(p)));
        assert_memory_equal(p->ptr, b->zip, b->zip_bytes - 2);
        assert_int_equal(p->ptr[b->zip_bytes - 2] | p->ptr[b->zip_bytes - 1] << 8,
                         p->len - b->zip_bytes);
        assert_memory_equal(p->ptr + b->zip_bytes, "bc260y-sign 1 ", 14);
        assert_int_equal(p->ptr[p->len - 1], '\n');
    }
}

static void test_every_altered_byte_of_a_package_is_noticed(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < SIGN_ALGORITHMS; i++) {
        struct tool_bytes *p = &b->packages[i];
        for (size_t at = 0; at < p->len; at++) {
            p->ptr[at] ^= (uint8_t)(1U << at % 8);
            assert_false(verifies(b, i, view_of(p)));
            p->ptr[at] ^= (uint8_t)(1U << at % 8);
        }
        assert_true(verifies(b, i, view_of(p)));
    }
}

static void test_a_package_cut_short_anywhere_is_noticed(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < SIGN_ALGORITHMS; i++) {
        for (size_t len = 0; len < b->packages[i].len; len++)
            assert_false(verifies(b, i, (bc_view){b->packages[i].ptr, len}));
    }
}

static void test_the_other_key_does_not_verify(void **state)
{
    struct bench *b = *state;
    assert_false(verifies(b, SIGN_RSA2048_SHA256, view_of(&b->packages[SIGN_ECDSA_256K1_SHA256])));
    assert_false(verifies(b, SIGN_ECDSA_256K1_SHA256, view_of(&b->packages[SIGN_RSA2048_SHA256])));
}

/* The comment in other words: as many as read the same must not all be good. */
static void test_a_comment_written_otherwise_is_refused(void **state)
{
    struct bench *b = *state;
    const struct tool_bytes *p = &b->packages[SIGN_ECDSA_256K1_SHA256];
    uint8_t longer[ZIP_BYTES_MAX];
    size_t len = p->len + 1;
    memcpy(longer, p->ptr, p->len);
    longer[p->len] = '\n';
    longer[b->zip_bytes - 2]++;
    assert_false(verifies(b, SIGN_ECDSA_256K1_SHA256, (bc_view){longer, len}));
    longer[b->zip_bytes - 2] -= 2;
    assert_false(verifies(b, SIGN_ECDSA_256K1_SHA256, (bc_view){longer, p->len - 1}));
}

static void test_passphrases_have_two_kinds_of_characters(void **state) /* G 5.7.2 */
{
    static const struct {
        const char *text;
        bool strong;
    } cases[] = {
        {"quectel123", true}, {"abcde1", true},  {"ABCDEa", true},  {"12345!", true},
        {"AAAAA ", true},     {"", false},       {"ab1", false},    {"abc12", false},
        {"abcdef", false},    {"ABCDEF", false}, {"123456", false}, {"!@#$%^", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(sign_passphrase_strong(cases[i].text), cases[i].strong);
}

static void test_algorithms_have_the_names_of_the_guide(void **state) /* G 5.7.2 */
{
    enum sign_algorithm algorithm = SIGN_ALGORITHMS;
    (void)state;
    assert_true(sign_algorithm_of("ECDSA_256K1+SHA256", &algorithm));
    assert_int_equal(algorithm, SIGN_ECDSA_256K1_SHA256);
    assert_true(sign_algorithm_of("RSA2048+SHA256", &algorithm));
    assert_int_equal(algorithm, SIGN_RSA2048_SHA256);
    assert_false(sign_algorithm_of("MD5", &algorithm));
    assert_string_equal(sign_algorithm_name(SIGN_RSA2048_SHA256), "RSA2048+SHA256");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_signed_package_is_the_zip_with_a_comment),
        cmocka_unit_test(test_every_altered_byte_of_a_package_is_noticed),
        cmocka_unit_test(test_a_package_cut_short_anywhere_is_noticed),
        cmocka_unit_test(test_the_other_key_does_not_verify),
        cmocka_unit_test(test_a_comment_written_otherwise_is_refused),
        cmocka_unit_test(test_passphrases_have_two_kinds_of_characters),
        cmocka_unit_test(test_algorithms_have_the_names_of_the_guide),
    };
    return cmocka_run_group_tests_name("sign", tests, setup, teardown);
}
