/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/crypto/digest.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/hmac.h>
#include <wolfssl/wolfcrypt/sha.h>
#include <wolfssl/wolfcrypt/sha256.h>

#include "appliance/base/assert.h"
#include "appliance/crypto/compare.h"

_Static_assert(sizeof(wc_Sha256) <= sizeof(struct digest), "struct digest has room for a wc_Sha256");
_Static_assert(WC_SHA256_DIGEST_SIZE == DIGEST_SHA256_BYTES && WC_SHA_DIGEST_SIZE == DIGEST_SHA1_BYTES, "sizes");

static wc_Sha256 *sha256_of(struct digest *digest)
{
	return (wc_Sha256 *)(void *)digest->opaque;
}

void digest_init(struct digest *digest)
{
	ASSERT(wc_InitSha256(sha256_of(digest)) == 0);
}

void digest_update(struct digest *digest, const void *bytes, size_t count)
{
	const unsigned char *at = bytes;

	while (count) { /* wolfCrypt counts in 32 bits */
		word32 piece = count > 1 << 30 ? 1 << 30 : (word32)count;

		ASSERT(wc_Sha256Update(sha256_of(digest), at, piece) == 0);
		at += piece;
		count -= piece;
	}
}

void digest_final(struct digest *digest, uint8_t ret[DIGEST_SHA256_BYTES])
{
	ASSERT(wc_Sha256Final(sha256_of(digest), ret) == 0);
	digest_fini(digest);
}

void digest_fini(struct digest *digest)
{
	wc_Sha256Free(sha256_of(digest));
	compare_wipe(digest, sizeof *digest);
}

void digest_sha256(uint8_t ret[DIGEST_SHA256_BYTES], const void *bytes, size_t count)
{
	struct digest digest;

	digest_init(&digest);
	digest_update(&digest, bytes, count);
	digest_final(&digest, ret);
}

void digest_hmac_sha256(
	uint8_t ret[DIGEST_SHA256_BYTES], const void *key, size_t key_count, const void *bytes, size_t count)
{
	Hmac hmac;

	ASSERT(key_count <= 1 << 30 && count <= 1 << 30);
	ASSERT(wc_HmacInit(&hmac, NULL, INVALID_DEVID) == 0);
	ASSERT(wc_HmacSetKey(&hmac, WC_SHA256, key, (word32)key_count) == 0);
	ASSERT(wc_HmacUpdate(&hmac, bytes, (word32)count) == 0);
	ASSERT(wc_HmacFinal(&hmac, ret) == 0);
	wc_HmacFree(&hmac);
	compare_wipe(&hmac, sizeof hmac);
}

void digest_sha1(uint8_t ret[DIGEST_SHA1_BYTES], const void *bytes, size_t count)
{
	wc_Sha sha;

	ASSERT(count <= 1 << 30);
	ASSERT(wc_InitSha(&sha) == 0);
	ASSERT(count == 0 || wc_ShaUpdate(&sha, bytes, (word32)count) == 0);
	ASSERT(wc_ShaFinal(&sha, ret) == 0);
	wc_ShaFree(&sha);
}
