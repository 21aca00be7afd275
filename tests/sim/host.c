/*
 * See host.h.
 */
#include "host.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"

#define REPORT_EVERY_MS 900000
#define WAKE_AFTER_MS 8000  /* a line that was quiet for so long may be asleep */
#define ANSWER_MS 1000      /* who is awake answers at once */
#define ANSWER_MS_MAX 30000 /* between repetitions */
#define PATIENCE_MS 1200000 /* for an announced result: a power cut may lie in between */
#define OBSERVE_MS 45000    /* after a registration the platform observes */
#define TRIES_MAX 3         /* of a report */
#define REFUSALS_MAX 3      /* then the registration is made anew */

static const char *const setup[] = {
    "AT+QLACFG=\"auto_ack\",0",
    "AT+QLACONFIG=0,\"192.0.2.2\",5683,\"867724030023557\",3600,3",
    "AT+QLAADDOBJ=19,0,3,0,1,2",
};
#define SETUP_STEPS (sizeof(setup) / sizeof(setup[0]))

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

/* A line that begins so, and then with a number. `*rest` is what stands behind it. */
static bool begins(const char *line, const char *head, long *number, const char **rest)
{
    char *end;
    size_t len = strlen(head);
    if (strncmp(line, head, len) != 0)
        return false;
    long value = strtol(line + len, &end, 10);
    if (end == line + len)
        return false;
    *number = value;
    *rest = end;
    return true;
}

static void go(struct host *h, enum host_phase phase, uint64_t after_ms)
{
    h->phase = phase;
    h->wait_until_ms = h->now_ms + after_ms;
    h->step = 0;
}

static void look_at_status(struct host *h, uint64_t after_ms)
{
    h->uneasy = false;
    go(h, HOST_LOOKS, after_ms);
}

static void go_to_rest(struct host *h)
{
    h->tries = 0;
    go(h, HOST_RESTS, 0);
    while (h->next_report_ms <= h->now_ms)
        h->next_report_ms += REPORT_EVERY_MS;
}

/* A report that may be repeated has failed. */
static void try_again(struct host *h)
{
    h->tries++;
    if (h->tries < TRIES_MAX)
        look_at_status(h, 5000);
    else
        go_to_rest(h);
}

/* --- Saying ----------------------------------------------------------------------------------- */

static void say(struct host *h, enum host_talk talk, const char *line)
{
    h->talk = talk;
    int len = snprintf(h->said, sizeof(h->said), "%s\r", line);
    assert(len > 0 && (size_t)len < sizeof(h->said));
    h->repeat_ms = ANSWER_MS;
}

static void say_report(struct host *h)
{
    char text[LEDGER_TEXT_BYTES_MAX + 1];
    char line[HOST_LINE_BYTES];
    h->report = ledger_new_report(h->ledger, text);
    h->confirmable = draw(h, 6) != 0;
    h->message_id = -1;
    snprintf(line, sizeof(line), "AT+QLANOTIFY=19,0,0,1,%zu,\"%s\",0,%d,%" PRIu32, strlen(text),
             text, h->confirmable, draw(h, 3));
    say(h, HOST_WORKS, line);
}

static void say_update(struct host *h)
{
    static const uint32_t lifetimes_s[] = {1800, 3600, 7200};
    char line[HOST_LINE_BYTES];
    h->lifetime_s = lifetimes_s[draw(h, 3)];
    snprintf(line, sizeof(line), "AT+QLAUPDATE=0,%" PRIu32, h->lifetime_s);
    say(h, HOST_WORKS, line);
}

static void work(struct host *h)
{
    switch (h->phase) {
    case HOST_BOOTS:
        say(h, HOST_WORKS, "ATE0");
        break;
    case HOST_RESTS: /* the rest is over */
    case HOST_LOOKS:
        look_at_status(h, 0);
        h->status = -1;
        say(h, HOST_WORKS, "AT+QLASTATUS?");
        break;
    case HOST_CONFIGURES:
        say(h, HOST_WORKS, setup[h->step]);
        break;
    case HOST_REGISTERS:
        say(h, HOST_WORKS, "AT+QLAREG");
        break;
    case HOST_UPDATES:
        say_update(h);
        break;
    case HOST_DEREGISTERS:
        say(h, HOST_WORKS, "AT+QLADEREG");
        break;
    case HOST_REPORTS:
        say_report(h);
        break;
    }
}

