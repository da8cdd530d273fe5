/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * source_ec2: user-data of the metadata service of EC2, by its version 2 alone (a token first, so that no proxy can be talked into asking).
 *
 * The service is a stranger: it may be absent, slow, endless, redirect, or speak nonsense. It is asked by a child without privileges (confined.h) that reads
 * at most EC2_BODY_MAX_BYTES, follows nothing, and ends in time whatever happens; what came of it is one line on the console. Both addresses are
 * asked in turns, IPv4 first, until one answers: the network may come up only now.
 *
 * Whoever answers at a link-local address decides what this appliance is. So it is only asked on machines that say that they are EC2's, or
 * that were never given user-data otherwise (main.c).
 * Source: Amazon EC2 User Guide, "Use the Instance Metadata Service to access instance metadata" and "Identify EC2 Linux instances".
 */
#ifndef POSTERN_CONFIGURE_SOURCE_EC2_H
#define POSTERN_CONFIGURE_SOURCE_EC2_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "appliance/base/buffer.h"
#include "image/configure/source.h"

#define EC2_FROM "EC2's metadata service"
#define EC2_BODY_MAX_BYTES PLACES_FILE_MAX_BYTES
/* Of seconds: the user guide allows up to six hours; two requests need a few seconds. */
#define EC2_TOKEN_SECONDS "60"
#define EC2_TOKEN_MAX_BYTES 1024

enum ec2_outcome {
	EC2_ABSENT,  /* nobody answered */
	EC2_BROKEN,  /* somebody did, and not as the service does */
	EC2_NOTHING, /* it has no user-data for this machine */
	EC2_FOUND,
};

struct ec2_limits {
	int absent_ms;   /* nobody takes a connection for so long: there is no service */
	int whole_ms;    /* all requests together */
	int exchange_ms; /* one request with its answer */
	int pause_ms;    /* between two rounds of all addresses */
	int broken_max;  /* answers that are none before it is given up */
};

/* Does the machine say that it is EC2's? `folder` is SOURCE_DMI but for tests. */
#define SOURCE_DMI "/sys/class/dmi/id"
bool ec2_is_likely(const char *folder);

/* The machine has a network interface besides loopback. Without one there is nobody to ask. */
bool ec2_has_network(void);

/* Offer its user-data, and say what came of it. `is_likely`: it is waited for longer. */
void source_find_ec2(struct sources *sources, bool is_likely);

/*
 * The child's part, for tests: ask the servers at `addresses`. EC2_FOUND with the user-data in `body`; else why not, in words, in `why`.
 */
#define EC2_WHY_BYTES 160
enum ec2_outcome ec2_ask(const struct sockaddr *const addresses[], const socklen_t sizes[], size_t count,
	const struct ec2_limits *limits, struct buffer *body, char why[EC2_WHY_BYTES]);

#endif
