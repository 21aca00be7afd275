/*
 * The transfers of blocks.h: RFC 7959 sections 2.3 to 2.6 (the client's side) and 3.4 (with
 * Observe). Sending and repeating is exchange.c's, as for any other request.
 */
#include "blocks.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "coap/block.h"
#include "private.h"

#define SIZE_EXPONENT_MAX 6
#define SIZE_EXPONENT_NONE 7

/* What a block means for its transfer. */
enum step {
    STEP_NEXT,   /* there is another one to ask for or to send */
    STEP_DONE,   /* the body is whole */
    STEP_ENDED,  /* by the answer itself, whatever it says */
    STEP_WRONG,  /* start over */
    STEP_BROKEN, /* give up */
};

struct content bc_server_content_of(const struct bc_coap_message *m)
{
    return (struct content){
        .code = m->code,
        /* RFC 7959 2.2: the flag is the fourth bit from below. */
        .more = ((uint64_t)bc_coap_option_number_of(m, BC_COAP_BLOCK2, 0) & 8) != 0,
        .format =
            (int32_t)bc_coap_option_number_of(m, BC_COAP_CONTENT_FORMAT, BC_COAP_FORMAT_ABSENT),
        .payload = m->payload,
    };
}

static uint8_t exponent_of(uint16_t bytes)
{
    uint8_t exponent = 0;
    while (exponent < SIZE_EXPONENT_NONE && 16U << exponent != bytes)
        exponent++;
    return exponent;
}

bool bc_server_block_size_valid(uint16_t bytes)
{
    return bytes == 0 || exponent_of(bytes) != SIZE_EXPONENT_NONE;
}

static int32_t block_value(uint32_t number, bool more, uint8_t exponent)
{
    struct bc_coap_block block = {number, more, exponent};
    return (int32_t)bc_coap_block_value(&block);
}

static bool reads(enum bc_server_operation operation)
{
    return operation != BC_SERVER_WRITE && operation != BC_SERVER_EXECUTE;
}

struct piece bc_server_blocks_first(const struct bc_server *s,
                                    const struct bc_server_request *request)
{
    uint16_t wanted = s->config.block_bytes;
    uint8_t exponent = wanted == 0 ? SIZE_EXPONENT_MAX : exponent_of(wanted);
    struct piece piece = {
        .observe = true,
        .block2 = PIECE_NO_BLOCK,
        .block1 = PIECE_NO_BLOCK,
        .payload = request->payload,
    };
    if (wanted != 0 && reads(request->operation))
        piece.block2 = block_value(0, false, exponent);
    if (piece.payload.len > (size_t)16 << exponent) {
        piece.payload.len = (size_t)16 << exponent;
        piece.block1 = block_value(0, true, exponent);
    }
    return piece;
}

/* How much of a payload the next message carries. */
static size_t send_bytes(const struct blocks *b)
{
    size_t size = (size_t)16 << b->size_exponent;
    return b->bytes - b->at < size ? b->bytes - b->at : size;
}

struct piece bc_server_blocks_next(const struct blocks *b)
{
    uint32_t number = b->at >> (b->size_exponent + 4);
    struct piece piece = {.block1 = PIECE_NO_BLOCK, .block2 = PIECE_NO_BLOCK};
    if (!b->upload) {
        piece.block2 = block_value(number, false, b->size_exponent);
        return piece;
    }
    piece.payload = (bc_view){b->body + b->at, send_bytes(b)};
    piece.block1 = block_value(number, b->at + piece.payload.len < b->bytes, b->size_exponent);
    return piece;
}

/* Puts the block where it belongs; what was behind that place is gone. */
static bool put(struct blocks *b, bc_view payload)
{
    uint32_t end = b->at + (uint32_t)payload.len;
    if (end > b->cap) {
        uint32_t cap = end > b->cap * 2 ? end : b->cap * 2;
        uint8_t *body = realloc(b->body, cap);
        if (body == NULL)
            return false;
        b->body = body;
        b->cap = cap;
    }
    if (payload.len > 0)
        memcpy(b->body + b->at, payload.ptr, payload.len);
    b->bytes = end;
    return true;
}

struct blocks *bc_server_blocks_upload(bc_view payload, int32_t first_block1)
{
    struct blocks *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return NULL;
    b->upload = true;
    b->size_exponent = SIZE_EXPONENT_NONE;
    if (first_block1 != PIECE_NO_BLOCK)
        b->size_exponent = first_block1 & 7;
    if (!put(b, payload)) {
        free(b);
        return NULL;
    }
    return b;
}

void bc_server_blocks_free(struct bc_server *s, struct blocks *b)
{
    if (b == NULL)
        return;
    s->fetches -= !b->upload;
    free(b->body);
    free(b);
}

