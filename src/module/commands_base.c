/*
 * The base commands that real host programs send before the first QLA command (MODULE section 7;
 * V.250, 3GPP TS 27.007, and Quectel's own), a row each, in the forms of the module's logs.
 */
#include <string.h>

#include "base/sink.h"
#include "module/store.h"

#define FLAG(param_name)                         \
    {                                            \
        .name = (param_name), .min = 0, .max = 1 \
    }
#define OPTIONAL_INT(param_name, low, high)                                 \
    {                                                                       \
        .name = (param_name), .min = (low), .max = (high), .optional = true \
    }
#define OPTIONAL_TEXT(param_name, most)                                             \
    {                                                                               \
        .name = (param_name), .type = BC_AT_STRING, .max = (most), .optional = true \
    }

#define REBOOT_MS 100 /* so that the answer leaves first */

static struct bc_module *module_of(struct bc_at_call *call)
{
    return call->context;
}

/* A setting that is one number: kept, or shown. */
static int number_common(struct bc_at_call *call, uint8_t *setting)
{
    if (call->form == BC_AT_SET)
        *setting = (uint8_t)call->arg[0].number;
    else
        bc_at_info(call, "%s: %d", call->command->name, *setting);
    return BC_AT_OK;
}

/* --- V.250: ATE, ATQ, ATV, ATI, AT&F, AT&W, ATZ ------------------------------------------------
 */

static const struct bc_at_param switch_params[] = {OPTIONAL_INT("value", 0, 1)};
static const struct bc_at_param zero_params[] = {OPTIONAL_INT("value", 0, 0)};

static int echo_handle(struct bc_at_call *call)
{
    module_of(call)->port.echo = call->arg[0].number == 1;
    return BC_AT_OK;
}

static int quiet_handle(struct bc_at_call *call)
{
    module_of(call)->port.quiet = call->arg[0].number == 1;
    return BC_AT_OK;
}

static int verbose_handle(struct bc_at_call *call)
{
    module_of(call)->port.verbose = call->arg[0].number == 1;
    return BC_AT_OK;
}

static int identify_handle(struct bc_at_call *call)
{
    bc_at_info(call, "Quectel_Ltd");
    bc_at_info(call, "Quectel_BC260Y-CN");
    bc_at_info(call, "Revision: %s", module_of(call)->identity.revision);
    return BC_AT_OK;
}

static int save_handle(struct bc_at_call *call)
{
    struct bc_module *m = module_of(call);
    if (!bc_store_put_profile(m))
        return BC_AT_ERROR_STATE;
    m->stored.profile = (struct stored_profile){.saved = true,
                                                .echo = m->port.echo,
                                                .quiet = m->port.quiet,
                                                .verbose = m->port.verbose,
                                                .cme_errors = m->port.cme_errors};
    return BC_AT_OK;
}

static int factory_handle(struct bc_at_call *call)
{
    struct bc_module *m = module_of(call);
    m->port.echo = true;
    m->port.quiet = false;
    m->port.verbose = true;
    m->port.cme_errors = 0;
    return BC_AT_OK;
}

static int reset_handle(struct bc_at_call *call)
{
    bc_module_restore_profile(module_of(call));
    return BC_AT_OK;
}

static const struct bc_at_param cmee_params[] = {{.name = "n", .min = 0, .max = 2}};

static int cmee_handle(struct bc_at_call *call)
{
    return number_common(call, &module_of(call)->port.cme_errors);
}

/* --- Identity --------------------------------------------------------------------------------- */

static int manufacturer_handle(struct bc_at_call *call)
{
    bc_at_info(call, "Quectel_Ltd");
    return BC_AT_OK;
}

static int model_handle(struct bc_at_call *call)
{
    bc_at_info(call, "Quectel_BC260Y-CN");
    return BC_AT_OK;
}

static int revision_handle(struct bc_at_call *call)
{
    bc_at_info(call, "Revision: %s", module_of(call)->identity.revision);
    return BC_AT_OK;
}

static const struct bc_at_param cgsn_params[] = {OPTIONAL_INT("snt", 0, 3)};

