/* SPDX-License-Identifier: GPL-3.0-or-later */
/* java.util.List and Collection, arrays, iterators. */
#include "appliance/base/json_value.h"
#include "appliance/mapping/method_parts.h"

bool method_collection_argument(
	struct template_run *run, const struct value_call *call, size_t at, struct value_walk *ret)
{
	const struct value *argument = method_argument(call, at);
	struct value value;
	bool can = false;

	if (!argument)
		return false;
	value = value_current(run, *argument);
	if (value.kind != VALUE_LIST && value.kind != VALUE_JSON_ARRAY)
		return false;
	return value_walk_start(run, value, ret, &can) == 0 && can;
}

static enum value_list_flavor flavor_of(struct value self)
{
	return self.kind == VALUE_JSON_ARRAY ? VALUE_LIST_JSON : (enum value_list_flavor)self.list->flavor;
}

/* Has it positions? Sets and the values of maps have none. */
static bool has_positions(struct value self)
{
	return flavor_of(self) != VALUE_LIST_SET && flavor_of(self) != VALUE_LIST_BAG;
}

static size_t count_of(struct value self)
{
	return self.kind == VALUE_JSON_ARRAY ? json_value_count(self.json) : self.list->count;
}

static struct value item_of(struct value self, size_t at)
{
	return self.kind == VALUE_JSON_ARRAY ? value_of_json(json_value_at(self.json, at)) : self.list->items[at];
}

/* Make it one that can be changed in size: arrays and what keySet() gives can't. */
static int change(struct template_run *run, struct value *self)
{
	if (self->kind == VALUE_LIST && self->list->flavor != VALUE_LIST_PLAIN && self->list->flavor != VALUE_LIST_JSON)
		return template_fail(run, "this collection can't grow or shrink");
	return value_change(run, self);
}

static int out_of_range(struct template_run *run, const char *method, int64_t index, size_t count)
{
	return template_fail(run, "%s: index %lld of a list of %zu", method, (long long)index, count);
}

/* --- Reading -------------------------------------------------------------------------------------------------------- */

int method_list_size(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)run;
	(void)call;
	*ret = value_integer((int64_t)count_of(self));
	return 0;
}

int method_list_count(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	return flavor_of(self) == VALUE_LIST_JSON ? method_list_size(run, self, call, ret) : 0;
}

int method_list_is_empty(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)run;
	(void)call;
	*ret = value_boolean(count_of(self) == 0);
	return 0;
}

int method_list_get(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	int64_t at;

	if (!has_positions(self) || !method_int_argument(call, 0, &at))
		return 0;
	if (at < 0 || (uint64_t)at >= count_of(self))
		return out_of_range(run, "get", at, count_of(self));
	*ret = item_of(self, (size_t)at);
	return 0;
}

/* Position of an equal item from `from` on in steps of `step`; -1. */
static int find(struct template_run *run, struct value self, struct value item, size_t from, size_t step, int64_t *ret)
{
	*ret = -1;
	for (size_t at = from; at < count_of(self); at += step) {
		int result = template_work(run, 1);

		if (result)
			return result;
		if (!value_equals(run, item_of(self, at), item))
			continue;
		*ret = (int64_t)at;
		return 0;
	}
	return 0;
}

int method_list_contains(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	int64_t at;
	int result = find(run, self, call->arguments[0], 0, 1, &at);

	*ret = value_boolean(at >= 0);
	return result;
}

int method_list_contains_all(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct value_walk walk;

	if (!method_collection_argument(run, call, 0, &walk))
		return 0;
	*ret = value_boolean(true);
	for (size_t i = 0; i < walk.count; i++) {
		int64_t at;
		int result = find(run, self, value_walk_at(&walk, i), 0, 1, &at);

		if (result)
			return result;
		if (at < 0)
			*ret = value_boolean(false);
	}
	return 0;
}

int method_list_index_of(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	int64_t at;
	int result;

	if (!has_positions(self))
		return 0;
	result = find(run, self, call->arguments[0], 0, 1, &at);
	*ret = value_integer(at);
	return result;
}

int method_list_last_index_of(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	size_t count = count_of(self);
	int64_t at = -1;
	int result = 0;

	if (!has_positions(self))
		return 0;
	if (count) /* a step of -1: it ends past zero */
		result = find(run, self, call->arguments[0], count - 1, SIZE_MAX, &at);
	*ret = value_integer(at);
	return result;
}

/* --- Making --------------------------------------------------------------------------------------------------------- */

static int copy(struct template_run *run, struct value self, enum value_list_flavor flavor, size_t from, size_t to,
	struct value *ret)
{
	struct value_list *list;
	int result = template_work(run, to - from);

	if (result == 0)
		result = value_list_new(run, flavor, to - from, &list);
	if (result)
		return result;
	for (size_t i = from; i < to; i++) {
		result = value_list_add(run, list, item_of(self, i));
		if (result)
			return result;
	}
	*ret = value_list(list);
	return 0;
}

int method_list_sub_list(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	int64_t from, to;

	if (!has_positions(self) || !method_int_argument(call, 0, &from) || !method_int_argument(call, 1, &to))
		return 0;
	if (from < 0 || to > (int64_t)count_of(self) || from > to)
		return out_of_range(run, "subList", from < 0 || from > to ? from : to, count_of(self));
	return copy(run, self, VALUE_LIST_PLAIN, (size_t)from, (size_t)to, ret);
}

int method_list_to_array(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	(void)call;
	return copy(run, self, VALUE_LIST_ARRAY, 0, count_of(self), ret);
}

/* An iterator over the items there were when it was made. */
struct iterator {
	struct value_object object;
	struct value self;
	size_t next, count;
};

