/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit test of policy/turn and of the remedies of policy/explain, on random pairs of policy and request: every turn that is
 * told is applied by its words alone, and the verdict turns; no request turns a part that is said to be fixed.
 */
#include "tests/unit/policy/random_pairs.h"

#include "policy/explain.h"
#include "policy/turn.h"

#define PAIRS 4000
/* Further requests that are tried on the parts of one policy. */
#define TRIES 24

struct loaded {
	struct random_pair pair;
	cJSON *tree;
	struct policy *policy;
	struct case_request request;
};

static void load_request(struct loaded *loaded)
{
	struct policy_request *request = &loaded->request.request;
	const char *role;

	loaded->tree = cJSON_Parse(loaded->pair.request);
	assert_non_null(loaded->tree);
	loaded->request.list_count = 0;
	policy_request_init(request, policy_text_of(case_string(loaded->tree, "resource")));
	request->action = policy_text_of(case_string(loaded->tree, "action"));
	assert_int_equal(
		0, policy_caller_parse(&request->caller, policy_text_of(case_string(loaded->tree, "principal"))));
	role = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(loaded->tree, "role"));
	if (role)
		request->caller.role_arn = policy_text_of(role);
	case_context(&loaded->request, cJSON_GetObjectItemCaseSensitive(loaded->tree, "context"));
}

static void load(struct loaded *loaded, uint64_t seed)
{
	struct policy_options options;

	random_pair(&loaded->pair, seed);
	options = case_options(loaded->pair.kind);
	options.stored = true;
	assert_int_equal(
		0, policy_parse(&loaded->policy, loaded->pair.policy, strlen(loaded->pair.policy), &options, NULL));
	load_request(loaded);
}

static void unload(struct loaded *loaded)
{
	policy_free(loaded->policy);
	cJSON_Delete(loaded->tree);
}

/* ---- turns ---- */

struct seen {
	const struct random_pair *pair;
	const struct policy *policy;
	const struct policy_request *request;
	enum policy_verdict verdict;
	size_t turns;
};

/* Names of keys have no case; nothing else here differs in it alone. */
static bool is_same(struct policy_text a, struct policy_text b)
{
	return a.count == b.count && (!a.count || strncasecmp(a.bytes, b.bytes, a.count) == 0);
}

static void apply(struct policy_request *request, struct policy_named_value *others, const struct turn_change *change)
{
	int key = policy_key_find(change->name);
	size_t at = 0;

	if (is_same(change->name, policy_text_of("resource"))) {
		request->resource = change->to.text;
	} else if (is_same(change->name, policy_text_of("caller"))) {
		assert_int_equal(0, policy_caller_parse(&request->caller, change->to.text));
	} else if (key >= 0) {
		request->keys[key] = change->to;
	} else {
		while (at < request->other_count && !is_same(others[at].name, change->name))
			at++;
		others[at] = (struct policy_named_value){ change->name, change->to };
		request->other_count += at == request->other_count;
	}
}

static void on_turn(void *context, const struct turn *turn)
{
	struct seen *seen = context;
	struct policy_named_value others[CASE_OTHERS_MAX + TURN_CHANGES_MAX] = { 0 };
	struct policy_request changed = *seen->request;
	enum policy_verdict verdict;

	assert_true(turn->change_count > 0);
	for (size_t i = 0; i < seen->request->other_count; i++)
		others[i] = seen->request->others[i];
	changed.others = others;
	for (size_t i = 0; i < turn->change_count; i++)
		apply(&changed, others, &turn->changes[i]);
	/* The role of another session is among its keys. */
	if (changed.caller.type == POLICY_CALLER_ROLE_SESSION &&
		!is_same(changed.caller.arn, seen->request->caller.arn))
		changed.caller.role_arn = changed.keys[POLICY_KEY_PRINCIPAL_ARN].text;
	verdict = case_verdict(seen->policy, &changed);
	if (verdict != turn->verdict)
		fail_msg("%zu changes, first of %.*s: %s, not %s: %s %s", turn->change_count,
			(int)turn->changes[0].name.count, turn->changes[0].name.bytes, policy_verdict_name(verdict),
			policy_verdict_name(turn->verdict), seen->pair->policy, seen->pair->request);
	assert_int_not_equal(seen->verdict == POLICY_ALLOW, verdict == POLICY_ALLOW);
	seen->turns++;
}

