/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AWS Certificate Manager: import, describe, list, get, delete. Source: spec/domains.md 6. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/acm/certificate_import.h"
#include "appliance/control/acm/certificates.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/crypto/base64.h"
#include "appliance/crypto/certificate.h"
#include "appliance/crypto/compare.h"

/* A blob member in the clear: JSON 1.1 carries it as base64. Empty if absent. */
static int blob(struct call *call, const char *name, size_t max_bytes, struct view *ret)
{
	struct view text = json_find_text(call->input, name);
	uint8_t *bytes = arena_alloc(&call->arena, text.count + 1);
	long count;

	ASSERT(bytes);
	count = base64_decode_lines(bytes, text);
	if (count < 0)
		return call_fail(call, "SerializationException", "%s is not base64", name);
	if ((size_t)count > max_bytes)
		return call_fail(call, "ValidationException",
			"1 validation error detected: Value at '%c%s' failed to satisfy constraint: Member must have "
			"length less than or equal to %zu",
			view_lower_byte(name[0]), name + 1, max_bytes);
	*ret = view_from(bytes, (size_t)count);
	return 0;
}

struct import {
	struct view certificate_pem, key_pem, chain_pem;
	struct certificate certificate;
};

static int check_chain(struct call *call, const struct import *import)
{
	const struct certificate *chain;
	size_t count = 0, wrong = 0;
	int error = certificate_parse_chain(&chain, &count, import->chain_pem, &call->arena);

	if (error < 0)
		count = 0;
	if (count == 0 && view_trim_set(import->chain_pem, " \t\r\n").count)
		return call_fail(
			call, "ValidationException", "The certificate chain is not PEM-encoded or is not valid.");
	if (count && certificate_check_chain(&import->certificate, chain, count, &wrong) < 0)
		return call_fail(call, "ValidationException",
			"Could not validate the certificate with the certificate chain: certificate %zu of the chain "
			"does not certify the one before.",
			wrong + 1);
	return 0;
}

static int check_import(struct call *call, struct import *import)
{
	int64_t now_s = (int64_t)(call->request.received_wall_ms / 1000);
	int error = certificate_parse(&import->certificate, import->certificate_pem, &call->arena);

	if (error == -E2BIG)
		return call_fail(call, "ValidationException",
			"The certificate field contains more than one certificate. You can specify only one "
			"certificate in this field.");
	if (error < 0 || import->certificate.version != 3)
		return call_fail(call, "ValidationException", "The certificate is not PEM-encoded or is not valid.");
	if (!*import->certificate.key_algorithm)
		return call_fail(call, "ValidationException",
			"The certificate has a key of a type or size that is not supported.");
	error = certificate_check_key(&import->certificate, import->key_pem, &call->arena);
	if (error == -EKEYREJECTED)
		return call_fail(call, "ValidationException", "The private key does not match the certificate.");
	if (error < 0)
		return call_fail(call, "ValidationException", "The private key is not PEM-encoded or is not valid.");
	if (now_s < import->certificate.not_before_s)
		return call_fail(
			call, "ValidationException", "The certificate is not in effect until the notBefore date/time.");
	if (now_s > import->certificate.not_after_s)
		return call_fail(call, "ValidationException", "The certificate has expired, is not valid.");
	return check_chain(call, import);
}

static bool shares_a_name(const struct json *old, const struct certificate *certificate)
{
	JSON_EACH(name, json_find(old, "SubjectAlternativeNames"))
	for (size_t i = 0; i < certificate->name_count; i++)
		if (view_equals_ignore_case(json_text(name), certificate->names[i]))
			return true;
	return view_equals_ignore_case(json_find_text(old, "DomainName"), certificate->common_name);
}

