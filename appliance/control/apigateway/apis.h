/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * apis: what the operations on the parts of a REST API share: finding the API, its resources and methods, with AWS's
 * refusals.
 *
 * All trees are the caller's to free. Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_APIS_H
#define POSTERN_CONTROL_APIS_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"
#include "appliance/store/store.h"

/* The RestApi named by restApiId; 0, or CALL_FAILED with 404 `Invalid API identifier specified <account>:<id>`. */
int api_find(struct call *call, struct json **ret);

/* The same without the tree. */
int api_check(struct call *call);

/* "restApiId/part". */
const char *api_key(struct call *call, const char *part);

/* The Resource named by resourceId; 0, or CALL_FAILED with 404 `Invalid Resource identifier specified`. */
int resource_find(struct call *call, struct json **ret);
void resource_put(struct call *call, const struct json *resource);

/* A resource with its method named by httpMethod (within the tree); 404 `Invalid Method identifier specified`. */
int resource_method_find(struct call *call, struct json **ret_resource, struct json **ret_method);

/* The method's integration; 404 `Invalid Integration identifier specified`. */
int integration_find(struct call *call, struct json **ret_resource, struct json **ret_integration);

/* All resources of an API sorted by path. */
struct json *resource_list(struct call *call, const char *api_id);

/* Sort an array of objects by the text of a member. */
void sort_by(struct json *array, const char *member);

/* The root resource of a new API; returns its id. */
const char *api_make_root(struct call *call, const char *api_id);

/* Set up what a new API has: root resource, models Empty and Error. Returns the root's id. */
const char *api_furnish(struct call *call, const char *api_id);

/* A RestApi as it is shown: without what is Postern's own, policy escaped, tags. */
struct json *api_shown(const struct json *api, bool with_empty_tags);

/* Delete all that belongs to an API, and itself. */
void api_delete_all(struct call *call, const char *api_id);

/* Delete all parts of an API's definition, but not stages and deployments. */
void api_clear_definition(struct call *call, const char *api_id);

#endif
