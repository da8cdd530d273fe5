/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Private custom domains: the calls that older aws command lines can't make, since their service model lacks domainNameId,
 * domain policies and access associations.
 */
#include <stdio.h>
#include <string.h>

#include "appliance/cli/cli.h"
#include "appliance/cli/client.h"

struct domain_wish {
	const char *name, *certificate_arn, *policy, *api, *stage, *base_path, *endpoint;
};

static int call(struct cli *cli, const char *method, struct view target, const struct json *body, struct json **ret)
{
	return client_call(cli, &(struct client_call){ CLIENT_APIGATEWAY, method, target, body, -1 }, ret);
}

static struct json *creation(const struct domain_wish *wish, struct view policy)
{
	struct json *body = json_object_new();

	json_set_c_string(body, "domainName", wish->name);
	json_set_c_string(body, "certificateArn", wish->certificate_arn);
	json_append_text(
		json_ensure_array(json_ensure_object(body, "endpointConfiguration"), "types"), view_of("PRIVATE"));
	json_set_c_string(body, "securityPolicy", "TLS_1_2");
	if (policy.count)
		json_set_text(body, "policy", policy);
	return body;
}

static int map_base_path(struct cli *cli, const struct domain_wish *wish, const char *id)
{
	struct json *body JSON_CLEANUP = json_object_new(), *answer JSON_CLEANUP = NULL;

	json_set_c_string(body, "restApiId", wish->api);
	json_set_c_string(body, "stage", wish->stage);
	json_set_c_string(body, "basePath", wish->base_path);
	return call(cli, "POST",
		arena_printf(&cli->arena, "/domainnames/%s/basepathmappings?domainNameId=%s",
			client_encode(cli, wish->name), client_encode(cli, id)),
		body, &answer);
}

static int associate(struct cli *cli, const struct domain_wish *wish, const char *arn)
{
	struct json *body JSON_CLEANUP = json_object_new(), *answer JSON_CLEANUP = NULL;

	json_set_c_string(body, "domainNameArn", arn);
	json_set_c_string(body, "accessAssociationSource", wish->endpoint);
	json_set_c_string(body, "accessAssociationSourceType", "VPCE");
	return call(cli, "POST", view_of("/domainnameaccessassociations"), body, &answer);
}

/* What was made before a later step failed is taken back, so that the command can be repeated. */
static void take_back(struct cli *cli, const char *name, const char *id)
{
	struct json *answer JSON_CLEANUP = NULL;

	if (call(cli, "DELETE",
		    arena_printf(&cli->arena, "/domainnames/%s?domainNameId=%s", client_encode(cli, name),
			    client_encode(cli, id)),
		    NULL, &answer) != 0)
		fprintf(stderr, "postern: the domain %s (%s) stays behind: postern domain delete %s --id %s\n", name,
			id, name, id);
}

static int create_domain(struct cli *cli, const struct domain_wish *wish, struct view policy, struct json **ret)
{
	struct json *body JSON_CLEANUP = creation(wish, policy);
	const char *id;
	int result = call(cli, "POST", view_of("/domainnames"), body, ret);

	if (result != 0)
		return result;
	id = json_find_c_string(*ret, "domainNameId");
	if (!id)
		return cli_fail(cli, "the appliance made %s without a domainNameId", wish->name);
	if (wish->api)
		result = map_base_path(cli, wish, id);
	if (result == 0 && wish->endpoint)
		result = associate(cli, wish, json_find_c_string(*ret, "domainNameArn"));
	if (result != 0)
		take_back(cli, wish->name, id);
	return result;
}

