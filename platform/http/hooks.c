/*
 * Webhooks: the events that the service has queued are posted to where users want them, in order
 * and one at a time for each webhook, and again later when that fails. Nothing but HTTP and HTTPS
 * is spoken, and no redirection is followed: who may set a webhook says where it goes, and nobody
 * else does. With a secret the body is signed:
 *
 *     X-Signature: sha256=HEX      HMAC-SHA256 of the body under the secret
 *     X-Delivery: 17               the same when it is delivered again
 */
#define _GNU_SOURCE
#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/sink.h"
#include "inside.h"

#define DELIVERIES_MAX 16 /* at a time */
#define ATTEMPTS_MAX 16
#define RETRY_MS 1000 /* doubles with each attempt */
#define RETRY_MS_MAX 300000
#define CONNECT_MS 5000
#define ANSWER_MS 10000
#define SIGNATURE_BYTES 128

struct delivery {
    struct hooks *hooks;
    CURL *easy; /* NULL: free */
    struct curl_slist *headers;
    int64_t webhook;
    int64_t hook;
    unsigned attempts;
};

struct hooks {
    struct http *http;
    CURLM *multi; /* made for the first delivery */
    struct delivery deliveries[DELIVERIES_MAX];
    size_t busy;
    bool stirred;
    uint64_t timer_ms; /* curl's */
    uint64_t due_ms;   /* when the queue is to be looked at again */
    uint64_t delivered;
    uint64_t failed;
};

struct hooks *http_hooks_create(struct http *http)
{
    struct hooks *h = calloc(1, sizeof(*h));
    if (h == NULL)
        return NULL;
    *h = (struct hooks){.http = http, .stirred = true, .timer_ms = BC_NEVER, .due_ms = BC_NEVER};
    return h;
}

static void release(struct delivery *delivery)
{
    (void)curl_multi_remove_handle(delivery->hooks->multi, delivery->easy);
    curl_easy_cleanup(delivery->easy);
    curl_slist_free_all(delivery->headers);
    delivery->hooks->busy--;
    *delivery = (struct delivery){.easy = NULL};
}

void http_hooks_destroy(struct hooks *h)
{
    if (h == NULL)
        return;
    for (size_t i = 0; i < DELIVERIES_MAX; i++)
        if (h->deliveries[i].easy != NULL)
            release(&h->deliveries[i]);
    if (h->multi != NULL) {
        (void)curl_multi_cleanup(h->multi);
        curl_global_cleanup();
    }
    free(h);
}

/* curl in the loop -----------------------------------------------------------------------------*/

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
    struct hooks *h = context;
    struct epoll_event event = {.data.fd = fd};
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(h->http->epoll, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    if (what != CURL_POLL_OUT)
        event.events |= EPOLLIN;
    if (what != CURL_POLL_IN)
        event.events |= EPOLLOUT;
    (void)epoll_ctl(h->http->epoll, known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
    (void)curl_multi_assign(h->multi, fd, h);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct hooks *h = context;
    (void)multi;
    h->timer_ms = timeout_ms < 0 ? BC_NEVER : h->http->now.now_ms + (uint64_t)timeout_ms;
    return 0;
}

static bool open_multi(struct hooks *h)
{
    if (h->multi != NULL)
        return true;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return false;
    h->multi = curl_multi_init();
    if (h->multi == NULL)
        return false;
    (void)curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
    (void)curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
    return true;
}

/* A delivery -----------------------------------------------------------------------------------*/

static size_t swallow(char *bytes, size_t one, size_t count, void *context)
{
    (void)bytes, (void)context;
    return one * count;
}

static bool add_header(struct delivery *delivery, const char *text)
{
    struct curl_slist *list = curl_slist_append(delivery->headers, text);
    if (list != NULL)
        delivery->headers = list;
    return list != NULL;
}

static bool sign(struct delivery *delivery, bc_view secret, const char *body)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    char text[SIGNATURE_BYTES] = "X-Signature: sha256=";
    if (secret.len == 0)
        return true;
    if (HMAC(EVP_sha256(), secret.ptr, (int)secret.len, (const uint8_t *)body, strlen(body), digest,
             &len) == NULL)
        return false;
    size_t used = strlen(text);
    for (unsigned i = 0; i < len; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%02x", digest[i]);
    return add_header(delivery, text);
}

static bool set_headers(struct delivery *delivery, bc_view secret, const char *body)
{
    char text[SIGNATURE_BYTES];
    (void)snprintf(text, sizeof(text), "X-Delivery: %lld", (long long)delivery->hook);
    return add_header(delivery, "Content-Type: application/json") &&
           add_header(delivery, "Expect:") && add_header(delivery, text) &&
           sign(delivery, secret, body);
}

static void set_options(struct delivery *delivery, const char *url, const char *body)
{
    CURL *easy = delivery->easy;
    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* the environment's is for other programs */
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)ANSWER_MS);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "bc260y-platform");
    (void)curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, delivery->headers);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, delivery);
}

static struct delivery *free_place(struct hooks *h)
{
    for (size_t i = 0; i < DELIVERIES_MAX; i++)
        if (h->deliveries[i].easy == NULL)
            return &h->deliveries[i];
    return NULL;
}

