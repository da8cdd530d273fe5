/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Compiling expressions. What is odd here is odd in Velocity: "-3" is always a number, so that "7-3" is an error, and arguments have
 * neither operators nor brackets. Source: spec/vtl.md 4.1, 5, 6.2; Velocity 1.7's grammar.
 */
#include <errno.h>

#include "appliance/mapping/java_number.h"
#include "appliance/mapping/template_compiler.h"

/* Digits of a literal number. */
#define DIGITS_MAX 1024

/* `count` children side by side. */
static int make_children(struct compiler *compiler, const struct template_node *nodes, size_t count,
	enum template_node_kind kind, struct template_node *ret)
{
	struct template_node *children = arena_alloc(compiler->arena, count * sizeof *children);
	uint16_t depth = 0;

	if (!children)
		return -ENOMEM;
	if (count)
		memcpy(children, nodes, count * sizeof *children);
	for (size_t i = 0; i < count; i++) {
		if (nodes[i].depth > depth)
			depth = nodes[i].depth;
	}
	if (depth >= COMPILER_EXPRESSION_DEPTH_MAX)
		return compiler_fail(compiler, compiler->at,
			"an expression of more than %d operators inside each other", COMPILER_EXPRESSION_DEPTH_MAX);
	*ret = (struct template_node){
		.kind = (uint8_t)kind, .depth = (uint16_t)(depth + 1), .count = (uint32_t)count, .children = children
	};
	return 0;
}

static struct template_node constant(struct value value)
{
	return (struct template_node){ .kind = NODE_CONSTANT, .constant = value };
}

/* --- Numbers -------------------------------------------------------------------------------------------------------- */

/* Does a number start here: digits, ".5", or one of them behind a minus? */
static bool sees_number(const struct compiler *compiler)
{
	size_t ahead = compiler_sees(compiler, '-');
	char byte = compiler_byte(compiler, ahead);

	return compiler_is_digit(byte) || (byte == '.' && compiler_is_digit(compiler_byte(compiler, ahead + 1)));
}

static void skip_digits(struct compiler *compiler)
{
	while (compiler->at < compiler->end && compiler_is_digit(*compiler->at))
		compiler->at++;
}

static int parse_number(struct compiler *compiler, struct template_node *ret)
{
	const char *start = compiler->at;
	size_t ahead = 1;
	struct view text;

	compiler->at += compiler_sees(compiler, '-');
	skip_digits(compiler);
	if (compiler_sees(compiler, '.') && compiler_byte(compiler, 1) != '.') { /* "1..3" is a range */
		compiler->at++;
		skip_digits(compiler);
	}
	if (compiler_sees(compiler, 'e') || compiler_sees(compiler, 'E')) {
		ahead += compiler_byte(compiler, 1) == '+' || compiler_byte(compiler, 1) == '-';
		if (compiler_is_digit(compiler_byte(compiler, ahead))) {
			compiler->at += ahead;
			skip_digits(compiler);
		}
	}
	text = view_from(start, (size_t)(compiler->at - start));
	if (text.count > DIGITS_MAX)
		return compiler_fail(compiler, start, "a number of more than %d digits", DIGITS_MAX);
	while (text.count > 1 && text.at[0] == '0' && compiler_is_digit(text.at[1])) /* 007 is 7 */
		text = view_after(text, 1);
	*ret = constant(java_number_to_value(java_number_of_text(text)));
	return 0;
}

/* --- Texts ---------------------------------------------------------------------------------------------------------- */

/* `inner` with doubled quotes made single. */
static int undouble(struct compiler *compiler, struct view *inner, char quote)
{
	char *copy = arena_alloc(compiler->arena, inner->count);
	size_t count = 0;

	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < inner->count; i++) {
		copy[count++] = inner->at[i];
		if (inner->at[i] == quote)
			i++;
	}
	*inner = view_from(copy, count);
	return 0;
}

