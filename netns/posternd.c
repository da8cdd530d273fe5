/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/posternd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "netns/endpoint.h"
#include "netns/link.h"
#include "netns/load.h"
#include "netns/monitor.h"
#include "netns/namespace.h"
#include "netns/notify.h"
#include "netns/privilege.h"
#include "netns/reconcile.h"
#include "netns/report.h"
#include "netns/shared.h"
#include "netns/sockets.h"
#include "netns/supervise.h"

/* Longest settings file: the documented defaults with every network there can be are a tenth of it. */
#define SETTINGS_MAX_BYTES (1u << 20)
#define DRAIN_DEFAULT_MS 10000
/* After the drain limit children are killed; this is for the kernel to clean up behind them. */
#define KILL_GRACE_MS 1000

static const char usage[] =
	"posternd: Postern's privileged part. It supervises the gateway and the control program and makes endpoints.\n"
	"usage: posternd [--settings FILE] [--binaries DIR] [--down] [--json]\n"
	"  --settings FILE  the settings (default /etc/postern/postern.yaml)\n"
	"  --binaries DIR   where postern, postern-gateway and postern-control are (default: posternd's own folder)\n"
	"  --down           end a running posternd and remove every endpoint, namespace and link that it made\n"
	"  --json           say on standard output as JSON that it serves, or what was removed\n"
	"  --version, --help\n"
	"Started by `postern run`. SIGTERM ends it, SIGHUP makes it read the settings again.\n";

struct options {
	const char *settings;
	const char *binaries;
	bool down;
	bool json;
};

/* A copy of the settings file that no later change of the file touches: all programs of one start read the same. */
static int copy_settings(const char *path)
{
	int from = open(path, O_RDONLY | O_CLOEXEC);
	int to = memfd_create("postern-settings", MFD_CLOEXEC);
	char bytes[4096];
	ssize_t count = 0;
	size_t total = 0;
	int rc = from < 0 || to < 0 ? -errno : 0;

	while (rc == 0 && (count = read(from, bytes, sizeof bytes)) > 0) {
		total += (size_t)count;
		if (total > SETTINGS_MAX_BYTES)
			rc = -EFBIG;
		else if (write(to, bytes, (size_t)count) != count)
			rc = -EIO;
	}
	if (rc == 0 && count < 0)
		rc = -errno;
	if (from >= 0)
		close(from);
	if (rc < 0) {
		if (to >= 0)
			close(to);
		report(REPORT_ERROR, "can't read the settings %s: %s", path, strerror(-rc));
		return rc;
	}
	return to;
}

static int find_own_folder(char *ret, size_t capacity)
{
	ssize_t count = readlink("/proc/self/exe", ret, capacity - 1);
	char *slash;

	if (count < 0)
		return -errno;
	ret[count] = '\0';
	slash = strrchr(ret, '/');
	if (!slash)
		return -ENOENT;
	*slash = '\0';
	return 0;
}

/* `mkdir -p`; folders made on the way are 0755. */
static int make_path(const char *path, mode_t mode)
{
	char part[NETNS_PATH_BYTES];

	if (strlen(path) >= sizeof part)
		return -ENAMETOOLONG;
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		memcpy(part, path, (size_t)(slash - path));
		part[slash - path] = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return mkdir(path, mode) < 0 && errno != EEXIST ? -errno : 0;
}

static bool is_folder_of(const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	struct stat facts;

	return lstat(path, &facts) == 0 && S_ISDIR(facts.st_mode) && facts.st_uid == uid && facts.st_gid == gid &&
	       (facts.st_mode & 07777) == mode;
}

/* A folder with its owner, group and mode; in local mode everything is the caller's. One that is right may be on a read-only disk. */
static int make_folder(const struct netns_config *config, const char *path, uid_t uid, mode_t mode)
{
	int rc;

	if (!config->local && is_folder_of(path, uid, config->group_gid, mode))
		return 0;
	rc = make_path(path, config->local ? 0700 : mode);
	if (rc == 0 && !config->local && (lchown(path, uid, config->group_gid) < 0 || chmod(path, mode) < 0))
		rc = -errno;
	if (rc < 0)
		report(REPORT_ERROR, "can't make the folder %s: %s", path, strerror(-rc));
	return rc;
}

static int make_folders(const struct netns_config *config)
{
	char endpoints[NETNS_PATH_BYTES + 16];
	/* Set-group-id: what control writes there belongs to the group, and the gateway reads it by that. */
	int rc = make_folder(config, config->state_dir, config->control_uid, 02750);

	if (rc == 0)
		rc = make_folder(config, config->log_dir, 0, 02750);
	if (rc == 0)
		rc = make_folder(config, config->run_dir, 0, 0750);
	snprintf(endpoints, sizeof endpoints, "%s/endpoints", config->run_dir);
	if (rc == 0 && mkdir(endpoints, 0700) < 0 && errno != EEXIST)
		rc = -errno;
	return rc;
}

