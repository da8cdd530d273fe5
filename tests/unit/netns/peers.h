/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * peers: a whole Postern in miniature for posternd's tests. The test binary is linked five times into a folder and acts by
 * the name that it is started by: `posternd` is the real one (posternd_main), `postern` passes the record on that the
 * test wrote as "settings", and the two children are small real programs that speak the verbs through netns/client.
 *
 * The gateway answers every connection on an endpoint's HTTPS sockets with "<pid> <endpoint id> <peer's descriptor count>\n"; a
 * connection whose first byte is '!' makes it send posternd something odd, '#' open connections to posternd without end, and one
 * of enum errand_kind behind which a struct errand stands run that with sockets of the endpoint's namespace. The control program takes one command a connection on
 * its management address: a `struct command` and a body; it calls posternd and returns the status, the reply and nothing else.
 */
#ifndef POSTERN_TESTS_UNIT_NETNS_PEERS_H
#define POSTERN_TESTS_UNIT_NETNS_PEERS_H

#include "tests/unit/support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "netns/client.h"
#include "netns/posternd.h"

#define PEER_SOCKETS_MAX 256
#define CALL_MS 10000
#define VERB_COMMAND_RAW 1000   /* send the body as it is */
#define VERB_COMMAND_PID 1001   /* answer with the control program's pid */
#define VERB_COMMAND_EVENT 1002 /* answer with the first filter event that was pushed */

struct command {
	uint32_t verb;
	uint32_t body_bytes;
	uint32_t memfd_bytes; /* more bytes behind the body: to be sealed into a memfd and sent along */
	uint32_t seals;
};

struct answer {
	int32_t status;
	uint32_t body_bytes;
};

/* A child's state: what it got from posternd, in the order in which it would be handed back. */
struct peer {
	struct client *client, *calls;
	const char *socket_path;
	int shared[2];
	int management[NETNS_MANAGEMENT_MAX];
	size_t management_count;
	struct peer_endpoint {
		struct verb_endpoint facts;
		int fds[VERB_FDS_MAX];
		size_t fd_count;
	} endpoints[8];
	size_t endpoint_count;
	struct verb_filter_event event;
	bool is_gateway;
};

static inline bool peer_call(struct peer *peer, enum verb verb, const void *body, const int *fds, size_t fd_count)
{
	struct verb_message *reply;

	return client_ask(peer->client, verb, body, fds, fd_count, CALL_MS, &reply) == 0;
}

static inline bool peer_hand_back(struct peer *peer)
{
	struct verb_hand_back body = { .what = VERB_HAND_BACK_SHARED };
	bool fine = peer_call(peer, VERB_HAND_BACK, &body, peer->shared, 2);

	if (fine && !peer->is_gateway) {
		body.what = VERB_HAND_BACK_MANAGEMENT;
		fine = peer_call(peer, VERB_HAND_BACK, &body, peer->management, peer->management_count);
	}
	for (size_t i = 0; i < peer->endpoint_count && fine; i++) {
		body.what = VERB_HAND_BACK_ENDPOINT;
		memcpy(body.endpoint_id, peer->endpoints[i].facts.id, sizeof body.endpoint_id);
		fine = peer_call(peer, VERB_HAND_BACK, &body, peer->endpoints[i].fds, peer->endpoints[i].fd_count);
	}
	return fine;
}

/*
 * Take the records that came behind `at` other descriptors. The gateway leaves a sign in each of them; control must be able to
 * do nothing but read.
 */
static inline void peer_take_records(struct peer *peer, struct verb_message *welcome, size_t at)
{
	for (unsigned int i = 0; i < VERB_RECORD_COUNT; i++) {
		char sign = (char)('a' + i);
		int fd;

		if (!(welcome->body.welcome.has_records & 1u << i))
			continue;
		fd = client_take_fd(welcome, at++);
		if (peer->is_gateway ? pwrite(fd, &sign, 1, 0) != 1
				     : pread(fd, &sign, 1, 0) != 1 || pwrite(fd, &sign, 1, 0) >= 0 || errno != EBADF)
			_exit(7);
		close(fd);
	}
}

