/*
 * Firmware updates (G 4; MODULE section 8): what object 5 is told, where the package comes from
 * and goes to, what the host hears, and the boot loader that applies it.
 *
 *   host                       module                            server
 *    |                           | <-- PUT 5/0/1 coap://... ----- |
 *    | <- "FOTA","COAPSTART" --- | --- 2.04, notify 5/0/3 = 1 --> |
 *    |                           | <-- ACK ---------------------- |
 *    |                           | <== blocks (dfota/pull.h) ===> | or somebody else
 *    | <- "FOTA","COAPEND",0 --- | --- notify 5/0/3 = 2 --------> |
 *    | <- "report",<mid> ------- | <-- POST 5/0/2 --------------- |
 *    | <- "report",<mid> ------- | --- 2.04, notify 5/0/3 = 3 --> |
 *    | <- "FOTA","START" ------- | <-- ACK, then the reboot       |
 *    | <- "FOTA","UPDATING",20%  |
 *    | <- RDY, "FOTA","END",0 -- |
 *    | -- AT+QLAREG -----------> | ...
 *    | <- "report",<mid> ------- | --- notify 5/0/3 = 0 --------> |
 *
 * Until the boot record says "updating" a reset ends it all without a word; from then on each boot
 * goes on where the one before was cut off, until the record says which image runs.
 */
#include <string.h>

#include "base/sink.h"
#include "module/store.h"

#define STEP_MS 10          /* between two pieces of work: the serial line is served meanwhile */
#define QUERY_MS 20000      /* how long an answer to a name query is awaited */
#define REBOOT_MS 1000      /* after the server knows that the update begins */
#define REBOOT_MS_MAX 10000 /* after START, when it does not answer */
#define TRIES_MAX 3         /* of a block, after the repetitions of the first request are over */
#define RESTARTS_MAX 3
#define PERCENT_WRITE 20 /* G 5.6.4: checking the package is the first fifth, and not shown */
#define PERCENT_READ_BACK 80
#define PERCENT_DONE 100

#define PATH_STATE BC_PATH_RESOURCE(5, 0, BC_FIRMWARE_STATE)

/* What the port lends: for the apply, and behind it for its buffers. */
struct fota_work {
    struct bc_dfota_apply apply;
    uint64_t memory[];
};

static void trace(const struct bc_module *m, const char *line)
{
    if (m->trace != NULL)
        m->trace(m->trace_context, line);
}

static enum bc_area area_of(uint8_t slot)
{
    return slot == 0 ? BC_AREA_SLOT_0 : BC_AREA_SLOT_1;
}

static struct bc_uri uri_of(const struct fota *f)
{
    struct bc_uri uri;
    (void)bc_uri_read((bc_view){(const uint8_t *)f->uri, f->uri_bytes}, &uri);
    return uri;
}

/* --- The work on a package -------------------------------------------------------------------- */

size_t bc_firmware_memory_bytes(uint32_t block_bytes)
{
    return sizeof(struct fota_work) + bc_dfota_memory_bytes(block_bytes);
}

static bool read_package(void *context, uint32_t offset, uint8_t *out, size_t len)
{
    const struct fota *f = context;
    return f->port->read(f->port->context, BC_AREA_PACKAGE, offset, out, len);
}

static bool write_target(void *context, uint32_t offset, bc_view bytes)
{
    const struct fota *f = context;
    return f->port->write(f->port->context, area_of(!f->boot.slot), offset, bytes);
}

static bool read_target(void *context, uint32_t offset, uint8_t *out, size_t len)
{
    const struct fota *f = context;
    return f->port->read(f->port->context, area_of(!f->boot.slot), offset, out, len);
}

static void drop_work(struct fota *f)
{
    if (f->work == NULL)
        return;
    bc_dfota_apply_end(&f->work->apply);
    f->port->give_back(f->port->context, f->work);
    f->work = NULL;
}

/* Of the package that is there; the least when it is none, which is found out later. */
static uint32_t block_bytes_of(struct fota *f)
{
    uint8_t header[BC_PACKAGE_HEADER_BYTES];
    struct bc_package package;
    if (!read_package(f, 0, header, sizeof(header)) ||
        bc_package_read((bc_view){header, sizeof(header)}, &package) != BC_OK)
        return BC_PACKAGE_BLOCK_BYTES_MIN;
    return package.block_bytes;
}

