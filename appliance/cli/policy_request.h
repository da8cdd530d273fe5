/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_request: `postern policy explain --request ID`: a past request, from what the gateway recorded of it.
 *
 * The appliance answers with the facts and with the policies as they are now; the explanation is made here, by the code that
 * explains any other case.
 */
#ifndef POSTERN_CLI_POLICY_REQUEST_H
#define POSTERN_CLI_POLICY_REQUEST_H

#include "appliance/cli/cli.h"

/* Explain the request with that id. Returns the exit status. */
int policy_request_explain(struct cli *cli, const char *request_id);

#endif
