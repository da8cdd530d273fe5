/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/filter/targets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/log.h"
#include "appliance/control/apigateway/domains.h"
#include "appliance/control/apigateway/rest_api_rules.h"
#include "appliance/control/documents.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

struct filter_deployment {
	char *key, *arn;
	struct policy *policy; /* NULL: the API has none */
	bool is_private, others_can_grant, default_disabled;
	uint64_t turn;
};

/* A stage's record as last read, and what was found in it. */
struct filter_stage {
	char *id, *body;
	size_t body_bytes;
	char *api_id, *name;
	char *deployments[2]; /* keys: the stage's own, the canary's; NULL: none */
	enum { DEFAULT_AS_DEPLOYED, DEFAULT_ENABLED, DEFAULT_DISABLED } default_endpoint;
	uint64_t turn;
};

struct filter_domain {
	char *key, *arn;
	struct policy *policy; /* NULL: nobody may call */
	uint64_t serial, turn;
};

struct filter_hidden {
	const struct filter_stage *stage;
	struct filter_deployment *deployment;
};

struct filter_access {
	const char *endpoint_id, *domain_id;
};

struct filter_mapping {
	const char *domain_id, *api_id, *stage; /* NULL: any stage */
};

struct way_part {
	struct way_part *next;
	struct source_filter_part *part;
};

/* Which part an endpoint uses, and which gate for a version of its policy. */
struct way_use {
	uint64_t serial, version;
	const struct source_filter_part *part, *gate;
};

static void *grown(void *items, size_t count, size_t *room, size_t item_bytes)
{
	if (count < *room)
		return items;
	*room = *room ? 2 * *room : 16;
	items = reallocarray(items, *room, item_bytes);
	ASSERT(items);
	return items;
}

static char *copy_of(const char *text)
{
	char *copy = strdup(text);

	ASSERT(copy);
	return copy;
}

/* --- deployments ------------------------------------------------------------------------------------------------------------- */

static void free_deployment(struct filter_deployment *deployment)
{
	policy_free(deployment->policy);
	free(deployment->key);
	free(deployment->arn);
	free(deployment);
}

/* Signed callers may be allowed by their own policies, others by an authorizer's. */
static bool can_others_grant(const struct json *resources)
{
	JSON_EACH(resource, resources)
	JSON_EACH(method, json_find(resource, "resourceMethods"))
	{
		struct view type = json_find_text(method, "authorizationType");

		if (view_equals_text(type, "AWS_IAM") || view_equals_text(type, "CUSTOM"))
			return true;
	}
	return false;
}

static int load_deployment(struct filter_targets *targets, struct call *call, const char *api_id, const char *key,
	struct filter_deployment **ret)
{
	struct json JSON_CLEANUP *record = record_find(call, STORE_deployment, key);
	const struct json *definition = json_find_path(record, "postern", "definition", NULL);
	const struct json *api = json_find(definition, "restApi");
	struct view text = json_find_text(api, "policy");
	struct policy_options options = { .kind = POLICY_KIND_API, .stored = true };
	struct filter_deployment *deployment;
	int error = 0;

	if (!record)
		return call->store_error < 0 ? call->store_error : -ENOENT;
	targets->parsed_count++;
	deployment = calloc(1, sizeof *deployment);
	ASSERT(deployment);
	deployment->key = copy_of(key);
	deployment->arn = copy_of(document_api_arn(call, api_id));
	deployment->is_private = rest_api_is_private(api);
	deployment->default_disabled = json_find_bool(api, "disableExecuteApiEndpoint", false);
	deployment->others_can_grant = can_others_grant(json_find(definition, "resources"));
	options.owner_arn = policy_text_of(deployment->arn);
	if (text.count)
		error = policy_parse(&deployment->policy, text.at, text.count, &options, NULL);
	if (error < 0) {
		log_error("the policy of a deployment can't be read", LOG_TEXT("deployment", key), LOG_ERRNO(error));
		free_deployment(deployment);
		return error;
	}
	ASSERT(table_set(&targets->deployments, view_from_text(deployment->key), deployment, NULL) == 0);
	*ret = deployment;
	return 0;
}

