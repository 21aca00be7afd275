/*
 * The DTLS seam on a real socket and the real clock, for tests against foreign peers: one client,
 * or a listener for one peer at a time that echoes. Used by tests/system/test_dtls_foreign.py only.
 *
 *     dtls_tool connect PORT VERSION IDENTITY KEY [RESUMPTION]
 *     dtls_tool listen VERSION IDENTITY KEY
 *
 * VERSION is 0, 1 or 2; KEY and RESUMPTION are hex. The client sends each line of its standard
 * input, its end included, as a datagram and closes when there are no more. Standard output, one
 * line each:
 *
 *     port 40000                                the listener's
 *     open DTLSv1.2 PSK-AES128-CCM8 full        or "resumed"; then
 *     resumption <hex>                          what the client exports, if anything
 *     got <text>                                a datagram
 *     closed
 *     failed <why>
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/sink.h"
#include "dtls/dtls.h"

#define LIMIT_MS 90000

struct tool {
    int socket;
    struct sockaddr_in peer;
    struct bc_dtls_server *server; /* NULL in a client */
    struct bc_dtls *session;
    bool told_open, input_ended;
    bc_view identity, key;
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool find_key(void *context, bc_view identity, bc_sink *key)
{
    const struct tool *tool = context;
    if (!bc_view_equal(identity, tool->identity))
        return false;
    bc_put_bytes(key, tool->key);
    return true;
}

/* --- Datagrams ------------------------------------------------------------------------------- */

static void send_datagram(const struct tool *tool, bc_view out)
{
    (void)sendto(tool->socket, out.ptr, out.len, 0, (const struct sockaddr *)&tool->peer,
                 sizeof(tool->peer));
}

static void tell_open(struct tool *tool)
{
    uint8_t bytes[BC_DTLS_RESUMPTION_BYTES_MAX];
    bc_sink exported = {bytes, 0, sizeof(bytes), false};
    tool->told_open = true;
    printf("open %s %s %s\n", bc_dtls_version_name(tool->session),
           bc_dtls_cipher_name(tool->session), bc_dtls_resumed(tool->session) ? "resumed" : "full");
    if (!bc_dtls_export(tool->session, &exported))
        return;
    printf("resumption ");
    for (size_t i = 0; i < exported.len; i++)
        printf("%02x", bytes[i]);
    printf("\n");
}

static void drain(struct tool *tool)
{
    bc_view plain = {0}, out = {0};
    uint8_t echo[BC_DTLS_DATAGRAM_BYTES_MAX];
    if (tool->session == NULL)
        return;
    if (bc_dtls_state(tool->session) == BC_DTLS_OPEN && !tool->told_open)
        tell_open(tool);
    while (bc_dtls_read(tool->session, &plain)) {
        bool ends = plain.len > 0 && plain.ptr[plain.len - 1] == '\n';
        printf("got %.*s%s", (int)plain.len, (const char *)plain.ptr, ends ? "" : "\n");
        if (tool->server == NULL)
            continue;
        memcpy(echo, plain.ptr, plain.len);
        (void)bc_dtls_write(tool->session, (bc_view){echo, plain.len});
    }
    while (bc_dtls_take(tool->session, &out))
        send_datagram(tool, out);
    fflush(stdout);
}

static struct bc_address address_of(const struct sockaddr_in *from)
{
    struct bc_address address = {.ip_len = 4, .port = ntohs(from->sin_port)};
    memcpy(address.ip, &from->sin_addr, 4);
    return address;
}

static void on_datagram(struct tool *tool)
{
    uint8_t bytes[2048], reply_bytes[BC_DTLS_DATAGRAM_BYTES_MAX];
    bc_sink reply = {reply_bytes, 0, sizeof(reply_bytes), false};
    struct sockaddr_in from = {0};
    socklen_t from_len = sizeof(from);
    ssize_t len =
        recvfrom(tool->socket, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_len);
    if (len < 0)
        return;
    bc_view in = {bytes, (size_t)len};
    if (tool->session != NULL) {
        bc_dtls_on_datagram(tool->session, now_ms(), in);
        return;
    }
    struct bc_address address = address_of(&from);
    tool->peer = from;
    tool->session = bc_dtls_accept(tool->server, now_ms(), &address, in, &reply);
    if (reply.len > 0)
        send_datagram(tool, bc_sink_view(&reply));
}

static void on_input(struct tool *tool)
{
    char line[BC_DTLS_DATAGRAM_BYTES_MAX];
    if (fgets(line, sizeof(line), stdin) == NULL) {
        tool->input_ended = true;
        bc_dtls_close(tool->session);
        return;
    }
    if (bc_dtls_write(tool->session, bc_view_of(line)) != BC_OK)
        printf("not sent\n");
}

