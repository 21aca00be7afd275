/*
 * What a server asks of the host's objects, the URCs that show it and the commands that answer
 * (G 2.8 to 2.11, 3.2 to 3.5; MODULE 2 to 4). The server's tokens here are two bytes, its message
 * IDs those of the guide's examples or 0x1001 = 4097 and up.
 */
#include <stdio.h>
#include <string.h>

#include "desk.h"

#define READ_19_0_0 "42011001A1A2 B2'19' 01'0' 01'0'"
#define WRITE_19_0_0 "42031001A1A2 B2'19' 01'0' 01'0'"
#define SHOWN_READ "+QLAURC: \"read\",4097,19,0,0"
#define ABCDE ",19,0,0,1,5,\"abcde\",0"

/* --- The guide's examples -------------------------------------------------------------------- */

/*
 *   host                               module                     server
 *    | <- +QLAURC: "read",62953,... ---- | <-- CON GET /19/0/0 --- |
 *    | -- AT+QLARDRSP=62953,1,... -----> |                         |
 *    | <- OK, +QLARDRSP: 0 ------------- | --- ACK 2.05 abcde ---> |
 */
static void read_is_answered_as_in_the_guide(void **state) /* G 2.8 example */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42 01 F5E9 A1A2 B2'19' 01'0' 01'0'");
    desk_urc(&d, "+QLAURC: \"read\",62953,19,0,0");
    desk_ok(&d, "AT+QLARDRSP=62953,1,19,0,0,1,5,\"abcde\",0");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "62 45 F5E9 A1A2 C0 FF 'abcde'");
    desk_end(&d);
}

static void write_is_answered_as_in_the_guide(void **state) /* G 2.9 example */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42 03 8ED0 A1A2 B2'19' 01'0' 01'0' 112A FF 5155454354454C");
    desk_urc(&d, "+QLAURC: \"write\",36560,19,0,0,2,7,\"5155454354454C\",0");
    desk_ok(&d, "AT+QLAWRRSP=36560,2");
    desk_urc(&d, "+QLAWRRSP: 0");
    desk_wire(&d, "62 44 8ED0 A1A2");
    desk_end(&d);
}

static void execute_is_answered_as_in_the_guide(void **state) /* G 2.10 example, G 3.5 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLAADDOBJ=15,0,1,5");
    desk_wire(&d, "4402 <mid> <token> <location> 1128 FF'" LINKS ",</19/0>,</15/0>'");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAADDOBJ: 0");
    desk_server(&d, "42 02 9880 A1A2 B2'15' 01'0' 01'5'");
    desk_urc(&d, "+QLAURC: \"execute\",39040,15,0,5");
    desk_ok(&d, "AT+QLAEXERSP=39040,2");
    desk_urc(&d, "+QLAEXERSP: 0");
    desk_wire(&d, "62 44 9880 A1A2");
    desk_end(&d);
}

static void observe_is_answered_as_in_the_guide(void **state) /* G 2.11 example */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, CONFIGURE);
    desk_ok(&d, "AT+QLAADDOBJ=9,0,1,0");
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, REGISTER_WIRE(",</9/0>"));
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_urc(&d, "+QLAREG: 0");
    desk_server(&d, "42 01 0270 A1A2 60 51'9' 01'0' 01'0'");
    desk_urc(&d, "+QLAURC: \"observe\",624,0,9,0,0");
    desk_ok(&d, "AT+QLAOBSRSP=624,1,9,0,0,1,5,\"abcde\",0");
    desk_urc(&d, "+QLAOBSRSP: 0");
    desk_wire(&d, "62 45 0270 A1A2 60 60 FF 'abcde'");
    desk_end(&d);
}

static void opaque_observe_answer_of_the_sessions(void **state) /* G 5.2.2, 5.3.2 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42 01 5C42 A1A2 60 52'19' 01'0' 01'0'");
    desk_urc(&d, "+QLAURC: \"observe\",23618,0,19,0,0");
    desk_ok(&d, "AT+QLAOBSRSP=23618,1,19,0,0,2,9,\"020001000400023238\",0");
    desk_urc(&d, "+QLAOBSRSP: 0");
    desk_wire(&d, "62 45 5C42 A1A2 60 612A FF 020001000400023238");
    desk_end(&d);
}

static void text_value_may_hold_quotes_and_commas(void **state) /* G 5.4.2, MODULE 1 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42 03 1FA0 A1A2 B2'19' 01'0' 01'0' 10 FF '{\"outletStatus\":\"1\"}'");
    desk_urc(&d, "+QLAURC: \"write\",8096,19,0,0,1,20,\"{\"outletStatus\":\"1\"}\",0");
    desk_ok(&d, "AT+QLAWRRSP=8096,2");
    desk_urc(&d, "+QLAWRRSP: 0");
    desk_wire(&d, "62441FA0A1A2");
    desk_server(&d, READ_19_0_0);
    desk_urc(&d, SHOWN_READ);
    desk_ok(&d, "AT+QLARDRSP=4097,1,19,0,0,1,20,\"{\"outletStatus\":\"1\"}\",0");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "62451001A1A2 C0 FF '{\"outletStatus\":\"1\"}'");
    desk_end(&d);
}

static void opaque_read_answer_of_the_andlink_session(void **state) /* G 5.4.2, MODULE 2 */
{
    (void)state;
    static const char misprint[] = "AT+QLARDRSP=4097,1,19,0,0,2,71,\"7b226f75746c6574537461747"
                                   "573223a2231222c2273657454696d65223a2231222c226669726d77"
                                   "617265223a22312e30222c222736f667456657273696f6e223a2231"
                                   "2e30227d\",0";
    struct desk d;
    desk_registered(&d);
    desk_server(&d, READ_19_0_0);
    desk_urc(&d, SHOWN_READ);
    desk_error(&d, misprint);
    desk_error(&d, "AT+QLARDRSP=4097,1,19,0,0,2,3,\"01020\",0");
    desk_error(&d, "AT+QLARDRSP=4097,1,19,0,0,2,2,\"010203\",0");
    desk_ok(&d, "AT+QLARDRSP=4097,1,19,0,0,2,71,\"7b226f75746c657453746174757322"
                "3a2231222c2273657454696d65223a2231222c226669726d7761726522"
                "3a22312e30222c22736f667456657273696f6e223a22312e30227d\",0");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "62451001A1A2 C12A FF '{\"outletStatus\":\"1\",\"setTime\":\"1\","
                  "\"firmware\":\"1.0\",\"softVersion\":\"1.0\"}'");
    desk_end(&d);
}

