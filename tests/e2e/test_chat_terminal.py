# SPDX-License-Identifier: Apache-2.0
"""`lares run` at a terminal, key by key. The model is the fake one: it answers every question with 24 letters."""

import json
import re
import stat

import pytest

from harness import terminal
from harness.process import Server
from harness.terminal import Terminal

SERVER = {"model": "fake:step=0ms,slots=2,context=4096,answer=24"}
MULTIPLE = "... "


@pytest.fixture
def chat(server, tmp_path):
    with Terminal("run", "--data", server.data, home=tmp_path) as running:
        running.ready()
        yield running


def said(chat, folder):
    """The conversation as /save writes it: [(role, content)]."""
    path = folder / f"saved-{len(list(folder.iterdir()))}.json"
    assert str(path) in chat.ask(f"/save {path}")
    return [(m["role"], m["content"]) for m in json.loads(path.read_text())["messages"]]


def asked(chat, folder):
    return [content for role, content in said(chat, folder) if role == "user"]


def test_questions_and_answers(chat, tmp_path):
    assert re.search(r"[a-z ]{24}\r\n", chat.ask("One?"))
    chat.ask("Two?")
    conversation = said(chat, tmp_path)
    assert [role for role, _ in conversation] == ["user", "assistant"] * 2
    assert [len(content) for role, content in conversation if role == "assistant"] == [24, 24]
    assert asked(chat, tmp_path) == ["One?", "Two?"]
    chat.enter("/exit")
    assert chat.end() == 0


def test_a_paste_is_one_question(chat, tmp_path):
    """Its line breaks are no Enter, and the one at its end stays the user's."""
    chat.type(terminal.paste("first line\nsecond line\n\nfourth line\n"))
    chat.ask(" and more")
    chat.type(terminal.paste("/exit\n/clear"))
    chat.type(terminal.HOME + "/")
    chat.ask("")
    assert asked(chat, tmp_path) == ["first line\nsecond line\n\nfourth line and more", "/exit\n/clear"]


def test_lines_that_go_on(chat, tmp_path):
    chat.enter('"""one')
    chat.ready(MULTIPLE)
    chat.enter("")
    chat.ready(MULTIPLE)
    chat.ask('three"""')
    chat.enter("a\\")
    chat.ready(MULTIPLE)
    chat.ask("b")
    assert asked(chat, tmp_path) == ["one\n\nthree", "a\nb"]


def test_editing(chat, tmp_path):
    chat.ask("ac" + terminal.LEFT + "b")
    chat.ask("bcd" + terminal.HOME + "a" + terminal.END + "e")
    chat.ask("你好吗" + terminal.BACKSPACE + terminal.LEFT + "们")
    assert asked(chat, tmp_path) == ["abc", "abcde", "你们好"]


def test_history(server, tmp_path):
    with Terminal("run", "--data", server.data, home=tmp_path) as chat:
        chat.ready()
        chat.ask("an early question")
        chat.ask("a late question")
        chat.ask(terminal.UP + terminal.UP + "!")
        assert asked(chat, tmp_path) == ["an early question", "a late question", "an early question!"]
        chat.enter("/exit")
        assert chat.end() == 0
    kept = server.data / "chat_history"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600, "what people ask is theirs alone"
    with Terminal("run", "--data", server.data, home=tmp_path) as chat:
        chat.ready()
        chat.type(terminal.CTRL_R + "late")
        chat.expect("late question")  # the editor draws what is new on the line only
        chat.ask(terminal.END + "?")
        assert asked(chat, tmp_path) == ["a late question?"]


def test_ctrl_c_empties_the_line(chat, tmp_path):
    chat.type("never mind" + terminal.CTRL_C)
    chat.expect(r"\^C")
    chat.ready()
    chat.ask("this one")
    assert asked(chat, tmp_path) == ["this one"]


def test_ctrl_c_stops_the_answer_only(tmp_path):
    with Server("fake:step=5ms,slots=2,context=100000") as server:
        with Terminal("run", "--data", server.data, home=tmp_path) as chat:
            chat.ready()
            for question in ("Endless?", "Again?"):
                chat.enter(question)
                chat.expect(r"[a-z]{3}")
                chat.type(terminal.CTRL_C)
                assert "(stopped)" in chat.ready()
                server.wait_idle()
            assert asked(chat, tmp_path) == ["Endless?", "Again?"]
            assert all(len(content) >= 3 for _, content in said(chat, tmp_path)), "what came before it was stopped counts"
            chat.type(terminal.CTRL_D)
            assert chat.end() == 0


def test_system_and_clear(chat, tmp_path):
    assert "no instructions" in chat.ask("/system")
    chat.ask("/system Answer in rhymes.")
    assert "Answer in rhymes." in chat.ask("/system")
    chat.ask("Why?")
    conversation = said(chat, tmp_path)
    assert conversation[:2] == [("system", "Answer in rhymes."), ("user", "Why?")]
    assert "forgotten" in chat.ask("/clear")
    assert said(chat, tmp_path) == [("system", "Answer in rhymes.")]
    chat.ask("/system -")
    chat.ask("Still there?")
    assert [role for role, _ in said(chat, tmp_path)] == ["user", "assistant"]


def test_save(chat, tmp_path):
    chat.ask("Why?")
    page = tmp_path / "chat.md"
    chat.ask(f"/save {page}")
    assert "**You:** Why?" in page.read_text()
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    page.write_text("precious")
    assert "cannot write" in chat.ask(f"/save {page}")
    assert page.read_text() == "precious"
    assert "needs the name of a file" in chat.ask("/save")


def test_what_is_no_command(chat, tmp_path):
    assert "/help" in chat.ask("/nonsense")
    assert "/system TEXT" in chat.ask("/help")
    chat.ask("//nonsense is a word")
    chat.ask("   ")
    assert asked(chat, tmp_path) == ["/nonsense is a word"]


@pytest.mark.parametrize("word", ["/exit", "/quit", "/bye"])
def test_leaving(chat, word):
    chat.enter(word)
    assert chat.end() == 0
