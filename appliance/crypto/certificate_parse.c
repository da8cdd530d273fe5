/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is read must also be what wolfCrypt, which will use it, can read. */
#include "appliance/crypto/certificate.h"
#include "appliance/crypto/certificate_parts.h"

int certificate_parse_der(struct certificate *ret, struct view der, struct arena *arena)
{
	struct certificate certificate;
	int result = certificate_read_der(&certificate, der, arena);

	if (result == 0)
		result = certificate_parts_check(der);
	if (result == 0)
		*ret = certificate;
	return result;
}

int certificate_parse_chain(const struct certificate **ret, size_t *ret_count, struct view pem, struct arena *arena)
{
	const struct certificate *chain;
	size_t count;
	int result = certificate_read_chain(&chain, &count, pem, arena);

	for (size_t i = 0; result == 0 && i < count; i++)
		result = certificate_parts_check(chain[i].der);
	if (result < 0)
		return result;
	*ret = chain;
	*ret_count = count;
	return 0;
}

int certificate_parse(struct certificate *ret, struct view pem, struct arena *arena)
{
	struct certificate certificate;
	int result = certificate_read(&certificate, pem, arena);

	if (result == 0)
		result = certificate_parts_check(certificate.der);
	if (result == 0)
		*ret = certificate;
	return result;
}
