/*
 * The services in the program: see web.h.
 */
#define _GNU_SOURCE
#include "web.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accounts.h"
#include "base/sink.h"
#include "private_file.h"

#define AWAKE_MS 93000 /* MAX_TRANSMIT_WAIT (RFC 7252 4.8.2) */
#define PEM_BYTES_MAX (1024 * 1024)
#define TOKEN_NAME "admin-token"

/* The service ----------------------------------------------------------------------------------*/

static bool wants(void *context, enum service_event_kind kind)
{
    const struct web *w = context;
    return w->http != NULL && platform_http_wants(w->http, kind);
}

static void on_event(void *context, const struct service_event *event)
{
    struct web *w = context;
    if (w->http != NULL)
        platform_http_on_event(w->http, event);
}

static const char *set_key(void *context, bc_view endpoint, bc_view identity, bc_view key)
{
    struct web *w = context;
    struct keys_entry entry = {endpoint, identity, key};
    uint64_t now_ms = w->storage->now.now_ms;
    if (key.len > 0)
        return platform_security_set(w->security, now_ms, &entry);
    (void)platform_security_remove(w->security, now_ms, endpoint);
    return NULL;
}

/* Where that device finds packages of firmware. */
static bool origin(void *context, const struct bc_address *device, char out[SERVICE_ORIGIN_BYTES])
{
    static const char *const schemes[] = {"coap", "coaps"};
    const struct web *w = context;
    bool secure = device->channel != 0;
    const char *given = w->options->fw_uris[secure];
    struct bc_address seen;
    char place[NET_TEXT_BYTES];
    if (given == NULL &&
        (w->locals[secure].ip_len == 0 || !platform_net_seen(&w->locals[secure], device, &seen)))
        return false;
    if (given == NULL)
        platform_net_text(&seen, place);
    (void)snprintf(out, SERVICE_ORIGIN_BYTES, "%s%s%s", given == NULL ? schemes[secure] : "",
                   given == NULL ? "://" : "", given == NULL ? place : given);
    return true;
}

/* Who listens on every address is found on the nearest one. */
static const char *reached_at(const struct bc_address *local, char out[NET_TEXT_BYTES])
{
    static const uint8_t any[sizeof(local->ip)], next[sizeof(local->ip)] = {[15] = 1};
    if (local == NULL)
        return NULL;
    struct bc_address nearest = *local;
    if (memcmp(local->ip, any, local->ip_len) == 0)
        memcpy(nearest.ip, local->ip_len == 4 ? (const uint8_t[]){127, 0, 0, 1} : next,
               local->ip_len);
    platform_net_text(&nearest, out);
    return out;
}

static void set_module_calls(struct web *w, const struct web_setup *setup)
{
    w->module_calls = (struct service_modules){
        .start = platform_modules_start,
        .write = platform_modules_write,
        .stop = platform_modules_stop,
        .context = &w->modules,
        .coap = {reached_at(setup->coap, w->places[0]), reached_at(setup->coaps, w->places[1])},
        .bootstrap = {reached_at(setup->bootstrap, w->places[2]),
                      reached_at(setup->bootstrap_coaps, w->places[3])},
        .anywhere = setup->options->virtual_anywhere,
    };
}

static void note_listener(struct web *w, const char *name, const struct bc_address *local)
{
    char place[NET_TEXT_BYTES];
    if (local == NULL)
        return;
    platform_net_text(local, place);
    (void)json_object_set_new(w->listeners, name, json_string(place));
}