/* --- Shapes of the URCs ---------------------------------------------------------------------- */

static void ids_that_are_not_asked_for_are_minus_one(void **state) /* MODULE 3, G 5.5.2 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42011001A1A2 B2'19' 01'0'");
    desk_urc(&d, "+QLAURC: \"read\",4097,19,0,-1");
    desk_server(&d, "42011002A1A2 B2'19'");
    desk_urc(&d, "+QLAURC: \"read\",4098,19,-1,-1");
    desk_server(&d, "42011003A1A2 60 52'19' 01'0'");
    desk_urc(&d, "+QLAURC: \"observe\",4099,0,19,0,-1");
    desk_server(&d, "42011004A1A2 60 52'19'");
    desk_urc(&d, "+QLAURC: \"observe\",4100,0,19,-1,-1");
    desk_end(&d);
}

static void read_shows_the_query_of_the_request(void **state) /* G 3.4 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42011001A1A2 B2'19' 01'0' 01'0' 43'a=1'");
    desk_urc(&d, "+QLAURC: \"read\",4097,19,0,0,\"a=1\"");
    desk_server(&d, "42011002A1A2 B2'19' 01'0' 01'0' 43'a=1' 01'b'");
    desk_urc(&d, "+QLAURC: \"read\",4098,19,0,0,\"a=1&b\"");
    desk_end(&d);
}

static void write_shows_text_as_text_and_anything_else_as_hex(void **state) /* MODULE 3 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42031001A1A2 B2'19' 01'0' 01'0' 10 FF 'on'");
    desk_urc(&d, "+QLAURC: \"write\",4097,19,0,0,1,2,\"on\",0");
    desk_server(&d, "42031002A1A2 B2'19' 01'0' 01'0' FF 'on'");
    desk_urc(&d, "+QLAURC: \"write\",4098,19,0,0,2,2,\"6F6E\",0");
    desk_server(&d, "42031003A1A2 B2'19' 01'0' 01'0' 112A FF 00FFab");
    desk_urc(&d, "+QLAURC: \"write\",4099,19,0,0,2,3,\"00FFAB\",0");
    desk_server(&d, "42031004A1A2 B2'19' 01'0' 01'0' 10 FF 'a' 0D0A 'b'");
    desk_urc(&d, "+QLAURC: \"write\",4100,19,0,0,2,4,\"610D0A62\",0");
    desk_server(&d, "42031005A1A2 B2'19' 01'0' 01'0' 10");
    desk_urc(&d, "+QLAURC: \"write\",4101,19,0,0,1,0,\"\",0");
    desk_server(&d, "42031006A1A2 B2'19' 01'0' 01'0' 122D16 FF C5 00 'abcde'");
    desk_urc(&d, "+QLAURC: \"write\",4102,19,0,0,2,5,\"6162636465\",0");
    desk_end(&d);
}

/*
 *   host                                      module                         server
 *    | <- "write",4097,19,0,0,2,1,"31",1 ----- | <-- CON POST /19/0 TLV ----- |
 *    | <- "write",4097,19,0,2,2,2,"3233",0 --- |                              |
 *    | -- AT+QLAWRRSP=4097,2 ----------------> | --- ACK 2.04 --------------> |
 */
static void write_of_several_resources_is_one_request(void **state) /* MODULE 3 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42021001A1A2 B2'19' 01'0' 122D16 FF C100'1' C202'23'");
    desk_expect(&d, "\r\n+QLAURC: \"write\",4097,19,0,0,2,1,\"31\",1\r\n"
                    "\r\n+QLAURC: \"write\",4097,19,0,2,2,2,\"3233\",0\r\n");
    desk_ok(&d, "AT+QLAWRRSP=4097,2");
    desk_urc(&d, "+QLAWRRSP: 0");
    desk_wire(&d, "62441001A1A2");
    desk_error(&d, "AT+QLAWRRSP=4097,2");
    desk_end(&d);
}

static void tlv_write_may_be_wrapped_in_its_instance(void **state) /* LwM2M 1.0 6.4.3 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42021001A1A2 B2'19' 01'0' 122D16 FF 0700 C100'1' C202'23'");
    desk_expect(&d, "\r\n+QLAURC: \"write\",4097,19,0,0,2,1,\"31\",1\r\n"
                    "\r\n+QLAURC: \"write\",4097,19,0,2,2,2,\"3233\",0\r\n");
    desk_ok(&d, "AT+QLAWRRSP=4097,2");
    desk_urc(&d, "+QLAWRRSP: 0");
    desk_wire(&d, "62441001A1A2");
    desk_server(&d, "42021002A1A2 B2'19' 01'0' 122D16 FF 0301 C100'1'"); /* of another one */
    desk_wire(&d, "62801002A1A2");
    desk_server(&d, "42021003A1A2 B2'19' 01'0' 122D16 FF 0300 C100'1' C100'1'");
    desk_wire(&d, "62801003A1A2");
    desk_end(&d);
}

