/*
 * Captures, byte for byte: the file of libpcap, and the headers made around a datagram (RFC 791
 * 3.1, RFC 8200 3, RFC 768). What Wireshark makes of them is in tests/system/test_captures.py.
 */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/capture.h"

#define FILE_HEADER_BYTES 24
#define PACKET_HEADER_BYTES 16

static const struct bc_address from = {.ip = {127, 0, 0, 1}, .ip_len = 4, .port = 5683};
static const struct bc_address to = {.ip = {10, 1, 2, 3}, .ip_len = 4, .port = 40000};

/* What is in the file behind its header, or behind the header of its first packet. */
static bc_view content(const char *path, size_t skipped)
{
    static uint8_t bytes[8192];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    assert_true(len >= skipped);
    return (bc_view){bytes + skipped, len - skipped};
}

static void make_path(char path[32])
{
    snprintf(path, 32, "/tmp/bc-capture-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
}

static void capture_puts_ip_and_udp_around_a_datagram(void **state)
{
    (void)state;
    struct capture c = {.dumper = NULL};
    char path[32];
    make_path(path);
    assert_false(capture_is_open(&c));
    assert_null(capture_open(&c, path));
    assert_true(capture_is_open(&c));
    capture_add(&c, &from, &to, BC_TEXT("abc"));
    assert_true(capture_flush(&c));
    check_hex(content(path, FILE_HEADER_BYTES + PACKET_HEADER_BYTES),
              "4500 001F 0000 4000 4011 AFC9 7F000001 0A010203"
              "1633 9C40 000B FDFC 616263");
    capture_close(&c);
    assert_false(capture_is_open(&c));
    unlink(path);
}

static void capture_leaves_out_what_no_program_takes(void **state)
{
    (void)state;
    static const uint8_t bytes[CAPTURE_DATAGRAM_BYTES_MAX + 1];
    struct capture c = {.dumper = NULL};
    char path[32];
    make_path(path);
    assert_null(capture_open(&c, path));
    capture_add(&c, &from, &to, (bc_view){bytes, sizeof(bytes)});
    assert_true(capture_flush(&c));
    assert_int_equal(content(path, FILE_HEADER_BYTES).len, 0);
    capture_add(&c, &from, &to, (bc_view){bytes, sizeof(bytes) - 1});
    assert_true(capture_flush(&c));
    assert_int_equal(content(path, FILE_HEADER_BYTES).len,
                     PACKET_HEADER_BYTES + 28 + CAPTURE_DATAGRAM_BYTES_MAX);
    capture_close(&c);
    unlink(path);
}

static void capture_is_for_its_owner(void **state)
{
    (void)state;
    struct capture c = {.dumper = NULL};
    struct stat about;
    char path[32];
    make_path(path);
    assert_int_equal(chmod(path, 0644), 0);
    assert_null(capture_open(&c, path));
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    capture_close(&c);
    unlink(path);
}

static void capture_says_why_it_cannot_be(void **state)
{
    (void)state;
    struct capture c = {.dumper = NULL};
    const char *why = capture_open(&c, "/nonexistent/capture");
    assert_string_equal(why, strerror(ENOENT));
    assert_false(capture_is_open(&c));
    why = capture_open(&c, "/dev/full");
    assert_string_equal(why, strerror(ENOSPC));
    assert_false(capture_is_open(&c));
    capture_close(&c); /* as the end of a program does */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capture_puts_ip_and_udp_around_a_datagram),
        cmocka_unit_test(capture_leaves_out_what_no_program_takes),
        cmocka_unit_test(capture_is_for_its_owner),
        cmocka_unit_test(capture_says_why_it_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
