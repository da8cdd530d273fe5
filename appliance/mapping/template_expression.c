/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Evaluating expressions and references. Source: spec/vtl.md 2, 5, 6; Velocity 1.7's ASTReference, ASTMathNode, ASTEQNode. */
#include <errno.h>

#include "appliance/base/json_value.h"
#include "appliance/mapping/java_number.h"
#include "appliance/mapping/template_program.h"

/* --- References ----------------------------------------------------------------------------------------------------- */

static int evaluate_all(struct template_run *run, const struct template_node *nodes, size_t count, struct value *ret)
{
	int result = 0;

	for (size_t i = 0; !result && i < count; i++)
		result = template_evaluate(run, &nodes[i], &ret[i]);
	return result;
}

static int call_method(struct template_run *run, const struct template_step *step, struct value self, struct value *ret)
{
	struct value_call call = {
		.method = step->method, .count = step->count, .arguments = step->values, .prepared = step->prepared
	};
	struct value arguments[TEMPLATE_ARGUMENTS_MAX];
	int result;

	if (!step->constant) {
		result = evaluate_all(run, step->arguments, step->count, arguments);
		for (size_t i = 0; !result && i < step->count; i++) { /* long texts take their time in any method */
			if (arguments[i].kind == VALUE_TEXT)
				result = template_work(run, arguments[i].count / 64);
		}
		if (result)
			return result;
		call.arguments = arguments;
	}
	*ret = value_null();
	return value_call(run, self, &call, ret);
}

/* Is that the member's name? Names are short: two overlapping words compare most of them. */
static inline bool is_named(const struct json_member *member, struct view name)
{
	const char *text = member->name.text;
	size_t count = name.count;

	if (member->name.count != count)
		return false;
	if (count >= 8 && count <= 16) {
		uint64_t a[2], b[2];

		memcpy(&a[0], text, 8);
		memcpy(&a[1], text + count - 8, 8);
		memcpy(&b[0], name.at, 8);
		memcpy(&b[1], name.at + count - 8, 8);
		return a[0] == b[0] && a[1] == b[1];
	}
	if (count >= 4 && count < 8) {
		uint32_t a[2], b[2];

		memcpy(&a[0], text, 4);
		memcpy(&a[1], text + count - 4, 4);
		memcpy(&b[0], name.at, 4);
		memcpy(&b[1], name.at + count - 4, 4);
		return a[0] == b[0] && a[1] == b[1];
	}
	if (count < 4) {
		size_t at = 0;

		while (at < count && text[at] == name.at[at])
			at++;
		return at == count;
	}
	return memcmp(text, name.at, count) == 0;
}

/* Objects up to this size are searched without a step for it. */
#define MEMBERS_FREE 64

/*
 * The member that a step names, or NULL. Objects that a loop walks have their members in one order: where the last one had it is
 * looked at first.
 */
static const struct json_value *find_member(
	struct template_run *run, const struct template_step *step, const struct json_value *object)
{
	struct template_frame *frame = run->frame;
	uint8_t *hint = &frame->hints[step->site];
	const struct json_member *members = object->members;
	size_t count = object->count;

	if (*hint < count && is_named(&members[*hint], step->name))
		return &members[*hint].value;
	if (__builtin_expect(count > MEMBERS_FREE, 0))
		(void)template_work(run, count / 16); /* what counts next finds out */
	for (size_t i = 0; i < count; i++) {
		if (is_named(&members[i], step->name)) {
			*hint = (uint8_t)i;
			return &members[i].value;
		}
	}
	return NULL;
}

