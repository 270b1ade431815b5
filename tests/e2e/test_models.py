# SPDX-License-Identifier: Apache-2.0
import hashlib
from pathlib import Path

import openai
import pytest

from harness import settings
from harness.deadline import until

SERVER = {"flags": ["--served-name", "default,house-model"]}


def test_list_and_retrieve(client):
    models = client.models.list().data
    ids = [m.id for m in models]
    assert ids[0] == settings.model_name()
    assert not any("/" in i for i in ids), "a name, never a path"
    card = client.models.retrieve(settings.model_name())
    assert card.object == "model" and card.created > 0 and card.owned_by
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nobody")


def test_the_card_tells_context_and_digest(client):
    def digest():
        card = client.models.retrieve(settings.model_name()).model_dump()
        assert 2048 in card.values() or any(2048 in v.values() for v in card.values() if isinstance(v, dict)), card
        text = str(card)
        return hashlib.sha256(Path(settings.MODEL).read_bytes()).hexdigest() in text

    until(digest, "the card has the file's SHA-256")


def test_no_answer_tells_where_the_file_lies(server):
    folder = str(Path(settings.MODEL).parent)
    for path in ("/v1/models", "/health", "/metrics", "/", "/readyz", "/livez", "/v1/models/nobody"):
        assert folder not in server.get(path).text, path


@pytest.mark.parametrize("name", ["default", "house-model", "FILE", ""])
def test_names_it_answers_to(client, name):
    name = settings.model_name() + ".gguf" if name == "FILE" else name
    answer = client.chat.completions.create(model=name, messages=[{"role": "user", "content": "Hi"}], max_tokens=1)
    assert answer.model in (settings.model_name(), name)


def test_an_unknown_name_lists_what_there_is(client):
    with pytest.raises(openai.NotFoundError) as error:
        client.chat.completions.create(model="gpt-4", messages=[{"role": "user", "content": "Hi"}])
    assert error.value.code == "model_not_found" and error.value.param == "model"
    assert settings.model_name() in str(error.value) and "gpt-4" in str(error.value)
