/*
 * What a server asks of the module (LwM2M 1.0 sections 5.4 and 5.5). Built-in objects are answered
 * at once (builtin_ops.c); for custom objects the host is asked and the request waits (answer.c).
 *
 *   server                        module                        host
 *     | --- CON GET /19/0/0 ------> | --- BC_EVENT_READ --------> |
 *     | <-- ACK 2.05 -------------- | <-- bc_lwm2m_answer ------- |
 */
#include "base/sink.h"
#include "lwm2m/builtin.h"
#include "lwm2m/inside.h"

#define OBSERVE_BYTES_MAX 3 /* RFC 7641 section 2; a longer one is none (RFC 7252 5.4.3) */

/* What a request on a custom object turns out to be: something the host answers, or a code. */
struct verdict {
    enum bc_request_kind kind;
    uint8_t code; /* of the refusal, when kind is FREE; 0 = discover */
    uint16_t items;
};

static struct verdict refuse(uint8_t code)
{
    return (struct verdict){BC_REQUEST_FREE, code, 0};
}

void bc_lwm2m_reply_code(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                         uint8_t code)
{
    struct bc_coap_draft draft;
    bc_coap_draft_reply(&c->coap, &draft, request->type, request->message_id, &request->token,
                        code);
    int64_t block1 = bc_coap_option_number_of(request, BC_COAP_BLOCK1, -1);
    if (block1 >= 0)
        bc_coap_write_uint(&draft.w, BC_COAP_BLOCK1, (uint32_t)block1);
    if (code == BC_COAP_REQUEST_ENTITY_TOO_LARGE)
        bc_coap_write_uint(&draft.w, BC_COAP_SIZE1, BC_STRING_BYTES_MAX);
    if (bc_coap_submit_reply(&c->coap, &draft, request->message_id) != BC_OK)
        bc_coap_forget(&c->coap, request->message_id);
}

int32_t bc_lwm2m_accept_of(const struct bc_coap_message *request)
{
    return (int32_t)bc_coap_option_number_of(request, BC_COAP_ACCEPT, BC_COAP_FORMAT_ABSENT);
}

int bc_lwm2m_observe_of(const struct bc_coap_message *request)
{
    bc_view bytes;
    uint32_t value;
    bool asks = request->code == BC_COAP_GET &&
                bc_coap_option_find(request, BC_COAP_OBSERVE, &bytes) &&
                bytes.len <= OBSERVE_BYTES_MAX && bc_coap_option_uint(bytes, &value) && value <= 1;
    return asks ? (int)value : -1;
}

int32_t bc_lwm2m_pick_format(struct bc_path path, enum bc_value_type type, int32_t accept)
{
    bool single = path.depth == 3;
    bool flat = single && type != BC_VALUE_LIST;
    switch (accept) {
    case BC_COAP_FORMAT_ABSENT:
        if (!flat)
            return BC_COAP_FORMAT_TLV;
        return type == BC_VALUE_OPAQUE ? BC_COAP_FORMAT_OPAQUE : BC_COAP_FORMAT_TEXT;
    case BC_COAP_FORMAT_TEXT:
    case BC_COAP_FORMAT_OPAQUE:
        return flat ? accept : -1;
    case BC_COAP_FORMAT_TLV:
    case BC_COAP_FORMAT_JSON:
        return accept;
    default:
        return -1;
    }
}

static bool accept_known(struct bc_path path, int32_t accept)
{
    return bc_lwm2m_pick_format(path, BC_VALUE_STRING, accept) >= 0;
}

/* --- Writes ---------------------------------------------------------------------------------- */

/* Checks a payload of several resources whole before anything of it counts. */
static struct verdict judge_items(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                                  struct bc_path path)
{
    struct bc_write_items items;
    struct bc_write_item item;
    uint16_t count = 0;
    size_t shown = 0; /* bytes the host's line will take for it */
    if (!bc_write_open(request, path, bc_coap_room(&c->coap), &items))
        return refuse(BC_COAP_BAD_REQUEST);
    for (; bc_write_next(&items, &item); count++) {
        if (!bc_path_within(item.path, path))
            return refuse(BC_COAP_BAD_REQUEST);
        if (!bc_objects_has(&c->settings->objects, item.path))
            return refuse(BC_COAP_NOT_FOUND);
        size_t most = item.type == BC_VALUE_OPAQUE ? BC_OPAQUE_BYTES_MAX : BC_STRING_BYTES_MAX;
        shown += BC_URC_HEAD_BYTES_MAX + 2 * item.bytes.len;
        if (item.bytes.len > most || shown > BC_URC_BYTES)
            return refuse(BC_COAP_REQUEST_ENTITY_TOO_LARGE);
    }
    if (!bc_write_whole(&items) || count == 0 || (path.depth == 3 && count > 1))
        return refuse(BC_COAP_BAD_REQUEST);
    return (struct verdict){BC_REQUEST_WRITE, 0, count};
}