static int find_deployment(struct filter_targets *targets, struct call *call, const struct filter_stage *stage,
	const char *key, struct filter_deployment **ret)
{
	int error = 0;

	*ret = table_find(&targets->deployments, view_from_text(key));
	if (!*ret)
		error = load_deployment(targets, call, stage->api_id, key, ret);
	if (error == 0)
		(*ret)->turn = targets->turn;
	return error;
}

/* --- domains ----------------------------------------------------------------------------------------------------------------- */

static void free_domain(struct filter_domain *domain)
{
	policy_free(domain->policy);
	free(domain->key);
	free(domain->arn);
	free(domain);
}

/* `*ret` is NULL if there is no such private domain. */
static int find_domain(struct filter_targets *targets, struct call *call, const char *id, struct filter_domain **ret)
{
	struct json JSON_CLEANUP *record = record_find(call, STORE_domainname, id);
	struct view text = json_find_text(record, "policy");
	const char *name = json_find_c_string(record, "domainName"),
		   *name_id = json_find_c_string(record, "domainNameId");
	struct policy_options options = { .kind = POLICY_KIND_DOMAIN, .stored = true };
	struct view key = call_view(call, "%s\n" VIEW_FMT, id, VIEW_ARG(text));
	struct filter_domain *domain;
	int error = 0;

	*ret = NULL;
	if (!record || !domain_is_private(record))
		return call->store_error;
	if (!name || !name_id)
		return -EUCLEAN;
	domain = table_find(&targets->domains, key);
	if (!domain) {
		domain = calloc(1, sizeof *domain);
		ASSERT(domain);
		domain->key = copy_of(key.at);
		domain->arn = copy_of(document_domain_arn(call, name, name_id));
		domain->serial = ++targets->domain_serial;
		options.owner_arn = policy_text_of(domain->arn);
		if (text.count)
			error = policy_parse(&domain->policy, text.at, text.count, &options, NULL);
		if (error < 0) {
			log_error("the policy of a domain can't be read", LOG_TEXT("domain", id), LOG_ERRNO(error));
			free_domain(domain);
			return error;
		}
		ASSERT(table_set(&targets->domains, view_from_text(domain->key), domain, NULL) == 0);
	}
	domain->turn = targets->turn;
	*ret = domain;
	return 0;
}

/* --- ways -------------------------------------------------------------------------------------------------------------------- */

static void free_parts(struct way_part *parts)
{
	while (parts) {
		struct way_part *next = parts->next;

		source_filter_part_free(parts->part);
		free(parts);
		parts = next;
	}
}

static void free_way(struct filter_way *way)
{
	free_parts(way->parts);
	free(way->uses);
	free(way->key);
	free(way->stage);
	free(way);
}

void filter_ways_fini(struct filter_ways *ways)
{
	free(ways->items);
	*ways = (struct filter_ways){ 0 };
}

/* Add the way into a stage with this deployment; `domain` NULL: directly. */
static void add_way(struct filter_targets *targets, struct call *call, struct filter_ways *ways,
	const struct filter_stage *stage, const struct filter_deployment *deployment,
	const struct filter_domain *domain)
{
	const char *key = call_text(
		call, "%s/%s@%llu", deployment->key, stage->name, (unsigned long long)(domain ? domain->serial : 0));
	struct filter_way *way = table_find(&targets->ways, view_from_text(key));

	if (!way) {
		way = calloc(1, sizeof *way);
		ASSERT(way);
		way->key = copy_of(key);
		way->stage = copy_of(stage->name);
		way->target = (struct source_filter_target){ .policy = deployment->policy,
			.arn = policy_text_of(deployment->arn),
			.stage = policy_text_of(way->stage),
			.others_can_grant = deployment->others_can_grant };
		if (domain) {
			way->front = (struct source_filter_target){ .policy = domain->policy,
				.arn = policy_text_of(domain->arn) };
			way->target.domain = &way->front;
		}
		ASSERT(table_set(&targets->ways, view_from_text(way->key), way, NULL) == 0);
	}
	/* Several base paths of a domain may lead to one stage. */
	if (domain && way->turn == targets->turn)
		for (size_t i = 0; i < ways->count; i++)
			if (ways->items[i] == way)
				return;
	way->turn = targets->turn;
	ways->items = grown(ways->items, ways->count, &ways->room, sizeof *ways->items);
	ways->items[ways->count++] = way;
}

