/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/checkpoint: what is confirmed stays, all else is taken back, whenever the program dies. */
#include "tests/unit/control/filtering.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "appliance/control/audit.h"
#include "appliance/control/checkpoint.h"

#define CHECKPOINT "/postern/v1/checkpoint"

static int call_own(struct appliance *appliance, const char *method, const char *target, const char *body)
{
	return call_with(appliance, "postern", method, target, "Accept", "application/json", body);
}

static void begin(struct appliance *appliance)
{
	assert_int_equal(201, call_own(appliance, "POST", CHECKPOINT, "{\"confirmWithinSeconds\":60}"));
	assert_string_equal("open", member(appliance, "state"));
}

static void assert_state(struct appliance *appliance, const char *state)
{
	assert_int_equal(200, call_own(appliance, "GET", CHECKPOINT, ""));
	assert_string_equal(state, member(appliance, "state"));
}

static void create_api(struct appliance *appliance, const char *name)
{
	char body[64];

	snprintf(body, sizeof body, "{\"name\":\"%s\"}", name);
	assert_int_equal(201, call(appliance, "POST", "/restapis", body));
}

static bool has_api(struct appliance *appliance, const char *name)
{
	char quoted[64];

	snprintf(quoted, sizeof quoted, "\"%s\"", name);
	assert_int_equal(200, call(appliance, "GET", "/restapis?limit=500", ""));
	return answer_has(appliance, quoted);
}

static void restart(struct appliance *appliance)
{
	if (fake.listener)
		posternd_forget(appliance->control);
	appliance_close(appliance);
	appliance_open(appliance);
}

/* As if that time had passed. */
static void end_time(struct appliance *appliance)
{
	appliance->control->checkpoint.deadline_ms = clock_boot_ms();
}

static bool file_exists(struct appliance *appliance, const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", appliance->folder, name);
	return access(path, F_OK) == 0;
}

/* Replace a text of checkpoint.json, as another boot or a damaged file would have it. */
static void change_mark(struct appliance *appliance, const char *old, const char *new)
{
	char path[128], text[4096], changed[4096];
	int fd;
	ssize_t count;
	const char *at;

	snprintf(path, sizeof path, "%s/checkpoint.json", appliance->folder);
	fd = open(path, O_RDWR | O_CLOEXEC);
	count = read(fd, text, sizeof text - 1);
	assert_true(count > 0);
	text[count] = '\0';
	at = strstr(text, old);
	assert_non_null(at);
	snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
	assert_int_equal(0, ftruncate(fd, 0));
	assert_int_equal(strlen(changed), pwrite(fd, changed, strlen(changed), 0));
	close(fd);
}

/* --- without a posternd --------------------------------------------------------------------------------------------------------------- */

static void what_is_confirmed_stays(void **state)
{
	struct appliance *appliance = *state;

	assert_state(appliance, "none");
	assert_int_equal(404, call_own(appliance, "POST", CHECKPOINT "/confirm", "{}"));
	begin(appliance);
	create_api(appliance, "pets");
	assert_int_equal(200, call_own(appliance, "POST", CHECKPOINT "/confirm", "{}"));
	assert_string_equal("confirmed", member(appliance, "state"));
	assert_string_equal("it was confirmed", member(appliance, "reason"));
	assert_false(file_exists(appliance, "checkpoint.db"));
	end_time(appliance);
	checkpoint_look(appliance->control);
	assert_true(has_api(appliance, "pets"));
	restart(appliance);
	assert_true(has_api(appliance, "pets"));
	assert_state(appliance, "confirmed");
	assert_int_equal(404, call_own(appliance, "POST", CHECKPOINT "/rollback", "{}"));
}

