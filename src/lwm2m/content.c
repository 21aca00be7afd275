/*
 * Messages with content, whole or in blocks (RFC 7959). The body is written once, behind the place
 * for its header; what does not fit the peer's block size stays in the arena and goes out block by
 * block as the peer asks for it.
 *
 *   server                             module
 *     | --- GET /19/0/0 2:0/0/128 -----> |   body of 300 bytes: kept
 *     | <-- 2.05 2:0/1/128 ETag -------- |
 *     | --- GET /19/0/0 2:1/0/128 -----> |   served without asking the host
 *     | <-- 2.05 2:1/1/128 ETag -------- |
 *
 * The other way, Block1 uploads are collected until the last block makes the request whole.
 */
#include <string.h>

#include "base/sink.h"
#include "coap/block.h"
#include "lwm2m/inside.h"

#define HEAD_BYTES_MAX                                                        \
    64 /* header, token, ETag, Observe, Content-Format, Block2, Size2, marker \
        */
#define EXPONENT_MAX 6

/* --- Block2: what we serve ------------------------------------------------------------------- */

static void drop_served(struct bc_lwm2m_client *c)
{
    bc_arena_free(&c->coap.arena, c->served.chunk);
    c->served = (struct bc_served){0};
}

bc_sink bc_lwm2m_body_begin(struct bc_lwm2m_client *c)
{
    bc_sink body = bc_coap_room(&c->coap);
    size_t head = body.cap < HEAD_BYTES_MAX ? body.cap : HEAD_BYTES_MAX;
    body.ptr += head;
    body.cap -= head;
    return body;
}

bool bc_lwm2m_put_value(bc_sink *body, struct bc_path asked, int32_t accept, struct bc_path path,
                        const struct bc_value *value, int32_t *format)
{
    *format = bc_lwm2m_pick_format(asked, value->type, accept);
    if (*format == BC_COAP_FORMAT_TEXT) {
        bc_value_put_text(body, value);
    } else if (*format == BC_COAP_FORMAT_OPAQUE) {
        bc_value_put_raw(body, value);
    } else if (*format == BC_COAP_FORMAT_JSON) {
        bc_json_begin(body, asked);
        bc_json_put_entry(body, asked, path, value);
        bc_json_end(body);
    } else if (*format >= 0) {
        if (asked.depth == 1)
            bc_tlv_put_head(body, BC_TLV_INSTANCE, path.instance,
                            bc_tlv_resource_bytes(path.resource, value));
        bc_tlv_put_resource(body, path.resource, value);
    }
    return *format >= 0;
}

/* FNV-1a: the same bytes have the same tag. */
static uint32_t etag_of(bc_view body)
{
    uint32_t hash = 0x811C9DC5U;
    for (size_t i = 0; i < body.len; i++)
        hash = (hash ^ body.ptr[i]) * 0x01000193U;
    return hash;
}

static void begin(struct bc_lwm2m_client *c, struct bc_coap_draft *draft,
                  const struct bc_lwm2m_frame *frame)
{
    if (frame->tag == 0)
        bc_coap_draft_reply(&c->coap, draft, frame->type, frame->message_id, &frame->token,
                            BC_COAP_CONTENT);
    else
        bc_coap_draft_new(&c->coap, draft, frame->type, BC_COAP_CONTENT, &frame->token);
}

static enum bc_err submit(struct bc_lwm2m_client *c, struct bc_coap_draft *draft,
                          struct bc_lwm2m_frame *frame)
{
    enum bc_err err = frame->tag == 0 ? bc_coap_submit_reply(&c->coap, draft, frame->message_id)
                                      : bc_coap_submit(&c->coap, draft, frame->tag, 0, false);
    if (err == BC_OK)
        frame->message_id = draft->message_id;
    return err;
}

static void put_observe(struct bc_coap_draft *draft, const struct bc_lwm2m_frame *frame)
{
    if (frame->observe >= 0)
        bc_coap_write_uint(&draft->w, BC_COAP_OBSERVE, (uint32_t)frame->observe);
}

static enum bc_err send_whole(struct bc_lwm2m_client *c, struct bc_lwm2m_frame *frame, bc_view body)
{
    struct bc_coap_draft draft;
    begin(c, &draft, frame);
    put_observe(&draft, frame);
    bc_coap_write_uint(&draft.w, BC_COAP_CONTENT_FORMAT, (uint32_t)frame->format);
    if (frame->block.asked)
        bc_coap_write_uint(&draft.w, BC_COAP_BLOCK2, frame->block.exponent);
    bc_coap_write_payload(&draft.w, body);
    return submit(c, &draft, frame);
}