/* arn:aws:acm:{region}:{account}:certificate/{id} */
static int check_arn(struct call *call, const char *arn)
{
	struct view rest = view_from_text(arn), part = { 0 };
	size_t parts = 0;
	bool fits = view_starts_with(rest, view_of("arn:aws:acm:"));

	while (view_split(&rest, ':', &part)) {
		parts++;
		fits = fits && part.count;
	}
	if (fits && parts == 6 && view_starts_with(part, view_of("certificate/")) &&
		part.count > strlen("certificate/"))
		return 0;
	return call_fail(call, "InvalidArnException", "The certificate ARN %s is not valid.", arn);
}

/* A reimport keeps the ARN, the kind of key and at least one name. */
static int check_reimport(struct call *call, const char *arn, const struct import *import, const struct json *fresh)
{
	struct json JSON_CLEANUP *old = NULL;

	if (check_arn(call, arn) < 0)
		return CALL_FAILED;
	old = record_find(call, STORE_certificate, arn);
	if (!old)
		return call_fail(call, "ResourceNotFoundException", "Could not find certificate %s.", arn);
	if (json_count(json_find(call->input, "Tags")))
		return call_fail(call, "ValidationException", "Tags are not permitted on re-import.");
	if (!view_equals(json_find_text(old, "KeyAlgorithm"), json_find_text(fresh, "KeyAlgorithm")))
		return call_fail(call, "ValidationException",
			"The key type or size of the certificate can't change with a reimport.");
	if (!shares_a_name(old, &import->certificate))
		return call_fail(call, "ValidationException",
			"The reimported certificate must share a domain name with the old one.");
	return 0;
}

/* Store an import under its ARN, its description in `body`; the key is wiped. */
static int keep_import(struct call *call, const struct import *import, const char *arn, struct json *body)
{
	int error;

	json_set_c_string(body, "CertificateArn", arn);
	json_set_c_string(body, "Status", "ISSUED");
	json_set_c_string(body, "Type", "IMPORTED");
	json_set(body, "CreatedAt", call_now_seconds(call));
	json_set(body, "ImportedAt", call_now_seconds(call));
	json_set_c_string(body, "RenewalEligibility", "INELIGIBLE");
	json_set_c_string(json_ensure_object(body, "Options"), "CertificateTransparencyLoggingPreference", "DISABLED");
	error = certificate_seal(body, &call->control->key, arn, import->certificate_pem, import->chain_pem,
		import->key_pem, &call->arena);
	compare_wipe((void *)(uintptr_t)import->key_pem.at, import->key_pem.count);
	if (error == 0)
		record_put(call, STORE_certificate, arn, NULL, body);
	return error;
}

static const char *new_arn(struct call *call)
{
	char uuid[RANDOM_UUID_BYTES];

	random_uuid(uuid);
	return call_text(call, "arn:aws:acm:%s:%s:certificate/%s", control_region(call->control),
		control_account(call->control), uuid);
}

int certificate_import(struct call *call, struct view certificate_pem, struct view key_pem, struct view chain_pem,
	const char **ret_arn)
{
	struct import import = { .certificate_pem = certificate_pem, .key_pem = key_pem, .chain_pem = chain_pem };
	struct json JSON_CLEANUP *body = json_object_new();
	int error = check_import(call, &import);

	if (error < 0)
		return error;
	certificate_describe(body, &import.certificate, &call->arena);
	*ret_arn = new_arn(call);
	return keep_import(call, &import, *ret_arn, body);
}

