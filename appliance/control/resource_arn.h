/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resource_arn: on what a call works, as ARNs, from the templates of services.def and permissions.def.
 *
 * Templates are separated by a blank: the first one for which the call has all members counts; if there is none, "*" does. The
 * template "-" stands for no resource at all. In a template {…} stands for
 *	{region} {account}   the appliance's
 *	{path}, {path/2}     the path of a REST operation, the same behind its first two segments: each segment in one spelling,
 *	                     whatever the client's encoding, with a '/' within it as %2F
 *	{user}               path and name of the IAM user whom UserName names, of the caller without it; only for operations that
 *	                     have that member
 *	{new-user}           the same as UpdateUser would leave it
 *	{key-user}           path and name of the user whose access key AccessKeyId is
 *	{Member}             the text of that member of the input; a list makes an ARN for each item
 *	{Member|text}        the same, and `text` if the call has none
 *	{Member:form}        the member in another form: `last` is what follows the last slash, `ec2` the id of something of EC2
 *	                     behind its type ("vpc-endpoint/vpce-1"), `log-group` the name within the ARN of a log group,
 *	                     `load-balancer` what ARNs call that type of load balancer ("net")
 *
 * Nothing here is judged: the input was read, but not checked.
 * Threads: the operations thread.
 * Source: Service Authorization Reference.
 */
#ifndef POSTERN_CONTROL_RESOURCE_ARN_H
#define POSTERN_CONTROL_RESOURCE_ARN_H

#include "appliance/base/json.h"
#include "appliance/control/call.h"

/* Longest ARN that is made: what would be longer ends there. It names nothing that exists: no id in the store is as long. */
#define RESOURCE_ARN_MAX_BYTES 16384

/* Append the ARNs to the array `ret`. */
void resource_arns(struct call *call, const char *templates, struct json *ret);

#endif
