/** What a page that has turned against us must not get. The same for the double and for a real Electron. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ESCAPED } from '../double/window-double.ts';
import { eventually } from '../running.ts';
import type { PageWorld } from './stage.ts';

/** Sets its title, so that the tests see that it ran. */
export const HOSTILE_SCRIPT = 'document.title = "loaded";';

export function defineHostileSpecs(world: () => PageWorld): void {
  test('the page loads from the own scheme, its script runs, its policy holds', async (t) => {
    const { page } = await world().open(t);
    assert.equal(await page.title(), 'loaded');
  });

  test('navigation leads nowhere', async (t) => {
    const { page } = await world().open(t);
    const url = page.url();
    for (const target of [
      'https://example.com/',
      '/other.html',
      '/index.html?x',
      'culvert://open',
      'file:///etc/passwd',
    ])
      for (const way of [
        (to: string) => window.location.assign(to),
        (to: string) => window.location.replace(to),
        (to: string) => {
          const link = document.createElement('a');
          link.href = to;
          document.body.append(link);
          link.click();
        },
        (to: string) => {
          const form = document.createElement('form');
          form.action = to;
          document.body.append(form);
          form.submit();
        },
      ]) {
        await page.evaluate(way, target).catch(() => undefined);
        await page.waitForTimeout(15);
        assert.equal(page.url(), url, target);
        assert.equal(await page.locator('h1').innerText(), 'Culvert');
      }
  });

  test('window.open gives no page, not even at a click', async (t) => {
    const { page, popups } = await world().open(t);
    await page.evaluate(() => {
      const button = document.createElement('button');
      button.textContent = 'open';
      button.onclick = () => void window.open('https://example.com/');
      const link = document.createElement('a');
      link.href = 'https://example.com/';
      link.target = '_blank';
      link.textContent = 'follow';
      document.body.append(button, link);
    });
    for (const [index, name] of ['open', 'follow'].entries()) {
      await page.getByText(name, { exact: true }).click();
      // A refused window may be seen for a moment, by the browser's driver alone.
      if (popups) await eventually('the try', () => popups() === index + 1);
      await page.waitForTimeout(300);
      await eventually('no other page', () => page.context().pages().length === 1);
    }
  });

  test('no request leaves the page', async (t) => {
    const { page } = await world().open(t);
    const reached = await page.evaluate(async (escaped) => {
      const tries: Promise<string>[] = [
        fetch('https://example.com/').then((r) => r.text()),
        fetch('/page.js').then((r) => r.text()),
        new Promise((resolve, reject) => {
          const request = new XMLHttpRequest();
          request.onload = () => resolve(request.responseText);
          request.onerror = () => reject(new Error('refused'));
          request.open('GET', 'https://example.com/');
          request.send();
        }),
        new Promise((resolve, reject) => {
          const socket = new WebSocket('wss://example.com/');
          socket.onopen = () => resolve('open');
          socket.onerror = () => reject(new Error('refused'));
        }),
        new Promise((resolve, reject) => {
          const image = new Image();
          image.onload = () => resolve('loaded');
          image.onerror = () => reject(new Error('refused'));
          image.src = 'https://example.com/x.png';
        }),
        new Promise((resolve, reject) => {
          const script = document.createElement('link');
          script.rel = 'stylesheet';
          script.onload = () => resolve('loaded');
          script.onerror = () => reject(new Error('refused'));
          script.href = 'https://example.com/x.css';
          document.head.append(script);
        }),
        new Promise((resolve, reject) => {
          if (navigator.sendBeacon('https://example.com/', 'x')) reject(new Error('queued, and blocked'));
          resolve('sent');
        }),
        new Promise((resolve, reject) => {
          const frame = document.createElement('iframe');
          frame.src = 'https://example.com/';
          frame.onload = () => {
            try {
              // A blocked frame holds an error page of another origin.
              resolve(frame.contentDocument?.body.innerText ?? '');
            } catch {
              reject(new Error('refused'));
            }
          };
          document.body.append(frame);
          setTimeout(() => reject(new Error('refused')), 500);
        }),
      ];
      const results = await Promise.allSettled(tries);
      return results.flatMap((r, index) =>
        r.status === 'fulfilled' && (r.value.includes(escaped) || r.value !== '')
          ? [`${index}: ${r.value}`]
          : [],
      );
    }, ESCAPED);
    assert.deepEqual(
      reached.filter((text) => !text.startsWith('6:')),
      [],
    );
  });

  test('nothing is evaluated, and nothing inline runs', async (t) => {
    const { page } = await world().open(t);
    const ran = await page.evaluate(async () => {
      const global = globalThis as unknown as { pwned?: string };
      const attempts: (() => unknown)[] = [
        // biome-ignore lint/security/noGlobalEval: it must not work
        () => eval('globalThis.pwned = "eval"'),
        () => new Function('globalThis.pwned = "function"')(),
        () => setTimeout('globalThis.pwned = "timer"', 0),
        () => {
          const script = document.createElement('script');
          script.textContent = 'globalThis.pwned = "script"';
          document.body.append(script);
        },
        () => {
          document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="globalThis.pwned = 1">');
        },
        () => {
          const link = document.createElement('a');
          link.href = 'javascript:globalThis.pwned = "link"';
          document.body.append(link);
          link.click();
        },
      ];
      // From a timer: the debugger that runs this function may evaluate strings where the page may not.
      const refusals = await Promise.all(
        attempts.map(
          (attempt) =>
            new Promise<boolean>((resolve) =>
              setTimeout(() => {
                try {
                  attempt();
                  resolve(false);
                } catch {
                  resolve(true);
                }
              }, 0),
            ),
        ),
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
      return { refusals, pwned: global.pwned };
    });
    assert.equal(ran.pwned, undefined);
    assert.deepEqual(ran.refusals, [true, true, true, true, true, false]);
  });

  test('there is nothing of Node or Electron on the page, and the bridge cannot be changed', async (t) => {
    const { page } = await world().open(t);
    const found = await page.evaluate(() => {
      const global = globalThis as unknown as Record<string, unknown>;
      const names = [
        'require',
        'process',
        'module',
        'Buffer',
        'ipcRenderer',
        'electron',
        'global',
        '__culvertInvoke',
      ];
      const bridge = global.culvert as Record<string, unknown>;
      const tries = [
        () => {
          global.culvert = {};
        },
        () => {
          bridge.call = () => 'mine';
        },
        () => delete global.culvert,
      ];
      for (const attempt of tries) {
        try {
          attempt();
        } catch {
          // Strict mode says no.
        }
      }
      return {
        leaked: names.filter((name) => name in global),
        same: global.culvert === bridge && Object.isFrozen(bridge),
        keys: Object.keys(bridge).sort(),
      };
    });
    assert.deepEqual(found.leaked, []);
    assert.ok(found.same);
    assert.deepEqual(found.keys, [
      'about',
      'call',
      'chooseFiles',
      'copy',
      'followLog',
      'on',
      'saveFile',
      'setSettings',
      'startEngine',
    ]);
  });
}
