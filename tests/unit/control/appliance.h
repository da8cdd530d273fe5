/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * appliance: a control program for unit tests: store and keys in a folder of its own, no listeners, calls made directly.
 *
 * call() signs a request as a client would and carries it out on the test's thread; the operations thread is stopped.
 */
#ifndef POSTERN_TESTS_UNIT_CONTROL_APPLIANCE_H
#define POSTERN_TESTS_UNIT_CONTROL_APPLIANCE_H

#include "tests/unit/support.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "appliance/base/clock.h"
#include "appliance/base/log.h"
#include "appliance/control/control.h"
#include "appliance/control/dispatch.h"
#include "appliance/control/state.h"
#include "appliance/control/worker.h"
#include "tests/unit/control/signed_request.h"

#define TEST_KEY "AKIATESTTESTTESTTEST"
#define TEST_SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

struct appliance {
	char folder[64];
	struct loop *loop;
	struct control *control;
	struct control_settings settings;
	struct netns_network networks[2];
	struct dispatch_response answer; /* of the last call */
	struct json *body;               /* the same as JSON, or NULL */
	/* What the next calls are signed with. */
	struct signer signer;
};

static inline void appliance_networks(struct appliance *appliance)
{
	for (unsigned i = 0; i < 2; i++) {
		struct netns_network *network = &appliance->networks[i];

		snprintf(network->vpc_id, sizeof network->vpc_id, "vpc-0a1b2c3d");
		snprintf(network->subnet_id, sizeof network->subnet_id, "subnet-%u", i + 1);
		snprintf(network->zone, sizeof network->zone, "us-east-1%c", (char)('a' + i));
		network->attachment = NETNS_ATTACH_BRIDGE;
		network->v4 = (struct netns_prefix){
			.family = AF_INET, .prefix_bits = 29, .bytes = { 10, 20, (uint8_t)i, 0 }
		};
		network->v6 = (struct netns_prefix){
			.family = AF_INET6, .prefix_bits = 64, .bytes = { 0xfd, 0x20, (uint8_t)i }
		};
		network->v4_gateway = (struct netns_address){ .family = AF_INET, .bytes = { 10, 20, (uint8_t)i, 1 } };
	}
	appliance->settings.networks = appliance->networks;
	appliance->settings.network_count = 2;
}

static inline void appliance_open(struct appliance *appliance)
{
	const char *message = "";
	int error;

	appliance->loop = loop_new();
	assert_non_null(appliance->loop);
	error = control_open(&appliance->control, appliance->loop, &appliance->settings, &message);
	if (error < 0)
		fail_msg("control_open: %d %s", error, message);
	worker_stop(&appliance->control->worker);
}

static inline void appliance_close(struct appliance *appliance)
{
	control_close(appliance->control);
	appliance->control = NULL;
	loop_free(appliance->loop);
}

static inline void appliance_forget_answer(struct appliance *appliance)
{
	dispatch_response_fini(&appliance->answer);
	json_free(appliance->body);
	appliance->body = NULL;
}

static inline int appliance_start(void **state)
{
	struct appliance *appliance = calloc(1, sizeof *appliance);

	assert_non_null(appliance);
	log_start("test", LOG_LEVEL_ERROR, LOG_FORM_TEXT);
	strcpy(appliance->folder, "/tmp/postern-control-XXXXXX");
	assert_non_null(mkdtemp(appliance->folder));
	appliance->settings = (struct control_settings){
		.account_id = "000000000000",
		.region = "us-east-1",
		.state_dir = appliance->folder,
		.access_key_id = TEST_KEY,
		.secret_access_key = TEST_SECRET,
		.audit_log_fd = -1,
		.wake_fd = -1,
		.client_record_fd = -1,
		.request_record_fd = -1,
		.line_record_fd = -1,
	};
	appliance_networks(appliance);
	appliance->signer = (struct signer){ TEST_KEY, TEST_SECRET, "us-east-1", 0 };
	buffer_init(&appliance->answer.body, 1);
	appliance_open(appliance);
	*state = appliance;
	return 0;
}

static inline int appliance_end(void **state)
{
	struct appliance *appliance = *state;
	DIR *folder = opendir(appliance->folder);
	struct dirent *entry;

	appliance_forget_answer(appliance);
	appliance_close(appliance);
	while (folder && (entry = readdir(folder)))
		(void)unlinkat(dirfd(folder), entry->d_name, 0);
	closedir(folder);
	rmdir(appliance->folder);
	free(appliance);
	return 0;
}

/* Make a signed call. Fields besides Host and X-Amz-Date: one, or NULL. Returns the status. */
static inline int call_with(struct appliance *appliance, const char *service, const char *method, const char *target,
	const char *field_name, const char *field_value, const char *body)
{
	struct signed_request made;
	const struct sigv4_header field = { view_from_text(field_name ? field_name : ""),
		view_from_text(field_name ? field_value : "") };

	assert_int_equal(0, signed_request_make(&made, &appliance->signer, view_from_text(service),
				    view_from_text(method), view_from_text(target), field, view_from_text(body)));
	appliance_forget_answer(appliance);
	dispatch(appliance->control, &made.request, &appliance->answer);
	signed_request_fini(&made);
	if (json_parse(buffer_view(&appliance->answer.body), NULL, &appliance->body, NULL) < 0)
		appliance->body = NULL;
	return appliance->answer.status;
}

/* API Gateway. */
static inline int call(struct appliance *appliance, const char *method, const char *target, const char *body)
{
	return call_with(appliance, "apigateway", method, target, "Accept", "application/json", body);
}

static inline int call_ec2(struct appliance *appliance, const char *form)
{
	return call_with(appliance, "ec2", "POST", "/", "Content-Type", "application/x-www-form-urlencoded", form);
}

/* A member of the last answer as text. */
static inline const char *member(const struct appliance *appliance, const char *name)
{
	const char *text = json_find_c_string(appliance->body, name);

	return text ? text : "";
}

static inline bool answer_has(struct appliance *appliance, const char *text)
{
	return view_find(buffer_view(&appliance->answer.body), view_from_text(text)) != VIEW_NOWHERE;
}

/* The text between <name> and </name> of the last answer, in static memory. */
static __attribute__((noinline, unused)) const char *element(struct appliance *appliance, const char *name)
{
	static char text[512];
	char open[64];
	struct view body = buffer_view(&appliance->answer.body);
	size_t start, end;

	snprintf(open, sizeof open, "<%s>", name);
	start = view_find(body, view_from_text(open));
	if (start == VIEW_NOWHERE)
		return "";
	body = view_after(body, start + strlen(open));
	end = view_find_byte(body, '<');
	snprintf(text, sizeof text, VIEW_FMT, VIEW_ARG(view_part(body, 0, end)));
	return text;
}

static inline uint64_t revision_of(struct appliance *appliance)
{
	uint64_t revision = 0;

	assert_int_equal(0, store_revision(appliance->control->store, &revision));
	return revision;
}

#define WITH_APPLIANCE(test) cmocka_unit_test_setup_teardown(test, appliance_start, appliance_end)

#endif
