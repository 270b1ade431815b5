# SPDX-License-Identifier: Apache-2.0
"""Tool calls on a model of 135 million parameters: what is required is forced by a grammar."""

import json

import openai
import pytest
from jsonschema import validate

from harness import settings

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "maxLength": 20},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["city", "unit"],
            "additionalProperties": False,
        },
    },
}
TIME = {
    "type": "function",
    "function": {
        "name": "get_time",
        "parameters": {
            "type": "object",
            "properties": {"zone": {"type": "string", "maxLength": 20}},
            "required": ["zone"],
            "additionalProperties": False,
        },
    },
}
TOOLS = {t["function"]["name"]: t for t in (WEATHER, TIME)}
QUESTION = [{"role": "user", "content": "What is the weather in Paris?"}]


def ask(client, **more):
    more.setdefault("tools", [WEATHER, TIME])
    more.setdefault("messages", QUESTION)
    more.setdefault("max_tokens", 200)
    return client.chat.completions.create(model=settings.model_name(), temperature=0, **more)


def check_calls(calls, allowed):
    assert calls
    for call in calls:
        assert call.id and call.type == "function"
        assert call.function.name in allowed
        validate(json.loads(call.function.arguments), TOOLS[call.function.name]["function"]["parameters"])


def test_required(client):
    answer = ask(client, tool_choice="required")
    assert answer.choices[0].finish_reason == "tool_calls"
    check_calls(answer.choices[0].message.tool_calls, TOOLS)


@pytest.mark.parametrize("name", list(TOOLS))
def test_named(client, name):
    answer = ask(client, tool_choice={"type": "function", "function": {"name": name}})
    check_calls(answer.choices[0].message.tool_calls, {name})


def test_allowed_tools(client):
    answer = ask(
        client,
        tool_choice={
            "type": "allowed_tools",
            "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "get_time"}}]},
        },
    )
    check_calls(answer.choices[0].message.tool_calls, {"get_time"})


def test_one_call_at_most(client):
    answer = ask(client, tool_choice="required", parallel_tool_calls=False)
    assert len(answer.choices[0].message.tool_calls) == 1


def test_none_and_auto(client):
    answer = ask(client, tool_choice="none", max_tokens=24)
    assert not answer.choices[0].message.tool_calls and answer.choices[0].message.content
    answer = ask(client, tool_choice="auto", max_tokens=24)
    assert answer.choices[0].message.content or answer.choices[0].message.tool_calls
    answer = ask(client, max_tokens=24)  # auto is the default
    assert answer.choices[0].message.content or answer.choices[0].message.tool_calls


def test_a_call_in_a_stream(client):
    whole = ask(client, tool_choice="required", parallel_tool_calls=False).choices[0].message.tool_calls[0]
    name, arguments, ids, reasons = "", "", set(), []
    for chunk in ask(client, tool_choice="required", parallel_tool_calls=False, stream=True):
        choice = chunk.choices[0]
        for part in choice.delta.tool_calls or []:
            assert part.index == 0
            ids |= {part.id} - {None}
            name += part.function.name or ""
            arguments += part.function.arguments or ""
        reasons += [choice.finish_reason] if choice.finish_reason else []
    assert (name, json.loads(arguments)) == (whole.function.name, json.loads(whole.function.arguments))
    assert len(ids) == 1 and reasons == ["tool_calls"]


def test_a_conversation_with_a_result(client):
    call = ask(client, tool_choice="required", parallel_tool_calls=False).choices[0].message.tool_calls[0]
    answer = ask(
        client,
        max_tokens=16,
        messages=[
            *QUESTION,
            {"role": "assistant", "content": None, "tool_calls": [call.model_dump()]},
            {"role": "tool", "tool_call_id": call.id, "content": '{"degrees": 21}'},
        ],
        tool_choice="none",
    )
    assert answer.choices[0].message.content


@pytest.mark.parametrize(
    "choice, param",
    [
        ({"type": "function", "function": {"name": "nobody"}}, "tool_choice"),
        ("sometimes", "tool_choice"),
        (5, "tool_choice"),
        ({"type": "function"}, "tool_choice"),
    ],
)
def test_a_wrong_choice(client, choice, param):
    with pytest.raises(openai.BadRequestError) as error:
        ask(client, tool_choice=choice)
    assert error.value.param.startswith(param)


def test_required_without_tools(client):
    with pytest.raises(openai.BadRequestError) as error:
        ask(client, tools=openai.NOT_GIVEN, tool_choice="required")
    assert error.value.param in ("tool_choice", "tools")


@pytest.mark.parametrize(
    "tools, param",
    [
        ([{"type": "function", "function": {"name": "a b", "parameters": {}}}], "tools[0].function.name"),
        ([{"type": "function"}], "tools[0].function"),
        ("get_weather", "tools"),
        (
            [{"type": "function", "function": {"name": "f", "parameters": {"type": "objekt"}}}],
            "tools[0].function.parameters",
        ),
    ],
)
def test_a_wrong_tool(client, tools, param):
    with pytest.raises(openai.BadRequestError) as error:
        ask(client, tools=tools, tool_choice="required")
    assert error.value.param.startswith(param)
