/*
 * LwM2M JSON: see json.h. A scanner over the bytes, no tree: entries are flat.
 */
#include "lwm2m/json.h"

#include <string.h>

#include "base/sink.h"

/* --- Writing --------------------------------------------------------------------------------- */

static void put_string(bc_sink *out, bc_view text)
{
    bc_put_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c < ' ')
            bc_put_format(out, "\\u00%02X", (unsigned)c);
        else if (c == '"' || c == '\\')
            bc_put_format(out, "\\%c", c);
        else
            bc_put_char(out, (char)c);
    }
    bc_put_char(out, '"');
}

void bc_json_begin(bc_sink *out, struct bc_path base)
{
    if (base.depth == 3)
        base.depth = 2;
    bc_put_text(out, "{\"bn\":\"");
    bc_path_put(out, base);
    bc_put_text(out, "/\",\"e\":[");
}

void bc_json_end(bc_sink *out)
{
    bc_put_text(out, "]}");
}

/* The name relative to the base, with the instance of a list behind it when there is one. */
static void put_name(bc_sink *out, struct bc_path base, struct bc_path path, int instance)
{
    bc_put_text(out, "{\"n\":\"");
    if (base.depth == 1)
        bc_put_format(out, "%d/", path.instance);
    bc_put_format(out, "%d", path.resource);
    if (instance >= 0)
        bc_put_format(out, "/%d", instance);
    bc_put_char(out, '"');
}

static void put_scalar(bc_sink *out, const struct bc_value *value)
{
    switch (value->type) {
    case BC_VALUE_STRING:
        bc_put_text(out, ",\"sv\":");
        put_string(out, value->bytes);
        break;
    case BC_VALUE_OPAQUE:
    case BC_VALUE_LIST:
        bc_put_text(out, ",\"sv\":\"");
        bc_value_put_text(out, value); /* base64 */
        bc_put_char(out, '"');
        break;
    case BC_VALUE_INTEGER:
    case BC_VALUE_FLOAT:
        bc_put_text(out, ",\"v\":");
        bc_value_put_text(out, value);
        break;
    case BC_VALUE_BOOLEAN:
        bc_put_text(out, value->integer != 0 ? ",\"bv\":true" : ",\"bv\":false");
        break;
    }
    bc_put_char(out, '}');
}

void bc_json_put_entry(bc_sink *out, struct bc_path base, struct bc_path path,
                       const struct bc_value *value)
{
    if (value->type != BC_VALUE_LIST) {
        put_name(out, base, path, -1);
        put_scalar(out, value);
        return;
    }
    bc_view rest = value->bytes;
    struct bc_tlv tlv;
    for (bool first = true; bc_tlv_next(&rest, &tlv); first = false) {
        struct bc_value element = {.type = BC_VALUE_STRING, .bytes = tlv.value};
        if (value->number_bytes != 0)
            element = bc_value_integer(bc_value_integer_of(tlv.value));
        if (!first)
            bc_put_char(out, ',');
        put_name(out, base, path, tlv.id);
        put_scalar(out, &element);
    }
}

/* --- Scanning -------------------------------------------------------------------------------- */

static void skip_space(bc_view *at)
{
    while (at->len > 0 &&
           (at->ptr[0] == ' ' || at->ptr[0] == '\t' || at->ptr[0] == '\r' || at->ptr[0] == '\n')) {
        at->ptr++;
        at->len--;
    }
}

static bool take_char(bc_view *at, char c)
{
    skip_space(at);
    if (at->len == 0 || at->ptr[0] != (uint8_t)c)
        return false;
    at->ptr++;
    at->len--;
    return true;
}

static int hex_value(bc_view digits, unsigned count)
{
    uint8_t bytes[2];
    if (digits.len < count || !bc_hex_decode((bc_view){digits.ptr, count}, bytes))
        return -1;
    return bytes[0] << 8 | bytes[1];
}

/* The length of the escape that begins with the backslash at `at`; 0 when it is none. */
static size_t escape_bytes(bc_view at)
{
    if (at.len < 2)
        return 0;
    if (strchr("\"\\/bfnrt", at.ptr[1]) != NULL && at.ptr[1] != '\0')
        return 2;
    bc_view digits = {at.ptr + 2, at.len - 2};
    return at.ptr[1] == 'u' && hex_value(digits, 4) >= 0 ? 6 : 0;
}

