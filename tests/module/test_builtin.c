/*
 * The objects every module has: 1 Server, 3 Device, 4 Connectivity Monitoring, 5 Firmware Update
 * (state only). The module answers for them itself (LwM2M 1.0 appendix E, MODULE 4).
 */
#include <stdio.h>

#include "desk.h"

/* --- Values ---------------------------------------------------------------------------------- */

/* What a resource reads as. A list has one resource instance with id 0. */
struct row {
    unsigned resource;
    const char *text; /* NULL: a list, which is never text */
    const char *raw;  /* pattern of its bytes in TLV */
};

#define LAST               \
    {                      \
        0xFFFF, NULL, NULL \
    }

static const struct row server_rows[] = {
    {0, "1", "01"},           {1, "300", "012C"}, {2, "0", "00"},    {3, "0", "00"},
    {5, "86400", "00015180"}, {6, "1", "01"},     {7, "UQ", "'UQ'"}, LAST,
};

static const struct row device_rows[] = {
    {0, "Quectel_Ltd", "'Quectel_Ltd'"},
    {1, "Quectel_BC260Y-CN", "'Quectel_BC260Y-CN'"},
    {2, "867724030023557", "'867724030023557'"},
    {3, "BC260YCNAAR01A02", "'BC260YCNAAR01A02'"},
    {6, NULL, "01"},
    {7, NULL, "0E10"},
    {8, NULL, "00"},
    {9, "100", "64"},
    {10, "64", "40"},
    {11, NULL, "00"},
    {13, "0", "00"},
    {14, "+08:00", "'+08:00'"},
    {15, "Asia/Shanghai", "'Asia/Shanghai'"},
    {16, "UQ", "'UQ'"},
    {17, "500677", "'500677'"},
    LAST,
};

static const struct row connectivity_rows[] = {
    {0, "7", "07"},
    {1, NULL, "07"},
    {2, "-63", "C1"},
    {3, "20", "14"},
    {4, NULL, "'10.177.135.245'"},
    {5, NULL, "'10.0.0.1'"},
    {6, "0", "00"},
    {7, NULL, "'ctnb'"},
    {8, "200636113", "0BF576D1"},
    {9, "11", "0B"},
    {10, "460", "01CC"},
    LAST,
};

static const struct row firmware_rows[] = {
    {3, "0", "00"},
    {5, "0", "00"},
    {8, NULL, "00"},
    LAST,
};

static const struct {
    unsigned object;
    const struct row *row;
} objects[] = {{1, server_rows}, {3, device_rows}, {4, connectivity_rows}, {5, firmware_rows}};

#define OBJECTS (sizeof(objects) / sizeof(objects[0]))

static void begin(struct desk *d)
{
    desk_registered(d);
    desk_ok(d, "AT+QLACFG=\"cfg_res\",3,0,17,\"500677\"");
}

#define GET 1
#define POST 2
#define PUT 3

/* A TLV reader of the test's own (LwM2M 1.0 section 6.4.3). */
struct entry {
    unsigned type, id;
    const uint8_t *value;
    size_t len;
};

static size_t number(const uint8_t **at, const uint8_t *end, unsigned bytes)
{
    size_t value = 0;
    while (bytes-- > 0) {
        assert_true(*at < end);
        value = value << 8 | *(*at)++;
    }
    return value;
}

static struct entry next_entry(const uint8_t **at, const uint8_t *end)
{
    struct entry entry = {0};
    size_t head = number(at, end, 1);
    entry.type = (unsigned)(head >> 6);
    entry.id = (unsigned)number(at, end, (head & 0x20) != 0 ? 2 : 1);
    unsigned len_bytes = head >> 3 & 3;
    entry.len = len_bytes == 0 ? head & 7 : number(at, end, len_bytes);
    assert_true(entry.len <= (size_t)(end - *at));
    entry.value = *at;
    *at += entry.len;
    return entry;
}