/* When there is something to say by itself. */
static uint64_t work_at_ms(const struct host *h)
{
    if (h->expects != NULL)
        return BC_NEVER;
    if (h->phase != HOST_RESTS || h->uneasy)
        return h->wait_until_ms;
    return h->retired ? BC_NEVER : h->next_report_ms;
}

static bool begin(struct host *h)
{
    bool answers = h->answer_count > 0 && h->answer[0].at_ms <= h->now_ms;
    if (!answers && work_at_ms(h) > h->now_ms)
        return false;
    /* Most hosts wake the module first; some just speak, and their command is lost. */
    if (h->now_ms - h->result_ms > WAKE_AFTER_MS && h->phase != HOST_BOOTS && draw(h, 5) != 0)
        say(h, HOST_WAKES, "AT");
    else if (answers)
        say(h, HOST_ANSWERS, h->answer[0].line);
    else
        work(h);
    return true;
}

bool host_say(struct host *h, uint64_t now_ms, bc_view *line)
{
    h->now_ms = now_ms;
    if (h->expects != NULL && now_ms >= h->expected_by_ms)
        diary_fail(h->diary, "%s never came", h->expects);
    bool says = h->talk == HOST_SILENT ? begin(h) : h->repeat_at_ms <= now_ms;
    if (!says)
        return false;
    h->repeat_at_ms = now_ms + h->repeat_ms;
    h->repeat_ms = h->repeat_ms * 2 < ANSWER_MS_MAX ? h->repeat_ms * 2 : ANSWER_MS_MAX;
    *line = bc_view_of(h->said);
    diary_write(h->diary, "host: %.*s", (int)line->len - 1, h->said);
    return true;
}

uint64_t host_deadline(const struct host *h)
{
    if (h->talk != HOST_SILENT)
        return h->repeat_at_ms;
    uint64_t first_ms = work_at_ms(h);
    if (h->expects != NULL && h->expected_by_ms < first_ms)
        first_ms = h->expected_by_ms;
    if (h->answer_count > 0 && h->answer[0].at_ms < first_ms)
        first_ms = h->answer[0].at_ms;
    return first_ms;
}

/* --- Final results ---------------------------------------------------------------------------- */

static void expect(struct host *h, const char *result)
{
    h->expects = result;
    h->expected_by_ms = h->now_ms + PATIENCE_MS;
}

static void on_status(struct host *h)
{
    switch (h->status) {
    case 5:
        go(h, HOST_CONFIGURES, 0);
        break;
    case 0:
    case 4:
        go(h, HOST_REGISTERS, 0);
        break;
    case 2:
        if (h->wants_update)
            go(h, HOST_UPDATES, 0);
        else if (h->next_report_ms <= h->now_ms || h->tries > 0 || h->refusals > 0)
            go(h, HOST_REPORTS, 0);
        else
            go_to_rest(h);
        break;
    case 1:
    case 3:
    case 6:
        look_at_status(h, 5000);
        break;
    default:
        diary_fail(h->diary, "AT+QLASTATUS? tells %ld", h->status);
    }
}

static void on_ok(struct host *h)
{
    switch (h->phase) {
    case HOST_BOOTS:
        look_at_status(h, 0);
        break;
    case HOST_LOOKS:
        on_status(h);
        break;
    case HOST_CONFIGURES:
        if (++h->step == SETUP_STEPS)
            look_at_status(h, 0);
        break;
    case HOST_REGISTERS:
        expect(h, "+QLAREG: ");
        break;
    case HOST_UPDATES:
        expect(h, "+QLAUPDATE: ");
        break;
    case HOST_DEREGISTERS:
        expect(h, "+QLADEREG: ");
        break;
    case HOST_REPORTS:
        h->refusals = 0;
        expect(h, h->confirmable ? "+QLAURC: \"report_ack\"," : "+QLANOTIFY: ");
        break;
    case HOST_RESTS:
        break;
    }
}

