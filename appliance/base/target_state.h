/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * target_state: what is known of the health of one registered target of a load balancer, as one word that a checker writes and
 * anybody reads, in this process or another: never torn, so no lock is needed.
 *
 * Words lie in the shared memory of the counters (counters_targets()), which outlives the gateway: a gateway that is started
 * anew goes on from what the last one knew. A word carries the number of the registration that it is about; whoever asks for
 * another one learns that nothing is known of it yet.
 *
 * Threads: pure functions on a value. Who writes: the gateway's one checker (integrate/target_health.h). Who reads: the gateway's
 * workers for each private integration, control for DescribeTargetHealth.
 * Source: ELBv2 API Reference: TargetHealth.
 */
#ifndef POSTERN_BASE_TARGET_STATE_H
#define POSTERN_BASE_TARGET_STATE_H

#include <stdint.h>

enum target_condition {
	TARGET_INITIAL, /* registered, not judged yet */
	TARGET_HEALTHY,
	TARGET_UNHEALTHY,
	TARGET_HEALTH_COUNT
};

/* Why a target is not healthy: the reason that DescribeTargetHealth gives. */
enum target_reason {
	TARGET_NO_REASON,
	TARGET_RESPONSE_CODE, /* Target.ResponseCodeMismatch; `status` is the code */
	TARGET_TIMEOUT,       /* Target.Timeout */
	TARGET_FAILED,        /* Target.FailedHealthChecks: no connection, TLS failed, or no HTTP answer */
	TARGET_REASON_COUNT
};

struct target_state {
	enum target_condition health;
	enum target_reason reason;
	uint16_t status; /* of the last HTTP answer that did not match; else 0 */
};

static inline uint64_t target_state_pack(uint32_t registration, struct target_state state)
{
	return (uint64_t)registration << 32 | (uint64_t)state.health << 24 | (uint64_t)state.reason << 16 |
	       state.status;
}

/* What `word` says of the registration; nothing is known of another one. Words are not trusted further than this. */
static inline struct target_state target_state_of(uint64_t word, uint32_t registration)
{
	uint8_t health = (uint8_t)(word >> 24), reason = (uint8_t)(word >> 16);

	if (word >> 32 != registration || health >= TARGET_HEALTH_COUNT || reason >= TARGET_REASON_COUNT)
		return (struct target_state){ .health = TARGET_INITIAL };
	return (struct target_state){
		.health = (enum target_condition)health,
		.reason = (enum target_reason)reason,
		.status = (uint16_t)word,
	};
}

#endif
