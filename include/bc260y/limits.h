/*
 * Every size of the library that somebody could run into, in one place.
 * G = the guide "BC260Y-CN LwM2M application guide" 1.2; the rest are decisions (docs/AT.md).
 */
#ifndef BC260Y_LIMITS_H
#define BC260Y_LIMITS_H

/* Custom objects (G 2.6). */
#define BC_OBJECTS_MAX 3
#define BC_INSTANCES_MAX 4  /* of one object */
#define BC_RESOURCES_MAX 14 /* of one instance */

/* Texts, in bytes without terminator (G 2.1, 2.2). */
#define BC_HOST_BYTES_MAX 150
#define BC_ENDPOINT_BYTES_MAX 150
#define BC_PSK_ID_BYTES_MAX 150
#define BC_PSK_BYTES_MAX 256
#define BC_CFG_VALUES_MAX 4       /* resources set through AT+QLACFG="cfg_res" */
#define BC_CFG_VALUE_BYTES_MAX 64 /* one of them */
#define BC_LOCATION_BYTES_MAX 64  /* the registration's path, segments joined by '/' */
#define BC_LOCATION_SEGMENTS_MAX 8
#define BC_URI_BYTES_MAX 255 /* of a firmware package: 5/0/1 */
#define BC_REVISION_BYTES_MAX 31

/* Values (G 2.8 to 2.13). */
#define BC_STRING_BYTES_MAX 1024
#define BC_OPAQUE_BYTES_MAX 512

/* Lifetime in seconds (G 2.1). */
#define BC_LIFETIME_MIN 20
#define BC_LIFETIME_MAX 31536000
#define BC_LIFETIME_DEFAULT 86400

/* The wire. */
#define BC_DATAGRAM_BYTES_MAX 1280 /* a CoAP message */
#define BC_WIRE_BYTES_MAX 1400     /* the same with DTLS around it */
#define BC_UPLOAD_BYTES_MAX 1088   /* a write in blocks, put together */
#define BC_TOKEN_BYTES 4           /* of the tokens we choose */

/* Things that wait. */
#define BC_REQUESTS_MAX 8      /* server requests that the host has not answered */
#define BC_OBSERVATIONS_MAX 16 /* alive at a time */
#define BC_COLLECTIONS_MAX 4   /* notifications in parts whose last part is still to come */
#define BC_ATTRIBUTES_MAX 16   /* written by a server; gt, lt and st take one more a resource */
#define BC_EXCHANGES_MAX 8     /* messages of ours that are queued or unacknowledged */
#define BC_REPLIES_MAX 16      /* replies remembered for duplicates */
#define BC_REPLY_BYTES 16      /* a remembered reply up to here costs no workspace */
#define BC_URCS_MAX 16         /* unsolicited result codes that wait for the line */
#define BC_URC_REQUESTS_MAX 8  /* of those, the ones a server can cause by asking */

/* The serial line. */
#define BC_AT_LINE_BYTES_MAX 2304 /* one command line without its CR */
#define BC_AT_PARAMS_MAX 18
#define BC_AT_REPLY_BYTES 1536   /* echo and responses that the host has not taken */
#define BC_URC_BYTES 2176        /* URCs that the host has not taken */
#define BC_URC_HEAD_BYTES_MAX 64 /* a URC without its value */
#define BC_ARENA_BYTES 2176      /* outgoing messages, large remembered replies, values in parts */

/* What bc_module_describe() writes at most. */
#define BC_DESCRIPTION_BYTES 12288

/* What the caller lends; see module.h. */
#define BC_MODULE_BYTES 4096
#define BC_WORKSPACE_BYTES 8192

#endif