static inline bool peer_greet(struct peer *peer, bool resuming)
{
	struct verb_hello hello = { .resuming = resuming },
			  calls = { .channel = VERB_CHANNEL_CALLS, .resuming = resuming };
	struct verb_message *welcome;

	if (client_ask(peer->client, VERB_HELLO, &hello, NULL, 0, CALL_MS, &welcome) < 0)
		return false;
	if (!resuming) {
		size_t at = peer->is_gateway && welcome->body.welcome.has_access_log ? 3 : 2;

		peer->shared[0] = client_take_fd(welcome, 0);
		peer->shared[1] = client_take_fd(welcome, 1);
		peer->management_count = peer->is_gateway ? 0 : welcome->body.welcome.management_count;
		for (size_t i = 0; i < peer->management_count; i++)
			peer->management[i] = client_take_fd(welcome, at + i);
		peer_take_records(peer, welcome, at + peer->management_count);
	} else if (!peer_hand_back(peer)) {
		return false;
	}
	if (peer->is_gateway && !peer_call(peer, VERB_SOCKETS, NULL, NULL, 0))
		return false;
	if (!peer->is_gateway && (client_open(&peer->calls, peer->socket_path) < 0 ||
					 client_ask(peer->calls, VERB_HELLO, &calls, NULL, 0, CALL_MS, &welcome) < 0))
		return false;
	return peer_call(peer, VERB_READY, NULL, NULL, 0);
}

/*
 * Try to connect. If it fails, even in the middle (a posternd that is being killed may still take connections in), it is tried
 * again on the next turn, and what is held is served all the while.
 */
static inline void peer_connect(struct peer *peer, bool resuming)
{
	peer->client = peer->calls = NULL;
	if (client_open(&peer->client, peer->socket_path) == 0 && peer_greet(peer, resuming))
		return;
	if (!resuming)
		_exit(3);
	client_close(peer->client);
	client_close(peer->calls);
	peer->client = peer->calls = NULL;
}

static inline void peer_forget(struct peer *peer, const char *id)
{
	for (size_t i = 0; i < peer->endpoint_count; i++) {
		if (memcmp(peer->endpoints[i].facts.id, id, FILTER_ENDPOINT_ID_BYTES) != 0)
			continue;
		for (size_t f = 0; f < peer->endpoints[i].fd_count; f++)
			close(peer->endpoints[i].fds[f]);
		peer->endpoints[i] = peer->endpoints[--peer->endpoint_count];
		return;
	}
}

static inline void peer_take_endpoint(struct peer *peer, struct verb_message *message)
{
	struct peer_endpoint *endpoint = &peer->endpoints[peer->endpoint_count++];

	endpoint->facts = message->body.endpoint;
	endpoint->fd_count = message->fd_count;
	for (size_t i = 0; i < message->fd_count; i++)
		endpoint->fds[i] = client_take_fd(message, i);
}

/* The gateway says who it is. */
static inline void peer_answer_invoke(struct verb_message *message)
{
	int fd = client_take_fd(message, 0);
	pid_t pid = getpid();

	if (fd < 0 || send(fd, &pid, sizeof pid, MSG_NOSIGNAL) != sizeof pid)
		_exit(8);
	close(fd);
}

/* Handle what posternd pushes; connect anew when it is gone. */
static inline void peer_read(struct peer *peer)
{
	struct verb_message *message;
	int rc = -EPIPE;

	while (peer->client && (rc = client_receive(peer->client, &message)) == 0) {
		switch (message->header.verb) {
		case VERB_DRAIN:
			_exit(0);
		case VERB_ENDPOINT:
			peer_take_endpoint(peer, message);
			break;
		case VERB_ENDPOINT_GONE:
			peer_forget(peer, message->body.endpoint_id.id);
			break;
		case VERB_INVOKE:
			peer_answer_invoke(message);
			break;
		case VERB_FILTER_EVENTS:
			peer->event = message->body.filter_events.events[0];
			break;
		}
	}
	if (rc == -EAGAIN)
		return;
	client_close(peer->client);
	client_close(peer->calls);
	peer_connect(peer, true);
}

enum errand_kind {
	ERRAND_CALL = '>',   /* call somebody and say what he said */
	ERRAND_LISTEN = '<', /* listen at the port, until the next errand */
	ERRAND_ASK = '~',    /* ask for sockets until there are no more, or for as many milliseconds as `port` says */
	ERRAND_DEAF = '^',   /* ask for sockets and never read the answers */
};

struct errand {
	char address[48];
	uint16_t port, type;
	uint32_t count; /* sockets to ask for at a time */
};

struct errand_answer {
	int32_t status;
	uint32_t count; /* sockets had */
	uint64_t took_ns;
	char text[64];
};

