/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Running JSONPaths. */
#include <errno.h>
#include <string.h>

#include "appliance/base/decimal.h"
#include "appliance/base/pattern.h"
#include "appliance/mapping/json_path_program.h"

/* Members of an object, or bytes of a text, that are looked at for one unit of work. */
#define MEMBERS_PER_WORK 4
#define BYTES_PER_WORK 64

struct search {
	const struct json_path *path;
	const struct json_value *root;
	struct arena *arena;
	struct pattern_scratch *patterns;
	struct json_path_result *result;
	size_t room;
	struct json_path_budget *budget;
};

static int take(struct search *search, const struct json_value *value, size_t step);

/* Count work; what is left of it is asked at the next container. */
static void work(struct search *search, size_t units)
{
	search->budget->work -= units < search->budget->work ? units : search->budget->work;
}

static bool is_worked_out(struct search *search, const struct json_value *container)
{
	work(search, 1 + json_value_count(container) / MEMBERS_PER_WORK);
	return search->budget->work == 0 || search->budget->matches->over;
}

static int keep(struct search *search, const struct json_value *value)
{
	struct json_path_result *result = search->result;

	if (result->count == 0) {
		result->first = value;
		result->values = &result->first;
		result->count = 1;
		return 0;
	}
	if (result->count >= search->room) {
		size_t room = search->room ? search->room * 2 : 16;
		const struct json_value **values = arena_alloc(search->arena, room * sizeof *values);

		if (!values)
			return -ENOMEM;
		memcpy(values, result->values, result->count * sizeof *values);
		result->values = values;
		search->room = room;
	}
	result->values[result->count++] = value;
	return 0;
}

/* --- Filters -------------------------------------------------------------------------------------------------------- */

/* An operand's value. Literals are texts; what they are compared with says what they mean. */
struct operand {
	enum { OPERAND_MISSING, OPERAND_NULL, OPERAND_BOOLEAN, OPERAND_NUMBER, OPERAND_TEXT, OPERAND_CONTAINER } kind;
	bool literal;
	bool boolean;
	struct view text;               /* NUMBER, TEXT */
	const struct json_value *value; /* CONTAINER */
};

/* The value at the end of a definite path of single steps, without keeping anything. */
static const struct json_value *follow(
	struct search *search, const struct json_path *path, const struct json_value *value)
{
	for (size_t i = 0; i < path->count && value; i++) {
		const struct json_step *step = &path->steps[i];

		if (step->kind == JSON_STEP_NAMES)
			work(search, json_value_count(value) / MEMBERS_PER_WORK);
		if (step->kind == JSON_STEP_NAMES)
			value = json_value_find(value, step->names[0]);
		else if (!json_value_is_array(value))
			value = NULL;
		else if (step->kind == JSON_STEP_INDEXES)
			value = step->indexes[0] < 0 ? NULL : json_value_at(value, (size_t)step->indexes[0]);
		else
			value = json_value_at(value, json_value_count(value) - (size_t)step->from);
	}
	return value;
}

static bool has_several_names(const struct json_path *path)
{
	return path->count && path->steps[path->count - 1].kind == JSON_STEP_NAMES &&
	       path->steps[path->count - 1].count > 1;
}

static struct operand operand_of(const struct json_value *value)
{
	struct operand ret = { .kind = OPERAND_MISSING, .value = value };

	if (!value)
		return ret;
	switch (json_value_kind(value)) {
	case JSON_VALUE_NULL:
		ret.kind = OPERAND_NULL;
		break;
	case JSON_VALUE_FALSE:
	case JSON_VALUE_TRUE:
		ret.kind = OPERAND_BOOLEAN;
		ret.boolean = json_value_kind(value) == JSON_VALUE_TRUE;
		break;
	case JSON_VALUE_INTEGER:
	case JSON_VALUE_DECIMAL:
		ret.kind = OPERAND_NUMBER;
		break;
	case JSON_VALUE_TEXT:
		ret.kind = OPERAND_TEXT;
		break;
	case JSON_VALUE_ARRAY:
	case JSON_VALUE_OBJECT:
		ret.kind = OPERAND_CONTAINER;
		break;
	}
	ret.text = json_value_text(value);
	return ret;
}

