/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * credentials: what calls of AWS services are signed with.
 *
 * A *role* is the ARN that an integration names as its `credentials`; the empty role is the gateway's own identity: the base
 * credentials. Where they come from, first that is there:
 *   a role    the settings' row for it (aws_roles), the settings' row for "*", STS AssumeRole signed with the base credentials
 *   the base  the settings' key (aws_access_key_id …), the instance metadata service (IMDSv2) if the settings name it
 * The caller's own identity (`arn:aws:iam::*:user/` and a star) is refused.
 *
 * What the settings say is there at once. What is fetched is fetched once for the whole gateway, by the *source*, whichever
 * worker asks first and however many wait; it is fetched again CREDENTIALS_REFRESH_S before it ends, while the old is still
 * used; a failure is remembered for CREDENTIALS_FAILURE_S, so that a role that can't be had costs one call in that time. Each
 * worker keeps what it was told: finding it takes no lock and no memory.
 *
 * Secrets are in memory only, never in a log, a file or a message's text, and are cleared when they are replaced.
 *
 * Threads: the source belongs to the thread of its loop, a credentials_worker to its worker's; they tell each other by
 * messages. Source: IAM User Guide, "Request temporary security credentials"; EC2 User Guide, "Retrieve security credentials from
 * instance metadata"; spec/rest-dataplane.md 5.2 (credentials).
 */
#ifndef POSTERN_INTEGRATE_CREDENTIALS_H
#define POSTERN_INTEGRATE_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/list.h"
#include "appliance/base/view.h"

struct aws_endpoints;
struct credentials_source;
struct credentials_worker;
struct loop;
struct outbound;

/* Rows of the settings' table of roles. */
#define CREDENTIALS_ROLES_MAX 64
/* Fetched roles that a gateway remembers; the one used longest ago gives way. An estate has tens of them. */
#define CREDENTIALS_ENTRIES_MAX 256
/* Longest ARN of a role (IAM: 2,048), access key, secret and session token (STS: no limit named; seen up to 1.5 KB). */
#define CREDENTIALS_ROLE_MAX_BYTES 2048
#define CREDENTIALS_KEY_MAX_BYTES 256
#define CREDENTIALS_TOKEN_MAX_BYTES 8192
/* New ones are fetched that long before the old ones end, or at half their life if that is shorter. */
#define CREDENTIALS_REFRESH_S 300
/* A failed fetch is not tried again for that long. */
#define CREDENTIALS_FAILURE_S 5

struct credentials {
	struct view access_key, secret;
	struct view token; /* X-Amz-Security-Token; empty: none */
};

struct credentials_role {
	struct view arn; /* "*": every role without a row of its own */
	struct credentials credentials;
};

/* From the settings; borrowed by source and workers, never changed. */
struct credentials_config {
	struct credentials base; /* `access_key` empty: none */
	const struct credentials_role *roles;
	size_t role_count;
	struct view instance_metadata;         /* "http://169.254.169.254"; empty: not asked */
	struct view region;                    /* of the appliance: where STS is called */
	const struct aws_endpoints *endpoints; /* where STS is */
};

/* One who waits; embedded, zeroed before its first use. */
struct credentials_waiter {
	/* Called once from the loop, never from within credentials_find(): look again. */
	void (*ready)(struct credentials_waiter *waiter);
	struct list_link link; /* private */
};

/*
 * Credentials of `role` (empty: the base). Returns 0 and `*ret`, whose views live until the caller returns to the loop;
 * -EAGAIN if they are being fetched: `waiter->ready` will be called; -EACCES if there are none, with `*ret_why` (lives as long as
 * the views above): what happened and what to set.
 */
int credentials_find(struct credentials_worker *worker, struct view role, struct credentials_waiter *waiter,
	struct credentials *ret, const char **ret_why) __attribute__((warn_unused_result));

/* Wait no more; harmless if it does not. */
void credentials_waiter_cancel(struct credentials_waiter *waiter);

/* --- for the wiring --------------------------------------------------------------------------------------------------- */

/*
 * The gateway's one source, on `loop`. `outbound` calls STS and the metadata service: a pool of its own, whose destination
 * rules admit the metadata service, which back ends may not call. All borrowed. NULL with errno set.
 */
struct credentials_source *credentials_source_new(struct loop *loop, const struct credentials_config *config,
	struct outbound *outbound) __attribute__((warn_unused_result));

/* Free it: workers ask no more, and no message is under way. NULL is fine. */
void credentials_source_free(struct credentials_source *source);

/* A worker's. `source` may be NULL: then nothing is fetched. NULL with errno set. */
struct credentials_worker *credentials_worker_new(struct loop *loop, const struct credentials_config *config,
	struct credentials_source *source) __attribute__((warn_unused_result));

/* Free it: nobody waits, and the loops of worker and source do not run any more. NULL is fine. */
void credentials_worker_free(struct credentials_worker *worker);

#endif
