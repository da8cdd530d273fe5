/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Postern's own operation on a past request: what the gateway recorded of it, and the policies to explain it with. */
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/control/documents.h"
#include "appliance/control/operations.h"
#include "appliance/control/postern/policy.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/observe/request_record.h"
#include "policy/combine.h"

/* ---- finding it ---- */

/* The newest request with an id: clients may choose ids, so there may be more than one. */
struct search {
	struct view wanted;
	size_t count;
	struct request_entry entry;
	char texts[REQUEST_RECORD_REFUSED_BYTES]; /* behind the entry's views */
};

static bool is_wanted(const struct search *search, const struct request_entry *entry)
{
	return view_equals_ignore_case(entry->request_id, search->wanted);
}

static int look_at(void *context, const struct request_entry *entry)
{
	struct search *search = context;
	char *at = search->texts;

	if (!is_wanted(search, entry))
		return 0;
	search->count++;
	if (search->count > 1 && entry->time_ms < search->entry.time_ms)
		return 0;
	search->entry = *entry;
	for (unsigned i = 0; i < REQUEST_TEXT_COUNT; i++) {
		memcpy(at, entry->texts[i].at, entry->texts[i].count);
		search->entry.texts[i].at = at;
		at += entry->texts[i].count;
	}
	search->entry.request_id = search->wanted;
	return 0;
}

/* Why there is no such request in the record. */
static int fail_unknown(struct call *call, const struct request_record_state *record)
{
	uint64_t allowed_ms = record->oldest_allowed_ms, refused_ms = record->oldest_refused_ms;
	char allowed[CLOCK_TEXT_MAX_BYTES] = "none", refused[CLOCK_TEXT_MAX_BYTES] = "none",
	     begun[CLOCK_TEXT_MAX_BYTES];

	if (allowed_ms)
		clock_write_iso_ms(allowed, allowed_ms);
	if (refused_ms)
		clock_write_iso_ms(refused, refused_ms);
	clock_write_iso_ms(begun, record->begun_ms);
	return call_fail(call, "NotFoundException",
		"No request with the id %s is in the record, which was begun at %s and holds the last %llu requests "
		"that "
		"were allowed (the oldest: %s) and the last %llu others (the oldest: %s). Older ones were overwritten; "
		"malformed requests and health checks are not kept. "
		"A "
		"source that the kernel's filter refuses never reaches the gateway and has no request id: see `postern "
		"filter events`.",
		call_input(call, "requestId"), begun, (unsigned long long)record->allowed_room, allowed,
		(unsigned long long)record->refused_room, refused);
}

/* ---- facts ---- */

static const char *outcome_name(enum request_outcome outcome)
{
	static const char *const names[] = {
		[REQUEST_ALLOWED] = "allowed", [REQUEST_DENIED] = "denied", [REQUEST_UNJUDGED] = "unjudged"
	};

	return names[outcome];
}

static const char *auth_name(uint8_t auth)
{
	static const char *const names[] = { [COMBINE_AUTH_NONE] = "NONE",
		[COMBINE_AUTH_IAM] = "AWS_IAM",
		[COMBINE_AUTH_CUSTOM] = "CUSTOM",
		[COMBINE_AUTH_COGNITO] = "COGNITO_USER_POOLS" };

	return names[auth];
}

static const char *const text_names[REQUEST_TEXT_COUNT] = {
	[REQUEST_TEXT_ENDPOINT] = "endpoint",
	[REQUEST_TEXT_VPC] = "vpcId",
	[REQUEST_TEXT_SOURCE] = "source",
	[REQUEST_TEXT_API] = "api",
	[REQUEST_TEXT_STAGE] = "stage",
	[REQUEST_TEXT_DEPLOYMENT] = "deployment",
	[REQUEST_TEXT_METHOD] = "method",
	[REQUEST_TEXT_DOMAIN] = "domainArn",
	[REQUEST_TEXT_PRINCIPAL] = "principal",
	[REQUEST_TEXT_ROLE] = "role",
	[REQUEST_TEXT_PATH] = "path",
	[REQUEST_TEXT_RESOURCE] = "resource",
	[REQUEST_TEXT_USER_AGENT] = "userAgent",
	[REQUEST_TEXT_REFERER] = "referer",
	[REQUEST_TEXT_HOST] = "host",
	[REQUEST_TEXT_WHY] = "why",
	[REQUEST_TEXT_TLS] = "tls",
};

