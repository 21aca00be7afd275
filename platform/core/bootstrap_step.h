/*
 * The steps of a bootstrap (LwM2M 1.0 section 5.2.7): what each one asks, and which answer is
 * right.
 */
#ifndef BC_PLATFORM_BOOTSTRAP_STEP_H
#define BC_PLATFORM_BOOTSTRAP_STEP_H

#include "bootstrap.h"

/* In order. */
enum bootstrap_step {
    STEP_DISCOVER,
    STEP_DELETE,
    STEP_BOOTSTRAP_ACCOUNT,
    STEP_SERVER_ACCOUNT,
    STEP_SERVER,
    STEP_FINISH,
    STEP_COUNT
};

/* "PUT /0/0" */
const char *bc_server_step_name(enum bootstrap_step step);
uint8_t bc_server_step_expected(enum bootstrap_step step);

/* Whether the limits of bootstrap.h hold. */
bool bc_server_information_valid(const struct bc_bootstrap_information *information);

/* Of all steps together, whatever the information says. */
#define STEP_PAYLOADS_BYTES_MAX 2048

/* A step's payload, if it has one. */
void bc_server_step_put_payload(bc_sink *out, enum bootstrap_step step,
                                const struct bc_bootstrap_information *information);

/* A step's message. */
void bc_server_step_write(bc_sink *out, enum bootstrap_step step, uint16_t message_id,
                          uint32_t token, bc_view payload);

#endif