static void check_resource(const struct desk *d, const struct entry *entry, const struct row *row)
{
    uint8_t raw[200];
    size_t len = desk_bytes(d, row->raw, raw, sizeof(raw));
    const uint8_t *at = entry->value;
    struct entry value = *entry;
    assert_int_equal(entry->id, row->resource);
    assert_int_equal(entry->type, row->text == NULL ? 2 : 3);
    if (row->text == NULL) {
        value = next_entry(&at, entry->value + entry->len);
        assert_int_equal(value.type, 1);
        assert_int_equal(value.id, 0);
        assert_ptr_equal(at, entry->value + entry->len);
    }
    assert_int_equal(value.len, len);
    assert_memory_equal(value.value, raw, len);
}

/* The payload of the next datagram, which is 2.05 TLV with two bytes of token. */
static const uint8_t *take_tlv(struct desk *d, const uint8_t **end)
{
    static const uint8_t options[] = {0xC2, 0x2D, 0x16, 0xFF};
    const struct desk_datagram *wire = &d->wire[0];
    assert_int_equal(d->wires, 1);
    assert_int_equal(wire->bytes[1], 0x45);
    assert_memory_equal(wire->bytes + 6, options, sizeof(options));
    *end = wire->bytes + wire->len;
    d->wires = 0;
    return wire->bytes + 6 + sizeof(options);
}

static void check_rows(const struct desk *d, const uint8_t *at, const uint8_t *end,
                       const struct row *row)
{
    for (; row->raw != NULL; row++) {
        struct entry entry = next_entry(&at, end);
        check_resource(d, &entry, row);
    }
    assert_ptr_equal(at, end);
}

static void every_resource_can_be_read_alone(void **state) /* LwM2M 1.0 appendix E */
{
    (void)state;
    struct desk d;
    char text[200];
    const uint8_t *end;
    begin(&d);
    for (size_t o = 0; o < OBJECTS; o++)
        for (const struct row *row = objects[o].row; row->raw != NULL; row++) {
            char path[30];
            snprintf(path, sizeof(path), "/%u/0/%u", objects[o].object, row->resource);
            desk_ask(&d, GET, path, row->text == NULL ? "" : "622D16");
            const uint8_t *at = take_tlv(&d, &end);
            struct entry entry = next_entry(&at, end);
            assert_ptr_equal(at, end);
            check_resource(&d, &entry, row);
            if (row->text == NULL)
                continue;
            desk_ask(&d, GET, path, "");
            snprintf(text, sizeof(text), "45 C0 FF'%s'", row->text);
            desk_answered(&d, text);
            desk_ask(&d, GET, path, "612A");
            snprintf(text, sizeof(text), "45 C12A FF %s", row->raw);
            desk_answered(&d, text);
        }
    desk_end(&d);
}

static void every_instance_and_object_can_be_read_whole(void **state) /* LwM2M 1.0 5.4.1 */
{
    (void)state;
    struct desk d;
    const uint8_t *end;
    begin(&d);
    for (size_t o = 0; o < OBJECTS; o++) {
        char path[30];
        snprintf(path, sizeof(path), "/%u/0", objects[o].object);
        desk_ask(&d, GET, path, "");
        const uint8_t *at = take_tlv(&d, &end);
        check_rows(&d, at, end, objects[o].row);
        snprintf(path, sizeof(path), "/%u", objects[o].object);
        desk_ask(&d, GET, path, "622D16");
        at = take_tlv(&d, &end);
        struct entry instance = next_entry(&at, end);
        assert_ptr_equal(at, end);
        assert_int_equal(instance.type, 0);
        assert_int_equal(instance.id, 0);
        check_rows(&d, instance.value, instance.value + instance.len, objects[o].row);
    }
    desk_end(&d);
}

static void discover_lists_the_resources(void **state) /* LwM2M 1.0 5.4.2 */
{
    (void)state;
    struct desk d;
    begin(&d);
    desk_ask(&d, GET, "/1", "6128");
    desk_answered(&d,
                  "45 C128 FF'</1>,</1/0>,</1/0/0>,</1/0/1>,</1/0/2>,</1/0/3>,</1/0/4>,</1/0/5>,"
                  "</1/0/6>,</1/0/7>,</1/0/8>'");
    desk_ask(&d, GET, "/5/0", "6128");
    desk_answered(&d, "45 C128 FF'</5/0>,</5/0/1>,</5/0/2>,</5/0/3>,</5/0/5>,</5/0/8>;dim=1'");
    desk_ask(&d, GET, "/3/0/9", "6128");
    desk_answered(&d, "45 C128 FF'</3/0/9>'");
    desk_end(&d);
}

