/*
 * The data of China Mobile Andlink (guide 5.4): what POST /dp brings, JSON in the manner of SenML:
 *
 *     [{"n": "/19/1/0", "vs": "0"}, {"n": "temperature", "vs": "21.5"}]
 */
#ifndef BC_PLATFORM_ANDLINK_H
#define BC_PLATFORM_ANDLINK_H

#include "codec.h"

#define ANDLINK_RECORDS_MAX 64

/* {"/19/1/0": "0", "temperature": "21.5"}, to be released; of records of one name the last counts.
 * Further members of a record are let be, but for its value as a number ("v") or a boolean ("vb"),
 * which is taken when there is no "vs". NULL when the payload is no such text. */
json_t *andlink_decode(bc_view payload, char problem[CODEC_PROBLEM_BYTES]);

#endif
