/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/policy_batch.h"

#include <stdlib.h>

#include "appliance/cli/batch.h"

struct cases {
	policy_batch_each *each;
	void *context;
};

static bool run_one(struct cases *cases, const struct json *object)
{
	struct json *answer JSON_CLEANUP = json_object_new();
	const struct json *id = json_find(object, "id");
	bool done;

	json_set(answer, "id", json_copy(id));
	done = cases->each(cases->context, object, answer);
	cli_print_json(answer);
	return done;
}

static struct view trim(struct view text)
{
	return view_trim_set(text, " \t\r\n");
}

/* The `id` of an object that the parser refused, for its duplicated member perhaps; a null value if it can't be found. */
static struct json *find_id(struct view text)
{
	struct json *id = NULL;

	text = trim(text);
	while (text.count && (text.at[0] == '{' || text.at[0] == ',')) {
		struct view name, value;

		text = trim(view_after(text, 1));
		name = view_part(text, 0, batch_value_length(text));
		text = view_after(text, name.count);
		if (!text.count || text.at[0] != ':')
			break;
		text = view_after(text, 1);
		value = view_part(text, 0, batch_value_length(text));
		text = view_after(text, value.count);
		if (view_equals(trim(name), view_of("\"id\"")) && json_parse(trim(value), NULL, &id, NULL) == 0)
			return id;
	}
	return json_null_new();
}

/* One case, or what stands in the place of one; `line` and `column` are where it begins. */
static bool run_text(void *context, struct view text, size_t line, size_t column)
{
	struct json *answer JSON_CLEANUP = NULL, *object JSON_CLEANUP = NULL;
	struct json_error error = { 0 };

	if (json_parse(text, NULL, &object, &error) == 0) {
		return run_one(context, object);
	}
	answer = json_object_new();
	json_set(answer, "id", find_id(text));
	json_set(answer, "error",
		json_text_new_printf("line %zu, column %zu: %s", line + (error.line ? error.line - 1 : 0),
			error.line > 1 ? error.column : column + (error.column ? error.column - 1 : 0),
			error.rule ? error.rule : "too large"));
	cli_print_json(answer);
	return false;
}

int policy_batch_run(struct cli *cli, const char *path, policy_batch_each *each, void *context)
{
	struct cases cases = { .each = each, .context = context };

	return batch_run(cli, path, run_text, &cases);
}
