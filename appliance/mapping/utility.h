/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * utility: $util of a mapping template: escapeJavaScript, parseJson, urlEncode, urlDecode, base64Encode, base64Decode. An undefined
 * argument counts as the empty text, other values as what they print.
 *
 * Threads: pure.
 * Source: API Gateway Developer Guide, "API Gateway mapping template and access logging variable reference"; spec/vtl.md 13.
 */
#ifndef POSTERN_MAPPING_UTILITY_H
#define POSTERN_MAPPING_UTILITY_H

#include "appliance/mapping/value.h"

/* $util: one for all runs. */
struct value utility_value(void);

#endif
