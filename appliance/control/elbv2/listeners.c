/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Listener: a port of a load balancer, and the target groups that it forwards to.
 * Source: ELBv2 API Reference: CreateListener, ModifyListener, DescribeListeners, DeleteListener.
 */
#include <stdio.h>
#include <string.h>

#include "appliance/control/elbv2/elbv2.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

enum { GROUPS_MAX = 5, WEIGHT_MAX = 999 };

#define DEFAULT_SSL_POLICY "ELBSecurityPolicy-2016-08"

static bool is_network(const struct json *balancer)
{
	return view_equals_text(json_find_text(balancer, "Type"), "network");
}

static bool ends_tls(const char *protocol)
{
	return strcmp(protocol, "TLS") == 0 || strcmp(protocol, "HTTPS") == 0;
}

/* --- actions -------------------------------------------------------------------------------------------------------------------- */

/* The groups of an action, by whichever member they are named, as a list with weights that the caller owns. */
static struct json *wanted_groups(const struct json *action)
{
	const struct json *listed = json_find(json_find(action, "ForwardConfig"), "TargetGroups");
	struct json *groups = json_array_new();

	JSON_EACH(group, listed)
	json_append(groups, json_copy(group));
	if (json_count(groups) == 0 && json_find_text(action, "TargetGroupArn").count) {
		struct json *only = json_object_new();

		json_set_text(only, "TargetGroupArn", json_find_text(action, "TargetGroupArn"));
		json_append(groups, only);
	}
	JSON_EACH(group, groups)
	if (!json_find(group, "Weight"))
		json_set_integer(group, "Weight", 1);
	return groups;
}

/* What speaks HTTP speaks it to its targets; what passes bytes passes them to targets that are told so. */
static bool is_compatible(const char *listener, struct view group)
{
	if (strcmp(listener, "TCP") == 0)
		return view_equals_text(group, "TCP");
	if (strcmp(listener, "TLS") == 0)
		return view_equals_text(group, "TCP") || view_equals_text(group, "TLS");
	return view_equals_text(group, "HTTP") || view_equals_text(group, "HTTPS");
}

static int check_group(struct call *call, const struct json *balancer, const char *protocol, const struct json *wanted)
{
	const char *arn = json_find_c_string(wanted, "TargetGroupArn");
	struct json JSON_CLEANUP *group = NULL;
	int64_t weight;
	struct view own = json_find_text(balancer, "LoadBalancerArn");

	if (elbv2_check_arn(call, STORE_targetgroup, arn) < 0)
		return CALL_FAILED;
	if (json_integer(json_find(wanted, "Weight"), 0, WEIGHT_MAX, &weight) < 0)
		return call_fail(
			call, "ValidationError", "The weight of a target group must be between 0 and %d", WEIGHT_MAX);
	group = record_find(call, STORE_targetgroup, arn);
	if (!group)
		return call_fail(call, "TargetGroupNotFound", "Target group '%s' not found", arn);
	if (!is_compatible(protocol, json_find_text(group, "Protocol")))
		return call_fail(call, "IncompatibleProtocols",
			"The protocol '" VIEW_FMT
			"' of target group '%s' is not compatible with the protocol '%s' of the listener",
			VIEW_ARG(json_find_text(group, "Protocol")), arn, protocol);
	if (!view_equals(json_find_text(group, "VpcId"), json_find_text(balancer, "VpcId")))
		return call_fail(call, "InvalidConfigurationRequest",
			"The target group '%s' is not in the same VPC '" VIEW_FMT "' as load balancer '" VIEW_FMT "'",
			arn, VIEW_ARG(json_find_text(balancer, "VpcId")), VIEW_ARG(own));
	JSON_EACH(other, json_find(group, "LoadBalancerArns"))
	if (!view_equals(json_text(other), own))
		return call_fail(call, "TargetGroupAssociationLimit",
			"The following target groups cannot be associated with more than one load balancer: %s", arn);
	return 0;
}

static int check_unique(struct call *call, const struct json *groups)
{
	for (size_t i = 0; i < json_count(groups); i++)
		for (size_t j = 0; j < i; j++)
			if (view_equals(json_find_text(json_at(groups, i), "TargetGroupArn"),
				    json_find_text(json_at(groups, j), "TargetGroupArn")))
				return call_fail(call, "ValidationError",
					"Target group '" VIEW_FMT "' is named twice by a forward action",
					VIEW_ARG(json_find_text(json_at(groups, i), "TargetGroupArn")));
	return 0;
}

