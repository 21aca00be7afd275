/*
 * Where a passphrase comes from: a file, the terminal without echo, or standard input when that is
 * no terminal. Never from the command line, which everybody on the machine can read.
 */
#ifndef SIGN_PASSPHRASE_H
#define SIGN_PASSPHRASE_H

#include "sign.h"

struct sign_passphrase_source {
    const char *file; /* NULL: terminal or standard input */
    bool is_new;      /* a terminal is asked twice */
};

/* The first line, 1 to SIGN_PASSPHRASE_MAX bytes, without its end. `context` is a
 * struct sign_passphrase_source: this is the ask() of a struct sign_asker. */
bool sign_take_passphrase(void *context, char passphrase[SIGN_PASSPHRASE_MAX + 1],
                          char why[TOOL_WHY_MAX]);

#endif
