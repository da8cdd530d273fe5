/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/launch/control_program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/base/log.h"
#include "appliance/control/control.h"
#include "appliance/launch/address.h"
#include "appliance/launch/posternd_link.h"
#include "appliance/launch/sandbox.h"
#include "appliance/launch/start.h"

struct program {
	struct start start;
	struct loop *loop;
	struct posternd_link link;
	struct counters *counters;
	int counters_fd, wake_fd;
	int client_record_fd, request_record_fd, line_record_fd; /* for reading; -1: none is kept */
	int audit_log_fd;                                        /* until control has it */
	int management_fds[NETNS_MANAGEMENT_MAX];                /* ours to hand back; control has duplicates */
	size_t management_count;
	struct control *control;
	unsigned hand_back_step;
	bool draining;
};

/* https://, a name of at most 253 characters, a port. */
#define NAME_URL_BYTES 288

static const char *const filter_modes[] = { "reset", "drop", "observe" };
static const char *const filter_dns[] = { "admitted", "policy", "off" };

static struct program *program_of(struct posternd_link *link)
{
	return CONTAINER_OF(link, struct program, link);
}

/* --- posternd ------------------------------------------------------------------------------------------------------ */

static void drained(void *context)
{
	struct program *program = context;

	loop_stop(program->loop);
}

static void drain(struct program *program, uint64_t limit_ms)
{
	if (program->draining)
		return;
	program->draining = true;
	log_info("draining", LOG_UINT("limit_ms", limit_ms));
	control_drain(program->control, limit_ms, drained, program);
}

static void signalled(void *context, int number)
{
	struct program *program = context;

	if (number != SIGHUP) /* that one is posternd's business: it sends RELOAD */
		drain(program, program->start.settings->drain_timeout_ms);
}

/* Shared things, then listeners, then READY: each when the one before was answered. */
static void hand_back_next(struct program *program)
{
	struct verb_hand_back what = { .what = VERB_HAND_BACK_SHARED };
	const int shared[] = { program->counters_fd, program->wake_fd };
	const struct verb_empty nothing = { 0 };

	switch (program->hand_back_step++) {
	case 0:
		(void)posternd_link_send(&program->link, VERB_HAND_BACK, &what, shared, ARRAY_COUNT(shared));
		break;
	case 1:
		what.what = VERB_HAND_BACK_MANAGEMENT;
		(void)posternd_link_send(
			&program->link, VERB_HAND_BACK, &what, program->management_fds, program->management_count);
		break;
	case 2:
		if (posternd_link_send(&program->link, VERB_READY, &nothing, NULL, 0))
			control_posternd_is_up(program->control);
		break;
	default:
		break;
	}
}

static void back(struct posternd_link *link)
{
	struct program *program = program_of(link);

	program->hand_back_step = 0;
	hand_back_next(program);
}

static void reload(struct program *program, struct verb_message *message)
{
	int fd = client_take_fd(message, 0), audit_fd = client_take_fd(message, 1);

	if (audit_fd >= 0)
		control_change_audit_log(program->control, audit_fd);
	if (fd < 0)
		return;
	start_reload(&program->start, fd);
	close(fd);
}

static void message(struct posternd_link *link, struct verb_message *message)
{
	struct program *program = program_of(link);

	switch (message->header.verb) {
	case VERB_HAND_BACK:
		if (message->header.status < 0)
			log_warning("posternd did not want something back", LOG_ERRNO(message->header.status));
		hand_back_next(program);
		break;
	case VERB_FILTER_EVENTS:
		control_filter_events(program->control, &message->body.filter_events);
		break;
	case VERB_DRAIN:
		drain(program, message->body.drain.limit_ms);
		break;
	case VERB_RELOAD:
		reload(program, message);
		break;
	default:
		break; /* the answer to READY */
	}
}

static const struct posternd_link_handlers link_handlers = { .message = message, .back = back };

/* --- Start --------------------------------------------------------------------------------------------------------- */

static int take_welcome(struct program *program, struct verb_message *message)
{
	const struct verb_welcome *welcome = &message->body.welcome;
	size_t index = 2;
	int error;

	program->counters_fd = client_take_fd(message, 0);
	program->wake_fd = client_take_fd(message, 1);
	program->management_count = welcome->management_count;
	for (size_t i = 0; i < program->management_count && i < NETNS_MANAGEMENT_MAX; i++)
		program->management_fds[i] = client_take_fd(message, index++);
	if (welcome->has_records & VERB_RECORD_CLIENTS)
		program->client_record_fd = client_take_fd(message, index++);
	if (welcome->has_records & VERB_RECORD_REQUESTS)
		program->request_record_fd = client_take_fd(message, index++);
	if (welcome->has_records & VERB_RECORD_LINES)
		program->line_record_fd = client_take_fd(message, index++);
	if (welcome->has_audit_log)
		program->audit_log_fd = client_take_fd(message, index);
	error = counters_map(&program->counters, program->counters_fd, welcome->worker_count, false);
	if (error)
		log_error("the shared counters can't be used", LOG_ERRNO(error));
	return error;
}

/* Where management is called, for whoever reads `credentials`: the first of its names, else the first address. */
static void write_management_url(const struct settings *settings, struct buffer *ret)
{
	const struct netns_address *address = &settings->management.at[0];
	char text[ADDRESS_TEXT_BYTES];
	const char *name = settings->management_names.count ? settings->management_names.at[0] : "";

	address_write_port(text, address);
	buffer_append_text(ret, address_is_loopback(address) ? "http://" : "https://");
	if (!name[0] || address_is_loopback(address))
		buffer_append_text(ret, text);
	else
		buffer_printf(ret, strchr(name, ':') ? "[%s]:%u" : "%s:%u", name, address->port);
}