static int take_step(struct template_run *run, const struct template_step *step, struct value self, struct value *ret)
{
	struct value key;
	int result;

	switch ((enum template_step_kind)step->kind) {
	case STEP_PROPERTY:
		if (self.kind == VALUE_OBJECT && self.object->class == &template_loop_class) {
			*ret = template_loop_value(
				(struct template_loop *)self.object, (enum template_loop_field)step->field);
			return 0;
		}
		return value_property(run, self, step->name, ret);
	case STEP_METHOD:
		/* $foreach.hasNext() is hasNext, and the only method */
		if (self.kind == VALUE_OBJECT && self.object->class == &template_loop_class) {
			*ret = value_null();
			if (step->field == LOOP_HAS_NEXT && step->count == 0)
				*ret = template_loop_value((struct template_loop *)self.object, LOOP_HAS_NEXT);
			return 0;
		}
		return call_method(run, step, self, ret);
	case STEP_INDEX:
		break;
	}
	if (step->constant)
		return value_index(run, self, step->values[0], ret);
	result = template_evaluate(run, step->arguments, &key);
	return result ? result : value_index(run, self, key, ret);
}

int template_dereference(
	struct template_run *run, const struct template_reference *reference, size_t step_count, struct value *ret)
{
	struct template_frame *frame = run->frame;
	struct value value = frame->variables[reference->slot];
	size_t at = 0;
	int result = 0;

	if (reference->root != ROOT_VARIABLE && step_count >= reference->path_count) {
		if (reference->root == ROOT_CONTEXT && template_is_context(value)) {
			result = template_context_find(run, reference->path, reference->context_slot, &value);
			at = reference->path_count;
		} else if (reference->root == ROOT_STAGE_VARIABLES && template_is_stage_variables(value)) {
			value = template_stage_variable_find(run, reference->path);
			at = reference->path_count;
		}
	}
	for (; !result && at < step_count && !value_is_null(value); at++) {
		const struct template_step *step = &reference->steps[at];
		struct value next;

		/* The value stays in registers here: through memory it would be written in two halves and read whole, which waits. */
		if (step->kind == STEP_PROPERTY && value.kind == VALUE_JSON_OBJECT && !run->changes) {
			value = value_of_json(find_member(run, step, value.json));
			continue;
		}
		if (step->kind == STEP_PROPERTY && value.kind == VALUE_OBJECT &&
			value.object->class == &template_loop_class) {
			value = template_loop_value(
				(struct template_loop *)value.object, (enum template_loop_field)step->field);
			continue;
		}
		result = take_step(run, step, value, &next);
		value = next;
	}
	*ret = value;
	return result;
}

/* A member of the payload as it prints; false if that takes a value. */
static bool print_json(const struct json_value *json, struct buffer *out)
{
	switch (json_value_kind(json)) {
	case JSON_VALUE_TEXT:
		template_append(out, json->text, json->count);
		return true;
	case JSON_VALUE_INTEGER:
		if (json->count == 2 && json->text[0] == '-' && json->text[1] == '0')
			return false;
		template_append(out, json->text, json->count);
		return true;
	case JSON_VALUE_DECIMAL:
		java_number_write_text(out, json_value_text(json));
		return true;
	case JSON_VALUE_NULL:
		return true;
	default:
		return false;
	}
}

int template_print_member(struct template_run *run, const struct template_reference *reference, struct buffer *out)
{
	struct template_frame *frame = run->frame;
	struct value self = frame->variables[reference->slot];
	const struct json_value *json;

	if (self.kind == VALUE_OBJECT && self.object->class == &template_loop_class)
		return value_print(run,
			template_loop_value(
				(struct template_loop *)self.object, (enum template_loop_field)reference->steps->field),
			out);
	if (self.kind != VALUE_JSON_OBJECT || run->changes)
		return template_print_reference(run, reference, out);
	json = find_member(run, reference->steps, self.json);
	return print_json(json, out) ? 0 : value_print(run, value_of_json(json), out);
}

int template_print_reference(struct template_run *run, const struct template_reference *reference, struct buffer *out)
{
	const struct template_step *last = NULL;
	struct value value;
	int result;

	if (reference->root == ROOT_VARIABLE && reference->step_count) {
		last = &reference->steps[reference->step_count - 1];
		if (last->kind != STEP_PROPERTY)
			last = NULL;
	}
	result = template_dereference(run, reference, reference->step_count - (last ? 1u : 0u), &value);
	if (!result && last && value.kind == VALUE_JSON_OBJECT && !run->changes) {
		const struct json_value *json = find_member(run, last, value.json);

		if (print_json(json, out))
			return 0;
		value = value_of_json(json);
	} else if (!result && last && !value_is_null(value)) {
		result = take_step(run, last, value, &value);
	}
	if (result)
		return result;
	if (value.kind == VALUE_TEXT) {
		template_append(out, value.text, value.count);
		return 0;
	}
	return value_print(run, value, out);
}

