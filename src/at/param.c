/*
 * Fields of a command: see param.h. A bc_sink serves as the cursor over the writable line: ptr and
 * len are what is still to be read.
 */
#include "at/param.h"

#include <string.h>

static void skip(bc_sink *fields, size_t bytes)
{
    fields->ptr += bytes;
    fields->len -= bytes;
}

static void skip_spaces(bc_sink *fields)
{
    while (fields->len > 0 && (*fields->ptr == ' ' || *fields->ptr == '\t'))
        skip(fields, 1);
}

/* What must follow a field: nothing, or a comma. */
static bool take_comma(bc_sink *fields, bool *more)
{
    skip_spaces(fields);
    *more = fields->len > 0;
    if (*more && *fields->ptr != ',')
        return false;
    if (*more)
        skip(fields, 1);
    return true;
}

bool bc_at_next_field(bc_sink *fields, bc_view *out, bool *quoted, bool *more)
{
    skip_spaces(fields);
    *quoted = fields->len > 0 && *fields->ptr == '"';
    if (*quoted)
        skip(fields, 1);
    size_t len = 0;
    while (len < fields->len && fields->ptr[len] != (*quoted ? '"' : ','))
        len++;
    *out = (bc_view){fields->ptr, len};
    if (*quoted && len == fields->len)
        return false;
    skip(fields, *quoted ? len + 1 : len);
    while (!*quoted && out->len > 0 &&
           (out->ptr[out->len - 1] == ' ' || out->ptr[out->len - 1] == '\t'))
        out->len--;
    return take_comma(fields, more);
}

/* --- Typed values ---------------------------------------------------------------------------- */

static bool typed_length_legal(int32_t type, int32_t len)
{
    switch (type) {
    case BC_AT_VALUE_STRING:
        return len >= 0 && len <= BC_STRING_BYTES_MAX;
    case BC_AT_VALUE_OPAQUE:
        return len >= 0 && len <= BC_OPAQUE_BYTES_MAX;
    case BC_AT_VALUE_INTEGER:
        return len == 2 || len == 4 || len == 8;
    case BC_AT_VALUE_FLOAT:
        return len == 4 || len == 8;
    case BC_AT_VALUE_BOOLEAN:
        return len == 1;
    default:
        return false;
    }
}

/* Cuts `bytes` off the front, in quotes or not: the content may hold quotes and commas itself. */
static bool cut(bc_sink *fields, size_t bytes, bc_view *out, bool *more)
{
    skip_spaces(fields);
    bool quoted = fields->len > 0 && *fields->ptr == '"';
    if (fields->len < bytes + (quoted ? 2 : 0))
        return false;
    skip(fields, quoted ? 1 : 0);
    *out = (bc_view){fields->ptr, bytes};
    skip(fields, bytes);
    if (quoted && *fields->ptr != '"')
        return false;
    skip(fields, quoted ? 1 : 0);
    return take_comma(fields, more);
}

static bool parse_typed(struct bc_at_arg *arg, bc_sink *fields, bool *more)
{
    int32_t type = arg[-2].number;
    int32_t len = arg[-1].number;
    if (!arg[-2].given || !arg[-1].given || !typed_length_legal(type, len))
        return false;
    arg->given = true;
    if (type == BC_AT_VALUE_STRING)
        return cut(fields, (size_t)len, &arg->text, more);
    if (type == BC_AT_VALUE_OPAQUE) {
        uint8_t *bytes = fields->ptr;
        if (!cut(fields, 2 * (size_t)len, &arg->text, more) || !bc_hex_decode(arg->text, bytes))
            return false;
        arg->text = (bc_view){bytes, (size_t)len};
        return true;
    }
    bool quoted;
    return bc_at_next_field(fields, &arg->text, &quoted, more) && arg->text.len > 0;
}

/* --- Numbers and strings --------------------------------------------------------------------- */

/* True when `number` stands in a list such as "0,3". */
static bool listed(const char *only, int64_t number)
{
    while (*only != '\0') {
        size_t len = strcspn(only, ",");
        int64_t allowed;
        if (bc_view_int((bc_view){(const uint8_t *)only, len}, &allowed) && allowed == number)
            return true;
        only += len + (only[len] == ',');
    }
    return false;
}

static bool parse_int(const struct bc_at_param *param, struct bc_at_arg *arg)
{
    int64_t number;
    if (arg->text.ptr[0] == '+' || !bc_view_int(arg->text, &number))
        return false;
    if (param->type == BC_AT_LISTED ? !listed(param->only, number)
                                    : number < param->min || number > param->max)
        return false;
    arg->number = (int32_t)number;
    return true;
}

static bool parse_field(const struct bc_at_param *param, struct bc_at_arg *arg, bc_sink *fields,
                        bool *more)
{
    if (param->type == BC_AT_TYPED)
        return parse_typed(arg, fields, more);
    bool quoted;
    if (!bc_at_next_field(fields, &arg->text, &quoted, more))
        return false;
    arg->given = arg->text.len > 0 || (quoted && param->type == BC_AT_STRING);
    if (!arg->given)
        return param->optional;
    if (param->type != BC_AT_STRING)
        return parse_int(param, arg);
    return arg->text.len >= (size_t)param->min && arg->text.len <= (size_t)param->max;
}

bool bc_at_parse_fields(struct bc_at_call *call, const struct bc_at_param *param, unsigned params,
                        bc_sink *fields)
{
    bool more = fields->len > 0;
    unsigned row = 0;
    unsigned repeats = 0;
    while (more) {
        if (row == params || call->args == BC_AT_PARAMS_MAX)
            return false;
        if (!parse_field(&param[row], &call->arg[call->args++], fields, &more))
            return false;
        if (++repeats >= param[row].repeat) {
            row++;
            repeats = 0;
        }
    }
    return row == params || param[row].optional || repeats > 0;
}
