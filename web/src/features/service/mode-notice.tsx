import { FlaskConical, Radio, Unplug } from 'lucide-react';
import type { ReactElement } from 'react';
import { Notice } from '../../shared/notice.tsx';
import type { ServiceState } from './use-service.ts';

const LABEL = 'Whom you talk to';

/** Says whom one talks to here, before anybody talks. */
export function ModeNotice({ state }: { state: ServiceState }): ReactElement | null {
  if (state.status === 'asking') return null;
  if (state.status === 'silent') {
    return (
      <Notice label={LABEL} icon={Unplug} title="The backend does not answer.">
        Is <code>make serve</code> still running? Click Connect Voice when it is.
      </Notice>
    );
  }
  const { upstream } = state.service;
  if (upstream === 'sandbox') return <SandboxNotice />;
  return (
    <Notice
      label={LABEL}
      icon={Radio}
      title={upstream === 'openai' ? 'You talk to OpenAI.' : `You talk to ${upstream}.`}
    >
      Sound goes from this page straight to the model, and is paid for with the server’s key.
    </Notice>
  );
}

function SandboxNotice(): ReactElement {
  return (
    <Notice label={LABEL} icon={FlaskConical} title="This is the sandbox, not OpenAI." tone="marked">
      It answers from inside this server: without a key, at no cost, and nothing you say leaves the machine.
      It knows a little English: ask “What is Limi?”, “What time is it?”, or “Count to five.” To talk to
      OpenAI, start the server with <code>OPENAI_API_KEY</code> set.
    </Notice>
  );
}