static void one_is_open_at_a_time_and_not_for_ever(void **state)
{
	struct appliance *appliance = *state;

	assert_int_equal(400, call_own(appliance, "POST", CHECKPOINT, "{\"confirmWithinSeconds\":9}"));
	assert_int_equal(400, call_own(appliance, "POST", CHECKPOINT, "{\"confirmWithinSeconds\":86401}"));
	assert_int_equal(400, call_own(appliance, "POST", CHECKPOINT, "{\"confirmWithinSeconds\":\"long\"}"));
	assert_int_equal(201, call_own(appliance, "POST", CHECKPOINT, "{}"));
	assert_int_equal(CHECKPOINT_DEFAULT_S, json_find_integer(appliance->body, "remainingSeconds", 0));
	assert_string_equal("arn:aws:iam::000000000000:root", member(appliance, "principal"));
	assert_int_equal(409, call_own(appliance, "POST", CHECKPOINT, "{}"));
	assert_state(appliance, "open");
	assert_int_equal(200, call_own(appliance, "GET", "/postern/v1/status", ""));
	assert_true(view_equals_text(json_find_text(json_find(appliance->body, "checkpoint"), "state"), "open"));
}

static void what_is_asked_to_be_taken_back_is(void **state)
{
	struct appliance *appliance = *state;
	uint64_t revision;

	create_api(appliance, "before");
	begin(appliance);
	create_api(appliance, "since");
	revision = revision_of(appliance);
	assert_int_equal(200, call_own(appliance, "POST", CHECKPOINT "/rollback", "{}"));
	assert_string_equal("undone", member(appliance, "state"));
	assert_string_equal("it was asked for", member(appliance, "reason"));
	assert_true(json_find_integer(appliance->body, "records", 0) > 0);
	assert_int_equal(revision + 1, revision_of(appliance));
	assert_true(has_api(appliance, "before"));
	assert_false(has_api(appliance, "since"));
	assert_false(file_exists(appliance, "checkpoint.db"));
	/* And the next one has nothing of the last. */
	begin(appliance);
	create_api(appliance, "later");
	assert_int_equal(200, call_own(appliance, "POST", CHECKPOINT "/confirm", "{}"));
	assert_true(has_api(appliance, "later"));
}

static void no_call_sees_what_was_not_confirmed_in_time(void **state)
{
	struct appliance *appliance = *state;
	char path[128], text[8192];
	ssize_t count;
	int fd;

	snprintf(path, sizeof path, "%s/audit.log", appliance->folder);
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	audit_change(appliance->control, dup(fd));
	begin(appliance);
	create_api(appliance, "pets");
	end_time(appliance);
	/* The call comes before the tick of the second. */
	assert_false(has_api(appliance, "pets"));
	assert_state(appliance, "undone");
	assert_string_equal("it was not confirmed in time", member(appliance, "reason"));
	count = pread(fd, text, sizeof text - 1, 0);
	assert_true(count > 0);
	text[count] = '\0';
	assert_non_null(
		strstr(text, "\"principal\":\"postern\",\"service\":\"postern\",\"operation\":\"RollbackCheckpoint\""));
	assert_non_null(strstr(text, "\"reason\":\"not confirmed within 60 s\""));
	close(fd);
}

static void a_late_confirmation_is_refused(void **state)
{
	struct appliance *appliance = *state;

	begin(appliance);
	create_api(appliance, "pets");
	end_time(appliance);
	/* Taking back just failed, and is tried again in a second. */
	appliance->control->checkpoint.retry_ms = UINT64_MAX;
	assert_int_equal(409, call_own(appliance, "POST", CHECKPOINT "/confirm", "{}"));
	/* Nothing is accepted that would then be taken back. */
	assert_int_equal(503, call(appliance, "POST", "/restapis", "{\"name\":\"lost\"}"));
	assert_state(appliance, "open");
	assert_int_equal(0, json_find_integer(appliance->body, "remainingSeconds", -1));
	appliance->control->checkpoint.retry_ms = 0;
	checkpoint_look(appliance->control);
	assert_state(appliance, "undone");
}

