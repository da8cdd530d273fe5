/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/crypto/authority.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>

#include "appliance/base/random.h"
#include "appliance/crypto/certificate.h"
#include "appliance/crypto/compare.h"
#include "appliance/crypto/der.h"
#include "appliance/crypto/pem.h"

/* A certificate with AUTHORITY_NAMES_MAX_COUNT long names, and a PKCS#8 P-256 key, with room to spare. */
enum { CERTIFICATE_ROOM_BYTES = 24576, KEY_ROOM_BYTES = 512, COMMON_NAME_MAX_BYTES = CTC_NAME_SIZE - 1 };

/* What one certificate is made with. */
struct workshop {
	WC_RNG rng;
	ecc_key subject_key, issuer_key;
	Cert certificate; /* over 16 KiB */
	byte der[CERTIFICATE_ROOM_BYTES];
	bool has_rng, has_subject_key, has_issuer_key;
};

static void workshop_free(struct workshop *workshop)
{
	if (workshop->has_subject_key)
		wc_ecc_free(&workshop->subject_key);
	if (workshop->has_issuer_key)
		wc_ecc_free(&workshop->issuer_key);
	if (workshop->has_rng)
		wc_FreeRng(&workshop->rng);
	compare_wipe(workshop, sizeof *workshop);
	free(workshop);
}

/* With a fresh P-256 key. */
static struct workshop *workshop_new(void)
{
	struct workshop *workshop = calloc(1, sizeof *workshop);

	if (!workshop)
		return NULL;
	workshop->has_rng = wc_InitRng(&workshop->rng) == 0;
	workshop->has_subject_key = workshop->has_rng && wc_ecc_init(&workshop->subject_key) == 0;
	if (!workshop->has_subject_key ||
		wc_ecc_make_key_ex(&workshop->rng, 32, &workshop->subject_key, ECC_SECP256R1) != 0) {
		workshop_free(workshop);
		return NULL;
	}
	return workshop;
}

/* A DER time: UTCTime up to 2049, GeneralizedTime after (RFC 5280 4.1.2.5). Returns its size, 0 if out of range. */
static int time_der(byte *ret, int64_t time_s)
{
	time_t moment = (time_t)time_s;
	char text[24];
	struct tm tm;
	size_t count;

	if (time_s < 0 || !gmtime_r(&moment, &tm) || tm.tm_year > 9999 - 1900)
		return 0;
	count = strftime(text, sizeof text, tm.tm_year < 150 ? "%y%m%d%H%M%SZ" : "%Y%m%d%H%M%SZ", &tm);
	ret[0] = tm.tm_year < 150 ? DER_UTC_TIME : DER_GENERALIZED_TIME;
	ret[1] = (byte)count;
	memcpy(ret + 2, text, count);
	return (int)count + 2;
}

static int set_frame(Cert *certificate, struct view common_name, int64_t not_before_s, int64_t not_after_s)
{
	if (common_name.count == 0 || common_name.count > COMMON_NAME_MAX_BYTES || not_after_s <= not_before_s)
		return -EINVAL;
	if (wc_InitCert(certificate) != 0)
		return -EIO;
	memcpy(certificate->subject.commonName, common_name.at, common_name.count);
	certificate->subject.commonNameEnc = CTC_UTF8;
	certificate->sigType = CTC_SHA256wECDSA;
	random_bytes(certificate->serial, 16);
	certificate->serial[0] = (byte)((certificate->serial[0] & 0x7f) | 0x40); /* positive, always 16 bytes */
	certificate->serialSz = 16;
	certificate->beforeDateSz = time_der(certificate->beforeDate, not_before_s);
	certificate->afterDateSz = time_der(certificate->afterDate, not_after_s);
	return certificate->beforeDateSz && certificate->afterDateSz ? 0 : -EINVAL;
}

/* Encode, sign with `issuer_key`, and write both PEM texts. */
static int finish(struct authority_pair *ret, struct workshop *workshop, ecc_key *issuer_key, struct arena *arena)
{
	byte key[KEY_ROOM_BYTES];
	word32 key_bytes = sizeof key;
	int count = wc_MakeCert(&workshop->certificate, workshop->der, sizeof workshop->der, NULL,
		&workshop->subject_key, &workshop->rng);

	if (count > 0)
		count = wc_SignCert(workshop->certificate.bodySz, workshop->certificate.sigType, workshop->der,
			sizeof workshop->der, NULL, issuer_key, &workshop->rng);
	if (count <= 0)
		return -EIO;
	count = wc_EccKeyToPKCS8(&workshop->subject_key, key, &key_bytes) <= 0 ? -EIO : count;
	if (count > 0) {
		ret->certificate_pem = pem_write(arena, "CERTIFICATE", view_from(workshop->der, (size_t)count));
		ret->key_pem = pem_write(arena, "PRIVATE KEY", view_from(key, key_bytes));
	}
	compare_wipe(key, sizeof key);
	if (count <= 0)
		return -EIO;
	return ret->certificate_pem.at && ret->key_pem.at ? 0 : -ENOMEM;
}

int authority_new(struct authority_pair *ret, struct view common_name, int64_t not_before_s, int64_t not_after_s,
	struct arena *arena)
{
	struct workshop *workshop = workshop_new();
	Cert *certificate;
	int result;

