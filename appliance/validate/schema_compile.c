/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The schemas to be compiled wait in a list, so that however long a chain of definitions is, nothing nests. Each JSON object becomes one
 * node, whoever refers to it: that ends circles.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/table.h"
#include "appliance/validate/schema_rules.h"

static const struct view ref_name = VIEW_INIT("$ref");

/* Longest JSON pointer part, decoded; names of definitions are shorter. */
#define POINTER_PART_MAX_BYTES 1024

struct document {
	struct document *next;
	struct view url; /* empty: the schema itself */
	const struct json_value *root;
};

struct schema_pending {
	struct schema_pending *next;
	struct schema_pending *parent; /* whose part it is; NULL: a document */
	const struct document *document;
	const struct json_value *json; /* its address is the key of the table */
	struct schema_node *node;
	const char *keyword; /* under which it stands in its parent */
	struct view name;
};

struct walk {
	struct table nodes; /* by the address of the JSON */
	struct schema_pending *first, **last;
	struct document *documents;
	size_t node_count;
	schema_resolve_fn *resolve;
	void *context;
};

/* --- Saying what is wrong ------------------------------------------------------------------------------------------------------- */

/* Steps of a place that are told. */
#define PLACE_STEPS_MAX 16

/* How one comes from the outermost schema to this one. */
static void write_place(const struct schema_pending *pending, struct schema_error *ret)
{
	const struct schema_pending *path[PLACE_STEPS_MAX];
	size_t count = 0, used;

	for (; pending->parent && count < PLACE_STEPS_MAX; pending = pending->parent)
		path[count++] = pending;
	used = (size_t)snprintf(ret->place, sizeof ret->place, pending->parent ? "#/..." : "#");
	while (count > 0 && used < sizeof ret->place) {
		const struct schema_pending *step = path[--count];
		int added = snprintf(ret->place + used, sizeof ret->place - used, "/%s%s" VIEW_FMT, step->keyword,
			step->name.at ? "/" : "", VIEW_ARG(step->name));

		used += added > 0 ? (size_t)added : 0;
	}
}

int schema_work_fail(struct schema_work *work, int error, const char *format, ...)
{
	va_list arguments;

	if (work->error) {
		write_place(work->pending, work->error);
		va_start(arguments, format);
		vsnprintf(work->error->text, sizeof work->error->text, format, arguments);
		va_end(arguments);
	}
	return error;
}

int schema_work_no_memory(struct schema_work *work)
{
	return schema_work_fail(work, -ENOMEM, "out of memory");
}

/* --- References ------------------------------------------------------------------------------------------------------------------- */

static struct document *add_document(struct schema_work *work, struct view url, const struct json_value *root)
{
	struct walk *walk = work->walk;
	struct document *document = ARENA_NEW(work->arena, struct document);

	if (!document)
		return NULL;
	document->url = url;
	document->root = root;
	document->next = walk->documents;
	walk->documents = document;
	return document;
}

static int find_document(struct schema_work *work, struct view url, const struct document **ret)
{
	struct walk *walk = work->walk;
	const struct json_value *root;

	for (const struct document *document = walk->documents; document; document = document->next) {
		if (view_equals(document->url, url)) {
			*ret = document;
			return 0;
		}
	}
	root = walk->resolve ? walk->resolve(walk->context, url) : NULL;
	if (!root)
		return schema_work_fail(work, -EINVAL, "'" VIEW_FMT "' refers to no model", VIEW_ARG(url));
	*ret = add_document(work, url, root);
	return *ret ? 0 : schema_work_no_memory(work);
}

/* One part of a pointer as it stands in a fragment: escapes of URIs and of pointers resolved. False if it is none. */
static bool decode_part(struct view part, char *room, size_t *ret_count)
{
	size_t count = 0;

	if (part.count > POINTER_PART_MAX_BYTES)
		return false;
	for (size_t i = 0; i < part.count; i++) {
		unsigned byte = (unsigned char)part.at[i];
		char digits[3] = { 0 };

		if (byte == '%') {
			if (part.count - i < 3 ||
				strspn(memcpy(digits, part.at + i + 1, 2), "0123456789abcdefABCDEF") != 2 ||
				sscanf(digits, "%2x", &byte) != 1)
				return false;
			i += 2;
		}
		room[count++] = (char)byte;
	}
	*ret_count = 0;
	for (size_t i = 0; i < count; i++) {
		char byte = room[i];

		if (byte == '~') {
			if (++i == count || (room[i] != '0' && room[i] != '1'))
				return false;
			byte = room[i] == '0' ? '~' : '/';
		}
		room[(*ret_count)++] = byte;
	}
	return true;
}

/* What a pointer, "/definitions/Bin", leads to; NULL if it leads nowhere. */
static const struct json_value *follow_pointer(const struct json_value *value, struct view pointer)
{
	char room[POINTER_PART_MAX_BYTES];
	struct view rest = view_after(pointer, 1), part;

	if (pointer.count == 0)
		return value;
	if (pointer.at[0] != '/')
		return NULL;
	if (rest.count == 0)
		return json_value_find(value, rest);
	while (value && view_split(&rest, '/', &part)) {
		size_t count;
		uint64_t index;

		if (!decode_part(part, room, &count))
			return NULL;
		part = view_from(room, count);
		if (json_value_is_array(value))
			value = view_parse_u64(part, SIZE_MAX / 2, &index) == 0 ? json_value_at(value, index) : NULL;
		else
			value = json_value_find(value, part);
	}
	return value;
}

