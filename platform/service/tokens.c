/*
 * Tokens of users: random, told once, stored as their SHA-256. See accounts.h.
 */
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include "account_rows.h"
#include "accounts.h"
#include "base/sink.h"
#include "private.h"

#define PREFIX "bcp_"
#define RANDOM_BYTES 32
#define TOKENS_MAX 1000
#define USE_NOTED_MS 300000 /* when a token was last used is stored that often */

static const char *const roles[] = {"viewer", "operator", "admin", NULL};

#define NAME \
    .name = "name", .type = API_STRING, .required = true, .min = 1, .max = SERVICE_NAME_BYTES_MAX
#define ROLE .name = "role", .type = API_STRING, .required = true, .words = roles
#define TOKEN_FIELDS                                                                     \
    {.name = "id", .type = API_INTEGER, .required = true}, {NAME}, {ROLE},               \
        {.name = "created_ms", .type = API_INTEGER, .required = true},                   \
        {.name = "expires_ms", .type = API_INTEGER, .required = true, .nullable = true}, \
    {                                                                                    \
        .name = "last_used_ms", .type = API_INTEGER, .required = true, .nullable = true, \
        .about = "May be five minutes behind."                                           \
    }

static const struct api_field token_fields[] = {TOKEN_FIELDS};
static const struct api_shape token_out = API_SHAPE("Token", token_fields);

static const struct api_field made_fields[] = {
    TOKEN_FIELDS,
    {.name = "token", .type = API_STRING, .required = true, .about = "Never told again."},
};
static const struct api_shape token_made = API_SHAPE("MadeToken", made_fields);

static const struct api_field new_fields[] = {
    {NAME},
    {ROLE},
    {.name = "expires_ms",
     .type = API_INTEGER,
     .nullable = true,
     .min = 1,
     .max = INT64_MAX,
     .about = "null: never."},
};
static const struct api_shape token_new = API_SHAPE("NewToken", new_fields);

static const struct api_field list_fields[] = {API_WINDOW_FIELDS};
static const struct api_shape list_query = API_SHAPE("TokensQuery", list_fields);

/* For the program ------------------------------------------------------------------------------*/

static bool hash(bc_view text, uint8_t out[BC_TOKEN_HASH_BYTES])
{
    return EVP_Digest(text.ptr, text.len, out, NULL, EVP_sha256(), NULL) == 1;
}

/* 32 bytes in 43 characters of base64url (RFC 4648 5), without padding. */
static bool make(char out[SERVICE_TOKEN_CHARS + 1])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t bytes[RANDOM_BYTES + 1] = {0};
    size_t at = strlen(PREFIX);
    if (RAND_bytes(bytes, RANDOM_BYTES) != 1)
        return false;
    memcpy(out, PREFIX, at);
    for (size_t bit = 0; at < SERVICE_TOKEN_CHARS; bit += 6)
        out[at++] = digits[(bytes[bit / 8] << 8 | bytes[bit / 8 + 1]) >> (10 - bit % 8) & 63];
    out[at] = '\0';
    bc_wipe(bytes, sizeof(bytes));
    return true;
}

static int64_t store_token(struct service *service, const char *name, enum api_role role,
                           int64_t expires_ms, int64_t utc_ms, char text[SERVICE_TOKEN_CHARS + 1])
{
    uint8_t digest[BC_TOKEN_HASH_BYTES];
    int64_t id = 0;
    struct bc_token token = {
        .name = bc_view_of(name),
        .role = (int)role,
        .hash = {digest, sizeof(digest)},
        .created_ms = utc_ms,
        .expires_ms = expires_ms,
    };
    bool stored = make(text) && hash(bc_view_of(text), digest) &&
                  bc_accounts_add_token(service->config.store, &token, &id);
    return stored ? id : 0;
}

bool service_token_add(struct service *service, const char *name, enum api_role role,
                       int64_t expires_ms, int64_t utc_ms, char text[SERVICE_TOKEN_CHARS + 1])
{
    return store_token(service, name, role, expires_ms, utc_ms, text) != 0;
}

static bool is_good(const struct bc_token *token, int64_t utc_ms)
{
    return (token->expires_ms == 0 || token->expires_ms > utc_ms) && token->role > API_NOBODY &&
           token->role <= API_ADMIN;
}

struct finding {
    struct service_token *out;
    int64_t utc_ms;
    int64_t last_used_ms;
    bool found;
};

static bool take_found(void *context, const struct bc_token *token)
{
    struct finding *finding = context;
    finding->found = is_good(token, finding->utc_ms) && token->name.len <= SERVICE_NAME_BYTES_MAX;
    if (!finding->found)
        return false;
    finding->last_used_ms = token->last_used_ms;
    *finding->out = (struct service_token){.id = token->id, .role = (enum api_role)token->role};
    memcpy(finding->out->name, token->name.ptr, token->name.len);
    return false;
}

