/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Postern's own operations: status and backup. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/control/checkpoint.h"
#include "appliance/control/endpoints.h"
#include "appliance/control/filter/filter.h"
#include "appliance/control/operations.h"
#include "appliance/control/posternd.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/model/check.h"

static void add_child(struct json *children, const char *name, const struct verb_child_status *status)
{
	struct json *child = json_ensure_object(children, name);

	json_set_integer(child, "pid", status->pid);
	json_set_bool(child, "ready", status->ready != 0);
	json_set_integer(child, "restarts", status->restarts);
	json_set_integer(child, "lastExit", status->last_exit);
}

static void add_posternd(struct call *call, struct json *warnings)
{
	struct verb_message *reply;
	int error = posternd_call(call->control, VERB_STATUS, NULL, NULL, 0, &reply);

	if (error < 0) {
		if (error != -ENOTCONN)
			json_append_text(
				warnings, view_of("posternd does not answer: endpoints and filters stay as they are"));
		return;
	}
	add_child(json_ensure_object(call->output, "programs"), "gateway", &reply->body.status.gateway);
	add_child(json_ensure_object(call->output, "programs"), "control", &reply->body.status.control);
	json_set_integer(json_ensure_object(json_ensure_object(call->output, "programs"), "posternd"), "pid",
		reply->body.status.posternd_pid);
	json_set_integer(call->output, "workers", reply->body.status.worker_count);
}

static struct json *endpoint_status(struct call *call, const struct json *endpoint)
{
	struct json *shown = json_object_new(), *addresses = json_array_new(), *names = json_array_new();
	struct json JSON_CLEANUP *entries = endpoint_dns_entries(call->control, endpoint);
	struct verb_endpoint_id order = { { 0 } };
	struct verb_message *reply;

	json_set_text(shown, "id", json_find_text(endpoint, "vpcEndpointId"));
	json_set_text(shown, "vpcId", json_find_text(endpoint, "vpcId"));
	json_set_text(shown, "state", json_find_text(endpoint, "state"));
	json_set_bool(shown, "privateDnsEnabled", json_find_bool(endpoint, "privateDnsEnabled", false));
	json_set_bool(shown, "builtin", endpoint_is_builtin(endpoint));
	JSON_EACH(address, json_find(json_find(endpoint, "postern"), "addresses"))
	{
		if (json_find(address, "ipv4"))
			json_append_text(addresses, json_find_text(address, "ipv4"));
		if (json_find(address, "ipv6"))
			json_append_text(addresses, json_find_text(address, "ipv6"));
	}
	json_set(shown, "addresses", addresses);
	JSON_EACH(entry, entries)
	json_append_text(names, json_find_text(entry, "dnsName"));
	json_set(shown, "dnsNames", names);
	if (endpoint_is_builtin(endpoint))
		return shown;
	snprintf(order.id, sizeof order.id, "%s", json_find_c_string(endpoint, "vpcEndpointId"));
	if (posternd_call(call->control, VERB_FILTER_STATS, &order, NULL, 0, &reply) == 0) {
		struct json *filter = json_ensure_object(shown, "filter");

		json_set_c_string(filter, "mode", filter_mode_name(reply->body.filter_stats.mode));
		json_set_integer(filter, "generation", (int64_t)reply->body.filter_stats.generation);
		json_set_integer(filter, "prefixes", reply->body.filter_stats.prefix_count);
	}
	return shown;
}

/* The stages, one after the other. */
struct walk {
	struct call *call;
	struct json *not_served, *warnings;
	int64_t stages;
};

/* Methods that the gateway refuses rather than serve them otherwise than they ask for; and templates that will fail. */
static void add_not_served(struct walk *walk, const struct json *deployment, const char *api, const char *stage)
{
	const struct json *definition = json_find_path(deployment, "postern", "definition", NULL);
	char broken[CHECK_MESSAGE_MAX_BYTES];

	JSON_EACH(resource, json_find(definition, "resources"))
	JSON_EACH(method, json_find(resource, "resourceMethods"))
	{
		const char *reason = check_refusal(definition, method, broken);
		struct json *row;

		if (broken[0])
			json_append(walk->warnings, json_text_new_printf("API %s stage %s " VIEW_FMT " " VIEW_FMT
									 ": what uses this is answered with 500: %s",
							    api, stage, VIEW_ARG(json_name(method)),
							    VIEW_ARG(json_find_text(resource, "path")), broken));
		if (!reason)
			continue;
		row = json_object_new();
		json_set_c_string(row, "api", api);
		json_set_c_string(row, "stage", stage);
		json_set_text(row, "method", json_name(method));
		json_set_text(row, "resource", json_find_text(resource, "path"));
		json_set_c_string(row, "reason", reason);
		json_append(walk->not_served, row);
	}
}

