/* SPDX-License-Identifier: GPL-3.0-or-later */
/* domain: a custom domain name with its base path mappings and access associations → struct snapshot_domain. */
#include <errno.h>
#include <stdlib.h>

#include "appliance/model/compile.h"

struct domain_object {
	struct snapshot_domain domain; /* first */
	struct policy *policy;
	struct arena arena;
};

static void domain_free(struct catalog_object *object)
{
	struct domain_object *domain = (struct domain_object *)(void *)object;

	policy_free(domain->policy);
	arena_fini(&domain->arena);
	free(domain);
}

/* Longest first; then in order of bytes, so that equal sets give equal orders. */
static int base_path_compare(const void *left, const void *right)
{
	const struct snapshot_base_path *a = left, *b = right;

	if (a->path.count != b->path.count)
		return a->path.count > b->path.count ? -1 : 1;
	return view_compare(a->path, b->path);
}

static int compile_base_paths(struct compile *compile, struct domain_object *object, const struct json *records)
{
	struct snapshot_domain *domain = &object->domain;
	size_t count = json_count(records);
	struct snapshot_base_path *paths = ARENA_NEW_ARRAY(&object->arena, struct snapshot_base_path, count);

	if (!paths)
		return compile_no_memory(compile);
	for (size_t i = 0; i < count; i++) {
		const struct json *record = json_at(records, i);
		struct view path = json_find_text(record, "basePath");

		if (view_equals_text(path, "(none)"))
			path.count = 0;
		path = view_trim_set(path, "/");
		paths[i].path = arena_copy(&object->arena, path);
		paths[i].api_id = arena_copy(&object->arena, json_find_text(record, "restApiId"));
		paths[i].stage = arena_copy(&object->arena, json_find_text(record, "stage"));
		if (!paths[i].path.at || !paths[i].api_id.at || !paths[i].stage.at)
			return compile_no_memory(compile);
		if (view_find_byte(path, '/') != VIEW_NOWHERE)
			domain->multi_level = true;
	}
	if (count > 1)
		qsort(paths, count, sizeof *paths, base_path_compare);
	domain->base_paths = paths;
	domain->base_path_count = count;
	return 0;
}

static int compile_accesses(struct compile *compile, struct domain_object *object, const struct json *records)
{
	size_t count = json_count(records);
	struct view *ids = ARENA_NEW_ARRAY(&object->arena, struct view, count);

	if (!ids)
		return compile_no_memory(compile);
	for (size_t i = 0; i < count; i++) {
		ids[i] = arena_copy(&object->arena, json_find_text(json_at(records, i), "accessAssociationSource"));
		if (!ids[i].at)
			return compile_no_memory(compile);
	}
	object->domain.endpoint_ids = ids;
	object->domain.endpoint_count = count;
	return 0;
}

static int compile_members(
	struct compile *compile, struct domain_object *object, struct view id, const struct json *body)
{
	struct snapshot_domain *domain = &object->domain;
	struct view name = json_find_text(body, "domainName"), domain_id = json_find_text(body, "domainNameId");
	struct view type = json_text(json_at(json_find_path(body, "endpointConfiguration", "types", NULL), 0));
	struct view certificate = json_find_text(body, "certificateArn");

	if (name.count > 0 && name.at[name.count - 1] == '.')
		name.count--;
	if (name.count == 0 || name.count > 255)
		return compile_fail(compile, -EINVAL, "domainName: '" VIEW_FMT "' is no domain name", VIEW_ARG(name));
	if (certificate.count == 0)
		certificate = json_find_text(body, "regionalCertificateArn");
	domain->is_private = view_equals_text(type, "PRIVATE");
	domain->object.key = arena_copy(&object->arena, id);
	domain->name = compile_lower(&object->arena, name);
	domain->certificate_arn = arena_copy(&object->arena, certificate);
	domain->arn = arena_printf(&object->arena,
		"arn:aws:execute-api:" VIEW_FMT ":" VIEW_FMT ":/domainnames/" VIEW_FMT "%s" VIEW_FMT,
		VIEW_ARG(compile->region), VIEW_ARG(compile->account_id), VIEW_ARG(domain->name),
		domain_id.count ? "+" : "", VIEW_ARG(domain_id));
	if (!domain->object.key.at || !domain->name.at || !domain->certificate_arn.at || !domain->arn.at)
		return compile_no_memory(compile);
	return 0;
}

int domain_compile(struct compile *compile, struct view id, const struct json *body, const struct json *base_paths,
	const struct json *accesses, struct snapshot_domain **ret)
{
	struct domain_object *object = calloc(1, sizeof *object);
	int error;

	if (!object)
		return compile_no_memory(compile);
	arena_init(&object->arena, NULL, COMPILE_ARENA_MAX_BYTES);
	object->domain.object.free = domain_free;
	object->domain.object.reference_count = 1;
	error = compile_members(compile, object, id, body);
	if (!error)
		error = compile_policy(compile, POLICY_KIND_DOMAIN, object->domain.arn, "policy",
			json_find_text(body, "policy"), &object->policy);
	object->domain.policy = object->policy;
	/* Client certificates can't be asked for yet: such a domain leads nowhere, as serving it would serve it open. */
	if (!error && json_find_text(json_find(body, "mutualTlsAuthentication"), "truststoreUri").count == 0)
		error = compile_base_paths(compile, object, base_paths);
	if (!error)
		error = compile_accesses(compile, object, accesses);
	if (error) {
		domain_free(&object->domain.object);
		return error;
	}
	*ret = &object->domain;
	return 0;
}
