/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Steps, tags and patches: what planning consists of. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "appliance/base/assert.h"
#include "appliance/cli/apply.h"
#include "appliance/cli/apply_diff.h"
#include "appliance/cli/policy_diff.h"

/* Regions of a policy's meaning that a plan tells; `postern policy diff` tells all. */
#define MEANINGS_MAX 8

static struct apply_step *add(struct apply *apply, enum apply_action action, enum apply_rank rank, const char *what)
{
	struct apply_step *step = ARENA_NEW(&apply->cli->arena, struct apply_step), **place = &apply->steps;

	ASSERT(step);
	step->action = action;
	step->rank = rank;
	step->what = what;
	step->lines = apply_keep(apply, json_array_new());
	while (*place && (*place)->rank <= rank)
		place = &(*place)->next;
	step->next = *place;
	*place = step;
	apply->counts[action]++;
	return step;
}

struct apply_step *apply_step_add(struct apply *apply, enum apply_action action, enum apply_rank rank, apply_run *run,
	void *subject, const char *format, ...)
{
	struct apply_step *step;
	va_list arguments;

	va_start(arguments, format);
	step = add(apply, action, rank, arena_vprintf(&apply->cli->arena, format, arguments).at);
	va_end(arguments);
	step->run = run;
	step->subject = subject;
	return step;
}

static int run_delete(struct apply *apply, struct apply_step *step)
{
	return apply_change(apply, "DELETE", view_from_text(step->target), NULL, (struct view){ 0 }, NULL);
}

void apply_step_delete(struct apply *apply, enum apply_rank rank, const char *target, const char *what)
{
	struct apply_step *step = add(apply, APPLY_DELETE, rank, what);

	step->run = run_delete;
	step->target = target;
}

void apply_note(struct apply *apply, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(apply, APPLY_NOTE, APPLY_RANK_NOTE, arena_vprintf(&apply->cli->arena, format, arguments).at);
	va_end(arguments);
}

void apply_note_region(struct apply *apply, const char *arn)
{
	struct view rest = view_from_text(arn ? arn : ""), part = { 0 };

	if (apply->region)
		return;
	for (unsigned i = 0; i < 4; i++)
		if (!view_split(&rest, ':', &part))
			return;
	if (part.count)
		apply->region = apply_text(apply, VIEW_FMT, VIEW_ARG(part));
}

const char *apply_lower(struct apply *apply, const char *text)
{
	char *lower = arena_text(&apply->cli->arena, view_from_text(text));

	ASSERT(lower);
	for (char *byte = lower; *byte; byte++)
		*byte = view_lower_byte(*byte);
	return lower;
}

bool apply_has_text(const struct json *list, struct view text)
{
	JSON_EACH(item, list)
	if (view_equals(json_text(item), text))
		return true;
	return false;
}

/* --- tags ------------------------------------------------------------------------------------------------------------------- */

bool apply_owns(const struct apply *apply, const struct json *tags)
{
	return view_equals_text(json_find_text(tags, APPLY_TAG), apply->name);
}

void apply_note_owner(struct apply *apply, const char *what, const char *name, const struct json *tags)
{
	struct view owner = json_find_text(tags, APPLY_TAG);

	if (owner.count && !apply_owns(apply, tags))
		apply_note(apply, "%s %s was made by the estate " VIEW_FMT ": two estates that name it take turns",
			what, name, VIEW_ARG(owner));
}

struct json *apply_tags_new(struct apply *apply, const struct json *wish)
{
	struct json *tags = wish ? json_copy(wish) : json_object_new();

	json_set_c_string(tags, APPLY_TAG, apply->name);
	return tags;
}

