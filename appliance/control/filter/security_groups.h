/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * security_groups: which sources reach TCP 443 of an endpoint at all, before any policy is asked.
 *
 * A group is a `securitygroup` record as DescribeSecurityGroups shows it, with its rules as DescribeSecurityGroupRules shows
 * them in `securityGroupRuleSet`. Each VPC has a group "default" whose id follows from the VPC's: as long as nobody changed it
 * there is no record of it, and its inbound rules are made from the settings' prefixes of the VPC (all traffic from each;
 * AWS has "all traffic from members of this group" there, but Postern can't know which hosts are members of a group). The
 * first change stores it with the rules that it then has.
 *
 * An endpoint admits what any of its groups admits. Groups never deny, and an endpoint whose groups have no rule for TCP 443
 * admits nobody. Outbound rules are kept and shown for the sake of tools that expect them; nothing acts on them, since an
 * endpoint opens no connections into the subnet. DNS is no matter of security groups, as AWS's resolver is none.
 *
 * Threads: the operations thread.
 * Source: EC2 API Reference: SecurityGroup, SecurityGroupRule, IpPermission; Amazon VPC User Guide: Security groups, Quotas.
 */
#ifndef POSTERN_CONTROL_SECURITY_GROUPS_H
#define POSTERN_CONTROL_SECURITY_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/json.h"
#include "appliance/control/call.h"
#include "ebpf/filter_contract.h"

/* Source: Amazon VPC quotas: security groups per network interface; rules per group, direction and address family; groups of
 * a region. */
#define SECURITY_GROUPS_PER_ENDPOINT_MAX 5
#define SECURITY_GROUP_RULES_MAX 60
#define SECURITY_GROUPS_MAX 2500

/*
 * Most admissions that security_groups_admissions() can find: a default group has a rule for each of 64 networks and family,
 * and ::/0 without the place of IPv4 addresses is 96 prefixes.
 */
#define SECURITY_GROUP_ADMISSIONS_MAX (SECURITY_GROUPS_PER_ENDPOINT_MAX * 2 * 64 + 96)

/* The group of that id, owned by the caller, or NULL. A default group is found whether it is stored or not. */
struct json *security_group_find(struct call *call, const char *group_id);

/* All groups in order of id, owned by the caller. */
struct json *security_group_list(struct call *call);

/*
 * Add a rule to the array `rules`: protocol, ports and source of `model` (which may have a description and tags too), with an
 * id of its own.
 */
void security_group_add_rule(
	struct call *call, struct json *rules, const char *group_id, bool is_egress, struct json *model);

/* Add the rules that let everything out, which a new group has: for IPv4, and for IPv6 if the VPC has such prefixes. */
void security_group_add_default_egress(struct call *call, struct json *rules, const char *group_id, const char *vpc_id);

/* Is it the group "default" of its VPC? */
bool security_group_is_default(struct call *call, const struct json *group);

/* Store a group. Endpoints that use it have their filters loaded anew before the call is answered. */
void security_group_put(struct call *call, const struct json *group);

/*
 * The sources that may reach TCP 443 of `endpoint` (a vpcendpoint record): the union over its groups of the inbound rules
 * that cover it, each prefix once, with services FILTER_SERVICE_HTTPS, in order of address and prefix length. A rule for
 * IPv6 admits no IPv4 source, although those have their place, ::ffff:0:0/96, in the filter's table. `room` of
 * SECURITY_GROUP_ADMISSIONS_MAX is always enough. 0, or -E2BIG if `room` is not enough. What can't be read of the store is
 * in call->store_error; such a result must not be used.
 */
int security_groups_admissions(struct call *call, const struct json *endpoint, struct filter_admission_record *ret,
	size_t room, size_t *ret_count) __attribute__((warn_unused_result));

/* A prefix as text ("10.0.0.1/16", "fd00::/8"), made canonical: bits past it are 0. */
struct security_prefix {
	int family; /* AF_INET or AF_INET6 */
	unsigned prefix_bits;
	uint8_t bytes[16]; /* network order; an IPv4 address in the first 4 */
};

/* 0, or -EINVAL if `text` is no prefix of that family. */
int security_prefix_parse(struct security_prefix *ret, int family, const char *text)
	__attribute__((warn_unused_result));

/* The text of a canonical prefix; lives as long as the call. */
const char *security_prefix_text(struct call *call, const struct security_prefix *prefix);

#endif
