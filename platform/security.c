/*
 * Keys and who may use them: see security.h.
 */
#define _GNU_SOURCE
#include "security.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/sink.h"
#include "private_file.h"

static bool find_key(void *context, bc_view identity, bc_sink *key)
{
    const struct security *s = context;
    struct keys_entry entry;
    if (!platform_keys_by_identity(s->keys, identity, &entry))
        return false;
    bc_put_bytes(key, entry.key);
    return true;
}

/* A line in one piece, past stdio: nothing of it stays in a buffer of ours. */
static void on_keylog(void *context, const char *line)
{
    const struct security *s = context;
    struct iovec parts[2] = {{.iov_len = strlen(line)}, {.iov_len = 1}};
    static const char end[] = "\n";
    const char *ends = end;
    memcpy(&parts[0].iov_base, &line, sizeof(line));
    memcpy(&parts[1].iov_base, &ends, sizeof(ends));
    if (writev(s->keylog, parts, 2) < 0)
        fprintf(stderr, "bc260y-platform: cannot write %s: %s\n", s->options->keylog,
                strerror(errno));
}

static struct keys *load(const struct security *s)
{
    struct keys *keys = platform_keys_create(s->seed);
    if (keys == NULL) {
        fputs("bc260y-platform: not enough memory\n", stderr);
        return NULL;
    }
    if (s->options->psk_file == NULL || platform_keys_load(keys, s->options->psk_file))
        return keys;
    platform_keys_destroy(keys);
    return NULL;
}

bool platform_security_open(struct security *s, const struct options *options, uint64_t seed)
{
    *s = (struct security){.options = options, .seed = seed, .keylog = -1};
    s->keys = load(s);
    if (s->keys == NULL || options->keylog == NULL)
        return s->keys != NULL;
    s->keylog = platform_private_open(options->keylog, O_WRONLY | O_CREAT | O_APPEND);
    return s->keylog >= 0;
}

void platform_security_close(struct security *s)
{
    if (s->options == NULL)
        return;
    platform_keys_destroy(s->keys);
    s->keys = NULL;
    if (s->keylog >= 0)
        close(s->keylog);
    s->keylog = -1;
}

struct secure_listener *platform_security_listen(struct security *s, const char *option,
                                                 void (*on_event)(void *context,
                                                                  const struct secure_event *event),
                                                 void *context)
{
    struct secure_config config = platform_secure_config_default();
    config.find_key = find_key;
    config.find_key_context = s;
    config.on_event = s->options->quiet ? NULL : on_event;
    config.on_event_context = context;
    config.version = s->options->dtls_version;
    config.sessions_max = s->options->coaps_sessions;
    config.idle_ms = s->options->coaps_idle_s * UINT64_C(1000);
    config.seed = s->seed;
    if (s->keylog >= 0)
        config.keylog = on_keylog;
    config.keylog_context = s;
    assert(s->listener_count < SECURITY_LISTENERS_MAX);
    struct secure_listener *l = platform_secure_create(&config);
    if (l == NULL)
        fprintf(stderr, "bc260y-platform: %s: no DTLS in this build, or not enough memory\n",
                option);
    else
        s->listeners[s->listener_count++] = l;
    return l;
}

bool platform_security_trusts(const struct security *s, const struct secure_listener *l,
                              bc_view endpoint, const struct bc_address *from)
{
    struct keys_entry entry;
    bool has_key = platform_keys_by_endpoint(s->keys, endpoint, &entry);
    if (from->channel == 0)
        return !has_key;
    return has_key && bc_view_equal(entry.identity, platform_secure_identity(l, from));
}

/* --- Changes --------------------------------------------------------------------------------- */

static void on_gone(const struct security *s, uint64_t now_ms, bc_view identity)
{
    for (size_t i = 0; i < s->listener_count; i++)
        platform_secure_on_key_gone(s->listeners[i], now_ms, identity);
}

static bool is_in(const struct keys *keys, const struct keys_entry *entry)
{
    struct keys_entry now;
    return platform_keys_by_endpoint(keys, entry->endpoint, &now) &&
           bc_view_equal(now.identity, entry->identity) && bc_view_equal(now.key, entry->key);
}

void platform_security_reload(struct security *s, uint64_t now_ms, void (*add)(void *context),
                              void *context)
{
    struct keys_entry entry;
    struct keys *before = s->keys;
    struct keys *keys = load(s);
    if (keys == NULL)
        return;
    s->keys = keys;
    if (add != NULL)
        add(context); /* before anything is closed */
    const void *cursor = platform_keys_next(before, NULL, &entry);
    for (; cursor != NULL; cursor = platform_keys_next(before, cursor, &entry))
        if (!is_in(keys, &entry))
            on_gone(s, now_ms, entry.identity);
    platform_keys_destroy(before);
}

bool platform_security_remove(struct security *s, uint64_t now_ms, bc_view endpoint)
{
    struct keys_entry entry;
    if (!platform_keys_by_endpoint(s->keys, endpoint, &entry))
        return false;
    on_gone(s, now_ms, entry.identity);
    return platform_keys_remove(s->keys, endpoint);
}

const char *platform_security_set(struct security *s, uint64_t now_ms,
                                  const struct keys_entry *entry)
{
    struct keys_entry holder;
    if (is_in(s->keys, entry))
        return NULL;
    if (platform_keys_by_identity(s->keys, entry->identity, &holder) &&
        !bc_view_equal(holder.endpoint, entry->endpoint))
        return "the identity belongs to another endpoint";
    const char *problem = platform_keys_problem(entry);
    if (problem != NULL)
        return problem;
    (void)platform_security_remove(s, now_ms, entry->endpoint);
    return platform_keys_add(s->keys, entry);
}
