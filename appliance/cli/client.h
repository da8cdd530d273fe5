/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * client: signed calls to the management address, as the aws command line makes them.
 *
 * Finds the address and the credentials (the environment, the shared credentials file, else those in the appliance's state
 * folder), signs with Signature Version 4, calls, and gives the answer as JSON. Blocking; one call at a time.
 * Source: AWS CLI User Guide, "Configuration and credential precedence".
 */
#ifndef POSTERN_CLI_CLIENT_H
#define POSTERN_CLI_CLIENT_H

#include <stdbool.h>

#include "appliance/base/json.h"
#include "appliance/base/view.h"
#include "appliance/cli/cli.h"

/* Services of the management plane, as they stand in a signature's scope. */
#define CLIENT_POSTERN "postern"
#define CLIENT_APIGATEWAY "apigateway"
#define CLIENT_ACM "acm"
#define CLIENT_EC2 "ec2"
#define CLIENT_ROUTE53 "route53"
#define CLIENT_TAGGING "tagging"

struct client_call {
	const char *service;     /* CLIENT_… */
	const char *method;      /* "GET" */
	struct view target;      /* path and query, percent-encoded: "/restapis?limit=500" */
	const struct json *body; /* NULL for none */
	int save_fd;             /* -1, or where a 200 answer's body is written instead of being parsed */
};

/*
 * Make the call. `*ret_answer` is the answer's JSON (an empty answer: an object without members), the caller's to free.
 * Returns 0, or CLI_FAILED after cli_fail() has said what the appliance answered or why it can't be reached, and what to
 * do about it.
 */
int client_call(struct cli *cli, const struct client_call *call, struct json **ret_answer)
	__attribute__((warn_unused_result));

/* The same with a body of any bytes in the place of `call->body`, which is NULL. */
int client_send(struct cli *cli, const struct client_call *call, struct view raw, struct json **ret_answer)
	__attribute__((warn_unused_result));

/* What a call may have besides, and what may be asked of its answer. */
struct client_extra {
	const char *content_type;    /* of the body; NULL: that of JSON, or of any bytes */
	const char *operation;       /* X-Amz-Target, of the JSON 1.1 dialect; NULL: none */
	const char *unchanged_since; /* condition of the call, see control/unchanged.h; NULL: none */
	struct buffer *answer;       /* takes the answer of a success as it is, instead of `*ret_answer`; NULL: none */
	int status;                  /* of the answer; 0: there was none */
	uint64_t revision;           /* of the store that the answer shows or made; 0: not told */
};

/* client_send() with such. `raw` may be empty. */
int client_exchange(struct cli *cli, const struct client_call *call, struct view raw, struct client_extra *extra,
	struct json **ret_answer) __attribute__((warn_unused_result));

/* `text` percent-encoded for a path segment or a query value, in the arena. */
const char *client_encode(struct cli *cli, const char *text);

#endif
