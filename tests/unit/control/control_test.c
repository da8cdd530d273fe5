/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of the control program as a whole: first start, who may call, atomicity, each dialect's success and failure. */
#include "tests/unit/control/appliance.h"

#include <signal.h>
#include <sys/wait.h>

#include "appliance/control/filter/events.h"

/* --- first start --------------------------------------------------------------------------------------------------------------------- */

static mode_t mode_of(const struct appliance *appliance, const char *name)
{
	struct stat status;
	char path[128];

	snprintf(path, sizeof path, "%s/%s", appliance->folder, name);
	assert_int_equal(0, stat(path, &status));
	return status.st_mode & 07777;
}

static void the_first_start_leaves_keys_and_files(void **state)
{
	struct appliance *appliance = *state;
	char path[128];
	char *credentials;

	assert_int_equal(0440, mode_of(appliance, "secret.key"));
	assert_int_equal(0644, mode_of(appliance, "ca.pem"));
	assert_int_equal(0600, mode_of(appliance, "credentials"));
	assert_int_equal(0640, mode_of(appliance, "store.db"));
	snprintf(path, sizeof path, "%s/credentials", appliance->folder);
	credentials = whole_file(path, NULL);
	assert_non_null(strstr(
		credentials, "[default]\naws_access_key_id = " TEST_KEY "\naws_secret_access_key = " TEST_SECRET "\n"));
	free(credentials);
	assert_int_equal(1, store_exists(appliance->control->store, STORE_ca, "private"));
	assert_int_equal(1, store_exists(appliance->control->store, STORE_servercertificate, "default"));
}

static void secrets_are_sealed_in_the_store(void **state)
{
	struct appliance *appliance = *state;
	struct store_record record;

	assert_int_equal(0, store_get(appliance->control->store, STORE_accesskey, TEST_KEY, &record));
	assert_null(strstr(record.body, TEST_SECRET));
	store_record_fini(&record);
	assert_int_equal(0, store_get(appliance->control->store, STORE_ca, "private", &record));
	assert_null(strstr(record.body, "PRIVATE KEY"));
	store_record_fini(&record);
}

static void a_second_start_finds_the_same(void **state)
{
	struct appliance *appliance = *state;
	struct store_record before, after;

	assert_int_equal(0, store_get(appliance->control->store, STORE_servercertificate, "default", &before));
	appliance_close(appliance);
	appliance_open(appliance);
	assert_int_equal(0, store_get(appliance->control->store, STORE_servercertificate, "default", &after));
	assert_string_equal(before.body, after.body);
	assert_int_equal(before.revision, after.revision);
	store_record_fini(&before);
	store_record_fini(&after);
	assert_int_equal(200, call(appliance, "GET", "/restapis", ""));
}

static void a_new_key_in_the_settings_replaces_the_old_one(void **state)
{
	struct appliance *appliance = *state;

	appliance_close(appliance);
	appliance->settings.access_key_id = "AKIAOTHEROTHEROTHER0";
	appliance_open(appliance);
	assert_int_equal(403, call(appliance, "GET", "/restapis", ""));
	appliance->signer.key = "AKIAOTHEROTHEROTHER0";
	assert_int_equal(200, call(appliance, "GET", "/restapis", ""));
}

static void without_a_key_in_the_settings_one_is_made_and_stays(void **state)
{
	struct appliance *appliance = *state;
	char path[128];
	char *first, *second;

	appliance_close(appliance);
	snprintf(path, sizeof path, "%s/store.db", appliance->folder);
	assert_int_equal(0, unlink(path));
	snprintf(path, sizeof path, "%s/store.db-wal", appliance->folder);
	assert_int_equal(0, unlink(path));
	appliance->settings.access_key_id = appliance->settings.secret_access_key = NULL;
	appliance_open(appliance);
	snprintf(path, sizeof path, "%s/credentials", appliance->folder);
	first = whole_file(path, NULL);
	assert_non_null(strstr(first, "aws_access_key_id = AKIA"));
	appliance_close(appliance);
	appliance_open(appliance);
	second = whole_file(path, NULL);
	assert_string_equal(first, second);
	free(first);
	free(second);
}

