/*
 * Zip files as bc260y-sign sees them: see sign_zip.h.
 */
#include "sign_zip.h"

#include <stdio.h>
#include <string.h>
#include <zip.h>

#define END_BYTES 22U /* of the end of central directory record, without the comment */
#define END_SIGNATURE "PK\x05\x06"

static bool not_zip(char why[TOOL_WHY_MAX], const char *reason)
{
    snprintf(why, TOOL_WHY_MAX, "this is no zip file: %s", reason);
    return false;
}

/* The length of the comment, when libzip takes the bytes for an archive. */
static bool comment_length(bc_view bytes, size_t *out, char why[TOOL_WHY_MAX])
{
    zip_error_t error;
    int len = 0;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(bytes.ptr, bytes.len, 0, &error);
    zip_t *zip =
        source == NULL ? NULL : zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
    if (zip == NULL) {
        not_zip(why, zip_error_strerror(&error));
        zip_source_free(source); /* an archive that was opened owns it */
        zip_error_fini(&error);
        return false;
    }
    bool empty = zip_get_num_entries(zip, 0) <= 0;
    if (zip_get_archive_comment(zip, &len, ZIP_FL_ENC_RAW) == NULL)
        len = 0;
    zip_discard(zip);
    zip_error_fini(&error);
    *out = (size_t)len;
    return empty ? not_zip(why, "nothing is in it") : true;
}

bool sign_zip_open(bc_view bytes, struct sign_zip *out, char why[TOOL_WHY_MAX])
{
    size_t len = 0;
    if (!comment_length(bytes, &len, why))
        return false;
    if (bytes.len < END_BYTES + len)
        return not_zip(why, "its end is missing");
    const uint8_t *end = bytes.ptr + bytes.len - len - END_BYTES;
    const uint8_t *length = end + END_BYTES - SIGN_ZIP_LENGTH_BYTES;
    if (memcmp(end, END_SIGNATURE, sizeof(END_SIGNATURE) - 1) != 0 ||
        ((size_t)length[0] | (size_t)length[1] << 8) != len)
        return not_zip(why, "there are bytes behind its end");
    out->archive = (bc_view){bytes.ptr, (size_t)(length - bytes.ptr)};
    out->comment = (bc_view){length + SIGN_ZIP_LENGTH_BYTES, len};
    return true;
}
