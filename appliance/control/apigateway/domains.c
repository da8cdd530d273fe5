/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DomainName: create, read, delete; its PATCH is in domain_patch.c. */
#include "appliance/control/apigateway/domains.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/acm/certificate_import.h"
#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/page.h"
#include "appliance/control/apigateway/patch.h"
#include "appliance/control/apigateway/tags.h"
#include "appliance/control/documents.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/crypto/certificate.h"
#include "appliance/model/check.h"

/* Source: RFC 1035: 255 octets on the wire are 253 characters. */
enum { NAME_MAX_BYTES = 253, LABEL_MAX_BYTES = 63 };

const char *domain_id(struct call *call)
{
	const char *name = call_input(call, "domainName"), *id = call_input(call, "domainNameId");

	return id ? call_text(call, "%s+%s", name, id) : name;
}

int domain_find(struct call *call, struct json **ret)
{
	/* A private domain is named by name and id in two members: permissions go by an ARN that is made of them. */
	bool is_other_spelling = !call_input(call, "domainNameId") && strchr(call_input(call, "domainName"), '+');

	*ret = is_other_spelling ? NULL : record_find(call, STORE_domainname, domain_id(call));
	if (*ret)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid domain name identifier specified");
}

bool domain_is_private(const struct json *domain)
{
	return view_equals_text(
		json_text(json_at(json_find_path(domain, "endpointConfiguration", "types", NULL), 0)), "PRIVATE");
}

struct json *domain_shown(const struct json *domain)
{
	struct json *copy = json_copy(domain);

	(void)json_remove(copy, "postern");
	document_escape_member(copy, "policy");
	document_escape_member(copy, "managementPolicy");
	if (json_count(json_find(copy, "tags")) == 0)
		(void)json_remove(copy, "tags");
	return copy;
}

/* Labels of letters, digits and hyphens, at least two; a leading "*" for public domains. */
static bool name_valid(const char *name, bool wildcard_allowed)
{
	struct view rest = view_from_text(name), label;
	size_t count = 0;

	if (rest.count == 0 || rest.count > NAME_MAX_BYTES)
		return false;
	while (view_split(&rest, '.', &label)) {
		bool wildcard = count == 0 && wildcard_allowed && view_equals_text(label, "*");

		count++;
		if (wildcard)
			continue;
		if (label.count == 0 || label.count > LABEL_MAX_BYTES || label.at[0] == '-' ||
			label.at[label.count - 1] == '-')
			return false;
		for (size_t i = 0; i < label.count; i++)
			if (!isalnum((unsigned char)label.at[i]) && label.at[i] != '-')
				return false;
	}
	return count >= 2;
}

/* Does the certificate exist, and does it cover the name? */
static int check_certificate(struct call *call, const struct json *domain, const char *arn)
{
	struct json JSON_CLEANUP *record = record_find(call, STORE_certificate, arn);
	struct certificate certificate;
	const char *name = json_find_c_string(domain, "domainName");
	int error;

	if (!record)
		return call_fail(call, "BadRequestException",
			"Invalid certificate ARN: %s. Certificate must be in '%s'.", arn,
			control_region(call->control));
	error = certificate_parse(
		&certificate, json_find_text(json_find(record, "postern"), "certificate"), &call->arena);
	if (error < 0)
		return error;
	if (!certificate_covers(&certificate, view_from_text(name)))
		return call_fail(call, "BadRequestException",
			"The domain name to be created is not covered by the provided certificate.");
	if (domain_is_private(domain) && certificate.key_type == CERTIFICATE_KEY_RSA && certificate.key_bits != 2048)
		return call_fail(call, "BadRequestException",
			"Private domain names take RSA 2048, ECDSA 256 or ECDSA 384 keys only.");
	return 0;
}

/* How public domains of a type name their certificate and what they are reached by. */
static const struct {
	const char *type, *certificate, *target, *zone, *zone_id;
} targets[] = {
	{ "EDGE", "certificateArn", "distributionDomainName", "distributionHostedZoneId", "Z2FDTNDATAQYW2" },
	{ "REGIONAL", "regionalCertificateArn", "regionalDomainName", "regionalHostedZoneId", "Z1UJRXOUMOOFQ8" },
};