static int iterator_call(
	struct template_run *run, struct value_object *self, const struct value_call *call, struct value *ret)
{
	struct iterator *iterator = (struct iterator *)self;

	if (call->count)
		return 0;
	if (call->method == METHOD_HAS_NEXT)
		*ret = value_boolean(iterator->next < iterator->count);
	if (call->method != METHOD_NEXT)
		return 0;
	if (iterator->next >= iterator->count || iterator->next >= count_of(iterator->self))
		return template_fail(run, "next: the iterator is at its end");
	*ret = item_of(iterator->self, iterator->next++);
	return 0;
}

/* #foreach takes what is left. */
static int iterator_expand(struct template_run *run, struct value_object *self, struct value *ret)
{
	struct iterator *iterator = (struct iterator *)self;
	size_t from = iterator->next, count = count_of(iterator->self);

	iterator->next = iterator->count;
	return copy(run, iterator->self, VALUE_LIST_BAG, from < count ? from : count, count, ret);
}

static const struct value_class iterator_class = {
	.name = "iterator",
	.call = iterator_call,
	.expand = iterator_expand,
};

int method_list_iterator(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct iterator *iterator = ARENA_NEW(run->arena, struct iterator);

	(void)call;
	if (!iterator)
		return template_no_memory(run);
	iterator->object.class = &iterator_class;
	iterator->self = self;
	iterator->count = count_of(self);
	*ret = value_object(&iterator->object);
	return 0;
}

/* --- Changing ------------------------------------------------------------------------------------------------------- */

int method_list_set(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	int64_t at;
	int result;

	if (!has_positions(self) || !method_int_argument(call, 0, &at))
		return 0;
	if (at < 0 || (uint64_t)at >= count_of(self))
		return out_of_range(run, "set", at, count_of(self));
	result = value_change(run, &self);
	if (result)
		return result;
	*ret = self.list->items[at];
	self.list->items[at] = call->arguments[1];
	return 0;
}

int method_list_add(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	int64_t at = 0;
	int result;

	if (call->count == 2 && (!has_positions(self) || !method_int_argument(call, 0, &at)))
		return 0;
	result = change(run, &self);
	if (result)
		return result;
	if (call->count == 1) {
		*ret = value_boolean(true);
		return value_list_add(run, self.list, call->arguments[0]);
	}
	if (at < 0 || at > (int64_t)self.list->count)
		return out_of_range(run, "add", at, self.list->count);
	*ret = method_void();
	return value_list_insert(run, self.list, (size_t)at, call->arguments[1]);
}

int method_list_add_all(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	struct value_walk walk;
	int64_t at;
	size_t count;
	int result;

	if (!method_collection_argument(run, call, (size_t)call->count - 1, &walk) ||
		(call->count == 2 && (!has_positions(self) || !method_int_argument(call, 0, &at))))
		return 0;
	count = walk.count; /* a list that is added to itself grows meanwhile */
	result = template_work(run, count);
	if (result == 0)
		result = change(run, &self);
	if (result)
		return result;
	if (call->count == 1)
		at = self.list->count;
	if (at < 0 || at > (int64_t)self.list->count)
		return out_of_range(run, "addAll", at, self.list->count);
	*ret = value_boolean(count > 0);
	for (size_t i = 0; i < count && result == 0; i++) {
		if (call->count == 1)
			result = value_list_add(run, self.list, value_walk_at(&walk, i));
		else
			result = value_list_insert(run, self.list, (size_t)at + i, value_walk_at(&walk, i));
	}
	return result;
}

/* By position with an Integer, else by value. */
int method_list_remove(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	int64_t at;
	bool by_position = has_positions(self) && method_int_argument(call, 0, &at);
	int result = change(run, &self);

	if (result)
		return result;
	if (!by_position) {
		result = find(run, self, call->arguments[0], 0, 1, &at);
		*ret = value_boolean(at >= 0);
		if (result == 0 && at >= 0)
			value_list_remove(self.list, (size_t)at);
		return result ? result : template_work(run, self.list->count / 16);
	}
	if (at < 0 || at >= (int64_t)self.list->count)
		return out_of_range(run, "remove", at, self.list->count);
	*ret = self.list->items[at];
	value_list_remove(self.list, (size_t)at);
	return template_work(run, self.list->count / 16); /* all behind it moved */
}

/* Keep those of which `other` has an equal one (or has none). */
static int sift(
	struct template_run *run, struct value self, const struct value_call *call, bool keep, struct value *ret)
{
	struct value other = value_current(run, call->arguments[0]);
	size_t kept = 0;
	int result;

	if (other.kind != VALUE_LIST && other.kind != VALUE_JSON_ARRAY)
		return 0;
	result = change(run, &self);
	if (result)
		return result;
	other = value_current(run, other);
	if (other.kind == VALUE_LIST && other.list == self.list) { /* it must not change while it is compared with */
		*ret = value_boolean(!keep && self.list->count);
		if (!keep)
			self.list->count = 0;
		return 0;
	}
	for (size_t i = 0; i < self.list->count; i++) {
		int64_t at;

		result = find(run, other, self.list->items[i], 0, 1, &at);
		if (result)
			return result;
		if ((at >= 0) == keep)
			self.list->items[kept++] = self.list->items[i];
	}
	*ret = value_boolean(kept != self.list->count);
	self.list->count = (uint32_t)kept;
	return 0;
}

int method_list_remove_all(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	return sift(run, self, call, false, ret);
}

int method_list_retain_all(
	struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	return sift(run, self, call, true, ret);
}

int method_list_clear(struct template_run *run, struct value self, const struct value_call *call, struct value *ret)
{
	int result = change(run, &self);

	(void)call;
	*ret = method_void();
	if (result == 0)
		self.list->count = 0;
	return result;
}
