/**
 * A menu behind a button with three dots, on the browser's own popover: it lies above everything, closes on Escape or a
 * click beside it, and gives the focus back. Keys are those of a menu button (ARIA Authoring Practices).
 */
import { Ellipsis, type LucideIcon } from 'lucide-react';
import { type JSX, type KeyboardEvent, useId, useRef, useState } from 'react';
import { IconButton } from './button.tsx';
import styles from './parts.module.css';

export interface MenuItem {
  readonly label: string;
  readonly icon: LucideIcon;
  readonly danger?: boolean;
  readonly onSelect: () => void;
}

export interface MenuProps {
  readonly label: string;
  readonly items: readonly MenuItem[];
}

const itemsOf = (menu: HTMLElement): readonly HTMLElement[] => [
  ...menu.querySelectorAll<HTMLElement>('[role=menuitem]'),
];

export function Menu({ label, items }: MenuProps): JSX.Element {
  const id = useId();
  const menu = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const pressed = (event: KeyboardEvent<HTMLDivElement>): void => {
    const all = itemsOf(event.currentTarget);
    const current = all.indexOf(document.activeElement as HTMLElement);
    const target = {
      ArrowDown: (current + 1) % all.length,
      ArrowUp: (current - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    }[event.key];
    if (target !== undefined) {
      event.preventDefault();
      all[target]?.focus();
    } else if (event.key === 'Tab') menu.current?.hidePopover();
  };
  return (
    <>
      <IconButton
        icon={Ellipsis}
        label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        popoverTarget={id}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown') return;
          event.preventDefault();
          menu.current?.showPopover({ source: event.currentTarget });
        }}
      />
      <div
        ref={menu}
        id={id}
        popover="auto"
        role="menu"
        tabIndex={-1}
        aria-label={label}
        className={styles.menu}
        onKeyDown={pressed}
        onToggle={(event) => {
          const isOpen = event.newState === 'open';
          setOpen(isOpen);
          if (isOpen) itemsOf(event.currentTarget)[0]?.focus();
        }}
      >
        {items.map(({ label: name, icon: Icon, danger, onSelect }) => (
          <button
            key={name}
            type="button"
            role="menuitem"
            tabIndex={-1}
            className={styles.menuItem}
            data-danger={danger || undefined}
            onClick={() => {
              menu.current?.hidePopover();
              onSelect();
            }}
          >
            <Icon className={styles.menuIcon} aria-hidden />
            {name}
          </button>
        ))}
      </div>
    </>
  );
}
