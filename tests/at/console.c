/*
 * The table and its handlers: see console.h.
 */
#include "console.h"

static struct console *console_of(const struct bc_at_call *call)
{
    return call->context;
}

static int note(struct bc_at_call *call)
{
    struct console *c = console_of(call);
    const char *form = call->form == BC_AT_SET ? "=" : call->form == BC_AT_READ ? "?" : "";
    bc_put_format(&c->called, "%s%s", call->command->name, form);
    for (unsigned i = 0; i < call->args; i++) {
        c->arg[i] = call->arg[i];
        if (call->arg[i].given)
            bc_put_format(&c->called, "[%.*s]", (int)call->arg[i].text.len,
                          (const char *)call->arg[i].text.ptr);
        else
            bc_put_text(&c->called, "[-]");
    }
    return BC_AT_OK;
}

static int note_retransmit(struct bc_at_call *call)
{
    bc_put_text(&console_of(call)->called, "retransmit:");
    return note(call);
}

static int note_flag(struct bc_at_call *call)
{
    bc_put_text(&console_of(call)->called, "flag:");
    return note(call);
}

static int tell(struct bc_at_call *call)
{
    (void)note(call);
    bc_at_info(call, "%s says %d", call->command->name, 7);
    bc_at_info_begin(call);
    bc_put_text(call->out, "twice");
    bc_at_info_end(call);
    return BC_AT_OK;
}

static int tell_and_fail(struct bc_at_call *call)
{
    (void)tell(call);
    return BC_AT_ERROR_STATE;
}

static int answer_itself(struct bc_at_call *call)
{
    (void)note(call);
    bc_put_text(call->out, "\r\nREBOOTING\r\n");
    return BC_AT_NO_RESULT;
}

#define ANY (BC_AT_TEST | BC_AT_READ | BC_AT_SET | BC_AT_EXECUTE)

static const struct bc_at_param int_params[] = {{.name = "n", .min = -10, .max = 100}};
static const struct bc_at_param wide_params[] = {{.name = "n", .min = INT32_MIN, .max = INT32_MAX}};
static const struct bc_at_param list_params[] = {
    {.name = "mode", .type = BC_AT_LISTED, .only = "0,3"}};
static const struct bc_at_param text_params[] = {
    {.name = "text", .type = BC_AT_STRING, .min = 2, .max = 5}};
static const struct bc_at_param pair_params[] = {
    {.name = "a", .min = 0, .max = 9},
    {.name = "b", .min = 0, .max = 1, .optional = true},
    {.name = "c", .type = BC_AT_STRING, .max = 5, .optional = true},
};
static const struct bc_at_param repeat_params[] = {
    {.name = "object", .min = 0, .max = 65535},
    {.name = "resource", .min = 0, .max = 65535, .repeat = 3},
};
static const struct bc_at_param many_params[] = {{.name = "n", .min = 0, .max = 9, .repeat = 255}};
static const struct bc_at_param value_params[] = {
    {.name = "type", .min = 0, .max = 9},
    {.name = "len", .min = -9, .max = 2000},
    {.name = "value", .type = BC_AT_TYPED},
    {.name = "index", .min = 0, .max = 9, .optional = true},
};
static const struct bc_at_param retransmit_params[] = {
    {.name = "timeout", .min = 2, .max = 20, .optional = true},
    {.name = "times", .min = 0, .max = 8},
};
static const struct bc_at_param flag_params[] = {{.name = "flag", .min = 0, .max = 1}};
static const struct bc_at_param switch_params[] = {
    {.name = "on", .min = 0, .max = 1, .optional = true}};

static const struct bc_at_operation operations[] = {
    {.name = "retransmit", BC_AT_PARAMS(retransmit_params), .handle = note_retransmit},
    {.name = "flag", BC_AT_PARAMS(flag_params), .handle = note_flag},
};

