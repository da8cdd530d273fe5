/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/control/apigateway/quotas.h"

#include "appliance/control/records.h"

uint64_t quota_room(struct call *call, enum store_kind kind, uint64_t quota)
{
	uint64_t count = record_count(call, kind);

	return count < quota ? quota - count : 0;
}

int quota_refuse(struct call *call, const char *plural)
{
	return call_fail(call, "LimitExceededException",
		"Maximum number of %s has been reached. Please contact AWS if you need additional %s.", plural, plural);
}

int quota_check(struct call *call, enum store_kind kind, uint64_t quota, const char *plural)
{
	return quota_room(call, kind, quota) ? 0 : quota_refuse(call, plural);
}
