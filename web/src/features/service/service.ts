/** What `GET /api` says of the server. */
export interface Service {
  version: string;
  environment: string;
  /** `openai`, `sandbox`, or the host that keys come from. */
  upstream: string;
  authentication: 'optional' | 'required';
}

/** Asks the server what it is. */
export async function fetchService(url: string, signal: AbortSignal): Promise<Service> {
  const answer = await fetch(url, { signal, headers: { accept: 'application/json' } });
  if (!answer.ok) throw new Error(`${url} answered ${String(answer.status)}`);
  const body: unknown = await answer.json();
  if (!isService(body)) throw new Error(`${url} did not answer as a Limi backend does`);
  return body;
}

function isService(body: unknown): body is Service {
  const members = (typeof body === 'object' ? body : null) as Record<string, unknown> | null;
  return ['version', 'environment', 'upstream', 'authentication'].every(
    (name) => typeof members?.[name] === 'string',
  );
}
