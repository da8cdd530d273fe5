/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/apigateway/hal.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/wire/uri.h"

/* Source: the samples' curies. */
#define CURIE "https://docs.aws.amazon.com/apigateway/latest/developerguide/restapi-%s-{rel}.html"

/* Longest link: the template and values that a path of a request had room for. */
enum { HREF_MAX_BYTES = 65536 };

enum hal_type_id {
#define HAL_TYPE(type, page, self, id) HAL_##type,
#define HAL_LINK(type, relation, href)
#define HAL_LIST_LINK(type, relation, href)
#define HAL_EMBED(type, member, relation, child)
#include "appliance/control/apigateway/hal.def"
#undef HAL_TYPE
	HAL_TYPE_COUNT
};

struct hal_type {
	const char *name, *page, *self, *id;
};

static const struct hal_type types[HAL_TYPE_COUNT] = {
#define HAL_TYPE(type, page, self, id) [HAL_##type] = { #type, page, self, id },
#include "appliance/control/apigateway/hal.def"
#undef HAL_TYPE
#undef HAL_LINK
#undef HAL_LIST_LINK
};

static const struct {
	enum hal_type_id type;
	bool of_list;
	const char *relation, *href;
} links[] = {
#define HAL_TYPE(type, page, self, id)
#define HAL_LINK(type, relation, href) { HAL_##type, false, relation, href },
#define HAL_LIST_LINK(type, relation, href) { HAL_##type, true, relation, href },
#include "appliance/control/apigateway/hal.def"
#undef HAL_LINK
#undef HAL_LIST_LINK
#undef HAL_EMBED
};

static const struct {
	enum hal_type_id type, child;
	const char *member, *relation;
} embeds[] = {
#define HAL_LINK(type, relation, href)
#define HAL_LIST_LINK(type, relation, href)
#define HAL_EMBED(type, member, relation, child) { HAL_##type, HAL_##child, member, relation },
#include "appliance/control/apigateway/hal.def"
#undef HAL_TYPE
#undef HAL_LINK
#undef HAL_LIST_LINK
#undef HAL_EMBED
};

bool hal_wanted(struct view accept)
{
	return view_find(accept, view_of("application/json")) == VIEW_NOWHERE ||
	       view_find(accept, view_of("application/hal+json")) != VIEW_NOWHERE;
}

/* --- which type -------------------------------------------------------------------------------------------------------- */

static struct view without_query(const char *template)
{
	struct view path = view_from_text(template), rest;
	size_t query = view_find(path, view_of("{?"));

	if (query != VIEW_NOWHERE)
		return view_part(path, 0, query);
	(void)view_cut(path, '?', &path, &rest);
	return path;
}

/* Are these templates the same but for the names of placeholders? */
static bool same_template(struct view left, struct view right)
{
	struct view left_part, right_part;

	for (;;) {
		bool more_left = view_split(&left, '/', &left_part), more_right = view_split(&right, '/', &right_part);

		if (!more_left || !more_right)
			return more_left == more_right;
		if (view_starts_with(left_part, view_of("{")) && view_starts_with(right_part, view_of("{")))
			continue;
		if (!view_equals(left_part, right_part))
			return false;
	}
}

static struct view parent_of(struct view path)
{
	size_t end = path.count;

	while (end && path.at[end - 1] != '/')
		end--;
	return view_part(path, 0, end ? end - 1 : 0);
}

/* The type of what the operation answers with, or NULL; `*ret_list` tells whether it is a list. */
static const struct hal_type *type_of(const struct operation *operation, const struct json *output, bool *ret_list)
{
	struct view path = without_query(operation->uri);

	for (size_t i = 0; i < HAL_TYPE_COUNT; i++) {
		const struct hal_type *type = &types[i];
		struct view self = without_query(type->self);
		bool creates = strcmp(operation->method, "POST") == 0, in_list = false, is_self;

		if (*type->id)
			in_list = same_template(path, parent_of(self));
		/* A child is created at its parent; other calls of this form do something else with the resource. */
		is_self = same_template(path, self) && (!creates || i == HAL_resource);
		*ret_list =
			in_list && strcmp(operation->method, "GET") == 0 && json_is_array(json_find(output, "item"));
		if (*ret_list)
			return type;
		if ((is_self || (in_list && creates)) && (!*type->id || json_find(output, type->id)))
			return type;
	}
	*ret_list = false;
	return NULL;
}

