/**
 * A bundle for whoever is to find out what is wrong: everything that the engine knows, without secrets. It is meant to
 * be read by people and sent on, so its parts are plain JSON whose keys are those of the methods they come from.
 */
import * as z from 'zod';

/** Octets of a bundle as indented JSON. */
export const MAX_BUNDLE_OCTETS: number = 512 * 1024;

export interface DiagnoseParams {
  /** Replace addresses, host names, identities and user names by pseudonyms. */
  readonly mask?: boolean | undefined;
}

export type BundlePart = Readonly<Record<string, unknown>>;

/** What the system says of itself. */
export interface HostFact {
  /** What was asked, such as `ip route show table all`. */
  readonly title: string;
  readonly text: string;
}

export interface BundleProfile {
  readonly name: string;
  /** Secrets read `***`; absent when it cannot be read. */
  readonly profile?: BundlePart | undefined;
  /** Why it cannot be used. */
  readonly problem?: string | undefined;
}

export interface DiagnoseBundle {
  /** Of this shape; grows when a reader of the older one would be misled. */
  readonly format: number;
  /** When it was made; ISO 8601, UTC. */
  readonly time: string;
  readonly masked: boolean;
  /** Of the program. */
  readonly version: string;
  readonly system: { readonly platform: string; readonly node: string };
  /** As `engine.info`. */
  readonly engine: BundlePart;
  /** As `snapshot.get`, without what stands elsewhere in the bundle. */
  readonly snapshot: BundlePart;
  readonly profiles: readonly BundleProfile[];
  /** As `profiles.doctor`, off-line, of each profile that can be read. */
  readonly doctor: readonly BundlePart[];
  /** As `tunnel.negotiation`, of each tunnel. */
  readonly negotiation: readonly { readonly name: string; readonly messages: readonly BundlePart[] }[];
  readonly host: readonly HostFact[];
  /** The latest lines, oldest first. */
  readonly log: readonly BundlePart[];
  /** What was left out to keep the bundle within `MAX_BUNDLE_OCTETS`, one line each. */
  readonly omitted: readonly string[];
}

export const diagnoseSchema: z.ZodType<DiagnoseParams> = z.strictObject({ mask: z.boolean().optional() });

const part = z.record(z.string(), z.unknown());

export const bundleSchema: z.ZodType<DiagnoseBundle> = z.object({
  format: z.number().int().positive(),
  time: z.string(),
  masked: z.boolean(),
  version: z.string(),
  system: z.object({ platform: z.string(), node: z.string() }),
  engine: part,
  snapshot: part,
  profiles: z.array(z.object({ name: z.string(), profile: part.optional(), problem: z.string().optional() })),
  doctor: z.array(part),
  negotiation: z.array(z.object({ name: z.string(), messages: z.array(part) })),
  host: z.array(z.object({ title: z.string(), text: z.string() })),
  log: z.array(part),
  omitted: z.array(z.string()),
});
