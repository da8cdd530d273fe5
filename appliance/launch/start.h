/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * start: what the gateway and the control program do alike before anything else: take argv and the settings that posternd
 * gave them, set up log, signals and limits.
 *
 * posternd starts a child as {program, "--posternd", "<run_dir>/posternd.sock"}, with the settings file as standard input,
 * with its user, without capabilities and with no_new_privs (netns/client.h). Nothing here drops privileges; sandbox.h takes
 * more away.
 *
 * Threads: main(), before any other thread.
 */
#ifndef POSTERN_LAUNCH_START_H
#define POSTERN_LAUNCH_START_H

#include "appliance/launch/settings.h"

#define START_NAME_MAX_BYTES 4096

struct start {
	const char *program;         /* "gateway", "control" */
	const char *posternd_socket; /* of argv */
	struct settings *settings;
	char settings_name[START_NAME_MAX_BYTES]; /* the file behind standard input, for messages */
};

/*
 * Set up the process. SIGTERM, SIGINT and SIGHUP are blocked (the loop takes them, see start_signals), SIGPIPE is ignored. Returns 0, or an
 * exit status after saying on standard error what is wrong.
 */
int start_program(struct start *ret, const char *program, int argc, char **argv) __attribute__((warn_unused_result));

/* The signals that a program's loop watches, 0-ended. */
extern const int start_signals[];

/*
 * Take over changed settings from `fd`: what can change does (log level); what can't is named in the log, as are
 * errors, which leave the old settings in place.
 */
void start_reload(struct start *start, int fd);

#endif
