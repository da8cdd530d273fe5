/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/launch/gateway_aws.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/assert.h"
#include "appliance/base/log.h"
#include "appliance/outbound/outbound.h"
#include "appliance/wire/uri.h"

/* Connections to STS and the metadata service at the same time: one for each role that is fetched, and these are few. */
#define CONNECTIONS_MAX 64

_Static_assert(SETTINGS_LIST_MAX <= AWS_ENDPOINTS_MAX && SETTINGS_LIST_MAX <= CREDENTIALS_ROLES_MAX,
	"what the settings may list has room");

/* --- the settings ----------------------------------------------------------------------------------------------------- */

static int take_endpoints(struct gateway_aws *aws, const struct settings *settings)
{
	aws->endpoints.rows = aws->rows;
	aws->endpoints.is_public = settings->aws_public_endpoints;
	for (size_t i = 0; i < settings->aws_endpoints.count; i++) {
		const struct settings_aws_endpoint *given = &settings->aws_endpoints.at[i];
		struct aws_endpoint *row = &aws->rows[i];
		struct view path;

		row->service = view_from_text(given->service);
		row->functions_by_name = given->functions_by_name;
		if (outbound_origin_parse(&row->origin, view_from_text(given->url), true, false) != 0)
			return -EINVAL;
		path = view_after(view_from_text(given->url), row->origin.count);
		while (view_ends_with(path, view_of("/")))
			path.count--;
		row->base_path = path;
		aws->endpoints.count++;
	}
	return 0;
}

static void take_credentials(struct gateway_aws *aws, const struct settings *settings)
{
	struct credentials_config *config = &aws->credentials;

	*config = (struct credentials_config){
		.base = { .access_key = view_from_text(settings->aws_access_key_id),
			.secret = view_from_text(settings->aws_secret_access_key),
			.token = view_from_text(settings->aws_session_token) },
		.roles = aws->roles,
		.role_count = settings->aws_roles.count,
		.instance_metadata = view_from_text(settings->aws_instance_metadata),
		.region = view_from_text(settings->region),
		.endpoints = &aws->endpoints,
	};
	for (size_t i = 0; i < settings->aws_roles.count; i++) {
		const struct settings_aws_role *given = &settings->aws_roles.at[i];

		aws->roles[i] = (struct credentials_role){
			.arn = view_from_text(given->role_arn),
			.credentials = { .access_key = view_from_text(given->access_key_id),
				.secret = view_from_text(given->secret_access_key),
				.token = view_from_text(given->session_token) },
		};
	}
}

/* --- the source ------------------------------------------------------------------------------------------------------- */

/* The metadata service at an address may be called, by the source alone. By a name it must be where back ends may be. */
static int admit_metadata(struct gateway_aws *aws)
{
	struct outbound_origin origin;
	struct destination_prefix prefix;
	char host[64];

	if (aws->credentials.instance_metadata.count == 0)
		return 0;
	if (outbound_origin_parse(&origin, aws->credentials.instance_metadata, true, false) != 0)
		return -EINVAL;
	if (origin.target.host.count >= sizeof host)
		return 0;
	snprintf(host, sizeof host, VIEW_FMT, VIEW_ARG(origin.target.host));
	return destination_parse_prefix(&prefix, host) == 0 ? destination_allow(&aws->destinations, host) : 0;
}

static int make_source(struct gateway_aws *aws, const struct gateway_aws_input *input)
{
	struct outbound_settings settings;
	int error = admit_metadata(aws);

	if (error)
		return error;
	aws->tls = tls_worker_new(input->loop, input->tls_index, NULL);
	if (!aws->tls)
		return -errno;
	outbound_settings_init(&settings);
	settings.connect_timeout_ms = (uint32_t)input->settings->backend_connect_timeout_ms;
	settings.connection_count = CONNECTIONS_MAX;
	settings.name_servers = input->name_servers;
	settings.authorities_path = input->authorities_path;
	settings.destinations = &aws->destinations;
	settings.tls = aws->tls;
	aws->outbound = outbound_new(input->loop, &settings);
	if (!aws->outbound)
		return -errno;
	aws->source = credentials_source_new(input->loop, &aws->credentials, aws->outbound);
	return aws->source ? 0 : -errno;
}

int gateway_aws_start(struct gateway_aws *aws, const struct gateway_aws_input *input)
{
	int error = take_endpoints(aws, input->settings);

	take_credentials(aws, input->settings);
	aws->destinations = *input->destinations;
	/* Without a base nothing can be fetched, and there is nothing to run. */
	if (!error && (aws->credentials.base.access_key.count || aws->credentials.instance_metadata.count))
		error = make_source(aws, input);
	if (error)
		log_error("calls of AWS services can't be prepared", LOG_ERRNO(error));
	return error;
}

void gateway_aws_end(struct gateway_aws *aws)
{
	credentials_source_free(aws->source);
	outbound_free(aws->outbound);
	tls_worker_free(aws->tls);
}
