/**
 * Takes a host through its life and is killed after step N: `host-crash.ts STEP STATE-DIR RESOLV-CONF TARGET`.
 *
 * A step is a write to the journal, a change by rtnetlink, or a change of the name servers. With STEP 0 it lives
 * to the end and prints how many steps there were.
 */
import { systemCommands } from '../../../../engine/os/command.ts';
import { linuxDns } from '../../../../engine/os/dns/dns.linux.ts';
import type { DnsPort } from '../../../../engine/os/dns/port.ts';
import { loadLinuxLibc } from '../../../../engine/os/ffi/libc.linux.ts';
import type { Journal } from '../../../../engine/os/journal/port.ts';
import { type OpenNetlink, openNetlink } from '../../../../engine/os/netlink/socket.linux.ts';
import { linuxRoutes } from '../../../../engine/os/route/route.linux.ts';
import { environmentOf, type Files, fullTunnel, officeTunnel, openOn } from './host-world.ts';

const [stepText = '0', stateDir = '', resolvConf = '', target = ''] = process.argv.slice(2);
const fatal = Number(stepText);
const files: Files = { stateDir, resolvConf, target };
let steps = 0;

function step(): void {
  if (++steps === fatal) process.kill(process.pid, 'SIGKILL');
}

const libc = loadLinuxLibc();
if (libc === undefined) throw new Error('no bindings here');
const open = openNetlink(libc);
const counting: OpenNetlink = () => {
  const netlink = open();
  return {
    ask: (request, read) => netlink.ask(request, read),
    change: (request) => {
      netlink.change(request);
      step();
    },
    close: () => netlink.close(),
  };
};

const environment = environmentOf(files);
const journalOf = (journal: Journal): Journal => ({
  live: () => journal.live(),
  problems: journal.problems,
  append: async (entries) => {
    const made = await journal.append(entries);
    if (made.length > 0) step();
    return made;
  },
  done: async (ids) => {
    await journal.done(ids);
    if (ids.length > 0) step();
  },
  close: () => journal.close(),
});
const plain = linuxDns(systemCommands(), resolvConf);
const dns: DnsPort = {
  ...plain,
  put: async (item, before) => {
    await plain.put(item, before);
    step();
  },
  remove: async (item, before) => {
    const outcome = await plain.remove(item, before);
    step();
    return outcome;
  },
};

const host = await openOn(files, {
  ...environment,
  routes: linuxRoutes(counting),
  dns,
  openJournal: async (dir, bootId) => journalOf(await environment.openJournal(dir, bootId)),
});
const full = fullTunnel('t0');
await host.recover();
await host.apply('full', full);
await host.apply('full', { ...full, mtu: 1380, addresses: [{ address: '10.3.0.6', length: 32 }] });
await host.apply('office', officeTunnel('t1'));
await host.clear('full');
await host.clear('office');
process.stdout.write(`${steps}\n`);
