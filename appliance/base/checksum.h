/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * checksum: CRC-32 as of ISO 3309, which gzip and AWS's event streams use. Tells bytes that were damaged, not such as were forged.
 * Threads: pure functions.
 */
#ifndef POSTERN_BASE_CHECKSUM_H
#define POSTERN_BASE_CHECKSUM_H

#include <stdint.h>

#include "appliance/base/view.h"

/* That of `bytes` behind those whose checksum is `before`; 0 before the first. */
uint32_t checksum_crc32(uint32_t before, struct view bytes);

#endif
