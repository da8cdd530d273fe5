/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/authenticate.h"

#include <errno.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/acm/certificates.h"
#include "appliance/control/dialect.h"
#include "appliance/control/iam/access_keys.h"
#include "appliance/control/iam/identity.h"
#include "appliance/control/operations.h"
#include "appliance/control/state.h"
#include "appliance/crypto/base64.h"
#include "appliance/crypto/compare.h"
#include "appliance/crypto/digest.h"
#include "appliance/wire/sigv4.h"

static const struct sigv4_crypto crypto = {
	.sha256 = digest_sha256,
	.hmac_sha256 = digest_hmac_sha256,
	.base64 = base64_encode,
};

/* "apigateway, ec2, … " */
#define SERVICE(name, dialect, global, version, resources, text) #name ", "
static const char service_names[] =
#include "appliance/control/services.def"
	;
#undef SERVICE

static int fail(struct call *call, const struct sigv4_failure *failure)
{
	return call_fail(call, failure->type, VIEW_FMT, VIEW_ARG(failure->message));
}

static void fill(struct call *call, struct sigv4_request *request)
{
	struct sigv4_header *headers =
		ARENA_NEW_ARRAY(&call->arena, struct sigv4_header, call->request.field_count + 1);

	ASSERT(headers);
	for (size_t i = 0; i < call->request.field_count; i++)
		headers[i] = (struct sigv4_header){ call->request.fields[i].name, call->request.fields[i].value };
	*request = (struct sigv4_request){
		.method = call->request.method,
		.target = call->request.target,
		.headers = headers,
		.header_count = call->request.field_count,
	};
	digest_sha256(
		request->body_digest, call->request.body.count ? call->request.body.at : "", call->request.body.count);
}

/* Which region the scope must name: global services are signed for us-east-1 by every client. */
static struct view region_for(struct call *call, const struct sigv4_claim *claim)
{
	struct view own = view_from_text(control_region(call->control));

	if (call->service->is_global && view_equals_text(claim->region, "us-east-1"))
		return claim->region;
	return own;
}

/* Whose key it is. False if it is nobody's any more. */
static bool find_principal(struct call *call, const struct json *key)
{
	const char *user_id = access_key_user(key);

	call->identity = user_id ? identity_find(call, user_id) : NULL;
	if (user_id && !call->identity)
		return false;
	call->principal_arn = call->identity ? call_text(call, "%s", call->identity->arn)
					     : call_text(call, "arn:aws:iam::%s:root", control_account(call->control));
	return true;
}

/* The secret of the access key, in the call's arena. */
static int find_secret(struct call *call, const struct sigv4_claim *claim, struct view *ret_secret)
{
	const char *id = call_text_of(call, claim->access_key);
	struct json JSON_CLEANUP *record = access_key_find(call, id);

	if (!record || claim->security_token.count || !access_key_is_active(record) || !find_principal(call, record))
		return call_fail(
			call, "UnrecognizedClientException", "The security token included in the request is invalid.");
	call->access_key = id;
	return certificate_open_sealed(ret_secret, &call->control->key, id,
		json_find_text(json_find(record, "postern"), "sealedSecret"), &call->arena);
}

int authenticate(struct call *call)
{
	struct sigv4_request request;
	struct sigv4_claim claim;
	struct sigv4_failure failure = { 0 };
	struct view secret = { 0 };
	int error;

	fill(call, &request);
	call->service = dialect_guess(&call->request);
	error = sigv4_claim_read(&claim, &failure, &request, &crypto, &call->arena);
	if (error == -EACCES)
		return fail(call, &failure);
	if (error < 0)
		return error;
	if (!service_find(claim.service))
		return call_fail(call, SIGV4_INVALID,
			"Credential should be scoped to a service that Postern has: %snot '" VIEW_FMT "'.",
			service_names, VIEW_ARG(claim.service));
	call->service = service_find(claim.service);
	error = find_secret(call, &claim, &secret);
	if (error < 0)
		return error;
	error = sigv4_claim_check(&claim, &failure, region_for(call, &claim), view_from_text(call->service->name),
		(int64_t)(call->request.received_wall_ms / 1000), &call->arena);
	if (error == 0)
		error = sigv4_claim_verify(&claim, &failure, &request, secret, &crypto, &call->arena, NULL);
	compare_wipe((void *)(uintptr_t)secret.at, secret.count);
	if (error == -EACCES) {
		call->principal_arn = NULL;
		call->identity = NULL;
		return fail(call, &failure);
	}
	return error;
}
