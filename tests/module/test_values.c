/*
 * Values as the host writes them: types, lengths and ranges, and values in several parts (G 2.8,
 * 2.11; MODULE 2).
 */
#include <stdio.h>
#include <string.h>

#include "desk.h"

#define READ_19_0_0 "42011001A1A2 B2'19' 01'0' 01'0'"
#define SHOWN_19_0_0 "+QLAURC: \"read\",4097,19,0,0"

static void begin_read(struct desk *d)
{
    desk_registered(d);
    desk_server(d, READ_19_0_0);
    desk_urc(d, SHOWN_19_0_0);
}

static void value_of_a_wrong_length_or_range_is_an_error(void **state) /* G 2.8, MODULE 2 */
{
    (void)state;
    static const char *const wrong[] = {
        "0,1,\"a\"",
        "6,1,\"a\"",
        "1,4,\"abcde\"",
        "1,6,\"abcde\"",
        "1,-1,\"\"",
        "1,1025,\"a\"",
        "1,,\"a\"",
        ",1,\"a\"",
        "1,1,\"a",
        "1,1,\"a\"b",
        "2,1,\"0\"",
        "2,1,\"000\"",
        "2,2,\"00\"",
        "2,1,\"0g\"",
        "2,513,\"00\"",
        "2,-1,\"\"",
        "3,1,5",
        "3,3,5",
        "3,16,5",
        "3,0,",
        "3,2,32768",
        "3,2,-32769",
        "3,4,2147483648",
        "3,4,-2147483649",
        "3,8,9223372036854775808",
        "3,2,",
        "3,2,abc",
        "3,2,1.5",
        "3,2,0x10",
        "4,2,1.5",
        "4,4,",
        "4,4,abc",
        "4,4,nan",
        "4,4,inf",
        "4,4,1e39",
        "4,4,0x1p3",
        "4,4,1.5.5",
        "4,8,1e400",
        "5,1,2",
        "5,1,-1",
        "5,1,true",
        "5,2,1",
        "5,1,",
        "5,1,01",
        "5,0,1",
    };
    struct desk d;
    char line[120];
    begin_read(&d);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(line, sizeof(line), "AT+QLARDRSP=4097,1,19,0,0,%s,0", wrong[i]);
        desk_error(&d, line);
    }
    desk_ok(&d, "AT+QLARDRSP=4097,1,19,0,0,1,5,\"abcde\",0");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "62451001A1A2 C0 FF'abcde'");
    desk_end(&d);
}

static void value_at_the_edge_of_its_range_is_taken(void **state) /* G 2.8 */
{
    (void)state;
    static const struct {
        const char *value;
        const char *raw; /* as octet-stream */
    } rows[] = {
        {"3,2,32767", "7FFF"},
        {"3,2,-32768", "8000"},
        {"3,4,2147483647", "7FFFFFFF"},
        {"3,4,-2147483648", "80000000"},
        {"3,8,9223372036854775807", "7FFFFFFFFFFFFFFF"},
        {"3,8,-9223372036854775808", "8000000000000000"},
        {"3,2,0", "0000"},
        {"3,4,\"5\"", "00000005"},
        {"4,4,-0.5", "BF000000"},
        {"4,4,3.4e38", "7F7FC99E"},
        {"4,4,3.4028235e38", "7F7FFFFF"}, /* FLT_MAX in eight digits */
        {"4,4,-3.4028235e38", "FF7FFFFF"},
        {"4,8,0.1", "3FB999999999999A"},
        {"4,4,100", "42C80000"},
        {"5,1,0", "00"},
        {"5,1,1", "01"},
        {"5,1,\"1\"", "01"},
        {"2,1,\"fF\"", "FF"},
        {"2,1,ff", "FF"},
        {"1,3,a,b", "'a,b'"},
        {"1,3,\"a,b\"", "'a,b'"},
        {"1,3,\"\"\"\"\"", "'\"\"\"'"},
    };
    struct desk d;
    char text[120];
    desk_registered(&d);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(text, sizeof(text), "420110%02XA1A2 B2'19' 01'0' 01'0' 612A", i);
        desk_server(&d, text);
        snprintf(text, sizeof(text), "+QLAURC: \"read\",%u,19,0,0", 4096 + i);
        desk_urc(&d, text);
        snprintf(text, sizeof(text), "AT+QLARDRSP=%u,1,19,0,0,%s,0", 4096 + i, rows[i].value);
        desk_ok(&d, text);
        desk_urc(&d, "+QLARDRSP: 0");
        snprintf(text, sizeof(text), "624510%02XA1A2 C12A FF %s", i, rows[i].raw);
        desk_wire(&d, text);
    }
    desk_end(&d);
}

