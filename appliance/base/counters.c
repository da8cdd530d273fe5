/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/counters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "appliance/base/assert.h"
#include "appliance/base/table.h"

#define LABEL_VALUE_MAX 16

/* Cells of a duration: its buckets, the one beyond, the sum. */
#define DURATION_CELLS (COUNTERS_BUCKET_COUNT + 2)

struct label_set {
	const char *label;
	const char *values[LABEL_VALUE_MAX];
};

static const struct label_set label_sets[] = {
#define LABELS(set, name, ...) { .label = name, .values = { __VA_ARGS__ } },
#include "appliance/base/metrics.def"
};

/* Number of values of each set, at compile time. */
enum {
#define LABELS(set, name, ...) LABEL_COUNT_##set = sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(const char *),
#include "appliance/base/metrics.def"
};

enum { CELLS_counter = 0, CELLS_gauge = 0, CELLS_duration = DURATION_CELLS };

static const struct {
	enum counters_kind kind;
	enum counters_labels labels;
	unsigned label_count;
	const char *name, *text;
} metrics[] = {
#define METRIC(id, kind_, set, name_, text_)                                                                           \
	{ .kind = COUNTERS_KIND_##kind_,                                                                               \
		.labels = COUNTERS_LABELS_##set,                                                                       \
		.label_count = LABEL_COUNT_##set,                                                                      \
		.name = name_,                                                                                         \
		.text = text_ },
#include "appliance/base/metrics.def"
};

/* First cells: each metric's two constants lie in one enum, so that its first is the one before's last plus one. */
enum {
	CELLS_START = -1,
#define METRIC(id, kind, set, name, text)                                                                              \
	CELL_FIRST_##id, CELL_LAST_##id = CELL_FIRST_##id + (CELLS_##kind ? CELLS_##kind : (int)LABEL_COUNT_##set) - 1,
#include "appliance/base/metrics.def"
	CELL_COUNT
};

_Static_assert(CELL_COUNT <= COUNTERS_CELL_MAX, "metrics.def needs more cells than a slot has");

const uint16_t counters_first_cell[COUNTERS_METRIC_COUNT] = {
#define METRIC(id, kind, set, name, text) CELL_FIRST_##id,
#include "appliance/base/metrics.def"
};

#define HEADER_MAGIC UINT64_C(0x736e7265747e6f50)

struct header {
	_Alignas(64) _Atomic uint64_t magic;
	_Atomic uint64_t layout; /* hash of metrics.def */
	_Atomic uint64_t worker_count;
};

struct counters {
	struct header *header; /* start of the mapping */
	struct counters_slot *slots;
	size_t bytes;
	unsigned worker_count;
	bool writable;
	struct counters_slot own; /* control's, whose mapping is read-only */
};

static const uint64_t bucket_bounds_us[COUNTERS_BUCKET_COUNT] = COUNTERS_BUCKETS_US;

size_t counters_size_bytes(unsigned worker_count)
{
	return sizeof(struct header) + (worker_count + 1) * sizeof(struct counters_slot) +
	       COUNTERS_TARGETS_MAX * sizeof(uint64_t);
}

static uint64_t layout_hash(void)
{
	uint64_t hash = COUNTERS_TARGETS_MAX;

	for (size_t i = 0; i < COUNTERS_METRIC_COUNT; i++)
		hash = table_hash_keyed(view_from_text(metrics[i].name), hash, counters_first_cell[i]);
	return hash;
}

static int check_header(struct counters *counters)
{
	struct header *header = counters->header;

	if (atomic_load(&header->magic) == 0 && counters->writable) {
		/* several processes may come here at once: all write the same values, the magic last */
		atomic_store(&header->layout, layout_hash());
		atomic_store(&header->worker_count, counters->worker_count);
		atomic_store(&header->magic, HEADER_MAGIC);
	}
	if (atomic_load(&header->magic) == 0)
		return 0; /* read before anybody wrote: all zero */
	if (atomic_load(&header->magic) != HEADER_MAGIC || atomic_load(&header->layout) != layout_hash() ||
		atomic_load(&header->worker_count) != counters->worker_count)
		return -EPROTO;
	return 0;
}

static struct counters *map_new(int fd, unsigned worker_count, bool writable, int *ret_error)
{
	struct counters *counters = aligned_alloc(_Alignof(struct counters), sizeof *counters);
	void *at;

	*ret_error = -ENOMEM;
	if (!counters)
		return NULL;
	memset(counters, 0, sizeof *counters);
	counters->bytes = counters_size_bytes(worker_count);
	counters->worker_count = worker_count;
	counters->writable = writable;
	at = mmap(NULL, counters->bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ,
		fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		*ret_error = -errno;
		free(counters);
		return NULL;
	}
	counters->header = at;
	counters->slots = (struct counters_slot *)((struct header *)at + 1);
	*ret_error = 0;
	return counters;
}

int counters_map(struct counters **ret, int fd, unsigned worker_count, bool writable)
{
	struct counters *counters;
	struct stat facts;
	int error;

	if (worker_count == 0 || worker_count > COUNTERS_WORKER_MAX)
		return -EINVAL;
	if (fstat(fd, &facts) < 0)
		return -errno;
	if (facts.st_size < 0 || (size_t)facts.st_size < counters_size_bytes(worker_count))
		return -EINVAL;
	counters = map_new(fd, worker_count, writable, &error);
	if (!counters)
		return error;
	error = check_header(counters);
	if (error) {
		counters_unmap(counters);
		return error;
	}
	*ret = counters;
	return 0;
}

