/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/dns/dns_server.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/base/list.h"
#include "appliance/dns/lookup.h"
#include "appliance/loop/stream.h"
#include "appliance/loop/timer.h"
#include "appliance/model/current.h"
#include "appliance/wire/dns.h"

#define ENDPOINT_ID_MAX_BYTES 64

/* Room for the control message that says by which address a datagram came. */
#define CONTROL_BYTES 128

/* Answers that a TCP client has not read: above this it is not read from either. */
#define UNREAD_MAX_BYTES 65536

/* How long accepting rests when it has failed for want of descriptors or memory. */
#define ACCEPT_REST_MS 100

#define CONNECTION_MAGIC MAGIC('d', 'n', 's', 'c')

struct dns_listener {
	struct dns_server *server;
	struct list_link link;
	struct loop_watch udp, tcp; /* loop is NULL without a socket */
	struct list connections;
	size_t connection_count;
	bool accepting_paused;
	struct timer accept_timer;
	uint64_t refusals_second;
	unsigned int refusals;
	size_t id_bytes;
	char id[ENDPOINT_ID_MAX_BYTES];
};

struct connection {
	uint32_t magic;
	struct dns_listener *listener;
	struct list_link link;
	struct stream stream;
	struct timer timer;
	struct loop_task task;
	bool ended;   /* the client has sent its last query */
	size_t count; /* bytes of the message at hand, with its length */
	uint8_t bytes[2 + DNS_SERVER_QUERY_MAX_BYTES];
};

/* One datagram of a batch. */
struct datagram {
	struct sockaddr_storage peer;
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES];
	uint8_t query[DNS_SERVER_QUERY_MAX_BYTES];
	uint8_t answer[DNS_UDP_PAYLOAD_BYTES];
};

struct dns_server {
	struct loop *loop;
	struct current *current;
	unsigned worker;
	struct counters_slot *counters;
	struct list listeners;
	struct lookup lookup;
	struct dns_query query;
	struct datagram batch[DNS_SERVER_BATCH];
	uint8_t message[2 + DNS_MESSAGE_MAX_BYTES]; /* an answer over TCP */
};

/* --- one query ------------------------------------------------------------------------------------------------------------ */

static enum counters_dns kind_of(const struct dns_answer *answer)
{
	switch (answer->rcode) {
	case DNS_NOERROR:
		return answer->answer_count ? COUNTERS_DNS_ANSWERED : COUNTERS_DNS_NO_DATA;
	case DNS_NXDOMAIN:
		return COUNTERS_DNS_NO_NAME;
	case DNS_REFUSED:
		return COUNTERS_DNS_REFUSED;
	case DNS_FORMERR:
	case DNS_NOTIMP:
	case DNS_BADVERS:
		return COUNTERS_DNS_MALFORMED;
	case DNS_SERVFAIL:
		break;
	}
	return COUNTERS_DNS_FAILED;
}

static bool may_refuse(struct dns_listener *listener)
{
	uint64_t second = loop_now_ms(listener->server->loop) / 1000u;

	if (listener->refusals_second != second) {
		listener->refusals_second = second;
		listener->refusals = 0;
	}
	return listener->refusals++ < DNS_SERVER_REFUSALS_PER_S;
}

/* The answer to a message, in `ret`. Returns its size, 0 if there is to be none. */
static size_t answer(struct dns_listener *listener, const struct snapshot *snapshot, const uint8_t *bytes, size_t count,
	uint8_t *ret, size_t room, bool is_udp)
{
	struct dns_server *server = listener->server;
	struct dns_answer found = { 0 };
	long written;

	switch (dns_query_parse(&server->query, bytes, count)) {
	case DNS_IGNORE:
		counters_up(server->counters, COUNTERS_dns_queries, COUNTERS_DNS_MALFORMED);
		return 0;
	case DNS_REFUSE:
		found.rcode = server->query.rcode;
		break;
	case DNS_ANSWER:
		lookup_answer(
			&server->lookup, snapshot, view_from(listener->id, listener->id_bytes), &server->query, &found);
		break;
	}
	counters_up(server->counters, COUNTERS_dns_queries, kind_of(&found));
	if (is_udp && found.rcode != DNS_NOERROR && found.rcode != DNS_NXDOMAIN && !may_refuse(listener))
		return 0;
	written = dns_answer_write(ret, room, &server->query, &found, is_udp);
	if (written < 0) {
		/* A record that can't be written (a name that is none): say that it failed rather than nothing. */
		found = (struct dns_answer){ .rcode = DNS_SERVFAIL };
		written = dns_answer_write(ret, room, &server->query, &found, is_udp);
	}
	return written > 0 ? (size_t)written : 0;
}