/* One posternd to a run_dir. */
static int take_lock(struct posternd *posternd)
{
	char path[NETNS_PATH_BYTES + 32];

	snprintf(path, sizeof path, "%s/posternd.lock", posternd->config.run_dir);
	posternd->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (posternd->lock_fd < 0) {
		int rc = -errno;

		report(REPORT_ERROR, "can't open %s: %s", path, strerror(-rc));
		return rc;
	}
	if (flock(posternd->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		report(REPORT_ERROR,
			"another posternd runs with %s: end it first (postern down), or give this one another run_dir",
			posternd->config.run_dir);
		return -EALREADY;
	}
	return supervise_record(posternd->config.run_dir, "posternd", getpid());
}

static int check_privileges(const struct netns_config *config)
{
	const char *missing = config->local ? NULL : privilege_missing();

	if (!missing)
		return 0;
	if (geteuid() != 0)
		report(REPORT_ERROR,
			"endpoints need root: start Postern as root, or try it out without (postern run --local DIR)");
	else
		report(REPORT_ERROR, "%s is missing: give it to this container or service, or use local mode", missing);
	return -EPERM;
}

static int check_networks(const struct netns_config *config)
{
	for (uint32_t i = 0; i < config->network_count; i++) {
		const struct netns_network *network = &config->networks[i];
		int rc = link_check_attachment(network);

		/* A NIC may be in its endpoint already. */
		if (rc == 0 || network->attachment == NETNS_ATTACH_NIC)
			continue;
		if (rc == -EINVAL)
			report(REPORT_ERROR, "network %s: %s is not a bridge", network->subnet_id, network->interface);
		else if (network->attachment == NETNS_ATTACH_BRIDGE)
			report(REPORT_ERROR,
				"network %s: there is no bridge %s: make it (ip link add %s type bridge) or change "
				"`networks`",
				network->subnet_id, network->interface, network->interface);
		else
			report(REPORT_ERROR, "network %s: there is no interface %s to put a%s on", network->subnet_id,
				network->interface,
				network->attachment == NETNS_ATTACH_IPVLAN ? "n ipvlan" : " macvlan");
		return rc;
	}
	return 0;
}

/* Load the program once: what the kernel lacks is found now and not with the first endpoint. */
static int check_kernel(const struct netns_config *config)
{
	const struct filter_options options = { .endpoint_id = "probe" };
	struct filter *filter;
	int rc;

	if (config->local)
		return 0;
	rc = filter_open(&filter, &options);
	if (rc < 0) {
		report(REPORT_ERROR,
			"this kernel does not take the source filter (%s): Postern needs Linux 6.1 or later with BPF; "
			"see postern doctor",
			strerror(-rc));
		return rc;
	}
	filter_close(filter);
	return 0;
}

/* Only what can't be told from outside of this function's caller: who may connect by which scheme. */
static const char *scheme_of(const struct netns_address *address)
{
	static const uint8_t v6_loopback[16] = { [15] = 1 };
	bool loopback = address->family == AF_INET ? address->bytes[0] == 127
						   : memcmp(address->bytes, v6_loopback, sizeof v6_loopback) == 0;

	return loopback ? "http" : "https";
}

/* A manager that can't be told will end us as one that did not start: the log has to say why. */
static void tell_manager(const char *state)
{
	int rc = notify_manager(state);

	if (rc < 0)
		report(REPORT_WARNING, "can't tell the service manager: %s", strerror(-rc));
}

static void announce(struct posternd *posternd)
{
	const struct netns_config *config = &posternd->config;
	char management[SOCKETS_TEXT_BYTES], traffic[SOCKETS_TEXT_BYTES];

	posternd->announced = true;
	sockets_text(&config->management[0], management);
	if (config->local)
		sockets_text(&config->traffic, traffic);
	/* The texts are addresses and ports: nothing in them needs escaping. */
	if (posternd->json && config->local)
		printf("{\"ready\":true,\"management\":\"%s://%s\",\"traffic\":\"%s://%s\"}\n",
			scheme_of(&config->management[0]), management, config->traffic_is_plain ? "http" : "https",
			traffic);
	else if (posternd->json)
		printf("{\"ready\":true,\"management\":\"%s://%s\",\"endpoints\":%u}\n",
			scheme_of(&config->management[0]), management, endpoint_count(posternd));
	else if (config->local)
		printf("ready management=%s://%s traffic=%s://%s\n", scheme_of(&config->management[0]), management,
			config->traffic_is_plain ? "http" : "https", traffic);
	else
		printf("ready management=%s://%s endpoints=%u\n", scheme_of(&config->management[0]), management,
			endpoint_count(posternd));
	fflush(stdout);
	tell_manager("READY=1\nSTATUS=serving");
}

static void arm_timer(struct posternd *posternd)
{
	uint64_t next_ns = supervise_next_ns(posternd);
	struct itimerspec when = { 0 };

	if (posternd->adoption_deadline_ns && posternd->adoption_deadline_ns < next_ns)
		next_ns = posternd->adoption_deadline_ns;
	if (posternd->draining && posternd->drain_deadline_ns < next_ns)
		next_ns = posternd->drain_deadline_ns;
	if (next_ns != UINT64_MAX) {
		/* All zero would disarm it. */
		when.it_value.tv_sec = (time_t)(next_ns / 1000000000u);
		when.it_value.tv_nsec = (long)(next_ns % 1000000000u) + (next_ns == 0);
	}
	(void)timerfd_settime(posternd->timer.fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* Children that live but do not come back hold what their successors need. */
static void settle_adoption(struct posternd *posternd)
{
	if (!posternd->adoption_deadline_ns)
		return;
	if (!supervise_is_adopting(posternd)) {
		posternd->adoption_deadline_ns = 0;
		return;
	}
	if (watch_now_ns() < posternd->adoption_deadline_ns)
		return;
	posternd->adoption_deadline_ns = 0;
	for (int role = 0; role < CHILD_COUNT; role++) {
		struct child *child = &posternd->children[role];

		if (child->adopted && child->state == CHILD_RUNNING)
			supervise_kill(child, "it did not come back after posternd's restart");
	}
}

static void settle_drain(struct posternd *posternd)
{
	if (!supervise_is_any_up(posternd)) {
		posternd->done = true;
		return;
	}
	if (watch_now_ns() < posternd->drain_deadline_ns)
		return;
	report(REPORT_WARNING, "children did not end in time: killing them");
	supervise_signal(posternd, SIGKILL);
	posternd->drain_deadline_ns = watch_now_ns() + KILL_GRACE_MS * 1000000ull;
}

void posternd_settle(struct posternd *posternd)
{
	if (posternd->draining) {
		settle_drain(posternd);
	} else {
		settle_adoption(posternd);
		/* What fails is reported and tried again when the timer says so. */
		if (supervise_start_due(posternd) < 0)
			report(REPORT_DEBUG, "a start is put off");
		if (!posternd->announced && posternd->children[CHILD_GATEWAY].state == CHILD_READY &&
			posternd->children[CHILD_CONTROL].state == CHILD_READY)
			announce(posternd);
	}
	arm_timer(posternd);
}

static void on_timer(struct watch *watch, uint32_t events)
{
	uint64_t count;

	(void)events;
	if (read(watch->fd, &count, sizeof count) < 0 && errno != EAGAIN)
		report(REPORT_WARNING, "can't read the timer: %s", strerror(errno));
	posternd_settle(watch->owner);
}

static void drain(struct posternd *posternd)
{
	uint32_t limit_ms = posternd->config.drain_ms ? posternd->config.drain_ms : DRAIN_DEFAULT_MS;
	char state[128];

	if (posternd->draining) {
		/* Asked twice: somebody does not want to wait. */
		posternd->drain_deadline_ns = watch_now_ns();
		posternd_settle(posternd);
		return;
	}
	report(REPORT_INFO, "ending: children have %u ms to finish", limit_ms);
	posternd->draining = true;
	posternd->drain_deadline_ns = watch_now_ns() + limit_ms * 1000000ull;
	/* How long requests may take is ours to say: the manager's own limit would cut a longer one short. */
	snprintf(state, sizeof state, "STOPPING=1\nSTATUS=ending\nEXTEND_TIMEOUT_USEC=%llu",
		(limit_ms + 2ull * KILL_GRACE_MS) * 1000);
	tell_manager(state);
	monitor_tell_drain(posternd, limit_ms);
	posternd_settle(posternd);
}

/* Name of a setting that differs and can't be changed while we run, or NULL. */
static const char *fixed_setting(const struct netns_config *was, const struct netns_config *is)
{
	if (was->local != is->local)
		return "local mode";
	if (was->worker_count != is->worker_count)
		return "the number of workers";
	if (was->management_count != is->management_count ||
		memcmp(was->management, is->management, sizeof was->management))
		return "the management addresses";
	if (memcmp(&was->traffic, &is->traffic, sizeof was->traffic) ||
		memcmp(&was->traffic_dns, &is->traffic_dns, sizeof was->traffic_dns))
		return "the traffic address";
	if (was->gateway_uid != is->gateway_uid || was->control_uid != is->control_uid ||
		was->group_gid != is->group_gid)
		return "users and group";
	if (strcmp(was->state_dir, is->state_dir) || strcmp(was->run_dir, is->run_dir) ||
		strcmp(was->log_dir, is->log_dir))
		return "the folders";
	/* Control names a network by its place in the table, and goes on with the one that it has read. */
	if (was->network_count != is->network_count || memcmp(was->networks, is->networks, sizeof was->networks))
		return "networks";
	return NULL;
}

static void reload(struct posternd *posternd)
{
	struct netns_config *fresh = malloc(sizeof *fresh);
	const char *fixed;
	int settings_fd = fresh ? copy_settings(posternd->settings_path) : -ENOMEM;
	int rc = settings_fd < 0 ? settings_fd : supervise_read_settings(fresh, posternd->binaries_dir, settings_fd);

	if (rc == 0)
		rc = check_networks(fresh);
	if (rc == 0) {
		fixed = fixed_setting(&posternd->config, fresh);
		if (fixed) {
			report(REPORT_ERROR, "the settings change %s: that needs a restart", fixed);
			rc = -EPERM;
		}
	}
	if (rc == 0) {
		posternd->config = *fresh;
		report_from(REPORT_ERROR - fresh->log_level);
		close(posternd->settings_fd);
		posternd->settings_fd = settings_fd;
		settings_fd = -1;
		report(REPORT_INFO, "the settings were read again");
	} else {
		report(REPORT_ERROR, "the settings are not read again: the old ones stay in force");
	}
	/* Rotating the logs must not depend on the settings. */
	(void)!shared_open_logs(posternd);
	monitor_tell_reload(posternd);
	if (settings_fd >= 0)
		close(settings_fd);
	free(fresh);
}

static void on_signals(struct watch *watch, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	if (read(watch->fd, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	if (info.ssi_signo == SIGHUP)
		reload(watch->owner);
	else
		drain(watch->owner);
}

static int watch_signals(struct posternd *posternd)
{
	sigset_t wanted;
	int rc;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGHUP);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	signal(SIGPIPE, SIG_IGN);
	posternd->signals = (struct watch){
		.fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK), .ready = on_signals, .owner = posternd
	};
	posternd->timer = (struct watch){
		.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), .ready = on_timer, .owner = posternd
	};
	if (posternd->signals.fd < 0 || posternd->timer.fd < 0)
		return -errno;
	rc = watch_add(posternd->loop, &posternd->signals, EPOLLIN);
	return rc < 0 ? rc : watch_add(posternd->loop, &posternd->timer, EPOLLIN);
}

/* Settings, and where the other programs are. */
static int read_settings(struct posternd *posternd, const struct options *options)
{
	int rc = 0;

	if (options->binaries)
		snprintf(posternd->binaries_dir, sizeof posternd->binaries_dir, "%s", options->binaries);
	else
		rc = find_own_folder(posternd->binaries_dir, sizeof posternd->binaries_dir);
	if (rc < 0)
		return rc;
	/* Absolute: SIGHUP reads the same file, whatever the current folder is then. */
	if (!realpath(options->settings, posternd->settings_path)) {
		rc = -errno;
		report(REPORT_ERROR, "can't read the settings %s: %s", options->settings, strerror(-rc));
		return rc;
	}
	posternd->settings_fd = copy_settings(posternd->settings_path);
	if (posternd->settings_fd < 0)
		return posternd->settings_fd;
	rc = supervise_read_settings(&posternd->config, posternd->binaries_dir, posternd->settings_fd);
	if (rc < 0)
		return rc;
	report_from(REPORT_ERROR - posternd->config.log_level);
	return check_privileges(&posternd->config);
}

/* Endpoints and children of a posternd before us, or everything anew; each failure here ends the start. */
static int take_over_or_begin(struct posternd *posternd)
{
	int rc = 0;

	if (posternd->config.local)
		endpoint_make_local(posternd);
	else
		rc = reconcile_endpoints(posternd);
	if (rc < 0)
		return rc;
	supervise_adopt(posternd);
	rc = monitor_open(posternd);
	if (rc < 0) {
		report(REPORT_ERROR, "can't listen on %s/" VERBS_SOCKET_NAME ": %s", posternd->config.run_dir,
			strerror(-rc));
		return rc;
	}
	/* What adopted children hold comes back with them; it can't be made a second time. */
	if (supervise_is_adopting(posternd))
		return 0;
	rc = shared_complete(posternd);
	return rc < 0 ? rc : endpoint_complete_sockets(posternd);
}

static int begin(struct posternd *posternd)
{
	const struct netns_config *config = &posternd->config;
	int rc = make_folders(config);

	if (rc == 0)
		rc = take_lock(posternd);
	if (rc == 0 && !config->local)
		rc = check_networks(config);
	if (rc == 0)
		rc = check_kernel(config);
	if (rc < 0)
		return rc;
	shared_open_records(posternd);
	posternd->loop = watch_open();
	if (posternd->loop < 0)
		return posternd->loop;
	rc = watch_signals(posternd);
	if (rc == 0)
		rc = take_over_or_begin(posternd);
	if (rc < 0 || config->local)
		return rc;
	rc = privilege_narrow();
	if (rc == 0)
		rc = privilege_filter_calls();
	if (rc < 0)
		report(REPORT_ERROR, "can't give up privileges: %s", strerror(-rc));
	return rc;
}

static void end(struct posternd *posternd)
{
	char path[NETNS_PATH_BYTES + 32];

	if (posternd->loop >= 0) {
		load_finish(posternd);
		/* A start that failed leaves alone what an earlier posternd's children still serve. */
		if (posternd->done)
			supervise_signal(posternd, SIGKILL);
		monitor_close(posternd);
		/* Namespaces, links and filters stay: a restart takes them over, `--down` removes them. */
		for (size_t i = 0; i < VERB_ENDPOINTS_MAX; i++)
			if (posternd->endpoints[i].used)
				endpoint_close(posternd, &posternd->endpoints[i]);
		shared_close(&posternd->shared);
		snprintf(path, sizeof path, "%s/posternd.pid", posternd->config.run_dir);
		unlink(path);
	}
	if (posternd->namespace_fd >= 0)
		close(posternd->namespace_fd);
	if (posternd->settings_fd >= 0)
		close(posternd->settings_fd);
}

static int serve(struct posternd *posternd)
{
	int rc = begin(posternd);

	if (rc == 0)
		posternd_settle(posternd);
	while (rc == 0 && !posternd->done)
		rc = watch_turn(posternd->loop);
	if (rc < 0 && posternd->lock_fd >= 0)
		report(REPORT_DEBUG, "ending: %s", strerror(-rc));
	end(posternd);
	return rc == 0 && posternd->announced  ? EXIT_SUCCESS
	       : rc == 0 && posternd->draining ? EXIT_SUCCESS
					       : EXIT_FAILURE;
}

static int take_down(struct posternd *posternd)
{
	unsigned int count = 0;
	int rc = reconcile_down(posternd, &count);

	if (posternd->json)
		printf("{\"removed\":%u,\"complete\":%s}\n", count, rc < 0 ? "false" : "true");
	else
		printf("down: %u endpoint%s removed\n", count, count == 1 ? "" : "s");
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Returns -1 to go on, else the exit status. */
static int parse_options(struct options *ret, int argc, char **argv)
{
	static const struct option known[] = {
		{ "settings", required_argument, NULL, 's' },
		{ "binaries", required_argument, NULL, 'b' },
		{ "down", no_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		switch (option) {
		case 's':
			ret->settings = optarg;
			break;
		case 'b':
			ret->binaries = optarg;
			break;
		case 'd':
			ret->down = true;
			break;
		case 'j':
			ret->json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		case 'v':
			puts("posternd " POSTERN_VERSION);
			return EXIT_SUCCESS;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "posternd: unexpected argument %s\n%s", argv[optind], usage);
		return 2;
	}
	return -1;
}

int posternd_main(int argc, char **argv)
{
	struct options options = { .settings = "/etc/postern/postern.yaml" };
	struct posternd *posternd;
	int status = parse_options(&options, argc, argv);

	if (status >= 0)
		return status;
	umask(022);
	posternd = calloc(1, sizeof *posternd);
	if (!posternd)
		return EXIT_FAILURE;
	posternd->loop = posternd->lock_fd = posternd->settings_fd = -1;
	posternd->listener.fd = -1;
	posternd->started_ns = watch_now_ns();
	posternd->json = options.json;
	posternd->namespace_fd = namespace_open_own();
	endpoint_init(posternd);
	shared_init(&posternd->shared);
	supervise_init(posternd);
	if (read_settings(posternd, &options) < 0)
		status = EXIT_FAILURE;
	else
		status = options.down ? take_down(posternd) : serve(posternd);
	free(posternd);
	return status;
}
