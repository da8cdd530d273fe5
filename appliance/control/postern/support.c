/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Postern's own operations for support bundles: facts about the machine, the store, the settings and what they lead to, and the
 * last lines of the console. Nothing here is a secret: keys, sealed or not, and policies are left out, the settings come without
 * theirs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/control/checkpoint.h"
#include "appliance/control/filter/filter.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* Init keeps two files of 128 KiB; another one's are cut to this. */
#define LOG_MAX_BYTES ((size_t)1 << 20)

static void set_count(struct json *object, const char *name, uint64_t count)
{
	json_set_integer(object, name, (int64_t)count);
}

static void add_machine(struct json *ret)
{
	struct utsname kernel;
	struct sysinfo info;
	char time[CLOCK_TEXT_MAX_BYTES];

	json_set_text(ret, "time", view_from(time, clock_write_iso_ms(time, clock_wall_ms())));
	if (uname(&kernel) == 0) {
		json_set_c_string(ret, "kernel", kernel.release);
		json_set_c_string(ret, "kernelBuild", kernel.version);
		json_set_c_string(ret, "architecture", kernel.machine);
	}
	set_count(ret, "processors", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
	if (sysinfo(&info) < 0)
		return;
	set_count(ret, "uptimeSeconds", (uint64_t)info.uptime);
	set_count(ret, "memoryBytes", (uint64_t)info.totalram * info.mem_unit);
	set_count(ret, "memoryFreeBytes", (uint64_t)info.freeram * info.mem_unit);
	set_count(ret, "processes", info.procs);
	json_set(ret, "load",
		json_text_new_printf("%.2f %.2f %.2f", (double)info.loads[0] / 65536, (double)info.loads[1] / 65536,
			(double)info.loads[2] / 65536));
}

static int count_one(void *context, const struct store_record *record)
{
	uint64_t *counts = context;

	(void)record;
	++*counts;
	return 0;
}

static void add_file(const struct control *control, struct json *ret, const char *name, const char *file)
{
	char path[CONTROL_PATH_MAX_BYTES];
	struct stat facts;

	control_path(control, file, path);
	if (stat(path, &facts) == 0)
		set_count(ret, name, (uint64_t)facts.st_size);
}

static void add_store(struct call *call, struct json *ret)
{
	struct control *control = call->control;
	struct json *records = json_ensure_object(ret, "records");
	struct statvfs place;
	uint64_t revision = 0;

	record_error(call, store_revision(control->store, &revision));
	set_count(ret, "revision", revision);
	for (unsigned kind = 0; kind < STORE_KIND_COUNT; kind++) {
		uint64_t count = 0;

		record_error(call, store_each(control->store, (enum store_kind)kind, NULL, count_one, &count));
		if (count)
			set_count(records, store_kind_name((enum store_kind)kind), count);
	}
	add_file(control, ret, "bytes", "store.db");
	add_file(control, ret, "journalBytes", "store.db-wal");
	if (statvfs(control->settings.state_dir, &place) == 0) {
		set_count(ret, "diskBytes", (uint64_t)place.f_blocks * place.f_frsize);
		set_count(ret, "diskFreeBytes", (uint64_t)place.f_bavail * place.f_frsize);
	}
}

/* The records of a kind without what only Postern knows: keys are there. */
static void add_certificates(struct call *call, struct json *ret, enum store_kind kind)
{
	struct json JSON_CLEANUP *records = record_list(call, kind, NULL);

	JSON_EACH(record, records)
	{
		struct json *shown = json_copy(record);

		(void)json_remove(shown, "postern");
		json_append(ret, shown);
	}
}

static void add_endpoints(struct call *call, struct json *ret)
{
	struct json JSON_CLEANUP *records = record_list(call, STORE_vpcendpoint, NULL);

	JSON_EACH(record, records)
	{
		struct json *shown = json_copy(record), *own = json_find(shown, "postern");
		struct filter_need need;

		(void)json_remove(shown, "policyDocument");
		if (own)
			(void)json_remove(own, "request");
		if (filter_need_of(call->control, json_find_c_string(record, "vpcEndpointId"), &need)) {
			set_count(shown, "filterPrefixesNeeded", need.needed_count);
			json_set_bool(shown, "filterWidened", need.widened);
		}
		json_append(ret, shown);
	}
}

int op_get_support_facts(struct call *call)
{
	struct control *control = call->control;
	struct json *certificates = json_ensure_array(call->output, "certificates"), *settings = NULL;
	const char *shown = control->settings.settings_shown;

	json_set_c_string(call->output, "version", POSTERN_VERSION);
	set_count(call->output, "controlPid", (uint64_t)getpid());
	set_count(call->output, "startedAt", control->started_ms / 1000);
	add_machine(json_ensure_object(call->output, "machine"));
	add_store(call, json_ensure_object(call->output, "store"));
	checkpoint_describe(control, json_ensure_object(call->output, "checkpoint"));
	add_certificates(call, certificates, STORE_ca);
	add_certificates(call, certificates, STORE_servercertificate);
	add_certificates(call, certificates, STORE_certificate);
	add_endpoints(call, json_ensure_array(call->output, "endpoints"));
	if (shown && json_parse(view_from_text(shown), NULL, &settings, NULL) == 0)
		json_set(call->output, "settings", settings);
	return 0;
}

/* Append the file, if it is there. 0 or a negative errno. */
static int append_file(struct buffer *buffer, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), error = 0;
	ssize_t count = 1;

	if (fd < 0)
		return -errno;
	while (error == 0 && count > 0 && buffer->count < LOG_MAX_BYTES) {
		char *room = buffer_reserve(buffer, 65536);

		if (!room)
			error = buffer_error(buffer);
		else if ((count = read(fd, room, 65536)) < 0)
			error = -errno;
		else
			buffer_commit(buffer, (size_t)count);
	}
	close(fd);
	return error;
}

int op_get_support_log(struct call *call)
{
	const char *run_dir = call->control->settings.run_dir;
	int older = -ENOENT, newer = -ENOENT;

	if (run_dir) {
		older = append_file(&call->raw, call_text(call, "%s/console.log.1", run_dir));
		newer = append_file(&call->raw, call_text(call, "%s/console.log", run_dir));
	}
	if (older < 0 && newer < 0)
		return call_fail(call, "NotFoundException",
			"The appliance image keeps the console's last lines; on a host its service manager does "
			"(journalctl).");
	call->raw_content_type = "text/plain; charset=utf-8";
	return 0;
}
