/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An update file's head of a test's own: content made by a counter, signed by a key that is made from a fixed seed. */
#ifndef POSTERN_TEST_UPDATE_FIXTURE_H
#define POSTERN_TEST_UPDATE_FIXTURE_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/ed25519.h>

#include "appliance/base/assert.h"
#include "appliance/crypto/digest.h"
#include "image/system/update_head.h"

struct made_update {
	uint8_t head[UPDATE_HEAD_MAX_BYTES];
	size_t head_count;
	uint8_t key[UPDATE_KEY_BYTES];
};

static inline void put_number(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (; bytes--; value >>= 8)
		*at++ = (uint8_t)value;
}

/* What chunk `index` holds. */
static inline void fill_chunk(uint8_t *ret, uint32_t index, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		ret[i] = (uint8_t)(i * 7 + i / 4096 + index * 31 + 1);
}

/* Sign what `made->head` holds before its last 64 bytes. */
static inline void sign_update(struct made_update *made)
{
	static const uint8_t seed[ED25519_KEY_SIZE] = "a key for the tests of updates.";
	uint8_t secret[ED25519_PRV_KEY_SIZE];
	word32 count = UPDATE_SIGNATURE_BYTES;
	ed25519_key key;

	ASSERT(wc_ed25519_init(&key) == 0);
	ASSERT(wc_ed25519_import_private_only(seed, sizeof seed, &key) == 0);
	ASSERT(wc_ed25519_make_public(&key, made->key, sizeof made->key) == 0);
	memcpy(secret, seed, sizeof seed);
	memcpy(secret + sizeof seed, made->key, sizeof made->key);
	wc_ed25519_free(&key);
	ASSERT(wc_ed25519_init(&key) == 0);
	ASSERT(wc_ed25519_import_private_key(secret, sizeof seed, made->key, sizeof made->key, &key) == 0);
	ASSERT(wc_ed25519_sign_msg(made->head, (word32)(made->head_count - UPDATE_SIGNATURE_BYTES),
		       made->head + made->head_count - UPDATE_SIGNATURE_BYTES, &count, &key) == 0);
	wc_ed25519_free(&key);
}

static inline void make_update(struct made_update *made, const char *version, uint64_t boot_bytes, uint64_t root_bytes)
{
	static uint8_t chunk[UPDATE_CHUNK_BYTES];
	uint64_t sizes[] = { boot_bytes, root_bytes };
	uint32_t index = 0;

	memset(made, 0, sizeof *made);
	memcpy(made->head, UPDATE_MAGIC, 8);
	put_number(made->head + 12, UPDATE_CHUNK_BYTES, 4);
	put_number(made->head + 16, boot_bytes, 8);
	put_number(made->head + 24, root_bytes, 8);
	snprintf((char *)made->head + 32, UPDATE_VERSION_BYTES, "%s", version);
	for (unsigned part = 0; part < 2; part++)
		for (uint64_t at = 0; at < sizes[part]; at += UPDATE_CHUNK_BYTES, index++) {
			size_t bytes = sizes[part] - at < sizeof chunk ? (size_t)(sizes[part] - at) : sizeof chunk;

			fill_chunk(chunk, index, bytes);
			digest_sha256(made->head + UPDATE_FIXED_BYTES + (size_t)index * 32, chunk, bytes);
		}
	made->head_count = UPDATE_FIXED_BYTES + (size_t)index * 32 + UPDATE_SIGNATURE_BYTES;
	put_number(made->head + 8, made->head_count, 4);
	sign_update(made);
}

#endif
