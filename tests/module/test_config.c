/*
 * The commands that configure: AT+QLACONFIG, AT+QLACFG, AT+QLAADDOBJ, AT+QLADELOBJ before
 * registration, and who may be called in which of the states of AT+QLASTATUS (G 2.1, 2.2, 2.6,
 * 2.7, 2.14).
 */
#include <stdio.h>
#include <string.h>

#include "desk.h"

/* --- AT+QLACONFIG ---------------------------------------------------------------------------- */

static void config_is_empty_until_it_is_set(void **state) /* G 2.1 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+QLACONFIG?");
    desk_status(&d, 5);
    desk_ok(&d, CONFIGURE);
    desk_tells(&d, "AT+QLACONFIG?", "+QLACONFIG: 0,180.101.147.115,5683,867724030023557,300,3,1");
    desk_status(&d, 0);
    desk_end(&d);
}

static void config_shows_key_and_binding(void **state) /* G 2.1 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d,
            "AT+QLACONFIG=0,\"lwm2m.example\",5684,\"ep1\",86400,0,\"id\",\"a1b2c3d4e5f60718\",0");
    desk_tells(&d, "AT+QLACONFIG?",
               "+QLACONFIG: 0,lwm2m.example,5684,ep1,86400,0,id,a1b2c3d4e5f60718,0");
    desk_ok(&d, "AT+QLACONFIG=0,\"lwm2m.example\",5683,\"ep1\",86400,3,,,0");
    desk_tells(&d, "AT+QLACONFIG?", "+QLACONFIG: 0,lwm2m.example,5683,ep1,86400,3,0");
    desk_end(&d);
}

static void omitted_binding_keeps_its_previous_value(void **state) /* G 1.1.1 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, CONFIGURE ",,,0");
    desk_ok(&d, CONFIGURE);
    desk_tells(&d, "AT+QLACONFIG?", "+QLACONFIG: 0,180.101.147.115,5683,867724030023557,300,3,0");
    desk_end(&d);
}

static void config_of_a_bootstrap_server_is_not_shown(void **state) /* G 2.1, note 1 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+QLACONFIG=1,\"lwm.home.komect.com\",5683,\"866971031275899\",30,3");
    desk_ok(&d, "AT+QLACONFIG?");
    desk_status(&d, 0);
    desk_end(&d);
}

static void config_takes_the_limits_of_the_guide(void **state) /* G 2.1 */
{
    (void)state;
    struct desk d;
    char text[BC_PSK_BYTES_MAX + 1];
    char line[1000];
    desk_ready(&d);
    memset(text, 'x', sizeof(text));
    snprintf(line, sizeof(line),
             "AT+QLACONFIG=0,\"%.150s\",0,\"%.150s\",20,0,\"%.150s\",\"%.256s\",1", text, text,
             text, text);
    desk_ok(&d, line);
    snprintf(line, sizeof(line), "+QLACONFIG: 0,%.150s,0,%.150s,20,0,%.150s,%.256s,1", text, text,
             text, text);
    desk_tells(&d, "AT+QLACONFIG?", line);
    desk_ok(&d, "AT+QLACONFIG=0,\"h\",65535,\"e\",31536000,3");
    desk_tells(&d, "AT+QLACONFIG?", "+QLACONFIG: 0,h,65535,e,31536000,3,1");
    desk_end(&d);
}