static bool has_type(const struct json *domain, const char *type)
{
	return patch_list_index(json_find_path(domain, "endpointConfiguration", "types", NULL), type) >= 0;
}

/* Would the gateway build it? */
static int check_builds(struct call *call, const char *id, const struct json *domain)
{
	const struct check_identity identity = {
		.account_id = view_from_text(control_account(call->control)),
		.region = view_from_text(control_region(call->control)),
	};
	char message[CHECK_MESSAGE_MAX_BYTES] = "";
	char *text = json_print_text(domain);
	int error = check_domain(&identity, view_from_text(id), view_from_text(text), message);

	free(text);
	if (error == -EINVAL || error == -ENOTSUP)
		return call_fail(call, "BadRequestException", "%s", message);
	return error;
}

static int check_certificates(struct call *call, const struct json *domain)
{
	const char *arn = json_find_c_string(domain, "certificateArn");
	int error = 0;

	if (domain_is_private(domain) && !arn)
		return call_fail(call, "BadRequestException", "A certificate ARN must be specified.");
	if (domain_is_private(domain))
		return check_certificate(call, domain, arn);
	for (size_t i = 0; error == 0 && i < ARRAY_COUNT(targets); i++) {
		if (!has_type(domain, targets[i].type))
			continue;
		arn = json_find_c_string(domain, targets[i].certificate);
		if (!arn)
			return call_fail(call, "BadRequestException", "A certificate ARN must be specified.");
		error = check_certificate(call, domain, arn);
	}
	return error;
}

/* Which security policies, access modes and client certificates go together. Source: spec/domains.md 1 and 2. */
static int check_tls(struct call *call, const struct json *domain)
{
	const char *policy = json_find_c_string(domain, "securityPolicy");
	bool is_private = domain_is_private(domain), has_mode = json_find(domain, "endpointAccessMode") != NULL;
	bool is_enhanced = policy && strncmp(policy, "SecurityPolicy_", 15) == 0;
	bool is_mutual = json_find_path(domain, "mutualTlsAuthentication", "truststoreUri", NULL) != NULL;

	if (!policy)
		return call_fail(call, "BadRequestException", "A security policy must be specified.");
	if (is_private && strcmp(policy, "TLS_1_2") != 0)
		return call_fail(call, "BadRequestException", "Only TLS_1_2 is supported for private domain names.");
	if (!is_enhanced && strcmp(policy, "TLS_1_2") != 0 && strcmp(policy, "TLS_1_0") != 0)
		return call_fail(call, "BadRequestException", "Invalid security policy specified");
	if (is_private && has_mode)
		return call_fail(call, "BadRequestException",
			"Endpoint access modes are supported for public domain names only.");
	if (is_enhanced != has_mode)
		return call_fail(call, "BadRequestException",
			is_enhanced ? "An endpoint access mode must be specified with the security policy %s"
				    : "An endpoint access mode can't be specified with the security policy %s",
			policy);
	if (is_mutual && (is_private || has_type(domain, "EDGE") || strcmp(policy, "TLS_1_2") != 0))
		return call_fail(call, "BadRequestException",
			"Mutual TLS is supported for regional domain names with the security policy TLS_1_2 only.");
	return 0;
}

int domain_check(struct call *call, const char *id, const struct json *domain)
{
	bool is_private = domain_is_private(domain);
	int error = check_tls(call, domain);

	if (error < 0)
		return error;
	if (is_private && !view_equals_text(json_find_text(json_find(domain, "endpointConfiguration"), "ipAddressType"),
				  "dualstack"))
		return call_fail(call, "BadRequestException",
			"Only dualstack ipAddressType is supported for private domain names.");
	if (!is_private && (json_find(domain, "policy") || json_find(domain, "managementPolicy")))
		return call_fail(call, "BadRequestException", "Policies are supported for private domain names only.");
	error = check_certificates(call, domain);
	return error < 0 ? error : check_builds(call, id, domain);
}

