/*
 * Records in RAM: see bc260y/storage.h. There is no second copy: nothing can be torn here.
 */
#include "base/sink.h"
#include "bc260y/storage.h"

static bool load(void *context, enum bc_record record, unsigned copy, bc_sink *out)
{
    const struct bc_memory_store *store = context;
    if (copy > 0 || store->len[record] == 0)
        return false;
    bc_put_bytes(out, (bc_view){store->bytes[record], store->len[record]});
    return !out->full;
}

static bool keep(void *context, enum bc_record record, bc_view bytes)
{
    struct bc_memory_store *store = context;
    bc_sink out = {.ptr = store->bytes[record], .cap = BC_RECORD_BYTES_MAX};
    if (bytes.len > BC_RECORD_BYTES_MAX)
        return false;
    bc_put_bytes(&out, bytes);
    store->len[record] = (uint16_t)out.len;
    return true;
}

struct bc_storage bc_memory_storage(struct bc_memory_store *store)
{
    return (struct bc_storage){.load = load, .store = keep, .context = store};
}
