/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/log.h"
#include "appliance/control/call.h"
#include "appliance/control/dispatch.h"
#include "appliance/control/endpoints.h"
#include "appliance/control/operations.h"
#include "appliance/control/state.h"
#include "appliance/control/state_file.h"

/* How long posternd may be away before records are put back without it. */
#define POSTERND_PATIENCE_MS UINT64_C(10000)
/* Between two attempts to take changes back: from this on twice as long each time, up to the other. */
#define RETRY_MIN_MS UINT64_C(1000)
#define RETRY_MAX_MS UINT64_C(60000)

/* What is left is kept this many times, but neither more often than each second nor less often than every half minute. */
#define KEPT_COUNT 20
#define KEPT_MIN_MS UINT64_C(1000)
#define KEPT_MAX_MS UINT64_C(30000)

/* What is left is not in the file. */
#define NOT_KEPT UINT64_MAX

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_BYTES 40

/* What no management call changes: made or renewed by Postern itself. */
#define KEPT_KINDS                                                                                                     \
	(UINT64_C(1) << STORE_appliance | UINT64_C(1) << STORE_servercertificate | UINT64_C(1) << STORE_ca |           \
		UINT64_C(1) << STORE_accesskey)

static const char *const state_names[] = {
	[CHECKPOINT_NONE] = "none",
	[CHECKPOINT_OPEN] = "open",
	[CHECKPOINT_CONFIRMED] = "confirmed",
	[CHECKPOINT_UNDONE] = "undone",
	[CHECKPOINT_LOST] = "lost",
};

static const char *reason_of(const struct checkpoint *checkpoint)
{
	switch (checkpoint->state) {
	case CHECKPOINT_CONFIRMED:
		return "it was confirmed";
	case CHECKPOINT_UNDONE:
		return checkpoint->by_time ? "it was not confirmed in time" : "it was asked for";
	case CHECKPOINT_LOST:
		return "its copy of the store can't be read, so nothing was taken back";
	default:
		return "";
	}
}

/* --- the mark ------------------------------------------------------------------------------------------------------------------------ */

