/** Name servers on macOS: what scutil is told, and what is believed of what it says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseDnsMode } from '../../../../engine/os/dns/choose.ts';
import { darwinDns, putScript, shownServers } from '../../../../engine/os/dns/dns.darwin.ts';
import type { DnsLinkItem } from '../../../../engine/os/dns/port.ts';
import { fakeScutil } from '../darwin/support/scutil.ts';

const whole: DnsLinkItem = {
  kind: 'dns-link',
  interface: 'utun3',
  servers: ['10.3.0.53', 'fd00::53'],
  domains: [],
};
const split: DnsLinkItem = { ...whole, domains: ['corp.example', 'lab.example'] };

test('every name goes to the servers by the empty domain, some by their own', () => {
  assert.equal(
    putScript(whole),
    `d.init
d.add ServerAddresses * 10.3.0.53 fd00::53
d.add SupplementalMatchDomains * ""
d.add SupplementalMatchDomainsNoSearch # 1
set State:/Network/Service/culvert-utun3/DNS
quit
`,
  );
  assert.match(putScript(split), /^d\.add SupplementalMatchDomains \* corp\.example lab\.example$/m);
});

test('the way of setting is macOS’s own', async () => {
  assert.equal(chooseDnsMode(await darwinDns(fakeScutil()).survey()).mode, 'resolved');
});

test('what was set is taken away again, once', async () => {
  const commands = fakeScutil();
  const dns = darwinDns(commands);
  await dns.put(split, null);
  assert.deepEqual([...commands.store.keys()], ['State:/Network/Service/culvert-utun3/DNS']);
  assert.equal(await dns.remove(split, null), 'undone');
  assert.equal(commands.store.size, 0);
  assert.equal(await dns.remove(split, null), 'gone');
});

test('what somebody else has put there since stays', async () => {
  const commands = fakeScutil();
  const dns = darwinDns(commands);
  await dns.put(whole, null);
  await dns.put({ ...whole, servers: ['192.0.2.53'] }, null);
  assert.equal(await dns.remove(whole, null), 'foreign');
  assert.equal(commands.store.size, 1);
});

test('scutil ends with 0 when it was refused, and is believed by its words', async () => {
  const dns = darwinDns({
    find: () => '/usr/sbin/scutil',
    run: async () => ({ status: 0, stdout: '  Permission denied\n', stderr: '' }),
  });
  await assert.rejects(dns.put(whole, null), { name: 'OsError', code: 'dns-failed' });
});

test('the servers of a dictionary as scutil shows it', () => {
  const shown = `<dictionary> {
  ServerAddresses : <array> {
    0 : 10.3.0.53
    1 : fd00::53
  }
  SupplementalMatchDomains : <array> {
    0 :
  }
}
`;
  assert.deepEqual(shownServers(shown), ['10.3.0.53', 'fd00::53']);
  assert.equal(shownServers('  No such key\n'), undefined);
  assert.deepEqual(shownServers('<dictionary> {\n}\n'), []);
});
