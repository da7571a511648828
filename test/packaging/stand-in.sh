# For a place without systemd: a `systemctl` that keeps the links by the real program, offline, and runs the engine as
# the unit says (group, capabilities that it leaves, no new privileges, no environment). To be sourced, as root, where
# /usr/bin and /run are one's own. Folders of the engine must be made by whoever wants others than these.
mkdir -p /run/systemd/system /run/stand-in
cp /usr/bin/systemctl /run/stand-in/systemctl
rm -f /usr/bin/systemctl
cat >/usr/bin/systemctl <<'END'
#!/bin/sh
unit=/usr/lib/systemd/system/culvert.service
value() { sed -n "s/^$1=-\{0,1\}//p" "$unit"; }
stop() {
  [ -e /run/stand-in/pid ] || return 0
  kill "$(cat /run/stand-in/pid)" 2>/dev/null || true
  while [ -e "/proc/$(cat /run/stand-in/pid)/exe" ]; do sleep 0.1; done
  rm -f /run/stand-in/pid
}
start() {
  if [ ! -e "$unit" ]; then
    echo "Failed to start culvert.service: Unit culvert.service not found." >&2
    exit 5
  fi
  mkdir -p -m "$(value RuntimeDirectoryMode)" /run/culvert
  chgrp "$(value Group)" /run/culvert
  mkdir -p -m "$(value StateDirectoryMode)" /var/lib/culvert
  caps=$(value CapabilityBoundingSet | tr ' ' '\n' | sed 's/^CAP_/+/' | tr 'A-Z\n' 'a-z,' | sed 's/,$//')
  umask "$(value UMask)"
  env -i PATH=/usr/sbin:/usr/bin setsid setpriv --regid "$(value Group)" --clear-groups --no-new-privs \
    --bounding-set="-all,$caps" --inh-caps=-all $(value ExecStart) >/run/stand-in/said 2>&1 </dev/null &
  echo $! >/run/stand-in/pid
}
case "$1" in
  daemon-reload) ;;
  start) start ;;
  restart) stop; start ;;
  stop) stop ;;
  *)
    verb=$1
    shift
    if [ "$1" = --now ]; then stop; shift; fi
    SYSTEMD_OFFLINE=1 exec /run/stand-in/systemctl "$verb" "$@"
    ;;
esac
END
chmod 755 /usr/bin/systemctl
