/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a network-config with settings, or as what DHCP servers and routers said: the plan or lease that is made of them is
 * sound, and what is said of them is printable.
 * The first byte says which; a zero byte parts network-config and settings, or the variables of a lease.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "image/configure/dhcpcd.h"
#include "image/configure/lease_facts.h"
#include "image/configure/network_config.h"

#define VARIABLES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct network_nics nics = { .count = 3,
	.at = { { 2, "eth0", { 0x52, 0x54, 0, 0x50, 0x53, 1 }, "virtio_net" },
		{ 3, "eth1", { 0x52, 0x54, 0, 0x50, 0x53, 2 }, "virtio_net" },
		{ 5, "ens7", { 0xde, 0xad, 0, 0, 0, 7 }, "ena" } } };

static void check_said(const struct buffer *said)
{
	for (size_t i = 0; i < said->count; i++)
		ASSERT(said->at[i] == '\n' || (said->at[i] >= ' ' && said->at[i] <= '~'));
}

static void plan(struct view config, struct view settings)
{
	const struct network_wanted wanted = { .config = config, .settings = settings, .nics = &nics };
	static struct network_plan made;
	struct network_time_servers time;
	struct buffer said, text;

	buffer_init(&said, NETWORK_SAID_MAX_BYTES);
	buffer_init(&text, DHCPCD_CONFIG_MAX_BYTES);
	network_config_plan(&wanted, &made, &said);
	ASSERT(network_plan_check(&made, &nics) == 0);
	if (dhcpcd_print(&made, &nics, &text))
		ASSERT(buffer_error(&text) == 0);
	if (settings.at) {
		network_config_carriers(settings, &nics, &made);
		ASSERT(network_plan_check(&made, &nics) == 0);
		network_config_time(settings, &time, &said);
		ASSERT(time.count <= NETWORK_TIME_SERVERS_MAX);
	}
	check_said(&said);
	buffer_fini(&said);
	buffer_fini(&text);
}

static void lease(char *text, size_t count, enum network_lease_kind kind)
{
	const char *variables[VARIABLES_MAX + 1] = { NULL };
	struct lease_facts_source source = { .environment = variables, .kind = kind };
	struct network_lease made;
	size_t found = 0;

	/* Each ends with a NUL, the last with the one behind all. */
	for (size_t at = 0; at <= count && found < VARIABLES_MAX; at += strlen(text + at) + 1)
		variables[found++] = text + at;
	lease_facts_read(&source, &made);
	ASSERT(network_lease_check(&made) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *middle;
	size_t count = size ? size - 1 : 0;
	enum network_lease_kind kind = size ? data[0] % 4 : 0;

	if (!text || !size) {
		free(text);
		return 0;
	}
	memcpy(text, data + 1, count);
	text[count] = '\0';
	middle = memchr(text, '\0', count);
	if (kind < NETWORK_LEASE_KINDS_COUNT)
		lease(text, count, kind);
	else if (middle)
		plan(view_from(text, (size_t)(middle - text)),
			view_from(middle + 1, count - (size_t)(middle + 1 - text)));
	else
		plan(view_from(text, count), view_from(NULL, 0));
	free(text);
	return 0;
}