/* The four hexadecimal digits of "\\uXXXX" at `at`; false if it is none. */
static bool unicode_at(struct view text, size_t at, uint32_t *ret)
{
	*ret = 0;
	if (text.count - at < 6 || text.at[at] != '\\' || text.at[at + 1] != 'u')
		return false;
	for (size_t i = at + 2; i < at + 6; i++) {
		char byte = view_lower_byte(text.at[i]);

		if (!compiler_is_digit(byte) && (byte < 'a' || byte > 'f'))
			return false;
		*ret = *ret * 16 + (uint32_t)(compiler_is_digit(byte) ? byte - '0' : byte - 'a' + 10);
	}
	return true;
}

/* "\\u0041" in double quotes is "A"; nothing else is escaped there. */
static int unescape(struct compiler *compiler, struct view *inner)
{
	struct buffer text;
	uint32_t point, low;

	if (view_find(*inner, view_of("\\u")) == VIEW_NOWHERE)
		return 0;
	buffer_init_arena(&text, compiler->arena, TEMPLATE_MAX_BYTES);
	for (size_t i = 0; i < inner->count;) {
		if (!unicode_at(*inner, i, &point)) {
			buffer_append_byte(&text, inner->at[i++]);
			continue;
		}
		i += 6;
		if (point >= 0xd800 && point < 0xdc00 && unicode_at(*inner, i, &low) && low >= 0xdc00 && low < 0xe000) {
			point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
			i += 6;
		}
		buffer_append_utf8(&text, point >= 0xd800 && point < 0xe000 ? '?' : point);
	}
	if (buffer_error(&text))
		return -ENOMEM;
	*inner = text.count ? buffer_view(&text) : view_of("");
	return 0;
}

/* A text in double quotes is a template of its own. */
static int parse_interpolation(struct compiler *compiler, struct view text, struct template_node *ret)
{
	const char *at = compiler->at, *end = compiler->end;
	enum compiler_ending ending;
	struct compiler_block block;
	bool in_text = compiler->in_text;
	const struct template_op *ops;
	int result;

	compiler->at = text.at;
	compiler->end = text.at + text.count;
	compiler->in_text = true;
	compiler_block_begin(compiler, &block);
	result = compiler_text(compiler, &ending);
	if (!result && ending != ENDING_TEXT)
		result = compiler_fail(compiler, at, "#end or #else without its beginning in a text");
	if (!result)
		result = compiler_block_end(compiler, &ops);
	if (result)
		return result;
	compiler->at = at;
	compiler->end = end;
	compiler->in_text = in_text;
	if (ops[0].kind == OP_END)
		*ret = constant(value_text(view_of("")));
	else if (ops[0].kind == OP_TEXT && ops[1].kind == OP_END)
		*ret = constant(value_text(ops[0].text));
	else
		*ret = (struct template_node){ .kind = NODE_INTERPOLATION, .block = ops };
	return 0;
}

static int parse_text(struct compiler *compiler, struct template_node *ret)
{
	const char *start = compiler->at;
	char quote = *start;
	bool doubled = false;
	struct view inner;
	int result = 0;

	for (compiler->at++; compiler->at < compiler->end; compiler->at++) {
		if (*compiler->at != quote)
			continue;
		if (compiler_byte(compiler, 1) != quote)
			break;
		doubled = true;
		compiler->at++;
	}
	if (compiler->at >= compiler->end)
		return compiler_fail(compiler, start, "a text that does not end");
	inner = view_from(start + 1, (size_t)(compiler->at - start - 1));
	compiler->at++;
	if (doubled)
		result = undouble(compiler, &inner, quote);
	if (!result && quote == '"')
		result = unescape(compiler, &inner);
	if (!result && quote == '"' &&
		(view_find_byte(inner, '$') != VIEW_NOWHERE || view_find_byte(inner, '#') != VIEW_NOWHERE))
		return parse_interpolation(compiler, inner, ret);
	*ret = constant(value_text(inner));
	return result;
}

/* --- Lists, ranges, maps, arguments --------------------------------------------------------------------------------- */

/* Nodes that are being read, in the scratch arena. */
struct nodes {
	struct template_node *nodes;
	size_t count, room;
};

