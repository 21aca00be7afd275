/*
 * What the host says: answers to requests that wait, and notifications (G 2.8 to 2.12).
 *
 * A value in parts is kept as entries of [instance id, 2 bytes][length, 2 bytes][TLV or JSON] in
 * one chunk of the endpoint's arena until index 0 completes it.
 */

#include "base/sink.h"
#include "lwm2m/inside.h"

#define ANSWER_DELAY_MS 1500 /* then a CON request gets its acknowledgement alone */

bool bc_lwm2m_emit(struct bc_lwm2m_client *c, const struct bc_lwm2m_event *event)
{
    return c->host->on_event(c->host_context, event);
}

void bc_lwm2m_tell(struct bc_lwm2m_client *c, enum bc_lwm2m_event_kind kind,
                   enum bc_outcome outcome, uint16_t message_id)
{
    bc_lwm2m_emit(
        c, &(struct bc_lwm2m_event){.kind = kind, .outcome = outcome, .message_id = message_id});
}

/* --- Values in parts ------------------------------------------------------------------------- */

#define PART_HEAD_BYTES 4

/* Adds one resource in the form it will have on the wire. */
static bool add_part(struct bc_coap_endpoint *coap, bc_chunk *chunk, int32_t format,
                     struct bc_path asked, struct bc_path path, const struct bc_value *value)
{
    bc_sink part = bc_coap_room(coap);
    bc_put_be(&part, path.instance, 2);
    bc_put_be(&part, 0, 2);
    if (format == BC_COAP_FORMAT_JSON)
        bc_json_put_entry(&part, asked, path, value);
    else
        bc_tlv_put_resource(&part, path.resource, value);
    if (part.full)
        return false;
    size_t len = part.len - PART_HEAD_BYTES;
    part.ptr[2] = (uint8_t)(len >> 8);
    part.ptr[3] = (uint8_t)len;
    return bc_arena_absorb(&coap->arena, chunk, part.len);
}

/* Takes the entry at the front of `rest`. */
static bool next_part(bc_view *rest, uint16_t *instance, bc_view *tlv)
{
    if (rest->len == 0)
        return false;
    const uint8_t *at = rest->ptr;
    *instance = (uint16_t)(at[0] << 8 | at[1]);
    *tlv = (bc_view){at + PART_HEAD_BYTES, (size_t)(at[2] << 8 | at[3])};
    rest->ptr += PART_HEAD_BYTES + tlv->len;
    rest->len -= PART_HEAD_BYTES + tlv->len;
    return true;
}

/* The bytes of the TLVs at the front that belong to one instance. */
static size_t run_bytes(bc_view parts, uint16_t instance)
{
    size_t bytes = 0;
    uint16_t at;
    bc_view tlv;
    while (next_part(&parts, &at, &tlv) && at == instance)
        bytes += tlv.len;
    return bytes;
}

/* Below an object, each run of resources of one instance is wrapped in it. */
static void put_tlv_parts(bc_sink *out, bc_view parts, struct bc_path asked)
{
    int32_t wrapped = -1;
    for (;;) {
        bc_view before = parts;
        uint16_t instance;
        bc_view tlv;
        if (!next_part(&parts, &instance, &tlv))
            return;
        if (asked.depth == 1 && wrapped != instance)
            bc_tlv_put_head(out, BC_TLV_INSTANCE, instance, run_bytes(before, instance));
        wrapped = instance;
        bc_put_bytes(out, tlv);
    }
}

static void put_json_parts(bc_sink *out, bc_view parts, struct bc_path asked)
{
    uint16_t instance;
    bc_view entry;
    bc_json_begin(out, asked);
    for (bool first = true; next_part(&parts, &instance, &entry); first = false) {
        if (!first)
            bc_put_char(out, ',');
        bc_put_bytes(out, entry);
    }
    bc_json_end(out);
}

/* How a value of several resources goes out. */
static int32_t parts_format(int32_t accept)
{
    return accept == BC_COAP_FORMAT_JSON ? accept : BC_COAP_FORMAT_TLV;
}