/* False when there is no memory, or no way to the image that runs. */
static bool begin_work(struct fota *f, uint32_t package_bytes,
                       const struct bc_dfota_progress *progress)
{
    const struct bc_dfota_port port = {.context = f,
                                       .package_bytes = package_bytes,
                                       .read_package = read_package,
                                       .write_target = write_target,
                                       .read_target = read_target};
    uint32_t block_bytes = block_bytes_of(f);
    bc_view source = {f->port->map(f->port->context, area_of(f->boot.slot), f->boot.image_bytes),
                      f->boot.image_bytes};
    if (source.ptr == NULL)
        return false;
    f->work = f->port->lend(f->port->context, bc_firmware_memory_bytes(block_bytes));
    if (f->work == NULL)
        return false;
    (void)bc_dfota_apply_begin(&f->work->apply, &port, source, f->work->memory,
                               bc_dfota_memory_bytes(block_bytes), progress);
    return true;
}

/* --- How a download ends ---------------------------------------------------------------------- */

/* The session with the URI's host goes when its last words are taken. */
static void drop_download(struct bc_module *m)
{
    struct fota *f = &m->fota;
    bc_pull_end(&f->pull);
    drop_work(f);
    f->query_ready = false;
    f->step = FOTA_IDLE;
}

static void end_download(struct bc_module *m, enum bc_update_cause cause)
{
    struct bc_update_end end = bc_update_end_of(cause);
    drop_download(m);
    trace(m, "fota: no package");
    bc_update_go(&m->fota.update, BC_UPDATE_IDLE, (enum bc_update_result)end.result);
    bc_module_urc(m, "+QIND: \"FOTA\",\"COAPEND\",%d", end.code);
}

static void fail(struct bc_module *m, enum bc_update_cause cause)
{
    end_download(m, cause);
    bc_lwm2m_changed(&m->client, PATH_STATE);
}

static void finish_download(struct bc_module *m)
{
    drop_download(m);
    trace(m, "fota: package is whole");
    bc_update_go(&m->fota.update, BC_UPDATE_DOWNLOADED, BC_RESULT_INITIAL);
    bc_module_urc(m, "+QIND: \"FOTA\",\"COAPEND\",0");
    bc_lwm2m_changed(&m->client, PATH_STATE);
}

/* A package that is all there, up to what only the update can find out. The work begins here and
 * not with the last block: less lies on the stack. */
static void check_package(struct bc_module *m)
{
    struct fota *f = &m->fota;
    f->until_ms = m->now_ms + STEP_MS;
    if (f->work == NULL && !begin_work(f, f->pull.received, NULL)) {
        fail(m, BC_CAUSE_MEMORY);
        return;
    }
    struct bc_dfota_apply *apply = &f->work->apply;
    enum bc_dfota_phase phase = bc_dfota_apply_step(apply);
    if (phase == BC_DFOTA_FAILED)
        fail(m, bc_update_cause_of_fault(apply->fault));
    else if (phase == BC_DFOTA_CHECK_SOURCE)
        finish_download(m);
}

/* --- What has come ---------------------------------------------------------------------------- */

/* The header, as soon as it is there, in this block or in several. */
static bool header_fits(struct bc_module *m, const struct bc_pull_result *block,
                        enum bc_update_cause *why)
{
    struct fota *f = &m->fota;
    const struct bc_update_room room = {.package_bytes_max = f->port->package_bytes_max,
                                        .slot_bytes_max = f->port->slot_bytes_max,
                                        .revision = m->identity.revision};
    uint8_t header[BC_PACKAGE_HEADER_BYTES];
    size_t len = f->pull.received < sizeof(header) ? f->pull.received : sizeof(header);
    bool ends = block->event == BC_PULL_LAST;
    if (block->offset >= sizeof(header) || (len < sizeof(header) && !ends))
        return true;
    *why = BC_CAUSE_WRITE;
    return read_package(f, 0, header, len) &&
           bc_update_header_fits((bc_view){header, len}, &room, f->pull.size, why);
}