static void local_mode_has_a_built_in_endpoint_whose_ids_stay(void **state)
{
	struct appliance *appliance = *state;
	char id[32], form[160];

	appliance_close(appliance);
	appliance->settings.local = true;
	appliance->settings.traffic_address = "127.0.0.1:8443";
	appliance_open(appliance);
	snprintf(id, sizeof id, "%s", appliance->control->builtin_endpoint_id);
	assert_int_equal(22, strlen(id));
	appliance_close(appliance);
	appliance->settings.traffic_address = "127.0.0.9:9443";
	appliance_open(appliance);
	assert_string_equal(id, appliance->control->builtin_endpoint_id);
	assert_int_equal(200, call_ec2(appliance, "Action=DescribeVpcEndpoints&Version=2016-11-15"));
	assert_string_equal(id, element(appliance, "vpcEndpointId"));
	assert_string_equal("true", element(appliance, "privateDnsEnabled"));
	/* What nothing would enforce is refused. */
	snprintf(
		form, sizeof form, "Action=ModifyVpcEndpoint&Version=2016-11-15&VpcEndpointId=%s&ResetPolicy=true", id);
	assert_int_equal(200, call_ec2(appliance, form));
	snprintf(form, sizeof form,
		"Action=ModifyVpcEndpoint&Version=2016-11-15&VpcEndpointId=%s&AddSecurityGroupId.1=sg-1", id);
	assert_int_equal(400, call_ec2(appliance, form));
	assert_string_equal("UnsupportedOperation", element(appliance, "Code"));
	assert_int_equal(200, call_with(appliance, "postern", "GET", "/postern/v1/status", NULL, NULL, ""));
	assert_string_equal("127.0.0.9",
		json_c_string(json_at(json_find(json_at(json_find(appliance->body, "endpoints"), 0), "addresses"), 0)));
}

/* --- who may call ---------------------------------------------------------------------------------------------------------------------- */

static void assert_refused(struct appliance *appliance, int status, const char *code, const char *message_start)
{
	assert_int_equal(status, appliance->answer.status);
	assert_string_equal(code, appliance->answer.error_type);
	assert_int_equal(0, strncmp(message_start, member(appliance, "message"), strlen(message_start)));
}

static void unsigned_calls_are_refused(void **state)
{
	struct appliance *appliance = *state;
	struct call_request request = { .method = view_of("GET"),
		.target = view_of("/restapis"),
		.path = view_of("/restapis"),
		.received_wall_ms = clock_wall_ms() };

	appliance_forget_answer(appliance);
	dispatch(appliance->control, &request, &appliance->answer);
	assert_int_equal(0, json_parse(buffer_view(&appliance->answer.body), NULL, &appliance->body, NULL));
	assert_refused(appliance, 403, "MissingAuthenticationTokenException", "Missing Authentication Token");
}

static void wrong_keys_signatures_scopes_and_clocks_are_refused(void **state)
{
	struct appliance *appliance = *state;

	appliance->signer.key = "AKIAUNKNOWNUNKNOWN00";
	(void)call(appliance, "GET", "/restapis", "");
	assert_refused(appliance, 403, "UnrecognizedClientException",
		"The security token included in the request is invalid.");
	appliance->signer.key = TEST_KEY;
	appliance->signer.secret = "wrong";
	(void)call(appliance, "GET", "/restapis", "");
	assert_refused(appliance, 403, "InvalidSignatureException",
		"The request signature we calculated does not match the signature you provided.");
	appliance->signer.secret = TEST_SECRET;
	appliance->signer.region = "eu-west-1";
	(void)call(appliance, "GET", "/restapis", "");
	assert_int_equal(403, appliance->answer.status);
	appliance->signer.region = "us-east-1";
	(void)call_with(appliance, "s3", "GET", "/restapis", NULL, NULL, "");
	assert_int_equal(403, appliance->answer.status);
	appliance->signer.clock_error_s = -SIGV4_SKEW_MAX_S - 60;
	(void)call(appliance, "GET", "/restapis", "");
	assert_refused(appliance, 403, "InvalidSignatureException", "Signature expired");
	appliance->signer.clock_error_s = 0;
	assert_int_equal(200, call(appliance, "GET", "/restapis", ""));
}

