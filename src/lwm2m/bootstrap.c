/*
 * The bootstrap interface (LwM2M 1.0 section 5.2), started by the client:
 *
 *   bootstrap server                    module
 *     | <-- CON POST /bs?ep=.. ---------- |   bc_lwm2m_bootstrap
 *     | --- ACK 2.04 -------------------> |
 *     | --- CON DELETE / ---------------> |   what was given before is forgotten
 *     | --- CON PUT /0/1 (TLV) ---------> |   the account at the server: kept as TLV
 *     | --- CON PUT /1/0 (TLV) ---------> |   lifetime, binding
 *     | --- CON POST /bs ---------------> |   BC_EVENT_BOOTSTRAPPED
 *
 * The module knows one server: of several accounts the one written last counts, and the bootstrap
 * server's own is read and forgotten. Nothing comes into force before the server has finished.
 */
#include <string.h>

#include "base/sink.h"
#include "lwm2m/builtin.h"
#include "lwm2m/inside.h"

#define STEP_MS 30000       /* MODULE section 4 */
#define WHOLE_MS_MAX 300000 /* however busy the server is */
#define ACCOUNT_BYTES_MAX 640

enum security_resource {
    SECURITY_URI = 0,
    SECURITY_BOOTSTRAP = 1,
    SECURITY_MODE = 2,
    SECURITY_IDENTITY = 3,
    SECURITY_KEY = 5,
    SECURITY_SHORT_ID = 10,
};

static void drop_account(struct bc_lwm2m_client *c)
{
    bc_arena_free(&c->coap.arena, c->bootstrap.account);
    c->bootstrap.account = 0;
}

/* What has moved about in the arena may have left parts of a key behind its end. */
void bc_lwm2m_drop_bootstrap(struct bc_lwm2m_client *c)
{
    if (c->bootstrap.until_ms != 0) {
        drop_account(c);
        bc_sink tail = bc_arena_tail(&c->coap.arena);
        bc_wipe(tail.ptr, tail.cap);
    }
    c->bootstrap = (struct bc_bootstrap){0};
}

enum bc_err bc_lwm2m_bootstrap(struct bc_lwm2m_client *c, const struct bc_address *server)
{
    bc_lwm2m_begin_session(c, server);
    c->bootstrap = (struct bc_bootstrap){.step_until_ms = BC_NEVER,
                                         .until_ms = c->coap.now_ms + WHOLE_MS_MAX,
                                         .lifetime_s = c->settings->lifetime_s,
                                         .queue_mode = c->settings->queue_mode,
                                         .runs = true};
    struct bc_coap_draft draft;
    bc_coap_draft_new(&c->coap, &draft, BC_COAP_CON, BC_COAP_POST, NULL);
    bc_coap_write_path(&draft.w, BC_COAP_URI_PATH, BC_TEXT("bs"));
    bc_lwm2m_put_query(&draft.w, "ep=", c->settings->endpoint);
    enum bc_err err = bc_coap_submit(&c->coap, &draft, TAG_BOOTSTRAP, 0, true);
    c->bootstrap.runs = err == BC_OK;
    return err;
}

static void end(struct bc_lwm2m_client *c, enum bc_outcome outcome)
{
    bc_lwm2m_drop_bootstrap(c);
    (void)bc_coap_cancel(&c->coap, TAG_BOOTSTRAP);
    bc_lwm2m_set_status(c, BC_STATUS_NOT_REGISTERED);
    bc_lwm2m_tell(c, BC_EVENT_BOOTSTRAPPED, outcome, 0);
}

void bc_lwm2m_on_bootstrap_event(struct bc_lwm2m_client *c, const struct bc_coap_event *event)
{
    enum bc_outcome outcome = bc_lwm2m_outcome_of(event);
    if (!c->bootstrap.runs)
        return;
    if (outcome == BC_OUTCOME_DONE && event->message.code != BC_COAP_CHANGED)
        outcome = BC_OUTCOME_OTHER;
    if (outcome != BC_OUTCOME_DONE)
        end(c, outcome);
    else if (c->bootstrap.step_until_ms == BC_NEVER)
        c->bootstrap.step_until_ms = c->coap.now_ms + STEP_MS;
}

uint64_t bc_lwm2m_bootstrap_deadline(const struct bc_lwm2m_client *c)
{
    if (!c->bootstrap.runs)
        return BC_NEVER;
    return c->bootstrap.step_until_ms < c->bootstrap.until_ms ? c->bootstrap.step_until_ms
                                                              : c->bootstrap.until_ms;
}

void bc_lwm2m_bootstrap_on_time(struct bc_lwm2m_client *c)
{
    if (bc_lwm2m_bootstrap_deadline(c) <= c->coap.now_ms)
        end(c, BC_OUTCOME_TIMEOUT);
}

