/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/configure/source_ec2.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "image/configure/confined.h"
#include "image/configure/files.h"
#include "image/configure/http_reply.h"
#include "image/configure/say.h"

/* Head, body, and what chunks add. */
#define REPLY_MAX_BYTES (HTTP_REPLY_HEAD_MAX_BYTES + 2 * EC2_BODY_MAX_BYTES)
#define REQUEST_MAX_BYTES (EC2_TOKEN_MAX_BYTES + 512)
#define ANSWER_MAGIC 0x45433249u /* "EC2I" */

static const struct ec2_limits limits_likely = {
	.absent_ms = 25000, .whole_ms = 30000, .exchange_ms = 8000, .pause_ms = 250, .broken_max = 5
};
/* On other machines a start without settings is not to take half a minute longer. */
static const struct ec2_limits limits_unlikely = {
	.absent_ms = 10000, .whole_ms = 20000, .exchange_ms = 8000, .pause_ms = 250, .broken_max = 3
};

/* --- In the child -------------------------------------------------------------------------------------------------- */

struct asking {
	const struct ec2_limits *limits;
	uint64_t deadline_ms;
	int broken_count;
	bool was_connected, is_connected; /* ever; in the exchange under way or the last one */
	struct buffer bytes;              /* of a reply, raw */
	char *why;
};

static bool wait_for(int fd, short events, uint64_t deadline_ms)
{
	struct pollfd event = { .fd = fd, .events = events };
	uint64_t now_ms = clock_monotonic_ms();

	return now_ms < deadline_ms && poll(&event, 1, (int)(deadline_ms - now_ms)) > 0;
}

static int connect_to(const struct sockaddr *address, socklen_t size, uint64_t deadline_ms)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = 0;
	socklen_t error_size = sizeof error;

	if (fd < 0)
		return -errno;
	if (connect(fd, address, size) == 0)
		return fd;
	if (errno != EINPROGRESS)
		error = errno;
	else if (!wait_for(fd, POLLOUT, deadline_ms))
		error = ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size) < 0)
		error = errno;
	if (!error)
		return fd;
	close(fd);
	return -error;
}

