/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * init: process 1 of the appliance: mounts, modules, a fixed table of services, and an orderly end.
 *
 * When posternd says that it serves, the slot has proven itself: the boot loader's count of tries is set back to its full
 * number.
 * A watchdog (the machine's, or the kernel's own) restarts a machine whose init does not come round any more.
 *
 * The end: SIGTERM and the power button switch off, SIGINT (Ctrl-Alt-Del) restarts: services are told to end, posternd
 * lets requests under way end first; then the data partition is left clean.
 * Not here: the data partition (data.h), network and settings (the program `configure`), anything that is parsed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <linux/watchdog.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/init/console.h"
#include "image/init/data.h"
#include "image/init/grubenv.h"
#include "image/init/modules.h"
#include "image/init/record.h"
#include "image/init/service.h"

#define MODULES_LIST "/usr/share/postern/modules"
#define SETTINGS "/run/postern/config/postern.yaml"
#define LEASE_SETTINGS "/run/postern/config/dhcpcd.conf"
#define TIME_SETTINGS "/run/postern/config/chrony.conf"
#define SYSLOG_SETTINGS "/run/postern/config/syslog.conf"
#define SETTINGS_OF_THE_IMAGE "/usr/share/postern/default.yaml"
/* The first word of the line by which posternd says that it serves. */
#define READY "ready "
/* The watchdog bites after a minute without a round of the loop, which is at most so long. */
#define WATCHDOG_SECONDS 60
#define ROUND_MAX_MS 10000
/* For services to end: more than posternd's own longest wait for requests by default (30 s). */
#define END_MAX_MS 40000
#define POWER_BUTTONS_MAX 4
/* What is on the machine; then metadata services, which may be slow. The program has shorter limits of its own. */
#define NETWORK_MAX_MS 15000
#define CONFIGURE_MAX_MS 60000

static void keep_slot(const struct service *posternd);

/* In the order of their start. A row whose program is not in the image is passed over. */
enum { NETWORK, DHCPCD, CONFIGURE, POSTERND, SYSTEM, CHRONYD, SYSLOG, SERVICES_COUNT };
static struct service services[] = {
	[NETWORK] = { .name = "network",
		.arguments = { "/usr/lib/postern/configure", "network" },
		.once_ms = NETWORK_MAX_MS },
	[DHCPCD] = { .name = "dhcpcd",
		.arguments = { "/usr/sbin/dhcpcd", "-B", "-f", LEASE_SETTINGS },
		.if_there = LEASE_SETTINGS },
	[CONFIGURE] = { .name = "configure",
		.arguments = { "/usr/lib/postern/configure" },
		.once_ms = CONFIGURE_MAX_MS },
	[POSTERND] = { .name = "posternd",
		.arguments = { "/usr/lib/postern/posternd", "--settings", SETTINGS_OF_THE_IMAGE },
		.on_line = keep_slot },
	[SYSTEM] = { .name = "system", .arguments = { "/usr/lib/postern/system" } },
	[CHRONYD] = { .name = "chronyd",
		.arguments = { "/usr/sbin/chronyd", "-d", "-f", TIME_SETTINGS },
		.if_there = TIME_SETTINGS },
	[SYSLOG] = { .name = "syslog",
		.arguments = { "/usr/lib/postern/syslog", SYSLOG_SETTINGS },
		.if_there = SYSLOG_SETTINGS },
};

static int signals, watchdog, buttons[POWER_BUTTONS_MAX];
static bool ending;
static int ending_by; /* of reboot(2) */
static uint64_t end_at_ms;

/* ---- start ---- */

static void mount_memory(const char *path, const char *options)
{
	if (mount("memory", path, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
		console_say("init", "%s: %s", path, strerror(errno));
}

static void bring_up_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		console_say("init", "loopback: %s", strerror(errno));
	close(fd);
}

static void open_devices(void)
{
	int seconds = WATCHDOG_SECONDS;

	watchdog = open("/dev/watchdog", O_WRONLY | O_CLOEXEC);
	if (watchdog < 0 || ioctl(watchdog, WDIOC_SETTIMEOUT, &seconds) < 0)
		console_say("init", "no watchdog: %s", strerror(errno));
	for (int i = 0; i < POWER_BUTTONS_MAX; i++) {
		char path[32];

		snprintf(path, sizeof path, "/dev/input/event%d", i);
		buttons[i] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	}
}

static void prepare(void)
{
	static const char hostname[] = "postern";
	static struct grubenv env;
	char slot[GRUBENV_VALUE_BYTES], why[GRUBENV_VALUE_BYTES];
	sigset_t wanted;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGCHLD);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGINT);
	sigprocmask(SIG_SETMASK, &wanted, NULL);
	signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	reboot(RB_DISABLE_CAD);
	mount_memory("/run", "mode=0755,size=32m");
	mount_memory("/tmp", "mode=1777,size=16m");
	mkdir("/run/postern", 0755);
	mkdir("/run/postern/config", 0700);
	record_open(RECORD_PATH, RECORD_GROUP);
	(void)!sethostname(hostname, strlen(hostname));
	bring_up_loopback();
	modules_load(MODULES_LIST);
	data_mount();
	open_devices();
	snprintf(slot, sizeof slot, "%s", console_argument("slot"));
	if (grubenv_read(&env) == 0) {
		grubenv_get(&env, "why", why);
		if (*why)
			console_say("init", "slot %s was started because %s", slot, why);
	}
}