static void config_refuses_what_is_outside_and_changes_nothing(void **state) /* G 2.1 */
{
    (void)state;
    static const char *const wrong[] = {
        "AT+QLACONFIG",
        "AT+QLACONFIG=",
        "AT+QLACONFIG=2,\"h\",1,\"e\",300,3",
        "AT+QLACONFIG=-1,\"h\",1,\"e\",300,3",
        "AT+QLACONFIG=0,\"\",1,\"e\",300,3",
        "AT+QLACONFIG=0,,1,\"e\",300,3",
        "AT+QLACONFIG=0,\"h\",65536,\"e\",300,3",
        "AT+QLACONFIG=0,\"h\",-1,\"e\",300,3",
        "AT+QLACONFIG=0,\"h\",1,\"\",300,3",
        "AT+QLACONFIG=0,\"h\",1,\"e\",19,3",
        "AT+QLACONFIG=0,\"h\",1,\"e\",31536001,3",
        "AT+QLACONFIG=0,\"h\",1,\"e\",300,1",
        "AT+QLACONFIG=0,\"h\",1,\"e\",300,2",
        "AT+QLACONFIG=0,\"h\",1,\"e\",300,4",
        "AT+QLACONFIG=0,\"h\",1,\"e\",300,0",
        "AT+QLACONFIG=0,\"h\",1,\"e\",300,0,\"id\"",
        "AT+QLACONFIG=0,\"h\",1,\"e\",300,0,,\"key\"",
        "AT+QLACONFIG=0,\"h\",1,\"e\",300",
        "AT+QLACONFIG=0,\"h\",1,\"e\",300,3,,,2",
        "AT+QLACONFIG=0,\"h\",1,\"e\",300,3,,,1,1",
        "AT+QLACONFIG=0,\"h,1,\"e\",300,3",
        "AT+QLACONFIG=0,\"h\"x,1,\"e\",300,3",
        "AT+QLACONFIG=0x0,\"h\",1,\"e\",300,3",
        "AT+QLACONFIG=0,\"h\",1,\"e\",99999999999999999999,3",
    };
    struct desk d;
    char line[500];
    char text[152];
    desk_configured(&d);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        desk_error(&d, wrong[i]);
    memset(text, 'x', 151);
    text[151] = '\0';
    snprintf(line, sizeof(line), "AT+QLACONFIG=0,\"%s\",1,\"e\",300,3", text);
    desk_error(&d, line);
    snprintf(line, sizeof(line), "AT+QLACONFIG=0,\"h\",1,\"%s\",300,3", text);
    desk_error(&d, line);
    snprintf(line, sizeof(line), "AT+QLACONFIG=0,\"h\",1,\"e\",300,0,\"%s\",\"k\"", text);
    desk_error(&d, line);
    desk_tells(&d, "AT+QLACONFIG?", "+QLACONFIG: 0,180.101.147.115,5683,867724030023557,300,3,1");
    desk_end(&d);
}

/* --- AT+QLACFG ------------------------------------------------------------------------------- */

static void settings_have_the_defaults_of_the_guide(void **state) /* G 2.2 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_host(&d, "AT+QLACFG?");
    desk_expect(&d, "\r\n+QLACFG: \"retransmit\",4,4\r\n"
                    "+QLACFG: \"auto_ack\",0\r\n"
                    "+QLACFG: \"platform\",0\r\n"
                    "+QLACFG: \"lifetime_enable\",1\r\n"
                    "+QLACFG: \"dtls_mode\",0\r\n"
                    "+QLACFG: \"dtls_version\",2\r\n"
                    "\r\nOK\r\n");
    desk_end(&d);
}

static void settings_of_the_guides_example_are_kept(void **state) /* G 2.2 example */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+QLACFG=\"retransmit\",4,5");
    desk_ok(&d, "AT+QLACFG=\"platform\",2");
    desk_ok(&d, "AT+QLACFG=\"cfg_res\",3,0,17,\"500677\"");
    desk_ok(&d, "AT+QLACFG=\"auto_ack\",1");
    desk_ok(&d, "AT+QLACFG=\"lifetime_enable\",1");
    desk_ok(&d, "AT+QLACFG=\"dtls_mode\",0");
    desk_ok(&d, "AT+QLACFG=\"dtls_version\",1");
    desk_host(&d, "AT+QLACFG?");
    desk_expect(&d, "\r\n+QLACFG: \"retransmit\",4,5\r\n"
                    "+QLACFG: \"auto_ack\",1\r\n"
                    "+QLACFG: \"platform\",2\r\n"
                    "+QLACFG: \"cfg_res\",3,0,17,\"500677\"\r\n"
                    "+QLACFG: \"lifetime_enable\",1\r\n"
                    "+QLACFG: \"dtls_mode\",0\r\n"
                    "+QLACFG: \"dtls_version\",1\r\n"
                    "\r\nOK\r\n");
    desk_end(&d);
}

