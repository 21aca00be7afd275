/*
 * See ledger.h.
 */
#include "ledger.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/sink.h"

#define TAIL_BYTES_MAX 180

/* "r12 nopq...": the tail's length and letters follow from the number. */
static void make_text(char kind, uint32_t number, char *text)
{
    size_t len = (size_t)snprintf(text, LEDGER_TEXT_BYTES_MAX, "%c%" PRIu32 " ", kind, number);
    size_t tail = number * 37 % TAIL_BYTES_MAX;
    for (size_t i = 0; i < tail; i++)
        text[len++] = (char)('a' + (number + i) % 26);
    text[len] = '\0';
}

static uint32_t make(struct ledger *l, uint32_t *count, char kind, char *text)
{
    if (*count >= LEDGER_MAX)
        diary_fail(l->diary, "the ledger is full: fewer days, please");
    make_text(kind, *count, text);
    return (*count)++;
}

uint32_t ledger_new_report(struct ledger *l, char *text)
{
    return make(l, &l->reports, 'r', text);
}

uint32_t ledger_new_write(struct ledger *l, char *text)
{
    return make(l, &l->writes, 'w', text);
}

uint32_t ledger_new_value(struct ledger *l, char *text)
{
    return make(l, &l->values, 'v', text);
}

/* Which one a text is: it must be one that was made, to the last byte. */
static uint32_t number_of(const struct ledger *l, char kind, uint32_t count, bc_view text)
{
    char made[LEDGER_TEXT_BYTES_MAX + 1];
    uint32_t number = 0;
    size_t i = 1;
    for (; i < text.len && i < 9 && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++)
        number = number * 10 + (uint32_t)(text.ptr[i] - '0');
    if (i > 1 && number < count) {
        make_text(kind, number, made);
        if (bc_view_equal(text, bc_view_of(made)))
            return number;
    }
    diary_fail(l->diary, "nobody has said \"%.*s\"", (int)text.len, (const char *)text.ptr);
}

void ledger_on_acknowledged(struct ledger *l, uint32_t report)
{
    if (l->report[report].delivered == 0)
        diary_fail(l->diary, "report %" PRIu32 " is acknowledged and has not arrived", report);
    l->report[report].acknowledged = true;
    l->acknowledged++;
}

void ledger_on_delivered(struct ledger *l, bc_view text, uint16_t port, bool stale)
{
    uint32_t number = number_of(l, 'r', l->reports, text);
    struct ledger_report *report = &l->report[number];
    bool again = report->delivered > 0;
    if (again && (report->port == port || !stale))
        diary_fail(l->diary, "report %" PRIu32 " has arrived twice", number);
    report->port = port;
    report->delivered++;
    report->stale += stale;
    l->delivered++;
    l->stale += stale;
}

void ledger_on_shown(struct ledger *l, bc_view text, uint32_t boot)
{
    uint32_t number = number_of(l, 'w', l->writes, text);
    struct ledger_write *write = &l->write[number];
    if (write->shown > 0 && write->boot == boot)
        diary_fail(l->diary, "write %" PRIu32 " is shown twice", number);
    write->shown++;
    write->boot = boot;
    l->shown++;
}

void ledger_on_written(struct ledger *l, uint32_t write)
{
    if (l->write[write].shown == 0)
        diary_fail(l->diary, "write %" PRIu32 " is done and was shown to nobody", write);
    if (l->write[write].written)
        diary_fail(l->diary, "write %" PRIu32 " is done twice", write);
    l->write[write].written = true;
    l->written++;
}

void ledger_on_read(struct ledger *l, bc_view text)
{
    uint32_t number = number_of(l, 'v', l->values, text);
    if (l->value_read[number])
        diary_fail(l->diary, "value %" PRIu32 " is read twice", number);
    l->value_read[number] = true;
    l->read++;
}
