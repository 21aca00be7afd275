/*
 * Write-Attributes on the built-in objects and the reports they time (LwM2M 1.0 sections 5.1.2,
 * 5.4.4 and 5.5; OMA's enabler test cases for them).
 */
#include <stdio.h>

#include "desk.h"

/* --- The server ------------------------------------------------------------------------------- */

#define GET 1U
#define PUT 3U

static unsigned last_id; /* each test begins anew */

static void begin(struct desk *d)
{
    last_id = 0x2000;
    desk_registered(d);
    desk_ok(d, "AT+QLACFG=\"lifetime_enable\",0"); /* no updates in between */
}

/* One option: number relative to the one before, and a text. */
static size_t put_option(char *out, size_t cap, unsigned delta, const char *text, size_t len)
{
    if (len < 13)
        return (size_t)snprintf(out, cap, " %X%X'%.*s'", delta, (unsigned)len, (int)len, text);
    return (size_t)snprintf(out, cap, " %XD%02X'%.*s'", delta, (unsigned)len - 13, (int)len, text);
}

/* The parts of a text between separators, as options of one number. */
static size_t put_parts(char *out, size_t cap, unsigned delta, const char *text, char separator)
{
    size_t at = 0;
    while (*text != '\0') {
        size_t len = 0;
        while (text[len] != '\0' && text[len] != separator)
            len++;
        at += put_option(out + at, cap - at, delta, text, len);
        text += len + (text[len] != '\0');
        delta = 0;
    }
    return at;
}

/* PUT path?query, and the code it is answered with. */
static void write_attributes_at(struct desk *d, const char *path, const char *query,
                                const char *code, int line)
{
    char pattern[400];
    size_t at =
        (size_t)snprintf(pattern, sizeof(pattern), "42%02X %04X C1C2", PUT, ++last_id & 0xFFFF);
    at += put_parts(pattern + at, sizeof(pattern) - at, 11, path + 1, '/');
    put_parts(pattern + at, sizeof(pattern) - at, 4, query, '&');
    desk_server(d, pattern);
    snprintf(pattern, sizeof(pattern), "62%s %04X C1C2", code, last_id & 0xFFFF);
    desk_wire_at(d, pattern, __FILE__, line);
}
#define write_attributes(d, path, query, code) write_attributes_at(d, path, query, code, __LINE__)

static void discover_at(struct desk *d, const char *path, const char *links, int line)
{
    char pattern[700];
    size_t at =
        (size_t)snprintf(pattern, sizeof(pattern), "42%02X %04X C1C2", GET, ++last_id & 0xFFFF);
    at += put_parts(pattern + at, sizeof(pattern) - at, 11, path + 1, '/');
    snprintf(pattern + at, sizeof(pattern) - at, " 6128");
    desk_server(d, pattern);
    snprintf(pattern, sizeof(pattern), "6245 %04X C1C2 C128 FF'%s'", last_id & 0xFFFF, links);
    desk_wire_at(d, pattern, __FILE__, line);
}
#define discover(d, path, links) discover_at(d, path, links, __LINE__)

/* Writes a text to a built-in resource; what it causes stays to be expected. */
static void write_text(struct desk *d, const char *path, const char *text)
{
    char pattern[200];
    size_t at =
        (size_t)snprintf(pattern, sizeof(pattern), "42%02X %04X C1C2", PUT, ++last_id & 0xFFFF);
    at += put_parts(pattern + at, sizeof(pattern) - at, 11, path + 1, '/');
    snprintf(pattern + at, sizeof(pattern) - at, " 10 FF'%s'", text);
    desk_server(d, pattern);
    snprintf(pattern, sizeof(pattern), "6244 %04X C1C2", last_id & 0xFFFF);
    desk_wire(d, pattern);
}

/* Token B1B2 observes a resource of one object that reads as that text. */
static void observe(struct desk *d, const char *path, const char *value)
{
    char pattern[200];
    size_t at =
        (size_t)snprintf(pattern, sizeof(pattern), "42%02X %04X B1B2 60", GET, ++last_id & 0xFFFF);
    put_parts(pattern + at, sizeof(pattern) - at, 5, path + 1, '/');
    desk_server(d, pattern);
    snprintf(pattern, sizeof(pattern), "6245 %04X B1B2 60 60 FF'%s'", last_id & 0xFFFF, value);
    desk_wire(d, pattern);
}

