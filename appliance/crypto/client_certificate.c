/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/crypto/client_certificate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/wolfcrypt/asn.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/rsa.h>

#include "appliance/base/random.h"
#include "appliance/crypto/compare.h"
#include "appliance/crypto/der.h"
#include "appliance/crypto/pem.h"

/* A certificate of 2,048 bits has some 800 bytes, its key 1,220 bytes as PKCS#8. */
enum { KEY_BITS = 2048, KEY_EXPONENT = 65537, ROOM_BYTES = 4096, SERIAL_BYTES = 16 };

/* What one call needs of wolfCrypt. */
struct workshop {
	WC_RNG rng;
	RsaKey key;
	bool has_rng, has_key;
	Cert certificate;
	byte certificate_der[ROOM_BYTES], key_der[ROOM_BYTES], key_pkcs8[ROOM_BYTES];
};

static void workshop_free(struct workshop *workshop)
{
	if (workshop->has_key)
		wc_FreeRsaKey(&workshop->key);
	if (workshop->has_rng)
		wc_FreeRng(&workshop->rng);
	compare_wipe(workshop, sizeof *workshop);
	free(workshop);
}

/* A time as wolfCrypt copies it into the certificate: a whole element. UTCTime up to 2049 (RFC 5280 4.1.2.5). */
static bool write_time(byte ret[CTC_DATE_SIZE], int *ret_count, int64_t time_s)
{
	time_t moment = (time_t)time_s;
	struct tm tm;
	size_t count;

	if (time_s < 0 || !gmtime_r(&moment, &tm) || tm.tm_year > 9999 - 1900)
		return false;
	count = strftime((char *)ret + 2, CTC_DATE_SIZE - 2, tm.tm_year < 150 ? "%y%m%d%H%M%SZ" : "%Y%m%d%H%M%SZ", &tm);
	ret[0] = tm.tm_year < 150 ? DER_UTC_TIME : DER_GENERALIZED_TIME;
	ret[1] = (byte)count;
	*ret_count = (int)count + 2;
	return count > 0;
}

static int fill(Cert *certificate, const char *common_name, int64_t not_before_s, int64_t not_after_s)
{
	if (wc_InitCert(certificate) != 0)
		return -EIO;
	snprintf(certificate->subject.commonName, sizeof certificate->subject.commonName, "%s", common_name);
	certificate->sigType = CTC_SHA256wRSA;
	certificate->isCA = 0;
	certificate->selfSigned = 1;
	random_bytes(certificate->serial, SERIAL_BYTES);
	certificate->serial[0] = (byte)((certificate->serial[0] & 0x7f) | 0x40); /* positive, always 16 bytes */
	certificate->serialSz = SERIAL_BYTES;
	if (not_after_s <= not_before_s ||
		!write_time(certificate->beforeDate, &certificate->beforeDateSz, not_before_s) ||
		!write_time(certificate->afterDate, &certificate->afterDateSz, not_after_s))
		return -EINVAL;
	if (wc_SetKeyUsage(certificate, "digitalSignature") != 0 || wc_SetExtKeyUsage(certificate, "clientAuth") != 0)
		return -EIO;
	return 0;
}

static int make(struct authority_pair *ret, struct workshop *workshop, struct arena *arena)
{
	word32 pkcs8_count = ROOM_BYTES;
	int count = wc_MakeSelfCert(
		    &workshop->certificate, workshop->certificate_der, ROOM_BYTES, &workshop->key, &workshop->rng),
	    key_count = wc_RsaKeyToDer(&workshop->key, workshop->key_der, ROOM_BYTES);

	if (count <= 0 || key_count <= 0 ||
		wc_CreatePKCS8Key(
			workshop->key_pkcs8, &pkcs8_count, workshop->key_der, (word32)key_count, RSAk, NULL, 0) <= 0)
		return -EIO;
	ret->certificate_pem = pem_write(arena, "CERTIFICATE", view_from(workshop->certificate_der, (size_t)count));
	ret->key_pem = pem_write(arena, "PRIVATE KEY", view_from(workshop->key_pkcs8, pkcs8_count));
	return ret->certificate_pem.at && ret->key_pem.at ? 0 : -ENOMEM;
}

int client_certificate_new(struct authority_pair *ret, const char *common_name, int64_t not_before_s,
	int64_t not_after_s, struct arena *arena)
{
	struct workshop *workshop = calloc(1, sizeof *workshop);
	int error = -EIO;

	if (!workshop)
		return -ENOMEM;
	workshop->has_rng = wc_InitRng(&workshop->rng) == 0;
	workshop->has_key = workshop->has_rng && wc_InitRsaKey(&workshop->key, NULL) == 0;
	if (workshop->has_key && wc_MakeRsaKey(&workshop->key, KEY_BITS, KEY_EXPONENT, &workshop->rng) == 0)
		error = fill(&workshop->certificate, common_name, not_before_s, not_after_s);
	if (error == 0)
		error = make(ret, workshop, arena);
	workshop_free(workshop);
	return error;
}
