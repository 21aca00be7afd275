/*
 * Keys of the two algorithms, as OpenSSL has them: see sign.h. Inside the signing only.
 */
#ifndef SIGN_KEYS_H
#define SIGN_KEYS_H

#include <openssl/evp.h>

#include "sign.h"

/* NULL with a reason unless it is a key of one of our algorithms. Free with EVP_PKEY_free(). */
EVP_PKEY *sign_read_private(bc_view pem, const struct sign_asker *asker,
                            enum sign_algorithm *algorithm, char why[TOOL_WHY_MAX]);
EVP_PKEY *sign_read_public(bc_view pem, enum sign_algorithm *algorithm, char why[TOOL_WHY_MAX]);

#endif
