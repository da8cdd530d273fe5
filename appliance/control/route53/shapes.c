/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shapes of the inputs of Amazon Route 53.
 * Source: the service's public API model, version 2013-04-01; enumerations in the order in which AWS prints them.
 */
#include "appliance/control/shapes.h"

static const struct shape_member vpc_shape_members[] = {
	{ .name = "VPCRegion",
		.enumeration =
			"us-east-1, us-east-2, us-west-1, us-west-2, eu-west-1, eu-west-2, eu-west-3, eu-central-1, "
			"eu-central-2, ap-east-1, me-south-1, us-gov-west-1, us-gov-east-1, us-iso-east-1, "
			"us-iso-west-1, us-isob-east-1, me-central-1, ap-southeast-1, ap-southeast-2, ap-southeast-3, "
			"ap-south-1, ap-south-2, ap-northeast-1, ap-northeast-2, ap-northeast-3, eu-north-1, "
			"sa-east-1, ca-central-1, cn-north-1, af-south-1, eu-south-1, eu-south-2" },
	{ .name = "VPCId" },
};
static const struct shape vpc_shape = { SHAPE_MEMBERS(vpc_shape_members) };

static const struct shape_member hosted_zone_config_shape_members[] = {
	{ .name = "Comment" },
	{ .name = "PrivateZone", .type = SHAPE_BOOL },
};
static const struct shape hosted_zone_config_shape = { SHAPE_MEMBERS(hosted_zone_config_shape_members) };

static const struct shape_member create_hosted_zone_members[] = {
	{ .name = "Name", .required = true },
	{ .name = "VPC", .type = SHAPE_STRUCT, .of = &vpc_shape },
	{ .name = "CallerReference", .required = true },
	{ .name = "HostedZoneConfig", .type = SHAPE_STRUCT, .of = &hosted_zone_config_shape },
	{ .name = "DelegationSetId" },
};
const struct shape shape_create_hosted_zone = { SHAPE_MEMBERS(create_hosted_zone_members) };

static const struct shape_member list_hosted_zones_members[] = {
	{ .name = "Marker", .wire = "marker", .place = SHAPE_QUERY },
	{ .name = "MaxItems", .wire = "maxitems", .place = SHAPE_QUERY },
	{ .name = "DelegationSetId", .wire = "delegationsetid", .place = SHAPE_QUERY },
};
const struct shape shape_list_hosted_zones = { SHAPE_MEMBERS(list_hosted_zones_members) };

static const struct shape_member list_hosted_zones_by_name_members[] = {
	{ .name = "DNSName", .wire = "dnsname", .place = SHAPE_QUERY },
	{ .name = "HostedZoneId", .wire = "hostedzoneid", .place = SHAPE_QUERY },
	{ .name = "MaxItems", .wire = "maxitems", .place = SHAPE_QUERY },
};
const struct shape shape_list_hosted_zones_by_name = { SHAPE_MEMBERS(list_hosted_zones_by_name_members) };

static const struct shape_member get_hosted_zone_members[] = {
	{ .name = "Id", .place = SHAPE_PATH, .required = true },
};
const struct shape shape_get_hosted_zone = { SHAPE_MEMBERS(get_hosted_zone_members) };

static const struct shape_member delete_hosted_zone_members[] = {
	{ .name = "Id", .place = SHAPE_PATH, .required = true },
};
const struct shape shape_delete_hosted_zone = { SHAPE_MEMBERS(delete_hosted_zone_members) };

static const struct shape_member geo_location_shape_members[] = {
	{ .name = "ContinentCode" },
	{ .name = "CountryCode" },
	{ .name = "SubdivisionCode" },
};
static const struct shape geo_location_shape = { SHAPE_MEMBERS(geo_location_shape_members) };

static const struct shape_member resource_record_shape_members[] = {
	{ .name = "Value", .required = true },
};
static const struct shape resource_record_shape = { SHAPE_MEMBERS(resource_record_shape_members) };

static const struct shape_member alias_target_shape_members[] = {
	{ .name = "HostedZoneId", .required = true },
	{ .name = "DNSName", .required = true },
	{ .name = "EvaluateTargetHealth", .type = SHAPE_BOOL, .required = true },
};
static const struct shape alias_target_shape = { SHAPE_MEMBERS(alias_target_shape_members) };

static const struct shape_member cidr_routing_config_shape_members[] = {
	{ .name = "CollectionId", .required = true },
	{ .name = "LocationName", .required = true },
};
static const struct shape cidr_routing_config_shape = { SHAPE_MEMBERS(cidr_routing_config_shape_members) };

