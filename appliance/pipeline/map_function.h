/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * map_function: what a Lambda function answered, as the client's answer: part of phase map_response.
 *
 * A call of Lambda ends in one of three ways: the service refuses it (its status is not 2xx), the function fails
 * (X-Amz-Function-Error), the function returns something. Of AWS_PROXY what it returns is the client's answer, or malformed; of
 * AWS its errorMessage, if it has one, selects the integration response, whether the function failed or not.
 *
 * Threads: the worker's. Not here: the call (integrate_lambda.c), streamed answers (stream_function.c).
 * Source: spec/lambda.md 2.3, 3.2–3.4; spec/rest-dataplane.md 8.4, 9.1, 9.5, 12; spec/recorded-errors.md 2;
 * spec/throttling-caching-logging.md D2. The texts of the log for calls that the service refused are from public reports.
 */
#ifndef POSTERN_PIPELINE_MAP_FUNCTION_H
#define POSTERN_PIPELINE_MAP_FUNCTION_H

#include "appliance/integrate/lambda_answer.h"
#include "appliance/pipeline/state.h"

/* AWS: p->answer.candidate is the result's errorMessage. NEXT: go on as any AWS integration. FAIL: the service refused the call. */
enum verdict map_function_result(struct pipeline *p);

/* AWS_PROXY: status, fields and body of the client's answer. FAIL: 502, or 500, or 413. */
enum verdict map_function_answer(struct pipeline *p);

/* Status and fields of an answer whose body is looked at elsewhere. FAIL without memory. */
enum verdict map_function_head(struct pipeline *p, struct lambda_answer *answer);

/* 502 Internal server error; `why` is static text, `detail` says it in the execution log (empty: that was said). FAIL. */
enum verdict map_function_fail(struct pipeline *p, const char *why, struct view detail);

/* 502 for an answer that is none of a proxy's. FAIL. */
enum verdict map_function_malformed(struct pipeline *p);

/* In the execution log: the function failed with that message. */
void map_function_say_error(struct pipeline *p, struct view message);

#endif
