/*
 * --keylog: see keylog.h.
 */
#define _GNU_SOURCE
#include "keylog.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>

#include "report.h"

int keylog_open(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        report("cannot write the key log %s: %s", path, strerror(errno));
    return fd;
}

/* One write a line: several programs may append to one file. */
bool keylog_add(int fd, const char *line)
{
    char end[] = "\n";
    size_t len = strlen(line);
    struct iovec parts[] = {{.iov_len = len}, {.iov_base = end, .iov_len = 1}};
    memcpy(&parts[0].iov_base, &line, sizeof(line)); /* writev() changes nothing there */
    errno = ENOSPC;                                  /* of a short write */
    return writev(fd, parts, 2) == (ssize_t)(len + 1);
}