bool service_token_find(struct service *service, bc_view text, int64_t utc_ms,
                        struct service_token *out)
{
    uint8_t digest[BC_TOKEN_HASH_BYTES];
    struct finding finding = {.out = out, .utc_ms = utc_ms};
    if (text.len != SERVICE_TOKEN_CHARS || !hash(text, digest))
        return false;
    (void)bc_accounts_token(service->config.store, 0, (bc_view){digest, sizeof(digest)}, take_found,
                            &finding);
    if (finding.found &&
        (utc_ms - finding.last_used_ms >= USE_NOTED_MS || utc_ms < finding.last_used_ms))
        (void)bc_accounts_use_token(service->config.store, out->id, utc_ms);
    return finding.found;
}

struct count {
    int64_t utc_ms;
    int64_t but; /* not this one */
    size_t all;
    size_t admins;
};

static bool take_count(void *context, const struct bc_token *token)
{
    struct count *count = context;
    if (token->id == count->but)
        return true;
    count->all++;
    if (token->role == API_ADMIN && is_good(token, count->utc_ms))
        count->admins++;
    return true;
}

static struct count count_but(struct service *service, int64_t id, int64_t utc_ms)
{
    struct count count = {.utc_ms = utc_ms, .but = id};
    bc_accounts_tokens(service->config.store, 0, take_count, &count);
    return count;
}

bool service_token_any(struct service *service, int64_t utc_ms)
{
    return count_but(service, 0, utc_ms).admins > 0;
}

/* Resources ------------------------------------------------------------------------------------*/

static json_t *time_or_null(int64_t time_ms)
{
    return time_ms == 0 ? json_null() : json_integer(time_ms);
}

static json_t *json_of(const struct bc_token *token)
{
    const char *role = token->role > 0 && token->role <= API_ADMIN ? roles[token->role - 1] : "";
    return json_pack("{s:I,s:o,s:s,s:I,s:o,s:o}", "id", (json_int_t)token->id, "name",
                     service_text(token->name), "role", role, "created_ms",
                     (json_int_t)token->created_ms, "expires_ms", time_or_null(token->expires_ms),
                     "last_used_ms", time_or_null(token->last_used_ms));
}

static bool take_one(void *context, const struct bc_token *token)
{
    *(json_t **)context = json_of(token);
    return false;
}

static bool take_item(void *context, const struct bc_token *token)
{
    struct service_list *list = context;
    if (!service_list_room(list, token->id))
        return false;
    (void)json_array_append_new(list->items, json_of(token));
    return true;
}

static void list(struct api_call *call, struct api_answer *answer)
{
    struct service_list page = service_list_begin(call);
    bc_accounts_tokens(call->service->config.store, api_window(call).cursor, take_item, &page);
    service_list_answer(call, &page, answer);
}

static enum api_role role_of(const char *name)
{
    for (int i = 0; roles[i] != NULL; i++)
        if (strcmp(roles[i], name) == 0)
            return (enum api_role)(i + 1);
    return API_NOBODY;
}

static void add(struct api_call *call, struct api_answer *answer)
{
    char text[SERVICE_TOKEN_CHARS + 1];
    enum api_role role = role_of(json_string_value(json_object_get(call->body, "role")));
    int64_t expires_ms = json_integer_value(json_object_get(call->body, "expires_ms"));
    service_enter(call);
    if (expires_ms != 0 && expires_ms <= call->utc_ms) {
        api_problem(answer, 422, "expiry_past", "expires_ms", "expires_ms is past");
        return;
    }
    if (count_but(call->service, 0, call->utc_ms).all >= TOKENS_MAX) {
        api_problem(answer, 409, "tokens_full", NULL, "there are %d tokens already; remove some",
                    TOKENS_MAX);
        return;
    }
    int64_t id = store_token(call->service, json_string_value(json_object_get(call->body, "name")),
                             role, expires_ms, call->utc_ms, text);
    if (id == 0 ||
        !bc_accounts_token(call->service->config.store, id, (bc_view){0}, take_one, &answer->body))
        service_answer_store(call, answer);
    else
        (void)json_object_set_new(answer->body, "token", json_string(text));
    bc_wipe(text, sizeof(text));
}

static bool take_nothing(void *context, const struct bc_token *token)
{
    (void)context, (void)token;
    return false;
}

static void drop(struct api_call *call, struct api_answer *answer)
{
    struct bc_store *store = call->service->config.store;
    int64_t id = service_id(call->segments[0]);
    service_enter(call);
    if (id == 0 || !bc_accounts_token(store, id, (bc_view){0}, take_nothing, NULL))
        service_answer_missing(call, answer, "token");
    else if (count_but(call->service, id, call->utc_ms).admins == 0)
        api_problem(answer, 409, "last_admin", NULL,
                    "without it nobody would be admin; add another one first");
    else if (!bc_accounts_remove_token(store, id))
        service_answer_store(call, answer);
}

static const struct api_route routes[] = {
    {"GET", "/tokens", API_ADMIN, .query = &list_query, .out = &token_out, .lists = true,
     .handle = list, .about = "Tokens, oldest first, without their text."},
    {"POST", "/tokens", API_ADMIN, .in = &token_new, .out = &token_made, .changes = true,
     .status = 201, .handle = add, .about = "Makes a token; its text is told this once."},
    {"DELETE", "/tokens/{token}", API_ADMIN, .changes = true, .status = 204, .handle = drop,
     .about = "Removes a token: it is refused from now on."},
};
const struct api_table api_tokens = API_TABLE(routes);
