"""Commands and configuration of docs/, run as they stand there, in a directory of their own."""

import os
import re
import shutil

import pytest
import yaml
from documented import ROOT, Redis, block, run
from live import JAR, OPS, Live, await_that, of_jdk


def java(command: str, directory) -> str:
    """With the documented name of the jar."""
    link = directory / JAR.name
    if not link.exists():
        link.symlink_to(JAR)
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory)}
    return run(re.sub(r"^java\b", str(of_jdk("java")), command), cwd=directory, env=environment)


@pytest.fixture
def redis(tmp_path):
    started = []

    def start(lines: str) -> Redis:
        started.append(Redis(tmp_path, lines))
        return started[-1]

    yield start
    for server in started:
        await_that(server.has_ended, "the end of Redis")


REDIS_PAGE = "docs/operations/redis.md", "maxmemory-policy noeviction"


@pytest.mark.parametrize(
    ("page", "first_line"),
    [("docs/operations/install.md", "maxmemory 128mb"), REDIS_PAGE],
)
def test_redis_takes_the_documented_settings(redis, page, first_line):
    server = redis(block(page, first_line))
    assert server.answers("CONFIG GET maxmemory-policy").split()[-1] == "noeviction"
    assert server.answers("CONFIG GET appendonly").split()[-1] == "yes"


def test_a_backup_can_be_restored(redis):
    server = redis(block("docs/operations/redis.md", "maxmemory-policy noeviction"))
    server.answers("HSET tally:session:{x} v 1 epoch 1 count 42")
    run(
        server.here(
            block("docs/operations/redis-outages.md", "redis-cli --rdb /var/backups/tally.rdb")
        )
    )
    server.answers("FLUSHALL")
    restore = block(
        "docs/operations/redis-outages.md",
        "redis-cli CONFIG SET appendonly no           # at the start, read the backup only",
    )
    # The next command needs a Redis that answers, for which a person waits without a command.
    before, after = server.here(restore).split(server.start)
    run(before)
    run(server.start)
    await_that(lambda: server.answers("PING") == "PONG", "Redis")
    run(after.partition("\n")[2])
    assert server.answers("HGET tally:session:{x} count") == "42"
    assert server.answers("CONFIG GET appendonly").split()[-1] == "yes"


def test_gaps_of_the_message_log_are_found_and_a_group_is_removed(redis):
    page = "docs/operations/alerts-message-log.md"
    server = redis("")
    stream = "tally:messages:{0}"
    server.answers(f"XADD {stream} * session 7c9e began 1 n 1 text one at 2")
    server.answers(f"XADD {stream} * session 1b4f began 1 gap 2-5 at 3")
    server.answers(f"XGROUP CREATE {stream} audit 0")

    find = "redis-cli --raw XRANGE 'tally:messages:{0}' - + | grep -B 4 -A 1 '^gap$'"
    found = run(server.here(block(page, find))).split()
    assert found == ["session", "1b4f", "began", "1", "gap", "2-5"]

    shown = run(server.here(block(page, "redis-cli XINFO GROUPS 'tally:messages:{0}'")))
    assert "audit" in shown
    assert "1" in shown.split()
    assert server.answers(f"XINFO GROUPS {stream}") == ""


def test_two_passwords_hold_at_a_time_until_the_old_one_is_taken_away(redis):
    server = redis("")
    server.answers("ACL SETUSER tally on >old-password ~tally:* +ping")

    def may(password: str) -> bool:
        return server.answers(f"AUTH tally {password}") == "OK"

    server.answers(block("docs/operations/secrets.md", "ACL SETUSER tally >new-password").strip())
    assert may("old-password")
    assert may("new-password")
    server.answers(block("docs/operations/secrets.md", "ACL SETUSER tally <old-password").strip())
    assert not may("old-password")
    assert may("new-password")


