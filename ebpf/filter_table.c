/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ebpf/filter_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "ebpf/filter_index.h"

/* Entries that one batch call moves: large enough to make the calls' cost vanish, small enough to stay in cache. */
#define BATCH_ENTRIES 4096
#define KEY_BITS 128
#define SERVICES (FILTER_SERVICE_HTTPS | FILTER_SERVICE_DNS)

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

/* ::ffff:0:0/96 */
static const uint8_t ipv4_mapped[12] = { [10] = 0xff, [11] = 0xff };
#define IPV4_BITS 96
/* The trie's block for it: see FILTER_IPV4_BLOCK. */
static const uint8_t ipv4_block[4] = { 0xff, 0xff, 0xff, 0xff };
#define IPV4_BLOCK_BITS 32

/* The trie's key of what user space calls `key`. */
static struct filter_key to_trie(const struct filter_key *key)
{
	struct filter_key in_trie = { .prefix_bits = key->prefix_bits - IPV4_BITS + IPV4_BLOCK_BITS };

	if (key->prefix_bits < IPV4_BITS || memcmp(key->address, ipv4_mapped, sizeof ipv4_mapped) != 0)
		return *key;
	memcpy(in_trie.address, ipv4_block, sizeof ipv4_block);
	memcpy(in_trie.address + sizeof ipv4_block, key->address + sizeof ipv4_mapped, 4);
	return in_trie;
}

static bool is_in_ipv4_block(const struct filter_key *key)
{
	return key->prefix_bits >= IPV4_BLOCK_BITS && memcmp(key->address, ipv4_block, sizeof ipv4_block) == 0;
}

static struct filter_key from_trie(const struct filter_key *in_trie)
{
	struct filter_key key = { .prefix_bits = in_trie->prefix_bits - IPV4_BLOCK_BITS + IPV4_BITS };

	if (!is_in_ipv4_block(in_trie))
		return *in_trie;
	memcpy(key.address, ipv4_mapped, sizeof ipv4_mapped);
	memcpy(key.address + sizeof ipv4_mapped, in_trie->address + sizeof ipv4_block, 4);
	return key;
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

	if (prefix->prefix_bits > KEY_BITS || prefix->verdict > FILTER_VERDICT_PASS || prefix->spare)
		return -EINVAL;
	/* A denial must name why, and only a denial may: the kernel counts by this number. */
	if (prefix->verdict == FILTER_VERDICT_PASS
			? prefix->reason != FILTER_PASSED
			: prefix->reason == FILTER_PASSED || prefix->reason >= FILTER_REASON_COUNT)
		return -EINVAL;
	span = span_of(prefix->address, prefix->prefix_bits);
	return has_host_bits(&span) ? -EINVAL : 0;
}

static int check_admission(const struct filter_admission_record *admission)
{
	struct span span;

	if (admission->prefix_bits > KEY_BITS || admission->services & ~SERVICES || admission->spare[0] ||
		admission->spare[1])
		return -EINVAL;
	span = span_of(admission->address, admission->prefix_bits);
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
		if (check_admission(&generation->admissions[i]) < 0)
			return -EINVAL;
	return 0;
}

/* A prefix of either set, before they are merged. */
struct edge {
	struct filter_key key;
	const struct filter_prefix_record *policy; /* NULL for an admission */
	uint8_t services;
};

/* What is in force within a prefix: its own policy or that around it, and all the admissions around it. */
struct enclosure {
	struct span span;
	const struct filter_prefix_record *policy;
	uint8_t services;
};

static int compare_keys(const struct filter_key *left, const struct filter_key *right)
{
	int order = memcmp(left->address, right->address, sizeof left->address);

	if (order)
		return order;
	return left->prefix_bits < right->prefix_bits ? -1 : left->prefix_bits > right->prefix_bits;
}

static int compare_edges(const void *a, const void *b)
{
	return compare_keys(&((const struct edge *)a)->key, &((const struct edge *)b)->key);
}

