/** How the service is started: programs by absolute path, names as the packages give them, nothing from outside. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryDelayMs } from '../../electron/engine/backoff.ts';
import { serviceCommand } from '../../electron/engine/service.ts';

test('each system starts exactly its own service', () => {
  const linux = serviceCommand('linux', {});
  assert.deepEqual([linux.file, ...linux.args], ['/usr/bin/systemctl', 'start', 'culvert.service']);
  const mac = serviceCommand('darwin', {});
  assert.equal(mac.file, '/usr/bin/osascript');
  assert.match(mac.args.join(' '), /\/bin\/launchctl kickstart system\/org\.culvert\.engine"/);
  const windows = serviceCommand('win32', { SystemRoot: 'D:\\Windows' });
  assert.match(windows.file, /^D:\\Windows\\System32\\.*\\powershell\.exe$/);
  assert.match(
    windows.args.join(' '),
    /D:\\Windows\\System32\\schtasks\.exe.*\/run \/tn "\\Culvert\\Engine".*RunAs/,
  );
});

test('the engine is looked for soon at first, and never less often than every five seconds', () => {
  const delays = Array.from({ length: 30 }, (_, attempt) => retryDelayMs(attempt));
  assert.equal(delays[0], 200);
  assert.equal(Math.max(...delays), 5000);
  assert.deepEqual(
    delays,
    [...delays].sort((a, b) => a - b),
  );
});
