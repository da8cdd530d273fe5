/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * deployment: the record of a deployment → struct snapshot_deployment: resource policy, routes, methods with their
 * integrations, gateway responses, all from the frozen copies under postern.definition.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/model/compile.h"

/* A method with what it owns; chained so that the integrations' patterns can be freed. */
struct method_object {
	struct snapshot_method method;
	struct integration integration;
	struct method_object *next;
};

struct deployment_object {
	struct snapshot_deployment deployment; /* first */
	struct policy *policy;
	struct method_object *methods;
	struct validator_models models;
	struct arena arena;
};

/* What compiling one deployment works with. */
struct work {
	struct compile *compile;
	struct deployment_object *object;
	struct arena *arena;
	struct route_node *root;
	const struct json *definition;
};

static void deployment_free(struct catalog_object *object)
{
	struct deployment_object *deployment = (struct deployment_object *)(void *)object;

	for (struct method_object *method = deployment->methods; method; method = method->next)
		integration_fini(&method->integration);
	validator_models_fini(&deployment->models);
	policy_free(deployment->policy);
	arena_fini(&deployment->arena);
	free(deployment);
}

static int copy_texts(
	struct work *work, const struct json *list, bool lower, size_t *ret_count, const struct view **ret)
{
	size_t count = json_count(list);
	struct view *texts = ARENA_NEW_ARRAY(work->arena, struct view, count);

	if (!texts)
		return compile_no_memory(work->compile);
	for (size_t i = 0; i < count; i++) {
		struct view text = json_text(json_at(list, i));

		texts[i] = lower ? compile_lower(work->arena, text) : arena_copy(work->arena, text);
		if (!texts[i].at)
			return compile_no_memory(work->compile);
	}
	*ret = texts;
	*ret_count = count;
	return 0;
}

static int compile_rest_api(struct work *work, struct view api_id)
{
	struct snapshot_deployment *deployment = &work->object->deployment;
	const struct json *api = json_find(work->definition, "restApi");
	const struct json *endpoint = json_find(api, "endpointConfiguration");
	struct view type = json_text(json_at(json_find(endpoint, "types"), 0)), owner;
	int error;

	deployment->type = SNAPSHOT_EDGE;
	if (view_equals_text(type, "PRIVATE"))
		deployment->type = SNAPSHOT_PRIVATE;
	else if (view_equals_text(type, "REGIONAL"))
		deployment->type = SNAPSHOT_REGIONAL;
	deployment->default_endpoint_disabled = json_find_bool(api, "disableExecuteApiEndpoint", false);
	deployment->compression_min_bytes = json_find_integer(api, "minimumCompressionSize", -1);
	owner = arena_printf(work->arena, "arn:aws:execute-api:" VIEW_FMT ":" VIEW_FMT ":" VIEW_FMT,
		VIEW_ARG(work->compile->region), VIEW_ARG(work->compile->account_id), VIEW_ARG(api_id));
	if (!owner.at)
		return compile_no_memory(work->compile);
	error = copy_texts(work, json_find(endpoint, "vpcEndpointIds"), false, &deployment->vpc_endpoint_id_count,
		&deployment->vpc_endpoint_ids);
	if (!error)
		error = copy_texts(work, json_find(api, "binaryMediaTypes"), true, &deployment->binary_media_type_count,
			&deployment->binary_media_types);
	if (!error)
		error = compile_policy(work->compile, POLICY_KIND_API, owner, "policy", json_find_text(api, "policy"),
			&work->object->policy);
	deployment->policy = work->object->policy;
	return error;
}

/* The node of a resource's path, made as far as it does not exist. */
static int route_to(struct work *work, struct view path, struct route_node **ret)
{
	struct view rest = view_trim_set(path, "/"), part;
	struct route_node *node = work->root;

	if (rest.count == 0)
		rest.at = NULL;
	while (rest.at && view_split(&rest, '/', &part)) {
		struct route_node *child = route_child(node, part);
		int error = child ? 0 : route_add(work->arena, node, part, &child);

		if (error)
			return compile_fail(work->compile, error == -ENOMEM ? error : -EINVAL,
				"resource '" VIEW_FMT "': '" VIEW_FMT "': %s", VIEW_ARG(path), VIEW_ARG(part),
				error == -EEXIST    ? "a sibling has a variable of that kind already"
				: error == -ENOTDIR ? "nothing can stand below a greedy variable"
				: error == -ELOOP   ? "too many segments"
						    : "not a path part");
		node = child;
	}
	*ret = node;
	return 0;
}

static bool needs_authorization(const struct work *work, const struct json *method)
{
	return !work->compile->is_draft && !view_equals_text(json_find_text(method, "authorizationType"), "NONE");
}

const char *method_refusal(const struct json *method, bool is_draft)
{
	if (!is_draft && !view_equals_text(json_find_text(method, "authorizationType"), "NONE"))
		return "authorization other than NONE is not enforced by this version";
	if (!is_draft && json_find_bool(method, "apiKeyRequired", false))
		return "API keys are not enforced by this version";
	return NULL;
}

