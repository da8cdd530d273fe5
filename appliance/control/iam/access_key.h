/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * access_key: the appliance's own access key, the root user's first one, and how its operator comes by it. Further keys
 * (access_keys.h) live on when this one is replaced.
 *
 * The pair of the settings is the key. Without one, a key is made: for whoever reads `credentials` in the state folder, or, with
 * operator_certificate in the settings, for the holder of that certificate's private key: then it is sealed to the certificate
 * (CMS, crypto/cms.h), kept as credentials.cms and written to standard error, and is nowhere in the clear.
 *
 * A key belongs to the public key that it was made for, which its record names. A certificate of another public key (or
 * the first one, where there was none): a new access key; the old one ends. A renewed certificate of the same public key:
 * the same access key, sealed anew. No certificate any more: the key stays as it is, and sealed. A certificate that has
 * ended gets no new key: what there was stays, and the log says so.
 *
 * What standard error gets is written before credentials.cms, so it is shown at least once, however the machine ends; and not
 * again while that file is there and names this key and certificate.
 *
 * Threads: as first_start.h.
 */
#ifndef POSTERN_CONTROL_ACCESS_KEY_H
#define POSTERN_CONTROL_ACCESS_KEY_H

struct call;
struct control;

#define ACCESS_KEY_ID_CHARS 20
#define ACCESS_KEY_SECRET_CHARS 40

/* A new key: AKIA… and its secret. Wipe it. */
struct access_key_pair {
	char id[ACCESS_KEY_ID_CHARS + 1];
	char secret[ACCESS_KEY_SECRET_CHARS + 1];
};
void access_key_pair_make(struct access_key_pair *ret);

/* The record: found, made or replaced, within the transaction under way. 0 or a negative errno; -EBADMSG if the stored secret does
 * not open. */
int access_key_settle(struct call *call) __attribute__((warn_unused_result));

/*
 * After the commit: credentials or credentials.cms, and standard error. `authority_fingerprint` is named beside the key.
 * 0 or a negative errno.
 */
int access_key_hand_over(struct call *call, const char *authority_fingerprint) __attribute__((warn_unused_result));

#endif
