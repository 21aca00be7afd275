/*
 * The rows of catalogue.h.
 */
#include "catalogue.h"

#include <assert.h>
#include <string.h>

#include "carrier.h"
#include "inside.h"

enum query {
    PRODUCT_ADD,
    PRODUCT_CHANGE,
    PRODUCT_REMOVE,
    PRODUCT_FIND,
    PRODUCTS,
    PRODUCT_NAMED,
    PRODUCT_COUNT,
    PROVISION_ADD,
    PROVISION_CHANGE,
    PROVISION_REMOVE,
    PROVISION_FIND,
    PROVISIONS,
    PROVISIONS_OF_PRODUCT,
    PROVISION_PRODUCT,
    BRIEF,
    SECURED,
    ANY_SECURED,
    REGISTERED,
    STRAY,
    FORGET,
    FORGET_OBSERVATIONS,
    FORGET_LATEST,
    FORGET_DEVICE,
    FORGOTTEN,
    SWEEP_DATA,
    SWEEP_PROPERTIES,
    SWEEP_COMMANDS,
    SWEEP_DEVICE,
    SWEPT,
    KEY_PUT,
    KEY_FIND,
    KEYS,
    IDENTITY_TAKEN,
    DOCUMENT_GET,
    DOCUMENT_PUT = DOCUMENT_GET + BC_DOCUMENTS,
    QUERY_COUNT = DOCUMENT_PUT + BC_DOCUMENTS
};
_Static_assert(QUERY_COUNT <= PART_STATEMENTS_MAX, "they find no place");

/* A damaged document must not be an error, which would stop everything else, too. */
#define CODEC_KIND "iif(json_valid(codec), json_extract(codec, '$.kind'), NULL)"
#define SECURITY "iif(json_valid(p.settings), json_extract(p.settings, '$.security'), NULL)"
#define PRODUCT_COLUMNS                                   \
    "SELECT id, name, carrier, settings, " CODEC_KIND "," \
    " codec IS deployed AND codec IS NOT NULL,"           \
    " model IS published AND model IS NOT NULL, devices, created_ms FROM products"
#define PROVISION_COLUMNS                                       \
    "SELECT id, endpoint, product, name, imei, imsi, settings," \
    " psk_identity IS NOT NULL, grp, created_ms FROM provisions"
/* Of settings that are bound. */
#define OBSERVE_ALL "json_extract(?3, '$.observe_all')"
#define QUEUED "coalesce(json_extract(?3, '$.power_saving'), 'none') <> 'none'"
#define PRODUCT_ID "json_extract(?3, '$.product_id')"
#define AUTOMATIC(settings) "json_extract(" settings ", '$.subscription') IS NOT 'manual'"
#define SWEPT_ROWS "500"
#define DEVICE_ID "(SELECT id FROM devices WHERE endpoint = ?1)"

