# SPDX-License-Identifier: Apache-2.0
"""api/openapi.yaml against the server's routes. The answers of all other tests are held against it too: conftest.py."""

import re

import pytest
from jsonschema import Draft202012Validator

from harness import contract, settings, wire

SERVER = {"model": "fake:step=0ms,slots=2,context=512"}
ROUTE_TABLE = settings.ROOT / "src/http/api/route_table.cc"


def served():
    """The server's own table: what it does not name is answered 404."""
    found = re.findall(r'\{kM?(Get|Post|Put|Delete|Patch),\s*"([^"]+)"', ROUTE_TABLE.read_text())
    assert len(found) >= 10, "the table is no longer written as this test reads it"
    return {(method.upper(), path) for method, path in found}


def test_routes_and_contract_name_the_same():
    assert contract.operations() == served()


@pytest.mark.parametrize("operation", sorted(contract.operations()), ids=" ".join)
def test_each_operation_is_there(server, operation):
    method, path = operation
    path = re.sub(r"\{\w+\}", "fake", path)
    answer = wire.request(server, method, path, b"{}" if method == "POST" else None)
    assert answer.status not in (404, 405, 501) and answer.status < 500
    allowed = wire.request(server, "OPTIONS", path).headers["allow"]
    assert method in allowed
    others = {m for m, p in contract.operations() if re.sub(r"\{\w+\}", "fake", p) == path} | {"HEAD", "OPTIONS"}
    assert set(allowed.replace(" ", "").split(",")) <= others, "a method that the contract does not name"


def test_paths_beside_the_contract_are_404(server):
    for path in (
        "/v1",
        "/v1/",
        "/v2/models",
        "/v1/files",
        "/v1/responses",
        "/admin",
        "/debug",
        "/props",
        "/slots",
        "/v1/models/../x",
    ):
        assert wire.request(server, "GET", path).status == 404, path


def test_the_contract_is_one():
    document = contract.document()
    assert document["openapi"].startswith("3.1"), "its schemas are JSON Schema 2020-12"
    for name, schema in document["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert schema.get("description") or schema.get("$ref") or schema.get("title") or schema.get("allOf"), name
    references = re.findall(r"\$ref: [\"']?(#[^\"'\s}]+)", contract.PATH.read_text())
    for reference in references:
        contract.resolve({"$ref": reference})


def test_every_operation_names_its_errors():
    for method, path in contract.operations():
        responses = contract.document()["paths"][path][method.lower()]["responses"]
        assert set(responses) & {"default", "4XX", "400", "503"}, (method, path)
