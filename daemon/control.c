/*
 * The clients of the control socket: see control.h.
 */
#define _GNU_SOURCE
#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/local_socket.h"
#include "lab.h"
#include "report.h"

#define BACKLOG 8

/* --- The socket ------------------------------------------------------------------------------- */

void control_init(struct control *c)
{
    *c = (struct control){.fd = -1};
    for (size_t i = 0; i < WATCH_CLIENTS_MAX; i++)
        c->client[i].fd = -1;
}

bool control_open(struct control *c, const char *path, struct watches *watches)
{
    c->watches = watches;
    c->path = path;
    c->fd = local_socket_listen(path, BACKLOG);
    if (c->fd >= 0)
        return true;
    if (errno == EADDRINUSE)
        report("--control %s: another program listens there; name another socket", path);
    else if (errno == EEXIST)
        report("--control %s: this file exists already and is no socket; name another", path);
    else
        report("--control %s: cannot listen: %s", path, strerror(errno));
    return false;
}

static enum watch watch_of(const struct control *c, const struct control_client *client)
{
    return (enum watch)(WATCH_CLIENT_FIRST + (int)(client - c->client));
}

static void close_client(struct control *c, struct control_client *client)
{
    watch_set(c->watches, watch_of(c, client), -1, 0);
    close(client->fd);
    free(client->out);
    *client = (struct control_client){.fd = -1};
}

void control_close(struct control *c)
{
    for (size_t i = 0; i < WATCH_CLIENTS_MAX; i++)
        if (c->client[i].fd >= 0)
            close_client(c, &c->client[i]);
    if (c->fd < 0)
        return;
    close(c->fd);
    unlink(c->path);
    c->fd = -1;
}

/* --- Answers ---------------------------------------------------------------------------------- */

/* Writes what the socket takes now. False when the client has gone. */
static bool flush_client(struct control *c, struct control_client *client)
{
    while (client->out_len > 0) {
        ssize_t sent =
            send(client->fd, client->out + client->out_at, client->out_len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            return true;
        if (sent <= 0) {
            close_client(c, client);
            return false;
        }
        client->out_at += (size_t)sent;
        client->out_len -= (size_t)sent;
    }
    free(client->out);
    client->out = NULL;
    return true;
}

/* Releases `answer`. Without memory the client is let go: it would wait for ever. */
static bool say(struct control *c, struct control_client *client, json_t *answer)
{
    char *text = json_dumps(answer, LAB_ANSWER_FLAGS);
    json_decref(answer);
    size_t len = text != NULL ? strlen(text) : 0;
    char *line = text != NULL ? realloc(text, len + 1) : NULL;
    if (line == NULL) {
        free(text);
        close_client(c, client);
        return false;
    }
    line[len] = '\n'; /* in the place of its terminator */
    client->out = line;
    client->out_at = 0;
    client->out_len = len + 1;
    return flush_client(c, client);
}

/* The id of the request, when it has one, stands in the answer. */
static json_t *with_id(json_t *answer, json_t *request)
{
    json_t *id = json_object_get(request, "id");
    if (id != NULL)
        json_object_set(answer, "id", id);
    return answer;
}

static json_t *answer_to(struct control *c, const char *line, size_t len)
{
    json_error_t error;
    json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    const char *command = json_string_value(json_object_get(request, "command"));
    json_t *answer = request == NULL   ? lab_error("not JSON")
                     : command == NULL ? lab_error("not like {\"command\":\"help\"}")
                                       : c->run(c->context, command);
    answer = with_id(answer, request);
    json_decref(request);
    return answer;
}

/* --- Lines ------------------------------------------------------------------------------------ */

static bool blank(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
            return false;
    return true;
}

/* Takes the first `len` bytes off. */
static void drop(struct control_client *client, size_t len)
{
    client->len -= len;
    memmove(client->line, client->line + len, client->len);
}

/* The rest of an overlong line goes; one that has just become overlong is answered. */
static bool swallow(struct control *c, struct control_client *client)
{
    bool was = client->overlong;
    client->overlong = true;
    client->len = 0;
    return was || say(c, client, lab_error("a line has at most %d bytes", CONTROL_LINE_BYTES_MAX));
}

/* Line by line, as long as each answer is taken at once. */
static void run_lines(struct control *c, struct control_client *client)
{
    while (client->out == NULL) {
        const char *end = memchr(client->line, '\n', client->len);
        if (end == NULL && client->len == sizeof(client->line)) {
            if (!swallow(c, client))
                return;
            continue;
        }
        if (end == NULL)
            break;
        size_t len = (size_t)(end - client->line);
        bool skip = client->overlong || blank(client->line, len);
        json_t *answer = skip ? NULL : answer_to(c, client->line, len);
        client->overlong = false;
        drop(client, len + 1);
        if (answer != NULL && !say(c, client, answer))
            return;
    }
    if (client->ended && client->out == NULL)
        close_client(c, client);
}

static void read_client(struct control *c, struct control_client *client)
{
    ssize_t got = read(client->fd, client->line + client->len, sizeof(client->line) - client->len);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got < 0) {
        close_client(c, client);
        return;
    }
    client->ended = got == 0;
    client->len += (size_t)got;
    if (client->ended && client->len > 0 && client->len < sizeof(client->line))
        client->line[client->len++] = '\n'; /* a last line without its end */
    run_lines(c, client);
}

/* --- The loop's side -------------------------------------------------------------------------- */

static void accept_client(struct control *c)
{
    int fd = accept4(c->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    for (size_t i = 0; i < WATCH_CLIENTS_MAX && fd >= 0; i++) {
        if (c->client[i].fd >= 0)
            continue;
        c->client[i].fd = fd;
        return;
    }
    if (fd >= 0)
        close(fd); /* all places are taken */
}

void control_set_watches(struct control *c)
{
    if (c->fd < 0)
        return;
    watch_set(c->watches, WATCH_CONTROL, c->fd, WATCH_READ);
    for (size_t i = 0; i < WATCH_CLIENTS_MAX; i++) {
        const struct control_client *client = &c->client[i];
        watch_set(c->watches, watch_of(c, client), client->fd,
                  client->out == NULL ? WATCH_READ : WATCH_WRITE);
    }
}

void control_on_ready(struct control *c, const struct watch_ready *ready)
{
    for (size_t i = 0; i < WATCH_CLIENTS_MAX; i++) {
        struct control_client *client = &c->client[i];
        unsigned bits = ready->of[watch_of(c, client)];
        if (client->fd < 0 || bits == 0)
            continue;
        if (client->out == NULL)
            read_client(c, client);
        else if (flush_client(c, client))
            run_lines(c, client);
    }
    if (ready->of[WATCH_CONTROL] != 0)
        accept_client(c);
}
