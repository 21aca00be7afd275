/*
 * Who may be called when: each form of each QLA command in each of the eight states that
 * AT+QLASTATUS knows (G 2.14), and what follows. The array `rows` is also the table of
 * docs/AT.md: with --markdown this program prints it instead of testing.
 *
 * A server's request of each kind waits for its answer wherever one can, 19/0/0 is observed
 * wherever it can be, and "platform" is 2, so that it is the state alone that decides.
 */
#include <stdio.h>
#include <string.h>

#include "desk.h"

#define STATES 8
#define ENTER "+QNBIOTEVENT: \"ENTER DEEPSLEEP\""
#define EXIT "+QNBIOTEVENT: \"EXIT DEEPSLEEP\""
#define CONFIG_INFO "+QLACONFIG: 0,180.101.147.115,5683,867724030023557,300,3,1"
#define ANSWER_RANGES                                                                      \
    "(0-65535),(1,11,12,13,14,15),(0-65535),(-1-65535),(-1-65535),(1-5),(0-1024),<value>," \
    "(0-65535),(0-2)"
#define UPDATE_LINKS(links) "4402 <mid> <token> <location> 1128 FF'" LINKS links "'"
#define SETTINGS                                                    \
    "+QLACFG: \"retransmit\",4,4\r\n+QLACFG: \"auto_ack\",0\r\n"    \
    "+QLACFG: \"platform\",2\r\n+QLACFG: \"lifetime_enable\",%\r\n" \
    "+QLACFG: \"dtls_mode\",0\r\n+QLACFG: \"dtls_version\",2"
#define SETTINGS_RANGES                                                       \
    "+QLACFG: \"retransmit\",(2-20),(0-8)\r\n+QLACFG: \"auto_ack\",(0,1)\r\n" \
    "+QLACFG: \"platform\",(0-2)\r\n"                                         \
    "+QLACFG: \"cfg_res\",(0-65535),(0-65535),(0-65535),<value>\r\n"          \
    "+QLACFG: \"lifetime_enable\",(0,1)\r\n+QLACFG: \"dtls_mode\",(0,1)\r\n"  \
    "+QLACFG: \"dtls_version\",(0-2)"

/* The answer in each state: E = ERROR, O = OK alone, I = `info`, then OK, R = OK, the datagram
 * `wire`, the server's `reply`, then `result`. A `result` that waits for no reply comes before the
 * datagram. In `info`, # is the status and % the setting "lifetime_enable". In state 7 the module
 * sleeps: the column tells what a line meets that wakes it and is kept. */
struct state_row {
    const char *line;
    const char *shown; /* in docs/AT.md; NULL = `line` */
    const char answer[STATES + 1];
    const char *info;
    const char *wire;
    const char *reply;
    const char *result;
};