/* Which boot of the machine this is; empty if the kernel doesn't say, so that every start counts as a boot. */
static void read_boot_id(char ret[BOOT_ID_BYTES])
{
	int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t count = fd < 0 ? 0 : read(fd, ret, BOOT_ID_BYTES - 1);

	ret[count > 0 ? count : 0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

static void set_number(struct json *object, const char *name, uint64_t number)
{
	json_set_integer(object, name, (int64_t)number);
}

static uint64_t number_of(const struct json *object, const char *name)
{
	int64_t number = json_find_integer(object, name, 0);

	return number > 0 ? (uint64_t)number : 0;
}

static int write_mark(const struct control *control, const struct checkpoint *checkpoint)
{
	struct json JSON_CLEANUP *mark = json_object_new();
	char boot_id[BOOT_ID_BYTES], *text;
	int error;

	json_set_c_string(mark, "state", state_names[checkpoint->state]);
	set_number(mark, "revision", checkpoint->revision);
	set_number(mark, "seconds", checkpoint->seconds);
	set_number(mark, "beganMs", checkpoint->began_ms);
	json_set_c_string(mark, "principal", checkpoint->principal);
	if (checkpoint->state == CHECKPOINT_OPEN) {
		read_boot_id(boot_id);
		json_set_c_string(mark, "bootId", boot_id);
		set_number(mark, "deadlineMs", checkpoint->deadline_ms);
		set_number(mark, "restMs", checkpoint->kept_rest_ms);
	} else {
		set_number(mark, "endedMs", checkpoint->ended_ms);
		set_number(mark, "records", checkpoint->records);
		json_set_bool(mark, "byTime", checkpoint->by_time);
	}
	text = json_print_text(mark);
	error = state_file_write(control, CHECKPOINT_MARK_FILE, 0600, view_from_text(text));
	free(text);
	return error;
}

static int parse_mark(struct view text, struct checkpoint *ret)
{
	struct json JSON_CLEANUP *mark = NULL;
	struct view state;
	char boot_id[BOOT_ID_BYTES];
	uint64_t now_ms = clock_boot_ms(), rest_ms;

	if (json_parse(text, NULL, &mark, NULL) < 0)
		return -EBADMSG;
	state = json_find_text(mark, "state");
	*ret = (struct checkpoint){ .revision = number_of(mark, "revision"),
		.seconds = number_of(mark, "seconds"),
		.began_ms = number_of(mark, "beganMs"),
		.ended_ms = number_of(mark, "endedMs"),
		.records = number_of(mark, "records"),
		.by_time = json_find_bool(mark, "byTime", false) };
	snprintf(ret->principal, sizeof ret->principal, VIEW_FMT, VIEW_ARG(json_find_text(mark, "principal")));
	while (!view_equals_text(state, state_names[ret->state]))
		if (++ret->state > CHECKPOINT_LOST)
			return -EBADMSG;
	if (ret->state != CHECKPOINT_OPEN)
		return 0;
	read_boot_id(boot_id);
	rest_ms = number_of(mark, "restMs");
	if (boot_id[0] && view_equals_text(json_find_text(mark, "bootId"), boot_id)) {
		uint64_t deadline_ms = number_of(mark, "deadlineMs");

		rest_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
	}
	/* Never longer than was asked for, whatever the file says. */
	if (rest_ms > ret->seconds * 1000 || ret->seconds > CHECKPOINT_MAX_S)
		rest_ms = 0;
	ret->deadline_ms = now_ms + rest_ms;
	ret->kept_rest_ms = number_of(mark, "restMs");
	return 0;
}

/* --- the copy ------------------------------------------------------------------------------------------------------------------------ */

/* What is left of an attempt that was broken off, or of no more use. What can't be removed now is at the next begin. */
static int remove_copy(const struct control *control)
{
	static const char *const names[] = { CHECKPOINT_COPY_FILE, CHECKPOINT_COPY_FILE "-wal",
		CHECKPOINT_COPY_FILE "-shm", CHECKPOINT_COPY_FILE "-journal" };
	int first = 0;

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		int error = state_file_remove(control, names[i]);

		if (first == 0)
			first = error;
	}
	return first;
}

/* --- time ---------------------------------------------------------------------------------------------------------------------------- */

static uint64_t rest_ms_of(const struct checkpoint *checkpoint)
{
	uint64_t now_ms = clock_boot_ms();

	return checkpoint->deadline_ms > now_ms ? checkpoint->deadline_ms - now_ms : 0;
}

bool checkpoint_is_over(const struct control *control)
{
	return control->checkpoint.state == CHECKPOINT_OPEN && rest_ms_of(&control->checkpoint) == 0;
}

/* How far the mark's number runs ahead of the clock: what a loss of power costs at most. */
static uint64_t step_ms_of(const struct checkpoint *checkpoint)
{
	uint64_t step_ms = checkpoint->seconds * 1000 / KEPT_COUNT;

	return step_ms < KEPT_MIN_MS ? KEPT_MIN_MS : step_ms > KEPT_MAX_MS ? KEPT_MAX_MS : step_ms;
}

/* As much as is left for certain until it is written the next time. What can't be written now is tried again. */
static int keep_rest(struct control *control, uint64_t rest_ms)
{
	struct checkpoint *checkpoint = &control->checkpoint;
	uint64_t step_ms = step_ms_of(checkpoint);
	int error;

	checkpoint->kept_rest_ms = rest_ms > step_ms ? rest_ms - step_ms : 0;
	error = write_mark(control, checkpoint);
	if (error < 0)
		checkpoint->kept_rest_ms = NOT_KEPT;
	return error;
}

/* Not confirmed in time. What fails now is tried again: a store that is busy or full, a posternd that is away. */
static void take_back(struct control *control, uint64_t now_ms)
{
	struct checkpoint *checkpoint = &control->checkpoint;

	if (now_ms < checkpoint->retry_ms)
		return;
	checkpoint->retry_delay_ms *= 2;
	if (checkpoint->retry_delay_ms < RETRY_MIN_MS)
		checkpoint->retry_delay_ms = RETRY_MIN_MS;
	if (checkpoint->retry_delay_ms > RETRY_MAX_MS)
		checkpoint->retry_delay_ms = RETRY_MAX_MS;
	checkpoint->retry_ms = now_ms + checkpoint->retry_delay_ms;
	if (checkpoint->retry_delay_ms == RETRY_MIN_MS)
		log_warning("the checkpoint was not confirmed in time: what was changed since is taken back",
			LOG_UINT("revision", checkpoint->revision), LOG_UINT("seconds", checkpoint->seconds));
	dispatch_own(control, operation_find(SERVICE_postern, view_of("RollbackCheckpoint")));
}

void checkpoint_look(struct control *control)
{
	struct checkpoint *checkpoint = &control->checkpoint;
	uint64_t rest_ms;
	bool is_news;
	int error;

	if (checkpoint->state != CHECKPOINT_OPEN)
		return;
	rest_ms = rest_ms_of(checkpoint);
	if (rest_ms == 0) {
		take_back(control, clock_boot_ms());
		return;
	}
	if (checkpoint->kept_rest_ms != NOT_KEPT && rest_ms > checkpoint->kept_rest_ms)
		return;
	is_news = checkpoint->kept_rest_ms != NOT_KEPT;
	error = keep_rest(control, rest_ms);
	if (error < 0 && is_news)
		log_warning("how long the checkpoint stays open can't be noted: a restart of the machine would not "
			    "count the time until now",
			LOG_ERRNO(error));
}

/* --- begin and end -------------------------------------------------------------------------------------------------------------------- */

int checkpoint_begin(struct control *control, uint64_t seconds, const char *principal)
{
	struct checkpoint *checkpoint = &control->checkpoint, before = *checkpoint;
	char path[CONTROL_PATH_MAX_BYTES];
	uint64_t revision = 0;
	int error = remove_copy(control);

	control_path(control, CHECKPOINT_COPY_FILE, path);
	if (error == 0)
		error = store_revision(control->store, &revision);
	if (error == 0)
		error = store_backup(control->store, path);
	if (error < 0)
		return error;
	*checkpoint = (struct checkpoint){ .state = CHECKPOINT_OPEN,
		.revision = revision,
		.seconds = seconds,
		.began_ms = clock_wall_ms(),
		.deadline_ms = clock_boot_ms() + seconds * 1000 };
	snprintf(checkpoint->principal, sizeof checkpoint->principal, "%s", principal ? principal : "");
	error = keep_rest(control, seconds * 1000);
	if (error < 0) {
		*checkpoint = before;
		(void)remove_copy(control);
	}
	return error;
}

/*
 * Close the mark. A disk that is full can't take the new one, but can lose the old one: then nobody remembers how it ended, which is better
 * than that later changes are taken back.
 */
static int end(struct control *control, enum checkpoint_state state, size_t records, bool by_time)
{
	struct checkpoint ended = control->checkpoint;
	int error;

	ended.state = state;
	ended.ended_ms = clock_wall_ms();
	ended.records = records;
	ended.by_time = by_time;
	error = write_mark(control, &ended);
	if (error < 0)
		error = state_file_remove(control, CHECKPOINT_MARK_FILE);
	if (error < 0)
		return error;
	control->checkpoint = ended;
	if (remove_copy(control) < 0)
		log_warning("the copy of a checkpoint that has ended can't be removed");
	return 0;
}

int checkpoint_confirm(struct control *control)
{
	return end(control, CHECKPOINT_CONFIRMED, 0, false);
}

int checkpoint_resume(struct control *control)
{
	char text[STATE_FILE_MAX_BYTES];
	struct checkpoint *checkpoint = &control->checkpoint;
	struct view content;
	int error = state_file_read(control, CHECKPOINT_MARK_FILE, text, &content);

	if (error == 0)
		error = parse_mark(content, checkpoint);
	if (error == -EBADMSG || error == -EMSGSIZE) {
		log_error("checkpoint.json can't be understood: no change will be taken back");
		*checkpoint = (struct checkpoint){ .state = CHECKPOINT_OPEN };
		return end(control, CHECKPOINT_LOST, 0, false);
	}
	if (error == -ENOENT || (error == 0 && checkpoint->state != CHECKPOINT_OPEN)) {
		if (remove_copy(control) < 0)
			log_warning("the copy of a checkpoint that has ended can't be removed");
		return 0;
	}
	if (error < 0)
		return error;
	log_warning("a checkpoint is open: changes are taken back unless they are confirmed",
		LOG_UINT("revision", checkpoint->revision), LOG_UINT("rest_s", rest_ms_of(checkpoint) / 1000));
	/* Taking back is left to the first look, when posternd may be asked. */
	if (rest_ms_of(checkpoint) > 0)
		checkpoint_look(control);
	return 0;
}

/* --- taking back ---------------------------------------------------------------------------------------------------------------------- */

struct undone {
	struct call *call; /* whose answer says how it ended */
	size_t records;
	bool by_time;
};

static void note_undone(struct control *control, const void *argument)
{
	const struct undone *undone = argument;
	int error = end(control, CHECKPOINT_UNDONE, undone->records, undone->by_time);

	if (error < 0)
		log_error("that the checkpoint has ended can't be noted", LOG_ERRNO(error));
	/* Endpoints are made and taken down, and all filters derived anew, as after a start: nothing of this is ever refused. */
	control->filters_stale = true;
	checkpoint_describe(control, undone->call->output);
}

static void make_again(struct control *control, const void *argument)
{
	(void)argument;
	control->filters_stale = true;
}

/* Do the interfaces of an endpoint that is there before and after differ? */
static bool has_other_interfaces(const struct store_record *now, const struct store_record *then)
{
	struct json JSON_CLEANUP *one = NULL, *other = NULL;
	const struct json *one_own, *other_own;

	if (json_parse(view_from(now->body, now->body_bytes), NULL, &one, NULL) < 0 ||
		json_parse(view_from(then->body, then->body_bytes), NULL, &other, NULL) < 0)
		return true;
	one_own = json_find_path(one, "postern", "addresses", NULL);
	other_own = json_find_path(other, "postern", "addresses", NULL);
	return !one_own || !other_own || !json_equals(one_own, other_own);
}

/*
 * An endpoint that will be another one is taken down before the transaction is committed: whenever this process dies, what is
 * missing is made of what is stored by then. (One that goes, or comes, is seen by the comparison with posternd.)
 */
static int visit(void *context, const struct store_record *now, const struct store_record *then)
{
	struct call *call = context;
	struct control *control = call->control;
	int error;

	if (now->kind != STORE_vpcendpoint || now->deleted || then->deleted || !has_other_interfaces(now, then))
		return 0;
	call_on_rollback(call, make_again, NULL, 0);
	error = endpoint_take_down(control, now->id);
	if (error == 0 || error == -ENOENT || error == -ENOTCONN || error == -EOPNOTSUPP)
		return 0;
	if (clock_boot_ms() < control->checkpoint.deadline_ms + POSTERND_PATIENCE_MS)
		return call_fail(call, "ServiceUnavailableException",
			"posternd does not answer, so endpoints can't be taken back now. Try again.");
	log_error("posternd does not answer: an endpoint keeps interfaces that are no longer stored",
		LOG_TEXT("endpoint", now->id), LOG_ERRNO(error));
	return 0;
}

/* The copy is gone or damaged: trying again is of no use. */
static bool is_lost(int error)
{
	return error == -ENOENT || error == -EMEDIUMTYPE || error == -EUCLEAN || error == -EPROTONOSUPPORT;
}

static int open_copy(const struct control *control, struct store **ret)
{
	char path[CONTROL_PATH_MAX_BYTES];
	int error;

	control_path(control, CHECKPOINT_COPY_FILE, path);
	error = store_open_reader(ret, path, NULL);
	if (error < 0)
		return error;
	error = store_check(*ret);
	if (error < 0) {
		store_close(*ret);
		*ret = NULL;
	}
	return error;
}

static int give_up(struct call *call, int error)
{
	log_error("the checkpoint's copy of the store can't be read: nothing is taken back", LOG_ERRNO(error));
	error = end(call->control, CHECKPOINT_LOST, 0, rest_ms_of(&call->control->checkpoint) == 0);
	return error < 0 ? error
			 : call_fail(call, "InternalFailure",
				   "The checkpoint's copy of the store is damaged: nothing was taken back, and the "
				   "checkpoint "
				   "has ended.");
}

int checkpoint_undo(struct call *call)
{
	struct control *control = call->control;
	struct checkpoint *checkpoint = &control->checkpoint;
	struct undone undone = { .call = call, .by_time = rest_ms_of(checkpoint) == 0 };
	struct store *copy = NULL;
	int error = open_copy(control, &copy);

	if (error < 0)
		return is_lost(error) ? give_up(call, error) : error;
	if (undone.by_time)
		call->detail = call_text(call, "not confirmed within %llu s", (unsigned long long)checkpoint->seconds);
	call->identities_stale = true;
	error = store_revert(control->store, copy, KEPT_KINDS, visit, call, &undone.records);
	store_close(copy);
	if (error < 0)
		return error == -ESTALE ? give_up(call, error) : error;
	call_after_commit(call, note_undone, &undone, sizeof undone);
	return 0;
}

/* --- what it says -------------------------------------------------------------------------------------------------------------------- */

static void set_time(struct json *object, const char *name, uint64_t wall_ms)
{
	char text[CLOCK_TEXT_MAX_BYTES];

	json_set_text(object, name, view_from(text, clock_write_iso(text, wall_ms)));
}

void checkpoint_describe(const struct control *control, struct json *ret)
{
	const struct checkpoint *checkpoint = &control->checkpoint;

	json_set_c_string(ret, "state", state_names[checkpoint->state]);
	if (checkpoint->state == CHECKPOINT_NONE)
		return;
	set_number(ret, "revision", checkpoint->revision);
	json_set_c_string(ret, "principal", checkpoint->principal);
	set_time(ret, "beganAt", checkpoint->began_ms);
	set_number(ret, "confirmWithinSeconds", checkpoint->seconds);
	if (checkpoint->state == CHECKPOINT_OPEN) {
		set_number(ret, "remainingSeconds", (rest_ms_of(checkpoint) + 999) / 1000);
		return;
	}
	set_time(ret, "endedAt", checkpoint->ended_ms);
	json_set_c_string(ret, "reason", reason_of(checkpoint));
	set_number(ret, "records", checkpoint->records);
}
