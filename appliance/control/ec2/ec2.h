/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ec2: how EC2's resources are shown. Threads: the operations thread. Source: spec/endpoints.md 6. */
#ifndef POSTERN_CONTROL_EC2_H
#define POSTERN_CONTROL_EC2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* Largest and default page of the Describe operations. Source: spec/endpoints.md 6.3. */
#define EC2_RESULTS_MAX 1000

/* A vpcendpoint record as DescribeVpcEndpoints shows it. */
struct json *ec2_endpoint_shown(const struct call *call, const struct json *endpoint);

/* DryRun of an operation that changes something: refuses with DryRunOperation once all else has been judged. 0 or CALL_FAILED. */
int ec2_refuse_dry_run(struct call *call);

/* One name that Filter.N.Name may have, and what its values are compared with. */
struct ec2_filter {
	const char *name;
	const char *
		list; /* member of what is shown that is an array of which any item may fit; NULL: what is shown itself */
	const char *member; /* a text, number or boolean */
};

/*
 * Do all filters of the call fit `shown`? Besides `filters`, tag:<key> and tag-key look into its tagSet. Values may have
 * wildcards. 1, 0, or CALL_FAILED for an unknown filter.
 */
int ec2_filters_fit(struct call *call, const struct json *shown, const struct ec2_filter *filters, size_t count);

/* Is `id` among `ids` (an array of texts), or is nothing asked for? */
bool ec2_is_wanted(const struct json *ids, struct view id);

/*
 * Put the page that MaxResults (at least `min`) and NextToken ask for into the output's array `set`. `items` are in order of
 * their member `id_member`, which is what a token is; it is consumed. 0 or CALL_FAILED.
 */
int ec2_page(struct call *call, const char *set, struct json *items, const char *id_member, int64_t min);

/* Is it written like a group's id? 0 or CALL_FAILED. */
int ec2_check_group_id(struct call *call, const char *id);

/* The group of that id, owned by the caller. 0 or CALL_FAILED, with `*ret` NULL. */
int ec2_find_group(struct call *call, const char *id, struct json **ret);

/* The group that the call names by GroupId. As ec2_find_group(). */
int ec2_find_wanted_group(struct call *call, struct json **ret);

/*
 * Has a name or description (NULL: none) of a group or rule only the characters that EC2 allows? `what` and `texts` are words of
 * the message: "rule description", "descriptions". 0 or CALL_FAILED.
 */
int ec2_check_description(struct call *call, const char *what, const char *texts, const char *text);

/*
 * The tags of TagSpecification.N for that type of resource as a tagSet, each key once, if the caller may ec2:CreateTags; or NULL
 * after the call has failed.
 */
struct json *ec2_take_tags(struct call *call, const char *resource_type);

#endif
