#!/bin/sh
# Makes the engine a job of this Mac and starts it. The package runs this once the engine is in place; the desktop app
# runs it, when an administrator has allowed it, where the job is missing or switched off. As root.
set -e
PATH=/usr/bin:/bin:/usr/sbin:/sbin
export PATH
engine="/Library/Application Support/Culvert/engine"
label=org.culvert.engine
job="/Library/LaunchDaemons/$label.plist"

# The new engine must at least run before the old one is told to go.
"$engine/culvert" --version >/dev/null

mkdir -p /Library/Logs/Culvert
launchctl bootout "system/$label" 2>/dev/null || true
install -o root -g wheel -m 0644 "$engine/$label.plist" "$job"
mkdir -p /usr/local/bin
ln -sf "$engine/culvert" /usr/local/bin/culvert

# A job that somebody has switched off would stay so.
launchctl enable "system/$label"
# The old engine takes leave of its gateways first, for which the job gives it half a minute.
tries=0
until launchctl bootstrap system "$job"; do
  tries=$((tries + 1))
  [ "$tries" -lt 40 ] || exit 1
  sleep 1
done