/* TS 27.007 5.4: 0 serial number, 1 IMEI, 2 IMEISV, 3 software version number. */
static int cgsn_handle(struct bc_at_call *call)
{
    const char *imei = module_of(call)->identity.imei;
    int snt = call->form == BC_AT_EXECUTE ? 1 : call->arg[0].number;
    if (snt == 0)
        bc_at_info(call, "%s", imei);
    else if (snt == 1)
        bc_at_info(call, "+CGSN: %s", imei);
    else if (snt == 2)
        bc_at_info(call, "+CGSN: %.*s01", 14, imei);
    else
        bc_at_info(call, "+CGSN: 01");
    return BC_AT_OK;
}

static int gsn_handle(struct bc_at_call *call)
{
    bc_at_info(call, "%s", module_of(call)->identity.imei);
    return BC_AT_OK;
}

static int cimi_handle(struct bc_at_call *call)
{
    bc_at_info(call, "%s", module_of(call)->identity.imsi);
    return BC_AT_OK;
}

static int qccid_handle(struct bc_at_call *call)
{
    bc_at_info(call, "+QCCID: %s", module_of(call)->identity.iccid);
    return BC_AT_OK;
}

static int cpin_handle(struct bc_at_call *call)
{
    bc_at_info(call, "+CPIN: READY");
    return BC_AT_OK;
}

/* --- Network ---------------------------------------------------------------------------------- */

static const struct bc_at_param cfun_params[] = {
    {.name = "fun", .type = BC_AT_LISTED, .only = "0,1,4"}, OPTIONAL_INT("rst", 0, 1)};

static int cfun_handle(struct bc_at_call *call)
{
    struct bc_module *m = module_of(call);
    if (call->form == BC_AT_READ)
        bc_at_info(call, "+CFUN: %d", m->radio.cfun);
    else if (call->arg[1].number == 1)
        bc_module_reboot_in(m, REBOOT_MS);
    else
        bc_radio_set_cfun(m, (uint8_t)call->arg[0].number);
    return BC_AT_OK;
}

/* +CREG, +CGREG and +CEREG differ in their ranges alone. */
static int creg_common(struct bc_at_call *call, uint8_t *n)
{
    const struct bc_module *m = call->context;
    int status = bc_radio_registration_status(m);
    if (call->form == BC_AT_SET)
        *n = (uint8_t)call->arg[0].number;
    else if (*n >= 2 && status == 1)
        bc_at_info(call, "%s: %d,%d,\"" NETWORK_TAC "\",\"" NETWORK_CELL_ID "\",9",
                   call->command->name, *n, status);
    else
        bc_at_info(call, "%s: %d,%d", call->command->name, *n, status);
    return BC_AT_OK;
}

static const struct bc_at_param creg_params[] = {{.name = "n", .min = 0, .max = 2}};
static const struct bc_at_param cereg_params[] = {{.name = "n", .min = 0, .max = 5}};

static int creg_handle(struct bc_at_call *call)
{
    return creg_common(call, &module_of(call)->base.creg);
}

static int cgreg_handle(struct bc_at_call *call)
{
    return creg_common(call, &module_of(call)->base.cgreg);
}

static int cereg_handle(struct bc_at_call *call)
{
    return creg_common(call, &module_of(call)->base.cereg);
}

static const struct bc_at_param cgatt_params[] = {FLAG("state")};

static int cgatt_handle(struct bc_at_call *call)
{
    struct bc_module *m = module_of(call);
    if (call->form == BC_AT_READ)
        bc_at_info(call, "+CGATT: %d", bc_radio_attached(m));
    else
        bc_radio_set_attached(m, call->arg[0].number == 1);
    return BC_AT_OK;
}

enum cops_mode { COPS_AUTOMATIC, COPS_MANUAL, COPS_DEREGISTER };

/* The one operator there is, by its number. */
#define PLMN "\"%.*s\",9"
#define PLMN_DIGITS 5

static const struct bc_at_param cops_params[] = {{.name = "mode", .min = 0, .max = 2},
                                                 OPTIONAL_INT("format", 2, 2),
                                                 OPTIONAL_TEXT("oper", 6),
                                                 OPTIONAL_INT("AcT", 9, 9)};