static void tlv_write_is_judged_whole(void **state) /* LwM2M 1.0 5.4.3, 6.4.3 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42021001A1A2 B2'19' 01'0' 122D16 FF C100'1' C109'2'");
    desk_wire(&d, "62841001A1A2");
    desk_server(&d, "42021002A1A2 B2'19' 01'0' 122D16 FF C100'1' C502'2'");
    desk_wire(&d, "62801002A1A2");
    desk_server(&d, "42021003A1A2 B2'19' 01'0' 122D16");
    desk_wire(&d, "62801003A1A2");
    desk_server(&d, "42031004A1A2 B2'19' 01'0' 01'0' 122D16 FF C101'1'");
    desk_wire(&d, "62801004A1A2");
    desk_end(&d);
}

static void largest_values_are_shown_whole(void **state) /* G 3.3 */
{
    (void)state;
    struct desk d;
    char pattern[4000];
    char text[BC_STRING_BYTES_MAX + 2];
    char urc[BC_STRING_BYTES_MAX + 100];
    desk_registered(&d);
    memset(text, 'x', sizeof(text));
    snprintf(pattern, sizeof(pattern), "42031001A1A2 B2'19' 01'0' 01'0' 10 FF '%.1024s'", text);
    desk_server(&d, pattern);
    snprintf(urc, sizeof(urc), "+QLAURC: \"write\",4097,19,0,0,1,1024,\"%.1024s\",0", text);
    desk_urc(&d, urc);
    snprintf(pattern, sizeof(pattern), "42031002A1A2 B2'19' 01'0' 01'0' 10 FF '%.1025s'", text);
    desk_server(&d, pattern);
    desk_wire(&d, "628D1002A1A2 D22F0400");
    memset(text, '7', sizeof(text));
    snprintf(pattern, sizeof(pattern), "42031003A1A2 B2'19' 01'0' 01'0' 112A FF %.1024s", text);
    desk_server(&d, pattern);
    snprintf(urc, sizeof(urc), "+QLAURC: \"write\",4099,19,0,0,2,512,\"%.1024s\",0", text);
    desk_urc(&d, urc);
    snprintf(pattern, sizeof(pattern), "42031004A1A2 B2'19' 01'0' 01'0' 112A FF %.1024s77", text);
    desk_server(&d, pattern);
    desk_wire(&d, "628D1004A1A2 D22F0400");
    desk_end(&d);
}

/* --- Results --------------------------------------------------------------------------------- */

static void every_result_is_its_response_code(void **state) /* G 2.8 to 2.11, tables */
{
    (void)state;
    static const struct {
        const char *request; /* 0x1001 */
        const char *command; /* up to the result */
        const char *rest;    /* behind the result */
        const char *urc;     /* shown, and the name of the result */
        const char *name;
        int good;
    } kinds[] = {
        {READ_19_0_0, "AT+QLARDRSP=4097,", ABCDE, SHOWN_READ, "+QLARDRSP: 0", 1},
        {"42011001A1A2 60 52'19' 01'0' 01'0'", "AT+QLAOBSRSP=4097,", ABCDE,
         "+QLAURC: \"observe\",4097,0,19,0,0", "+QLAOBSRSP: 0", 1},
        {WRITE_19_0_0 "FF'a'", "AT+QLAWRRSP=4097,", "",
         "+QLAURC: \"write\",4097,19,0,0,2,1,\"61\",0", "+QLAWRRSP: 0", 2},
        {"42021001A1A2 B2'19' 01'0' 01'0'", "AT+QLAEXERSP=4097,", "",
         "+QLAURC: \"execute\",4097,19,0,0", "+QLAEXERSP: 0", 2},
    };
    static const struct {
        int result;
        const char *response;
    } results[] = {{11, "62801001A1A2"},
                   {12, "62811001A1A2"},
                   {13, "62841001A1A2"},
                   {14, "62851001A1A2"},
                   {15, "62861001A1A2"}};
    static const int never[] = {0, 3, 4, 10, 16, -1};
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
        for (size_t r = 0; r < 5U - (kinds[k].good == 2); r++) {
            struct desk d;
            char line[120];
            desk_registered(&d);
            desk_server(&d, kinds[k].request);
            desk_urc(&d, kinds[k].urc);
            for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
                snprintf(line, sizeof(line), "%s%d%s", kinds[k].command, never[i], kinds[k].rest);
                desk_error(&d, line);
            }
            snprintf(line, sizeof(line), "%s%d%s", kinds[k].command, 3 - kinds[k].good,
                     kinds[k].rest);
            desk_error(&d, line);
            snprintf(line, sizeof(line), "%s%d%s", kinds[k].command, results[r].result,
                     kinds[k].rest);
            desk_ok(&d, line);
            desk_urc(&d, kinds[k].name);
            desk_wire(&d, results[r].response);
            desk_error(&d, line);
            desk_error(&d, "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0");
            desk_end(&d);
        }
}

static void answer_fits_its_request_or_is_an_error(void **state) /* G 2.8 note 1, 2; MODULE 2 */
{
    (void)state;
    static const char *const wrong[] = {
        "AT+QLARDRSP=4098,1,19,0,0,1,5,\"abcde\",0",
        "AT+QLAOBSRSP=4097,1,19,0,0,1,5,\"abcde\",0",
        "AT+QLAWRRSP=4097,2",
        "AT+QLAEXERSP=4097,2",
        "AT+QLARDRSP=4097,1,19,0,1,1,5,\"abcde\",0",
        "AT+QLARDRSP=4097,1,19,1,0,1,5,\"abcde\",0",
        "AT+QLARDRSP=4097,1,20,0,0,1,5,\"abcde\",0",
        "AT+QLARDRSP=4097,1,19,0,-1,1,5,\"abcde\",0",
        "AT+QLARDRSP=4097,1,19,-1,0,1,5,\"abcde\",0",
        "AT+QLARDRSP=4097,1,19,0,0,1,5,\"abcde\",1",
        "AT+QLARDRSP=4097,1,19,0,0,1,5,\"abcde\"",
        "AT+QLARDRSP=4097,1,19,0,0,1,5,\"abcde\",0,3",
        "AT+QLARDRSP=65536,1,19,0,0,1,5,\"abcde\",0",
        "AT+QLARDRSP=4097",
    };
    struct desk d;
    desk_registered(&d);
    desk_server(&d, READ_19_0_0);
    desk_urc(&d, SHOWN_READ);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        desk_error(&d, wrong[i]);
    desk_ok(&d, "AT+QLARDRSP=4097,1,19,0,0,1,5,\"abcde\",0,2");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "62451001A1A2 C0 FF'abcde'");
    desk_error(&d, "AT+QLARDRSP=4097,1,19,0,0,1,5,\"abcde\",0");
    desk_end(&d);
}