static bool keep_block(struct bc_module *m, const struct bc_pull_result *block,
                       enum bc_update_cause *why)
{
    struct fota *f = &m->fota;
    if (f->fault != BC_FIRMWARE_OK && f->fault != BC_FIRMWARE_NOT_UPDATED) {
        *why = bc_update_cause_of_code((enum bc_firmware_code)f->fault);
        f->fault = BC_FIRMWARE_OK;
        return false;
    }
    *why = BC_CAUSE_SPACE;
    if (f->pull.received > f->port->package_bytes_max || f->pull.size > f->port->package_bytes_max)
        return false;
    *why = BC_CAUSE_WRITE;
    return f->port->write(f->port->context, BC_AREA_PACKAGE, block->offset, block->bytes) &&
           header_fits(m, block, why);
}

static void on_block(struct bc_module *m, const struct bc_pull_result *block)
{
    struct fota *f = &m->fota;
    enum bc_update_cause why;
    f->tries = 0;
    if (!keep_block(m, block, &why)) {
        fail(m, why);
    } else if (block->event == BC_PULL_LAST) {
        f->step = FOTA_CHECKING;
        f->until_ms = m->now_ms + STEP_MS;
    }
}

static void follow(struct bc_module *m, const struct bc_pull_result *result)
{
    struct fota *f = &m->fota;
    bool on = bc_radio_attached(m);
    switch (result->event) {
    case BC_PULL_NOTHING:
        break;
    case BC_PULL_BLOCK:
    case BC_PULL_LAST:
        on_block(m, result);
        break;
    case BC_PULL_ANEW:
        if (f->restarts++ == RESTARTS_MAX)
            fail(m, BC_CAUSE_INTEGRITY);
        break;
    case BC_PULL_REFUSED: /* 4.04 and its kind blame the URI */
        fail(m, result->code >> 5 == 4 ? BC_CAUSE_URI : BC_CAUSE_UNREACHABLE);
        break;
    case BC_PULL_TIMEOUT:
        if (!on || f->pull.received == 0 || f->tries++ == TRIES_MAX) {
            fail(m, on ? BC_CAUSE_UNREACHABLE : BC_CAUSE_NO_NETWORK);
            break;
        }
        if (f->shared)
            bc_secure_on_silence(m);
        bc_pull_again(&f->pull);
        break;
    }
}

static bool hear(struct bc_module *m, bc_view plain)
{
    struct bc_pull_result result;
    if (!bc_pull_on_datagram(&m->fota.pull, &m->client.coap, plain, &result))
        return false;
    follow(m, &result);
    return true;
}

bool bc_fota_hears(struct bc_module *m, bc_view plain)
{
    return m->fota.shared && hear(m, plain);
}

/* --- The way to the URI's host ---------------------------------------------------------------- */

static void pull(struct bc_module *m)
{
    trace(m, "fota: downloads");
    m->fota.step = FOTA_PULLING;
    bc_pull_begin(&m->fota.pull, &m->client.coap);
}

static void connect_to(struct bc_module *m, const struct bc_address *address,
                       const struct bc_uri *uri)
{
    struct fota *f = &m->fota;
    f->peer = *address;
    f->peer.port = uri->port;
    f->shared = uri->secured == m->session.secured && m->session.step == SESSION_RUNS &&
                bc_address_equal(&f->peer, &m->client.server);
    if (!uri->secured || f->shared) {
        pull(m);
        return;
    }
    bc_dtls_free(f->dtls);
    f->dtls = bc_secure_other(m);
    f->step = FOTA_SECURING;
    if (f->dtls == NULL)
        fail(m, BC_CAUSE_UNREACHABLE);
}

static void begin_download(struct bc_module *m)
{
    struct fota *f = &m->fota;
    struct bc_uri uri;
    struct bc_address address = {0};
    if (!bc_uri_read((bc_view){(const uint8_t *)f->uri, f->uri_bytes}, &uri)) {
        fail(m, BC_CAUSE_URI);
    } else if (bc_address_parse(uri.host, &address)) {
        connect_to(m, &address, &uri);
    } else {
        f->step = FOTA_RESOLVING;
        f->query_id = (f->query_id + 1) | 0x80000000U; /* the session's count from 0 */
        f->query_ready = true;
        f->until_ms = m->now_ms + QUERY_MS;
    }
}

