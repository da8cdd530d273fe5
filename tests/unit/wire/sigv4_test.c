/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of wire/sigv4: all vectors of tests/vectors/sigv4-vectors.json, then the failures by type and message. */
#include "tests/unit/support.h"

#include <errno.h>

#include "appliance/base/json.h"
#include "appliance/wire/sigv4.h"
#include "tests/unit/wire/reference_digests.h"

static const struct sigv4_crypto crypto = { reference_sha256, reference_hmac, reference_base64 };

static struct arena arena;
static struct json *vectors;

static int setup(void **state)
{
	size_t count;
	char *text = whole_file("tests/vectors/sigv4-vectors.json", &count);

	(void)state;
	arena_init(&arena, NULL, 16 << 20);
	assert_int_equal(0, json_parse(view_from(text, count), NULL, &vectors, NULL));
	free(text);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	json_free(vectors);
	return 0;
}

static struct sigv4_request request_of(const struct json *vector)
{
	struct json *headers = json_find(vector, "headers");
	struct sigv4_header *list = ARENA_NEW_ARRAY(&arena, struct sigv4_header, json_count(headers) + 1);
	struct sigv4_request request = { .method = json_find_text(vector, "method"),
		.target = json_find_text(vector, "target"),
		.headers = list,
		.header_count = json_count(headers) };
	struct view body = json_find_text(vector, "body");

	for (size_t i = 0; i < request.header_count; i++)
		list[i] = (struct sigv4_header){ json_text(json_at(json_at(headers, i), 0)),
			json_text(json_at(json_at(headers, i), 1)) };
	reference_sha256(request.body_digest, body.at, body.count);
	return request;
}

/* All three steps. 0, or the failure as "Type: message" in `text`. */
static int verify(const struct sigv4_request *request, struct view secret, struct view now, char *text, size_t room,
	struct view *ret_canonical)
{
	struct sigv4_failure failure = { 0 };
	struct sigv4_claim claim;
	int64_t now_s;
	int result;

	assert_int_equal(0, sigv4_time_parse(&now_s, now));
	result = sigv4_claim_read(&claim, &failure, request, &crypto, &arena);
	if (result == 0)
		result = sigv4_claim_check(&claim, &failure, json_find_text(vectors, "region"),
			json_find_text(vectors, "service"), now_s, &arena);
	if (result == 0)
		result = sigv4_claim_verify(&claim, &failure, request, secret, &crypto, &arena, ret_canonical);
	if (result < 0)
		snprintf(text, room, "%s: " VIEW_FMT, failure.type, VIEW_ARG(failure.message));
	else
		text[0] = '\0';
	return result;
}

static void the_vectors_verify_or_fail_as_they_say(void **state)
{
	struct view secret = json_find_text(vectors, "secretAccessKey");
	size_t good = 0, bad = 0;

	(void)state;
	JSON_EACH(vector, json_find(vectors, "vectors"))
	{
		struct sigv4_request request = request_of(vector);
		const char *expect = json_find_c_string(vector, "expect");
		struct view canonical = { 0 };
		char text[512];
		int result = verify(&request, secret, json_find_text(vector, "now"), text, sizeof text, &canonical);

		if (strncmp(expect, "OK", 2) == 0) {
			if (result != 0)
				fail_msg("%s: %s", json_find_c_string(vector, "id"), text);
			if (json_find_c_string(vector, "id")[0] == 'S')
				assert_true(view_equals(canonical, json_find_text(vector, "canonicalRequest")));
			good++;
			continue;
		}
		assert_int_equal(-EACCES, result);
		/* "403 Type: message", the message sometimes cut short with dots. */
		{
			size_t compared = strlen(expect) - 4;

			if (compared > 3 && strcmp(expect + 4 + compared - 3, "...") == 0)
				compared -= 3;
			while (compared && expect[4 + compared - 1] == ' ')
				compared--;
			if (strncmp(expect + 4, text, compared) != 0)
				fail_msg("%s: \"%s\", expected \"%s\"", json_find_c_string(vector, "id"), text,
					expect + 4);
		}
		bad++;
	}
	assert_int_equal(12, good);
	assert_int_equal(10, bad);
}

