/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/operations.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/dialect.h"
#include "appliance/control/shapes.h"
#include "appliance/wire/uri.h"

const struct service services[SERVICE_COUNT] = {
#define SERVICE(name_, dialect_symbol, global_, version_, resources_, text_)                                           \
	[SERVICE_##name_] = { .id = SERVICE_##name_,                                                                   \
		.name = #name_,                                                                                        \
		.dialect = &dialect_##dialect_symbol,                                                                  \
		.is_global = (global_),                                                                                \
		.version = (version_),                                                                                 \
		.resources = (resources_),                                                                             \
		.text = (text_) },
#include "appliance/control/services.def"
#undef SERVICE
};

const struct operation operations[] = {
#define OPERATION(service_, name_, method_, uri_, status_, access_, action_, symbol_, source_)                         \
	{ .service = SERVICE_##service_,                                                                               \
		.name = #name_,                                                                                        \
		.method = (method_),                                                                                   \
		.uri = (uri_),                                                                                         \
		.status = (status_),                                                                                   \
		.access = OPERATION_##access_,                                                                         \
		.action = (action_),                                                                                   \
		.handle = op_##symbol_,                                                                                \
		.shape = &shape_##symbol_,                                                                             \
		.source = (source_) },
#include "appliance/control/operations.def"
#undef OPERATION
};

const size_t operation_count = ARRAY_COUNT(operations);

const struct service *service_find(struct view name)
{
	for (size_t i = 0; i < SERVICE_COUNT; i++)
		if (view_equals_text(name, services[i].name))
			return &services[i];
	return NULL;
}

const struct operation *operation_find(enum service_id service, struct view name)
{
	for (size_t i = 0; i < operation_count; i++)
		if (operations[i].service == service && view_equals_text(name, operations[i].name))
			return &operations[i];
	return NULL;
}

static bool query_has(struct view query, struct view name, struct view value)
{
	struct uri_query walk = { .rest = query };
	struct view part_name, part_value;

	while (uri_query_next(&walk, &part_name, &part_value, NULL))
		if (view_equals(part_name, name) && view_equals(part_value, value))
			return true;
	return false;
}

/* Does the part of the template behind '?' hold? */
static bool query_fits(struct view wanted, struct view query)
{
	struct view name, value;

	return wanted.count == 0 || (view_cut(wanted, '=', &name, &value) && query_has(query, name, value));
}

static bool is_placeholder(struct view segment)
{
	return segment.count > 2 && segment.at[0] == '{';
}

/* Compare segment by segment; with `input`, store what the placeholders stand for. */
static bool path_fits(const struct operation *operation, struct view template, struct view path, struct json *input)
{
	struct view template_rest = view_after(template, 1), path_rest = view_after(path, 1), wanted, segment;
	bool more_wanted, more;

	for (;;) {
		more_wanted = view_split(&template_rest, '/', &wanted);
		more = view_split(&path_rest, '/', &segment);
		if (!more_wanted || !more)
			return !more_wanted && !more;
		if (!is_placeholder(wanted)) {
			if (!view_equals(wanted, segment))
				return false;
			continue;
		}
		if (segment.count == 0)
			return false;
		if (input) {
			const struct shape_member *member =
				shape_find_wire(operation->shape, SHAPE_PATH, view_part(wanted, 1, wanted.count - 2));
			char *decoded = malloc(segment.count + 1);
			long count;

			ASSERT(member && decoded);
			count = uri_decode(decoded, segment, false, true);
			json_set_text(input, member->name, view_from(decoded, (size_t)count));
			free(decoded);
		}
	}
}

const struct operation *operation_route(enum service_id service, struct view method, struct view path,
	struct view query, struct json *input, bool *ret_path_known)
{
	const struct operation *found = NULL;
	bool found_by_query = false;

	*ret_path_known = false;
	if (path.count > 1 && path.at[path.count - 1] == '/')
		path.count--;
	if (path.count == 0 || path.at[0] != '/')
		return NULL;
	for (size_t i = 0; i < operation_count; i++) {
		const struct operation *row = &operations[i];
		struct view template, wanted_query;

		if (row->service != service || !row->uri[0])
			continue;
		(void)view_cut(view_from_text(row->uri), '?', &template, &wanted_query);
		if (!path_fits(row, template, path, NULL))
			continue;
		*ret_path_known = true;
		/* A row with a query is the closer one; literal paths stand before placeholders in the table. */
		if (view_equals_text(method, row->method) && query_fits(wanted_query, query) &&
			(!found || (wanted_query.count && !found_by_query))) {
			found = row;
			found_by_query = wanted_query.count > 0;
		}
	}
	if (found) {
		struct view template, wanted_query;

		(void)view_cut(view_from_text(found->uri), '?', &template, &wanted_query);
		(void)path_fits(found, template, path, input);
	}
	return found;
}
