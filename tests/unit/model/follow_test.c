/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of model/follow: the thread follows commits, says why it does not, and waits for a store that is not there. */
#include "tests/unit/estate.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/eventfd.h>
#include <time.h>

#include "appliance/base/counters.h"
#include "appliance/model/current.h"
#include "appliance/model/follow.h"
#include "appliance/model/snapshot.h"

#define WAIT_MS 10000

struct world {
	struct estate estate;
	struct current *current;
	struct follow *follow;
	struct counters *counters;
	int wake_fd;
	sem_t published;
};

static void published(void *context, uint64_t revision)
{
	struct world *world = context;

	(void)revision;
	sem_post(&world->published);
}

static void world_init(struct world *world)
{
	memset(world, 0, sizeof *world);
	estate_open(&world->estate);
	world->current = current_new(1);
	world->counters = counters_new_private(1);
	world->wake_fd = eventfd(0, EFD_CLOEXEC);
	sem_init(&world->published, 0, 0);
}

static int start(struct world *world, const char *path, unsigned wait_ms)
{
	const struct follow_config config = {
		.store_path = path,
		.wake_fd = world->wake_fd,
		.worker_count = 1,
		.current = world->current,
		.counters = counters_slot_reader(world->counters),
		.published = published,
		.context = world,
		.no_tls = true,
	};

	return follow_start(&world->follow, &config, wait_ms);
}

static void world_fini(struct world *world)
{
	follow_stop(world->follow);
	current_free(world->current);
	counters_unmap(world->counters);
	close(world->wake_fd);
	estate_close(&world->estate);
}

static void wait_published(struct world *world)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_MS / 1000;
	assert_int_equal(0, sem_timedwait(&world->published, &until));
}

static void wake(struct world *world)
{
	const uint64_t one = 1;

	assert_int_equal(sizeof one, write(world->wake_fd, &one, sizeof one));
}

static uint64_t now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static void a_commit_is_served_soon_after_the_wake(void **state)
{
	const struct snapshot *snapshot;
	struct follow_status status;
	struct world world;
	uint64_t began;

	(void)state;
	world_init(&world);
	assert_int_equal(0, start(&world, world.estate.path, WAIT_MS));
	wait_published(&world);
	estate_begin(&world.estate);
	estate_put_api(&world.estate, "api", ESTATE_ALLOW_ALL, ESTATE_MOCK_DEFINITION);
	estate_commit(&world.estate);
	began = now_us();
	wake(&world);
	wait_published(&world);
	print_message("commit to snapshot: %lu us\n", (unsigned long)(now_us() - began));
	snapshot = current_pin(world.current, 0);
	assert_non_null(snapshot_api_find(snapshot, view_of("api")));
	current_unpin(world.current, 0, snapshot);

	follow_status(world.follow, &status);
	assert_int_equal(current_revision(world.current), status.revision);
	assert_int_equal(status.revision, status.revision_in_store);
	assert_int_equal(2, status.built_count);
	assert_int_equal(2, status.rebuilt_count);
	assert_string_equal("", status.message);
	assert_int_equal(status.revision, counters_read(world.counters, COUNTERS_snapshot_revision, 0));
	assert_int_equal(2, counters_read(world.counters, COUNTERS_snapshot_builds, COUNTERS_OK));

	/* Also without a wake: the store is asked every 250 ms. */
	estate_begin(&world.estate);
	estate_put_stage(&world.estate, "api", "dev", "dep1", NULL);
	estate_commit(&world.estate);
	wait_published(&world);
	world_fini(&world);
}

/* Wait until the follower has looked at the store and refused what it found. */
static void wait_failed(struct world *world, struct follow_status *ret)
{
	uint64_t until = now_us() + WAIT_MS * 1000;

	do {
		wake(world);
		follow_status(world->follow, ret);
		assert_true(now_us() < until);
		sched_yield();
	} while (ret->failed_count == 0);
}

