/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/cut.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "netns/namespace.h"

/* Connections ended in one round: 3.4 MB. */
#define ROUND_MAX 65536
/* With this many rounds, a million connections. */
#define ROUNDS_MAX 16
/* Requests in one packet to the kernel: their refusals, an skb each, must fit into the socket's receive buffer. */
#define BATCH_MAX 64
/* Verdicts remembered: clients are few and have many connections, mostly. A power of two. */
#define VERDICTS_COUNT 1024

/* Every state in which something can still be sent or received. */
#define STATES                                                                                                         \
	(1u << TCP_ESTABLISHED | 1u << TCP_SYN_RECV | 1u << TCP_FIN_WAIT1 | 1u << TCP_FIN_WAIT2 |                      \
		1u << TCP_CLOSE_WAIT | 1u << TCP_LAST_ACK | 1u << TCP_CLOSING)

struct connection_id {
	uint8_t family;
	struct inet_diag_sockid id;
};

struct verdict {
	uint8_t address[16];
	bool is_known, denied;
};

struct cut_work {
	const struct filter *filter;
	uint16_t port;
	struct connection_id *denied; /* of this round */
	size_t denied_count;
	bool has_more; /* than fit into a round */
	struct verdict verdicts[VERDICTS_COUNT];
	uint32_t cut_count;
	int rc; /* of the round: what went wrong in a callback, or with a request */
};

/* libnl's codes are its own. Not found: nobody answers for TCP, as without CONFIG_INET_DIAG. */
static int to_errno(int nl_code)
{
	switch (nl_code < 0 ? -nl_code : 0) {
	case NLE_SUCCESS:
		return 0;
	case NLE_OBJ_NOTFOUND:
	case NLE_OPNOTSUPP:
	case NLE_PROTO_MISMATCH:
		return -EOPNOTSUPP;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_NOMEM:
		return -ENOMEM;
	}
	return -EIO;
}

/* --- Which are denied ----------------------------------------------------------------------------------------------- */

/* As the kernel judges a packet of the source to the HTTPS port; a negative errno if it can't be told. */
static int ask_filter(const struct filter *filter, const uint8_t address[16])
{
	struct filter_value value;
	int rc = filter_lookup(filter, address, &value);

	if (rc < 0)
		return rc == -ENOENT ? true : rc;
	return !(value.services & FILTER_SERVICE_HTTPS) || value.verdict != FILTER_VERDICT_PASS;
}

static int is_denied(struct cut_work *work, const uint8_t address[16])
{
	uint32_t sum = 0x811c9dc5u;
	struct verdict *verdict;
	int denied;

	for (size_t i = 0; i < 16; i++)
		sum = (sum ^ address[i]) * 0x01000193u;
	verdict = &work->verdicts[(sum ^ sum >> 16) % VERDICTS_COUNT];
	if (verdict->is_known && memcmp(verdict->address, address, sizeof verdict->address) == 0)
		return verdict->denied;
	denied = ask_filter(work->filter, address);
	if (denied >= 0) {
		memcpy(verdict->address, address, sizeof verdict->address);
		verdict->is_known = true;
		verdict->denied = denied;
	}
	return denied;
}

/* The peer as the filter's table names it. */
static void peer_of(uint8_t ret[16], const struct inet_diag_msg *socket)
{
	memset(ret, 0, 16);
	if (socket->idiag_family == AF_INET6) {
		memcpy(ret, socket->id.idiag_dst, 16);
		return;
	}
	ret[10] = ret[11] = 0xff;
	memcpy(ret + 12, socket->id.idiag_dst, 4);
}

/* One socket of the listing. */
static int on_socket(struct nl_msg *message, void *context)
{
	struct cut_work *work = context;
	const struct nlmsghdr *header = nlmsg_hdr(message);
	struct inet_diag_msg socket;
	uint8_t peer[16];
	int denied;

	if (header->nlmsg_len < NLMSG_LENGTH(sizeof socket))
		return NL_SKIP;
	memcpy(&socket, nlmsg_data(header), sizeof socket);
	if (ntohs(socket.id.idiag_sport) != work->port)
		return NL_SKIP;
	peer_of(peer, &socket);
	denied = is_denied(work, peer);
	if (denied < 0) {
		work->rc = denied;
		return NL_SKIP;
	}
	if (!denied)
		return NL_OK;
	if (work->denied_count == ROUND_MAX) {
		work->has_more = true;
		return NL_OK;
	}
	work->denied[work->denied_count++] = (struct connection_id){ socket.idiag_family, socket.id };
	return NL_OK;
}

static int list_sockets(struct nl_sock *netlink, uint8_t family, uint16_t port)
{
	struct inet_diag_req_v2 request = { .sdiag_family = family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = STATES,
		.id.idiag_sport = htons(port) };
	int rc = nl_send_simple(netlink, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request, sizeof request);

	if (rc >= 0)
		rc = nl_recvmsgs_default(netlink);
	return to_errno(rc);
}