static const struct bc_at_command extended[] = {
    {.name = "+INT", .forms = ANY, BC_AT_PARAMS(int_params), .handle = note},
    {.name = "+WIDE", .forms = ANY, BC_AT_PARAMS(wide_params), .handle = note},
    {.name = "+LIST", .forms = ANY, BC_AT_PARAMS(list_params), .handle = note},
    {.name = "+TEXT", .forms = ANY, BC_AT_PARAMS(text_params), .handle = note},
    {.name = "+PAIR", .forms = ANY, BC_AT_PARAMS(pair_params), .handle = note},
    {.name = "+REP", .forms = ANY, BC_AT_PARAMS(repeat_params), .handle = note},
    {.name = "+MANY", .forms = BC_AT_SET, BC_AT_PARAMS(many_params), .handle = note},
    {.name = "+VAL", .forms = ANY, BC_AT_PARAMS(value_params), .handle = note},
    {.name = "+OPS", .forms = ANY, BC_AT_OPERATIONS(operations), .handle = note},
    {.name = "+READ", .forms = BC_AT_READ, .handle = note},
    {.name = "+SET", .forms = BC_AT_SET, .handle = note},
    {.name = "+BARE", .forms = BC_AT_EXECUTE, .handle = note},
    {.name = "+TEST", .forms = BC_AT_TEST, .handle = note},
    {.name = "+OWN", .forms = BC_AT_TEST, BC_AT_PARAMS(pair_params), .test = "(any),(thing)"},
    {.name = "+TELL", .forms = BC_AT_EXECUTE, .handle = tell},
    {.name = "+FAIL", .forms = BC_AT_EXECUTE, .handle = tell_and_fail},
    {.name = "+SELF", .forms = BC_AT_EXECUTE, .handle = answer_itself},
};

static const struct bc_at_command basic[] = {
    {.name = "E", .forms = ANY, BC_AT_PARAMS(switch_params), .handle = note},
    {.name = "V", .forms = ANY, BC_AT_PARAMS(switch_params), .handle = note},
    {.name = "&W", .forms = BC_AT_EXECUTE, .handle = note},
    {.name = "I", .forms = BC_AT_EXECUTE, .handle = tell},
    {.name = "X", .forms = BC_AT_EXECUTE, .handle = tell_and_fail},
    {.name = "+INT", .forms = BC_AT_EXECUTE, .handle = tell_and_fail}, /* the first table wins */
};

static const struct bc_at_table extended_table = {extended, sizeof(extended) / sizeof(extended[0])};
static const struct bc_at_table basic_table = {basic, sizeof(basic) / sizeof(basic[0])};
static const struct bc_at_table *const tables[] = {&extended_table, &basic_table};

void console_begin(struct console *c)
{
    *c = (struct console){0};
    c->called = (bc_sink){.ptr = c->log, .cap = sizeof(c->log)};
    c->out = (bc_sink){.ptr = c->text, .cap = sizeof(c->text)};
}

void console_end(struct console *c)
{
    check_heap_free(c->line);
}

int console_run_bytes(struct console *c, bc_view line)
{
    check_heap_free(c->line);
    bc_sink copy = check_heap_sink(line.len);
    bc_put_bytes(&copy, line);
    c->line = bc_sink_view(&copy);
    c->called.len = 0;
    c->out.len = 0;
    return bc_at_execute(tables, sizeof(tables) / sizeof(tables[0]), c, &copy, &c->out);
}

int console_run(struct console *c, const char *line)
{
    return console_run_bytes(c, bc_view_of(line));
}

void check_calls_at(const char *file, int line, struct console *c, const char *command, int result,
                    const char *calls)
{
    int seen = console_run(c, command);
    if (seen != result)
        print_error("%s\n", command);
    _assert_int_equal((uintmax_t)seen, (uintmax_t)result, file, line);
    check_text_at(file, line, bc_sink_view(&c->called), calls);
}
