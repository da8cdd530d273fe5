/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/crypto/certificate.h"

#include <errno.h>

#include "appliance/base/assert.h"
#include "appliance/base/buffer.h"
#include "appliance/crypto/certificate_parts.h"
#include "appliance/crypto/der.h"
#include "appliance/crypto/digest.h"
#include "appliance/crypto/pem.h"

/* --- Names -------------------------------------------------------------------------------------------------------- */

/* Attribute types with a short name, in the order in which ACM prints them. */
static const struct {
	const char *oid, *name;
} attributes[] = {
	{ "2.5.4.6", "C" },
	{ "2.5.4.8", "ST" },
	{ "2.5.4.7", "L" },
	{ "2.5.4.10", "O" },
	{ "2.5.4.11", "OU" },
	{ "2.5.4.3", "CN" },
};

#define NAME_ATTRIBUTES_MAX_COUNT 32
#define NAME_TEXT_MAX_BYTES 8192

struct attribute {
	size_t rank; /* index in `attributes`, or their count for others */
	struct view oid, value;
};

/* RFC 4514 escapes, so that a comma in a value is not taken for the next attribute. */
static void print_value(struct buffer *text, struct view value)
{
	for (size_t i = 0; i < value.count; i++) {
		if (strchr(",+\"\\<>;", value.at[i]) && value.at[i])
			buffer_append_byte(text, '\\');
		if ((unsigned char)value.at[i] >= 0x20 && value.at[i] != 0x7f)
			buffer_append_byte(text, value.at[i]);
		else
			buffer_printf(text, "\\%02X", (unsigned char)value.at[i]);
	}
}

static int print_name(struct view *ret, const struct attribute *found, size_t count, struct arena *arena)
{
	struct buffer text;

	buffer_init_arena(&text, arena, NAME_TEXT_MAX_BYTES);
	for (size_t rank = 0; rank <= ARRAY_COUNT(attributes); rank++) {
		for (size_t i = 0; i < count; i++) {
			if (found[i].rank != rank)
				continue;
			if (text.count)
				buffer_append_byte(&text, ',');
			if (rank < ARRAY_COUNT(attributes))
				buffer_append_text(&text, attributes[rank].name);
			else
				buffer_append(&text, found[i].oid);
			buffer_append_byte(&text, '=');
			print_value(&text, found[i].value);
		}
	}
	if (buffer_error(&text))
		return buffer_error(&text);
	*ret = buffer_view(&text);
	return 0;
}

/* `name` is the content of an RDNSequence. `*ret_common_name` (may be NULL) gets the last CN. */
static int read_name(struct view *ret, struct view *ret_common_name, struct view name, struct arena *arena)
{
	struct attribute found[NAME_ATTRIBUTES_MAX_COUNT];
	struct view set, pair, oid, value;
	size_t count = 0;
	uint8_t tag;

	while (name.count) {
		if (!der_take(&name, DER_SET, &set))
			return -EBADMSG;
		while (set.count) {
			if (count == NAME_ATTRIBUTES_MAX_COUNT || !der_take(&set, DER_SEQUENCE, &pair) ||
				!der_take(&pair, DER_OBJECT_ID, &oid) || !der_next(&pair, &tag, &value, NULL))
				return -EBADMSG;
			found[count] = (struct attribute){ .oid = der_object_id(oid, arena), .value = value };
			if (!found[count].oid.at || !view_is_utf8(value))
				return -EBADMSG;
			while (found[count].rank < ARRAY_COUNT(attributes) &&
				!view_equals_text(found[count].oid, attributes[found[count].rank].oid))
				found[count].rank++;
			if (found[count].rank == ARRAY_COUNT(attributes) - 1 && ret_common_name)
				*ret_common_name = value;
			count++;
		}
	}
	return print_name(ret, found, count, arena);
}

/* --- Extensions --------------------------------------------------------------------------------------------------- */

static struct view lower_copy(struct view text, struct arena *arena)
{
	char *copy = arena_text(arena, text);

	for (size_t i = 0; copy && i < text.count; i++)
		copy[i] = view_lower_byte(copy[i]);
	return view_from(copy, copy ? text.count : 0);
}

