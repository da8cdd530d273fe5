/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * postern-settings: settings files for programs, which must not parse them with the privileges that they have. Run without any.
 *
 *	postern-settings --records     settings on standard input, posternd's record on standard output
 *	postern-settings --check FILE  judged as `postern settings --check` does: every error with its place and rule on standard error
 *
 * Apart from `postern` because posternd waits for it at each start: that program loads an HTTP client and what it needs, thirty
 * libraries and more, which on the image nothing else has a use for.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/launch/settings.h"

#define ERRORS_MAX_BYTES 65536

static int fail_with(struct buffer *errors)
{
	fprintf(stderr, "postern: %s", buffer_text(errors) ? buffer_text(errors) : "the errors are too many\n");
	return 1;
}

/* The name of the file is that of the descriptor, so that errors name what the operator wrote. */
static void name_input(char ret[4096])
{
	ssize_t count = readlink("/proc/self/fd/0", ret, 4095);

	ret[count > 0 ? count : 0] = '\0';
	if (ret[0] != '/' || strncmp(ret, "/memfd:", 7) == 0)
		strcpy(ret, "settings");
}

static int write_record(struct buffer *errors)
{
	static struct netns_config config;
	static char name[4096];
	struct settings *settings;
	size_t written = 0;
	int error;

	name_input(name);
	if (settings_read_fd(&settings, STDIN_FILENO, name, errors) < 0)
		return fail_with(errors);
	error = settings_to_config(settings, name, &config, errors);
	settings_free(settings);
	if (error)
		return fail_with(errors);
	while (written < sizeof config) {
		ssize_t count = write(STDOUT_FILENO, (const char *)&config + written, sizeof config - written);

		if (count < 0 && errno != EINTR) {
			fprintf(stderr, "postern: can't write the record: %s\n", strerror(errno));
			return 1;
		}
		written += count > 0 ? (size_t)count : 0;
	}
	return 0;
}

static int check_file(const char *path, struct buffer *errors)
{
	struct settings *settings;
	int error;

	if (settings_read_file(&settings, path, errors) < 0)
		return fail_with(errors);
	error = settings_check_time(settings, path, (int64_t)(clock_wall_ms() / 1000), errors);
	settings_free(settings);
	return error ? fail_with(errors) : 0;
}

int main(int argc, char **argv)
{
	struct buffer errors;
	int status;

	buffer_init(&errors, ERRORS_MAX_BYTES);
	if (argc == 2 && strcmp(argv[1], "--records") == 0) {
		status = write_record(&errors);
	} else if (argc == 3 && strcmp(argv[1], "--check") == 0) {
		status = check_file(argv[2], &errors);
	} else if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("postern-settings " POSTERN_VERSION);
		status = 0;
	} else {
		fputs("usage: postern-settings --records < FILE\n       postern-settings --check FILE\n", stderr);
		status = 2;
	}
	buffer_fini(&errors);
	return status;
}
