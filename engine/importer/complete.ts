/** From an imported profile and what came beside it to a document that can be stored: who proves what by which certificate. */
import { ApiError, localFailure } from '../api/failure.ts';
import type { StoreImportParams } from '../api/import.ts';
import { type BundleLeaf, sortParts } from '../pki/bundle.ts';
import type { Certificate } from '../pki/certificate.ts';
import { certificatePem, leafPem } from '../pki/pem.ts';
import { withCredentials } from '../profile/import/credentials.ts';
import { isPem } from '../profile/inline.ts';
import type { ProfileDocument } from '../profile/schema.ts';
import { baseName, type HeldProfile } from './held-profile.ts';
import type { Part } from './parts.ts';

export type Choice = Omit<StoreImportParams, 'draft' | 'profile' | 'replace'>;

export interface Completed {
  readonly document: ProfileDocument;
  /** What still keeps it from being stored as the profile means it; empty when nothing does. */
  readonly problems: readonly string[];
}

const usage = (message: string): ApiError => new ApiError(localFailure('USAGE', message));

const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

const certificatesOf = (parts: readonly Part[]): Certificate[] =>
  parts.flatMap((part) => part.opened?.certificates.map(({ value }) => value) ?? []);

const unique = (list: readonly Certificate[]): Certificate[] =>
  list.filter((one, i) => list.findIndex((other) => other.equals(one)) === i);

/** Whether the profile proves us by certificate: nothing else is in it, or EAP-TLS is. */
function wantsLeaf({ local: { auth }, remote }: ProfileDocument): boolean {
  if (auth.eap !== undefined) return listOf(auth.eap).includes('tls');
  return auth.psk === undefined && !(remote?.auth === 'psk' && auth.certificate === undefined);
}

/** Whether the gateway proves itself by certificate. */
function wantsAnchors({ local: { auth }, remote }: ProfileDocument): boolean {
  return remote?.auth === undefined
    ? remote?.psk === undefined && auth.psk === undefined
    : remote.auth === 'pubkey';
}

/**
 * CAs to offer for trust: the self-signed ones and those that a profile names; where there is none, the CAs that
 * nobody here issued.
 */
export function offeredAnchors(parts: readonly Part[], named: readonly Certificate[]): Certificate[] {
  const { anchors } = sortParts(parts.flatMap((part) => part.opened ?? []));
  const own = certificatesOf(parts.filter((part) => part.anchors));
  const sure = unique([...named, ...own, ...anchors]);
  if (sure.length > 0) return sure;
  const all = unique(certificatesOf(parts));
  return all.filter(
    (one) =>
      one.basicConstraints?.ca === true &&
      !all.some((issuer) => one.issuer.equals(issuer.subject) && one.isSignedBy(issuer)),
  );
}

export class Completion {
  readonly #held: HeldProfile | undefined;
  readonly #parts: readonly Part[];
  readonly #problems: string[] = [];

  /** @param parts those that belong to the profile or to no profile in particular */
  constructor(held: HeldProfile | undefined, parts: readonly Part[]) {
    this.#held = held;
    this.#parts = parts;
  }

