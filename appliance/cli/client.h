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

/* `text` percent-encoded for a path segment or a query value, in the arena. */
const char *client_encode(struct cli *cli, const char *text);

#endif
