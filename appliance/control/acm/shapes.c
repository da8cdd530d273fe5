/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shapes of the inputs of AWS Certificate Manager.
 * Source: the service's public API model, version 2015-12-08; enumerations in the order in which AWS prints them.
 */
#include "appliance/control/shapes.h"

static const struct shape_member tag_shape_members[] = {
	{ .name = "Key", .required = true },
	{ .name = "Value" },
};
static const struct shape tag_shape = { SHAPE_MEMBERS(tag_shape_members) };

static const struct shape_member import_certificate_members[] = {
	{ .name = "CertificateArn" },
	{ .name = "Certificate", .type = SHAPE_BLOB, .required = true },
	{ .name = "PrivateKey", .type = SHAPE_BLOB, .required = true },
	{ .name = "CertificateChain", .type = SHAPE_BLOB },
	{ .name = "Tags", .type = SHAPE_LIST, .of = &tag_shape },
};
const struct shape shape_import_certificate = { SHAPE_MEMBERS(import_certificate_members) };

static const struct shape_member describe_certificate_members[] = {
	{ .name = "CertificateArn", .required = true },
};
const struct shape shape_describe_certificate = { SHAPE_MEMBERS(describe_certificate_members) };

static const struct shape_member filters_shape_members[] = {
	{ .name = "extendedKeyUsage",
		.type = SHAPE_LIST,
		.enumeration =
			"TLS_WEB_SERVER_AUTHENTICATION, TLS_WEB_CLIENT_AUTHENTICATION, CODE_SIGNING, EMAIL_PROTECTION, "
			"TIME_STAMPING, OCSP_SIGNING, IPSEC_END_SYSTEM, IPSEC_TUNNEL, IPSEC_USER, ANY, NONE, CUSTOM" },
	{ .name = "keyUsage",
		.type = SHAPE_LIST,
		.enumeration =
			"DIGITAL_SIGNATURE, NON_REPUDIATION, KEY_ENCIPHERMENT, DATA_ENCIPHERMENT, KEY_AGREEMENT, "
			"CERTIFICATE_SIGNING, CRL_SIGNING, ENCIPHER_ONLY, DECIPHER_ONLY, ANY, CUSTOM" },
	{ .name = "keyTypes",
		.type = SHAPE_LIST,
		.enumeration = "RSA_1024, RSA_2048, RSA_3072, RSA_4096, EC_prime256v1, EC_secp384r1, EC_secp521r1" },
};
static const struct shape filters_shape = { SHAPE_MEMBERS(filters_shape_members) };

static const struct shape_member list_certificates_members[] = {
	{ .name = "CertificateStatuses",
		.type = SHAPE_LIST,
		.enumeration = "PENDING_VALIDATION, ISSUED, INACTIVE, EXPIRED, VALIDATION_TIMED_OUT, REVOKED, FAILED" },
	{ .name = "Includes", .type = SHAPE_STRUCT, .of = &filters_shape },
	{ .name = "NextToken" },
	{ .name = "MaxItems", .type = SHAPE_INTEGER },
	{ .name = "SortBy", .enumeration = "CREATED_AT" },
	{ .name = "SortOrder", .enumeration = "ASCENDING, DESCENDING" },
};
const struct shape shape_list_certificates = { SHAPE_MEMBERS(list_certificates_members) };

static const struct shape_member get_certificate_members[] = {
	{ .name = "CertificateArn", .required = true },
};
const struct shape shape_get_certificate = { SHAPE_MEMBERS(get_certificate_members) };

static const struct shape_member delete_certificate_members[] = {
	{ .name = "CertificateArn", .required = true },
};
const struct shape shape_delete_certificate = { SHAPE_MEMBERS(delete_certificate_members) };
