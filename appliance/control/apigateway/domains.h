/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * domains: what the operations on custom domains share.
 *
 * A private domain is a record "name+domainNameId", a public one "name". Calls name a private domain by domainName and the
 * query's domainNameId; without that they mean the public domain of the name.
 * Threads: the operations thread. Source: spec/domains.md 1 and 5.
 */
#ifndef POSTERN_CONTROL_DOMAINS_H
#define POSTERN_CONTROL_DOMAINS_H

#include <stdbool.h>

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* The record id that the input names. */
const char *domain_id(struct call *call);

/* The DomainName that the input names; 0, or CALL_FAILED with 404. */
int domain_find(struct call *call, struct json **ret);

bool domain_is_private(const struct json *domain);

/* Does the domain hold as a whole, and would the gateway build it? `id` is its record's. 0 or CALL_FAILED. */
int domain_check(struct call *call, const char *id, const struct json *domain) __attribute__((warn_unused_result));

/* Give a public domain the names by which its endpoint types are reached, and take away those of types that it lost. */
void domain_set_targets(struct call *call, struct json *domain);

/* A DomainName as it is shown: policies escaped, without what is Postern's own. The caller frees it. */
struct json *domain_shown(const struct json *domain);

#endif