/* --- Formats --------------------------------------------------------------------------------- */

static void answer_has_the_format_that_was_asked_for(void **state) /* MODULE 4 */
{
    (void)state;
    static const struct {
        const char *request;
        const char *value;
        const char *response;
    } rows[] = {
        {"B2'19' 01'0' 01'0'", "1,2,\"hi\"", "C0 FF 'hi'"},
        {"B2'19' 01'0' 01'0'", "2,2,\"00ff\"", "C12A FF 00FF"},
        {"B2'19' 01'0' 01'0'", "3,2,300", "C0 FF '300'"},
        {"B2'19' 01'0' 01'0'", "4,4,1.5", "C0 FF '1.5'"},
        {"B2'19' 01'0' 01'0'", "5,1,1", "C0 FF '1'"},
        {"B2'19' 01'0' 01'0' 60", "1,2,\"hi\"", "C0 FF 'hi'"},
        {"B2'19' 01'0' 01'0' 60", "2,3,\"616263\"", "C0 FF 'YWJj'"},
        {"B2'19' 01'0' 01'0' 60", "2,2,\"00ff\"", "C0 FF 'AP8='"},
        {"B2'19' 01'0' 01'0' 60", "3,4,-300", "C0 FF '-300'"},
        {"B2'19' 01'0' 01'0' 612A", "1,2,\"hi\"", "C12A FF 'hi'"},
        {"B2'19' 01'0' 01'0' 612A", "2,2,\"00ff\"", "C12A FF 00FF"},
        {"B2'19' 01'0' 01'0' 612A", "3,4,300", "C12A FF 0000012C"},
        {"B2'19' 01'0' 01'0' 612A", "4,4,1.5", "C12A FF 3FC00000"},
        {"B2'19' 01'0' 01'0' 622D16", "1,2,\"hi\"", "C22D16 FF C200'hi'"},
        {"B2'19' 01'0' 01'0' 622D16", "2,9,\"020001000400023238\"",
         "C22D16 FF C80009 020001000400023238"},
        {"B2'19' 01'0' 01'0' 622D16", "3,2,300", "C22D16 FF C200012C"},
        {"B2'19' 01'0' 01'0' 622D16", "3,8,-1", "C22D16 FF C80008FFFFFFFFFFFFFFFF"},
        {"B2'19' 01'0' 01'0' 622D16", "4,8,1.5", "C22D16 FF C800083FF8000000000000"},
        {"B2'19' 01'0' 01'0' 622D16", "5,1,0", "C22D16 FF C10000"},
        {"B2'19' 01'0'", "1,2,\"hi\"", "C22D16 FF C200'hi'"},
        {"B2'19'", "1,2,\"hi\"", "C22D16 FF 0400 C200'hi'"},
        {"B2'19' 01'0' 01'0'", "1,0,\"\"", "C0"},
        {"B2'19' 01'0' 01'0' 622D16", "1,0,\"\"", "C22D16 FF C000"},
    };
    struct desk d;
    char text[200];
    desk_registered(&d);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(text, sizeof(text), "420110%02XA1A2 %s", i, rows[i].request);
        desk_server(&d, text);
        d.serial_len = 0; /* the URC has its own tests */
        snprintf(text, sizeof(text), "AT+QLARDRSP=%u,1,19,0,0,%s,0", 4096 + i, rows[i].value);
        desk_ok(&d, text);
        desk_urc(&d, "+QLARDRSP: 0");
        snprintf(text, sizeof(text), "624510%02XA1A2 %s", i, rows[i].response);
        desk_wire(&d, text);
    }
    desk_end(&d);
}

static void request_that_cannot_be_met_is_refused_without_the_host(void **state) /* MODULE 4 */
{
    (void)state;
    static const struct {
        const char *request;
        const char *response;
    } rows[] = {
        {"42011001A1A2 B2'19' 01'0' 01'0' 6132", "62861001A1A2"},        /* Accept 50 */
        {"42011002A1A2 B2'19' 01'0' 60", "62861002A1A2"},                /* an instance as text */
        {"42031003A1A2 B2'19' 01'0' 01'0' 1132 FF'{}'", "628F1003A1A2"}, /* format 50 */
        {"42031004A1A2 B2'19' 01'0' 01'0' 1128 FF'<>'", "628F1004A1A2"}, /* link-format */
        {"42011005A1A2 B2'20'", "62841005A1A2"},
        {"42011006A1A2 B2'19' 01'1'", "62841006A1A2"},
        {"42011007A1A2 B2'19' 01'0' 01'3'", "62841007A1A2"},
        {"42011008A1A2 B2'19' 01'0' 01'0' 01'0'", "62841008A1A2"},
        {"42011009A1A2 B1'x'", "62841009A1A2"},
        {"4203100AA1A2 B5'65555' 01'0' 01'0' FF'a'", "6284100AA1A2"},
        {"4201100BA1A2", "6284100BA1A2"},
        {"4204100CA1A2 B2'19' 01'0'", "6285100CA1A2"},                /* DELETE */
        {"4202100DA1A2 B2'19' 122D16 FF 0301C10031", "6285100DA1A2"}, /* create */
        {"4203100EA1A2 B2'19' FF'a'", "6285100EA1A2"},
        {"4203100FA1A2 B2'19' 01'0' 46'pmin=1'", "6285100FA1A2"}, /* write-attributes */
        {"42011010A1A2 B1'0'", "62811010A1A2"},                   /* security */
        {"42011011A1A2 B1'0' 01'0' 01'0'", "62811011A1A2"},
        {"42031012A1A2 B1'0' 01'0' 01'0' FF'a'", "62811012A1A2"},
        {"42011013A1A2 60 51'0'", "62811013A1A2"},
        {"42051014A1A2 B2'19'", "62851014A1A2"}, /* FETCH */
    };
    struct desk d;
    desk_registered(&d);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        desk_server(&d, rows[i].request);
        desk_wire(&d, rows[i].response);
    }
    desk_end(&d);
}

