#!/bin/sh
# After files have gone. Profiles stay for a later installation, unless the package is purged.
set -e

case "$1" in
  upgrade | failed-upgrade | abort-install | abort-upgrade | disappear | 1) exit 0 ;;
esac

rm -f /usr/bin/culvert /usr/bin/culvert-desktop /etc/apparmor.d/culvert-desktop
if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
if command -v update-mime-database >/dev/null; then update-mime-database /usr/share/mime || true; fi
if command -v update-desktop-database >/dev/null; then update-desktop-database /usr/share/applications || true; fi

if [ "$1" = purge ]; then
  rm -rf /var/lib/culvert
  if getent group culvert >/dev/null; then groupdel culvert || true; fi
fi
