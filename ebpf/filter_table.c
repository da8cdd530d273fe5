/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ebpf/filter_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

/* Entries that one batch call moves: large enough to make the calls' cost vanish, small enough to stay in cache. */
#define BATCH_ENTRIES 4096

/* An address as two numbers, so that prefixes compare by masking. */
struct span {
	uint64_t high, low;
	unsigned int bits;
};

static struct span span_of(const uint8_t address[16], unsigned int bits)
{
	struct span span = { .bits = bits };

	for (int i = 0; i < 8; i++) {
		span.high = span.high << 8 | address[i];
		span.low = span.low << 8 | address[i + 8];
	}
	return span;
}

static uint64_t mask_of(unsigned int bits)
{
	return bits == 0 ? 0 : bits >= 64 ? UINT64_MAX : UINT64_MAX << (64 - bits);
}

/* Does `outer` hold all of `inner`? */
static bool span_holds(const struct span *outer, const struct span *inner)
{
	if (outer->bits > inner->bits)
		return false;
	if ((outer->high ^ inner->high) & mask_of(outer->bits))
		return false;
	return outer->bits <= 64 || !((outer->low ^ inner->low) & mask_of(outer->bits - 64));
}

static bool has_host_bits(const struct span *span)
{
	return (span->high & ~mask_of(span->bits)) || (span->low & ~mask_of(span->bits > 64 ? span->bits - 64 : 0));
}

static int check_prefix(const struct filter_prefix_record *prefix)
{
	struct span span;

	if (prefix->prefix_bits > 128 || prefix->verdict > FILTER_VERDICT_PASS || prefix->spare)
		return -EINVAL;
	/* A denial must name why, and only a denial may: the kernel counts by this number. */
	if (prefix->verdict == FILTER_VERDICT_PASS
			? prefix->reason != FILTER_PASSED
			: prefix->reason == FILTER_PASSED || prefix->reason >= FILTER_REASON_COUNT)
		return -EINVAL;
	span = span_of(prefix->address, prefix->prefix_bits);
	return has_host_bits(&span) ? -EINVAL : 0;
}

static int check_generation(const struct filter_generation *generation)
{
	if (generation->generation == 0 || generation->default_verdict > FILTER_VERDICT_PASS)
		return -EINVAL;
	if (generation->prefix_count > FILTER_PREFIXES_MAX || generation->admission_count > FILTER_ADMISSIONS_MAX)
		return -E2BIG;
	for (size_t i = 0; i < generation->prefix_count; i++)
		if (check_prefix(&generation->prefixes[i]) < 0)
			return -EINVAL;
	for (size_t i = 0; i < generation->admission_count; i++)
		if (generation->admissions[i].prefix_bits > 128)
			return -EINVAL;
	return 0;
}

/* The services of the longest admitted prefix around `span`; none if there is no such prefix. */
static uint8_t services_around(const struct filter_generation *generation, const struct span *span)
{
	const struct filter_admission *best = NULL;

	for (size_t i = 0; i < generation->admission_count; i++) {
		const struct filter_admission *admission = &generation->admissions[i];
		struct span outer = span_of(admission->address, admission->prefix_bits);

		if (span_holds(&outer, span) && (!best || admission->prefix_bits >= best->prefix_bits))
			best = admission;
	}
	return best ? best->services : 0;
}

static void set_entry(struct filter_entry *entry, const struct filter_generation *generation, const uint8_t address[16],
	unsigned int bits, const struct filter_prefix_record *policy)
{
	struct span span = span_of(address, bits);

	memset(entry, 0, sizeof *entry);
	memcpy(entry->key.address, address, sizeof entry->key.address);
	entry->key.prefix_bits = bits;
	entry->value = (struct filter_value){
		.verdict = policy->verdict,
		.reason = policy->reason,
		.services = services_around(generation, &span),
		.statement = policy->statement,
		.generation = generation->generation,
	};
}

