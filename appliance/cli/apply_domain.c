/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private custom domains: certificate, policy, tags, base paths, access associations. */
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/cli/apply.h"
#include "appliance/cli/apply_diff.h"
#include "appliance/cli/apply_file.h"
#include "appliance/crypto/base64.h"
#include "policy/policy.h"

#define NO_BASE_PATH "(none)"

static int wrong(struct apply *apply, const struct apply_domain *domain, const char *text)
{
	return cli_fail(apply->cli, VIEW_FMT ": domain %s: %s", VIEW_ARG(json_find_text(domain->wish, APPLY_PLACE)),
		domain->name, text);
}

/* "/domainnames/NAME" with what is behind it, of a domain that exists by then. */
static const char *target_of(struct apply *apply, const struct apply_domain *domain, const char *below)
{
	return apply_text(apply, "/domainnames/%s%s?domainNameId=%s", client_encode(apply->cli, domain->name), below,
		client_encode(apply->cli, domain->id));
}

static bool is_private(const struct json *domain)
{
	return view_equals_text(
		json_text(json_at(json_find_path(domain, "endpointConfiguration", "types", NULL), 0)), "PRIVATE");
}

static bool is_owned(const struct apply *apply, const struct apply_domain *domain)
{
	return !domain->existing || apply_owns(apply, json_find(domain->existing, "tags"));
}

/* "name+id", the record that a domain is. */
static const char *record_of(struct apply *apply, const struct json *domain)
{
	return apply_text(apply, VIEW_FMT "+" VIEW_FMT, VIEW_ARG(json_find_text(domain, "domainName")),
		VIEW_ARG(json_find_text(domain, "domainNameId")));
}

/* --- certificates ----------------------------------------------------------------------------------------------------------- */

/* PEM texts are equal if they are so but for white space. */
static bool same_pem(struct view a, struct view b)
{
	size_t i = 0, k = 0;

	for (;;) {
		while (i < a.count && strchr(" \t\r\n", a.at[i]))
			i++;
		while (k < b.count && strchr(" \t\r\n", b.at[k]))
			k++;
		if (i == a.count || k == b.count)
			return i == a.count && k == b.count;
		if (a.at[i++] != b.at[k++])
			return false;
	}
}

/* Is the certificate `arn` that of the files? */
static int compare(struct apply *apply, const struct apply_domain *domain, const char *arn, bool *ret)
{
	struct json *body JSON_CLEANUP = json_object_new();
	const struct json *answer = NULL;
	int error;

	json_set_c_string(body, "CertificateArn", arn);
	error = apply_acm(apply, "GetCertificate", body, false, &answer);
	if (error)
		return error;
	*ret = same_pem(json_find_text(answer, "Certificate"), domain->certificate_pem) &&
	       same_pem(json_find_text(answer, "CertificateChain"), domain->chain_pem);
	return 0;
}

/* One that was imported before a run broke off, or by others. */
static int find_certificate(struct apply *apply, struct apply_domain *domain)
{
	struct json *body JSON_CLEANUP = json_object_new();
	const struct json *answer = NULL;
	int error;

	json_set_integer(body, "MaxItems", 1000);
	error = apply_acm(apply, "ListCertificates", body, false, &answer);
	if (error)
		return error;
	JSON_EACH(summary, json_find(answer, "CertificateSummaryList"))
	{
		const char *arn = json_find_c_string(summary, "CertificateArn");
		bool is_same = false;

		error = compare(apply, domain, arn, &is_same);
		if (error)
			return error;
		if (is_same) {
			domain->certificate_arn = arn;
			return 0;
		}
	}
	return 0;
}

static int read_pem(struct apply *apply, const struct apply_domain *domain, const char *member, struct view *ret)
{
	const char *path = json_find_c_string(json_find(domain->wish, "certificate"), member);
	int error = path ? cli_read_file(apply->cli, path, APPLY_PEM_MAX_BYTES, ret) : 0;

	return error ? wrong(apply, domain, apply_text(apply, "can't read %s: %s", path, strerror(-error))) : 0;
}

