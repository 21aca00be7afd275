/*
 * Power-up and the serial line: what the host sees before and around every command (G 1.1, 5.1,
 * V.250; MODULE 1, 5 and 7).
 */
#include <string.h>

#include "desk.h"

/* --- Power-up -------------------------------------------------------------------------------- */

static void boot_prints_its_lines_and_the_address_once_attached(void **state) /* G 5.1, 5.6.4 */
{
    (void)state;
    struct desk d;
    desk_begin(&d, &(struct bc_config){.seed = 1, .attach_ms = 5000});
    desk_expect(&d, "\r\nRDY\r\n\r\n+CFUN: 1\r\n");
    desk_quiet_until(&d, 2500);
    desk_expect(&d, "\r\n+CPIN: READY\r\n");
    desk_quiet_until(&d, 2500);
    desk_expect(&d, "\r\n+IP: 10.177.135.245\r\n");
    desk_end(&d);
}

/* A card that is not ready yet never will be when the power goes. */
static void card_says_nothing_after_the_power_has_gone(void **state)
{
    (void)state;
    struct desk d;
    desk_begin(&d, &(struct bc_config){.seed = 1, .attach_ms = 5000});
    desk_expect(&d, POWER_UP_LINES);
    desk_host(&d, "AT+QPOWD");
    desk_expect(&d, "AT+QPOWD\r\r\nOK\r\n\r\nPOWERED DOWN\r\n");
    desk_after(&d, 10000);
    desk_quiet(&d);
    desk_reset(&d);
    desk_expect(&d, POWER_UP_LINES);
    desk_power(&d, false);
    desk_after(&d, 10000);
    desk_end(&d);
}

static void network_commands_tell_the_attachment(void **state) /* G 5.1 */
{
    (void)state;
    struct desk d;
    desk_begin(&d, &(struct bc_config){.seed = 1, .attach_ms = 5000, .address = "11.201.96.220"});
    desk_expect(&d, POWER_UP_LINES);
    desk_after(&d, 2500);
    desk_expect(&d, CARD_LINE);
    desk_host(&d, "ATE0");
    desk_expect(&d, "ATE0\r\r\nOK\r\n");
    desk_tells(&d, "AT+CEREG?", "+CEREG: 0,2");
    desk_tells(&d, "AT+CGATT?", "+CGATT: 0");
    desk_tells(&d, "AT+CSQ", "+CSQ: 99,99");
    desk_tells(&d, "AT+CGPADDR?", "+CGPADDR: 0,\"\"");
    desk_ok(&d, "AT+CEREG=2");
    desk_ok(&d, "AT+CREG=1");
    desk_after(&d, 2500);
    desk_expect(&d, "\r\n+CREG: 1\r\n\r\n+CEREG: 1,\"2506\",\"0BF576D1\",9\r\n"
                    "\r\n+IP: 11.201.96.220\r\n");
    desk_tells(&d, "AT+CEREG?", "+CEREG: 2,1,\"2506\",\"0BF576D1\",9");
    desk_tells(&d, "AT+CREG?", "+CREG: 1,1");
    desk_tells(&d, "AT+CGREG?", "+CGREG: 0,1");
    desk_tells(&d, "AT+CGATT?", "+CGATT: 1");
    desk_tells(&d, "AT+CSQ", "+CSQ: 21,0");
    desk_tells(&d, "AT+CGPADDR?", "+CGPADDR: 0,\"11.201.96.220\"");
    desk_end(&d);
}

static void identity_comes_from_the_configuration(void **state) /* MODULE 7 */
{
    (void)state;
    struct desk d;
    desk_begin(&d, &(struct bc_config){.imei = "866971030603068",
                                       .imsi = "460001234567890",
                                       .iccid = "89860012345678901234",
                                       .revision = "BC260YCNAAR01A01"});
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_host(&d, "ATE0");
    desk_expect(&d, "ATE0\r\r\nOK\r\n");
    desk_host(&d, "ATI");
    desk_expect(&d, "\r\nQuectel_Ltd\r\nQuectel_BC260Y-CN\r\nRevision: BC260YCNAAR01A01\r\n"
                    "\r\nOK\r\n");
    desk_tells(&d, "AT+CGSN=1", "+CGSN: 866971030603068");
    desk_tells(&d, "AT+CGSN", "+CGSN: 866971030603068");
    desk_tells(&d, "AT+GSN", "866971030603068");
    desk_tells(&d, "AT+CIMI", "460001234567890");
    desk_tells(&d, "AT+QCCID", "+QCCID: 89860012345678901234");
    desk_tells(&d, "AT+CGMR", "Revision: BC260YCNAAR01A01");
    desk_end(&d);
}

