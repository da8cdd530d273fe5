/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shapes of the inputs of Amazon EC2; members carry their query names.
 * Source: the service's public API model, version 2016-11-15; enumerations in the order in which AWS prints them.
 */
#include "appliance/control/shapes.h"

static const struct shape_member dns_options_specification_shape_members[] = {
	{ .name = "DnsRecordIpType" },
};
static const struct shape dns_options_specification_shape = { SHAPE_MEMBERS(dns_options_specification_shape_members) };

static const struct shape_member tag_shape_members[] = {
	{ .name = "Key" },
	{ .name = "Value" },
};
static const struct shape tag_shape = { SHAPE_MEMBERS(tag_shape_members) };

static const struct shape_member tag_specification_shape_members[] = {
	{ .name = "ResourceType" },
	{ .name = "Tag", .type = SHAPE_LIST, .of = &tag_shape },
};
static const struct shape tag_specification_shape = { SHAPE_MEMBERS(tag_specification_shape_members) };

static const struct shape_member subnet_configuration_shape_members[] = {
	{ .name = "SubnetId" },
	{ .name = "Ipv4" },
	{ .name = "Ipv6" },
};
static const struct shape subnet_configuration_shape = { SHAPE_MEMBERS(subnet_configuration_shape_members) };

static const struct shape_member create_vpc_endpoint_members[] = {
	{ .name = "DryRun", .type = SHAPE_BOOL },
	{ .name = "VpcEndpointType" },
	{ .name = "VpcId", .required = true },
	{ .name = "ServiceName", .required = true },
	{ .name = "PolicyDocument" },
	{ .name = "RouteTableId", .type = SHAPE_LIST },
	{ .name = "SubnetId", .type = SHAPE_LIST },
	{ .name = "SecurityGroupId", .type = SHAPE_LIST },
	{ .name = "IpAddressType" },
	{ .name = "DnsOptions", .type = SHAPE_STRUCT, .of = &dns_options_specification_shape },
	{ .name = "ClientToken" },
	{ .name = "PrivateDnsEnabled", .type = SHAPE_BOOL },
	{ .name = "TagSpecification", .type = SHAPE_LIST, .of = &tag_specification_shape },
	{ .name = "SubnetConfiguration", .type = SHAPE_LIST, .of = &subnet_configuration_shape },
};
const struct shape shape_create_vpc_endpoint = { SHAPE_MEMBERS(create_vpc_endpoint_members) };

static const struct shape_member filter_shape_members[] = {
	{ .name = "Name" },
	{ .name = "Value", .type = SHAPE_LIST },
};
static const struct shape filter_shape = { SHAPE_MEMBERS(filter_shape_members) };

static const struct shape_member describe_vpc_endpoints_members[] = {
	{ .name = "DryRun", .type = SHAPE_BOOL },
	{ .name = "VpcEndpointId", .type = SHAPE_LIST },
	{ .name = "Filter", .type = SHAPE_LIST, .of = &filter_shape },
	{ .name = "MaxResults", .type = SHAPE_INTEGER },
	{ .name = "NextToken" },
};
const struct shape shape_describe_vpc_endpoints = { SHAPE_MEMBERS(describe_vpc_endpoints_members) };

static const struct shape_member modify_vpc_endpoint_members[] = {
	{ .name = "DryRun", .type = SHAPE_BOOL },
	{ .name = "VpcEndpointId", .required = true },
	{ .name = "ResetPolicy", .type = SHAPE_BOOL },
	{ .name = "PolicyDocument" },
	{ .name = "AddRouteTableId", .type = SHAPE_LIST },
	{ .name = "RemoveRouteTableId", .type = SHAPE_LIST },
	{ .name = "AddSubnetId", .type = SHAPE_LIST },
	{ .name = "RemoveSubnetId", .type = SHAPE_LIST },
	{ .name = "AddSecurityGroupId", .type = SHAPE_LIST },
	{ .name = "RemoveSecurityGroupId", .type = SHAPE_LIST },
	{ .name = "IpAddressType" },
	{ .name = "DnsOptions", .type = SHAPE_STRUCT, .of = &dns_options_specification_shape },
	{ .name = "PrivateDnsEnabled", .type = SHAPE_BOOL },
	{ .name = "SubnetConfiguration", .type = SHAPE_LIST, .of = &subnet_configuration_shape },
};
const struct shape shape_modify_vpc_endpoint = { SHAPE_MEMBERS(modify_vpc_endpoint_members) };

