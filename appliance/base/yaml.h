/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * yaml: a YAML document read into the same tree as JSON (json.h), bounded and strict, and printed from it: settings, OpenAPI
 * documents.
 *
 * One document per text; the YAML 1.2 core schema decides what plain scalars are (null ~ true false, integers also 0x and 0o,
 * floats; .inf and .nan are refused because JSON has none); "yes", "no", "on" and "off" are texts. Anchors with aliases are
 * refused, as are tags other than the core ones, keys that are no scalars, and a second key of the same name. A key that is a number, such as an
 * HTTP status, is its text. The parser also reads JSON, but json_parse() is stricter and faster there.
 *
 * Threads: any. libyaml stays behind this header.
 * Source: YAML 1.2.2, chapter 10.3.
 */
#ifndef POSTERN_BASE_YAML_H
#define POSTERN_BASE_YAML_H

#include "appliance/base/json.h"

/*
 * Parse `text` (UTF-8). Returns 0 and the tree, or -EBADMSG (not YAML or not allowed here), -EMSGSIZE (limit), -EEXIST (key given twice), with
 * the place and rule in `*ret_error` (may be NULL) and `*ret` untouched. An empty document is null.
 */
int yaml_parse(struct view text, const struct json_limits *limits, struct json **ret, struct json_error *ret_error)
	__attribute__((warn_unused_result));

/*
 * Print as a YAML document that yaml_parse() reads to the same tree, and any other reader, too: values that are texts stand in
 * double quotes, and so do names that some version of YAML takes for something else. Returns 0 or -ENOMEM; further errors are
 * the buffer's.
 */
int yaml_print(const struct json *value, struct buffer *buffer) __attribute__((warn_unused_result));

#endif