/* The signer makes of each good request in header form the signature that stands in it. */
static void the_vectors_are_signed_as_they_say(void **state)
{
	const struct sigv4_credentials credentials = { .access_key = json_find_text(vectors, "accessKeyId"),
		.secret = json_find_text(vectors, "secretAccessKey") };
	size_t count = 0;

	(void)state;
	JSON_EACH(vector, json_find(vectors, "vectors"))
	{
		struct sigv4_request request = request_of(vector);
		struct sigv4_header *signed_headers =
			ARENA_NEW_ARRAY(&arena, struct sigv4_header, request.header_count + 1);
		struct view authorization = { 0 }, time = { 0 }, made;
		size_t signed_count = 0, place;

		if (json_find_c_string(vector, "id")[0] != 'S')
			continue;
		for (size_t i = 0; i < request.header_count; i++) {
			if (view_equals_ignore_case(request.headers[i].name, view_of("authorization")))
				authorization = request.headers[i].value;
			else
				signed_headers[signed_count++] = request.headers[i];
			if (view_equals_ignore_case(request.headers[i].name, view_of("x-amz-date")))
				time = request.headers[i].value;
		}
		if (!authorization.at)
			continue; /* presigned */
		request.headers = signed_headers;
		request.header_count = signed_count;
		assert_int_equal(0, sigv4_sign(&made, &request, &credentials, time, json_find_text(vectors, "region"),
					    json_find_text(vectors, "service"), &crypto, &arena));
		place = view_find(made, view_of("Signature="));
		assert_true(view_find(authorization, view_after(made, place)) != VIEW_NOWHERE);
		count++;
	}
	assert_int_equal(8, count);
}

/* S3's path is encoded once and keeps its segments; the verifier's form of the same request is another. */
static void a_path_that_is_encoded_once(void **state)
{
	struct sigv4_header headers[] = { { view_of("Host"), view_of("h") } };
	struct sigv4_request request = { .method = view_of("GET"),
		.target = view_of("/b/a%20b//../%7e%2f?x"),
		.headers = headers,
		.header_count = 1,
		.encodes_once = true };
	struct view canonical;

	(void)state;
	assert_int_equal(0, sigv4_canonical_request(&canonical, &request, view_of("host"), false, true, &arena));
	assert_true(view_starts_with(canonical, view_of("GET\n/b/a%20b//../~/\nx=\nhost:h\n\nhost\n")));
	request.encodes_once = false;
	assert_int_equal(0, sigv4_canonical_request(&canonical, &request, view_of("host"), false, true, &arena));
	assert_true(view_starts_with(canonical, view_of("GET\n/b/%257e%252f\n")));
	request.encodes_once = true;
	request.target = view_of("");
	assert_int_equal(0, sigv4_canonical_request(&canonical, &request, view_of("host"), false, true, &arena));
	assert_true(view_starts_with(canonical, view_of("GET\n/\n")));
}

static void what_we_sign_verifies(void **state)
{
	struct sigv4_header headers[4] = { { view_of("Host"), view_of("127.0.0.1:4566") },
		{ view_of("X-Amz-Date"), view_of("20260115T120000Z") },
		{ view_of("x-amz-security-token"), view_of("T/=") } };
	struct sigv4_request request = { .method = view_of("POST"),
		.target = view_of("/a%20b/?x=y%2Fz&&q"),
		.headers = headers,
		.header_count = 3 };
	struct sigv4_credentials credentials = { .access_key = view_of("AKIDEXAMPLE"), .secret = view_of("geheim") };
	char text[512];

	(void)state;
	reference_sha256(request.body_digest, "{}", 2);
	assert_int_equal(
		0, sigv4_sign(&headers[3].value, &request, &credentials, view_of("20260115T120000Z"),
			   json_find_text(vectors, "region"), json_find_text(vectors, "service"), &crypto, &arena));
	headers[3].name = view_of("authorization");
	request.header_count = 4;
	assert_true(view_starts_with(headers[3].value,
		view_of("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/execute-api/aws4_request, "
			"SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=")));
	assert_int_equal(0, verify(&request, credentials.secret, view_of("20260115T120000Z"), text, sizeof text, NULL));
	request.target = view_of("/a%20b/?x=y%2fz&q"); /* canonically the same */
	assert_int_equal(0, verify(&request, credentials.secret, view_of("20260115T120000Z"), text, sizeof text, NULL));
	request.target = view_of("/a%20b/?x=y%2Fz&q=1");
	assert_int_equal(
		-EACCES, verify(&request, credentials.secret, view_of("20260115T120000Z"), text, sizeof text, NULL));
	request.target = view_of("/a%20b/?x=y%2Fz&q");
	headers[1].value = view_of("20260115T120001Z"); /* a signed header */
	assert_int_equal(
		-EACCES, verify(&request, credentials.secret, view_of("20260115T120000Z"), text, sizeof text, NULL));
}