/* The next report of that observation, which the server acknowledges. */
static void reported_at(struct desk *d, unsigned sequence, const char *value, int line)
{
    char pattern[200];
    snprintf(pattern, sizeof(pattern), "4245 <mid> B1B2 61%02X 60 FF'%s'", sequence, value);
    desk_wire_at(d, pattern, __FILE__, line);
    desk_server(d, "6000 <mid>");
}
#define reported(d, sequence, value) reported_at(d, sequence, value, __LINE__)

/* The battery level: the built-in number that a host can change. */
static void set_battery(struct desk *d, int percent)
{
    char line[60];
    snprintf(line, sizeof(line), "AT+QLACFG=\"cfg_res\",3,0,9,\"%d\"", percent);
    desk_ok(d, line);
}

/* --- Writing and showing ---------------------------------------------------------------------- */

static void write_attributes_on_a_multiple_resource(void **state) /* OMA ETS 261, LwM2M 1.0 5.4.4 */
{
    (void)state;
    struct desk d;
    begin(&d);
    write_attributes(&d, "/3/0/6", "pmin=10&pmax=200", "44");
    discover(&d, "/3/0/6", "</3/0/6>;dim=1;pmin=10;pmax=200");
    desk_end(&d);
}

static void attributes_of_each_level_are_discovered(void **state) /* LwM2M 1.0 5.4.2 */
{
    (void)state;
    struct desk d;
    begin(&d);
    write_attributes(&d, "/5", "pmin=10", "44");
    write_attributes(&d, "/5/0", "pmax=60", "44");
    write_attributes(&d, "/5/0/3", "gt=50&lt=42.25&st=1.5&pmin=20", "44");
    discover(&d, "/5",
             "</5>;pmin=10,</5/0>;pmax=60,</5/0/1>,</5/0/2>,"
             "</5/0/3>;pmin=20;gt=50;lt=42.25;st=1.5,</5/0/5>,</5/0/8>;dim=1");
    discover(&d, "/5/0",
             "</5/0>;pmax=60,</5/0/1>,</5/0/2>,"
             "</5/0/3>;pmin=20;gt=50;lt=42.25;st=1.5,</5/0/5>,</5/0/8>;dim=1");
    discover(&d, "/5/0/3", "</5/0/3>;pmin=20;pmax=60;gt=50;lt=42.25;st=1.5");
    discover(&d, "/5/0/5", "</5/0/5>;pmin=10;pmax=60");
    discover(&d, "/19/0", "</19/0>,</19/0/0>,</19/0/1>,</19/0/2>");
    desk_end(&d);
}

static void attribute_without_value_is_taken_back(void **state) /* LwM2M 1.0 5.4.4 */
{
    (void)state;
    struct desk d;
    begin(&d);
    write_attributes(&d, "/3/0/9", "pmin=10&pmax=60&gt=80", "44");
    write_attributes(&d, "/3/0/9", "pmin&pmax=70", "44");
    discover(&d, "/3/0/9", "</3/0/9>;pmax=70;gt=80");
    write_attributes(&d, "/3/0/9", "gt&pmax&lt", "44");
    discover(&d, "/3/0/9", "</3/0/9>");
    desk_end(&d);
}

static void decimals_are_shown_as_short_as_they_are(void **state)
{
    static const char *const pairs[][2] = {
        {"0", "0"},
        {"-0", "0"},
        {"007", "7"},
        {"3.50", "3.5"},
        {"-0.5", "-0.5"},
        {"0.000001", "0.000001"},
        {"-12.000", "-12"},
        {"100.0", "100"},
        {"999999999999.999999", "999999999999.999999"},
        {"-999999999999.999999", "-999999999999.999999"},
    };
    (void)state;
    struct desk d;
    begin(&d);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char text[80];
        snprintf(text, sizeof(text), "gt=%s", pairs[i][0]);
        write_attributes(&d, "/4/0/2", text, "44");
        snprintf(text, sizeof(text), "</4/0/2>;gt=%s", pairs[i][1]);
        discover(&d, "/4/0/2", text);
    }
    desk_end(&d);
}

