/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/configure/network_state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/configure/files.h"
#include "image/configure/say.h"

#define PATH_ROOM_BYTES 256
/* Of the files made here. */
#define FILE_MAX_BYTES 16384u
/* More are of no use: a resolver asks one after the other. */
#define RESOLVER_SERVERS_MAX 6
#define CLOCK_PATH_BYTES 32
#define CHRONY_USER "_chrony"
/* chronyd's own: it has given up root when it removes its file there, and would take one that stayed for another chronyd. */
#define CHRONY_FOLDER "/run/chrony"
#define CHRONY_PID_FILE CHRONY_FOLDER "/chronyd.pid"
#define CHRONY_PROGRAM "/usr/sbin/chronyd"
/* Amazon Time Sync Service. Source: AWS, "Set the time reference on your EC2 instance to use the local Amazon Time Sync Service". */
#define AMAZON_TIME "169.254.169.123"

static const char *const kind_names[] = { "dhcp4", "dhcp6", "ra" };

/* ---- records ---- */

static void path_of(const struct network_state *state, const char *name, char ret[PATH_ROOM_BYTES])
{
	snprintf(ret, PATH_ROOM_BYTES, "%s/%s", state->folder, name);
}

static void lease_path(const struct network_state *state, uint32_t index, uint32_t kind, char ret[PATH_ROOM_BYTES])
{
	char name[32];

	snprintf(name, sizeof name, "leases/%u.%s", index, kind_names[kind]);
	path_of(state, name, ret);
}

/* Of exactly `count` bytes. */
static bool read_record(const char *path, void *ret, size_t count)
{
	char *bytes;
	size_t found;
	bool whole;

	if (files_read(path, count, &bytes, &found) < 0)
		return false;
	whole = found == count;
	if (whole)
		memcpy(ret, bytes, count);
	free(bytes);
	return whole;
}

static bool time_is_sound(const struct network_time_servers *time)
{
	struct network_address address;

	if (time->count > NETWORK_TIME_SERVERS_MAX)
		return false;
	for (size_t i = 0; i < time->count; i++)
		if (!memchr(time->names[i], '\0', sizeof time->names[i]) ||
			(!network_domain_is_sound(time->names[i]) &&
				network_address_parse(time->names[i], &address) < 0))
			return false;
	return true;
}

int network_lease_check(const struct network_lease *lease)
{
	const struct network_names *names = &lease->names;

	if (lease->magic != NETWORK_LEASE_MAGIC || lease->kind >= NETWORK_LEASE_KINDS_COUNT ||
		lease->time_server_count > NETWORK_TIME_SERVERS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < lease->time_server_count; i++)
		if (lease->time_servers[i].family != AF_INET && lease->time_servers[i].family != AF_INET6)
			return -EINVAL;
	if (names->server_count > NETWORK_NAME_SERVERS_MAX || names->search_count > NETWORK_SEARCH_MAX)
		return -EINVAL;
	for (size_t i = 0; i < names->server_count; i++)
		if (names->servers[i].family != AF_INET && names->servers[i].family != AF_INET6)
			return -EINVAL;
	for (size_t i = 0; i < names->search_count; i++)
		if (!network_domain_is_sound(names->search[i]))
			return -EINVAL;
	return 0;
}

static void read_leases(struct network_state *state)
{
	char path[PATH_ROOM_BYTES];

	for (size_t i = 0; i < state->plan.interface_count; i++)
		for (uint32_t kind = 0; kind < NETWORK_LEASE_KINDS_COUNT; kind++) {
			struct network_lease *lease = &state->leases[state->lease_count];

			lease_path(state, state->plan.interfaces[i].index, kind, path);
			if (read_record(path, lease, sizeof *lease) && network_lease_check(lease) == 0 &&
				lease->index == state->plan.interfaces[i].index && lease->kind == kind)
				state->lease_count++;
		}
}

int network_state_open(struct network_state *ret, const char *folder, const char *resolver_path)
{
	char path[PATH_ROOM_BYTES];

	memset(ret, 0, sizeof *ret);
	ret->folder = folder;
	ret->resolver_path = resolver_path;
	path_of(ret, "leases", path);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	ret->lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->lock < 0)
		return -errno;
	if (flock(ret->lock, LOCK_EX) < 0) {
		int error = -errno;

		close(ret->lock);
		return error;
	}
	path_of(ret, "network.nics", path);
	ret->has_plan = read_record(path, &ret->nics, sizeof ret->nics) && ret->nics.count <= NETWORK_NICS_MAX;
	path_of(ret, "network.plan", path);
	ret->has_plan = ret->has_plan && read_record(path, &ret->plan, sizeof ret->plan) &&
			network_plan_check(&ret->plan, &ret->nics) == 0;
	if (!ret->has_plan)
		ret->plan.interface_count = 0;
	path_of(ret, "network.time", path);
	ret->has_time = read_record(path, &ret->time, sizeof ret->time) && time_is_sound(&ret->time);
	read_leases(ret);
	return 0;
}