static void a_killed_program_goes_on_with_the_deadline(void **state)
{
	struct appliance *appliance = *state;
	uint64_t deadline_ms;

	begin(appliance);
	deadline_ms = appliance->control->checkpoint.deadline_ms;
	create_api(appliance, "pets");
	for (unsigned i = 0; i < 3; i++)
		restart(appliance);
	assert_in_range(appliance->control->checkpoint.deadline_ms, deadline_ms - 1, deadline_ms + 1);
	assert_true(has_api(appliance, "pets"));
	end_time(appliance);
	restart(appliance);
	assert_in_range(appliance->control->checkpoint.deadline_ms, deadline_ms - 1, deadline_ms + 1);
	end_time(appliance);
	checkpoint_look(appliance->control);
	assert_false(has_api(appliance, "pets"));
}

static void a_boot_leaves_what_was_left_and_never_more(void **state)
{
	struct appliance *appliance = *state;
	uint64_t rest_ms;

	begin(appliance);
	create_api(appliance, "pets");
	change_mark(appliance, "\"bootId\":\"", "\"bootId\":\"another");
	restart(appliance);
	rest_ms = appliance->control->checkpoint.deadline_ms - clock_boot_ms();
	assert_in_range(rest_ms, 50000, 57000);
	/* Boot after boot it comes to its end, if no time is counted at all. */
	for (unsigned i = 0; i < 25 && appliance->control->checkpoint.deadline_ms > clock_boot_ms(); i++) {
		change_mark(appliance, "\"bootId\":\"", "\"bootId\":\"another");
		restart(appliance);
	}
	assert_false(has_api(appliance, "pets"));
	assert_state(appliance, "undone");
}

static void a_file_cant_make_it_longer(void **state)
{
	struct appliance *appliance = *state;
	char old[64];

	begin(appliance);
	create_api(appliance, "pets");
	snprintf(
		old, sizeof old, "\"deadlineMs\":%llu", (unsigned long long)appliance->control->checkpoint.deadline_ms);
	change_mark(appliance, old, "\"deadlineMs\":999999999999999");
	restart(appliance);
	assert_false(has_api(appliance, "pets"));
}

static void what_is_left_is_kept_as_time_goes_by(void **state)
{
	struct appliance *appliance = *state;
	struct checkpoint *checkpoint;

	begin(appliance);
	checkpoint = &appliance->control->checkpoint;
	assert_int_equal(57000, checkpoint->kept_rest_ms);
	checkpoint->deadline_ms -= 2000;
	checkpoint_look(appliance->control);
	assert_int_equal(57000, checkpoint->kept_rest_ms);
	checkpoint->deadline_ms -= 2000;
	checkpoint_look(appliance->control);
	assert_in_range(checkpoint->kept_rest_ms, 51000, 53000);
}

static void a_damaged_mark_or_copy_takes_nothing_back(void **state)
{
	struct appliance *appliance = *state;
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/checkpoint.db", appliance->folder);
	begin(appliance);
	create_api(appliance, "pets");
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(0, ftruncate(fd, 5000));
	close(fd);
	end_time(appliance);
	assert_true(has_api(appliance, "pets"));
	assert_state(appliance, "lost");
	begin(appliance);
	assert_int_equal(0, unlink(path));
	assert_int_equal(500, call_own(appliance, "POST", CHECKPOINT "/rollback", "{}"));
	assert_state(appliance, "lost");
	begin(appliance);
	change_mark(appliance, "{", "[");
	restart(appliance);
	assert_state(appliance, "lost");
	assert_true(has_api(appliance, "pets"));
}

/* What Postern made of its own accord meanwhile is no change of an operator's. */
static void own_secrets_are_left_alone(void **state)
{
	struct appliance *appliance = *state;

	begin(appliance);
	create_api(appliance, "pets");
	appliance->settings.access_key_id = "AKIAOTHEROTHEROTHER0";
	restart(appliance);
	appliance->signer.key = "AKIAOTHEROTHEROTHER0";
	assert_int_equal(200, call_own(appliance, "POST", CHECKPOINT "/rollback", "{}"));
	assert_false(has_api(appliance, "pets"));
}

static void a_rest_of_a_broken_off_begin_is_removed(void **state)
{
	struct appliance *appliance = *state;
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/checkpoint.db", appliance->folder);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(4, write(fd, "half", 4));
	close(fd);
	restart(appliance);
	assert_false(file_exists(appliance, "checkpoint.db"));
	assert_state(appliance, "none");
}

