/*
 * The smallest host of libbc260y: asks a module who it is, on a clock of its own. The README shows
 * it from `memory` on; what is above stands for your UART and your network.
 */
#include <stdio.h>

#include "bc260y/module.h"

static void uart_write(bc_view bytes)
{
    fwrite(bytes.ptr, 1, bytes.len, stdout);
}

static void net_send(const struct bc_address *to, bc_view datagram)
{
    (void)to;
    (void)datagram; /* not configured, so there is nothing to send */
}

static union bc_module_memory memory; /* what survives between calls */
static union bc_workspace workspace;  /* buffers; idle modules can share one */
static struct bc_memory_store store;  /* your flash: what is kept over a power cut */

static void drain(struct bc_module *m)
{
    struct bc_address to;
    bc_view out;

    while (bc_take_datagram(m, &to, &out))
        net_send(&to, out);
    while (bc_take_serial(m, &out))
        uart_write(out);
}

int main(void)
{
    const struct bc_storage storage = bc_memory_storage(&store);
    const struct bc_config config = {.storage = &storage, .imei = "867724030023557", .seed = 1};
    struct bc_module *m;
    uint64_t now_ms = 0;

    if (bc_module_init(&m, &memory, &workspace, &config, now_ms) != BC_OK)
        return 1;
    drain(m);
    bc_on_serial(m, now_ms, BC_TEXT("ATI\r"));
    drain(m);
    while (bc_deadline(m) <= 1000) { /* one second, on a clock of our own */
        now_ms = bc_deadline(m);
        bc_on_time(m, now_ms);
        drain(m);
    }
    return 0;
}
