/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shapes of the inputs of Elastic Load Balancing. Bounds and enumerations are judged by the operations, in the words of this service.
 * Source: the service's public API model, version 2015-12-01.
 */
#include "appliance/control/shapes.h"

#define PAGE                                                                                                           \
	{ .name = "Marker" },                                                                                          \
	{                                                                                                              \
		.name = "PageSize", .type = SHAPE_INTEGER                                                              \
	}
#define TEXTS(member_name) .name = member_name, .type = SHAPE_LIST
#define SHAPE(symbol) const struct shape shape_##symbol = { SHAPE_MEMBERS(symbol##_members) };

static const struct shape_member tag_members[] = {
	{ .name = "Key", .required = true },
	{ .name = "Value" },
};
static const struct shape tag_shape = { SHAPE_MEMBERS(tag_members) };
#define TAGS .name = "Tags", .type = SHAPE_LIST, .of = &tag_shape

static const struct shape_member attribute_members[] = {
	{ .name = "Key" },
	{ .name = "Value" },
};
static const struct shape attribute_shape = { SHAPE_MEMBERS(attribute_members) };
#define ATTRIBUTES .name = "Attributes", .type = SHAPE_LIST, .of = &attribute_shape, .required = true

/* --- load balancers --------------------------------------------------------------------------------------------------------------- */

static const struct shape_member subnet_mapping_members[] = {
	{ .name = "SubnetId" },
	{ .name = "AllocationId" },
	{ .name = "PrivateIPv4Address" },
	{ .name = "IPv6Address" },
};
static const struct shape subnet_mapping_shape = { SHAPE_MEMBERS(subnet_mapping_members) };
#define SUBNET_MAPPINGS .name = "SubnetMappings", .type = SHAPE_LIST, .of = &subnet_mapping_shape

static const struct shape_member create_load_balancer_members[] = {
	{ .name = "Name", .required = true },
	{ TEXTS("Subnets") },
	{ SUBNET_MAPPINGS },
	{ TEXTS("SecurityGroups") },
	{ .name = "Scheme" },
	{ TAGS },
	{ .name = "Type" },
	{ .name = "IpAddressType" },
};
SHAPE(create_load_balancer)

static const struct shape_member describe_load_balancers_members[] = {
	{ TEXTS("LoadBalancerArns") },
	{ TEXTS("Names") },
	PAGE,
};
SHAPE(describe_load_balancers)

static const struct shape_member delete_load_balancer_members[] = {
	{ .name = "LoadBalancerArn", .required = true },
};
SHAPE(delete_load_balancer)

static const struct shape_member describe_load_balancer_attributes_members[] = {
	{ .name = "LoadBalancerArn", .required = true },
};
SHAPE(describe_load_balancer_attributes)

static const struct shape_member modify_load_balancer_attributes_members[] = {
	{ .name = "LoadBalancerArn", .required = true },
	{ ATTRIBUTES },
};
SHAPE(modify_load_balancer_attributes)

static const struct shape_member set_security_groups_members[] = {
	{ .name = "LoadBalancerArn", .required = true },
	{ TEXTS("SecurityGroups"), .required = true },
};
SHAPE(set_security_groups)

static const struct shape_member set_subnets_members[] = {
	{ .name = "LoadBalancerArn", .required = true },
	{ TEXTS("Subnets") },
	{ SUBNET_MAPPINGS },
	{ .name = "IpAddressType" },
};
SHAPE(set_subnets)

static const struct shape_member set_ip_address_type_members[] = {
	{ .name = "LoadBalancerArn", .required = true },
	{ .name = "IpAddressType", .required = true },
};
SHAPE(set_ip_address_type)

/* --- listeners ---------------------------------------------------------------------------------------------------------------------- */

static const struct shape_member weighted_group_members[] = {
	{ .name = "TargetGroupArn" },
	{ .name = "Weight", .type = SHAPE_INTEGER },
};
static const struct shape weighted_group_shape = { SHAPE_MEMBERS(weighted_group_members) };

static const struct shape_member forward_members[] = {
	{ .name = "TargetGroups", .type = SHAPE_LIST, .of = &weighted_group_shape },
};
static const struct shape forward_shape = { SHAPE_MEMBERS(forward_members) };

static const struct shape_member action_members[] = {
	{ .name = "Type", .required = true },
	{ .name = "TargetGroupArn" },
	{ .name = "Order", .type = SHAPE_INTEGER },
	{ .name = "ForwardConfig", .type = SHAPE_STRUCT, .of = &forward_shape },
};
static const struct shape action_shape = { SHAPE_MEMBERS(action_members) };
#define ACTIONS .name = "DefaultActions", .type = SHAPE_LIST, .of = &action_shape

static const struct shape_member certificate_members[] = {
	{ .name = "CertificateArn" },
	{ .name = "IsDefault", .type = SHAPE_BOOL },
};
static const struct shape certificate_shape = { SHAPE_MEMBERS(certificate_members) };
#define CERTIFICATES .name = "Certificates", .type = SHAPE_LIST, .of = &certificate_shape

static const struct shape_member create_listener_members[] = {
	{ .name = "LoadBalancerArn", .required = true },
	{ .name = "Protocol" },
	{ .name = "Port", .type = SHAPE_INTEGER },
	{ .name = "SslPolicy" },
	{ CERTIFICATES },
	{ ACTIONS, .required = true },
	{ TEXTS("AlpnPolicy") },
	{ TAGS },
};
SHAPE(create_listener)

