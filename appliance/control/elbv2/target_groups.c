/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TargetGroup and how its targets are checked.
 * Source: ELBv2 API Reference: CreateTargetGroup, ModifyTargetGroup, DescribeTargetGroups, DeleteTargetGroup; Elastic Load
 * Balancing User Guides, "Health checks for your target groups", for the defaults of each kind of load balancer.
 */
#include <string.h>

#include "appliance/control/elbv2/elbv2.h"
#include "appliance/control/networks.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/model/load_balancer.h"

/* Source: ELBv2 API Reference: CreateTargetGroup. */
enum {
	INTERVAL_MIN_S = 5,
	INTERVAL_MAX_S = 300,
	INTERVAL_DEFAULT_S = 30,
	TIMEOUT_MIN_S = 2,
	TIMEOUT_MAX_S = 120,
	THRESHOLD_MIN = 2,
	THRESHOLD_MAX = 10,
	HEALTHY_DEFAULT = 5,
	UNHEALTHY_DEFAULT = 2,
};

/* Behind an Application Load Balancer? The others have TCP and TLS. */
static bool is_http(const struct json *group)
{
	return view_starts_with(json_find_text(group, "Protocol"), view_of("HTTP"));
}

/* --- health checks ---------------------------------------------------------------------------------------------------------------- */

static bool checks_http(const struct json *group)
{
	return view_starts_with(json_find_text(group, "HealthCheckProtocol"), view_of("HTTP"));
}

static void set_default_integer(struct json *group, const char *member, int64_t value)
{
	if (!json_find(group, member))
		json_set_integer(group, member, value);
}

static void set_default_text(struct json *group, const char *member, const char *value)
{
	if (!json_find(group, member))
		json_set_c_string(group, member, value);
}

static void set_check_defaults(struct json *group)
{
	bool http_group = is_http(group), http;
	int64_t interval_s, timeout_s;

	set_default_text(group, "HealthCheckProtocol", http_group ? "HTTP" : "TCP");
	http = checks_http(group);
	json_set_bool(group, "HealthCheckEnabled", true);
	set_default_text(group, "HealthCheckPort", "traffic-port");
	set_default_integer(group, "HealthCheckIntervalSeconds", INTERVAL_DEFAULT_S);
	interval_s = json_find_integer(group, "HealthCheckIntervalSeconds", INTERVAL_DEFAULT_S);
	timeout_s = http_group ? 5 : view_equals_text(json_find_text(group, "HealthCheckProtocol"), "HTTP") ? 6 : 10;
	/* A short interval that comes without a time-out is meant. */
	set_default_integer(group, "HealthCheckTimeoutSeconds", timeout_s < interval_s ? timeout_s : interval_s - 1);
	set_default_integer(group, "HealthyThresholdCount", HEALTHY_DEFAULT);
	set_default_integer(group, "UnhealthyThresholdCount", UNHEALTHY_DEFAULT);
	if (!http)
		return;
	set_default_text(group, "HealthCheckPath", "/");
	if (!json_find_c_string(json_find(group, "Matcher"), "HttpCode"))
		json_set_c_string(json_ensure_object(group, "Matcher"), "HttpCode", http_group ? "200" : "200-399");
}

/* "200", "200,301" or "200-299" within the bounds of the kind of group. */
static int check_matcher(struct call *call, const struct json *group)
{
	struct view text = json_find_text(json_find(group, "Matcher"), "HttpCode"), rest = text, range, low, high;
	uint64_t max = is_http(group) ? 499 : 599, first, last;
	size_t count = 0;

	if (json_find(json_find(call->input, "Matcher"), "GrpcCode"))
		return call_fail(call, "ValidationError",
			"Health check matcher GRPC code is only supported for the protocol version GRPC");
	if (!checks_http(group))
		return json_count(json_find(call->input, "Matcher"))
			       ? call_fail(call, "ValidationError",
					 "Health check matcher is not supported for health checks with TCP protocol")
			       : 0;
	while (view_split(&rest, ',', &range)) {
		if (!view_cut(range, '-', &low, &high))
			low = high = range;
		if (++count > LOAD_BALANCER_MATCHES_MAX || view_parse_u64(low, max, &first) ||
			view_parse_u64(high, max, &last) || first < 200 || last < first)
			return call_fail(call, "ValidationError",
				"Health check matcher HTTP code '" VIEW_FMT "' must be within '200-%llu' inclusive",
				VIEW_ARG(text), (unsigned long long)max);
	}
	return 0;
}

