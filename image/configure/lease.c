/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/configure/lease.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/configure/confined.h"
#include "image/configure/lease_facts.h"
#include "image/configure/network.h"
#include "image/configure/network_apply.h"
#include "image/configure/network_state.h"
#include "image/configure/say.h"

extern char **environ;

#define READING_MS 3000

/* What an event of dhcpcd means for the record of its kind. Source: dhcpcd-run-hooks(8), "reason". */
enum effect { EFFECT_NONE, EFFECT_TOLD, EFFECT_OVER };
static const struct event {
	const char *reason;
	enum effect effect;
	enum network_lease_kind kind;
} events[] = {
	{ "BOUND", EFFECT_TOLD, NETWORK_LEASE_DHCP4 },
	{ "RENEW", EFFECT_TOLD, NETWORK_LEASE_DHCP4 },
	{ "REBIND", EFFECT_TOLD, NETWORK_LEASE_DHCP4 },
	{ "REBOOT", EFFECT_TOLD, NETWORK_LEASE_DHCP4 },
	{ "INFORM", EFFECT_TOLD, NETWORK_LEASE_DHCP4 },
	{ "TIMEOUT", EFFECT_TOLD, NETWORK_LEASE_DHCP4 },
	{ "EXPIRE", EFFECT_OVER, NETWORK_LEASE_DHCP4 },
	{ "NAK", EFFECT_OVER, NETWORK_LEASE_DHCP4 },
	{ "FAIL", EFFECT_OVER, NETWORK_LEASE_DHCP4 },
	{ "RELEASE", EFFECT_OVER, NETWORK_LEASE_DHCP4 },
	{ "BOUND6", EFFECT_TOLD, NETWORK_LEASE_DHCP6 },
	{ "RENEW6", EFFECT_TOLD, NETWORK_LEASE_DHCP6 },
	{ "REBIND6", EFFECT_TOLD, NETWORK_LEASE_DHCP6 },
	{ "REBOOT6", EFFECT_TOLD, NETWORK_LEASE_DHCP6 },
	{ "INFORM6", EFFECT_TOLD, NETWORK_LEASE_DHCP6 },
	{ "EXPIRE6", EFFECT_OVER, NETWORK_LEASE_DHCP6 },
	{ "RELEASE6", EFFECT_OVER, NETWORK_LEASE_DHCP6 },
	{ "ROUTERADVERT", EFFECT_TOLD, NETWORK_LEASE_RA },
};

static const struct event *find_event(const char *reason)
{
	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		if (strcmp(events[i].reason, reason) == 0)
			return &events[i];
	return NULL;
}

static uint32_t find_index(const struct network_state *state, const char *name)
{
	for (size_t i = 0; i < state->nics.count; i++)
		if (strcmp(state->nics.at[i].name, name) == 0)
			return state->nics.at[i].index;
	return 0;
}

/* Routers say the same every few minutes. */
static bool is_news(const struct network_state *state, const struct network_lease *lease)
{
	for (size_t i = 0; i < state->lease_count; i++)
		if (memcmp(&state->leases[i], lease, sizeof *lease) == 0)
			return false;
	return true;
}

static void say_lease(const char *interface, const struct network_lease *lease)
{
	char text[INET6_ADDRSTRLEN], line[512] = "";
	size_t count = 0;

	for (size_t i = 0; i < lease->names.server_count; i++) {
		network_address_text(&lease->names.servers[i], text);
		count += (size_t)snprintf(line + count, sizeof line - count, " %s", text);
	}
	if (count)
		say("lease: %s: name servers%s", interface, line);
}

static void restore_routes(const struct network_state *state, uint32_t index)
{
	for (size_t i = 0; i < state->plan.interface_count; i++)
		if (state->plan.interfaces[i].index == index)
			network_restore_routes(&state->plan.interfaces[i]);
}

/* Keep it, or forget what was kept. */
static int heed(struct network_state *state, const struct event *event, const struct network_lease *lease,
	const char *interface)
{
	bool is_told = event->effect == EFFECT_TOLD;
	int error;

	if (lease->index)
		restore_routes(state, lease->index);
	if (!lease->index || (is_told && !is_news(state, lease)))
		return 0;
	error = network_state_put_lease(state, lease->index, event->kind, is_told ? lease : NULL);
	if (error)
		return error;
	if (is_told)
		say_lease(interface, lease);
	network_state_write_files(state);
	return 0;
}

static int read_facts(const void *input, void *record)
{
	const struct lease_facts_source *source = input;

	lease_facts_read(source, record);
	return 0;
}

int lease_main(void)
{
	static struct network_state state;
	static struct network_lease lease;
	const char *reason = getenv("reason"), *interface = getenv("interface");
	const struct event *event = reason && interface ? find_event(reason) : NULL;
	struct lease_facts_source source = { .environment = (const char *const *)environ };
	int error;

	if (!event)
		return 0;
	source.kind = event->kind;
	error = event->effect == EFFECT_TOLD ? confined_run(read_facts, &source, &lease, sizeof lease, READING_MS) : 0;
	if (!error && event->effect == EFFECT_TOLD)
		error = network_lease_check(&lease);
	if (!error)
		error = network_state_open(&state, NETWORK_FOLDER, NETWORK_RESOLVER_FILE);
	if (error) {
		say("lease: %s of %s is not heeded: %s", reason, interface, strerror(-error));
		return 0;
	}
	lease.index = find_index(&state, interface);
	lease.kind = event->kind;
	error = heed(&state, event, &lease, interface);
	if (error)
		say("lease: %s of %s can't be kept: %s", reason, interface, strerror(-error));
	network_state_close(&state);
	return 0;
}
