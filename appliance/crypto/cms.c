/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/crypto/cms.h"

#include <errno.h>
#include <stdlib.h>

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/pkcs7.h>

#include "appliance/crypto/pem.h"

/* What a sealed message has besides message and certificate's issuer: a wrapped key of at most 512 bytes, heads. */
enum { HEADS_MAX_BYTES = 2048 };

static int error_of(int result)
{
	return result == MEMORY_E ? -ENOMEM : -EIO;
}

/* The recipient into `pkcs7`, with the content's key wrapped to it. */
static int add_recipient(PKCS7 *pkcs7, const struct certificate *recipient)
{
	const byte *der = (const byte *)recipient->der.at;
	word32 count = (word32)recipient->der.count;
	int result;

	if (recipient->key_type == CERTIFICATE_KEY_RSA)
		result = wc_PKCS7_AddRecipient_KTRI(pkcs7, der, count, CMS_ISSUER_AND_SERIAL_NUMBER);
	else
		result = wc_PKCS7_AddRecipient_KARI(
			pkcs7, der, count, AES256_WRAP, dhSinglePass_stdDH_sha256kdf_scheme, NULL, 0, 0);
	return result < 0 ? error_of(result) : 0;
}

int cms_seal(struct view *ret_pem, struct view message, const struct certificate *recipient, struct arena *arena)
{
	size_t room = message.count + recipient->der.count + HEADS_MAX_BYTES;
	uint8_t *sealed;
	PKCS7 *pkcs7;
	int result;

	if (cms_refusal(recipient))
		return -EINVAL;
	if (!message.count || message.count > CMS_MESSAGE_MAX_BYTES)
		return -EMSGSIZE;
	sealed = arena_alloc(arena, room);
	pkcs7 = wc_PKCS7_New(NULL, INVALID_DEVID);
	if (!sealed || !pkcs7) {
		wc_PKCS7_Free(pkcs7);
		return -ENOMEM;
	}
	pkcs7->content = (byte *)(uintptr_t)message.at; /* read only, by a member that is not const */
	pkcs7->contentSz = (word32)message.count;
	pkcs7->contentOID = DATA;
	pkcs7->encryptOID = AES256GCMb;
	result = add_recipient(pkcs7, recipient);
	if (result == 0) {
		int count = wc_PKCS7_EncodeAuthEnvelopedData(pkcs7, sealed, (word32)room);

		if (count > 0)
			*ret_pem = pem_write(arena, "CMS", view_from(sealed, (size_t)count));
		result = count <= 0 ? error_of(count) : ret_pem->at ? 0 : -ENOMEM;
	}
	wc_PKCS7_Free(pkcs7); /* wipes the content's key */
	return result;
}