static const struct state_row rows[] = {
    {"AT+QLACONFIG=?", .answer = "IIIIIIII",
     .info = "+QLACONFIG: (0,1),<serverIP>,(0-65535),<endpoint_name>,(20-31536000),(0,3),"
             "<PSK_ID>,<PSK>,(0,1)"},
    {"AT+QLACONFIG?", .answer = "IIIIIOII", .info = CONFIG_INFO},
    {CONFIGURE, .shown = "AT+QLACONFIG=...", .answer = "OEEEOOEE"},
    {"AT+QLACFG=?", .answer = "IIIIIIII", .info = SETTINGS_RANGES},
    {"AT+QLACFG?", .answer = "IIIIIIII", .info = SETTINGS},
    {"AT+QLACFG=\"dtls_mode\"", .shown = "AT+QLACFG=\"...\"", .answer = "IIIIIIII",
     .info = "+QLACFG: \"dtls_mode\",0"},
    {"AT+QLACFG=\"retransmit\",20,8", .shown = "AT+QLACFG=\"retransmit\",...",
     .answer = "OOOOOOOO"},
    {"AT+QLACFG=\"auto_ack\",1", .shown = "AT+QLACFG=\"auto_ack\",...", .answer = "OOOOOOOO"},
    {"AT+QLACFG=\"platform\",1", .shown = "AT+QLACFG=\"platform\",...", .answer = "OOOOOOOO"},
    {"AT+QLACFG=\"cfg_res\",3,0,17,\"a\"", .shown = "AT+QLACFG=\"cfg_res\",...",
     .answer = "OOOOOOOO"},
    {"AT+QLACFG=\"lifetime_enable\",1", .shown = "AT+QLACFG=\"lifetime_enable\",...",
     .answer = "OOOOOOOO"},
    {"AT+QLACFG=\"dtls_mode\",1", .shown = "AT+QLACFG=\"dtls_mode\",...", .answer = "OEEEOOEE"},
    {"AT+QLACFG=\"dtls_version\",1", .shown = "AT+QLACFG=\"dtls_version\",...",
     .answer = "OEEEOOEE"},
    {"AT+QLAREG=?", .answer = "OOOOOOOO"},
    {"AT+QLAREG", .answer = "REEEREEE", .wire = REGISTER_WIRE(",</19/0>"),
     .reply = "6441 <mid> <token> <location>", .result = "+QLAREG: 0"},
    {"AT+QLAUPDATE=?", .answer = "IIIIIIII", .info = "+QLAUPDATE: (0,1),(20-31536000)/(0,1),(0-2)"},
    {"AT+QLAUPDATE=0,600", .shown = "AT+QLAUPDATE=...", .answer = "EEREEEEE",
     .wire = "4402 <mid> <token> <location> 46'lt=600'", .reply = "6444 <mid> <token>",
     .result = "+QLAUPDATE: 0,<mid>"},
    {"AT+QLADEREG=?", .answer = "OOOOOOOO"},
    {"AT+QLADEREG", .answer = "EEREEEEE", .wire = "4404 <mid> <token> <location>",
     .reply = "6442 <mid> <token>", .result = "+QLADEREG: 0"},
    {"AT+QLAADDOBJ=?", .answer = "IIIIIIII",
     .info = "+QLAADDOBJ: (0-65535),(0-65535),(1-14),(0-65535)[,...]"},
    {"AT+QLAADDOBJ?", .answer = "IIIIIIII", .info = "+QLAADDOBJ: 19,0,3,0,1,2"},
    {"AT+QLAADDOBJ=77,0,1,0", .shown = "AT+QLAADDOBJ=...", .answer = "OEREOOEE",
     .wire = UPDATE_LINKS(",</19/0>,</77/0>"), .reply = "6444 <mid> <token>",
     .result = "+QLAADDOBJ: 0"},
    {"AT+QLADELOBJ=?", .answer = "IIIIIIII", .info = "+QLADELOBJ: (0-65535)"},
    {"AT+QLADELOBJ=19", .shown = "AT+QLADELOBJ=...", .answer = "OEREOOEE", .wire = UPDATE_LINKS(""),
     .reply = "6444 <mid> <token>", .result = "+QLADELOBJ: 0"},
    {"AT+QLARDRSP=?", .answer = "IIIIIIII", .info = "+QLARDRSP: " ANSWER_RANGES},
    {"AT+QLARDRSP=4097,1,19,0,0,1,3,\"abc\",0", .shown = "AT+QLARDRSP=...", .answer = "ERRREERE",
     .wire = "62451001B1B2 C0 FF'abc'", .result = "+QLARDRSP: 0"},
    {"AT+QLAWRRSP=?", .answer = "IIIIIIII", .info = "+QLAWRRSP: (0-65535),(2,11,12,13,14),(0-2)"},
    {"AT+QLAWRRSP=4098,2", .shown = "AT+QLAWRRSP=...", .answer = "ERRREERE", .wire = "62441002B1B2",
     .result = "+QLAWRRSP: 0"},
    {"AT+QLAEXERSP=?", .answer = "IIIIIIII", .info = "+QLAEXERSP: (0-65535),(2,11,12,13,14),(0-2)"},
    {"AT+QLAEXERSP=4099,2", .shown = "AT+QLAEXERSP=...", .answer = "ERRREERE",
     .wire = "62441003B1B2", .result = "+QLAEXERSP: 0"},
    {"AT+QLAOBSRSP=?", .answer = "IIIIIIII", .info = "+QLAOBSRSP: " ANSWER_RANGES},
    {"AT+QLAOBSRSP=4100,1,19,0,1,1,3,\"abc\",0", .shown = "AT+QLAOBSRSP=...", .answer = "ERRREERE",
     .wire = "62451004B1B2 60 60 FF'abc'", .result = "+QLAOBSRSP: 0"},
    {"AT+QLANOTIFY=?", .answer = "IIIIIIII",
     .info =
         "+QLANOTIFY: (0-65535),(0-65535),(0-65535),(1-5),(0-1024),<value>,(0-65535),(0,1),(0-2)"},
    {"AT+QLANOTIFY=19,0,0,1,3,\"abc\",0", .shown = "AT+QLANOTIFY=...", .answer = "EEREEEEE",
     .wire = "5245 <mid> A1A2 6101 60 FF'abc'", .result = "+QLANOTIFY: 0"},
    {"AT+QLASENDDATA=?", .answer = "IIIIIIII",
     .info = "+QLASENDDATA: (1,2),(0-1024),<value>,(0,1),(0-2)"},
    {"AT+QLASENDDATA=1,3,\"abc\"", .shown = "AT+QLASENDDATA=...", .answer = "EEREEEEE",
     .wire = "5402 <mid> <token> B2'dp' 122D17 3D05'ep=867724030023557' FF'abc'",
     .result = "+QLASENDDATA: 0,<mid>"},
    {"AT+QLASTATUS=?", .answer = "IIIIIIII", .info = "+QLASTATUS: (0-7)"},
    {"AT+QLASTATUS?", .answer = "IIIIIIII", .info = "+QLASTATUS: #"},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* --- Into a state ---------------------------------------------------------------------------- */

/* One request of each kind, left waiting. */
static void requests_wait(struct desk *d)
{
    desk_server(d, "42011001B1B2 B2'19' 01'0' 01'0'");
    desk_urc(d, "+QLAURC: \"read\",4097,19,0,0");
    desk_server(d, "42031002B1B2 B2'19' 01'0' 01'0' 10 FF'x'");
    desk_urc(d, "+QLAURC: \"write\",4098,19,0,0,1,1,\"x\",0");
    desk_server(d, "42021003B1B2 B2'19' 01'0' 01'2'");
    desk_urc(d, "+QLAURC: \"execute\",4099,19,0,2");
    desk_server(d, "42011004B1B2 60 52'19' 01'0' 01'1'");
    desk_urc(d, "+QLAURC: \"observe\",4100,0,19,0,1");
}

static void begin(struct desk *d, bool keep_wake_command)
{
    desk_begin(d, &(struct bc_config){.seed = 1, .keep_wake_command = keep_wake_command});
    desk_expect(d, BOOT_LINES ATTACHED_LINE);
    desk_host(d, "ATE0");
    desk_expect(d, "ATE0\r\r\nOK\r\n");
    desk_ok(d, "AT+QSCLK=0");
    desk_ok(d, "AT+QLAADDOBJ=19,0,3,0,1,2");
    desk_ok(d, "AT+QLACFG=\"platform\",2");
}

static void fall_asleep(struct desk *d)
{
    desk_ok(d, "AT+QSCLK=1");
    desk_quiet_until(d, 30000);
    desk_urc(d, ENTER);
    assert_int_equal(bc_module_status(d->module), BC_STATUS_NEEDS_RECOVERY);
}

/* Under another message ID than those of requests_wait(), which would be taken for repetitions. */
static void observe(struct desk *d)
{
    desk_server(d, "42010FFFA1A2 60 52'19' 01'0' 01'0'");
    desk_urc(d, "+QLAURC: \"observe\",4095,0,19,0,0");
    desk_ok(d, "AT+QLAOBSRSP=4095,1,19,0,0,1,5,\"abcde\",0");
    desk_urc(d, "+QLAOBSRSP: 0");
    desk_wire(d, "62450FFFA1A2 60 60 FF'abcde'");
}

static void reach_registration(struct desk *d, int status)
{
    desk_ok(d, "AT+QLAREG");
    desk_wire(d, REGISTER_WIRE(",</19/0>"));
    if (status == BC_STATUS_REGISTERING) {
        requests_wait(d); /* the server knows us before we know it */
        return;
    }
    desk_server(d, "6441 <mid> <token> <location>");
    desk_urc(d, "+QLAREG: 0");
    observe(d);
    if (status == BC_STATUS_REGISTERED || status == BC_STATUS_DEREGISTERING ||
        status == BC_STATUS_DEREGISTERED)
        requests_wait(d);
}

static void reach(struct desk *d, int status, bool keep_wake_command)
{
    begin(d, keep_wake_command);
    if (status == BC_STATUS_NOT_CONFIGURED)
        return;
    desk_ok(d, CONFIGURE);
    if (status == BC_STATUS_NOT_REGISTERED)
        return;
    reach_registration(d, status);
    if (status == BC_STATUS_DEREGISTERING || status == BC_STATUS_DEREGISTERED) {
        desk_ok(d, "AT+QLADEREG");
        desk_wire(d, "4404 <mid> <token> <location>");
    }
    if (status == BC_STATUS_DEREGISTERED) {
        desk_server(d, "6442 <mid> <token>");
        desk_urc(d, "+QLADEREG: 0");
    }
    if (status == BC_STATUS_RECOVERING || status == BC_STATUS_NEEDS_RECOVERY)
        fall_asleep(d);
    if (status == BC_STATUS_RECOVERING) {
        desk_wake_pin(d);
        desk_urc(d, EXIT);
        desk_wire(d, "4402 <mid> <token> <location>");
        requests_wait(d);
    }
}

/* --- What follows ---------------------------------------------------------------------------- */

static void expect_info(struct desk *d, const char *info, int status, int updates)
{
    char text[DESK_SERIAL_BYTES];
    size_t len = 0;
    for (; *info != '\0'; info++)
        text[len++] = *info == '#'   ? (char)('0' + status)
                      : *info == '%' ? (char)('0' + updates)
                                     : *info;
    text[len] = '\0';
    desk_urc(d, text);
    desk_urc(d, "OK");
}

/* What comes before any URC. `status` is the one the command runs in. */
static void expect_answer(struct desk *d, const struct state_row *row, char answer, int status,
                          int updates)
{
    switch (answer) {
    case 'E':
        desk_urc(d, "ERROR");
        break;
    case 'I':
        expect_info(d, row->info, status, updates);
        break;
    default:
        desk_urc(d, "OK");
        break;
    }
}

static void expect_result(struct desk *d, const struct state_row *row)
{
    desk_wire(d, row->wire);
    if (row->reply != NULL) {
        desk_quiet(d);
        desk_server(d, row->reply);
    }
    desk_urc(d, row->result);
}

static void commands_end_as_the_table_says(void **state) /* G 2.1 to 2.14 */
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        for (int status = 0; status < BC_STATUS_NEEDS_RECOVERY; status++) {
            struct desk d;
            reach(&d, status, false);
            desk_status(&d, status);
            desk_host(&d, rows[i].line);
            expect_answer(&d, &rows[i], rows[i].answer[status], status, 1);
            if (rows[i].answer[status] == 'R')
                expect_result(&d, &rows[i]);
            else if (rows[i].answer[status] != 'O')
                desk_status(&d, status);
            desk_end(&d);
        }
}

