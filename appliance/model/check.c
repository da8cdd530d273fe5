/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/model/check.h"

#include <stdio.h>
#include <string.h>

#include "appliance/model/compile.h"

/* A compile that makes nothing which outlives the check: no TLS contexts. */
static struct compile check_compile(const struct check_identity *identity)
{
	struct compile compile = { .no_tls = true, .worker_count = 1 };

	if (identity) {
		compile.account_id = identity->account_id;
		compile.region = identity->region;
	}
	return compile;
}

static int finish(const struct compile *compile, int error, char *message)
{
	message[0] = '\0';
	if (error)
		memcpy(message, compile->message, CHECK_MESSAGE_MAX_BYTES);
	return error;
}

int check_integration(struct view json, char message[CHECK_MESSAGE_MAX_BYTES])
{
	struct compile compile = check_compile(NULL);
	JSON_CLEANUP struct json *body = NULL;
	struct integration integration;
	struct arena arena;
	int error = compile_parse(&compile, json, &body);

	if (error)
		return finish(&compile, error, message);
	arena_init(&arena, NULL, COMPILE_ARENA_MAX_BYTES);
	error = integration_compile(&compile, &arena, view_of("method"), body, &integration);
	if (!error)
		integration_fini(&integration);
	arena_fini(&arena);
	return finish(&compile, error, message);
}

/* Are there models that it checks bodies against, and can't be compiled? */
static bool has_bad_model(const struct json *definition, const struct json *method)
{
	const struct json *api = json_find(definition, "restApi");
	const struct validator *validator = NULL;
	const char *refused = NULL;
	struct validator_models models;
	struct arena arena;
	int error;

	arena_init(&arena, NULL, COMPILE_ARENA_MAX_BYTES);
	validator_models_init(&models, &arena, json_find_text(api, "id"), json_find(definition, "models"));
	error = validator_compile(&models, json_find(definition, "validators"), method, &validator, &refused);
	validator_models_fini(&models);
	arena_fini(&arena);
	return error || refused;
}

const char *check_refusal(
	const struct json *definition, const struct json *method, char broken[CHECK_MESSAGE_MAX_BYTES])
{
	const struct json *json = json_find(method, "methodIntegration");
	const char *refusal = method_refusal(method, false);
	struct compile compile = check_compile(NULL);
	struct integration integration;
	struct arena arena;

	broken[0] = '\0';
	if (!refusal && has_bad_model(definition, method))
		refusal = "a model that it checks bodies against can't be compiled";
	if (refusal || !json)
		return refusal;
	arena_init(&arena, NULL, COMPILE_ARENA_MAX_BYTES);
	if (integration_compile(&compile, &arena, view_of("method"), json, &integration) == 0) {
		refusal = integration.refused;
		if (integration.broken)
			snprintf(broken, CHECK_MESSAGE_MAX_BYTES, "%s", integration.broken);
		integration_fini(&integration);
	}
	arena_fini(&arena);
	return refusal;
}

int check_deployment(const struct check_identity *identity, struct view api_id, struct view json,
	char message[CHECK_MESSAGE_MAX_BYTES])
{
	struct compile compile = check_compile(identity);
	JSON_CLEANUP struct json *body = NULL;
	struct snapshot_deployment *deployment;
	int error = compile_parse(&compile, json, &body);

	if (!error)
		error = deployment_compile(&compile, api_id, json_find_text(body, "id"), body, &deployment);
	if (!error)
		catalog_object_unref(&deployment->object);
	return finish(&compile, error, message);
}

int check_domain(
	const struct check_identity *identity, struct view id, struct view json, char message[CHECK_MESSAGE_MAX_BYTES])
{
	struct compile compile = check_compile(identity);
	JSON_CLEANUP struct json *body = NULL;
	struct snapshot_domain *domain;
	int error = compile_parse(&compile, json, &body);

	if (!error)
		error = domain_compile(&compile, id, body, NULL, NULL, &domain);
	if (!error)
		catalog_object_unref(&domain->object);
	return finish(&compile, error, message);
}

int check_endpoint(struct view json, char message[CHECK_MESSAGE_MAX_BYTES])
{
	struct compile compile = check_compile(NULL);
	JSON_CLEANUP struct json *body = NULL;
	struct snapshot_endpoint *endpoint;
	int error = compile_parse(&compile, json, &body);

	if (!error)
		error = endpoint_compile(&compile, json_find_text(body, "vpcEndpointId"), body, &endpoint);
	if (!error)
		catalog_object_unref(&endpoint->object);
	return finish(&compile, error, message);
}
