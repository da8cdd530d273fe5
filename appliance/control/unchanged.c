/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/unchanged.h"

#include <errno.h>

#include "appliance/control/records.h"
#include "appliance/control/state.h"

struct condition {
	struct call *call;
	struct view scopes;
};

bool unchanged_concerns(struct view scope, const struct store_record *record)
{
	struct view kind, id, record_id = view_from_text(record->id);
	bool has_id = view_cut(scope, '/', &kind, &id);

	if (!has_id)
		return view_equals_text(scope, store_kind_name(record->kind));
	if (view_equals_text(kind, store_kind_name(record->kind)) && view_equals(id, record_id))
		return true;
	return view_equals_text(id, record->parent) ||
	       (view_starts_with(record_id, id) && record_id.count > id.count && record_id.at[id.count] == '/');
}

/* A scope that names nothing would be a condition that always holds, or one on everything. */
static int check_scopes(struct call *call, struct view scopes)
{
	struct view scope, kind, id;

	if (view_trim(scopes).count == 0)
		return call_fail(call, "ValidationException",
			"The field " UNCHANGED_FIELD " names nothing that shall be unchanged");
	while (view_split(&scopes, ' ', &scope)) {
		bool has_id = view_cut(scope, '/', &kind, &id);

		if (scope.count && (store_kind_find(call_text_of(call, kind)) < 0 || (has_id && id.count == 0)))
			return call_fail(call, "ValidationException",
				"The field " UNCHANGED_FIELD
				" names no kind of record, or a record without an id: " VIEW_FMT,
				VIEW_ARG(scope));
	}
	return 0;
}

/* Does the scope name this very record? */
static bool is_named(struct view scope, const struct store_record *record)
{
	struct view kind, id;

	return view_cut(scope, '/', &kind, &id) && view_equals_text(kind, store_kind_name(record->kind)) &&
	       view_equals_text(id, record->id);
}

static int look(void *context, const struct store_record *record)
{
	struct condition *condition = context;
	const char *kind = store_kind_name(record->kind), *change = record->deleted ? "deleted" : "changed";
	struct view rest = condition->scopes, scope;

	while (view_split(&rest, ' ', &scope)) {
		if (scope.count == 0 || !unchanged_concerns(scope, record))
			continue;
		/* Which record it was is told to nobody who did not name it: it may be one that the caller may not see. */
		if (view_find_byte(scope, '/') == VIEW_NOWHERE)
			return call_fail(
				condition->call, "PreconditionFailedException", "a %s was %s meanwhile", kind, change);
		if (!is_named(scope, record))
			return call_fail(condition->call, "PreconditionFailedException",
				"a %s of " VIEW_FMT " was %s meanwhile", kind, VIEW_ARG(scope), change);
		return call_fail(condition->call, "PreconditionFailedException",
			"%s %s was %s meanwhile, at revision %llu", kind, record->id, change,
			(unsigned long long)record->revision);
	}
	return 0;
}

int unchanged_check(struct call *call)
{
	struct condition condition = { .call = call };
	struct view field = view_trim(call_field(call, UNCHANGED_FIELD)), number;
	uint64_t since;
	int error;

	if (!field.count)
		return 0;
	view_cut(field, ' ', &number, &condition.scopes);
	if (view_parse_u64(number, INT64_MAX, &since) < 0)
		return call_fail(call, "ValidationException",
			"The field " UNCHANGED_FIELD " begins with the number of a revision");
	if (check_scopes(call, condition.scopes) < 0)
		return CALL_FAILED;
	error = store_changes(call->control->store, since, look, &condition);
	if (error < 0 && error != CALL_FAILED)
		record_error(call, error);
	return error < 0 ? CALL_FAILED : 0;
}