static void line_that_wakes_and_is_kept_meets_a_recovery(void **state) /* G 2.14, 3.12; MODULE 5 */
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct desk d;
        reach(&d, BC_STATUS_NEEDS_RECOVERY, true);
        desk_host(&d, rows[i].line);
        expect_answer(&d, &rows[i], rows[i].answer[BC_STATUS_NEEDS_RECOVERY], BC_STATUS_RECOVERING,
                      1);
        desk_urc(&d, EXIT);
        desk_wire(&d, "4402 <mid> <token> <location>");
        desk_status(&d, BC_STATUS_RECOVERING);
        desk_server(&d, "6444 <mid> <token>");
        desk_urc(&d, "+QLAURC: \"recovered\",0");
        desk_status(&d, BC_STATUS_REGISTERED);
        desk_end(&d);
    }
}

static void line_that_wakes_is_lost_whatever_it_is(void **state) /* MODULE 5 */
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct desk d;
        reach(&d, BC_STATUS_NEEDS_RECOVERY, false);
        desk_host(&d, rows[i].line);
        desk_urc(&d, EXIT);
        desk_wire(&d, "4402 <mid> <token> <location>");
        desk_status(&d, BC_STATUS_RECOVERING);
        desk_server(&d, "6444 <mid> <token>");
        desk_urc(&d, "+QLAURC: \"recovered\",0");
        desk_tells(&d, "AT+QLACONFIG?", CONFIG_INFO);
        desk_tells(&d, "AT+QLAADDOBJ?", "+QLAADDOBJ: 19,0,3,0,1,2");
        desk_end(&d);
    }
}