static int nodes_add(struct compiler *compiler, struct nodes *nodes, const struct template_node *node)
{
	if (nodes->count == nodes->room) {
		size_t room = nodes->room ? nodes->room * 2 : 4;
		struct template_node *grown = arena_alloc(&compiler->scratch, room * sizeof *grown);

		if (!grown)
			return -ENOMEM;
		if (nodes->count)
			memcpy(grown, nodes->nodes, nodes->count * sizeof *grown);
		nodes->nodes = grown;
		nodes->room = room;
	}
	nodes->nodes[nodes->count++] = *node;
	return 0;
}

/* Is the word `word` at the place, and no longer one? Then it is taken. */
static bool take_word(struct compiler *compiler, struct view word)
{
	size_t left = (size_t)(compiler->end - compiler->at);
	char next = compiler_byte(compiler, word.count);

	if (left < word.count || memcmp(compiler->at, word.at, word.count) != 0 || compiler_is_letter(next) ||
		compiler_is_digit(next))
		return false;
	compiler->at += word.count;
	return true;
}

/* A bare word as an argument of what may be no macro at all: it means nothing. */
static bool take_any_word(struct compiler *compiler)
{
	const char *at = compiler->at;

	if (take_word(compiler, view_of("true")) || take_word(compiler, view_of("false"))) {
		compiler->at = at;
		return false;
	}
	return compiler_take_word(compiler).count > 0;
}

static int parse_items(struct compiler *compiler, char closing, bool loose, struct nodes *nodes)
{
	struct template_node node;
	int result;

	compiler_skip_space(compiler);
	while (!compiler_sees(compiler, closing)) {
		if (nodes->count) {
			if (compiler_sees(compiler, ','))
				compiler->at++;
			else if (!loose)
				return compiler_fail(compiler, compiler->at, "',' or '%c' is missing", closing);
			compiler_skip_space(compiler);
		}
		if (loose && take_any_word(compiler)) {
			node = constant(value_null());
			result = 0;
		} else {
			result = compiler_argument(compiler, &node);
		}
		if (!result)
			result = nodes_add(compiler, nodes, &node);
		if (result)
			return result;
		compiler_skip_space(compiler);
	}
	compiler->at++;
	return 0;
}

int compiler_arguments(
	struct compiler *compiler, char closing, bool loose, const struct template_node **ret, uint16_t *ret_count)
{
	struct nodes nodes = { 0 };
	struct template_node list;
	int result = compiler_enter(compiler);

	if (!result)
		result = parse_items(compiler, closing, loose, &nodes);
	if (result)
		return result;
	compiler_leave(compiler);
	if (nodes.count > TEMPLATE_ARGUMENTS_MAX)
		return compiler_fail(compiler, compiler->at, "more than %d arguments", TEMPLATE_ARGUMENTS_MAX);
	result = make_children(compiler, nodes.nodes, nodes.count, NODE_LIST, &list);
	if (result)
		return result;
	*ret = list.children;
	*ret_count = (uint16_t)nodes.count;
	return 0;
}

/* Behind the first bound of a range: the place is at "..". */
static int parse_range(struct compiler *compiler, const struct template_node *first, struct template_node *ret)
{
	struct template_node bounds[2] = { *first };
	int result;

	compiler->at += 2;
	compiler_skip_space(compiler);
	result = compiler_argument(compiler, &bounds[1]);
	if (result)
		return result;
	compiler_skip_space(compiler);
	if (!compiler_sees(compiler, ']'))
		return compiler_fail(compiler, compiler->at, "']' of a range is missing");
	compiler->at++;
	return make_children(compiler, bounds, 2, NODE_RANGE, ret);
}

static int parse_list(struct compiler *compiler, struct template_node *ret)
{
	struct nodes nodes = { 0 };
	struct template_node first;
	int result;

	compiler->at++;
	compiler_skip_space(compiler);
	if (!compiler_sees(compiler, ']')) {
		result = compiler_argument(compiler, &first);
		if (result)
			return result;
		compiler_skip_space(compiler);
		if (compiler_sees(compiler, '.') && compiler_byte(compiler, 1) == '.')
			return parse_range(compiler, &first, ret);
		result = nodes_add(compiler, &nodes, &first);
		if (result)
			return result;
	}
	result = parse_items(compiler, ']', false, &nodes);
	return result ? result : make_children(compiler, nodes.nodes, nodes.count, NODE_LIST, ret);
}

