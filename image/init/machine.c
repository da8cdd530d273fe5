/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/init/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <linux/watchdog.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/init/clock.h"
#include "image/init/console.h"
#include "image/init/data.h"
#include "image/init/modules.h"
#include "image/init/record.h"

static int watchdog = -1, buttons[MACHINE_BUTTONS_MAX];

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
	int seconds = MACHINE_WATCHDOG_SECONDS;

	watchdog = open("/dev/watchdog", O_WRONLY | O_CLOEXEC);
	if (watchdog < 0 || ioctl(watchdog, WDIOC_SETTIMEOUT, &seconds) < 0)
		console_say("init", "no watchdog: %s", strerror(errno));
	for (int i = 0; i < MACHINE_BUTTONS_MAX; i++) {
		char path[32];

		snprintf(path, sizeof path, "/dev/input/event%d", i);
		buttons[i] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	}
}

void machine_prepare(void)
{
	static const char hostname[] = "postern";

	reboot(RB_DISABLE_CAD);
	console_never_block();
	mount_memory("/run", "mode=0755,size=32m");
	mount_memory("/tmp", "mode=1777,size=16m");
	mkdir("/run/postern", 0755);
	mkdir("/run/postern/config", 0700);
	record_open(RECORD_PATH, RECORD_GROUP);
	(void)!sethostname(hostname, strlen(hostname));
	bring_up_loopback();
	/* Most are there: stage1 had time for them. */
	modules_load("", MODULES_OF_THE_ROOT);
	data_mount();
	clock_raise();
	open_devices();
}

void machine_feed_watchdog(void)
{
	(void)!write(watchdog, "", 1);
}

const int *machine_buttons(void)
{
	return buttons;
}

bool machine_is_pressed(int button)
{
	struct input_event event;

	while (read(button, &event, sizeof event) == (ssize_t)sizeof event)
		if (event.type == EV_KEY && event.code == KEY_POWER && event.value == 1)
			return true;
	return false;
}
