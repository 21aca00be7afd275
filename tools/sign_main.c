/*
 * bc260y-sign: key pairs, and signatures of firmware packages (G 5.7.2, 5.7.3). Here: the command
 * line and the files. bc260y-sign(1) is the manual.
 */
#define _GNU_SOURCE
#include "sign.h"

#include <errno.h>
#include <getopt.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "sign_passphrase.h"

enum { EXIT_USAGE = 2 };

struct options {
    enum sign_algorithm algorithm;
    const char *folder, *key, *passphrase_file;
    bool force;
};

static const char usage[] =
    "usage: bc260y-sign keygen [--algorithm NAME] [--out FOLDER] [--force]\n"
    "       bc260y-sign sign PACKAGE.zip --key private.pem\n"
    "       bc260y-sign verify PACKAGE_signed.zip --key public.pem\n"
    "Makes key pairs, signs firmware packages and checks signatures.\n"
    "\n"
    "  --algorithm NAME    ECDSA_256K1+SHA256 (unless given) or RSA2048+SHA256\n"
    "  --out FOLDER        where private.pem and public.pem go; the current folder\n"
    "  --force             replace them\n"
    "  --key FILE          the private key to sign with, or the public one to verify with\n"
    "  --passphrase-file FILE\n"
    "                      its first line is the private key's passphrase; without this option\n"
    "                      a terminal is asked, or the first line of standard input is taken\n"
    "  --help, --version\n"
    "\n"
    "sign writes PACKAGE_signed.zip beside PACKAGE.zip. A new passphrase has at least 6\n"
    "characters of two kinds: A-Z, a-z, 0-9, others. Exit status: 0 done, or a good signature;\n"
    "1 anything that went wrong, and nothing is written; 2 wrong usage.\n";

