/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/openapi/sdk.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "appliance/base/archive.h"
#include "appliance/base/arena.h"
#include "appliance/base/assert.h"
#include "appliance/base/table.h"
#include "appliance/openapi/sdk_types.h"

#define FOLDER "apiGateway-js-sdk/"

/* The files of sdk/ become part of the program. */
#define SDK_FILE(symbol, path)                                                                                         \
	__asm__(".pushsection .rodata\n" #symbol ":\n.incbin \"appliance/openapi/sdk/" path "\"\n" #symbol             \
		"_end:\n.byte 0\n.popsection\n");                                                                      \
	extern const char symbol[] __attribute__((visibility("hidden")));                                              \
	extern const char symbol##_end[] __attribute__((visibility("hidden")))
SDK_FILE(sdk_file_client, "apigClient.js");
SDK_FILE(sdk_file_core, "apiGatewayClient.js");
SDK_FILE(sdk_file_http, "simpleHttpClient.js");
SDK_FILE(sdk_file_readme, "README.md");
SDK_FILE(sdk_file_sigv4, "sigV4Client.js");
SDK_FILE(sdk_file_unused, "unused.js");
SDK_FILE(sdk_file_utils, "utils.js");

static const struct {
	const char *name, *from, *end;
} files[] = {
	{ FOLDER "README.md", sdk_file_readme, sdk_file_readme_end },
	{ FOLDER "lib/apiGatewayCore/apiGatewayClient.js", sdk_file_core, sdk_file_core_end },
	{ FOLDER "lib/apiGatewayCore/sigV4Client.js", sdk_file_sigv4, sdk_file_sigv4_end },
	{ FOLDER "lib/apiGatewayCore/simpleHttpClient.js", sdk_file_http, sdk_file_http_end },
	{ FOLDER "lib/apiGatewayCore/utils.js", sdk_file_utils, sdk_file_utils_end },
	{ FOLDER "lib/axios/dist/axios.standalone.js", sdk_file_unused, sdk_file_unused_end },
	{ FOLDER "lib/CryptoJS/components/enc-base64.js", sdk_file_unused, sdk_file_unused_end },
	{ FOLDER "lib/CryptoJS/components/hmac.js", sdk_file_unused, sdk_file_unused_end },
	{ FOLDER "lib/CryptoJS/rollups/hmac-sha256.js", sdk_file_unused, sdk_file_unused_end },
	{ FOLDER "lib/CryptoJS/rollups/sha256.js", sdk_file_unused, sdk_file_unused_end },
	{ FOLDER "lib/url-template/url-template.js", sdk_file_unused, sdk_file_unused_end },
};

/* --- the operations ----------------------------------------------------------------------------------------------------- */

/* Append the words of `text`, what is between its letters and digits left out, each but the first of all with a capital. */
static void append_camel(struct buffer *name, struct view text)
{
	bool starts_word = true;

	for (size_t i = 0; i < text.count; i++) {
		unsigned char byte = (unsigned char)text.at[i];

		if (!isalnum(byte)) {
			starts_word = true;
			continue;
		}
		if (starts_word)
			byte = (unsigned char)(name->count ? toupper(byte) : tolower(byte));
		buffer_append_byte(name, (char)byte);
		starts_word = false;
	}
}

/* "petsPetIdGet"; "rootGet" for the root. */
static void append_function_name(struct buffer *name, struct view path, struct view verb)
{
	append_camel(name, path);
	if (name->count == 0)
		buffer_append_text(name, "root");
	for (size_t i = 0; i < verb.count; i++)
		buffer_append_byte(name, (char)(i ? tolower((unsigned char)verb.at[i]) : verb.at[i]));
}

static bool is_identifier(struct view text)
{
	for (size_t i = 0; i < text.count; i++) {
		unsigned char byte = (unsigned char)text.at[i];

		if (!isalpha(byte) && byte != '_' && byte != '$' && (i == 0 || !isdigit(byte)))
			return false;
	}
	return text.count > 0;
}

/* The names in the braces of a path; a greedy one is called "proxy+" there and "proxy" by its caller. */
static void put_path_parameters(struct json *operation, struct view path)
{
	struct view part;

	while (view_split(&path, '/', &part)) {
		if (part.count < 3 || part.at[0] != '{' || part.at[part.count - 1] != '}')
			continue;
		part = view_part(part, 1, part.count - 2);
		if (part.at[part.count - 1] == '+')
			part = view_part(part, 0, part.count - 1);
		json_append_text(json_ensure_array(operation, "pathParams"), part);
		json_append_text(json_ensure_array(operation, "required"), part);
	}
}