static int read_alternative_names(struct certificate *ret, struct view value, struct arena *arena)
{
	struct view *names = ARENA_NEW_ARRAY(arena, struct view, CERTIFICATE_NAMES_MAX_COUNT);
	struct view list, name;
	uint8_t tag;

	if (!names)
		return -ENOMEM;
	if (!der_take(&value, DER_SEQUENCE, &list))
		return -EBADMSG;
	ret->has_names = true;
	ret->names = names;
	while (list.count) {
		if (!der_next(&list, &tag, &name, NULL))
			return -EBADMSG;
		if (tag != DER_CONTEXT_2)
			continue;
		if (ret->name_count == CERTIFICATE_NAMES_MAX_COUNT)
			return -EMSGSIZE;
		for (size_t i = 0; i < name.count; i++) { /* IA5 without blanks and control bytes */
			if ((unsigned char)name.at[i] <= 0x20 || (unsigned char)name.at[i] >= 0x7f)
				return -EBADMSG;
		}
		names[ret->name_count] = lower_copy(name, arena);
		if (!names[ret->name_count++].at)
			return -ENOMEM;
	}
	return 0;
}

static int read_key_usage(struct certificate *ret, struct view value)
{
	struct view bits;

	if (!der_take(&value, DER_BIT_STRING, &bits) || bits.count < 1 || bits.count > 3)
		return -EBADMSG;
	ret->has_key_usage = true;
	for (size_t bit = 0; bit < 9; bit++) { /* bit 0 is the most significant one of the first byte */
		if (1 + bit / 8 < bits.count && ((unsigned char)bits.at[1 + bit / 8] & (0x80 >> bit % 8)))
			ret->key_usage |= 1u << bit;
	}
	return 0;
}

static const struct {
	const char *oid, *name;
} extended_uses[] = {
	{ "1.3.6.1.5.5.7.3.1", "TLS_WEB_SERVER_AUTHENTICATION" },
	{ "1.3.6.1.5.5.7.3.2", "TLS_WEB_CLIENT_AUTHENTICATION" },
	{ "1.3.6.1.5.5.7.3.3", "CODE_SIGNING" },
	{ "1.3.6.1.5.5.7.3.4", "EMAIL_PROTECTION" },
	{ "1.3.6.1.5.5.7.3.8", "TIME_STAMPING" },
	{ "1.3.6.1.5.5.7.3.9", "OCSP_SIGNING" },
	{ "1.3.6.1.5.5.7.3.5", "IPSEC_END_SYSTEM" },
	{ "1.3.6.1.5.5.7.3.6", "IPSEC_TUNNEL" },
	{ "1.3.6.1.5.5.7.3.7", "IPSEC_USER" },
	{ "2.5.29.37.0", "ANY" },
};

static int read_extended_uses(struct certificate *ret, struct view value, struct arena *arena)
{
	struct view list, oid;
	struct certificate_extended_use *uses = ARENA_NEW_ARRAY(arena, struct certificate_extended_use, 16);

	if (!uses)
		return -ENOMEM;
	if (!der_take(&value, DER_SEQUENCE, &list))
		return -EBADMSG;
	ret->extended_uses = uses;
	while (list.count) {
		struct certificate_extended_use *use = &uses[ret->extended_use_count];

		if (ret->extended_use_count == 16 || !der_take(&list, DER_OBJECT_ID, &oid))
			return -EBADMSG;
		use->oid = der_object_id(oid, arena);
		if (!use->oid.at)
			return -EBADMSG;
		use->name = "CUSTOM";
		for (size_t i = 0; i < ARRAY_COUNT(extended_uses); i++) {
			if (view_equals_text(use->oid, extended_uses[i].oid))
				use->name = extended_uses[i].name;
		}
		ret->extended_use_count++;
	}
	return 0;
}

static int read_basic_constraints(struct certificate *ret, struct view value)
{
	struct view list, truth;

	if (!der_take(&value, DER_SEQUENCE, &list))
		return -EBADMSG;
	if (der_take(&list, DER_BOOLEAN, &truth))
		ret->is_authority = truth.count == 1 && truth.at[0] != 0;
	return 0;
}

