/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/launch/gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/log.h"
#include "appliance/crypto/seal.h"
#include "appliance/launch/gateway_state.h"
#include "appliance/launch/sandbox.h"
#include "appliance/model/follow.h"
#include "appliance/model/snapshot.h"
#include "appliance/observe/client_record.h"
#include "appliance/observe/line_record.h"
#include "appliance/observe/request_record.h"
#include "appliance/store/store.h"
#include "appliance/tls/client.h"

/* Control makes key and store at the very first start; until then they are looked for this often. */
#define STORE_RETRY_MS 20
/* After that long the follower is started anyway: it says why the store can't be read, and goes on trying. */
#define STORE_WAIT_MS 5000

/* --- The store ----------------------------------------------------------------------------------------------------- */

static void snapshot_published(struct loop_message *message)
{
	struct gateway *gateway = CONTAINER_OF(message, struct gateway, published);

	atomic_store(&gateway->published_posted, false);
	gateway_snapshot_serves(gateway);
}

/* On the follower's thread. */
static void published(void *context, uint64_t revision)
{
	struct gateway *gateway = context;

	(void)revision;
	if (!atomic_exchange(&gateway->published_posted, true))
		loop_post(gateway->loop, &gateway->published, snapshot_published);
}

/* The sealing key: 0, -ENOENT while control has not made it. */
static int read_key(struct gateway *gateway)
{
	uint8_t secret[SEAL_SECRET_BYTES + 1];
	char path[512];
	ssize_t count;
	int fd;

	snprintf(path, sizeof path, "%s/secret.key", gateway->start.settings->state_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	count = read(fd, secret, sizeof secret);
	close(fd);
	if (count != SEAL_SECRET_BYTES)
		return count == 0 ? -ENOENT : -EBADMSG;
	seal_key_init(&gateway->key, secret);
	explicit_bzero(secret, sizeof secret);
	return 0;
}

/* Can the store be read by now? Control makes its journal as it starts. */
static bool has_store(const struct gateway *gateway)
{
	struct store *store = NULL;
	char path[512];
	int error;

	snprintf(path, sizeof path, "%s/store.db", gateway->start.settings->state_dir);
	error = store_open_reader(&store, path, NULL);
	store_close(store);
	return error == 0;
}

static int start_follower(struct gateway *gateway)
{
	char path[512];
	struct follow_config config = {
		.store_path = path,
		.key = &gateway->key,
		.wake_fd = gateway->wake_fd,
		.worker_count = gateway->worker_count,
		.integration_timeout_max_ms = (uint32_t)gateway->start.settings->integration_timeout_max_ms,
		.current = gateway->current,
		.counters = counters_slot_reader(gateway->counters),
		.published = published,
		.context = gateway,
	};
	int error;

	snprintf(path, sizeof path, "%s/store.db", gateway->start.settings->state_dir);
	error = follow_start(&gateway->follow, &config, 0);
	return error == -EAGAIN ? 0 : error;
}

static void try_follow(struct timer *timer)
{
	struct gateway *gateway = CONTAINER_OF(timer, struct gateway, follow_timer);
	int error = read_key(gateway);

	if (error == -ENOENT ||
		(error == 0 && !has_store(gateway) && clock_monotonic_ms() < gateway->store_deadline_ms)) {
		timer_arm(gateway->loop, &gateway->follow_timer, STORE_RETRY_MS, try_follow);
		return;
	}
	if (error)
		log_error("the sealing key can't be read", LOG_TEXT("folder", gateway->start.settings->state_dir),
			LOG_ERRNO(error));
	else
		error = start_follower(gateway);
	if (!error)
		error = sandbox_system_calls(SANDBOX_GATEWAY);
	if (error) {
		log_error("the gateway can't start", LOG_ERRNO(error));
		gateway->exit_status = 1;
		loop_stop(gateway->loop);
	}
}

/* --- Start --------------------------------------------------------------------------------------------------------- */

/* The files of records, from the `index`-th descriptor on. Requests are served without them too. */
static void open_records(struct gateway *gateway, struct verb_message *message, size_t index)
{
	uint32_t has = message->body.welcome.has_records;
	int fds[VERB_RECORD_COUNT] = { -1, -1, -1 }, error;

	if (has & VERB_RECORD_CLIENTS) {
		fds[0] = client_take_fd(message, index++);
		error = client_record_open(&gateway->clients, fds[0], gateway->worker_count);
		if (error)
			log_error("no record of clients is kept", LOG_ERRNO(error));
	}
	if (has & VERB_RECORD_REQUESTS) {
		fds[1] = client_take_fd(message, index++);
		error = request_record_open(&gateway->requests, fds[1], gateway->worker_count);
		if (error)
			log_error("no record of requests is kept", LOG_ERRNO(error));
	}
	if (has & VERB_RECORD_LINES) {
		fds[2] = client_take_fd(message, index);
		error = line_record_open(&gateway->lines, fds[2], gateway->worker_count);
		if (error)
			log_error(
				"log groups get no access log lines: line_record_kb is too small for so many workers, "
				"or the file can't be used",
				LOG_ERRNO(error));
	}
	/* They are mapped. */
	for (size_t i = 0; i < VERB_RECORD_COUNT; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int take_welcome(struct gateway *gateway, struct verb_message *message)
{
	const struct verb_welcome *welcome = &message->body.welcome;
	int error;

	gateway->worker_count = welcome->worker_count;
	gateway->counters_fd = client_take_fd(message, 0);
	gateway->wake_fd = client_take_fd(message, 1);
	gateway->access_log_fd = welcome->has_access_log ? client_take_fd(message, 2) : -1;
	open_records(gateway, message, welcome->has_access_log ? 3 : 2);
	error = counters_map(&gateway->counters, gateway->counters_fd, gateway->worker_count, true);
	if (error)
		log_error("the shared counters can't be used", LOG_ERRNO(error));
	return error;
}

/* Which addresses back ends may have: the settings' exceptions; never management. */
static int make_destinations(struct gateway *gateway)
{
	const struct settings *settings = gateway->start.settings;
	char text[ADDRESS_TEXT_BYTES];
	int error = 0;

	for (size_t i = 0; i < settings->backend_allow.count && !error; i++)
		error = destination_allow(&gateway->destinations, settings->backend_allow.at[i]);
	for (size_t i = 0; i < settings->management.count && !error; i++) {
		address_write(text, &settings->management.at[i]);
		error = destination_refuse_management(&gateway->destinations, text, settings->management.at[i].port);
	}
	return error;
}

/* "10.0.0.2,[fd00::2]:53" of the settings' list; NULL for none. */
static int join_name_servers(struct gateway *gateway)
{
	const struct settings_texts *servers = &gateway->start.settings->name_servers;
	struct buffer buffer;

	if (servers->count == 0)
		return 0;
	buffer_init(&buffer, 4096);
	for (size_t i = 0; i < servers->count; i++)
		buffer_printf(&buffer, "%s%s", i ? "," : "", servers->at[i]);
	gateway->name_servers = buffer_take(&buffer, NULL);
	return gateway->name_servers ? 0 : -EMSGSIZE;
}

/* A file that can't be used is told once, here; those whom the system's authorities vouch for are called all the same. */
static void check_authorities(struct gateway *gateway)
{
	const char *path = gateway->start.settings->backend_ca_file;
	int error = path[0] ? tls_client_check_authorities(path) : 0;

	if (error)
		log_error("backend_ca_file can't be used: only the system's authorities vouch for HTTPS back ends",
			LOG_TEXT("path", path),
			LOG_TEXT("reason", error == -EBADMSG ? "not certificates in PEM" : strerror(-error)));
	gateway->authorities_path = path[0] && !error ? path : NULL;
}

static int start_aws(struct gateway *gateway)
{
	const struct gateway_aws_input input = {
		.loop = gateway->loop,
		.settings = gateway->start.settings,
		.destinations = &gateway->destinations,
		.name_servers = gateway->name_servers,
		.authorities_path = gateway->authorities_path,
		/* behind those of the workers; where they take them all, this thread makes no server's contexts */
		.tls_index = TLS_WORKER_MAX_COUNT - 1,
	};

	return gateway_aws_start(&gateway->aws, &input);
}

static int start_workers(struct gateway *gateway)
{
	gateway->wiring = (struct wiring_config){
		.settings = gateway->start.settings,
		.current = gateway->current,
		.counters = gateway->counters,
		.ticket_seed = &gateway->ticket_seed,
		.destinations = &gateway->destinations,
		.name_servers = gateway->name_servers,
		.authorities_path = gateway->authorities_path,
		.aws_endpoints = &gateway->aws.endpoints,
		.aws_credentials = &gateway->aws.credentials,
		.aws_source = gateway->aws.source,
		.access_log_fd = gateway->access_log_fd,
		.clients = gateway->clients,
		.requests = gateway->requests,
		.lines = gateway->lines,
		.main_loop = gateway->loop,
		.reports = &gateway_reports,
		.order_sockets = gateway_sockets_order,
		.context = gateway,
	};
	for (unsigned i = 0; i < gateway->worker_count; i++) {
		gateway->workers[i] = wiring_start(&gateway->wiring, i);
		if (!gateway->workers[i])
			return -ENOMEM;
		gateway->running_count++;
	}
	return 0;
}

static int start(struct gateway *gateway, int argc, char **argv)
{
	struct verb_message *welcome;
	int error = start_program(&gateway->start, "gateway", argc, argv);

	if (error)
		return error;
	gateway->loop = loop_new();
	if (!gateway->loop)
		return 1;
	if (loop_watch_signals(gateway->loop, start_signals, gateway_signal, gateway) < 0 ||
		posternd_link_open(&gateway->link, gateway->loop, gateway->start.posternd_socket,
			&gateway_link_handlers, &welcome) < 0 ||
		take_welcome(gateway, welcome) < 0)
		return 1;
	error = sandbox_files(SANDBOX_GATEWAY, gateway->start.settings);
	if (!error)
		error = tls_ticket_seed_make(&gateway->ticket_seed);
	if (!error)
		error = make_destinations(gateway);
	if (!error)
		error = join_name_servers(gateway);
	check_authorities(gateway);
	if (!error)
		error = start_aws(gateway);
	/* one slot more: for this thread, which looks for local mode's endpoint */
	gateway->current = current_new(gateway->worker_count + 1);
	if (!error && !gateway->current)
		error = -ENOMEM;
	if (error) {
		log_error("the gateway can't start", LOG_ERRNO(error));
		return 1;
	}
	if (start_workers(gateway) < 0)
		return 1;
	counters_up(counters_slot_reader(gateway->counters), COUNTERS_gateway_starts, 0);
	gateway->store_deadline_ms = clock_monotonic_ms() + STORE_WAIT_MS;
	timer_arm(gateway->loop, &gateway->follow_timer, 0, try_follow);
	return 0;
}

static void end(struct gateway *gateway)
{
	follow_stop(gateway->follow);
	for (unsigned i = 0; i < gateway->worker_count; i++) {
		if (gateway->workers[i])
			wiring_join(gateway->workers[i]);
	}
	gateway_invoke_end(gateway);
	gateway_aws_end(&gateway->aws);
	client_record_close(gateway->clients);
	request_record_close(gateway->requests);
	line_record_close(gateway->lines);
	posternd_link_close(&gateway->link);
	current_free(gateway->current);
	counters_unmap(gateway->counters);
	seal_key_fini(&gateway->key);
	free(gateway->name_servers);
	settings_free(gateway->start.settings);
	loop_free(gateway->loop);
}

int gateway_main(int argc, char **argv)
{
	static struct gateway gateway = { .counters_fd = -1, .wake_fd = -1, .access_log_fd = -1 };
	int status;

	list_init(&gateway.endpoints);
	list_init(&gateway.invocations);
	gateway_sockets_init(&gateway);
	status = start(&gateway, argc, argv);
	if (status)
		return status;
	if (loop_run(gateway.loop) < 0)
		gateway.exit_status = 1;
	if (gateway.exit_status == 0)
		end(&gateway);
	return gateway.exit_status;
}