static void attributes_that_are_none_are_bad_requests(void **state) /* LwM2M 1.0 5.1.2, 5.4.4 */
{
    static const char *const bad[] = {
        "pmin=",
        "pmin=-1",
        "pmin=1.5",
        "pmin=1e1",
        "pmin=0x1",
        "pmin= 1",
        "pmin=+1",
        "pmin=1&pmin=1",
        "pmin&pmin",
        "pmin=31536001",
        "pmax=x",
        "pmax=99999999999999999999999",
        "PMIN=1",
        "pmi=1",
        "pminn=1",
        "=1",
        "=",
        "dim=1",
        "ver=1.0",
        "gt=",
        "gt=.5",
        "gt=5.",
        "gt=1..2",
        "gt=1.2.3",
        "gt=--1",
        "gt=-",
        "gt=-.",
        "gt=1,5",
        "gt=nan",
        "gt=1000000000000",
        "gt=0.0000001",
        "st=-1",
        "st=-0.5",
        "pmin=5&gt=x",
        "pmin=5&color=red",
        "gt=10&lt=10",
        "gt=10&lt=5&st=2.5",
        "gt=-5&lt=5",
        "lt=5&gt=5.000001&st=0.000001",
    };
    (void)state;
    struct desk d;
    begin(&d);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        write_attributes(&d, "/3/0/9", bad[i], "80");
        discover(&d, "/3/0/9", "</3/0/9>"); /* nothing of it has stayed */
    }
    write_attributes(&d, "/3/0/9", "gt=10&lt=5&st=2.499999", "44");
    write_attributes(&d, "/3/0/9", "st=3", "80"); /* with what is there */
    write_attributes(&d, "/3/0/9", "st=3&lt", "44");
    desk_end(&d);
}

static void comparisons_are_for_numbers_alone(void **state) /* LwM2M 1.0 5.1.2 */
{
    static const char *const paths[] = {"/3", "/3/0", "/3/0/0", "/4/0/4", "/1/0/6", "/1/0/7"};
    static const char *const queries[] = {"gt=1", "lt=1", "st=1", "gt"};
    (void)state;
    struct desk d;
    begin(&d);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        for (size_t k = 0; k < sizeof(queries) / sizeof(queries[0]); k++)
            write_attributes(&d, paths[i], queries[k], "80");
        write_attributes(&d, paths[i], "pmin=1&pmax=2", "44");
        write_attributes(&d, paths[i], "pmin&pmax", "44");
    }
    desk_end(&d);
}

static void attributes_have_their_places(void **state) /* LwM2M 1.0 5.4.4; custom: docs/AT.md */
{
    (void)state;
    struct desk d;
    begin(&d);
    write_attributes(&d, "/0/0/0", "pmin=1", "81");
    write_attributes(&d, "/3/1", "pmin=1", "84");
    write_attributes(&d, "/3/0/5", "pmin=1", "84");
    write_attributes(&d, "/3/0/4", "pmin=1", "85"); /* executable */
    write_attributes(&d, "/5/0/1", "pmin=1", "85"); /* cannot be read */
    write_attributes(&d, "/19/0/0", "pmin=1", "85");
    write_attributes(&d, "/19", "pmax=1", "85");
    write_attributes(&d, "/20", "pmin=1", "85");
    desk_end(&d);
}

static void seventeenth_attribute_is_5_03(void **state) /* limits.h */
{
    static const unsigned resources[] = {0, 1, 2, 3, 6, 7, 8, 10};
    (void)state;
    struct desk d;
    begin(&d);
    for (unsigned i = 0; i < BC_ATTRIBUTES_MAX / 2; i++) {
        char path[20];
        snprintf(path, sizeof(path), "/3/0/%u", resources[i]);
        write_attributes(&d, path, "pmin=1&pmax=2", "44");
    }
    write_attributes(&d, "/3/0/9", "pmin=1", "A3");
    write_attributes(&d, "/3/0/0", "pmin=5", "44"); /* no new one */
    write_attributes(&d, "/3/0/0", "pmin", "44");
    write_attributes(&d, "/3/0/9", "gt=1", "A3"); /* needs two places */
    discover(&d, "/3/0/9", "</3/0/9>");
    write_attributes(&d, "/3/0/1", "pmin", "44");
    write_attributes(&d, "/3/0/9", "gt=1", "44");
    write_attributes(&d, "/3/0/11", "pmin=1", "A3");
    write_attributes(&d, "/3/0/9", "gt", "44"); /* gives both back */
    write_attributes(&d, "/3/0/11", "pmin=1&pmax=2", "44");
    desk_end(&d);
}

/* --- pmin and pmax ---------------------------------------------------------------------------- */

