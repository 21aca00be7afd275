/*
 * How each QLA command may be written (G 1.1, 2): its forms, the fields it cannot do without,
 * quotes, spaces, letters of either case, numbers at and beyond their limits, and values at their
 * largest. Behind each ERROR the module's state must be, byte for byte, what it was before.
 *
 * What values mean is in test_values.c, what the settings do in test_config.c, the line itself in
 * test_serial.c, states in test_states.c.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk.h"
#include "module/state.h"

#define FIELDS_MAX 10
#define LINE_BYTES 2600

/* --- Every command, once --------------------------------------------------------------------- */

/* Where a command is at home. */
enum home {
    HOME_CONFIGURED,
    HOME_REGISTERED,
    HOME_READ, /* registered, and a request 4097 on 19/0/0 waits */
    HOME_WRITE,
    HOME_EXECUTE,
    HOME_OBSERVE,
    HOME_OBSERVED, /* registered, and 19/0/0 is observed */
    HOME_ANDLINK,  /* registered with platform 2 */
};

struct range {
    bool checked; /* false = a text, or a number that other fields limit further */
    int32_t low;
    int32_t high;
};

#define RANGE(least, most)                              \
    {                                                   \
        .checked = true, .low = (least), .high = (most) \
    }
#define ID RANGE(0, 65535)

/* `forms` has T for =?, R for ?, S for =, X for the bare command. `fields` is the set form written
 * out in full, apart from its name. Bit n of `counts`: the first n fields alone are legal. Bit n of
 * `blanks`: field n may be empty. */
struct command_case {
    const char *name;
    const char *forms;
    const char *fields[FIELDS_MAX];
    struct range range[FIELDS_MAX];
    enum home home;
    uint16_t counts;
    uint16_t blanks;
};

#define BIT(n) (1U << (n))

