# SPDX-License-Identifier: Apache-2.0
"""Answers that keep a form: JSON object, JSON schema, grammar."""

import json
import re

import openai
import pytest
from jsonschema import validate

from harness import settings

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 12},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "tags": {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 1, "maxItems": 3},
    },
    "required": ["name", "age", "tags"],
    "additionalProperties": False,
}


def ask(client, **more):
    more.setdefault("messages", [{"role": "user", "content": "Describe a person as JSON."}])
    more.setdefault("max_tokens", 200)
    more.setdefault("temperature", 0)
    return client.chat.completions.create(model=settings.model_name(), **more)


def schema(value, **more):
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": value, **more}}


@pytest.mark.parametrize("options", [{}, {"temperature": 1.5, "seed": 11}, {"temperature": 1.0, "seed": 3, "n": 3}])
def test_json_schema(client, options):
    for choice in ask(client, response_format=schema(PERSON, strict=True), **options).choices:
        assert choice.finish_reason == "stop"
        validate(json.loads(choice.message.content), PERSON)


def test_json_schema_in_a_stream(client):
    chunks = ask(client, response_format=schema(PERSON), stream=True)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    validate(json.loads(text), PERSON)


def test_json_object(client):
    for seed in range(3):
        answer = ask(client, response_format={"type": "json_object"}, temperature=1.0, seed=seed, max_tokens=300)
        if answer.choices[0].finish_reason == "stop":
            assert isinstance(json.loads(answer.choices[0].message.content), dict)
        else:
            assert answer.choices[0].message.content.lstrip().startswith("{")


def test_text_is_a_format(client):
    assert ask(client, response_format={"type": "text"}, max_tokens=4).choices[0].message.content


def test_parse_of_the_sdk(client):
    import pydantic

    class Colour(pydantic.BaseModel):
        name: str = pydantic.Field(max_length=12)
        warm: bool

    answer = client.chat.completions.parse(
        model=settings.model_name(),
        response_format=Colour,
        max_tokens=100,
        messages=[{"role": "user", "content": "Name a colour."}],
        temperature=0,
    )
    assert isinstance(answer.choices[0].message.parsed, Colour)


def test_grammar(client):
    grammar = 'root ::= ("yes" | "no") " because " [a-z ]{5,20} "."'
    answer = ask(client, extra_body={"grammar": grammar})
    assert re.fullmatch(r"(yes|no) because [a-z ]{5,20}\.", answer.choices[0].message.content)


def nested(depth):
    value = {"type": "string"}
    for _ in range(depth):
        value = {"type": "object", "properties": {"a": value}}
    return value


@pytest.mark.parametrize(
    "value, path",
    [
        ({"type": "object", "properties": {"a": {"type": "string", "if": {"maxLength": 3}}}}, "properties.a.if"),
        ({"type": "objekt"}, "type"),
        ({"$ref": "#/nowhere"}, "$ref"),
        ({"type": "string", "maxLength": 10**9}, "maxLength"),
        ({"type": "array", "items": {"type": "string"}, "minItems": 10**12}, "minItems"),
        (nested(400), ""),
        ({"type": "string", "pattern": "^(((((a{1000}){1000}){1000}$"}, "pattern"),
    ],
    ids=["unsupported", "type", "reference", "long", "many", "deep", "pattern"],
)
def test_a_schema_that_cannot_be_kept(client, value, path):
    with pytest.raises(openai.BadRequestError) as error:
        ask(client, response_format=schema(value), max_tokens=8)
    assert error.value.param.startswith("response_format"), error.value
    if path:
        assert path.split(".")[-1] in str(error.value)


@pytest.mark.parametrize(
    "form, param",
    [
        ({"type": "xml"}, "response_format"),
        ({"type": "json_schema"}, "response_format"),
        ("json", "response_format"),
        ({"type": "json_schema", "json_schema": {"name": "a", "schema": 5}}, "response_format"),
    ],
)
def test_a_format_that_is_none(client, form, param):
    with pytest.raises(openai.BadRequestError) as error:
        ask(client, response_format=form)
    assert error.value.param.startswith(param)


@pytest.mark.parametrize(
    "grammar",
    [
        "root ::= (",
        'start ::= "a"',
        "root ::= other",
        "root ::= " + "(" * 5000 + '"a"' + ")" * 5000,
        'root ::= "a"{1,1000000000}',
        'root ::= root "a" | "b"',
    ],
    ids=["open", "no-root", "unknown-rule", "deep", "repeats", "left-recursion"],
)
def test_a_grammar_that_cannot_be_kept(client, grammar):
    with pytest.raises(openai.BadRequestError):
        ask(client, extra_body={"grammar": grammar}, max_tokens=8)