static void on_error(struct host *h)
{
    if (h->phase == HOST_REPORTS && ++h->refusals >= REFUSALS_MAX) {
        h->refusals = 0;
        go(h, HOST_DEREGISTERS, 0);
    } else if (h->phase == HOST_BOOTS || h->phase == HOST_LOOKS || h->phase == HOST_CONFIGURES) {
        diary_fail(h->diary, "%s is an error", h->said);
    } else {
        look_at_status(h, 15000);
    }
}

static void on_final(struct host *h, bool ok)
{
    enum host_talk talk = h->talk;
    if (talk == HOST_SILENT)
        diary_fail(h->diary, "a final result for nobody");
    h->talk = HOST_SILENT;
    h->result_ms = h->now_ms;
    if (talk == HOST_ANSWERS) {
        h->results_due += ok;
        h->answer_count--;
        memmove(&h->answer[0], &h->answer[1], h->answer_count * sizeof(h->answer[0]));
    } else if (talk == HOST_WORKS && ok) {
        on_ok(h);
    } else if (talk == HOST_WORKS) {
        on_error(h);
    }
}

/* --- Results that were announced -------------------------------------------------------------- */

static void on_registration(struct host *h, long code)
{
    h->registrations += code == 0;
    look_at_status(h, code == 0 ? OBSERVE_MS : 60000);
}

static void on_update(struct host *h, long code)
{
    h->wants_update = code == 1;
    look_at_status(h, code == 1 ? 30000 : 0);
}

/* "report_ack",<code>,<message id>, of the one report that is under way. */
static void on_report_ack(struct host *h, long code, const char *tail)
{
    const char *rest;
    long message_id = -1;
    if (!begins(tail, ",", &message_id, &rest) || message_id != h->message_id)
        diary_fail(h->diary, "report_ack of %ld, and %ld is under way", message_id, h->message_id);
    h->timeouts += code == 1;
    h->resets += code == 5;
    if (code != 0) {
        try_again(h);
        return;
    }
    ledger_on_acknowledged(h->ledger, h->report);
    h->wants_update = draw(h, 12) == 0;
    go_to_rest(h);
}

static void on_notified(struct host *h, long code)
{
    if (code != 0 && code != 2)
        diary_fail(h->diary, "+QLANOTIFY: %ld", code);
    go_to_rest(h);
}

static void on_result(struct host *h, const char *line)
{
    char *end;
    long code = strtol(line + strlen(h->expects), &end, 10);
    h->expects = NULL;
    switch (h->phase) {
    case HOST_REGISTERS:
        on_registration(h, code);
        break;
    case HOST_UPDATES:
        on_update(h, code);
        break;
    case HOST_REPORTS:
        if (h->confirmable)
            on_report_ack(h, code, end);
        else
            on_notified(h, code);
        break;
    default:
        look_at_status(h, 0);
        break;
    }
}

/* --- What comes by itself --------------------------------------------------------------------- */

/* Everything that was under way is gone. */
static void on_boot(struct host *h)
{
    h->boots++;
    h->talk = HOST_SILENT;
    h->expects = NULL;
    h->answer_count = 0;
    h->results_due = 0;
    h->tries = 0;
    h->refusals = 0;
    h->uneasy = false;
    go(h, HOST_BOOTS, draw(h, 3000));
}

static struct host_answer *new_answer(struct host *h)
{
    if (h->answer_count == HOST_ANSWERS_MAX)
        diary_fail(h->diary, "the module asks more than it may");
    struct host_answer *answer = &h->answer[h->answer_count++];
    answer->at_ms = h->now_ms + (draw(h, 3) == 0 ? draw(h, 8000) : 100);
    return answer;
}

static void answer_value(struct host *h, const char *command, long message_id, const char *path,
                         const char *text)
{
    snprintf(new_answer(h)->line, HOST_LINE_BYTES, "AT+%s=%ld,1,%s,1,%zu,\"%s\",0", command,
             message_id, path, strlen(text), text);
}