static void a_bad_revision_is_reported_and_the_next_one_heals(void **state)
{
	struct follow_status status;
	struct world world;
	uint64_t served;

	(void)state;
	world_init(&world);
	assert_int_equal(0, start(&world, world.estate.path, WAIT_MS));
	wait_published(&world);
	served = current_revision(world.current);
	estate_begin(&world.estate);
	estate_put_api(&world.estate, "api", "{\"Statement\":7}", ESTATE_MOCK_DEFINITION);
	estate_commit(&world.estate);
	wait_failed(&world, &status);
	assert_non_null(strstr(status.message, "restapi api: policy: "));
	assert_int_equal(served, status.revision);
	assert_true(status.revision_in_store > served);

	estate_begin(&world.estate);
	estate_put_api(&world.estate, "api", ESTATE_ALLOW_ALL, ESTATE_MOCK_DEFINITION);
	estate_commit(&world.estate);
	wake(&world);
	wait_published(&world);
	follow_status(world.follow, &status);
	assert_string_equal("", status.message);
	world_fini(&world);
}

static void a_store_that_is_not_there_yet_is_waited_for(void **state)
{
	const struct store_identity identity = { .account_id = "123456789012", .region = "us-east-1" };
	struct follow_status status;
	struct world world;
	const char *reason;
	char path[128];

	(void)state;
	world_init(&world);
	snprintf(path, sizeof path, "%.100s/later.db", world.estate.folder);
	assert_int_equal(-EAGAIN, start(&world, path, 50));
	assert_int_equal(0, current_revision(world.current));
	wait_failed(&world, &status);
	assert_non_null(strstr(status.message, "later.db"));
	store_close(world.estate.store);
	assert_int_equal(0, unlink(world.estate.path));
	memcpy(world.estate.path, path, sizeof world.estate.path);
	assert_int_equal(0, store_open(&world.estate.store, path, &identity, &reason));
	wake(&world);
	wait_published(&world);
	world_fini(&world);
}

/* ---- jobs ---- */

struct job {
	struct follow_job job;
	sem_t done;
	uint64_t revision;
	bool had_store;
};

static void run_job(struct follow_job *posted, const struct compile *compile, struct store *store)
{
	struct job *job = (struct job *)(void *)posted;

	assert_non_null(compile);
	job->had_store = store != NULL;
	if (store)
		assert_int_equal(0, store_revision(store, &job->revision));
	sem_post(&job->done);
}

static void a_job_reads_the_store_on_the_thread(void **state)
{
	struct job jobs[3] = { 0 };
	struct world world;

	(void)state;
	world_init(&world);
	assert_int_equal(0, start(&world, world.estate.path, WAIT_MS));
	estate_begin(&world.estate);
	estate_put(&world.estate, STORE_restapi, "api", NULL, estate_rest_api("api", NULL));
	estate_commit(&world.estate);
	for (size_t i = 0; i < 3; i++) {
		sem_init(&jobs[i].done, 0, 0);
		jobs[i].job.run = run_job;
		follow_post(world.follow, &jobs[i].job);
	}
	for (size_t i = 0; i < 3; i++) {
		sem_wait(&jobs[i].done);
		assert_true(jobs[i].had_store);
		assert_int_equal(1, jobs[i].revision);
	}
	world_fini(&world);
}

static void a_job_is_run_without_a_store_and_before_the_end(void **state)
{
	struct job job = { .job.run = run_job };
	struct world world;

	(void)state;
	world_init(&world);
	sem_init(&job.done, 0, 0);
	assert_int_equal(-EAGAIN, start(&world, "/nonexistent/store.db", 0));
	follow_post(world.follow, &job.job);
	follow_stop(world.follow);
	world.follow = NULL;
	assert_int_equal(0, sem_trywait(&job.done));
	assert_false(job.had_store);
	assert_int_not_equal(0, sem_trywait(&job.done));
	world_fini(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_commit_is_served_soon_after_the_wake),
		cmocka_unit_test(a_bad_revision_is_reported_and_the_next_one_heals),
		cmocka_unit_test(a_store_that_is_not_there_yet_is_waited_for),
		cmocka_unit_test(a_job_reads_the_store_on_the_thread),
		cmocka_unit_test(a_job_is_run_without_a_store_and_before_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