static const char *const texts[QUERY_COUNT] = {
    [PRODUCT_ADD] =
        "INSERT INTO products (name, carrier, settings, created_ms, observe_all, queued,"
        " product_id) VALUES (?1, ?2, ?3, ?4, " OBSERVE_ALL "," QUEUED "," PRODUCT_ID ")",
    [PRODUCT_CHANGE] = "UPDATE products SET name = ?2, settings = ?3, observe_all = " OBSERVE_ALL
                       ", queued = " QUEUED ", product_id = " PRODUCT_ID " WHERE id = ?1",
    [PRODUCT_REMOVE] = "DELETE FROM products WHERE id = ?1",
    [PRODUCT_FIND] = PRODUCT_COLUMNS " WHERE id = ?1",
    [PRODUCTS] = PRODUCT_COLUMNS " WHERE id > ?1 ORDER BY id",
    [PRODUCT_NAMED] = "SELECT id FROM products WHERE name = ?1",
    [PRODUCT_COUNT] = "UPDATE products SET devices = devices + ?2 WHERE id = ?1",
    [PROVISION_ADD] =
        "INSERT INTO provisions (endpoint, product, name, imei, imsi, settings,"
        " automatic, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, " AUTOMATIC("?6") ", ?7)",
    [PROVISION_CHANGE] = "UPDATE provisions SET name = ?2, imsi = ?3, settings = ?4, product = ?5,"
                         " automatic = " AUTOMATIC("?4") " WHERE endpoint = ?1",
    [PROVISION_REMOVE] = "DELETE FROM provisions WHERE endpoint = ?1",
    [PROVISION_FIND] = PROVISION_COLUMNS " WHERE endpoint = ?1",
    [PROVISIONS] = PROVISION_COLUMNS " WHERE id > ?1 ORDER BY id",
    [PROVISIONS_OF_PRODUCT] = PROVISION_COLUMNS " WHERE product = ?2 AND id > ?1 ORDER BY id",
    [PROVISION_PRODUCT] = "SELECT product FROM provisions WHERE endpoint = ?1",
    [BRIEF] = "SELECT v.product, p.carrier, p.observe_all, v.automatic, p.queued, p.product_id"
              " FROM provisions v JOIN products p ON p.id = v.product WHERE v.endpoint = ?1",
    [SECURED] = "SELECT " SECURITY " IS 'dtls' FROM provisions v"
                " JOIN products p ON p.id = v.product WHERE v.endpoint = ?1",
    [ANY_SECURED] = "SELECT EXISTS (SELECT 1 FROM products p WHERE " SECURITY " IS 'dtls')",
    [REGISTERED] = "SELECT d.id, d.endpoint, d.registered_ms, EXISTS"
                   " (SELECT 1 FROM provisions v WHERE v.endpoint = d.endpoint)"
                   " FROM devices d WHERE d.id > ?1 AND d.registered < 2 ORDER BY d.id",
    [STRAY] = "SELECT registered_ms FROM devices WHERE endpoint = ?1",
    [FORGET] = "INSERT INTO forgotten (device, endpoint, time_ms, command) VALUES (" DEVICE_ID
               ", ?1, ?2, (SELECT coalesce(max(id), 0) FROM commands WHERE endpoint = ?1))",
    [FORGET_OBSERVATIONS] = "DELETE FROM observations WHERE device = " DEVICE_ID,
    [FORGET_LATEST] = "DELETE FROM latest WHERE device = ?1",
    /* A name that no device can have keeps the id from being used again too early. */
    [FORGET_DEVICE] = "UPDATE devices SET registered = 2,"
                      " endpoint = CAST(printf('%0200d', id) AS BLOB) WHERE endpoint = ?1",
    [FORGOTTEN] =
        "SELECT id, device, endpoint, time_ms, command FROM forgotten ORDER BY id LIMIT 1",
    [SWEEP_DATA] = "DELETE FROM data WHERE id IN"
                   " (SELECT id FROM data WHERE device = ?1 ORDER BY number LIMIT " SWEPT_ROWS ")",
    [SWEEP_PROPERTIES] = "DELETE FROM properties WHERE (device, name, time_ms, number) IN"
                         " (SELECT device, name, time_ms, number FROM properties WHERE device = ?1"
                         " AND time_ms <= ?2 LIMIT " SWEPT_ROWS ")",
    [SWEEP_COMMANDS] = "DELETE FROM commands WHERE id IN (SELECT id FROM commands"
                       " WHERE endpoint = ?1 AND id <= ?2 ORDER BY id LIMIT " SWEPT_ROWS ")",
    [SWEEP_DEVICE] = "DELETE FROM devices WHERE id = ?1",
    [SWEPT] = "DELETE FROM forgotten WHERE id = ?1",
    [KEY_PUT] = "UPDATE provisions SET psk_identity = ?2, psk_key = ?3 WHERE endpoint = ?1",
    [KEY_FIND] = "SELECT endpoint, psk_identity, psk_key FROM provisions"
                 " WHERE endpoint = ?1 AND psk_identity IS NOT NULL",
    [KEYS] = "SELECT endpoint, psk_identity, psk_key FROM provisions"
             " WHERE psk_identity IS NOT NULL",
    [IDENTITY_TAKEN] =
        "SELECT 1 FROM provisions WHERE psk_identity = ?2 AND psk_identity IS NOT NULL"
        " AND endpoint <> ?1",
    [DOCUMENT_GET + BC_DOCUMENT_PROFILE] = "SELECT profile FROM products WHERE id = ?1",
    [DOCUMENT_GET + BC_DOCUMENT_MAPPING] = "SELECT mapping FROM products WHERE id = ?1",
    [DOCUMENT_GET + BC_DOCUMENT_CODEC] = "SELECT codec FROM products WHERE id = ?1",
    [DOCUMENT_GET + BC_DOCUMENT_DEPLOYED] = "SELECT deployed FROM products WHERE id = ?1",
    [DOCUMENT_GET + BC_DOCUMENT_MODEL] = "SELECT model FROM products WHERE id = ?1",
    [DOCUMENT_GET + BC_DOCUMENT_PUBLISHED] = "SELECT published FROM products WHERE id = ?1",
    [DOCUMENT_GET + BC_DOCUMENT_SETTINGS] = "SELECT settings FROM products WHERE id = ?1",
    [DOCUMENT_PUT + BC_DOCUMENT_PROFILE] = "UPDATE products SET profile = ?2 WHERE id = ?1",
    [DOCUMENT_PUT + BC_DOCUMENT_MAPPING] = "UPDATE products SET mapping = ?2 WHERE id = ?1",
    [DOCUMENT_PUT + BC_DOCUMENT_CODEC] = "UPDATE products SET codec = ?2 WHERE id = ?1",
    [DOCUMENT_PUT + BC_DOCUMENT_DEPLOYED] = "UPDATE products SET deployed = ?2 WHERE id = ?1",
    [DOCUMENT_PUT + BC_DOCUMENT_MODEL] = "UPDATE products SET model = ?2 WHERE id = ?1",
    [DOCUMENT_PUT + BC_DOCUMENT_PUBLISHED] = "UPDATE products SET published = ?2 WHERE id = ?1",
};

