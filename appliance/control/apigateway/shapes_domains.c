/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shapes of the inputs of API Gateway: DomainName, BasePathMapping, DomainNameAccessAssociation; tags and the account.
 * Source: the service's public API model, version 2015-07-09; enumerations in the order in which AWS prints them.
 */
#include "appliance/control/apigateway/shape_parts.h"
#include "appliance/control/shapes.h"

static const struct shape_member mutual_tls_authentication_input_shape_members[] = {
	{ .name = "truststoreUri" },
	{ .name = "truststoreVersion" },
};
static const struct shape mutual_tls_authentication_input_shape = { SHAPE_MEMBERS(
	mutual_tls_authentication_input_shape_members) };

static const struct shape_member create_domain_name_members[] = {
	{ .name = "domainName", .required = true },
	{ .name = "certificateName" },
	{ .name = "certificateBody" },
	{ .name = "certificatePrivateKey" },
	{ .name = "certificateChain" },
	{ .name = "certificateArn" },
	{ .name = "regionalCertificateName" },
	{ .name = "regionalCertificateArn" },
	{ .name = "endpointConfiguration", .type = SHAPE_STRUCT, .of = &shape_of_endpoint_configuration },
	{ .name = "tags", .type = SHAPE_MAP },
	{ .name = "securityPolicy", .enumeration = SHAPE_SECURITY_POLICIES },
	{ .name = "mutualTlsAuthentication", .type = SHAPE_STRUCT, .of = &mutual_tls_authentication_input_shape },
	{ .name = "ownershipVerificationCertificateArn" },
	{ .name = "policy" },
	{ .name = "endpointAccessMode", .enumeration = SHAPE_ACCESS_MODES },
	{ .name = "routingMode", .enumeration = SHAPE_ROUTING_MODES },
};
const struct shape shape_create_domain_name = { SHAPE_MEMBERS(create_domain_name_members) };

static const struct shape_member get_domain_names_members[] = {
	SHAPE_PAGE,
	{ .name = "resourceOwner", .place = SHAPE_QUERY, .enumeration = "SELF, OTHER_ACCOUNTS" },
};
const struct shape shape_get_domain_names = { SHAPE_MEMBERS(get_domain_names_members) };

static const struct shape_member get_domain_name_members[] = {
	SHAPE_DOMAIN_NAME,
	SHAPE_DOMAIN_NAME_ID,
};
const struct shape shape_get_domain_name = { SHAPE_MEMBERS(get_domain_name_members) };

static const struct shape_member update_domain_name_members[] = {
	SHAPE_DOMAIN_NAME,
	SHAPE_PATCH_OPERATIONS,
	SHAPE_DOMAIN_NAME_ID,
};
const struct shape shape_update_domain_name = { SHAPE_MEMBERS(update_domain_name_members) };

static const struct shape_member delete_domain_name_members[] = {
	SHAPE_DOMAIN_NAME,
	SHAPE_DOMAIN_NAME_ID,
};
const struct shape shape_delete_domain_name = { SHAPE_MEMBERS(delete_domain_name_members) };

static const struct shape_member create_base_path_mapping_members[] = {
	SHAPE_DOMAIN_NAME,
	{ .name = "basePath" },
	{ .name = "restApiId", .required = true },
	{ .name = "stage" },
	SHAPE_DOMAIN_NAME_ID,
};
const struct shape shape_create_base_path_mapping = { SHAPE_MEMBERS(create_base_path_mapping_members) };

static const struct shape_member get_base_path_mappings_members[] = {
	SHAPE_DOMAIN_NAME,
	SHAPE_PAGE,
	SHAPE_DOMAIN_NAME_ID,
};
const struct shape shape_get_base_path_mappings = { SHAPE_MEMBERS(get_base_path_mappings_members) };

static const struct shape_member get_base_path_mapping_members[] = {
	SHAPE_DOMAIN_NAME,
	SHAPE_BASE_PATH,
	SHAPE_DOMAIN_NAME_ID,
};
const struct shape shape_get_base_path_mapping = { SHAPE_MEMBERS(get_base_path_mapping_members) };

static const struct shape_member update_base_path_mapping_members[] = {
	SHAPE_DOMAIN_NAME,
	SHAPE_BASE_PATH,
	SHAPE_PATCH_OPERATIONS,
	SHAPE_DOMAIN_NAME_ID,
};
const struct shape shape_update_base_path_mapping = { SHAPE_MEMBERS(update_base_path_mapping_members) };

static const struct shape_member delete_base_path_mapping_members[] = {
	SHAPE_DOMAIN_NAME,
	SHAPE_BASE_PATH,
	SHAPE_DOMAIN_NAME_ID,
};
const struct shape shape_delete_base_path_mapping = { SHAPE_MEMBERS(delete_base_path_mapping_members) };

static const struct shape_member create_domain_access_members[] = {
	{ .name = "domainNameArn", .required = true },
	{ .name = "accessAssociationSourceType", .enumeration = "VPCE", .required = true },
	{ .name = "accessAssociationSource", .required = true },
	{ .name = "tags", .type = SHAPE_MAP },
};
const struct shape shape_create_domain_access = { SHAPE_MEMBERS(create_domain_access_members) };

static const struct shape_member get_domain_accesses_members[] = {
	SHAPE_PAGE,
	{ .name = "resourceOwner", .place = SHAPE_QUERY, .enumeration = "SELF, OTHER_ACCOUNTS" },
};
const struct shape shape_get_domain_accesses = { SHAPE_MEMBERS(get_domain_accesses_members) };

static const struct shape_member delete_domain_access_members[] = {
	{ .name = "domainNameAccessAssociationArn",
		.wire = "domain_name_access_association_arn",
		.place = SHAPE_PATH,
		.required = true },
};
const struct shape shape_delete_domain_access = { SHAPE_MEMBERS(delete_domain_access_members) };

static const struct shape_member reject_domain_access_members[] = {
	{ .name = "domainNameAccessAssociationArn", .place = SHAPE_QUERY, .required = true },
	{ .name = "domainNameArn", .place = SHAPE_QUERY, .required = true },
};
const struct shape shape_reject_domain_access = { SHAPE_MEMBERS(reject_domain_access_members) };

const struct shape shape_get_account = { .type = SHAPE_STRUCT };

static const struct shape_member tag_resource_members[] = {
	SHAPE_RESOURCE_ARN,
	{ .name = "tags", .type = SHAPE_MAP, .required = true },
};
const struct shape shape_tag_resource = { SHAPE_MEMBERS(tag_resource_members) };

static const struct shape_member get_tags_members[] = {
	SHAPE_RESOURCE_ARN,
	SHAPE_PAGE,
};
const struct shape shape_get_tags = { SHAPE_MEMBERS(get_tags_members) };

static const struct shape_member untag_resource_members[] = {
	SHAPE_RESOURCE_ARN,
	{ .name = "tagKeys", .place = SHAPE_QUERY, .type = SHAPE_LIST, .required = true },
};
const struct shape shape_untag_resource = { SHAPE_MEMBERS(untag_resource_members) };
