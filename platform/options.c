/*
 * Options: see options.h.
 */
#define _GNU_SOURCE
#include "options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bootstrap.h"
#include "carrier.h"
#include "common/number.h"
#include "secure.h"
#include "store.h"

#define GRACE_MAX_S 31536000
#define IDLE_MIN_S 10
#define SESSIONS_MAX 1000000
#define STORE_ROWS_MAX 1000000000
#define PATIENCE_MAX_S 3600
#define PATIENCE_S 30
#define HTTP_OF_SERVE "127.0.0.1:8080"
#define FW_URI_BYTES_MAX 199 /* with a path behind it at most 255 */
#define BLOCK_BYTES_MIN 16
#define BLOCK_BYTES_MAX 1024

static const char usage[] =
    "usage: bc260y-platform serve [OPTION]...\n"
    "       bc260y-platform [OPTION]...\n"
    "       bc260y-platform ctl SOCKET COMMAND...\n"
    "       bc260y-platform NOUN VERB...   (bc260y-platform help)\n"
    "LwM2M server that behaves as the carriers' platforms. Prints its events as JSON lines and\n"
    "takes commands on standard input and on the control socket.\n"
    "\n"
    "  --coap ADDRESS:PORT   where to listen; 127.0.0.1:5683 (port 0: any free one)\n"
    "  --coaps ADDRESS:PORT  also listen here for DTLS with pre-shared keys\n"
    "  --psk-file FILE       their keys, a device a line: ENDPOINT IDENTITY KEY, the key in hex\n"
    "                        or as \"text\"; read again on SIGHUP\n"
    "  --dtls-version V      1.0, 1.2 or any; any\n"
    "  --coaps-sessions N    keep at most N sessions of DTLS; 65536\n"
    "  --coaps-idle S        end those that were silent that long; 172800\n"
    "  --keylog FILE         append the sessions' secrets to a file for Wireshark\n"
    "  --open CARRIER        register unknown endpoints too, as devices of iot, aep, dmp or\n"
    "                        andlink\n"
    "  --product-id ID       andlink: accept devices of this product only; up to 8 times\n"
    "  --bootstrap ADDRESS:PORT  also listen here, as the bootstrap server of the same devices\n"
    "  --bootstrap-coaps ADDRESS:PORT  the same over DTLS\n"
    "  --bootstrap-uri URI   where to send them: coap://HOST:PORT or coaps://HOST:PORT; else to\n"
    "                        --coap, and with --bootstrap-coaps to --coaps\n"
    "  --bootstrap-plain-keys    let --bootstrap tell keys in the clear, for a coaps:// URI\n"
    "  --bootstrap-lifetime S    tell them this lifetime; 86400\n"
    "  --bootstrap-binding B     tell them this binding, U or UQ; U\n"
    "  --bootstrap-discover  first ask them for their objects\n"
    "  --block BYTES         read and write in blocks of 16, 32, 64, 128, 256, 512 or 1024 bytes;\n"
    "                        else in the device's blocks, and write in blocks above 1024 bytes\n"
    "  --control PATH        also take commands on a Unix socket\n"
    "  --lifetime-grace S    keep a silent device that long after its lifetime; 247\n"
    "  --pcap FILE           write the traffic to a capture file\n"
    "  --store FILE|none     keep devices, observations and data in this file, and acknowledge\n"
    "                        only what is in it; none\n"
    "  --store-keep N        of the data keep the newest N rows of each device; 100000\n"
    "  --http ADDRESS:PORT   serve the REST interface and the console here; without --store what\n"
    "                        they are told is lost at the end\n"
    "  --http-cert FILE      over HTTPS, with this certificate and what it hangs on, in PEM\n"
    "  --http-key FILE       and its private key, which nobody else may read\n"
    "  --fw-uri URI          where devices fetch firmware, coap://HOST:PORT or coaps://HOST:PORT;\n"
    "                        our own address as they see it; one of each scheme\n"
    "  --http-timeout S      cut clients off whose request takes longer to arrive; 30\n"
    "  --virtual-anywhere    let virtual devices talk to other servers, too\n"
    "  --seed N              repeatable ids and tokens\n"
    "  --quiet               print no events\n"
    "  --trace               print every message on standard error\n"
    "  --help, --version\n"
    "\n"
    "serve has --http 127.0.0.1:8080, and --store in $XDG_STATE_HOME/bc260y-platform; the first\n"
    "token, of an admin, is in admin-token beside the store.\n"
    "ctl sends one command to the control socket and prints the answer. Exit status: 0 done,\n"
    "1 failed, 2 wrong usage. 'help' lists the commands.\n";

