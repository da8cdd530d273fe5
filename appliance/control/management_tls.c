/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/management_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/base/log.h"
#include "appliance/control/certificates.h"
#include "appliance/control/first_start.h"
#include "appliance/control/records.h"
#include "appliance/control/state.h"
#include "appliance/crypto/authority.h"

#define DAY_S 86400
/* Everything kept is a few PEM texts; a renewal adds two. */
#define ARENA_MAX_BYTES ((size_t)1 << 20)

/* Read the authority's certificate and key, while the store is still the caller's. */
static int read_authority(struct management_tls *tls, struct control *control)
{
	const struct call_request nothing = { .received_wall_ms = 0 };
	struct json JSON_CLEANUP *record = NULL;
	const struct json *own;
	struct call call;
	int error = -ENOENT;

	call_init(&call, control, &nothing);
	record = record_find(&call, STORE_ca, "private");
	own = json_find(record, "postern");
	if (record) {
		tls->authority_pem = arena_copy(&tls->arena, json_find_text(own, "certificate"));
		error = certificate_open_sealed(&tls->authority_key_pem, &control->key, "private",
			json_find_text(own, "sealedKey"), &tls->arena);
	}
	call_fini(&call);
	return error;
}

static void add_name(struct management_tls *tls, struct view name)
{
	for (size_t i = 0; i < tls->name_count; i++)
		if (view_equals(tls->names[i], name))
			return;
	if (tls->name_count < MANAGEMENT_TLS_NAMES_MAX && name.count)
		tls->names[tls->name_count++] = arena_copy(&tls->arena, name);
}

int management_tls_init(struct management_tls *tls, struct control *control)
{
	char host[256] = "";
	int error;

	*tls = (struct management_tls){ 0 };
	arena_init(&tls->arena, NULL, ARENA_MAX_BYTES);
	error = read_authority(tls, control);
	if (error < 0)
		goto failed;
	tls->worker = tls_worker_new(control->loop, 0, NULL);
	if (!tls->worker) {
		error = -errno;
		goto failed;
	}
	if (gethostname(host, sizeof host - 1) == 0)
		add_name(tls, view_from_text(host));
	add_name(tls, view_of("localhost"));
	return 0;
failed:
	arena_fini(&tls->arena);
	return error;
}

void management_tls_fini(struct management_tls *tls)
{
	tls_server_context_unref(tls->context);
	tls_worker_free(tls->worker);
	arena_fini(&tls->arena);
}

/* Issue a certificate for all names known so far and use it from now on. */
static int issue(struct management_tls *tls)
{
	const struct authority_pair authority = { tls->authority_pem, tls->authority_key_pem };
	int64_t now_s = (int64_t)(clock_wall_ms() / 1000);
	struct tls_server_settings settings = { .policy = tls_policy_find("TLS_1_2", 7), .worker_count = 1 };
	struct tls_server_context *context;
	struct authority_pair pair;
	struct arena arena;
	int error;

	arena_init(&arena, NULL, ARENA_MAX_BYTES);
	error = authority_issue(&pair, &authority, tls->names, tls->name_count, now_s - DAY_S,
		now_s + (int64_t)CERTIFICATE_LIFE_DAYS * DAY_S, &arena);
	if (error == 0) {
		/* The authority goes along: operators have no other way to it, and its fingerprint from the console. */
		settings.certificate_pem = arena_printf(
			&arena, VIEW_FMT VIEW_FMT, VIEW_ARG(pair.certificate_pem), VIEW_ARG(tls->authority_pem));
		settings.private_key_pem = pair.key_pem;
		error = settings.certificate_pem.at ? tls_server_context_new(&context, &settings) : -ENOMEM;
		authority_pair_wipe(&pair);
	}
	arena_fini(&arena);
	if (error < 0)
		return error;
	tls_server_context_unref(tls->context);
	tls->context = context;
	tls->renew_ms = clock_wall_ms() + (uint64_t)(CERTIFICATE_LIFE_DAYS - CERTIFICATE_RENEW_DAYS) * DAY_S * 1000;
	return 0;
}

int management_tls_prepare(struct management_tls *tls, int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_storage room;
	} address;
	socklen_t length = sizeof address;
	char text[INET6_ADDRSTRLEN] = "";

	if (getsockname(fd, &address.any, &length) < 0)
		return -errno;
	if (address.any.sa_family == AF_INET && address.v4.sin_addr.s_addr != htonl(INADDR_ANY))
		(void)inet_ntop(AF_INET, &address.v4.sin_addr, text, sizeof text);
	else if (address.any.sa_family == AF_INET6 && !IN6_IS_ADDR_UNSPECIFIED(&address.v6.sin6_addr))
		(void)inet_ntop(AF_INET6, &address.v6.sin6_addr, text, sizeof text);
	add_name(tls, view_from_text(text));
	return issue(tls);
}

struct tls_server_context *management_tls_choose(void *context, const struct tls_hello *hello)
{
	struct management_tls *tls = context;
	int error;

	(void)hello;
	if (clock_wall_ms() >= tls->renew_ms) {
		error = issue(tls);
		if (error < 0)
			log_error("the management certificate can't be renewed", LOG_ERRNO(error));
	}
	return tls->context;
}