/* Collected parts as the body of an answer to `asked`. */
static void put_parts(bc_sink *out, bc_view parts, struct bc_path asked, int32_t format)
{
    if (format == BC_COAP_FORMAT_JSON)
        put_json_parts(out, parts, asked);
    else
        put_tlv_parts(out, parts, asked);
}

/* --- Requests that wait ---------------------------------------------------------------------- */

static void drop(struct bc_lwm2m_client *c, struct bc_request *request)
{
    bc_arena_free(&c->coap.arena, request->parts);
    *request = (struct bc_request){.kind = BC_REQUEST_FREE};
}

void bc_lwm2m_drop_requests(struct bc_lwm2m_client *c)
{
    for (size_t i = 0; i < BC_REQUESTS_MAX; i++)
        drop(c, &c->request[i]);
}

void bc_lwm2m_expire_requests(struct bc_lwm2m_client *c, bool all)
{
    for (size_t i = 0; i < BC_REQUESTS_MAX; i++) {
        struct bc_request *request = &c->request[i];
        if (all || bc_coap_age_ms(&c->coap, request->since_ms) >= BC_COAP_EXCHANGE_LIFETIME_MS)
            drop(c, request);
    }
}

static bool owes_ack(const struct bc_request *request)
{
    return request->kind != BC_REQUEST_FREE && request->confirmable && !request->acknowledged;
}

void bc_lwm2m_requests_on_time(struct bc_lwm2m_client *c)
{
    for (size_t i = 0; i < BC_REQUESTS_MAX; i++) {
        struct bc_request *request = &c->request[i];
        if (!owes_ack(request) || bc_coap_age_ms(&c->coap, request->since_ms) < ANSWER_DELAY_MS)
            continue;
        request->acknowledged = true;
        bc_coap_acknowledge(&c->coap, request->message_id);
    }
}

uint64_t bc_lwm2m_requests_deadline(const struct bc_lwm2m_client *c)
{
    uint64_t deadline_ms = BC_NEVER;
    for (size_t i = 0; i < BC_REQUESTS_MAX; i++) {
        const struct bc_request *request = &c->request[i];
        uint64_t at_ms =
            bc_coap_after(&c->coap, request->since_ms,
                          owes_ack(request) ? ANSWER_DELAY_MS : BC_COAP_EXCHANGE_LIFETIME_MS);
        if (request->kind != BC_REQUEST_FREE && at_ms < deadline_ms)
            deadline_ms = at_ms;
    }
    return deadline_ms;
}

bool bc_lwm2m_is_waiting(struct bc_lwm2m_client *c, uint16_t message_id)
{
    for (size_t i = 0; i < BC_REQUESTS_MAX; i++) {
        struct bc_request *request = &c->request[i];
        if (request->kind == BC_REQUEST_FREE || request->message_id != message_id)
            continue;
        if (request->acknowledged)
            bc_coap_acknowledge(&c->coap, message_id);
        return true;
    }
    return false;
}

static struct bc_request *find_request(struct bc_lwm2m_client *c, enum bc_request_kind kind,
                                       uint16_t message_id)
{
    for (size_t i = 0; i < BC_REQUESTS_MAX; i++) {
        struct bc_request *request = &c->request[i];
        bool cancel = kind == BC_REQUEST_OBSERVE && request->kind == BC_REQUEST_CANCEL;
        if (request->message_id == message_id && (request->kind == kind || cancel))
            return request;
    }
    return NULL;
}

/* An answer without content: in the acknowledgement while there is time, else a message of its
 * own. */
static enum bc_err answer_code(struct bc_lwm2m_client *c, const struct bc_request *request,
                               uint8_t code)
{
    struct bc_coap_draft draft;
    if (request->acknowledged)
        bc_coap_draft_new(&c->coap, &draft, BC_COAP_CON, code, &request->token);
    else
        bc_coap_draft_reply(&c->coap, &draft, request->confirmable ? BC_COAP_CON : BC_COAP_NON,
                            request->message_id, &request->token, code);
    if (request->block1 >= 0)
        bc_coap_write_uint(&draft.w, BC_COAP_BLOCK1, (uint32_t)request->block1);
    return request->acknowledged ? bc_coap_submit(&c->coap, &draft, TAG_ANSWER, 0, false)
                                 : bc_coap_submit_reply(&c->coap, &draft, request->message_id);
}

