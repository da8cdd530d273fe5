/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/audit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/log.h"
#include "appliance/control/operations.h"
#include "appliance/control/state.h"

/* Room for a line: a message and a reason of 4 KiB each, escaped, and the resources. */
#define LINE_MAX_BYTES ((size_t)1 << 20)

/* Did it read, and no more? */
static bool is_read(const struct call *call)
{
	return call->operation && call->operation->access == OPERATION_READ;
}

/* --- resources ------------------------------------------------------------------------------------------------------------------------ */

static bool is_known(const struct json *list, struct view text)
{
	JSON_EACH(known, list)
	if (view_equals(json_text(known), text))
		return true;
	return false;
}

/* What quotes a client may be too long, cut in the middle of a character, or no UTF-8 at all: lines are. */
static struct view plain(struct view text, char *room, size_t room_bytes)
{
	size_t count = text.count < room_bytes ? text.count : room_bytes;

	if (count == text.count && view_is_utf8(text))
		return text;
	memcpy(room, text.at, count);
	if (!view_is_utf8(view_from(room, count)))
		for (size_t i = 0; i < count; i++)
			room[i] = room[i] & 0x80 ? '?' : room[i];
	return view_from(room, count);
}

static void add_resource(struct json *list, struct view text)
{
	char room[AUDIT_RESOURCE_MAX_BYTES];
	struct view name;

	if (text.count == 0 || json_count(list) == AUDIT_RESOURCES_MAX)
		return;
	name = plain(text, room, sizeof room);
	if (!is_known(list, name))
		json_append_text(list, name);
}

/* Members that name resources: id, ids, Id, vpcEndpointId, CertificateArn, GroupName, ResourceId.N. */
static bool is_name(struct view name)
{
	return view_equals_text(name, "id") || view_equals_text(name, "ids") || view_ends_with(name, view_of("Id")) ||
	       view_ends_with(name, view_of("Arn")) || view_ends_with(name, view_of("Name"));
}

/* Texts of the members that name resources, and of those of objects one level below. */
static void add_named(struct json *list, const struct json *object, unsigned depth)
{
	JSON_EACH(member, object)
	{
		if (is_name(json_name(member))) {
			add_resource(list, json_text(member));
			if (json_is_array(member))
				JSON_EACH(item, member)
			add_resource(list, json_text(item));
		} else if (json_is_object(member) && depth > 0) {
			add_named(list, member, depth - 1);
		}
	}
}

static struct json *resources_of(const struct call *call)
{
	struct json *list = json_array_new();
	bool by_path = !view_equals_text(call->request.path, "/");

	/* In the REST dialects the path names what is worked on; the others have one path for everything. */
	if (by_path)
		add_resource(list, call->request.path);
	else if (call->operation)
		add_named(list, call->input, 0);
	/* What was made; not what was only looked at. */
	if (!call->error_code && !is_read(call))
		add_named(list, call->output, 1);
	return list;
}

/* --- lines ---------------------------------------------------------------------------------------------------------------------------- */

static struct json *line_of(const struct call *call, int status)
{
	char time[CLOCK_TEXT_MAX_BYTES], reason[CALL_MESSAGE_MAX_BYTES];
	struct json *line = json_object_new();

	json_set_text(line, "time", view_from(time, clock_write_iso_ms(time, call->request.received_wall_ms)));
	json_set_c_string(line, "requestId", call->request_id);
	if (call->authenticated)
		json_set_c_string(line, "principal", call->principal_arn);
	json_set_c_string(line, "accessKeyId", call->access_key);
	if (call->request.source.count)
		json_set_text(line, "sourceAddress", call->request.source);
	json_set_c_string(line, "service", call->service->name);
	if (call->operation)
		json_set_c_string(line, "operation", call->operation->name);
	if (is_read(call))
		json_set_bool(line, "readOnly", true);
	json_set(line, "resources", resources_of(call));
	json_set_integer(line, "status", status);
	if (call->revision)
		json_set_integer(line, "revision", (int64_t)call->revision);
	if (call->error_code) {
		json_set_c_string(line, "code", call->error_code);
		json_set_c_string(line, "message", call->error_message);
	}
	if (call->detail)
		json_set_text(line, "reason", plain(view_from_text(call->detail), reason, sizeof reason));
	return line;
}

/* One write() for a line: what another process appends does not come between. 0 or a negative errno. */
static int append(struct control *control, struct view text)
{
	ssize_t written;

	do {
		written = write(control->settings.audit_log_fd, text.at, text.count);
	} while (written < 0 && errno == EINTR);
	if (written < 0)
		return -errno;
	/* The disk filled up within the line: the next one must not go on where this one broke off. */
	control->audit_is_torn = (size_t)written < text.count;
	return control->audit_is_torn ? -ENOSPC : 0;
}

void audit_call(const struct call *call, int status)
{
	struct control *control = call->control;
	struct json JSON_CLEANUP *line = NULL;
	struct buffer buffer;
	int error;

	if (control->settings.audit_log_fd < 0)
		return;
	line = line_of(call, status);
	buffer_init(&buffer, LINE_MAX_BYTES);
	if (control->audit_is_torn)
		buffer_append_text(&buffer, "\n");
	json_print(line, &buffer);
	buffer_append_text(&buffer, "\n");
	error = buffer_error(&buffer);
	if (error == 0)
		error = append(control, buffer_view(&buffer));
	counters_up(control->counts, COUNTERS_audit_log_lines, error < 0 ? (unsigned)COUNTERS_FAILED : COUNTERS_OK);
	if (error < 0)
		log_error(
			"a line of the audit log is lost", LOG_TEXT("request_id", call->request_id), LOG_ERRNO(error));
	buffer_fini(&buffer);
}

void audit_change(struct control *control, int fd)
{
	if (control->settings.audit_log_fd >= 0)
		close(control->settings.audit_log_fd);
	control->settings.audit_log_fd = fd;
	control->audit_is_torn = false;
}
