/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "policy/arn.h"

#include "policy/text.h"

bool policy_arn_split(struct policy_text parts[POLICY_ARN_PARTS], struct policy_text arn)
{
	struct policy_text found[POLICY_ARN_PARTS];

	/* Once for every evaluation, hence not by way of the general function. */
	for (size_t i = 0; i < POLICY_ARN_PARTS - 1; i++) {
		const char *colon = arn.count ? memchr(arn.bytes, ':', arn.count) : NULL;

		if (!colon)
			return false;
		found[i] = (struct policy_text){ .bytes = arn.bytes, .count = (size_t)(colon - arn.bytes) };
		arn = policy_text_behind(arn, found[i].count + 1);
	}
	found[POLICY_ARN_PARTS - 1] = arn;
	memcpy(parts, found, sizeof found);
	return true;
}

bool policy_arn_split_pattern(struct policy_text parts[POLICY_ARN_PARTS], struct policy_text pattern, bool variables)
{
	struct policy_text found[POLICY_ARN_PARTS];
	size_t start = 0, count = 0;

	for (size_t i = 0; i < pattern.count && count < POLICY_ARN_PARTS - 1; i++) {
		size_t length = variables ? wildcard_variable_length(policy_text_behind(pattern, i)) : 0;

		if (length) {
			i += length - 1;
		} else if (pattern.bytes[i] == ':') {
			found[count++] = (struct policy_text){ .bytes = pattern.bytes + start, .count = i - start };
			start = i + 1;
		}
	}
	if (count < POLICY_ARN_PARTS - 1)
		return false;
	found[count] = policy_text_behind(pattern, start);
	memcpy(parts, found, sizeof found);
	return true;
}

int policy_arn_pattern_compile(
	struct policy_arn_pattern *ret, struct policy_arena *arena, struct policy_text text, bool variables)
{
	unsigned syntax = WILDCARD_GLOB | (variables ? (unsigned)WILDCARD_VARIABLES : 0);
	struct policy_text parts[POLICY_ARN_PARTS];

	ret->usable = policy_arn_split_pattern(parts, text, variables);
	for (size_t i = 0; ret->usable && i < POLICY_ARN_PARTS; i++) {
		int err = wildcard_compile(&ret->parts[i], arena, parts[i], syntax);

		if (err)
			return err;
	}
	return 0;
}

bool policy_arn_pattern_match(
	const struct policy_arn_pattern *pattern, struct policy_text arn, const struct policy_request *request)
{
	struct policy_text parts[POLICY_ARN_PARTS];

	if (!pattern->usable || !policy_arn_split(parts, arn))
		return false;
	/* The last part differs most often. */
	for (size_t i = POLICY_ARN_PARTS; i-- > 0;)
		if (!wildcard_match(&pattern->parts[i], parts[i], request))
			return false;
	return true;
}

bool policy_arn_head_match(const struct policy_arn_head *head, const struct policy_text parts[POLICY_ARN_PARTS])
{
	for (size_t i = POLICY_ARN_PARTS - 1; i-- > 0;)
		if (!wildcard_match(&head->parts[i], parts[i], NULL))
			return false;
	return true;
}