int op_import_certificate(struct call *call)
{
	struct json JSON_CLEANUP *body = json_object_new();
	const char *arn = call_input(call, "CertificateArn");
	struct import import;
	int error = blob(call, "Certificate", CERTIFICATE_PEM_MAX_BYTES, &import.certificate_pem);

	if (error == 0)
		error = blob(call, "PrivateKey", CERTIFICATE_KEY_PEM_MAX_BYTES, &import.key_pem);
	if (error == 0)
		error = blob(call, "CertificateChain", CERTIFICATE_CHAIN_PEM_MAX_BYTES, &import.chain_pem);
	if (error == 0)
		error = check_import(call, &import);
	if (error < 0)
		return error;
	certificate_describe(body, &import.certificate, &call->arena);
	if (arn)
		error = check_reimport(call, arn, &import, body);
	else
		arn = new_arn(call);
	if (error < 0)
		return error;
	if (json_count(json_find(call->input, "Tags")))
		json_set(json_ensure_object(body, "postern"), "tags", json_copy(json_find(call->input, "Tags")));
	error = keep_import(call, &import, arn, body);
	json_set_c_string(call->output, "CertificateArn", arn);
	return error;
}

static int find(struct call *call, struct json **ret)
{
	const char *arn = call_input(call, "CertificateArn");

	if (check_arn(call, arn) < 0)
		return CALL_FAILED;
	*ret = record_find(call, STORE_certificate, arn);
	if (*ret)
		return 0;
	return call_fail(call, "ResourceNotFoundException", "Could not find certificate %s.", arn);
}

/* ARNs of the load balancers with listeners that use the certificate. */
static void add_load_balancers(struct call *call, const char *arn, struct json *users)
{
	struct json JSON_CLEANUP *listeners = record_list(call, STORE_listener, NULL);

	JSON_EACH(listener, listeners)
	JSON_EACH(certificate, json_find(listener, "Certificates"))
	{
		struct view balancer = json_find_text(listener, "LoadBalancerArn");

		if (view_equals_text(json_find_text(certificate, "CertificateArn"), arn) &&
			!json_has_text(users, balancer))
			json_append_text(users, balancer);
	}
}

/* ARNs of the domains and load balancers that use the certificate. */
static struct json *in_use_by(struct call *call, const char *arn)
{
	struct json JSON_CLEANUP *domains = record_list(call, STORE_domainname, NULL);
	struct json *users = json_array_new();

	JSON_EACH(domain, domains)
	if (view_equals_text(json_find_text(domain, "certificateArn"), arn) ||
		view_equals_text(json_find_text(domain, "regionalCertificateArn"), arn))
		json_append_text(users, json_find_text(domain, "domainNameArn"));
	add_load_balancers(call, arn, users);
	return users;
}

int op_describe_certificate(struct call *call)
{
	struct json JSON_CLEANUP *body = NULL;
	struct json *shown;
	int error = find(call, &body);

	if (error < 0)
		return error;
	shown = json_copy(body);
	(void)json_remove(shown, "postern");
	json_set(shown, "InUseBy", in_use_by(call, call_input(call, "CertificateArn")));
	json_set(call->output, "Certificate", shown);
	return 0;
}

int op_get_certificate(struct call *call)
{
	struct json JSON_CLEANUP *body = NULL;
	const struct json *own;
	int error = find(call, &body);

	if (error < 0)
		return error;
	own = json_find(body, "postern");
	json_set_text(call->output, "Certificate", json_find_text(own, "certificate"));
	if (json_find_text(own, "chain").count)
		json_set_text(call->output, "CertificateChain", json_find_text(own, "chain"));
	return 0;
}

int op_delete_certificate(struct call *call)
{
	struct json JSON_CLEANUP *body = NULL, *users = NULL;
	const char *arn = call_input(call, "CertificateArn");
	int error = find(call, &body);

	if (error < 0)
		return error;
	users = in_use_by(call, arn);
	if (json_count(users))
		return call_fail(call, "ResourceInUseException", "Certificate %s is in use.", arn);
	record_delete(call, STORE_certificate, arn);
	return 0;
}

/* "RSA-2048" of a record as "RSA_2048" of a filter. */
static bool algorithm_is(const struct json *body, struct view wanted)
{
	struct view have = json_find_text(body, "KeyAlgorithm");

	if (have.count != wanted.count)
		return false;
	for (size_t i = 0; i < have.count; i++)
		if ((have.at[i] == '-' ? '_' : have.at[i]) != (wanted.at[i] == '-' ? '_' : wanted.at[i]))
			return false;
	return true;
}

