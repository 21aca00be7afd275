/*
 * How each carrier's platform behaves towards its devices (PLATFORM section 2): a row of settings.
 * What a row cannot say is a function in carrier.c.
 */
#ifndef BC_PLATFORM_CARRIER_H
#define BC_PLATFORM_CARRIER_H

#include "server.h"

/* What is observed besides the carrier's report object. */
enum carrier_observes {
    CARRIER_OBSERVES_NOTHING,
    CARRIER_OBSERVES_OBJECTS,  /* user objects, as a whole */
    CARRIER_OBSERVES_INSTANCES /* those that config.observes wants; else those of user objects */
};

struct bc_server_carrier {
    const char *name;
    bool report;                    /* observes /19/0/0, Accept 42, when object 19 is announced */
    enum carrier_observes observes; /* Accept 11542 */
    bool observes_on_demand;        /* only for products with observe_all */
    bool identifies; /* reads the product id, /3/0/17, and refuses a device with a wrong one */
};

/* "iot", "aep", "dmp", "andlink"; NULL for another name. */
const struct bc_server_carrier *bc_server_carrier_find(const char *name);

struct content;
struct device;
struct exchange;

/* After a registration: asks who the device is, where the carrier wants to know. */
void bc_server_carrier_identify(struct bc_server *server, struct device *device);
/* How a request ended; `content` is NULL when there was no answer. Why the device may not stay, or
 * NULL when it may. */
const char *bc_server_carrier_refuses(const struct bc_server *server,
                                      const struct exchange *exchange,
                                      const struct content *content);

/* After a registration, or an update that brought other objects: asks for what is not yet
 * observed. */
void bc_server_carrier_observe(struct bc_server *server, struct device *device);

#endif
