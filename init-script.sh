#!/bin/sh
# SPDX-License-Identifier: MIT
### BEGIN INIT INFO
# Provides:          sockproxyd
# Required-Start:    $network $local_fs $remote_fs
# Required-Stop:     $network $local_fs $remote_fs
# X-Start-Before:    openluup
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: TCP notification proxy for Vera and openLuup plugins
# Description:       Relays TCP connections of Luup plugins and notifies them
#                    by an action when bytes arrive. Has to run before openLuup
#                    (LuaUPnP) starts its plugins.
### END INIT INFO
#
# To install:  useradd --system --shell /usr/sbin/nologin sockproxyd
#              cp init-script.sh /etc/init.d/sockproxyd
#              chmod 755 /etc/init.d/sockproxyd
#              update-rc.d sockproxyd defaults
#
# Do not edit the settings here: put those that differ into /etc/default/sockproxyd, a shell fragment such as
#
#   RUN_AS=openluup
#   CONFIG=/etc/openluup/sockproxyd.conf
#   OPTIONS="-N http://127.0.0.1:3480 -D"
#
# Two variables of the environment lead elsewhere, for a trial without touching the system: SOCKPROXYD_ETC instead of
# /etc, SOCKPROXYD_DEFAULTS instead of that file.

absolute() {
  case $1 in
    /*) echo "$1" ;;
    *) echo "$PWD/$1" ;;
  esac
}

NAME=sockproxyd
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin # at boot, and under sudo, it may be short
SELF=$(absolute "$0")
ETC=$(absolute "${SOCKPROXYD_ETC:-/etc}")
DEFAULTS=$(absolute "${SOCKPROXYD_DEFAULTS:-$ETC/default/$NAME}")

# --- Settings; all paths are absolute -------------------------------------------------------------------------------

# The user the daemon runs as; empty: whoever calls this script, which is root at boot. The daemon needs no rights of
# root, so it runs as root only where that is said: where this user is missing, it does not start. Root runs none of its
# code, and believes nothing it says: NODE and MAIN may belong to that user.
RUN_AS=sockproxyd
[ "$(id -u)" = 0 ] || RUN_AS= # only root can start it as another one
# Node.js, and the program; empty: looked for where it may be installed (find_main).
NODE=node
SMALL_HEAP=--max-semi-space-size=2 # the daemon keeps to that by itself once it runs; this holds for its start, too
MAIN=
# These two belong to the caller, not to RUN_AS: otherwise RUN_AS could name any process to be ended by root, or any file
# to be written by root. What RUN_AS could change or replace is refused.
PIDFILE=/var/run/sockproxyd.pid
ERRFILE=/var/log/sockproxyd.err # what the daemon, or Node.js, says on stderr: why it did not start, or why it crashed
# Each of these overrides the configuration file; empty: left to the file, and without a file to the daemon, which
# takes port 2504 on all addresses (*). A LOGFILE that is not there is created for RUN_AS; one that is there, or that
# only CONFIG names, must be writable for RUN_AS already: root gives away nothing that exists.
LOGFILE=/var/log/sockproxyd.log
ADDRESS=
PORT=
# The configuration file. One that is not there counts as an empty one, so that a reload finds it once it is. RUN_AS must not be
# able to change or replace it: whoever takes over the daemon could change it for good. Empty: no file at all.
CONFIG=$ETC/sockproxyd.conf
# Further options for the daemon, separated by blanks; they override everything else.
OPTIONS=
# How long to wait for the daemon to answer, and to end, before giving it up.
START_SECONDS=10
STOP_SECONDS=10

# --- Talking to people, and exit statuses (those of the LSB) --------------------------------------------------------

FAILED=1 USAGE=2 NOT_PERMITTED=4 NOT_INSTALLED=5 NOT_CONFIGURED=6 NOT_RUNNING=7
STATUS_RUNNING=0 STATUS_DEAD=1 STATUS_STOPPED=3 STATUS_UNKNOWN=4

say() {
  printf '%s: %s\n' "$NAME" "$1" | plain
}

# What the daemon says is shown to root: it must not drive the terminal. Characters beyond ASCII can do that, too (U+009B, U+202E).
plain() {
  LC_ALL=C tr '\001-\010\013-\037\177-\377' '?'
}

# die STATUS TEXT
die() {
  say "$2" >&2
  exit "$1"
}

# --- Processes ------------------------------------------------------------------------------------------------------

# Sets pid from the pid file; returns one of STATUS_*.
look() {
  pid=
  [ -e "$PIDFILE" ] || return $STATUS_STOPPED
  [ -r "$PIDFILE" ] || return $STATUS_UNKNOWN
  read -r pid <"$PIDFILE" || : # an empty file, or no newline at its end
  case $pid in
    '' | *[!0-9]*) return $STATUS_DEAD ;;
  esac
  is_ours "$pid" || follow_now || return $STATUS_DEAD
  children=$(cat "/proc/$pid/task/"*/children 2>/dev/null)
  for child in $children; do
    is_ours "$child" && follow_now && break
  done
  return $STATUS_RUNNING
}

