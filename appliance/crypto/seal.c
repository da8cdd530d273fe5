/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/crypto/seal.h"

#include <errno.h>
#include <string.h>

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/aes.h>

#include "appliance/base/assert.h"
#include "appliance/base/random.h"
#include "appliance/crypto/compare.h"
#include "appliance/crypto/digest.h"

enum { VERSION = 1, NONCE_BYTES = 12, TAG_BYTES = 16, HEAD_BYTES = 1 + NONCE_BYTES };

void seal_key_init(struct seal_key *key, const uint8_t secret[SEAL_SECRET_BYTES])
{
	static const char purpose[] = "postern seal v1";

	_Static_assert(sizeof key->bytes == DIGEST_SHA256_BYTES, "the key is one digest");
	digest_hmac_sha256(key->bytes, secret, SEAL_SECRET_BYTES, purpose, sizeof purpose - 1);
}

void seal_key_fini(struct seal_key *key)
{
	compare_wipe(key, sizeof *key);
}

/* AES-256-GCM both ways. True if the tag is right (always, when encrypting). */
static bool transform(bool encrypt, uint8_t *to, const uint8_t *from, size_t count, const struct seal_key *key,
	const uint8_t *nonce, uint8_t *tag, struct view record_id)
{
	Aes aes;
	int result;

	ASSERT(wc_AesInit(&aes, NULL, INVALID_DEVID) == 0);
	ASSERT(wc_AesGcmSetKey(&aes, key->bytes, sizeof key->bytes) == 0);
	if (encrypt) {
		result = wc_AesGcmEncrypt(&aes, to, from, (word32)count, nonce, NONCE_BYTES, tag, TAG_BYTES,
			(const byte *)record_id.at, (word32)record_id.count);
		ASSERT(result == 0);
	} else {
		result = wc_AesGcmDecrypt(&aes, to, from, (word32)count, nonce, NONCE_BYTES, tag, TAG_BYTES,
			(const byte *)record_id.at, (word32)record_id.count);
	}
	wc_AesFree(&aes);
	compare_wipe(&aes, sizeof aes);
	return result == 0;
}

long seal_close(uint8_t *ret, const struct seal_key *key, struct view record_id, struct view plain)
{
	uint8_t *text = ret + HEAD_BYTES;

	if (plain.count > SEAL_PLAIN_MAX_BYTES || record_id.count > SEAL_PLAIN_MAX_BYTES)
		return -EMSGSIZE;
	ret[0] = VERSION;
	random_bytes(ret + 1, NONCE_BYTES);
	transform(true, text, (const uint8_t *)plain.at, plain.count, key, ret + 1, text + plain.count, record_id);
	return (long)(plain.count + SEAL_OVERHEAD_BYTES);
}

long seal_open(uint8_t *ret, const struct seal_key *key, struct view record_id, struct view sealed)
{
	const uint8_t *from = (const uint8_t *)sealed.at;
	uint8_t tag[TAG_BYTES];
	size_t count;

	if (sealed.count < SEAL_OVERHEAD_BYTES || sealed.count > SEAL_PLAIN_MAX_BYTES + SEAL_OVERHEAD_BYTES ||
		record_id.count > SEAL_PLAIN_MAX_BYTES || from[0] != VERSION)
		return -EINVAL;
	count = sealed.count - SEAL_OVERHEAD_BYTES;
	memcpy(tag, from + HEAD_BYTES + count, TAG_BYTES);
	if (!transform(false, ret, from + HEAD_BYTES, count, key, from + 1, tag, record_id)) {
		compare_wipe(ret, count); /* wolfCrypt may have decrypted before it checked the tag */
		return -EBADMSG;
	}
	return (long)count;
}

void seal_digest(char ret[SEAL_DIGEST_CHARS + 1], const struct seal_key *key, const char *purpose, struct view plain)
{
	uint8_t own_key[DIGEST_SHA256_BYTES], digest[DIGEST_SHA256_BYTES];

	/* A key of its own for each purpose; AES-GCM's own is used for nothing else. */
	digest_hmac_sha256(own_key, key->bytes, sizeof key->bytes, purpose, strlen(purpose));
	digest_hmac_sha256(digest, own_key, sizeof own_key, plain.at, plain.count);
	digest_hex(ret, digest, sizeof digest);
	compare_wipe(own_key, sizeof own_key);
}
