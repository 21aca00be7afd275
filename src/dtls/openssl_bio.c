/*
 * What stands between a session and its SSL object: a BIO that keeps the borders of datagrams, and
 * the caller's clock in place of OpenSSL's.
 *
 * OpenSSL's DTLS timer reads the real clock. Up to 3.1 it tells the BIO, each time the timer starts
 * or stops, where that timer's end is kept: we remember the place, tell OpenSSL to wait for ages,
 * count the time ourselves, and write the past there when it is over (bc_dtls_on_time). From 3.2 on
 * the BIO sees a copy. There the true wait is given to OpenSSL, and a flight is repeated when the
 * real clock agrees with the caller's: programs do not notice, a virtual clock that runs faster
 * gets repetitions late.
 */
#include "openssl_private.h"

#include <string.h>
#include <sys/time.h>

#define OPENSSL_COPIES_TIMER 0x30200000UL
#define AGES_US 4000000000U

bool bc_dtls_queue_put(struct bc_dtls_queue *queue, bc_view bytes)
{
    struct bc_dtls_packet *packet = OPENSSL_malloc(sizeof(*packet) + bytes.len);
    if (packet == NULL)
        return false;
    packet->next = NULL;
    packet->len = bytes.len;
    memcpy(packet->bytes, bytes.ptr, bytes.len);
    if (queue->last != NULL)
        queue->last->next = packet;
    else
        queue->first = packet;
    queue->last = packet;
    queue->count++;
    return true;
}

struct bc_dtls_packet *bc_dtls_queue_take(struct bc_dtls_queue *queue)
{
    struct bc_dtls_packet *packet = queue->first;
    if (packet == NULL)
        return NULL;
    queue->first = packet->next;
    if (queue->first == NULL)
        queue->last = NULL;
    queue->count--;
    return packet;
}

void bc_dtls_packet_free(struct bc_dtls_packet *packet)
{
    if (packet != NULL)
        OPENSSL_clear_free(packet, sizeof(*packet) + packet->len);
}

unsigned int bc_dtls_timer(SSL *ssl, unsigned int before_us)
{
    struct bc_dtls *s = SSL_get_app_data(ssl);
    if (before_us == 0)
        s->retransmit_ms = s->retransmit_first_ms;
    else if (s->retransmit_ms < BC_DTLS_RETRANSMIT_LAST_MS / 2)
        s->retransmit_ms *= 2;
    else
        s->retransmit_ms = BC_DTLS_RETRANSMIT_LAST_MS;
    return OpenSSL_version_num() < OPENSSL_COPIES_TIMER ? AGES_US : s->retransmit_ms * 1000U;
}

static void on_timer(struct bc_dtls *s, struct timeval *end)
{
    bool runs = end->tv_sec != 0 || end->tv_usec != 0;
    s->retransmit_at_ms = runs ? s->now_ms + s->retransmit_ms : BC_NEVER;
    if (OpenSSL_version_num() < OPENSSL_COPIES_TIMER)
        s->timer = end;
}

/* --- The BIO --------------------------------------------------------------------------------- */

static int read_datagram(BIO *bio, char *out, int cap)
{
    struct bc_dtls *s = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (s->in.len == 0 || cap <= 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t len = s->in.len < (size_t)cap ? s->in.len : (size_t)cap;
    memcpy(out, s->in.ptr, len);
    if (!s->peek)
        s->in = (bc_view){0};
    return (int)len;
}

/* What finds no room is lost, as in any network: DTLS lives with that. */
static int write_datagram(BIO *bio, const char *bytes, int len)
{
    struct bc_dtls *s = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (len > 0 && s->out.count < BC_DTLS_HANDED_OUT_MAX)
        (void)bc_dtls_queue_put(&s->out, (bc_view){(const uint8_t *)bytes, (size_t)len});
    return len;
}

static long control(BIO *bio, int what, long number, void *pointer)
{
    struct bc_dtls *s = BIO_get_data(bio);
    switch (what) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP:
        return 1;
    case BIO_CTRL_DGRAM_SET_PEEK_MODE:
        s->peek = number != 0;
        return 1;
    case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
        on_timer(s, pointer);
        return 1;
    default:
        return 0;
    }
}

static int create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

BIO_METHOD *bc_dtls_bio_method_new(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "bc260y datagrams");
    if (method == NULL)
        return NULL;
    if (BIO_meth_set_create(method, create) && BIO_meth_set_read(method, read_datagram) &&
        BIO_meth_set_write(method, write_datagram) && BIO_meth_set_ctrl(method, control))
        return method;
    BIO_meth_free(method);
    return NULL;
}
