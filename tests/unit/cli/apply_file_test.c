/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of cli/apply_file: every key of the table is taken in its type alone, every other is refused with its place. */
#include "tests/unit/support.h"

#include "appliance/base/yaml.h"
#include "appliance/cli/apply_file.h"

/* The faults of a file of that text, joined by "\n"; "" for none. */
static const char *faults_of(const char *text)
{
	static char room[4096];
	struct cli cli = { .json = false };
	struct json *tree JSON_CLEANUP = NULL, *faults JSON_CLEANUP = json_array_new();
	struct buffer buffer;

	arena_init(&cli.arena, NULL, (size_t)16 << 20);
	assert_int_equal(0, yaml_parse(view_from(at_page_end(text, strlen(text)), strlen(text)), NULL, &tree, NULL));
	apply_file_check(&cli, "estate.yaml", tree, faults);
	buffer_init_fixed(&buffer, room, sizeof room);
	JSON_EACH(fault, faults)
	buffer_printf(&buffer, "%s" VIEW_FMT, buffer.count ? "\n" : "", VIEW_ARG(json_text(fault)));
	arena_fini(&cli.arena);
	return buffer.count ? buffer_text(&buffer) : "";
}

static void a_whole_estate_is_taken(void **state)
{
	(void)state;
	assert_string_equal(
		"", faults_of("estate: team\n"
			      "apis:\n"
			      "  - name: pets\n"
			      "    openapi: {openapi: 3.0.1}\n"
			      "    policy: {Version: 2012-10-17}\n"
			      "    vpcEndpointIds: [vpce-1]\n"
			      "    disableExecuteApiEndpoint: true\n"
			      "    tags: {team: pets, cost: 7, on: true}\n"
			      "    stages:\n"
			      "      - name: prod\n"
			      "        variables: {port: 8080}\n"
			      "        accessLog: {destinationArn: arn, format: x}\n"
			      "        methodSettings: {\"*/*\": {throttlingRateLimit: 1.5, loggingLevel: INFO}}\n"
			      "domains:\n"
			      "  - name: pets.test\n"
			      "    certificate: {certificate: a.pem, privateKey: b.pem}\n"
			      "    mappings: [{basePath: v1, api: pets, stage: prod}]\n"
			      "    aliases: [{zone: test, vpcId: vpc-1, endpoint: vpce-1}]\n"));
}

static void faults_are_told_with_place_and_nearest_key(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "apis:\n  - nam: x\n    openapi: {}\n", "estate.yaml:2:10: api: unknown key nam (is name meant?)" },
		{ "apis:\n  - name: x\n    openapi: {}\n    whatever: 1\n",
			"estate.yaml:4:15: api: unknown key whatever (postern apply --keys lists all)" },
		{ "apis:\n  - name: x\n", "estate.yaml:2:5: api: openapi is missing" },
		{ "apis:\n  - openapi: {}\n    tags: {postern:managed-by: x}\n",
			"estate.yaml:3:32: tags: postern:managed-by: tags of postern: are apply's own" },
		{ "apis: {}\n", "estate.yaml:1:7: apis: must be a list" },
		{ "apis:\n  - name: [x]\n    openapi: {}\n", "estate.yaml:2:11: name: must be a text" },
		{ "apis:\n  - name: x\n    openapi: {}\n    vpcEndpointIds: vpce-1\n",
			"estate.yaml:4:21: vpcEndpointIds: must be a list of texts" },
		{ "apis:\n  - name: x\n    openapi: 7\n",
			"estate.yaml:3:14: openapi: must be a path or the document itself" },
		{ "apis:\n  - name: x\n    openapi: {}\n    basePath: cut\n",
			"estate.yaml:4:15: basePath: must be one of: ignore prepend split" },
		{ "domains:\n  - name: x\n    mappings: [{}]\n", "estate.yaml:3:16: mapping: api is missing" },
		{ "domains:\n  - name: x\n    certificate: a.pem\n",
			"estate.yaml:3:18: certificate: must be a map of keys" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_string_equal(rows[i].expected, faults_of(rows[i].text));
}

static void all_faults_are_told(void **state)
{
	(void)state;
	assert_string_equal("estate.yaml:1:7: file: unknown key apes (is apis meant?)\n"
			    "estate.yaml:2:9: file: unknown key domain (is domains meant?)",
		faults_of("apes: []\ndomain: []\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_estate_is_taken),
		cmocka_unit_test(faults_are_told_with_place_and_nearest_key),
		cmocka_unit_test(all_faults_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
