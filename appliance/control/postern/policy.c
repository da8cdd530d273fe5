/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Postern's own operation on a new policy: which of the clients that were seen it would cut off or let in. */
#include "appliance/control/postern/policy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/base/table.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/rest_api_rules.h"
#include "appliance/control/documents.h"
#include "appliance/control/operations.h"
#include "appliance/control/postern/impact.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/observe/client_record.h"

enum {
	HOURS_DEFAULT = 24,
	HOURS_MAX = 24 * 366,
	/* Clients that are judged, four times as many as a record of the default size holds: some 50 MB. */
	CLIENTS_MAX = 65536,
	/* Clients that an answer names, those with most requests first. */
	LINES_MAX = 1000,
};

#define MS_PER_HOUR UINT64_C(3600000)

/* ---- shared ---- */

/* Bytes of a well-formed character at the front; 0 if there is none, or it is for controlling terminals. */
static size_t shown_bytes(struct view text)
{
	unsigned char first = (unsigned char)text.at[0];
	size_t count = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;

	if (first < 0x20 || first == 0x7f || count > text.count || !view_is_utf8(view_part(text, 0, count)))
		return 0;
	/* C1 controls: U+0080 to U+009F */
	return first == 0xc2 && (unsigned char)text.at[1] < 0xa0 ? 0 : count;
}

static void append_shown(struct buffer *buffer, struct view text)
{
	while (text.count) {
		size_t count = shown_bytes(text);

		buffer_append(buffer, count ? view_part(text, 0, count) : view_of("\xef\xbf\xbd"));
		text = view_after(text, count ? count : 1);
	}
}

struct view own_policy_shown(struct call *call, struct view text)
{
	struct buffer buffer;

	buffer_init_arena(&buffer, &call->arena, 3 * text.count + 1);
	append_shown(&buffer, text);
	ASSERT(buffer_error(&buffer) == 0);
	return buffer_view(&buffer);
}

struct json *own_policy_domain(struct call *call, const char *domain_arn)
{
	static const char start[] = "/domainnames/";
	const char *id = strstr(domain_arn, start);

	return id ? record_find(call, STORE_domainname, id + sizeof start - 1) : NULL;
}

/* ---- policies in force ---- */

/* A record and the policy in it. */
struct in_force {
	char *key;
	struct json *record; /* NULL: there is no such thing */
	struct policy *policy;
};

static void free_all(struct table *table)
{
	struct in_force *one;
	size_t cursor = 0;

	while ((one = table_next(table, &cursor, NULL)) != NULL) {
		policy_free(one->policy);
		json_free(one->record);
		free(one->key);
		free(one);
	}
	table_fini(table);
}

static int keep(struct table *table, const char *key, struct json *record, struct view text, enum policy_kind kind,
	const char *owner_arn, struct in_force **ret)
{
	const struct policy_options options = {
		.kind = kind, .owner_arn = policy_text_of(owner_arn), .max_bytes = SIZE_MAX, .stored = true
	};
	struct in_force *one = calloc(1, sizeof *one);

	ASSERT(one);
	one->key = strdup(key);
	one->record = record;
	ASSERT(one->key && table_set(table, view_from_text(one->key), one, NULL) == 0);
	*ret = one;
	return text.count ? policy_parse(&one->policy, text.at, text.count, &options, NULL) : 0;
}

struct impact {
	struct call *call;
	const char *api_arn;
	struct policy *new_policy;
	uint64_t since_ms;
	struct table endpoints, domains, stages; /* key → in_force */
	struct table clients;                    /* key → client */
	bool has_more;                           /* clients than are judged */
	uint64_t oldest_ms;                      /* last seen, of all clients of the record */
};

static int find_endpoint(struct impact *impact, const char *id, struct in_force **ret)
{
	struct json *record;

	*ret = table_find(&impact->endpoints, view_from_text(id));
	if (*ret)
		return 0;
	record = record_find(impact->call, STORE_vpcendpoint, id);
	return keep(&impact->endpoints, id, record, json_find_text(record, "policyDocument"), POLICY_KIND_ENDPOINT,
		NULL, ret);
}

static int find_domain(struct impact *impact, const char *arn, struct in_force **ret)
{
	struct json *record;

	*ret = table_find(&impact->domains, view_from_text(arn));
	if (*ret)
		return 0;
	record = own_policy_domain(impact->call, arn);
	return keep(&impact->domains, arn, record, json_find_text(record, "policy"), POLICY_KIND_DOMAIN, arn, ret);
}

