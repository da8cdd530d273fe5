/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * documentation: DocumentationVersions as snapshots of an API's DocumentationParts.
 *
 * A version's record keeps copies of the parts in postern.documentationParts; they never change again.
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_DOCUMENTATION_H
#define POSTERN_CONTROL_DOCUMENTATION_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* Store version `version` of the API with these parts and return its record, which the caller frees. */
struct json *documentation_put_version(
	struct call *call, const char *api_id, const char *version, const struct json *parts);

#endif
