/* SPDX-License-Identifier: GPL-3.0-or-later */
/* integrate_mock: type MOCK answers from what its request template, or the client itself, says (spec/rest-dataplane.md 13). */
#include "appliance/mapping/mapping_template.h"
#include "appliance/pipeline/integrate_parts.h"

enum verdict integrate_mock(struct pipeline *p)
{
	/* A template without references has been read when it was compiled. */
	p->candidate_status = p->request_template && p->request_template->mock_status
				      ? p->request_template->mock_status
				      : mapping_template_mock_status(p->mapped_body);
	p->answer.status = p->candidate_status;
	if (p->candidate_status == 0)
		return integrate_misconfigured(p,
			"Unable to parse statusCode. It should be an integer that is defined in the request template.");
	return VERDICT_NEXT;
}