static const struct shape_member delete_vpc_endpoints_members[] = {
	{ .name = "DryRun", .type = SHAPE_BOOL },
	{ .name = "VpcEndpointId", .type = SHAPE_LIST, .required = true },
};
const struct shape shape_delete_vpc_endpoints = { SHAPE_MEMBERS(delete_vpc_endpoints_members) };

static const struct shape_member describe_vpc_endpoint_services_members[] = {
	{ .name = "DryRun", .type = SHAPE_BOOL },
	{ .name = "ServiceName", .type = SHAPE_LIST },
	{ .name = "Filter", .type = SHAPE_LIST, .of = &filter_shape },
	{ .name = "MaxResults", .type = SHAPE_INTEGER },
	{ .name = "NextToken" },
};
const struct shape shape_describe_vpc_endpoint_services = { SHAPE_MEMBERS(describe_vpc_endpoint_services_members) };

static const struct shape_member describe_vpcs_members[] = {
	{ .name = "Filter", .type = SHAPE_LIST, .of = &filter_shape },
	{ .name = "VpcId", .type = SHAPE_LIST },
	{ .name = "DryRun", .type = SHAPE_BOOL },
	{ .name = "NextToken" },
	{ .name = "MaxResults", .type = SHAPE_INTEGER },
};
const struct shape shape_describe_vpcs = { SHAPE_MEMBERS(describe_vpcs_members) };

static const struct shape_member describe_subnets_members[] = {
	{ .name = "Filter", .type = SHAPE_LIST, .of = &filter_shape },
	{ .name = "SubnetId", .type = SHAPE_LIST },
	{ .name = "DryRun", .type = SHAPE_BOOL },
	{ .name = "NextToken" },
	{ .name = "MaxResults", .type = SHAPE_INTEGER },
};
const struct shape shape_describe_subnets = { SHAPE_MEMBERS(describe_subnets_members) };

static const struct shape_member describe_security_groups_members[] = {
	{ .name = "Filter", .type = SHAPE_LIST, .of = &filter_shape },
	{ .name = "GroupId", .type = SHAPE_LIST },
	{ .name = "GroupName", .type = SHAPE_LIST },
	{ .name = "DryRun", .type = SHAPE_BOOL },
	{ .name = "NextToken" },
	{ .name = "MaxResults", .type = SHAPE_INTEGER },
};
const struct shape shape_describe_security_groups = { SHAPE_MEMBERS(describe_security_groups_members) };

static const struct shape_member create_security_group_members[] = {
	{ .name = "GroupDescription", .required = true },
	{ .name = "GroupName", .required = true },
	{ .name = "VpcId" },
	{ .name = "TagSpecification", .type = SHAPE_LIST, .of = &tag_specification_shape },
	{ .name = "DryRun", .type = SHAPE_BOOL },
};
const struct shape shape_create_security_group = { SHAPE_MEMBERS(create_security_group_members) };

static const struct shape_member delete_security_group_members[] = {
	{ .name = "GroupId" },
	{ .name = "GroupName" },
	{ .name = "DryRun", .type = SHAPE_BOOL },
};
const struct shape shape_delete_security_group = { SHAPE_MEMBERS(delete_security_group_members) };

static const struct shape_member describe_security_group_rules_members[] = {
	{ .name = "Filter", .type = SHAPE_LIST, .of = &filter_shape },
	{ .name = "SecurityGroupRuleId", .type = SHAPE_LIST },
	{ .name = "DryRun", .type = SHAPE_BOOL },
	{ .name = "NextToken" },
	{ .name = "MaxResults", .type = SHAPE_INTEGER },
};
const struct shape shape_describe_security_group_rules = { SHAPE_MEMBERS(describe_security_group_rules_members) };

