#!/bin/sh
# After files are in place, at an installation and at an upgrade. Runs as root.
set -e

getent group culvert >/dev/null || groupadd --system culvert

# Who has asked for the installation may use the engine, from the next login on.
user="$SUDO_USER"
if [ -z "$user" ] && [ -n "$PKEXEC_UID" ]; then user=$(id -nu "$PKEXEC_UID"); fi
if [ -n "$user" ] && [ "$user" != root ] && id "$user" >/dev/null 2>&1; then
  usermod --append --groups culvert "$user"
fi

ln -sf /opt/Culvert/resources/engine/culvert /usr/bin/culvert
ln -sf /opt/Culvert/culvert-desktop /usr/bin/culvert-desktop

# Chromium's sandbox: user namespaces where the kernel lets everybody have them, else its own helper.
if [ -f /opt/Culvert/chrome-sandbox ]; then
  if unshare --user true 2>/dev/null; then mode=0755; else mode=4755; fi
  chmod "$mode" /opt/Culvert/chrome-sandbox
fi
if command -v apparmor_parser >/dev/null && [ -f /opt/Culvert/resources/apparmor-profile ]; then
  if apparmor_parser --skip-kernel-load /opt/Culvert/resources/apparmor-profile >/dev/null 2>&1; then
    cp -f /opt/Culvert/resources/apparmor-profile /etc/apparmor.d/culvert-desktop
    apparmor_parser --replace --write-cache /etc/apparmor.d/culvert-desktop || true
  fi
fi

if command -v update-mime-database >/dev/null; then update-mime-database /usr/share/mime || true; fi
if command -v update-desktop-database >/dev/null; then update-desktop-database /usr/share/applications || true; fi

# The new engine must at least run before the old one is told to go.
/usr/bin/culvert --version >/dev/null

if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl enable culvert.service culvert-repair.service
  systemctl restart culvert.service
fi
