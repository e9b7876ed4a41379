# Messages, timed steps and checks, shared by the scripts.
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
log=${LOG:-$run/setup.log}

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# The last line that a log shows, cut to the width of a terminal.
last_line() { tail -n 1 "$1" 2>/dev/null | tr -d '\r' | cut -c 1-100; }

# heartbeat START: says every 15 seconds how long it takes and what the log shows. It ends
# with this script also when that is killed.
heartbeat() {
  while sleep 15 && kill -0 $$ 2>/dev/null; do
    printf '  … %d s: %s\n' $((SECONDS - $1)) "$(last_line "$log")"
  done
}

# step "what is done" command…: keeps its output in $log and shows that it is alive.
step() {
  local what=$1 start=$SECONDS beat rc=0
  shift
  mkdir -p "$run"
  printf '%s …\n' "$what"
  printf '\n== %s\n' "$what" >> "$log"
  heartbeat "$start" &
  beat=$!
  "$@" >> "$log" 2>&1 < /dev/null || rc=$?
  kill "$beat" 2>/dev/null
  wait "$beat" 2>/dev/null || true
  if [ "$rc" -ne 0 ]; then
    tail -n 15 "$log" | sed 's/^/  | /' >&2
    printf '%s: failed after %d s (the whole output is in %s).\n' "$what" $((SECONDS - start)) "$log" >&2
    return "$rc"
  fi
  printf '  done in %d s\n' $((SECONDS - start))
}

# need_disk GB FOLDER: stop when the folder's file system has less than that free.
need_disk() {
  local free
  free=$(df -Pm "$2" | awk 'NR == 2 {print $4}')
  [ "$free" -ge $(($1 * 1024)) ] ||
    die "Too little disk: $1 GB must be free in $2, there are $((free / 1024)).$((free % 1024 * 10 / 1024)) GB. Make room and repeat."
}

# port_free PORT: nobody listens there.
port_free() { ! (exec 3<> "/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# alive PIDFILE WORD: the recorded process lives and is still the one that was recorded
# (WORD is in its command line, so that a reused number is not mistaken for it).
alive() {
  local pid
  pid=$(head -n 1 "$1" 2>/dev/null) && [ -n "$pid" ] &&
    tr '\0' ' ' 2>/dev/null < "/proc/$pid/cmdline" | grep -qF -- "$2"
}

# stop_recorded PIDFILE WORD SECONDS: end that process, gently first.
stop_recorded() {
  local pid i
  alive "$1" "$2" || { rm -f "$1"; return 0; }
  pid=$(head -n 1 "$1")
  kill -TERM "$pid" 2>/dev/null || true
  for ((i = 0; i < $3 * 5; i++)); do
    alive "$1" "$2" || break
    sleep 0.2
  done
  if alive "$1" "$2"; then kill -KILL "$pid" 2>/dev/null || true; fi
  rm -f "$1"
}

# The addons of this checkout, separated by commas.
own_addons() {
  local manifest
  for manifest in "$here"/addons/*/__manifest__.py; do
    [ -e "$manifest" ] && basename "$(dirname "$manifest")"
  done | paste -sd, -
}
