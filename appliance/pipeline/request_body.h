/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * request_body: the client's body as a whole, for the phases that need it so: validation, templates, mappings of bodies, events.
 *
 * A phase that may wait calls request_body_collect(), each time it runs; what it gets stays in p->request_body. A request whose
 * body nobody asked for is streamed by HTTP_PROXY, or thrown away by the HTTP server.
 *
 * What the client compressed is decompressed (coding.h).
 *
 * Threads: the worker's.
 */
#ifndef POSTERN_PIPELINE_REQUEST_BODY_H
#define POSTERN_PIPELINE_REQUEST_BODY_H

#include "appliance/pipeline/state.h"

/* Payload of a request that something needs the whole of (Quotas for configuring and running a REST API). */
#define REQUEST_BODY_MAX_BYTES 10485760

/*
 * Have the whole body. NEXT: it is in p->request_body (empty: there is none). WAIT: the phase is run again when it is there.
 * FAIL: the failure is chosen.
 */
enum verdict request_body_collect(struct pipeline *p);

/* The body could not be had: -EMSGSIZE, -ENOMEM, -ETIMEDOUT, -EBADMSG (its coding), -EPROTO; answer as the HTTP server would. FAIL. */
enum verdict request_body_fail(struct pipeline *p, int error);

#endif