static void identity_that_cannot_be_is_refused(void **state) /* module.h */
{
    (void)state;
    struct desk d;
    struct bc_module *out = NULL;
    const struct bc_config wrong[] = {
        {.imei = "86697103060306"},
        {.imei = "8669710306030680"},
        {.imei = "86697103060306x"},
        {.imsi = "46000123456789"},
        {.iccid = "8986001234567890123"},
        {.revision = ""},
        {.revision = "12345678901234567890123456789012"},
        {.address = "10.0.0.1\r"},
    };
    const struct bc_storage storage = bc_memory_storage(&d.side[0].store);
    const struct bc_config nowhere_to_store = {.seed = 1};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct bc_config config = wrong[i];
        config.storage = &storage;
        assert_int_equal(bc_module_init(&out, &d.side[0].memory, &d.side[0].workspace, &config, 0),
                         BC_ERR_RANGE);
    }
    assert_int_equal(
        bc_module_init(&out, &d.side[0].memory, &d.side[0].workspace, &nowhere_to_store, 0),
        BC_ERR_RANGE);
    assert_null(out);
}

static void base_commands_answer_in_their_forms(void **state) /* MODULE 7 */
{
    (void)state;
    static const struct {
        const char *command;
        const char *info;
    } rows[] = {
        {"AT+CPIN?", "+CPIN: READY"},
        {"AT+CFUN?", "+CFUN: 1"},
        {"AT+CSCON?", "+CSCON: 0,0"},
        {"AT+CPSMS?", "+CPSMS: 1,,,\"01000001\",\"00000101\""},
        {"AT+IPR?", "+IPR: 115200"},
        {"AT+CGMI", "Quectel_Ltd"},
        {"AT+CGMM", "Quectel_BC260Y-CN"},
        {"AT+QENG=0", "+QENG: 0,2506,,176,\"0BF576D1\",-59,-6,31,21,5,3095,0,-17,3"},
        {"AT+CCLK?", "+CCLK: \"1970/01/01,00:00:00+32\""},
        {"AT+CMEE?", "+CMEE: 0"},
        {"AT+QSCLK?", "+QSCLK: 0"},
        {"AT+CEREG=?", "+CEREG: (0-5)"},
        {"AT+QSCLK=?", "+QSCLK: (0-2)"},
        {"AT+CMEE=?", "+CMEE: (0-2)"},
        {"AT+CFUN=?", "+CFUN: (0,1,4),(0,1)"},
    };
    struct desk d;
    desk_ready(&d);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        desk_tells(&d, rows[i].command, rows[i].info);
    desk_clock(&d, 1795329000);
    desk_tells(&d, "AT+CCLK?", "+CCLK: \"2026/11/22,06:30:00+32\"");
    desk_after(&d, 61000);
    desk_tells(&d, "AT+CCLK?", "+CCLK: \"2026/11/22,06:31:01+32\"");
    desk_end(&d);
}

/* --- The line -------------------------------------------------------------------------------- */

static void echo_is_on_at_power_up_and_comes_before_the_answer(void **state) /* MODULE 1 */
{
    (void)state;
    struct desk d;
    desk_begin(&d, NULL);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_host(&d, "AT+QLASTATUS?");
    desk_expect(&d, "AT+QLASTATUS?\r\r\n+QLASTATUS: 5\r\n\r\nOK\r\n");
    desk_host(&d, "at");
    desk_expect(&d, "at\r\r\nOK\r\n");
    desk_host(&d, "AT+NOSUCH");
    desk_expect(&d, "AT+NOSUCH\r\r\nERROR\r\n");
    desk_host(&d, "ATE0");
    desk_expect(&d, "ATE0\r\r\nOK\r\n");
    desk_ok(&d, "AT");
    desk_host(&d, "ATE1");
    desk_expect(&d, "\r\nOK\r\n");
    desk_host(&d, "AT");
    desk_expect(&d, "AT\r\r\nOK\r\n");
    desk_end(&d);
}

