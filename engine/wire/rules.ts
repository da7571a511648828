/**
 * Which payloads a message may and must have, for each exchange and direction, as data (RFC 7296 §1.2 to
 * §1.5, §2.16, appendix C; RFC 6023, RFC 7383, RFC 9242, RFC 9370). A message has one of several forms. Whatever a form does
 * not list is allowed anywhere: peers send notifications, Vendor IDs and payloads of the future, and a
 * reader takes what it knows.
 */
import type { NotifyPayload, Payload } from './payloads/types.ts';
import { Exchange, NotifyType, nameOf } from './registry.ts';

type Kind = Exclude<Payload['kind'], 'SK' | 'SKF' | 'Unknown'>;

/** A payload kind, one type of notification, or any notification of an error (a type below 16384). */
export type RulePayload = Kind | { readonly notify: number } | 'Error';

export interface Rule {
  readonly payload: RulePayload;
  readonly min: number;
  readonly max: number;
  /** Whether it has to come sealed; where false, it has to come in the clear. */
  readonly encrypted: boolean;
}

export interface Form {
  readonly name: string;
  readonly rules: readonly Rule[];
}

export interface RuleViolation {
  /** The form that the message comes closest to, or `undefined` for an exchange that has none here. */
  readonly form: string | undefined;
  readonly rule: 'missing' | 'too-many' | 'not-encrypted' | 'not-clear' | 'unknown-exchange';
  /** `KE`, `N(REKEY_SA)`, …; empty for an unknown exchange. */
  readonly payload: string;
  readonly found: number;
}

const MANY = 256;

const sealed = (payload: RulePayload, min: number, max: number): Rule => ({
  payload,
  min,
  max,
  encrypted: true,
});
const clear = (payload: RulePayload, min: number, max: number): Rule => ({
  payload,
  min,
  max,
  encrypted: false,
});
const none = (...payloads: readonly RulePayload[]): Rule[] => payloads.map((p) => sealed(p, 0, 0));

const REKEY_SA: RulePayload = { notify: NotifyType.REKEY_SA };

/** An error, or a status such as COOKIE, that comes before there are keys, or without them (§2.21). */
const UNPROTECTED: Form = {
  name: 'unprotected',
  rules: [
    clear('Notify', 1, MANY),
    ...(['SA', 'KE', 'Nonce', 'AUTH', 'EAP', 'Delete'] as const).map((p) => clear(p, 0, 0)),
  ],
};

const CHILD_REQUEST: readonly Rule[] = [sealed('SA', 1, 1), sealed('TSi', 1, 1), sealed('TSr', 1, 1)];
const NO_CHILD: readonly Rule[] = none('SA', 'TSi', 'TSr');
const CERTS: readonly Rule[] = [sealed('CERT', 0, MANY), sealed('CERTREQ', 0, MANY)];

const REFUSAL: Form = {
  name: 'error',
  rules: [sealed('Error', 1, MANY), ...none('SA', 'KE', 'Nonce', 'AUTH', 'EAP', 'TSi', 'TSr')],
};

const CREATE_CHILD: Form = {
  name: 'child',
  rules: [...CHILD_REQUEST, sealed('Nonce', 1, 1), sealed('KE', 0, 1), ...none(REKEY_SA)],
};
const REKEY_CHILD: Form = {
  name: 'child-rekey',
  rules: [...CHILD_REQUEST, sealed('Nonce', 1, 1), sealed('KE', 0, 1), sealed(REKEY_SA, 1, 1)],
};
/** §1.3.2: KE is required when the IKE SA is rekeyed. */
const REKEY_IKE: Form = {
  name: 'ike-rekey',
  rules: [sealed('SA', 1, 1), sealed('Nonce', 1, 1), sealed('KE', 1, 1), ...none('TSi', 'TSr', REKEY_SA)],
};

const ANYTHING: Form = { name: 'any', rules: [sealed('CP', 0, 1)] };

