/*
 * Records as files: see state.h.
 *
 * A record is written beside the old one, flushed, and put in its place by two renames: the old
 * one steps back to .old, the new one takes its name. Between the two only .old is there, and the
 * library asks for it; so one good copy exists at every moment.
 */
#define _GNU_SOURCE
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sink.h"
#include "report.h"

#define FILE_NAME_BYTES 32 /* of a record, with what stands behind its dot */
#define LOCK_NAME "lock"

struct file_name {
    char text[FILE_NAME_BYTES];
};

static struct file_name name_of(enum bc_record record, const char *suffix)
{
    struct file_name name;
    snprintf(name.text, sizeof(name.text), "%s%s", bc_record_name(record), suffix);
    return name;
}

static struct file_name name_of_copy(enum bc_record record, unsigned copy)
{
    return name_of(record, copy == 0 ? "" : ".old");
}

const char *state_area_name(enum bc_area area)
{
    static const char *const names[] = {
        [BC_AREA_SLOT_0] = "slot0", [BC_AREA_SLOT_1] = "slot1", [BC_AREA_PACKAGE] = "package"};
    return names[area];
}

/* --- The directory ---------------------------------------------------------------------------- */

bool state_name_legal(const char *name)
{
    static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(name);
    return len > 0 && len <= STATE_NAME_BYTES_MAX && strspn(name, legal) == len && name[0] != '.' &&
           name[0] != '-';
}

/* As the XDG base directory specification has it: a path that is not absolute does not count. */
static bool find_default(struct state *s, const char *name)
{
    const char *state_home = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int len;
    if (state_home != NULL && state_home[0] == '/')
        len = snprintf(s->dir, sizeof(s->dir), "%s/bc260y/%s", state_home, name);
    else if (home != NULL && home[0] == '/')
        len = snprintf(s->dir, sizeof(s->dir), "%s/.local/state/bc260y/%s", home, name);
    else
        len = 0;
    if (len > 0 && (size_t)len < sizeof(s->dir))
        return true;
    report("no home to keep the module's state in; give --state DIR, or --state none");
    return false;
}

/* Each missing folder on the way, and the last one. */
static bool make_dir(const char *dir)
{
    char path[STATE_DIR_BYTES];
    size_t len = strlen(dir);
    memcpy(path, dir, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        path[i] = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return false;
        path[i] = dir[i];
    }
    return true;
}

/* Keys are kept here: whoever may write to it could put others in their place. */
static bool dir_is_ours(const struct state *s)
{
    struct stat about;
    if (fstat(s->dir_fd, &about) != 0) {
        report("cannot look at %s: %s", s->dir, strerror(errno));
        return false;
    }
    if (about.st_uid != geteuid() && about.st_uid != 0) {
        report("%s belongs to another user (%u); give another --state", s->dir,
               (unsigned)about.st_uid);
        return false;
    }
    if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        report("%s can be written by others; chmod 700 it, or give another --state", s->dir);
        return false;
    }
    return true;
}

/* A file that we would read, replace or erase. */
static bool name_is_ours(const char *name)
{
    static const char *const suffixes[] = {"", ".old", ".new", ".bad", ".old.bad"};
    for (unsigned i = 0; i < BC_RECORDS; i++) {
        const char *record = bc_record_name((enum bc_record)i);
        size_t len = strlen(record);
        for (size_t k = 0; k < sizeof(suffixes) / sizeof(suffixes[0]); k++)
            if (strncmp(name, record, len) == 0 && strcmp(name + len, suffixes[k]) == 0)
                return true;
    }
    return strcmp(name, state_area_name(BC_AREA_SLOT_0)) == 0 ||
           strcmp(name, state_area_name(BC_AREA_SLOT_1)) == 0 ||
           strcmp(name, state_area_name(BC_AREA_PACKAGE)) == 0;
}

/* What stands in a directory. */
struct contents {
    bool locked; /* it has our lock file: it is a state directory */
    bool others; /* files of somebody else's */
    char ours[FILE_NAME_BYTES];
};