/*
 *   server                              module
 *     | --- PUT /3/0/9?pmin=5&pmax=15 --> |
 *     | --- GET /3/0/9 Observe 0 -------> |
 *     | <-- 2.05 100 -------------------- |
 *     |                                   |   2 s later the level falls to 90, then to 80
 *     | <-- CON 2.05 80 ----------------- |   3 s later
 *     | <-- CON 2.05 80 ----------------- |   15 s later
 */
static void observation_and_notification_of_parameter_values(void **state) /* OMA ETS 301 */
{
    (void)state;
    struct desk d;
    begin(&d);
    write_attributes(&d, "/3/0/9", "pmin=5&pmax=15", "44");
    observe(&d, "/3/0/9", "100");
    desk_after(&d, 2000);
    set_battery(&d, 90);
    set_battery(&d, 80);
    desk_quiet_until(&d, 3000);
    reported(&d, 1, "80");
    desk_quiet_until(&d, 15000);
    reported(&d, 2, "80");
    desk_after(&d, 5000);
    set_battery(&d, 70); /* pmin is over: at once */
    reported(&d, 3, "70");
    desk_quiet_until(&d, 15000);
    reported(&d, 4, "70");
    desk_end(&d);
}

static void reset_ends_periodic_reports(void **state) /* OMA ETS 302 */
{
    (void)state;
    struct desk d;
    begin(&d);
    write_attributes(&d, "/3/0/9", "pmax=20", "44");
    observe(&d, "/3/0/9", "100");
    desk_quiet_until(&d, 20000);
    desk_wire(&d, "4245 <mid> B1B2 6101 60 FF'100'");
    desk_server(&d, "7000 <mid>");
    desk_urc(&d, "+QLAURC: \"lw_event\",0,5,<mid>");
    desk_after(&d, 60000);
    desk_end(&d);
}

static void cancel_ends_periodic_reports(void **state) /* OMA ETS 303 */
{
    (void)state;
    struct desk d;
    begin(&d);
    write_attributes(&d, "/3/0/9", "pmin=10&pmax=20", "44");
    observe(&d, "/3/0/9", "100");
    desk_after(&d, 1000);
    set_battery(&d, 99);
    desk_server(&d, "42013001B1B2 6101 51'3' 01'0' 01'9'");
    desk_wire(&d, "62453001B1B2 C0 FF'99'");
    desk_after(&d, 60000); /* neither the change that waited nor pmax */
    desk_end(&d);
}

static void clock_is_reported_every_pmax(void **state) /* 3/0/13 */
{
    (void)state;
    struct desk d;
    begin(&d);
    desk_clock(&d, 1000);
    write_attributes(&d, "/3/0/13", "pmax=60", "44");
    observe(&d, "/3/0/13", "1000");
    desk_quiet_until(&d, 60000);
    reported(&d, 1, "1060");
    desk_quiet_until(&d, 60000);
    reported(&d, 2, "1120");
    desk_end(&d);
}

static void resource_inherits_from_instance_and_object(void **state) /* LwM2M 1.0 5.1.2 */
{
    (void)state;
    struct desk d;
    begin(&d);
    write_attributes(&d, "/3", "pmin=30&pmax=40", "44");
    write_attributes(&d, "/3/0", "pmax=50", "44");
    observe(&d, "/3/0/9", "100");
    set_battery(&d, 99);
    desk_quiet_until(&d, 30000); /* pmin of the object */
    reported(&d, 1, "99");
    desk_quiet_until(&d, 50000); /* pmax of the instance */
    reported(&d, 2, "99");
    write_attributes(&d, "/3/0/9", "pmin=0&pmax=0", "44"); /* its own: neither */
    set_battery(&d, 98);
    reported(&d, 3, "98");
    desk_after(&d, 80000);
    desk_end(&d);
}

static void default_periods_of_the_server_object_count(void **state) /* 1/0/2, 1/0/3 */
{
    (void)state;
    struct desk d;
    begin(&d);
    write_text(&d, "/1/0/2", "7");
    write_text(&d, "/1/0/3", "21");
    observe(&d, "/3/0/9", "100");
    set_battery(&d, 50);
    desk_quiet_until(&d, 7000);
    reported(&d, 1, "50");
    desk_quiet_until(&d, 21000);
    reported(&d, 2, "50");
    write_attributes(&d, "/3", "pmin=3", "44");
    set_battery(&d, 40);
    desk_quiet_until(&d, 3000);
    reported(&d, 3, "40");
    write_text(&d, "/1/0/3", "0");
    desk_after(&d, 60000);
    desk_end(&d);
}