static void add_facts(struct call *call, const struct search *search)
{
	const struct request_entry *entry = &search->entry;
	struct json *output = call->output, *cut;
	char time[CLOCK_TEXT_MAX_BYTES];

	json_set_c_string(output, "requestId", call_input(call, "requestId"));
	json_set_text(output, "time", view_from(time, clock_write_iso_ms(time, entry->time_ms)));
	json_set_c_string(output, "outcome", outcome_name(entry->outcome));
	json_set_integer(output, "status", entry->status);
	json_set_integer(output, "sameId", (int64_t)search->count);
	for (unsigned i = 0; i < REQUEST_TEXT_COUNT; i++)
		if (entry->texts[i].count)
			json_set_text(output, text_names[i], own_policy_shown(call, entry->texts[i]));
	json_set_bool(output, "secureTransport", entry->secure);
	if (entry->auth != REQUEST_AUTH_UNKNOWN)
		json_set_c_string(output, "authorizationType", auth_name(entry->auth));
	cut = json_ensure_array(output, "cut");
	for (unsigned i = 0; i < REQUEST_TEXT_COUNT; i++)
		if (entry->cut >> i & 1)
			json_append_text(cut, view_from_text(text_names[i]));
}

/* ---- the case ---- */

static const char *text_of(struct call *call, const struct request_entry *entry, enum request_text text)
{
	return call_text_of(call, own_policy_shown(call, entry->texts[text]));
}

/* The condition keys that the gateway gave to the policies, as far as the record has them. */
static void add_context(struct call *call, const struct request_entry *entry, struct json *context)
{
	char time[CLOCK_TEXT_MAX_BYTES];

	json_set_c_string(context, "aws:SourceVpce", text_of(call, entry, REQUEST_TEXT_ENDPOINT));
	json_set_c_string(context, "aws:SourceVpc", text_of(call, entry, REQUEST_TEXT_VPC));
	json_set_c_string(context, "aws:VpcSourceIp", text_of(call, entry, REQUEST_TEXT_SOURCE));
	json_set_c_string(context, "aws:SecureTransport", entry->secure ? "true" : "false");
	json_set_text(context, "aws:CurrentTime", view_from(time, clock_write_iso(time, entry->time_ms)));
	json_set_c_string(
		context, "aws:EpochTime", call_text(call, "%llu", (unsigned long long)(entry->time_ms / 1000)));
	json_set_c_string(context, "aws:ResourceAccount", control_account(call->control));
	if (entry->has_referer)
		json_set_c_string(context, "aws:Referer", text_of(call, entry, REQUEST_TEXT_REFERER));
	if (entry->has_user_agent)
		json_set_c_string(context, "aws:UserAgent", text_of(call, entry, REQUEST_TEXT_USER_AGENT));
	if (entry->texts[REQUEST_TEXT_DOMAIN].count)
		json_set_c_string(context, "execute-api:viaDomainArn", text_of(call, entry, REQUEST_TEXT_DOMAIN));
	if (entry->texts[REQUEST_TEXT_PRINCIPAL].count)
		json_set_c_string(context, "aws:PrincipalArn",
			text_of(call, entry,
				entry->texts[REQUEST_TEXT_ROLE].count ? REQUEST_TEXT_ROLE : REQUEST_TEXT_PRINCIPAL));
}

static struct json *request_json(struct call *call, const struct request_entry *entry)
{
	struct json *request = json_object_new();
	bool is_signed = entry->texts[REQUEST_TEXT_PRINCIPAL].count;