static bool look_into(const struct state *s, struct contents *out)
{
    *out = (struct contents){0};
    int fd = openat(s->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        report("cannot look into %s: %s", s->dir, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        if (strcmp(name, LOCK_NAME) == 0)
            out->locked = true;
        else if (name_is_ours(name))
            snprintf(out->ours, sizeof(out->ours), "%.31s", name); /* no name of ours is longer */
        else
            out->others = true;
    }
    closedir(dir);
    return true;
}

/* In somebody's home or sources, "server" or "settings" is no record of ours, however damaged it
 * looks: it must not be set aside, nor erased. An empty directory is ours to close. */
static bool dir_is_for_state(const struct state *s)
{
    struct contents in;
    if (!look_into(s, &in))
        return false;
    if (!in.locked && in.others && in.ours[0] != '\0') {
        report(
            "%s is no state directory: its \"%s\" would be taken for a record; give an empty one",
            s->dir, in.ours);
        return false;
    }
    struct stat about;
    bool empty = !in.locked && !in.others && in.ours[0] == '\0';
    if (empty && fstat(s->dir_fd, &about) == 0)
        (void)fchmod(s->dir_fd, about.st_mode & 0700); /* where it cannot be: records are 0600 */
    return true;
}

static bool open_dir(struct state *s)
{
    s->dir_fd = -1;
    if (make_dir(s->dir))
        s->dir_fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir_fd >= 0)
        return dir_is_ours(s) && dir_is_for_state(s);
    report("cannot open the state directory %s: %s; give --state DIR, or --state none", s->dir,
           strerror(errno));
    return false;
}

/* A lock of fcntl() ends with the process however it ends, and tells who holds it. */
static bool take_lock(struct state *s)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    s->lock_fd = openat(s->dir_fd, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    while (s->lock_fd >= 0) {
        if (fcntl(s->lock_fd, F_SETLK, &lock) == 0)
            return true;
        if (errno != EACCES && errno != EAGAIN)
            break;
        struct flock holder = lock;
        if (fcntl(s->lock_fd, F_GETLK, &holder) != 0)
            break;
        if (holder.l_type == F_UNLCK) /* gone meanwhile */
            continue;
        report("another bc260y (pid %ld) uses %s; give this one another --name or --state",
               (long)holder.l_pid, s->dir);
        return false;
    }
    report("cannot lock %s/%s: %s; give --state DIR, or --state none", s->dir, LOCK_NAME,
           strerror(errno));
    return false;
}

/* --- Files ------------------------------------------------------------------------------------ */