/* The stage's deployment. */
static int find_stage(struct impact *impact, const char *name, struct in_force **ret)
{
	struct json JSON_CLEANUP *stage = NULL;
	struct json *deployment = NULL;
	const char *id;

	*ret = table_find(&impact->stages, view_from_text(name));
	if (*ret)
		return 0;
	stage = record_find(impact->call, STORE_stage, api_key(impact->call, name));
	id = json_find_c_string(stage, "deploymentId");
	if (id)
		deployment = record_find(impact->call, STORE_deployment, api_key(impact->call, id));
	return keep(&impact->stages, name, deployment,
		json_find_text(json_find_path(deployment, "postern", "definition", "restApi", NULL), "policy"),
		POLICY_KIND_API, impact->api_arn, ret);
}

/* ---- clients ---- */

/* One client, its slots of all workers and outcomes together. */
struct client {
	struct view key;
	struct client_facts facts; /* of the slot that was seen last, without its texts */
	char *texts;               /* of that slot, as they may be shown, each with a NUL */
	const char *text[CLIENT_TEXT_COUNT];
	uint64_t allowed_count, denied_count;
	bool is_gone; /* endpoint, stage or method are no more */
	struct impact_answer answer;
	struct policy_text sids[2]; /* of the statements before and after, as far as they have one */
};

static void take_texts(struct client *client, const struct client_facts *facts)
{
	size_t starts[CLIENT_TEXT_COUNT];
	struct buffer buffer;

	buffer_init(&buffer, 4 * CLIENT_RECORD_SLOT_BYTES);
	for (unsigned i = 0; i < CLIENT_TEXT_COUNT; i++) {
		starts[i] = buffer.count;
		append_shown(&buffer, facts->texts[i]);
		buffer_append_byte(&buffer, '\0');
	}
	free(client->texts);
	client->texts = buffer_take(&buffer, NULL);
	ASSERT(client->texts);
	for (unsigned i = 0; i < CLIENT_TEXT_COUNT; i++)
		client->text[i] = client->texts + starts[i];
}

static void *malloc_or_end(size_t count)
{
	void *room = malloc(count);

	ASSERT(room);
	return room;
}

/* What two slots of the same client agree in. */
static void append_key(struct buffer *buffer, const struct client_facts *facts)
{
	for (unsigned i = 0; i < CLIENT_TEXT_KEYS; i++) {
		buffer_append(buffer, facts->texts[i]);
		buffer_append_byte(buffer, '\n');
	}
	buffer_append_bytes(buffer, (const char *)facts->source, sizeof facts->source);
	buffer_append_byte(buffer, facts->secure ? 's' : 'p');
}

static void take_facts(struct client *client, const struct client_facts *facts)
{
	uint64_t first_ms = client->facts.count && client->facts.first_seen_ms < facts->first_seen_ms
				    ? client->facts.first_seen_ms
				    : facts->first_seen_ms;
	uint64_t last_ms = client->facts.last_seen_ms;

	if (!client->facts.count || facts->last_seen_ms >= last_ms) {
		client->facts = *facts;
		take_texts(client, facts);
	}
	client->facts.first_seen_ms = first_ms;
	*(facts->denied ? &client->denied_count : &client->allowed_count) += facts->count;
}

static int gather(void *context, const struct client_facts *facts)
{
	struct impact *impact = context;
	char room[CLIENT_RECORD_SLOT_BYTES + 64];
	struct buffer key;
	struct client *client;

	if (impact->oldest_ms == 0 || facts->last_seen_ms < impact->oldest_ms)
		impact->oldest_ms = facts->last_seen_ms;
	if (facts->last_seen_ms < impact->since_ms ||
		!view_equals_text(facts->texts[CLIENT_TEXT_API], call_input(impact->call, "restApiId")))
		return 0;
	buffer_init_fixed(&key, room, sizeof room);
	append_key(&key, facts);
	ASSERT(buffer_error(&key) == 0);
	client = table_find(&impact->clients, buffer_view(&key));
	if (!client) {
		if (impact->clients.count == CLIENTS_MAX) {
			impact->has_more = true;
			return 0;
		}
		client = calloc(1, sizeof *client);
		ASSERT(client);
		client->key = view_from(memcpy(malloc_or_end(key.count), room, key.count), key.count);
		ASSERT(table_set(&impact->clients, client->key, client, NULL) == 0);
	}
	take_facts(client, facts);
	return 0;
}

