/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/apply_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "appliance/base/assert.h"
#include "appliance/base/yaml.h"
#include "appliance/cli/apply.h"

enum section {
	SECTION_NONE,
	SECTION_file,
	SECTION_api,
	SECTION_stage,
	SECTION_access_log,
	SECTION_method_setting,
	SECTION_domain,
	SECTION_certificate,
	SECTION_mapping,
	SECTION_alias,
};

enum type {
	TYPE_TEXT,
	TYPE_BOOL,
	TYPE_NUMBER,
	TYPE_TEXTS,
	TYPE_TEXT_MAP,
	TYPE_DOCUMENT,
	TYPE_PATH,
	TYPE_ONE,
	TYPE_LIST,
	TYPE_MAP
};

#define TEXT TYPE_TEXT, SECTION_NONE, NULL
#define BOOL TYPE_BOOL, SECTION_NONE, NULL
#define NUMBER TYPE_NUMBER, SECTION_NONE, NULL
#define TEXTS TYPE_TEXTS, SECTION_NONE, NULL
#define TEXT_MAP TYPE_TEXT_MAP, SECTION_NONE, NULL
#define DOCUMENT TYPE_DOCUMENT, SECTION_NONE, NULL
#define PATH TYPE_PATH, SECTION_NONE, NULL
#define ONE(section) TYPE_ONE, SECTION_##section, NULL
#define LIST(section) TYPE_LIST, SECTION_##section, NULL
#define MAP(section) TYPE_MAP, SECTION_##section, NULL
#define CHOICE(words) TYPE_TEXT, SECTION_NONE, words
#define REQUIRED true
#define OPTIONAL false

struct key {
	enum section section;
	const char *section_name, *name;
	enum type type;
	enum section of;
	const char *choices; /* of a text: words with spaces between; NULL: any */
	bool required;
	const char *text;
};

#define KEY(section, name, type, need, text) { SECTION_##section, #section, #name, type, need, text },
static const struct key keys[] = {
#include "appliance/cli/apply_keys.def"
};
#undef KEY

static const char *const type_names[] = { "text", "true or false", "number", "list of texts", "texts by name",
	"path or document", "path", NULL, NULL, NULL };

static const char *section_text(enum section section)
{
	for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
		if (keys[i].section == section)
			return keys[i].section_name;
	return "";
}

void apply_keys_print(void)
{
	enum section last = SECTION_NONE;

	for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
		const struct key *key = &keys[i];
		char type[64];

		if (key->section != last)
			printf("%s%s\n", last ? "\n" : "", key->section_name);
		last = key->section;
		if (key->choices)
			snprintf(type, sizeof type, "%s", key->choices);
		else if (type_names[key->type])
			snprintf(type, sizeof type, "%s", type_names[key->type]);
		else
			snprintf(type, sizeof type, "%s%s",
				key->type == TYPE_LIST  ? "list of "
				: key->type == TYPE_MAP ? "by name: "
							: "",
				section_text(key->of));
		printf("  %-40s %-24s %s%s\n", key->name, type, key->required ? "(needed) " : "", key->text);
	}
}

/* --- faults ----------------------------------------------------------------------------------------------------------------- */

struct check {
	struct cli *cli;
	const char *path;
	struct json *faults;
	bool has_too_many; /* files, as was told */
};

static void fault(struct check *check, const struct json *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void fault(struct check *check, const struct json *at, const char *format, ...)
{
	va_list arguments;
	struct view text;

	va_start(arguments, format);
	text = arena_vprintf(&check->cli->arena, format, arguments);
	va_end(arguments);
	json_append(check->faults, at && json_line(at)
					   ? json_text_new_printf("%s:%u:%u: " VIEW_FMT, check->path, json_line(at),
						     json_column(at), VIEW_ARG(text))
					   : json_text_new_printf("%s: " VIEW_FMT, check->path, VIEW_ARG(text)));
}

/* How many letters differ: insertions, deletions, replacements. */
static size_t distance(struct view a, const char *b)
{
	size_t row[64], count = strlen(b);

	if (a.count >= ARRAY_COUNT(row) || count >= ARRAY_COUNT(row))
		return SIZE_MAX;
	for (size_t k = 0; k <= count; k++)
		row[k] = k;
	for (size_t i = 1; i <= a.count; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t k = 1; k <= count; k++) {
			size_t change = corner + (view_lower_byte(a.at[i - 1]) != view_lower_byte(b[k - 1]));

			corner = row[k];
			if (row[k] + 1 < change)
				change = row[k] + 1;
			if (row[k - 1] + 1 < change)
				change = row[k - 1] + 1;
			row[k] = change;
		}
	}
	return row[count];
}