void filter_gates_reset(struct filter_gates *gates, uint64_t version)
{
	free_parts(gates->first);
	*gates = (struct filter_gates){ .version = version };
}

typedef int make_part(struct source_filter_part **ret, struct source_filter_pool *pool,
	const struct source_filter_input *input, int target);

/* The part of the list that serves the input's one target, made if there is none. */
static int find_part(struct filter_targets *targets, struct way_part **list, const struct source_filter_input *input,
	make_part *make, const struct source_filter_part **ret)
{
	struct way_part *known = *list;

	while (known && !source_filter_part_serves(known->part, input, 0))
		known = known->next;
	if (!known) {
		if (!targets->pool)
			targets->pool = source_filter_pool_new();
		known = calloc(1, sizeof *known);
		if (!known || !targets->pool || make(&known->part, targets->pool, input, 0) < 0) {
			free(known);
			return -ENOMEM;
		}
		targets->compiled_count += make == source_filter_part_new;
		known->next = *list;
		*list = known;
	}
	*ret = known->part;
	return 0;
}

/* How the endpoint uses the way: a new use has no part yet. */
static struct way_use *use_of(struct filter_way *way, uint64_t serial)
{
	for (size_t i = 0; i < way->use_count; i++)
		if (way->uses[i].serial == serial)
			return &way->uses[i];
	way->uses = grown(way->uses, way->use_count, &way->use_room, sizeof *way->uses);
	way->uses[way->use_count] = (struct way_use){ .serial = serial };
	return &way->uses[way->use_count++];
}

int filter_way_drops(struct filter_targets *targets, struct filter_way *way, const struct source_filter_input *facts,
	uint64_t serial, struct filter_gates *gates, struct source_filter_way *ret)
{
	struct source_filter_input input = *facts;
	struct way_use *use = use_of(way, serial);
	int error = 0;

	input.targets = &way->target;
	input.target_count = 1;
	if (!use->part)
		error = find_part(targets, &way->parts, &input, source_filter_part_new, &use->part);
	if (error == 0 && (!use->gate || use->version != gates->version))
		error = find_part(targets, &gates->first, &input, source_filter_gate_new, &use->gate);
	use->version = gates->version;
	if (error < 0)
		use->gate = NULL;
	*ret = (struct source_filter_way){ use->gate, use->part };
	return error;
}

void filter_targets_forget(struct filter_targets *targets, uint64_t serial)
{
	struct filter_way *way;
	size_t cursor = 0;

	while ((way = table_next(&targets->ways, &cursor, NULL)) != NULL)
		for (size_t i = 0; i < way->use_count; i++)
			if (way->uses[i].serial == serial)
				way->uses[i--] = way->uses[--way->use_count];
}

/* --- stages ------------------------------------------------------------------------------------------------------------------ */

static void free_stage(struct filter_stage *stage)
{
	free(stage->id);
	free(stage->body);
	free(stage->api_id);
	free(stage->name);
	free(stage->deployments[0]);
	free(stage->deployments[1]);
	free(stage);
}

static char *deployment_key(const char *api_id, const char *deployment_id)
{
	char *key = NULL;

	if (deployment_id && asprintf(&key, "%s/%s", api_id, deployment_id) < 0)
		key = NULL;
	ASSERT(key || !deployment_id);
	return key;
}

static int parse_stage(struct filter_targets *targets, const struct store_record *record, struct filter_stage **ret)
{
	struct json JSON_CLEANUP *body = NULL;
	const struct json *disabled, *canary;
	struct filter_stage *stage;
	int error = json_parse(view_from(record->body, record->body_bytes), NULL, &body, NULL);

	if (error < 0)
		return error;
	targets->parsed_count++;
	stage = calloc(1, sizeof *stage);
	ASSERT(stage);
	stage->id = copy_of(record->id);
	stage->body = copy_of(record->body);
	stage->body_bytes = record->body_bytes;
	stage->api_id = copy_of(record->parent);
	stage->name = copy_of(json_find_c_string(body, "stageName") ? json_find_c_string(body, "stageName") : "");
	stage->deployments[0] = deployment_key(record->parent, json_find_c_string(body, "deploymentId"));
	canary = json_find(body, "canarySettings");
	stage->deployments[1] = deployment_key(record->parent, json_find_c_string(canary, "deploymentId"));
	disabled = json_find_path(body, "postern", "disableExecuteApiEndpoint", NULL);
	if (json_is_bool(disabled))
		stage->default_endpoint = json_bool(disabled, false) ? DEFAULT_DISABLED : DEFAULT_ENABLED;
	*ret = stage;
	return 0;
}

