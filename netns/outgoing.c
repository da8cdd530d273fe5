/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/outgoing.h"

#include <errno.h>
#include <unistd.h>

#include "netns/endpoint.h"
#include "netns/fds.h"
#include "netns/fixture.h"
#include "netns/namespace.h"
#include "netns/report.h"
#include "netns/sockets.h"

struct making {
	const struct verb_outgoing_sockets *wanted;
	int *fds;
};

/* Runs inside the endpoint's namespace. Some are as good as all: the gateway asks again. */
static int make_inside(void *context)
{
	const struct making *making = context;
	int count = 0;

	while (count < (int)making->wanted->count) {
		int fd = sockets_open_unbound(making->wanted->family, making->wanted->type);

		if (fd < 0)
			return count > 0 ? count : fd;
		making->fds[count++] = fd;
	}
	return count;
}

/* May so many more be made within this second? */
static bool take_room(struct posternd *posternd, uint32_t count)
{
	struct outgoing_window *window = &posternd->outgoing;
	uint64_t second = watch_now_ns() / 1000000000u;

	if (window->second != second) {
		/* A burst that goes on is said once. */
		if (window->count + count <= OUTGOING_PER_SECOND_MAX)
			window->said = false;
		window->second = second;
		window->count = 0;
	}
	if (window->count + count <= OUTGOING_PER_SECOND_MAX) {
		window->count += count;
		return true;
	}
	if (!window->said)
		report(REPORT_WARNING, "the gateway asks for more than %d sockets a second for calls of back ends",
			OUTGOING_PER_SECOND_MAX);
	window->said = true;
	return false;
}

int outgoing_make(struct posternd *posternd, const struct verb_outgoing_sockets *wanted, int fds[VERB_OUTGOING_MAX])
{
	const struct endpoint *endpoint = endpoint_find(posternd, wanted->id);
	struct making making = { .wanted = wanted, .fds = fds };
	int namespace_fd, count;

	if (posternd->config.local)
		return -EOPNOTSUPP;
	if (!posternd->config.back_ends_from_endpoint)
		return -EPERM;
	if (!endpoint || endpoint->kind != VERB_ENDPOINT_NAMESPACE)
		return -ENOENT;
	if (!take_room(posternd, wanted->count))
		return -EBUSY;
	namespace_fd = fixture_open_namespace(wanted->id);
	if (namespace_fd < 0)
		return namespace_fd;
	count = namespace_run(namespace_fd, make_inside, &making);
	close(namespace_fd);
	return count;
}
