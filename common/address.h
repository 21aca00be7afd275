/*
 * Where a server is to listen, as command lines say it.
 */
#ifndef BC_COMMON_ADDRESS_H
#define BC_COMMON_ADDRESS_H

#include <netdb.h>

#define ADDRESS_WHY_BYTES 512

/* Looks up "ADDRESS:PORT", an IPv6 address in brackets, which was given with `option`, for a socket
 * of that type to be bound to. To be given to freeaddrinfo(); NULL when there is none, and then
 * `why` is a line for the user. */
struct addrinfo *address_look_up(const char *option, const char *text, int socket_type,
                                 char why[ADDRESS_WHY_BYTES]);

#endif
