/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snapshot: everything that serving a request needs to know, at one revision of the store, ready to be used.
 *
 * A snapshot is immutable. A request pins one at its start (current.h) and sees only that one. The objects in it (API,
 * deployment, domain, certificate, endpoint, zone) are compiled once from their records and shared by all snapshots in
 * which those records did not change; a new snapshot costs what changed.
 *
 *   endpoint ──── id, VPC, policy (at once), addresses, private DNS
 *   API ──── stage ──── deployment (frozen): resource policy, associations, routes ──── method ──── integration
 *   domain (per endpoint, by access association) ──── certificate, policy, base path mappings
 *   zone ──── record sets
 *   VPC link ──── load balancer ──── target group (load_balancer.h)
 *
 * Life cycle: made by build.h on the follower's thread, published and retired by current.h, freed there.
 * Threads: read by any thread that has it pinned. All pointers and views in it live as long as the pin.
 * Not here: compiling (build.h, api.c, domain.c ...), following the store (follow.h), decisions (pipeline/).
 */
#ifndef POSTERN_MODEL_SNAPSHOT_H
#define POSTERN_MODEL_SNAPSHOT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"
#include "appliance/model/gateway_response.h"
#include "appliance/model/integration.h"
#include "appliance/model/route.h"
#include "appliance/model/validator.h"
#include "appliance/model/catalog.h"

struct edition;
struct policy;
struct tls_server_context;

/* A name with its value: stage variables. Sorted by name. */
struct snapshot_pair {
	struct view name;
	struct view value;
};

/* Stage variables: at most 100 (spec/rest-dataplane.md 3.3). */
struct snapshot_variables {
	size_t count;
	const struct snapshot_pair *at; /* sorted by name */
};

/* ---- endpoints ---- */

/* One interface of an endpoint. Families that it lacks are absent. */
struct snapshot_address {
	struct view availability_zone; /* "us-east-1a"; empty in local mode */
	bool has_ipv4, has_ipv6;
	struct in_addr ipv4;
	struct in6_addr ipv6;
};

enum snapshot_dns_record_type { SNAPSHOT_DNS_IPV4 = 1, SNAPSHOT_DNS_IPV6 = 2, SNAPSHOT_DNS_DUALSTACK = 3 };

struct snapshot_endpoint {
	struct catalog_object object; /* key: id */
	struct view id;               /* "vpce-..." */
	struct view vpc_id;
	struct view dns_suffix;      /* the 8 characters behind the id in its DNS names */
	const struct policy *policy; /* NULL: full access */
	bool private_dns_enabled;
	bool builtin; /* the endpoint that the traffic address of local mode stands for */
	enum snapshot_dns_record_type dns_record_type;
	size_t address_count;
	const struct snapshot_address *addresses;
};

/* ---- APIs ---- */

enum snapshot_api_type { SNAPSHOT_REGIONAL, SNAPSHOT_EDGE, SNAPSHOT_PRIVATE };

struct snapshot_resource {
	struct view id;
	struct view path; /* "/pets/{id}" */
};

/* A status that the method may answer with, and the headers that it declares for it. */
struct snapshot_method_response {
	int status;
	size_t header_count;
	const struct view *headers;
};

struct snapshot_method {
	const struct snapshot_resource *resource;
	struct view http_method;  /* "GET", "ANY" */
	bool needs_authorization; /* its authorizationType is not NONE; then `refused` is set */
	/* NULL, or why this version can't enforce or run what the method asks for; such a method answers
	 * 500 API_CONFIGURATION_ERROR and is never served unchecked. */
	const char *refused;
	const struct validator *validator;     /* NULL: it asks nothing of its requests */
	const struct integration *integration; /* NULL if the method has none: 500 as well */
	size_t response_count;
	const struct snapshot_method_response *responses;
};

struct snapshot_deployment {
	struct catalog_object object; /* key: "api id/deployment id" */
	struct view id;
	enum snapshot_api_type type;
	bool default_endpoint_disabled;
	size_t vpc_endpoint_id_count;
	const struct view *vpc_endpoint_ids; /* associated endpoints */
	const struct policy *policy;         /* NULL: the API has none */
	const struct route_node *routes;
	const struct gateway_response_set *gateway_responses;
	size_t binary_media_type_count;
	const struct view *binary_media_types; /* lower case */
	int64_t compression_min_bytes;         /* minimumCompressionSize; -1: answers are not compressed */
	size_t resource_count, method_count;
};

/* The other deployment of a stage, to which a share of its traffic goes. */
struct snapshot_canary {
	double percent;                         /* 0.0–100.0 */
	struct snapshot_deployment *deployment; /* a reference of the API's */
	struct snapshot_variables variables;    /* those of the stage, overlaid by the canary's */
};

struct snapshot_stage {
	struct view api_id;
	struct view name;
	struct view arn_prefix;                 /* "arn:aws:execute-api:<region>:<account>:<api>/<stage>/" */
	struct snapshot_deployment *deployment; /* a reference of the API's */
	bool default_endpoint_disabled;
	struct snapshot_variables variables;
	const struct snapshot_canary *canary;     /* NULL: all traffic goes to `deployment` */
	const struct outbound_identity *identity; /* its client certificate, for back ends; NULL: none */
	struct view access_log_format;            /* empty: Postern's own JSON line */
	struct view access_log_group;             /* name of the log group that gets the lines too; empty: none */
	uint64_t revision;                        /* of the record of the stage */
};

/* An API with its deployed stages; an API without any is not in a snapshot. */
struct snapshot_api {
	struct catalog_object object; /* key: id */
	struct view id;
	struct view name;
	size_t stage_count;
	struct snapshot_stage *const *stages; /* sorted by name */
};

