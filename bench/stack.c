/*
 * bc-bench-stack: the memory a module takes: its state, its workspace, and how deep the library
 * goes into the stack. The guide's sessions are played (transcripts, CARRIER=FILE) with every call
 * of the library made on a stack painted before; what lost its paint was used. The platform then
 * reads, discovers and observes all objects. Prints `name value` lines, bytes.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "coap/message.h"
#include "pair.h"

#define STACK_BYTES (128 * 1024)
#define PAINT 0xA5
#define FORMAT_ANY (-1)

static struct {
    ucontext_t here, there;
    struct pair *pair;
    void (*job)(struct pair *p);
    size_t deepest_bytes;
    _Alignas(64) uint8_t bytes[STACK_BYTES];
} stack;

static void enter(void)
{
    stack.job(stack.pair);
}

static size_t used_bytes(void)
{
    size_t clean = 0;
    while (clean < STACK_BYTES && stack.bytes[clean] == PAINT)
        clean++;
    return STACK_BYTES - clean;
}

static void call_painted(struct pair *p, void (*job)(struct pair *p))
{
    stack.pair = p;
    stack.job = job;
    memset(stack.bytes + STACK_BYTES - stack.deepest_bytes, PAINT, stack.deepest_bytes);
    if (getcontext(&stack.there) != 0)
        abort();
    stack.there.uc_stack.ss_sp = stack.bytes;
    stack.there.uc_stack.ss_size = STACK_BYTES;
    stack.there.uc_link = &stack.here;
    makecontext(&stack.there, enter, 0);
    if (swapcontext(&stack.here, &stack.there) != 0)
        abort();
    size_t used = used_bytes();
    if (used > stack.deepest_bytes)
        stack.deepest_bytes = used;
}

static void nothing(struct pair *p)
{
    (void)p;
}

/* What the calling itself takes is not the library's. */
static size_t deepest_since(size_t floor_bytes)
{
    size_t bytes = stack.deepest_bytes - floor_bytes;
    stack.deepest_bytes = STACK_BYTES;
    call_painted(NULL, nothing); /* paints all of it again */
    stack.deepest_bytes = floor_bytes;
    return bytes;
}

static void ask(struct pair *p, bc_view endpoint, enum bc_server_operation operation,
                uint16_t object)
{
    struct bc_server_request request = {
        .operation = operation,
        .accept = operation == BC_SERVER_READ ? BC_COAP_FORMAT_TLV : BC_COAP_FORMAT_ABSENT,
        .format = BC_COAP_FORMAT_ABSENT,
    };
    char path[16];
    int len = snprintf(path, sizeof(path), "/%u", object);
    if (!bc_server_path_parse((bc_view){(const uint8_t *)path, (size_t)len}, &request.path))
        abort();
    if (bc_server_request(p->server, p->now_ms, endpoint, &request) != BC_OK)
        fprintf(stderr, "bc-bench-stack: the platform cannot ask for %s\n", path);
    pair_run(p);
}

/* A registered module is asked for everything that it answers by itself. It sleeps at the end of
 * each session, and the first AT is lost. */
static bool ask_all(struct pair *p)
{
    static const uint16_t objects[] = {1, 3, 4, 5};
    bc_view endpoint = BC_TEXT("asked");
    if (!pair_send(p, "AT") || !pair_send(p, "AT+QSCLK=0") ||
        !pair_send(p, "AT+QLACONFIG=0,\"192.0.2.2\",5683,\"asked\",300,3") ||
        !pair_send(p, "AT+QLAREG"))
        return false;
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        ask(p, endpoint, BC_SERVER_READ, objects[i]);
        ask(p, endpoint, BC_SERVER_DISCOVER, objects[i]);
        ask(p, endpoint, BC_SERVER_OBSERVE, objects[i]);
    }
    return pair_send(p, "AT+QLADEREG");
}

static bool measure(const char *carrier, const char *path, size_t floor_bytes)
{
    static struct pair p;
    bool good = pair_open(&p, carrier, call_painted) && pair_play(&p, path);
    printf("stack_%s_bytes %zu\n", carrier, deepest_since(floor_bytes));
    good = good && ask_all(&p);
    printf("stack_%s_asked_bytes %zu\n", carrier, deepest_since(floor_bytes));
    pair_close(&p);
    return good;
}

int main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        puts("usage: bc-bench-stack CARRIER=TRANSCRIPT...");
        return argc < 2 ? 2 : 0;
    }
    stack.deepest_bytes = STACK_BYTES;
    call_painted(NULL, nothing);
    stack.deepest_bytes = 0;
    call_painted(NULL, nothing);
    size_t floor_bytes = used_bytes();
    printf("state_bytes %zu\nworkspace_bytes %zu\n", bc_module_bytes(), sizeof(union bc_workspace));
    for (int i = 1; i < argc; i++) {
        char *path = strchr(argv[i], '=');
        if (path == NULL)
            return fputs("bc-bench-stack: CARRIER=TRANSCRIPT is wanted\n", stderr), 2;
        *path++ = 0;
        if (!measure(argv[i], path, floor_bytes))
            return 1;
    }
    return 0;
}
