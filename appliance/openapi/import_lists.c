/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lists of a definition whose items have a key: what of the old one goes on, and who gets which id. */
#include "appliance/openapi/import_work.h"

#include <stdlib.h>

#include "appliance/base/assert.h"
#include "appliance/base/random.h"
#include "appliance/openapi/documentation.h"

static const struct {
	const char *name; /* of the list in a definition */
	const char *key;  /* the member that is the key; NULL: the location */
	bool has_id;
	bool shares_keys; /* two of one name may exist; a document makes one at most */
} rows[OPENAPI_LIST_COUNT] = {
	[OPENAPI_MODELS] = { "models", "name", true, false },
	[OPENAPI_AUTHORIZERS] = { "authorizers", "name", true, true },
	[OPENAPI_VALIDATORS] = { "validators", "name", true, true },
	[OPENAPI_GATEWAY_RESPONSES] = { "gatewayResponses", "responseType", false, false },
	[OPENAPI_PARTS] = { "documentationParts", NULL, true, false },
};

static struct view key_of(struct openapi_work *work, enum openapi_list_kind kind, const struct json *item)
{
	char *text;
	struct view key;

	if (rows[kind].key)
		return json_find_text(item, rows[kind].key);
	text = openapi_location_text(json_find(item, "location"));
	key = openapi_text(work, "%s", text);
	free(text);
	return key;
}

static void add(struct table *table, struct view key, struct json *item)
{
	ASSERT(table_set(table, key, item, NULL) == 0);
}

void openapi_lists_start(struct openapi_work *work)
{
	for (size_t i = 0; i < OPENAPI_LIST_COUNT; i++) {
		enum openapi_list_kind kind = (enum openapi_list_kind)i;
		struct openapi_list *list = &work->lists[i];

		list->items = json_array_new();
		json_set(work->definition, rows[i].name, list->items);
		JSON_EACH(item, json_find(work->existing, rows[i].name))
		{
			add(&list->old_by_key, key_of(work, kind, item), item);
			if (rows[i].has_id)
				add(&list->ids, json_find_text(item, "id"), item);
		}
	}
}

/* What goes on of a list whose keys may be shared: all but the items that the document's took the ids of. */
static void keep_by_id(struct openapi_list *list, const struct json *old_items)
{
	struct table ids;

	table_init(&ids);
	JSON_EACH(item, list->items)
	add(&ids, json_find_text(item, "id"), item);
	JSON_EACH(item, old_items)
	{
		if (!table_find(&ids, json_find_text(item, "id")))
			json_append(list->items, json_copy(item));
	}
	table_fini(&ids);
}

void openapi_lists_finish(struct openapi_work *work)
{
	for (size_t i = 0; work->options->merge && i < OPENAPI_LIST_COUNT; i++) {
		struct openapi_list *list = &work->lists[i];
		const struct json *old_items = json_find(work->existing, rows[i].name);

		if (rows[i].shares_keys) {
			keep_by_id(list, old_items);
			continue;
		}
		JSON_EACH(item, old_items)
		{
			if (!table_find(&list->by_key, key_of(work, (enum openapi_list_kind)i, item)))
				json_append(list->items, json_copy(item));
		}
	}
	if (json_count(work->lists[OPENAPI_PARTS].items) > OPENAPI_PARTS_MAX_COUNT)
		openapi_error(work, work->document,
			"there must be no more than %d documentation parts, those of the API included",
			OPENAPI_PARTS_MAX_COUNT);
}

struct json *openapi_find_item(struct openapi_work *work, enum openapi_list_kind kind, struct view key)
{
	struct openapi_list *list = &work->lists[kind];
	struct json *item = table_find(&list->by_key, key);

	return item || !work->options->merge ? item : table_find(&list->old_by_key, key);
}

static bool is_changed(const struct json *old, const struct json *item)
{
	struct json JSON_CLEANUP *bare = json_copy(old);

	(void)json_remove(bare, "id");
	return !json_equals(bare, item);
}

static void set_id(struct openapi_work *work, enum openapi_list_kind kind, const struct json *old, struct json *item)
{
	struct openapi_list *list = &work->lists[kind];
	bool is_another = !work->options->merge && old &&
			  ((kind == OPENAPI_PARTS && work->renews_parts) ||
				  (kind == OPENAPI_AUTHORIZERS && is_changed(old, item)));
	char id[7];

	if (old && !is_another) {
		json_set(item, "id", json_copy(json_find(old, "id")));
		return;
	}
	do
		random_lower_alnum(id, 6);
	while (table_find(&list->ids, view_from(id, 6)));
	json_set_c_string(item, "id", id);
	add(&list->ids, json_find_text(item, "id"), item);
}

struct json *openapi_put(struct openapi_work *work, enum openapi_list_kind kind, struct view key, struct json *item)
{
	struct openapi_list *list = &work->lists[kind];

	if (rows[kind].has_id)
		set_id(work, kind, table_find(&list->old_by_key, key), item);
	json_append(list->items, item);
	add(&list->by_key, rows[kind].key ? json_find_text(item, rows[kind].key) : key, item);
	return item;
}
