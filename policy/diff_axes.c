/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/diff_axes.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/evaluation.h"
#include "policy/text.h"
#include "policy/words.h"

/* Patterns that a line names. */
#define PATTERNS_MAX_BYTES 160

static bool is_caller_key(int key)
{
	return key == POLICY_KEY_PRINCIPAL_ACCOUNT || key == POLICY_KEY_PRINCIPAL_ARN ||
	       key == POLICY_KEY_PRINCIPAL_TYPE || key == POLICY_KEY_USER_NAME;
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
		(condition->key < 0 && !policy_text_equal_folded(begin, policy_text_of(tag)) &&
			!(axes->asked && policy_request_find(axes->asked, condition->key_text))))
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

#define OTHERS_OF "others of account "

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
	return diff_text(axes, "arn:%.*s:iam::%.*s:role/%.*s", POLICY_TEXT_ARG(parts[1]), POLICY_TEXT_ARG(parts[4]),
		POLICY_TEXT_ARG(name));
}

static void try_caller(struct diff_axes *axes, struct diff_axis *axis, struct policy_text arn, struct policy_text label)
{
	struct diff_class class = { .text = arn, .label = label }, *added;

	if (!arn.bytes || policy_caller_parse(&class.caller, arn))
		return;
	for (size_t i = 0; i < axis->class_count; i++)
		if (policy_text_equal(axis->classes[i].text, arn))
			return;
	if (class.caller.type == POLICY_CALLER_ROLE_SESSION && !class.caller.role_arn.bytes)
		class.caller.role_arn = role_of(axes, arn);
	added = diff_class_add(axes, axis);
	if (added)
		*added = class;
}

/* Somebody of the account whom no policy names, and its root. */
static void try_account(struct diff_axes *axes, struct diff_axis *axis, struct policy_text account, const char *others)
{
	struct policy_text root = diff_text(axes, "arn:aws:iam::%.*s:root", POLICY_TEXT_ARG(account));

	try_caller(axes, axis, diff_text(axes, "arn:aws:iam::%.*s:user/some-other-user", POLICY_TEXT_ARG(account)),
		diff_text(axes, "%s%.*s", others, POLICY_TEXT_ARG(account)));
	try_caller(axes, axis, root, root);
}

/* A pattern of a caller's ARN as the ARN of some caller: wildcards filled, an open account taken for the API's own. */
static struct policy_text filled_arn(struct diff_axes *axes, struct policy_text pattern)
{
	struct policy_text parts[POLICY_ARN_PARTS], owner[POLICY_ARN_PARTS], filled;
	char *bytes;

	if (!policy_arn_split(parts, pattern) || !policy_arn_split(owner, axes->options->api_arn))
		return pattern;
	if (policy_text_has(parts[4], '*') || policy_text_has(parts[4], '?'))
		parts[4] = owner[4];
	filled = diff_text(axes, "%.*s:%.*s:%.*s:%.*s:%.*s:%.*s", POLICY_TEXT_ARG(parts[0]), POLICY_TEXT_ARG(parts[1]),
		POLICY_TEXT_ARG(parts[2]), POLICY_TEXT_ARG(parts[3]), POLICY_TEXT_ARG(parts[4]),
		POLICY_TEXT_ARG(parts[5]));
	bytes = policy_arena_take(&axes->arena, filled.count + 1, 1);
	if (!bytes) {
		axes->out_of_memory = true;
		return (struct policy_text){ 0 };
	}
	for (size_t i = 0; i < filled.count; i++)
		bytes[i] = filled.bytes[i] == '*' || filled.bytes[i] == '?' ? 'x' : filled.bytes[i];
	return (struct policy_text){ bytes, filled.count };
}

