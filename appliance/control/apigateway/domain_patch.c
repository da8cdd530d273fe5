/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UpdateDomainName: the PATCH paths of a domain name. Source: spec/control-plane.md 8.1; spec/domains.md 1. */
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/domains.h"
#include "appliance/control/apigateway/patch_rows.h"
#include "appliance/control/apigateway/shape_parts.h"
#include "appliance/control/documents.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"

static int set_document(struct call *call, const struct patch *patch, struct json *domain, enum policy_kind kind)
{
	const char *member = patch->parts[0], *id = json_find_c_string(domain, "domainNameId"), *normal = NULL;
	int error;

	if (!id)
		return call_fail(call, "BadRequestException", "Policies are supported for private domain names only.");
	if (!patch->value || !*patch->value) {
		(void)json_remove(domain, member);
		return 0;
	}
	error = document_normalise(call, kind, document_domain_arn(call, json_find_c_string(domain, "domainName"), id),
		patch->value, &normal);
	if (error == 0)
		json_set_c_string(domain, member, normal);
	return error;
}

static int patch_policy(struct call *call, const struct patch *patch, struct json *domain)
{
	return set_document(call, patch, domain, POLICY_KIND_DOMAIN);
}

static int patch_management_policy(struct call *call, const struct patch *patch, struct json *domain)
{
	return set_document(call, patch, domain, POLICY_KIND_MANAGEMENT);
}

static int fail_types(struct call *call)
{
	return call_fail(
		call, "BadRequestException", "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE");
}

static bool is_public_type(const char *type)
{
	return type && (strcmp(type, "EDGE") == 0 || strcmp(type, "REGIONAL") == 0);
}

/* A public domain has both types while it is migrated from one to the other. */
static int patch_types(struct call *call, const struct patch *patch, struct json *domain)
{
	struct json *types = json_ensure_array(json_find(domain, "endpointConfiguration"), "types");

	if (domain_is_private(domain))
		return call_fail(
			call, "BadRequestException", "The endpoint type of a private domain name cannot be changed.");
	if (!is_public_type(patch->value))
		return fail_types(call);
	patch_list(types, patch, patch->value);
	return json_count(types) ? 0 : fail_types(call);
}

/* /endpointConfiguration/types/EDGE or /0 becomes another type. */
static int replace_type(struct call *call, const struct patch *patch, struct json *domain)
{
	struct json *types = json_ensure_array(json_find(domain, "endpointConfiguration"), "types");
	const char *old = patch->parts[2];

	if (domain_is_private(domain) && (!patch->value || strcmp(patch->value, "PRIVATE") != 0))
		return call_fail(
			call, "BadRequestException", "The endpoint type of a private domain name cannot be changed.");
	if (domain_is_private(domain))
		return 0;
	if (!is_public_type(patch->value))
		return fail_types(call);
	if (strcmp(old, "0") != 0 && patch_list_index(types, old) < 0)
		return patch_invalid_path(call, patch);
	(void)json_remove_at(types, strcmp(old, "0") == 0 ? 0 : (size_t)patch_list_index(types, old));
	if (patch_list_index(types, patch->value) < 0)
		json_append_text(types, view_from_text(patch->value));
	return 0;
}

static int patch_ip_address_type(struct call *call, const struct patch *patch, struct json *domain)
{
	if (!patch->value || (strcmp(patch->value, "ipv4") != 0 && strcmp(patch->value, "dualstack") != 0))
		return call_fail(call, "BadRequestException", "ipAddressType must be either ipv4 or dualstack.");
	return patch_set_text(call, patch, domain);
}

static int patch_access_mode(struct call *call, const struct patch *patch, struct json *domain)
{
	if (patch->value && *patch->value &&
		patch_check_enumeration(call, patch, "endpoint access mode", SHAPE_ACCESS_MODES) < 0)
		return CALL_FAILED;
	return patch_set_or_unset(call, patch, domain);
}

static int patch_routing_mode(struct call *call, const struct patch *patch, struct json *domain)
{
	if (patch_check_enumeration(call, patch, "routing mode", SHAPE_ROUTING_MODES) < 0)
		return CALL_FAILED;
	return patch_set_text(call, patch, domain);
}

static int patch_domain(struct call *call, const struct patch *patch, struct json *domain)
{
	static const struct patch_row rows[] = {
		{ "/certificateName", PATCH_ON_ADD_REMOVE_REPLACE, patch_set_or_unset },
		{ "/certificateArn", PATCH_ON_ADD_REMOVE_REPLACE, patch_set_or_unset },
		{ "/regionalCertificateName", PATCH_ON_ADD_REMOVE_REPLACE, patch_set_or_unset },
		{ "/regionalCertificateArn", PATCH_ON_ADD_REMOVE_REPLACE, patch_set_or_unset },
		{ "/ownershipVerificationCertificateArn", PATCH_ON_ADD_REMOVE_REPLACE, patch_set_or_unset },
		{ "/mutualTlsAuthentication/truststoreUri", PATCH_ON_ADD_REMOVE_REPLACE, patch_set_or_unset },
		{ "/mutualTlsAuthentication/truststoreVersion", PATCH_ON_ADD_REMOVE_REPLACE, patch_set_or_unset },
		{ "/endpointConfiguration/types", PATCH_ON_ADD_REMOVE, patch_types },
		{ "/endpointConfiguration/types/*", PATCH_ON_REPLACE, replace_type },
		{ "/endpointConfiguration/ipAddressType", PATCH_ON_REPLACE, patch_ip_address_type },
		{ "/endpointAccessMode", PATCH_ON_REPLACE, patch_access_mode },
		{ "/managementPolicy", PATCH_ON_REPLACE, patch_management_policy },
		{ "/policy", PATCH_ON_REPLACE, patch_policy },
		{ "/routingMode", PATCH_ON_REPLACE, patch_routing_mode },
		{ "/securityPolicy", PATCH_ON_REPLACE, patch_set_text },
	};

	return patch_by_rows(call, patch, domain, rows, ARRAY_COUNT(rows));
}

/* Source: "Patch Operations", UpdateDomainName: certificates are added or removed in one request, not both. */
static int check_mixed(struct call *call)
{
	bool adds = false, removes = false;

	JSON_EACH(operation, json_find(call->input, "patchOperations"))
	{
		struct view path = json_find_text(operation, "path"), op = json_find_text(operation, "op");

		if (view_find(path, view_of("ertificate")) == VIEW_NOWHERE)
			continue;
		adds = adds || view_equals_text(op, "add");
		removes = removes || view_equals_text(op, "remove");
	}
	if (adds && removes)
		return call_fail(
			call, "BadRequestException", "Certificates can't be added and removed in the same request.");
	return 0;
}

int op_update_domain_name(struct call *call)
{
	struct json JSON_CLEANUP *domain = NULL;
	int error = domain_find(call, &domain);

	if (error == 0)
		error = check_mixed(call);
	if (error == 0)
		error = patch_apply(call, domain, patch_domain);
	if (error < 0)
		return error;
	if (json_count(json_find(domain, "mutualTlsAuthentication")) == 0)
		(void)json_remove(domain, "mutualTlsAuthentication");
	domain_set_targets(call, domain);
	error = domain_check(call, domain_id(call), domain);
	if (error < 0)
		return error;
	record_put(call, STORE_domainname, domain_id(call), NULL, domain);
	json_free(call->output);
	call->output = domain_shown(domain);
	return 0;
}