/* The failure of a GET whose Authorization header is `authorization` (NULL: none), with `time` as X-Amz-Date. */
static void assert_failure(const char *expected, const char *target, const char *authorization, const char *time)
{
	struct sigv4_header headers[3] = { { view_of("Host"), view_of("h") } };
	struct sigv4_request request = {
		.method = view_of("GET"), .target = view_from_text(target), .headers = headers, .header_count = 1
	};
	char text[1024];

	if (time)
		headers[request.header_count++] = (struct sigv4_header){ view_of("X-Amz-Date"), view_from_text(time) };
	if (authorization)
		headers[request.header_count++] =
			(struct sigv4_header){ view_of("Authorization"), view_from_text(authorization) };
	reference_sha256(request.body_digest, "", 0);
	assert_int_equal(-EACCES, verify(&request, view_of("s"), view_of("20260115T120000Z"), text, sizeof text, NULL));
	assert_string_equal(expected, text);
}

#define SIGNED "SignedHeaders=host;x-amz-date"
#define SIGNATURE "Signature=0000000000000000000000000000000000000000000000000000000000000000"
#define MISMATCH                                                                                                       \
	"InvalidSignatureException: The request signature we calculated does not match the signature you provided. "   \
	"Check your "                                                                                                  \
	"AWS Secret Access Key and signing method. Consult the service documentation for details."

static void failures_speak_as_aws_does(void **state)
{
	(void)state;
	assert_failure("MissingAuthenticationTokenException: Missing Authentication Token", "/", NULL, NULL);
	assert_failure("IncompleteSignatureException: Invalid key=value pair (missing equal-sign) in Authorization "
		       "header (hashed "
		       "with SHA-256 and encoded with Base64): 'w1Xc6WwWEogNEZQP/dkBTThsJT4MNlKmzQanIm970rY='.",
		"/", "Bearer abc", NULL);
	assert_failure("InvalidSignatureException: Credential should be scoped to a valid region. Credential should be "
		       "scoped to "
		       "correct service: 'execute-api'. ",
		"/", "AWS4-HMAC-SHA256 Credential=A/20260115/eu-west-1/s3/aws4_request," SIGNED "," SIGNATURE,
		"20260115T120000Z");
	assert_failure("InvalidSignatureException: Credential should be scoped with a valid terminator: "
		       "'aws4_request', not 'x'. ",
		"/", "AWS4-HMAC-SHA256 Credential=A/20260115/us-east-1/execute-api/x," SIGNED "," SIGNATURE,
		"20260115T120000Z");
	assert_failure("InvalidSignatureException: Date in Credential scope does not match YYYYMMDD from ISO-8601 "
		       "version of date "
		       "from HTTP: '20260114' != '20260115', from '20260115T120000Z'. ",
		"/", "AWS4-HMAC-SHA256 Credential=A/20260114/us-east-1/execute-api/aws4_request," SIGNED "," SIGNATURE,
		"20260115T120000Z");
	assert_failure(MISMATCH, "/",
		"AWS4-HMAC-SHA256 Credential=A/20260115/us-east-1/execute-api/aws4_request," SIGNED "," SIGNATURE,
		"20260115T120000Z");
	/* a signed header that the request lacks; host not signed; names not sorted; a short signature */
	assert_failure(MISMATCH, "/",
		"AWS4-HMAC-SHA256 "
		"Credential=A/20260115/us-east-1/execute-api/aws4_request,SignedHeaders=host;x-no," SIGNATURE,
		"20260115T120000Z");
	assert_failure(MISMATCH, "/",
		"AWS4-HMAC-SHA256 "
		"Credential=A/20260115/us-east-1/execute-api/aws4_request,SignedHeaders=x-amz-date," SIGNATURE,
		"20260115T120000Z");
	assert_failure(MISMATCH, "/",
		"AWS4-HMAC-SHA256 "
		"Credential=A/20260115/us-east-1/execute-api/aws4_request,SignedHeaders=x-amz-date;host," SIGNATURE,
		"20260115T120000Z");
	assert_failure(MISMATCH, "/",
		"AWS4-HMAC-SHA256 Credential=A/20260115/us-east-1/execute-api/aws4_request," SIGNED ",Signature=00",
		"20260115T120000Z");
	assert_failure(MISMATCH, "/?X-Amz-Signature=1", "AWS4-HMAC-SHA256 Credential=A", NULL);
	assert_failure("IncompleteSignatureException: X-Amz-Expires must be a number from 1 to 604800",
		"/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A&X-Amz-Date=20260115T120000Z&X-Amz-Expires="
		"604801&"
		"X-Amz-SignedHeaders=host&X-Amz-Signature=1",
		NULL, NULL);
}

