/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines of logs, which hold what clients wrote, as syslog messages: whatever a line is, the frame says its own length, fits, and has no control
 * characters; and the file that says where they go.
 */
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "image/syslog/config.h"
#include "image/syslog/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
	char frame[MESSAGE_FRAME_MAX_BYTES], *end;
	struct syslog_config config;
	struct view line = view_from(bytes, count);
	size_t written;

	if (syslog_config_parse(&config, line) == 0)
		ASSERT(config.port && config.host[0] && strlen(config.host) <= SYSLOG_HOST_MAX_BYTES &&
			config.authorities_pem.count < count);
	if (count == 0)
		return 0;
	written = message_write(frame, (enum message_source)(bytes[0] % MESSAGE_SOURCES_COUNT), "host", 1767323045678,
		view_after(line, 1));
	ASSERT(written <= sizeof frame);
	ASSERT(written == strtoul(frame, &end, 10) + (size_t)(end - frame) + 1 && *end == ' ');
	for (size_t i = 0; i < written; i++)
		ASSERT((unsigned char)frame[i] >= ' ' && frame[i] != 0x7f);
	return 0;
}