static bool any_is(const struct json *wanted, const struct json *body)
{
	JSON_EACH(item, wanted)
	if (algorithm_is(body, json_text(item)))
		return true;
	return false;
}

/* Without a wish, only RSA keys of up to 2,048 bits are listed: AWS's default. */
static bool is_listed(struct call *call, const struct json *body)
{
	const struct json *statuses = json_find(call->input, "CertificateStatuses");
	const struct json *key_types = json_find(json_find(call->input, "Includes"), "keyTypes");

	if (json_count(statuses)) {
		bool found = false;

		JSON_EACH(status, statuses)
		found = found || view_equals(json_text(status), json_find_text(body, "Status"));
		if (!found)
			return false;
	}
	if (json_count(key_types))
		return any_is(key_types, body);
	return algorithm_is(body, view_of("RSA_2048")) || algorithm_is(body, view_of("RSA_1024"));
}

static struct json *plain_names(const struct json *usages)
{
	struct json *names = json_array_new();

	JSON_EACH(usage, usages)
	json_append_text(names, json_find_text(usage, "Name"));
	return names;
}

static struct json *summary_of(struct call *call, const struct json *body)
{
	static const char *const same[] = { "CertificateArn", "DomainName", "Status", "Type", "RenewalEligibility",
		"NotBefore", "NotAfter", "CreatedAt", "ImportedAt" };
	struct json *row = json_object_new(), *algorithm, *users;
	struct view text = json_find_text(body, "KeyAlgorithm");

	for (size_t i = 0; i < ARRAY_COUNT(same); i++)
		if (json_find(body, same[i]))
			json_set(row, same[i], json_copy(json_find(body, same[i])));
	json_set(row, "SubjectAlternativeNameSummaries", json_copy(json_find(body, "SubjectAlternativeNames")));
	json_set_bool(row, "HasAdditionalSubjectAlternativeNames", false);
	algorithm = json_text_new(text);
	json_set(row, "KeyAlgorithm", algorithm);
	json_set(row, "KeyUsages", plain_names(json_find(body, "KeyUsages")));
	json_set(row, "ExtendedKeyUsages", plain_names(json_find(body, "ExtendedKeyUsages")));
	users = in_use_by(call, json_find_c_string(body, "CertificateArn"));
	json_set_bool(row, "InUse", json_count(users) > 0);
	json_free(users);
	json_set_bool(row, "Exported", false);
	return row;
}

/* Source: ACM API Reference, ListCertificates, MaxItems. */
enum { ITEMS_MAX = 1000 };

int op_list_certificates(struct call *call)
{
	struct json JSON_CLEANUP *all = record_list(call, STORE_certificate, NULL);
	struct json *rows = json_ensure_array(call->output, "CertificateSummaryList");
	int64_t max = json_find_integer(call->input, "MaxItems", ITEMS_MAX);
	const char *after = call_input(call, "NextToken");
	int64_t count = 0;

	if (max < 1 || max > ITEMS_MAX)
		return call_fail(call, "ValidationException",
			"1 validation error detected: Value '%lld' at 'maxItems' failed to satisfy constraint: Member "
			"must have "
			"value %s than or equal to %d",
			(long long)max, max < 1 ? "greater" : "less", max < 1 ? 1 : ITEMS_MAX);
	/* Records come in order of their ARN, and the token is the last one shown. */
	JSON_EACH(body, all)
	{
		if (!is_listed(call, body) || (after && strcmp(json_find_c_string(body, "CertificateArn"), after) <= 0))
			continue;
		if (count == max) {
			json_set(call->output, "NextToken",
				json_copy(json_find(json_at(rows, json_count(rows) - 1), "CertificateArn")));
			break;
		}
		json_append(rows, summary_of(call, body));
		count++;
	}
	return 0;
}
