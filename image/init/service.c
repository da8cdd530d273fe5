/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/init/service.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Room that a line leaves in a line of the console for the service's name. */
#define NAME_ROOM_BYTES 64

uint64_t service_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static _Noreturn void become(const struct service *service, int output)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Whoever wants it takes it: it may come before a program has got so far. */
	signal(SIGHUP, SIG_IGN);
	setsid();
	dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	execv(service->arguments[0], (char *const *)(size_t)service->arguments);
	dprintf(STDERR_FILENO, "%s: %s\n", service->arguments[0], strerror(errno));
	_exit(127);
}

static void start(struct service *service, uint64_t now)
{
	int ends[2];

	service->started_ms = now;
	service->start_at_ms = now + SERVICE_BACK_OFF_MAX_MS;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	service->pid = fork();
	if (service->pid == 0)
		become(service, ends[1]);
	close(ends[1]);
	if (service->output >= 0)
		close(service->output);
	service->output = ends[0];
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	if (service->pid < 0) {
		console_say("init", "%s does not start: %s", service->name, strerror(errno));
		service->pid = 0;
	}
}

static bool is_wanted(const struct service *service)
{
	return access(service->arguments[0], X_OK) == 0 && (!service->if_there || access(service->if_there, R_OK) == 0);
}

uint64_t service_start_due(struct service *services, size_t count, uint64_t latest_ms)
{
	uint64_t now = service_now_ms(), next = latest_ms;

	for (struct service *s = services; s < services + count; s++) {
		if (!s->pid && s->start_at_ms <= now && is_wanted(s))
			start(s, now);
		if (!s->pid && s->start_at_ms > now && s->start_at_ms < next)
			next = s->start_at_ms;
		if (!s->once_ms || !s->pid)
			continue;
		if (now >= s->started_ms + s->once_ms)
			kill(s->pid, SIGKILL);
		else if (s->started_ms + s->once_ms < next)
			next = s->started_ms + s->once_ms;
		break;
	}
	return next;
}

static void end_line(struct service *service)
{
	service->line[service->line_count] = '\0';
	service->line_count = 0;
	console_say(service->name, "%s", service->line);
	if (service->on_line)
		service->on_line(service);
}

void service_pass_output(struct service *service)
{
	char bytes[CONSOLE_LINE_BYTES];
	ssize_t count;

	while ((count = read(service->output, bytes, sizeof bytes)) > 0)
		for (ssize_t i = 0; i < count; i++) {
			if (bytes[i] == '\n' || service->line_count == sizeof service->line - NAME_ROOM_BYTES)
				end_line(service);
			if (bytes[i] != '\n')
				service->line[service->line_count++] = bytes[i];
		}
	if (count == 0) {
		close(service->output);
		service->output = -1;
	}
}

void service_ended(struct service *service, int status, int said)
{
	uint64_t now = service_now_ms();
	bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	service->pid = 0;
	if (!well || (!service->once_ms && !said))
		console_say("init", "%s ended: %s %d", service->name, WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (now - service->started_ms > SERVICE_LASTED_MS || service->back_off_ms == 0)
		service->back_off_ms = SERVICE_BACK_OFF_MIN_MS;
	else if (service->back_off_ms < SERVICE_BACK_OFF_MAX_MS / 2)
		service->back_off_ms *= 2;
	else
		service->back_off_ms = SERVICE_BACK_OFF_MAX_MS;
	service->start_at_ms = service->once_ms ? UINT64_MAX : now + service->back_off_ms;
}
