/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * certificate: facts of X.509 certificates and private keys: what the certificate service shows and checks at import.
 *
 * Nothing here decides trust for a connection (tls/ does): a certificate is parsed, its fields are read, a chain's order and
 * a key's fit are checked. Parsing is done by wolfCrypt and a small bounds-checked DER reader for the fields that it does not
 * show.
 *
 * Memory: everything lives in the caller's arena. Threads: any; results are immutable.
 * Source: RFC 5280; spec/domains.md 3 and 6 (spellings of ACM).
 */
#ifndef POSTERN_CRYPTO_CERTIFICATE_H
#define POSTERN_CRYPTO_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/arena.h"
#include "appliance/base/view.h"

/* ImportCertificate's limits. */
#define CERTIFICATE_PEM_MAX_BYTES 32768
#define CERTIFICATE_KEY_PEM_MAX_BYTES 5120
#define CERTIFICATE_CHAIN_PEM_MAX_BYTES 2097152
/* Certificates in one chain; ACM's chains are short, TLS stacks refuse long ones. */
#define CERTIFICATE_CHAIN_MAX_COUNT 10
#define CERTIFICATE_NAMES_MAX_COUNT 100

enum certificate_key_type {
	CERTIFICATE_KEY_OTHER,
	CERTIFICATE_KEY_RSA,
	CERTIFICATE_KEY_EC, /* P-256, P-384, P-521 */
};

/* Bits of the key usage extension, least significant first in the order of ACM's names. */
enum certificate_key_usage {
	CERTIFICATE_USE_DIGITAL_SIGNATURE = 1 << 0,
	CERTIFICATE_USE_NON_REPUDIATION = 1 << 1,
	CERTIFICATE_USE_KEY_ENCIPHERMENT = 1 << 2,
	CERTIFICATE_USE_DATA_ENCIPHERMENT = 1 << 3,
	CERTIFICATE_USE_KEY_AGREEMENT = 1 << 4,
	CERTIFICATE_USE_CERTIFICATE_SIGNING = 1 << 5,
	CERTIFICATE_USE_CRL_SIGNING = 1 << 6,
	CERTIFICATE_USE_ENCIPHER_ONLY = 1 << 7,
	CERTIFICATE_USE_DECIPHER_ONLY = 1 << 8,
};

struct certificate_extended_use {
	const char *name; /* ACM's, e.g. "TLS_WEB_SERVER_AUTHENTICATION"; "CUSTOM" for others */
	struct view oid;  /* dotted decimal */
};

struct certificate {
	struct view der;
	int version;         /* 1 or 3 */
	struct view subject; /* "C=DE,O=Example,CN=api.example.com": order C, ST, L, O, OU, CN, then others */
	struct view issuer;
	struct view common_name;  /* of the subject; empty if none */
	const struct view *names; /* DNS names of the subject alternative name extension, lower case */
	size_t name_count;
	bool has_names; /* there is such an extension: then the common name counts for nothing */
	int64_t not_before_s, not_after_s;
	struct view serial; /* "03:e9" */
	enum certificate_key_type key_type;
	unsigned key_bits;               /* RSA: modulus; EC: field */
	const char *key_algorithm;       /* "RSA_2048", "EC_prime256v1", …; "" if ACM has no name for it */
	const char *signature_algorithm; /* "SHA256WITHRSA", "SHA256WITHECDSA", …; "UNKNOWN" */
	unsigned key_usage;              /* enum certificate_key_usage; 0 if there is no such extension */
	bool has_key_usage;
	const struct certificate_extended_use *extended_uses;
	size_t extended_use_count;
	bool is_authority;   /* basic constraints: CA */
	bool is_self_issued; /* subject and issuer are the same */
};

/*
 * Parse the first certificate of a PEM text; anything but certificates in it is an error. Returns 0; -EBADMSG if it is no
 * PEM or no X.509; -E2BIG if there is more than one certificate; -EMSGSIZE; -ENOMEM.
 */
int certificate_parse(struct certificate *ret, struct view pem, struct arena *arena)
	__attribute__((warn_unused_result));

/* The same for one DER certificate. */
int certificate_parse_der(struct certificate *ret, struct view der, struct arena *arena)
	__attribute__((warn_unused_result));

/*
 * Parse all certificates of a PEM text, in order, into an array in the arena. Returns 0 (an empty text gives none) or an
 * error as above; -E2BIG for more than CERTIFICATE_CHAIN_MAX_COUNT.
 */
int certificate_parse_chain(const struct certificate **ret, size_t *ret_count, struct view pem, struct arena *arena)
	__attribute__((warn_unused_result));

/*
 * The same three without asking wolfCrypt whether it understands the certificate too: for programs that judge settings at every
 * start, which would be five times as large with it.
 */
int certificate_read(struct certificate *ret, struct view pem, struct arena *arena) __attribute__((warn_unused_result));
int certificate_read_der(struct certificate *ret, struct view der, struct arena *arena)
	__attribute__((warn_unused_result));
int certificate_read_chain(const struct certificate **ret, size_t *ret_count, struct view pem, struct arena *arena)
	__attribute__((warn_unused_result));

/*
 * Is `key_pem` (PKCS#8, PKCS#1 or SEC 1, not encrypted) the private key of `certificate`? Returns 0; -EBADMSG if it is no
 * usable private key; -EKEYREJECTED if it belongs to another certificate; -ENOMEM.
 */
int certificate_check_key(const struct certificate *certificate, struct view key_pem, struct arena *arena)
	__attribute__((warn_unused_result));

/*
 * Is the chain in order: each certificate an authority that signed the one before, the leaf being before the first? Returns 0, or
 * -EINVAL with the index of the first wrong one in `*ret_index`.
 */
int certificate_check_chain(const struct certificate *leaf, const struct certificate *chain, size_t chain_count,
	size_t *ret_index) __attribute__((warn_unused_result));

/*
 * Does the certificate cover the host or domain `name` (case ignored)? A name in it covers itself, "*.example.com" covers
 * one label more than example.com; "*.example.com" as `name` needs exactly that. The common name counts only when there
 * are no alternative names. Source: spec/domains.md 3.
 */
bool certificate_covers(const struct certificate *certificate, struct view name);

/* SHA-256 as `openssl x509 -fingerprint -sha256` prints it: "AB:CD:…". */
#define CERTIFICATE_FINGERPRINT_CHARS 95

/* The fingerprint of the whole certificate, as text. */
void certificate_write_fingerprint(char ret[CERTIFICATE_FINGERPRINT_CHARS + 1], const struct certificate *certificate);

/* The same of its public key (SubjectPublicKeyInfo): a certificate that is renewed for the same key keeps it. */
void certificate_write_key_fingerprint(
	char ret[CERTIFICATE_FINGERPRINT_CHARS + 1], const struct certificate *certificate);

/* ACM's name of one bit of key_usage, e.g. "DIGITAL_SIGNATURE"; NULL for no or several bits. */
const char *certificate_key_usage_name(unsigned bit);

/* DER of a private key in PEM (PKCS#8, PKCS#1, SEC 1), in the arena, for a TLS context. Returns 0, -EBADMSG, -ENOMEM. */
int certificate_key_der(struct view *ret_der, struct view key_pem, struct arena *arena)
	__attribute__((warn_unused_result));

#endif