static int compile_method_response(struct work *work, const struct json *json, struct snapshot_method_response *ret)
{
	static const struct view prefix = VIEW_INIT("method.response.header.");
	const struct json *parameters = json_find(json, "responseParameters");
	struct view *headers = ARENA_NEW_ARRAY(work->arena, struct view, json_count(parameters));
	uint64_t status;

	if (!headers)
		return compile_no_memory(work->compile);
	if (view_parse_u64(json_name(json), 599, &status) || status < 100)
		return compile_fail(work->compile, -EINVAL, "method response '" VIEW_FMT "' is no status",
			VIEW_ARG(json_name(json)));
	ret->status = (int)status;
	ret->headers = headers;
	JSON_EACH(parameter, parameters)
	{
		struct view name = json_name(parameter);

		if (!view_starts_with(name, prefix))
			continue;
		headers[ret->header_count] = arena_copy(work->arena, view_after(name, prefix.count));
		if (!headers[ret->header_count].at)
			return compile_no_memory(work->compile);
		ret->header_count++;
	}
	return 0;
}

static int compile_method_responses(struct work *work, const struct json *map, struct snapshot_method *method)
{
	size_t count = json_count(map);
	struct snapshot_method_response *responses =
		ARENA_NEW_ARRAY(work->arena, struct snapshot_method_response, count);

	if (!responses)
		return compile_no_memory(work->compile);
	for (size_t i = 0; i < count; i++) {
		int error = compile_method_response(work, json_at(map, i), &responses[i]);

		if (error)
			return error;
	}
	method->responses = responses;
	method->response_count = count;
	return 0;
}

static int compile_validator(struct work *work, const struct json *json, struct snapshot_method *method)
{
	const char *refused = NULL;
	int error = validator_compile(
		&work->object->models, json_find(work->definition, "validators"), json, &method->validator, &refused);

	if (error)
		return compile_no_memory(work->compile);
	if (!method->refused)
		method->refused = refused;
	return 0;
}

static int compile_method(
	struct work *work, const struct snapshot_resource *resource, const struct json *json, struct route_node *node)
{
	struct method_object *object = ARENA_NEW(work->arena, struct method_object);
	const struct json *integration = json_find(json, "methodIntegration");
	enum route_verb verb = route_verb_parse(json_name(json));
	struct view place;
	int error;

	if (!object)
		return compile_no_memory(work->compile);
	place = arena_printf(work->arena, VIEW_FMT " " VIEW_FMT, VIEW_ARG(json_name(json)), VIEW_ARG(resource->path));
	if (!place.at)
		return compile_no_memory(work->compile);
	if (verb == ROUTE_VERB_NONE)
		return compile_fail(work->compile, -EINVAL, VIEW_FMT ": no such method", VIEW_ARG(place));
	object->next = work->object->methods;
	work->object->methods = object;
	object->method.resource = resource;
	object->method.http_method = route_verb_name(verb);
	object->method.needs_authorization = needs_authorization(work, json);
	object->method.refused = method_refusal(json, work->compile->is_draft);
	error = compile_method_responses(work, json_find(json, "methodResponses"), &object->method);
	if (!error && json_is_object(integration)) {
		error = integration_compile(work->compile, work->arena, place, integration, &object->integration);
		object->method.integration = &object->integration;
	}
	if (!error)
		error = compile_validator(work, json, &object->method);
	if (error)
		return error;
	if (!object->method.refused && object->method.integration)
		object->method.refused = object->integration.refused;
	if (!object->method.integration && !object->method.refused)
		object->method.refused = "the method has no integration";
	route_set_method(node, verb, &object->method);
	work->object->deployment.method_count++;
	return 0;
}

static int compile_resource(struct work *work, const struct json *json)
{
	struct snapshot_resource *resource = ARENA_NEW(work->arena, struct snapshot_resource);
	struct route_node *node = NULL;
	int error;

	if (!resource)
		return compile_no_memory(work->compile);
	resource->id = arena_copy(work->arena, json_find_text(json, "id"));
	resource->path = arena_copy(work->arena, json_find_text(json, "path"));
	if (!resource->id.at || !resource->path.at)
		return compile_no_memory(work->compile);
	error = route_to(work, resource->path, &node);
	if (error)
		return error;
	work->object->deployment.resource_count++;
	JSON_EACH(method, json_find(json, "resourceMethods"))
	{
		error = compile_method(work, resource, method, node);
		if (error)
			return error;
	}
	return 0;
}