static void begin(struct hooks *h, const struct service_webhook *webhook,
                  const struct service_hook *hook)
{
    struct delivery *delivery = free_place(h);
    if (delivery == NULL || !open_multi(h))
        return;
    *delivery = (struct delivery){.hooks = h,
                                  .easy = curl_easy_init(),
                                  .webhook = webhook->id,
                                  .hook = hook->id,
                                  .attempts = hook->attempts};
    if (delivery->easy == NULL)
        return;
    h->busy++;
    if (!set_headers(delivery, webhook->secret, hook->body)) {
        release(delivery);
        return;
    }
    set_options(delivery, webhook->url, hook->body);
    if (curl_multi_add_handle(h->multi, delivery->easy) != CURLM_OK)
        release(delivery);
}

static uint64_t retry_ms(unsigned attempts)
{
    uint64_t ms = RETRY_MS;
    for (unsigned i = 0; i < attempts && ms < RETRY_MS_MAX; i++)
        ms *= 2;
    return ms < RETRY_MS_MAX ? ms : RETRY_MS_MAX;
}

static void end(struct delivery *delivery, CURLcode result)
{
    struct hooks *h = delivery->hooks;
    struct http *http = h->http;
    long status = 0;
    char error[64];
    bool again = delivery->attempts + 1 < ATTEMPTS_MAX;
    (void)curl_easy_getinfo(delivery->easy, CURLINFO_RESPONSE_CODE, &status);
    if (result == CURLE_OK && status >= 200 && status < 300) {
        h->delivered++;
        service_hook_done(http->config.service, delivery->webhook, delivery->hook);
    } else {
        if (result == CURLE_OK)
            (void)snprintf(error, sizeof(error), "HTTP %ld", status);
        else
            (void)snprintf(error, sizeof(error), "%s", curl_easy_strerror(result));
        h->failed++;
        service_hook_failed(http->config.service, delivery->webhook, delivery->hook, error,
                            again ? http->now.utc_ms + (int64_t)retry_ms(delivery->attempts) : 0);
    }
    release(delivery);
    h->stirred = true;
}

static void end_all(struct hooks *h)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(h->multi, &left)) != NULL) {
        char *delivery = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &delivery);
        end((struct delivery *)(void *)delivery, message->data.result);
    }
}

/* The queue ------------------------------------------------------------------------------------*/

static bool is_busy(const struct hooks *h, int64_t webhook)
{
    for (size_t i = 0; i < DELIVERIES_MAX; i++)
        if (h->deliveries[i].easy != NULL && h->deliveries[i].webhook == webhook)
            return true;
    return false;
}

static void look_at(struct hooks *h, const struct service_webhook *webhook)
{
    const struct bc_store_time *now = &h->http->now;
    struct service_hook hook;
    char *url = strdup(webhook->url); /* it lives until the next call on the service */
    uint8_t *secret = malloc(webhook->secret.len + 1);
    struct service_webhook own = {webhook->id, url, {secret, webhook->secret.len}};
    if (url != NULL && secret != NULL) {
        if (webhook->secret.len > 0)
            memcpy(secret, webhook->secret.ptr, webhook->secret.len);
        if (service_hook_next(h->http->config.service, own.id, &hook)) {
            if (hook.due_ms <= now->utc_ms)
                begin(h, &own, &hook);
            else if (now->now_ms + (uint64_t)(hook.due_ms - now->utc_ms) < h->due_ms)
                h->due_ms = now->now_ms + (uint64_t)(hook.due_ms - now->utc_ms);
        }
        bc_wipe(secret, own.secret.len);
    }
    free(secret);
    free(url);
}

void http_hooks_stir(struct hooks *h)
{
    h->stirred = true;
}

/* While the store does not work, only alarms are there to be delivered. */
void http_hooks_run(struct hooks *h)
{
    struct service_webhook webhook;
    if (!h->stirred)
        return;
    h->stirred = false;
    h->due_ms = bc_store_works(h->http->config.store) ? BC_NEVER : h->http->now.now_ms + RETRY_MS;
    for (size_t i = 0; service_webhook_at(h->http->config.service, i, &webhook); i++)
        if (h->busy < DELIVERIES_MAX && !is_busy(h, webhook.id))
            look_at(h, &webhook);
}

void http_hooks_on_ready(struct hooks *h, int fd, uint32_t epoll_events)
{
    int running, what = 0;
    if ((epoll_events & (EPOLLIN | EPOLLHUP)) != 0)
        what |= CURL_CSELECT_IN;
    if ((epoll_events & EPOLLOUT) != 0)
        what |= CURL_CSELECT_OUT;
    if ((epoll_events & EPOLLERR) != 0)
        what |= CURL_CSELECT_ERR;
    if (h->multi == NULL)
        return;
    (void)curl_multi_socket_action(h->multi, fd, what, &running);
    end_all(h);
}

void http_hooks_on_time(struct hooks *h)
{
    int running;
    if (h->due_ms <= h->http->now.now_ms) {
        h->due_ms = BC_NEVER;
        h->stirred = true;
    }
    if (h->multi == NULL || h->timer_ms > h->http->now.now_ms)
        return;
    h->timer_ms = BC_NEVER;
    (void)curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    end_all(h);
}

uint64_t http_hooks_deadline(const struct hooks *h)
{
    return h->timer_ms < h->due_ms ? h->timer_ms : h->due_ms;
}

void http_hooks_counts(const struct hooks *h, uint64_t *delivered, uint64_t *failed)
{
    *delivered = h->delivered;
    *failed = h->failed;
}