static int check_check_port(struct call *call, const struct json *group)
{
	struct view text = json_find_text(group, "HealthCheckPort");
	uint64_t port;

	if (view_equals_text(text, "traffic-port") || (view_parse_u64(text, 65535, &port) == 0 && port > 0))
		return 0;
	return call_fail(call, "ValidationError",
		"Health check port '" VIEW_FMT "' must be 'traffic-port' or in the range 1-65535", VIEW_ARG(text));
}

static int check_path(struct call *call, const struct json *group)
{
	struct view path = json_find_text(group, "HealthCheckPath");

	if (!checks_http(group))
		return call_input_has(call, "HealthCheckPath")
			       ? call_fail(call, "ValidationError",
					 "Health check path is not supported for health checks with TCP protocol")
			       : 0;
	if (path.count > LOAD_BALANCER_CHECK_PATH_MAX_BYTES)
		return elbv2_violates(call, call_text_of(call, path), "healthCheckPath",
			"Member must have length less than or equal to 1024");
	if (path.count == 0 || path.at[0] != '/')
		return call_fail(call, "ValidationError",
			"Health check path '" VIEW_FMT "' must begin with a '/' character", VIEW_ARG(path));
	for (size_t i = 0; i < path.count; i++)
		if (path.at[i] <= ' ' || path.at[i] > '~')
			return call_fail(call, "ValidationError",
				"Health check path '" VIEW_FMT
				"' can only contain printable ASCII characters without blanks",
				VIEW_ARG(path));
	return 0;
}

static int check_times(struct call *call, const struct json *group)
{
	int64_t interval_s = json_find_integer(group, "HealthCheckIntervalSeconds", 0),
		timeout_s = json_find_integer(group, "HealthCheckTimeoutSeconds", 0);

	if (is_http(group) && timeout_s >= interval_s)
		return call_fail(call, "ValidationError", "Health check interval must be greater than the timeout.");
	if (timeout_s > interval_s)
		return call_fail(call, "ValidationError",
			"Health check timeout '%lld' must be smaller than or equal to the interval '%lld'",
			(long long)timeout_s, (long long)interval_s);
	return 0;
}

/* The input's members about health checks into `group`, which has its protocol. */
static int take_check(struct call *call, struct json *group)
{
	const char *protocol = call_input(call, "HealthCheckProtocol");

	if (elbv2_check_one_of(
		    call, "healthCheckProtocol", protocol, is_http(group) ? "HTTP, HTTPS" : "TCP, HTTP, HTTPS") < 0 ||
		elbv2_check_range(call, "HealthCheckIntervalSeconds", INTERVAL_MIN_S, INTERVAL_MAX_S) < 0 ||
		elbv2_check_range(call, "HealthCheckTimeoutSeconds", TIMEOUT_MIN_S, TIMEOUT_MAX_S) < 0 ||
		elbv2_check_range(call, "HealthyThresholdCount", THRESHOLD_MIN, THRESHOLD_MAX) < 0 ||
		elbv2_check_range(call, "UnhealthyThresholdCount", THRESHOLD_MIN, THRESHOLD_MAX) < 0)
		return CALL_FAILED;
	if (!json_find_bool(call->input, "HealthCheckEnabled", true))
		return call_fail(call, "ValidationError",
			"Health check enabled must be true for target groups with target type 'ip'");
	if (protocol && json_find_text(group, "HealthCheckProtocol").count &&
		checks_http(group) != (strncmp(protocol, "HTTP", 4) == 0)) {
		(void)json_remove(group, "HealthCheckPath");
		(void)json_remove(group, "Matcher");
	}
	call_take(call, group, "HealthCheckProtocol", "HealthCheckPort", "HealthCheckPath",
		"HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds", "HealthyThresholdCount",
		"UnhealthyThresholdCount", "Matcher", NULL);
	set_check_defaults(group);
	if (check_path(call, group) < 0 || check_check_port(call, group) < 0 || check_times(call, group) < 0)
		return CALL_FAILED;
	return check_matcher(call, group);
}

/* --- CreateTargetGroup -------------------------------------------------------------------------------------------------------------- */