static void critical_option_that_nobody_knows_is_4_02(void **state) /* RFC 7252 5.4.1 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42011001A1A2 11'x' A2'19'"); /* If-Match */
    desk_wire(&d, "62821001A1A2");
    desk_server(&d, "42011002A1A2 B2'19' E0 0010"); /* an option 296: elective */
    desk_urc(&d, "+QLAURC: \"read\",4098,19,-1,-1");
    desk_server(&d, "52011003A1A2 11'x' A2'19'");
    desk_end(&d);
}

static void discover_lists_what_was_added(void **state) /* LwM2M 1.0 5.4.2 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42011001A1A2 B2'19' 6128");
    desk_wire(&d, "62451001A1A2 C128 FF'</19>,</19/0>,</19/0/0>,</19/0/1>,</19/0/2>'");
    desk_server(&d, "42011002A1A2 B2'19' 01'0' 6128");
    desk_wire(&d, "62451002A1A2 C128 FF'</19/0>,</19/0/0>,</19/0/1>,</19/0/2>'");
    desk_server(&d, "42011003A1A2 B2'19' 01'0' 01'2' 6128");
    desk_wire(&d, "62451003A1A2 C128 FF'</19/0/2>'");
    desk_server(&d, "42011004A1A2 B2'20' 6128");
    desk_wire(&d, "62841004A1A2");
    desk_end(&d);
}

/* --- Time ------------------------------------------------------------------------------------ */

/*
 *   host               module                      server
 *    | <- "read" ------- | <-- CON GET [1001] ------ |
 *    |                   | --- empty ACK [1001] ---> |   after 1.5 s
 *    | -- AT+QLARDRSP -> | --- CON 2.05 [m] -------> |   the request's token
 *    |                   | <-- empty ACK [m] ------- |
 */
static void late_answer_is_a_separate_response(void **state) /* RFC 7252 5.2.2, MODULE 2 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, READ_19_0_0);
    desk_urc(&d, SHOWN_READ);
    desk_quiet_until(&d, 1500);
    desk_wire(&d, "60001001");
    desk_server(&d, READ_19_0_0);
    desk_wire(&d, "60001001");
    desk_after(&d, 60000);
    desk_quiet(&d);
    desk_ok(&d, "AT+QLARDRSP=4097,1,19,0,0,1,5,\"abcde\",0");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "4245 <mid> A1A2 C0 FF'abcde'");
    desk_quiet_until(&d, 4000);
    desk_wire(&d, "4245 <again> A1A2 C0 FF'abcde'");
    desk_server(&d, "6000 <mid>");
    desk_after(&d, 36000);
    desk_end(&d);
}

static void late_refusal_is_a_separate_response(void **state)
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, WRITE_19_0_0 "FF'a'");
    desk_urc(&d, "+QLAURC: \"write\",4097,19,0,0,2,1,\"61\",0");
    desk_after(&d, 1500);
    desk_wire(&d, "60001001");
    desk_ok(&d, "AT+QLAWRRSP=4097,14");
    desk_urc(&d, "+QLAWRRSP: 0");
    desk_wire(&d, "4285 <mid> A1A2");
    desk_server(&d, "7000 <mid>");
    desk_end(&d);
}

/* What waits keeps the low 32 bits of the time at which it came. */
static void waiting_requests_keep_their_time_where_32_bits_of_it_wrap(void **state)
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_after(&d, ((uint64_t)1 << 32) - 100000 - d.now_ms);
    desk_register(&d);
    desk_ok(&d, "AT+QLACFG=\"lifetime_enable\",0");
    desk_server(&d, "52011001A1A2 B2'19' 01'0' 01'0'");
    desk_urc(&d, SHOWN_READ);
    desk_server(&d, "52011002A1A2 B2'19' 01'0' 01'0'");
    desk_urc(&d, "+QLAURC: \"read\",4098,19,0,0");
    desk_after(&d, 246999);
    desk_ok(&d, "AT+QLARDRSP=4097,1,19,0,0,1,5,\"abcde\",0");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "5245 <mid> A1A2 C0 FF'abcde'");
    desk_after(&d, 1);
    desk_error(&d, "AT+QLARDRSP=4098,1,19,0,0,1,5,\"abcde\",0");
    desk_end(&d);
}

/* Whoever calls 49 days late finds nothing that looks young. */
static void waiting_request_is_gone_after_a_silence_of_49_days(void **state)
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLACFG=\"lifetime_enable\",0");
    desk_server(&d, READ_19_0_0);
    desk_urc(&d, SHOWN_READ);
    desk_after(&d, 1500);
    desk_wire(&d, "60001001");
    d.now_ms += (uint64_t)1 << 32;
    desk_error(&d, "AT+QLARDRSP=4097,1,19,0,0,1,5,\"abcde\",0");
    desk_end(&d);
}

