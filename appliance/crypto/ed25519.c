/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/crypto/ed25519.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/ed25519.h>

bool ed25519_fits(const uint8_t key[ED25519_PUBLIC_BYTES], const uint8_t signature[ED25519_SIGNATURE_BYTES],
	const void *bytes, size_t count)
{
	ed25519_key decoded;
	int fits = 0;
	bool verified;

	if (count > UINT32_MAX || wc_ed25519_init(&decoded) != 0)
		return false;
	verified =
		wc_ed25519_import_public(key, ED25519_PUBLIC_BYTES, &decoded) == 0 &&
		wc_ed25519_verify_msg(signature, ED25519_SIGNATURE_BYTES, bytes, (word32)count, &fits, &decoded) == 0;
	wc_ed25519_free(&decoded);
	return verified && fits == 1;
}