static void fault_unknown(struct check *check, enum section section, const struct json *member)
{
	const char *nearest = NULL;
	struct view name = json_name(member);
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
		size_t far = keys[i].section == section ? distance(name, keys[i].name) : SIZE_MAX;

		if (far < best) {
			best = far;
			nearest = keys[i].name;
		}
	}
	if (nearest && best <= 2 + strlen(nearest) / 4)
		fault(check, member, "%s: unknown key " VIEW_FMT " (is %s meant?)", section_text(section),
			VIEW_ARG(name), nearest);
	else
		fault(check, member, "%s: unknown key " VIEW_FMT " (postern apply --keys lists all)",
			section_text(section), VIEW_ARG(name));
}

/* --- documents -------------------------------------------------------------------------------------------------------------- */

/* `path` of a file as seen from here. */
static const char *path_beside(struct check *check, const char *path)
{
	const char *slash = strrchr(check->path, '/');

	if (path[0] == '/' || !slash)
		return path;
	return arena_printf(&check->cli->arena, "%.*s/%s", (int)(slash - check->path), check->path, path).at;
}

static int parse(struct view text, struct json **ret, struct json_error *error)
{
	const struct json_limits limits = {
		.max_bytes = APPLY_FILE_MAX_BYTES, .max_depth = JSON_MAX_DEPTH, .max_values = JSON_MAX_VALUES
	};
	struct view start = view_trim_set(text, " \t\r\n");

	return start.count && start.at[0] == '{' ? json_parse(text, &limits, ret, error)
						 : yaml_parse(text, &limits, ret, error);
}

/* The file's tree; NULL after a fault. */
static struct json *read_tree(
	struct check *check, const struct json *at, const char *path, size_t max_bytes, struct view *ret_text)
{
	struct json_error error = { 0 };
	struct json *tree = NULL;
	int result = cli_read_file(check->cli, path, max_bytes, ret_text);

	if (result < 0) {
		const char *why = result == -EMSGSIZE ? "it is too large" : strerror(-result);

		if (at)
			fault(check, at, "can't read %s: %s", path, why);
		else
			fault(check, at, "can't read it: %s", why);
		return NULL;
	}
	if (parse(*ret_text, &tree, &error) != 0) {
		fault(check, at, "%s:%u:%u: %s", path, error.line, error.column,
			error.rule ? error.rule : "it is too large");
		return NULL;
	}
	return tree;
}

static void take_document(struct check *check, struct json *owner, const struct key *key, struct json *value)
{
	struct json *document, *tree;
	const char *path = json_c_string(value);
	struct view text;

	if (json_is_object(value)) {
		document = json_object_new();
		json_set(document, "tree", json_copy(value));
		json_set(owner, key->name, document);
		return;
	}
	if (!path) {
		fault(check, value, "%s: must be a path or the document itself", key->name);
		return;
	}
	path = path_beside(check, path);
	tree = read_tree(check, value, path, APPLY_DOCUMENT_MAX_BYTES, &text);
	if (tree && !json_is_object(tree)) {
		fault(check, value, "%s: %s holds no document", key->name, path);
		json_free(tree);
		return;
	}
	if (!tree)
		return;
	document = json_object_new();
	json_set(document, "tree", tree);
	json_set_text(document, APPLY_TEXT, text);
	json_set_c_string(document, APPLY_PATH, path);
	json_set(owner, key->name, document);
}

/* --- checking --------------------------------------------------------------------------------------------------------------- */

static void check_section(struct check *check, enum section section, struct json *object, const char *what);

/* A scalar as text: YAML reads 8080 as a number and true as a truth value. */
static void take_text(
	struct check *check, struct json *owner, struct view name, struct json *value, bool in_list, size_t index)
{
	struct json *text = NULL;

	if (json_is_text(value) && json_c_string(value))
		return;
	if (json_is_number(value))
		text = json_text_new(json_number_text(value));
	else if (json_is_bool(value))
		text = json_text_new_c(json_bool(value, false) ? "true" : "false");
	if (!text) {
		fault(check, value, VIEW_FMT ": must be a text", VIEW_ARG(name));
		return;
	}
	json_place_set(text, json_line(value), json_column(value));
	if (!in_list) {
		json_set_view(owner, name, text);
		return;
	}
	(void)json_remove_at(owner, index);
	json_insert(owner, index, text);
}

