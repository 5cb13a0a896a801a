import type { LimiError } from '@limi-ai/client';
import { AlertCircle } from 'lucide-react';
import type { ReactElement } from 'react';
import { Alert, AlertDescription, AlertTitle } from '../components/ui/alert.tsx';

/** The catalogue's hints are written to stand in a sentence, so they come without its end. */
function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** Errors come from a server, so what they link to is looked at before somebody clicks on it. */
function isWebPage(url: string): boolean {
  return /^https?:\/\//.test(url);
}

/** What went wrong, what to do, and where it is explained. */
export function ErrorNotice({ error }: { error: LimiError }): ReactElement {
  return (
    <Alert>
      <AlertCircle aria-hidden="true" />
      <AlertTitle>{error.message}</AlertTitle>
      <AlertDescription>
        {error.reason === undefined || error.reason === '' ? null : <p>{asSentence(error.reason)}</p>}
        {error.hint === '' ? null : <p>{asSentence(error.hint)}</p>}
        <p className="limi:flex limi:flex-wrap limi:gap-x-3">
          {isWebPage(error.reference) ? (
            <a
              href={error.reference}
              target="_blank"
              rel="noreferrer"
              className="limi:rounded-xs limi:font-medium limi:underline limi:underline-offset-4 limi:outline-none limi:focus-visible:ring-[3px] limi:focus-visible:ring-ring/50"
            >
              How to fix this
            </a>
          ) : null}
          <code className="limi:font-mono limi:text-xs limi:leading-5">{error.code}</code>
        </p>
      </AlertDescription>
    </Alert>
  );
}