static void set_blob(struct apply *apply, struct json *body, const char *name, struct view bytes)
{
	char *text = arena_alloc(&apply->cli->arena, BASE64_CHARS(bytes.count) + 1);

	ASSERT(text);
	base64_encode(text, bytes.at, bytes.count);
	json_set_text(body, name, view_from(text, BASE64_CHARS(bytes.count)));
}

static int run_certificate(struct apply *apply, struct apply_step *step)
{
	struct apply_domain *domain = step->subject;
	struct json *body JSON_CLEANUP = json_object_new();
	const struct json *answer = NULL;
	struct view key = { 0 };
	int error = read_pem(apply, domain, "privateKey", &key);

	if (error)
		return error;
	json_set_c_string(body, "CertificateArn", domain->certificate_arn);
	set_blob(apply, body, "Certificate", domain->certificate_pem);
	set_blob(apply, body, "PrivateKey", key);
	if (domain->chain_pem.count)
		set_blob(apply, body, "CertificateChain", domain->chain_pem);
	if (!domain->certificate_arn) {
		struct json *tag = json_object_new();

		json_set_c_string(tag, "Key", APPLY_TAG);
		json_set_c_string(tag, "Value", apply->name);
		json_append(json_ensure_array(body, "Tags"), tag);
	}
	error = apply_acm(apply, "ImportCertificate", body, true, &answer);
	if (error)
		return error;
	domain->certificate_arn = json_find_c_string(answer, "CertificateArn");
	step->result = domain->certificate_arn;
	return 0;
}

static bool is_used_elsewhere(const struct apply *apply, const struct apply_domain *domain, const char *arn)
{
	JSON_EACH(other, apply->domains)
	if (other != domain->existing &&
		(view_equals_text(json_find_text(other, "certificateArn"), arn) ||
			view_equals_text(json_find_text(other, "regionalCertificateArn"), arn)))
		return true;
	JSON_EACH(wish, json_find(apply->estate, "domains"))
	if (view_equals_text(json_find_text(wish, "certificateArn"), arn))
		return true;
	return false;
}

/* May the certificate be replaced under its ARN? Only one that this estate has imported, and for this domain alone. */
static int may_replace(struct apply *apply, const struct apply_domain *domain, const char *arn, bool *ret)
{
	const struct json *tags = NULL;
	int error;

	*ret = false;
	if (is_used_elsewhere(apply, domain, arn))
		return 0;
	error = apply_tags_of(apply, arn, &tags);
	if (error)
		return error;
	JSON_EACH(tag, tags)
	*ret = *ret || (view_equals_text(json_find_text(tag, "Key"), APPLY_TAG) &&
			       view_equals_text(json_find_text(tag, "Value"), apply->name));
	return 0;
}

/* The certificate of the files: the domain's own, one that is there, or one to be imported. */
static int plan_certificate(struct apply *apply, struct apply_domain *domain)
{
	const char *named = json_find_c_string(domain->wish, "certificateArn"),
		   *own = json_find_c_string(domain->existing, "certificateArn");
	bool is_same = false, replaces = false;
	int error;

	if (!named == !json_find(domain->wish, "certificate"))
		return wrong(apply, domain, "it needs either certificateArn or certificate");
	domain->certificate_arn = named;
	if (named)
		return 0;
	error = read_pem(apply, domain, "certificate", &domain->certificate_pem);
	if (!error)
		error = read_pem(apply, domain, "chain", &domain->chain_pem);
	if (!error && own)
		error = compare(apply, domain, own, &is_same);
	if (!error && own && !is_same)
		error = may_replace(apply, domain, own, &replaces);
	if (!error && !is_same && !replaces)
		error = find_certificate(apply, domain);
	if (error || domain->certificate_arn || is_same) {
		domain->certificate_arn = is_same ? own : domain->certificate_arn;
		return error;
	}
	domain->certificate_arn = replaces ? own : NULL;
	domain->takes_new_certificate = own && !replaces;
	if (replaces)
		apply_depend(apply, "certificate", own);
	apply_step_add(apply, replaces ? APPLY_CHANGE : APPLY_CREATE, APPLY_RANK_CERTIFICATE, run_certificate, domain,
		"certificate of %s%s%s", domain->name, replaces ? ": imported anew as " : "", replaces ? own : "");
	return 0;
}

