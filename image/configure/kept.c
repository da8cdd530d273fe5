/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/configure/kept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/buffer.h"
#include "image/configure/files.h"

#define FILE_MAX_BYTES (PLACES_FILE_MAX_BYTES + PLACES_FROM_BYTES + 2)

int kept_read(const char *path, struct source_bytes *ret)
{
	size_t count;
	char *bytes, *end;
	int error = files_read(path, FILE_MAX_BYTES, &bytes, &count);

	if (error)
		return error;
	end = memchr(bytes, '\n', count);
	if (!end || bytes[0] != '#' || (size_t)(end - bytes) > PLACES_FROM_BYTES) {
		free(bytes);
		return -EBADMSG;
	}
	*end = '\0';
	snprintf(ret->from, sizeof ret->from, "%s", bytes + 1);
	ret->count = count - (size_t)(end + 1 - bytes);
	memmove(bytes, end + 1, ret->count + 1);
	ret->at = bytes;
	return 0;
}

int kept_write(const char *path, const struct source_bytes *user_data)
{
	struct source_bytes old = { .at = NULL };
	struct buffer text;
	bool is_same = kept_read(path, &old) == 0 && strcmp(old.from, user_data->from) == 0 &&
		       view_equals(view_from(old.at, old.count), view_from(user_data->at, user_data->count));
	int error;

	free(old.at);
	if (is_same)
		return 0;
	buffer_init(&text, FILE_MAX_BYTES);
	buffer_printf(&text, "#%s\n", user_data->from);
	buffer_append_bytes(&text, user_data->at, user_data->count);
	error = buffer_error(&text);
	if (!error)
		error = files_write(path, buffer_view(&text), 0600);
	buffer_fini(&text);
	return error;
}
