/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/launch/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/base/yaml.h"
#include "appliance/launch/address.h"
#include "appliance/launch/settings_reader.h"
#include "appliance/outbound/destination.h"

enum type {
	TYPE_integer,
	TYPE_flag,
	TYPE_text,
	TYPE_secret,
	TYPE_path,
	TYPE_choice,
	TYPE_user,
	TYPE_group,
	TYPE_address,
	TYPE_addresses,
	TYPE_prefixes,
	TYPE_texts,
	TYPE_networks,
	TYPE_aws_endpoints,
	TYPE_aws_roles,
};

struct row {
	const char *name;
	enum type type;
	uint64_t min, max;
	const char *unit;
	bool reload;
	size_t offset;
};

static const struct row rows[] = {
#define SETTING(name_, type_, default_, min_, max_, unit_, reload_, text)                                              \
	{ .name = #name_,                                                                                              \
		.type = TYPE_##type_,                                                                                  \
		.min = min_,                                                                                           \
		.max = max_,                                                                                           \
		.unit = unit_,                                                                                         \
		.reload = reload_,                                                                                     \
		.offset = offsetof(struct settings, name_) },
#include "appliance/launch/settings.def"
};

/* The defaults are YAML too, and read by the same code as a file. */
static const char default_text[] =
#define SETTING(name, type, default_, min, max, unit, reload, text) #name ": " default_ "\n"
#include "appliance/launch/settings.def"
	;

/* A default of nothing ("key: ") is null in YAML, and means the empty text or no address. */
static bool is_nothing(const struct json *value)
{
	return json_is_null(value) || (json_is_text(value) && json_text(value).count == 0);
}

/* --- Errors -------------------------------------------------------------------------------------------------------- */

static void write_path(struct buffer *buffer, const struct json *value)
{
	const struct json *parent = json_parent(value);
	size_t index = 0;

	if (!parent)
		return;
	write_path(buffer, parent);
	if (json_is_object(parent)) {
		buffer_printf(buffer, "%s" VIEW_FMT, json_parent(parent) ? "." : "", VIEW_ARG(json_name(value)));
		return;
	}
	while (json_at(parent, index) != value)
		index++;
	buffer_printf(buffer, "[%zu]", index);
}

void settings_refuse(struct settings_reader *reader, const struct json *value, const char *format, ...)
{
	va_list arguments;

	reader->error_count++;
	buffer_append_text(reader->errors, reader->name);
	if (json_line(value))
		buffer_printf(reader->errors, ":%u:%u", json_line(value), json_column(value));
	buffer_append_text(reader->errors, ": ");
	if (json_parent(value)) {
		write_path(reader->errors, value);
		buffer_append_text(reader->errors, ": ");
	}
	va_start(arguments, format);
	buffer_vprintf(reader->errors, format, arguments);
	va_end(arguments);
	buffer_append_byte(reader->errors, '\n');
}

/* --- One value of each type ---------------------------------------------------------------------------------------- */

static void read_integer(struct settings_reader *reader, const struct row *row, const struct json *value, uint64_t *ret)
{
	int64_t number;

	if (json_integer(value, (int64_t)row->min, (int64_t)row->max, &number) == 0)
		*ret = (uint64_t)number;
	else
		settings_refuse(reader, value, "must be a whole number from %llu to %llu%s%s",
			(unsigned long long)row->min, (unsigned long long)row->max, row->unit[0] ? " " : "", row->unit);
}

/* A text; an empty one may be written as nothing. */
static void read_text(struct settings_reader *reader, const struct row *row, const struct json *value, const char **ret)
{
	const char *text = is_nothing(value) ? "" : json_c_string(value);

	if (!text)
		settings_refuse(
			reader, value, "must be a text%s", json_is_number(value) ? ": put the number into quotes" : "");
	else if (strlen(text) < row->min || strlen(text) > row->max)
		settings_refuse(reader, value, "must have %llu to %llu bytes", (unsigned long long)row->min,
			(unsigned long long)row->max);
	else if (row->type == TYPE_path && text[0] && text[0] != '/')
		settings_refuse(reader, value, "must be an absolute path");
	else
		*ret = text;
}

static void read_choice(struct settings_reader *reader, const struct row *row, const struct json *value, unsigned *ret)
{
	struct view rest = view_from_text(row->unit), word;
	unsigned index = 0;

	for (; view_split(&rest, ' ', &word); index++) {
		if (json_is_text(value) && view_equals(json_text(value), word)) {
			*ret = index;
			return;
		}
	}
	settings_refuse(reader, value, "must be one of: %s", row->unit);
}

/* A user or group: number or name. A number's text is the tree's own, which is NUL-terminated. */
static void read_owner(struct settings_reader *reader, const struct json *value, const char **ret)
{
	int64_t number;

	if (json_integer(value, 0, UINT32_MAX - 1, &number) == 0)
		*ret = json_number_text(value).at;
	else if (json_is_text(value) && json_c_string(value) && json_c_string(value)[0])
		*ret = json_c_string(value);
	else
		settings_refuse(reader, value, "must be a name or a number");
}