/* --- a full disk ----------------------------------------------------------------------------------------------------------------------- */

/* No file may grow, as on a full disk. */
static void let_files_grow(bool may)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &limit));
	limit.rlim_cur = may ? limit.rlim_max : 0;
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &limit));
}

static void without_room_for_a_copy_nothing_begins(void **state)
{
	struct appliance *appliance = *state;

	let_files_grow(false);
	assert_int_not_equal(201, call_own(appliance, "POST", CHECKPOINT, "{}"));
	let_files_grow(true);
	assert_state(appliance, "none");
	assert_false(file_exists(appliance, "checkpoint.db") || file_exists(appliance, "checkpoint.json"));
	begin(appliance);
}

static void it_is_confirmed_all_the_same(void **state)
{
	struct appliance *appliance = *state;

	begin(appliance);
	create_api(appliance, "pets");
	let_files_grow(false);
	assert_int_equal(200, call_own(appliance, "POST", CHECKPOINT "/confirm", "{}"));
	let_files_grow(true);
	restart(appliance);
	assert_state(appliance, "none");
	assert_true(has_api(appliance, "pets"));
}

static void taking_back_waits_for_room(void **state)
{
	struct appliance *appliance = *state;

	begin(appliance);
	create_api(appliance, "pets");
	end_time(appliance);
	let_files_grow(false);
	assert_true(has_api(appliance, "pets"));
	assert_int_equal(503, call(appliance, "POST", "/restapis", "{\"name\":\"lost\"}"));
	assert_int_equal(CHECKPOINT_OPEN, appliance->control->checkpoint.state);
	let_files_grow(true);
	appliance->control->checkpoint.retry_ms = 0;
	checkpoint_look(appliance->control);
	assert_state(appliance, "undone");
	assert_false(has_api(appliance, "pets"));
}

/* --- killed at any instant ------------------------------------------------------------------------------------------------------------- */

enum { KILLS = 60 };

/* Each answered step is told by a letter: o(pen), b(egun), n(ew API), r(olled back), c(onfirmed). */
static void work(struct appliance *appliance, int tell, bool confirm, const char *name)
{
	begin(appliance);
	assert_int_equal(1, write(tell, "b", 1));
	for (unsigned i = 0; i < 4; i++) {
		create_api(appliance, i == 0 ? name : "more");
		assert_int_equal(1, write(tell, "n", 1));
	}
	assert_int_equal(
		200, call_own(appliance, "POST", confirm ? CHECKPOINT "/confirm" : CHECKPOINT "/rollback", "{}"));
	assert_int_equal(1, write(tell, confirm ? "c" : "r", 1));
}

static void run_and_kill(struct appliance *appliance, bool confirm, const char *name, unsigned steps, char told[16])
{
	const struct timespec wait = { .tv_nsec = random() % 12000000 };
	int ends[2], status;
	size_t done;
	ssize_t count;
	pid_t child;

	assert_int_equal(0, pipe(ends));
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[0]);
		appliance_open(appliance);
		assert_int_equal(1, write(ends[1], "o", 1));
		work(appliance, ends[1], confirm, name);
		_exit(0);
	}
	close(ends[1]);
	/* Some time after a step: within the next one. */
	for (done = 0; done < steps; done++)
		assert_int_equal(1, read(ends[0], told + done, 1));
	nanosleep(&wait, NULL);
	kill(child, SIGKILL);
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	count = read(ends[0], told + done, 15 - done);
	assert_true(count >= 0);
	told[done + (size_t)count] = '\0';
	close(ends[0]);
}