static void what_cannot_be_done_is_refused(void **state) /* MODULE 4 */
{
    (void)state;
    static const struct {
        unsigned code;
        const char *path;
        const char *rest;
        const char *answer;
    } rows[] = {
        {GET, "/3/1", "", "84"},
        {GET, "/3/0/5", "", "84"},
        {GET, "/2", "", "84"},
        {GET, "/3/0/4", "", "85"}, /* executable */
        {GET, "/1/0/8", "", "85"},
        {GET, "/5/0/1", "", "85"},          /* write only */
        {GET, "/3/0/0", "6132", "86"},      /* Accept 50 */
        {GET, "/3/0", "60", "86"},          /* an instance as text */
        {GET, "/3/0/6", "60", "86"},        /* a list as text */
        {PUT, "/3/0/0", "10FF'x'", "85"},   /* read only */
        {PUT, "/3/0/0", "1132FF'x'", "85"}, /* in whatever form */
        {PUT, "/3/0/6", "122D16FF8306410001", "85"},
        {PUT, "/5/0/0", "112AFF00", "85"}, /* package push */
        {PUT, "/5/0/0", "122D16FFC10041", "85"},
        {PUT, "/5/0", "122D16FFC10041", "85"}, /* the same of the instance, also with a URI */
        {POST, "/5/0", "122D16FFC10041 C101'x'", "85"},
        {POST, "/5/0", "122D16FFC101'x' C10041", "85"},
        {PUT, "/3/0/5", "10FF'x'", "84"},
        {PUT, "/1/0/1", "1132FF'{}'", "8F"},
        {PUT, "/1/0", "10FF'1'", "8F"},
        {PUT, "/1/0/1", "10FF'19'", "80"},
        {PUT, "/1/0/1", "10FF'31536001'", "80"},
        {PUT, "/1/0/1", "10FF'x'", "80"},
        {PUT, "/1/0/1", "10", "80"},
        {PUT, "/1/0/1", "122D16FFC30100012C", "80"}, /* three bytes */
        {PUT, "/1/0/1", "122D16FFC20201FF", "80"},   /* another resource */
        {PUT, "/1/0/1", "122D16FFC501", "80"},       /* cut off */
        {PUT, "/1/0/6", "10FF'2'", "80"},
        {PUT, "/1/0/7", "10FF'SQ'", "80"},
        {PUT, "/3/0/14", "10FF'+08:00:00'", "80"},
        {POST, "/1/0", "122D16 FF C2010258 C10005", "85"}, /* one of them is read only */
        {POST, "/3/0/9", "", "85"},
        {POST, "/1/0/1", "", "85"},
        {POST, "/5/0/2", "", "85"},
        {POST, "/3", "", "85"},
        {4, "/3/0", "", "85"},
    };
    struct desk d;
    char line[120];
    begin(&d);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(line, sizeof(line), "%u %s %s", rows[i].code, rows[i].path, rows[i].rest);
        snprintf(d.last_line, sizeof(d.last_line), "%s", line);
        desk_ask(&d, rows[i].code, rows[i].path, rows[i].rest);
        desk_answered(&d, rows[i].answer);
    }
    desk_tells(&d, "AT+QLACONFIG?", "+QLACONFIG: 0,180.101.147.115,5683,867724030023557,300,3,1");
    desk_end(&d);
}

/* --- Writing --------------------------------------------------------------------------------- */

/*
 *   host                         module                          server
 *    |                             | <-- CON PUT /1/0/1 600 ----- |
 *    | <- "lifetime_changed",600 - | --- ACK 2.04 --------------> |
 *    |                             | --- CON POST /rd/5a3f?lt --> |
 *    |                             | <-- ACK 2.04 --------------- |
 */