bool bc_fota_take_query(struct bc_module *m, struct bc_query *out)
{
    struct fota *f = &m->fota;
    if (!f->query_ready)
        return false;
    bc_sink host = bc_coap_room(&m->client.coap);
    f->query_ready = false;
    bc_put_bytes(&host, uri_of(f).host);
    bc_put_char(&host, '\0');
    *out = (struct bc_query){f->query_id, (const char *)host.ptr};
    return !host.full;
}

void bc_fota_on_resolved(struct bc_module *m, uint32_t query_id, const struct bc_address *address)
{
    struct fota *f = &m->fota;
    if (f->step != FOTA_RESOLVING || query_id != f->query_id)
        return;
    f->query_ready = false;
    struct bc_uri uri = uri_of(f);
    if (address == NULL || address->ip_len == 0)
        fail(m, BC_CAUSE_UNREACHABLE);
    else
        connect_to(m, address, &uri);
}

static void follow_handshake(struct bc_module *m)
{
    struct fota *f = &m->fota;
    enum bc_dtls_state state = bc_dtls_state(f->dtls);
    if (f->step == FOTA_SECURING && state == BC_DTLS_OPEN)
        pull(m);
    else if (state != BC_DTLS_HANDSHAKE && state != BC_DTLS_OPEN)
        fail(m, BC_CAUSE_UNREACHABLE);
}

bool bc_fota_on_datagram(struct bc_module *m, const struct bc_address *from, bc_view in)
{
    struct fota *f = &m->fota;
    bool mine = f->step == FOTA_SECURING || f->step == FOTA_PULLING;
    bool only = !bc_address_equal(from, &m->client.server);
    bc_view plain;
    if (!bc_address_equal(from, &f->peer) || (f->shared ? m->session.secured : !mine))
        return false;
    if (f->dtls == NULL)
        return hear(m, in) || only;
    bc_dtls_on_datagram(f->dtls, m->now_ms, in);
    while (f->step == FOTA_PULLING && bc_dtls_read(f->dtls, &plain))
        (void)hear(m, plain);
    if (f->step == FOTA_SECURING || f->step == FOTA_PULLING)
        follow_handshake(m);
    return only;
}

/* --- What goes out ---------------------------------------------------------------------------- */

bool bc_fota_speaks(const struct bc_module *m)
{
    return m->fota.shared && bc_pull_ready(&m->fota.pull);
}

bool bc_fota_take_plain(struct bc_module *m, bc_view *out)
{
    struct fota *f = &m->fota;
    if (!bc_pull_ready(&f->pull))
        return false;
    struct bc_uri uri = uri_of(f);
    bc_sink room = bc_coap_room(&m->client.coap);
    if (!bc_pull_take(&f->pull, &m->client.coap, &uri, &room))
        return false;
    *out = bc_sink_view(&room);
    return true;
}

static bool take_record(struct bc_module *m, bc_view *out)
{
    struct fota *f = &m->fota;
    bc_view plain;
    bool over = f->step != FOTA_SECURING && f->step != FOTA_PULLING;
    if (bc_dtls_state(f->dtls) == BC_DTLS_OPEN && bc_fota_take_plain(m, &plain))
        (void)bc_dtls_write(f->dtls, plain);
    else if (over)
        bc_dtls_close(f->dtls);
    if (bc_dtls_take(f->dtls, out))
        return true;
    if (!over)
        return false;
    bc_dtls_free(f->dtls);
    f->dtls = NULL;
    return false;
}

bool bc_fota_take(struct bc_module *m, bc_view *out)
{
    struct fota *f = &m->fota;
    if (f->dtls != NULL)
        return take_record(m, out);
    return !(f->shared && m->session.secured) && bc_fota_take_plain(m, out);
}

/* --- What the server wants -------------------------------------------------------------------- */

/* How the last update ended is of no interest any more. */
static void forget_end(struct bc_module *m)
{
    struct fota *f = &m->fota;
    bool kept = f->saved.depth != 0 || f->boot.result != BC_RESULT_INITIAL;
    f->saved = (struct bc_saved_observation){0};
    f->boot.result = BC_RESULT_INITIAL;
    if (kept)
        (void)bc_store_put_firmware(m);
}