static void killed_at_any_instant(void **state)
{
	struct appliance *appliance = *state;
	unsigned open_count = 0;
	char told[16], name[16];

	log_start("test", LOG_LEVEL_ERROR, LOG_FORM_TEXT);
	create_api(appliance, "before");
	appliance_close(appliance);
	for (unsigned i = 0; i < KILLS; i++) {
		bool confirm = i % 5 > 2, has_trial;

		snprintf(name, sizeof name, "trial %u", i);
		run_and_kill(appliance, confirm, name, 1 + i % 6, told);
		appliance_open(appliance);
		assert_true(has_api(appliance, "before"));
		has_trial = has_api(appliance, name);
		if (strchr(told, 'c')) {
			assert_state(appliance, "confirmed");
			assert_true(has_trial);
		} else if (strchr(told, 'r')) {
			assert_state(appliance, "undone");
			assert_false(has_trial);
		} else if (strchr(told, 'b') && strlen(told) < 6) {
			/* Not yet asked to end: open, with all that was answered. */
			assert_state(appliance, "open");
			assert_true(has_trial || !strchr(told, 'n'));
		}
		if (appliance->control->checkpoint.state == CHECKPOINT_OPEN) {
			open_count++;
			end_time(appliance);
			assert_false(has_api(appliance, name));
			assert_true(has_api(appliance, "before"));
			assert_state(appliance, "undone");
		}
		appliance_close(appliance);
	}
	assert_true(open_count > 0);
}

static int reopen_and_end(void **state)
{
	appliance_open(*state);
	return appliance_end(state);
}

/* --- with a posternd ------------------------------------------------------------------------------------------------------------------ */

/* What posternd would have now. */
static void list_endpoint(const char *id)
{
	fake.list = (struct verb_endpoint_list){ .count = 1 };
	assert_true(strlen(id) < sizeof fake.list.endpoints[0].id);
	memcpy(fake.list.endpoints[0].id, id, strlen(id));
	fake.list.endpoints[0].kind = VERB_ENDPOINT_NAMESPACE;
}

static void a_deleted_endpoint_is_made_again(void **state)
{
	struct appliance *appliance = *state;
	struct verb_endpoint_create made;
	char id[32], form[128];

	snprintf(id, sizeof id, "%s", create_endpoint(appliance));
	made = fake.created;
	begin(appliance);
	snprintf(form, sizeof form, "Action=DeleteVpcEndpoints&Version=2016-11-15&VpcEndpointId.1=%s", id);
	assert_int_equal(200, call_ec2(appliance, form));
	assert_int_equal(1, fake.counts[VERB_ENDPOINT_DELETE]);
	fake.list.count = 0;
	end_time(appliance);
	checkpoint_look(appliance->control);
	assert_int_equal(2, fake.counts[VERB_ENDPOINT_CREATE]);
	assert_memory_equal(&made, &fake.created, sizeof made);
	assert_string_equal(id, fake.load.id);
	assert_int_equal(1, fake.counts[VERB_ENDPOINT_DELETE]);
}

static void a_new_endpoint_is_taken_down(void **state)
{
	struct appliance *appliance = *state;
	char id[32];

	begin(appliance);
	snprintf(id, sizeof id, "%s", create_endpoint(appliance));
	list_endpoint(id);
	assert_int_equal(200, call_own(appliance, "POST", CHECKPOINT "/rollback", "{}"));
	assert_int_equal(1, fake.counts[VERB_ENDPOINT_DELETE]);
	assert_string_equal(id, fake.deleted);
}

static void an_endpoint_with_other_interfaces_is_made_anew(void **state)
{
	struct appliance *appliance = *state;
	struct verb_endpoint_create made;
	char id[32], form[192];

	snprintf(id, sizeof id, "%s", create_endpoint(appliance));
	made = fake.created;
	begin(appliance);
	snprintf(form, sizeof form,
		"Action=ModifyVpcEndpoint&Version=2016-11-15&VpcEndpointId=%s&AddSubnetId.1=subnet-2", id);
	assert_int_equal(200, call_ec2(appliance, form));
	assert_int_equal(4, fake.created.address_count);
	assert_int_equal(1, fake.counts[VERB_ENDPOINT_DELETE]);
	fake.list.count = 0;
	assert_int_equal(200, call_own(appliance, "POST", CHECKPOINT "/rollback", "{}"));
	assert_int_equal(2, fake.counts[VERB_ENDPOINT_DELETE]);
	assert_memory_equal(&made, &fake.created, sizeof made);
}