/* One action, which forwards: what else AWS has (redirect, fixed-response, authenticate-…) is not served by the gateway. */
static int take_actions(struct call *call, const struct json *balancer, struct json *listener)
{
	const struct json *actions = json_find(call->input, "DefaultActions"), *action = json_at(actions, 0);
	const char *protocol = json_find_c_string(listener, "Protocol");
	struct json JSON_CLEANUP *groups = wanted_groups(action);
	struct json *shown;
	struct view type = json_find_text(action, "Type");

	if (json_count(actions) != 1)
		return call_fail(call, "ValidationError", "The listener must have exactly one default action");
	if (!view_equals_text(type, "forward"))
		return call_fail(call, "InvalidLoadBalancerAction", "Actions of type '" VIEW_FMT "' are not supported",
			VIEW_ARG(type));
	if (json_count(groups) == 0)
		return call_fail(call, "ValidationError", "A target group ARN must be specified");
	if (json_count(groups) > GROUPS_MAX)
		return call_fail(call, "TooManyUniqueTargetGroupsPerLoadBalancer",
			"A forward action can have up to %d target groups", GROUPS_MAX);
	if (check_unique(call, groups) < 0)
		return CALL_FAILED;
	JSON_EACH(group, groups)
	if (check_group(call, balancer, protocol, group) < 0)
		return CALL_FAILED;
	shown = json_object_new();
	json_set_c_string(shown, "Type", "forward");
	if (json_count(groups) == 1)
		json_set_text(shown, "TargetGroupArn", json_find_text(json_at(groups, 0), "TargetGroupArn"));
	json_set_integer(shown, "Order", 1);
	json_set(json_ensure_object(shown, "ForwardConfig"), "TargetGroups", json_copy(groups));
	json_set_bool(
		json_ensure_object(json_find(shown, "ForwardConfig"), "TargetGroupStickinessConfig"), "Enabled", false);
	json_set(listener, "DefaultActions", json_array_new());
	json_append(json_find(listener, "DefaultActions"), shown);
	return 0;
}

/* --- port, protocol, certificates --------------------------------------------------------------------------------------------------- */

static int check_port(struct call *call, const char *balancer_arn, const char *own_arn, int64_t port)
{
	struct json JSON_CLEANUP *others = record_list(call, STORE_listener, balancer_arn);

	JSON_EACH(other, others)
	if (json_find_integer(other, "Port", 0) == port &&
		!(own_arn && view_equals_text(json_find_text(other, "ListenerArn"), own_arn)))
		return call_fail(call, "DuplicateListener",
			"A listener already exists on this port for this load balancer '%s'", balancer_arn);
	if (!own_arn && json_count(others) >= ELBV2_LISTENERS_MAX)
		return call_fail(call, "TooManyListeners",
			"The maximum number of listeners has been reached on the load balancer '%s'", balancer_arn);
	return 0;
}

static int check_protocol(struct call *call, const struct json *balancer, const char *protocol)
{
	const char *values = is_network(balancer) ? "TCP, TLS" : "HTTP, HTTPS";
	struct view rest = view_from_text(values), one;

	while (view_split(&rest, ',', &one))
		if (view_equals_text(view_trim(one), protocol))
			return 0;
	return call_fail(call, "ValidationError", "Listener protocol '%s' must be one of '%s'", protocol, values);
}

/*
 * Certificates are the load balancer's towards its clients. Here the gateway is both, so it is kept and shown alone. What the
 * listener had is not judged again, unless its protocol is `changed`.
 */
static int take_certificates(struct call *call, struct json *listener, bool changed)
{
	const char *protocol = json_find_c_string(listener, "Protocol"), *arn;

	if (!ends_tls(protocol)) {
		(void)json_remove(listener, "Certificates");
		(void)json_remove(listener, "SslPolicy");
		if (json_count(json_find(call->input, "Certificates")))
			return call_fail(call, "InvalidConfigurationRequest",
				"Certificates cannot be specified for %s listeners", protocol);
		return 0;
	}
	if (json_count(json_find(call->input, "Certificates")) > 1)
		return call_fail(call, "TooManyCertificates", "Exactly one certificate can be specified");
	call_take(call, listener, "Certificates", "SslPolicy", NULL);
	arn = json_find_c_string(json_at(json_find(listener, "Certificates"), 0), "CertificateArn");
	if (!arn)
		return call_fail(
			call, "CertificateNotFound", "A certificate must be specified for %s listeners", protocol);
	if ((changed || call_input_has(call, "Certificates")) && !record_exists(call, STORE_certificate, arn))
		return call_fail(call, "CertificateNotFound", "Certificate ARN '%s' is not valid", arn);
	if (!json_find(listener, "SslPolicy"))
		json_set_c_string(listener, "SslPolicy", DEFAULT_SSL_POLICY);
	return 0;
}