# Another process may have taken over by hand: sockproxyd upgrade.
follow_now() {
  [ -r "$MAIN" ] && node=$(command -v "$NODE") || return 1
  read_settings || has_settings || return 1
  [ "$port" != 0 ] && follow
}

# A pid alone proves nothing: after a crash, or a power cut, another process may have got it. One of its words is the program:
# the one of the settings, or an earlier one, as an upgrade may have moved it.
is_ours() {
  words=$(tr '\0' '\n' 2>/dev/null <"/proc/$1/cmdline") || return 1
  printf '%s\n' "$words" | grep -qxF -e "${MAIN:-/}" || printf '%s\n' "$words" | grep -qE "/$NAME(/dist/main\.js|\.cjs)\$"
}

# An ended process that nobody has waited for yet is gone, too: it holds no port any more.
is_gone() {
  [ ! -d "/proc/$1" ] || grep -q '^State:[[:space:]]*[ZX]' "/proc/$1/status" 2>/dev/null
}

# Seconds of a clock nobody sets: many a hub boots with a wrong time and is put right by the network just then.
now() {
  read -r uptime _ </proc/uptime
  echo "${uptime%%.*}"
}

# wait_gone PID SECONDS
wait_gone() {
  limit=$(($(now) + $2))
  until is_gone "$1"; do
    [ "$(now)" -le "$limit" ] || return 1
    sleep 0.1 2>/dev/null || sleep 1 # not every BusyBox knows fractions
  done
}

# Ends process $pid and returns when it has ended, so that its port is free.
end_process() {
  kill -TERM "$pid" 2>/dev/null || is_gone "$pid" || die $NOT_PERMITTED "not permitted to stop process $pid"
  wait_gone "$pid" "$STOP_SECONDS" && return
  say "process $pid did not stop within $STOP_SECONDS seconds, killing it" >&2
  kill -KILL "$pid" 2>/dev/null
  wait_gone "$pid" "$STOP_SECONDS" || die $FAILED "process $pid cannot be killed"
}

remove_pid_file() {
  rm -f "$PIDFILE" || die $NOT_PERMITTED "cannot remove pid file $PIDFILE"
}

# --- The daemon's user and command line -----------------------------------------------------------------------------

is_other_user() {
  [ -n "$RUN_AS" ] && [ "$(id -u)" != "$(id -u "$RUN_AS")" ]
}

# Whether RUN_AS, who is another user, owns a file or folder or may write to it. In a sticky folder (/tmp) nobody replaces
# what belongs to others. Asks no process of that user, who could forge the answer.
is_theirs() {
  # shellcheck disable=SC2012 # only the columns before the name are read
  ls -ldn "$1" 2>/dev/null | {
    read -r mode _ owner group _ || exit 1
    [ "$owner" != "$(id -u "$RUN_AS")" ] || exit 0
    case $mode in
      l* | d????????[tT]*) exit 1 ;;
      ????????w* | ?????w????+*) exit 0 ;; # a list of further users (+) counts as if RUN_AS was in it
      ?????w*) ;;
      *) exit 1 ;;
    esac
    case " $(id -G "$RUN_AS") " in
      *" $group "*) exit 0 ;;
    esac
    exit 1
  }
}

