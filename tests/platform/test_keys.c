/*
 * The table of keys and the file it comes from (platform/keys.h).
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "keys.h"

#define MANY 5000

static struct keys_entry entry_of(const char *endpoint, const char *identity, const char *key)
{
    return (struct keys_entry){bc_view_of(endpoint), bc_view_of(identity), bc_view_of(key)};
}

static void entries_are_found_both_ways_until_they_go(void **state)
{
    (void)state;
    struct keys *keys = platform_keys_create(1);
    struct keys_entry entry, found;
    char endpoint[20], identity[20];
    assert_non_null(keys);
    assert_false(platform_keys_by_endpoint(keys, BC_TEXT("dev1"), &found));
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(endpoint, sizeof(endpoint), "dev%u", i);
        snprintf(identity, sizeof(identity), "id%u", i);
        entry = entry_of(endpoint, identity, endpoint);
        assert_null(platform_keys_add(keys, &entry));
    }
    assert_int_equal(platform_keys_count(keys), MANY);
    assert_true(platform_keys_by_identity(keys, BC_TEXT("id77"), &found));
    assert_true(bc_view_equal(found.endpoint, BC_TEXT("dev77")));
    assert_true(bc_view_equal(found.key, BC_TEXT("dev77")));
    for (unsigned i = 0; i < MANY; i += 2) {
        snprintf(endpoint, sizeof(endpoint), "dev%u", i);
        assert_true(platform_keys_remove(keys, bc_view_of(endpoint)));
        assert_false(platform_keys_remove(keys, bc_view_of(endpoint)));
    }
    assert_false(platform_keys_by_endpoint(keys, BC_TEXT("dev76"), &found));
    assert_false(platform_keys_by_identity(keys, BC_TEXT("id76"), &found));
    assert_true(platform_keys_by_endpoint(keys, BC_TEXT("dev77"), &found));
    size_t seen = 0;
    for (const void *at = platform_keys_next(keys, NULL, &found); at != NULL;
         at = platform_keys_next(keys, at, &found))
        seen++;
    assert_int_equal(seen, MANY / 2);
    platform_keys_destroy(keys);
    platform_keys_destroy(NULL);
}

static void each_name_has_one_key(void **state)
{
    (void)state;
    struct keys *keys = platform_keys_create(1);
    struct keys_entry entry = entry_of("dev1", "id1", "key");
    assert_null(platform_keys_add(keys, &entry));
    entry = entry_of("dev1", "id2", "key");
    assert_string_equal(platform_keys_add(keys, &entry), "the endpoint has a key already");
    entry = entry_of("dev2", "id1", "key");
    assert_string_equal(platform_keys_add(keys, &entry),
                        "the identity belongs to another endpoint");
    platform_keys_destroy(keys);
}

static void lengths_are_checked(void **state)
{
    (void)state;
    static uint8_t bytes[257];
    struct keys *keys = platform_keys_create(1);
    memset(bytes, 'x', sizeof(bytes));
    for (unsigned field = 0; field < 3; field++) {
        size_t max = field == 2 ? 256 : 150;
        for (size_t len = 0; len <= max + 1; len += max + 1) {
            struct keys_entry entry = entry_of("e", "i", "k");
            *(field == 0   ? &entry.endpoint
              : field == 1 ? &entry.identity
                           : &entry.key) = (bc_view){bytes, len};
            assert_non_null(platform_keys_add(keys, &entry));
        }
    }
    struct keys_entry nul = {BC_TEXT("e"), BC_TEXT("a\0b"), BC_TEXT("k")};
    assert_non_null(platform_keys_add(keys, &nul));
    struct keys_entry longest = {{bytes, 150}, {bytes, 150}, {bytes, 256}};
    assert_null(platform_keys_add(keys, &longest));
    platform_keys_destroy(keys);
}

/* --- The file -------------------------------------------------------------------------------- */

struct file {
    char path[64];
    char said[400];
    struct keys *keys;
};

