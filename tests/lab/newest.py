# SPDX-License-Identifier: GPL-3.0-or-later
"""API Gateway's service model as botocore has it, with the members and operations that AWS has added since Debian's version: a
client of today's service, made of the model that is there and one small table."""
import copy
import json

SERVICE, VERSION = "apigateway", "2015-07-09"

# Shape -> members that it lacks: texts all; a member of a request that travels in the query is marked "?".
MEMBERS = {
    "EndpointConfiguration": ["ipAddressType"],
    "CreateRestApiRequest": ["securityPolicy", "endpointAccessMode"],
    "RestApi": ["rootResourceId", "securityPolicy", "endpointAccessMode", "apiStatus", "apiStatusMessage"],
    "CreateDomainNameRequest": ["endpointAccessMode", "policy", "routingMode"],
    "DomainName": ["domainNameId", "domainNameArn", "endpointAccessMode", "policy", "managementPolicy", "routingMode"],
    "PutIntegrationRequest": ["responseTransferMode", "integrationTarget"],
    "Integration": ["responseTransferMode", "integrationTarget"],
    "GetDomainNamesRequest": ["?resourceOwner"],
    **{f"{operation}Request": ["?domainNameId"] for operation in (
        "GetDomainName", "UpdateDomainName", "DeleteDomainName", "CreateBasePathMapping", "GetBasePathMapping", "GetBasePathMappings",
        "UpdateBasePathMapping", "DeleteBasePathMapping")},
}

ASSOCIATION = ["domainNameAccessAssociationArn", "domainNameArn", "accessAssociationSourceType", "accessAssociationSource", "tags"]

# Operation -> method, URI, status, required members of its input, others, members of its output (None: no output).
OPERATIONS = {
    "CreateDomainNameAccessAssociation": ("POST", "/domainnameaccessassociations", 201, ASSOCIATION[1:4], ["tags"], ASSOCIATION),
    "GetDomainNameAccessAssociations": ("GET", "/domainnameaccessassociations", 200, [], ["?position", "?limit", "?resourceOwner"], ["position", "items"]),
    "DeleteDomainNameAccessAssociation": ("DELETE", "/domainnameaccessassociations/{domain_name_access_association_arn}", 202, ["/domainNameAccessAssociationArn"], [], None),
    "RejectDomainNameAccessAssociation": ("POST", "/rejectdomainnameaccessassociations", 202, ["?domainNameAccessAssociationArn", "?domainNameArn"], [], None),
}
SHAPES = {"tags": "MapOfStringToString", "limit": "NullableInteger", "items": "ListOfDomainNameAccessAssociation"}


def member_of(name):
    if name.startswith("?"):
        return name[1:], {"shape": SHAPES.get(name[1:], "String"), "location": "querystring", "locationName": name[1:]}
    if name.startswith("/"):
        return name[1:], {"shape": "String", "location": "uri", "locationName": "domain_name_access_association_arn"}
    wire = {"locationName": "item"} if name == "items" else {}
    return name, {"shape": SHAPES.get(name, "String"), **wire}


def structure(required, others):
    return {"type": "structure", "required": [member_of(name)[0] for name in required], "members": dict(map(member_of, [*required, *others]))}


def service_model():
    """The model as JSON has it: {"operations": {...}, "shapes": {...}, ...}."""
    import botocore.session
    found = botocore.session.get_session().get_component("data_loader").load_service_model(SERVICE, "service-2", VERSION)
    model = copy.deepcopy(json.loads(json.dumps(found)))
    shapes = model["shapes"]
    for shape, names in MEMBERS.items():
        for name, member in map(member_of, names):
            shapes[shape]["members"].setdefault(name, member)
    shapes.setdefault("DomainNameAccessAssociation", structure([], ASSOCIATION))
    shapes.setdefault(SHAPES["items"], {"type": "list", "member": {"shape": "DomainNameAccessAssociation"}})
    for name, (method, uri, status, required, others, output) in OPERATIONS.items():
        if name in model["operations"]:
            continue
        shapes[f"{name}Request"] = structure(required, others)
        model["operations"][name] = {"name": name, "http": {"method": method, "requestUri": uri, "responseCode": status}, "input": {"shape": f"{name}Request"}}
        if output:
            shapes[f"{name}Response"] = structure([], output)
            model["operations"][name]["output"] = {"shape": f"{name}Response"}
    return model


def client(appliance, folder):
    """A client of the appliance that knows that model, which is written below `folder`."""
    import botocore.session
    from botocore.config import Config
    path = folder / SERVICE / VERSION
    path.mkdir(parents=True, exist_ok=True)
    (path / "service-2.json").write_text(json.dumps(service_model()))
    session = botocore.session.Session()
    session.get_component("data_loader").search_paths.insert(0, str(folder))
    key, secret = appliance.credentials()
    return session.create_client(SERVICE, region_name="us-east-1", endpoint_url=appliance.management, aws_access_key_id=key,
                                 aws_secret_access_key=secret, config=Config(retries={"max_attempts": 0}, read_timeout=30))
