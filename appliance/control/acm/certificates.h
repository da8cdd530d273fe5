/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * certificates: certificate records: what ACM shows of a certificate, and private keys sealed for the record they are in.
 *
 * Threads: the operations thread, and the start before it runs.
 */
#ifndef POSTERN_CONTROL_CERTIFICATES_H
#define POSTERN_CONTROL_CERTIFICATES_H

#include "appliance/base/arena.h"
#include "appliance/base/json.h"
#include "appliance/crypto/certificate.h"
#include "appliance/crypto/seal.h"

/* Add to `body` what DescribeCertificate shows of a parsed certificate: names, dates, key, usages. */
void certificate_describe(struct json *body, const struct certificate *certificate, struct arena *arena);

/*
 * Put certificate, chain (may be empty) and sealed key into `body`'s member "postern", for the record `record_id`.
 * 0, -EMSGSIZE or -ENOMEM.
 */
int certificate_seal(struct json *body, const struct seal_key *key, const char *record_id, struct view certificate_pem,
	struct view chain_pem, struct view key_pem, struct arena *arena) __attribute__((warn_unused_result));

/* A sealed text (base64) in the clear, in the arena; 0, -EBADMSG if it does not open, -EINVAL, -ENOMEM. */
int certificate_open_sealed(struct view *ret, const struct seal_key *key, const char *record_id,
	struct view sealed_base64, struct arena *arena) __attribute__((warn_unused_result));

/* Seal a text: base64 in the arena. */
int certificate_seal_text(struct view *ret_base64, const struct seal_key *key, const char *record_id, struct view plain,
	struct arena *arena) __attribute__((warn_unused_result));

#endif