bool platform_web_open(struct web *w, const struct web_setup *setup)
{
    char problem[BC_STORE_PROBLEM_BYTES];
    w->options = setup->options;
    w->storage = setup->storage;
    w->security = setup->security;
    w->locals[0] = *setup->coap;
    if (setup->coaps != NULL)
        w->locals[1] = *setup->coaps;
    w->modules.epoll = -1;
    if (setup->options->http == NULL)
        return true;
    if (!platform_modules_open(&w->modules))
        return false;
    set_module_calls(w, setup);
    w->listeners = json_object();
    note_listener(w, "coap", setup->coap);
    note_listener(w, "coaps", setup->coaps);
    note_listener(w, "bootstrap", setup->bootstrap);
    struct service_config config = {
        .listeners = w->listeners,
        .server = setup->server,
        .store = setup->storage->store,
        .open = setup->options->open,
        .awake_ms = AWAKE_MS,
        .modules = &w->module_calls,
        .wants = wants,
        .on_event = on_event,
        .set_key = set_key,
        .origin = origin,
        .context = w,
    };
    w->service = service_create(&config, w->storage->now.utc_ms, problem);
    if (w->service == NULL)
        fprintf(stderr, "bc260y-platform: cannot begin with %s: %s\n", w->storage->path, problem);
    return w->service != NULL;
}

/* The first token ------------------------------------------------------------------------------*/

/* Beside the store, or with the platform's other files when that is in memory. */
static bool find_token_file(struct web *w)
{
    const char *store = w->storage->path;
    const char *slash = strrchr(store, '/');
    if (strcmp(store, STORAGE_MEMORY) == 0)
        return platform_place("memory-token", w->token_file);
    int len = slash == NULL ? snprintf(w->token_file, sizeof(w->token_file), "./" TOKEN_NAME)
                            : snprintf(w->token_file, sizeof(w->token_file), "%.*s/" TOKEN_NAME,
                                       (int)(slash - store), store);
    if (len > 0 && (size_t)len < sizeof(w->token_file))
        return true;
    fputs("bc260y-platform: the path of --store is too long\n", stderr);
    return false;
}

/* A new file takes the place of what is there, so that nobody who has that open reads it. */
static bool write_token(const char *path, const char *token)
{
    char temporary[PLACE_BYTES + sizeof(".XXXXXX")];
    size_t len = strlen(token);
    (void)snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC); /* of mode 0600 */
    bool done = fd >= 0 && write(fd, token, len) == (ssize_t)len && write(fd, "\n", 1) == 1 &&
                fsync(fd) == 0 && rename(temporary, path) == 0;
    if (!done) {
        fprintf(stderr, "bc260y-platform: cannot write the first token to %s: %s\n", path,
                strerror(errno));
        if (fd >= 0)
            (void)unlink(temporary);
    }
    if (fd >= 0)
        close(fd);
    return done;
}

/* Written before it is stored: a token that nobody has would lock everybody out. */
static bool make_token(struct web *w)
{
    char text[SERVICE_TOKEN_CHARS + 1];
    const struct bc_store_time *now = &w->storage->now;
    if (service_token_any(w->service, now->utc_ms)) {
        if (access(w->token_file, F_OK) != 0)
            w->token_file[0] = '\0';
        return true;
    }
    bool done = service_token_add(w->service, "first", API_ADMIN, 0, now->utc_ms, text);
    if (!done)
        fprintf(stderr, "bc260y-platform: cannot store the first token: %s\n",
                bc_store_problem(w->storage->store));
    done = done && write_token(w->token_file, text);
    bc_wipe(text, sizeof(text));
    if (!done)
        return false;
    if (!bc_store_commit(w->storage->store, now)) {
        fprintf(stderr, "bc260y-platform: cannot write %s: %s\n", w->storage->path,
                bc_store_problem(w->storage->store));
        return false;
    }
    service_after_commit(w->service, true);
    fprintf(stderr, "bc260y-platform: the first token, of an admin, is in %s\n", w->token_file);
    return true;
}

/* Listening ------------------------------------------------------------------------------------*/

