/*
 * Walking over what a write carries: one resource as text or bytes, several as TLV or JSON
 * (LwM2M 1.0 section 6.4). Whether they may be written is left to who walks.
 */
#include "base/sink.h"
#include "lwm2m/inside.h"

int32_t bc_write_format(const struct bc_coap_message *request)
{
    return (int32_t)bc_coap_option_number_of(request, BC_COAP_CONTENT_FORMAT,
                                             BC_COAP_FORMAT_ABSENT);
}

static bool write_next_tlv(struct bc_write_items *items, struct bc_write_item *out)
{
    struct bc_tlv tlv;
    if (!bc_tlv_next(&items->rest, &tlv))
        return false;
    if (tlv.type != BC_TLV_RESOURCE) {
        items->malformed = true; /* instances of objects or resources: nothing here has any */
        return false;
    }
    *out = (struct bc_write_item){
        .path = BC_PATH_RESOURCE(items->path.object, items->path.instance, tlv.id),
        .type = BC_VALUE_OPAQUE,
        .bytes = tlv.value,
    };
    return true;
}

static bool write_next_json(struct bc_write_items *items, struct bc_write_item *out)
{
    struct bc_json_item json;
    enum bc_err err = bc_json_next(&items->json, &json);
    items->malformed = err == BC_ERR_FORMAT;
    if (err != BC_OK)
        return false;
    *out = (struct bc_write_item){json.path, json.type, json.text};
    if (json.escaped) {
        items->scratch.len = 0;
        bc_json_unescape(json.text, &items->scratch);
        out->bytes = bc_sink_view(&items->scratch);
    }
    items->malformed = items->scratch.full;
    return !items->malformed;
}

bool bc_write_whole(const struct bc_write_items *items)
{
    return !items->malformed && (items->format != BC_COAP_FORMAT_TLV || items->rest.len == 0);
}

bool bc_write_open(const struct bc_coap_message *request, struct bc_path path, bc_sink scratch,
                   struct bc_write_items *out)
{
    *out = (struct bc_write_items){.rest = request->payload,
                                   .scratch = scratch,
                                   .path = path,
                                   .format = bc_write_format(request),
                                   .left = 1};
    if (out->format == BC_COAP_FORMAT_TLV) {
        out->rest = bc_tlv_unwrap(request->payload, path.instance);
        out->left = UINT16_MAX;
    }
    if (out->format != BC_COAP_FORMAT_JSON)
        return true;
    out->left = UINT16_MAX;
    return bc_json_open(request->payload, &out->json);
}

bool bc_write_next(struct bc_write_items *items, struct bc_write_item *out)
{
    if (items->left == 0)
        return false;
    items->left--;
    if (items->format == BC_COAP_FORMAT_TLV)
        return write_next_tlv(items, out);
    if (items->format == BC_COAP_FORMAT_JSON)
        return write_next_json(items, out);
    enum bc_value_type type =
        items->format == BC_COAP_FORMAT_TEXT ? BC_VALUE_STRING : BC_VALUE_OPAQUE;
    *out = (struct bc_write_item){items->path, type, items->rest};
    return true;
}