/* ---- domains ---- */

struct snapshot_base_path {
	struct view path; /* without slashes at its ends; empty for "(none)" */
	struct view api_id;
	struct view stage; /* empty: the next path segment names it */
};

struct snapshot_certificate {
	struct catalog_object object;       /* key: ARN, or "default" */
	struct tls_server_context *context; /* a reference; serves every worker */
};

struct snapshot_domain;

/* That a domain answers at an endpoint. */
struct snapshot_host {
	struct catalog_object object; /* key: "endpoint id/host" */
	const struct snapshot_domain *domain;
};

struct snapshot_domain {
	struct catalog_object object; /* key: domain id as in the store */
	struct view name;             /* lower case */
	struct view arn;              /* execute-api ARN: what the endpoint policy and execute-api:viaDomainArn see */
	bool is_private;
	const struct policy *policy; /* private domains: NULL allows nobody */
	struct view certificate_arn; /* empty: none attached */
	bool multi_level;            /* at least one base path has a slash: longest string prefix wins */
	size_t base_path_count;
	const struct snapshot_base_path *base_paths; /* sorted: longest first */
	size_t endpoint_count;
	const struct view *endpoint_ids; /* by access association */
};

/* ---- DNS ---- */

struct snapshot_record_set {
	struct view name;         /* lower case, with its final dot, escapes \ooo resolved */
	struct view type;         /* "A", "AAAA", "CNAME", "TXT" ... */
	uint32_t ttl_s;           /* 0 for an alias: the target's holds */
	struct view alias_target; /* lower case, with final dot; empty if it is not an alias */
	struct view alias_zone_id;
	size_t value_count;
	const struct view *values; /* presentation format */
};

struct snapshot_zone {
	struct catalog_object object; /* key: zone id */
	struct view id;
	struct view name; /* lower case, with final dot */
	bool is_private;
	size_t vpc_count;
	const struct view *vpc_ids;
	size_t record_set_count;
	const struct snapshot_record_set *record_sets; /* sorted by snapshot_name_compare(), then type */
};

/* ---- the whole ---- */

struct snapshot {
	uint64_t revision;
	struct view account_id, region;
	struct catalog endpoints;                                /* snapshot_endpoint */
	struct catalog apis;                                     /* snapshot_api */
	struct catalog domains;                                  /* snapshot_domain by domain id */
	struct catalog hosts;                                    /* "endpoint id/host" -> snapshot_host */
	struct catalog certificates;                             /* snapshot_certificate */
	struct catalog zones;                                    /* snapshot_zone */
	struct catalog vpc_links, load_balancers, target_groups; /* load_balancer.h */
	struct edition *edition;                                 /* where its pins are counted: current.c's alone */
};

/* The endpoint of that id, or NULL. */
const struct snapshot_endpoint *snapshot_endpoint_find(const struct snapshot *snapshot, struct view id);

/* The API of that id, or NULL if there is none that has a deployed stage. */
const struct snapshot_api *snapshot_api_find(const struct snapshot *snapshot, struct view id);

/* The stage of that name, or NULL. */
const struct snapshot_stage *snapshot_stage_find(const struct snapshot_api *api, struct view name);

/* The value of a stage variable, or a view with NULL bytes. */
struct view snapshot_variable(const struct snapshot_variables *variables, struct view name);

/* Is the endpoint one of those that the deployment names in vpcEndpointIds? */
bool snapshot_is_associated(const struct snapshot_deployment *deployment, struct view endpoint_id);

/* Has any stage of the API been deployed with this association? For the DNS name {api}-{vpce}. */
bool snapshot_api_is_associated(const struct snapshot_api *api, struct view endpoint_id);

/* The domain of that host (lower case, no port, no final dot) on that endpoint: exact name, then wildcard; or NULL. */
const struct snapshot_domain *snapshot_domain_find(
	const struct snapshot *snapshot, struct view endpoint_id, struct view host);

/*
 * The base path of `domain` that serves `path` (begins with '/'): `*ret_rest` is what follows it: empty, or with a slash in
 * front, except after a string prefix that ends within a segment. NULL if none does: the caller answers Forbidden then.
 * Source: spec/domains.md 4.1.
 */
const struct snapshot_base_path *snapshot_base_path_find(
	const struct snapshot_domain *domain, struct view path, struct view *ret_rest);

/*
 * The TLS context for a client hello with that server name (lower case, no final dot; empty if it had none) on that
 * endpoint: that of the domain, else of the default certificate. NULL if there is not even a default one.
 * The context lives as long as the pin; a connection that goes on takes a reference of its own (tls/).
 * Source: spec/domains.md 3.
 */
struct tls_server_context *snapshot_tls_context_find(
	const struct snapshot *snapshot, struct view endpoint_id, struct view server_name);

/*
 * The hosted zone that answers for `name` (lower case, final dot) to a client in `vpc_id`: the most specific private zone
 * associated with that VPC, or NULL.
 */
const struct snapshot_zone *snapshot_zone_find(const struct snapshot *snapshot, struct view vpc_id, struct view name);

/* The first record set of that name in a zone and how many there are of that name; NULL if none. */
const struct snapshot_record_set *snapshot_record_sets_find(
	const struct snapshot_zone *zone, struct view name, size_t *ret_count);

/*
 * Does the name exist in the zone as an empty non-terminal, that is, does any record set lie below it?
 */
bool snapshot_zone_has_below(const struct snapshot_zone *zone, struct view name);

/*
 * Order of DNS names (lower case, final dot): by labels from the right, so that a name comes right before those below it.
 * Negative, 0 or positive as memcmp().
 */
int snapshot_name_compare(struct view left, struct view right);

#endif