/* --- links ------------------------------------------------------------------------------------------------------------- */

static void append_value(struct buffer *href, const struct json *value)
{
	struct view text = json_text(value);
	char *room = buffer_reserve(href, text.count * 3);

	if (room)
		buffer_commit(href, uri_encode(room, text, false));
}

/* {?a,b}: those that are known; with none known it stays as it is, in links that may be templated. */
static bool append_query(struct buffer *href, struct view names, const struct json *known, bool may_stay)
{
	struct view rest = names, name;
	bool any = false;

	while (view_split(&rest, ',', &name)) {
		const struct json *value = json_find_view(known, name);

		if (!value)
			continue;
		buffer_printf(href, "%c" VIEW_FMT "=", any ? '&' : '?', VIEW_ARG(name));
		append_value(href, value);
		any = true;
	}
	if (!any && may_stay)
		buffer_printf(href, "{?" VIEW_FMT "}", VIEW_ARG(names));
	return !any && may_stay;
}

/* Fill a template from `known`; what is unknown stays, and true is returned. */
static bool fill(struct buffer *href, const char *template, const struct json *known, bool may_stay)
{
	struct view rest = view_from_text(template);
	bool templated = false;

	while (rest.count) {
		size_t open = view_find_byte(rest, '{'), close = view_find_byte(rest, '}');
		const struct json *value;
		struct view name;

		if (open == VIEW_NOWHERE || close == VIEW_NOWHERE) {
			buffer_append(href, rest);
			break;
		}
		buffer_append(href, view_part(rest, 0, open));
		name = view_part(rest, open + 1, close - open - 1);
		rest = view_after(rest, close + 1);
		value = json_find_view(known, name);
		if (view_starts_with(name, view_of("?"))) {
			templated |= append_query(href, view_after(name, 1), known, may_stay);
		} else if (value) {
			append_value(href, value);
		} else {
			buffer_printf(href, "{" VIEW_FMT "}", VIEW_ARG(name));
			templated = true;
		}
	}
	return templated;
}

static struct json *link_new(const char *template, const struct json *known, bool may_stay)
{
	struct json *link = json_object_new();
	struct buffer href;
	bool templated;

	buffer_init(&href, HREF_MAX_BYTES);
	templated = fill(&href, template, known, may_stay);
	json_set_text(link, "href", buffer_view(&href));
	if (templated)
		json_set_bool(link, "templated", true);
	buffer_fini(&href);
	return link;
}

static void set_links(struct json *target, enum hal_type_id type, bool of_list, const struct json *known)
{
	for (size_t i = 0; i < ARRAY_COUNT(links); i++)
		if (links[i].type == type && links[i].of_list == of_list)
			json_set(target, links[i].relation, link_new(links[i].href, known, true));
}

/* A list of one is the one. Takes over the list. */
static struct json *collapsed(struct json *list)
{
	struct json *only;

	if (json_count(list) != 1)
		return list;
	only = json_take_at(list, 0);
	json_free(list);
	return only;
}

/* One curie for each prefix of the relations that are used. */
static void set_curies(struct json *target, const struct json *prefixes)
{
	struct json *list = json_array_new();

	JSON_EACH(prefix, prefixes)
	for (size_t i = 0; i < HAL_TYPE_COUNT; i++) {
		struct json *curie;

		if (!view_equals_text(json_name(prefix), types[i].name))
			continue;
		curie = json_object_new();
		json_set(curie, "href", json_text_new_printf(CURIE, types[i].page));
		json_set_c_string(curie, "name", types[i].name);
		json_set_bool(curie, "templated", true);
		json_append(list, curie);
	}
	json_set(target, "curies", collapsed(list));
}

