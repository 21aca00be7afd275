/*
 * When who observes a built-in object hears of it (LwM2M 1.0 sections 5.1.2 and 5.5): at each
 * change that its attributes let through, not sooner than pmin after the last report, and in any
 * case when nothing was reported for pmax. What is due while the module sleeps waits until it is
 * awake.
 *
 *   server                          module
 *     | --- PUT /3/0/9?pmin=10 -------> |
 *     | --- GET /3/0/9 Observe 0 -----> |
 *     | <-- 2.05 ---------------------- |
 *     |                                 |   bc_lwm2m_changed, 4 s later: waits
 *     | <-- CON 2.05 ------------------ |   10 s later, with the value of that time
 */
#include "lwm2m/builtin.h"
#include "lwm2m/inside.h"

#define PERIOD_MS_MAX 2592000000U /* a longer pmin or pmax counts as these 30 days */
#define RETRY_MS 1000             /* when there was no room for a report */

static uint32_t period_ms(const struct bc_lwm2m_client *c, struct bc_path path,
                          enum bc_attribute attribute)
{
    uint64_t ms = (uint64_t)(attribute == BC_ATTRIBUTE_PMIN ? c->pmin_s : c->pmax_s) * 1000;
    const int64_t *written = bc_attributes_find(&c->attributes, path, attribute);
    if (written != NULL)
        ms = (uint64_t)*written / (BC_ATTRIBUTE_UNIT / 1000);
    return (uint32_t)(ms < PERIOD_MS_MAX ? ms : PERIOD_MS_MAX);
}

/* RFC 7641 section 4.5.1: a report waits until the one before it has been acknowledged or given up,
 * or those to a silent server would leave the host no room. The states of object 5 are not to be
 * missed. */
static bool must_wait(const struct bc_lwm2m_client *c, struct bc_path path)
{
    return path.object != 5 && bc_coap_pending(&c->coap, TAG_NOTIFY_OWN);
}

/* When the next report is due by itself; BC_NEVER when only a change, or the end of the one under
 * way, can bring one. A pmax of 0 or below pmin is no pmax. */
static uint64_t due_ms(const struct bc_lwm2m_client *c, const struct bc_observation *observation)
{
    struct bc_path path = observation->path;
    if (!observation->alive || !bc_object_built_in(path.object) || must_wait(c, path))
        return BC_NEVER;
    uint32_t wait_ms = period_ms(c, path, BC_ATTRIBUTE_PMIN);
    if (!observation->pending) {
        uint32_t pmax_ms = period_ms(c, path, BC_ATTRIBUTE_PMAX);
        if (pmax_ms == 0 || pmax_ms < wait_ms)
            return BC_NEVER;
        wait_ms = pmax_ms;
    }
    uint64_t at_ms = bc_coap_after(&c->coap, observation->reported_ms, wait_ms);
    return at_ms > c->report_ms ? at_ms : c->report_ms;
}

/* --- Values ---------------------------------------------------------------------------------- */

/* The number that a resource holds, the first of several, in millionths; false when it is none. */
static bool number_of(struct bc_lwm2m_client *c, struct bc_path path, int64_t *out)
{
    const int64_t most = INT64_MAX / BC_ATTRIBUTE_UNIT;
    const struct bc_resource_row *row = bc_builtin_find(path);
    struct bc_value value;
    if (row == NULL || !bc_lwm2m_builtin_row(c, row, &value) ||
        !(value.type == BC_VALUE_INTEGER ||
          (value.type == BC_VALUE_LIST && value.number_bytes != 0)))
        return false;
    int64_t integer = value.integer > most ? most : value.integer;
    *out = (integer < -most ? -most : integer) * BC_ATTRIBUTE_UNIT;
    return true;
}

static bool crossed(const struct bc_attributes *attributes, struct bc_path path, int64_t before,
                    int64_t now)
{
    const int64_t *gt = bc_attributes_get(attributes, path, BC_ATTRIBUTE_GT);
    const int64_t *lt = bc_attributes_get(attributes, path, BC_ATTRIBUTE_LT);
    const int64_t *st = bc_attributes_get(attributes, path, BC_ATTRIBUTE_ST);
    uint64_t step =
        now > before ? (uint64_t)now - (uint64_t)before : (uint64_t)before - (uint64_t)now;
    return (gt != NULL && (before > *gt) != (now > *gt)) ||
           (lt != NULL && (before < *lt) != (now < *lt)) || (st != NULL && step >= (uint64_t)*st);
}

/* True unless gt, lt and st of the observed resource say that the change is none to speak of. */
static bool worth_telling(struct bc_lwm2m_client *c, struct bc_path observed)
{
    const int64_t *before = bc_attributes_get(&c->attributes, observed, BC_ATTRIBUTE_REPORTED);
    int64_t now;
    return before == NULL || !number_of(c, observed, &now) ||
           crossed(&c->attributes, observed, *before, now);
}

/* --- Reports --------------------------------------------------------------------------------- */

void bc_lwm2m_reported(struct bc_lwm2m_client *c, struct bc_observation *observation)
{
    int64_t value;
    observation->pending = false;
    observation->reported_ms = (uint32_t)c->coap.now_ms;
    if (bc_attributes_get(&c->attributes, observation->path, BC_ATTRIBUTE_REPORTED) != NULL &&
        number_of(c, observation->path, &value))
        (void)bc_attributes_set(&c->attributes, observation->path, BC_ATTRIBUTE_REPORTED, value);
}

