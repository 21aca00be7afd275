/*
 * Where something is in a device: /object/instance/resource/resource instance (LwM2M 1.0 6.1).
 */
#ifndef BC_PLATFORM_PATH_H
#define BC_PLATFORM_PATH_H

#include "bc260y/types.h"

#define BC_SERVER_PATH_IDS_MAX 4
#define BC_SERVER_PATH_CHARS_MAX 24 /* "/65535" four times, and nothing behind it */

struct bc_server_path {
    uint16_t ids[BC_SERVER_PATH_IDS_MAX];
    uint8_t count;
};

/* "/19/0/0" or "19/0/0", one to four decimal ids of at most 65535; false for anything else. */
bool bc_server_path_parse(bc_view text, struct bc_server_path *out);

/* Writes "/19/0/0" and a terminator to `out`. */
void bc_server_path_text(const struct bc_server_path *path, char out[BC_SERVER_PATH_CHARS_MAX + 1]);

bool bc_server_path_equal(const struct bc_server_path *a, const struct bc_server_path *b);

#endif
