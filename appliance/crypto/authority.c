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
#include "appliance/crypto/certificate_parts.h"
#include "appliance/crypto/compare.h"
#include "appliance/crypto/der.h"
#include "appliance/crypto/digest.h"
#include "appliance/crypto/pem.h"

/* A certificate with AUTHORITY_NAMES_MAX_COUNT names of 253 bytes fits with room to spare; so does a PKCS#8 P-256 key. */
enum { CERTIFICATE_ROOM_BYTES = 24576, KEY_ROOM_BYTES = 512, POINT_BYTES = 65 };
/* RFC 5280's bound of a common name is 64 characters; one less keeps every decoder's NUL in place. */
enum { COMMON_NAME_MAX_BYTES = 63 };

/* --- DER, written from its end to its start, so that each length is known when its turn comes ---------------------- */

struct out {
	uint8_t *start, *at, *end;
	bool full;
};

static void put(struct out *out, const void *bytes, size_t count)
{
	if (out->full || (size_t)(out->at - out->start) < count) {
		out->full = true;
		return;
	}
	out->at -= count;
	memcpy(out->at, bytes, count);
}

static void put_byte(struct out *out, unsigned byte)
{
	uint8_t one = (uint8_t)byte;

	put(out, &one, 1);
}

/* Tag and length in front of all that was written since `mark`. */
static void wrap(struct out *out, unsigned tag, const uint8_t *mark)
{
	size_t count = (size_t)(mark - out->at);

	if (count > 0xff) {
		put_byte(out, (unsigned)count & 0xff);
		put_byte(out, (unsigned)count >> 8);
		put_byte(out, 0x82);
	} else if (count > 0x7f) {
		put_byte(out, (unsigned)count);
		put_byte(out, 0x81);
	} else {
		put_byte(out, (unsigned)count);
	}
	put_byte(out, tag);
}

static void put_element(struct out *out, unsigned tag, struct view content)
{
	const uint8_t *mark = out->at;

	put(out, content.at, content.count);
	wrap(out, tag, mark);
}

/* An extension around its value, which was written since `mark`. All of ours are 2.5.29.`arc`. */
static void wrap_extension(struct out *out, unsigned arc, bool critical, const uint8_t *mark)
{
	wrap(out, DER_OCTET_STRING, mark);
	if (critical)
		put(out, "\x01\x01\xff", 3);
	put_byte(out, arc);
	put(out, "\x06\x03\x55\x1d", 4);
	wrap(out, DER_SEQUENCE, mark);
}

/* UTCTime up to 2049, GeneralizedTime after (RFC 5280 4.1.2.5). */
static bool put_time(struct out *out, int64_t time_s)
{
	time_t moment = (time_t)time_s;
	char text[24];
	struct tm tm;
	size_t count;

	if (time_s < 0 || !gmtime_r(&moment, &tm) || tm.tm_year > 9999 - 1900)
		return false;
	count = strftime(text, sizeof text, tm.tm_year < 150 ? "%y%m%d%H%M%SZ" : "%Y%m%d%H%M%SZ", &tm);
	put_element(out, tm.tm_year < 150 ? DER_UTC_TIME : DER_GENERALIZED_TIME, view_from(text, count));
	return true;
}

/* The Name CN=`common_name`. */
static void put_name(struct out *out, struct view common_name)
{
	const uint8_t *mark = out->at;

	put_element(out, DER_UTF8_STRING, common_name);
	put(out, "\x06\x03\x55\x04\x03", 5);
	wrap(out, DER_SEQUENCE, mark);
	wrap(out, DER_SET, mark);
	wrap(out, DER_SEQUENCE, mark);
}

/* ecdsa-with-SHA256 */
static void put_signature_algorithm(struct out *out)
{
	put(out, "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02", 12);
}

/* --- What a certificate is made of --------------------------------------------------------------------------------- */

struct recipe {
	struct view common_name;
	struct view issuer;       /* a whole Name; empty: the subject's */
	const struct view *names; /* alternative names; none for an authority */
	size_t name_count;
	int64_t not_before_s, not_after_s;
	ecc_key *subject_key, *issuer_key;
};

static bool key_point(ecc_key *key, uint8_t ret[POINT_BYTES])
{
	word32 count = POINT_BYTES;

	return wc_ecc_export_x963(key, ret, &count) == 0 && count == POINT_BYTES;
}

/* Key identifiers are the SHA-1 of the point (RFC 5280 4.2.1.2, method 1). */
static bool put_key_ids(struct out *out, const struct recipe *recipe)
{
	uint8_t point[POINT_BYTES], id[DIGEST_SHA1_BYTES];
	const uint8_t *mark = out->at;

	if (!key_point(recipe->issuer_key, point))
		return false;
	digest_sha1(id, point, sizeof point);
	put_element(out, 0x80, view_from(id, sizeof id));
	wrap(out, DER_SEQUENCE, mark);
	wrap_extension(out, 35, false, mark);

	mark = out->at;
	if (!key_point(recipe->subject_key, point))
		return false;
	digest_sha1(id, point, sizeof point);
	put_element(out, DER_OCTET_STRING, view_from(id, sizeof id));
	wrap_extension(out, 14, false, mark);
	return true;
}

