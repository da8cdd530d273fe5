/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/pipeline/records.h"

#include "appliance/observe/client_record.h"
#include "appliance/observe/request_record.h"

static struct view view_of_policy_text(struct policy_text text)
{
	return view_from(text.bytes, text.count);
}

static struct policy_text key_text(const struct pipeline *p, enum policy_key key)
{
	return p->policy_request.keys[key].text;
}

static enum request_outcome outcome_of(const struct pipeline *p)
{
	if (p->failed && p->failure_type == GATEWAY_RESPONSE_ACCESS_DENIED && p->decision.verdict != POLICY_ALLOW)
		return REQUEST_DENIED;
	return p->allowed ? REQUEST_ALLOWED : REQUEST_UNJUDGED;
}

static struct view principal_of(const struct pipeline *p)
{
	if (p->policy_request.caller.type == POLICY_CALLER_ANONYMOUS)
		return (struct view){ 0 };
	return view_of_policy_text(p->policy_request.caller.arn);
}

/* ---- requests ---- */

static uint64_t fingerprint(const struct policy *policy)
{
	return policy ? policy_fingerprint(policy) : 0;
}

/* What follows the path of a Referer may be a secret. */
static struct view without_query(struct view referer, bool *ret_cut)
{
	size_t end = 0;

	while (end < referer.count && referer.at[end] != '?' && referer.at[end] != '#')
		end++;
	*ret_cut = end < referer.count;
	return view_part(referer, 0, end);
}

static void describe_route(const struct pipeline *p, struct request_entry *entry)
{
	const struct resolve_result *resolved = &p->resolved;
	struct view *texts = entry->texts;

	texts[REQUEST_TEXT_ENDPOINT] = resolved->endpoint->id;
	texts[REQUEST_TEXT_VPC] = resolved->endpoint->vpc_id;
	entry->fingerprints[REQUEST_POLICY_ENDPOINT] = fingerprint(resolved->endpoint->policy);
	texts[REQUEST_TEXT_PATH] = p->exchange->request.path;
	if (resolved->api)
		texts[REQUEST_TEXT_API] = resolved->api->id;
	if (resolved->stage) {
		texts[REQUEST_TEXT_STAGE] = resolved->stage->name;
		texts[REQUEST_TEXT_DEPLOYMENT] = resolved->deployment->id;
		texts[REQUEST_TEXT_PATH] = resolve_relative(resolved->path);
		entry->fingerprints[REQUEST_POLICY_RESOURCE] = fingerprint(resolved->deployment->policy);
	}
	if (resolved->domain) {
		texts[REQUEST_TEXT_DOMAIN] = resolved->domain->arn;
		entry->fingerprints[REQUEST_POLICY_DOMAIN] = fingerprint(resolved->domain->policy);
	}
}

/* What an operator wants to know of a request that was refused, besides what policies ask. */
static void describe_more(const struct pipeline *p, struct request_entry *entry)
{
	if (p->match.method)
		entry->texts[REQUEST_TEXT_RESOURCE] = p->match.method->resource->path;
	entry->texts[REQUEST_TEXT_HOST] = view_from(p->resolved.host, p->resolved.host_bytes);
	entry->texts[REQUEST_TEXT_WHY] = view_from_text(p->why);
	entry->texts[REQUEST_TEXT_TLS] = view_from_text(p->exchange->tls->version);
}

static void note_request(const struct pipeline *p, struct request_log *log, enum request_outcome outcome)
{
	const struct exchange *x = p->exchange;
	struct policy_text user_agent = key_text(p, POLICY_KEY_USER_AGENT), referer = key_text(p, POLICY_KEY_REFERER);
	struct request_entry entry = { .request_id = view_from(p->request_id, sizeof p->request_id),
		.time_ms = x->received_wall_ms,
		.outcome = outcome,
		.verdict = (uint8_t)p->decision.verdict,
		.by = (uint8_t)p->decision.by,
		.statement = (int16_t)(p->decision.statement > INT16_MAX ? INT16_MAX : p->decision.statement),
		.status = (uint16_t)(x->status ? x->status : p->status),
		.auth = p->match.method && !p->match.method->needs_authorization ? COMBINE_AUTH_NONE
										 : REQUEST_AUTH_UNKNOWN,
		.has_user_agent = user_agent.bytes,
		.has_referer = referer.bytes,
		.secure = x->tls->version[0] };
	bool cut;

	describe_route(p, &entry);
	entry.texts[REQUEST_TEXT_SOURCE] = x->peer->text;
	entry.texts[REQUEST_TEXT_METHOD] = p->method.count ? p->method : x->request.method_text;
	entry.texts[REQUEST_TEXT_PRINCIPAL] = principal_of(p);
	entry.texts[REQUEST_TEXT_ROLE] = view_of_policy_text(p->policy_request.caller.role_arn);
	entry.texts[REQUEST_TEXT_USER_AGENT] = view_of_policy_text(user_agent);
	entry.texts[REQUEST_TEXT_REFERER] = without_query(view_of_policy_text(referer), &cut);
	entry.cut = cut ? UINT32_C(1) << REQUEST_TEXT_REFERER : 0;
	if (outcome != REQUEST_ALLOWED)
		describe_more(p, &entry);
	request_log_write(log, &entry);
}

