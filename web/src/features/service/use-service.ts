import { useEffect, useState } from 'react';
import { backendLink } from '../../shared/backend.ts';
import { fetchService, type Service } from './service.ts';

/** What is known of the server: nothing yet, that it does not answer, or what it is. */
export type ServiceState =
  { status: 'asking' } | { status: 'silent' } | { status: 'known'; service: Service };

/** Asks once what the server is. */
export function useService(): ServiceState {
  const [state, setState] = useState<ServiceState>({ status: 'asking' });
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
  }, []);
  return state;
}