static struct operand operand(struct search *search, const struct json_operand *source, const struct json_value *item)
{
	if (source->kind == JSON_OPERAND_PATH) {
		/* an object of several members equals nothing and is always there */
		if (has_several_names(source->path))
			return (struct operand){ .kind = OPERAND_CONTAINER, .value = item };
		return operand_of(follow(search, source->path, source->path->of_item ? item : search->root));
	}
	return (struct operand){ .kind = OPERAND_TEXT, .literal = true, .text = source->word };
}

static bool is_digit(struct view text, size_t at)
{
	return at < text.count && text.at[at] >= '0' && text.at[at] <= '9';
}

static size_t skip_digits(struct view text, size_t at)
{
	while (is_digit(text, at))
		at++;
	return at;
}

/* Is `text` a number as JSON has them? */
static bool is_number(struct view text)
{
	size_t at = text.count && text.at[0] == '-';

	if (!is_digit(text, at))
		return false;
	at = text.at[at] == '0' ? at + 1 : skip_digits(text, at);
	if (at < text.count && text.at[at] == '.') {
		if (!is_digit(text, at + 1))
			return false;
		at = skip_digits(text, at + 1);
	}
	if (at < text.count && (text.at[at] == 'e' || text.at[at] == 'E')) {
		at++;
		if (at < text.count && (text.at[at] == '+' || text.at[at] == '-'))
			at++;
		if (!is_digit(text, at))
			return false;
		at = skip_digits(text, at);
	}
	return at == text.count;
}

/* What the comparison of values of two kinds gives: an order, or nothing. */
#define INCOMPARABLE 2

static int order(bool less, bool greater)
{
	return less ? -1 : greater;
}

/* A text that stands for nothing: null, and the word null, quoted or not. */
static bool is_nothing(const struct operand *operand)
{
	return operand->kind == OPERAND_NULL ||
	       (operand->kind == OPERAND_TEXT && view_equals(operand->text, view_of("null")));
}

static bool boolean_of(const struct operand *operand)
{
	return operand->kind == OPERAND_BOOLEAN ? operand->boolean
						: view_equals_ignore_case(operand->text, view_of("true"));
}

/* May the text of one side be read as what the other side is? Literals may, texts of the document only on the right. */
static bool is_read_as(const struct operand *text, const struct operand *other, bool on_right)
{
	return text->kind == OPERAND_TEXT && other->kind != OPERAND_TEXT && (text->literal || on_right);
}

/* Of `left` to `right`: -1, 0, 1 or INCOMPARABLE. */
static int compare(const struct operand *left, const struct operand *right)
{
	int result;

	if (is_nothing(left) || is_nothing(right))
		return order(is_nothing(left) && !is_nothing(right), !is_nothing(left));
	if (left->kind == OPERAND_TEXT && right->kind == OPERAND_TEXT) {
		result = view_compare(left->text, right->text);
		return order(result<0, result> 0);
	}
	if (left->kind != right->kind && !is_read_as(left, right, false) && !is_read_as(right, left, true))
		return INCOMPARABLE;
	if (left->kind == OPERAND_BOOLEAN || right->kind == OPERAND_BOOLEAN)
		return order(!boolean_of(left) && boolean_of(right), boolean_of(left) && !boolean_of(right));
	if ((left->kind != OPERAND_NUMBER && right->kind != OPERAND_NUMBER) || !is_number(left->text) ||
		!is_number(right->text))
		return INCOMPARABLE;
	result = decimal_compare_texts(left->text, right->text);
	return order(result<0, result> 0);
}

