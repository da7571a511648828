/** A page that turned bad: it gets nowhere by navigating, opening, fetching or evaluating, and no call of its breaks anything. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { METHOD_NAMES } from '../../engine/api/commands.ts';
import { FAILURES } from '../../engine/base/failure.ts';
import { Stage } from './stage.ts';

let stage: Stage;
let page: Page;
let outside: string;
let reached = 0;
const stranger = createServer((_request, response) => {
  reached++;
  response.setHeader('Access-Control-Allow-Origin', '*').end('reached');
});
before(async () => {
  stage = await Stage.open();
  page = await stage.window();
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  outside = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
});
after(async () => {
  stranger.close();
  await stage.close();
});

test('each call with arbitrary values: an outcome with a known code, never an exception', async () => {
  const answers = await page.evaluate(
    async ([methods]) => {
      const values: unknown[] = [
        undefined,
        null,
        0,
        -1,
        1e308,
        '',
        'x'.repeat(2000),
        [],
        {},
        [[[]]],
        { name: '../../etc/passwd' },
        { name: 'a', __proto__: { admin: true } },
        { profile: { name: {} } },
        { files: [{ name: '', content: '???' }] },
        { draft: -1, passphrase: [] },
        { lines: 1e9 },
        { name: 'x', prompt: 'y', answer: null },
      ];
      const bridge = window.culvert as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
      const found: unknown[] = [];
      for (const method of [...(methods as string[]), 'no.such', '__proto__', ''])
        for (const value of values) found.push(await bridge.call?.(method, value));
      for (const value of values) {
        found.push(await bridge.setSettings?.(value));
        found.push(await bridge.call?.(value, value));
      }
      return found;
    },
    [METHOD_NAMES.filter((name) => !/^host\.|tunnel\.down/.test(name))] as const,
  );
  assert.ok(answers.length > 300);
  for (const answer of answers) {
    const { ok, failure } = answer as { ok: boolean; failure?: { code: string; message: string } };
    if (ok) continue;
    assert.ok(failure && failure.code in FAILURES, JSON.stringify(answer));
    assert.notEqual(failure.code, 'INTERNAL_ERROR', failure.message);
  }
  assert.ok(stage.engine.snapshot().engine.uptimeSeconds >= 0, 'the engine lives');
});

test('fetch, images, frames, sockets, workers and forms do not leave', async () => {
  const results = await page.evaluate(async (url) => {
    const tried: Record<string, boolean> = {};
    tried.fetch = await fetch(url).then(
      () => true,
      () => false,
    );
    const load = (element: HTMLElement): Promise<boolean> =>
      new Promise((resolve) => {
        element.addEventListener('load', () => resolve(true));
        element.addEventListener('error', () => resolve(false));
        document.body.append(element);
        setTimeout(() => resolve(false), 500);
      });
    tried.image = await load(Object.assign(document.createElement('img'), { src: `${url}/i.png` }));
    tried.style = await load(
      Object.assign(document.createElement('link'), { rel: 'stylesheet', href: `${url}/s.css` }),
    );
    tried.frame = await load(Object.assign(document.createElement('iframe'), { src: url })).then(
      () => document.querySelector('iframe')?.contentDocument === null,
    );
    document.querySelector('iframe')?.remove();
    tried.beacon = navigator.sendBeacon(`${url}/b`, 'x');
    const form = Object.assign(document.createElement('form'), { action: url, method: 'post' });
    document.body.append(form);
    form.submit();
    form.remove();
    return tried;
  }, outside);
  assert.equal(results.fetch, false);
  assert.equal(results.image, false);
  assert.equal(results.style, false);
  await page.waitForTimeout(500);
  assert.equal(reached, 0, 'nothing arrived');
  assert.ok(page.url().startsWith(stage.web.origin));
});

test('no code comes out of text: eval, Function, script elements, handlers', async () => {
  // In a task of the page's own: what the debugger evaluates itself is above the policy.
  const results = await page.evaluate(
    () =>
      new Promise<Record<string, string | boolean>>((resolve) => {
        const marked = window as unknown as { ran?: boolean };
        const attempt = (work: () => unknown): string => {
          try {
            work();
            return 'worked';
          } catch (error) {
            return (error as Error).name;
          }
        };
        setTimeout(() => {
          const found = {
            // biome-ignore lint/security/noGlobalEval: that it does not work is what is tested
            eval: attempt(() => globalThis.eval('1')),
            function: attempt(() => new Function('return 1')()),
            timeout: attempt(() => setTimeout('window.ran = true' as unknown as () => void, 0)),
            html: attempt(() => {
              document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.ran = true">');
            }),
            script: attempt(() => {
              const script = document.createElement('script');
              script.textContent = 'window.ran = true';
              document.body.append(script);
            }),
          };
          setTimeout(() => resolve({ ...found, ran: marked.ran === true }), 300);
        }, 0);
      }),
  );
  assert.notEqual(results.eval, 'worked');
  assert.notEqual(results.function, 'worked');
  assert.equal(results.ran, false);
});

test('a page of another origin cannot speak to the bridge', async () => {
  const context = await page.context().browser()?.newContext();
  const other = (await context?.newPage()) ?? assert.fail();
  await other.goto(outside);
  const answer = await other.evaluate(async (origin) => {
    try {
      const response = await fetch(`${origin}/bridge`, {
        method: 'POST',
        credentials: 'include',
        headers: { 'Content-Type': 'application/json' },
        body: '{"op":"about"}',
      });
      return `${response.status}`;
    } catch (error) {
      return (error as Error).name;
    }
  }, stage.web.origin);
  assert.equal(answer, 'TypeError');
  await context?.close();
});