static const struct command_case commands[] = {
    {"QLACONFIG", "TRS", .fields = {"0", "host", "5683", "endpoint", "300", "3", "id", "key", "1"},
     .range = {RANGE(0, 1), {0}, ID, {0}, RANGE(20, 31536000), RANGE(3, 3), {0}, {0}, RANGE(0, 1)},
     .counts = BIT(6) | BIT(8) | BIT(9), .blanks = BIT(8)},
    {"QLACFG", "TRS", .fields = {"retransmit", "4", "5"}, .range = {{0}, RANGE(2, 20), RANGE(0, 8)},
     .counts = BIT(1) | BIT(3)},
    {"QLACFG", "TRS", .fields = {"auto_ack", "1"}, .range = {{0}, RANGE(0, 1)},
     .counts = BIT(1) | BIT(2)},
    {"QLACFG", "TRS", .fields = {"platform", "1"}, .range = {{0}, RANGE(0, 2)},
     .counts = BIT(1) | BIT(2)},
    {"QLACFG", "TRS", .fields = {"cfg_res", "3", "0", "17", "500677"},
     .range = {{0}, RANGE(3, 3), RANGE(0, 0)}, .counts = BIT(1) | BIT(5)},
    {"QLACFG", "TRS", .fields = {"lifetime_enable", "0"}, .range = {{0}, RANGE(0, 1)},
     .counts = BIT(1) | BIT(2)},
    {"QLACFG", "TRS", .fields = {"dtls_mode", "1"}, .range = {{0}, RANGE(0, 1)},
     .counts = BIT(1) | BIT(2)},
    {"QLACFG", "TRS", .fields = {"dtls_version", "1"}, .range = {{0}, RANGE(0, 2)},
     .counts = BIT(1) | BIT(2)},
    {"QLAREG", .forms = "TX"},
    {"QLAUPDATE", "TS", .fields = {"0", "600", "1"},
     .range = {RANGE(0, 0), RANGE(20, 31536000), RANGE(0, 2)}, .home = HOME_REGISTERED,
     .counts = BIT(2) | BIT(3), .blanks = BIT(2)},
    {"QLAUPDATE", "TS", .fields = {"1", "0", "2"}, .range = {RANGE(1, 1), RANGE(0, 1), RANGE(0, 2)},
     .home = HOME_REGISTERED, .counts = BIT(2) | BIT(3), .blanks = BIT(2)},
    {"QLADEREG", "TX", .home = HOME_REGISTERED},
    {"QLAADDOBJ", "TRS", .fields = {"20", "1", "2", "7", "8"},
     .range = {RANGE(6, 65535), ID, RANGE(2, 2), ID, ID}, .counts = BIT(5)},
    {"QLADELOBJ", "TS", .fields = {"19"}, .range = {RANGE(19, 19)}, .counts = BIT(1)},
    {"QLARDRSP", "TS", .fields = {"4097", "1", "19", "0", "0", "1", "3", "abc", "0", "1"},
     .range = {RANGE(4097, 4097),
               RANGE(1, 1),
               RANGE(19, 19),
               RANGE(0, 0),
               RANGE(0, 0),
               {0},
               RANGE(3, 3),
               {0},
               RANGE(0, 0),
               RANGE(0, 2)},
     .home = HOME_READ, .counts = BIT(9) | BIT(10), .blanks = BIT(9)},
    {"QLARDRSP", "TS", .fields = {"4097", "15", "65535", "-1", "-1", "1", "0", "", "0", "2"},
     .range = {RANGE(4097, 4097),
               RANGE(11, 15),
               ID,
               RANGE(-1, 65535),
               RANGE(-1, 65535),
               {0},
               {0},
               {0},
               ID,
               RANGE(0, 2)},
     .home = HOME_READ, .counts = BIT(9) | BIT(10), .blanks = BIT(7) | BIT(9)},
    {"QLAWRRSP", "TS", .fields = {"4097", "2", "0"},
     .range = {RANGE(4097, 4097), RANGE(2, 2), RANGE(0, 2)}, .home = HOME_WRITE,
     .counts = BIT(2) | BIT(3), .blanks = BIT(2)},
    {"QLAWRRSP", "TS", .fields = {"4097", "11", "0"},
     .range = {RANGE(4097, 4097), RANGE(11, 14), RANGE(0, 2)}, .home = HOME_WRITE,
     .counts = BIT(2) | BIT(3), .blanks = BIT(2)},
    {"QLAEXERSP", "TS", .fields = {"4097", "2", "0"},
     .range = {RANGE(4097, 4097), RANGE(2, 2), RANGE(0, 2)}, .home = HOME_EXECUTE,
     .counts = BIT(2) | BIT(3), .blanks = BIT(2)},
    {"QLAEXERSP", "TS", .fields = {"4097", "11", "0"},
     .range = {RANGE(4097, 4097), RANGE(11, 14), RANGE(0, 2)}, .home = HOME_EXECUTE,
     .counts = BIT(2) | BIT(3), .blanks = BIT(2)},
    {"QLAOBSRSP", "TS", .fields = {"4097", "1", "19", "0", "0", "1", "3", "abc", "0", "1"},
     .range = {RANGE(4097, 4097),
               RANGE(1, 1),
               RANGE(19, 19),
               RANGE(0, 0),
               RANGE(0, 0),
               {0},
               RANGE(3, 3),
               {0},
               RANGE(0, 0),
               RANGE(0, 2)},
     .home = HOME_OBSERVE, .counts = BIT(9) | BIT(10), .blanks = BIT(9)},
    {"QLAOBSRSP", "TS", .fields = {"4097", "11", "0", "-1", "-1", "1", "0", "", "0", "2"},
     .range = {RANGE(4097, 4097),
               RANGE(11, 15),
               ID,
               RANGE(-1, 65535),
               RANGE(-1, 65535),
               {0},
               {0},
               {0},
               ID,
               RANGE(0, 2)},
     .home = HOME_OBSERVE, .counts = BIT(9) | BIT(10), .blanks = BIT(7) | BIT(9)},
    {"QLANOTIFY", "TS", .fields = {"19", "0", "0", "1", "3", "abc", "0", "1", "2"},
     .range = {RANGE(19, 19),
               RANGE(0, 0),
               RANGE(0, 0),
               {0},
               RANGE(3, 3),
               {0},
               RANGE(0, 0),
               RANGE(0, 1),
               RANGE(0, 2)},
     .home = HOME_OBSERVED, .counts = BIT(7) | BIT(8) | BIT(9), .blanks = BIT(7) | BIT(8)},
    {"QLASENDDATA", "TS", .fields = {"1", "3", "abc", "1", "2"},
     .range = {RANGE(1, 1), RANGE(3, 3), {0}, RANGE(0, 1), RANGE(0, 2)}, .home = HOME_ANDLINK,
     .counts = BIT(3) | BIT(4) | BIT(5), .blanks = BIT(3) | BIT(4)},
    {"QLASTATUS", .forms = "TR"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static unsigned fields_of(const struct command_case *command)
{
    unsigned count = 0;
    while (count < FIELDS_MAX && command->fields[count] != NULL)
        count++;
    return count;
}

static void go_home(struct desk *d, enum home home)
{
    static const char *const requests[] = {
        [HOME_READ] = "42011001B1B2 B2'19' 01'0' 01'0'",
        [HOME_WRITE] = "42031001B1B2 B2'19' 01'0' 01'0' 10 FF'x'",
        [HOME_EXECUTE] = "42021001B1B2 B2'19' 01'0' 01'0'",
        [HOME_OBSERVE] = "42011001B1B2 60 52'19' 01'0' 01'0'",
    };
    static const char *const shown[] = {
        [HOME_READ] = "+QLAURC: \"read\",4097,19,0,0",
        [HOME_WRITE] = "+QLAURC: \"write\",4097,19,0,0,1,1,\"x\",0",
        [HOME_EXECUTE] = "+QLAURC: \"execute\",4097,19,0,0",
        [HOME_OBSERVE] = "+QLAURC: \"observe\",4097,0,19,0,0",
    };
    if (home == HOME_CONFIGURED) {
        desk_configured(d);
        return;
    }
    desk_registered(d);
    if (home == HOME_OBSERVED)
        desk_observed(d);
    if (home == HOME_ANDLINK)
        desk_ok(d, "AT+QLACFG=\"platform\",2");
    if (home < HOME_READ || home > HOME_OBSERVE)
        return;
    desk_server(d, requests[home]);
    desk_urc(d, shown[home]);
}

/* --- A line and its end ---------------------------------------------------------------------- */

/* The module's state without what any line changes: the counters of the line and its buffers, and
 * the clock. */
static void take_state(const struct desk *d, struct bc_module *out)
{
    memcpy(out, d->module, sizeof(*out));
    out->port.line_len = 0;
    out->port.reply_len = 0;
    out->port.reply_taken = false;
    out->power.serial_ms = 0;
    out->now_ms = 0;
    out->client.coap.now_ms = 0;
}

static void compare_states(const struct bc_module *before, const struct bc_module *after,
                           const char *line)
{
    const uint8_t *a = (const uint8_t *)before;
    const uint8_t *b = (const uint8_t *)after;
    if (memcmp(a, b, sizeof(*before)) == 0)
        return;
    for (size_t i = 0; i < sizeof(*before); i++)
        if (a[i] != b[i])
            print_error("byte %zu of the state: %02X became %02X\n", i, a[i], b[i]);
    fail_msg("%s changed the state", line);
}

static void refused(struct desk *d, const char *line)
{
    struct bc_module before;
    struct bc_module after;
    take_state(d, &before);
    desk_error(d, line);
    desk_quiet(d);
    take_state(d, &after);
    compare_states(&before, &after, line);
}

/* Refused when its message was written: the message ID and the token drawn for it are gone. */
static void refused_at_the_end(struct desk *d, const char *line)
{
    struct bc_module before;
    struct bc_module after;
    take_state(d, &before);
    desk_error(d, line);
    desk_quiet(d);
    take_state(d, &after);
    after.client.coap.next_message_id = before.client.coap.next_message_id;
    after.random = before.random;
    compare_states(&before, &after, line);
}

/* OK, behind what the command tells; what follows it is not looked at. */
static void taken(struct desk *d, const char *line)
{
    desk_host(d, line);
    d->serial[d->serial_len] = '\0';
    const char *end = strstr(d->serial, "\r\nOK\r\n");
    if (end == NULL || strstr(d->serial, "ERROR") != NULL ||
        (end != d->serial && strncmp(d->serial, "\r\n+QLA", 6) != 0))
        fail_msg("%s ended in %s", line, d->serial);
}

/* A line given to a module at home. */
static void line_ends(const struct command_case *command, const char *line, bool ok)
{
    struct desk d;
    go_home(&d, command->home);
    if (ok)
        taken(&d, line);
    else
        refused(&d, line);
}

/* The set form with the first `count` fields, each between `before` and `after`; field `other` is
 * `text` instead. */
#define NO_OTHER FIELDS_MAX
static void write_line(const struct command_case *command, unsigned count, const char *before,
                       const char *after, unsigned other, const char *text, char *line)
{
    size_t len = (size_t)snprintf(line, LINE_BYTES, "AT+%s=", command->name);
    for (unsigned i = 0; i < count; i++)
        len += (size_t)snprintf(line + len, LINE_BYTES - len, "%s%s%s%s", i == 0 ? "" : ",", before,
                                i == other ? text : command->fields[i], after);
}

static void with_field(const struct command_case *command, unsigned field, const char *text,
                       bool ok)
{
    char line[LINE_BYTES];
    write_line(command, fields_of(command), "", "", field, text, line);
    line_ends(command, line, ok);
}

/* --- Forms ----------------------------------------------------------------------------------- */

static void form_that_a_command_lacks_is_an_error(void **state) /* G 1.1.2 */
{
    (void)state;
    char line[LINE_BYTES];
    for (size_t i = 0; i < COMMANDS; i++) {
        const struct command_case *command = &commands[i];
        struct desk d;
        go_home(&d, command->home);
        snprintf(line, sizeof(line), "AT+%s?", command->name);
        if (strchr(command->forms, 'R') == NULL)
            refused(&d, line);
        snprintf(line, sizeof(line), "AT+%s", command->name);
        if (strchr(command->forms, 'X') == NULL)
            refused(&d, line);
        snprintf(line, sizeof(line), "AT+%s=", command->name);
        refused(&d, line);
        snprintf(line, sizeof(line), "AT+%s=0", command->name);
        if (strchr(command->forms, 'S') == NULL)
            refused(&d, line);
    }
}

static void form_with_something_behind_it_is_an_error(void **state) /* G 1.1.2 */
{
    (void)state;
    static const char *const ends[] = {"=?0", "?0", "??", "=?=?", "=??", "!", "X", "?=", ";"};
    char line[LINE_BYTES];
    for (size_t i = 0; i < COMMANDS; i++)
        for (size_t end = 0; end < sizeof(ends) / sizeof(ends[0]); end++) {
            snprintf(line, sizeof(line), "AT+%s%s", commands[i].name, ends[end]);
            line_ends(&commands[i], line, false);
        }
}

/* --- Fields ---------------------------------------------------------------------------------- */

static void optional_fields_alone_may_be_missing(void **state) /* G 1.1.1 */
{
    (void)state;
    char line[LINE_BYTES];
    for (size_t i = 0; i < COMMANDS; i++) {
        const struct command_case *command = &commands[i];
        for (unsigned count = 1; count <= fields_of(command); count++) {
            write_line(command, count, "", "", NO_OTHER, "", line);
            line_ends(command, line, (command->counts & BIT(count)) != 0);
        }
    }
}

static void optional_fields_alone_may_be_empty(void **state) /* G 1.1.1 */
{
    (void)state;
    for (size_t i = 0; i < COMMANDS; i++)
        for (unsigned field = 0; field < fields_of(&commands[i]); field++)
            with_field(&commands[i], field, "", (commands[i].blanks & BIT(field)) != 0);
}

static void field_too_many_is_an_error(void **state) /* MODULE 1 */
{
    (void)state;
    char line[LINE_BYTES];
    for (size_t i = 0; i < COMMANDS; i++) {
        unsigned count = fields_of(&commands[i]);
        if (count == 0)
            continue;
        write_line(&commands[i], count, "", "", NO_OTHER, "", line);
        size_t len = strlen(line);
        snprintf(line + len, sizeof(line) - len, ",0");
        line_ends(&commands[i], line, false);
        snprintf(line + len, sizeof(line) - len, ",");
        line_ends(&commands[i], line, false);
    }
}

static void fields_may_be_quoted_or_not(void **state) /* MODULE 1 */
{
    (void)state;
    char line[LINE_BYTES];
    for (size_t i = 0; i < COMMANDS; i++) {
        const struct command_case *command = &commands[i];
        unsigned count = fields_of(command);
        if (count == 0)
            continue;
        write_line(command, count, "", "", NO_OTHER, "", line);
        line_ends(command, line, true);
        write_line(command, count, "\"", "\"", NO_OTHER, "", line);
        line_ends(command, line, true);
    }
}

static void quote_that_is_not_closed_is_an_error(void **state) /* MODULE 1 */
{
    (void)state;
    char text[40];
    for (size_t i = 0; i < COMMANDS; i++)
        for (unsigned field = 0; field < fields_of(&commands[i]); field++) {
            snprintf(text, sizeof(text), "\"%s", commands[i].fields[field]);
            with_field(&commands[i], field, text, false);
            snprintf(text, sizeof(text), "\"%s\"x", commands[i].fields[field]);
            with_field(&commands[i], field, text, false);
        }
}

static void spaces_around_fields_and_signs_are_nothing(void **state) /* MODULE 1 */
{
    (void)state;
    char line[LINE_BYTES];
    char spaced[LINE_BYTES];
    for (size_t i = 0; i < COMMANDS; i++) {
        const struct command_case *command = &commands[i];
        if (fields_of(command) == 0)
            continue;
        write_line(command, fields_of(command), "  ", " ", NO_OTHER, "", line);
        line_ends(command, line, true);
        write_line(command, fields_of(command), " \"", "\" ", NO_OTHER, "", line);
        line_ends(command, line, true);
        snprintf(spaced, sizeof(spaced), "AT +%s = %s", command->name, strchr(line, '=') + 1);
        line_ends(command, spaced, true);
        snprintf(spaced, sizeof(spaced), "AT+%s =?", command->name);
        line_ends(command, spaced, true);
    }
}

static void letters_may_be_of_either_case(void **state) /* G 1.1.2, MODULE 1 */
{
    (void)state;
    char line[LINE_BYTES];
    for (size_t i = 0; i < COMMANDS; i++) {
        const struct command_case *command = &commands[i];
        if (fields_of(command) == 0)
            snprintf(line, sizeof(line), "AT+%s=?", command->name);
        else
            write_line(command, fields_of(command), "", "", NO_OTHER, "", line);
        for (size_t k = 0; line[k] != '\0'; k++)
            line[k] = (char)tolower((unsigned char)line[k]);
        line_ends(command, line, true);
        for (size_t k = 0; line[k] != '\0'; k += 2)
            line[k] = (char)toupper((unsigned char)line[k]);
        line_ends(command, line, true);
    }
}

/* --- Numbers --------------------------------------------------------------------------------- */

static void
number_at_its_limit_is_taken_and_one_beyond_is_an_error(void **state) /* G 2.1 to 2.13 */
{
    (void)state;
    char text[16];
    for (size_t i = 0; i < COMMANDS; i++)
        for (unsigned field = 0; field < fields_of(&commands[i]); field++) {
            const struct range *range = &commands[i].range[field];
            if (!range->checked)
                continue;
            const int32_t numbers[] = {range->low, range->high, range->low - 1, range->high + 1};
            for (unsigned k = 0; k < 4; k++) {
                snprintf(text, sizeof(text), "%d", (int)numbers[k]);
                with_field(&commands[i], field, text, k < 2);
            }
        }
}

static void text_that_is_no_number_is_an_error(void **state) /* G 1.1.1, MODULE 1 */
{
    (void)state;
    static const char *const wrong[] = {
        "x",
        "-",
        "+",
        "--1",
        "+1",
        "1.0",
        "1e1",
        "0x1",
        "1 1",
        "1\"",
        "1'",
        "1?",
        "4294967296",
        "4294967297",
        "-2147483649",
        "18446744073709551616",
        "99999999999999999999999999999999999999",
    };
    for (size_t i = 0; i < COMMANDS; i++)
        for (unsigned field = 0; field < fields_of(&commands[i]); field++)
            for (size_t k = 0; k < sizeof(wrong) / sizeof(wrong[0]); k++)
                if (commands[i].range[field].checked)
                    with_field(&commands[i], field, wrong[k], false);
}

/* What the limits of one field alone do not tell. */
static void number_that_is_none_of_those_listed_is_an_error(void **state) /* G 2.1, 2.8 to 2.13 */
{
    (void)state;
    static const struct {
        const char *line;
        enum home home;
    } wrong[] = {
        {"AT+QLACONFIG=0,\"h\",1,\"e\",300,0", HOME_CONFIGURED},
        {"AT+QLACONFIG=0,\"h\",1,\"e\",300,1,\"i\",\"k\"", HOME_CONFIGURED},
        {"AT+QLACONFIG=0,\"h\",1,\"e\",300,2,\"i\",\"k\"", HOME_CONFIGURED},
        {"AT+QLACFG=\"cfg_res\",1,0,1,\"300\"", HOME_CONFIGURED},
        {"AT+QLACFG=\"cfg_res\",3,0,18,\"x\"", HOME_CONFIGURED},
        {"AT+QLACFG=\"cfg_res\",3,0,0,\"\"", HOME_CONFIGURED},
        {"AT+QLAADDOBJ=20,0,0", HOME_CONFIGURED},
        {"AT+QLAADDOBJ=20,0,0,1", HOME_CONFIGURED},
        {"AT+QLAADDOBJ=20,0,15,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15", HOME_CONFIGURED},
        {"AT+QLAADDOBJ=20,0,14,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15", HOME_CONFIGURED},
        {"AT+QLAADDOBJ=20,0,3,1,2", HOME_CONFIGURED},
        {"AT+QLAADDOBJ=20,0,2,1,", HOME_CONFIGURED},
        {"AT+QLAUPDATE=0,0", HOME_REGISTERED},
        {"AT+QLAUPDATE=1,300", HOME_REGISTERED},
        {"AT+QLARDRSP=4097,2,19,0,0,1,3,\"abc\",0", HOME_READ},
        {"AT+QLARDRSP=4097,10,19,0,0,1,3,\"abc\",0", HOME_READ},
        {"AT+QLARDRSP=4097,1,19,-1,0,1,3,\"abc\",0", HOME_READ},
        {"AT+QLARDRSP=4097,1,19,0,-1,1,3,\"abc\",0", HOME_READ},
        {"AT+QLARDRSP=4097,1,19,0,0,0,3,\"abc\",0", HOME_READ},
        {"AT+QLARDRSP=4097,1,19,0,0,6,3,\"abc\",0", HOME_READ},
        {"AT+QLARDRSP=4097,1,19,0,0,1,3,\"abc\",1", HOME_READ},
        {"AT+QLARDRSP=4097,1,19,0,0,1,3,\"abc\",65535", HOME_READ},
        {"AT+QLAWRRSP=4097,2", HOME_READ},
        {"AT+QLAEXERSP=4097,2", HOME_READ},
        {"AT+QLAOBSRSP=4097,1,19,0,0,1,3,\"abc\",0", HOME_READ},
        {"AT+QLARDRSP=4097,1,19,0,0,1,3,\"abc\",0", HOME_OBSERVE},
        {"AT+QLAEXERSP=4097,2", HOME_WRITE},
        {"AT+QLAWRRSP=4097,2", HOME_EXECUTE},
        {"AT+QLAWRRSP=4097,1", HOME_WRITE},
        {"AT+QLAWRRSP=4097,15", HOME_WRITE},
        {"AT+QLANOTIFY=19,0,1,1,3,\"abc\",0", HOME_OBSERVED},
        {"AT+QLANOTIFY=19,0,0,1,3,\"abc\",1", HOME_OBSERVED},
        {"AT+QLANOTIFY=19,0,0,6,3,\"abc\",0", HOME_OBSERVED},
        {"AT+QLASENDDATA=3,4,5", HOME_ANDLINK},
        {"AT+QLASENDDATA=0,3,\"abc\"", HOME_ANDLINK},
        {"AT+QLASENDDATA=1,3,\"abc\"", HOME_REGISTERED},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        line_ends(&(struct command_case){.home = wrong[i].home}, wrong[i].line, false);
}

static void message_id_goes_from_0_to_65535(void **state) /* G 2.8 to 2.11 */
{
    (void)state;
    static const struct {
        const char *request; /* with its message ID as four hex digits */
        const char *shown;
        const char *line;
    } kinds[] = {
        {"4201%04XB1B2 B2'19' 01'0' 01'0'", "+QLAURC: \"read\",%u,19,0,0",
         "AT+QLARDRSP=%u,1,19,0,0,1,3,\"abc\",0"},
        {"4203%04XB1B2 B2'19' 01'0' 01'0' 10 FF'x'", "+QLAURC: \"write\",%u,19,0,0,1,1,\"x\",0",
         "AT+QLAWRRSP=%u,2"},
        {"4202%04XB1B2 B2'19' 01'0' 01'0'", "+QLAURC: \"execute\",%u,19,0,0", "AT+QLAEXERSP=%u,2"},
        {"4201%04XB1B2 60 52'19' 01'0' 01'0'", "+QLAURC: \"observe\",%u,0,19,0,0",
         "AT+QLAOBSRSP=%u,1,19,0,0,1,3,\"abc\",0"},
    };
    char text[120];
    for (size_t kind = 0; kind < 4; kind++)
        for (unsigned mid = 0; mid <= 65535; mid += 65535) {
            struct desk d;
            desk_registered(&d);
            snprintf(text, sizeof(text), kinds[kind].request, mid);
            desk_server(&d, text);
            snprintf(text, sizeof(text), kinds[kind].shown, mid);
            desk_urc(&d, text);
            snprintf(text, sizeof(text), kinds[kind].line, 65536 + mid);
            refused(&d, text);
            snprintf(text, sizeof(text), kinds[kind].line, 65535 - mid);
            refused(&d, text);
            snprintf(text, sizeof(text), kinds[kind].line, mid);
            desk_ok(&d, text);
        }
}

static void highest_ids_are_read_and_notified(void **state) /* G 2.6, 2.8, 2.12 */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+QLAADDOBJ=65535,65535,1,65535");
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, REGISTER_WIRE(",</19/0>,</65535/65535>"));
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_urc(&d, "+QLAREG: 0");
    desk_server(&d, "42011001B1B2 60 55'65535' 05'65535' 05'65535'");
    desk_urc(&d, "+QLAURC: \"observe\",4097,0,65535,65535,65535");
    refused(&d, "AT+QLAOBSRSP=4097,1,65535,65535,65536,1,1,\"a\",0");
    refused(&d, "AT+QLAOBSRSP=4097,1,65535,65536,65535,1,1,\"a\",0");
    refused(&d, "AT+QLAOBSRSP=4097,1,65536,65535,65535,1,1,\"a\",0");
    desk_ok(&d, "AT+QLAOBSRSP=4097,1,65535,65535,65535,1,1,\"a\",0");
    desk_urc(&d, "+QLAOBSRSP: 0");
    desk_wire(&d, "62451001B1B2 60 60 FF'a'");
    refused(&d, "AT+QLANOTIFY=65535,65535,65536,1,1,\"b\",0");
    desk_ok(&d, "AT+QLANOTIFY=65535,65535,65535,1,1,\"b\",0");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_wire(&d, "5245 <mid> B1B2 6101 60 FF'b'");
    desk_end(&d);
}

/* --- Values ---------------------------------------------------------------------------------- */

/* The commands that carry a value, up to <value_type>, and from behind <value>. */
static const struct {
    const char *before;
    const char *after;
    enum home home;
    bool numbers; /* takes the types 3 to 5 too */
} carriers[] = {
    {"AT+QLARDRSP=4097,1,19,0,0,", ",0", HOME_READ, true},
    {"AT+QLARDRSP=4097,14,19,0,0,", ",0", HOME_READ, true},
    {"AT+QLAOBSRSP=4097,1,19,0,0,", ",0", HOME_OBSERVE, true},
    {"AT+QLANOTIFY=19,0,0,", ",0,1", HOME_OBSERVED, true},
    {"AT+QLASENDDATA=", ",1", HOME_ANDLINK, false},
};

/* Writes `text` with each <N*x> in it as N times x. */
static void expand_text(const char *text, char *out)
{
    size_t len = 0;
    while (*text != '\0') {
        if (*text != '<') {
            out[len++] = *text++;
            continue;
        }
        char *unit;
        unsigned long times = strtoul(text + 1, &unit, 10);
        size_t bytes = strcspn(++unit, ">");
        for (; times > 0; times--, len += bytes)
            memcpy(out + len, unit, bytes);
        text = unit + bytes + 1;
    }
    out[len] = '\0';
}

static void value_ends(const char *value, bool number, bool ok)
{
    char text[LINE_BYTES];
    char line[2 * LINE_BYTES];
    expand_text(value, text);
    for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++) {
        snprintf(line, sizeof(line), "%s%s%s", carriers[i].before, text, carriers[i].after);
        line_ends(&(struct command_case){.home = carriers[i].home}, line,
                  ok && (!number || carriers[i].numbers));
    }
}

