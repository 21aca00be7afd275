/*
 * bc-bench-stack: the memory a module takes: its state, its workspace, and how deep the library
 * goes into the stack. The guide's sessions are played (transcripts, CARRIER=FILE) with every call
 * of the library made on a stack painted before; what lost its paint was used. The platform then
 * reads, discovers and observes all objects. At last a module downloads a package and applies it,
 * with OpenSSL's SHA-256 and libzstd on the same stack. Prints `name value` lines, bytes.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "base/random.h"
#include "base/sink.h"
#include "coap/message.h"
#include "flash.h"
#include "pair.h"

#define STACK_BYTES (128 * 1024)
#define PAINT 0xA5
#define ENDPOINT BC_TEXT("asked")
#define URI "coap://192.0.2.2:5683/fw/1"
#define IMAGE_BYTES 65536U
#define EDIT_EVERY_BYTES 97
#define UPDATE_MS 600000 /* more than enough of virtual time */

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

static void ask(struct pair *p, enum bc_server_operation operation, const char *path,
                const char *text)
{
    struct bc_server_request request = {
        .operation = operation,
        .accept = operation == BC_SERVER_READ ? BC_COAP_FORMAT_TLV : BC_COAP_FORMAT_ABSENT,
        .format = text != NULL ? BC_COAP_FORMAT_TEXT : BC_COAP_FORMAT_ABSENT,
        .payload = bc_view_of(text != NULL ? text : ""),
    };
    if (!bc_server_path_parse(bc_view_of(path), &request.path))
        abort();
    if (bc_server_request(p->server, p->now_ms, ENDPOINT, &request) != BC_OK)
        fprintf(stderr, "bc-bench-stack: the platform cannot ask for %s\n", path);
    pair_run(p);
}

/* The first AT is lost when the module sleeps. */
static bool register_module(struct pair *p)
{
    return pair_send(p, "AT") && pair_send(p, "AT+QSCLK=0") &&
           pair_send(p, "AT+QLACONFIG=0,\"192.0.2.2\",5683,\"asked\",86400,3") &&
           pair_send(p, "AT+QLAREG");
}

/* A registered module is asked for everything that it answers by itself. */
static bool ask_all(struct pair *p)
{
    static const char *const objects[] = {"/1", "/3", "/4", "/5"};
    if (!register_module(p))
        return false;
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        ask(p, BC_SERVER_READ, objects[i], NULL);
        ask(p, BC_SERVER_DISCOVER, objects[i], NULL);
        ask(p, BC_SERVER_OBSERVE, objects[i], NULL);
    }
    return pair_send(p, "AT+QLADEREG");
}

static bool measure(const char *carrier, const char *path, size_t floor_bytes)
{
    static struct pair p;
    bool good = pair_open(&p, carrier, NULL, call_painted) && pair_play(&p, path);
    printf("stack_%s_bytes %zu\n", carrier, deepest_since(floor_bytes));
    good = good && ask_all(&p);
    printf("stack_%s_asked_bytes %zu\n", carrier, deepest_since(floor_bytes));
    pair_close(&p);
    return good;
}

/* --- An update ------------------------------------------------------------------------------- */

/* An image of noise, and the same with a byte changed here and there. */
static bool make_package(uint8_t image[IMAGE_BYTES], struct tool_bytes *out)
{
    static uint8_t target[IMAGE_BYTES];
    struct bc_random random = {.state = 260};
    for (size_t i = 0; i < IMAGE_BYTES; i++)
        image[i] = target[i] = (uint8_t)bc_random_next(&random);
    for (size_t i = 0; i < IMAGE_BYTES; i += EDIT_EVERY_BYTES)
        target[i] ^= 0x55;
    return flash_package((bc_view){image, IMAGE_BYTES}, (bc_view){target, IMAGE_BYTES}, out);
}

/* Lets time pass until the module has said it. */
static bool wait_for(struct pair *p, const char *text)
{
    for (uint64_t end_ms = p->now_ms + UPDATE_MS; p->now_ms < end_ms;) {
        if (strstr(p->said, text) != NULL)
            return true;
        p->said_bytes = 0;
        p->said[0] = 0;
        pair_sleep(p, 10);
    }
    fprintf(stderr, "bc-bench-stack: the module never says %s\n", text);
    return false;
}

static bool download(struct pair *p)
{
    ask(p, BC_SERVER_OBSERVE, "/5/0/3", NULL);
    ask(p, BC_SERVER_WRITE, "/5/0/1", URI);
    return wait_for(p, "\"COAPEND\",0");
}

static bool apply(struct pair *p)
{
    ask(p, BC_SERVER_EXECUTE, "/5/0/2", NULL);
    return wait_for(p, "\"END\",0");
}

static bool measure_update(size_t floor_bytes)
{
    static struct pair p;
    static struct flash flash;
    static uint8_t image[IMAGE_BYTES];
    struct tool_bytes package = {.ptr = NULL};
    if (!make_package(image, &package))
        return false;
    flash_init(&flash, (bc_view){image, IMAGE_BYTES});
    bool good = pair_open(&p, "iot", &flash.port, call_painted);
    p.package = (bc_view){package.ptr, package.len};
    p.fetcher = ENDPOINT;
    good = good && register_module(&p);
    (void)deepest_since(floor_bytes);
    good = good && download(&p);
    printf("stack_download_bytes %zu\n", deepest_since(floor_bytes));
    good = good && apply(&p);
    printf("stack_apply_bytes %zu\n", deepest_since(floor_bytes));
    pair_close(&p);
    free(package.ptr);
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
    return measure_update(floor_bytes) ? 0 : 1;
}
