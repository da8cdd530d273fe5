/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Apart from digest.c: who writes a number needs no wolfCrypt. */
#include "appliance/crypto/digest.h"

void digest_hex(char *ret, const void *bytes, size_t count)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *at = bytes;

	for (size_t i = 0; i < count; i++) {
		ret[2 * i] = digits[at[i] >> 4];
		ret[2 * i + 1] = digits[at[i] & 15];
	}
	ret[2 * count] = '\0';
}