/* Domains that nobody gets past. */
static void add_closed_domains(struct call *call, struct json *warnings)
{
	struct json JSON_CLEANUP *domains = record_list(call, STORE_domainname, NULL);

	JSON_EACH(domain, domains)
	if (json_find_text(json_find(domain, "mutualTlsAuthentication"), "truststoreUri").count)
		json_append(warnings,
			json_text_new_printf("the domain name " VIEW_FMT " wants client certificates, which this "
					     "version can't ask for: it leads to no API",
				VIEW_ARG(json_find_text(domain, "domainName"))));
}

static int64_t count_of(struct call *call, enum store_kind kind)
{
	struct json JSON_CLEANUP *list = record_list(call, kind, NULL);

	return (int64_t)json_count(list);
}

static void visit_deployment(struct walk *walk, const char *api, const char *stage, const char *id)
{
	struct json JSON_CLEANUP *deployment =
		record_find(walk->call, STORE_deployment, call_text(walk->call, "%s/%s", api, id));

	add_not_served(walk, deployment, api, stage);
}

static int visit_stage(void *context, const struct store_record *record)
{
	struct walk *walk = context;
	struct json JSON_CLEANUP *stage = NULL;
	const char *name, *own, *canary;

	if (json_parse(view_from(record->body, record->body_bytes), NULL, &stage, NULL) < 0)
		return 0;
	walk->stages++;
	name = json_find_c_string(stage, "stageName");
	own = json_find_c_string(stage, "deploymentId");
	canary = json_find_c_string(json_find(stage, "canarySettings"), "deploymentId");
	visit_deployment(walk, record->parent, name, own);
	if (canary && strcmp(canary, own) != 0)
		visit_deployment(walk, record->parent, name, canary);
	return 0;
}

int op_get_status(struct call *call)
{
	struct control *control = call->control;
	struct json JSON_CLEANUP *endpoints = record_list(call, STORE_vpcendpoint, NULL);
	struct json *counts, *list, *warnings = json_array_new();
	struct walk walk = { .call = call, .not_served = json_array_new(), .warnings = warnings };
	uint64_t revision = 0;

	record_error(call, store_revision(control->store, &revision));
	json_set_c_string(call->output, "version", POSTERN_VERSION);
	json_set_c_string(call->output, "accountId", control_account(control));
	json_set_c_string(call->output, "region", control_region(control));
	json_set_bool(call->output, "localMode", control->settings.local);
	json_set_integer(call->output, "startedAt", (int64_t)(control->started_ms / 1000));
	json_set_integer(call->output, "revision", (int64_t)revision);
	if (control->settings.counters)
		json_set_integer(call->output, "servedRevision",
			(int64_t)counters_read(control->settings.counters, COUNTERS_snapshot_revision, 0));
	json_set_c_string(call->output, "managementUrl", control->settings.management_url);
	if (control->settings.local)
		json_set_c_string(call->output, "trafficAddress", control->settings.traffic_address);
	add_posternd(call, warnings);
	add_closed_domains(call, warnings);
	record_error(call, store_each(control->store, STORE_stage, NULL, visit_stage, &walk));
	counts = json_ensure_object(call->output, "counts");
	json_set_integer(counts, "apis", count_of(call, STORE_restapi));
	json_set_integer(counts, "stages", walk.stages);
	json_set_integer(counts, "domains", count_of(call, STORE_domainname));
	json_set_integer(counts, "certificates", count_of(call, STORE_certificate));
	list = json_ensure_array(call->output, "endpoints");
	JSON_EACH(endpoint, endpoints)
	json_append(list, endpoint_status(call, endpoint));
	checkpoint_describe(control, json_ensure_object(call->output, "checkpoint"));
	json_set(call->output, "notServed", walk.not_served);
	if (control->filters_stale)
		json_append_text(
			warnings, view_of("a source filter could not be loaded yet; it is tried again every second"));
	json_set(call->output, "warnings", warnings);
	return 0;
}

/* --- backup -------------------------------------------------------------------------------------------------------------------------- */

static int read_whole(struct buffer *buffer, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;

	if (fd < 0)
		return -errno;
	for (;;) {
		char *room = buffer_reserve(buffer, 65536);
		ssize_t count = room ? read(fd, room, 65536) : -1;

		if (!room)
			error = buffer_error(buffer);
		else if (count < 0 && errno == EINTR)
			continue;
		else if (count < 0)
			error = -errno;
		if (error < 0 || count == 0)
			break;
		buffer_commit(buffer, (size_t)count);
	}
	close(fd);
	return error;
}

int op_get_backup(struct call *call)
{
	char path[CONTROL_PATH_MAX_BYTES];
	int error;

	/* Beside the store: the same disk, the same protection. A rest of an earlier attempt is of no use. */
	control_path(call->control, "backup.tmp", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	error = store_backup(call->control->store, path);
	if (error == 0)
		error = read_whole(&call->raw, path);
	(void)unlink(path);
	if (error == 0)
		call->raw_content_type = "application/vnd.sqlite3";
	return error;
}
