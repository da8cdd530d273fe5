# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches of the policy commands: JSON lines and one array give the same answers, one line each; a bad case costs nobody else
theirs, and the exit status tells of it."""
import json
import pathlib
import subprocess

import pytest

from lab.appliance import build_folder

VECTORS = pathlib.Path(__file__).parent.parent / "vectors"
ALLOW = {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}
ASK = {"resource": "arn:aws:execute-api:us-east-1:111122223333:a1b2c3d4e5/prod/GET/"}
GOOD = json.dumps({"id": "good", "policy": ALLOW, "request": ASK, "nobody": {"knows": ["this"]}})
ANSWER = {"id": "good", "verdict": "Allow", "by": 0}


def batch(part, text):
    text = text if isinstance(text, bytes) else text.encode()
    done = subprocess.run([build_folder() / "postern", "policy", part, "--batch", "-"], input=text, capture_output=True, timeout=60, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.decode().splitlines()], done.stderr.decode()


def forms(cases):
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    yield lines
    yield lines.replace("\n", "\r\n\r\n")
    yield lines.rstrip("\n")
    yield json.dumps(cases)
    yield json.dumps(cases, indent=3, ensure_ascii=False)
    yield b"\xef\xbb\xbf" + lines.encode()
    yield b"\xef\xbb\xbf \n" + json.dumps(cases).encode()


@pytest.mark.parametrize("name", ["policy-vectors.json", "policy-cases.json"])
def test_evaluate_in_all_forms(name):
    cases = json.loads((VECTORS / name).read_text())
    wanted = [{"id": case["id"], "verdict": case["expect"], "by": case["by"]} for case in cases]
    for text in forms(cases):
        assert batch("evaluate", text) == (0, wanted, "")


def test_filter_in_all_forms():
    cases = json.loads((VECTORS / "filter-vectors.json").read_text())
    for text in forms(cases):
        assert batch("filter", text) == (0, [{"id": case["id"], "filter": case["expect"]} for case in cases], "")


@pytest.mark.parametrize("bad, id", [
    ('{"id": "bad", "policy": {"Statement": {}, "Statement": []}}', "bad"),
    ('{"policy": [{"id": 1}, "\\"{"], "id": 7, "policy": 1}', 7),
    ('{"id": [1], bad}', [1]),
    ('{bad}', None), ('1', None), ('null', None), ('"text"', None), ("[[]]", None), ("{}", None),
    ('{"id": {"a": 2.50}, "policy": 5, "request": {}}', {"a": 2.5}),
    (json.dumps({"id": True, "policy": {"Statement": {"Effect": "allow"}}, "request": ASK}), True),
    (json.dumps({"id": False, "policy": ALLOW, "request": {"resource": ASK["resource"], "principal": "nobody"}}), False),
])
@pytest.mark.parametrize("part", ["evaluate", "explain", "filter"])
def test_a_bad_case_costs_nobody_else_the_answer(bad, id, part):
    for text in (f"{GOOD}\n{bad}\n{GOOD}", f"[{GOOD},\n {bad}\n , {GOOD}]"):
        status, answers, said = batch(part, text)
        assert status == 1 and said == "" and len(answers) == 3
        assert answers[1]["id"] == id and answers[1]["error"] and set(answers[1]) == {"id", "error"}
        if part == "evaluate":
            assert answers[0] == answers[2] == ANSWER


@pytest.mark.parametrize("text", [f"[{GOOD}", f"[{GOOD}] {GOOD}", f"[{GOOD} 1]", f"[{GOOD},"])
def test_an_array_that_ends_wrongly(text):
    status, answers, said = batch("evaluate", text)
    assert status == 1 and (ANSWER in answers or "error" in answers[0]) and (said or "error" in answers[-1])


def changed(case, turn):
    """The case with the changes that a turn lists, and nothing else."""
    made = json.loads(json.dumps(case))
    context = made["request"].setdefault("context", {})
    for change in turn["changes"]:
        if change["of"] in ("caller", "resource"):
            made["request"]["principal" if change["of"] == "caller" else "resource"] = change["to"]
            continue
        for name in [name for name in context if name.lower() == change["of"].lower()]:
            del context[name]
        if change["to"] is not None:
            context[change["of"]] = change["to"]
    return made


@pytest.mark.parametrize("name", ["policy-vectors.json", "policy-cases.json"])
def test_what_explain_would_change_turns_the_verdict(name):
    cases = json.loads((VECTORS / name).read_text())
    status, explained, said = batch("explain", json.dumps(cases))
    assert (status, said) == (0, "") and [one["verdict"] for one in explained] == [case["expect"] for case in cases]
    turns = [(case, turn) for case, one in zip(cases, explained) for turn in one["turns"]]
    answers = batch("evaluate", json.dumps([changed(case, turn) for case, turn in turns]))[1]
    assert [answer["verdict"] for answer in answers] == [turn["verdict"] for _, turn in turns]
    assert all((turn["verdict"] == "Allow") != (case["expect"] == "Allow") for case, turn in turns)
    assert sum(not one["turns"] for one in explained) < len(cases) / 3


@pytest.mark.parametrize("text", ["", "\n \n", "[]", " [ ]\n"])
def test_nothing_to_do(text):
    assert batch("evaluate", text) == (0, [], "")