static int take_configuration(struct call *call, struct json *domain)
{
	const struct json *wanted = json_find(call->input, "endpointConfiguration"),
			  *types = json_find(wanted, "types");
	const char *address_type = json_find_c_string(wanted, "ipAddressType"), *type = "EDGE";
	struct json *configuration = json_object_new(), *list = json_array_new();

	json_set(domain, "endpointConfiguration", configuration);
	json_set(configuration, "types", list);
	if (json_count(json_find(wanted, "vpcEndpointIds")))
		return call_fail(call, "BadRequestException",
			"VPC endpoints reach a domain name by access associations; they can't be specified with it.");
	if (types && json_count(types) != 1)
		return call_fail(
			call, "BadRequestException", "Cannot create a domain name with multiple Endpoint Types.");
	if (types)
		type = json_c_string(json_at(types, 0));
	else if (call_input_has(call, "regionalCertificateArn"))
		type = "REGIONAL";
	json_append_text(list, view_from_text(type));
	json_set_c_string(configuration, "ipAddressType",
		address_type                   ? address_type
		: strcmp(type, "PRIVATE") == 0 ? "dualstack"
					       : "ipv4");
	return 0;
}

void domain_set_targets(struct call *call, struct json *domain)
{
	char label[11];

	for (size_t i = 0; i < ARRAY_COUNT(targets); i++) {
		if (!has_type(domain, targets[i].type)) {
			(void)json_remove(domain, targets[i].target);
			(void)json_remove(domain, targets[i].zone);
			continue;
		}
		if (json_find(domain, targets[i].target))
			continue;
		random_lower_alnum(label, 10);
		json_set_c_string(domain, targets[i].target,
			i == 0 ? call_text(call, "d%s.cloudfront.net", label)
			       : call_text(call, "d-%s.execute-api.%s.amazonaws.com", label,
					 control_region(call->control)));
		json_set_c_string(domain, targets[i].zone, targets[i].zone_id);
	}
}

/* A certificate that comes along is imported, and the domain names it by its ARN. */
static int take_certificate(struct call *call, struct json *domain)
{
	const char *key = call_input(call, "certificatePrivateKey"), *arn = NULL;
	int error;

	if (!call_input_has(call, "certificateBody"))
		return 0;
	if (call_input_has(call, "certificateArn") || call_input_has(call, "regionalCertificateArn"))
		return call_fail(call, "BadRequestException",
			"A certificate is given either by its ARN or by its body and private key.");
	if (!key)
		return call_fail(call, "BadRequestException", "A certificate body needs its private key.");
	error = certificate_import(call, json_find_text(call->input, "certificateBody"), view_from_text(key),
		json_find_text(call->input, "certificateChain"), &arn);
	if (error < 0)
		return error;
	json_set_c_string(domain, has_type(domain, "REGIONAL") ? "regionalCertificateArn" : "certificateArn", arn);
	return 0;
}

static int set_policies(struct call *call, struct json *domain)
{
	const char *name = json_find_c_string(domain, "domainName"), *id = json_find_c_string(domain, "domainNameId");
	const char *policy = call_input(call, "policy"), *normal = NULL;
	int error;

	if (!policy || !*policy)
		return 0;
	if (!id)
		return call_fail(call, "BadRequestException", "Policies are supported for private domain names only.");
	error = document_normalise(call, POLICY_KIND_DOMAIN, document_domain_arn(call, name, id), policy, &normal);
	if (error == 0)
		json_set_c_string(domain, "policy", normal);
	return error;
}

/* Identity of a new domain: record id, ARN, and for private ones the domainNameId. */
static const char *identify(struct call *call, struct json *domain)
{
	const char *name = json_find_c_string(domain, "domainName"), *id;

	if (!domain_is_private(domain)) {
		json_set_c_string(domain, "domainNameArn",
			call_text(call, "arn:aws:apigateway:%s::/domainnames/%s", control_region(call->control), name));
		return name;
	}
	id = record_new_id(call, STORE_domainname, call_text(call, "%s+", name), 10);
	json_set_c_string(domain, "domainNameId", id);
	json_set_c_string(domain, "domainNameArn",
		call_text(call, "arn:aws:apigateway:%s:%s:/domainnames/%s+%s", control_region(call->control),
			control_account(call->control), name, id));
	return call_text(call, "%s+%s", name, id);
}

