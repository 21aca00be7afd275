/*
 * The program's side of the store: see storage.h.
 */
#define _GNU_SOURCE
#include "storage.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coap/message.h"
#include "json.h"
#include "private_file.h"

#define RETRY_MS 1000
#define LINES_BYTES_MIN 65536

static bool complain(const struct storage *s, const char *problem)
{
    fprintf(stderr, "bc260y-platform: cannot use %s as store: %s; choose another --store\n",
            s->path, problem);
    return false;
}

/* The services need a store, if only in memory. */
static bool find_path(struct storage *s, const struct options *options)
{
    s->path = options->store;
    if (options->store != NULL || options->http == NULL)
        return true;
    s->path = options->store_default ? s->place : STORAGE_MEMORY;
    return !options->store_default || platform_place("platform.db", s->place);
}

/* Made here, so that it is never readable by others; SQLite gives its log the same mode. */
static bool make_file(const char *path)
{
    if (strcmp(path, STORAGE_MEMORY) == 0)
        return true;
    int fd = platform_private_open(path, O_RDWR | O_CREAT);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

bool platform_storage_open(struct storage *s, const struct options *options)
{
    char problem[BC_STORE_PROBLEM_BYTES];
    *s = (struct storage){.quiet = options->quiet, .retry_ms = BC_NEVER};
    if (!find_path(s, options))
        return false;
    if (s->path == NULL)
        return true;
    if (!make_file(s->path))
        return false;
    struct bc_store_config config = {.path = s->path, .rows_max = options->store_rows};
    (void)signal(SIGXFSZ, SIG_IGN); /* a limit on the file's size is as a full disk */
    s->store = bc_store_open(&config, problem);
    return s->store != NULL || complain(s, problem);
}

void platform_storage_close(struct storage *s)
{
    bc_store_close(s->store);
    free(s->lines);
    *s = (struct storage){.retry_ms = BC_NEVER};
}

bool platform_storage_restore(struct storage *s, struct bc_server *server, uint64_t *devices)
{
    struct bc_store_counts counts;
    if (s->store == NULL)
        return true;
    if (!bc_store_restore(s->store, server, &s->now, &counts))
        return complain(s, bc_store_problem(s->store));
    if (counts.skipped > 0)
        fprintf(stderr,
                "bc260y-platform: %s: %llu devices or observations are left out: there is no room "
                "for them, or their rows are damaged\n",
                s->path, (unsigned long long)counts.skipped);
    *devices = counts.devices;
    return true;
}

void platform_storage_begin(struct storage *s, uint64_t now_ms)
{
    s->now = (struct bc_store_time){now_ms, platform_json_now_ms()};
}

/* Empty messages are pings, and acknowledgements and resets to us; GET is a question. */
bool platform_storage_admits(const struct storage *s, bc_view datagram)
{
    bool harmless =
        datagram.len > 1 && (datagram.ptr[1] == BC_COAP_EMPTY || datagram.ptr[1] == BC_COAP_GET);
    return s->retry_ms == BC_NEVER || harmless;
}

void platform_storage_on_event(struct storage *s, const struct bc_server_event *event)
{
    if (s->store != NULL)
        bc_store_on_event(s->store, event, &s->now);
}

void platform_storage_on_reply(struct storage *s, const struct bc_address *to, uint16_t message_id,
                               bc_view reply)
{
    if (s->store != NULL)
        bc_store_on_reply(s->store, to, message_id, reply);
}

static bool reserve(struct storage *s, size_t bytes)
{
    size_t cap = s->lines_cap < LINES_BYTES_MIN ? LINES_BYTES_MIN : s->lines_cap;
    while (cap < s->lines_bytes + bytes)
        cap *= 2;
    if (cap == s->lines_cap)
        return true;
    char *lines = realloc(s->lines, cap);
    if (lines == NULL)
        return false;
    s->lines = lines;
    s->lines_cap = cap;
    return true;
}

void platform_storage_print(struct storage *s, const char *line)
{
    size_t bytes = strlen(line);
    if (s->store == NULL) {
        fputs(line, stdout);
    } else if (reserve(s, bytes)) {
        memcpy(s->lines + s->lines_bytes, line, bytes);
        s->lines_bytes += bytes;
    }
}

static void tell(const struct storage *s, const char *event, const char *reason)
{
    char *line =
        s->quiet ? NULL : platform_json_line(platform_json_alarm(event, reason, s->now.utc_ms));
    if (line != NULL)
        fputs(line, stdout);
    free(line);
}

static void on_failure(struct storage *s, struct bc_server *server)
{
    bool first = s->retry_ms == BC_NEVER;
    bc_server_discard(server);
    s->lines_bytes = 0;
    s->retry_ms = s->now.now_ms + RETRY_MS;
    if (!first)
        return;
    fprintf(stderr,
            "bc260y-platform: cannot write %s: %s; nothing is acknowledged until that works\n",
            s->path, bc_store_problem(s->store));
    tell(s, "store-failed", bc_store_problem(s->store));
}

bool platform_storage_settle(struct storage *s, struct bc_server *server)
{
    if (platform_storage_pending(s) && !bc_store_commit(s->store, &s->now)) {
        on_failure(s, server);
        return false;
    }
    if (s->lines_bytes > 0)
        fwrite(s->lines, 1, s->lines_bytes, stdout);
    s->lines_bytes = 0;
    return true;
}

bool platform_storage_pending(const struct storage *s)
{
    return s->store != NULL && bc_store_pending(s->store);
}

void platform_storage_on_time(struct storage *s, const struct bc_server *server)
{
    if (s->retry_ms > s->now.now_ms)
        return;
    if (!bc_store_recover(s->store, server, &s->now)) {
        s->retry_ms = s->now.now_ms + RETRY_MS;
        return;
    }
    s->retry_ms = BC_NEVER;
    fprintf(stderr, "bc260y-platform: %s can be written again\n", s->path);
    tell(s, "store-recovered", NULL);
}

uint64_t platform_storage_deadline(const struct storage *s)
{
    return s->retry_ms;
}
