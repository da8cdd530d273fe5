/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * account: what is known of a request so far, as the access log and $context show it.
 */
#ifndef POSTERN_PIPELINE_ACCOUNT_H
#define POSTERN_PIPELINE_ACCOUNT_H

#include "appliance/observe/access_format.h"
#include "appliance/pipeline/state.h"

/* Fill `*ret`; its views live as long as the exchange. */
void account_record(struct pipeline *p, struct access_record *ret);

#endif
