/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json_path_program: what a JSONPath is compiled to. Internal to json_path*.c: json_path.c reads paths, json_path_filter.c filters,
 * json_path_find.c runs them.
 */
#ifndef POSTERN_MAPPING_JSON_PATH_PROGRAM_H
#define POSTERN_MAPPING_JSON_PATH_PROGRAM_H

#include "appliance/mapping/json_path.h"

struct json_filter;

enum json_step_kind {
	JSON_STEP_NAMES,    /* ['a'], ['a','b']: several make one object */
	JSON_STEP_ALL,      /* [*] */
	JSON_STEP_INDEXES,  /* [0], [0,2] */
	JSON_STEP_FROM_END, /* [(@.length-1)] */
	JSON_STEP_SLICE,    /* [a:b] */
	JSON_STEP_SCAN,     /* .. : the next step, everywhere below */
	JSON_STEP_FILTER,   /* [?(…)] */
};

struct json_step {
	enum json_step_kind kind;
	bool has_from, has_to; /* SLICE */
	uint32_t count;        /* names, indexes */
	int32_t from, to;      /* SLICE; FROM_END: from */
	union {
		const struct view *names;
		const int32_t *indexes;
		const struct json_filter *filter;
	};
};

struct json_path {
	bool definite;
	bool of_item;   /* begins with '@' */
	size_t certain; /* steps in front of the first that may give several */
	size_t count;
	const struct json_step *steps;
};

enum json_operand_kind {
	JSON_OPERAND_PATH,
	JSON_OPERAND_WORD, /* a literal: what was between quotes, or a bare word or number */
	JSON_OPERAND_PATTERN,
	JSON_OPERAND_LIST,
};

struct json_operand {
	enum json_operand_kind kind;
	bool quoted;      /* WORD */
	struct view word; /* WORD */
	size_t count;     /* LIST */
	union {
		const struct json_path *path;
		const struct pattern *pattern;
		const struct json_operand *items;
	};
};

enum json_filter_kind {
	JSON_FILTER_OR,
	JSON_FILTER_AND,
	JSON_FILTER_NOT,
	JSON_FILTER_EXISTS,
	JSON_FILTER_EQUAL,
	JSON_FILTER_UNEQUAL,
	JSON_FILTER_LESS,
	JSON_FILTER_LESS_OR_EQUAL,
	JSON_FILTER_GREATER,
	JSON_FILTER_GREATER_OR_EQUAL,
	JSON_FILTER_MATCHES,
	JSON_FILTER_IN,
	JSON_FILTER_NOT_IN,
	JSON_FILTER_SIZE,
	JSON_FILTER_EMPTY,
};

struct json_filter {
	enum json_filter_kind kind;
	const struct json_filter *first, *second; /* OR, AND, NOT */
	struct json_operand left, right;          /* all others */
};

/* Reading a path's text. */
struct json_path_reader {
	struct view text;
	size_t at;
	unsigned nesting;
	struct arena *arena;
	struct json_path_error *error;
};

static inline char json_path_here(const struct json_path_reader *reader)
{
	return reader->at < reader->text.count ? reader->text.at[reader->at] : '\0';
}

static inline void json_path_skip_blanks(struct json_path_reader *reader)
{
	while (json_path_here(reader) == ' ' || json_path_here(reader) == '\t')
		reader->at++;
}

/* Says what is wrong here; -EINVAL. */
int json_path_refuse(struct json_path_reader *reader, const char *rule);

/* A path at `reader`: in a filter it ends where no step begins, else at the text's end. 0 or -EINVAL, -EMSGSIZE, -ENOMEM. */
int json_path_read(struct json_path_reader *reader, bool in_filter, const struct json_path **ret);

/* A text in quotes, at the opening one: its characters without the quotes and escapes. */
int json_path_read_quoted(struct json_path_reader *reader, struct view *ret);

/* What stands between "?(" and its ")". */
int json_filter_read(struct json_path_reader *reader, const struct json_filter **ret);

#endif
