/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Apart from cms.c: who judges settings needs no PKCS7. */
#include "appliance/crypto/cms.h"

const char *cms_refusal(const struct certificate *recipient)
{
	unsigned needed;

	switch (recipient->key_type) {
	case CERTIFICATE_KEY_RSA:
		if (recipient->key_bits < CMS_RSA_MIN_BITS || recipient->key_bits > CMS_RSA_MAX_BITS)
			return "has an RSA key of fewer than 2048 or more than 4096 bits";
		needed = CERTIFICATE_USE_KEY_ENCIPHERMENT;
		break;
	case CERTIFICATE_KEY_EC:
		needed = CERTIFICATE_USE_KEY_AGREEMENT;
		break;
	default:
		return "has a key that is neither RSA nor EC on P-256, P-384 or P-521";
	}
	if (recipient->issuer.count > CMS_ISSUER_MAX_BYTES)
		return "has an issuer with a name of more than 2048 bytes";
	if (recipient->has_key_usage && !(recipient->key_usage & needed))
		return needed == CERTIFICATE_USE_KEY_ENCIPHERMENT
			       ? "must not be used to encipher keys, says its key usage"
			       : "must not be used for key agreement, says its key usage";
	return NULL;
}