static void note_prefixes(struct json *prefixes, const struct json *named)
{
	JSON_EACH(member, named)
	{
		struct view prefix, rest;

		if (view_cut(json_name(member), ':', &prefix, &rest))
			json_set_view(prefixes, prefix, json_bool_new(true));
	}
}

/* --- resources --------------------------------------------------------------------------------------------------------- */

static bool is_time(const struct json *member)
{
	struct view name = json_name(member);

	return json_is_number(member) && name.count > 4 && view_equals_text(view_after(name, name.count - 4), "Date");
}

/* A member's value as HAL has it: times as text, lists of one as the one, all the way down. */
static struct json *settled(const struct json *value)
{
	struct json *made;
	double seconds = 0;

	if (is_time(value) && json_double(value, &seconds) == 0 && seconds >= 0) {
		char text[CLOCK_TEXT_MAX_BYTES];

		return json_text_new(view_from(text, clock_write_iso(text, (uint64_t)seconds * 1000)));
	}
	if (json_is_array(value)) {
		made = json_array_new();
		JSON_EACH(item, value)
		json_append(made, settled(item));
		return collapsed(made);
	}
	if (!json_is_object(value))
		return json_copy(value);
	made = json_object_new();
	JSON_EACH(member, value)
	json_add_unchecked(made, json_name(member), settled(member));
	return made;
}

/* Name of the last placeholder of a template, which the resource's own id fills. */
static struct view own_placeholder(const struct hal_type *type)
{
	struct view self = without_query(type->self), name = view_after(self, parent_of(self).count + 1);

	return name.count > 2 ? view_part(name, 1, name.count - 2) : name;
}

static struct json *resource_new(
	const struct hal_type *type, const struct json *plain, const struct json *known, struct json *prefixes);

/* Link a child below `relation`, and embed it unless its list only names it. */
static void add_child(const struct hal_type *child, const struct json *plain, const struct json *known,
	struct json *prefixes, struct json *child_links, struct json *children)
{
	struct json JSON_CLEANUP *inner = json_copy(known);
	struct json *link;

	if (*child->id)
		json_set_view(inner, own_placeholder(child), json_text_new(json_name(plain)));
	link = link_new(child->self, inner, false);
	if (*child->id) {
		json_set_text(link, "name", json_name(plain));
		json_set_text(link, "title", json_name(plain));
	}
	json_append(child_links, link);
	if (json_count(plain))
		json_append(children, resource_new(child, plain, inner, prefixes));
}

/* Move the members that are resources of their own out of `made`. */
static void embed(struct json *made, struct json *made_links, const struct hal_type *type, const struct json *plain,
	const struct json *known, struct json *prefixes)
{
	struct json *embedded = json_object_new();

	for (size_t i = 0; i < ARRAY_COUNT(embeds); i++) {
		const struct json *member = json_find(plain, embeds[i].member);
		const struct hal_type *child = &types[embeds[i].child];
		struct json *child_links, *children;

		if (&types[embeds[i].type] != type || !member)
			continue;
		(void)json_remove(made, embeds[i].member);
		child_links = json_array_new();
		children = json_array_new();
		if (!*child->id)
			add_child(child, member, known, prefixes, child_links, children);
		JSON_EACH(one, *child->id ? member : NULL)
		add_child(child, one, known, prefixes, child_links, children);
		if (json_count(child_links))
			json_set(made_links, embeds[i].relation, collapsed(child_links));
		else
			json_free(child_links);
		if (json_count(children))
			json_set(embedded, embeds[i].relation, collapsed(children));
		else
			json_free(children);
	}
	if (json_count(embedded))
		json_set(made, "_embedded", embedded);
	else
		json_free(embedded);
}