static int read_extensions(struct certificate *ret, struct view extensions, struct arena *arena)
{
	struct view list, extension, oid, critical, value, id;
	int result = 0;

	if (!der_take(&extensions, DER_SEQUENCE, &list))
		return -EBADMSG;
	while (list.count && result == 0) {
		if (!der_take(&list, DER_SEQUENCE, &extension) || !der_take(&extension, DER_OBJECT_ID, &oid))
			return -EBADMSG;
		der_take(&extension, DER_BOOLEAN, &critical);
		if (!der_take(&extension, DER_OCTET_STRING, &value))
			return -EBADMSG;
		id = der_object_id(oid, arena);
		if (view_equals_text(id, "2.5.29.17"))
			result = ret->has_names ? -EBADMSG : read_alternative_names(ret, value, arena);
		else if (view_equals_text(id, "2.5.29.15"))
			result = read_key_usage(ret, value);
		else if (view_equals_text(id, "2.5.29.37"))
			result = ret->extended_uses ? -EBADMSG : read_extended_uses(ret, value, arena);
		else if (view_equals_text(id, "2.5.29.19"))
			result = read_basic_constraints(ret, value);
	}
	return result;
}

/* --- Algorithms --------------------------------------------------------------------------------------------------- */

static const struct {
	const char *oid, *name;
} signature_algorithms[] = {
	{ "1.2.840.113549.1.1.5", "SHA1WITHRSA" },
	{ "1.2.840.113549.1.1.11", "SHA256WITHRSA" },
	{ "1.2.840.113549.1.1.12", "SHA384WITHRSA" },
	{ "1.2.840.113549.1.1.13", "SHA512WITHRSA" },
	{ "1.2.840.10045.4.3.2", "SHA256WITHECDSA" },
	{ "1.2.840.10045.4.3.3", "SHA384WITHECDSA" },
	{ "1.2.840.10045.4.3.4", "SHA512WITHECDSA" },
};

static const struct {
	const char *oid, *name;
	unsigned bits;
} curves[] = {
	{ "1.2.840.10045.3.1.7", "EC_prime256v1", 256 },
	{ "1.3.132.0.34", "EC_secp384r1", 384 },
	{ "1.3.132.0.35", "EC_secp521r1", 521 },
};

/* Bits of an RSA modulus from the BIT STRING of a SubjectPublicKeyInfo; 0 if malformed. */
static unsigned modulus_bits(struct view bits)
{
	struct view key, modulus;
	unsigned count;

	if (bits.count < 1 || bits.at[0] != 0)
		return 0;
	bits = view_after(bits, 1);
	if (!der_take(&bits, DER_SEQUENCE, &key) || !der_take(&key, DER_INTEGER, &modulus))
		return 0;
	while (modulus.count && modulus.at[0] == 0)
		modulus = view_after(modulus, 1);
	if (modulus.count == 0 || modulus.count > 2048)
		return 0;
	count = (unsigned)modulus.count * 8;
	for (unsigned char top = (unsigned char)modulus.at[0]; !(top & 0x80); top = (unsigned char)(top << 1))
		count--;
	return count;
}

static int read_public_key(struct certificate *ret, struct view key, struct arena *arena)
{
	struct view algorithm, oid, parameters, bits, id;

	if (!der_take(&key, DER_SEQUENCE, &algorithm) || !der_take(&key, DER_BIT_STRING, &bits) ||
		!der_take(&algorithm, DER_OBJECT_ID, &oid))
		return -EBADMSG;
	id = der_object_id(oid, arena);
	ret->key_algorithm = "";
	if (view_equals_text(id, "1.2.840.113549.1.1.1")) {
		struct view name;

		ret->key_type = CERTIFICATE_KEY_RSA;
		ret->key_bits = modulus_bits(bits);
		if (ret->key_bits == 0)
			return -EBADMSG;
		if (ret->key_bits != 1024 && ret->key_bits != 2048 && ret->key_bits != 3072 && ret->key_bits != 4096)
			return 0;
		name = arena_printf(arena, "RSA_%u", ret->key_bits);
		if (!name.at)
			return -ENOMEM;
		ret->key_algorithm = name.at;
	} else if (view_equals_text(id, "1.2.840.10045.2.1")) {
		if (!der_take(&algorithm, DER_OBJECT_ID, &parameters))
			return -EBADMSG;
		id = der_object_id(parameters, arena);
		for (size_t i = 0; i < ARRAY_COUNT(curves); i++) {
			if (view_equals_text(id, curves[i].oid)) {
				ret->key_type = CERTIFICATE_KEY_EC;
				ret->key_bits = curves[i].bits;
				ret->key_algorithm = curves[i].name;
			}
		}
	}
	return 0;
}

