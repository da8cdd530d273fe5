/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The keys of session tickets: a chain of secrets, one per hour, each the hash of the one before it. Every worker walks the
 * chain by itself from the common seed, so nothing is shared or locked; a secret that was walked past can't be computed back,
 * so a stolen memory image opens two hours of resumptions at most.
 */
#include <string.h>
#include <time.h>

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/sha256.h>

#include "appliance/base/clock.h"
#include "appliance/base/random.h"
#include "appliance/tls/engine.h"

#define VECTOR_BYTES 12 /* of the 16 that a ticket has room for */
#define TAG_BYTES 16    /* of the 32 */
#define IDENTITY_BYTES 32

int tls_ticket_seed_make(struct tls_ticket_seed *ret)
{
	random_bytes(ret->secret, sizeof ret->secret);
	ret->start_s = (int64_t)(clock_wall_ms() / 1000);
	return 0;
}

/* ret = SHA-256(label || secret) */
static void derive(uint8_t ret[32], const char *label, const uint8_t secret[32])
{
	wc_Sha256 hash;

	/* None of these fails on memory. */
	ASSERT(wc_InitSha256(&hash) == 0);
	ASSERT(wc_Sha256Update(&hash, (const byte *)label, (word32)strlen(label)) == 0);
	ASSERT(wc_Sha256Update(&hash, secret, 32) == 0);
	ASSERT(wc_Sha256Final(&hash, ret) == 0);
	wc_Sha256Free(&hash);
}

static void set_key(struct tls_ticket_key *key, const uint8_t secret[32])
{
	uint8_t bytes[32];

	derive(bytes, "postern ticket name", secret);
	memcpy(key->name, bytes, sizeof key->name);
	derive(bytes, "postern ticket key", secret);
	ASSERT(wc_AesInit(&key->aes, NULL, INVALID_DEVID) == 0);
	ASSERT(wc_AesGcmSetKey(&key->aes, bytes, sizeof bytes) == 0);
	key->is_set = true;
	explicit_bzero(bytes, sizeof bytes);
}

static void clear_key(struct tls_ticket_key *key)
{
	if (key->is_set)
		wc_AesFree(&key->aes);
	explicit_bzero(key, sizeof *key);
}

/* Walk on to the present period. The wall clock may step back: then the keys stay. */
static void walk(struct tls_tickets *tickets)
{
	int64_t age_s = (int64_t)(clock_turn_wall_ms() / 1000) - tickets->start_s;
	uint64_t period = age_s > 0 ? (uint64_t)age_s / TLS_TICKET_PERIOD_S : 0;
	uint8_t next[32];

	while (tickets->period < period) {
		tickets->period++;
		clear_key(&tickets->previous);
		if (tickets->period == period)
			set_key(&tickets->previous, tickets->secret);
		derive(next, "postern ticket chain", tickets->secret);
		memcpy(tickets->secret, next, sizeof next);
		if (tickets->period == period) {
			clear_key(&tickets->present);
			set_key(&tickets->present, tickets->secret);
		}
	}
	explicit_bzero(next, sizeof next);
}

void tls_tickets_init(struct tls_tickets *tickets, const struct tls_ticket_seed *seed)
{
	if (!seed)
		return;
	memcpy(tickets->secret, seed->secret, sizeof tickets->secret);
	tickets->start_s = seed->start_s;
	tickets->enabled = true;
	set_key(&tickets->present, tickets->secret);
}

void tls_tickets_fini(struct tls_tickets *tickets)
{
	clear_key(&tickets->present);
	clear_key(&tickets->previous);
	explicit_bzero(tickets, sizeof *tickets);
}

static int seal(struct tls_tickets *tickets, unsigned char *name, unsigned char *vector, unsigned char *mac,
	unsigned char *ticket, int ticket_bytes, const unsigned char *identity)
{
	memcpy(name, tickets->present.name, TLS_TICKET_NAME_BYTES);
	memset(vector, 0, 16);
	random_bytes(vector, VECTOR_BYTES);
	memset(mac, 0, 32);
	if (wc_AesGcmEncrypt(&tickets->present.aes, ticket, ticket, (word32)ticket_bytes, vector, VECTOR_BYTES, mac,
		    TAG_BYTES, identity, IDENTITY_BYTES) != 0)
		return WOLFSSL_TICKET_RET_FATAL;
	return WOLFSSL_TICKET_RET_OK;
}

static int unseal(struct tls_tickets *tickets, bool is_tls13, const unsigned char *name, const unsigned char *vector,
	const unsigned char *mac, unsigned char *ticket, int ticket_bytes, const unsigned char *identity)
{
	bool is_present = memcmp(name, tickets->present.name, TLS_TICKET_NAME_BYTES) == 0;
	struct tls_ticket_key *key = is_present ? &tickets->present : &tickets->previous;

	if (!key->is_set || memcmp(name, key->name, TLS_TICKET_NAME_BYTES) != 0)
		return WOLFSSL_TICKET_RET_REJECT;
	/* A ticket of another certificate or policy does not open: that connection gets a full handshake. */
	if (wc_AesGcmDecrypt(&key->aes, ticket, ticket, (word32)ticket_bytes, vector, VECTOR_BYTES, mac, TAG_BYTES,
		    identity, IDENTITY_BYTES) != 0)
		return WOLFSSL_TICKET_RET_REJECT;
	/* A TLS 1.3 server sends a new ticket anyway, and the library takes no other answer there than OK. */
	return is_present || is_tls13 ? WOLFSSL_TICKET_RET_OK : WOLFSSL_TICKET_RET_CREATE;
}

int tls_ticket_process(WOLFSSL *library, unsigned char name[TLS_TICKET_NAME_BYTES], unsigned char vector[16],
	unsigned char mac[32], int encrypt, unsigned char *ticket, int ticket_bytes, int *ret_bytes, void *argument)
{
	struct tls_engine *engine = wolfSSL_GetIOReadCtx(library);
	struct tls_tickets *tickets = &engine->worker->tickets;

	ASSERT_MAGIC(engine, TLS_ENGINE_MAGIC);
	if (!tickets->enabled)
		return encrypt ? WOLFSSL_TICKET_RET_FATAL : WOLFSSL_TICKET_RET_REJECT;
	walk(tickets);
	*ret_bytes = ticket_bytes;
	if (encrypt)
		return seal(tickets, name, vector, mac, ticket, ticket_bytes, argument);
	return unseal(tickets, wolfSSL_GetVersion(library) == WOLFSSL_TLSV1_3, name, vector, mac, ticket, ticket_bytes,
		argument);
}