static int compare_entries(const void *a, const void *b)
{
	const struct filter_entry *left = a, *right = b;
	int order = memcmp(left->key.address, right->key.address, sizeof left->key.address);

	if (order)
		return order;
	return left->key.prefix_bits < right->key.prefix_bits ? -1 : left->key.prefix_bits > right->key.prefix_bits;
}

/*
 * Sort, and fold entries of the same key into one. An admitted prefix that is a policy prefix too yields the same value
 * twice; two verdicts for one prefix are a contradiction that no order of writing may decide.
 */
static int sort_entries(struct filter_entry *entries, size_t *count)
{
	size_t kept = 0;

	qsort(entries, *count, sizeof *entries, compare_entries);
	for (size_t i = 0; i < *count; i++) {
		if (kept && compare_entries(&entries[kept - 1], &entries[i]) == 0) {
			if (memcmp(&entries[kept - 1].value, &entries[i].value, sizeof entries[i].value) != 0)
				return -EINVAL;
			continue;
		}
		entries[kept++] = entries[i];
	}
	*count = kept;
	return 0;
}

/* The longest policy prefix around `span`, the default if there is none. */
static const struct filter_prefix_record *policy_around(const struct filter_generation *generation,
	const struct filter_prefix_record *by_default, const struct span *span)
{
	const struct filter_prefix_record *best = by_default;

	for (size_t i = 0; i < generation->prefix_count; i++) {
		const struct filter_prefix_record *prefix = &generation->prefixes[i];
		struct span outer;

		if (prefix->prefix_bits > span->bits || (prefix->prefix_bits < best->prefix_bits))
			continue;
		outer = span_of(prefix->address, prefix->prefix_bits);
		if (span_holds(&outer, span))
			best = prefix;
	}
	return best;
}

/* All entries of the table, sorted by key, in an array that the caller frees. */
static int merge(struct filter_entry **ret, size_t *ret_count, const struct filter_generation *generation)
{
	const struct filter_prefix_record by_default = {
		.verdict = (uint8_t)generation->default_verdict,
		.reason = generation->default_verdict == FILTER_VERDICT_PASS ? FILTER_PASSED : FILTER_SOURCE_DENIED,
		.statement = generation->default_statement,
	};
	size_t capacity = generation->prefix_count + generation->admission_count + 1, count = 0;
	struct filter_entry *entries = calloc(capacity, sizeof *entries);
	bool has_default = false;
	int rc;

	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < generation->prefix_count; i++) {
		const struct filter_prefix_record *prefix = &generation->prefixes[i];

		has_default = has_default || prefix->prefix_bits == 0;
		set_entry(&entries[count++], generation, prefix->address, prefix->prefix_bits, prefix);
	}
	if (!has_default)
		set_entry(&entries[count++], generation, by_default.address, 0, &by_default);
	for (size_t i = 0; i < generation->admission_count; i++) {
		const struct filter_admission *admission = &generation->admissions[i];
		struct span span = span_of(admission->address, admission->prefix_bits);

		if (has_host_bits(&span)) {
			free(entries);
			return -EINVAL;
		}
		set_entry(&entries[count++], generation, admission->address, admission->prefix_bits,
			policy_around(generation, &by_default, &span));
	}
	rc = sort_entries(entries, &count);
	if (rc < 0) {
		free(entries);
		return rc;
	}
	*ret = entries;
	*ret_count = count;
	return 0;
}

struct batch {
	struct filter_key keys[BATCH_ENTRIES];
	struct filter_value values[BATCH_ENTRIES];
};

static int fill(int table_fd, const struct filter_entry *entries, size_t count, struct batch *batch)
{
	DECLARE_LIBBPF_OPTS(bpf_map_batch_opts, options);

	for (size_t done = 0; done < count;) {
		uint32_t part = (uint32_t)(count - done < BATCH_ENTRIES ? count - done : BATCH_ENTRIES);
		uint32_t written = part;
		int rc;

		for (uint32_t i = 0; i < part; i++) {
			batch->keys[i] = entries[done + i].key;
			batch->values[i] = entries[done + i].value;
		}
		rc = bpf_map_update_batch(table_fd, batch->keys, batch->values, &written, &options);
		if (rc < 0)
			return rc;
		if (written != part)
			return -EIO;
		done += part;
	}
	return 0;
}

