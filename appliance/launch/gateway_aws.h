/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gateway_aws: what the settings say of AWS services, in the form that integrations work with, and the gateway's one source
 * of fetched credentials (integrate/credentials.h), on the main loop.
 *
 * The source calls STS and the instance metadata service by a pool of its own: it leaves from the gateway's own namespace,
 * and its rules admit, besides what back ends may call, the address of the metadata service if that is given as one.
 *
 * Life cycle: gateway_aws_start() before the workers, gateway_aws_end() after they were joined. Threads: the main loop's; what
 * `endpoints` and `credentials` point to is read by all.
 */
#ifndef POSTERN_LAUNCH_GATEWAY_AWS_H
#define POSTERN_LAUNCH_GATEWAY_AWS_H

#include "appliance/integrate/aws_request.h"
#include "appliance/integrate/credentials.h"
#include "appliance/launch/settings.h"
#include "appliance/outbound/destination.h"
#include "appliance/tls/worker.h"

struct gateway_aws {
	struct aws_endpoints endpoints;
	struct credentials_config credentials;
	struct credentials_source *source; /* NULL: nothing is ever fetched */

	/* --- private */
	struct aws_endpoint rows[AWS_ENDPOINTS_MAX];
	struct credentials_role roles[CREDENTIALS_ROLES_MAX];
	struct destination_rules destinations;
	struct tls_worker *tls;
	struct outbound *outbound;
};

struct gateway_aws_input {
	struct loop *loop;
	const struct settings *settings;              /* outlives it */
	const struct destination_rules *destinations; /* of back ends; copied */
	const char *name_servers, *authorities_path;  /* as in struct outbound_settings */
	unsigned tls_index;                           /* of the main thread, see tls/worker.h */
};

/* 0 or a negative errno, after logging why. */
int gateway_aws_start(struct gateway_aws *aws, const struct gateway_aws_input *input)
	__attribute__((warn_unused_result));

void gateway_aws_end(struct gateway_aws *aws);

#endif
