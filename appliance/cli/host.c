/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/host.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/launch/address.h"
#include "appliance/tls/client.h"

/* Interface index of lo, which every network namespace has. */
#define LOOPBACK_INDEX 1

bool host_kernel(unsigned *ret_major, unsigned *ret_minor)
{
	struct utsname facts;

	return uname(&facts) == 0 && sscanf(facts.release, "%u.%u", ret_major, ret_minor) == 2;
}

/* --- In a namespace of a child's own ------------------------------------------------------------------------------- */

/* Run `probe` in a child with a network namespace of its own; its result, or why there is no such child. */
static int result_of(pid_t child);

static int in_namespace(int (*probe)(void))
{
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (child == 0) {
		int error = unshare(CLONE_NEWNET) < 0 ? -errno : probe();

		_exit(error < 0 && error > -255 ? -error : error ? 255 : 0);
	}
	return result_of(child);
}

/* Of a child that exits with the errno of its failure. */
static int result_of(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

int host_try_authorities(const char *path, uid_t user, gid_t group)
{
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (child == 0) {
		if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(group, group, group) < 0 ||
					      setresuid(user, user, user) < 0))
			_exit(errno);
		_exit(-tls_client_check_authorities(path));
	}
	return result_of(child);
}

struct request {
	struct nlmsghdr header;
	char body[512];
};

/* Append an attribute; returns it, so that a nest can be closed. */
static struct rtattr *add(struct request *request, unsigned short type, const void *data, size_t count)
{
	struct rtattr *attribute = (struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(count);
	if (count)
		memcpy(RTA_DATA(attribute), data, count);
	request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + (unsigned)RTA_ALIGN(RTA_LENGTH(count));
	return attribute;
}

static void close_nest(struct request *request, struct rtattr *nest)
{
	nest->rta_len = (unsigned short)((char *)request + request->header.nlmsg_len - (char *)nest);
}

/* Send and wait for the acknowledgement: 0 or the kernel's negative errno. */
static int ask(struct request *request, int protocol, unsigned short type)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), error = -EPROTO;
	_Alignas(struct nlmsghdr) char answer[4096];
	struct nlmsghdr header;
	ssize_t count;

	if (fd < 0)
		return -errno;
	request->header.nlmsg_type = type;
	request->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
	if (send(fd, request, request->header.nlmsg_len, 0) < 0) {
		error = -errno;
	} else {
		count = recv(fd, answer, sizeof answer, 0);
		if (count >= (ssize_t)(sizeof header + sizeof error)) {
			memcpy(&header, answer, sizeof header);
			if (header.nlmsg_type == NLMSG_ERROR)
				memcpy(&error, answer + sizeof header, sizeof error);
		}
	}
	close(fd);
	return error;
}

static void begin_tc(struct request *request, uint32_t handle, uint32_t parent, uint32_t info)
{
	const struct tcmsg message = { .tcm_family = AF_UNSPEC,
		.tcm_ifindex = LOOPBACK_INDEX,
		.tcm_handle = handle,
		.tcm_parent = parent,
		.tcm_info = info };

	memset(request, 0, sizeof *request);
	request->header.nlmsg_len = NLMSG_LENGTH(sizeof message);
	memcpy(NLMSG_DATA(&request->header), &message, sizeof message);
}

static int nothing(void)
{
	return 0;
}

static int make_clsact(void)
{
	struct request request;

	begin_tc(&request, TC_H_MAKE(TC_H_CLSACT, 0), TC_H_CLSACT, 0);
	add(&request, TCA_KIND, "clsact", sizeof "clsact");
	return ask(&request, NETLINK_ROUTE, RTM_NEWQDISC);
}

/* A filter without a program is refused as invalid by a kernel that knows the kind, and as unknown by one that does not. */
static int make_bpf_filter(void)
{
	struct request request;
	int error = make_clsact();

	if (error)
		return error;
	begin_tc(&request, 1, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
		TC_H_MAKE(1u << 16, 0x0300 /* ETH_P_ALL, network order */));
	add(&request, TCA_KIND, "bpf", sizeof "bpf");
	close_nest(&request, add(&request, TCA_OPTIONS, NULL, 0));
	error = ask(&request, NETLINK_ROUTE, RTM_NEWTFILTER);
	return error == -EINVAL ? 0 : error;
}