static bool put_alternative_names(struct out *out, const struct view *names, size_t name_count)
{
	const uint8_t *mark = out->at;

	for (size_t i = name_count; i-- > 0;) {
		char text[INET6_ADDRSTRLEN + 1] = "";
		uint8_t address[16];

		if (names[i].count == 0 || names[i].count > 253)
			return false;
		if (names[i].count < sizeof text)
			memcpy(text, names[i].at, names[i].count);
		if (inet_pton(AF_INET, text, address) == 1)
			put_element(out, DER_CONTEXT_7, view_from(address, 4));
		else if (inet_pton(AF_INET6, text, address) == 1)
			put_element(out, DER_CONTEXT_7, view_from(address, 16));
		else
			put_element(out, DER_CONTEXT_2, names[i]);
	}
	wrap(out, DER_SEQUENCE, mark);
	wrap_extension(out, 17, false, mark);
	return true;
}

static bool put_extensions(struct out *out, const struct recipe *recipe)
{
	const uint8_t *start = out->at, *mark = out->at;

	if (!put_key_ids(out, recipe))
		return false;
	if (recipe->name_count) {
		if (!put_alternative_names(out, recipe->names, recipe->name_count))
			return false;
		mark = out->at;
		put(out, "\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01", 12); /* serverAuth */
		wrap_extension(out, 37, false, mark);
		mark = out->at;
		put(out, "\x03\x02\x07\x80", 4); /* digitalSignature */
		wrap_extension(out, 15, true, mark);
		mark = out->at;
		put(out, "\x30\x00", 2); /* no authority */
		wrap_extension(out, 19, true, mark);
	} else {
		mark = out->at;
		put(out, "\x03\x02\x01\x06", 4); /* keyCertSign, cRLSign */
		wrap_extension(out, 15, true, mark);
		mark = out->at;
		put(out, "\x30\x06\x01\x01\xff\x02\x01\x00", 8); /* authority, path length 0 */
		wrap_extension(out, 19, true, mark);
	}
	wrap(out, DER_SEQUENCE, start);
	wrap(out, DER_CONTEXT_3_CONSTRUCTED, start);
	return true;
}

/* The TBSCertificate. */
static int put_signed_part(struct out *out, const struct recipe *recipe)
{
	const uint8_t *mark = out->at, *validity;
	uint8_t key[128], serial[16];
	int key_count = wc_EccPublicKeyToDer(recipe->subject_key, key, sizeof key, 1);

	if (recipe->common_name.count == 0 || recipe->common_name.count > COMMON_NAME_MAX_BYTES ||
		recipe->not_after_s <= recipe->not_before_s)
		return -EINVAL;
	if (key_count <= 0)
		return -EIO;
	if (!put_extensions(out, recipe))
		return -EINVAL;
	put(out, key, (size_t)key_count);
	put_name(out, recipe->common_name);
	validity = out->at;
	if (!put_time(out, recipe->not_after_s) || !put_time(out, recipe->not_before_s))
		return -EINVAL;
	wrap(out, DER_SEQUENCE, validity);
	if (recipe->issuer.count)
		put(out, recipe->issuer.at, recipe->issuer.count);
	else
		put_name(out, recipe->common_name);
	put_signature_algorithm(out);
	random_bytes(serial, sizeof serial);
	serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40); /* positive, always 16 bytes */
	put_element(out, DER_INTEGER, view_from(serial, sizeof serial));
	put(out, "\xa0\x03\x02\x01\x02", 5); /* version 3 */
	wrap(out, DER_SEQUENCE, mark);
	return out->full ? -EINVAL : 0;
}

/* --- Keys and signatures ------------------------------------------------------------------------------------------- */

