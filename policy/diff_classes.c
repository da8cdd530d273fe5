/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The values of one condition key that two policies tell apart: a class each, with one of them to stand for it. */
#include "policy/diff_axes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "policy/evaluation.h"
#include "policy/text.h"
#include "policy/words.h"

/* Ranges of one class that are named in a line. */
#define LABEL_MAX_BYTES 400

/* ---- texts ---- */

struct policy_text diff_text(struct diff_axes *axes, const char *format, ...)
{
	struct policy_text text = { 0 };
	va_list arguments;
	char *bytes = NULL;
	int count;

	va_start(arguments, format);
	count = vasprintf(&bytes, format, arguments);
	va_end(arguments);
	if (count >= 0) {
		text = policy_arena_copy(&axes->arena, (struct policy_text){ bytes, (size_t)count });
		free(bytes);
	}
	if (!text.bytes)
		axes->out_of_memory = true;
	return text;
}

struct policy_text diff_resolve(struct diff_axes *axes, const struct wildcard *pattern)
{
	struct policy_text text = policy_text_of("");

	for (uint32_t i = 0; i < pattern->piece_count; i++) {
		const struct wildcard_piece *piece = &pattern->pieces[i];
		const struct policy_value *value = NULL;
		struct policy_text added = piece->text;

		if (piece->kind == WILDCARD_VARIABLE) {
			value = policy_request_find(axes->asked, piece->name);
			if (value && value->text.bytes && !value->list)
				added = value->text;
			if (!added.bytes)
				return (struct policy_text){ 0 };
		} else if (piece->kind != WILDCARD_LITERAL) {
			added = policy_text_of("x");
		}
		text = diff_text(axes, "%.*s%.*s", POLICY_TEXT_ARG(text), POLICY_TEXT_ARG(added));
	}
	return text;
}

void diff_request_copy(struct diff_request *to, const struct policy_request *from)
{
	to->request = *from;
	for (size_t i = 0; i < from->other_count; i++)
		to->others[i] = from->others[i];
	to->request.others = to->others;
}

/* ---- classes of a key ---- */

struct diff_class *diff_class_add(struct diff_axes *axes, struct diff_axis *axis)
{
	if (axis->class_count == DIFF_CLASSES_MAX) {
		axes->incomplete |= DIFF_CLASSES_CUT;
		return NULL;
	}
	axis->classes[axis->class_count] = (struct diff_class){ 0 };
	return &axis->classes[axis->class_count++];
}

void diff_class_set(const struct diff_axis *axis, const struct diff_class *class, struct diff_request *ret)
{
	struct policy_value value = { .text = class->text };

	if (axis->many && class->text.bytes)
		value = (struct policy_value){ .list = &class->text, .list_count = 1 };
	if (axis->kind == DIFF_AXIS_TIME) {
		policy_request_set(&ret->request, POLICY_KEY_CURRENT_TIME, class->text);
		policy_request_set(&ret->request, POLICY_KEY_EPOCH_TIME, class->other);
	} else if (axis->key >= 0) {
		ret->request.keys[axis->key] = value;
	} else {
		size_t at = 0;

		while (at < ret->request.other_count && !policy_text_equal_folded(ret->others[at].name, axis->name))
			at++;
		ret->others[at] = (struct policy_named_value){ axis->name, value };
		ret->request.others = ret->others;
		ret->request.other_count += at == ret->request.other_count;
	}
}

/* Add the value as a class of its own if some condition tells it from the others. Returns the class it belongs to. */
static struct diff_class *try_class(struct diff_axes *axes, struct diff_axis *axis, const struct diff_class *given)
{
	struct diff_request request;
	struct diff_class class = *given, *added;
	struct policy_evaluation evaluation;

	memset(class.vector, 0, sizeof class.vector);
	policy_request_init(&request.request, policy_text_of(""));
	if (axes->asked)
		diff_request_copy(&request, axes->asked);
	diff_class_set(axis, given, &request);
	for (size_t i = 0; i < axis->condition_count; i++) {
		policy_evaluation_start(&evaluation, axis->owners[i], &request.request);
		if (policy_evaluation_condition(&evaluation, axis->conditions[i]))
			class.vector[i / 64] |= (uint64_t)1 << (i % 64);
	}
	for (size_t i = 0; i < axis->class_count; i++)
		if (!memcmp(axis->classes[i].vector, class.vector, sizeof class.vector))
			/* A key that conditions with variables look at keeps all of its values. */
			if (!(axes->incomplete & DIFF_SAMPLED) || axis->kind == DIFF_AXIS_TIME ||
				policy_text_equal(axis->classes[i].text, class.text) ||
				axis->key == POLICY_KEY_VPC_SOURCE_IP || axis->key == POLICY_KEY_SOURCE_IP)
				return &axis->classes[i];
	added = diff_class_add(axes, axis);
	if (added)
		*added = class;
	return added;
}

