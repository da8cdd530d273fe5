/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as what an appliance is told at its start; the first byte says as what: 's' user-data, 'h' an answer of the metadata service, 'l' the
 * kernel's command line, 'f' and 'i' the start of a volume and its descriptor.
 *
 * User-data that is good stays good when it is written closed, and is never open to the outside without an operator. An answer is the same in
 * whatever pieces it comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/launch/address.h"
#include "appliance/launch/settings.h"
#include "image/configure/http_reply.h"
#include "image/configure/judge.h"
#include "image/configure/source.h"
#include "image/configure/source_volume.h"

#define BODY_MAX_BYTES 512

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The image's users, whatever this host has: in the place of libc's. */
struct passwd *getpwnam(const char *name)
{
	static struct passwd entry;

	entry.pw_uid = strcmp(name, "postern-gateway") == 0 ? 101 : 102;
	return &entry;
}

struct group *getgrnam(const char *name)
{
	static struct group entry = { .gr_gid = 101 };

	return *name ? &entry : NULL;
}

/* What is said to the operator of an appliance is of no interest here. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	int nobody = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)argc;
	(void)argv;
	ASSERT(nobody >= 0 && dup2(nobody, STDOUT_FILENO) == STDOUT_FILENO);
	close(nobody);
	return 0;
}

static void check_closed(struct view text)
{
	struct settings *settings;
	struct buffer errors;

	buffer_init(&errors, JUDGE_ERRORS_MAX_BYTES);
	ASSERT(settings_parse(&settings, text, "again", &errors) == 0);
	for (size_t i = 0; i < settings->management.count; i++)
		ASSERT(address_is_loopback(&settings->management.at[i]));
	settings_free(settings);
	buffer_fini(&errors);
}

static void judge_any(struct view text)
{
	struct judgement judgement = { .is_good = false };
	struct judge_texts texts;

	judge_texts_init(&texts);
	judge_text(text, "user-data", &judgement, &texts);
	ASSERT(judgement.is_good == (texts.errors.count == 0));
	if (judgement.is_good && !judgement.has_operator && !buffer_error(&texts.settings))
		check_closed(texts.settings.count ? buffer_view(&texts.settings) : text);
	if (judgement.has_operator)
		ASSERT(texts.settings.count == 0);
	judge_texts_fini(&texts);
}

static void read_any(struct view bytes)
{
	struct http_reply whole = { 0 }, part = { 0 };
	struct buffer whole_body, part_body;
	int error, early = -EAGAIN;

	buffer_init(&whole_body, BODY_MAX_BYTES);
	buffer_init(&part_body, BODY_MAX_BYTES);
	error = http_reply_read(bytes, true, &whole, &whole_body);
	for (size_t count = 0; early == -EAGAIN && count <= bytes.count; count++)
		early = http_reply_read(view_part(bytes, 0, count), false, &part, &part_body);
	ASSERT(error != -EAGAIN);
	/* Known before its end: then it is what the whole says. */
	if (early == 0) {
		ASSERT(error == 0 && whole.status == part.status);
		ASSERT(view_equals(buffer_view(&whole_body), buffer_view(&part_body)));
	} else if (early != -EAGAIN) {
		ASSERT(error == early);
	}
	buffer_fini(&whole_body);
	buffer_fini(&part_body);
}

static void find_any(struct view text)
{
	struct sources sources = { 0 };
	char *line = calloc(1, text.count + 1);

	ASSERT(line);
	memcpy(line, text.at, text.count);
	source_find_command_line(&sources, line);
	for (enum source_file file = 0; file < SOURCE_FILES_COUNT; file++)
		ASSERT(sources.files[file].at ? sources.files[file].count > 0 : sources.files[file].count == 0);
	sources_fini(&sources);
	free(line);
}

static void look_at_any(struct view bytes, size_t at)
{
	size_t count = at + bytes.count;
	char *start = calloc(1, count + 1);
	const char *file_system;

	ASSERT(start);
	memcpy(start + at, bytes.at, bytes.count);
	file_system = source_volume_file_system(view_from(start, count));
	ASSERT(!file_system || strcmp(file_system, "vfat") == 0 || strcmp(file_system, "iso9660") == 0);
	free(start);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view rest = view_after(view_from(data, size), 1);

	if (size == 0)
		return 0;
	switch (data[0]) {
	case 's':
		judge_any(rest);
		break;
	case 'h':
		read_any(rest);
		break;
	case 'l':
		find_any(rest);
		break;
	case 'f':
		look_at_any(rest, 0);
		break;
	case 'i':
		look_at_any(rest, 16u * 2048);
		break;
	default:
		break;
	}
	return 0;
}
