/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/wire/sigv4.h"

#include <errno.h>
#include <stdarg.h>
#include <time.h>

#include "appliance/base/buffer.h"
#include "appliance/wire/sigv4_internal.h"
#include "appliance/wire/uri.h"

static const struct view algorithm = VIEW_INIT("AWS4-HMAC-SHA256");

#define DIGEST_BASE64_CHARS 44 /* of 32 bytes */

__attribute__((format(printf, 4, 5))) static int fail(
	struct sigv4_failure *failure, struct arena *arena, const char *type, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	failure->type = type;
	failure->message = arena_vprintf(arena, format, arguments);
	va_end(arguments);
	return failure->message.at ? -EACCES : -ENOMEM;
}

static int fail_mismatch(struct sigv4_failure *failure)
{
	failure->type = SIGV4_INVALID;
	failure->message =
		view_of("The request signature we calculated does not match the signature you provided. Check your "
			"AWS Secret Access Key and signing method. Consult the service documentation for details.");
	return -EACCES;
}

/* base64 of the SHA-256 of the Authorization value: AWS names the header so without showing it. */
static void digest_text(char ret[DIGEST_BASE64_CHARS + 1], struct view value, const struct sigv4_crypto *crypto)
{
	uint8_t digest[SIGV4_DIGEST_BYTES];

	crypto->sha256(digest, value.at, value.count);
	crypto->base64(ret, digest, sizeof digest);
	ret[DIGEST_BASE64_CHARS] = '\0';
}

/* "AKID/date/region/service/terminator"; an access key has no slash. Missing parts stay empty and fail as scope. */
static void split_credential(struct sigv4_claim *claim, struct view credential)
{
	struct view rest;

	view_cut(credential, '/', &claim->access_key, &claim->scope);
	view_cut(claim->scope, '/', &claim->date, &rest);
	view_cut(rest, '/', &claim->region, &rest);
	view_cut(rest, '/', &claim->service, &claim->terminator);
}

/* "Mon, 02 Jan 2006 15:04:05 GMT" to basic ISO 8601 in the arena. */
static struct view basic_time(struct view text, struct arena *arena)
{
	char room[40], basic[SIGV4_TIME_CHARS + 1];
	struct tm tm = { 0 };
	const char *end;
	int64_t time_s;

	if (sigv4_time_parse(&time_s, text) == 0)
		return text;
	if (text.count >= sizeof room)
		return view_from(NULL, 0);
	memcpy(room, text.at, text.count);
	room[text.count] = '\0';
	end = strptime(room, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (!end || *end)
		return view_from(NULL, 0);
	sigv4_time_write(basic, timegm(&tm));
	return arena_copy(arena, view_from(basic, SIGV4_TIME_CHARS));
}

/* --- The header form ----------------------------------------------------------------------------------------------- */

/* Which parts the Authorization header has. `*ret_bad` gets a part without '=', if there is one. */
static void read_parts(struct sigv4_claim *claim, struct view value, struct view *ret_credential, bool *ret_bad)
{
	struct view rest = value, part, name, text;

	*ret_credential = view_from(NULL, 0);
	*ret_bad = false;
	while (view_split(&rest, ',', &part)) {
		part = view_trim(part);
		if (part.count == 0)
			continue;
		if (!view_cut(part, '=', &name, &text)) {
			*ret_bad = true;
			return;
		}
		if (view_equals(name, view_of("Credential")))
			*ret_credential = text;
		else if (view_equals(name, view_of("SignedHeaders")))
			claim->signed_headers = text;
		else if (view_equals(name, view_of("Signature")))
			claim->signature = text;
	}
}

static int missing_parts(struct sigv4_failure *failure, const struct sigv4_claim *claim, struct view credential,
	struct view value, const struct sigv4_crypto *crypto, struct arena *arena)
{
	char digest[DIGEST_BASE64_CHARS + 1];