int template_assign(struct template_run *run, const struct template_reference *reference, struct value value)
{
	struct template_frame *frame = run->frame;
	const struct template_step *last;
	struct value base, key;
	int result;

	if (reference->formal)
		return 0;
	if (!reference->step_count) {
		/* No value leaves the old one. What AWS's objects do not have is remembered as that, since it equals "". */
		if (!value_is_null(value) ||
			(value_is_missing(value) && value_is_null(frame->variables[reference->slot])))
			frame->variables[reference->slot] = value;
		return 0;
	}
	if (value_is_null(value))
		return 0;
	last = &reference->steps[reference->step_count - 1];
	result = template_dereference(run, reference, reference->step_count - 1u, &base);
	if (result || value_is_null(base) || last->kind == STEP_METHOD)
		return result;
	key = value_text(last->name);
	if (last->kind == STEP_INDEX)
		result = template_evaluate(run, last->arguments, &key);
	return result ? result : value_assign(run, base, key, value);
}

/* --- Comparing ------------------------------------------------------------------------------------------------------ */

static bool is_list(struct value value)
{
	return value.kind == VALUE_LIST || value.kind == VALUE_JSON_ARRAY;
}

static bool is_map(struct value value)
{
	return value.kind == VALUE_MAP || value.kind == VALUE_JSON_OBJECT;
}

/* ==: numbers by value, what has one Java class by equals(), all else by what it prints as. */
static int are_equal(struct template_run *run, struct value left, struct value right, bool *ret)
{
	struct view left_text, right_text;
	int result;

	if (value_is_null(left) || value_is_null(right)) {
		struct value other = value_is_null(left) ? right : left;

		*ret = value_is_null(other) || ((value_is_missing(left) || value_is_missing(right)) &&
						       other.kind == VALUE_TEXT && other.count == 0);
		return 0;
	}
	if (value_is_number(left) && value_is_number(right)) {
		*ret = left.kind <= VALUE_LONG && right.kind <= VALUE_LONG
			       ? left.integer == right.integer
			       : java_number_compare(java_number_of_value(left), java_number_of_value(right)) == 0;
		return 0;
	}
	if (left.kind == right.kind || (is_list(left) && is_list(right)) || (is_map(left) && is_map(right))) {
		*ret = value_equals(run, left, right);
		return 0;
	}
	result = value_to_text(run, left, false, &left_text);
	if (!result)
		result = value_to_text(run, right, false, &right_text);
	*ret = !result && view_equals(left_text, right_text);
	return result;
}

/* < <= > >=: only numbers have an order. */
static bool is_ordered(enum template_node_kind kind, struct value left, struct value right)
{
	int order;

	if (!value_is_number(left) || !value_is_number(right))
		return false;
	if (left.kind <= VALUE_LONG && right.kind <= VALUE_LONG)
		order = (left.integer > right.integer) - (left.integer < right.integer);
	else
		order = java_number_compare(java_number_of_value(left), java_number_of_value(right));
	if (order == 2) /* not a number */
		return false;
	return kind == NODE_LESS         ? order < 0
	       : kind == NODE_LESS_EQUAL ? order <= 0
	       : kind == NODE_GREATER    ? order > 0
					 : order >= 0;
}

static int compare(struct template_run *run, const struct template_node *node, bool *ret)
{
	struct value pair[2];
	int result = evaluate_all(run, node->children, 2, pair);

	*ret = false;
	if (result)
		return result;
	if (node->kind != NODE_EQUAL && node->kind != NODE_UNEQUAL) {
		*ret = is_ordered((enum template_node_kind)node->kind, pair[0], pair[1]);
		return 0;
	}
	result = are_equal(run, pair[0], pair[1], ret);
	if (node->kind == NODE_UNEQUAL)
		*ret = !*ret;
	return result;
}

