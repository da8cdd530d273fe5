/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * network_plan: what the appliance's network is to be: one record of fixed size, which an unprivileged child makes of a
 * network-config and root puts in force.
 *
 * Interfaces are those of the machine by their kernel index, chosen by the child; numbers are in host order, addresses in
 * network order; texts end in NUL and are padded with NULs; unused rows are 0. The reader is of the same build.
 * Not here: reading a network-config (network_config.h), putting a plan in force (network_apply.h).
 */
#ifndef POSTERN_CONFIGURE_NETWORK_PLAN_H
#define POSTERN_CONFIGURE_NETWORK_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETWORK_PLAN_MAGIC 0x4e504c4eu /* "NPLN" */
/* Clouds attach up to 15 NICs to large machines; an appliance needs two or three. */
#define NETWORK_NICS_MAX 16
#define NETWORK_INTERFACES_MAX 8
#define NETWORK_ADDRESSES_MAX 16 /* of an interface */
#define NETWORK_ROUTES_MAX 32    /* of an interface */
/* glibc uses three name servers and six names to search in, c-ares more; an interface's, a lease's. */
#define NETWORK_NAME_SERVERS_MAX 6
#define NETWORK_SEARCH_MAX 6
#define NETWORK_NAME_BYTES 16    /* IFNAMSIZ, NUL included */
#define NETWORK_DOMAIN_BYTES 256 /* RFC 1035, 2.3.4: 255 on the wire, less as text; NUL included */
/* Of routes that DHCP and routers name, at least: above the 1024 that the kernel gives to IPv6 routes without one, so that what people wrote wins. */
#define NETWORK_LEARNED_METRIC 2000
#define NETWORK_MTU_MIN 68
#define NETWORK_MTU_MAX 65535

/* A NIC of the machine: what a network-config can choose it by. */
struct network_nic {
	uint32_t index;
	char name[NETWORK_NAME_BYTES];
	uint8_t mac[6];
	char driver[32]; /* empty: not known */
};

struct network_nics {
	size_t count;
	struct network_nic at[NETWORK_NICS_MAX]; /* by index, which is the order in which the kernel found them */
};

struct network_address {
	uint8_t family; /* AF_INET, AF_INET6; 0: none */
	uint8_t prefix_bits;
	uint8_t bytes[16];
};

struct network_route {
	struct network_address to; /* family is never 0; prefix_bits 0: the default route */
	uint8_t via[16];
	uint8_t has_via;
	uint8_t on_link; /* `via` is a neighbour though no address says so */
	uint32_t metric; /* 0: the kernel's own */
};

/* What to do with router advertisements, where DHCP does not decide it: as netplan's accept-ra. */
enum network_advertisements {
	NETWORK_RA_KERNEL, /* not said: the kernel takes addresses and routes from them */
	NETWORK_RA_NO,
	NETWORK_RA_YES, /* dhcpcd takes name servers from them, too */
};

/* What the interface is for. */
enum network_use {
	NETWORK_USE_OWN,     /* the appliance's own traffic */
	NETWORK_USE_CARRIER, /* only endpoints', on links of their own: it is up, without any address */
	NETWORK_USE_MOVED,   /* an endpoint's, whole: it gets its name and MTU, and stays down */
};

struct network_names {
	uint32_t server_count, search_count;
	struct network_address
		servers[NETWORK_NAME_SERVERS_MAX]; /* link-local ones get the interface as scope; prefix_bits 0 */
	char search[NETWORK_SEARCH_MAX][NETWORK_DOMAIN_BYTES];
};

struct network_interface {
	uint32_t index;                    /* of the NIC */
	char new_name[NETWORK_NAME_BYTES]; /* empty: it keeps its own */
	uint32_t mtu;                      /* 0: the driver's */
	uint8_t dhcp4, dhcp6;
	uint8_t advertisements; /* enum network_advertisements */
	uint8_t optional;       /* nothing waits for it */
	uint8_t use;            /* enum network_use; others than OWN have no addresses, routes, DHCP */
	uint32_t address_count, route_count;
	struct network_address addresses[NETWORK_ADDRESSES_MAX];
	struct network_route routes[NETWORK_ROUTES_MAX];
	struct network_names names;
};

struct network_plan {
	uint32_t magic, interface_count;
	struct network_interface interfaces[NETWORK_INTERFACES_MAX];
};

/* Is dhcpcd needed there? */
bool network_plan_wants_dhcpcd(const struct network_interface *interface);

/*
 * Judge a plan of which nothing is known but its size: every count, index (one of `nics`, each once), text and number. 0, -EPROTO (magic), or
 * -EINVAL.
 */
int network_plan_check(const struct network_plan *plan, const struct network_nics *nics)
	__attribute__((warn_unused_result));

/* The name that interface `index` has in `nics`, or NULL. */
const char *network_nic_name(const struct network_nics *nics, uint32_t index);
/* Remove from `plan` the interfaces that `other` has. */
void network_plan_leave_out(struct network_plan *plan, const struct network_plan *other);

/* May this be a network interface's name, as the kernel sees it and configuration files can hold it? */
bool network_name_is_sound(const char *name);
/* May this be a domain name: letters, digits, `-`, `_` and dots? NUL-terminated within NETWORK_DOMAIN_BYTES. */
bool network_domain_is_sound(const char *name);

/* The address as text; `ret` holds INET6_ADDRSTRLEN. */
void network_address_text(const struct network_address *address, char *ret);
/* The whole of `text` as an address without prefix: 0 or -EINVAL. */
int network_address_parse(const char *text, struct network_address *ret) __attribute__((warn_unused_result));

#endif