	digest_text(digest, value, crypto);
	return fail(failure, arena, SIGV4_INCOMPLETE,
		"%s%s%s%s(Hashed with SHA-256 and encoded with Base64) Authorization=%s",
		credential.count ? "" : "Authorization header requires 'Credential' parameter. ",
		claim->signature.count ? "" : "Authorization header requires 'Signature' parameter. ",
		claim->signed_headers.count ? "" : "Authorization header requires 'SignedHeaders' parameter. ",
		claim->time.count
			? ""
			: "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ",
		digest);
}

static int read_header_form(struct sigv4_claim *claim, struct sigv4_failure *failure,
	const struct sigv4_request *request, struct view value, const struct sigv4_crypto *crypto, struct arena *arena)
{
	const struct sigv4_header *time = sigv4_find_header(request, view_of("x-amz-date"));
	const struct sigv4_header *token = sigv4_find_header(request, view_of("x-amz-security-token"));
	struct view scheme, rest, credential;
	bool bad;

	view_cut(value, ' ', &scheme, &rest);
	if (view_starts_with(scheme, view_of("AWS4-ECDSA"))) /* SigV4a */
		return fail_mismatch(failure);
	read_parts(claim, view_equals(scheme, algorithm) ? rest : value, &credential, &bad);
	if (bad) {
		char digest[DIGEST_BASE64_CHARS + 1];

		digest_text(digest, value, crypto);
		return fail(failure, arena, SIGV4_INCOMPLETE,
			"Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and "
			"encoded "
			"with Base64): '%s'.",
			digest);
	}
	if (!time)
		time = sigv4_find_header(request, view_of("date"));
	if (time)
		claim->time = basic_time(view_trim(time->value), arena);
	if (!credential.count || !claim->signature.count || !claim->signed_headers.count || !claim->time.count)
		return missing_parts(failure, claim, credential, value, crypto, arena);
	split_credential(claim, credential);
	if (token)
		claim->security_token = view_trim(token->value);
	return sigv4_time_parse(&claim->time_s, claim->time) < 0 ? fail_mismatch(failure) : 0;
}

/* --- The query form ------------------------------------------------------------------------------------------------ */

struct presigned {
	struct view algorithm, credential, time, expires, signed_headers, signature, token;
};

/* The X-Amz-… parts of the query, decoded into the arena. */
static int read_query(struct presigned *ret, struct view query, struct arena *arena)
{
	struct {
		struct view name, *value;
	} wanted[] = {
		{ view_of("X-Amz-Algorithm"), &ret->algorithm },
		{ view_of("X-Amz-Credential"), &ret->credential },
		{ view_of("X-Amz-Date"), &ret->time },
		{ view_of("X-Amz-Expires"), &ret->expires },
		{ view_of("X-Amz-SignedHeaders"), &ret->signed_headers },
		{ view_of("X-Amz-Signature"), &ret->signature },
		{ view_of("X-Amz-Security-Token"), &ret->token },
	};
	struct uri_query walk = { .rest = query };
	struct view name, value;

	while (uri_query_next(&walk, &name, &value, NULL)) {
		for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
			char *plain;

			if (!view_equals(name, wanted[i].name))
				continue;
			plain = arena_alloc(arena, value.count + 1);
			if (!plain)
				return -ENOMEM;
			*wanted[i].value = view_from(plain, (size_t)uri_decode(plain, value, false, true));
		}
	}
	return 0;
}

static int read_query_form(struct sigv4_claim *claim, struct sigv4_failure *failure, const struct presigned *presigned,
	struct arena *arena)
{
	uint64_t expires = 0;

