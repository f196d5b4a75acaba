"""The documented promotion with systemd: the unit's own command and settings, and a real nginx."""

import os
import re
import shutil

import pytest
from documented import Redis, block, run
from live import JAR, OPS, await_that, free_port, is_ok, of_jdk

# systemd is not at hand in a test. This starts and stops what the unit says, as systemd would.
SYSTEMCTL = r"""#!/bin/bash
set -euo pipefail
color=${!#}
color=${color##*@}
case "$*" in
  "enable --now tally@"*)
    export TALLY_COLOR=$color TALLY_LOG_FORMAT=json CREDENTIALS_DIRECTORY=$ETC
    set -a
    . "$ETC/tally.env"
    . "$ETC/$color.env"
    eval exec $(sed -nE "s/%i/$color/g; s/^ExecStart=//p" "$UNIT") >"$PLACE/$color.log" 2>&1 &
    echo $! >"$PLACE/$color.pid"
    ;;
  "disable --now tally@"*)
    kill "$(<"$PLACE/$color.pid")"
    while [[ -e /proc/$(<"$PLACE/$color.pid") ]]; do sleep 0.1; done
    rm "$PLACE/$color.pid"
    ;;
  "reload nginx") nginx -s reload -p "$PLACE" -c nginx.conf ;;
  *) exit 2 ;;
esac
"""


@pytest.fixture
def machine(tmp_path, request):
    """Blue is live behind nginx. A function that runs documented commands here."""
    if not shutil.which("nginx"):
        pytest.skip("nginx is not here")
    redis = Redis(tmp_path, "")
    request.addfinalizer(lambda: redis.answers("SHUTDOWN NOSAVE"))
    ports = {port: str(free_port()) for port in ("443", "8000", "8001", "8010", "8011")}
    https = f"127.0.0.1:{ports.pop('443')}"
    places = ports | {
        "/opt/tally": str(tmp_path),
        "/etc/nginx/tally-live.conf": str(tmp_path / "tally-live.conf"),
        "/etc/nginx/tls": str(tmp_path),
        "/var/log/nginx": str(tmp_path),
        "/usr/bin/java": str(of_jdk("java")),
        "nginx -t": f"nginx -t -p {tmp_path} -c nginx.conf",
        "https://chat.example.org": f"--insecure https://{https}",
        "listen 443": f"listen {https}",
    }

    documented = "|".join(re.escape(each) for each in places)

    def here(text: str) -> str:
        return re.sub(documented, lambda found: places[found[0]], text)

    def do(commands: str) -> str:
        path = f"{tmp_path}:{os.environ['PATH']}"
        # curl as on a machine without a proxy and without ~/.curlrc.
        plain = {"no_proxy": "*", "CURL_HOME": str(tmp_path), "HOME": str(tmp_path)}
        names = plain | {
            "PATH": path,
            "PLACE": str(tmp_path),
            "ETC": str(tmp_path),
            "UNIT": str(unit),
        }
        return run(here(commands), cwd=tmp_path, env=os.environ | names)

    end = "for pid in *.pid; do kill $(<$pid); done"
    # A yield would not end them if the rest of this fixture fails.
    request.addfinalizer(lambda: do(end))  # noqa: PT021
    unit = tmp_path / "unit"
    for file in (OPS / "systemd").iterdir():
        target = unit if file.suffix == ".service" else tmp_path / file.name
        target.write_text(here(file.read_text(encoding="utf-8")), encoding="utf-8")
    (tmp_path / "redis-url").write_text(f"redis://127.0.0.1:{redis.port}\n", encoding="utf-8")
    (tmp_path / "systemctl").write_text(SYSTEMCTL, encoding="utf-8")
    (tmp_path / "systemctl").chmod(0o755)
    for color in ("blue", "green"):
        (tmp_path / color).mkdir()
    shutil.copy(JAR, tmp_path)
    page = "docs/operations/proxies-and-tls.md"
    (tmp_path / "tally-live.conf").write_text(
        here(block(page, "server 127.0.0.1:8000;")), encoding="utf-8"
    )
    site = here(block(page, "map $http_upgrade $connection_upgrade { default upgrade; '' ''; }"))
    temporary = "".join(
        f"{kind}_temp_path {tmp_path}/{kind}; "
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/nginx.pid; error_log {tmp_path}/error.log;\n"
        f"events {{}}\nhttp {{\n{temporary}\n{site}\n}}\n",
        encoding="utf-8",
    )
    do(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
        " -keyout privkey.pem -out fullchain.pem"
    )
    do("cp tally-server.jar blue/ && systemctl enable --now tally@blue")
    await_that(lambda: is_ok(f"http://127.0.0.1:{ports['8001']}/readyz"), "blue")
    do(f"nginx -p {tmp_path} -c nginx.conf 2>error.log")
    return do


def swapped(commands: str) -> str:
    """The same for the way back, as the page says: other names and ports, and no new jar."""
    pairs = {"blue": "green", "8000": "8010", "8001": "8011"}
    pairs |= {there: here for here, there in pairs.items()}
    lines = [line for line in commands.splitlines() if not line.startswith("install ")]
    return re.sub("|".join(pairs), lambda found: pairs[found[0]], "\n".join(lines))


def test_the_documented_promotion_moves_to_green_and_back(machine, tmp_path):
    commands = block(
        "docs/operations/promote.md",
        'curl --silent https://chat.example.org/healthz        # "color":"blue" is live',
    )
    for old, new, what in (("blue", "green", commands), ("green", "blue", swapped(commands))):
        before, _, after = machine(what).partition("1\n2\n")
        assert f'"color":"{old}"' in before
        assert f'"color":"{new}"' in after
        assert not (tmp_path / f"{old}.pid").exists()
        assert (tmp_path / f"{new}.pid").exists()
        assert '"event":"stop"' in (tmp_path / f"{old}.log").read_text(encoding="utf-8")
