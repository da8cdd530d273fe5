/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * first_start: what an appliance needs before it can serve: the key that seals secrets, the private authority, the
 * certificate of the default names, the access key, and in local mode the built-in endpoint. Made once, found again later.
 *
 * Threads: before the operations thread runs, but for certificates_renew(), which runs on it.
 * Source: architecture 9.
 */
#ifndef POSTERN_CONTROL_FIRST_START_H
#define POSTERN_CONTROL_FIRST_START_H

#include <stdint.h>

struct control;

/* secret.key → control->key; made if there is none. 0 or a negative errno; -EBADMSG for a file of another length. */
int first_start_key(struct control *control) __attribute__((warn_unused_result));

/*
 * The records, ca.pem, and the access key for its operator (access_key.h). Standard error gets the authority's fingerprint, at every
 * start. The store is open. 0 or a negative errno.
 */
int first_start_records(struct control *control) __attribute__((warn_unused_result));

/* Issue the certificate of the default names anew if it ends within CERTIFICATE_RENEW_DAYS, or has not begun. */
void certificates_renew(struct control *control);

/* Seconds since 1970, as far as that can be true: not before AUTHORITY_BEGIN_S. What certificates are dated by. */
int64_t certificates_now_s(void);

/* Life of an issued certificate and when it is renewed; what ACM does since 2026. Source: spec/domains.md 6. */
#define CERTIFICATE_LIFE_DAYS 198
#define CERTIFICATE_RENEW_DAYS 45
/* Life of the private authority: it is installed by hand on every client. */
#define AUTHORITY_LIFE_DAYS 3650
/* When each of them begins, 2024-01-01: it is made once, and must be good although the clock of the first start was wrong. */
#define AUTHORITY_BEGIN_S 1704067200

#endif
