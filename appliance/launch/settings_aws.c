/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings `aws_endpoints` and `aws_roles`, and what stands beside them. */
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/launch/settings_reader.h"
#include "appliance/wire/uri.h"

/* Longest ARN of a role, key, secret and token, as integrate/credentials.h has them. */
#define ROLE_MAX_BYTES 2048
#define KEY_MAX_BYTES 256
#define TOKEN_MAX_BYTES 8192

struct key {
	const char *name;
	bool required;
};

static const struct key endpoint_keys[] = {
#define AWS_ENDPOINT_KEY(name_, required_, text) { .name = #name_, .required = required_ },
#include "appliance/launch/settings_aws.def"
};

static const struct key role_keys[] = {
#define AWS_ROLE_KEY(name_, required_, text) { .name = #name_, .required = required_ },
#include "appliance/launch/settings_aws.def"
};

/* Is it a mapping of these keys? */
static bool check_keys(
	struct settings_reader *reader, const struct json *row, const struct key *keys, size_t count, const char *what)
{
	unsigned before = reader->error_count;

	if (!json_is_object(row)) {
		settings_refuse(reader, row, "must be a mapping");
		return false;
	}
	JSON_EACH(member, row)
	{
		bool known = false;

		for (size_t i = 0; i < count; i++)
			known = known || view_equals_text(json_name(member), keys[i].name);
		if (!known)
			settings_refuse(reader, member, "%s has no such key", what);
		else if (!json_c_string(member))
			settings_refuse(reader, member, "must be a text%s",
				json_is_number(member) ? ": put the number into quotes" : "");
	}
	for (size_t i = 0; i < count; i++)
		if (keys[i].required && !json_find(row, keys[i].name))
			settings_refuse(reader, row, "%s is missing", keys[i].name);
	return reader->error_count == before;
}

/* Visible ASCII of 1 to `max` bytes: it stands in fields of requests. */
static bool is_visible(const char *text, size_t max)
{
	for (size_t i = 0; text[i]; i++)
		if (text[i] <= ' ' || text[i] > '~' || i == max)
			return false;
	return text[0] != '\0';
}

static const char *read_visible(struct settings_reader *reader, const struct json *row, const char *name, size_t max)
{
	const struct json *value = json_find(row, name);

	if (!value)
		return "";
	if (!is_visible(json_c_string(value), max))
		settings_refuse(reader, value, "must be 1 to %zu visible ASCII characters", max);
	return json_c_string(value);
}

/* --- endpoints -------------------------------------------------------------------------------------------------------- */

static bool is_service(const char *text)
{
	return strcmp(text, "*") == 0 ||
	       (text[0] && strlen(text) <= 253 &&
		       text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")] == '\0');
}

/* An http or https URL with nothing behind its path. */
static bool is_url(const char *text, bool may_have_path)
{
	struct uri uri;

	return uri_parse(&uri, view_from_text(text)) == 0 && !uri.has_query &&
	       (may_have_path || view_equals(uri.path, view_of("/")));
}

static void read_endpoint(struct settings_reader *reader, const struct json *row, struct settings_aws_endpoint *ret)
{
	const struct json *functions = json_find(row, "functions");

	ret->service = json_find_c_string(row, "service");
	ret->url = json_find_c_string(row, "url");
	if (!is_service(ret->service))
		settings_refuse(reader, json_find(row, "service"),
			"must be the name of a service in integrations' URIs, such as dynamodb, or \"*\"");
	if (!is_url(ret->url, true))
		settings_refuse(
			reader, json_find(row, "url"), "must be an http or https URL without '?', '#' and user");
	ret->functions_by_name = functions && view_equals_text(json_text(functions), "name");
	if (functions && !ret->functions_by_name && !view_equals_text(json_text(functions), "arn"))
		settings_refuse(reader, functions, "must be one of: arn name");
	if (functions && strcmp(ret->service, "lambda") != 0)
		settings_refuse(reader, functions, "has a meaning for service lambda only");
}

void settings_read_aws_endpoints(
	struct settings_reader *reader, const struct json *list, struct settings_aws_endpoints *ret)
{
	ret->count = 0;
	JSON_EACH(row, list)
	{
		struct settings_aws_endpoint *endpoint = &ret->at[ret->count];

		if (!check_keys(reader, row, endpoint_keys, ARRAY_COUNT(endpoint_keys), "an endpoint"))
			continue;
		read_endpoint(reader, row, endpoint);
		for (size_t i = 0; i < ret->count; i++)
			if (strcmp(ret->at[i].service, endpoint->service) == 0)
				settings_refuse(reader, json_find(row, "service"), "has a row already");
		ret->count++;
	}
}

/* --- roles ------------------------------------------------------------------------------------------------------------ */

void settings_read_aws_roles(struct settings_reader *reader, const struct json *list, struct settings_aws_roles *ret)
{
	ret->count = 0;
	JSON_EACH(row, list)
	{
		struct settings_aws_role *role = &ret->at[ret->count];

		if (!check_keys(reader, row, role_keys, ARRAY_COUNT(role_keys), "a role"))
			continue;
		role->role_arn = read_visible(reader, row, "role_arn", ROLE_MAX_BYTES);
		role->access_key_id = read_visible(reader, row, "access_key_id", KEY_MAX_BYTES);
		role->secret_access_key = read_visible(reader, row, "secret_access_key", KEY_MAX_BYTES);
		role->session_token = read_visible(reader, row, "session_token", TOKEN_MAX_BYTES);
		for (size_t i = 0; i < ret->count; i++)
			if (strcmp(ret->at[i].role_arn, role->role_arn) == 0)
				settings_refuse(reader, json_find(row, "role_arn"), "has a row already");
		ret->count++;
	}
}

void settings_redact_aws_roles(struct json *list)
{
	for (size_t i = 0; i < json_count(list); i++) {
		struct json *row = json_at(list, i);

		if (json_find(row, "secret_access_key"))
			json_set_c_string(row, "secret_access_key", "[redacted]");
		if (json_find(row, "session_token"))
			json_set_c_string(row, "session_token", "[redacted]");
	}
}

/* --- beside them ------------------------------------------------------------------------------------------------------ */

void settings_check_aws(struct settings_reader *reader, const struct settings *settings)
{
	const struct {
		const char *name, *value;
		size_t max;
	} keys[] = {
		{ "aws_access_key_id", settings->aws_access_key_id, KEY_MAX_BYTES },
		{ "aws_secret_access_key", settings->aws_secret_access_key, KEY_MAX_BYTES },
		{ "aws_session_token", settings->aws_session_token, TOKEN_MAX_BYTES },
	};
	const struct json *tree = settings->tree;

	for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
		if (keys[i].value[0] && !is_visible(keys[i].value, keys[i].max))
			settings_refuse(reader, json_find(tree, keys[i].name), "must be visible ASCII characters");
	if (!settings->aws_access_key_id[0] != !settings->aws_secret_access_key[0])
		settings_refuse(reader,
			json_find(tree, settings->aws_access_key_id[0] ? "aws_access_key_id" : "aws_secret_access_key"),
			"aws_access_key_id and aws_secret_access_key go together");
	if (settings->aws_session_token[0] && !settings->aws_access_key_id[0])
		settings_refuse(
			reader, json_find(tree, "aws_session_token"), "has no meaning without aws_access_key_id");
	if (settings->aws_instance_metadata[0] && !is_url(settings->aws_instance_metadata, false))
		settings_refuse(reader, json_find(tree, "aws_instance_metadata"),
			"must be an http or https URL without a path, such as http://169.254.169.254");
}
