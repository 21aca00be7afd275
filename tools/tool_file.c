/*
 * Files read whole and written whole: see tool_file.h.
 */
#define _GNU_SOURCE
#include "tool_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(char why[TOOL_WHY_MAX], const char *what, const char *path)
{
    snprintf(why, TOOL_WHY_MAX, "cannot %s %s: %s", what, path, strerror(errno));
    return false;
}

/* --- Reading --------------------------------------------------------------------------------- */

static bool read_all(int fd, uint64_t offset, uint8_t *out, size_t len)
{
    while (len > 0) {
        ssize_t got = pread(fd, out, len, (off_t)offset);
        if (got == 0)
            errno = EIO; /* it became shorter under our hands */
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        if (got > 0) {
            out += got;
            offset += (uint64_t)got;
            len -= (size_t)got;
        }
    }
    return true;
}

static bool read_open(int fd, const char *path, size_t bytes_max, struct tool_bytes *out,
                      char why[TOOL_WHY_MAX])
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return fail(why, "read", path);
    if (!S_ISREG(status.st_mode)) {
        snprintf(why, TOOL_WHY_MAX, "cannot read %s: it is no regular file", path);
        return false;
    }
    if (status.st_size == 0 || (uint64_t)status.st_size > bytes_max) {
        snprintf(why, TOOL_WHY_MAX, "%s has %lld bytes; 1 to %zu are possible", path,
                 (long long)status.st_size, bytes_max);
        return false;
    }
    out->len = (size_t)status.st_size;
    out->ptr = malloc(out->len);
    if (out->ptr == NULL || !read_all(fd, 0, out->ptr, out->len)) {
        fail(why, "read", path);
        free(out->ptr);
        out->ptr = NULL;
        return false;
    }
    return true;
}

bool tool_read(const char *path, size_t bytes_max, struct tool_bytes *out, char why[TOOL_WHY_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not keep us */
    if (fd < 0)
        return fail(why, "read", path);
    bool good = read_open(fd, path, bytes_max, out, why);
    close(fd);
    return good;
}

/* --- Writing --------------------------------------------------------------------------------- */

/* What a signal has to remove; empty: nothing. */
static char unfinished[TOOL_PATH_MAX];

static void on_signal(int number)
{
    if (unfinished[0] != '\0')
        unlink(unfinished);
    signal(number, SIG_DFL);
    raise(number);
}

static void catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (signal(numbers[i], on_signal) == SIG_IGN)
            signal(numbers[i], SIG_IGN); /* as nohup wants it */
    }
}

bool tool_output_open(struct tool_output *output, const char *path, mode_t mode,
                      char why[TOOL_WHY_MAX])
{
    mode_t mask = umask(0);
    umask(mask);
    output->path = path;
    output->fd = -1;
    struct stat there;
    if (lstat(path, &there) == 0 && !S_ISREG(there.st_mode)) { /* such as /dev/full, /dev/stdout */
        snprintf(why, TOOL_WHY_MAX, "cannot write %s: it is no regular file", path);
        return false;
    }
    int len = snprintf(output->beside, sizeof(output->beside), "%s.XXXXXX", path);
    if (len < 0 || (size_t)len >= sizeof(output->beside)) {
        errno = ENAMETOOLONG;
        return fail(why, "write", path);
    }
    output->fd = mkostemp(output->beside, O_CLOEXEC);
    if (output->fd < 0)
        return fail(why, "write", path);
    memcpy(unfinished, output->beside, sizeof(unfinished));
    catch_signals();
    if (fchmod(output->fd, mode & ~mask) == 0)
        return true;
    fail(why, "write", path);
    tool_output_drop(output);
    return false;
}

bool tool_output_write(struct tool_output *output, uint64_t offset, bc_view bytes)
{
    while (bytes.len > 0) {
        ssize_t put = pwrite(output->fd, bytes.ptr, bytes.len, (off_t)offset);
        if (put < 0 && errno != EINTR)
            return false;
        if (put > 0) {
            bytes = (bc_view){bytes.ptr + put, bytes.len - (size_t)put};
            offset += (uint64_t)put;
        }
    }
    return true;
}

bool tool_output_read(struct tool_output *output, uint64_t offset, uint8_t *out, size_t len)
{
    return read_all(output->fd, offset, out, len);
}

/* The directory too, so that the new name is there after a power cut. */
static void sync_folder(const char *path)
{
    char folder[TOOL_PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    memcpy(folder, len == 0 ? "." : path, len == 0 ? 1 : len);
    folder[len == 0 ? 1 : len] = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

/* rename(2) replaces; link(2) does not. */
static bool put_in_place(const struct tool_output *output, bool replace)
{
    if (replace)
        return rename(output->beside, output->path) == 0;
    if (link(output->beside, output->path) != 0)
        return false;
    unlink(output->beside);
    return true;
}

bool tool_output_commit(struct tool_output *output, bool replace, char why[TOOL_WHY_MAX])
{
    bool synced = fsync(output->fd) == 0;
    if (!synced || !put_in_place(output, replace)) {
        fail(why, "write", output->path);
        tool_output_drop(output);
        return false;
    }
    unfinished[0] = '\0';
    close(output->fd);
    output->fd = -1;
    sync_folder(output->path);
    return true;
}

void tool_output_drop(struct tool_output *output)
{
    if (output->fd < 0)
        return;
    unlink(output->beside);
    unfinished[0] = '\0';
    close(output->fd);
    output->fd = -1;
}

bool tool_write(const char *path, mode_t mode, bool replace, bc_view bytes, char why[TOOL_WHY_MAX])
{
    struct tool_output output;
    if (!tool_output_open(&output, path, mode, why))
        return false;
    if (!tool_output_write(&output, 0, bytes)) {
        fail(why, "write", path);
        tool_output_drop(&output);
        return false;
    }
    return tool_output_commit(&output, replace, why);
}
