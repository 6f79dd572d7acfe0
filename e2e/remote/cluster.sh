#!/bin/sh
# A remote-execution cluster on loopback: BuildGrid with PostgreSQL and Redis, and BuildBox workers.
#
#   cluster.sh provide                 prepare the programs, once; needs no root
#   cluster.sh start DIR WORKERS       start everything; DIR must not exist
#   cluster.sh stop DIR                end everything; DIR stays
#   cluster.sh server start|kill DIR   the scheduler with CAS and action cache alone
#   cluster.sh worker start|kill DIR N worker N alone, with all of its processes
#   cluster.sh address DIR             print host:port
#   cluster.sh sql DIR QUERY           what the scheduler's database answers
#
# Debian's programs come by airgap/'s command packages, BuildGrid by the machine's own settings of pip. Worker N has
# the platform properties OSFamily=linux and pool=wN.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=${XDG_CACHE_HOME:-${HOME:?set HOME or XDG_CACHE_HOME to a writable directory}/.cache}/rules_go3s
buildgrid=0.9.1
postgresql=18
packages="buildbox postgresql-$postgresql redis-server"
# What those depend on for installation and services only, or what every machine has.
assumed=adduser,dbus,debconf,fuse3,init-system-helpers,locales,passwd,perl,postgresql-client-common,postgresql-common,ssl-cert
assumed=$assumed,systemd,sysvinit-utils,tzdata,ucf

# What starts a command so that it does not see that it is root's.
unroot=''
[ "$(id -u)" != 0 ] || unroot='unshare --user --map-user=1000 --map-group=1000'

die() {
  echo "cluster.sh: $*" >&2
  exit 1
}

# python313 prints a Python that is new enough for BuildGrid.
python313() {
  for python in python3 python3.15 python3.14 python3.13 "$HOME"/.pyenv/versions/3.1[3-9]*/bin/python3; do
    if "$python" -c 'import sys, venv; sys.exit(sys.version_info < (3, 13))' 2>/dev/null; then
      command -v "$python"
      return
    fi
  done
  die "BuildGrid $buildgrid needs Python 3.13 or newer with the module venv, and none is on PATH or in ~/.pyenv;" \
    "install one (pyenv install 3.13)"
}

