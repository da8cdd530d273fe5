/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/authorize and control/resource_arn: every operation of every service is judged, and on which ARNs. */
#include "tests/unit/control/appliance.h"

#include "appliance/control/dialect.h"
#include "appliance/control/operations.h"
#include "appliance/control/resource_arn.h"
#include "appliance/wire/uri.h"

/* --- a user -------------------------------------------------------------------------------------------------------------------------- */

static int call_query(struct appliance *appliance, const char *service, const char *form)
{
	return call_with(appliance, service, "POST", "/", "Content-Type", "application/x-www-form-urlencoded", form);
}

/* Make alice with that policy, and sign with her key from now on. */
static void become_alice(struct appliance *appliance, const char *statements)
{
	static char key[32], secret[64];
	char form[4096], encoded[3500], document[1024];

	snprintf(document, sizeof document, "{\"Version\":\"2012-10-17\",\"Statement\":[%s]}", statements);
	encoded[uri_encode(encoded, view_from_text(document), false)] = '\0';
	assert_int_equal(200, call_query(appliance, "iam", "Action=CreateUser&UserName=alice&Path=/team/"));
	snprintf(form, sizeof form, "Action=PutUserPolicy&UserName=alice&PolicyName=p&PolicyDocument=%s", encoded);
	assert_int_equal(200, call_query(appliance, "iam", form));
	assert_int_equal(200, call_query(appliance, "iam", "Action=CreateAccessKey&UserName=alice"));
	snprintf(key, sizeof key, "%s", element(appliance, "AccessKeyId"));
	snprintf(secret, sizeof secret, "%s", element(appliance, "SecretAccessKey"));
	appliance->signer.key = key;
	appliance->signer.secret = secret;
}

static void become_root(struct appliance *appliance)
{
	appliance->signer.key = TEST_KEY;
	appliance->signer.secret = TEST_SECRET;
}

/* --- every operation ----------------------------------------------------------------------------------------------------------------- */

/* The URI of an operation with `api` for the id of the API and "x1" for every other part. */
static void write_target(const struct operation *operation, const char *api, char *ret, size_t room)
{
	size_t count = 0;

	for (const char *c = operation->uri; *c && count + 16 < room; c++) {
		if (*c != '{') {
			ret[count++] = *c;
			continue;
		}
		count += (size_t)sprintf(ret + count, "%s", strncmp(c, "{restapi_id}", 12) == 0 ? api : "x1");
		c = strchr(c, '}');
	}
	ret[count] = '\0';
}

static int call_operation(struct appliance *appliance, const struct operation *operation, const char *api)
{
	const struct service *service = &services[operation->service];
	char text[512];

	if (operation->uri[0]) {
		bool has_body = strcmp(operation->method, "GET") != 0 && strcmp(operation->method, "DELETE") != 0;
		const char *body = service->dialect == &dialect_rest_xml ? "<a/>" : "{}";

		write_target(operation, api, text, sizeof text);
		return call_with(appliance, service->name, operation->method, text, "Accept", "application/json",
			has_body ? body : "");
	}
	if (strncmp(service->dialect->name, "json11", 6) == 0) {
		snprintf(text, sizeof text, "X.%s", operation->name);
		return call_with(appliance, service->name, "POST", "/", "X-Amz-Target", text, "{}");
	}
	snprintf(text, sizeof text, "Action=%s&Version=%s", operation->name, service->version);
	return call_query(appliance, service->name, text);
}

static bool is_refused(struct appliance *appliance)
{
	return answer_has(appliance, "is not authorized to perform");
}

static void a_user_without_policies_may_nothing(void **state)
{
	struct appliance *appliance = *state;
	size_t refused = 0;

	become_alice(appliance, "{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}");
	/* The first use of a key is kept. */
	assert_int_equal(403, call(appliance, "GET", "/account", ""));
	for (size_t i = 0; i < operation_count; i++) {
		uint64_t before = revision_of(appliance);

		(void)call_operation(appliance, &operations[i], "a1b2c3d4e5");
		if (operations[i].action[0] && !is_refused(appliance))
			fail_msg("%s:%s is not refused: " VIEW_FMT, services[operations[i].service].name,
				operations[i].name, VIEW_ARG(buffer_view(&appliance->answer.body)));
		assert_int_equal(before, revision_of(appliance));
		refused += is_refused(appliance);
	}
	assert_int_equal(operation_count - 1, refused);
}

