import type { TranscriptEntry } from '@limi-ai/client';
import { useEffect, useRef, type ReactElement } from 'react';
import { cn } from '../lib/utils.ts';

const SPEAKERS: Readonly<Record<TranscriptEntry['role'], string>> = { user: 'You', assistant: 'Assistant' };
/** As near to its end as this the list follows what is added; further up somebody is reading. */
const FOLLOW_PX = 48;

/** What both sides said, as it comes. */
export function Transcript({ entries }: { entries: readonly TranscriptEntry[] }): ReactElement {
  const list = useFollowedEnd(entries);
  return (
    <>
      <div
        ref={list}
        role="region"
        aria-label="Transcript"
        tabIndex={0}
        className="limi:max-h-80 limi:overflow-y-auto limi:rounded-lg limi:outline-none limi:focus-visible:ring-[3px] limi:focus-visible:ring-ring/50"
      >
        <ol className="limi:flex limi:flex-col limi:gap-3 limi:p-1">
          {entries.map((entry) => (
            <Line key={entry.id} entry={entry} />
          ))}
        </ol>
      </div>
      <Spoken entries={entries} />
    </>
  );
}

function Line({ entry }: { entry: TranscriptEntry }): ReactElement {
  const mine = entry.role === 'user';
  return (
    <li
      data-role={entry.role}
      className={cn('limi:flex limi:flex-col limi:gap-1', mine ? 'limi:items-end' : 'limi:items-start')}
    >
      <span className="limi:px-1 limi:text-xs limi:text-muted-foreground">{SPEAKERS[entry.role]}</span>
      <p
        className={cn(
          'limi:max-w-[85%] limi:rounded-2xl limi:px-3.5 limi:py-2 limi:text-sm limi:leading-relaxed limi:break-words',
          mine
            ? 'limi:rounded-br-sm limi:bg-primary limi:text-primary-foreground'
            : 'limi:rounded-bl-sm limi:bg-secondary limi:text-secondary-foreground',
        )}
      >
        {entry.text === '' ? '…' : entry.text}
        {entry.final || entry.text === '' ? null : (
          <span
            aria-hidden="true"
            className="limi:ml-1 limi:inline-block limi:h-3.5 limi:w-0.5 limi:translate-y-0.5 limi:animate-pulse limi:bg-current"
          />
        )}
      </p>
    </li>
  );
}

/** The same for a screen reader, which would stumble over every word that is added: whole sentences only. */
function Spoken({ entries }: { entries: readonly TranscriptEntry[] }): ReactElement {
  return (
    <div role="log" aria-live="polite" aria-relevant="additions" aria-label="Said" className="limi:sr-only">
      {entries
        .filter((entry) => entry.final && entry.text !== '')
        .map((entry) => (
          <p key={entry.id}>
            {SPEAKERS[entry.role]}: {entry.text}
          </p>
        ))}
    </div>
  );
}

function useFollowedEnd(entries: readonly TranscriptEntry[]): React.RefObject<HTMLDivElement | null> {
  const list = useRef<HTMLDivElement>(null);
  const heightBefore = useRef(0);
  useEffect(() => {
    const element = list.current;
    if (!element) return;
    const distance = heightBefore.current - element.scrollTop - element.clientHeight;
    if (distance < FOLLOW_PX) element.scrollTop = element.scrollHeight;
    heightBefore.current = element.scrollHeight;
  }, [entries]);
  return list;
}
