/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/model/draft.h"

#include <errno.h>
#include <string.h>

#include "appliance/model/balancing.h"
#include "appliance/model/build.h"
#include "appliance/model/read.h"

/* Memory of one draft besides its API: an authorizer, and ids. */
#define DRAFT_ARENA_MAX_BYTES ((size_t)1 << 20)

struct work {
	struct draft *draft;
	struct compile compile;
	struct store *store;
	const struct invoke_question *question;
};

/* ---- reading ---- */

/* The record's body, to be changed; -ENOENT if there is none. */
static int find_record(struct work *work, enum store_kind kind, struct view id, struct json **ret)
{
	JSON_CLEANUP struct json *body = NULL;
	int error = id.at ? read_record(&work->compile, work->store, kind, id.at, &body, NULL)
			  : compile_no_memory(&work->compile);

	if (!error)
		*ret = body ? json_copy(body) : NULL;
	return error || body ? error : -ENOENT;
}

/* "api id/part id", NUL-terminated. */
static struct view key_of(struct work *work, struct view part)
{
	return arena_printf(
		&work->draft->arena, VIEW_FMT "/" VIEW_FMT, VIEW_ARG(work->question->rest_api_id), VIEW_ARG(part));
}

static int put_children(struct work *work, enum store_kind kind, struct json *definition, const char *member)
{
	struct view parent = arena_copy(&work->draft->arena, work->question->rest_api_id);
	struct json *array = NULL;
	int error = parent.at ? read_children(&work->compile, work->store, kind, parent.at, &array)
			      : compile_no_memory(&work->compile);

	if (!error)
		json_set(definition, member, array);
	return error;
}

/* ---- the method ---- */

/* The verb that the test sends: its own, or GET for the method ANY itself, which is none that a client could send. */
static enum route_verb verb_of(struct view http_method)
{
	enum route_verb verb = route_verb_parse(http_method);

	return verb == ROUTE_ANY ? ROUTE_GET : verb;
}

/* Leave the tested method alone in `resource`. -ENOENT if it has none that serves the test. */
static int single_out(struct work *work, struct json *resource)
{
	const struct json *methods = json_find(resource, "resourceMethods");
	struct view name = work->question->http_method;
	struct json *only;

	if (work->draft->verb >= ROUTE_ANY)
		return -ENOENT;
	if (!json_find_view(methods, name))
		name = view_of("ANY");
	if (!json_find_view(methods, name))
		return -ENOENT;
	only = json_object_new();
	json_set_view(only, name, json_copy(json_find_view(methods, name)));
	json_set(resource, "resourceMethods", only);
	return 0;
}

static int read_method(struct work *work, struct json *definition)
{
	struct json *resources = json_array_new(), *resource = NULL;
	int error = find_record(work, STORE_resource, key_of(work, work->question->part_id), &resource);

	json_set(definition, "resources", resources);
	if (error)
		return error;
	json_append(resources, resource);
	work->draft->verb = verb_of(work->question->http_method);
	work->draft->resource_path = arena_copy(&work->draft->arena, json_find_text(resource, "path"));
	error = work->draft->resource_path.at ? single_out(work, resource) : compile_no_memory(&work->compile);
	if (!error)
		error = put_children(work, STORE_gatewayresponse, definition, "gatewayResponses");
	if (!error)
		error = put_children(work, STORE_model, definition, "models");
	return error ? error : put_children(work, STORE_requestvalidator, definition, "validators");
}

/* The one method there is serves its own template. */
static int find_method(struct work *work)
{
	struct draft *draft = work->draft;
	struct route_match match;

	if (!route_find(draft->stage->deployment->routes, draft->verb, draft->resource_path, &match))
		return -ENOENT;
	draft->method = match.method;
	return 0;
}

/* ---- the authorizer ---- */

static int read_authorizer(struct work *work)
{
	JSON_CLEANUP struct json *body = NULL;
	int error = find_record(work, STORE_authorizer, key_of(work, work->question->part_id), &body);

	return error ? error : authorizer_compile(&work->compile, &work->draft->arena, body, &work->draft->authorizer);
}

/* ---- the whole ---- */

