/* SPDX-License-Identifier: GPL-3.0-or-later */
/* phase route: API and stage, the policies of endpoint and domain, resource and method. */
#include "appliance/base/buffer.h"
#include "appliance/base/clock.h"
#include "appliance/crypto/base64.h"
#include "appliance/crypto/digest.h"
#include "appliance/pipeline/state.h"

static struct policy_text policy_text_from(struct view view)
{
	return (struct policy_text){ .bytes = view.at, .count = view.count };
}

/* Health checks know no host and no API: the reserved paths answer whatever stands in front. */
static bool is_health_check(struct view path)
{
	return view_equals_text(path, "/ping") || view_equals_text(path, "/sping");
}

/* X-HTTP-Method-Override takes the method's place before anything looks at it (spec/rest-dataplane.md 2.7). */
static void choose_method(struct pipeline *p)
{
	const struct http1_header *override = http1_find(&p->exchange->request, HTTP1_HEADER_X_HTTP_METHOD_OVERRIDE);

	p->method = p->exchange->request.method_text;
	if (override && override->value.count > 0 && route_verb_parse(override->value) < ROUTE_ANY)
		p->method = override->value;
	p->verb = route_verb_parse(p->method);
}

/* The ARN that policies judge: the path as it came, without its leading slashes. False without memory. */
static bool make_arn(struct pipeline *p)
{
	struct view prefix = p->resolved.stage->arn_prefix, path = resolve_relative(p->resolved.path);
	size_t count = prefix.count + p->method.count + 1 + path.count;
	char *arn = arena_alloc(&p->exchange->arena, count + 1);

	if (!arn)
		return false;
	memcpy(arn, prefix.at, prefix.count);
	memcpy(arn + prefix.count, p->method.at, p->method.count);
	arn[prefix.count + p->method.count] = '/';
	if (path.count)
		memcpy(arn + prefix.count + p->method.count + 1, path.at, path.count);
	arn[count] = '\0';
	p->arn = view_from(arn, count);
	return true;
}

/* What the policies may ask about an anonymous call (spec/policy.md 4). */
static void describe_request(struct pipeline *p)
{
	struct policy_request *request = &p->policy_request;
	const struct exchange *x = p->exchange;
	const struct http1_header *referer = http1_find(&x->request, HTTP1_HEADER_REFERER);
	const struct http1_header *user_agent = http1_find(&x->request, HTTP1_HEADER_USER_AGENT);
	struct buffer epoch;

	policy_request_init(request, policy_text_from(p->arn));
	policy_request_set(request, POLICY_KEY_SOURCE_VPCE, policy_text_from(p->resolved.endpoint->id));
	policy_request_set(request, POLICY_KEY_SOURCE_VPC, policy_text_from(p->resolved.endpoint->vpc_id));
	policy_request_set(request, POLICY_KEY_VPC_SOURCE_IP, policy_text_from(x->peer->text));
	policy_request_set(request, POLICY_KEY_SECURE_TRANSPORT,
		policy_text_from(x->tls->version[0] ? view_of("true") : view_of("false")));
	policy_request_set(request, POLICY_KEY_CURRENT_TIME,
		policy_text_from(view_from(p->time_text, clock_write_iso(p->time_text, x->received_wall_ms))));
	buffer_init_fixed(&epoch, p->epoch_text, sizeof p->epoch_text);
	buffer_append_u64(&epoch, x->received_wall_ms / 1000);
	policy_request_set(request, POLICY_KEY_EPOCH_TIME, policy_text_from(buffer_view(&epoch)));
	policy_request_set(request, POLICY_KEY_RESOURCE_ACCOUNT, policy_text_from(p->snapshot->account_id));
	if (referer)
		policy_request_set(request, POLICY_KEY_REFERER, policy_text_from(referer->value));
	if (user_agent)
		policy_request_set(request, POLICY_KEY_USER_AGENT, policy_text_from(user_agent->value));
	if (p->resolved.domain)
		policy_request_set(request, POLICY_KEY_VIA_DOMAIN_ARN, policy_text_from(p->resolved.domain->arn));
}

/*
 * Endpoint and domain policies. A caller without a signature is anonymous; so is one with another kind of Authorization
 * header (spec/policy.md 7.1). A SigV4 signature is looked at where a method asks for one, and no method of this version
 * is served that does: a signed caller, too, is judged as anonymous, which allows nothing that an unsigned call can't have.
 */
