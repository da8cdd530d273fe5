/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Heads of update files, signed or not, and requests to the system daemon: what root parses. */
#include <stdlib.h>
#include <string.h>

#include "image/system/protocol.h"
#include "image/system/update_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void check(int condition)
{
	if (!condition)
		abort();
}

static void parse(const uint8_t *bytes, size_t count)
{
	static struct update_head head;
	static const uint8_t key[UPDATE_KEY_BYTES] = { 9 };
	const char *rule;

	check(update_head_parse(&head, bytes, count, key, &rule) < 0);
	if (update_head_parse(&head, bytes, count, NULL, &rule) < 0)
		return;
	check(head.head_bytes == count && update_head_bytes(bytes, count) == count);
	check(update_head_chunks(&head) <= UPDATE_CHUNKS_MAX && strlen(head.version) < sizeof head.version);
	for (uint32_t i = 0; i < update_head_chunks(&head); i++) {
		struct update_place place = update_head_place(&head, i);

		check(place.bytes > 0 && place.bytes <= UPDATE_CHUNK_BYTES && place.bytes % UPDATE_BLOCK_BYTES == 0);
		check(place.at + place.bytes <= head.bytes[place.partition]);
	}
	check(update_version_compare(head.version, head.version) == 0);
	check((update_version_compare(head.version, "1.0") < 0) == (update_version_compare("1.0", head.version) > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
	static struct system_request request;

	parse(bytes, count);
	memset(&request, 0, sizeof request);
	memcpy(&request, bytes, count < sizeof request ? count : sizeof request);
	if (system_request_check(&request, count) == 0) {
		check(system_verb_find(request.verb) && count == system_verb_find(request.verb)->request_bytes);
		if (request.verb == SYSTEM_FACTS)
			check(request.body.facts.endpoint_count <= SYSTEM_ENDPOINTS_MAX);
	}
	return 0;
}