static int read_signature_algorithm(struct certificate *ret, struct view algorithm, struct arena *arena)
{
	struct view oid, id;

	if (!der_take(&algorithm, DER_OBJECT_ID, &oid))
		return -EBADMSG;
	id = der_object_id(oid, arena);
	ret->signature_algorithm = "UNKNOWN";
	for (size_t i = 0; i < ARRAY_COUNT(signature_algorithms); i++) {
		if (view_equals_text(id, signature_algorithms[i].oid))
			ret->signature_algorithm = signature_algorithms[i].name;
	}
	return 0;
}

/* --- The certificate ---------------------------------------------------------------------------------------------- */

int certificate_parts_read(struct certificate_parts *ret, struct view der)
{
	struct view whole, fields, version, skipped;
	uint8_t tag;

	*ret = (struct certificate_parts){ .version = 1 };
	if (!der_take(&der, DER_SEQUENCE, &whole) || der.count ||
		!der_next(&whole, &tag, &fields, &ret->signed_bytes) || tag != DER_SEQUENCE ||
		!der_take(&whole, DER_SEQUENCE, &ret->signature_algorithm) ||
		!der_take(&whole, DER_BIT_STRING, &ret->signature) || whole.count || ret->signature.count < 2 ||
		ret->signature.at[0] != 0)
		return -EBADMSG;
	ret->signature = view_after(ret->signature, 1);

	if (der_take(&fields, DER_CONTEXT_0_CONSTRUCTED, &version)) {
		if (!der_take(&version, DER_INTEGER, &skipped) || !der_integer(skipped, &ret->version))
			return -EBADMSG;
		ret->version++;
	}
	if (!der_take(&fields, DER_INTEGER, &ret->serial) || !der_take(&fields, DER_SEQUENCE, &skipped) ||
		!der_take(&fields, DER_SEQUENCE, &ret->issuer) || !der_take(&fields, DER_SEQUENCE, &ret->validity) ||
		!der_take(&fields, DER_SEQUENCE, &ret->subject) ||
		!der_next(&fields, &tag, &ret->public_key, &ret->public_key_der) || tag != DER_SEQUENCE)
		return -EBADMSG;
	while (fields.count) {
		struct view content;

		if (!der_next(&fields, &tag, &content, NULL))
			return -EBADMSG;
		if (tag == DER_CONTEXT_3_CONSTRUCTED)
			ret->extensions = content;
	}
	return 0;
}

static int read_validity(struct certificate *ret, struct view validity)
{
	struct view before, after;
	uint8_t before_tag, after_tag;

	if (!der_next(&validity, &before_tag, &before, NULL) || !der_next(&validity, &after_tag, &after, NULL) ||
		!der_time(before_tag, before, &ret->not_before_s) || !der_time(after_tag, after, &ret->not_after_s))
		return -EBADMSG;
	return 0;
}

/* "03:e9"; a leading zero byte that only keeps the number positive is not shown. */
static int read_serial(struct certificate *ret, struct view serial, struct arena *arena)
{
	char *text;

	if (serial.count == 0 || serial.count > 40)
		return -EBADMSG;
	if (serial.count > 1 && serial.at[0] == 0)
		serial = view_after(serial, 1);
	text = arena_alloc(arena, serial.count * 3 + 1);
	if (!text)
		return -ENOMEM;
	for (size_t i = 0; i < serial.count; i++) {
		digest_hex(text + 3 * i, serial.at + i, 1);
		text[3 * i + 2] = ':';
	}
	ret->serial = view_from(text, serial.count * 3 - 1);
	return 0;
}