/* The line finds the registration gone: its answer is that of state 0. */
static void line_that_wakes_after_the_lifetime_meets_state_0(void **state) /* G 2.14, 3.12 */
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct desk d;
        begin(&d, true);
        desk_ok(&d, "AT+QLACFG=\"lifetime_enable\",0");
        desk_ok(&d, CONFIGURE);
        reach_registration(&d, BC_STATUS_NEEDS_RECOVERY);
        fall_asleep(&d);
        desk_after(&d, 270001);
        desk_quiet(&d);
        desk_host(&d, rows[i].line);
        expect_answer(&d, &rows[i], rows[i].answer[0], BC_STATUS_NOT_REGISTERED, 0);
        desk_urc(&d, EXIT);
        desk_urc(&d, "+QLAURC: \"recovered\",3");
        if (rows[i].answer[0] == 'R')
            expect_result(&d, &rows[i]);
        desk_end(&d);
    }
}

/* --- The table of docs/AT.md ----------------------------------------------------------------- */

static void print_cell(const struct state_row *row, char answer)
{
    if (answer == 'E')
        printf(" ERROR |");
    else if (answer == 'R')
        printf(" OK, `%.*s` |", (int)strcspn(row->result, ":") + 1, row->result);
    else
        printf(" OK |");
}

static void print_markdown(void)
{
    printf("| command | 0 not registered | 1 registering | 2 registered | 3 deregistering | "
           "4 deregistered | 5 not configured | 6 recovering | 7 needs recovery |\n"
           "|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < ROWS; i++) {
        printf("| `%s` |", rows[i].shown == NULL ? rows[i].line : rows[i].shown);
        for (unsigned status = 0; status < STATES; status++)
            print_cell(&rows[i], rows[i].answer[status]);
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--markdown") == 0) {
        print_markdown();
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_end_as_the_table_says),
        cmocka_unit_test(line_that_wakes_and_is_kept_meets_a_recovery),
        cmocka_unit_test(line_that_wakes_is_lost_whatever_it_is),
        cmocka_unit_test(line_that_wakes_after_the_lifetime_meets_state_0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
