/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ClientCertificate: by which back ends know the gateway. Private keys are sealed in their records and shown to no one. */
#include "appliance/base/assert.h"
#include "appliance/control/acm/certificates.h"
#include "appliance/control/apigateway/page.h"
#include "appliance/control/apigateway/patch_rows.h"
#include "appliance/control/apigateway/quotas.h"
#include "appliance/control/apigateway/references.h"
#include "appliance/control/apigateway/tags.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/crypto/client_certificate.h"

enum { ID_CHARS = 6 };

/* Source: API Gateway Developer Guide: a certificate is valid for 365 days; its subject is CN=ApiGateway. */
#define VALID_S ((int64_t)365 * 86400)
#define COMMON_NAME "ApiGateway"

static int find(struct call *call, struct json **ret)
{
	return record_need(call, STORE_clientcertificate, call_input(call, "clientCertificateId"),
		"Invalid Client Certificate identifier specified", ret);
}

int op_generate_client_certificate(struct call *call)
{
	int64_t now_s = (int64_t)(call->request.received_wall_ms / 1000);
	struct json JSON_CLEANUP *certificate = json_object_new();
	struct authority_pair pair;
	struct view sealed;
	const char *id;
	int error;

	if (quota_check(call, STORE_clientcertificate, QUOTA_CLIENT_CERTIFICATES, "Client Certificates") < 0 ||
		tags_take(call, certificate) < 0)
		return CALL_FAILED;
	id = record_new_id(call, STORE_clientcertificate, "", ID_CHARS);
	error = client_certificate_new(&pair, COMMON_NAME, now_s, now_s + VALID_S, &call->arena);
	if (error < 0)
		return error;
	error = certificate_seal_text(&sealed, &call->control->key, id, pair.key_pem, &call->arena);
	if (error == 0) {
		json_set_c_string(certificate, "clientCertificateId", id);
		call_take(call, certificate, "description", NULL);
		json_set_text(certificate, "pemEncodedCertificate", pair.certificate_pem);
		json_set_integer(certificate, "createdDate", now_s);
		json_set_integer(certificate, "expirationDate", now_s + VALID_S);
		json_set_text(json_ensure_object(certificate, "postern"), "sealedKey", sealed);
		record_put(call, STORE_clientcertificate, id, NULL, certificate);
		tags_answer(call, certificate, false);
	}
	authority_pair_wipe(&pair);
	return error;
}

int op_get_client_certificate(struct call *call)
{
	struct json JSON_CLEANUP *certificate = NULL;
	int error = find(call, &certificate);

	if (error == 0)
		tags_answer(call, certificate, false);
	return error;
}

int op_get_client_certificates(struct call *call)
{
	return page_list_shown(
		call, record_list(call, STORE_clientcertificate, NULL), "clientCertificateId", tags_show_item);
}

static int patch_certificate(struct call *call, const struct patch *patch, struct json *certificate)
{
	static const struct patch_row rows[] = { { "/description", PATCH_ON_REPLACE, patch_set_text } };

	return patch_by_listed_rows(call, patch, certificate, rows, ARRAY_COUNT(rows));
}

int op_update_client_certificate(struct call *call)
{
	struct json JSON_CLEANUP *certificate = NULL;
	int error = find(call, &certificate);

	if (error == 0)
		error = patch_apply(call, certificate, patch_certificate);
	if (error < 0)
		return error;
	record_put(call, STORE_clientcertificate, call_input(call, "clientCertificateId"), NULL, certificate);
	tags_answer(call, certificate, false);
	return 0;
}

static int look_at_stage(void *context, const struct store_record *record)
{
	struct references *references = context;
	struct json JSON_CLEANUP *stage = NULL;

	if (!references_possible(references, record))
		return 0;
	stage = record_find(references->call, STORE_stage, record->id);
	if (view_equals(json_find_text(stage, "clientCertificateId"), references->id))
		references_add(references, "%s:%s", record->parent, json_find_c_string(stage, "stageName"));
	return 0;
}

int op_delete_client_certificate(struct call *call)
{
	struct references stages = { .call = call, .id = json_find_text(call->input, "clientCertificateId") };
	struct json JSON_CLEANUP *certificate = NULL;
	int error = find(call, &certificate);

	if (error < 0)
		return error;
	record_error(call, store_each(call->control->store, STORE_stage, NULL, look_at_stage, &stages));
	if (stages.list)
		return references_refuse(&stages, "client certificate", "RESTApiId:Stage");
	record_delete(call, STORE_clientcertificate, call_input(call, "clientCertificateId"));
	return 0;
}
