/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * counters: the shared memory in which workers count and from which the control program serves /metrics.
 *
 * posternd makes a memfd of at least counters_size_bytes() and hands it to its children; it knows nothing of the content.
 * The memory is one header and one slot per writing thread of the gateway: workers 0 … n-1, then its snapshot reader.
 * Behind the slots lies one word for each target of a load balancer (target_state.h).
 * Control maps it read-only and has a slot of its own beside it, in its own memory, which reading adds in. A slot has exactly one writer, so counting is a plain relaxed load, add and store without a locked instruction;
 * slots begin on their own cache lines. Values outlive a crash of a program; the layout carries a hash of metrics.def, and a mapping by a program
 * with another table is refused by -EPROTO.
 *
 * Life cycle: counters_map() once per process; counters_slot() once per thread; counters_unmap() at the end.
 * Threads: one writer per slot; any number of readers in any process.
 */
#ifndef POSTERN_BASE_COUNTERS_H
#define POSTERN_BASE_COUNTERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/buffer.h"

#define COUNTERS_WORKER_MAX 64 /* worker threads of one gateway */

/* Targets of load balancers that may be registered at a time, in all groups: a word of shared memory each. */
#define COUNTERS_TARGETS_MAX 4096

enum counters_metric {
#define METRIC(id, kind, set, name, text) COUNTERS_##id,
#include "appliance/base/metrics.def"
	COUNTERS_METRIC_COUNT
};

enum counters_labels {
#define LABELS(set, label, ...) COUNTERS_LABELS_##set,
#include "appliance/base/metrics.def"
	COUNTERS_LABELS_COUNT
};

enum counters_kind { COUNTERS_KIND_counter, COUNTERS_KIND_gauge, COUNTERS_KIND_duration };

/* Indices of label values, in the order of metrics.def. */
enum counters_status_class { COUNTERS_1XX, COUNTERS_2XX, COUNTERS_3XX, COUNTERS_4XX, COUNTERS_5XX };
enum counters_handshake { COUNTERS_HANDSHAKE_FULL, COUNTERS_HANDSHAKE_RESUMED, COUNTERS_HANDSHAKE_FAILED };
enum counters_listener {
	COUNTERS_LISTENER_TLS,
	COUNTERS_LISTENER_PLAIN,
	COUNTERS_LISTENER_DNS_UDP,
	COUNTERS_LISTENER_DNS_TCP
};
enum counters_direction { COUNTERS_RECEIVED, COUNTERS_SENT };
enum counters_close {
	COUNTERS_CLOSE_CLIENT,
	COUNTERS_CLOSE_IDLE,
	COUNTERS_CLOSE_SLOW,
	COUNTERS_CLOSE_BAD_REQUEST,
	COUNTERS_CLOSE_TLS,
	COUNTERS_CLOSE_DRAIN,
	COUNTERS_CLOSE_LIMIT,
	COUNTERS_CLOSE_OTHER,
};
enum counters_upstream {
	COUNTERS_UPSTREAM_ANSWERED,
	COUNTERS_UPSTREAM_REFUSED,
	COUNTERS_UPSTREAM_TIMEOUT,
	COUNTERS_UPSTREAM_RESET,
	COUNTERS_UPSTREAM_TLS,
	COUNTERS_UPSTREAM_DNS,
	COUNTERS_UPSTREAM_BAD_ANSWER,
	COUNTERS_UPSTREAM_CANCELLED,
};
enum counters_upstream_use { COUNTERS_UPSTREAM_FRESH, COUNTERS_UPSTREAM_REUSED };
enum counters_denied_by {
	COUNTERS_DENIED_ENDPOINT_POLICY,
	COUNTERS_DENIED_DOMAIN_POLICY,
	COUNTERS_DENIED_DOMAIN_ACCESS,
	COUNTERS_DENIED_RESOURCE_POLICY,
	COUNTERS_DENIED_AUTHORIZATION,
	COUNTERS_DENIED_API_KEY,
	COUNTERS_DENIED_THROTTLE,
	COUNTERS_DENIED_QUOTA,
};
enum counters_dns {
	COUNTERS_DNS_ANSWERED,
	COUNTERS_DNS_NO_DATA,
	COUNTERS_DNS_NO_NAME,
	COUNTERS_DNS_REFUSED,
	COUNTERS_DNS_MALFORMED,
	COUNTERS_DNS_FAILED,
};
enum counters_management {
	COUNTERS_MANAGEMENT_APIGATEWAY,
	COUNTERS_MANAGEMENT_EC2,
	COUNTERS_MANAGEMENT_ACM,
	COUNTERS_MANAGEMENT_ROUTE53,
	COUNTERS_MANAGEMENT_STS,
	COUNTERS_MANAGEMENT_IAM,
	COUNTERS_MANAGEMENT_LOGS,
	COUNTERS_MANAGEMENT_TAGGING,
	COUNTERS_MANAGEMENT_ELASTICLOADBALANCING,
	COUNTERS_MANAGEMENT_POSTERN,
	COUNTERS_MANAGEMENT_OTHER,
};
enum counters_endpoint_sockets {
	COUNTERS_ENDPOINT_SOCKETS_RECEIVED,
	COUNTERS_ENDPOINT_SOCKETS_USED,
	COUNTERS_ENDPOINT_SOCKETS_WAITED,
	COUNTERS_ENDPOINT_SOCKETS_REFUSED,
};
enum counters_target_health {
	COUNTERS_TARGET_INITIAL,
	COUNTERS_TARGET_HEALTHY,
	COUNTERS_TARGET_UNHEALTHY,
};
enum counters_outcome { COUNTERS_OK, COUNTERS_FAILED };
enum counters_log_lines { COUNTERS_LOG_LINES_STORED, COUNTERS_LOG_LINES_NO_GROUP, COUNTERS_LOG_LINES_LOST };