static void pmax_below_pmin_is_ignored(void **state) /* LwM2M 1.0 5.1.2 */
{
    (void)state;
    struct desk d;
    begin(&d);
    write_attributes(&d, "/3/0/9", "pmin=20&pmax=19", "44");
    observe(&d, "/3/0/9", "100");
    desk_after(&d, 50000);
    desk_quiet(&d);
    write_attributes(&d, "/3/0/9", "pmax=20", "44");
    desk_wire(&d, "4245 <mid> B1B2 6101 60 FF'100'"); /* long over */
    desk_server(&d, "6000 <mid>");
    desk_quiet_until(&d, 20000);
    reported(&d, 2, "100");
    desk_end(&d);
}

/* What waits for pmin on an instance is the instance: more than one resource may have changed. */
static void instance_is_reported_whole_after_its_pmin(void **state)
{
    (void)state;
    struct desk d;
    begin(&d);
    write_attributes(&d, "/5/0", "pmin=10", "44");
    write_attributes(&d, "/1/0", "pmin=10", "44");
    desk_server(&d, "42011001B1B2 60 51'1' 01'0'");
    assert_int_equal(d.wires, 1);
    d.wires = 0;
    write_text(&d, "/1/0/5", "6");
    write_text(&d, "/1/0/6", "0");
    desk_quiet_until(&d, 10000);
    desk_wire(&d, "4245 <mid> B1B2 6101 622D16 FF C10001 C201012C C10200 C10300 C10506 C10600 "
                  "C207'UQ'");
    desk_server(&d, "6000 <mid>");
    desk_after(&d, 10000);
    write_text(&d, "/1/0/5", "7");
    desk_wire(&d, "4245 <mid> B1B2 6102 622D16 FF C10507"); /* alone, at once */
    desk_server(&d, "6000 <mid>");
    desk_end(&d);
}

/* --- gt, lt, st ------------------------------------------------------------------------------- */

static void value_is_reported_when_it_crosses_gt_or_lt(void **state) /* LwM2M 1.0 5.1.2 */
{
    static const struct {
        int percent;
        bool told;
    } steps[] = {
        {90, false}, {51, false}, {50, true},  {10, false}, {11, false},  {9, true}, {0, false},
        {9, false},  {10, true},  {50, false}, {51, true},  {100, false}, {9, true}, /* both */
    };
    (void)state;
    struct desk d;
    unsigned sequence = 0;
    begin(&d);
    write_attributes(&d, "/3/0/9", "gt=50&lt=10", "44");
    observe(&d, "/3/0/9", "100");
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        char value[8];
        snprintf(value, sizeof(value), "%d", steps[i].percent);
        set_battery(&d, steps[i].percent);
        if (steps[i].told)
            reported(&d, ++sequence, value);
        desk_quiet(&d);
    }
    desk_end(&d);
}

static void value_is_reported_when_it_is_a_step_away_from_the_last(void **state) /* 5.1.2 st */
{
    (void)state;
    struct desk d;
    begin(&d);
    observe(&d, "/3/0/9", "100");
    write_attributes(&d, "/3/0/9", "st=9.5", "44"); /* while it is observed */
    set_battery(&d, 91);
    desk_quiet(&d);
    set_battery(&d, 90); /* 10 from the one that was reported */
    reported(&d, 1, "90");
    set_battery(&d, 99);
    desk_quiet(&d);
    set_battery(&d, 100);
    reported(&d, 2, "100");
    write_attributes(&d, "/3/0/9", "st", "44");
    set_battery(&d, 99);
    reported(&d, 3, "99");
    write_attributes(&d, "/3/0/9", "st=0", "44");
    set_battery(&d, 98);
    reported(&d, 4, "98");
    desk_end(&d);
}

/* What the answer to an observe shows is reported, too. */
static void step_is_measured_from_what_the_observe_showed(void **state)
{
    (void)state;
    struct desk d;
    begin(&d);
    write_attributes(&d, "/3/0/9", "st=10", "44");
    set_battery(&d, 50);
    observe(&d, "/3/0/9", "50");
    set_battery(&d, 59);
    desk_quiet(&d);
    set_battery(&d, 60);
    reported(&d, 1, "60");
    desk_end(&d);
}