/* A value of which others may be like; absent: the key is. */
static void try_text(struct diff_axes *axes, struct diff_axis *axis, struct policy_text text)
{
	struct diff_class class = { .text = text, .label = policy_text_of("(absent)") };

	if (text.bytes)
		class.label = diff_text(axes, "such as %.*s", POLICY_TEXT_ARG(text));
	try_class(axes, axis, &class);
}

/* Name one more value or range of a class, as far as a line can take it. */
static void name_class(struct diff_axes *axes, struct diff_class *class, struct policy_text name)
{
	if (!class->label.bytes)
		class->label = name;
	else if (class->label.count < LABEL_MAX_BYTES)
		class->label = diff_text(axes, "%.*s, %.*s", POLICY_TEXT_ARG(class->label), POLICY_TEXT_ARG(name));
	else if (!class->label_cut) {
		class->label = diff_text(axes, "%.*s and more", POLICY_TEXT_ARG(class->label));
		class->label_cut = true;
	}
}

/* A value that a policy names letter by letter: it is told with its class. */
static void try_literal(struct diff_axes *axes, struct diff_axis *axis, struct policy_text text)
{
	struct diff_class class = { .text = text }, *joined;

	for (size_t i = 0; i < axis->named_count; i++)
		if (policy_text_equal(axis->named[i], text))
			return;
	if (axis->named_count < DIFF_NAMED_MAX)
		axis->named[axis->named_count++] = text;
	joined = try_class(axes, axis, &class);
	if (joined)
		name_class(axes, joined, text);
}

/* ---- addresses ---- */

static struct policy_text address_text(struct diff_axes *axes, bool v6, policy_wide number)
{
	char buffer[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	for (size_t i = sizeof bytes; i-- > 0; number >>= 8)
		bytes[i] = (uint8_t)number;
	return diff_text(
		axes, "%s", inet_ntop(v6 ? AF_INET6 : AF_INET, v6 ? bytes : bytes + 12, buffer, sizeof buffer));
}

static int wide_compare(const void *first, const void *second)
{
	policy_wide a, b;

	memcpy(&a, first, sizeof a);
	memcpy(&b, second, sizeof b);
	return (a > b) - (a < b);
}

/* "10.0.0.0/8" if the range is a prefix, else "10.0.0.0-10.0.0.4". */
static struct policy_text range_text(struct diff_axes *axes, bool v6, policy_wide first, policy_wide last)
{
	policy_wide span = last - first;
	struct policy_text start = address_text(axes, v6, first), end;
	int bits = 0;

