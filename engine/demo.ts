/**
 * The demo: a whole life of a tunnel in one process, unprivileged. The engine connects through real UDP sockets on
 * the loopback interface to the embedded gateway; only the two network interfaces are in memory.
 */
import { performance } from 'node:perf_hooks';
import type { ChildSnapshot, TunnelSnapshot } from './api/snapshot.ts';
import { createReport, type Report } from './demo/report.ts';
import { INSIDE, LOOPBACK, profileFor, type Scene, setTheScene } from './demo/scene.ts';
import { Traffic } from './demo/traffic.ts';
import type { Engine } from './tunnel/engine.ts';

const NAME = 'demo';
const PINGS = 20;
const TRANSFER_PACKETS = 20_000;
const TRANSFER_OCTETS = 1300;
const PROBE_INTERVAL_MS = 2;
const PATIENCE_MS = 5000;

export interface DemoOptions {
  readonly json: boolean;
}

/** Resolves once `met` holds. */
async function until(what: string, met: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!met()) {
    if (performance.now() > end) throw new Error(`${what} did not happen within ${PATIENCE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function tunnelOf(engine: Engine): TunnelSnapshot {
  const tunnel = engine.snapshot().tunnels.find((t) => t.name === NAME);
  if (!tunnel) throw new Error('the engine shows no tunnel');
  return tunnel;
}

function childOf(engine: Engine): ChildSnapshot {
  const child = tunnelOf(engine).children.at(-1);
  if (!child) throw new Error('there is no CHILD_SA');
  return child;
}

const rate = (octets: number, milliseconds: number): number =>
  Math.round((octets * 8) / milliseconds / 100) / 10;

async function play(report: Report, scene: Scene): Promise<void> {
  const { engine, gateway, clientTun, gatewayTun, host } = scene;
  const traffic = new Traffic(clientTun, gatewayTun);

  const connected = await report.step(
    'IKE_SA_INIT, IKE_AUTH',
    async () => {
      const begin = performance.now();
      await engine.up({ profile: profileFor(scene, NAME), wait: true });
      const { ike } = tunnelOf(engine);
      return {
        milliseconds: Math.round((performance.now() - begin) * 10) / 10,
        suite: ike?.suite?.text ?? '',
        spi: ike?.spiInitiator ?? '',
        gateway: ike?.remoteId ?? '',
        nat: ike?.nat.forced ? 'forced encapsulation' : 'auto',
      };
    },
    (m) => `${m.milliseconds} ms, ${m.suite}, gateway ${m.gateway}, ${m.nat}`,
  );

  const address = await report.step(
    'configuration',
    async () => {
      const { addresses, dns, routes } = tunnelOf(engine);
      if (addresses.length === 0) throw new Error('no virtual address was assigned');
      return { addresses: addresses.join(' '), dns: dns.join(' '), routes: routes.join(' ') };
    },
    (m) => `addresses ${m.addresses}, DNS ${m.dns}, routes ${m.routes}`,
  );
  const own = address.addresses.split('/')[0] ?? '';

  await report.step(
    'ping through ESP in UDP',
    async () => {
      const result = await traffic.ping(own, INSIDE, PINGS);
      if (result.answered !== result.sent)
        throw new Error(`${result.sent - result.answered} of ${result.sent} pings were lost`);
      const round = (n: number): number => Math.round(n * 1000) / 1000;
      return {
        sent: result.sent,
        answered: result.answered,
        minMs: round(result.min),
        medianMs: round(result.median),
        maxMs: round(result.max),
      };
    },
    (m) =>
      `${m.answered} of ${m.sent} answered, ${m.minMs} / ${m.medianMs} / ${m.maxMs} ms (min / median / max)`,
  );

  await report.step(
    'transfer',
    async () => {
      const result = await traffic.transfer(own, INSIDE, TRANSFER_PACKETS, TRANSFER_OCTETS);
      if (result.lost + result.damaged > 0)
        throw new Error(`${result.lost} packets lost, ${result.damaged} damaged`);
      return {
        ...result,
        milliseconds: Math.round(result.milliseconds),
        mbitPerSecond: rate(result.octets, result.milliseconds),
        suite: childOf(engine).suite.text,
      };
    },
    (m) =>
      `${(m.octets / 1e6).toFixed(0)} MB in ${m.milliseconds} ms = ${m.mbitPerSecond} Mbit/s in one process, ${m.suite}, none lost`,
  );

  await report.step(
    'CHILD rekey under traffic',
    () =>
      underTraffic(traffic, own, async () => {
        const before = childOf(engine);
        await engine.rekey({ name: NAME, what: 'child' });
        await until(
          'the CHILD rekey',
          () => childOf(engine).rekeysDone > before.rekeysDone && tunnelOf(engine).children.length === 1,
        );
        return { from: before.spiOut, to: childOf(engine).spiOut };
      }),
    (m) => `SPI ${m.from} → ${m.to}, ${m.answered} of ${m.sent} probes answered`,
  );

  await report.step(
    'IKE rekey under traffic',
    () =>
      underTraffic(traffic, own, async () => {
        await engine.rekey({ name: NAME, what: 'ike' });
        await until('the IKE rekey', () => {
          const { ike } = tunnelOf(engine);
          return ike?.rekeysDone === 1 && ike.spiInitiator !== connected.spi && gateway.views().length === 1;
        });
        return { from: connected.spi, to: tunnelOf(engine).ike?.spiInitiator ?? '' };
      }),
    (m) => `SPI ${m.from} → ${m.to}, ${m.answered} of ${m.sent} probes answered`,
  );

  await report.step(
    'liveness check',
    async () => {
      const answered = (): number => tunnelOf(engine).history.filter((e) => e.topic === 'liveness').length;
      const before = answered();
      engine.tunnel(NAME)?.command({ kind: 'probe' });
      await until('the liveness answer', () => answered() > before);
      return { roundTripMs: Math.round((tunnelOf(engine).ike?.roundTripMs ?? 0) * 1000) / 1000 };
    },
    (m) => `answered in ${m.roundTripMs} ms`,
  );

  await report.step(
    'delete',
    async () => {
      await engine.down({ name: NAME });
      await until('the delete', () => gateway.views().length === 0);
      if (gateway.leases > 0) throw new Error('the gateway still holds a lease');
      if (host.states.size > 0) throw new Error('the host state was not cleared');
      return {
        gatewaySas: gateway.views().length,
        leases: gateway.leases,
        hostChangesLeft: host.states.size,
      };
    },
    () => 'both sides forgot their SAs, the lease is free, the host is as before',
  );
}

async function underTraffic<T extends { from: string; to: string }>(
  traffic: Traffic,
  own: string,
  work: () => Promise<T>,
): Promise<T & { sent: number; answered: number }> {
  const probe = traffic.probe(own, INSIDE, PROBE_INTERVAL_MS);
  await new Promise((resolve) => setTimeout(resolve, 100));
  try {
    const done = await work();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const loss = await probe.stop();
    if (loss.answered !== loss.sent)
      throw new Error(`${loss.sent - loss.answered} of ${loss.sent} probes were lost`);
    return { ...done, ...loss };
  } finally {
    await probe.stop();
  }
}

/** Runs the demo; resolves with the exit code: 0 when every step worked. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const begin = performance.now();
  const report = createReport(process.stdout, options.json);
  const open: Scene[] = [];
  try {
    await report.step(
      'engine and gateway',
      async () => {
        const scene = await setTheScene();
        open.push(scene);
        return { gateway: `${LOOPBACK}:${scene.gatewayPort}` };
      },
      (m) => `gateway on UDP ${m.gateway}, two interfaces in memory`,
    );
    for (const scene of open) await play(report, scene);
    report.end(true, undefined, performance.now() - begin);
    return 0;
  } catch (error) {
    report.end(false, error instanceof Error ? error.message : String(error), performance.now() - begin);
    return 1;
  } finally {
    for (const scene of open) await scene.close();
  }
}
