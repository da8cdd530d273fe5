/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * validator: what a method asks of its requests before anything is done with them: parameters that must be there, models that
 * bodies must be valid against; compiled from the method, its RequestValidator and the Models of the deployment.
 *
 * Each model that any method needs is compiled once for the deployment, with those that it refers to. A method whose model can't be
 * compiled is refused (500 API_CONFIGURATION_ERROR), never served unchecked; control refuses such models when they are made.
 *
 * Life cycle: validator_models_init() with the deployment's arena, validator_compile() for each method, validator_models_fini() before
 * the arena goes. Threads: immutable once built.
 * Not here: checking (pipeline/phase_validate.c), schemas (validate/schema.h).
 * Source: spec/validation.md 1–4, 10; Developer Guide, "Request validation for REST APIs in API Gateway".
 */
#ifndef POSTERN_MODEL_VALIDATOR_H
#define POSTERN_MODEL_VALIDATOR_H

#include <stdbool.h>
#include <stddef.h>

#include "appliance/base/arena.h"
#include "appliance/base/json.h"
#include "appliance/base/table.h"
#include "appliance/base/view.h"
#include "appliance/validate/schema.h"

/* Bounds of a body that is checked: what else the exchange's arena must hold is up to 10 MiB of the body itself. */
#define VALIDATOR_BODY_VALUES_MAX 400000

enum validator_place { VALIDATOR_HEADER, VALIDATOR_PATH, VALIDATOR_QUERYSTRING };

/* A parameter that must be there. */
struct validator_parameter {
	enum validator_place place;
	struct view name; /* what stands behind "method.request.header." */
};

/* What bodies of a media type must be. */
struct validator_body {
	struct view media_type; /* lower case, or "$default" */
	const struct schema *schema;
};

struct validator {
	size_t parameter_count;                       /* 0 also if parameters are not checked */
	const struct validator_parameter *parameters; /* by key: headers, paths, query */
	size_t body_count;                            /* 0 also if bodies are not checked */
	const struct validator_body *bodies;
};

struct validator_model;

/* The models of a definition, as far as they were needed. */
struct validator_models {
	struct arena *arena;
	struct view api_id;
	const struct json *list; /* borrowed while methods are compiled: array of Model objects */
	struct validator_model *first;
};

void validator_models_init(
	struct validator_models *models, struct arena *arena, struct view api_id, const struct json *list);
void validator_models_fini(struct validator_models *models);

/*
 * What the Method object `method` asks for, with the RequestValidator that it names among `validators` (an array): `*ret` is NULL if
 * nothing. `*ret_refused` (NULL before) is set if what it asks for can't be compiled: text in the arena. A validator that is not there asks
 * for nothing. 0 or -ENOMEM.
 */
int validator_compile(struct validator_models *models, const struct json *validators, const struct json *method,
	const struct validator **ret, const char **ret_refused) __attribute__((warn_unused_result));

/* What a body of that media type must be valid against: exact type, then $default; NULL: nothing is known of it. */
const struct validator_body *validator_find_body(const struct validator *validator, struct view media_type);

/*
 * Would the schema `text` of the model `name` of API `api_id` compile, with itself and the other models in `list` to refer to? 0; -EINVAL with `why` saying what is wrong;
 * -ENOMEM.
 */
int validator_check_model(struct view api_id, const struct json *list, struct view name, struct view text,
	struct schema_error *why) __attribute__((warn_unused_result));

#endif
