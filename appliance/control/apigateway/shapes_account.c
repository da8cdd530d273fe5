/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shapes of the inputs about what belongs to the whole account: itself, client certificates and VPC links. */
#include "appliance/control/apigateway/shape_parts.h"
#include "appliance/control/shapes.h"

/* clang-format off */
#define SHAPE_CLIENT_CERTIFICATE_ID { .name = "clientCertificateId", .wire = "clientcertificate_id", .place = SHAPE_PATH, .required = true }
#define SHAPE_VPC_LINK_ID { .name = "vpcLinkId", .wire = "vpclink_id", .place = SHAPE_PATH, .required = true }
/* clang-format on */

static const struct shape_member update_account_members[] = {
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_account = { SHAPE_MEMBERS(update_account_members) };

static const struct shape_member generate_client_certificate_members[] = {
	{ .name = "description" },
	{ .name = "tags", .type = SHAPE_MAP },
};
const struct shape shape_generate_client_certificate = { SHAPE_MEMBERS(generate_client_certificate_members) };

static const struct shape_member get_client_certificate_members[] = {
	SHAPE_CLIENT_CERTIFICATE_ID,
};
const struct shape shape_get_client_certificate = { SHAPE_MEMBERS(get_client_certificate_members) };

static const struct shape_member get_client_certificates_members[] = {
	SHAPE_PAGE,
};
const struct shape shape_get_client_certificates = { SHAPE_MEMBERS(get_client_certificates_members) };

static const struct shape_member update_client_certificate_members[] = {
	SHAPE_CLIENT_CERTIFICATE_ID,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_client_certificate = { SHAPE_MEMBERS(update_client_certificate_members) };

static const struct shape_member delete_client_certificate_members[] = {
	SHAPE_CLIENT_CERTIFICATE_ID,
};
const struct shape shape_delete_client_certificate = { SHAPE_MEMBERS(delete_client_certificate_members) };

static const struct shape_member create_vpc_link_members[] = {
	{ .name = "name", .required = true },
	{ .name = "description" },
	{ .name = "targetArns", .type = SHAPE_LIST, .required = true },
	{ .name = "tags", .type = SHAPE_MAP },
};
const struct shape shape_create_vpc_link = { SHAPE_MEMBERS(create_vpc_link_members) };

static const struct shape_member get_vpc_link_members[] = {
	SHAPE_VPC_LINK_ID,
};
const struct shape shape_get_vpc_link = { SHAPE_MEMBERS(get_vpc_link_members) };

static const struct shape_member get_vpc_links_members[] = {
	SHAPE_PAGE,
};
const struct shape shape_get_vpc_links = { SHAPE_MEMBERS(get_vpc_links_members) };

static const struct shape_member update_vpc_link_members[] = {
	SHAPE_VPC_LINK_ID,
	SHAPE_PATCH_OPERATIONS,
};
const struct shape shape_update_vpc_link = { SHAPE_MEMBERS(update_vpc_link_members) };

static const struct shape_member delete_vpc_link_members[] = {
	SHAPE_VPC_LINK_ID,
};
const struct shape shape_delete_vpc_link = { SHAPE_MEMBERS(delete_vpc_link_members) };
