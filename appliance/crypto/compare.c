/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/crypto/compare.h"

bool compare_secret(struct view a, struct view b)
{
	volatile unsigned char difference = 0;

	if (a.count != b.count)
		return false;
	for (size_t i = 0; i < a.count; i++)
		difference = (unsigned char)(difference | ((unsigned char)a.at[i] ^ (unsigned char)b.at[i]));
	return difference == 0;
}

void compare_wipe(void *bytes, size_t count)
{
	if (count)
		explicit_bzero(bytes, count);
}
