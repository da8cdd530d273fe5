/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/policy_case.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All values of one request; far more than any request has. */
#define CASE_ARENA_MAX_BYTES ((size_t)16 << 20)

__attribute__((format(printf, 2, 3))) static bool fail(struct policy_case *ret, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(ret->error, sizeof ret->error, format, arguments);
	va_end(arguments);
	return false;
}

/* ---- policies ---- */

static bool load_policy(struct policy_case *ret, struct policy **into, const struct json *object, const char *member,
	struct policy_options *options)
{
	const struct json *document = json_find(object, member);
	struct view text = json_text(document);
	struct policy_error error;
	char reason[400];
	char *printed;
	int err;

	if (!document || json_is_null(document))
		return true;
	options->max_bytes = SIZE_MAX;
	if (json_is_text(document)) {
		err = policy_parse(into, text.at, text.count, options, &error);
	} else {
		printed = json_print_text(document);
		err = policy_parse(into, printed, strlen(printed), options, &error);
		free(printed);
	}
	if (!err)
		return true;
	if (policy_error_write(&error, reason, sizeof reason) == 0)
		reason[0] = '\0';
	return fail(ret, "%s: %s", member, reason);
}

static bool load_policies(struct policy_case *ret, const struct json *object, const char *api_arn, bool stored)
{
	struct policy_options api = { .kind = POLICY_KIND_API, .owner_arn = policy_text_of(api_arn), .stored = stored };
	struct policy_options identity = { .kind = POLICY_KIND_IDENTITY, .stored = stored };
	struct policy_options endpoint = { .kind = POLICY_KIND_ENDPOINT, .stored = stored };
	struct policy_options domain = { .kind = POLICY_KIND_DOMAIN, .stored = stored };

	ret->domain_arn = domain.owner_arn = policy_text_of_view(json_find_text(object, "domainArn"));
	if (ret->domain_arn.bytes && !load_policy(ret, &ret->domain, object, "domainPolicy", &domain))
		return false;
	return load_policy(ret, &ret->resource, object, "policy", &api) &&
	       load_policy(ret, &ret->identity, object, "identityPolicy", &identity) &&
	       load_policy(ret, &ret->endpoint, object, "vpcEndpointPolicy", &endpoint);
}

/* ---- requests ---- */

/* A scalar as text; absent for null and containers. */
static struct policy_text scalar_text(const struct json *value)
{
	if (json_is_text(value)) {
		struct view text = json_text(value);

		return (struct policy_text){ .bytes = text.at ? text.at : "", .count = text.count };
	}
	if (json_is_bool(value))
		return policy_text_of(json_bool(value, false) ? "true" : "false");
	return policy_text_of_view(json_number_text(value));
}

static bool load_value(struct policy_case *ret, struct policy_value *into, const struct json *value)
{
	struct policy_text *list;

	*into = (struct policy_value){ .text = scalar_text(value) };
	if (!json_is_array(value))
		return true;
	list = ARENA_NEW_ARRAY(&ret->arena, struct policy_text, json_count(value) + 1);
	if (!list)
		return fail(ret, "context: more values than a request may have");
	JSON_EACH(item, value)
	list[into->list_count++] = scalar_text(item);
	into->list = list;
	return true;
}

static bool load_context(struct policy_case *ret, const struct json *context)
{
	struct policy_named_value *others =
		ARENA_NEW_ARRAY(&ret->arena, struct policy_named_value, json_count(context) + 1);

	if (!others)
		return fail(ret, "context: more keys than a request may have");
	ret->request.others = others;
	JSON_EACH(value, context)
	{
		struct policy_text name = policy_text_of_view(json_name(value));
		int key = policy_key_find(name);
		struct policy_named_value *other = &others[ret->request.other_count];

		if (key < 0) {
			other->name = name;
			ret->request.other_count++;
		}
		if (!load_value(ret, key >= 0 ? &ret->request.keys[key] : &other->value, value))
			return false;
	}
	return true;
}

static bool load_request(struct policy_case *ret, const struct json *request)
{
	struct policy_text principal = policy_text_of_view(json_find_text(request, "principal"));
	struct policy_text action = policy_text_of_view(json_find_text(request, "action"));
	struct policy_text resource = policy_text_of_view(json_find_text(request, "resource"));
	struct policy_caller role;

	if (!json_is_object(request))
		return fail(ret, "request: an object with principal, action, resource and context is needed");
	if (!resource.bytes)
		return fail(ret, "request: resource is needed: the invoke ARN");
	policy_request_init(&ret->request, resource);
	if (action.bytes)
		ret->request.action = action;
	if (!load_context(ret, json_find(request, "context")))
		return false;
	if (principal.bytes && policy_caller_parse(&ret->request.caller, principal) != 0)
		return fail(ret, "request: principal is neither \"anonymous\" nor the ARN of a caller");
	/* aws:PrincipalArn of a session is its role, with the path that the session's own ARN lacks. */
	if (ret->request.caller.type == POLICY_CALLER_ROLE_SESSION &&
		policy_caller_parse(&role, ret->request.keys[POLICY_KEY_PRINCIPAL_ARN].text) == 0 &&
		role.role_arn.bytes)
		ret->request.caller.role_arn = role.role_arn;
	return true;
}