static int cops_set(struct bc_at_call *call)
{
    struct bc_module *m = module_of(call);
    bc_view own = {(const uint8_t *)m->identity.imsi, PLMN_DIGITS};
    int mode = call->arg[0].number;
    if (mode == COPS_MANUAL && !bc_view_equal(call->arg[2].text, own))
        return BC_AT_ERROR_PARAMETER;
    m->base.cops = (uint8_t)mode;
    bc_radio_set_attached(m, mode != COPS_DEREGISTER);
    return BC_AT_OK;
}

static int cops_handle(struct bc_at_call *call)
{
    const struct bc_module *m = call->context;
    const char *imsi = m->identity.imsi;
    if (call->form == BC_AT_SET)
        return cops_set(call);
    if (call->form == BC_AT_TEST && m->radio.uncovered)
        bc_at_info(call, "+COPS: ,,(0-2),(2)");
    else if (call->form == BC_AT_TEST)
        bc_at_info(call, "+COPS: (%d,,," PLMN "),,(0-2),(2)", bc_radio_attached(m) ? 2 : 1,
                   PLMN_DIGITS, imsi);
    else if (bc_radio_attached(m))
        bc_at_info(call, "+COPS: %d,2," PLMN, m->base.cops, PLMN_DIGITS, imsi);
    else
        bc_at_info(call, "+COPS: %d", m->base.cops);
    return BC_AT_OK;
}

static const struct bc_at_param cgdcont_params[] = {{.name = "cid", .min = 0, .max = 10},
                                                    OPTIONAL_TEXT("PDP_type", 8),
                                                    OPTIONAL_TEXT("APN", 99),
                                                    OPTIONAL_TEXT("PDP_addr", 45),
                                                    OPTIONAL_INT("d_comp", 0, 0),
                                                    OPTIONAL_INT("h_comp", 0, 0)};
static const struct bc_at_param qcgdefcont_params[] = {
    {.name = "PDP_type", .type = BC_AT_STRING, .min = 1, .max = 8},
    OPTIONAL_TEXT("APN", 99),
    OPTIONAL_TEXT("username", 64),
    OPTIONAL_TEXT("password", 64)};

/* The network gives the context; what the host asks for is accepted and changes nothing. */
static int context_handle(struct bc_at_call *call)
{
    if (call->form != BC_AT_READ)
        return BC_AT_OK;
    if (strcmp(call->command->name, "+CGDCONT") == 0)
        bc_at_info(call, "+CGDCONT: 0,\"IP\",\"ctnb\",\"%s\",0,0",
                   module_of(call)->identity.address);
    else
        bc_at_info(call, "%s: \"IP\",\"ctnb\"", call->command->name);
    return BC_AT_OK;
}

static const struct bc_at_param cgpaddr_params[] = {OPTIONAL_INT("cid", 0, 10)};

static int cgpaddr_handle(struct bc_at_call *call)
{
    const struct bc_module *m = call->context;
    if (call->arg[0].number == 0)
        bc_at_info(call, "+CGPADDR: 0,\"%s\"", bc_radio_attached(m) ? m->identity.address : "");
    return BC_AT_OK;
}

static int csq_handle(struct bc_at_call *call)
{
    if (bc_radio_attached(call->context))
        bc_at_info(call, "+CSQ: %d,0", bc_radio_signal(call->context).csq);
    else
        bc_at_info(call, "+CSQ: 99,99");
    return BC_AT_OK;
}

static int cesq_handle(struct bc_at_call *call)
{
    struct bc_radio_signal signal = bc_radio_signal(call->context);
    if (bc_radio_attached(call->context))
        bc_at_info(call, "+CESQ: %d,0,255,255,30,%d", signal.rxlev, signal.rsrp_index);
    else
        bc_at_info(call, "+CESQ: 99,99,255,255,255,255");
    return BC_AT_OK;
}

static const struct bc_at_param cscon_params[] = {FLAG("n")};

static int cscon_handle(struct bc_at_call *call)
{
    struct bc_module *m = module_of(call);
    if (call->form == BC_AT_SET)
        m->base.cscon = (uint8_t)call->arg[0].number;
    else
        bc_at_info(call, "+CSCON: %d,%d", m->base.cscon, m->radio.state == RADIO_CONNECTED);
    return BC_AT_OK;
}