static void the_date_header_serves_when_x_amz_date_is_missing(void **state)
{
	struct sigv4_header headers[] = { { view_of("Host"), view_of("h") },
		{ view_of("Date"), view_of("Thu, 15 Jan 2026 12:00:00 GMT") },
		{ view_of("Authorization"),
			view_of("AWS4-HMAC-SHA256 Credential=A/20260115/r/s/aws4_request, SignedHeaders=date;host, "
				"Signature=0") } };
	struct sigv4_request request = {
		.method = view_of("GET"), .target = view_of("/"), .headers = headers, .header_count = 3
	};
	struct sigv4_failure failure;
	struct sigv4_claim claim;

	(void)state;
	assert_int_equal(0, sigv4_claim_read(&claim, &failure, &request, &crypto, &arena));
	assert_true(view_equals(claim.time, view_of("20260115T120000Z")));
	assert_int_equal(1768478400, claim.time_s);
	assert_true(view_equals(claim.access_key, view_of("A")) &&
		    view_equals(claim.scope, view_of("20260115/r/s/aws4_request")));
	headers[1].value = view_of("yesterday");
	assert_int_equal(-EACCES, sigv4_claim_read(&claim, &failure, &request, &crypto, &arena));
	assert_string_equal(SIGV4_INCOMPLETE, failure.type);
}

static void times_are_parsed_strictly(void **state)
{
	int64_t time_s;

	(void)state;
	assert_int_equal(0, sigv4_time_parse(&time_s, view_of("20240229T235959Z")));
	assert_int_equal(1709251199, time_s);
	assert_int_equal(-EINVAL, sigv4_time_parse(&time_s, view_of("20250229T235959Z")));
	assert_int_equal(-EINVAL, sigv4_time_parse(&time_s, view_of("20250228T246059Z")));
	assert_int_equal(-EINVAL, sigv4_time_parse(&time_s, view_of("20250228 235959Z")));
	assert_int_equal(-EINVAL, sigv4_time_parse(&time_s, view_of("20250228T235959")));
	assert_int_equal(-EINVAL, sigv4_time_parse(&time_s, view_of("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_verify_or_fail_as_they_say),
		cmocka_unit_test(the_vectors_are_signed_as_they_say),
		cmocka_unit_test(a_path_that_is_encoded_once),
		cmocka_unit_test(what_we_sign_verifies),
		cmocka_unit_test(failures_speak_as_aws_does),
		cmocka_unit_test(the_date_header_serves_when_x_amz_date_is_missing),
		cmocka_unit_test(times_are_parsed_strictly),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
