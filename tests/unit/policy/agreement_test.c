/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine against a second evaluator that shares nothing with it (naive.h), on random pairs of policy and request; and
 * that evaluator with each entry of its truth tables turned round, which the same pairs must tell from the engine.
 *
 * POSTERN_PAIRS (50,000) and POSTERN_SEED (1) in the environment choose other pairs: the nth has the seed POSTERN_SEED + n.
 */
#include "tests/unit/policy/naive.h"
#include "tests/unit/policy/random_pairs.h"

#define PAIRS 50000

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

/* A pair as both evaluators want it. */
struct prepared {
	struct random_pair pair;
	uint64_t seed;
	cJSON *policy_tree, *request_tree;
	struct naive_case naive;
	struct policy *policy;
	struct case_request request;
	struct policy_result result; /* the engine's */
};

/* Print the pair whole (cmocka cuts long messages) and fail. */
static void refuse(const struct prepared *prepared, const char *what)
{
	fprintf(stderr, "%s\n  again: POSTERN_SEED=%llu POSTERN_PAIRS=1\n  kind: %s\n  policy: %s\n  request: %s\n",
		what, (unsigned long long)prepared->seed, prepared->naive.kind, prepared->pair.policy,
		prepared->pair.request);
	fail_msg("%s", what);
}

static void prepare_request(struct prepared *prepared)
{
	struct policy_request *request = &prepared->request.request;
	const char *role = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(prepared->request_tree, "role"));

	prepared->request.list_count = 0;
	policy_request_init(request, policy_text_of(case_string(prepared->request_tree, "resource")));
	request->action = policy_text_of(case_string(prepared->request_tree, "action"));
	assert_int_equal(0, policy_caller_parse(&request->caller,
				    policy_text_of(case_string(prepared->request_tree, "principal"))));
	/* A role without a path can also be told from the session's ARN. */
	if (role && (prepared->seed % 2 || !strstr(role, "role/dev")))
		request->caller.role_arn = policy_text_of(role);
	case_context(&prepared->request, cJSON_GetObjectItemCaseSensitive(prepared->request_tree, "context"));
}

static void prepare(struct prepared *prepared, uint64_t seed)
{
	struct policy_options options;
	struct policy_error error;
	char line[512];

	prepared->seed = seed;
	random_pair(&prepared->pair, seed);
	prepared->policy_tree = cJSON_Parse(prepared->pair.policy);
	prepared->request_tree = cJSON_Parse(prepared->pair.request);
	prepared->naive = (struct naive_case){ .policy = prepared->policy_tree,
		.request = prepared->request_tree,
		.kind = prepared->pair.kind == POLICY_KIND_API        ? "api"
			: prepared->pair.kind == POLICY_KIND_ENDPOINT ? "endpoint"
								      : "identity",
		.owner = CASE_API };
	if (!prepared->policy_tree || !prepared->request_tree)
		refuse(prepared, "not JSON");
	options = case_options(prepared->pair.kind);
	options.stored = true;
	if (policy_parse(&prepared->policy, prepared->pair.policy, strlen(prepared->pair.policy), &options, &error)) {
		policy_error_write(&error, line, sizeof line);
		refuse(prepared, line);
	}
	prepare_request(prepared);
	policy_evaluate(prepared->policy, &prepared->request.request, &prepared->result);
}

static void release(struct prepared *prepared)
{
	policy_free(prepared->policy);
	cJSON_Delete(prepared->policy_tree);
	cJSON_Delete(prepared->request_tree);
}

/* Do both give the same verdict, by the same statement? */
static bool agree(const struct prepared *prepared, const char **ret_verdict, int *ret_statement)
{
	*ret_verdict = naive_evaluate(&prepared->naive, ret_statement);
	return *ret_statement == prepared->result.statement &&
	       strcmp(*ret_verdict, policy_verdict_name(prepared->result.verdict)) == 0;
}