static void longest_string_and_opaque_value_are_taken(void **state) /* G 2.8 */
{
    (void)state;
    struct desk d;
    char text[BC_STRING_BYTES_MAX + 2];
    char line[2200];
    begin_read(&d);
    memset(text, '4', sizeof(text));
    snprintf(line, sizeof(line), "AT+QLARDRSP=4097,1,19,0,0,1,1024,\"%.1024s\",0", text);
    desk_ok(&d, line);
    desk_urc(&d, "+QLARDRSP: 0");
    snprintf(line, sizeof(line), "62451001A1A2 C0 FF'%.1024s'", text);
    desk_wire(&d, line);
    desk_server(&d, "42011002A1A2 B2'19' 01'0' 01'0' 622D16");
    desk_urc(&d, "+QLAURC: \"read\",4098,19,0,0");
    snprintf(line, sizeof(line), "AT+QLARDRSP=4098,1,19,0,0,2,512,\"%.1024s\",0", text);
    desk_ok(&d, line);
    desk_urc(&d, "+QLARDRSP: 0");
    snprintf(line, sizeof(line), "62451002A1A2 C22D16 FF D0000200 %.1024s", text);
    desk_wire(&d, line);
    desk_end(&d);
}

/* What was answered is kept for repeated requests, but never instead of the next answer. */
static void long_answers_follow_each_other(void **state) /* RFC 7252 4.5, 4.8.2 */
{
    (void)state;
    struct desk d;
    char text[BC_STRING_BYTES_MAX + 1];
    char line[1200];
    desk_registered(&d);
    memset(text, 'x', sizeof(text));
    for (unsigned i = 1; i < 7; i++) {
        snprintf(line, sizeof(line), "420110%02XA1A2 B2'19' 01'0' 01'0'", i);
        desk_server(&d, line);
        snprintf(line, sizeof(line), "+QLAURC: \"read\",%u,19,0,0", 4096 + i);
        desk_urc(&d, line);
        snprintf(line, sizeof(line), "AT+QLARDRSP=%u,1,19,0,0,1,1024,\"%.1024s\",0", 4096 + i,
                 text);
        desk_ok(&d, line);
        desk_urc(&d, "+QLARDRSP: 0");
        snprintf(line, sizeof(line), "624510%02XA1A2 C0 FF'%.1024s'", i, text);
        desk_wire(&d, line);
    }
    desk_server(&d, "42011006A1A2 B2'19' 01'0' 01'0'");
    desk_wire(&d, line);
    desk_end(&d);
}

/* --- Parts ----------------------------------------------------------------------------------- */

#define READ_19_0 "42011001A1A2 B2'19' 01'0'"
#define SHOWN_19_0 "+QLAURC: \"read\",4097,19,0,-1"

static void part(struct desk *d, const char *line)
{
    desk_ok(d, line);
    desk_quiet(d);
}

/* A part is answered like the whole. */
static void accepted_part(struct desk *d, const char *line)
{
    desk_ok(d, line);
    desk_urc(d, "+QLARDRSP: 0");
}

/*
 *   host                             module                      server
 *    | <- "read",4097,19,0,-1 ------- | <-- CON GET /19/0 ------- |
 *    | -- AT+QLARDRSP ... index 2 --> |                           |
 *    | -- AT+QLARDRSP ... index 1 --> |                           |
 *    | -- AT+QLARDRSP ... index 0 --> | --- ACK 2.05 TLV x 3 ---> |
 */
