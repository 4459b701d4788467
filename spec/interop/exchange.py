"""One CreateSession by AWS's Python package; prints what the JavaScript SDK takes."""

import json

from checks import ARNS, ENDPOINT, PKI, REGION
from iam_rolesanywhere_session import IAMRolesAnywhereSession

session = IAMRolesAnywhereSession(
    **ARNS,
    certificate=str(PKI / "rsa2048.crt.pem"),
    private_key=str(PKI / "rsa2048.key.pkcs8.pem"),
    certificate_chain=str(PKI / "intermediate.pem"),
    region=REGION,
    endpoint=ENDPOINT["https"].removeprefix("https://"),
    verify=ENDPOINT["ca_file"],
)
credentials = session.get_session().get_credentials().get_frozen_credentials()
print(
    json.dumps(
        {
            "accessKeyId": credentials.access_key,
            "secretAccessKey": credentials.secret_key,
            "sessionToken": credentials.token,
        }
    )
)