/* --- Object 0: accounts ----------------------------------------------------------------------- */

/* The last entry of a resource in a run of TLVs. */
static bool find_resource(bc_view tlvs, uint16_t resource, bc_view *out)
{
    struct bc_tlv tlv;
    bool found = false;
    while (bc_tlv_next(&tlvs, &tlv))
        if (tlv.type == BC_TLV_RESOURCE && tlv.id == resource) {
            *out = tlv.value;
            found = true;
        }
    return found;
}

static bool resources_only(bc_view tlvs)
{
    struct bc_tlv tlv;
    bool any = false;
    while (bc_tlv_next(&tlvs, &tlv)) {
        any = true;
        if (tlv.type != BC_TLV_RESOURCE && tlv.type != BC_TLV_RESOURCE_LIST)
            return false;
    }
    return any && tlvs.len == 0;
}

static bool is_true(bc_view tlvs, uint16_t resource)
{
    bc_view value;
    return find_resource(tlvs, resource, &value) && value.len > 0 &&
           bc_value_integer_of(value) != 0;
}

static size_t account_bytes(const struct bc_lwm2m_client *c)
{
    return c->bootstrap.account == 0 ? 0 : bc_arena_view(&c->coap.arena, c->bootstrap.account).len;
}

/* The bytes may lie in the arena themselves (an upload): they are copied before it moves. */
static uint8_t keep_account(struct bc_lwm2m_client *c, bc_view tlvs, bool more)
{
    uint8_t copy[ACCOUNT_BYTES_MAX];
    if ((more ? account_bytes(c) : 0) + tlvs.len > sizeof(copy))
        return BC_COAP_REQUEST_ENTITY_TOO_LARGE;
    memcpy(copy, tlvs.ptr, tlvs.len);
    if (!more)
        drop_account(c);
    (void)bc_coap_room(&c->coap); /* old replies make room */
    bool kept = bc_arena_append(&c->coap.arena, &c->bootstrap.account, (bc_view){copy, tlvs.len});
    bc_wipe(copy, tlvs.len);
    return kept ? BC_COAP_CHANGED : BC_COAP_REQUEST_ENTITY_TOO_LARGE;
}

/* A whole account, in the place of the one before. The bootstrap server's own is known already and
 * not kept (G 2.1). */
static uint8_t write_account(struct bc_lwm2m_client *c, uint16_t instance, bc_view tlvs)
{
    if (!resources_only(tlvs))
        return BC_COAP_BAD_REQUEST;
    if (is_true(tlvs, SECURITY_BOOTSTRAP)) {
        if (c->bootstrap.instance == instance)
            drop_account(c);
        return BC_COAP_CHANGED;
    }
    c->bootstrap.instance = instance;
    return keep_account(c, tlvs, false);
}

/* The last of them counts. None is kept before all have been read: keeping moves the arena, which
 * the bytes may lie in. */
static uint8_t write_accounts(struct bc_lwm2m_client *c, bc_view rest)
{
    struct bc_tlv tlv;
    struct bc_tlv last = {.type = BC_TLV_RESOURCE};
    bool any = false;
    while (bc_tlv_next(&rest, &tlv)) {
        if (tlv.type != BC_TLV_INSTANCE || !resources_only(tlv.value))
            return BC_COAP_BAD_REQUEST;
        if (!is_true(tlv.value, SECURITY_BOOTSTRAP))
            last = tlv;
        any = true;
    }
    if (!any || rest.len > 0)
        return BC_COAP_BAD_REQUEST;
    return last.type == BC_TLV_INSTANCE ? write_account(c, last.id, last.value) : BC_COAP_CHANGED;
}

/* --- Object 1: the server --------------------------------------------------------------------- */

/* What a write of object 1 makes of lifetime and binding; false when it is not to be done. */
static bool read_server(bc_view tlvs, struct bc_bootstrap *out)
{
    struct bc_tlv tlv;
    if (!resources_only(tlvs))
        return false;
    while (bc_tlv_next(&tlvs, &tlv)) {
        int64_t number = bc_value_integer_of(tlv.value);
        switch ((enum bc_server_resource)tlv.id) {
        case BC_SERVER_SHORT_ID:
            out->short_id = (uint16_t)number;
            break;
        case BC_SERVER_LIFETIME:
            if (tlv.type != BC_TLV_RESOURCE || number < BC_LIFETIME_MIN || number > BC_LIFETIME_MAX)
                return false;
            out->lifetime_s = (uint32_t)number;
            break;
        case BC_SERVER_BINDING:
            if (!bc_lwm2m_is_binding(tlv.value))
                return false;
            out->queue_mode = tlv.value.len == 2;
            break;
        default: /* the others have their defaults at each registration */
            break;
        }
    }
    return true;
}

