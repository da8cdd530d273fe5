/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/init/kernel_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/init/console.h"
#include "image/init/record.h"

/* Of syslog(2): 4 is a warning, less is worse. The rest of the number is a facility, 0 for the kernel's own lines. */
#define WARNING 4
/* Longest record; a longer one is an error and skipped by the kernel. */
#define RECORD_BYTES 8192

int kernel_log_open(void)
{
	return open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

/* "PRIORITY,NUMBER,MICROSECONDS,FLAGS;TEXT\n KEY=VALUE\n…" */
static void pass_record(char *record)
{
	char *text = strchr(record, ';'), *end = text ? strchr(text, '\n') : NULL;
	char line[CONSOLE_LINE_BYTES];
	int count;

	if (!end || strtoul(record, NULL, 10) > WARNING)
		return;
	*end = '\0';
	count = snprintf(line, sizeof line - 1, "kernel: %s", text + 1);
	if (count > (int)sizeof line - 2)
		count = (int)sizeof line - 2;
	line[count] = '\n';
	record_take(line, (size_t)count + 1);
}

void kernel_log_pass(int fd)
{
	char record[RECORD_BYTES];
	ssize_t count;

	/* EPIPE: records were overwritten before they were read; the next ones are there. */
	while ((count = read(fd, record, sizeof record - 1)) > 0 || (count < 0 && errno == EPIPE))
		if (count > 0) {
			record[count] = '\0';
			pass_record(record);
		}
}
