/*
 * The file of a firmware as somebody uploads it (platform/service/fota_content.h): a zip file with
 * a delta package in it (docs/DELTA.md), signed (docs/SIGNING.md), and the keys. The first byte
 * chooses:
 *
 *     0: the rest is a zip file, as it is
 *     1: the rest is what lies in a zip file, stored
 *     2: the rest is a public key
 *     3: a signed zip file is changed: the rest is edits of three bytes, offset and value; an
 *        offset behind the end makes it longer
 *
 * Whatever the bytes are: they are taken or refused with a reason, what is taken is a package that
 * the library takes as well, and a signature is good for nothing but the bytes that were signed.
 */
#include <assert.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32.h"
#include "base/sink.h"
#include "fota_content.h"
#include "input.h"
#include "tools/delta.h"
#include "tools/sign.h"

#define BYTES_MAX 16384U
#define NAME "firmware.bin"

/* Once: a signed zip file, and the key that verifies it. */
static struct tool_bytes signed_zip;
static bc_view signers_key;

static void put_le(bc_sink *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        bc_put_char(out, (char)(value >> 8 * i & 0xFF));
}

/* From the version on, as the local and the central header have it (APPNOTE 4.4). */
static void put_entry(bc_sink *out, bc_view content)
{
    put_le(out, 20, 2); /* version; flags, method, time and date are 0, 0, 0 and the first */
    put_le(out, 0, 6);
    put_le(out, 1 << 5 | 1, 2);
    put_le(out, bc_crc32(content), 4);
    put_le(out, content.len, 4);
    put_le(out, content.len, 4);
    put_le(out, sizeof(NAME) - 1, 2);
    put_le(out, 0, 2);
}

static void put_zip(bc_sink *out, bc_view content)
{
    bc_put_bytes(out, BC_TEXT("PK\3\4"));
    put_entry(out, content);
    bc_put_text(out, NAME);
    bc_put_bytes(out, content);
    size_t directory = out->len;
    bc_put_bytes(out, BC_TEXT("PK\1\2"));
    put_le(out, 20, 2);
    put_entry(out, content);
    for (unsigned i = 0; i < 14; i++)
        bc_put_char(out, '\0');
    bc_put_text(out, NAME);
    size_t end = out->len;
    bc_put_bytes(out, BC_TEXT("PK\5\6"));
    put_le(out, 0, 4);
    put_le(out, 1 | 1 << 16, 4);
    put_le(out, end - directory, 4);
    put_le(out, directory, 4);
    put_le(out, 0, 2);
}

/* What a memory BIO holds; it is freed with it. */
static bc_view content_of(BIO *bio)
{
    char *bytes;
    long len = BIO_get_mem_data(bio, &bytes);
    return (bc_view){(const uint8_t *)bytes, (size_t)len};
}

static void make_signed_zip(void)
{
    static uint8_t memory[1024];
    bc_sink zip = {.ptr = memory, .cap = sizeof(memory)};
    char why[TOOL_WHY_MAX];
    EVP_PKEY *key = EVP_EC_gen("secp256k1");
    BIO *private_key = BIO_new(BIO_s_mem());
    BIO *public_key = BIO_new(BIO_s_mem());
    put_zip(&zip, BC_TEXT("no package"));
    bool made = PEM_write_bio_PrivateKey(private_key, key, NULL, NULL, 0, NULL, NULL) == 1 &&
                PEM_write_bio_PUBKEY(public_key, key) == 1 &&
                sign_package(bc_sink_view(&zip), content_of(private_key), NULL, &signed_zip, why);
    assert(made);
    signers_key = fuzz_copy(content_of(public_key));
    EVP_PKEY_free(key);
    BIO_free(private_key);
    BIO_free(public_key);
}

static void open_zip(bc_view zip)
{
    struct fota_content content;
    char why[FOTA_WHY_BYTES] = "";
    char reason[TOOL_WHY_MAX];
    if (!fota_content_open(zip, &content, why)) {
        assert(why[0] != '\0' && content.package == NULL);
        return;
    }
    struct delta_run run = {.package = {content.package, content.package_bytes}};
    bool good = delta_run(&run, BC_DFOTA_CHECK_SOURCE, reason);
    assert(good && content.package_bytes <= FOTA_PACKAGE_BYTES_MAX);
    assert(strcmp(content.source, run.header.source_revision) == 0);
    assert(strcmp(content.target, run.header.target_revision) == 0);
    fota_content_close(&content);
}

static void read_key(bc_view pem)
{
    char why[FOTA_WHY_BYTES] = "";
    bool usable = fota_key_usable(pem, why);
    assert(usable || why[0] != '\0');
    bool good = usable && fota_content_signed((bc_view){signed_zip.ptr, signed_zip.len}, pem, why);
    assert(!good); /* nobody finds the key of this run */
}

static void check_signature(bc_view edits)
{
    static uint8_t bytes[UINT16_MAX + 1U];
    char why[FOTA_WHY_BYTES] = "";
    bc_view zip = {bytes, signed_zip.len};
    memcpy(bytes, signed_zip.ptr, signed_zip.len);
    while (edits.len >= 3) {
        uint16_t offset = fuzz_take_u16(&edits);
        while (zip.len <= offset)
            bytes[zip.len++] = 0;
        bytes[offset] = fuzz_take_byte(&edits);
    }
    bc_view copy = fuzz_copy(zip);
    bool same = bc_view_equal(copy, (bc_view){signed_zip.ptr, signed_zip.len});
    bool good = fota_content_signed(copy, signers_key, why);
    assert(good == same && (good || why[0] != '\0'));
    fuzz_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[BYTES_MAX + 256];
    bc_sink zip = {.ptr = memory, .cap = sizeof(memory)};
    bc_view in = {data, size < BYTES_MAX ? size : BYTES_MAX};
    if (signed_zip.ptr == NULL)
        make_signed_zip();
    uint8_t kind = fuzz_take_byte(&in) % 4;
    if (kind == 3) {
        check_signature(in);
        return 0;
    }
    if (kind == 1)
        put_zip(&zip, in);
    bc_view copy = fuzz_copy(kind == 1 ? bc_sink_view(&zip) : in);
    if (kind == 2)
        read_key(copy);
    else
        open_zip(copy);
    fuzz_free(copy);
    return 0;
}
