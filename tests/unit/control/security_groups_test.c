/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unit test of control/security_groups and EC2's operations on them: what groups admit, and what they answer. */
#include "tests/unit/control/appliance.h"

#include "appliance/control/filter/security_groups.h"
#include "appliance/control/records.h"

#define EC2(action) "Action=" action "&Version=2016-11-15"
#define CREATE_ENDPOINT                                                                                                \
	EC2("CreateVpcEndpoint")                                                                                       \
	"&VpcEndpointType=Interface&VpcId=vpc-0a1b2c3d&ServiceName=com.amazonaws.us-east-1.execute-api&"               \
	"PrivateDnsEnabled=false"

/* A call of EC2 with a formatted form; the status. */
static int __attribute__((format(printf, 2, 3))) ec2(struct appliance *appliance, const char *format, ...)
{
	char form[16384];
	va_list arguments;

	va_start(arguments, format);
	assert_true(vsnprintf(form, sizeof form, format, arguments) < (int)sizeof form);
	va_end(arguments);
	return call_ec2(appliance, form);
}

/* The id of a new group, to be freed. */
static char *create_group(struct appliance *appliance, const char *name)
{
	assert_int_equal(200,
		ec2(appliance, EC2("CreateSecurityGroup") "&GroupName=%s&GroupDescription=x&VpcId=vpc-0a1b2c3d", name));
	return strdup(element(appliance, "groupId"));
}

/* The id of the VPC's default group, to be freed. */
static char *default_group(struct appliance *appliance)
{
	assert_int_equal(200,
		ec2(appliance, EC2("DescribeSecurityGroups") "&Filter.1.Name=group-name&Filter.1.Value.1=default"));
	return strdup(element(appliance, "groupId"));
}

static int authorize(
	struct appliance *appliance, const char *group, const char *protocol, int from, int to, const char *cidr)
{
	bool is_v4 = strchr(cidr, ':') == NULL;

	return ec2(appliance,
		EC2("AuthorizeSecurityGroupIngress") "&GroupId=%s&IpPermissions.1.IpProtocol=%s&IpPermissions.1."
						     "FromPort=%d&"
						     "IpPermissions.1.ToPort=%d&IpPermissions.1.%s.1.%s=%s",
		group, protocol, from, to, is_v4 ? "IpRanges" : "Ipv6Ranges", is_v4 ? "CidrIp" : "CidrIpv6", cidr);
}

/* What an endpoint with these groups admits, as "prefix/bits " texts in `text`. */
static void admitted(
	struct appliance *appliance, const char *const *groups, size_t group_count, char *text, size_t room)
{
	static struct filter_admission_record admissions[SECURITY_GROUP_ADMISSIONS_MAX];
	const struct call_request nothing = { .received_wall_ms = 0 };
	struct json JSON_CLEANUP *endpoint = json_object_new();
	struct json *set = json_ensure_array(endpoint, "groupSet");
	struct call call;
	size_t count = 0, done = 0;

	for (size_t i = 0; i < group_count; i++) {
		struct json *entry = json_object_new();

		json_set_c_string(entry, "groupId", groups[i]);
		json_append(set, entry);
	}
	call_init(&call, appliance->control, &nothing);
	assert_int_equal(
		0, security_groups_admissions(&call, endpoint, admissions, SECURITY_GROUP_ADMISSIONS_MAX, &count));
	assert_int_equal(0, call.store_error);
	call_fini(&call);
	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		char address[INET6_ADDRSTRLEN];

		assert_int_equal(FILTER_SERVICE_HTTPS, admissions[i].services);
		inet_ntop(AF_INET6, admissions[i].address, address, sizeof address);
		done += (size_t)snprintf(text + done, room - done, "%s/%u ", address, admissions[i].prefix_bits);
	}
}

static void assert_admitted(struct appliance *appliance, const char *group, const char *expected)
{
	char text[8192];

	admitted(appliance, &group, 1, text, sizeof text);
	assert_string_equal(expected, text);
}

/* --- prefixes ----------------------------------------------------------------------------------------------------------------------- */