void apply_tags_plan(struct apply *apply, const struct json *wish, const struct json *actual, struct json *lines,
	struct apply_tags *ret)
{
	ret->set = apply_keep(apply, json_object_new());
	ret->unset = apply_keep(apply, json_array_new());
	if (!wish)
		return;
	JSON_EACH(tag, wish)
	{
		const struct json *old = json_find_view(actual, json_name(tag));

		if (old && json_equals(old, tag))
			continue;
		json_set_view(ret->set, json_name(tag), json_copy(tag));
		apply_diff_value(apply_text(apply, "tags." VIEW_FMT, VIEW_ARG(json_name(tag))), old, tag, lines);
	}
	JSON_EACH(tag, actual)
	{
		if (json_find_view(wish, json_name(tag)) || view_starts_with(json_name(tag), view_of(APPLY_TAG_PREFIX)))
			continue;
		json_append_text(ret->unset, json_name(tag));
		apply_diff_value(apply_text(apply, "tags." VIEW_FMT, VIEW_ARG(json_name(tag))), tag, NULL, lines);
	}
}

int apply_tags_change(struct apply *apply, const char *arn, const struct apply_tags *tags)
{
	const char *target = apply_text(apply, "/tags/%s", client_encode(apply->cli, arn));
	struct buffer query;
	int error = 0;

	if (json_count(tags->set)) {
		struct json *body JSON_CLEANUP = json_object_new();

		json_set(body, "tags", json_copy(tags->set));
		error = apply_change(apply, "PUT", view_from_text(target), body, (struct view){ 0 }, NULL);
	}
	if (error || !json_count(tags->unset))
		return error;
	buffer_init_arena(&query, &apply->cli->arena, 65536);
	buffer_append_text(&query, target);
	for (size_t i = 0; i < json_count(tags->unset); i++)
		buffer_printf(&query, "%ctagKeys=%s", i ? '&' : '?',
			client_encode(apply->cli, json_c_string(json_at(tags->unset, i))));
	return apply_change(apply, "DELETE", buffer_view(&query), NULL, (struct view){ 0 }, NULL);
}

/* --- patches ---------------------------------------------------------------------------------------------------------------- */

void apply_patch(struct json *operations, const char *op, const char *value, const char *format, ...)
{
	struct json *operation = json_object_new();
	char *path = NULL;
	va_list arguments;

	va_start(arguments, format);
	ASSERT(vasprintf(&path, format, arguments) >= 0);
	va_end(arguments);
	json_set_c_string(operation, "op", op);
	json_set_c_string(operation, "path", path);
	json_set_c_string(operation, "value", value);
	json_append(operations, operation);
	free(path);
}

const char *apply_pointer(struct apply *apply, struct view text)
{
	struct buffer buffer;

	buffer_init_arena(&buffer, &apply->cli->arena, 2 * text.count + 1);
	for (size_t i = 0; i < text.count; i++)
		if (text.at[i] == '~' || text.at[i] == '/')
			buffer_append_text(&buffer, text.at[i] == '~' ? "~0" : "~1");
		else
			buffer_append_byte(&buffer, text.at[i]);
	return text.count ? buffer_text(&buffer) : "";
}

int apply_patch_send(struct apply *apply, const char *target, const struct json *operations)
{
	struct json *body JSON_CLEANUP = NULL;

	if (!json_count(operations))
		return 0;
	body = json_object_new();
	json_set(body, "patchOperations", json_copy(operations));
	return apply_change(apply, "PATCH", view_from_text(target), body, (struct view){ 0 }, NULL);
}

/* --- policies --------------------------------------------------------------------------------------------------------------- */

void apply_policy_lines(
	struct apply *apply, struct view before, struct view after, const char *api_arn, struct json *lines)
{
	struct json *answer JSON_CLEANUP = NULL;
	size_t told = 0;

	apply_diff_policies(before, after, lines);
	if (!before.count || !after.count || !api_arn || policy_diff_texts(before, after, api_arn, &answer) != 0)
		return;
	JSON_EACH(change, json_find(answer, "changes"))
	if (told++ < MEANINGS_MAX)
		json_append_text(lines,
			apply_view(apply, "    policy: " VIEW_FMT, VIEW_ARG(policy_diff_line(apply->cli, change))));
	if (told > MEANINGS_MAX)
		json_append_text(lines,
			apply_view(apply, "    policy: %zu more (postern policy diff tells all)", told - MEANINGS_MAX));
}
