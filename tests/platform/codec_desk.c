/*
 * See codec_desk.h.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "codec_desk.h"

static char told[8192];

json_t *document(const char *text)
{
    char *copy = strdup(text);
    json_error_t error;
    for (char *at = copy; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    json_t *value = json_loads(copy, JSON_DECODE_ANY, &error);
    if (value == NULL)
        fail_msg("%s: %s", copy, error.text);
    free(copy);
    return value;
}

void expect_document(json_t *got, const char *text)
{
    json_t *wanted = document(text);
    assert_non_null(got);
    if (!json_equal(got, wanted)) {
        char *dump = json_dumps(got, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
        fail_msg("%s instead of %s", dump, text);
    }
    json_decref(got);
    json_decref(wanted);
}

static struct codec *make(const char *definition, const char *profile)
{
    json_t *document_of_it = document(definition);
    json_t *profile_of_it = profile != NULL ? document(profile) : NULL;
    struct codec *codec = codec_create(document_of_it, profile_of_it, told);
    json_decref(document_of_it);
    json_decref(profile_of_it);
    return codec;
}

const char *decoded(const char *definition, const char *profile, const char *hex)
{
    uint8_t bytes[4096];
    bc_view payload = {bytes, strlen(hex) / 2};
    assert_true(payload.len <= sizeof(bytes) && bc_hex_decode(bc_view_of(hex), bytes));
    struct codec *codec = make(definition, profile);
    json_t *value = codec != NULL ? codec_decode(codec, payload, told) : NULL;
    if (value != NULL) {
        size_t flags = JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15);
        size_t bytes_told =
            json_dumpb(json_object_get(value, "services"), told, sizeof(told) - 1, flags);
        assert_true(bytes_told < sizeof(told));
        told[bytes_told] = '\0';
    }
    json_decref(value);
    codec_destroy(codec);
    return told;
}

const char *encoded(const char *definition, const char *profile, const char *service,
                    const char *method, const char *params)
{
    uint8_t bytes[2048];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    json_t *values = params != NULL ? document(params) : NULL;
    struct codec *codec = make(definition, profile);
    if (codec != NULL && codec_encode(codec, service, method, values, &out, told)) {
        bc_sink hex = {.ptr = (uint8_t *)told, .cap = sizeof(told) - 1};
        bc_put_hex(&hex, bc_sink_view(&out));
        told[hex.len] = '\0';
    } else {
        assert_int_equal(out.len, 0);
    }
    json_decref(values);
    codec_destroy(codec);
    return told;
}
