/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "appliance/cli/cli.h"
#include "appliance/cli/client.h"
#include "appliance/cli/system.h"

static void print_endpoint(const struct json *endpoint)
{
	printf("  " VIEW_FMT "  " VIEW_FMT "  " VIEW_FMT "%s\n", VIEW_ARG(json_find_text(endpoint, "id")),
		VIEW_ARG(json_find_text(endpoint, "vpcId")), VIEW_ARG(json_find_text(endpoint, "state")),
		json_find_bool(endpoint, "builtin", false) ? "  (built in: stands for the traffic address)" : "");
	JSON_EACH(address, json_find(endpoint, "addresses"))
	printf("    address " VIEW_FMT "\n", VIEW_ARG(json_text(address)));
	JSON_EACH(name, json_find(endpoint, "dnsNames"))
	printf("    name    " VIEW_FMT "\n", VIEW_ARG(json_text(name)));
	if (json_find_path(endpoint, "filter", "mode", NULL))
		printf("    filter  mode " VIEW_FMT ", generation %lld\n",
			VIEW_ARG(json_text(json_find_path(endpoint, "filter", "mode", NULL))),
			(long long)json_find_integer(json_find(endpoint, "filter"), "generation", 0));
}

static void print_status(const struct json *status)
{
	const struct json *counts = json_find(status, "counts");

	printf("Postern " VIEW_FMT ", account " VIEW_FMT ", region " VIEW_FMT "%s\n",
		VIEW_ARG(json_find_text(status, "version")), VIEW_ARG(json_find_text(status, "accountId")),
		VIEW_ARG(json_find_text(status, "region")),
		json_find_bool(status, "localMode", false)
			? " (local mode: no kernel filter, policies are enforced in the pipeline alone)"
			: "");
	printf("store revision %lld, served %lld\n", (long long)json_find_integer(status, "revision", 0),
		(long long)json_find_integer(status, "servedRevision", 0));
	printf("%lld APIs, %lld stages, %lld domains, %lld certificates\n",
		(long long)json_find_integer(counts, "apis", 0), (long long)json_find_integer(counts, "stages", 0),
		(long long)json_find_integer(counts, "domains", 0),
		(long long)json_find_integer(counts, "certificates", 0));
	if (view_equals_text(json_find_text(json_find(status, "checkpoint"), "state"), "open"))
		system_checkpoint_print(json_find(status, "checkpoint"));
	printf("endpoints:\n");
	JSON_EACH(endpoint, json_find(status, "endpoints"))
	print_endpoint(endpoint);
	JSON_EACH(method, json_find(status, "notServed"))
	printf("not served: API " VIEW_FMT " stage " VIEW_FMT " " VIEW_FMT " " VIEW_FMT ": " VIEW_FMT "\n",
		VIEW_ARG(json_find_text(method, "api")), VIEW_ARG(json_find_text(method, "stage")),
		VIEW_ARG(json_find_text(method, "method")), VIEW_ARG(json_find_text(method, "resource")),
		VIEW_ARG(json_find_text(method, "reason")));
	JSON_EACH(warning, json_find(status, "warnings"))
	printf("warning: " VIEW_FMT "\n", VIEW_ARG(json_text(warning)));
}

int cli_status(struct cli *cli, int argc, char **argv)
{
	static const struct cli_usage usage = {
		.synopsis = "postern status [options]",
		.about = "What the running appliance serves: its endpoints with addresses, names and filters, the "
			 "revision that is\n"
			 "stored and the one that is served, and methods that it does not serve because it can't "
			 "enforce what they ask for.",
	};
	struct json *status JSON_CLEANUP = NULL;
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (client_call(cli, &(struct client_call){ CLIENT_POSTERN, "GET", view_of("/postern/v1/status"), NULL, -1 },
		    &status) != 0)
		return CLI_FAILED;
	if (cli->json)
		return cli_print_json(status);
	print_status(status);
	return CLI_OK;
}
