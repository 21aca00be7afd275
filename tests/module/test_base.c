/*
 * The base commands (MODULE section 7; V.250, 3GPP TS 27.007): each form there is, each parameter
 * at its limits and beyond, and the forms there are not.
 */
#include <string.h>

#include "desk.h"

#define ERROR "ERROR"

/* What a command answers: a line of information before OK, NULL for OK alone, or ERROR. */
struct row {
    const char *command;
    const char *info;
};

static void ask(struct desk *d, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].info == NULL)
            desk_ok(d, rows[i].command);
        else if (strcmp(rows[i].info, ERROR) == 0)
            desk_error(d, rows[i].command);
        else
            desk_tells(d, rows[i].command, rows[i].info);
}

#define ASK(d, rows) ask(d, rows, sizeof(rows) / sizeof((rows)[0]))

static void identity_is_told_in_its_forms(void **state) /* MODULE 7 */
{
    (void)state;
    static const struct row rows[] = {
        {"AT+CGMI", "Quectel_Ltd"},
        {"AT+CGMI=?", NULL},
        {"AT+CGMI?", ERROR},
        {"AT+CGMM", "Quectel_BC260Y-CN"},
        {"AT+CGMM=?", NULL},
        {"AT+CGMR", "Revision: BC260YCNAAR01A02"},
        {"AT+CGMR=?", NULL},
        {"AT+QGMR", "Revision: BC260YCNAAR01A02"},
        {"AT+QGMR=?", NULL},
        {"AT+CGSN", "+CGSN: 867724030023557"},
        {"AT+CGSN=0", "867724030023557"},
        {"AT+CGSN=1", "+CGSN: 867724030023557"},
        {"AT+CGSN=2", "+CGSN: 8677240300235501"},
        {"AT+CGSN=3", "+CGSN: 01"},
        {"AT+CGSN=4", ERROR},
        {"AT+CGSN=-1", ERROR},
        {"AT+CGSN=?", "+CGSN: (0-3)"},
        {"AT+GSN", "867724030023557"},
        {"AT+GSN=?", NULL},
        {"AT+CIMI", "460111174747875"},
        {"AT+CIMI=?", NULL},
        {"AT+CIMI?", ERROR},
        {"AT+QCCID", "+QCCID: 89861120224030023557"},
        {"AT+QCCID=?", NULL},
        {"AT+QCCID?", ERROR},
        {"AT+CPIN?", "+CPIN: READY"},
        {"AT+CPIN=?", NULL},
        {"AT+CPIN", ERROR},
        {"AT+CBC", "+CBC: 0,100,3600"},
        {"AT+CBC=?", NULL},
        {"AT+CBC?", ERROR},
    };
    struct desk d;
    desk_ready(&d);
    ASK(&d, rows);
    desk_end(&d);
}

static void registration_commands_have_their_ranges(void **state) /* MODULE 7, TS 27.007 10.1.22 */
{
    (void)state;
    static const struct row rows[] = {
        {"AT+CEREG=?", "+CEREG: (0-5)"},
        {"AT+CEREG=1", NULL},
        {"AT+CEREG?", "+CEREG: 1,1"},
        {"AT+CEREG=2", NULL},
        {"AT+CEREG?", "+CEREG: 2,1,\"2506\",\"0BF576D1\",9"},
        {"AT+CEREG=5", NULL},
        {"AT+CEREG?", "+CEREG: 5,1,\"2506\",\"0BF576D1\",9"},
        {"AT+CEREG=6", ERROR},
        {"AT+CEREG=", ERROR},
        {"AT+CEREG", ERROR},
        {"AT+CEREG?", "+CEREG: 5,1,\"2506\",\"0BF576D1\",9"},
        {"AT+CREG=?", "+CREG: (0-2)"},
        {"AT+CREG?", "+CREG: 0,1"},
        {"AT+CREG=2", NULL},
        {"AT+CREG?", "+CREG: 2,1,\"2506\",\"0BF576D1\",9"},
        {"AT+CREG=3", ERROR},
        {"AT+CGREG=?", "+CGREG: (0-2)"},
        {"AT+CGREG?", "+CGREG: 0,1"},
        {"AT+CGREG=3", ERROR},
        {"AT+CGATT=?", "+CGATT: (0,1)"},
        {"AT+CGATT?", "+CGATT: 1"},
        {"AT+CGATT=1", NULL},
        {"AT+CGATT=2", ERROR},
        {"AT+CSCON=?", "+CSCON: (0,1)"},
        {"AT+CSCON=1", NULL},
        {"AT+CSCON?", "+CSCON: 1,0"},
        {"AT+CSCON=2", ERROR},
        {"AT+CFUN=?", "+CFUN: (0,1,4),(0,1)"},
        {"AT+CFUN=2", ERROR},
        {"AT+CFUN=1,2", ERROR},
        {"AT+CFUN=1,0", NULL},
        {"AT+CFUN?", "+CFUN: 1"},
    };
    struct desk d;
    desk_ready(&d);
    ASK(&d, rows);
    desk_end(&d);
}

