/*
 * --state: what the module keeps over a power cut, a file for each record (bc260y/storage.h).
 *
 *     DIR/            0700 when we make it, or find it empty; nobody else may write to it
 *       lock          held by the one bc260y that uses DIR
 *       server        a record, 0600: "server", "settings", "objects", ...
 *       server.old    the one before, for when that is damaged
 *       server.new    being written; means nothing
 *       server.bad    was damaged, or of another version: kept for whoever wants to know
 *       slot0 ...     firmware images and package (firmware.h)
 *
 * What stands in a record, and whether it is in order, is the library's affair.
 */
#ifndef BC_DAEMON_STATE_H
#define BC_DAEMON_STATE_H

#include "bc260y/firmware.h"
#include "bc260y/storage.h"

#define STATE_NONE "none" /* as a directory's name: keep nothing */
#define STATE_NAME_BYTES_MAX 64
#define STATE_DIR_BYTES 1024

/* What the storage does from now on: for tests, and for who wants to see a host cope. */
enum state_fault {
    STATE_SOUND,
    STATE_FAIL_NEXT, /* the next write fails */
    STATE_FULL,      /* every write fails; erasing works */
    STATE_TEAR_NEXT, /* the next write seems good, but half of it is lost */
};

struct state {
    int dir_fd; /* -1 = no directory: records are in `memory` */
    int lock_fd;
    enum state_fault fault;
    char dir[STATE_DIR_BYTES];
    struct bc_memory_store memory;
};

/* Letters, digits, '.', '_' and '-', no '.' or '-' in front, at most STATE_NAME_BYTES_MAX. */
bool state_name_legal(const char *name);

/* The file beside the records that is the area. */
const char *state_area_name(enum bc_area area);

void state_init(struct state *s);

/* Opens `dir`, or the default for `name` when it is NULL, and makes it when it is not there. One
 * that others can write to, or that holds somebody else's files among them some with the names of
 * ours, is refused. With `factory_reset` no record is left in it. False after a report. */
bool state_open(struct state *s, const char *dir, const char *name, bool factory_reset);
void state_close(struct state *s);

/* The port for struct bc_config; `s` must outlive the module. */
struct bc_storage state_storage(struct state *s);

/* What the fault leaves of a write; false when it fails, with errno. */
bool state_survives(struct state *s, bc_view *bytes);

void state_fail(struct state *s, enum state_fault fault);

#endif
