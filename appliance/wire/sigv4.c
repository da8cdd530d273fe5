/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/wire/sigv4.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "appliance/base/buffer.h"
#include "appliance/wire/sigv4_internal.h"
#include "appliance/wire/uri.h"

/* Canonical requests: a URL of 16 KiB grows threefold, headers of 64 KiB stay. */
#define CANONICAL_MAX_BYTES 262144

static const struct view algorithm = VIEW_INIT("AWS4-HMAC-SHA256");

/* --- Times --------------------------------------------------------------------------------------------------------- */

void sigv4_time_write(char ret[SIGV4_TIME_CHARS + 1], int64_t time_s)
{
	time_t moment = (time_t)time_s;
	struct tm tm;

	if (!gmtime_r(&moment, &tm) || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900)
		memset(&tm, 0, sizeof tm);
	strftime(ret, SIGV4_TIME_CHARS + 1, "%Y%m%dT%H%M%SZ", &tm);
}

int sigv4_time_parse(int64_t *ret_s, struct view text)
{
	char check[SIGV4_TIME_CHARS + 1];
	struct tm tm = { 0 };
	int digits[14];
	size_t count = 0;

	if (text.count != SIGV4_TIME_CHARS || text.at[8] != 'T' || text.at[15] != 'Z')
		return -EINVAL;
	for (size_t i = 0; i < 15; i++) {
		if (i == 8)
			continue;
		if (text.at[i] < '0' || text.at[i] > '9')
			return -EINVAL;
		digits[count++] = text.at[i] - '0';
	}
	tm.tm_year = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3] - 1900;
	tm.tm_mon = digits[4] * 10 + digits[5] - 1;
	tm.tm_mday = digits[6] * 10 + digits[7];
	tm.tm_hour = digits[8] * 10 + digits[9];
	tm.tm_min = digits[10] * 10 + digits[11];
	tm.tm_sec = digits[12] * 10 + digits[13];
	*ret_s = timegm(&tm);
	sigv4_time_write(check, *ret_s); /* timegm() turns the 31st of June into the 1st of July */
	return memcmp(check, text.at, SIGV4_TIME_CHARS) == 0 ? 0 : -EINVAL;
}

/* --- Canonical form ------------------------------------------------------------------------------------------------ */

