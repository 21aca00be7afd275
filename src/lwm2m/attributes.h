/*
 * What a server has written with Write-Attributes (LwM2M 1.0 sections 5.1.2, 5.4.4) to the built-in
 * objects, their instances and resources: when observers hear of a value. Acting on it is
 * report.c's.
 */
#ifndef BC_LWM2M_ATTRIBUTES_H
#define BC_LWM2M_ATTRIBUTES_H

#include "bc260y/limits.h"
#include "coap/message.h"
#include "lwm2m/path.h"

enum bc_attribute {
    BC_ATTRIBUTE_PMIN = 1,
    BC_ATTRIBUTE_PMAX,
    BC_ATTRIBUTE_GT,
    BC_ATTRIBUTE_LT,
    BC_ATTRIBUTE_ST,
    BC_ATTRIBUTE_REPORTED, /* ours: the value that was last reported, beside gt, lt or st */
};

#define BC_ATTRIBUTE_UNIT 1000000 /* all values are millionths */

struct bc_attributes {
    int64_t value[BC_ATTRIBUTES_MAX];
    uint16_t key[BC_ATTRIBUTES_MAX]; /* path and attribute; 0 = free */
};

/* What is written at that very path; NULL when nothing is. */
const int64_t *bc_attributes_get(const struct bc_attributes *attributes, struct bc_path path,
                                 enum bc_attribute attribute);

/* What counts at that path: written there, else at the nearest level above. */
const int64_t *bc_attributes_find(const struct bc_attributes *attributes, struct bc_path path,
                                  enum bc_attribute attribute);

/* False when there is no room. */
bool bc_attributes_set(struct bc_attributes *attributes, struct bc_path path,
                       enum bc_attribute attribute, int64_t value);
void bc_attributes_unset(struct bc_attributes *attributes, struct bc_path path,
                         enum bc_attribute attribute);

/* Takes the Uri-Query options of a Write-Attributes to a built-in path, numbers (`gt`, `lt`, `st`)
 * only where `numeric`. Returns the code of the answer; unless it is 2.04, `attributes` are half
 * changed. */
uint8_t bc_attributes_write(struct bc_attributes *attributes, const struct bc_coap_message *request,
                            struct bc_path path, bool numeric);

/* As link-format parameters: ";pmin=10;gt=3.5"; what is written at that path, or what counts. */
void bc_attributes_put(bc_sink *out, const struct bc_attributes *attributes, struct bc_path path,
                       bool inherited);

#endif
