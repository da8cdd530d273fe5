/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * identity: does a request hold what an authorizer wants to see before it asks anybody?
 *
 * Names of headers compare without case. Source: spec/auth.md 4.2.
 */
#ifndef POSTERN_PIPELINE_IDENTITY_H
#define POSTERN_PIPELINE_IDENTITY_H

#include <stdbool.h>

#include "appliance/model/authorizer.h"
#include "appliance/pipeline/state.h"
#include "appliance/wire/invoke.h"

/*
 * False: 401 Unauthorized, without asking. A TOKEN or a pool's token that is missing, empty or does not match; any missing or
 * empty source of a REQUEST whose answers are kept. `more` is $context that the request itself does not have.
 */
bool identity_is_there(struct pipeline *p, const struct authorizer *authorizer, struct invoke_pairs more);

#endif
