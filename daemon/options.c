/*
 * The command line: see options.h and man/bc260y.1, which names every option.
 */
#define _GNU_SOURCE
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "common/number.h"
#include "port.h"
#include "report.h"
#include "resolve.h"
#include "state.h"

#define GO_ON (-1)
#define BAUD_DEFAULT 115200
#define TIME_SCALE_MAX 1000
#define LOOPBACK "127.0.0.1"

static const char usage[] =
    "usage: bc260y [OPTION]...\n"
    "A Quectel BC260Y-CN NB-IoT module's LwM2M function: AT commands here, UDP there.\n"
    "\n"
    "AT port (one of them; a pty when none is given):\n"
    "  --pty LINK           a pseudo terminal, also reachable through the symbolic link LINK\n"
    "  --tty DEVICE[:BAUD]  a serial device, 8N1, 115200 baud unless given\n"
    "  --tcp [HOST:]PORT    a TCP server for one client at a time; loopback without HOST;\n"
    "                       port 0 takes a free one\n"
    "  --stdio              standard input and output\n"
    "\n"
    "The module:\n"
    "  --config FILE        settings, one KEY=VALUE a line, # for comments\n"
    "  --set KEY=VALUE      one setting; wins over --config. Keys: imei imsi iccid revision\n"
    "                       address attach_ms awake_ms keep_wake_command psk_format\n"
    "                       bare_percent\n"
    "  --seed N             of message IDs and tokens: the same seed repeats a session\n"
    "  --time-scale N       let the module's time run N times faster, 1 to 1000\n"
    "  --only ADDRESS:PORT  send to this server, and no other; up to 8 times. Names are not\n"
    "                       looked up then\n"
    "\n"
    "What it keeps over a power cut:\n"
    "  --state DIR|none     where it keeps it; none = nowhere. Default:\n"
    "                       $XDG_STATE_HOME/bc260y/NAME or ~/.local/state/bc260y/NAME\n"
    "  --name NAME          of this module among others; its IMEI unless given\n"
    "  --factory-reset      forget all of it first\n"
    "  --firmware FILE      the firmware image it was delivered with; one is made up unless given\n"
    "\n"
    "To break things (see bc260y-ctl(1)):\n"
    "  --control PATH       a Unix socket for bc260y-ctl\n"
    "  --scenario FILE      commands with their times, TIME COMMAND a line\n"
    "\n"
    "To watch it:\n"
    "  --pcap FILE          write all CoAP traffic to a capture file\n"
    "  --keylog FILE        append the secrets of DTLS handshakes, for Wireshark to read it\n"
    "  --trace              AT lines and CoAP messages on standard error\n"
    "\n"
    "  --help               this text\n"
    "  --version            the version\n"
    "\n"
    "The first line of output is \"AT port: WHERE\". Exit status: 0 after SIGINT, SIGTERM or\n"
    "the end of --stdio input, 1 when something failed, 2 when an option is wrong.\n";

static bool choose_port(struct options *o, enum port_choice port)
{
    if (o->port != PORT_CHOICE_NONE) {
        report("give only one of --pty, --tty, --tcp and --stdio, and only once");
        return false;
    }
    o->port = port;
    return true;
}

/* The number behind the last colon, if there is one, is the rate: device names have colons too. */
static bool parse_tty(struct options *o, const char *text)
{
    size_t bytes = strlen(text) + 1;
    if (bytes == 1 || bytes > sizeof(o->device)) {
        report("--tty needs DEVICE or DEVICE:BAUD");
        return false;
    }
    memcpy(o->device, text, bytes);
    o->baud = BAUD_DEFAULT;
    char *colon = strrchr(o->device, ':');
    uint64_t baud;
    if (colon != NULL && number_parse(colon + 1, UINT32_MAX, &baud)) {
        *colon = '\0';
        o->baud = (unsigned)baud;
    }
    if (!port_baud_known(o->baud)) {
        report("--tty %s: %u is not a baud rate a tty can have (9600, 115200, ...)", text, o->baud);
        return false;
    }
    return choose_port(o, PORT_CHOICE_TTY);
}

