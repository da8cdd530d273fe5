/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ecma_pattern: regular expressions of ECMA 262, which schemas use, in the syntax of PCRE2 (base/pattern.h).
 *
 * Both syntaxes look alike and differ in what a look does not show: `.` matches no line ends, `\s` takes the spaces of Unicode, `\v` is one
 * character, `[]` matches nothing, `\a` is an "a", and whatever PCRE2 has beyond (possessive quantifiers, verbs, inline options, POSIX
 * classes, \Q..\E) is an error or literal. The syntax is that of ECMAScript 2018 without its flag u, legacy forms included.
 * A surrogate that stands alone can't be said in UTF-8 and is refused. Characters count as code points.
 *
 * Threads: pure functions. Source: ECMA-262 (2018), 21.2 and B.1.4; pcre2pattern(3).
 */
#ifndef POSTERN_VALIDATE_ECMA_PATTERN_H
#define POSTERN_VALIDATE_ECMA_PATTERN_H

#include "appliance/base/buffer.h"
#include "appliance/base/pattern.h"
#include "appliance/base/view.h"

/* Longest regular expression, and what it can become. */
#define ECMA_PATTERN_MAX_BYTES 4096
#define ECMA_PATTERN_TRANSLATED_MAX_BYTES PATTERN_TRANSLATED_MAX_BYTES

/*
 * Append `regex`, which is UTF-8, translated. Returns 0, -EINVAL if it is no regular expression, -EMSGSIZE if it is too long. `ret` NULL:
 * judge it only.
 */
int ecma_pattern_translate(struct view regex, struct buffer *ret) __attribute__((warn_unused_result));

#endif
