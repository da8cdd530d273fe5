/* SPDX-License-Identifier: GPL-3.0-or-later */
/* BasePathMapping and DomainNameAccessAssociation. */
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/apigateway/domains.h"
#include "appliance/control/apigateway/page.h"
#include "appliance/control/apigateway/patch_rows.h"
#include "appliance/control/apigateway/rest_api_rules.h"
#include "appliance/control/apigateway/tags.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

/* Source: API Gateway Developer Guide, "Use API mappings": at most 300 characters of these. */
enum { BASE_PATH_MAX_BYTES = 300 };
#define NO_BASE_PATH "(none)"

/* Paths of the health checks. Source: spec/domains.md 1. */
static bool base_path_reserved(const char *path)
{
	return strcmp(path, "ping") == 0 || strcmp(path, "sping") == 0;
}

static bool base_path_valid(const char *path)
{
	size_t length = strlen(path);

	return length > 0 && length <= BASE_PATH_MAX_BYTES && path[0] != '/' && path[length - 1] != '/' &&
	       strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789$-_.+!*'()/") == length;
}

static int check_base_path(struct call *call, const char *path)
{
	if (strcmp(path, NO_BASE_PATH) != 0 && !base_path_valid(path))
		return call_fail(call, "BadRequestException", "API Gateway V1 doesn't support the base path: %s", path);
	if (base_path_reserved(path))
		return call_fail(call, "BadRequestException", "The base path %s is reserved for health checks", path);
	/* Multi-level paths belong to the v2 API. */
	if (strchr(path, '/'))
		return call_fail(call, "BadRequestException",
			"API Gateway V1 doesn't support the slash character (/) in base path mappings. To create a "
			"multi-level base path mapping, use API Gateway V2.");
	return 0;
}

/* May this API (and stage, unless NULL) be reached through the domain? */
static int check_target(struct call *call, const struct json *domain, const char *api_id, const char *stage)
{
	struct json JSON_CLEANUP *api = api_id ? record_find(call, STORE_restapi, api_id) : NULL;

	if (!api)
		return call_fail(call, "BadRequestException", "Invalid REST API identifier specified");
	if (rest_api_is_private(api) != domain_is_private(domain))
		return call_fail(call, "BadRequestException", "%s",
			domain_is_private(domain) ? "Only private REST APIs can be mapped to a private domain name."
						  : "Private REST APIs can be mapped to private domain names only.");
	if (stage && *stage && !record_exists(call, STORE_stage, call_text(call, "%s/%s", api_id, stage)))
		return call_fail(call, "BadRequestException", "Invalid stage identifier specified");
	return 0;
}

static const char *mapping_key(struct call *call, const char *base_path)
{
	return call_text(call, "%s/%s", domain_id(call), base_path);
}

int op_create_base_path_mapping(struct call *call)
{
	const char *path = call_input(call, "basePath"), *api_id = call_input(call, "restApiId"),
		   *stage = call_input(call, "stage");
	struct json JSON_CLEANUP *domain = NULL, *mapping = json_object_new();
	int error = domain_find(call, &domain);

	if (error < 0)
		return error;
	if (!path || !*path)
		path = NO_BASE_PATH;
	if (check_base_path(call, path) < 0)
		return CALL_FAILED;
	error = check_target(call, domain, api_id, stage);
	if (error < 0)
		return error;
	if (record_exists(call, STORE_basepathmapping, mapping_key(call, path)))
		return call_fail(call, "ConflictException", "Base path already exists for this domain name");
	json_set_c_string(mapping, "basePath", path);
	json_set_c_string(mapping, "restApiId", api_id);
	if (stage && *stage)
		json_set_c_string(mapping, "stage", stage);
	record_put(call, STORE_basepathmapping, mapping_key(call, path), domain_id(call), mapping);
	call_answer(call, mapping);
	return 0;
}

static int mapping_find(struct call *call, struct json **ret_domain, struct json **ret)
{
	int error = domain_find(call, ret_domain);

	if (error < 0)
		return error;
	*ret = record_find(call, STORE_basepathmapping, mapping_key(call, call_input(call, "basePath")));
	if (*ret)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid base path mapping identifier specified");
}

int op_get_base_path_mapping(struct call *call)
{
	struct json JSON_CLEANUP *domain = NULL, *mapping = NULL;
	int error = mapping_find(call, &domain, &mapping);

	if (error == 0)
		call_answer(call, mapping);
	return error;
}

int op_get_base_path_mappings(struct call *call)
{
	struct json JSON_CLEANUP *domain = NULL;
	int error = domain_find(call, &domain);

	return error < 0 ? error
			 : page_list(call, record_list(call, STORE_basepathmapping, domain_id(call)), "basePath");
}

static int patch_base_path(struct call *call, const struct patch *patch, struct json *mapping)
{
	const char *path = patch->value && *patch->value ? patch->value : NO_BASE_PATH;

	if (check_base_path(call, path) < 0)
		return CALL_FAILED;
	json_set_c_string(mapping, "basePath", path);
	return 0;
}

static int patch_rest_api_id(struct call *call, const struct patch *patch, struct json *mapping)
{
	(void)call;
	patch_text(mapping, "restApiId", patch);
	return 0;
}

static int patch_mapping(struct call *call, const struct patch *patch, struct json *mapping)
{
	/* The page spells two of them unlike the members; clients send both. */
	static const struct patch_row rows[] = {
		{ "/basepath", PATCH_ON_REPLACE, patch_base_path },
		{ "/basePath", PATCH_ON_REPLACE, patch_base_path },
		{ "/restapiId", PATCH_ON_REPLACE, patch_rest_api_id },
		{ "/restApiId", PATCH_ON_REPLACE, patch_rest_api_id },
		{ "/stage", PATCH_ON_REPLACE, patch_set_or_unset },
	};

	return patch_by_rows(call, patch, mapping, rows, ARRAY_COUNT(rows));
}