static void write_file(struct file *f, bc_view text, mode_t mode)
{
    strcpy(f->path, "/tmp/bc260y-test-keys-XXXXXX");
    int fd = mkstemp(f->path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.ptr, text.len), text.len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

/* What it says on standard error ends in f->said. */
static bool load(struct file *f)
{
    char said_path[] = "/tmp/bc260y-test-said-XXXXXX";
    int said = mkstemp(said_path);
    int stderr_copy = dup(STDERR_FILENO);
    assert_true(said >= 0 && stderr_copy >= 0);
    dup2(said, STDERR_FILENO);
    f->keys = platform_keys_create(1);
    bool loaded = platform_keys_load(f->keys, f->path);
    fflush(stderr);
    dup2(stderr_copy, STDERR_FILENO);
    ssize_t len = pread(said, f->said, sizeof(f->said) - 1, 0);
    f->said[len > 0 ? len : 0] = '\0';
    close(said);
    close(stderr_copy);
    unlink(said_path);
    unlink(f->path);
    return loaded;
}

static void file_of_every_kind_of_line_is_read(void **state)
{
    (void)state;
    struct file f;
    struct keys_entry found;
    write_file(&f,
               BC_TEXT("# the devices\n\n"
                       "dev1 id1 00ff10   # in hex\n"
                       "\t dev2\tid#2 \"text with \\\" and #\"\r\n"
                       "\"dev 3\" \"id 3\" \"k\""),
               0600);
    assert_true(load(&f));
    assert_string_equal(f.said, "");
    assert_int_equal(platform_keys_count(f.keys), 3);
    assert_true(platform_keys_by_endpoint(f.keys, BC_TEXT("dev1"), &found));
    check_hex(found.key, "00FF10");
    assert_true(platform_keys_by_identity(f.keys, BC_TEXT("id#2"), &found));
    check_text(found.key, "text with \" and #");
    assert_true(platform_keys_by_endpoint(f.keys, BC_TEXT("dev 3"), &found));
    check_text(found.identity, "id 3");
    platform_keys_destroy(f.keys);
}

static void broken_line_is_named_and_no_key_is_shown(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *problem;
    } rows[] = {
        {"dev1 id1", "a line is ENDPOINT IDENTITY KEY"},
        {"dev1 id1 a1 a2", "a line is ENDPOINT IDENTITY KEY"},
        {"dev1 id1 a1 a2 a3", "there are more words"},
        {"dev1 id1 \"a1", "a quote is not closed"},
        {"dev1 id1 \"a1\"a2", "a quote is not closed"},
        {"dev1 id1 a1b", "the key must be hex digits"},
        {"dev1 id1 secret", "the key must be hex digits"},
        {"dev1 id1 \"\"", "the key must have 1 to 256 bytes"},
        {"dev1 \"\" a1", "the identity must have 1 to 150 bytes"},
        {"dev0 id1 a1", "the endpoint has a key already"},
        {"dev1 id0 a1", "the identity belongs to another endpoint"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct file f;
        char text[100], place[80];
        snprintf(text, sizeof(text), "# keys\ndev0 id0 a0\n%s\n", rows[i].line);
        write_file(&f, bc_view_of(text), 0600);
        assert_false(load(&f));
        snprintf(place, sizeof(place), "%s:3: ", f.path);
        assert_non_null(strstr(f.said, place));
        assert_non_null(strstr(f.said, rows[i].problem));
        assert_null(strstr(f.said, "secret"));
        assert_ptr_equal(strchr(f.said, '\n'), f.said + strlen(f.said) - 1);
        platform_keys_destroy(f.keys);
    }
}

static void line_that_is_too_long_or_no_text_is_refused(void **state)
{
    (void)state;
    struct file f;
    static char text[5000];
    memset(text, 'a', sizeof(text) - 1);
    write_file(&f, bc_view_of(text), 0600);
    assert_false(load(&f));
    assert_non_null(strstr(f.said, ":1: the line is too long"));
    platform_keys_destroy(f.keys);
    write_file(&f, BC_TEXT("dev1 id1 a1\n\0dev2 id2 a2\n"), 0600);
    assert_false(load(&f));
    assert_non_null(strstr(f.said, ":2: "));
    platform_keys_destroy(f.keys);
}

static void file_that_others_may_read_is_refused(void **state)
{
    (void)state;
    static const mode_t modes[] = {0640, 0604, 0620, 0602};
    struct file f;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        write_file(&f, BC_TEXT("dev1 id1 a1\n"), modes[i]);
        assert_false(load(&f));
        assert_non_null(strstr(f.said, "chmod 600"));
        assert_int_equal(platform_keys_count(f.keys), 0);
        platform_keys_destroy(f.keys);
    }
    strcpy(f.path, "/nonexistent/keys");
    assert_false(load(&f));
    assert_non_null(strstr(f.said, "cannot open /nonexistent/keys"));
    platform_keys_destroy(f.keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_found_both_ways_until_they_go),
        cmocka_unit_test(each_name_has_one_key),
        cmocka_unit_test(lengths_are_checked),
        cmocka_unit_test(file_of_every_kind_of_line_is_read),
        cmocka_unit_test(broken_line_is_named_and_no_key_is_shown),
        cmocka_unit_test(line_that_is_too_long_or_no_text_is_refused),
        cmocka_unit_test(file_that_others_may_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