static void check_choice(struct check *check, const struct key *key, const struct json *value)
{
	struct view rest = view_from_text(key->choices), choice;

	while (json_is_text(value) && view_split(&rest, ' ', &choice))
		if (view_equals(choice, json_text(value)))
			return;
	fault(check, value, "%s: must be one of: %s", key->name, key->choices);
}

static void check_texts(struct check *check, const struct key *key, struct json *value)
{
	bool is_map = key->type == TYPE_TEXT_MAP;

	if (is_map ? !json_is_object(value) : !json_is_array(value)) {
		fault(check, value, "%s: must be a %s", key->name, is_map ? "map of texts" : "list of texts");
		return;
	}
	for (size_t i = 0; i < json_count(value); i++) {
		struct json *item = json_at(value, i);
		struct view name = is_map ? json_name(item) : view_from_text(key->name);

		if (is_map && strcmp(key->name, "tags") == 0 && view_starts_with(name, view_of(APPLY_TAG_PREFIX)))
			fault(check, item, "tags: " VIEW_FMT ": tags of " APPLY_TAG_PREFIX " are apply's own",
				VIEW_ARG(name));
		take_text(check, value, name, item, !is_map, i);
	}
}

static void check_sections(struct check *check, const struct key *key, struct json *value)
{
	if (key->type == TYPE_ONE) {
		check_section(check, key->of, value, key->name);
		return;
	}
	if (key->type == TYPE_LIST ? !json_is_array(value) : !json_is_object(value)) {
		fault(check, value, "%s: must be a %s", key->name, key->type == TYPE_LIST ? "list" : "map");
		return;
	}
	JSON_EACH(item, value)
	check_section(check, key->of, item, key->name);
}

static void check_value(struct check *check, struct json *owner, const struct key *key, struct json *value)
{
	switch (key->type) {
	case TYPE_TEXT:
		if (key->choices)
			check_choice(check, key, value);
		else
			take_text(check, owner, json_name(value), value, false, 0);
		break;
	case TYPE_BOOL:
		if (!json_is_bool(value))
			fault(check, value, "%s: must be true or false", key->name);
		break;
	case TYPE_NUMBER:
		if (!json_is_number(value))
			fault(check, value, "%s: must be a number", key->name);
		break;
	case TYPE_TEXTS:
	case TYPE_TEXT_MAP:
		check_texts(check, key, value);
		break;
	case TYPE_DOCUMENT:
		take_document(check, owner, key, value);
		break;
	case TYPE_PATH:
		if (!json_c_string(value))
			fault(check, value, "%s: must be a path", key->name);
		else
			json_set_c_string(owner, key->name, path_beside(check, json_c_string(value)));
		break;
	default:
		check_sections(check, key, value);
	}
}

static const struct key *find_key(enum section section, struct view name)
{
	for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
		if (keys[i].section == section && view_equals_text(name, keys[i].name))
			return &keys[i];
	return NULL;
}

static void check_section(struct check *check, enum section section, struct json *object, const char *what)
{
	if (!json_is_object(object)) {
		fault(check, object, "%s: must be a map of keys", what);
		return;
	}
	for (size_t i = 0; i < json_count(object); i++) {
		struct json *member = json_at(object, i);
		const struct key *key = find_key(section, json_name(member));

		if (key)
			check_value(check, object, key, member);
		else
			fault_unknown(check, section, member);
	}
	for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
		if (keys[i].section == section && keys[i].required && !json_find(object, keys[i].name))
			fault(check, object, "%s: %s is missing", section_text(section), keys[i].name);
	if (section == SECTION_api || section == SECTION_domain)
		json_set(object, APPLY_PLACE, json_text_new_printf("%s:%u", check->path, json_line(object)));
}

void apply_file_check(struct cli *cli, const char *path, struct json *tree, struct json *faults)
{
	struct check check = { .cli = cli, .path = path, .faults = faults };

	check_section(&check, SECTION_file, tree, "the file");
}

/* --- files and folders ------------------------------------------------------------------------------------------------------ */

static bool is_estate_file(const char *name)
{
	static const char *const ends[] = { ".postern.yaml", ".postern.yml", ".postern.json" };

	for (size_t i = 0; i < ARRAY_COUNT(ends); i++)
		if (view_ends_with(view_from_text(name), view_from_text(ends[i])))
			return true;
	return false;
}