static const struct bc_at_param qband_params[] = {
    {.name = "count", .min = 0, .max = 5},
    {.name = "band", .min = 1, .max = 85, .repeat = 5, .optional = true}};

static int qband_handle(struct bc_at_call *call)
{
    if (call->form == BC_AT_READ)
        bc_at_info(call, "+QBAND: 3,8,5,3");
    else if (call->args != 1 + call->arg[0].number)
        return BC_AT_ERROR_PARAMETER;
    return BC_AT_OK;
}

static const struct bc_at_param qeng_params[] = {
    {.name = "mode", .type = BC_AT_LISTED, .only = "0,3"}};

static int qeng_handle(struct bc_at_call *call)
{
    if (!bc_radio_attached(call->context))
        return BC_AT_OK;
    struct bc_radio_signal signal = bc_radio_signal(call->context);
    if (call->arg[0].number == 0)
        bc_at_info(call,
                   "+QENG: 0," NETWORK_TAC ",,176,\"" NETWORK_CELL_ID
                   "\",%d,-6,31,21,5,3095,%d,-17,3",
                   signal.rsrp_dbm, signal.coverage_level);
    else
        bc_at_info(call, "+QENG: 3," NETWORK_TAC ",176,%d,-6,31", signal.rsrp_dbm);
    return BC_AT_OK;
}

static int qcsearfcn_handle(struct bc_at_call *call)
{
    (void)call; /* there is no stored frequency to clear */
    return BC_AT_OK;
}

/* --- Time ------------------------------------------------------------------------------------- */

/* Days since 1970-01-01 to a civil date (Gregorian, proleptic). */
static void civil_date(uint32_t days, unsigned *year, unsigned *month, unsigned *day)
{
    static const uint8_t month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned y = 1970;
    for (;; y++) {
        bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
        unsigned in_year = leap ? 366 : 365;
        if (days >= in_year) {
            days -= in_year;
            continue;
        }
        unsigned m = 0;
        for (; days >= month_days[m] + (unsigned)(m == 1 && leap); m++)
            days -= month_days[m] + (unsigned)(m == 1 && leap);
        *year = y;
        *month = m + 1;
        *day = days + 1;
        return;
    }
}

static int cclk_handle(struct bc_at_call *call)
{
    int64_t utc_s = bc_module_utc_s(call->context);
    unsigned year;
    unsigned month;
    unsigned day;
    if (utc_s < 0 || utc_s > BC_TIME_MAX_S)
        utc_s = 0;
    civil_date((uint32_t)(utc_s / 86400), &year, &month, &day);
    unsigned second = (unsigned)(utc_s % 86400);
    bc_at_info(call, "+CCLK: \"%04u/%02u/%02u,%02u:%02u:%02u+32\"", year, month, day, second / 3600,
               second / 60 % 60, second % 60);
    return BC_AT_OK;
}

static const struct bc_at_param ctzr_params[] = {{.name = "reporting", .min = 0, .max = 3}};

static int ctzr_handle(struct bc_at_call *call)
{
    return number_common(call, &module_of(call)->base.ctzr);
}

/* --- Power ------------------------------------------------------------------------------------ */

static const struct bc_at_param qsclk_params[] = {{.name = "n", .min = 0, .max = 2}};

static int qsclk_handle(struct bc_at_call *call)
{
    return number_common(call, &module_of(call)->base.sleep);
}

static const struct bc_at_param cpsms_params[] = {
    OPTIONAL_INT("mode", 0, 2), OPTIONAL_TEXT("Requested_Periodic-RAU", 8),
    OPTIONAL_TEXT("Requested_GPRS-READY-timer", 8), OPTIONAL_TEXT("Requested_Periodic-TAU", 8),
    OPTIONAL_TEXT("Requested_Active-Time", 8)};

/* Timer octets are eight binary digits (3GPP TS 24.008). */
static bool bits_legal(const struct bc_at_arg *arg, size_t bits)
{
    if (arg->given && arg->text.len != bits)
        return false;
    for (size_t i = 0; arg->given && i < bits; i++)
        if (arg->text.ptr[i] != '0' && arg->text.ptr[i] != '1')
            return false;
    return true;
}