/* ,19,0,1,1,<len>,"<value>",0 */
static void on_write(struct host *h, long message_id, const char *tail)
{
    const char *rest;
    long len;
    if (!begins(tail, ",19,0,1,1,", &len, &rest) || strncmp(rest, ",\"", 2) != 0 ||
        (long)strlen(rest) != len + (long)strlen(",\"\",0"))
        diary_fail(h->diary, "a write that nobody sent");
    ledger_on_shown(h->ledger, (bc_view){(const uint8_t *)rest + 2, (size_t)len}, h->boots);
    snprintf(new_answer(h)->line, HOST_LINE_BYTES, "AT+QLAWRRSP=%ld,2", message_id);
}

static bool on_request(struct host *h, const char *line)
{
    char text[LEDGER_TEXT_BYTES_MAX + 1];
    const char *rest;
    long message_id;
    if (begins(line, "+QLAURC: \"write\",", &message_id, &rest)) {
        on_write(h, message_id, rest);
    } else if (begins(line, "+QLAURC: \"read\",", &message_id, &rest) &&
               strcmp(rest, ",19,0,2") == 0) {
        ledger_new_value(h->ledger, text);
        answer_value(h, "QLARDRSP", message_id, "19,0,2", text);
    } else if (begins(line, "+QLAURC: \"observe\",", &message_id, &rest) &&
               strcmp(rest, ",0,19,0,0") == 0) {
        answer_value(h, "QLAOBSRSP", message_id, "19,0,0", "observed");
    } else {
        return false;
    }
    return true;
}

/* What the module says about the registration. */
static bool on_news(struct host *h, const char *line)
{
    const char *rest;
    long code;
    if (begins(line, "+QLAURC: \"ping\",", &code, &rest)) {
        h->failed_pings += code != 0;
        h->wants_update = h->wants_update || code == 1;
        h->uneasy = h->uneasy || code != 0;
    } else if (begins(line, "+QLAURC: \"recovered\",", &code, &rest)) {
        h->recoveries += code == 0;
        h->failed_recoveries += code != 0;
        h->uneasy = h->uneasy || code != 0;
    } else if (strncmp(line, "+QLAURC: \"lw_event\",0,5,", 24) == 0) {
        h->uneasy = true;
    } else {
        return false;
    }
    return true;
}

static bool on_detail(struct host *h, const char *line)
{
    const char *rest;
    if (begins(line, "+QLASTATUS: ", &h->status, &rest) ||
        begins(line, "+QLAURC: \"report\",", &h->message_id, &rest))
        return true;
    if (strcmp(line, "+QLANOTIFY: 0") == 0)
        return true; /* of a confirmable one: how it ends is told later */
    if (strncmp(line, "+QLA", 4) == 0 && strstr(line, "RSP: ") != NULL) {
        if (h->results_due-- == 0)
            diary_fail(h->diary, "a result for nobody");
        return true;
    }
    return strncmp(line, "AT", 2) == 0 || strncmp(line, "+CFUN: 1", 8) == 0 ||
           strncmp(line, "+CPIN: READY", 12) == 0 || strncmp(line, "+IP: ", 5) == 0 ||
           strncmp(line, "+QNBIOTEVENT: ", 14) == 0;
}

static void on_line(struct host *h, const char *line)
{
    diary_write(h->diary, "module: %s", line);
    if (strcmp(line, "RDY") == 0)
        on_boot(h);
    else if (strcmp(line, "OK") == 0 || strcmp(line, "ERROR") == 0)
        on_final(h, line[0] == 'O');
    else if (h->expects != NULL && strncmp(line, h->expects, strlen(h->expects)) == 0)
        on_result(h, line);
    else if (!on_request(h, line) && !on_news(h, line) && !on_detail(h, line))
        diary_fail(h->diary, "the host does not expect this: %s", line);
}

void host_hear(struct host *h, uint64_t now_ms, bc_view bytes)
{
    h->now_ms = now_ms;
    for (size_t i = 0; i < bytes.len; i++) {
        char c = (char)bytes.ptr[i];
        if (c != '\r' && c != '\n') {
            if (h->heard_bytes + 1 == sizeof(h->heard))
                diary_fail(h->diary, "a line without an end");
            h->heard[h->heard_bytes++] = c;
        } else if (h->heard_bytes > 0) {
            h->heard[h->heard_bytes] = '\0';
            h->heard_bytes = 0;
            on_line(h, h->heard);
        }
    }
}
