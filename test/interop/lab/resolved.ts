/**
 * systemd-resolved as a machine of the laboratory would have it: a system bus of its own in the machine's /run, the
 * daemon in the machine's namespaces, and resolv.conf as the link to its stub.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './command.ts';
import type { Host } from './host.ts';

const DAEMON = '/lib/systemd/systemd-resolved';
/** The system bus, as seen on the machine that has it. */
export const BUS = '/run/dbus/system_bus_socket';

/** What a machine must have installed for a bus. */
export const BUS_NEEDS = { commands: ['busctl', 'dbus-daemon'] } as const;

/** And for the daemon. */
export const RESOLVED_NEEDS = { commands: [DAEMON, 'resolvectl', ...BUS_NEEDS.commands] } as const;

/** The system bus of one machine, from the distribution's configuration. */
export async function startBus(host: Host): Promise<void> {
  await host.script(['mkdir -p /run/dbus']);
  host.spawn(['dbus-daemon', '--system', '--nofork', '--nopidfile', `--address=unix:path=${BUS}`], {
    log: join(host.folder, `${host.name}.dbus.log`),
  });
  // /run is the machine's own: seen from there alone.
  await until(`a bus on ${host.name}`, async () => (await host.run(['busctl', 'list'])).code === 0, {
    interval: 20,
  });
}

/** Starts the daemon with one name server for all names, after the bus. */
export async function startResolved(host: Host, server: string): Promise<void> {
  if (!existsSync(DAEMON)) throw new Error(`${DAEMON} is not installed`);
  await host.script([
    'mkdir -p /run/systemd/resolve',
    'chown systemd-resolve: /run/systemd/resolve',
    'rm -f /etc/resolv.conf',
    'ln -s ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf',
    'mkdir -p /etc/systemd',
    `printf '[Resolve]\\nDNS=${server}\\nFallbackDNS=\\nDNSSEC=no\\nLLMNR=no\\nMulticastDNS=no\\nCache=no\\n' > /etc/systemd/resolved.conf`,
  ]);
  host.spawn([DAEMON], { log: join(host.folder, `${host.name}.resolved.log`) });
  await until(
    `systemd-resolved on ${host.name}`,
    async () => (await host.run(['resolvectl', 'status'])).code === 0,
    { interval: 20 },
  );
}

/** What the daemon holds of every interface, as text to be compared; not which server it asked last. */
export async function resolvedState(host: Host): Promise<string> {
  const text = await host.script(['resolvectl dns', 'resolvectl domain', 'resolvectl default-route']);
  return text
    .split('\n')
    .filter((line) => /^(Global:|Link )/.test(line))
    .join('\n');
}
