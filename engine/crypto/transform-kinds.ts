/** Transform types of RFC 7296 §3.3.2 that a configured proposal can name. */
export const TransformKind = { ENCR: 1, PRF: 2, INTEG: 3, KE: 4, ESN: 5 } as const;
