#!/bin/sh
# Removes Culvert from this Mac: sudo sh /Applications/Culvert.app/Contents/Resources/uninstall.sh
set -e
[ "$(id -u)" = 0 ] || { echo "run it with sudo" >&2; exit 1; }

engine="/Library/Application Support/Culvert/engine"
state="/Library/Application Support/Culvert/state"
/bin/launchctl bootout system/org.culvert.engine 2>/dev/null || true
if [ -x "$engine/culvert" ]; then
  "$engine/culvert" repair --socket /var/run/culvert/engine.sock --state "$state" || true
  "$engine/culvert" release --socket /var/run/culvert/engine.sock --state "$state" || true
fi
rm -f /Library/LaunchDaemons/org.culvert.engine.plist /usr/local/bin/culvert
rm -rf "$engine" "$engine.new" /Applications/Culvert.app /var/run/culvert /Library/Logs/Culvert
/usr/sbin/pkgutil --forget org.culvert.app >/dev/null 2>&1 || true
echo "Profiles are kept in $state; remove that folder to forget them."
