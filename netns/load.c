/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/load.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netns/cut.h"
#include "netns/endpoint.h"
#include "netns/fixture.h"
#include "netns/monitor.h"
#include "netns/report.h"

_Static_assert(VERB_ADMISSIONS_MAX + 2 * NETNS_NETWORKS_MAX <= FILTER_ADMISSIONS_MAX, "those of the VPC fit beside");

struct load {
	struct posternd *posternd;
	struct connection *connection; /* NULL: nobody waits for the answer */
	struct verb_header header;     /* of the request */
	struct endpoint *endpoint;
	uint32_t flags;
	struct watch done; /* an eventfd that the thread raises at its end */
	pthread_t thread;
	bool cutting;        /* the thread cuts connections; before that, one builds the table */
	const char *records; /* the mapped memfd; NULL if it is empty */
	size_t records_bytes;
	struct filter_generation generation;
	struct filter_admission_record admissions[FILTER_ADMISSIONS_MAX];
	/* What the threads make of it. */
	int prepared_rc; /* of `prepared`, which is there with 0 */
	struct filter_prepared prepared;
	int cut_rc;
	uint32_t cut_count;
};

/* --- What came ------------------------------------------------------------------------------------------------------ */

/* Map the sealed records; their size must be what was announced. */
static int map_records(struct load *load, const struct verb_filter_load *wanted, int fd)
{
	const int seals_wanted = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat facts;
	void *bytes;

	/* Unsealed, the records could change between check and use, or shrink under our feet (SIGBUS). */
	if (seals < 0 || (seals & seals_wanted) != seals_wanted || fstat(fd, &facts) < 0)
		return -EBADF;
	if (wanted->prefix_count > FILTER_PREFIXES_MAX || wanted->admission_count > VERB_ADMISSIONS_MAX)
		return -E2BIG;
	load->records_bytes = wanted->prefix_count * sizeof(struct filter_prefix_record) +
			      wanted->admission_count * sizeof(struct filter_admission_record);
	if ((size_t)facts.st_size != load->records_bytes)
		return -EMSGSIZE;
	if (load->records_bytes == 0)
		return 0;
	bytes = mmap(NULL, load->records_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return -errno;
	load->records = bytes;
	return 0;
}

static void add_admission(struct load *load, const struct netns_prefix *prefix, uint8_t services)
{
	struct filter_admission_record *admission = &load->admissions[load->generation.admission_count++];

	*admission = (struct filter_admission_record){ .services = services, .prefix_bits = prefix->prefix_bits };
	if (prefix->family == AF_INET) {
		admission->address[10] = admission->address[11] = 0xff;
		memcpy(admission->address + 12, prefix->bytes, 4);
		admission->prefix_bits = (uint8_t)(96 + prefix->prefix_bits);
	} else {
		memcpy(admission->address, prefix->bytes, 16);
	}
}

/* Every subnet of the endpoint's VPC reaches DNS, and HTTPS too unless rules decide about that. */
static void admit_vpc(struct load *load)
{
	const struct netns_config *config = &load->posternd->config;
	bool has_rules = load->flags & VERB_FILTER_LOAD_RULES;
	uint8_t services = has_rules ? FILTER_SERVICE_DNS : FILTER_SERVICE_DNS | FILTER_SERVICE_HTTPS;

	for (uint32_t i = 0; i < config->network_count; i++) {
		const struct netns_network *network = &config->networks[i];

		if (strcmp(network->vpc_id, load->endpoint->networks[0].vpc_id) != 0)
			continue;
		if (network->v4.family)
			add_admission(load, &network->v4, services);
		if (network->v6.family)
			add_admission(load, &network->v6, services);
	}
}

static void describe(struct load *load, const struct verb_filter_load *wanted)
{
	const char *rules = load->records;

	load->flags = wanted->flags;
	load->generation = (struct filter_generation){
		.generation = wanted->generation,
		.mode = wanted->mode,
		.dns = wanted->dns,
		.default_verdict = wanted->default_verdict,
		.default_statement = wanted->default_statement,
		.prefixes = (const struct filter_prefix_record *)(const void *)load->records,
		.prefix_count = wanted->prefix_count,
		.admissions = load->admissions,
		.admission_count = wanted->admission_count,
	};
	if (wanted->admission_count > 0)
		memcpy(load->admissions, rules + wanted->prefix_count * sizeof(struct filter_prefix_record),
			wanted->admission_count * sizeof *load->admissions);
	admit_vpc(load);
}

/* --- On the threads ------------------------------------------------------------------------------------------------- */

static void tell_done(const struct load *load)
{
	uint64_t one = 1;

	/* An eventfd that is 0 takes it always. */
	(void)!write(load->done.fd, &one, sizeof one);
}

static void *build_table(void *argument)
{
	struct load *load = argument;

	load->prepared_rc = filter_prepare(&load->prepared, &load->generation);
	tell_done(load);
	return NULL;
}

/* Of the filter this only asks what is in force; nobody swaps or closes it while the load is under way. */
static void *cut_connections(void *argument)
{
	struct load *load = argument;
	int namespace_fd = fixture_open_namespace(load->endpoint->wanted.id);

	load->cut_rc = namespace_fd;
	if (namespace_fd >= 0) {
		load->cut_rc = cut_denied(namespace_fd, load->endpoint->filter, FILTER_HTTPS_PORT, &load->cut_count);
		close(namespace_fd);
	}
	tell_done(load);
	return NULL;
}

/* --- End and begin -------------------------------------------------------------------------------------------------- */

static void free_load(struct load *load)
{
	if (!load)
		return;
	if (load->records)
		munmap((void *)(uintptr_t)load->records, load->records_bytes);
	watch_end(load->posternd->loop, &load->done);
	free(load);
}

static void report_refusal(const char *id, uint64_t generation, int rc)
{
	report(REPORT_ERROR, "generation %llu of %s is not loaded, the one before stays in force: %s",
		(unsigned long long)generation, id, strerror(-rc));
}

/* The table is built: swap it in. Returns 0 or a negative errno, reported. */
static int swap(struct load *load)
{
	int rc = load->prepared_rc;

	if (rc == 0) {
		rc = filter_swap(load->endpoint->filter, &load->generation, &load->prepared);
		filter_discard(&load->prepared);
	}
	if (rc < 0)
		report_refusal(load->endpoint->wanted.id, load->generation.generation, rc);
	return rc;
}

static void report_cut(const struct load *load)
{
	const char *id = load->endpoint->wanted.id;
	bool *said = &load->posternd->said_no_cut;

	if (load->cut_count > 0)
		report(REPORT_INFO, "generation %llu of %s: %u established connection%s of denied sources cut",
			(unsigned long long)load->generation.generation, id, load->cut_count,
			load->cut_count == 1 ? "" : "s");
	if (load->cut_rc == -EOPNOTSUPP && !*said)
		report(REPORT_WARNING, "this kernel can't cut connections (it lacks CONFIG_INET_DIAG_DESTROY): "
				       "filter_cut_connections does "
				       "nothing, a denied source's connection ends when its next packet is refused");
	else if (load->cut_rc < 0 && load->cut_rc != -EOPNOTSUPP)
		report(REPORT_WARNING, "not every connection of denied sources of %s could be cut: %s", id,
			strerror(-load->cut_rc));
	*said = *said || load->cut_rc == -EOPNOTSUPP;
}

/* Nothing is left to do but to say how it went. */
static void complete(struct load *load, int rc)
{
	struct posternd *posternd = load->posternd;
	struct connection *connection = load->connection;
	struct verb_header header = load->header;

	posternd->load = NULL;
	free_load(load);
	if (connection)
		monitor_answer_empty(connection, &header, rc);
}

/* The thread under way has done its part, or is waited for: do what follows. */
static void go_on(struct load *load)
{
	bool wants_cut = load->flags & VERB_FILTER_LOAD_CUT && load->generation.mode != FILTER_MODE_OBSERVE;
	int rc;

	pthread_join(load->thread, NULL);
	if (load->cutting) {
		report_cut(load);
		complete(load, 0);
		return;
	}
	rc = swap(load);
	if (rc < 0 || !wants_cut) {
		complete(load, rc);
		return;
	}
	load->cutting = true;
	rc = -pthread_create(&load->thread, NULL, cut_connections, load);
	if (rc < 0) {
		/* The policy is in force all the same. */
		load->cut_rc = rc;
		report_cut(load);
		complete(load, 0);
	}
}

static void on_done(struct watch *watch, uint32_t events)
{
	struct posternd *posternd = watch->owner;
	uint64_t count;

	(void)events;
	(void)!read(watch->fd, &count, sizeof count);
	go_on(posternd->load);
}

static int begin(struct load *load)
{
	int rc;

	load->done = (struct watch){
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = on_done, .owner = load->posternd
	};
	if (load->done.fd < 0)
		return -errno;
	rc = watch_add(load->posternd->loop, &load->done, EPOLLIN);
	return rc < 0 ? rc : -pthread_create(&load->thread, NULL, build_table, load);
}

int load_start(struct posternd *posternd, struct connection *connection, const struct verb_header *header,
	const struct verb_filter_load *wanted, int records_fd)
{
	struct load *load;
	int rc;

	if (posternd->config.local)
		return -EOPNOTSUPP;
	if (posternd->load)
		return -EBUSY;
	load = calloc(1, sizeof *load);
	if (!load)
		return -ENOMEM;
	load->posternd = posternd;
	load->connection = connection;
	load->header = *header;
	load->done.fd = -1;
	load->prepared_rc = -ECANCELED; /* until it is */
	load->endpoint = endpoint_find(posternd, wanted->id);
	rc = map_records(load, wanted, records_fd);
	if (rc == 0 && (!load->endpoint || !load->endpoint->filter))
		rc = -ENOENT;
	if (rc == 0) {
		describe(load, wanted);
		rc = begin(load);
	}
	if (rc < 0) {
		report_refusal(wanted->id, wanted->generation, rc);
		free_load(load);
		return rc;
	}
	posternd->load = load;
	return 0;
}

void load_finish(struct posternd *posternd)
{
	while (posternd->load)
		go_on(posternd->load);
}

void load_forget(struct posternd *posternd, const struct connection *connection)
{
	if (posternd->load && posternd->load->connection == connection)
		posternd->load->connection = NULL;
}
