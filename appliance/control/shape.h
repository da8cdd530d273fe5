/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * shape: what the input of an operation looks like, and whether an input fits it.
 *
 * Dialects decode a request into one neutral tree whose members carry the names of the service's model (`restApiId`),
 * whatever the wire calls them (`restapi_id` in the path). The shape says where each member travels, of what type it is
 * and which constraints hold; shape_check() then reports what is wrong in AWS's words, all failures at once.
 *
 * Threads: constant tables and pure functions.
 * Source: spec/control-plane.md 3.8 and 3.9; service models of the AWS SDKs.
 */
#ifndef POSTERN_CONTROL_SHAPE_H
#define POSTERN_CONTROL_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "appliance/base/buffer.h"
#include "appliance/base/json.h"

enum shape_type {
	SHAPE_TEXT,
	SHAPE_BOOL,
	SHAPE_INTEGER,
	SHAPE_NUMBER,
	SHAPE_BLOB, /* base64 text in JSON dialects, as raw text in the tree otherwise */
	SHAPE_LIST,
	SHAPE_MAP,
	SHAPE_STRUCT,
};

enum shape_place {
	SHAPE_BODY,
	SHAPE_PATH,      /* a segment of the URI */
	SHAPE_QUERY,     /* a query parameter; a list repeats it */
	SHAPE_QUERY_ANY, /* a map of all query parameters that no other member takes */
	SHAPE_PAYLOAD,   /* the raw body */
};

struct shape;

struct shape_member {
	const char *name;        /* of the model; in the tree */
	const char *wire;        /* on the wire; NULL: the same */
	const struct shape *of;  /* item of a list, value of a map, members of a structure; NULL: texts */
	const char *enumeration; /* "A, B" as AWS prints it; NULL: any */
	const char *pattern;     /* regular expression for the whole text, as AWS prints it; NULL: any */
	const char *item_name;   /* XML name of a list's items, e.g. "Change"; NULL: "member" */
	size_t min_length;       /* of a text in characters, of a list in items */
	size_t max_length;       /* the same; 0: any */
	int64_t min, max;        /* of an integer; both 0: any */
	enum shape_type type;
	enum shape_place place;
	bool required;
};

struct shape {
	enum shape_type type; /* what this shape describes: a structure, or the item of a list or map */
	const struct shape_member *members;
	size_t member_count;
	const struct shape *of; /* item of the list, value of the map that this shape is; NULL: texts */
};

/* Initialiser part of the shape of a structure whose members are the array `table`. */
#define SHAPE_MEMBERS(table)                                                                                           \
	.type = SHAPE_STRUCT, .members = (table), .member_count = sizeof(table) / sizeof((table)[0])

/* Messages about one input are joined up to this length: the longest recorded one has 4 violations of 200 bytes. */
#define SHAPE_MESSAGE_MAX_BYTES 4096

/* Where the names of members begin in messages. */
enum shape_style {
	SHAPE_STYLE_REST_JSON, /* body: "createRestApiInput.name", elsewhere "statusCode" */
	SHAPE_STYLE_JSON11,    /* "certificateArn" */
};

/* How an input failed. */
enum shape_failure {
	SHAPE_FITS,
	SHAPE_WRONG_TYPE, /* SerializationException; the message is complete */
	SHAPE_VIOLATED,   /* ValidationException; "N validation error(s) detected: ..." */
};

/*
 * Judge `input`. `operation` is the operation's name, as in "CreateRestApi". On failure the message is appended to
 * `message`.
 */
enum shape_failure shape_check(const struct shape *shape, const struct json *input, const char *operation,
	enum shape_style style, struct buffer *message);

/*
 * Write the numbers of an input that fits as AWS keeps them: integers without fraction and exponent, others with a fraction
 * ("1e3" is 1000 or 1000.0).
 */
void shape_settle(const struct shape *shape, struct json *input);

/* The first required member that is missing, or NULL: for dialects whose errors name one at a time. */
const struct shape_member *shape_missing(const struct shape *shape, const struct json *input);

/* The member with that name on the wire and in that place, or NULL. */
const struct shape_member *shape_find_wire(const struct shape *shape, enum shape_place place, struct view wire);

#endif