static void keep_bits(uint8_t *to, const struct bc_at_arg *arg)
{
    if (!arg->given)
        return;
    *to = 0;
    for (size_t i = 0; i < arg->text.len; i++)
        *to = (uint8_t)(*to << 1 | (arg->text.ptr[i] == '1'));
}

/* `value` as binary digits; `text` has room for one more. */
static const char *bits_text(uint8_t value, unsigned bits, char *text)
{
    for (unsigned i = 0; i < bits; i++)
        text[i] = (value >> (bits - 1 - i) & 1) != 0 ? '1' : '0';
    text[bits] = '\0';
    return text;
}

static int cpsms_handle(struct bc_at_call *call)
{
    struct bc_module *m = module_of(call);
    const struct bc_at_arg *arg = call->arg;
    if (call->form == BC_AT_READ) {
        char t3412[9];
        char t3324[9];
        bc_at_info(call, "+CPSMS: %d,,,\"%s\",\"%s\"", m->base.psm,
                   bits_text(m->base.t3412, 8, t3412), bits_text(m->base.t3324, 8, t3324));
        return BC_AT_OK;
    }
    if (!bits_legal(&arg[1], 8) || !bits_legal(&arg[2], 8) || !bits_legal(&arg[3], 8) ||
        !bits_legal(&arg[4], 8))
        return BC_AT_ERROR_PARAMETER;
    m->base.psm = arg[0].given && arg[0].number == 1;
    if (!arg[0].given || arg[0].number == 2) { /* discards the timers (3GPP TS 27.007 7.38) */
        m->base.t3412 = bc_base_power_up.t3412;
        m->base.t3324 = bc_base_power_up.t3324;
        return BC_AT_OK;
    }
    keep_bits(&m->base.t3412, &arg[3]);
    keep_bits(&m->base.t3324, &arg[4]);
    return BC_AT_OK;
}

static const struct bc_at_param cedrxs_params[] = {OPTIONAL_INT("mode", 0, 3),
                                                   OPTIONAL_INT("AcT-type", 5, 5),
                                                   OPTIONAL_TEXT("Requested_eDRX_value", 4)};

static int cedrxs_handle(struct bc_at_call *call)
{
    struct bc_module *m = module_of(call);
    if (call->form == BC_AT_READ) {
        char value[5];
        bc_at_info(call, "+CEDRXS: 5,\"%s\"", bits_text(m->base.edrx_value, 4, value));
        return BC_AT_OK;
    }
    if (!bits_legal(&call->arg[2], 4))
        return BC_AT_ERROR_PARAMETER;
    m->base.edrx = (uint8_t)call->arg[0].number;
    if (m->base.edrx == 3) /* discards the value (3GPP TS 27.007 7.40) */
        m->base.edrx_value = bc_base_power_up.edrx_value;
    else
        keep_bits(&m->base.edrx_value, &call->arg[2]);
    return BC_AT_OK;
}

static int cedrxrdp_handle(struct bc_at_call *call)
{
    const struct bc_module *m = call->context;
    char value[5];
    (void)bits_text(m->base.edrx_value, 4, value);
    if (m->base.edrx == 0 || m->base.edrx == 3)
        bc_at_info(call, "+CEDRXRDP: 0");
    else
        bc_at_info(call, "+CEDRXRDP: 5,\"%s\",\"%s\",\"0011\"", value, value);
    return BC_AT_OK;
}

static const struct bc_at_param event_params[] = {FLAG("enable"), OPTIONAL_INT("event", 1, 1)};

static int qnbiotevent_handle(struct bc_at_call *call)
{
    struct bc_module *m = module_of(call);
    if (call->form == BC_AT_SET)
        m->base.sleep_events = call->arg[0].number == 1;
    else
        bc_at_info(call, "+QNBIOTEVENT: %d,1", m->base.sleep_events);
    return BC_AT_OK;
}

static const struct bc_at_param wakeup_params[] = {FLAG("enable")};

static int qatwakeup_handle(struct bc_at_call *call)
{
    return number_common(call, &module_of(call)->base.wakeup_events);
}

static const struct bc_at_param qrst_params[] = {{.name = "mode", .min = 1, .max = 1}};

