/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/configure/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "appliance/base/view.h"
#include "appliance/crypto/base64.h"
#include "image/configure/files.h"
#include "image/configure/say.h"

/* 2,048 is the kernel's own limit on x86. */
#define COMMAND_LINE_MAX_BYTES 4096
#define PATH_BYTES 256

const char *const source_names[SOURCE_FILES_COUNT] = { "user-data", "meta-data", "network-config" };
const size_t source_max_bytes[SOURCE_FILES_COUNT] = { PLACES_FILE_MAX_BYTES, 65536, 65536 };

bool source_wants(const struct sources *sources, enum source_file file)
{
	return !sources->files[file].at;
}

void source_offer(struct sources *sources, enum source_file file, char *bytes, size_t count, const char *from)
{
	struct source_bytes *held = &sources->files[file];

	if (held->at || count == 0) {
		free(bytes);
		return;
	}
	held->at = bytes;
	held->count = count;
	snprintf(held->from, sizeof held->from, "%s", from);
}

void source_offer_file(struct sources *sources, enum source_file file, const char *path, const char *from)
{
	size_t count;
	char *bytes;
	int error = files_read(path, source_max_bytes[file], &bytes, &count);

	if (!error)
		source_offer(sources, file, bytes, count, from);
	else if (error == -EFBIG)
		say("%s of %s is not used: it is larger than %zu KiB", source_names[file], from,
			source_max_bytes[file] / 1024);
	else if (error != -ENOENT)
		say("%s of %s can't be read: %s", source_names[file], from, strerror(-error));
}

/* --- fw_cfg -------------------------------------------------------------------------------------------------------- */

void source_find_fw_cfg(struct sources *sources, const char *folder)
{
	for (enum source_file file = 0; file < SOURCE_FILES_COUNT; file++) {
		char path[PATH_BYTES];

		snprintf(path, sizeof path, "%s/%s/raw", folder, source_names[file]);
		if (source_wants(sources, file))
			source_offer_file(sources, file, path, "fw_cfg");
	}
}

/* --- The kernel's command line ------------------------------------------------------------------------------------- */

/* Base64 of either alphabet; people leave the padding off. Bytes, or NULL. */
static char *decode(struct view text, size_t *ret_count)
{
	char *bytes;
	long count;

	while (text.count && text.at[text.count - 1] == '=')
		text.count--;
	bytes = malloc(text.count + 1);
	if (!bytes)
		return NULL;
	count = base64_decode_url((uint8_t *)bytes, text);
	if (count < 0) {
		char padded[COMMAND_LINE_MAX_BYTES + 4];
		size_t padded_count = (text.count + 3) / 4 * 4;

		if (padded_count <= sizeof padded) {
			memcpy(padded, text.at, text.count);
			memset(padded + text.count, '=', padded_count - text.count);
			count = base64_decode((uint8_t *)bytes, view_from(padded, padded_count));
		}
	}
	if (count < 0) {
		free(bytes);
		return NULL;
	}
	bytes[count] = '\0';
	*ret_count = (size_t)count;
	return bytes;
}

static void take_word(struct sources *sources, enum source_file file, struct view value)
{
	size_t count;
	char *bytes = decode(value, &count);

	if (bytes)
		source_offer(sources, file, bytes, count, "the kernel's command line");
	else
		say("%s of the kernel's command line is not used: it is not base64", source_names[file]);
}

void source_find_command_line(struct sources *sources, const char *line)
{
	struct view rest = view_trim_set(view_from_text(line), " \n"), word, name, value;

	while (rest.at && view_split(&rest, ' ', &word)) {
		if (!view_starts_with(word, view_of("postern.")) || !view_cut(word, '=', &name, &value))
			continue;
		name = view_after(name, strlen("postern."));
		for (enum source_file file = 0; file < SOURCE_FILES_COUNT; file++)
			if (view_equals_text(name, source_names[file]) && source_wants(sources, file))
				take_word(sources, file, value);
	}
}

static void read_command_line(struct sources *sources)
{
	size_t count;
	char *line;

	if (files_read("/proc/cmdline", COMMAND_LINE_MAX_BYTES, &line, &count) == 0) {
		source_find_command_line(sources, line);
		free(line);
	}
}

/* --- All ----------------------------------------------------------------------------------------------------------- */

void sources_find_local(struct sources *sources)
{
	source_find_fw_cfg(sources, SOURCE_FW_CFG);
	read_command_line(sources);
	source_find_volumes(sources);
	for (enum source_file file = 0; file < SOURCE_FILES_COUNT; file++)
		if (sources->files[file].at)
			say("%s is that of %s", source_names[file], sources->files[file].from);
}

void sources_save(const struct sources *sources, const char *folder)
{
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		say("%s: %s", folder, strerror(errno));
	for (enum source_file file = 0; file < SOURCE_FILES_COUNT; file++) {
		const struct source_bytes *held = &sources->files[file];
		char path[PATH_BYTES], from[PATH_BYTES + 8];
		int error;

		if (!held->at)
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, source_names[file]);
		snprintf(from, sizeof from, "%s.from", path);
		error = files_write(from, view_from_text(held->from), 0600);
		if (!error)
			error = files_write(path, view_from(held->at, held->count), 0600);
		if (error)
			say("%s can't be kept for the start: %s", source_names[file], strerror(-error));
	}
}

void sources_load(struct sources *sources, const char *folder)
{
	for (enum source_file file = 0; file < SOURCE_FILES_COUNT; file++) {
		char path[PATH_BYTES], *bytes, *from;
		size_t count, from_count;

		snprintf(path, sizeof path, "%s/%s.from", folder, source_names[file]);
		if (files_read(path, PLACES_FROM_BYTES, &from, &from_count) < 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, source_names[file]);
		if (files_read(path, source_max_bytes[file], &bytes, &count) == 0)
			source_offer(sources, file, bytes, count, from);
		free(from);
	}
}

void sources_fini(struct sources *sources)
{
	for (enum source_file file = 0; file < SOURCE_FILES_COUNT; file++)
		free(sources->files[file].at);
	memset(sources, 0, sizeof *sources);
}