/* Conditions on the caller's keys: the callers that they name, wildcards filled. */
static void try_named_callers(struct diff_axes *axes, struct diff_axis *axis, const struct policy_statement *statement)
{
	for (uint32_t i = 0; i < statement->condition_count; i++) {
		const struct policy_condition *condition = &statement->conditions[i];

		for (uint32_t j = 0; j < condition->text_count; j++) {
			struct policy_text text = condition->texts[j], arn = { 0 };

			if (condition->key == POLICY_KEY_PRINCIPAL_ACCOUNT)
				try_account(axes, axis, text, OTHERS_OF);
			else if (condition->key == POLICY_KEY_PRINCIPAL_ARN)
				arn = filled_arn(axes, text);
			else if (condition->key == POLICY_KEY_USER_NAME)
				arn = diff_text(axes, "arn:aws:iam::999999999999:user/%.*s", POLICY_TEXT_ARG(text));
			try_caller(axes, axis, arn, arn);
		}
	}
}

static void fill_callers(struct diff_axes *axes, struct policy_text account)
{
	struct diff_axis *axis = axis_add(axes, DIFF_AXIS_CALLER, policy_text_of("caller"), -1);

	try_caller(axes, axis, policy_text_of("anonymous"), policy_text_of("anonymous"));
	for (size_t which = 0; which < axes->policy_count; which++) {
		for (uint32_t i = 0; i < axes->policies[which]->statement_count; i++) {
			const struct policy_statement *statement = &axes->policies[which]->statements[i];

			for (uint32_t j = 0; j < statement->principal_count; j++) {
				const struct policy_principal *principal = &statement->principals[j];
				struct policy_text parts[POLICY_ARN_PARTS];

				if (principal->kind == POLICY_PRINCIPAL_NEVER)
					continue;
				try_caller(axes, axis, principal->arn, principal->arn);
				if (policy_arn_split(parts, principal->arn))
					try_account(axes, axis, parts[4], OTHERS_OF);
			}
			try_named_callers(axes, axis, statement);
		}
	}
	try_account(axes, axis, account, OTHERS_OF);
	try_account(axes, axis, policy_text_of("999999999999"), "others of another account, as ");
}

/* ---- actions and resources ---- */

static void fill_actions(struct diff_axes *axes)
{
	static const char *const names[POLICY_ACTION_COUNT] = { [POLICY_ACTION_INVOKE] = "execute-api:Invoke",
		[POLICY_ACTION_INVALIDATE_CACHE] = "execute-api:InvalidateCache",
		[POLICY_ACTION_MANAGE_CONNECTIONS] = "execute-api:ManageConnections" };
	struct diff_axis *axis = axis_add(axes, DIFF_AXIS_ACTION, policy_text_of("action"), -1);

	for (int i = 0; i < POLICY_ACTION_COUNT; i++) {
		struct diff_class *class = diff_class_add(axes, axis);

		class->text = class->label = policy_text_of(names[i]);
	}
}