int certificate_read_der(struct certificate *ret, struct view der, struct arena *arena)
{
	struct certificate certificate = { .der = der };
	struct certificate_parts parts;
	int result;

	if (der.count > CERTIFICATE_PEM_MAX_BYTES)
		return -EMSGSIZE;
	result = certificate_parts_read(&parts, der);
	if (result < 0)
		return result;
	certificate.version = parts.version;
	certificate.is_self_issued = view_equals(parts.subject, parts.issuer);
	if ((result = read_serial(&certificate, parts.serial, arena)) < 0 ||
		(result = read_name(&certificate.issuer, NULL, parts.issuer, arena)) < 0 ||
		(result = read_name(&certificate.subject, &certificate.common_name, parts.subject, arena)) < 0 ||
		(result = read_validity(&certificate, parts.validity)) < 0 ||
		(result = read_public_key(&certificate, parts.public_key, arena)) < 0 ||
		(result = read_signature_algorithm(&certificate, parts.signature_algorithm, arena)) < 0 ||
		(parts.extensions.count && (result = read_extensions(&certificate, parts.extensions, arena)) < 0))
		return result;
	*ret = certificate;
	return 0;
}

int certificate_read_chain(const struct certificate **ret, size_t *ret_count, struct view pem, struct arena *arena)
{
	struct certificate *chain = ARENA_NEW_ARRAY(arena, struct certificate, CERTIFICATE_CHAIN_MAX_COUNT);
	struct pem_block block;
	size_t count = 0;
	int result;

	if (!chain)
		return -ENOMEM;
	if (pem.count > CERTIFICATE_CHAIN_PEM_MAX_BYTES)
		return -EMSGSIZE;
	while ((result = pem_next(&block, &pem, arena)) > 0) {
		if (count == CERTIFICATE_CHAIN_MAX_COUNT)
			return -E2BIG;
		if (!view_equals(block.label, view_of("CERTIFICATE")))
			return -EBADMSG;
		result = certificate_read_der(&chain[count++], block.der, arena);
		if (result < 0)
			return result;
	}
	if (result < 0)
		return result;
	*ret = chain;
	*ret_count = count;
	return 0;
}

int certificate_read(struct certificate *ret, struct view pem, struct arena *arena)
{
	const struct certificate *all;
	size_t count;
	int result;

	if (pem.count > CERTIFICATE_PEM_MAX_BYTES)
		return -EMSGSIZE;
	result = certificate_read_chain(&all, &count, pem, arena);
	if (result < 0)
		return result;
	if (count != 1)
		return count ? -E2BIG : -EBADMSG;
	*ret = all[0];
	return 0;
}

/* --- Names that it covers ----------------------------------------------------------------------------------------- */

static bool name_covers(struct view pattern, struct view name)
{
	size_t dot;

	if (view_equals_ignore_case(pattern, name))
		return true;
	if (!view_starts_with(pattern, view_of("*.")))
		return false;
	dot = view_find_byte(name, '.');
	/* The star stands for exactly one label that is no star itself. */
	return dot != VIEW_NOWHERE && dot > 0 && !view_starts_with(name, view_of("*")) &&
	       view_equals_ignore_case(view_after(pattern, 1), view_after(name, dot));
}

bool certificate_covers(const struct certificate *certificate, struct view name)
{
	if (name.count && name.at[name.count - 1] == '.')
		name.count--;
	if (name.count == 0)
		return false;
	if (!certificate->has_names)
		return certificate->common_name.count && name_covers(certificate->common_name, name);
	for (size_t i = 0; i < certificate->name_count; i++) {
		if (name_covers(certificate->names[i], name))
			return true;
	}
	return false;
}

const char *certificate_key_usage_name(unsigned bit)
{
	static const char *const names[] = { "DIGITAL_SIGNATURE", "NON_REPUDIATION", "KEY_ENCIPHERMENT",
		"DATA_ENCIPHERMENT", "KEY_AGREEMENT", "CERTIFICATE_SIGNING", "CRL_SIGNING", "ENCIPHER_ONLY",
		"DECIPHER_ONLY" };

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		if (bit == 1u << i)
			return names[i];
	}
	return NULL;
}
