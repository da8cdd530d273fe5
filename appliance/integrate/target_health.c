/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/integrate/target_health.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/counters.h"
#include "appliance/base/log.h"
#include "appliance/base/table.h"
#include "appliance/base/target_state.h"
#include "appliance/loop/timer.h"
#include "appliance/model/load_balancer.h"
#include "appliance/model/snapshot.h"

/* How often the groups are looked at: a check is so much late at most, of an interval of 5 s or more. */
#define CHECK_TICK_MS 200

/* A good status is good however long the body: what is beyond that is not waited for. */
#define CHECK_BODY_MAX_BYTES 65536

/* An address as text, as targets are registered. */
#define CHECK_HOST_MAX_BYTES 64

/* "GET {path} HTTP/1.1" and the fields. */
#define CHECK_HEAD_MAX_BYTES (LOAD_BALANCER_CHECK_PATH_MAX_BYTES + CHECK_HOST_MAX_BYTES + 160)

/* What is known of the target in one slot. What a check needs is copied: the snapshot is not pinned meanwhile. */
struct probe {
	struct target_health *health;
	struct outbound_call call;
	struct outbound_target target;
	struct target_health_place place;
	uint32_t registration; /* 0: there is no target */
	uint32_t sweep;        /* when the target was last seen */
	uint16_t slot;
	uint16_t good_count, bad_count; /* consecutive checks */
	bool running, judged;
	struct target_state state;
	struct target_check check; /* path: not to be used */
	uint64_t due_ms, body_bytes;
	uint64_t settings_hash; /* of what the last check was made by */
	char host[CHECK_HOST_MAX_BYTES];
	char head[CHECK_HEAD_MAX_BYTES];
};

struct target_health {
	struct target_health_config config;
	struct timer tick;
	uint32_t sweep;
	bool stopped;
	struct probe *probes[COUNTERS_TARGETS_MAX];
};

_Static_assert((int)TARGET_INITIAL == (int)COUNTERS_TARGET_INITIAL &&
		       (int)TARGET_HEALTHY == (int)COUNTERS_TARGET_HEALTHY &&
		       (int)TARGET_UNHEALTHY == (int)COUNTERS_TARGET_UNHEALTHY,
	"labels of targets' health");

/* ---- states ---- */

static void set_state(struct probe *probe, struct target_state state)
{
	static const char *const names[] = {
		[TARGET_INITIAL] = "initial", [TARGET_HEALTHY] = "healthy", [TARGET_UNHEALTHY] = "unhealthy"
	};

	if (state.health != probe->state.health)
		log_info("a target of a load balancer has changed", LOG_TEXT("target", probe->host),
			LOG_UINT("port", probe->target.port), LOG_TEXT("health", names[state.health]),
			LOG_UINT("status", state.status));
	probe->state = state;
	atomic_store_explicit(&probe->health->config.states[probe->slot], target_state_pack(probe->registration, state),
		memory_order_relaxed);
}

/* A check has ended: count it, and turn the target when it is time. */
static void judge(struct probe *probe, enum target_reason reason, uint16_t status)
{
	const struct target_check *check = &probe->check;

	probe->judged = true;
	counters_up(probe->health->config.counters, COUNTERS_target_checks,
		reason == TARGET_NO_REASON ? COUNTERS_OK : COUNTERS_FAILED);
	if (reason == TARGET_NO_REASON) {
		probe->bad_count = 0;
		probe->good_count++;
		/* A new target need not wait for more than one. */
		if (probe->state.health == TARGET_INITIAL ||
			(probe->state.health == TARGET_UNHEALTHY && probe->good_count >= check->healthy_count))
			set_state(probe, (struct target_state){ .health = TARGET_HEALTHY });
		return;
	}
	probe->good_count = 0;
	probe->bad_count++;
	if (probe->state.health == TARGET_UNHEALTHY || probe->bad_count >= check->unhealthy_count)
		set_state(
			probe, (struct target_state){ .health = TARGET_UNHEALTHY, .reason = reason, .status = status });
}

/* ---- one check ---- */

