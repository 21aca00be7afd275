/*
 * TLV byte for byte (LwM2M 1.0 section 6.4.3): the specification's own payloads read back, heads in
 * every length class, and what is no TLV.
 */
#include "check.h"

#include "lwm2m/value.h"

/* --- Reading --------------------------------------------------------------------------------- */

/* "12=414243" a resource, "6[...]" one with instances, "0:01" an instance of it, "0{...}" an object
 * instance. Levels are only as deep as the format allows. */
static void put_entries(bc_sink *out, bc_view tlv, unsigned levels_left)
{
    struct bc_tlv entry;
    assert_int_not_equal(levels_left, 0);
    for (bool first = true; bc_tlv_next(&tlv, &entry); first = false) {
        bool nested = entry.type == BC_TLV_INSTANCE || entry.type == BC_TLV_RESOURCE_LIST;
        if (!first)
            bc_put_char(out, ' ');
        bc_put_format(out, "%u%c", (unsigned)entry.id, "{:[="[entry.type]);
        if (nested) {
            put_entries(out, entry.value, levels_left - 1);
            bc_put_char(out, entry.type == BC_TLV_INSTANCE ? '}' : ']');
        } else {
            bc_put_hex(out, entry.value);
        }
    }
    assert_int_equal(tlv.len, 0);
}

static const struct {
    const char *hex;
    const char *entries;
} payloads[] = {
    /* the device object as one instance */
    {"080079 C80014 4F70656E204D6F62696C6520416C6C69616E6365"
     "C80116 4C69676874776569676874204D324D20436C69656E74"
     "C80209 333435303030313233 C303 312E30 8606 410001 410105"
     "880708 42000ED8 42011388 8708 41007D 42010384 C109 64 C10A 0F 830B 410000"
     "C40D 5182428F C60E 2B30323A3030 C110 55",
     "0{0=4F70656E204D6F62696C6520416C6C69616E6365 "
     "1=4C69676874776569676874204D324D20436C69656E74 "
     "2=333435303030313233 3=312E30 6[0:01 1:05] 7[0:0ED8 1:1388] 8[0:7D 1:0384] 9=64 10=0F "
     "11[0:00] 13=5182428F 14=2B30323A3030 16=55}"},
    /* the same without the instance level, its beginning */
    {"C80014 4F70656E204D6F62696C6520416C6C69616E6365 8606 410001 410105",
     "0=4F70656E204D6F62696C6520416C6C69616E6365 6[0:01 1:05]"},
    /* two instances of the access control object; one id of two bytes */
    {"08000E C10001 C10100 8302 417F07 C1037F"
     "080212 C10003 C10100 8702 417F07 61013601 C1037F",
     "0{0=01 1=00 2[127:07] 3=7F} 2{0=03 1=00 2[127:07 310:01] 3=7F}"},
    /* the server object */
    {"08000F C10001 C401 00015180 C10601 C10755", "0{0=01 1=00015180 6=01 7=55}"},
    /* object links */
    {"88000C 4400 00420000 4401 00420001 C8010D 38363133383030373535353030 C402 12345678",
     "0[0:00420000 1:00420001] 1=38363133383030373535353030 2=12345678"},
    {"080026 C8000B 6D79536572766963652031 C8010F 496E7465726E65742E31352E323334 C402 00430000"
     "080126 C8000B 6D79536572766963652032 C8010F 496E7465726E65742E31352E323335 C402 FFFFFFFF",
     "0{0=6D79536572766963652031 1=496E7465726E65742E31352E323334 2=00430000} "
     "1{0=6D79536572766963652032 1=496E7465726E65742E31352E323335 2=FFFFFFFF}"},
    /* our own: nothing at all, empty values, the widest ids */
    {"", ""},
    {"C000 8001 0002 4003 E0FFFF 20FFFF", "0= 1[] 2{} 3: 65535= 65535{}"},
};
#define PAYLOADS (sizeof(payloads) / sizeof(payloads[0]))