static void take_back(struct bc_module *m)
{
    struct fota *f = &m->fota;
    bool idle = f->update.state == BC_UPDATE_IDLE;
    if (f->update.state == BC_UPDATE_DOWNLOADING) {
        fail(m, BC_CAUSE_CANCELLED);
        return;
    }
    bc_update_go(&f->update, BC_UPDATE_IDLE, BC_RESULT_INITIAL);
    if (!idle)
        bc_lwm2m_changed(&m->client, PATH_STATE);
}

static void take_uri(struct bc_module *m, bc_view uri)
{
    struct fota *f = &m->fota;
    if (uri.len == 0) {
        take_back(m);
        return;
    }
    forget_end(m);
    memcpy(f->uri, uri.ptr, uri.len);
    f->uri_bytes = (uint8_t)uri.len;
    f->tries = 0;
    f->restarts = 0;
    f->step = FOTA_ANNOUNCED;
    trace(m, "fota: announced");
    bc_update_go(&f->update, BC_UPDATE_DOWNLOADING, BC_RESULT_INITIAL);
    bc_module_urc(m, "+QIND: \"FOTA\",\"COAPSTART\"");
    bc_lwm2m_changed(&m->client, PATH_STATE);
}

/* From the moment the record is stored nothing but the update's end takes it back. */
static uint8_t execute(struct bc_module *m)
{
    struct fota *f = &m->fota;
    struct bc_boot before = f->boot;
    if (!bc_update_executes(&f->update))
        return BC_COAP_METHOD_NOT_ALLOWED;
    f->boot.stage = BC_BOOT_UPDATING;
    f->boot.package_bytes = f->pull.received;
    f->boot.progress = (struct bc_dfota_progress){0};
    f->saved = bc_lwm2m_save_observation(&m->client, PATH_STATE);
    f->saved.sequence++; /* the notification of this very change */
    if (!f->port->flush(f->port->context) || !bc_store_put_firmware(m)) {
        f->boot = before;
        return BC_COAP_INTERNAL_SERVER_ERROR;
    }
    bc_update_go(&f->update, BC_UPDATE_UPDATING, BC_RESULT_INITIAL);
    f->step = FOTA_EXECUTED;
    return BC_COAP_CHANGED;
}

uint8_t bc_fota_on_server(void *context, const bc_view *uri, bool acts)
{
    struct bc_module *m = context;
    if (m->fota.port == NULL)
        return BC_COAP_METHOD_NOT_ALLOWED;
    if (uri == NULL)
        return execute(m);
    if (!bc_update_takes_uri(&m->fota.update, *uri))
        return BC_COAP_METHOD_NOT_ALLOWED;
    if (uri->len > BC_URI_BYTES_MAX)
        return BC_COAP_BAD_REQUEST;
    if (acts)
        take_uri(m, *uri);
    return BC_COAP_CHANGED;
}

/* --- The boot loader -------------------------------------------------------------------------- */

static void tell_percent(struct bc_module *m, unsigned percent)
{
    struct fota *f = &m->fota;
    if (percent <= f->percent || !bc_module_urc_room(m))
        return;
    f->percent = (uint8_t)percent;
    bc_module_urc(m,
                  f->bare_percent ? "+QIND: \"FOTA\",\"UPDATING\",%u"
                                  : "+QIND: \"FOTA\",\"UPDATING\",%u%%,1,1",
                  percent);
}

static void tell_progress(struct bc_module *m)
{
    const struct bc_dfota_apply *apply = &m->fota.work->apply;
    uint32_t blocks = bc_package_blocks(&apply->package);
    uint32_t read = apply->at / apply->package.block_bytes;
    if (apply->phase == BC_DFOTA_WRITE)
        tell_percent(m, PERCENT_WRITE + (PERCENT_READ_BACK - PERCENT_WRITE) *
                                            apply->progress.blocks_done / blocks);
    else if (apply->phase == BC_DFOTA_CHECK_TARGET)
        tell_percent(m, PERCENT_READ_BACK + (PERCENT_DONE - PERCENT_READ_BACK) * read / blocks);
    else if (apply->phase == BC_DFOTA_DONE)
        tell_percent(m, PERCENT_DONE);
}