static int send_request(int fd, struct view request, uint64_t deadline_ms)
{
	while (request.count) {
		ssize_t count = send(fd, request.at, request.count, MSG_NOSIGNAL);

		if (count < 0 && errno == EAGAIN && !wait_for(fd, POLLOUT, deadline_ms))
			return -ETIMEDOUT;
		if (count < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		request = view_after(request, count > 0 ? (size_t)count : 0);
	}
	return 0;
}

static int receive_reply(
	int fd, struct buffer *bytes, uint64_t deadline_ms, struct http_reply *ret, struct buffer *body)
{
	int error = -EAGAIN;

	while (error == -EAGAIN) {
		char *room = buffer_reserve(bytes, 4096);
		ssize_t count;

		if (!room)
			return -EMSGSIZE;
		if (!wait_for(fd, POLLIN, deadline_ms))
			return -ETIMEDOUT;
		count = recv(fd, room, 4096, 0);
		if (count < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (count < 0)
			return -errno;
		buffer_commit(bytes, (size_t)count);
		error = http_reply_read(buffer_view(bytes), count == 0, ret, body);
	}
	return error;
}

/* One request on a connection of its own. 0 and the reply, or a negative errno. */
static int exchange(struct asking *asking, const struct sockaddr *address, socklen_t size, struct view request,
	struct http_reply *ret, struct buffer *body)
{
	uint64_t deadline_ms = clock_monotonic_ms() + (uint64_t)asking->limits->exchange_ms;
	int fd, error;

	if (deadline_ms > asking->deadline_ms)
		deadline_ms = asking->deadline_ms;
	asking->is_connected = false;
	fd = connect_to(address, size, deadline_ms);
	if (fd < 0)
		return fd;
	asking->was_connected = asking->is_connected = true;
	buffer_reset(&asking->bytes);
	error = send_request(fd, request, deadline_ms);
	if (!error)
		error = receive_reply(fd, &asking->bytes, deadline_ms, ret, body);
	close(fd);
	return error;
}

static const char *describe(int error)
{
	return error == -EBADMSG    ? "its answer is no HTTP"
	       : error == -EMSGSIZE ? "its answer is too long"
				    : strerror(-error);
}

/* Can this token be put into a field? */
static bool is_token(struct view token)
{
	for (size_t i = 0; i < token.count; i++)
		if (token.at[i] <= ' ' || token.at[i] > '~')
			return false;
	return token.count > 0 && token.count <= EC2_TOKEN_MAX_BYTES;
}

/* What an exchange that failed, or that ended with a status that means nothing here, says of the service. */
static enum ec2_outcome fail(struct asking *asking, const char *what, int error, unsigned status)
{
	bool is_absent = error && !asking->is_connected;

	/* What the one address said is not overwritten by the other one being out of reach. */
	if (error && (!is_absent || !asking->was_connected))
		snprintf(asking->why, EC2_WHY_BYTES, "%s: %s", what, describe(error));
	else if (!error)
		snprintf(asking->why, EC2_WHY_BYTES, "%s: it answers with status %u", what, status);
	if (!is_absent)
		asking->broken_count++;
	return is_absent ? EC2_ABSENT : EC2_BROKEN;
}

static enum ec2_outcome ask_one(
	struct asking *asking, const struct sockaddr *address, socklen_t size, struct buffer *body)
{
	const char *host = address->sa_family == AF_INET6 ? "[fd00:ec2::254]" : "169.254.169.254";
	char request[REQUEST_MAX_BYTES];
	struct http_reply reply = { 0 };
	int count = snprintf(request, sizeof request,
		"PUT /latest/api/token HTTP/1.1\r\nHost: %s\r\nX-aws-ec2-metadata-token-ttl-seconds: " EC2_TOKEN_SECONDS
		"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		host);
	int error = exchange(asking, address, size, view_from(request, (size_t)count), &reply, body);

	if (error || reply.status != 200)
		return fail(asking, "no token", error, reply.status);
	if (!is_token(buffer_view(body)))
		return fail(asking, "no token", -EBADMSG, 0);
	count = snprintf(request, sizeof request,
		"GET /latest/user-data HTTP/1.1\r\nHost: %s\r\nX-aws-ec2-metadata-token: " VIEW_FMT
		"\r\nConnection: close\r\n\r\n",
		host, VIEW_ARG(buffer_view(body)));
	error = exchange(asking, address, size, view_from(request, (size_t)count), &reply, body);
	if (error || (reply.status != 200 && reply.status != 404))
		return fail(asking, "no user-data", error, reply.status);
	return reply.status == 200 && body->count ? EC2_FOUND : EC2_NOTHING;
}

enum ec2_outcome ec2_ask(const struct sockaddr *const addresses[], const socklen_t sizes[], size_t count,
	const struct ec2_limits *limits, struct buffer *body, char why[EC2_WHY_BYTES])
{
	uint64_t begun_ms = clock_monotonic_ms();
	struct asking asking = { .limits = limits, .deadline_ms = begun_ms + (uint64_t)limits->whole_ms, .why = why };
	enum ec2_outcome outcome = EC2_ABSENT;

	why[0] = '\0';
	buffer_init(&asking.bytes, REPLY_MAX_BYTES);
	for (;;) {
		uint64_t now_ms;

		for (size_t i = 0; i < count && outcome <= EC2_BROKEN; i++)
			outcome = ask_one(&asking, addresses[i], sizes[i], body);
		now_ms = clock_monotonic_ms();
		if (outcome > EC2_BROKEN || asking.broken_count >= limits->broken_max || now_ms >= asking.deadline_ms ||
			(!asking.was_connected && now_ms >= begun_ms + (uint64_t)limits->absent_ms))
			break;
		nanosleep(&(struct timespec){ .tv_sec = limits->pause_ms / 1000,
				  .tv_nsec = limits->pause_ms % 1000 * 1000000L },
			NULL);
	}
	buffer_fini(&asking.bytes);
	if (outcome <= EC2_BROKEN)
		outcome = asking.was_connected ? EC2_BROKEN : EC2_ABSENT;
	return outcome;
}

/* Before the user-data. */
struct answer {
	uint32_t magic;
	uint32_t outcome;
	char why[EC2_WHY_BYTES];
};

static int write_answer(const void *input, int output)
{
	static const struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_port = __builtin_bswap16(80),
		.sin_addr.s_addr = __builtin_bswap32(0xa9fea9fe) };
	static const struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_port = __builtin_bswap16(80),
		.sin6_addr.s6_addr = { 0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54 } };
	const struct sockaddr *const addresses[] = { (const struct sockaddr *)&v4, (const struct sockaddr *)&v6 };
	const socklen_t sizes[] = { sizeof v4, sizeof v6 };
	struct answer answer = { .magic = ANSWER_MAGIC };
	struct buffer body;
	int error;

	buffer_init(&body, EC2_BODY_MAX_BYTES);
	answer.outcome = (uint32_t)ec2_ask(addresses, sizes, 2, input, &body, answer.why);
	error = confined_write(output, view_from(&answer, sizeof answer));
	if (!error && answer.outcome == EC2_FOUND)
		error = confined_write(output, buffer_view(&body));
	return error;
}

/* --- As root ------------------------------------------------------------------------------------------------------- */

static bool file_starts_with(const char *folder, const char *name, const char *text)
{
	char path[256], *bytes;
	size_t count;
	bool result;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	if (files_read(path, 4096, &bytes, &count) < 0)
		return false;
	result = view_starts_with_ignore_case(view_from(bytes, count), view_from_text(text));
	free(bytes);
	return result;
}

bool ec2_is_likely(const char *folder)
{
	return file_starts_with(folder, "sys_vendor", "Amazon EC2") ||
	       file_starts_with(folder, "product_uuid", "ec2") || file_starts_with(folder, "bios_vendor", "Amazon EC2");
}

bool ec2_has_network(void)
{
	struct if_nameindex *names = if_nameindex();
	bool result = false;

	for (size_t i = 0; names && names[i].if_index; i++)
		result = result || strcmp(names[i].if_name, "lo") != 0;
	if (names)
		if_freenameindex(names);
	return result;
}

/* The child's answer: a record, then bytes that are passed on. */
static void take_answer(struct sources *sources, const char *bytes, size_t count)
{
	struct answer answer = { 0 };
	struct view body = view_after(view_from(bytes, count), sizeof answer);
	char *copy;

	if (count >= sizeof answer)
		memcpy(&answer, bytes, sizeof answer);
	answer.why[EC2_WHY_BYTES - 1] = '\0';
	if (answer.magic != ANSWER_MAGIC || answer.outcome > EC2_FOUND) {
		say(EC2_FROM " could not be asked: the child that asked it answers nonsense");
	} else if (answer.outcome == EC2_FOUND) {
		copy = malloc(body.count + 1);
		if (!copy)
			return;
		memcpy(copy, body.at, body.count);
		copy[body.count] = '\0';
		source_offer(sources, SOURCE_USER_DATA, copy, body.count, EC2_FROM);
	} else if (answer.outcome == EC2_NOTHING) {
		say(EC2_FROM " has no user-data for this machine");
	} else {
		say(EC2_FROM " %s: %s", answer.outcome == EC2_ABSENT ? "does not answer" : "is there and can't be used",
			answer.why);
	}
}

void source_find_ec2(struct sources *sources, bool is_likely)
{
	const struct ec2_limits *limits = is_likely ? &limits_likely : &limits_unlikely;
	size_t count;
	char *bytes;
	/* The child's own limit comes first; this one is for a child that does not keep it. */
	int error = confined_collect(CONFINED_CLIENT, write_answer, limits, sizeof(struct answer) + EC2_BODY_MAX_BYTES,
		limits->whole_ms + 2000, &bytes, &count);

	if (error) {
		say(EC2_FROM " could not be asked: %s", strerror(-error));
		return;
	}
	take_answer(sources, bytes, count);
	free(bytes);
}