static void read_address(struct settings_reader *reader, const struct json *value, struct netns_address *ret)
{
	memset(ret, 0, sizeof *ret);
	if (!is_nothing(value) && address_parse_port(ret, json_text(value)) < 0)
		settings_refuse(reader, value, "must be ADDRESS:PORT, with an IPv6 address in brackets");
}

static bool is_list(struct settings_reader *reader, const struct row *row, const struct json *value)
{
	if (json_is_array(value) && json_count(value) >= row->min && json_count(value) <= row->max)
		return true;
	settings_refuse(reader, value, "must be a list of %llu to %llu items", (unsigned long long)row->min,
		(unsigned long long)row->max);
	return false;
}

static void read_addresses(
	struct settings_reader *reader, const struct row *row, const struct json *value, struct settings_addresses *ret)
{
	ret->count = 0;
	if (!is_list(reader, row, value))
		return;
	JSON_EACH(item, value)
	{
		if (address_parse_port(&ret->at[ret->count++], json_text(item)) < 0)
			settings_refuse(reader, item, "must be ADDRESS:PORT, with an IPv6 address in brackets");
	}
}

static void read_texts(
	struct settings_reader *reader, const struct row *row, const struct json *value, struct settings_texts *ret)
{
	struct destination_prefix prefix;

	ret->count = 0;
	if (!is_list(reader, row, value))
		return;
	JSON_EACH(item, value)
	{
		const char *text = json_c_string(item);

		if (!text)
			settings_refuse(reader, item, "must be a text");
		else if (row->type == TYPE_prefixes && destination_parse_prefix(&prefix, text) < 0)
			settings_refuse(
				reader, item, "must be a prefix such as 10.0.0.0/8 without bits behind its length");
		else
			ret->at[ret->count++] = text;
	}
}

static void read_value(struct settings_reader *reader, const struct row *row, const struct json *value, void *member)
{
	switch (row->type) {
	case TYPE_integer:
		read_integer(reader, row, value, member);
		break;
	case TYPE_flag:
		if (json_is_bool(value))
			*(bool *)member = json_bool(value, false);
		else
			settings_refuse(reader, value, "must be true or false");
		break;
	case TYPE_text:
	case TYPE_secret:
	case TYPE_path:
		read_text(reader, row, value, member);
		break;
	case TYPE_choice:
		read_choice(reader, row, value, member);
		break;
	case TYPE_user:
	case TYPE_group:
		read_owner(reader, value, member);
		break;
	case TYPE_address:
		read_address(reader, value, member);
		break;
	case TYPE_addresses:
		read_addresses(reader, row, value, member);
		break;
	case TYPE_prefixes:
	case TYPE_texts:
		read_texts(reader, row, value, member);
		break;
	case TYPE_networks:
		if (is_list(reader, row, value))
			settings_read_networks(reader, value, member);
		break;
	case TYPE_aws_endpoints:
		if (is_list(reader, row, value))
			settings_read_aws_endpoints(reader, value, member);
		break;
	case TYPE_aws_roles:
		if (is_list(reader, row, value))
			settings_read_aws_roles(reader, value, member);
		break;
	}
}

/* --- The whole ----------------------------------------------------------------------------------------------------- */

static const struct row *row_find(struct view name)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		if (view_equals_text(name, rows[i].name))
			return &rows[i];
	}
	return NULL;
}

static bool only_bytes_of(const char *text, const char *set)
{
	return text[strspn(text, set)] == '\0';
}

