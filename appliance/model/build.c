/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/model/build.h"

#include <errno.h>
#include <stdlib.h>

#include "appliance/base/log.h"
#include "appliance/base/table.h"
#include "appliance/model/balancing.h"
#include "appliance/model/read.h"

/* Memory of one build: ids of what changed, and the records while they are compiled. */
#define BUILD_ARENA_MAX_BYTES ((size_t)1 << 30)

/* Kinds of objects of a snapshot, and of which record each is made. */
enum thing {
	THING_API,
	THING_ENDPOINT,
	THING_DOMAIN,
	THING_CERTIFICATE,
	THING_SERVER_CERTIFICATE,
	THING_ZONE,
	THING_VPC_LINK,
	THING_LOAD_BALANCER,
	THING_TARGET_GROUP,
	THING_COUNT
};

static const char *const thing_names[THING_COUNT] = {
	[THING_API] = "restapi",
	[THING_ENDPOINT] = "vpcendpoint",
	[THING_DOMAIN] = "domainname",
	[THING_CERTIFICATE] = "certificate",
	[THING_SERVER_CERTIFICATE] = "servercertificate",
	[THING_ZONE] = "hostedzone",
	[THING_VPC_LINK] = "vpclink",
	[THING_LOAD_BALANCER] = "loadbalancer",
	[THING_TARGET_GROUP] = "targetgroup",
};

/* One build at work. */
struct build {
	struct compile *compile;
	struct store *store;
	const struct snapshot *previous;
	struct snapshot *next;
	struct build_result *result;
	struct arena arena;
	struct table dirty[THING_COUNT]; /* ids of what must be compiled anew */
	struct table deployments;        /* compiled in this build or shared by it: key "api/deployment" */
};

/* ---- what changed ---- */

static int mark(struct build *build, enum thing thing, const char *id)
{
	struct view copy;

	if (table_find(&build->dirty[thing], view_from_text(id)))
		return 0;
	copy = arena_copy(&build->arena, view_from_text(id));
	if (!copy.at)
		return -ENOMEM;
	return table_add(&build->dirty[thing], copy, build);
}

/* A certificate is used by id at the moment of the handshake, so that nothing but itself depends on it. */
static int change_visit(void *context, const struct store_record *record)
{
	struct build *build = context;

	switch (record->kind) {
	case STORE_restapi:
		return mark(build, THING_API, record->id);
	case STORE_stage:
		return mark(build, THING_API, record->parent);
	case STORE_vpcendpoint:
		return mark(build, THING_ENDPOINT, record->id);
	case STORE_domainname:
		return mark(build, THING_DOMAIN, record->id);
	case STORE_basepathmapping:
	case STORE_domainaccess:
		return mark(build, THING_DOMAIN, record->parent);
	case STORE_certificate:
		return mark(build, THING_CERTIFICATE, record->id);
	case STORE_servercertificate:
		return mark(build, THING_SERVER_CERTIFICATE, record->id);
	case STORE_hostedzone:
		return mark(build, THING_ZONE, record->id);
	case STORE_rrset:
		return mark(build, THING_ZONE, record->parent);
	case STORE_vpclink:
		return mark(build, THING_VPC_LINK, record->id);
	case STORE_loadbalancer:
		return mark(build, THING_LOAD_BALANCER, record->id);
	case STORE_listener:
		return mark(build, THING_LOAD_BALANCER, record->parent);
	case STORE_targetgroup:
		return mark(build, THING_TARGET_GROUP, record->id);
	default:
		/* A deployment matters once a stage points at it, and never changes; the rest is control's alone. */
		return 0;
	}
}

/* ---- putting objects in ---- */

/* Put a fresh object in; its one reference passes to the catalog. */
static int put_object(struct build *build, struct catalog *catalog, struct catalog_object *object)
{
	int error = catalog_put(catalog, object);

	catalog_object_unref(object);
	build->result->compiled_count++;
	return error ? compile_no_memory(build->compile) : 0;
}