/* One block of the body that is kept. */
static enum bc_err send_block(struct bc_lwm2m_client *c, struct bc_lwm2m_frame *frame)
{
    const struct bc_served *served = &c->served;
    struct bc_coap_draft draft;
    begin(c, &draft, frame);
    bc_view body = bc_arena_view(&c->coap.arena, served->chunk);
    size_t bytes = (size_t)16 << frame->block.exponent;
    size_t at = bytes * frame->block.number;
    if (at >= body.len)
        return BC_ERR_ABSENT;
    struct bc_coap_block block = {frame->block.number, body.len - at > bytes,
                                  frame->block.exponent};
    uint8_t etag[4];
    bc_sink tag = {.ptr = etag, .cap = sizeof(etag)};
    bc_put_be(&tag, served->etag, 4);
    bc_coap_write_option(&draft.w, BC_COAP_ETAG, bc_sink_view(&tag));
    put_observe(&draft, frame);
    bc_coap_write_uint(&draft.w, BC_COAP_CONTENT_FORMAT, (uint32_t)served->format);
    bc_coap_write_uint(&draft.w, BC_COAP_BLOCK2, bc_coap_block_value(&block));
    if (block.number == 0)
        bc_coap_write_uint(&draft.w, BC_COAP_SIZE2, (uint32_t)body.len);
    bc_coap_write_payload(&draft.w, (bc_view){body.ptr + at, block.more ? bytes : body.len - at});
    return submit(c, &draft, frame);
}

enum bc_err bc_lwm2m_send_body(struct bc_lwm2m_client *c, struct bc_lwm2m_frame *frame,
                               const bc_sink *body)
{
    if (body->full)
        return BC_ERR_FULL;
    if (frame->block.number == 0 && body->len <= (size_t)16 << frame->block.exponent)
        return send_whole(c, frame, bc_sink_view(body));
    drop_served(c);
    bc_sink tail = bc_arena_tail(&c->coap.arena);
    memmove(tail.ptr, body->ptr, body->len);
    bc_chunk chunk = bc_arena_keep(&c->coap.arena, body->len);
    if (chunk == 0)
        return BC_ERR_FULL;
    c->served = (struct bc_served){.chunk = chunk,
                                   .path = frame->path,
                                   .format = (int16_t)frame->format,
                                   .etag = etag_of(bc_arena_view(&c->coap.arena, chunk)),
                                   .since_ms = (uint32_t)c->coap.now_ms};
    enum bc_err err = send_block(c, frame);
    if (err != BC_OK)
        drop_served(c);
    return err;
}

bool bc_lwm2m_block_of(const struct bc_coap_message *request, struct bc_lwm2m_block *out)
{
    bc_view value;
    struct bc_coap_block block;
    *out = (struct bc_lwm2m_block){.exponent = EXPONENT_MAX};
    if (!bc_coap_option_find(request, BC_COAP_BLOCK2, &value))
        return true;
    if (!bc_coap_block_read(value, &block))
        return false;
    *out = (struct bc_lwm2m_block){block.number, block.size_exponent, true};
    return true;
}

bool bc_lwm2m_frame_of(const struct bc_coap_message *request, struct bc_path path,
                       struct bc_lwm2m_frame *out)
{
    *out = (struct bc_lwm2m_frame){.type = request->type,
                                   .message_id = request->message_id,
                                   .token = request->token,
                                   .path = path,
                                   .observe = -1};
    return bc_lwm2m_block_of(request, &out->block);
}

void bc_lwm2m_finish_reply(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                           enum bc_err err)
{
    if (err == BC_ERR_ABSENT)
        bc_lwm2m_reply_code(c, request, BC_COAP_BAD_REQUEST);
    else if (err != BC_OK)
        bc_coap_forget(&c->coap, request->message_id);
}

/* Answers a request for a later block of the body that is kept; false when it is none. */
static bool serve_block(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                        struct bc_path path)
{
    struct bc_lwm2m_frame frame;
    int32_t accept = bc_lwm2m_accept_of(request);
    if (!bc_lwm2m_frame_of(request, path, &frame) || frame.block.number == 0 ||
        c->served.chunk == 0 || request->code != BC_COAP_GET ||
        !bc_path_equal(path, c->served.path) ||
        (accept != BC_COAP_FORMAT_ABSENT && accept != c->served.format))
        return false;
    c->served.since_ms = (uint32_t)c->coap.now_ms;
    bc_lwm2m_finish_reply(c, request, send_block(c, &frame));
    return true;
}

/* --- Block1: what is uploaded ---------------------------------------------------------------- */

static void drop_upload(struct bc_lwm2m_client *c)
{
    bc_arena_free(&c->coap.arena, c->upload.chunk);
    c->upload = (struct bc_upload){0};
}

