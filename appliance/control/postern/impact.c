/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/postern/impact.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/control/postern/impact_template.h"
#include "policy/explain.h"

/* Longest path of a resource that is tried out: longer ones than requests can have. */
#define PROBE_MAX_BYTES 4096

/* What stands for a parameter in the paths that are tried out: '?' and its like tell lengths apart. */
static const size_t probe_lengths[] = { 1, 2, 7, 40 };

/* Whose policy a statement belongs to, in the order of decisions. */
enum asked { ASKED_ENDPOINT_FOR_DOMAIN, ASKED_DOMAIN, ASKED_ENDPOINT, ASKED_OLD, ASKED_NEW, ASKED_COUNT };

/* A part of a statement that may turn out either way; alike ones are one. */
struct open_part {
	enum explain_part_kind kind;
	bool negated;
	struct policy_text operator_name, key;
	const struct policy_text *wanted;
	size_t wanted_count;
};

struct statement {
	enum asked asked;
	bool denies;
	bool fails;    /* one of its parts does for certain */
	uint32_t open; /* bits of the open parts that it rests on */
};

struct judge {
	const struct impact_question *question;
	struct impact_answer *answer;
	struct statement statements[IMPACT_STATEMENTS_MAX];
	size_t statement_count;
	struct open_part open[IMPACT_OPEN_MAX];
	size_t open_count;

	/* --- of the policy under way */
	enum asked asked;
	struct policy_request request; /* as known */
	bool varies;                   /* the resource has more paths than the known one */
	enum { MODE_LOOK, MODE_PROBE, MODE_GATHER } mode;
	size_t part_count;
	bool undecided; /* a Resource needs trying out */
	/* Of Resource parts: what the list names holds all of the resource's paths; none of them. */
	bool all[IMPACT_PARTS_MAX], none[IMPACT_PARTS_MAX];
	char path[PROBE_MAX_BYTES];
};

const char *impact_change_name(enum impact_change change)
{
	static const char *const names[] = { [IMPACT_NOTHING] = "nothing",
		[IMPACT_CUT_OFF] = "cutOff",
		[IMPACT_LET_IN] = "letIn",
		[IMPACT_DEPENDS] = "depends" };

	return names[change];
}

static struct view view_of_text(struct policy_text text)
{
	return view_from(text.bytes, text.count);
}

static bool is_same_text(struct policy_text a, struct policy_text b)
{
	return (a.bytes == NULL) == (b.bytes == NULL) && view_equals(view_of_text(a), view_of_text(b));
}

/* ---- what is open ---- */

/* Does the key's value differ from one request of the client to the next, as far as is known? */
static bool is_key_open(const struct judge *judge, struct policy_text name)
{
	switch (policy_key_find(name)) {
	case POLICY_KEY_CURRENT_TIME:
	case POLICY_KEY_EPOCH_TIME:
	case POLICY_KEY_REFERER:
	case POLICY_KEY_USER_AGENT:
		return true;
	case POLICY_KEY_SOURCE_VPCE:
	case POLICY_KEY_SOURCE_VPC:
	case POLICY_KEY_VPC_SOURCE_IP:
	case POLICY_KEY_SOURCE_IP:
	case POLICY_KEY_SECURE_TRANSPORT:
	case POLICY_KEY_SOURCE_ARN:
	case POLICY_KEY_SOURCE_ACCOUNT:
	case POLICY_KEY_PRINCIPAL_ARN:
	case POLICY_KEY_PRINCIPAL_ACCOUNT:
	case POLICY_KEY_PRINCIPAL_TYPE:
	case POLICY_KEY_VIA_DOMAIN_ARN:
	case POLICY_KEY_RESOURCE_ACCOUNT:
		return false;
	default:
		/* what only signed callers have */
		return judge->request.caller.type != POLICY_CALLER_ANONYMOUS;
	}
}

/* Does a ${key} in the text stand for something open? */
static bool has_open_variable(const struct judge *judge, struct policy_text text)
{
	struct view rest = view_of_text(text);
	size_t at;

	while ((at = view_find(rest, view_of("${"))) != VIEW_NOWHERE) {
		size_t end = 0;
		struct view name;

		rest = view_after(rest, at + 2);
		while (end < rest.count && rest.at[end] != '}' && rest.at[end] != ',')
			end++;
		name = view_trim(view_part(rest, 0, end));
		if (is_key_open(judge, (struct policy_text){ .bytes = name.at, .count = name.count }))
			return true;
	}
	return false;
}