	json_set_c_string(request, "principal", is_signed ? text_of(call, entry, REQUEST_TEXT_PRINCIPAL) : "anonymous");
	json_set_c_string(request, "action", "execute-api:Invoke");
	json_set_c_string(request, "resource",
		call_text(call, "%s/%s/%s/%s", document_api_arn(call, text_of(call, entry, REQUEST_TEXT_API)),
			text_of(call, entry, REQUEST_TEXT_STAGE), text_of(call, entry, REQUEST_TEXT_METHOD),
			text_of(call, entry, REQUEST_TEXT_PATH)));
	add_context(call, entry, json_ensure_object(request, "context"));
	return request;
}

/* One of the policies that judged, as it is now. */
struct found {
	const char *name;    /* the case's member */
	const char *by;      /* as decisions name it */
	struct json *record; /* NULL: its owner is gone */
	struct view text;    /* of the policy; empty: there is none */
	enum policy_kind kind;
	const char *owner_arn;
	uint64_t fingerprint; /* of the policy that judged; 0: there was none */
	struct policy *policy;
};

static int load(struct found *found)
{
	const struct policy_options options = { .kind = found->kind,
		.owner_arn = policy_text_of(found->owner_arn),
		.max_bytes = SIZE_MAX,
		.stored = true };

	return found->text.count ? policy_parse(&found->policy, found->text.at, found->text.count, &options, NULL) : 0;
}

static bool has_changed(const struct found *found)
{
	return found->fingerprint != (found->policy ? policy_fingerprint(found->policy) : 0);
}

static bool decided(const struct found *found, const struct request_entry *entry)
{
	return entry->outcome != REQUEST_UNJUDGED && strcmp(combine_by_name(entry->by), found->by) == 0;
}

/* What is known of one policy; the Sid only if it is still the policy that judged. */
static struct json *found_json(const struct found *found, const struct request_entry *entry)
{
	struct json *object = json_object_new();
	struct policy_text sid = { 0 };

	json_set_c_string(object, "policy", found->name);
	json_set_bool(object, "gone", !found->record);
	json_set_bool(object, "changed", found->record && has_changed(found));
	json_set_bool(object, "decided", decided(found, entry));
	if (!decided(found, entry) || entry->statement < 0)
		return object;
	json_set_integer(object, "statement", entry->statement);
	if (found->policy && !has_changed(found) && (size_t)entry->statement < policy_statement_count(found->policy))
		sid = policy_statement_sid(found->policy, (size_t)entry->statement);
	if (sid.bytes)
		json_set_text(object, "sid", view_from(sid.bytes, sid.count));
	return object;
}

static int add_policies(
	struct call *call, const struct request_entry *entry, struct found *policies, size_t count, bool *ret_complete)
{
	struct json *list = json_ensure_array(call->output, "policies");

	*ret_complete = true;
	for (size_t i = 0; i < count; i++) {
		int error = policies[i].record ? load(&policies[i]) : 0;

		if (error < 0)
			return error;
		*ret_complete &= policies[i].record != NULL;
		json_append(list, found_json(&policies[i], entry));
	}
	return 0;
}

static void add_case(struct call *call, const struct request_entry *entry, const struct found *policies, size_t count)
{
	struct json *object = json_ensure_object(call->output, "case");

	for (size_t i = 0; i < count; i++)
		if (policies[i].text.count)
			json_set_text(object, policies[i].name, policies[i].text);
	if (entry->texts[REQUEST_TEXT_DOMAIN].count)
		json_set_c_string(object, "domainArn", text_of(call, entry, REQUEST_TEXT_DOMAIN));
	json_set(object, "request", request_json(call, entry));
}

