/* SPDX-License-Identifier: GPL-3.0-or-later */
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

__attribute__((format(printf, 2, 3))) static struct policy_text write_text(
	struct diff_axes *axes, const char *format, ...)
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

static bool is_caller_key(int key)
{
	return key == POLICY_KEY_PRINCIPAL_ACCOUNT || key == POLICY_KEY_PRINCIPAL_ARN ||
	       key == POLICY_KEY_PRINCIPAL_TYPE || key == POLICY_KEY_USER_NAME;
}

/* ---- classes of a key ---- */

static struct diff_class *class_add(struct diff_axes *axes, struct diff_axis *axis)
{
	if (axis->class_count == DIFF_CLASSES_MAX) {
		axes->incomplete |= DIFF_CLASSES_CUT;
		return NULL;
	}
	axis->classes[axis->class_count] = (struct diff_class){ 0 };
	return &axis->classes[axis->class_count++];
}

static void set_class(const struct diff_axes *axes, const struct diff_axis *axis, const struct diff_class *class,
	struct diff_request *ret)
{
	struct policy_value value = { .text = class->text };

	(void)axes;
	if (axis->many && class->text.bytes)
		value = (struct policy_value){ .list = &class->text, .list_count = 1 };
	if (axis->kind == DIFF_AXIS_TIME) {
		policy_request_set(&ret->request, POLICY_KEY_CURRENT_TIME, class->text);
		policy_request_set(&ret->request, POLICY_KEY_EPOCH_TIME, class->other);
	} else if (axis->key >= 0) {
		ret->request.keys[axis->key] = value;
	} else {
		ret->others[ret->request.other_count++] = (struct policy_named_value){ axis->name, value };
		ret->request.others = ret->others;
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
	set_class(axes, axis, given, &request);
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
	added = class_add(axes, axis);
	if (added)
		*added = class;
	return added;
}

static void try_text(struct diff_axes *axes, struct diff_axis *axis, struct policy_text text)
{
	struct diff_class class = { .text = text, .label = text.bytes ? text : policy_text_of("(absent)") };

	try_class(axes, axis, &class);
}

/* ---- addresses ---- */

static struct policy_text address_text(struct diff_axes *axes, bool v6, policy_wide number)
{
	char buffer[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	for (size_t i = sizeof bytes; i-- > 0; number >>= 8)
		bytes[i] = (uint8_t)number;
	return write_text(
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
		return write_text(axes, "%.*s/%d", POLICY_TEXT_ARG(start), (v6 ? 128 : 32) - bits);
	}
	end = address_text(axes, v6, last);
	return write_text(axes, "%.*s-%.*s", POLICY_TEXT_ARG(start), POLICY_TEXT_ARG(end));
}

/* Name one more range of a class, as far as a line can take it. */
static void add_range(struct diff_axes *axes, struct diff_class *class, struct policy_text range)
{
	if (class->label.count < LABEL_MAX_BYTES)
		class->label = write_text(axes, "%.*s, %.*s", POLICY_TEXT_ARG(class->label), POLICY_TEXT_ARG(range));
	else if (!class->label_cut) {
		class->label = write_text(axes, "%.*s and more", POLICY_TEXT_ARG(class->label));
		class->label_cut = true;
	}
}

/* Cut one family at all edges; each piece joins the class that it belongs to. */
static void cut_family(struct diff_axes *axes, struct diff_axis *axis, bool v6)
{
	const policy_wide greatest = v6 ? (policy_wide)-1 : 0xffffffff;
	size_t room = 1, count = 1;
	policy_wide *edges;

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
	for (size_t i = 0; i < count && !axes->out_of_memory; i++) {
		policy_wide last = i + 1 < count ? edges[i + 1] - 1 : greatest;
		struct diff_class class = { .text = address_text(axes, v6, edges[i]) }, *joined;

		if (i + 1 < count && edges[i + 1] == edges[i])
			continue;
		joined = try_class(axes, axis, &class);
		if (joined && !joined->label.bytes)
			joined->label = range_text(axes, v6, edges[i], last);
		else if (joined)
			add_range(axes, joined, range_text(axes, v6, edges[i], last));
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

static void try_number(struct diff_axes *axes, struct diff_axis *axis, int64_t number)
{
	struct diff_class class = { 0 };
	time_t seconds = (time_t)number;
	struct tm parts;

	class.text = class.label = write_text(axes, "%lld", (long long)number);
	if (axis->kind == DIFF_AXIS_TIME) {
		if (!gmtime_r(&seconds, &parts) || parts.tm_year < -1900 || parts.tm_year > 9999 - 1900)
			return;
		class.other = class.text;
		class.text = class.label = write_text(axes, "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900,
			parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
	}
	try_class(axes, axis, &class);
}

/* The whole numbers at and beside each value that the condition compares with. */
static void try_edges(struct diff_axes *axes, struct diff_axis *axis, const struct policy_condition *condition)
{
	const policy_number one = (policy_number)1000000000 * 1000000000;

	for (uint32_t i = 0; i < condition->value_count; i++) {
		int64_t edge = condition->value_class == POLICY_CLASS_NUMBER ? (int64_t)(condition->numbers[i] / one)
									     : condition->instants_us[i] / 1000000;

		for (int64_t beside = -1; beside <= 1; beside++)
			try_number(axes, axis, edge + beside);
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

static void fill_samples(struct diff_axes *axes, struct diff_axis *axis)
{
	for (size_t i = 0; i < axis->condition_count; i++) {
		const struct policy_condition *condition = axis->conditions[i];

		if (condition->value_class == POLICY_CLASS_NUMBER || condition->value_class == POLICY_CLASS_INSTANT) {
			try_edges(axes, axis, condition);
			continue;
		}
		for (uint32_t j = 0; j < condition->text_count && axis->kind == DIFF_AXIS_KEY; j++)
			if (condition->value_class != POLICY_CLASS_NULL &&
				condition->value_class != POLICY_CLASS_ADDRESS)
				sample_wildcards(axes, axis, condition->texts[j]);
	}
}

static void fill_key(struct diff_axes *axes, struct diff_axis *axis)
{
	enum policy_key_type type = axis->key < 0 ? POLICY_TYPE_TEXT : policy_key_row((enum policy_key)axis->key)->type;
	bool endpoint = axis->key == POLICY_KEY_SOURCE_VPCE || axis->key == POLICY_KEY_SOURCE_VPC;

	for (size_t i = 0; i < axis->condition_count; i++)
		if (!is_exact(axis, axis->conditions[i]))
			axes->incomplete |= DIFF_SAMPLED;
	if (axis->kind == DIFF_AXIS_TIME) {
		try_number(axes, axis, 1767225600); /* 2026-01-01, unless a condition cuts elsewhere */
		fill_samples(axes, axis);
		return;
	}
	if (type == POLICY_TYPE_ADDRESS) {
		cut_family(axes, axis, false);
		cut_family(axes, axis, true);
		return;
	}
	if (type == POLICY_TYPE_BOOLEAN) {
		try_text(axes, axis, policy_text_of("true"));
		try_text(axes, axis, policy_text_of("false"));
		if (axis->key != POLICY_KEY_SECURE_TRANSPORT)
			try_text(axes, axis, (struct policy_text){ 0 });
		return;
	}
	if (endpoint)
		try_text(axes, axis, policy_text_of(axis->key == POLICY_KEY_SOURCE_VPCE ? "vpce-other" : "vpc-other"));
	if (!endpoint || (axis->key == POLICY_KEY_SOURCE_VPCE && axes->options->public_api))
		try_text(axes, axis, (struct policy_text){ 0 });
	if (type == POLICY_TYPE_NUMBER || type == POLICY_TYPE_INSTANT)
		try_number(axes, axis, 0);
	fill_samples(axes, axis);
	if (type == POLICY_TYPE_TEXT || type == POLICY_TYPE_ARN)
		try_words(axes, axis);
}

/* ---- axes ---- */

static struct diff_axis *axis_add(struct diff_axes *axes, enum diff_axis_kind kind, struct policy_text name, int key)
{
	struct diff_axis *axis;

	if (axes->count == DIFF_AXES_MAX) {
		axes->incomplete |= DIFF_AXES_CUT;
		return NULL;
	}
	axis = &axes->axes[axes->count++];
	axis->kind = kind;
	axis->name = name;
	axis->key = key;
	axis->many = key >= 0 && policy_key_row((enum policy_key)key)->many;
	axis->signed_only = kind == DIFF_AXIS_KEY &&
			    (key < 0 || (key >= POLICY_KEY_TOKEN_ISSUE_TIME && key <= POLICY_KEY_USER_NAME));
	return axis;
}

/* The axis that a condition belongs to; NULL if it looks at nothing that a client's request has. */
static struct diff_axis *axis_of(struct diff_axes *axes, const struct policy_condition *condition)
{
	static const char tag[] = "aws:principaltag/";
	bool time = condition->key == POLICY_KEY_CURRENT_TIME || condition->key == POLICY_KEY_EPOCH_TIME;
	struct policy_text begin = condition->key_text;

	begin.count = begin.count < sizeof tag - 1 ? begin.count : sizeof tag - 1;
	if (condition->key == POLICY_KEY_SOURCE_ARN || condition->key == POLICY_KEY_SOURCE_ACCOUNT ||
		condition->key == POLICY_KEY_RESOURCE_ACCOUNT ||
		(condition->key == POLICY_KEY_SOURCE_IP && !axes->options->public_api) ||
		(condition->key < 0 && !policy_text_equal_folded(begin, policy_text_of(tag))))
		return NULL;
	if (is_caller_key(condition->key)) {
		axes->incomplete |= DIFF_SAMPLED;
		return NULL;
	}
	for (size_t i = 0; i < axes->count; i++) {
		struct diff_axis *axis = &axes->axes[i];

		if (axis->kind == DIFF_AXIS_TIME && time)
			return axis;
		if (axis->kind == DIFF_AXIS_KEY && axis->key == condition->key &&
			(axis->key >= 0 || policy_text_equal_folded(axis->name, condition->key_text)))
			return axis;
	}
	if (time)
		return axis_add(axes, DIFF_AXIS_TIME, policy_text_of("time"), -1);
	return axis_add(axes, DIFF_AXIS_KEY,
		condition->key < 0 ? condition->key_text
				   : policy_text_of(policy_key_name((enum policy_key)condition->key)),
		condition->key);
}

static void collect_conditions(struct diff_axes *axes, const struct policy *policy)
{
	for (uint32_t i = 0; i < policy->statement_count; i++) {
		const struct policy_statement *statement = &policy->statements[i];

		for (uint32_t j = 0; j < statement->condition_count; j++) {
			struct diff_axis *axis = axis_of(axes, &statement->conditions[j]);

			if (statement->conditions[j].has_variable)
				axes->incomplete |= DIFF_SAMPLED;
			if (!axis)
				continue;
			if (axis->condition_count == DIFF_CONDITIONS_MAX) {
				axes->incomplete |= DIFF_CONDITIONS_CUT;
				continue;
			}
			axis->owners[axis->condition_count] = policy;
			axis->conditions[axis->condition_count++] = &statement->conditions[j];
		}
	}
}

/* ---- callers ---- */

/* The role of a session that is known by its own ARN only: one without a path. */
static struct policy_text role_of(struct diff_axes *axes, struct policy_text session)
{
	static const char begin[] = "assumed-role/";
	struct policy_text parts[POLICY_ARN_PARTS], name;
	const char *slash;

	if (!policy_arn_split(parts, session) || !policy_text_starts(parts[5], begin))
		return (struct policy_text){ 0 };
	name = policy_text_behind(parts[5], sizeof begin - 1);
	slash = name.count ? memchr(name.bytes, '/', name.count) : NULL;
	if (slash)
		name.count = (size_t)(slash - name.bytes);
	return write_text(axes, "arn:%.*s:iam::%.*s:role/%.*s", POLICY_TEXT_ARG(parts[1]), POLICY_TEXT_ARG(parts[4]),
		POLICY_TEXT_ARG(name));
}

static void try_caller(struct diff_axes *axes, struct diff_axis *axis, struct policy_text arn)
{
	struct diff_class class = { .text = arn, .label = arn }, *added;

	if (!arn.bytes || policy_caller_parse(&class.caller, arn))
		return;
	for (size_t i = 0; i < axis->class_count; i++)
		if (policy_text_equal(axis->classes[i].text, arn))
			return;
	if (class.caller.type == POLICY_CALLER_ROLE_SESSION && !class.caller.role_arn.bytes)
		class.caller.role_arn = role_of(axes, arn);
	added = class_add(axes, axis);
	if (added)
		*added = class;
}

static void try_account(struct diff_axes *axes, struct diff_axis *axis, struct policy_text account)
{
	try_caller(axes, axis, write_text(axes, "arn:aws:iam::%.*s:user/some-other-user", POLICY_TEXT_ARG(account)));
	try_caller(axes, axis, write_text(axes, "arn:aws:iam::%.*s:root", POLICY_TEXT_ARG(account)));
}

/* Conditions on the caller's keys: the callers that they name, wildcards filled. */
static void try_named_callers(struct diff_axes *axes, struct diff_axis *axis, const struct policy_statement *statement)
{
	for (uint32_t i = 0; i < statement->condition_count; i++) {
		const struct policy_condition *condition = &statement->conditions[i];

		for (uint32_t j = 0; j < condition->text_count; j++) {
			struct policy_text text = condition->texts[j];

			if (condition->key == POLICY_KEY_PRINCIPAL_ARN)
				try_caller(axes, axis, text);
			else if (condition->key == POLICY_KEY_PRINCIPAL_ACCOUNT)
				try_account(axes, axis, text);
			else if (condition->key == POLICY_KEY_USER_NAME)
				try_caller(axes, axis,
					write_text(axes, "arn:aws:iam::999999999999:user/%.*s", POLICY_TEXT_ARG(text)));
		}
	}
}

static void fill_callers(struct diff_axes *axes, struct policy_text account)
{
	struct diff_axis *axis = axis_add(axes, DIFF_AXIS_CALLER, policy_text_of("caller"), -1);

	try_caller(axes, axis, policy_text_of("anonymous"));
	for (size_t which = 0; which < 2; which++) {
		for (uint32_t i = 0; i < axes->policies[which]->statement_count; i++) {
			const struct policy_statement *statement = &axes->policies[which]->statements[i];

			for (uint32_t j = 0; j < statement->principal_count; j++) {
				const struct policy_principal *principal = &statement->principals[j];
				struct policy_text parts[POLICY_ARN_PARTS];

				if (principal->kind == POLICY_PRINCIPAL_NEVER)
					continue;
				try_caller(axes, axis, principal->arn);
				if (policy_arn_split(parts, principal->arn))
					try_account(axes, axis, parts[4]);
			}
			try_named_callers(axes, axis, statement);
		}
	}
	try_account(axes, axis, account);
	try_account(axes, axis, policy_text_of("999999999999"));
}

/* ---- actions and resources ---- */

static void fill_actions(struct diff_axes *axes)
{
	static const char *const names[POLICY_ACTION_COUNT] = { [POLICY_ACTION_INVOKE] = "execute-api:Invoke",
		[POLICY_ACTION_INVALIDATE_CACHE] = "execute-api:InvalidateCache",
		[POLICY_ACTION_MANAGE_CONNECTIONS] = "execute-api:ManageConnections" };
	struct diff_axis *axis = axis_add(axes, DIFF_AXIS_ACTION, policy_text_of("action"), -1);

	for (int i = 0; i < POLICY_ACTION_COUNT; i++) {
		struct diff_class *class = class_add(axes, axis);

		class->text = class->label = policy_text_of(names[i]);
	}
}

/* Patterns that can match an ARN of the API, each once. */
static size_t collect_patterns(struct diff_axes *axes, const struct policy_text parts[POLICY_ARN_PARTS],
	const struct wildcard *patterns[WORDS_PATTERNS_MAX], struct policy_text texts[WORDS_PATTERNS_MAX])
{
	size_t count = 0;

	for (size_t which = 0; which < 2; which++) {
		const struct policy *policy = axes->policies[which];

		for (uint32_t i = 0; i < policy->statement_count; i++) {
			for (uint32_t j = 0; j < policy->statements[i].resource_count; j++) {
				const struct policy_resource *resource = &policy->statements[i].resources[j];
				bool known = false;

				if (resource->any || !resource->usable ||
					!policy_arn_head_match(&policy->heads[resource->head], parts))
					continue;
				if (resource->tail.variable_count)
					axes->incomplete |= DIFF_SAMPLED;
				for (size_t k = 0; k < count && !known; k++)
					known = policy_text_equal(texts[k], resource->text);
				if (known && !resource->tail.variable_count)
					continue;
				if (count == WORDS_PATTERNS_MAX) {
					axes->incomplete |= DIFF_CLASSES_CUT;
					continue;
				}
				texts[count] = resource->text;
				patterns[count++] = &resource->tail;
			}
		}
	}
	return count;
}

/* Add the resource as a class of its own if some statement takes it that does not take the others, or the reverse. */
static void try_resource(struct diff_axes *axes, struct diff_axis *axis, struct diff_class *class)
{
	struct policy_evaluation evaluation;
	struct policy_request request;
	struct diff_class *added;
	size_t bit = 0;

	policy_request_init(&request, class->text);
	for (size_t which = 0; which < 2; which++) {
		policy_evaluation_start(&evaluation, axes->policies[which], &request);
		for (uint32_t i = 0; i < axes->policies[which]->statement_count; i++, bit++) {
			if (bit == DIFF_CONDITIONS_MAX) {
				axes->incomplete |= DIFF_CONDITIONS_CUT;
				break;
			}
			if (policy_evaluation_resource(&evaluation, &axes->policies[which]->statements[i]))
				class->vector[bit / 64] |= (uint64_t)1 << (bit % 64);
		}
	}
	for (size_t i = 0; i < axis->class_count; i++)
		if (!memcmp(axis->classes[i].vector, class->vector, sizeof class->vector))
			return;
	added = class_add(axes, axis);
	if (added)
		*added = *class;
}

static void fill_resources(struct diff_axes *axes, const struct policy_text parts[POLICY_ARN_PARTS])
{
	struct diff_axis *axis = axis_add(axes, DIFF_AXIS_RESOURCE, policy_text_of("resource"), -1);
	const struct wildcard *patterns[WORDS_PATTERNS_MAX];
	struct policy_text texts[WORDS_PATTERNS_MAX], prefix = write_text(axes, "%.*s/", POLICY_TEXT_ARG(parts[5]));
	struct word words[16 * DIFF_CLASSES_MAX];
	size_t pattern_count = collect_patterns(axes, parts, patterns, texts), count;
	bool complete;

	if (axes->out_of_memory)
		return;
	if (words_find(words, sizeof words / sizeof *words, &count, &complete, &axes->arena, patterns, pattern_count,
		    WORDS_INVOKE, prefix))
		axes->out_of_memory = true;
	if (!complete)
		axes->incomplete |= DIFF_CLASSES_CUT;
	for (size_t i = 0; i < count && !axes->out_of_memory; i++) {
		struct diff_class class = { .label = policy_text_behind(words[i].text, prefix.count) };

		class.text = write_text(axes, "%.*s:%.*s", (int)(axes->options->api_arn.count - parts[5].count - 1),
			axes->options->api_arn.bytes, POLICY_TEXT_ARG(words[i].text));
		try_resource(axes, axis, &class);
	}
}

/* ---- the whole ---- */

void diff_axes_request(const struct diff_axes *axes, const uint8_t *choice, struct diff_request *ret)
{
	struct policy_request *request = &ret->request;
	struct policy_text parts[POLICY_ARN_PARTS];
	const struct policy_caller *caller = &request->caller;
	bool internet;

	policy_request_init(request, axes->options->api_arn);
	if (policy_arn_split(parts, axes->options->api_arn))
		policy_request_set(request, POLICY_KEY_RESOURCE_ACCOUNT, parts[4]);
	policy_request_set(request, POLICY_KEY_SECURE_TRANSPORT, policy_text_of("true"));
	for (size_t i = 0; i < axes->count; i++) {
		const struct diff_axis *axis = &axes->axes[i];
		const struct diff_class *class = &axis->classes[choice[i]];

		if (axis->kind == DIFF_AXIS_CALLER)
			request->caller = class->caller;
		else if (axis->kind == DIFF_AXIS_ACTION)
			request->action = class->text;
		else if (axis->kind == DIFF_AXIS_RESOURCE)
			request->resource = class->text;
		else if (!axis->signed_only || request->caller.type != POLICY_CALLER_ANONYMOUS)
			set_class(axes, axis, class, ret);
	}
	internet = !request->keys[POLICY_KEY_SOURCE_VPCE].text.bytes;
	if (internet) {
		policy_request_set(request, POLICY_KEY_SOURCE_VPC, (struct policy_text){ 0 });
		policy_request_set(request, POLICY_KEY_VPC_SOURCE_IP, (struct policy_text){ 0 });
	} else {
		policy_request_set(request, POLICY_KEY_SOURCE_IP, (struct policy_text){ 0 });
	}
	if (caller->type == POLICY_CALLER_ANONYMOUS)
		return;
	policy_request_set(request, POLICY_KEY_PRINCIPAL_ACCOUNT, caller->account);
	policy_request_set(request, POLICY_KEY_PRINCIPAL_ARN, caller->role_arn.bytes ? caller->role_arn : caller->arn);
	if (caller->type == POLICY_CALLER_USER && policy_arn_split(parts, caller->arn)) {
		struct policy_text name = parts[5];

		for (size_t i = parts[5].count; i-- > 0 && name.count == parts[5].count;)
			if (parts[5].bytes[i] == '/')
				name = policy_text_behind(parts[5], i + 1);
		policy_request_set(request, POLICY_KEY_USER_NAME, name);
	}
	policy_request_set(request, POLICY_KEY_PRINCIPAL_TYPE,
		policy_text_of(caller->type == POLICY_CALLER_USER           ? "User"
			       : caller->type == POLICY_CALLER_ACCOUNT      ? "Account"
			       : caller->type == POLICY_CALLER_ROLE_SESSION ? "AssumedRole"
									    : "FederatedUser"));
}

int diff_axes_init(struct diff_axes *axes, const struct policy *old_policy, const struct policy *new_policy,
	const struct diff_options *options)
{
	struct policy_text parts[POLICY_ARN_PARTS];
	size_t fixed;

	*axes = (struct diff_axes){ .policies = { old_policy, new_policy }, .options = options };
	if (!policy_arn_split(parts, options->api_arn))
		return -EINVAL;
	axes->axes = calloc(DIFF_AXES_MAX, sizeof *axes->axes);
	if (!axes->axes)
		return -ENOMEM;
	fill_callers(axes, parts[4]);
	fill_actions(axes);
	fill_resources(axes, parts);
	fixed = axes->count;
	/* Through an endpoint all three are there, whether a condition names them or not. */
	axis_add(axes, DIFF_AXIS_KEY, policy_text_of("aws:SourceVpce"), POLICY_KEY_SOURCE_VPCE);
	axis_add(axes, DIFF_AXIS_KEY, policy_text_of("aws:SourceVpc"), POLICY_KEY_SOURCE_VPC);
	axis_add(axes, DIFF_AXIS_KEY, policy_text_of("aws:VpcSourceIp"), POLICY_KEY_VPC_SOURCE_IP);
	axis_add(axes, DIFF_AXIS_TIME, policy_text_of("time"), -1);
	if (options->public_api)
		axis_add(axes, DIFF_AXIS_KEY, policy_text_of("aws:SourceIp"), POLICY_KEY_SOURCE_IP);
	collect_conditions(axes, old_policy);
	collect_conditions(axes, new_policy);
	for (size_t i = fixed; i < axes->count; i++)
		fill_key(axes, &axes->axes[i]);
	return axes->out_of_memory ? -ENOMEM : 0;
}

void diff_axes_fini(struct diff_axes *axes)
{
	free(axes->axes);
	policy_arena_fini(&axes->arena);
}