static inline int errand_sockets(
	struct peer *peer, const struct peer_endpoint *endpoint, const struct errand *errand, struct verb_message **ret)
{
	struct verb_outgoing_sockets wanted = { .family = strchr(errand->address, ':') ? AF_INET6 : AF_INET,
		.type = errand->type,
		.count = errand->count };

	memcpy(wanted.id, endpoint->facts.id, sizeof wanted.id);
	return client_ask(peer->client, VERB_OUTGOING_SOCKETS, &wanted, NULL, 0, CALL_MS, ret);
}

/* Connect, ask with one byte, and take what is answered. */
static inline int errand_call(int fd, const struct errand *errand, char text[64])
{
	struct sockaddr_in6 to = { .sin6_family = strchr(errand->address, ':') ? AF_INET6 : AF_INET,
		.sin6_port = htons(errand->port) };
	struct pollfd wanted = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t bytes = sizeof error;

	if (inet_pton(to.sin6_family, errand->address,
		    to.sin6_family == AF_INET ? (void *)&to.sin6_flowinfo : (void *)&to.sin6_addr) != 1)
		return -EINVAL;
	if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS)
		return -errno;
	if (poll(&wanted, 1, 3000) <= 0)
		return -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) < 0 || error)
		return -error;
	if (send(fd, "?", 1, MSG_NOSIGNAL) != 1)
		return -errno;
	wanted.events = POLLIN;
	if (poll(&wanted, 1, 3000) <= 0)
		return -ETIMEDOUT;
	return recv(fd, text, 63, 0) < 0 ? -errno : 0;
}

static inline void errand_run(struct peer *peer, struct peer_endpoint *endpoint, int kind, int connection)
{
	static int listening = -1;
	struct errand errand;
	struct errand_answer answer = { 0 };
	struct verb_message *reply;
	uint64_t start_ns = watch_now_ns();

	if (recv(connection, &errand, sizeof errand, MSG_WAITALL) != sizeof errand)
		return;
	if (listening >= 0)
		close(listening);
	listening = -1;
	if (kind == ERRAND_DEAF) {
		struct verb_outgoing_sockets wanted = {
			.family = AF_INET, .type = SOCK_STREAM, .count = VERB_OUTGOING_MAX
		};

		memcpy(wanted.id, endpoint->facts.id, sizeof wanted.id);
		for (;;)
			if (client_post(peer->client, VERB_OUTGOING_SOCKETS, &wanted, NULL, 0) == -EPIPE)
				pause();
	}
	do {
		answer.status = errand_sockets(peer, endpoint, &errand, &reply);
		answer.count += answer.status == 0 ? (uint32_t)reply->fd_count : 0;
		answer.took_ns = watch_now_ns() - start_ns;
	} while (kind == ERRAND_ASK && answer.status == 0 && answer.took_ns < errand.port * 1000000ull);
	if (answer.status == 0 && kind != ERRAND_ASK) {
		int fd = client_take_fd(reply, 0);

		if (kind == ERRAND_CALL) {
			answer.status = errand_call(fd, &errand, answer.text);
			close(fd);
		} else {
			struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(errand.port) };

			answer.status =
				bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 1) < 0 ? -errno : 0;
			listening = fd;
		}
	}
	(void)!send(connection, &answer, sizeof answer, MSG_NOSIGNAL);
}

static inline void gateway_serve(struct peer *peer, struct peer_endpoint *endpoint, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	char text[128], first = 0;

	if (fd < 0)
		return;
	if (recv(fd, &first, 1, 0) == 1 && first == '#') {
		struct client *more;

		for (int i = 0; i < 2 * POSTERND_CONNECTIONS_MAX; i++)
			if (client_open(&more, peer->socket_path) < 0)
				break;
		pause();
	}
	if (first == ERRAND_CALL || first == ERRAND_LISTEN || first == ERRAND_ASK || first == ERRAND_DEAF) {
		errand_run(peer, endpoint, first, fd);
		close(fd);
		return;
	}
	if (first == '!') {
		struct verb_header odd = { .version = VERBS_VERSION, .verb = VERB_ENDPOINT_LIST };
		struct verb_empty body = { 0 };
		char bytes[sizeof odd + sizeof body];

		memcpy(bytes, &odd, sizeof odd);
		memcpy(bytes + sizeof odd, &body, sizeof body);
		(void)!send(client_fd(peer->client), bytes, sizeof bytes, MSG_NOSIGNAL);
	}
	snprintf(text, sizeof text, "%d %s\n", getpid(), endpoint->facts.id);
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
	close(fd);
}