/* Source: API Gateway Developer Guide, "Quotas for configuring and running a REST API"; spec/domains.md 1. */
enum { PUBLIC_DOMAINS_MAX = 120, PRIVATE_DOMAINS_MAX = 50 };

/* One private and one public domain of a name may exist. */
static int check_name(struct call *call, const struct json *domain, const char *name)
{
	bool is_private = domain_is_private(domain);
	struct json JSON_CLEANUP *all = NULL;
	size_t count = 0;

	if (!name_valid(name, !is_private))
		return call_fail(call, "BadRequestException",
			is_private && name[0] == '*'
				? "Wildcard domain names are not supported for private domain names."
				: "The provided domain name is not valid.");
	all = record_list(call, STORE_domainname, NULL);
	JSON_EACH(other, all)
	{
		if (domain_is_private(other) != is_private)
			continue;
		count++;
		if (view_equals_text(json_find_text(other, "domainName"), name))
			return call_fail(call, "ConflictException", "The domain name you provided already exists.");
	}
	if (count >= (is_private ? PRIVATE_DOMAINS_MAX : PUBLIC_DOMAINS_MAX))
		return call_fail(call, "LimitExceededException",
			"Maximum number of %s domain names for this account has been reached.",
			is_private ? "private" : "public");
	return 0;
}

int op_create_domain_name(struct call *call)
{
	struct json JSON_CLEANUP *domain = json_object_new();
	char *name = call_input(call, "domainName") ? strdup(call_input(call, "domainName")) : NULL;
	const char *lower, *id;
	int error;

	ASSERT(name);
	for (char *byte = name; *byte; byte++)
		*byte = view_lower_byte(*byte);
	lower = call_text(call, "%s", name);
	free(name);
	json_set_c_string(domain, "domainName", lower);
	error = take_configuration(call, domain);
	if (error == 0)
		error = check_name(call, domain, lower);
	if (error == 0)
		error = tags_check(call, json_find(call->input, "tags"));
	if (error < 0)
		return error;
	id = identify(call, domain);
	json_set_c_string(domain, "securityPolicy", domain_is_private(domain) ? "TLS_1_2" : "TLS_1_0");
	json_set_c_string(domain, "routingMode", "BASE_PATH_MAPPING_ONLY");
	call_take(call, domain, "certificateName", "certificateArn", "regionalCertificateName",
		"regionalCertificateArn", "securityPolicy", "endpointAccessMode", "mutualTlsAuthentication",
		"ownershipVerificationCertificateArn", "routingMode", "tags", NULL);
	json_set_integer(domain, "certificateUploadDate", (int64_t)(call->request.received_wall_ms / 1000));
	json_set_c_string(domain, "domainNameStatus", "AVAILABLE");
	domain_set_targets(call, domain);
	error = take_certificate(call, domain);
	if (error == 0)
		error = set_policies(call, domain);
	if (error == 0)
		error = domain_check(call, id, domain);
	if (error < 0)
		return error;
	record_put(call, STORE_domainname, id, NULL, domain);
	json_free(call->output);
	call->output = domain_shown(domain);
	return 0;
}

int op_get_domain_name(struct call *call)
{
	struct json JSON_CLEANUP *domain = NULL;
	int error = domain_find(call, &domain);

	if (error < 0)
		return error;
	json_free(call->output);
	call->output = domain_shown(domain);
	return 0;
}

int op_get_domain_names(struct call *call)
{
	const char *owner = call_input(call, "resourceOwner");
	struct json JSON_CLEANUP *domains = NULL;
	struct json *list = json_array_new();

	if (owner && strcmp(owner, "OTHER_ACCOUNTS") == 0)
		return page_list(call, list, "domainNameArn");
	domains = record_list(call, STORE_domainname, NULL);
	JSON_EACH(domain, domains)
	json_append(list, domain_shown(domain));
	return page_list(call, list, "domainNameArn");
}

int op_delete_domain_name(struct call *call)
{
	struct json JSON_CLEANUP *domain = NULL;
	const char *id = domain_id(call);
	int error = domain_find(call, &domain);

	if (error < 0)
		return error;
	record_delete_children(call, STORE_basepathmapping, id);
	record_delete_children(call, STORE_domainaccess, id);
	record_delete(call, STORE_domainname, id);
	return 0;
}