static void check_log_name(
	struct settings_reader *reader, const struct json *tree, const char *setting, const char *name)
{
	if (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		settings_refuse(
			reader, json_find(tree, setting), "must be the name of a file within log_dir, without '/'");
}

/* Rules between settings, and forms that a length does not describe. The values are readable already. */
static void check_together(struct settings_reader *reader, const struct settings *settings)
{
	const struct json *tree = settings->tree;

	if (!only_bytes_of(settings->account_id, "0123456789"))
		settings_refuse(reader, json_find(tree, "account_id"), "must be twelve digits");
	if (!only_bytes_of(settings->region, "abcdefghijklmnopqrstuvwxyz0123456789-"))
		settings_refuse(reader, json_find(tree, "region"),
			"must be lower-case letters, digits and '-', like us-east-1");
	if (!settings->access_key_id[0] != !settings->secret_access_key[0])
		settings_refuse(reader,
			json_find(tree, settings->access_key_id[0] ? "access_key_id" : "secret_access_key"),
			"access_key_id and secret_access_key go together");
	if (settings->access_key_id[0] &&
		(strlen(settings->access_key_id) < 16 ||
			!only_bytes_of(settings->access_key_id,
				"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")))
		settings_refuse(reader, json_find(tree, "access_key_id"), "must be 16 to 128 letters, digits or '_'");
	settings_check_management(reader, settings);
	settings_check_image(reader, settings);
	settings_check_aws(reader, settings);
	check_log_name(reader, tree, "access_log", settings->access_log);
	check_log_name(reader, tree, "audit_log", settings->audit_log);
	if (settings->audit_log[0] && strcmp(settings->audit_log, settings->access_log) == 0)
		settings_refuse(reader, json_find(tree, "audit_log"), "must be another file than access_log");
	if (settings->local) {
		if (!settings->local_traffic.family)
			settings_refuse(reader, json_find(tree, "local_traffic"), "is needed in local mode");
		if (settings->networks.count)
			settings_refuse(reader, json_find(tree, "networks"), "has no meaning in local mode");
	}
}

static void read_all(struct settings_reader *reader, struct settings *settings)
{
	JSON_EACH(member, settings->tree)
	{
		if (!row_find(json_name(member)))
			settings_refuse(reader, member, "there is no such setting; `postern settings` lists them");
	}
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct json *given = json_find(settings->tree, rows[i].name);
		const struct json *otherwise = json_find(settings->default_tree, rows[i].name);
		void *member = (char *)settings + rows[i].offset;
		struct settings_reader quiet = { .name = "default", .errors = reader->errors };

		read_value(&quiet, &rows[i], otherwise, member);
		ASSERT(quiet.error_count == 0);
		if (given)
			read_value(reader, &rows[i], given, member);
	}
	check_together(reader, settings);
}

int settings_parse(struct settings **ret, struct view text, const char *name, struct buffer *errors)
{
	const struct json_limits limits = { .max_bytes = SETTINGS_FILE_MAX_BYTES, .max_depth = 8, .max_values = 10000 };
	struct settings_reader reader = { .name = name, .errors = errors };
	struct settings *settings = calloc(1, sizeof *settings);
	struct json_error error;

	ASSERT(settings && "out of memory");
	ASSERT(yaml_parse(view_from_text(default_text), NULL, &settings->default_tree, NULL) == 0);
	if (yaml_parse(text, &limits, &settings->tree, &error) != 0) {
		buffer_printf(errors, "%s:%u:%u: %s\n", name, error.line, error.column, error.rule);
		reader.error_count++;
	} else if (json_is_null(settings->tree)) {
		json_free(settings->tree);
		settings->tree = json_object_new();
		read_all(&reader, settings);
	} else if (!json_is_object(settings->tree)) {
		settings_refuse(&reader, settings->tree, "must be a mapping of settings");
	} else {
		read_all(&reader, settings);
	}
	if (reader.error_count) {
		settings_free(settings);
		return -EINVAL;
	}
	*ret = settings;
	return 0;
}

int settings_read_fd(struct settings **ret, int fd, const char *name, struct buffer *errors)
{
	struct buffer text;
	off_t offset = lseek(fd, 0, SEEK_CUR) < 0 ? -1 : 0; /* -1: a pipe */
	ssize_t count;
	int error = 0;

	buffer_init(&text, SETTINGS_FILE_MAX_BYTES);
	do {
		char piece[16384];

		count = offset < 0 ? read(fd, piece, sizeof piece) : pread(fd, piece, sizeof piece, offset);
		if (count > 0) {
			buffer_append_bytes(&text, piece, (size_t)count);
			offset += offset < 0 ? 0 : count;
		} else if (count < 0 && errno != EINTR) {
			error = -errno;
		}
	} while (count > 0 || (count < 0 && errno == EINTR));
	if (!error)
		error = buffer_error(&text);
	if (error) {
		buffer_printf(errors, "%s: can't be read: %s\n", name,
			error == -EMSGSIZE ? "it is larger than 256 KiB" : strerror(-error));
		error = -EINVAL;
	} else {
		error = settings_parse(ret, buffer_view(&text), name, errors);
	}
	buffer_fini(&text);
	return error;
}

int settings_read_file(struct settings **ret, const char *path, struct buffer *errors)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error;

	if (fd < 0) {
		buffer_printf(errors, "%s: can't be opened: %s\n", path, strerror(errno));
		return -EINVAL;
	}
	error = settings_read_fd(ret, fd, path, errors);
	close(fd);
	return error;
}

void settings_free(struct settings *settings)
{
	if (!settings)
		return;
	json_free(settings->tree);
	json_free(settings->default_tree);
	free(settings);
}

void settings_write_unreloadable(const struct settings *before, const struct settings *after, struct buffer *buffer)
{
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		const struct json *old = json_find(before->tree, rows[i].name),
				  *new = json_find(after->tree, rows[i].name);

		if (!old)
			old = json_find(before->default_tree, rows[i].name);
		if (!new)
			new = json_find(after->default_tree, rows[i].name);
		if (!rows[i].reload && !json_equals(old, new))
			buffer_printf(buffer, "%s%s", buffer->count ? ", " : "", rows[i].name);
	}
}