static void setting_is_queried_by_its_name_alone(void **state) /* G 2.2 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_tells(&d, "AT+QLACFG=\"retransmit\"", "+QLACFG: \"retransmit\",4,4");
    desk_tells(&d, "AT+QLACFG=\"auto_ack\"", "+QLACFG: \"auto_ack\",0");
    desk_tells(&d, "AT+QLACFG=\"platform\"", "+QLACFG: \"platform\",0");
    desk_tells(&d, "AT+QLACFG=\"lifetime_enable\"", "+QLACFG: \"lifetime_enable\",1");
    desk_tells(&d, "AT+QLACFG=\"dtls_mode\"", "+QLACFG: \"dtls_mode\",0");
    desk_tells(&d, "AT+QLACFG=\"dtls_version\"", "+QLACFG: \"dtls_version\",2");
    desk_ok(&d, "AT+QLACFG=\"cfg_res\",3,0,17,\"500677\"");
    desk_tells(&d, "AT+QLACFG=\"cfg_res\",3,0,17", "+QLACFG: \"cfg_res\",3,0,17,\"500677\"");
    desk_tells(&d, "AT+QLACFG=\"cfg_res\"", "+QLACFG: \"cfg_res\",3,0,17,\"500677\"");
    desk_end(&d);
}

static void setting_outside_its_range_is_an_error(void **state) /* G 2.2 */
{
    (void)state;
    static const char *const wrong[] = {
        "AT+QLACFG",
        "AT+QLACFG=",
        "AT+QLACFG=\"\"",
        "AT+QLACFG=\"nothing\",1",
        "AT+QLACFG=\"retransmit\",1,4",
        "AT+QLACFG=\"retransmit\",21,4",
        "AT+QLACFG=\"retransmit\",4,9",
        "AT+QLACFG=\"retransmit\",4,-1",
        "AT+QLACFG=\"retransmit\",4",
        "AT+QLACFG=\"retransmit\",,4",
        "AT+QLACFG=\"retransmit\",4,4,4",
        "AT+QLACFG=\"auto_ack\",2",
        "AT+QLACFG=\"auto_ack\",",
        "AT+QLACFG=\"platform\",3",
        "AT+QLACFG=\"lifetime_enable\",2",
        "AT+QLACFG=\"dtls_mode\",2",
        "AT+QLACFG=\"dtls_version\",3",
        "AT+QLACFG=\"dtls_version\",1,1",
        "AT+QLACFG=\"cfg_res\",3",
        "AT+QLACFG=\"cfg_res\",3,0",
        "AT+QLACFG=\"cfg_res\",3,0,4,\"1\"",
        "AT+QLACFG=\"cfg_res\",3,1,17,\"1\"",
        "AT+QLACFG=\"cfg_res\",19,0,0,\"1\"",
        "AT+QLACFG=\"cfg_res\",65536,0,0,\"1\"",
    };
    struct desk d;
    desk_ready(&d);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        desk_error(&d, wrong[i]);
    settings_have_the_defaults_of_the_guide(state);
    desk_ok(&d, "AT+QLACFG=\"retransmit\",2,0");
    desk_ok(&d, "AT+QLACFG=\"retransmit\",20,8");
    desk_tells(&d, "AT+QLACFG=\"retransmit\"", "+QLACFG: \"retransmit\",20,8");
    desk_end(&d);
}

static void configured_resources_have_four_places(void **state) /* limits.h */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+QLACFG=\"cfg_res\",3,0,0,\"a\"");
    desk_ok(&d, "AT+QLACFG=\"cfg_res\",3,0,1,\"b\"");
    desk_ok(&d, "AT+QLACFG=\"cfg_res\",3,0,2,\"c\"");
    desk_ok(&d, "AT+QLACFG=\"cfg_res\",3,0,3,\"d\"");
    desk_error(&d, "AT+QLACFG=\"cfg_res\",3,0,17,\"e\"");
    desk_ok(&d, "AT+QLACFG=\"cfg_res\",3,0,1,\"B\"");
    desk_host(&d, "AT+QLACFG=\"cfg_res\"");
    desk_expect(&d, "\r\n+QLACFG: \"cfg_res\",3,0,0,\"a\"\r\n+QLACFG: \"cfg_res\",3,0,1,\"B\"\r\n"
                    "+QLACFG: \"cfg_res\",3,0,2,\"c\"\r\n+QLACFG: \"cfg_res\",3,0,3,\"d\"\r\n"
                    "\r\nOK\r\n");
    desk_end(&d);
}