static void forget_server(const struct bc_lwm2m_client *c, struct bc_bootstrap *b)
{
    b->server_given = false;
    b->short_id = 0;
    b->lifetime_s = c->settings->lifetime_s;
    b->queue_mode = c->settings->queue_mode;
}

/* A write that is refused has changed nothing. `more` = to what the instance holds already. */
static uint8_t write_server(struct bc_lwm2m_client *c, uint16_t instance, bc_view tlvs, bool more)
{
    struct bc_bootstrap next = c->bootstrap;
    if (!more || next.server_instance != instance)
        forget_server(c, &next);
    if (!read_server(tlvs, &next))
        return BC_COAP_BAD_REQUEST;
    next.server_given = true;
    next.server_instance = instance;
    c->bootstrap = next;
    return BC_COAP_CHANGED;
}

static uint8_t write_servers(struct bc_lwm2m_client *c, bc_view rest)
{
    struct bc_tlv tlv;
    struct bc_bootstrap before = c->bootstrap;
    uint8_t code = BC_COAP_BAD_REQUEST;
    while (bc_tlv_next(&rest, &tlv)) {
        code = tlv.type == BC_TLV_INSTANCE ? write_server(c, tlv.id, tlv.value, false)
                                           : BC_COAP_BAD_REQUEST;
        if (code != BC_COAP_CHANGED)
            break;
    }
    if (rest.len > 0)
        code = BC_COAP_BAD_REQUEST;
    if (code != BC_COAP_CHANGED)
        c->bootstrap = before;
    return code;
}

/* --- Requests --------------------------------------------------------------------------------- */

/* The body of a write to one resource: that one alone. */
static bool is_resource(bc_view body, uint16_t resource)
{
    struct bc_tlv tlv;
    return bc_tlv_next(&body, &tlv) && tlv.id == resource && tlv.type == BC_TLV_RESOURCE &&
           body.len == 0;
}

static uint8_t on_write(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                        struct bc_path path)
{
    bc_view body = request->payload;
    if (path.depth == 0 || path.object > 1)
        return BC_COAP_METHOD_NOT_ALLOWED;
    if (bc_write_format(request) != BC_COAP_FORMAT_TLV)
        return BC_COAP_UNSUPPORTED_CONTENT_FORMAT;
    if (path.depth >= 2)
        body = bc_tlv_unwrap(body, path.instance);
    if (path.depth == 3 && !is_resource(body, path.resource))
        return BC_COAP_BAD_REQUEST;
    if (path.object == 1)
        return path.depth == 1 ? write_servers(c, body)
                               : write_server(c, path.instance, body, path.depth == 3);
    if (path.depth == 1)
        return write_accounts(c, body);
    if (path.depth == 2)
        return write_account(c, path.instance, body);
    if (c->bootstrap.account == 0 || c->bootstrap.instance != path.instance)
        return write_account(c, path.instance, body);
    return keep_account(c, body, true);
}

/* LwM2M 1.0 section 5.2.7.5: what is deleted twice is deleted. */
static uint8_t on_delete(struct bc_lwm2m_client *c, struct bc_path path)
{
    if (path.depth == 3 || (path.depth > 0 && path.object > 1))
        return BC_COAP_METHOD_NOT_ALLOWED;
    bool accounts = path.depth == 0 || path.object == 0;
    bool servers = path.depth == 0 || path.object == 1;
    if (accounts && (path.depth < 2 || path.instance == c->bootstrap.instance))
        drop_account(c);
    if (servers && (path.depth < 2 || path.instance == c->bootstrap.server_instance))
        forget_server(c, &c->bootstrap);
    return BC_COAP_DELETED;
}

uint16_t bc_lwm2m_account_short_id(const struct bc_lwm2m_client *c)
{
    bc_view tlvs = bc_arena_view(&c->coap.arena, c->bootstrap.account);
    bc_view id;
    return find_resource(tlvs, SECURITY_SHORT_ID, &id) ? (uint16_t)bc_value_integer_of(id) : 0;
}

