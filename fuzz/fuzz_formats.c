/*
 * The payload formats, read and written: TLV, JSON, link-format, Uri-Path, numbers and hex as text
 * (LwM2M 1.0 sections 6.4 and 5.4.2, RFC 6690). What a writer writes, its reader must read as the
 * same; what a reader reads must lie within the input. The platform's readers and the module's
 * writers are held against each other. The first byte chooses the format.
 */
#include <assert.h>
#include <string.h>

#include "base/sink.h"
#include "input.h"
#include "links.h"
#include "lwm2m/inside.h"
#include "lwm2m/json.h"
#include "path.h"

#define BYTES_MAX 65536
#define DEPTH_MAX 3
#define LIST_BYTES 512

static bool same(bc_view a, bc_view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static bool lies_within(bc_view inner, bc_view outer)
{
    return inner.len == 0 ||
           (inner.ptr >= outer.ptr && inner.ptr + inner.len <= outer.ptr + outer.len);
}

/* --- TLV ------------------------------------------------------------------------------------- */

/* The entry as our writer puts it, read again. */
static void check_tlv_entry(const struct bc_tlv *tlv)
{
    static uint8_t bytes[BYTES_MAX + 8];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    struct bc_tlv again;
    bc_tlv_put_head(&out, tlv->type, tlv->id, tlv->value.len);
    assert(out.len == bc_tlv_head_bytes(tlv->id, tlv->value.len));
    bc_put_bytes(&out, tlv->value);
    bc_view rest = bc_sink_view(&out);
    bool read = bc_tlv_next(&rest, &again);
    assert(read && rest.len == 0 && again.type == tlv->type && again.id == tlv->id);
    assert(same(again.value, tlv->value));
}

static void check_tlv(bc_view in)
{
    bc_view level[DEPTH_MAX + 1] = {in};
    unsigned depth = 0;
    struct bc_tlv tlv;
    for (;;) {
        size_t before = level[depth].len;
        if (!bc_tlv_next(&level[depth], &tlv)) {
            assert(level[depth].len == before);
            if (depth-- == 0)
                return;
            continue;
        }
        assert(level[depth].len < before && lies_within(tlv.value, in));
        check_tlv_entry(&tlv);
        if (tlv.value.len >= 1 && tlv.value.len <= 8)
            (void)bc_value_integer_of(tlv.value);
        bool container = tlv.type == BC_TLV_INSTANCE || tlv.type == BC_TLV_RESOURCE_LIST;
        if (container && depth < DEPTH_MAX)
            level[++depth] = tlv.value;
    }
}

/* --- Values ---------------------------------------------------------------------------------- */

static struct bc_value take_value(bc_view *in)
{
    struct bc_value value = {.type = (enum bc_value_type)(fuzz_take_byte(in) % 6 + 1)};
    uint8_t raw[8];
    for (size_t i = 0; i < sizeof(raw); i++)
        raw[i] = fuzz_take_byte(in);
    if (value.type == BC_VALUE_INTEGER)
        return bc_value_integer(bc_value_integer_of((bc_view){raw, (raw[0] & 7U) + 1U}));
    if (value.type == BC_VALUE_FLOAT) {
        value.number_bytes = (raw[0] & 1) != 0 ? 4 : 8;
        value.real = (double)raw[1] / 16 - 8;
        value.text = BC_TEXT("-1.25");
    }
    if (value.type == BC_VALUE_BOOLEAN) {
        value.number_bytes = 1;
        value.integer = raw[0] & 1;
    }
    value.bytes = fuzz_take(in, fuzz_take_u16(in) & 1023U);
    return value;
}

/* A value as TLV and as text; sinks that are too small stay whole or become full. */
static void check_value(bc_view in)
{
    uint8_t bytes[4096];
    struct bc_tlv tlv;
    uint16_t id = fuzz_take_u16(&in);
    size_t cap = fuzz_take_byte(&in);
    struct bc_value value = take_value(&in);
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    bc_tlv_put_resource(&out, id, &value);
    bc_view rest = bc_sink_view(&out);
    bool read = bc_tlv_next(&rest, &tlv);
    assert(read && rest.len == 0 && tlv.id == id && !out.full);
    assert(tlv.value.len == bc_value_raw_bytes(&value));
    if (value.type == BC_VALUE_INTEGER)
        assert(bc_value_integer_of(tlv.value) == value.integer);
    out.len = 0;
    bc_value_put_text(&out, &value);
    int64_t number;
    if (value.type == BC_VALUE_INTEGER)
        assert(bc_view_int(bc_sink_view(&out), &number) && number == value.integer);
    bc_sink small = {.ptr = bytes, .cap = cap};
    bc_value_put_text(&small, &value);
    assert(small.len <= cap && small.full == (out.len > cap));
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void check_json(bc_view in)
{
    static uint8_t bytes[BYTES_MAX];
    struct bc_json_reader reader;
    struct bc_json_item item;
    if (!bc_json_open(in, &reader))
        return;
    enum bc_err err;
    while ((err = bc_json_next(&reader, &item)) == BC_OK) {
        assert(item.type == BC_VALUE_BOOLEAN || lies_within(item.text, in));
        assert(item.path.depth == 3 && item.type >= BC_VALUE_STRING && item.type < BC_VALUE_LIST);
        bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
        if (item.type == BC_VALUE_STRING) {
            bc_json_unescape(item.text, &out);
            assert(!out.full && out.len <= item.text.len);
            assert(item.escaped || same(bc_sink_view(&out), item.text));
        }
    }
    assert(err == BC_ERR_ABSENT || err == BC_ERR_FORMAT);
}

/* What stands behind an entry that we have written. */
static void check_json_item(const struct bc_json_item *item, struct bc_path path,
                            const struct bc_value *value)
{
    static uint8_t bytes[4096];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    int64_t number;
    assert(bc_path_equal(item->path, path));
    if (value->type == BC_VALUE_STRING) {
        bc_json_unescape(item->text, &out);
        assert(item->type == BC_VALUE_STRING && same(bc_sink_view(&out), value->bytes));
    } else if (value->type == BC_VALUE_INTEGER) {
        assert(item->type == BC_VALUE_INTEGER && bc_view_int(item->text, &number));
        assert(number == value->integer);
    } else if (value->type == BC_VALUE_BOOLEAN) {
        assert(item->type == BC_VALUE_BOOLEAN);
        assert(bc_view_equal(item->text, BC_TEXT("1")) == (value->integer != 0));
    }
}

/* One to three entries are written below an object, an instance or a resource, and read. */
static void check_json_written(bc_view in)
{
    static uint8_t bytes[BYTES_MAX];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    struct bc_value value[3];
    struct bc_path path = BC_PATH_RESOURCE(fuzz_take_u16(&in), fuzz_take_u16(&in), 0);
    struct bc_path base = path;
    size_t count = fuzz_take_byte(&in) % 3 + 1U;
    base.depth = (uint8_t)(fuzz_take_byte(&in) % 3 + 1);
    bc_json_begin(&out, base);
    for (size_t i = 0; i < count; i++) {
        value[i] = take_value(&in);
        if (value[i].type == BC_VALUE_LIST) /* becomes other entries: see check_json_list() */
            value[i].type = BC_VALUE_OPAQUE;
        if (i > 0)
            bc_put_char(&out, ',');
        bc_json_put_entry(&out, base, BC_PATH_RESOURCE(path.object, path.instance, (uint16_t)i),
                          &value[i]);
    }
    bc_json_end(&out);
    assert(!out.full);
    check_json(bc_sink_view(&out));
    struct bc_json_reader reader;
    struct bc_json_item item;
    bool open = bc_json_open(bc_sink_view(&out), &reader);
    assert(open);
    for (size_t i = 0; i < count; i++) {
        enum bc_err err = bc_json_next(&reader, &item);
        assert(err == BC_OK);
        path.resource = (uint16_t)i;
        check_json_item(&item, path, &value[i]);
    }
    assert(bc_json_next(&reader, &item) == BC_ERR_ABSENT);
}

/* A list as TLV, of any bytes, becomes well-formed text. */
static void check_json_list(bc_view in)
{
    static uint8_t bytes[BYTES_MAX];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    struct bc_value list = {.type = BC_VALUE_LIST, .number_bytes = fuzz_take_byte(&in) & 1};
    list.bytes = fuzz_take(&in, LIST_BYTES);
    for (bc_view rest = list.bytes; rest.len > 0;) {
        struct bc_tlv tlv;
        bool whole = bc_tlv_next(&rest, &tlv);
        bool fits = tlv.value.len >= 1 && tlv.value.len <= 8;
        if (!whole || (list.number_bytes != 0 && !fits))
            return; /* nobody gives such a list */
    }
    bc_json_put_entry(&out, BC_PATH_INSTANCE(3, 0), BC_PATH_RESOURCE(3, 0, 6), &list);
    assert(!out.full);
}

/* --- Links and paths ------------------------------------------------------------------------- */

static void check_links_read(bc_view in)
{
    struct bc_server_links it = {.rest = in};
    struct bc_server_link link;
    while (bc_server_link_next(&it, &link)) {
        assert(lies_within(link.target, in) && link.path.count <= 2);
        assert(link.path.count == 0 || link.target.len > 0);
    }
    assert(bc_server_links_valid(in) == !it.malformed);
    assert(it.malformed || it.rest.len == 0);
}

static size_t count_links(bc_view text)
{
    struct bc_server_links it = {.rest = text};
    struct bc_server_link link;
    size_t count = 0;
    while (bc_server_link_next(&it, &link))
        count++;
    assert(!it.malformed);
    return count;
}

/* Of the built-in resources some have several instances, some one value and some none now. */
static bool value_of(void *context, struct bc_path path, struct bc_value *out, bc_sink *scratch)
{
    (void)context;
    (void)scratch;
    *out = bc_value_integer(path.resource);
    if (path.resource % 3 == 0)
        *out = (struct bc_value){.type = BC_VALUE_LIST, .instances = (uint8_t)path.resource};
    return path.resource % 3 != 1;
}

/* The lists that the module writes of its objects are what the platform reads. */
static void check_links_written(bc_view in)
{
    static uint8_t bytes[BYTES_MAX];
    static const struct bc_lwm2m_host host = {.value = value_of};
    static struct bc_lwm2m_settings settings;
    static struct bc_lwm2m_client client = {.host = &host, .settings = &settings};
    struct bc_objects objects = {.rows = 0};
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    struct bc_path path = BC_PATH_RESOURCE(fuzz_take_u16(&in), fuzz_take_u16(&in), 0);
    path.depth = (uint8_t)(fuzz_take_byte(&in) % 2 + 1);
    if (path.depth == 1)
        path.instance = 0;
    while (in.len > 0) {
        struct bc_object_instance row = {.object = fuzz_take_u16(&in)};
        row.instance = fuzz_take_byte(&in);
        row.resources = fuzz_take_byte(&in) % (BC_RESOURCES_MAX + 2);
        for (unsigned i = 0; i < row.resources && i < BC_RESOURCES_MAX; i++)
            row.resource[i] = fuzz_take_u16(&in);
        if (bc_objects_add(&objects, &row) == BC_ERR_FULL)
            (void)bc_objects_delete(&objects, row.object);
        assert(objects.rows <= BC_OBJECT_INSTANCES_MAX);
    }
    bc_lwm2m_put_registration_links(&out, &objects);
    assert(count_links(bc_sink_view(&out)) == 5U + objects.rows);
    out.len = 0;
    settings.objects = objects;
    bc_lwm2m_put_discover_links(&out, &client, path);
    assert(!out.full);
    (void)count_links(bc_sink_view(&out));
}

/* Uri-Path options: segments of one length byte each. */
static void check_path(bc_view in)
{
    uint8_t bytes[1024];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    struct bc_coap_message message;
    struct bc_path path;
    struct bc_server_path server_path;
    char text[BC_SERVER_PATH_CHARS_MAX + 1];
    struct bc_coap_writer w = bc_coap_write_begin(&out, BC_COAP_CON, BC_COAP_GET, 1, NULL);
    while (in.len > 0)
        bc_coap_write_option(&w, BC_COAP_URI_PATH, fuzz_take(&in, fuzz_take_byte(&in) % 8));
    if (bc_coap_write_end(&w) != BC_OK)
        return;
    enum bc_err err = bc_coap_parse(bc_sink_view(&out), &message);
    assert(err == BC_OK);
    if (bc_path_read(&message, &path) != BC_OK || path.depth == 0)
        return;
    out.len = 0;
    bc_path_put(&out, path);
    bool read = bc_server_path_parse(bc_sink_view(&out), &server_path);
    assert(read && server_path.count == path.depth && server_path.ids[0] == path.object);
    bc_server_path_text(&server_path, text);
    assert(same(bc_view_of(text), bc_sink_view(&out)));
}

static void check_text(bc_view in)
{
    static uint8_t bytes[BYTES_MAX];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    int64_t number;
    int64_t again;
    struct bc_server_path path;
    if (bc_view_int(in, &number)) {
        bc_put_int(&out, number);
        assert(bc_view_int(bc_sink_view(&out), &again) && again == number);
    }
    if (bc_server_path_parse(in, &path))
        assert(path.count >= 1 && path.count <= BC_SERVER_PATH_IDS_MAX);
    out.len = 0;
    bc_put_hex(&out, in);
    if (!out.full) {
        bool decoded = bc_hex_decode(bc_sink_view(&out), bytes);
        assert(decoded && same((bc_view){bytes, out.len / 2}, in));
    }
    if (in.len <= sizeof(bytes))
        (void)bc_hex_decode(in, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const checks[])(bc_view) = {
        check_tlv,        check_value,         check_json, check_json_written, check_json_list,
        check_links_read, check_links_written, check_path, check_text};
    bc_view in = {data, size < BYTES_MAX ? size : BYTES_MAX};
    uint8_t format = fuzz_take_byte(&in);
    bc_view copy = fuzz_copy(in);
    checks[format % (sizeof(checks) / sizeof(checks[0]))](copy);
    fuzz_free(copy);
    return 0;
}