static sqlite3_stmt *begin(struct bc_store *store, size_t which)
{
    return bc_store_lazily(store, PART_CATALOGUE, which, texts[which]);
}

static sqlite3_stmt *begin_for_id(struct bc_store *store, size_t which, int64_t id)
{
    sqlite3_stmt *statement = begin(store, which);
    (void)sqlite3_bind_int64(statement, 1, id);
    return statement;
}

static sqlite3_stmt *begin_for_endpoint(struct bc_store *store, size_t which, bc_view endpoint)
{
    sqlite3_stmt *statement = begin(store, which);
    bc_store_bind_view(statement, 1, endpoint);
    return statement;
}

/* The first column of the only row; 0 when there is none. */
static int64_t number_of(struct bc_store *store, sqlite3_stmt *statement)
{
    int64_t number = 0;
    (void)bc_store_number(store, statement, &number);
    return number;
}

/* Products -------------------------------------------------------------------------------------*/

bool bc_catalogue_add_product(struct bc_store *store, const struct bc_product *product, int64_t *id)
{
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *statement = begin(store, PRODUCT_ADD);
    bc_store_bind_text(statement, 1, product->name);
    bc_store_bind_text(statement, 2, product->carrier);
    bc_store_bind_text(statement, 3, product->settings);
    (void)sqlite3_bind_int64(statement, 4, product->created_ms);
    if (!bc_store_run(store, statement))
        return false;
    *id = sqlite3_last_insert_rowid(store->db);
    return true;
}

bool bc_catalogue_change_product(struct bc_store *store, int64_t id, bc_view name, bc_view settings)
{
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *statement = begin_for_id(store, PRODUCT_CHANGE, id);
    bc_store_bind_text(statement, 2, name);
    bc_store_bind_text(statement, 3, settings);
    return bc_store_run(store, statement);
}

bool bc_catalogue_remove_product(struct bc_store *store, int64_t id)
{
    return bc_store_begin_write(store) &&
           bc_store_run(store, begin_for_id(store, PRODUCT_REMOVE, id));
}

static struct bc_product product_of(sqlite3_stmt *row)
{
    return (struct bc_product){
        .id = sqlite3_column_int64(row, 0),
        .name = bc_store_column(row, 1),
        .carrier = bc_store_column(row, 2),
        .settings = bc_store_column(row, 3),
        .codec_kind = bc_store_column(row, 4),
        .deployed = sqlite3_column_int(row, 5) != 0,
        .published = sqlite3_column_int(row, 6) != 0,
        .devices = sqlite3_column_int64(row, 7),
        .created_ms = sqlite3_column_int64(row, 8),
    };
}

/* How many rows were taken. */
static size_t take_products(struct bc_store *store, sqlite3_stmt *rows,
                            bool (*take)(void *context, const struct bc_product *product),
                            void *context)
{
    size_t count = 0;
    for (; bc_store_row(store, rows); count++) {
        struct bc_product product = product_of(rows);
        if (!take(context, &product)) {
            bc_store_end_statement(rows);
            return count + 1;
        }
    }
    return count;
}

