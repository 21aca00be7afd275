/*
 * --trace: see trace.h.
 */
#define _GNU_SOURCE
#include "trace.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/sink.h"
#include "coap/message.h"

#define DESCRIPTION_BYTES 2048
#define RECORD_HEADER_BYTES 13 /* RFC 6347 section 4.1 */
#define FIELDS_SHOWN 6         /* of QLACONFIG: what follows names the key and holds it */

void trace_open(struct trace *t, const struct daemon_clock *clock, bool on)
{
    *t = (struct trace){.on = on, .clock = clock};
    if (on)
        setvbuf(stderr, NULL, _IOLBF, BUFSIZ); /* a line at a time, not a character */
}

static bool graphic(char c)
{
    return c > 0x20 && c < 0x7F;
}

/* Control bytes, which the module's line does not keep. */
static bool is_noise(char c)
{
    return (unsigned char)c < 0x20 && c != '\t';
}

static void print_line(const struct trace *t, const char *title, const char *text, size_t len)
{
    fprintf(stderr, "[%10" PRIu64 "] %-7s ", clock_now_ms(t->clock), title);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\\')
            fputs("\\\\", stderr);
        else if (graphic(text[i]) || text[i] == ' ')
            fputc(text[i], stderr);
        else
            fprintf(stderr, "\\x%02X", (unsigned char)text[i]);
    }
    fputc('\n', stderr);
}

/* The index behind `name` in the line, in any case and however many blanks or control bytes are
 * sown in between (a parser may skip them); 0 when it is not there. */
static size_t find_name(const struct trace_line *line, const char *name)
{
    for (size_t start = 0; start < line->len; start++) {
        size_t i = start;
        const char *wanted = name;
        for (; i < line->len && *wanted != '\0'; i++) {
            if (!graphic(line->bytes[i]))
                continue;
            if (strncasecmp(&line->bytes[i], wanted, 1) != 0)
                break;
            wanted++;
        }
        if (*wanted == '\0')
            return i;
    }
    return 0;
}

/* Commas are counted without regard to quotes: a line with odd quotes then hides too much, never
 * too little. The seventh field is the PSK's identity, or the PSK when a field was forgotten. */
static void hide_psk(struct trace_line *line)
{
    size_t i = find_name(line, "QLACONFIG");
    if (i == 0)
        return;
    unsigned commas = 0;
    while (i < line->len && commas < FIELDS_SHOWN)
        commas += line->bytes[i++] == ',';
    if (commas == FIELDS_SHOWN && i < line->len) {
        size_t room = sizeof(line->bytes) - i;
        size_t stars = room < 3 ? room : 3;
        memset(&line->bytes[i], '*', stars);
        line->len = i + stars;
        line->cut = false;
    }
}

static void end_line(struct trace *t, enum trace_way way)
{
    static const char *const titles[] = {"AT in", "AT out"};
    struct trace_line *line = &t->lines[way];
    if (line->len > 0) {
        hide_psk(line);
        print_line(t, titles[way], line->bytes, line->len);
        if (line->cut)
            print_line(t, titles[way], "(and more)", strlen("(and more)"));
    }
    line->len = 0;
    line->cut = false;
}

/* Backspace and DEL edit the line here as in the module, which knows nothing of the noise. */
static void erase_last(struct trace_line *line)
{
    while (line->len > 0 && is_noise(line->bytes[line->len - 1]))
        line->len--;
    line->len -= line->len > 0;
}

/* A line of the host ends with CR alone: LF in its middle is noise. */
static bool ends_line(const struct trace_line *line, enum trace_way way, char c)
{
    return c == '\r' || (c == '\n' && (way == TRACE_OUT || line->len == 0));
}

void trace_serial(struct trace *t, enum trace_way way, bc_view bytes)
{
    if (!t->on)
        return;
    struct trace_line *line = &t->lines[way];
    for (size_t i = 0; i < bytes.len; i++) {
        char c = (char)bytes.ptr[i];
        if (ends_line(line, way, c))
            end_line(t, way);
        else if (line->cut) /* editing what was not kept could make a name unrecognizable */
            continue;
        else if (c == '\b' || c == '\x7F')
            erase_last(line);
        else if (line->len < sizeof(line->bytes))
            line->bytes[line->len++] = c;
        else
            line->cut = true;
    }
}

void trace_address_text(const struct bc_address *address, char out[TRACE_ADDRESS_BYTES])
{
    char ip[INET6_ADDRSTRLEN] = "?";
    bool ipv6 = address->ip_len == 16;
    inet_ntop(ipv6 ? AF_INET6 : AF_INET, address->ip, ip, sizeof(ip));
    snprintf(out, TRACE_ADDRESS_BYTES, ipv6 ? "[%s]:%u" : "%s:%u", ip, (unsigned)address->port);
}

/* Bootstrap writes keys to the security object, so its payloads stay private. */
static bool about_security_object(const struct bc_coap_message *message)
{
    bc_view segment;
    return bc_coap_option_find(message, BC_COAP_URI_PATH, &segment) &&
           bc_view_equal(segment, BC_TEXT("0"));
}

/* RFC 7983: by their first byte a record and a CoAP message cannot be mistaken. */
static bool is_dtls(bc_view datagram)
{
    return datagram.len >= RECORD_HEADER_BYTES && datagram.ptr[0] >= 20 && datagram.ptr[0] <= 63;
}

/* "dtls handshake 41, alert 26": each record's content type and the bytes in it. */
static void describe_records(bc_view rest, bc_sink *out)
{
    static const char *const types[] = {"change_cipher_spec", "alert", "handshake",
                                        "application_data"};
    const char *before = "dtls";
    while (is_dtls(rest) && !out->full) {
        size_t type = rest.ptr[0] - 20U;
        size_t bytes = (size_t)rest.ptr[11] << 8 | rest.ptr[12];
        size_t record = RECORD_HEADER_BYTES + bytes;
        bc_put_text(out, before);
        if (type < sizeof(types) / sizeof(types[0]))
            bc_put_format(out, " %s %u", types[type], (unsigned)bytes);
        else
            bc_put_format(out, " %u %u", (unsigned)rest.ptr[0], (unsigned)bytes);
        if (record > rest.len)
            record = rest.len;
        rest = (bc_view){rest.ptr + record, rest.len - record};
        before = ",";
    }
}

void trace_datagram(struct trace *t, enum trace_way way, const struct bc_address *peer,
                    bc_view datagram)
{
    if (!t->on)
        return;
    char text[DESCRIPTION_BYTES];
    trace_address_text(peer, text);
    bc_sink line = {.ptr = (uint8_t *)text, .len = strlen(text), .cap = sizeof(text)};
    bc_put_char(&line, ' ');
    struct bc_coap_message message;
    if (is_dtls(datagram)) {
        describe_records(datagram, &line);
    } else if (bc_coap_parse(datagram, &message) == BC_OK && message.payload.len > 0 &&
               about_security_object(&message)) {
        datagram.len -= message.payload.len + 1; /* and its marker */
        bc_coap_describe(datagram, &line);
        bc_put_text(&line, " | ***");
    } else {
        bc_coap_describe(datagram, &line);
    }
    print_line(t, way == TRACE_IN ? "UDP in" : "UDP out", text, line.len);
}

void trace_note(struct trace *t, const char *format, ...)
{
    if (!t->on)
        return;
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    print_line(t, "note", text, strlen(text));
}

void trace_on_module_line(void *trace, const char *line)
{
    struct trace *t = trace;
    if (t->on)
        print_line(t, "module", line, strlen(line));
}