static bool has_open_value(const struct judge *judge, const struct explain_part *part)
{
	for (size_t i = 0; i < part->wanted_count; i++)
		if (has_open_variable(judge, part->wanted[i]))
			return true;
	return false;
}

static bool is_listed(const struct explain_part *part)
{
	return part->matched != part->negated;
}

static bool may_list(const struct judge *judge, const struct explain_part *part)
{
	const struct impact_question *question = judge->question;

	for (size_t i = 0; i < part->wanted_count; i++)
		if (impact_template_may_match(view_of_text(part->wanted[i]), question->arn_prefix, question->resource))
			return true;
	return false;
}

static bool surely_lists(const struct judge *judge, const struct explain_part *part)
{
	const struct impact_question *question = judge->question;

	for (size_t i = 0; i < part->wanted_count; i++)
		if (impact_template_is_within(view_of_text(part->wanted[i]), question->arn_prefix, question->resource))
			return true;
	return false;
}

/* What is certain of a Resource without trying paths out. */
static void look_at(struct judge *judge, const struct explain_part *part, size_t index)
{
	judge->all[index] = judge->none[index] = false;
	if (part->kind != EXPLAIN_RESOURCE || !judge->varies)
		return;
	judge->all[index] = surely_lists(judge, part);
	if (judge->all[index])
		return;
	judge->none[index] = !may_list(judge, part);
	if (judge->none[index])
		return;
	judge->undecided = true;
	judge->all[index] = true; /* until a path is found that the list does not hold */
}

static bool is_open(const struct judge *judge, const struct explain_part *part, size_t index)
{
	switch (part->kind) {
	case EXPLAIN_PRINCIPAL:
	case EXPLAIN_ACTION:
		return false;
	case EXPLAIN_RESOURCE:
		return has_open_value(judge, part) || (judge->varies && !judge->all[index] && !judge->none[index]);
	case EXPLAIN_CONDITION:
		break;
	}
	return is_key_open(judge, part->key) || has_open_value(judge, part);
}

static bool is_same_part(const struct open_part *open, const struct explain_part *part)
{
	if (open->kind != part->kind || open->negated != part->negated || open->wanted_count != part->wanted_count ||
		!is_same_text(open->operator_name, part->operator_name) || !is_same_text(open->key, part->key))
		return false;
	for (size_t i = 0; i < part->wanted_count; i++)
		if (!is_same_text(open->wanted[i], part->wanted[i]))
			return false;
	return true;
}

/* The bit of an open part; 0 with too many of them. */
static uint32_t bit_of(struct judge *judge, const struct explain_part *part)
{
	size_t i = 0;

	while (i < judge->open_count && !is_same_part(&judge->open[i], part))
		i++;
	if (i == IMPACT_OPEN_MAX) {
		judge->answer->is_beyond = true;
		return 0;
	}
	if (i == judge->open_count)
		judge->open[judge->open_count++] = (struct open_part){ .kind = part->kind,
			.negated = part->negated,
			.operator_name = part->operator_name,
			.key = part->key,
			.wanted = part->wanted,
			.wanted_count = part->wanted_count };
	return UINT32_C(1) << i;
}

/* ---- asking a policy ---- */

static void on_statement(void *context, const struct explain_statement *statement)
{
	struct judge *judge = context;

	if (judge->mode != MODE_GATHER)
		return;
	if (judge->statement_count == IMPACT_STATEMENTS_MAX) {
		judge->answer->is_beyond = true;
		return;
	}
	judge->statements[judge->statement_count++] =
		(struct statement){ .asked = judge->asked, .denies = statement->denies };
}

/* Of a part that is not open: the path that is known may have been cut, so it does not count. */
static bool holds(const struct judge *judge, const struct explain_part *part, size_t index)
{
	if (part->kind == EXPLAIN_RESOURCE && judge->varies)
		return judge->all[index] != part->negated;
	return part->matched;
}

static void on_part(void *context, const struct explain_statement *explained, const struct explain_part *part)
{
	struct judge *judge = context;
	size_t index = judge->part_count++;

	(void)explained;
	if (index >= IMPACT_PARTS_MAX || judge->answer->is_beyond) {
		judge->answer->is_beyond = true;
		return;
	}
	if (judge->mode == MODE_LOOK)
		look_at(judge, part, index);
	else if (judge->mode == MODE_PROBE)
		judge->all[index] &= is_listed(part);
	else if (is_open(judge, part, index))
		judge->statements[judge->statement_count - 1].open |= bit_of(judge, part);
	else if (!holds(judge, part, index))
		judge->statements[judge->statement_count - 1].fails = true;
}