static struct probe *probe_of(struct outbound_call *call)
{
	return CONTAINER_OF(call, struct probe, call);
}

static void end(struct probe *probe)
{
	void *hold = probe->place.hold;

	probe->running = false;
	probe->place.hold = NULL;
	if (hold)
		probe->health->config.give_place(probe->health->config.context, hold);
}

static void on_head(struct outbound_call *call, const struct http1_head *head)
{
	struct probe *probe = probe_of(call);
	bool good = !head || target_check_matches(&probe->check, head->status);

	judge(probe, good ? TARGET_NO_REASON : TARGET_RESPONSE_CODE, good ? 0 : (uint16_t)head->status);
	if (!head)
		end(probe);
}

static void on_body(struct outbound_call *call, struct view bytes, bool last)
{
	struct probe *probe = probe_of(call);

	probe->body_bytes += bytes.count;
	if (!last && probe->body_bytes > CHECK_BODY_MAX_BYTES)
		outbound_cancel(call);
	else if (!last)
		return;
	end(probe);
}

static void on_error(struct outbound_call *call, enum outbound_error error)
{
	struct probe *probe = probe_of(call);

	if (!probe->judged)
		judge(probe, error == OUTBOUND_TIMEOUT ? TARGET_TIMEOUT : TARGET_FAILED, 0);
	end(probe);
}

static const struct outbound_handlers handlers = { .on_head = on_head, .on_body = on_body, .on_error = on_error };

/* IPv6 addresses stand in brackets in a Host field. */
static struct view write_head(struct probe *probe, const struct target_check *check)
{
	bool is_v6 = strchr(probe->host, ':') != NULL;
	int count = snprintf(probe->head, sizeof probe->head,
		"GET " VIEW_FMT " HTTP/1.1\r\nHost: %s%s%s:%u\r\nUser-Agent: ELB-HealthChecker/2.0\r\n"
		"Accept-Encoding: gzip, compressed\r\nConnection: close\r\n",
		VIEW_ARG(check->path), is_v6 ? "[" : "", probe->host, is_v6 ? "]" : "", probe->target.port);

	ASSERT(count > 0 && (size_t)count < sizeof probe->head);
	return view_from(probe->head, (size_t)count);
}

static void start(struct probe *probe, const struct snapshot_target *target, const struct target_check *check)
{
	struct outbound_request request = { .target = &probe->target,
		.place = probe->place.place,
		.timeout_ms = check->timeout_ms,
		.body = OUTBOUND_BODY_NONE,
		.connect_only = check->kind == TARGET_CHECK_TCP };

	probe->target = target->checked;
	probe->target.host = view_from(probe->host, strlen(probe->host));
	probe->check = *check;
	if (check->kind == TARGET_CHECK_HTTP)
		request.head = write_head(probe, check);
	probe->body_bytes = 0;
	probe->judged = false;
	probe->running = true;
	outbound_start(probe->health->config.outbound, &probe->call, &handlers, &request);
}

/* ---- targets that come and go ---- */

static void forget(struct probe *probe)
{
	if (probe->running) {
		outbound_cancel(&probe->call);
		end(probe);
	}
	probe->registration = 0;
}

/* The target in its slot: known, or new, and then with what a gateway before this one knew of it. NULL without memory. */
static struct probe *probe_for(struct target_health *health, const struct snapshot_target *target)
{
	struct probe *probe = health->probes[target->slot];
	uint64_t word;

	if (!probe)
		probe = health->probes[target->slot] = calloc(1, sizeof *probe);
	if (!probe || probe->registration == target->registration)
		return probe;
	if (target->id.count >= sizeof probe->host)
		return NULL;
	if (probe->registration)
		forget(probe);
	word = atomic_load_explicit(&health->config.states[target->slot], memory_order_relaxed);
	probe->health = health;
	probe->slot = target->slot;
	probe->registration = target->registration;
	probe->good_count = probe->bad_count = 0;
	probe->due_ms = 0;
	memcpy(probe->host, target->id.at, target->id.count);
	probe->host[target->id.count] = '\0';
	probe->state = target_state_of(word, target->registration);
	probe->target = target->checked;
	set_state(probe, probe->state);
	return probe;
}

