/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/base/log.h"
#include "appliance/control/audit.h"
#include "appliance/control/checkpoint.h"
#include "appliance/control/endpoints.h"
#include "appliance/control/filter/filter.h"
#include "appliance/control/first_start.h"
#include "appliance/control/iam/identity.h"
#include "appliance/control/iam/last_used.h"
#include "appliance/control/posternd.h"
#include "appliance/control/server.h"
#include "appliance/control/state.h"
#include "appliance/model/integration.h"

/* How often certificates are looked at; and at once when the clock was set by more than that. */
#define RENEW_CHECK_MS ((uint64_t)3600 * 1000)
#define CLOCK_STEP_MS ((uint64_t)60 * 1000)

void control_path(const struct control *control, const char *name, char ret[CONTROL_PATH_MAX_BYTES])
{
	int count = snprintf(ret, CONTROL_PATH_MAX_BYTES, "%s/%s", control->settings.state_dir, name);

	ASSERT(count > 0 && count < CONTROL_PATH_MAX_BYTES);
}

static const char *copy(const char *text)
{
	char *own = text ? strdup(text) : NULL;

	ASSERT(own || !text);
	return own;
}

static void copy_settings(struct control *control, const struct control_settings *settings)
{
	struct control_settings *own = &control->settings;

	*own = *settings;
	own->account_id = copy(settings->account_id);
	own->region = copy(settings->region);
	own->state_dir = copy(settings->state_dir);
	own->posternd_socket = copy(settings->posternd_socket);
	own->access_key_id = copy(settings->access_key_id);
	own->secret_access_key = copy(settings->secret_access_key);
	own->operator_certificate = copy(settings->operator_certificate);
	own->management_names = copy(settings->management_names);
	own->traffic_address = copy(settings->traffic_address);
	own->management_url = copy(settings->management_url);
	own->default_filter_mode = copy(settings->default_filter_mode);
	own->filter_dns = copy(settings->filter_dns);
	own->settings_shown = copy(settings->settings_shown);
	own->run_dir = copy(settings->run_dir);
	own->networks = NULL;
	if (own->integration_timeout_max_ms == 0)
		own->integration_timeout_max_ms = INTEGRATION_TIMEOUT_DEFAULT_MS;
	control->networks = calloc(settings->network_count + 1, sizeof *control->networks);
	ASSERT(control->networks);
	if (settings->network_count)
		memcpy(control->networks, settings->networks, settings->network_count * sizeof *control->networks);
}

static void free_settings(struct control *control)
{
	const char *const texts[] = { control->settings.account_id, control->settings.region,
		control->settings.state_dir, control->settings.posternd_socket, control->settings.access_key_id,
		control->settings.secret_access_key, control->settings.operator_certificate,
		control->settings.settings_shown, control->settings.run_dir, control->settings.management_names,
		control->settings.traffic_address, control->settings.management_url,
		control->settings.default_filter_mode, control->settings.filter_dns };

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		free((void *)(uintptr_t)texts[i]);
	free(control->networks);
}

/* A machine without a battery starts with any date: certificates of that time are not those of today. */
static bool clock_was_set(struct control *control)
{
	uint64_t began_ms = clock_wall_ms() - clock_monotonic_ms(), before_ms = control->clock_began_ms;

	control->clock_began_ms = began_ms;
	/* Unsigned: a date before 1970 plus uptime wraps, and the difference is right all the same. */
	return began_ms - before_ms + CLOCK_STEP_MS > 2 * CLOCK_STEP_MS;
}

/* Each second: what must be tried again or looked after. */
static void look_after(void *context)
{
	struct control *control = context;

	checkpoint_look(control);
	filter_retry(control);
	drop_log_run(control, clock_monotonic_ms());
	drop_log_count(control, clock_monotonic_ms());
	machine_tell(control);
	logs_look_after(control);
	if (clock_was_set(control) || clock_monotonic_ms() >= control->renew_check_ms) {
		control->renew_check_ms = clock_monotonic_ms() + RENEW_CHECK_MS;
		certificates_renew(control);
	}
}

static int open_store(struct control *control, const char **ret_message)
{
	struct store_identity identity;
	char path[CONTROL_PATH_MAX_BYTES];
	uint64_t revision = 0;
	int error;

	if (strlen(control_account(control)) >= sizeof identity.account_id ||
		strlen(control_region(control)) >= sizeof identity.region)
		return -EINVAL;
	memset(&identity, 0, sizeof identity);
	strcpy(identity.account_id, control_account(control));
	strcpy(identity.region, control_region(control));
	control_path(control, "store.db", path);
	error = store_open(&control->store, path, &identity, ret_message);
	if (error == 0)
		error = store_revision(control->store, &revision);
	counters_set(control->counts, COUNTERS_store_revision, 0, revision);
	return error;
}

