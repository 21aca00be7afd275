/*
 * Flash as files: see firmware.h. Writes go to their place at once and are flushed when the library
 * asks for it: what a power cut or a kill leaves half written is below what the record says, or is
 * written again. Only slot0 is replaced as a whole, beside and with a rename.
 */
#define _GNU_SOURCE
#include "firmware.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "report.h"

#define CHUNK_BYTES 4096
#define NEW_NAME "slot0.new"

/* --- Files ------------------------------------------------------------------------------------ */

static bool in_memory(const struct firmware *f)
{
    return f->state->dir_fd < 0;
}

/* -1 with errno. */
static int open_area(struct firmware *f, enum bc_area area)
{
    if (f->fd[area] >= 0)
        return f->fd[area];
    f->fd[area] = in_memory(f) ? memfd_create(state_area_name(area), MFD_CLOEXEC)
                               : openat(f->state->dir_fd, state_area_name(area),
                                        O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    f->named = false;
    return f->fd[area];
}

/* True when all `len` bytes moved. */
static bool read_at(int fd, uint32_t offset, uint8_t *out, size_t len)
{
    while (len > 0) {
        ssize_t got = pread(fd, out, len, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EIO; /* shorter than it was */
        if (got <= 0)
            return false;
        out += got;
        offset += (uint32_t)got;
        len -= (size_t)got;
    }
    return true;
}

static bool write_at(int fd, uint32_t offset, bc_view bytes)
{
    while (bytes.len > 0) {
        ssize_t written = pwrite(fd, bytes.ptr, bytes.len, offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes = (bc_view){bytes.ptr + written, bytes.len - (size_t)written};
        offset += (uint32_t)written;
    }
    return true;
}

/* --- The port --------------------------------------------------------------------------------- */

static bool failed(const struct firmware *f, const char *what, enum bc_area area)
{
    report("cannot %s \"%s\"%s%s: %s", what, state_area_name(area), in_memory(f) ? "" : " in ",
           in_memory(f) ? "" : f->state->dir, strerror(errno));
    return false;
}

static bool read_area(void *context, enum bc_area area, uint32_t offset, uint8_t *out, size_t len)
{
    struct firmware *f = context;
    int fd = open_area(f, area);
    return (fd >= 0 && read_at(fd, offset, out, len)) || failed(f, "read", area);
}

static bool write_area(void *context, enum bc_area area, uint32_t offset, bc_view bytes)
{
    struct firmware *f = context;
    int fd = open_area(f, area);
    f->dirty[area] = fd >= 0;
    return (fd >= 0 && state_survives(f->state, &bytes) && write_at(fd, offset, bytes)) ||
           failed(f, "write", area);
}

static bool flush(void *context)
{
    struct firmware *f = context;
    for (unsigned area = 0; area < FIRMWARE_AREAS && !in_memory(f); area++) {
        if (f->dirty[area] && fdatasync(f->fd[area]) != 0)
            return failed(f, "flush", (enum bc_area)area);
        f->dirty[area] = false;
    }
    if (!in_memory(f) && !f->named)
        f->named = fsync(f->state->dir_fd) == 0 || errno == EINVAL;
    return in_memory(f) || f->named;
}

static const uint8_t *map(void *context, enum bc_area slot, uint32_t bytes)
{
    struct firmware *f = context;
    free(f->image);
    f->image = malloc(bytes);
    if (f->image != NULL && !read_area(f, slot, 0, f->image, bytes)) {
        free(f->image);
        f->image = NULL;
    }
    return f->image;
}

static void *lend(void *context, size_t bytes)
{
    (void)context;
    return malloc(bytes);
}

static void give_back(void *context, void *memory)
{
    struct firmware *f = context;
    free(memory);
    free(f->image);
    f->image = NULL;
}

/* --- The image of the beginning --------------------------------------------------------------- */

/* Where it comes from: a file, or nowhere. */
struct origin {
    int fd; /* -1 = made up */
    uint32_t bytes;
    const char *path, *revision;
};

/* Bytes that look like code, the same for the same revision, with the revision in front. */
static void make_up(const struct origin *from, uint32_t offset, uint8_t out[CHUNK_BYTES])
{
    struct bc_random random = {.state = offset + 1};
    for (const char *c = from->revision; *c != '\0'; c++)
        random.state = random.state * 31 + (uint8_t)*c;
    for (size_t i = 0; i < CHUNK_BYTES; i += 4) {
        uint32_t bits = bc_random_next(&random);
        uint8_t word[4] = {(uint8_t)(bits & 0x3F), (uint8_t)(bits >> 8 & 0x0F),
                           (uint8_t)(bits >> 16), (uint8_t)(0x40 + (bits >> 24 & 3))};
        memcpy(out + i, word, sizeof(word));
    }
    if (offset == 0)
        snprintf((char *)out, 64, "bc260y made-up image %s\n", from->revision);
}

static bool read_origin(const struct origin *from, uint32_t offset, uint8_t out[CHUNK_BYTES],
                        size_t *len)
{
    size_t left = from->bytes - offset;
    *len = left < CHUNK_BYTES ? left : CHUNK_BYTES;
    if (from->fd >= 0)
        return read_at(from->fd, offset, out, *len);
    make_up(from, offset, out);
    return true;
}

static bool same_as(const struct origin *from, int fd)
{
    uint8_t wanted[CHUNK_BYTES];
    uint8_t there[CHUNK_BYTES];
    struct stat about;
    size_t len;
    bool same = fstat(fd, &about) == 0 && about.st_size == (off_t)from->bytes;
    for (uint32_t offset = 0; same && offset < from->bytes; offset += (uint32_t)len)
        same = read_origin(from, offset, wanted, &len) && read_at(fd, offset, there, len) &&
               memcmp(wanted, there, len) == 0;
    return same;
}

static bool copy_to(const struct origin *from, int fd)
{
    uint8_t chunk[CHUNK_BYTES];
    size_t len;
    for (uint32_t offset = 0; offset < from->bytes; offset += (uint32_t)len)
        if (!read_origin(from, offset, chunk, &len) || !write_at(fd, offset, (bc_view){chunk, len}))
            return false;
    return true;
}

/* Beside, flushed, renamed: a slot0 is always whole. */
static bool put_image(struct firmware *f, const struct origin *from)
{
    int fd = open_area(f, BC_AREA_SLOT_0);
    if (fd < 0)
        return failed(f, "open", BC_AREA_SLOT_0);
    if (same_as(from, fd))
        return true;
    if (in_memory(f))
        return copy_to(from, fd) || failed(f, "write", BC_AREA_SLOT_0);
    int dir_fd = f->state->dir_fd;
    (void)unlinkat(dir_fd, NEW_NAME, 0);
    int new_fd = openat(dir_fd, NEW_NAME, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (new_fd < 0 || !copy_to(from, new_fd) || fsync(new_fd) != 0 ||
        renameat(dir_fd, NEW_NAME, dir_fd, state_area_name(BC_AREA_SLOT_0)) != 0) {
        (void)failed(f, "write", BC_AREA_SLOT_0);
        if (new_fd >= 0)
            close(new_fd);
        (void)unlinkat(dir_fd, NEW_NAME, 0);
        return false;
    }
    close(fd);
    f->fd[BC_AREA_SLOT_0] = new_fd;
    return true;
}

static bool open_origin(struct origin *from)
{
    struct stat about;
    from->bytes = FIRMWARE_MADE_UP_BYTES;
    from->fd = -1;
    if (from->path == NULL)
        return true;
    from->fd = open(from->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (from->fd < 0 || fstat(from->fd, &about) != 0) {
        report("cannot read --firmware %s: %s", from->path, strerror(errno));
        return false;
    }
    if (!S_ISREG(about.st_mode) || about.st_size < 1 || about.st_size > FIRMWARE_IMAGE_BYTES_MAX) {
        report("--firmware %s must be a file of 1 to %d bytes", from->path,
               FIRMWARE_IMAGE_BYTES_MAX);
        return false;
    }
    from->bytes = (uint32_t)about.st_size;
    return true;
}

/* --- Beginning and end ------------------------------------------------------------------------ */

void firmware_init(struct firmware *f, struct state *state)
{
    *f = (struct firmware){.port = {.slot_bytes_max = FIRMWARE_IMAGE_BYTES_MAX,
                                    .package_bytes_max = FIRMWARE_PACKAGE_BYTES_MAX,
                                    .map = map,
                                    .read = read_area,
                                    .write = write_area,
                                    .flush = flush,
                                    .lend = lend,
                                    .give_back = give_back,
                                    .context = f},
                           .state = state,
                           .fd = {-1, -1, -1}};
}

/* A module with this record has been updated, or was about to be. */
static bool was_updated(const struct firmware *f)
{
    uint8_t bytes[BC_RECORD_BYTES_MAX];
    struct bc_storage storage = state_storage(f->state);
    bool any = false;
    for (unsigned copy = 0; copy < 2; copy++) {
        bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
        any = storage.load(storage.context, BC_RECORD_FIRMWARE, copy, &out) || any;
    }
    return any;
}

bool firmware_open(struct firmware *f, const char *path, const char *revision, bool factory_reset)
{
    struct origin from = {.path = path, .revision = revision};
    struct stat about;
    for (unsigned area = 0; area < FIRMWARE_AREAS && factory_reset && !in_memory(f); area++)
        (void)unlinkat(f->state->dir_fd, state_area_name((enum bc_area)area), 0);
    bool good = open_origin(&from) && (was_updated(f) || put_image(f, &from));
    if (from.fd >= 0)
        close(from.fd);
    int fd = good ? open_area(f, BC_AREA_SLOT_0) : -1;
    if (good && (fd < 0 || fstat(fd, &about) != 0))
        good = failed(f, "open", BC_AREA_SLOT_0);
    if (good)
        f->port.image_bytes = (uint32_t)about.st_size;
    return good;
}

void firmware_close(struct firmware *f)
{
    for (unsigned area = 0; area < FIRMWARE_AREAS; area++)
        if (f->fd[area] >= 0)
            close(f->fd[area]);
    free(f->image);
    *f = (struct firmware){.fd = {-1, -1, -1}};
}