/* What one call needs of wolfCrypt. */
struct workshop {
	WC_RNG rng;
	ecc_key subject_key, issuer_key;
	bool has_rng, has_subject_key, has_issuer_key;
	uint8_t signed_part[CERTIFICATE_ROOM_BYTES], whole[CERTIFICATE_ROOM_BYTES];
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

/* Encode, sign, and write both PEM texts. */
static int make(struct authority_pair *ret, struct workshop *workshop, const struct recipe *recipe, struct arena *arena)
{
	struct out part = { .start = workshop->signed_part };
	struct out whole = { .start = workshop->whole };
	uint8_t digest[DIGEST_SHA256_BYTES], signature[ECC_MAX_SIG_SIZE], key[KEY_ROOM_BYTES];
	word32 signature_bytes = sizeof signature, key_bytes = sizeof key;
	int result;

	part.at = part.end = workshop->signed_part + sizeof workshop->signed_part;
	whole.at = whole.end = workshop->whole + sizeof workshop->whole;
	result = put_signed_part(&part, recipe);
	if (result < 0)
		return result;
	digest_sha256(digest, part.at, (size_t)(part.end - part.at));
	if (wc_ecc_sign_hash(digest, sizeof digest, signature, &signature_bytes, &workshop->rng, recipe->issuer_key) !=
			0 ||
		wc_EccKeyToPKCS8(recipe->subject_key, key, &key_bytes) <= 0)
		return -EIO;
	put(&whole, signature, signature_bytes);
	put_byte(&whole, 0); /* unused bits */
	wrap(&whole, DER_BIT_STRING, whole.end);
	put_signature_algorithm(&whole);
	put(&whole, part.at, (size_t)(part.end - part.at));
	wrap(&whole, DER_SEQUENCE, whole.end);
	if (!whole.full) {
		ret->certificate_pem =
			pem_write(arena, "CERTIFICATE", view_from(whole.at, (size_t)(whole.end - whole.at)));
		ret->key_pem = pem_write(arena, "PRIVATE KEY", view_from(key, key_bytes));
		result = ret->certificate_pem.at && ret->key_pem.at ? 0 : -ENOMEM;
	} else {
		result = -EINVAL;
	}
	compare_wipe(key, sizeof key);
	return result;
}

int authority_new(struct authority_pair *ret, struct view common_name, int64_t not_before_s, int64_t not_after_s,
	struct arena *arena)
{
	struct workshop *workshop = workshop_new();
	struct recipe recipe = { .common_name = common_name, .not_before_s = not_before_s, .not_after_s = not_after_s };
	int result;

	if (!workshop)
		return -ENOMEM;
	recipe.subject_key = recipe.issuer_key = &workshop->subject_key;
	result = make(ret, workshop, &recipe, arena);
	workshop_free(workshop);
	return result;
}

/* The issuer's key into the workshop, its Name into the recipe (`name` is room for it). */
static int set_issuer(struct workshop *workshop, struct recipe *recipe, struct out *name,
	const struct authority_pair *authority, struct arena *arena)
{
	struct certificate_parts parts;
	struct certificate issuer;
	struct view key;
	word32 used = 0;
	int result = certificate_parse(&issuer, authority->certificate_pem, arena);

	if (result == 0)
		result = certificate_check_key(&issuer, authority->key_pem, arena);
	if (result == 0)
		result = certificate_parts_read(&parts, issuer.der);
	if (result == 0)
		result = certificate_key_der(&key, authority->key_pem, arena);
	if (result < 0 || issuer.key_bits != 256 || !issuer.is_authority)
		return result == -ENOMEM ? result : -EBADMSG;
	put_element(name, DER_SEQUENCE, parts.subject);
	recipe->issuer = view_from(name->at, (size_t)(name->end - name->at));
	workshop->has_issuer_key = wc_ecc_init(&workshop->issuer_key) == 0;
	result = -EIO;
	if (workshop->has_issuer_key &&
		wc_EccPrivateKeyDecode((const byte *)key.at, &used, &workshop->issuer_key, (word32)key.count) == 0)
		result = name->full ? -EBADMSG : 0;
	compare_wipe((char *)(uintptr_t)key.at, key.count);
	return result;
}

int authority_issue(struct authority_pair *ret, const struct authority_pair *authority, const struct view *names,
	size_t name_count, int64_t not_before_s, int64_t not_after_s, struct arena *arena)
{
	uint8_t room[256]; /* our own authorities' names are short */
	struct out issuer_name = { .start = room, .at = room + sizeof room, .end = room + sizeof room };
	struct recipe recipe = {
		.names = names, .name_count = name_count, .not_before_s = not_before_s, .not_after_s = not_after_s
	};
	struct workshop *workshop;
	int result;

	if (name_count == 0 || name_count > AUTHORITY_NAMES_MAX_COUNT)
		return -EINVAL;
	workshop = workshop_new();
	if (!workshop)
		return -ENOMEM;
	recipe.common_name = names[0].count <= COMMON_NAME_MAX_BYTES ? names[0] : view_of("Postern server certificate");
	recipe.subject_key = &workshop->subject_key;
	recipe.issuer_key = &workshop->issuer_key;
	result = set_issuer(workshop, &recipe, &issuer_name, authority, arena);
	if (result == 0)
		result = make(ret, workshop, &recipe, arena);
	workshop_free(workshop);
	return result;
}

void authority_pair_wipe(struct authority_pair *pair)
{
	/* The text is in an arena, ours to overwrite; the view is const for its readers. */
	compare_wipe((char *)(uintptr_t)pair->key_pem.at, pair->key_pem.count);
	*pair = (struct authority_pair){ 0 };
}
