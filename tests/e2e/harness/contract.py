# SPDX-License-Identifier: Apache-2.0
"""api/openapi.yaml as a judge of real answers."""

import functools
import json
import re

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from .settings import ROOT

PATH = ROOT / "api" / "openapi.yaml"
_METHODS = ("get", "post", "put", "delete", "patch", "options", "head")
_BASE = "urn:lares"


@functools.cache
def document():
    return _with_text_keys(yaml.safe_load(PATH.read_text()))


def _with_text_keys(node):
    """YAML reads the key 200 as a number; a JSON pointer knows only text."""
    if isinstance(node, dict):
        return {str(key): _with_text_keys(value) for key, value in node.items()}
    return [_with_text_keys(value) for value in node] if isinstance(node, list) else node


def operations():
    """(METHOD, path) of everything the contract names."""
    return {(m.upper(), path) for path, item in document()["paths"].items() for m in item if m in _METHODS}


@functools.cache
def _registry():
    return Registry().with_resource(_BASE, Resource(document(), DRAFT202012))


@functools.cache
def _patterns():
    return [
        (re.compile("^" + re.sub(r"\\\{\w+\\\}", ".+", re.escape(path)) + "$"), path)
        for path in sorted(document()["paths"], key=lambda p: p.count("{"))
    ]


def template_of(path):
    """The contract's path for a request's path, or None."""
    return next((template for pattern, template in _patterns() if pattern.match(path)), None)


def resolve(node):
    while "$ref" in node:
        target = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def _pointer(*parts):
    return _BASE + "#/" + "/".join(str(p).replace("~", "~0").replace("/", "~1") for p in parts)


def validator(pointer):
    return Draft202012Validator({"$ref": pointer}, registry=_registry())


@functools.cache
def _response(method, template, status):
    """(pointer, response object) for an answer, or None: the exact status, its class, else the default."""
    responses = document()["paths"][template].get(method.lower(), {}).get("responses", {})
    for code in (str(status), f"{status // 100}XX", "default"):
        if code not in responses:
            continue
        node, where = responses[code], ("paths", template, method.lower(), "responses", code)
        if "$ref" in node:
            where = tuple(node["$ref"].removeprefix("#/").split("/"))
            node = resolve(node)
        return where, node
    return None


def _schema_pointer(where, media):
    return _pointer(*where, "content", media, "schema")


def _first_problem(pointer, value):
    error = next(iter(sorted(validator(pointer).iter_errors(value), key=lambda e: -len(e.absolute_path))), None)
    if error is None:
        return None
    while error.context:
        error = min(error.context, key=lambda e: (-len(e.absolute_path), len(e.message)))
    return f"{'.'.join(map(str, error.absolute_path)) or 'answer'}: {error.message[:300]}"


def _check_stream(pointer, exchange):
    events = [line[6:] for line in exchange.body.split(b"\n") if line.startswith(b"data: ")]
    if not exchange.complete and events and not exchange.body.endswith(b"\n\n"):
        events.pop()  # cut by the client
    for event in events:
        if event == b"[DONE]":
            continue
        if problem := _first_problem(pointer, json.loads(event)):
            return f"event {event[:200]!r}: {problem}"
    return None


def _check(exchange):
    template = template_of(exchange.path)
    if template is None or exchange.method.lower() not in document()["paths"][template]:
        # What is not there is answered by an error in the common shape.
        if exchange.status in (404, 405):
            return _first_problem(_pointer("components", "schemas", "Error"), json.loads(exchange.body))
        # HEAD and OPTIONS come with every path.
        if exchange.method in ("HEAD", "OPTIONS") or exchange.status in (400, 403, 431, 408, 505):
            return None
        return "the contract has no such route"
    found = _response(exchange.method, template, exchange.status)
    if found is None:
        return "the contract has no such status"
    where, response = found
    content = response.get("content")
    media = exchange.content_type.split(";")[0]
    if not content:
        return None if not exchange.body else "the contract says that there is no body"
    if media not in content:
        return f"the contract knows {', '.join(content)}, not {media or 'no type'}"
    if "schema" not in content[media]:
        return None
    pointer = _schema_pointer(where, media)
    if media == "text/event-stream":
        return _check_stream(pointer, exchange)
    if media == "application/json":
        return _first_problem(pointer, json.loads(exchange.body)) if exchange.complete else None
    return None


def problems(exchanges):
    found = []
    for exchange in exchanges:
        if problem := _check(exchange):
            found.append(f"{exchange.method} {exchange.path} -> {exchange.status}: {problem}")
    return found
