import { useVoice } from '@limi-ai/react';
import { KeyRound } from 'lucide-react';
import { useId, type ReactElement, type SubmitEvent } from 'react';

/** Takes a Limi key, and connects with it on Enter. It is kept in memory only: a page that is left has forgotten it. */
export function AccessKey(props: { value: string; onChange: (text: string) => void }): ReactElement {
  const field = useId();
  const help = useId();
  const { status, error, connect } = useVoice();
  const refused = error?.code === 'auth_required';
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (status === 'disconnected' || status === 'failed') void connect();
  };
  return (
    <form
      onSubmit={submit}
      className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-xl border border-line bg-panel px-5 py-4 text-sm"
    >
      <KeyRound aria-hidden="true" className="size-4.5 shrink-0 text-quiet" />
      <label htmlFor={field}>This server asks for a Limi key:</label>
      <input
        id={field}
        type="password"
        autoComplete="off"
        spellCheck={false}
        placeholder="limi_sk_…"
        aria-describedby={help}
        aria-invalid={refused}
        value={props.value}
        onChange={(event) => {
          props.onChange(event.target.value);
        }}
        className="min-w-48 flex-1 rounded-md border border-line bg-page px-3 py-1.5 font-mono outline-none placeholder:text-quiet focus-visible:ring-[3px] focus-visible:ring-brand/50 aria-invalid:border-ink"
      />
      <p id={help} className="basis-full text-quiet">
        {refused ? <strong className="font-semibold text-ink">{reason(props.value)} </strong> : null}
        On the server <code>limi key create NAME</code> makes one. Enter connects.
      </p>
    </form>
  );
}

function reason(value: string): string {
  return value.trim() === '' ? 'Without a key nobody is let in.' : 'The server did not accept this key.';
}
