/*
 * The firmware of a meter with a BC260Y in it, as one would write it after the guide: what the
 * module says goes in, command lines and a deadline come out.
 *
 *     host_hear(h, now_ms, bytes);
 *     while (host_say(h, now_ms, &line))         // with its CR
 *         ...
 *     wait_until(host_deadline(h));
 *
 * It registers, reports every quarter of an hour and lets the module sleep between, answers what
 * the platform asks, changes the lifetime now and then, and looks after its registration when a
 * "ping", a "recovered" or a report tells that something is wrong. It says one line at a time and
 * repeats it when there is no answer: the module was asleep, or without power.
 *
 * A result that was announced (OK) must come, and nothing may come that was not; anything else
 * ends the simulation.
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

/* What is said at present. */
enum host_talk {
    HOST_SILENT, /* the line is free */
    HOST_WAKES,  /* AT, for waking up only */
    HOST_ANSWERS,
    HOST_WORKS, /* what the phase is about */
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
    enum host_talk talk;
    char said[HOST_LINE_BYTES];
    uint64_t repeat_at_ms; /* without an answer */
    uint64_t repeat_ms;
    uint64_t result_ms; /* when the last final result came */
    /* What it is about. */
    enum host_phase phase;
    uint64_t wait_until_ms;
    const char *expects; /* how the announced result begins, or NULL */
    uint64_t expected_by_ms;
    unsigned step; /* of HOST_CONFIGURES */
    long status;   /* of the last AT+QLASTATUS?, -1 = unknown */
    bool uneasy;   /* look at the status before anything else */
    bool wants_update;
    uint32_t lifetime_s;
    /* The report that is under way. */
    bool confirmable;
    uint32_t report;
    long message_id; /* -1 = not told */
    unsigned tries, refusals;
    uint64_t next_report_ms;
    size_t answer_count;
    struct host_answer answer[HOST_ANSWERS_MAX];
    uint32_t results_due; /* of answers that were OK */
    /* What became of it all. */
    uint32_t boots, registrations, recoveries, failed_recoveries, failed_pings, timeouts, resets;
};

void host_init(struct host *h, struct diary *diary, struct ledger *ledger, uint64_t seed);
void host_hear(struct host *h, uint64_t now_ms, bc_view bytes);
bool host_say(struct host *h, uint64_t now_ms, bc_view *line);
uint64_t host_deadline(const struct host *h);

#endif
