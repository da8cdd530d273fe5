/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * redact: takes out of a text what looks like a secret, before the text leaves the operator's hands.
 *
 * What goes into a support bundle holds no secret by its making; this is the second line: messages quote what clients
 * sent, and logs quote messages. Masked, each by REDACT_MASK:
 *	private keys in PEM, between their lines BEGIN and END
 *	what follows a word for a secret (password, secret, token, authorization, cookie, api key, signature, ...) and
 *		a colon or an equals sign: a quoted text, or up to the end of the word, and a scheme such as Bearer with what follows it
 *	Bearer, Basic and AWS4-HMAC-SHA256 credentials wherever they stand
 *	user and password in a URL
 *	words that have the form of a secret access key: 40 characters of base64 with both cases and digits
 * Too much is masked rather than too little. JSON stays JSON: masks stand inside of texts.
 * Pure functions.
 */
#ifndef POSTERN_CLI_REDACT_H
#define POSTERN_CLI_REDACT_H

#include "appliance/base/buffer.h"
#include "appliance/base/view.h"

#define REDACT_MASK "[redacted]"

/* Append `text` to `ret` without what looks like a secret. */
void redact(struct buffer *ret, struct view text);

#endif
