/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What needs wolfCrypt's keys: does a private key fit, who signed whom. */
#include "appliance/crypto/certificate.h"

#include <errno.h>
#include <stdlib.h>

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/asn.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/rsa.h>
#include <wolfssl/wolfcrypt/signature.h>

#include "appliance/base/assert.h"
#include "appliance/crypto/certificate_parts.h"
#include "appliance/crypto/compare.h"
#include "appliance/crypto/der.h"
#include "appliance/crypto/digest.h"
#include "appliance/crypto/pem.h"

union key {
	RsaKey rsa;
	ecc_key ec;
};

static void key_fini(union key *key, enum certificate_key_type type)
{
	if (type == CERTIFICATE_KEY_RSA)
		wc_FreeRsaKey(&key->rsa);
	else
		wc_ecc_free(&key->ec);
}

/* Decode a public (SubjectPublicKeyInfo) or private key. True: `key` wants key_fini(). */
static bool key_init(union key *key, enum certificate_key_type type, struct view der, bool is_private)
{
	const byte *at = (const byte *)der.at;
	word32 used = 0, count = (word32)der.count;
	int result;

	if (type == CERTIFICATE_KEY_RSA) {
		if (wc_InitRsaKey(&key->rsa, NULL) != 0)
			return false;
		result = is_private ? wc_RsaPrivateKeyDecode(at, &used, &key->rsa, count)
				    : wc_RsaPublicKeyDecode(at, &used, &key->rsa, count);
	} else {
		if (wc_ecc_init(&key->ec) != 0)
			return false;
		result = is_private ? wc_EccPrivateKeyDecode(at, &used, &key->ec, count)
				    : wc_EccPublicKeyDecode(at, &used, &key->ec, count);
	}
	if (result != 0)
		key_fini(key, type);
	return result == 0;
}

static size_t key_bytes(enum certificate_key_type type)
{
	return type == CERTIFICATE_KEY_RSA ? sizeof(RsaKey) : sizeof(ecc_key);
}

int certificate_parts_check(struct view der)
{
	DecodedCert *decoded = malloc(sizeof *decoded);
	int result;

	if (!decoded)
		return -ENOMEM;
	wc_InitDecodedCert(decoded, (const byte *)der.at, (word32)der.count, NULL);
	result = wc_ParseCert(decoded, CERT_TYPE, NO_VERIFY, NULL);
	wc_FreeDecodedCert(decoded);
	free(decoded);
	return result == 0 ? 0 : result == MEMORY_E ? -ENOMEM : -EBADMSG;
}

int certificate_key_der(struct view *ret_der, struct view key_pem, struct arena *arena)
{
	static const char *const labels[] = { "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY" };
	struct pem_block block;
	int result;

	/* `openssl ecparam -genkey` puts a block of parameters first; they stand in the key too. */
	do
		result = pem_next(&block, &key_pem, arena);
	while (result > 0 && view_equals(block.label, view_of("EC PARAMETERS")));
	if (result < 0)
		return result;
	for (size_t i = 0; result > 0 && i < ARRAY_COUNT(labels); i++) {
		if (view_equals_text(block.label, labels[i])) {
			*ret_der = block.der;
			return 0;
		}
	}
	return -EBADMSG;
}

/* Sign a fixed digest with one key and verify it with the other: that proves the fit whatever the encodings hold. */
static bool keys_fit(union key *private_key, union key *public_key, enum certificate_key_type type, WC_RNG *rng)
{
	static const byte digest[WC_SHA256_DIGEST_SIZE] = "does this key fit? Postern asks";
	word32 signature_bytes;
	byte signature[1024];
	int verified = 0;

	if (type == CERTIFICATE_KEY_RSA) {
		byte recovered[1024];
		int written;

		wc_RsaSetRNG(&private_key->rsa, rng);
		written = wc_RsaSSL_Sign(digest, sizeof digest, signature, sizeof signature, &private_key->rsa, rng);
		if (written <= 0)
			return false;
		written = wc_RsaSSL_Verify(signature, (word32)written, recovered, sizeof recovered, &public_key->rsa);
		return written == (int)sizeof digest && memcmp(recovered, digest, sizeof digest) == 0;
	}
	signature_bytes = sizeof signature;
	if (wc_ecc_sign_hash(digest, sizeof digest, signature, &signature_bytes, rng, &private_key->ec) != 0)
		return false;
	return wc_ecc_verify_hash(signature, signature_bytes, digest, sizeof digest, &verified, &public_key->ec) == 0 &&
	       verified == 1;
}