static void echo_shows_each_byte_as_it_is_typed(void **state) /* V.250 6.2.4 */
{
    (void)state;
    struct desk d;
    desk_begin(&d, NULL);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_type(&d, "A");
    desk_expect(&d, "A");
    desk_type(&d, "TX");
    desk_expect(&d, "TX");
    desk_type(&d, "\b");
    desk_expect(&d, "\b \b");
    desk_type(&d, "\r");
    desk_expect(&d, "\r\r\nOK\r\n");
    desk_end(&d);
}

static void backspace_edits_and_stops_at_the_start(void **state) /* V.250 5.2.2 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_type(&d, "\b\bAT+QLASTATUX\bS?\r");
    desk_expect(&d, "\r\n+QLASTATUS: 5\r\n\r\nOK\r\n");
    desk_end(&d);
}

static void letters_of_any_case_and_spaces_are_taken(void **state) /* G 1.1.2, MODULE 1 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_tells(&d, "at+qlastatus?", "+QLASTATUS: 5");
    desk_tells(&d, "aT+QlaStatus?", "+QLASTATUS: 5");
    desk_ok(&d, "AT+QLACFG = \"PLATFORM\" , 2");
    desk_tells(&d, "AT+QLACFG=\"platform\"", "+QLACFG: \"platform\",2");
    desk_ok(&d, "AT+QLACFG=platform,\"1\"");
    desk_tells(&d, "AT+QLACFG=\"platform\"", "+QLACFG: \"platform\",1");
    desk_end(&d);
}

static void line_feeds_and_empty_lines_are_nothing(void **state) /* V.250 5.2.1 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_type(&d, "\r\n\r\n\nAT\r\n\r\n");
    desk_expect(&d, "\r\nOK\r\n");
    desk_end(&d);
}

static void several_lines_at_once_are_answered_one_by_one(void **state)
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_type(&d, "AT\rAT+X\rAT+QLASTATUS?\r");
    desk_expect(&d, "\r\nOK\r\n\r\nERROR\r\n\r\n+QLASTATUS: 5\r\n\r\nOK\r\n");
    desk_end(&d);
}

static void noise_never_stops_the_parser(void **state) /* MODULE 1 */
{
    (void)state;
    struct desk d;
    char noise[256];
    desk_ready(&d);
    for (unsigned i = 0; i < sizeof(noise); i++)
        noise[i] = (char)(i == '\r' ? 0xFF : i);
    assert_int_equal(desk_offer(&d, noise, sizeof(noise)), sizeof(noise));
    desk_quiet(&d);
    desk_type(&d, "\r");
    desk_expect(&d, "\r\nERROR\r\n");
    assert_int_equal(desk_offer(&d,
                                "\0\xFF\x80"
                                "AT\0\r",
                                7),
                     7);
    desk_expect(&d, "\r\nOK\r\n");
    desk_end(&d);
}

static void line_of_the_limit_is_executed_and_a_longer_one_swallowed(void **state) /* MODULE 1 */
{
    (void)state;
    struct desk d;
    char line[BC_AT_LINE_BYTES_MAX + 100];
    desk_ready(&d);
    memset(line, ' ', sizeof(line));
    memcpy(line, "AT+QLASTATUS?", 13);
    line[BC_AT_LINE_BYTES_MAX] = '\0';
    desk_tells(&d, line, "+QLASTATUS: 5");
    line[BC_AT_LINE_BYTES_MAX] = ' ';
    line[sizeof(line) - 1] = '\0';
    desk_error(&d, line);
    desk_tells(&d, "AT+QLASTATUS?", "+QLASTATUS: 5");
    desk_end(&d);
}