static void parts_become_one_answer(void **state) /* G 2.8 <index>, MODULE 2 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, READ_19_0);
    desk_urc(&d, SHOWN_19_0);
    accepted_part(&d, "AT+QLARDRSP=4097,1,19,0,0,1,2,\"ab\",2");
    accepted_part(&d, "AT+QLARDRSP=4097,1,19,0,1,3,2,300,1");
    desk_quiet(&d);
    accepted_part(&d, "AT+QLARDRSP=4097,1,19,0,2,2,9,\"020001000400023238\",0");
    desk_wire(&d, "62451001A1A2 C22D16 FF C200'ab' C201012C C80209 020001000400023238");
    desk_error(&d, "AT+QLARDRSP=4097,1,19,0,0,1,2,\"ab\",0");
    desk_end(&d);
}

static void parts_of_an_object_are_grouped_by_instance(void **state) /* LwM2M 1.0 6.4.3 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, CONFIGURE);
    desk_ok(&d, "AT+QLAADDOBJ=19,0,2,0,1");
    desk_ok(&d, "AT+QLAADDOBJ=19,7,2,0,300");
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, REGISTER_WIRE(",</19/0>,</19/7>"));
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_urc(&d, "+QLAREG: 0");
    desk_server(&d, "42011001A1A2 B2'19'");
    desk_urc(&d, "+QLAURC: \"read\",4097,19,-1,-1");
    accepted_part(&d, "AT+QLARDRSP=4097,1,19,0,0,1,2,\"ab\",3");
    accepted_part(&d, "AT+QLARDRSP=4097,1,19,0,1,5,1,1,2");
    accepted_part(&d, "AT+QLARDRSP=4097,1,19,7,0,1,1,\"c\",1");
    accepted_part(&d, "AT+QLARDRSP=4097,1,19,7,300,3,4,7,0");
    desk_wire(&d, "62451001A1A2 C22D16 FF 0700 C200'ab' C10101"
                  "08070A C100'c' E4012C 00000007");
    desk_end(&d);
}

static void gap_in_the_index_is_an_error_and_the_request_waits(void **state) /* MODULE 2 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, READ_19_0);
    desk_urc(&d, SHOWN_19_0);
    accepted_part(&d, "AT+QLARDRSP=4097,1,19,0,0,1,2,\"ab\",2");
    desk_error(&d, "AT+QLARDRSP=4097,1,19,0,1,1,1,\"x\",2");
    desk_error(&d, "AT+QLARDRSP=4097,1,19,0,1,1,1,\"x\",3");
    desk_error(&d, "AT+QLARDRSP=4097,1,19,0,1,1,1,\"x\",0");
    desk_error(&d, "AT+QLARDRSP=4097,1,19,0,1,3,2,99999,1");
    accepted_part(&d, "AT+QLARDRSP=4097,1,19,0,1,3,2,300,1");
    desk_error(&d, "AT+QLARDRSP=4097,1,19,1,2,1,1,\"c\",0");
    accepted_part(&d, "AT+QLARDRSP=4097,1,19,0,2,1,1,\"c\",0");
    desk_wire(&d, "62451001A1A2 C22D16 FF C200'ab' C201012C C102'c'");
    desk_end(&d);
}

static void parts_can_still_be_refused_as_a_whole(void **state) /* G 2.8 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, READ_19_0);
    desk_urc(&d, SHOWN_19_0);
    accepted_part(&d, "AT+QLARDRSP=4097,1,19,0,0,1,2,\"ab\",1");
    desk_ok(&d, "AT+QLARDRSP=4097,13,19,0,0,1,0,\"\",0");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "62841001A1A2");
    desk_end(&d);
}

static void parts_of_two_requests_do_not_mix(void **state)
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, READ_19_0);
    desk_urc(&d, SHOWN_19_0);
    desk_server(&d, "42011002B1B2 60 52'19' 01'0'");
    desk_urc(&d, "+QLAURC: \"observe\",4098,0,19,0,-1");
    accepted_part(&d, "AT+QLARDRSP=4097,1,19,0,0,1,1,\"a\",1");
    desk_ok(&d, "AT+QLAOBSRSP=4098,1,19,0,0,1,1,\"x\",1");
    desk_urc(&d, "+QLAOBSRSP: 0");
    accepted_part(&d, "AT+QLARDRSP=4097,1,19,0,1,1,1,\"b\",0");
    desk_wire(&d, "62451001A1A2 C22D16 FF C100'a' C101'b'");
    desk_ok(&d, "AT+QLAOBSRSP=4098,1,19,0,1,1,1,\"y\",0");
    desk_urc(&d, "+QLAOBSRSP: 0");
    desk_wire(&d, "62451002B1B2 60 622D16 FF C100'x' C101'y'");
    desk_end(&d);
}

static void parts_beyond_one_message_are_an_error(void **state) /* limits.h */
{
    (void)state;
    struct desk d;
    char text[BC_STRING_BYTES_MAX + 1];
    char line[1200];
    desk_registered(&d);
    desk_server(&d, READ_19_0);
    desk_urc(&d, SHOWN_19_0);
    memset(text, 'x', sizeof(text));
    snprintf(line, sizeof(line), "AT+QLARDRSP=4097,1,19,0,0,1,1000,\"%.1000s\",1", text);
    accepted_part(&d, line);
    snprintf(line, sizeof(line), "AT+QLARDRSP=4097,1,19,0,1,1,1000,\"%.1000s\",0", text);
    desk_error(&d, line);
    accepted_part(&d, "AT+QLARDRSP=4097,1,19,0,1,1,1,\"b\",0");
    snprintf(line, sizeof(line), "62451001A1A2 C22D16 FF D00003E8'%.1000s' C101'b'", text);
    desk_wire(&d, line);
    desk_end(&d);
}

