/** Quantities in the reader's language: spans of time, octets, rates, moments. */
import { useMemo } from 'react';
import { useIntl } from 'react-intl';

export interface Units {
  /** Seconds as the two largest units: `1 h 5 min`. */
  span(seconds: number): string;
  octets(count: number): string;
  rate(bitsPerSecond: number): string;
  milliseconds(ms: number): string;
  count(n: number): string;
  clock(iso: string): string;
  moment(iso: string): string;
  date(iso: string): string;
  /** Of seconds since 1970, for an axis. */
  minute(seconds: number): string;
}

const OCTETS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
const RATES = ['bit', 'kilobit', 'megabit', 'gigabit'] as const;

/** The value in steps of a thousand. */
function scaled(value: number, steps: number): { readonly value: number; readonly step: number } {
  let step = 0;
  let rest = value;
  while (rest >= 999.5 && step < steps - 1) {
    rest /= 1000;
    step++;
  }
  return { value: rest, step };
}

const digits = (value: number): number => (value >= 100 || value === 0 ? 0 : 1);

export function splitSpan(seconds: number): Intl.DurationParts {
  const whole = Math.max(0, Math.round(seconds));
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor((whole % 86_400) / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (days > 0) return hours > 0 ? { days, hours } : { days };
  if (hours > 0) return minutes > 0 ? { hours, minutes } : { hours };
  if (minutes >= 10) return { minutes };
  return minutes > 0 ? { minutes, seconds: whole % 60 } : { seconds: whole };
}

function makeUnits(locale: string): Units {
  const duration = new Intl.DurationFormat(locale, { style: 'narrow' });
  const plain = new Intl.NumberFormat(locale);
  const kept = new Map<string, Intl.NumberFormat>();
  const unit = (name: string, fraction: number): Intl.NumberFormat => {
    const key = `${name} ${fraction}`;
    let format = kept.get(key);
    if (!format) {
      format = new Intl.NumberFormat(locale, {
        style: 'unit',
        unit: name,
        unitDisplay: 'short',
        maximumFractionDigits: fraction,
      });
      kept.set(key, format);
    }
    return format;
  };
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' });
  const minute = new Intl.DateTimeFormat(locale, { timeStyle: 'short' });
  const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'long' });
  return {
    span: (seconds) => duration.format(splitSpan(seconds)) || unit('second', 0).format(0),
    octets: (count) => {
      const { value, step } = scaled(count, OCTETS.length);
      return unit(OCTETS[step] ?? 'byte', step === 0 ? 0 : digits(value)).format(value);
    },
    rate: (bits) => {
      const { value, step } = scaled(bits, RATES.length);
      return unit(`${RATES[step] ?? 'bit'}-per-second`, step === 0 ? 0 : digits(value)).format(value);
    },
    milliseconds: (ms) => unit('millisecond', ms < 10 ? 1 : 0).format(ms),
    count: (n) => plain.format(n),
    clock: (iso) => clock.format(new Date(iso)),
    moment: (iso) => moment.format(new Date(iso)),
    date: (iso) => date.format(new Date(iso)),
    minute: (seconds) => minute.format(new Date(seconds * 1000)),
  };
}

export function useUnits(): Units {
  const { locale } = useIntl();
  return useMemo(() => makeUnits(locale), [locale]);
}
