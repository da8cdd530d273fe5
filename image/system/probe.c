/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/system/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include "image/system/child.h"

#define HEAD_MAX_BYTES 8192
#define REQUEST_MAX_BYTES 512

struct connection {
	int fd;
	WOLFSSL_CTX *context; /* NULL: without TLS */
	WOLFSSL *tls;
};

static struct probe_answer failed(enum probe_result result, int detail)
{
	return (struct probe_answer){ .result = result, .detail = detail };
}

static int connect_to(const struct system_address *address)
{
	const struct timeval limit = { .tv_sec = PROBE_LIMIT_MS / 1000 };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(address->port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(address->port) };
	int fd = socket(address->family, SOCK_STREAM | SOCK_CLOEXEC, 0), result;

	if (fd < 0)
		return -errno;
	memcpy(&v4.sin_addr, address->bytes, sizeof v4.sin_addr);
	memcpy(&v6.sin6_addr, address->bytes, sizeof v6.sin6_addr);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0)
		return -errno;
	result = address->family == AF_INET ? connect(fd, (const struct sockaddr *)&v4, sizeof v4)
					    : connect(fd, (const struct sockaddr *)&v6, sizeof v6);
	return result < 0 ? -errno : fd;
}

static int handshake(struct connection *connection, const struct probe *probe)
{
	bool named = probe->kind == PROBE_ENDPOINT;

	wolfSSL_Init();
	connection->context = wolfSSL_CTX_new(wolfTLS_client_method());
	if (!connection->context ||
		wolfSSL_CTX_load_verify_buffer(connection->context, (const unsigned char *)probe->ca_pem,
			(long)strlen(probe->ca_pem), WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS)
		return -ENOKEY;
	wolfSSL_CTX_set_verify(connection->context, WOLFSSL_VERIFY_PEER, NULL);
	if (named && wolfSSL_CTX_UseSNI(connection->context, WOLFSSL_SNI_HOST_NAME, probe->name,
			     (unsigned short)strlen(probe->name)) != WOLFSSL_SUCCESS)
		return -EINVAL;
	connection->tls = wolfSSL_new(connection->context);
	if (!connection->tls || wolfSSL_set_fd(connection->tls, connection->fd) != WOLFSSL_SUCCESS ||
		(named && wolfSSL_check_domain_name(connection->tls, probe->name) != WOLFSSL_SUCCESS))
		return -ENOMEM;
	if (wolfSSL_connect(connection->tls) == WOLFSSL_SUCCESS)
		return 0;
	return wolfSSL_get_error(connection->tls, -1) < 0 ? wolfSSL_get_error(connection->tls, -1) : -EPROTO;
}

static bool send_all(struct connection *connection, const char *bytes, int count)
{
	if (connection->tls)
		return wolfSSL_write(connection->tls, bytes, count) == count;
	return send(connection->fd, bytes, (size_t)count, MSG_NOSIGNAL) == count;
}

static int receive(struct connection *connection, char *bytes, int count)
{
	if (connection->tls)
		return wolfSSL_read(connection->tls, bytes, count);
	return (int)recv(connection->fd, bytes, (size_t)count, 0);
}

/* The head is whole with its empty line. */
static size_t head_end(const char *bytes, size_t count)
{
	const char *end = memmem(bytes, count, "\r\n\r\n", 4);

	return end ? (size_t)(end - bytes) + 4 : 0;
}

static bool has_request_id(const char *head, size_t count)
{
	static const char wanted[] = "\r\nx-amzn-requestid:";

	for (size_t i = 0; i + sizeof wanted - 1 <= count; i++)
		if (strncasecmp(head + i, wanted, sizeof wanted - 1) == 0)
			return true;
	return false;
}

int probe_judge(enum probe_kind kind, const char *head, size_t count)
{
	static const char version[] = "HTTP/1.1 ";
	size_t end = head_end(head, count);
	int status = 0;
	bool counts;

	if (!end || end < sizeof version + 3 || memcmp(head, version, sizeof version - 1) != 0)
		return 0;
	for (size_t i = sizeof version - 1; i < sizeof version + 2; i++) {
		if (head[i] < '0' || head[i] > '9')
			return 0;
		status = status * 10 + head[i] - '0';
	}
	if (status < 100)
		return 0;
	if (kind == PROBE_ENDPOINT)
		counts = status < 500 && has_request_id(head, end);
	else
		counts = status == 200;
	return counts ? status : -status;
}

static struct probe_answer ask(struct connection *connection, const struct probe *probe)
{
	static char head[HEAD_MAX_BYTES];
	char request[REQUEST_MAX_BYTES];
	size_t count = 0;
	int written = snprintf(request, sizeof request,
		"GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: postern-system\r\nConnection: close\r\n\r\n",
		probe->kind == PROBE_ENDPOINT ? "/" : "/ping", probe->name);

	if (written < 0 || written >= (int)sizeof request || !send_all(connection, request, written))
		return failed(PROBE_NO_ANSWER, errno);
	while (count < sizeof head && !head_end(head, count)) {
		int got = receive(connection, head + count, (int)(sizeof head - count));

		if (got <= 0)
			return failed(PROBE_NO_ANSWER, got < 0 ? errno : 0);
		count += (size_t)got;
	}
	written = probe_judge(probe->kind, head, count);
	return written > 0 ? failed(PROBE_GOOD, written) : failed(PROBE_NOT_SERVED, -written);
}

static struct probe_answer run(const struct probe *probe)
{
	struct connection connection = { .fd = connect_to(&probe->address) };
	int error;

	if (connection.fd < 0)
		return failed(PROBE_NO_CONNECTION, -connection.fd);
	if (child_filter_calls() < 0)
		return failed(PROBE_NO_CHILD, 0);
	error = probe->address.is_tls ? handshake(&connection, probe) : 0;
	return error ? failed(PROBE_NO_TLS, -error) : ask(&connection, probe);
}

int probe_main(void)
{
	static struct probe probe;
	struct probe_answer answer;

	if (read(STDIN_FILENO, &probe, sizeof probe) != (ssize_t)sizeof probe ||
		memchr(probe.name, 0, sizeof probe.name) == NULL ||
		memchr(probe.ca_pem, 0, sizeof probe.ca_pem) == NULL)
		return 1;
	answer = run(&probe);
	return write(STDOUT_FILENO, &answer, sizeof answer) == (ssize_t)sizeof answer ? 0 : 1;
}
