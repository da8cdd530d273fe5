/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * probe: one request, as a client makes it: TCP, TLS with the name and the private CA, HTTP/1.1. In a child (child.h), since the
 * answer is bytes from outside.
 *
 * The child becomes `postern-control --probe`, which calls probe_main(): the daemon itself has no use for a TLS library, which would be
 * the larger part of it by far. What to ask comes on standard input, what came of it goes to standard output.
 */
#ifndef POSTERN_SYSTEM_PROBE_H
#define POSTERN_SYSTEM_PROBE_H

#include "image/system/protocol.h"

/* For one request: a machine that is starting is busy. */
#define PROBE_LIMIT_MS 10000

enum probe_kind {
	PROBE_ENDPOINT,   /* any answer of the gateway's own below 500, told by its x-amzn-RequestId */
	PROBE_MANAGEMENT, /* /ping, answered 200; its certificate's name is not looked at: it stands for addresses */
};

struct probe {
	enum probe_kind kind;
	struct system_address address;
	char name[SYSTEM_NAME_BYTES]; /* of the certificate, and Host */
	char ca_pem[SYSTEM_CA_BYTES]; /* who vouches for it */
};

enum probe_result {
	PROBE_GOOD,
	PROBE_NO_CHILD, /* it could not be made: no memory, no such namespace */
	PROBE_NO_CONNECTION,
	PROBE_NO_TLS,     /* no handshake, or the certificate is none of the CA's for that name */
	PROBE_NO_ANSWER,  /* the connection ended, or time, before a head was whole */
	PROBE_NOT_SERVED, /* an answer, but none that counts */
	PROBE_RESULT_COUNT
};

/* What the child writes before it ends. `detail`: errno, wolfSSL's error or the HTTP status. */
struct probe_answer {
	uint32_t result; /* enum probe_result */
	int32_t detail;
};

/* The program: reads one struct probe, asks, writes one struct probe_answer. Returns the exit status. */
int probe_main(void);

/* Judge the head of an answer: its HTTP status if it counts for `kind`, else 0 (none yet, or no HTTP at all) or the negative status. */
int probe_judge(enum probe_kind kind, const char *head, size_t count);

#endif