static void free_clients(struct table *table)
{
	struct client *client;
	size_t cursor = 0;

	while ((client = table_next(table, &cursor, NULL)) != NULL) {
		char *key;

		memcpy(&key, &client->key.at, sizeof key);
		free(key);
		free(client->texts);
		free(client);
	}
	table_fini(table);
}

/* ---- judging ---- */

static void write_source(const struct client *client, char text[INET6_ADDRSTRLEN])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool is_v4 = memcmp(client->facts.source, mapped, sizeof mapped) == 0;

	(void)inet_ntop(
		is_v4 ? AF_INET : AF_INET6, client->facts.source + (is_v4 ? sizeof mapped : 0), text, INET6_ADDRSTRLEN);
}

/* The authorization of the method as deployed; false if there is no such method any more. */
static bool find_auth(const struct json *deployment, const char *path, const char *method, enum combine_auth *ret)
{
	JSON_EACH(resource, json_find_path(deployment, "postern", "definition", "resources", NULL))
	{
		const struct json *methods = json_find(resource, "resourceMethods"), *found;
		struct view type;

		if (!view_equals_text(json_find_text(resource, "path"), path))
			continue;
		found = json_find(methods, method);
		if (!found)
			found = json_find(methods, "ANY");
		type = json_find_text(found, "authorizationType");
		*ret = view_equals_text(type, "AWS_IAM")              ? COMBINE_AUTH_IAM
		       : view_equals_text(type, "CUSTOM")             ? COMBINE_AUTH_CUSTOM
		       : view_equals_text(type, "COGNITO_USER_POOLS") ? COMBINE_AUTH_COGNITO
								      : COMBINE_AUTH_NONE;
		return found != NULL;
	}
	return false;
}

/* Texts that one client's request needs besides the client's own. */
struct room {
	char source[INET6_ADDRSTRLEN], time[CLOCK_TEXT_MAX_BYTES], epoch[24];
	char arn[4 * CLIENT_RECORD_SLOT_BYTES];
	size_t prefix_count; /* of the ARN: up to the path */
};

static void fill_room(const struct impact *impact, const struct client *client, struct room *room)
{
	uint64_t now_ms = impact->call->request.received_wall_ms;

	write_source(client, room->source);
	clock_write_iso(room->time, now_ms);
	snprintf(room->epoch, sizeof room->epoch, "%llu", (unsigned long long)(now_ms / 1000));
	room->prefix_count = (size_t)snprintf(room->arn, sizeof room->arn, "%s/%s/%s/", impact->api_arn,
		client->text[CLIENT_TEXT_STAGE], client->text[CLIENT_TEXT_METHOD]);
	ASSERT(room->prefix_count + strlen(client->text[CLIENT_TEXT_PATH]) < sizeof room->arn);
	strcpy(room->arn + room->prefix_count, client->text[CLIENT_TEXT_PATH]);
}

static void set(struct policy_request *request, enum policy_key key, const char *text)
{
	policy_request_set(request, key, policy_text_of(text));
}

/* What the gateway told the policies of one of the client's requests (pipeline/phase_route.c), as far as it was recorded. */
static void describe(const struct impact *impact, const struct client *client, const struct room *room,
	struct policy_request *request)
{
	const char *principal = client->text[CLIENT_TEXT_PRINCIPAL], *domain = client->text[CLIENT_TEXT_DOMAIN];

	policy_request_init(request, policy_text_of(room->arn));
	set(request, POLICY_KEY_SOURCE_VPCE, client->text[CLIENT_TEXT_ENDPOINT]);
	set(request, POLICY_KEY_SOURCE_VPC, client->text[CLIENT_TEXT_VPC]);
	set(request, POLICY_KEY_VPC_SOURCE_IP, room->source);
	set(request, POLICY_KEY_SECURE_TRANSPORT, client->facts.secure ? "true" : "false");
	set(request, POLICY_KEY_CURRENT_TIME, room->time);
	set(request, POLICY_KEY_EPOCH_TIME, room->epoch);
	set(request, POLICY_KEY_RESOURCE_ACCOUNT, control_account(impact->call->control));
	if (client->facts.has_user_agent)
		set(request, POLICY_KEY_USER_AGENT, client->text[CLIENT_TEXT_USER_AGENT]);
	if (*domain)
		set(request, POLICY_KEY_VIA_DOMAIN_ARN, domain);
	if (*principal && policy_caller_parse(&request->caller, policy_text_of(principal)) == 0) {
		set(request, POLICY_KEY_PRINCIPAL_ARN, principal);
		policy_request_set(request, POLICY_KEY_PRINCIPAL_ACCOUNT, request->caller.account);
	}
}