/* The account as the event shows it; false when it is not one that can be used. */
static bool read_account(const struct bc_lwm2m_client *c, struct bc_lwm2m_account *out)
{
    bc_view mode;
    *out = (struct bc_lwm2m_account){.security = BC_SECURITY_NONE,
                                     .lifetime_s = c->bootstrap.lifetime_s,
                                     .queue_mode = c->bootstrap.queue_mode};
    if (c->bootstrap.account == 0)
        return false;
    bc_view tlvs = bc_arena_view(&c->coap.arena, c->bootstrap.account);
    if (is_true(tlvs, SECURITY_BOOTSTRAP))
        return false;
    if (find_resource(tlvs, SECURITY_MODE, &mode) && mode.len > 0) {
        int64_t number = bc_value_integer_of(mode);
        if (number != BC_SECURITY_PSK && number != BC_SECURITY_NONE)
            return false;
        out->security = (uint8_t)number;
    }
    bool secured = out->security == BC_SECURITY_PSK;
    bool has_uri = find_resource(tlvs, SECURITY_URI, &out->uri);
    bool has_identity = find_resource(tlvs, SECURITY_IDENTITY, &out->identity);
    bool has_key = find_resource(tlvs, SECURITY_KEY, &out->key);
    return has_uri && out->uri.len > 0 &&
           (!secured ||
            (has_identity && has_key && out->identity.len > 0 && out->key.len > 0 &&
             out->identity.len <= BC_PSK_ID_BYTES_MAX && out->key.len <= BC_PSK_BYTES_MAX / 2));
}

/* POST /bs: the server has written all it wanted to. */
static void on_finish(struct bc_lwm2m_client *c, const struct bc_coap_message *request)
{
    struct bc_lwm2m_account account;
    bool usable = c->bootstrap.server_given && read_account(c, &account) &&
                  c->host->account_usable(c->host_context, &account);
    if (!usable) { /* LwM2M 1.0 section 5.2.7.6: an inconsistent configuration */
        bc_lwm2m_reply_code(c, request, BC_COAP_NOT_ACCEPTABLE);
        return;
    }
    bc_lwm2m_reply_code(c, request, BC_COAP_CHANGED);
    c->bootstrap.runs = false;
    (void)bc_coap_cancel(&c->coap, TAG_BOOTSTRAP);
    (void)read_account(c, &account); /* both may have moved it */
    bc_lwm2m_emit(c, &(struct bc_lwm2m_event){.kind = BC_EVENT_BOOTSTRAPPED,
                                              .outcome = BC_OUTCOME_DONE,
                                              .request = request,
                                              .account = &account});
    bc_lwm2m_drop_bootstrap(c);
    c->bootstrap.over = true;
}

static bool is_finish(const struct bc_coap_message *request)
{
    struct bc_coap_options it = bc_coap_options(request);
    struct bc_coap_option option;
    bool finish = false;
    for (unsigned segments = 0; bc_coap_option_next(&it, &option);)
        if (option.number == BC_COAP_URI_PATH)
            finish = ++segments == 1 && bc_view_equal(option.value, BC_TEXT("bs"));
    return finish && request->code == BC_COAP_POST;
}

static void on_discover(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                        struct bc_path path)
{
    if (path.depth > 1 || bc_lwm2m_accept_of(request) != BC_COAP_FORMAT_LINK ||
        bc_lwm2m_observe_of(request) >= 0) {
        bc_lwm2m_reply_code(c, request, BC_COAP_METHOD_NOT_ALLOWED); /* no reading in 1.0 */
        return;
    }
    if (path.depth > 0 && !bc_object_built_in(path.object) &&
        !bc_objects_has(&c->settings->objects, path)) {
        bc_lwm2m_reply_code(c, request, BC_COAP_NOT_FOUND);
        return;
    }
    bc_lwm2m_reply_discover(c, request, path);
}

static void on_whole_request(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                             struct bc_path path)
{
    uint8_t code = BC_COAP_METHOD_NOT_ALLOWED;
    if (request->code == BC_COAP_GET) {
        on_discover(c, request, path);
        return;
    }
    if (request->code == BC_COAP_PUT)
        code = on_write(c, request, path);
    else if (request->code == BC_COAP_DELETE)
        code = on_delete(c, path);
    bc_lwm2m_reply_code(c, request, code);
}

/* Whatever the server asks, it is not silent. After it has finished it has nothing more to say:
 * only repetitions are answered, until the next server is spoken to. */
void bc_lwm2m_on_bootstrap_request(struct bc_lwm2m_client *c, struct bc_coap_message *request)
{
    struct bc_path path;
    if (c->bootstrap.over) {
        bc_coap_forget(&c->coap, request->message_id);
        return;
    }
    c->bootstrap.step_until_ms = c->coap.now_ms + STEP_MS;
    if (is_finish(request)) {
        on_finish(c, request);
    } else if (bc_path_read(request, &path) != BC_OK) {
        bc_lwm2m_reply_code(c, request, BC_COAP_NOT_FOUND);
    } else {
        bc_lwm2m_assemble(c, request, path, on_whole_request);
    }
}
