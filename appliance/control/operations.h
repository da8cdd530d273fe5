/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * operations: the table of operations.def and services.def as code, and how a request finds its row.
 *
 * Threads: constant tables and pure functions, but for the handlers, which run on the operations thread.
 */
#ifndef POSTERN_CONTROL_OPERATIONS_H
#define POSTERN_CONTROL_OPERATIONS_H

#include <stdbool.h>

#include "appliance/base/json.h"
#include "appliance/base/view.h"
#include "appliance/control/call.h"
#include "appliance/control/shape.h"

struct dialect;

enum service_id {
#define SERVICE(name, dialect, global, version, resources, text) SERVICE_##name,
#include "appliance/control/services.def"
#undef SERVICE
	SERVICE_COUNT
};

struct service {
	enum service_id id;
	const char *name;
	const struct dialect *dialect;
	bool is_global; /* may be signed for us-east-1 whatever the region */
	const char *version;
	const char *resources; /* templates of resource_arn.h */
	const char *text;
};

enum operation_access { OPERATION_READ, OPERATION_WRITE, OPERATION_OWN };

struct operation {
	enum service_id service;
	const char *name;
	const char *method; /* REST dialects */
	const char *uri;    /* template */
	int status;
	enum operation_access access;
	const char *action; /* IAM action; "": none is needed */
	int (*handle)(struct call *call);
	const struct shape *shape;
	const char *source;
};

extern const struct service services[SERVICE_COUNT];
extern const struct operation operations[];
extern const size_t operation_count;

/* The service with that signing name, or NULL. */
const struct service *service_find(struct view name);

/* The operation of that name, or NULL. */
const struct operation *operation_find(enum service_id service, struct view name);

/*
 * The operation for a REST request: `path` is cut at slashes first, then each segment is percent-decoded; what stands for
 * {name} goes into `input` under the model's name. A final slash is ignored. `*ret_path_known` tells whether another
 * method of this path exists. NULL if there is no such row.
 */
const struct operation *operation_route(enum service_id service, struct view method, struct view path,
	struct view query, struct json *input, bool *ret_path_known);

/* The handlers. */
#define OPERATION(service, name, method, uri, status, access, action, symbol, source)                                  \
	int op_##symbol(struct call *call);
#include "appliance/control/operations.def"
#undef OPERATION

#endif
