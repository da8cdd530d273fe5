/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Going back to a copy of the store, as one more change. */
#include <errno.h>
#include <string.h>

#include "appliance/store/store.h"

_Static_assert(STORE_KIND_COUNT <= 64, "kinds are bits of a mask");

struct reverting {
	struct store *store, *copy;
	uint64_t kept_kinds;
	store_revert_visit *visit;
	void *context;
	size_t count;
};

static bool is_same(const struct store_record *one, const struct store_record *other)
{
	if (one->deleted || other->deleted)
		return one->deleted == other->deleted;
	return one->body_bytes == other->body_bytes && memcmp(one->body, other->body, one->body_bytes) == 0 &&
	       strcmp(one->parent, other->parent) == 0;
}

static int change(struct reverting *reverting, const struct store_record *now, const struct store_record *then)
{
	int error = reverting->visit ? reverting->visit(reverting->context, now, then) : 0;

	if (error < 0)
		return error;
	reverting->count++;
	return then->deleted
		       ? store_delete(reverting->store, now->kind, now->id)
		       : store_put(reverting->store, then->kind, then->id, then->parent, then->body, then->body_bytes);
}

/* Called for each record that was changed since, tombstones too. */
static int revert_one(void *context, const struct store_record *now)
{
	struct reverting *reverting = context;
	struct store_record then = {
		.kind = now->kind, .id = now->id, .parent = "", .deleted = true, .body = "", .body_bytes = 0
	};
	struct store_record found;
	int error;

	if (reverting->kept_kinds >> now->kind & 1)
		return 0;
	error = store_get(reverting->copy, now->kind, now->id, &found);
	if (error < 0 && error != -ENOENT)
		return error;
	if (error == 0)
		then = found;
	error = is_same(now, &then) ? 0 : change(reverting, now, &then);
	if (!then.deleted)
		store_record_fini(&found);
	return error;
}

int store_revert(struct store *store, struct store *copy, uint64_t kept_kinds, store_revert_visit *visit, void *context,
	size_t *ret_count)
{
	struct reverting reverting = {
		.store = store, .copy = copy, .kept_kinds = kept_kinds, .visit = visit, .context = context
	};
	const struct store_identity *own = store_identity(store), *other = store_identity(copy);
	uint64_t now = 0, then = 0;
	int error = store_revision(store, &now);

	if (error == 0)
		error = store_revision(copy, &then);
	if (error < 0)
		return error;
	if (then > now || strcmp(own->account_id, other->account_id) != 0 || strcmp(own->region, other->region) != 0)
		return -ESTALE;
	/* After revision 0, when there was no record, tombstones are left out: they are what they shall be. */
	error = store_changes(store, then, revert_one, &reverting);
	if (ret_count)
		*ret_count = reverting.count;
	return error;
}
