/*
 * The service behind its REST resources, on a virtual clock, with the server core and devices of
 * world.h before it and a store behind it: what the program puts around them is here a function
 * call.
 *
 *     office_begin(&o, false);
 *     int64_t product = office_add_product(&o, "Meters", "iot");
 *     const json_t *device = office_ask(&o, 201, "POST", "/devices", "{...}");
 *     world_register(&o.w, 7001, ENDPOINT, LINKS);
 *     office_commit(&o);
 */
#ifndef TEST_OFFICE_H
#define TEST_OFFICE_H

#include "world.h"
/* world.h brings what cmocka.h needs, and cmocka.h. */
#include "api.h"
#include "service.h"
#include "store.h"

#define OFFICE_TOLD_MAX 256
#define OFFICE_UTC_MS INT64_C(1790000000000)

struct office_told {
    enum service_event_kind kind;
    int64_t utc_ms;
    char endpoint[160];
    int64_t product;
    uint64_t command;
    bool ended;
    json_t *body;
};

struct office {
    struct world w; /* first: callbacks get the world */
    struct bc_store *store;
    struct service *service;
    struct service_config config; /* what is set before office_begin() counts; store and server do
                                   * not */
    enum api_role role;           /* who asks; an admin to begin with */
    struct api_answer answer;     /* to the last question */
    struct office_told told[OFFICE_TOLD_MAX];
    size_t told_count;
    bool fails;    /* the next commit; then the store recovers */
    bool broken;   /* all that is stored */
    char path[32]; /* of the store; empty: it is in memory */
};

/* `in_file`: the store is a file of its own, which office_end() removes; else it is in memory.
 * Events of the core are not kept in the world. */
void office_begin(struct office *o, bool in_file);
void office_end(struct office *o);
/* The same as what cmocka calls before and after a test, `*state` being the office. */
int office_setup(void **state);
int office_setup_file(void **state);
int office_teardown(void **state);
/* The same file with another process, which remembers nothing else. */
void office_restart(struct office *o);

struct bc_store_time office_now(const struct office *o);
/* The end of a turn: requests leave, everything is stored and told. */
void office_commit(struct office *o);
/* Time passes; nothing comes in. */
void office_wait(struct office *o, uint64_t ms);

/* Asks, as `o->role`, and ends the turn. The status must be that one. The answer's body is borrowed
 * until the next question; of a problem it is {"detail", "field"}. A query goes behind the path as
 * it is. `body` is JSON, or NULL for none. */
const json_t *office_ask(struct office *o, unsigned status, const char *method, const char *path,
                         const char *body);
/* The same with a body of bytes. */
const json_t *office_send(struct office *o, unsigned status, const char *method, const char *path,
                          bc_view raw);
int64_t office_add_product(struct office *o, const char *name, const char *carrier);
/* With an IMEI as its endpoint. */
void office_add_device(struct office *o, int64_t product, const char *imei);

/* What the last answer, or a part of it, says; fails when it is not there. */
const char *office_text(const json_t *object, const char *name);
int64_t office_number(const json_t *object, const char *name);
bool office_flag(const json_t *object, const char *name);
/* Compares with JSON text. */
void office_expect_json(const json_t *value, const char *text);

/* The first event of that kind since office_forget(); fails when there is none. */
const struct office_told *office_expect_told(struct office *o, enum service_event_kind kind);
size_t office_told(const struct office *o, enum service_event_kind kind);
void office_forget(struct office *o);

#endif
