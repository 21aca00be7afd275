/*
 * coap and coaps URIs: see uri.h.
 */
#include "dfota/uri.h"

#include <string.h>

#include "base/sink.h"
#include "bc260y/limits.h"

#define SEGMENT_BYTES_MAX 255 /* RFC 7252 section 5.10 */

/* A name or address as it stands in a URI (RFC 3986 section 3.2.2), without user information. */
static bool is_host(bc_view host, bool literal)
{
    static const char delimiters[] = " /?#@[]\\\"<>";
    static const char address[] = "0123456789abcdefABCDEF:.";
    for (size_t i = 0; i < host.len; i++)
        if (host.ptr[i] <= ' ' || host.ptr[i] == 0x7F || strchr(delimiters, host.ptr[i]) != NULL ||
            (literal && strchr(address, host.ptr[i]) == NULL))
            return false;
    return host.len > 0 && host.len <= BC_HOST_BYTES_MAX;
}

static bc_view skip(bc_view text, size_t bytes)
{
    return (bc_view){text.ptr + bytes, text.len - bytes};
}

/* How far it is to the first of those characters, or to the end. */
static size_t reach(bc_view text, const char *characters)
{
    size_t len = 0;
    while (len < text.len && (text.ptr[len] == '\0' || strchr(characters, text.ptr[len]) == NULL))
        len++;
    return len;
}

static bool read_scheme(bc_view *text, struct bc_uri *out)
{
    static const char coaps[] = "coaps://";
    for (unsigned secured = 0; secured < 2; secured++) {
        const char *scheme = secured == 1 ? coaps : "coap://";
        size_t len = sizeof(coaps) - 2 + secured;
        if (text->len > len && bc_view_equal_nocase((bc_view){text->ptr, len}, scheme)) {
            *text = skip(*text, len);
            out->secured = secured == 1;
            out->port = secured == 1 ? BC_URI_PORT_COAPS : BC_URI_PORT_COAP;
            return true;
        }
    }
    return false;
}

/* "host", "host:port", "host:", "[2001:db8::1]:port". */
static bool read_authority(bc_view text, struct bc_uri *out)
{
    int64_t port = out->port;
    out->literal = text.len > 0 && text.ptr[0] == '[';
    if (out->literal)
        text = skip(text, 1);
    out->host = (bc_view){text.ptr, reach(text, out->literal ? "]" : ":")};
    text = skip(text, out->host.len);
    if (out->literal) {
        if (text.len == 0)
            return false;
        text = skip(text, 1);
    }
    if (text.len > 0 && text.ptr[0] != ':')
        return false;
    text = skip(text, text.len > 0);
    if (text.len > 0 && (text.ptr[0] < '0' || text.ptr[0] > '9' || !bc_view_int(text, &port)))
        return false;
    out->port = (uint16_t)port;
    return port > 0 && port <= UINT16_MAX && is_host(out->host, out->literal);
}

bool bc_uri_read(bc_view text, struct bc_uri *out)
{
    *out = (struct bc_uri){0};
    if (!read_scheme(&text, out))
        return false;
    bc_view authority = {text.ptr, reach(text, "/?#")};
    text = skip(text, authority.len);
    out->path = (bc_view){text.ptr, reach(text, "?#")};
    text = skip(text, out->path.len);
    if (text.len > 0 && text.ptr[0] == '?') {
        out->query = skip(text, 1);
        text = skip(text, 1 + reach(out->query, "#"));
    }
    return text.len == 0 && read_authority(authority, out);
}

/* A percent escape at the front becomes its byte. */
static size_t take_byte(bc_view text, uint8_t *out)
{
    *out = text.ptr[0];
    if (text.ptr[0] != '%' || text.len < 3 || !bc_hex_decode((bc_view){text.ptr + 1, 2}, out))
        return 1;
    return 3;
}

void bc_uri_write(struct bc_coap_writer *w, uint16_t number, bc_view text)
{
    bool is_path = number == BC_COAP_URI_PATH;
    const char *separator = is_path ? "/" : "&";
    uint8_t bytes[SEGMENT_BYTES_MAX];
    if (is_path)
        text = skip(text, text.len > 0); /* its first '/' */
    for (bool more = text.len > 0; more; text = skip(text, more)) {
        bc_sink segment = {.ptr = bytes, .cap = sizeof(bytes)};
        for (size_t len = reach(text, separator); len > 0;) {
            uint8_t byte;
            size_t used = take_byte((bc_view){text.ptr, len}, &byte);
            bc_put_char(&segment, (char)byte);
            text = skip(text, used);
            len -= used;
        }
        bc_coap_write_option(w, number, bc_sink_view(&segment));
        w->out->full = w->out->full || segment.full;
        more = text.len > 0; /* behind a separator stands a segment, be it empty */
    }
}

void bc_uri_write_host(struct bc_coap_writer *w, const struct bc_uri *uri)
{
    struct bc_address literal;
    uint8_t bytes[BC_HOST_BYTES_MAX];
    bc_sink host = {.ptr = bytes, .cap = sizeof(bytes)};
    if (uri->literal || bc_address_parse(uri->host, &literal))
        return;
    for (size_t i = 0; i < uri->host.len; i++) {
        uint8_t c = uri->host.ptr[i];
        bc_put_char(&host, (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c));
    }
    bc_coap_write_option(w, BC_COAP_URI_HOST, bc_sink_view(&host));
}