static void put_parameters(struct json *operation, const struct json *method)
{
	static const struct {
		struct view prefix;
		const char *list;
	} places[] = {
		{ VIEW_INIT("method.request.querystring."), "queryParams" },
		{ VIEW_INIT("method.request.multivaluequerystring."), "queryParams" },
		{ VIEW_INIT("method.request.header."), "headers" },
		{ VIEW_INIT("method.request.multivalueheader."), "headers" },
	};

	JSON_EACH(parameter, json_find(method, "requestParameters"))
	for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
		if (!view_starts_with(json_name(parameter), places[i].prefix))
			continue;
		struct view name = view_after(json_name(parameter), places[i].prefix.count);

		json_append_text(json_find(operation, places[i].list), name);
		if (json_bool(parameter, false))
			json_append_text(json_find(operation, "required"), name);
	}
}

static struct json *operation_of(struct view path, const struct json *method)
{
	static const char *const lists[] = { "pathParams", "queryParams", "headers", "required" };
	struct json *operation = json_object_new();

	json_set_text(operation, "verb", json_name(method));
	json_set_text(operation, "path", path);
	for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
		json_set(operation, lists[i], json_array_new());
	put_path_parameters(operation, path);
	put_parameters(operation, method);
	return operation;
}

/* The first model of a map by media type, that of JSON before others. */
static struct view model_in(const struct json *models)
{
	const struct json *model = json_find(models, "application/json");

	return json_text(model ? model : json_at(models, 0));
}

/* What is answered with a 2xx, by the lowest of these statuses that has a model. */
static struct view answer_model(const struct json *method)
{
	struct view model = view_of(""), status = view_of("3");

	JSON_EACH(response, json_find(method, "methodResponses"))
	{
		struct view found = model_in(json_find(response, "responseModels"));

		if (view_starts_with(json_name(response), view_of("2")) && found.count &&
			view_compare(json_name(response), status) < 0) {
			model = found;
			status = json_name(response);
		}
	}
	return model;
}

/* --- the two files of an API ---------------------------------------------------------------------------------------------- */

struct client {
	const struct json *definition;
	struct table models;     /* definition.models by name */
	struct json *operations; /* by the name of their function */
	struct table names;      /* of those: struct name */
	struct arena arena;      /* the same */
	struct buffer types;
};

struct name {
	unsigned next_number; /* to be tried for others that would have this one */
};

/* A name of which there is none: "aBGet2" where /a-b and /aB would share one. */
static void make_unique(struct buffer *text, const struct table *names)
{
	struct name *wanted = table_find(names, buffer_view(text));
	size_t count = text->count;

	while (table_find(names, buffer_view(text)) && buffer_error(text) == 0) {
		buffer_truncate(text, count);
		buffer_printf(text, "%u", wanted->next_number++);
	}
}

static void add_operation(struct client *client, struct view text, struct json *operation)
{
	struct name *name = ARENA_NEW(&client->arena, struct name);

	ASSERT(name);
	*name = (struct name){ .next_number = 2 };
	json_add_unchecked(client->operations, text, operation);
	ASSERT(table_add(&client->names, json_name(operation), name) == 0);
}

static void write_parameter_types(struct buffer *types, const struct json *operation)
{
	static const char *const lists[] = { "pathParams", "queryParams", "headers" };
	struct table required = { 0 };

	JSON_EACH(name, json_find(operation, "required"))
	ASSERT(table_set(&required, json_text(name), name, NULL) == 0);
	buffer_append_text(types, "{ ");
	for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
		JSON_EACH(name, json_find(operation, lists[i]))
		{
			bool is_required = table_find(&required, json_text(name)) != NULL;

			json_print(name, types);
			buffer_append_text(types, is_required ? ": Parameter; " : "?: Parameter; ");
		}
	buffer_append_text(types, "[name: string]: Parameter | undefined }");
	table_fini(&required);
}

static void add_function(
	struct client *client, struct view name, const struct json *operation, const struct json *method)
{
	struct json JSON_CLEANUP *quoted = json_text_new(name);

	add_operation(client, name, json_copy(operation));
	buffer_append_byte(&client->types, '\t');
	json_print(quoted, &client->types);
	buffer_append_text(&client->types, "(params?: ");
	write_parameter_types(&client->types, operation);
	buffer_append_text(&client->types, ", body?: ");
	sdk_types_write_name(&client->types, &client->models, model_in(json_find(method, "requestModels")));
	buffer_append_text(&client->types, ", additionalParams?: AdditionalParams): Promise<Result<");
	sdk_types_write_name(&client->types, &client->models, answer_model(method));
	buffer_append_text(&client->types, ">>;\n");
}

