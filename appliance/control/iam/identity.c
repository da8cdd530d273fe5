/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/iam/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/log.h"
#include "appliance/control/iam/managed_policies.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"

static void identity_free(struct identity *identity)
{
	for (size_t i = 0; i < identity->policy_count; i++)
		policy_free(identity->policies[i]);
	free(identity->policies);
	json_free(identity->names);
	json_free(identity->user);
	free(identity->user_id);
	free(identity);
}

/* A policy that can't be read might deny: then nothing may be decided. */
static void add_policy(
	struct call *call, struct identity *identity, const char *what, const char *name, const char *text)
{
	const struct policy_options options = { .kind = POLICY_KIND_IDENTITY, .max_bytes = SIZE_MAX, .stored = true };
	struct policy *policy = NULL;
	int error = text ? policy_parse(&policy, text, strlen(text), &options, NULL) : -EUCLEAN;

	if (error < 0) {
		log_error("a stored policy can't be read", LOG_TEXT("user", identity->arn), LOG_TEXT("policy", name),
			LOG_ERRNO(error));
		record_error(call, error == -ENOMEM ? -ENOMEM : -EUCLEAN);
		return;
	}
	identity->policies[identity->policy_count++] = policy;
	json_append(identity->names, json_text_new_printf("%s policy %s", what, name));
}

static void add_policies(struct call *call, struct identity *identity)
{
	struct json JSON_CLEANUP *inlined = record_list(call, STORE_iamuserpolicy, identity->user_id);
	struct json JSON_CLEANUP *attached = record_list(call, STORE_iamattachment, identity->user_id);

	identity->policies = calloc(json_count(inlined) + json_count(attached) + 1, sizeof(struct policy *));
	ASSERT(identity->policies);
	JSON_EACH(item, inlined)
	add_policy(call, identity, "inline", json_find_c_string(item, "PolicyName"),
		json_find_c_string(item, "PolicyDocument"));
	JSON_EACH(item, attached)
	add_policy(call, identity, "managed", json_find_c_string(item, "PolicyName"),
		managed_policy_document(call, json_find_c_string(item, "PolicyArn")));
}

static struct identity *identity_read(struct call *call, const char *user_id)
{
	struct json *user = record_find(call, STORE_iamuser, user_id);
	struct identity *identity;

	if (!user)
		return NULL;
	identity = calloc(1, sizeof *identity);
	ASSERT(identity);
	identity->user_id = strdup(user_id);
	ASSERT(identity->user_id);
	identity->user = user;
	identity->name = json_find_c_string(user, "UserName");
	identity->arn = json_find_c_string(user, "Arn");
	identity->names = json_array_new();
	add_policies(call, identity);
	return identity;
}

const struct identity *identity_find(struct call *call, const char *user_id)
{
	struct table *known = &call->control->identities;
	struct identity *identity = table_find(known, view_from_text(user_id));

	if (identity)
		return identity;
	identity = identity_read(call, user_id);
	if (!identity)
		return NULL;
	if (known->count >= IDENTITIES_MAX_COUNT)
		identities_forget(call->control);
	if (call->store_error < 0 || table_add(known, view_from_text(identity->user_id), identity) < 0) {
		record_error(call, -ENOMEM);
		identity_free(identity);
		return NULL;
	}
	return identity;
}

bool identity_follows(enum store_kind kind)
{
	switch (kind) {
	case STORE_iamuser:
	case STORE_iamuserpolicy:
	case STORE_iampolicy:
	case STORE_iampolicyversion:
	case STORE_iamattachment:
		return true;
	default:
		return false;
	}
}

void identities_forget(struct control *control)
{
	struct table *known = &control->identities;
	struct identity *identity;
	size_t cursor = 0;

	while ((identity = table_next(known, &cursor, NULL)))
		identity_free(identity);
	table_fini(known);
	table_init(known);
}