/* The record's stage, parsed anew if it is not the one that was read last. */
static int find_stage(struct filter_targets *targets, const struct store_record *record, struct filter_stage **ret)
{
	void *previous = NULL;
	int error = 0;

	*ret = table_find(&targets->stages, view_from_text(record->id));
	if (!*ret || (*ret)->body_bytes != record->body_bytes ||
		memcmp((*ret)->body, record->body, record->body_bytes) != 0) {
		error = parse_stage(targets, record, ret);
		if (error == 0)
			ASSERT(table_set(&targets->stages, view_from_text((*ret)->id), *ret, &previous) == 0);
		if (previous)
			free_stage(previous);
	}
	if (error == 0)
		(*ret)->turn = targets->turn;
	return error;
}

struct walk {
	struct filter_targets *targets;
	struct call *call;
};

static int add_stage(void *context, const struct store_record *record)
{
	struct walk *walk = context;
	struct filter_targets *targets = walk->targets;
	struct filter_deployment *deployment;
	struct filter_stage *stage;
	int error = find_stage(targets, record, &stage);

	for (size_t i = 0; i < 2 && error == 0; i++) {
		if (!stage->deployments[i])
			continue;
		error = find_deployment(targets, walk->call, stage, stage->deployments[i], &deployment);
		/* A stage without its deployment serves nothing. */
		if (error == -ENOENT)
			error = 0;
		else if (error < 0 || !deployment->is_private)
			continue;
		else if (stage->default_endpoint == DEFAULT_DISABLED ||
			 (stage->default_endpoint == DEFAULT_AS_DEPLOYED && deployment->default_disabled)) {
			targets->hidden = grown(
				targets->hidden, targets->hidden_count, &targets->hidden_room, sizeof *targets->hidden);
			targets->hidden[targets->hidden_count++] = (struct filter_hidden){ stage, deployment };
		} else {
			add_way(targets, walk->call, &targets->direct, stage, deployment, NULL);
		}
	}
	return error;
}

/* --- domains' associations and base paths ---------------------------------------------------------------------------------------- */

static int add_access(void *context, const struct store_record *record)
{
	struct walk *walk = context;
	struct filter_targets *targets = walk->targets;
	struct json JSON_CLEANUP *body = NULL;
	const char *source;
	int error = json_parse(view_from(record->body, record->body_bytes), NULL, &body, NULL);

	if (error < 0)
		return error;
	source = json_find_c_string(body, "accessAssociationSource");
	if (!source)
		return 0;
	targets->accesses =
		grown(targets->accesses, targets->access_count, &targets->access_room, sizeof *targets->accesses);
	targets->accesses[targets->access_count++] =
		(struct filter_access){ .endpoint_id = call_text(walk->call, "%s", source),
			.domain_id = call_text(walk->call, "%s", record->parent) };
	return 0;
}

static int add_mapping(void *context, const struct store_record *record)
{
	struct walk *walk = context;
	struct filter_targets *targets = walk->targets;
	struct json JSON_CLEANUP *body = NULL;
	const char *api_id, *stage;
	int error = json_parse(view_from(record->body, record->body_bytes), NULL, &body, NULL);

	if (error < 0)
		return error;
	api_id = json_find_c_string(body, "restApiId");
	stage = json_find_c_string(body, "stage");
	if (!api_id)
		return 0;
	targets->mappings =
		grown(targets->mappings, targets->mapping_count, &targets->mapping_room, sizeof *targets->mappings);
	targets->mappings[targets->mapping_count++] = (struct filter_mapping){
		.domain_id = call_text(walk->call, "%s", record->parent),
		.api_id = call_text(walk->call, "%s", api_id),
		.stage = stage && *stage ? call_text(walk->call, "%s", stage) : NULL,
	};
	return 0;
}