/* What a policy with GET on all of one API allows, it allows for that API alone, and nothing else. */
static void a_user_who_may_read_one_api_may_do_nothing_else(void **state)
{
	struct appliance *appliance = *state;
	size_t allowed = 0;

	become_alice(appliance, "{\"Effect\":\"Allow\",\"Action\":\"apigateway:GET\",\"Resource\":["
				"\"arn:aws:apigateway:us-east-1::/restapis/mine000001\","
				"\"arn:aws:apigateway:us-east-1::/restapis/mine000001/*\"]}");
	for (size_t i = 0; i < operation_count; i++) {
		bool may = operations[i].service == SERVICE_apigateway && strcmp(operations[i].method, "GET") == 0 &&
			   strstr(operations[i].uri, "{restapi_id}");

		(void)call_operation(appliance, &operations[i], "mine000001");
		if (operations[i].action[0] && is_refused(appliance) == may)
			fail_msg("%s is %srefused: " VIEW_FMT, operations[i].name, may ? "" : "not ",
				VIEW_ARG(buffer_view(&appliance->answer.body)));
		allowed += may;
		(void)call_operation(appliance, &operations[i], "others0001");
		if (operations[i].action[0])
			assert_true(is_refused(appliance));
	}
	assert_true(allowed > 10);
}

/* However the client spells a path, a Deny on it holds. */
static void other_spellings_of_a_path_are_the_same_resource(void **state)
{
	static const char *const spellings[] = { "/restapis/secret0001", "/restapis/%73ecret0001",
		"/restapis/secret0001/", "/restapis/s%65cret0001" };
	struct appliance *appliance = *state;

	become_alice(appliance,
		"{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"},{\"Sid\":\"NotThis\",\"Effect\":\"Deny\","
		"\"Action\":\"apigateway:*\",\"Resource\":\"arn:aws:apigateway:*::/restapis/secret0001*\"}");
	for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
		assert_int_equal(403, call(appliance, "GET", spellings[i], ""));
		assert_string_equal("User: arn:aws:iam::000000000000:user/team/alice is not authorized to perform: "
				    "apigateway:GET on resource: arn:aws:apigateway:us-east-1::/restapis/secret0001 "
				    "with an explicit deny in an identity-based policy",
			member(appliance, "Message"));
		assert_string_equal("AccessDeniedException", appliance->answer.error_type);
		assert_string_equal("statement 2 (NotThis) of the inline policy p denies it", appliance->answer.detail);
	}
	assert_int_equal(404, call(appliance, "GET", "/restapis/public0001", ""));
}

static void policies_act_at_once(void **state)
{
	struct appliance *appliance = *state;
	const char *key, *secret;

	become_alice(appliance, "{\"Effect\":\"Allow\",\"Action\":\"apigateway:GET\",\"Resource\":\"*\"}");
	key = appliance->signer.key;
	secret = appliance->signer.secret;
	assert_int_equal(200, call(appliance, "GET", "/restapis", ""));
	become_root(appliance);
	assert_int_equal(200, call_query(appliance, "iam", "Action=DeleteUserPolicy&UserName=alice&PolicyName=p"));
	appliance->signer.key = key;
	appliance->signer.secret = secret;
	assert_int_equal(403, call(appliance, "GET", "/restapis", ""));
	become_root(appliance);
	assert_int_equal(200, call_query(appliance, "iam",
				      "Action=AttachUserPolicy&UserName=alice&PolicyArn=arn:aws:iam::aws:policy/"
				      "AdministratorAccess"));
	appliance->signer.key = key;
	appliance->signer.secret = secret;
	assert_int_equal(200, call(appliance, "GET", "/restapis", ""));
	become_root(appliance);
	assert_int_equal(200, call_query(appliance, "iam", "Action=UpdateUser&UserName=alice&NewUserName=alicia"));
	appliance->signer.key = key;
	appliance->signer.secret = secret;
	assert_int_equal(200, call_query(appliance, "sts", "Action=GetCallerIdentity"));
	assert_string_equal("arn:aws:iam::000000000000:user/team/alicia", element(appliance, "Arn"));
}

