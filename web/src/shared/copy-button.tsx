import { Check, Copy } from 'lucide-react';
import { useEffect, useState, type ReactElement } from 'react';

/** How long it says that it was done. */
const SAID_MS = 1_600;

/** Puts a text on the clipboard, and says so. */
export function CopyButton({ text }: { text: string }): ReactElement {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => {
      setCopied(false);
    }, SAID_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [copied]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // A page without the permission cannot copy; the text can still be selected.
    }
  };
  const Icon = copied ? Check : Copy;
  return (
    <button
      type="button"
      onClick={() => void copy()}
      className="inline-flex cursor-pointer items-center gap-1.5 rounded-md px-2 py-1 text-xs text-quiet outline-none hover:text-ink focus-visible:ring-[3px] focus-visible:ring-brand/50"
    >
      <Icon aria-hidden="true" className="size-3.5" />
      <span aria-live="polite" className="max-sm:sr-only">
        {copied ? 'Copied' : 'Copy'}
      </span>
    </button>
  );
}
