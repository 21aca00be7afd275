/*
 * What was promised to whom, and whether it was kept: reports of the host, writes and reads of the
 * platform, each with a number and a text of its own that says which one it is. Whatever breaks a
 * promise ends the simulation at once.
 *
 *   - what the host was told is acknowledged has arrived, as it was sent;
 *   - nothing arrives twice, unless the NAT has given the module another port in between: then it
 *     must be marked as older than something seen before;
 *   - what the platform was told is written was shown to the host; nothing is shown twice, unless
 *     the module has lost its memory in between;
 *   - a value that was read is one that the host gave, and each is read once.
 */
#ifndef SIM_LEDGER_H
#define SIM_LEDGER_H

#include "diary.h"

#define LEDGER_MAX 32768 /* of each kind */
#define LEDGER_TEXT_BYTES_MAX 256

struct ledger_report {
    bool acknowledged;
    uint16_t delivered;
    uint16_t stale; /* of those, how many were marked */
    uint16_t port;  /* from which it came last */
};

struct ledger_write {
    bool written; /* the platform was told so */
    uint16_t shown;
    uint32_t boot; /* in which it was shown last */
};

struct ledger {
    struct diary *diary;
    uint32_t reports, writes, values; /* made */
    uint32_t acknowledged, delivered, stale, written, shown, read;
    struct ledger_report report[LEDGER_MAX];
    struct ledger_write write[LEDGER_MAX];
    bool value_read[LEDGER_MAX];
};

/* A new one; `text` needs LEDGER_TEXT_BYTES_MAX + 1. */
uint32_t ledger_new_report(struct ledger *l, char *text);
uint32_t ledger_new_write(struct ledger *l, char *text);
uint32_t ledger_new_value(struct ledger *l, char *text);

/* The host is told that a report is acknowledged; the platform has one. */
void ledger_on_acknowledged(struct ledger *l, uint32_t report);
void ledger_on_delivered(struct ledger *l, bc_view text, uint16_t port, bool stale);

/* The host is shown a write, in the module's `boot`th life; the platform is told 2.04. */
void ledger_on_shown(struct ledger *l, bc_view text, uint32_t boot);
void ledger_on_written(struct ledger *l, uint32_t write);

/* The platform has read a value. */
void ledger_on_read(struct ledger *l, bc_view text);

#endif