static void what_is_taken_back_counts_at_once(void **state)
{
	struct appliance *appliance = *state;
	const char *key, *secret;

	become_alice(appliance, "{\"Effect\":\"Allow\",\"Action\":\"apigateway:GET\",\"Resource\":\"*\"}");
	key = appliance->signer.key;
	secret = appliance->signer.secret;
	become_root(appliance);
	assert_int_equal(201, call_with(appliance, "postern", "POST", "/postern/v1/checkpoint", NULL, NULL, ""));
	assert_int_equal(200, call_query(appliance, "iam", "Action=DeleteUserPolicy&UserName=alice&PolicyName=p"));
	assert_int_equal(200, call_query(appliance, "iam", "Action=CreateUser&UserName=trial"));
	appliance->signer.key = key;
	appliance->signer.secret = secret;
	assert_int_equal(403, call(appliance, "GET", "/restapis", ""));
	become_root(appliance);
	assert_int_equal(
		200, call_with(appliance, "postern", "POST", "/postern/v1/checkpoint/rollback", NULL, NULL, ""));
	assert_int_equal(404, call_query(appliance, "iam", "Action=GetUser&UserName=trial"));
	appliance->signer.key = key;
	appliance->signer.secret = secret;
	assert_int_equal(200, call(appliance, "GET", "/restapis", ""));
}

