/*
 * REST over libcurl: see rest.h. Errors are problem+json (RFC 9457); events are server-sent events
 * (HTML standard, section 9.2), of which the platform sends one line of data each.
 */
#define _GNU_SOURCE
#include "rest.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "/api/v1"
#define CONNECT_LIMIT_S 5L
#define ANSWER_LIMIT_S 30L
#define STALL_LIMIT_S 30L  /* of an upload that does not go on */
#define STREAM_STALL_S 60L /* the platform says something every 15 s */
#define ANSWER_BYTES_MAX (64U * 1024 * 1024)
#define LINE_BYTES_MAX (1024U * 1024)

struct buffer {
    char *bytes;
    size_t len, cap, max;
};

__attribute__((format(printf, 2, 3))) static void fail(struct rest *rest, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(rest->problem, sizeof(rest->problem), format, args);
    va_end(args);
    for (char *c = rest->problem; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?';
}

static bool append(struct buffer *buffer, const char *bytes, size_t len)
{
    if (len > buffer->max - buffer->len)
        return false;
    if (buffer->len + len >= buffer->cap) {
        size_t cap = 2 * (buffer->len + len) + 64;
        char *more = realloc(buffer->bytes, cap);
        if (more == NULL)
            return false;
        buffer->bytes = more;
        buffer->cap = cap;
    }
    memcpy(buffer->bytes + buffer->len, bytes, len);
    buffer->len += len;
    buffer->bytes[buffer->len] = '\0';
    return true;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context)
{
    return append(context, bytes, size * count) ? size * count : 0;
}

bool rest_open(struct rest *rest)
{
    bool good = strncmp(rest->url, "http://", 7) == 0 || strncmp(rest->url, "https://", 8) == 0;
    if (!good) {
        fail(rest, "--url takes http://HOST:PORT or https://HOST:PORT, not '%s'", rest->url);
        return false;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    rest->curl = curl_easy_init();
    if (rest->curl == NULL)
        fail(rest, "not enough memory");
    return rest->curl != NULL;
}

void rest_close(struct rest *rest)
{
    curl_easy_cleanup(rest->curl);
    curl_global_cleanup();
}

char *rest_encode(const char *text)
{
    return curl_easy_escape(NULL, text, 0);
}

/* Everything that all requests have; headers to be freed, or NULL. */
static struct curl_slist *prepare(CURL *curl, const struct rest *rest, const char *path,
                                  const char *media_type)
{
    struct curl_slist *headers = NULL;
    char *url = NULL, *authorization = NULL;
    size_t len = strlen(rest->url);
    while (len > 0 && rest->url[len - 1] == '/')
        len--;
    curl_easy_reset(curl);
    if (asprintf(&url, "%.*s" PREFIX "%s", (int)len, rest->url, path) < 0 ||
        asprintf(&authorization, "Authorization: Bearer %s", rest->token ? rest->token : "") < 0) {
        free(url);
        return NULL;
    }
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_LIMIT_S);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "bc260y-platform/" BC_VERSION);
    headers = curl_slist_append(headers, media_type);
    headers = curl_slist_append(headers, "Expect:");
    if (rest->token != NULL)
        headers = curl_slist_append(headers, authorization);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    explicit_bzero(authorization, strlen(authorization));
    free(authorization);
    free(url);
    return headers;
}

static void fail_transfer(struct rest *rest, CURLcode code)
{
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
        fail(rest, "cannot reach %s: %s; is the platform running with --http?", rest->url,
             curl_easy_strerror(code));
    else if (code == CURLE_WRITE_ERROR)
        fail(rest, "%s: the answer is too long", rest->url);
    else
        fail(rest, "%s: %s", rest->url, curl_easy_strerror(code));
}

static void fail_status(struct rest *rest, long status, const char *text)
{
    json_t *problem = text != NULL ? json_loads(text, 0, NULL) : NULL;
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    const char *title = json_string_value(json_object_get(problem, "title"));
    const char *field = json_string_value(json_object_get(problem, "field"));
    if (detail == NULL)
        detail = title != NULL ? title : "the platform refused";
    if (status == 401 && rest->token == NULL)
        fail(rest, "no token: give --token-file FILE or set BC260Y_TOKEN");
    else if (status == 401)
        fail(rest, "the platform does not know this token: %s", detail);
    else if (status < 400)
        fail(rest, "%s answered with status %ld: is it a bc260y-platform?", rest->url, status);
    else
        fail(rest, "%s%s%s (%ld)", field != NULL ? field : "", field != NULL ? ": " : "", detail,
             status);
    json_decref(problem);
}

static int on_progress(void *context, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
                       curl_off_t up)
{
    int *last = context;
    int percent = up_all > 0 ? (int)(100 * up / up_all) : 0;
    (void)down_all;
    (void)down;
    if (percent != *last) {
        fprintf(stderr, "\r%3d %%%s", percent, percent == 100 ? "\n" : "");
        *last = percent;
    }
    return 0;
}

/* The body: a file, JSON, or none. False after a problem. */
static bool give_body(struct rest *rest, const struct rest_call *call, FILE *file, char *text)
{
    CURL *curl = rest->curl;
    if (call->file != NULL) {
        fseeko(file, 0, SEEK_END);
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_READDATA, file);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)ftello(file));
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, STALL_LIMIT_S);
        rewind(file);
    } else {
        curl_easy_setopt(curl, CURLOPT_TIMEOUT, ANSWER_LIMIT_S + (long)call->wait_s);
    }
    if (call->body != NULL && text == NULL) {
        fail(rest, "not enough memory");
        return false;
    }
    if (text != NULL)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
    return true;
}

