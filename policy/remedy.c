/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/remedy.h"

#include "policy/text.h"

/* ---- conditions ---- */

/* What has to be true of a value: that it stands in the relation to one of the list, or to none. */
static const char *relation_text(const struct policy_condition *condition, bool listed)
{
	static const char *const texts[][2] = {
		[POLICY_RELATION_EQUAL] = { "the value would have to be outside of this list",
			"the value would have to be one of this list" },
		[POLICY_RELATION_LESS] = { "the value could not be less than any of this list",
			"the value would have to be less than one of this list" },
		[POLICY_RELATION_LESS_EQUAL] = { "the value would have to be greater than all of this list",
			"the value would have to be at most one of this list" },
		[POLICY_RELATION_GREATER] = { "the value could not be greater than any of this list",
			"the value would have to be greater than one of this list" },
		[POLICY_RELATION_GREATER_EQUAL] = { "the value would have to be less than all of this list",
			"the value would have to be at least one of this list" },
	};

	return texts[condition->relation][listed];
}

static struct remedy null_remedy(const struct policy_condition *condition, bool present)
{
	bool with = condition->null.wants_present, without = condition->null.wants_absent;

	/* The set operators have an answer of their own for a key that is absent. */
	if (condition->set == POLICY_SET_ALL_VALUES)
		without = true;
	else if (condition->set == POLICY_SET_ANY_VALUE)
		without = false;
	if (with && without)
		return (struct remedy){ "it holds with the key and without: no request can avoid it", true };
	if (!with && !without)
		return (struct remedy){ "it holds neither with the key nor without", true };
	return (struct remedy){ present ? "the request would have to come without this key"
					: "the request would have to carry this key",
		false };
}

static struct remedy list_remedy(void)
{
	return (struct remedy){
		"the key has a list of values: without ForAllValues: or ForAnyValue: only a single value "
		"can match",
		false
	};
}

/* Where nothing of the policy's list can be compared with, every value gives the same. */
static struct remedy empty_remedy(
	const struct policy_condition *condition, const struct policy_value *value, bool matched, bool absence)
{
	if (condition->negated && matched)
		return (struct remedy){ "the list has no usable value: every value matches", false };
	if (condition->negated)
		return value && value->list_count ? list_remedy()
						  : (struct remedy){ "there is no value: any would match", false };
	if (matched)
		return (struct remedy){ "there is no value, which makes this condition true: any would avoid it",
			false };
	if (absence)
		return (struct remedy){ "the list has no usable value: only a request without the key matches", false };
	return (struct remedy){ "the list has no usable value: nothing can match it", true };
}

static struct remedy absent_remedy(bool matched)
{
	if (matched)
		return (struct remedy){ "the key is absent, which makes this condition true: only a request that "
					"carries the key can avoid it",
			false };
	return (struct remedy){ "the key is absent: only a request that carries it could match, or the operator could "
				"end in IfExists",
		false };
}

static struct remedy set_remedy(const struct policy_condition *condition, bool matched)
{
	bool all = condition->set == POLICY_SET_ALL_VALUES;

	if (matched == all)
		return condition->negated == all
			       ? (struct remedy){ "one of the values would have to match one of this list", false }
			       : (struct remedy){ "one of the values would have to match none of this list", false };
	return condition->negated == all ? (struct remedy){ "all values would have to match none of this list", false }
					 : (struct remedy){ "all values would have to match one of this list", false };
}

struct remedy remedy_of_condition(
	const struct policy_condition *condition, const struct policy_value *value, bool matched)
{
	/* Does an absent key make it true? */
	bool absence = condition->if_exists || condition->set == POLICY_SET_ALL_VALUES ||
		       (condition->set == POLICY_SET_NONE && condition->negated);

	if (condition->value_class == POLICY_CLASS_NULL)
		return null_remedy(condition, value);
	if (!condition->value_count)
		return empty_remedy(condition, value, matched, absence);
	if (!value)
		return absent_remedy(matched);
	if (value->list && condition->set == POLICY_SET_NONE)
		return list_remedy();
	if (value->list && !value->list_count)
		return (struct remedy){ matched ? "the list of values is empty, which makes this condition true: a "
						  "value could avoid it"
						: "the list of values is empty: only a value could match",
			false };
	if (condition->set != POLICY_SET_NONE)
		return set_remedy(condition, matched);
	return (struct remedy){ relation_text(condition, matched == condition->negated), false };
}

/* ---- principal, action, resource ---- */

struct remedy remedy_of_principal(
	struct policy_evaluation *evaluation, const struct policy_statement *statement, bool matched)
{
	const struct policy_caller *caller = &evaluation->request->caller;
	bool possible = false, account = false;

	if (statement->everybody)
		return (struct remedy){ matched ? "everybody is meant: no caller can avoid it"
						: "everybody is left out: no caller can match",
			true };
	for (uint32_t i = 0; i < statement->principal_count; i++) {
		const struct policy_principal *principal = &statement->principals[i];

		possible = possible || principal->kind != POLICY_PRINCIPAL_NEVER;
		account = account ||
			  (principal->kind == POLICY_PRINCIPAL_ACCOUNT && caller->type != POLICY_CALLER_ANONYMOUS &&
				  policy_text_equal(principal->account, caller->account));
	}
	if (!possible)
		return (struct remedy){ matched ? "no caller is one of these principals: none can avoid it"
						: "no caller is one of these principals: none can match",
			true };
	if (matched != statement->not_principal)
		return (struct remedy){ "the caller would have to be none of these principals", false };
	if (account)
		return (struct remedy){ "the account leaves it to its own policies: the caller's identity policy would "
					"have to allow the call, or this statement to name the caller",
			false };
	return (struct remedy){ "the caller would have to be one of these principals", false };
}

struct remedy remedy_of_action(const struct policy_statement *statement, bool matched)
{
	for (uint32_t i = 0; i < statement->action_count; i++)
		if (policy_text_equal(statement->action_texts[i], policy_text_of("*")))
			return (struct remedy){ matched ? "every action is meant: none can avoid it"
							: "every action is left out: none can match",
				true };
	if (matched != statement->not_action)
		return (struct remedy){ "the action would have to match none of these patterns", false };
	return (struct remedy){ "the action would have to match one of these patterns", false };
}

struct remedy remedy_of_resource(const struct policy_statement *statement, bool matched)
{
	bool usable = false;

	for (uint32_t i = 0; i < statement->resource_count; i++) {
		usable = usable || statement->resources[i].usable;
		if (statement->resources[i].any)
			return (struct remedy){ matched ? "every resource is meant: none can avoid it"
							: "every resource is left out: none can match",
				true };
	}
	if (!usable)
		return (struct remedy){ matched ? "no ARN matches these patterns: none can avoid it"
						: "no ARN matches these patterns",
			true };
	if (matched != statement->not_resource)
		return (struct remedy){ "the request's stage, method and path would have to match none of these "
					"patterns",
			false };
	return (struct remedy){ "the request's stage, method and path would have to match one of these patterns",
		false };
}
