/** Puts what a bundle held into an imported document, once the user chose among its leaves. */
import type { ProfileDocument } from '../schema.ts';

/** PEM texts, as `leafPem` and `certificatePem` of pki make them. */
export interface ChosenCredentials {
  readonly leaf?: { readonly certificate: string; readonly key: string; readonly chain: readonly string[] };
  /** CAs to trust for this profile. */
  readonly anchors?: readonly string[];
}

/** A copy with the credentials in place; anchors join those that are there, each once. */
export function withCredentials(
  document: ProfileDocument,
  { leaf, anchors = [] }: ChosenCredentials,
): ProfileDocument {
  const { remote } = document;
  const before = typeof remote?.anchors === 'string' ? [remote.anchors] : (remote?.anchors ?? []);
  const all = [...new Set([...before, ...anchors])];
  const { psk: _psk, passphrase: _passphrase, ...kept } = document.local.auth;
  const auth = leaf
    ? {
        ...kept,
        certificate: leaf.certificate,
        key: leaf.key,
        ...(leaf.chain.length > 0 ? { chain: leaf.chain } : {}),
      }
    : document.local.auth;
  return {
    ...document,
    local: { ...document.local, auth },
    ...(remote || all.length > 0
      ? { remote: { ...remote, ...(all.length > 0 ? { anchors: all } : {}) } }
      : {}),
  };
}
