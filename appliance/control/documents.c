/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/documents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/state.h"

int document_normalise(
	struct call *call, enum policy_kind kind, const char *owner_arn, const char *text, const char **ret)
{
	struct policy_options options = { .kind = kind, .owner_arn = policy_text_of(owner_arn) };
	struct policy_error problem;
	char detail[512];
	char *normal = NULL;
	int error = policy_normalise(&normal, NULL, text, strlen(text), &options, &problem);

	if (error == -ENOMEM)
		return error;
	if (error < 0) {
		(void)policy_error_write(&problem, detail, sizeof detail);
		call->detail = call_text(call, "%s", detail);
		if (kind == POLICY_KIND_ENDPOINT) {
			(void)policy_error_endpoint_message(&problem, detail, sizeof detail);
			return call_fail(call, "InvalidPolicyDocument", "%s", detail);
		}
		return call_fail(call, "BadRequestException", "%s", POLICY_INVALID_DOCUMENT_MESSAGE);
	}
	*ret = call_text(call, "%s", normal);
	free(normal);
	return 0;
}

void document_escape_member(struct json *object, const char *name)
{
	struct view text = json_find_text(object, name);
	struct buffer escaped;

	if (!text.at)
		return;
	buffer_init(&escaped, 2 * text.count + 1);
	for (size_t i = 0; i < text.count; i++) {
		if (text.at[i] == '"' || text.at[i] == '\\')
			buffer_append_byte(&escaped, '\\');
		buffer_append_byte(&escaped, text.at[i]);
	}
	ASSERT(buffer_error(&escaped) == 0);
	json_set_text(object, name, buffer_view(&escaped));
	buffer_fini(&escaped);
}

const char *document_api_arn(struct call *call, const char *api_id)
{
	return call_text(call, "arn:aws:execute-api:%s:%s:%s", control_region(call->control),
		control_account(call->control), api_id);
}

const char *document_domain_arn(struct call *call, const char *name, const char *domain_name_id)
{
	return call_text(call, "arn:aws:execute-api:%s:%s:/domainnames/%s+%s", control_region(call->control),
		control_account(call->control), name, domain_name_id);
}
