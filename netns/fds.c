/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/fds.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "netns/verbs.h"

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(VERB_FDS_MAX * sizeof(int))];
};

int fds_send(int socket, const void *bytes, size_t count, const int *fds, size_t fd_count)
{
	/* sendmsg() does not write through iov_base. */
	struct iovec part = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = count };
	struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1 };
	union control control;

	if (fd_count > VERB_FDS_MAX)
		return -EMSGSIZE;
	if (fd_count > 0) {
		struct cmsghdr *rights;

		memset(&control, 0, sizeof control);
		packet.msg_control = control.bytes;
		packet.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		rights = CMSG_FIRSTHDR(&packet);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(rights), fds, fd_count * sizeof(int));
	}
	for (;;) {
		ssize_t sent = sendmsg(socket, &packet, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent == (ssize_t)count)
			return 0;
		if (sent >= 0)
			return -EMSGSIZE;
		if (errno != EINTR)
			return errno == ECONNRESET || errno == ENOTCONN ? -EPIPE : -errno;
	}
}

/* Take the descriptors out of a received packet; returns how many. */
static size_t take_rights(struct msghdr *packet, int *fds)
{
	size_t count = 0;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(packet); part; part = CMSG_NXTHDR(packet, part)) {
		size_t bytes = part->cmsg_len - CMSG_LEN(0);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		/* The kernel never delivers more than the room that was given, which is VERB_FDS_MAX in all. */
		memcpy(fds + count, CMSG_DATA(part), bytes);
		count += bytes / sizeof(int);
	}
	return count;
}

int fds_receive(int socket, void *bytes, size_t capacity, size_t *ret_count, int *fds, size_t *ret_fd_count)
{
	struct iovec part = { .iov_base = bytes, .iov_len = capacity };
	union control control;
	struct msghdr packet = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes
	};
	size_t fd_count;
	ssize_t count;

	do
		count = recvmsg(socket, &packet, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return errno == ECONNRESET ? -EPIPE : errno == EWOULDBLOCK ? -EAGAIN : -errno;
	fd_count = take_rights(&packet, fds);
	if (count == 0 && fd_count == 0)
		return -EPIPE;
	*ret_count = (size_t)count;
	*ret_fd_count = fd_count;
	if (packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		fds_close(fds, fd_count);
		*ret_fd_count = 0;
		return packet.msg_flags & MSG_TRUNC ? -EMSGSIZE : -EMFILE;
	}
	return 0;
}

void fds_close(int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}
