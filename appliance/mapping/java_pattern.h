/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * java_pattern: regular expressions in the syntax of java.util.regex, translated to that of PCRE2, for templates' methods, JSONPath's =~
 * and selection patterns.
 *
 * Most of both syntaxes is the same. Translated are: classes in classes and intersections ([a-z&&[^aeiou]]), \uXXXX and octal escapes,
 * Java's names of properties (\p{Alpha}, \p{IsGreek}, \p{javaLowerCase}), inline flags that mean something else (u, d, U).
 * What stays different: \b looks at ASCII words only; (?i) folds the case of all letters, not of ASCII's alone; there are no
 * blocks (\p{InGreek} is the script); PCRE2's own extras are accepted.
 *
 * Threads: pure functions.
 * Source: Java SE 17 API, java.util.regex.Pattern; pcre2pattern(3).
 */
#ifndef POSTERN_MAPPING_JAVA_PATTERN_H
#define POSTERN_MAPPING_JAVA_PATTERN_H

#include "appliance/base/arena.h"
#include "appliance/base/buffer.h"
#include "appliance/base/pattern.h"
#include "appliance/base/view.h"

/* Classes in classes. */
#define JAVA_PATTERN_NESTING_MAX 16

/* Append the translation of `text`; what is no pattern stays none. Errors are the buffer's, and -EINVAL. */
int java_pattern_translate(struct buffer *out, struct view text) __attribute__((warn_unused_result));

/* Translate and compile with PATTERN_JAVA and `flags`, in `arena`: as pattern_compile_in(). */
int java_pattern_compile(struct arena *arena, const struct pattern **ret, struct view text, unsigned flags,
	struct pattern_error *ret_error) __attribute__((warn_unused_result));

#endif
