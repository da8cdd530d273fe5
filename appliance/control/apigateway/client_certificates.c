/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ClientCertificate: by which back ends know the gateway. Private keys are sealed in their records and shown to no one. */
#include "appliance/control/acm/certificates.h"
#include "appliance/control/apigateway/page.h"
#include "appliance/control/apigateway/patch.h"
#include "appliance/control/apigateway/quotas.h"
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
	*ret = record_find(call, STORE_clientcertificate, call_input(call, "clientCertificateId"));
	if (*ret)
		return 0;
	return call_fail(call, "NotFoundException", "Invalid Client Certificate identifier specified");
}

static struct json *show(struct call *call, const struct json *certificate)
{
	(void)call;
	return tags_shown(certificate, false);
}

static void answer(struct call *call, const struct json *certificate)
{
	struct json JSON_CLEANUP *shown = show(call, certificate);

	call_answer(call, shown);
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
		answer(call, certificate);
	}
	authority_pair_wipe(&pair);
	return error;
}

int op_get_client_certificate(struct call *call)
{
	struct json JSON_CLEANUP *certificate = NULL;
	int error = find(call, &certificate);

	if (error == 0)
		answer(call, certificate);
	return error;
}

int op_get_client_certificates(struct call *call)
{
	return page_list_shown(call, record_list(call, STORE_clientcertificate, NULL), "clientCertificateId", show);
}

static int patch_certificate(struct call *call, const struct patch *patch, struct json *certificate)
{
	if (patch->op != PATCH_REPLACE || !patch_is(patch, "description"))
		return patch_invalid_strict(call, patch, "/description");
	patch_text(certificate, "description", patch);
	return 0;
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
	answer(call, certificate);
	return 0;
}

/* Adds "api:stage" for a stage that presents the certificate to its back ends. */
struct search {
	struct call *call;
	const char *id;
	const char *found; /* "a:b, c:d", or NULL */
	size_t count;
};

/* More are not told. */
enum { TOLD_MAX = 20 };

static int look_at_stage(void *context, const struct store_record *record)
{
	struct search *search = context;
	struct json JSON_CLEANUP *stage = NULL;

	/* Most stages have none: they need not be parsed. */
	if (view_find(view_from(record->body, record->body_bytes), view_from_text(search->id)) == VIEW_NOWHERE)
		return 0;
	stage = record_find(search->call, STORE_stage, record->id);
	if (!view_equals_text(json_find_text(stage, "clientCertificateId"), search->id) || search->count++ >= TOLD_MAX)
		return 0;
	search->found = call_text(search->call, "%s%s%s:%s", search->found ? search->found : "",
		search->found ? ", " : "", record->parent, json_find_c_string(stage, "stageName"));
	return 0;
}

int op_delete_client_certificate(struct call *call)
{
	struct search search = { .call = call, .id = call_input(call, "clientCertificateId") };
	struct json JSON_CLEANUP *certificate = NULL;
	int error = find(call, &certificate);

	if (error < 0)
		return error;
	record_error(call, store_each(call->control->store, STORE_stage, NULL, look_at_stage, &search));
	if (search.found)
		return call_fail(call, "BadRequestException",
			"Cannot delete client certificate. Client certificate '%s', is referenced in [%s] in format of "
			"[RESTApiId:Stage].",
			search.id, search.found);
	record_delete(call, STORE_clientcertificate, search.id);
	return 0;
}
