/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/integrate/aws_request.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/buffer.h"
#include "appliance/crypto/base64.h"
#include "appliance/crypto/digest.h"
#include "appliance/wire/sigv4.h"
#include "appliance/wire/uri.h"

/* Fields that signing adds, and Host. */
#define EXTRA_FIELDS 6
/* A header section that no service takes any more: AWS's front ends end at 8 to 16 KiB. */
#define FIELDS_MAX_BYTES 65536

static const struct sigv4_crypto crypto = {
	.sha256 = digest_sha256,
	.hmac_sha256 = digest_hmac_sha256,
	.base64 = base64_encode,
};

/* --- endpoints -------------------------------------------------------------------------------------------------------- */

static const struct aws_endpoint *find_row(const struct aws_endpoints *endpoints, struct view name)
{
	for (size_t i = 0; i < endpoints->count; i++)
		if (view_equals(endpoints->rows[i].service, name))
			return &endpoints->rows[i];
	return NULL;
}

/* Letters, digits, '-' and '.': nothing of an ARN can make another host of it. */
static bool is_host(struct view text)
{
	for (size_t i = 0; i < text.count; i++) {
		char byte = view_lower_byte(text.at[i]);

		if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9') && byte != '-' && byte != '.')
			return false;
	}
	return text.count && text.at[0] != '.' && text.at[text.count - 1] != '.';
}

static int find_public(
	struct arena *arena, struct view partition, struct view region, struct view name, struct aws_endpoint *ret)
{
	struct aws_service service;
	struct view host, url;

	if (!is_host(name) || !is_host(region))
		return -EINVAL;
	aws_service_find(name, &service);
	host = aws_service_host(arena, &service, name, partition, region);
	url = host.at ? arena_printf(arena, "https://" VIEW_FMT, VIEW_ARG(host)) : host;
	if (!url.at)
		return -ENOMEM;
	*ret = (struct aws_endpoint){ .service = name };
	return outbound_origin_parse(&ret->origin, url, true, false) ? -EINVAL : 0;
}

int aws_endpoint_find(const struct aws_endpoints *endpoints, struct arena *arena, struct view partition,
	struct view region, struct view name, struct aws_endpoint *ret)
{
	size_t dot = view_find_last_byte(name, '.');
	const struct aws_endpoint *row = find_row(endpoints, name);
	struct aws_service service;

	if (row) {
		*ret = *row;
		return 0;
	}
	if (dot != VIEW_NOWHERE)
		row = find_row(endpoints, view_after(name, dot + 1));
	if (!row)
		row = find_row(endpoints, view_of("*"));
	if (!row)
		return endpoints->is_public ? find_public(arena, partition, region, name, ret) : -ENOENT;
	*ret = *row;
	if (dot == VIEW_NOWHERE)
		return 0;
	/* The subdomain has no place in the row's host. S3's is a bucket, which can stand in the path as well. */
	aws_service_find(name, &service);
	if (!service.signs_once)
		return 0;
	ret->base_path = arena_printf(arena, VIEW_FMT "/" VIEW_FMT, VIEW_ARG(row->base_path), (int)dot, name.at);
	return ret->base_path.at ? 0 : -ENOMEM;
}

/* --- the target ------------------------------------------------------------------------------------------------------- */

static bool is_hex(char byte)
{
	return byte && strchr("0123456789abcdefABCDEF", byte) != NULL;
}

/*
 * Append `text` in a form that every reader takes for the same: what is no part of a path or query as it is gets encoded,
 * an escape stays one. `also` are further bytes that may stand.
 */
static void append_plain(struct buffer *ret, struct view text, const char *also)
{
	for (size_t i = 0; i < text.count; i++) {
		char byte = text.at[i], encoded[3];
		bool is_escape = byte == '%' && i + 2 < text.count && is_hex(text.at[i + 1]) && is_hex(text.at[i + 2]);

		if (is_escape || uri_is_unreserved((unsigned char)byte) || (byte && strchr(also, byte)))
			buffer_append_byte(ret, byte);
		else
			buffer_append_bytes(ret, encoded, uri_encode(encoded, view_part(text, i, 1), false));
	}
}

/*
 * S3's keys are what a path means, so it is written the one way that every verifier of signatures reads alike: a '/' within a key
 * is a '/', and nothing is encoded that need not be.
 */
static void append_key(struct buffer *ret, struct arena *arena, struct view path)
{
	char *plain = arena_alloc(arena, path.count + 1), *room = buffer_reserve(ret, 3 * path.count);
	long count = plain ? uri_decode(plain, path, false, true) : -1;

	if (room && count >= 0)
		buffer_commit(ret, uri_encode(room, view_from(plain, (size_t)count), true));
	else
		ret->error = ret->error ? ret->error : -ENOMEM;
}

static int write_target(struct arena *arena, const struct aws_request_input *input, struct view *ret)
{
	struct buffer target;

	buffer_init_arena(&target, arena, 3 * URI_MAX_BYTES);
	append_plain(&target, input->endpoint->base_path, "/");
	if (input->service->signs_once && input->path.count)
		append_key(&target, arena, input->path);
	else
		append_plain(&target, input->path.count ? input->path : view_of("/"), "/");
	if (input->query.count) {
		buffer_append_byte(&target, '?');
		append_plain(&target, input->query, "&=+/:,;@!$'()*?");
	}
	*ret = buffer_view(&target);
	return buffer_error(&target);
}

/* --- fields ----------------------------------------------------------------------------------------------------------- */