/* --- Ending them ---------------------------------------------------------------------------------------------------- */

struct destroy_request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
};

_Static_assert(sizeof(struct destroy_request) % NLMSG_ALIGNTO == 0, "requests follow one another");

/* Read the refusals that wait; a request that succeeds is not answered. Returns how many were not cut. */
static size_t read_refusals(struct cut_work *work, struct nl_sock *netlink)
{
	struct sockaddr_nl from;
	unsigned char *bytes;
	size_t refused = 0;
	int count;

	while ((count = nl_recv(netlink, &from, &bytes, NULL)) > 0) {
		struct nlmsghdr *header = (struct nlmsghdr *)(void *)bytes;

		for (; nlmsg_ok(header, count); header = nlmsg_next(header, &count)) {
			struct nlmsgerr refusal;

			if (header->nlmsg_type != NLMSG_ERROR || header->nlmsg_len < NLMSG_LENGTH(sizeof refusal))
				continue;
			memcpy(&refusal, nlmsg_data(header), sizeof refusal);
			refused += refusal.error != 0;
			/* Not found: it has ended by itself since it was listed. */
			if (refusal.error != 0 && refusal.error != -ENOENT)
				work->rc = refusal.error;
		}
		free(bytes);
	}
	return refused;
}

/* The kernel acts on a packet before sendto() returns: what it has to say waits then. */
static int destroy_batch(struct cut_work *work, struct nl_sock *netlink, const struct connection_id *ids, size_t count)
{
	struct destroy_request requests[BATCH_MAX];

	memset(requests, 0, sizeof requests);
	for (size_t i = 0; i < count; i++) {
		requests[i].header = (struct nlmsghdr){
			.nlmsg_len = sizeof requests[i], .nlmsg_type = SOCK_DESTROY, .nlmsg_flags = NLM_F_REQUEST
		};
		requests[i].body = (struct inet_diag_req_v2){
			.sdiag_family = ids[i].family, .sdiag_protocol = IPPROTO_TCP, .id = ids[i].id
		};
	}
	if (nl_sendto(netlink, requests, count * sizeof *requests) < 0)
		return -EIO;
	work->cut_count += (uint32_t)(count - read_refusals(work, netlink));
	return 0;
}

static int destroy_denied(struct cut_work *work, struct nl_sock *netlink)
{
	int rc = 0;

	for (size_t at = 0; at < work->denied_count && rc == 0; at += BATCH_MAX) {
		size_t left = work->denied_count - at;

		rc = destroy_batch(work, netlink, work->denied + at, left < BATCH_MAX ? left : BATCH_MAX);
	}
	return rc;
}

/* --- Both ----------------------------------------------------------------------------------------------------------- */

/* A netlink socket of this thread's namespace, which the caller frees, also after a failure. */
static int open_diag(struct nl_sock **ret)
{
	*ret = nl_socket_alloc();
	return *ret ? to_errno(nl_connect(*ret, NETLINK_SOCK_DIAG)) : -ENOMEM;
}

static int run_round(struct cut_work *work, struct nl_sock *listing, struct nl_sock *ending)
{
	int rc;

	work->denied_count = 0;
	work->has_more = false;
	work->rc = 0;
	rc = list_sockets(listing, AF_INET6, work->port);
	if (rc == 0)
		rc = list_sockets(listing, AF_INET, work->port);
	/* Sockets are ended after the listing: taking them out of the kernel's table while it is walked would hide others. */
	if (rc == 0)
		rc = destroy_denied(work, ending);
	return rc < 0 ? rc : work->rc;
}

/* Runs inside the endpoint's namespace. */
static int cut_all(void *context)
{
	struct cut_work *work = context;
	struct nl_sock *listing = NULL, *ending = NULL;
	int rc = open_diag(&listing);

	if (rc == 0)
		rc = open_diag(&ending);
	if (rc == 0)
		rc = to_errno(nl_socket_modify_cb(listing, NL_CB_VALID, NL_CB_CUSTOM, on_socket, work));
	if (rc == 0)
		rc = to_errno(nl_socket_set_nonblocking(ending));
	work->has_more = true;
	for (int round = 0; round < ROUNDS_MAX && work->has_more && rc == 0; round++)
		rc = run_round(work, listing, ending);
	if (rc == 0 && work->has_more)
		rc = -E2BIG;
	nl_socket_free(listing);
	nl_socket_free(ending);
	return rc;
}

int cut_denied(int namespace_fd, const struct filter *filter, uint16_t port, uint32_t *ret_count)
{
	struct cut_work *work = calloc(1, sizeof *work);
	int rc = -ENOMEM;

	*ret_count = 0;
	if (work)
		work->denied = malloc(ROUND_MAX * sizeof *work->denied);
	if (work && work->denied) {
		work->filter = filter;
		work->port = port;
		rc = namespace_run(namespace_fd, cut_all, work);
		*ret_count = work->cut_count;
	}
	if (work)
		free(work->denied);
	free(work);
	return rc;
}