static int remove_object(struct build *build, struct catalog *catalog, const char *id)
{
	return catalog_remove(catalog, view_from_text(id)) ? compile_no_memory(build->compile) : 0;
}

static int build_endpoint(struct build *build, const char *id)
{
	JSON_CLEANUP struct json *body = NULL;
	struct snapshot_endpoint *endpoint;
	int error = read_record(build->compile, build->store, STORE_vpcendpoint, id, &body, NULL);

	if (error)
		return error;
	if (!body)
		return remove_object(build, &build->next->endpoints, id);
	error = endpoint_compile(build->compile, view_from_text(id), body, &endpoint);
	return error ? error : put_object(build, &build->next->endpoints, &endpoint->object);
}

static int build_certificate_kind(struct build *build, enum store_kind kind, const char *id)
{
	JSON_CLEANUP struct json *body = NULL;
	struct snapshot_certificate *certificate;
	int error = read_record(build->compile, build->store, kind, id, &body, NULL);

	if (error)
		return error;
	/* A requested certificate without a key yet serves nothing. */
	if (!body || json_find_text(json_find(body, "postern"), "sealedKey").count == 0)
		return remove_object(build, &build->next->certificates, id);
	error = certificate_compile(build->compile, view_from_text(id), body, &certificate);
	return error ? error : put_object(build, &build->next->certificates, &certificate->object);
}

static int build_certificate(struct build *build, const char *id)
{
	return build_certificate_kind(build, STORE_certificate, id);
}

static int build_server_certificate(struct build *build, const char *id)
{
	return build_certificate_kind(build, STORE_servercertificate, id);
}

static int build_zone(struct build *build, const char *id)
{
	JSON_CLEANUP struct json *body = NULL, *record_sets = NULL;
	struct snapshot_zone *zone;
	int error = read_record(build->compile, build->store, STORE_hostedzone, id, &body, NULL);

	if (error)
		return error;
	if (!body)
		return remove_object(build, &build->next->zones, id);
	error = read_children(build->compile, build->store, STORE_rrset, id, &record_sets);
	if (!error)
		error = zone_compile(build->compile, view_from_text(id), body, record_sets, &zone);
	return error ? error : put_object(build, &build->next->zones, &zone->object);
}

/* ---- private integrations ---- */

static int build_balancing(struct build *build, enum store_kind kind, const char *id)
{
	build->result->compiled_count++;
	return balancing_build(build->compile, build->store, build->next, kind, id);
}

static int build_vpc_link(struct build *build, const char *id)
{
	return build_balancing(build, STORE_vpclink, id);
}

static int build_load_balancer(struct build *build, const char *id)
{
	return build_balancing(build, STORE_loadbalancer, id);
}

static int build_target_group(struct build *build, const char *id)
{
	return build_balancing(build, STORE_targetgroup, id);
}

/* ---- domains and the hosts where they answer ---- */

struct host_object {
	struct snapshot_host host; /* first */
	struct snapshot_domain *domain;
	char key[];
};

static void host_free(struct catalog_object *object)
{
	struct host_object *host = (struct host_object *)(void *)object;

	catalog_object_unref(&host->domain->object);
	free(host);
}

static int put_host(struct build *build, struct snapshot_domain *domain, struct view endpoint_id)
{
	size_t count = endpoint_id.count + 1 + domain->name.count;
	struct host_object *host = calloc(1, sizeof *host + count);
	int error;

	if (!host)
		return compile_no_memory(build->compile);
	memcpy(host->key, endpoint_id.at, endpoint_id.count);
	host->key[endpoint_id.count] = '/';
	memcpy(host->key + endpoint_id.count + 1, domain->name.at, domain->name.count);
	host->host.object =
		(struct catalog_object){ .reference_count = 1, .free = host_free, .key = view_from(host->key, count) };
	host->host.domain = domain;
	host->domain = domain;
	catalog_object_ref(&domain->object);
	error = catalog_put(&build->next->hosts, &host->host.object);
	catalog_object_unref(&host->host.object);
	return error ? compile_no_memory(build->compile) : 0;
}

