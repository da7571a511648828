/** Transform types of RFC 7296 §3.3.2 and RFC 9370 §2.2.1 that a configured proposal can name. */
export const TransformKind = { ENCR: 1, PRF: 2, INTEG: 3, KE: 4, ESN: 5, ADDKE1: 6, ADDKE7: 12 } as const;

/** Whether a type names a Key Exchange Method: the first one, or an additional one of RFC 9370. */
export const isKeyExchangeKind = (type: number): boolean =>
  type === TransformKind.KE || (type >= TransformKind.ADDKE1 && type <= TransformKind.ADDKE7);