static int parse_map(struct compiler *compiler, struct template_node *ret)
{
	struct nodes nodes = { 0 };
	int result = 0;

	compiler->at++;
	compiler_skip_space(compiler);
	while (!result && !compiler_sees(compiler, '}')) {
		struct template_node key, value;

		if (nodes.count) {
			if (!compiler_sees(compiler, ','))
				return compiler_fail(compiler, compiler->at, "',' or '}' is missing in a map");
			compiler->at++;
			compiler_skip_space(compiler);
		}
		result = compiler_argument(compiler, &key);
		if (result)
			return result;
		compiler_skip_space(compiler);
		if (!compiler_sees(compiler, ':'))
			return compiler_fail(compiler, compiler->at, "':' is missing behind the key of a map");
		compiler->at++;
		compiler_skip_space(compiler);
		result = compiler_argument(compiler, &value);
		if (!result)
			result = nodes_add(compiler, &nodes, &key);
		if (!result)
			result = nodes_add(compiler, &nodes, &value);
		compiler_skip_space(compiler);
	}
	if (result)
		return result;
	compiler->at++;
	return make_children(compiler, nodes.nodes, nodes.count, NODE_MAP, ret);
}

static int parse_argument(struct compiler *compiler, struct template_node *ret)
{
	struct template_reference *reference;
	bool is;
	int result;

	if (compiler_sees(compiler, '$')) {
		result = compiler_reference(compiler, 0, &reference, &is);
		if (!result && !is)
			return compiler_fail(compiler, compiler->at, "'$' without a name");
		*ret = (struct template_node){ .kind = NODE_REFERENCE, .reference = reference };
		return result;
	}
	if (compiler_sees(compiler, '"') || compiler_sees(compiler, '\''))
		return parse_text(compiler, ret);
	if (compiler_sees(compiler, '['))
		return parse_list(compiler, ret);
	if (compiler_sees(compiler, '{'))
		return parse_map(compiler, ret);
	if (sees_number(compiler))
		return parse_number(compiler, ret);
	if (take_word(compiler, view_of("true"))) {
		*ret = constant(value_boolean(true));
		return 0;
	}
	if (take_word(compiler, view_of("false"))) {
		*ret = constant(value_boolean(false));
		return 0;
	}
	return compiler_fail(compiler, compiler->at, "a value is missing");
}

int compiler_argument(struct compiler *compiler, struct template_node *ret)
{
	int result = compiler_enter(compiler);

	if (!result)
		result = parse_argument(compiler, ret);
	if (!result)
		compiler_leave(compiler);
	return result;
}

/* --- Operators ------------------------------------------------------------------------------------------------------ */

struct operator
{
	struct view sign, word; /* `word` may be empty */
	enum template_node_kind kind;
};

