/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * map_response: the part of phase map_response that needs the back end's head, which lives only while it is handed over.
 */
#ifndef POSTERN_PIPELINE_MAP_RESPONSE_H
#define POSTERN_PIPELINE_MAP_RESPONSE_H

#include "appliance/pipeline/state.h"

/*
 * Select the integration response for p->candidate_status and map its header parameters; `head` is the back end's, or NULL
 * (MOCK). Values are copied. On failure p->failed is set, with the gateway response to give.
 */
void map_response_head(struct pipeline *p, const struct http1_head *head);

/* The same for a proxy whose body is collected rather than streamed. */
void map_response_proxy_head(struct pipeline *p, const struct http1_head *head);

#endif
