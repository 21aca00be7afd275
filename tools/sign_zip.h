/*
 * The archive comment of a zip file, where a signed package has its signature: docs/SIGNING.md.
 * A zip file ends with 22 bytes, the last two of them the length of the comment, and the comment.
 */
#ifndef SIGN_ZIP_H
#define SIGN_ZIP_H

#include "tool_file.h"

#define SIGN_ZIP_LENGTH_BYTES 2U

/* A zip file taken apart: `archive` up to the length, and the comment behind it. */
struct sign_zip {
    bc_view archive, comment;
};

/* Opens it with libzip: at least one entry, nothing behind its end. */
bool sign_zip_open(bc_view bytes, struct sign_zip *out, char why[TOOL_WHY_MAX]);

#endif