/* pmax reports whatever gt says, and what it reported is what the next value is compared with. */
static void pmax_reports_below_the_step_too(void **state)
{
    (void)state;
    struct desk d;
    begin(&d);
    write_attributes(&d, "/3/0/9", "st=10&pmax=30&pmin=5", "44");
    observe(&d, "/3/0/9", "100");
    desk_after(&d, 10000);
    set_battery(&d, 91);
    desk_quiet_until(&d, 20000);
    reported(&d, 1, "91");
    set_battery(&d, 82); /* 9 away */
    desk_after(&d, 6000);
    desk_quiet(&d);
    set_battery(&d, 81);
    reported(&d, 2, "81");
    set_battery(&d, 71); /* crossed within pmin, and back again: the report is due all the same */
    set_battery(&d, 80);
    desk_quiet_until(&d, 5000);
    reported(&d, 3, "80");
    desk_end(&d);
}

static void first_of_several_numbers_is_compared(void **state) /* OMA ETS 260; LwM2M 1.0 5.1.2 */
{
    (void)state;
    struct desk d;
    begin(&d);
    write_attributes(&d, "/3/0/7", "gt=3500&lt=3000&st=100", "44");
    discover(&d, "/3/0/7", "</3/0/7>;dim=1;gt=3500;lt=3000;st=100");
    desk_server(&d, "42013001B1B2 60 51'3' 01'0' 01'7'");
    desk_wire(&d, "62453001B1B2 60 622D16 FF 8407 42000E10");
    desk_ok(&d, "AT+QLACFG=\"cfg_res\",3,0,7,\"3550\"");
    desk_quiet(&d);
    desk_ok(&d, "AT+QLACFG=\"cfg_res\",3,0,7,\"3499\"");
    desk_wire(&d, "4245 <mid> B1B2 6101 622D16 FF 8407 42000DAB");
    desk_end(&d);
}

static void text_and_huge_numbers_compare_without_harm(void **state) /* cfg_res takes any text */
{
    (void)state;
    struct desk d;
    begin(&d);
    write_attributes(&d, "/3/0/9", "gt=999999999999&lt=-999999999999&st=1", "44");
    observe(&d, "/3/0/9", "100");
    desk_ok(&d, "AT+QLACFG=\"cfg_res\",3,0,9,\"9223372036854775807\"");
    reported(&d, 1, "9223372036854775807");
    desk_ok(&d, "AT+QLACFG=\"cfg_res\",3,0,9,\"-9223372036854775808\"");
    reported(&d, 2, "-9223372036854775808");
    desk_ok(&d, "AT+QLACFG=\"cfg_res\",3,0,9,\"full\""); /* no number: any change counts */
    reported(&d, 3, "full");
    write_attributes(&d, "/3/0/9", "st=2", "44");
    desk_end(&d);
}

/* --- Time, sleep, limits ---------------------------------------------------------------------- */

static void periods_are_kept_where_32_bits_of_time_wrap(void **state)
{
    (void)state;
    struct desk d;
    last_id = 0x2000;
    desk_configured(&d);
    desk_after(&d, ((uint64_t)1 << 32) - 20000 - d.now_ms);
    desk_register(&d);
    desk_ok(&d, "AT+QLACFG=\"lifetime_enable\",0");
    write_attributes(&d, "/3/0/9", "pmin=30&pmax=60", "44");
    observe(&d, "/3/0/9", "100");
    set_battery(&d, 99);
    desk_quiet_until(&d, 30000);
    reported(&d, 1, "99");
    desk_quiet_until(&d, 60000);
    reported(&d, 2, "99");
    desk_end(&d);
}

/* A pmin of ten days is over after 49 days and a day, though the low 32 bits say one day. */
static void pmin_is_over_after_49_days(void **state)
{
    (void)state;
    struct desk d;
    begin(&d);
    write_attributes(&d, "/3/0/9", "pmin=864000", "44");
    observe(&d, "/3/0/9", "100");
    d.now_ms += ((uint64_t)1 << 32) + 86400000;
    set_battery(&d, 99);
    reported(&d, 1, "99");
    for (unsigned day = 0; day < 51; day++)
        desk_after(&d, 86400000);
    set_battery(&d, 98);
    reported(&d, 2, "98");
    desk_end(&d);
}

