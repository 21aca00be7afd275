/*
 * Rows back into a server. What a row says is checked by the server: a damaged one is skipped, and
 * counted. See store.h.
 */
#include <string.h>

#include "base/sink.h"
#include "carrier.h"
#include "inside.h"

#define UTC_MAX (INT64_C(1) << 50)
#define CHANNEL_GONE 1 /* the session of DTLS is over; the next one at this address may have it */

/* A damaged file may say anything; whole millennia are enough to reckon with. */
static int64_t utc_of(sqlite3_stmt *row, int at)
{
    int64_t utc_ms = sqlite3_column_int64(row, at);
    return utc_ms < 0 ? 0 : utc_ms > UTC_MAX ? UTC_MAX : utc_ms;
}

/* The past before this run's clock began is its beginning. */
static uint64_t time_of(const struct bc_store_time *now, int64_t utc_ms)
{
    int64_t passed = now->utc_ms - utc_ms;
    if (passed < 0)
        return now->now_ms;
    return (uint64_t)passed > now->now_ms ? 0 : now->now_ms - (uint64_t)passed;
}

/* A clock that was set back must not make a registration last longer than it was meant to. */
static uint64_t expiry_of(const struct bc_store_time *now, int64_t seen_utc_ms, int64_t utc_ms)
{
    int64_t whole = utc_ms - seen_utc_ms;
    int64_t left = utc_ms - now->utc_ms;
    if (left > whole)
        left = whole;
    return left < 0 ? now->now_ms : now->now_ms + (uint64_t)left;
}

/* Text of at most `cap` - 1 bytes with a terminator; false when it is longer. */
static bool copy_text(sqlite3_stmt *statement, int at, char *out, size_t cap)
{
    bc_view text = bc_store_column(statement, at);
    if (text.len >= cap)
        return false;
    if (text.len > 0)
        memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return true;
}

/* Three columns. */
static bool read_address(sqlite3_stmt *statement, int at, struct bc_address *out)
{
    bc_view ip = bc_store_column(statement, at);
    sqlite3_int64 port = sqlite3_column_int64(statement, at + 1);
    if ((ip.len != 4 && ip.len != 16) || port < 0 || port > UINT16_MAX)
        return false;
    *out = (struct bc_address){.ip_len = (uint8_t)ip.len, .port = (uint16_t)port};
    memcpy(out->ip, ip.ptr, ip.len);
    if (bc_view_equal(bc_store_column(statement, at + 2), BC_TEXT("coaps")))
        out->channel = CHANNEL_GONE;
    return true;
}

struct texts {
    char binding[BC_SERVER_BINDING_CHARS_MAX + 1];
    char version[4];
    char carrier[16];
};

/* The columns of DEVICES_ALL. */
static bool read_device(sqlite3_stmt *row, const struct bc_store_time *now, struct texts *texts,
                        struct bc_server_device *out)
{
    int64_t seen = utc_of(row, 13);
    sqlite3_int64 lifetime = sqlite3_column_int64(row, 6);
    *out = (struct bc_server_device){
        .endpoint = bc_store_column(row, 1),
        .links = bc_store_column(row, 11),
        .binding = texts->binding,
        .version = texts->version,
        .observe_all = (sqlite3_column_int(row, 10) & STORE_OBSERVE_ALL) != 0,
        .by_hand = (sqlite3_column_int(row, 10) & STORE_BY_HAND) != 0,
        .lifetime_s = lifetime < 0 || lifetime > UINT32_MAX ? 0 : (uint32_t)lifetime,
        .registered_ms = time_of(now, utc_of(row, 12)),
        .seen_ms = time_of(now, seen),
        .expires_ms = expiry_of(now, seen, utc_of(row, 14)),
    };
    if (!copy_text(row, 2, out->id, sizeof(out->id)) || !read_address(row, 3, &out->address) ||
        !copy_text(row, 7, texts->binding, sizeof(texts->binding)) ||
        !copy_text(row, 8, texts->version, sizeof(texts->version)) ||
        !copy_text(row, 9, texts->carrier, sizeof(texts->carrier)))
        return false;
    out->carrier = bc_server_carrier_find(texts->carrier);
    return true;
}

/* The newest notification of each observation says more than the row of its beginning. */
static void advance(struct bc_store *store, int64_t device, const struct bc_store_time *now,
                    struct bc_server_observation *observation, int64_t begun_utc_ms)
{
    char path[BC_SERVER_PATH_CHARS_MAX + 1];
    sqlite3_stmt *row = bc_store_begin_statement(store, DATA_NEWEST);
    bc_server_path_text(&observation->path, path);
    (void)sqlite3_bind_int64(row, 1, device);
    while (bc_store_row(store, row)) {
        int64_t utc_ms = utc_of(row, 2);
        bool notification = sqlite3_column_type(row, 1) != SQLITE_NULL &&
                            sqlite3_column_int(row, 3) == 0 && utc_ms >= begun_utc_ms;
        if (!notification || !bc_view_equal(bc_store_column(row, 0), bc_view_of(path)))
            continue;
        observation->sequence = (uint32_t)sqlite3_column_int64(row, 1);
        observation->seen_ms = time_of(now, utc_ms);
        bc_store_end_statement(row);
        return;
    }
}