static void prefixes_are_made_canonical(void **state)
{
	struct security_prefix prefix;

	(void)state;
	assert_int_equal(0, security_prefix_parse(&prefix, AF_INET, "100.68.0.18/18"));
	assert_int_equal(18, prefix.prefix_bits);
	assert_memory_equal("\144\104\0\0", prefix.bytes, 4);
	assert_int_equal(0, security_prefix_parse(&prefix, AF_INET, "255.255.255.255/0"));
	assert_memory_equal("\0\0\0\0", prefix.bytes, 4);
	assert_int_equal(0, security_prefix_parse(&prefix, AF_INET6, "fd00::ffff/121"));
	assert_int_equal(0x80, prefix.bytes[15]);
	assert_int_equal(0, security_prefix_parse(&prefix, AF_INET6, "::/128"));
}

static void what_is_no_prefix_is_refused(void **state)
{
	static const char *const wrong[] = { "", "/", "/8", "1.2.3.4", "1.2.3.4/", "1.2.3.4/33", "1.2.3/24",
		"1.2.3.4/+8", "1.2.3.4/ 8", "1.2.3.4/0008", "1.2.3.4/8/8", "::/8", "01.2.3.4/8",
		"1111111111111111111111111111111111111111111111111.2.3.4/8" };
	struct security_prefix prefix;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
		if (security_prefix_parse(&prefix, AF_INET, wrong[i]) == 0)
			fail_msg("%s was taken", wrong[i]);
	assert_int_equal(-EINVAL, security_prefix_parse(&prefix, AF_INET6, "::/129"));
	assert_int_equal(-EINVAL, security_prefix_parse(&prefix, AF_INET6, "1.2.3.4/8"));
	assert_int_equal(-EINVAL, security_prefix_parse(&prefix, AF_INET, NULL));
}

/* --- what groups admit ---------------------------------------------------------------------------------------------------------------- */

static void a_default_group_admits_its_vpc_until_it_is_changed(void **state)
{
	struct appliance *appliance = *state;
	char *group = default_group(appliance), rule[32];

	assert_admitted(appliance, group, "::ffff:10.20.0.0/125 ::ffff:10.20.1.0/125 fd20::/64 fd20:100::/64 ");
	assert_true(answer_has(appliance, "<groupDescription>default VPC security group</groupDescription>"));
	assert_int_equal(200,
		ec2(appliance, EC2("DescribeSecurityGroupRules") "&Filter.1.Name=group-id&Filter.1.Value.1=%s", group));
	snprintf(rule, sizeof rule, "%s", element(appliance, "securityGroupRuleId"));
	/* The first change stores the rules with the ids that they were shown with. */
	assert_int_equal(200, authorize(appliance, group, "tcp", 443, 443, "10.99.0.0/16"));
	assert_int_equal(200, ec2(appliance, EC2("DescribeSecurityGroupRules") "&SecurityGroupRuleId.1=%s", rule));
	assert_admitted(appliance, group,
		"::ffff:10.20.0.0/125 ::ffff:10.20.1.0/125 ::ffff:10.99.0.0/112 fd20::/64 fd20:100::/64 ");
	assert_int_equal(400, ec2(appliance, EC2("DeleteSecurityGroup") "&GroupId=%s", group));
	assert_string_equal("CannotDelete", element(appliance, "Code"));
	free(group);
}