provide() {
  for tool in apt-get go ps setsid unshare; do
    command -v $tool >/dev/null || die "no $tool on PATH: the cluster needs a Debian machine with apt, Go, procps and util-linux"
  done
  $unroot true || die "PostgreSQL refuses to run as root, and this machine permits no user namespaces; start this as another user"
  # A hash of all that the outcome depends on, as in bazelw.
  recipe=$( (cd "$here/../../airgap" && cat ./*.go && echo "$packages $assumed") | sha256sum | cut -c1-12)
  debian=$home/packages-$recipe
  if [ ! -d "$debian" ]; then
    # shellcheck disable=SC2086 # packages are words
    (cd "$here/../../airgap" && GOFLAGS='' GOWORK=off CGO_ENABLED=0 go run . -home "$home" -recipe "$recipe" -source . packages \
      -assume "$assumed" $packages >/dev/null)
  fi
  if [ ! -d "$home/buildgrid-$buildgrid" ]; then
    python=$(python313)
    # Its programs name their directory: a venv cannot be moved.
    "$python" -m venv --clear "$home/buildgrid-$buildgrid"
    "$home/buildgrid-$buildgrid/bin/pip" install --quiet --disable-pip-version-check "buildgrid==$buildgrid" redis hiredis || {
      rm -rf "$home/buildgrid-$buildgrid"
      die "pip could not install BuildGrid $buildgrid; does 'pip config list' name an index that this machine reaches?"
    }
  fi
  python=$home/buildgrid-$buildgrid/bin/python
  bgd=$home/buildgrid-$buildgrid/bin/bgd
}

# background NAME COMMAND...: starts COMMAND as the head of a session.
background() {
  name=$1
  shift
  setsid "$@" >>"$dir/$name.log" 2>&1 </dev/null &
  echo $! >"$dir/$name.pid"
}

# finish NAME: kills its processes, those that have left its process group included, and waits until there are none. What a cluster has
# stored is not used again after that, but for the server's, which has it in files and databases.
finish() {
  [ -e "$dir/$1.pid" ] || return 0
  session=$(cat "$dir/$1.pid")
  tries=0
  if ! kill -s 0 "$session" 2>/dev/null; then
    echo "cluster.sh: $1 has ended by itself: see $dir/$1.log" >&2
  fi
  # shellcheck disable=SC2046 # process IDs are words
  while kill -s KILL $(ps -o pid= --sid "$session") 2>/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || die "$1 (session $session) does not end"
    sleep 0.1
  done
  rm "$dir/$1.pid"
}

# await NAME PORT: waits until NAME accepts connections, five minutes at most.
await() {
  "$python" - "$2" <<'EOF' || die "$1 does not answer: see $dir/$1.log"
import socket, sys, time
for _ in range(600):
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1]))).close()
        break
    except OSError:
        time.sleep(0.5)
else:
    sys.exit(1)
EOF
}

# ports N: prints N free ports of the loopback device.
ports() {
  "$python" - "$1" <<'EOF'
import socket, sys
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(s.getsockname()[1] for s in sockets))
EOF
}

start_server() {
  background server "$bgd" server start "$dir/buildgrid.yml"
  await server "$server_port"
}

# The restart loops are for a server that is away for a while: worker and casd end then.
start_worker() {
  port=$(cut -d ' ' -f $(($1 + 3)) "$dir/ports")
  mkdir -p "$dir/casd$1"
  background "casd$1" nice -n 10 sh -c 'while :; do "$@"; sleep 1; done' casd "$debian/usr/bin/buildbox-casd" \
    --remote="http://127.0.0.1:$server_port" --bind="127.0.0.1:$port" --quota-high=6G --log-level=warning "$dir/casd$1"
  await "casd$1" "$port"
  background "worker$1" nice -n 10 sh -c 'while :; do "$@"; sleep 1; done' worker "$debian/usr/bin/buildbox-worker" \
    --bots-remote="http://127.0.0.1:$server_port" --cas-remote="http://127.0.0.1:$port" \
    --buildbox-run="$debian/usr/bin/buildbox-run-hosttools" --runner-arg=--staging-mode=copy-or-link --runner-arg=--clearenv \
    --platform OSFamily=linux --platform "pool=w$1" --concurrent-jobs=1 --log-level=info "worker$1"
}

kill_worker() {
  finish "worker$1"
  finish "casd$1"
}

start() {
  workers=$1
  mkdir "$dir" || die "$dir exists; stop that cluster and remove the directory, or name another one"
  echo "$workers" >"$dir/workers"
  ports $((workers + 3)) >"$dir/ports"
  read_ports
  background redis "$debian/usr/bin/redis-server" --bind 127.0.0.1 --port "$redis_port" --dir "$dir" --save ''
  bin=$debian/usr/lib/postgresql/$postgresql/bin
  # shellcheck disable=SC2086 # unroot is words
  $unroot "$bin/initdb" -E UTF8 -A trust --locale=C -U bgd -D "$dir/postgresql" >"$dir/initdb.log" 2>&1 ||
    die "initdb failed: see $dir/initdb.log"
  # shellcheck disable=SC2086
  background postgresql $unroot "$bin/postgres" -D "$dir/postgresql" -h 127.0.0.1 -p "$sql_port" -k '' -c fsync=off
  await postgresql "$sql_port"
  await redis "$redis_port"
  "$bin/createdb" -h 127.0.0.1 -p "$sql_port" -U bgd bgd
  url=postgresql+psycopg://bgd@127.0.0.1:$sql_port/bgd
  sed "s|%{server}|$server_port|; s|%{sql}|$url|; s|%{redis}|$redis_port|; s|%{dir}|$dir|" "$here/buildgrid.yml" >"$dir/buildgrid.yml"
  "$bgd" migrate apply "$url" >"$dir/migrate.log" 2>&1 || die "bgd migrate failed: see $dir/migrate.log"
  "$bgd" server lint "$dir/buildgrid.yml" >"$dir/lint.log" 2>&1 || die "bgd refuses its settings: see $dir/lint.log"
  start_server
  n=1
  while [ $n -le "$workers" ]; do
    start_worker $n
    n=$((n + 1))
  done
}

stop() {
  n=1
  while [ $n -le "$(cat "$dir/workers")" ]; do
    kill_worker $n
    n=$((n + 1))
  done
  finish server
  finish postgresql
  finish redis
}

read_ports() {
  read -r server_port sql_port redis_port _ <"$dir/ports"
}

command=${1:-}
case $command in
server | worker) action=${2:-} && shift ;;
esac
case $command in
provide) provide ;;
start | stop | address | sql | server | worker)
  dir=${2:?cluster.sh: name the directory of the cluster}
  provide
  case $dir in /*) ;; *) dir=$PWD/$dir ;; esac
  [ "$command" = start ] || read_ports
  case $command in
  start) start "${3:-2}" ;;
  stop) stop ;;
  address) echo "127.0.0.1:$server_port" ;;
  sql) "$debian/usr/lib/postgresql/$postgresql/bin/psql" -h 127.0.0.1 -p "$sql_port" -U bgd -A -t -c "$3" bgd ;;
  server)
    case $action in
    start) start_server ;;
    kill) finish server ;;
    *) die "server: want start or kill" ;;
    esac
    ;;
  worker)
    case $action in
    start) start_worker "$3" ;;
    kill) kill_worker "$3" ;;
    *) die "worker: want start or kill" ;;
    esac
    ;;
  esac
  ;;
*)
  sed -n '3,9s/^#   /usage: /p' "$0" >&2
  exit 2
  ;;
esac