/* Checks index and path of one part; keeps the part when more are to come. */
static enum bc_err take_part(struct bc_lwm2m_client *c, struct bc_request *request,
                             const struct bc_answer *answer)
{
    bool first = request->parts == 0;
    if (!bc_path_within(answer->path, request->path) || answer->path.depth != 3 ||
        !bc_objects_has(&c->settings->objects, answer->path))
        return BC_ERR_RANGE;
    if (first ? answer->index > 0 && request->path.depth == 3
              : answer->index != request->next_index)
        return BC_ERR_RANGE;
    if (answer->index == 0 && first)
        return BC_OK;
    if (!add_part(&c->coap, &request->parts, parts_format(request->accept), request->path,
                  answer->path, &answer->value))
        return BC_ERR_FULL;
    request->next_index = (uint16_t)(answer->index - 1);
    return BC_OK;
}

/* What `parts` have collected, else the value that came alone, as content of the frame's path. */
static enum bc_err send_value(struct bc_lwm2m_client *c, struct bc_lwm2m_frame *frame,
                              bc_chunk parts, int32_t accept, struct bc_path path,
                              const struct bc_value *value)
{
    bc_sink body = bc_lwm2m_body_begin(c);
    frame->format = parts_format(accept);
    if (parts != 0)
        put_parts(&body, bc_arena_view(&c->coap.arena, parts), frame->path, frame->format);
    else if (!bc_lwm2m_put_value(&body, frame->path, accept, path, value, &frame->format))
        return BC_ERR_RANGE;
    return bc_lwm2m_send_body(c, frame, &body);
}

static enum bc_err send_content(struct bc_lwm2m_client *c, struct bc_request *request,
                                const struct bc_answer *answer)
{
    bool observes = request->kind == BC_REQUEST_OBSERVE;
    struct bc_lwm2m_frame frame = {
        .type = request->confirmable ? BC_COAP_CON : BC_COAP_NON,
        .tag = request->acknowledged ? TAG_ANSWER : 0,
        .message_id = request->message_id,
        .token = request->token,
        .path = request->path,
        .observe = observes ? (int32_t)bc_lwm2m_next_sequence(c, request->path) : -1,
        .block = {request->block_number, request->block_exponent, request->block_asked},
    };
    if (observes && !bc_lwm2m_observe_room(c, request->path))
        return BC_ERR_FULL;
    enum bc_err err =
        send_value(c, &frame, request->parts, request->accept, answer->path, &answer->value);
    if (err == BC_ERR_ABSENT) /* the server has asked for a block that there is not */
        return answer_code(c, request, BC_COAP_BAD_REQUEST);
    if (err != BC_OK || !observes)
        return err;
    struct bc_observation *made =
        bc_lwm2m_observe(c, &request->token, request->path, request->accept);
    made->block_exponent = request->block_exponent;
    if (frame.tag != 0 || !request->confirmable) /* it can be refused as a notification can */
        bc_lwm2m_remember_sent(made, &frame);
    return BC_OK;
}

enum bc_err bc_lwm2m_answer(struct bc_lwm2m_client *c, enum bc_request_kind kind,
                            const struct bc_answer *answer)
{
    struct bc_request *request = find_request(c, kind, answer->message_id);
    if (request == NULL)
        return BC_ERR_ABSENT;
    struct bc_arena *arena = &c->coap.arena;
    enum bc_err err;
    if (answer->code == BC_COAP_CONTENT) {
        size_t before = request->parts == 0 ? 0 : bc_arena_view(arena, request->parts).len;
        err = take_part(c, request, answer);
        if (err != BC_OK || answer->index > 0)
            return err;
        err = send_content(c, request, answer);
        if (err != BC_OK && request->parts != 0) {
            bc_arena_trim(arena, request->parts, before);
            request->next_index = 0;
        }
    } else {
        err = answer_code(c, request, answer->code);
    }
    if (err == BC_OK)
        drop(c, request);
    return err;
}