__attribute__((format(printf, 1, 2))) static int wrong(const char *format, ...)
{
    va_list args;

    fputs("bc260y-sign: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("; see --help\n", stderr);
    return EXIT_USAGE;
}

static int failed(const char *why)
{
    fprintf(stderr, "bc260y-sign: %s\n", why);
    return EXIT_FAILURE;
}

static int failed_with(const char *what, const char *file, const char *why)
{
    fprintf(stderr, "bc260y-sign: cannot %s %s: %s\n", what, file, why);
    return EXIT_FAILURE;
}

static bc_view view_of(const struct tool_bytes *bytes)
{
    return (bc_view){bytes->ptr, bytes->len};
}

/* --- keygen ---------------------------------------------------------------------------------- */

/* Both or none. */
static bool write_pair(const struct sign_key_pair *pair, const char *private_path,
                       const char *public_path, bool force, char why[TOOL_WHY_MAX])
{
    if (!tool_write(private_path, 0600, force, view_of(&pair->private_key), why))
        return false;
    if (tool_write(public_path, 0644, force, view_of(&pair->public_key), why))
        return true;
    unlink(private_path); /* of no use alone; what it replaced is gone in any case */
    return false;
}

static int generate(const struct options *o, const char *private_path, const char *public_path)
{
    struct sign_passphrase_source source = {.file = o->passphrase_file, .is_new = true};
    char passphrase[SIGN_PASSPHRASE_MAX + 1];
    struct sign_key_pair pair;
    char why[TOOL_WHY_MAX];

    if (!sign_take_passphrase(&source, passphrase, why))
        return failed(why);
    bool strong = sign_passphrase_strong(passphrase);
    bool good = strong && sign_generate(o->algorithm, passphrase, &pair, why);
    OPENSSL_cleanse(passphrase, sizeof(passphrase));
    if (!strong)
        return failed("the passphrase is too weak: at least 6 characters of two kinds, "
                      "A-Z, a-z, 0-9, others");
    if (good) {
        good = write_pair(&pair, private_path, public_path, o->force, why);
        sign_forget(&pair.private_key);
        sign_forget(&pair.public_key);
    }
    if (!good)
        return failed(why);
    printf("%s\n%s\n", private_path, public_path);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : failed("cannot write to standard output");
}

static int run_keygen(const struct options *o, const char *file)
{
    char private_path[TOOL_PATH_MAX];
    char public_path[TOOL_PATH_MAX];
    int len = snprintf(private_path, sizeof(private_path), "%s/private.pem", o->folder);

    (void)file;
    if (len < 0 || (size_t)len >= sizeof(private_path))
        return failed("the name of the folder is too long");
    snprintf(public_path, sizeof(public_path), "%s/public.pem", o->folder);
    if (access(o->folder, W_OK | X_OK) != 0)
        return failed_with("write to", o->folder, strerror(errno));
    bool private_there = access(private_path, F_OK) == 0;
    if (!o->force && (private_there || access(public_path, F_OK) == 0))
        return failed_with("write", private_there ? private_path : public_path,
                           "it is there already; --force replaces it");
    return generate(o, private_path, public_path);
}

/* --- sign and verify ------------------------------------------------------------------------- */

/* x_signed.zip of x.zip, in letters of either case. */
static bool signed_name(const char *file, char out[TOOL_PATH_MAX])
{
    size_t len = strlen(file);
    if (len <= 4 || strcasecmp(file + len - 4, ".zip") != 0)
        return false;
    int written =
        snprintf(out, TOOL_PATH_MAX, "%.*s_signed%s", (int)(len - 4), file, file + len - 4);
    return written > 0 && written < TOOL_PATH_MAX;
}

static bool read_both(const struct options *o, const char *file, struct tool_bytes *zip,
                      struct tool_bytes *key, char why[TOOL_WHY_MAX])
{
    return tool_read(file, SIGN_ZIP_BYTES_MAX, zip, why) &&
           tool_read(o->key, SIGN_PEM_BYTES_MAX, key, why);
}

static int write_signed(const struct options *o, const char *file, const char *out,
                        const struct tool_bytes *zip, const struct tool_bytes *key)
{
    struct sign_passphrase_source source = {.file = o->passphrase_file};
    const struct sign_asker asker = {sign_take_passphrase, &source};
    struct tool_bytes package;
    char why[TOOL_WHY_MAX];

    if (!sign_package(view_of(zip), view_of(key), &asker, &package, why))
        return failed_with("sign", file, why);
    bool good = tool_write(out, 0666, true, view_of(&package), why);
    free(package.ptr);
    if (!good)
        return failed(why);
    printf("%s\n", out);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : failed("cannot write to standard output");
}

static int run_sign(const struct options *o, const char *file)
{
    struct tool_bytes zip = {.ptr = NULL};
    struct tool_bytes key = {.ptr = NULL};
    char out[TOOL_PATH_MAX];
    char why[TOOL_WHY_MAX];

    if (!signed_name(file, out))
        return failed_with("sign", file, "only a zip file can be signed, with a name in .zip");
    int status =
        read_both(o, file, &zip, &key, why) ? write_signed(o, file, out, &zip, &key) : failed(why);
    free(zip.ptr);
    sign_forget(&key);
    return status;
}

static int run_verify(const struct options *o, const char *file)
{
    struct tool_bytes zip = {.ptr = NULL};
    struct tool_bytes key = {.ptr = NULL};
    enum sign_algorithm algorithm;
    char why[TOOL_WHY_MAX];
    int status;

    if (!read_both(o, file, &zip, &key, why))
        status = failed(why);
    else if (!sign_verify(view_of(&zip), view_of(&key), &algorithm, why))
        status = failed_with("verify", file, why);
    else
        status = printf("%s: good signature, %s\n", file, sign_algorithm_name(algorithm)) > 0 &&
                         fflush(stdout) == 0
                     ? EXIT_SUCCESS
                     : failed("cannot write to standard output");
    free(zip.ptr);
    sign_forget(&key);
    return status;
}

/* --- The command line ------------------------------------------------------------------------ */

static int take_option(int option, const char *word, struct options *o)
{
    switch (option) {
    case 'a':
        return sign_algorithm_of(optarg, &o->algorithm)
                   ? 0
                   : wrong("--algorithm takes %s or %s, not '%s'",
                           sign_algorithm_name(SIGN_ECDSA_256K1_SHA256),
                           sign_algorithm_name(SIGN_RSA2048_SHA256), optarg);
    case 'o':
        o->folder = optarg;
        return 0;
    case 'k':
        o->key = optarg;
        return 0;
    case 'p':
        o->passphrase_file = optarg;
        return 0;
    case 'P':
        return wrong("a passphrase is not given on the command line, which others can read");
    case 'f':
        o->force = true;
        return 0;
    default:
        return wrong("unknown or misused option %s", word);
    }
}

/* 0 = go on; -1 = done with exit status 0; else the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
    static const struct option list[] = {
        {"algorithm", required_argument, NULL, 'a'},
        {"out", required_argument, NULL, 'o'},
        {"key", required_argument, NULL, 'k'},
        {"passphrase-file", required_argument, NULL, 'p'},
        {"passphrase", required_argument, NULL, 'P'},
        {"force", no_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    int option;

    opterr = 0; /* one line of ours says what is wrong */
    while ((option = getopt_long(argc, argv, "", list, NULL)) != -1) {
        if (option == 'h' || option == 'V') {
            fputs(option == 'h' ? usage : "bc260y-sign " BC_VERSION "\n", stdout);
            return -1;
        }
        int status = take_option(option, argv[optind - 1], o);
        if (status != 0)
            return status;
    }
    return 0;
}

static const struct {
    const char *name;
    int files;
    bool key;
    int (*run)(const struct options *o, const char *file);
} commands[] = {
    {"keygen", 0, false, run_keygen},
    {"sign", 1, true, run_sign},
    {"verify", 1, true, run_verify},
};

int main(int argc, char **argv)
{
    struct options o = {.folder = "."};
    int status = parse_options(argc, argv, &o);

    if (status != 0)
        return status < 0 ? EXIT_SUCCESS : status;
    if (optind == argc)
        return wrong("no command given: keygen, sign or verify");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[optind], commands[i].name) != 0)
            continue;
        if (argc - optind - 1 != commands[i].files)
            return wrong("%s takes %s", commands[i].name,
                         commands[i].files == 0 ? "no file" : "one zip file");
        if (commands[i].key && o.key == NULL)
            return wrong("%s needs --key", commands[i].name);
        return commands[i].run(&o, argv[optind + 1]);
    }
    return wrong("no command '%s': keygen, sign or verify", argv[optind]);
}
