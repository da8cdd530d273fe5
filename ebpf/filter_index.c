/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ebpf/filter_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

/* Blocks that one batch call moves. */
#define BATCH_BLOCKS 4096
#define IPV4_BITS 96
#define IPV4_END (1ull << 32)

/* The addresses at which passing begins or ends, ascending. */
struct edges {
	uint32_t *addresses;
	size_t count;
	bool passes; /* behind the last one */
};

/* From `address` on sources pass or not. */
static void set_from(struct edges *edges, uint64_t address, bool passes)
{
	if (passes == edges->passes || address >= FILTER_INDEX_PADDING)
		return;
	edges->passes = passes;
	/* Two changes at one address are none. */
	if (edges->count > 0 && edges->addresses[edges->count - 1] == address)
		edges->count--;
	else
		edges->addresses[edges->count++] = (uint32_t)address;
}

/* A prefix that is open in the sweep. */
struct range {
	uint64_t end; /* first address behind it */
	bool passes;
};

/* Leave all ranges that end at or before `address`; what is around them counts from their ends on. */
static void leave_until(struct edges *edges, struct range *stack, size_t *depth, uint64_t address)
{
	while (*depth > 0 && stack[*depth - 1].end <= address) {
		uint64_t end = stack[--*depth].end;

		set_from(edges, end, *depth > 0 && stack[*depth - 1].passes);
	}
}

/* The edges among `count` sorted entries, each of which makes two at most. `addresses` has room for them. */
static void collect_edges(struct edges *edges, const struct filter_entry *entries, size_t count)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct range stack[32 + 1];
	size_t depth = 0;

	for (size_t i = 0; i < count; i++) {
		const struct filter_key *key = &entries[i].key;
		const struct filter_value *value = &entries[i].value;
		uint64_t first = 0;

		if (key->prefix_bits < IPV4_BITS || memcmp(key->address, mapped, sizeof mapped) != 0)
			continue;
		for (int at = 12; at < 16; at++)
			first = first << 8 | key->address[at];
		leave_until(edges, stack, &depth, first);
		stack[depth++] = (struct range){
			.end = first + (IPV4_END >> (key->prefix_bits - IPV4_BITS)),
			.passes = value->verdict == FILTER_VERDICT_PASS && value->services & FILTER_SERVICE_HTTPS,
		};
		set_from(edges, first, stack[depth - 1].passes);
	}
	leave_until(edges, stack, &depth, IPV4_END);
}

static size_t blocks_for(size_t count)
{
	return (count + FILTER_INDEX_FANOUT - 1) / FILTER_INDEX_FANOUT;
}

/* One level: `count` numbers, each `step` apart, in blocks; the rest is padding. */
static void fill_level(struct filter_index_block *level, const uint32_t *numbers, size_t count, size_t step)
{
	for (size_t i = 0; i < blocks_for(count) * FILTER_INDEX_FANOUT; i++)
		level[i / FILTER_INDEX_FANOUT].words[i % FILTER_INDEX_FANOUT] =
			i < count ? numbers[i * step] : FILTER_INDEX_PADDING;
}

/* All blocks, in an array that the caller frees; NULL if there is no memory. */
static struct filter_index_block *make_blocks(const struct edges *edges, uint32_t table_id, size_t *ret_count)
{
	/* From the leaves up: how many numbers each level has, and which addresses those are. */
	size_t counts[FILTER_INDEX_LEVELS_MAX], steps[FILTER_INDEX_LEVELS_MAX], levels = 0, total = 1;
	struct filter_index_block *blocks;

	for (size_t count = edges->count, step = 1;; count = blocks_for(count), step *= FILTER_INDEX_FANOUT) {
		counts[levels] = count;
		steps[levels++] = step;
		total += blocks_for(count);
		if (count <= FILTER_INDEX_FANOUT)
			break;
	}
	blocks = calloc(total, sizeof *blocks);
	if (!blocks)
		return NULL;
	*ret_count = total;
	blocks[0].words[FILTER_INDEX_TABLE_ID] = table_id;
	blocks[0].words[FILTER_INDEX_LEVELS] = (uint32_t)levels;
	for (size_t level = 0, start = 1; level < levels; level++) {
		size_t from_below = levels - 1 - level;

		blocks[0].words[FILTER_INDEX_STARTS + level] = (uint32_t)start;
		fill_level(blocks + start, edges->addresses, counts[from_below], steps[from_below]);
		start += blocks_for(counts[from_below]);
	}
	return blocks;
}

struct batch {
	uint32_t keys[BATCH_BLOCKS];
	struct filter_index_block blocks[BATCH_BLOCKS];
};

static int fill(int fd, const struct filter_index_block *blocks, size_t count, struct batch *batch)
{
	DECLARE_LIBBPF_OPTS(bpf_map_batch_opts, options);

	for (size_t done = 0; done < count;) {
		uint32_t part = (uint32_t)(count - done < BATCH_BLOCKS ? count - done : BATCH_BLOCKS), written = part;
		int rc;

		for (uint32_t i = 0; i < part; i++)
			batch->keys[i] = (uint32_t)done + i;
		rc = bpf_map_update_batch(fd, batch->keys, blocks + done, &written, &options);
		if (rc < 0)
			return rc;
		if (written != part)
			return -EIO;
		done += part;
	}
	return 0;
}

static int verify(int fd, const struct filter_index_block *blocks, size_t count, struct batch *batch)
{
	DECLARE_LIBBPF_OPTS(bpf_map_batch_opts, options);
	uint32_t last, part;

	for (size_t done = 0; done < count; done += part) {
		int rc;

		part = BATCH_BLOCKS;
		rc = bpf_map_lookup_batch(fd, done ? &last : NULL, &last, batch->keys, batch->blocks, &part, &options);
		if (rc < 0 && rc != -ENOENT)
			return rc;
		if (part == 0 || part > count - done ||
			memcmp(batch->blocks, blocks + done, part * sizeof *blocks) != 0)
			return -EIO;
	}
	return 0;
}

static int make_map(const struct filter_index_block *blocks, size_t count)
{
	/* BPF_F_INNER_MAP: the program's prototype has another number of elements. */
	DECLARE_LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_INNER_MAP);
	struct batch *batch = malloc(sizeof *batch);
	int fd, rc;

	if (!batch)
		return -ENOMEM;
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "index", sizeof(uint32_t), sizeof *blocks, (uint32_t)count, &options);
	rc = fd < 0 ? -errno : fill(fd, blocks, count, batch);
	if (rc == 0)
		rc = verify(fd, blocks, count, batch);
	free(batch);
	if (rc < 0 && fd >= 0)
		close(fd);
	return rc < 0 ? rc : fd;
}

int filter_index_new(const struct filter_entry *entries, size_t count, uint32_t table_id, size_t edges_min)
{
	struct edges edges = { .addresses = calloc(2 * count, sizeof *edges.addresses) };
	struct filter_index_block *blocks;
	size_t block_count;
	int fd = -ENOENT;

	if (!edges.addresses)
		return -ENOMEM;
	collect_edges(&edges, entries, count);
	if (edges.count >= edges_min && edges.count > 0) {
		blocks = make_blocks(&edges, table_id, &block_count);
		fd = blocks ? make_map(blocks, block_count) : -ENOMEM;
		free(blocks);
	}
	free(edges.addresses);
	return fd;
}