static enum verdict ask_policies(struct pipeline *p)
{
	const struct snapshot_endpoint *endpoint = p->resolved.endpoint;
	const struct snapshot_domain *domain = p->resolved.domain;

	if (domain) {
		p->policy_request.resource = policy_text_from(domain->arn);
		combine_endpoint(endpoint->policy, &p->policy_request, &p->decision);
		if (p->decision.verdict != POLICY_ALLOW)
			return state_deny(p, endpoint->policy);
		combine_domain(domain->policy, &p->policy_request, &p->decision);
		if (p->decision.verdict != POLICY_ALLOW)
			return state_deny(p, domain->policy);
		p->policy_request.resource = policy_text_from(p->arn);
	}
	combine_endpoint(endpoint->policy, &p->policy_request, &p->decision);
	if (p->decision.verdict != POLICY_ALLOW)
		return state_deny(p, endpoint->policy);
	return VERDICT_NEXT;
}

/* The text that AWS has for an Authorization header that is no signature, where there is nothing to call. */
static struct view bad_authorization(struct pipeline *p, struct view value)
{
	uint8_t digest[DIGEST_SHA256_BYTES];
	char encoded[BASE64_CHARS(DIGEST_SHA256_BYTES)];

	digest_sha256(digest, value.at, value.count);
	base64_encode(encoded, digest, sizeof digest);
	return arena_printf(&p->exchange->arena,
		"Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded "
		"with "
		"Base64): '%.*s'.",
		(int)sizeof encoded, encoded);
}

/* Nothing serves this path and method. */
static enum verdict no_route(struct pipeline *p)
{
	const struct http1_header *authorization = http1_find(&p->exchange->request, HTTP1_HEADER_AUTHORIZATION);
	struct view message;

	if (!authorization || view_starts_with(authorization->value, view_of("AWS4-HMAC-SHA256")) ||
		view_find_byte(authorization->value, '=') != VIEW_NOWHERE)
		return state_fail(
			p, GATEWAY_RESPONSE_MISSING_AUTHENTICATION_TOKEN, "no resource and method serve this path");
	message = bad_authorization(p, authorization->value);
	p->error_type = view_of("IncompleteSignatureException");
	return state_fail_with(
		p, GATEWAY_RESPONSE_MISSING_AUTHENTICATION_TOKEN, message, "no resource and method serve this path");
}

static enum verdict unavailable(struct pipeline *p)
{
	p->failure_fixed = true;
	p->failure_status = 503;
	p->error_type = view_of("ServiceUnavailableException");
	return state_fail_with(
		p, GATEWAY_RESPONSE_DEFAULT_5XX, view_of("Service Unavailable"), "no revision of the store serves yet");
}

/* Uniform in [0, 100): which of a stage's two deployments is to serve. */
static double draw(const struct pipeline *p)
{
	if (!p->resolved.stage->canary)
		return 0.0;
	return (double)(request_id_next(observe_ids(p->worker->observe)) >> 11) * (100.0 / 9007199254740992.0);
}

enum verdict phase_route(struct pipeline *p)
{
	const struct http1_head *request = &p->exchange->request;
	const struct http1_header *api_id = http1_find(request, HTTP1_HEADER_X_APIGW_API_ID);
	struct resolve_input input = { .snapshot = p->snapshot, .host = request->host, .path = request->path };
	enum verdict verdict;

	if (!p->snapshot)
		return unavailable(p);
	if (is_health_check(request->path))
		return state_answer_plain(p, 200, view_of("text/plain"), view_of("healthy"));
	choose_method(p);
	input.endpoint_id = view_from_text(p->listener->endpoint_id);
	if (api_id)
		input.api_id = api_id->value.at ? api_id->value : view_of("");
	if (!resolve(&input, &p->resolved) || !resolve_canary(&p->resolved, draw(p)))
		return state_forbid(p, p->resolved.reason);
	if (!make_arn(p))
		return state_fail(p, GATEWAY_RESPONSE_API_CONFIGURATION_ERROR, "out of memory");
	if (p->arn.count > PIPELINE_ARN_MAX_BYTES) {
		p->why = "the method ARN is longer than 1600 bytes";
		return state_answer_plain(p, 414, view_of("text; charset=utf-8"), view_of("Request URI too long"));
	}
	describe_request(p);
	verdict = ask_policies(p);
	if (verdict != VERDICT_NEXT)
		return verdict;
	if (!route_find(p->resolved.deployment->routes, p->verb, p->resolved.path, &p->match))
		return no_route(p);
	return VERDICT_NEXT;
}
