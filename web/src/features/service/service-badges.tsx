import type { ReactElement } from 'react';
import type { ServiceState } from './use-service.ts';

/** Environment and version, for whoever has several servers open. */
export function ServiceBadges({ state }: { state: ServiceState }): ReactElement | null {
  if (state.status !== 'known') return null;
  const { environment, version, upstream } = state.service;
  return (
    <ul aria-label="Server" className="flex items-center gap-2 text-xs text-quiet">
      {[upstream, environment, `v${version}`].map((text) => (
        <li key={text} className="rounded-full border border-line bg-panel px-2.5 py-0.5">
          {text}
        </li>
      ))}
    </ul>
  );
}