static void tlv_reads_the_payloads_of_the_specification(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAYLOADS; i++) {
        char text[1000];
        bc_sink out = {.ptr = (uint8_t *)text, .cap = sizeof(text)};
        bc_view tlv = check_from_hex(payloads[i].hex);
        put_entries(&out, tlv, 3);
        check_text(bc_sink_view(&out), payloads[i].entries);
        check_heap_free(tlv);
    }
}

/* The same value with the length in the head, in one byte, in two, in three: a reader takes all. */
static void tlv_lengths_may_be_written_wider_than_needed(void **state)
{
    static const char *const forms[] = {"C307 616263",      "C807 03 616263",
                                        "D007 0003 616263", "D807 000003 616263",
                                        "E30007 616263",    "F80007 000003 616263"};
    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct bc_tlv entry;
        bc_view tlv = check_from_hex(forms[i]);
        bc_view rest = tlv;
        assert_true(bc_tlv_next(&rest, &entry));
        assert_int_equal(entry.type, BC_TLV_RESOURCE);
        assert_int_equal(entry.id, 7);
        check_text(entry.value, "abc");
        assert_int_equal(rest.len, 0);
        assert_false(bc_tlv_next(&rest, &entry));
        check_heap_free(tlv);
    }
}

static void tlv_length_beyond_the_bytes_is_refused_and_nothing_taken(void **state)
{
    static const char *const bad[] = {
        "C1",
        "E1",
        "E100",
        "C400 616263",
        "C800",
        "C80001",
        "D000",
        "D00000",
        "D0000004 616263",
        "D80000",
        "D8000000",
        "D800000004 616263",
        "D800FFFFFF 616263",
        "D000FFFF 616263",
        "C800FF 616263",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct bc_tlv entry;
        bc_view tlv = check_from_hex(bad[i]);
        bc_view rest = tlv;
        assert_false(bc_tlv_next(&rest, &entry));
        assert_ptr_equal(rest.ptr, tlv.ptr);
        assert_int_equal(rest.len, tlv.len);
        check_heap_free(tlv);
    }
}

/* Walks one level; returns what could not be read. */
static size_t bytes_left(bc_view tlv, unsigned *entries)
{
    struct bc_tlv entry;
    *entries = 0;
    while (bc_tlv_next(&tlv, &entry))
        ++*entries;
    return tlv.len;
}

static void tlv_payload_cut_at_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAYLOADS; i++) {
        bc_view whole = check_from_hex(payloads[i].hex);
        size_t end = 0; /* of the last entry that lies whole in the part */
        unsigned complete = 0;
        for (size_t len = 0; len <= whole.len; len++) {
            bc_view part = check_heap_copy((bc_view){whole.ptr, len});
            unsigned entries;
            size_t left = bytes_left(part, &entries);
            if (left == 0 && len > 0) {
                assert_int_equal(entries, complete + 1); /* one more at a time */
                end = len;
                complete++;
            }
            assert_int_equal(left, len - end);
            assert_int_equal(entries, complete);
            check_heap_free(part);
        }
        assert_int_equal(end, whole.len);
        check_heap_free(whole);
    }
}

/* --- Writing --------------------------------------------------------------------------------- */