static void only_inbound_rules_that_cover_443_admit(void **state)
{
	struct appliance *appliance = *state;
	char *group = create_group(appliance, "web");

	assert_admitted(appliance, group, "");
	assert_int_equal(200, authorize(appliance, group, "tcp", 80, 442, "10.1.0.0/16"));
	assert_int_equal(200, authorize(appliance, group, "tcp", 444, 65535, "10.1.0.0/16"));
	assert_int_equal(200, authorize(appliance, group, "udp", 443, 443, "10.1.0.0/16"));
	assert_int_equal(200, authorize(appliance, group, "icmp", -1, -1, "10.1.0.0/16"));
	assert_int_equal(200, authorize(appliance, group, "47", 443, 443, "10.1.0.0/16"));
	assert_admitted(appliance, group, "");
	assert_int_equal(200, authorize(appliance, group, "6", 443, 443, "10.2.3.4/16"));
	assert_true(answer_has(appliance, "<cidrIpv4>10.2.0.0/16</cidrIpv4>"));
	assert_true(answer_has(appliance, "<ipProtocol>tcp</ipProtocol>"));
	assert_int_equal(200, authorize(appliance, group, "tcp", 400, 443, "10.3.0.0/16"));
	assert_int_equal(200, authorize(appliance, group, "TCP", 443, 500, "10.4.0.0/16"));
	assert_int_equal(200, authorize(appliance, group, "-1", 0, 0, "fd00::1/8"));
	assert_int_equal(200, authorize(appliance, group, "-1", 0, 0, "10.2.0.0/16"));
	assert_admitted(appliance, group, "::ffff:10.2.0.0/112 ::ffff:10.3.0.0/112 ::ffff:10.4.0.0/112 fd00::/8 ");
	assert_int_equal(200, authorize(appliance, group, "tcp", 0, 65535, "0.0.0.0/0"));
	assert_admitted(appliance, group,
		"::ffff:0.0.0.0/96 ::ffff:10.2.0.0/112 ::ffff:10.3.0.0/112 ::ffff:10.4.0.0/112 fd00::/8 ");
	free(group);
}

static void groups_of_an_endpoint_add_up_and_unknown_ones_admit_nobody(void **state)
{
	struct appliance *appliance = *state;
	char *one = create_group(appliance, "one"), *two = create_group(appliance, "two"), text[512];

	assert_int_equal(200, authorize(appliance, one, "tcp", 443, 443, "10.9.0.0/16"));
	assert_int_equal(200, authorize(appliance, one, "tcp", 443, 443, "10.1.0.0/16"));
	assert_int_equal(200, authorize(appliance, two, "tcp", 443, 443, "10.1.0.0/16"));
	assert_int_equal(200, authorize(appliance, two, "tcp", 443, 443, "10.1.0.0/24"));
	admitted(appliance, (const char *const[]){ one, "sg-00000000000000000", two }, 3, text, sizeof text);
	assert_string_equal("::ffff:10.1.0.0/112 ::ffff:10.1.0.0/120 ::ffff:10.9.0.0/112 ", text);
	assert_admitted(appliance, "sg-00000000000000000", "");
	free(one);
	free(two);
}

/* Is the address (text) within one of the admissions of the group? */
static bool admits(struct appliance *appliance, const char *group, const char *address)
{
	char text[16384], *rest = text, *word;
	struct security_prefix prefix, point;
	bool found = false;

	admitted(appliance, &group, 1, text, sizeof text);
	while ((word = strsep(&rest, " ")) != NULL) {
		char wanted[64];

		if (!*word)
			continue;
		assert_int_equal(0, security_prefix_parse(&prefix, AF_INET6, word));
		snprintf(wanted, sizeof wanted, "%s/%u", address, prefix.prefix_bits);
		assert_int_equal(0, security_prefix_parse(&point, AF_INET6, wanted));
		found = found || memcmp(point.bytes, prefix.bytes, 16) == 0;
	}
	return found;
}

