/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/openapi/import.h"

#include <errno.h>
#include <stdlib.h>

#include "appliance/openapi/documentation.h"
#include "appliance/openapi/import_work.h"

void openapi_failure_fini(struct openapi_failure *failure)
{
	free(failure->message);
	free(failure->detail);
	*failure = (struct openapi_failure){ 0 };
}

static int run(struct openapi_work *work, struct openapi_failure *failure)
{
	if (!openapi_check_version(work))
		return openapi_report(work, failure);
	work->definition = json_object_new();
	json_set(work->definition, "restApi", json_copy(json_find(work->existing, "restApi")));
	openapi_resources_start(work);
	openapi_lists_start(work);
	openapi_read_api(work);
	openapi_read_models(work);
	openapi_read_authorizers(work);
	openapi_read_parts(work);
	openapi_read_paths(work);
	openapi_make_generated_models(work);
	openapi_read_documentation(work);
	openapi_lists_finish(work);
	return openapi_report(work, failure);
}

int openapi_import(struct json **ret_definition, struct json **ret_warnings, struct openapi_failure *ret_failure,
	const struct json *existing, struct view text, const struct openapi_options *options)
{
	struct openapi_work work;
	int result = openapi_work_init(&work, ret_failure, existing, text, options);

	if (result == 0)
		result = run(&work, ret_failure);
	if (result == 0) {
		*ret_definition = work.definition;
		*ret_warnings = work.warnings;
		work.definition = work.warnings = NULL;
	}
	openapi_work_fini(&work);
	return result;
}