/* The columns of OBSERVATIONS_OF. */
static bool read_observation(sqlite3_stmt *row, const struct bc_store_time *now,
                             struct bc_server_observation *out)
{
    sqlite3_int64 token = sqlite3_column_int64(row, 2);
    *out = (struct bc_server_observation){
        .accept = (int32_t)sqlite3_column_int64(row, 1),
        .token = (uint32_t)token,
        .sequence = (uint32_t)sqlite3_column_int64(row, 3),
        .seen_ms = time_of(now, utc_of(row, 4)),
    };
    return token >= 0 && token <= UINT32_MAX &&
           bc_server_path_parse(bc_store_column(row, 0), &out->path);
}

static void restore_observations(struct bc_store *store, struct bc_server *server, int64_t device,
                                 bc_view endpoint, const struct bc_store_time *now,
                                 struct bc_store_counts *counts)
{
    struct bc_server_observation observation;
    sqlite3_stmt *row = bc_store_begin_statement(store, OBSERVATIONS_OF);
    (void)sqlite3_bind_int64(row, 1, device);
    while (bc_store_row(store, row)) {
        bool good = read_observation(row, now, &observation);
        if (good)
            advance(store, device, now, &observation, utc_of(row, 4));
        if (good && bc_server_restore_observation(server, endpoint, &observation) == BC_OK)
            counts->observations++;
        else
            counts->skipped++;
    }
}

static void restore_devices(struct bc_store *store, struct bc_server *server,
                            const struct bc_store_time *now, struct bc_store_counts *counts)
{
    struct bc_server_device device;
    struct texts texts;
    sqlite3_stmt *row = bc_store_begin_statement(store, DEVICES_ALL);
    while (bc_store_row(store, row)) {
        if (!read_device(row, now, &texts, &device) ||
            bc_server_restore_device(server, now->now_ms, &device) != BC_OK) {
            counts->skipped++;
            continue;
        }
        counts->devices++;
        restore_observations(store, server, sqlite3_column_int64(row, 0), device.endpoint, now,
                             counts);
    }
}

/* One entry of write.c's; false at the end. */
static bool take_reply(bc_view *rest, struct bc_address *to, uint16_t *message_id, bc_view *reply)
{
    const uint8_t *at = rest->ptr;
    if (rest->len < 6 || (at[0] != 4 && at[0] != 16) || rest->len < 6U + at[0] + at[1])
        return false;
    *to = (struct bc_address){.ip_len = at[0], .port = (uint16_t)(at[2] << 8 | at[3])};
    *message_id = (uint16_t)(at[4] << 8 | at[5]);
    memcpy(to->ip, at + 6, at[0]);
    *reply = (bc_view){at + 6 + at[0], at[1]};
    *rest = (bc_view){reply->ptr + reply->len, rest->len - 6U - at[0] - at[1]};
    return true;
}

static void restore_replies(struct bc_store *store, struct bc_server *server,
                            const struct bc_store_time *now)
{
    struct bc_address to;
    uint16_t message_id;
    bc_view reply;
    sqlite3_stmt *row = bc_store_begin_statement(store, REPLIES_ALL);
    while (bc_store_row(store, row)) {
        int64_t given_ms = utc_of(row, 0);
        uint64_t expires_ms = expiry_of(now, given_ms, given_ms + REPLIES_KEPT_MS);
        bc_view rest = bc_store_column(row, 1);
        while (expires_ms > now->now_ms && take_reply(&rest, &to, &message_id, &reply))
            bc_server_restore_reply(server, &to, message_id, reply, expires_ms);
    }
}

bool bc_store_restore(struct bc_store *store, struct bc_server *server,
                      const struct bc_store_time *now, struct bc_store_counts *out)
{
    *out = (struct bc_store_counts){0};
    store->broken = false;
    restore_devices(store, server, now, out);
    if (!store->broken)
        restore_replies(store, server, now);
    /* Only when all tokens are known. */
    sqlite3_stmt *row = bc_store_begin_statement(store, DEVICES_ALIVE);
    (void)sqlite3_bind_int64(row, 1, now->utc_ms);
    while (!store->broken && bc_store_row(store, row))
        bc_server_resume(server, now->now_ms, bc_store_column(row, 0));
    return !store->broken;
}