static int open_control(struct program *program)
{
	const struct settings *settings = program->start.settings;
	char traffic[ADDRESS_TEXT_BYTES], url_room[NAME_URL_BYTES], names_room[8 * NAME_URL_BYTES];
	struct buffer url, names;
	struct json *shown = settings_redacted(settings);
	char *shown_text = json_print_text(shown);
	const char *why = NULL;
	struct control_settings control = {
		.account_id = settings->account_id,
		.region = settings->region,
		.state_dir = settings->state_dir,
		.posternd_socket = program->start.posternd_socket,
		.networks = settings->networks.at,
		.network_count = settings->networks.count,
		.access_key_id = settings->access_key_id[0] ? settings->access_key_id : NULL,
		.secret_access_key = settings->secret_access_key[0] ? settings->secret_access_key : NULL,
		.operator_certificate = settings->operator_certificate[0] ? settings->operator_certificate : NULL,
		.local = settings->local,
		.default_filter_mode = filter_modes[settings->filter_mode],
		.filter_dns = filter_dns[settings->filter_dns],
		.filter_cut_connections = settings->filter_cut_connections,
		.filter_prefixes = (size_t)settings->filter_prefixes,
		.filter_widens = settings->filter_over_limit == 1,
		.wake_fd = program->wake_fd,
		.counters = program->counters,
		.client_record_fd = program->client_record_fd,
		.request_record_fd = program->request_record_fd,
		.line_record_fd = program->line_record_fd,
		.log_events_bytes = (uint64_t)settings->log_events_mb << 20,
		.integration_timeout_max_ms = (uint32_t)settings->integration_timeout_max_ms,
		.audit_log_fd = program->audit_log_fd,
	};
	int error;

	json_free(shown);
	buffer_init_fixed(&url, url_room, sizeof url_room);
	write_management_url(settings, &url);
	control.management_url = buffer_text(&url);
	control.management_count = settings->management.count;
	memcpy(control.management, settings->management.at, sizeof control.management);
	buffer_init_fixed(&names, names_room, sizeof names_room);
	for (size_t i = 0; i < settings->management_names.count; i++)
		buffer_printf(&names, "%s ", settings->management_names.at[i]);
	control.management_names = buffer_text(&names);
	if (settings->local) {
		address_write_port(traffic, &settings->local_traffic);
		control.traffic_address = traffic;
	}
	control.run_dir = settings->run_dir;
	control.settings_shown = shown_text;
	error = control_open(&program->control, program->loop, &control, &why);
	free(shown_text);
	if (error)
		log_error("the store can't be opened", LOG_TEXT("folder", settings->state_dir),
			LOG_TEXT("why", why ? why : ""), LOG_ERRNO(error));
	return error;
}

/* Control owns what it listens on; the originals stay here, to be handed back to a new posternd. */
static int listen_all(struct program *program)
{
	for (size_t i = 0; i < program->management_count; i++) {
		bool secure = !address_is_loopback(&program->start.settings->management.at[i]);
		int fd = fcntl(program->management_fds[i], F_DUPFD_CLOEXEC, 3), error;

		if (fd < 0)
			return -errno;
		error = control_listen(program->control, fd, secure);
		if (error) {
			log_error("a management address can't be served", LOG_UINT("index", i), LOG_ERRNO(error));
			close(fd);
			return error;
		}
	}
	return 0;
}

static int start(struct program *program, int argc, char **argv)
{
	const struct verb_empty nothing = { 0 };
	struct verb_message *welcome;
	int error = start_program(&program->start, "control", argc, argv);

	if (error)
		return error;
	program->loop = loop_new();
	if (!program->loop || loop_watch_signals(program->loop, start_signals, signalled, program) < 0 ||
		posternd_link_open(
			&program->link, program->loop, program->start.posternd_socket, &link_handlers, &welcome) < 0 ||
		take_welcome(program, welcome) < 0)
		return 1;
	/* SQLite's temporary files go where the program may write */
	if (setenv("SQLITE_TMPDIR", program->start.settings->state_dir, 1) < 0)
		return 1;
	if (sandbox_files(SANDBOX_CONTROL, program->start.settings) < 0 || open_control(program) < 0 ||
		listen_all(program) < 0 || sandbox_system_calls(SANDBOX_CONTROL) < 0)
		return 1;
	if (!posternd_link_send(&program->link, VERB_READY, &nothing, NULL, 0))
		return 1;
	control_posternd_is_up(program->control);
	log_info("serving", LOG_UINT("management_addresses", program->management_count));
	return 0;
}

int control_program_main(int argc, char **argv)
{
	static struct program program = {
		.counters_fd = -1,
		.wake_fd = -1,
		.client_record_fd = -1,
		.request_record_fd = -1,
		.line_record_fd = -1,
		.audit_log_fd = -1,
	};
	int status = start(&program, argc, argv);

	if (status)
		return status;
	if (loop_run(program.loop) < 0)
		status = 1;
	control_close(program.control);
	posternd_link_close(&program.link);
	counters_unmap(program.counters);
	settings_free(program.start.settings);
	loop_free(program.loop);
	return status;
}
