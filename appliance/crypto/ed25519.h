/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ed25519: is this signature that key's? Pure; threads: any.
 *
 * Source: RFC 8032, 5.1 (Ed25519, without a context or a digest before it).
 */
#ifndef POSTERN_CRYPTO_ED25519_H
#define POSTERN_CRYPTO_ED25519_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ED25519_PUBLIC_BYTES 32
#define ED25519_SIGNATURE_BYTES 64

/* Whether `signature` is that of `count` bytes by the holder of `key` (raw). False also if the key is none. */
bool ed25519_fits(const uint8_t key[ED25519_PUBLIC_BYTES], const uint8_t signature[ED25519_SIGNATURE_BYTES],
	const void *bytes, size_t count);

#endif
