/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void assert_failed(const char *expression, const char *file, int line, const char *function)
{
	char text[512];
	int count = snprintf(
		text, sizeof text, "postern: assertion failed: %s (%s:%d, %s)\n", expression, file, line, function);

	if (count > 0) {
		size_t bytes = (size_t)count < sizeof text ? (size_t)count : sizeof text - 1;
		ssize_t written = write(STDERR_FILENO, text, bytes);

		(void)written; /* nothing is left to be done about it */
	}
	abort();
}