static struct verdict judge_write(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                                  struct bc_path path)
{
    int32_t format = bc_write_format(request);
    if (format == BC_COAP_FORMAT_TLV || format == BC_COAP_FORMAT_JSON)
        return judge_items(c, request, path);
    bool text = format == BC_COAP_FORMAT_TEXT;
    if (!text && format != BC_COAP_FORMAT_OPAQUE && format != BC_COAP_FORMAT_ABSENT)
        return refuse(BC_COAP_UNSUPPORTED_CONTENT_FORMAT);
    if (path.depth == 2) /* several resources need TLV */
        return refuse(BC_COAP_UNSUPPORTED_CONTENT_FORMAT);
    if (request->payload.len > (text ? BC_STRING_BYTES_MAX : BC_OPAQUE_BYTES_MAX))
        return refuse(BC_COAP_REQUEST_ENTITY_TOO_LARGE);
    return (struct verdict){BC_REQUEST_WRITE, 0, 1};
}

/* --- Everything on custom objects ------------------------------------------------------------- */

static struct verdict judge_get(const struct bc_lwm2m_client *c,
                                const struct bc_coap_message *request, struct bc_path path)
{
    int observe = bc_lwm2m_observe_of(request);
    int32_t accept = bc_lwm2m_accept_of(request);
    if (accept == BC_COAP_FORMAT_LINK && observe < 0)
        return refuse(0);
    if (!accept_known(path, accept))
        return refuse(BC_COAP_NOT_ACCEPTABLE);
    if (observe == 0 && !bc_lwm2m_observe_room(c, path))
        return refuse(BC_COAP_SERVICE_UNAVAILABLE);
    enum bc_request_kind kinds[] = {BC_REQUEST_READ, BC_REQUEST_OBSERVE, BC_REQUEST_CANCEL};
    return (struct verdict){kinds[observe + 1], 0, 0};
}

static struct verdict judge(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                            struct bc_path path)
{
    if (!bc_objects_has(&c->settings->objects, path))
        return refuse(path.depth == 0 && request->code != BC_COAP_GET ? BC_COAP_METHOD_NOT_ALLOWED
                                                                      : BC_COAP_NOT_FOUND);
    switch (request->code) {
    case BC_COAP_GET:
        return judge_get(c, request, path);
    case BC_COAP_PUT:
        return path.depth >= 2 ? judge_write(c, request, path) : refuse(BC_COAP_METHOD_NOT_ALLOWED);
    case BC_COAP_POST:
        if (path.depth == 3)
            return (struct verdict){BC_REQUEST_EXECUTE, 0, 0};
        return path.depth == 2 ? judge_write(c, request, path) : refuse(BC_COAP_METHOD_NOT_ALLOWED);
    default:
        return refuse(BC_COAP_METHOD_NOT_ALLOWED);
    }
}

void bc_lwm2m_reply_discover(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                             struct bc_path path)
{
    struct bc_lwm2m_frame frame;
    if (!bc_lwm2m_frame_of(request, path, &frame)) {
        bc_lwm2m_reply_code(c, request, BC_COAP_BAD_REQUEST);
        return;
    }
    frame.format = BC_COAP_FORMAT_LINK;
    bc_sink body = bc_lwm2m_body_begin(c);
    bc_lwm2m_put_discover_links(&body, c, path);
    bc_lwm2m_finish_reply(c, request, bc_lwm2m_send_body(c, &frame, &body));
}

/* The observe answer that auto_ack gives: 2.05 with the Observe option and no content (G 2.2). */
static void reply_auto(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                       struct bc_path path, enum bc_request_kind kind)
{
    struct bc_coap_draft draft;
    bc_coap_draft_reply(&c->coap, &draft, request->type, request->message_id, &request->token,
                        BC_COAP_CONTENT);
    if (kind == BC_REQUEST_OBSERVE) {
        int32_t accept = bc_lwm2m_accept_of(request);
        struct bc_lwm2m_block block;
        (void)bc_lwm2m_block_of(request, &block);
        struct bc_observation *observation = bc_lwm2m_observe(c, &request->token, path, accept);
        observation->block_exponent = block.exponent & 7U;
        bc_coap_write_uint(&draft.w, BC_COAP_OBSERVE, observation->sequence);
    } else {
        bc_lwm2m_unobserve(c, path);
    }
    if (bc_coap_submit_reply(&c->coap, &draft, request->message_id) != BC_OK)
        bc_coap_forget(&c->coap, request->message_id);
}

static struct bc_request *free_request(struct bc_lwm2m_client *c)
{
    for (size_t i = 0; i < BC_REQUESTS_MAX; i++)
        if (c->request[i].kind == BC_REQUEST_FREE)
            return &c->request[i];
    return NULL;
}

