/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netns/endpoint.h"
#include "netns/monitor.h"
#include "netns/privilege.h"
#include "netns/report.h"
#include "netns/shared.h"

#define BACK_OFF_FIRST_MS 100
#define BACK_OFF_MAX_MS 5000
/* A child that served for so long did not die of its start: the next one may start at once. */
#define SERVED_NS 1000000000u
/* Starts that fail one after the other before the first success: then the cause is not a passing one. */
#define FIRST_STARTS_MAX 5
#define SETTINGS_TIMEOUT_MS 10000
#define NOBODY 65534
#define START_TIME_FIELD 22 /* of /proc/PID/stat, counted from 1 */

const char *child_role_name(enum child_role role)
{
	return role == CHILD_GATEWAY ? "gateway" : "control";
}

static const char *const program_names[CHILD_COUNT] = { "postern-gateway", "postern-control" };

/* What a program needs of the environment, and what a sanitizer's run-time reads; the rest is not a child's business. */
static const char *const kept_variables[] = { "PATH", "LANG", "LC_ALL", "TZ", "ASAN_OPTIONS", "UBSAN_OPTIONS",
	"TSAN_OPTIONS", "LSAN_OPTIONS" };

#define KEPT_VARIABLES (sizeof kept_variables / sizeof *kept_variables)

struct environment {
	char *entries[KEPT_VARIABLES + 1];
	char text[KEPT_VARIABLES][1024];
};

static void make_environment(struct environment *environment)
{
	size_t count = 0;

	for (size_t i = 0; i < KEPT_VARIABLES; i++) {
		const char *value = getenv(kept_variables[i]);
		char *text = environment->text[count];

		if (value && (size_t)snprintf(text, sizeof *environment->text, "%s=%s", kept_variables[i], value) <
				     sizeof *environment->text)
			environment->entries[count++] = text;
	}
	environment->entries[count] = NULL;
}