static const struct shape_member modify_listener_members[] = {
	{ .name = "ListenerArn", .required = true },
	{ .name = "Port", .type = SHAPE_INTEGER },
	{ .name = "Protocol" },
	{ .name = "SslPolicy" },
	{ CERTIFICATES },
	{ ACTIONS },
	{ TEXTS("AlpnPolicy") },
};
SHAPE(modify_listener)

static const struct shape_member describe_listeners_members[] = {
	{ .name = "LoadBalancerArn" },
	{ TEXTS("ListenerArns") },
	PAGE,
};
SHAPE(describe_listeners)

static const struct shape_member delete_listener_members[] = {
	{ .name = "ListenerArn", .required = true },
};
SHAPE(delete_listener)

static const struct shape_member describe_listener_attributes_members[] = {
	{ .name = "ListenerArn", .required = true },
};
SHAPE(describe_listener_attributes)

static const struct shape_member modify_listener_attributes_members[] = {
	{ .name = "ListenerArn", .required = true },
	{ ATTRIBUTES },
};
SHAPE(modify_listener_attributes)

/* --- target groups ------------------------------------------------------------------------------------------------------------------- */

static const struct shape_member matcher_members[] = {
	{ .name = "HttpCode" },
	{ .name = "GrpcCode" },
};
static const struct shape matcher_shape = { SHAPE_MEMBERS(matcher_members) };

#define HEALTH_CHECK                                                                                                   \
	{ .name = "HealthCheckProtocol" }, { .name = "HealthCheckPort" }, { .name = "HealthCheckPath" },               \
		{ .name = "HealthCheckEnabled", .type = SHAPE_BOOL },                                                  \
		{ .name = "HealthCheckIntervalSeconds", .type = SHAPE_INTEGER },                                       \
		{ .name = "HealthCheckTimeoutSeconds", .type = SHAPE_INTEGER },                                        \
		{ .name = "HealthyThresholdCount", .type = SHAPE_INTEGER },                                            \
		{ .name = "UnhealthyThresholdCount", .type = SHAPE_INTEGER },                                          \
	{                                                                                                              \
		.name = "Matcher", .type = SHAPE_STRUCT, .of = &matcher_shape                                          \
	}

static const struct shape_member create_target_group_members[] = {
	{ .name = "Name", .required = true },
	{ .name = "Protocol" },
	{ .name = "ProtocolVersion" },
	{ .name = "Port", .type = SHAPE_INTEGER },
	{ .name = "VpcId" },
	HEALTH_CHECK,
	{ .name = "TargetType" },
	{ TAGS },
	{ .name = "IpAddressType" },
};
SHAPE(create_target_group)

static const struct shape_member modify_target_group_members[] = {
	{ .name = "TargetGroupArn", .required = true },
	HEALTH_CHECK,
};
SHAPE(modify_target_group)

static const struct shape_member describe_target_groups_members[] = {
	{ .name = "LoadBalancerArn" },
	{ TEXTS("TargetGroupArns") },
	{ TEXTS("Names") },
	PAGE,
};
SHAPE(describe_target_groups)

static const struct shape_member delete_target_group_members[] = {
	{ .name = "TargetGroupArn", .required = true },
};
SHAPE(delete_target_group)

static const struct shape_member describe_target_group_attributes_members[] = {
	{ .name = "TargetGroupArn", .required = true },
};
SHAPE(describe_target_group_attributes)

static const struct shape_member modify_target_group_attributes_members[] = {
	{ .name = "TargetGroupArn", .required = true },
	{ ATTRIBUTES },
};
SHAPE(modify_target_group_attributes)

static const struct shape_member target_members[] = {
	{ .name = "Id", .required = true },
	{ .name = "Port", .type = SHAPE_INTEGER },
	{ .name = "AvailabilityZone" },
};
static const struct shape target_shape = { SHAPE_MEMBERS(target_members) };
#define TARGETS .name = "Targets", .type = SHAPE_LIST, .of = &target_shape

static const struct shape_member register_targets_members[] = {
	{ .name = "TargetGroupArn", .required = true },
	{ TARGETS, .required = true },
};
SHAPE(register_targets)

static const struct shape_member deregister_targets_members[] = {
	{ .name = "TargetGroupArn", .required = true },
	{ TARGETS, .required = true },
};
SHAPE(deregister_targets)

static const struct shape_member describe_target_health_members[] = {
	{ .name = "TargetGroupArn", .required = true },
	{ TARGETS },
	{ TEXTS("Include") },
};
SHAPE(describe_target_health)

/* --- tags ----------------------------------------------------------------------------------------------------------------------------- */

static const struct shape_member elbv2_add_tags_members[] = {
	{ TEXTS("ResourceArns"), .required = true },
	{ TAGS, .required = true },
};
SHAPE(elbv2_add_tags)

static const struct shape_member elbv2_remove_tags_members[] = {
	{ TEXTS("ResourceArns"), .required = true },
	{ TEXTS("TagKeys"), .required = true },
};
SHAPE(elbv2_remove_tags)

static const struct shape_member elbv2_describe_tags_members[] = {
	{ TEXTS("ResourceArns"), .required = true },
};
SHAPE(elbv2_describe_tags)
