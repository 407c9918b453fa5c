#!/bin/sh
# The options, which only root reads, become a configuration file; the daemon, which needs no rights, runs with it.
set -eu
umask 027
config=/tmp/sockproxyd.conf

node /usr/lib/sockproxyd/options.mjs /data/options.json /config/sockproxyd.conf >"$config"
chgrp sockproxyd "$config"
exec setpriv --reuid sockproxyd --regid sockproxyd --clear-groups --no-new-privs -- \
  node /usr/lib/sockproxyd/sockproxyd.cjs -c "$config"
