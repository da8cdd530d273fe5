/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * source_filter and evaluator on a world small enough to try all of it: addresses of three bits (10.0.0.0/29, one beside it
 * and an IPv6 one), policies of up to three statements from small alphabets, and for each address every request of a small
 * universe.
 *
 * What a statement is worth at an address is found by asking the evaluator for every request of the universe: True if it
 * applies to all, False if to none, else Maybe; parts that spec/policy.md 10.2 leaves to the full evaluator are Maybe by
 * rule. Section 10.3 then says what the filter must answer, exactly: no DROP more (soundness), and none less (a certain deny
 * is a DROP). Whatever is dropped is also put to the evaluator, request by request. Widened to a single prefix, no filter drops
 * more.
 */
#include "tests/unit/policy/cases.h"

#include "policy/source_filter.h"

#define ALL_ELSE "'Principal':'*','Action':'*','Resource':'*'"

/* ---- the universe ---- */

static const char *const points[] = { "10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5",
	"10.0.0.6", "10.0.0.7", "10.0.0.8", "2001:db8::1" };
#define POINTS (sizeof points / sizeof *points)

#define CALLERS 3
#define PATHS 3
#define MODES 8
#define REQUESTS (CALLERS * PATHS * MODES)

/* Keys that are not known before a request, one for each class of operators. */
static const struct {
	const char *name, *policy_value;
	const char *low, *equal, *high; /* against `policy_value` */
} unknown_keys[] = {
	{ "aws:UserAgent", "m", "curl/8", "m", "z" },
	{ "aws:MultiFactorAuthAge", "5", "4", "5", "6" },
	{ "aws:TokenIssueTime", "2026-01-01", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z" },
	{ "aws:MultiFactorAuthPresent", "true", "false", "true", "false" },
	{ "example:Address", "10.9.0.0/16", "10.8.0.1", "10.9.0.1", "10.10.0.1" },
	{ "aws:PrincipalArn", "arn:aws:iam::1:user/m", "arn:aws:iam::1:user/a", "arn:aws:iam::1:user/m", "x" },
};
#define UNKNOWN_KEYS (sizeof unknown_keys / sizeof *unknown_keys)

static struct {
	struct policy_request request;
	struct policy_text elements[UNKNOWN_KEYS];
	struct policy_named_value others[UNKNOWN_KEYS];
} universe[POINTS][REQUESTS];

/* The value of an unknown key: absent, one of three orders, unreadable, or a list of none, of a match, of another. */
static struct policy_value mode_value(unsigned mode, size_t key, struct policy_text *element)
{
	const char *const texts[MODES] = { NULL, unknown_keys[key].low, unknown_keys[key].equal, unknown_keys[key].high,
		"?", "", unknown_keys[key].equal, unknown_keys[key].low };

	*element = policy_text_of(texts[mode]);
	if (mode < 5)
		return (struct policy_value){ .text = *element };
	return (struct policy_value){ .list = element, .list_count = mode > 5 };
}

static void make_universe(void)
{
	static const char *const callers[CALLERS] = { "anonymous", "arn:aws:iam::111122223333:user/alice",
		"arn:aws:iam::444455556666:user/bob" };
	static const char *const paths[PATHS] = { CASE_API "/prod/GET/pets", CASE_API "/dev/POST/",
		CASE_API "/prod/GET/" };

	for (size_t i = 0; i < POINTS * REQUESTS; i++) {
		unsigned n = (unsigned)(i % REQUESTS), mode = n % MODES;
		struct policy_request *request = &universe[i / REQUESTS][n].request;

		policy_request_init(request, policy_text_of(paths[n / MODES % PATHS]));
		assert_int_equal(
			0, policy_caller_parse(&request->caller, policy_text_of(callers[n / MODES / PATHS % CALLERS])));
		policy_request_set(request, POLICY_KEY_SOURCE_VPCE, policy_text_of("vpce-0a1"));
		policy_request_set(request, POLICY_KEY_SOURCE_VPC, policy_text_of("vpc-0b1"));
		policy_request_set(request, POLICY_KEY_VPC_SOURCE_IP, policy_text_of(points[i / REQUESTS]));
		policy_request_set(request, POLICY_KEY_SECURE_TRANSPORT, policy_text_of("true"));
		policy_request_set(request, POLICY_KEY_USER_NAME, policy_text_of(mode % 2 ? "vpce-0a1" : NULL));
		request->others = universe[i / REQUESTS][n].others;
		for (size_t key = 0; key < UNKNOWN_KEYS; key++) {
			struct policy_text name = policy_text_of(unknown_keys[key].name);
			struct policy_value value = mode_value(mode, key, &universe[i / REQUESTS][n].elements[key]);
			int known = policy_key_find(name);

			if (known >= 0)
				request->keys[known] = value;
			else
				universe[i / REQUESTS][n].others[request->other_count++] =
					(struct policy_named_value){ .name = name, .value = value };
		}
	}
}

/* ---- statements ---- */

struct symbol {
	char text[512];
	bool denies;
	enum source_filter_value values[POINTS];
};

struct alphabet {
	struct symbol symbols[2048];
	size_t count;
};

static struct policy *policy_of(const char *document, enum policy_kind kind)
{
	struct policy_options options = case_options(kind);
	struct policy_error error;
	struct policy *policy = NULL;
	char line[512];

	if (policy_parse(&policy, document, strlen(document), &options, &error)) {
		policy_error_write(&error, line, sizeof line);
		fail_msg("%s: %s", line, document);
	}
	return policy;
}

/* A policy of these symbols. */
static struct policy *policy_of_symbols(
	const struct symbol *const *symbols, size_t count, enum policy_kind kind, char *document, size_t bytes)
{
	size_t used = (size_t)snprintf(document, bytes, "{\"Version\":\"2012-10-17\",\"Statement\":[");

	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(document + used, bytes - used, "%s%s", i ? "," : "", symbols[i]->text);
	snprintf(document + used, bytes - used, "]}");
	return policy_of(document, kind);
}

/* Add a statement with these members in both effects. `maybe`: one of its parts is Maybe by rule, and no other is False. */
static void add(struct alphabet *alphabet, const char *members, bool maybe)
{
	for (int denies = 0; denies < 2; denies++) {
		struct symbol *symbol = &alphabet->symbols[alphabet->count++];
		const struct symbol *alone = symbol;
		char document[1024], *quoted = case_quoted(members);
		struct policy *policy;

		assert_true(alphabet->count <= sizeof alphabet->symbols / sizeof *alphabet->symbols);
		symbol->denies = denies;
		snprintf(
			symbol->text, sizeof symbol->text, "{\"Effect\":\"%s\",%s}", denies ? "Deny" : "Allow", quoted);
		free(quoted);
		policy = policy_of_symbols(&alone, 1, POLICY_KIND_API, document, sizeof document);
		for (size_t point = 0; point < POINTS; point++) {
			size_t applied = 0;

			for (size_t i = 0; i < REQUESTS; i++)
				applied += case_verdict(policy, &universe[point][i].request) != POLICY_IMPLICIT_DENY;
			symbol->values[point] = maybe || (applied && applied < REQUESTS) ? SOURCE_FILTER_MAYBE
						: applied                                ? SOURCE_FILTER_TRUE
											 : SOURCE_FILTER_FALSE;
		}
		policy_free(policy);
	}
}

/* ---- the model ---- */

/* spec/policy.md 10.3, word for word. */
static bool must_drop(const struct symbol *const *symbols, size_t count, size_t point, bool others_can_grant)
{
	bool can_allow = others_can_grant;

	for (size_t i = 0; i < count; i++) {
		if (symbols[i]->denies && symbols[i]->values[point] == SOURCE_FILTER_TRUE)
			return true;
		if (!symbols[i]->denies && symbols[i]->values[point] != SOURCE_FILTER_FALSE)
			can_allow = true;
	}
	return !can_allow;
}

static struct source_filter_address address_of(const char *text)
{
	struct source_filter_address address;

	assert_int_equal(0, source_filter_address_parse(&address, policy_text_of(text)));
	return address;
}

static struct source_filter_input input_of(const struct source_filter_target *targets, size_t count)
{
	return (struct source_filter_input){ .endpoint_id = policy_text_of("vpce-0a1"),
		.vpc_id = policy_text_of("vpc-0b1"),
		.targets = targets,
		.target_count = count };
}

static struct source_filter_target target_of(const struct policy *policy, bool others_can_grant)
{
	return (struct source_filter_target){
		.policy = policy, .arn = policy_text_of(CASE_API), .others_can_grant = others_can_grant
	};
}

/* Both ways to the filter's answer at a point against the wanted one. */
static void check_point(const struct source_filter_input *input, const struct source_filter *filter, size_t point,
	bool wanted, const char *document)
{
	struct source_filter_address address = address_of(points[point]);
	bool compiled = source_filter_find(filter, &address, NULL) == SOURCE_FILTER_DROP;
	bool direct = source_filter_point(input, &address, NULL) == SOURCE_FILTER_DROP;

	if (compiled == wanted && direct == wanted)
		return;
	fprintf(stderr, "%s\n", document);
	fail_msg("%s: wanted %s, compiled %s, point %s", points[point], wanted ? "DROP" : "PASS",
		compiled ? "DROP" : "PASS", direct ? "DROP" : "PASS");
}

/* The filter in a single prefix drops nothing that is not to be dropped. */
static void check_widened(struct source_filter_input input, const bool wanted[POINTS], const char *document)
{
	struct source_filter filter;

	input.max_prefixes = 1;
	input.may_widen = true;
	assert_int_equal(0, source_filter_compile(&filter, &input));
	assert_true(filter.prefix_count <= 1);
	for (size_t point = 0; point < POINTS; point++) {
		struct source_filter_address address = address_of(points[point]);
		bool drop = source_filter_find(&filter, &address, NULL) == SOURCE_FILTER_DROP;

		if (drop && !wanted[point])
			fail_msg("%s is dropped when widened: %s", points[point], document);
		if (drop != wanted[point])
			assert_true(filter.widened);
	}
	source_filter_fini(&filter);
}

/* No request from a dropped point is allowed; with others who can grant, each is denied explicitly. */
static void check_requests(
	const struct policy *policy, size_t point, bool others_can_grant, size_t step, const char *document)
{
	for (size_t i = 0; i < REQUESTS; i += step) {
		enum policy_verdict verdict = case_verdict(policy, &universe[point][i].request);

		if (verdict == POLICY_EXPLICIT_DENY || (verdict == POLICY_IMPLICIT_DENY && !others_can_grant))
			continue;
		fprintf(stderr, "%s\n", document);
		fail_msg("%s is dropped, but request %zu is %s", points[point], i, policy_verdict_name(verdict));
	}
}

struct tally {
	size_t policies, drops, passes;
};

/* One policy at every point, without and with others who can grant. Every `step`th request is put to the evaluator. */
static void check(const struct symbol *const *symbols, size_t count, size_t step, struct tally *tally)
{
	char document[2048];
	struct policy *policy = policy_of_symbols(symbols, count, POLICY_KIND_API, document, sizeof document);
	bool certainly_denied[POINTS] = { false };

	for (int others = 1; others >= 0; others--) {
		struct source_filter_target target = target_of(policy, others);
		struct source_filter_input input = input_of(&target, 1);
		struct source_filter filter;
		bool all_wanted[POINTS];

		assert_int_equal(0, source_filter_compile(&filter, &input));
		for (size_t point = 0; point < POINTS; point++) {
			bool wanted = all_wanted[point] = must_drop(symbols, count, point, others);

			check_point(&input, &filter, point, wanted, document);
			*(wanted ? &tally->drops : &tally->passes) += 1;
			if (wanted && !certainly_denied[point])
				check_requests(policy, point, others, step, document);
			certainly_denied[point] = wanted;
		}
		check_widened(input, all_wanted, document);
		source_filter_fini(&filter);
	}
	tally->policies++;
	policy_free(policy);
}

/* Every policy of one to three statements; their order says nothing, so each set (with repetition) once. */
static void check_up_to_three(const struct alphabet *alphabet, size_t step, struct tally *tally)
{
	const struct symbol *all = alphabet->symbols;

	for (size_t i = 0; i < alphabet->count; i++) {
		check((const struct symbol *[]){ &all[i] }, 1, step, tally);
		for (size_t j = i; j < alphabet->count; j++) {
			check((const struct symbol *[]){ &all[i], &all[j] }, 2, step, tally);
			for (size_t k = j; k < alphabet->count; k++)
				check((const struct symbol *[]){ &all[k], &all[i], &all[j] }, 3, step, tally);
		}
	}
}

static void report(const struct tally *tally)
{
	print_message("%zu policies, %zu points dropped, %zu passed\n", tally->policies, tally->drops, tally->passes);
	assert_true(tally->drops > tally->policies && tally->passes > tally->policies);
}

/* ---- alphabets ---- */

/* The evaluator itself against plain arithmetic on the three bits: does a prefix hold the points that it should? */
static void check_prefix(const struct symbol *symbol, unsigned first, unsigned bits, bool negated)
{
	for (unsigned point = 0; point < POINTS; point++) {
		bool inside = point < 8 && point >> (32 - bits) == first >> (32 - bits);

		if (symbol->values[point] != (inside != negated ? SOURCE_FILTER_TRUE : SOURCE_FILTER_FALSE))
			fail_msg("%s at %s", symbol->text, points[point]);
	}
}

/* No condition, and each prefix of the three bits under IpAddress and NotIpAddress. */
static void make_prefixes(struct alphabet *alphabet)
{
	char members[256];

	alphabet->count = 0;
	add(alphabet, ALL_ELSE, false);
	for (unsigned bits = 29; bits <= 32; bits++) {
		for (unsigned first = 0; first < 8; first += 1u << (32 - bits)) {
			for (int negated = 0; negated < 2; negated++) {
				snprintf(members, sizeof members,
					ALL_ELSE ",'Condition':{'%s':{'aws:VpcSourceIp':'10.0.0.%u/%u'}}",
					negated ? "NotIpAddress" : "IpAddress", first, bits);
				add(alphabet, members, false);
				check_prefix(&alphabet->symbols[alphabet->count - 1], first, bits, negated);
			}
		}
	}
	assert_int_equal(2 * (1 + 2 * 15), alphabet->count);
}

static void prefixes_in_up_to_three_statements(void **state)
{
	static struct alphabet alphabet;
	struct tally tally = { 0 };

	(void)state;
	make_prefixes(&alphabet);
	check_up_to_three(&alphabet, 25, &tally);
	report(&tally);
}

static void all_kinds_of_parts_in_up_to_three_statements(void **state)
{
	static const struct {
		const char *members;
		bool maybe;
	} shapes[] = {
		{ ALL_ELSE, false },
		{ ALL_ELSE ",'Condition':{'IpAddress':{'aws:VpcSourceIp':'10.0.0.0/30'}}", false },
		{ ALL_ELSE ",'Condition':{'NotIpAddress':{'aws:VpcSourceIp':['10.0.0.1','10.0.0.6/31']}}", false },
		{ ALL_ELSE ",'Condition':{'IpAddress':{'aws:VpcSourceIp':'10.0.0.0/29'},"
			   "'NotIpAddress':{'aws:VpcSourceIp':'10.0.0.3'}}",
			false },
		{ "'Principal':{'AWS':'arn:aws:iam::111122223333:user/alice'},'Action':'*','Resource':'*'", false },
		{ "'NotPrincipal':{'AWS':'arn:aws:iam::111122223333:user/alice'},'Action':'*','Resource':'*'", false },
		{ "'Principal':'*','Action':'execute-api:ManageConnections','Resource':'*'", false },
		{ "'Principal':'*','NotAction':'execute-api:ManageConnections','Resource':'*'", false },
		{ "'Principal':'*','Action':'*','Resource':'execute-api:/prod/*'", false },
		{ "'Principal':'*','Action':'*','NotResource':'execute-api:/prod/*'", false },
		{ "'Principal':'*','Action':'*','Resource':'arn:aws:execute-api:us-east-1:111122223333:zzzz/*'",
			false },
		{ "'Principal':'*','Action':'*','NotResource':'arn:aws:execute-api:us-east-1:111122223333:zzzz/*',"
		  "'Condition':{'IpAddress':{'aws:VpcSourceIp':'10.0.0.2/31'}}",
			false },
		{ "'Principal':'*','Action':'*','Resource':['execute-api:/prod/*','execute-api:/*']", false },
		{ "'Principal':{'AWS':'444455556666'},'Action':'*','Resource':'*',"
		  "'Condition':{'IpAddress':{'aws:VpcSourceIp':'10.0.0.4/30'}}",
			false },
		{ ALL_ELSE ",'Condition':{'StringLike':{'aws:UserAgent':'curl*'},"
			   "'NotIpAddress':{'aws:VpcSourceIp':'10.0.0.0/31'}}",
			false },
		{ ALL_ELSE ",'Condition':{'StringEquals':{'aws:SourceVpce':'${aws:username}'}}", true },
		{ ALL_ELSE ",'Condition':{'StringEquals':{'aws:VpcSourceIp':'10.0.0.5'}}", true },
		{ ALL_ELSE ",'Condition':{'Bool':{'aws:SecureTransport':'false'}}", false },
		{ ALL_ELSE ",'Condition':{'StringNotEquals':{'aws:SourceVpce':'vpce-0ff'}}", false },
		{ ALL_ELSE ",'Condition':{'IpAddress':{'aws:VpcSourceIp':['2001:db8::/32','10.0.0.7']}}", false },
	};
	static struct alphabet alphabet;
	struct tally tally = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		add(&alphabet, shapes[i].members, shapes[i].maybe);
	check_up_to_three(&alphabet, 1, &tally);
	report(&tally);
}

/* Class of an operator as spec/policy.md 10.2 tells them apart, and as an index into unknown_keys. */
static size_t class_of(const char *name)
{
	static const char *const starts[UNKNOWN_KEYS] = { "", "Numeric", "Date", "Bool", "", "Arn" };

	if (strstr(name, "IpAddress"))
		return 4;
	for (size_t i = 1; i < UNKNOWN_KEYS; i++)
		if (starts[i][0] && strncmp(name, starts[i], strlen(starts[i])) == 0)
			return i;
	return 0;
}

static const char *const operators[] = {
#define OPERATOR(name, text, class, relation, negated, variables) text,
#include "policy/operators.def"
#undef OPERATOR
};
#define OPERATORS (sizeof operators / sizeof *operators)

/* Bare, IfExists, and both with ForAllValues: and ForAnyValue: before them. */
#define FORMS 6

static const struct {
	const char *name, *value, *base64;
	bool address;
} known_keys[] = {
	{ "aws:VpcSourceIp", "10.0.0.3", "MTAuMC4wLjM=", true },
	{ "aws:SourceIp", "10.0.0.3", "MTAuMC4wLjM=", true },
	{ "aws:SourceVpce", "vpce-0a1", "dnBjZS0wYTE=", false },
	{ "aws:SecureTransport", "true", "dHJ1ZQ==", false },
};
#define KNOWN_KEYS (sizeof known_keys / sizeof *known_keys)

static bool is_null(const char *name)
{
	return strcmp(name, "Null") == 0;
}

/* Null can't be asked "if it exists". */
static bool has_form(const char *name, unsigned form)
{
	return !(is_null(name) && form % 2);
}

/* An operator in one form on one key: a known one, or KNOWN_KEYS for the unknown one of its class. */
static void add_operator(struct alphabet *alphabet, const char *name, unsigned form, size_t key)
{
	static const char *const prefixes[] = { "", "ForAllValues:", "ForAnyValue:" };
	size_t class = class_of(name);
	bool unknown = key == KNOWN_KEYS, address = !unknown && known_keys[key].address;
	const char *value = unknown ? unknown_keys[class].policy_value : known_keys[key].value;
	char members[384];

	if (is_null(name) || (class == 3 && !unknown))
		value = "true";
	else if (strcmp(name, "BinaryEquals") == 0)
		value = unknown ? "bQ==" : known_keys[key].base64;
	else if (class == 4 && !unknown)
		value = "10.0.0.2/31";
	else if (class)
		value = unknown_keys[class].policy_value;
	snprintf(members, sizeof members, ALL_ELSE ",'Condition':{'%s%s%s':{'%s':'%s'}}", prefixes[form / 2], name,
		form % 2 ? "IfExists" : "", unknown ? unknown_keys[class].name : known_keys[key].name, value);
	/* Texts of addresses are for the evaluator alone, and an address operator on a text says nothing. */
	add(alphabet, members,
		unknown || (address && !is_null(name) && (class == 0 || class == 5)) || (!address && class == 4));
}

/* A key on which the operator is certain, so that it decides something. */
static size_t certain_key(const char *name)
{
	size_t class = class_of(name);

	return class == 4 || is_null(name) ? 0 : class == 3 ? 3 : 2;
}

/* All policies of two statements of which each is any operator in any of its forms, in either effect. */
static void all_operators_in_all_forms_in_two_statements(void **state)
{
	static struct alphabet alphabet;
	struct tally tally = { 0 };

	(void)state;
	for (size_t i = 0; i < OPERATORS; i++)
		for (unsigned form = 0; form < FORMS; form++)
			if (has_form(operators[i], form))
				add_operator(&alphabet, operators[i], form, certain_key(operators[i]));
	for (size_t i = 0; i < alphabet.count; i++)
		for (size_t j = i; j < alphabet.count; j++) {
			const struct symbol *pair[] = { &alphabet.symbols[i], &alphabet.symbols[j] };

			/* Each order for half of them: which comes first says nothing. */
			check((const struct symbol *[]){ pair[(i + j) % 2], pair[(i + j + 1) % 2] }, 2, REQUESTS / 4,
				&tally);
		}
	print_message("%zu statements\n", alphabet.count);
	report(&tally);
}

/*
 * All policies of three statements of which each is any operator, in either effect, beside one that lets everybody in: every
 * operator stands at every place.
 */
static void all_operators_in_three_statements(void **state)
{
	static struct alphabet alphabet;
	static bool seen[2 * OPERATORS + 2][3];
	static const unsigned orders[6][3] = { { 0, 1, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 }, { 1, 0, 2 },
		{ 0, 2, 1 } };
	struct tally tally = { 0 };
	unsigned turn = 0;

	(void)state;
	add(&alphabet, ALL_ELSE, false);
	for (unsigned i = 0; i < OPERATORS; i++)
		add_operator(
			&alphabet, operators[i], has_form(operators[i], i) ? i % FORMS : 0, certain_key(operators[i]));
	assert_int_equal(2 * OPERATORS + 2, alphabet.count);
	for (size_t i = 0; i < alphabet.count; i++)
		for (size_t j = i; j < alphabet.count; j++)
			for (size_t k = j; k < alphabet.count; k++) {
				const size_t set[] = { i, j, k };
				const unsigned *order = orders[turn++ % 6];
				const struct symbol *placed[3];

				for (unsigned place = 0; place < 3; place++) {
					placed[place] = &alphabet.symbols[set[order[place]]];
					seen[set[order[place]]][place] = true;
				}
				check(placed, 3, REQUESTS / 4, &tally);
			}
	for (size_t i = 0; i < alphabet.count; i++)
		assert_true(seen[i][0] && seen[i][1] && seen[i][2]);
	report(&tally);
}

static void all_operators_beside_prefixes(void **state)
{
	static struct alphabet alphabet, beside;
	const struct symbol *allow, *allow_some, *deny_some, *deny_rest;
	struct tally tally = { 0 };

	(void)state;
	add(&beside, ALL_ELSE, false);
	add(&beside, ALL_ELSE ",'Condition':{'IpAddress':{'aws:VpcSourceIp':'10.0.0.2/31'}}", false);
	add(&beside, ALL_ELSE ",'Condition':{'NotIpAddress':{'aws:VpcSourceIp':'10.0.0.4/30'}}", false);
	allow = &beside.symbols[0];
	allow_some = &beside.symbols[2];
	deny_some = &beside.symbols[3];
	deny_rest = &beside.symbols[5];
	for (size_t i = 0; i < OPERATORS; i++)
		for (unsigned form = 0; form < FORMS; form++)
			for (size_t key = 0; key <= KNOWN_KEYS && has_form(operators[i], form); key++)
				add_operator(&alphabet, operators[i], form, key);
	for (size_t i = 0; i < alphabet.count; i++) {
		const struct symbol *symbol = &alphabet.symbols[i];

		check((const struct symbol *[]){ symbol }, 1, 1, &tally);
		check((const struct symbol *[]){ symbol, allow }, 2, 1, &tally);
		check((const struct symbol *[]){ allow_some, symbol }, 2, 1, &tally);
		check((const struct symbol *[]){ allow, symbol, deny_some }, 3, 1, &tally);
		check((const struct symbol *[]){ deny_rest, allow, symbol }, 3, 1, &tally);
	}
	print_message("%zu statements\n", alphabet.count);
	report(&tally);
}

/* ---- several policies ---- */

/* The endpoint's policy and two targets, each of one statement: its own policy drops, or both targets do. */
static void endpoint_policies_and_targets_combine(void **state)
{
	static struct alphabet alphabet;
	struct policy *as_target[64], *as_endpoint[64];
	char document[1024];
	struct tally tally = { 0 };
	size_t count;

	(void)state;
	make_prefixes(&alphabet);
	count = alphabet.count;
	for (size_t i = 0; i < count; i++) {
		const struct symbol *alone = &alphabet.symbols[i];

		as_target[i] = policy_of_symbols(&alone, 1, POLICY_KIND_API, document, sizeof document);
		as_endpoint[i] = policy_of_symbols(&alone, 1, POLICY_KIND_ENDPOINT, document, sizeof document);
	}
	for (size_t n = 0; n < count * count; n++) {
		const struct symbol *left = &alphabet.symbols[n / count], *right = &alphabet.symbols[n % count];
		struct source_filter_target targets[] = { target_of(as_target[n / count], n % 2),
			target_of(as_target[n % count], n % 3 == 0) };
		struct source_filter_input both = input_of(targets, 2), gated = input_of(targets, 1);
		struct source_filter both_filter, gated_filter;

		gated.endpoint_policy = as_endpoint[n % count];
		assert_int_equal(0, source_filter_compile(&both_filter, &both));
		assert_int_equal(0, source_filter_compile(&gated_filter, &gated));
		snprintf(document, sizeof document, "%s and %s", left->text, right->text);
		for (size_t point = 0; point < POINTS; point++) {
			bool first = must_drop(&left, 1, point, n % 2),
			     second = must_drop(&right, 1, point, n % 3 == 0);
			bool gate = must_drop(&right, 1, point, false);

			check_point(&both, &both_filter, point, first && second, document);
			check_point(&gated, &gated_filter, point, first || gate, document);
			*(first && second ? &tally.drops : &tally.passes) += 1;
			*(first || gate ? &tally.drops : &tally.passes) += 1;
		}
		source_filter_fini(&both_filter);
		source_filter_fini(&gated_filter);
		tally.policies++;
	}
	report(&tally);
	for (size_t i = 0; i < count; i++) {
		policy_free(as_target[i]);
		policy_free(as_endpoint[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_in_up_to_three_statements),
		cmocka_unit_test(all_kinds_of_parts_in_up_to_three_statements),
		cmocka_unit_test(all_operators_beside_prefixes),
		cmocka_unit_test(all_operators_in_all_forms_in_two_statements),
		cmocka_unit_test(all_operators_in_three_statements),
		cmocka_unit_test(endpoint_policies_and_targets_combine),
	};

	make_universe();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
