/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reference_digests: SHA-256, HMAC and base64 as their standards print them, so that the tests of wire/, which may not link
 * crypto/, can check real signatures. Slow and plain on purpose.
 * Source: FIPS 180-4, RFC 2104, RFC 4648.
 */
#ifndef POSTERN_TESTS_UNIT_WIRE_REFERENCE_DIGESTS_H
#define POSTERN_TESTS_UNIT_WIRE_REFERENCE_DIGESTS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t reference_round[64] = { 0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7,
	0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c,
	0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2 };

static inline uint32_t reference_rotate(uint32_t word, int by)
{
	return word >> by | word << (32 - by);
}

static inline void reference_block(uint32_t hash[8], const uint8_t *block)
{
	uint32_t words[64], state[8];

	for (int i = 0; i < 16; i++)
		words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
			   (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (int i = 16; i < 64; i++) {
		uint32_t a = words[i - 15], b = words[i - 2];

		words[i] = words[i - 16] + words[i - 7] + (reference_rotate(a, 7) ^ reference_rotate(a, 18) ^ a >> 3) +
			   (reference_rotate(b, 17) ^ reference_rotate(b, 19) ^ b >> 10);
	}
	memcpy(state, hash, sizeof state);
	for (int i = 0; i < 64; i++) {
		uint32_t a = state[0], e = state[4];
		uint32_t first = state[7] +
				 (reference_rotate(e, 6) ^ reference_rotate(e, 11) ^ reference_rotate(e, 25)) +
				 ((e & state[5]) ^ (~e & state[6])) + reference_round[i] + words[i];
		uint32_t second = (reference_rotate(a, 2) ^ reference_rotate(a, 13) ^ reference_rotate(a, 22)) +
				  ((a & state[1]) ^ (a & state[2]) ^ (state[1] & state[2]));

		memmove(state + 1, state, 7 * sizeof state[0]);
		state[4] += first;
		state[0] = first + second;
	}
	for (int i = 0; i < 8; i++)
		hash[i] += state[i];
}

static inline void reference_sha256(uint8_t ret[32], const void *bytes, size_t count)
{
	uint32_t hash[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
		0x5be0cd19 };
	size_t padded = (count + 9 + 63) / 64 * 64;
	uint8_t *message = calloc(1, padded);

	if (count)
		memcpy(message, bytes, count);
	message[count] = 0x80;
	for (int i = 0; i < 8; i++)
		message[padded - 1 - (size_t)i] = (uint8_t)((uint64_t)count * 8 >> 8 * i);
	for (size_t at = 0; at < padded; at += 64)
		reference_block(hash, message + at);
	for (int i = 0; i < 32; i++)
		ret[i] = (uint8_t)(hash[i / 4] >> (24 - 8 * (i % 4)));
	free(message);
}

static inline void reference_hmac(uint8_t ret[32], const void *key, size_t key_count, const void *bytes, size_t count)
{
	uint8_t block[64] = { 0 }, *message = malloc(64 + count), outer[64 + 32];

	if (key_count > 64)
		reference_sha256(block, key, key_count);
	else
		memcpy(block, key, key_count);
	for (int i = 0; i < 64; i++) {
		message[i] = block[i] ^ 0x36;
		outer[i] = block[i] ^ 0x5c;
	}
	memcpy(message + 64, bytes, count);
	reference_sha256(outer + 64, message, 64 + count);
	reference_sha256(ret, outer, sizeof outer);
	free(message);
}

static inline void reference_base64(char *ret, const void *bytes, size_t count)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *at = bytes;

	for (size_t i = 0; i < count; i += 3) {
		uint32_t group = (uint32_t)at[i] << 16 | (i + 1 < count ? (uint32_t)at[i + 1] << 8 : 0) |
				 (i + 2 < count ? at[i + 2] : 0);

		*ret++ = alphabet[group >> 18];
		*ret++ = alphabet[group >> 12 & 63];
		*ret++ = i + 1 < count ? alphabet[group >> 6 & 63] : '=';
		*ret++ = i + 2 < count ? alphabet[group & 63] : '=';
	}
}

#endif
