/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/observe/record_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/base/random.h"
#include "appliance/base/table.h"

/* Pages are copied so many at a time by readers. */
#define CHUNK_BYTES ((size_t)16 * RECORD_FILE_PAGE_BYTES)

/* A slot that changes while it is read is looked at so many times again. */
#define READ_AGAIN_COUNT 3

/* The file's first bytes. */
struct record_header {
	char magic[8];
	uint32_t version;
	uint32_t epoch;
	uint32_t region_count;
	uint32_t spare;
	uint64_t file_bytes;
	uint64_t begun_ms;
	uint64_t key[2];
	uint64_t check; /* of all before it */
};

struct record_file {
	unsigned char *bytes; /* mapped */
	size_t byte_count;
	unsigned region_count;
	struct record_region *regions;
};

/* Where things stand: a function of kind, size and number of regions. */
struct geometry {
	uint64_t region_bytes;
	uint64_t area_offsets[RECORD_FILE_AREAS_MAX]; /* in a region */
	uint64_t slot_counts[RECORD_FILE_AREAS_MAX];
};

/* ---- geometry and header ---- */

static bool make_geometry(
	struct geometry *ret, const struct record_kind *kind, uint64_t file_bytes, unsigned region_count)
{
	uint64_t pages = (file_bytes / RECORD_FILE_PAGE_BYTES), share_sum = 0, offset = RECORD_FILE_PAGE_BYTES;

	if (region_count == 0 || region_count > RECORD_FILE_REGIONS_MAX || pages == 0)
		return false;
	pages = (pages - 1) / region_count;
	if (pages <= kind->area_count)
		return false;
	ret->region_bytes = pages * RECORD_FILE_PAGE_BYTES;
	pages--;
	for (unsigned i = 0; i < kind->area_count; i++)
		share_sum += kind->areas[i].share;
	for (unsigned i = 0; i < kind->area_count; i++) {
		uint64_t area_pages = pages * kind->areas[i].share / share_sum;

		if (area_pages == 0)
			return false;
		ret->area_offsets[i] = offset;
		ret->slot_counts[i] = area_pages * (RECORD_FILE_PAGE_BYTES / kind->areas[i].slot_bytes);
		offset += area_pages * RECORD_FILE_PAGE_BYTES;
	}
	return true;
}

static uint64_t check_of(const struct record_header *header)
{
	return table_hash_keyed(view_from(header, offsetof(struct record_header, check)), 0, 0);
}

/* Is that a header of this kind? Then all of it can be relied on but that the file still is as long. */
static bool is_header(const struct record_header *header, const struct record_kind *kind)
{
	struct geometry geometry;

	return memcmp(header->magic, kind->magic, sizeof header->magic) == 0 && header->version == kind->version &&
	       header->check == check_of(header) &&
	       make_geometry(&geometry, kind, header->file_bytes, header->region_count);
}

static int read_header(int fd, const struct record_kind *kind, struct record_header *ret)
{
	ssize_t count = pread(fd, ret, sizeof *ret, 0);

	if (count < 0)
		return -errno;
	return count == sizeof *ret && is_header(ret, kind) ? 0 : -ENODATA;
}

/* ---- texts ---- */

/* Most texts are short: two overlapping copies of a fixed size cost less than a call. */
static inline void copy_text(char *to, const char *from, size_t count)
{
	if (count > 32) {
		memcpy(to, from, count);
	} else if (count >= 16) {
		memcpy(to, from, 16);
		memcpy(to + count - 16, from + count - 16, 16);
	} else if (count >= 8) {
		memcpy(to, from, 8);
		memcpy(to + count - 8, from + count - 8, 8);
	} else if (count >= 4) {
		memcpy(to, from, 4);
		memcpy(to + count - 4, from + count - 4, 4);
	} else {
		for (size_t k = 0; k < count; k++)
			to[k] = from[k];
	}
}

uint32_t record_texts_pack(char *room, size_t room_bytes, uint16_t *lengths, const struct view *texts,
	const uint16_t *limits, size_t count)
{
	uint32_t cut = 0;

	for (size_t i = 0; i < count; i++) {
		size_t length = texts[i].count;

		if (length > limits[i] || length > room_bytes) {
			length = limits[i] < room_bytes ? limits[i] : room_bytes;
			cut |= UINT32_C(1) << i;
		}
		copy_text(room, texts[i].at, length);
		lengths[i] = (uint16_t)length;
		room += length;
		room_bytes -= length;
	}
	return cut;
}