/* Sid of the statement that a decision rests on. */
static struct policy_text sid_of(
	const struct combine_decision *decision, const struct impact_question *question, const struct policy *resource)
{
	const struct policy *policy = decision->by == COMBINE_BY_ENDPOINT   ? question->endpoint_policy
				      : decision->by == COMBINE_BY_DOMAIN   ? question->domain_policy
				      : decision->by == COMBINE_BY_RESOURCE ? resource
									    : NULL;

	if (!policy || decision->statement < 0)
		return (struct policy_text){ 0 };
	return policy_statement_sid(policy, (size_t)decision->statement);
}

/* The policies in force for a client and its method's authorization; `is_gone` if there is nothing left to call. */
static int find_in_force(struct impact *impact, struct client *client, struct impact_question *question)
{
	const char *domain_arn = client->text[CLIENT_TEXT_DOMAIN];
	struct in_force *endpoint, *stage = NULL, *domain = NULL;
	int error = find_endpoint(impact, client->text[CLIENT_TEXT_ENDPOINT], &endpoint);

	if (!error)
		error = find_stage(impact, client->text[CLIENT_TEXT_STAGE], &stage);
	if (!error && *domain_arn)
		error = find_domain(impact, domain_arn, &domain);
	if (error)
		return error;
	client->is_gone = !endpoint->record || !stage->record || (domain && !domain->record) ||
			  !find_auth(stage->record, client->text[CLIENT_TEXT_RESOURCE],
				  client->text[CLIENT_TEXT_METHOD], &question->auth);
	if (domain)
		question->domain_arn = policy_text_of(domain_arn);
	question->endpoint_policy = endpoint->policy;
	question->domain_policy = domain ? domain->policy : NULL;
	question->old_policy = stage->policy;
	question->new_policy = impact->new_policy;
	question->private_api =
		rest_api_is_private(json_find_path(stage->record, "postern", "definition", "restApi", NULL));
	return 0;
}

static int judge(struct impact *impact, struct client *client)
{
	struct policy_request request;
	struct impact_question question = { .request = &request };
	struct room room;
	int error = find_in_force(impact, client, &question);

	if (error || client->is_gone)
		return error;
	fill_room(impact, client, &room);
	describe(impact, client, &room, &request);
	question.arn_prefix = view_from(room.arn, room.prefix_count);
	question.resource = view_from_text(client->text[CLIENT_TEXT_RESOURCE]);
	question.path_is_cut = client->facts.cut >> CLIENT_TEXT_PATH & 1;
	error = impact_judge(&question, &client->answer);
	client->sids[0] = sid_of(&client->answer.before, &question, question.old_policy);
	client->sids[1] = sid_of(&client->answer.after, &question, question.new_policy);
	return error;
}

/* ---- the answer ---- */

static struct json *time_json(uint64_t wall_ms)
{
	char time[CLOCK_TEXT_MAX_BYTES];

	return json_text_new(view_from(time, clock_write_iso_ms(time, wall_ms)));
}

static struct json *decision_json(const struct combine_decision *decision, struct policy_text sid)
{
	struct json *object = json_object_new();

	json_set_c_string(object, "verdict", policy_verdict_name(decision->verdict));
	json_set_c_string(object, "by", combine_by_name(decision->by));
	json_set(
		object, "statement", decision->statement < 0 ? json_null_new() : json_integer_new(decision->statement));
	if (sid.bytes)
		json_set_text(object, "sid", view_from(sid.bytes, sid.count));
	return object;
}

