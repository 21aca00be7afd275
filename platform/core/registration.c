/*
 * The registration interface (LwM2M 1.0 section 5.3; PLATFORM section 2): POST /rd, POST and
 * DELETE /rd/<id>; and Andlink's POST /dp. What is kept of a device is device.c's.
 */
#include <string.h>

#include "base/sink.h"
#include "links.h"
#include "private.h"

/* Why a registration is refused: `code` 0 when it is not. */
struct refusal {
    uint8_t code;
    const char *reason;
};

static const struct refusal fine = {0, NULL};
static const struct refusal not_trusted = {BC_COAP_FORBIDDEN,
                                           "the sender may not speak for this endpoint"};
static const struct refusal not_secure = {BC_COAP_FORBIDDEN,
                                          "devices of this product speak DTLS only"};

static struct refusal refuse(uint8_t code, const char *reason)
{
    return (struct refusal){code, reason};
}

static struct refusal check_sender(const struct bc_server *s, const struct request *r,
                                   bc_view endpoint)
{
    if (bc_server_trusts(s, endpoint, r->from))
        return fine;
    return bc_server_lacks_security(s, endpoint, r->from) ? not_secure : not_trusted;
}

static struct refusal read_lifetime(bc_view text, struct registration *out)
{
    int64_t value;
    if (!bc_view_int(text, &value) || text.ptr[0] == '+' || value < 1 || value > UINT32_MAX)
        return refuse(BC_COAP_BAD_REQUEST, "lt is not a number of seconds");
    out->lifetime_s = (uint32_t)value;
    return fine;
}

static struct refusal read_binding(bc_view text, struct registration *out)
{
    if (text.len < 1 || text.len > BC_SERVER_BINDING_CHARS_MAX)
        return refuse(BC_COAP_BAD_REQUEST, "b has no binding of LwM2M");
    for (size_t i = 0; i < text.len; i++)
        if (memchr("UQSTNMH", text.ptr[i], 7) == NULL)
            return refuse(BC_COAP_BAD_REQUEST, "b has no binding of LwM2M");
    out->binding = text;
    return fine;
}

static struct refusal read_version(bc_view text, struct registration *out)
{
    out->version_1_1 = bc_view_equal(text, BC_TEXT("1.1"));
    if (!out->version_1_1 && !bc_view_equal(text, BC_TEXT("1.0")))
        return refuse(BC_COAP_PRECONDITION_FAILED, "lwm2m is neither 1.0 nor 1.1");
    return fine;
}

static struct refusal read_endpoint(bc_view text, struct registration *out)
{
    if (text.len == 0 || text.len > BC_ENDPOINT_BYTES_MAX)
        return refuse(BC_COAP_BAD_REQUEST, "ep is empty or too long");
    out->endpoint = text;
    return fine;
}

/* The parameters we know; others, as sms=, are ignored. Each may be there once. */
#define PARAM(name)                               \
    {                                             \
        (const uint8_t *)(name), sizeof(name) - 1 \
    }
static const struct {
    bc_view name;
    struct refusal (*read)(bc_view text, struct registration *out);
} params[] = {
    {PARAM("ep="), read_endpoint},
    {PARAM("lt="), read_lifetime},
    {PARAM("b="), read_binding},
    {PARAM("lwm2m="), read_version},
};
#define PARAM_COUNT (sizeof(params) / sizeof(params[0]))
#define PARAM_ENDPOINT 1U
#define PARAM_VERSION 8U

static struct refusal read_params(const struct request *r, struct registration *out, unsigned *seen)
{
    *seen = 0;
    if (r->query_count > REQUEST_QUERIES_MAX)
        return refuse(BC_COAP_BAD_REQUEST, "too many parameters");
    for (size_t i = 0; i < r->query_count * PARAM_COUNT; i++) {
        bc_view text;
        size_t param = i % PARAM_COUNT;
        if (!bc_server_query_value(r->queries[i / PARAM_COUNT], params[param].name, &text))
            continue;
        if (*seen & 1U << param)
            return refuse(BC_COAP_BAD_REQUEST, "a parameter is there twice");
        *seen |= 1U << param;
        struct refusal refusal = params[param].read(text, out);
        if (refusal.code != 0)
            return refusal;
    }
    return fine;
}

static struct refusal read_links(const struct request *r, struct registration *out)
{
    out->links = r->payload;
    if (out->links.len == 0)
        return fine;
    if (r->format != BC_COAP_FORMAT_ABSENT && r->format != BC_COAP_FORMAT_LINK)
        return refuse(BC_COAP_UNSUPPORTED_CONTENT_FORMAT, "the payload is not link-format");
    if (out->links.len > BC_SERVER_LINKS_BYTES_MAX)
        return refuse(BC_COAP_REQUEST_ENTITY_TOO_LARGE, "the list of objects is too long");
    if (!bc_server_links_valid(out->links))
        return refuse(BC_COAP_BAD_REQUEST, "the list of objects is malformed");
    return fine;
}

static void tell_rejected(const struct bc_server *s, const struct request *r, bc_view endpoint,
                          struct refusal refusal)
{
    /* What is not answered is not told either: nobody may fill a log with it. */
    if (!bc_server_wants(s, BC_SERVER_REJECTED) ||
        !bc_server_rate_has_room(&s->refusals, s->now_ms))
        return;
    struct bc_server_event event = {
        .kind = BC_SERVER_REJECTED,
        .endpoint = endpoint,
        .address = *r->from,
        .code = refusal.code,
        .format = BC_COAP_FORMAT_ABSENT,
        .reason = refusal.reason,
    };
    s->config.on_event(s->config.context, &event);
}

