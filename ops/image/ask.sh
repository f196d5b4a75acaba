# shellcheck shell=bash
# A GET without curl, which a bare Debian and the image of Redis do not have.

ask() ( # port path: of this machine; fails unless the answer is 200
  exec 3<>"/dev/tcp/127.0.0.1/$1"
  printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&3
  read -r -t 60 _ status _ <&3
  [[ $status == 200 ]]
)
