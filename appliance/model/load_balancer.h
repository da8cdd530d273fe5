/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * load_balancer: VPC links, and what lies behind them: load balancers with their listeners, target groups with their targets. The
 * gateway is the load balancer: it chooses the target itself (integrate/target.h), and no packet passes anything in between.
 *
 *   VPC link ──ARN──► load balancer ──► listener (by port) ──ARN, weight──► target group ──► target: address, port
 *
 * Each is an object of its own in the snapshot, found by id or ARN, so that a target that comes or goes has one group compiled
 * anew and nothing else.
 *
 * A target has a *slot*, which control gave it: the index of its word in the shared states (base/target_state.h) and of its count of
 * outstanding requests on each worker. Slots are used again; the number of the registration tells the targets of one slot apart.
 *
 * Threads: immutable once built; borrowed from the snapshot that the request has pinned.
 * Not here: choosing, health checks (integrate/).
 * Source: ELBv2 API Reference; Elastic Load Balancing User Guides for Network and Application Load Balancers.
 */
#ifndef POSTERN_MODEL_LOAD_BALANCER_H
#define POSTERN_MODEL_LOAD_BALANCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"
#include "appliance/model/catalog.h"
#include "appliance/outbound/outbound.h"

/* Ranges of a matcher ("200,301-302"): more than AWS's own examples ever have. */
#define LOAD_BALANCER_MATCHES_MAX 16

/* Longest path of a health check. Source: CreateTargetGroup. */
#define LOAD_BALANCER_CHECK_PATH_MAX_BYTES 1024

/* How a listener takes what comes, and so what the gateway must speak for its target to understand it. */
enum load_balancer_listener_kind {
	LOAD_BALANCER_PASSES,    /* TCP: bytes pass as they are, TLS of the integration too */
	LOAD_BALANCER_ENDS_TLS,  /* TLS, HTTPS: takes TLS only, and speaks to targets by the group's protocol */
	LOAD_BALANCER_TAKES_HTTP /* HTTP: takes plain HTTP only, and speaks to targets by the group's protocol */
};

struct snapshot_vpc_link {
	struct catalog_object object; /* key: id */
	struct view target_arn;       /* of the load balancer */
	bool is_available;
};

/* Where a listener forwards to, and the share of it. */
struct snapshot_forward {
	struct view group_arn;
	uint32_t weight;
};

struct snapshot_balancer_listener {
	struct view arn;
	uint16_t port;
	enum load_balancer_listener_kind kind;
	uint32_t weight_sum; /* of `forwards`; 0: nothing is forwarded */
	size_t forward_count;
	const struct snapshot_forward *forwards;
};

struct snapshot_load_balancer {
	struct catalog_object object; /* key: ARN */
	size_t listener_count;
	const struct snapshot_balancer_listener *listeners; /* sorted by port */
};

enum target_check_kind { TARGET_CHECK_TCP, TARGET_CHECK_HTTP };

/* How the targets of a group are checked. */
struct target_check {
	enum target_check_kind kind;
	uint32_t interval_ms, timeout_ms;
	uint16_t healthy_count, unhealthy_count; /* consecutive checks that change a target's health */
	struct view path;                        /* of HTTP */
	size_t match_count;
	struct {
		uint16_t low, high;
	} matches[LOAD_BALANCER_MATCHES_MAX]; /* statuses that are good */
};

struct snapshot_target {
	struct view id; /* the address, as it was registered */
	uint16_t port;
	uint16_t slot; /* below COUNTERS_TARGETS_MAX */
	uint32_t registration;
	struct outbound_target forwarded; /* by the group's protocol */
	struct outbound_target checked;   /* where health checks go */
};

struct snapshot_target_group {
	struct catalog_object object; /* key: ARN */
	struct view vpc_id;
	bool is_in_use; /* a listener forwards to it; else nothing is checked */
	bool has_tls;   /* targets are spoken to by TLS; their certificates are not verified, as load balancers don't */
	struct target_check check;
	size_t target_count;
	const struct snapshot_target *targets;
};

struct compile;
struct json;
struct snapshot;

int vpc_link_compile(struct compile *compile, struct view id, const struct json *body, struct snapshot_vpc_link **ret)
	__attribute__((warn_unused_result));

/* `listeners`: array of the records' bodies. What else a load balancer is says nothing about its traffic. */
int load_balancer_compile(struct compile *compile, struct view arn, const struct json *listeners,
	struct snapshot_load_balancer **ret) __attribute__((warn_unused_result));

int target_group_compile(struct compile *compile, struct view arn, const struct json *body,
	struct snapshot_target_group **ret) __attribute__((warn_unused_result));

/* By id or ARN, or NULL. */
const struct snapshot_vpc_link *snapshot_vpc_link_find(const struct snapshot *snapshot, struct view id);
const struct snapshot_load_balancer *snapshot_load_balancer_find(const struct snapshot *snapshot, struct view arn);
const struct snapshot_target_group *snapshot_target_group_find(const struct snapshot *snapshot, struct view arn);

/* The listener on that port, or NULL. */
const struct snapshot_balancer_listener *load_balancer_listener_find(
	const struct snapshot_load_balancer *balancer, uint16_t port);

/*
 * The load balancer whose listener `arn` is, as "arn:…:loadbalancer/net/name/id", copied to `room` (LOAD_BALANCER_ARN_MAX_BYTES);
 * `arn` itself if it is one of a load balancer, or of nothing that is known.
 */
#define LOAD_BALANCER_ARN_MAX_BYTES 256
struct view load_balancer_arn_of(struct view arn, char room[LOAD_BALANCER_ARN_MAX_BYTES]);

/* Is the status one that a check takes for good? */
bool target_check_matches(const struct target_check *check, int status);

#endif
