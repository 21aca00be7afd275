/*
 * The faulty storage of store_faults.h.
 */
#include "store_faults.h"

#include <string.h>

#include "check.h"

void store_faults_init(struct store_faults *s)
{
    memset(s, 0, sizeof(*s));
    s->cut_after = STORE_NEVER;
}

void store_faults_put(struct store_faults *s, enum bc_record record, bc_view bytes)
{
    struct store_slot *slot = s->slot[record];
    assert_true(bytes.len <= BC_RECORD_BYTES_MAX);
    if (slot[0].there)
        slot[1] = slot[0];
    slot[0] = (struct store_slot){.there = true, .len = bytes.len};
    if (bytes.len > 0)
        memcpy(slot[0].bytes, bytes.ptr, bytes.len);
}

static bool load(void *context, enum bc_record record, unsigned copy, bc_sink *out)
{
    const struct store_faults *s = context;
    assert_true(copy < 2 && record < BC_RECORDS);
    assert_true(out->cap - out->len >= BC_RECORD_BYTES_MAX);
    const struct store_slot *slot = &s->slot[record][copy];
    if (slot->there)
        bc_put_bytes(out, (bc_view){slot->bytes, slot->len});
    return slot->there;
}

static bool store(void *context, enum bc_record record, bc_view bytes)
{
    struct store_faults *s = context;
    assert_true(record < BC_RECORDS);
    if (s->refuses)
        return false;
    if (s->cut)
        return true;
    if (s->operations >= s->cut_after) {
        s->cut = true;
        if (bytes.len > 0 && s->torn_bytes > 0)
            store_faults_put(
                s, record,
                (bc_view){bytes.ptr, bytes.len <= s->torn_bytes ? bytes.len - 1 : s->torn_bytes});
        return true;
    }
    s->operations++;
    if (bytes.len > 0)
        store_faults_put(s, record, bytes);
    else
        memset(s->slot[record], 0, sizeof(s->slot[record]));
    return true;
}

static void damaged(void *context, enum bc_record record, unsigned copy)
{
    struct store_faults *s = context;
    assert_true(s->slot[record][copy].there);
    s->slot[record][copy].there = false;
    s->damaged++;
}

struct bc_storage store_faults_port(struct store_faults *s)
{
    return (struct bc_storage){.load = load, .store = store, .damaged = damaged, .context = s};
}
