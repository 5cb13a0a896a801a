import type { LucideIcon } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';

interface NoticeProps {
  /** What it is about, for a screen reader. */
  label: string;
  icon: LucideIcon;
  title: string;
  tone?: 'marked' | 'plain';
  children: ReactNode;
}

const TONES = {
  marked: 'border-notice-line bg-notice text-notice-ink',
  plain: 'border-line bg-panel text-quiet',
};

/** Something to know before one clicks. */
export function Notice({ label, icon: Icon, title, tone = 'plain', children }: NoticeProps): ReactElement {
  return (
    <aside
      aria-label={label}
      className={`flex gap-3 rounded-xl border px-5 py-4 text-sm leading-relaxed ${TONES[tone]}`}
    >
      <Icon aria-hidden="true" className="mt-0.5 size-4.5 shrink-0" />
      <p>
        <strong className="font-semibold">{title}</strong> {children}
      </p>
    </aside>
  );
}