static int qrst_handle(struct bc_at_call *call)
{
    bc_module_reboot_in(module_of(call), REBOOT_MS);
    return BC_AT_OK;
}

static int nrb_handle(struct bc_at_call *call)
{
    bc_at_info(call, "REBOOTING");
    bc_module_reboot_in(module_of(call), REBOOT_MS);
    return BC_AT_NO_RESULT;
}

static const struct bc_at_param qpowd_params[] = {OPTIONAL_INT("mode", 0, 2)};

/* Powered down, the module says so and nothing else until it is reset. */
static int qpowd_handle(struct bc_at_call *call)
{
    bc_power_down(module_of(call));
    return BC_AT_OK;
}

/* --- Odds and ends ---------------------------------------------------------------------------- */

static int cbc_handle(struct bc_at_call *call)
{
    bc_at_info(call, "+CBC: 0,100,3600");
    return BC_AT_OK;
}

static const struct bc_at_param ipr_params[] = {
    {.name = "rate",
     .type = BC_AT_LISTED,
     .only = "0,2400,4800,9600,14400,19200,28800,33600,38400,57600,115200,230400,460800,921600"}};

static int ipr_handle(struct bc_at_call *call)
{
    struct bc_module *m = module_of(call);
    if (call->form == BC_AT_SET)
        m->base.baud = (uint32_t)call->arg[0].number;
    else
        bc_at_info(call, "+IPR: %u", (unsigned)m->base.baud);
    return BC_AT_OK;
}

static const struct bc_at_param qiclose_params[] = {{.name = "connectID", .min = 0, .max = 4}};

static int qiclose_handle(struct bc_at_call *call)
{
    bc_at_info(call, "CLOSE OK"); /* there is never a socket open */
    return BC_AT_OK;
}

static const struct bc_at_param qcfg_params[] = {
    {.name = "function", .type = BC_AT_STRING, .min = 1, .max = 32},
    {.name = "value", .type = BC_AT_STRING, .max = 32, .optional = true, .repeat = 8}};

/* Settings of radio and UART that have no meaning here: accepted, not kept. */
static int qcfg_handle(struct bc_at_call *call)
{
    (void)call;
    return BC_AT_OK;
}

/* --- The table -------------------------------------------------------------------------------- */

#define TEST_READ_SET (BC_AT_TEST | BC_AT_READ | BC_AT_SET)
#define TEST_EXECUTE (BC_AT_TEST | BC_AT_EXECUTE)
#define BASIC (BC_AT_SET | BC_AT_EXECUTE)