/* Sends what `path`, which is observed or below what is, holds now. */
static void report(struct bc_lwm2m_client *c, struct bc_observation *observation,
                   struct bc_path path)
{
    bool state = path.object == 5;
    struct bc_lwm2m_frame frame = bc_lwm2m_notification_of(
        observation, BC_COAP_CON, state ? TAG_NOTIFY_STATE : TAG_NOTIFY_OWN);
    bc_sink body = bc_lwm2m_body_begin(c);
    uint8_t code = bc_lwm2m_builtin_body(c, observation->path, path, observation->accept,
                                         &frame.format, &body);
    if (code == BC_COAP_CONTENT) {
        if (bc_lwm2m_send_body(c, &frame, &body) != BC_OK) {
            observation->pending = true;
            c->report_ms = c->coap.now_ms + RETRY_MS;
            return;
        }
        bc_lwm2m_remember_sent(observation, &frame);
        if (state)
            bc_lwm2m_tell(c, BC_EVENT_STATE_SENT, BC_OUTCOME_DONE, frame.message_id);
    }
    bc_lwm2m_reported(c, observation);
}

void bc_lwm2m_changed(struct bc_lwm2m_client *c, struct bc_path path)
{
    struct bc_observation *observation = bc_lwm2m_observation_of(c, path);
    if (observation == NULL || !worth_telling(c, observation->path))
        return;
    bool online = c->status == BC_STATUS_REGISTERED;
    if (online && !observation->pending && !must_wait(c, path) &&
        bc_coap_age_ms(&c->coap, observation->reported_ms) >=
            period_ms(c, observation->path, BC_ATTRIBUTE_PMIN))
        report(c, observation, path);
    else if (online || c->storing)
        observation->pending = true;
}

void bc_lwm2m_reports_on_time(struct bc_lwm2m_client *c)
{
    for (size_t i = 0; c->status == BC_STATUS_REGISTERED && i < BC_OBSERVATIONS_MAX; i++)
        if (due_ms(c, &c->observation[i]) <= c->coap.now_ms)
            report(c, &c->observation[i], c->observation[i].path);
}

uint64_t bc_lwm2m_reports_deadline(const struct bc_lwm2m_client *c)
{
    uint64_t first_ms = BC_NEVER;
    for (size_t i = 0; c->status == BC_STATUS_REGISTERED && i < BC_OBSERVATIONS_MAX; i++) {
        uint64_t at_ms = due_ms(c, &c->observation[i]);
        if (at_ms < first_ms)
            first_ms = at_ms;
    }
    return first_ms;
}

void bc_lwm2m_age_reports(struct bc_lwm2m_client *c, uint64_t passed_ms)
{
    for (size_t i = 0; i < BC_OBSERVATIONS_MAX; i++) {
        struct bc_observation *observation = &c->observation[i];
        if (passed_ms >= PERIOD_MS_MAX ||
            bc_coap_age_ms(&c->coap, observation->reported_ms) > PERIOD_MS_MAX)
            observation->reported_ms = (uint32_t)c->coap.now_ms - PERIOD_MS_MAX;
    }
}

bool bc_lwm2m_state_pending(const struct bc_lwm2m_client *c)
{
    return bc_coap_pending(&c->coap, TAG_NOTIFY_STATE);
}

/* --- Write-Attributes ------------------------------------------------------------------------ */

/* Beside gt, lt and st stands the value they are compared with. False when there is no room. */
static bool keep_reported(struct bc_lwm2m_client *c, struct bc_attributes *attributes,
                          struct bc_path path)
{
    int64_t value;
    bool compares = bc_attributes_get(attributes, path, BC_ATTRIBUTE_GT) != NULL ||
                    bc_attributes_get(attributes, path, BC_ATTRIBUTE_LT) != NULL ||
                    bc_attributes_get(attributes, path, BC_ATTRIBUTE_ST) != NULL;
    if (!compares)
        bc_attributes_unset(attributes, path, BC_ATTRIBUTE_REPORTED);
    if (!compares || bc_attributes_get(attributes, path, BC_ATTRIBUTE_REPORTED) != NULL ||
        !number_of(c, path, &value))
        return true;
    return bc_attributes_set(attributes, path, BC_ATTRIBUTE_REPORTED, value);
}

static uint8_t write_attributes(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                                struct bc_path path)
{
    const struct bc_resource_row *row = bc_builtin_find(path);
    struct bc_attributes attributes = c->attributes;
    int64_t number;
    if (!bc_builtin_has(path))
        return BC_COAP_NOT_FOUND;
    if (row != NULL && (row->access & BC_ACCESS_READ) == 0)
        return BC_COAP_METHOD_NOT_ALLOWED;
    bool numeric = row != NULL && (row->type == BC_VALUE_INTEGER || number_of(c, path, &number));
    uint8_t code = bc_attributes_write(&attributes, request, path, numeric);
    if (code == BC_COAP_CHANGED && !keep_reported(c, &attributes, path))
        code = BC_COAP_SERVICE_UNAVAILABLE;
    if (code == BC_COAP_CHANGED)
        c->attributes = attributes;
    return code;
}

void bc_lwm2m_on_attributes(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                            struct bc_path path)
{
    bool built_in = path.depth > 0 && bc_object_built_in(path.object);
    bc_lwm2m_reply_code(c, request,
                        built_in ? write_attributes(c, request, path)
                                 : BC_COAP_METHOD_NOT_ALLOWED); /* the host says when */
}