/* --- UDP ------------------------------------------------------------------------------------------------------------------ */

/* Turn the control message of a query into that of its answer: same address, any interface. */
static void reply_by_same_address(struct msghdr *message)
{
	for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
		if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(control), sizeof info);
			info.ipi_spec_dst = info.ipi_addr;
			info.ipi_ifindex = 0;
			memcpy(CMSG_DATA(control), &info, sizeof info);
		} else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(control), sizeof info);
			/* Link-local addresses need their interface, the others are better off without. */
			if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
				info.ipi6_ifindex = 0;
			memcpy(CMSG_DATA(control), &info, sizeof info);
		}
	}
}

static void send_batch(int fd, struct mmsghdr *messages, unsigned int count)
{
	unsigned int sent = 0;

	while (sent < count) {
		int r = sendmmsg(fd, messages + sent, count - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (r > 0)
			sent += (unsigned int)r;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			return; /* the socket's buffer is full: clients ask again */
		else if (errno != EINTR)
			sent++; /* this one can't be sent; the others may */
	}
}

static void udp_ready(struct loop_watch *watch, unsigned events)
{
	struct dns_listener *listener = CONTAINER_OF(watch, struct dns_listener, udp);
	struct dns_server *server = listener->server;
	struct mmsghdr messages[DNS_SERVER_BATCH], answers[DNS_SERVER_BATCH];
	struct iovec parts[DNS_SERVER_BATCH];
	const struct snapshot *snapshot;
	unsigned int answer_count = 0;
	int count;

	(void)events;
	for (size_t i = 0; i < DNS_SERVER_BATCH; i++) {
		struct datagram *datagram = &server->batch[i];

		parts[i] = (struct iovec){ datagram->query, sizeof datagram->query };
		messages[i] = (struct mmsghdr){ .msg_hdr = { .msg_name = &datagram->peer,
							.msg_namelen = sizeof datagram->peer,
							.msg_iov = &parts[i],
							.msg_iovlen = 1,
							.msg_control = datagram->control,
							.msg_controllen = sizeof datagram->control } };
	}
	count = recvmmsg(watch->fd, messages, DNS_SERVER_BATCH, MSG_DONTWAIT, NULL);
	if (count <= 0)
		return;
	snapshot = current_pin(server->current, server->worker);
	for (int i = 0; i < count; i++) {
		struct datagram *datagram = &server->batch[i];
		size_t bytes;

		if (messages[i].msg_hdr.msg_flags & MSG_TRUNC)
			continue;
		bytes = answer(listener, snapshot, datagram->query, messages[i].msg_len, datagram->answer,
			sizeof datagram->answer, true);
		if (bytes == 0)
			continue;
		parts[i] = (struct iovec){ datagram->answer, bytes };
		reply_by_same_address(&messages[i].msg_hdr);
		answers[answer_count++] = messages[i];
	}
	current_unpin(server->current, server->worker, snapshot);
	send_batch(watch->fd, answers, answer_count);
}

/* --- TCP ------------------------------------------------------------------------------------------------------------------ */

static void connection_free(struct loop_task *task)
{
	struct connection *connection = CONTAINER_OF(task, struct connection, task);

	connection->magic = 0;
	free(connection);
}

static void accept_ready(struct loop_watch *watch, unsigned events);

static void connection_close(struct connection *connection)
{
	struct dns_listener *listener = connection->listener;
	struct dns_server *server = listener->server;

	ASSERT_MAGIC(connection, CONNECTION_MAGIC);
	timer_disarm(server->loop, &connection->timer);
	stream_close(&connection->stream, false);
	list_remove(&connection->link);
	listener->connection_count--;
	counters_down(server->counters, COUNTERS_connections_open, COUNTERS_LISTENER_DNS_TCP);
	if (listener->accepting_paused && listener->tcp.loop)
		listener->accepting_paused = loop_watch_read(&listener->tcp, true) < 0;
	loop_defer(server->loop, &connection->task, connection_free);
}

static void connection_timed_out(struct timer *timer)
{
	connection_close(CONTAINER_OF(timer, struct connection, timer));
}

/* Answer one message. False if the connection is over. */
static bool answer_message(struct connection *connection, const uint8_t *bytes, size_t count)
{
	struct dns_listener *listener = connection->listener;
	struct dns_server *server = listener->server;
	const struct snapshot *snapshot = current_pin(server->current, server->worker);
	size_t written = answer(listener, snapshot, bytes, count, server->message + 2, DNS_MESSAGE_MAX_BYTES, false);
	struct iovec part = { server->message, written + 2 };
	ssize_t waiting_bytes;

	current_unpin(server->current, server->worker, snapshot);
	if (written == 0) {
		/* Not even a header, or an answer: who sends that over TCP is no resolver. */
		connection_close(connection);
		return false;
	}
	server->message[0] = (uint8_t)(written >> 8);
	server->message[1] = (uint8_t)written;
	waiting_bytes = stream_write(&connection->stream, &part, 1);
	if (waiting_bytes < 0) {
		connection_close(connection);
		return false;
	}
	if (waiting_bytes > UNREAD_MAX_BYTES)
		stream_pause(&connection->stream);
	return true;
}

/* Answer the messages that are complete, keep the beginning of the next. False if the connection is over. */
static bool take_messages(struct connection *connection)
{
	size_t at = 0;

	while (!connection->stream.paused && connection->count - at >= 2) {
		size_t count = (size_t)connection->bytes[at] << 8 | connection->bytes[at + 1];

		if (count > DNS_SERVER_QUERY_MAX_BYTES || count == 0) {
			connection_close(connection);
			return false;
		}
		if (connection->count - at - 2 < count)
			break;
		if (!answer_message(connection, connection->bytes + at + 2, count))
			return false;
		at += 2 + count;
	}
	memmove(connection->bytes, connection->bytes + at, connection->count - at);
	connection->count -= at;
	return true;
}

static void connection_readable(struct stream *stream)
{
	struct connection *connection = CONTAINER_OF(stream, struct connection, stream);
	struct dns_listener *listener = connection->listener;
	size_t held;
	ssize_t count;

	ASSERT_MAGIC(connection, CONNECTION_MAGIC);
	count = stream_read(
		stream, (char *)connection->bytes + connection->count, sizeof connection->bytes - connection->count);
	if (count == -EAGAIN)
		return;
	if (count <= 0) {
		connection->ended = true;
		if (count < 0 || stream_waiting_bytes(stream) == 0)
			connection_close(connection);
		return;
	}
	connection->count += (size_t)count;
	held = connection->count;
	/* A whole message in time, not a byte now and then, keeps one of the few places. */
	if (take_messages(connection) && connection->count < held)
		timer_arm(listener->server->loop, &connection->timer, DNS_SERVER_IDLE_MS, connection_timed_out);
}

static void connection_drained(struct stream *stream)
{
	struct connection *connection = CONTAINER_OF(stream, struct connection, stream);

	ASSERT_MAGIC(connection, CONNECTION_MAGIC);
	if (connection->ended) {
		connection_close(connection);
		return;
	}
	stream_resume(stream);
	(void)take_messages(connection);
}

static void connection_failed(struct stream *stream, int error)
{
	(void)error;
	connection_close(CONTAINER_OF(stream, struct connection, stream));
}

static const struct stream_owner connection_owner = {
	.readable = connection_readable,
	.drained = connection_drained,
	.failed = connection_failed,
};

static void connection_open(struct dns_listener *listener, int fd)
{
	struct dns_server *server = listener->server;
	struct connection *connection = calloc(1, sizeof *connection);

	if (!connection) {
		close(fd);
		return;
	}
	connection->magic = CONNECTION_MAGIC;
	connection->listener = listener;
	if (stream_open_plain(&connection->stream, server->loop, fd, &connection_owner) < 0) {
		free(connection);
		return;
	}
	list_append(&listener->connections, &connection->link);
	listener->connection_count++;
	counters_up(server->counters, COUNTERS_connections_accepted, COUNTERS_LISTENER_DNS_TCP);
	counters_up(server->counters, COUNTERS_connections_open, COUNTERS_LISTENER_DNS_TCP);
	timer_arm(server->loop, &connection->timer, DNS_SERVER_IDLE_MS, connection_timed_out);
}

static void accept_again(struct timer *timer)
{
	struct dns_listener *listener = CONTAINER_OF(timer, struct dns_listener, accept_timer);

	if (listener->accepting_paused && listener->connection_count < DNS_SERVER_CONNECTIONS_MAX)
		listener->accepting_paused = loop_watch_read(&listener->tcp, true) < 0;
}

/* The queue stays readable when nothing can be taken from it; without a rest the loop would spin on it. */
static void rest_if_exhausted(struct dns_listener *listener, int error)
{
	if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM)
		return;
	listener->accepting_paused = loop_watch_read(&listener->tcp, false) == 0;
	timer_arm(listener->server->loop, &listener->accept_timer, ACCEPT_REST_MS, accept_again);
}

