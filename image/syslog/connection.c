/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/syslog/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#include <wolfssl/error-ssl.h>

#include "appliance/base/clock.h"

/* Debian's bundle of trusted roots (package ca-certificates). */
#define SYSTEM_AUTHORITIES_PATH "/etc/ssl/certs/ca-certificates.crt"
/* A quiet connection is asked whether it still is one. */
#define KEEPALIVE_SECONDS 60

/* ---- what people are told ---- */

static int fail(struct connection *connection, int error, const char *what, const char *text)
{
	snprintf(connection->why, sizeof connection->why, "%.128s%s%.120s", what, *text ? ": " : "", text);
	return error;
}

static int fail_library(struct connection *connection, int code)
{
	char text[WOLFSSL_MAX_ERROR_SZ];

	switch (code) {
	case ASN_NO_SIGNER_E:
	case ASN_SELF_SIGNED_E:
		return fail(connection, -EKEYREJECTED,
			"its certificate is not signed by an authority of syslog_authorities (or the system's)", "");
	case DOMAIN_NAME_MISMATCH:
	case IPADDR_MISMATCH:
		return fail(connection, -EKEYREJECTED, "its certificate is for another name", "");
	case ASN_AFTER_DATE_E:
		return fail(connection, -EKEYREJECTED, "its certificate has expired", "");
	case ASN_BEFORE_DATE_E:
		return fail(connection, -EKEYREJECTED, "its certificate is not valid yet: is the clock right?", "");
	case SOCKET_PEER_CLOSED_E:
	case WOLFSSL_ERROR_ZERO_RETURN:
		return fail(connection, -ECONNRESET, "the server ended the connection", "");
	case SOCKET_ERROR_E:
	case WOLFSSL_ERROR_SYSCALL:
		return fail(connection, -ECONNRESET, "the connection broke", errno ? strerror(errno) : "");
	default:
		wolfSSL_ERR_error_string_n((unsigned long)code, text, sizeof text);
		return fail(connection, -EPROTO, "TLS", text);
	}
}

/* ---- contexts ---- */

static bool load_authorities(WOLFSSL_CTX *context, struct view pem)
{
	if (pem.count)
		return pem.count <= LONG_MAX && wolfSSL_CTX_load_verify_buffer(context, (const unsigned char *)pem.at,
							(long)pem.count, WOLFSSL_FILETYPE_PEM) == WOLFSSL_SUCCESS;
	/* The bundle may hold roots of kinds that the library does not know. */
	return wolfSSL_CTX_load_verify_locations_ex(
		       context, SYSTEM_AUTHORITIES_PATH, NULL, WOLFSSL_LOAD_FLAG_IGNORE_ERR) == WOLFSSL_SUCCESS;
}

int connection_init(struct connection *connection, const struct syslog_config *config)
{
	WOLFSSL_CTX *context;

	*connection = (struct connection){ .config = config, .fd = -1 };
	wolfSSL_Init();
	context = wolfSSL_CTX_new(wolfSSLv23_client_method());
	if (!context || wolfSSL_CTX_SetMinVersion(context, WOLFSSL_TLSV1_2) != WOLFSSL_SUCCESS) {
		wolfSSL_CTX_free(context);
		return -ENOMEM;
	}
	wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_PEER, NULL);
	connection->library_context = context;
	if (!load_authorities(context, config->authorities_pem))
		return fail(connection, -EBADMSG, "the authorities of its certificate can't be read", "");
	return 0;
}

void connection_fini(struct connection *connection)
{
	connection_close(connection);
	if (connection->library_context)
		wolfSSL_CTX_free(connection->library_context);
	connection->library_context = NULL;
}

/* ---- opening ---- */

/* Wait for `events` of the connection. 0; -EINTR if `stop_fd` can be read; -ETIMEDOUT. */
static int wait_for(const struct connection *connection, short events, int stop_fd, uint64_t deadline_ms)
{
	struct pollfd fds[] = { { .fd = connection->fd, .events = events }, { .fd = stop_fd, .events = POLLIN } };

	for (;;) {
		uint64_t now = clock_monotonic_ms();
		int count = now < deadline_ms ? poll(fds, 2, (int)(deadline_ms - now)) : 0;

		if (count == 0)
			return -ETIMEDOUT;
		if (count > 0 && fds[1].revents)
			return -EINTR;
		if (count > 0)
			return 0;
	}
}

static void set_options(int fd)
{
	int on = 1, idle = KEEPALIVE_SECONDS;
	unsigned silent = CONNECTION_SILENT_MAX_MS;

	/* Without them a dead server is noticed late, no more. */
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silent, sizeof silent);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void note_local(struct connection *connection)
{
	struct sockaddr_storage address;
	socklen_t count = sizeof address;

	connection->local[0] = '\0';
	if (getsockname(connection->fd, (struct sockaddr *)&address, &count) == 0)
		(void)getnameinfo((struct sockaddr *)&address, count, connection->local, sizeof connection->local, NULL,
			0, NI_NUMERICHOST);
}

static int connect_to(struct connection *connection, const struct addrinfo *target, int stop_fd, uint64_t deadline_ms)
{
	socklen_t count = sizeof(int);
	int error = 0;

	connection->fd = socket(target->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (connection->fd < 0)
		return -errno;
	set_options(connection->fd);
	if (connect(connection->fd, target->ai_addr, target->ai_addrlen) < 0) {
		error = errno == EINPROGRESS ? wait_for(connection, POLLOUT, stop_fd, deadline_ms) : -errno;
		if (!error && getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &count) < 0)
			error = errno;
		error = error > 0 ? -error : error;
	}
	if (error) {
		close(connection->fd);
		connection->fd = -1;
	}
	return error;
}

