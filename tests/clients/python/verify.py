"""Verifies access tokens with Okta's verifier for Python, as it comes.

Reads a line of JSON for each token: {"token", "issuer", "audience", "way"}, where `way` is "async" or "sync". Answers each with
a line: {"ok": true}, or {"ok": false, "error": the verifier's own words}. A verifier lives as long as this program, as in a
resource server, so that it keeps its keys.
"""

import asyncio
import json
import sys

from okta_jwt_verifier import AccessTokenVerifier

verifiers = {}


async def verify(ask):
    name = (ask["issuer"], ask["audience"])
    if name not in verifiers:
        verifiers[name] = AccessTokenVerifier(issuer=ask["issuer"], audience=ask["audience"])
    if ask["way"] == "sync":
        verifiers[name].verify_sync(ask["token"])
    else:
        await verifiers[name].verify(ask["token"])


async def main():
    for line in sys.stdin:
        try:
            await verify(json.loads(line))
            answer = {"ok": True}
        except Exception as error:
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


asyncio.run(main())
