/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * schema_format: the values of a schema's `format` that are checked; all others are ignored.
 *
 * What is valid and what is said of what is not follows the Java library, whose formats lean on those of Java's own classes: a
 * host name may have underscores, a URI need not be absolute, a UUID's parts may be short. Threads: pure functions.
 * Source: spec/validation.md 5; java-json-tools json-schema-validator, format attributes of draft 4 and its extras.
 */
#ifndef POSTERN_VALIDATE_SCHEMA_FORMAT_H
#define POSTERN_VALIDATE_SCHEMA_FORMAT_H

#include <stdbool.h>

#include "appliance/base/buffer.h"
#include "appliance/base/view.h"

struct schema_format;

/* The format of that name, or NULL if it is none that is checked. */
const struct schema_format *schema_format_find(struct view name);

/* Is `text` of that format? */
bool schema_format_check(const struct schema_format *format, struct view text);

/* Append why `text`, which is not, is not. */
void schema_format_explain(const struct schema_format *format, struct view text, struct buffer *ret);

#endif
