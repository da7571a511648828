/** Liveness check: an empty INFORMATIONAL (RFC 7296 §1.4, §2.4). */
import { Exchange as ExchangeType } from '../../wire/registry.ts';
import { armLiveness } from '../lifecycle.ts';
import { DONE, type Exchange, type ExchangeTable } from './exchange.ts';
import { checkMapping, mappingProbe } from './mobike.ts';

export function liveness(): Exchange {
  return {
    table: TABLE,
    key: 'liveness',
    request(core, sa) {
      core.note('liveness', 'nothing heard for a while: asking the peer', 'debug');
      return mappingProbe(core, sa);
    },
    response(core, _sa, payloads) {
      checkMapping(core, payloads);
      core.note(
        'liveness',
        `the peer answered${core.roundTrip === undefined ? '' : ` in ${core.roundTrip} ms`}`,
        'debug',
        core.roundTrip === undefined ? { ok: true } : { ok: true, roundTripMs: core.roundTrip },
      );
      armLiveness(core, core.now);
      return DONE;
    },
  };
}

const TABLE: ExchangeTable = { type: ExchangeType.INFORMATIONAL, story: 'liveness check' };
