/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * records: what is kept of a request on disk for the operator: in the record of clients and in the record of requests
 * (observe/client_record.h, observe/request_record.h). No query string, no body, no header but User-Agent and Referer.
 */
#ifndef POSTERN_PIPELINE_RECORDS_H
#define POSTERN_PIPELINE_RECORDS_H

#include "appliance/pipeline/state.h"

/* Note a request that is over. What never came to an endpoint that the snapshot knows (health checks, bad heads) is not noted. */
void records_note(const struct pipeline *p);

#endif
