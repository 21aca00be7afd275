/*
 * The REST resources as data (PLATFORM section 3): a row says method, path, role and shapes; a
 * handler does the work. From the rows come routing, roles, the checks of query and body, 405 with
 * Allow, and the OpenAPI document. A handler sees only what its row allows, and knows no HTTP
 * library.
 *
 *     static const struct api_field group_fields[] = {
 *         {.name = "name", .type = API_STRING, .required = true, .min = 1, .max = 64},
 *     };
 *     static const struct api_shape group_in = API_SHAPE("NewGroup", group_fields);
 *     static const struct api_route routes[] = {
 *         {"POST", "/groups", API_OPERATOR, .in = &group_in, .out = &group, .handle = add_group,
 *          .status = 201, .about = "Adds a group."},
 *     };
 *     const struct api_table api_groups = API_TABLE(routes);
 */
#ifndef BC_PLATFORM_API_H
#define BC_PLATFORM_API_H

#include <jansson.h>

#include "bc260y/types.h"

struct service;

enum api_role { API_NOBODY, API_VIEWER, API_OPERATOR, API_ADMIN };
enum api_type { API_STRING, API_INTEGER, API_NUMBER, API_BOOLEAN, API_OBJECT, API_ARRAY, API_ANY };

struct api_shape;

/* A member of an object, or a parameter of a query. */
struct api_field {
    const char *name;
    enum api_type type;
    bool required;
    bool nullable;
    bool repeated; /* an array of such */
    int64_t min;   /* of a number; of a string's bytes; of the number of items when repeated */
    int64_t max;   /* the same; 0 with min 0: no limit but that of the body */
    const char *const *words;      /* the only strings, up to a NULL */
    const struct api_shape *shape; /* of API_OBJECT; NULL: any object */
    const char *about;             /* for the OpenAPI document; may be NULL */
};

struct api_shape {
    const char *name; /* unique: the schema's name in the OpenAPI document */
    const struct api_field *fields;
    size_t count;
    bool open; /* further members are let through */
};

#define API_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define API_SHAPE(called, list)                                      \
    {                                                                \
        .name = (called), .fields = (list), .count = API_COUNT(list) \
    }

#define API_SEGMENTS_MAX 3 /* variables of a path */

/* What a handler is asked. Everything lives until it returns. */
struct api_call {
    struct service *service;
    uint64_t now_ms; /* of the server's clock */
    int64_t utc_ms;
    enum api_role role;
    const char *user;                   /* the token's name; "" without one */
    bc_view segments[API_SEGMENTS_MAX]; /* {…} of the path in order, percent-decoded: any bytes */
    json_t *query;                      /* an object; checked against the row; never NULL */
    json_t *body;                       /* checked; NULL when the row takes none */
    bc_view raw;                        /* the body of a row with `takes_raw` */
};

#define API_DETAIL_BYTES 200
#define API_PARAMS_MAX 4

/* What it answers: all zero before. */
struct api_answer {
    unsigned status; /* 0: the row's */
    json_t *body;    /* released by the caller */
    /* Of a problem, status 4xx or 5xx: its stable name, and its text. What was put into the text
     * are so many bytes of it from there on. */
    const char *code;
    char detail[API_DETAIL_BYTES];
    struct {
        uint8_t start, bytes;
    } params[API_PARAMS_MAX];
    size_t param_count;
    const char *field; /* which it is about; static; may be NULL */
    char place[80];    /* the same within the body, as in `devices[3].name`; of the shapes' check */
    uint64_t command;  /* not 0: answer when this command has ended, or after wait_ms */
    uint64_t wait_ms;
};

struct api_route {
    const char *method;
    const char *path; /* below /api/v1: "/devices/{endpoint}/commands" */
    enum api_role role;
    const struct api_shape *query; /* NULL: none; values are read as their field's type */
    const struct api_shape *in;    /* NULL: no body */
    const struct api_shape *out;   /* NULL: no body */
    bool lists;                    /* the answer is {"items": [out...], "next": ...} */
    bool changes;                  /* something: answered when it is committed */
    bool takes_raw;                /* a body of bytes, application/zip or octet-stream */
    bool streams;                  /* the answer is an event stream, which platform/http gives */
    unsigned status;               /* when all went well; 0 = 200 */
    void (*handle)(struct api_call *call, struct api_answer *answer);
    const char *about;
};

struct api_table {
    const struct api_route *routes;
    size_t count;
};
#define API_TABLE(list)         \
    {                           \
        (list), API_COUNT(list) \
    }

/* For handlers: the problem's status, its code, which is a static text and always goes with the
 * same format, and its text; `field` may be NULL. The format may have %s %d %u %lld %zu %%. */
void api_problem(struct api_answer *answer, unsigned status, const char *code, const char *field,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));
void api_no_memory(struct api_answer *answer); /* 503 */

/* One page of a list: `items` is taken over; `next` is the cursor of the page that follows, or 0.
 */
void api_page(struct api_answer *answer, json_t *items, int64_t next);
/* Of the query: limit (default 50, at most 1000) and cursor (0 = from the beginning). */
struct api_window {
    size_t limit;
    int64_t cursor;
};
struct api_window api_window(const struct api_call *call);
/* The fields of a query that every list has; put first into its shape: API_WINDOW_FIELDS, ... */
#define API_WINDOW_FIELDS                                                                    \
    {.name = "limit", .type = API_INTEGER, .min = 1, .max = 1000, .about = "Items a page."}, \
    {                                                                                        \
        .name = "cursor", .type = API_INTEGER, .min = 0, .max = INT64_MAX,                   \
        .about = "`next` of the page before."                                                \
    }

/* Checks a value against a shape. True; else the field (static text of the shape) and what is
 * wrong with it. */
bool api_shape_check(const struct api_shape *shape, const json_t *value, struct api_answer *out);

/* Finds the row, checks and handles. `path` is below /api/v1, undecoded, without the query, which
 * is given decoded as strings. For 405, `allow` gets the methods. */
struct api_request {
    const char *method;
    bc_view path;
    json_t *query; /* object of strings */
    bc_view body;
    const char *media_type; /* may be NULL */
    enum api_role role;     /* API_NOBODY without a good token */
    const char *user;       /* the token's name; NULL without one */
};
/* The row of a method and path that this role may use; else NULL with the problem: 404, 405, 401
 * or 403. For those who must know before there is a body. */
const struct api_route *api_find(const char *method, bc_view path, enum api_role role,
                                 struct api_answer *answer, char allow[64]);
/* The row that answered, or NULL when there was none. */
const struct api_route *api_handle(struct service *service, uint64_t now_ms, int64_t utc_ms,
                                   const struct api_request *request, struct api_answer *answer,
                                   char allow[64]);

/* The body of a problem (RFC 9457), to be released. */
json_t *api_problem_body(unsigned status, const struct api_answer *answer);

/* The OpenAPI 3.0 document of all rows; to be released. */
json_t *api_openapi(const char *version);

/* All tables, up to a NULL: tables.c, which every part adds its own to. */
extern const struct api_table *const api_tables[];

#endif
