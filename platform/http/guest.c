/*
 * Connections. The daemon ends those that are idle, and limits their number in all and for each
 * address; here those are cut off that keep it busy with a byte now and then.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "inside.h"

static void remove_guest(struct http *http, struct guest *guest)
{
    if (guest->previous != NULL)
        guest->previous->next = guest->next;
    else
        http->guests = guest->next;
    if (guest->next != NULL)
        guest->next->previous = guest->previous;
    free(guest);
}

static struct guest *add_guest(struct http *http, struct MHD_Connection *connection)
{
    struct guest *guest = calloc(1, sizeof(*guest));
    if (guest == NULL)
        return NULL;
    guest->connection = connection;
    guest->deadline_ms = http->now.now_ms + http->config.patience_s * 1000;
    guest->next = http->guests;
    if (guest->next != NULL)
        guest->next->previous = guest;
    http->guests = guest;
    return guest;
}

void http_on_connection(void *context, struct MHD_Connection *connection, void **slot,
                        enum MHD_ConnectionNotificationCode what)
{
    struct http *http = context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        *slot = add_guest(http, connection);
    else if (*slot != NULL)
        remove_guest(http, *slot);
}

struct guest *http_guest(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

void http_cut_off_slow_guests(struct http *http)
{
    for (struct guest *guest = http->guests; guest != NULL; guest = guest->next) {
        if (guest->deadline_ms > http->now.now_ms)
            continue;
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(guest->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (info != NULL)
            (void)shutdown(info->connect_fd, SHUT_RDWR);
        guest->deadline_ms = BC_NEVER;
    }
}