/* The resolver waits where nothing can wake it: meanwhile SIGTERM does what it does by default or was set up to do. */
static int resolve(const struct syslog_config *config, struct addrinfo **ret)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG };
	char port[8];
	sigset_t term, before;
	int result;

	snprintf(port, sizeof port, "%u", config->port);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_UNBLOCK, &term, &before);
	result = getaddrinfo(config->host, port, &hints, ret);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return result;
}

static int handshake(struct connection *connection, int stop_fd, uint64_t deadline_ms)
{
	const char *host = connection->config->host;
	WOLFSSL *library = connection->library = wolfSSL_new(connection->library_context);
	uint8_t binary[16];
	int error = 0;

	if (!library || wolfSSL_set_fd(library, connection->fd) != WOLFSSL_SUCCESS ||
		wolfSSL_check_domain_name(library, host) != WOLFSSL_SUCCESS)
		return fail(connection, -ENOMEM, "out of memory", "");
	wolfSSL_set_using_nonblock(library, 1);
	if (inet_pton(AF_INET, host, binary) != 1 && inet_pton(AF_INET6, host, binary) != 1 &&
		wolfSSL_UseSNI(library, WOLFSSL_SNI_HOST_NAME, host, (unsigned short)strlen(host)) != WOLFSSL_SUCCESS)
		return fail(connection, -ENOMEM, "out of memory", "");
	while (!error && wolfSSL_connect(library) != WOLFSSL_SUCCESS) {
		int code = wolfSSL_get_error(library, 0);

		if (code != WOLFSSL_ERROR_WANT_READ && code != WOLFSSL_ERROR_WANT_WRITE)
			return fail_library(connection, code);
		error = wait_for(connection, code == WOLFSSL_ERROR_WANT_READ ? POLLIN : POLLOUT, stop_fd, deadline_ms);
	}
	return error && error != -EINTR ? fail(connection, error, "TLS handshake", strerror(-error)) : error;
}

int connection_open(struct connection *connection, int stop_fd)
{
	uint64_t deadline_ms;
	struct addrinfo *targets;
	int result = resolve(connection->config, &targets), error = -EHOSTUNREACH;

	if (result)
		return fail(connection, -EHOSTUNREACH, "its name can't be resolved", gai_strerror(result));
	deadline_ms = clock_monotonic_ms() + CONNECTION_OPEN_MAX_MS;
	for (const struct addrinfo *target = targets; target; target = target->ai_next) {
		uint64_t now = clock_monotonic_ms(), rest = now < deadline_ms ? deadline_ms - now : 0;

		/* An address that does not answer leaves time for those behind it. */
		error = connect_to(connection, target, stop_fd, target->ai_next ? now + rest / 2 : deadline_ms);
		if (!error || error == -EINTR)
			break;
	}
	freeaddrinfo(targets);
	if (error)
		return error == -EINTR ? error : fail(connection, error, "no connection", strerror(-error));
	error = handshake(connection, stop_fd, deadline_ms);
	if (error)
		connection_close(connection);
	else
		note_local(connection);
	return error;
}

/* ---- open ---- */

int connection_write(struct connection *connection, const void *bytes, size_t count)
{
	int written, code;

	errno = 0;
	written = wolfSSL_write(connection->library, bytes, (int)count);
	connection->wants_write = false;
	if (written == (int)count)
		return 1;
	code = wolfSSL_get_error(connection->library, written);
	connection->wants_write = code == WOLFSSL_ERROR_WANT_WRITE;
	if (code == WOLFSSL_ERROR_WANT_WRITE || code == WOLFSSL_ERROR_WANT_READ)
		return 0;
	return fail_library(connection, code);
}

int connection_read(struct connection *connection)
{
	char ignored[512];
	int count, code;

	errno = 0;
	while ((count = wolfSSL_read(connection->library, ignored, sizeof ignored)) > 0)
		;
	code = wolfSSL_get_error(connection->library, count);
	if (code == WOLFSSL_ERROR_WANT_READ || code == WOLFSSL_ERROR_WANT_WRITE)
		return 0;
	return fail_library(connection, code);
}

uint64_t connection_acknowledged(const struct connection *connection)
{
	struct tcp_info facts = { .tcpi_bytes_acked = 0 };
	socklen_t count = sizeof facts;

	if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &facts, &count) < 0)
		return 0;
	return facts.tcpi_bytes_acked;
}

uint64_t connection_written(const struct connection *connection)
{
	int waiting = 0;

	/* Between the two calls bytes may arrive: then the sum is too large by them, and waited for longer than need be. */
	if (ioctl(connection->fd, SIOCOUTQ, &waiting) < 0)
		return UINT64_MAX;
	return connection_acknowledged(connection) + (uint64_t)waiting;
}

void connection_close(struct connection *connection)
{
	if (connection->library) {
		(void)wolfSSL_shutdown(connection->library);
		wolfSSL_free(connection->library);
	}
	if (connection->fd >= 0)
		close(connection->fd);
	connection->library = NULL;
	connection->fd = -1;
	connection->wants_write = false;
}