static void every_dialect_refuses_a_bad_signature_in_its_own_words(void **state)
{
	struct appliance *appliance = *state;

	appliance->signer.secret = "wrong";
	assert_int_equal(401, call_ec2(appliance, "Action=DescribeVpcs&Version=2016-11-15"));
	assert_string_equal("AuthFailure", element(appliance, "Code"));
	assert_int_equal(400,
		call_with(appliance, "acm", "POST", "/", "X-Amz-Target", "CertificateManager.ListCertificates", "{}"));
	assert_string_equal("InvalidSignatureException", member(appliance, "__type"));
	assert_int_equal(403, call_with(appliance, "route53", "GET", "/2013-04-01/hostedzone", NULL, NULL, ""));
	assert_string_equal("SignatureDoesNotMatch", element(appliance, "Code"));
	assert_int_equal(
		403, call_with(appliance, "sts", "POST", "/", "Content-Type", "application/x-www-form-urlencoded",
			     "Action=GetCallerIdentity&Version=2011-06-15"));
	assert_string_equal("SignatureDoesNotMatch", element(appliance, "Code"));
}

static void the_caller_learns_who_it_is(void **state)
{
	struct appliance *appliance = *state;

	assert_int_equal(
		200, call_with(appliance, "sts", "POST", "/", "Content-Type", "application/x-www-form-urlencoded",
			     "Action=GetCallerIdentity&Version=2011-06-15"));
	assert_string_equal("arn:aws:iam::000000000000:root", element(appliance, "Arn"));
}

/* --- calls change everything or nothing ------------------------------------------------------------------------------------------------ */

static void a_call_is_one_revision_and_a_failed_one_none(void **state)
{
	struct appliance *appliance = *state;
	uint64_t before = revision_of(appliance);

	assert_int_equal(201, call(appliance, "POST", "/restapis", "{\"name\":\"a\"}"));
	assert_int_equal(before + 1, revision_of(appliance));
	assert_int_equal(400, call(appliance, "POST", "/restapis", "{\"name\":\"a\",\"description\":\"\"}"));
	assert_int_equal(400, call(appliance, "POST", "/restapis?mode=import", "openapi: 3.0.1\npaths: 7\n"));
	assert_int_equal(404, call(appliance, "DELETE", "/restapis/nobody", ""));
	assert_int_equal(200, call(appliance, "GET", "/restapis", ""));
	assert_int_equal(before + 1, revision_of(appliance));
	assert_int_equal(1, json_count(json_find(appliance->body, "item")));
}

static void a_patch_is_applied_whole_or_not_at_all(void **state)
{
	struct appliance *appliance = *state;
	char target[64];

	assert_int_equal(201, call(appliance, "POST", "/restapis", "{\"name\":\"a\"}"));
	snprintf(target, sizeof target, "/restapis/%s", member(appliance, "id"));
	assert_int_equal(400, call(appliance, "PATCH", target,
				      "{\"patchOperations\":[{\"op\":\"replace\",\"path\":\"/name\",\"value\":\"b\"},"
				      "{\"op\":\"replace\",\"path\":\"/wrong\",\"value\":\"x\"}]}"));
	assert_string_equal("Invalid patch path /wrong", member(appliance, "message"));
	assert_int_equal(200, call(appliance, "GET", target, ""));
	assert_string_equal("a", member(appliance, "name"));
}

static void an_import_that_changes_nothing_raises_no_revision(void **state)
{
	static const char document[] = "{\"openapi\":\"3.0.1\",\"info\":{\"title\":\"pets\",\"version\":\"1\"},"
				       "\"paths\":{\"/a\":{},\"/b\":{}}}";
	static const char smaller[] =
		"{\"openapi\":\"3.0.1\",\"info\":{\"title\":\"pets\",\"version\":\"1\"},\"paths\":{\"/a\":{}}}";
	struct appliance *appliance = *state;
	char target[96];
	uint64_t before;

	assert_int_equal(201, call(appliance, "POST", "/restapis?mode=import", document));
	snprintf(target, sizeof target, "/restapis/%s?mode=overwrite", member(appliance, "id"));
	assert_int_equal(200, call(appliance, "PUT", target, document));
	before = revision_of(appliance);
	assert_int_equal(200, call(appliance, "PUT", target, document));
	assert_int_equal(before, revision_of(appliance));
	assert_int_equal(200, call(appliance, "PUT", target, smaller));
	assert_int_equal(before + 1, revision_of(appliance));
	strcpy(strchr(target, '?'), "/resources");
	assert_int_equal(200, call(appliance, "GET", target, ""));
	assert_int_equal(2, json_count(json_find(appliance->body, "item")));
}

