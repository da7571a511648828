/**
 * A host's life for the fault matrix: `fault-life.ts STATE-DIR KILL-SWITCH`, to be killed on its way. It does what a
 * tunnel does, in the tunnel's order: shut, set up, change, take down, let go. What it says is what had ended before.
 */
import type { EventEmitter } from 'node:events';
import { silentLog } from '../../../../engine/base/log.ts';
import type { GuardState } from '../../../../engine/os/firewall/port.ts';
import { linuxHostEnvironment, routingOf } from '../../../../engine/os/host.linux.ts';
import { openHost } from '../../../../engine/os/host.ts';
import type { HostState } from '../../../../engine/os/port.ts';
import type { RoutePort } from '../../../../engine/os/route/port.ts';

const [stateDir = '', mode = 'off'] = process.argv.slice(2);

/** Each change by itself, and told to whoever counts. */
function stepwise(routes: RoutePort): RoutePort {
  const step = (): boolean => (process as EventEmitter).emit('step');
  return {
    observe: routes.observe,
    add: async (steps) => {
      for (const one of steps) {
        await routes.add([one]);
        step();
      }
    },
    remove: async (steps) => {
      const said: string[] = [];
      for (const one of steps) {
        said.push(await routes.remove([one]));
        step();
      }
      return said.filter((text) => text !== '').join('; ');
    },
  };
}

const GATEWAY = ['198.51.100.1', '2001:db8::1'];

const full: HostState = {
  interface: 't0',
  mtu: 1400,
  addresses: [
    { address: '10.3.0.5', length: 24 },
    { address: 'fd00::5', length: 64 },
  ],
  routes: [
    { address: '0.0.0.0', length: 0 },
    { address: '::', length: 0 },
  ],
  bypass: GATEWAY,
  dns: { servers: ['10.3.0.53'], domains: [] },
};

const shut: GuardState = {
  mode: 'while-up',
  protect: 'everything',
  gateways: GATEWAY,
  ports: [4500],
  allowLocal: false,
  tunnel: null,
};

const environment = linuxHostEnvironment(routingOf(stateDir));
const host = await openHost({
  stateDir,
  log: silentLog,
  environment: { ...environment, routes: stepwise(environment.routes) },
});
const say = (what: string): boolean => process.stdout.write(`${what}\n`);

await host.recover();
if (mode !== 'off') {
  await host.guard('full', shut);
  say('shut');
  const open = { interface: 't0', dns: full.dns.servers };
  await host.guard('full', { ...shut, mode: mode === 'always' ? 'always' : 'while-up', tunnel: open });
}
await host.apply('full', full);
say('up');
await host.apply('full', { ...full, mtu: 1380, addresses: [{ address: '10.3.0.6', length: 32 }] });
await host.clear('full');
say('down');
if (mode !== 'off') await host.unguard('full');
if (mode === 'always') await host.release();
await host.close();
say('end');
