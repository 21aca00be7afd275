/*
 * coap and coaps URIs: what they are taken for, and the options they become (RFC 7252 section 6).
 */
#include "check.h"

#include "dfota/uri.h"

/* "11=fw 15=x", by their numbers. */
static void show(bc_view datagram, bc_sink *out)
{
    struct bc_coap_message message;
    struct bc_coap_option option;
    assert_int_equal(bc_coap_parse(datagram, &message), BC_OK);
    struct bc_coap_options it = bc_coap_options(&message);
    while (bc_coap_option_next(&it, &option)) {
        bc_put_text(out, out->len > 0 ? " " : "");
        bc_put_format(out, "%d=", option.number);
        bc_put_bytes(out, option.value);
    }
}

static void test_uris_become_options(void **state) /* RFC 7252 6.4 */
{
    static const struct {
        const char *uri;
        uint16_t port;
        const char *options;
    } cases[] = {
        {"coap://h/fw", 5683, "3=h 11=fw"},
        {"coaps://h/fw", 5684, "3=h 11=fw"},
        {"CoAP://H.Example:7/FW", 7, "3=h.example 11=FW"},
        {"coap://h:/fw", 5683, "3=h 11=fw"}, /* an empty port is the scheme's own */
        {"coap://10.0.0.7:61616/fw", 61616, "11=fw"},
        {"coap://[2001:db8::1]:61616/fw", 61616, "11=fw"},
        {"coap://[::1]/fw", 5683, "11=fw"},
        {"coap://10.0.0.7", 5683, ""},
        {"coap://10.0.0.7/", 5683, ""},
        {"coap://10.0.0.7/a/b/", 5683, "11=a 11=b 11="},
        {"coap://10.0.0.7//a", 5683, "11= 11=a"},
        {"coap://10.0.0.7/a%2Fb%20%c3%a4", 5683, "11=a/b \xC3\xA4"},
        {"coap://10.0.0.7/%zz%4", 5683, "11=%zz%4"},
        {"coap://10.0.0.7/a?b=%26&&c", 5683, "11=a 15=b=& 15= 15=c"},
        {"coap://10.0.0.7?x", 5683, "15=x"},
    };
    uint8_t bytes[100];
    uint8_t text[100];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bc_uri uri;
        bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
        assert_true(bc_uri_read(bc_view_of(cases[i].uri), &uri));
        assert_int_equal(uri.port, cases[i].port);
        struct bc_coap_writer w = bc_coap_write_begin(&out, BC_COAP_CON, BC_COAP_GET, 1, NULL);
        bc_uri_write_host(&w, &uri);
        bc_uri_write(&w, BC_COAP_URI_PATH, uri.path);
        bc_uri_write(&w, BC_COAP_URI_QUERY, uri.query);
        assert_int_equal(bc_coap_write_end(&w), BC_OK);
        bc_sink shown = {.ptr = text, .cap = sizeof(text)};
        show(bc_sink_view(&out), &shown);
        check_text(bc_sink_view(&shown), cases[i].options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uris_become_options),
    };
    return cmocka_run_group_tests_name("dfota_uri", tests, NULL, NULL);
}