static void texts_with_a_nul_are_refused_wherever_they_travel(void **state)
{
	struct appliance *appliance = *state;

	assert_int_equal(400, call(appliance, "POST", "/restapis", "{\"name\":\"a\\u0000b\"}"));
	assert_string_equal("ValidationException", appliance->answer.error_type);
	assert_int_equal(400, call(appliance, "POST", "/restapis", "{\"name\":\"a\",\"tags\":{\"k\\u0000\":\"v\"}}"));
	assert_int_equal(400, call(appliance, "GET", "/restapis/a%00b", ""));
	assert_int_equal(
		400, call_ec2(appliance, "Action=DescribeVpcEndpoints&Version=2016-11-15&VpcEndpointId.1=vpce-%00"));
}

static void a_refused_policy_names_place_and_rule_beside_awss_text(void **state)
{
	struct appliance *appliance = *state;

	assert_int_equal(400,
		call(appliance, "POST", "/restapis",
			"{\"name\":\"a\",\"policy\":\"{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":[{"
			"\\\"Effect\\\":\\\"Allow\\\","
			"\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":\\\"execute-api:Invoke\\\",\\\"Resource\\\":"
			"\\\"execute-api:/*\\\","
			"\\\"Condition\\\":{\\\"IpAddress\\\":{\\\"aws:VpcSourceIp\\\":\\\"10.0.0.0/33\\\"}}}]}\"}"));
	assert_string_equal(
		"Invalid policy document. Please check the policy syntax and ensure that Principals are valid.",
		member(appliance, "message"));
	assert_non_null(strstr(appliance->answer.detail, "bad_cidr"));
	assert_non_null(strstr(appliance->answer.detail, "10.0.0.0/33"));
}

static void a_stuck_reader_makes_calls_fail_with_503_and_change_nothing(void **state)
{
	struct appliance *appliance = *state;
	uint64_t before = revision_of(appliance);
	int ready[2], done[2];
	char path[128], byte;
	pid_t holder;

	snprintf(path, sizeof path, "%s/store.db-shm", appliance->folder);
	assert_int_equal(0, pipe(ready));
	assert_int_equal(0, pipe(done));
	holder = fork();
	assert_true(holder >= 0);
	if (holder == 0) {
		struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 120, .l_len = 8 };
		int fd = open(path, O_RDWR);

		if (fd < 0 || fcntl(fd, F_SETLK, &lock) < 0 || write(ready[1], "r", 1) != 1)
			_exit(1);
		close(done[1]);
		_exit(read(done[0], &byte, 1) == 0 ? 0 : 1);
	}
	close(ready[1]);
	assert_int_equal(1, read(ready[0], &byte, 1));
	/* The access key can't even be read now, or the transaction not begun: both are the store's being busy. */
	assert_int_equal(503, call(appliance, "POST", "/restapis", "{\"name\":\"a\"}"));
	close(done[1]);
	close(done[0]);
	close(ready[0]);
	assert_int_equal(holder, waitpid(holder, NULL, 0));
	assert_int_equal(before, revision_of(appliance));
	assert_int_equal(201, call(appliance, "POST", "/restapis", "{\"name\":\"a\"}"));
}

/* --- dialects -------------------------------------------------------------------------------------------------------------------------- */

static void rest_json_answers_plain_lists_and_errors(void **state)
{
	struct appliance *appliance = *state;

	assert_int_equal(404, call(appliance, "GET", "/restapis/nobody", ""));
	assert_refused(appliance, 404, "NotFoundException", "Invalid API identifier specified 000000000000:nobody");
	assert_int_equal(404, call(appliance, "GET", "/nothing/here", ""));
	assert_string_equal("UnknownOperationException", appliance->answer.error_type);
	assert_int_equal(400, call(appliance, "POST", "/restapis", "{\"name\":"));
	assert_string_equal("SerializationException", appliance->answer.error_type);
	assert_int_equal(400, call(appliance, "POST", "/restapis", "[]"));
	assert_int_equal(400, call(appliance, "POST", "/restapis", "{\"name\":5}"));
	assert_refused(appliance, 400, "SerializationException",
		"class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String");
	assert_int_equal(200, call(appliance, "GET", "/restapis?limit=-1", ""));
	assert_true(answer_has(appliance, "{\"item\":[]}"));
}

static void percent_encoded_arns_are_one_segment(void **state)
{
	struct appliance *appliance = *state;
	char target[160];

	assert_int_equal(201, call(appliance, "POST", "/restapis", "{\"name\":\"a\"}"));
	snprintf(target, sizeof target, "/tags/arn%%3Aaws%%3Aapigateway%%3Aus-east-1%%3A%%3A%%2Frestapis%%2F%s",
		member(appliance, "id"));
	assert_int_equal(204, call(appliance, "PUT", target, "{\"tags\":{\"team\":\"red\"}}"));
	assert_int_equal(200, call(appliance, "GET", target, ""));
	assert_string_equal("red", json_find_c_string(json_find(appliance->body, "tags"), "team"));
	assert_int_equal(204, call(appliance, "DELETE", strcat(target, "?tagKeys=team"), ""));
	*strchr(target, '?') = '\0';
	assert_int_equal(200, call(appliance, "GET", target, ""));
	assert_int_equal(0, json_count(json_find(appliance->body, "tags")));
}

static void positions_walk_through_all_items_once(void **state)
{
	struct appliance *appliance = *state;
	char target[256] = "/restapis?limit=3", position[128];
	unsigned seen = 0;

	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(201, call(appliance, "POST", "/restapis", "{\"name\":\"a\"}"));
	for (unsigned page = 0; page < 3; page++) {
		assert_int_equal(200, call(appliance, "GET", target, ""));
		seen += (unsigned)json_count(json_find(appliance->body, "item"));
		snprintf(position, sizeof position, "%s", member(appliance, "position"));
		for (char *byte = position; (byte = strchr(byte, '=')) != NULL; *byte = '\0')
			;
		snprintf(target, sizeof target, "/restapis?limit=3&position=%s%s", position,
			strlen(position) % 4 == 2   ? "%3D%3D"
			: strlen(position) % 4 == 3 ? "%3D"
						    : "");
	}
	assert_int_equal(8, seen);
	assert_string_equal("", member(appliance, "position"));
	assert_int_equal(400, call(appliance, "GET", "/restapis?position=nonsense", ""));
}

static void json11_finds_its_operation_in_the_target(void **state)
{
	struct appliance *appliance = *state;

	assert_int_equal(200,
		call_with(appliance, "acm", "POST", "/", "X-Amz-Target", "CertificateManager.ListCertificates", "{}"));
	assert_int_equal(
		400, call_with(appliance, "acm", "POST", "/", "X-Amz-Target", "CertificateManager.Nothing", "{}"));
	assert_string_equal("UnknownOperationException", member(appliance, "__type"));
	assert_int_equal(400, call_with(appliance, "acm", "POST", "/", "X-Amz-Target",
				      "CertificateManager.DescribeCertificate", "{}"));
	assert_string_equal("ValidationException", member(appliance, "__type"));
	assert_string_equal("1 validation error detected: Value null at 'certificateArn' failed to satisfy constraint: "
			    "Member must not be null",
		member(appliance, "message"));
	assert_int_equal(
		400, call_with(appliance, "acm", "POST", "/", "X-Amz-Target", "CertificateManager.ImportCertificate",
			     "{\"Certificate\":\"bm90IGEgY2VydA==\",\"PrivateKey\":\"bm8=\"}"));
	assert_string_equal("The certificate is not PEM-encoded or is not valid.", member(appliance, "message"));
}

static void rest_xml_reads_batches_and_refuses_whole_ones(void **state)
{
	static const char zone[] =
		"<CreateHostedZoneRequest "
		"xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Name>Pets.internal</Name><VPC>"
		"<VPCRegion>us-east-1</VPCRegion><VPCId>vpc-0a1b2c3d</VPCId></VPC><CallerReference>r1</CallerReference>"
		"</CreateHostedZoneRequest>";
	static const char half_bad[] =
		"<ChangeResourceRecordSetsRequest><ChangeBatch><Changes><Change><Action>CREATE</"
		"Action><ResourceRecordSet>"
		"<Name>a.pets.internal</Name><Type>A</Type><TTL>60</"
		"TTL><ResourceRecords><ResourceRecord><Value>10.0.0.1</Value>"
		"</ResourceRecord></ResourceRecords></ResourceRecordSet></Change><Change><Action>CREATE</Action>"
		"<ResourceRecordSet><Name>b.pets.internal</Name><Type>A</Type><TTL>60</"
		"TTL><ResourceRecords><ResourceRecord>"
		"<Value>10.0.0.999</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change></Changes>"
		"</ChangeBatch></ChangeResourceRecordSetsRequest>";
	struct appliance *appliance = *state;
	char target[128];
	uint64_t before;

	assert_int_equal(201, call_with(appliance, "route53", "POST", "/2013-04-01/hostedzone", NULL, NULL, zone));
	assert_string_equal("pets.internal.", element(appliance, "Name"));
	snprintf(target, sizeof target, "/2013-04-01%s/rrset/", element(appliance, "Id"));
	assert_int_equal(
		0, strncmp(appliance->answer.location, "https://route53.amazonaws.com/2013-04-01/hostedzone/Z", 53));
	before = revision_of(appliance);
	assert_int_equal(400, call_with(appliance, "route53", "POST", target, NULL, NULL, half_bad));
	assert_string_equal("InvalidChangeBatch", element(appliance, "Code"));
	assert_int_equal(before, revision_of(appliance));
	assert_int_equal(200, call_with(appliance, "route53", "GET", target, NULL, NULL, ""));
	assert_false(answer_has(appliance, "a.pets.internal."));
	assert_int_equal(
		400, call_with(appliance, "route53", "POST", target, NULL, NULL, "<ChangeResourceRecordSetsRequest>"));
	assert_string_equal("InvalidInput", element(appliance, "Code"));
	assert_int_equal(400, call_with(appliance, "route53", "POST", target, NULL, NULL,
				      "<!DOCTYPE x [<!ENTITY a \"b\">]><x>&a;</x>"));
	assert_string_equal("InvalidInput", element(appliance, "Code"));
}

/* --- endpoints without posternd: records, and addresses of the pools ------------------------------------------------------------------------ */

#define CREATE_ENDPOINT                                                                                                \
	"Action=CreateVpcEndpoint&Version=2016-11-15&VpcEndpointType=Interface&VpcId=vpc-0a1b2c3d&"                    \
	"ServiceName=com.amazonaws.us-east-1.execute-api&PrivateDnsEnabled=false"

static void endpoints_get_addresses_of_their_subnets(void **state)
{
	struct appliance *appliance = *state;
	char id[32], form[128];

	assert_int_equal(200, call_ec2(appliance, CREATE_ENDPOINT
				      "&SubnetId.1=subnet-1&SubnetId.2=subnet-2&IpAddressType=dualstack"));
	snprintf(id, sizeof id, "%s", element(appliance, "vpcEndpointId"));
	assert_int_equal(200, call_with(appliance, "postern", "GET", "/postern/v1/status", NULL, NULL, ""));
	/* .0 is the network, .1 the gateway. */
	assert_true(answer_has(appliance, "[\"10.20.0.2\",\"fd20::1\",\"10.20.1.2\",\"fd20:100::1\"]"));
	assert_int_equal(200, call_ec2(appliance, CREATE_ENDPOINT "&SubnetId.1=subnet-1"));
	assert_int_equal(200, call_with(appliance, "postern", "GET", "/postern/v1/status", NULL, NULL, ""));
	assert_true(answer_has(appliance, "[\"10.20.0.3\"]"));
	snprintf(form, sizeof form, "Action=DeleteVpcEndpoints&Version=2016-11-15&VpcEndpointId.1=%s", id);
	assert_int_equal(200, call_ec2(appliance, form));
	assert_true(answer_has(appliance, "<unsuccessful/>"));
	assert_int_equal(200, call_ec2(appliance, CREATE_ENDPOINT "&SubnetId.1=subnet-1"));
	assert_int_equal(200, call_with(appliance, "postern", "GET", "/postern/v1/status", NULL, NULL, ""));
	assert_true(answer_has(appliance, "[\"10.20.0.2\"]"));
}

static void a_used_up_pool_and_wrong_wishes_are_refused(void **state)
{
	struct appliance *appliance = *state;
	uint64_t before;

	/* A /29 has .2 to .6 for endpoints. */
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(200, call_ec2(appliance, CREATE_ENDPOINT "&SubnetId.1=subnet-1"));
	before = revision_of(appliance);
	assert_int_equal(400, call_ec2(appliance, CREATE_ENDPOINT "&SubnetId.1=subnet-1"));
	assert_string_equal("InsufficientFreeAddressesInSubnet", element(appliance, "Code"));
	assert_int_equal(400, call_ec2(appliance, CREATE_ENDPOINT "&SubnetId.1=subnet-9"));
	assert_string_equal("InvalidSubnetID.NotFound", element(appliance, "Code"));
	assert_int_equal(400, call_ec2(appliance, CREATE_ENDPOINT "&SubnetId.1=subnet-2&SecurityGroupId.1=sg-1"));
	assert_string_equal("InvalidGroup.NotFound", element(appliance, "Code"));
	assert_int_equal(412, call_ec2(appliance, CREATE_ENDPOINT "&SubnetId.1=subnet-2&DryRun=true"));
	assert_string_equal("DryRunOperation", element(appliance, "Code"));
	assert_int_equal(400, call_ec2(appliance, "Action=Nothing&Version=2016-11-15"));
	assert_string_equal("InvalidAction", element(appliance, "Code"));
	assert_int_equal(before, revision_of(appliance));
	assert_int_equal(200, call_ec2(appliance, CREATE_ENDPOINT
				      "&SubnetConfiguration.1.SubnetId=subnet-2&SubnetConfiguration.1.Ipv4=10.20.1.5"));
}

static void a_client_token_makes_one_endpoint(void **state)
{
	struct appliance *appliance = *state;
	char first[32];

	assert_int_equal(200, call_ec2(appliance, CREATE_ENDPOINT "&SubnetId.1=subnet-1&ClientToken=t1"));
	snprintf(first, sizeof first, "%s", element(appliance, "vpcEndpointId"));
	assert_int_equal(200, call_ec2(appliance, CREATE_ENDPOINT "&SubnetId.1=subnet-1&ClientToken=t1"));
	assert_string_equal(first, element(appliance, "vpcEndpointId"));
	assert_int_equal(400, call_ec2(appliance, CREATE_ENDPOINT "&SubnetId.1=subnet-2&ClientToken=t1"));
	assert_string_equal("IdempotentParameterMismatch", element(appliance, "Code"));
}

static void only_one_endpoint_of_a_vpc_owns_private_dns(void **state)
{
	struct appliance *appliance = *state;
	const char *form = "Action=CreateVpcEndpoint&Version=2016-11-15&VpcEndpointType=Interface&VpcId=vpc-0a1b2c3d&"
			   "ServiceName=com.amazonaws.us-east-1.execute-api&SubnetId.1=subnet-1";

	assert_int_equal(200, call_ec2(appliance, form));
	assert_int_equal(400, call_ec2(appliance, form));
	assert_string_equal("private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
			    "execute-api.us-east-1.amazonaws.com in the VPC vpc-0a1b2c3d",
		element(appliance, "Message"));
}

/* --- deployments -------------------------------------------------------------------------------------------------------------------------- */

static void a_deployment_freezes_the_definition(void **state)
{
	static const char document[] =
		"{\"openapi\":\"3.0.1\",\"info\":{\"title\":\"pets\",\"version\":\"1\"},\"paths\":{\"/pets\":{\"get\":{"
		"\"x-amazon-apigateway-integration\":{\"type\":\"http_proxy\",\"httpMethod\":\"GET\",\"uri\":\"http://"
		"127.0.0.1:1/pets\"}}}}}";
	struct appliance *appliance = *state;
	struct store_record record;
	struct json *deployment;
	char api[16], target[96], key[48];

	assert_int_equal(
		201, call(appliance, "POST", "/restapis?mode=import&endpointConfigurationTypes=REGIONAL", document));
	snprintf(api, sizeof api, "%s", member(appliance, "id"));
	snprintf(target, sizeof target, "/restapis/%s/deployments", api);
	assert_int_equal(201, call(appliance, "POST", target, "{\"stageName\":\"prod\"}"));
	snprintf(key, sizeof key, "%s/%s", api, member(appliance, "id"));
	assert_null(json_find(appliance->body, "postern"));
	assert_int_equal(0, store_get(appliance->control->store, STORE_deployment, key, &record));
	assert_int_equal(0, json_parse(view_from(record.body, record.body_bytes), NULL, &deployment, NULL));
	assert_int_equal(2, json_count(json_find_path(deployment, "postern", "definition", "resources", NULL)));
	json_free(deployment);
	store_record_fini(&record);
	snprintf(target, sizeof target, "/restapis/%s", api);
	assert_int_equal(202, call(appliance, "DELETE", target, ""));
	assert_int_equal(0, store_exists(appliance->control->store, STORE_deployment, key));
}

/* --- events -------------------------------------------------------------------------------------------------------------------------------- */

static void events_are_kept_newest_last_and_bounded(void **state)
{
	struct verb_filter_events drops = { .count = VERB_EVENTS_MAX, .lost = 1 };
	struct event *copy = calloc(EVENTS_MAX_COUNT, sizeof *copy);
	struct events events;
	uint64_t lost;

	(void)state;
	assert_int_equal(0, events_init(&events));
	for (unsigned i = 0; i < 2 * EVENTS_MAX_COUNT / VERB_EVENTS_MAX; i++)
		events_add(&events, &drops);
	assert_int_equal(2 * EVENTS_MAX_COUNT, events_newest(&events));
	assert_int_equal(EVENTS_MAX_COUNT, events_copy(&events, 0, copy, EVENTS_MAX_COUNT, &lost));
	assert_int_equal(EVENTS_MAX_COUNT + 1, copy[0].number);
	assert_int_equal(2 * EVENTS_MAX_COUNT / VERB_EVENTS_MAX, lost);
	assert_int_equal(3, events_copy(&events, 2 * EVENTS_MAX_COUNT - 3, copy, EVENTS_MAX_COUNT, &lost));
	events_fini(&events);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_APPLIANCE(the_first_start_leaves_keys_and_files),
		WITH_APPLIANCE(secrets_are_sealed_in_the_store),
		WITH_APPLIANCE(a_second_start_finds_the_same),
		WITH_APPLIANCE(a_new_key_in_the_settings_replaces_the_old_one),
		WITH_APPLIANCE(without_a_key_in_the_settings_one_is_made_and_stays),
		WITH_APPLIANCE(local_mode_has_a_built_in_endpoint_whose_ids_stay),
		WITH_APPLIANCE(unsigned_calls_are_refused),
		WITH_APPLIANCE(wrong_keys_signatures_scopes_and_clocks_are_refused),
		WITH_APPLIANCE(every_dialect_refuses_a_bad_signature_in_its_own_words),
		WITH_APPLIANCE(the_caller_learns_who_it_is),
		WITH_APPLIANCE(a_call_is_one_revision_and_a_failed_one_none),
		WITH_APPLIANCE(a_patch_is_applied_whole_or_not_at_all),
		WITH_APPLIANCE(an_import_that_changes_nothing_raises_no_revision),
		WITH_APPLIANCE(texts_with_a_nul_are_refused_wherever_they_travel),
		WITH_APPLIANCE(a_refused_policy_names_place_and_rule_beside_awss_text),
		WITH_APPLIANCE(a_stuck_reader_makes_calls_fail_with_503_and_change_nothing),
		WITH_APPLIANCE(rest_json_answers_plain_lists_and_errors),
		WITH_APPLIANCE(percent_encoded_arns_are_one_segment),
		WITH_APPLIANCE(positions_walk_through_all_items_once),
		WITH_APPLIANCE(json11_finds_its_operation_in_the_target),
		WITH_APPLIANCE(rest_xml_reads_batches_and_refuses_whole_ones),
		WITH_APPLIANCE(endpoints_get_addresses_of_their_subnets),
		WITH_APPLIANCE(a_used_up_pool_and_wrong_wishes_are_refused),
		WITH_APPLIANCE(a_client_token_makes_one_endpoint),
		WITH_APPLIANCE(only_one_endpoint_of_a_vpc_owns_private_dns),
		WITH_APPLIANCE(a_deployment_freezes_the_definition),
		cmocka_unit_test(events_are_kept_newest_last_and_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
