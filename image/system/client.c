/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/system/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* As its owner's last act, so that the daemon reads what it has checked. */
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, error;

	if (strlen(path) >= sizeof address.sun_path)
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

static int write_all(int fd, const char *bytes, size_t count)
{
	while (count) {
		ssize_t written = write(fd, bytes, count);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? -errno : -EIO;
		bytes += written;
		count -= (size_t)written;
	}
	return 0;
}

static int sealed(const void *data, size_t bytes)
{
	int fd = memfd_create("system", MFD_CLOEXEC | MFD_ALLOW_SEALING), error;

	if (fd < 0)
		return -errno;
	error = write_all(fd, data, bytes);
	if (!error && fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		error = -errno;
	if (!error)
		return fd;
	close(fd);
	return error;
}

static int send_request(int fd, struct system_request *request, size_t count, int data_fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec part = { .iov_base = request, .iov_len = count };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (data_fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof control;
		control.header = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS
		};
		memcpy(CMSG_DATA(&control.header), &data_fd, sizeof data_fd);
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int receive(int fd, struct system_reply *ret)
{
	int64_t deadline_ms = now_ms() + SYSTEM_CLIENT_TIMEOUT_MS, rest_ms;
	struct pollfd event = { .fd = fd, .events = POLLIN };
	ssize_t count;

	for (;;) {
		count = recv(fd, ret, sizeof *ret, 0);
		if (count == 0)
			return -EPIPE;
		if (count > 0)
			return system_reply_check(ret, (size_t)count) < 0 ? -EPROTO : 0;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		rest_ms = deadline_ms - now_ms();
		if (rest_ms <= 0)
			return -ETIMEDOUT;
		(void)poll(&event, 1, (int)rest_ms);
	}
}

int system_client_call(const char *socket_path, enum system_verb verb, const void *body, const void *data,
	size_t data_bytes, struct system_reply *ret)
{
	const struct system_verb_row *row = system_verb_find(verb);
	struct system_request request = { .version = SYSTEM_PROTOCOL_VERSION, .verb = (uint16_t)verb };
	int fd, data_fd = -1, error = 0;

	if (!row || data_bytes > row->data_max_bytes || (row->data_max_bytes && !data_bytes))
		return -EINVAL;
	if (body)
		memcpy(&request.body, body, row->request_bytes - offsetof(struct system_request, body));
	if (system_request_check(&request, row->request_bytes) < 0)
		return -EINVAL;
	fd = connect_to(socket_path);
	if (fd < 0)
		return fd;
	if (data_bytes) {
		data_fd = sealed(data, data_bytes);
		error = data_fd < 0 ? data_fd : 0;
	}
	if (!error)
		error = send_request(fd, &request, row->request_bytes, data_fd);
	if (!error)
		error = receive(fd, ret);
	if (!error && ret->verb != verb)
		error = -EPROTO;
	if (data_fd >= 0)
		close(data_fd);
	close(fd);
	return error;
}
