/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/xml.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <expat.h>

struct reading {
	XML_Parser parser;
	struct arena *arena;
	struct xml_element *root, *open;
	struct buffer text; /* of the open element */
	size_t depth, element_count;
	const char *rule; /* what was broken, if not well-formedness itself */
	bool no_memory;
};

static void refuse(struct reading *reading, const char *rule)
{
	reading->rule = rule;
	(void)XML_StopParser(reading->parser, XML_FALSE);
}

static void no_memory(struct reading *reading)
{
	reading->no_memory = true;
	(void)XML_StopParser(reading->parser, XML_FALSE);
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct reading *reading = context;
	const char *colon = strrchr(name, ':');
	struct xml_element *element;

	(void)attributes;
	if (++reading->depth > XML_MAX_DEPTH) {
		refuse(reading, "elements are nested too deep");
		return;
	}
	if (++reading->element_count > XML_MAX_ELEMENTS) {
		refuse(reading, "too many elements");
		return;
	}
	element = ARENA_NEW(reading->arena, struct xml_element);
	if (element)
		element->name = arena_text(reading->arena, view_from_text(colon ? colon + 1 : name));
	if (!element || !element->name) {
		no_memory(reading);
		return;
	}
	element->parent = reading->open;
	if (!reading->open)
		reading->root = element;
	else if (reading->open->last_child)
		reading->open->last_child->next = element;
	else
		reading->open->children = element;
	if (reading->open)
		reading->open->last_child = element;
	reading->open = element;
	buffer_reset(&reading->text);
}

static void XMLCALL on_end(void *context, const XML_Char *name)
{
	struct reading *reading = context;
	struct xml_element *element = reading->open;

	(void)name;
	reading->depth--;
	if (!element->children) {
		element->text = arena_copy(reading->arena, buffer_view(&reading->text));
		if (buffer_error(&reading->text) < 0 || !element->text.at)
			no_memory(reading);
	}
	buffer_reset(&reading->text);
	reading->open = element->parent;
}

static void XMLCALL on_text(void *context, const XML_Char *text, int count)
{
	struct reading *reading = context;

	buffer_append_bytes(&reading->text, text, (size_t)count);
}

static void XMLCALL on_document_type(
	void *context, const XML_Char *name, const XML_Char *system, const XML_Char *public, int has_subset)
{
	(void)name;
	(void)system;
	(void)public;
	(void)has_subset;
	refuse(context, "document types are not accepted");
}

int xml_read(struct view text, struct arena *arena, const struct xml_element **ret, char *message, size_t message_bytes)
{
	struct reading reading = { .parser = XML_ParserCreate("UTF-8"), .arena = arena };
	int error = 0;

	if (!reading.parser)
		return -ENOMEM;
	buffer_init(&reading.text, text.count + 1);
	XML_SetUserData(reading.parser, &reading);
	XML_SetElementHandler(reading.parser, on_start, on_end);
	XML_SetCharacterDataHandler(reading.parser, on_text);
	XML_SetStartDoctypeDeclHandler(reading.parser, on_document_type);
	if (text.count > INT32_MAX ||
		XML_Parse(reading.parser, text.at ? text.at : "", (int)text.count, XML_TRUE) != XML_STATUS_OK) {
		error = reading.no_memory ? -ENOMEM : -EBADMSG;
		snprintf(message, message_bytes, "%s at line %lu, column %lu",
			reading.rule ? reading.rule : XML_ErrorString(XML_GetErrorCode(reading.parser)),
			(unsigned long)XML_GetCurrentLineNumber(reading.parser),
			(unsigned long)XML_GetCurrentColumnNumber(reading.parser) + 1);
	}
	if (error == 0)
		*ret = reading.root;
	buffer_fini(&reading.text);
	XML_ParserFree(reading.parser);
	return error;
}

const struct xml_element *xml_find(const struct xml_element *element, const char *name)
{
	for (const struct xml_element *child = element ? element->children : NULL; child; child = child->next)
		if (strcmp(child->name, name) == 0)
			return child;
	return NULL;
}

void xml_write_text(struct buffer *buffer, struct view text)
{
	for (size_t i = 0; i < text.count; i++) {
		unsigned char byte = (unsigned char)text.at[i];

		switch (byte) {
		case '&':
			buffer_append_text(buffer, "&amp;");
			break;
		case '<':
			buffer_append_text(buffer, "&lt;");
			break;
		case '>':
			buffer_append_text(buffer, "&gt;");
			break;
		case '"':
			buffer_append_text(buffer, "&quot;");
			break;
		case '\r':
			/* A bare carriage return would reach the client as a line feed. */
			buffer_append_text(buffer, "&#xD;");
			break;
		default:
			if (byte >= 0x20 || byte == '\n' || byte == '\t')
				buffer_append_byte(buffer, (char)byte);
			else
				buffer_append_text(buffer, "\xef\xbf\xbd");
		}
	}
}

static void write_value(struct buffer *buffer, struct view name, const struct json *value, xml_item_name_fn *item_name)
{
	if (json_is_null(value))
		return;
	if ((json_is_array(value) || json_is_object(value)) && json_count(value) == 0) {
		buffer_printf(buffer, "<" VIEW_FMT "/>", VIEW_ARG(name));
		return;
	}
	buffer_printf(buffer, "<" VIEW_FMT ">", VIEW_ARG(name));
	if (json_is_object(value)) {
		xml_write_members(buffer, value, item_name);
	} else if (json_is_array(value)) {
		char list[128];

		snprintf(list, sizeof list, VIEW_FMT, VIEW_ARG(name));
		JSON_EACH(item, value)
		write_value(buffer, view_from_text(item_name(list)), item, item_name);
	} else if (json_is_bool(value)) {
		buffer_append_text(buffer, json_bool(value, false) ? "true" : "false");
	} else if (json_is_number(value)) {
		buffer_append(buffer, json_number_text(value));
	} else {
		xml_write_text(buffer, json_text(value));
	}
	buffer_printf(buffer, "</" VIEW_FMT ">", VIEW_ARG(name));
}

void xml_write_members(struct buffer *buffer, const struct json *object, xml_item_name_fn *item_name)
{
	JSON_EACH(member, object)
	write_value(buffer, json_name(member), member, item_name);
}