/* ---- clients ---- */

static uint64_t word_of(const void *object)
{
	return (uint64_t)(uintptr_t)object;
}

/* Objects of one snapshot are told apart by where they are; its revision tells it from one that was there before. */
static struct client_hint hint_of(const struct pipeline *p, const struct snapshot_method *method, bool denied)
{
	struct client_hint hint = {
		.words = { word_of(p->snapshot), p->snapshot->revision, word_of(p->resolved.endpoint),
			word_of(p->resolved.stage), word_of(method), word_of(p->resolved.domain),
			(uint64_t)p->verb << 2 | (denied ? 2u : 0u) | (p->exchange->tls->version[0] ? 1u : 0u) }
	};

	_Static_assert(CLIENT_HINT_WORDS == 9, "seven words and an address");
	memcpy(&hint.words[7], p->exchange->peer->address, sizeof p->exchange->peer->address);
	return hint;
}

static void describe_client(
	const struct pipeline *p, const struct snapshot_method *method, bool denied, struct client_facts *facts)
{
	const struct exchange *x = p->exchange;
	struct policy_text user_agent = key_text(p, POLICY_KEY_USER_AGENT);

	*facts = (struct client_facts){ .texts = { [CLIENT_TEXT_ENDPOINT] = p->resolved.endpoint->id,
						[CLIENT_TEXT_VPC] = p->resolved.endpoint->vpc_id,
						[CLIENT_TEXT_API] = p->resolved.api->id,
						[CLIENT_TEXT_STAGE] = p->resolved.stage->name,
						[CLIENT_TEXT_METHOD] = p->method,
						[CLIENT_TEXT_RESOURCE] = method->resource->path,
						[CLIENT_TEXT_PRINCIPAL] = principal_of(p),
						[CLIENT_TEXT_PATH] = resolve_relative(p->resolved.path),
						[CLIENT_TEXT_USER_AGENT] = view_of_policy_text(user_agent) },
		.denied = denied,
		.secure = x->tls->version[0],
		.has_user_agent = user_agent.bytes };
	if (p->resolved.domain)
		facts->texts[CLIENT_TEXT_DOMAIN] = p->resolved.domain->arn;
	memcpy(facts->source, x->peer->address, sizeof facts->source);
}

static void note_client(const struct pipeline *p, struct client_table *table, bool denied)
{
	const struct snapshot_method *method = p->match.method;
	uint64_t now_ms = p->exchange->received_wall_ms;
	/* Names that only ANY could have, and callers, are told apart by their texts alone. */
	bool has_hint = p->verb < ROUTE_ANY && p->policy_request.caller.type == POLICY_CALLER_ANONYMOUS;
	struct client_facts facts;
	struct client_hint hint;

	if (!method) {
		/* Denied before the method was looked for. Who calls what is not there is no client of anything. */
		struct route_match match;

		if (!route_find(p->resolved.deployment->routes, p->verb, p->resolved.path, &match))
			return;
		method = match.method;
	}
	if (has_hint) {
		hint = hint_of(p, method, denied);
		if (client_table_again(table, &hint, now_ms))
			return;
	}
	describe_client(p, method, denied, &facts);
	client_table_note(table, has_hint ? &hint : NULL, &facts, now_ms);
}

void records_note(const struct pipeline *p)
{
	struct request_log *log = observe_requests(p->worker->observe);
	struct client_table *clients = observe_clients(p->worker->observe);
	enum request_outcome outcome;

	if (!p->resolved.endpoint || !(log || clients))
		return;
	outcome = outcome_of(p);
	if (log)
		note_request(p, log, outcome);
	if (clients && outcome != REQUEST_UNJUDGED && p->resolved.stage)
		note_client(p, clients, outcome == REQUEST_DENIED);
}
