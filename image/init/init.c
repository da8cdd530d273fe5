/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * init: process 1 of the appliance: mounts, modules, a fixed table of services, and an orderly end.
 *
 * Whether a start is good is the daemon `system`'s to say (image/system/daemon.h); an update of which it does not say so is given up in any
 * case (trial.h).
 * A watchdog (the machine's, or the kernel's own) restarts a machine whose init does not come round any more.
 *
 * The end: SIGTERM and the power button switch off, SIGINT (Ctrl-Alt-Del) restarts: services are told to end, posternd
 * lets requests under way end first; then the data partition is left clean.
 * Not here: the data partition (data.h), network and settings (the program `configure`), anything that is parsed.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/init/clock.h"
#include "image/init/console.h"
#include "image/init/data.h"
#include "image/init/kernel_log.h"
#include "image/init/machine.h"
#include "image/init/service.h"
#include "image/init/trial.h"

#define SETTINGS "/run/postern/config/postern.yaml"
#define LEASE_SETTINGS "/run/postern/config/dhcpcd.conf"
#define TIME_SETTINGS "/run/postern/config/chrony.conf"
#define SYSLOG_SETTINGS "/run/postern/config/syslog.conf"
#define SETTINGS_OF_THE_IMAGE "/usr/share/postern/default.yaml"
/* The first word of the line by which posternd says that it serves. */
#define READY "ready "
/* The longest round of the loop: a small part of the watchdog's patience. */
#define ROUND_MAX_MS 10000
/* For services to end: more than posternd's own longest wait for requests by default (30 s). */
#define END_MAX_MS 40000
/* What is on the machine; then metadata services, which may be slow. The program has shorter limits of its own. */
#define NETWORK_MAX_MS 15000
#define CONFIGURE_MAX_MS 60000

/* What is not needed to serve starts once posternd serves, and by then in any case. */
#define LATE_MS 30000

static void on_posternd_line(const struct service *posternd);

/*
 * At the end, wave by wave: who uses the logs outlives who writes them, and the network is there until nobody needs it.
 */
enum { SERVERS, LOGS, LINES, WAVES_COUNT };

/* In the order of their start. A row whose program is not in the image is passed over. */
enum { NETWORK, DHCPCD, CONFIGURE, POSTERND, SYSTEM, ROTATE, CHRONYD, SYSLOG, SERVICES_COUNT };
static struct service services[] = {
	[NETWORK] = { .name = "network",
		.arguments = { "/usr/lib/postern/configure", "network" },
		.once_ms = NETWORK_MAX_MS },
	[DHCPCD] = { .name = "dhcpcd",
		.arguments = { "/usr/sbin/dhcpcd", "-B", "-f", LEASE_SETTINGS },
		.if_there = LEASE_SETTINGS,
		.end_wave = LINES },
	[CONFIGURE] = { .name = "configure",
		.arguments = { "/usr/lib/postern/configure" },
		.once_ms = CONFIGURE_MAX_MS },
	[POSTERND] = { .name = "posternd",
		.arguments = { "/usr/lib/postern/posternd", "--settings", SETTINGS_OF_THE_IMAGE },
		.on_line = on_posternd_line },
	[SYSTEM] = { .name = "system", .arguments = { "/usr/lib/postern/system" }, .on_line = trial_on_line },
	[ROTATE] = { .name = "rotate",
		.arguments = { "/usr/lib/postern/rotate", "/var/log/postern", CLOCK_NOTED_PATH },
		.start_at_ms = LATE_MS,
		.end_wave = LOGS },
	[CHRONYD] = { .name = "chronyd",
		.arguments = { "/usr/sbin/chronyd", "-d", "-f", TIME_SETTINGS },
		.if_there = TIME_SETTINGS,
		.start_at_ms = LATE_MS },
	[SYSLOG] = { .name = "syslog",
		.arguments = { "/usr/lib/postern/syslog", SYSLOG_SETTINGS },
		.if_there = SYSLOG_SETTINGS,
		.start_at_ms = LATE_MS,
		.end_wave = LOGS },
};

static int signals, kernel_log;
static bool ending;
static unsigned ending_wave; /* of services that have been told to end */
static int ending_by;        /* of reboot(2) */
static uint64_t end_at_ms;

/* ---- services ---- */

static void on_posternd_line(const struct service *posternd)
{
	if (strncmp(posternd->line, READY, strlen(READY)) != 0)
		return;
	console_say("init", "serving after %llu ms", (unsigned long long)service_now_ms());
	for (size_t i = 0; i < SERVICES_COUNT; i++)
		if (services[i].start_at_ms == LATE_MS)
			services[i].start_at_ms = 0;
}

