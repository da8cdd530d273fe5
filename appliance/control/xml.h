/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * xml: the XML of the management dialects: elements with text, no attributes but namespaces, no document types.
 *
 * Reading builds a small tree in the caller's arena; writing prints a JSON tree as elements.
 * Threads: any; no state.
 */
#ifndef POSTERN_CONTROL_XML_H
#define POSTERN_CONTROL_XML_H

#include <stdbool.h>

#include "appliance/base/arena.h"
#include "appliance/base/buffer.h"
#include "appliance/base/json.h"
#include "appliance/base/view.h"

/* Nested elements: the deepest request of Route 53 has 8. */
#define XML_MAX_DEPTH 32
/* Elements of one request: a batch of 1,000 record sets with 20 elements each fits well. */
#define XML_MAX_ELEMENTS 100000

struct xml_element {
	const char *name; /* without its namespace's prefix */
	struct view text; /* of a leaf, references resolved */
	struct xml_element *children, *next;
	struct xml_element *last_child, *parent; /* while reading */
};

/*
 * Read a document. `*ret` lives in the arena. On failure returns -EBADMSG (not well formed, a document type, too deep, too
 * many elements) with the rule in `message` (`message_bytes`), or -ENOMEM.
 */
int xml_read(struct view text, struct arena *arena, const struct xml_element **ret, char *message, size_t message_bytes)
	__attribute__((warn_unused_result));

/* The first child of that name, or NULL. `element` may be NULL. */
const struct xml_element *xml_find(const struct xml_element *element, const char *name);

/* Text with &, <, >, " and what XML 1.0 can't hold made harmless. */
void xml_write_text(struct buffer *buffer, struct view text);

/* The name of the items of the list called `list`. */
typedef const char *xml_item_name_fn(const char *list);

/* Print the members of `object` as elements; lists as <list><item>…</item></list>, null not at all. */
void xml_write_members(struct buffer *buffer, const struct json *object, xml_item_name_fn *item_name);

#endif