static struct reply answer(uint8_t code)
{
    return (struct reply){.code = code, .format = BC_COAP_FORMAT_ABSENT};
}

static struct reply reject(const struct bc_server *s, const struct request *r, bc_view endpoint,
                           struct refusal refusal)
{
    tell_rejected(s, r, endpoint, refusal);
    return answer(refusal.code);
}

static struct refusal check_registration(const struct bc_server *s, const struct request *r,
                                         struct registration *out,
                                         struct bc_server_product *product)
{
    unsigned seen;
    struct refusal refusal = read_params(r, out, &seen);
    if (refusal.code != 0)
        return refusal;
    if ((seen & PARAM_ENDPOINT) == 0 || (seen & PARAM_VERSION) == 0)
        return refuse(BC_COAP_BAD_REQUEST, "ep or lwm2m is missing");
    refusal = read_links(r, out);
    if (refusal.code != 0)
        return refusal;
    if (s->config.find_product == NULL ||
        !s->config.find_product(s->config.context, out->endpoint, product))
        return refuse(BC_COAP_FORBIDDEN, "the endpoint is not known");
    return check_sender(s, r, out->endpoint);
}

static struct reply on_register(struct bc_server *s, const struct request *r)
{
    struct registration registration = {0};
    struct bc_server_product product = {0};
    struct device *device = NULL;
    struct refusal refusal = check_registration(s, r, &registration, &product);
    if (refusal.code == 0) {
        device = bc_server_device_register(s, &registration, &product, r->from);
        if (device == NULL)
            refusal = refuse(BC_COAP_SERVICE_UNAVAILABLE, "there is no room for another device");
    }
    if (device == NULL)
        return reject(s, r, registration.endpoint, refusal);
    struct reply reply = answer(BC_COAP_CREATED);
    reply.device = device;
    reply.location = true;
    bc_server_tell_device(s, BC_SERVER_REGISTERED, device, true);
    return reply;
}

static struct refusal check_update(const struct request *r, struct registration *out)
{
    unsigned seen;
    struct refusal refusal = read_params(r, out, &seen);
    if (refusal.code != 0)
        return refusal;
    return read_links(r, out);
}

static struct reply on_update(struct bc_server *s, const struct request *r, struct device *device)
{
    struct registration registration = {0};
    struct refusal refusal = check_update(r, &registration);
    bool links_changed = registration.links.len > 0 &&
                         !bc_view_equal(registration.links, bc_server_device_links(device));
    if (refusal.code == 0 && !bc_server_device_update(s, device, &registration))
        refusal = refuse(BC_COAP_SERVICE_UNAVAILABLE, "memory is short");
    if (refusal.code != 0)
        return reject(s, r, bc_server_device_endpoint(device), refusal);
    bc_server_device_move(s, device, r->from);
    bc_server_tell_device(s, BC_SERVER_UPDATED, device, links_changed);
    struct reply reply = answer(BC_COAP_CHANGED);
    reply.device = links_changed ? device : NULL;
    return reply;
}

struct reply bc_server_on_rd(struct bc_server *s, const struct request *r)
{
    uint8_t method = r->message->code;
    if (r->segment_count == 1)
        return method == BC_COAP_POST ? on_register(s, r) : answer(BC_COAP_METHOD_NOT_ALLOWED);
    if (r->segment_count != 2)
        return answer(BC_COAP_NOT_FOUND);
    struct device *device = bc_server_device_by_id(s, r->segments[1]);
    if (device == NULL)
        return answer(BC_COAP_NOT_FOUND);
    if (method != BC_COAP_POST && method != BC_COAP_DELETE)
        return answer(BC_COAP_METHOD_NOT_ALLOWED);
    struct refusal refusal = check_sender(s, r, bc_server_device_endpoint(device));
    if (refusal.code != 0)
        return reject(s, r, bc_server_device_endpoint(device), refusal);
    if (method == BC_COAP_POST)
        return on_update(s, r, device);
    bc_server_tell_device(s, BC_SERVER_DEREGISTERED, device, false);
    bc_server_device_remove(s, device);
    return answer(BC_COAP_DELETED);
}

/* Data of a registered device. The sender's address is not followed: unlike an id or a token, an
 * endpoint name is no secret. */
struct reply bc_server_on_dp(struct bc_server *s, const struct request *r)
{
    bc_view endpoint = {0};
    if (r->segment_count != 1)
        return answer(BC_COAP_NOT_FOUND);
    if (r->message->code != BC_COAP_POST)
        return answer(BC_COAP_METHOD_NOT_ALLOWED);
    if (r->query_count > REQUEST_QUERIES_MAX)
        return answer(BC_COAP_BAD_REQUEST);
    for (size_t i = 0; i < r->query_count && endpoint.len == 0; i++)
        (void)bc_server_query_value(r->queries[i], BC_TEXT("ep="), &endpoint);
    if (endpoint.len == 0)
        return answer(BC_COAP_BAD_REQUEST);
    struct device *device = bc_server_device_by_endpoint(s, endpoint);
    if (device == NULL)
        return answer(BC_COAP_NOT_FOUND);
    struct refusal refusal = check_sender(s, r, endpoint);
    if (refusal.code != 0)
        return reject(s, r, endpoint, refusal);
    if (bc_address_equal(&device->address, r->from))
        device->seen_ms = s->now_ms;
    bc_server_tell_dp(s, r, device);
    return answer(BC_COAP_CHANGED);
}
