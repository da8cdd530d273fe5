# SPDX-License-Identifier: GPL-3.0-or-later
"""`postern template render` shows what the gateway's engine makes of a mapping template: of one file with a sample event, and of
batches, which as JSON lines and as one array give the same answers, one line each."""
import json
import pathlib
import subprocess

from lab.appliance import build_folder

VECTORS = pathlib.Path(__file__).parent.parent / "vectors" / "template-vectors.json"
EVENT = {"body": {"name": "Ann", "price": 1.50, "big": 123456789012345678901234567890}, "headers": {"X-Test": "hv"},
         "queryStringParameters": {"q": "1"}, "pathParameters": {"id": "p1"}, "stageVariables": {"table": "t1"},
         "requestContext": {"stage": "prod", "identity": {"sourceIp": "10.0.0.1"}}}


def render(*arguments, text=""):
    text = text if isinstance(text, bytes) else text.encode()
    done = subprocess.run([build_folder() / "postern", "template", "render", *arguments], input=text, capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def batch(text):
    status, lines, _ = render("--batch", "-", text=text)
    return status, [json.loads(line) for line in lines.splitlines()]


def forms(entries):
    lines = "".join(json.dumps(entry) + "\n" for entry in entries)
    yield lines
    yield lines.replace("\n", "\r\n\r\n")
    yield json.dumps(entries, indent=1, ensure_ascii=False)
    yield b"\xef\xbb\xbf" + lines.encode()


def is_as_wanted(vector, answer):
    if answer["name"] != vector["name"]:
        return False
    if "expect_error" in vector:
        return bool(answer["error"])
    after = answer.get("context_after", {})
    return answer.get("output") == vector["expected"] and all(after[place] == wanted for place, wanted in vector.get("context_after", {}).items())


def test_vectors_in_all_forms():
    vectors = [vector for vector in json.loads(VECTORS.read_text()) if vector["undefined"] != "literal"]
    for text in forms(vectors):
        status, answers = batch(text)
        assert status == 0
        assert len(answers) == len(vectors)
        assert [vector["name"] for vector, answer in zip(vectors, answers) if not is_as_wanted(vector, answer)] == []


def test_numbers_keep_what_is_written():
    entry = '{"name": 1, "template": "$a $b $c $input.path(\'$\')", "context": {"a": 1, "b": 1.0, "c": 123456789012345678901234567890,' \
            ' "@input": {"body": "[1,1.0,1e2,-0]"}}}\n'
    status, (answer,) = batch(entry)
    assert (status, answer["name"], answer["output"]) == (0, 1, "1 1.0 123456789012345678901234567890 [1,1.0,100.0,0]")


def test_bad_entries_cost_nobody_else_theirs():
    good = {"name": "good", "template": "#if(true)yes#end", "context": {}}
    wanted = {"name": "good", "output": "yes", "context_after": {"requestOverride": {"path": {}, "querystring": {}, "header": {}}, "responseOverride": {"header": {}}}}
    for bad in ['{"name": "bad", "template"', "[]", '{"name": "bad"}', '{"name": "bad", "template": 1}', '{"name": "bad", "template": "", "context": []}',
                '{"name": "bad", "template": "", "context": {"@input": 1}}']:
        status, answers = batch("\n".join([json.dumps(good), bad, json.dumps(good)]))
        assert status == 1
        assert list(answers[1]) == ["name", "error"]
        assert [answers[0], *answers[2:]] == [wanted, wanted]


def test_errors_are_answers():
    status, answers = batch(json.dumps([{"name": "a", "template": "x\n#if(true)"}, {"name": "b", "template": "$n.substring(9)", "context": {"n": "x"}}]))
    assert status == 0
    assert answers[0] == {"name": "a", "error": "line 2, column 1: #end of this #if is missing"}
    assert list(answers[1]) == ["name", "error"]


def test_a_file_with_a_sample_event(tmp_path):
    template, event = tmp_path / "t.vtl", tmp_path / "event.json"
    template.write_text('#set($b = $input.path("$"))\n$b.name $b.price $b.big $input.params("id") $input.params().header.X-Test $stageVariables.table '
                        '$context.identity.sourceIp\n#set($context.responseOverride.status = 201)\n')
    event.write_text(json.dumps(EVENT))
    output = "Ann 1.5 123456789012345678901234567890 p1 hv t1 10.0.0.1\n"
    status, out, err = render(template, "--event", event)
    assert (status, out) == (0, output)
    assert '"status":201' in err
    status, out, _ = render(template, "--event", event, "--json")
    assert (status, json.loads(out)["output"], json.loads(out)["context_after"]["responseOverride"]) == (0, output, {"header": {}, "status": 201})


def test_events_with_lists_of_values_and_base64(tmp_path):
    event, template = tmp_path / "event.json", tmp_path / "t.vtl"
    template.write_text("$input.params('q') $input.params('X-Test') $input.json('$.a')")
    many = {"multiValueHeaders": {"X-Test": ["1", "2"]}, "multiValueQueryStringParameters": {"q": ["x", "y"]}}
    encoded = {"isBase64Encoded": True, "body": "eyJhIjoiYiJ9"}
    for given, wanted in ((many | encoded, 'y 2 "b"\n'), (many | encoded | {"headers": None, "queryStringParameters": None}, 'y 2 "b"\n'),
                          (many | encoded | {"headers": {"X-Test": "one"}}, 'y one "b"\n'), ({"isBase64Encoded": False, "body": '{"a":1}'}, "  1\n")):
        event.write_text(json.dumps(given))
        assert render(template, "--event", event)[:2] == (0, wanted)
    event.write_text(json.dumps(encoded | {"body": "{}"}))
    status, _, err = render(template, "--event", event)
    assert (status, "not base64" in err) == (1, True)


def test_numbers_that_no_double_holds_are_null():
    for path, wanted in (("$", '{"a":null,"b":[null,1.0]}'), ("$.a", "null"), ("$.b", "[null,1.0]"), ("$..a", "[null]")):
        entry = {"name": "n", "template": f"$input.json('{path}')", "context": {"@input": {"body": '{"a":1e400,"b":[-1e400,1.0]}'}}}
        assert batch(json.dumps(entry))[1][0]["output"] == wanted


def test_batches_of_schemas_answer_each_entry():
    good = {"name": "good", "schema": {"type": "string"}, "body": "x"}
    wanted = {"name": "good", "valid": True, "validationErrorString": None}
    bad = ['{"name": "bad", "schema"', "[]", '{"name": "bad"}', '{"name": "bad", "schema": {"type": 1}, "body": 1}', '{"schema": {}, "body": 01}']
    entries = [json.dumps(good)] + [text for entry in bad for text in (entry, json.dumps(good))]
    for text in ("\n".join(entries), "\ufeff" + "\n".join(entries), "\ufeff[" + ",\n".join(entry if entry != bad[0] else "{bad}" for entry in entries) + "]"):
        done = subprocess.run([build_folder() / "postern", "schema", "validate", "--batch", "-"], input=text.encode(), capture_output=True, timeout=60,
                              check=False)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert (done.returncode, answers[::2]) == (1, [wanted] * (len(bad) + 1))
        assert [list(answer) for answer in answers[1::2]] == [["name", "error"]] * len(bad)


def test_overrides_that_the_gateway_refuses_are_told():
    status, out, err = render("-", text="#set($context.responseOverride.status = 201)#set($context.responseOverride.status = 202)x")
    assert (status, out) == (0, "x\n")
    assert "overridden twice" in err


def test_a_payload_alone(tmp_path):
    body = tmp_path / "body"
    body.write_text("a=b")
    assert render("-", "--body", body, text="[$input.json('$')]")[:2] == (0, '["a=b"]\n')


def test_mistakes_are_told(tmp_path):
    template = tmp_path / "t.vtl"
    template.write_text("{\n  #foreach($x in $y)\n}")
    status, _, err = render(template)
    assert (status, "line 2, column 3: #end of this directive is missing" in err) == (1, True)
    assert render(template, "--batch", "-")[0] == 2
    assert render()[0] == 2
    assert render(tmp_path / "none")[0] == 1
