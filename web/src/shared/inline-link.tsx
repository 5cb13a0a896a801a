import type { ReactElement, ReactNode } from 'react';

/** A link within the text of the page. */
export function InlineLink({ href, children }: { href: string; children: ReactNode }): ReactElement {
  return (
    <a
      href={href}
      className="rounded-xs underline decoration-line underline-offset-4 outline-none hover:decoration-current focus-visible:ring-[3px] focus-visible:ring-brand/50"
    >
      {children}
    </a>
  );
}
