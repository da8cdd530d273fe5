/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/syslog/connection.h"

#include <arpa/inet.h>
#include <errno.h>
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

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "appliance/base/clock.h"

/* Debian's bundle of trusted roots (package ca-certificates). */
#define SYSTEM_AUTHORITIES_PATH "/etc/ssl/certs/ca-certificates.crt"
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
/* A quiet connection is asked whether it still is one. */
#define KEEPALIVE_SECONDS 60

/* ---- what people are told ---- */

static int fail(struct connection *connection, int error, const char *what, const char *text)
{
	snprintf(connection->why, sizeof connection->why, "%.128s%s%.120s", what, *text ? ": " : "", text);
	return error;
}

/* Why the server's certificate is not accepted: the first reason that people can do something about. */
static int refuse(struct connection *connection)
{
	static const struct {
		unsigned bit;
		const char *text;
	} reasons[] = { { GNUTLS_CERT_UNEXPECTED_OWNER, "its certificate is for another name" },
		{ GNUTLS_CERT_NOT_ACTIVATED, "its certificate is not valid yet: is the clock right?" },
		{ GNUTLS_CERT_EXPIRED, "its certificate has expired" },
		{ GNUTLS_CERT_SIGNER_NOT_FOUND, "its certificate is not signed by an authority of syslog_authorities, "
						"or the system's if there are none" } };
	unsigned status = gnutls_session_get_verify_cert_status(connection->library);

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (status & reasons[i].bit)
			return fail(connection, -EKEYREJECTED, reasons[i].text, "");
	return fail(connection, -EKEYREJECTED, "its certificate can't be accepted", "");
}

static int fail_library(struct connection *connection, ssize_t code)
{
	switch (code) {
	case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
		return refuse(connection);
	case GNUTLS_E_PREMATURE_TERMINATION:
		return fail(connection, -ECONNRESET, "the server ended the connection", "");
	case GNUTLS_E_PUSH_ERROR:
	case GNUTLS_E_PULL_ERROR:
		return fail(connection, -ECONNRESET, "the connection broke", errno ? strerror(errno) : "");
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
		return fail(connection, -EPROTO, "the server refuses",
			gnutls_alert_get_name(gnutls_alert_get(connection->library)));
	default:
		return fail(connection, -EPROTO, "TLS", gnutls_strerror((int)code));
	}
}

static bool is_for_later(ssize_t code)
{
	return code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED;
}

/* ---- authorities ---- */

int connection_init(struct connection *connection, const struct syslog_config *config)
{
	struct view pem = config->authorities_pem;
	gnutls_certificate_credentials_t credentials;
	int count;

	*connection = (struct connection){ .config = config, .fd = -1 };
	if (gnutls_certificate_allocate_credentials(&credentials) < 0)
		return -ENOMEM;
	connection->credentials = credentials;
	if (pem.count) {
		const gnutls_datum_t datum = { .data = (unsigned char *)(size_t)pem.at, .size = (unsigned)pem.count };

		count = gnutls_certificate_set_x509_trust_mem(credentials, &datum, GNUTLS_X509_FMT_PEM);
	} else {
		count = gnutls_certificate_set_x509_trust_file(
			credentials, SYSTEM_AUTHORITIES_PATH, GNUTLS_X509_FMT_PEM);
	}
	return count > 0 ? 0 : fail(connection, -EBADMSG, "the authorities of its certificate can't be read", "");
}

void connection_fini(struct connection *connection)
{
	connection_close(connection);
	if (connection->credentials)
		gnutls_certificate_free_credentials(connection->credentials);
	connection->credentials = NULL;
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
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
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

static int start_session(struct connection *connection)
{
	const char *host = connection->config->host;
	uint8_t binary[16];
	gnutls_session_t session;

	if (gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0)
		return -ENOMEM;
	connection->library = session;
	connection->sent_count = 0;
	gnutls_transport_set_int(session, connection->fd);
	if (gnutls_priority_set_direct(session, PRIORITIES, NULL) < 0 ||
		gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, connection->credentials) < 0)
		return -ENOMEM;
	if (inet_pton(AF_INET, host, binary) != 1 && inet_pton(AF_INET6, host, binary) != 1 &&
		gnutls_server_name_set(session, GNUTLS_NAME_DNS, host, strlen(host)) < 0)
		return -ENOMEM;
	/* Chain, dates and name, or address, within the handshake. */
	gnutls_session_set_verify_cert(session, host, 0);
	return 0;
}

static int handshake(struct connection *connection, int stop_fd, uint64_t deadline_ms)
{
	int error = start_session(connection), code;

	if (error)
		return fail(connection, error, "TLS", strerror(-error));
	errno = 0;
	while (!error && (code = gnutls_handshake(connection->library)) < 0) {
		if (is_for_later(code))
			error = wait_for(connection,
				gnutls_record_get_direction(connection->library) ? POLLOUT : POLLIN, stop_fd,
				deadline_ms);
		else if (gnutls_error_is_fatal(code))
			return fail_library(connection, code);
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
	errno = 0;
	connection->wants_write = false;
	/* One record at a time: a server may want smaller ones than `count`. */
	while (connection->sent_count < count) {
		ssize_t sent = gnutls_record_send(connection->library, (const char *)bytes + connection->sent_count,
			count - connection->sent_count);

		if (is_for_later(sent)) {
			connection->wants_write = true;
			return 0;
		}
		if (sent < 0)
			return fail_library(connection, sent);
		connection->sent_count += (size_t)sent;
	}
	connection->sent_count = 0;
	return 1;
}

int connection_read(struct connection *connection)
{
	char ignored[512];
	ssize_t count;

	errno = 0;
	do
		count = gnutls_record_recv(connection->library, ignored, sizeof ignored);
	while (count > 0);
	if (count == 0)
		return fail(connection, -ECONNRESET, "the server ended the connection", "");
	return gnutls_error_is_fatal((int)count) ? fail_library(connection, count) : 0;
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
		(void)gnutls_bye(connection->library, GNUTLS_SHUT_WR);
		gnutls_deinit(connection->library);
	}
	if (connection->fd >= 0)
		close(connection->fd);
	connection->library = NULL;
	connection->fd = -1;
	connection->wants_write = false;
}
