/*
 * The fields of one AT command (G 1.1.1; MODULE: quotes and spaces optional, a typed value is cut
 * by its length).
 */
#ifndef BC_AT_PARAM_H
#define BC_AT_PARAM_H

#include "at/command.h"

/* Parses `fields` against the rows into call->arg. False when a field is missing, extra, malformed
 * or out of range. Opaque values are decoded where they stand. */
bool bc_at_parse_fields(struct bc_at_call *call, const struct bc_at_param *param, unsigned params,
                        bc_sink *fields);

/* Takes one quoted or plain field off the front; false when a quote is not closed or is followed
 * by anything but a comma. The comma behind it is taken too; `*more` tells whether there was one.
 */
bool bc_at_next_field(bc_sink *fields, bc_view *out, bool *quoted, bool *more);

#endif