static void a_policy_is_guarded_whatever_changes_it(void **state)
{
	static const char document[] =
		"{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":{\\\"Effect\\\":\\\"Allow\\\","
		"\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":\\\"execute-api:Invoke\\\","
		"\\\"Resource\\\":\\\"*\\\"}}";
	struct appliance *appliance = *state;
	char body[1024], target[64], id[16];

	become_alice(appliance,
		"{\"Effect\":\"Allow\",\"Action\":[\"apigateway:POST\",\"apigateway:PUT\",\"apigateway:PATCH\"],"
		"\"Resource\":\"*\"}");
	assert_int_equal(201, call(appliance, "POST", "/restapis", "{\"name\":\"plain\"}"));
	snprintf(id, sizeof id, "%s", member(appliance, "id"));
	snprintf(target, sizeof target, "/restapis/%s", id);
	snprintf(body, sizeof body, "{\"name\":\"guarded\",\"policy\":\"%s\"}", document);
	assert_int_equal(403, call(appliance, "POST", "/restapis", body));
	assert_non_null(strstr(member(appliance, "Message"), "apigateway:UpdateRestApiPolicy"));
	snprintf(body, sizeof body,
		"{\"patchOperations\":[{\"op\":\"replace\",\"path\":\"/policy\",\"value\":\"%s\"}]}", document);
	assert_int_equal(403, call(appliance, "PATCH", target, body));
	assert_int_equal(
		200, call(appliance, "PATCH", target,
			     "{\"patchOperations\":[{\"op\":\"replace\",\"path\":\"/name\",\"value\":\"n\"}]}"));
	/* However an import spells it. */
	assert_int_equal(403,
		call(appliance, "PUT", target,
			"{\"openapi\":\"3.0.1\",\"info\":{\"title\":\"t\",\"version\":\"1\"},\"paths\":{},"
			"\"x-amazon-apigateway-polic\\u0079\":{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":"
			"\"Allow\",\"Principal\":\"*\",\"Action\":\"execute-api:Invoke\",\"Resource\":\"*\"}}}"));
	become_root(appliance);
	assert_int_equal(200, call(appliance, "GET", target, ""));
	assert_string_equal("", member(appliance, "policy"));
	assert_int_equal(200, call(appliance, "PATCH", target, body));
}

/* Tags are looked at before the input is judged: a million of them must not cost more than a refusal. */
static void too_many_tags_are_refused(void **state)
{
	struct appliance *appliance = *state;
	char *body = malloc(64 << 10);
	size_t count;

	assert_non_null(body);
	become_alice(appliance, "{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}");
	count = (size_t)sprintf(body, "{\"name\":\"x\",\"tags\":{\"a\":\"\"");
	for (unsigned i = 0; i < 1000; i++)
		count += (size_t)sprintf(body + count, ",\"k%u\":\"v\"", i);
	strcpy(body + count, "}}");
	assert_int_equal(400, call(appliance, "POST", "/restapis", body));
	assert_string_equal("The request has too many tags", member(appliance, "message"));
	free(body);
}

/* --- EC2 and IAM --------------------------------------------------------------------------------------------------------------------- */

#define ANYTHING "{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}"
#define CREATE_ENDPOINT                                                                                                \
	"Action=CreateVpcEndpoint&Version=2016-11-15&VpcEndpointType=Interface&VpcId=vpc-0a1b2c3d"                     \
	"&ServiceName=com.amazonaws.us-east-1.execute-api&PrivateDnsEnabled=false"

static void a_subnet_counts_by_whatever_member_it_is_named(void **state)
{
	struct appliance *appliance = *state;
	char form[512];

	become_alice(appliance,
		ANYTHING ",{\"Effect\":\"Deny\",\"Action\":\"ec2:*VpcEndpoint\",\"Resource\":["
			 "\"arn:aws:ec2:*:*:subnet/subnet-2\",\"arn:aws:ec2:*:*:security-group/sg-2\"]}");
	assert_int_equal(403, call_query(appliance, "ec2", CREATE_ENDPOINT "&SubnetId.1=subnet-2"));
	assert_int_equal(403, call_query(appliance, "ec2",
				      CREATE_ENDPOINT "&SubnetId.1=subnet-1&SubnetConfiguration.1.SubnetId=subnet-2"));
	assert_int_equal(200, call_query(appliance, "ec2", CREATE_ENDPOINT "&SubnetConfiguration.1.SubnetId=subnet-1"));
	snprintf(form, sizeof form, "Action=ModifyVpcEndpoint&Version=2016-11-15&VpcEndpointId=%s",
		element(appliance, "vpcEndpointId"));
	for (size_t i = 0; i < 4; i++) {
		static const char *const members[] = { "&AddSubnetId.1=subnet-2", "&RemoveSubnetId.1=subnet-2",
			"&AddSecurityGroupId.1=sg-2", "&RemoveSecurityGroupId.1=sg-2" };
		char whole[600];

		snprintf(whole, sizeof whole, "%s%s", form, members[i]);
		assert_int_equal(403, call_query(appliance, "ec2", whole));
	}
	assert_int_equal(200, call_query(appliance, "ec2", form));
}

#define CREATE_GROUP "Action=CreateSecurityGroup&Version=2016-11-15&GroupDescription=d&VpcId=vpc-0a1b2c3d&GroupName="
#define TAGGED                                                                                                         \
	"&TagSpecification.1.ResourceType=security-group&TagSpecification.1.Tag.1.Key=team&TagSpecification.1.Tag.1."  \
	"Value="

static void to_make_something_with_tags_is_to_tag_it(void **state)
{
	struct appliance *appliance = *state;

	become_alice(appliance,
		"{\"Effect\":\"Allow\",\"Action\":\"ec2:CreateSecurityGroup\",\"Resource\":\"*\","
		"\"Condition\":{\"ForAllValues:StringEquals\":{\"aws:TagKeys\":\"team\"}}},"
		"{\"Effect\":\"Allow\",\"Action\":\"ec2:CreateTags\",\"Resource\":"
		"\"arn:aws:ec2:us-east-1:000000000000:security-group/*\",\"Condition\":{\"StringEquals\":{"
		"\"aws:RequestTag/team\":\"red\",\"ec2:CreateAction\":\"CreateSecurityGroup\"}}}");
	assert_int_equal(200, call_query(appliance, "ec2", CREATE_GROUP "a"));
	assert_int_equal(200, call_query(appliance, "ec2", CREATE_GROUP "b" TAGGED "red"));
	assert_int_equal(403, call_query(appliance, "ec2", CREATE_GROUP "c" TAGGED "blue"));
	assert_true(answer_has(appliance, "ec2:CreateTags on resource"));
	assert_int_equal(
		403, call_query(appliance, "ec2", CREATE_GROUP "c" TAGGED "red&TagSpecification.1.Tag.2.Key=x"));
	assert_true(answer_has(appliance, "ec2:CreateSecurityGroup on resource"));
	assert_int_equal(
		403, call_query(appliance, "ec2",
			     "Action=CreateTags&Version=2016-11-15&ResourceId.1=sg-1&Tag.1.Key=team&Tag.1.Value=red"));
}

#define ATTACH "Action=AttachUserPolicy&UserName=alice&PolicyArn=arn:aws:iam::aws:policy/"

static void a_policy_that_may_be_attached_is_named_by_its_arn(void **state)
{
	struct appliance *appliance = *state;

	become_alice(appliance,
		"{\"Effect\":\"Allow\",\"Action\":\"iam:AttachUserPolicy\",\"Resource\":\"*\",\"Condition\":"
		"{\"ArnEquals\":{\"iam:PolicyARN\":\"arn:aws:iam::aws:policy/AmazonAPIGatewayAdministrator\"}}}");
	assert_int_equal(403, call_query(appliance, "iam", ATTACH "AdministratorAccess"));
	assert_int_equal(200, call_query(appliance, "iam", ATTACH "AmazonAPIGatewayAdministrator"));
}

static void a_name_of_an_aws_policy_is_taken_once(void **state)
{
	static const char form[] =
		"Action=CreatePolicy&PolicyName=AdministratorAccess&PolicyDocument="
		"%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C"
		"%22Action%22%3A%22s3%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%7D";
	struct appliance *appliance = *state;

	assert_int_equal(200, call_query(appliance, "iam", form));
	assert_int_equal(409, call_query(appliance, "iam", form));
	assert_string_equal("EntityAlreadyExists", element(appliance, "Code"));
}

#define TAG_USER "Action=TagUser&UserName=alice&Tags.member.1.Key=Team&Tags.member.1.Value=red"

static void keys_of_a_users_tags_have_no_case(void **state)
{
	struct appliance *appliance = *state;

	assert_int_equal(200, call_query(appliance, "iam", "Action=CreateUser&UserName=alice"));
	assert_int_equal(200, call_query(appliance, "iam", TAG_USER));
	assert_int_equal(400, call_query(appliance, "iam", TAG_USER "&Tags.member.2.Key=TEAM&Tags.member.2.Value=x"));
	assert_int_equal(200, call_query(appliance, "iam",
				      "Action=TagUser&UserName=alice&Tags.member.1.Key=team&Tags.member.1.Value=blue"));
	assert_int_equal(200, call_query(appliance, "iam", "Action=ListUserTags&UserName=alice"));
	assert_true(answer_has(appliance, "<Key>team</Key><Value>blue</Value>"));
	assert_false(answer_has(appliance, "Team"));
	assert_int_equal(200, call_query(appliance, "iam", "Action=UntagUser&UserName=alice&TagKeys.member.1=TEAM"));
	assert_int_equal(200, call_query(appliance, "iam", "Action=ListUserTags&UserName=alice"));
	assert_false(answer_has(appliance, "team"));
}

/* Taken back, a revoked key would be valid again. */
static void no_key_is_revoked_on_trial(void **state)
{
	struct appliance *appliance = *state;
	char form[128], target[128], key[32];

	assert_int_equal(200, call_query(appliance, "iam", "Action=CreateAccessKey"));
	snprintf(key, sizeof key, "%s", element(appliance, "AccessKeyId"));
	assert_int_equal(201, call_with(appliance, "postern", "POST", "/postern/v1/checkpoint", NULL, NULL, ""));
	snprintf(form, sizeof form, "Action=DeleteAccessKey&AccessKeyId=%s", key);
	assert_int_equal(409, call_query(appliance, "iam", form));
	assert_string_equal("EntityTemporarilyUnmodifiable", element(appliance, "Code"));
	snprintf(form, sizeof form, "Action=UpdateAccessKey&Status=Inactive&AccessKeyId=%s", key);
	assert_int_equal(409, call_query(appliance, "iam", form));
	snprintf(target, sizeof target, "/postern/v1/credentials/%s", key);
	assert_int_equal(409, call_with(appliance, "postern", "DELETE", target, NULL, NULL, ""));
	assert_int_equal(
		409, call_with(appliance, "postern", "DELETE", "/postern/v1/credentials/" TEST_KEY, NULL, NULL, ""));
	assert_int_equal(
		200, call_with(appliance, "postern", "POST", "/postern/v1/checkpoint/confirm", NULL, NULL, ""));
	assert_int_equal(200, call_query(appliance, "iam", form));
	assert_int_equal(200, call_with(appliance, "postern", "DELETE", target, NULL, NULL, ""));
}

/* --- ARNs ------------------------------------------------------------------------------------------------------------------------------ */

struct arn_case {
	enum service_id service;
	const char *operation, *input, *templates;
	const char *arns; /* separated by blanks */
};

static void arns_follow_from_the_call(void **state)
{
	static const struct arn_case cases[] = {
		{ SERVICE_apigateway, "GetStage", "{\"restApiId\":\"a1\",\"stageName\":\"prod\"}", NULL,
			"arn:aws:apigateway:us-east-1::/restapis/a1/stages/prod" },
		{ SERVICE_apigateway, "GetRestApis", "{}", NULL, "arn:aws:apigateway:us-east-1::/restapis" },
		{ SERVICE_apigateway, "ImportRestApi", "{}", NULL, "arn:aws:apigateway:us-east-1::/restapis" },
		{ SERVICE_apigateway, "GetStage", "{\"restApiId\":\"a1\",\"stageName\":\"x/../../b2\"}", NULL,
			"arn:aws:apigateway:us-east-1::/restapis/a1/stages/x%2F..%2F..%2Fb2" },
		{ SERVICE_apigateway, "GetTags", "{\"resourceArn\":\"arn:aws:apigateway:us-east-1::/restapis/a1\"}",
			NULL,
			"arn:aws:apigateway:us-east-1::/tags/"
			"arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Fa1" },
		{ SERVICE_apigateway, "GetDomainName", "{\"domainName\":\"api.x\"}", NULL,
			"arn:aws:apigateway:us-east-1::/domainnames/api.x" },
		{ SERVICE_apigateway, "GetDomainName", "{\"domainName\":\"api.x\",\"domainNameId\":\"d1\"}", NULL,
			"arn:aws:apigateway:us-east-1::/domainnames/api.x+d1" },
		{ SERVICE_apigateway, "CreateRestApi", "{\"cloneFrom\":\"a1\"}", "arn:{path}/{cloneFrom} -",
			"arn:/restapis/a1" },
		{ SERVICE_apigateway, "GetBasePathMapping",
			"{\"domainName\":\"api.x\",\"domainNameId\":\"d1\",\"basePath\":\"(none)\"}", NULL,
			"arn:aws:apigateway:us-east-1::/domainnames/api.x+d1/basepathmappings/(none)" },
		{ SERVICE_acm, "DescribeCertificate", "{\"CertificateArn\":\"arn:c\"}", NULL, "arn:c" },
		{ SERVICE_acm, "ListCertificates", "{}", NULL, "*" },
		{ SERVICE_acm, "DescribeCertificate", "{\"CertificateArn\":5}", NULL, "*" },
		{ SERVICE_route53, "GetHostedZone", "{\"Id\":\"/hostedzone/Z1\"}", NULL,
			"arn:aws:route53:::hostedzone/Z1" },
		{ SERVICE_route53, "ListHostedZones", "{}", NULL, "*" },
		{ SERVICE_route53, "ListTagsForResource", "{\"ResourceType\":\"hostedzone\",\"ResourceId\":\"Z1\"}",
			"arn:aws:route53:::{ResourceType}/{ResourceId}", "arn:aws:route53:::hostedzone/Z1" },
		{ SERVICE_logs, "TagResource",
			"{\"resourceArn\":\"arn:aws:logs:us-east-1:000000000000:log-group:/g:*\"}", NULL,
			"arn:aws:logs:us-east-1:000000000000:log-group:/g" },
		{ SERVICE_ec2, "DeleteVpcEndpoints", "{\"VpcEndpointId\":[\"vpce-1\",\"vpce-2\"]}",
			"arn:aws:ec2:{region}:{account}:{VpcEndpointId:ec2}",
			"arn:aws:ec2:us-east-1:000000000000:vpc-endpoint/vpce-1 "
			"arn:aws:ec2:us-east-1:000000000000:vpc-endpoint/vpce-2" },
		{ SERVICE_ec2, "CreateTags", "{\"ResourceId\":[\"sg-1\",\"sgr-1\",\"what-1\"]}",
			"arn:aws:ec2:{region}:{account}:{ResourceId:ec2}",
			"arn:aws:ec2:us-east-1:000000000000:security-group/sg-1 "
			"arn:aws:ec2:us-east-1:000000000000:security-group-rule/sgr-1 "
			"arn:aws:ec2:us-east-1:000000000000:*/what-1" },
		{ SERVICE_ec2, "CreateVpcEndpoint", "{}", "arn:{SubnetId:ec2} -", "" },
		{ SERVICE_ec2, "CreateVpcEndpoint", "{\"SubnetId\":[]}", "arn:{SubnetId:ec2} -", "" },
		{ SERVICE_iam, "CreateUser", "{\"UserName\":\"bob\"}", "arn:user{Path|/}{UserName|}", "arn:user/bob" },
		{ SERVICE_iam, "CreateUser", "{\"Path\":\"/a/\"}", "arn:user{Path|/}{UserName|}", "arn:user/a/" },
		{ SERVICE_iam, "GetUser", "{\"UserName\":\"nobody\"}", NULL, "arn:aws:iam::000000000000:user/nobody" },
		{ SERVICE_iam, "GetPolicy", "{\"PolicyArn\":\"arn:p\"}", NULL, "arn:p" },
		{ SERVICE_iam, "AttachUserPolicy", "{\"UserName\":\"ALICE\",\"PolicyArn\":\"arn:p\"}", NULL,
			"arn:aws:iam::000000000000:user/team/alice" },
		{ SERVICE_iam, "UpdateUser", "{\"UserName\":\"alice\",\"NewUserName\":\"bob\"}", "arn:user{new-user}",
			"arn:user/team/bob" },
		{ SERVICE_sts, "GetCallerIdentity", "{}", NULL, "*" },
		{ SERVICE_postern, "GetStatus", "{}", NULL,
			"arn:aws:postern:us-east-1:000000000000:/postern/v1/status" },
		{ SERVICE_iam, "GetUser", "{\"g\":\"arn:aws:logs:r:1:log-group:/x/y:*\"}", "log-group:{g:log-group}",
			"log-group:/x/y" },
	};
	struct appliance *appliance = *state;
	const struct call_request nothing = { .received_wall_ms = 0 };

	assert_int_equal(200, call_query(appliance, "iam", "Action=CreateUser&UserName=alice&Path=/team/"));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct json *arns = json_array_new();
		char joined[1024] = "";
		struct call call;

		call_init(&call, appliance->control, &nothing);
		json_free(call.input);
		assert_int_equal(0, json_parse(view_from_text(cases[i].input), NULL, &call.input, NULL));
		call.service = &services[cases[i].service];
		call.operation = operation_find(cases[i].service, view_from_text(cases[i].operation));
		assert_non_null(call.operation);
		resource_arns(&call, cases[i].templates ? cases[i].templates : call.service->resources, arns);
		JSON_EACH(arn, arns)
		snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s%s", joined[0] ? " " : "",
			json_c_string(arn));
		assert_string_equal(cases[i].arns, joined);
		json_free(arns);
		call_fini(&call);
	}
}