static void server_writes_the_lifetime(void **state) /* G 3.10, MODULE 2 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ask(&d, PUT, "/1/0/1", "10FF'600'");
    desk_answered(&d, "44");
    desk_urc(&d, "+QLAURC: \"lifetime_changed\",600");
    desk_wire(&d, "4402 <mid> <token> <location> 46'lt=600'");
    desk_server(&d, "6444 <mid> <token>");
    desk_tells(&d, "AT+QLACONFIG?", "+QLACONFIG: 0,180.101.147.115,5683,867724030023557,600,3,1");
    desk_quiet_until(&d, 535000);
    desk_wire(&d, "4402 <mid> <token> <location>");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAURC: \"ping\",0");
    desk_ask(&d, PUT, "/1/0/1", "122D16FFC2010258"); /* the same again */
    desk_answered(&d, "44");
    desk_ask(&d, PUT, "/1/0/1", "122D16FFC40100015180");
    desk_answered(&d, "44");
    desk_urc(&d, "+QLAURC: \"lifetime_changed\",86400");
    desk_wire(&d, "4402 <mid> <token> <location> 48'lt=86400'");
    desk_server(&d, "6444 <mid> <token>");
    desk_end(&d);
}

static void server_writes_the_binding(void **state) /* G 3.11, 5.4.2 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ask(&d, PUT, "/1/0/7", "10FF'U'");
    desk_answered(&d, "44");
    desk_urc(&d, "+QLAURC: \"binding_changed\",U");
    desk_wire(&d, "4402 <mid> <token> <location> 43'b=U'");
    desk_server(&d, "6444 <mid> <token>");
    desk_ask(&d, PUT, "/1/0/7", "122D16FFC207'UQ'");
    desk_answered(&d, "44");
    desk_urc(&d, "+QLAURC: \"binding_changed\",UQ");
    desk_wire(&d, "4402 <mid> <token> <location> 44'b=UQ'");
    desk_server(&d, "6444 <mid> <token>");
    desk_end(&d);
}

static void server_writes_several_resources_at_once(void **state) /* LwM2M 1.0 5.4.3 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ask(&d, POST, "/1/0", "122D16 FF C10205 C1030A C10600");
    desk_answered(&d, "44");
    desk_ask(&d, GET, "/1/0/2", "");
    desk_answered(&d, "45 C0 FF'5'");
    desk_ask(&d, GET, "/1/0/3", "");
    desk_answered(&d, "45 C0 FF'10'");
    desk_ask(&d, GET, "/1/0/6", "");
    desk_answered(&d, "45 C0 FF'0'");
    desk_end(&d);
}

static void lifetime_and_binding_written_at_once_make_one_update(void **state) /* 1/0/1, 1/0/7 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ask(&d, POST, "/1/0", "122D16 FF C2010258 C107'U'");
    desk_answered(&d, "44");
    desk_urc(&d, "+QLAURC: \"lifetime_changed\",600");
    desk_urc(&d, "+QLAURC: \"binding_changed\",U");
    desk_wire(&d, "4402 <mid> <token> <location> 43'b=U' 06'lt=600'");
    desk_server(&d, "6444 <mid> <token>");
    desk_end(&d);
}

static void empty_text_is_written_and_read(void **state) /* 3/0/14, 3/0/15 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ask(&d, PUT, "/3/0/14", "10");
    desk_answered(&d, "44");
    desk_ask(&d, GET, "/3/0/14", "");
    desk_answered(&d, "45 C0");
    desk_ask(&d, PUT, "/3/0/15", "122D16 FF C00F");
    desk_answered(&d, "44");
    desk_ask(&d, GET, "/3/0/15", "");
    desk_answered(&d, "45 C0");
    desk_end(&d);
}

static void time_that_no_calendar_has_is_refused(void **state) /* 3/0/13 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ask(&d, PUT, "/3/0/13", "10FF'253402300799'");
    desk_answered(&d, "44");
    desk_tells(&d, "AT+CCLK?", "+CCLK: \"9999/12/31,23:59:59+32\"");
    desk_ask(&d, PUT, "/3/0/13", "10FF'253402300800'");
    desk_answered(&d, "80");
    desk_ask(&d, PUT, "/3/0/13", "10FF'-1'");
    desk_answered(&d, "80");
    desk_ask(&d, PUT, "/3/0/13", "10FF'9223372036854775807'");
    desk_answered(&d, "80");
    desk_end(&d);
}

static void server_sets_clock_and_zone(void **state) /* 3/0/13 to 3/0/15 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ask(&d, PUT, "/3/0/13", "10FF'1795329000'");
    desk_answered(&d, "44");
    desk_ask(&d, PUT, "/3/0/14", "10FF'+09:00'");
    desk_answered(&d, "44");
    desk_ask(&d, PUT, "/3/0/15", "10FF'Asia/Tokyo'");
    desk_answered(&d, "44");
    desk_after(&d, 60000);
    desk_tells(&d, "AT+CCLK?", "+CCLK: \"2026/11/22,06:31:00+32\"");
    desk_ask(&d, GET, "/3/0/13", "");
    desk_answered(&d, "45 C0 FF'1795329060'");
    desk_ask(&d, GET, "/3/0/14", "");
    desk_answered(&d, "45 C0 FF'+09:00'");
    desk_ask(&d, GET, "/3/0/15", "");
    desk_answered(&d, "45 C0 FF'Asia/Tokyo'");
    desk_end(&d);
}

/* --- Executing ------------------------------------------------------------------------------- */

