/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netns/fds.h"
#include "netns/fixture.h"
#include "netns/monitor.h"
#include "netns/namespace.h"
#include "netns/record.h"
#include "netns/report.h"
#include "netns/sockets.h"

void endpoint_init(struct posternd *posternd)
{
	for (size_t i = 0; i < VERB_ENDPOINTS_MAX; i++)
		posternd->endpoints[i] = (struct endpoint){ .index = (uint32_t)i, .events.fd = -1 };
}

struct endpoint *endpoint_find(struct posternd *posternd, const char id[FILTER_ENDPOINT_ID_BYTES])
{
	for (size_t i = 0; i < VERB_ENDPOINTS_MAX; i++) {
		struct endpoint *endpoint = &posternd->endpoints[i];

		if (endpoint->used && memcmp(endpoint->wanted.id, id, FILTER_ENDPOINT_ID_BYTES) == 0)
			return endpoint;
	}
	return NULL;
}

uint32_t endpoint_count(const struct posternd *posternd)
{
	uint32_t count = 0;

	for (size_t i = 0; i < VERB_ENDPOINTS_MAX; i++)
		count += posternd->endpoints[i].used;
	return count;
}

struct endpoint *endpoint_new(struct posternd *posternd)
{
	for (size_t i = 0; i < VERB_ENDPOINTS_MAX; i++) {
		struct endpoint *endpoint = &posternd->endpoints[i];

		if (endpoint->used)
			continue;
		*endpoint = (struct endpoint){ .used = true, .index = (uint32_t)i, .events.fd = -1 };
		return endpoint;
	}
	return NULL;
}

static size_t socket_count(const struct endpoint *endpoint)
{
	return endpoint->https_count + endpoint->dns_udp_count + endpoint->dns_tcp_count;
}

static void drop_sockets(struct endpoint *endpoint)
{
	if (endpoint->sockets)
		fds_close(endpoint->sockets, socket_count(endpoint));
	free(endpoint->sockets);
	endpoint->sockets = NULL;
	endpoint->told = false;
}

void endpoint_close(struct posternd *posternd, struct endpoint *endpoint)
{
	drop_sockets(endpoint);
	if (endpoint->events.fd >= 0)
		watch_end(posternd->loop, &endpoint->events);
	filter_close(endpoint->filter);
	*endpoint = (struct endpoint){ .index = endpoint->index, .events.fd = -1 };
}

void endpoint_make_local(struct posternd *posternd)
{
	struct endpoint *endpoint = endpoint_new(posternd);

	endpoint->kind = VERB_ENDPOINT_LOCAL;
}

void endpoint_forget_told(struct posternd *posternd)
{
	for (size_t i = 0; i < VERB_ENDPOINTS_MAX; i++)
		posternd->endpoints[i].told = false;
}

/* What each of an endpoint's sockets is, in the order in which they travel. */
struct socket_plan {
	struct netns_address https, dns;
	size_t https_count, dns_count;
};

static struct socket_plan plan_sockets(const struct posternd *posternd, const struct endpoint *endpoint)
{
	const struct netns_config *config = &posternd->config;
	struct socket_plan plan = { .https_count = config->worker_count, .dns_count = config->worker_count };

	if (endpoint->kind == VERB_ENDPOINT_LOCAL) {
		plan.https = config->traffic;
		plan.dns = config->traffic_dns;
		plan.dns_count = config->traffic_dns.family ? config->worker_count : 0;
		return plan;
	}
	/* The wildcard: all that can reach it is the endpoint's own addresses. */
	plan.https.port = FILTER_HTTPS_PORT;
	plan.dns.port = FILTER_DNS_PORT;
	return plan;
}

struct socket_work {
	const struct socket_plan *plan;
	uint32_t backlog;
	int *fds;
};

/* Runs inside the endpoint's namespace. */
static int open_sockets(void *context)
{
	struct socket_work *work = context;
	const struct socket_plan *plan = work->plan;
	size_t count = 0, total = plan->https_count + 2 * plan->dns_count;

	while (count < total) {
		bool https = count < plan->https_count;
		bool udp = !https && count < plan->https_count + plan->dns_count;
		int fd = sockets_open(
			https ? &plan->https : &plan->dns, udp ? SOCK_DGRAM : SOCK_STREAM, true, work->backlog);

		if (fd < 0) {
			fds_close(work->fds, count);
			return fd;
		}
		work->fds[count++] = fd;
	}
	return 0;
}