	if (!view_equals(presigned->algorithm, algorithm) || !presigned->credential.count || !presigned->time.count ||
		!presigned->signed_headers.count || !presigned->expires.count)
		return fail(failure, arena, SIGV4_INCOMPLETE,
			"AWS query-string parameters must include 'X-Amz-Algorithm', 'X-Amz-Credential', "
			"'X-Amz-Signature', "
			"'X-Amz-SignedHeaders' and 'X-Amz-Date'. Re-examine the query-string parameters.");
	if (view_parse_u64(presigned->expires, SIGV4_EXPIRES_MAX_S, &expires) < 0 || expires == 0)
		return fail(failure, arena, SIGV4_INCOMPLETE, "X-Amz-Expires must be a number from 1 to %d",
			SIGV4_EXPIRES_MAX_S);
	claim->presigned = true;
	claim->expires_s = (int64_t)expires;
	claim->signed_headers = presigned->signed_headers;
	claim->signature = presigned->signature;
	claim->time = presigned->time;
	claim->security_token = presigned->token;
	split_credential(claim, presigned->credential);
	return sigv4_time_parse(&claim->time_s, claim->time) < 0 ? fail_mismatch(failure) : 0;
}

int sigv4_claim_read(struct sigv4_claim *ret, struct sigv4_failure *ret_failure, const struct sigv4_request *request,
	const struct sigv4_crypto *crypto, struct arena *arena)
{
	const struct sigv4_header *authorization = sigv4_find_header(request, view_of("authorization"));
	struct presigned presigned = { 0 };
	struct view path, query;
	int result;

	*ret = (struct sigv4_claim){ 0 };
	*ret_failure = (struct sigv4_failure){ 0 };
	view_cut(request->target, '?', &path, &query);
	result = read_query(&presigned, query, arena);
	if (result < 0)
		return result;
	if (authorization && presigned.signature.count)
		return fail_mismatch(ret_failure);
	if (authorization)
		return read_header_form(ret, ret_failure, request, view_trim(authorization->value), crypto, arena);
	if (presigned.signature.count)
		return read_query_form(ret, ret_failure, &presigned, arena);
	ret_failure->type = SIGV4_MISSING_TOKEN;
	ret_failure->message = view_of("Missing Authentication Token");
	return -EACCES;
}

/* --- Checks -------------------------------------------------------------------------------------------------------- */

static int check_scope(const struct sigv4_claim *claim, struct sigv4_failure *failure, struct view region,
	struct view service, struct arena *arena)
{
	struct view date = view_part(claim->time, 0, 8);
	struct buffer text;

	buffer_init_arena(&text, arena, 4096);
	if (!view_equals(claim->region, region))
		buffer_append_text(&text, "Credential should be scoped to a valid region. ");
	if (service.count && !view_equals(claim->service, service))
		buffer_printf(
			&text, "Credential should be scoped to correct service: '" VIEW_FMT "'. ", VIEW_ARG(service));
	if (!view_equals(claim->terminator, view_of("aws4_request")))
		buffer_printf(&text,
			"Credential should be scoped with a valid terminator: 'aws4_request', not '%.128s'. ",
			claim->terminator.count ? arena_text(arena, claim->terminator) : "");
	if (!view_equals(claim->date, date))
		buffer_printf(&text,
			"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
			"'%.64s' != "
			"'" VIEW_FMT "', from '" VIEW_FMT "'. ",
			claim->date.count ? arena_text(arena, claim->date) : "", VIEW_ARG(date), VIEW_ARG(claim->time));
	if (buffer_error(&text))
		return -ENOMEM;
	if (text.count == 0)
		return 0;
	failure->type = SIGV4_INVALID;
	failure->message = buffer_view(&text);
	return -EACCES;
}

