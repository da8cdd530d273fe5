# SPDX-License-Identifier: GPL-3.0-or-later
"""An IAM user of an appliance, and the clients that sign with its key."""
import json

from .appliance import ACCOUNT, REGION
from .signed import signed


def statement(action, resource="*", effect="Allow", **members):
    return {"Effect": effect, "Action": action, "Resource": resource, **members}


def identity_policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class User:
    """With one inline policy, `p`, of these statements. As a context: deleted with all that it has at the end."""

    def __init__(self, appliance, name, *statements, path="/", tags=()):
        self.appliance, self.name, self.iam = appliance, name, appliance.boto3("iam")
        self.user = self.iam.create_user(UserName=name, Path=path, Tags=[{"Key": k, "Value": v} for k, v in tags])["User"]
        if statements:
            self.allow(*statements)
        made = self.iam.create_access_key(UserName=name)["AccessKey"]
        self.key = made["AccessKeyId"], made["SecretAccessKey"]
        self.clients = {}

    def allow(self, *statements):
        self.iam.put_user_policy(UserName=self.name, PolicyName="p", PolicyDocument=identity_policy(*statements))

    @property
    def arn(self):
        return f"arn:aws:iam::{ACCOUNT}:user{self.user['Path']}{self.name}"

    def client(self, service):
        import boto3
        from botocore.config import Config
        if service not in self.clients:
            self.clients[service] = boto3.client(
                service, endpoint_url=self.appliance.management, region_name=REGION, aws_access_key_id=self.key[0],
                aws_secret_access_key=self.key[1], config=Config(retries={"max_attempts": 0}))
        return self.clients[service]

    def signed(self, method, path, body=b"", **options):
        return signed(self.appliance, method, path, body, key=self.key, **options)

    def refusal(self, method, path, body=b"", **options):
        """The message with which a call must be refused."""
        answer = self.signed(method, path, body, **options)
        assert (answer.status, answer.code) == (403, "AccessDeniedException"), answer
        return answer.message

    def delete(self):
        for key in self.iam.list_access_keys(UserName=self.name)["AccessKeyMetadata"]:
            self.iam.delete_access_key(UserName=self.name, AccessKeyId=key["AccessKeyId"])
        for policy in self.iam.list_user_policies(UserName=self.name)["PolicyNames"]:
            self.iam.delete_user_policy(UserName=self.name, PolicyName=policy)
        for policy in self.iam.list_attached_user_policies(UserName=self.name)["AttachedPolicies"]:
            self.iam.detach_user_policy(UserName=self.name, PolicyArn=policy["PolicyArn"])
        self.iam.delete_user(UserName=self.name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.delete()