static void set_counts(struct endpoint *endpoint, const struct socket_plan *plan)
{
	endpoint->https_count = plan->https_count;
	endpoint->dns_udp_count = endpoint->dns_tcp_count = plan->dns_count;
}

static int make_sockets(struct posternd *posternd, struct endpoint *endpoint, int namespace_fd)
{
	struct socket_plan plan = plan_sockets(posternd, endpoint);
	size_t total = plan.https_count + 2 * plan.dns_count;
	struct socket_work work = { .plan = &plan, .backlog = posternd->config.listen_backlog };
	int rc;

	work.fds = malloc(total * sizeof *work.fds);
	if (!work.fds)
		return -ENOMEM;
	rc = endpoint->kind == VERB_ENDPOINT_LOCAL ? open_sockets(&work)
						   : namespace_run(namespace_fd, open_sockets, &work);
	if (rc < 0) {
		free(work.fds);
		return rc;
	}
	endpoint->sockets = work.fds;
	set_counts(endpoint, &plan);
	if (endpoint->kind == VERB_ENDPOINT_NAMESPACE)
		endpoint->namespace_cookie = sockets_namespace_cookie(work.fds[0]);
	return 0;
}

static void report_no_sockets(const struct posternd *posternd, const struct endpoint *endpoint, int rc)
{
	char text[SOCKETS_TEXT_BYTES];

	if (endpoint->kind == VERB_ENDPOINT_NAMESPACE) {
		report(REPORT_ERROR, "can't open the sockets of %s: %s", endpoint->wanted.id, strerror(-rc));
		return;
	}
	sockets_text(&posternd->config.traffic, text);
	if (rc == -EADDRINUSE)
		report(REPORT_ERROR,
			"traffic address %s is in use: end the program that listens there, or choose another", text);
	else if (rc == -EADDRNOTAVAIL)
		report(REPORT_ERROR, "traffic address %s is not an address of this host", text);
	else if (rc == -EACCES)
		report(REPORT_ERROR, "traffic address %s: this port needs root: choose one from 1024 on", text);
	else
		report(REPORT_ERROR, "can't listen on traffic address %s: %s", text, strerror(-rc));
}

int endpoint_complete_sockets(struct posternd *posternd)
{
	for (size_t i = 0; i < VERB_ENDPOINTS_MAX; i++) {
		struct endpoint *endpoint = &posternd->endpoints[i];
		int namespace_fd = -1, rc = 0;

		if (!endpoint->used || endpoint->sockets)
			continue;
		if (endpoint->kind == VERB_ENDPOINT_NAMESPACE) {
			namespace_fd = fixture_open_namespace(endpoint->wanted.id);
			rc = namespace_fd < 0 ? namespace_fd : 0;
		}
		if (rc == 0)
			rc = make_sockets(posternd, endpoint, namespace_fd);
		if (namespace_fd >= 0)
			close(namespace_fd);
		if (rc < 0) {
			report_no_sockets(posternd, endpoint, rc);
			return rc;
		}
	}
	return 0;
}

/* Is descriptor `at` of those handed back the socket that belongs there? */
static bool is_own_socket(const struct endpoint *endpoint, const struct socket_plan *plan, size_t at, int fd)
{
	bool https = at < plan->https_count;
	bool udp = !https && at < plan->https_count + plan->dns_count;

	if (endpoint->sockets)
		return sockets_are_same(endpoint->sockets[at], fd);
	return sockets_is(
		fd, https ? &plan->https : &plan->dns, udp ? SOCK_DGRAM : SOCK_STREAM, endpoint->namespace_cookie);
}

int endpoint_take_back(struct posternd *posternd, const char id[FILTER_ENDPOINT_ID_BYTES], int *fds, size_t fd_count)
{
	struct endpoint *endpoint = endpoint_find(posternd, id);
	struct socket_plan plan;

	if (!endpoint)
		return -ENOENT;
	plan = plan_sockets(posternd, endpoint);
	if (fd_count != plan.https_count + 2 * plan.dns_count)
		return -EINVAL;
	for (size_t i = 0; i < fd_count; i++)
		if (!is_own_socket(endpoint, &plan, i, fds[i]))
			return -EINVAL;
	endpoint->told = true;
	if (endpoint->sockets)
		return 0;
	endpoint->sockets = malloc(fd_count * sizeof *fds);
	if (!endpoint->sockets)
		return -ENOMEM;
	memcpy(endpoint->sockets, fds, fd_count * sizeof *fds);
	for (size_t i = 0; i < fd_count; i++)
		fds[i] = -1;
	set_counts(endpoint, &plan);
	return 0;
}

