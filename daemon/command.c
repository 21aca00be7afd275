/*
 * Commands are rows: their words, what follows them, what they are for. See command.h.
 */
#define _GNU_SOURCE
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "bc260y/firmware.h"
#include "common/number.h"
#include "link.h"

#define WORDS_MAX 6
#define BOTH_WAYS (1u << LINK_UP | 1u << LINK_DOWN)
#define HOUR_MS 3600000
#define HUNDRED_DAYS_MS INT64_C(8640000000)

enum kind {
    PERCENT, /* in ppm */
    TIME,    /* in ms */
    NUMBER,
    DBM,
    OUTCOME, /* of an update, as its code */
};

/* How an update can end (G 4.3.2, 4.3.5). */
static const struct outcome {
    const char *name;
    enum bc_firmware_code code;
} outcomes[] = {
    {"ok", BC_FIRMWARE_OK},
    {"unknown", BC_FIRMWARE_UNKNOWN},
    {"failed", BC_FIRMWARE_FAILED},
    {"deactivated", BC_FIRMWARE_DEACTIVATED},
    {"no-network", BC_FIRMWARE_NO_NETWORK},
    {"flash", BC_FIRMWARE_FLASH},
    {"no-space", BC_FIRMWARE_NO_SPACE},
    {"update-failed", BC_FIRMWARE_NOT_UPDATED},
};
#define OUTCOMES \
    "ok (as it would), unknown, failed, deactivated, no-network, flash, no-space or update-failed"
#define OUTCOME_COUNT (sizeof(outcomes) / sizeof(outcomes[0]))

struct param {
    enum kind kind;
    int64_t min, max;
};