static int compile_gateway_parameters(struct work *work, const struct json *map, struct gateway_response *response)
{
	size_t count = json_count(map);
	struct mapping_parameter *parameters = ARENA_NEW_ARRAY(work->arena, struct mapping_parameter, count);

	if (!parameters)
		return compile_no_memory(work->compile);
	for (size_t i = 0; i < count; i++) {
		const struct json *entry = json_at(map, i);
		struct view target = arena_copy(work->arena, json_name(entry)),
			    source = arena_copy(work->arena, json_text(entry));
		const char *rule;

		if (!target.at || !source.at)
			return compile_no_memory(work->compile);
		if (mapping_parameter_compile(&parameters[i], MAPPING_GATEWAY_RESPONSE, target, source, &rule))
			return compile_fail(work->compile, -EINVAL,
				"gateway response: '" VIEW_FMT "': '" VIEW_FMT "': %s", VIEW_ARG(target),
				VIEW_ARG(source), rule);
	}
	response->parameters = parameters;
	response->parameter_count = count;
	return 0;
}

static int compile_gateway_templates(struct work *work, const struct json *map, struct gateway_response *response)
{
	size_t count = json_count(map), json_index = 0;
	struct gateway_response_template *templates =
						 ARENA_NEW_ARRAY(work->arena, struct gateway_response_template, count),
					 first;

	if (!templates)
		return compile_no_memory(work->compile);
	for (size_t i = 0; i < count; i++) {
		templates[i].media_type = arena_copy(work->arena, json_name(json_at(map, i)));
		templates[i].text = arena_copy(work->arena, json_text(json_at(map, i)));
		if (!templates[i].media_type.at || !templates[i].text.at)
			return compile_no_memory(work->compile);
		if (view_equals_text(templates[i].media_type, "application/json"))
			json_index = i;
	}
	if (count > 0) {
		first = templates[json_index];
		memmove(templates + 1, templates, json_index * sizeof *templates);
		templates[0] = first;
	}
	response->templates = templates;
	response->template_count = count;
	return 0;
}

static int compile_gateway_response(struct work *work, const struct json *json, struct gateway_response_set *set)
{
	struct gateway_response *response = ARENA_NEW(work->arena, struct gateway_response);
	struct view name = json_find_text(json, "responseType"), status_text = json_find_text(json, "statusCode");
	enum gateway_response_type type = gateway_response_parse(name);
	uint64_t status = 0;
	int error;

	if (!response)
		return compile_no_memory(work->compile);
	if (type == GATEWAY_RESPONSE_COUNT)
		return compile_fail(
			work->compile, -EINVAL, "gateway response '" VIEW_FMT "': no such type", VIEW_ARG(name));
	if (status_text.count && (view_parse_u64(status_text, 599, &status) || status < 100))
		return compile_fail(work->compile, -EINVAL, "gateway response " VIEW_FMT ": statusCode '" VIEW_FMT "'",
			VIEW_ARG(name), VIEW_ARG(status_text));
	response->status = (int)status;
	error = compile_gateway_parameters(work, json_find(json, "responseParameters"), response);
	if (!error)
		error = compile_gateway_templates(work, json_find(json, "responseTemplates"), response);
	set->types[type] = response;
	return error;
}

static int compile_gateway_responses(struct work *work)
{
	struct gateway_response_set *set = ARENA_NEW(work->arena, struct gateway_response_set);

	if (!set)
		return compile_no_memory(work->compile);
	JSON_EACH(response, json_find(work->definition, "gatewayResponses"))
	{
		int error = compile_gateway_response(work, response, set);

		if (error)
			return error;
	}
	work->object->deployment.gateway_responses = set;
	return 0;
}

static int compile_definition(struct work *work, struct view api_id, struct view id)
{
	struct snapshot_deployment *deployment = &work->object->deployment;
	int error;

	deployment->object.key = arena_printf(work->arena, VIEW_FMT "/" VIEW_FMT, VIEW_ARG(api_id), VIEW_ARG(id));
	deployment->id = arena_copy(work->arena, id);
	work->root = route_new(work->arena);
	if (!deployment->object.key.at || !deployment->id.at || !work->root)
		return compile_no_memory(work->compile);
	deployment->routes = work->root;
	if (!json_is_object(work->definition))
		return compile_fail(work->compile, -EINVAL, "postern.definition is missing");
	error = compile_rest_api(work, api_id);
	if (!error)
		error = compile_gateway_responses(work);
	if (error)
		return error;
	JSON_EACH(resource, json_find(work->definition, "resources"))
	{
		error = compile_resource(work, resource);
		if (error)
			return error;
	}
	return 0;
}

int deployment_compile(struct compile *compile, struct view api_id, struct view id, const struct json *body,
	struct snapshot_deployment **ret)
{
	struct deployment_object *object = calloc(1, sizeof *object);
	struct work work;
	int error;

	if (!object)
		return compile_no_memory(compile);
	arena_init(&object->arena, NULL, COMPILE_ARENA_MAX_BYTES);
	object->deployment.object.free = deployment_free;
	object->deployment.object.reference_count = 1;
	work = (struct work){ .compile = compile,
		.object = object,
		.arena = &object->arena,
		.definition = json_find_path(body, "postern", "definition", NULL) };
	validator_models_init(&object->models, &object->arena, api_id, json_find(work.definition, "models"));
	error = compile_definition(&work, api_id, id);
	if (error) {
		deployment_free(&object->deployment.object);
		return error;
	}
	*ret = &object->deployment;
	return 0;
}
