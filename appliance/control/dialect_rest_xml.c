/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The REST-XML dialect (Route 53). */
#include "appliance/control/dialect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/control/xml.h"

#define NAMESPACE "https://route53.amazonaws.com/doc/2013-04-01/"

static struct json *read_struct(const struct shape *shape, const struct xml_element *element);

static struct json *read_value(const struct shape_member *member, const struct xml_element *element)
{
	struct json *list;

	switch (member->type) {
	case SHAPE_STRUCT:
		return read_struct(member->of, element);
	case SHAPE_LIST:
		list = json_array_new();
		for (const struct xml_element *item = element->children; item; item = item->next) {
			if (strcmp(item->name, member->item_name ? member->item_name : "member") != 0)
				continue;
			json_append(list, member->of && member->of->type == SHAPE_STRUCT ? read_struct(member->of, item)
											 : json_text_new(item->text));
		}
		return list;
	default:
		return dialect_scalar(member->type, element->text);
	}
}

static struct json *read_struct(const struct shape *shape, const struct xml_element *element)
{
	struct json *value = json_object_new();

	for (size_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		const struct xml_element *child =
			member->place == SHAPE_BODY ? xml_find(element, member->wire ? member->wire : member->name)
						    : NULL;

		if (child)
			json_set(value, member->name, read_value(member, child));
	}
	return value;
}

static int rest_xml_decode(struct call *call)
{
	const struct xml_element *root = NULL;
	struct json JSON_CLEANUP *body = NULL;
	char message[256];
	bool path_known;
	int error;

	call->operation = operation_route(call->service->id, call->request.method, call->request.path,
		call->request.query, call->input, &path_known);
	if (!call->operation)
		return call_fail(call, "UnknownOperationException", "%s",
			path_known ? "This path has no such method" : "Postern has no such operation");
	error = dialect_read_query(call);
	if (error < 0 || call->request.body.count == 0)
		return error;
	error = xml_read(call->request.body, &call->arena, &root, message, sizeof message);
	if (error == -EBADMSG)
		return call_fail(call, "InvalidInput", "Invalid XML ; %s", message);
	if (error < 0)
		return error;
	body = read_struct(call->operation->shape, root);
	json_merge(call->input, body);
	return 0;
}

/* A value outside of an enumeration, or a wrong type, anywhere in the input: Route 53 reports the first. */
static int check_value(struct call *call, const struct shape *shape, const struct json *value)
{
	for (size_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		const struct json *child = json_find(value, member->name);
		int error = 0;

		if (json_is_null(child)) {
			if (member->required)
				return call_fail(call, "InvalidInput",
					"Invalid XML ; cvc-complex-type.2.4.b: The content is not complete. One of "
					"'{\"" NAMESPACE "\":%s}' is expected.",
					member->wire ? member->wire : member->name);
			continue;
		}
		if ((member->type == SHAPE_INTEGER || member->type == SHAPE_BOOL) && json_is_text(child))
			return call_fail(call, "InvalidInput",
				"Invalid XML ; cvc-datatype-valid.1.2.1: '" VIEW_FMT "' is not a valid value for '%s'.",
				VIEW_ARG(json_text(child)), member->type == SHAPE_BOOL ? "boolean" : "integer");
		if (member->type == SHAPE_TEXT && member->enumeration && member->place == SHAPE_BODY) {
			struct view rest = view_from_text(member->enumeration), name;
			bool known = false;

			while (view_split(&rest, ',', &name))
				known = known || view_equals(view_trim(name), json_text(child));
			if (!known)
				return call_fail(call, "InvalidInput",
					"Invalid XML ; cvc-enumeration-valid: Value '" VIEW_FMT
					"' is not facet-valid with respect to enumeration '[%s]'. It must be a value "
					"from the enumeration.",
					VIEW_ARG(json_text(child)), member->enumeration);
		}
		if (member->type == SHAPE_STRUCT && member->of)
			error = check_value(call, member->of, child);
		if (member->type == SHAPE_LIST && member->of && member->of->type == SHAPE_STRUCT)
			JSON_EACH(item, child)
		if (error == 0)
			error = check_value(call, member->of, item);
		if (error < 0)
			return error;
	}
	return 0;
}

static int rest_xml_check(struct call *call)
{
	return check_value(call, call->operation->shape, call->input);
}

static const char *item_name(const char *list)
{
	static const struct {
		const char *list, *item;
	} names[] = {
		{ "HostedZones", "HostedZone" },
		{ "VPCs", "VPC" },
		{ "ResourceRecordSets", "ResourceRecordSet" },
		{ "ResourceRecords", "ResourceRecord" },
		{ "NameServers", "NameServer" },
		{ "Tags", "Tag" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (strcmp(names[i].list, list) == 0)
			return names[i].item;
	return "member";
}

static void rest_xml_encode(struct call *call, struct buffer *body)
{
	buffer_printf(body, "<?xml version=\"1.0\"?>\n<%sResponse xmlns=\"" NAMESPACE "\">", call->operation->name);
	xml_write_members(body, call->output, item_name);
	buffer_printf(body, "</%sResponse>", call->operation->name);
}

static void rest_xml_encode_failure(struct call *call, struct buffer *body)
{
	dialect_rename_older(call);
	buffer_printf(body,
		"<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"" NAMESPACE
		"\"><Error><Type>%s</Type><Code>%s</Code><Message>",
		call->status >= 500 ? "Receiver" : "Sender", call->error_code);
	xml_write_text(body, view_from_text(call->error_message));
	buffer_printf(body, "</Message></Error><RequestId>%s</RequestId></ErrorResponse>", call->request_id);
}

const struct dialect dialect_rest_xml = {
	.name = "rest_xml",
	.content_type = "text/xml",
	.decode = rest_xml_decode,
	.check = rest_xml_check,
	.encode = rest_xml_encode,
	.encode_failure = rest_xml_encode_failure,
	.error_field = NULL,
	.bad_input_code = "InvalidInput",
};
