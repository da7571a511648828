/** Payload rules: what real peers send passes, what no form allows is named. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notify } from '../../../engine/wire/find.ts';
import type { Payload } from '../../../engine/wire/payloads/types.ts';
import { Exchange, NotifyType } from '../../../engine/wire/registry.ts';
import { checkRules, matchForm, RULES } from '../../../engine/wire/rules.ts';

const none = new Uint8Array(0);
const P = {
  SA: { kind: 'SA', proposals: [] },
  KE: { kind: 'KE', method: 31, data: none },
  N: { kind: 'Nonce', data: new Uint8Array(32) },
  IDi: { kind: 'IDi', idType: 11, data: none },
  IDr: { kind: 'IDr', idType: 11, data: none },
  AUTH: { kind: 'AUTH', method: 2, data: none },
  TSi: { kind: 'TSi', selectors: [] },
  TSr: { kind: 'TSr', selectors: [] },
  EAP: { kind: 'EAP', packet: none },
  CP: { kind: 'CP', cfgType: 1, attributes: [] },
  V: { kind: 'Vendor', data: none },
  U: { kind: 'Unknown', type: 200, critical: false, body: none },
  D: { kind: 'Delete', protocol: 1, spis: [] },
  REKEY: notify(NotifyType.REKEY_SA),
  COOKIE: notify(NotifyType.COOKIE),
  REFUSED: notify(NotifyType.TS_UNACCEPTABLE),
  STATUS: notify(40961),
} satisfies Record<string, Payload>;
type Name = keyof typeof P;

const list = (names: string): Payload[] =>
  names
    .split(' ')
    .filter(Boolean)
    .map((n) => P[n as Name]);

const { IKE_SA_INIT, IKE_AUTH, CREATE_CHILD_SA, INFORMATIONAL } = Exchange;

const accepted: readonly (readonly [number, 'request' | 'response', string, string | undefined, string])[] = [
  [IKE_SA_INIT, 'request', 'COOKIE SA KE N STATUS V V U', undefined, 'init'],
  [IKE_SA_INIT, 'response', 'SA KE N STATUS V', undefined, 'init'],
  [IKE_SA_INIT, 'response', 'COOKIE V', undefined, 'unprotected'],
  [IKE_AUTH, 'request', '', 'IDi IDr AUTH SA TSi TSr CP STATUS U V', 'first'],
  [IKE_AUTH, 'request', '', 'IDi SA TSi TSr', 'first'],
  [IKE_AUTH, 'request', '', 'IDi AUTH', 'first-childless'],
  [IKE_AUTH, 'request', '', 'EAP', 'eap'],
  [IKE_AUTH, 'request', '', 'AUTH', 'final'],
  [IKE_AUTH, 'request', 'V', 'REFUSED', 'error'],
  [IKE_AUTH, 'response', '', 'IDr AUTH SA TSi TSr CP', 'complete'],
  [IKE_AUTH, 'response', '', 'AUTH SA TSi TSr', 'complete'],
  [IKE_AUTH, 'response', '', 'IDr AUTH CP REFUSED', 'complete-childless'],
  [IKE_AUTH, 'response', '', 'IDr AUTH EAP', 'eap-first'],
  [IKE_AUTH, 'response', '', 'EAP REFUSED', 'eap'],
  [IKE_AUTH, 'response', '', 'REFUSED STATUS', 'error'],
  [IKE_AUTH, 'response', 'REFUSED', undefined, 'unprotected'],
  [CREATE_CHILD_SA, 'request', '', 'SA N TSi TSr', 'child'],
  [CREATE_CHILD_SA, 'request', '', 'REKEY SA N KE TSi TSr', 'child-rekey'],
  [CREATE_CHILD_SA, 'request', '', 'SA N KE', 'ike-rekey'],
  [CREATE_CHILD_SA, 'response', '', 'SA N KE TSi TSr STATUS', 'child'],
  [CREATE_CHILD_SA, 'response', '', 'SA N KE', 'ike-rekey'],
  [CREATE_CHILD_SA, 'response', '', 'REFUSED', 'error'],
  [INFORMATIONAL, 'request', '', '', 'any'],
  [INFORMATIONAL, 'request', '', 'D STATUS CP U V', 'any'],
  [INFORMATIONAL, 'request', 'STATUS', undefined, 'unprotected'],
];

for (const [exchange, direction, outside, inside, form] of accepted)
  test(`${exchange} ${direction} ${outside} {${inside ?? ''}} is ${form}`, () => {
    const match = matchForm(
      exchange,
      direction === 'response',
      list(outside),
      inside === undefined ? undefined : list(inside),
    );
    assert.deepEqual(match, { ok: true, form });
  });

const refused: readonly (readonly [
  number,
  'request' | 'response',
  string,
  string | undefined,
  rule: string,
  payload: string,
])[] = [
  [IKE_SA_INIT, 'request', 'SA N', undefined, 'missing', 'KE'],
  [IKE_SA_INIT, 'request', 'SA KE KE N', undefined, 'too-many', 'KE'],
  [IKE_SA_INIT, 'request', '', 'SA KE N', 'not-clear', 'SK'],
  [IKE_AUTH, 'request', 'IDi AUTH SA TSi TSr', undefined, 'not-encrypted', 'SK'],
  [IKE_AUTH, 'request', 'AUTH', 'IDi AUTH SA TSi TSr', 'not-encrypted', 'AUTH'],
  [IKE_AUTH, 'request', '', 'IDi AUTH SA TSi', 'missing', 'TSr'],
  [IKE_AUTH, 'response', '', 'IDr AUTH SA SA TSi TSr', 'too-many', 'SA'],
  [CREATE_CHILD_SA, 'request', '', 'SA TSi TSr', 'missing', 'Nonce'],
  [CREATE_CHILD_SA, 'request', '', 'REKEY REKEY SA N TSi TSr', 'too-many', 'N(REKEY_SA)'],
  [CREATE_CHILD_SA, 'request', '', 'SA N', 'missing', 'KE'],
  [INFORMATIONAL, 'request', 'D', undefined, 'not-encrypted', 'SK'],
  [99, 'request', '', '', 'unknown-exchange', ''],
];

for (const [exchange, direction, outside, inside, rule, payload] of refused)
  test(`${exchange} ${direction} ${outside} {${inside ?? ''}}: ${rule} ${payload}`, () => {
    const v = checkRules(
      exchange,
      direction === 'response',
      list(outside),
      inside === undefined ? undefined : list(inside),
    );
    assert.deepEqual([v?.rule, v?.payload], [rule, payload]);
  });

test('every exchange has forms both ways, and no rule asks for more than it allows', () => {
  for (const { request, response } of Object.values(RULES)) {
    assert.ok(request.length > 0 && response.length > 0);
    for (const form of [...request, ...response])
      for (const rule of form.rules) assert.ok(rule.min <= rule.max, form.name);
  }
});
