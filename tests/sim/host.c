/*
 * See host.h.
 */
#include "host.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"

#define REPORT_EVERY_MS 900000
#define WAKE_AFTER_MS 8000       /* the module may be asleep when the line was quiet for so long */
#define ANSWER_MS 1000           /* AT is answered at once, by who is awake */
#define ANSWER_MS_MAX 30000      /* between repetitions */
#define PATIENCE_MS 600000       /* for an announced result: far more than any request takes */
#define OBSERVE_MS 45000         /* the platform observes after a registration */
#define TRIES_MAX 3              /* of one report */
#define REFUSALS_MAX 3           /* then the registration is made anew */
#define ENDPOINT "867724030023557"

static const char *const setup[] = {
    "AT+QLACFG=\"auto_ack\",0",
    "AT+QLACONFIG=0,\"192.0.2.2\",5683,\"" ENDPOINT "\",3600,3",
    "AT+QLAADDOBJ=19,0,3,0,1,2",
};

static const uint32_t lifetimes_s[] = {1800, 3600, 7200};

static uint32_t draw(struct host *h, uint32_t below)
{
    return bc_random_next(&h->random) % below;
}

void host_init(struct host *h, struct diary *diary, struct ledger *ledger, uint64_t seed)
{
    *h = (struct host){.diary = diary,
                       .ledger = ledger,
                       .random.state = seed,
                       .wait_until_ms = BC_NEVER, /* RDY ends it */
                       .lifetime_s = 3600,
                       .message_id = -1};
}

/* --- Saying ----------------------------------------------------------------------------------- */

static void go(struct host *h, enum host_phase phase, uint64_t after_ms)
{
    h->phase = phase;
    h->wait_until_ms = h->now_ms + after_ms;
    h->step = 0;
}

static void rest(struct host *h)
{
    h->tries = 0;
    go(h, HOST_RESTS, 0);
    if (h->next_report_ms <= h->now_ms)
        h->next_report_ms = h->now_ms + REPORT_EVERY_MS;
}

static void compose_report(struct host *h)
{
    char text[LEDGER_TEXT_BYTES_MAX + 1];
    if (!h->composed) {
        h->report = ledger_new_report(h->ledger, text);
        h->confirmable = draw(h, 6) != 0;
    }
    h->composed = true;
    h->message_id = -1;
}

/* The line that the phase is about; false when it has none now. */
static bool compose(struct host *h)
{
    char text[LEDGER_TEXT_BYTES_MAX + 1];
    switch (h->phase) {
    case HOST_BOOTS:
        snprintf(h->said, sizeof(h->said), "ATE0");
        return true;
    case HOST_LOOKS:
        h->status = -1;
        snprintf(h->said, sizeof(h->said), "AT+QLASTATUS?");
        return true;
    case HOST_CONFIGURES:
        snprintf(h->said, sizeof(h->said), "%s", setup[h->step]);
        return true;
    case HOST_REGISTERS:
        snprintf(h->said, sizeof(h->said), "AT+QLAREG");
        return true;
    case HOST_UPDATES:
        h->lifetime_s = lifetimes_s[draw(h, 3)];
        snprintf(h->said, sizeof(h->said), "AT+QLAUPDATE=0,%" PRIu32, h->lifetime_s);
        return true;
    case HOST_DEREGISTERS:
        snprintf(h->said, sizeof(h->said), "AT+QLADEREG");
        return true;
    case HOST_REPORTS:
        if (!h->composed) {
            h->report = ledger_new_report(h->ledger, text);
            h->confirmable = draw(h, 6) != 0;
            h->message_id = -1;
            snprintf(h->said, sizeof(h->said), "AT+QLANOTIFY=19,0,0,1,%zu,\"%s\",0,%d",
                     strlen(text), text, h->confirmable);
        }
        return true;
    case HOST_RESTS:
        break;
    }
    return false;
}
