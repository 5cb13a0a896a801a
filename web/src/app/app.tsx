import type { ReactElement } from 'react';
import icon from '../assets/icon.svg';
import { Conversation } from '../features/conversation/index.ts';
import { FirstSteps } from '../features/first-steps/index.ts';
import { ModeNotice, ServiceBadges, ServiceLinks, useService } from '../features/service/index.ts';

/** The voice page. */
export function App(): ReactElement {
  const { state, ask } = useService();
  const needsKey = state.status === 'known' && state.service.authentication === 'required';
  return (
    <div className="mx-auto flex min-h-dvh max-w-3xl flex-col gap-10 px-5 py-6 sm:px-6">
      <header className="flex flex-wrap items-center justify-between gap-3">
        <p className="flex items-center gap-2.5 text-lg font-semibold tracking-tight">
          <img src={icon} alt="" className="size-8" />
          Limi
        </p>
        <ServiceBadges state={state} />
      </header>
      <main className="flex flex-col gap-10">
        <div className="flex flex-col gap-3 pt-4 text-center">
          <h1 className="text-4xl font-semibold tracking-tight text-balance sm:text-5xl">
            Talk to your backend
          </h1>
          <p className="mx-auto max-w-xl text-quiet text-balance">
            Click Connect Voice, say something, and hear the answer. Your main key stays on the server; this
            page gets one that lives for minutes.
          </p>
        </div>
        <div className="flex flex-col gap-4">
          <ModeNotice state={state} />
          <Conversation needsKey={needsKey} onTurn={ask} />
        </div>
        <FirstSteps />
      </main>
      <footer className="mt-auto border-t border-line py-6">
        <ServiceLinks />
      </footer>
    </div>
  );
}
