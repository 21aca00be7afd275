/*
 * Reading a passphrase: see sign_passphrase.h.
 */
#define _GNU_SOURCE
#include "sign_passphrase.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool fail(char why[TOOL_WHY_MAX], const char *text)
{
    snprintf(why, TOOL_WHY_MAX, "%s", text);
    return false;
}

/* No buffer between: nothing of the passphrase stays behind in one. */
static bool read_line(FILE *in, char passphrase[SIGN_PASSPHRASE_MAX + 1], char why[TOOL_WHY_MAX])
{
    size_t len = 0;
    int c;
    setvbuf(in, NULL, _IONBF, 0);
    while ((c = getc(in)) != EOF && c != '\n') {
        if (len == SIGN_PASSPHRASE_MAX || c == '\0')
            return fail(why, "the passphrase has more than 128 bytes, or a NUL among them");
        passphrase[len++] = (char)c;
    }
    if (len > 0 && passphrase[len - 1] == '\r')
        len--;
    passphrase[len] = '\0';
    return len > 0 || fail(why, "the passphrase is empty");
}

static bool read_file(const char *path, char passphrase[SIGN_PASSPHRASE_MAX + 1],
                      char why[TOOL_WHY_MAX])
{
    FILE *in = fopen(path, "re");
    bool good = in != NULL && read_line(in, passphrase, why);
    if (in == NULL || ferror(in)) { /* a folder can be opened */
        snprintf(why, TOOL_WHY_MAX, "cannot read %s: %s", path, strerror(errno));
        good = false;
    }
    if (in != NULL)
        fclose(in);
    return good;
}

static bool read_terminal(bool twice, char passphrase[SIGN_PASSPHRASE_MAX + 1],
                          char why[TOOL_WHY_MAX])
{
    const char *prompt = twice ? "New passphrase: " : "Passphrase: ";
    if (EVP_read_pw_string(passphrase, SIGN_PASSPHRASE_MAX, prompt, twice) != 0)
        return fail(why, "no passphrase was given");
    return passphrase[0] != '\0' || fail(why, "the passphrase is empty");
}

bool sign_take_passphrase(void *context, char passphrase[SIGN_PASSPHRASE_MAX + 1],
                          char why[TOOL_WHY_MAX])
{
    const struct sign_passphrase_source *source = context;
    bool good;
    if (source->file != NULL)
        good = read_file(source->file, passphrase, why);
    else if (isatty(STDIN_FILENO))
        good = read_terminal(source->is_new, passphrase, why);
    else
        good = read_line(stdin, passphrase, why);
    if (!good)
        OPENSSL_cleanse(passphrase, SIGN_PASSPHRASE_MAX + 1);
    return good;
}
