/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/posternd.h"

#include <errno.h>

#include "appliance/base/clock.h"
#include "appliance/base/log.h"
#include "appliance/control/state.h"

void posternd_forget(struct control *control)
{
	client_close(control->client);
	control->client = NULL;
	control->client_retry_ms = 0;
}

static int connect_now(struct control *control)
{
	const struct verb_hello hello = { .channel = VERB_CHANNEL_CALLS };
	struct verb_message *reply;
	int error;

	if (!control->settings.posternd_socket)
		return -ENOTCONN;
	if (clock_monotonic_ms() < control->client_retry_ms)
		return -EAGAIN;
	error = client_open(&control->client, control->settings.posternd_socket);
	if (error == 0)
		error = client_ask(control->client, VERB_HELLO, &hello, NULL, 0, POSTERND_TIMEOUT_MS, &reply);
	if (error < 0) {
		log_warning("posternd can't be reached", LOG_ERRNO(error));
		posternd_forget(control);
		control->client_retry_ms = clock_monotonic_ms() + CLIENT_RETRY_MS;
		return -EAGAIN;
	}
	return 0;
}

/* An order that is given up too early is given again, for ever. */
static unsigned timeout_ms(enum verb verb, const void *body)
{
	const struct verb_filter_load *load = body;

	if (verb == VERB_ENDPOINT_CREATE)
		return POSTERND_CREATE_TIMEOUT_MS;
	return POSTERND_TIMEOUT_MS + (verb == VERB_FILTER_LOAD ? load->prefix_count / POSTERND_PREFIXES_PER_MS : 0);
}

int posternd_call(struct control *control, enum verb verb, const void *body, const int *fds, size_t fd_count,
	struct verb_message **ret)
{
	struct verb_message *reply = NULL;
	int error = control->client ? 0 : connect_now(control);

	if (error < 0)
		return error;
	error = client_ask(control->client, verb, body, fds, fd_count, timeout_ms(verb, body), &reply);
	if (error == -EPIPE || error == -ETIMEDOUT || error == -EPROTO) {
		log_warning("posternd does not answer", LOG_UINT("verb", verb), LOG_ERRNO(error));
		posternd_forget(control);
		/* It may still carry the order out: then there is what the store knows nothing of. */
		control->filters_stale = true;
		return -EAGAIN;
	}
	if (ret)
		*ret = reply;
	return error;
}
