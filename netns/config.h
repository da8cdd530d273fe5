/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * config: what posternd knows of the settings: one record of fixed size, and no text that it would have to parse.
 *
 * The settings file is judged and turned into this record by an unprivileged child, `postern-settings --records`, which
 * reads the YAML on its standard input and writes exactly one `struct netns_config` to its standard output. posternd reads
 * it (netns_config_read), checks every field again (netns_config_check) and trusts nothing else. The same is done on
 * SIGHUP.
 *
 * Texts are NUL-terminated and NUL-padded to the end of their field. Numbers are in host order: writer and reader are
 * programs of one build on one machine. Unused table rows and spare bytes are 0.
 * Not here: the settings' names, defaults and ranges (appliance/launch/settings.def).
 */
#ifndef POSTERN_NETNS_CONFIG_H
#define POSTERN_NETNS_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#define NETNS_CONFIG_MAGIC 0x504f5354u /* "POST" */
#define NETNS_CONFIG_VERSION 4

/* Longest path, NUL included: a Unix socket's path must fit into sun_path (108) with "/posternd.sock" behind it. */
#define NETNS_PATH_BYTES 256
#define NETNS_RUN_DIR_MAX_BYTES 90
/* Worker threads of the gateway. Three sockets a worker travel in one message, which may carry 253 descriptors. */
#define NETNS_WORKERS_MAX 64
#define NETNS_NETWORKS_MAX 64
#define NETNS_MANAGEMENT_MAX 4
/* Largest record of clients or requests: 1 GiB. */
#define NETNS_RECORD_MAX_KB 1048576
/* AWS ids: a short prefix and 8 or 17 hex digits. */
#define NETNS_ID_BYTES 32
#define NETNS_ZONE_BYTES 32
/* IFNAMSIZ of the kernel. */
#define NETNS_INTERFACE_BYTES 16

/* How an endpoint's interface in a subnet comes about. */
enum netns_attachment {
	NETNS_ATTACH_BRIDGE = 1,  /* a veth pair, its outer end enslaved to bridge `interface` */
	NETNS_ATTACH_MACVLAN = 2, /* a macvlan (bridge mode) on NIC `interface` */
	NETNS_ATTACH_NIC = 3, /* NIC `interface` itself is moved into the endpoint's namespace, for one endpoint only */
	NETNS_ATTACH_IPVLAN = 4, /* an ipvlan (L2, bridge mode) on NIC `interface`, whose MAC address it shares */
};

/* An address; family 0 means none. */
struct netns_address {
	uint16_t family;   /* AF_INET, AF_INET6 or 0 */
	uint16_t port;     /* 0 where no port is meant */
	uint8_t bytes[16]; /* network order; an IPv4 address in the first 4, the rest 0 */
};

/* A prefix; family 0 means none. Bits of `bytes` past the prefix are 0. */
struct netns_prefix {
	uint16_t family;
	uint8_t prefix_bits; /* 0–32 or 0–128 */
	uint8_t spare;
	uint8_t bytes[16];
};

/* One subnet that endpoints can be attached to. */
struct netns_network {
	char vpc_id[NETNS_ID_BYTES];
	char subnet_id[NETNS_ID_BYTES];
	char zone[NETNS_ZONE_BYTES];
	char interface[NETNS_INTERFACE_BYTES];
	uint32_t attachment;        /* enum netns_attachment */
	uint32_t mtu_bytes;         /* 0: that of bridge or NIC */
	struct netns_prefix v4, v6; /* of the subnet; at least one */
	struct netns_address v4_pool_first,
		v4_pool_last; /* addresses that endpoints may have; none: the whole prefix */
	struct netns_address v6_pool_first, v6_pool_last;
	struct netns_address v4_gateway, v6_gateway; /* default routes of the endpoint; may be none */
};

struct netns_config {
	uint32_t magic;      /* NETNS_CONFIG_MAGIC */
	uint32_t version;    /* NETNS_CONFIG_VERSION */
	uint32_t size_bytes; /* sizeof(struct netns_config) of the writer */
	uint32_t local;      /* 1: local mode, without root, namespaces and filter */

	uint32_t gateway_uid, control_uid, group_gid; /* not used in local mode, where children run as the caller */
	uint32_t worker_count;                        /* 1–NETNS_WORKERS_MAX */
	uint32_t drain_ms;                            /* how long children may take to end after DRAIN */
	uint32_t resets_per_second;                   /* per endpoint; 0: the filter's default */
	uint32_t events_per_second;                   /* likewise */
	uint32_t listen_backlog;                      /* 0: 4096 */

	uint32_t log_level; /* 0 errors, 1 warnings, 2 information, 3 debug: the least that posternd reports */
	uint32_t
		traffic_is_plain; /* local mode only: 1 if the gateway serves `traffic` without TLS; for the URL that is shown */
	uint32_t management_count; /* 1–NETNS_MANAGEMENT_MAX */
	uint32_t network_count;    /* 0–NETNS_NETWORKS_MAX */
	uint32_t
		client_record_kb; /* KiB of clients.record in state_dir, for all workers; 0–NETNS_RECORD_MAX_KB, 0: none */
	uint32_t request_record_kb; /* likewise of requests.record */
	uint32_t line_record_kb;    /* likewise of lines.record */
	uint32_t
		back_ends_from_endpoint; /* 1: the gateway may have sockets of endpoints' namespaces to call back ends */
	struct netns_address management[NETNS_MANAGEMENT_MAX];
	struct netns_address traffic;     /* local mode only: the one built-in endpoint */
	struct netns_address traffic_dns; /* local mode only: its DNS address, or none */

	char binaries_dir
		[NETNS_PATH_BYTES]; /* where postern-gateway and postern-control are; empty: posternd's own folder */
	char state_dir[NETNS_PATH_BYTES];
	char run_dir[NETNS_PATH_BYTES]; /* at most NETNS_RUN_DIR_MAX_BYTES with its NUL */
	char log_dir[NETNS_PATH_BYTES];
	char access_log[NETNS_PATH_BYTES]; /* file within log_dir by its full path; empty: no access log */
	char audit_log[NETNS_PATH_BYTES];  /* likewise for the management calls */

	struct netns_network networks[NETNS_NETWORKS_MAX];
};

/*
 * Read one record from `fd` until its end. Returns 0 with `*ret` filled and checked; -EMSGSIZE if less or more than one
 * record came, else as netns_config_check() or the negative errno of read(). On failure `*ret` is undefined.
 */
int netns_config_read(struct netns_config *ret, int fd) __attribute__((warn_unused_result));

/*
 * Judge a record of which nothing is known but its size. Returns 0; -EPROTO for another magic, version or size; -EINVAL
 * for a field out of its range, with the field's name in `*ret_field` (static text).
 */
int netns_config_check(const struct netns_config *config, const char **ret_field) __attribute__((warn_unused_result));

#endif
