/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy: the TLS security policies that a domain name or an API can have, by their AWS names, from the table
 * security_policies.def, and the cipher suites' names, from cipher_suites.def.
 *
 * What the TLS library does not have is left out of a handshake but stays in the table: versions below TLS 1.2, suites
 * with static RSA key exchange (no forward secrecy), post-quantum groups. A policy is accepted if anything of it remains.
 * Threads: constant tables.
 * Source: API Gateway guide, "Supported security policies"; spec/domains.md 2.
 */
#ifndef POSTERN_TLS_POLICY_H
#define POSTERN_TLS_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Groups of suites of spec/domains.md 2, as bits. */
enum tls_suite_group {
	TLS_SUITES_13_GCM = 1 << 0,    /* G */
	TLS_SUITES_13_CHACHA = 1 << 1, /* C */
	TLS_SUITES_E_GCM = 1 << 2,
	TLS_SUITES_E_CBC2 = 1 << 3,
	TLS_SUITES_E_CBC1 = 1 << 4,
	TLS_SUITES_E_CHACHA = 1 << 5,
	TLS_SUITES_RSA_GCM = 1 << 6,
	TLS_SUITES_RSA_CBC2 = 1 << 7,
	TLS_SUITES_RSA_CBC1 = 1 << 8,
};

struct tls_policy {
	const char *name;
	uint16_t version_min, version_max; /* as on the wire: 0x0301 TLS 1.0 … 0x0304 TLS 1.3 */
	unsigned suite_groups;             /* bits of enum tls_suite_group */
};

/* All suites that policies name, in the server's order of preference; ends with a row without a name. */
struct tls_suite {
	uint16_t number;
	unsigned group; /* of enum tls_suite_group */
	const char *name;
};
extern const struct tls_suite tls_suites[];

/* The policy of that name, or NULL. Names are compared exactly. */
const struct tls_policy *tls_policy_find(const char *name, size_t name_bytes);

/* The name that access logs show for a suite number of the TLS registry (OpenSSL's for TLS 1.2, IETF's for 1.3); "" if unknown. */
const char *tls_suite_name(uint16_t suite);

/* "TLSv1.2", "TLSv1.3", … for a version as on the wire; "" if unknown. */
const char *tls_version_name(uint16_t version);

#endif