	if (!workshop)
		return -ENOMEM;
	certificate = &workshop->certificate;
	result = set_frame(certificate, common_name, not_before_s, not_after_s);
	if (result < 0)
		goto out;
	certificate->isCA = 1;
	certificate->basicConstSet = 1;
	certificate->pathLenSet = 1;
	certificate->pathLen = 0;
	certificate->selfSigned = 1;
	result = -EIO;
	if (wc_SetKeyUsage(certificate, "keyCertSign,cRLSign") != 0 ||
		wc_SetSubjectKeyIdFromPublicKey_ex(certificate, ECC_TYPE, &workshop->subject_key) != 0 ||
		wc_SetAuthKeyIdFromPublicKey_ex(certificate, ECC_TYPE, &workshop->subject_key) != 0)
		goto out;
	result = finish(ret, workshop, &workshop->subject_key, arena);
out:
	workshop_free(workshop);
	return result;
}

/* The SubjectAltName's SEQUENCE of GeneralNames into `ret`. Returns its size or -EINVAL. */
static int names_der(byte ret[CTC_MAX_ALT_SIZE], const struct view *names, size_t name_count)
{
	size_t count = 4; /* tag and a length of three bytes, written last */

	if (name_count == 0 || name_count > AUTHORITY_NAMES_MAX_COUNT)
		return -EINVAL;
	for (size_t i = 0; i < name_count; i++) {
		char text[INET6_ADDRSTRLEN + 1];
		byte address[16];
		struct view name = names[i];
		byte tag = DER_CONTEXT_2;

		if (name.count == 0 || name.count > 253)
			return -EINVAL;
		if (name.count < sizeof text) {
			memcpy(text, name.at, name.count);
			text[name.count] = '\0';
			if (inet_pton(AF_INET, text, address) == 1)
				name = view_from(address, 4);
			else if (inet_pton(AF_INET6, text, address) == 1)
				name = view_from(address, 16);
			tag = name.at == names[i].at ? DER_CONTEXT_2 : DER_CONTEXT_7;
		}
		/* 64 names of 253 bytes and three bytes of head each, and the list's head, fit. */
		_Static_assert(4 + AUTHORITY_NAMES_MAX_COUNT * (253 + 3) <= CTC_MAX_ALT_SIZE + 4, "room for all names");
		if (count + 3 + name.count > CTC_MAX_ALT_SIZE)
			return -EINVAL;
		ret[count++] = tag;
		if (name.count > 127)
			ret[count++] = 0x81;
		ret[count++] = (byte)name.count;
		memcpy(ret + count, name.at, name.count);
		count += name.count;
	}
	/* Minimal length: move the list down to where it must begin. */
	size_t length = count - 4, head = length < 128 ? 2 : length < 256 ? 3 : 4;

	memmove(ret + head, ret + 4, length);
	ret[0] = DER_SEQUENCE;
	if (head == 2) {
		ret[1] = (byte)length;
	} else if (head == 3) {
		ret[1] = 0x81;
		ret[2] = (byte)length;
	} else {
		ret[1] = 0x82;
		ret[2] = (byte)(length >> 8);
		ret[3] = (byte)length;
	}
	return (int)(head + length);
}

/* The issuer's key and certificate into the workshop. */
static int set_issuer(struct workshop *workshop, const struct authority_pair *authority, struct arena *arena)
{
	struct certificate issuer;
	struct view key;
	word32 used = 0;
	int result = certificate_parse(&issuer, authority->certificate_pem, arena);

	if (result == 0)
		result = certificate_check_key(&issuer, authority->key_pem, arena);
	if (result == 0)
		result = certificate_key_der(&key, authority->key_pem, arena);
	if (result < 0 || issuer.key_type != CERTIFICATE_KEY_EC || !issuer.is_authority)
		return result == -ENOMEM ? result : -EBADMSG;
	workshop->has_issuer_key = wc_ecc_init(&workshop->issuer_key) == 0;
	result = -EIO;
	if (workshop->has_issuer_key &&
		wc_EccPrivateKeyDecode((const byte *)key.at, &used, &workshop->issuer_key, (word32)key.count) == 0 &&
		wc_SetIssuerBuffer(&workshop->certificate, (const byte *)issuer.der.at, (int)issuer.der.count) == 0 &&
		wc_SetAuthKeyIdFromCert(&workshop->certificate, (const byte *)issuer.der.at, (int)issuer.der.count) ==
			0)
		result = 0;
	compare_wipe((char *)(uintptr_t)key.at, key.count);
	return result;
}

int authority_issue(struct authority_pair *ret, const struct authority_pair *authority, const struct view *names,
	size_t name_count, int64_t not_before_s, int64_t not_after_s, struct arena *arena)
{
	struct workshop *workshop;
	struct view common_name;
	int result;

	if (name_count == 0)
		return -EINVAL;
	workshop = workshop_new();
	if (!workshop)
		return -ENOMEM;
	common_name = names[0].count <= COMMON_NAME_MAX_BYTES ? names[0] : view_of("Postern server certificate");
	result = set_frame(&workshop->certificate, common_name, not_before_s, not_after_s);
	if (result == 0)
		result = workshop->certificate.altNamesSz =
			names_der(workshop->certificate.altNames, names, name_count);
	if (result > 0)
		result = set_issuer(workshop, authority, arena);
	if (result == 0) {
		workshop->certificate.basicConstSet = 1;
		if (wc_SetKeyUsage(&workshop->certificate, "digitalSignature") != 0 ||
			wc_SetExtKeyUsage(&workshop->certificate, "serverAuth") != 0 ||
			wc_SetSubjectKeyIdFromPublicKey_ex(&workshop->certificate, ECC_TYPE, &workshop->subject_key) !=
				0)
			result = -EIO;
		else
			result = finish(ret, workshop, &workshop->issuer_key, arena);
	}
	workshop_free(workshop);
	return result;
}

void authority_pair_wipe(struct authority_pair *pair)
{
	/* The text is in an arena, ours to overwrite; the view is const for its readers. */
	compare_wipe((char *)(uintptr_t)pair->key_pem.at, pair->key_pem.count);
	*pair = (struct authority_pair){ 0 };
}