/* ---- services ---- */

/* It serves: an update that was on trial stays, and the next starts have all their tries. */
static void keep_slot(const struct service *posternd)
{
	static struct grubenv env;
	int error;

	if (strncmp(posternd->line, READY, strlen(READY)) != 0)
		return;
	error = grubenv_read(&env);
	if (!error)
		error = grubenv_put(&env, "tries", "3");
	if (!error)
		error = grubenv_put(&env, "previous", "");
	if (!error)
		error = grubenv_write(&env);
	if (error)
		console_say("init", "the boot loader can't be told: %s", strerror(-error));
	console_say("init", "serving after %llu ms", (unsigned long long)service_now_ms());
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

static void begin_end(int how)
{
	if (ending)
		return;
	console_say("init", how == RB_AUTOBOOT ? "restarting" : "switching off");
	ending = true;
	ending_by = how;
	end_at_ms = service_now_ms() + END_MAX_MS;
	for (size_t i = 0; i < SERVICES_COUNT; i++)
		if (services[i].pid)
			kill(services[i].pid, SIGTERM);
}

static bool has_ended(void)
{
	for (size_t i = 0; i < SERVICES_COUNT; i++)
		if (services[i].pid)
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
		if (signal.ssi_signo != SIGCHLD)
			begin_end(signal.ssi_signo == SIGINT ? RB_AUTOBOOT : RB_POWER_OFF);
	reap();
}

static void on_button(int button)
{
	struct input_event event;

	while (read(button, &event, sizeof event) == (ssize_t)sizeof event)
		if (event.type == EV_KEY && event.code == KEY_POWER && event.value == 1)
			begin_end(RB_POWER_OFF);
}

static uint64_t start_services(void)
{
	uint64_t latest_ms = service_now_ms() + ROUND_MAX_MS;

	if (ending)
		return end_at_ms < latest_ms ? end_at_ms : latest_ms;
	/* What `configure` made, once it has; else the image's own, with which management is closed to the outside. */
	if (access(SETTINGS, R_OK) == 0)
		services[POSTERND].arguments[2] = SETTINGS;
	return service_start_due(services, SERVICES_COUNT, latest_ms);
}

static void turn(void)
{
	struct pollfd events[1 + SERVICES_COUNT + POWER_BUTTONS_MAX] = { { .fd = signals, .events = POLLIN } };
	struct pollfd *of_services = events + 1, *of_buttons = of_services + SERVICES_COUNT;
	uint64_t next = start_services(), now = service_now_ms();

	for (size_t i = 0; i < SERVICES_COUNT; i++)
		of_services[i] = (struct pollfd){ .fd = services[i].output, .events = POLLIN };
	for (size_t i = 0; i < POWER_BUTTONS_MAX; i++)
		of_buttons[i] = (struct pollfd){ .fd = buttons[i], .events = POLLIN };
	(void)poll(events, sizeof events / sizeof *events, next > now ? (int)(next - now) : 0);
	(void)!write(watchdog, "", 1);
	for (size_t i = 0; i < SERVICES_COUNT; i++)
		if (of_services[i].revents)
			service_pass_output(&services[i]);
	for (size_t i = 0; i < POWER_BUTTONS_MAX; i++)
		if (of_buttons[i].revents)
			on_button(buttons[i]);
	if (events[0].revents)
		on_signals();
}

int main(void)
{
	if (getpid() != 1) {
		fputs("init: this is process 1 of the appliance\n", stderr);
		return 1;
	}
	for (size_t i = 0; i < SERVICES_COUNT; i++)
		services[i].output = -1;
	prepare();
	while (!ending || !has_ended())
		turn();
	end();
}