/* --- the tables ------------------------------------------------------------------------------------------------------------------------ */

static bool has_member(const struct operation *operation, struct view name)
{
	for (size_t i = 0; i < operation->shape->member_count; i++)
		if (view_equals_text(name, operation->shape->members[i].name))
			return true;
	return false;
}

/* The next {…} of the templates that is a member of the input; false at the end. */
static bool next_member(struct view *rest, struct view *ret)
{
	static const char *const known[] = { "region", "account", "path", "path/2", "user", "new-user", "key-user" };
	struct view before, after;

	while (view_cut(*rest, '{', &before, &after)) {
		bool is_known = false;

		assert_true(view_cut(after, '}', ret, rest));
		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			is_known = is_known || view_equals_text(*ret, known[i]);
		(void)view_cut(*ret, '|', ret, &after);
		(void)view_cut(*ret, ':', ret, &after);
		if (!is_known)
			return true;
	}
	return false;
}

/* A member that no input has would make a resource `*`, or none at all. */
static void permissions_name_operations_and_members_that_exist(void **state)
{
	static const struct {
		enum service_id service;
		const char *operation, *resources;
	} rows[] = {
#define PERMISSION(service, operation, action, resources) { SERVICE_##service, #operation, resources },
#include "appliance/control/permissions.def"
#undef PERMISSION
	};
	struct view rest, name;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct operation *operation = operation_find(rows[i].service, view_from_text(rows[i].operation));

		if (!operation)
			fail_msg("there is no operation %s", rows[i].operation);
		rest = view_from_text(rows[i].resources);
		while (next_member(&rest, &name))
			if (!has_member(operation, name))
				fail_msg("%s has no member " VIEW_FMT, rows[i].operation, VIEW_ARG(name));
	}
	for (size_t i = 0; i < SERVICE_COUNT; i++) {
		rest = view_from_text(services[i].resources);
		while (next_member(&rest, &name)) {
			bool found = false;

			for (size_t j = 0; j < operation_count && !found; j++)
				found = operations[j].service == services[i].id && has_member(&operations[j], name);
			if (!found)
				fail_msg("no operation of %s has a member " VIEW_FMT, services[i].name, VIEW_ARG(name));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_APPLIANCE(a_user_without_policies_may_nothing),
		WITH_APPLIANCE(a_user_who_may_read_one_api_may_do_nothing_else),
		WITH_APPLIANCE(other_spellings_of_a_path_are_the_same_resource),
		WITH_APPLIANCE(policies_act_at_once),
		WITH_APPLIANCE(what_is_taken_back_counts_at_once),
		WITH_APPLIANCE(a_policy_is_guarded_whatever_changes_it),
		WITH_APPLIANCE(too_many_tags_are_refused),
		WITH_APPLIANCE(a_subnet_counts_by_whatever_member_it_is_named),
		WITH_APPLIANCE(to_make_something_with_tags_is_to_tag_it),
		WITH_APPLIANCE(a_policy_that_may_be_attached_is_named_by_its_arn),
		WITH_APPLIANCE(a_name_of_an_aws_policy_is_taken_once),
		WITH_APPLIANCE(keys_of_a_users_tags_have_no_case),
		WITH_APPLIANCE(no_key_is_revoked_on_trial),
		WITH_APPLIANCE(arns_follow_from_the_call),
		cmocka_unit_test(permissions_name_operations_and_members_that_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