static int create(struct cli *cli, int argc, char **argv)
{
	struct domain_wish wish = { .name = NULL };
	const struct cli_option options[] = {
		{ "name", "DOMAIN", "the domain name, for example api.pets.internal", &wish.name, NULL },
		{ "certificate-arn", "ARN", "its certificate, as `aws acm import-certificate` answered",
			&wish.certificate_arn, NULL },
		{ "policy", "JSON|file://F", "who may invoke through it; without one nobody may", &wish.policy, NULL },
		{ "api", "ID", "also map this private API ...", &wish.api, NULL },
		{ "stage", "NAME", "... with this stage (default: the path names it) ...", &wish.stage, NULL },
		{ "base-path", "PATH", "... below this path (default: the root)", &wish.base_path, NULL },
		{ "endpoint", "VPCE", "also associate it with this VPC endpoint", &wish.endpoint, NULL },
	};
	const struct cli_usage usage = { "postern domain create --name DOMAIN --certificate-arn ARN [options]",
		"Make a private custom domain, and at once its base path mapping and its access association. If a step "
		"fails, what was\n"
		"made is taken back.",
		options, sizeof options / sizeof options[0], 0, 0 };
	struct json *made JSON_CLEANUP = NULL;
	struct view policy = { 0 };
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (!wish.name || !wish.certificate_arn)
		return cli_misuse(cli, &usage, "--name and --certificate-arn are needed");
	if (!wish.api && (wish.stage || wish.base_path))
		return cli_misuse(cli, &usage, "--stage and --base-path go with --api");
	if (wish.policy && cli_document(cli, "--policy", wish.policy, &policy) != 0)
		return CLI_FAILED;
	if (create_domain(cli, &wish, policy, &made) != 0)
		return CLI_FAILED;
	if (cli->json)
		return cli_print_json(made);
	printf("%s id " VIEW_FMT "\n", wish.name, VIEW_ARG(json_find_text(made, "domainNameId")));
	return CLI_OK;
}

static int list(struct cli *cli, int argc, char **argv)
{
	static const struct cli_usage usage = { "postern domain list",
		"All custom domains, with the ids of the private ones.", NULL, 0, 0, 0 };
	struct json *answer JSON_CLEANUP = NULL;
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (call(cli, "GET", view_of("/domainnames?limit=500"), NULL, &answer) != 0)
		return CLI_FAILED;
	if (cli->json)
		return cli_print_json(answer);
	JSON_EACH(domain, json_find(answer, json_find(answer, "item") ? "item" : "items"))
	printf(VIEW_FMT " " VIEW_FMT " " VIEW_FMT "\n", VIEW_ARG(json_find_text(domain, "domainName")),
		VIEW_ARG(json_find_text(domain, "domainNameId")), VIEW_ARG(json_find_text(domain, "domainNameStatus")));
	return CLI_OK;
}

static int delete_domain(struct cli *cli, int argc, char **argv)
{
	const char *id = NULL;
	const struct cli_option options[] = { { "id", "ID", "domainNameId of a private domain", &id, NULL } };
	const struct cli_usage usage = { "postern domain delete DOMAIN [--id ID]", "Delete a domain and its mappings.",
		options, 1, 1, 1 };
	struct json *answer JSON_CLEANUP = NULL;
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (call(cli, "DELETE",
		    arena_printf(&cli->arena, "/domainnames/%s%s%s", client_encode(cli, arguments[0]),
			    id ? "?domainNameId=" : "", id ? client_encode(cli, id) : ""),
		    NULL, &answer) != 0)
		return CLI_FAILED;
	return cli->json ? cli_print_json(answer) : (printf("deleted %s\n", arguments[0]), CLI_OK);
}

int cli_domain(struct cli *cli, int argc, char **argv)
{
	static const struct cli_part parts[] = { { "create", create }, { "list", list }, { "delete", delete_domain } };
	static const struct cli_usage usage = { "postern domain create|list|delete [--help]",
		"Private custom domains, for which many aws command lines are too old. `postern domain PART --help` "
		"tells more.",
		NULL, 0, 1, 1 };

	return cli_parts(cli, &usage, parts, sizeof parts / sizeof parts[0], argc, argv);
}