static void operator_is_the_one_there_is(void **state) /* TS 27.007 7.3 */
{
    (void)state;
    static const struct row attached[] = {
        {"AT+COPS?", "+COPS: 0,2,\"46011\",9"},
        {"AT+COPS=?", "+COPS: (2,,,\"46011\",9),,(0-2),(2)"},
        {"AT+COPS=0", NULL},
        {"AT+COPS=1,2,\"46011\"", NULL},
        {"AT+COPS?", "+COPS: 1,2,\"46011\",9"},
        {"AT+COPS=1,2,\"46000\"", ERROR},
        {"AT+COPS=1", ERROR},
        {"AT+COPS=1,0,\"CHN-CT\"", ERROR},
        {"AT+COPS=3", ERROR},
        {"AT+COPS", ERROR},
        {"AT+COPS?", "+COPS: 1,2,\"46011\",9"},
        {"AT+COPS=2", NULL},
        {"AT+COPS?", "+COPS: 2"},
        {"AT+COPS=?", "+COPS: (1,,,\"46011\",9),,(0-2),(2)"},
        {"AT+CEREG?", "+CEREG: 0,0"},
        {"AT+COPS=0", NULL},
    };
    struct desk d;
    desk_ready(&d);
    ASK(&d, attached);
    desk_expect(&d, ATTACHED_LINE);
    desk_coverage(&d, false);
    desk_tells(&d, "AT+COPS=?", "+COPS: ,,(0-2),(2)");
    desk_tells(&d, "AT+COPS?", "+COPS: 0");
    desk_end(&d);
}

static void context_and_bands_are_taken(void **state) /* MODULE 7 */
{
    (void)state;
    static const struct row rows[] = {
        {"AT+CGDCONT?", "+CGDCONT: 0,\"IP\",\"ctnb\",\"10.177.135.245\",0,0"},
        {"AT+CGDCONT=?", "+CGDCONT: (0-10),\"IP\",,,(0),(0)"},
        {"AT+CGDCONT=1,\"IP\",\"cmnbiot\"", NULL},
        {"AT+CGDCONT=1,\"IP\",\"cmnbiot\",,0,0", NULL},
        {"AT+CGDCONT=1", NULL},
        {"AT+CGDCONT=11,\"IP\"", ERROR},
        {"AT+CGDCONT=1,\"IP\",\"x\",,1,0", ERROR},
        {"AT+CGDCONT=", ERROR},
        {"AT+QCGDEFCONT?", "+QCGDEFCONT: \"IP\",\"ctnb\""},
        {"AT+QCGDEFCONT=\"IP\"", NULL},
        {"AT+QCGDEFCONT=\"IP\",\"cmnbiot\",\"user\",\"word\"", NULL},
        {"AT+QCGDEFCONT=\"\"", ERROR},
        {"AT+CGPADDR", "+CGPADDR: 0,\"10.177.135.245\""},
        {"AT+CGPADDR?", "+CGPADDR: 0,\"10.177.135.245\""},
        {"AT+CGPADDR=0", "+CGPADDR: 0,\"10.177.135.245\""},
        {"AT+CGPADDR=1", NULL},
        {"AT+CGPADDR=11", ERROR},
        {"AT+CGPADDR=?", "+CGPADDR: (0-10)"},
        {"AT+QBAND?", "+QBAND: 3,8,5,3"},
        {"AT+QBAND=?", "+QBAND: (0-5),(1-85)[,...]"},
        {"AT+QBAND=0", NULL},
        {"AT+QBAND=1,5", NULL},
        {"AT+QBAND=3,3,5,8", NULL},
        {"AT+QBAND=2,5", ERROR},
        {"AT+QBAND=1,5,8", ERROR},
        {"AT+QBAND=0,5", ERROR},
        {"AT+QBAND=6", ERROR},
        {"AT+QBAND=1,0", ERROR},
        {"AT+QBAND=1,86", ERROR},
        {"AT+QCSEARFCN", NULL},
        {"AT+QCSEARFCN=?", NULL},
    };
    struct desk d;
    desk_ready(&d);
    ASK(&d, rows);
    desk_end(&d);
}