/* From the weakest to the strongest; longer signs before those that they begin with. */
static const struct operator or_operators[] = {
	{ VIEW_INIT("||"), VIEW_INIT("or"), NODE_OR },
	{ .kind = NODE_CONSTANT },
};
static const struct operator and_operators[] = {
	{ VIEW_INIT("&&"), VIEW_INIT("and"), NODE_AND },
	{ .kind = NODE_CONSTANT },
};
static const struct operator equality_operators[] = {
	{ VIEW_INIT("=="), VIEW_INIT("eq"), NODE_EQUAL },
	{ VIEW_INIT("!="), VIEW_INIT("ne"), NODE_UNEQUAL },
	{ .kind = NODE_CONSTANT },
};
static const struct operator order_operators[] = {
	{ VIEW_INIT("<="), VIEW_INIT("le"), NODE_LESS_EQUAL },
	{ VIEW_INIT(">="), VIEW_INIT("ge"), NODE_GREATER_EQUAL },
	{ VIEW_INIT("<"), VIEW_INIT("lt"), NODE_LESS },
	{ VIEW_INIT(">"), VIEW_INIT("gt"), NODE_GREATER },
	{ .kind = NODE_CONSTANT },
};
static const struct operator sum_operators[] = {
	{ VIEW_INIT("+"), VIEW_INIT(""), NODE_ADD },
	{ VIEW_INIT("-"), VIEW_INIT(""), NODE_SUBTRACT },
	{ .kind = NODE_CONSTANT },
};
static const struct operator product_operators[] = {
	{ VIEW_INIT("*"), VIEW_INIT(""), NODE_MULTIPLY },
	{ VIEW_INIT("/"), VIEW_INIT(""), NODE_DIVIDE },
	{ VIEW_INIT("%"), VIEW_INIT(""), NODE_MODULO },
	{ .kind = NODE_CONSTANT },
};
static const struct operator* const levels[] = { or_operators, and_operators, equality_operators, order_operators,
	sum_operators, product_operators };
#define LEVEL_COUNT (sizeof levels / sizeof levels[0])

static const struct operator* take_operator(struct compiler *compiler, const struct operator* operators)
{
	size_t left = (size_t)(compiler->end - compiler->at);

	for (; operators->sign.count; operators++) {
		if (left >= operators->sign.count &&
			memcmp(compiler->at, operators->sign.at, operators->sign.count) == 0) {
			compiler->at += operators->sign.count;
			return operators;
		}
		if (operators->word.count && take_word(compiler, operators->word))
			return operators;
	}
	return NULL;
}

static int parse_level(struct compiler *compiler, size_t level, struct template_node *ret);

static bool take_not(struct compiler *compiler)
{
	if (!compiler_sees(compiler, '!') || compiler_byte(compiler, 1) == '=')
		return take_word(compiler, view_of("not"));
	compiler->at++;
	return true;
}

static int parse_primary(struct compiler *compiler, struct template_node *ret)
{
	struct template_node child;
	int result;

	compiler_skip_space(compiler);
	if (take_not(compiler)) {
		result = compiler_enter(compiler);
		if (!result)
			result = parse_primary(compiler, &child);
		if (result)
			return result;
		compiler_leave(compiler);
		return make_children(compiler, &child, 1, NODE_NOT, ret);
	}
	if (!compiler_sees(compiler, '('))
		return compiler_argument(compiler, ret);
	compiler->at++;
	result = compiler_enter(compiler);
	if (!result)
		result = parse_level(compiler, 0, ret);
	if (result)
		return result;
	compiler_leave(compiler);
	if (!compiler_sees(compiler, ')'))
		return compiler_fail(compiler, compiler->at, "')' is missing in an expression");
	compiler->at++;
	return 0;
}

/* Operators of `level` and those that bind tighter; all are left associative. Leaves the place behind blanks. */
static int parse_level(struct compiler *compiler, size_t level, struct template_node *ret)
{
	const struct operator* operator;
	struct template_node pair[2];
	int result;

	result = level + 1 < LEVEL_COUNT ? parse_level(compiler, level + 1, ret) : parse_primary(compiler, ret);
	if (result)
		return result;
	compiler_skip_space(compiler);
	/* A number with its own minus is no operator: "7 -3" is an error, found by whoever comes next. */
	while (!(levels[level] == sum_operators && compiler_sees(compiler, '-') && sees_number(compiler)) &&
		(operator= take_operator(compiler, levels[level])) != NULL) {
		pair[0] = *ret;
		result = level + 1 < LEVEL_COUNT ? parse_level(compiler, level + 1, &pair[1])
						 : parse_primary(compiler, &pair[1]);
		if (!result)
			result = make_children(compiler, pair, 2, operator->kind, ret);
		if (result)
			return result;
		compiler_skip_space(compiler);
	}
	return 0;
}

int compiler_expression(struct compiler *compiler, struct template_node *ret)
{
	return parse_level(compiler, 0, ret);
}
