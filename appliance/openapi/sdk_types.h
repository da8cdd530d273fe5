/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sdk_types: models as types of TypeScript. Threads: any; pure functions. Source: JSON Schema draft 4; TypeScript Handbook, "Declaration Files". */
#ifndef POSTERN_OPENAPI_SDK_TYPES_H
#define POSTERN_OPENAPI_SDK_TYPES_H

#include "appliance/base/buffer.h"
#include "appliance/base/json.h"
#include "appliance/base/table.h"
#include "appliance/base/view.h"

/* `export type Name = …;` for each of `list`, an array of Models; `models` are the same by name. */
void sdk_types_write(struct buffer *buffer, const struct json *list, const struct table *models);

/* The type that belongs to model `name` of `models`: its name, or `unknown` if there is none. */
void sdk_types_write_name(struct buffer *buffer, const struct table *models, struct view name);

#endif