static void a_rule_for_ipv6_admits_no_ipv4(void **state)
{
	static const char *const ipv6[] = { "::1", "fd20::1", "2001:db8::1", "ffff::", "::fffe:ffff:ffff", "::1:0:0:0",
		"::ffff:0:0:0", "::fffe:0:0" };
	struct appliance *appliance = *state;
	char *all = create_group(appliance, "all"), *low = create_group(appliance, "low"),
	     *mapped = create_group(appliance, "mapped");

	assert_int_equal(200, authorize(appliance, all, "tcp", 443, 443, "::/0"));
	assert_int_equal(200, authorize(appliance, all, "tcp", 443, 443, "::/64"));
	for (size_t i = 0; i < ARRAY_COUNT(ipv6); i++)
		if (!admits(appliance, all, ipv6[i]))
			fail_msg("%s is not admitted", ipv6[i]);
	assert_false(admits(appliance, all, "::ffff:0.0.0.0"));
	assert_false(admits(appliance, all, "::ffff:10.20.0.2"));
	assert_false(admits(appliance, all, "::ffff:255.255.255.255"));
	assert_int_equal(200, authorize(appliance, low, "tcp", 443, 443, "::/80"));
	assert_true(admits(appliance, low, "::fffe:0:0") && admits(appliance, low, "::1"));
	assert_false(admits(appliance, low, "::1:0:0:0") || admits(appliance, low, "::ffff:10.20.0.2"));
	assert_int_equal(200, authorize(appliance, mapped, "tcp", 443, 443, "::ffff:10.0.0.0/104"));
	assert_int_equal(200, authorize(appliance, mapped, "tcp", 443, 443, "::ffff:0:0/96"));
	assert_admitted(appliance, mapped, "");
	assert_int_equal(200, authorize(appliance, all, "tcp", 443, 443, "10.20.0.0/24"));
	assert_true(admits(appliance, all, "::ffff:10.20.0.2") && admits(appliance, all, "fd20::1"));
	assert_false(admits(appliance, all, "::ffff:10.20.1.2"));
	free(all);
	free(low);
	free(mapped);
}

/* --- what the operations refuse ------------------------------------------------------------------------------------------------------- */

static void wrong_rules_are_refused_and_nothing_is_kept(void **state)
{
	static const struct {
		const char *permission, *code, *message;
	} cases[] = {
		{ "IpProtocol=tcp&P.FromPort=443&P.ToPort=443&P.IpRanges.1.CidrIp=10.0.0.0", "InvalidParameterValue",
			"CIDR block 10.0.0.0 is malformed" },
		{ "IpProtocol=tcp&P.FromPort=443&P.ToPort=443&P.Ipv6Ranges.1.CidrIpv6=10.0.0.0/8",
			"InvalidParameterValue", "CIDR block 10.0.0.0/8 is malformed" },
		{ "IpProtocol=tcp&P.IpRanges.1.CidrIp=10.0.0.0/8", "InvalidParameterValue",
			"Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange." },
		{ "IpProtocol=udp&P.FromPort=-1&P.ToPort=1&P.IpRanges.1.CidrIp=10.0.0.0/8", "InvalidParameterValue",
			"TCP/UDP (from) port (-1) out of range" },
		{ "IpProtocol=tcp&P.FromPort=1&P.ToPort=65536&P.IpRanges.1.CidrIp=10.0.0.0/8", "InvalidParameterValue",
			"TCP/UDP (to) port (65536) out of range" },
		{ "IpProtocol=tcp&P.FromPort=x&P.ToPort=1&P.IpRanges.1.CidrIp=10.0.0.0/8", "InvalidParameterValue",
			"Value (x) for parameter FromPort is invalid." },
		{ "IpProtocol=all&P.IpRanges.1.CidrIp=10.0.0.0/8", "InvalidParameterValue",
			"Invalid value 'all' for IP protocol. Unknown protocol." },
		{ "IpProtocol=256&P.IpRanges.1.CidrIp=10.0.0.0/8", "InvalidParameterValue",
			"Invalid value '256' for IP protocol. Unknown protocol." },
		{ "IpProtocol=icmp&P.FromPort=-1&P.ToPort=0&P.IpRanges.1.CidrIp=10.0.0.0/8", "InvalidParameterValue",
			"ICMP code (0) out of range" },
		{ "IpProtocol=-1", "MissingParameter",
			"Missing source specification: include source security group or CIDR information" },
		{ "IpProtocol=-1&P.IpRanges.1.CidrIp=10.0.0.0/8&P.IpRanges.1.Description=a%27b",
			"InvalidParameterValue",
			"Invalid rule description. Valid descriptions are strings less than 256 characters from the "
			"following "
			"set:  a-zA-Z0-9. _-:/()#,@[]+=&amp;;{}!$*" },
		{ "IpProtocol=-1&P.IpRanges.1.CidrIp=10.0.0.1/8&P.IpRanges.2.CidrIp=10.0.0.2/8",
			"InvalidParameterValue", "The same permission must not appear multiple times" },
		{ "IpProtocol=-1&P.Groups.1.GroupId=sg-1", "UnsupportedOperation", NULL },
		{ "IpProtocol=-1&P.PrefixListIds.1.PrefixListId=pl-1", "UnsupportedOperation", NULL },
	};
	struct appliance *appliance = *state;
	char *group = create_group(appliance, "web");
	uint64_t before = revision_of(appliance);

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		char form[1024] = "", *end = form;

		for (const char *byte = cases[i].permission; *byte; byte++)
			end += *byte == 'P' && byte[1] == '.' ? sprintf(end, "IpPermissions.1")
							      : sprintf(end, "%c", *byte);
		assert_int_equal(
			400, ec2(appliance, EC2("AuthorizeSecurityGroupIngress") "&GroupId=%s&IpPermissions.1.%s",
				     group, form));
		assert_string_equal(cases[i].code, element(appliance, "Code"));
		if (cases[i].message)
			assert_string_equal(cases[i].message, element(appliance, "Message"));
	}
	assert_int_equal(412,
		ec2(appliance,
			EC2("AuthorizeSecurityGroupIngress") "&GroupId=%s&IpProtocol=-1&CidrIp=10.0.0.0/8&DryRun=true",
			group));
	assert_int_equal(before, revision_of(appliance));
	free(group);
}