/* Take out the hosts of a domain that changed or went. A host that another domain has taken over stays. */
static int remove_hosts(struct build *build, const struct snapshot_domain *domain)
{
	for (size_t i = 0; domain && i < domain->endpoint_count; i++) {
		const struct snapshot_host *host = (const struct snapshot_host *)(void *)catalog_find_pair(
			&build->next->hosts, domain->endpoint_ids[i], domain->name);

		if (host && host->domain == domain && catalog_remove(&build->next->hosts, host->object.key))
			return compile_no_memory(build->compile);
	}
	return 0;
}

static int put_domain(struct build *build, struct snapshot_domain *domain)
{
	int error = catalog_put(&build->next->domains, &domain->object) ? compile_no_memory(build->compile) : 0;

	build->result->compiled_count++;
	for (size_t i = 0; !error && domain->is_private && i < domain->endpoint_count; i++)
		error = put_host(build, domain, domain->endpoint_ids[i]);
	catalog_object_unref(&domain->object);
	return error;
}

static int build_domain(struct build *build, const char *id)
{
	JSON_CLEANUP struct json *body = NULL, *base_paths = NULL, *accesses = NULL;
	const struct snapshot_domain *old =
		(const struct snapshot_domain *)(void *)catalog_find(&build->next->domains, view_from_text(id));
	struct snapshot_domain *domain;
	int error = read_record(build->compile, build->store, STORE_domainname, id, &body, NULL);

	if (!error)
		error = remove_hosts(build, old);
	if (error)
		return error;
	if (!body)
		return remove_object(build, &build->next->domains, id);
	error = read_children(build->compile, build->store, STORE_basepathmapping, id, &base_paths);
	if (!error)
		error = read_children(build->compile, build->store, STORE_domainaccess, id, &accesses);
	if (!error)
		error = domain_compile(build->compile, view_from_text(id), body, base_paths, accesses, &domain);
	return error ? error : put_domain(build, domain);
}

/* ---- APIs ---- */

/* The deployment as an older stage of the API has it: it is immutable, so it need not be compiled again. */
static struct snapshot_deployment *old_deployment(const struct snapshot_api *api, struct view id)
{
	for (size_t i = 0; api && i < api->stage_count; i++) {
		const struct snapshot_stage *stage = api->stages[i];

		if (view_equals(stage->deployment->id, id))
			return stage->deployment;
		if (stage->canary && view_equals(stage->canary->deployment->id, id))
			return stage->canary->deployment;
	}
	return NULL;
}

/* `*ret` with a reference of the caller's. */
static int find_deployment(struct build *build, const struct snapshot_api *old, const char *api_id, struct view id,
	struct snapshot_deployment **ret)
{
	JSON_CLEANUP struct json *body = NULL;
	struct view key = arena_printf(&build->arena, "%s/" VIEW_FMT, api_id, VIEW_ARG(id));
	struct snapshot_deployment *deployment;
	int error;

	if (!key.at)
		return compile_no_memory(build->compile);
	deployment = table_find(&build->deployments, key);
	if (!deployment)
		deployment = old_deployment(old, id);
	if (deployment) {
		catalog_object_ref(&deployment->object);
		*ret = deployment;
		return 0;
	}
	error = read_record(build->compile, build->store, STORE_deployment, key.at, &body, NULL);
	if (!error && !body)
		error = compile_fail(
			build->compile, -EINVAL, "deploymentId: '" VIEW_FMT "' does not exist", VIEW_ARG(id));
	if (!error)
		error = deployment_compile(build->compile, view_from_text(api_id), id, body, &deployment);
	if (error)
		return error;
	build->result->compiled_count++;
	if (table_add(&build->deployments, key, deployment)) {
		catalog_object_unref(&deployment->object);
		return compile_no_memory(build->compile);
	}
	*ret = deployment;
	return 0;
}

