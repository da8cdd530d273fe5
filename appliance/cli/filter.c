/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "appliance/cli/cli.h"
#include "appliance/cli/client.h"

static int get(struct cli *cli, struct view target, struct json **ret)
{
	return client_call(cli, &(struct client_call){ CLIENT_POSTERN, "GET", target, NULL, -1 }, ret);
}

static const char *or_dash(struct view text, char *room, size_t room_bytes)
{
	snprintf(room, room_bytes, VIEW_FMT, VIEW_ARG(text.count ? text : view_of("-")));
	return room;
}

static int events(struct cli *cli, int argc, char **argv)
{
	const char *endpoint = NULL, *limit = "100";
	const struct cli_option options[] = {
		{ "endpoint", "ID", "only those of that endpoint", &endpoint, NULL },
		{ "limit", "COUNT", "at most so many, the newest (default 100)", &limit, NULL },
	};
	const struct cli_usage usage = { "postern filter events [--endpoint ID] [--limit COUNT]",
		"Packets that the kernel refused, sampled, oldest first: when, at which endpoint, from where, why, and "
		"the Sid of the\n"
		"statement that is behind it.",
		options, 2, 0, 0 };
	struct json *answer JSON_CLEANUP = NULL;
	char **arguments;
	char sid[128];
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (get(cli,
		    arena_printf(&cli->arena, "/postern/v1/filter/events?%s%s%slimit=%s", endpoint ? "endpoint=" : "",
			    endpoint ? client_encode(cli, endpoint) : "", endpoint ? "&" : "",
			    client_encode(cli, limit)),
		    &answer) != 0)
		return CLI_FAILED;
	if (cli->json)
		return cli_print_json(answer);
	JSON_EACH(event, json_find(answer, "events"))
	printf(VIEW_FMT " " VIEW_FMT " " VIEW_FMT " -> " VIEW_FMT " port %lld: " VIEW_FMT ", statement %s%s\n",
		VIEW_ARG(json_find_text(event, "time")), VIEW_ARG(json_find_text(event, "endpoint")),
		VIEW_ARG(json_find_text(event, "source")), VIEW_ARG(json_find_text(event, "destination")),
		(long long)json_find_integer(event, "port", 0), VIEW_ARG(json_find_text(event, "reason")),
		or_dash(json_find_text(event, "sid"), sid, sizeof sid),
		json_find_bool(event, "observed", false) ? " (observed, let through)" : "");
	return CLI_OK;
}

/* Head of an endpoint's filter: mode, generation, and how it compares with what the policies say. */
static void print_head(const struct json *filter)
{
	printf(VIEW_FMT " mode " VIEW_FMT " generation %lld\n", VIEW_ARG(json_find_text(filter, "endpoint")),
		VIEW_ARG(json_find_text(filter, "mode")), (long long)json_find_integer(filter, "generation", 0));
	if (json_find_bool(filter, "widened", false))
		printf("  widened: the policies need %lld prefixes, %lld are allowed, so fewer sources are dropped "
		       "here\n",
			(long long)json_find_integer(filter, "prefixesNeeded", 0),
			(long long)json_find_integer(filter, "prefixesAllowed", 0));
}

static int stats(struct cli *cli, int argc, char **argv)
{
	const char *endpoint = NULL;
	const struct cli_option options[] = { { "endpoint", "ID", "only that endpoint", &endpoint, NULL } };
	const struct cli_usage usage = { "postern filter stats [--endpoint ID]",
		"Packets and bytes by reason, since the filter was loaded.", options, 1, 0, 0 };
	struct json *answer JSON_CLEANUP = NULL;
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (get(cli,
		    endpoint ? arena_printf(&cli->arena, "/postern/v1/filter/stats?endpoint=%s",
				       client_encode(cli, endpoint))
			     : view_of("/postern/v1/filter/stats"),
		    &answer) != 0)
		return CLI_FAILED;
	if (cli->json)
		return cli_print_json(answer);
	JSON_EACH(one, json_find(answer, "endpoints"))
	{
		print_head(one);
		JSON_EACH(counter, json_find(one, "counters"))
		printf("  %-28.*s %12lld packets %14lld bytes\n", VIEW_ARG(json_find_text(counter, "reason")),
			(long long)json_find_integer(counter, "packets", 0),
			(long long)json_find_integer(counter, "bytes", 0));
		printf("  %lld prefixes; %lld resets sent, %lld left out; %lld events sent, %lld lost\n",
			(long long)json_find_integer(one, "prefixes", 0),
			(long long)json_find_integer(one, "resetsSent", 0),
			(long long)json_find_integer(one, "resetsLimited", 0),
			(long long)json_find_integer(one, "eventsSent", 0),
			(long long)json_find_integer(one, "eventsLost", 0));
	}
	return CLI_OK;
}