static void duplicates_and_unknown_rules_are_told_in_ec2s_words(void **state)
{
	struct appliance *appliance = *state;
	char *group = create_group(appliance, "web");

	assert_int_equal(200, authorize(appliance, group, "tcp", 443, 443, "10.0.0.0/8"));
	assert_int_equal(400, authorize(appliance, group, "tcp", 443, 443, "10.9.9.9/8"));
	assert_string_equal("InvalidPermission.Duplicate", element(appliance, "Code"));
	assert_string_equal("the specified rule &quot;peer: 10.0.0.0/8, TCP, from port: 443, to port: 443, ALLOW&quot; "
			    "already exists",
		element(appliance, "Message"));
	assert_int_equal(
		400, ec2(appliance, EC2("AuthorizeSecurityGroupEgress") "&GroupId=%s&IpProtocol=-1&CidrIp=0.0.0.0/0",
			     group));
	assert_string_equal("the specified rule &quot;peer: 0.0.0.0/0, ALL, ALLOW&quot; already exists",
		element(appliance, "Message"));
	assert_int_equal(400,
		ec2(appliance, EC2("RevokeSecurityGroupIngress") "&GroupId=%s&IpProtocol=-1&CidrIp=0.0.0.0/0", group));
	assert_string_equal("InvalidPermission.NotFound", element(appliance, "Code"));
	assert_int_equal(
		400, ec2(appliance, EC2("RevokeSecurityGroupIngress") "&GroupId=%s&SecurityGroupRuleId.1=x", group));
	assert_string_equal("InvalidSecurityGroupRuleId.Malformed", element(appliance, "Code"));
	assert_int_equal(400,
		ec2(appliance,
			EC2("RevokeSecurityGroupIngress") "&GroupId=%s&SecurityGroupRuleId.1=sgr-00000000000000000",
			group));
	assert_string_equal("InvalidSecurityGroupRuleId.NotFound", element(appliance, "Code"));
	assert_int_equal(200, ec2(appliance,
				      EC2("RevokeSecurityGroupIngress") "&GroupId=%s&IpProtocol=6&FromPort=443&ToPort="
									"443&CidrIp=10.1.2.3/8",
				      group));
	assert_true(answer_has(appliance, "<revokedSecurityGroupRuleSet><item><ipProtocol>tcp"));
	assert_admitted(appliance, group, "");
	free(group);
}