/* They become JSON on the way into the stage. */
static int check_variables(struct work *work)
{
	const struct invoke_pairs *given = &work->question->variables;

	for (size_t i = 0; i < given->count; i++) {
		if (!view_is_utf8(given->at[i].name) || !view_is_utf8(given->at[i].value))
			return compile_fail(&work->compile, -EINVAL, "stageVariables: a value is no text");
	}
	return 0;
}

static struct json *stage_body(const struct work *work)
{
	struct json *stage = json_object_new(), *variables = json_ensure_object(stage, "variables");
	const struct invoke_pairs *given = &work->question->variables;

	json_set_c_string(stage, "stageName", DRAFT_STAGE);
	for (size_t i = 0; i < given->count; i++)
		json_set_view(variables, given->at[i].name, json_text_new(given->at[i].value));
	return stage;
}

static int find_client_certificate(struct work *work, struct json **ret)
{
	struct view id = work->question->client_certificate_id;

	return id.count ? find_record(work, STORE_clientcertificate, arena_copy(&work->draft->arena, id), ret) : 0;
}

static int compile_api(struct work *work, const struct json *deployment_body)
{
	JSON_CLEANUP struct json *body = stage_body(work), *certificate = NULL;
	struct view id = work->question->rest_api_id;
	struct compile_stage stage = { .body = body };
	struct snapshot_api *api;
	struct draft *draft = work->draft;
	int error = find_client_certificate(work, &certificate);

	if (!error)
		error = deployment_compile(&work->compile, id, view_of(""), deployment_body, &stage.deployment);

	if (error)
		return error;
	stage.client_certificate = certificate;
	error = api_compile(&work->compile, id, view_of(""), &stage, 1, &api);
	catalog_object_unref(&stage.deployment->object);
	if (error)
		return error;
	draft->api = api;
	draft->stage = api->stages[0];
	error = catalog_put(&draft->snapshot->apis, &api->object);
	catalog_object_unref(&api->object);
	return error ? compile_no_memory(&work->compile) : 0;
}

static int build(struct work *work)
{
	const struct invoke_question *question = work->question;
	JSON_CLEANUP struct json *deployment = json_object_new();
	struct json *definition = json_ensure_object(json_ensure_object(deployment, "postern"), "definition"),
		    *api = NULL;
	int error = check_variables(work);

	if (!error)
		error = find_record(work, STORE_restapi, arena_copy(&work->draft->arena, question->rest_api_id), &api);

	if (error)
		return error;
	/* Nobody asks it, so it need not be one that compiles. */
	(void)json_remove(api, "policy");
	json_set(definition, "restApi", api);
	error = question->kind == INVOKE_METHOD ? read_method(work, definition) : read_authorizer(work);
	if (!error)
		error = compile_api(work, deployment);
	if (!error && question->kind == INVOKE_METHOD)
		error = find_method(work);
	/* Which link it is may depend on the stage's variables. */
	if (!error && work->draft->method && work->draft->method->integration &&
		work->draft->method->integration->is_private)
		error = balancing_build_all(&work->compile, work->store, work->draft->snapshot);
	return error;
}

int draft_build(struct draft *draft, const struct compile *compile, struct store *store,
	const struct invoke_question *question, char message[CHECK_MESSAGE_MAX_BYTES])
{
	struct work work = { .draft = draft, .compile = *compile, .store = store, .question = question };
	const struct store_identity *identity = store_identity(store);
	int error;

	memset(draft, 0, sizeof *draft);
	arena_init(&draft->arena, NULL, DRAFT_ARENA_MAX_BYTES);
	work.compile.is_draft = true;
	work.compile.account_id = view_from_text(identity->account_id);
	work.compile.region = view_from_text(identity->region);
	work.compile.message[0] = '\0';
	draft->snapshot = snapshot_new(NULL, identity);
	error = draft->snapshot ? store_read_begin(store) : compile_no_memory(&work.compile);
	if (draft->snapshot && error)
		compile_fail(&work.compile, error, "the store can't be read");
	if (!error) {
		error = build(&work);
		store_read_end(store);
	}
	memcpy(message, work.compile.message, CHECK_MESSAGE_MAX_BYTES);
	return error;
}

void draft_fini(struct draft *draft)
{
	snapshot_free(draft->snapshot);
	authorizer_fini(&draft->authorizer);
	arena_fini(&draft->arena);
}