static bool take_string(bc_view *at, bc_view *out, bool *escaped)
{
    *escaped = false;
    if (!take_char(at, '"'))
        return false;
    size_t len = 0;
    while (len < at->len && at->ptr[len] != '"') {
        size_t step = 1;
        if (at->ptr[len] == '\\') {
            step = escape_bytes((bc_view){at->ptr + len, at->len - len});
            *escaped = true;
        }
        if (step == 0 || at->ptr[len] < ' ')
            return false;
        len += step;
    }
    if (len >= at->len)
        return false;
    *out = (bc_view){at->ptr, len};
    at->ptr += len + 1;
    at->len -= len + 1;
    return true;
}

/* A bare word: a number, true, false. */
static bc_view take_word(bc_view *at)
{
    skip_space(at);
    bc_view word = {at->ptr, 0};
    while (word.len < at->len && at->ptr[word.len] > ' ' && at->ptr[word.len] < 0x7F &&
           strchr(",:]}[{\"", at->ptr[word.len]) == NULL)
        word.len++;
    at->ptr += word.len;
    at->len -= word.len;
    return word;
}

static size_t digits_of(bc_view text, size_t from)
{
    size_t at = from;
    while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9')
        at++;
    return at - from;
}

/* A number of RFC 8259; `integer` when it has neither fraction nor exponent. */
static bool is_number(bc_view text, bool *integer)
{
    size_t at = text.len > 0 && text.ptr[0] == '-' ? 1 : 0;
    size_t digits = digits_of(text, at);
    if (digits == 0 || (digits > 1 && text.ptr[at] == '0'))
        return false;
    at += digits;
    *integer = at == text.len;
    if (at < text.len && text.ptr[at] == '.') {
        digits = digits_of(text, at + 1);
        at += digits + 1;
        if (digits == 0)
            return false;
    }
    if (at < text.len && (text.ptr[at] | 0x20) == 'e') {
        at++;
        at += at < text.len && (text.ptr[at] == '+' || text.ptr[at] == '-');
        digits = digits_of(text, at);
        at += digits;
        if (digits == 0)
            return false;
    }
    return at == text.len;
}

/* --- Reading --------------------------------------------------------------------------------- */

/* One member of an entry: the name, or the value under one of its keys. */
static bool read_member(bc_view *at, bc_view *name, struct bc_json_item *out)
{
    bc_view key;
    bool escaped;
    bool integer;
    if (!take_string(at, &key, &escaped) || !take_char(at, ':'))
        return false;
    if (bc_view_equal(key, BC_TEXT("n")))
        return take_string(at, name, &escaped) && !escaped;
    if (bc_view_equal(key, BC_TEXT("t")))
        return take_word(at).len > 0;
    if (out->text.ptr != NULL)
        return false; /* two values */
    if (bc_view_equal(key, BC_TEXT("sv"))) {
        out->type = BC_VALUE_STRING;
        return take_string(at, &out->text, &out->escaped);
    }
    out->text = take_word(at);
    if (bc_view_equal(key, BC_TEXT("v"))) {
        bool number = is_number(out->text, &integer);
        out->type = number && integer ? BC_VALUE_INTEGER : BC_VALUE_FLOAT;
        return number;
    }
    bool yes = bc_view_equal(out->text, BC_TEXT("true"));
    bool no = bc_view_equal(out->text, BC_TEXT("false"));
    out->type = BC_VALUE_BOOLEAN;
    out->text = yes ? BC_TEXT("1") : BC_TEXT("0");
    return bc_view_equal(key, BC_TEXT("bv")) && (yes || no);
}

/* One entry, its name apart. */
static bool read_entry(bc_view *at, bc_view *name, struct bc_json_item *out)
{
    *name = (bc_view){0};
    *out = (struct bc_json_item){0};
    if (!take_char(at, '{'))
        return false;
    do {
        if (!read_member(at, name, out))
            return false;
    } while (take_char(at, ','));
    return take_char(at, '}') && out->text.ptr != NULL;
}

static bool skip_entries(bc_view *at)
{
    bc_view name;
    struct bc_json_item item;
    if (!take_char(at, '['))
        return false;
    do {
        if (!read_entry(at, &name, &item))
            return false;
    } while (take_char(at, ','));
    return take_char(at, ']');
}

