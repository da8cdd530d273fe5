/* SPDX-License-Identifier: GPL-3.0-or-later */
/* exports: what a stage serves, for documents and programs that are made of it. Threads: the operations thread. */
#ifndef POSTERN_CONTROL_APIGATEWAY_EXPORTS_H
#define POSTERN_CONTROL_APIGATEWAY_EXPORTS_H

#include <stdint.h>

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/*
 * The definition (openapi/import.h) that the deployment of the stage named by the input froze, the caller's, and when. 0, or
 * CALL_FAILED with 404.
 */
int exports_find_definition(struct call *call, struct json **ret, uint64_t *ret_created_ms);

#endif