/* Others than services are orphans: the gateway of a posternd that died, until its successor ends it. */
static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < SERVICES_COUNT; i++)
			if (services[i].pid == pid)
				service_ended(&services[i], status, ending);
}

/* ---- the end ---- */

static void end_wave(unsigned wave)
{
	ending_wave = wave;
	for (size_t i = 0; i < SERVICES_COUNT; i++)
		if (services[i].pid && services[i].end_wave == wave)
			kill(services[i].pid, SIGTERM);
}

static void begin_end(int how)
{
	if (ending)
		return;
	console_say("init", how == RB_AUTOBOOT ? "restarting" : "switching off");
	ending = true;
	ending_by = how;
	end_at_ms = service_now_ms() + END_MAX_MS;
	end_wave(SERVERS);
}

static bool has_ended(void)
{
	for (; ending_wave < WAVES_COUNT; end_wave(ending_wave + 1))
		for (size_t i = 0; i < SERVICES_COUNT; i++)
			if (services[i].pid && services[i].end_wave == ending_wave)
				return service_now_ms() >= end_at_ms;
	return true;
}

static _Noreturn void end(void)
{
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	data_unmount();
	reboot(ending_by);
	_exit(1);
}

/* ---- the loop ---- */

static void on_signals(void)
{
	struct signalfd_siginfo signal;

	while (read(signals, &signal, sizeof signal) == (ssize_t)sizeof signal)
		if (signal.ssi_signo == SIGHUP && services[POSTERND].pid)
			kill(services[POSTERND].pid, SIGHUP); /* `rotate` has begun logs anew */
		else if (signal.ssi_signo == SIGTERM || signal.ssi_signo == SIGINT)
			begin_end(signal.ssi_signo == SIGINT ? RB_AUTOBOOT : RB_POWER_OFF);
	reap();
}

static uint64_t start_services(void)
{
	uint64_t latest_ms = service_now_ms() + ROUND_MAX_MS;

	if (!ending && trial_is_lost(service_now_ms(), &latest_ms))
		begin_end(RB_AUTOBOOT);
	if (ending)
		return end_at_ms < latest_ms ? end_at_ms : latest_ms;
	/* What `configure` made, once it has; else the image's own, with which management is closed to the outside. */
	if (access(SETTINGS, R_OK) == 0)
		services[POSTERND].arguments[2] = SETTINGS;
	return service_start_due(services, SERVICES_COUNT, latest_ms);
}

static void turn(void)
{
	struct pollfd events[2 + SERVICES_COUNT + MACHINE_BUTTONS_MAX] = { { .fd = signals, .events = POLLIN },
		{ .fd = kernel_log, .events = POLLIN } };
	struct pollfd *of_services = events + 2, *of_buttons = of_services + SERVICES_COUNT;
	uint64_t next = start_services(), now = service_now_ms();

	for (size_t i = 0; i < SERVICES_COUNT; i++)
		of_services[i] = (struct pollfd){ .fd = services[i].output, .events = POLLIN };
	for (size_t i = 0; i < MACHINE_BUTTONS_MAX; i++)
		of_buttons[i] = (struct pollfd){ .fd = machine_buttons()[i], .events = POLLIN };
	(void)poll(events, sizeof events / sizeof *events, next > now ? (int)(next - now) : 0);
	machine_feed_watchdog();
	for (size_t i = 0; i < SERVICES_COUNT; i++)
		if (of_services[i].revents)
			service_pass_output(&services[i]);
	for (size_t i = 0; i < MACHINE_BUTTONS_MAX; i++)
		if (of_buttons[i].revents && machine_is_pressed(of_buttons[i].fd))
			begin_end(RB_POWER_OFF);
	if (events[1].revents)
		kernel_log_pass(kernel_log);
	if (events[0].revents)
		on_signals();
}

static void take_signals(void)
{
	sigset_t wanted;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGCHLD);
	sigaddset(&wanted, SIGHUP);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGINT);
	sigprocmask(SIG_SETMASK, &wanted, NULL);
	signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

int main(void)
{
	if (getpid() != 1) {
		fputs("init: this is process 1 of the appliance\n", stderr);
		return 1;
	}
	for (size_t i = 0; i < SERVICES_COUNT; i++)
		services[i].output = -1;
	take_signals();
	machine_prepare();
	trial_open();
	kernel_log = kernel_log_open();
	while (!ending || !has_ended())
		turn();
	end();
}