/** §2.16: a round in which EAP runs and nothing else does. */
const EAP_ROUND: Form = {
  name: 'eap',
  rules: [sealed('EAP', 1, 1), ...none('IDi', 'IDr', 'AUTH', 'SA', 'TSi', 'TSr')],
};

interface ExchangeRules {
  readonly request: readonly Form[];
  readonly response: readonly Form[];
}

/** By exchange type. Where several forms fit, the first counts; where none does, the one with fewest violations. */
export const RULES: Readonly<Record<number, ExchangeRules>> = {
  [Exchange.IKE_SA_INIT]: {
    request: [{ name: 'init', rules: [clear('SA', 1, 1), clear('KE', 1, 1), clear('Nonce', 1, 1)] }],
    response: [
      {
        name: 'init',
        rules: [clear('SA', 1, 1), clear('KE', 1, 1), clear('Nonce', 1, 1), clear('CERTREQ', 0, MANY)],
      },
      UNPROTECTED,
    ],
  },
  [Exchange.IKE_AUTH]: {
    request: [
      /** The first; without AUTH it asks for EAP. */
      {
        name: 'first',
        rules: [
          sealed('IDi', 1, 1),
          sealed('IDr', 0, 1),
          ...CERTS,
          sealed('AUTH', 0, 1),
          sealed('CP', 0, 1),
          ...CHILD_REQUEST,
          ...none('EAP'),
        ],
      },
      /** RFC 6023, and the start of a further authentication (RFC 4739). */
      {
        name: 'first-childless',
        rules: [
          sealed('IDi', 1, 1),
          sealed('IDr', 0, 1),
          ...CERTS,
          sealed('AUTH', 0, 1),
          sealed('CP', 0, 1),
          ...NO_CHILD,
          ...none('EAP'),
        ],
      },
      EAP_ROUND,
      /** After EAP: AUTH from the MSK. */
      { name: 'final', rules: [sealed('AUTH', 1, 1), ...NO_CHILD, ...none('EAP', 'IDi')] },
      /** The initiator gives up on the responder's authentication (§2.21.2). */
      { ...REFUSAL, rules: [...REFUSAL.rules, ...none('IDi')] },
    ],
    response: [
      /** IDr is missing when it came in the first response of an EAP authentication. */
      {
        name: 'complete',
        rules: [
          sealed('IDr', 0, 1),
          ...CERTS,
          sealed('AUTH', 1, 1),
          sealed('CP', 0, 1),
          ...CHILD_REQUEST,
          ...none('EAP'),
        ],
      },
      /** The IKE SA stands, the CHILD_SA was refused or not asked for. */
      {
        name: 'complete-childless',
        rules: [
          sealed('IDr', 0, 1),
          ...CERTS,
          sealed('AUTH', 1, 1),
          sealed('CP', 0, 1),
          ...NO_CHILD,
          ...none('EAP'),
        ],
      },
      /** The responder names and proves itself, and starts EAP; without AUTH for EAP-only (RFC 5998). */
      {
        name: 'eap-first',
        rules: [sealed('IDr', 1, 1), ...CERTS, sealed('AUTH', 0, 1), sealed('EAP', 1, 1), ...NO_CHILD],
      },
      EAP_ROUND,
      REFUSAL,
      UNPROTECTED,
    ],
  },
  [Exchange.CREATE_CHILD_SA]: {
    request: [CREATE_CHILD, REKEY_CHILD, REKEY_IKE],
    /** A response does not repeat REKEY_SA of its own need, but nothing forbids it. */
    response: [
      { name: 'child', rules: [...CHILD_REQUEST, sealed('Nonce', 1, 1), sealed('KE', 0, 1)] },
      { ...REKEY_IKE, rules: REKEY_IKE.rules.filter((r) => r.payload !== REKEY_SA) },
      REFUSAL,
      UNPROTECTED,
    ],
  },
  [Exchange.INFORMATIONAL]: { request: [ANYTHING, UNPROTECTED], response: [ANYTHING, UNPROTECTED] },
  [Exchange.IKE_INTERMEDIATE]: { request: [ANYTHING], response: [ANYTHING, UNPROTECTED] },
  [Exchange.IKE_FOLLOWUP_KE]: {
    request: [{ name: 'followup', rules: [sealed('KE', 1, 1), ...none('SA', 'AUTH')] }],
    response: [
      { name: 'followup', rules: [sealed('KE', 1, 1), ...none('SA', 'AUTH')] },
      REFUSAL,
      UNPROTECTED,
    ],
  },
};