static void add_method(struct client *client, struct view path, const struct json *method)
{
	struct json JSON_CLEANUP *operation = operation_of(path, method);
	struct view alias = json_find_text(method, "operationName");
	struct buffer name;

	buffer_init(&name, SDK_FILE_MAX_BYTES);
	append_function_name(&name, path, json_name(method));
	make_unique(&name, &client->names);
	if (buffer_error(&name) == 0)
		add_function(client, buffer_view(&name), operation, method);
	if (is_identifier(alias) && !table_find(&client->names, alias))
		add_function(client, alias, operation, method);
	buffer_fini(&name);
}

static void write_declarations(struct client *client)
{
	struct buffer *types = &client->types;

	buffer_append_text(types,
		"// SPDX-License-Identifier: 0BSD\n"
		"export type Parameter = string | number | boolean | Array<string | number | boolean>;\n"
		"export interface AdditionalParams { headers?: Record<string, string>; queryParams?: "
		"Record<string, Parameter>; }\n"
		"export interface Result<T> { status: number; statusText: string; headers: Record<string, "
		"string>; data: T; }\n"
		"export interface Config { accessKey?: string; secretKey?: string; sessionToken?: string; "
		"region?: string; apiKey?: string; defaultContentType?: string; defaultAcceptType?: "
		"string; invokeUrl?: string; responseType?: \"arraybuffer\" | \"blob\" | \"text\"; }\n");
	sdk_types_write(types, json_find(client->definition, "models"), &client->models);
	buffer_append_text(types, "export interface ApigClient {\n");
	JSON_EACH(resource, json_find(client->definition, "resources"))
	JSON_EACH(method, json_find(resource, "resourceMethods"))
	if (!view_equals_text(json_name(method), "ANY"))
		add_method(client, json_find_text(resource, "path"), method);
	buffer_append_text(types, "}\nexport function newClient(config?: Config): ApigClient;\n"
				  "export as namespace apigClientFactory;\n");
}

/* apigClient.js: its template with the description of this API. */
static int add_client(struct archive *archive, const struct client *client, const struct sdk_options *options)
{
	const struct view mark = view_of("@DESCRIPTION@");
	struct view template = view_from(sdk_file_client, (size_t)(sdk_file_client_end - sdk_file_client));
	size_t at = view_find(template, mark);
	struct json JSON_CLEANUP *description = json_object_new();
	struct buffer text;
	int error;

	ASSERT(at != VIEW_NOWHERE);
	json_set_text(description, "invokeUrl", options->invoke_url);
	json_set_text(description, "region", options->region);
	json_set(description, "operations", json_copy(client->operations));
	buffer_init(&text, SDK_FILE_MAX_BYTES);
	buffer_append(&text, view_part(template, 0, at));
	json_print_pretty(description, &text);
	buffer_append(&text, view_after(template, at + mark.count));
	error = buffer_error(&text);
	if (error == 0)
		error = buffer_error(&client->types);
	if (error == 0) {
		archive_add(archive, FOLDER "apigClient.js", buffer_view(&text), options->wall_ms);
		archive_add(archive, FOLDER "apigClient.d.ts", buffer_view(&client->types), options->wall_ms);
	}
	buffer_fini(&text);
	return error;
}

int sdk_javascript(struct buffer *target, const struct json *definition, const struct sdk_options *options)
{
	struct client client = { .definition = definition, .operations = json_object_new() };
	struct archive *archive = NULL;
	int error = archive_begin(&archive, target), end;

	buffer_init(&client.types, SDK_FILE_MAX_BYTES);
	arena_init(&client.arena, NULL, SIZE_MAX / 2);
	JSON_EACH(model, json_find(definition, "models"))
	ASSERT(table_set(&client.models, json_find_text(model, "name"), model, NULL) == 0);
	if (error == 0) {
		write_declarations(&client);
		if (json_count(client.operations))
			error = add_client(archive, &client, options);
		for (size_t i = 0; i < ARRAY_COUNT(files) && error == 0; i++)
			archive_add(archive, files[i].name,
				view_from(files[i].from, (size_t)(files[i].end - files[i].from)), options->wall_ms);
		end = archive_close(archive);
		if (error == 0)
			error = end;
	}
	buffer_fini(&client.types);
	table_fini(&client.models);
	table_fini(&client.names);
	arena_fini(&client.arena);
	json_free(client.operations);
	return error;
}
