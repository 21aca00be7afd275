/*
 * Connections. The daemon ends those that are idle; here those are cut off that keep it busy with a
 * byte now and then, and, when there are too many, the one that has been longest at what it is at:
 * so nobody can lock others out by doing nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "inside.h"

#define LATE_BYTES 512

static void remove_guest(struct http *http, struct guest *guest)
{
    if (guest->previous != NULL)
        guest->previous->next = guest->next;
    else
        http->guests = guest->next;
    if (guest->next != NULL)
        guest->next->previous = guest->previous;
    if (!guest->cut)
        http->guest_count--;
    free(guest);
}

static struct guest *add_guest(struct http *http, struct MHD_Connection *connection)
{
    struct guest *guest = calloc(1, sizeof(*guest));
    if (guest == NULL)
        return NULL;
    guest->connection = connection;
    guest->deadline_ms = http->now.now_ms + http->config.patience_s * 1000;
    guest->unheard = true;
    guest->next = http->guests;
    if (guest->next != NULL)
        guest->next->previous = guest;
    http->guests = guest;
    http->guest_count++;
    return guest;
}

/* The daemon cannot answer before a request is whole. Under TLS nobody can. */
static void tell_late(struct http *http, int fd)
{
    char message[LATE_BYTES];
    struct api_answer answer = {.status = 0};
    api_problem(&answer, 408, "request_too_slow", NULL, "the request took too long to arrive");
    json_t *body = api_problem_body(408, &answer);
    char *text = json_dumps(body, JSON_FLAGS);
    if (text != NULL && !http->secure) {
        int len = snprintf(message, sizeof(message),
                           "HTTP/1.1 408 Request Timeout\r\n"
                           "Content-Type: application/problem+json\r\n"
                           "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                           strlen(text), text);
        if (len > 0 && len < LATE_BYTES)
            (void)send(fd, message, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
        http->answered[408]++;
    }
    free(text);
    json_decref(body);
}

static void cut_off(struct http *http, struct guest *guest)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(guest->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info != NULL && guest->unheard)
        tell_late(http, info->connect_fd);
    if (info != NULL)
        (void)shutdown(info->connect_fd, SHUT_RDWR);
    guest->cut = true;
    guest->deadline_ms = BC_NEVER;
    http->guest_count--;
}

static void make_room(struct http *http)
{
    struct guest *slowest = NULL;
    for (struct guest *guest = http->guests; guest != NULL; guest = guest->next)
        if (guest->deadline_ms != BC_NEVER &&
            (slowest == NULL || guest->deadline_ms < slowest->deadline_ms))
            slowest = guest;
    if (slowest != NULL)
        cut_off(http, slowest);
}

void http_on_connection(void *context, struct MHD_Connection *connection, void **slot,
                        enum MHD_ConnectionNotificationCode what)
{
    struct http *http = context;
    if (what != MHD_CONNECTION_NOTIFY_STARTED) {
        if (*slot != NULL)
            remove_guest(http, *slot);
        return;
    }
    if (http->guest_count >= GUESTS_MAX)
        make_room(http);
    *slot = add_guest(http, connection);
}

struct guest *http_guest(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

void http_cut_off_slow_guests(struct http *http)
{
    for (struct guest *guest = http->guests; guest != NULL; guest = guest->next)
        if (guest->deadline_ms <= http->now.now_ms)
            cut_off(http, guest);
}