static void test_forms_tell_the_ranges(void **state) /* G 1.1.2 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+QLAREG=?");
    desk_ok(&d, "AT+QLADEREG=?");
    desk_tells(&d, "AT+QLASTATUS=?", "+QLASTATUS: (0-7)");
    desk_tells(&d, "AT+QLADELOBJ=?", "+QLADELOBJ: (0-65535)");
    desk_tells(&d, "AT+QLAWRRSP=?", "+QLAWRRSP: (0-65535),(2,11,12,13,14),(0-2)");
    desk_tells(&d, "AT+QLAEXERSP=?", "+QLAEXERSP: (0-65535),(2,11,12,13,14),(0-2)");
    desk_tells(&d, "AT+QLAUPDATE=?", "+QLAUPDATE: (0,1),(20-31536000)/(0,1),(0-2)");
    desk_error(&d, "AT+QLAREG?");
    desk_error(&d, "AT+QLAREG=1");
    desk_error(&d, "AT+QLASTATUS");
    desk_error(&d, "AT+QLADEREG=0");
    desk_error(&d, "AT+QLASENDDATA=2,1,\"00\",0");
    desk_end(&d);
}

/* --- Objects --------------------------------------------------------------------------------- */

static void objects_are_listed_as_they_were_added(void **state) /* G 2.6 example */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+QLAADDOBJ?");
    desk_ok(&d, "AT+QLAADDOBJ=19,1,1,0");
    desk_ok(&d, "AT+QLAADDOBJ=19,0,4,0,1,2,3");
    desk_host(&d, "AT+QLAADDOBJ?");
    desk_expect(&d, "\r\n+QLAADDOBJ: 19,1,1,0\r\n+QLAADDOBJ: 19,0,4,0,1,2,3\r\n\r\nOK\r\n");
    desk_ok(&d, "AT+QLADELOBJ=19");
    desk_ok(&d, "AT+QLAADDOBJ?");
    desk_error(&d, "AT+QLADELOBJ=19");
    desk_end(&d);
}

static void objects_have_the_limits_of_the_guide(void **state) /* G 2.6 note 1 */
{
    (void)state;
    struct desk d;
    char line[80];
    desk_ready(&d);
    for (int object = 100; object < 103; object++)
        for (int instance = 0; instance < 4; instance++) {
            snprintf(line, sizeof(line), "AT+QLAADDOBJ=%d,%d,14,0,1,2,3,4,5,6,7,8,9,10,11,12,13",
                     object, instance);
            desk_ok(&d, line);
        }
    desk_error(&d, "AT+QLAADDOBJ=100,4,1,0");
    desk_error(&d, "AT+QLAADDOBJ=103,0,1,0");
    desk_ok(&d, "AT+QLADELOBJ=101");
    desk_ok(&d, "AT+QLAADDOBJ=65535,65535,1,65535");
    desk_error(&d, "AT+QLAADDOBJ=103,0,1,0");
    desk_end(&d);
}

static void objects_that_cannot_be_are_an_error(void **state) /* G 2.6, MODULE 2 */
{
    (void)state;
    static const char *const wrong[] = {
        "AT+QLAADDOBJ=0,0,1,0",
        "AT+QLAADDOBJ=1,0,1,0",
        "AT+QLAADDOBJ=3,1,1,0",
        "AT+QLAADDOBJ=4,0,1,0",
        "AT+QLAADDOBJ=5,0,1,0",
        "AT+QLAADDOBJ=19,0,1,0",
        "AT+QLAADDOBJ=19,1,0",
        "AT+QLAADDOBJ=19,1,2,0",
        "AT+QLAADDOBJ=19,1,1,0,1",
        "AT+QLAADDOBJ=19,1,2,7,7",
        "AT+QLAADDOBJ=19,1,15,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14",
        "AT+QLAADDOBJ=19,65536,1,0",
        "AT+QLAADDOBJ=65536,1,1,0",
        "AT+QLAADDOBJ=19,1,1,65536",
        "AT+QLAADDOBJ=19,1,1",
        "AT+QLAADDOBJ=19",
        "AT+QLADELOBJ=20",
        "AT+QLADELOBJ=3",
        "AT+QLADELOBJ",
        "AT+QLADELOBJ=19,0",
    };
    struct desk d;
    desk_configured(&d);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        desk_error(&d, wrong[i]);
    desk_tells(&d, "AT+QLAADDOBJ?", "+QLAADDOBJ: 19,0,3,0,1,2");
    desk_ok(&d, "AT+QLAADDOBJ=2,0,1,0");
    desk_end(&d);
}

/* --- Commands by state (G 2.14) -------------------------------------------------------------- */

