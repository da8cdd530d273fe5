/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/model/current.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/model/build.h"
#include "appliance/model/snapshot.h"

/* One a worker and snapshot; written by that worker alone. */
struct pin_slot {
	_Alignas(64) _Atomic uint64_t count;
};

/* A published snapshot with its pins. The snapshot points back, so that a pin is given back without a search. */
struct edition {
	struct snapshot *snapshot;
	struct edition *next; /* in the list of replaced ones */
	struct pin_slot slots[];
};

/* Set while the worker reads the pointer and counts its pin, so that what it has just read can't be freed under it. */
struct acquiring_slot {
	_Alignas(64) _Atomic bool acquiring;
};

struct current {
	_Atomic(struct edition *) edition;
	_Atomic uint64_t revision;
	struct edition *replaced; /* the follower's */
	unsigned worker_count;
	struct acquiring_slot workers[];
};

struct current *current_new(unsigned worker_count)
{
	struct current *current;
	size_t bytes = sizeof *current + worker_count * sizeof(struct acquiring_slot);

	ASSERT(worker_count > 0 && worker_count <= CURRENT_WORKERS_MAX);
	current = aligned_alloc(_Alignof(struct current), bytes);
	if (!current)
		return NULL;
	memset(current, 0, bytes);
	current->worker_count = worker_count;
	return current;
}

static bool is_pinned(const struct current *current, const struct edition *edition)
{
	for (unsigned i = 0; i < current->worker_count; i++) {
		if (atomic_load(&current->workers[i].acquiring))
			return true;
	}
	for (unsigned i = 0; i < current->worker_count; i++) {
		if (atomic_load_explicit(&edition->slots[i].count, memory_order_acquire) > 0)
			return true;
	}
	return false;
}

static void edition_free(struct edition *edition)
{
	snapshot_free(edition->snapshot);
	free(edition);
}

void current_free(struct current *current)
{
	struct edition *edition;

	if (!current)
		return;
	ASSERT(current_retire(current) == 0);
	edition = atomic_load(&current->edition);
	if (edition) {
		ASSERT(!is_pinned(current, edition));
		edition_free(edition);
	}
	free(current);
}

const struct snapshot *current_pin(struct current *current, unsigned worker)
{
	struct edition *edition;
	struct pin_slot *slot;

	/* Sequentially consistent with the follower's swap and its look at this flag: either it sees the flag, or this
	 * thread sees the new pointer. */
	atomic_store(&current->workers[worker].acquiring, true);
	edition = atomic_load(&current->edition);
	if (edition) {
		slot = &edition->slots[worker];
		atomic_store_explicit(&slot->count, atomic_load_explicit(&slot->count, memory_order_relaxed) + 1,
			memory_order_relaxed);
	}
	atomic_store_explicit(&current->workers[worker].acquiring, false, memory_order_release);
	return edition ? edition->snapshot : NULL;
}

void current_unpin(struct current *current, unsigned worker, const struct snapshot *snapshot)
{
	struct pin_slot *slot;
	uint64_t count;

	(void)current;
	if (!snapshot)
		return;
	slot = &snapshot->edition->slots[worker];
	count = atomic_load_explicit(&slot->count, memory_order_relaxed);
	ASSERT(count > 0);
	atomic_store_explicit(&slot->count, count - 1, memory_order_release);
}

int current_publish(struct current *current, struct snapshot *snapshot)
{
	size_t bytes = sizeof(struct edition) + current->worker_count * sizeof(struct pin_slot);
	struct edition *edition = aligned_alloc(_Alignof(struct edition), bytes), *old;

	if (!edition)
		return -ENOMEM;
	memset(edition, 0, bytes);
	edition->snapshot = snapshot;
	snapshot->edition = edition;
	old = atomic_exchange(&current->edition, edition);
	atomic_store_explicit(&current->revision, snapshot->revision, memory_order_release);
	if (old) {
		old->next = current->replaced;
		current->replaced = old;
	}
	current_retire(current);
	return 0;
}

size_t current_retire(struct current *current)
{
	struct edition **link = &current->replaced, *edition;
	size_t in_use_count = 0;

	while ((edition = *link) != NULL) {
		if (is_pinned(current, edition)) {
			in_use_count++;
			link = &edition->next;
			continue;
		}
		*link = edition->next;
		edition_free(edition);
	}
	return in_use_count;
}

const struct snapshot *current_peek(const struct current *current)
{
	struct edition *edition = atomic_load(&current->edition);

	return edition ? edition->snapshot : NULL;
}

uint64_t current_revision(const struct current *current)
{
	return atomic_load_explicit(&current->revision, memory_order_acquire);
}
