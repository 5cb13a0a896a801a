import { MicOff } from 'lucide-react';
import type { ReactElement } from 'react';
import { Notice } from '../../shared/notice.tsx';

/** Says why there is no microphone on http and another name than localhost, as from a phone in the same network. */
export function InsecureNotice(): ReactElement | null {
  if (window.isSecureContext) return null;
  return (
    <Notice label="Microphone" icon={MicOff} title="There is no microphone at this address." tone="marked">
      Browsers let pages on <code>https://</code> and on <code>localhost</code> have one, no others. Open this
      page on the server’s own machine, or put a proxy with TLS before the server.
    </Notice>
  );
}
