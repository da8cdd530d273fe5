/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * floor: the least that a reverse proxy can do: an epoll loop that copies bytes between each client's connection and one of
 * its own to the back end, without looking at them. What a request costs here is the kernel's work; `plain_vs_floor` says how much Postern
 * adds to it.
 *
 * usage: floor LISTEN_PORT BACK_END_PORT        (both on 127.0.0.1; prints `ready`; runs until it is killed)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 4096
#define EVENTS_MAX 64

/* The other side of each descriptor; -1 if it has none. */
static int other[DESCRIPTORS_MAX];

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int add(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
	int on = 1;

	if (fd >= DESCRIPTORS_MAX)
		return -1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void accept_one(int epoll, int listener, const struct sockaddr_in *back_end)
{
	int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC), upstream;

	if (client < 0)
		return;
	upstream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (upstream < 0 || connect(upstream, (const struct sockaddr *)back_end, sizeof *back_end) < 0 ||
		add(epoll, client) < 0 || add(epoll, upstream) < 0) {
		close(client);
		close(upstream);
		return;
	}
	other[client] = upstream;
	other[upstream] = client;
}

/* Copy what is there; end both sides when one has ended. */
static void copy(int fd)
{
	static char bytes[65536];
	ssize_t count = recv(fd, bytes, sizeof bytes, 0);

	if (count > 0 && send(other[fd], bytes, (size_t)count, MSG_NOSIGNAL) == count)
		return;
	close(other[fd]);
	close(fd);
	other[other[fd]] = -1;
	other[fd] = -1;
}

int main(int argument_count, char **arguments)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) },
			   back_end = address;
	struct epoll_event events[EVENTS_MAX], event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC), listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (argument_count != 3) {
		fprintf(stderr, "usage: floor LISTEN_PORT BACK_END_PORT\n");
		return 2;
	}
	address.sin_port = htons((uint16_t)atoi(arguments[1]));
	back_end.sin_port = htons((uint16_t)atoi(arguments[2]));
	for (int i = 0; i < DESCRIPTORS_MAX; i++)
		other[i] = -1;
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 1024) < 0)
		fail("floor: listen");
	event.data.fd = listener;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0)
		fail("floor: epoll");
	puts("ready");
	fflush(stdout);
	for (;;) {
		int count = epoll_wait(epoll, events, EVENTS_MAX, -1);

		if (count < 0 && errno != EINTR)
			fail("floor: epoll_wait");
		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;

			if (fd == listener)
				accept_one(epoll, listener, &back_end);
			else if (other[fd] >= 0)
				copy(fd);
		}
	}
}