static void a_rule_is_modified_in_its_place(void **state)
{
	struct appliance *appliance = *state;
	char *group = create_group(appliance, "web"), id[32];

	assert_int_equal(200, authorize(appliance, group, "tcp", 443, 443, "10.1.0.0/16"));
	assert_int_equal(200, authorize(appliance, group, "tcp", 443, 443, "10.2.0.0/16"));
	snprintf(id, sizeof id, "%s", element(appliance, "securityGroupRuleId"));
#define MODIFY                                                                                                         \
	EC2("ModifySecurityGroupRules")                                                                                \
	"&GroupId=%s&SecurityGroupRule.1.SecurityGroupRuleId=%s&SecurityGroupRule.1.SecurityGroupRule.IpProtocol=tcp&" \
	"SecurityGroupRule.1.SecurityGroupRule.FromPort=443&SecurityGroupRule.1.SecurityGroupRule.ToPort=443&"         \
	"SecurityGroupRule.1.SecurityGroupRule.CidrIpv4=%s"
	assert_int_equal(200, ec2(appliance, MODIFY, group, id, "10.3.0.0/16"));
	assert_admitted(appliance, group, "::ffff:10.1.0.0/112 ::ffff:10.3.0.0/112 ");
	assert_int_equal(200, ec2(appliance, MODIFY, group, id, "10.3.0.0/16"));
	assert_int_equal(400, ec2(appliance, MODIFY, group, id, "10.1.0.0/16"));
	assert_string_equal("InvalidPermission.Duplicate", element(appliance, "Code"));
	assert_int_equal(200, ec2(appliance, EC2("DescribeSecurityGroupRules") "&SecurityGroupRuleId.1=%s", id));
	assert_true(answer_has(appliance, "<cidrIpv4>10.3.0.0/16</cidrIpv4>"));
	assert_int_equal(200,
		ec2(appliance, EC2("RevokeSecurityGroupIngress") "&GroupId=%s&SecurityGroupRuleId.1=%s", group, id));
	assert_admitted(appliance, group, "::ffff:10.1.0.0/112 ");
	free(group);
}

static void limits_are_ec2s(void **state)
{
	struct appliance *appliance = *state;
	char *group = create_group(appliance, "web"), form[512] = CREATE_ENDPOINT;

	for (int i = 0; i < SECURITY_GROUP_RULES_MAX; i++) {
		char cidr[32];

		snprintf(cidr, sizeof cidr, "10.%d.0.0/16", i);
		assert_int_equal(200, authorize(appliance, group, "tcp", 443, 443, cidr));
	}
	assert_int_equal(400, authorize(appliance, group, "tcp", 443, 443, "11.0.0.0/8"));
	assert_string_equal("RulesPerSecurityGroupLimitExceeded", element(appliance, "Code"));
	/* IPv6 is counted for itself, and so is the other direction. */
	assert_int_equal(200, authorize(appliance, group, "tcp", 443, 443, "fd00::/8"));
	assert_int_equal(
		200, ec2(appliance, EC2("AuthorizeSecurityGroupEgress") "&GroupId=%s&IpProtocol=-1&CidrIp=11.0.0.0/8",
			     group));
	free(group);
	for (int i = 0; i <= SECURITY_GROUPS_PER_ENDPOINT_MAX; i++) {
		char name[16];

		snprintf(name, sizeof name, "group%d", i);
		group = create_group(appliance, name);
		snprintf(form + strlen(form), sizeof form - strlen(form), "&SecurityGroupId.%d=%s", i + 1, group);
		free(group);
	}
	assert_int_equal(400, ec2(appliance, "%s", form));
	assert_string_equal("SecurityGroupsPerInterfaceLimitExceeded", element(appliance, "Code"));
}

