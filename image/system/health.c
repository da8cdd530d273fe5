/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether this start is good: every endpoint and the management API answer a request made as a client makes it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "image/system/daemon.h"

/* Between two rounds of requests. */
#define ROUND_PAUSE_MS 1000
/* A reason is said when it has lasted, and again now and then. */
#define SAY_AFTER_MS 5000
#define SAY_AGAIN_MS 60000
#define NAMESPACES "/run/netns/postern-"

static uint32_t places_count(const struct system_facts *facts)
{
	return 2 * facts->endpoint_count + facts->management_count;
}

/* What the round asks at place `index`; the address has no family if there is nothing to ask. */
static const struct system_address *place(const struct system_facts *facts, uint32_t index, const char **ret_endpoint)
{
	const struct system_endpoint *endpoint = &facts->endpoints[index / 2];

	*ret_endpoint = index < 2 * facts->endpoint_count ? endpoint->id : NULL;
	if (!*ret_endpoint)
		return &facts->management[index - 2 * facts->endpoint_count];
	return index % 2 == 0 ? &endpoint->v4 : &endpoint->v6;
}

static void fail(struct health *health, uint64_t now_ms, const char *text)
{
	snprintf(health->failing, sizeof health->failing, "%s", text);
	health->probing = false;
	health->next_round_ms = now_ms + ROUND_PAUSE_MS;
}

static void describe(char ret[SYSTEM_TEXT_BYTES], const struct system_facts *facts, uint32_t index, const char *what)
{
	char address[INET6_ADDRSTRLEN] = "";
	const char *endpoint;
	const struct system_address *at = place(facts, index, &endpoint);

	inet_ntop(at->family, at->bytes, address, sizeof address);
	snprintf(ret, SYSTEM_TEXT_BYTES, "%s, %s port %u: %.100s", endpoint ? endpoint : "the management API", address,
		at->port, what);
}

static void describe_answer(char ret[128], const struct probe_answer *answer)
{
	switch (answer->result) {
	case PROBE_NO_CONNECTION:
		snprintf(ret, 128, "no connection: %s", strerror(answer->detail));
		break;
	case PROBE_NO_TLS:
		snprintf(ret, 128, "no TLS with a certificate that the private CA vouches for (wolfSSL's error %d)",
			-answer->detail);
		break;
	case PROBE_NO_ANSWER:
		snprintf(ret, 128, "no answer to a request");
		break;
	case PROBE_NOT_SERVED:
		snprintf(ret, 128, "an answer that is no good one (status %d)", answer->detail);
		break;
	default:
		snprintf(ret, 128, "no request can be made");
		break;
	}
}

/* ---- one request ---- */

/* Listening on all addresses is reached by the loopback one. */
static struct system_address reachable(const struct system_address *address)
{
	static const uint8_t none[sizeof address->bytes];
	struct system_address copy = *address;

	if (memcmp(address->bytes, none, sizeof none) != 0)
		return copy;
	if (address->family == AF_INET)
		memcpy(copy.bytes, (const uint8_t[]){ 127, 0, 0, 1 }, 4);
	else
		copy.bytes[15] = 1;
	return copy;
}

/* In the child. */
static int become_probe(const void *context, int output)
{
	const struct daemon *daemon = context;
	char program[128];

	(void)output;
	snprintf(program, sizeof program, "%s/postern-control", daemon->programs);
	execl(program, "postern-control", "--probe", (char *)NULL);
	return 127;
}

/* What to ask, as a file that the child reads. */
static int write_probe(const struct health *health, const struct system_address *address, bool of_endpoint)
{
	static struct probe probe;
	int fd = memfd_create("probe", MFD_CLOEXEC);

	probe.kind = of_endpoint ? PROBE_ENDPOINT : PROBE_MANAGEMENT;
	probe.address = reachable(address);
	memcpy(probe.name, health->facts.name, sizeof probe.name);
	memcpy(probe.ca_pem, health->facts.ca_pem, sizeof probe.ca_pem);
	if (fd >= 0 && pwrite(fd, &probe, sizeof probe, 0) != (ssize_t)sizeof probe) {
		close(fd);
		return -EIO;
	}
	return fd;
}

/* The child that asks place `index`. */
static int ask(const struct daemon *daemon, struct health *health, uint32_t index)
{
	char path[sizeof NAMESPACES + SYSTEM_ID_BYTES];
	const char *endpoint;
	const struct system_address *address = place(&health->facts, index, &endpoint);
	int namespace_fd = -1, order_fd, error;

	if (endpoint) {
		snprintf(path, sizeof path, NAMESPACES "%s", endpoint);
		namespace_fd = open(path, O_RDONLY | O_CLOEXEC);
		if (namespace_fd < 0)
			return -errno;
	}
	order_fd = write_probe(health, address, endpoint != NULL);
	error = order_fd < 0
			? -EIO
			: child_start(&health->child, namespace_fd, order_fd, become_probe, daemon, PROBE_LIMIT_MS);
	if (order_fd >= 0)
		close(order_fd);
	if (namespace_fd >= 0)
		close(namespace_fd);
	return error;
}

