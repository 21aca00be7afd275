/*
 * The client as a whole: what comes in is handed to the part it concerns. See client.h.
 */
#include "lwm2m/client.h"

#include <string.h>

#include "lwm2m/inside.h"

#define DISABLE_TIMEOUT_S 86400 /* 1/0/5, LwM2M 1.0 appendix E.2 */

void bc_lwm2m_init(struct bc_lwm2m_client *c, const struct bc_lwm2m_host *host, void *context,
                   struct bc_lwm2m_settings *settings, struct bc_random *random, uint8_t *workspace)
{
    memset(c, 0, sizeof(*c));
    bc_coap_endpoint_init(&c->coap, random, workspace);
    c->host = host;
    c->host_context = context;
    c->settings = settings;
    bc_lwm2m_reset(c, BC_STATUS_NOT_CONFIGURED);
}

void bc_lwm2m_reset(struct bc_lwm2m_client *c, enum bc_status status)
{
    bc_lwm2m_drop_bootstrap(c);
    bc_coap_endpoint_clear(&c->coap);
    bc_lwm2m_drop_requests(c);
    bc_lwm2m_drop_bodies(c);
    bc_lwm2m_forget_observations(c);
    c->server = (struct bc_address){0};
    c->update_ms = BC_NEVER;
    c->location_bytes = 0;
    c->pmin_s = 0;
    c->pmax_s = 0;
    c->disable_timeout_s = DISABLE_TIMEOUT_S;
    c->storing = true;
    c->status = (uint8_t)status;
}

/* A server may speak from the moment it knows us until it has forgotten us. */
static bool listening(const struct bc_lwm2m_client *c)
{
    return c->status == BC_STATUS_REGISTERING || c->status == BC_STATUS_REGISTERED ||
           c->status == BC_STATUS_DEREGISTERING || c->status == BC_STATUS_RECOVERING;
}

/* RST to a notification: whoever observed has lost interest (RFC 7641 section 3.6). */
static void on_refused(struct bc_lwm2m_client *c, uint16_t message_id)
{
    struct bc_observation *observation = bc_lwm2m_observation_sent(c, message_id);
    if (observation == NULL)
        return;
    bc_lwm2m_end_observation(c, observation);
    bc_lwm2m_tell(c, BC_EVENT_RESET, BC_OUTCOME_DONE, message_id);
}

static void on_report_end(struct bc_lwm2m_client *c, const struct bc_coap_event *event)
{
    enum bc_outcome outcome = event->kind == BC_COAP_ACKED   ? BC_OUTCOME_DONE
                              : event->kind == BC_COAP_RESET ? BC_OUTCOME_RESET
                                                             : BC_OUTCOME_TIMEOUT;
    bc_lwm2m_tell(c, BC_EVENT_REPORT_ACKED, outcome, event->message_id);
}

static void on_event(struct bc_lwm2m_client *c, const struct bc_coap_event *event)
{
    switch (event->tag) {
    case 0:
        if (event->kind == BC_COAP_RESET)
            on_refused(c, event->message_id);
        break;
    case TAG_NOTIFY:
        on_report_end(c, event);
        if (event->kind == BC_COAP_RESET)
            on_refused(c, event->message_id);
        break;
    case TAG_NOTIFY_OWN:
    case TAG_NOTIFY_STATE:
    case TAG_ANSWER: /* to an observe, which is the first notification */
        if (event->kind == BC_COAP_RESET)
            on_refused(c, event->message_id);
        break;
    case TAG_SEND:
        bc_lwm2m_tell(c, BC_EVENT_SENT, bc_lwm2m_outcome_of(event), event->message_id);
        break;
    case TAG_BOOTSTRAP:
        bc_lwm2m_on_bootstrap_event(c, event);
        break;
    default:
        bc_lwm2m_on_registration_event(c, event);
        break;
    }
}