/* The record with the new image is what makes it run. Whoever cannot store it stays with the old
 * one, and tries again after the next reset. */
static void finish_update(struct bc_module *m, const struct bc_package *made)
{
    struct fota *f = &m->fota;
    struct bc_boot before = f->boot;
    char revision[sizeof(m->identity.revision)];
    memcpy(revision, m->identity.revision, sizeof(revision));
    f->boot = (struct bc_boot){.stage = BC_BOOT_ENDED,
                               .slot = before.slot,
                               .result = BC_RESULT_FAILED,
                               .image_bytes = before.image_bytes};
    if (made != NULL) {
        f->boot.slot = !before.slot;
        f->boot.result = BC_RESULT_SUCCESS;
        f->boot.image_bytes = made->target_bytes;
        memcpy(m->identity.revision, made->target_revision, sizeof(revision));
    }
    f->unkept = !bc_store_put_firmware(m);
    if (f->unkept)
        memcpy(m->identity.revision, revision, sizeof(revision));
    drop_work(f);
    trace(m, made != NULL && !f->unkept ? "fota: updated" : "fota: not updated");
    bc_module_boot(m);
}

static bool keep_progress(struct bc_module *m)
{
    struct fota *f = &m->fota;
    f->boot.progress = f->work->apply.progress;
    return f->port->flush(f->port->context) && bc_store_put_firmware(m);
}

static void apply_more(struct bc_module *m)
{
    struct fota *f = &m->fota;
    struct bc_dfota_apply *apply = &f->work->apply;
    uint32_t done = apply->progress.blocks_done;
    bool forced = f->fault == BC_FIRMWARE_NOT_UPDATED && apply->phase == BC_DFOTA_WRITE;
    f->until_ms = m->now_ms + STEP_MS;
    if (forced)
        f->fault = BC_FIRMWARE_OK;
    enum bc_dfota_phase phase = forced ? BC_DFOTA_FAILED : bc_dfota_apply_step(apply);
    if (phase == BC_DFOTA_WRITE && apply->progress.blocks_done != done && !keep_progress(m))
        phase = BC_DFOTA_FAILED;
    if (phase == BC_DFOTA_FAILED) {
        trace(m, bc_dfota_fault_name(apply->fault));
        finish_update(m, NULL);
        return;
    }
    tell_progress(m);
    if (phase == BC_DFOTA_DONE)
        finish_update(m, &apply->package);
}

/* Without a record slot 0 runs, as delivered. */
bool bc_fota_boot(struct bc_module *m)
{
    struct fota *f = &m->fota;
    f->update = (struct bc_update){.result = f->boot.result};
    f->percent = 0;
    if (f->boot.stage != BC_BOOT_UPDATING)
        return false;
    if (f->unkept) {
        f->unkept = false;
        f->boot.stage = BC_BOOT_ENDED;
        f->boot.result = BC_RESULT_FAILED;
        f->update.result = BC_RESULT_FAILED;
        return false;
    }
    trace(m, "fota: updates");
    f->update.state = BC_UPDATE_UPDATING;
    m->power.state = POWER_UPDATING;
    m->radio.state = RADIO_OFF;
    m->radio.card_at_ms = BC_NEVER;
    f->until_ms = m->now_ms + STEP_MS;
    if (!begin_work(f, f->boot.package_bytes, &f->boot.progress))
        f->until_ms = m->now_ms; /* not within this boot: it ends in another one */
    return true;
}

void bc_fota_tell_end(struct bc_module *m)
{
    struct fota *f = &m->fota;
    if (f->boot.stage != BC_BOOT_ENDED)
        return;
    bool updated = f->update.result == BC_RESULT_SUCCESS;
    bc_module_urc(m, "+QIND: \"FOTA\",\"END\",%d",
                  updated ? BC_FIRMWARE_OK : BC_FIRMWARE_NOT_UPDATED);
    f->boot.stage = BC_BOOT_PLAIN;
    (void)bc_store_put_firmware(m); /* else it is told again after the next reset */
}