static void non_request_is_answered_by_non(void **state) /* RFC 7252 5.2.3 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "52011001A1A2 B2'19' 01'0' 01'0'");
    desk_urc(&d, SHOWN_READ);
    desk_after(&d, 10000);
    desk_quiet(&d);
    desk_ok(&d, "AT+QLARDRSP=4097,1,19,0,0,1,5,\"abcde\",0");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "5245 <mid> A1A2 C0 FF'abcde'");
    desk_after(&d, 10000);
    desk_end(&d);
}

static void repeated_request_is_shown_once_and_answered_alike(void **state) /* RFC 7252 4.5 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, READ_19_0_0);
    desk_urc(&d, SHOWN_READ);
    desk_server(&d, READ_19_0_0);
    desk_quiet(&d);
    desk_ok(&d, "AT+QLARDRSP=4097,1,19,0,0,1,30,\"a text of more than 24 bytes..\",0");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "62451001A1A2 C0 FF'a text of more than 24 bytes..'");
    desk_server(&d, READ_19_0_0);
    desk_wire(&d, "62451001A1A2 C0 FF'a text of more than 24 bytes..'");
    desk_after(&d, 80000);
    desk_server(&d, READ_19_0_0);
    desk_wire(&d, "62451001A1A2 C0 FF'a text of more than 24 bytes..'");
    desk_end(&d);
}

/*
 *   server                        module
 *     | --- CON GET, id 1001 -----> |   shown
 *     | <-- empty ACK ------------- |   1.5 s later
 *     | --- 16 other messages ----> |   all that is remembered
 *     | --- CON GET, id 1001 -----> |   not shown
 *     | <-- empty ACK ------------- |
 */
static void waiting_request_is_known_however_many_came_after_it(void **state) /* MODULE 2 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, READ_19_0_0);
    desk_urc(&d, SHOWN_READ);
    desk_after(&d, 1500);
    desk_wire(&d, "60001001");
    for (unsigned i = 0; i < BC_REPLIES_MAX; i++) {
        char ping[20];
        snprintf(ping, sizeof(ping), "4000 20%02X", i);
        desk_server(&d, ping);
        snprintf(ping, sizeof(ping), "7000 20%02X", i);
        desk_wire(&d, ping);
    }
    desk_server(&d, READ_19_0_0);
    desk_wire(&d, "60001001");
    desk_ok(&d, "AT+QLARDRSP=4097,1" ABCDE);
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "4245 <mid> A1A2 C0 FF'abcde'");
    desk_server(&d, "6000 <mid>");
    desk_error(&d, "AT+QLARDRSP=4097,1" ABCDE);
    desk_end(&d);
}

/* The end of the registration. */
static void deregister(struct desk *d)
{
    desk_ok(d, "AT+QLADEREG");
    desk_wire(d, "4404 <mid> <token> <location>");
    desk_server(d, "6442 <mid> <token>");
    desk_urc(d, "+QLADEREG: 0");
}

/*
 *   server                        module
 *     | --- CON GET, id 1001 -----> |    shown, answered
 *     | <-- DELETE /rd/5a3f ------- |
 *     | <-- POST /rd -------------- |
 *     | --- CON GET, id 1001 -----> |    was ten seconds on its way
 */
static void repeated_request_is_known_after_a_new_registration(void **state) /* RFC 7252 4.5 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, READ_19_0_0);
    desk_urc(&d, SHOWN_READ);
    desk_ok(&d, "AT+QLARDRSP=4097,1,19,0,0,1,5,\"abcde\",0");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "62451001A1A2 C0 FF'abcde'");
    deregister(&d);
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, REGISTER_WIRE(",</19/0>"));
    desk_server(&d, READ_19_0_0);
    desk_wire(&d, "62451001A1A2 C0 FF'abcde'");
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_urc(&d, "+QLAREG: 0");
    deregister(&d);
    desk_ok(&d, "AT+QLACONFIG=0,\"180.101.147.115\",5693,\"867724030023557\",300,3");
    d.server.port = 5693; /* somebody else, who counts for himself */
    desk_register(&d);
    desk_server(&d, READ_19_0_0);
    desk_urc(&d, SHOWN_READ);
    desk_end(&d);
}

static void message_id_is_free_again_after_its_lifetime(void **state) /* RFC 7252 4.8.2 */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+QLACONFIG=0,\"180.101.147.115\",5683,\"867724030023557\",86400,3,,,0");
    desk_ok(&d, "AT+QLAREG");
    d.mid = (uint16_t)(d.wire[0].bytes[2] << 8 | d.wire[0].bytes[3]);
    memcpy(d.token, d.wire[0].bytes + 4, sizeof(d.token));
    d.wires = 0;
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_urc(&d, "+QLAREG: 0");
    desk_server(&d, READ_19_0_0);
    desk_urc(&d, SHOWN_READ);
    desk_after(&d, 246999);
    desk_wire(&d, "60001001");
    desk_error(&d, "AT+QLARDRSP=4098,1,19,0,0,1,5,\"abcde\",0");
    desk_after(&d, 1);
    desk_error(&d, "AT+QLARDRSP=4097,1,19,0,0,1,5,\"abcde\",0");
    desk_server(&d, READ_19_0_0);
    desk_urc(&d, SHOWN_READ);
    desk_ok(&d, "AT+QLARDRSP=4097,1,19,0,0,1,5,\"abcde\",0");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "62451001A1A2 C0 FF'abcde'");
    desk_end(&d);
}

static void ninth_request_that_waits_is_5_03(void **state) /* limits.h */
{
    (void)state;
    struct desk d;
    char text[80];
    desk_registered(&d);
    for (unsigned i = 1; i <= BC_REQUESTS_MAX; i++) {
        snprintf(text, sizeof(text), "420110%02XA1A2 B2'19' 01'0' 01'0'", i);
        desk_server(&d, text);
        snprintf(text, sizeof(text), "+QLAURC: \"read\",%u,19,0,0", 4096 + i);
        desk_urc(&d, text);
    }
    desk_server(&d, "42011009A1A2 B2'19' 01'0' 01'0'");
    desk_wire(&d, "62A31009A1A2");
    desk_ok(&d, "AT+QLARDRSP=4100,13,19,0,0,1,0,\"\",0");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "62841004A1A2");
    desk_server(&d, "4201100AA1A2 B2'19' 01'0' 01'0'");
    desk_urc(&d, "+QLAURC: \"read\",4106,19,0,0");
    desk_end(&d);
}

