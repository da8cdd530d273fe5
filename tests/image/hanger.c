/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hanger: stands in the place of a service in an image under test, and stops process 1: nobody is left who feeds the watchdog. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	static const char done[] = "hanger: process 1 is stopped\r\n";
	int status, console = open("/dev/ttyS0", O_WRONLY | O_NOCTTY);

	if (ptrace(PTRACE_ATTACH, 1, NULL, NULL) < 0 || waitpid(1, &status, __WALL) != 1 || !WIFSTOPPED(status)) {
		perror("process 1");
		return 1;
	}
	(void)!write(console, done, sizeof done - 1);
	pause();
}
