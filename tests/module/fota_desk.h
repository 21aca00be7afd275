/*
 * A module with flash on a virtual clock, and a server that has a package for it (desk.h, without
 * the twin: two of them would write one flash). The flash and the storage lose power together,
 * after any operation.
 *
 *   server                              module
 *     | --- CON PUT 5/0/1 coap://../fw --> |   fota_write_uri()
 *     | <-- 2.04, notify 5/0/3 = 1 ------- |
 *     | --- ACK -------------------------> |   fota_serve() answers all of that by itself
 *     | <-- GET /fw 2:n/0/1024 ----------- |
 *     | --- 2.05 ------------------------> |
 */
#ifndef TEST_MODULE_FOTA_DESK_H
#define TEST_MODULE_FOTA_DESK_H

#include "check.h"
#include "coap/message.h"
#include "desk.h"
#include "dfota/package.h"
#include "store_faults.h"

#define FOTA_IMAGE_BYTES_MAX 40000
#define FOTA_PACKAGE_BYTES_MAX 40000
#define FOTA_BLOCK_BYTES 4096
#define FOTA_OLD "BC260YCNAAR01A01"
#define FOTA_NEW "BC260YCNAAR01A02"
#define FOTA_URI "coap://180.101.147.115:5683/fw/1?x=2"
#define FOTA_NEVER UINT32_MAX

struct fota_desk;

/* What the server does with the answer to a block. */
enum fota_answer {
    FOTA_ANSWERS,
    FOTA_LOSES,   /* the answer never arrives */
    FOTA_DOUBLES, /* it arrives twice */
    FOTA_LATE,    /* the answer before arrives once more, then this one */
    FOTA_SPOILS,  /* one bit of the block is another one */
    FOTA_RESETS,
};

struct fota_desk {
    struct desk desk; /* first: the network's functions get it */
    struct bc_config config;
    struct store_faults records;
    struct bc_storage storage;
    struct bc_firmware port;
    bc_sink source, wanted, package; /* the images before and after, and what the server has */
    uint8_t area[3][FOTA_IMAGE_BYTES_MAX];
    uint8_t safe[3][FOTA_IMAGE_BYTES_MAX]; /* what was flushed: a cut leaves that, unless `torn` */
    unsigned lent;                         /* pieces of memory that were not given back */

    uint32_t operations; /* of storage and flash, so far */
    uint32_t cut_after;  /* then the power is gone: nothing changes any more, nobody is told */
    bool cut;
    bool torn;         /* of the operation that is cut half is done */
    bool flash_fails;  /* each write */
    uint32_t fails_at; /* only the flash write of this number, from 0 */
    uint32_t writes;
    bool poor;     /* no memory to lend */
    bool unmapped; /* no way to the image that runs */

    uint8_t exponent; /* of the largest block the server gives; 6 */
    bool separate;    /* it answers by messages of its own */
    bool silent;      /* it answers nothing at all */
    bool deaf;        /* the same, but notifications are acknowledged */
    bool sizeless;    /* no Size2 */
    bool tagless;     /* no ETag */
    uint8_t etag;
    uint8_t code; /* of its answer to a GET; 0 = the block */
    enum fota_answer (*fate)(struct fota_desk *f, uint32_t number);
    uint32_t fate_at; /* for `fate` */
    uint32_t gets;    /* so far, repetitions too */
    uint32_t asked;   /* block number, the last and the highest one */
    uint32_t highest;
    char states[32];   /* of 5/0/3, as they were notified: "123" */
    int64_t observe;   /* number of the last notification: they rise */
    uint16_t notified; /* its message ID: a repetition has the same number */
    uint8_t before[BC_DATAGRAM_BYTES_MAX];
    size_t before_len;
};

/* Images of that many bytes and the package between them, and what a module is configured with; no
 * module. */
void fota_flash(struct fota_desk *f, uint32_t image_bytes);
void fota_scrap(struct fota_desk *f);
/* The same with a module: images of that many bytes and the package between them; a module that is
 * registered, with 5/0/3 observed under token A1A2, and everything read. */
void fota_setup(struct fota_desk *f, uint32_t image_bytes);
void fota_teardown(struct fota_desk *f);
/* The package anew: after `wanted`, or the revisions, have changed. */
void fota_make(struct fota_desk *f, const char *from, const char *to);

/* A module on what storage and flash hold now, its boot lines not read. */
void fota_power_up(struct fota_desk *f);
/* From its boot lines on: ATE0, configured again, registered, observed when asked for. */
void fota_register(struct fota_desk *f, bool observe);

/* The server. */
void fota_put_answer(struct fota_desk *f, const struct bc_coap_message *get, bc_sink *out);
void fota_write_uri(struct fota_desk *f, const char *uri, unsigned code);
void fota_execute(struct fota_desk *f, unsigned code);
/* The number that is read of 5/0/`resource`. */
unsigned fota_read(struct fota_desk *f, unsigned resource);
/* Answers what has come first. */
void fota_serve_one(struct fota_desk *f);
/* Answers all that has come, until nothing comes, without time going on. */
void fota_serve(struct fota_desk *f);
/* Time goes on, and everything is answered, until `ms` are over or nothing is to come. */
void fota_pass(struct fota_desk *f, uint64_t ms);
/* Until "COAPEND" has been said; returns its code. */
int fota_download(struct fota_desk *f);
/* From an execute to "END"; returns its code. The lines are read. */
int fota_update(struct fota_desk *f);

/* True when `text` stands in what the host has heard; all up to its line's end is read then. */
bool fota_heard(struct fota_desk *f, const char *text, int *number);
/* Nothing of what the host heard matters. */
void fota_ignore(struct fota_desk *f);

/* The image that runs, as the module tells and as it is. */
void fota_runs(struct fota_desk *f, bool updated);

#endif