/* --- Observe and cancel ---------------------------------------------------------------------- */

static void cancel_is_shown_and_answered_like_an_observe(void **state) /* G 3.2, MODULE 3 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_observed(&d);
    desk_server(&d, "42011002A1A2 6101 52'19' 01'0' 01'0'");
    desk_urc(&d, "+QLAURC: \"observe\",4098,1,19,0,0");
    desk_ok(&d, "AT+QLAOBSRSP=4098,1,19,0,0,1,5,\"abcde\",0");
    desk_urc(&d, "+QLAOBSRSP: 0");
    desk_wire(&d, "62451002A1A2 C0 FF'abcde'");
    desk_error(&d, "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0,0");
    desk_end(&d);
}

/*
 *   host                      module                      server
 *    |                          | <-- GET observe 0 -------- |
 *    | <- "observe",4097,0,... -| --- 2.05 Observe, empty -> |
 */
/*
 *   host                      module                        server
 *    | <- "observe",...,0 ---- | <-- GET Observe 0 --------- |
 *    | <- "observe",...,1 ---- | <-- GET Observe 1 --------- |   before the host has answered
 *    | -- AT+QLAOBSRSP ------> | --- 2.05 -----------------> |   without Observe
 */
static void cancel_counts_for_an_observe_that_waits(void **state) /* RFC 7641 3.6, 4.1 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42011001A1A2 60 52'19' 01'0' 01'0'");
    desk_urc(&d, "+QLAURC: \"observe\",4097,0,19,0,0");
    desk_server(&d, "42011002A1A2 6101 52'19' 01'0' 01'0'");
    desk_urc(&d, "+QLAURC: \"observe\",4098,1,19,0,0");
    desk_ok(&d, "AT+QLAOBSRSP=4097,1" ABCDE);
    desk_urc(&d, "+QLAOBSRSP: 0");
    desk_wire(&d, "62451001A1A2 C0 FF'abcde'");
    desk_ok(&d, "AT+QLAOBSRSP=4098,1" ABCDE);
    desk_urc(&d, "+QLAOBSRSP: 0");
    desk_wire(&d, "62451002A1A2 C0 FF'abcde'");
    desk_error(&d, "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0");
    desk_end(&d);
}

static void reset_of_a_late_observe_answer_ends_the_observation(void **state) /* RFC 7641 3.6 */
{
    static const char *const requests[] = {"42011001A1A2 60 52'19' 01'0' 01'0'",
                                           "52011001A1A2 60 52'19' 01'0' 01'0'"};
    (void)state;
    for (size_t non = 0; non < 2; non++) {
        struct desk d;
        desk_registered(&d);
        desk_server(&d, requests[non]);
        desk_urc(&d, "+QLAURC: \"observe\",4097,0,19,0,0");
        desk_after(&d, 1500);
        if (non == 0)
            desk_wire(&d, "60001001");
        desk_ok(&d, "AT+QLAOBSRSP=4097,1" ABCDE);
        desk_urc(&d, "+QLAOBSRSP: 0");
        desk_wire(&d,
                  non == 0 ? "4245 <mid> A1A2 60 60 FF'abcde'" : "5245 <mid> A1A2 60 60 FF'abcde'");
        desk_server(&d, "7000 <mid>");
        desk_urc(&d, "+QLAURC: \"lw_event\",0,5,<mid>");
        desk_error(&d, "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0");
        desk_end(&d);
    }
}

static void reset_of_any_other_late_answer_is_nothing(void **state) /* RFC 7252 5.2.2 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_observed(&d);
    desk_server(&d, "42011002B1B2 B2'19' 01'0' 01'0'");
    desk_urc(&d, "+QLAURC: \"read\",4098,19,0,0");
    desk_after(&d, 1500);
    desk_wire(&d, "60001002");
    desk_ok(&d, "AT+QLARDRSP=4098,1" ABCDE);
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "4245 <mid> B1B2 C0 FF'abcde'");
    desk_server(&d, "7000 <mid>");
    desk_ok(&d, "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_wire(&d, "5245 <mid> A1A2 6101 60 FF'abcde'");
    desk_end(&d);
}

static void observe_option_of_four_bytes_is_none(void **state) /* RFC 7252 5.4.3, RFC 7641 2 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42011001A1A2 64 00000000 52'19' 01'0' 01'0'");
    desk_urc(&d, SHOWN_READ);
    desk_end(&d);
}

static void auto_ack_answers_an_observe_without_content(void **state) /* G 2.2, 5.5.2 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLACFG=\"auto_ack\",1");
    desk_server(&d, "42011001A1A2 60 52'19' 01'0'");
    desk_urc(&d, "+QLAURC: \"observe\",4097,0,19,0,-1");
    desk_wire(&d, "62451001A1A2 60");
    desk_error(&d, "AT+QLAOBSRSP=4097,1,19,0,0,1,5,\"abcde\",0");
    desk_ok(&d, "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0,0");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_wire(&d, "5245 <mid> A1A2 6101 622D16 FF C500'abcde'");
    desk_server(&d, "42011002A1A2 6101 52'19' 01'0'");
    desk_urc(&d, "+QLAURC: \"observe\",4098,1,19,0,-1");
    desk_wire(&d, "62451002A1A2");
    desk_error(&d, "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0,0");
    desk_server(&d, "42011003A1A2 B2'19' 01'0' 01'0'");
    desk_urc(&d, "+QLAURC: \"read\",4099,19,0,0");
    desk_end(&d);
}

static void seventeenth_observation_is_5_03(void **state) /* limits.h */
{
    (void)state;
    struct desk d;
    char text[100];
    desk_ready(&d);
    desk_ok(&d, CONFIGURE);
    desk_ok(&d, "AT+QLAADDOBJ=100,0,14,0,1,2,3,4,5,6,7,8,9,10,11,12,13");
    desk_ok(&d, "AT+QLAADDOBJ=100,1,4,0,1,2,3");
    desk_ok(&d, "AT+QLACFG=\"auto_ack\",1");
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, REGISTER_WIRE(",</100/0>,</100/1>"));
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_urc(&d, "+QLAREG: 0");
    for (unsigned i = 0; i < BC_OBSERVATIONS_MAX; i++) {
        char id[4];
        int digits = snprintf(id, sizeof(id), "%u", i % 14);
        snprintf(text, sizeof(text), "420110%02X%04X 60 53'100' 01'%u' 0%d'%s'", i, i, i / 14,
                 digits, id);
        desk_server(&d, text);
        snprintf(text, sizeof(text), "+QLAURC: \"observe\",%u,0,100,%u,%u", 4096 + i, i / 14,
                 i % 14);
        desk_urc(&d, text);
        snprintf(text, sizeof(text), "624510%02X%04X 60", i, i);
        desk_wire(&d, text);
    }
    desk_server(&d, "42011010A1A2 60 53'100' 01'1' 01'2'");
    desk_wire(&d, "62A31010A1A2");
    desk_server(&d, "42011011A1A2 60 53'100' 01'1' 01'1'"); /* again: its token is replaced */
    desk_urc(&d, "+QLAURC: \"observe\",4113,0,100,1,1");
    desk_wire(&d, "62451011A1A2 6101");
    desk_end(&d);
}

