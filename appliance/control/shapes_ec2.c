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