__attribute__((format(printf, 1, 2))) static enum options_result wrong(const char *format, ...)
{
    va_list args;
    fputs("bc260y-platform: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("; see --help\n", stderr);
    return OPTIONS_WRONG;
}

static enum options_result take_open(const char *text, struct options *out)
{
    out->open = bc_server_carrier_find(text);
    return out->open != NULL ? OPTIONS_RUN
                             : wrong("--open takes iot, aep, dmp or andlink, not '%s'", text);
}

static enum options_result take_product_id(const char *text, struct options *out)
{
    if (text[0] == '\0')
        return wrong("--product-id takes the id of a product, not nothing");
    if (out->product_id_count == OPTIONS_PRODUCT_IDS_MAX)
        return wrong("--product-id may be there %d times", OPTIONS_PRODUCT_IDS_MAX);
    out->product_ids[out->product_id_count++] = text;
    return OPTIONS_RUN;
}

/* What stands before the last colon: a name, an IPv4 address, or an IPv6 address in brackets. */
static bool is_host(const char *text, size_t len)
{
    bool v6 = len > 2 && text[0] == '[' && text[len - 1] == ']';
    static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    return v6 ? strspn(text + 1, "0123456789abcdefABCDEF:.") == len - 2
              : len > 0 && strspn(text, name) == len;
}

/* How long "coap://" or "coaps://" is in front; 0 for anything else. */
static size_t scheme_bytes(const char *text)
{
    static const char *const schemes[] = {"coap://", "coaps://"};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
            return strlen(schemes[i]);
    return 0;
}

/* coap://HOST:PORT or coaps://HOST:PORT */
static bool is_origin(const char *text, size_t bytes_max)
{
    const char *host = text + scheme_bytes(text);
    const char *colon = strrchr(text, ':');
    uint64_t port;
    return host != text && colon >= host && is_host(host, (size_t)(colon - host)) &&
           number_parse(colon + 1, UINT16_MAX, &port) && port != 0 && strlen(text) <= bytes_max;
}

static enum options_result take_fw_uri(const char *text, struct options *out)
{
    if (!is_origin(text, FW_URI_BYTES_MAX))
        return wrong("--fw-uri takes coap://HOST:PORT or coaps://HOST:PORT, not '%s'", text);
    out->fw_uris[text[4] == 's'] = text;
    return OPTIONS_RUN;
}

static enum options_result take_uri(const char *text, struct options *out)
{
    if (!is_origin(text, BC_BOOTSTRAP_URI_BYTES_MAX))
        return wrong("--bootstrap-uri takes coap://HOST:PORT or coaps://HOST:PORT, not '%s'", text);
    out->bootstrap_uri = text;
    return OPTIONS_RUN;
}

static enum options_result take_lifetime(const char *text, struct options *out)
{
    uint64_t value;
    if (!number_parse(text, BC_LIFETIME_MAX, &value) || value < BC_LIFETIME_MIN)
        return wrong("--bootstrap-lifetime takes %d to %d seconds, not '%s'", BC_LIFETIME_MIN,
                     BC_LIFETIME_MAX, text);
    out->bootstrap_lifetime_s = (uint32_t)value;
    return OPTIONS_RUN;
}

static enum options_result take_binding(const char *text, struct options *out)
{
    if (strcmp(text, "U") != 0 && strcmp(text, "UQ") != 0)
        return wrong("--bootstrap-binding takes U or UQ, not '%s'", text);
    out->bootstrap_binding = text;
    return OPTIONS_RUN;
}

static enum options_result take_seed(const char *text, struct options *out)
{
    out->seeded = true;
    return number_parse(text, UINT64_MAX, &out->seed)
               ? OPTIONS_RUN
               : wrong("--seed takes a number of 64 bits, not '%s'", text);
}

static enum options_result take_grace(const char *text, struct options *out)
{
    uint64_t value;
    if (!number_parse(text, GRACE_MAX_S, &value))
        return wrong("--lifetime-grace takes 0 to %d seconds, not '%s'", GRACE_MAX_S, text);
    out->lifetime_grace_s = (uint32_t)value;
    return OPTIONS_RUN;
}

static enum options_result take_store(int option, struct options *out)
{
    if (option == 'f' && optarg[0] == '\0')
        return wrong("--store takes the path of a file, or none");
    if (option == 'f') {
        out->store = strcmp(optarg, "none") == 0 ? NULL : optarg;
        out->store_default = false;
    } else if (!number_parse(optarg, STORE_ROWS_MAX, &out->store_rows) || out->store_rows == 0)
        return wrong("--store-keep takes 1 to %d rows, not '%s'", STORE_ROWS_MAX, optarg);
    return OPTIONS_RUN;
}

static enum options_result take_block(const char *text, struct options *out)
{
    uint64_t value;
    if (!number_parse(text, BLOCK_BYTES_MAX, &value) || value < BLOCK_BYTES_MIN ||
        (value & (value - 1)) != 0)
        return wrong("--block takes 16, 32, 64, 128, 256, 512 or 1024 bytes, not '%s'", text);
    out->block_bytes = (uint16_t)value;
    return OPTIONS_RUN;
}

static enum options_result take_version(const char *text, struct options *out)
{
    static const char *const names[] = {
        [BC_DTLS_1_0] = "1.0", [BC_DTLS_1_2] = "1.2", [BC_DTLS_NEGOTIATED] = "any"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(text, names[i]) == 0) {
            out->dtls_version = (enum bc_dtls_version)i;
            return OPTIONS_RUN;
        }
    return wrong("--dtls-version takes 1.0, 1.2 or any, not '%s'", text);
}

static enum options_result take_sessions(const char *text, struct options *out)
{
    uint64_t value;
    if (!number_parse(text, SESSIONS_MAX, &value) || value == 0)
        return wrong("--coaps-sessions takes 1 to %d, not '%s'", SESSIONS_MAX, text);
    out->coaps_sessions = (uint32_t)value;
    return OPTIONS_RUN;
}

static enum options_result take_idle(const char *text, struct options *out)
{
    uint64_t value;
    if (!number_parse(text, GRACE_MAX_S, &value) || value < IDLE_MIN_S)
        return wrong("--coaps-idle takes %d to %d seconds, not '%s'", IDLE_MIN_S, GRACE_MAX_S,
                     text);
    out->coaps_idle_s = (uint32_t)value;
    return OPTIONS_RUN;
}

/* Options of the HTTP interface. */
static enum options_result take_http(int option, struct options *out)
{
    uint64_t value;
    switch (option) {
    case 'H':
        out->http = optarg;
        return OPTIONS_RUN;
    case 'X':
        out->http_cert = optarg;
        return OPTIONS_RUN;
    case 'Y':
        out->http_key = optarg;
        return OPTIONS_RUN;
    case 'F':
        return take_fw_uri(optarg, out);
    case 'v':
        out->virtual_anywhere = true;
        return OPTIONS_RUN;
    default:
        if (!number_parse(optarg, PATIENCE_MAX_S, &value) || value == 0)
            return wrong("--http-timeout takes 1 to %d seconds, not '%s'", PATIENCE_MAX_S, optarg);
        out->http_patience_s = (uint32_t)value;
        return OPTIONS_RUN;
    }
}

/* Options of DTLS. */
static enum options_result take_coaps(int option, struct options *out)
{
    switch (option) {
    case 'S':
        out->coaps = optarg;
        return OPTIONS_RUN;
    case 'C':
        out->bootstrap_coaps = optarg;
        return OPTIONS_RUN;
    case 'P':
        out->bootstrap_plain_keys = true;
        return OPTIONS_RUN;
    case 'K':
        out->psk_file = optarg;
        return OPTIONS_RUN;
    case 'E':
        return take_version(optarg, out);
    case 'N':
        return take_sessions(optarg, out);
    case 'T':
        return take_idle(optarg, out);
    default:
        out->keylog = optarg;
        return OPTIONS_RUN;
    }
}

/* Options of the bootstrap server and of Andlink. */
static enum options_result take_bootstrap(int option, struct options *out)
{
    switch (option) {
    case 'B':
        out->bootstrap = optarg;
        return OPTIONS_RUN;
    case 'U':
        return take_uri(optarg, out);
    case 'L':
        return take_lifetime(optarg, out);
    case 'M':
        return take_binding(optarg, out);
    case 'D':
        out->bootstrap_discover = true;
        return OPTIONS_RUN;
    default:
        return take_product_id(optarg, out);
    }
}

static enum options_result take(int option, struct options *out)
{
    if (strchr("BULMDI", option) != NULL)
        return take_bootstrap(option, out);
    if (strchr("SCPKENTW", option) != NULL)
        return take_coaps(option, out);
    if (strchr("HXYZFv", option) != NULL)
        return take_http(option, out);
    switch (option) {
    case 'a':
        out->coap = optarg;
        return OPTIONS_RUN;
    case 'o':
        return take_open(optarg, out);
    case 'b':
        return take_block(optarg, out);
    case 'c':
        out->control = optarg;
        return OPTIONS_RUN;
    case 'g':
        return take_grace(optarg, out);
    case 'p':
        out->pcap = optarg;
        return OPTIONS_RUN;
    case 'f':
    case 'k':
        return take_store(option, out);
    case 's':
        return take_seed(optarg, out);
    case 'q':
        out->quiet = true;
        return OPTIONS_RUN;
    case 't':
        out->trace = true;
        return OPTIONS_RUN;
    case 'h':
        fputs(usage, stdout);
        return OPTIONS_DONE;
    case 'V':
        fputs("bc260y-platform " BC_VERSION "\n", stdout);
        return OPTIONS_DONE;
    default:
        return OPTIONS_WRONG;
    }
}

/* Options that only mean something beside others. */
static enum options_result check(const struct options *options, bool bootstraps, bool secures)
{
    bool coaps = options->coaps != NULL || options->bootstrap_coaps != NULL;
    if (bootstraps && options->bootstrap == NULL && options->bootstrap_coaps == NULL)
        return wrong("the other --bootstrap-... options need --bootstrap or --bootstrap-coaps");
    if (options->bootstrap_plain_keys && options->bootstrap == NULL)
        return wrong("--bootstrap-plain-keys needs --bootstrap");
    if (secures && !coaps && !options->bootstrap_plain_keys)
        return wrong("options of DTLS need --coaps or --bootstrap-coaps");
    if (options->bootstrap != NULL && options->bootstrap_uri != NULL &&
        strncmp(options->bootstrap_uri, "coaps:", 6) == 0 && !options->bootstrap_plain_keys)
        return wrong("--bootstrap would tell devices their keys in the clear; use "
                     "--bootstrap-coaps, or allow it with --bootstrap-plain-keys");
    if (options->product_id_count > 0 && (options->open == NULL || !options->open->identifies))
        return wrong("--product-id needs --open andlink");
    if ((options->http_cert == NULL) != (options->http_key == NULL))
        return wrong("--http-cert and --http-key need each other");
    if (options->http == NULL && options->http_cert != NULL)
        return wrong("--http-cert needs --http");
    return OPTIONS_RUN;
}

static const struct option list[] = {
    {"coap", required_argument, NULL, 'a'},
    {"coaps", required_argument, NULL, 'S'},
    {"psk-file", required_argument, NULL, 'K'},
    {"dtls-version", required_argument, NULL, 'E'},
    {"coaps-sessions", required_argument, NULL, 'N'},
    {"coaps-idle", required_argument, NULL, 'T'},
    {"keylog", required_argument, NULL, 'W'},
    {"bootstrap-coaps", required_argument, NULL, 'C'},
    {"bootstrap-plain-keys", no_argument, NULL, 'P'},
    {"open", required_argument, NULL, 'o'},
    {"product-id", required_argument, NULL, 'I'},
    {"bootstrap", required_argument, NULL, 'B'},
    {"bootstrap-uri", required_argument, NULL, 'U'},
    {"bootstrap-lifetime", required_argument, NULL, 'L'},
    {"bootstrap-binding", required_argument, NULL, 'M'},
    {"bootstrap-discover", no_argument, NULL, 'D'},
    {"fw-uri", required_argument, NULL, 'F'},
    {"block", required_argument, NULL, 'b'},
    {"http", required_argument, NULL, 'H'},
    {"http-cert", required_argument, NULL, 'X'},
    {"http-key", required_argument, NULL, 'Y'},
    {"http-timeout", required_argument, NULL, 'Z'},
    {"virtual-anywhere", no_argument, NULL, 'v'},
    {"control", required_argument, NULL, 'c'},
    {"lifetime-grace", required_argument, NULL, 'g'},
    {"pcap", required_argument, NULL, 'p'},
    {"store", required_argument, NULL, 'f'},
    {"store-keep", required_argument, NULL, 'k'},
    {"seed", required_argument, NULL, 's'},
    {"quiet", no_argument, NULL, 'q'},
    {"trace", no_argument, NULL, 't'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

enum options_result platform_options_parse(int argc, char **argv, struct options *out)
{
    int option;
    bool bootstraps = false, secures = false;
    const struct secure_config secure = platform_secure_config_default();
    bool serves = argc > 1 && strcmp(argv[1], "serve") == 0;
    *out = (struct options){
        .coap = "127.0.0.1:5683",
        .coaps_sessions = secure.sessions_max,
        .coaps_idle_s = (uint32_t)(secure.idle_ms / 1000),
        .dtls_version = secure.version,
        .bootstrap_binding = "U",
        .bootstrap_lifetime_s = BC_LIFETIME_DEFAULT,
        .store_rows = BC_STORE_ROWS_DEFAULT,
        .store_default = serves,
        .http = serves ? HTTP_OF_SERVE : NULL,
        .http_patience_s = PATIENCE_S,
        .lifetime_grace_s = bc_server_config_default().lifetime_grace_s,
    };
    opterr = 0;
    argc -= serves;
    argv += serves;
    while ((option = getopt_long(argc, argv, ":", list, NULL)) != -1) {
        if (option == ':')
            return wrong("%s needs a value", argv[optind - 1]);
        if (option == '?')
            return wrong("there is no option %s", argv[optind - 1]);
        enum options_result result = take(option, out);
        if (result != OPTIONS_RUN)
            return result;
        bootstraps = bootstraps || strchr("ULMDP", option) != NULL;
        secures = secures || strchr("KENTW", option) != NULL;
    }
    return optind < argc ? wrong("'%s' is neither an option nor a noun", argv[optind])
                         : check(out, bootstraps, secures);
}