/* --- the domain ------------------------------------------------------------------------------------------------------------- */

static int run_create(struct apply *apply, struct apply_step *step)
{
	struct apply_domain *domain = step->subject;
	const struct json *policy = json_find_path(domain->wish, "policy", "tree", NULL), *answer = NULL;
	struct json *body JSON_CLEANUP = json_object_new();
	int error;

	json_set_c_string(body, "domainName", domain->name);
	json_set_c_string(body, "certificateArn", domain->certificate_arn);
	json_append_text(
		json_ensure_array(json_ensure_object(body, "endpointConfiguration"), "types"), view_of("PRIVATE"));
	json_set_c_string(body, "securityPolicy", "TLS_1_2");
	if (policy) {
		char *text = json_print_text(policy);

		json_set_c_string(body, "policy", text);
		free(text);
	}
	json_set(body, "tags", apply_tags_new(apply, json_find(domain->wish, "tags")));
	error = apply_change(apply, "POST", view_of("/domainnames"), body, (struct view){ 0 }, &answer);
	if (error)
		return error;
	domain->id = json_find_c_string(answer, "domainNameId");
	domain->arn = json_find_c_string(answer, "domainNameArn");
	apply_note_region(apply, domain->arn);
	apply_depend(apply, "domainname", record_of(apply, answer));
	step->result = apply_text(apply, "id %s", domain->id);
	return 0;
}

static int run_change(struct apply *apply, struct apply_step *step)
{
	struct apply_domain *domain = step->subject;
	int error;

	if (domain->takes_new_certificate)
		apply_patch(domain->patches, "replace", domain->certificate_arn, "/certificateArn");
	error = apply_patch_send(apply, target_of(apply, domain, ""), domain->patches);
	return error ? error : apply_tags_change(apply, domain->arn, &domain->tags);
}

/* "arn:aws:execute-api:..." of an ARN of the control plane: the owner of the domain's policy. */
static const char *policy_owner(struct apply *apply, const char *arn)
{
	static const char service[] = "arn:aws:apigateway:";

	return strncmp(arn, service, sizeof service - 1) == 0
		       ? apply_text(apply, "arn:aws:execute-api:%s", arn + sizeof service - 1)
		       : arn;
}

/* Policies are shown with each quotation mark and backslash behind a backslash. */
static struct view unescape(struct apply *apply, struct view text)
{
	struct buffer buffer;

	buffer_init_arena(&buffer, &apply->cli->arena, text.count + 1);
	for (size_t i = 0; i < text.count; i++) {
		i += text.at[i] == '\\' && i + 1 < text.count;
		buffer_append_byte(&buffer, text.at[i]);
	}
	return buffer_view(&buffer);
}

static int plan_policy(struct apply *apply, struct apply_domain *domain, struct json *lines)
{
	const struct json *policy = json_find_path(domain->wish, "policy", "tree", NULL);
	struct policy_options options = { .kind = POLICY_KIND_DOMAIN };
	struct policy_error problem;
	struct view old = unescape(apply, json_find_text(domain->existing, "policy"));
	char *text, *normal = NULL, reason[400] = "";
	int error;

	if (!policy)
		return 0;
	text = json_print_text(policy);
	if (domain->arn)
		options.owner_arn = policy_text_of(policy_owner(apply, domain->arn));
	error = policy_normalise(&normal, NULL, text, strlen(text), &options, &problem);
	if (error) {
		policy_error_write(&problem, reason, sizeof reason);
		error = wrong(apply, domain, apply_text(apply, "policy: %s", reason));
	} else if (!view_equals_text(old, normal)) {
		apply_diff_policies(old, view_from_text(normal), lines);
		apply_patch(domain->patches, "replace", text, "/policy");
	}
	free(text);
	free(normal);
	return error;
}