/* Follow `$ref`s from `*json` in `*document` to a schema that is none. */
static int follow_references(struct schema_work *work, const struct document **document, const struct json_value **json)
{
	for (size_t i = 0;; i++) {
		const struct json_value *reference = json_value_find(*json, ref_name);
		struct view text = json_value_text(reference), url, fragment;
		int error;

		if (!json_value_is_object(*json))
			return schema_work_fail(work, -EINVAL, "a schema must be an object");
		if (!json_value_is_text(reference))
			return 0;
		if (i == SCHEMA_REF_CHAIN_MAX)
			return schema_work_fail(
				work, -EINVAL, "'" VIEW_FMT "' leads to other references for ever", VIEW_ARG(text));
		if (!view_cut(text, '#', &url, &fragment))
			fragment = (struct view){ 0 };
		if (url.count > 0) {
			error = find_document(work, url, document);
			if (error)
				return error;
		}
		*json = follow_pointer((*document)->root, fragment);
		if (!*json)
			return schema_work_fail(work, -EINVAL, "'" VIEW_FMT "' leads nowhere", VIEW_ARG(text));
	}
}

/* --- The walk ------------------------------------------------------------------------------------------------------------------------ */

static struct schema_pending *add_pending(
	struct schema_work *work, const struct document *document, const struct json_value *json)
{
	struct walk *walk = work->walk;
	struct schema_pending *pending = ARENA_NEW(work->arena, struct schema_pending);

	if (!pending)
		return NULL;
	pending->node = ARENA_NEW(work->arena, struct schema_node);
	pending->document = document;
	pending->json = json;
	if (!pending->node || table_add(&walk->nodes, view_from(&pending->json, sizeof pending->json), pending) < 0)
		return NULL;
	*walk->last = pending;
	walk->last = &pending->next;
	return pending;
}

int schema_work_node(struct schema_work *work, const struct json_value *json, const char *keyword,
	const struct view *name, const struct schema_node **ret)
{
	struct walk *walk = work->walk;
	struct schema_pending here = *work->pending, *at_hand = work->pending, *pending;
	const struct document *document = at_hand->document;
	int error;

	/* What is wrong below is told with its own place. */
	here.parent = at_hand;
	here.keyword = keyword;
	here.name = name ? *name : (struct view){ 0 };
	work->pending = &here;
	error = follow_references(work, &document, &json);
	work->pending = at_hand;
	if (error)
		return error;
	pending = table_find(&walk->nodes, view_from(&json, sizeof json));
	if (!pending) {
		if (++walk->node_count > SCHEMA_NODES_MAX)
			return schema_work_fail(work, -EMSGSIZE, "more than %d schemas", SCHEMA_NODES_MAX);
		pending = add_pending(work, document, json);
		if (!pending)
			return schema_work_no_memory(work);
		pending->parent = at_hand;
		pending->keyword = keyword;
		pending->name = here.name;
	}
	*ret = pending->node;
	return 0;
}

static int compile_all(struct schema_work *work, const struct json_value *json)
{
	struct walk *walk = work->walk;
	const struct document *document = add_document(work, (struct view){ 0 }, json);
	struct schema_pending root = { .document = document };
	int error;

	work->pending = &root;
	if (!document)
		return schema_work_no_memory(work);
	error = follow_references(work, &document, &json);
	if (error)
		return error;
	if (!add_pending(work, document, json))
		return schema_work_no_memory(work);
	work->schema->root = walk->first->node;
	for (struct schema_pending *pending = walk->first; pending; pending = pending->next) {
		work->pending = pending;
		work->json = pending->json;
		error = schema_rules_fill(work, pending->node);
		if (error)
			return error;
	}
	return 0;
}

int schema_compile(struct arena *arena, const struct json_value *json, schema_resolve_fn *resolve, void *context,
	struct schema **ret, struct schema_error *ret_error)
{
	struct walk walk = { .resolve = resolve, .context = context };
	struct schema_work work = { .arena = arena, .error = ret_error, .walk = &walk };
	int error;

	if (ret_error)
		*ret_error = (struct schema_error){ .text = "out of memory" };
	work.schema = ARENA_NEW(arena, struct schema);
	if (!work.schema)
		return -ENOMEM;
	walk.last = &walk.first;
	table_init(&walk.nodes);
	error = compile_all(&work, json);
	table_fini(&walk.nodes);
	if (error)
		schema_fini(work.schema);
	else
		*ret = work.schema;
	return error;
}

void schema_fini(struct schema *schema)
{
	if (!schema)
		return;
	for (struct schema_pattern *pattern = schema->patterns; pattern; pattern = pattern->next)
		pattern_free(pattern->compiled);
	schema->patterns = NULL;
}