/* --- Time ------------------------------------------------------------------------------------- */

void bc_fota_drop(struct bc_module *m)
{
    struct fota *f = &m->fota;
    drop_download(m);
    bc_dtls_free(f->dtls);
    f->dtls = NULL;
    f->pull = (struct bc_pull){0};
    f->shared = false;
    f->saved = (struct bc_saved_observation){0};
    f->boot = (struct bc_boot){.image_bytes = f->port == NULL ? 0 : f->port->image_bytes};
}

bool bc_fota_quiet(const struct bc_module *m)
{
    return m->fota.step == FOTA_IDLE;
}

/* An update has ended, and the server that asked for it does not know. */
static bool report_due(const struct bc_module *m)
{
    return m->fota.update.state == BC_UPDATE_IDLE && m->fota.saved.depth > 0 &&
           bc_module_status(m) == BC_STATUS_REGISTERED;
}

static void report_end(struct bc_module *m)
{
    struct fota *f = &m->fota;
    bc_lwm2m_restore_observation(&m->client, PATH_STATE, &f->saved);
    f->saved = (struct bc_saved_observation){0};
    (void)bc_store_put_firmware(m); /* else it is reported once more */
    bc_lwm2m_changed(&m->client, PATH_STATE);
}

static bool downloads(const struct bc_module *m)
{
    return m->fota.step >= FOTA_RESOLVING && m->fota.step <= FOTA_PULLING;
}

uint64_t bc_fota_deadline(const struct bc_module *m)
{
    const struct fota *f = &m->fota;
    if (m->power.state == POWER_UPDATING)
        return f->until_ms;
    if (m->power.state != POWER_AWAKE || !bc_module_urc_room(m))
        return BC_NEVER;
    if (report_due(m) || (downloads(m) && m->radio.state == RADIO_OFF))
        return m->now_ms;
    switch ((enum fota_step)f->step) {
    case FOTA_IDLE:
        return BC_NEVER;
    case FOTA_ANNOUNCED:
        return bc_lwm2m_state_pending(&m->client) ? BC_NEVER : m->now_ms;
    case FOTA_SECURING:
        return bc_dtls_deadline(f->dtls);
    case FOTA_PULLING:
        return bc_pull_deadline(&f->pull);
    case FOTA_EXECUTED:
        return m->now_ms;
    case FOTA_STARTED:
        return bc_lwm2m_state_pending(&m->client) ? f->until_ms : m->now_ms;
    default:
        return f->until_ms;
    }
}

static void start_update(struct bc_module *m)
{
    bc_module_urc(m, "+QIND: \"FOTA\",\"START\"");
    m->fota.step = FOTA_STARTED;
    m->fota.until_ms = m->now_ms + REBOOT_MS_MAX;
}

static void step_on(struct bc_module *m)
{
    struct fota *f = &m->fota;
    struct bc_pull_result result = {0};
    switch ((enum fota_step)f->step) {
    case FOTA_IDLE:
        report_end(m);
        break;
    case FOTA_ANNOUNCED:
        begin_download(m);
        break;
    case FOTA_RESOLVING:
        bc_fota_on_resolved(m, f->query_id, NULL);
        break;
    case FOTA_SECURING:
        bc_dtls_on_time(f->dtls, m->now_ms);
        follow_handshake(m);
        break;
    case FOTA_PULLING:
        result.event = bc_pull_on_time(&f->pull, &m->client.coap);
        follow(m, &result);
        break;
    case FOTA_CHECKING:
        check_package(m);
        break;
    case FOTA_EXECUTED:
        start_update(m);
        break;
    case FOTA_STARTED:
        f->step = FOTA_IDLE;
        bc_module_reboot_in(m, REBOOT_MS);
        break;
    }
}

void bc_fota_on_time(struct bc_module *m)
{
    if (bc_fota_deadline(m) > m->now_ms)
        return;
    if (m->power.state != POWER_UPDATING)
        if (downloads(m) && m->radio.state == RADIO_OFF)
            fail(m, BC_CAUSE_DEACTIVATED);
        else
            step_on(m);
    else if (m->fota.work == NULL)
        finish_update(m, NULL);
    else
        apply_more(m);
}
