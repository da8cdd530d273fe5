/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * authority: Postern's private certificate authority: made once at first start, issues server certificates.
 *
 * Keys are ECDSA P-256, signatures ECDSA with SHA-256, serials 128 random bits. All results are PEM texts in the caller's
 * arena; the caller seals the private keys (seal.h) and wipes the arena's copies with authority_pair_wipe().
 * Threads: any. Each call draws its own random numbers.
 * Source: RFC 5280; CA/Browser Forum baseline requirements for the profile of server certificates.
 */
#ifndef POSTERN_CRYPTO_AUTHORITY_H
#define POSTERN_CRYPTO_AUTHORITY_H

#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/view.h"

/* Alternative names of one certificate: 64 of 253 bytes make a certificate of 17 KiB, which TLS stacks still take. */
#define AUTHORITY_NAMES_MAX_COUNT 64

struct authority_pair {
	struct view certificate_pem;
	struct view key_pem; /* PKCS#8 */
};

/*
 * Make a self-signed authority. `common_name` is its subject, e.g. "Postern private CA 000000000000 us-east-1"; path length
 * 0: it signs leaves only. Returns 0, -EINVAL (name empty or over 63 bytes, times), -ENOMEM, -EIO (wolfCrypt failed).
 */
int authority_new(struct authority_pair *ret, struct view common_name, int64_t not_before_s, int64_t not_after_s,
	struct arena *arena) __attribute__((warn_unused_result));

/*
 * Issue a server certificate for `names` (DNS names, wildcards allowed, or IP addresses as text); the common name is the
 * first name if it has at most 63 bytes. Returns as authority_new(); -EBADMSG if `authority` is no certificate with its key.
 */
int authority_issue(struct authority_pair *ret, const struct authority_pair *authority, const struct view *names,
	size_t name_count, int64_t not_before_s, int64_t not_after_s, struct arena *arena)
	__attribute__((warn_unused_result));

/* Overwrite the private key's text. */
void authority_pair_wipe(struct authority_pair *pair);

#endif