static int plan_domain_itself(struct apply *apply, struct apply_domain *domain)
{
	struct json *lines = apply_keep(apply, json_array_new());
	const char *own = json_find_c_string(domain->existing, "certificateArn");
	int error = plan_policy(apply, domain, lines);

	if (error)
		return error;
	if (!domain->existing) {
		apply_step_add(apply, APPLY_CREATE, APPLY_RANK_DOMAIN, run_create, domain, "domain %s", domain->name)
			->lines = lines;
		return 0;
	}
	if (own && domain->certificate_arn && strcmp(own, domain->certificate_arn) != 0) {
		apply_patch(domain->patches, "replace", domain->certificate_arn, "/certificateArn");
		json_append(lines, json_text_new_printf("certificateArn: %s -> %s", own, domain->certificate_arn));
	}
	if (domain->takes_new_certificate)
		json_append(lines, json_text_new_printf("certificateArn: %s -> (new)", own));
	apply_tags_plan(
		apply, json_find(domain->wish, "tags"), json_find(domain->existing, "tags"), lines, &domain->tags);
	if (json_count(lines))
		apply_step_add(apply, APPLY_CHANGE, APPLY_RANK_DOMAIN, run_change, domain, "domain %s (%s)",
			domain->name, domain->id)
			->lines = lines;
	return 0;
}

/* --- base paths ------------------------------------------------------------------------------------------------------------- */

struct mapping {
	struct apply_domain *domain;
	const struct json *wish;
	const struct apply_api *api; /* of the files; NULL: */
	const char *api_id;          /* one that is there */
	const char *base_path;
};

static const char *api_id(const struct mapping *mapping)
{
	return mapping->api ? mapping->api->id : mapping->api_id;
}

static const char *mapping_target(struct apply *apply, const struct apply_domain *domain, const char *base_path)
{
	return target_of(
		apply, domain, apply_text(apply, "/basepathmappings/%s", client_encode(apply->cli, base_path)));
}

static int run_mapping(struct apply *apply, struct apply_step *step)
{
	const struct mapping *mapping = step->subject;
	const char *stage = json_find_c_string(mapping->wish, "stage");
	struct json *body JSON_CLEANUP = NULL;

	if (step->action == APPLY_CHANGE) {
		body = json_array_new();
		apply_patch(body, "replace", api_id(mapping), "/restapiId");
		apply_patch(body, "replace", stage ? stage : "", "/stage");
		return apply_patch_send(apply, mapping_target(apply, mapping->domain, mapping->base_path), body);
	}
	body = json_object_new();
	json_set_c_string(body, "basePath", mapping->base_path);
	json_set_c_string(body, "restApiId", api_id(mapping));
	json_set_c_string(body, "stage", stage);
	return apply_change(apply, "POST", view_from_text(target_of(apply, mapping->domain, "/basepathmappings")), body,
		(struct view){ 0 }, NULL);
}

static int find_api(struct apply *apply, struct mapping *mapping)
{
	struct view name = json_find_text(mapping->wish, "api");

	for (const struct apply_api *api = apply->wanted_apis; api; api = api->next)
		if (view_equals_text(name, api->name)) {
			mapping->api = api;
			return 0;
		}
	JSON_EACH(api, apply->apis)
	{
		if (!view_equals(json_find_text(api, "name"), name))
			continue;
		if (mapping->api_id)
			return wrong(apply, mapping->domain, "its mapping names an API of which there are several");
		mapping->api_id = json_find_c_string(api, "id");
		apply_depend(apply, "restapi", mapping->api_id);
	}
	return mapping->api_id ? 0
			       : wrong(apply, mapping->domain,
					 apply_text(apply,
						 "its mapping names the API " VIEW_FMT
						 ", which is neither in the files nor there",
						 VIEW_ARG(name)));
}

static int plan_mapping(struct apply *apply, struct mapping *mapping, const struct json *existing)
{
	const char *stage = json_find_c_string(mapping->wish, "stage"), *id;
	struct json *lines = apply_keep(apply, json_array_new()), *target JSON_CLEANUP = json_object_new();
	int error = find_api(apply, mapping);

	if (error)
		return error;
	id = api_id(mapping);
	json_set_c_string(target, "restApiId", id ? id : "(new)");
	json_set_c_string(target, "stage", stage);
	if (existing) {
		struct json *old JSON_CLEANUP = json_copy(existing);

		(void)json_remove(old, "basePath");
		apply_diff_members("", old, target, lines);
		if (!json_count(lines))
			return 0;
	} else {
		json_append(lines,
			json_text_new_printf("api " VIEW_FMT "%s%s", VIEW_ARG(json_find_text(mapping->wish, "api")),
				stage ? ", stage " : "", stage ? stage : ""));
	}
	apply_step_add(apply, existing ? APPLY_CHANGE : APPLY_CREATE, APPLY_RANK_MAPPING, run_mapping, mapping,
		"base path %s of %s", mapping->base_path, mapping->domain->name)
		->lines = lines;
	return 0;
}