static void names_are_one_a_vpc_and_of_ec2s_characters(void **state)
{
	static const struct {
		const char *form, *code;
	} cases[] = {
		{ "&GroupName=web&GroupDescription=x&VpcId=vpc-0a1b2c3d", "InvalidGroup.Duplicate" },
		{ "&GroupName=default&GroupDescription=x&VpcId=vpc-0a1b2c3d", "InvalidParameterValue" },
		{ "&GroupName=sg-x&GroupDescription=x&VpcId=vpc-0a1b2c3d", "InvalidParameterValue" },
		{ "&GroupName=a%27b&GroupDescription=x&VpcId=vpc-0a1b2c3d", "InvalidParameterValue" },
		{ "&GroupName=a&GroupDescription=%C3%A9&VpcId=vpc-0a1b2c3d", "InvalidParameterValue" },
		{ "&GroupName=a&GroupDescription=x&VpcId=vpc-00000000", "InvalidVpcID.NotFound" },
		{ "&GroupName=a&GroupDescription=x", "VPCIdNotSpecified" },
		{ "&GroupName=a&VpcId=vpc-0a1b2c3d", "MissingParameter" },
		{ "&GroupName=a&GroupDescription=x&VpcId=vpc-0a1b2c3d&TagSpecification.1.ResourceType=vpc",
			"InvalidParameterValue" },
	};
	struct appliance *appliance = *state;
	char *group = create_group(appliance, "web");
	uint64_t before = revision_of(appliance);

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(400, ec2(appliance, EC2("CreateSecurityGroup") "%s", cases[i].form));
		assert_string_equal(cases[i].code, element(appliance, "Code"));
	}
	assert_int_equal(400, ec2(appliance, EC2("DescribeSecurityGroups") "&GroupId.1=web"));
	assert_string_equal(
		"Invalid id: &quot;web&quot; (expecting &quot;sg-...&quot;)", element(appliance, "Message"));
	assert_int_equal(400, ec2(appliance, EC2("DeleteSecurityGroup") "&GroupName=web"));
	assert_int_equal(before, revision_of(appliance));
	free(group);
}

/* --- groups of endpoints --------------------------------------------------------------------------------------------------------------- */

static void an_endpoint_keeps_one_group_of_its_vpc_and_the_group_is_kept_for_it(void **state)
{
	struct appliance *appliance = *state;
	char *group = create_group(appliance, "web"), *otherwise = default_group(appliance), endpoint[32];

	assert_int_equal(200, ec2(appliance, CREATE_ENDPOINT "&SubnetId.1=subnet-1"));
	snprintf(endpoint, sizeof endpoint, "%s", element(appliance, "vpcEndpointId"));
	assert_string_equal(otherwise, element(appliance, "groupId"));
#define MODIFY_ENDPOINT EC2("ModifyVpcEndpoint") "&VpcEndpointId=%s"
	assert_int_equal(400, ec2(appliance, MODIFY_ENDPOINT "&RemoveSecurityGroupId.1=%s", endpoint, otherwise));
	assert_string_equal("InvalidParameter", element(appliance, "Code"));
	assert_int_equal(200, ec2(appliance, MODIFY_ENDPOINT "&RemoveSecurityGroupId.1=%s&AddSecurityGroupId.1=%s",
				      endpoint, otherwise, group));
	assert_int_equal(200, ec2(appliance, EC2("DescribeVpcEndpoints") "&VpcEndpointId.1=%s", endpoint));
	assert_string_equal(group, element(appliance, "groupId"));
	assert_int_equal(400, ec2(appliance, EC2("DeleteSecurityGroup") "&GroupId=%s", group));
	assert_string_equal("DependencyViolation", element(appliance, "Code"));
	assert_int_equal(400, ec2(appliance, MODIFY_ENDPOINT "&AddSecurityGroupId.1=sg-00000000000000000", endpoint));
	assert_string_equal("InvalidGroup.NotFound", element(appliance, "Code"));
	assert_int_equal(200, ec2(appliance, EC2("DeleteVpcEndpoints") "&VpcEndpointId.1=%s", endpoint));
	assert_int_equal(200, ec2(appliance, EC2("DeleteSecurityGroup") "&GroupId=%s", group));
	assert_int_equal(400, ec2(appliance, EC2("DeleteSecurityGroup") "&GroupId=%s", group));
	assert_string_equal("InvalidGroup.NotFound", element(appliance, "Code"));
	free(group);
	free(otherwise);
}

