/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client_certificate: certificates by which a gateway shows its back ends that it is the one who calls: RSA 2048, signed by
 * themselves with SHA-256, for client authentication alone. Back ends trust the very certificate.
 *
 * Making a key takes some 0.1 to 1 s of one core. Threads: any. Each call draws its own random numbers.
 * Source: RFC 5280; API Gateway Developer Guide, "Generate and configure an SSL certificate for backend authentication".
 */
#ifndef POSTERN_CRYPTO_CLIENT_CERTIFICATE_H
#define POSTERN_CRYPTO_CLIENT_CERTIFICATE_H

#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/crypto/authority.h"

/*
 * Make one with the subject CN=`common_name`. PEM texts in the arena; the caller seals the private key (PKCS#8) and wipes the pair
 * with authority_pair_wipe(). Returns 0, -EINVAL (the times), -ENOMEM, -EIO (wolfCrypt failed).
 */
int client_certificate_new(struct authority_pair *ret, const char *common_name, int64_t not_before_s,
	int64_t not_after_s, struct arena *arena) __attribute__((warn_unused_result));

#endif
