/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * syslog: sends the appliance's logs to a syslog server over TLS (RFC 5425): the console, the audit log, the access log.
 *
 * usage: syslog CONFIG [FOLDER]
 *   CONFIG   config.h's file, which only root may read
 *   FOLDER   instead of /: where run/postern, var/log/postern and var/lib/syslog are
 *
 * Started by init as root; root reads CONFIG and does nothing else. Before a byte goes to or comes from the network it is a user of its
 * own, without capabilities, in the group that may read the logs, and with a list of system calls that has none to start
 * programs, trace, mount, change owners or modes. SIGTERM ends it.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/log.h"
#include "image/syslog/sender.h"

/* Of the image's /etc/passwd and /etc/group: syslog; postern, which may read the logs. */
#define USER_ID 106
#define LOGS_GROUP_ID 101
/* For names that don't resolve: the default is to wait for half a minute. */
#define RESOLVER_OPTIONS "timeout:3 attempts:2"

static char config_text[SYSLOG_CONFIG_MAX_BYTES + 1];

static int read_config(const char *path, struct syslog_config *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t count;

	if (fd < 0)
		return -errno;
	while ((count = read(fd, config_text + used, sizeof config_text - used)) > 0)
		used += (size_t)count;
	close(fd);
	return count < 0 ? -EIO : syslog_config_parse(ret, view_from(config_text, used));
}

static int drop_privileges(void)
{
	gid_t logs = LOGS_GROUP_ID;

	umask(077);
	if (geteuid() == 0 && (setgroups(1, &logs) < 0 || setresgid(USER_ID, USER_ID, USER_ID) < 0 ||
				      setresuid(USER_ID, USER_ID, USER_ID) < 0))
		return -errno;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static int allow_system_calls(void)
{
	static const int allowed[] = {
#define CALL(name) SCMP_SYS(name),
#include "image/syslog/system_calls.def"
	};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int error = filter ? 0 : -ENOMEM;

	for (size_t i = 0; i < sizeof allowed / sizeof *allowed && !error; i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	if (!error)
		error = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return error;
}

static void end_now(int number)
{
	(void)number;
	_exit(0);
}

/* SIGTERM is read from a descriptor, except while the resolver waits: then it ends the program at once. */
static int open_stop(void)
{
	const struct sigaction at_once = { .sa_handler = end_now };
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGTERM, &at_once, NULL);
	sigprocmask(SIG_SETMASK, &term, NULL);
	return signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK);
}

int main(int count, char **arguments)
{
	static char logs[MESSAGE_SOURCES_COUNT][PATH_MAX], places[PATH_MAX];
	const char *folder = count > 2 ? arguments[2] : "";
	struct sender_paths paths = { .places = places };
	struct syslog_config config;
	int error, stop_fd;

	if (count < 2 || count > 3) {
		fputs("usage: syslog CONFIG [FOLDER]\n", stderr);
		return 2;
	}
	log_start("syslog", LOG_LEVEL_INFO, LOG_FORM_AUTO);
	error = read_config(arguments[1], &config);
	if (error) {
		log_error("its configuration can't be read", LOG_TEXT("path", arguments[1]), LOG_ERRNO(error));
		return 1;
	}
	snprintf(logs[MESSAGE_CONSOLE], sizeof *logs, "%s/run/postern/console.log", folder);
	snprintf(logs[MESSAGE_AUDIT], sizeof *logs, "%s/var/log/postern/%s", folder, config.audit_log);
	snprintf(logs[MESSAGE_ACCESS], sizeof *logs, "%s/var/log/postern/%s", folder, config.access_log);
	for (int i = 0; i < MESSAGE_SOURCES_COUNT; i++)
		paths.logs[i] = logs[i];
	snprintf(places, sizeof places, "%s/var/lib/syslog/places", folder);
	setenv("RES_OPTIONS", RESOLVER_OPTIONS, 1);
	stop_fd = open_stop();
	error = drop_privileges();
	if (!error)
		error = allow_system_calls();
	if (error) {
		log_error("privileges can't be given up", LOG_ERRNO(error));
		return 1;
	}
	return sender_run(&config, &paths, stop_fd);
}
