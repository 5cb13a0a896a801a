import { useCallback, useEffect, useState } from 'react';
import { backendLink } from '../../shared/backend.ts';
import { fetchService, type Service } from './service.ts';

/** What is known of the server: nothing yet, that it does not answer, or what it is. */
export type ServiceState =
  { status: 'asking' } | { status: 'silent' } | { status: 'known'; service: Service };

/**
 * Asks what the server is, and once more with each call of `ask`: it may be gone since, or back. It is also asked when
 * somebody comes back to the page, perhaps from the terminal in which they started it.
 */
export function useService(): { state: ServiceState; ask: () => void } {
  const [state, setState] = useState<ServiceState>({ status: 'asking' });
  const [times, setTimes] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    fetchService(backendLink('api'), controller.signal)
      .then((service) => {
        setState({ status: 'known', service });
      })
      .catch(() => {
        if (!controller.signal.aborted) setState({ status: 'silent' });
      });
    return () => {
      controller.abort();
    };
  }, [times]);
  const ask = useCallback(() => {
    setTimes((before) => before + 1);
  }, []);
  useEffect(() => {
    window.addEventListener('focus', ask);
    window.addEventListener('online', ask);
    return () => {
      window.removeEventListener('focus', ask);
      window.removeEventListener('online', ask);
    };
  }, [ask]);
  return { state, ask };
}
