/* SPDX-License-Identifier: GPL-3.0-or-later */
/* shape_parts: members that many inputs of API Gateway have, as rows of a table of members. */
#ifndef POSTERN_CONTROL_APIGATEWAY_SHAPE_PARTS_H
#define POSTERN_CONTROL_APIGATEWAY_SHAPE_PARTS_H

#include "appliance/control/shape.h"

extern const struct shape shape_of_patch_operation;
extern const struct shape shape_of_bools; /* values of a map */

/* clang-format off */
#define SHAPE_REST_API_ID { .name = "restApiId", .wire = "restapi_id", .place = SHAPE_PATH, .required = true }
#define SHAPE_RESOURCE_ID { .name = "resourceId", .wire = "resource_id", .place = SHAPE_PATH, .required = true }
#define SHAPE_HTTP_METHOD { .name = "httpMethod", .wire = "http_method", .place = SHAPE_PATH, .required = true }
#define SHAPE_PATCH_OPERATIONS { .name = "patchOperations", .type = SHAPE_LIST, .of = &shape_of_patch_operation }
#define SHAPE_PAGE { .name = "position", .place = SHAPE_QUERY }, { .name = "limit", .place = SHAPE_QUERY, .type = SHAPE_INTEGER }
/* clang-format on */

#endif
