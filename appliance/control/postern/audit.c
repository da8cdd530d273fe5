/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Postern's own operation on the audit log: its newest lines, from its end backwards. Files that were rotated away are not read. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/base/log.h"
#include "appliance/control/audit.h"
#include "appliance/control/operations.h"
#include "appliance/control/state.h"

/* What one call reads from the end of the file, and most lines that it gives: milliseconds of the operations thread. */
#define READ_MAX_BYTES ((size_t)8 << 20)
enum { LINES_DEFAULT = 100, LINES_MAX = 1000 };

/* Without the line that `text` begins in the middle of. */
static struct view from_line(struct view text)
{
	size_t end = view_find_byte(text, '\n');

	return end == VIEW_NOWHERE ? (struct view){ 0 } : view_after(text, end + 1);
}

/* The end of the file, from the start of a line on. `*ret_whole` tells whether that is all of it. 0 or a negative errno. */
static int read_end(int fd, struct buffer *ret, bool *ret_whole)
{
	struct stat facts;
	size_t bytes;
	char *text;
	ssize_t count;
	int error = 0;

	if (fstat(fd, &facts) < 0)
		return -errno;
	bytes = facts.st_size < (off_t)READ_MAX_BYTES ? (size_t)facts.st_size : READ_MAX_BYTES;
	*ret_whole = bytes == (size_t)facts.st_size;
	text = malloc(bytes + 1);
	ASSERT(text);
	count = pread(fd, text, bytes, facts.st_size - (off_t)bytes);
	if (count < 0)
		error = -errno;
	else
		buffer_append(
			ret, *ret_whole ? view_from(text, (size_t)count) : from_line(view_from(text, (size_t)count)));
	free(text);
	return error < 0 ? error : buffer_error(ret);
}

static bool names(const struct json *line, const char *resource)
{
	JSON_EACH(named, json_find(line, "resources"))
	if (view_find(json_text(named), view_from_text(resource)) != VIEW_NOWHERE)
		return true;
	return false;
}

static bool is_asked_for(const struct call *call, const struct json *line)
{
	const char *operation = call_input(call, "operation"), *resource = call_input(call, "resource"),
		   *since = call_input(call, "since");

	if (!json_find_bool(call->input, "reads", false) && json_find_bool(line, "readOnly", false) &&
		json_find_integer(line, "status", 0) < 400)
		return false;
	if (json_find_bool(call->input, "refused", false) && json_find_integer(line, "status", 0) < 400)
		return false;
	if (operation && !view_equals_text(json_find_text(line, "operation"), operation))
		return false;
	/* Times of one form, so that their texts are in order too. */
	if (since && view_compare(json_find_text(line, "time"), view_from_text(since)) < 0)
		return false;
	return !resource || names(line, resource);
}

/* Take the last line off `text`; false if there is none. */
static bool take_last(struct view *text, struct view *ret)
{
	size_t end = text->count, start;

	while (end > 0 && text->at[end - 1] == '\n')
		end--;
	if (end == 0)
		return false;
	for (start = end; start > 0 && text->at[start - 1] != '\n';)
		start--;
	*ret = view_part(*text, start, end - start);
	*text = view_part(*text, 0, start);
	return true;
}

int op_list_audit_events(struct call *call)
{
	int64_t limit = json_find_integer(call->input, "limit", LINES_DEFAULT);
	struct json *list = json_ensure_array(call->output, "events");
	struct buffer buffer;
	struct view text, one;
	bool whole = false;
	int error;

	if (call->control->settings.audit_log_fd < 0)
		return call_fail(call, "BadRequestException", "No audit log is kept: the setting audit_log is empty");
	if (limit < 1 || limit > LINES_MAX)
		return call_fail(call, "BadRequestException", "limit must be from 1 to %d", LINES_MAX);
	buffer_init(&buffer, READ_MAX_BYTES + 1);
	error = read_end(call->control->settings.audit_log_fd, &buffer, &whole);
	if (error < 0) {
		buffer_fini(&buffer);
		log_error("the audit log can't be read", LOG_ERRNO(error));
		return error;
	}
	text = buffer_view(&buffer);
	/* Newest first here, oldest first in the answer. A line that a full disk cut off is none. */
	while ((int64_t)json_count(list) < limit && take_last(&text, &one)) {
		struct json *line = NULL;

		if (json_parse(one, NULL, &line, NULL) == 0 && is_asked_for(call, line))
			json_insert(list, 0, line);
		else
			json_free(line);
	}
	json_set_bool(call->output, "complete", whole || (int64_t)json_count(list) == limit);
	buffer_fini(&buffer);
	return 0;
}