static void accept_ready(struct loop_watch *watch, unsigned events)
{
	struct dns_listener *listener = CONTAINER_OF(watch, struct dns_listener, tcp);

	(void)events;
	while (listener->connection_count < DNS_SERVER_CONNECTIONS_MAX) {
		int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			/* None left, or one that has gone already: the socket tells when there is another. */
			rest_if_exhausted(listener, errno);
			return;
		}
		connection_open(listener, fd);
	}
	listener->accepting_paused = loop_watch_read(watch, false) == 0;
}

/* --- the interface ---------------------------------------------------------------------------------------------------------- */

struct dns_server *dns_server_new(
	struct loop *loop, struct current *current, unsigned worker, struct counters_slot *counters)
{
	struct dns_server *server = calloc(1, sizeof *server);

	if (!server)
		return NULL;
	server->loop = loop;
	server->current = current;
	server->worker = worker;
	server->counters = counters;
	list_init(&server->listeners);
	return server;
}

void dns_server_free(struct dns_server *server)
{
	if (!server)
		return;
	LIST_EACH_SAFE(link, &server->listeners)
	dns_server_close(CONTAINER_OF(link, struct dns_listener, link), false);
	free(server);
}

static int prepare(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

/* Have the kernel say by which address a datagram came. A socket of one family knows one of the options. */
static int ask_for_addresses(int fd)
{
	int on = 1;
	bool ipv4 = setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0;
	bool ipv6 = setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) == 0;

	return ipv4 || ipv6 ? 0 : -errno;
}