bool bc_catalogue_product(struct bc_store *store, int64_t id,
                          bool (*take)(void *context, const struct bc_product *product),
                          void *context)
{
    bc_store_begin_read(store);
    return take_products(store, begin_for_id(store, PRODUCT_FIND, id), take, context) > 0;
}

void bc_catalogue_products(struct bc_store *store, int64_t after,
                           bool (*take)(void *context, const struct bc_product *product),
                           void *context)
{
    bc_store_begin_read(store);
    (void)take_products(store, begin_for_id(store, PRODUCTS, after), take, context);
}

int64_t bc_catalogue_product_named(struct bc_store *store, bc_view name)
{
    bc_store_begin_read(store);
    sqlite3_stmt *statement = begin(store, PRODUCT_NAMED);
    bc_store_bind_text(statement, 1, name);
    return number_of(store, statement);
}

bool bc_catalogue_document(struct bc_store *store, int64_t product, enum bc_document which,
                           bool (*take)(void *context, bc_view text), void *context)
{
    bc_store_begin_read(store);
    sqlite3_stmt *row = begin_for_id(store, (size_t)DOCUMENT_GET + which, product);
    if (!bc_store_row(store, row))
        return false;
    bool given = sqlite3_column_type(row, 0) != SQLITE_NULL;
    if (given)
        (void)take(context, bc_store_column(row, 0));
    bc_store_end_statement(row);
    return given;
}

bool bc_catalogue_put_document(struct bc_store *store, int64_t product, enum bc_document which,
                               bc_view text)
{
    assert(which != BC_DOCUMENT_SETTINGS);
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *statement = begin_for_id(store, (size_t)DOCUMENT_PUT + which, product);
    if (text.len > 0)
        bc_store_bind_text(statement, 2, text);
    return bc_store_run(store, statement);
}

/* Devices --------------------------------------------------------------------------------------*/

static bool count_provision(struct bc_store *store, int64_t product, int difference)
{
    sqlite3_stmt *statement = begin_for_id(store, PRODUCT_COUNT, product);
    (void)sqlite3_bind_int(statement, 2, difference);
    return bc_store_run(store, statement);
}

bool bc_catalogue_add_provision(struct bc_store *store, const struct bc_provision *provision)
{
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *statement = begin_for_endpoint(store, PROVISION_ADD, provision->endpoint);
    (void)sqlite3_bind_int64(statement, 2, provision->product);
    bc_store_bind_text(statement, 3, provision->name);
    bc_store_bind_text(statement, 4, provision->imei);
    bc_store_bind_text(statement, 5, provision->imsi);
    bc_store_bind_text(statement, 6, provision->settings);
    (void)sqlite3_bind_int64(statement, 7, provision->created_ms);
    return bc_store_run(store, statement) && count_provision(store, provision->product, 1);
}

bool bc_catalogue_change_provision(struct bc_store *store, const struct bc_provision *provision)
{
    if (!bc_store_begin_write(store))
        return false;
    int64_t before =
        number_of(store, begin_for_endpoint(store, PROVISION_PRODUCT, provision->endpoint));
    sqlite3_stmt *statement = begin_for_endpoint(store, PROVISION_CHANGE, provision->endpoint);
    bc_store_bind_text(statement, 2, provision->name);
    bc_store_bind_text(statement, 3, provision->imsi);
    bc_store_bind_text(statement, 4, provision->settings);
    (void)sqlite3_bind_int64(statement, 5, provision->product);
    return bc_store_run(store, statement) &&
           (before == provision->product ||
            (count_provision(store, before, -1) && count_provision(store, provision->product, 1)));
}

bool bc_catalogue_remove_provision(struct bc_store *store, bc_view endpoint)
{
    if (!bc_store_begin_write(store))
        return false;
    int64_t product = number_of(store, begin_for_endpoint(store, PROVISION_PRODUCT, endpoint));
    return product == 0 ||
           (bc_store_run(store, begin_for_endpoint(store, PROVISION_REMOVE, endpoint)) &&
            count_provision(store, product, -1));
}

static struct bc_provision provision_of(sqlite3_stmt *row)
{
    return (struct bc_provision){
        .id = sqlite3_column_int64(row, 0),
        .endpoint = bc_store_column(row, 1),
        .product = sqlite3_column_int64(row, 2),
        .name = bc_store_column(row, 3),
        .imei = bc_store_column(row, 4),
        .imsi = bc_store_column(row, 5),
        .settings = bc_store_column(row, 6),
        .encrypted = sqlite3_column_int(row, 7) != 0,
        .group = sqlite3_column_int64(row, 8),
        .created_ms = sqlite3_column_int64(row, 9),
    };
}