static void engine_and_naive_evaluator_agree(void **state)
{
	static struct prepared prepared;
	uint64_t pairs = number_from("POSTERN_PAIRS", PAIRS), seed = number_from("POSTERN_SEED", 1);
	size_t verdicts[3] = { 0 };
	const char *verdict;
	char line[160];
	int statement;

	(void)state;
	for (uint64_t i = 0; i < pairs; i++) {
		prepare(&prepared, seed + i);
		verdicts[prepared.result.verdict]++;
		if (!agree(&prepared, &verdict, &statement)) {
			snprintf(line, sizeof line, "engine: %s by %d, naive evaluator: %s by %d",
				policy_verdict_name(prepared.result.verdict), prepared.result.statement, verdict,
				statement);
			refuse(&prepared, line);
		}
		release(&prepared);
	}
	print_message("%llu pairs: %zu Allow, %zu ExplicitDeny, %zu ImplicitDeny\n", (unsigned long long)pairs,
		verdicts[POLICY_ALLOW], verdicts[POLICY_EXPLICIT_DENY], verdicts[POLICY_IMPLICIT_DENY]);
	/* Each verdict is common. */
	for (size_t i = 0; i < 3 && pairs >= PAIRS; i++)
		assert_true(verdicts[i] > pairs / 20);
}

/* ---- mutations ---- */

/* Can the operator give this outcome at all? */
static bool is_possible(const char *op, int entry)
{
	bool ordered = strncmp(op, "Numeric", 7) == 0 || strncmp(op, "Date", 4) == 0 || strcmp(op, "Bool") == 0 ||
		       strcmp(op, "Null") == 0;
	int form = (entry - NAIVE_ABSENT) % NAIVE_FORMS;

	if (entry == NAIVE_LESS)
		return ordered;
	if (entry == NAIVE_UNREADABLE)
		return strcmp(op, "BinaryEquals") != 0;
	return entry < NAIVE_ABSENT || strcmp(op, "Null") != 0 || form % 2 == 0;
}

static void write_mutation(char *buffer, size_t bytes, int mutation)
{
	static const char *const outcomes[] = { "less", "equal", "greater or unequal", "unreadable" };
	static const char *const forms[] = { "", "IfExists", "ForAllValues", "ForAllValues…IfExists", "ForAnyValue",
		"ForAnyValue…IfExists" };
	int entry = mutation % NAIVE_ENTRIES;

	if (mutation >= NAIVE_RULES)
		snprintf(buffer, bytes, "naive.h, line %d", mutation - NAIVE_RULES);
	else if (entry < NAIVE_ABSENT)
		snprintf(buffer, bytes, "%s, %s", naive_operators[mutation / NAIVE_ENTRIES], outcomes[entry]);
	else
		snprintf(buffer, bytes, "%s, %s, %s", naive_operators[mutation / NAIVE_ENTRIES],
			entry < NAIVE_LIST ? "absent" : "list", forms[(entry - NAIVE_ABSENT) % NAIVE_FORMS]);
}

/* Turn round each entry that the pair touches and that no pair before has caught; returns how many are caught now. */
static size_t catch_mutations(const struct prepared *prepared, bool caught[NAIVE_TRUTHS])
{
	static bool touched[NAIVE_TRUTHS];
	const char *verdict;
	int statement;
	size_t count = 0;

	memset(naive_touched, 0, sizeof naive_touched);
	assert_true(agree(prepared, &verdict, &statement));
	memcpy(touched, naive_touched, sizeof touched);
	for (int i = 0; i < NAIVE_TRUTHS; i++) {
		if (!touched[i] || caught[i])
			continue;
		naive_mutated = i;
		caught[i] = !agree(prepared, &verdict, &statement);
		count += caught[i];
		naive_mutated = -1;
	}
	return count;
}

/* Places in naive.h where NAIVE_RULE is asked. */
#define RULES 23

static void every_mutated_truth_table_is_caught(void **state)
{
	static struct prepared prepared;
	static bool caught[NAIVE_TRUTHS];
	size_t wanted = RULES, count = 0;
	char line[128];
	int pairs = 0;

	(void)state;
	for (int i = 0; i < NAIVE_RULES; i++)
		wanted += is_possible(naive_operators[i / NAIVE_ENTRIES], i % NAIVE_ENTRIES);
	for (; pairs < PAIRS && count < wanted; pairs++) {
		prepare(&prepared, 1 + (uint64_t)pairs);
		count += catch_mutations(&prepared, caught);
		release(&prepared);
	}
	print_message("%zu of %zu mutations caught by %d pairs\n", count, wanted, pairs);
	for (int i = 0; i < NAIVE_RULES; i++) {
		if (caught[i] || !is_possible(naive_operators[i / NAIVE_ENTRIES], i % NAIVE_ENTRIES))
			continue;
		write_mutation(line, sizeof line, i);
		print_message("not caught: %s\n", line);
	}
	assert_int_equal(wanted, count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(engine_and_naive_evaluator_agree),
		cmocka_unit_test(every_mutated_truth_table_is_caught),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