static inline int peer_memfd(const char *bytes, size_t count, unsigned int seals)
{
	int fd = memfd_create("prefixes", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || write(fd, bytes, count) != (ssize_t)count || fcntl(fd, F_ADD_SEALS, seals) < 0)
		_exit(6);
	return fd;
}

/* What the gateway says at the other end, and that it then ends: its pid, or a negative errno. */
static inline int peer_hear(struct verb_message *reply)
{
	int fd = client_take_fd(reply, 0);
	struct pollfd wanted = { .fd = fd, .events = POLLIN };
	pid_t pid = -EIO;

	if (fd < 0)
		return -EBADF;
	if (poll(&wanted, 1, CALL_MS) > 0 && recv(fd, &pid, sizeof pid, 0) == sizeof pid &&
		(poll(&wanted, 1, CALL_MS) <= 0 || recv(fd, &wanted, 1, 0) != 0))
		pid = -ETIMEDOUT;
	close(fd);
	return pid;
}

static inline bool receive_whole(int fd, void *to, size_t count)
{
	return count == 0 || recv(fd, to, count, MSG_WAITALL) == (ssize_t)count;
}

static inline void control_serve(struct peer *peer, int listener)
{
	static char body[VERB_MESSAGE_MAX_BYTES], table[1 << 20];
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), memfd = -1;
	struct command command;
	struct answer answer = { 0 };
	struct verb_message *reply = NULL;
	const void *reply_body = &peer->event;
	pid_t pid = getpid();

	if (fd < 0 || !receive_whole(fd, &command, sizeof command) || !receive_whole(fd, body, command.body_bytes) ||
		!receive_whole(fd, table, command.memfd_bytes))
		goto out;
	if (command.verb == VERB_COMMAND_RAW) {
		(void)!send(client_fd(peer->client), body, command.body_bytes, MSG_NOSIGNAL);
	} else if (command.verb == VERB_COMMAND_PID) {
		reply_body = &pid;
		answer.body_bytes = sizeof pid;
	} else if (command.verb == VERB_COMMAND_EVENT) {
		answer.body_bytes = sizeof peer->event;
	} else {
		if (command.verb == VERB_FILTER_LOAD)
			memfd = peer_memfd(table, command.memfd_bytes, command.seals);
		answer.status = client_ask(
			peer->calls, (enum verb)command.verb, body, &memfd, memfd >= 0 ? 1 : 0, CALL_MS, &reply);
		if (command.verb == VERB_INVOKE_CHANNEL && answer.status == 0)
			answer.status = peer_hear(reply);
		answer.body_bytes = reply && answer.status == 0 ? (uint32_t)reply->body_bytes : 0;
		reply_body = reply ? &reply->body : NULL;
	}
	(void)!send(fd, &answer, sizeof answer, MSG_NOSIGNAL);
	if (answer.body_bytes)
		(void)!send(fd, reply_body, answer.body_bytes, MSG_NOSIGNAL);
out:
	if (memfd >= 0)
		close(memfd);
	if (fd >= 0)
		close(fd);
}

static inline _Noreturn void peer_main(const char *socket_path, bool is_gateway)
{
	static struct peer peer;

	peer.socket_path = socket_path;
	peer.is_gateway = is_gateway;
	peer_connect(&peer, false);
	for (;;) {
		/* First: what came while we waited for a reply is kept and does not show in poll(). */
		peer_read(&peer);

		struct pollfd fds[PEER_SOCKETS_MAX] = { { .fd = peer.client ? client_fd(peer.client) : -1,
			.events = POLLIN } };
		nfds_t count = 1;

		for (size_t i = 0; i < peer.management_count; i++)
			fds[count++] = (struct pollfd){ .fd = peer.management[i], .events = POLLIN };
		for (size_t i = 0; i < peer.endpoint_count; i++)
			for (size_t f = 0; f < peer.endpoints[i].facts.https_count; f++)
				fds[count++] = (struct pollfd){ .fd = peer.endpoints[i].fds[f], .events = POLLIN };
		if (poll(fds, count, peer.client ? -1 : CLIENT_RETRY_MS / 10) < 0)
			continue;
		for (size_t i = 0; i < peer.management_count; i++)
			control_serve(&peer, peer.management[i]);
		for (size_t i = 0; i < peer.endpoint_count; i++)
			for (size_t f = 0; f < peer.endpoints[i].facts.https_count; f++)
				gateway_serve(&peer, &peer.endpoints[i], peer.endpoints[i].fds[f]);
	}
}