static int watch_socket(struct dns_listener *listener, struct loop_watch *watch, int fd, loop_watch_fn *ready)
{
	int r = prepare(fd);

	if (r < 0)
		return r;
	loop_watch_init(watch, listener->server->loop, fd, ready);
	return loop_watch_read(watch, true);
}

int dns_server_open(
	struct dns_server *server, struct view endpoint_id, int udp_fd, int tcp_fd, struct dns_listener **ret)
{
	struct dns_listener *listener;
	int r = 0;

	if (endpoint_id.count > ENDPOINT_ID_MAX_BYTES)
		return -EINVAL;
	listener = calloc(1, sizeof *listener);
	if (!listener)
		return -ENOMEM;
	listener->server = server;
	listener->id_bytes = endpoint_id.count;
	memcpy(listener->id, endpoint_id.at, endpoint_id.count);
	list_init(&listener->connections);
	if (udp_fd >= 0) {
		r = ask_for_addresses(udp_fd);
		if (r == 0)
			r = watch_socket(listener, &listener->udp, udp_fd, udp_ready);
	}
	if (r == 0 && tcp_fd >= 0)
		r = watch_socket(listener, &listener->tcp, tcp_fd, accept_ready);
	if (r < 0) {
		loop_watch_fini(&listener->udp);
		loop_watch_fini(&listener->tcp);
		free(listener);
		return r;
	}
	list_append(&server->listeners, &listener->link);
	*ret = listener;
	return 0;
}

static void close_socket(struct loop_watch *watch, bool keep_fd)
{
	bool was_open = watch->loop != NULL;
	int fd = watch->fd;

	loop_watch_fini(watch);
	if (was_open && !keep_fd)
		close(fd);
	*watch = (struct loop_watch){ 0 };
}

void dns_server_close(struct dns_listener *listener, bool keep_fds)
{
	struct dns_server *server = listener->server;

	timer_disarm(server->loop, &listener->accept_timer);
	close_socket(&listener->udp, keep_fds);
	close_socket(&listener->tcp, keep_fds);
	LIST_EACH_SAFE(link, &listener->connections)
	{
		struct connection *connection = CONTAINER_OF(link, struct connection, link);

		connection_close(connection);
		/* The server may go before the loop's turn ends. */
		loop_task_cancel(server->loop, &connection->task);
		connection_free(&connection->task);
	}
	list_remove(&listener->link);
	free(listener);
}