static int compare_entries(const void *a, const void *b)
{
	return compare_keys(&((const struct filter_entry *)a)->key, &((const struct filter_entry *)b)->key);
}

static void set_edge(struct edge *edge, const uint8_t address[16], unsigned int bits,
	const struct filter_prefix_record *policy, uint8_t services)
{
	*edge = (struct edge){ .key.prefix_bits = bits, .policy = policy, .services = services };
	memcpy(edge->key.address, address, sizeof edge->key.address);
}

/* Two verdicts for one prefix are a contradiction that no order of writing may decide. */
static bool contradict(const struct filter_prefix_record *one, const struct filter_prefix_record *other)
{
	return one->verdict != other->verdict || one->reason != other->reason || one->statement != other->statement;
}

/*
 * From sorted edges to entries, in one sweep: an outer prefix sorts before all that it holds, so the prefixes around the
 * one at hand are on a stack, the innermost on top. Returns the number of entries (edges of one prefix make one) or
 * -EINVAL.
 */
static ssize_t sweep(struct filter_entry *entries, const struct edge *edges, size_t edge_count,
	const struct filter_prefix_record *by_default, uint64_t generation)
{
	/* The whole address space, and one for each length at most. */
	struct enclosure stack[1 + KEY_BITS + 1] = { { .policy = by_default } };
	size_t depth = 1, count = 0;

	for (size_t i = 0; i < edge_count;) {
		const struct filter_key *key = &edges[i].key;
		struct enclosure *inner;
		struct span span = span_of(key->address, key->prefix_bits);
		const struct filter_prefix_record *own = NULL;

		while (depth > 1 && !span_holds(&stack[depth - 1].span, &span))
			depth--;
		inner = &stack[depth++];
		*inner = (struct enclosure){ span, inner[-1].policy, inner[-1].services };
		for (; i < edge_count && compare_keys(key, &edges[i].key) == 0; i++) {
			if (own && edges[i].policy && contradict(own, edges[i].policy))
				return -EINVAL;
			if (edges[i].policy)
				inner->policy = own = edges[i].policy;
			inner->services |= edges[i].services;
		}
		/* No packet is asked about a source in there, and IPv4's keys are. */
		if (is_in_ipv4_block(key))
			continue;
		entries[count++] = (struct filter_entry){
			.key = *key,
			.value = { .verdict = inner->policy->verdict,
				.reason = inner->policy->reason,
				.services = inner->services,
				.statement = inner->policy->statement,
				.generation = generation },
		};
	}
	return (ssize_t)count;
}

