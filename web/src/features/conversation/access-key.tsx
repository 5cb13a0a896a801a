import { KeyRound } from 'lucide-react';
import { useId, type ReactElement } from 'react';

/** Takes a Limi key. It is kept in memory only: a page that is left has forgotten it. */
export function AccessKey(props: { value: string; onChange: (text: string) => void }): ReactElement {
  const field = useId();
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-xl border border-line bg-panel px-5 py-4 text-sm">
      <KeyRound aria-hidden="true" className="size-4.5 shrink-0 text-quiet" />
      <label htmlFor={field}>This server asks for a Limi key:</label>
      <input
        id={field}
        type="password"
        autoComplete="off"
        spellCheck={false}
        value={props.value}
        onChange={(event) => {
          props.onChange(event.target.value);
        }}
        className="min-w-48 flex-1 rounded-md border border-line bg-page px-3 py-1.5 font-mono outline-none focus-visible:ring-[3px] focus-visible:ring-brand/50"
      />
    </div>
  );
}
