/*
 * The backends of src/dfota (sha256.h, unpack.h) for bc260y, as dtls_plugin.c does it for DTLS:
 * lib/bc260y/dfota.so has them, with libcrypto and libzstd behind them, and is loaded when the
 * first package is looked at. Without it every package is refused, as without a backend.
 */
#include "dfota/sha256.h"
#include "dfota/unpack.h"
#include "plugin.h"

static struct {
    void (*begin)(struct bc_sha256 *hash);
    void (*add)(struct bc_sha256 *hash, bc_view bytes);
    bool (*end)(struct bc_sha256 *hash, uint8_t digest[BC_SHA256_BYTES]);
    size_t (*memory_bytes)(void);
    bool (*unpack_begin)(struct bc_unpack *unpack, void *memory, size_t memory_bytes,
                         bc_view source);
    bool (*unpack_block)(struct bc_unpack *unpack, bc_view frame, uint8_t *out, size_t len);
} plugin;

static bool find_all(void *library)
{
    return symbol_find(library, "bc_sha256_begin", &plugin.begin) &&
           symbol_find(library, "bc_sha256_add", &plugin.add) &&
           symbol_find(library, "bc_sha256_end", &plugin.end) &&
           symbol_find(library, "bc_unpack_memory_bytes", &plugin.memory_bytes) &&
           symbol_find(library, "bc_unpack_begin", &plugin.unpack_begin) &&
           symbol_find(library, "bc_unpack_block", &plugin.unpack_block);
}

static bool loaded(void)
{
    static bool tried, found; /* once: what is missing stays missing, and is told once */
    if (!tried)
        found = plugin_load("dfota.so", "firmware updates", "the packages libssl3 and libzstd1,",
                            find_all);
    tried = true;
    return found;
}

void bc_sha256_begin(struct bc_sha256 *hash)
{
    hash->good = false;
    if (loaded())
        plugin.begin(hash);
}

void bc_sha256_add(struct bc_sha256 *hash, bc_view bytes)
{
    if (loaded())
        plugin.add(hash, bytes);
}

bool bc_sha256_end(struct bc_sha256 *hash, uint8_t digest[BC_SHA256_BYTES])
{
    return loaded() && plugin.end(hash, digest);
}

size_t bc_unpack_memory_bytes(void)
{
    return loaded() ? plugin.memory_bytes() : 0;
}

bool bc_unpack_begin(struct bc_unpack *unpack, void *memory, size_t memory_bytes, bc_view source)
{
    return loaded() && plugin.unpack_begin(unpack, memory, memory_bytes, source);
}

bool bc_unpack_block(struct bc_unpack *unpack, bc_view frame, uint8_t *out, size_t len)
{
    return loaded() && plugin.unpack_block(unpack, frame, out, len);
}
