/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/openapi/parameter.h"

const struct parameter_place parameter_places[PARAMETER_PLACE_COUNT] = {
	{ VIEW_INIT("method.request.querystring."), VIEW_INIT("query"), "QUERY_PARAMETER", false },
	{ VIEW_INIT("method.request.header."), VIEW_INIT("header"), "REQUEST_HEADER", false },
	{ VIEW_INIT("method.request.path."), VIEW_INIT("path"), "PATH_PARAMETER", false },
	{ VIEW_INIT("method.request.multivaluequerystring."), VIEW_INIT("query"), "QUERY_PARAMETER", true },
	{ VIEW_INIT("method.request.multivalueheader."), VIEW_INIT("header"), "REQUEST_HEADER", true },
};