static const char *services_text(const struct json *services)
{
	bool https = false, dns = false;

	JSON_EACH(service, services)
	{
		https = https || view_equals_text(json_text(service), "https");
		dns = dns || view_equals_text(json_text(service), "dns");
	}
	return https ? dns ? "https,dns" : "https" : dns ? "dns" : "-";
}

static int show(struct cli *cli, int argc, char **argv)
{
	static const struct cli_usage usage = { "postern filter show ENDPOINT",
		"The prefixes that are loaded for an endpoint, with the verdict of each, the services that its sources "
		"are admitted "
		"to, and the statement behind the verdict.",
		NULL, 0, 1, 1 };
	struct json *answer JSON_CLEANUP = NULL;
	char **arguments;
	char sid[128];
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	if (get(cli, arena_printf(&cli->arena, "/postern/v1/filter/%s", client_encode(cli, arguments[0])), &answer) !=
		0)
		return CLI_FAILED;
	if (cli->json)
		return cli_print_json(answer);
	print_head(answer);
	JSON_EACH(prefix, json_find(answer, "prefixes"))
	printf("  " VIEW_FMT " " VIEW_FMT " " VIEW_FMT " %s %s\n", VIEW_ARG(json_find_text(prefix, "prefix")),
		VIEW_ARG(json_find_text(prefix, "verdict")), VIEW_ARG(json_find_text(prefix, "reason")),
		services_text(json_find(prefix, "services")), or_dash(json_find_text(prefix, "sid"), sid, sizeof sid));
	return CLI_OK;
}

static int mode(struct cli *cli, int argc, char **argv)
{
	static const struct cli_usage usage = { "postern filter mode ENDPOINT reset|drop|observe",
		"What happens to a packet of a source that no policy allows: an RST answers it, nothing does, or it is "
		"counted and\n"
		"let through to the gateway's 403.",
		NULL, 0, 2, 2 };
	struct json *answer JSON_CLEANUP = NULL, *body JSON_CLEANUP = json_object_new();
	char **arguments;
	size_t count;
	int end = cli_options(cli, &usage, argc, argv, &arguments, &count);

	if (end >= 0)
		return end;
	json_set_c_string(body, "mode", arguments[1]);
	if (client_call(cli,
		    &(struct client_call){ CLIENT_POSTERN, "PUT",
			    arena_printf(&cli->arena, "/postern/v1/filter/%s/mode", client_encode(cli, arguments[0])),
			    body, -1 },
		    &answer) != 0)
		return CLI_FAILED;
	if (cli->json)
		return cli_print_json(answer);
	printf("%s is in mode %s\n", arguments[0], arguments[1]);
	return CLI_OK;
}

int cli_filter(struct cli *cli, int argc, char **argv)
{
	static const struct cli_part parts[] = { { "events", events }, { "stats", stats }, { "show", show },
		{ "mode", mode } };
	static const struct cli_usage usage = { "postern filter events|stats|show|mode [--help]",
		"The kernel filter of the endpoints. `postern filter PART --help` tells more.", NULL, 0, 1, 1 };

	return cli_parts(cli, &usage, parts, sizeof parts / sizeof parts[0], argc, argv);
}
