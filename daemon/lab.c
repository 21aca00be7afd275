/*
 * The laboratory around a module: see lab.h. The answers are described in docs/CONTROL.md.
 */
#define _GNU_SOURCE
#include "lab.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINK_SEED 0x6C696E6B /* another stream than the module's, from the same seed */
#define REORDER_MS_DEFAULT 1000
#define QUEUE_DEFAULT 16
#define PPM_A_PERCENT 10000.0

static const char *const way_names[LINK_WAYS] = {"up", "down"};

void lab_init(struct lab *lab, uint64_t seed)
{
    *lab = (struct lab){.power_on_ms = BC_NEVER};
    link_init(&lab->link, seed ^ LINK_SEED);
}

void lab_close(struct lab *lab)
{
    link_close(&lab->link);
}

json_t *lab_error(const char *format, ...)
{
    char text[COMMAND_WHY_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return json_pack("{s:b, s:s}", "ok", 0, "error", text);
}

static json_t *ok(void)
{
    return json_pack("{s:b}", "ok", 1);
}

static void put_count(json_t *object, const char *name, uint64_t count)
{
    json_object_set_new(object, name, json_integer((json_int_t)count));
}

/* --- The supply and the antenna --------------------------------------------------------------- */

static void cut_power(struct lab *lab, uint64_t now_ms, uint64_t for_ms)
{
    bc_on_power(lab->module, now_ms, false);
    lab->power_on_ms = now_ms + for_ms;
    lab_on_time(lab, now_ms);
}

static void switch_power(struct lab *lab, uint64_t now_ms, bool on)
{
    lab->power_on_ms = BC_NEVER;
    bc_on_power(lab->module, now_ms, on);
}

void lab_on_time(struct lab *lab, uint64_t now_ms)
{
    if (lab->power_on_ms <= now_ms)
        switch_power(lab, now_ms, true);
}

uint64_t lab_deadline(const struct lab *lab)
{
    uint64_t link_ms = link_deadline(&lab->link);
    return lab->power_on_ms < link_ms ? lab->power_on_ms : link_ms;
}

/* --- The network ------------------------------------------------------------------------------ */

static void set_faults(struct link_faults *faults, const struct command *command)
{
    const int64_t *arg = command->arg;
    switch (command->verb) {
    case COMMAND_LOSS:
        faults->loss_ppm = (uint32_t)arg[0];
        break;
    case COMMAND_DUPLICATE:
        faults->duplicate_ppm = (uint32_t)arg[0];
        break;
    case COMMAND_REORDER:
        faults->reorder_ppm = (uint32_t)arg[0];
        faults->reorder_depth = command->args > 1 ? (uint32_t)arg[1] : 1;
        faults->reorder_ms = command->args > 2 ? (uint32_t)arg[2] : REORDER_MS_DEFAULT;
        break;
    case COMMAND_DELAY:
        faults->delay_ms = (uint32_t)arg[0];
        faults->jitter_ms = (uint32_t)arg[1];
        break;
    case COMMAND_RATE:
        faults->rate_bps = (uint32_t)arg[0];
        faults->queue = command->args > 1 ? (uint32_t)arg[1] : QUEUE_DEFAULT;
        break;
    case COMMAND_RATE_OFF:
        faults->rate_bps = 0;
        break;
    case COMMAND_HEAL:
        *faults = (struct link_faults){0};
        break;
    default:
        break;
    }
}

static void break_link(struct link *link, uint64_t now_ms, const struct command *command)
{
    for (unsigned way = 0; way < LINK_WAYS; way++) {
        if ((command->ways & 1u << way) == 0)
            continue;
        if (command->verb == COMMAND_BLACKHOLE)
            link->blackhole_until_ms[way] = now_ms + (uint64_t)command->arg[0];
        else if (command->verb == COMMAND_BLACKHOLE_OFF || command->verb == COMMAND_HEAL)
            link->blackhole_until_ms[way] = 0;
        set_faults(&link->faults[way], command);
    }
}

static json_t *describe_way(const struct link *link, uint64_t now_ms, unsigned way)
{
    const struct link_faults *faults = &link->faults[way];
    const struct link_counts *counts = &link->counts[way];
    uint64_t hole_ms = link->blackhole_until_ms[way];
    json_t *object = json_object();
    json_object_set_new(object, "loss_percent", json_real(faults->loss_ppm / PPM_A_PERCENT));
    json_object_set_new(object, "duplicate_percent",
                        json_real(faults->duplicate_ppm / PPM_A_PERCENT));
    json_object_set_new(object, "reorder_percent", json_real(faults->reorder_ppm / PPM_A_PERCENT));
    put_count(object, "reorder_depth", faults->reorder_depth);
    put_count(object, "reorder_ms", faults->reorder_ms);
    put_count(object, "delay_ms", faults->delay_ms);
    put_count(object, "jitter_ms", faults->jitter_ms);
    put_count(object, "rate_bps", faults->rate_bps);
    put_count(object, "queue", faults->queue);
    put_count(object, "blackhole_ms", hole_ms > now_ms ? hole_ms - now_ms : 0);
    put_count(object, "held", link->held_of[way]);
    put_count(object, "arrived", counts->arrived);
    put_count(object, "lost", counts->lost);
    put_count(object, "duplicated", counts->duplicated);
    put_count(object, "reordered", counts->reordered);
    put_count(object, "blackholed", counts->blackholed);
    put_count(object, "queue_full", counts->queue_full);
    put_count(object, "overflow", counts->overflow);
    return object;
}

static json_t *describe_link(const struct lab *lab, uint64_t now_ms)
{
    json_t *object = json_object();
    for (unsigned way = 0; way < LINK_WAYS; way++)
        json_object_set_new(object, way_names[way], describe_way(&lab->link, now_ms, way));
    return object;
}

static json_t *rebind(struct lab *lab)
{
    watch_set(lab->watches, WATCH_NET_IPV4, -1, 0);
    watch_set(lab->watches, WATCH_NET_IPV6, -1, 0);
    int error = net_rebind(lab->net);
    if (error != 0)
        return lab_error("no other port: %s", strerror(error));
    json_t *answer = ok();
    if (lab->net->of[NET_IPV4].fd >= 0)
        put_count(answer, "ipv4_port", lab->net->of[NET_IPV4].port);
    if (lab->net->of[NET_IPV6].fd >= 0)
        put_count(answer, "ipv6_port", lab->net->of[NET_IPV6].port);
    return answer;
}

/* --- The instruments -------------------------------------------------------------------------- */

struct energy_row {
    uint64_t ms, datagrams_up, bytes_up, datagrams_down, bytes_down;
};

static json_t *describe_row(const struct energy_row *row)
{
    json_t *object = json_object();
    json_object_set_new(object, "seconds", json_real((double)row->ms / 1000.0));
    put_count(object, "datagrams_up", row->datagrams_up);
    put_count(object, "bytes_up", row->bytes_up);
    put_count(object, "datagrams_down", row->datagrams_down);
    put_count(object, "bytes_down", row->bytes_down);
    return object;
}

/* The module's counters wrap, and so does their difference. */
static json_t *report_energy(const struct lab *lab, uint64_t now_ms)
{
    struct bc_energy now;
    struct energy_row total = {0};
    json_t *states = json_object();
    bc_module_energy(lab->module, now_ms, &now);
    for (unsigned i = 0; i < BC_ENERGY_STATES; i++) {
        struct energy_row row = {
            .ms = now.in[i].ms - lab->energy_from.in[i].ms,
            .datagrams_up = now.in[i].datagrams_up - lab->energy_from.in[i].datagrams_up,
            .bytes_up = now.in[i].bytes_up - lab->energy_from.in[i].bytes_up,
            .datagrams_down = now.in[i].datagrams_down - lab->energy_from.in[i].datagrams_down,
            .bytes_down = now.in[i].bytes_down - lab->energy_from.in[i].bytes_down,
        };
        total.ms += row.ms;
        total.datagrams_up += row.datagrams_up;
        total.bytes_up += row.bytes_up;
        total.datagrams_down += row.datagrams_down;
        total.bytes_down += row.bytes_down;
        json_object_set_new(states, bc_energy_name((enum bc_energy_state)i), describe_row(&row));
    }
    json_object_set_new(states, "total", describe_row(&total));
    json_t *answer = ok();
    json_object_set_new(answer, "energy", states);
    return answer;
}

static json_t *dump(const struct lab *lab, uint64_t now_ms)
{
    static uint8_t text[BC_DESCRIPTION_BYTES];
    bc_sink out = {.ptr = text, .cap = sizeof(text)};
    bc_module_describe(lab->module, now_ms, &out);
    json_t *module = out.full ? NULL : json_loadb((const char *)text, out.len, 0, NULL);
    if (module == NULL)
        return lab_error("the module's state does not fit");
    json_t *answer = ok();
    put_count(answer, "time_ms", now_ms);
    put_count(answer, "time_scale", lab->clock->scale);
    json_object_set_new(answer, "module", module);
    json_object_set_new(answer, "link", describe_link(lab, now_ms));
    return answer;
}

static json_t *list_commands(void)
{
    struct command_help help;
    json_t *list = json_array();
    for (size_t i = 0; command_help(i, &help); i++)
        json_array_append_new(list, json_sprintf("%s%s%s", help.name,
                                                 help.params[0] == '\0' ? "" : " ", help.params));
    json_t *answer = ok();
    json_object_set_new(answer, "commands", list);
    return answer;
}

/* --- Commands --------------------------------------------------------------------------------- */

/* Those that only answer ok. */
static void act(struct lab *lab, uint64_t now_ms, const struct command *command)
{
    switch (command->verb) {
    case COMMAND_POWER_ON:
    case COMMAND_POWER_OFF:
        switch_power(lab, now_ms, command->verb == COMMAND_POWER_ON);
        break;
    case COMMAND_POWER_CUT:
        cut_power(lab, now_ms, (uint64_t)command->arg[0]);
        break;
    case COMMAND_RESET:
        bc_on_reset(lab->module, now_ms);
        break;
    case COMMAND_WAKE:
        bc_on_wake_pin(lab->module, now_ms);
        break;
    case COMMAND_ATTACH:
    case COMMAND_DETACH:
        bc_on_coverage(lab->module, now_ms, command->verb == COMMAND_ATTACH);
        break;
    case COMMAND_RSSI:
        bc_on_signal(lab->module, now_ms, (int)command->arg[0]);
        break;
    case COMMAND_STORAGE_OK:
        state_fail(lab->state, STATE_SOUND);
        break;
    case COMMAND_STORAGE_FAIL:
        state_fail(lab->state, STATE_FAIL_NEXT);
        break;
    case COMMAND_STORAGE_FULL:
        state_fail(lab->state, STATE_FULL);
        break;
    case COMMAND_STORAGE_TEAR:
        state_fail(lab->state, STATE_TEAR_NEXT);
        break;
    case COMMAND_FOTA_OUTCOME:
        bc_on_firmware_fault(lab->module, (enum bc_firmware_code)command->arg[0]);
        break;
    case COMMAND_ENERGY_RESET:
        bc_module_energy(lab->module, now_ms, &lab->energy_from);
        break;
    case COMMAND_TIME_SCALE:
        clock_set_scale(lab->clock, (unsigned)command->arg[0]);
        break;
    case COMMAND_EXIT:
        lab->exit_wanted = true;
        break;
    default:
        break_link(&lab->link, now_ms, command);
        break;
    }
}

json_t *lab_run(struct lab *lab, uint64_t now_ms, const struct command *command)
{
    json_t *answer;
    switch (command->verb) {
    case COMMAND_REBIND:
        return rebind(lab);
    case COMMAND_LINK:
        answer = ok();
        json_object_set_new(answer, "link", describe_link(lab, now_ms));
        return answer;
    case COMMAND_ENERGY:
        return report_energy(lab, now_ms);
    case COMMAND_DUMP:
        return dump(lab, now_ms);
    case COMMAND_HELP:
        return list_commands();
    default:
        act(lab, now_ms, command);
        return ok();
    }
}

json_t *lab_run_text(struct lab *lab, uint64_t now_ms, const char *text)
{
    struct command command;
    char why[COMMAND_WHY_BYTES];
    return command_parse(text, &command, why) ? lab_run(lab, now_ms, &command)
                                              : lab_error("%s", why);
}