/* The row of the settings' table that an address lies in, or NULL if it is not an address to give away there. */
static const struct netns_network *network_of(const struct netns_config *config, const struct verb_address *address)
{
	const struct netns_network *network;
	const struct netns_prefix *prefix;

	if (address->network_index >= config->network_count)
		return NULL;
	network = &config->networks[address->network_index];
	prefix = address->family == AF_INET ? &network->v4 : &network->v6;
	if (prefix->family != address->family || prefix->prefix_bits != address->prefix_bits)
		return NULL;
	return fixture_may_have(network, address) ? network : NULL;
}

static bool is_same_address(const struct verb_address *a, const struct verb_address *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Does another endpoint stand in the way of this address, or of this NIC? 0 if not. */
static int check_conflicts(
	const struct posternd *posternd, const struct verb_address *address, const struct netns_network *network)
{
	for (size_t i = 0; i < VERB_ENDPOINTS_MAX; i++) {
		const struct endpoint *other = &posternd->endpoints[i];

		if (!other->used)
			continue;
		for (uint32_t a = 0; a < other->wanted.address_count; a++) {
			if (strcmp(other->networks[a].subnet_id, network->subnet_id) != 0)
				continue;
			if (network->attachment == NETNS_ATTACH_NIC)
				return -EBUSY;
			if (is_same_address(&other->wanted.addresses[a], address))
				return -EADDRINUSE;
		}
	}
	return 0;
}

/* Fill the endpoint's networks from the settings: everything that is wanted must be the settings' to give. */
static int check_wanted(
	const struct posternd *posternd, const struct verb_endpoint_create *wanted, struct netns_network *networks)
{
	for (uint32_t i = 0; i < wanted->address_count; i++) {
		const struct verb_address *address = &wanted->addresses[i];
		const struct netns_network *network = network_of(&posternd->config, address);
		int rc;

		if (!network)
			return -EINVAL;
		networks[i] = *network;
		/* One endpoint stands for one VPC. */
		if (strcmp(networks[0].vpc_id, network->vpc_id) != 0)
			return -EINVAL;
		for (uint32_t before = 0; before < i; before++)
			if (is_same_address(&wanted->addresses[before], address))
				return -EINVAL;
		rc = check_conflicts(posternd, address, network);
		if (rc == 0)
			rc = link_check_attachment(network);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int write_record(const struct posternd *posternd, const struct endpoint *endpoint, bool complete)
{
	struct record record = { .complete = complete, .index = endpoint->index, .wanted = endpoint->wanted };

	memcpy(record.networks, endpoint->networks, sizeof record.networks);
	return record_write(posternd->config.run_dir, &record);
}

/* Filter first, then everything that it is to guard. */
static int build(struct posternd *posternd, struct endpoint *endpoint)
{
	const struct filter_options options = {
		.endpoint_id = endpoint->wanted.id,
		.endpoint_index = endpoint->index,
		.mode = endpoint->wanted.filter_mode,
		.dns = endpoint->wanted.filter_dns,
		.answers = posternd->config.back_ends_from_endpoint,
		.resets_per_second = posternd->config.resets_per_second,
		.events_per_second = posternd->config.events_per_second,
	};
	int namespace_fd, rc = filter_open(&endpoint->filter, &options);

	if (rc < 0)
		return rc;
	namespace_fd = fixture_build(&endpoint->wanted, endpoint->networks, endpoint->filter);
	if (namespace_fd < 0)
		return namespace_fd;
	rc = make_sockets(posternd, endpoint, namespace_fd);
	close(namespace_fd);
	if (rc == 0)
		rc = endpoint_watch_events(posternd, endpoint);
	return rc < 0 ? rc : write_record(posternd, endpoint, true);
}

static int undo(struct posternd *posternd, struct endpoint *endpoint)
{
	struct verb_endpoint_create wanted = endpoint->wanted;
	struct netns_network networks[VERB_ADDRESSES_MAX];
	int rc;

	memcpy(networks, endpoint->networks, sizeof networks);
	/* Our own descriptors first: an open listener would keep the namespace alive. */
	endpoint_close(posternd, endpoint);
	rc = fixture_tear_down(&wanted, networks, posternd->namespace_fd);
	if (rc == 0)
		record_remove(posternd->config.run_dir, wanted.id);
	return rc;
}

int endpoint_create(struct posternd *posternd, const struct verb_endpoint_create *wanted, uint32_t *ret_index)
{
	struct endpoint *endpoint = endpoint_find(posternd, wanted->id);
	struct netns_network networks[VERB_ADDRESSES_MAX] = { 0 };
	int rc;

	if (posternd->config.local)
		return -EOPNOTSUPP;
	if (endpoint) {
		/* Control asks again when it did not hear the answer. */
		if (memcmp(endpoint->wanted.addresses, wanted->addresses, sizeof wanted->addresses) != 0)
			return -EEXIST;
		*ret_index = endpoint->index;
		return 0;
	}
	rc = check_wanted(posternd, wanted, networks);
	endpoint = rc == 0 ? endpoint_new(posternd) : NULL;
	if (rc == 0 && !endpoint)
		rc = -ENOSPC;
	if (rc < 0) {
		report(REPORT_ERROR, "can't make endpoint %s: %s", wanted->id, strerror(-rc));
		return rc;
	}
	endpoint->kind = VERB_ENDPOINT_NAMESPACE;
	endpoint->wanted = *wanted;
	memcpy(endpoint->networks, networks, sizeof networks);
	rc = write_record(posternd, endpoint, false);
	if (rc == 0)
		rc = build(posternd, endpoint);
	if (rc < 0) {
		report(REPORT_ERROR, "can't make endpoint %s: %s", wanted->id, strerror(-rc));
		if (undo(posternd, endpoint) < 0)
			report(REPORT_ERROR, "parts of endpoint %s remain: `postern down` removes them", wanted->id);
		return rc;
	}
	*ret_index = endpoint->index;
	report(REPORT_INFO, "endpoint %s is up with %u address%s", wanted->id, wanted->address_count,
		wanted->address_count == 1 ? "" : "es");
	return 0;
}

int endpoint_delete(struct posternd *posternd, const char id[FILTER_ENDPOINT_ID_BYTES])
{
	struct endpoint *endpoint = endpoint_find(posternd, id);
	int rc;

	if (posternd->config.local)
		return -EOPNOTSUPP;
	if (!endpoint)
		return -ENOENT;
	rc = undo(posternd, endpoint);
	if (rc < 0)
		report(REPORT_ERROR, "parts of endpoint %s remain (%s): `postern down` removes them", id,
			strerror(-rc));
	else
		report(REPORT_INFO, "endpoint %s is gone", id);
	monitor_tell_gone(posternd, id);
	return rc;
}

struct event_reader {
	struct posternd *posternd;
	struct endpoint *endpoint;
};

static void on_event(void *context, const struct filter_event *event)
{
	struct event_reader *reader = context;
	struct verb_filter_events *events = &reader->posternd->events;
	struct verb_filter_event *into = &events->events[events->count];

	memcpy(into->id, reader->endpoint->wanted.id, sizeof into->id);
	into->event = *event;
	into->event.endpoint_index = reader->endpoint->index;
	if (++events->count == VERB_EVENTS_MAX)
		monitor_tell_events(reader->posternd);
}

static void on_events(struct watch *watch, uint32_t ready)
{
	struct posternd *posternd = watch->owner;
	struct event_reader reader = { .posternd = posternd };

	(void)ready;
	for (size_t i = 0; i < VERB_ENDPOINTS_MAX; i++)
		if (&posternd->endpoints[i].events == watch)
			reader.endpoint = &posternd->endpoints[i];
	if (filter_read_events(reader.endpoint->filter, on_event, &reader) < 0)
		report(REPORT_WARNING, "can't read the filter events of %s", reader.endpoint->wanted.id);
	monitor_tell_events(posternd);
}

int endpoint_watch_events(struct posternd *posternd, struct endpoint *endpoint)
{
	/* A duplicate: the filter keeps and closes its own. */
	int fd = fcntl(filter_events_fd(endpoint->filter), F_DUPFD_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	endpoint->events = (struct watch){ .fd = fd, .ready = on_events, .owner = posternd };
	rc = watch_add(posternd->loop, &endpoint->events, EPOLLIN);
	if (rc < 0) {
		close(fd);
		endpoint->events.fd = -1;
	}
	return rc;
}