static const struct shape_member user_id_group_pair_shape_members[] = {
	{ .name = "Description" },
	{ .name = "UserId" },
	{ .name = "GroupName" },
	{ .name = "GroupId" },
	{ .name = "VpcId" },
	{ .name = "VpcPeeringConnectionId" },
	{ .name = "PeeringStatus" },
};
static const struct shape user_id_group_pair_shape = { SHAPE_MEMBERS(user_id_group_pair_shape_members) };

static const struct shape_member ip_range_shape_members[] = {
	{ .name = "Description" },
	{ .name = "CidrIp" },
};
static const struct shape ip_range_shape = { SHAPE_MEMBERS(ip_range_shape_members) };

static const struct shape_member ipv6_range_shape_members[] = {
	{ .name = "Description" },
	{ .name = "CidrIpv6" },
};
static const struct shape ipv6_range_shape = { SHAPE_MEMBERS(ipv6_range_shape_members) };

static const struct shape_member prefix_list_id_shape_members[] = {
	{ .name = "Description" },
	{ .name = "PrefixListId" },
};
static const struct shape prefix_list_id_shape = { SHAPE_MEMBERS(prefix_list_id_shape_members) };

static const struct shape_member ip_permission_shape_members[] = {
	{ .name = "IpProtocol" },
	{ .name = "FromPort", .type = SHAPE_INTEGER },
	{ .name = "ToPort", .type = SHAPE_INTEGER },
	{ .name = "Groups", .type = SHAPE_LIST, .of = &user_id_group_pair_shape },
	{ .name = "IpRanges", .type = SHAPE_LIST, .of = &ip_range_shape },
	{ .name = "Ipv6Ranges", .type = SHAPE_LIST, .of = &ipv6_range_shape },
	{ .name = "PrefixListIds", .type = SHAPE_LIST, .of = &prefix_list_id_shape },
};
static const struct shape ip_permission_shape = { SHAPE_MEMBERS(ip_permission_shape_members) };

/* What AuthorizeSecurityGroup... and RevokeSecurityGroup... have in common. */
#define PERMISSION_MEMBERS                                                                                             \
	{ .name = "DryRun", .type = SHAPE_BOOL }, { .name = "GroupId" }, { .name = "GroupName" },                      \
		{ .name = "CidrIp" }, { .name = "FromPort", .type = SHAPE_INTEGER },                                   \
		{ .name = "ToPort", .type = SHAPE_INTEGER }, { .name = "IpProtocol" },                                 \
		{ .name = "SourceSecurityGroupName" }, { .name = "SourceSecurityGroupOwnerId" },                       \
	{                                                                                                              \
		.name = "IpPermissions", .type = SHAPE_LIST, .of = &ip_permission_shape                                \
	}

static const struct shape_member authorize_members[] = {
	PERMISSION_MEMBERS,
	{ .name = "TagSpecification", .type = SHAPE_LIST, .of = &tag_specification_shape },
};
const struct shape shape_authorize_security_group_ingress = { SHAPE_MEMBERS(authorize_members) };
const struct shape shape_authorize_security_group_egress = { SHAPE_MEMBERS(authorize_members) };

static const struct shape_member revoke_members[] = {
	PERMISSION_MEMBERS,
	{ .name = "SecurityGroupRuleId", .type = SHAPE_LIST },
};
const struct shape shape_revoke_security_group_ingress = { SHAPE_MEMBERS(revoke_members) };
const struct shape shape_revoke_security_group_egress = { SHAPE_MEMBERS(revoke_members) };