static int make_link(const char *kind, uint32_t below)
{
	const struct ifinfomsg message = { .ifi_family = AF_UNSPEC };
	struct request request = { .header.nlmsg_len = NLMSG_LENGTH(sizeof message) };
	struct rtattr *nest;

	memcpy(NLMSG_DATA(&request.header), &message, sizeof message);
	if (below)
		add(&request, IFLA_LINK, &below, sizeof below);
	nest = add(&request, IFLA_LINKINFO, NULL, 0);
	add(&request, IFLA_INFO_KIND, kind, strlen(kind));
	close_nest(&request, nest);
	return ask(&request, NETLINK_ROUTE, RTM_NEWLINK);
}

static int make_veth(void)
{
	return make_link("veth", 0);
}

/* On lo, of which a macvlan can't be made: invalid where the kind is known, not supported where it is not. */
static int make_macvlan(void)
{
	int error = make_link("macvlan", LOOPBACK_INDEX);

	return error == -EINVAL ? 0 : error;
}

/* The same of an ipvlan; where lo can carry one, it goes with the namespace. */
static int make_ipvlan(void)
{
	int error = make_link("ipvlan", LOOPBACK_INDEX);

	return error == -EINVAL ? 0 : error;
}

/* A listening socket is one that is nobody's but ours here. */
static int destroy_socket(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t count = sizeof address;
	struct inet_diag_req_v2 message = { .sdiag_family = AF_INET,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = 1u << TCP_LISTEN,
		.id.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } };
	struct request request = { .header.nlmsg_len = NLMSG_LENGTH(sizeof message) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

	if (fd < 0 || listen(fd, 1) < 0 || getsockname(fd, (struct sockaddr *)&address, &count) < 0)
		return -errno;
	message.id.idiag_sport = address.sin_port;
	memcpy(NLMSG_DATA(&request.header), &message, sizeof message);
	error = ask(&request, NETLINK_SOCK_DIAG, SOCK_DESTROY);
	close(fd);
	/* Not found, although it is there: nobody answers for TCP. */
	return error == -ENOENT ? -EOPNOTSUPP : error;
}

int host_try_namespace(void)
{
	return in_namespace(nothing);
}

int host_try_clsact(void)
{
	return in_namespace(make_clsact);
}

int host_try_bpf_filter(void)
{
	return in_namespace(make_bpf_filter);
}

int host_try_veth(void)
{
	return in_namespace(make_veth);
}

int host_try_macvlan(void)
{
	return in_namespace(make_macvlan);
}

int host_try_ipvlan(void)
{
	return in_namespace(make_ipvlan);
}

int host_try_destroy(void)
{
	return in_namespace(destroy_socket);
}

/* --- The rest ------------------------------------------------------------------------------------------------------ */

int host_try_bpf(void)
{
	union bpf_attr attributes;
	long fd;

	memset(&attributes, 0, sizeof attributes);
	attributes.map_type = BPF_MAP_TYPE_LPM_TRIE;
	attributes.key_size = 20;
	attributes.value_size = 8;
	attributes.max_entries = 1;
	attributes.map_flags = BPF_F_NO_PREALLOC;
	fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes);
	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

int host_try_bind(const struct netns_address *address)
{
	struct sockaddr_storage socket_address;
	socklen_t count = address_to_socket(&socket_address, address);
	int fd = socket(address->family, SOCK_STREAM | SOCK_CLOEXEC, 0), error = 0, on = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&socket_address, count) < 0 || listen(fd, 1) < 0)
		error = -errno;
	close(fd);
	return error;
}

const char *host_name_server(char ret[HOST_NAME_SERVER_BYTES])
{
	FILE *file = fopen("/etc/resolv.conf", "re");
	char line[256];

	ret[0] = '\0';
	while (file && !ret[0] && fgets(line, sizeof line, file))
		if (sscanf(line, "nameserver %63s", ret) != 1)
			ret[0] = '\0';
	if (file)
		fclose(file);
	return ret;
}

unsigned long long host_capabilities(void)
{
	unsigned long long capabilities = 0;
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];

	while (status && fgets(line, sizeof line, status)) {
		if (strncmp(line, "CapEff:", 7) == 0)
			capabilities = strtoull(line + 7, NULL, 16);
	}
	if (status)
		fclose(status);
	return capabilities;
}