static int open_all(struct control *control, const char **ret_message)
{
	int error = events_init(&control->events);

	if (error == 0)
		error = first_start_key(control);
	if (error < 0) {
		*ret_message = error == -EBADMSG ? "secret.key has not 32 bytes" : "secret.key can't be read or made";
		return error;
	}
	error = open_store(control, ret_message);
	if (error < 0)
		return error;
	error = first_start_records(control);
	if (error < 0) {
		*ret_message = error == -EBADMSG ? "secrets in the store do not open with this secret.key"
						 : "the records of the first start can't be made";
		return error;
	}
	error = checkpoint_resume(control);
	if (error < 0) {
		*ret_message = CHECKPOINT_MARK_FILE " of the state folder can't be read";
		return error;
	}
	*ret_message = "the management server can't be started";
	error = control_server_open(control, control->loop);
	if (error == 0)
		logs_open(control);
	return error < 0 ? error : worker_start(&control->worker, look_after, control);
}

int control_open(
	struct control **ret, struct loop *loop, const struct control_settings *settings, const char **ret_message)
{
	struct control *control = calloc(1, sizeof *control);
	const char *message = "";
	int error;

	ASSERT(control);
	control->magic = CONTROL_MAGIC;
	control->loop = loop;
	control->started_ms = clock_wall_ms();
	control->renew_check_ms = clock_monotonic_ms() + RENEW_CHECK_MS;
	control->clock_began_ms = clock_wall_ms() - clock_monotonic_ms();
	/* Generations of an earlier run may still be in force: these are others. */
	control->filter_generation = control->started_ms;
	copy_settings(control, settings);
	if (settings->counters)
		control->counts = counters_slot_control(settings->counters);
	error = open_all(control, &message);
	if (ret_message)
		*ret_message = message;
	if (error < 0) {
		control_close(control);
		return error;
	}
	*ret = control;
	return 0;
}

void control_close(struct control *control)
{
	if (!control)
		return;
	ASSERT_MAGIC(control, CONTROL_MAGIC);
	logs_stop(control);
	/* What the worker still answers finds its exchange alive; the answers themselves are dropped with the loop. */
	worker_stop(&control->worker);
	control_server_close(control);
	posternd_forget(control);
	filter_fini(control);
	events_fini(&control->events);
	identities_forget(control);
	last_used_fini(control);
	logs_close(control);
	store_close(control->store);
	seal_key_fini(&control->key);
	audit_change(control, -1);
	free_settings(control);
	control->magic = 0;
	free(control);
}

struct posternd_job {
	struct worker_job work;
	struct control *control;
};

static void run_posternd_job(struct worker_job *work)
{
	struct posternd_job *job = CONTAINER_OF(work, struct posternd_job, work);

	/* A connection to the one that died is of no use any more. */
	posternd_forget(job->control);
	endpoints_reconcile(job->control);
	free(job);
}

void control_posternd_is_up(struct control *control)
{
	struct posternd_job *job = calloc(1, sizeof *job);

	ASSERT(job);
	job->work.run = run_posternd_job;
	job->control = control;
	worker_post(&control->worker, &job->work);
}

struct audit_job {
	struct worker_job work;
	struct control *control;
	int fd;
};

static void run_audit_job(struct worker_job *work)
{
	struct audit_job *job = CONTAINER_OF(work, struct audit_job, work);

	audit_change(job->control, job->fd);
	free(job);
}

void control_change_audit_log(struct control *control, int fd)
{
	struct audit_job *job = calloc(1, sizeof *job);

	ASSERT(job);
	job->work.run = run_audit_job;
	job->control = control;
	job->fd = fd;
	worker_post(&control->worker, &job->work);
}

static void run_drop_job(struct worker_job *work)
{
	struct control *control = CONTAINER_OF(work, struct control, drop_job);

	/* What comes from here on has a job of its own. */
	control->drop_job_posted = false;
	drop_log_run(control, clock_monotonic_ms());
}

void control_filter_events(struct control *control, const struct verb_filter_events *events)
{
	events_add(&control->events, events);
	if (control->drop_job_posted)
		return;
	control->drop_job_posted = true;
	control->drop_job.run = run_drop_job;
	worker_post(&control->worker, &control->drop_job);
}