int template_is_true(struct template_run *run, const struct template_node *node, bool *ret)
{
	struct value value;
	int result;

	*ret = false;
	switch ((enum template_node_kind)node->kind) {
	case NODE_CONSTANT:
		*ret = node->constant.kind == VALUE_BOOLEAN && node->constant.boolean;
		return 0;
	case NODE_REFERENCE:
		result = template_dereference(run, node->reference, node->reference->step_count, &value);
		*ret = !result && (value.kind == VALUE_BOOLEAN ? value.boolean : !value_is_null(value));
		return result;
	case NODE_NOT:
		result = template_is_true(run, node->children, ret);
		*ret = !*ret;
		return result;
	case NODE_AND:
	case NODE_OR:
		result = template_is_true(run, &node->children[0], ret);
		if (result || *ret == (node->kind == NODE_OR))
			return result;
		return template_is_true(run, &node->children[1], ret);
	case NODE_EQUAL:
	case NODE_UNEQUAL:
	case NODE_LESS:
	case NODE_LESS_EQUAL:
	case NODE_GREATER:
	case NODE_GREATER_EQUAL:
		return compare(run, node, ret);
	default: /* literals and sums have no truth, and are not even looked at */
		return 0;
	}
}

/* --- Reckoning ------------------------------------------------------------------------------------------------------ */

/* "text" + anything: what is undefined stands as it is written. */
static int concatenate(
	struct template_run *run, const struct template_node *node, const struct value pair[2], struct value *ret)
{
	struct view texts[2];
	char *joined;

	for (int i = 0; i < 2; i++) {
		const struct template_node *child = &node->children[i];
		int result = value_to_text(run, pair[i], false, &texts[i]);

		if (result)
			return result;
		if (value_is_null(pair[i]) && child->kind == NODE_REFERENCE)
			texts[i] = child->reference->source;
	}
	if (texts[0].count + texts[1].count > VALUE_TEXT_MAX_BYTES)
		return template_no_memory(run);
	joined = arena_alloc(run->arena, texts[0].count + texts[1].count);
	if (!joined)
		return template_no_memory(run);
	if (texts[0].count)
		memcpy(joined, texts[0].at, texts[0].count);
	if (texts[1].count)
		memcpy(joined + texts[0].count, texts[1].at, texts[1].count);
	*ret = value_text(view_from(joined, texts[0].count + texts[1].count));
	return template_work(run, ret->count / 64);
}

/* Two integers, which are of at most 64 bits; false if the result is not. */
static bool reckon_fast(enum template_node_kind kind, struct value left, struct value right, struct value *ret)
{
	int64_t result = 0;
	bool fits = left.kind == VALUE_INTEGER && right.kind == VALUE_INTEGER;

	if (!fits)
		return false;
	switch (kind) {
	case NODE_ADD:
		result = left.integer + right.integer;
		break;
	case NODE_SUBTRACT:
		result = left.integer - right.integer;
		break;
	case NODE_MULTIPLY:
		result = left.integer * right.integer;
		break;
	case NODE_DIVIDE:
		fits = right.integer != 0;
		result = fits ? left.integer / right.integer : 0;
		break;
	default:
		fits = right.integer != 0;
		result = fits ? left.integer % right.integer : 0;
		break;
	}
	*ret = value_integer(result);
	return fits;
}

/* The same if one is a double; what may have no value is left to others. */
static bool reckon_doubles(enum template_node_kind kind, struct value left, struct value right, struct value *ret)
{
	double a = left.kind == VALUE_DOUBLE ? left.number : (double)left.integer;
	double b = right.kind == VALUE_DOUBLE ? right.number : (double)right.integer;

	if ((left.kind != VALUE_DOUBLE && (left.kind != VALUE_INTEGER || right.kind != VALUE_DOUBLE)) ||
		(right.kind != VALUE_DOUBLE && right.kind != VALUE_INTEGER) || kind > NODE_MULTIPLY)
		return false;
	*ret = value_double(kind == NODE_ADD ? a + b : kind == NODE_SUBTRACT ? a - b : a * b);
	return true;
}