static bool find_place(struct target_health *health, const struct snapshot *snapshot, struct view vpc_id,
	struct target_health_place *ret)
{
	*ret = (struct target_health_place){ 0 };
	return !health->config.take_place || health->config.take_place(health->config.context, snapshot, vpc_id, ret);
}

struct walk {
	struct target_health *health;
	const struct snapshot *snapshot;
	uint64_t now_ms;
};

/* Of all that says how and where a target is checked. */
static uint64_t hash_settings(const struct snapshot_target *target, const struct target_check *check)
{
	uint64_t numbers[] = { check->kind, check->interval_ms, check->timeout_ms, check->healthy_count,
		check->unhealthy_count, target->checked.hash, table_hash(check->path),
		table_hash(view_from((const char *)check->matches, check->match_count * sizeof check->matches[0])) };

	return table_hash(view_from((const char *)numbers, sizeof numbers));
}

static int look_at_group(void *context, struct catalog_object *object)
{
	struct walk *walk = context;
	const struct snapshot_target_group *group = (const struct snapshot_target_group *)(void *)object;

	if (!group->is_in_use)
		return 0;
	for (size_t i = 0; i < group->target_count; i++) {
		const struct snapshot_target *target = &group->targets[i];
		struct probe *probe = probe_for(walk->health, target);
		uint64_t hash;

		if (!probe)
			continue;
		probe->sweep = walk->health->sweep;
		hash = hash_settings(target, &group->check);
		/* What was found by other settings says little: the next check need not wait for the time that they set. */
		if (probe->running || (walk->now_ms < probe->due_ms && probe->settings_hash == hash) ||
			!find_place(walk->health, walk->snapshot, group->vpc_id, &probe->place))
			continue;
		probe->settings_hash = hash;
		probe->due_ms = walk->now_ms + group->check.interval_ms;
		start(probe, target, &group->check);
	}
	return 0;
}

/* Those that were not seen any more go; the others are counted. */
static void sweep(struct target_health *health)
{
	uint64_t counts[TARGET_HEALTH_COUNT] = { 0 };

	for (size_t i = 0; i < COUNTERS_TARGETS_MAX; i++) {
		struct probe *probe = health->probes[i];

		if (!probe || !probe->registration)
			continue;
		if (probe->sweep == health->sweep)
			counts[probe->state.health]++;
		else
			forget(probe);
	}
	for (unsigned i = 0; i < TARGET_HEALTH_COUNT; i++)
		counters_set(health->config.counters, COUNTERS_targets, i, counts[i]);
}

static void tick(struct timer *timer)
{
	struct target_health *health = CONTAINER_OF(timer, struct target_health, tick);
	const struct target_health_config *config = &health->config;
	struct walk walk = { .health = health, .now_ms = loop_now_ms(config->loop) };

	walk.snapshot = current_pin(config->current, config->worker);
	health->sweep++;
	if (walk.snapshot) {
		(void)catalog_each(&walk.snapshot->target_groups, look_at_group, &walk);
		sweep(health);
	}
	current_unpin(config->current, config->worker, walk.snapshot);
	timer_arm(config->loop, &health->tick, CHECK_TICK_MS, tick);
}

/* ---- the interface ---- */

struct target_health *target_health_new(const struct target_health_config *config)
{
	struct target_health *health = calloc(1, sizeof *health);

	if (!health)
		return NULL;
	health->config = *config;
	timer_arm(config->loop, &health->tick, CHECK_TICK_MS, tick);
	return health;
}

void target_health_stop(struct target_health *health)
{
	if (health->stopped)
		return;
	health->stopped = true;
	timer_disarm(health->config.loop, &health->tick);
	for (size_t i = 0; i < COUNTERS_TARGETS_MAX; i++)
		if (health->probes[i])
			forget(health->probes[i]);
}

void target_health_free(struct target_health *health)
{
	if (!health)
		return;
	ASSERT(health->stopped);
	for (size_t i = 0; i < COUNTERS_TARGETS_MAX; i++)
		free(health->probes[i]);
	free(health);
}