/* Start time of a process in clock ticks since boot: with the pid it names a process for good. 0 if it is gone. */
static uint64_t start_time(pid_t pid)
{
	char path[64], stat[1024];
	const char *at;
	ssize_t count;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	count = read(fd, stat, sizeof stat - 1);
	close(fd);
	if (count <= 0)
		return 0;
	stat[count] = '\0';
	/* The second field is the program's name in brackets, which may hold anything: count from its end. */
	at = strrchr(stat, ')');
	for (int field = 2; at && field < START_TIME_FIELD; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return at ? strtoull(at, NULL, 10) : 0;
}

struct pid_record {
	uint32_t magic;
	int32_t pid;
	uint64_t start_time;
};

int supervise_record(const char *run_dir, const char *name, pid_t pid)
{
	struct pid_record record = { .magic = NETNS_CONFIG_MAGIC, .pid = pid, .start_time = start_time(pid) };
	char path[NETNS_PATH_BYTES + 64];
	ssize_t count;
	int fd;

	snprintf(path, sizeof path, "%s/%s.pid", run_dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	count = write(fd, &record, sizeof record);
	close(fd);
	return count == (ssize_t)sizeof record ? 0 : -EIO;
}

int supervise_open_recorded(const char *run_dir, const char *name, pid_t *ret_pid)
{
	char path[NETNS_PATH_BYTES + 64];
	struct pid_record record;
	ssize_t count;
	int fd;

	snprintf(path, sizeof path, "%s/%s.pid", run_dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -ESRCH;
	count = read(fd, &record, sizeof record);
	close(fd);
	if (count != (ssize_t)sizeof record || record.magic != NETNS_CONFIG_MAGIC || record.pid <= 1)
		return -ESRCH;
	fd = pidfd_open(record.pid, 0);
	if (fd < 0)
		return -ESRCH;
	/* Compared after opening: the descriptor then stands for exactly the process that was looked at. */
	if (start_time(record.pid) != record.start_time) {
		close(fd);
		return -ESRCH;
	}
	*ret_pid = record.pid;
	return fd;
}

static void forget_record(const struct child *child)
{
	char path[NETNS_PATH_BYTES + 64];

	snprintf(path, sizeof path, "%s/%s.pid", child->posternd->config.run_dir, child_role_name(child->role));
	unlink(path);
}

void supervise_init(struct posternd *posternd)
{
	for (int role = 0; role < CHILD_COUNT; role++)
		posternd->children[role] = (struct child){
			.posternd = posternd, .role = (enum child_role)role, .exit.fd = -1, .start_at_ns = 0
		};
}

/* How long until the next start, and what is said about this end. */
static void plan_restart(struct child *child, bool had_served)
{
	struct posternd *posternd = child->posternd;
	uint64_t now_ns = watch_now_ns();

	if (posternd->draining) {
		child->start_at_ns = UINT64_MAX;
		return;
	}
	if (had_served && now_ns - child->started_ns >= SERVED_NS)
		child->back_off_ms = 0;
	else if (child->back_off_ms < BACK_OFF_FIRST_MS)
		child->back_off_ms = BACK_OFF_FIRST_MS;
	else
		child->back_off_ms =
			child->back_off_ms * 2 > BACK_OFF_MAX_MS ? BACK_OFF_MAX_MS : child->back_off_ms * 2;
	child->start_at_ns = now_ns + (uint64_t)child->back_off_ms * 1000000;
	child->restarts++;
	if (child->last_exit < 0)
		report(REPORT_WARNING, "the %s (pid %d) was ended by signal %d (%s); next start in %u ms",
			child_role_name(child->role), child->pid, -child->last_exit, strsignal(-child->last_exit),
			child->back_off_ms);
	else
		report(REPORT_WARNING, "the %s (pid %d) ended with status %d; next start in %u ms",
			child_role_name(child->role), child->pid, child->last_exit, child->back_off_ms);
	if (!posternd->announced && child->restarts >= FIRST_STARTS_MAX) {
		report(REPORT_ERROR, "the %s does not start: its own messages above say why",
			child_role_name(child->role));
		posternd->done = true;
	}
}

static void on_exit_of_child(struct watch *watch, uint32_t events)
{
	struct child *child = watch->owner;
	bool had_served = child->state == CHILD_READY;
	siginfo_t info = { 0 };

	(void)events;
	/* An adopted child's status goes to init; that it is gone is all that can be known. */
	if (!child->adopted && waitid(P_PIDFD, (id_t)watch->fd, &info, WEXITED) == 0)
		child->last_exit = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
	watch_end(child->posternd->loop, watch);
	monitor_forget_child(child->posternd, child->role);
	forget_record(child);
	plan_restart(child, had_served);
	child->state = CHILD_DOWN;
	child->pid = 0;
	child->adopted = false;
	if (child->role == CHILD_GATEWAY)
		endpoint_forget_told(child->posternd);
	posternd_settle(child->posternd);
}

/* Follow the process behind `pidfd`. */
static int follow(struct child *child, int pidfd, pid_t pid)
{
	child->exit = (struct watch){ .fd = pidfd, .ready = on_exit_of_child, .owner = child };
	child->pid = pid;
	child->state = CHILD_RUNNING;
	child->started_ns = watch_now_ns();
	child->start_at_ns = UINT64_MAX;
	return watch_add(child->posternd->loop, &child->exit, EPOLLIN);
}

void supervise_adopt(struct posternd *posternd)
{
	for (int role = 0; role < CHILD_COUNT; role++) {
		struct child *child = &posternd->children[role];
		pid_t pid;
		int pidfd = supervise_open_recorded(posternd->config.run_dir, child_role_name(child->role), &pid);

		if (pidfd < 0)
			continue;
		if (follow(child, pidfd, pid) < 0) {
			close(pidfd);
			continue;
		}
		child->adopted = true;
		posternd->adoption_deadline_ns = watch_now_ns() + POSTERND_ADOPTION_MS * 1000000ull;
		report(REPORT_INFO, "found the %s (pid %d) still running: waiting for what it holds",
			child_role_name(child->role), pid);
	}
}

/* A descriptor of its own for the settings, at their start: two readers of one would share the position. */
static int open_settings(int settings_fd)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/self/fd/%d", settings_fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* In the forked process: never returns. */
static _Noreturn void become(const char *path, char *const *arguments, char *const *environment, int in, int out,
	uid_t uid, gid_t gid, bool keep_ids)
{
	const struct rlimit no_core = { 0, 0 };
	struct rlimit files;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* Ctrl-C on posternd's terminal is posternd's to handle: the children are drained, not hit. */
	setsid();
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	/* Both children hold private keys in the clear: no file may. */
	setrlimit(RLIMIT_CORE, &no_core);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || close_range(3, ~0u, 0) < 0)
		_exit(126);
	if (privilege_enter_child(uid, gid, keep_ids) < 0)
		_exit(126);
	execve(path, arguments, environment);
	_exit(127);
}

static int start(struct child *child)
{
	struct posternd *posternd = child->posternd;
	const struct netns_config *config = &posternd->config;
	const char *dir = config->binaries_dir[0] ? config->binaries_dir : posternd->binaries_dir;
	char path[sizeof posternd->binaries_dir + 32], socket_path[NETNS_PATH_BYTES + 32];
	char flag[] = "--posternd";
	char *arguments[] = { path, flag, socket_path, NULL };
	struct environment environment;
	uid_t uid = child->role == CHILD_GATEWAY ? config->gateway_uid : config->control_uid;
	int settings, pidfd;
	pid_t pid;

	snprintf(path, sizeof path, "%s/%s", dir, program_names[child->role]);
	snprintf(socket_path, sizeof socket_path, "%s/" VERBS_SOCKET_NAME, config->run_dir);
	if (access(path, X_OK) < 0) {
		report(REPORT_ERROR, "can't start %s: %s (is it installed beside posternd?)", path, strerror(errno));
		return -errno;
	}
	make_environment(&environment);
	settings = open_settings(posternd->settings_fd);
	if (settings < 0)
		return settings;
	pid = fork();
	if (pid == 0)
		become(path, arguments, environment.entries, settings, STDERR_FILENO, uid, config->group_gid,
			config->local);
	close(settings);
	if (pid < 0)
		return -errno;
	pidfd = pidfd_open(pid, 0);
	if (pidfd < 0 || supervise_record(config->run_dir, child_role_name(child->role), pid) < 0 ||
		follow(child, pidfd, pid) < 0) {
		int rc = errno ? -errno : -EIO;

		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		if (pidfd >= 0)
			close(pidfd);
		child->exit.fd = -1;
		child->state = CHILD_DOWN;
		return rc;
	}
	report(REPORT_INFO, "started the %s (pid %d)", child_role_name(child->role), pid);
	return 0;
}

bool supervise_is_adopting(const struct posternd *posternd)
{
	for (int role = 0; role < CHILD_COUNT; role++)
		if (posternd->children[role].adopted && posternd->children[role].state == CHILD_RUNNING)
			return true;
	return false;
}

int supervise_start_due(struct posternd *posternd)
{
	uint64_t now_ns = watch_now_ns();
	int rc = 0;

	/* What an adopted child still holds must not be made a second time. */
	if (posternd->draining || supervise_is_adopting(posternd))
		return 0;
	for (int role = 0; role < CHILD_COUNT; role++) {
		struct child *child = &posternd->children[role];

		if (child->state != CHILD_DOWN || child->start_at_ns > now_ns)
			continue;
		rc = shared_complete(posternd);
		if (rc == 0 && role == CHILD_GATEWAY)
			rc = endpoint_complete_sockets(posternd);
		if (rc == 0)
			rc = start(child);
		if (rc < 0) {
			child->start_at_ns = now_ns + BACK_OFF_MAX_MS * 1000000ull;
			break;
		}
	}
	return rc;
}

uint64_t supervise_next_ns(const struct posternd *posternd)
{
	uint64_t next_ns = UINT64_MAX;

	if (posternd->draining || supervise_is_adopting(posternd))
		return UINT64_MAX;
	for (int role = 0; role < CHILD_COUNT; role++) {
		const struct child *child = &posternd->children[role];

		if (child->state == CHILD_DOWN && child->start_at_ns < next_ns)
			next_ns = child->start_at_ns;
	}
	return next_ns;
}

void supervise_ready(struct child *child)
{
	if (child->state == CHILD_READY)
		return;
	child->state = CHILD_READY;
	child->back_off_ms = 0;
	report(REPORT_INFO, "the %s (pid %d) serves", child_role_name(child->role), child->pid);
	posternd_settle(child->posternd);
}

void supervise_kill(struct child *child, const char *why)
{
	if (child->state == CHILD_DOWN)
		return;
	report(REPORT_WARNING, "ending the %s (pid %d): %s", child_role_name(child->role), child->pid, why);
	/* Its exit is handled when the pidfd says so; until then its messages are not wanted. */
	(void)pidfd_send_signal(child->exit.fd, SIGKILL, NULL, 0);
	monitor_forget_child(child->posternd, child->role);
}

void supervise_signal(struct posternd *posternd, int signal_number)
{
	for (int role = 0; role < CHILD_COUNT; role++)
		if (posternd->children[role].state != CHILD_DOWN)
			(void)pidfd_send_signal(posternd->children[role].exit.fd, signal_number, NULL, 0);
}

struct child *supervise_find(struct posternd *posternd, pid_t pid)
{
	for (int role = 0; role < CHILD_COUNT; role++)
		if (posternd->children[role].state != CHILD_DOWN && posternd->children[role].pid == pid)
			return &posternd->children[role];
	return NULL;
}

bool supervise_is_any_up(const struct posternd *posternd)
{
	return posternd->children[CHILD_GATEWAY].state != CHILD_DOWN ||
	       posternd->children[CHILD_CONTROL].state != CHILD_DOWN;
}

/* Read the record from `fd` while its writer lives, but not for ever. */
static int read_record(struct netns_config *ret, int fd, pid_t pid)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };
	int rc, status;

	if (poll(&wanted, 1, SETTINGS_TIMEOUT_MS) <= 0) {
		report(REPORT_ERROR, "reading the settings took longer than %d s", SETTINGS_TIMEOUT_MS / 1000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return -ETIMEDOUT;
	}
	rc = netns_config_read(ret, fd);
	if (rc == -EMSGSIZE && waitpid(pid, &status, 0) == pid) {
		if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
			report(REPORT_ERROR, "can't start postern-settings: is it installed beside posternd, and may "
					     "everybody execute it?");
		else
			report(REPORT_ERROR, "the settings are refused: the message above says where and why");
		return -EBADMSG;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return rc;
}

int supervise_read_settings(struct netns_config *ret, const char *binaries_dir, int settings_fd)
{
	char path[4096 + 32], flag[] = "--records";
	char *arguments[] = { path, flag, NULL };
	const char *field = "record";
	struct environment environment;
	int pipe_fds[2], settings, rc;
	pid_t pid;

	snprintf(path, sizeof path, "%s/postern-settings", binaries_dir);
	make_environment(&environment);
	settings = open_settings(settings_fd);
	if (settings < 0)
		return settings;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
		close(settings);
		return -errno;
	}
	pid = fork();
	if (pid == 0)
		become(path, arguments, environment.entries, settings, pipe_fds[1], NOBODY, NOBODY, geteuid() != 0);
	close(settings);
	close(pipe_fds[1]);
	rc = pid < 0 ? -errno : read_record(ret, pipe_fds[0], pid);
	close(pipe_fds[0]);
	if (rc == -EINVAL && netns_config_check(ret, &field) == -EINVAL)
		report(REPORT_ERROR, "the settings' record is refused: field %s", field);
	else if (rc == -EPROTO)
		report(REPORT_ERROR, "postern and posternd are of different versions: install both from one build");
	return rc;
}
