/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Definitions of REST APIs, as they are, as they were deployed, and as an import would leave them: what a client that keeps
 * APIs in the wished state compares. Nothing is changed here.
 */
#include <string.h>

#include "appliance/control/apigateway/apis.h"
#include "appliance/control/apigateway/import.h"
#include "appliance/control/documents.h"
#include "appliance/control/operations.h"
#include "appliance/control/records.h"

/* What a definition says of the API itself, without what is Postern's own. */
static struct json *shown(const struct json *definition)
{
	struct json *copy = json_copy(definition);

	(void)json_remove(json_find(copy, "restApi"), "postern");
	return copy;
}

int op_preview_import(struct call *call)
{
	const char *mode = call_input(call, "mode");
	struct json JSON_CLEANUP *api = NULL;
	bool is_new = !call_input_has(call, "restApiId");
	struct import import = { 0 };
	int error;

	if (is_new) {
		api = json_object_new();
		error = import_new_api(call, api);
	} else {
		error = api_find(call, &api);
	}
	if (error == 0)
		error = import_prepare(call, api, !is_new && (!mode || strcmp(mode, "overwrite") != 0), &import);
	if (error == 0) {
		json_set_c_string(call->output, "apiArn", document_api_arn(call, json_find_c_string(api, "id")));
		if (!is_new)
			json_set(call->output, "before", shown(import.before));
		json_set(call->output, "after", shown(import.after));
		json_set(call->output, "warnings", json_copy(import.warnings));
	}
	import_fini(&import);
	return error;
}

int op_get_deployed_definition(struct call *call)
{
	struct json JSON_CLEANUP *deployment = NULL;
	int error = api_check(call);

	if (error < 0)
		return error;
	deployment = record_find(call, STORE_deployment, api_key(call, call_input(call, "deploymentId")));
	if (!deployment)
		return call_fail(call, "NotFoundException", "Invalid Deployment identifier specified");
	json_set(call->output, "definition", shown(json_find_path(deployment, "postern", "definition", NULL)));
	return 0;
}
