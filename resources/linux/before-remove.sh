#!/bin/sh
# Before files go. At an upgrade the engine stays until the new one takes its place.
set -e

# Debian says "upgrade" or "remove", RPM how many versions remain.
case "$1" in
  upgrade)
    # For the new package: an administrator has switched the service off.
    if ! systemctl is-enabled --quiet culvert.service 2>/dev/null; then touch /run/culvert-stays-off; fi
    exit 0
    ;;
  failed-upgrade | deconfigure | 1) exit 0 ;;
esac

if [ -d /run/systemd/system ]; then
  systemctl disable --now culvert.service culvert-repair.service || true
fi
# With or without an engine that has ended well: routes, name servers and kill switches are put back.
/usr/bin/culvert repair --socket /run/culvert/engine.sock --state /var/lib/culvert || true
/usr/bin/culvert release --socket /run/culvert/engine.sock --state /var/lib/culvert || true
