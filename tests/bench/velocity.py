# SPDX-License-Identifier: GPL-3.0-or-later
"""The template of tests/bench in our engine and in Apache Velocity 1.7 on a JVM that is warm.

CPU time of the rendering thread, each payload read anew, both outputs the same; the median of pairs measured one right after the
other. bench.py asks.
"""
import json
import pathlib
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
WARM_SECONDS, PAIRS, SECONDS = 12, 7, 1
JARS = ("velocity", "json-path", "json-smart", "accessors-smart", "slf4j-api", "slf4j-nop", "commons-lang", "commons-collections3")

# As tests/bench/template_cost.c has it.
AGENT = "bench/1.0 (it's a \"test\")"
CONTEXT = {"context": {"apiId": "a1b2c3d4e5", "stage": "prod", "httpMethod": "POST", "resourcePath": "/orders",
                       "requestId": "8d806089-46cf-4172-baee-aebe038de750", "identity": {"sourceIp": "10.0.0.1", "userAgent": AGENT}},
           "stageVariables": {"table": "orders-prod"}}
PARAMETERS = {"path": {"store": "north"}, "querystring": {"origin": "https://a.example/x?y"}, "header": {"Accept": "application/json", "User-Agent": AGENT}}


class Engine:
    """A program that measures when it is asked to."""

    def __init__(self, *command):
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.process.args[0]} ended with {self.process.wait(20)}")
        return answer

    def output(self):
        return json.loads(self.ask(""))["output"]

    def ns(self, seconds):
        return float(self.ask(str(seconds)))

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)


def measure(build, say):
    case = {"template": (HERE / "template.vtl").read_text(),
            "context": {**CONTEXT, "@input": {"body": (HERE / "template_body.json").read_text(), "params": PARAMETERS}}}
    classes = ":".join([f"/usr/share/java/{jar}.jar" for jar in JARS] + [str(build / "oracle")])
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "case.json"
        file.write_text(json.dumps(case))
        engines = []
        try:
            engines.append(Engine(build / "oracle/engine", "bench", file))
            engines.append(Engine("java", "-Xms256m", "-cp", classes, "OracleBench", file))
            ours, theirs = engines
            if ours.output() != theirs.output():
                raise RuntimeError("the two engines render differently")
            theirs.ns(WARM_SECONDS), ours.ns(0.1)
            ratios = []
            for _ in range(PAIRS):
                a, b = ours.ns(SECONDS), theirs.ns(SECONDS)
                ratios.append(a / b)
                say(f"template_vs_velocity: {a / 1000:.1f} µs against {b / 1000:.1f} µs: {a / b:.3f}")
            return statistics.median(ratios)
        finally:
            for engine in engines:
                engine.stop()
