/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * certificate: the record of a certificate with its sealed key → struct snapshot_certificate, a TLS server context; the record of
 * a client certificate → struct outbound_identity.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/buffer.h"
#include "appliance/crypto/base64.h"
#include "appliance/crypto/digest.h"
#include "appliance/crypto/seal.h"
#include "appliance/model/compile.h"
#include "appliance/tls/server.h"

/* Leaf and chain together: ACM takes 32,768 bytes of certificate and 2 MB of chain. */
#define CERTIFICATE_PEM_MAX_BYTES (32768 + 2097152)

/* The only policy that private domain names can have, and that of the default names (spec/domains.md 1). */
#define CERTIFICATE_TLS_POLICY "TLS_1_2"

struct certificate_object {
	struct snapshot_certificate certificate; /* first */
	char *key_text;
};

static void certificate_free(struct catalog_object *object)
{
	struct certificate_object *certificate = (struct certificate_object *)(void *)object;

	tls_server_context_unref(certificate->certificate.context);
	free(certificate->key_text);
	free(certificate);
}

/* The private key in clear, in `plain` (SEAL_PLAIN_MAX_BYTES large). Returns its bytes or a negative errno. */
static long open_key(struct compile *compile, struct view record_id, struct view sealed_text, uint8_t *plain)
{
	uint8_t sealed[SEAL_PLAIN_MAX_BYTES + SEAL_OVERHEAD_BYTES];
	long count = -EINVAL;

	if (sealed_text.count / 4 * 3 <= sizeof sealed)
		count = base64_decode(sealed, sealed_text);
	if (count >= 0)
		count = seal_open(plain, compile->key, record_id, view_from(sealed, (size_t)count));
	if (count < 0)
		return compile_fail(
			compile, (int)count, "postern.sealedKey: it does not open with this appliance's secret.key");
	return count;
}

static int make_context(
	struct compile *compile, struct view record_id, const struct json *postern, struct tls_server_context **ret)
{
	uint8_t *plain = malloc(SEAL_PLAIN_MAX_BYTES + SEAL_OVERHEAD_BYTES);
	struct buffer pem;
	long key_bytes;
	int error;

	if (!plain)
		return compile_no_memory(compile);
	buffer_init(&pem, CERTIFICATE_PEM_MAX_BYTES);
	buffer_append(&pem, json_find_text(postern, "certificate"));
	buffer_append_byte(&pem, '\n');
	buffer_append(&pem, json_find_text(postern, "chain"));
	error = buffer_error(&pem);
	key_bytes = error ? error : open_key(compile, record_id, json_find_text(postern, "sealedKey"), plain);
	if (key_bytes >= 0) {
		const struct tls_server_settings settings = {
			.certificate_pem = buffer_view(&pem),
			.private_key_pem = view_from(plain, (size_t)key_bytes),
			.policy = tls_policy_find(CERTIFICATE_TLS_POLICY, strlen(CERTIFICATE_TLS_POLICY)),
			.worker_count = compile->worker_count,
		};

		error = tls_server_context_new(ret, &settings);
		explicit_bzero(plain, SEAL_PLAIN_MAX_BYTES + SEAL_OVERHEAD_BYTES);
		if (error)
			compile_fail(compile, error, "certificate: %s",
				error == -EKEYREJECTED ? "it does not belong to the private key"
						       : "certificate or private key can't be read");
	} else {
		error = (int)key_bytes;
	}
	free(plain);
	buffer_fini(&pem);
	return error;
}

int certificate_compile(
	struct compile *compile, struct view record_id, const struct json *body, struct snapshot_certificate **ret)
{
	struct certificate_object *object = calloc(1, sizeof *object);
	int error = 0;

	if (object)
		object->key_text = strndup(record_id.at, record_id.count);
	if (!object || !object->key_text) {
		free(object);
		return compile_no_memory(compile);
	}
	object->certificate.object.free = certificate_free;
	object->certificate.object.reference_count = 1;
	object->certificate.object.key = view_from(object->key_text, record_id.count);
	if (!compile->no_tls)
		error = make_context(compile, record_id, json_find(body, "postern"), &object->certificate.context);
	if (error) {
		certificate_free(&object->certificate.object);
		return error;
	}
	*ret = &object->certificate;
	return 0;
}

int identity_compile(
	struct compile *compile, struct arena *arena, const struct json *body, const struct outbound_identity **ret)
{
	struct outbound_identity *identity = ARENA_NEW(arena, struct outbound_identity);
	uint8_t *key = arena_alloc(arena, SEAL_PLAIN_MAX_BYTES + SEAL_OVERHEAD_BYTES);
	struct view pem;
	long key_bytes;

	if (!identity || !key)
		return compile_no_memory(compile);
	pem = identity->pem.certificate_pem = arena_copy(arena, json_find_text(body, "pemEncodedCertificate"));
	if (!pem.at)
		return compile_no_memory(compile);
	digest_sha256(identity->fingerprint, pem.at, pem.count);
	key_bytes = open_key(compile, json_find_text(body, "clientCertificateId"),
		json_find_text(json_find(body, "postern"), "sealedKey"), key);
	if (key_bytes < 0)
		return (int)key_bytes;
	identity->pem.private_key_pem = view_from((const char *)key, (size_t)key_bytes);
	*ret = identity;
	return 0;
}

void identity_wipe(const struct outbound_identity *identity)
{
	if (identity)
		explicit_bzero(
			(void *)(uintptr_t)identity->pem.private_key_pem.at, identity->pem.private_key_pem.count);
}
