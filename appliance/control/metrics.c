/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/metrics.h"

#include "appliance/control/dispatch.h"
#include "appliance/control/postern/filter.h"
#include "appliance/control/state.h"

/* The rows of services.def stand in the order of the label set in metrics.def. */
_Static_assert(
	(int)SERVICE_apigateway == (int)COUNTERS_MANAGEMENT_APIGATEWAY &&
		(int)SERVICE_ec2 == (int)COUNTERS_MANAGEMENT_EC2 && (int)SERVICE_acm == (int)COUNTERS_MANAGEMENT_ACM &&
		(int)SERVICE_route53 == (int)COUNTERS_MANAGEMENT_ROUTE53 &&
		(int)SERVICE_sts == (int)COUNTERS_MANAGEMENT_STS && (int)SERVICE_iam == (int)COUNTERS_MANAGEMENT_IAM &&
		(int)SERVICE_logs == (int)COUNTERS_MANAGEMENT_LOGS &&
		(int)SERVICE_tagging == (int)COUNTERS_MANAGEMENT_TAGGING &&
		(int)SERVICE_elasticloadbalancing == (int)COUNTERS_MANAGEMENT_ELASTICLOADBALANCING &&
		(int)SERVICE_postern == (int)COUNTERS_MANAGEMENT_POSTERN,
	"labels of management metrics");

void metrics_answer(struct control *control, struct dispatch_response *ret)
{
	const struct call_request nothing = { .received_wall_ms = 0 };
	struct call call;

	*ret = (struct dispatch_response){ .status = 200, .content_type = "text/plain; version=0.0.4" };
	buffer_init(&ret->body, DISPATCH_ANSWER_MAX_BYTES);
	call_init(&call, control, &nothing);
	memcpy(ret->request_id, call.request_id, sizeof ret->request_id);
	if (control->settings.counters)
		counters_write_prometheus(control->settings.counters, &ret->body);
	if (!control->settings.local)
		own_filter_write_metrics(control, &call, &ret->body);
	call_fini(&call);
}