static size_t take_provisions(struct bc_store *store, sqlite3_stmt *rows,
                              bool (*take)(void *context, const struct bc_provision *provision),
                              void *context)
{
    size_t count = 0;
    for (; bc_store_row(store, rows); count++) {
        struct bc_provision provision = provision_of(rows);
        if (!take(context, &provision)) {
            bc_store_end_statement(rows);
            return count + 1;
        }
    }
    return count;
}

bool bc_catalogue_provision(struct bc_store *store, bc_view endpoint,
                            bool (*take)(void *context, const struct bc_provision *provision),
                            void *context)
{
    bc_store_begin_read(store);
    sqlite3_stmt *row = begin_for_endpoint(store, PROVISION_FIND, endpoint);
    return take_provisions(store, row, take, context) > 0;
}

void bc_catalogue_provisions(struct bc_store *store, int64_t product, int64_t after,
                             bool (*take)(void *context, const struct bc_provision *provision),
                             void *context)
{
    bc_store_begin_read(store);
    sqlite3_stmt *rows =
        begin_for_id(store, product == 0 ? PROVISIONS : PROVISIONS_OF_PRODUCT, after);
    if (product != 0)
        (void)sqlite3_bind_int64(rows, 2, product);
    (void)take_provisions(store, rows, take, context);
}

/* With a terminator; what is too long is cut. */
static void copy_text(bc_view text, char *out, size_t cap)
{
    size_t len = text.len < cap ? text.len : cap - 1;
    if (len > 0)
        memcpy(out, text.ptr, len);
    out[len] = '\0';
}

bool bc_catalogue_brief(struct bc_store *store, bc_view endpoint, struct bc_provision_brief *out)
{
    char carrier[16];
    bc_store_begin_read(store);
    sqlite3_stmt *row = begin_for_endpoint(store, BRIEF, endpoint);
    if (!bc_store_row(store, row))
        return false;
    *out = (struct bc_provision_brief){
        .product = sqlite3_column_int64(row, 0),
        .observe_all = sqlite3_column_int(row, 2) != 0,
        .automatic = sqlite3_column_int(row, 3) != 0,
        .queued = sqlite3_column_int(row, 4) != 0,
    };
    copy_text(bc_store_column(row, 1), carrier, sizeof(carrier));
    copy_text(bc_store_column(row, 5), out->product_id, sizeof(out->product_id));
    bc_store_end_statement(row);
    out->carrier = bc_server_carrier_find(carrier);
    return true;
}

bool bc_catalogue_secured(struct bc_store *store, bc_view endpoint)
{
    bc_store_begin_read(store);
    return number_of(store, begin_for_endpoint(store, SECURED, endpoint)) != 0;
}

bool bc_catalogue_any_secured(struct bc_store *store)
{
    bc_store_begin_read(store);
    return number_of(store, begin(store, ANY_SECURED)) != 0;
}

void bc_catalogue_registered(struct bc_store *store, int64_t after,
                             bool (*take)(void *context, const struct bc_stray *stray),
                             void *context)
{
    bc_store_begin_read(store);
    sqlite3_stmt *rows = begin_for_id(store, REGISTERED, after);
    while (bc_store_row(store, rows)) {
        struct bc_stray stray = {
            .id = sqlite3_column_int64(rows, 0),
            .endpoint = bc_store_column(rows, 1),
            .registered_ms = sqlite3_column_int64(rows, 2),
            .provisioned = sqlite3_column_int(rows, 3) != 0,
        };
        if (!take(context, &stray)) {
            bc_store_end_statement(rows);
            return;
        }
    }
}

bool bc_catalogue_stray(struct bc_store *store, bc_view endpoint, int64_t *registered_ms)
{
    bc_store_begin_read(store);
    sqlite3_stmt *row = begin_for_endpoint(store, STRAY, endpoint);
    if (!bc_store_row(store, row))
        return false;
    *registered_ms = sqlite3_column_int64(row, 0);
    bc_store_end_statement(row);
    return true;
}

