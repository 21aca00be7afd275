/*
 * A firmware that uses all of the module's API that a microcontroller has use for: what of the
 * library is in its image is what an integrator pays. Never run, only linked and measured. Left out
 * is what shows a module to people, bc_module_describe() and bc_module_energy(), and
 * bc_memory_storage(), in whose place stands flash.
 */
#include "bc260y/module.h"

/* The hardware, as far as the linker needs it. */
extern volatile uint32_t board[16];
volatile uint32_t board[16];

static union bc_module_memory memory;
static union bc_workspace workspace;
static uint8_t buffer[BC_DATAGRAM_BYTES_MAX];

static bool flash_load(void *context, enum bc_record record, unsigned copy, bc_sink *out)
{
    (void)context;
    board[0] = (uint32_t)record + copy;
    while (out->len < board[1])
        out->ptr[out->len++] = (uint8_t)board[2];
    return board[3] != 0;
}

static bool flash_store(void *context, enum bc_record record, bc_view bytes)
{
    (void)context;
    board[0] = (uint32_t)record;
    for (size_t i = 0; i < bytes.len; i++)
        board[2] = bytes.ptr[i];
    return board[3] != 0;
}

static void send(bc_view bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        board[4] = bytes.ptr[i];
}

static bc_view receive(void)
{
    bc_view in = {buffer, board[5] % sizeof(buffer)};
    for (size_t i = 0; i < in.len; i++)
        buffer[i] = (uint8_t)board[6];
    return in;
}

static void drain(struct bc_module *m)
{
    struct bc_address to;
    struct bc_query query;
    bc_view out;
    while (bc_take_datagram(m, &to, &out)) {
        board[7] = to.port;
        send(out);
    }
    while (bc_take_serial(m, &out))
        send(out);
    if (bc_take_query(m, &query))
        board[8] = (uint32_t)query.host[0] + query.id;
}

static void input(struct bc_module *m, uint64_t now_ms)
{
    const struct bc_address from = {.port = 5683, .ip_len = 4};
    switch (board[9]) {
    case 0:
        (void)bc_on_serial(m, now_ms, receive());
        break;
    case 1:
        bc_on_datagram(m, now_ms, &from, receive());
        break;
    case 2:
        bc_on_resolved(m, now_ms, board[8], &from);
        break;
    case 3:
        bc_on_clock(m, now_ms, (int64_t)board[10]);
        break;
    case 4:
        bc_on_wake_pin(m, now_ms);
        break;
    case 5:
        bc_on_reset(m, now_ms);
        break;
    case 6:
        bc_on_power(m, now_ms, board[10] != 0);
        break;
    case 7:
        bc_on_coverage(m, now_ms, board[10] != 0);
        break;
    case 8:
        bc_on_signal(m, now_ms, (int)board[10]);
        break;
    default:
        bc_on_time(m, now_ms);
        break;
    }
}

int main(void)
{
    const struct bc_storage storage = {.load = flash_load, .store = flash_store};
    const struct bc_config config = {.storage = &storage, .seed = board[11]};
    struct bc_module *m;
    uint64_t now_ms = board[12];
    if (bc_module_init(&m, &memory, &workspace, &config, now_ms) != BC_OK)
        return 1;
    while (board[13] != 0) {
        now_ms = board[12];
        if (bc_idle(m))
            bc_lend_workspace(m, &workspace);
        input(m, now_ms);
        drain(m);
        board[14] = (uint32_t)(bc_deadline(m) - now_ms);
        board[15] = (uint32_t)bc_module_status(m) + (uint32_t)bc_version()[0];
    }
    bc_module_end(m);
    return 0;
}