static const struct json *find_by(const struct json *list, const char *member, const char *text)
{
	JSON_EACH(item, list)
	if (view_equals_text(json_find_text(item, member), text))
		return item;
	return NULL;
}

static int plan_mappings(struct apply *apply, struct apply_domain *domain)
{
	const struct json *existing = NULL, *wishes = json_find(domain->wish, "mappings");
	struct json *kept JSON_CLEANUP = json_object_new();
	int error = domain->existing ? apply_list(apply, target_of(apply, domain, "/basepathmappings"), &existing) : 0;

	if (error)
		return error;
	JSON_EACH(wish, wishes)
	{
		struct mapping *mapping = ARENA_NEW(&apply->cli->arena, struct mapping);
		const char *base_path = json_find_c_string(wish, "basePath");

		ASSERT(mapping);
		*mapping = (struct mapping){
			.domain = domain, .wish = wish, .base_path = base_path && *base_path ? base_path : NO_BASE_PATH
		};
		json_set_bool(kept, mapping->base_path, true);
		error = plan_mapping(apply, mapping, find_by(existing, "basePath", mapping->base_path));
		if (error)
			return error;
	}
	if (!wishes)
		return 0;
	JSON_EACH(mapping, existing)
	{
		const char *base_path = json_find_c_string(mapping, "basePath");

		if (json_find(kept, base_path))
			continue;
		if (apply->prune && is_owned(apply, domain))
			apply_step_delete(apply, APPLY_RANK_END_MAPPING, mapping_target(apply, domain, base_path),
				apply_text(apply, "base path %s of %s", base_path, domain->name));
		else
			apply_note(apply, "base path %s of %s is not in the files and stays", base_path, domain->name);
	}
	return 0;
}

/* --- associations ----------------------------------------------------------------------------------------------------------- */

struct association {
	struct apply_domain *domain;
	const char *endpoint;
};

static int run_association(struct apply *apply, struct apply_step *step)
{
	const struct association *association = step->subject;
	struct json *body JSON_CLEANUP = json_object_new();

	json_set_c_string(body, "domainNameArn", association->domain->arn);
	json_set_c_string(body, "accessAssociationSource", association->endpoint);
	json_set_c_string(body, "accessAssociationSourceType", "VPCE");
	json_set(body, "tags", apply_tags_new(apply, NULL));
	return apply_change(apply, "POST", view_of("/domainnameaccessassociations"), body, (struct view){ 0 }, NULL);
}

static const struct json *find_association(
	const struct apply *apply, const struct apply_domain *domain, const char *endpoint)
{
	JSON_EACH(association, apply->associations)
	if (domain->arn && view_equals_text(json_find_text(association, "domainNameArn"), domain->arn) &&
		view_equals_text(json_find_text(association, "accessAssociationSource"), endpoint))
		return association;
	return NULL;
}

static void plan_associations(struct apply *apply, struct apply_domain *domain)
{
	const struct json *endpoints = json_find(domain->wish, "vpcEndpointIds");

	JSON_EACH(endpoint, endpoints)
	{
		struct association *association = ARENA_NEW(&apply->cli->arena, struct association);

		ASSERT(association);
		*association = (struct association){ domain, json_c_string(endpoint) };
		if (!find_association(apply, domain, association->endpoint))
			apply_step_add(apply, APPLY_CREATE, APPLY_RANK_ASSOCIATION, run_association, association,
				"access to %s by %s", domain->name, association->endpoint);
	}
	if (!endpoints || !domain->arn)
		return;
	JSON_EACH(association, apply->associations)
	{
		struct view source = json_find_text(association, "accessAssociationSource");
		const char *what;

		if (!view_equals_text(json_find_text(association, "domainNameArn"), domain->arn) ||
			apply_has_text(endpoints, source))
			continue;
		what = apply_text(apply, "access to %s by " VIEW_FMT, domain->name, VIEW_ARG(source));
		if (apply->prune && apply_owns(apply, json_find(association, "tags")))
			apply_step_delete(apply, APPLY_RANK_END_ASSOCIATION,
				apply_text(apply, "/domainnameaccessassociations/%s",
					client_encode(apply->cli,
						json_find_c_string(association, "domainNameAccessAssociationArn"))),
				what);
		else
			apply_note(apply, "%s is not in the files and stays", what);
	}
}

