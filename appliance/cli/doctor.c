/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern doctor`: what this host lacks for Postern, found by trying, and what to do about each. */
#include "appliance/cli/doctor.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/cli/host.h"
#include "appliance/cli/program.h"
#include "appliance/launch/address.h"
#include "appliance/launch/sandbox.h"
#include "appliance/launch/settings.h"

#define ERRORS_MAX_BYTES 65536

/* The oldest kernel that Postern is made for: Debian 12's. */
#define KERNEL_MAJOR 6
#define KERNEL_MINOR 1

enum finding { FINDING_OK, FINDING_WARNING, FINDING_MISSING };

struct doctor {
	struct cli *cli;
	struct json *checks;
	bool any_missing;
};

/* Note one check: what was looked at, what was found, and for all but OK what to do. */
static void note(struct doctor *doctor, enum finding finding, const char *name, const char *found, const char *remedy)
{
	static const char *const words[] = { "ok", "warning", "missing" };
	static const char *const marks[] = { "ok      ", "WARNING ", "MISSING " };
	struct json *check = json_object_new();

	json_set_c_string(check, "check", name);
	json_set_c_string(check, "status", words[finding]);
	json_set_c_string(check, "found", found);
	if (finding != FINDING_OK)
		json_set_c_string(check, "remedy", remedy);
	json_append(doctor->checks, check);
	doctor->any_missing = doctor->any_missing || finding == FINDING_MISSING;
	if (doctor->cli->json)
		return;
	printf("%s%s: %s\n", marks[finding], name, found);
	if (finding != FINDING_OK)
		printf("        %s\n", remedy);
}

/* A check that ends with an errno: 0 is good. One that was not permitted says nothing about the kernel. */
static void note_result(struct doctor *doctor, int error, const char *name, const char *remedy)
{
	if (error == -EPERM || error == -EACCES)
		remedy = "give this user or container the capabilities that are named above";
	note(doctor, error ? FINDING_MISSING : FINDING_OK, name, error ? strerror(-error) : "works", remedy);
}

static void check_kernel(struct doctor *doctor)
{
	unsigned major = 0, minor = 0;
	bool known = host_kernel(&major, &minor);
	bool enough = major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR);
	const char *found = known ? arena_printf(&doctor->cli->arena, "%u.%u", major, minor).at : "unknown";

	note(doctor, enough ? FINDING_OK : FINDING_MISSING, "kernel 6.1 or newer", found, "boot a newer kernel");
}

static void check_restrictions(struct doctor *doctor)
{
	int version = sandbox_landlock_version();

	note(doctor, access("/proc/sys/kernel/seccomp/actions_avail", F_OK) == 0 ? FINDING_OK : FINDING_MISSING,
		"seccomp filters",
		access("/proc/sys/kernel/seccomp/actions_avail", F_OK) == 0 ? "works" : "not in this kernel",
		"boot a kernel with CONFIG_SECCOMP_FILTER");
	note(doctor, version ? FINDING_OK : FINDING_WARNING, "Landlock",
		version ? arena_printf(&doctor->cli->arena, "version %d", version).at : "not in this kernel",
		"works without, with one barrier less: add landlock to the kernel's lsm= parameter");
}

static void check_privileges(struct doctor *doctor)
{
	static const struct {
		unsigned number;
		const char *name;
	} needed[] = { { CAP_NET_ADMIN, "NET_ADMIN" }, { CAP_SYS_ADMIN, "SYS_ADMIN" }, { CAP_BPF, "BPF" },
		{ CAP_NET_BIND_SERVICE, "NET_BIND_SERVICE" }, { CAP_SETUID, "SETUID" }, { CAP_SETGID, "SETGID" },
		{ CAP_SETPCAP, "SETPCAP" }, { CAP_KILL, "KILL" }, { CAP_CHOWN, "CHOWN" },
		{ CAP_DAC_OVERRIDE, "DAC_OVERRIDE" } };
	unsigned long long held = host_capabilities();
	struct buffer lacking;

	buffer_init_arena(&lacking, &doctor->cli->arena, 4096);
	for (size_t i = 0; i < ARRAY_COUNT(needed); i++) {
		if (!(held >> needed[i].number & 1))
			buffer_printf(&lacking, "%s%s", lacking.count ? ", " : "lacks ", needed[i].name);
	}
	note(doctor, lacking.count ? FINDING_MISSING : FINDING_OK, "root with its capabilities",
		lacking.count ? buffer_text(&lacking) : "held",
		"run as root, in a container with these capabilities added; or use --local DIR");
}

/* Nothing fails without it: what the setting asks for is then left undone. */
static void check_destroy(struct doctor *doctor, const struct settings *settings)
{
	int error = host_try_destroy();

	note(doctor, error ? FINDING_WARNING : FINDING_OK, "cutting connections", error ? strerror(-error) : "works",
		settings->filter_cut_connections
			? "filter_cut_connections does nothing: boot a kernel with CONFIG_INET_DIAG_DESTROY"
			: "only needed for filter_cut_connections: boot a kernel with CONFIG_INET_DIAG_DESTROY");
}

/* Not in every kernel, and needed by few. */
static void check_ipvlan(struct doctor *doctor, const struct settings *settings)
{
	int error = host_try_ipvlan();
	bool wanted = false;

	for (size_t i = 0; i < settings->networks.count; i++)
		wanted = wanted || settings->networks.at[i].attachment == NETNS_ATTACH_IPVLAN;
	if (error && !wanted)
		note(doctor, FINDING_WARNING, "ipvlan links", strerror(-error),
			"only needed for attachment: ipvlan: modprobe ipvlan, or boot a kernel with CONFIG_IPVLAN");
	else
		note_result(doctor, error, "ipvlan links",
			"modprobe ipvlan, or boot a kernel with CONFIG_IPVLAN, or change `attachment` in `networks`");
}

/* What posternd does as root; says nothing useful to one who may not. */
static void check_network_features(struct doctor *doctor, const struct settings *settings)
{
	if (geteuid() != 0) {
		note(doctor, FINDING_WARNING, "namespaces, links and the kernel filter", "not tried",
			"run postern doctor as root");
		return;
	}
	note_result(doctor, host_try_namespace(), "network namespaces",
		"boot a kernel with CONFIG_NET_NS, or leave the container");
	note_result(doctor, host_try_veth(), "veth links", "modprobe veth");
	note_result(
		doctor, host_try_macvlan(), "macvlan links", "modprobe macvlan (only needed for attachment: macvlan)");
	check_ipvlan(doctor, settings);
	note_result(doctor, host_try_clsact(), "clsact", "modprobe sch_ingress");
	note_result(doctor, host_try_bpf_filter(), "tc filters in BPF", "modprobe cls_bpf");
	note_result(doctor, host_try_bpf(), "BPF maps",
		"boot a kernel with CONFIG_BPF_SYSCALL, or allow CAP_BPF or CAP_SYS_ADMIN");
	check_destroy(doctor, settings);
}

static void check_programs(struct doctor *doctor)
{
	static const char *const names[] = { "posternd", "postern-gateway", "postern-control", "postern-settings" };

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		const char *path = program_path(doctor->cli, names[i]);
		bool there = path && access(path, X_OK) == 0;

		note(doctor, there ? FINDING_OK : FINDING_MISSING, names[i], path ? path : "unknown folder",
			"install all of Postern's programs in one folder, readable for its users");
	}
}

static void check_descriptors(struct doctor *doctor, const struct settings *settings)
{
	/* three sockets a worker for each endpoint, a client connection, a back-end connection */
	unsigned long long wanted = settings->connections_per_worker * 2 * settings_worker_count(settings) + 1024;
	struct rlimit limit = { .rlim_max = 0 };

	getrlimit(RLIMIT_NOFILE, &limit);
	note(doctor, limit.rlim_max >= wanted ? FINDING_OK : FINDING_WARNING, "descriptors",
		arena_printf(
			&doctor->cli->arena, "%llu at most, %llu wanted", (unsigned long long)limit.rlim_max, wanted)
			.at,
		"raise the hard limit (ulimit -Hn, LimitNOFILE=), or lower connections_per_worker");
}

static void check_address(struct doctor *doctor, const char *what, const struct netns_address *address)
{
	char text[ADDRESS_TEXT_BYTES];
	int error = host_try_bind(address);

	address_write_port(text, address);
	note(doctor,
		!error                 ? FINDING_OK
		: error == -EADDRINUSE ? FINDING_WARNING
				       : FINDING_MISSING,
		arena_printf(&doctor->cli->arena, "%s %s", what, text).at, error ? strerror(-error) : "free",
		error == -EADDRINUSE ? "in use: fine if Postern runs already; else `ss -ltnp` says by whom"
				     : "give the host that address, or change the setting");
}

/* `name` is what the settings call it, `found` who that is, `command` what makes it. */
static void note_user(struct doctor *doctor, int error, const char *name, const char *found, const char *command)
{
	note(doctor, error ? FINDING_MISSING : FINDING_OK, name, found,
		arena_printf(&doctor->cli->arena, "%s %s, or give a number", command, found).at);
}

static void check_users(struct doctor *doctor, const struct settings *settings)
{
	const char *command =
		arena_printf(&doctor->cli->arena, "useradd --system --no-create-home --gid %s", settings->group_gid).at;
	uid_t user;
	gid_t group;

	note_user(doctor, settings_group(settings->group_gid, &group), "group_gid", settings->group_gid,
		"groupadd --system");
	note_user(doctor, settings_user(settings->gateway_uid, &user), "gateway_uid", settings->gateway_uid, command);
	note_user(doctor, settings_user(settings->control_uid, &user), "control_uid", settings->control_uid, command);
}

static void check_networks(struct doctor *doctor, const struct settings *settings)
{
	if (settings->networks.count == 0)
		note(doctor, FINDING_WARNING, "networks", "none in the settings",
			"endpoints need a subnet: see networks in `postern settings`");
	for (size_t i = 0; i < settings->networks.count; i++) {
		const struct netns_network *network = &settings->networks.at[i];
		bool bridge = network->attachment == NETNS_ATTACH_BRIDGE;
		const char *path = arena_printf(
			&doctor->cli->arena, "/sys/class/net/%s%s", network->interface, bridge ? "/bridge" : "")
					   .at;
		bool there = path && access(path, F_OK) == 0;

		note(doctor, there ? FINDING_OK : FINDING_MISSING,
			arena_printf(&doctor->cli->arena, "networks[%zu] %s", i, bridge ? "bridge" : "NIC").at,
			network->interface,
			bridge ? arena_printf(&doctor->cli->arena,
					 "ip link add %s type bridge && ip link set %s up; then add the subnet's NIC "
					 "to it",
					 network->interface, network->interface)
					 .at
			       : "`ip link` lists the NICs of this host");
	}
}

/* Where back ends are called from endpoints their names are asked for from there, where this host's loopback is not. */
static void check_name_server(struct doctor *doctor, const struct settings *settings)
{
	char own[HOST_NAME_SERVER_BYTES];
	const char *first = settings->name_servers.count ? settings->name_servers.at[0] : host_name_server(own);
	bool loopback =
		strncmp(first, "127.", 4) == 0 || strncmp(first, "::1", 3) == 0 || strncmp(first, "[::1]", 5) == 0;

	if (settings->backend_from != SETTINGS_BACKEND_FROM_ENDPOINT)
		return;
	note(doctor, first[0] && !loopback ? FINDING_OK : FINDING_WARNING, "name server for endpoints",
		arena_printf(&doctor->cli->arena, "%s", first[0] ? first : "none").at,
		"back ends' names are asked for from endpoints' subnets: set name_servers to one that is within reach "
		"there");
}

static void check_folder(struct doctor *doctor, const char *name, const char *path)
{
	struct stat facts;
	bool absent = stat(path, &facts) < 0, good = absent ? errno == ENOENT : S_ISDIR(facts.st_mode);

	note(doctor, good ? FINDING_OK : FINDING_MISSING, name,
		arena_printf(&doctor->cli->arena, "%s%s", path, absent && good ? " (will be made)" : "").at,
		"must be a folder, or not exist yet");
}

/* As the gateway will: by its user, where posternd is root. */
static void check_authorities(struct doctor *doctor, const struct settings *settings, bool local)
{
	const char *path = settings->backend_ca_file;
	uid_t user = geteuid();
	gid_t group = getegid();
	int error;

	/* Whom the host does not know is told elsewhere. */
	if (!path[0] ||
		(user == 0 && !local &&
			(settings_user(settings->gateway_uid, &user) || settings_group(settings->group_gid, &group))))
		return;
	error = host_try_authorities(path, user, group);
	note(doctor, error ? FINDING_MISSING : FINDING_OK, "backend_ca_file",
		!error ? path
		       : arena_printf(&doctor->cli->arena, "%s: %s", path,
				 error == -EBADMSG ? "not certificates in PEM" : strerror(-error))
				 .at,
		"must be a file of CAs in PEM that the gateway's user (gateway_uid) can read; without it HTTPS back "
		"ends of these CAs are answered for with 504");
}

static void check_all(struct doctor *doctor, const struct settings *settings, bool local)
{
	check_kernel(doctor);
	check_restrictions(doctor);
	check_programs(doctor);
	check_descriptors(doctor, settings);
	for (size_t i = 0; i < settings->management.count; i++)
		check_address(doctor, "management address", &settings->management.at[i]);
	check_authorities(doctor, settings, local);
	if (local) {
		check_address(doctor, "traffic address", &settings->local_traffic);
		return;
	}
	check_privileges(doctor);
	check_network_features(doctor, settings);
	check_users(doctor, settings);
	check_networks(doctor, settings);
	check_name_server(doctor, settings);
	check_folder(doctor, "state_dir", settings->state_dir);
	check_folder(doctor, "run_dir", settings->run_dir);
	check_folder(doctor, "log_dir", settings->log_dir);
}

bool doctor_check(struct cli *cli, const struct settings *settings, bool local, struct json *report)
{
	struct doctor doctor = { .cli = cli, .checks = json_ensure_array(report, "checks") };

	check_all(&doctor, settings, local);
	json_set_bool(report, "ok", !doctor.any_missing);
	return doctor.any_missing;
}

/* Named settings must be good; without any the defaults are what is checked against. */
static int read_settings(struct cli *cli, struct settings **ret)
{
	struct buffer errors;
	int error;

	buffer_init_arena(&errors, &cli->arena, ERRORS_MAX_BYTES);
	if (cli->settings || access(SETTINGS_DEFAULT_FILE, R_OK) == 0)
		error = settings_read_file(ret, cli->settings ? cli->settings : SETTINGS_DEFAULT_FILE, &errors);
	else
		error = settings_parse(ret, view_of(""), "defaults", &errors);
	return error ? cli_fail(cli, VIEW_FMT, VIEW_ARG(view_trim_set(buffer_view(&errors), "\n"))) : CLI_OK;
}

int cli_doctor(struct cli *cli, int argc, char **argv)
{
	bool local = false;
	const struct cli_option options[] = {
		{ "local", NULL, "only what `postern run --local` needs", NULL, &local },
	};
	const struct cli_usage usage = {
		.synopsis = "postern doctor [--settings FILE] [--local]",
		.about = "Says what this host lacks for Postern with these settings, found by trying it, and what to "
			 "do about it.\n"
			 "The exit status is 0 if nothing is missing.",
		.options = options,
		.option_count = ARRAY_COUNT(options),
	};
	struct json *report JSON_CLEANUP = json_object_new();
	struct settings *settings;
	bool any_missing;
	char **arguments;
	size_t count;
	int result = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (result >= 0)
		return result;
	result = read_settings(cli, &settings);
	if (result != CLI_OK)
		return result;
	any_missing = doctor_check(cli, settings, local || settings->local, report);
	settings_free(settings);
	if (cli->json)
		cli_print_json(report);
	return any_missing ? CLI_FAILED : CLI_OK;
}
