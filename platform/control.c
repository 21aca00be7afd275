/*
 * The clients of control.h. The socket is only for its owner; a slow or silent client costs
 * bounded memory and is cut off in the end.
 */
#define _GNU_SOURCE
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sink.h"
#include "common/local_socket.h"
#include "json.h"

#define OUT_BYTES_MAX (16 * 1024 * 1024)

static bool watch(const struct control *c, int fd, uint32_t events, int change)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(c->epoll, change, fd, &event) == 0;
}

static bool listen_at(struct control *c, const char *path)
{
    c->listener = local_socket_listen(path, CONTROL_CLIENTS_MAX);
    if (c->listener < 0)
        return false;
    c->path = path;
    return watch(c, c->listener, EPOLLIN, EPOLL_CTL_ADD);
}

static void close_client(struct control *c, struct control_client *client)
{
    (void)epoll_ctl(c->epoll, EPOLL_CTL_DEL, client->fd, NULL);
    if (!client->standard)
        close(client->fd);
    free(client->out);
    bc_wipe(client->line, sizeof(client->line));
    *client = (struct control_client){
        .fd = -1,
        .generation = client->generation,
        .standard = client->standard, /* standard output still takes answers */
    };
}

/* When nothing can follow any more. */
static void close_when_done(struct control *c, struct control_client *client)
{
    if (client->ended && client->open == 0 && client->out_bytes == 0)
        close_client(c, client);
}

static void flush_client(struct control *c, struct control_client *client)
{
    while (client->out_bytes > 0) {
        ssize_t sent = send(client->fd, client->out, client->out_bytes, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (sent <= 0) {
            close_client(c, client);
            return;
        }
        client->out_bytes -= (size_t)sent;
        memmove(client->out, client->out + sent, client->out_bytes);
    }
    uint32_t wanted =
        (client->ended ? 0 : (uint32_t)EPOLLIN) | (client->out_bytes > 0 ? (uint32_t)EPOLLOUT : 0);
    watch(c, client->fd, wanted, EPOLL_CTL_MOD);
}

static void say(struct control *c, struct control_client *client, json_t *answer)
{
    char *line = platform_json_line(answer);
    size_t len = line == NULL ? 0 : strlen(line);
    if (client->standard && len > 0) {
        fwrite(line, 1, len, stdout);
    } else if (client->out_bytes + len > OUT_BYTES_MAX) {
        close_client(c, client);
    } else if (len > 0) {
        char *out = realloc(client->out, client->out_bytes + len);
        if (out != NULL) {
            client->out = out;
            memcpy(out + client->out_bytes, line, len);
            client->out_bytes += len;
            flush_client(c, client);
        }
    }
    free(line);
}

static void run_line(struct control *c, struct control_client *client, size_t len, uint64_t now_ms)
{
    size_t index = (size_t)(client - c->clients);
    struct command_context context = {
        .server = c->server,
        .security = c->security,
        .store = c->store,
        .now_ms = now_ms,
        .tag = (uint64_t)(index + 1) << 32 | client->generation,
    };
    if (len > 0 && client->line[len - 1] == '\r')
        len--;
    if (len == 0)
        return;
    json_t *answer = platform_command_run(&context, client->line, len);
    c->quit = c->quit || context.quit;
    if (answer != NULL)
        say(c, client, answer);
    else
        client->open++;
}

/* Every whole line that is there; what is behind the last one stays. */
static void run_lines(struct control *c, struct control_client *client, uint64_t now_ms)
{
    char *end;
    while (client->fd >= 0 && (end = memchr(client->line, '\n', client->line_bytes)) != NULL) {
        size_t len = (size_t)(end - client->line);
        char *rest = end + 1;
        if (!client->overlong)
            run_line(c, client, len, now_ms);
        client->overlong = false;
        if (client->fd < 0)
            return;
        client->line_bytes -= len + 1;
        memmove(client->line, rest, client->line_bytes);
        bc_wipe(client->line + client->line_bytes, len + 1); /* there may be a key in a command */
    }
    if (client->line_bytes < sizeof(client->line))
        return;
    if (!client->overlong)
        say(c, client, platform_json_error("a command has at most %d bytes", COMMAND_BYTES_MAX));
    client->overlong = true;
    client->line_bytes = 0;
    bc_wipe(client->line, sizeof(client->line));
}

static void read_client(struct control *c, struct control_client *client, uint64_t now_ms)
{
    ssize_t got = read(client->fd, client->line + client->line_bytes,
                       sizeof(client->line) - client->line_bytes);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got > 0) {
        client->line_bytes += (size_t)got;
        run_lines(c, client, now_ms);
        return;
    }
    client->ended = true;
    if (client->standard || got < 0)
        close_client(c, client);
    else
        flush_client(c, client);
}

