/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/reconcile.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netns/endpoint.h"
#include "netns/fixture.h"
#include "netns/namespace.h"
#include "netns/record.h"
#include "netns/report.h"
#include "netns/sockets.h"
#include "netns/supervise.h"

/* How much longer than its own limit a draining posternd may take before it is ended by force. */
#define DOWN_GRACE_MS 3000

/* Runs inside an endpoint's namespace: the cookie by which its sockets are known. */
static int read_cookie(void *context)
{
	uint64_t *cookie = context;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	*cookie = sockets_namespace_cookie(fd);
	close(fd);
	return *cookie ? 0 : -EOPNOTSUPP;
}

static int adopt(struct posternd *posternd, const struct record *record)
{
	struct endpoint *endpoint = &posternd->endpoints[record->index];
	struct filter *filter;
	int namespace_fd, rc;

	if (!record->complete || endpoint->used)
		return -ENOENT;
	rc = fixture_adopt(&record->wanted, record->networks, &filter);
	if (rc < 0)
		return rc;
	/* The settings may have changed since it was made. */
	rc = filter_set_answers(filter, posternd->config.back_ends_from_endpoint);
	if (rc < 0) {
		filter_close(filter);
		return rc;
	}
	*endpoint = (struct endpoint){
		.used = true,
		.kind = VERB_ENDPOINT_NAMESPACE,
		.index = record->index,
		.wanted = record->wanted,
		.filter = filter,
		.events.fd = -1,
	};
	memcpy(endpoint->networks, record->networks, sizeof endpoint->networks);
	namespace_fd = fixture_open_namespace(record->wanted.id);
	rc = namespace_fd < 0 ? namespace_fd : namespace_run(namespace_fd, read_cookie, &endpoint->namespace_cookie);
	if (namespace_fd >= 0)
		close(namespace_fd);
	if (rc == 0)
		rc = endpoint_watch_events(posternd, endpoint);
	if (rc < 0)
		endpoint_close(posternd, endpoint);
	return rc;
}

static void take_over(void *context, const struct record *record)
{
	struct posternd *posternd = context;
	int rc = adopt(posternd, record);

	if (rc == 0) {
		report(REPORT_INFO, "endpoint %s taken over with its filter in force", record->wanted.id);
		return;
	}
	report(REPORT_WARNING, "endpoint %s is not whole (%s): removing what is left of it", record->wanted.id,
		strerror(-rc));
	rc = fixture_tear_down(&record->wanted, record->networks, posternd->namespace_fd);
	if (rc < 0)
		report(REPORT_ERROR, "parts of endpoint %s remain: %s", record->wanted.id, strerror(-rc));
	else
		record_remove(posternd->config.run_dir, record->wanted.id);
}

int reconcile_endpoints(struct posternd *posternd)
{
	return record_visit(posternd->config.run_dir, take_over, posternd);
}

/* Ask the process behind `name` to end, wait, and end it by force if it does not. */
static void end_process(const struct posternd *posternd, const char *name)
{
	pid_t pid;
	int pidfd = supervise_open_recorded(posternd->config.run_dir, name, &pid);
	struct pollfd wanted = { .fd = pidfd, .events = POLLIN };

	if (pidfd < 0)
		return;
	(void)pidfd_send_signal(pidfd, SIGTERM, NULL, 0);
	if (poll(&wanted, 1, (int)posternd->config.drain_ms + DOWN_GRACE_MS) == 0) {
		report(REPORT_WARNING, "%s (pid %d) does not end: killing it", name, pid);
		(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
		(void)poll(&wanted, 1, DOWN_GRACE_MS);
	}
	close(pidfd);
}

struct downing {
	struct posternd *posternd;
	unsigned int count;
	int first;
};

static void take_down(void *context, const struct record *record)
{
	struct downing *downing = context;
	int rc = fixture_tear_down(&record->wanted, record->networks, downing->posternd->namespace_fd);

	if (rc < 0) {
		report(REPORT_ERROR, "can't remove endpoint %s: %s", record->wanted.id, strerror(-rc));
		downing->first = downing->first ? downing->first : rc;
		return;
	}
	record_remove(downing->posternd->config.run_dir, record->wanted.id);
	downing->count++;
}

int reconcile_down(struct posternd *posternd, unsigned int *ret_count)
{
	struct downing downing = { .posternd = posternd };
	int rc;

	end_process(posternd, "posternd");
	/* Whom a posternd that was killed left behind. */
	end_process(posternd, "gateway");
	end_process(posternd, "control");
	rc = record_visit(posternd->config.run_dir, take_down, &downing);
	*ret_count = downing.count;
	return rc < 0 ? rc : downing.first;
}
