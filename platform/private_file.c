/*
 * The opening of private_file.h.
 */
#define _GNU_SOURCE
#include "private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OTHERS (S_IRWXG | S_IRWXO)

/* Of terminals and pipes the mode says nothing. */
static bool is_private(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && (!S_ISREG(status.st_mode) || (status.st_mode & OTHERS) == 0);
}

int platform_private_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        fprintf(stderr, "bc260y-platform: cannot open %s: %s\n", path, strerror(errno));
        return -1;
    }
    if (is_private(fd))
        return fd;
    fprintf(stderr,
            "bc260y-platform: %s holds secrets, and others have rights to it; chmod 600 it\n",
            path);
    close(fd);
    return -1;
}
