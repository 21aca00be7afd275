/*
 * Where the token of the REST interface comes from: a file, the environment, or the file that the
 * platform made at its first start. Never from the command line, which others can see.
 */
#ifndef BC_PLATFORM_TOKEN_H
#define BC_PLATFORM_TOKEN_H

#include <stdbool.h>

#define TOKEN_BYTES_MAX 256

/* `file` may be NULL. True with an empty token when there is none anywhere; false after a line on
 * stderr. */
bool token_find(const char *file, char out[TOKEN_BYTES_MAX]);

#endif