/* The head as it grows: what is sent, and what of it is signed. */
struct work {
	struct http1_writer writer;
	struct sigv4_header *signed_fields;
	size_t signed_count;
};

static void add(struct work *work, struct view name, struct view value, bool is_unsigned)
{
	http1_write_header(&work->writer, name, value);
	if (!is_unsigned)
		work->signed_fields[work->signed_count++] = (struct sigv4_header){ .name = name, .value = value };
}

/* Fields that only signing may make. */
static bool is_own(struct view name)
{
	return view_equals_ignore_case(name, view_of("Authorization")) ||
	       view_equals_ignore_case(name, view_of("X-Amz-Date")) ||
	       view_equals_ignore_case(name, view_of("X-Amz-Security-Token"));
}

static bool is_digest(struct view name)
{
	return view_equals_ignore_case(name, view_of("X-Amz-Content-Sha256"));
}

static int add_fields(struct work *work, const struct aws_request_input *input)
{
	bool has_host = false;

	for (size_t i = 0; i < input->field_count; i++) {
		const struct aws_field *field = &input->fields[i];

		if (is_own(field->name))
			return -EEXIST;
		if (is_digest(field->name))
			continue; /* the body's true one is sent where it is asked for */
		if (view_equals_ignore_case(field->name, view_of("Host"))) {
			if (has_host)
				return -EEXIST;
			has_host = true;
		}
		add(work, field->name, field->value, field->is_unsigned);
	}
	if (!has_host)
		add(work, view_of("Host"), input->endpoint->origin.authority, false);
	return 0;
}

/* Room for the head: its line, the fields given, and those that signing adds. */
static size_t head_room(const struct aws_request_input *input, struct view target)
{
	size_t room = 1024 + input->method.count + target.count + input->endpoint->origin.authority.count +
		      input->credentials->token.count + input->credentials->access_key.count + input->region.count +
		      input->service->signing_name.count;

	for (size_t i = 0; i < input->field_count; i++)
		room += 2 * input->fields[i].name.count + input->fields[i].value.count + 5;
	return room;
}

/* Authorization, by the signer that is the verifier's other half. */
static int sign(struct arena *arena, const struct aws_request_input *input, struct view target, struct view time,
	const uint8_t digest[DIGEST_SHA256_BYTES], struct work *work)
{
	struct sigv4_request request = {
		.method = input->method,
		.target = target,
		.headers = work->signed_fields,
		.header_count = work->signed_count,
		.encodes_once = input->service->signs_once,
	};
	const struct sigv4_credentials credentials = { .access_key = input->credentials->access_key,
		.secret = input->credentials->secret };
	struct view authorization;
	int error;

	memcpy(request.body_digest, digest, sizeof request.body_digest);
	error = sigv4_sign(&authorization, &request, &credentials, time,
		aws_service_signing_region(input->service, input->region), input->service->signing_name, &crypto,
		arena);
	if (!error)
		http1_write_header(&work->writer, view_of("Authorization"), authorization);
	return error;
}

static bool is_idempotent(struct view method)
{
	return view_equals(method, view_of("GET")) || view_equals(method, view_of("HEAD")) ||
	       view_equals(method, view_of("PUT")) || view_equals(method, view_of("DELETE")) ||
	       view_equals(method, view_of("OPTIONS"));
}

/* The fields that say when, by whom and of what the signature is. */
static void add_signing_fields(
	struct work *work, const struct aws_request_input *input, struct view time, struct view digest)
{
	add(work, view_of("X-Amz-Date"), time, false);
	if (input->service->signs_once)
		add(work, view_of("X-Amz-Content-Sha256"), digest, false);
	if (input->credentials->token.count)
		add(work, view_of("X-Amz-Security-Token"), input->credentials->token, false);
}

int aws_request_write(struct arena *arena, const struct aws_request_input *input, struct http_request *ret)
{
	uint8_t digest[DIGEST_SHA256_BYTES];
	char digest_text[DIGEST_HEX_CHARS + 1], time[SIGV4_TIME_CHARS + 1];
	struct work work = { 0 };
	struct view target;
	size_t room;
	char *start;
	int error = write_target(arena, input, &target);

	if (error)
		return error;
	room = head_room(input, target);
	if (room > FIELDS_MAX_BYTES + target.count)
		return -EMSGSIZE;
	start = arena_alloc(arena, room);
	work.signed_fields = ARENA_NEW_ARRAY(arena, struct sigv4_header, input->field_count + EXTRA_FIELDS);
	if (!start || !work.signed_fields)
		return -ENOMEM;
	work.writer = http1_writer_at(start, room);
	http1_write_request_line(&work.writer, input->method, target);
	digest_sha256(digest, input->body.at, input->body.count);
	digest_hex(digest_text, digest, sizeof digest);
	sigv4_time_write(time, input->now_s);
	error = add_fields(&work, input);
	if (error)
		return error;
	add_signing_fields(&work, input, view_from(time, SIGV4_TIME_CHARS), view_from(digest_text, DIGEST_HEX_CHARS));
	error = sign(arena, input, target, view_from(time, SIGV4_TIME_CHARS), digest, &work);
	if (error)
		return error;
	if (work.writer.bad || work.writer.full)
		return work.writer.bad ? -EINVAL : -EMSGSIZE;
	*ret = (struct http_request){
		.target = input->endpoint->origin.target,
		.authority = input->endpoint->origin.authority,
		.head = view_from(start, (size_t)(work.writer.at - start)),
		.is_head = view_equals(input->method, view_of("HEAD")),
		.idempotent = is_idempotent(input->method),
	};
	return 0;
}
