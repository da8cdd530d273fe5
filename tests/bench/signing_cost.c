/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * signing_cost: what a call of an AWS service costs before it is sent: microseconds to find the service and its endpoint, and to
 * write and sign the head of a request with a body of 4 KB; microseconds of that which are the digest of the body; allocations
 * from the heap.
 *
 * usage: signing_cost      (prints lines `NAME VALUE`)
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "appliance/crypto/digest.h"
#include "appliance/integrate/aws_request.h"
#include "tests/bench/allocations.h"

#define BODY_BYTES 4096
#define ROUNDS 21
#define CALLS 400
#define POOL_BYTES ((size_t)8 << 20)
#define ARENA_BYTES ((size_t)1 << 20)
#define WHEN_S 1795390370

/* ---- the work ---- */

static struct arena_pool pool;
static char body[BODY_BYTES];

static void fail(const char *what)
{
	fprintf(stderr, "signing_cost: %s\n", what);
	exit(1);
}

static void sign(void)
{
	static const struct aws_field fields[] = {
		{ VIEW_INIT("Content-Type"), VIEW_INIT("application/x-amz-json-1.1"), false },
		{ VIEW_INIT("Accept"), VIEW_INIT("application/json"), false },
		{ VIEW_INIT("User-Agent"), VIEW_INIT("AmazonAPIGateway_a1b2c3d4e5"), true },
		{ VIEW_INIT("X-Amzn-Apigateway-Api-Id"), VIEW_INIT("a1b2c3d4e5"), false },
		{ VIEW_INIT("X-Amz-Target"), VIEW_INIT("Kinesis_20131202.PutRecords"), false },
	};
	static const struct credentials credentials = { VIEW_INIT("AKIDEXAMPLE"),
		VIEW_INIT("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
		VIEW_INIT("a session token, which is longer than that") };
	static const struct aws_endpoints endpoints = { .is_public = true };
	struct aws_endpoint endpoint;
	struct aws_service service;
	struct http_request request;
	struct arena arena;
	const struct aws_request_input input = { .endpoint = &endpoint,
		.service = &service,
		.region = view_of("us-east-1"),
		.method = view_of("POST"),
		.path = view_of("/"),
		.query = view_of("Action=PutRecords"),
		.fields = fields,
		.field_count = sizeof fields / sizeof *fields,
		.body = view_from(body, sizeof body),
		.credentials = &credentials,
		.now_s = WHEN_S };

	arena_init(&arena, &pool, ARENA_BYTES);
	aws_service_find(view_of("kinesis"), &service);
	if (aws_endpoint_find(
		    &endpoints, &arena, view_of("aws"), view_of("us-east-1"), view_of("kinesis"), &endpoint) ||
		aws_request_write(&arena, &input, &request))
		fail("the request can't be written");
	arena_fini(&arena);
}

static void digest(void)
{
	static uint8_t made[DIGEST_SHA256_BYTES];

	digest_sha256(made, body, sizeof body);
	body[0] = (char)made[0];
}

/* ---- time ---- */

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* The median of rounds. */
static double measure(void (*work)(void))
{
	double rounds[ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++) {
		double begun = now_us(), taken;
		size_t place = i;

		for (size_t k = 0; k < CALLS; k++)
			work();
		taken = (now_us() - begun) / CALLS;
		for (; place > 0 && rounds[place - 1] > taken; place--)
			rounds[place] = rounds[place - 1];
		rounds[place] = taken;
	}
	return rounds[ROUNDS / 2];
}

int main(void)
{
	unsigned long before;
	double signing_us;

	arena_pool_init(&pool, POOL_BYTES);
	sign();
	before = allocation_count;
	signing_us = measure(sign);
	before = allocation_count - before;
	printf("signing_us %.2f\n", signing_us);
	printf("signing_allocations %lu\n", before);
	printf("signing_digest_us %.2f\n", measure(digest));
	return 0;
}
