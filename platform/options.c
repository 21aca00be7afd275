/*
 * Options: see options.h.
 */
#define _GNU_SOURCE
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "carrier.h"

#define GRACE_MAX_S 31536000
#define BLOCK_BYTES_MIN 16
#define BLOCK_BYTES_MAX 1024

static const char usage[] =
    "usage: bc260y-platform [OPTION]...\n"
    "       bc260y-platform ctl SOCKET COMMAND...\n"
    "LwM2M server that behaves as the carriers' platforms. Prints its events as JSON lines and\n"
    "takes commands on standard input and on the control socket.\n"
    "\n"
    "  --coap ADDRESS:PORT   where to listen; 127.0.0.1:5683 (port 0: any free one)\n"
    "  --open CARRIER        register unknown endpoints too, as devices of iot, aep or dmp\n"
    "  --block BYTES         read and write in blocks of 16, 32, 64, 128, 256, 512 or 1024 bytes;\n"
    "                        else in the device's blocks, and write in blocks above 1024 bytes\n"
    "  --control PATH        also take commands on a Unix socket\n"
    "  --lifetime-grace S    keep a silent device that long after its lifetime; 247\n"
    "  --pcap FILE           write the traffic to a capture file\n"
    "  --seed N              repeatable ids and tokens\n"
    "  --quiet               print no events\n"
    "  --trace               print every message on standard error\n"
    "  --help, --version\n"
    "\n"
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

static bool read_number(const char *text, uint64_t max, uint64_t *out)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return *end == '\0' && errno == 0 && *out <= max;
}

static enum options_result take_open(const char *text, struct options *out)
{
    out->open = bc_server_carrier_find(text);
    return out->open != NULL ? OPTIONS_RUN : wrong("--open takes iot, aep or dmp, not '%s'", text);
}

static enum options_result take_seed(const char *text, struct options *out)
{
    out->seeded = true;
    return read_number(text, UINT64_MAX, &out->seed)
               ? OPTIONS_RUN
               : wrong("--seed takes a number of 64 bits, not '%s'", text);
}

static enum options_result take_grace(const char *text, struct options *out)
{
    uint64_t value;
    if (!read_number(text, GRACE_MAX_S, &value))
        return wrong("--lifetime-grace takes 0 to %d seconds, not '%s'", GRACE_MAX_S, text);
    out->lifetime_grace_s = (uint32_t)value;
    return OPTIONS_RUN;
}

static enum options_result take_block(const char *text, struct options *out)
{
    uint64_t value;
    if (!read_number(text, BLOCK_BYTES_MAX, &value) || value < BLOCK_BYTES_MIN ||
        (value & (value - 1)) != 0)
        return wrong("--block takes 16, 32, 64, 128, 256, 512 or 1024 bytes, not '%s'", text);
    out->block_bytes = (uint16_t)value;
    return OPTIONS_RUN;
}

static enum options_result take(int option, struct options *out)
{
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

enum options_result platform_options_parse(int argc, char **argv, struct options *out)
{
    static const struct option list[] = {
        {"coap", required_argument, NULL, 'a'},
        {"open", required_argument, NULL, 'o'},
        {"block", required_argument, NULL, 'b'},
        {"control", required_argument, NULL, 'c'},
        {"lifetime-grace", required_argument, NULL, 'g'},
        {"pcap", required_argument, NULL, 'p'},
        {"seed", required_argument, NULL, 's'},
        {"quiet", no_argument, NULL, 'q'},
        {"trace", no_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    int option;
    *out = (struct options){
        .coap = "127.0.0.1:5683",
        .lifetime_grace_s = bc_server_config_default().lifetime_grace_s,
    };
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", list, NULL)) != -1) {
        if (option == ':')
            return wrong("%s needs a value", argv[optind - 1]);
        if (option == '?')
            return wrong("there is no option %s", argv[optind - 1]);
        enum options_result result = take(option, out);
        if (result != OPTIONS_RUN)
            return result;
    }
    return optind < argc ? wrong("'%s' is no option", argv[optind]) : OPTIONS_RUN;
}
