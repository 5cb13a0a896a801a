import type { ReactElement } from 'react';
import { backendLink } from '../../shared/backend.ts';
import { InlineLink } from '../../shared/inline-link.tsx';

const LINKS = [
  ['API', 'docs'],
  ['OpenAPI', 'openapi.json'],
  ['Error codes', 'errors'],
  ['Upstream’s health', 'api/client-secret/health'],
  ['Live keys', 'api/client-secret/stats'],
  ['Readiness', 'readyz'],
  ['Metrics', 'metrics'],
] as const;

/** The server's other pages. */
export function ServiceLinks(): ReactElement {
  return (
    <nav aria-label="This server">
      <ul className="flex flex-wrap justify-center gap-x-6 gap-y-2 text-sm text-quiet">
        {LINKS.map(([text, path]) => (
          <li key={path}>
            <InlineLink href={backendLink(path)}>{text}</InlineLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}