void sigv4_hex(char ret[SIGV4_SIGNATURE_CHARS], const uint8_t digest[SIGV4_DIGEST_BYTES])
{
	for (size_t i = 0; i < SIGV4_DIGEST_BYTES; i++) {
		ret[2 * i] = "0123456789abcdef"[digest[i] >> 4];
		ret[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
	}
}

static void append_encoded(struct buffer *canonical, struct view text, bool keep_slash)
{
	char *room = buffer_reserve(canonical, 3 * text.count);

	if (room)
		buffer_commit(canonical, uri_encode(room, text, keep_slash));
}

/* Without empty, "." and ".." segments; a final slash stays. */
static int append_path_without_dots(struct buffer *canonical, struct view path, struct arena *arena)
{
	struct view *segments = ARENA_NEW_ARRAY(arena, struct view, path.count / 2 + 2);
	struct view rest = path, segment = { 0 };
	size_t count = 0;
	bool ends_in_slash = true;

	if (!segments)
		return -ENOMEM;
	while (view_split(&rest, '/', &segment)) {
		ends_in_slash =
			segment.count == 0 || view_equals(segment, view_of(".")) || view_equals(segment, view_of(".."));
		if (view_equals(segment, view_of("..")))
			count -= count > 0;
		else if (segment.count && !view_equals(segment, view_of(".")))
			segments[count++] = segment;
	}
	for (size_t i = 0; i < count; i++) {
		buffer_append_byte(canonical, '/');
		append_encoded(canonical, segments[i], false);
	}
	if (count == 0 || ends_in_slash)
		buffer_append_byte(canonical, '/');
	return 0;
}

/* As S3 has it: what the path means, encoded the one way. */
static int append_path_once(struct buffer *canonical, struct view path, struct arena *arena)
{
	char *plain = arena_alloc(arena, path.count + 1);
	long count;

	if (!plain)
		return -ENOMEM;
	count = uri_decode(plain, path, false, true);
	if (count <= 0)
		buffer_append_byte(canonical, '/');
	else
		append_encoded(canonical, view_from(plain, (size_t)count), true);
	return 0;
}

struct part {
	struct view name, value; /* in canonical encoding */
};

static int compare_parts(const void *a, const void *b)
{
	const struct part *left = a, *right = b;
	int order = view_compare(left->name, right->name);

	return order ? order : view_compare(left->value, right->value);
}

/* Decode, then encode the one way. A '%' that starts no escape is a byte like others. */
static struct view recoded(struct view text, struct arena *arena)
{
	char *plain = arena_alloc(arena, text.count + 1), *encoded = arena_alloc(arena, 3 * text.count + 1);
	long count;

	if (!plain || !encoded)
		return view_from(NULL, 0);
	count = uri_decode(plain, text, false, true);
	return view_from(encoded, uri_encode(encoded, view_from(plain, (size_t)count), false));
}

static int append_query(struct buffer *canonical, struct view query, bool presigned, struct arena *arena)
{
	struct uri_query walk = { .rest = query };
	struct part *parts, part;
	size_t count = 0, room = 1;

	for (size_t i = 0; i < query.count; i++)
		room += query.at[i] == '&';
	if (room > SIGV4_QUERY_PARTS_MAX_COUNT)
		return -EMSGSIZE;
	parts = ARENA_NEW_ARRAY(arena, struct part, room);
	if (!parts)
		return -ENOMEM;
	while (uri_query_next(&walk, &part.name, &part.value, NULL)) {
		part.name = recoded(part.name, arena);
		part.value = recoded(part.value, arena);
		if (!part.name.at || !part.value.at)
			return -ENOMEM;
		if (!presigned || !view_equals(part.name, view_of("X-Amz-Signature")))
			parts[count++] = part;
	}
	qsort(parts, count, sizeof *parts, compare_parts);
	for (size_t i = 0; i < count; i++) {
		if (i)
			buffer_append_byte(canonical, '&');
		buffer_append(canonical, parts[i].name);
		buffer_append_byte(canonical, '=');
		buffer_append(canonical, parts[i].value);
	}
	return 0;
}

/* Trimmed, inner runs of blanks as one. */
static void append_header_value(struct buffer *canonical, struct view value)
{
	bool blank = false;

	value = view_trim(value);
	for (size_t i = 0; i < value.count; i++) {
		if (value.at[i] != ' ' && value.at[i] != '\t') {
			if (blank)
				buffer_append_byte(canonical, ' ');
			buffer_append_byte(canonical, value.at[i]);
			blank = false;
		} else {
			blank = true;
		}
	}
}

static int append_headers(struct buffer *canonical, const struct sigv4_request *request, struct view signed_headers)
{
	struct view rest = signed_headers, name;
	size_t count = 0;

	while (view_split(&rest, ';', &name)) {
		bool found = false;

		if (++count > SIGV4_SIGNED_HEADERS_MAX_COUNT)
			return -EMSGSIZE;
		buffer_append(canonical, name);
		for (size_t i = 0; i < request->header_count; i++) {
			if (!view_equals_ignore_case(request->headers[i].name, name))
				continue;
			buffer_append_byte(canonical, found ? ',' : ':');
			append_header_value(canonical, request->headers[i].value);
			found = true;
		}
		if (!found)
			return -ENOENT;
		buffer_append_byte(canonical, '\n');
	}
	return 0;
}

int sigv4_canonical_request(struct view *ret_canonical, const struct sigv4_request *request, struct view signed_headers,
	bool presigned, bool remove_dots, struct arena *arena)
{
	char digest[SIGV4_SIGNATURE_CHARS];
	struct buffer canonical;
	struct view path, query;
	int result = 0;

	view_cut(request->target, '?', &path, &query);
	buffer_init_arena(&canonical, arena, CANONICAL_MAX_BYTES);
	buffer_append(&canonical, request->method);
	buffer_append_byte(&canonical, '\n');
	if (request->encodes_once)
		result = append_path_once(&canonical, path, arena);
	else if (remove_dots)
		result = append_path_without_dots(&canonical, path, arena);
	else if (path.count)
		append_encoded(&canonical, path, true);
	else
		buffer_append_byte(&canonical, '/');
	buffer_append_byte(&canonical, '\n');
	if (result == 0)
		result = append_query(&canonical, query, presigned, arena);
	buffer_append_byte(&canonical, '\n');
	if (result == 0)
		result = append_headers(&canonical, request, signed_headers);
	if (result < 0)
		return result;
	buffer_append_byte(&canonical, '\n');
	buffer_append(&canonical, signed_headers);
	buffer_append_byte(&canonical, '\n');
	sigv4_hex(digest, request->body_digest);
	buffer_append_bytes(&canonical, digest, sizeof digest);
	*ret_canonical = buffer_view(&canonical);
	return buffer_error(&canonical);
}

/* --- Signatures ---------------------------------------------------------------------------------------------------- */

int sigv4_signature(char ret[SIGV4_SIGNATURE_CHARS], struct view canonical, struct view secret, struct view time,
	struct view date, struct view region, struct view service, const struct sigv4_crypto *crypto,
	struct arena *arena)
{
	static const struct view terminator = VIEW_INIT("aws4_request");
	uint8_t digest[SIGV4_DIGEST_BYTES], key[SIGV4_DIGEST_BYTES];
	char canonical_hex[SIGV4_SIGNATURE_CHARS];
	struct view text, first_key = arena_printf(arena, "AWS4" VIEW_FMT, VIEW_ARG(secret));

	if (!first_key.at)
		return -ENOMEM;
	crypto->sha256(digest, canonical.at, canonical.count);
	sigv4_hex(canonical_hex, digest);
	text = arena_printf(arena,
		"AWS4-HMAC-SHA256\n" VIEW_FMT "\n" VIEW_FMT "/" VIEW_FMT "/" VIEW_FMT "/aws4_request\n%.64s",
		VIEW_ARG(time), VIEW_ARG(date), VIEW_ARG(region), VIEW_ARG(service), canonical_hex);
	if (!text.at)
		return -ENOMEM;
	crypto->hmac_sha256(key, first_key.at, first_key.count, date.at, date.count);
	explicit_bzero((char *)(uintptr_t)first_key.at, first_key.count);
	crypto->hmac_sha256(key, key, sizeof key, region.at, region.count);
	crypto->hmac_sha256(key, key, sizeof key, service.at, service.count);
	crypto->hmac_sha256(key, key, sizeof key, terminator.at, terminator.count);
	crypto->hmac_sha256(digest, key, sizeof key, text.at, text.count);
	sigv4_hex(ret, digest);
	explicit_bzero(key, sizeof key);
	return 0;
}

static int compare_views(const void *a, const void *b)
{
	return view_compare(*(const struct view *)a, *(const struct view *)b);
}

/* "host;x-amz-date": the lower-case names of all headers but Authorization, sorted, each once. */
static int all_header_names(struct view *ret, const struct sigv4_request *request, struct arena *arena)
{
	struct view *names = ARENA_NEW_ARRAY(arena, struct view, request->header_count + 1);
	struct buffer text;
	size_t count = 0;

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < request->header_count; i++) {
		char *lower = arena_text(arena, request->headers[i].name);

		if (!lower)
			return -ENOMEM;
		for (char *at = lower; *at; at++)
			*at = view_lower_byte(*at);
		names[count] = view_from(lower, request->headers[i].name.count);
		if (!view_equals(names[count], view_of("authorization")))
			count++;
	}
	qsort(names, count, sizeof *names, compare_views);
	buffer_init_arena(&text, arena, CANONICAL_MAX_BYTES);
	for (size_t i = 0; i < count; i++) {
		if (i && view_equals(names[i], names[i - 1]))
			continue;
		if (i)
			buffer_append_byte(&text, ';');
		buffer_append(&text, names[i]);
	}
	*ret = buffer_view(&text);
	return buffer_error(&text);
}