/* The deployments that a stage's body names; those that are set are the caller's to release, also on failure. */
static int find_deployments(
	struct build *build, const struct snapshot_api *old, const char *api_id, struct compile_stage *stage)
{
	struct view canary = json_find_text(json_find(stage->body, "canarySettings"), "deploymentId");
	int error =
		find_deployment(build, old, api_id, json_find_text(stage->body, "deploymentId"), &stage->deployment);

	if (!error && canary.count > 0)
		error = find_deployment(build, old, api_id, canary, &stage->canary);
	return error;
}

/* The client certificate that a stage's body names: control keeps it as long as a stage does. */
static int find_client_certificate(struct build *build, struct compile_stage *stage)
{
	struct view id = json_find_text(stage->body, "clientCertificateId");
	int error = id.count ? read_record(build->compile, build->store, STORE_clientcertificate, id.at,
				       &stage->client_certificate, NULL)
			     : 0;

	if (!error && id.count && !stage->client_certificate)
		error = compile_fail(
			build->compile, -EINVAL, "clientCertificateId: '" VIEW_FMT "' does not exist", VIEW_ARG(id));
	return error;
}

static void release_stage(struct compile_stage *stage)
{
	json_free(stage->client_certificate);
	if (stage->deployment)
		catalog_object_unref(&stage->deployment->object);
	if (stage->canary)
		catalog_object_unref(&stage->canary->object);
}

static int build_api_with_stages(
	struct build *build, const char *id, const struct json *body, const struct json *bodies)
{
	const struct snapshot_api *old =
		(const struct snapshot_api *)(void *)catalog_find(&build->next->apis, view_from_text(id));
	size_t count = json_count(bodies);
	struct compile_stage *stages = ARENA_NEW_ARRAY(&build->arena, struct compile_stage, count);
	struct snapshot_api *api;
	int error = stages ? 0 : compile_no_memory(build->compile);

	for (size_t i = 0; !error && i < count; i++) {
		stages[i].body = json_at(bodies, i);
		error = find_deployments(build, old, id, &stages[i]);
		if (!error)
			error = find_client_certificate(build, &stages[i]);
	}
	if (!error)
		error = api_compile(
			build->compile, view_from_text(id), json_find_text(body, "name"), stages, count, &api);
	/* The deployments' table lends no reference: what is compiled in this API is used by this API alone. */
	for (size_t i = 0; stages && i < count; i++)
		release_stage(&stages[i]);
	return error ? error : put_object(build, &build->next->apis, &api->object);
}

static int build_api(struct build *build, const char *id)
{
	JSON_CLEANUP struct json *body = NULL, *stages = NULL;
	int error = read_record(build->compile, build->store, STORE_restapi, id, &body, NULL);

	if (!error && body)
		error = read_children(build->compile, build->store, STORE_stage, id, &stages);
	if (error)
		return error;
	if (!body || json_count(stages) == 0)
		return remove_object(build, &build->next->apis, id);
	return build_api_with_stages(build, id, body, stages);
}

/* ---- the whole ---- */

static int (*const thing_builders[THING_COUNT])(struct build *build, const char *id) = {
	[THING_API] = build_api,
	[THING_ENDPOINT] = build_endpoint,
	[THING_DOMAIN] = build_domain,
	[THING_CERTIFICATE] = build_certificate,
	[THING_SERVER_CERTIFICATE] = build_server_certificate,
	[THING_ZONE] = build_zone,
	[THING_VPC_LINK] = build_vpc_link,
	[THING_LOAD_BALANCER] = build_load_balancer,
	[THING_TARGET_GROUP] = build_target_group,
};

/* Compile all dirty things. What fails ends the build, but for the first snapshot, where it is left out. */
static int build_dirty(struct build *build)
{
	for (unsigned thing = 0; thing < THING_COUNT; thing++) {
		size_t cursor = 0;
		struct view id;

		while (table_next(&build->dirty[thing], &cursor, &id)) {
			char reason[CHECK_MESSAGE_MAX_BYTES];
			int error = thing_builders[thing](build, id.at);

			if (!error)
				continue;
			memcpy(reason, build->compile->message, sizeof reason);
			compile_fail(build->compile, error, "%s %s: %.400s", thing_names[thing], id.at, reason);
			if (build->previous || error == -ENOMEM || error == -EBUSY || error == -EIO)
				return error;
			build->result->left_out_count++;
			log_error("a record is left out of the first snapshot",
				LOG_TEXT("reason", build->compile->message));
		}
	}
	return 0;
}