static void tlv_heads_in_every_length_class(void **state) /* 6.4.3, table 20 */
{
    static const struct {
        enum bc_tlv_type type;
        uint16_t id;
        size_t bytes;
        const char *hex;
    } heads[] = {
        {BC_TLV_RESOURCE, 0, 0, "C000"},
        {BC_TLV_RESOURCE, 5, 7, "C705"},
        {BC_TLV_RESOURCE, 5, 8, "C80508"},
        {BC_TLV_RESOURCE, 255, 255, "C8FFFF"},
        {BC_TLV_RESOURCE, 255, 256, "D0FF0100"},
        {BC_TLV_RESOURCE, 0, 65535, "D000FFFF"},
        {BC_TLV_RESOURCE, 0, 65536, "D800010000"},
        {BC_TLV_RESOURCE, 0, 0xFFFFFF, "D800FFFFFF"},
        {BC_TLV_RESOURCE, 256, 7, "E70100"},
        {BC_TLV_RESOURCE, 256, 8, "E8010008"},
        {BC_TLV_RESOURCE, 65535, 256, "F0FFFF0100"},
        {BC_TLV_RESOURCE, 65535, 65536, "F8FFFF010000"},
        {BC_TLV_RESOURCE_LIST, 6, 6, "8606"},
        {BC_TLV_RESOURCE_LIST, 7, 8, "880708"},
        {BC_TLV_RESOURCE_INSTANCE, 1, 1, "4101"},
        {BC_TLV_RESOURCE_INSTANCE, 310, 1, "610136"},
        {BC_TLV_INSTANCE, 0, 121, "080079"},
        {BC_TLV_INSTANCE, 2, 3, "0302"},
    };
    static const uint8_t zeros[65536];
    (void)state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        bc_sink out = check_heap_sink(8 + sizeof(zeros));
        bc_tlv_put_head(&out, heads[i].type, heads[i].id, heads[i].bytes);
        check_hex(bc_sink_view(&out), heads[i].hex);
        assert_int_equal(bc_tlv_head_bytes(heads[i].id, heads[i].bytes), out.len);
        if (heads[i].bytes <= sizeof(zeros)) {
            struct bc_tlv entry;
            bc_put_bytes(&out, (bc_view){zeros, heads[i].bytes});
            bc_view rest = bc_sink_view(&out);
            assert_true(bc_tlv_next(&rest, &entry));
            assert_int_equal(entry.type, heads[i].type);
            assert_int_equal(entry.id, heads[i].id);
            assert_int_equal(entry.value.len, heads[i].bytes);
            assert_int_equal(rest.len, 0);
        }
        check_heap_free(bc_sink_view(&out));
    }
}

static void tlv_resource_carries_the_raw_value(void **state)
{
    static const struct {
        uint16_t id;
        struct bc_value value;
        const char *hex;
    } resources[] = {
        {3, {.type = BC_VALUE_STRING, .bytes = {(const uint8_t *)"1.0", 3}}, "C303 312E30"},
        {9, {.type = BC_VALUE_INTEGER, .number_bytes = 1, .integer = 100}, "C109 64"},
        {13, {.type = BC_VALUE_INTEGER, .number_bytes = 4, .integer = 1367491215}, "C40D 5182428F"},
        {1,
         {.type = BC_VALUE_INTEGER, .number_bytes = 8, .integer = -2},
         "C80108 FFFFFFFFFFFFFFFE"},
        {6, {.type = BC_VALUE_BOOLEAN, .number_bytes = 1, .integer = 1}, "C106 01"},
        {5700, {.type = BC_VALUE_FLOAT, .number_bytes = 4, .real = 1.5}, "E41644 3FC00000"},
        {6,
         {.type = BC_VALUE_LIST, .bytes = {(const uint8_t *)"\x41\x00\x01\x41\x01\x05", 6}},
         "8606 410001 410105"},
        {0, {.type = BC_VALUE_OPAQUE}, "C000"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
        uint8_t bytes[32];
        bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
        bc_tlv_put_resource(&out, resources[i].id, &resources[i].value);
        check_hex(bc_sink_view(&out), resources[i].hex);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tlv_reads_the_payloads_of_the_specification),
        cmocka_unit_test(tlv_lengths_may_be_written_wider_than_needed),
        cmocka_unit_test(tlv_length_beyond_the_bytes_is_refused_and_nothing_taken),
        cmocka_unit_test(tlv_payload_cut_at_every_byte),
        cmocka_unit_test(tlv_heads_in_every_length_class),
        cmocka_unit_test(tlv_resource_carries_the_raw_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