static void urc_waits_while_an_echoed_command_is_typed(void **state) /* MODULE 1 */
{
    (void)state;
    struct desk d;
    desk_begin(&d, &(struct bc_config){.seed = 1, .attach_ms = 1000});
    desk_expect(&d, POWER_UP_LINES);
    desk_after(&d, 500);
    desk_expect(&d, CARD_LINE);
    desk_type(&d, "AT+QLASTA");
    desk_expect(&d, "AT+QLASTA");
    desk_after(&d, 5000);
    desk_quiet(&d);
    desk_type(&d, "TUS?\r");
    desk_expect(&d, "TUS?\r\r\n+QLASTATUS: 5\r\n\r\nOK\r\n" ATTACHED_LINE);
    desk_end(&d);
}

static void urc_comes_between_the_bytes_of_a_command_that_is_not_echoed(void **state)
{
    (void)state;
    struct desk d;
    desk_begin(&d, &(struct bc_config){.seed = 1, .attach_ms = 1000});
    desk_expect(&d, POWER_UP_LINES);
    desk_after(&d, 500);
    desk_expect(&d, CARD_LINE);
    desk_host(&d, "ATE0");
    desk_expect(&d, "ATE0\r\r\nOK\r\n");
    desk_type(&d, "AT+QLASTA");
    desk_after(&d, 1000);
    desk_expect(&d, ATTACHED_LINE);
    desk_type(&d, "TUS?\r");
    desk_expect(&d, "\r\n+QLASTATUS: 5\r\n\r\nOK\r\n");
    desk_end(&d);
}

static void cmee_chooses_how_an_error_is_shown(void **state) /* TS 27.007 9.1 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_error(&d, "AT+QLAREG");
    desk_ok(&d, "AT+CMEE=1");
    desk_host(&d, "AT+NOSUCH");
    desk_expect(&d, "\r\n+CME ERROR: 4\r\n");
    desk_host(&d, "AT+QLACFG=\"platform\",3");
    desk_expect(&d, "\r\n+CME ERROR: 50\r\n");
    desk_host(&d, "AT+QLAREG");
    desk_expect(&d, "\r\n+CME ERROR: 3\r\n");
    desk_ok(&d, "AT+CMEE=0");
    desk_error(&d, "AT+CMEE=3");
    desk_error(&d, "AT+CMEE=0,1");
    desk_error(&d, "AT+CMEE=");
    desk_end(&d);
}

static void
results_are_numbers_without_atv_and_silent_with_atq(void **state) /* V.250 6.2.5, 6.2.6 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_host(&d, "ATV0");
    desk_expect(&d, "0\r");
    desk_host(&d, "AT+NOSUCH");
    desk_expect(&d, "4\r");
    desk_host(&d, "ATV1");
    desk_expect(&d, "\r\nOK\r\n");
    desk_host(&d, "ATQ1");
    desk_host(&d, "AT");
    desk_host(&d, "AT+NOSUCH");
    desk_quiet(&d);
    desk_host(&d, "ATQ0");
    desk_expect(&d, "\r\nOK\r\n");
    desk_end(&d);
}

static void basic_commands_follow_each_other_in_one_line(void **state) /* V.250 5.3.1 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_host(&d, "ATE1V0Q0");
    desk_expect(&d, "0\r");
    desk_host(&d, "ATE0V1");
    desk_expect(&d, "ATE0V1\r\r\nOK\r\n");
    desk_error(&d, "ATE2");
    desk_error(&d, "ATX");
    desk_error(&d, "AT?");
    desk_error(&d, "hello");
    desk_end(&d);
}

/* --- Profiles and reboots -------------------------------------------------------------------- */

static void saved_profile_survives_a_reset(void **state) /* AT&W, ATZ, AT&F */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+CMEE=1");
    desk_ok(&d, "AT&W");
    desk_ok(&d, "AT&F");
    desk_host(&d, "AT+X");
    desk_expect(&d, "AT+X\r\r\nERROR\r\n");
    desk_host(&d, "ATZ");
    desk_expect(&d, "ATZ\r\r\nOK\r\n");
    desk_host(&d, "AT+X");
    desk_expect(&d, "\r\n+CME ERROR: 4\r\n");
    desk_reset(&d);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_host(&d, "AT+X");
    desk_expect(&d, "\r\n+CME ERROR: 4\r\n");
    desk_end(&d);
}