struct snapshot *snapshot_new(const struct snapshot *previous, const struct store_identity *identity)
{
	size_t account_bytes = strlen(identity->account_id), region_bytes = strlen(identity->region);
	struct snapshot *snapshot = calloc(1, sizeof *snapshot + account_bytes + region_bytes);
	char *texts;

	if (!snapshot)
		return NULL;
	texts = (char *)(snapshot + 1);
	memcpy(texts, identity->account_id, account_bytes);
	memcpy(texts + account_bytes, identity->region, region_bytes);
	snapshot->account_id = view_from(texts, account_bytes);
	snapshot->region = view_from(texts + account_bytes, region_bytes);
	if (previous) {
		catalog_init_copy(&snapshot->endpoints, &previous->endpoints);
		catalog_init_copy(&snapshot->apis, &previous->apis);
		catalog_init_copy(&snapshot->domains, &previous->domains);
		catalog_init_copy(&snapshot->hosts, &previous->hosts);
		catalog_init_copy(&snapshot->certificates, &previous->certificates);
		catalog_init_copy(&snapshot->zones, &previous->zones);
		catalog_init_copy(&snapshot->vpc_links, &previous->vpc_links);
		catalog_init_copy(&snapshot->load_balancers, &previous->load_balancers);
		catalog_init_copy(&snapshot->target_groups, &previous->target_groups);
	}
	return snapshot;
}

void snapshot_free(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	catalog_fini(&snapshot->endpoints);
	catalog_fini(&snapshot->apis);
	catalog_fini(&snapshot->hosts);
	catalog_fini(&snapshot->domains);
	catalog_fini(&snapshot->certificates);
	catalog_fini(&snapshot->zones);
	catalog_fini(&snapshot->vpc_links);
	catalog_fini(&snapshot->load_balancers);
	catalog_fini(&snapshot->target_groups);
	free(snapshot);
}

/* Inside a read transaction. */
static int build_revision(struct build *build, uint64_t since)
{
	const struct store_identity *identity = store_identity(build->store);
	int error;

	build->compile->account_id = view_from_text(identity->account_id);
	build->compile->region = view_from_text(identity->region);
	build->next = snapshot_new(build->previous, identity);
	if (!build->next)
		return compile_no_memory(build->compile);
	build->next->revision = build->result->revision_in_store;
	error = store_changes(build->store, since, change_visit, build);
	if (error)
		return compile_fail(build->compile, error, "the changes can't be read from the store");
	return build_dirty(build);
}

int build_snapshot(struct compile *compile, struct store *store, const struct snapshot *previous, struct snapshot **ret,
	struct build_result *ret_result)
{
	struct build build = { .compile = compile, .store = store, .previous = previous, .result = ret_result };
	uint64_t since = previous ? previous->revision : 0;
	int error;

	*ret = NULL;
	*ret_result = (struct build_result){ 0 };
	compile->message[0] = '\0';
	error = store_read_begin(store);
	if (error)
		return compile_fail(compile, error, "the store can't be read");
	error = store_revision(store, &ret_result->revision_in_store);
	if (error || (previous && ret_result->revision_in_store <= since)) {
		store_read_end(store);
		return error ? compile_fail(compile, error, "the store can't be read") : 0;
	}
	arena_init(&build.arena, NULL, BUILD_ARENA_MAX_BYTES);
	error = build_revision(&build, since);
	store_read_end(store);
	for (unsigned thing = 0; thing < THING_COUNT; thing++)
		table_fini(&build.dirty[thing]);
	table_fini(&build.deployments);
	arena_fini(&build.arena);
	if (error)
		snapshot_free(build.next);
	else
		*ret = build.next;
	return error;
}