/* Act by the name that we were started by; returns -1 if that is the test's own. */
static inline int act_by_name(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];

	if (strcmp(name, "posternd") == 0)
		return posternd_main(argc, argv);
	if (strcmp(name, "postern-gateway") == 0 || strcmp(name, "postern-control") == 0)
		peer_main(argv[2], strcmp(name, "postern-gateway") == 0);
	if (strcmp(name, "postern-settings") == 0) {
		char bytes[4096];
		ssize_t count;

		while ((count = read(0, bytes, sizeof bytes)) > 0)
			if (write(1, bytes, (size_t)count) != count)
				return 1;
		return 0;
	}
	return -1;
}

/* A posternd under test. */
struct lab {
	char dir[64];
	char settings[96];
	struct netns_config config;
	pid_t pid;
	int out; /* its standard output */
};

static inline void lab_write_settings(const struct lab *lab)
{
	int fd = open(lab->settings, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(sizeof lab->config, write(fd, &lab->config, sizeof lab->config));
	close(fd);
}

/* A port of 127.0.0.1 that was free a moment ago. */
static inline uint16_t free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t bytes = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(0, bind(fd, (struct sockaddr *)&address, sizeof address));
	assert_int_equal(0, getsockname(fd, (struct sockaddr *)&address, &bytes));
	close(fd);
	return ntohs(address.sin_port);
}

static inline struct lab lab_new(bool local)
{
	static const char *const names[] = { "posternd", "postern-settings", "postern-gateway", "postern-control" };
	struct lab lab = { .dir = "/tmp/pb-lab-XXXXXX", .pid = -1 };
	char own[4096], link[128];
	ssize_t count = readlink("/proc/self/exe", own, sizeof own - 1);

	assert_true(count > 0);
	own[count] = '\0';
	assert_non_null(mkdtemp(lab.dir));
	assert_int_equal(0, chmod(lab.dir, 0755));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(link, sizeof link, "%s/%s", lab.dir, names[i]);
		assert_int_equal(0, symlink(own, link));
	}
	snprintf(lab.settings, sizeof lab.settings, "%s/settings", lab.dir);
	lab.config = (struct netns_config){
		.magic = NETNS_CONFIG_MAGIC,
		.version = NETNS_CONFIG_VERSION,
		.log_level = 2,
		.size_bytes = sizeof lab.config,
		.local = local,
		.gateway_uid = 64501,
		.control_uid = 64502,
		.group_gid = 64500,
		.worker_count = 2,
		.drain_ms = 5000,
		.client_record_kb = 64,
		.request_record_kb = 128,
		.management_count = 1,
		.management = { { .family = AF_INET, .port = free_port(), .bytes = { 127, 0, 0, 1 } } },
	};
	if (local)
		lab.config.traffic =
			(struct netns_address){ .family = AF_INET, .port = free_port(), .bytes = { 127, 0, 0, 1 } };
	snprintf(lab.config.state_dir, sizeof lab.config.state_dir, "%s/state", lab.dir);
	snprintf(lab.config.run_dir, sizeof lab.config.run_dir, "%s/run", lab.dir);
	snprintf(lab.config.log_dir, sizeof lab.config.log_dir, "%s/log", lab.dir);
	snprintf(lab.config.access_log, sizeof lab.config.access_log, "%s/log/access.log", lab.dir);
	snprintf(lab.config.audit_log, sizeof lab.config.audit_log, "%s/log/audit.log", lab.dir);
	lab_write_settings(&lab);
	return lab;
}

/* Start posternd with one more argument (or NULL); its standard error goes to DIR/log.txt. */
static inline void lab_start(struct lab *lab, char *more)
{
	char program[96], log[96], flag[] = "--settings", folder[] = "--binaries";
	char *arguments[] = { program, flag, lab->settings, folder, lab->dir, more, NULL };
	int pipe_fds[2];

	snprintf(program, sizeof program, "%s/posternd", lab->dir);
	snprintf(log, sizeof log, "%s/log.txt", lab->dir);
	assert_int_equal(0, pipe2(pipe_fds, O_CLOEXEC));
	lab->pid = fork();
	if (lab->pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);

		dup2(pipe_fds[1], 1);
		dup2(fd, 2);
		execv(program, arguments);
		_exit(127);
	}
	assert_true(lab->pid > 0);
	close(pipe_fds[1]);
	lab->out = pipe_fds[0];
}