static bool is_in(
	struct search *search, const struct json_filter *filter, const struct json_value *item, struct operand left)
{
	if (filter->right.kind == JSON_OPERAND_PATH) {
		const struct json_value *list =
			follow(search, filter->right.path, filter->right.path->of_item ? item : search->root);

		work(search, 2 * json_value_count(list)); /* numbers are compared by value */
		for (size_t i = 0; i < json_value_count(list); i++) {
			struct operand right = operand_of(json_value_at(list, i));

			if (json_value_is_array(list) && compare(&left, &right) == 0)
				return true;
		}
		return false;
	}
	work(search, 2 * filter->right.count);
	for (size_t i = 0; i < filter->right.count; i++) {
		struct operand right = operand(search, &filter->right.items[i], item);

		if (right.kind != OPERAND_MISSING && compare(&left, &right) == 0)
			return true;
	}
	return false;
}

static bool matches(struct search *search, const struct json_filter *filter, const struct operand *left)
{
	struct view subject = left->text;

	if (left->kind == OPERAND_BOOLEAN)
		subject = left->boolean ? view_of("true") : view_of("false");
	return subject.at && search->patterns &&
	       pattern_match_within(
		       filter->right.pattern, search->patterns, search->budget->matches, subject, 0, NULL, 0) == 1;
}

/* Items of a list, characters of a text; SIZE_MAX for all else. */
static size_t size_of(const struct operand *operand)
{
	if (operand->kind == OPERAND_TEXT)
		return view_character_count(operand->text);
	return operand->kind == OPERAND_CONTAINER ? json_value_count(operand->value) : SIZE_MAX;
}

static bool has_size(const struct operand *left, const struct operand *right)
{
	uint64_t size;

	return view_parse_u64(right->text, SIZE_MAX - 1, &size) == 0 && size_of(left) == size;
}

static bool holds(struct search *search, const struct json_filter *filter, const struct json_value *item)
{
	struct operand left, right;
	int result;

	if (filter->kind == JSON_FILTER_OR)
		return holds(search, filter->first, item) || holds(search, filter->second, item);
	if (filter->kind == JSON_FILTER_AND)
		return holds(search, filter->first, item) && holds(search, filter->second, item);
	if (filter->kind == JSON_FILTER_NOT)
		return !holds(search, filter->first, item);
	work(search, 1);
	left = operand(search, &filter->left, item);
	if (filter->kind == JSON_FILTER_EXISTS)
		return left.kind > OPERAND_NULL;
	if (left.kind == OPERAND_MISSING)
		return false;
	if (filter->kind == JSON_FILTER_IN || filter->kind == JSON_FILTER_NOT_IN)
		return is_in(search, filter, item, left) == (filter->kind == JSON_FILTER_IN);
	if (filter->kind == JSON_FILTER_MATCHES)
		return matches(search, filter, &left);
	right = operand(search, &filter->right, item);
	if (right.kind == OPERAND_MISSING)
		return false;
	work(search, (left.text.count + right.text.count) / BYTES_PER_WORK);
	if (filter->kind == JSON_FILTER_SIZE)
		return has_size(&left, &right);
	if (filter->kind == JSON_FILTER_EMPTY)
		return size_of(&left) != SIZE_MAX && (size_of(&left) == 0) == boolean_of(&right);
	result = compare(&left, &right);
	if (result == INCOMPARABLE)
		return false;
	if (filter->kind == JSON_FILTER_EQUAL || filter->kind == JSON_FILTER_UNEQUAL)
		return (result == 0) == (filter->kind == JSON_FILTER_EQUAL);
	if ((left.kind == OPERAND_NULL) != (right.kind == OPERAND_NULL))
		return false;
	switch (filter->kind) {
	case JSON_FILTER_LESS:
		return result < 0;
	case JSON_FILTER_LESS_OR_EQUAL:
		return result <= 0;
	case JSON_FILTER_GREATER:
		return result > 0;
	default:
		return result >= 0;
	}
}

/* --- Steps ---------------------------------------------------------------------------------------------------------- */

