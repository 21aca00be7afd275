/*
 * Answers with their headers. What comes from the REST interface is never kept by caches; the
 * console may load nothing but itself.
 */
#include <stdlib.h>
#include <string.h>

#include "inside.h"

#define POLICY                                                                       \
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; " \
    "form-action 'self'; frame-ancestors 'none'"
#define STREAM_BLOCK_BYTES 16384

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    (void)MHD_add_response_header(response, name, value);
}

static void add_common(struct MHD_Response *response)
{
    add(response, "X-Content-Type-Options", "nosniff");
    add(response, "X-Frame-Options", "DENY");
    add(response, "Referrer-Policy", "no-referrer");
    add(response, "Content-Security-Policy", POLICY);
    add(response, "Cross-Origin-Resource-Policy", "same-origin");
}

static enum MHD_Result queue(struct visit *visit, unsigned status, struct MHD_Response *response)
{
    if (response == NULL)
        return MHD_NO;
    add_common(response);
    if (visit->closes)
        add(response, MHD_HTTP_HEADER_CONNECTION, "close");
    if (visit->guest != NULL)
        visit->guest->unheard = false;
    if (status < STATUS_END)
        visit->http->answered[status]++;
    enum MHD_Result result = MHD_queue_response(visit->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static void add_of_problem(struct MHD_Response *response, const struct visit *visit)
{
    switch (visit->answer.status) {
    case 401:
        add(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
        break;
    case 405:
        add(response, MHD_HTTP_HEADER_ALLOW, visit->allow);
        break;
    case 429:
    case 503:
        add(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
        break;
    default:
        break;
    }
}

enum MHD_Result http_respond(struct visit *visit)
{
    unsigned status = visit->answer.status;
    bool problem = status >= 400;
    if (problem) {
        json_decref(visit->answer.body);
        visit->answer.body = api_problem_body(status, &visit->answer);
    }
    char *text = visit->answer.body == NULL ? NULL : json_dumps(visit->answer.body, JSON_FLAGS);
    struct MHD_Response *response = MHD_create_response_from_buffer(text == NULL ? 0 : strlen(text),
                                                                    text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(text);
        return MHD_NO;
    }
    if (text != NULL)
        add(response, MHD_HTTP_HEADER_CONTENT_TYPE,
            problem ? "application/problem+json" : "application/json");
    add(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    add_of_problem(response, visit);
    return queue(visit, status, response);
}

enum MHD_Result http_respond_bytes(struct visit *visit, const char *media_type, char *text,
                                   size_t bytes)
{
    if (text == NULL)
        return MHD_NO;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(bytes, text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(text);
        return MHD_NO;
    }
    add(response, MHD_HTTP_HEADER_CONTENT_TYPE, media_type);
    add(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return queue(visit, 200, response);
}

enum MHD_Result http_respond_asset(struct visit *visit)
{
    const struct http_asset *asset = http_asset_find(visit->url);
    if (asset == NULL) {
        api_problem(&visit->answer, 404, "no_such_page", NULL, "there is no such page");
        return http_respond(visit);
    }
    const char *known =
        MHD_lookup_connection_value(visit->connection, MHD_HEADER_KIND, "If-None-Match");
    bool same = known != NULL && strstr(known, asset->tag) != NULL;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(same ? 0 : asset->len, (void *)(uintptr_t)asset->bytes,
                                        MHD_RESPMEM_PERSISTENT); /* it only reads */
    if (response == NULL)
        return MHD_NO;
    add(response, MHD_HTTP_HEADER_CONTENT_TYPE, http_asset_media_type(asset));
    add(response, MHD_HTTP_HEADER_ETAG, asset->tag);
    add(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache"); /* asked for again each time */
    return queue(visit, same ? 304 : 200, response);
}

enum MHD_Result http_respond_stream(struct visit *visit)
{
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, http_stream_read, visit->stream, NULL);
    if (response == NULL)
        return MHD_NO;
    add(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
    add(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return queue(visit, 200, response);
}