# Whether RUN_AS could change a file, or replace it or anything that leads to it, links included. Sets culprit to what RUN_AS
# could lay hands on.
is_changeable() {
  at=/ rest=$1 links=0
  while culprit=$at && ! is_theirs "$at"; do
    [ -n "$rest" ] || return 1
    name=${rest%%/*}
    case $rest in
      */*) rest=${rest#*/} ;;
      *) rest= ;;
    esac
    case $name in
      '' | .) continue ;;
      ..) at=$(dirname "$at") && continue ;;
    esac
    culprit=${at%/}/$name
    [ -L "$culprit" ] || { at=$culprit && continue; }
    links=$((links + 1))
    ! is_theirs "$culprit" && [ "$links" -le 40 ] || return 0
    target=$(readlink "$culprit") || return 0
    rest=$target/$rest
    case $target in
      /*) at=/ ;;
    esac
  done
}

# refuse_changeable VARIABLE PATH
refuse_changeable() {
  ! is_changeable "$2" ||
    die $NOT_CONFIGURED "not safe: $RUN_AS (RUN_AS) could change or replace $2 ($1), since $culprit belongs to, or can be \
written by, $RUN_AS. Give it to root: chown root '$culprit' && chmod go-w '$culprit'; or have $1 elsewhere"
}

# Turns this shell into a command that runs as the daemon's user: call it in a subshell. A session of its own keeps
# the terminal's Ctrl-C from the daemon.
become() {
  if is_other_user; then
    # setpriv leaves no process in between and opens no login session, but BusyBox has one without these options.
    if setpriv --help 2>&1 | grep -q -e --reuid; then
      set -- setpriv --reuid "$(id -u "$RUN_AS")" --regid "$(id -g "$RUN_AS")" --init-groups -- "$@"
    else
      # shellcheck disable=SC2016 # it is the other user's shell that expands them
      set -- su -s /bin/sh -c 'exec "$0" "$@"' -- "$RUN_AS" "$@"
    fi
  fi
  if command -v setsid >/dev/null; then
    set -- setsid "$@"
  fi
  exec "$@"
}

# Runs a command with the daemon's options behind its own words.
with_options() {
  [ -z "$CONFIG" ] || set -- "$@" --optional-config -c "$CONFIG" # comes first: what follows overrides it
  [ -z "$LOGFILE" ] || set -- "$@" -L "$LOGFILE"
  [ -z "$ADDRESS" ] || set -- "$@" -a "$ADDRESS"
  [ -z "$PORT" ] || set -- "$@" -p "$PORT"
  set -f # an address * in OPTIONS is no file name
  # shellcheck disable=SC2086 # words are wanted
  set -- "$@" $OPTIONS
  set +f
  "$@"
}

# Prints where the program is: a clone, the package of Debian, or a global one of npm, which may be where a shell finds it, beside
# Node.js, or in a usual folder.
find_main() {
  command=$(command -v "$NAME") && command=$(readlink -f "$command") || command=
  node=$(command -v "$NODE") && node=$(readlink -f "$node") || node=/usr/bin/node
  for main in "/usr/local/lib/$NAME/dist/main.js" "/usr/lib/$NAME/$NAME.cjs" "$command" \
    "${node%/bin/*}/lib/node_modules/$NAME/build/$NAME.cjs" "/usr/local/lib/node_modules/$NAME/build/$NAME.cjs" \
    "/usr/lib/node_modules/$NAME/build/$NAME.cjs"; do
    case $main in
      *.js | *.cjs) [ ! -r "$main" ] || { echo "$main" && return; } ;; # a command may be a shell script
    esac
  done
}

# --- Start ----------------------------------------------------------------------------------------------------------

# Everything that can be found wrong beforehand, so that a restart does not stop a daemon that could not come back.
prepare() {
  if [ -n "$RUN_AS" ]; then
    id -u "$RUN_AS" >/dev/null 2>&1 || die $NOT_CONFIGURED "there is no user $RUN_AS (RUN_AS). Create it: \
useradd --system --shell /usr/sbin/nologin $RUN_AS; or name another one in $DEFAULTS: RUN_AS=nobody"
    [ "$(id -u)" = 0 ] || ! is_other_user ||
      die $NOT_PERMITTED "only root can start it as $RUN_AS (RUN_AS), and this is $(id -un)"
  fi
  if is_other_user; then
    [ -z "$CONFIG" ] || refuse_changeable CONFIG "$CONFIG"
    refuse_changeable PIDFILE "$PIDFILE"
    refuse_changeable ERRFILE "$ERRFILE"
  fi
  find_program
  read_settings || { has_settings && is_other_user; } || die $NOT_CONFIGURED "cannot start:
$(problems)"
  prepare_log
}

find_program() {
  node=$(command -v "$NODE") || die $NOT_INSTALLED "cannot find Node.js: $NODE (NODE)"
  [ -n "$MAIN" ] || die $NOT_INSTALLED "cannot find the program in /usr/local/lib/$NAME, /usr/lib/$NAME or the global \
folder of npm; say in $DEFAULTS where it is, such as MAIN=/opt/$NAME/dist/main.js"
  [ -r "$MAIN" ] || die $NOT_INSTALLED "cannot find the program: $MAIN (MAIN)"
}

# Sets settings, host, port and log. The daemon itself knows best what file and options together come to. Where it prints them and
# fails, it cannot write its log, which may have to be created first.
read_settings() {
  settings=$(with_options become "$node" "$MAIN" --check 2>&1 </dev/null)
  code=$?
  host=$(setting ip)
  port=$(setting port)
  log=$(setting log)
  [ "$host" != "*" ] || host=127.0.0.1
  return $code
}

# What is wrong with the settings.
problems() {
  printf '%s\n' "$settings" | grep "^$NAME: " || printf '%s\n' "$settings"
}

# Whether --check has printed the settings: what is wrong has another form.
has_settings() {
  printf '%s\n' "$settings" | grep -qx '\[host\]'
}

# setting KEY prints the value of a key of [host]
setting() {
  printf '%s\n' "$settings" | sed -n "/^\[host\]\$/,/^\$/s/^$1=//p" | head -n 1
}

# The daemon opens its log as the user it runs as, who has no right to create it in a folder of root. Root creates it only
# where the settings of root, not the daemon, name it, and gives away nothing that exists.
prepare_log() {
  is_other_user && [ "$log" != - ] || return 0
  ! user_writes_log || return 0
  if [ "$log" != "$LOGFILE" ] || [ -e "$log" ] || [ -L "$log" ] || is_changeable "$log"; then
    die $NOT_PERMITTED "$RUN_AS cannot write log file $log. Only a LOGFILE that is not there, in a folder of root, is \
created. If this is the right file: touch '$log' && chown $RUN_AS '$log'"
  fi
  (set -C && : >"$log" && chown -h "$RUN_AS" "$log") || die $FAILED "cannot create log file $log"
  user_writes_log || die $FAILED "$RUN_AS cannot write log file $log"
  say "log file $log created for $RUN_AS"
}

user_writes_log() {
  # shellcheck disable=SC2016 # the inner shell expands it
  (become sh -c ': >>"$1"' sh "$log") 2>/dev/null
}

# Waits for the daemon, in Node.js as there may be no other tool for it. That the port accepts connections is not enough:
# it may be another process that does. So it asks for the pid of who answers. Without a proxy port (0) there is nobody to ask:
# then the daemon is there when it listens on any port, or has lived for two seconds, as one that only keeps links of a device.
# Arguments: pid file, pid of the launched process, host, port, seconds. Exits with 1 when the process has ended, 2
# when it does not answer in time.
WAIT_FOR_ANSWER='
  const { readdirSync, readFileSync, readlinkSync } = require("node:fs");
  const { connect } = require("node:net");
  const [pidFile, launched, host, port, seconds] = process.argv.slice(1);
  const limit = performance.now() + seconds * 1000;

  function ended() {
    try {
      return /^State:\s+[ZX]/m.test(readFileSync("/proc/" + launched + "/status", "utf8"));
    } catch {
      return true;
    }
  }

  function isAnswer(text) {
    const [greeting, status, rest] = text.split("\n");
    if (rest === undefined || !greeting.startsWith("OK TOGGLEDBITS-SOCKPROXY ")) return false;
    try {
      return JSON.parse(status).pid === Number(readFileSync(pidFile, "utf8"));
    } catch {
      return false;
    }
  }

  function listens() {
    try {
      const process = "/proc/" + Number(readFileSync(pidFile, "utf8"));
      const files = readdirSync(process + "/fd").map((file) => readlinkSync(process + "/fd/" + file));
      const tables = ["tcp", "tcp6"].map((table) => readFileSync(process + "/net/" + table, "utf8"));
      const rows = tables.join("\n").split("\n").map((row) => row.trim().split(/ +/));
      return rows.some(([, , , state, , , , , , inode]) => state === "0A" && files.includes("socket:[" + inode + "]"));
    } catch {
      return false;
    }
  }

  function ask() {
    if (ended()) process.exit(1);
    if (port === "0" && (listens() || performance.now() > 2000)) process.exit(0);
    if (performance.now() > limit) process.exit(2);
    if (port === "0") return setTimeout(ask, 50);
    let text = "";
    const socket = connect(port, host, () => socket.write("STAT JSON\n"));
    socket.setEncoding("utf8");
    socket.setTimeout(1000, () => socket.destroy());
    socket.on("data", (more) => {
      text += more;
      if (isAnswer(text)) process.exit(0);
    });
    socket.on("error", () => {});
    socket.on("close", () => setTimeout(ask, 50));
  }

  ask();
'

# Its process says its own pid and then becomes the daemon: right whatever programs are in between.
launch() {
  (: >>"$ERRFILE") 2>/dev/null || die $NOT_PERMITTED "cannot write $ERRFILE (ERRFILE)"
  # An existing one is not overwritten: it would be that of another start, under way just now.
  (set -C && : >"$PIDFILE") 2>/dev/null ||
    die $NOT_PERMITTED "cannot create pid file $PIDFILE (PIDFILE), or it has just been created by another start"
  old=$(wc -c <"$ERRFILE")
  # shellcheck disable=SC2016 # the inner shell expands them
  SOCKPROXYD_PIDFILE=$PIDFILE with_options become sh -c 'echo $$ >&3; exec "$@" 3>&-' sh "$node" "$SMALL_HEAP" "$MAIN" \
    </dev/null >/dev/null 2>>"$ERRFILE" 3>"$PIDFILE" &
  launched=$!
  problem="it has ended"
  (become "$node" -e "$WAIT_FOR_ANSWER" -- "$PIDFILE" "$launched" "$host" "$port" "$START_SECONDS")
  case $? in
    0)
      where="port $port"
      [ "$port" != 0 ] || where="no proxy port"
      look && say "started, pid $pid, $where" && return
      ;;
    2) problem="no answer on $host port $port within $START_SECONDS seconds" ;;
  esac
  look || pid=$launched
  is_gone "$pid" || end_process
  remove_pid_file
  say "not started: $problem" >&2
  last_words >&2
  exit $FAILED
}

last_words() {
  words=$(tail -c "+$((old + 1))" "$ERRFILE" | tail -n 10)
  if [ -z "$words" ] && [ -f "$log" ]; then
    words="The last lines of $log:
$( (become tail -n 10 "$log") 2>/dev/null)" # with no more rights than the daemon: it says which file that is
  fi
  printf '%s\n' "$words" | plain
}

# --- The actions ----------------------------------------------------------------------------------------------------

start() {
  look
  case $? in
    "$STATUS_RUNNING")
      say "running already, pid $pid"
      return
      ;;
    "$STATUS_UNKNOWN") die $NOT_PERMITTED "cannot read pid file $PIDFILE" ;;
    "$STATUS_DEAD")
      say "it is not running, removing the old pid file $PIDFILE"
      remove_pid_file
      ;;
  esac
  prepare
  launch
}

stop() {
  look
  case $? in
    "$STATUS_RUNNING")
      end_process
      remove_pid_file
      say "stopped"
      ;;
    "$STATUS_UNKNOWN") die $NOT_PERMITTED "cannot read pid file $PIDFILE" ;;
    "$STATUS_DEAD")
      say "it is not running, removing the old pid file $PIDFILE"
      remove_pid_file
      ;;
    *) say "not running" ;;
  esac
}

restart() {
  prepare
  stop
  launch
}

# After the log was moved away, or the configuration file was changed. What stands in /etc/default takes a restart.
reload() {
  look || die $NOT_RUNNING "not running"
  kill -USR1 "$pid" 2>/dev/null || die $NOT_PERMITTED "not permitted to signal process $pid" # it opens its log again
  find_program
  read_settings || has_settings || die $FAILED "nothing has changed:
$(problems)"
  if [ "$port" = 0 ]; then
    answer="no daemon listens there"
  elif answer=$(ask_daemon reload 2>&1); then
    follow && say "goes on in process $pid with the program that is there now" && return
    say "has read its configuration, and opened its log again"
    return
  fi
  case $answer in
    # The file says another port than the daemon has until now, or the daemon lets this machine in by no port: a signal always reaches it.
    *"no daemon listens there"* | *"ERR ACCESS"* | *": TLS: "*)
      kill -HUP "$pid" 2>/dev/null || die $NOT_PERMITTED "not permitted to signal process $pid"
      say "told to read its configuration, and has opened its log again"
      ;;
    *) die $FAILED "nothing has changed:
$answer" ;;
  esac
}

# By the file, which says what certificate to expect; where options may say more than it, by address and port.
ask_daemon() {
  where=$host:$port
  case $host in
    *:*) where="[$host]:$port" ;;
  esac
  if [ -n "$ADDRESS$PORT$OPTIONS" ] || [ ! -f "$CONFIG" ]; then
    set -- "$@" "$where"
  else
    set -- "$@" -c "$CONFIG"
  fi
  (become "$node" "$MAIN" "$@") </dev/null
}

# Where a reload has found another program than ran, that has taken over in another process: then the pid file names that one. Root takes the
# daemon's word for it only where that process runs our program as the daemon's user, and descends from what this script has started.
follow() {
  now=$(ask_daemon status --json 2>/dev/null | grep -o '"pid":[0-9]*' | head -n 1)
  now=${now#*:}
  [ -n "$now" ] && [ "$now" != "$pid" ] && is_ours "$now" || return 1
  tr '\0' '\n' 2>/dev/null <"/proc/$now/environ" | grep -qxF "SOCKPROXYD_PIDFILE=$PIDFILE" || return 1 # or who has the port is another's
  if is_other_user; then is_theirs "/proc/$now"; else [ -O "/proc/$now" ]; fi || return 1
  pid=$now
  echo "$pid" >"$PIDFILE" || die $NOT_PERMITTED "cannot write pid file $PIDFILE (PIDFILE)"
}

status() {
  look
  code=$?
  case $code in
    "$STATUS_RUNNING") say "running, pid $pid" ;;
    "$STATUS_DEAD") say "not running, but there is a pid file, $PIDFILE" ;;
    "$STATUS_UNKNOWN") say "unknown: cannot read pid file $PIDFILE" ;;
    *) say "not running" ;;
  esac
  return $code
}

# Called from elsewhere, say from a folder with the sources, it removes the installed script and not the one called.
uninstall() {
  stop
  script=$ETC/init.d/$NAME
  [ "$(cd -P "$(dirname "$SELF")" && pwd)" != "$(cd -P "$ETC/init.d" 2>/dev/null && pwd)" ] || script=$SELF
  rm -f "$script" || die $NOT_PERMITTED "cannot remove $script"
  # update-rc.d knows but one /etc. It wants the script to be gone already.
  if [ "$ETC" = /etc ] && command -v update-rc.d >/dev/null; then
    update-rc.d "$NAME" remove || die $FAILED "update-rc.d failed"
  fi
  rm -f "$ETC"/rc*.d/[SK][0-9][0-9]"$NAME" || die $NOT_PERMITTED "cannot remove the links in $ETC/rc*.d"
  [ -e "$CONFIG" ] || CONFIG=
  say "removed $script and its links; left in place: $DEFAULTS ${CONFIG:+$CONFIG }${LOGFILE:+$LOGFILE }$ERRFILE"
}

# --- Main -----------------------------------------------------------------------------------------------------------

if [ -e "$DEFAULTS" ] || [ -n "${SOCKPROXYD_DEFAULTS:-}" ]; then
  [ -r "$DEFAULTS" ] || die $NOT_CONFIGURED "cannot read $DEFAULTS"
  # shellcheck source=/dev/null
  . "$DEFAULTS"
fi

set -u
[ -n "$MAIN" ] || MAIN=$(find_main)
umask 022
cd / || exit $FAILED # never in the way of an unmount

case ${1:-} in
  start | stop | restart | reload | status | uninstall) "$1" ;;
  force-reload) restart ;;
  *)
    echo "Usage: $0 {start|stop|restart|reload|force-reload|status|uninstall}" >&2
    exit $USAGE
    ;;
esac