static int take_port(struct call *call, const struct json *balancer, struct json *listener)
{
	const char *balancer_arn = json_find_c_string(balancer, "LoadBalancerArn"),
		   *own_arn = json_find_c_string(listener, "ListenerArn"),
		   *protocol = call_text_of(call, json_find_text(listener, "Protocol"));

	call_take(call, listener, "Port", "Protocol", "AlpnPolicy", NULL);
	if (elbv2_check_range(call, "Port", 1, 65535) < 0 ||
		check_protocol(call, balancer, json_find_c_string(listener, "Protocol")) < 0 ||
		check_port(call, balancer_arn, own_arn, json_find_integer(listener, "Port", 0)) < 0)
		return CALL_FAILED;
	return take_certificates(call, listener, !view_equals_text(json_find_text(listener, "Protocol"), protocol));
}

/* --- operations ------------------------------------------------------------------------------------------------------------------------ */

int op_create_listener(struct call *call)
{
	struct json JSON_CLEANUP *balancer = NULL, *listener = json_object_new();
	const char *balancer_arn = call_input(call, "LoadBalancerArn"), *arn;

	if (elbv2_find(call, STORE_loadbalancer, balancer_arn, &balancer) < 0)
		return CALL_FAILED;
	if (!call_input_has(call, "Protocol"))
		return call_fail(call, "ValidationError", "A listener protocol must be specified");
	if (!call_input_has(call, "Port"))
		return call_fail(call, "ValidationError", "A listener port must be specified");
	if (take_port(call, balancer, listener) < 0 || take_actions(call, balancer, listener) < 0)
		return CALL_FAILED;
	arn = elbv2_new_arn(call, STORE_listener,
		call_text(call, "listener/%s", strstr(balancer_arn, ":loadbalancer/") + strlen(":loadbalancer/")));
	json_set_c_string(listener, "ListenerArn", arn);
	json_set_c_string(listener, "LoadBalancerArn", balancer_arn);
	if (elbv2_take_tags(call, listener, arn) < 0)
		return CALL_FAILED;
	elbv2_put(call, STORE_listener, listener);
	elbv2_groups_follow(call);
	elbv2_answer_one(call, "Listeners", listener);
	return 0;
}

int op_modify_listener(struct call *call)
{
	struct json JSON_CLEANUP *balancer = NULL, *listener = NULL;
	int error = elbv2_find(call, STORE_listener, call_input(call, "ListenerArn"), &listener);

	if (error == 0)
		error = elbv2_find(
			call, STORE_loadbalancer, json_find_c_string(listener, "LoadBalancerArn"), &balancer);
	if (error == 0)
		error = take_port(call, balancer, listener);
	/* A new protocol must fit the old groups too. */
	if (error == 0 && !call_input_has(call, "DefaultActions"))
		json_set(call->input, "DefaultActions", json_copy(json_find(listener, "DefaultActions")));
	if (error == 0)
		error = take_actions(call, balancer, listener);
	if (error < 0)
		return error;
	elbv2_put(call, STORE_listener, listener);
	elbv2_groups_follow(call);
	elbv2_answer_one(call, "Listeners", listener);
	return 0;
}

int op_delete_listener(struct call *call)
{
	const char *arn = call_input(call, "ListenerArn");
	struct json JSON_CLEANUP *listener = NULL;

	if (elbv2_find(call, STORE_listener, arn, &listener) < 0)
		return CALL_FAILED;
	record_delete(call, STORE_listener, arn);
	elbv2_groups_follow(call);
	return 0;
}

static int compare_arns(const struct json *left, const struct json *right)
{
	return view_compare(json_find_text(left, "ListenerArn"), json_find_text(right, "ListenerArn"));
}

int op_describe_listeners(struct call *call)
{
	const struct json *arns = json_find(call->input, "ListenerArns");
	const char *balancer_arn = call_input(call, "LoadBalancerArn");
	struct json JSON_CLEANUP *balancer = NULL;
	struct json *found;

	if (!balancer_arn == (json_count(arns) == 0))
		return call_fail(
			call, "ValidationError", "You must specify either listener ARNs or a load balancer ARN");
	if (balancer_arn) {
		if (elbv2_find(call, STORE_loadbalancer, balancer_arn, &balancer) < 0)
			return CALL_FAILED;
		return elbv2_answer_page(
			call, "Listeners", record_list(call, STORE_listener, balancer_arn), "ListenerArn");
	}
	found = json_array_new();
	JSON_EACH(arn, arns)
	{
		struct json *listener;

		if (elbv2_has(found, "ListenerArn", json_text(arn)))
			continue;
		if (elbv2_find(call, STORE_listener, json_c_string(arn), &listener) < 0) {
			json_free(found);
			return CALL_FAILED;
		}
		json_append(found, listener);
	}
	json_sort(found, compare_arns);
	return elbv2_answer_page(call, "Listeners", found, "ListenerArn");
}
