/*
 * Unix stream sockets, over which one program gives another commands.
 */
#ifndef BC_COMMON_LOCAL_SOCKET_H
#define BC_COMMON_LOCAL_SOCKET_H

/* Listens at `path`, where only the owner of this process may connect, and does not block. What a
 * killed program left behind there is replaced; anything else stays. The descriptor, or -1 with
 * errno: EADDRINUSE when somebody listens there, EEXIST when the file is no socket. Whoever closes
 * it unlinks the path. */
int local_socket_listen(const char *path, int backlog);

/* A blocking connection to `path`. With `patience_s` neither connecting nor a later read or write
 * waits longer, 0 is for ever. The descriptor, or -1 with errno. */
int local_socket_connect(const char *path, unsigned patience_s);

#endif