static bool tell_host(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                      struct bc_path path, const struct verdict *verdict)
{
    static const enum bc_lwm2m_event_kind kinds[] = {
        [BC_REQUEST_READ] = BC_EVENT_READ,       [BC_REQUEST_WRITE] = BC_EVENT_WRITE,
        [BC_REQUEST_EXECUTE] = BC_EVENT_EXECUTE, [BC_REQUEST_OBSERVE] = BC_EVENT_OBSERVE,
        [BC_REQUEST_CANCEL] = BC_EVENT_CANCEL,
    };
    struct bc_lwm2m_event event = {
        .kind = kinds[verdict->kind],
        .message_id = request->message_id,
        .path = path,
        .request = request,
    };
    if (verdict->kind == BC_REQUEST_WRITE) {
        /* judged before */
        (void)bc_write_open(request, path, bc_coap_room(&c->coap), &event.items);
        event.items.left = verdict->items;
    }
    return bc_lwm2m_emit(c, &event);
}

/* Who observes that path does so no more, nor will who has asked to and waits for the host. */
static void cancel(struct bc_lwm2m_client *c, struct bc_path path)
{
    bc_lwm2m_unobserve(c, path);
    for (size_t i = 0; i < BC_REQUESTS_MAX; i++)
        if (c->request[i].kind == BC_REQUEST_OBSERVE && bc_path_equal(c->request[i].path, path))
            c->request[i].kind = BC_REQUEST_CANCEL;
}

static void ask_host(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                     struct bc_path path, const struct verdict *verdict)
{
    bool observes = verdict->kind == BC_REQUEST_OBSERVE || verdict->kind == BC_REQUEST_CANCEL;
    bool by_itself = observes && c->settings->auto_ack;
    struct bc_request *slot = free_request(c);
    struct bc_lwm2m_block block;
    bool well_formed = bc_lwm2m_block_of(request, &block);
    if (!well_formed || (slot == NULL && !by_itself)) {
        bc_lwm2m_reply_code(c, request,
                            well_formed ? BC_COAP_SERVICE_UNAVAILABLE : BC_COAP_BAD_REQUEST);
        return;
    }
    if (!tell_host(c, request, path, verdict)) {
        bc_coap_forget(&c->coap, request->message_id);
        return;
    }
    if (by_itself) {
        reply_auto(c, request, path, verdict->kind);
        return;
    }
    if (verdict->kind == BC_REQUEST_CANCEL)
        cancel(c, path);
    *slot = (struct bc_request){
        .since_ms = (uint32_t)c->coap.now_ms,
        .token = request->token,
        .path = path,
        .accept = (int16_t)bc_lwm2m_accept_of(request),
        .message_id = request->message_id,
        .block_number = (uint16_t)(block.number < UINT16_MAX ? block.number : UINT16_MAX),
        .block_exponent = block.exponent & 7U,
        .block_asked = block.asked,
        .block1 = (int32_t)bc_coap_option_number_of(request, BC_COAP_BLOCK1, -1),
        .kind = (uint8_t)verdict->kind,
        .confirmable = request->type == BC_COAP_CON,
    };
}

/* A PUT with attributes instead of a value (LwM2M 1.0 section 5.4.4). */
static bool writes_attributes(const struct bc_coap_message *request)
{
    bc_view query;
    return request->code == BC_COAP_PUT && request->payload.len == 0 &&
           bc_coap_option_find(request, BC_COAP_URI_QUERY, &query);
}

/* A whole request on a path that may exist. */
static void on_whole_request(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                             struct bc_path path)
{
    if (path.depth > 0 && bc_object_built_in(path.object)) {
        bc_lwm2m_on_builtin_request(c, request, path);
        return;
    }
    struct verdict verdict = judge(c, request, path);
    if (verdict.kind != BC_REQUEST_FREE)
        ask_host(c, request, path, &verdict);
    else if (verdict.code == 0)
        bc_lwm2m_reply_discover(c, request, path);
    else
        bc_lwm2m_reply_code(c, request, verdict.code);
}

void bc_lwm2m_on_request(struct bc_lwm2m_client *c, struct bc_coap_message *request)
{
    struct bc_path path;
    if (bc_lwm2m_is_waiting(c, request->message_id))
        return;
    if (c->bootstrap.runs || c->bootstrap.over)
        bc_lwm2m_on_bootstrap_request(c, request);
    else if (bc_path_read(request, &path) != BC_OK)
        bc_lwm2m_reply_code(c, request, BC_COAP_NOT_FOUND);
    else if (path.depth > 0 && path.object == 0)
        bc_lwm2m_reply_code(c, request, BC_COAP_UNAUTHORIZED);
    else if (writes_attributes(request))
        bc_lwm2m_on_attributes(c, request, path);
    else
        bc_lwm2m_assemble(c, request, path, on_whole_request);
}
