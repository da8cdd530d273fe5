/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as the URI of an integration with an AWS service, as path and query of its request, and as what STS and the metadata
 * service answer. What is signed is one well-formed head; credentials that are read could stand in a field.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/integrate/aws_request.h"
#include "appliance/integrate/aws_uri.h"
#include "appliance/integrate/credentials_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct credentials key = {
	.access_key = VIEW_INIT("AKID"), .secret = VIEW_INIT("s"), .token = VIEW_INIT("t")
};

/* A head of whole lines without blanks in its target. */
static void check_head(struct view head)
{
	struct view line, method, target;

	ASSERT(view_ends_with(head, view_of("\r\n")) && view_find(head, view_of("\r\n\r\n")) == VIEW_NOWHERE);
	ASSERT(view_split(&head, '\r', &line) && view_cut(line, ' ', &method, &target));
	ASSERT(view_ends_with(target, view_of(" HTTP/1.1")) && target.at[0] == '/');
	ASSERT(view_find_byte(target, ' ') == target.count - strlen(" HTTP/1.1"));
}

static void sign(struct arena *arena, struct view text)
{
	const struct aws_endpoints endpoints = { .is_public = true };
	struct aws_endpoint endpoint;
	struct aws_service service;
	struct aws_uri uri;
	struct http_request request;
	struct aws_request_input input = {
		.endpoint = &endpoint, .service = &service, .credentials = &key, .now_s = 1795390370
	};
	struct view left, right;

	if (aws_uri_parse(&uri, text) < 0)
		return;
	ASSERT(uri.name.count && uri.region.count && (uri.is_action || uri.rest.at[0] == '/'));
	aws_service_find(uri.name, &service);
	if (aws_endpoint_find(&endpoints, arena, uri.partition, uri.region, uri.name, &endpoint) < 0)
		return;
	view_cut(uri.rest, uri.is_action ? '&' : '?', &left, &right);
	input.region = uri.region;
	input.method = view_of("POST");
	input.path = uri.is_action ? view_of("/") : left;
	input.query = right;
	input.body = right;
	if (aws_request_write(arena, &input, &request) == 0)
		check_head(request.head);
}

static struct view no_variable(void *context, struct view name)
{
	(void)context;
	return name;
}

/* The bytes as the value of a placeholder: they stay behind what stands before them, and in front of what follows. */
static void render(struct arena *arena, struct view value)
{
	static const struct integration_uri_part parts[] = { { INTEGRATION_URI_TEXT,
								     VIEW_INIT("arn:aws:apigateway:r:s3:path/b/") },
		{ INTEGRATION_URI_PATH_PARAMETER, VIEW_INIT("p") }, { INTEGRATION_URI_TEXT, VIEW_INIT("/end?q=1") } };
	static const struct integration_uri uri = { .part_count = 3, .parts = parts };
	const struct integrate_parameter parameter = {
		.kind = MAPPING_TO_REQUEST_PATH, .name = view_of("p"), .value = value
	};
	const struct aws_uri_values values = {
		.variable = no_variable, .parameters = &parameter, .parameter_count = 1
	};
	struct aws_uri parsed;
	struct view text, path, query;

	if (aws_uri_render(arena, &uri, &values, &text) < 0)
		return;
	ASSERT(aws_uri_parse(&parsed, text) == 0 && view_equals(parsed.name, view_of("s3")));
	view_cut(parsed.rest, '?', &path, &query);
	ASSERT(view_starts_with(path, view_of("/b/")) && view_ends_with(path, view_of("/end")) &&
		view_equals(query, view_of("q=1")));
	ASSERT(view_find(path, view_of("/../")) == VIEW_NOWHERE);
	sign(arena, text);
}

static void check_parsed(const struct credentials_parsed *parsed)
{
	const struct view parts[] = { parsed->credentials.access_key, parsed->credentials.secret,
		parsed->credentials.token };

	for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
		ASSERT(parts[i].count > 0);
		for (size_t k = 0; k < parts[i].count; k++)
			ASSERT(parts[i].at[k] > ' ' && parts[i].at[k] < 0x7f);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = view_from(data, size);
	struct credentials_parsed parsed;
	struct buffer xml, room;
	struct arena arena;
	char why[64];

	arena_init(&arena, NULL, 16 << 20);
	sign(&arena, text);
	render(&arena, text);
	buffer_init(&xml, CREDENTIALS_ANSWER_MAX_BYTES);
	buffer_init(&room, CREDENTIALS_ANSWER_MAX_BYTES);
	buffer_append(&xml, text);
	if (!buffer_error(&xml) && credentials_parse_sts(&xml, &parsed) == 0)
		check_parsed(&parsed);
	if (credentials_parse_instance(text, &room, &parsed) == 0)
		check_parsed(&parsed);
	credentials_parse_sts_error(text, why, sizeof why);
	ASSERT(strlen(why) < sizeof why);
	ASSERT(credentials_parse_role_name(text).count <= 64);
	buffer_fini(&xml);
	buffer_fini(&room);
	arena_fini(&arena);
	return 0;
}