/* The transfer that begins with this answer. */
static struct blocks *fetch(struct bc_server *s, const struct bc_coap_message *m)
{
    if (s->fetches >= s->config.transfers_max)
        return NULL;
    struct blocks *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return NULL;
    s->fetches++;
    b->size_exponent = SIZE_EXPONENT_MAX;
    b->format = bc_server_content_of(m).format;
    b->first_bytes = (uint32_t)m->payload.len;
    if (!put(b, m->payload)) {
        bc_server_blocks_free(s, b);
        return NULL;
    }
    return b;
}

struct content bc_server_blocks_first_content(const struct blocks *b)
{
    assert(!b->upload);
    return (struct content){BC_COAP_CONTENT, true, b->format, {b->body, b->first_bytes}};
}

/* None and one of an impossible length are the same: no tag. */
static bc_view etag_of(const struct bc_coap_message *m)
{
    bc_view etag;
    bool usable = bc_coap_option_find(m, BC_COAP_ETAG, &etag) && etag.len <= ETAG_BYTES_MAX;
    return usable ? etag : (bc_view){0};
}

static bool is_same_etag(const struct blocks *b, const struct bc_coap_message *m)
{
    return bc_view_equal(etag_of(m), (bc_view){b->etag, b->etag_bytes});
}

/* The first block says what all of them belong to. */
static void keep_first(struct blocks *b, const struct bc_coap_message *m)
{
    bc_view etag = etag_of(m);
    b->etag_bytes = (uint8_t)etag.len;
    if (etag.len > 0)
        memcpy(b->etag, etag.ptr, etag.len);
    b->format = bc_server_content_of(m).format;
    b->first_bytes = (uint32_t)m->payload.len;
}

/* RFC 7959 2.4: the block that was asked for, in that size or a smaller one, full unless it is the
 * last one. */
static bool is_expected(const struct blocks *b, const struct bc_coap_block *block, size_t len)
{
    size_t size = bc_coap_block_bytes(block);
    return block->size_exponent <= b->size_exponent && block->number == b->at / size &&
           b->at % size == 0 && (block->more ? len == size : len <= size);
}

static enum step take_block(struct blocks *b, const struct bc_coap_message *m)
{
    struct bc_coap_block block = {0, false, b->size_exponent};
    bc_view value;
    if (m->code != BC_COAP_CONTENT)
        return m->code >> 5 == 2 ? STEP_WRONG : STEP_ENDED;
    bool blockwise = bc_coap_option_find(m, BC_COAP_BLOCK2, &value);
    if (blockwise &&
        (!bc_coap_block_read(value, &block) || !is_expected(b, &block, m->payload.len)))
        return STEP_WRONG;
    if (b->at > 0 && (!blockwise || !is_same_etag(b, m)))
        return STEP_WRONG;
    if (b->at + m->payload.len > BC_SERVER_BODY_BYTES_MAX || !put(b, m->payload))
        return STEP_BROKEN;
    if (b->at == 0)
        keep_first(b, m);
    b->size_exponent = block.size_exponent;
    b->at = b->bytes;
    return block.more ? STEP_NEXT : STEP_DONE;
}

/* RFC 7959 2.9.3: too large for the device in one message, or in blocks of this size, but it says
 * which size would do. */
static enum step shrink(struct blocks *b, const struct bc_coap_block *hint)
{
    if (hint->size_exponent >= b->size_exponent || bc_coap_block_bytes(hint) >= b->bytes)
        return STEP_ENDED;
    b->size_exponent = hint->size_exponent;
    b->at = 0;
    return STEP_NEXT;
}

/* RFC 7959 2.3, 2.5: 2.31 when the device gathers the blocks, a final code when it uses each of
 * them at once; both name the block and perhaps a smaller size. */
static enum step on_sent(struct blocks *b, const struct bc_coap_message *m)
{
    struct bc_coap_block block = {0};
    bc_view value;
    bool known =
        bc_coap_option_find(m, BC_COAP_BLOCK1, &value) && bc_coap_block_read(value, &block);
    bool last = b->at + send_bytes(b) == b->bytes;
    if (m->code == BC_COAP_REQUEST_ENTITY_TOO_LARGE)
        return known ? shrink(b, &block) : STEP_ENDED;
    if (m->code == BC_COAP_REQUEST_ENTITY_INCOMPLETE)
        return STEP_WRONG;
    if (m->code >> 5 != 2)
        return STEP_ENDED;
    if (last)
        return m->code == BC_COAP_CONTINUE ? STEP_WRONG : STEP_ENDED;
    if (!known || block.number != b->at >> (b->size_exponent + 4))
        return STEP_WRONG;
    b->at += (uint32_t)send_bytes(b);
    if (block.size_exponent < b->size_exponent)
        b->size_exponent = block.size_exponent;
    return STEP_NEXT;
}

