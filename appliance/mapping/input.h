/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * input: $input of a mapping template: body, json(path), path(path), params(), params(name).
 *
 * The body is parsed at the first use that needs it, once for each run; if its first byte that is not blank is '{', '[' or '"' it must
 * be JSON, else the whole of it is one text; the empty body is {}. A body that is not JSON ends the run with
 * -EBADMSG, which the pipeline answers with 400.
 *
 * Threads: a run's object belongs to its thread.
 * Source: API Gateway Developer Guide, "API Gateway mapping template and access logging variable reference"; spec/vtl.md 12.
 */
#ifndef POSTERN_MAPPING_INPUT_H
#define POSTERN_MAPPING_INPUT_H

#include "appliance/mapping/template.h"
#include "appliance/mapping/value.h"

/* $input of `run`, whose source has a body. 0 or -ENOMEM. */
int input_value(struct template_run *run, struct value *ret) __attribute__((warn_unused_result));

/* The log's text of a body that should be JSON and is not. */
#define INPUT_NOT_JSON "Could not parse request body into json"

#endif
