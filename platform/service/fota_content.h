/*
 * The file of a firmware (G 5.6.1, 5.7.4): a zip file with one delta package in it. What is wrong
 * with it is said in one line.
 */
#ifndef BC_PLATFORM_FOTA_CONTENT_H
#define BC_PLATFORM_FOTA_CONTENT_H

#include "bc260y/types.h"

#define FOTA_ZIP_BYTES_MAX (32U << 20)
#define FOTA_PACKAGE_BYTES_MAX (32U << 20)
#define FOTA_WHY_BYTES 160
#define FOTA_REVISION_BYTES 32 /* with the NUL */

struct fota_content {
    uint8_t *package; /* on the heap */
    size_t package_bytes;
    char source[FOTA_REVISION_BYTES];
    char target[FOTA_REVISION_BYTES];
};

/* The package in the zip file, whole and unaltered (docs/DELTA.md). */
bool fota_content_open(bc_view zip, struct fota_content *out, char why[FOTA_WHY_BYTES]);
void fota_content_close(struct fota_content *content);

/* Whether the holder of the other half of that public key has signed the file (docs/SIGNING.md). */
bool fota_content_signed(bc_view zip, bc_view public_key, char why[FOTA_WHY_BYTES]);
/* Whether it is a public key of one of our algorithms. */
bool fota_key_usable(bc_view public_key, char why[FOTA_WHY_BYTES]);

/* In lower-case hex. False when memory is short. */
#define FOTA_MD5_CHARS 32
#define FOTA_SHA256_CHARS 64
bool fota_md5(bc_view bytes, char out[FOTA_MD5_CHARS + 1]);
bool fota_sha256(bc_view bytes, char out[FOTA_SHA256_CHARS + 1]);

#endif
