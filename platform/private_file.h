/*
 * Files with secrets in them: only their owner may have rights to them.
 */
#ifndef BC_PLATFORM_PRIVATE_FILE_H
#define BC_PLATFORM_PRIVATE_FILE_H

/* As open(2), with close-on-exec; a new file gets the mode 0600. -1 after a line on stderr, also
 * when the file may be read or written by others. */
int platform_private_open(const char *path, int flags);

#endif