/* PORT, :PORT, HOST:PORT or [IPv6]:PORT; the first two leave the host empty. */
static bool split_place(const char *text, char out[OPTIONS_HOST_BYTES], uint16_t *out_port)
{
    const char *colon = strrchr(text, ':');
    const char *port_text = colon != NULL ? colon + 1 : text;
    const char *host = text;
    size_t host_len = colon != NULL ? (size_t)(colon - text) : 0;
    uint64_t port;
    if (host_len >= 2 && host[0] == '[' && host[host_len - 1] == ']') {
        host++;
        host_len -= 2;
    } else if (memchr(host, ':', host_len) != NULL) {
        return false; /* an IPv6 address without brackets */
    }
    if (host_len >= OPTIONS_HOST_BYTES || !number_parse(port_text, UINT16_MAX, &port))
        return false;
    memcpy(out, host, host_len);
    out[host_len] = '\0';
    *out_port = (uint16_t)port;
    return true;
}

static bool parse_tcp(struct options *o, const char *text)
{
    if (!split_place(text, o->tcp_host, &o->tcp_port)) {
        report("--tcp %s: give PORT, HOST:PORT or [IPV6]:PORT, with a port of 0 to 65535", text);
        return false;
    }
    if (o->tcp_host[0] == '\0')
        memcpy(o->tcp_host, LOOPBACK, sizeof(LOOPBACK));
    return choose_port(o, PORT_CHOICE_TCP);
}

static bool parse_only(struct options *o, const char *text)
{
    char host[OPTIONS_HOST_BYTES];
    uint16_t port;
    struct bc_address address;
    if (o->only_count == OPTIONS_ONLY_MAX) {
        report("--only can be given %d times", OPTIONS_ONLY_MAX);
        return false;
    }
    if (!split_place(text, host, &port) || !resolve_numeric(host, &address)) {
        report("--only %s: give ADDRESS:PORT or [IPV6]:PORT, and no name", text);
        return false;
    }
    address.port = port;
    o->only[o->only_count++] = address;
    return true;
}

static bool parse_number(const char *option, const char *text, uint64_t min, uint64_t max,
                         uint64_t *out)
{
    if (number_parse(text, max, out) && *out >= min)
        return true;
    report("%s must be a number from %llu to %llu, not \"%s\"", option, (unsigned long long)min,
           (unsigned long long)max, text);
    return false;
}

/* True when the file name can be one and was not given before. */
static bool take_file(const char *option, const char *name, const char **out)
{
    if (*out == NULL && *name != '\0') {
        *out = name;
        return true;
    }
    report("%s needs one file name, once", option);
    return false;
}

static bool take_name(struct options *o, const char *name)
{
    o->name = name;
    if (state_name_legal(name))
        return true;
    report("--name must be 1 to %d letters, digits, '.', '_' or '-' and begin with none of '.' and "
           "'-', not \"%s\"",
           STATE_NAME_BYTES_MAX, name);
    return false;
}

enum option_id {
    OPT_PTY = 1000, /* out of the way of characters */
    OPT_TTY,
    OPT_TCP,
    OPT_STDIO,
    OPT_CONFIG,
    OPT_SET,
    OPT_CONTROL,
    OPT_SCENARIO,
    OPT_ONLY,
    OPT_PCAP,
    OPT_KEYLOG,
    OPT_TRACE,
    OPT_SEED,
    OPT_TIME_SCALE,
    OPT_STATE,
    OPT_NAME,
    OPT_FACTORY_RESET,
    OPT_FIRMWARE,
    OPT_HELP,
    OPT_VERSION,
};

