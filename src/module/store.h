/*
 * What a module keeps over a power cut, as records of the storage port (G 2.1, 2.2, 2.6). A record
 * is
 *
 *     'B' 'C' version record  payload ...  CRC-32 of all before, big endian
 *
 * and counts only when all of that is right; else the copy before it does, else the defaults. A
 * record is stored before what it says comes into force, so that a command that could not be kept
 * changes nothing.
 */
#ifndef BC_MODULE_STORE_H
#define BC_MODULE_STORE_H

#include "module/state.h"

/* A server account and the registration's settings with it: views into the memory it was loaded
 * to, or into what a command brought. */
struct server_record {
    bc_view host;
    bc_view endpoint;
    bc_view psk_id;
    bc_view psk;
    uint32_t lifetime_s;
    uint16_t port;
    uint8_t security; /* 0 = pre-shared key, 3 = none */
    bool queue_mode;
    bool psk_hex; /* the PSK is the hex digits of a key, whatever it looks like */
    bool psk_raw; /* the PSK is the key itself, and is kept as its hex digits; only to be put */
};

/* What a record is loaded to. There is room for one on the stack: a function that has one, beside
 * others that lead to one, is not to become a part of its caller. */
struct record_memory {
    uint8_t bytes[BC_RECORD_BYTES_MAX];
};
#if defined(__GNUC__)
#define OWN_FRAME __attribute__((noinline))
#else
#define OWN_FRAME
#endif

/* SERVER or BOOTSTRAP. False when there is none. */
bool bc_store_load_server(struct bc_module *m, enum bc_record record, struct record_memory *memory,
                          struct server_record *out);
/* How the server of such a record is reached: its address, or none (ip_len 0) when a name stands
 * there, and the port. Whoever goes on from here has no record on the stack. */
struct server_way {
    struct bc_address address;
    bool secured;
};
bool bc_store_load_way(struct bc_module *m, enum bc_record record, struct server_way *out);
bool bc_store_put_server(struct bc_module *m, enum bc_record record,
                         const struct server_record *in);
/* Its settings of the registration become the module's. */
void bc_store_apply_server(struct bc_module *m, const struct server_record *server);
/* Lifetime and binding as they are now; a failure is traced only: the session goes on. */
void bc_store_update_server(struct bc_module *m);

/* What the module holds now. */
bool bc_store_put_settings(struct bc_module *m);
bool bc_store_put_objects(struct bc_module *m);
bool bc_store_put_profile(struct bc_module *m);

/* Boot record, revision and the saved observation, as they are in `m`. */
bool bc_store_put_firmware(struct bc_module *m);

bool bc_store_load_session(struct bc_module *m, struct record_memory *memory, bc_view *out);
bool bc_store_put_session(struct bc_module *m, bc_view bytes);

bool bc_store_erase(struct bc_module *m, enum bc_record record);

/* Takes over what is stored, at power-up: what is not stored has its default already. */
void bc_store_load_all(struct bc_module *m);

#endif