static const struct shape_member security_group_rule_request_shape_members[] = {
	{ .name = "IpProtocol" },
	{ .name = "FromPort", .type = SHAPE_INTEGER },
	{ .name = "ToPort", .type = SHAPE_INTEGER },
	{ .name = "CidrIpv4" },
	{ .name = "CidrIpv6" },
	{ .name = "PrefixListId" },
	{ .name = "ReferencedGroupId" },
	{ .name = "Description" },
};
static const struct shape security_group_rule_request_shape = { SHAPE_MEMBERS(
	security_group_rule_request_shape_members) };

static const struct shape_member security_group_rule_update_shape_members[] = {
	{ .name = "SecurityGroupRuleId" },
	{ .name = "SecurityGroupRule", .type = SHAPE_STRUCT, .of = &security_group_rule_request_shape },
};
static const struct shape security_group_rule_update_shape = { SHAPE_MEMBERS(
	security_group_rule_update_shape_members) };

static const struct shape_member modify_security_group_rules_members[] = {
	{ .name = "GroupId" },
	{ .name = "SecurityGroupRule", .type = SHAPE_LIST, .of = &security_group_rule_update_shape, .required = true },
	{ .name = "DryRun", .type = SHAPE_BOOL },
};
const struct shape shape_modify_security_group_rules = { SHAPE_MEMBERS(modify_security_group_rules_members) };

static const struct shape_member security_group_rule_description_shape_members[] = {
	{ .name = "SecurityGroupRuleId" },
	{ .name = "Description" },
};
static const struct shape security_group_rule_description_shape = { SHAPE_MEMBERS(
	security_group_rule_description_shape_members) };

static const struct shape_member update_rule_descriptions_members[] = {
	{ .name = "DryRun", .type = SHAPE_BOOL },
	{ .name = "GroupId" },
	{ .name = "GroupName" },
	{ .name = "IpPermissions", .type = SHAPE_LIST, .of = &ip_permission_shape },
	{ .name = "SecurityGroupRuleDescription", .type = SHAPE_LIST, .of = &security_group_rule_description_shape },
};
const struct shape shape_update_rule_descriptions_ingress = { SHAPE_MEMBERS(update_rule_descriptions_members) };
const struct shape shape_update_rule_descriptions_egress = { SHAPE_MEMBERS(update_rule_descriptions_members) };

static const struct shape_member tags_members[] = {
	{ .name = "DryRun", .type = SHAPE_BOOL },
	{ .name = "ResourceId", .type = SHAPE_LIST, .required = true },
	{ .name = "Tag", .type = SHAPE_LIST, .of = &tag_shape },
};
const struct shape shape_create_tags = { SHAPE_MEMBERS(tags_members) };
const struct shape shape_delete_tags = { SHAPE_MEMBERS(tags_members) };

static const struct shape_member describe_network_interfaces_members[] = {
	{ .name = "NextToken" },
	{ .name = "MaxResults", .type = SHAPE_INTEGER },
	{ .name = "DryRun", .type = SHAPE_BOOL },
	{ .name = "NetworkInterfaceId", .type = SHAPE_LIST },
	{ .name = "Filter", .type = SHAPE_LIST, .of = &filter_shape },
};
const struct shape shape_describe_network_interfaces = { SHAPE_MEMBERS(describe_network_interfaces_members) };

static const struct shape_member describe_vpc_attribute_members[] = {
	{ .name = "Attribute", .required = true },
	{ .name = "VpcId", .required = true },
	{ .name = "DryRun", .type = SHAPE_BOOL },
};
const struct shape shape_describe_vpc_attribute = { SHAPE_MEMBERS(describe_vpc_attribute_members) };

static const struct shape_member describe_prefix_lists_members[] = {
	{ .name = "DryRun", .type = SHAPE_BOOL },
	{ .name = "Filter", .type = SHAPE_LIST, .of = &filter_shape },
	{ .name = "MaxResults", .type = SHAPE_INTEGER },
	{ .name = "NextToken" },
	{ .name = "PrefixListId", .type = SHAPE_LIST },
};
const struct shape shape_describe_prefix_lists = { SHAPE_MEMBERS(describe_prefix_lists_members) };