/* Upper bounds of the duration buckets in microseconds; one more bucket takes what is beyond. */
#define COUNTERS_BUCKETS_US                                                                                            \
	{                                                                                                              \
		100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000,        \
			5000000, 10000000, 30000000                                                                    \
	}
#define COUNTERS_BUCKET_COUNT 17

/* Cells of one slot: room for every metric's values. Checked against metrics.def when the layout is made. */
#define COUNTERS_CELL_MAX 256

struct counters_slot {
	_Alignas(64) _Atomic uint64_t cells[COUNTERS_CELL_MAX];
};

struct counters;

/* Bytes of the memfd for a gateway of `worker_count` workers. */
size_t counters_size_bytes(unsigned worker_count);

/*
 * Map the memfd (kept open by the caller). A fresh one (all zero) is initialised. `writable` false maps it for reading.
 * Returns 0, -EPROTO (another layout), -EINVAL (too small for its worker count, or no header), or mmap's error.
 */
int counters_map(struct counters **ret, int fd, unsigned worker_count, bool writable)
	__attribute__((warn_unused_result));
void counters_unmap(struct counters *counters);

/* Counters without shared memory, for tests and tools. Ends with counters_unmap(). NULL if memory is exhausted. */
struct counters *counters_new_private(unsigned worker_count);

unsigned counters_worker_count(const struct counters *counters);

/* The slot of a worker (0 … n-1), of the gateway's reader thread, of control. */
struct counters_slot *counters_slot(struct counters *counters, unsigned worker);
struct counters_slot *counters_slot_reader(struct counters *counters);
struct counters_slot *counters_slot_control(struct counters *counters);

/* The COUNTERS_TARGETS_MAX words of targets (target_state.h): written by the gateway's checker alone. */
_Atomic uint64_t *counters_targets(struct counters *counters);

/* The word of one target, from any process. */
uint64_t counters_read_target(const struct counters *counters, unsigned slot);

/* Set the gauges of a slot to 0: each gateway thread does so when it starts. */
void counters_reset_gauges(struct counters_slot *slot);

/* First cell of each metric, fixed at compile time. Use through the functions below. */
extern const uint16_t counters_first_cell[COUNTERS_METRIC_COUNT];

/* Add to a counter or gauge; `label` is the index of the label value (0 for sets with one). `slot` NULL counts nothing. */
static inline void counters_add(
	struct counters_slot *slot, enum counters_metric metric, unsigned label, uint64_t amount)
{
	_Atomic uint64_t *cell;

	if (!slot)
		return;
	cell = &slot->cells[counters_first_cell[metric] + label];
	atomic_store_explicit(cell, atomic_load_explicit(cell, memory_order_relaxed) + amount, memory_order_relaxed);
}

static inline void counters_up(struct counters_slot *slot, enum counters_metric metric, unsigned label)
{
	counters_add(slot, metric, label, 1);
}

/* Gauges only. */
static inline void counters_down(struct counters_slot *slot, enum counters_metric metric, unsigned label)
{
	counters_add(slot, metric, label, UINT64_MAX); /* modulo 2^64: minus one */
}

static inline void counters_set(struct counters_slot *slot, enum counters_metric metric, unsigned label, uint64_t value)
{
	if (slot)
		atomic_store_explicit(&slot->cells[counters_first_cell[metric] + label], value, memory_order_relaxed);
}

/* Record a duration. */
void counters_time(struct counters_slot *slot, enum counters_metric metric, uint64_t microseconds);

/* Sum of all slots. For durations `label` 0 … COUNTERS_BUCKET_COUNT are the buckets (not cumulated), then the sum in µs. */
uint64_t counters_read(const struct counters *counters, enum counters_metric metric, unsigned label);

/* All metrics in Prometheus' text format, version 0.0.4. Errors are the buffer's. */
void counters_write_prometheus(const struct counters *counters, struct buffer *buffer);

/* Facts of a metric, for documentation. */
const char *counters_name(enum counters_metric metric);
const char *counters_text(enum counters_metric metric);
enum counters_kind counters_kind(enum counters_metric metric);
unsigned counters_label_count(enum counters_metric metric);
const char *counters_label_value(enum counters_metric metric, unsigned label);

#endif
