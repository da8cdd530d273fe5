/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * system: root's daemon of the appliance: updates, the health of a start, settings on trial, restarts.
 *
 *   system [--run FOLDER] [--state FOLDER] [--share FOLDER] [--programs FOLDER] [--user NUMBER] [--init PID]
 *
 * The options are for tests; the image's init gives none. See daemon.h for the parts.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "image/init/console.h"
#include "image/system/daemon.h"
#include "image/system/server.h"
#include "netns/privilege.h"

#define RUN_FOLDER "/run/postern"
#define SHARE_FOLDER "/usr/share/postern"
#define PROGRAMS_FOLDER "/usr/lib/postern"
/* `postern-control` in the image's passwd. */
#define CONTROL_USER 102
#define NOTE "last-update"
#define ROUND_MAX_MS 10000
#define TRIAL_MIN_S 10
#define TRIAL_MAX_S 900

uint64_t daemon_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void daemon_say(const char *format, ...)
{
	char line[CONSOLE_LINE_BYTES];
	va_list arguments;
	int count;

	va_start(arguments, format);
	count = vsnprintf(line, sizeof line - 1, format, arguments);
	va_end(arguments);
	if (count < 0)
		return;
	count = count < (int)sizeof line - 2 ? count : (int)sizeof line - 2;
	line[count] = '\n';
	(void)!write(STDOUT_FILENO, line, (size_t)count + 1);
}

void daemon_restart(struct daemon *daemon, const char *why)
{
	if (daemon->restarting)
		return;
	daemon->restarting = true;
	daemon_say("the machine restarts: %s", why);
	if (kill(daemon->init, SIGINT) < 0)
		daemon_say("init can't be told: %s", strerror(errno));
}

/* ---- what came of the last update ---- */

static void note_path(const struct daemon *daemon, const char *ending, char ret[STORED_PATH_BYTES])
{
	snprintf(ret, STORED_PATH_BYTES, "%s/" NOTE "%s", daemon->folder, ending);
}

void daemon_note_update(struct daemon *daemon, const char *format, ...)
{
	char path[STORED_PATH_BYTES], made[STORED_PATH_BYTES];
	va_list arguments;
	size_t count;
	int fd;

	va_start(arguments, format);
	(void)vsnprintf(daemon->last_update, sizeof daemon->last_update, format, arguments);
	va_end(arguments);
	daemon_say("update: %s", daemon->last_update);
	(void)mkdir(daemon->folder, 0700);
	note_path(daemon, "", path);
	note_path(daemon, ".new", made);
	count = strlen(daemon->last_update);
	fd = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || write(fd, daemon->last_update, count) != (ssize_t)count || fsync(fd) < 0 ||
		rename(made, path) < 0)
		daemon_say("that can't be kept: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

static ssize_t read_file(const char *path, void *ret, size_t max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t count = fd < 0 ? -errno : read(fd, ret, max);

	if (fd >= 0)
		close(fd);
	return count;
}

void daemon_read_note(struct daemon *daemon)
{
	char path[STORED_PATH_BYTES];
	ssize_t count;

	note_path(daemon, "", path);
	count = read_file(path, daemon->last_update, sizeof daemon->last_update - 1);
	daemon->last_update[count > 0 ? count : 0] = '\0';
}

/* ---- start ---- */

static void read_share(struct daemon *daemon, const char *share)
{
	char path[STORED_PATH_BYTES];
	ssize_t count;

	snprintf(path, sizeof path, "%s/version", share);
	count = read_file(path, daemon->version, sizeof daemon->version - 1);
	daemon->version[count > 0 ? count : 0] = '\0';
	daemon->version[strcspn(daemon->version, "\n")] = '\0';
	snprintf(path, sizeof path, "%s/update.key", share);
	daemon->has_key = read_file(path, daemon->key, sizeof daemon->key) == (ssize_t)sizeof daemon->key;
}

static void read_slots(struct daemon *daemon)
{
	unsigned long seconds = strtoul(console_argument("trial"), NULL, 10);

	daemon->trial_s = seconds >= TRIAL_MIN_S && seconds <= TRIAL_MAX_S ? (unsigned)seconds : DAEMON_TRIAL_S;
	daemon->give_up_ms = daemon_now_ms() + (uint64_t)daemon->trial_s * 1000;
	daemon->slots_error = slots_read(&daemon->slots);
	if (daemon->slots_error) {
		daemon_say("the slots are not known: %s", strerror(-daemon->slots_error));
		return;
	}
	daemon_read_note(daemon);
	if (daemon->slots.came_back)
		daemon_note_update(daemon, "%s failed: %s", *daemon->slots.update ? daemon->slots.update : "the update",
			*daemon->slots.because ? daemon->slots.because : "it was not started");
	if (daemon->slots.on_trial)
		daemon_say("version %s is on trial in slot %c, for %u s", daemon->version, daemon->slots.running,
			daemon->trial_s);
}

/* ---- the loop ---- */

static uint64_t least(uint64_t one, uint64_t other)
{
	return one < other ? one : other;
}

static void turn(struct daemon *daemon, struct server *server, int signals)
{
	struct pollfd events[SERVER_EVENTS_MAX + 3];
	struct signalfd_siginfo signal;
	size_t count = server_events(server, events);
	uint64_t now_ms = daemon_now_ms(), next_ms = now_ms + ROUND_MAX_MS;
	int status;

	if (update_turn(&daemon->update, &daemon->slots)) {
		daemon_note_update(daemon, "%s is in slot %c, and is to be tried", daemon->update.head.version,
			daemon->slots.other);
		daemon_restart(daemon, "an update is to be tried");
	}
	next_ms = least(next_ms, health_turn(daemon, now_ms));
	next_ms = least(next_ms, trial_turn(daemon, now_ms));
	if (daemon->trial.waiting) {
		next_ms = least(next_ms, daemon->trial.child.deadline_ms);
		status = trial_poll(daemon, now_ms);
		if (status != -EAGAIN) {
			server_answer_settings(server, status);
			if (status == 0)
				daemon_restart(daemon, "new settings are to be tried");
		}
	}
	if (update_is_busy(&daemon->update))
		next_ms = now_ms;
	events[count++] = (struct pollfd){ .fd = signals, .events = POLLIN };
	events[count++] = (struct pollfd){ .fd = daemon->health.child.output, .events = POLLIN };
	events[count++] = (struct pollfd){ .fd = daemon->trial.child.output, .events = POLLIN };
	(void)poll(events, count, next_ms > now_ms ? (int)(next_ms - now_ms) : 0);
	server_turn(server, events, SERVER_EVENTS_MAX);
	while (read(signals, &signal, sizeof signal) == (ssize_t)sizeof signal)
		if (signal.ssi_signo != SIGCHLD)
			daemon->done = true;
}

static int open_signals(void)
{
	sigset_t wanted;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGCHLD);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGINT);
	sigprocmask(SIG_SETMASK, &wanted, NULL);
	return signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