void network_state_close(struct network_state *state)
{
	close(state->lock);
}

int network_state_put_plan(
	struct network_state *state, const struct network_plan *plan, const struct network_nics *nics)
{
	char path[PATH_ROOM_BYTES];
	int error;

	path_of(state, "network.nics", path);
	error = files_write(path, view_from(nics, sizeof *nics), 0600);
	path_of(state, "network.plan", path);
	if (!error)
		error = files_write(path, view_from(plan, sizeof *plan), 0600);
	if (!error) {
		state->plan = *plan;
		state->nics = *nics;
		state->has_plan = true;
	}
	return error;
}

int network_state_put_time(struct network_state *state, const struct network_time_servers *time)
{
	char path[PATH_ROOM_BYTES];
	int error = time_is_sound(time) ? 0 : -EINVAL;

	path_of(state, "network.time", path);
	if (!error)
		error = files_write(path, view_from(time, sizeof *time), 0600);
	if (!error) {
		state->time = *time;
		state->has_time = true;
	}
	return error;
}

int network_state_put_lease(
	struct network_state *state, uint32_t index, enum network_lease_kind kind, const struct network_lease *lease)
{
	char path[PATH_ROOM_BYTES];
	uint32_t i = 0;
	int error;

	lease_path(state, index, kind, path);
	error = lease ? files_write(path, view_from(lease, sizeof *lease), 0600) : files_remove(path);
	if (error)
		return error;
	while (i < state->lease_count && (state->leases[i].index != index || state->leases[i].kind != kind))
		i++;
	if (lease && i < NETWORK_LEASES_MAX) {
		state->leases[i] = *lease;
		state->lease_count += i == state->lease_count;
	} else if (!lease && i < state->lease_count) {
		state->leases[i] = state->leases[--state->lease_count];
	}
	return 0;
}

bool network_state_has_lease(const struct network_state *state, uint32_t index)
{
	for (size_t i = 0; i < state->lease_count; i++)
		if (state->leases[i].index == index)
			return true;
	return false;
}

/* ---- the resolver's file ---- */

struct resolver {
	struct buffer servers, search;
	unsigned server_count, search_count;
};

static void add_server(struct resolver *resolver, const struct network_address *server, const char *interface)
{
	bool is_local = server->family == AF_INET6 && server->bytes[0] == 0xfe && (server->bytes[1] & 0xc0) == 0x80;
	char text[INET6_ADDRSTRLEN], line[INET6_ADDRSTRLEN + 32];

	network_address_text(server, text);
	if (is_local && !interface)
		return;
	snprintf(line, sizeof line, "nameserver %s%s%s\n", text, is_local ? "%" : "", is_local ? interface : "");
	if (resolver->server_count == RESOLVER_SERVERS_MAX ||
		view_find(buffer_view(&resolver->servers), view_from_text(line)) != VIEW_NOWHERE)
		return;
	buffer_append_text(&resolver->servers, line);
	resolver->server_count++;
}

static void add_search(struct resolver *resolver, const char *domain)
{
	char word[NETWORK_DOMAIN_BYTES + 2];

	snprintf(word, sizeof word, " %s ", domain);
	if (resolver->search_count == NETWORK_SEARCH_MAX ||
		view_find(buffer_view(&resolver->search), view_from_text(word)) != VIEW_NOWHERE)
		return;
	/* Each word has a blank on both sides. */
	buffer_append_text(&resolver->search, word + 1);
	resolver->search_count++;
}

static void add_names(struct resolver *resolver, const struct network_names *names, const char *interface)
{
	for (size_t i = 0; i < names->server_count; i++)
		add_server(resolver, &names->servers[i], interface);
	for (size_t i = 0; i < names->search_count; i++)
		add_search(resolver, names->search[i]);
}

/* What people wrote comes first, then the interfaces in their order, DHCPv4 before DHCPv6 before routers. */
void network_state_print_resolver(const struct network_state *state, struct buffer *ret)
{
	struct resolver resolver = { .server_count = 0 };

	buffer_init(&resolver.servers, FILE_MAX_BYTES);
	buffer_init(&resolver.search, FILE_MAX_BYTES);
	buffer_append_text(&resolver.search, "search ");
	for (size_t i = 0; i < state->plan.interface_count; i++)
		add_names(&resolver, &state->plan.interfaces[i].names,
			network_nic_name(&state->nics, state->plan.interfaces[i].index));
	for (size_t i = 0; i < state->plan.interface_count; i++)
		for (uint32_t kind = 0; kind < NETWORK_LEASE_KINDS_COUNT; kind++)
			for (size_t lease = 0; lease < state->lease_count; lease++)
				if (state->leases[lease].kind == kind &&
					state->leases[lease].index == state->plan.interfaces[i].index)
					add_names(&resolver, &state->leases[lease].names,
						network_nic_name(&state->nics, state->leases[lease].index));
	buffer_append(ret, buffer_view(&resolver.servers));
	if (resolver.search_count) {
		buffer_append(ret, view_trim(buffer_view(&resolver.search)));
		buffer_append_byte(ret, '\n');
	}
	buffer_fini(&resolver.servers);
	buffer_fini(&resolver.search);
}