void bc_lwm2m_on_datagram(struct bc_lwm2m_client *c, uint64_t now_ms, const struct bc_address *from,
                          bc_view in)
{
    struct bc_coap_event event = {0};
    bc_lwm2m_set_now(c, now_ms);
    if (!listening(c) || !bc_address_equal(from, &c->server) ||
        !bc_coap_on_datagram(&c->coap, now_ms, in, &event))
        return;
    if (event.kind == BC_COAP_REQUEST)
        bc_lwm2m_on_request(c, &event.message);
    else if (!bc_lwm2m_next_block(c, &event))
        on_event(c, &event);
}

void bc_lwm2m_on_time(struct bc_lwm2m_client *c, uint64_t now_ms)
{
    struct bc_coap_event event = {0};
    bc_lwm2m_set_now(c, now_ms);
    while (bc_coap_on_time(&c->coap, now_ms, &event))
        if (!bc_lwm2m_next_block(c, &event))
            on_event(c, &event);
    bc_lwm2m_requests_on_time(c);
    bc_lwm2m_reports_on_time(c);
    bc_lwm2m_bootstrap_on_time(c);
    if (bc_lwm2m_update_due(c) > now_ms)
        return;
    if (bc_lwm2m_update(c, BC_UPDATE_AUTOMATIC, 0) != BC_OK)
        c->update_ms = now_ms + 1000; /* no room for it now */
}

void bc_lwm2m_set_now(struct bc_lwm2m_client *c, uint64_t now_ms)
{
    /* After a silence of 49 days the low 32 bits of a time alone would look young. */
    uint64_t passed_ms = now_ms - c->coap.now_ms;
    bool all = passed_ms >= BC_COAP_EXCHANGE_LIFETIME_MS;
    bc_coap_set_now(&c->coap, now_ms);
    bc_lwm2m_expire_requests(c, all);
    bc_lwm2m_expire_bodies(c, all);
    bc_lwm2m_age_reports(c, passed_ms);
}

uint64_t bc_lwm2m_deadline(const struct bc_lwm2m_client *c)
{
    uint64_t deadlines_ms[] = {bc_coap_deadline(&c->coap),     bc_lwm2m_requests_deadline(c),
                               bc_lwm2m_bodies_deadline(c),    bc_lwm2m_update_due(c),
                               bc_lwm2m_bootstrap_deadline(c), bc_lwm2m_reports_deadline(c)};
    uint64_t first_ms = BC_NEVER;
    for (size_t i = 0; i < sizeof(deadlines_ms) / sizeof(deadlines_ms[0]); i++)
        if (deadlines_ms[i] < first_ms)
            first_ms = deadlines_ms[i];
    return first_ms;
}

bool bc_lwm2m_idle(const struct bc_lwm2m_client *c)
{
    return bc_coap_idle(&c->coap);
}

bool bc_lwm2m_quiet(const struct bc_lwm2m_client *c)
{
    for (size_t i = 0; i < BC_EXCHANGES_MAX; i++)
        if (c->coap.exchange[i].state != BC_COAP_FREE)
            return false;
    for (size_t i = 0; i < BC_REQUESTS_MAX; i++)
        if (c->request[i].kind != BC_REQUEST_FREE)
            return false;
    return true;
}

/* The tags of what the host waits for, a bit each. */
#define AWAITED                                                                         \
    (1U << TAG_DEREGISTER | 1U << TAG_NOTIFY | 1U << TAG_SEND |                         \
     1U << (TAG_UPDATE + BC_UPDATE_LIFETIME) | 1U << (TAG_UPDATE + BC_UPDATE_BINDING) | \
     1U << (TAG_UPDATE + BC_UPDATE_OBJECT_ADDED) | 1U << (TAG_UPDATE + BC_UPDATE_OBJECT_DELETED))

unsigned bc_lwm2m_results_due(const struct bc_lwm2m_client *c)
{
    unsigned results = 0;
    for (size_t i = 0; i < BC_EXCHANGES_MAX; i++)
        if (c->coap.exchange[i].state > BC_COAP_SENDS_ONCE)
            results += AWAITED >> c->coap.exchange[i].tag & 1U;
    return results;
}
