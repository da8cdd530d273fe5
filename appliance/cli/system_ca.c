/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern system ca`: the first contact with an appliance elsewhere: its CA, as its management address shows it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/cli/place.h"
#include "appliance/cli/system.h"
#include "appliance/crypto/certificate.h"
#include "appliance/crypto/digest.h"
#include "appliance/crypto/pem.h"
#include "appliance/outbound/fetch.h"

#define TIMEOUT_MS 10000

/* "AB:CD:…" as openssl and the appliance's console print it. */
#define FINGERPRINT_BYTES (3 * DIGEST_SHA256_BYTES)

struct authority {
	struct certificate facts;
	struct view pem;
	char fingerprint[FINGERPRINT_BYTES];
};

static void write_fingerprint(char ret[FINGERPRINT_BYTES], struct view der)
{
	uint8_t digest[DIGEST_SHA256_BYTES];

	digest_sha256(digest, der.at, der.count);
	for (size_t i = 0; i < sizeof digest; i++)
		snprintf(ret + 3 * i, 4, i + 1 < sizeof digest ? "%02X:" : "%02X", digest[i]);
}

/* The same 64 digits, whatever stands between them and whatever is before an equals sign. */
static bool is_same_fingerprint(const char *one, const char *given)
{
	const char *value = strrchr(given, '=');

	given = value ? value + 1 : given;
	for (;;) {
		while (*one == ':')
			one++;
		while (*given == ':' || *given == ' ')
			given++;
		if (!*one || !*given)
			return *one == *given;
		if (view_lower_byte(*one++) != view_lower_byte(*given++))
			return false;
	}
}

/* The last self-issued authority of the chain. 0, or -ENOENT. */
static int find_authority(struct cli *cli, struct view chain, struct authority *ret)
{
	struct pem_block block;
	bool found = false;

	while (pem_next(&block, &chain, &cli->arena) == 1) {
		struct certificate facts;

		if (certificate_parse_der(&facts, block.der, &cli->arena) < 0 || !facts.is_authority ||
			!facts.is_self_issued)
			continue;
		*ret = (struct authority){ .facts = facts, .pem = block.text };
		write_fingerprint(ret->fingerprint, block.der);
		found = true;
	}
	return found ? 0 : -ENOENT;
}

static int save(struct cli *cli, const char *path, const struct authority *authority)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644), written;

	if (fd < 0)
		return errno == EEXIST ? cli_fail(cli, "%s exists: name a new file", path)
				       : cli_fail(cli, "can't write %s: %s", path, strerror(errno));
	written = dprintf(fd, VIEW_FMT "\n", VIEW_ARG(authority->pem));
	if (written < 0 || close(fd) < 0) {
		(void)unlink(path);
		return cli_fail(cli, "can't write %s: %s", path, strerror(errno));
	}
	return CLI_OK;
}

static int tell(struct cli *cli, const char *path, const struct authority *authority, bool is_compared)
{
	char ends[CLOCK_TEXT_MAX_BYTES];
	struct view end = view_from(ends, clock_write_iso(ends, (uint64_t)authority->facts.not_after_s * 1000));

	if (cli->json) {
		struct json *told JSON_CLEANUP = json_object_new();

		json_set_c_string(told, "fingerprint", authority->fingerprint);
		json_set_text(told, "subject", authority->facts.subject);
		json_set_text(told, "notAfter", end);
		json_set_bool(told, "compared", is_compared);
		if (path)
			json_set_c_string(told, "file", path);
		json_set_text(told, "pem", authority->pem);
		return cli_print_json(told);
	}
	if (!path)
		printf(VIEW_FMT "\n", VIEW_ARG(authority->pem));
	fprintf(stderr, VIEW_FMT ", until " VIEW_FMT "\nSHA256 Fingerprint=%s%s\n", VIEW_ARG(authority->facts.subject),
		VIEW_ARG(end), authority->fingerprint,
		is_compared ? "" : "\nNot compared yet: trust it only if the appliance's console says the same.");
	return CLI_OK;
}

int system_ca(struct cli *cli, int argc, char **argv)
{
	const char *fingerprint = NULL;
	const struct cli_option options[] = {
		{ "fingerprint", "SHA256", "what the appliance's console says; another CA is refused", &fingerprint,
			NULL },
	};
	const struct cli_usage usage = {
		.synopsis = "postern system ca [FILE] [--fingerprint SHA256]",
		.about = "Get the private CA that vouches for an appliance's https management address, from that "
			 "address "
			 "itself, into FILE or\n"
			 "on standard output: for --ca, AWS_CA_BUNDLE and `aws --ca-bundle`. Whoever stands between "
			 "could show "
			 "another one, so\n"
			 "compare its fingerprint with the one on the appliance's console, or name that one here.",
		.options = options,
		.option_count = 1,
		.arguments_max = 1,
	};
	struct place place;
	struct authority authority;
	struct buffer chain;
	char message[FETCH_MESSAGE_BYTES] = "", **arguments;
	const char *path;
	size_t count;
	int error, end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (place_find(cli, &place) != 0)
		return CLI_FAILED;
	if (strncmp(place.endpoint_url, "https://", 8) != 0)
		return cli_fail(cli, "%s is not https: it has no certificate (--endpoint-url names another address)",
			place.endpoint_url);
	path = count ? arguments[0] : NULL;
	buffer_init_arena(&chain, &cli->arena, CERTIFICATE_CHAIN_PEM_MAX_BYTES);
	error = fetch_chain(place.endpoint_url, TIMEOUT_MS, &chain, message);
	if (error < 0)
		return cli_fail(cli, "can't call %s: %s", place.endpoint_url, message);
	if (find_authority(cli, buffer_view(&chain), &authority) < 0)
		return cli_fail(
			cli, "%s shows no CA of its own: is it Postern's management address?", place.endpoint_url);
	if (fingerprint && !is_same_fingerprint(authority.fingerprint, fingerprint))
		return cli_fail(cli, "%s shows another CA, whose fingerprint is %s: somebody may stand between",
			place.endpoint_url, authority.fingerprint);
	if (path && save(cli, path, &authority) != CLI_OK)
		return CLI_FAILED;
	return tell(cli, path, &authority, fingerprint != NULL);
}
