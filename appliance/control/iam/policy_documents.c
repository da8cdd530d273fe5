/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/iam/policy_documents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/wire/uri.h"
#include "policy/policy.h"

#define SYNTAX "Syntax errors in policy."

static int refuse(struct call *call, const char *text)
{
	return call_fail(call, "MalformedPolicyDocument", "%s", text);
}

static int refuse_action(struct call *call, const char *value)
{
	const char *colon = strchr(value, ':');

	if (!colon)
		return refuse(call, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
	if (strchr(colon + 1, ':'))
		return refuse(call, "Actions/Condition can contain only one colon.");
	return refuse(call, call_text(call, "Vendor %.*s is not valid", (int)(colon - value), value));
}

/* `Partition "b" is not valid for resource "arn:b:c:*:*:*"`: what is missing shows as a star. */
static int refuse_partition(struct call *call, struct view partition, struct view rest)
{
	struct view part;
	const char *shown = "";
	bool is_empty = rest.count == 0;

	for (int i = 0; i < 3; i++) {
		if (is_empty || !view_split(&rest, ':', &part))
			part = view_of("*");
		shown = call_text(call, "%s:" VIEW_FMT, shown, VIEW_ARG(part));
	}
	return refuse(call,
		call_text(call,
			"Partition \"" VIEW_FMT "\" is not valid for resource \"arn:" VIEW_FMT "%s:" VIEW_FMT "\".",
			VIEW_ARG(partition), VIEW_ARG(partition), shown, VIEW_ARG(rest.count ? rest : view_of("*"))));
}

static int refuse_resource(struct call *call, const char *value)
{
	struct view start, rest, partition, service;

	if (!view_cut(view_from_text(value), ':', &start, &rest))
		return refuse(call, call_text(call, "Resource %s must be in ARN format or \"*\".", value));
	if (!view_cut(rest, ':', &partition, &service))
		partition = rest, service = (struct view){ 0 };
	if (!view_starts_with(partition, view_of("aws")) && !view_equals_text(partition, "*"))
		return refuse_partition(call, partition, service);
	if (service.count == 0)
		return refuse(call, "Resource vendor must be fully qualified and cannot contain regexes.");
	return refuse(call, "The policy failed legacy parsing");
}

static int refuse_missing(struct call *call, const char *member)
{
	if (strstr(member, "Action"))
		return refuse(call, "Policy statement must contain actions.");
	if (strstr(member, "Resource"))
		return refuse(call, "Policy statement must contain resources.");
	return refuse(call, SYNTAX);
}

/* The text for the rule that was broken. */
static int refuse_rule(struct call *call, const struct policy_error *problem)
{
	char detail[512];

	(void)policy_error_write(problem, detail, sizeof detail);
	call->detail = call_text(call, "%s", detail);
	switch (problem->rule) {
	case POLICY_RULE_BAD_ACTION:
		return refuse_action(call, problem->value);
	case POLICY_RULE_BAD_RESOURCE:
	case POLICY_RULE_WILDCARD_SERVICE:
		return refuse_resource(call, problem->value);
	case POLICY_RULE_MISSING_MEMBER:
	case POLICY_RULE_EMPTY_LIST:
		return refuse_missing(call, problem->member);
	case POLICY_RULE_DUPLICATE_SID:
		return refuse(call, "Statement IDs (SID) in a single policy must be unique.");
	case POLICY_RULE_PRINCIPAL_NOT_ALLOWED:
		return refuse(call, "Policy document should not specify a principal.");
	case POLICY_RULE_BAD_DATE:
		return refuse(call, "The policy failed legacy parsing");
	default:
		return refuse(call, SYNTAX);
	}
}

/* An Id is of no use in an identity policy, and no harm. */
static int check_without_id(struct call *call, struct json *document)
{
	const struct policy_options options = { .kind = POLICY_KIND_IDENTITY, .max_bytes = SIZE_MAX };
	struct policy_error problem;
	struct policy *policy = NULL;
	char *text;
	int error;

	if (json_is_text(json_find(document, "Id")))
		(void)json_remove(document, "Id");
	text = json_print_text(document);
	error = policy_parse(&policy, text, strlen(text), &options, &problem);
	free(text);
	policy_free(policy);
	ASSERT(error != -ENOMEM);
	return error < 0 ? refuse_rule(call, &problem) : 0;
}

/* The engine takes a short ARN for one that matches nothing; IAM refuses it. */
static bool is_whole(struct view resource)
{
	size_t colons = 0;

	for (size_t i = 0; i < resource.count; i++)
		colons += resource.at[i] == ':';
	return colons >= 5 || view_equals_text(resource, "*");
}

/* A text or a list of some. */
static int check_resources(struct call *call, const struct json *resources)
{
	if (json_is_text(resources) && !is_whole(json_text(resources)))
		return refuse_resource(call, json_c_string(resources));
	JSON_EACH(resource, json_is_array(resources) ? resources : NULL)
	if (check_resources(call, resource) < 0)
		return CALL_FAILED;
	return 0;
}

static int check_statements(struct call *call, const struct json *statements)
{
	if (json_is_object(statements))
		return check_resources(call, json_find(statements, "Resource")) < 0 ||
				       check_resources(call, json_find(statements, "NotResource")) < 0
			       ? CALL_FAILED
			       : 0;
	JSON_EACH(statement, statements)
	if (check_statements(call, statement) < 0)
		return CALL_FAILED;
	return 0;
}

int policy_document_check(struct call *call, const char *text)
{
	struct json JSON_CLEANUP *document = NULL;
	struct json_error problem;
	struct view version;

	if (json_parse(view_from_text(text), NULL, &document, &problem) < 0) {
		call->detail = call_text(call, "%s at line %u, column %u", problem.rule, problem.line, problem.column);
		return refuse(call, SYNTAX);
	}
	version = json_find_text(document, "Version");
	if (json_is_object(document) && (!json_find(document, "Version") || view_equals_text(version, "2008-10-17")))
		return refuse(call, "Policy document must be version 2012-10-17 or greater.");
	if (check_without_id(call, document) < 0)
		return CALL_FAILED;
	return check_statements(call, json_find(document, "Statement"));
}

size_t policy_document_size(const char *text)
{
	size_t blanks = 0;

	for (const char *c = text; *c; c++)
		blanks += strchr(" \t\r\n", *c) != NULL;
	return view_character_count(view_from_text(text)) - blanks;
}

struct json *policy_document_shown(struct call *call, const char *text)
{
	struct view plain = view_from_text(text);
	char *room = arena_alloc(&call->arena, 3 * plain.count + 1);

	ASSERT(room);
	return json_text_new(view_from(room, uri_encode(room, plain, false)));
}