/* False after a report. */
static bool take_option(struct options *o, int id)
{
    uint64_t number;
    switch (id) {
    case OPT_PTY:
        return take_file("--pty", optarg, &o->link) && choose_port(o, PORT_CHOICE_PTY);
    case OPT_TTY:
        return parse_tty(o, optarg);
    case OPT_TCP:
        return parse_tcp(o, optarg);
    case OPT_STDIO:
        return choose_port(o, PORT_CHOICE_STDIO);
    case OPT_CONFIG:
        return take_file("--config", optarg, &o->config);
    case OPT_SET:
        return settings_set(&o->settings, optarg);
    case OPT_CONTROL:
        return take_file("--control", optarg, &o->control);
    case OPT_SCENARIO:
        return take_file("--scenario", optarg, &o->scenario);
    case OPT_ONLY:
        return parse_only(o, optarg);
    case OPT_PCAP:
        return take_file("--pcap", optarg, &o->pcap);
    case OPT_KEYLOG:
        return take_file("--keylog", optarg, &o->keylog);
    case OPT_TRACE:
        o->trace = true;
        return true;
    case OPT_SEED:
        o->seed_given = true;
        return parse_number("--seed", optarg, 0, UINT64_MAX, &o->seed);
    case OPT_TIME_SCALE:
        if (!parse_number("--time-scale", optarg, 1, TIME_SCALE_MAX, &number))
            return false;
        o->time_scale = (unsigned)number;
        return true;
    case OPT_STATE:
        return take_file("--state", optarg, &o->state);
    case OPT_NAME:
        return take_name(o, optarg);
    case OPT_FACTORY_RESET:
        o->factory_reset = true;
        return true;
    case OPT_FIRMWARE:
        return take_file("--firmware", optarg, &o->firmware);
    default:
        return false;
    }
}

/* GO_ON, or the exit status. `word` is the argument that getopt has just looked at. */
static int handle(struct options *o, int id, const char *word)
{
    if (id == OPT_HELP) {
        fputs(usage, stdout);
        return 0;
    }
    if (id == OPT_VERSION) {
        printf("bc260y %s\n", bc_version());
        return 0;
    }
    if (id == ':') {
        report("%s needs a value; see bc260y --help", word);
        return EXIT_USAGE;
    }
    if (id == '?' && optopt > 0 && optopt < OPT_PTY) { /* one of several letters, perhaps */
        report("unknown option -%c; see bc260y --help", optopt);
        return EXIT_USAGE;
    }
    if (id == '?') {
        report("unknown or misused option %s; see bc260y --help", word);
        return EXIT_USAGE;
    }
    return take_option(o, id) ? GO_ON : EXIT_USAGE;
}

int options_parse(struct options *o, int argc, char **argv)
{
    static const struct option table[] = {
        {"pty", required_argument, NULL, OPT_PTY},
        {"tty", required_argument, NULL, OPT_TTY},
        {"tcp", required_argument, NULL, OPT_TCP},
        {"stdio", no_argument, NULL, OPT_STDIO},
        {"config", required_argument, NULL, OPT_CONFIG},
        {"set", required_argument, NULL, OPT_SET},
        {"control", required_argument, NULL, OPT_CONTROL},
        {"scenario", required_argument, NULL, OPT_SCENARIO},
        {"only", required_argument, NULL, OPT_ONLY},
        {"pcap", required_argument, NULL, OPT_PCAP},
        {"keylog", required_argument, NULL, OPT_KEYLOG},
        {"trace", no_argument, NULL, OPT_TRACE},
        {"seed", required_argument, NULL, OPT_SEED},
        {"time-scale", required_argument, NULL, OPT_TIME_SCALE},
        {"state", required_argument, NULL, OPT_STATE},
        {"name", required_argument, NULL, OPT_NAME},
        {"factory-reset", no_argument, NULL, OPT_FACTORY_RESET},
        {"firmware", required_argument, NULL, OPT_FIRMWARE},
        {"help", no_argument, NULL, OPT_HELP},
        {"version", no_argument, NULL, OPT_VERSION},
        {NULL, 0, NULL, 0},
    };
    *o = (struct options){.time_scale = 1};
    settings_init(&o->settings);
    for (;;) {
        int id = getopt_long(argc, argv, "+:", table, NULL);
        if (id < 0)
            break;
        int status = handle(o, id, argv[optind - 1]);
        if (status != GO_ON)
            return status;
    }
    if (optind < argc) {
        report("unexpected argument \"%s\"; see bc260y --help", argv[optind]);
        return EXIT_USAGE;
    }
    if (o->config != NULL) {
        int status = settings_load(&o->settings, o->config);
        if (status != 0)
            return status;
    }
    return GO_ON;
}