static struct json *find_named(struct call *call, const char *name)
{
	struct json JSON_CLEANUP *groups = record_list(call, STORE_targetgroup, NULL);

	for (size_t i = 0; i < json_count(groups); i++)
		if (view_equals_text(json_find_text(json_at(groups, i), "TargetGroupName"), name))
			return json_take_at(groups, i);
	return NULL;
}

static int check_input(struct call *call)
{
	const char *type = call_input(call, "TargetType"), *protocol = call_input(call, "Protocol"),
		   *vpc_id = call_input(call, "VpcId");

	if (elbv2_check_name(call, "Target group", call_input(call, "Name")) < 0 ||
		elbv2_check_one_of(call, "targetType", type, "instance, ip, lambda, alb") < 0 ||
		elbv2_check_one_of(call, "protocol", protocol,
			"HTTP, HTTPS, TCP, TLS, UDP, TCP_UDP, GENEVE, QUIC, TCP_QUIC") < 0 ||
		elbv2_check_one_of(call, "ipAddressType", call_input(call, "IpAddressType"), "ipv4, ipv6") < 0 ||
		elbv2_check_one_of(call, "protocolVersion", call_input(call, "ProtocolVersion"), "HTTP1, HTTP2, GRPC") <
			0)
		return CALL_FAILED;
	/* The gateway knows addresses alone; AWS's default are its instances. */
	if (!type || strcmp(type, "ip") != 0)
		return call_fail(call, "InvalidConfigurationRequest",
			"Target type '%s' is not supported: targets are registered by their addresses, as type 'ip'",
			type ? type : "instance");
	if (!protocol)
		return call_fail(call, "ValidationError", "A protocol must be specified");
	if (strncmp(protocol, "HTTP", 4) != 0 && strcmp(protocol, "TCP") != 0 && strcmp(protocol, "TLS") != 0)
		return call_fail(
			call, "InvalidConfigurationRequest", "Target group protocol '%s' is not supported", protocol);
	if (call_input_has(call, "ProtocolVersion") && strcmp(call_input(call, "ProtocolVersion"), "HTTP1") != 0)
		return call_fail(call, "InvalidConfigurationRequest", "Protocol version '%s' is not supported",
			call_input(call, "ProtocolVersion"));
	if (!call_input_has(call, "Port"))
		return call_fail(call, "ValidationError", "A port must be specified");
	if (!vpc_id)
		return call_fail(call, "ValidationError", "A VPC ID must be specified");
	if (!network_vpc_exists(call, vpc_id))
		return call_fail(call, "ValidationError", "The VPC ID '%s' is not found", vpc_id);
	return elbv2_check_range(call, "Port", 1, 65535);
}

static int build(struct call *call, struct json *group)
{
	const char *name = call_input(call, "Name"), *arn;

	arn = elbv2_new_arn(call, STORE_targetgroup, call_text(call, "targetgroup/%s", name));
	json_set_c_string(group, "TargetGroupArn", arn);
	json_set_c_string(group, "TargetGroupName", name);
	call_take(call, group, "Protocol", "Port", "VpcId", NULL);
	json_set_c_string(group, "TargetType", "ip");
	json_set_c_string(group, "IpAddressType",
		call_input_has(call, "IpAddressType") ? call_input(call, "IpAddressType") : "ipv4");
	if (is_http(group))
		json_set_c_string(group, "ProtocolVersion", "HTTP1");
	if (take_check(call, group) < 0)
		return CALL_FAILED;
	json_set(group, "LoadBalancerArns", json_array_new());
	json_set(json_ensure_object(group, "postern"), "request", json_copy(call->input));
	return elbv2_take_tags(call, group, arn);
}

int op_create_target_group(struct call *call)
{
	struct json JSON_CLEANUP *group = json_object_new(), *other = NULL;
	const char *name = call_input(call, "Name");

	if (check_input(call) < 0)
		return CALL_FAILED;
	other = find_named(call, name);
	if (other && json_equals(json_find_path(other, "postern", "request", NULL), call->input)) {
		elbv2_answer_one(call, "TargetGroups", other);
		return 0;
	}
	if (other)
		return call_fail(call, "DuplicateTargetGroupName",
			"A target group with the same name '%s' exists, but with different settings", name);
	if (record_count(call, STORE_targetgroup) >= ELBV2_TARGET_GROUPS_MAX)
		return call_fail(call, "TooManyTargetGroups", "The maximum number of target groups has been reached");
	if (build(call, group) < 0)
		return CALL_FAILED;
	elbv2_put(call, STORE_targetgroup, group);
	elbv2_answer_one(call, "TargetGroups", group);
	return 0;
}