static void notification_in_parts_goes_with_the_last(void **state) /* MODULE 2 QLANOTIFY */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLACFG=\"auto_ack\",1");
    desk_server(&d, "42011001A1A2 60 52'19' 01'0'");
    desk_urc(&d, "+QLAURC: \"observe\",4097,0,19,0,-1");
    desk_wire(&d, "62451001A1A2 60");
    part(&d, "AT+QLANOTIFY=19,0,0,1,2,\"ab\",2,1");
    part(&d, "AT+QLANOTIFY=19,0,1,3,2,300,1,1");
    desk_ok(&d, "AT+QLANOTIFY=19,0,2,5,1,1,0,1");
    desk_wire(&d, "4245 <mid> A1A2 6101 622D16 FF C200'ab' C201012C C10201");
    desk_urc(&d, "+QLAURC: \"report\",<mid>");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_server(&d, "6000 <mid>");
    desk_urc(&d, "+QLAURC: \"report_ack\",0,<mid>");
    desk_end(&d);
}

/* 19/0 and 19/1 are observed, with tokens A1A2 and B1B2; the module answers by itself. */
static void observe_two(struct desk *d)
{
    desk_registered(d);
    desk_ok(d, "AT+QLACFG=\"auto_ack\",1");
    desk_ok(d, "AT+QLAADDOBJ=19,1,2,0,1");
    desk_wire(d, "4402 <mid> <token> <location> 1128 FF '" LINKS ",</19/0>,</19/1>'");
    desk_server(d, "6444 <mid> <token>");
    desk_urc(d, "+QLAADDOBJ: 0");
    desk_server(d, "42011001A1A2 60 52'19' 01'0'");
    desk_urc(d, "+QLAURC: \"observe\",4097,0,19,0,-1");
    desk_wire(d, "62451001A1A2 60");
    desk_server(d, "42011002B1B2 60 52'19' 01'1'");
    desk_urc(d, "+QLAURC: \"observe\",4098,0,19,1,-1");
    desk_wire(d, "62451002B1B2 60");
}