/* Behind step `step`: the next one, or the end. */
static int go_on(struct search *search, const struct json_value *value, size_t step)
{
	return step + 1 == search->path->count ? keep(search, value) : take(search, value, step + 1);
}

/* ['a','b']: an object of those that are there. */
static int take_several_names(struct search *search, const struct json_value *value, const struct json_step *step)
{
	struct json_value *merged = ARENA_NEW(search->arena, struct json_value);
	struct json_member *members = ARENA_NEW_ARRAY(search->arena, struct json_member, step->count);

	if (!merged || !members)
		return -ENOMEM;
	work(search, step->count * (1 + (step->count + json_value_count(value)) / MEMBERS_PER_WORK));
	merged->kind = JSON_VALUE_OBJECT;
	merged->members = members;
	for (size_t i = 0; i < step->count; i++) {
		const struct json_value *member = json_value_find(value, step->names[i]);

		for (size_t before = 0; before < i && member; before++) {
			if (view_equals(step->names[before], step->names[i]))
				member = NULL;
		}
		if (!member)
			continue;
		members[merged->count].name = json_value_of_text(step->names[i]);
		members[merged->count++].value = *member;
	}
	return keep(search, merged);
}

static int take_item(struct search *search, const struct json_value *value, size_t step, int64_t index)
{
	const struct json_value *item = index < 0 ? NULL : json_value_at(value, (size_t)index);

	return item ? go_on(search, item, step) : 0;
}

static int take_all(struct search *search, const struct json_value *value, size_t step)
{
	for (size_t i = 0; i < json_value_count(value); i++) {
		int result = go_on(search, json_value_at(value, i), step);

		if (result)
			return result;
	}
	return 0;
}

/* "a:b" with a below zero finds nothing there, "-a:" and ":-b" count from the end: as Jayway does it. */
static int take_slice(struct search *search, const struct json_value *value, size_t at)
{
	const struct json_step *step = &search->path->steps[at];
	int64_t count = (int64_t)json_value_count(value), from = step->from, to = step->has_to ? step->to : count;

	if (!step->has_to && from < 0)
		from = from + count < 0 ? 0 : from + count;
	if (!step->has_from && to < 0)
		to += count;
	if (to > count)
		to = count;
	for (int64_t i = from < 0 ? 0 : from; i < to; i++) {
		int result = take_item(search, value, at, i);

		if (result)
			return result;
	}
	return 0;
}

static int take_array_step(struct search *search, const struct json_value *value, size_t at)
{
	const struct json_step *step = &search->path->steps[at];
	int result = 0;

	if (step->kind == JSON_STEP_SLICE)
		return take_slice(search, value, at);
	if (step->kind == JSON_STEP_FROM_END)
		return take_item(search, value, at, (int64_t)json_value_count(value) - step->from);
	for (size_t i = 0; i < step->count && result == 0; i++)
		result = take_item(search, value, at, step->indexes[i]);
	return result;
}

static int take_filtered(struct search *search, const struct json_value *value, size_t at)
{
	const struct json_filter *filter = search->path->steps[at].filter;

	if (json_value_is_object(value))
		return holds(search, filter, value) ? go_on(search, value, at) : 0;
	for (size_t i = 0; i < json_value_count(value); i++) {
		const struct json_value *item = json_value_at(value, i);
		int result;

		if (is_worked_out(search, item))
			return -E2BIG;
		result = holds(search, filter, item) ? go_on(search, item, at) : 0;
		if (result)
			return result;
	}
	return 0;
}

/* Does the step behind a scan begin at this container? */
static bool scan_stops(struct search *search, const struct json_value *value, const struct json_step *step)
{
	switch (step->kind) {
	case JSON_STEP_NAMES:
		for (size_t i = 0; i < step->count; i++) {
			if (i)
				work(search, json_value_count(value) / MEMBERS_PER_WORK);
			if (!json_value_find(value, step->names[i]))
				return false;
		}
		return json_value_is_object(value);
	case JSON_STEP_ALL:
		return true;
	case JSON_STEP_FILTER:
		return holds(search, step->filter, value);
	case JSON_STEP_SCAN:
		return false;
	default:
		return json_value_is_array(value);
	}
}

