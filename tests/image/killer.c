/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * killer: stands in the place of a service in an image under test: once there is an endpoint, it kills each of the appliance's
 * programs in turn, and waits until init or posternd has started it again. One fault at a time: the next comes when all of them
 * have run for a while. Its lines reach the console as a service's do.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* As the kernel has them, cut to 15 bytes. */
static const char *const names[] = { "system", "postern-gateway", "postern-control", "posternd" };
#define COUNT (sizeof names / sizeof *names)
#define A_WHILE_MS 5000

static void look_again(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
}

static int is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

/* The process of that name, another one than `other`; 0: there is none. */
static pid_t find(const char *name, pid_t other)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (processes && !found && (entry = readdir(processes))) {
		char path[280], comm[32] = "";
		ssize_t count;
		int fd;

		if (!is_number(entry->d_name))
			continue;
		snprintf(path, sizeof path, "/proc/%s/comm", entry->d_name);
		fd = open(path, O_RDONLY);
		count = fd < 0 ? -1 : read(fd, comm, sizeof comm - 1);
		close(fd);
		if (count < 1)
			continue;
		comm[count - 1] = '\0';
		if (strcmp(comm, name) == 0 && atoi(entry->d_name) != other)
			found = atoi(entry->d_name);
	}
	if (processes)
		closedir(processes);
	return found;
}

static int has_endpoint(void)
{
	DIR *namespaces = opendir("/run/netns");
	struct dirent *entry;
	int found = 0;

	while (namespaces && (entry = readdir(namespaces)))
		found |= strncmp(entry->d_name, "postern-vpce-", 13) == 0;
	if (namespaces)
		closedir(namespaces);
	return found;
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Until the same processes have been seen all along. */
static void wait_until_settled(void)
{
	long long since_ms = now_ms();
	pid_t seen[COUNT] = { 0 };

	while (now_ms() < since_ms + A_WHILE_MS) {
		for (size_t i = 0; i < COUNT; i++) {
			pid_t pid = find(names[i], 0);

			if (!pid || pid != seen[i])
				since_ms = now_ms();
			seen[i] = pid;
		}
		look_again();
	}
}

int main(void)
{
	pid_t first, second;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (!has_endpoint())
		look_again();
	for (size_t i = 0; i < COUNT; i++) {
		wait_until_settled();
		first = find(names[i], 0);
		kill(first, SIGKILL);
		while (!(second = find(names[i], first)))
			look_again();
		printf("killed %s %d, now it is %d\n", names[i], first, second);
	}
	puts("killed all");
	pause();
}