/* One batch of entries after `after`; 0 at the end. `*ret_last` is what the next call takes as `after`. */
static int read_batch(int table_fd, const struct filter_key *after, struct filter_key *ret_last, struct batch *batch,
	uint32_t capacity)
{
	DECLARE_LIBBPF_OPTS(bpf_map_batch_opts, options);
	struct filter_key from, last = { 0 };
	uint32_t count = capacity;
	int rc;

	if (after)
		from = *after;
	rc = bpf_map_lookup_batch(table_fd, after ? &from : NULL, &last, batch->keys, batch->values, &count, &options);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (count > 0)
		*ret_last = batch->keys[count - 1];
	return (int)count;
}

/* Read the whole table back: every entry must be one of ours, once. */
static int verify(int table_fd, const struct filter_entry *entries, size_t count, struct batch *batch)
{
	struct filter_key last;
	size_t seen = 0;
	int part;

	while ((part = read_batch(table_fd, seen ? &last : NULL, &last, batch, BATCH_ENTRIES)) > 0) {
		for (int i = 0; i < part; i++) {
			struct filter_entry found = { .key = batch->keys[i], .value = batch->values[i] };
			const struct filter_entry *wanted =
				bsearch(&found, entries, count, sizeof *entries, compare_entries);

			if (!wanted || memcmp(&wanted->value, &found.value, sizeof found.value) != 0)
				return -EIO;
		}
		seen += (size_t)part;
		if (seen > count)
			return -EIO;
	}
	if (part < 0)
		return part;
	return seen == count ? 0 : -EIO;
}

int filter_table_new(const struct filter_generation *generation, uint32_t *ret_count)
{
	DECLARE_LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
	struct filter_entry *entries = NULL;
	struct batch *batch = NULL;
	size_t count = 0;
	int table_fd = -1;
	int rc = check_generation(generation);

	if (rc == 0)
		rc = merge(&entries, &count, generation);
	if (rc < 0)
		return rc;
	batch = malloc(sizeof *batch);
	if (!batch) {
		rc = -ENOMEM;
		goto out;
	}
	table_fd = bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, "sources", sizeof(struct filter_key),
		sizeof(struct filter_value), (uint32_t)count, &options);
	if (table_fd < 0) {
		rc = -errno;
		goto out;
	}
	rc = fill(table_fd, entries, count, batch);
	if (rc == 0)
		rc = verify(table_fd, entries, count, batch);
	*ret_count = (uint32_t)count;
out:
	free(batch);
	free(entries);
	if (rc < 0 && table_fd >= 0)
		close(table_fd);
	return rc < 0 ? rc : table_fd;
}

int filter_table_summary(int table_fd, uint64_t *ret_generation, uint32_t *ret_count)
{
	struct filter_key last;
	struct batch *batch = malloc(sizeof *batch);
	uint64_t generation = 0;
	uint32_t count = 0;
	int part;

	if (!batch)
		return -ENOMEM;
	while ((part = read_batch(table_fd, count ? &last : NULL, &last, batch, BATCH_ENTRIES)) > 0) {
		generation = batch->values[0].generation;
		count += (uint32_t)part;
	}
	free(batch);
	if (part < 0)
		return part;
	*ret_generation = generation;
	*ret_count = count;
	return 0;
}

int filter_table_read(int table_fd, const struct filter_key *after, struct filter_entry *entries, size_t capacity)
{
	struct batch *batch = malloc(sizeof *batch);
	struct filter_key last;
	int count;

	if (!batch)
		return -ENOMEM;
	count = read_batch(
		table_fd, after, &last, batch, (uint32_t)(capacity < BATCH_ENTRIES ? capacity : BATCH_ENTRIES));
	for (int i = 0; i < count; i++)
		entries[i] = (struct filter_entry){ .key = batch->keys[i], .value = batch->values[i] };
	free(batch);
	return count;
}
