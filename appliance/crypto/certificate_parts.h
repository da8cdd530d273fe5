/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * certificate_parts: the fields of a DER certificate as views, and what wolfCrypt has to say about it. For files of this
 * folder. Threads: pure functions.
 */
#ifndef POSTERN_CRYPTO_CERTIFICATE_PARTS_H
#define POSTERN_CRYPTO_CERTIFICATE_PARTS_H

#include "appliance/base/view.h"

struct certificate_parts {
	int version;
	struct view signed_bytes;        /* the whole TBSCertificate */
	struct view signature_algorithm; /* contents from here on */
	struct view signature;           /* bytes of the bit string */
	struct view serial, issuer, validity, subject, public_key, extensions;
	struct view public_key_der; /* the whole SubjectPublicKeyInfo */
};

/* Split `der`, which must be one certificate and nothing else. Returns 0 or -EBADMSG. */
int certificate_parts_read(struct certificate_parts *ret, struct view der) __attribute__((warn_unused_result));

/* Does wolfCrypt, which will serve the certificate, parse it too? Returns 0, -EBADMSG or -ENOMEM. */
int certificate_parts_check(struct view der) __attribute__((warn_unused_result));

#endif