static void every_turn_that_is_told_turns_the_verdict(void **state)
{
	static struct loaded loaded;
	size_t told = 0, refused = 0, refused_told = 0;
	int count;

	(void)state;
	for (uint64_t seed = 1; seed <= PAIRS; seed++) {
		struct seen seen = { .pair = &loaded.pair };
		struct turn_input input = { .policy_count = 1, .request = &loaded.request.request };

		load(&loaded, seed);
		seen.policy = input.policies[0] = loaded.policy;
		seen.request = input.request;
		seen.verdict = case_verdict(loaded.policy, input.request);
		count = turn_find(&input, on_turn, &seen);
		assert_int_equal(count, (int)seen.turns);
		assert_in_range(seen.turns, 0, TURN_COUNT_MAX);
		told += seen.turns > 0;
		refused += seen.verdict != POLICY_ALLOW;
		refused_told += seen.verdict != POLICY_ALLOW && seen.turns;
		unload(&loaded);
	}
	print_message("%zu of %d requests have a turn; of %zu refused ones %zu\n", told, PAIRS, refused, refused_told);
	assert_true(told > PAIRS / 3 && refused_told > refused / 4);
}

static void one_change_is_told_before_two(void **state)
{
	struct policy *policy = case_policy(
		"{'Version':'2012-10-17','Statement':[{'Effect':'Allow','Principal':'*','Action':'execute-api:Invoke','"
		"Resource':"
		"'execute-api:/prod/GET/shared/*'},{'Effect':'Deny','Principal':'*','Action':'*','Resource':'*',"
		"'Condition':{'NotIpAddress':{'aws:VpcSourceIp':'10.1.0.0/16'}}}]}");
	struct policy_request request;
	struct seen seen = { .policy = policy, .request = &request };
	struct turn_input input = { .policies = { policy }, .policy_count = 1, .request = &request };

	(void)state;
	policy_request_init(&request, policy_text_of(CASE_API "/prod/GET/shared/a"));
	policy_request_set(&request, POLICY_KEY_SOURCE_VPCE, policy_text_of("vpce-1"));
	policy_request_set(&request, POLICY_KEY_VPC_SOURCE_IP, policy_text_of("10.2.0.1"));
	seen.verdict = case_verdict(policy, &request);
	assert_int_equal(POLICY_EXPLICIT_DENY, seen.verdict);
	assert_int_equal(1, turn_find(&input, on_turn, &seen));
	request.resource = policy_text_of(CASE_API "/prod/POST/");
	assert_true(turn_find(&input, on_turn, &seen) > 0); /* address and path */
	request.resource = policy_text_of("no ARN");
	assert_int_equal(-22, turn_find(&input, on_turn, &seen));
	policy_free(policy);
}

/* ---- parts ---- */

#define PARTS_MAX 256

struct parts {
	size_t count;
	bool matched[PARTS_MAX], fixed[PARTS_MAX];
};

static void on_part(void *context, const struct explain_statement *statement, const struct explain_part *part)
{
	struct parts *parts = context;

	(void)statement;
	assert_true(parts->count < PARTS_MAX);
	parts->matched[parts->count] = part->matched;
	parts->fixed[parts->count++] = part->fixed;
}

static void look(struct parts *parts, const struct policy *policy, const struct policy_request *request)
{
	struct explain_visitor visitor = { .part = on_part, .context = parts };
	struct policy_result result;

	parts->count = 0;
	explain_policy(policy, request, &visitor, &result);
}

static void no_request_turns_a_part_that_is_fixed(void **state)
{
	static struct loaded loaded, other;
	static struct parts parts, now;
	size_t fixed = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= PAIRS / 4; seed++) {
		load(&loaded, seed);
		look(&parts, loaded.policy, &loaded.request.request);
		for (uint64_t i = 0; i < TRIES; i++) {
			load(&other, PAIRS + seed * TRIES + i);
			look(&now, loaded.policy, &other.request.request);
			unload(&other);
			assert_int_equal(parts.count, now.count);
			for (size_t j = 0; j < parts.count; j++)
				if (parts.fixed[j] && now.matched[j] != parts.matched[j])
					fail_msg("seed %u: part %zu turns: %s", (unsigned)seed, j, loaded.pair.policy);
		}
		for (size_t j = 0; j < parts.count; j++)
			fixed += parts.fixed[j];
		unload(&loaded);
	}
	print_message("%zu parts are fixed\n", fixed);
	assert_true(fixed > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_turn_that_is_told_turns_the_verdict),
		cmocka_unit_test(one_change_is_told_before_two),
		cmocka_unit_test(no_request_turns_a_part_that_is_fixed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