static char *read_pem(const char *path, bool secret)
{
    int fd = secret ? platform_private_open(path, O_RDONLY) : open(path, O_RDONLY | O_CLOEXEC);
    char *text = fd < 0 ? NULL : malloc(PEM_BYTES_MAX);
    ssize_t bytes = text == NULL ? -1 : read(fd, text, PEM_BYTES_MAX - 1);
    if (bytes < 0 && (!secret || fd >= 0))
        fprintf(stderr, "bc260y-platform: cannot read %s: %s\n", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (bytes < 0) {
        free(text);
        return NULL;
    }
    text[bytes] = '\0';
    return text;
}

static void forget(char *pem)
{
    if (pem != NULL)
        bc_wipe(pem, PEM_BYTES_MAX);
    free(pem);
}

static bool open_http(struct web *w, bool *wrong_usage)
{
    const struct options *options = w->options;
    bool secure = options->http_cert != NULL;
    char *cert = secure ? read_pem(options->http_cert, false) : NULL;
    char *key = secure && cert != NULL ? read_pem(options->http_key, true) : NULL;
    struct http_config config = {
        .address = options->http,
        .cert = cert,
        .key = key,
        .patience_s = options->http_patience_s,
        .service = w->service,
        .store = w->storage->store,
        .counters = &w->counters,
    };
    if (!secure || key != NULL)
        w->http = platform_http_open(&config, &w->storage->now, wrong_usage);
    forget(cert);
    forget(key);
    return w->http != NULL;
}

bool platform_web_listen(struct web *w, bool *wrong_usage)
{
    *wrong_usage = false;
    if (w->service == NULL)
        return true;
    if (!find_token_file(w) || !make_token(w) || !open_http(w, wrong_usage))
        return false;
    (void)json_object_set_new(w->listeners, "http", json_string(platform_http_local(w->http)));
    return true;
}

void platform_web_close(struct web *w)
{
    platform_http_close(w->http);
    service_destroy(w->service);
    if (w->modules.epoll >= 0)
        platform_modules_close(&w->modules);
    json_decref(w->listeners);
    w->listeners = NULL;
    w->http = NULL;
    w->service = NULL;
}

/* A turn ---------------------------------------------------------------------------------------*/

int platform_web_fd(const struct web *w)
{
    return platform_http_fd(w->http);
}

int platform_web_modules_fd(const struct web *w)
{
    return w->service == NULL ? -1 : w->modules.epoll;
}

void platform_web_on_ready(struct web *w)
{
    platform_http_on_ready(w->http, &w->storage->now);
}

void platform_web_on_modules(struct web *w)
{
    platform_modules_on_ready(&w->modules, w->service, &w->storage->now);
}

void platform_web_on_time(struct web *w)
{
    if (w->service == NULL)
        return;
    service_on_time(w->service, &w->storage->now);
    platform_http_on_time(w->http, &w->storage->now);
}

uint64_t platform_web_deadline(const struct web *w, uint64_t now_ms)
{
    if (w->service == NULL)
        return BC_NEVER;
    uint64_t service = service_deadline(w->service);
    uint64_t http = platform_http_deadline(w->http, now_ms);
    return service < http ? service : http;
}

bool platform_web_accepts(const struct web *w, bc_view endpoint, bc_view product_id)
{
    return w->service == NULL || service_accepts_product_id(w->service, endpoint, product_id);
}

void platform_web_on_event(struct web *w, const struct bc_server_event *event)
{
    if (w->service == NULL)
        return;
    w->counters.events[event->kind]++;
    service_on_event(w->service, event, &w->storage->now);
}

void platform_web_on_message(struct web *w, const struct bc_address *peer, bool up, bc_view bytes)
{
    if (up)
        w->counters.datagrams_in++;
    else
        w->counters.datagrams_out++;
    service_on_message(w->service, peer, up, bytes, w->storage->now.utc_ms);
}

void platform_web_settle(struct web *w)
{
    if (w->service != NULL)
        service_settle(w->service, &w->storage->now);
}

static void tell_store(struct web *w)
{
    bool failed = platform_storage_deadline(w->storage) != BC_NEVER;
    if (failed == w->store_failed || w->http == NULL)
        return;
    w->store_failed = failed;
    service_alarm(w->service, failed ? "store-failed" : "store-recovered",
                  failed ? bc_store_problem(w->storage->store) : NULL, w->storage->now.utc_ms);
}

void platform_web_after_commit(struct web *w, bool committed)
{
    if (w->service == NULL)
        return;
    if (!committed)
        w->counters.store_failures++;
    service_after_commit(w->service, committed);
    tell_store(w);
    if (w->http != NULL)
        platform_http_after_commit(w->http, committed, &w->storage->now);
}