/* ---- sources ---- */

static bool load_source(struct policy_case *ret, const struct json *object, const char *api_arn)
{
	const struct json *source = json_find(object, "source");
	struct policy_text address = policy_text_of_view(json_find_text(source, "aws:VpcSourceIp"));
	struct policy_text secure = scalar_text(json_find(source, "aws:SecureTransport"));

	if (!json_is_object(source))
		return fail(ret, "source: an object with aws:SourceVpce, aws:SourceVpc and aws:VpcSourceIp is needed");
	if (!address.bytes || source_filter_address_parse(&ret->source, address) != 0)
		return fail(ret, "source: aws:VpcSourceIp is no IPv4 or IPv6 address");
	ret->target = (struct source_filter_target){ .policy = ret->resource,
		.arn = policy_text_of(api_arn),
		.others_can_grant = json_find_bool(object, "othersCanGrant", false) };
	ret->filter = (struct source_filter_input){ .endpoint_id = policy_text_of_view(
							    json_find_text(source, "aws:SourceVpce")),
		.vpc_id = policy_text_of_view(json_find_text(source, "aws:SourceVpc")),
		.endpoint_policy = ret->endpoint,
		.plain_listener = view_equals_ignore_case(view_of_policy_text(secure), view_of("false")),
		.targets = &ret->target,
		.target_count = 1 };
	return true;
}

/* ---- the case ---- */

bool policy_case_load(
	struct policy_case *ret, const struct json *object, const char *api_arn, bool stored, enum policy_case_use use)
{
	*ret = (struct policy_case){ 0 };
	arena_init(&ret->arena, NULL, CASE_ARENA_MAX_BYTES);
	if (!json_is_object(object))
		return fail(ret, "an object is needed");
	if (!load_policies(ret, object, api_arn, stored))
		return false;
	if (use == POLICY_CASE_SOURCE)
		return load_source(ret, object, api_arn);
	return load_request(ret, json_find(object, "request"));
}

void policy_case_fini(struct policy_case *policy_case)
{
	policy_free(policy_case->resource);
	policy_free(policy_case->identity);
	policy_free(policy_case->endpoint);
	policy_free(policy_case->domain);
	arena_fini(&policy_case->arena);
}

struct policy_request policy_case_domain_request(const struct policy_case *policy_case)
{
	struct policy_request request = policy_case->request;

	request.resource = policy_case->domain_arn;
	return request;
}

static void decide_domain(const struct policy_case *policy_case, struct combine_decision *ret)
{
	struct policy_request request = policy_case_domain_request(policy_case);

	combine_endpoint(policy_case->endpoint, &request, ret);
	if (ret->verdict == POLICY_ALLOW)
		combine_domain(policy_case->domain, &request, ret);
}

void policy_case_decide(const struct policy_case *policy_case, struct combine_decision *ret)
{
	const struct policy_request *request = &policy_case->request;
	const struct policy *callers[] = { policy_case->identity };
	const struct policy_value *endpoint_id = &request->keys[POLICY_KEY_SOURCE_VPCE];
	struct combine_method_input input = {
		.auth = request->caller.type == POLICY_CALLER_ANONYMOUS ? COMBINE_AUTH_NONE : COMBINE_AUTH_IAM,
		.private_api = endpoint_id->text.bytes != NULL,
		.resource_policy = policy_case->resource,
		.caller_policies = callers,
		.caller_policy_count = policy_case->identity ? 1 : 0,
	};

	if (policy_case->domain_arn.bytes) {
		decide_domain(policy_case, ret);
		if (ret->verdict != POLICY_ALLOW)
			return;
	}
	combine_endpoint(policy_case->endpoint, request, ret);
	if (ret->verdict == POLICY_ALLOW)
		combine_method(&input, request, ret);
}

struct json *policy_case_by(const struct combine_decision *decision)
{
	if (decision->by == COMBINE_BY_ENDPOINT)
		return json_text_new_c("vpce");
	if (decision->by == COMBINE_BY_DOMAIN)
		return json_text_new_c("domain");
	if (decision->verdict == POLICY_IMPLICIT_DENY || decision->by == COMBINE_BY_NOBODY)
		return json_null_new();
	if (decision->by == COMBINE_BY_IDENTITY)
		return json_text_new_c("identity");
	return json_integer_new(decision->statement);
}
