/*
 * Unix sockets: what common/local_socket.h replaces, and what it leaves alone.
 */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/local_socket.h"

struct place {
    char folder[64];
    char path[80];
};

static int setup(void **state)
{
    struct place *p = malloc(sizeof(*p));
    assert_non_null(p);
    strcpy(p->folder, "/tmp/bc-socket-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    snprintf(p->path, sizeof(p->path), "%s/s", p->folder);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    unlink(p->path);
    assert_int_equal(rmdir(p->folder), 0);
    free(p);
    return 0;
}

static void local_socket_is_for_its_owner_and_carries_bytes(void **state)
{
    const struct place *p = *state;
    struct stat about;
    char byte = 0;
    int listener = local_socket_listen(p->path, 1);
    assert_true(listener >= 0);
    assert_int_equal(stat(p->path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    int client = local_socket_connect(p->path, 5);
    assert_true(client >= 0);
    int served = accept(listener, NULL, NULL);
    assert_int_equal(write(served, "x", 1), 1);
    assert_int_equal(read(client, &byte, 1), 1);
    assert_int_equal(byte, 'x');
    close(served);
    close(client);
    close(listener);
}

static void local_socket_of_a_killed_program_is_replaced(void **state)
{
    const struct place *p = *state;
    int dead = local_socket_listen(p->path, 1);
    assert_true(dead >= 0);
    close(dead); /* its name stays, as after SIGKILL */
    assert_int_equal(local_socket_connect(p->path, 0), -1);
    assert_int_equal(errno, ECONNREFUSED);
    int listener = local_socket_listen(p->path, 1);
    assert_true(listener >= 0);
    close(listener);
}

static void local_socket_leaves_a_living_one_alone(void **state)
{
    const struct place *p = *state;
    int listener = local_socket_listen(p->path, 1);
    assert_true(listener >= 0);
    assert_int_equal(local_socket_listen(p->path, 1), -1);
    assert_int_equal(errno, EADDRINUSE);
    int client = local_socket_connect(p->path, 0);
    assert_true(client >= 0);
    close(client);
    close(listener);
}

static void local_socket_leaves_a_file_alone(void **state)
{
    const struct place *p = *state;
    FILE *file = fopen(p->path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(local_socket_listen(p->path, 1), -1);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(access(p->path, F_OK), 0);
}

static void local_socket_with_a_name_that_is_too_long_is_refused(void **state)
{
    (void)state;
    char path[200];
    memset(path, 'a', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(local_socket_listen(path, 1), -1);
    assert_int_equal(errno, ENAMETOOLONG);
    assert_int_equal(local_socket_connect(path, 0), -1);
    assert_int_equal(errno, ENAMETOOLONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(local_socket_is_for_its_owner_and_carries_bytes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(local_socket_of_a_killed_program_is_replaced, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(local_socket_leaves_a_living_one_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(local_socket_leaves_a_file_alone, setup, teardown),
        cmocka_unit_test(local_socket_with_a_name_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
