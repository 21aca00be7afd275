/*
 * The client of the REST interface: one call at a time over libcurl. No redirect is followed, no
 * proxy asked, and every wait has a limit. The token goes into a header and nowhere else.
 */
#ifndef BC_PLATFORM_REST_H
#define BC_PLATFORM_REST_H

#include <jansson.h>
#include <stdbool.h>

struct rest {
    const char *url;   /* "http://127.0.0.1:8080" */
    const char *token; /* may be NULL */
    void *curl;
    char problem[512]; /* what is wrong, in one line */
};

bool rest_open(struct rest *rest);
void rest_close(struct rest *rest);

struct rest_call {
    const char *method;
    const char *path;   /* below /api/v1, encoded, with its query */
    const json_t *body; /* NULL: none */
    const char *file;   /* a body of bytes instead */
    bool shows_progress;
    unsigned wait_s; /* that the platform may take longer */
};

/* The answer, to be released: JSON null when it has no body. NULL with `problem`. */
json_t *rest_call(struct rest *rest, const struct rest_call *call);

/* Reads server-sent events until `take` returns false, which is told in the result, or the stream
 * ends: false with `problem`. `opened` is called when the stream is there. */
struct rest_stream {
    const char *path;
    void (*opened)(void *context);
    bool (*take)(void *context, const char *type, json_t *event);
    void *context;
};
bool rest_follow(struct rest *rest, const struct rest_stream *stream);

/* Text for a path or a query, percent-encoded; to be freed. NULL: not enough memory. */
char *rest_encode(const char *text);

#endif
