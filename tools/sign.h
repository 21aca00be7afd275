/*
 * The work of bc260y-sign (G 5.7.2, 5.7.3): key pairs, and packages that carry a signature. All of
 * it in memory; sign_main.c has the command line and the files.
 *
 * A signed package is the zip file with the signature in its archive comment (docs/SIGNING.md), so
 * that any unzip opens it and any change of any byte shows. Errors are one-line phrases.
 */
#ifndef SIGN_H
#define SIGN_H

#include "tool_file.h"

#define SIGN_PASSPHRASE_MIN 6
#define SIGN_PASSPHRASE_MAX 128
#define SIGN_PEM_BYTES_MAX 65536U
#define SIGN_ZIP_BYTES_MAX (256U << 20)

enum sign_algorithm {
    SIGN_ECDSA_256K1_SHA256,
    SIGN_RSA2048_SHA256,
    SIGN_ALGORITHMS,
};

/* As the guide writes it, "ECDSA_256K1+SHA256"; and back. */
const char *sign_algorithm_name(enum sign_algorithm algorithm);
bool sign_algorithm_of(const char *name, enum sign_algorithm *out);

/* At least 6 characters of at least two of these: A-Z, a-z, 0-9, all others. */
bool sign_passphrase_strong(const char *passphrase);

/* Both as PEM; wipe and free with sign_forget(). The private key is PKCS#8, encrypted. */
struct sign_key_pair {
    struct tool_bytes private_key, public_key;
};
bool sign_generate(enum sign_algorithm algorithm, const char *passphrase,
                   struct sign_key_pair *pair, char why[TOOL_WHY_MAX]);
void sign_forget(struct tool_bytes *secret);

/* Called when the private key turns out to be encrypted: writes the passphrase with its NUL. */
struct sign_asker {
    bool (*ask)(void *context, char passphrase[SIGN_PASSPHRASE_MAX + 1], char why[TOOL_WHY_MAX]);
    void *context;
};

/* The signed package of a zip file, on the heap. */
bool sign_package(bc_view zip, bc_view private_key, const struct sign_asker *asker,
                  struct tool_bytes *out, char why[TOOL_WHY_MAX]);

/* Whether the holder of the public key's other half has signed exactly these bytes. */
bool sign_verify(bc_view package, bc_view public_key, enum sign_algorithm *algorithm,
                 char why[TOOL_WHY_MAX]);

#endif
