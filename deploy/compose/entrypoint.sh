#!/bin/sh
# Accounts live in the container's /etc and go with it; homes lie in a volume and keep
# their owner's number. So each home gets back its account before the hub starts.
set -eu
if [ -n "${COURSE:-}" ] && [ -f course.toml ]; then
  id=$(python3 -c 'import tomllib
print(tomllib.load(open("course.toml", "rb"))["course"]["id"])')
  if [ "$id" != "$COURSE" ]; then
    echo "course.toml: the course's id is $id, but this container was made for $COURSE:" \
      "what the hub keeps would be lost with it. Start it with COURSE=$id." >&2
    exit 1
  fi
fi
homes="${HOMES:-/home}"
for home in "$homes"/*/; do
  home="${home%/}"
  [ -d "$home" ] && [ ! -L "$home" ] || continue
  name=$(basename "$home")
  uid=$(stat -c %u "$home")
  gid=$(stat -c %g "$home")
  if [ "$uid" -lt 1000 ] || getent passwd "$name" >/dev/null; then
    continue
  fi
  case "$name" in
    grader-*) shell=/usr/sbin/nologin ;;
    *) shell=/bin/bash ;;
  esac
  getent group "$gid" >/dev/null || groupadd --gid "$gid" "$name"
  useradd --no-create-home --home-dir "$home" --uid "$uid" --gid "$gid" \
    --shell "$shell" "$name"
done
exec "$@"