/* Patterns that can match an ARN of the API, each once. */
static size_t collect_patterns(struct diff_axes *axes, const struct policy_text parts[POLICY_ARN_PARTS],
	const struct wildcard *patterns[WORDS_PATTERNS_MAX], struct policy_text texts[WORDS_PATTERNS_MAX])
{
	size_t count = 0;

	for (size_t which = 0; which < axes->policy_count; which++) {
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
static void try_resource(
	struct diff_axes *axes, struct diff_axis *axis, struct diff_class *class, const struct word *word)
{
	struct policy_evaluation evaluation;
	struct policy_request request;
	struct diff_class *added = NULL;
	size_t bit = 0;

	policy_request_init(&request, class->text);
	if (axes->asked)
		request = *axes->asked;
	request.resource = class->text;
	for (size_t which = 0; which < axes->policy_count; which++) {
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
	for (size_t i = 0; i < axis->class_count && !added; i++)
		if (!memcmp(axis->classes[i].vector, class->vector, sizeof class->vector))
			added = &axis->classes[i];
	if (!added) {
		added = diff_class_add(axes, axis);
		if (!added)
			return;
		*added = *class;
		added->in_all = word ? word->matches : 0;
	}
	if (!word)
		return;
	added->in_all &= word->matches;
	added->in_some |= word->matches;
	added->methods |= (uint8_t)(1 << word->method);
}

/* "/prod/GET/a, /prod/GET/b" of the patterns in `set`, as far as a line can take it. */
static struct policy_text patterns_text(struct diff_axes *axes, const struct policy_text *texts, size_t count,
	uint64_t set, const struct policy_text parts[POLICY_ARN_PARTS])
{
	struct policy_text list = policy_text_of(""), tail[POLICY_ARN_PARTS];

	for (size_t i = 0; i < count; i++) {
		struct policy_text begin;

		if (!(set >> i & 1) || !policy_arn_split(tail, texts[i]))
			continue;
		if (list.count > PATTERNS_MAX_BYTES)
			return diff_text(axes, "%.*s and more", POLICY_TEXT_ARG(list));
		begin = (struct policy_text){ tail[5].bytes, parts[5].count };
		if (tail[5].count > parts[5].count && policy_text_equal(begin, parts[5]))
			tail[5] = policy_text_behind(tail[5], parts[5].count);
		list = diff_text(
			axes, "%.*s%s%.*s", POLICY_TEXT_ARG(list), list.count ? ", " : "", POLICY_TEXT_ARG(tail[5]));
	}
	return list;
}

/* What the resources of a class have in common: "GET POST in A, not in B, such as prod/GET/x". */
static void describe(struct diff_axes *axes, struct diff_class *class, const struct policy_text *texts, size_t count,
	uint64_t everywhere, const struct policy_text parts[POLICY_ARN_PARTS])
{
	struct policy_text in = patterns_text(axes, texts, count, class->in_all & ~everywhere, parts);
	struct policy_text out = patterns_text(axes, texts, count, ~class->in_some, parts);
	struct policy_text methods = policy_text_of("");
	const uint8_t all = (uint8_t)((1u << WORDS_METHOD_COUNT) - 1);

	for (int i = 0; class->methods != all && i < WORDS_METHOD_COUNT; i++)
		if (class->methods >> i & 1)
			methods = diff_text(axes, "%.*s%s ", POLICY_TEXT_ARG(methods), words_method_name(i));
	class->label = diff_text(axes, "%.*s%s%.*s%s%.*s%s%.*s", POLICY_TEXT_ARG(methods), in.count ? "in " : "",
		POLICY_TEXT_ARG(in), out.count ? in.count ? ", not in " : "not in " : "", POLICY_TEXT_ARG(out),
		methods.count || in.count || out.count ? ", such as " : "", POLICY_TEXT_ARG(class->label));
}

static void fill_resources(struct diff_axes *axes, const struct policy_text parts[POLICY_ARN_PARTS])
{
	struct diff_axis *axis = axis_add(axes, DIFF_AXIS_RESOURCE, policy_text_of("resource"), -1);
	const struct wildcard *patterns[WORDS_PATTERNS_MAX];
	struct policy_text texts[WORDS_PATTERNS_MAX], prefix = diff_text(axes, "%.*s/", POLICY_TEXT_ARG(parts[5]));
	struct word words[16 * DIFF_CLASSES_MAX];
	size_t pattern_count = collect_patterns(axes, parts, patterns, texts), count;
	uint64_t everywhere = UINT64_MAX; /* patterns that tell nothing apart */
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

		class.text = diff_text(axes, "%.*s:%.*s", (int)(axes->options->api_arn.count - parts[5].count - 1),
			axes->options->api_arn.bytes, POLICY_TEXT_ARG(words[i].text));
		try_resource(axes, axis, &class, &words[i]);
	}
	for (size_t i = 0; i < axis->class_count; i++)
		everywhere &= axis->classes[i].in_all;
	for (size_t i = 0; i < axis->class_count && !axes->out_of_memory; i++)
		if (complete)
			describe(axes, &axis->classes[i], texts, pattern_count, everywhere, parts);
		else
			axis->classes[i].label =
				diff_text(axes, "such as %.*s", POLICY_TEXT_ARG(axis->classes[i].label));
	for (size_t i = 0; axes->asked && i < pattern_count; i++) {
		struct policy_text tail = diff_resolve(axes, patterns[i]);
		struct diff_class class = { .label = tail };

		if (!tail.bytes || !patterns[i]->variable_count)
			continue;
		class.text = diff_text(axes, "%.*s:%.*s", (int)(axes->options->api_arn.count - parts[5].count - 1),
			axes->options->api_arn.bytes, POLICY_TEXT_ARG(tail));
		try_resource(axes, axis, &class, NULL);
	}
}

/* ---- the whole ---- */

/* What is known of the caller as keys. */
static void set_caller_keys(struct policy_request *request)
{
	const struct policy_caller *caller = &request->caller;
	struct policy_text parts[POLICY_ARN_PARTS], user = { 0 }, type = { 0 };

	if (caller->type == POLICY_CALLER_USER && policy_arn_split(parts, caller->arn)) {
		user = parts[5];
		for (size_t i = parts[5].count; i-- > 0 && user.count == parts[5].count;)
			if (parts[5].bytes[i] == '/')
				user = policy_text_behind(parts[5], i + 1);
	}
	if (caller->type != POLICY_CALLER_ANONYMOUS)
		type = policy_text_of(caller->type == POLICY_CALLER_USER           ? "User"
				      : caller->type == POLICY_CALLER_ACCOUNT      ? "Account"
				      : caller->type == POLICY_CALLER_ROLE_SESSION ? "AssumedRole"
										   : "FederatedUser");
	policy_request_set(request, POLICY_KEY_PRINCIPAL_ACCOUNT, caller->account);
	policy_request_set(request, POLICY_KEY_PRINCIPAL_ARN, caller->role_arn.bytes ? caller->role_arn : caller->arn);
	policy_request_set(request, POLICY_KEY_USER_NAME, user);
	policy_request_set(request, POLICY_KEY_PRINCIPAL_TYPE, type);
}

void diff_axis_apply(const struct diff_axis *axis, const struct diff_class *class, struct diff_request *ret)
{
	switch (axis->kind) {
	case DIFF_AXIS_CALLER:
		ret->request.caller = class->caller;
		set_caller_keys(&ret->request);
		break;
	case DIFF_AXIS_ACTION:
		ret->request.action = class->text;
		break;
	case DIFF_AXIS_RESOURCE:
		ret->request.resource = class->text;
		break;
	case DIFF_AXIS_KEY:
	case DIFF_AXIS_TIME:
		diff_class_set(axis, class, ret);
		break;
	}
}

void diff_axes_request(const struct diff_axes *axes, const uint8_t *choice, struct diff_request *ret)
{
	struct policy_request *request = &ret->request;
	struct policy_text parts[POLICY_ARN_PARTS];

	policy_request_init(request, axes->options->api_arn);
	if (policy_arn_split(parts, axes->options->api_arn))
		policy_request_set(request, POLICY_KEY_RESOURCE_ACCOUNT, parts[4]);
	policy_request_set(request, POLICY_KEY_SECURE_TRANSPORT, policy_text_of("true"));
	/* The caller is the first axis. */
	for (size_t i = 0; i < axes->count; i++)
		if (!axes->axes[i].signed_only || request->caller.type != POLICY_CALLER_ANONYMOUS)
			diff_axis_apply(&axes->axes[i], &axes->axes[i].classes[choice[i]], ret);
	if (request->keys[POLICY_KEY_SOURCE_VPCE].text.bytes) {
		policy_request_set(request, POLICY_KEY_SOURCE_IP, (struct policy_text){ 0 });
	} else {
		policy_request_set(request, POLICY_KEY_SOURCE_VPC, (struct policy_text){ 0 });
		policy_request_set(request, POLICY_KEY_VPC_SOURCE_IP, (struct policy_text){ 0 });
	}
}

int diff_axes_init(struct diff_axes *axes)
{
	struct policy_text parts[POLICY_ARN_PARTS];
	size_t fixed;

	if (!policy_arn_split(parts, axes->options->api_arn))
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
	if (axes->options->public_api)
		axis_add(axes, DIFF_AXIS_KEY, policy_text_of("aws:SourceIp"), POLICY_KEY_SOURCE_IP);
	for (size_t i = 0; i < axes->policy_count; i++)
		collect_conditions(axes, axes->policies[i]);
	for (size_t i = fixed; i < axes->count; i++)
		diff_axis_fill(axes, &axes->axes[i]);
	return axes->out_of_memory ? -ENOMEM : 0;
}

void diff_axes_fini(struct diff_axes *axes)
{
	free(axes->axes);
	policy_arena_fini(&axes->arena);
}
