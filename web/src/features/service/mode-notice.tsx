import { FlaskConical, Radio, Unplug, type LucideIcon } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import type { ServiceState } from './use-service.ts';

/** Says whom one talks to here, before anybody talks. */
export function ModeNotice({ state }: { state: ServiceState }): ReactElement | null {
  if (state.status === 'asking') return null;
  if (state.status === 'silent') {
    return (
      <Notice icon={Unplug} title="The backend does not answer.">
        Is <code>make serve</code> still running? Click Connect Voice when it is.
      </Notice>
    );
  }
  const { upstream } = state.service;
  if (upstream === 'sandbox') return <SandboxNotice />;
  return (
    <Notice icon={Radio} title={upstream === 'openai' ? 'You talk to OpenAI.' : `You talk to ${upstream}.`}>
      Sound goes from this page straight to the model, and is paid for with the server’s key.
    </Notice>
  );
}

function SandboxNotice(): ReactElement {
  return (
    <Notice icon={FlaskConical} title="This is the sandbox, not OpenAI." tone="sandbox">
      It answers from inside this server: without a key, at no cost, and nothing you say leaves the machine.
      It knows a little English: ask “What is Limi?”, “What time is it?”, or “Count to five.” To talk to
      OpenAI, start the server with <code>OPENAI_API_KEY</code> set.
    </Notice>
  );
}

interface NoticeProps {
  icon: LucideIcon;
  title: string;
  tone?: 'sandbox' | 'plain';
  children: ReactNode;
}

const TONES = {
  sandbox: 'border-notice-line bg-notice text-notice-ink',
  plain: 'border-line bg-panel text-quiet',
};

function Notice({ icon: Icon, title, tone = 'plain', children }: NoticeProps): ReactElement {
  return (
    <aside
      aria-label="Whom you talk to"
      className={`flex gap-3 rounded-xl border px-5 py-4 text-sm leading-relaxed ${TONES[tone]}`}
    >
      <Icon aria-hidden="true" className="mt-0.5 size-4.5 shrink-0" />
      <p>
        <strong className="font-semibold">{title}</strong> {children}
      </p>
    </aside>
  );
}
