/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/model/read.h"

#include <errno.h>

int read_record(struct compile *compile, struct store *store, enum store_kind kind, const char *id, struct json **ret,
	uint64_t *ret_revision)
{
	struct store_record record;
	int error = store_get(store, kind, id, &record);

	*ret = NULL;
	if (error == -ENOENT)
		return 0;
	if (error)
		return compile_fail(compile, error, "the store can't be read");
	error = compile_parse(compile, view_from(record.body, record.body_bytes), ret);
	if (ret_revision)
		*ret_revision = record.revision;
	store_record_fini(&record);
	return error;
}

/* Bodies of the records of a parent, collected into an array. */
struct children {
	struct compile *compile;
	struct json *array;
};

static int child_visit(void *context, const struct store_record *record)
{
	struct children *children = context;
	struct json *body;
	int error = compile_parse(children->compile, view_from(record->body, record->body_bytes), &body);

	if (error)
		return error;
	json_append(children->array, body);
	return 0;
}

int read_children(
	struct compile *compile, struct store *store, enum store_kind kind, const char *parent, struct json **ret)
{
	struct children children = { .compile = compile, .array = json_array_new() };
	int error;

	compile->message[0] = '\0';
	error = store_each(store, kind, parent, child_visit, &children);
	if (error) {
		json_free(children.array);
		if (compile->message[0])
			return error;
		return compile_fail(compile, error, "the store can't be read");
	}
	*ret = children.array;
	return 0;
}
