# SPDX-License-Identifier: GPL-3.0-or-later
"""An appliance with two NICs: booted, managed by aws over the one, attached to the private subnet by the other. It serves whom the
policy allows and resets the others, over both families."""
from guest import only_from, two_nics
from lab.appliance import allow


def test_boot_attach_policy_allowed_and_denied(guest, subnet):
    made = guest(two_nics(subnet)).start().attach()
    api = made.serve(allow())
    made.serves(api)
    made.serves(api, subnet.denied)
    made.set_policy(api, allow(), only_from(subnet.allowed))
    made.serves(api)
    made.refuses(subnet.denied)
    assert made.aws("apigateway", "get-rest-apis")["items"][0]["id"] == api
    made.set_policy(api, allow(), only_from(subnet.denied))
    made.serves(api, subnet.denied)
    made.refuses(subnet.allowed)