/*
 * `at` is the step behind the scan. Jayway applies it to a list only if it is the last one: "$..[0].a" is "$..[*].a". Depth is
 * bounded by the document's.
 */
static int scan(struct search *search, const struct json_value *value, size_t at)
{
	int result = 0;

	if (json_value_count(value) == 0 && json_value_kind(value) < JSON_VALUE_ARRAY)
		return 0;
	if (is_worked_out(search, value))
		return -E2BIG;
	if (scan_stops(search, value, &search->path->steps[at])) {
		if (json_value_is_object(value) || at + 1 == search->path->count)
			result = take(search, value, at);
		else
			result = take_all(search, value, at);
	}
	for (size_t i = 0; i < json_value_count(value) && result == 0; i++)
		result = scan(search, json_value_at(value, i), at);
	return result;
}

static int take(struct search *search, const struct json_value *value, size_t at)
{
	const struct json_step *step = &search->path->steps[at];

	if (is_worked_out(search, value))
		return -E2BIG;
	switch (step->kind) {
	case JSON_STEP_NAMES:
		if (!json_value_is_object(value))
			return 0;
		if (step->count > 1)
			return take_several_names(search, value, step);
		value = json_value_find(value, step->names[0]);
		return value ? go_on(search, value, at) : 0;
	case JSON_STEP_ALL:
		return take_all(search, value, at);
	case JSON_STEP_SCAN:
		return scan(search, value, at + 1);
	case JSON_STEP_FILTER:
		return take_filtered(search, value, at);
	default:
		return json_value_is_array(value) ? take_array_step(search, value, at) : 0;
	}
}

/*
 * Does a step up to the first that may give several not fit its value? Then there is no list. A name that an object lacks fits: the list
 * is empty.
 */
static bool begins_nowhere(struct search *search, const struct json_value *value)
{
	const struct json_path *path = search->path;
	enum json_step_kind kind = path->steps[path->certain].kind;

	for (size_t i = 0; i < path->certain; i++) {
		struct json_path step = { .count = 1, .steps = &path->steps[i] };
		bool is_object = json_value_is_object(value);

		value = follow(search, &step, value);
		if (!value)
			return !is_object || path->steps[i].kind != JSON_STEP_NAMES;
	}
	if (kind == JSON_STEP_FILTER)
		return json_value_kind(value) < JSON_VALUE_ARRAY;
	return (kind == JSON_STEP_SLICE || kind == JSON_STEP_INDEXES) && !json_value_is_array(value);
}

int json_path_find_within(const struct json_path *path, const struct json_value *root, struct arena *arena,
	struct pattern_scratch *patterns, struct json_path_budget *budget, struct json_path_result *ret)
{
	struct search search = {
		.path = path, .root = root, .arena = arena, .patterns = patterns, .result = ret, .budget = budget
	};
	int result;

	*ret = (struct json_path_result){ .definite = path->definite };
	if (path->definite && !has_several_names(path)) {
		const struct json_value *value = follow(&search, path, root);

		return value ? keep(&search, value) : 0;
	}
	if (!path->definite && begins_nowhere(&search, root)) {
		ret->definite = true;
		return 0;
	}
	result = take(&search, root, 0);
	return result == 0 && budget->matches->over ? -E2BIG : result; /* the last match may have been refused */
}

int json_path_find(const struct json_path *path, const struct json_value *root, struct arena *arena,
	struct pattern_scratch *patterns, struct json_path_result *ret)
{
	struct pattern_budget matches = { 0 };
	struct json_path_budget budget = { .work = JSON_PATH_WORK_MAX, .matches = &matches };

	return json_path_find_within(path, root, arena, patterns, &budget, ret);
}
