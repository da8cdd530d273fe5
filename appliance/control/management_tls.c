/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/management_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/base/assert.h"
#include "appliance/base/clock.h"
#include "appliance/base/log.h"
#include "appliance/control/acm/certificates.h"
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

static bool covers(const struct management_tls *tls, const char *name)
{
	for (size_t i = 0; i < tls->name_count; i++)
		if (strcmp(tls->names[i], name) == 0)
			return true;
	return false;
}

/* A name that stays: none are added once clients have reached addresses. */
static void add_name(struct management_tls *tls, struct view name)
{
	char text[MANAGEMENT_TLS_NAME_BYTES];

	ASSERT(tls->name_count == tls->fixed_count);
	if (!name.count || name.count >= sizeof text)
		return;
	memcpy(text, name.at, name.count);
	text[name.count] = '\0';
	if (covers(tls, text) || tls->fixed_count == MANAGEMENT_TLS_FIXED_MAX)
		return;
	strcpy(tls->names[tls->fixed_count++], text);
	tls->name_count = tls->fixed_count;
}

static void add_reached(struct management_tls *tls, const char *address)
{
	size_t at = tls->fixed_count + tls->next_reached;

	tls->next_reached = (tls->next_reached + 1) % MANAGEMENT_TLS_REACHED_MAX;
	snprintf(tls->names[at], sizeof tls->names[at], "%s", address);
	if (at >= tls->name_count)
		tls->name_count = at + 1;
}

int management_tls_init(struct management_tls *tls, struct control *control)
{
	struct view names = view_from_text(
			    control->settings.management_names ? control->settings.management_names : ""),
		    name;
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
	while (view_split(&names, ' ', &name))
		add_name(tls, name);
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
	uint64_t now_ms = clock_wall_ms();
	int64_t now_s = certificates_now_s();
	struct view names[MANAGEMENT_TLS_NAMES_MAX];
	struct tls_server_settings settings = { .policy = tls_policy_find("TLS_1_2", 7), .worker_count = 1 };
	struct tls_server_context *context;
	struct authority_pair pair;
	struct arena arena;
	int error;

	arena_init(&arena, NULL, ARENA_MAX_BYTES);
	for (size_t i = 0; i < tls->name_count; i++)
		names[i] = view_from_text(tls->names[i]);
	error = authority_issue(&pair, &authority, names, tls->name_count, now_s - DAY_S,
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
	tls->begin_ms = now_ms < (uint64_t)DAY_S * 1000 ? 0 : now_ms - (uint64_t)DAY_S * 1000;
	tls->renew_ms = now_ms + (uint64_t)(CERTIFICATE_LIFE_DAYS - CERTIFICATE_RENEW_DAYS) * DAY_S * 1000;
	return 0;
}

/* The local address of a socket as text; "" for an unspecified one. IPv4 by a socket of both families is IPv4. 0 or a negative errno. */
static int local_address(int fd, char ret[INET6_ADDRSTRLEN])
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_storage room;
	} address;
	socklen_t length = sizeof address;
	const struct in6_addr *v6 = &address.v6.sin6_addr;

	ret[0] = '\0';
	if (getsockname(fd, &address.any, &length) < 0)
		return -errno;
	if (address.any.sa_family == AF_INET && address.v4.sin_addr.s_addr != htonl(INADDR_ANY))
		(void)inet_ntop(AF_INET, &address.v4.sin_addr, ret, INET6_ADDRSTRLEN);
	else if (address.any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(v6))
		(void)inet_ntop(AF_INET, &v6->s6_addr[12], ret, INET6_ADDRSTRLEN);
	else if (address.any.sa_family == AF_INET6 && !IN6_IS_ADDR_UNSPECIFIED(v6))
		(void)inet_ntop(AF_INET6, v6, ret, INET6_ADDRSTRLEN);
	return 0;
}

int management_tls_prepare(struct management_tls *tls, int fd)
{
	char address[INET6_ADDRSTRLEN];
	int error = local_address(fd, address);

	if (error < 0)
		return error;
	add_name(tls, view_from_text(address));
	return issue(tls);
}

struct tls_server_context *management_tls_choose(void *context, const struct tls_hello *hello, int fd)
{
	struct management_tls *tls = context;
	char address[INET6_ADDRSTRLEN];
	uint64_t now_ms = clock_wall_ms();
	bool is_good = now_ms >= tls->begin_ms && now_ms < tls->renew_ms;
	int error;

	(void)hello;
	if (local_address(fd, address) == 0 && address[0] && !covers(tls, address)) {
		add_reached(tls, address);
		is_good = false;
	}
	if (!is_good) {
		error = issue(tls);
		if (error < 0) {
			tls->renew_ms = 0; /* the next client tries again */
			log_error("the management certificate can't be issued anew", LOG_ERRNO(error));
		}
	}
	return tls->context;
}