int main(int argc, char **argv)
{
	static struct daemon daemon = { .folder = STORED_FOLDER, .programs = PROGRAMS_FOLDER, .init = 1 };
	static struct server server;
	static const struct option options[] = { { "run", required_argument, NULL, 'r' },
		{ "state", required_argument, NULL, 's' }, { "share", required_argument, NULL, 'h' },
		{ "programs", required_argument, NULL, 'p' }, { "user", required_argument, NULL, 'u' },
		{ "init", required_argument, NULL, 'i' }, { 0 } };
	const char *run = RUN_FOLDER, *share = SHARE_FOLDER;
	uid_t user = CONTROL_USER;
	char path[STORED_PATH_BYTES];
	int option, signals, error;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'r':
			run = optarg;
			break;
		case 's':
			daemon.folder = optarg;
			break;
		case 'h':
			share = optarg;
			break;
		case 'p':
			daemon.programs = optarg;
			break;
		case 'u':
			user = (uid_t)strtoul(optarg, NULL, 10);
			break;
		case 'i':
			daemon.init = (pid_t)strtol(optarg, NULL, 10);
			break;
		default:
			return 2;
		}
	}
	umask(077);
	daemon.health.child = daemon.trial.child = CHILD_NONE;
	daemon.health.said_ms = daemon_now_ms();
	read_share(&daemon, share);
	read_slots(&daemon);
	signals = open_signals();
	snprintf(path, sizeof path, "%s/" SYSTEM_SOCKET_NAME, run);
	error = update_init(&daemon.update);
	if (!error)
		error = server_open(&server, &daemon, path, user);
	if (error || signals < 0) {
		daemon_say("%s: %s", path, strerror(error ? -error : errno));
		return 1;
	}
	/* What posternd keeps of root's rights is what is needed here: namespaces to enter, users to become, children to end. */
	if (privilege_narrow() < 0 || privilege_filter_calls() < 0)
		daemon_say("privileges can't be given up");
	while (!daemon.done)
		turn(&daemon, &server, signals);
	child_end(&daemon.health.child);
	child_end(&daemon.trial.child);
	return 0;
}