/* --- The loop -------------------------------------------------------------------------------- */

static int wait_ms(const struct tool *tool)
{
    uint64_t deadline = tool->session != NULL ? bc_dtls_deadline(tool->session) : BC_NEVER;
    uint64_t now = now_ms();
    if (deadline <= now)
        return 0;
    return deadline - now < LIMIT_MS ? (int)(deadline - now) : LIMIT_MS;
}

/* A listener is ready for the next peer; a client has its exit status. */
static bool is_over(struct tool *tool, int *status)
{
    if (tool->session == NULL)
        return false;
    enum bc_dtls_state state = bc_dtls_state(tool->session);
    if (state != BC_DTLS_CLOSED && state != BC_DTLS_FAILED)
        return false;
    if (state == BC_DTLS_CLOSED)
        printf("closed\n");
    else
        printf("failed %s\n", bc_dtls_failure(tool->session));
    fflush(stdout);
    bc_dtls_free(tool->session);
    tool->session = NULL;
    tool->told_open = false;
    *status = state == BC_DTLS_CLOSED ? 0 : 1;
    return tool->server == NULL;
}

static int run(struct tool *tool)
{
    int status = 1;
    do {
        bool reads = tool->server == NULL && tool->told_open && !tool->input_ended;
        struct pollfd on[2] = {{.fd = tool->socket, .events = POLLIN},
                               {.fd = reads ? STDIN_FILENO : -1, .events = POLLIN}};
        if (poll(on, 2, wait_ms(tool)) < 0)
            return 1;
        if (on[0].revents != 0)
            on_datagram(tool);
        if (on[1].revents != 0)
            on_input(tool);
        if (tool->session != NULL)
            bc_dtls_on_time(tool->session, now_ms());
        drain(tool);
    } while (!is_over(tool, &status));
    return status;
}

static void listen_on(struct tool *tool, enum bc_dtls_version version)
{
    struct bc_dtls_server_config config = {
        .find_key = find_key, .context = tool, .version = version, .resumption = true};
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t own_len = sizeof(own);
    tool->server = bc_dtls_server_create(&config);
    if (tool->server == NULL || bind(tool->socket, (struct sockaddr *)&own, own_len) != 0 ||
        getsockname(tool->socket, (struct sockaddr *)&own, &own_len) != 0)
        exit(1);
    printf("port %u\n", (unsigned)ntohs(own.sin_port));
    fflush(stdout);
}

static void connect_to(struct tool *tool, enum bc_dtls_version version, const char *port,
                       bc_view resumption)
{
    struct bc_dtls_client client = {
        .version = version, .identity = tool->identity, .key = tool->key, .resumption = resumption};
    tool->peer = (struct sockaddr_in){.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                                      .sin_addr = {htonl(INADDR_LOOPBACK)}};
    tool->session = bc_dtls_open(&client, now_ms());
    if (tool->session == NULL)
        exit(1);
    drain(tool);
}

/* Hex digits to bytes, in place. */
static bc_view from_hex(char *digits)
{
    bc_view text = bc_view_of(digits);
    uint8_t *bytes = (uint8_t *)digits;
    if (!bc_hex_decode(text, bytes))
        exit(2);
    return (bc_view){bytes, text.len / 2};
}

int main(int argc, char **argv)
{
    struct tool tool = {.socket = socket(AF_INET, SOCK_DGRAM, 0)};
    bool listens = argc == 5 && strcmp(argv[1], "listen") == 0;
    if (!listens && (argc < 6 || argc > 7 || strcmp(argv[1], "connect") != 0)) {
        fputs("usage: dtls_tool connect PORT VERSION IDENTITY KEY [RESUMPTION]\n"
              "       dtls_tool listen VERSION IDENTITY KEY\n",
              stderr);
        return 2;
    }
    char **rest = argv + (listens ? 2 : 3);
    enum bc_dtls_version version = (enum bc_dtls_version)strtoul(rest[0], NULL, 10);
    tool.identity = bc_view_of(rest[1]);
    tool.key = from_hex(rest[2]);
    setvbuf(stdin, NULL, _IONBF, 0); /* or a line may wait where poll does not see it */
    if (listens)
        listen_on(&tool, version);
    else
        connect_to(&tool, version, argv[2], argc == 7 ? from_hex(argv[6]) : (bc_view){0});
    int status = run(&tool);
    bc_dtls_server_destroy(tool.server);
    close(tool.socket);
    return status;
}