static void add_open(struct json *line, const struct impact_answer *answer)
{
	struct json *depends = json_ensure_array(line, "dependsOn");

	for (size_t i = 0; i < answer->open_count; i++)
		json_append_text(depends, view_from(answer->open[i].bytes, answer->open[i].count));
	if (answer->caller_is_open)
		json_append_text(depends, view_of("the caller's own policies or the authorizer"));
	if (answer->is_beyond)
		json_append_text(depends, view_of("more conditions than are compared"));
	json_set_bool(line, "mayBeCutOff", answer->may_cut_off || answer->is_beyond);
	json_set_bool(line, "mayBeLetIn", answer->may_let_in || answer->is_beyond);
}

static struct json *client_json(const struct client *client)
{
	static const struct {
		const char *name;
		enum client_text text;
	} shown[] = { { "endpoint", CLIENT_TEXT_ENDPOINT }, { "vpcId", CLIENT_TEXT_VPC },
		{ "stage", CLIENT_TEXT_STAGE }, { "method", CLIENT_TEXT_METHOD }, { "resource", CLIENT_TEXT_RESOURCE },
		{ "domainArn", CLIENT_TEXT_DOMAIN }, { "userAgent", CLIENT_TEXT_USER_AGENT } };
	struct json *line = json_object_new();
	char source[INET6_ADDRSTRLEN];
	const char *principal = client->text[CLIENT_TEXT_PRINCIPAL];

	write_source(client, source);
	json_set_c_string(line, "change", impact_change_name(client->answer.change));
	json_set_c_string(line, "source", source);
	json_set_c_string(line, "principal", *principal ? principal : "anonymous");
	for (size_t i = 0; i < ARRAY_COUNT(shown); i++)
		if (*client->text[shown[i].text])
			json_set_c_string(line, shown[i].name, client->text[shown[i].text]);
	json_set(line, "samplePath",
		json_text_new_printf(
			"/%s%s", client->text[CLIENT_TEXT_PATH], client->facts.cut >> CLIENT_TEXT_PATH & 1 ? "…" : ""));
	json_set_integer(line, "count", (int64_t)(client->allowed_count + client->denied_count));
	json_set_integer(line, "allowedCount", (int64_t)client->allowed_count);
	json_set_integer(line, "deniedCount", (int64_t)client->denied_count);
	json_set(line, "firstSeen", time_json(client->facts.first_seen_ms));
	json_set(line, "lastSeen", time_json(client->facts.last_seen_ms));
	json_set(line, "before", decision_json(&client->answer.before, client->sids[0]));
	json_set(line, "after", decision_json(&client->answer.after, client->sids[1]));
	if (client->answer.change == IMPACT_DEPENDS)
		add_open(line, &client->answer);
	return line;
}

/* Cut off, let in, depends; in each those with most requests first. */
static int compare_clients(const void *left, const void *right)
{
	const struct client *a = *(struct client *const *)left, *b = *(struct client *const *)right;
	uint64_t of_a = a->allowed_count + a->denied_count, of_b = b->allowed_count + b->denied_count;

	if (a->answer.change != b->answer.change)
		return a->answer.change < b->answer.change ? -1 : 1;
	if (of_a != of_b)
		return of_a > of_b ? -1 : 1;
	return memcmp(a->facts.source, b->facts.source, sizeof a->facts.source);
}

static void add_clients(struct impact *impact)
{
	struct json *output = impact->call->output, *list = json_ensure_array(output, "clients"), *summary;
	struct client **changed = reallocarray(NULL, impact->clients.count + 1, sizeof *changed), *client;
	size_t cursor = 0, count = 0, gone_count = 0, by_change[IMPACT_DEPENDS + 1] = { 0 };

	ASSERT(changed);
	while ((client = table_next(&impact->clients, &cursor, NULL)) != NULL) {
		gone_count += client->is_gone;
		if (client->is_gone)
			continue;
		by_change[client->answer.change]++;
		if (client->answer.change != IMPACT_NOTHING)
			changed[count++] = client;
	}
	qsort(changed, count, sizeof *changed, compare_clients);
	for (size_t i = 0; i < count && i < LINES_MAX; i++)
		json_append(list, client_json(changed[i]));
	free(changed);
	summary = json_ensure_object(output, "summary");
	json_set_integer(summary, "clients", (int64_t)impact->clients.count);
	json_set_integer(summary, "cutOff", (int64_t)by_change[IMPACT_CUT_OFF]);
	json_set_integer(summary, "letIn", (int64_t)by_change[IMPACT_LET_IN]);
	json_set_integer(summary, "depends", (int64_t)by_change[IMPACT_DEPENDS]);
	json_set_integer(summary, "unchanged", (int64_t)by_change[IMPACT_NOTHING]);
	json_set_integer(summary, "gone", (int64_t)gone_count);
	json_set_integer(summary, "notListed", (int64_t)(count > LINES_MAX ? count - LINES_MAX : 0));
}

