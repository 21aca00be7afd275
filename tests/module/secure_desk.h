/*
 * The desk with DTLS on its network (desk.h): a module alone on the virtual clock, and a server of
 * dtls/dtls.h in front of the test. desk_wire() sees what the server has decrypted, desk_server()
 * goes through its session; everything else of the desk is as before.
 *
 *      module          network (counted, lost, taped)           server           test
 *        | ---- records ------------------------> session ----> desk_wire()
 *        | <--- records ------------------------- session <---- desk_server()
 *
 * The server finds its peer by its address, and takes a ClientHello with a good cookie for a new
 * session in place of the old one, as servers do.
 */
#ifndef TEST_SECURE_DESK_H
#define TEST_SECURE_DESK_H

#include "desk.h"

#include "base/random.h"
#include "dtls/dtls.h"

#define SECURE_IDENTITY "867724030023557"
#define SECURE_KEY "correct-horse-battery" /* odd, and no hex: a text */
#define SECURE_PORT 5684
#define SECURE_CONFIGURE_AS(identity, key) \
    "AT+QLACONFIG=0,\"180.101.147.115\",5684,\"867724030023557\",300,0,\"" identity "\",\"" key "\""
#define SECURE_CONFIGURE SECURE_CONFIGURE_AS(SECURE_IDENTITY, SECURE_KEY)

#define SECURE_TAPE_MAX 512
#define SECURE_DOWN_MAX 32
#define SECURE_LOG_BYTES 65536
#define SECURE_GIVES_UP_MS BC_DTLS_HANDSHAKE_MS_MAX
#define NOTHING_IS_LOST UINT32_MAX

struct secure_datagram {
    bool up; /* from the module */
    size_t len;
    uint8_t bytes[BC_DTLS_DATAGRAM_BYTES_MAX];
};

struct secure_desk {
    struct desk desk; /* first: the network's functions get it */
    struct bc_dtls_server *listener;
    struct bc_dtls *peer; /* the server's session with the module, NULL before */
    struct bc_address module_address;
    /* The server's only account. */
    const char *identity;
    bc_view key;
    bc_view secret; /* must not be in the module's memory after any step; empty = not looked for */
    bool plain;     /* the server speaks no DTLS */
    /* What happens on the way. */
    bool server_deaf;  /* nothing reaches the server */
    uint32_t lost;     /* number of the datagram that vanishes, since secure_mark() */
    uint32_t count;    /* of datagrams either way since secure_mark() */
    uint32_t sessions; /* handshakes that the server has begun */
    struct bc_random chance;
    uint32_t loss_percent, twice_percent; /* of all datagrams, as chance has it */
    size_t taped; /* how many were ever on the way; the tape holds the last SECURE_TAPE_MAX */
    struct secure_datagram tape[SECURE_TAPE_MAX];
    size_t downs; /* on their way to the module */
    struct secure_datagram down[SECURE_DOWN_MAX];
    size_t log_len; /* every trace line */
    char log[SECURE_LOG_BYTES];
    size_t keylog_lines;
    char keylog[2048]; /* the last line */
};

/* A module that has just booted, with ATE0 and AT+QSCLK=0 behind it, and a server that negotiates
 * the version, resumes, and knows SECURE_IDENTITY with SECURE_KEY. NULL = seed 1. */
struct secure_desk *secure_new(const struct bc_config *config);
/* The same, configured for that server with object 19. */
struct secure_desk *secure_configured(void);
/* Configured and registered at /rd/5a3f. */
struct secure_desk *secure_registered(void);
/* Nothing may be left unread; nothing may be left at all. */
void secure_free(struct secure_desk *s);
/* The module is given up in the middle of what it does. */
void secure_abandon(struct secure_desk *s);

/* The server begins anew: its sessions and tickets mean nothing any more. */
void secure_restart_server(struct secure_desk *s, enum bc_dtls_version version, bool resumption);
/* The server says goodbye. */
void secure_close_server(struct secure_desk *s);

/* From here on datagrams are counted anew, and the one of this number is lost. */
void secure_mark(struct secure_desk *s, uint32_t lost);

/* The result of AT+QLAREG that follows OK. A registration that gets as far as the server's CoAP is
 * answered with 2.01. */
#define secure_registers(s) secure_registers_at(s, __FILE__, __LINE__)
void secure_registers_at(struct secure_desk *s, const char *file, int line);
#define secure_refused(s, after_ms) secure_refused_at(s, after_ms, __FILE__, __LINE__)
void secure_refused_at(struct secure_desk *s, uint64_t after_ms, const char *file, int line);

/* The server's session is open, or has ended. */
#define secure_is(s, state) assert_int_equal(bc_dtls_state((s)->peer), state)

#endif
