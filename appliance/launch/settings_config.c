/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings become what posternd knows of them. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/launch/settings.h"

int settings_user(const char *text, uid_t *ret)
{
	uint64_t number;
	struct passwd *entry;
	int error = view_parse_u64(view_from_text(text), UINT32_MAX - 1, &number);

	if (error != -EINVAL) {
		*ret = error ? *ret : (uid_t)number;
		return error;
	}
	entry = getpwnam(text);
	if (!entry)
		return -ENOENT;
	*ret = entry->pw_uid;
	return 0;
}

int settings_group(const char *text, gid_t *ret)
{
	uint64_t number;
	struct group *entry;
	int error = view_parse_u64(view_from_text(text), UINT32_MAX - 1, &number);

	if (error != -EINVAL) {
		*ret = error ? *ret : (gid_t)number;
		return error;
	}
	entry = getgrnam(text);
	if (!entry)
		return -ENOENT;
	*ret = entry->gr_gid;
	return 0;
}

unsigned settings_worker_count(const struct settings *settings)
{
	cpu_set_t processors;
	unsigned count = 1;

	if (settings->workers)
		return (unsigned)settings->workers;
	if (sched_getaffinity(0, sizeof processors, &processors) == 0)
		count = (unsigned)CPU_COUNT(&processors);
	return count < 1 ? 1 : count > NETNS_WORKERS_MAX ? NETNS_WORKERS_MAX : count;
}

/* The reader has bounded every path below its field. */
static void copy_path(char ret[NETNS_PATH_BYTES], const char *path)
{
	ASSERT(strlen(path) < NETNS_PATH_BYTES);
	memcpy(ret, path, strlen(path));
}

static int look_up(const struct settings *settings, const char *name, struct netns_config *ret, struct buffer *errors)
{
	uid_t gateway = 0, control = 0;
	gid_t group = 0;
	size_t before = errors->count;

	if (settings_user(settings->gateway_uid, &gateway) < 0)
		buffer_printf(errors, "%s: gateway_uid: this host has no user %s\n", name, settings->gateway_uid);
	if (settings_user(settings->control_uid, &control) < 0)
		buffer_printf(errors, "%s: control_uid: this host has no user %s\n", name, settings->control_uid);
	if (settings_group(settings->group_gid, &group) < 0)
		buffer_printf(errors, "%s: group_gid: this host has no group %s\n", name, settings->group_gid);
	if (errors->count != before)
		return -EINVAL;
	if (gateway == 0 || control == 0 || gateway == control || group == 0) {
		buffer_printf(errors,
			"%s: gateway_uid and control_uid must be two users, and neither they nor group_gid root's\n",
			name);
		return -EINVAL;
	}
	ret->gateway_uid = gateway;
	ret->control_uid = control;
	ret->group_gid = group;
	return 0;
}

/* The path of a log within log_dir; empty for none. */
static int copy_log_path(char ret[NETNS_PATH_BYTES], const struct settings *settings, const char *setting,
	const char *file, const char *name, struct buffer *errors)
{
	int count = file[0] ? snprintf(ret, NETNS_PATH_BYTES, "%s/%s", settings->log_dir, file) : 0;

	if (count >= 0 && count < NETNS_PATH_BYTES)
		return 0;
	buffer_printf(errors, "%s: log_dir and %s together are too long\n", name, setting);
	return -EINVAL;
}

int settings_to_config(
	const struct settings *settings, const char *name, struct netns_config *ret, struct buffer *errors)
{
	memset(ret, 0, sizeof *ret);
	ret->magic = NETNS_CONFIG_MAGIC;
	ret->version = NETNS_CONFIG_VERSION;
	ret->size_bytes = sizeof *ret;
	ret->local = settings->local;
	if (!settings->local && look_up(settings, name, ret, errors) < 0)
		return -EINVAL;
	ret->worker_count = settings_worker_count(settings);
	ret->log_level = settings->log_level;
	ret->drain_ms = (uint32_t)settings->drain_timeout_ms;
	ret->resets_per_second = (uint32_t)settings->filter_resets_per_second;
	ret->events_per_second = (uint32_t)settings->filter_events_per_second;
	ret->listen_backlog = (uint32_t)settings->listen_backlog;
	ret->client_record_kb = (uint32_t)settings->client_record_kb;
	ret->request_record_kb = (uint32_t)settings->request_record_kb;
	ret->line_record_kb = (uint32_t)settings->line_record_kb;
	ret->back_ends_from_endpoint = settings->backend_from == SETTINGS_BACKEND_FROM_ENDPOINT;
	ret->management_count = (uint32_t)settings->management.count;
	memcpy(ret->management, settings->management.at, sizeof ret->management);
	if (settings->local) {
		ret->traffic = settings->local_traffic;
		ret->traffic_is_plain = !settings->local_traffic_tls;
		ret->traffic_dns = settings->local_dns;
	}
	copy_path(ret->binaries_dir, settings->binaries_dir);
	copy_path(ret->state_dir, settings->state_dir);
	copy_path(ret->run_dir, settings->run_dir);
	copy_path(ret->log_dir, settings->log_dir);
	if (copy_log_path(ret->access_log, settings, "access_log", settings->access_log, name, errors) < 0 ||
		copy_log_path(ret->audit_log, settings, "audit_log", settings->audit_log, name, errors) < 0)
		return -EINVAL;
	ret->network_count = (uint32_t)settings->networks.count;
	memcpy(ret->networks, settings->networks.at, sizeof ret->networks);
	return 0;
}
