/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cases: what the tests of policy/ share: policies from one line of text, requests from vectors.
 *
 * Single quotes stand for double quotes in short policies, so that a test reads like the policy it means.
 */
#ifndef POSTERN_TESTS_UNIT_POLICY_CASES_H
#define POSTERN_TESTS_UNIT_POLICY_CASES_H

#include "tests/unit/support.h"

#include <cjson/cJSON.h>

#include "policy/policy.h"

#define CASE_API "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5"
#define CASE_METHOD CASE_API "/prod/GET/pets"

/* Heap copy of `text` with each ' turned into ". */
static inline char *case_quoted(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	return copy;
}

static inline struct policy_options case_options(enum policy_kind kind)
{
	return (struct policy_options){ .kind = kind, .owner_arn = policy_text_of(CASE_API) };
}

/* Compile; the text ends at an unmapped page. Fails the test if the policy is refused. */
static inline struct policy *case_policy_of(enum policy_kind kind, const char *text)
{
	struct policy_options options = case_options(kind);
	char *quoted = case_quoted(text);
	size_t count = strlen(quoted);
	struct policy *policy = NULL;
	struct policy_error error;
	char line[512];

	if (policy_parse(&policy, at_page_end(quoted, count), count, &options, &error)) {
		policy_error_write(&error, line, sizeof line);
		fail_msg("%s: %s", line, quoted);
	}
	free(quoted);
	return policy;
}

static inline struct policy *case_policy(const char *text)
{
	return case_policy_of(POLICY_KIND_API, text);
}

/* Policy with one statement for everybody and everything, with this effect and condition. */
static inline struct policy *case_condition(const char *effect, const char *condition)
{
	char text[4096];

	snprintf(text, sizeof text,
		"{'Version':'2012-10-17','Statement':{'Effect':'%s','Principal':'*','Action':'execute-api:Invoke',"
		"'Resource':'execute-api:/*','Condition':%s}}",
		effect, condition);
	return case_policy(text);
}

static inline enum policy_verdict case_verdict(const struct policy *policy, const struct policy_request *request)
{
	struct policy_result result;

	policy_evaluate(policy, request, &result);
	return result.verdict;
}

/* Verdict of a condition in an Allow, with one key set (value NULL: absent). */
static inline bool case_holds(const char *condition, const char *key, const char *value)
{
	struct policy *policy = case_condition("Allow", condition);
	struct policy_named_value other = { .name = policy_text_of(key), .value.text = policy_text_of(value) };
	struct policy_request request;
	enum policy_verdict verdict;
	int known = policy_key_find(other.name);

	policy_request_init(&request, policy_text_of(CASE_METHOD));
	if (known >= 0) {
		policy_request_set(&request, (enum policy_key)known, other.value.text);
	} else {
		request.others = &other;
		request.other_count = 1;
	}
	verdict = case_verdict(policy, &request);
	policy_free(policy);
	return verdict == POLICY_ALLOW;
}

/* ---- vectors ---- */

#define CASE_LIST_MAX 16
#define CASE_OTHERS_MAX 16

/* A request with the memory that its lists and other keys need. Points into the JSON tree. */
struct case_request {
	struct policy_request request;
	struct policy_text lists[CASE_LIST_MAX];
	size_t list_count;
	struct policy_named_value others[CASE_OTHERS_MAX];
};

static inline struct policy_value case_value(struct case_request *into, const cJSON *node)
{
	const cJSON *element;
	struct policy_value value = { 0 };

	if (!cJSON_IsArray(node)) {
		value.text = policy_text_of(cJSON_GetStringValue(node));
		return value;
	}
	value.list = &into->lists[into->list_count];
	cJSON_ArrayForEach(element, node)
	{
		assert_true(into->list_count < CASE_LIST_MAX);
		into->lists[into->list_count++] = policy_text_of(cJSON_GetStringValue(element));
		value.list_count++;
	}
	return value;
}

static inline void case_context(struct case_request *into, const cJSON *context)
{
	const cJSON *node;

	into->request.others = into->others;
	cJSON_ArrayForEach(node, context)
	{
		struct policy_value value = case_value(into, node);
		int key = policy_key_find(policy_text_of(node->string));

		if (key >= 0) {
			into->request.keys[key] = value;
			continue;
		}
		assert_true(into->request.other_count < CASE_OTHERS_MAX);
		into->others[into->request.other_count++] =
			(struct policy_named_value){ .name = policy_text_of(node->string), .value = value };
	}
}

static inline const char *case_string(const cJSON *object, const char *name)
{
	const char *string = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	assert_non_null(string);
	return string;
}

/* The policy under `name`, NULL if it is absent or null. */
static inline struct policy *case_member_policy(const cJSON *object, const char *name, enum policy_kind kind)
{
	const cJSON *node = cJSON_GetObjectItemCaseSensitive(object, name);
	struct policy_options options = case_options(kind);
	struct policy *policy = NULL;
	struct policy_error error;
	char line[512], *text;

	if (!node || cJSON_IsNull(node))
		return NULL;
	text = cJSON_PrintUnformatted(node);
	if (policy_parse(&policy, text, strlen(text), &options, &error)) {
		policy_error_write(&error, line, sizeof line);
		fail_msg("%s: %s: %s", case_string(object, "id"), line, text);
	}
	free(text);
	return policy;
}

static inline cJSON *case_vectors(const char *path)
{
	char *text = whole_file(path, NULL);
	cJSON *vectors = cJSON_Parse(text);

	assert_true(cJSON_IsArray(vectors));
	free(text);
	return vectors;
}

#endif
