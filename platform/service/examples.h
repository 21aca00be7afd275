/*
 * The transcripts of examples/, which virtual devices can play without a file: made of those files
 * when the program is built (cmake/embed.cmake).
 */
#ifndef BC_PLATFORM_EXAMPLES_H
#define BC_PLATFORM_EXAMPLES_H

#include "bc260y/types.h"

struct service_example {
    const char *name; /* "iot" */
    bc_view text;
};
extern const struct service_example service_examples[]; /* up to a NULL name */

#endif