static int check_time(
	const struct sigv4_claim *claim, struct sigv4_failure *failure, int64_t now_s, struct arena *arena)
{
	int64_t life_s = claim->presigned ? claim->expires_s : SIGV4_SKEW_MAX_S;
	char now[SIGV4_TIME_CHARS + 1], edge[SIGV4_TIME_CHARS + 1];

	sigv4_time_write(now, now_s);
	if (now_s > claim->time_s + life_s) {
		sigv4_time_write(edge, now_s - life_s);
		if (life_s % 60)
			return fail(failure, arena, SIGV4_INVALID,
				"Signature expired: " VIEW_FMT " is now earlier than %s (%s - %ld sec.)",
				VIEW_ARG(claim->time), edge, now, (long)life_s);
		return fail(failure, arena, SIGV4_INVALID,
			"Signature expired: " VIEW_FMT " is now earlier than %s (%s - %ld min.)", VIEW_ARG(claim->time),
			edge, now, (long)life_s / 60);
	}
	if (claim->time_s > now_s + SIGV4_SKEW_MAX_S) {
		sigv4_time_write(edge, now_s + SIGV4_SKEW_MAX_S);
		return fail(failure, arena, SIGV4_INVALID,
			"Signature not yet current: " VIEW_FMT " is still later than %s (%s + 5 min.)",
			VIEW_ARG(claim->time), edge, now);
	}
	return 0;
}

int sigv4_claim_check(const struct sigv4_claim *claim, struct sigv4_failure *ret_failure, struct view region,
	struct view service, int64_t now_s, struct arena *arena)
{
	int result = check_scope(claim, ret_failure, region, service, arena);

	return result ? result : check_time(claim, ret_failure, now_s, arena);
}

/* Constant in time: the signature is a secret until it is known to be right. */
static bool same_signature(const char expected[SIGV4_SIGNATURE_CHARS], struct view given)
{
	unsigned char difference = 0;

	if (given.count != SIGV4_SIGNATURE_CHARS)
		return false;
	for (size_t i = 0; i < SIGV4_SIGNATURE_CHARS; i++)
		difference = (unsigned char)(difference | (expected[i] ^ given.at[i]));
	return difference == 0;
}

/* "host" must be signed, and the names must be lower case, sorted and each once: else the canonical form is ambiguous. */
static bool signed_headers_are_fine(struct view signed_headers)
{
	struct view rest = signed_headers, name, previous = { 0 };
	bool has_host = false;

	while (view_split(&rest, ';', &name)) {
		if (name.count == 0 || (previous.count && view_compare(previous, name) >= 0))
			return false;
		for (size_t i = 0; i < name.count; i++) {
			if (view_lower_byte(name.at[i]) != name.at[i])
				return false;
		}
		has_host = has_host || view_equals(name, view_of("host"));
		previous = name;
	}
	return has_host;
}

/* x-amz-content-sha256, if sent, must be the digest of the real body. */
static bool body_digest_fits(const struct sigv4_request *request)
{
	const struct sigv4_header *given = sigv4_find_header(request, view_of("x-amz-content-sha256"));
	char digest[SIGV4_SIGNATURE_CHARS];

	if (!given)
		return true;
	sigv4_hex(digest, request->body_digest);
	return same_signature(digest, view_trim(given->value));
}

int sigv4_claim_verify(const struct sigv4_claim *claim, struct sigv4_failure *ret_failure,
	const struct sigv4_request *request, struct view secret, const struct sigv4_crypto *crypto, struct arena *arena,
	struct view *ret_canonical)
{
	if (!signed_headers_are_fine(claim->signed_headers) || !body_digest_fits(request))
		return fail_mismatch(ret_failure);
	for (int attempt = 0; attempt < 2; attempt++) {
		char expected[SIGV4_SIGNATURE_CHARS];
		struct view canonical;
		int result = sigv4_canonical_request(
			&canonical, request, claim->signed_headers, claim->presigned, attempt == 0, arena);

		if (result == -ENOENT || result == -EMSGSIZE)
			return fail_mismatch(ret_failure);
		if (result == 0)
			result = sigv4_signature(expected, canonical, secret, claim->time, claim->date, claim->region,
				claim->service, crypto, arena);
		if (result < 0)
			return result;
		if (ret_canonical && attempt == 0)
			*ret_canonical = canonical;
		if (same_signature(expected, claim->signature))
			return 0;
	}
	return fail_mismatch(ret_failure);
}