static struct json *resource_new(
	const struct hal_type *type, const struct json *plain, const struct json *known, struct json *prefixes)
{
	struct json JSON_CLEANUP *mine = json_copy(known);
	struct json *made = json_object_new(), *made_links = json_ensure_object(made, "_links");
	const struct json *domain_id = json_find(plain, "domainNameId");

	if (*type->id)
		json_set_view(mine, own_placeholder(type), json_text_new(json_find_text(plain, type->id)));
	if (domain_id)
		json_set(mine, "domainNameId", json_copy(domain_id));
	json_set(made_links, "self", link_new(type->self, mine, false));
	set_links(made_links, (enum hal_type_id)(type - types), false, mine);
	JSON_EACH(member, plain)
	json_add_unchecked(made, json_name(member), settled(member));
	embed(made, made_links, type, plain, mine, prefixes);
	note_prefixes(prefixes, made_links);
	return made;
}

/* What the request says of the resources above: the path's placeholders by their wire names. */
static struct json *known_of(const struct operation *operation, const struct json *input)
{
	struct json *known = json_object_new();

	for (size_t i = 0; i < operation->shape->member_count; i++) {
		const struct shape_member *member = &operation->shape->members[i];
		const struct json *value = json_find(input, member->name);

		if (member->place == SHAPE_PATH && json_is_text(value))
			json_set(known, member->wire ? member->wire : member->name, json_copy(value));
		if (strcmp(member->name, "domainNameId") == 0 && json_is_text(value))
			json_set(known, member->name, json_copy(value));
	}
	return known;
}

/* The path with the position of the page behind this one. */
static void set_next(struct json *target, struct view path, const struct json *input, const struct json *output)
{
	const struct json *position = json_find(output, "position");
	struct json *link;
	struct buffer href;

	if (!position)
		return;
	buffer_init(&href, HREF_MAX_BYTES);
	buffer_append(&href, path);
	buffer_append_text(&href, "?position=");
	append_value(&href, position);
	if (json_find(input, "limit"))
		buffer_printf(&href, "&limit=" VIEW_FMT, VIEW_ARG(json_number_text(json_find(input, "limit"))));
	link = json_object_new();
	json_set_text(link, "href", buffer_view(&href));
	json_set(target, "next", link);
	buffer_fini(&href);
}

static void fill_list(struct json *made, struct json *made_links, const struct hal_type *type,
	const struct json *output, const struct json *known, struct json *prefixes)
{
	struct json *items = json_array_new(), *item_links = json_array_new();

	set_links(made_links, (enum hal_type_id)(type - types), true, known);
	note_prefixes(prefixes, made_links);
	JSON_EACH(plain, json_find(output, "item"))
	{
		struct json *item = resource_new(type, plain, known, prefixes);

		json_append(item_links, json_copy(json_find_path(item, "_links", "self", NULL)));
		json_append(items, item);
	}
	json_set(made_links, "item", collapsed(item_links));
	json_set(json_ensure_object(made, "_embedded"), "item", collapsed(items));
}

struct json *hal_new(
	const struct operation *operation, const struct json *input, struct view path, const struct json *output)
{
	struct json JSON_CLEANUP *known = known_of(operation, input), *prefixes = json_object_new();
	bool is_list;
	const struct hal_type *type = type_of(operation, output, &is_list);
	struct json *made, *made_links;

	if (type && !is_list) {
		made = resource_new(type, output, known, prefixes);
		set_curies(json_find(made, "_links"), prefixes);
		return made;
	}
	made = json_object_new();
	made_links = json_ensure_object(made, "_links");
	json_set(made_links, "self", json_object_new());
	json_set_text(json_find(made_links, "self"), "href", path);
	JSON_EACH(member, output)
	if (!type || (!view_equals_text(json_name(member), "item") && !view_equals_text(json_name(member), "position")))
		json_add_unchecked(made, json_name(member), settled(member));
	if (!is_list)
		return made;
	fill_list(made, made_links, type, output, known, prefixes);
	set_next(made_links, path, input, output);
	set_curies(made_links, prefixes);
	return made;
}
