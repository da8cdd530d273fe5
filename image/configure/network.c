/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/configure/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "image/configure/confined.h"
#include "image/configure/dhcpcd.h"
#include "image/configure/files.h"
#include "image/configure/network_apply.h"
#include "image/configure/network_config.h"
#include "image/configure/network_state.h"
#include "image/configure/say.h"

#define READING_MS 5000
#define SAID_LINES_MAX 40
#define DHCPCD_FILE "dhcpcd.conf"
/* Where dhcpcd keeps its leases and its own identity, so that a restarted appliance asks for the address that it had. */
#define DHCPCD_STATE "/var/lib/dhcpcd"

/* ---- in the child ---- */

static void say_all(const struct buffer *said)
{
	say_lines("", view_from(said->at, said->count), SAID_LINES_MAX);
}

static int make_plan(const void *input, void *record)
{
	struct buffer said;

	buffer_init(&said, NETWORK_SAID_MAX_BYTES);
	network_config_plan(input, record, &said);
	say_all(&said);
	buffer_fini(&said);
	return 0;
}

static int read_time(const void *input, void *record)
{
	const struct view *settings = input;
	struct buffer said;

	buffer_init(&said, NETWORK_SAID_MAX_BYTES);
	network_config_time(*settings, record, &said);
	say_all(&said);
	buffer_fini(&said);
	return 0;
}

/* ---- the plan ---- */

/* The file as a view on the heap; none if it is not there or can't be had (said). */
static struct view take_file(const char *path, size_t max_bytes)
{
	char *bytes;
	size_t count;
	int error = files_read(path, max_bytes, &bytes, &count);

	if (error == 0)
		return view_from(bytes, count);
	if (error != -ENOENT)
		say("%s: %s", path, error == -EFBIG ? "too large: left out" : strerror(-error));
	return view_from(NULL, 0);
}

static void give_back(struct view bytes)
{
	if (bytes.at)
		free((char *)(uintptr_t)bytes.at);
}

/* A child that fails must not cost the machine its network. */
static int find_plan(const struct network_wanted *wanted, struct network_plan *ret)
{
	const struct network_wanted nothing = { .nics = wanted->nics };
	int error = confined_run(make_plan, wanted, ret, sizeof *ret, READING_MS);

	if (!error)
		error = network_plan_check(ret, wanted->nics);
	if (!error || (!wanted->config.at && !wanted->settings.at))
		return error;
	say("network-config can't be read (%s): as without one, the first NIC is set up by DHCP", strerror(-error));
	error = confined_run(make_plan, &nothing, ret, sizeof *ret, READING_MS);
	return error ? error : network_plan_check(ret, wanted->nics);
}

static void say_plan(const struct network_plan *plan, const struct network_nics *nics)
{
	for (size_t i = 0; i < plan->interface_count; i++) {
		const struct network_interface *interface = &plan->interfaces[i];
		char text[INET6_ADDRSTRLEN], line[512] = "";
		size_t count = 0;

		for (size_t a = 0; a < interface->address_count && count < sizeof line - INET6_ADDRSTRLEN - 8; a++) {
			network_address_text(&interface->addresses[a], text);
			count += (size_t)snprintf(
				line + count, sizeof line - count, " %s/%u", text, interface->addresses[a].prefix_bits);
		}
		say("%s:%s%s%s%s%s%s", network_nic_name(nics, interface->index), line, interface->dhcp4 ? " DHCP" : "",
			interface->dhcp6 ? " DHCPv6" : "",
			interface->use == NETWORK_USE_OWN && interface->advertisements != NETWORK_RA_NO
				? " router-advertisements"
				: "",
			interface->use == NETWORK_USE_CARRIER ? " for endpoints' links" : "",
			interface->use == NETWORK_USE_MOVED ? " for an endpoint" : "");
	}
}

static int write_dhcpcd(const struct network_plan *plan, const struct network_nics *nics)
{
	struct buffer text;
	int error = 0;

	buffer_init(&text, DHCPCD_CONFIG_MAX_BYTES);
	if (dhcpcd_print(plan, nics, &text)) {
		if (mkdir(DHCPCD_STATE, 0755) < 0 && errno != EEXIST)
			say("%s: %s: leases are not kept", DHCPCD_STATE, strerror(errno));
		error = buffer_error(&text);
		if (!error)
			error = files_write(NETWORK_FOLDER "/" DHCPCD_FILE, buffer_view(&text), 0600);
	}
	buffer_fini(&text);
	return error;
}

/* Its records fill some pages. One at a time; NULL if it can't be had (said). */
static struct network_state *open_state(void)
{
	static struct network_state state;
	int error = network_state_open(&state, NETWORK_FOLDER, NETWORK_RESOLVER_FILE);

	if (error)
		say("%s: %s", NETWORK_FOLDER, strerror(-error));
	return error ? NULL : &state;
}

/* Everybody may read it, whatever this process's umask is. */
static void make_resolver_folder(void)
{
	if ((mkdir(NETWORK_RESOLVER_FOLDER, 0755) < 0 && errno != EEXIST) || chmod(NETWORK_RESOLVER_FOLDER, 0755) < 0)
		say(NETWORK_RESOLVER_FOLDER ": %s", strerror(errno));
}