static void add_hidden(struct filter_targets *targets, struct call *call, struct filter_ways *ways,
	const struct filter_mapping *mapping, const struct filter_domain *domain)
{
	for (size_t i = 0; i < targets->hidden_count; i++) {
		const struct filter_hidden *hidden = &targets->hidden[i];

		if (strcmp(hidden->stage->api_id, mapping->api_id) == 0 &&
			(!mapping->stage || strcmp(hidden->stage->name, mapping->stage) == 0))
			add_way(targets, call, ways, hidden->stage, hidden->deployment, domain);
	}
}

int filter_targets_at(
	struct filter_targets *targets, struct call *call, const char *endpoint_id, struct filter_ways *ret)
{
	int error = 0;

	ret->count = 0;
	for (size_t i = 0; i < targets->direct.count; i++) {
		ret->items = grown(ret->items, ret->count, &ret->room, sizeof *ret->items);
		ret->items[ret->count++] = targets->direct.items[i];
	}
	for (size_t i = 0; i < targets->access_count && error == 0; i++) {
		struct filter_domain *domain;

		if (strcmp(targets->accesses[i].endpoint_id, endpoint_id) != 0)
			continue;
		error = find_domain(targets, call, targets->accesses[i].domain_id, &domain);
		for (size_t j = 0; j < targets->mapping_count && error == 0 && domain; j++)
			if (strcmp(targets->mappings[j].domain_id, targets->accesses[i].domain_id) == 0)
				add_hidden(targets, call, ret, &targets->mappings[j], domain);
	}
	return error;
}

int filter_targets_gather(struct filter_targets *targets, struct call *call)
{
	struct walk walk = { .targets = targets, .call = call };
	struct store *store = call->control->store;
	int error;

	targets->direct.count = targets->hidden_count = targets->access_count = targets->mapping_count = 0;
	targets->turn++;
	error = store_each(store, STORE_stage, NULL, add_stage, &walk);
	if (error == 0 && targets->hidden_count)
		error = store_each(store, STORE_domainaccess, NULL, add_access, &walk);
	if (error == 0 && targets->access_count)
		error = store_each(store, STORE_basepathmapping, NULL, add_mapping, &walk);
	return error;
}

/* --- forgetting -------------------------------------------------------------------------------------------------------------- */

/* Free the entries of a table that were not met in this turn. */
#define SWEEP(table, type, key, release)                                                                               \
	do {                                                                                                           \
		struct type **unused = calloc((table)->count + 1, sizeof *unused), *entry;                             \
		size_t cursor = 0, count = 0;                                                                          \
                                                                                                                       \
		ASSERT(unused);                                                                                        \
		while ((entry = table_next((table), &cursor, NULL)) != NULL)                                           \
			if (entry->turn != targets->turn)                                                              \
				unused[count++] = entry;                                                               \
		for (size_t i = 0; i < count; i++) {                                                                   \
			(void)table_take((table), view_from_text(unused[i]->key));                                     \
			release(unused[i]);                                                                            \
		}                                                                                                      \
		free(unused);                                                                                          \
	} while (0)

void filter_targets_sweep(struct filter_targets *targets)
{
	/* Ways point to deployments and domains. */
	SWEEP(&targets->ways, filter_way, key, free_way);
	SWEEP(&targets->stages, filter_stage, id, free_stage);
	SWEEP(&targets->deployments, filter_deployment, key, free_deployment);
	SWEEP(&targets->domains, filter_domain, key, free_domain);
}

void filter_targets_fini(struct filter_targets *targets)
{
	targets->turn++;
	filter_targets_sweep(targets);
	table_fini(&targets->ways);
	table_fini(&targets->stages);
	table_fini(&targets->deployments);
	table_fini(&targets->domains);
	source_filter_pool_free(targets->pool);
	filter_ways_fini(&targets->direct);
	free(targets->hidden);
	free(targets->accesses);
	free(targets->mappings);
	*targets = (struct filter_targets){ 0 };
}
