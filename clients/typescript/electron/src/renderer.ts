/**
 * The page: a conversation whose keys come through the bridge.
 *
 * @packageDocumentation
 */
import { browserPlatform, VoiceConnection } from '@limi-ai/client';
import type { HttpRequest, HttpResponse, Platform, VoiceOptions } from '@limi-ai/client';
import { BRIDGE_NAME } from './bridge.ts';
import type { VoiceBridge, VoiceConnectRequest, VoiceFailure } from './bridge.ts';
import { VERSION } from './version.ts';

/** What {@link createVoiceConnection} takes: a `VoiceConnection`'s options, without what only a main process may hold. */
export interface RendererOptions extends Omit<
  VoiceOptions,
  'apiKey' | 'getAuthorization' | 'maxRetries' | 'analytics'
> {
  /** What the preload script put there; default `window.limiVoice`. */
  readonly bridge?: VoiceBridge;
}

/**
 * Make a conversation, which `connect()` begins. Its keys are minted by the main process; sound and events go straight
 * to where the key leads.
 *
 * @remarks
 * `backendUrl` is asked nothing by the page: it is where the links of errors lead to. Nothing is reported to the
 * backend's analytics, for a page has no credential to do so.
 *
 * @throws TypeError if there is no bridge.
 * @example
 * ```ts
 * const voice = createVoiceConnection({ backendUrl: 'http://localhost:3001/api' });
 * voice.subscribe(() => console.log(voice.getSnapshot().transcript));
 * await voice.connect();
 * ```
 */
export function createVoiceConnection(options: RendererOptions): VoiceConnection {
  const { bridge = bridgeOfWindow(), platform = browserPlatform(), ...rest } = options;
  return new VoiceConnection({
    clientName: `electron/${VERSION}`,
    ...rest,
    platform: bridgedPlatform(platform, bridge),
    analytics: false,
    // The main process repeats what may be repeated.
    maxRetries: 0,
  });
}

function bridgeOfWindow(): VoiceBridge {
  const bridge = (globalThis as { [BRIDGE_NAME]?: VoiceBridge })[BRIDGE_NAME];
  if (bridge === undefined) {
    throw new TypeError(
      `there is no window.${BRIDGE_NAME}: load @limi-ai/electron/preload as the preload script`,
    );
  }
  return bridge;
}

/** The platform with a `fetch` that asks the main process instead of the network. */
function bridgedPlatform(platform: Platform, bridge: VoiceBridge): Platform {
  return {
    name: 'electron',
    get hasWebRTC() {
      return platform.hasWebRTC;
    },
    fetch: (_url, request) => Promise.race([ask(bridge, request), aborted(request)]),
    createAbort: () => platform.createAbort(),
    now: () => platform.now(),
    setTimer: (callback, delayMs) => platform.setTimer(callback, delayMs),
    clearTimer: (timer) => {
      platform.clearTimer(timer);
    },
    random: () => platform.random(),
    createId: () => platform.createId(),
    resolveUrl: (url) => platform.resolveUrl(url),
    isOnline: () => platform.isOnline(),
    listen: (listener) => platform.listen(listener),
    openMicrophone: () => platform.openMicrophone(),
    createSession: (request, observer) => platform.createSession(request, observer),
  };
}

/** A conversation asks the backend for keys and nothing else. */
async function ask(bridge: VoiceBridge, { body = '{}' }: HttpRequest): Promise<HttpResponse> {
  const answer = await bridge.connect(JSON.parse(body) as VoiceConnectRequest);
  if (!answer.success) return refusal(answer);
  return response(200, answer);
}

/** What the main process says in the shape in which the backend says it. */
function refusal(failure: VoiceFailure): HttpResponse {
  // What had no status never reached a backend, or never came back from it.
  if (failure.code === 'network_error') throw new TypeError(failure.error);
  const { code, error: message, hint: action, reference, requestId, retryAfterMs: retryAfter } = failure;
  const { status = code === 'token_generation_timeout' ? 504 : 400 } = failure;
  return response(status, { code, message, action, reference, requestId, retryAfter });
}

function response(status: number, body: object): HttpResponse {
  return { status, headers: { get: () => null }, text: () => Promise.resolve(JSON.stringify(body)) };
}

function aborted({ signal }: HttpRequest): Promise<never> {
  return new Promise((_resolve, reject) => {
    const give = (): void => {
      reject(new Error('The request was aborted.'));
    };
    if (signal.aborted) give();
    signal.addEventListener('abort', give);
  });
}

export type { VoiceBridge, VoiceConnectAnswer, VoiceConnectRequest, VoiceFailure } from './bridge.ts';
export { LimiError } from '@limi-ai/client';
export type {
  ReconnectOptions,
  TranscriptEntry,
  VoiceConnection,
  VoiceEvent,
  VoiceSnapshot,
  VoiceState,
  VoiceStatus,
} from '@limi-ai/client';