static void atz_without_a_saved_profile_is_the_factory_one(void **state)
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+CMEE=1");
    desk_ok(&d, "ATZ");
    desk_host(&d, "AT+X");
    desk_expect(&d, "AT+X\r\r\nERROR\r\n");
    desk_end(&d);
}

static void reboot_commands_answer_first(void **state) /* MODULE 5, 7 */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+QRST=1");
    desk_quiet_until(&d, 100);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_host(&d, "AT+NRB");
    desk_expect(&d, "AT+NRB\r\r\nREBOOTING\r\n");
    desk_after(&d, 100);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_host(&d, "ATE0");
    desk_expect(&d, "ATE0\r\r\nOK\r\n");
    desk_error(&d, "AT+QRST=2");
    desk_status(&d, 0);
    desk_tells(&d, "AT+QLAADDOBJ?", "+QLAADDOBJ: 19,0,3,0,1,2");
    desk_tells(&d, "AT+QSCLK?", "+QSCLK: 1");
    desk_end(&d);
}

static void powered_down_it_is_silent_until_reset(void **state) /* MODULE 7 */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+QPOWD");
    desk_urc(&d, "POWERED DOWN");
    desk_host(&d, "AT");
    desk_wake_pin(&d);
    desk_after(&d, 86400000);
    desk_server(&d, "42011001A1A2 B2'19'");
    desk_quiet(&d);
    desk_reset(&d);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_host(&d, "ATE0");
    desk_expect(&d, "ATE0\r\r\nOK\r\n");
    desk_status(&d, 0);
    desk_end(&d);
}

static void factory_settings_are_no_business_of_a_reset(void **state) /* G 2.1, 2.2, 2.6 */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+QLACFG=\"retransmit\",5,6");
    desk_reset(&d);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_host(&d, "ATE0");
    desk_expect(&d, "ATE0\r\r\nOK\r\n");
    desk_tells(&d, "AT+QLACONFIG?", "+QLACONFIG: 0,180.101.147.115,5683,867724030023557,300,3,1");
    desk_tells(&d, "AT+QLAADDOBJ?", "+QLAADDOBJ: 19,0,3,0,1,2");
    desk_tells(&d, "AT+QLACFG=\"retransmit\"", "+QLACFG: \"retransmit\",5,6");
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boot_prints_its_lines_and_the_address_once_attached),
        cmocka_unit_test(card_says_nothing_after_the_power_has_gone),
        cmocka_unit_test(network_commands_tell_the_attachment),
        cmocka_unit_test(identity_comes_from_the_configuration),
        cmocka_unit_test(identity_that_cannot_be_is_refused),
        cmocka_unit_test(base_commands_answer_in_their_forms),
        cmocka_unit_test(echo_is_on_at_power_up_and_comes_before_the_answer),
        cmocka_unit_test(echo_shows_each_byte_as_it_is_typed),
        cmocka_unit_test(backspace_edits_and_stops_at_the_start),
        cmocka_unit_test(letters_of_any_case_and_spaces_are_taken),
        cmocka_unit_test(line_feeds_and_empty_lines_are_nothing),
        cmocka_unit_test(several_lines_at_once_are_answered_one_by_one),
        cmocka_unit_test(noise_never_stops_the_parser),
        cmocka_unit_test(line_of_the_limit_is_executed_and_a_longer_one_swallowed),
        cmocka_unit_test(urc_waits_while_an_echoed_command_is_typed),
        cmocka_unit_test(urc_comes_between_the_bytes_of_a_command_that_is_not_echoed),
        cmocka_unit_test(cmee_chooses_how_an_error_is_shown),
        cmocka_unit_test(results_are_numbers_without_atv_and_silent_with_atq),
        cmocka_unit_test(basic_commands_follow_each_other_in_one_line),
        cmocka_unit_test(saved_profile_survives_a_reset),
        cmocka_unit_test(atz_without_a_saved_profile_is_the_factory_one),
        cmocka_unit_test(reboot_commands_answer_first),
        cmocka_unit_test(powered_down_it_is_silent_until_reset),
        cmocka_unit_test(factory_settings_are_no_business_of_a_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
