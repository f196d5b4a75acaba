"""Servers, Redis, Prometheus and Alertmanager as processes on free ports of this machine."""

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

OPS = Path(__file__).resolve().parent.parent
JAR = OPS.parent / "server-tyrus" / "target" / "tally-server.jar"
PATIENCE_SECONDS = 120
# Past the proxy of the caller's environment.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port() -> int:
    return int(subprocess.check_output([OPS / "free-port.sh"]))


def get(url: str) -> str:
    with _direct.open(url, timeout=PATIENCE_SECONDS) as response:
        return response.read().decode()


def of_jdk(tool: str) -> str | Path:
    """A program of the JDK in JAVA_HOME, or of the one on the PATH."""
    return Path(os.environ["JAVA_HOME"], "bin", tool) if "JAVA_HOME" in os.environ else tool


def is_ok(url: str) -> bool:
    try:
        get(url)
    except OSError:
        return False
    return True


def await_that(condition, what: str):
    """Returns what the condition returns, once that is true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {PATIENCE_SECONDS} s")
        time.sleep(0.1)
    return result


class Live:
    """Starts processes, and ends them all at the end of the with block."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.processes: dict[str, subprocess.Popen] = {}
        self.admin_ports: dict[str, int] = {}

    def __enter__(self) -> "Live":
        return self

    def __exit__(self, *_) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()

    def start(self, name: str, *command: str | Path) -> None:
        with self.log(name).open("wb") as log:
            self.processes[name] = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, cwd=self.directory
            )

    def java(self, name: str, *arguments: str | Path) -> None:
        self.start(name, of_jdk("java"), *arguments)

    def log(self, name: str) -> Path:
        return self.directory / f"{name}.log"

    def redis(self) -> str:
        port = free_port()
        self.start(
            "redis", "redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", ""
        )
        await_that(
            lambda: "Ready to accept" in self.log("redis").read_text(encoding="utf-8"), "Redis"
        )
        return f"redis://127.0.0.1:{port}"

    def server(self, color: str, *flags: str) -> str:
        """Starts a server that is called like its colour; returns its address for clients."""
        port, self.admin_ports[color] = free_port(), free_port()
        ports = ["--port", str(port), "--admin-port", str(self.admin_ports[color])]
        self.java(color, "-jar", JAR, "--host", "127.0.0.1", *ports, "--color", color, *flags)
        await_that(lambda: is_ok(f"http://127.0.0.1:{port}/readyz"), f"{color} ready")
        return f"ws://127.0.0.1:{port}/ws/chat/"

    def collect_garbage(self, name: str) -> None:
        """Makes a server's JVM collect, and waits for it."""
        command = [of_jdk("jcmd"), str(self.processes[name].pid), "GC.run"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def events(self, name: str) -> list[dict]:
        # A process that still runs may be in the middle of its last line.
        whole_lines = self.log(name).read_text(encoding="utf-8").rpartition("\n")[0]
        return [json.loads(line) for line in whole_lines.splitlines()]

    def alertmanager(self, webhook: str) -> str:
        """The shipped configuration, without its waits, and with a channel."""
        config = yaml.safe_load(
            (OPS / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8")
        )
        config["route"] |= {"group_wait": "0s", "group_interval": "1s"}
        config["receivers"][0]["webhook_configs"] = [{"url": webhook}]
        path = self.directory / "alertmanager.yml"
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        address = f"127.0.0.1:{free_port()}"
        # Debian's name, and the project's own.
        program = shutil.which("prometheus-alertmanager") or "alertmanager"
        flags = ["--cluster.listen-address=", f"--storage.path={self.directory / 'alertmanager'}"]
        self.start(
            "alertmanager",
            program,
            f"--config.file={path}",
            f"--web.listen-address={address}",
            *flags,
        )
        await_that(lambda: is_ok(f"http://{address}/-/ready"), "Alertmanager")
        return address

    def prometheus(self, alertmanager: str | None = None) -> "Prometheus":
        """The shipped configuration with these servers in place of its DNS names, each second."""
        source = OPS / "prometheus"
        config = yaml.safe_load((source / "prometheus.yml").read_text(encoding="utf-8"))
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        job = config["scrape_configs"][0]
        del job["dns_sd_configs"]
        job["static_configs"] = [
            {"targets": [f"127.0.0.1:{port}"], "labels": {"__meta_dns_name": f"app_{color}"}}
            for color, port in self.admin_ports.items()
        ]
        config["scrape_configs"] = [job]
        rules = yaml.safe_load((source / "rules" / "tally.yml").read_text(encoding="utf-8"))
        for rule in rules["groups"][0]["rules"]:
            rule["for"] = "1s"
        (self.directory / "rules.yml").write_text(yaml.safe_dump(rules), encoding="utf-8")
        config["rule_files"] = ["rules.yml"]
        managers = [alertmanager] if alertmanager else []
        config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": managers}]}]
        path = self.directory / "prometheus.yml"
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        address = f"127.0.0.1:{free_port()}"
        self.start(
            "prometheus",
            "prometheus",
            f"--config.file={path}",
            f"--web.listen-address={address}",
            f"--storage.tsdb.path={self.directory / 'prometheus'}",
        )
        await_that(lambda: is_ok(f"http://{address}/-/ready"), "Prometheus")
        return Prometheus(f"http://{address}")


class Prometheus:
    """Asks a Prometheus over its HTTP interface."""

    def __init__(self, url: str):
        self.url = url

    def get(self, path: str, **parameters: str):
        query = urllib.parse.urlencode(parameters)
        try:
            return json.loads(get(f"{self.url}/api/v1/{path}?{query}"))["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from error

    def range(self, query: str, start: float, end: float, step: float = 1) -> list[dict]:
        """The series that a query returns over a time, each with "metric" and "values"."""
        return self.get("query_range", query=query, start=str(start), end=str(end), step=str(step))[
            "result"
        ]