/* How far what was said can be relied on. */
static void add_coverage(struct impact *impact, const struct client_record_state *record)
{
	struct json *output = impact->call->output, *about = json_ensure_object(output, "record"),
		    *notes = json_ensure_array(output, "notes");

	json_set(about, "begun", time_json(record->begun_ms));
	if (impact->oldest_ms)
		json_set(about, "oldest", time_json(impact->oldest_ms));
	json_set_integer(about, "room", (int64_t)(record->room & INT64_MAX));
	json_set_integer(about, "evicted", (int64_t)(record->evicted_count & INT64_MAX));
	json_set_integer(about, "leftOut", (int64_t)((record->odd_count + record->busy_count) & INT64_MAX));
	json_append_text(notes, view_of("Sources that the kernel's filter refuses never reach the gateway, so they are "
					"not in the record: "
					"`postern filter events` shows them."));
	if (record->begun_ms > impact->since_ms)
		json_append_text(
			notes, view_of("The record was begun within the hours asked for: clients before that are not "
				       "known."));
	if (record->evicted_count)
		json_append_text(notes, view_of("The record was full: clients seen longest ago gave way to others "
						"(client_record_kb gives it more room)."));
	if (record->odd_count || record->busy_count)
		json_append_text(notes, view_of("Some entries of the record could not be read and were left out."));
	if (impact->has_more)
		json_append_text(notes, view_of("There are more clients than are judged; the rest was left out."));
}

static int judge_all(struct impact *impact)
{
	struct client *client;
	size_t cursor = 0;
	int error = 0;

	while (!error && (client = table_next(&impact->clients, &cursor, NULL)) != NULL)
		error = judge(impact, client);
	return error;
}

/* The new policy as saving would take it; what saving refuses fails the call, with place and rule. */
static int read_new_policy(struct impact *impact)
{
	struct call *call = impact->call;
	const struct policy_options options = { .kind = POLICY_KIND_API, .owner_arn = policy_text_of(impact->api_arn) };
	const char *normal;
	int error = document_normalise(call, POLICY_KIND_API, impact->api_arn, call_input(call, "policy"), &normal);

	return error ? error : policy_parse(&impact->new_policy, normal, strlen(normal), &options, NULL);
}

static int run(struct impact *impact, int64_t hours)
{
	struct call *call = impact->call;
	struct client_record_state record;
	int error = read_new_policy(impact);

	if (!error)
		error = client_record_each(call->control->settings.client_record_fd, gather, impact, &record);
	if (error == -ENODATA)
		return call_fail(call, "NotFoundException", "The gateway has not begun its record of clients");
	if (!error)
		error = judge_all(impact);
	if (error)
		return error;
	json_set_c_string(call->output, "restApiId", call_input(call, "restApiId"));
	json_set_integer(call->output, "hours", hours);
	json_set(call->output, "since", time_json(impact->since_ms));
	add_clients(impact);
	add_coverage(impact, &record);
	return 0;
}

int op_get_policy_impact(struct call *call)
{
	int64_t hours = json_find_integer(call->input, "hours", HOURS_DEFAULT);
	uint64_t now_ms = call->request.received_wall_ms;
	struct impact impact = { .call = call };
	int error = api_check(call);

	if (error)
		return error;
	if (hours < 1 || hours > HOURS_MAX)
		return call_fail(call, "BadRequestException", "hours must be between 1 and %d", HOURS_MAX);
	if (call->control->settings.client_record_fd < 0)
		return call_fail(call, "BadRequestException",
			"No record of clients is kept: client_record_kb of the settings is 0, or the file can't be "
			"made");
	impact.api_arn = document_api_arn(call, call_input(call, "restApiId"));
	impact.since_ms = now_ms > (uint64_t)hours * MS_PER_HOUR ? now_ms - (uint64_t)hours * MS_PER_HOUR : 0;
	error = run(&impact, hours);
	policy_free(impact.new_policy);
	free_all(&impact.endpoints);
	free_all(&impact.domains);
	free_all(&impact.stages);
	free_clients(&impact.clients);
	return error;
}
