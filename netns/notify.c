/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

int notify_manager(const char *state)
{
	const struct timeval wait = { .tv_sec = NOTIFY_WAIT_MS / 1000, .tv_usec = NOTIFY_WAIT_MS % 1000 * 1000 };
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un manager = { .sun_family = AF_UNIX };
	size_t count = name ? strlen(name) : 0;
	int fd, rc;

	if (count == 0)
		return 0;
	if ((name[0] != '/' && name[0] != '@') || count >= sizeof manager.sun_path)
		return -EINVAL;
	memcpy(manager.sun_path, name, count);
	/* An abstract name is written with @ for its first byte, which is zero, and ends where the address does. */
	if (name[0] == '@')
		manager.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) < 0 ||
		sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&manager,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + count)) < 0)
		rc = -errno;
	else
		rc = 0;
	close(fd);
	return rc;
}
