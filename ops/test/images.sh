#!/usr/bin/env bash
# Images for the compose test if no registry can be reached: made of this machine's programs, with the
# names in compose.yaml and the Dockerfile. In place of Grafana there is a page that says so.
# Images that the engine has already are kept.
set -Eeuo pipefail
# shellcheck source=ops/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/../shell.sh"
roots=$(mktemp -d)
trap 'rm -rf "$roots"' EXIT

fail() {
  printf 'images: %s\n' "$1" >&2
  exit 1
}

# The JDK of the Dockerfile's first image.
jdk() {
  local home
  for home in "${JAVA_HOME:-}" /usr/lib/jvm/*25*; do
    if [[ -x $home/bin/jlink ]] && grep --quiet --no-messages '^JAVA_VERSION="25' "$home/release"; then
      printf '%s\n' "$home"
      return
    fi
  done
  fail 'the image of the server is built with a JDK 25; set JAVA_HOME to one'
}

libraries() { # file...
  ldd "$@" 2>/dev/null | awk '$2 == "=>" && $3 ~ "^/" { print $3 } $1 ~ "^/" && $2 ~ "^[(]0x" { print $1 }' | sort --unique
}

with_libraries() { # root file...
  local root=$1 library
  shift
  for library in $(libraries "$@"); do
    [[ -e $root$library ]] || install -D "$(readlink --canonicalize "$library")" "$root$library"
  done
}

with_programs() { # root program...
  local root=$1 program path
  shift
  for program in "$@"; do
    path=$(command -v "$program") || fail "$program is not installed"
    cp --dereference "$path" "$root/usr/bin/"
    with_libraries "$root" "$path"
  done
}

# The programs that the server's build and health check call, and the libraries of the JVM.
with_shell() { # root
  with_programs "$1" bash cat env grep mkdir rm seq sleep
  ln -s bash "$1/usr/bin/sh"
  with_libraries "$1" "$(jdk)"/bin/java "$(jdk)"/lib/*.so "$(jdk)"/lib/server/*.so
}

# busybox does what the name says by which it is called.
with_busybox() { # root name
  with_programs "$1" busybox
  mv "$1/usr/bin/busybox" "$1/usr/bin/$2"
}

# For a volume: it takes over whom the directory belongs to.
with_data() { # root directory uid
  install --directory --owner "$3" --group "$3" "$1$2"
}

made() { # repository, the file that pins its tag, docker import's flags...
  local repository=$1 image root
  image=$(sed -nE "s#^ *(image:|FROM) ($repository:[^ ]+).*#\2#p" "$ops/$2" | head -n 1)
  shift 2
  docker image inspect "$image" >/dev/null 2>&1 && return
  root=$roots/${repository//\//-}
  mkdir -p "$root"/{etc,lib,lib64,proc,sys,dev,usr/bin}
  mkdir -m 1777 "$root/tmp"
  ln -s usr/bin "$root/bin"
  printf 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >"$root/etc/passwd"
  "fill_${repository//[^a-z]/_}" "$root"
  tar --create --directory "$root" . |
    docker import --change 'ENV PATH=/opt/java/openjdk/bin:/usr/bin' "$@" - "$image" >/dev/null
  printf 'images: made %s\n' "$image"
}

fill_eclipse_temurin() {
  with_shell "$1"
  mkdir -p "$1/opt/java"
  cp --recursive --dereference "$(jdk)" "$1/opt/java/openjdk"
}

fill_debian() { with_shell "$1"; }

fill_redis() {
  with_shell "$1"
  with_programs "$1" redis-server redis-cli
  with_data "$1" /data 999
}

# As if pip had got what the consumer needs already: it comes from the tests' own environment.
fill_python() {
  local python library name
  python=$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')
  library=$("$python" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
  name=${library##*/}
  with_shell "$1"
  with_programs "$1" "$python" chown
  mv "$1/usr/bin/${python##*/}" "$1/usr/bin/python"
  mkdir -p "$1/usr/lib"
  cp --recursive "$library" "$1/usr/lib/$name"
  rm -rf "$1/usr/lib/$name"/{site-packages,dist-packages,test,__pycache__}
  with_libraries "$1" "$library"/lib-dynload/*.so
  cp --recursive "$ops/.venv/lib/$name/site-packages/redis" "$1/usr/lib/$name/" || fail 'make test-monitoring gets redis-py'
  printf '#!/bin/sh\n' >"$1/usr/bin/pip"
  chmod +x "$1/usr/bin/pip"
}

fill_traefik() {
  cp "${TRAEFIK:-$(command -v traefik)}" "$1/usr/bin/traefik" || fail 'set TRAEFIK to a traefik'
}

fill_prom_prometheus() {
  with_programs "$1" prometheus
  with_busybox "$1" wget
  with_data "$1" /prometheus 65534
}

fill_prom_alertmanager() {
  with_programs "$1" prometheus-alertmanager
  # Debian's looks for its templates here.
  mkdir -p "$1/usr/share/prometheus"
  cp --recursive /usr/share/prometheus/alertmanager "$1/usr/share/prometheus/"
  with_busybox "$1" wget
  with_data "$1" /alertmanager 65534
}

fill_grafana_grafana() {
  with_busybox "$1" httpd
  cp "$1/usr/bin/httpd" "$1/usr/bin/wget"
  mkdir -p "$1/www/api"
  echo 'No Grafana: a page in its place.' | tee "$1/www/index.html" >"$1/www/api/health"
}

entrypoint() { printf 'ENTRYPOINT [%s]' "$1"; }

made eclipse-temurin Dockerfile
made debian Dockerfile
made redis compose.yaml --change 'WORKDIR /data'
made python consumer/Dockerfile
made traefik compose.yaml --change "$(entrypoint '"traefik"')"
made prom/prometheus compose.yaml --change 'USER nobody' --change "$(entrypoint '"prometheus"')"
made prom/alertmanager compose.yaml --change 'USER nobody' --change "$(entrypoint '"prometheus-alertmanager"')"
made grafana/grafana compose.yaml --change 'USER nobody' --change "$(entrypoint '"httpd", "-f", "-p", "3000", "-h", "/www"')"