bool bc_catalogue_forget(struct bc_store *store, bc_view endpoint, int64_t utc_ms)
{
    static const enum query steps[] = {FORGET_OBSERVATIONS, FORGET_LATEST, FORGET_DEVICE};
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *note = begin_for_endpoint(store, FORGET, endpoint);
    (void)sqlite3_bind_int64(note, 2, utc_ms);
    if (!bc_store_run(store, note))
        return false;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (!bc_store_run(store, begin_for_endpoint(store, steps[i], endpoint)))
            return false;
    return true;
}

struct forgotten {
    int64_t id;
    int64_t device;
    int64_t time_ms;
    int64_t command;
    size_t endpoint_bytes;
    uint8_t endpoint[BC_ENDPOINT_BYTES_MAX];
};

static bool first_forgotten(struct bc_store *store, struct forgotten *out)
{
    sqlite3_stmt *row = begin(store, FORGOTTEN);
    if (!bc_store_row(store, row))
        return false;
    bc_view endpoint = bc_store_column(row, 2);
    *out = (struct forgotten){
        .id = sqlite3_column_int64(row, 0),
        .device = sqlite3_column_int64(row, 1),
        .time_ms = sqlite3_column_int64(row, 3),
        .command = sqlite3_column_int64(row, 4),
    };
    if (endpoint.len > 0 && endpoint.len <= sizeof(out->endpoint)) {
        memcpy(out->endpoint, endpoint.ptr, endpoint.len);
        out->endpoint_bytes = endpoint.len;
    }
    bc_store_end_statement(row);
    return true;
}

/* Whether there was something to remove, or removing failed: the next step is not due. */
static bool sweep_some(struct bc_store *store, sqlite3_stmt *statement)
{
    return !bc_store_run(store, statement) || sqlite3_changes(store->db) > 0;
}

/* What is found by the endpoint's name, up to that time or number. */
static bool sweep_named(struct bc_store *store, enum query which, const struct forgotten *forgotten,
                        int64_t last)
{
    bc_view endpoint = {forgotten->endpoint, forgotten->endpoint_bytes};
    sqlite3_stmt *statement = begin_for_endpoint(store, which, endpoint);
    (void)sqlite3_bind_int64(statement, 2, last);
    return sweep_some(store, statement);
}

bool bc_catalogue_sweep(struct bc_store *store)
{
    struct forgotten forgotten;
    bc_store_begin_read(store);
    if (!first_forgotten(store, &forgotten))
        return bc_store_unread(store);
    if (!bc_store_begin_write(store) ||
        sweep_some(store, begin_for_id(store, SWEEP_DATA, forgotten.device)))
        return true;
    if (!sweep_named(store, SWEEP_PROPERTIES, &forgotten, forgotten.time_ms) &&
        !sweep_named(store, SWEEP_COMMANDS, &forgotten, forgotten.command) &&
        bc_store_run(store, begin_for_id(store, SWEEP_DEVICE, forgotten.device)))
        (void)bc_store_run(store, begin_for_id(store, SWEPT, forgotten.id));
    return true;
}

/* Keys -----------------------------------------------------------------------------------------*/

bool bc_catalogue_put_key(struct bc_store *store, bc_view endpoint, bc_view identity, bc_view key)
{
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *statement = begin_for_endpoint(store, KEY_PUT, endpoint);
    if (identity.len > 0) {
        bc_store_bind_view(statement, 2, identity);
        bc_store_bind_view(statement, 3, key);
    }
    return bc_store_run(store, statement);
}

void bc_catalogue_keys(struct bc_store *store, bc_view endpoint,
                       bool (*take)(void *context, const struct bc_provision_key *key),
                       void *context)
{
    bc_store_begin_read(store);
    sqlite3_stmt *rows =
        endpoint.len == 0 ? begin(store, KEYS) : begin_for_endpoint(store, KEY_FIND, endpoint);
    while (bc_store_row(store, rows)) {
        struct bc_provision_key key = {
            .endpoint = bc_store_column(rows, 0),
            .identity = bc_store_column(rows, 1),
            .key = bc_store_column(rows, 2),
        };
        if (!take(context, &key)) {
            bc_store_end_statement(rows);
            return;
        }
    }
}

bool bc_catalogue_identity_taken(struct bc_store *store, bc_view endpoint, bc_view identity)
{
    bc_store_begin_read(store);
    sqlite3_stmt *statement = begin_for_endpoint(store, IDENTITY_TAKEN, endpoint);
    bc_store_bind_view(statement, 2, identity);
    return number_of(store, statement) != 0;
}
