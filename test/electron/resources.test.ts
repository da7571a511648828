/** The renderer's files: nothing but a plain file of the build is served, and each with the headers. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { isOwnUrl, resourceSegments, serveResource } from '../../electron/window/resources.ts';

const folder = mkdtempSync(join(tmpdir(), 'culvert-resources-'));
const root = join(folder, 'renderer');
mkdirSync(join(root, 'assets'), { recursive: true });
writeFileSync(join(root, 'index.html'), '<!doctype html>');
writeFileSync(join(root, 'assets/index-a1.js'), 'export {}');
writeFileSync(join(folder, 'secret.json'), '{}');
symlinkSync(join(folder, 'secret.json'), join(root, 'link.json'));
mkdirSync(join(root, 'folder.js'));
after(() => rmSync(folder, { recursive: true, force: true }));

const get = (url: string, method = 'GET'): Promise<Response> => serveResource(root, { url, method });

test('files of the build are served with their type and a policy without inline', async () => {
  const page = await get('culvert-app://app/index.html');
  assert.equal(page.status, 200);
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*|https?:/);
  assert.equal(page.headers.get('cache-control'), 'no-store');
  const script = await get('culvert-app://app/assets/index-a1.js');
  assert.equal(await script.text(), 'export {}');
  assert.equal(script.headers.get('content-type'), 'text/javascript; charset=utf-8');
});

test('whatever is not plainly one of them is refused, with the policy', async () => {
  for (const url of [
    'culvert-app://app/',
    'culvert-app://app/../secret.json',
    'culvert-app://app/%2e%2e/secret.json',
    'culvert-app://app/..%2fsecret.json',
    'culvert-app://app/assets/..%5c..%5csecret.json',
    'culvert-app://app//etc/passwd.json',
    'culvert-app://app/link.json',
    'culvert-app://app/folder.js',
    'culvert-app://app/index.html/x.js',
    'culvert-app://app/index.html%00.js',
    'culvert-app://app/.hidden.js',
    'culvert-app://app/index',
    'culvert-app://app.example/index.html',
    'culvert-app://user@app/index.html',
    'file:///etc/passwd',
    'https://app/index.html',
  ]) {
    const answer = await get(url);
    assert.equal(answer.status, 404, url);
    assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  }
  assert.equal((await get('culvert-app://app/index.html', 'POST')).status, 405);
});

test('no URL escapes the folder', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.webPath(), fc.webUrl()), (text) => {
      const segments = resourceSegments(`culvert-app://app/${text}`);
      assert.ok(segments === undefined || segments.every((s) => s !== '..' && s !== '' && !/[\\/%]/.test(s)));
      resourceSegments(text);
    }),
  );
});

test('our own URLs are told from look-alikes', () => {
  assert.ok(isOwnUrl('culvert-app://app/index.html#/status'));
  for (const url of [
    'culvert-app://app.evil/',
    'culvert-app://evil/app',
    'culvert-app:app',
    'blob:culvert-app://app/x',
    'data:text/html,x',
    '',
    'about:blank',
  ])
    assert.equal(isOwnUrl(url), false, url);
});
