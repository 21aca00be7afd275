/*
 * Events and devices as JSON objects (jansson), one a line. Bytes of peers are never trusted: what
 * is not printable UTF-8 appears as hex only.
 */
#ifndef BC_PLATFORM_JSON_H
#define BC_PLATFORM_JSON_H

#include <jansson.h>

#include "bootstrap.h"
#include "secure.h"
#include "server.h"
#include "store.h"

/* Of events: milliseconds since 1970 UTC. */
int64_t platform_json_now_ms(void);

/* The caller releases the object. */
json_t *platform_json_event(const struct bc_server_event *event, int64_t time_ms);
json_t *platform_json_bootstrap_event(const struct bc_bootstrap_event *event, int64_t time_ms);
/* `endpoint` is whose the identity is; empty when it is nobody's. */
json_t *platform_json_secure_event(const struct secure_event *event, const char *listener,
                                   bc_view endpoint, int64_t time_ms);
/* What is wrong with the server itself; `reason` may be NULL. */
json_t *platform_json_alarm(const char *event, const char *reason, int64_t time_ms);
/* A row of data that was stored. */
json_t *platform_json_row(const struct bc_store_row *row);
json_t *platform_json_device(const struct bc_server_device *device);
/* The answer to a command whose request has come to an end. */
json_t *platform_json_answer(const struct bc_server_event *event);
json_t *platform_json_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One line with its end, to be freed; NULL when memory is short. Releases the object. */
char *platform_json_line(json_t *object);

#endif
