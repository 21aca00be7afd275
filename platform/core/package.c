/*
 * Packages that devices fetch, GET /fw/<name>: block by block (RFC 7959 2.4), each answered from
 * the bytes as they lie, with nothing kept between two of them. A block is many times as long as
 * its request, so one only goes where the package's device is known to be: to the IP address that
 * it registered from, or into a session of DTLS that speaks for it. Everybody else is told that
 * there is no such thing.
 *
 * Left to others: whose packages there are, and how names are made that nobody guesses.
 */
#include "private.h"

#include <string.h>

#define EXPONENT_MAX 6 /* 1024 bytes */
#define NUMBER_MAX ((UINT32_C(1) << 20) - 1)

static struct reply refuse(uint8_t code)
{
    return (struct reply){.code = code, .forget = true, .format = BC_COAP_FORMAT_ABSENT};
}

/* Not the port: a module may fetch through another socket. A NAT that gives the device a new IP
 * address in the middle is followed once the device has notified or updated from there. */
static bool may_have(const struct bc_server *s, const struct bc_server_package *package,
                     const struct bc_address *from)
{
    const struct device *device = bc_server_device_by_endpoint(s, package->endpoint);
    if (device == NULL || !bc_server_trusts(s, package->endpoint, from))
        return false;
    const struct bc_address *known = &device->address;
    return from->channel != 0 ||
           (known->ip_len == from->ip_len && memcmp(known->ip, from->ip, from->ip_len) == 0);
}

static uint8_t exponent_of(uint16_t block_bytes)
{
    uint8_t exponent = 0;
    while (exponent < EXPONENT_MAX && (16U << exponent) != block_bytes)
        exponent++;
    return exponent;
}

/* RFC 7959 2.4: the block that begins where the wanted one does, and is no longer than it. */
static struct bc_coap_block choose(const struct bc_server *s, const struct request *r)
{
    struct bc_coap_block block = {.size_exponent = exponent_of(s->config.block_bytes)};
    if (!r->has_block2)
        return block;
    uint64_t offset = (uint64_t)r->block2.number * bc_coap_block_bytes(&r->block2);
    if (r->block2.size_exponent < block.size_exponent)
        block.size_exponent = r->block2.size_exponent;
    block.number = (uint32_t)(offset / bc_coap_block_bytes(&block));
    return block;
}

struct reply bc_server_on_package(struct bc_server *s, const struct request *r)
{
    struct bc_server_package package;
    if (s->config.find_package == NULL ||
        !s->config.find_package(s->config.context, r->segments[1], &package) ||
        !may_have(s, &package, r->from))
        return refuse(BC_COAP_NOT_FOUND);
    if (r->message->code != BC_COAP_GET)
        return refuse(BC_COAP_METHOD_NOT_ALLOWED);
    if (r->accept != BC_COAP_FORMAT_ABSENT && r->accept != BC_COAP_FORMAT_OPAQUE)
        return refuse(BC_COAP_NOT_ACCEPTABLE);
    struct bc_coap_block block = choose(s, r);
    uint64_t offset = (uint64_t)block.number * bc_coap_block_bytes(&block);
    if (offset >= package.bytes.len || block.number > NUMBER_MAX)
        return refuse(BC_COAP_BAD_REQUEST);
    size_t left = package.bytes.len - (size_t)offset;
    block.more = left > bc_coap_block_bytes(&block);
    size_t bytes = block.more ? bc_coap_block_bytes(&block) : left;
    if (s->config.on_fetched != NULL)
        s->config.on_fetched(s->config.context, package.endpoint, (uint32_t)(offset + bytes));
    return (struct reply){
        .code = BC_COAP_CONTENT,
        .forget = true,
        .format = BC_COAP_FORMAT_OPAQUE,
        .payload = {package.bytes.ptr + offset, bytes},
        .size2 = (uint32_t)package.bytes.len,
        .block2 = block,
        .etag = package.etag,
    };
}
