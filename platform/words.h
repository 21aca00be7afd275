/*
 * A line as words, for commands and for files: separated by blanks; a word in double quotes may
 * have blanks, and a backslash in it takes the next character as it is.
 */
#ifndef BC_PLATFORM_WORDS_H
#define BC_PLATFORM_WORDS_H

#include "bc260y/types.h"

#define WORDS_MAX 4

struct word {
    bc_view text;
    bool quoted;
};

struct words {
    struct word list[WORDS_MAX];
    size_t count;
};

/* The views point into `line`, which is changed where there are quotes. False when there are more
 * words than fit, or a quote is not closed, or not followed by a blank. */
bool platform_words_split(char *line, size_t len, struct words *out);

#endif