int certificate_check_key(const struct certificate *certificate, struct view key_pem, struct arena *arena)
{
	enum certificate_key_type type = certificate->key_type, other;
	union key *keys = NULL;
	struct certificate_parts parts;
	struct view der;
	WC_RNG rng;
	int result = certificate_key_der(&der, key_pem, arena);

	if (result == 0)
		result = certificate_parts_read(&parts, certificate->der);
	if (result < 0)
		return result;
	if (type != CERTIFICATE_KEY_RSA && type != CERTIFICATE_KEY_EC)
		return -EBADMSG;
	other = type == CERTIFICATE_KEY_RSA ? CERTIFICATE_KEY_EC : CERTIFICATE_KEY_RSA;
	keys = calloc(2, sizeof *keys);
	if (!keys)
		return -ENOMEM;
	if (!key_init(&keys[0], type, der, true)) {
		/* A good key of the other kind does not fit; anything else is no key. */
		result = key_init(&keys[0], other, der, true) ? -EKEYREJECTED : -EBADMSG;
		if (result == -EKEYREJECTED)
			key_fini(&keys[0], other);
		goto out;
	}
	result = -EBADMSG;
	if (key_init(&keys[1], type, parts.public_key_der, false)) {
		result = -ENOMEM;
		if (wc_InitRng(&rng) == 0) {
			result = keys_fit(&keys[0], &keys[1], type, &rng) ? 0 : -EKEYREJECTED;
			wc_FreeRng(&rng);
		}
		key_fini(&keys[1], type);
	}
	key_fini(&keys[0], type);
out:
	compare_wipe(keys, 2 * sizeof *keys);
	compare_wipe((char *)(uintptr_t)der.at, der.count); /* our own decoded copy in the arena */
	free(keys);
	return result;
}

static const struct {
	const char *name;
	enum wc_HashType hash;
	enum certificate_key_type type;
} signature_kinds[] = {
	{ "SHA256WITHRSA", WC_HASH_TYPE_SHA256, CERTIFICATE_KEY_RSA },
	{ "SHA384WITHRSA", WC_HASH_TYPE_SHA384, CERTIFICATE_KEY_RSA },
	{ "SHA512WITHRSA", WC_HASH_TYPE_SHA512, CERTIFICATE_KEY_RSA },
	{ "SHA256WITHECDSA", WC_HASH_TYPE_SHA256, CERTIFICATE_KEY_EC },
	{ "SHA384WITHECDSA", WC_HASH_TYPE_SHA384, CERTIFICATE_KEY_EC },
	{ "SHA512WITHECDSA", WC_HASH_TYPE_SHA512, CERTIFICATE_KEY_EC },
};

/* Is `certificate` signed by `issuer`'s key? */
static bool is_signed_by(const struct certificate *certificate, const struct certificate *issuer)
{
	struct certificate_parts parts, issuer_parts;
	bool fits = false;
	union key *key;

	if (certificate_parts_read(&parts, certificate->der) < 0 ||
		certificate_parts_read(&issuer_parts, issuer->der) < 0 ||
		!view_equals(parts.issuer, issuer_parts.subject))
		return false;
	key = calloc(1, sizeof *key);
	for (size_t i = 0; key && i < ARRAY_COUNT(signature_kinds); i++) {
		enum certificate_key_type type = signature_kinds[i].type;

		if (strcmp(signature_kinds[i].name, certificate->signature_algorithm) != 0 ||
			type != issuer->key_type || !key_init(key, type, issuer_parts.public_key_der, false))
			continue;
		fits = wc_SignatureVerify(signature_kinds[i].hash,
			       type == CERTIFICATE_KEY_RSA ? WC_SIGNATURE_TYPE_RSA_W_ENC : WC_SIGNATURE_TYPE_ECC,
			       (const byte *)parts.signed_bytes.at, (word32)parts.signed_bytes.count,
			       (const byte *)parts.signature.at, (word32)parts.signature.count, key,
			       (word32)key_bytes(type)) == 0;
		key_fini(key, type);
		break;
	}
	free(key);
	return fits;
}

int certificate_check_chain(
	const struct certificate *leaf, const struct certificate *chain, size_t chain_count, size_t *ret_index)
{
	for (size_t i = 0; i < chain_count; i++) {
		const struct certificate *issuer = &chain[i];
		bool may_sign = issuer->is_authority &&
				(!issuer->has_key_usage || (issuer->key_usage & CERTIFICATE_USE_CERTIFICATE_SIGNING));

		if (!may_sign || !is_signed_by(i ? &chain[i - 1] : leaf, issuer)) {
			*ret_index = i;
			return -EINVAL;
		}
	}
	return 0;
}

/* --- Fingerprints -------------------------------------------------------------------------------------------------- */

static void write_fingerprint(char ret[CERTIFICATE_FINGERPRINT_CHARS + 1], struct view der)
{
	static const char digits[] = "0123456789ABCDEF";
	uint8_t digest[DIGEST_SHA256_BYTES];
	size_t at = 0;

	digest_sha256(digest, der.at, der.count);
	for (size_t i = 0; i < sizeof digest; i++) {
		if (i)
			ret[at++] = ':';
		ret[at++] = digits[digest[i] >> 4];
		ret[at++] = digits[digest[i] & 15];
	}
	ret[at] = '\0';
}

void certificate_write_fingerprint(char ret[CERTIFICATE_FINGERPRINT_CHARS + 1], const struct certificate *certificate)
{
	write_fingerprint(ret, certificate->der);
}

void certificate_write_key_fingerprint(
	char ret[CERTIFICATE_FINGERPRINT_CHARS + 1], const struct certificate *certificate)
{
	struct certificate_parts parts;

	ASSERT(certificate_parts_read(&parts, certificate->der) == 0 && "it was parsed once");
	write_fingerprint(ret, parts.public_key_der);
}
