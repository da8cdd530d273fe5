/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_explain: the explanation of a case, as JSON and for people.
 */
#ifndef POSTERN_CLI_POLICY_EXPLAIN_H
#define POSTERN_CLI_POLICY_EXPLAIN_H

#include "appliance/cli/policy_case.h"

/*
 * Add to `answer`: verdict, by, and `policies`: for the endpoint's, the domain's (and the endpoint's for the domain), the resource and the identity policy,
 * as far as the case has them, {policy, verdict, statement, summary, statements: [{index, sid, effect, matched, decisive, parts: [{part,
 * operator, negated, matched, wanted: […], actual: […] or null, remedy}]}]}.
 */
void policy_explain_write(const struct policy_case *policy_case, struct json *answer);

/* Print what policy_explain_write() made. */
void policy_explain_print(const struct json *answer);

#endif