static const struct bc_at_command base_commands[] = {
    {"E", BASIC, BC_AT_PARAMS(switch_params), .handle = echo_handle},
    {"Q", BASIC, BC_AT_PARAMS(switch_params), .handle = quiet_handle},
    {"V", BASIC, BC_AT_PARAMS(switch_params), .handle = verbose_handle},
    {"I", BASIC, BC_AT_PARAMS(zero_params), .handle = identify_handle},
    {"Z", BASIC, BC_AT_PARAMS(zero_params), .handle = reset_handle},
    {"&F", BASIC, BC_AT_PARAMS(zero_params), .handle = factory_handle},
    {"&W", BASIC, BC_AT_PARAMS(zero_params), .handle = save_handle},
    {"+CMEE", TEST_READ_SET, BC_AT_PARAMS(cmee_params), .handle = cmee_handle},
    {"+CGMI", TEST_EXECUTE, .handle = manufacturer_handle},
    {"+CGMM", TEST_EXECUTE, .handle = model_handle},
    {"+CGMR", TEST_EXECUTE, .handle = revision_handle},
    {"+QGMR", TEST_EXECUTE, .handle = revision_handle},
    {"+CGSN", TEST_EXECUTE | BC_AT_SET, BC_AT_PARAMS(cgsn_params), .handle = cgsn_handle},
    {"+GSN", TEST_EXECUTE, .handle = gsn_handle},
    {"+CIMI", TEST_EXECUTE, .handle = cimi_handle},
    {"+QCCID", TEST_EXECUTE, .handle = qccid_handle},
    {"+CPIN", BC_AT_TEST | BC_AT_READ, .handle = cpin_handle},
    {"+CFUN", TEST_READ_SET, BC_AT_PARAMS(cfun_params), .handle = cfun_handle},
    {"+CEREG", TEST_READ_SET, BC_AT_PARAMS(cereg_params), .handle = cereg_handle},
    {"+CREG", TEST_READ_SET, BC_AT_PARAMS(creg_params), .handle = creg_handle},
    {"+CGREG", TEST_READ_SET, BC_AT_PARAMS(creg_params), .handle = cgreg_handle},
    {"+CGATT", TEST_READ_SET, BC_AT_PARAMS(cgatt_params), .handle = cgatt_handle},
    {"+COPS", TEST_READ_SET | BC_AT_TEST_LIVE, BC_AT_PARAMS(cops_params), .handle = cops_handle},
    {"+CGDCONT", TEST_READ_SET, BC_AT_PARAMS(cgdcont_params), .handle = context_handle,
     .test = "(0-10),\"IP\",,,(0),(0)"},
    {"+QCGDEFCONT", TEST_READ_SET, BC_AT_PARAMS(qcgdefcont_params), .handle = context_handle},
    {"+CGPADDR", BC_AT_TEST | BC_AT_READ | BC_AT_SET | BC_AT_EXECUTE, BC_AT_PARAMS(cgpaddr_params),
     .handle = cgpaddr_handle},
    {"+CSQ", TEST_EXECUTE, .handle = csq_handle, .test = "(0-31,99),(0-7,99)"},
    {"+CESQ", TEST_EXECUTE, .handle = cesq_handle,
     .test = "(0-63,99),(0-7,99),(255),(255),(0-34,255),(0-97,255)"},
    {"+CCLK", BC_AT_TEST | BC_AT_READ, .handle = cclk_handle},
    {"+CTZR", TEST_READ_SET, BC_AT_PARAMS(ctzr_params), .handle = ctzr_handle},
    {"+CSCON", TEST_READ_SET, BC_AT_PARAMS(cscon_params), .handle = cscon_handle},
    {"+CPSMS", TEST_READ_SET, BC_AT_PARAMS(cpsms_params), .handle = cpsms_handle},
    {"+CEDRXS", TEST_READ_SET, BC_AT_PARAMS(cedrxs_params), .handle = cedrxs_handle},
    {"+CEDRXRDP", TEST_EXECUTE, .handle = cedrxrdp_handle},
    {"+QBAND", TEST_READ_SET, BC_AT_PARAMS(qband_params), .handle = qband_handle},
    {"+QENG", BC_AT_TEST | BC_AT_SET, BC_AT_PARAMS(qeng_params), .handle = qeng_handle},
    {"+QSCLK", TEST_READ_SET, BC_AT_PARAMS(qsclk_params), .handle = qsclk_handle},
    {"+QNBIOTEVENT", TEST_READ_SET, BC_AT_PARAMS(event_params), .handle = qnbiotevent_handle},
    {"+QATWAKEUP", TEST_READ_SET, BC_AT_PARAMS(wakeup_params), .handle = qatwakeup_handle},
    {"+QCFG", BC_AT_TEST | BC_AT_SET, BC_AT_PARAMS(qcfg_params), .handle = qcfg_handle},
    {"+QCSEARFCN", TEST_EXECUTE, .handle = qcsearfcn_handle},
    {"+QRST", BC_AT_TEST | BC_AT_SET, BC_AT_PARAMS(qrst_params), .handle = qrst_handle},
    {"+NRB", TEST_EXECUTE, .handle = nrb_handle},
    {"+QPOWD", BC_AT_TEST | BC_AT_SET | BC_AT_EXECUTE, BC_AT_PARAMS(qpowd_params),
     .handle = qpowd_handle},
    {"+IPR", TEST_READ_SET, BC_AT_PARAMS(ipr_params), .handle = ipr_handle},
    {"+CBC", TEST_EXECUTE, .handle = cbc_handle},
    {"+QICLOSE", BC_AT_TEST | BC_AT_SET, BC_AT_PARAMS(qiclose_params), .handle = qiclose_handle},
};

const struct bc_at_table bc_module_base_table = {base_commands,
                                                 sizeof(base_commands) / sizeof(base_commands[0])};
