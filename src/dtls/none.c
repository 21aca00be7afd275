/*
 * No backend: for builds without DTLS. It opens no session, so the calls on one never happen;
 * their results are those of a session that does not exist.
 */
#include "dtls.h"

struct bc_dtls *bc_dtls_open(const struct bc_dtls_client *client, uint64_t now_ms)
{
    (void)client, (void)now_ms;
    return NULL;
}

struct bc_dtls_server *bc_dtls_server_create(const struct bc_dtls_server_config *config)
{
    (void)config;
    return NULL;
}

void bc_dtls_server_destroy(struct bc_dtls_server *server)
{
    (void)server;
}

struct bc_dtls *bc_dtls_accept(struct bc_dtls_server *server, uint64_t now_ms,
                               const struct bc_address *from, bc_view in, bc_sink *reply)
{
    (void)server, (void)now_ms, (void)from, (void)in, (void)reply;
    return NULL;
}

void bc_dtls_free(struct bc_dtls *session)
{
    (void)session;
}

void bc_dtls_close(struct bc_dtls *session)
{
    (void)session;
}

enum bc_dtls_state bc_dtls_state(const struct bc_dtls *session)
{
    (void)session;
    return BC_DTLS_FAILED;
}

const char *bc_dtls_failure(const struct bc_dtls *session)
{
    (void)session;
    return "built without DTLS";
}

const char *bc_dtls_version_name(const struct bc_dtls *session)
{
    (void)session;
    return "";
}

const char *bc_dtls_cipher_name(const struct bc_dtls *session)
{
    (void)session;
    return "";
}

bool bc_dtls_resumed(const struct bc_dtls *session)
{
    (void)session;
    return false;
}

bc_view bc_dtls_identity(const struct bc_dtls *session)
{
    (void)session;
    return (bc_view){0};
}

void bc_dtls_on_datagram(struct bc_dtls *session, uint64_t now_ms, bc_view in)
{
    (void)session, (void)now_ms, (void)in;
}

bool bc_dtls_read(struct bc_dtls *session, bc_view *out)
{
    (void)session, (void)out;
    return false;
}

enum bc_err bc_dtls_write(struct bc_dtls *session, bc_view plain)
{
    (void)session, (void)plain;
    return BC_ERR_STATE;
}

bool bc_dtls_take(struct bc_dtls *session, bc_view *out)
{
    (void)session, (void)out;
    return false;
}

void bc_dtls_on_time(struct bc_dtls *session, uint64_t now_ms)
{
    (void)session, (void)now_ms;
}

uint64_t bc_dtls_deadline(const struct bc_dtls *session)
{
    (void)session;
    return BC_NEVER;
}

bool bc_dtls_export(const struct bc_dtls *session, bc_sink *out)
{
    (void)session, (void)out;
    return false;
}