/* --- all of them ------------------------------------------------------------------------------------------------------------ */

static int plan_domain(struct apply *apply, struct apply_domain *domain)
{
	int error;

	JSON_EACH(other, apply->domains)
	if (is_private(other) && view_equals_text(json_find_text(other, "domainName"), domain->name))
		domain->existing = other;
	domain->id = json_find_c_string(domain->existing, "domainNameId");
	domain->arn = json_find_c_string(domain->existing, "domainNameArn");
	domain->zone_ids = json_find_c_string(json_find(domain->existing, "tags"), APPLY_TAG_ZONES);
	domain->patches = apply_keep(apply, json_array_new());
	apply_note_owner(apply, "domain", domain->name, json_find(domain->existing, "tags"));
	if (domain->existing)
		apply_depend(apply, "domainname", record_of(apply, domain->existing));
	else
		apply_depend(apply, "domainname", NULL);
	error = plan_certificate(apply, domain);
	apply_note_region(apply, domain->arn);
	apply_note_region(apply, domain->certificate_arn);
	if (!error)
		error = plan_domain_itself(apply, domain);
	if (!error)
		error = plan_mappings(apply, domain);
	if (error)
		return error;
	plan_associations(apply, domain);
	return apply_plan_aliases(apply, domain);
}

static bool is_wished(const struct apply *apply, const char *name)
{
	JSON_EACH(wish, json_find(apply->estate, "domains"))
	if (view_equals_ignore_case(json_find_text(wish, "name"), view_from_text(name)))
		return true;
	return false;
}

static int prune(struct apply *apply)
{
	JSON_EACH(domain, apply->domains)
	{
		const char *name = json_find_c_string(domain, "domainName"),
			   *id = json_find_c_string(domain, "domainNameId");
		int error;

		if (!id || !apply_owns(apply, json_find(domain, "tags")) || is_wished(apply, name))
			continue;
		if (!apply->prune) {
			apply_note(apply, "domain %s (%s) is not in the files any more: --prune deletes it", name, id);
			continue;
		}
		apply_depend(apply, "domainname", record_of(apply, domain));
		error = apply_prune_aliases(apply, domain, NULL);
		if (error)
			return error;
		apply_step_delete(apply, APPLY_RANK_END_DOMAIN,
			apply_text(apply, "/domainnames/%s?domainNameId=%s", client_encode(apply->cli, name),
				client_encode(apply->cli, id)),
			apply_text(apply, "domain %s (%s), with its base paths and access associations", name, id));
		apply_note(apply, "certificate " VIEW_FMT " stays", VIEW_ARG(json_find_text(domain, "certificateArn")));
	}
	return 0;
}

int apply_plan_domains(struct apply *apply)
{
	int error;

	if (!json_count(json_find(apply->estate, "domains")) && !apply->has_name)
		return 0;
	error = apply_list(apply, "/domainnames", &apply->domains);
	if (!error)
		error = apply_list(apply, "/domainnameaccessassociations", &apply->associations);
	if (error)
		return error;
	JSON_EACH(wish, json_find(apply->estate, "domains"))
	{
		struct apply_domain *domain = ARENA_NEW(&apply->cli->arena, struct apply_domain);

		ASSERT(domain);
		domain->wish = wish;
		domain->name = apply_lower(apply, json_find_c_string(wish, "name"));
		error = plan_domain(apply, domain);
		if (error)
			return error;
	}
	return apply->has_name ? prune(apply) : 0;
}