static void explain(struct judge *judge, const struct policy *policy, const struct policy_request *request)
{
	const struct explain_visitor visitor = { on_statement, on_part, judge };
	struct policy_result result;

	judge->part_count = 0;
	explain_policy(policy, request, &visitor, &result);
}

/* Try several paths of the client's resource out. */
static void probe(struct judge *judge, const struct policy *policy)
{
	const struct impact_question *question = judge->question;
	struct policy_request request = judge->request;

	judge->mode = MODE_PROBE;
	if (!question->path_is_cut)
		explain(judge, policy, &request);
	for (size_t i = 0; i < sizeof probe_lengths / sizeof *probe_lengths; i++) {
		struct buffer path;

		buffer_init_fixed(&path, judge->path, sizeof judge->path);
		buffer_append(&path, question->arn_prefix);
		impact_template_fill(question->resource, probe_lengths[i], &path);
		if (buffer_error(&path))
			break;
		request.resource = (struct policy_text){ .bytes = judge->path, .count = path.count };
		explain(judge, policy, &request);
	}
}

/* Gather the statements of one policy. For the domain's ARN there is one resource, which is known. */
static void ask(struct judge *judge, enum asked asked, const struct policy *policy, bool of_domain)
{
	if (!policy)
		return;
	judge->asked = asked;
	judge->request.resource = of_domain ? judge->question->domain_arn : judge->question->request->resource;
	judge->varies =
		!of_domain && (judge->question->path_is_cut || impact_template_varies(judge->question->resource));
	judge->undecided = false;
	if (judge->varies) {
		judge->mode = MODE_LOOK;
		explain(judge, policy, &judge->request);
	}
	if (judge->undecided)
		probe(judge, policy);
	judge->mode = MODE_GATHER;
	explain(judge, policy, &judge->request);
}

/* ---- deciding ---- */

static enum policy_verdict verdict_of(const struct judge *judge, enum asked asked, uint32_t assignment)
{
	enum policy_verdict verdict = POLICY_IMPLICIT_DENY;

	for (size_t i = 0; i < judge->statement_count; i++) {
		const struct statement *statement = &judge->statements[i];

		if (statement->asked != asked || statement->fails || (statement->open & ~assignment))
			continue;
		if (statement->denies)
			return POLICY_EXPLICIT_DENY;
		verdict = POLICY_ALLOW;
	}
	return verdict;
}

static bool is_own_account(const struct impact_question *question)
{
	/* arn:aws:execute-api:{region}:{account}:… */
	struct view arn = view_of_text(question->request->resource), part = { 0 };

	for (int i = 0; i < 5; i++)
		if (!view_cut(arn, ':', &part, &arn))
			return false;
	return view_equals(part, view_of_text(question->request->caller.account));
}

/* Tables A and B as in combine_method(), with verdicts in the place of policies. */
static bool is_allowed_by_both(
	const struct impact_question *question, enum policy_verdict resource, enum policy_verdict caller)
{
	bool asks_caller = question->auth == COMBINE_AUTH_IAM || question->auth == COMBINE_AUTH_CUSTOM;

	if (!asks_caller)
		return resource == POLICY_ALLOW;
	if (resource == POLICY_EXPLICIT_DENY || caller == POLICY_EXPLICIT_DENY)
		return false;
	if (question->auth == COMBINE_AUTH_CUSTOM || is_own_account(question))
		return resource == POLICY_ALLOW || caller == POLICY_ALLOW;
	return resource == POLICY_ALLOW && caller == POLICY_ALLOW;
}

static bool is_allowed(const struct judge *judge, enum asked asked, const struct policy *policy, uint32_t assignment,
	enum policy_verdict caller)
{
	const struct impact_question *question = judge->question;

	if (!policy && question->private_api)
		return false;
	return is_allowed_by_both(question, policy ? verdict_of(judge, asked, assignment) : POLICY_ALLOW, caller);
}

/* The door before the API's own policy. */
static bool is_admitted(const struct judge *judge, uint32_t assignment)
{
	const struct impact_question *question = judge->question;

	if (question->domain_arn.bytes) {
		if (question->endpoint_policy &&
			verdict_of(judge, ASKED_ENDPOINT_FOR_DOMAIN, assignment) != POLICY_ALLOW)
			return false;
		if (!question->domain_policy || verdict_of(judge, ASKED_DOMAIN, assignment) != POLICY_ALLOW)
			return false;
	}
	return !question->endpoint_policy || verdict_of(judge, ASKED_ENDPOINT, assignment) == POLICY_ALLOW;
}