/* --- Not for the host ------------------------------------------------------------------------ */

static void message_that_is_no_request_is_answered_by_the_book(void **state) /* RFC 7252 4.2, 4.3 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "40005555"); /* a ping */
    desk_wire(&d, "70005555");
    desk_server(&d, "42455556A1A2 FF'x'"); /* a response to nothing */
    desk_wire(&d, "70005556");
    desk_server(&d, "42015557A1A2 B2'19' FF"); /* a marker without payload */
    desk_wire(&d, "70005557");
    desk_server(&d, "52015558A1A2 FF");
    desk_server(&d, "50005559");
    desk_server(&d, "82015560A1A2 B2'19'"); /* version 2 */
    desk_server(&d, "62455561A1A2");
    desk_server(&d, "70005562");
    desk_server(&d, "42");
    desk_stranger(&d, READ_19_0_0);
    desk_end(&d);
}

static void server_is_not_heard_before_registration_and_after_it(void **state)
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_server(&d, READ_19_0_0);
    desk_quiet(&d);
    desk_register(&d);
    desk_server(&d, READ_19_0_0);
    desk_urc(&d, SHOWN_READ);
    desk_ok(&d, "AT+QLADEREG");
    desk_wire(&d, "4404 <mid> <token> <location>");
    desk_server(&d, "6442 <mid> <token>");
    desk_urc(&d, "+QLADEREG: 0");
    desk_error(&d, "AT+QLARDRSP=4097,1,19,0,0,1,5,\"abcde\",0");
    desk_server(&d, "42011002A1A2 B2'19' 01'0' 01'0'");
    desk_after(&d, 10000);
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_is_answered_as_in_the_guide),
        cmocka_unit_test(write_is_answered_as_in_the_guide),
        cmocka_unit_test(execute_is_answered_as_in_the_guide),
        cmocka_unit_test(observe_is_answered_as_in_the_guide),
        cmocka_unit_test(opaque_observe_answer_of_the_sessions),
        cmocka_unit_test(text_value_may_hold_quotes_and_commas),
        cmocka_unit_test(opaque_read_answer_of_the_andlink_session),
        cmocka_unit_test(ids_that_are_not_asked_for_are_minus_one),
        cmocka_unit_test(read_shows_the_query_of_the_request),
        cmocka_unit_test(write_shows_text_as_text_and_anything_else_as_hex),
        cmocka_unit_test(write_of_several_resources_is_one_request),
        cmocka_unit_test(tlv_write_may_be_wrapped_in_its_instance),
        cmocka_unit_test(tlv_write_is_judged_whole),
        cmocka_unit_test(largest_values_are_shown_whole),
        cmocka_unit_test(every_result_is_its_response_code),
        cmocka_unit_test(answer_fits_its_request_or_is_an_error),
        cmocka_unit_test(answer_has_the_format_that_was_asked_for),
        cmocka_unit_test(request_that_cannot_be_met_is_refused_without_the_host),
        cmocka_unit_test(critical_option_that_nobody_knows_is_4_02),
        cmocka_unit_test(discover_lists_what_was_added),
        cmocka_unit_test(late_answer_is_a_separate_response),
        cmocka_unit_test(late_refusal_is_a_separate_response),
        cmocka_unit_test(waiting_requests_keep_their_time_where_32_bits_of_it_wrap),
        cmocka_unit_test(waiting_request_is_gone_after_a_silence_of_49_days),
        cmocka_unit_test(non_request_is_answered_by_non),
        cmocka_unit_test(repeated_request_is_shown_once_and_answered_alike),
        cmocka_unit_test(waiting_request_is_known_however_many_came_after_it),
        cmocka_unit_test(repeated_request_is_known_after_a_new_registration),
        cmocka_unit_test(message_id_is_free_again_after_its_lifetime),
        cmocka_unit_test(ninth_request_that_waits_is_5_03),
        cmocka_unit_test(cancel_is_shown_and_answered_like_an_observe),
        cmocka_unit_test(cancel_counts_for_an_observe_that_waits),
        cmocka_unit_test(reset_of_a_late_observe_answer_ends_the_observation),
        cmocka_unit_test(reset_of_any_other_late_answer_is_nothing),
        cmocka_unit_test(observe_option_of_four_bytes_is_none),
        cmocka_unit_test(auto_ack_answers_an_observe_without_content),
        cmocka_unit_test(seventeenth_observation_is_5_03),
        cmocka_unit_test(message_that_is_no_request_is_answered_by_the_book),
        cmocka_unit_test(server_is_not_heard_before_registration_and_after_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
