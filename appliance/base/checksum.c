/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/checksum.h"

#include <zlib.h>

uint32_t checksum_crc32(uint32_t before, struct view bytes)
{
	/* zlib takes NULL for the wish to begin anew. */
	return bytes.count ? (uint32_t)crc32_z(before, (const unsigned char *)bytes.at, bytes.count) : before;
}
