import { useId, useState, type KeyboardEvent, type ReactElement } from 'react';
import { backendLink } from '../../shared/backend.ts';
import { CopyButton } from '../../shared/copy-button.tsx';
import { snippets, type Snippet } from './snippets.ts';

/** How to have the same in an application of one's own. */
export function FirstSteps(): ReactElement {
  const all = snippets(backendLink('api'));
  const [chosen, setChosen] = useState(0);
  const id = useId();
  const snippet = all[chosen] ?? all[0];
  if (!snippet) return <></>;
  return (
    <section aria-labelledby={`${id}-title`} className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h2 id={`${id}-title`} className="text-base font-semibold">
          Put it into your application
        </h2>
        <Tabs id={id} names={all.map((one) => one.name)} chosen={chosen} onChoose={setChosen} />
      </div>
      <div
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-tab-${String(chosen)}`}
        className="overflow-hidden rounded-xl border border-line bg-panel"
      >
        <Code snippet={snippet} />
      </div>
      {snippet.install === '' ? null : (
        <p className="text-sm text-quiet">
          In no registry yet: <code>make packages</code> packs it, and prints the command that installs it.
        </p>
      )}
    </section>
  );
}

interface TabsProps {
  id: string;
  names: readonly string[];
  chosen: number;
  onChoose: (index: number) => void;
}

/** Arrow keys move between tabs, as https://www.w3.org/WAI/ARIA/apg/patterns/tabs/ has it. */
function Tabs({ id, names, chosen, onChoose }: TabsProps): ReactElement {
  const move = (event: KeyboardEvent<HTMLDivElement>): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = (chosen + step + names.length) % names.length;
    onChoose(next);
    const tab = event.currentTarget.children[next];
    if (tab instanceof HTMLElement) tab.focus();
  };
  return (
    <div
      role="tablist"
      aria-label="Language"
      onKeyDown={move}
      className="flex gap-1 rounded-lg border border-line bg-panel p-1"
    >
      {names.map((name, index) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`${id}-tab-${String(index)}`}
          aria-selected={index === chosen}
          aria-controls={`${id}-panel`}
          tabIndex={index === chosen ? 0 : -1}
          onClick={() => {
            onChoose(index);
          }}
          className="cursor-pointer rounded-md px-3 py-1 text-xs font-medium text-quiet outline-none hover:text-ink focus-visible:ring-[3px] focus-visible:ring-brand/50 aria-selected:bg-brand/12 aria-selected:text-ink"
        >
          {name}
        </button>
      ))}
    </div>
  );
}

function Code({ snippet }: { snippet: Snippet }): ReactElement {
  return (
    <>
      {snippet.install === '' ? null : (
        <div className="border-b border-line">
          <Copyable text={snippet.install} label="Install" quiet />
        </div>
      )}
      <Copyable text={snippet.code} label={`${snippet.name} code`} />
    </>
  );
}

function Copyable({
  text,
  label,
  quiet = false,
}: {
  text: string;
  label: string;
  quiet?: boolean;
}): ReactElement {
  return (
    <div className="flex items-start gap-1 pr-2">
      <pre
        tabIndex={0}
        role="region"
        aria-label={label}
        className={`min-w-0 flex-1 overflow-x-auto px-4 font-mono outline-none focus-visible:ring-[3px] focus-visible:ring-brand/50 focus-visible:ring-inset ${quiet ? 'py-2.5 text-xs text-quiet' : 'py-4 text-[0.8125rem] leading-relaxed'}`}
      >
        <code>{text}</code>
      </pre>
      <div className={quiet ? 'pt-1.5' : 'pt-3'}>
        <CopyButton text={text} />
      </div>
    </div>
  );
}
