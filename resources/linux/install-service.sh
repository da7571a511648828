#!/bin/sh
# Makes the engine a service of this system and starts it. The package runs this once its files are in place; the
# desktop app runs it, when an administrator has allowed it, where the service is missing or switched off. As root.
set -e
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
engine=/opt/Culvert/resources/engine
units=/usr/lib/systemd/system

# Members of the group may use the engine; who has asked for it becomes one, from the next login on.
getent group culvert >/dev/null || groupadd --system culvert
user="$SUDO_USER"
if [ -z "$user" ] && [ -n "$PKEXEC_UID" ]; then user=$(id -nu "$PKEXEC_UID"); fi
if [ -n "$user" ] && [ "$user" != root ] && id "$user" >/dev/null 2>&1; then
  usermod --append --groups culvert "$user"
fi

# The new engine must at least run before the old one is told to go.
"$engine/culvert" --version >/dev/null

# The package's own places, so that removing the package removes them.
for unit in culvert.service culvert-repair.service; do
  if [ ! -s "$units/$unit" ]; then install -m 0644 "$engine/$unit" "$units/$unit"; fi
done

[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
systemctl enable culvert.service culvert-repair.service
systemctl restart culvert.service