static enum impact_change change_with(const struct judge *judge, uint32_t assignment, enum policy_verdict caller)
{
	const struct impact_question *question = judge->question;
	bool before, after;

	if (!is_admitted(judge, assignment))
		return IMPACT_NOTHING;
	before = is_allowed(judge, ASKED_OLD, question->old_policy, assignment, caller);
	after = is_allowed(judge, ASKED_NEW, question->new_policy, assignment, caller);
	if (before == after)
		return IMPACT_NOTHING;
	return before ? IMPACT_CUT_OFF : IMPACT_LET_IN;
}

/* All combinations of what is open: which changes occur, and which open part makes a difference. */
static void combine_all(struct judge *judge)
{
	static const enum policy_verdict callers[] = { POLICY_IMPLICIT_DENY, POLICY_ALLOW, POLICY_EXPLICIT_DENY };
	struct impact_answer *answer = judge->answer;
	bool asks_caller = judge->question->auth == COMBINE_AUTH_IAM || judge->question->auth == COMBINE_AUTH_CUSTOM;
	uint32_t relevant = 0, end = UINT32_C(1) << judge->open_count;
	bool occurs[IMPACT_DEPENDS + 1] = { false };

	for (uint32_t assignment = 0; assignment < end; assignment++) {
		enum impact_change change = change_with(judge, assignment, POLICY_IMPLICIT_DENY);

		for (unsigned i = 0; i < (asks_caller ? 3u : 1u); i++) {
			enum impact_change with = change_with(judge, assignment, callers[i]);

			occurs[with] = true;
			answer->caller_is_open |= with != change;
			for (size_t bit = 0; bit < judge->open_count; bit++)
				if (change_with(judge, assignment ^ (UINT32_C(1) << bit), callers[i]) != with)
					relevant |= UINT32_C(1) << bit;
		}
	}
	answer->may_stay = occurs[IMPACT_NOTHING];
	answer->may_cut_off = occurs[IMPACT_CUT_OFF];
	answer->may_let_in = occurs[IMPACT_LET_IN];
	for (size_t bit = 0; bit < judge->open_count; bit++)
		if (relevant >> bit & 1)
			answer->open[answer->open_count++] = judge->open[bit].key;
}

static enum impact_change sum_up(const struct impact_answer *answer)
{
	if (answer->is_beyond || answer->may_stay + answer->may_cut_off + answer->may_let_in > 1)
		return IMPACT_DEPENDS;
	if (answer->may_cut_off)
		return IMPACT_CUT_OFF;
	return answer->may_let_in ? IMPACT_LET_IN : IMPACT_NOTHING;
}

/* What the engine says of the one request that is known. */
static void decide(const struct impact_question *question, const struct policy *policy, struct combine_decision *ret)
{
	const struct combine_method_input input = {
		.auth = question->auth, .private_api = question->private_api, .resource_policy = policy
	};
	struct policy_request request = *question->request;

	if (question->domain_arn.bytes) {
		request.resource = question->domain_arn;
		combine_endpoint(question->endpoint_policy, &request, ret);
		if (ret->verdict != POLICY_ALLOW)
			return;
		combine_domain(question->domain_policy, &request, ret);
		if (ret->verdict != POLICY_ALLOW)
			return;
		request.resource = question->request->resource;
	}
	combine_endpoint(question->endpoint_policy, &request, ret);
	if (ret->verdict == POLICY_ALLOW)
		combine_method(&input, &request, ret);
}

int impact_judge(const struct impact_question *question, struct impact_answer *ret)
{
	struct judge *judge = malloc(sizeof *judge);

	*ret = (struct impact_answer){ 0 };
	if (!judge)
		return -ENOMEM;
	judge->question = question;
	judge->answer = ret;
	judge->statement_count = judge->open_count = 0;
	judge->request = *question->request;
	if (question->domain_arn.bytes) {
		ask(judge, ASKED_ENDPOINT_FOR_DOMAIN, question->endpoint_policy, true);
		ask(judge, ASKED_DOMAIN, question->domain_policy, true);
	}
	ask(judge, ASKED_ENDPOINT, question->endpoint_policy, false);
	ask(judge, ASKED_OLD, question->old_policy, false);
	ask(judge, ASKED_NEW, question->new_policy, false);
	if (!ret->is_beyond)
		combine_all(judge);
	ret->change = sum_up(ret);
	decide(question, question->old_policy, &ret->before);
	decide(question, question->new_policy, &ret->after);
	free(judge);
	return 0;
}