static void add_file(struct check *check, const char *path, struct json *found)
{
	if (json_count(found) < APPLY_FILES_MAX) {
		json_append(found, json_text_new_c(path));
		return;
	}
	if (!check->has_too_many)
		fault(check, NULL, "%s: there are more than %d files", path, APPLY_FILES_MAX);
	check->has_too_many = true;
}

static void find_files(struct check *check, const char *path, unsigned depth, struct json *found)
{
	struct dirent **entries;
	int count;

	/* What is left out would be pruned. */
	if (depth > APPLY_FOLDER_MAX_DEPTH) {
		fault(check, NULL, "%s: folders are more than %d deep", path, APPLY_FOLDER_MAX_DEPTH);
		return;
	}
	count = scandir(path, &entries, NULL, alphasort);
	if (count < 0) {
		fault(check, NULL, "can't read the folder %s: %s", path, strerror(errno));
		return;
	}
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name, *below;
		struct stat status;

		if (name[0] != '.') {
			below = arena_printf(&check->cli->arena, "%s/%s", path, name).at;
			if (stat(below, &status) == 0 && S_ISDIR(status.st_mode))
				find_files(check, below, depth + 1, found);
			else if (is_estate_file(name))
				add_file(check, below, found);
		}
		free(entries[i]);
	}
	free(entries);
}

static void find_all(struct check *check, char **paths, size_t count, struct json *found)
{
	for (size_t i = 0; i < count; i++) {
		size_t before = json_count(found);
		struct stat status;

		if (stat(paths[i], &status) != 0 || !S_ISDIR(status.st_mode)) {
			add_file(check, paths[i], found);
			continue;
		}
		find_files(check, paths[i], 0, found);
		if (json_count(found) == before && json_count(check->faults) == 0)
			fault(check, NULL, "%s: the folder has no file *.postern.yaml, *.postern.yml or *.postern.json",
				paths[i]);
	}
}

/* Put a file's lists behind those of the files before. */
static void take_lists(struct check *check, struct json *tree, struct json *estate)
{
	static const char *const lists[] = { "apis", "domains" };
	struct view name = json_find_text(tree, "estate"), known = json_find_text(estate, "estate");

	if (name.count && known.count && !view_equals(name, known))
		fault(check, json_find(tree, "estate"), "estate: another file says " VIEW_FMT, VIEW_ARG(known));
	else if (name.count)
		json_set_text(estate, "estate", name);
	for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
		struct json *list = json_find(tree, lists[i]);

		while (json_count(list))
			json_append(json_ensure_array(estate, lists[i]), json_take_at(list, 0));
	}
}

/* Two of one name would take turns. */
static void check_names(struct check *check, const struct json *list, const char *what)
{
	for (size_t i = 0; i < json_count(list); i++)
		for (size_t k = 0; k < i; k++) {
			const struct json *one = json_at(list, k), *other = json_at(list, i);

			if (json_find_text(one, "name").count &&
				view_equals(json_find_text(one, "name"), json_find_text(other, "name")) &&
				json_equals(json_find(one, "id"), json_find(other, "id")))
				json_append(check->faults,
					json_text_new_printf(VIEW_FMT ": %s " VIEW_FMT " is in " VIEW_FMT " as well",
						VIEW_ARG(json_find_text(other, APPLY_PLACE)), what,
						VIEW_ARG(json_find_text(other, "name")),
						VIEW_ARG(json_find_text(one, APPLY_PLACE))));
		}
}

int apply_files_read(struct cli *cli, char **paths, size_t count, struct json **ret)
{
	struct json *estate = json_object_new(), *faults JSON_CLEANUP = json_array_new(),
		    *found JSON_CLEANUP = json_array_new();
	struct check check = { .cli = cli, .path = "apply", .faults = faults };

	find_all(&check, paths, count, found);
	JSON_EACH(path, found)
	{
		struct json *tree;
		struct view text;

		check.path = json_c_string(path);
		tree = read_tree(&check, NULL, check.path, APPLY_FILE_MAX_BYTES, &text);
		if (!tree)
			continue;
		apply_file_check(cli, check.path, tree, faults);
		take_lists(&check, tree, estate);
		json_free(tree);
	}
	check_names(&check, json_find(estate, "apis"), "API");
	check_names(&check, json_find(estate, "domains"), "domain");
	JSON_EACH(text, faults)
	(void)cli_fail(cli, VIEW_FMT, VIEW_ARG(json_text(text)));
	if (json_count(faults)) {
		json_free(estate);
		return CLI_FAILED;
	}
	*ret = estate;
	return 0;
}
