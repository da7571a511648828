/** Keeps a bundle within its size: the oldest lines of the log go first, and it says what went. */
import { type BundlePart, type DiagnoseBundle, MAX_BUNDLE_OCTETS } from '../api/diagnose.ts';

const octets = (bundle: DiagnoseBundle): number => Buffer.byteLength(JSON.stringify(bundle, null, 2));

interface Step {
  /** How many items could go. */
  readonly count: (bundle: DiagnoseBundle) => number;
  readonly without: (bundle: DiagnoseBundle, items: number) => DiagnoseBundle;
  readonly says: (items: number) => string;
}

const list = <T>(value: unknown): readonly T[] => (Array.isArray(value) ? (value as T[]) : []);
const longest = (lengths: readonly number[]): number => lengths.reduce((a, b) => Math.max(a, b), 0);

const tunnelsOf = ({ snapshot }: DiagnoseBundle): readonly BundlePart[] => list(snapshot.tunnels);
const historyOf = (tunnel: BundlePart): readonly unknown[] => list(tunnel.history);

/** In this order, each only when those before it were not enough. */
const STEPS: readonly Step[] = [
  {
    count: ({ log }) => log.length,
    without: (bundle, items) => ({ ...bundle, log: bundle.log.slice(items) }),
    says: (items) => `the oldest ${items} lines of the log`,
  },
  {
    count: ({ negotiation }) => longest(negotiation.map(({ messages }) => messages.length)),
    without: (bundle, items) => ({
      ...bundle,
      negotiation: bundle.negotiation.map((one) => ({ ...one, messages: one.messages.slice(items) })),
    }),
    says: (items) => `the oldest ${items} IKE messages of each tunnel`,
  },
  {
    count: (bundle) => longest(tunnelsOf(bundle).map((tunnel) => historyOf(tunnel).length)),
    without: (bundle, items) => ({
      ...bundle,
      snapshot: {
        ...bundle.snapshot,
        tunnels: tunnelsOf(bundle).map((one) => ({ ...one, history: historyOf(one).slice(items) })),
      },
    }),
    says: (items) => `the oldest ${items} events of each tunnel`,
  },
  {
    count: ({ doctor }) => doctor.length,
    without: (bundle, items) => ({ ...bundle, doctor: bundle.doctor.slice(items) }),
    says: (items) => `the first ${items} reports of the doctor`,
  },
  {
    count: ({ profiles }) => profiles.length,
    without: (bundle, items) => ({ ...bundle, profiles: bundle.profiles.slice(items) }),
    says: (items) => `the first ${items} profiles`,
  },
  {
    count: ({ host }) => host.length,
    without: (bundle, items) => ({ ...bundle, host: bundle.host.slice(items) }),
    says: (items) => `the first ${items} facts of the system`,
  },
  {
    count: () => 1,
    without: (bundle, items) => (items === 0 ? bundle : { ...bundle, snapshot: {}, negotiation: [] }),
    says: () => 'the snapshot',
  },
];

const omitting = (step: Step, bundle: DiagnoseBundle, items: number): DiagnoseBundle => ({
  ...step.without(bundle, items),
  omitted: [...bundle.omitted, `${step.says(items)}, to keep within ${MAX_BUNDLE_OCTETS} octets`],
});

/** The bundle with as little left out as brings it to `limit` octets of indented JSON. */
export function bounded(bundle: DiagnoseBundle, limit: number = MAX_BUNDLE_OCTETS): DiagnoseBundle {
  let kept = bundle;
  for (const step of STEPS) {
    if (octets(kept) <= limit) return kept;
    let most = step.count(kept);
    if (most === 0) continue;
    let least = 1;
    while (least < most) {
      const half = (least + most) >> 1;
      if (octets(omitting(step, kept, half)) <= limit) most = half;
      else least = half + 1;
    }
    kept = omitting(step, kept, least);
  }
  return kept;
}
