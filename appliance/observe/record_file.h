/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * record_file: what client_record and request_record have in common: a file of fixed-size slots that the gateway's workers
 * write through shared memory and the control program reads.
 *
 *	header page │ region of worker 0 │ region of worker 1 │ …
 *	              counters page, slots of area 0, slots of area 1
 *
 * posternd makes the file (netns/shared) and fixes its size; where things stand in it follows from its kind, that size and
 * the number of workers. Each region has one writing thread, so writing takes no lock, no system call and no allocation. What
 * is written survives a kill -9 of the writer (the memory is the page cache's) and a restart.
 *
 * A slot begins with a `struct record_slot`. Its `sequence` is odd while it is written; its `epoch` is the file's, so that a
 * file is begun anew by another epoch alone, whatever stood in it. Anything unexpected in the header begins the file anew.
 *
 * The reader trusts nothing: it copies with pread() (the writer could shorten the file under a mapping), twice, and hands on
 * only slots that were whole. What a slot holds is for the kind's own reader to check.
 *
 * Life cycle: record_file_open() before the gateway's sandbox closes … record_file_close(). record_file_each() at any time.
 * Threads: a region is one thread's; readers are anywhere. Numbers are in host order: the file is no exchange format.
 */
#ifndef POSTERN_OBSERVE_RECORD_FILE_H
#define POSTERN_OBSERVE_RECORD_FILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"

#define RECORD_FILE_PAGE_BYTES 4096
#define RECORD_FILE_AREAS_MAX 2
/* Numbers that a region keeps beside its slots, by the kind's own meaning. */
#define RECORD_FILE_COUNTERS 8
/* As many regions as a gateway has workers at most (COUNTERS_WORKER_MAX). */
#define RECORD_FILE_REGIONS_MAX 64

/* What every slot begins with. */
struct record_slot {
	_Atomic uint32_t sequence; /* raised by one when writing begins and by one when it has ended */
	uint32_t epoch;            /* another one than the file's: the slot is empty */
};

/* One kind of file. Slot sizes divide the page, so that a slot never straddles two. */
struct record_kind {
	char magic[9]; /* eight characters */
	uint32_t version;
	unsigned area_count;
	struct {
		uint32_t slot_bytes;
		uint32_t share; /* of the region's pages: parts of the sum of all shares */
	} areas[RECORD_FILE_AREAS_MAX];
	/* Bytes of a slot that change without `sequence`: single words, each always whole. */
	uint32_t live_offset, live_bytes;
	/* What slots are put in order by when they move to another geometry: a time. */
	uint64_t (*order)(const void *slot);
};

/* A worker's part of a mapped file. */
struct record_region {
	uint32_t epoch;
	uint64_t key[2]; /* for hashes of slots; stays the same when slots are kept */
	_Atomic uint64_t *counters;
	struct {
		unsigned char *slots;
		uint64_t slot_count;
	} areas[RECORD_FILE_AREAS_MAX];
};

/* A file that is open for writing. */
struct record_file;

/* A whole slot of a file; gone after the call. Non-zero ends the walk. */
typedef int record_file_visit(void *context, unsigned area, const void *slot);

/* A slot of the file as it was before: to be put into one of the regions of `file`, or dropped. The oldest comes first. */
typedef void record_file_keep(struct record_file *file, unsigned area, const void *slot);

/*
 * Map the file behind `fd` (borrowed) for `region_count` workers.
 *
 * Returns 0; -EFBIG if the file has no room for so many workers; -EINVAL with more than RECORD_FILE_REGIONS_MAX; -ENOMEM or what
 * the system said. If the file holds slots of the same kind, written for another number of workers or another size, it is
 * begun anew and `keep` gets each of them (NULL: they are forgotten).
 */
int record_file_open(struct record_file **ret, int fd, const struct record_kind *kind, unsigned region_count,
	record_file_keep *keep) __attribute__((warn_unused_result));

/* NULL is fine. What was written stays in the file. */
void record_file_close(struct record_file *file);

/* The part of worker `index`; lives as long as the file is open. */
const struct record_region *record_file_region(const struct record_file *file, unsigned index);

unsigned record_file_region_count(const struct record_file *file);

/* ---- writing a slot ---- */

/* Is there something in it? False too for one whose writer was killed in the middle. */
static inline bool record_slot_is_live(const struct record_slot *slot, uint32_t epoch)
{
	return slot->epoch == epoch && !(atomic_load_explicit(&slot->sequence, memory_order_relaxed) & 1);
}

/* The slot is going to be changed; readers leave it out until record_slot_end(). */
static inline void record_slot_begin(struct record_slot *slot)
{
	uint32_t sequence = atomic_load_explicit(&slot->sequence, memory_order_relaxed);

	atomic_store_explicit(&slot->sequence, (sequence + 1) | 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
}

static inline void record_slot_end(struct record_slot *slot, uint32_t epoch)
{
	uint32_t sequence = atomic_load_explicit(&slot->sequence, memory_order_relaxed);

	slot->epoch = epoch;
	atomic_store_explicit(&slot->sequence, sequence + 1, memory_order_release);
}

/* Raise a number that only this thread changes. */
static inline void record_add(_Atomic uint64_t *number, uint64_t more)
{
	atomic_store_explicit(number, atomic_load_explicit(number, memory_order_relaxed) + more, memory_order_relaxed);
}

/* ---- texts of a slot ---- */

/* Most texts of a slot: a bit each in a word of 32. */
#define RECORD_TEXTS_MAX 32

/*
 * Put `count` texts behind one another into `room`, each cut to its limit and to what is left, and their lengths into `lengths`.
 * Returns a bit for each text that was cut.
 */
uint32_t record_texts_pack(char *room, size_t room_bytes, uint16_t *lengths, const struct view *texts,
	const uint16_t *limits, size_t count);

/* The texts that stand in `room`. Returns false if the lengths can't be: no writer made this. */
bool record_texts_unpack(struct view *ret, const char *room, size_t room_bytes, const uint16_t *lengths,
	const uint16_t *limits, size_t count) __attribute__((warn_unused_result));

/* ---- reading ---- */

/* What is known of a file besides its slots. */
struct record_file_facts {
	uint64_t begun_ms; /* wall clock: since when it is kept */
	unsigned region_count;
	uint64_t slot_counts[RECORD_FILE_AREAS_MAX]; /* of all regions: how many there is room for */
	uint64_t counters[RECORD_FILE_COUNTERS];     /* sums of all regions */
	uint64_t busy_count;                         /* slots left out because they changed while they were read */
};

/*
 * Visit every slot that holds something, region by region, in the order of the file. `visit` may be NULL for the facts alone.
 *
 * Returns 0 or what `visit` returned; -ENODATA if the file has no header of this kind (not begun yet, or damaged); -ENOMEM or
 * what the system said.
 */
int record_file_each(int fd, const struct record_kind *kind, record_file_visit *visit, void *context,
	struct record_file_facts *ret) __attribute__((warn_unused_result));

/* One worker's part as it is now, for a reader that follows it. */
struct record_region_state {
	uint32_t epoch;
	unsigned region_count;
	uint64_t slot_counts[RECORD_FILE_AREAS_MAX]; /* of this region */
	uint64_t counters[RECORD_FILE_COUNTERS];
};

/* Returns 0; -ENODATA as above, or without a region of that index; or what the system said. */
int record_file_look(int fd, const struct record_kind *kind, unsigned region, struct record_region_state *ret)
	__attribute__((warn_unused_result));

/*
 * Visit `count` slots of a region's area from the `first`-th on, in the order of the file; those that are empty or change while they
 * are read are left out. Returns as record_file_each(), and -ENODATA too if there are not so many.
 */
int record_file_read(int fd, const struct record_kind *kind, unsigned region, unsigned area, uint64_t first,
	uint64_t count, record_file_visit *visit, void *context) __attribute__((warn_unused_result));

#endif