static void parts_of_two_notifications_do_not_mix(void **state) /* MODULE 2 QLANOTIFY */
{
    (void)state;
    struct desk d;
    observe_two(&d);
    part(&d, "AT+QLANOTIFY=19,0,0,1,2,\"ab\",2");
    part(&d, "AT+QLANOTIFY=19,1,0,1,1,\"x\",1");
    part(&d, "AT+QLANOTIFY=19,0,1,1,2,\"cd\",1");
    desk_ok(&d, "AT+QLANOTIFY=19,1,1,1,1,\"y\",0");
    desk_wire(&d, "5245 <mid> B1B2 6101 622D16 FF C100'x' C101'y'");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_ok(&d, "AT+QLANOTIFY=19,1,0,1,1,\"z\",0"); /* one that comes alone */
    desk_wire(&d, "5245 <mid> B1B2 6102 622D16 FF C100'z'");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_ok(&d, "AT+QLANOTIFY=19,0,2,1,2,\"ef\",0");
    desk_wire(&d, "5245 <mid> A1A2 6101 622D16 FF C200'ab' C201'cd' C202'ef'");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_end(&d);
}

static void part_out_of_turn_ends_its_own_notification_alone(void **state)
{
    (void)state;
    struct desk d;
    observe_two(&d);
    part(&d, "AT+QLANOTIFY=19,0,0,1,2,\"ab\",2");
    part(&d, "AT+QLANOTIFY=19,1,0,1,1,\"x\",1");
    desk_error(&d, "AT+QLANOTIFY=19,0,1,1,2,\"cd\",0");
    desk_ok(&d, "AT+QLANOTIFY=19,1,1,1,1,\"y\",0");
    desk_wire(&d, "5245 <mid> B1B2 6101 622D16 FF C100'x' C101'y'");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_ok(&d, "AT+QLANOTIFY=19,0,1,1,2,\"cd\",0");
    desk_wire(&d, "5245 <mid> A1A2 6101 622D16 FF C201'cd'");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_end(&d);
}

/* 19/0 to 19/3 and 20/0, with tokens A100 to A104. */
static void observe_five(struct desk *d)
{
    char text[80];
    desk_configured(d);
    desk_ok(d, "AT+QLACFG=\"auto_ack\",1");
    for (unsigned i = 1; i < 4; i++) {
        snprintf(text, sizeof(text), "AT+QLAADDOBJ=19,%u,1,0", i);
        desk_ok(d, text);
    }
    desk_ok(d, "AT+QLAADDOBJ=20,0,1,0");
    desk_ok(d, "AT+QLAREG");
    desk_wire(d, REGISTER_WIRE(",</19/0>,</19/1>,</19/2>,</19/3>,</20/0>"));
    desk_server(d, "6441 <mid> <token> <location>");
    desk_urc(d, "+QLAREG: 0");
    for (unsigned i = 0; i < 5; i++) {
        unsigned object = i < 4 ? 19 : 20;
        snprintf(text, sizeof(text), "4201100%uA10%u 60 52'%u' 01'%u'", i, i, object, i % 4);
        desk_server(d, text);
        snprintf(text, sizeof(text), "+QLAURC: \"observe\",%u,0,%u,%u,-1", 4096 + i, object, i % 4);
        desk_urc(d, text);
        snprintf(text, sizeof(text), "6245100%uA10%u 60", i, i);
        desk_wire(d, text);
    }
}

static void parts_of_five_notifications_are_too_many(void **state) /* BC_COLLECTIONS_MAX */
{
    (void)state;
    struct desk d;
    observe_five(&d);
    part(&d, "AT+QLANOTIFY=19,0,0,1,1,\"a\",1");
    part(&d, "AT+QLANOTIFY=19,1,0,1,1,\"b\",1");
    part(&d, "AT+QLANOTIFY=19,2,0,1,1,\"c\",1");
    part(&d, "AT+QLANOTIFY=19,3,0,1,1,\"d\",1");
    desk_error(&d, "AT+QLANOTIFY=20,0,0,1,1,\"e\",1");
    desk_server(&d, "42011010B1B2 6101 52'19' 01'2'"); /* what is not observed any more goes */
    desk_urc(&d, "+QLAURC: \"observe\",4112,1,19,2,-1");
    desk_wire(&d, "62451010B1B2");
    part(&d, "AT+QLANOTIFY=20,0,0,1,1,\"e\",1");
    desk_ok(&d, "AT+QLANOTIFY=19,3,0,1,1,\"d\",0");
    desk_wire(&d, "5245 <mid> A103 6101 622D16 FF C100'd' C100'd'");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_end(&d);
}

