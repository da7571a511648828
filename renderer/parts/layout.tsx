/** The bones of a screen: its head, cards, lists of facts, empty states. */
import { type JSX, type ReactNode, useEffect, useId, useRef } from 'react';
import { appState } from '../bridge/app-state.ts';
import styles from './parts.module.css';

export interface PageProps {
  readonly title: string;
  /** Beside the title: a chip. */
  readonly mark?: ReactNode;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A screen. Its heading takes the focus when the screen is entered, so that a reader begins there. */
export function Page({ title, mark, lead, actions, children }: PageProps): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // The first screen of a window leaves the focus where it is.
    if (appState.get().visits > 0) heading.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, []);
  return (
    <div className={styles.page}>
      <header className={styles.pageHead}>
        <div>
          <div className={styles.cardTitle}>
            <h1 ref={heading} tabIndex={-1}>
              {title}
            </h1>
            {mark}
          </div>
          {lead !== undefined && <div className={styles.lead}>{lead}</div>}
        </div>
        {actions !== undefined && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export interface CardProps {
  readonly title: string;
  /** Beside the title: a chip. */
  readonly mark?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function Card({ title, mark, actions, children }: CardProps): JSX.Element {
  const id = useId();
  return (
    <section className={styles.card} aria-labelledby={id}>
      <div className={styles.cardHead}>
        <div className={styles.cardTitle}>
          <h2 id={id}>{title}</h2>
          {mark}
        </div>
        {actions !== undefined && <div className={styles.actions}>{actions}</div>}
      </div>
      {children}
    </section>
  );
}

export interface FactProps {
  readonly name: string;
  readonly children: ReactNode;
}

export function Fact({ name, children }: FactProps): JSX.Element | null {
  if (children === undefined || children === '' || children === null) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Facts({ children }: { readonly children: ReactNode }): JSX.Element {
  return <dl className={styles.facts}>{children}</dl>;
}

/** Names, numbers and addresses as they are on the wire: always left to right. */
export function Technical({ children }: { readonly children: ReactNode }): JSX.Element {
  return (
    <span>
      <bdi className="mono" dir="ltr">
        {children}
      </bdi>
    </span>
  );
}

export interface EmptyProps {
  readonly picture?: ReactNode;
  readonly title: string;
  readonly text: string;
  readonly actions?: ReactNode;
}

export function Empty({ picture, title, text, actions }: EmptyProps): JSX.Element {
  return (
    <div className={styles.empty}>
      {picture}
      <h2>{title}</h2>
      <p>{text}</p>
      {actions !== undefined && <div className={styles.actions}>{actions}</div>}
    </div>
  );
}
