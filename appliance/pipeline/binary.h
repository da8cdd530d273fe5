/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * binary: is a media type one of the API's binary ones, and what becomes of a body that is not: text.
 *
 * Pure functions. Source: spec/rest-dataplane.md 8.1–8.3.
 */
#ifndef POSTERN_PIPELINE_BINARY_H
#define POSTERN_PIPELINE_BINARY_H

#include <stdbool.h>

#include "appliance/base/arena.h"
#include "appliance/base/view.h"
#include "appliance/model/snapshot.h"

/* Does the list name `media_type`? Right-hand wildcards count, left-hand ones do not; the all-wildcard matches all. */
bool binary_matches(const struct snapshot_deployment *deployment, struct view media_type);

/* `body` as UTF-8: each maximal ill-formed piece becomes U+FFFD. `body` itself if it is well-formed. `at` NULL: no memory. */
struct view binary_to_text(struct arena *arena, struct view body);

#endif