static size_t upload_bytes(const struct bc_lwm2m_client *c)
{
    return c->upload.chunk == 0 ? 0 : bc_arena_view(&c->coap.arena, c->upload.chunk).len;
}

/* RFC 7959 section 2.3: only blocks of one request and one Content-Format are put together. */
static bool continues(const struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                      struct bc_path path, size_t offset)
{
    return bc_path_equal(path, c->upload.path) && request->code == c->upload.code &&
           bc_write_format(request) == c->upload.format && upload_bytes(c) == offset;
}

/* The code that refuses this block, or 0 when it has been added. */
static uint8_t add_block(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                         struct bc_path path, const struct bc_coap_block *block)
{
    size_t bytes = bc_coap_block_bytes(block);
    if (block->number == 0) {
        drop_upload(c);
        c->upload.path = path;
        c->upload.code = request->code;
        c->upload.format = bc_write_format(request);
        if (bc_coap_option_number_of(request, BC_COAP_SIZE1, 0) > BC_UPLOAD_BYTES_MAX)
            return BC_COAP_REQUEST_ENTITY_TOO_LARGE;
    }
    if (!continues(c, request, path, bytes * block->number))
        return BC_COAP_REQUEST_ENTITY_INCOMPLETE;
    if (block->more ? request->payload.len != bytes : request->payload.len > bytes)
        return BC_COAP_BAD_REQUEST;
    if (upload_bytes(c) + request->payload.len > BC_UPLOAD_BYTES_MAX)
        return BC_COAP_REQUEST_ENTITY_TOO_LARGE;
    (void)bc_coap_room(&c->coap);
    if (!bc_arena_append(&c->coap.arena, &c->upload.chunk, request->payload))
        return BC_COAP_REQUEST_ENTITY_TOO_LARGE;
    c->upload.since_ms = (uint32_t)c->coap.now_ms;
    return 0;
}

void bc_lwm2m_assemble(struct bc_lwm2m_client *c, struct bc_coap_message *request,
                       struct bc_path path,
                       void (*act)(struct bc_lwm2m_client *c, const struct bc_coap_message *whole,
                                   struct bc_path path))
{
    bc_view value;
    struct bc_coap_block block = {0};
    if (serve_block(c, request, path))
        return;
    bool well_formed = true;
    if (bc_coap_option_find(request, BC_COAP_BLOCK1, &value))
        well_formed = bc_coap_block_read(value, &block);
    if (well_formed && block.number == 0 && !block.more) { /* in one piece */
        act(c, request, path);
        return;
    }
    uint8_t code = well_formed ? add_block(c, request, path, &block) : BC_COAP_BAD_REQUEST;
    if (code != 0)
        drop_upload(c);
    if (code != 0 || block.more) {
        bc_lwm2m_reply_code(c, request, code != 0 ? code : BC_COAP_CONTINUE);
        return;
    }
    c->coap.pinned = true; /* the payload must not move while it is read */
    request->payload =
        c->upload.chunk == 0 ? (bc_view){0} : bc_arena_view(&c->coap.arena, c->upload.chunk);
    act(c, request, path);
    c->coap.pinned = false;
    drop_upload(c);
}

/* --- Time ------------------------------------------------------------------------------------ */

void bc_lwm2m_drop_bodies(struct bc_lwm2m_client *c)
{
    drop_served(c);
    drop_upload(c);
    bc_lwm2m_drop_sending(c);
}

static bool too_old(const struct bc_lwm2m_client *c, uint32_t since_ms)
{
    return bc_coap_age_ms(&c->coap, since_ms) >= BC_COAP_EXCHANGE_LIFETIME_MS;
}

void bc_lwm2m_expire_bodies(struct bc_lwm2m_client *c, bool all)
{
    if (all || too_old(c, c->served.since_ms))
        drop_served(c);
    if (all || too_old(c, c->upload.since_ms))
        drop_upload(c);
}

uint64_t bc_lwm2m_bodies_deadline(const struct bc_lwm2m_client *c)
{
    const struct {
        bc_chunk chunk;
        uint32_t since_ms;
    } bodies[] = {{c->served.chunk, c->served.since_ms}, {c->upload.chunk, c->upload.since_ms}};
    uint64_t first_ms = BC_NEVER;
    for (size_t i = 0; i < 2; i++) {
        uint64_t at_ms = bc_coap_after(&c->coap, bodies[i].since_ms, BC_COAP_EXCHANGE_LIFETIME_MS);
        if (bodies[i].chunk != 0 && at_ms < first_ms)
            first_ms = at_ms;
    }
    return first_ms;
}
