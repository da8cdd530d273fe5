/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/model/integration.h"

#include <errno.h>
#include <stdlib.h>

#include "appliance/base/pattern.h"
#include "appliance/mapping/java_pattern.h"
#include "appliance/mapping/json_path.h"
#include "appliance/mapping/mapping_template.h"
#include "appliance/mapping/template.h"
#include "appliance/model/compile.h"
#include "appliance/model/context.h"
#include "appliance/wire/uri.h"

/* What compiling one integration works with. */
struct work {
	struct compile *compile;
	struct arena *arena;
	struct view place;
	struct integration *integration;
};

#define WORK_FAIL(work, error, format, ...)                                                                            \
	compile_fail(                                                                                                  \
		(work)->compile, (error), VIEW_FMT ": integration: " format, VIEW_ARG((work)->place), ##__VA_ARGS__)

static const char *const type_names[INTEGRATION_TYPE_COUNT] = {
	[INTEGRATION_HTTP] = "HTTP",
	[INTEGRATION_HTTP_PROXY] = "HTTP_PROXY",
	[INTEGRATION_AWS] = "AWS",
	[INTEGRATION_AWS_PROXY] = "AWS_PROXY",
	[INTEGRATION_MOCK] = "MOCK",
};

static bool is_http(const struct integration *integration)
{
	return integration->type == INTEGRATION_HTTP || integration->type == INTEGRATION_HTTP_PROXY;
}

static int compile_type(struct work *work, const struct json *json)
{
	struct view name = json_find_text(json, "type");

	for (unsigned i = 0; i < INTEGRATION_TYPE_COUNT; i++) {
		if (view_equals_text(name, type_names[i])) {
			work->integration->type = (enum integration_type)i;
			return 0;
		}
	}
	return WORK_FAIL(work, -EINVAL, "type: '" VIEW_FMT "' is none of HTTP, HTTP_PROXY, AWS, AWS_PROXY, MOCK",
		VIEW_ARG(name));
}

/* The placeholder that `text` begins with: true, its kind and name, and how many bytes it has. */
static bool uri_placeholder(struct view text, struct integration_uri_part *ret, size_t *ret_count)
{
	static const struct view variable = VIEW_INIT("${stageVariables.");
	size_t end = view_find_byte(text, '}');

	if (end == VIEW_NOWHERE)
		return false;
	*ret_count = end + 1;
	if (view_starts_with(text, variable)) {
		ret->kind = INTEGRATION_URI_STAGE_VARIABLE;
		ret->text = view_part(text, variable.count, end - variable.count);
		return true;
	}
	if (text.at[0] != '{' || end == 1)
		return false;
	ret->kind = INTEGRATION_URI_PATH_PARAMETER;
	ret->text = view_part(text, 1, end - 1);
	return true;
}

/* Cut the URI; with `parts` NULL only count. Literal text between placeholders becomes one part. */
static size_t uri_cut(struct view text, struct integration_uri_part *parts)
{
	struct integration_uri_part part;
	size_t count = 0, literal_start = 0, i = 0, placeholder_count;

	while (i <= text.count) {
		bool at_end = i == text.count;

		if (!at_end && !((text.at[i] == '{' || text.at[i] == '$') &&
				       uri_placeholder(view_after(text, i), &part, &placeholder_count))) {
			i++;
			continue;
		}
		if (i > literal_start) {
			if (parts)
				parts[count] = (struct integration_uri_part){ .kind = INTEGRATION_URI_TEXT,
					.text = view_part(text, literal_start, i - literal_start) };
			count++;
		}
		if (at_end)
			break;
		if (parts)
			parts[count] = part;
		count++;
		i += placeholder_count;
		literal_start = i;
	}
	return count;
}

/* A copy of `text`, cut. */
static int compile_parts(struct work *work, struct view text, struct integration_uri *uri)
{
	struct integration_uri_part *parts;

	uri->text = arena_copy(work->arena, text);
	if (!uri->text.at)
		return compile_no_memory(work->compile);
	uri->part_count = uri_cut(uri->text, NULL);
	parts = ARENA_NEW_ARRAY(work->arena, struct integration_uri_part, uri->part_count);
	if (!parts)
		return compile_no_memory(work->compile);
	uri_cut(uri->text, parts);
	uri->parts = parts;
	uri->is_fixed = uri->part_count == 1 && parts[0].kind == INTEGRATION_URI_TEXT;
	return 0;
}

static int compile_connection(struct work *work, const struct json *json)
{
	int error = compile_parts(work, json_find_text(json, "connectionId"), &work->integration->connection);

	return error ? error
		     : compile_parts(work, json_find_text(json, "integrationTarget"), &work->integration->balancer);
}

static int compile_uri(struct work *work, const struct json *json)
{
	struct integration *integration = work->integration;
	struct integration_uri *uri = &integration->uri;
	const struct integration_uri_part *parts;
	struct uri parsed;
	int error = compile_parts(work, json_find_text(json, "uri"), uri);

	if (!error)
		error = compile_parts(work, json_find_text(json, "credentials"), &integration->credentials);
	if (!error && integration->is_private)
		error = compile_connection(work, json);
	if (error || !is_http(integration))
		return error;
	parts = uri->parts;
	if (uri->part_count == 0 || parts[0].kind != INTEGRATION_URI_TEXT)
		return WORK_FAIL(work, -EINVAL, "uri: it must begin with http:// or https://");
	if (uri->is_fixed && uri_parse(&parsed, uri->text))
		return WORK_FAIL(work, -EINVAL, "uri: '" VIEW_FMT "' is not an HTTP URI", VIEW_ARG(uri->text));
	error = outbound_origin_parse(
		&integration->origin, parts[0].text, uri->is_fixed, integration->tls_verification);
	integration->has_origin = error == 0;
	if (error && error != -EAGAIN)
		return WORK_FAIL(work, -EINVAL, "uri: '" VIEW_FMT "' is not an HTTP URI", VIEW_ARG(uri->text));
	return 0;
}

static int compile_body_path(struct work *work, enum mapping_side side, struct mapping_parameter *parameter)
{
	struct json_path_error where;
	int error;

	work->integration->maps_body = work->integration->maps_body || side == MAPPING_INTEGRATION_REQUEST;
	if (parameter->source_text.count == 0)
		return 0;
	error = json_path_compile(&parameter->path, work->arena, parameter->source_text, &where);
	if (error == -ENOMEM)
		return compile_no_memory(work->compile);
	if (error)
		return WORK_FAIL(work, -EINVAL, "'" VIEW_FMT "': it is no JSONPath", VIEW_ARG(parameter->source_text));
	return 0;
}

static int compile_parameter(
	struct work *work, enum mapping_side side, const struct json *entry, struct mapping_parameter *ret)
{
	struct view target = arena_copy(work->arena, json_name(entry)),
		    source = arena_copy(work->arena, json_text(entry));
	const char *rule;

	if (!target.at || !source.at)
		return compile_no_memory(work->compile);
	if (mapping_parameter_compile(ret, side, target, source, &rule))
		return WORK_FAIL(
			work, -EINVAL, "'" VIEW_FMT "': '" VIEW_FMT "': %s", VIEW_ARG(target), VIEW_ARG(source), rule);
	return ret->source_kind == MAPPING_FROM_BODY ? compile_body_path(work, side, ret) : 0;
}

static int compile_parameters(struct work *work, enum mapping_side side, const struct json *map, size_t *ret_count,
	const struct mapping_parameter **ret)
{
	size_t count = json_count(map);
	struct mapping_parameter *parameters;

	*ret = NULL;
	*ret_count = 0;
	if (count == 0)
		return 0;
	if (count > INTEGRATION_PARAMETERS_MAX)
		return WORK_FAIL(work, -EINVAL, "more than %d mapped parameters", INTEGRATION_PARAMETERS_MAX);
	parameters = ARENA_NEW_ARRAY(work->arena, struct mapping_parameter, count);
	if (!parameters)
		return compile_no_memory(work->compile);
	for (size_t i = 0; i < count; i++) {
		int error = compile_parameter(work, side, json_at(map, i), &parameters[i]);

		if (error)
			return error;
	}
	*ret = parameters;
	*ret_count = count;
	return 0;
}

static int note_broken(struct work *work, struct view media_type, const struct template_error *where)
{
	if (work->integration->broken)
		return 0;
	work->integration->broken = arena_printf(work->arena, "template '" VIEW_FMT "', line %u, column %u: %s",
		VIEW_ARG(media_type), where->line, where->column, where->text)
					    .at;
	return work->integration->broken ? 0 : compile_no_memory(work->compile);
}

static int compile_template(struct work *work, const struct json *entry, struct integration_template *ret)
{
	static const struct template_options options = { .context_slot = context_slot };
	struct template_error where = { .line = 0 };
	struct template *program;
	struct view literal;
	int error;

	ret->media_type = arena_copy(work->arena, json_name(entry));
	ret->text = arena_copy(work->arena, json_text(entry));
	if (!ret->media_type.at || !ret->text.at)
		return compile_no_memory(work->compile);
	error = template_compile(&program, work->arena, ret->text, &options, &where);
	if (error == -ENOMEM)
		return compile_no_memory(work->compile);
	if (error == -EMSGSIZE)
		return WORK_FAIL(work, -EINVAL, "template '" VIEW_FMT "' is longer than %d bytes",
			VIEW_ARG(ret->media_type), TEMPLATE_MAX_BYTES);
	/* What is no template is stored all the same, as with AWS, and fails when it is used. */
	if (error)
		return note_broken(work, ret->media_type, &where);
	ret->program = program;
	/* One that is nothing but comments stays a template: an empty text would let bodies pass. */
	ret->is_literal = template_is_literal(program, &literal) && (literal.count > 0 || ret->text.count == 0);
	if (ret->is_literal)
		ret->text = literal;
	if (ret->is_literal && work->integration->type == INTEGRATION_MOCK)
		ret->mock_status = mapping_template_mock_status(ret->text);
	return 0;
}

static int compile_templates(
	struct work *work, const struct json *map, size_t *ret_count, const struct integration_template **ret)
{
	size_t count = json_count(map), json_at_index = 0;
	struct integration_template *templates, first;

	*ret = NULL;
	*ret_count = 0;
	if (count == 0)
		return 0;
	templates = ARENA_NEW_ARRAY(work->arena, struct integration_template, count);
	if (!templates)
		return compile_no_memory(work->compile);
	for (size_t i = 0; i < count; i++) {
		int error = compile_template(work, json_at(map, i), &templates[i]);

		if (error)
			return error;
		if (view_equals_text(templates[i].media_type, "application/json"))
			json_at_index = i;
	}
	/* What is preferred when nothing fits stands first. */
	first = templates[json_at_index];
	for (size_t i = json_at_index; i > 0; i--)
		templates[i] = templates[i - 1];
	templates[0] = first;
	*ret = templates;
	*ret_count = count;
	return 0;
}

static int compile_content_handling(struct work *work, const struct json *json, enum integration_content_handling *ret)
{
	struct view text = json_find_text(json, "contentHandling");

	*ret = INTEGRATION_CONTENT_UNSET;
	if (text.count == 0)
		return 0;
	if (view_equals_text(text, "CONVERT_TO_TEXT"))
		*ret = INTEGRATION_CONVERT_TO_TEXT;
	else if (view_equals_text(text, "CONVERT_TO_BINARY"))
		*ret = INTEGRATION_CONVERT_TO_BINARY;
	else
		return WORK_FAIL(work, -EINVAL, "contentHandling: '" VIEW_FMT "'", VIEW_ARG(text));
	return 0;
}

static int compile_response(struct work *work, const struct json *json, struct integration_response *ret)
{
	struct view pattern = json_find_text(json, "selectionPattern");
	struct pattern_error where = { .text = "" };
	struct buffer translated;
	uint64_t status;
	int error;

	ret->status_text = json_find_text(json, "statusCode");
	if (ret->status_text.count == 0)
		ret->status_text = json_name(json);
	ret->status_text = arena_copy(work->arena, ret->status_text);
	if (!ret->status_text.at)
		return compile_no_memory(work->compile);
	if (view_parse_u64(ret->status_text, 599, &status) || status < 100)
		return WORK_FAIL(work, -EINVAL, "statusCode: '" VIEW_FMT "'", VIEW_ARG(ret->status_text));
	ret->status = (int)status;
	error = compile_parameters(work, MAPPING_METHOD_RESPONSE, json_find(json, "responseParameters"),
		&ret->parameter_count, &ret->parameters);
	if (!error)
		error = compile_templates(
			work, json_find(json, "responseTemplates"), &ret->template_count, &ret->templates);
	if (!error)
		error = compile_content_handling(work, json, &ret->content_handling);
	if (error || pattern.count == 0)
		return error;
	/* They are Java's (spec/rest-dataplane.md 9.2). */
	buffer_init_arena(&translated, work->arena, PATTERN_TRANSLATED_MAX_BYTES);
	error = java_pattern_translate(&translated, pattern);
	if (!error)
		error = pattern_compile(&ret->selection, buffer_view(&translated),
			PATTERN_WHOLE | PATTERN_JAVA | PATTERN_TRANSLATED, &where);
	if (error == -EINVAL)
		return WORK_FAIL(work, -EINVAL, "selectionPattern '" VIEW_FMT "', byte %zu: %s", VIEW_ARG(pattern),
			where.offset, where.text);
	return error ? WORK_FAIL(work, error, "selectionPattern of %s", json_find_c_string(json, "statusCode")) : 0;
}

/* Those with a pattern first, in ascending status; then the default ones, of which the first counts. */
static int response_compare(const void *left, const void *right)
{
	const struct integration_response *a = left, *b = right;

	if (!a->selection != !b->selection)
		return a->selection ? -1 : 1;
	return (a->status > b->status) - (a->status < b->status);
}

static int compile_responses(struct work *work, const struct json *map)
{
	struct integration *integration = work->integration;
	size_t count = json_count(map);

	integration->responses = ARENA_NEW_ARRAY(work->arena, struct integration_response, count);
	if (!integration->responses)
		return compile_no_memory(work->compile);
	for (size_t i = 0; i < count; i++) {
		int error = compile_response(work, json_at(map, i), &integration->responses[i]);

		integration->response_count = i + 1; /* so that fini frees what has a pattern */
		if (error)
			return error;
	}
	if (count > 1)
		qsort(integration->responses, count, sizeof *integration->responses, response_compare);
	return 0;
}

static int compile_behaviour(struct work *work, const struct json *json)
{
	struct integration *integration = work->integration;
	struct view passthrough = json_find_text(json, "passthroughBehavior"),
		    method = json_find_text(json, "httpMethod");
	int64_t timeout_ms = json_find_integer(json, "timeoutInMillis", INTEGRATION_TIMEOUT_DEFAULT_MS);

	if (timeout_ms < INTEGRATION_TIMEOUT_MIN_MS || timeout_ms > INTEGRATION_TIMEOUT_MAX_MS)
		return WORK_FAIL(work, -EINVAL, "timeoutInMillis: it must be between %d and %d",
			INTEGRATION_TIMEOUT_MIN_MS, INTEGRATION_TIMEOUT_MAX_MS);
	integration->timeout_ms = (uint32_t)timeout_ms;
	/* Accepted under a higher ceiling than there is now. */
	if (work->compile->timeout_max_ms && integration->timeout_ms > work->compile->timeout_max_ms)
		integration->timeout_ms = work->compile->timeout_max_ms;
	integration->streams = view_equals_text(json_find_text(json, "responseTransferMode"), "STREAM");
	integration->tls_verification = json_find_bool(json_find(json, "tlsConfig"), "insecureSkipVerification", false)
						? TLS_VERIFY_NAME
						: TLS_VERIFY_ALL;
	if (!view_equals_text(method, "ANY"))
		integration->http_method = arena_copy(work->arena, method);
	if (passthrough.count == 0 || view_equals_text(passthrough, "WHEN_NO_MATCH"))
		integration->passthrough = INTEGRATION_WHEN_NO_MATCH;
	else if (view_equals_text(passthrough, "WHEN_NO_TEMPLATES"))
		integration->passthrough = INTEGRATION_WHEN_NO_TEMPLATES;
	else if (view_equals_text(passthrough, "NEVER"))
		integration->passthrough = INTEGRATION_NEVER;
	else
		return WORK_FAIL(work, -EINVAL, "passthroughBehavior: '" VIEW_FMT "'", VIEW_ARG(passthrough));
	integration->is_private = view_equals_text(json_find_text(json, "connectionType"), "VPC_LINK");
	if (integration->is_private &&
		(integration->type == INTEGRATION_AWS || integration->type == INTEGRATION_AWS_PROXY))
		integration->refused = "only HTTP and HTTP_PROXY can be private integrations (VPC_LINK)";
	return compile_content_handling(work, json, &integration->content_handling);
}

int integration_compile(struct compile *compile, struct arena *arena, struct view place, const struct json *json,
	struct integration *ret)
{
	struct work work = { .compile = compile, .arena = arena, .place = place, .integration = ret };
	int error;

	*ret = (struct integration){ 0 };
	error = compile_type(&work, json);
	if (!error)
		error = compile_behaviour(&work, json);
	if (!error)
		error = compile_uri(&work, json);
	if (!error)
		error = compile_parameters(&work, MAPPING_INTEGRATION_REQUEST, json_find(json, "requestParameters"),
			&ret->parameter_count, &ret->parameters);
	if (!error)
		error = compile_templates(
			&work, json_find(json, "requestTemplates"), &ret->template_count, &ret->templates);
	if (!error)
		error = compile_responses(&work, json_find(json, "integrationResponses"));
	if (error)
		integration_fini(ret);
	return error;
}

void integration_fini(struct integration *integration)
{
	for (size_t i = 0; i < integration->response_count; i++)
		pattern_free(integration->responses[i].selection);
	integration->response_count = 0;
}