static const struct shape_member resource_record_set_shape_members[] = {
	{ .name = "Name", .required = true },
	{ .name = "Type",
		.enumeration = "SOA, A, TXT, NS, CNAME, MX, NAPTR, PTR, SRV, SPF, AAAA, CAA, DS",
		.required = true },
	{ .name = "SetIdentifier" },
	{ .name = "Weight", .type = SHAPE_INTEGER },
	{ .name = "Region",
		.enumeration =
			"us-east-1, us-east-2, us-west-1, us-west-2, ca-central-1, eu-west-1, eu-west-2, eu-west-3, "
			"eu-central-1, eu-central-2, ap-southeast-1, ap-southeast-2, ap-southeast-3, ap-northeast-1, "
			"ap-northeast-2, ap-northeast-3, eu-north-1, sa-east-1, cn-north-1, cn-northwest-1, ap-east-1, "
			"me-south-1, me-central-1, ap-south-1, ap-south-2, af-south-1, eu-south-1, eu-south-2" },
	{ .name = "GeoLocation", .type = SHAPE_STRUCT, .of = &geo_location_shape },
	{ .name = "Failover", .enumeration = "PRIMARY, SECONDARY" },
	{ .name = "MultiValueAnswer", .type = SHAPE_BOOL },
	{ .name = "TTL", .type = SHAPE_INTEGER },
	{ .name = "ResourceRecords", .type = SHAPE_LIST, .item_name = "ResourceRecord", .of = &resource_record_shape },
	{ .name = "AliasTarget", .type = SHAPE_STRUCT, .of = &alias_target_shape },
	{ .name = "HealthCheckId" },
	{ .name = "TrafficPolicyInstanceId" },
	{ .name = "CidrRoutingConfig", .type = SHAPE_STRUCT, .of = &cidr_routing_config_shape },
};
static const struct shape resource_record_set_shape = { SHAPE_MEMBERS(resource_record_set_shape_members) };

static const struct shape_member change_shape_members[] = {
	{ .name = "Action", .enumeration = "CREATE, DELETE, UPSERT", .required = true },
	{ .name = "ResourceRecordSet", .type = SHAPE_STRUCT, .of = &resource_record_set_shape, .required = true },
};
static const struct shape change_shape = { SHAPE_MEMBERS(change_shape_members) };

static const struct shape_member change_batch_shape_members[] = {
	{ .name = "Comment" },
	{ .name = "Changes", .type = SHAPE_LIST, .item_name = "Change", .of = &change_shape, .required = true },
};
static const struct shape change_batch_shape = { SHAPE_MEMBERS(change_batch_shape_members) };

static const struct shape_member change_record_sets_members[] = {
	{ .name = "HostedZoneId", .wire = "Id", .place = SHAPE_PATH, .required = true },
	{ .name = "ChangeBatch", .type = SHAPE_STRUCT, .of = &change_batch_shape, .required = true },
};
const struct shape shape_change_record_sets = { SHAPE_MEMBERS(change_record_sets_members) };

static const struct shape_member list_record_sets_members[] = {
	{ .name = "HostedZoneId", .wire = "Id", .place = SHAPE_PATH, .required = true },
	{ .name = "StartRecordName", .wire = "name", .place = SHAPE_QUERY },
	{ .name = "StartRecordType",
		.wire = "type",
		.place = SHAPE_QUERY,
		.enumeration = "SOA, A, TXT, NS, CNAME, MX, NAPTR, PTR, SRV, SPF, AAAA, CAA, DS" },
	{ .name = "StartRecordIdentifier", .wire = "identifier", .place = SHAPE_QUERY },
	{ .name = "MaxItems", .wire = "maxitems", .place = SHAPE_QUERY },
};
const struct shape shape_list_record_sets = { SHAPE_MEMBERS(list_record_sets_members) };

static const struct shape_member get_change_members[] = {
	{ .name = "Id", .place = SHAPE_PATH, .required = true },
};
const struct shape shape_get_change = { SHAPE_MEMBERS(get_change_members) };

static const struct shape_member associate_vpc_members[] = {
	{ .name = "HostedZoneId", .wire = "Id", .place = SHAPE_PATH, .required = true },
	{ .name = "VPC", .type = SHAPE_STRUCT, .of = &vpc_shape, .required = true },
	{ .name = "Comment" },
};
const struct shape shape_associate_vpc = { SHAPE_MEMBERS(associate_vpc_members) };

static const struct shape_member disassociate_vpc_members[] = {
	{ .name = "HostedZoneId", .wire = "Id", .place = SHAPE_PATH, .required = true },
	{ .name = "VPC", .type = SHAPE_STRUCT, .of = &vpc_shape, .required = true },
	{ .name = "Comment" },
};
const struct shape shape_disassociate_vpc = { SHAPE_MEMBERS(disassociate_vpc_members) };