static void accept_client(struct control *c)
{
    int fd = accept4(c->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    for (size_t i = 1; i <= CONTROL_CLIENTS_MAX && fd >= 0; i++) {
        struct control_client *client = &c->clients[i];
        if (client->fd >= 0)
            continue;
        client->fd = fd;
        client->generation++;
        if (!watch(c, fd, EPOLLIN, EPOLL_CTL_ADD))
            close_client(c, client);
        return;
    }
    if (fd >= 0)
        close(fd);
}

void platform_control_read_standard(struct control *c, uint64_t now_ms)
{
    struct control_client *client = &c->clients[0];
    client->standard = true;
    client->fd = STDIN_FILENO;
    if (watch(c, STDIN_FILENO, EPOLLIN, EPOLL_CTL_ADD))
        return;
    /* Files and /dev/null cannot be watched, but never keep their reader waiting either. */
    bool file = errno == EPERM;
    while (file && client->fd >= 0)
        read_client(c, client, now_ms);
    client->fd = -1;
}

bool platform_control_open(struct control *c, const char *path, int epoll, struct bc_server *server,
                           struct security *security, struct bc_store *store)
{
    *c = (struct control){
        .listener = -1, .epoll = epoll, .server = server, .security = security, .store = store};
    for (size_t i = 0; i <= CONTROL_CLIENTS_MAX; i++)
        c->clients[i].fd = -1;
    if (path != NULL && !listen_at(c, path)) {
        fprintf(stderr, "bc260y-platform: cannot listen at %s: %s; choose another --control\n",
                path, strerror(errno));
        return false;
    }
    return true;
}

void platform_control_close(struct control *c)
{
    for (size_t i = 0; i <= CONTROL_CLIENTS_MAX; i++)
        if (c->clients[i].fd >= 0)
            close_client(c, &c->clients[i]);
    if (c->listener >= 0)
        close(c->listener);
    if (c->path != NULL)
        unlink(c->path);
}

void platform_control_on_ready(struct control *c, int fd, uint32_t epoll_events, uint64_t now_ms)
{
    struct control_client *client = c->clients;
    if (fd == c->listener) {
        accept_client(c);
        return;
    }
    while (client->fd != fd)
        if (++client > &c->clients[CONTROL_CLIENTS_MAX])
            return; /* closed earlier in this round */
    if (epoll_events & EPOLLOUT)
        flush_client(c, client);
    if (client->fd < 0)
        return;
    if (!client->ended && (epoll_events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        read_client(c, client, now_ms);
    else if (client->ended && (epoll_events & (EPOLLHUP | EPOLLERR)))
        client->open = 0; /* nobody is there to read the answers */
    close_when_done(c, client);
}

void platform_control_answer(struct control *c, uint64_t tag, json_t *answer)
{
    size_t index = (size_t)(tag >> 32) - 1;
    struct control_client *client = &c->clients[index];
    if (client->standard || (client->fd >= 0 && client->generation == (uint32_t)tag)) {
        say(c, client, answer);
        client->open -= client->open > 0;
        if (client->fd >= 0)
            close_when_done(c, client);
        return;
    }
    json_decref(answer);
}