int op_update_base_path_mapping(struct call *call)
{
	const char *old_path = call_input(call, "basePath"), *path;
	struct json JSON_CLEANUP *domain = NULL, *mapping = NULL;
	int error = mapping_find(call, &domain, &mapping);

	if (error == 0)
		error = patch_apply(call, mapping, patch_mapping);
	if (error == 0)
		error = check_target(
			call, domain, json_find_c_string(mapping, "restApiId"), json_find_c_string(mapping, "stage"));
	if (error < 0)
		return error;
	path = json_find_c_string(mapping, "basePath");
	if (strcmp(path, old_path) != 0) {
		if (record_exists(call, STORE_basepathmapping, mapping_key(call, path)))
			return call_fail(call, "ConflictException", "Base path already exists for this domain name");
		record_delete(call, STORE_basepathmapping, mapping_key(call, old_path));
	}
	record_put(call, STORE_basepathmapping, mapping_key(call, path), domain_id(call), mapping);
	call_answer(call, mapping);
	return 0;
}

int op_delete_base_path_mapping(struct call *call)
{
	struct json JSON_CLEANUP *domain = NULL, *mapping = NULL;
	int error = mapping_find(call, &domain, &mapping);

	if (error < 0)
		return error;
	record_delete(call, STORE_basepathmapping, mapping_key(call, call_input(call, "basePath")));
	return 0;
}

/* --- DomainNameAccessAssociation ----------------------------------------------------------------------------------------------- */

/* Source: spec/domains.md 1. */
enum { ASSOCIATIONS_MAX = 100 };

/* "name+id" of the ARN of a private domain, or NULL. */
static const char *domain_of_arn(struct call *call, const char *arn)
{
	const char *start = call_text(call, "arn:aws:apigateway:%s:%s:/domainnames/", control_region(call->control),
		control_account(call->control));

	return strncmp(arn, start, strlen(start)) == 0 ? arn + strlen(start) : NULL;
}

int op_create_domain_access(struct call *call)
{
	const char *arn = call_input(call, "domainNameArn"), *source = call_input(call, "accessAssociationSource");
	const char *id = domain_of_arn(call, arn), *association_arn;
	struct json JSON_CLEANUP *domain = id ? record_find(call, STORE_domainname, id) : NULL;
	struct json JSON_CLEANUP *all = NULL, *association = json_object_new();

	if (!domain || !domain_is_private(domain))
		return call_fail(call, "NotFoundException", "Invalid domain name identifier specified");
	if (!record_exists(call, STORE_vpcendpoint, source))
		return call_fail(call, "BadRequestException", "Invalid VPC endpoint ID specified: %s", source);
	if (tags_check(call, json_find(call->input, "tags")) < 0)
		return CALL_FAILED;
	all = record_list(call, STORE_domainaccess, NULL);
	JSON_EACH(other, all)
	{
		const char *other_id = domain_of_arn(call, json_find_c_string(other, "domainNameArn"));

		/* One domain of a name per endpoint: which certificate to show would else be open. */
		if (view_equals_text(json_find_text(other, "accessAssociationSource"), source) && other_id &&
			strncmp(other_id, id, (size_t)(strchr(id, '+') - id) + 1) == 0)
			return call_fail(call, "ConflictException",
				"A domain name access association already exists for this domain name and "
				"VPC endpoint");
	}
	if (json_count(all) >= ASSOCIATIONS_MAX)
		return call_fail(call, "LimitExceededException",
			"Maximum number of domain name access associations for this account has been reached.");
	association_arn =
		call_text(call, "arn:aws:apigateway:%s:%s:/domainnameaccessassociations/domainname/%s/vpcesource/%s",
			control_region(call->control), control_account(call->control), id, source);
	json_set_c_string(association, "domainNameAccessAssociationArn", association_arn);
	json_set_c_string(association, "domainNameArn", arn);
	call_take(call, association, "accessAssociationSourceType", "accessAssociationSource", NULL);
	if (json_count(json_find(call->input, "tags")))
		call_take(call, association, "tags", NULL);
	record_put(call, STORE_domainaccess, association_arn, id, association);
	call_answer(call, association);
	return 0;
}

int op_get_domain_accesses(struct call *call)
{
	const char *owner = call_input(call, "resourceOwner");
	bool others = owner && strcmp(owner, "OTHER_ACCOUNTS") == 0;

	return page_list(call, others ? json_array_new() : record_list(call, STORE_domainaccess, NULL),
		"domainNameAccessAssociationArn");
}

static int access_find(struct call *call, struct json **ret)
{
	*ret = record_find(call, STORE_domainaccess, call_input(call, "domainNameAccessAssociationArn"));
	if (*ret)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid domain name access association identifier specified");
}

int op_delete_domain_access(struct call *call)
{
	struct json JSON_CLEANUP *association = NULL;
	int error = access_find(call, &association);

	if (error == 0)
		record_delete(call, STORE_domainaccess, call_input(call, "domainNameAccessAssociationArn"));
	return error;
}

/* The domain's owner ends an association: that of another domain than the one named is not meant. */
int op_reject_domain_access(struct call *call)
{
	struct json JSON_CLEANUP *association = NULL;
	int error = access_find(call, &association);

	if (error < 0)
		return error;
	if (!view_equals_text(json_find_text(association, "domainNameArn"), call_input(call, "domainNameArn")))
		return call_fail(call, "NotFoundException", "Invalid domain name identifier specified");
	record_delete(call, STORE_domainaccess, call_input(call, "domainNameAccessAssociationArn"));
	return 0;
}
