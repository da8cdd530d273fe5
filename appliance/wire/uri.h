/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * uri: parts of URIs and request targets, percent-encoding, and the walk over a query. Pure functions on views.
 *
 * Life cycle: none; every result is a view into the input or is written into the caller's room.
 * Not here: routing (model/), SigV4's canonical form (sigv4.h, which uses this).
 * Threads: any.
 * Source: RFC 3986; query conventions of spec/rest-dataplane.md 2.5 and 2.6.
 */
#ifndef POSTERN_WIRE_URI_H
#define POSTERN_WIRE_URI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/view.h"

/* Longest URI that uri_parse() takes: the configured back ends' URIs after substitution, never client input. */
#define URI_MAX_BYTES 16384

struct uri {
	struct view scheme; /* as written, e.g. "https" */
	struct view host;   /* without brackets; a name, an IPv4 or an IPv6 literal */
	bool host_is_ipv6;  /* it stood in brackets */
	bool is_https;
	uint16_t port;         /* given, or the scheme's default: 80 or 443 */
	bool has_port;         /* given explicitly */
	struct view authority; /* host[:port] as written, with brackets: what a Host field says */
	struct view path;      /* "/" when the URI has none; then not a view into the input */
	struct view query;     /* after '?', without it */
	bool has_query;
};

/*
 * Parse an absolute http or https URI. Braces are allowed in path and query (integration URIs are checked before their
 * placeholders are filled). Returns 0; -EINVAL if it is malformed, has user information, a fragment, a control byte or a
 * blank; -EPROTONOSUPPORT for another scheme; -EMSGSIZE if it is longer than URI_MAX_BYTES.
 */
int uri_parse(struct uri *ret, struct view text) __attribute__((warn_unused_result));

/* Is `host` a host of a Host field (name, IPv4, or [IPv6]) with an optional port? `*ret_port` is 0 without one. */
int uri_parse_host(struct view text, struct view *ret_host, uint16_t *ret_port) __attribute__((warn_unused_result));

/*
 * Undo percent-encoding of `text` into `ret` (room for text.count bytes suffices, the result never grows), '+' becoming a
 * blank if `plus_is_blank`. A '%' without two hex digits is kept as it is if `lenient`, else refused.
 * Returns the number of bytes written, or -EINVAL.
 */
long uri_decode(char *ret, struct view text, bool plus_is_blank, bool lenient) __attribute__((warn_unused_result));

/*
 * Percent-encode all but RFC 3986's unreserved bytes (and '/' if `keep_slash`), hex digits in upper case: AWS's form. `ret`
 * has room for 3 * text.count bytes. Returns the number of bytes written.
 */
size_t uri_encode(char *ret, struct view text, bool keep_slash);

/*
 * Percent-encode only what no request target holds: control bytes, blanks, '#', what is not ASCII. Escapes and delimiters stay as
 * they are. Room and result as of uri_encode().
 */
size_t uri_encode_unsafe(char *ret, struct view text);

/* Is `byte` one of A-Z a-z 0-9 - . _ ~ ? */
bool uri_is_unreserved(unsigned char byte);

/* Walks over name=value parts: start with `rest` = the query. */
struct uri_query {
	struct view rest;
	bool semicolons; /* a ';' separates parts too: what API Gateway does to calls of APIs, no other service */
};

/*
 * The next part, still encoded, split at its first '='; empty parts are skipped. `*ret_has_value` (may be NULL) tells
 * "a=" from "a". False at the end.
 */
bool uri_query_next(struct uri_query *query, struct view *ret_name, struct view *ret_value, bool *ret_has_value);

#endif
