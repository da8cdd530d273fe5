/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/machine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/base/log.h"
#include "appliance/control/endpoints.h"
#include "appliance/control/posternd.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/control/state_file.h"
#include "image/system/client.h"

/* A start waits to be found good; a daemon that was restarted, or a host that has none, needs no haste. */
#define SOON_MS 1000
#define LATER_MS 30000
/* Control starts beside the daemon: so long, none there is no reason to look less often. */
#define YOUNG_MS 120000
#define HTTPS_PORT 443

_Static_assert(SYSTEM_MANAGEMENT_MAX >= NETNS_MANAGEMENT_MAX, "all management addresses");
_Static_assert(SYSTEM_ENDPOINTS_MAX >= VERB_ENDPOINTS_MAX, "all endpoints");

/* Beside posternd's. */
static bool socket_path(const struct control *control, char ret[CONTROL_PATH_MAX_BYTES])
{
	const char *posternd = control->settings.posternd_socket, *slash = posternd ? strrchr(posternd, '/') : NULL;

	return slash && snprintf(ret, CONTROL_PATH_MAX_BYTES, "%.*s/" SYSTEM_SOCKET_NAME, (int)(slash - posternd),
				posternd) < CONTROL_PATH_MAX_BYTES;
}

static int ask(const struct control *control, enum system_verb verb, const void *body, const void *data,
	size_t data_bytes, struct system_reply *ret)
{
	char path[CONTROL_PATH_MAX_BYTES];

	return socket_path(control, path) ? system_client_call(path, verb, body, data, data_bytes, ret) : -ENOENT;
}

/* ---- what there is to serve ---- */

static bool is_loopback(const struct netns_address *address)
{
	static const uint8_t v6[16] = { [15] = 1 };

	return address->family == AF_INET ? address->bytes[0] == 127 : memcmp(address->bytes, v6, sizeof v6) == 0;
}

static void add_management(const struct control *control, struct system_facts *facts)
{
	for (size_t i = 0; i < control->settings.management_count; i++) {
		const struct netns_address *address = &control->settings.management[i];
		struct system_address *entry = &facts->management[facts->management_count++];

		entry->family = address->family;
		entry->port = address->port;
		entry->is_tls = !is_loopback(address);
		memcpy(entry->bytes, address->bytes, sizeof entry->bytes);
	}
}

static void add_address(struct system_address *entry, const struct json *address, const char *member, int family)
{
	const char *text = json_find_c_string(address, member);

	if (entry->family || !text || inet_pton(family, text, entry->bytes) != 1)
		return;
	entry->family = (uint16_t)family;
	entry->port = HTTPS_PORT;
	entry->is_tls = 1;
}

static void add_endpoint(const struct json *endpoint, struct system_facts *facts)
{
	struct system_endpoint *entry = &facts->endpoints[facts->endpoint_count];
	struct view id = json_find_text(endpoint, "vpcEndpointId");

	if (endpoint_is_builtin(endpoint) || facts->endpoint_count == SYSTEM_ENDPOINTS_MAX ||
		id.count >= sizeof entry->id)
		return;
	JSON_EACH(address, json_find(json_find(endpoint, "postern"), "addresses"))
	{
		add_address(&entry->v4, address, "ipv4", AF_INET);
		add_address(&entry->v6, address, "ipv6", AF_INET6);
	}
	if (!entry->v4.family && !entry->v6.family)
		return;
	memcpy(entry->id, id.at, id.count);
	facts->endpoint_count++;
}

/* False: not all of it could be found out. */
static bool add_endpoints(struct control *control, struct system_facts *facts)
{
	const struct call_request nothing = { .received_wall_ms = 0 };
	struct call call;
	bool known;

	call_init(&call, control, &nothing);
	{
		struct json JSON_CLEANUP *endpoints = record_list(&call, STORE_vpcendpoint, NULL);

		JSON_EACH(endpoint, endpoints)
		add_endpoint(endpoint, facts);
		known = call.store_error == 0;
	}
	call_fini(&call);
	return known;
}

static bool gateway_is_ready(struct control *control)
{
	struct verb_message *reply;

	return posternd_call(control, VERB_STATUS, NULL, NULL, 0, &reply) == 0 && reply->body.status.gateway.ready != 0;
}

static bool find_facts(struct control *control, struct system_facts *ret)
{
	static char room[STATE_FILE_MAX_BYTES];
	struct view ca;

	memset(ret, 0, sizeof *ret);
	ret->is_ready = gateway_is_ready(control);
	snprintf(ret->name, sizeof ret->name, "health.execute-api.%s.amazonaws.com", control_region(control));
	if (state_file_read(control, "ca.pem", room, &ca) < 0 || ca.count >= sizeof ret->ca_pem)
		return false;
	memcpy(ret->ca_pem, ca.at, ca.count);
	add_management(control, ret);
	return control->settings.local || add_endpoints(control, ret);
}

void machine_tell(struct control *control)
{
	static struct system_facts facts;
	static struct system_reply reply;
	struct machine *machine = &control->machine;
	uint64_t now_ms = clock_monotonic_ms();
	char path[CONTROL_PATH_MAX_BYTES];
	int error;

	if (now_ms < machine->next_ms || !socket_path(control, path))
		return;
	machine->next_ms = now_ms + SOON_MS;
	if (access(path, F_OK) < 0) {
		if (clock_wall_ms() > control->started_ms + YOUNG_MS)
			machine->next_ms = now_ms + LATER_MS;
		return;
	}
	if (!find_facts(control, &facts))
		return;
	error = system_client_call(path, SYSTEM_FACTS, &facts, NULL, 0, &reply);
	if (error < 0)
		log_warning("the system daemon can't be told what there is to serve", LOG_ERRNO(error));
	machine->knows_good = error == 0 && reply.now.is_good;
	if (machine->knows_good || error < 0)
		machine->next_ms = now_ms + (error < 0 ? 5 * SOON_MS : LATER_MS);
}

/* ---- operations ---- */

static int fail_unreached(struct call *call, int error)
{
	if (error == -ENOENT)
		return call_fail(call, "NotFoundException",
			"This is no appliance of the image: its system is the host's to update, configure and "
			"restart.");
	log_warning("the system daemon does not answer", LOG_ERRNO(error));
	return call_fail(call, "ServiceUnavailableException",
		"The appliance's system daemon does not answer. Please try again.");
}

int machine_call(struct call *call, enum system_verb verb, const void *body, const void *data, size_t data_bytes,
	struct system_reply *ret)
{
	int error = ask(call->control, verb, body, data, data_bytes, ret);
	bool is_busy;

	if (error < 0)
		return fail_unreached(call, error);
	if (ret->status == 0)
		return 0;
	is_busy = ret->status == -EBUSY || ret->status == -EAGAIN;
	return call_fail(call, is_busy ? "ConflictException" : "BadRequestException", "%s",
		ret->reason[0] ? ret->reason : strerror(-ret->status));
}

int machine_confirm(struct control *control, bool *ret_were_on_trial)
{
	static struct system_reply reply;
	int error = ask(control, SYSTEM_CONFIRM, NULL, NULL, 0, &reply);

	*ret_were_on_trial = error == 0 && reply.status == 0;
	if (error == -ENOENT || (error == 0 && reply.status == -ENOENT))
		return 0;
	return error < 0 ? error : reply.status;
}
