/*
 * The state directory (daemon/state.h): records as files, what each moment of a write leaves when
 * the power goes in it, who may use the directory, and the faults that can be ordered.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sink.h"
#include "state.h"

#define PATH_BYTES 256

static struct {
    char top[PATH_BYTES]; /* a folder of our own */
    char dir[PATH_BYTES]; /* the state's, in it */
    struct state state;
    struct bc_storage port;
} t;

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

static int make_top(void **state)
{
    (void)state;
    snprintf(t.top, sizeof(t.top), "/tmp/bc260y-state-XXXXXX");
    assert_non_null(mkdtemp(t.top));
    snprintf(t.dir, sizeof(t.dir), "%.200s/a/b", t.top);
    state_init(&t.state);
    return 0;
}

static int remove_top(void **state)
{
    (void)state;
    state_close(&t.state);
    return nftw(t.top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void open_dir(bool factory_reset)
{
    assert_true(state_open(&t.state, t.dir, "unused", factory_reset));
    t.port = state_storage(&t.state);
}

static void reopen(void)
{
    state_close(&t.state);
    state_init(&t.state);
    open_dir(false);
}

static void path_of(const char *name, char out[2 * PATH_BYTES])
{
    snprintf(out, 2 * PATH_BYTES, "%s/%s", t.dir, name);
}

static bool exists(const char *name)
{
    char path[2 * PATH_BYTES];
    struct stat about;
    path_of(name, path);
    return lstat(path, &about) == 0;
}

static void step(const char *from, const char *to)
{
    char from_path[2 * PATH_BYTES], to_path[2 * PATH_BYTES];
    path_of(from, from_path);
    path_of(to, to_path);
    assert_int_equal(rename(from_path, to_path), 0);
}

static void write_file(const char *name, const char *text, size_t len)
{
    char path[2 * PATH_BYTES];
    path_of(name, path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static bool keep(const char *text)
{
    return t.port.store(t.port.context, BC_RECORD_SETTINGS, bc_view_of(text));
}

/* The copy's text; "-" when there is none. */
static const char *copy(unsigned number)
{
    static char text[2][BC_RECORD_BYTES_MAX + 1];
    bc_sink out = {.ptr = (uint8_t *)text[number], .cap = BC_RECORD_BYTES_MAX};
    if (!t.port.load(t.port.context, BC_RECORD_SETTINGS, number, &out))
        return "-";
    assert_false(out.full);
    text[number][out.len] = '\0';
    return text[number];
}

#define assert_copies(newest, before)           \
    do {                                        \
        assert_string_equal(copy(0), (newest)); \
        assert_string_equal(copy(1), (before)); \
    } while (false)

/* --- Records ---------------------------------------------------------------------------------- */

static void record_comes_back_with_the_one_before(void **state)
{
    (void)state;
    open_dir(false);
    assert_copies("-", "-");
    assert_true(keep("one"));
    reopen();
    assert_copies("one", "-");
    assert_true(keep("two"));
    assert_true(keep("three"));
    reopen();
    assert_copies("three", "two");
    assert_false(exists("settings.new"));
    assert_false(exists("server"));
}

static void erased_record_is_gone_with_its_copies(void **state)
{
    (void)state;
    open_dir(false);
    assert_true(keep("one"));
    assert_true(keep("two"));
    assert_true(keep(""));
    assert_copies("-", "-");
    assert_true(keep("")); /* once more */
    assert_false(exists("settings") || exists("settings.old"));
}

/*
 *   settings       one     one     -       two
 *   settings.old   zero    zero    one     one
 *   settings.new   -       tw      two     -
 */
static void each_moment_of_a_write_leaves_a_good_copy(void **state)
{
    (void)state;
    open_dir(false);
    assert_true(keep("zero"));
    assert_true(keep("one"));
    write_file("settings.new", "tw", 2);
    reopen();
    assert_copies("one", "zero");
    write_file("settings.new", "two", 3);
    step("settings", "settings.old");
    reopen();
    assert_copies("-", "one");
    assert_true(keep("three")); /* as after any start */
    assert_copies("three", "one");
    step("settings", "settings.new");
    reopen();
    assert_copies("-", "one");
    assert_true(keep(""));
    assert_false(exists("settings.new") || exists("settings.old"));
}

static void damaged_copy_is_set_aside(void **state)
{
    (void)state;
    open_dir(false);
    assert_true(keep("one"));
    assert_true(keep("two"));
    t.port.damaged(t.port.context, BC_RECORD_SETTINGS, 0);
    assert_copies("-", "one");
    assert_true(exists("settings.bad"));
    t.port.damaged(t.port.context, BC_RECORD_SETTINGS, 1);
    assert_copies("-", "-");
    assert_true(exists("settings.old.bad"));
    assert_true(keep("three"));
    t.port.damaged(t.port.context, BC_RECORD_SETTINGS, 0); /* the next one takes its place */
    assert_true(exists("settings.bad") && !exists("settings"));
}

static void file_that_is_too_long_does_not_fit(void **state)
{
    (void)state;
    static char text[4 * BC_RECORD_BYTES_MAX];
    uint8_t bytes[BC_RECORD_BYTES_MAX];
    memset(text, 'x', sizeof(text));
    open_dir(false);
    for (size_t len = BC_RECORD_BYTES_MAX; len <= sizeof(text); len += len == 768 ? 1 : 767) {
        bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
        write_file("settings", text, len);
        assert_true(t.port.load(t.port.context, BC_RECORD_SETTINGS, 0, &out));
        assert_int_equal(out.full, len > BC_RECORD_BYTES_MAX);
    }
}

/* A folder, a link, a pipe: there is something, and nothing comes out of it. */
static void what_is_no_file_counts_as_damaged(void **state)
{
    (void)state;
    char path[2 * PATH_BYTES];
    open_dir(false);
    path_of("settings", path);
    for (unsigned kind = 0; kind < 3; kind++) {
        int made = kind == 0   ? mkdir(path, 0700)
                   : kind == 1 ? symlink("/etc/passwd", path)
                               : mkfifo(path, 0600);
        assert_int_equal(made, 0);
        assert_string_equal(copy(0), "");
        t.port.damaged(t.port.context, BC_RECORD_SETTINGS, 0);
        assert_false(exists("settings"));
        path_of("settings.bad", path);
        assert_int_equal(remove(path), 0);
        path_of("settings", path);
    }
}

static void factory_reset_leaves_nothing(void **state)
{
    (void)state;
    open_dir(false);
    assert_true(keep("one"));
    assert_true(keep("two"));
    assert_true(keep("three"));
    t.port.damaged(t.port.context, BC_RECORD_SETTINGS, 0);
    t.port.damaged(t.port.context, BC_RECORD_SETTINGS, 1);
    assert_true(keep("four"));
    state_close(&t.state);
    state_init(&t.state);
    open_dir(true);
    assert_copies("-", "-");
    assert_false(exists("settings.bad") || exists("settings.old.bad"));
}

/* --- The directory ---------------------------------------------------------------------------- */

static mode_t mode_of(const char *path)
{
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    return about.st_mode & 07777;
}

static void directory_and_files_are_ours_alone(void **state)
{
    (void)state;
    char path[2 * PATH_BYTES];
    mode_t before = umask(0);
    open_dir(false);
    assert_true(keep("one"));
    umask(before);
    assert_int_equal(mode_of(t.dir), 0700);
    snprintf(path, sizeof(path), "%s/a", t.top);
    assert_int_equal(mode_of(path), 0700);
    path_of("settings", path);
    assert_int_equal(mode_of(path), 0600);
    path_of("lock", path);
    assert_int_equal(mode_of(path), 0600);
}

static void directory_that_others_may_write_to_is_refused(void **state)
{
    (void)state;
    static const mode_t modes[] = {0770, 0707, 01777};
    open_dir(false);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        state_close(&t.state);
        state_init(&t.state);
        assert_int_equal(chmod(t.dir, modes[i]), 0);
        assert_false(state_open(&t.state, t.dir, "unused", false));
    }
    assert_int_equal(chmod(t.dir, 0755), 0); /* may be looked at: its files may not */
    reopen();
}

/* Somebody's home, or sources: what is called like a record there is none. */
static void directory_of_other_files_is_refused_with_them_untouched(void **state)
{
    (void)state;
    static const char *const names[] = {"settings", "server.old.bad", "slot0"};
    snprintf(t.dir, sizeof(t.dir), "%.200s", t.top);
    write_file("main.c", "mine", 4);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[2 * PATH_BYTES];
        write_file(names[i], "mine", 4);
        assert_false(state_open(&t.state, t.dir, "unused", true));
        assert_true(exists(names[i]) && !exists("lock"));
        path_of(names[i], path);
        assert_int_equal(remove(path), 0);
        state_close(&t.state);
        state_init(&t.state);
    }
    write_file("server.c", "mine", 4); /* no record's name: nothing to lose */
    open_dir(false);
    write_file("settings", "foreign", 7); /* from now on it is a state directory */
    reopen();
    assert_string_equal(copy(0), "foreign");
}

static void foreign_records_alone_do_not_keep_anybody_out(void **state)
{
    (void)state;
    snprintf(t.dir, sizeof(t.dir), "%.200s", t.top);
    write_file("settings", "foreign", 7);
    open_dir(false);
    assert_string_equal(copy(0), "foreign");
}

static void empty_directory_is_closed_to_others(void **state)
{
    (void)state;
    char path[2 * PATH_BYTES];
    snprintf(t.dir, sizeof(t.dir), "%.200s", t.top);
    assert_int_equal(chmod(t.dir, 0755), 0);
    open_dir(false);
    assert_int_equal(mode_of(t.dir), 0700);
    state_close(&t.state);
    state_init(&t.state);
    path_of("lock", path);
    assert_int_equal(remove(path), 0);
    assert_int_equal(chmod(t.dir, 0555), 0);
    (void)state_open(&t.state, t.dir, "unused", false);
    assert_int_equal(mode_of(t.dir), 0500); /* what its owner may not do stays as it is */
}

static void second_process_is_refused_until_the_first_has_ended(void **state)
{
    (void)state;
    int status = 0;
    open_dir(false);
    for (unsigned held = 2; held-- > 0;) {
        pid_t child = fork();
        if (child == 0) {
            struct state other;
            state_init(&other);
            _exit(state_open(&other, t.dir, "unused", false) ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(WEXITSTATUS(status), held);
        state_close(&t.state);
    }
}

static void names_are_names_of_folders_and_nothing_else(void **state)
{
    (void)state;
    char longest[STATE_NAME_BYTES_MAX + 2];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_false(state_name_legal(longest));
    assert_true(state_name_legal(longest + 1));
    assert_true(state_name_legal("meter-1.b_C"));
    static const char *const wrong[] = {"",    ".", "..",  ".a",  "-a",
                                        "a/b", "/", "a b", "a\n", "\xE4"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(state_name_legal(wrong[i]));
}

static void default_directory_is_where_the_system_keeps_state(void **state)
{
    (void)state;
    char expected[2 * PATH_BYTES];
    setenv("HOME", t.top, 1);
    unsetenv("XDG_STATE_HOME");
    for (unsigned i = 0; i < 2; i++) {
        state_init(&t.state);
        assert_true(state_open(&t.state, NULL, "meter", false));
        snprintf(expected, sizeof(expected), "%s%s/bc260y/meter", t.top,
                 i == 0 ? "/.local/state" : "/xdg");
        assert_string_equal(t.state.dir, expected);
        state_close(&t.state);
        snprintf(expected, sizeof(expected), "%s/xdg", t.top);
        setenv("XDG_STATE_HOME", expected, 1);
    }
    unsetenv("HOME");
    setenv("XDG_STATE_HOME", "relative", 1);
    assert_false(state_open(&t.state, NULL, "meter", false));
    unsetenv("XDG_STATE_HOME");
}

/* --- Faults ----------------------------------------------------------------------------------- */

/* In a directory, and without one. */
static void faults_come_when_ordered(void **state)
{
    (void)state;
    for (unsigned files = 0; files < 2; files++) {
        snprintf(t.dir, sizeof(t.dir), files == 0 ? "none" : "%.200s/a", t.top);
        open_dir(false);
        assert_true(keep("before"));
        state_fail(&t.state, STATE_FAIL_NEXT);
        assert_false(keep("failed"));
        assert_string_equal(copy(0), "before");
        assert_true(keep("one"));
        state_fail(&t.state, STATE_FULL);
        assert_false(keep("full"));
        assert_false(keep("still full"));
        assert_string_equal(copy(0), "one");
        assert_true(keep("")); /* makes room */
        state_fail(&t.state, STATE_SOUND);
        assert_true(keep("two"));
        state_fail(&t.state, STATE_TEAR_NEXT);
        assert_true(keep("torn"));
        assert_copies("to", files == 0 ? "-" : "two");
        assert_true(keep("three"));
        assert_string_equal(copy(0), "three");
        state_close(&t.state);
        state_init(&t.state);
    }
}

static void file_that_cannot_be_written_changes_nothing(void **state)
{
    (void)state;
    struct rlimit before, small = {.rlim_cur = 4, .rlim_max = RLIM_INFINITY};
    open_dir(false);
    assert_true(keep("one"));
    assert_true(keep("two"));
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    bool kept = keep("three");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(kept);
    assert_copies("two", "one");
    assert_false(exists("settings.new"));
    assert_true(keep("four"));
}

static void without_a_directory_nothing_is_written(void **state)
{
    (void)state;
    snprintf(t.dir, sizeof(t.dir), "none");
    assert_int_equal(chdir(t.top), 0);
    open_dir(true);
    assert_true(keep("one"));
    assert_copies("one", "-");
    assert_int_equal(rmdir("none"), -1);
    reopen();
    assert_copies("-", "-");
    assert_int_equal(chdir("/"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_top, remove_top)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(record_comes_back_with_the_one_before),
        TEST(erased_record_is_gone_with_its_copies),
        TEST(each_moment_of_a_write_leaves_a_good_copy),
        TEST(damaged_copy_is_set_aside),
        TEST(file_that_is_too_long_does_not_fit),
        TEST(what_is_no_file_counts_as_damaged),
        TEST(factory_reset_leaves_nothing),
        TEST(directory_and_files_are_ours_alone),
        TEST(directory_that_others_may_write_to_is_refused),
        TEST(directory_of_other_files_is_refused_with_them_untouched),
        TEST(foreign_records_alone_do_not_keep_anybody_out),
        TEST(empty_directory_is_closed_to_others),
        TEST(second_process_is_refused_until_the_first_has_ended),
        TEST(names_are_names_of_folders_and_nothing_else),
        TEST(default_directory_is_where_the_system_keeps_state),
        TEST(faults_come_when_ordered),
        TEST(file_that_cannot_be_written_changes_nothing),
        TEST(without_a_directory_nothing_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
