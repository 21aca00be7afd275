/*
 * Addresses to listen at, as common/address.h reads them from command lines.
 */
#define _GNU_SOURCE
#include "check.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "common/address.h"

static void address_takes_ipv4_ipv6_and_names_with_their_port(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int family;
    } good[] = {{"127.0.0.1:5683", AF_INET}, {"[::1]:5683", AF_INET6}, {"0.0.0.0:5683", AF_INET}};
    char why[ADDRESS_WHY_BYTES];
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct addrinfo *found = address_look_up("--coap", good[i].text, SOCK_DGRAM, why);
        assert_non_null(found);
        assert_int_equal(found->ai_family, good[i].family);
        assert_int_equal(found->ai_socktype, SOCK_DGRAM);
        struct sockaddr_in6 name = {.sin6_port = 0}; /* the port has the same place in IPv4's */
        memcpy(&name, found->ai_addr, found->ai_addrlen);
        assert_int_equal(ntohs(name.sin6_port), 5683);
        freeaddrinfo(found);
    }
}

static void address_says_what_it_takes_instead(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "127.0.0.1",
                                      ":5683",
                                      "127.0.0.1:",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:x",
                                      "127.0.0.1:-1",
                                      "127.0.0.1:000001",
                                      "127.0.0.1:5683 "};
    char why[ADDRESS_WHY_BYTES];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        why[0] = '\0';
        assert_null(address_look_up("--http", bad[i], SOCK_STREAM, why));
        assert_ptr_equal(strstr(why, "--http takes ADDRESS:PORT"), why);
    }
}

static void address_of_a_host_that_is_too_long_is_refused(void **state)
{
    (void)state;
    char why[ADDRESS_WHY_BYTES];
    char text[300];
    memset(text, 'a', sizeof(text));
    memcpy(text + 256, ":1", 3);
    assert_null(address_look_up("--coap", text, SOCK_DGRAM, why));
    assert_non_null(strstr(why, "takes ADDRESS:PORT"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_takes_ipv4_ipv6_and_names_with_their_port),
        cmocka_unit_test(address_says_what_it_takes_instead),
        cmocka_unit_test(address_of_a_host_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