static void signal_and_time_are_told(void **state) /* MODULE 7 */
{
    (void)state;
    static const struct row rows[] = {
        {"AT+CSQ", "+CSQ: 21,0"},
        {"AT+CSQ=?", "+CSQ: (0-31,99),(0-7,99)"},
        {"AT+CSQ?", ERROR},
        {"AT+CESQ", "+CESQ: 47,0,255,255,30,80"},
        {"AT+CESQ=?", "+CESQ: (0-63,99),(0-7,99),(255),(255),(0-34,255),(0-97,255)"},
        {"AT+QENG=0", "+QENG: 0,2506,,176,\"0BF576D1\",-59,-6,31,21,5,3095,0,-17,3"},
        {"AT+QENG=3", "+QENG: 3,2506,176,-59,-6,31"},
        {"AT+QENG=?", "+QENG: (0,3)"},
        {"AT+QENG=1", ERROR},
        {"AT+QENG", ERROR},
        {"AT+CCLK?", "+CCLK: \"1970/01/01,00:00:00+32\""},
        {"AT+CCLK=?", NULL},
        {"AT+CTZR=?", "+CTZR: (0-3)"},
        {"AT+CTZR=3", NULL},
        {"AT+CTZR?", "+CTZR: 3"},
        {"AT+CTZR=4", ERROR},
    };
    struct desk d;
    desk_ready(&d);
    ASK(&d, rows);
    desk_end(&d);
}

static void power_commands_have_their_ranges(void **state) /* MODULE 5, 7 */
{
    (void)state;
    static const struct row rows[] = {
        {"AT+CPSMS?", "+CPSMS: 1,,,\"01000001\",\"00000101\""},
        {"AT+CPSMS=1,,,\"01000011\",\"01000010\"", NULL},
        {"AT+CPSMS?", "+CPSMS: 1,,,\"01000011\",\"01000010\""},
        {"AT+CPSMS=1,,,01000001,00000101", NULL},
        {"AT+CPSMS=1,,,\"0100001\"", ERROR},
        {"AT+CPSMS=1,,,\"010000110\"", ERROR},
        {"AT+CPSMS=1,,,\"01000012\"", ERROR},
        {"AT+CPSMS=3", ERROR},
        {"AT+CPSMS=0", NULL},
        {"AT+CPSMS?", "+CPSMS: 0,,,\"01000001\",\"00000101\""},
        {"AT+CEDRXS=?", "+CEDRXS: (0-3),(5),<Requested_eDRX_value>"},
        {"AT+CEDRXS=1,5,\"0010\"", NULL},
        {"AT+CEDRXS?", "+CEDRXS: 5,\"0010\""},
        {"AT+CEDRXRDP", "+CEDRXRDP: 5,\"0010\",\"0010\",\"0011\""},
        {"AT+CEDRXS=1,4,\"0010\"", ERROR},
        {"AT+CEDRXS=1,5,\"00101\"", ERROR},
        {"AT+CEDRXS=0", NULL},
        {"AT+CEDRXRDP", "+CEDRXRDP: 0"},
        {"AT+CEDRXRDP=?", NULL},
        {"AT+QSCLK=?", "+QSCLK: (0-2)"},
        {"AT+QSCLK=2", NULL},
        {"AT+QSCLK?", "+QSCLK: 2"},
        {"AT+QSCLK=3", ERROR},
        {"AT+QNBIOTEVENT=?", "+QNBIOTEVENT: (0,1),(1)"},
        {"AT+QNBIOTEVENT=0,1", NULL},
        {"AT+QNBIOTEVENT?", "+QNBIOTEVENT: 0,1"},
        {"AT+QNBIOTEVENT=1,2", ERROR},
        {"AT+QATWAKEUP=?", "+QATWAKEUP: (0,1)"},
        {"AT+QATWAKEUP=1", NULL},
        {"AT+QATWAKEUP?", "+QATWAKEUP: 1"},
        {"AT+QATWAKEUP=2", ERROR},
    };
    struct desk d;
    desk_ready(&d);
    ASK(&d, rows);
    desk_end(&d);
}

