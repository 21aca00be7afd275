/*
 * The firmware of a meter with a BC260Y in it, as one would write it after the guide: lines of the
 * serial side go in, command lines and a deadline come out.
 *
 *     host_hear(h, bytes);                       // what the module says
 *     while ((line = host_say(h, now_ms)))       // a command line without its CR
 *         ...
 *     wait_until(host_deadline(h));
 *
 * It registers, reports every quarter of an hour and lets the module sleep between, answers what
 * the platform asks, changes the lifetime now and then, and looks after its registration when a
 * "ping", a "recovered" or a report tells that something is wrong. It says one line at a time and
 * repeats it when there is no answer: the module was asleep, or without power.
 *
 * A result that was announced (OK) must come; an unknown line, or one for nobody, ends the
 * simulation.
 */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include "base/random.h"
#include "ledger.h"

#define HOST_LINE_BYTES 512
#define HOST_ANSWERS_MAX 16

enum host_phase {
    HOST_BOOTS,      /* ATE0 */
    HOST_LOOKS,      /* AT+QLASTATUS? */
    HOST_CONFIGURES, /* everything from the beginning */
    HOST_REGISTERS,
    HOST_UPDATES,
    HOST_DEREGISTERS,
    HOST_REPORTS,
    HOST_RESTS,
};

struct host_answer {
    uint64_t at_ms; /* hosts think before they speak */
    char line[HOST_LINE_BYTES];
};

struct host {
    struct diary *diary;
    struct ledger *ledger;
    struct bc_random random;
    uint64_t now_ms;
    bool retired; /* no more reports */
    /* The line. */
    size_t heard_bytes;
    char heard[HOST_LINE_BYTES];
    char said[HOST_LINE_BYTES]; /* "" = the line is free */
    uint64_t repeat_at_ms;      /* said again without an answer */
    uint32_t repeats;
    uint64_t answered_ms; /* the last final result */
    bool wakes;           /* the line said is an AT for waking up only */
    bool answers;         /* it is the first of the answers */
    /* What it is about. */
    enum host_phase phase;
    uint64_t wait_until_ms;
    const char *expects; /* how the announced result begins, or NULL */
    uint64_t expected_by_ms;
    unsigned step; /* of HOST_CONFIGURES */
    int status;    /* of the last AT+QLASTATUS? */
    bool uneasy;   /* look at the status before anything else */
    bool wants_update;
    uint32_t lifetime_s;
    /* The report that is under way. */
    bool composed;
    bool confirmable;
    uint32_t report;
    long message_id; /* -1 = not told */
    unsigned tries, refusals;
    uint64_t next_report_ms;
    size_t answer_count;
    struct host_answer answer[HOST_ANSWERS_MAX];
    /* What became of it all. */
    uint32_t boots, registrations, recoveries, lost_registrations, timeouts, resets, skipped;
};

void host_init(struct host *h, struct diary *diary, struct ledger *ledger, uint64_t seed);
void host_hear(struct host *h, uint64_t now_ms, bc_view bytes);
const char *host_say(struct host *h, uint64_t now_ms);
uint64_t host_deadline(const struct host *h);
/* Nothing was heard and said for a while on purpose: announced results come later. */
void host_on_deaf(struct host *h, uint64_t ms);

#endif