bool record_texts_unpack(struct view *ret, const char *room, size_t room_bytes, const uint16_t *lengths,
	const uint16_t *limits, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (lengths[i] > limits[i] || lengths[i] > room_bytes)
			return false;
		ret[i] = view_from(room, lengths[i]);
		room += lengths[i];
		room_bytes -= lengths[i];
	}
	return true;
}

/* ---- reading ---- */

struct reader {
	int fd;
	uint64_t file_bytes; /* that there are, whatever the header says */
	const struct record_kind *kind;
	struct record_header header;
	struct geometry geometry;
	unsigned char *first, *second; /* a chunk, copied twice */
	record_file_visit *visit;
	void *context;
	struct record_file_facts *facts;
};

/* As many bytes as there are; what lies behind the end reads as zeros, which is empty. */
static int read_at(int fd, unsigned char *ret, size_t count, uint64_t offset)
{
	size_t done = 0;

	while (done < count) {
		ssize_t got = pread(fd, ret + done, count - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	memset(ret + done, 0, count - done);
	return 0;
}

/* Were both copies taken while nobody wrote the slot? */
static bool is_whole(const struct record_kind *kind, const unsigned char *a, const unsigned char *b, size_t slot_bytes)
{
	size_t behind = kind->live_offset + kind->live_bytes;

	return !(atomic_load_explicit(&((const struct record_slot *)(const void *)a)->sequence, memory_order_relaxed) &
		       1) &&
	       memcmp(a, b, kind->live_offset) == 0 && memcmp(a + behind, b + behind, slot_bytes - behind) == 0;
}

static bool read_whole(struct reader *reader, unsigned char *a, unsigned char *b, size_t slot_bytes, uint64_t offset)
{
	for (int i = 0; i < READ_AGAIN_COUNT; i++) {
		if (read_at(reader->fd, a, slot_bytes, offset) < 0 || read_at(reader->fd, b, slot_bytes, offset) < 0)
			return false;
		if (is_whole(reader->kind, a, b, slot_bytes))
			return true;
	}
	return false;
}

static int visit_slot(struct reader *reader, unsigned area, size_t at, uint64_t offset)
{
	size_t slot_bytes = reader->kind->areas[area].slot_bytes;
	unsigned char *a = reader->first + at, *b = reader->second + at;
	const struct record_slot *slot = (const void *)b;
	uint32_t epoch = reader->header.epoch;

	if (slot->epoch != epoch && ((const struct record_slot *)(const void *)a)->epoch != epoch)
		return 0;
	if (!is_whole(reader->kind, a, b, slot_bytes) && !read_whole(reader, a, b, slot_bytes, offset)) {
		reader->facts->busy_count++;
		return 0;
	}
	return slot->epoch == epoch ? reader->visit(reader->context, area, b) : 0;
}

static uint64_t region_offset(const struct reader *reader, unsigned region)
{
	return RECORD_FILE_PAGE_BYTES + region * reader->geometry.region_bytes;
}

/* `slot_count` slots of an area from the `first`-th on. */
static int visit_slots(struct reader *reader, unsigned region, unsigned area, uint64_t first, uint64_t slot_count)
{
	size_t slot_bytes = reader->kind->areas[area].slot_bytes;
	uint64_t offset = region_offset(reader, region) + reader->geometry.area_offsets[area] + first * slot_bytes;
	uint64_t left = slot_count * slot_bytes;
	int result = 0;

	while (left && offset < reader->file_bytes && !result) {
		size_t count = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;

		result = read_at(reader->fd, reader->first, count, offset);
		if (!result)
			result = read_at(reader->fd, reader->second, count, offset);
		for (size_t at = 0; at < count && !result; at += slot_bytes)
			result = visit_slot(reader, area, at, offset + at);
		offset += count;
		left -= count;
	}
	return result;
}

static int read_counters(struct reader *reader, unsigned region, uint64_t ret[RECORD_FILE_COUNTERS])
{
	return read_at(
		reader->fd, (unsigned char *)ret, RECORD_FILE_COUNTERS * sizeof *ret, region_offset(reader, region));
}

static int read_facts(struct reader *reader)
{
	struct record_file_facts *facts = reader->facts;

	*facts = (struct record_file_facts){ .begun_ms = reader->header.begun_ms,
		.region_count = reader->header.region_count };
	for (unsigned i = 0; i < reader->kind->area_count; i++)
		facts->slot_counts[i] = reader->geometry.slot_counts[i] * facts->region_count;
	for (unsigned i = 0; i < facts->region_count; i++) {
		uint64_t counters[RECORD_FILE_COUNTERS];
		int error = read_counters(reader, i, counters);

		if (error)
			return error;
		for (unsigned k = 0; k < RECORD_FILE_COUNTERS; k++)
			facts->counters[k] += counters[k];
	}
	return 0;
}

static int read_regions(struct reader *reader)
{
	int result = 0;

	for (unsigned i = 0; i < reader->header.region_count && !result; i++)
		for (unsigned area = 0; area < reader->kind->area_count && !result; area++)
			result = visit_slots(reader, i, area, 0, reader->geometry.slot_counts[area]);
	return result;
}

/* Find out what the file behind `reader->fd` is. */
static int reader_start(struct reader *reader)
{
	struct stat facts;
	int error = read_header(reader->fd, reader->kind, &reader->header);

	if (!error && fstat(reader->fd, &facts) < 0)
		error = -errno;
	if (error)
		return error;
	reader->file_bytes = (uint64_t)facts.st_size;
	ASSERT(make_geometry(&reader->geometry, reader->kind, reader->header.file_bytes, reader->header.region_count));
	return 0;
}

static int reader_take_chunks(struct reader *reader)
{
	reader->first = aligned_alloc(RECORD_FILE_PAGE_BYTES, 2 * CHUNK_BYTES);
	if (!reader->first)
		return -ENOMEM;
	reader->second = reader->first + CHUNK_BYTES;
	return 0;
}

int record_file_each(
	int fd, const struct record_kind *kind, record_file_visit *visit, void *context, struct record_file_facts *ret)
{
	struct reader reader = { .fd = fd, .kind = kind, .visit = visit, .context = context, .facts = ret };
	int result;

	*ret = (struct record_file_facts){ 0 };
	result = reader_start(&reader);
	if (!result)
		result = read_facts(&reader);
	if (result || !visit)
		return result;
	result = reader_take_chunks(&reader);
	if (!result)
		result = read_regions(&reader);
	free(reader.first);
	return result;
}

int record_file_look(int fd, const struct record_kind *kind, unsigned region, struct record_region_state *ret)
{
	struct reader reader = { .fd = fd, .kind = kind };
	int error = reader_start(&reader);

	if (!error && region >= reader.header.region_count)
		error = -ENODATA;
	if (error)
		return error;
	*ret = (struct record_region_state){ .epoch = reader.header.epoch, .region_count = reader.header.region_count };
	memcpy(ret->slot_counts, reader.geometry.slot_counts, sizeof ret->slot_counts);
	return read_counters(&reader, region, ret->counters);
}

int record_file_read(int fd, const struct record_kind *kind, unsigned region, unsigned area, uint64_t first,
	uint64_t count, record_file_visit *visit, void *context)
{
	struct record_file_facts facts = { 0 };
	struct reader reader = { .fd = fd, .kind = kind, .visit = visit, .context = context, .facts = &facts };
	int result = reader_start(&reader);

	if (!result && (region >= reader.header.region_count || first > reader.geometry.slot_counts[area] ||
			       count > reader.geometry.slot_counts[area] - first))
		result = -ENODATA;
	if (!result)
		result = reader_take_chunks(&reader);
	if (!result)
		result = visit_slots(&reader, region, area, first, count);
	free(reader.first);
	return result;
}

/* ---- moving slots to another geometry ---- */

struct kept_slot {
	uint64_t order;
	unsigned area;
	unsigned char *bytes;
};

struct kept {
	const struct record_kind *kind;
	struct kept_slot *slots;
	size_t count, room;
};

static int gather(void *context, unsigned area, const void *slot)
{
	struct kept *kept = context;
	size_t slot_bytes = kept->kind->areas[area].slot_bytes;
	unsigned char *bytes;

	if (kept->count == kept->room) {
		size_t room = kept->room ? 2 * kept->room : 1024;
		struct kept_slot *slots = reallocarray(kept->slots, room, sizeof *slots);

		if (!slots)
			return -ENOMEM;
		kept->slots = slots;
		kept->room = room;
	}
	bytes = malloc(slot_bytes);
	if (!bytes)
		return -ENOMEM;
	memcpy(bytes, slot, slot_bytes);
	kept->slots[kept->count++] = (struct kept_slot){ kept->kind->order(slot), area, bytes };
	return 0;
}

static int compare_kept(const void *left, const void *right)
{
	const struct kept_slot *a = left, *b = right;

	return (a->order > b->order) - (a->order < b->order);
}

/* What can't be read or held is left behind: a record is no reason not to start. */
static void gather_all(struct kept *kept, int fd)
{
	struct record_file_facts facts;

	if (record_file_each(fd, kept->kind, gather, kept, &facts) == 0 && kept->count)
		qsort(kept->slots, kept->count, sizeof *kept->slots, compare_kept);
}

/* `file` NULL: it could not be opened. */
static void put_back(struct kept *kept, struct record_file *file, record_file_keep *keep)
{
	for (size_t i = 0; i < kept->count; i++) {
		if (file)
			keep(file, kept->slots[i].area, kept->slots[i].bytes);
		free(kept->slots[i].bytes);
	}
	free(kept->slots);
}

/* ---- writing ---- */

/* A new epoch empties all slots. The mark comes last: a header that is written in part is none. */
static void begin(struct record_file *file, const struct record_kind *kind, const struct record_header *before)
{
	struct record_header header = { .version = kind->version,
		.region_count = file->region_count,
		.file_bytes = file->byte_count,
		.begun_ms = before ? before->begun_ms : clock_wall_ms() };

	do
		random_bytes(&header.epoch, sizeof header.epoch);
	while (header.epoch == 0 || (before && header.epoch == before->epoch));
	random_bytes(header.key, sizeof header.key);
	if (before)
		memcpy(header.key, before->key, sizeof header.key);
	memcpy(header.magic, kind->magic, sizeof header.magic);
	header.check = check_of(&header);
	memset(file->bytes, 0, sizeof header.magic);
	atomic_thread_fence(memory_order_release);
	memcpy(file->bytes + sizeof header.magic, (const char *)&header + sizeof header.magic,
		sizeof header - sizeof header.magic);
	atomic_thread_fence(memory_order_release);
	memcpy(file->bytes, header.magic, sizeof header.magic);
}

/* Find the regions of a file that has its header; with `fresh` their counters begin at 0. */
static void find_regions(struct record_file *file, const struct record_kind *kind, bool fresh)
{
	const struct record_header *header = (const void *)file->bytes;
	struct geometry geometry;

	ASSERT(make_geometry(&geometry, kind, file->byte_count, file->region_count));
	for (unsigned i = 0; i < file->region_count; i++) {
		unsigned char *start = file->bytes + RECORD_FILE_PAGE_BYTES + i * geometry.region_bytes;
		struct record_region *region = &file->regions[i];

		region->epoch = header->epoch;
		memcpy(region->key, header->key, sizeof region->key);
		region->counters = (void *)start;
		for (unsigned k = 0; fresh && k < RECORD_FILE_COUNTERS; k++)
			atomic_store_explicit(&region->counters[k], 0, memory_order_relaxed);
		for (unsigned area = 0; area < kind->area_count; area++) {
			region->areas[area].slots = start + geometry.area_offsets[area];
			region->areas[area].slot_count = geometry.slot_counts[area];
		}
	}
}

static int map(struct record_file **ret, int fd, size_t byte_count, unsigned region_count)
{
	struct record_file *file = calloc(1, sizeof *file);
	int error = -ENOMEM;

	if (!file)
		return error;
	file->regions = calloc(region_count, sizeof *file->regions);
	if (!file->regions)
		goto out;
	file->bytes = mmap(NULL, byte_count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (file->bytes == MAP_FAILED) {
		error = -errno;
		goto out;
	}
	file->byte_count = byte_count;
	file->region_count = region_count;
	*ret = file;
	return 0;
out:
	free(file->regions);
	free(file);
	return error;
}

int record_file_open(
	struct record_file **ret, int fd, const struct record_kind *kind, unsigned region_count, record_file_keep *keep)
{
	struct kept kept = { .kind = kind };
	struct record_header before;
	struct geometry geometry;
	struct stat facts;
	bool is_kind, fits;
	int error;

	if (region_count == 0 || region_count > RECORD_FILE_REGIONS_MAX)
		return -EINVAL;
	if (fstat(fd, &facts) < 0)
		return -errno;
	if (!make_geometry(&geometry, kind, (uint64_t)facts.st_size, region_count))
		return -EFBIG;
	is_kind = read_header(fd, kind, &before) == 0;
	fits = is_kind && before.file_bytes == (uint64_t)facts.st_size && before.region_count == region_count;
	if (is_kind && !fits && keep)
		gather_all(&kept, fd);
	error = map(ret, fd, (size_t)facts.st_size, region_count);
	if (!error && !fits)
		begin(*ret, kind, is_kind ? &before : NULL);
	if (!error)
		find_regions(*ret, kind, !fits);
	put_back(&kept, error ? NULL : *ret, keep);
	return error;
}

void record_file_close(struct record_file *file)
{
	if (!file)
		return;
	(void)munmap(file->bytes, file->byte_count);
	free(file->regions);
	free(file);
}

const struct record_region *record_file_region(const struct record_file *file, unsigned index)
{
	ASSERT(index < file->region_count);
	return &file->regions[index];
}

unsigned record_file_region_count(const struct record_file *file)
{
	return file->region_count;
}