/* --- Notifications --------------------------------------------------------------------------- */

static void drop_parts(struct bc_lwm2m_client *c, struct bc_observation *observation)
{
    bc_arena_free(&c->coap.arena, observation->parts);
    observation->parts = 0;
}

/* So few at a time that the exchanges keep their share of the arena. */
static bool may_collect(const struct bc_lwm2m_client *c)
{
    unsigned collecting = 0;
    for (size_t i = 0; i < BC_OBSERVATIONS_MAX; i++)
        collecting += c->observation[i].parts != 0;
    return collecting < BC_COLLECTIONS_MAX;
}

/* One part of several. An index out of turn throws away what was collected, so that the host can
 * begin anew. */
static enum bc_err collect(struct bc_lwm2m_client *c, struct bc_observation *observation,
                           const struct bc_notification *n)
{
    bool first = observation->parts == 0;
    if (first && observation->path.depth == 3)
        return BC_ERR_RANGE;
    enum bc_err err = BC_OK;
    if (!first && n->index != observation->next_index)
        err = BC_ERR_RANGE;
    else if ((first && !may_collect(c)) ||
             !add_part(&c->coap, &observation->parts, parts_format(observation->accept),
                       observation->path, n->path, &n->value))
        err = BC_ERR_FULL;
    observation->next_index = (uint16_t)(n->index - 1);
    if (err != BC_OK)
        drop_parts(c, observation);
    return err;
}

static enum bc_err send_notification(struct bc_lwm2m_client *c, struct bc_observation *observation,
                                     const struct bc_notification *n, uint16_t *message_id)
{
    struct bc_lwm2m_frame frame = bc_lwm2m_notification_of(
        observation, n->confirmable ? BC_COAP_CON : BC_COAP_NON, TAG_NOTIFY);
    enum bc_err err =
        send_value(c, &frame, observation->parts, observation->accept, n->path, &n->value);
    drop_parts(c, observation);
    if (err != BC_OK)
        return err;
    bc_lwm2m_remember_sent(observation, &frame);
    *message_id = frame.message_id;
    return BC_OK;
}

enum bc_err bc_lwm2m_notify(struct bc_lwm2m_client *c, const struct bc_notification *n, bool *sent,
                            uint16_t *message_id)
{
    *sent = false;
    if (c->status != BC_STATUS_REGISTERED)
        return BC_ERR_STATE;
    struct bc_observation *observation = bc_lwm2m_observation_of(c, n->path);
    if (observation == NULL || !bc_objects_has(&c->settings->objects, n->path))
        return BC_ERR_ABSENT;
    if (n->index > 0 || observation->parts != 0) {
        enum bc_err err = collect(c, observation, n);
        if (err != BC_OK || n->index > 0)
            return err;
    }
    enum bc_err err = send_notification(c, observation, n, message_id);
    *sent = err == BC_OK;
    return err;
}

/* --- Data to the server (G 2.13) ------------------------------------------------------------- */

enum bc_err bc_lwm2m_send(struct bc_lwm2m_client *c, bc_view bytes, bool confirmable,
                          uint16_t *message_id)
{
    if (c->status != BC_STATUS_REGISTERED)
        return BC_ERR_STATE;
    struct bc_coap_draft draft;
    bc_coap_draft_new(&c->coap, &draft, confirmable ? BC_COAP_CON : BC_COAP_NON, BC_COAP_POST,
                      NULL);
    bc_coap_write_path(&draft.w, BC_COAP_URI_PATH, BC_TEXT("dp"));
    bc_coap_write_uint(&draft.w, BC_COAP_CONTENT_FORMAT, BC_COAP_FORMAT_JSON);
    bc_lwm2m_put_query(&draft.w, "ep=", c->settings->endpoint);
    bc_coap_write_payload(&draft.w, bytes);
    *message_id = draft.message_id;
    return bc_coap_submit(&c->coap, &draft, TAG_SEND, 0, true);
}