static const struct row {
    enum command_verb verb;
    bool one_way; /* up or down may be said at the end */
    const char *name;
    const char *params_text;
    const char *what;
    unsigned required;
    unsigned params;
    struct param param[COMMAND_ARGS_MAX];
} rows[] = {
    {COMMAND_POWER_ON, false, "power on", "", "switch the module on", 0, 0, {{0}}},
    {COMMAND_POWER_OFF, false, "power off", "", "take the supply away", 0, 0, {{0}}},
    {COMMAND_POWER_CUT,
     false,
     "power cut",
     "[TIME]",
     "take the supply away and give it back, after TIME",
     0,
     1,
     {{TIME, 0, HUNDRED_DAYS_MS}}},
    {COMMAND_RESET, false, "reset", "", "pulse the reset pin", 0, 0, {{0}}},
    {COMMAND_WAKE, false, "wake", "", "pulse PSM_EINT, which ends deep sleep", 0, 0, {{0}}},
    {COMMAND_ATTACH, false, "attach", "", "bring the network within reach", 0, 0, {{0}}},
    {COMMAND_DETACH, false, "detach", "", "take the coverage away", 0, 0, {{0}}},
    {COMMAND_RSSI, false, "rssi", "DBM", "set the signal, -127 to -30", 1, 1, {{DBM, -127, -30}}},
    {COMMAND_LOSS,
     true,
     "loss",
     "PERCENT [up|down]",
     "lose datagrams",
     1,
     1,
     {{PERCENT, 0, LINK_CHANCE_MAX}}},
    {COMMAND_DUPLICATE,
     true,
     "duplicate",
     "PERCENT [up|down]",
     "deliver datagrams twice",
     1,
     1,
     {{PERCENT, 0, LINK_CHANCE_MAX}}},
    {COMMAND_REORDER,
     true,
     "reorder",
     "PERCENT [DEPTH [TIME]] [up|down]",
     "hold datagrams back until DEPTH (1) others have passed, for TIME (1s) at most",
     1,
     3,
     {{PERCENT, 0, LINK_CHANCE_MAX}, {NUMBER, 1, LINK_DATAGRAMS_MAX}, {TIME, 0, HOUR_MS}}},
    {COMMAND_DELAY,
     true,
     "delay",
     "TIME [JITTER] [up|down]",
     "let datagrams travel for TIME, give or take JITTER",
     1,
     2,
     {{TIME, 0, HOUR_MS}, {TIME, 0, HOUR_MS}}},
    {COMMAND_RATE_OFF, true, "rate off", "[up|down]", "do not limit the rate", 0, 0, {{0}}},
    {COMMAND_RATE,
     true,
     "rate",
     "BITS_PER_SECOND [QUEUE] [up|down]",
     "limit the rate; QUEUE (16) datagrams may wait",
     1,
     2,
     {{NUMBER, 1, 1000000000}, {NUMBER, 0, LINK_QUEUE_MAX}}},
    {COMMAND_BLACKHOLE_OFF, true, "blackhole off", "[up|down]", "end a blackhole", 0, 0, {{0}}},
    {COMMAND_BLACKHOLE,
     true,
     "blackhole",
     "TIME [up|down]",
     "let nothing pass for TIME",
     1,
     1,
     {{TIME, 0, HUNDRED_DAYS_MS}}},
    {COMMAND_HEAL, true, "heal", "[up|down]", "end all faults of the network", 0, 0, {{0}}},
    {COMMAND_REBIND, false, "rebind", "", "go on from another source port (NAT)", 0, 0, {{0}}},
    {COMMAND_STORAGE_FAIL, false, "storage fail", "", "let the next write fail", 0, 0, {{0}}},
    {COMMAND_STORAGE_FULL, false, "storage full", "", "let every write fail", 0, 0, {{0}}},
    {COMMAND_STORAGE_TEAR, false, "storage tear", "", "lose half of the next write", 0, 0, {{0}}},
    {COMMAND_STORAGE_OK, false, "storage ok", "", "end the faults of the storage", 0, 0, {{0}}},
    {COMMAND_FOTA_OUTCOME,
     false,
     "fota-outcome",
     "OUTCOME",
     "let the next firmware update end so; OUTCOME is " OUTCOMES,
     1,
     1,
     {{OUTCOME, 0, 255}}},
    {COMMAND_LINK, false, "link", "", "show the network's faults and counters", 0, 0, {{0}}},
    {COMMAND_ENERGY_RESET, false, "energy reset", "", "count energy from here", 0, 0, {{0}}},
    {COMMAND_ENERGY, false, "energy", "", "show time and bytes in each state", 0, 0, {{0}}},
    {COMMAND_DUMP, false, "dump", "", "show all of the module's state, without keys", 0, 0, {{0}}},
    {COMMAND_TIME_SCALE,
     false,
     "time-scale",
     "FACTOR",
     "let the module's time run 1 to 1000 times faster",
     1,
     1,
     {{NUMBER, 1, 1000}}},
    {COMMAND_HELP, false, "help", "", "list the commands", 0, 0, {{0}}},
    {COMMAND_EXIT, false, "exit", "", "end the program", 0, 0, {{0}}},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

struct words {
    char bytes[COMMAND_BYTES_MAX + 1];
    const char *word[WORDS_MAX];
    unsigned count;
};

/* Blanks separate. False when there are too many words or bytes. */
static bool split(const char *text, struct words *out)
{
    size_t len = strlen(text);
    char *state;
    out->count = 0;
    if (len > COMMAND_BYTES_MAX)
        return false;
    memcpy(out->bytes, text, len + 1);
    for (char *word = strtok_r(out->bytes, " \t\r\n", &state); word != NULL;
         word = strtok_r(NULL, " \t\r\n", &state)) {
        if (out->count == WORDS_MAX)
            return false;
        out->word[out->count++] = word;
    }
    return true;
}

/* How many words the row's name has, when the line begins with them; else 0. */
static unsigned match(const struct row *row, const struct words *words)
{
    const char *name = row->name;
    for (unsigned i = 0; i < words->count; i++) {
        size_t len = strcspn(name, " ");
        if (strlen(words->word[i]) != len || memcmp(words->word[i], name, len) != 0)
            return 0;
        if (name[len] == '\0')
            return i + 1;
        name += len + 1;
    }
    return 0;
}

static bool read_number(const char *text, int64_t max, int64_t *out)
{
    bool negative = max < 0 && *text == '-';
    uint64_t value;
    if ((max < 0 && !negative) || !number_parse(text + negative, INT32_MAX, &value))
        return false;
    *out = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

static bool read_outcome(const char *text, int64_t *out)
{
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        if (strcmp(text, outcomes[i].name) != 0)
            continue;
        *out = outcomes[i].code;
        return true;
    }
    return false;
}

static bool read_arg(const struct param *param, const char *text, int64_t *out)
{
    uint32_t ppm;
    uint64_t ms;
    bool good = false;
    switch (param->kind) {
    case PERCENT:
        good = number_parse_percent(text, &ppm);
        *out = good ? (int64_t)ppm : 0;
        break;
    case TIME:
        good = number_parse_time(text, (uint64_t)param->max, &ms);
        *out = good ? (int64_t)ms : 0;
        break;
    case NUMBER:
    case DBM:
        good = read_number(text, param->max, out);
        break;
    case OUTCOME:
        good = read_outcome(text, out);
        break;
    }
    return good && *out >= param->min && *out <= param->max;
}

static void describe_param(const struct param *param, char *out, size_t bytes)
{
    switch (param->kind) {
    case PERCENT:
        snprintf(out, bytes, "a percentage, 0 to 100 (30, 0.5)");
        break;
    case TIME:
        snprintf(out, bytes, "a time of at most %s (250ms, 10s, 1h30m)",
                 param->max == HOUR_MS ? "1h" : "100d");
        break;
    case NUMBER:
    case DBM:
        snprintf(out, bytes, "a number from %lld to %lld", (long long)param->min,
                 (long long)param->max);
        break;
    case OUTCOME:
        snprintf(out, bytes, "an outcome: %s", OUTCOMES);
        break;
    }
}

static void put_usage(const struct row *row, char why[COMMAND_WHY_BYTES])
{
    snprintf(why, COMMAND_WHY_BYTES, "usage: %s%s%s", row->name,
             row->params_text[0] == '\0' ? "" : " ", row->params_text);
}

/* The ways that the last word names; it is then taken off. */
static unsigned take_ways(const struct row *row, struct words *words, unsigned from)
{
    if (!row->one_way || words->count <= from)
        return BOTH_WAYS;
    const char *last = words->word[words->count - 1];
    unsigned ways = strcmp(last, "up") == 0     ? 1u << LINK_UP
                    : strcmp(last, "down") == 0 ? 1u << LINK_DOWN
                                                : BOTH_WAYS;
    words->count -= ways != BOTH_WAYS;
    return ways;
}

static bool read_args(const struct row *row, struct words *words, unsigned at, struct command *out,
                      char why[COMMAND_WHY_BYTES])
{
    *out = (struct command){.verb = row->verb, .ways = take_ways(row, words, at)};
    out->args = words->count - at;
    if (out->args < row->required || out->args > row->params) {
        put_usage(row, why);
        return false;
    }
    for (unsigned i = 0; i < out->args; i++) {
        char wanted[120];
        if (read_arg(&row->param[i], words->word[at + i], &out->arg[i]))
            continue;
        describe_param(&row->param[i], wanted, sizeof(wanted));
        snprintf(why, COMMAND_WHY_BYTES, "%s: \"%.60s\" is not %s", row->name, words->word[at + i],
                 wanted);
        return false;
    }
    return true;
}

static bool parse(const char *text, struct command *out, char why[COMMAND_WHY_BYTES])
{
    struct words words;
    if (!split(text, &words)) {
        snprintf(why, COMMAND_WHY_BYTES, "a command has at most %d words and %d bytes", WORDS_MAX,
                 COMMAND_BYTES_MAX);
        return false;
    }
    for (size_t i = 0; i < ROW_COUNT; i++) {
        unsigned at = match(&rows[i], &words);
        if (at > 0)
            return read_args(&rows[i], &words, at, out, why);
    }
    if (words.count == 0)
        snprintf(why, COMMAND_WHY_BYTES, "a command is missing; \"help\" lists them");
    else
        snprintf(why, COMMAND_WHY_BYTES,
                 "there is no command \"%.40s%s%.40s\"; \"help\" lists them", words.word[0],
                 words.count > 1 ? " " : "", words.count > 1 ? words.word[1] : "");
    return false;
}

bool command_parse(const char *text, struct command *out, char why[COMMAND_WHY_BYTES])
{
    if (parse(text, out, why))
        return true;
    for (char *c = why; *c != '\0'; c++) /* the line may have been any bytes */
        if (*c < 0x20 || *c > 0x7E)
            *c = '?';
    return false;
}

bool command_help(size_t index, struct command_help *out)
{
    if (index >= ROW_COUNT)
        return false;
    *out = (struct command_help){rows[index].name, rows[index].params_text, rows[index].what};
    return true;
}
