/*
 * The zip file of fota_content.h, which may be anything: it is bounded before a byte of it is
 * unpacked, and what comes out is checked by the library that also applies it.
 */
#include "fota_content.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "tools/delta.h"
#include "tools/sign.h"
#include "tools/sign_keys.h"

#define ENTRIES_MAX 16 /* a note and a licence beside the package */

static bool refuse(char why[FOTA_WHY_BYTES], const char *reason)
{
    (void)snprintf(why, FOTA_WHY_BYTES, "%s", reason);
    return false;
}

/* The zip file ---------------------------------------------------------------------------------*/

static bool is_package(const char *name)
{
    static const char ending[] = ".bin";
    size_t len = name == NULL ? 0 : strlen(name);
    return len > sizeof(ending) - 1 && strcmp(name + len - (sizeof(ending) - 1), ending) == 0;
}

/* The only entry that may be a package. */
static bool find_entry(zip_t *zip, zip_stat_t *out, char why[FOTA_WHY_BYTES])
{
    zip_int64_t count = zip_get_num_entries(zip, 0);
    bool found = false;
    if (count > ENTRIES_MAX)
        return refuse(why, "the zip file has too many files in it");
    for (zip_int64_t i = 0; i < count; i++) {
        if (!is_package(zip_get_name(zip, (zip_uint64_t)i, 0)))
            continue;
        if (found)
            return refuse(why, "the zip file has more than one .bin file in it");
        found = zip_stat_index(zip, (zip_uint64_t)i, 0, out) == 0;
    }
    if (!found)
        return refuse(why, "the zip file has no .bin file in it");
    const zip_uint64_t wanted = ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if ((out->valid & wanted) != wanted || out->encryption_method != ZIP_EM_NONE)
        return refuse(why, "the .bin file in the zip file is encrypted");
    if (out->comp_method != ZIP_CM_STORE && out->comp_method != ZIP_CM_DEFLATE)
        return refuse(why, "the .bin file in the zip file is compressed in an unusual way");
    if (out->size == 0 || out->size > FOTA_PACKAGE_BYTES_MAX)
        return refuse(why, "the .bin file in the zip file is empty or too long");
    return true;
}

/* All of the entry and not a byte more than it says: reading to the end checks its CRC. */
static bool read_entry(zip_t *zip, const zip_stat_t *entry, uint8_t *out)
{
    uint8_t beyond;
    zip_file_t *file = zip_fopen_index(zip, entry->index, 0);
    if (file == NULL)
        return false;
    zip_uint64_t read = 0;
    zip_int64_t got = 1;
    while (read < entry->size && got > 0) {
        got = zip_fread(file, out + read, entry->size - read);
        read += got > 0 ? (zip_uint64_t)got : 0;
    }
    bool whole = read == entry->size && zip_fread(file, &beyond, 1) == 0;
    return zip_fclose(file) == 0 && whole;
}

static bool unpack(zip_t *zip, struct fota_content *out, char why[FOTA_WHY_BYTES])
{
    zip_stat_t entry;
    if (!find_entry(zip, &entry, why))
        return false;
    out->package = malloc((size_t)entry.size);
    out->package_bytes = (size_t)entry.size;
    if (out->package == NULL)
        return refuse(why, "not enough memory");
    return read_entry(zip, &entry, out->package) ||
           refuse(why, "the zip file is damaged: its .bin file cannot be unpacked");
}

static bool open_zip(bc_view bytes, struct fota_content *out, char why[FOTA_WHY_BYTES])
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(bytes.ptr, bytes.len, 0, &error);
    zip_t *zip =
        source == NULL ? NULL : zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
    bool done = false;
    if (zip == NULL) {
        (void)snprintf(why, FOTA_WHY_BYTES, "this is no zip file: %s", zip_error_strerror(&error));
        zip_source_free(source); /* an archive that was opened owns it */
    } else {
        done = unpack(zip, out, why);
        zip_discard(zip);
    }
    zip_error_fini(&error);
    return done;
}

/* The package ----------------------------------------------------------------------------------*/

static bool check_package(struct fota_content *content, char why[FOTA_WHY_BYTES])
{
    char reason[TOOL_WHY_MAX];
    struct delta_run run = {.package = {content->package, content->package_bytes}};
    if (!delta_run(&run, BC_DFOTA_CHECK_SOURCE, reason)) {
        (void)snprintf(why, FOTA_WHY_BYTES, "the .bin file is no good delta package: %.100s",
                       reason);
        return false;
    }
    memcpy(content->source, run.header.source_revision, sizeof(content->source));
    memcpy(content->target, run.header.target_revision, sizeof(content->target));
    return true;
}

bool fota_content_open(bc_view zip, struct fota_content *out, char why[FOTA_WHY_BYTES])
{
    *out = (struct fota_content){0};
    if (zip.len == 0 || zip.len > FOTA_ZIP_BYTES_MAX)
        return refuse(why, "the zip file is empty or too long");
    if (open_zip(zip, out, why) && check_package(out, why))
        return true;
    fota_content_close(out);
    return false;
}

void fota_content_close(struct fota_content *content)
{
    free(content->package);
    *content = (struct fota_content){0};
}

/* Signatures -----------------------------------------------------------------------------------*/

bool fota_content_signed(bc_view zip, bc_view public_key, char why[FOTA_WHY_BYTES])
{
    char reason[TOOL_WHY_MAX] = "";
    enum sign_algorithm algorithm;
    if (sign_verify(zip, public_key, &algorithm, reason))
        return true;
    (void)snprintf(why, FOTA_WHY_BYTES, "%.150s", reason);
    return false;
}

bool fota_key_usable(bc_view public_key, char why[FOTA_WHY_BYTES])
{
    char reason[TOOL_WHY_MAX] = "";
    enum sign_algorithm algorithm;
    EVP_PKEY *key = sign_read_public(public_key, &algorithm, reason);
    if (key == NULL)
        (void)snprintf(why, FOTA_WHY_BYTES, "%.150s", reason);
    EVP_PKEY_free(key);
    return key != NULL;
}

/* Hashes ---------------------------------------------------------------------------------------*/

static bool digest(bc_view bytes, const EVP_MD *kind, char *out)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (EVP_Digest(bytes.ptr, bytes.len, hash, &len, kind, NULL) != 1)
        return false;
    for (unsigned i = 0; i < len; i++)
        (void)snprintf(out + 2 * (size_t)i, 3, "%02x", hash[i]);
    return true;
}

bool fota_md5(bc_view bytes, char out[FOTA_MD5_CHARS + 1])
{
    return digest(bytes, EVP_md5(), out);
}

bool fota_sha256(bc_view bytes, char out[FOTA_SHA256_CHARS + 1])
{
    return digest(bytes, EVP_sha256(), out);
}