static enum step start_over(struct blocks *b)
{
    if (b->restarted)
        return STEP_BROKEN;
    b->restarted = true;
    b->at = 0;
    return STEP_NEXT;
}

static bool is_whole(const struct bc_coap_message *m)
{
    struct bc_coap_block block;
    bc_view value;
    return !bc_coap_option_find(m, BC_COAP_BLOCK2, &value) ||
           (bc_coap_block_read(value, &block) && block.number == 0 && !block.more);
}

bool bc_server_blocks_needed(const struct exchange *exchange, const struct bc_coap_message *m)
{
    return exchange->blocks != NULL || m->code == BC_COAP_REQUEST_ENTITY_TOO_LARGE || !is_whole(m);
}

/* The transfer that the first answer asks for; NULL when it is told as it is. */
static struct blocks *begin(struct bc_server *s, const struct exchange *exchange,
                            const struct bc_coap_message *m)
{
    struct bc_coap_message sent;
    if (reads(exchange->operation))
        return m->code == BC_COAP_CONTENT && !is_whole(m) ? fetch(s, m) : NULL;
    if (m->code != BC_COAP_REQUEST_ENTITY_TOO_LARGE)
        return NULL;
    enum bc_err err = bc_coap_parse((bc_view){exchange->message, exchange->message_bytes}, &sent);
    assert(err == BC_OK);
    (void)err;
    return bc_server_blocks_upload(sent.payload, PIECE_NO_BLOCK);
}

bool bc_server_blocks_on_answer(struct bc_server *s, struct exchange *exchange,
                                const struct bc_coap_message *m, struct content *out)
{
    *out = bc_server_content_of(m);
    if (exchange->blocks == NULL)
        exchange->blocks = begin(s, exchange, m);
    struct blocks *b = exchange->blocks;
    if (b == NULL) {
        /* Whatever a device adds to its code, a write is over. */
        out->more = out->more && reads(exchange->operation);
        return true;
    }
    enum step step = b->upload ? on_sent(b, m) : take_block(b, m);
    if (step == STEP_WRONG)
        step = start_over(b);
    if (step == STEP_NEXT)
        bc_server_exchange_again(s, exchange);
    else if (step == STEP_DONE)
        *out = (struct content){BC_COAP_CONTENT, false, b->format, {b->body, b->bytes}};
    else if (b->upload)
        /* Or what it says about one block would pass for a success. */
        out->more = step == STEP_BROKEN && m->code >> 5 == 2;
    else if (step == STEP_BROKEN || exchange->operation == BC_SERVER_OBSERVE)
        *out = bc_server_blocks_first_content(b); /* what was told first stays true */
    return step != STEP_NEXT;
}

bool bc_server_blocks_on_notify(struct bc_server *s, const struct observation *observation,
                                const struct bc_coap_message *m,
                                const struct notification *notification)
{
    struct device *device = observation->device;
    if (m->code != BC_COAP_CONTENT || is_whole(m) ||
        device->exchange_count >= s->config.requests_max)
        return false;
    struct blocks *b = fetch(s, m);
    if (b == NULL)
        return false;
    b->notified = true;
    b->notification = *notification;
    enum step step = take_block(b, m);
    if (step == STEP_WRONG)
        step = start_over(b);
    if (step == STEP_NEXT && bc_server_exchange_fetch(s, observation, b))
        return true;
    bc_server_blocks_free(s, b);
    return false;
}

/* An exchange that fetches what the observation told earlier. */
static struct exchange *find_older(const struct observation *observation)
{
    struct exchange *e = observation->device->exchanges;
    while (e != NULL &&
           (e->blocks == NULL || e->blocks->upload || e->operation != BC_SERVER_OBSERVE ||
            !bc_server_path_equal(&e->path, &observation->path)))
        e = e->next;
    return e;
}

void bc_server_blocks_supersede(struct bc_server *s, const struct observation *observation)
{
    struct exchange *older;
    while ((older = find_older(observation)) != NULL) {
        struct content first = bc_server_blocks_first_content(older->blocks);
        bc_server_exchange_finish(s, older, BC_SERVER_OBSERVED, &first);
    }
}

void bc_server_blocks_abandon(struct bc_server *s, const struct observation *observation)
{
    struct exchange *fetch;
    while ((fetch = find_older(observation)) != NULL)
        bc_server_exchange_abandon(s, fetch);
}
