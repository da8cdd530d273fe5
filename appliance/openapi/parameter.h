/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * parameter: where a method's parameters stand in a request: as mapping expressions say it, as documents do, and as
 * documentation does.
 *
 * Threads: a constant table. Source: spec/openapi.md 4.
 */
#ifndef POSTERN_OPENAPI_PARAMETER_H
#define POSTERN_OPENAPI_PARAMETER_H

#include <stdbool.h>

#include "appliance/base/view.h"

struct parameter_place {
	struct view prefix;             /* of the expression: "method.request.header." */
	struct view in;                 /* of a document's parameter: "header" */
	const char *documentation_type; /* of a part's location: "REQUEST_HEADER" */
	bool has_many_values;           /* all values of the name, not the last */
};

#define PARAMETER_PLACE_COUNT 5
extern const struct parameter_place parameter_places[PARAMETER_PLACE_COUNT];

#endif