def test_the_heap_of_a_small_machine_wins_over_the_share_of_the_unit():
    lines = block("docs/operations/install.md", "JAVA_TOOL_OPTIONS=-Xmx256m").split()
    variables = dict(line.split("=", 1) for line in lines)
    flags = run(
        f"{of_jdk('java')} -XX:MaxRAMPercentage=60 -XX:+PrintFlagsFinal -version",
        env={**os.environ, **variables},
    )
    assert re.search(rf" MaxHeapSize +:?= {256 << 20} ", flags)
    in_force = run(f"{of_jdk('java')} -jar {JAR} --print-config", env={**os.environ, **variables})
    assert "TALLY_MAX_CONNECTIONS=10000" in in_force.splitlines()


def test_prometheus_takes_the_documented_jobs(tmp_path):
    config = block(
        "docs/operations/install.md",
        "rule_files: [/etc/prometheus/tally.yml]      # ops/prometheus/rules/tally.yml",
    )
    rules = OPS / "prometheus" / "rules" / "tally.yml"
    file = tmp_path / "prometheus.yml"
    file.write_text(config.replace("/etc/prometheus/tally.yml", str(rules)), encoding="utf-8")
    run(f"promtool check config {file}")


def test_the_jar_says_what_is_in_force(tmp_path):
    commands = block("docs/operations/settings.md", "java -jar tally-server.jar --print-config")
    said = [java(command, tmp_path) for command in commands.strip().splitlines()]
    assert "TALLY_DRAIN_TIMEOUT=10s" in said[0]
    assert "--drain-timeout" in said[1]


def test_the_options_for_less_memory_are_options(tmp_path):
    command = block(
        "docs/operations/jvm.md",
        "java -XX:+UseSerialGC -Xmx256m -Xmn24m -jar tally-server.jar",
    )
    assert java(command.strip() + " --version", tmp_path).startswith("tally-server ")


def test_what_went_wrong_is_found_in_a_log(tmp_path):
    line = '{"timestamp":"t","level":"%s","event":"%s","code":%d}\n'
    (tmp_path / "blue.log").write_text(
        line % ("WARN", "log", 0) + line % ("INFO", "close", 1013) + line % ("INFO", "close", 1000),
        encoding="utf-8",
    )
    commands = block(
        "docs/operations/logs.md",
        'grep -E \'"level":"(WARN|ERROR)"\' blue.log                   # what went wrong',
    )
    found = run(commands, cwd=tmp_path).splitlines()
    assert [re.search(r'"code":(\d+)', each)[1] for each in found] == ["0", "1013"]


def test_the_addresses_that_a_server_sees_are_counted(tmp_path):
    connections = ["open 192.0.2.1", "resume 192.0.2.1", "open 2001:db8::1", "close 192.0.2.9"]
    lines = [
        '{{"level":"INFO","event":"{}","remote":"{}","count":0}}\n'.format(*each.split())
        for each in connections
    ]
    (tmp_path / "blue.log").write_text("".join(lines), encoding="utf-8")
    page = "docs/operations/who-may-connect.md"
    command = block(page, """grep -E '"event":"(open|resume)"' blue.log |""")
    found = [line.split() for line in run(command, cwd=tmp_path).splitlines()]
    assert found == [["2", '"remote":"192.0.2.1"'], ["1", '"remote":"2001:db8::1"']]


def test_limits_per_address_are_those_that_are_recommended():
    text = (ROOT / "docs/operations/who-may-connect.md").read_text(encoding="utf-8")
    recommended = {
        f"TALLY_{flag.upper().replace('-', '_')}": value
        for flag, value in re.findall(r"^\| `--([a-z-]+rate-per-address)` \| (\d+) \|", text, re.M)
    }
    assert len(recommended) == 2
    unit = (OPS / "systemd/tally.env").read_text(encoding="utf-8")
    manifest = (OPS / "kubernetes/deployment.yaml").read_text(encoding="utf-8")
    compose = yaml.safe_load((OPS / "compose.yaml").read_text(encoding="utf-8"))
    for name, value in recommended.items():
        assert f"\n{name}={value}\n" in unit
        assert re.search(rf'# - name: {name}\n +#   value: "{value}"\n', manifest)
        # The load test, whose users have one address, runs against this stack.
        assert compose["services"]["app_blue"]["environment"][name] == f"${{{name}:-0}}"