	if (!(span & (span + 1)) && !(first & span)) {
		for (; span; span >>= 1)
			bits++;
		return diff_text(axes, "%.*s/%d", POLICY_TEXT_ARG(start), (v6 ? 128 : 32) - bits);
	}
	end = address_text(axes, v6, last);
	return diff_text(axes, "%.*s-%.*s", POLICY_TEXT_ARG(start), POLICY_TEXT_ARG(end));
}

/* Cut one family at all edges; each piece joins the class that it belongs to. */
static void cut_family(struct diff_axes *axes, struct diff_axis *axis, bool v6)
{
	const policy_wide greatest = v6 ? (policy_wide)-1 : 0xffffffff;
	struct diff_class *under_way = NULL;
	size_t room = 1, count = 1;
	policy_wide *edges, first = 0;

	for (size_t i = 0; i < axis->condition_count; i++)
		if (axis->conditions[i]->value_class == POLICY_CLASS_ADDRESS)
			room += 2 * (size_t)(v6 ? axis->conditions[i]->ranges.v6_count
						: axis->conditions[i]->ranges.v4_count);
	edges = calloc(room, sizeof *edges);
	if (!edges) {
		axes->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < axis->condition_count; i++) {
		const struct policy_ranges *ranges = &axis->conditions[i]->ranges;

		if (axis->conditions[i]->value_class != POLICY_CLASS_ADDRESS)
			continue;
		for (uint32_t j = 0; j < (v6 ? ranges->v6_count : ranges->v4_count); j++) {
			policy_wide last = v6 ? ranges->v6[j].last : ranges->v4[j].last;

			edges[count++] = v6 ? ranges->v6[j].first : ranges->v4[j].first;
			if (last < greatest)
				edges[count++] = last + 1;
		}
	}
	qsort(edges, count, sizeof *edges, wide_compare);
	for (size_t i = 0; i <= count && !axes->out_of_memory; i++) {
		struct diff_class class, *joined = NULL;

		if (i + 1 < count && edges[i + 1] == edges[i])
			continue;
		if (i < count) {
			class = (struct diff_class){ .text = address_text(axes, v6, edges[i]) };
			joined = try_class(axes, axis, &class);
		}
		/* Neighbours of one class are one range. */
		if (under_way && joined != under_way)
			name_class(axes, under_way, range_text(axes, v6, first, i < count ? edges[i] - 1 : greatest));
		if (i < count && joined != under_way)
			first = edges[i];
		under_way = joined;
	}
	free(edges);
}

/* ---- texts, numbers and instants ---- */

static void sample_wildcards(struct diff_axes *axes, struct diff_axis *axis, struct policy_text text)
{
	struct policy_text copy = policy_arena_copy(&axes->arena, text);
	char *bytes = policy_arena_take(&axes->arena, text.count + 1, 1);

	if (!copy.bytes || !bytes) {
		axes->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < text.count; i++)
		bytes[i] = text.bytes[i] == '*' || text.bytes[i] == '?' ? 'x' : text.bytes[i];
	try_text(axes, axis, (struct policy_text){ bytes, text.count });
}

/* The text of a number, or for the time of a date too. False if there is no such date. */
static bool number_class(struct diff_axes *axes, const struct diff_axis *axis, int64_t number, struct diff_class *ret)
{
	time_t seconds = (time_t)number;
	struct tm parts;

	*ret = (struct diff_class){ .text = diff_text(axes, "%lld", (long long)number) };
	if (axis->kind != DIFF_AXIS_TIME)
		return true;
	if (!gmtime_r(&seconds, &parts) || parts.tm_year < -1900 || parts.tm_year > 9999 - 1900)
		return false;
	ret->other = ret->text;
	ret->text = diff_text(axes, "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900, parts.tm_mon + 1,
		parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
	return true;
}

static int number_compare(const void *first, const void *second)
{
	const int64_t *a = first, *b = second;

	return (*a > *b) - (*a < *b);
}

static size_t count_edges(const struct diff_axis *axis)
{
	size_t count = 0;

	for (size_t i = 0; i < axis->condition_count; i++)
		if (axis->conditions[i]->value_class == POLICY_CLASS_NUMBER ||
			axis->conditions[i]->value_class == POLICY_CLASS_INSTANT)
			count += axis->conditions[i]->value_count;
	return count;
}

/* The whole numbers at and beside each value that the conditions compare with, in order, each once. */
static size_t find_numbers(const struct diff_axis *axis, int64_t *numbers)
{
	const policy_number one = (policy_number)1000000000 * 1000000000;
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < axis->condition_count; i++) {
		const struct policy_condition *condition = axis->conditions[i];
		bool number = condition->value_class == POLICY_CLASS_NUMBER;

		for (uint32_t j = 0;
			(number || condition->value_class == POLICY_CLASS_INSTANT) && j < condition->value_count; j++)
			for (int64_t beside = -1; beside <= 1; beside++)
				numbers[count++] = (number ? (int64_t)(condition->numbers[j] / one)
							   : condition->instants_us[j] / 1000000) +
						   beside;
	}
	qsort(numbers, count, sizeof *numbers, number_compare);
	for (size_t i = 0; i < count; i++)
		if (!i || numbers[i] != numbers[kept - 1])
			numbers[kept++] = numbers[i];
	return kept;
}

/* Name the numbers from the `first`th on and before the `end`th, which is past the last one if they have no end. */
static void name_numbers(struct diff_axes *axes, struct diff_axis *axis, struct diff_class *class,
	const int64_t *numbers, size_t count, size_t first, size_t end)
{
	struct diff_class begin, last;

	if (!number_class(axes, axis, numbers[first], &begin) ||
		!number_class(axes, axis, end < count ? numbers[end] - 1 : numbers[count - 1], &last))
		return;
	if (first == 0 && end == count)
		name_class(axes, class, policy_text_of("any"));
	else if (first == 0)
		name_class(axes, class, diff_text(axes, "up to %.*s", POLICY_TEXT_ARG(last.text)));
	else if (end == count)
		name_class(axes, class, diff_text(axes, "from %.*s on", POLICY_TEXT_ARG(begin.text)));
	else if (policy_text_equal(begin.text, last.text))
		name_class(axes, class, begin.text);
	else
		name_class(axes, class,
			diff_text(axes, "%.*s to %.*s", POLICY_TEXT_ARG(begin.text), POLICY_TEXT_ARG(last.text)));
}

/* Cut the whole numbers; each piece joins the class that it belongs to. `otherwise` is taken where nothing cuts. */
static void cut_numbers(struct diff_axes *axes, struct diff_axis *axis, int64_t otherwise)
{
	int64_t *numbers = calloc(3 * count_edges(axis) + 1, sizeof *numbers);
	struct diff_class *under_way = NULL;
	size_t count, first = 0;

	if (!numbers) {
		axes->out_of_memory = true;
		return;
	}
	count = find_numbers(axis, numbers);
	if (!count)
		numbers[count++] = otherwise;
	for (size_t i = 0; i <= count; i++) {
		struct diff_class class, *joined = NULL;

		if (i < count && number_class(axes, axis, numbers[i], &class))
			joined = try_class(axes, axis, &class);
		if (under_way && joined != under_way)
			name_numbers(axes, axis, under_way, numbers, count, first, i);
		if (joined != under_way)
			first = i;
		under_way = joined;
	}
	free(numbers);
}

/* What a pattern with variables means for the request that is asked about. */
static void try_resolved(struct diff_axes *axes, struct diff_axis *axis, const struct policy_condition *condition)
{
	for (uint32_t i = 0; i < condition->value_count && condition->value_class <= POLICY_CLASS_GLOB; i++) {
		struct policy_text text = diff_resolve(axes, &condition->patterns[i]);

		if (text.bytes)
			try_text(axes, axis, text);
	}
}

/* Texts that tell the STRING, FOLDED and GLOB conditions on the key apart in all ways. */
static void try_words(struct diff_axes *axes, struct diff_axis *axis)
{
	const struct wildcard *patterns[WORDS_PATTERNS_MAX];
	struct word words[DIFF_CLASSES_MAX];
	size_t pattern_count = 0, count;
	bool complete;

	for (size_t i = 0; i < axis->condition_count; i++) {
		const struct policy_condition *condition = axis->conditions[i];

		if (condition->value_class > POLICY_CLASS_GLOB)
			continue;
		for (uint32_t j = 0; j < condition->value_count; j++) {
			if (pattern_count == WORDS_PATTERNS_MAX) {
				axes->incomplete |= DIFF_CLASSES_CUT;
				break;
			}
			patterns[pattern_count++] = &condition->patterns[j];
		}
	}
	if (!pattern_count)
		return;
	if (words_find(words, DIFF_CLASSES_MAX, &count, &complete, &axes->arena, patterns, pattern_count, WORDS_TEXT,
		    policy_text_of("")))
		axes->out_of_memory = true;
	if (!complete)
		axes->incomplete |= DIFF_CLASSES_CUT;
	for (size_t i = 0; i < count; i++)
		try_text(axes, axis, words[i].text);
}

/* Are the classes of the key exact for this condition? */
static bool is_exact(const struct diff_axis *axis, const struct policy_condition *condition)
{
	enum policy_key_type type = axis->key < 0 ? POLICY_TYPE_TEXT : policy_key_row((enum policy_key)axis->key)->type;

	if (condition->has_variable || axis->many)
		return false;
	switch (condition->value_class) {
	case POLICY_CLASS_STRING:
	case POLICY_CLASS_FOLDED:
	case POLICY_CLASS_GLOB:
		return axis->kind == DIFF_AXIS_KEY && (type == POLICY_TYPE_TEXT || type == POLICY_TYPE_ARN);
	case POLICY_CLASS_NUMBER:
	case POLICY_CLASS_INSTANT:
		return axis->kind == DIFF_AXIS_TIME || type == POLICY_TYPE_NUMBER || type == POLICY_TYPE_INSTANT;
	case POLICY_CLASS_BOOLEAN:
		return type == POLICY_TYPE_BOOLEAN;
	case POLICY_CLASS_ADDRESS:
		return type == POLICY_TYPE_ADDRESS;
	case POLICY_CLASS_NULL:
		return true;
	case POLICY_CLASS_ARN:
	case POLICY_CLASS_BINARY:
		break;
	}
	return false;
}

/* Are all texts that the conditions look for written out? */
static bool is_literal(const struct diff_axis *axis)
{
	for (size_t i = 0; i < axis->condition_count; i++) {
		const struct policy_condition *condition = axis->conditions[i];

		for (uint32_t j = 0; condition->value_class <= POLICY_CLASS_GLOB && j < condition->value_count; j++)
			if (condition->patterns[j].shape != WILDCARD_EXACT || condition->patterns[j].folded)
				return false;
	}
	return true;
}

static void fill_samples(struct diff_axes *axes, struct diff_axis *axis)
{
	for (size_t i = 0; i < axis->condition_count; i++) {
		const struct policy_condition *condition = axis->conditions[i];
		bool patterns = condition->value_class <= POLICY_CLASS_GLOB;

		if (axes->asked && condition->has_variable)
			try_resolved(axes, axis, condition);
		for (uint32_t j = 0; patterns && j < condition->value_count; j++)
			if (condition->patterns[j].shape == WILDCARD_EXACT)
				try_literal(axes, axis, condition->patterns[j].literal);
		for (uint32_t j = 0; j < condition->text_count; j++)
			if (condition->value_class != POLICY_CLASS_NULL &&
				condition->value_class != POLICY_CLASS_ADDRESS &&
				condition->value_class != POLICY_CLASS_STRING && !condition->has_variable)
				sample_wildcards(axes, axis, condition->texts[j]);
	}
}

/* A value that no condition names, for what holds of any other. */
static void try_unnamed(struct diff_axes *axes, struct diff_axis *axis, const char *begin)
{
	struct policy_text text = policy_text_of(begin);

	for (size_t i = 0; i < axis->named_count; i++)
		if (policy_text_equal(axis->named[i], text)) {
			text = diff_text(axes, "%s-%zu", begin, i);
			break;
		}
	try_text(axes, axis, text);
}

void diff_axis_fill(struct diff_axes *axes, struct diff_axis *axis)
{
	enum policy_key_type type = axis->key < 0 ? POLICY_TYPE_TEXT : policy_key_row((enum policy_key)axis->key)->type;
	bool endpoint = axis->key == POLICY_KEY_SOURCE_VPCE || axis->key == POLICY_KEY_SOURCE_VPC;

	for (size_t i = 0; i < axis->condition_count; i++)
		if (!is_exact(axis, axis->conditions[i]))
			axes->incomplete |= DIFF_SAMPLED;
	if (axis->kind == DIFF_AXIS_TIME) {
		cut_numbers(axes, axis, 1767225600); /* 2026-01-01 */
		return;
	}
	if (type == POLICY_TYPE_ADDRESS) {
		cut_family(axes, axis, false);
		cut_family(axes, axis, true);
		return;
	}
	if (type == POLICY_TYPE_BOOLEAN) {
		try_literal(axes, axis, policy_text_of("true"));
		try_literal(axes, axis, policy_text_of("false"));
		if (axis->key != POLICY_KEY_SECURE_TRANSPORT)
			try_text(axes, axis, (struct policy_text){ 0 });
		return;
	}
	if (!endpoint || (axis->key == POLICY_KEY_SOURCE_VPCE && axes->options->public_api))
		try_text(axes, axis, (struct policy_text){ 0 });
	if (type == POLICY_TYPE_NUMBER || type == POLICY_TYPE_INSTANT)
		cut_numbers(axes, axis, 0);
	fill_samples(axes, axis);
	/* Some value, for conditions that only ask whether there is one, and beside those that are named. */
	if (type == POLICY_TYPE_TEXT || type == POLICY_TYPE_ARN)
		try_unnamed(axes, axis,
			axis->key == POLICY_KEY_SOURCE_VPCE  ? "vpce-other"
			: axis->key == POLICY_KEY_SOURCE_VPC ? "vpc-other"
							     : "other");
	if ((type == POLICY_TYPE_TEXT || type == POLICY_TYPE_ARN) && !is_literal(axis))
		try_words(axes, axis);
}
