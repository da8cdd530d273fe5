/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of model/current: pins keep a snapshot, nothing else does, and a worker never meets a freed one. */
#include "tests/unit/support.h"

#include <pthread.h>
#include <stdatomic.h>

#include "appliance/base/assert.h"
#include "appliance/model/build.h"
#include "appliance/model/current.h"

static struct snapshot *snapshot_of(uint64_t revision)
{
	struct snapshot *snapshot = calloc(1, sizeof *snapshot);

	assert_non_null(snapshot);
	snapshot->revision = revision;
	return snapshot;
}

static void there_is_none_before_the_first(void **state)
{
	struct current *current = current_new(1);

	(void)state;
	assert_null(current_pin(current, 0));
	current_unpin(current, 0, NULL);
	assert_int_equal(0, current_revision(current));
	current_free(current);
}

static void a_pin_keeps_a_replaced_snapshot(void **state)
{
	struct current *current = current_new(2);
	const struct snapshot *first, *again, *second;

	(void)state;
	assert_int_equal(0, current_publish(current, snapshot_of(1)));
	first = current_pin(current, 0);
	again = current_pin(current, 1);
	assert_ptr_equal(first, again);
	assert_int_equal(0, current_publish(current, snapshot_of(2)));
	second = current_pin(current, 0);
	assert_int_equal(2, second->revision);
	assert_int_equal(1, first->revision);
	assert_int_equal(1, current_retire(current));
	current_unpin(current, 0, first);
	assert_int_equal(1, current_retire(current));
	current_unpin(current, 1, again);
	assert_int_equal(0, current_retire(current));
	assert_int_equal(2, current_revision(current));
	current_unpin(current, 0, second);
	current_free(current);
}

struct reader {
	struct current *current;
	unsigned worker;
	_Atomic bool *stop;
	uint64_t pin_count;
};

/* A freed snapshot shows as a fault under the address sanitizer, and as a revision that runs backwards without it. */
static void *read_forever(void *argument)
{
	struct reader *reader = argument;
	uint64_t last = 0;

	while (!atomic_load(reader->stop)) {
		const struct snapshot *outer = current_pin(reader->current, reader->worker);
		const struct snapshot *inner = current_pin(reader->current, reader->worker);

		ASSERT(outer->revision >= last);
		ASSERT(inner->revision >= outer->revision);
		last = inner->revision;
		current_unpin(reader->current, reader->worker, inner);
		ASSERT(outer->revision > 0);
		current_unpin(reader->current, reader->worker, outer);
		reader->pin_count++;
	}
	return NULL;
}

static void workers_never_meet_a_freed_snapshot(void **state)
{
	struct current *current = current_new(2);
	_Atomic bool stop = false;
	struct reader readers[2];
	pthread_t threads[2];

	(void)state;
	assert_int_equal(0, current_publish(current, snapshot_of(1)));
	for (unsigned i = 0; i < 2; i++) {
		readers[i] = (struct reader){ .current = current, .worker = i, .stop = &stop };
		assert_int_equal(0, pthread_create(&threads[i], NULL, read_forever, &readers[i]));
	}
	for (uint64_t revision = 2; revision < 20000; revision++)
		assert_int_equal(0, current_publish(current, snapshot_of(revision)));
	atomic_store(&stop, true);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(0, current_retire(current));
	current_free(current);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_is_none_before_the_first),
		cmocka_unit_test(a_pin_keeps_a_replaced_snapshot),
		cmocka_unit_test(workers_never_meet_a_freed_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
