/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG_DEFAULT 4096

union any_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t to_kernel(union any_address *ret, const struct netns_address *address)
{
	memset(ret, 0, sizeof *ret);
	if (address->family == AF_INET) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons(address->port);
		memcpy(&ret->v4.sin_addr, address->bytes, 4);
		return sizeof ret->v4;
	}
	/* Family 0 is the IPv6 wildcard, which takes IPv4 in too. */
	ret->v6.sin6_family = AF_INET6;
	ret->v6.sin6_port = htons(address->port);
	memcpy(&ret->v6.sin6_addr, address->bytes, 16);
	return sizeof ret->v6;
}

static int set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof value) < 0 ? -errno : 0;
}

static int set_options(int fd, const struct netns_address *address, int family, int type, bool shared)
{
	int rc = shared ? set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) : set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);

	if (rc == 0 && family == AF_INET6)
		rc = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, address->family == AF_INET6);
	/* An endpoint may have several addresses: an answer must leave from the one that was asked. */
	if (rc == 0 && type == SOCK_DGRAM)
		rc = family == AF_INET6 ? set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
					: set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
	return rc;
}

int sockets_open(const struct netns_address *address, int type, bool shared, uint32_t backlog)
{
	int family = address->family == AF_INET ? AF_INET : AF_INET6;
	struct netns_address v4_wildcard = { .family = AF_INET, .port = address->port };
	union any_address bound;
	socklen_t bound_bytes;
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc;

	if (fd < 0 && errno == EAFNOSUPPORT && address->family == 0) {
		address = &v4_wildcard;
		family = AF_INET;
		fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	}
	if (fd < 0)
		return -errno;
	rc = set_options(fd, address, family, type, shared);
	bound_bytes = to_kernel(&bound, address);
	if (rc == 0 && bind(fd, &bound.any, bound_bytes) < 0)
		rc = -errno;
	if (rc == 0 && type == SOCK_STREAM && listen(fd, (int)(backlog ? backlog : BACKLOG_DEFAULT)) < 0)
		rc = -errno;
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}

int sockets_open_unbound(int family, int type)
{
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

static int get_option(int fd, int name)
{
	int value = -1;
	socklen_t bytes = sizeof value;

	return getsockopt(fd, SOL_SOCKET, name, &value, &bytes) < 0 ? -1 : value;
}

uint64_t sockets_namespace_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t bytes = sizeof cookie;

	return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &bytes) < 0 ? 0 : cookie;
}

bool sockets_are_same(int a, int b)
{
	uint64_t first = 0, second = 0;
	socklen_t bytes = sizeof first;

	return getsockopt(a, SOL_SOCKET, SO_COOKIE, &first, &bytes) == 0 &&
	       getsockopt(b, SOL_SOCKET, SO_COOKIE, &second, &bytes) == 0 && first == second;
}

bool sockets_is(int fd, const struct netns_address *address, int type, uint64_t namespace_cookie)
{
	struct netns_address v4_wildcard = { .family = AF_INET, .port = address->port };
	union any_address wanted, bound;
	socklen_t bytes = sizeof bound, wanted_bytes;

	memset(&bound, 0, sizeof bound);
	if (get_option(fd, SO_TYPE) != type || get_option(fd, SO_ACCEPTCONN) != (type == SOCK_STREAM))
		return false;
	if (namespace_cookie && sockets_namespace_cookie(fd) != namespace_cookie)
		return false;
	if (getsockname(fd, &bound.any, &bytes) < 0)
		return false;
	if (address->family == 0 && bound.any.sa_family == AF_INET)
		address = &v4_wildcard;
	wanted_bytes = to_kernel(&wanted, address);
	return bytes == wanted_bytes && memcmp(&wanted, &bound, bytes) == 0;
}

const char *sockets_text(const struct netns_address *address, char text[SOCKETS_TEXT_BYTES])
{
	char host[INET6_ADDRSTRLEN] = "?";

	inet_ntop(address->family, address->bytes, host, sizeof host);
	snprintf(text, SOCKETS_TEXT_BYTES, address->family == AF_INET6 ? "[%s]:%u" : "%s:%u", host, address->port);
	return text;
}