static void value_may_be_as_large_as_the_guide_says(void **state) /* G 2.8, 2.11 to 2.13 */
{
    (void)state;
    static const struct {
        const char *value;
        bool number;
        bool ok;
    } rows[] = {
        {"1,0,\"\"", false, true},
        {"1,1024,\"<1024*x>\"", false, true},
        {"1,1024,<1024*x>", false, true},
        {"1,1024,\"<341*\xE6\xB8\xA9>C\"", false, true}, /* three bytes each */
        {"1,1024,\"<512*\",>\"", false, true},
        {"1,1024,<512*,\">", false, true},
        {"1,1024,<512*\",>", false, false}, /* a quote in front is one around it */
        {"1,1024,\"<1024*\">\"", false, true},
        {"1,1024,\"<1024*,>\"", false, true},
        {"1,1025,\"<1025*x>\"", false, false},
        {"1,1024,\"<1025*x>\"", false, false},
        {"1,1024,\"<1023*x>\"", false, false},
        {"1,1025,\"<341*\xE6\xB8\xA9>CC\"", false, false},
        {"1,1024,\"<342*\xE6\xB8\xA9>\"", false, false},
        {"1,-1,\"\"", false, false},
        {"2,0,\"\"", false, true},
        {"2,512,\"<512*5a>\"", false, true},
        {"2,512,\"<512*5A>\"", false, true},
        {"2,512,<512*fF>", false, true},
        {"2,513,\"<513*5A>\"", false, false},
        {"2,512,\"<513*5A>\"", false, false},
        {"2,512,\"<511*5A>5\"", false, false},
        {"2,512,\"<511*5A>5G\"", false, false},
        {"2,512,\"<511*5A>5 \"", false, false},
        {"2,1024,\"<1024*5A>\"", false, false},
        {"3,2,-32768", true, true},
        {"3,4,\"2147483647\"", true, true},
        {"3,8,-9223372036854775808", true, true},
        {"4,4,\"-1.5e3\"", true, true},
        {"4,8,1.5", true, true},
        {"5,1,\"1\"", true, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        value_ends(rows[i].value, rows[i].number, rows[i].ok);
}

/* The bytes of a text with everything in it that a parser could stumble over, at full size. */
static void awkward_text_of_full_size_arrives_unchanged(void **state) /* G 2.8, 5.4.2 */
{
    (void)state;
    char text[LINE_BYTES];
    char line[2 * LINE_BYTES];
    struct desk d;
    go_home(&d, HOME_READ);
    expand_text("{\"k\":\"\xE6\xB8\xA9\",[1,\"\\\\\",?=;+QLAREG]} \"<980*\xC3\xBC>", text);
    text[BC_STRING_BYTES_MAX - 2] = '"'; /* between two letters of two bytes each, or in one */
    text[BC_STRING_BYTES_MAX - 1] = ',';
    text[BC_STRING_BYTES_MAX] = '\0';
    snprintf(line, sizeof(line), "AT+QLARDRSP=4097,1,19,0,0,1,1024,\"%s\",0", text);
    desk_ok(&d, line);
    desk_urc(&d, "+QLARDRSP: 0");
    snprintf(line, sizeof(line), "62451001B1B2 C0 FF'%s'", text);
    desk_wire(&d, line);
    desk_end(&d);
}

static void texts_of_the_configuration_may_be_utf8_and_full(void **state) /* G 2.1, 2.2 */
{
    (void)state;
    static const struct {
        const char *line;
        bool ok;
    } rows[] = {
        {"AT+QLACONFIG=0,\"h\",1,\"<50*\xE6\xB8\xA9>\",300,3", true},
        {"AT+QLACONFIG=0,\"h\",1,\"<50*\xE6\xB8\xA9>x\",300,3", false},
        {"AT+QLACONFIG=0,\"a,b\",1,\"c,d\",300,0,\"e,f\",\"g,h\"", true},
        {"AT+QLACONFIG=0,a,1,b,300,0,c,<256*d>", true},
        {"AT+QLACONFIG=0,a,1,b,300,0,c,<257*d>", false},
        {"AT+QLACONFIG=0,a,1,b,300,0,<150*c>,d", true},
        {"AT+QLACONFIG=0,a,1,b,300,0,<151*c>,d", false},
        {"AT+QLACONFIG=0,a\"b,1,c,300,3", true},
        {"AT+QLACONFIG=0,a\tb,1,c,300,3", false},
        {"AT+QLACFG=\"cfg_res\",3,0,0,\"<64*x>\"", true},
        {"AT+QLACFG=\"cfg_res\",3,0,0,\"<21*\xE6\xB8\xA9>x\"", true},
        {"AT+QLACFG=\"cfg_res\",3,0,0,\"<65*x>\"", false},
        {"AT+QLACFG=\"cfg_res\",3,0,0,\"a,b\"", true},
        {"AT+QLACFG=\"cfg_res\",3,0,0,\"a\"b\"", false},
    };
    char line[LINE_BYTES];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        expand_text(rows[i].line, line);
        line_ends(&(struct command_case){.home = HOME_CONFIGURED}, line, rows[i].ok);
    }
}

/* --- Errors that come late ------------------------------------------------------------------- */

/* A command may also be refused after everything about it was found right. */
static void command_that_finds_no_room_changes_nothing(void **state) /* MODULE 1, limits.h */
{
    (void)state;
    struct desk d;
    go_home(&d, HOME_OBSERVED);
    desk_ok(&d, "AT+QLACFG=\"platform\",2");
    for (unsigned i = 0; i < BC_EXCHANGES_MAX; i++) {
        taken(&d, "AT+QLANOTIFY=19,0,0,1,1,\"x\",0,1");
        d.serial_len = 0;
        d.wires = 0;
    }
    refused_at_the_end(&d, "AT+QLANOTIFY=19,0,0,1,1,\"x\",0,1");
    refused_at_the_end(&d, "AT+QLASENDDATA=1,1,\"x\",1");
    refused_at_the_end(&d, "AT+QLAUPDATE=0,600");
    refused_at_the_end(&d, "AT+QLAUPDATE=1,0");
    refused_at_the_end(&d, "AT+QLAADDOBJ=20,0,1,0");
    refused_at_the_end(&d, "AT+QLADELOBJ=19");
    refused_at_the_end(&d, "AT+QLADEREG");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(form_that_a_command_lacks_is_an_error),
        cmocka_unit_test(form_with_something_behind_it_is_an_error),
        cmocka_unit_test(optional_fields_alone_may_be_missing),
        cmocka_unit_test(optional_fields_alone_may_be_empty),
        cmocka_unit_test(field_too_many_is_an_error),
        cmocka_unit_test(fields_may_be_quoted_or_not),
        cmocka_unit_test(quote_that_is_not_closed_is_an_error),
        cmocka_unit_test(spaces_around_fields_and_signs_are_nothing),
        cmocka_unit_test(letters_may_be_of_either_case),
        cmocka_unit_test(number_at_its_limit_is_taken_and_one_beyond_is_an_error),
        cmocka_unit_test(text_that_is_no_number_is_an_error),
        cmocka_unit_test(number_that_is_none_of_those_listed_is_an_error),
        cmocka_unit_test(message_id_goes_from_0_to_65535),
        cmocka_unit_test(highest_ids_are_read_and_notified),
        cmocka_unit_test(value_may_be_as_large_as_the_guide_says),
        cmocka_unit_test(awkward_text_of_full_size_arrives_unchanged),
        cmocka_unit_test(texts_of_the_configuration_may_be_utf8_and_full),
        cmocka_unit_test(command_that_finds_no_room_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