def test_compose_takes_the_url_of_redis_from_a_file():
    page = "docs/operations/secrets.md"
    lines = block(page, 'volumes: ["./redis-url:/run/secrets/redis-url:ro"]')
    shipped = (OPS / "compose.yaml").read_text(encoding="utf-8")
    changed = re.sub(r"  environment: &environment\n    REDIS_URL: .*\n", lambda _: lines, shipped)
    for service in ("app_blue", "app_green"):
        app = yaml.safe_load(changed)["services"][service]
        assert "REDIS_URL" not in app["environment"]
        assert app["volumes"] == [f"./redis-url:{app['environment']['REDIS_URL_FILE']}:ro"]


@pytest.fixture
def certificate(tmp_path):
    run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
        " -keyout privkey.pem -out fullchain.pem && cat fullchain.pem privkey.pem >chat.pem",
        cwd=tmp_path,
    )
    return tmp_path


def test_nginx_takes_the_documented_configuration(certificate):
    if not shutil.which("nginx"):
        pytest.skip("nginx is not here")
    page = "docs/operations/proxies-and-tls.md"
    live = certificate / "tally-live.conf"
    live.write_text(
        block("docs/operations/proxies-and-tls.md", "server 127.0.0.1:8000;"), encoding="utf-8"
    )
    site = block(page, "map $http_upgrade $connection_upgrade { default upgrade; '' ''; }")
    site = (
        site.replace("/etc/nginx/tally-live.conf", str(live))
        .replace("/etc/nginx/tls", str(certificate))
        .replace("/var/log/nginx", str(certificate))
    )
    temporary = "\n".join(
        f"{kind}_temp_path {certificate}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (certificate / "nginx.conf").write_text(
        f"pid {certificate}/pid; error_log {certificate}/error.log;\n"
        f"events {{}}\nhttp {{\n{temporary}\n{site}\n}}\n",
        encoding="utf-8",
    )
    run(f"nginx -t -p {certificate} -c nginx.conf")


def test_haproxy_takes_the_documented_configuration(certificate):
    if not shutil.which("haproxy"):
        pytest.skip("haproxy is not here")
    config = block("docs/operations/proxies-and-tls.md", "global")
    file = certificate / "haproxy.cfg"
    file.write_text(config.replace("/etc/haproxy", str(certificate)), encoding="utf-8")
    run(f"haproxy -c -f {file}")


def test_a_token_that_is_made_as_documented_lets_one_in(tmp_path):
    page = "docs/operations/authentication.md"
    start = block(page, "(umask 077; openssl rand -hex 32 > token-secret)").splitlines()
    run(start[0], cwd=tmp_path)
    flags = start[1].removeprefix("java -jar tally-server.jar ").split()
    mint = block(page, "base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }")
    run(mint, cwd=tmp_path)
    ask = block(page, "curl --silent --include --max-time 2 http://127.0.0.1:8000/ws/chat/ \\")
    with Live(tmp_path) as live:
        address = live.server("blue", *flags).removeprefix("ws://").removesuffix("/ws/chat/")
        ask = ask.replace("127.0.0.1:8000", address).replace("curl ", "curl --noproxy '*' ")
        # curl waits for the WebSocket's end until its time is over, which is what it was told.
        with_token = run(f"set +o pipefail; {ask}", cwd=tmp_path)
        without = re.sub(r"\\\n *--header \"Authorization[^|]*", "", ask)
        without_token = run(f"set +o pipefail; {without}", cwd=tmp_path)
    assert with_token.strip() == "HTTP/1.1 101 Switching Protocols"
    assert without_token.strip() == "HTTP/1.1 401 Unauthorized"
