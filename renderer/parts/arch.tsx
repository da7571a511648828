/** The culvert: an arch under a road, with water through it when a tunnel is up. The product's mark, and its picture of a state. */
import type { JSX } from 'react';
import type { Tone } from '../model/tone.ts';
import styles from './arch.module.css';

/** The mark alone, for the head of the navigation. */
export function Mark({ size }: { readonly size: number }): JSX.Element {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#0b5a6b" />
      <path
        d="M7 24.5V15a9 9 0 0 1 18 0v9.5"
        fill="none"
        stroke="#fff"
        strokeWidth="3"
        strokeLinecap="round"
      />
      <path
        d="M12.5 24.5V15.2a3.5 3.5 0 0 1 7 0v9.3"
        fill="none"
        stroke="#8fd6e1"
        strokeWidth="2.5"
        strokeLinecap="round"
      />
    </svg>
  );
}

/** Angles of the joints between the arch's stones. */
const JOINTS = [22.5, 45, 67.5, 90, 112.5, 135, 157.5] as const;

export function Arch({ tone }: { readonly tone: Tone }): JSX.Element {
  return (
    <svg className={styles.arch} data-tone={tone} viewBox="0 0 200 120" aria-hidden="true">
      <path className={styles.road} d="M4 18H196" />
      <path className={styles.water} d="M8 96c16-7 30 7 46 0s30 7 46 0 30 7 46 0 30 7 46 0" />
      <path className={styles.water} d="M24 108c14-6 26 6 40 0s24 6 36 0 26 6 40 0 26 6 38 0" />
      <path className={styles.stone} strokeWidth="15" d="M52 108V76a48 48 0 0 1 96 0v32" />
      {JOINTS.map((angle) => {
        const x = Math.cos((angle * Math.PI) / 180);
        const y = Math.sin((angle * Math.PI) / 180);
        return (
          <line
            key={angle}
            className={styles.joint}
            x1={100 + 39 * x}
            y1={76 - 39 * y}
            x2={100 + 57 * x}
            y2={76 - 57 * y}
          />
        );
      })}
    </svg>
  );
}