/* Everything that posternd writes to its standard output until `line_end`, or its end; fails after 20 s. */
static inline void lab_read_line(struct lab *lab, char *line, size_t capacity)
{
	size_t count = 0;

	while (count < capacity - 1) {
		struct pollfd wanted = { .fd = lab->out, .events = POLLIN };

		if (poll(&wanted, 1, 20000) <= 0)
			fail_msg("posternd says nothing; see %s/log.txt", lab->dir);
		if (read(lab->out, line + count, 1) != 1 || line[count] == '\n')
			break;
		count++;
	}
	line[count] = '\0';
}

static inline void lab_wait_ready(struct lab *lab)
{
	char line[256];

	lab_read_line(lab, line, sizeof line);
	if (strncmp(line, "ready management=http://127.0.0.1:", 34) != 0)
		fail_msg("not ready: \"%s\"; see %s/log.txt", line, lab->dir);
}

/* Wait for posternd's end; its exit status, or minus the signal. */
static inline int lab_wait_exit(struct lab *lab)
{
	int status;

	assert_int_equal(lab->pid, waitpid(lab->pid, &status, 0));
	lab->pid = -1;
	close(lab->out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static inline int lab_stop(struct lab *lab)
{
	assert_int_equal(0, kill(lab->pid, SIGTERM));
	return lab_wait_exit(lab);
}

static inline bool lab_log_has(const struct lab *lab, const char *text)
{
	char path[96];
	char *log;
	bool found;

	snprintf(path, sizeof path, "%s/log.txt", lab->dir);
	log = whole_file(path, NULL);
	found = strstr(log, text) != NULL;
	free(log);
	return found;
}

static inline void lab_free(struct lab *lab)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf %s", lab->dir);
	assert_int_equal(0, system(command));
}

static inline int connect_to(const struct netns_address *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(address->port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval patience = { .tv_sec = 20 };

	memcpy(&to.sin_addr, address->bytes, 4);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	return fd;
}

/* Have the control peer call posternd. Returns the call's status; the reply goes to `reply` (room for `reply_bytes`). */
static inline int lab_call_with(struct lab *lab, const struct command *command, const void *body, const void *table,
	void *reply, size_t reply_bytes)
{
	int fd = connect_to(&lab->config.management[0]);
	struct answer answer = { .status = -ECONNRESET };

	assert_true(fd >= 0);
	/* A control program that is being killed takes nothing and answers nothing: -ECONNRESET then. */
	(void)!send(fd, command, sizeof *command, MSG_NOSIGNAL);
	(void)!send(fd, body, command->body_bytes, MSG_NOSIGNAL);
	(void)!send(fd, table, command->memfd_bytes, MSG_NOSIGNAL);
	if (receive_whole(fd, &answer, sizeof answer) && answer.body_bytes && reply) {
		assert_int_equal(reply_bytes, answer.body_bytes);
		assert_true(receive_whole(fd, reply, reply_bytes));
	}
	close(fd);
	return answer.status;
}

static inline int lab_call(
	struct lab *lab, uint32_t verb, const void *body, size_t body_bytes, void *reply, size_t reply_bytes)
{
	struct command command = { .verb = verb, .body_bytes = (uint32_t)body_bytes };

	return lab_call_with(lab, &command, body, NULL, reply, reply_bytes);
}

/* One call to the gateway peer: its pid, 0 if it closed without an answer, a negative errno if there was no connection. */
static inline int ask_gateway(const struct netns_address *address, const char *first, char id[FILTER_ENDPOINT_ID_BYTES])
{
	char text[128] = "";
	int pid = 0, fd = connect_to(address);

	if (fd < 0)
		return fd;
	(void)!send(fd, first, 1, MSG_NOSIGNAL);
	if (recv(fd, text, sizeof text - 1, MSG_WAITALL) > 0) {
		char found[64] = "";

		sscanf(text, "%d %63s", &pid, found);
		if (id)
			memcpy(id, found, FILTER_ENDPOINT_ID_BYTES);
	}
	close(fd);
	return pid;
}

static inline struct verb_status lab_status(struct lab *lab)
{
	struct verb_empty empty = { 0 };
	struct verb_status status = { 0 };

	int rc;

	while ((rc = lab_call(lab, VERB_STATUS, &empty, sizeof empty, &status, sizeof status)) != 0)
		assert_int_equal(-ECONNRESET, rc);
	return status;
}

#endif