static void other_commands_have_their_ranges(void **state) /* MODULE 7 */
{
    (void)state;
    static const struct row rows[] = {
        {"AT+QCFG=\"autosleep\"", NULL},
        {"AT+QCFG=\"slplocktimes\",10", NULL},
        {"AT+QCFG=", ERROR},
        {"AT+QCFG?", ERROR},
        {"AT+IPR?", "+IPR: 115200"},
        {"AT+IPR=9600", NULL},
        {"AT+IPR?", "+IPR: 9600"},
        {"AT+IPR=9601", ERROR},
        {"AT+QICLOSE=0", "CLOSE OK"},
        {"AT+QICLOSE=4", "CLOSE OK"},
        {"AT+QICLOSE=5", ERROR},
        {"AT+QICLOSE=?", "+QICLOSE: (0-4)"},
        {"AT+QRST=?", "+QRST: (1)"},
        {"AT+QRST=0", ERROR},
        {"AT+QRST=2", ERROR},
        {"AT+QRST", ERROR},
        {"AT+NRB=?", NULL},
        {"AT+NRB?", ERROR},
        {"AT+NRB=1", ERROR},
        {"AT+QPOWD=?", "+QPOWD: (0-2)"},
        {"AT+QPOWD=3", ERROR},
        {"AT+CMEE=?", "+CMEE: (0-2)"},
        {"AT+CMEE=3", ERROR},
        {"AT+CMEE", ERROR},
    };
    struct desk d;
    desk_ready(&d);
    ASK(&d, rows);
    desk_end(&d);
}

static void reboots_begin_anew(void **state) /* MODULE 5, 7 */
{
    (void)state;
    static const struct row rows[] = {
        {"AT+QRST=1", NULL}, {"AT+CFUN=1,1", NULL}, {"AT+NRB", "REBOOTING"}};
    struct desk d;
    desk_begin(&d, NULL);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        desk_type(&d, "ATE0\r");
        desk_expect(&d, "ATE0\r\r\nOK\r\n");
        desk_host(&d, rows[i].command);
        desk_expect(&d, rows[i].info == NULL ? "\r\nOK\r\n" : "\r\nREBOOTING\r\n");
        desk_after(&d, 1000);
        desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    }
    desk_end(&d);
}

/* --- How answers are written (V.250) ---------------------------------------------------------- */

static void numeric_results_have_shorter_heads(void **state) /* V.250 6.2.6 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_host(&d, "ATV0");
    desk_expect(&d, "0\r");
    desk_host(&d, "AT+CSQ");
    desk_expect(&d, "+CSQ: 21,0\r\n0\r");
    desk_host(&d, "ATI");
    desk_expect(&d, "Quectel_Ltd\r\nQuectel_BC260Y-CN\r\nRevision: BC260YCNAAR01A02\r\n0\r");
    desk_host(&d, "AT+NOSUCH");
    desk_expect(&d, "4\r");
    desk_host(&d, "AT+NRB");
    desk_expect(&d, "REBOOTING\r\n");
    desk_after(&d, 1000);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_end(&d);
}

static void quiet_module_says_what_it_is_asked_and_no_result(void **state) /* V.250 6.2.5 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_host(&d, "ATQ1");
    desk_host(&d, "AT");
    desk_host(&d, "AT+NOSUCH");
    desk_quiet(&d);
    desk_host(&d, "AT+CSQ");
    desk_expect(&d, "\r\n+CSQ: 21,0\r\n");
    desk_ok(&d, "ATQ0");
    desk_end(&d);
}

/* V.250 5.3.1: what stands before the command that fails has been executed. */
static void chain_ends_at_its_first_error(void **state)
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_host(&d, "ATE1X");
    desk_expect(&d, "\r\nERROR\r\n");
    desk_host(&d, "ATE0");
    desk_expect(&d, "ATE0\r\r\nOK\r\n");
    desk_error(&d, "ATXE1");
    desk_ok(&d, "AT");
    desk_error(&d, "AT+CSQ;+CSQ");
    desk_end(&d);
}

static void blanks_are_spaces_and_tabs(void **state) /* MODULE 1 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_tells(&d, "AT \t+CSQ\t ", "+CSQ: 21,0");
    desk_ok(&d, "AT+CMEE\t=\t0\t");
    desk_tells(&d, "AT+CMEE \t? \t", "+CMEE: 0");
    desk_tells(&d, "AT+CMEE=\t?", "+CMEE: (0-2)");
    desk_error(&d, "AT+C SQ");
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identity_is_told_in_its_forms),
        cmocka_unit_test(registration_commands_have_their_ranges),
        cmocka_unit_test(operator_is_the_one_there_is),
        cmocka_unit_test(context_and_bands_are_taken),
        cmocka_unit_test(signal_and_time_are_told),
        cmocka_unit_test(power_commands_have_their_ranges),
        cmocka_unit_test(other_commands_have_their_ranges),
        cmocka_unit_test(reboots_begin_anew),
        cmocka_unit_test(numeric_results_have_shorter_heads),
        cmocka_unit_test(quiet_module_says_what_it_is_asked_and_no_result),
        cmocka_unit_test(chain_ends_at_its_first_error),
        cmocka_unit_test(blanks_are_spaces_and_tabs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