const struct sigv4_header *sigv4_find_header(const struct sigv4_request *request, struct view name)
{
	for (size_t i = 0; i < request->header_count; i++) {
		if (view_equals_ignore_case(request->headers[i].name, name))
			return &request->headers[i];
	}
	return NULL;
}

int sigv4_sign(struct view *ret_authorization, const struct sigv4_request *request,
	const struct sigv4_credentials *credentials, struct view time, struct view region, struct view service,
	const struct sigv4_crypto *crypto, struct arena *arena)
{
	char signature[SIGV4_SIGNATURE_CHARS];
	struct view names, canonical, date = view_part(time, 0, 8);
	int result;

	if (time.count != SIGV4_TIME_CHARS || !sigv4_find_header(request, view_of("host")) ||
		!sigv4_find_header(request, view_of("x-amz-date")))
		return -EINVAL;
	result = all_header_names(&names, request, arena);
	if (result == 0)
		result = sigv4_canonical_request(&canonical, request, names, false, true, arena);
	if (result == 0)
		result = sigv4_signature(
			signature, canonical, credentials->secret, time, date, region, service, crypto, arena);
	if (result < 0)
		return result;
	*ret_authorization = arena_printf(arena,
		VIEW_FMT " Credential=" VIEW_FMT "/" VIEW_FMT "/" VIEW_FMT "/" VIEW_FMT
			 "/aws4_request, SignedHeaders=" VIEW_FMT ", Signature=%.64s",
		VIEW_ARG(algorithm), VIEW_ARG(credentials->access_key), VIEW_ARG(date), VIEW_ARG(region),
		VIEW_ARG(service), VIEW_ARG(names), signature);
	return ret_authorization->at ? 0 : -ENOMEM;
}
