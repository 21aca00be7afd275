/*
 * The client's half of dtls/dtls.h for bc260y: each function hands its call to the function of the
 * same name in lib/bc260y/dtls.so, the backend of src/dtls as a plug-in. It is loaded when the
 * first session is opened, because the OpenSSL behind it takes more memory than all the rest of an
 * idle program, and many a module never speaks DTLS. Without it no session opens, as without a
 * backend.
 */
#include "dtls/dtls.h"
#include "plugin.h"

static struct {
    struct bc_dtls *(*open)(const struct bc_dtls_client *client, uint64_t now_ms);
    void (*free)(struct bc_dtls *session);
    void (*close)(struct bc_dtls *session);
    enum bc_dtls_state (*state)(const struct bc_dtls *session);
    const char *(*failure)(const struct bc_dtls *session);
    bool (*resumed)(const struct bc_dtls *session);
    void (*on_datagram)(struct bc_dtls *session, uint64_t now_ms, bc_view in);
    bool (*read)(struct bc_dtls *session, bc_view *out);
    enum bc_err (*write)(struct bc_dtls *session, bc_view plain);
    bool (*take)(struct bc_dtls *session, bc_view *out);
    void (*on_time)(struct bc_dtls *session, uint64_t now_ms);
    uint64_t (*deadline)(const struct bc_dtls *session);
    bool (*export)(const struct bc_dtls *session, bc_sink *out);
} plugin;

static bool find_all(void *library)
{
    return symbol_find(library, "bc_dtls_open", &plugin.open) &&
           symbol_find(library, "bc_dtls_free", &plugin.free) &&
           symbol_find(library, "bc_dtls_close", &plugin.close) &&
           symbol_find(library, "bc_dtls_state", &plugin.state) &&
           symbol_find(library, "bc_dtls_failure", &plugin.failure) &&
           symbol_find(library, "bc_dtls_resumed", &plugin.resumed) &&
           symbol_find(library, "bc_dtls_on_datagram", &plugin.on_datagram) &&
           symbol_find(library, "bc_dtls_read", &plugin.read) &&
           symbol_find(library, "bc_dtls_write", &plugin.write) &&
           symbol_find(library, "bc_dtls_take", &plugin.take) &&
           symbol_find(library, "bc_dtls_on_time", &plugin.on_time) &&
           symbol_find(library, "bc_dtls_deadline", &plugin.deadline) &&
           symbol_find(library, "bc_dtls_export", &plugin.export);
}

struct bc_dtls *bc_dtls_open(const struct bc_dtls_client *client, uint64_t now_ms)
{
    static bool tried, loaded; /* once: what is missing stays missing, and is told once */
    if (!tried)
        loaded = plugin_load("dtls.so", "DTLS", "the package libssl3", find_all);
    tried = true;
    return loaded ? plugin.open(client, now_ms) : NULL;
}

/* Whoever has a session has got it from the plug-in; only here may there be none. */
void bc_dtls_free(struct bc_dtls *session)
{
    if (session != NULL)
        plugin.free(session);
}

void bc_dtls_close(struct bc_dtls *session)
{
    plugin.close(session);
}

enum bc_dtls_state bc_dtls_state(const struct bc_dtls *session)
{
    return plugin.state(session);
}

const char *bc_dtls_failure(const struct bc_dtls *session)
{
    return plugin.failure(session);
}

bool bc_dtls_resumed(const struct bc_dtls *session)
{
    return plugin.resumed(session);
}

void bc_dtls_on_datagram(struct bc_dtls *session, uint64_t now_ms, bc_view in)
{
    plugin.on_datagram(session, now_ms, in);
}

bool bc_dtls_read(struct bc_dtls *session, bc_view *out)
{
    return plugin.read(session, out);
}

enum bc_err bc_dtls_write(struct bc_dtls *session, bc_view plain)
{
    return plugin.write(session, plain);
}

bool bc_dtls_take(struct bc_dtls *session, bc_view *out)
{
    return plugin.take(session, out);
}

void bc_dtls_on_time(struct bc_dtls *session, uint64_t now_ms)
{
    plugin.on_time(session, now_ms);
}

uint64_t bc_dtls_deadline(const struct bc_dtls *session)
{
    return plugin.deadline(session);
}

bool bc_dtls_export(const struct bc_dtls *session, bc_sink *out)
{
    return plugin.export(session, out);
}