/* ---- time ---- */

static bool is_amazon(void)
{
	char *vendor;
	size_t count;
	bool found;

	if (files_read("/sys/class/dmi/id/sys_vendor", 4096, &vendor, &count) < 0)
		return false;
	found = strncmp(vendor, "Amazon EC2", strlen("Amazon EC2")) == 0;
	free(vendor);
	return found;
}

/* The hypervisor's clock, if this machine shows it: into `ret`, /dev/ptpN. */
static bool find_clock(char ret[CLOCK_PATH_BYTES])
{
	for (int i = 0; i < 8; i++) {
		char path[64], *name;
		size_t count;
		bool found;

		snprintf(path, sizeof path, "/sys/class/ptp/ptp%d/clock_name", i);
		if (files_read(path, 4096, &name, &count) < 0)
			continue;
		found = strncmp(name, "KVM", 3) == 0 || strncmp(name, "hyperv", 6) == 0;
		free(name);
		snprintf(ret, CLOCK_PATH_BYTES, "/dev/ptp%d", i);
		if (found)
			return true;
	}
	return false;
}

bool network_state_print_time(const struct network_state *state, bool has_amazon, const char *clock, struct buffer *ret)
{
	char text[INET6_ADDRSTRLEN];
	bool any = has_amazon || clock;

	buffer_append_text(ret, "# Made anew at each start and by each lease.\n");
	for (size_t i = 0; i < state->time.count; i++, any = true)
		buffer_printf(ret, "server %s iburst\n", state->time.names[i]);
	for (size_t i = 0; !state->time.count && i < state->lease_count; i++)
		for (size_t server = 0; server < state->leases[i].time_server_count; server++, any = true) {
			network_address_text(&state->leases[i].time_servers[server], text);
			buffer_printf(ret, "server %s iburst\n", text);
		}
	if (has_amazon)
		buffer_append_text(ret, "server " AMAZON_TIME " prefer iburst minpoll 4 maxpoll 4\n");
	if (clock)
		buffer_printf(ret, "refclock PHC %s poll 3 dpoll -2 offset 0 stratum 2\n", clock);
	buffer_append_text(ret, "driftfile /var/lib/chrony/chrony.drift\n"
				"pidfile " CHRONY_PID_FILE "\n"
				"makestep 1 3\n"
				"rtcsync\n"
				"cmdport 0\n"
				"bindcmdaddress /\n");
	return any;
}

/* Whoever has chronyd's number now is left alone if he is another. */
static void end_chronyd(void)
{
	char path[64], program[64], *text;
	size_t count;
	ssize_t program_count;
	long pid;

	if (files_read(CHRONY_PID_FILE, 64, &text, &count) < 0)
		return;
	pid = strtol(text, NULL, 10);
	free(text);
	if (pid <= 1)
		return;
	snprintf(path, sizeof path, "/proc/%ld/exe", pid);
	program_count = readlink(path, program, sizeof program - 1);
	program[program_count > 0 ? program_count : 0] = '\0';
	if (strcmp(program, CHRONY_PROGRAM) == 0)
		kill((pid_t)pid, SIGTERM);
}

static void make_chrony_folder(void)
{
	const struct passwd *user = getpwnam(CHRONY_USER);

	/* A host of tests has neither. */
	if (!user || mkdir(CHRONY_FOLDER, 0750) < 0)
		return;
	if (chown(CHRONY_FOLDER, user->pw_uid, user->pw_gid) < 0)
		say(CHRONY_FOLDER ": %s", strerror(errno));
}

/* ---- files ---- */

/* True if it had to be written and was. */
static bool replace(const char *path, struct buffer *text, mode_t mode)
{
	char *old;
	size_t count;
	bool same;
	int error = buffer_error(text);

	if (!error && files_read(path, FILE_MAX_BYTES, &old, &count) == 0) {
		same = view_equals(view_from(old, count), buffer_view(text));
		free(old);
		if (same)
			return false;
	}
	if (!error)
		error = files_write(path, buffer_view(text), mode);
	if (error)
		say("%s: %s", path, strerror(-error));
	return !error;
}

bool network_state_write_files(const struct network_state *state)
{
	char clock[CLOCK_PATH_BYTES], path[PATH_ROOM_BYTES];
	struct buffer text;
	bool has_time = false;

	buffer_init(&text, FILE_MAX_BYTES);
	network_state_print_resolver(state, &text);
	replace(state->resolver_path, &text, 0644);
	if (state->has_time) {
		buffer_reset(&text);
		make_chrony_folder();
		has_time = network_state_print_time(state, is_amazon(), find_clock(clock) ? clock : NULL, &text);
		path_of(state, "chrony.conf", path);
		/* Sources that went away may come back: what chronyd has holds until there are others. */
		if (has_time && replace(path, &text, 0644))
			end_chronyd();
	}
	buffer_fini(&text);
	return has_time;
}
