/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cms: a message sealed to the holder of a certificate: a CMS AuthEnvelopedData with AES-256-GCM, which
 * `openssl cms -decrypt` of OpenSSL 3 opens with the certificate's private key.
 *
 * The key that encrypts the message is wrapped to an RSA key by PKCS #1 v1.5, to an EC key by ephemeral ECDH with
 * AES-256 key wrap. The message says nothing about who sealed it: whoever has the certificate could have.
 * wolfSSL's PKCS7 does all of it; nothing here opens messages, and nothing decides trust in a certificate: it is the carrier
 * of a public key that somebody with authority named.
 *
 * Threads: any; each call draws its own random numbers. Memory: results live in the caller's arena.
 * Source: RFC 5083, RFC 5084, RFC 5652 6, RFC 5753.
 */
#ifndef POSTERN_CRYPTO_CMS_H
#define POSTERN_CRYPTO_CMS_H

#include "appliance/base/arena.h"
#include "appliance/base/view.h"
#include "appliance/crypto/certificate.h"

/* A file of credentials, not documents. */
#define CMS_MESSAGE_MAX_BYTES 8192
/* What is weaker than 2048 bits is not sealed to; 4096 is the most that our build of wolfSSL computes with. */
#define CMS_RSA_MIN_BITS 2048
#define CMS_RSA_MAX_BITS 4096
/* The issuer's name, as text, stands in the sealed message, which shall stay a page on a console. */
#define CMS_ISSUER_MAX_BYTES 2048

/*
 * Can a message be sealed to the certificate? NULL if so, else why not, as the end of a sentence about the certificate
 * ("has an RSA key of …"). Its times are not looked at. The key usage extension, where there is one, must allow it.
 * Source: RFC 5280 4.2.1.3.
 */
const char *cms_refusal(const struct certificate *recipient);

/*
 * Seal `message` to `recipient`, which is named in it by issuer and serial. `*ret_pem` is a PEM block "CMS" with lines of 64
 * characters. Returns 0; -EINVAL if cms_refusal() has an objection; -EMSGSIZE for an empty message or more than
 * CMS_MESSAGE_MAX_BYTES; -ENOMEM; -EIO if wolfSSL failed.
 */
int cms_seal(struct view *ret_pem, struct view message, const struct certificate *recipient, struct arena *arena)
	__attribute__((warn_unused_result));

#endif
