/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * verbs_fuzz: any packet as a message to or from posternd, and any bytes as the record of settings. What is accepted must be
 * safe to act on: ids that make a file name, counts within their arrays, texts that end.
 *
 * The first byte chooses the sender (or the record), the second the number of descriptors; the rest is the packet. Seeds are in
 * tests/fuzz/corpus/verbs.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netns/config.h"
#include "netns/verbs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* An id that was accepted becomes part of a path: it must be a plain name that ends within its field. */
static void require_plain(const char id[FILTER_ENDPOINT_ID_BYTES])
{
	require(memchr(id, '\0', FILTER_ENDPOINT_ID_BYTES) != NULL);
	require(!strchr(id, '/') && !strchr(id, '.'));
}

static void judge_message(const uint8_t *bytes, size_t count, size_t fd_count, enum verb_sender sender)
{
	struct verb_message message;

	if (verb_check(bytes, count, fd_count, sender) < 0)
		return;
	require(count <= sizeof message.header + sizeof message.body);
	memset(&message, 0, sizeof message);
	memcpy(&message, bytes, count);
	require(verb_rule_find(message.header.verb) != NULL);
	require(fd_count <= VERB_FDS_MAX);
	if (message.header.is_reply) {
		require(sender == VERB_FROM_POSTERND && message.header.status <= 0);
		return;
	}
	switch (message.header.verb) {
	case VERB_ENDPOINT_CREATE:
		require_plain(message.body.endpoint_create.id);
		require(message.body.endpoint_create.address_count <= VERB_ADDRESSES_MAX);
		break;
	case VERB_ENDPOINT_DELETE:
	case VERB_FILTER_STATS:
	case VERB_ENDPOINT_GONE:
		require_plain(message.body.endpoint_id.id);
		break;
	case VERB_FILTER_LOAD:
		require_plain(message.body.filter_load.id);
		require(fd_count == 1);
		break;
	case VERB_HAND_BACK:
		require_plain(message.body.hand_back.endpoint_id);
		break;
	case VERB_OUTGOING_SOCKETS:
		require_plain(message.body.outgoing_sockets.id);
		require(message.body.outgoing_sockets.count >= 1 &&
			message.body.outgoing_sockets.count <= VERB_OUTGOING_MAX);
		break;
	case VERB_FILTER_EVENTS:
		require(message.body.filter_events.count <= VERB_EVENTS_MAX);
		break;
	}
}

static void judge_config(const uint8_t *bytes, size_t count)
{
	static struct netns_config config;
	const char *field = NULL;

	memset(&config, 0, sizeof config);
	memcpy(&config, bytes, count < sizeof config ? count : sizeof config);
	/* Otherwise hardly any input would get past the first check. */
	config.magic = NETNS_CONFIG_MAGIC;
	config.version = NETNS_CONFIG_VERSION;
	config.size_bytes = sizeof config;
	if (netns_config_check(&config, &field) < 0) {
		require(field != NULL);
		return;
	}
	require(config.worker_count >= 1 && config.worker_count <= NETNS_WORKERS_MAX);
	require(config.run_dir[0] == '/' && strlen(config.run_dir) < NETNS_RUN_DIR_MAX_BYTES);
	for (uint32_t i = 0; i < config.network_count; i++)
		require(strlen(config.networks[i].interface) < NETNS_INTERFACE_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum verb_sender senders[] = { VERB_FROM_GATEWAY, VERB_FROM_CONTROL, VERB_FROM_POSTERND };

	if (size < 2)
		return 0;
	if (data[0] % 4 == 3)
		judge_config(data + 2, size - 2);
	else
		judge_message(data + 2, size - 2, data[1], senders[data[0] % 4]);
	return 0;
}
