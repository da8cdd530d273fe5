/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The documentation of the settings, made from their table. */
#include <stdio.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/launch/settings.h"
#include "appliance/launch/settings_reader.h"

enum kind { KIND_SECTION, KIND_SETTING };

static const struct row {
	enum kind kind;
	const char *name, *type, *otherwise;
	uint64_t min, max;
	const char *unit;
	bool reload;
	const char *text;
} rows[] = {
#define SECTION(text_) { .kind = KIND_SECTION, .text = text_ },
#define SETTING(name_, type_, default_, min_, max_, unit_, reload_, text_)                                             \
	{ .kind = KIND_SETTING,                                                                                        \
		.name = #name_,                                                                                        \
		.type = #type_,                                                                                        \
		.otherwise = default_,                                                                                 \
		.min = min_,                                                                                           \
		.max = max_,                                                                                           \
		.unit = unit_,                                                                                         \
		.reload = reload_,                                                                                     \
		.text = text_ },
#include "appliance/launch/settings.def"
};

struct key {
	const char *name;
	bool required;
	const char *text;
};

#define KEY(name_, required_, text_) { .name = #name_, .required = required_, .text = text_ },

static const struct key network_keys[] = {
#define NETWORK_KEY KEY
#include "appliance/launch/settings_network.def"
#undef NETWORK_KEY
};

static const struct key aws_endpoint_keys[] = {
#define AWS_ENDPOINT_KEY KEY
#include "appliance/launch/settings_aws.def"
};

static const struct key aws_role_keys[] = {
#define AWS_ROLE_KEY KEY
#include "appliance/launch/settings_aws.def"
};

/* The settings that are tables, by their type's name, which is that of the setting too. */
static const struct {
	const char *type;
	const struct key *keys;
	size_t count;
} tables[] = {
	{ "networks", network_keys, ARRAY_COUNT(network_keys) },
	{ "aws_endpoints", aws_endpoint_keys, ARRAY_COUNT(aws_endpoint_keys) },
	{ "aws_roles", aws_role_keys, ARRAY_COUNT(aws_role_keys) },
};

/* What is behind a setting's text in brackets. */
static void print_range(struct buffer *buffer, const struct row *row)
{
	if (strcmp(row->type, "integer") == 0)
		buffer_printf(buffer, " (%llu to %llu %s%s)", (unsigned long long)row->min,
			(unsigned long long)row->max, row->unit, row->reload ? "; changed by SIGHUP" : "");
	else if (strcmp(row->type, "choice") == 0)
		buffer_printf(buffer, " (one of: %s%s)", row->unit, row->reload ? "; changed by SIGHUP" : "");
	else if (row->reload)
		buffer_append_text(buffer, " (changed by SIGHUP)");
}

static void print_keys(struct buffer *buffer, const char *type)
{
	for (size_t i = 0; i < ARRAY_COUNT(tables); i++) {
		if (strcmp(type, tables[i].type) != 0)
			continue;
		for (size_t k = 0; k < tables[i].count; k++)
			buffer_printf(buffer, "#   %-18s %s%s\n", tables[i].keys[k].name,
				tables[i].keys[k].required ? "" : "(optional) ", tables[i].keys[k].text);
	}
}

void settings_print(struct buffer *buffer)
{
	buffer_append_text(
		buffer, "# Postern's settings: every one with its default. A file needs only what differs.\n");
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct row *row = &rows[i];

		if (row->kind == KIND_SECTION) {
			buffer_printf(buffer, "\n# --- %s\n", row->text);
			continue;
		}
		buffer_printf(buffer, "\n# %s", row->text);
		print_range(buffer, row);
		buffer_append_byte(buffer, '\n');
		print_keys(buffer, row->type);
		buffer_printf(buffer, "%s:%s%s\n", row->name, row->otherwise[0] ? " " : "", row->otherwise);
	}
}

static void describe_keys(struct json *list, const struct key *keys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct json *key = json_object_new();

		json_set_c_string(key, "name", keys[i].name);
		json_set_bool(key, "required", keys[i].required);
		json_set_c_string(key, "text", keys[i].text);
		json_append(list, key);
	}
}

struct json *settings_describe(void)
{
	struct json *description = json_object_new(), *list = json_ensure_array(description, "settings");

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct json *setting;

		if (rows[i].kind == KIND_SECTION)
			continue;
		setting = json_object_new();
		json_set_c_string(setting, "name", rows[i].name);
		json_set_c_string(setting, "type", rows[i].type);
		json_set_c_string(setting, "default", rows[i].otherwise);
		json_set_integer(setting, "min", (int64_t)rows[i].min);
		json_set_integer(setting, "max", (int64_t)rows[i].max);
		json_set_c_string(setting, "unit", rows[i].unit);
		json_set_bool(setting, "reload", rows[i].reload);
		json_set_c_string(setting, "text", rows[i].text);
		json_append(list, setting);
	}
	for (size_t i = 0; i < ARRAY_COUNT(tables); i++)
		describe_keys(json_ensure_array(description, tables[i].type), tables[i].keys, tables[i].count);
	return description;
}

struct json *settings_redacted(const struct settings *settings)
{
	struct json *shown = json_is_object(settings->tree) ? json_copy(settings->tree) : json_object_new();

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
		if (rows[i].kind == KIND_SETTING && strcmp(rows[i].type, "secret") == 0 &&
			json_find(shown, rows[i].name))
			json_set_c_string(shown, rows[i].name, "[redacted]");
	settings_redact_aws_roles(json_find(shown, "aws_roles"));
	return shown;
}