static bool write_all(int fd, bc_view bytes)
{
    while (bytes.len > 0) {
        ssize_t written = write(fd, bytes.ptr, bytes.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes = (bc_view){bytes.ptr + written, bytes.len - (size_t)written};
    }
    return true;
}

/* A file of its own, whatever stood there before: nobody else has it open. */
static bool write_file(int dir_fd, const char *name, bc_view bytes)
{
    (void)unlinkat(dir_fd, name, 0);
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool written = write_all(fd, bytes) && fsync(fd) == 0;
    int reason = errno;
    if (close(fd) != 0 && written) {
        reason = errno;
        written = false;
    }
    if (!written)
        (void)unlinkat(dir_fd, name, 0);
    errno = reason;
    return written;
}

/* Some file systems cannot flush a directory, and need not. */
static bool flush_dir(int dir_fd)
{
    return fsync(dir_fd) == 0 || errno == EINVAL;
}

static bool replace(int dir_fd, enum bc_record record, bc_view bytes)
{
    struct file_name now = name_of(record, "");
    struct file_name old = name_of(record, ".old");
    struct file_name new = name_of(record, ".new");
    if (!write_file(dir_fd, new.text, bytes))
        return false;
    bool stepped_back = renameat(dir_fd, now.text, dir_fd, old.text) == 0;
    if (!stepped_back && errno != ENOENT)
        return false;
    if (renameat(dir_fd, new.text, dir_fd, now.text) == 0)
        return flush_dir(dir_fd);
    int reason = errno;
    if (stepped_back)
        (void)renameat(dir_fd, old.text, dir_fd, now.text);
    errno = reason;
    return false;
}

static bool remove_file(int dir_fd, enum bc_record record, const char *suffix, bool *any)
{
    struct file_name name = name_of(record, suffix);
    if (unlinkat(dir_fd, name.text, 0) == 0)
        *any = true;
    else if (errno != ENOENT)
        return false;
    return true;
}

/* The record itself goes last: what is older must not come back in its place. */
static bool erase(int dir_fd, enum bc_record record)
{
    bool any = false;
    if (!remove_file(dir_fd, record, ".new", &any) || !remove_file(dir_fd, record, ".old", &any))
        return false;
    if (any && !flush_dir(dir_fd))
        return false;
    return remove_file(dir_fd, record, "", &any) && (!any || flush_dir(dir_fd));
}

static bool forget_all(const struct state *s)
{
    bool any;
    for (unsigned i = 0; i < BC_RECORDS; i++) {
        enum bc_record record = (enum bc_record)i;
        if (erase(s->dir_fd, record) && remove_file(s->dir_fd, record, ".bad", &any) &&
            remove_file(s->dir_fd, record, ".old.bad", &any))
            continue;
        report("cannot erase \"%s\" in %s: %s", bc_record_name(record), s->dir, strerror(errno));
        return false;
    }
    return true;
}

/* --- The port --------------------------------------------------------------------------------- */

/* What cannot be read is as good as damaged: the file is there, and nothing comes out of it. */
static bool load_file(const struct state *s, enum bc_record record, unsigned copy, bc_sink *out)
{
    uint8_t bytes[BC_RECORD_BYTES_MAX + 1]; /* one more than there can be: it will not fit */
    size_t len = 0;
    ssize_t got = -1;
    struct file_name name = name_of_copy(record, copy);
    int fd = openat(s->dir_fd, name.text, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return false;
    while (fd >= 0 && (got = read(fd, bytes + len, sizeof(bytes) - len)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        len += (size_t)got;
    }
    if (got < 0)
        report("cannot read %s/%s: %s", s->dir, name.text, strerror(errno));
    else
        bc_put_bytes(out, (bc_view){bytes, len});
    if (fd >= 0)
        close(fd);
    bc_wipe(bytes, sizeof(bytes));
    return true;
}

static bool load(void *context, enum bc_record record, unsigned copy, bc_sink *out)
{
    struct state *s = context;
    if (s->dir_fd >= 0)
        return load_file(s, record, copy, out);
    struct bc_storage memory = bc_memory_storage(&s->memory);
    return memory.load(memory.context, record, copy, out);
}

static bool put(struct state *s, enum bc_record record, bc_view bytes)
{
    struct bc_storage memory = bc_memory_storage(&s->memory);
    if (s->dir_fd < 0)
        return memory.store(memory.context, record, bytes);
    return bytes.len == 0 ? erase(s->dir_fd, record) : replace(s->dir_fd, record, bytes);
}

bool state_survives(struct state *s, bc_view *bytes)
{
    enum state_fault fault = s->fault;
    if (bytes->len == 0)
        return true;
    if (fault != STATE_FULL)
        s->fault = STATE_SOUND;
    errno = fault == STATE_FULL ? ENOSPC : EIO;
    if (fault == STATE_TEAR_NEXT)
        bytes->len -= bytes->len / 2;
    return fault == STATE_SOUND || fault == STATE_TEAR_NEXT;
}

static bool store(void *context, enum bc_record record, bc_view bytes)
{
    struct state *s = context;
    if (state_survives(s, &bytes) && put(s, record, bytes))
        return true;
    report("cannot keep \"%s\"%s%s: %s", bc_record_name(record), s->dir_fd < 0 ? "" : " in ",
           s->dir_fd < 0 ? "" : s->dir, strerror(errno));
    return false;
}

static void set_aside(void *context, enum bc_record record, unsigned copy)
{
    const struct state *s = context;
    struct file_name from = name_of_copy(record, copy);
    struct file_name to = name_of(record, copy == 0 ? ".bad" : ".old.bad");
    if (s->dir_fd < 0)
        report("\"%s\" is damaged: it does not count", from.text);
    else if (renameat(s->dir_fd, from.text, s->dir_fd, to.text) != 0)
        report("%s/%s is damaged, and cannot be renamed: %s", s->dir, from.text, strerror(errno));
    else
        report("%s/%s is damaged or of another version: it does not count, and is now %s", s->dir,
               from.text, to.text);
}

struct bc_storage state_storage(struct state *s)
{
    return (struct bc_storage){.load = load, .store = store, .damaged = set_aside, .context = s};
}

void state_fail(struct state *s, enum state_fault fault)
{
    s->fault = fault;
}

/* --- Beginning and end ------------------------------------------------------------------------ */

/* Without a record the one before it counts, which is worth a word. */
static void tell_missing(const struct state *s)
{
    for (unsigned i = 0; i < BC_RECORDS; i++) {
        struct stat about;
        struct file_name now = name_of_copy((enum bc_record)i, 0);
        struct file_name old = name_of_copy((enum bc_record)i, 1);
        if (fstatat(s->dir_fd, old.text, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
            fstatat(s->dir_fd, now.text, &about, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
            report("%s/%s is missing: %s counts in its place", s->dir, now.text, old.text);
    }
}

void state_init(struct state *s)
{
    *s = (struct state){.dir_fd = -1, .lock_fd = -1};
}

bool state_open(struct state *s, const char *dir, const char *name, bool factory_reset)
{
    if (dir != NULL && strcmp(dir, STATE_NONE) == 0)
        return true;
    if (dir == NULL) {
        if (!find_default(s, name))
            return false;
    } else if ((size_t)snprintf(s->dir, sizeof(s->dir), "%s", dir) >= sizeof(s->dir)) {
        report("--state: a path of more than %d bytes", STATE_DIR_BYTES - 1);
        return false;
    }
    if (!open_dir(s) || !take_lock(s) || (factory_reset && !forget_all(s)))
        return false;
    tell_missing(s);
    return true;
}

void state_close(struct state *s)
{
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    if (s->dir_fd >= 0)
        close(s->dir_fd);
    bc_wipe(&s->memory, sizeof(s->memory));
    s->dir_fd = -1;
    s->lock_fd = -1;
}