enum { CONFIG, REG, UPDATE, DEREG, ADDOBJ, DELOBJ, DTLS, NOTIFY, ANSWER, COMMANDS };

static const char *const command_lines[COMMANDS] = {
    [CONFIG] = CONFIGURE,
    [REG] = "AT+QLAREG",
    [UPDATE] = "AT+QLAUPDATE=0,600",
    [DEREG] = "AT+QLADEREG",
    [ADDOBJ] = "AT+QLAADDOBJ=77,0,1,0",
    [DELOBJ] = "AT+QLADELOBJ=19",
    [DTLS] = "AT+QLACFG=\"dtls_mode\",1",
    [NOTIFY] = "AT+QLANOTIFY=19,0,0,1,1,\"x\",0",
    [ANSWER] = "AT+QLAWRRSP=4097,2",
};

/* Brings a new module into a state. */
static void reach(struct desk *d, int status)
{
    if (status == 5) {
        desk_ready(d);
        desk_ok(d, "AT+QLAADDOBJ=19,0,3,0,1,2");
        return;
    }
    desk_configured(d);
    if (status == 0)
        return;
    if (status == 1) {
        desk_ok(d, "AT+QLAREG");
        desk_wire(d, REGISTER_WIRE(",</19/0>"));
        return;
    }
    desk_register(d);
    if (status == 2)
        return;
    desk_ok(d, "AT+QLADEREG");
    desk_wire(d, "4404 <mid> <token> <location>");
    if (status == 3)
        return;
    desk_server(d, "6442 <mid> <token>");
    desk_urc(d, "+QLADEREG: 0");
}

static void commands_are_taken_in_their_states_alone(void **state) /* G 2.1 to 2.14 */
{
    (void)state;
    static const struct {
        int status;
        bool ok[COMMANDS];
    } rows[] = {
        {0, {[CONFIG] = 1, [REG] = 1, [ADDOBJ] = 1, [DELOBJ] = 1, [DTLS] = 1}},
        {1, {[CONFIG] = 0}},
        {2, {[UPDATE] = 1, [DEREG] = 1, [ADDOBJ] = 1, [DELOBJ] = 1}},
        {3, {[CONFIG] = 0}},
        {4, {[CONFIG] = 1, [REG] = 1, [ADDOBJ] = 1, [DELOBJ] = 1, [DTLS] = 1}},
        {5, {[CONFIG] = 1, [ADDOBJ] = 1, [DELOBJ] = 1, [DTLS] = 1}},
    };
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
        for (unsigned command = 0; command < COMMANDS; command++) {
            struct desk d;
            reach(&d, rows[row].status);
            desk_status(&d, rows[row].status);
            if (rows[row].ok[command]) {
                desk_ok(&d, command_lines[command]);
                continue;
            }
            desk_error(&d, command_lines[command]);
            desk_status(&d, rows[row].status);
            desk_end(&d);
        }
}

static void new_configuration_takes_a_deregistered_module_back(void **state) /* MODULE 2 */
{
    (void)state;
    struct desk d;
    reach(&d, 4);
    desk_ok(&d, CONFIGURE);
    desk_status(&d, 0);
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_is_empty_until_it_is_set),
        cmocka_unit_test(config_shows_key_and_binding),
        cmocka_unit_test(omitted_binding_keeps_its_previous_value),
        cmocka_unit_test(config_of_a_bootstrap_server_is_not_shown),
        cmocka_unit_test(config_takes_the_limits_of_the_guide),
        cmocka_unit_test(config_refuses_what_is_outside_and_changes_nothing),
        cmocka_unit_test(settings_have_the_defaults_of_the_guide),
        cmocka_unit_test(settings_of_the_guides_example_are_kept),
        cmocka_unit_test(setting_is_queried_by_its_name_alone),
        cmocka_unit_test(setting_outside_its_range_is_an_error),
        cmocka_unit_test(configured_resources_have_four_places),
        cmocka_unit_test(test_forms_tell_the_ranges),
        cmocka_unit_test(objects_are_listed_as_they_were_added),
        cmocka_unit_test(objects_have_the_limits_of_the_guide),
        cmocka_unit_test(objects_that_cannot_be_are_an_error),
        cmocka_unit_test(commands_are_taken_in_their_states_alone),
        cmocka_unit_test(new_configuration_takes_a_deregistered_module_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