static int keep_plan(const struct network_plan *plan, const struct network_nics *nics)
{
	struct network_state *state = open_state();
	int error = state ? network_state_put_plan(state, plan, nics) : -EIO;

	if (error)
		say("the plan of the network can't be kept: %s", strerror(-error));
	if (state) {
		network_state_write_files(state);
		network_state_close(state);
	}
	return error;
}

int network_set_up(const char *config_path, const char *settings_path)
{
	static struct network_plan plan;
	struct network_nics nics;
	struct network_wanted wanted = { .nics = &nics };
	int error = network_find_nics(&nics);

	make_resolver_folder();
	if (error || !nics.count) {
		say("this machine has no NIC");
		return error ? error : -ENODEV;
	}
	wanted.config = take_file(config_path, NETWORK_CONFIG_MAX_BYTES);
	wanted.settings = take_file(settings_path, NETWORK_SETTINGS_MAX_BYTES);
	error = find_plan(&wanted, &plan);
	give_back(wanted.config);
	give_back(wanted.settings);
	if (error) {
		say("no network: %s", strerror(-error));
		return error;
	}
	if (!plan.interface_count)
		say("no NIC is left for the appliance itself: `networks` of the settings moves all of them");
	network_apply(&plan, &nics);
	say_plan(&plan, &nics);
	error = write_dhcpcd(&plan, &nics);
	if (error)
		say(NETWORK_FOLDER "/" DHCPCD_FILE ": %s", strerror(-error));
	return keep_plan(&plan, &nics);
}

/* ---- waiting ---- */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The first interface that has nothing so far, or NULL. */
static const struct network_interface *find_waiting(const struct network_plan *plan)
{
	for (size_t i = 0; i < plan->interface_count; i++) {
		const struct network_interface *interface = &plan->interfaces[i];

		if (!interface->optional && (interface->dhcp4 || interface->dhcp6) &&
			!network_has_address(interface->index))
			return interface;
	}
	return NULL;
}

/* The kernel says each address that comes. */
static int open_news(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int network_wait(int timeout_ms)
{
	int64_t deadline_ms = now_ms() + timeout_ms, left_ms;
	char bytes[8192];
	struct network_nics nics;
	const struct network_interface *waiting;
	static struct network_plan plan;
	struct network_state *state = open_state();
	int news;

	if (!state)
		return 0;
	plan = state->plan;
	nics = state->nics;
	/* Leases are to come in meanwhile. */
	network_state_close(state);
	news = open_news();
	while ((waiting = find_waiting(&plan)) != NULL && (left_ms = deadline_ms - now_ms()) > 0) {
		struct pollfd event = { .fd = news, .events = POLLIN };

		(void)poll(&event, 1, (int)left_ms);
		while (recv(news, bytes, sizeof bytes, 0) > 0)
			;
	}
	if (news >= 0)
		close(news);
	if (!waiting)
		return 0;
	say("%s has no address after %d s: going on without it", network_nic_name(&nics, waiting->index),
		timeout_ms / 1000);
	return -ETIMEDOUT;
}

/* ---- once the settings are there ---- */

static int plan_carriers(const void *input, void *record)
{
	const struct network_wanted *wanted = input;

	network_config_carriers(wanted->settings, wanted->nics, record);
	return 0;
}

/* NICs of settings that came by network, or were changed by judging them: those that carry links of endpoints only are not up so far. */
static void raise_carriers(struct network_state *state, struct view settings)
{
	static struct network_plan carriers;
	struct network_nics nics;
	struct network_wanted wanted = { .settings = settings, .nics = &nics };

	if (network_find_nics(&nics) < 0)
		return;
	if (confined_run(plan_carriers, &wanted, &carriers, sizeof carriers, READING_MS) < 0 ||
		network_plan_check(&carriers, &nics) < 0)
		return;
	network_plan_leave_out(&carriers, &state->plan);
	network_apply(&carriers, &nics);
	say_plan(&carriers, &nics);
}

static void say_no_time(const struct network_plan *plan)
{
	bool may_come = false;

	for (size_t i = 0; i < plan->interface_count; i++)
		may_come = may_come || plan->interfaces[i].dhcp4 || plan->interfaces[i].dhcp6;
	say("time: no NTP server is known%s: the clock is as the machine has it",
		may_come ? " so far (`ntp_servers` of the settings has none, DHCP may name one)"
			 : " (`ntp_servers` of the settings has none)");
}

int network_complete(const char *settings_path)
{
	static struct network_time_servers time;
	struct view settings = take_file(settings_path, NETWORK_SETTINGS_MAX_BYTES);
	struct network_state *state = open_state();
	int error = state ? 0 : -EIO;

	memset(&time, 0, sizeof time);
	if (!error && settings.at) {
		raise_carriers(state, settings);
		error = confined_run(read_time, &settings, &time, sizeof time, READING_MS);
	}
	if (!error)
		error = network_state_put_time(state, &time);
	if (error)
		say("time: ntp_servers can't be read: %s", strerror(-error));
	if (state) {
		if (!network_state_write_files(state) && !error)
			say_no_time(&state->plan);
		network_state_close(state);
	}
	give_back(settings);
	return error;
}