static void update_trigger_sends_an_update_without_parameters(void **state) /* 1/0/8 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ask(&d, POST, "/1/0/8", "");
    desk_answered(&d, "44");
    desk_wire(&d, "4402 <mid> <token> <location>");
    desk_server(&d, "6444 <mid> <token>");
    desk_end(&d);
}

/*
 *   server                          module
 *     | --- PUT /1/0/1 600 ----------> |
 *     | <-- POST /rd/5a3f?lt=600 [m] - |   not answered
 *     | --- POST /1/0/8 -------------> |
 *     | <-- POST /rd/5a3f?lt=600 ----- |   in its place
 */
static void update_that_is_asked_for_again_takes_the_place_of_the_first(void **state) /* 1/0/8 */
{
    (void)state;
    struct desk d;
    char first[40];
    desk_registered(&d);
    desk_ask(&d, PUT, "/1/0/1", "10FF'600'");
    desk_answered(&d, "44");
    desk_urc(&d, "+QLAURC: \"lifetime_changed\",600");
    desk_wire(&d, "4402 <mid> <token> <location> 46'lt=600'");
    snprintf(first, sizeof(first), "6444 %04X %02X%02X%02X%02X", d.mid, d.token[0], d.token[1],
             d.token[2], d.token[3]);
    for (unsigned i = 0; i <= BC_EXCHANGES_MAX; i++) {
        desk_ask(&d, POST, "/1/0/8", "");
        desk_answered(&d, "44");
        desk_wire(&d, "4402 <mid> <token> <location> 46'lt=600'");
    }
    desk_server(&d, first); /* nobody waits for it any more */
    desk_quiet_until(&d, 4000);
    desk_wire(&d, "4402 <again> <token> <location> 46'lt=600'");
    desk_server(&d, "6444 <mid> <token>");
    desk_ask(&d, POST, "/1/0/8", "");
    desk_answered(&d, "44");
    desk_wire(&d, "4402 <mid> <token> <location>");
    desk_server(&d, "6444 <mid> <token>");
    desk_end(&d);
}

static void disable_deregisters(void **state) /* 1/0/4 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ask(&d, POST, "/1/0/4", "");
    desk_answered(&d, "44");
    desk_wire(&d, "4404 <mid> <token> <location>");
    desk_status(&d, 3);
    desk_server(&d, "6442 <mid> <token>");
    desk_status(&d, 4);
    desk_end(&d);
}

static void reboot_comes_after_its_answer(void **state) /* 3/0/4 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_observed(&d);
    desk_ask(&d, POST, "/3/0/4", "");
    desk_answered(&d, "44");
    desk_quiet_until(&d, 1000);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_host(&d, "ATE0");
    desk_expect(&d, "ATE0\r\r\nOK\r\n");
    desk_status(&d, 0);
    desk_tells(&d, "AT+QLACONFIG?", "+QLACONFIG: 0,180.101.147.115,5683,867724030023557,300,3,1");
    desk_ok(&d, "AT+QSCLK=0");
    desk_register(&d);
    desk_error(&d, "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0,0");
    desk_end(&d);
}

/* --- Observing ------------------------------------------------------------------------------- */

/*
 *   module                      server
 *    | <-- GET 3/0/9 observe --- |
 *    | --- ACK 2.05 100 -------> |
 *    | --- CON 2.05 50 --------> |   when the host has set another value
 *    | <-- empty ACK ----------- |
 */