/* The child has ended, or not: is what it found good? 0, -EAGAIN, or -EPROTO with `health->failing` filled. */
static int take_answer(struct health *health, uint64_t now_ms)
{
	struct probe_answer answer = { .result = PROBE_NO_CHILD };
	char text[SYSTEM_TEXT_BYTES], what[128];
	int status = child_poll(&health->child, now_ms);

	if (status == -EAGAIN)
		return status;
	if (status == -ETIMEDOUT)
		answer.result = PROBE_NO_ANSWER;
	else if (status == 0 && health->child.count == sizeof answer)
		memcpy(&answer, health->child.bytes, sizeof answer);
	if (answer.result == PROBE_GOOD)
		return 0;
	describe_answer(what, &answer);
	describe(text, &health->facts, health->next, what);
	fail(health, now_ms, text);
	return -EPROTO;
}

/* ---- rounds ---- */

/* Ask what comes next, one place at a time. True: all have answered. */
static bool go_on(const struct daemon *daemon, struct health *health, uint64_t now_ms)
{
	char text[SYSTEM_TEXT_BYTES];
	const char *endpoint;
	int error;

	if (health->child.pid) {
		if (take_answer(health, now_ms) != 0)
			return false;
		health->next++;
	}
	while (health->next < places_count(&health->facts) && !place(&health->facts, health->next, &endpoint)->family)
		health->next++;
	if (health->next == places_count(&health->facts))
		return true;
	error = ask(daemon, health, health->next);
	if (error) {
		describe(text, &health->facts, health->next,
			error == -ENOENT ? "it has no network namespace" : strerror(-error));
		fail(health, now_ms, text);
	}
	return false;
}

void health_tell(struct daemon *daemon, const struct system_facts *facts)
{
	struct health *health = &daemon->health;

	if (health->knows && memcmp(&health->facts, facts, sizeof *facts) == 0)
		return;
	/* What was found out is about other facts. */
	child_end(&health->child);
	health->probing = false;
	health->facts = *facts;
	health->knows = true;
	health->next_round_ms = 0;
}

static void become_good(struct daemon *daemon, uint64_t now_ms)
{
	struct health *health = &daemon->health;
	bool was_on_trial = daemon->slots.on_trial;
	int error = daemon->slots_error ? 0 : slots_keep(&daemon->slots);

	health->is_good = true;
	health->good_at_ms = now_ms;
	health->probing = false;
	health->failing[0] = '\0';
	if (error)
		daemon_say("the boot loader can't be told: %s", strerror(-error));
	else if (was_on_trial)
		daemon_note_update(daemon, "%s is installed", daemon->version);
	daemon_say("good: slot %c, version %s: endpoints that answered: %u; after %llu ms",
		daemon->slots.running ? daemon->slots.running : '-', daemon->version, health->facts.endpoint_count,
		(unsigned long long)now_ms);
	trial_is_good(daemon, now_ms);
}

static void say_failing(struct health *health, uint64_t now_ms)
{
	bool same = strcmp(health->said, health->failing) == 0;

	if (now_ms < health->said_ms + (same ? SAY_AGAIN_MS : SAY_AFTER_MS))
		return;
	health->said_ms = now_ms;
	memcpy(health->said, health->failing, sizeof health->said);
	daemon_say("this start is not good yet: %s", health->failing);
}

/* Is this start of settings that have to show that they are good ones? */
static bool has_settings_on_trial(const struct daemon *daemon)
{
	struct stored_state state;

	stored_read(daemon->folder, &state);
	return state.trial != 0;
}

/* Its time is over: the boot loader counts, and people should be able to read why. */
static void give_up(struct daemon *daemon)
{
	char why[SYSTEM_TEXT_BYTES + 64];

	if (daemon->health.given_up)
		return;
	daemon->health.given_up = true;
	if (!daemon->slots.on_trial && !has_settings_on_trial(daemon))
		return;
	snprintf(why, sizeof why, "was not good within %u s: %s", daemon->trial_s, daemon->health.failing);
	if (daemon->slots.on_trial && slots_say_why(&daemon->slots, why) < 0)
		daemon_say("the boot loader can't be told why");
	daemon_restart(daemon, why);
}

uint64_t health_turn(struct daemon *daemon, uint64_t now_ms)
{
	struct health *health = &daemon->health;

	if (health->is_good)
		return UINT64_MAX;
	if (!health->knows)
		fail(health, now_ms, "nothing was heard of the control program");
	else if (!health->facts.is_ready)
		fail(health, now_ms, "the gateway is not ready");
	else if (!health->probing && now_ms >= health->next_round_ms) {
		health->probing = true;
		health->next = 0;
	}
	if (health->probing && go_on(daemon, health, now_ms)) {
		become_good(daemon, now_ms);
		return UINT64_MAX;
	}
	if (now_ms >= daemon->give_up_ms)
		give_up(daemon);
	say_failing(health, now_ms);
	return health->child.pid ? health->child.deadline_ms : now_ms + ROUND_PAUSE_MS;
}