static void a_policy_is_loaded_as_it_was(void **state)
{
	struct appliance *appliance = *state;
	struct verb_filter_load before;
	char id[32], form[192];

	snprintf(id, sizeof id, "%s", create_endpoint(appliance));
	list_endpoint(id);
	deploy(appliance, POLICY(ALLOW_ALL));
	before = fake.load;
	begin(appliance);
	deploy(appliance, ONLY_LEFT);
	snprintf(form, sizeof form, "/postern/v1/filter/%s/mode", id);
	assert_int_equal(200, call_own(appliance, "PUT", form, "{\"mode\":\"observe\"}"));
	assert_int_equal(200, call_own(appliance, "POST", CHECKPOINT "/rollback", "{}"));
	assert_int_equal(before.default_verdict, fake.load.default_verdict);
	assert_int_equal(before.prefix_count, fake.load.prefix_count);
	assert_int_equal(FILTER_MODE_RESET, fake.load.mode);
	assert_true(fake.load.generation > before.generation);
	assert_int_equal(0, fake.counts[VERB_ENDPOINT_DELETE]);
}

/* Endpoints can't be taken back while posternd is away: nothing is, until it has been away too long. */
static void posternd_is_waited_for(void **state)
{
	struct appliance *appliance = *state;
	char id[32], form[192];

	snprintf(id, sizeof id, "%s", create_endpoint(appliance));
	list_endpoint(id);
	begin(appliance);
	snprintf(form, sizeof form,
		"Action=ModifyVpcEndpoint&Version=2016-11-15&VpcEndpointId=%s&AddSubnetId.1=subnet-2", id);
	assert_int_equal(200, call_ec2(appliance, form));
	fake.refusals[VERB_ENDPOINT_DELETE] = -EAGAIN;
	assert_int_equal(503, call_own(appliance, "POST", CHECKPOINT "/rollback", "{}"));
	assert_state(appliance, "open");
	end_time(appliance);
	checkpoint_look(appliance->control);
	assert_int_equal(CHECKPOINT_OPEN, appliance->control->checkpoint.state);
	appliance->control->checkpoint.deadline_ms -= 10000;
	appliance->control->checkpoint.retry_ms = 0;
	checkpoint_look(appliance->control);
	assert_int_equal(CHECKPOINT_UNDONE, appliance->control->checkpoint.state);
}

#define WITH_POSTERND(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_APPLIANCE(what_is_confirmed_stays),
		WITH_APPLIANCE(one_is_open_at_a_time_and_not_for_ever),
		WITH_APPLIANCE(what_is_asked_to_be_taken_back_is),
		WITH_APPLIANCE(no_call_sees_what_was_not_confirmed_in_time),
		WITH_APPLIANCE(a_late_confirmation_is_refused),
		WITH_APPLIANCE(a_killed_program_goes_on_with_the_deadline),
		WITH_APPLIANCE(a_boot_leaves_what_was_left_and_never_more),
		WITH_APPLIANCE(a_file_cant_make_it_longer),
		WITH_APPLIANCE(what_is_left_is_kept_as_time_goes_by),
		WITH_APPLIANCE(a_damaged_mark_or_copy_takes_nothing_back),
		WITH_APPLIANCE(own_secrets_are_left_alone),
		WITH_APPLIANCE(a_rest_of_a_broken_off_begin_is_removed),
		WITH_APPLIANCE(without_room_for_a_copy_nothing_begins),
		WITH_APPLIANCE(it_is_confirmed_all_the_same),
		WITH_APPLIANCE(taking_back_waits_for_room),
		cmocka_unit_test_setup_teardown(killed_at_any_instant, appliance_start, reopen_and_end),
		WITH_POSTERND(a_deleted_endpoint_is_made_again),
		WITH_POSTERND(a_new_endpoint_is_taken_down),
		WITH_POSTERND(an_endpoint_with_other_interfaces_is_made_anew),
		WITH_POSTERND(a_policy_is_loaded_as_it_was),
		WITH_POSTERND(posternd_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