static void change_of_an_observed_resource_is_notified(void **state) /* LwM2M 1.0 5.5 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42011001B1B2 60 51'3' 01'0' 01'9'");
    desk_wire(&d, "62451001B1B2 60 60 FF'100'");
    desk_ok(&d, "AT+QLACFG=\"cfg_res\",3,0,9,\"50\"");
    desk_wire(&d, "4245 <mid> B1B2 6101 60 FF'50'");
    desk_quiet_until(&d, 4000);
    desk_wire(&d, "4245 <again> B1B2 6101 60 FF'50'");
    desk_server(&d, "6000 <mid>");
    desk_ok(&d, "AT+QLACFG=\"cfg_res\",3,0,9,\"49\"");
    desk_wire(&d, "4245 <mid> B1B2 6102 60 FF'49'");
    desk_server(&d, "7000 <mid>");
    desk_urc(&d, "+QLAURC: \"lw_event\",0,5,<mid>");
    desk_ok(&d, "AT+QLACFG=\"cfg_res\",3,0,9,\"48\"");
    desk_quiet(&d);
    desk_server(&d, "42011002B1B2 6101 51'3' 01'0' 01'9'");
    desk_wire(&d, "62451002B1B2 C0 FF'48'");
    desk_end(&d);
}

static void lifetime_is_notified_whoever_changes_it(void **state) /* 1/0/1 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42011001B1B2 60 51'1' 01'0' 01'1'");
    desk_wire(&d, "62451001B1B2 60 60 FF'300'");
    desk_ask(&d, PUT, "/1/0/1", "10FF'600'");
    desk_answered(&d, "44");
    desk_urc(&d, "+QLAURC: \"lifetime_changed\",600");
    desk_wire(&d, "4245 <mid> B1B2 6101 60 FF'600'");
    desk_server(&d, "6000 <mid>");
    desk_wire(&d, "4402 <mid> <token> <location> 46'lt=600'");
    desk_server(&d, "6444 <mid> <token>");
    desk_ok(&d, "AT+QLAUPDATE=0,900");
    desk_wire(&d, "4402 <mid> <token> <location> 46'lt=900'");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAUPDATE: 0,<mid>");
    desk_wire(&d, "4245 <mid> B1B2 6102 60 FF'900'");
    desk_server(&d, "6000 <mid>");
    desk_end(&d);
}

static void change_below_an_observed_instance_is_notified_alone(void **state) /* MODULE 4 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42011001B1B2 60 51'1' 01'0'");
    assert_int_equal(d.wires, 1);
    assert_int_equal(d.wire[0].bytes[1], 0x45);
    d.wires = 0;
    desk_ask(&d, PUT, "/1/0/5", "10FF'5'");
    desk_answered(&d, "44");
    desk_wire(&d, "4245 <mid> B1B2 6101 622D16 FF C10505");
    desk_server(&d, "6000 <mid>");
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_resource_can_be_read_alone),
        cmocka_unit_test(every_instance_and_object_can_be_read_whole),
        cmocka_unit_test(discover_lists_the_resources),
        cmocka_unit_test(what_cannot_be_done_is_refused),
        cmocka_unit_test(server_writes_the_lifetime),
        cmocka_unit_test(server_writes_the_binding),
        cmocka_unit_test(server_writes_several_resources_at_once),
        cmocka_unit_test(lifetime_and_binding_written_at_once_make_one_update),
        cmocka_unit_test(empty_text_is_written_and_read),
        cmocka_unit_test(time_that_no_calendar_has_is_refused),
        cmocka_unit_test(server_sets_clock_and_zone),
        cmocka_unit_test(update_trigger_sends_an_update_without_parameters),
        cmocka_unit_test(update_that_is_asked_for_again_takes_the_place_of_the_first),
        cmocka_unit_test(disable_deregisters),
        cmocka_unit_test(reboot_comes_after_its_answer),
        cmocka_unit_test(change_of_an_observed_resource_is_notified),
        cmocka_unit_test(lifetime_is_notified_whoever_changes_it),
        cmocka_unit_test(change_below_an_observed_instance_is_notified_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