/* --- the other operations ------------------------------------------------------------------------------------------------------------ */

int op_modify_target_group(struct call *call)
{
	struct json JSON_CLEANUP *group = NULL;
	int error = elbv2_find(call, STORE_targetgroup, call_input(call, "TargetGroupArn"), &group);

	if (error == 0)
		error = take_check(call, group);
	if (error < 0)
		return error;
	elbv2_put(call, STORE_targetgroup, group);
	elbv2_answer_one(call, "TargetGroups", group);
	return 0;
}

static bool is_described(const struct call *call, const struct json *group)
{
	const struct json *arns = json_find(call->input, "TargetGroupArns"), *names = json_find(call->input, "Names");
	const char *balancer = call_input(call, "LoadBalancerArn");

	if (json_count(arns) && !json_has_text(arns, json_find_text(group, "TargetGroupArn")))
		return false;
	if (json_count(names) && !json_has_text(names, json_find_text(group, "TargetGroupName")))
		return false;
	return !balancer || json_has_text(json_find(group, "LoadBalancerArns"), view_from_text(balancer));
}

int op_describe_target_groups(struct call *call)
{
	const struct json *arns = json_find(call->input, "TargetGroupArns"), *names = json_find(call->input, "Names");
	const char *balancer_arn = call_input(call, "LoadBalancerArn");
	struct json JSON_CLEANUP *groups = NULL, *balancer = NULL;
	struct json *found;

	JSON_EACH(arn, arns)
	if (elbv2_check_arn(call, STORE_targetgroup, json_c_string(arn)) < 0)
		return CALL_FAILED;
	if (balancer_arn && elbv2_find(call, STORE_loadbalancer, balancer_arn, &balancer) < 0)
		return CALL_FAILED;
	groups = record_list(call, STORE_targetgroup, NULL);
	found = json_array_new();
	JSON_EACH(group, groups)
	if (is_described(call, group))
		json_append(found, json_copy(group));
	if (elbv2_has_all(found, "TargetGroupArn", arns) && elbv2_has_all(found, "TargetGroupName", names))
		return elbv2_answer_page(call, "TargetGroups", found, "TargetGroupArn");
	json_free(found);
	return call_fail(call, "TargetGroupNotFound", "One or more target groups not found");
}

int op_delete_target_group(struct call *call)
{
	const char *arn = call_input(call, "TargetGroupArn");
	struct json JSON_CLEANUP *group = NULL;

	if (elbv2_check_arn(call, STORE_targetgroup, arn) < 0)
		return CALL_FAILED;
	group = record_find(call, STORE_targetgroup, arn);
	if (json_count(json_find(group, "LoadBalancerArns")))
		return call_fail(
			call, "ResourceInUse", "Target group '%s' is currently in use by a listener or a rule", arn);
	if (group)
		record_delete(call, STORE_targetgroup, arn);
	return 0;
}

/* --- who uses them -------------------------------------------------------------------------------------------------------------------- */

static void add_users(struct json *group, const struct json *listener, struct json *users)
{
	struct view arn = json_find_text(group, "TargetGroupArn"),
		    balancer = json_find_text(listener, "LoadBalancerArn");
	const struct json *action = json_at(json_find(listener, "DefaultActions"), 0);

	JSON_EACH(forward, json_find(json_find(action, "ForwardConfig"), "TargetGroups"))
	if (view_equals(json_find_text(forward, "TargetGroupArn"), arn) && !json_has_text(users, balancer))
		json_append_text(users, balancer);
}

void elbv2_groups_follow(struct call *call)
{
	struct json JSON_CLEANUP *groups = record_list(call, STORE_targetgroup, NULL),
				 *listeners = record_list(call, STORE_listener, NULL);

	JSON_EACH(group, groups)
	{
		struct json *users = json_array_new();

		JSON_EACH(listener, listeners)
		add_users(group, listener, users);
		if (json_equals(json_find(group, "LoadBalancerArns"), users)) {
			json_free(users);
			continue;
		}
		json_set(group, "LoadBalancerArns", users);
		elbv2_put(call, STORE_targetgroup, group);
	}
}
