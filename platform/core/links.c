/*
 * A reader of RFC 6690 link lists that keeps nothing: see links.h. Attributes are skipped, with
 * their quoted strings understood, since a comma or a bracket may stand inside them.
 */
#include "links.h"

static bool skip_char(bc_view *text, char c)
{
    if (text->len == 0 || text->ptr[0] != (uint8_t)c)
        return false;
    text->ptr++;
    text->len--;
    return true;
}

/* A quoted string, its first quote already taken. */
static bool skip_quoted(bc_view *text)
{
    while (text->len > 0 && text->ptr[0] != '"') {
        if (text->ptr[0] == '\\' && !skip_char(text, '\\'))
            return false;
        if (text->len == 0)
            return false;
        text->ptr++;
        text->len--;
    }
    return skip_char(text, '"');
}

static bool ends_token(uint8_t c)
{
    return c == ',' || c == ';' || c == '"' || c == '<' || c == '>' || c == '=' || c <= ' ';
}

static bool skip_token(bc_view *text)
{
    size_t len = 0;
    while (len < text->len && !ends_token(text->ptr[len]))
        len++;
    text->ptr += len;
    text->len -= len;
    return len > 0;
}

/* What follows the target: any number of `;name`, `;name=value`, `;name="value"`. */
static bool skip_attributes(bc_view *text)
{
    while (skip_char(text, ';')) {
        if (!skip_token(text))
            return false;
        if (!skip_char(text, '='))
            continue;
        if (skip_char(text, '"') ? !skip_quoted(text) : !skip_token(text))
            return false;
    }
    return true;
}

static bool read_target(bc_view *text, bc_view *out)
{
    if (!skip_char(text, '<'))
        return false;
    *out = (bc_view){text->ptr, 0};
    while (out->len < text->len && text->ptr[out->len] != '>') {
        if (text->ptr[out->len] <= ' ' || text->ptr[out->len] == '<')
            return false;
        out->len++;
    }
    text->ptr += out->len;
    text->len -= out->len;
    return skip_char(text, '>');
}

static bool read_link(struct bc_server_links *it, bc_view *target)
{
    bc_view *text = &it->rest;
    if (text->len == 0 || it->malformed)
        return false;
    it->malformed = true; /* until the whole link is read */
    if (!read_target(text, target) || !skip_attributes(text))
        return false;
    if (text->len > 0 && (!skip_char(text, ',') || text->len == 0))
        return false;
    it->malformed = false;
    return true;
}

bool bc_server_link_next(struct bc_server_links *it, struct bc_server_link *out)
{
    if (!read_link(it, &out->target))
        return false;
    if (!bc_server_path_parse(out->target, &out->path) || out->path.count > 2)
        out->path.count = 0;
    return true;
}

bool bc_server_links_valid(bc_view text)
{
    struct bc_server_links it = {.rest = text};
    bc_view target;
    while (read_link(&it, &target))
        continue;
    return !it.malformed;
}
