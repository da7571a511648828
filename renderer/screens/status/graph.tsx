/** Throughput over time, from the byte counters of snapshots. */
import { type JSX, useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useApp } from '../../bridge/app-state.ts';
import { useText } from '../../i18n/text.tsx';
import { type Units, useUnits } from '../../i18n/units.ts';
import { ringOf, type Series } from '../../model/samples.ts';
import { Segments } from '../../parts/fields.tsx';
import { Card } from '../../parts/layout.tsx';
import styles from './status.module.css';

const WINDOWS = ['300', '900', '3600'] as const;
const NOTHING: Series = {
  times: new Float64Array(),
  bitsIn: new Float64Array(),
  bitsOut: new Float64Array(),
};

const asData = ({ times, bitsIn, bitsOut }: Series): uPlot.AlignedData => [times, bitsIn, bitsOut];

function makePlot(element: HTMLElement, units: Units, seconds: () => number, begin: Series): uPlot {
  const style = getComputedStyle(element);
  const colour = (name: string): string => {
    // The computed value of a token that is used as a colour is the colour of the current appearance.
    element.style.color = `var(${name})`;
    const value = style.color;
    element.style.color = '';
    return value;
  };
  const axis = { stroke: colour('--text-faint'), font: `11px ${style.fontFamily}` };
  const grid = { stroke: colour('--line'), width: 1 };
  const options: uPlot.Options = {
    width: Math.max(200, element.clientWidth),
    height: Math.max(120, element.clientHeight),
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 0, 0, 0],
    scales: {
      x: {
        range: (plot) => {
          const last = plot.data[0]?.at(-1) ?? Date.now() / 1000;
          return [last - seconds(), last];
        },
      },
      y: { range: (_plot, _least, most) => [0, Math.max(1000, most * 1.15)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        ticks: { show: false },
        space: 90,
        values: (_plot, ticks) => ticks.map(units.minute),
      },
      { ...axis, grid, ticks: { show: false }, size: 74, values: (_plot, ticks) => ticks.map(units.rate) },
    ],
    series: [
      {},
      { stroke: colour('--graph-in'), width: 2, points: { show: false } },
      { stroke: colour('--graph-out'), width: 2, dash: [6, 4], points: { show: false } },
    ],
  };
  return new uPlot(options, asData(begin), element);
}

/** True while the system asks for dark; changes with it. */
function useSystemDark(): boolean {
  const [dark, setDark] = useState(() => matchMedia('(prefers-color-scheme: dark)').matches);
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const changed = (): void => setDark(query.matches);
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, []);
  return dark;
}

export function ThroughputCard({
  tunnel,
  now,
}: {
  readonly tunnel: string;
  readonly now: string;
}): JSX.Element {
  const text = useText();
  const units = useUnits();
  const appearance = useApp((s) => s.settings.appearance);
  const systemDark = useSystemDark();
  const [window, setWindow] = useState<(typeof WINDOWS)[number]>('300');
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const seconds = useRef(Number(window));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read again when the appearance changes
  useEffect(() => {
    const box = element.current;
    if (!box) return undefined;
    const made = makePlot(
      box,
      units,
      () => seconds.current,
      ringOf(tunnel)?.series(seconds.current) ?? NOTHING,
    );
    plot.current = made;
    const observer = new ResizeObserver(() =>
      made.setSize({ width: Math.max(200, box.clientWidth), height: Math.max(120, box.clientHeight) }),
    );
    observer.observe(box);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [units, tunnel, appearance, systemDark]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new snapshot brings a new sample
  useEffect(() => {
    seconds.current = Number(window);
    plot.current?.setData(asData(ringOf(tunnel)?.series(Number(window)) ?? NOTHING));
  }, [now, window, tunnel]);
  const { bitsIn, bitsOut } = ringOf(tunnel)?.latest() ?? { bitsIn: 0, bitsOut: 0 };
  const received = text('graph.received', { rate: units.rate(bitsIn) });
  const sent = text('graph.sent', { rate: units.rate(bitsOut) });
  return (
    <Card
      title={text('graph.title')}
      actions={
        <Segments
          label={text('graph.window')}
          value={window}
          choices={WINDOWS.map((value) => ({ value, label: units.span(Number(value)) }))}
          onChange={setWindow}
        />
      }
    >
      <div className={styles.legend}>
        <span>
          <span className={styles.swatch} aria-hidden />
          {received}
        </span>
        <span>
          <span className={styles.swatch} data-series="out" aria-hidden />
          {sent}
        </span>
      </div>
      <div ref={element} className={styles.graph} role="img" aria-label={`${received}, ${sent}`} dir="ltr" />
    </Card>
  );
}
