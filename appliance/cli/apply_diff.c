/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/apply_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/cli/redact.h"

/* What a name and one value may take before they are cut: a body template, a schema. */
#define SHOWN_MAX_BYTES (8u * 1024 * 1024)
/* Nested members are told one by one to this depth, deeper ones as a whole. */
#define DIFF_MAX_DEPTH 6

/* --- facts ------------------------------------------------------------------------------------------------------------------ */

static void add_fact(struct json *facts, struct json *value, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void add_fact(struct json *facts, struct json *value, const char *format, ...)
{
	char name[2048];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(name, sizeof name, format, arguments);
	va_end(arguments);
	json_set_view(facts, view_from_text(name), value);
}

static int compare_texts(const struct json *left, const struct json *right)
{
	return view_compare(json_text(left), json_text(right));
}

static void add_settings(struct json *facts, const struct json *api)
{
	static const char *const members[] = { "name", "description", "version", "binaryMediaTypes",
		"minimumCompressionSize", "apiKeySource", "disableExecuteApiEndpoint", "securityPolicy",
		"endpointAccessMode", "endpointConfiguration" };
	struct json *settings = json_object_new(), *configuration;

	for (size_t i = 0; i < ARRAY_COUNT(members); i++)
		if (json_find(api, members[i]))
			json_set(settings, members[i], json_copy(json_find(api, members[i])));
	configuration = json_find(settings, "endpointConfiguration");
	if (json_find(configuration, "vpcEndpointIds"))
		json_sort(json_find(configuration, "vpcEndpointIds"), compare_texts);
	add_fact(facts, settings, "settings");
}

/* The name of the item of that id. */
static struct view name_of(const struct json *list, struct view id)
{
	JSON_EACH(item, list)
	if (view_equals(json_find_text(item, "id"), id))
		return json_find_text(item, "name");
	return id;
}

static void put_name(struct json *method, const char *id_member, const char *name_member, const struct json *list)
{
	struct view id = json_find_text(method, id_member);

	if (!id.count)
		return;
	json_set_text(method, name_member, name_of(list, id));
	(void)json_remove(method, id_member);
}

static void add_method(
	struct json *facts, const struct json *definition, const struct json *resource, const struct json *method)
{
	struct json *copy = json_copy(method), *integration = json_find(copy, "methodIntegration");

	(void)json_remove(copy, "httpMethod");
	put_name(copy, "requestValidatorId", "requestValidator", json_find(definition, "validators"));
	put_name(copy, "authorizerId", "authorizer", json_find(definition, "authorizers"));
	if (view_equals(json_find_text(integration, "cacheNamespace"), json_find_text(resource, "id")))
		(void)json_remove(integration, "cacheNamespace");
	add_fact(facts, copy, VIEW_FMT " " VIEW_FMT, VIEW_ARG(json_name(method)),
		VIEW_ARG(json_find_text(resource, "path")));
}

static void add_resources(struct json *facts, const struct json *definition)
{
	JSON_EACH(resource, json_find(definition, "resources"))
	{
		const struct json *methods = json_find(resource, "resourceMethods");

		JSON_EACH(method, methods)
		add_method(facts, definition, resource, method);
		if (json_count(methods) == 0 && json_find(resource, "pathPart"))
			add_fact(facts, json_object_new(), "resource " VIEW_FMT,
				VIEW_ARG(json_find_text(resource, "path")));
	}
}

/* Other lists: what an item is called by. */
static const struct {
	const char *list, *what, *name;
} parts[] = {
	{ "models", "model", "name" },
	{ "authorizers", "authorizer", "name" },
	{ "validators", "request validator", "name" },
	{ "gatewayResponses", "gateway response", "responseType" },
	{ "documentationParts", "documentation", "location" },
};

/* Texts that hold JSON are compared as JSON: the order of members means nothing. */
static void open_json(struct json *item, const char *member)
{
	struct json *tree = NULL;

	if (json_find_text(item, member).count && json_parse(json_find_text(item, member), NULL, &tree, NULL) == 0)
		json_set(item, member, tree);
}

static void add_parts(struct json *facts, const struct json *definition)
{
	for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
		JSON_EACH(item, json_find(definition, parts[i].list))
		{
			struct json *copy = json_copy(item), *name = json_find(copy, parts[i].name);
			char *text = json_print_text(name);

			(void)json_remove(copy, "id");
			open_json(copy, "schema");
			open_json(copy, "properties");
			if (json_is_text(name))
				add_fact(facts, copy, "%s " VIEW_FMT, parts[i].what, VIEW_ARG(json_text(name)));
			else
				add_fact(facts, copy, "%s %s", parts[i].what, text);
			free(text);
		}
}

struct json *apply_facts(const struct json *definition)
{
	struct json *facts = json_object_new();

	if (!json_is_object(definition))
		return facts;
	add_settings(facts, json_find(definition, "restApi"));
	add_resources(facts, definition);
	add_parts(facts, definition);
	return facts;
}

/* --- lines ------------------------------------------------------------------------------------------------------------------ */

/* Is the value's name one that a user gave? The API's own (authorizationType, apiKeySource) say nothing about secrets. */
static bool is_users(const char *name)
{
	static const char *const maps[] = { "Parameters.", "variables.", "Templates.", "tags." };

	for (size_t i = 0; i < ARRAY_COUNT(maps); i++)
		if (strstr(name, maps[i]))
			return true;
	return false;
}

/* `value` as it is shown after `name`: compact JSON without what looks like a secret. */
static char *shown(const char *name, const struct json *value)
{
	char *text = json_print_text(value), *ret;
	struct buffer plain, masked;
	size_t start;

	/* The name may tell that it is a secret, so it goes through the same eye. */
	buffer_init(&plain, SHOWN_MAX_BYTES);
	buffer_init(&masked, SHOWN_MAX_BYTES);
	if (is_users(name))
		buffer_printf(&plain, "%s: ", name);
	start = plain.count;
	buffer_append_text(&plain, text);
	redact(&masked, buffer_view(&plain));
	ret = strdup(buffer_error(&masked) == 0 && masked.count >= start ? buffer_text(&masked) + start : REDACT_MASK);
	ASSERT(ret);
	free(text);
	buffer_fini(&plain);
	buffer_fini(&masked);
	return ret;
}

/* A part of `text` that begins a little before `from`, never within a character. */
static void append_cut(struct buffer *line, const char *text, size_t from)
{
	size_t count = strlen(text), start = 0, end;

	if (count > APPLY_VALUE_MAX_BYTES && from > APPLY_VALUE_MAX_BYTES / 2)
		start = from - APPLY_VALUE_MAX_BYTES / 2;
	while (start < count && (text[start] & 0xc0) == 0x80)
		start++;
	end = count - start > APPLY_VALUE_MAX_BYTES ? start + APPLY_VALUE_MAX_BYTES : count;
	while (end < count && end > start && (text[end] & 0xc0) == 0x80)
		end--;
	buffer_printf(line, "%s%.*s%s", start ? "…" : "", (int)(end - start), text + start, end < count ? "…" : "");
}

void apply_diff_value(const char *name, const struct json *before, const struct json *after, struct json *lines)
{
	char *old = before ? shown(name, before) : NULL, *new = after ? shown(name, after) : NULL;
	struct buffer line;
	size_t same = 0;

	while (old && new &&old[same] && old[same] == new[same])
		same++;
	buffer_init(&line, 4096);
	buffer_printf(&line, "%s: ", name);
	if (old)
		append_cut(&line, old, same);
	if (old && new)
		buffer_append_text(&line, " -> ");
	if (new)
		append_cut(&line, new, same);
	else
		buffer_append_text(&line, " -> (none)");
	json_append_text(lines, buffer_view(&line));
	buffer_fini(&line);
	free(old);
	free(new);
}

static void diff_members(
	const char *prefix, const struct json *before, const struct json *after, struct json *lines, unsigned depth)
{
	const struct json *both[] = { after, before };

	for (size_t side = 0; side < ARRAY_COUNT(both); side++)
		JSON_EACH(member, both[side])
		{
			const struct json *old = json_find_view(before, json_name(member)),
					  *new = json_find_view(after, json_name(member));
			char *name = NULL;

			if ((side == 1 && new) || (old && new &&json_equals(old, new)))
				continue;
			ASSERT(asprintf(&name, "%s" VIEW_FMT, prefix, VIEW_ARG(json_name(member))) >= 0);
			if (json_is_object(old) && json_is_object(new) && depth < DIFF_MAX_DEPTH) {
				char *below = NULL;

				ASSERT(asprintf(&below, "%s.", name) >= 0);
				diff_members(below, old, new, lines, depth + 1);
				free(below);
			} else {
				apply_diff_value(name, old, new, lines);
			}
			free(name);
		}
}

void apply_diff_members(const char *prefix, const struct json *before, const struct json *after, struct json *lines)
{
	diff_members(prefix, before, after, lines, 0);
}

/* A word on a method: what it leads to. */
static void append_summary(struct buffer *line, const struct json *fact)
{
	const struct json *integration = json_find(fact, "methodIntegration");
	struct view uri = json_find_text(integration, "uri");
	char *text;

	if (!integration)
		return;
	buffer_printf(line, "  " VIEW_FMT, VIEW_ARG(json_find_text(integration, "type")));
	if (!uri.count)
		return;
	text = shown("uri", json_find(integration, "uri"));
	buffer_append_byte(line, ' ');
	append_cut(line, text, 0);
	free(text);
}

static void add_line(struct json *lines, char sign, const struct json *fact)
{
	struct buffer line;

	buffer_init(&line, 8192);
	buffer_printf(&line, "%c " VIEW_FMT, sign, VIEW_ARG(json_name(fact)));
	if (sign == '+')
		append_summary(&line, fact);
	json_append_text(lines, buffer_view(&line));
	buffer_fini(&line);
}

void apply_diff_facts(const struct json *before, const struct json *after, struct json *lines)
{
	JSON_EACH(fact, after)
	{
		const struct json *old = json_find_view(before, json_name(fact));

		if (!old) {
			add_line(lines, '+', fact);
		} else if (!json_equals(old, fact)) {
			add_line(lines, '~', fact);
			apply_diff_members("    ", old, fact, lines);
		}
	}
	JSON_EACH(fact, before)
	if (!json_find_view(after, json_name(fact)))
		add_line(lines, '-', fact);
}

/* --- policies --------------------------------------------------------------------------------------------------------------- */

static bool has_statement(const struct json *policy, const struct json *wanted)
{
	JSON_EACH(statement, json_find(policy, "Statement"))
	if (json_equals(statement, wanted))
		return true;
	return false;
}

static void add_statements(const struct json *from, const struct json *other, char sign, struct json *lines)
{
	JSON_EACH(statement, json_find(from, "Statement"))
	{
		char *text;

		if (has_statement(other, statement))
			continue;
		text = json_print_text(statement);
		json_append(lines, json_text_new_printf("%c policy statement %s", sign, text));
		free(text);
	}
}

void apply_diff_policies(struct view before, struct view after, struct json *lines)
{
	struct json *old JSON_CLEANUP = NULL, *new JSON_CLEANUP = NULL;

	if (before.count && json_parse(before, NULL, &old, NULL) != 0)
		old = NULL;
	if (after.count && json_parse(after, NULL, &new, NULL) != 0)
		new = NULL;
	add_statements(old, new, '-', lines);
	add_statements(new, old, '+', lines);
}
