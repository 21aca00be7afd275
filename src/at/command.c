/*
 * From a command line to its handler: see command.h.
 */
#include "at/command.h"

#include "at/param.h"

void bc_at_info_begin(struct bc_at_call *call)
{
    if (!call->answered)
        bc_put_text(call->out, "\r\n");
    call->answered = true;
}

void bc_at_info_end(struct bc_at_call *call)
{
    bc_put_text(call->out, "\r\n");
}

void bc_at_info(struct bc_at_call *call, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bc_at_info_begin(call);
    bc_put_vformat(call->out, format, arguments);
    bc_at_info_end(call);
    va_end(arguments);
}

/* --- The `=?` answer ------------------------------------------------------------------------- */

static void put_range(bc_sink *out, const struct bc_at_param *param)
{
    if (param->type == BC_AT_LISTED)
        bc_put_format(out, "(%s)", param->only);
    else if (param->type != BC_AT_INT)
        bc_put_format(out, "<%s>", param->name);
    else if (param->max == param->min)
        bc_put_format(out, "(%d)", (int)param->min);
    else
        bc_put_format(out, (int64_t)param->max - param->min == 1 ? "(%d,%d)" : "(%d-%d)",
                      (int)param->min, (int)param->max);
}

static void put_params(bc_sink *out, const struct bc_at_param *param, unsigned params,
                       const char *separator)
{
    for (unsigned i = 0; i < params; i++) {
        bc_put_text(out, separator);
        put_range(out, &param[i]);
        if (param[i].repeat > 1)
            bc_put_text(out, "[,...]");
        separator = ",";
    }
}

/* The answer to `=?`: "+X: (0-5),<name>". */
static void put_ranges(bc_sink *out, const struct bc_at_command *command)
{
    if (command->test != NULL) {
        bc_put_format(out, "%s: %s", command->name, command->test);
        return;
    }
    bc_put_format(out, "%s: ", command->name);
    put_params(out, command->param, command->params, "");
}

/* Test forms with parameters answer a line for each operation, else one; those without, only OK. */
static void answer_test(struct bc_at_call *call)
{
    const struct bc_at_command *command = call->command;
    for (unsigned i = 0; i < command->operations; i++) {
        bc_at_info_begin(call);
        bc_put_format(call->out, "%s: \"%s\"", command->name, command->operation[i].name);
        put_params(call->out, command->operation[i].param, command->operation[i].params, ",");
        bc_at_info_end(call);
    }
    if (command->params == 0 && command->test == NULL)
        return;
    bc_at_info_begin(call);
    put_ranges(call->out, command);
    bc_at_info_end(call);
}

/* --- Finding and calling --------------------------------------------------------------------- */

static const struct bc_at_command *find(const struct bc_at_table *const *tables, size_t count,
                                        bc_view name)
{
    for (size_t t = 0; t < count; t++)
        for (size_t i = 0; i < tables[t]->commands; i++)
            if (bc_view_equal_nocase(name, tables[t]->command[i].name))
                return &tables[t]->command[i];
    return NULL;
}

static int call_operation(struct bc_at_call *call, bc_sink *fields)
{
    bc_view name;
    bool quoted;
    bool more;
    if (!bc_at_next_field(fields, &name, &quoted, &more))
        return BC_AT_ERROR_PARAMETER;
    for (unsigned i = 0; i < call->command->operations; i++) {
        const struct bc_at_operation *operation = &call->command->operation[i];
        if (!bc_view_equal_nocase(name, operation->name))
            continue;
        if (more ? !bc_at_parse_fields(call, operation->param, operation->params, fields) ||
                       call->args == 0
                 : operation->params > 0 && !operation->param[0].optional)
            return BC_AT_ERROR_PARAMETER;
        return operation->handle(call);
    }
    return BC_AT_ERROR_PARAMETER;
}