static json_t *take_answer(struct rest *rest, const struct buffer *answer)
{
    json_error_t error;
    long status = 0;
    curl_easy_getinfo(rest->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200 || status >= 300) {
        fail_status(rest, status, answer->bytes);
        return NULL;
    }
    if (answer->len == 0)
        return json_null();
    json_t *value = json_loadb(answer->bytes, answer->len, JSON_DECODE_ANY, &error);
    if (value == NULL)
        fail(rest, "%s answered without JSON: is it a bc260y-platform?", rest->url);
    return value;
}

json_t *rest_call(struct rest *rest, const struct rest_call *call)
{
    struct buffer answer = {.max = ANSWER_BYTES_MAX};
    FILE *file = call->file != NULL ? fopen(call->file, "re") : NULL;
    char *text = call->body != NULL ? json_dumps(call->body, JSON_COMPACT) : NULL;
    json_t *value = NULL;
    int percent = -1;
    if (call->file != NULL && file == NULL) {
        fail(rest, "cannot read %s: %m", call->file);
        return NULL;
    }
    struct curl_slist *headers = prepare(rest->curl, rest, call->path,
                                         file != NULL   ? "Content-Type: application/zip"
                                         : text != NULL ? "Content-Type: application/json"
                                                        : "Accept: application/json");
    curl_easy_setopt(rest->curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(rest->curl, CURLOPT_WRITEDATA, &answer);
    if (call->shows_progress && isatty(STDERR_FILENO)) {
        curl_easy_setopt(rest->curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(rest->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(rest->curl, CURLOPT_XFERINFODATA, &percent);
    }
    if (headers != NULL && give_body(rest, call, file, text)) {
        CURLcode code = curl_easy_perform(rest->curl);
        if (code == CURLE_OK)
            value = take_answer(rest, &answer);
        else
            fail_transfer(rest, code);
    }
    curl_slist_free_all(headers);
    free(answer.bytes);
    free(text);
    if (file != NULL)
        fclose(file);
    return value;
}

/* Events -----------------------------------------------------------------------------------------
 */

struct follower {
    const struct rest_stream *stream;
    CURL *curl;
    struct buffer line;
    char type[32];
    bool opened;
    bool stopped; /* by `take` */
    struct buffer refusal;
};

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct follower *f = context;
    long status = 0;
    curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
    if (!f->opened && status == 200 && size * count == 2 && bytes[0] == '\r') {
        f->opened = true;
        if (f->stream->opened != NULL)
            f->stream->opened(f->stream->context);
    }
    return size * count;
}

/* One line of the stream; false when no more is wanted. */
static bool take_line(struct follower *f)
{
    const char *line = f->line.len > 0 ? f->line.bytes : "";
    bool more = true;
    if (strncmp(line, "event: ", 7) == 0) {
        snprintf(f->type, sizeof(f->type), "%s", line + 7);
    } else if (strncmp(line, "data: ", 6) == 0) {
        json_t *event = json_loads(line + 6, 0, NULL);
        if (event != NULL)
            more = f->stream->take(f->stream->context, f->type, event);
        json_decref(event);
    }
    f->line.len = 0;
    return more;
}

static size_t on_events(char *bytes, size_t size, size_t count, void *context)
{
    struct follower *f = context;
    size_t len = size * count;
    if (!f->opened)
        return append(&f->refusal, bytes, len) ? len : 0;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\r')
            continue;
        if (bytes[i] != '\n') {
            if (!append(&f->line, &bytes[i], 1))
                return 0;
        } else if (!take_line(f)) {
            f->stopped = true;
            return 0;
        }
    }
    return len;
}

bool rest_follow(struct rest *rest, const struct rest_stream *stream)
{
    struct follower f = {.stream = stream, .line.max = LINE_BYTES_MAX, .refusal.max = 65536};
    long status = 0;
    f.curl = curl_easy_init();
    if (f.curl == NULL) {
        fail(rest, "not enough memory");
        return false;
    }
    struct curl_slist *headers = prepare(f.curl, rest, stream->path, "Accept: text/event-stream");
    curl_easy_setopt(f.curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(f.curl, CURLOPT_HEADERDATA, &f);
    curl_easy_setopt(f.curl, CURLOPT_WRITEFUNCTION, on_events);
    curl_easy_setopt(f.curl, CURLOPT_WRITEDATA, &f);
    curl_easy_setopt(f.curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(f.curl, CURLOPT_LOW_SPEED_TIME, STREAM_STALL_S);
    CURLcode code = curl_easy_perform(f.curl);
    curl_easy_getinfo(f.curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK && !f.stopped)
        fail_transfer(rest, code);
    else if (!f.opened)
        fail_status(rest, status, f.refusal.bytes);
    else if (!f.stopped)
        fail(rest, "%s: the platform ended the stream", rest->url);
    curl_slist_free_all(headers);
    curl_easy_cleanup(f.curl);
    free(f.line.bytes);
    free(f.refusal.bytes);
    return f.stopped;
}