  /** @throws ApiError `USAGE` for a choice of what is not there */
  run(document: ProfileDocument, choice: Choice): Completed {
    let done = withWishes(document, choice);
    const leaves = sortParts(this.#parts.flatMap((part) => part.opened ?? [])).leaves;
    const named = this.namedAnchors(done);
    const leaf = wantsLeaf(done) || choice.leaf !== undefined ? this.#leaf(done, leaves, choice) : undefined;
    if (wantsAnchors(done)) done = this.#withAnchors(done, named, choice);
    if (leaf) {
      const { chain: _chain, ...auth } = done.local.auth;
      done = withCredentials({ ...done, local: { ...done.local, auth } }, { leaf: leafPem(leaf) });
    }
    return { document: done, problems: this.#problems };
  }

  /** Certificates of the files that the profile names as its anchors. */
  namedAnchors(document: ProfileDocument): Certificate[] {
    const paths = listOf(document.remote?.anchors).filter((text) => !isPem(text));
    return certificatesOf(paths.flatMap((path) => this.#named(path) ?? []));
  }

  #named(path: string): Part | undefined {
    return this.#parts.find(({ name, owner }) => owner === undefined && baseName(name) === baseName(path));
  }

  /** Files of the profile's own words, and what it embeds, come before whatever else was dropped. */
  #leaf(
    { local: { auth } }: ProfileDocument,
    leaves: readonly BundleLeaf[],
    { leaf }: Choice,
  ): BundleLeaf | undefined {
    if (leaf !== undefined) {
      const found = leaves.find(({ certificate }) => certificate.fingerprint === leaf);
      if (!found) throw usage(`leaf: there is no certificate with its key and the fingerprint ${leaf}`);
      return found;
    }
    const certificate = auth.certificate;
    if (certificate !== undefined && isPem(certificate)) return undefined;
    const own = (this.#held?.files ?? []).filter(({ ours }) => ours === 'local.auth');
    const paths = [...(certificate === undefined ? [] : [certificate]), ...own.map(({ path }) => path)];
    const parts = [
      ...this.#parts.filter(({ owner, anchors }) => owner !== undefined && !anchors),
      ...paths.flatMap((path) => this.#named(path) ?? []),
    ];
    for (const path of paths)
      if (!this.#named(path))
        this.#problems.push(
          `local.auth: the profile names the file ${path}: import it together with this one`,
        );
    const meant = certificatesOf(parts);
    const among = leaves.filter(({ certificate }) => meant.some((one) => one.equals(certificate)));
    const candidates = meant.length > 0 ? among : leaves;
    if (candidates.length === 1) return candidates[0];
    if (candidates.length > 1)
      this.#problems.push(
        `leaf: choose one of ${candidates.map((one) => `"${one.certificate.label}"`).join(', ')}`,
      );
    else if (auth.certificate !== undefined || paths.length === 0)
      this.#problems.push(
        meant.length > 0
          ? `local.auth.key: the private key of "${meant[0]?.label}" is not among the files`
          : 'local.auth: there is no certificate with its private key among the files',
      );
    return undefined;
  }

  #withAnchors(document: ProfileDocument, named: readonly Certificate[], { trust }: Choice): ProfileDocument {
    const offered = offeredAnchors(this.#parts, named);
    const embedded = certificatesOf(
      this.#parts.filter(({ owner, anchors }) => owner !== undefined && anchors),
    );
    const texts = listOf(document.remote?.anchors);
    const missing = texts.filter((text) => !isPem(text) && !this.#named(text));
    const kept = texts.filter(isPem);
    let chosen: readonly Certificate[];
    if (trust) {
      const known = unique([...offered, ...certificatesOf(this.#parts)]);
      chosen = trust.map((fingerprint) => {
        const found = known.find((one) => one.fingerprint === fingerprint);
        if (!found) throw usage(`trust: there is no certificate with the fingerprint ${fingerprint}`);
        return found;
      });
    } else {
      for (const path of missing)
        this.#problems.push(
          `remote.anchors: the profile names the file ${path}: import it together with this one`,
        );
      const own = unique([...named, ...embedded]);
      chosen = own.length > 0 || kept.length > 0 || missing.length > 0 ? own : offered;
    }
    const pems = chosen.map(certificatePem);
    const anchors = trust ? pems : [...new Set([...kept, ...pems])];
    const { anchors: _anchors, ...remote } = document.remote ?? {};
    return { ...document, remote: { ...remote, ...(anchors.length > 0 ? { anchors } : {}) } };
  }
}

/** What the user said beside the files. */
function withWishes(document: ProfileDocument, choice: Choice): ProfileDocument {
  const { name, gateway, remoteId, username, password } = choice;
  const { auth, auth2 } = document.local;
  const shared = document.remote?.auth === 'psk' && auth.eap === undefined && auth.certificate === undefined;
  // The user is who logs in by EAP: in the second round where the first is one of the machine.
  const round = auth.eap === undefined && auth2?.eap !== undefined ? 'auth2' : 'auth';
  return {
    ...document,
    ...(name === undefined ? {} : { name }),
    ...(gateway === undefined ? {} : { gateway: { ...document.gateway, hosts: [gateway] } }),
    ...(remoteId === undefined ? {} : { remote: { ...document.remote, id: remoteId } }),
    local: {
      ...document.local,
      [round]: {
        ...document.local[round],
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : shared ? { psk: password } : { password }),
      },
    },
  };
}
