# SPDX-License-Identifier: GPL-3.0-or-later
"""Handlers in Python."""
import json


def echo(event, context):
    """The event, as the body of a proxy's answer."""
    return {"statusCode": 202, "headers": {"X-Runtime": "python"}, "body": json.dumps(event)}