static void parts_end_with_their_observation(void **state)
{
    (void)state;
    struct desk d;
    observe_two(&d);
    part(&d, "AT+QLANOTIFY=19,0,0,1,2,\"ab\",1");
    desk_server(&d, "42011003C1C2 6101 52'19' 01'0'");
    desk_urc(&d, "+QLAURC: \"observe\",4099,1,19,0,-1");
    desk_wire(&d, "62451003C1C2");
    desk_server(&d, "42011004D1D2 60 52'19' 01'0'");
    desk_urc(&d, "+QLAURC: \"observe\",4100,0,19,0,-1");
    desk_wire(&d, "62451004D1D2 60");
    part(&d, "AT+QLANOTIFY=19,0,0,1,2,\"ab\",1");
    desk_ok(&d, "AT+QLANOTIFY=19,0,1,1,2,\"cd\",0");
    desk_wire(&d, "5245 <mid> D1D2 6101 622D16 FF C200'ab' C201'cd'");
    desk_urc(&d, "+QLANOTIFY: 0");
    assert_true(bc_idle(d.module));
    desk_end(&d);
}

static void parts_outlive_a_repeated_observe_but_not_another_format(void **state)
{
    (void)state;
    struct desk d;
    observe_two(&d);
    part(&d, "AT+QLANOTIFY=19,0,0,1,2,\"ab\",1");
    desk_server(&d, "42011003A1A2 60 52'19' 01'0'");
    desk_urc(&d, "+QLAURC: \"observe\",4099,0,19,0,-1");
    desk_wire(&d, "62451003A1A2 6101");
    desk_ok(&d, "AT+QLANOTIFY=19,0,1,1,2,\"cd\",0");
    desk_wire(&d, "5245 <mid> A1A2 6102 622D16 FF C200'ab' C201'cd'");
    desk_urc(&d, "+QLANOTIFY: 0");
    part(&d, "AT+QLANOTIFY=19,0,0,1,2,\"ab\",1");
    desk_server(&d, "42011004A1A2 60 52'19' 01'0' 622D17"); /* Accept: JSON */
    desk_urc(&d, "+QLAURC: \"observe\",4100,0,19,0,-1");
    desk_wire(&d, "62451004A1A2 6103");
    part(&d, "AT+QLANOTIFY=19,0,0,1,2,\"ef\",1");
    desk_ok(&d, "AT+QLANOTIFY=19,0,1,1,2,\"gh\",0");
    desk_wire(&d, "5245 <mid> A1A2 6104 622D17 FF "
                  "'{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"0\",\"sv\":\"ef\"},"
                  "{\"n\":\"1\",\"sv\":\"gh\"}]}'");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(value_of_a_wrong_length_or_range_is_an_error),
        cmocka_unit_test(value_at_the_edge_of_its_range_is_taken),
        cmocka_unit_test(longest_string_and_opaque_value_are_taken),
        cmocka_unit_test(long_answers_follow_each_other),
        cmocka_unit_test(parts_become_one_answer),
        cmocka_unit_test(parts_of_an_object_are_grouped_by_instance),
        cmocka_unit_test(gap_in_the_index_is_an_error_and_the_request_waits),
        cmocka_unit_test(parts_can_still_be_refused_as_a_whole),
        cmocka_unit_test(parts_of_two_requests_do_not_mix),
        cmocka_unit_test(parts_beyond_one_message_are_an_error),
        cmocka_unit_test(notification_in_parts_goes_with_the_last),
        cmocka_unit_test(parts_of_two_notifications_do_not_mix),
        cmocka_unit_test(part_out_of_turn_ends_its_own_notification_alone),
        cmocka_unit_test(parts_of_five_notifications_are_too_many),
        cmocka_unit_test(parts_end_with_their_observation),
        cmocka_unit_test(parts_outlive_a_repeated_observe_but_not_another_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