/* One member of the outer object. */
static bool open_member(bc_view *at, struct bc_json_reader *out)
{
    bc_view key;
    bool escaped;
    if (!take_string(at, &key, &escaped) || !take_char(at, ':'))
        return false;
    if (bc_view_equal(key, BC_TEXT("bn")))
        return take_string(at, &out->base, &escaped) && !escaped;
    if (bc_view_equal(key, BC_TEXT("bt")))
        return take_word(at).len > 0;
    if (!bc_view_equal(key, BC_TEXT("e")) || out->rest.ptr != NULL)
        return false;
    skip_space(at);
    out->rest = *at;
    return skip_entries(at);
}

bool bc_json_open(bc_view payload, struct bc_json_reader *out)
{
    *out = (struct bc_json_reader){.first = true};
    if (!take_char(&payload, '{'))
        return false;
    do {
        if (!open_member(&payload, out))
            return false;
    } while (take_char(&payload, ','));
    if (!take_char(&payload, '}') || out->rest.ptr == NULL)
        return false;
    skip_space(&payload);
    return payload.len == 0 && take_char(&out->rest, '[');
}

/* Base name and name together must be "/object/instance/resource". */
static bool read_path(bc_view base, bc_view name, struct bc_path *out)
{
    uint16_t ids[3] = {0};
    unsigned depth = 0;
    bool in_id = false;
    for (size_t i = 0; i < base.len + name.len; i++) {
        uint8_t c = i < base.len ? base.ptr[i] : name.ptr[i - base.len];
        if (c == '/') {
            in_id = false;
            continue;
        }
        if (!in_id && depth++ == 3)
            return false;
        in_id = true;
        uint32_t id = c >= '0' && c <= '9' ? ids[depth - 1] * 10U + (c - '0') : UINT32_MAX;
        if (id > UINT16_MAX)
            return false;
        ids[depth - 1] = (uint16_t)id;
    }
    *out = BC_PATH_RESOURCE(ids[0], ids[1], ids[2]);
    return depth == 3;
}

enum bc_err bc_json_next(struct bc_json_reader *reader, struct bc_json_item *out)
{
    bc_view name;
    if (!reader->first && !take_char(&reader->rest, ','))
        return BC_ERR_ABSENT;
    reader->first = false;
    bool whole = read_entry(&reader->rest, &name, out) && read_path(reader->base, name, &out->path);
    return whole ? BC_OK : BC_ERR_FORMAT;
}

/* --- Escapes --------------------------------------------------------------------------------- */

static void put_utf8(bc_sink *out, uint32_t c)
{
    if (c < 0x80) {
        bc_put_char(out, (char)c);
    } else if (c < 0x800) {
        bc_put_be(out, 0xC080U | (c >> 6) << 8 | (c & 63), 2);
    } else if (c < 0x10000) {
        bc_put_be(out, 0xE08080U | (c >> 12) << 16 | (c >> 6 & 63) << 8 | (c & 63), 3);
    } else {
        bc_put_be(out,
                  0xF0808080U | (c >> 18) << 24 | (c >> 12 & 63) << 16 | (c >> 6 & 63) << 8 |
                      (c & 63),
                  4);
    }
}

/* \uXXXX, two of them when they are a surrogate pair; returns the bytes read. */
static size_t put_unicode(bc_view at, bc_sink *out)
{
    uint32_t c = (uint32_t)hex_value((bc_view){at.ptr + 2, at.len - 2}, 4);
    bool high = c >= 0xD800 && c < 0xDC00;
    if (high && at.len >= 12 && at.ptr[6] == '\\' && at.ptr[7] == 'u') {
        uint32_t low = (uint32_t)hex_value((bc_view){at.ptr + 8, at.len - 8}, 4);
        if (low >= 0xDC00 && low < 0xE000) {
            put_utf8(out, 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00));
            return 12;
        }
    }
    put_utf8(out, c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
    return 6;
}

void bc_json_unescape(bc_view text, bc_sink *out)
{
    static const char codes[] = "bfnrt";
    static const char meanings[] = "\b\f\n\r\t";
    while (text.len > 0) {
        size_t step = 1;
        if (text.ptr[0] != '\\') {
            bc_put_char(out, (char)text.ptr[0]);
        } else if (text.ptr[1] == 'u') {
            step = put_unicode(text, out);
        } else {
            const char *code = strchr(codes, text.ptr[1]);
            bc_put_char(out, code != NULL ? meanings[code - codes] : (char)text.ptr[1]);
            step = 2;
        }
        text.ptr += step;
        text.len -= step;
    }
}
