/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a PEM text and as a DER certificate: facts or an error, never harm; what is parsed can be asked everything, and sealed to. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/crypto/certificate.h"
#include "appliance/crypto/cms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct certificate *certificate, struct view key, struct arena *arena)
{
	char fingerprint[CERTIFICATE_FINGERPRINT_CHARS + 1];
	struct view sealed;
	size_t index;
	int result;

	ASSERT(certificate->key_algorithm && certificate->signature_algorithm && certificate->serial.count);
	(void)certificate_covers(certificate, view_of("api.pets.internal"));
	ASSERT(certificate_check_key(certificate, key, arena) <= 0);
	ASSERT(certificate_check_chain(certificate, certificate, 1, &index) <= 0);
	certificate_write_fingerprint(fingerprint, certificate);
	ASSERT(strlen(fingerprint) == CERTIFICATE_FINGERPRINT_CHARS);
	certificate_write_key_fingerprint(fingerprint, certificate);
	result = cms_seal(&sealed, view_of("a message"), certificate, arena);
	ASSERT(cms_refusal(certificate) ? result == -EINVAL : result <= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct certificate *chain;
	struct certificate certificate;
	struct arena arena;
	size_t count;

	arena_init(&arena, NULL, 16 << 20);
	if (certificate_parse_chain(&chain, &count, view_from(data, size), &arena) == 0) {
		for (size_t i = 0; i < count; i++)
			ask(&chain[i], view_from(data, size), &arena);
	}
	if (certificate_parse_der(&certificate, view_from(data, size), &arena) == 0)
		ask(&certificate, view_from(data, size), &arena);
	arena_fini(&arena);
	return 0;
}