struct counters *counters_new_private(unsigned worker_count)
{
	int error;

	return map_new(-1, worker_count, true, &error);
}

void counters_unmap(struct counters *counters)
{
	if (!counters)
		return;
	munmap(counters->header, counters->bytes);
	free(counters);
}

unsigned counters_worker_count(const struct counters *counters)
{
	return counters->worker_count;
}

struct counters_slot *counters_slot(struct counters *counters, unsigned worker)
{
	ASSERT(worker < counters->worker_count && counters->writable);
	return &counters->slots[worker];
}

static _Atomic uint64_t *targets(const struct counters *counters)
{
	return (_Atomic uint64_t *)(void *)(counters->slots + counters->worker_count + 1);
}

_Atomic uint64_t *counters_targets(struct counters *counters)
{
	ASSERT(counters->writable);
	return targets(counters);
}

uint64_t counters_read_target(const struct counters *counters, unsigned slot)
{
	ASSERT(slot < COUNTERS_TARGETS_MAX);
	return atomic_load_explicit(&targets(counters)[slot], memory_order_relaxed);
}

struct counters_slot *counters_slot_reader(struct counters *counters)
{
	ASSERT(counters->writable);
	return &counters->slots[counters->worker_count];
}

struct counters_slot *counters_slot_control(struct counters *counters)
{
	return &counters->own;
}

void counters_reset_gauges(struct counters_slot *slot)
{
	for (unsigned metric = 0; metric < COUNTERS_METRIC_COUNT; metric++) {
		for (unsigned label = 0;
			metrics[metric].kind == COUNTERS_KIND_gauge && label < metrics[metric].label_count; label++)
			counters_set(slot, (enum counters_metric)metric, label, 0);
	}
}

void counters_time(struct counters_slot *slot, enum counters_metric metric, uint64_t microseconds)
{
	unsigned bucket = 0;

	while (bucket < COUNTERS_BUCKET_COUNT && microseconds > bucket_bounds_us[bucket])
		bucket++;
	counters_add(slot, metric, bucket, 1);
	counters_add(slot, metric, COUNTERS_BUCKET_COUNT + 1, microseconds);
}

uint64_t counters_read(const struct counters *counters, enum counters_metric metric, unsigned label)
{
	uint64_t sum =
		atomic_load_explicit(&counters->own.cells[counters_first_cell[metric] + label], memory_order_relaxed);

	for (unsigned slot = 0; slot < counters->worker_count + 1; slot++)
		sum += atomic_load_explicit(
			&counters->slots[slot].cells[counters_first_cell[metric] + label], memory_order_relaxed);
	return sum;
}

static void write_seconds(struct buffer *buffer, uint64_t microseconds)
{
	buffer_printf(buffer, "%llu.%06llu", (unsigned long long)(microseconds / 1000000),
		(unsigned long long)(microseconds % 1000000));
}

static void write_duration(const struct counters *counters, enum counters_metric metric, struct buffer *buffer)
{
	const char *name = metrics[metric].name;
	uint64_t sum = 0;

	for (unsigned bucket = 0; bucket <= COUNTERS_BUCKET_COUNT; bucket++) {
		sum += counters_read(counters, metric, bucket);
		buffer_printf(buffer, "%s_bucket{le=\"", name);
		if (bucket == COUNTERS_BUCKET_COUNT)
			buffer_append_text(buffer, "+Inf");
		else
			buffer_printf(buffer, "%g", (double)bucket_bounds_us[bucket] / 1e6);
		buffer_printf(buffer, "\"} %llu\n", (unsigned long long)sum);
	}
	buffer_printf(buffer, "%s_sum ", name);
	write_seconds(buffer, counters_read(counters, metric, COUNTERS_BUCKET_COUNT + 1));
	buffer_printf(buffer, "\n%s_count %llu\n", name, (unsigned long long)sum);
}

void counters_write_prometheus(const struct counters *counters, struct buffer *buffer)
{
	static const char *const kinds[] = { "counter", "gauge", "histogram" };

	for (unsigned i = 0; i < COUNTERS_METRIC_COUNT; i++) {
		enum counters_metric metric = (enum counters_metric)i;
		const struct label_set *set = &label_sets[metrics[i].labels];

		buffer_printf(buffer, "# HELP %s %s\n# TYPE %s %s\n", metrics[i].name, metrics[i].text, metrics[i].name,
			kinds[metrics[i].kind]);
		if (metrics[i].kind == COUNTERS_KIND_duration) {
			write_duration(counters, metric, buffer);
			continue;
		}
		for (unsigned label = 0; label < metrics[i].label_count; label++) {
			buffer_append_text(buffer, metrics[i].name);
			if (set->label[0])
				buffer_printf(buffer, "{%s=\"%s\"}", set->label, set->values[label]);
			buffer_printf(buffer, " %llu\n", (unsigned long long)counters_read(counters, metric, label));
		}
	}
}

const char *counters_name(enum counters_metric metric)
{
	return metrics[metric].name;
}

const char *counters_text(enum counters_metric metric)
{
	return metrics[metric].text;
}

enum counters_kind counters_kind(enum counters_metric metric)
{
	return metrics[metric].kind;
}

unsigned counters_label_count(enum counters_metric metric)
{
	return metrics[metric].label_count;
}

const char *counters_label_value(enum counters_metric metric, unsigned label)
{
	ASSERT(label < metrics[metric].label_count);
	return label_sets[metrics[metric].labels].values[label];
}
