/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * network_state: what is known of the network at the moment, between runs of `configure` and `lease`: the plan, what each lease
 * told, the time servers of the settings; and the two files that are made of it, the resolver's and chronyd's.
 *
 * All of it is in one folder (NETWORK_FOLDER; tests have their own), root's alone, as records of fixed size. Whoever changes a record
 * holds the lock, and makes the files anew.
 * Process: `configure` and `lease`, as root; single-threaded.
 */
#ifndef POSTERN_CONFIGURE_NETWORK_STATE_H
#define POSTERN_CONFIGURE_NETWORK_STATE_H

#include <stdbool.h>

#include "appliance/base/buffer.h"
#include "image/configure/network_config.h"
#include "image/configure/network_plan.h"

#define NETWORK_LEASE_MAGIC 0x4e4c5345u /* "NLSE" */
/* An interface has three at most: DHCPv4's, DHCPv6's and that of router advertisements. */
#define NETWORK_LEASES_MAX (3 * NETWORK_INTERFACES_MAX)

enum network_lease_kind { NETWORK_LEASE_DHCP4, NETWORK_LEASE_DHCP6, NETWORK_LEASE_RA, NETWORK_LEASE_KINDS_COUNT };

/* What a server told besides addresses and routes. */
struct network_lease {
	uint32_t magic;
	uint32_t index; /* of the interface; set by root */
	uint32_t kind;  /* enum network_lease_kind; set by root */
	uint32_t time_server_count;
	struct network_names names;
	struct network_address time_servers[NETWORK_TIME_SERVERS_MAX];
};

/* Everything, as it was read. */
struct network_state {
	const char *folder, *resolver_path; /* borrowed */
	int lock;                           /* its descriptor */
	bool has_plan, has_time;            /* has_time: the settings have been judged */
	struct network_plan plan;
	struct network_nics nics; /* with their names of now */
	struct network_time_servers time;
	uint32_t lease_count;
	struct network_lease leases[NETWORK_LEASES_MAX];
};

/*
 * Read what there is in `folder`, which must outlive the state; what is not sound is as good as not there. Takes the lock and waits for
 * it; close gives it back. 0 or a negative errno (the folder, the lock); then there is nothing to close.
 */
int network_state_open(struct network_state *ret, const char *folder, const char *resolver_path)
	__attribute__((warn_unused_result));
void network_state_close(struct network_state *state);

/* Keep one part. 0 or a negative errno. */
int network_state_put_plan(struct network_state *state, const struct network_plan *plan,
	const struct network_nics *nics) __attribute__((warn_unused_result));
int network_state_put_time(struct network_state *state, const struct network_time_servers *time)
	__attribute__((warn_unused_result));
/* `lease` NULL: it has ended. */
int network_state_put_lease(struct network_state *state, uint32_t index, enum network_lease_kind kind,
	const struct network_lease *lease) __attribute__((warn_unused_result));

/* Judge a lease as it comes from a confined child. 0 or -EINVAL. */
int network_lease_check(const struct network_lease *lease) __attribute__((warn_unused_result));

/* Does interface `index` have any? */
bool network_state_has_lease(const struct network_state *state, uint32_t index);

/* The two files as texts: for tests; `has_amazon`: on EC2; `clock`: of the hypervisor, such as /dev/ptp0, or NULL. */
void network_state_print_resolver(const struct network_state *state, struct buffer *ret);
/* Whether there is any source of time. */
bool network_state_print_time(
	const struct network_state *state, bool has_amazon, const char *clock, struct buffer *ret);

/*
 * Write the files that differ from what is there. chrony.conf only once the settings have been judged; a chronyd that ran with another is ended, for
 * init to start it anew. Says what fails. Whether there is a source of time.
 */
bool network_state_write_files(const struct network_state *state);

#endif