static void groups_rules_and_endpoints_have_tags(void **state)
{
	struct appliance *appliance = *state;
	char *group = create_group(appliance, "web"), rule[32];

	assert_int_equal(200, authorize(appliance, group, "tcp", 443, 443, "10.1.0.0/16"));
	snprintf(rule, sizeof rule, "%s", element(appliance, "securityGroupRuleId"));
	assert_int_equal(
		200, ec2(appliance, EC2("CreateTags") "&ResourceId.1=%s&ResourceId.2=%s&Tag.1.Key=team&Tag.1.Value=red",
			     group, rule));
	assert_int_equal(
		200, ec2(appliance, EC2("DescribeSecurityGroups") "&Filter.1.Name=tag:team&Filter.1.Value.1=r*"));
	assert_string_equal(group, element(appliance, "groupId"));
	assert_int_equal(
		200, ec2(appliance, EC2("DescribeSecurityGroupRules") "&Filter.1.Name=tag-key&Filter.1.Value.1=team"));
	assert_string_equal(rule, element(appliance, "securityGroupRuleId"));
	assert_int_equal(
		200, ec2(appliance, EC2("DeleteTags") "&ResourceId.1=%s&Tag.1.Key=team&Tag.1.Value=blue", group));
	assert_int_equal(200, ec2(appliance, EC2("DescribeSecurityGroups") "&GroupId.1=%s", group));
	assert_true(answer_has(appliance, "<key>team</key>"));
	assert_int_equal(200, ec2(appliance, EC2("DeleteTags") "&ResourceId.1=%s&Tag.1.Key=team", group));
	assert_int_equal(200, ec2(appliance, EC2("DescribeSecurityGroups") "&GroupId.1=%s", group));
	assert_false(answer_has(appliance, "<key>team</key>"));
	assert_int_equal(400, ec2(appliance, EC2("CreateTags") "&ResourceId.1=vpc-0a1b2c3d&Tag.1.Key=a&Tag.1.Value=b"));
	assert_string_equal("InvalidID", element(appliance, "Code"));
	assert_int_equal(
		400, ec2(appliance, EC2("CreateTags") "&ResourceId.1=%s&Tag.1.Key=aws:a&Tag.1.Value=b", group));
	free(group);
}

static void pages_walk_through_all_groups_once(void **state)
{
	struct appliance *appliance = *state;
	char token[64] = "", seen[8][32];
	size_t count = 0;

	for (int i = 0; i < 6; i++) {
		char name[16];

		snprintf(name, sizeof name, "group%d", i);
		free(create_group(appliance, name));
	}
	assert_int_equal(400, ec2(appliance, EC2("DescribeSecurityGroups") "&MaxResults=4"));
	assert_int_equal(200, ec2(appliance, EC2("DescribeSecurityGroups") "&MaxResults=5"));
	snprintf(token, sizeof token, "%s", element(appliance, "nextToken"));
	snprintf(seen[count++], sizeof seen[0], "%s", element(appliance, "groupId"));
	assert_string_not_equal("", token);
	assert_int_equal(200, ec2(appliance, EC2("DescribeSecurityGroups") "&MaxResults=5&NextToken=%s", token));
	assert_string_equal("", element(appliance, "nextToken"));
	snprintf(seen[count++], sizeof seen[0], "%s", element(appliance, "groupId"));
	assert_true(strcmp(seen[0], token) < 0 && strcmp(token, seen[1]) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_are_made_canonical),
		cmocka_unit_test(what_is_no_prefix_is_refused),
		WITH_APPLIANCE(a_default_group_admits_its_vpc_until_it_is_changed),
		WITH_APPLIANCE(only_inbound_rules_that_cover_443_admit),
		WITH_APPLIANCE(groups_of_an_endpoint_add_up_and_unknown_ones_admit_nobody),
		WITH_APPLIANCE(a_rule_for_ipv6_admits_no_ipv4),
		WITH_APPLIANCE(wrong_rules_are_refused_and_nothing_is_kept),
		WITH_APPLIANCE(duplicates_and_unknown_rules_are_told_in_ec2s_words),
		WITH_APPLIANCE(a_rule_is_modified_in_its_place),
		WITH_APPLIANCE(limits_are_ec2s),
		WITH_APPLIANCE(names_are_one_a_vpc_and_of_ec2s_characters),
		WITH_APPLIANCE(an_endpoint_keeps_one_group_of_its_vpc_and_the_group_is_kept_for_it),
		WITH_APPLIANCE(groups_rules_and_endpoints_have_tags),
		WITH_APPLIANCE(pages_walk_through_all_groups_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