const FIRST_STATUS_TYPE = 16384;

function isSubject(payload: Payload, subject: RulePayload): boolean {
  if (typeof subject === 'string' && subject !== 'Error') return payload.kind === subject;
  if (payload.kind !== 'Notify') return false;
  const { type }: NotifyPayload = payload;
  return subject === 'Error' ? type < FIRST_STATUS_TYPE : type === subject.notify;
}

const labelOf = (subject: RulePayload): string =>
  typeof subject === 'string' ? subject : `N(${nameOf(NotifyType, subject.notify)})`;

function violationsOf(
  form: Form,
  outside: readonly Payload[],
  inside: readonly Payload[] | undefined,
): RuleViolation[] {
  const found: RuleViolation[] = [];
  const add = (rule: RuleViolation['rule'], payload: string, count: number): void => {
    found.push({ form: form.name, rule, payload, found: count });
  };
  const isClear = form.rules.every((r) => !r.encrypted);
  if (isClear && inside) add('not-clear', 'SK', 1);
  if (!isClear && !inside) add('not-encrypted', 'SK', 0);
  for (const { payload, min, max, encrypted } of form.rules) {
    const count = (list: readonly Payload[]): number => list.filter((p) => isSubject(p, payload)).length;
    const right = count(encrypted ? (inside ?? []) : outside);
    const wrong = encrypted ? count(outside) : 0;
    if (wrong > 0) add('not-encrypted', labelOf(payload), wrong);
    if (right < min) add('missing', labelOf(payload), right);
    if (right > max) add('too-many', labelOf(payload), right);
  }
  return found;
}

/** What a message is, or why it is nothing that its exchange knows. */
export type FormMatch =
  | { readonly ok: true; readonly form: string }
  | { readonly ok: false; readonly violation: RuleViolation };

/**
 * Finds the form of a message. `outside` are the payloads before an SK payload, or all of them in a clear
 * message; `inside` are those within, `undefined` when nothing was sealed. A protected message that shows
 * payloads outside which belong inside has none.
 */
export function matchForm(
  exchange: number,
  response: boolean,
  outside: readonly Payload[],
  inside?: readonly Payload[],
): FormMatch {
  const rules = RULES[exchange];
  if (!rules)
    return { ok: false, violation: { form: undefined, rule: 'unknown-exchange', payload: '', found: 0 } };
  let fewest = Number.POSITIVE_INFINITY;
  let violation: RuleViolation | undefined;
  for (const form of response ? rules.response : rules.request) {
    const violations = violationsOf(form, outside, inside);
    const [first] = violations;
    if (!first) return { ok: true, form: form.name };
    if (violations.length >= fewest) continue;
    fewest = violations.length;
    violation = first;
  }
  if (!violation) throw new TypeError(`exchange ${exchange} has no forms`);
  return { ok: false, violation };
}

/** The rule that a message breaks, if any; arguments as for {@link matchForm}. */
export function checkRules(
  exchange: number,
  response: boolean,
  outside: readonly Payload[],
  inside?: readonly Payload[],
): RuleViolation | undefined {
  const match = matchForm(exchange, response, outside, inside);
  return match.ok ? undefined : match.violation;
}