static void period_beyond_30_days_counts_as_30_days(void **state) /* report.c */
{
    (void)state;
    struct desk d;
    begin(&d);
    write_attributes(&d, "/3/0/9", "pmax=31536000", "44");
    observe(&d, "/3/0/9", "100");
    desk_quiet_until(&d, 2592000000);
    reported(&d, 1, "100");
    desk_quiet_until(&d, 2592000000);
    reported(&d, 2, "100");
    desk_end(&d);
}

/*
 *   server                        module (asleep)
 *     |                             |   pmax is over, twice
 *     | <-- CON POST /rd/5a3f ----- |   woken by its pin
 *     | --- ACK 2.04 -------------> |
 *     | <-- CON 2.05 -------------- |   the report, once
 */
static void report_that_is_due_in_deep_sleep_waits_for_the_wake_up(void **state)
{
    (void)state;
    struct desk d;
    begin(&d);
    write_attributes(&d, "/3/0/9", "pmax=60", "44");
    observe(&d, "/3/0/9", "100");
    desk_ok(&d, "AT+QSCLK=1");
    desk_after(&d, 200000);
    desk_urc(&d, "+QNBIOTEVENT: \"ENTER DEEPSLEEP\"");
    desk_quiet(&d);
    desk_wake_pin(&d);
    desk_urc(&d, "+QNBIOTEVENT: \"EXIT DEEPSLEEP\"");
    desk_wire(&d, "4402 <mid> <token> <location>");
    desk_quiet(&d);
    set_battery(&d, 99); /* while recovering: kept */
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAURC: \"recovered\",0");
    reported(&d, 1, "99");
    desk_ok(&d, "AT+QSCLK=0");
    desk_quiet_until(&d, 60000);
    reported(&d, 2, "99");
    desk_end(&d);
}

static void change_while_offline_is_kept_while_storing_is_on(void **state) /* 1/0/6 */
{
    (void)state;
    for (unsigned storing = 0; storing < 2; storing++) {
        struct desk d;
        begin(&d);
        write_text(&d, "/1/0/6", storing == 1 ? "1" : "0");
        observe(&d, "/3/0/9", "100");
        desk_ok(&d, "AT+QSCLK=1");
        desk_after(&d, 60000);
        desk_urc(&d, "+QNBIOTEVENT: \"ENTER DEEPSLEEP\"");
        desk_wake_pin(&d);
        desk_urc(&d, "+QNBIOTEVENT: \"EXIT DEEPSLEEP\"");
        desk_wire(&d, "4402 <mid> <token> <location>");
        set_battery(&d, 99);
        desk_quiet(&d);
        desk_server(&d, "6444 <mid> <token>");
        desk_urc(&d, "+QLAURC: \"recovered\",0");
        if (storing == 1)
            reported(&d, 1, "99");
        desk_end(&d);
    }
}

/*
 *   server                          module
 *     | <-- CON 2.05 99 [m] ----------- |
 *     |                                 |   98, 97: they wait, and so does another observation
 *     | --- ACK [m] ------------------> |
 *     | <-- CON 2.05 97 --------------- |
 */
static void report_waits_for_the_end_of_the_one_before_it(void **state) /* RFC 7641 4.5.1 */
{
    (void)state;
    struct desk d;
    begin(&d);
    write_attributes(&d, "/3", "pmax=10", "44");
    desk_server(&d, "4201 3001 C1C2 60 51'3' 01'0' 02'10'");
    desk_wire(&d, "6245 3001 C1C2 60 60 FF'64'");
    observe(&d, "/3/0/9", "100");
    set_battery(&d, 99);
    desk_wire(&d, "4245 <mid> B1B2 6101 60 FF'99'");
    set_battery(&d, 98);
    set_battery(&d, 97);
    desk_quiet_until(&d, 4000); /* pmin is none: only the acknowledgement is missing */
    desk_wire(&d, "4245 <again> B1B2 6101 60 FF'99'");
    desk_quiet_until(&d, 8000); /* pmax of 3/0/10 has gone by */
    desk_wire(&d, "4245 <again> B1B2 6101 60 FF'99'");
    desk_server(&d, "6000 <mid>");
    desk_wire(&d, "4245 <mid> C1C2 6101 60 FF'64'");
    desk_quiet(&d);
    desk_server(&d, "6000 <mid>");
    desk_wire(&d, "4245 <mid> B1B2 6102 60 FF'97'");
    desk_server(&d, "6000 <mid>");
    desk_end(&d);
}

