/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/launch/start.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/log.h"

#define ERRORS_MAX_BYTES 65536

const int start_signals[] = { SIGTERM, SIGINT, SIGHUP, 0 };

/* A descriptor per connection: as many as the system lets us have. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (const int *number = start_signals; *number; number++)
		sigaddset(&set, *number);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void find_name(struct start *start, int fd)
{
	char link[32];
	ssize_t count;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	count = readlink(link, start->settings_name, sizeof start->settings_name - 1);
	start->settings_name[count > 0 ? count : 0] = '\0';
	/* a copy in memory has no name that would tell an operator anything */
	if (start->settings_name[0] != '/' || strncmp(start->settings_name, "/memfd:", 7) == 0)
		strcpy(start->settings_name, "settings");
}

int start_program(struct start *ret, const char *program, int argc, char **argv)
{
	struct buffer errors;
	int error;

	memset(ret, 0, sizeof *ret);
	ret->program = program;
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("postern-%s %s\n", program, POSTERN_VERSION);
		exit(0);
	}
	if (argc != 3 || strcmp(argv[1], "--posternd") != 0) {
		fprintf(stderr, "postern-%s is started by posternd; `postern run` starts an appliance\n", program);
		return 2;
	}
	ret->posternd_socket = argv[2];
	umask(0027);
	block_signals();
	raise_descriptor_limit();
	find_name(ret, STDIN_FILENO);
	buffer_init(&errors, ERRORS_MAX_BYTES);
	error = settings_read_fd(&ret->settings, STDIN_FILENO, ret->settings_name, &errors);
	if (error)
		fprintf(stderr, "%s", buffer_text(&errors));
	buffer_fini(&errors);
	if (error)
		return 1;
	log_start(program, (enum log_level)ret->settings->log_level, LOG_FORM_AUTO);
	return 0;
}

static void take_over(struct start *start, struct settings *fresh)
{
	struct buffer changed;

	buffer_init(&changed, ERRORS_MAX_BYTES);
	settings_write_unreloadable(start->settings, fresh, &changed);
	if (changed.count)
		log_warning("settings need a restart to change", LOG_VIEW("settings", buffer_view(&changed)));
	buffer_fini(&changed);
	log_level_set((enum log_level)fresh->log_level);
	/* Texts of the settings in force are used all over: only what can change is taken, the struct stays. */
	start->settings->log_level = fresh->log_level;
	settings_free(fresh);
	log_info("settings read again", LOG_TEXT("file", start->settings_name));
}

void start_reload(struct start *start, int fd)
{
	struct settings *fresh;
	struct buffer errors;

	buffer_init(&errors, ERRORS_MAX_BYTES);
	if (settings_read_fd(&fresh, fd, start->settings_name, &errors) == 0)
		take_over(start, fresh);
	else
		log_error("the settings file is wrong: the settings in force stay",
			LOG_VIEW("errors", view_trim_set(buffer_view(&errors), "\n")));
	buffer_fini(&errors);
}
