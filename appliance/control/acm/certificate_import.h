/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * certificate_import: a certificate that another service's call brings along is imported as ImportCertificate would.
 *
 * Threads: the operations thread.
 */
#ifndef POSTERN_CONTROL_ACM_CERTIFICATE_IMPORT_H
#define POSTERN_CONTROL_ACM_CERTIFICATE_IMPORT_H

#include "appliance/base/view.h"
#include "appliance/control/call.h"

/*
 * Check and store; the key's bytes are wiped. `chain_pem` may be empty. `*ret_arn` lives as long as the call. 0, CALL_FAILED
 * with ACM's refusal, or what certificate_seal() returns.
 */
int certificate_import(struct call *call, struct view certificate_pem, struct view key_pem, struct view chain_pem,
	const char **ret_arn) __attribute__((warn_unused_result));

#endif