/* The policies in the order in which they are asked. Fills up to three; returns how many. */
static size_t find_policies(struct call *call, const struct request_entry *entry, struct found *ret)
{
	const char *domain_arn = text_of(call, entry, REQUEST_TEXT_DOMAIN);
	struct found *next = ret;

	*next = (struct found){ .name = "vpcEndpointPolicy",
		.by = "endpoint",
		.record = record_find(call, STORE_vpcendpoint, text_of(call, entry, REQUEST_TEXT_ENDPOINT)),
		.kind = POLICY_KIND_ENDPOINT,
		.fingerprint = entry->fingerprints[REQUEST_POLICY_ENDPOINT] };
	next->text = json_find_text(next->record, "policyDocument");
	next++;
	if (*domain_arn) {
		*next = (struct found){ .name = "domainPolicy",
			.by = "domain",
			.record = own_policy_domain(call, domain_arn),
			.kind = POLICY_KIND_DOMAIN,
			.owner_arn = domain_arn,
			.fingerprint = entry->fingerprints[REQUEST_POLICY_DOMAIN] };
		next->text = json_find_text(next->record, "policy");
		next++;
	}
	*next = (struct found){ .name = "policy",
		.by = "resource",
		.record = record_find(call, STORE_deployment,
			call_text(call, "%s/%s", text_of(call, entry, REQUEST_TEXT_API),
				text_of(call, entry, REQUEST_TEXT_DEPLOYMENT))),
		.kind = POLICY_KIND_API,
		.owner_arn = document_api_arn(call, text_of(call, entry, REQUEST_TEXT_API)),
		.fingerprint = entry->fingerprints[REQUEST_POLICY_RESOURCE] };
	next->text = json_find_text(json_find_path(next->record, "postern", "definition", "restApi", NULL), "policy");
	return (size_t)(next + 1 - ret);
}

/* ---- the operation ---- */

static int answer(struct call *call, const struct search *search)
{
	const struct request_entry *entry = &search->entry;
	struct json *decision;
	struct found policies[REQUEST_POLICY_COUNT];
	bool complete = false;
	size_t count;
	int error;

	add_facts(call, search);
	if (entry->outcome != REQUEST_UNJUDGED) {
		decision = json_ensure_object(call->output, "decision");
		json_set_c_string(decision, "verdict", policy_verdict_name(entry->verdict));
		json_set_c_string(decision, "by", combine_by_name(entry->by));
		json_set(decision, "statement",
			entry->statement < 0 ? json_null_new() : json_integer_new(entry->statement));
	}
	/* Without API and stage there was nothing to ask policies about. */
	if (!entry->texts[REQUEST_TEXT_STAGE].count || !entry->texts[REQUEST_TEXT_DEPLOYMENT].count)
		return 0;
	count = find_policies(call, entry, policies);
	error = add_policies(call, entry, policies, count, &complete);
	if (error == 0 && complete)
		add_case(call, entry, policies, count);
	for (size_t i = 0; i < count; i++) {
		policy_free(policies[i].policy);
		json_free(policies[i].record);
	}
	return error;
}

int op_get_request(struct call *call)
{
	struct search *search;
	struct request_record_state record;
	int fd = call->control->settings.request_record_fd, error;

	if (!request_id_is_uuid(view_from_text(call_input(call, "requestId"))))
		return call_fail(call, "BadRequestException",
			"'%s' is no request id: it is a UUID, as in the header x-amzn-RequestId and in the access log",
			call_input(call, "requestId"));
	if (fd < 0)
		return call_fail(call, "BadRequestException",
			"No record of requests is kept: request_record_kb of the settings is 0, or the file can't be "
			"made");
	search = calloc(1, sizeof *search);
	if (!search)
		return -ENOMEM;
	search->wanted = view_from_text(call_input(call, "requestId"));
	error = request_record_each(fd, look_at, search, &record);
	if (error == -ENODATA)
		error = call_fail(call, "NotFoundException", "The gateway has not begun its record of requests");
	else if (error == 0 && !search->count)
		error = fail_unknown(call, &record);
	else if (error == 0)
		error = answer(call, search);
	free(search);
	return error;
}
