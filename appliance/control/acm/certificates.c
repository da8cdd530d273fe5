/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/acm/certificates.h"

#include <errno.h>
#include <string.h>

#include "appliance/crypto/base64.h"
#include "appliance/crypto/compare.h"

static void add_names(struct json *body, const struct certificate *certificate)
{
	struct view main_name = certificate->common_name.count ? certificate->common_name
				: certificate->name_count      ? certificate->names[0]
							       : certificate->subject;
	struct json *names = json_array_new(), *validation = json_array_new(), *option = json_object_new();

	json_set_text(body, "DomainName", main_name);
	for (size_t i = 0; i < certificate->name_count; i++)
		json_append_text(names, certificate->names[i]);
	if (certificate->name_count == 0)
		json_append_text(names, main_name);
	json_set(body, "SubjectAlternativeNames", names);
	json_set_text(option, "DomainName", main_name);
	json_append(validation, option);
	json_set(body, "DomainValidationOptions", validation);
}

static void add_usages(struct json *body, const struct certificate *certificate)
{
	struct json *usages = json_array_new(), *extended = json_array_new();

	for (unsigned bit = 1; bit <= CERTIFICATE_USE_DECIPHER_ONLY; bit <<= 1) {
		struct json *usage;

		if (!(certificate->key_usage & bit))
			continue;
		usage = json_object_new();
		json_set_c_string(usage, "Name", certificate_key_usage_name(bit));
		json_append(usages, usage);
	}
	for (size_t i = 0; i < certificate->extended_use_count; i++) {
		struct json *usage = json_object_new();

		json_set_c_string(usage, "Name", certificate->extended_uses[i].name);
		json_set_text(usage, "OID", certificate->extended_uses[i].oid);
		json_append(extended, usage);
	}
	json_set(body, "KeyUsages", usages);
	json_set(body, "ExtendedKeyUsages", extended);
}

/* ACM prints a hyphen where its enumeration has an underscore. Source: spec/domains.md 6. */
static void add_key_algorithm(struct json *body, const struct certificate *certificate)
{
	struct json *text = json_text_new_c(certificate->key_algorithm);
	struct view name = json_text(text);
	size_t place = view_find_byte(name, '_');

	if (place == VIEW_NOWHERE)
		json_set(body, "KeyAlgorithm", text);
	else {
		json_set(body, "KeyAlgorithm",
			json_text_new_printf(VIEW_FMT "-" VIEW_FMT, VIEW_ARG(view_part(name, 0, place)),
				VIEW_ARG(view_after(name, place + 1))));
		json_free(text);
	}
}

void certificate_describe(struct json *body, const struct certificate *certificate, struct arena *arena)
{
	struct view issuer = view_of("CN=");
	size_t place = view_find(certificate->issuer, issuer);

	(void)arena;
	add_names(body, certificate);
	json_set_text(body, "Serial", certificate->serial);
	json_set_text(body, "Subject", certificate->subject);
	/* The issuer's common name, as far as its text shows one. */
	issuer = place == VIEW_NOWHERE ? certificate->issuer : view_after(certificate->issuer, place + issuer.count);
	place = view_find_byte(issuer, ',');
	json_set_text(body, "Issuer", place == VIEW_NOWHERE ? issuer : view_part(issuer, 0, place));
	json_set_integer(body, "NotBefore", certificate->not_before_s);
	json_set_integer(body, "NotAfter", certificate->not_after_s);
	add_key_algorithm(body, certificate);
	json_set_c_string(body, "SignatureAlgorithm", certificate->signature_algorithm);
	add_usages(body, certificate);
}

int certificate_seal_text(struct view *ret_base64, const struct seal_key *key, const char *record_id, struct view plain,
	struct arena *arena)
{
	uint8_t *sealed = arena_alloc(arena, plain.count + SEAL_OVERHEAD_BYTES);
	char *text;
	long count;

	if (!sealed)
		return -ENOMEM;
	count = seal_close(sealed, key, view_from_text(record_id), plain);
	if (count < 0)
		return (int)count;
	text = arena_alloc(arena, BASE64_CHARS((size_t)count) + 1);
	if (!text)
		return -ENOMEM;
	base64_encode(text, sealed, (size_t)count);
	*ret_base64 = view_from(text, BASE64_CHARS((size_t)count));
	return 0;
}

int certificate_open_sealed(struct view *ret, const struct seal_key *key, const char *record_id,
	struct view sealed_base64, struct arena *arena)
{
	uint8_t *sealed = arena_alloc(arena, sealed_base64.count + 1),
		*plain = arena_alloc(arena, sealed_base64.count + 1);
	long count;

	if (!sealed || !plain)
		return -ENOMEM;
	count = base64_decode(sealed, sealed_base64);
	if (count < 0)
		return (int)count;
	count = seal_open(plain, key, view_from_text(record_id), view_from(sealed, (size_t)count));
	if (count < 0)
		return (int)count;
	plain[count] = '\0';
	*ret = view_from(plain, (size_t)count);
	return 0;
}

int certificate_seal(struct json *body, const struct seal_key *key, const char *record_id, struct view certificate_pem,
	struct view chain_pem, struct view key_pem, struct arena *arena)
{
	struct json *own;
	struct view sealed;
	int error = certificate_seal_text(&sealed, key, record_id, key_pem, arena);

	if (error < 0)
		return error;
	own = json_ensure_object(body, "postern");
	json_set_text(own, "certificate", certificate_pem);
	json_set_text(own, "chain", chain_pem);
	json_set_text(own, "sealedKey", sealed);
	return 0;
}
