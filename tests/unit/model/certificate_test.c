/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of model/certificate: sealed keys become TLS contexts, and the server name chooses among them. */
#include "tests/unit/estate.h"

#include <errno.h>

#include "appliance/base/clock.h"
#include "appliance/crypto/authority.h"
#include "appliance/crypto/base64.h"
#include "appliance/crypto/seal.h"
#include "appliance/model/build.h"

#define ARN "arn:aws:acm:us-east-1:123456789012:certificate/1"

static struct arena arena;
static struct seal_key key, other_key;
static struct authority_pair authority;

static int setup(void **state)
{
	static const uint8_t secret[SEAL_SECRET_BYTES] = { 1 }, other[SEAL_SECRET_BYTES] = { 2 };
	int64_t now_s = (int64_t)(clock_wall_ms() / 1000);

	(void)state;
	arena_init(&arena, NULL, 1 << 20);
	seal_key_init(&key, secret);
	seal_key_init(&other_key, other);
	assert_int_equal(0, authority_new(&authority, view_of("test CA"), now_s - 3600, now_s + 86400, &arena));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

/* The postern member of a certificate record: certificate and key for `name`, sealed for `record_id`. */
static struct json *certificate_record(const char *name, const char *record_id)
{
	struct view names[] = { view_from_text(name) };
	int64_t now_s = (int64_t)(clock_wall_ms() / 1000);
	struct json *body = json_object_new(), *postern = json_ensure_object(body, "postern");
	struct authority_pair pair;
	uint8_t sealed[8192];
	char encoded[BASE64_CHARS(sizeof sealed)];
	long count;

	assert_int_equal(0, authority_issue(&pair, &authority, names, 1, now_s - 3600, now_s + 86400, &arena));
	count = seal_close(sealed, &key, view_from_text(record_id), pair.key_pem);
	assert_true(count > 0);
	base64_encode(encoded, sealed, (size_t)count);
	json_set_text(postern, "certificate", pair.certificate_pem);
	json_set_text(postern, "chain", authority.certificate_pem);
	json_set_text(postern, "sealedKey", view_from(encoded, BASE64_CHARS((size_t)count)));
	return body;
}

static void put_domain(struct estate *estate, const char *name, const char *certificate_arn)
{
	struct json *body =
		estate_json("{\"domainNameId\":\"abcd1234\",\"endpointConfiguration\":{\"types\":[\"PRIVATE\"]}}");
	char id[128], access[128];

	json_set_c_string(body, "domainName", name);
	json_set_c_string(body, "certificateArn", certificate_arn);
	snprintf(id, sizeof id, "%s+abcd1234", name);
	snprintf(access, sizeof access, "arn:access:%s", name);
	estate_put(estate, STORE_domainname, id, NULL, body);
	estate_put(estate, STORE_domainaccess, access, id,
		estate_json("{\"accessAssociationSource\":\"" ESTATE_VPCE "\"}"));
}

static void the_server_name_chooses_the_certificate(void **state)
{
	struct compile compile = { .key = &key, .worker_count = 2 };
	struct tls_server_context *of_default, *of_domain;
	struct build_result result;
	struct snapshot *snapshot, *next;
	struct store *reader;
	struct estate estate;
	const char *reason;

	(void)state;
	estate_open(&estate);
	assert_int_equal(0, store_open_reader(&reader, estate.path, &reason));
	estate_begin(&estate);
	estate_put(&estate, STORE_servercertificate, "default", NULL,
		certificate_record("*.execute-api.us-east-1.amazonaws.com", "default"));
	estate_put(&estate, STORE_certificate, ARN, NULL, certificate_record("api.pets.internal", ARN));
	put_domain(&estate, "api.pets.internal", ARN);
	put_domain(&estate, "bare.pets.internal", "arn:none");
	estate_commit(&estate);
	if (build_snapshot(&compile, reader, NULL, &snapshot, &result))
		fail_msg("%s", compile.message);
	assert_int_equal(0, result.left_out_count);

	of_default = snapshot_tls_context_find(snapshot, view_of(ESTATE_VPCE), view_of(""));
	of_domain = snapshot_tls_context_find(snapshot, view_of(ESTATE_VPCE), view_of("api.pets.internal"));
	assert_non_null(of_default);
	assert_non_null(of_domain);
	assert_ptr_not_equal(of_default, of_domain);
	assert_ptr_equal(
		of_default, snapshot_tls_context_find(snapshot, view_of(ESTATE_VPCE), view_of("x.pets.internal")));
	assert_ptr_equal(
		of_default, snapshot_tls_context_find(snapshot, view_of(ESTATE_VPCE), view_of("bare.pets.internal")));
	assert_ptr_equal(
		of_default, snapshot_tls_context_find(snapshot, view_of("vpce-other"), view_of("api.pets.internal")));

	/* Imported again: the domain, which did not change, answers with the new one. */
	estate_begin(&estate);
	estate_put(&estate, STORE_certificate, ARN, NULL, certificate_record("api.pets.internal", ARN));
	estate_commit(&estate);
	assert_int_equal(0, build_snapshot(&compile, reader, snapshot, &next, &result));
	assert_int_equal(1, result.compiled_count);
	assert_ptr_not_equal(
		of_domain, snapshot_tls_context_find(next, view_of(ESTATE_VPCE), view_of("api.pets.internal")));
	assert_ptr_equal(of_default, snapshot_tls_context_find(next, view_of(ESTATE_VPCE), view_of("")));
	snapshot_free(snapshot);
	snapshot_free(next);
	store_close(reader);
	estate_close(&estate);
}

static void compile_fails(
	struct compile *compile, const char *record_id, struct json *body, int error, const char *message)
{
	struct snapshot_certificate *certificate;

	assert_int_equal(error, certificate_compile(compile, view_from_text(record_id), body, &certificate));
	if (!strstr(compile->message, message))
		fail_msg("'%s' is not in '%s'", message, compile->message);
	json_free(body);
}

static void what_does_not_open_or_fit_is_refused(void **state)
{
	struct compile compile = { .key = &key, .worker_count = 1 }, foreign = { .key = &other_key, .worker_count = 1 };
	struct json *mixed = certificate_record("a.internal", ARN), *other = certificate_record("b.internal", ARN);

	(void)state;
	compile_fails(&compile, "arn:other", certificate_record("a.internal", ARN), -EBADMSG, "postern.sealedKey: ");
	compile_fails(&foreign, ARN, certificate_record("a.internal", ARN), -EBADMSG, "postern.sealedKey: ");
	json_set_text(
		json_find(mixed, "postern"), "certificate", json_find_text(json_find(other, "postern"), "certificate"));
	compile_fails(&compile, ARN, mixed, -EKEYREJECTED, "does not belong to the private key");
	json_set_c_string(json_find(other, "postern"), "certificate", "nonsense");
	json_remove(json_find(other, "postern"), "chain");
	compile_fails(&compile, ARN, other, -EBADMSG, "can't be read");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_server_name_chooses_the_certificate),
		cmocka_unit_test(what_does_not_open_or_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