static int reckon(struct template_run *run, const struct template_node *node, struct value *ret)
{
	struct java_number number;
	struct value pair[2];
	int result = evaluate_all(run, node->children, 2, pair);

	*ret = value_null();
	if (result || reckon_fast((enum template_node_kind)node->kind, pair[0], pair[1], ret))
		return result;
	if (reckon_doubles((enum template_node_kind)node->kind, pair[0], pair[1], ret))
		return 0;
	*ret = value_null();
	if (node->kind == NODE_ADD && (pair[0].kind == VALUE_TEXT || pair[1].kind == VALUE_TEXT))
		return concatenate(run, node, pair, ret);
	if (!value_is_number(pair[0]) || !value_is_number(pair[1]))
		return 0;
	result = java_number_reckon(run->arena, (enum java_operator)(node->kind - NODE_ADD),
		java_number_of_value(pair[0]), java_number_of_value(pair[1]), &number);
	if (result == -EDOM)
		return 0;
	if (result)
		return result == -ENOMEM ? template_no_memory(run) : template_fail(run, "a number has too many digits");
	*ret = java_number_to_value(number);
	return template_work(run, number.kind == JAVA_BIG ? number.digits.count : 0);
}

/* --- Literals ------------------------------------------------------------------------------------------------------- */

static int make_list(struct template_run *run, const struct template_node *node, struct value *ret)
{
	struct value_list *list;
	int result = value_list_new(run, VALUE_LIST_PLAIN, node->count, &list);

	if (!result)
		result = evaluate_all(run, node->children, node->count, list->items);
	if (result)
		return result;
	list->count = node->count;
	*ret = value_list(list);
	return template_work(run, node->count);
}

static int make_range(struct template_run *run, const struct template_node *node, struct value *ret)
{
	struct value bounds[2];
	struct value_list *list;
	int64_t from, to, count;
	int result = evaluate_all(run, node->children, 2, bounds);

	*ret = value_null();
	if (result || !value_is_number(bounds[0]) || !value_is_number(bounds[1]))
		return result;
	from = java_number_int(java_number_of_value(bounds[0]));
	to = java_number_int(java_number_of_value(bounds[1]));
	count = (from < to ? to - from : from - to) + 1;
	result = template_work(run, (size_t)count);
	if (!result)
		result = value_list_new(run, VALUE_LIST_PLAIN, (size_t)count, &list);
	if (result)
		return result;
	for (int64_t i = 0; i < count; i++)
		list->items[i] = value_integer(from < to ? from + i : from - i);
	list->count = (uint32_t)count;
	*ret = value_list(list);
	return 0;
}

static int make_map(struct template_run *run, const struct template_node *node, struct value *ret)
{
	struct value_map *map;
	int result = value_map_new(run, node->count / 2, &map);

	for (size_t i = 0; !result && i + 1 < node->count; i += 2) {
		struct value pair[2];

		result = evaluate_all(run, &node->children[i], 2, pair);
		if (!result)
			result = value_map_put(run, map, pair[0], pair[1], NULL);
	}
	*ret = result ? value_null() : value_map(map);
	return result ? result : template_work(run, node->count);
}

int template_evaluate(struct template_run *run, const struct template_node *node, struct value *ret)
{
	struct view text;
	bool truth;
	int result;

	switch ((enum template_node_kind)node->kind) {
	case NODE_CONSTANT:
		*ret = node->constant;
		return 0;
	case NODE_REFERENCE:
		return template_dereference(run, node->reference, node->reference->step_count, ret);
	case NODE_INTERPOLATION:
		result = template_block_text(run, node->block, &text);
		*ret = value_text(text);
		return result;
	case NODE_LIST:
		return make_list(run, node, ret);
	case NODE_RANGE:
		return make_range(run, node, ret);
	case NODE_MAP:
		return make_map(run, node, ret);
	case NODE_ADD:
	case NODE_SUBTRACT:
	case NODE_MULTIPLY:
	case NODE_DIVIDE:
	case NODE_MODULO:
		return reckon(run, node, ret);
	default:
		result = template_is_true(run, node, &truth);
		*ret = value_boolean(truth);
		return result;
	}
}
