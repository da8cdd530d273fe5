/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netns/config.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Longest that children may take to end: an operator who wants to wait longer than this wants to be told so. */
#define DRAIN_MAX_MS (60u * 60 * 1000)

/* Is `text` NUL-terminated and NUL-padded within its field? */
static bool is_text(const char *text, size_t field_bytes)
{
	size_t count = strnlen(text, field_bytes);

	if (count == field_bytes)
		return false;
	for (size_t i = count; i < field_bytes; i++)
		if (text[i])
			return false;
	return true;
}

static bool is_path(const char *path, size_t field_bytes)
{
	return is_text(path, field_bytes) && path[0] == '/';
}

static bool zeros(const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i])
			return false;
	return true;
}

static bool is_address(const struct netns_address *address, bool may_be_none, bool with_port)
{
	if (address->family == 0)
		return may_be_none && address->port == 0 && zeros(address->bytes, 16);
	if (address->family != AF_INET && address->family != AF_INET6)
		return false;
	if (address->family == AF_INET && !zeros(address->bytes + 4, 12))
		return false;
	return with_port ? address->port != 0 : address->port == 0;
}

static bool is_prefix(const struct netns_prefix *prefix)
{
	unsigned int bits = prefix->prefix_bits, most = prefix->family == AF_INET ? 32 : 128;

	if (prefix->spare)
		return false;
	if (prefix->family == 0)
		return bits == 0 && zeros(prefix->bytes, 16);
	if ((prefix->family != AF_INET && prefix->family != AF_INET6) || bits > most)
		return false;
	for (unsigned int i = 0; i < 16; i++) {
		unsigned int kept = bits > 8 * i ? bits - 8 * i : 0;

		if (kept < 8 && (prefix->bytes[i] & (0xff >> kept)))
			return false;
	}
	return true;
}

/* An interface name as the kernel takes it: no slash, no space, not "." or "..". */
static bool is_interface(const char *name)
{
	if (!is_text(name, NETNS_INTERFACE_BYTES) || !name[0] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || *name <= ' ' || *name > '~')
			return false;
	return true;
}

static const char *wrong_network_field(const struct netns_network *network)
{
	if (!is_text(network->vpc_id, sizeof network->vpc_id) || !network->vpc_id[0])
		return "networks.vpc_id";
	if (!is_text(network->subnet_id, sizeof network->subnet_id) || !network->subnet_id[0])
		return "networks.subnet_id";
	if (!is_text(network->zone, sizeof network->zone))
		return "networks.zone";
	if (!is_interface(network->interface))
		return "networks.interface";
	if (network->attachment < NETNS_ATTACH_BRIDGE || network->attachment > NETNS_ATTACH_IPVLAN)
		return "networks.attachment";
	if (network->mtu_bytes && (network->mtu_bytes < 576 || network->mtu_bytes > 65535))
		return "networks.mtu_bytes";
	if (!is_prefix(&network->v4) || network->v4.family == AF_INET6 || !is_prefix(&network->v6) ||
		network->v6.family == AF_INET || (network->v4.family == 0 && network->v6.family == 0))
		return "networks.prefix";
	if (!is_address(&network->v4_pool_first, true, false) || !is_address(&network->v4_pool_last, true, false) ||
		!is_address(&network->v6_pool_first, true, false) || !is_address(&network->v6_pool_last, true, false))
		return "networks.pool";
	if (!is_address(&network->v4_gateway, true, false) || !is_address(&network->v6_gateway, true, false))
		return "networks.gateway";
	return NULL;
}

static const char *wrong_path_field(const struct netns_config *config)
{
	if (config->binaries_dir[0] && !is_path(config->binaries_dir, sizeof config->binaries_dir))
		return "binaries_dir";
	if (!is_path(config->state_dir, sizeof config->state_dir))
		return "state_dir";
	if (!is_path(config->run_dir, sizeof config->run_dir) || strlen(config->run_dir) >= NETNS_RUN_DIR_MAX_BYTES)
		return "run_dir";
	if (!is_path(config->log_dir, sizeof config->log_dir))
		return "log_dir";
	if (config->access_log[0] && !is_path(config->access_log, sizeof config->access_log))
		return "access_log";
	if (config->audit_log[0] && !is_path(config->audit_log, sizeof config->audit_log))
		return "audit_log";
	return NULL;
}

static const char *wrong_field(const struct netns_config *config)
{
	const char *wrong = wrong_path_field(config);

	if (wrong)
		return wrong;
	if (config->local > 1)
		return "local";
	/* Children that would run as root are no children of ours. */
	if (!config->local && (config->gateway_uid == 0 || config->control_uid == 0 || config->group_gid == 0))
		return "uid";
	if (config->worker_count < 1 || config->worker_count > NETNS_WORKERS_MAX)
		return "worker_count";
	if (config->drain_ms > DRAIN_MAX_MS)
		return "drain_ms";
	if (config->listen_backlog > 1u << 20)
		return "listen_backlog";
	if (config->management_count < 1 || config->management_count > NETNS_MANAGEMENT_MAX)
		return "management_count";
	for (uint32_t i = 0; i < config->management_count; i++)
		if (!is_address(&config->management[i], false, true))
			return "management";
	if (!is_address(&config->traffic, !config->local, true))
		return "traffic";
	if (config->log_level > 3)
		return "log_level";
	if (config->traffic_is_plain > 1)
		return "traffic_is_plain";
	if (config->traffic_dns.family && !is_address(&config->traffic_dns, true, true))
		return "traffic_dns";
	if (config->client_record_kb > NETNS_RECORD_MAX_KB)
		return "client_record_kb";
	if (config->request_record_kb > NETNS_RECORD_MAX_KB)
		return "request_record_kb";
	if (config->line_record_kb > NETNS_RECORD_MAX_KB)
		return "line_record_kb";
	if (config->back_ends_from_endpoint > 1)
		return "back_ends_from_endpoint";
	if (config->network_count > NETNS_NETWORKS_MAX)
		return "network_count";
	for (uint32_t i = 0; i < config->network_count && !wrong; i++)
		wrong = wrong_network_field(&config->networks[i]);
	return wrong;
}

int netns_config_check(const struct netns_config *config, const char **ret_field)
{
	const char *wrong;

	if (config->magic != NETNS_CONFIG_MAGIC || config->version != NETNS_CONFIG_VERSION ||
		config->size_bytes != sizeof *config) {
		*ret_field = "version";
		return -EPROTO;
	}
	wrong = wrong_field(config);
	if (!wrong)
		return 0;
	*ret_field = wrong;
	return -EINVAL;
}

int netns_config_read(struct netns_config *ret, int fd)
{
	const char *field;
	size_t count = 0;
	char *to = (char *)ret, extra;

	while (count < sizeof *ret) {
		ssize_t part = read(fd, to + count, sizeof *ret - count);

		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0)
			return -errno;
		if (part == 0)
			return -EMSGSIZE;
		count += (size_t)part;
	}
	if (read(fd, &extra, 1) != 0)
		return -EMSGSIZE;
	return netns_config_check(ret, &field);
}