static void report_goes_on_when_the_one_before_it_is_given_up(void **state) /* RFC 7641 4.5.1 */
{
    (void)state;
    struct desk d;
    begin(&d);
    desk_ok(&d, "AT+QLACFG=\"retransmit\",2,0");
    observe(&d, "/3/0/9", "100");
    set_battery(&d, 99);
    desk_wire(&d, "4245 <mid> B1B2 6101 60 FF'99'");
    set_battery(&d, 98);
    desk_quiet_until(&d, 2000);
    reported(&d, 2, "98");
    desk_end(&d);
}

/* The host has filled all places: the report goes when one of them has come to its end. */
static void report_without_room_is_sent_a_second_later(void **state) /* BC_EXCHANGES_MAX */
{
    (void)state;
    struct desk d;
    begin(&d);
    desk_ok(&d, "AT+QLACFG=\"retransmit\",20,0");
    observe(&d, "/3/0/9", "100");
    for (int i = 0; i < BC_EXCHANGES_MAX; i++) {
        desk_ok(&d, "AT+QLAUPDATE=1,1");
        desk_wire(&d, "4402 <mid> <token> <location> 44'b=UQ'");
    }
    set_battery(&d, 50);
    desk_after(&d, 500);
    desk_quiet(&d);
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAUPDATE: 0,<mid>");
    desk_quiet_until(&d, 500);
    reported(&d, 1, "50");
    desk_end(&d);
}

static void new_registration_begins_without_attributes(void **state)
{
    (void)state;
    struct desk d;
    begin(&d);
    write_attributes(&d, "/3/0/9", "pmin=10&gt=3", "44");
    desk_ok(&d, "AT+QLADEREG");
    desk_wire(&d, "4404 <mid> <token> <location>");
    desk_server(&d, "6442 <mid> <token>");
    desk_urc(&d, "+QLADEREG: 0");
    desk_register(&d);
    discover(&d, "/3/0/9", "</3/0/9>");
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_attributes_on_a_multiple_resource),
        cmocka_unit_test(attributes_of_each_level_are_discovered),
        cmocka_unit_test(attribute_without_value_is_taken_back),
        cmocka_unit_test(decimals_are_shown_as_short_as_they_are),
        cmocka_unit_test(attributes_that_are_none_are_bad_requests),
        cmocka_unit_test(comparisons_are_for_numbers_alone),
        cmocka_unit_test(attributes_have_their_places),
        cmocka_unit_test(seventeenth_attribute_is_5_03),
        cmocka_unit_test(observation_and_notification_of_parameter_values),
        cmocka_unit_test(reset_ends_periodic_reports),
        cmocka_unit_test(cancel_ends_periodic_reports),
        cmocka_unit_test(clock_is_reported_every_pmax),
        cmocka_unit_test(resource_inherits_from_instance_and_object),
        cmocka_unit_test(default_periods_of_the_server_object_count),
        cmocka_unit_test(pmax_below_pmin_is_ignored),
        cmocka_unit_test(instance_is_reported_whole_after_its_pmin),
        cmocka_unit_test(value_is_reported_when_it_crosses_gt_or_lt),
        cmocka_unit_test(value_is_reported_when_it_is_a_step_away_from_the_last),
        cmocka_unit_test(step_is_measured_from_what_the_observe_showed),
        cmocka_unit_test(pmax_reports_below_the_step_too),
        cmocka_unit_test(first_of_several_numbers_is_compared),
        cmocka_unit_test(text_and_huge_numbers_compare_without_harm),
        cmocka_unit_test(periods_are_kept_where_32_bits_of_time_wrap),
        cmocka_unit_test(pmin_is_over_after_49_days),
        cmocka_unit_test(period_beyond_30_days_counts_as_30_days),
        cmocka_unit_test(report_that_is_due_in_deep_sleep_waits_for_the_wake_up),
        cmocka_unit_test(change_while_offline_is_kept_while_storing_is_on),
        cmocka_unit_test(report_waits_for_the_end_of_the_one_before_it),
        cmocka_unit_test(report_goes_on_when_the_one_before_it_is_given_up),
        cmocka_unit_test(report_without_room_is_sent_a_second_later),
        cmocka_unit_test(new_registration_begins_without_attributes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