static int call_form(struct bc_at_call *call, enum bc_at_form form, bc_sink *fields)
{
    const struct bc_at_command *command = call->command;
    call->form = form;
    if ((command->forms & (unsigned)form) == 0)
        return BC_AT_ERROR_UNKNOWN;
    if (form == BC_AT_TEST && (command->forms & BC_AT_TEST_LIVE) == 0) {
        answer_test(call);
        return BC_AT_OK;
    }
    if (form == BC_AT_SET && command->operations > 0)
        return call_operation(call, fields);
    if (form == BC_AT_SET && !bc_at_parse_fields(call, command->param, command->params, fields))
        return BC_AT_ERROR_PARAMETER;
    return command->handle(call);
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

/* "+NAME", "+NAME?", "+NAME=?", "+NAME=fields" */
static int execute_extended(const struct bc_at_table *const *tables, size_t count,
                            struct bc_at_call *call, bc_sink *body)
{
    size_t len = 0;
    while (len < body->len && body->ptr[len] != '=' && body->ptr[len] != '?')
        len++;
    bc_view name = {body->ptr, len};
    while (name.len > 0 && is_blank(name.ptr[name.len - 1]))
        name.len--;
    call->command = find(tables, count, name);
    if (call->command == NULL)
        return BC_AT_ERROR_UNKNOWN;
    if (len == body->len)
        return call_form(call, BC_AT_EXECUTE, body);
    bool set = body->ptr[len] == '=';
    body->ptr += len + 1;
    body->len -= len + 1;
    while (body->len > 0 && is_blank(*body->ptr)) {
        body->ptr++;
        body->len--;
    }
    while (body->len > 0 && is_blank(body->ptr[body->len - 1]))
        body->len--;
    if (!set)
        return body->len == 0 ? call_form(call, BC_AT_READ, body) : BC_AT_ERROR_PARAMETER;
    if (body->len == 1 && *body->ptr == '?')
        return call_form(call, BC_AT_TEST, body);
    return call_form(call, BC_AT_SET, body);
}

/* Basic commands (V.250 section 5.3.1) follow each other without a separator: "E0V1&W". A missing
 * number is 0. `body` moves behind them. */
static int execute_basic(const struct bc_at_table *const *tables, size_t count,
                         struct bc_at_call *call, bc_sink *body)
{
    size_t len = body->ptr[0] == '&' && body->len > 1 ? 2 : 1;
    bc_view name = {body->ptr, len};
    bc_view digits = {body->ptr + len, 0};
    while (len < body->len && body->ptr[len] >= '0' && body->ptr[len] <= '9')
        len++;
    digits.len = len - name.len;
    body->ptr += len;
    body->len -= len;
    call->command = find(tables, count, name);
    if (call->command == NULL || digits.len > 3)
        return BC_AT_ERROR_UNKNOWN;
    bc_sink field = {.len = digits.len};
    field.ptr = body->ptr - digits.len;
    if (digits.len == 0)
        return call_form(call, BC_AT_EXECUTE, &field);
    return call_form(call, BC_AT_SET, &field);
}

static bool is_noise(uint8_t byte)
{
    return byte <= ' ' || byte >= 0x80;
}

int bc_at_execute(const struct bc_at_table *const *tables, size_t count, void *context,
                  bc_sink *line, bc_sink *out)
{
    bc_sink body = *line;
    size_t before = out->len;
    int result = BC_AT_OK;
    bool answered = false;
    while (body.len > 0 && is_noise(body.ptr[0])) {
        body.ptr++;
        body.len--;
    }
    if (body.len < 2 || (body.ptr[0] | 0x20) != 'a' || (body.ptr[1] | 0x20) != 't')
        return BC_AT_ERROR_UNKNOWN;
    body.ptr += 2;
    body.len -= 2;
    while (body.len > 0 && result == BC_AT_OK && !out->full) {
        struct bc_at_call call = {.context = context, .out = out, .answered = answered};
        if (is_blank(*body.ptr)) {
            body.ptr++;
            body.len--;
        } else if (*body.ptr == '+') {
            result = execute_extended(tables, count, &call, &body);
            body.len = 0;
        } else {
            result = execute_basic(tables, count, &call, &body);
        }
        answered = call.answered;
    }
    if (out->full) { /* a chain such as "ATIIII..." can say more than there is room for */
        out->full = false;
        result = BC_AT_ERROR_PARAMETER;
    }
    if (result > 0)
        out->len = before;
    return result;
}
