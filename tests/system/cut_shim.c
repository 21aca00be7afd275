/*
 * For LD_PRELOAD into bc260y-platform: ends the process with SIGKILL in the middle of its N-th
 * pwrite(), of which half the bytes are written, where N is what CUT_AT says. So a test can cut a
 * commit where no timing would.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>

/* Names of their own, as far as the compiler knows: the C library's headers have the others. */
ssize_t cut_write_64(int fd, const void *bytes, size_t count, off64_t at) __asm__("pwrite64");
ssize_t cut_write(int fd, const void *bytes, size_t count, off_t at) __asm__("pwrite");

ssize_t cut_write_64(int fd, const void *bytes, size_t count, off64_t at)
{
    static long left;
    if (left == 0) {
        const char *text = getenv("CUT_AT");
        left = text == NULL ? -1 : strtol(text, NULL, 10) + 1;
    }
    if (left > 0 && --left == 1) {
        (void)syscall(SYS_pwrite64, fd, bytes, count / 2, at);
        (void)raise(SIGKILL);
    }
    return syscall(SYS_pwrite64, fd, bytes, count, at);
}

ssize_t cut_write(int fd, const void *bytes, size_t count, off_t at)
{
    return cut_write_64(fd, bytes, count, at);
}
