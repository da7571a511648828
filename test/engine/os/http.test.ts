import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { fetchAnswer, fetchBytes, HttpError } from '../../../engine/os/http.ts';

const LIMITS = { milliseconds: 2000, octets: 1000, redirects: 2 };

async function served<T>(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  body: (base: string) => Promise<T>,
): Promise<T> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await body(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('gets and posts', async () => {
  await served(
    async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      response.end(`${request.method} ${request.headers['content-type'] ?? '-'} ${Buffer.concat(parts)}`);
    },
    async (base) => {
      assert.equal(Buffer.from(await fetchBytes(base, LIMITS)).toString(), 'GET - ');
      const posted = await fetchBytes(base, { ...LIMITS, body: Buffer.from('hi'), type: 'x/y' });
      assert.equal(Buffer.from(posted).toString(), 'POST x/y hi');
    },
  );
});

test('follows a few redirects, to http alone', async () => {
  await served(
    (request, response) => {
      const hops = Number(request.url?.slice(1));
      if (request.url === '/file') response.writeHead(302, { location: 'file:///etc/passwd' }).end();
      else if (hops > 0) response.writeHead(302, { location: `/${hops - 1}` }).end();
      else response.end('there');
    },
    async (base) => {
      assert.equal(Buffer.from(await fetchBytes(`${base}/2`, LIMITS)).toString(), 'there');
      await assert.rejects(fetchBytes(`${base}/3`, LIMITS), /more than 2 redirects/);
      await assert.rejects(fetchBytes(`${base}/file`, LIMITS), /only http is fetched, not file:/);
    },
  );
  await assert.rejects(fetchBytes('file:///etc/passwd', LIMITS), /only http/);
  await assert.rejects(fetchBytes('nonsense', LIMITS), /not a URL/);
});

test('ends what is too large, announced or not', async () => {
  await served(
    (request, response) => {
      if (request.url === '/said') response.writeHead(200, { 'content-length': 1001 });
      response.write(Buffer.alloc(600));
      response.end(Buffer.alloc(401));
    },
    async (base) => {
      await assert.rejects(fetchBytes(`${base}/said`, LIMITS), /more than 1000 octets/);
      await assert.rejects(fetchBytes(`${base}/silent`, LIMITS), /more than 1000 octets/);
      assert.equal((await fetchBytes(base, { ...LIMITS, octets: 1001 })).length, 1001);
    },
  );
});

test('ends what takes too long, before and in the body', async () => {
  await served(
    (request, response) => {
      if (request.url === '/body') response.write('x');
    },
    async (base) => {
      const limits = { ...LIMITS, milliseconds: 150 };
      await assert.rejects(fetchBytes(`${base}/head`, limits), /no answer within 150 ms/);
      await assert.rejects(fetchBytes(`${base}/body`, limits), /no answer within 150 ms/);
    },
  );
});

test('tells other statuses, and an answer that breaks off', async () => {
  await served(
    (request, response) => {
      if (request.url === '/404') response.writeHead(404).end('x');
      else {
        response.writeHead(200, { 'content-length': 100 }).write('x');
        setTimeout(() => response.destroy(), 20);
      }
    },
    async (base) => {
      await assert.rejects(fetchBytes(`${base}/404`, LIMITS), /status 404/);
      await assert.rejects(fetchBytes(`${base}/cut`, LIMITS), /breaks off|aborted|hang up/);
    },
  );
});

test('names a captive network: a web page, a log-in elsewhere, status 511', async () => {
  const captive = (error: unknown): boolean => error instanceof HttpError && error.code === 'captive-portal';
  await served(
    (request, response) => {
      if (request.url === '/page') response.end('\r\n<!DOCTYPE html><title>Welcome to the hotel</title>');
      else if (request.url === '/away') response.writeHead(302, { location: 'https://login.hotel/' }).end();
      else if (request.url === '/511') response.writeHead(511).end();
      else response.writeHead(404).end('<html>');
    },
    async (base) => {
      for (const path of ['/page', '/away', '/511'])
        await assert.rejects(fetchBytes(base + path, LIMITS), captive);
      await assert.rejects(fetchBytes(`${base}/404`, LIMITS), (error) => !captive(error));
    },
  );
});

test("tells the server's clock, with an answer and with a refusal", async () => {
  const date = 'Mon, 01 Jun 2026 10:00:00 GMT';
  await served(
    (request, response) => response.writeHead(request.url === '/404' ? 404 : 200, { date }).end('x'),
    async (base) => {
      assert.equal((await fetchAnswer(base, LIMITS)).date, Date.parse(date));
      await assert.rejects(
        fetchAnswer(`${base}/404`, LIMITS),
        (error) => error instanceof HttpError && error.date === Date.parse(date),
      );
    },
  );
});
