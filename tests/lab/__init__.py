# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab that demo, scenarios and benchmark share: a private subnet of network namespaces with client hosts, a back end
(a real nginx), the appliance under test and the clients that an operator has (aws, boto3, curl, dig, openssl)."""
