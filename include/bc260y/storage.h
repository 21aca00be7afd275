/*
 * The storage port: what a module keeps over a power cut goes through these functions, a record at
 * a time (G 2.1, 2.2, 2.6: "saved automatically"). On an MCU they stand before littlefs or NVS, on
 * Linux before files; bc_memory_storage() keeps records in RAM, for tests and fleets.
 *
 * Records are opaque bytes with their own version and checksum: the port moves them and needs to
 * know nothing of them. Some hold keys: keep them where nobody else reads.
 */
#ifndef BC260Y_STORAGE_H
#define BC260Y_STORAGE_H

#include "bc260y/types.h"

enum bc_record {
    BC_RECORD_SERVER = 0, /* the LwM2M server and its key */
    BC_RECORD_BOOTSTRAP,  /* the bootstrap server: erased at power-up (G 2.1) */
    BC_RECORD_SETTINGS,   /* AT+QLACFG */
    BC_RECORD_OBJECTS,    /* AT+QLAADDOBJ */
    BC_RECORD_PROFILE,    /* AT&W */
    BC_RECORD_SESSION,    /* what resumes the DTLS session after deep sleep */
    BC_RECORD_FIRMWARE,   /* which image runs, and how far an update is (firmware.h) */
    BC_RECORDS,
};

#define BC_RECORD_BYTES_MAX 768 /* of any record, as the port sees it */

/* "server", "bootstrap" ...: for file names and traces. */
const char *bc_record_name(enum bc_record record);

struct bc_storage {
    /* Appends a record to `out`, whose room is BC_RECORD_BYTES_MAX. `copy` 0 is what was stored
     * last, 1 the one before, asked for when that is damaged. False when there is none. */
    bool (*load)(void *context, enum bc_record record, unsigned copy, bc_sink *out);
    /* Puts `bytes` in the place of a record; no bytes erase it with all its copies. Atomic: a
     * power cut at any moment leaves the old or the new one. False when nothing was changed. Once
     * it has returned true, the record is safe. */
    bool (*store)(void *context, enum bc_record record, bc_view bytes);
    /* Told when copy `copy` turned out to be damaged or of a future version, so that it can be put
     * aside before it is overwritten. May be NULL. */
    void (*damaged)(void *context, enum bc_record record, unsigned copy);
    void *context;
};

/* Records in RAM: gone with the memory they are in. All bytes zero is an empty store. */
struct bc_memory_store {
    uint16_t len[BC_RECORDS];
    uint8_t bytes[BC_RECORDS][BC_RECORD_BYTES_MAX];
};

/* The port to it; `store` must outlive who uses it. */
struct bc_storage bc_memory_storage(struct bc_memory_store *store);

#endif
