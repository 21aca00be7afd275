/*
 * Paths of LwM2M objects as text: see path.h.
 */
#include "path.h"

#include <string.h>

#include "base/sink.h"

/* Takes a decimal id of one to five digits off `text`. */
static bool read_id(bc_view *text, uint16_t *out)
{
    uint32_t value = 0;
    size_t digits = 0;
    while (digits < text->len && text->ptr[digits] >= '0' && text->ptr[digits] <= '9') {
        value = value * 10 + (uint32_t)(text->ptr[digits] - '0');
        if (++digits > 5 || value > UINT16_MAX)
            return false;
    }
    *out = (uint16_t)value;
    text->ptr += digits;
    text->len -= digits;
    return digits > 0;
}

bool bc_server_path_parse(bc_view text, struct bc_server_path *out)
{
    *out = (struct bc_server_path){0};
    if (text.len > 0 && text.ptr[0] == '/')
        text = (bc_view){text.ptr + 1, text.len - 1};
    while (out->count < BC_SERVER_PATH_IDS_MAX) {
        if (!read_id(&text, &out->ids[out->count]))
            return false;
        out->count++;
        if (text.len == 0)
            return true;
        if (text.ptr[0] != '/')
            return false;
        text = (bc_view){text.ptr + 1, text.len - 1};
    }
    return false;
}

void bc_server_path_text(const struct bc_server_path *path, char out[BC_SERVER_PATH_CHARS_MAX + 1])
{
    bc_sink sink = {.ptr = (uint8_t *)out, .cap = BC_SERVER_PATH_CHARS_MAX};
    for (size_t i = 0; i < path->count; i++) {
        bc_put_char(&sink, '/');
        bc_put_int(&sink, path->ids[i]);
    }
    out[sink.len] = '\0';
}

bool bc_server_path_equal(const struct bc_server_path *a, const struct bc_server_path *b)
{
    return a->count == b->count && memcmp(a->ids, b->ids, a->count * sizeof(a->ids[0])) == 0;
}
