/*
 * Addresses on command lines: see address.h.
 */
#define _GNU_SOURCE
#include "address.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "number.h"

#define HOST_BYTES 256
#define PORT_DIGITS_MAX 5 /* getaddrinfo() would take zeros in front without end */

/* Splits at the last colon, and takes the brackets off an IPv6 address. */
static bool split(const char *text, char host[HOST_BYTES], const char **port)
{
    const char *colon = strrchr(text, ':');
    uint64_t number;
    if (colon == NULL || colon == text || colon - text >= HOST_BYTES)
        return false;
    size_t len = (size_t)(colon - text);
    if (text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    memcpy(host, text, len);
    host[len] = '\0';
    *port = colon + 1;
    return strlen(*port) <= PORT_DIGITS_MAX && number_parse(*port, UINT16_MAX, &number);
}

struct addrinfo *address_look_up(const char *option, const char *text, int socket_type,
                                 char why[ADDRESS_WHY_BYTES])
{
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = socket_type};
    char host[HOST_BYTES];
    const char *port;
    struct addrinfo *found = NULL;
    if (!split(text, host, &port)) {
        snprintf(why, ADDRESS_WHY_BYTES, "%s takes ADDRESS:PORT, not '%s'; see --help", option,
                 text);
        return NULL;
    }
    int error = getaddrinfo(host, port, &hints, &found);
    if (error != 0)
        snprintf(why, ADDRESS_WHY_BYTES, "%s %s: %s", option, text, gai_strerror(error));
    return error == 0 ? found : NULL;
}
