/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rest_api_limits: how much of everything one REST API may have.
 *
 * Source: API Gateway Developer Guide, "Quotas for configuring and running a REST API"; spec/control-plane.md 10. The
 * resources that an import makes are bounded by the size of its document alone.
 */
#ifndef POSTERN_CONTROL_REST_API_LIMITS_H
#define POSTERN_CONTROL_REST_API_LIMITS_H

/* Below the root resource. */
#define REST_API_RESOURCES_MAX 300
#define REST_API_STAGES_MAX 10
#define REST_API_AUTHORIZERS_MAX 10
#define REST_API_SCHEMA_MAX_BYTES (400 * 1024)
#define REST_API_TEMPLATE_MAX_BYTES (300 * 1024)
#define REST_API_VARIABLES_MAX 100
#define REST_API_VARIABLE_NAME_MAX_BYTES 64
#define REST_API_VARIABLE_VALUE_MAX_BYTES 512
#define REST_API_LOG_FORMAT_MAX_BYTES (3 * 1024)

#endif