/* All entries of the table, sorted by key, in an array that the caller frees. */
static int merge(struct filter_entry **ret, size_t *ret_count, const struct filter_generation *generation)
{
	const struct filter_prefix_record by_default = {
		.verdict = (uint8_t)generation->default_verdict,
		.reason = generation->default_verdict == FILTER_VERDICT_PASS ? FILTER_PASSED : FILTER_SOURCE_DENIED,
		.statement = generation->default_statement,
	};
	const struct filter_key all_ipv4 = { .address = { [10] = 0xff, [11] = 0xff } };
	size_t capacity = generation->prefix_count + generation->admission_count + 2, count = 0;
	struct edge *edges = calloc(capacity, sizeof *edges);
	struct filter_entry *entries = calloc(capacity, sizeof *entries);
	ssize_t merged = -ENOMEM;

	if (edges && entries) {
		/* These two are always there; as admissions of nothing they give way to records of the same prefixes. */
		set_edge(&edges[count++], by_default.address, 0, NULL, 0);
		set_edge(&edges[count++], all_ipv4.address, IPV4_BITS, NULL, 0);
		for (size_t i = 0; i < generation->prefix_count; i++) {
			const struct filter_prefix_record *prefix = &generation->prefixes[i];

			set_edge(&edges[count++], prefix->address, prefix->prefix_bits, prefix, 0);
		}
		for (size_t i = 0; i < generation->admission_count; i++) {
			const struct filter_admission_record *admission = &generation->admissions[i];

			set_edge(
				&edges[count++], admission->address, admission->prefix_bits, NULL, admission->services);
		}
		qsort(edges, count, sizeof *edges, compare_edges);
		merged = sweep(entries, edges, count, &by_default, generation->generation);
	}
	free(edges);
	if (merged < 0) {
		free(entries);
		return (int)merged;
	}
	*ret = entries;
	*ret_count = (size_t)merged;
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
			batch->keys[i] = to_trie(&entries[done + i].key);
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
		from = to_trie(after);
	rc = bpf_map_lookup_batch(table_fd, after ? &from : NULL, &last, batch->keys, batch->values, &count, &options);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	for (uint32_t i = 0; i < count; i++)
		batch->keys[i] = from_trie(&batch->keys[i]);
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

int filter_table_id(int table_fd, uint32_t *ret)
{
	struct bpf_map_info info = { 0 };
	uint32_t info_bytes = sizeof info;

	if (bpf_obj_get_info_by_fd(table_fd, &info, &info_bytes) < 0)
		return -errno;
	*ret = info.id;
	return 0;
}

/* The trie of these entries, filled and read back: its descriptor or a negative errno. */
static int make_trie(const struct filter_entry *entries, size_t count)
{
	DECLARE_LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
	struct batch *batch = malloc(sizeof *batch);
	int fd, rc;

	if (!batch)
		return -ENOMEM;
	fd = bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, "sources", sizeof(struct filter_key), sizeof(struct filter_value),
		(uint32_t)count, &options);
	rc = fd < 0 ? -errno : fill(fd, entries, count, batch);
	if (rc == 0)
		rc = verify(fd, entries, count, batch);
	free(batch);
	if (rc < 0 && fd >= 0)
		close(fd);
	return rc < 0 ? rc : fd;
}

/* The index of these entries, or -1 if they are too few for one; 0 or a negative errno. */
static int make_index(
	struct filter_prepared *prepared, const struct filter_entry *entries, size_t count, size_t edges_min)
{
	uint32_t table_id = FILTER_LOADING;
	int rc = filter_table_id(prepared->table_fd, &table_id);

	if (rc < 0)
		return rc;
	prepared->index_fd =
		filter_index_new(entries, count, table_id, edges_min ? edges_min : FILTER_INDEX_EDGES_DEFAULT);
	if (prepared->index_fd >= 0)
		return 0;
	rc = prepared->index_fd == -ENOENT ? 0 : prepared->index_fd;
	prepared->index_fd = -1;
	return rc;
}

int filter_table_new(struct filter_prepared *ret, const struct filter_generation *generation)
{
	struct filter_prepared prepared = { .index_fd = -1 };
	struct filter_entry *entries = NULL;
	size_t count = 0;
	int rc = check_generation(generation);

	if (rc == 0)
		rc = merge(&entries, &count, generation);
	if (rc < 0)
		return rc;
	prepared.prefix_count = (uint32_t)count;
	prepared.table_fd = make_trie(entries, count);
	rc = prepared.table_fd;
	if (rc >= 0)
		rc = make_index(&prepared, entries, count, generation->index_edges);
	free(entries);
	if (rc < 0 && prepared.table_fd >= 0)
		close(prepared.table_fd);
	if (rc == 0)
		*ret = prepared;
	return rc;
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

int filter_table_lookup(int table_fd, const uint8_t address[16], struct filter_value *ret)
{
	struct filter_key key = { .prefix_bits = KEY_BITS };

	memcpy(key.address, address, sizeof key.address);
	/* The kernel denies such a source without asking. */
	if (is_in_ipv4_block(&key))
		return -ENOENT;
	key = to_trie(&key);
	return bpf_map_lookup_elem(table_fd, &key, ret);
}
