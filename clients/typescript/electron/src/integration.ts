/**
 * The main process: the one place that holds the API key, and mints what pages may have.
 *
 * @module
 */
import { LimiAIClient, LimiError, nodePlatform } from '@limi-ai/client';
import type { ClientOptions } from '@limi-ai/client';
import { ipcMain } from 'electron';
import type { IpcMainInvokeEvent } from 'electron';
import { CONNECT_CHANNEL, HEALTH_CHANNEL } from './bridge.ts';
import type { VoiceConnectAnswer, VoiceFailure, VoiceHealthAnswer } from './bridge.ts';
import { InvalidRequest, readConnectRequest, readHealthRequest } from './request.ts';
import { checkOrigins, isTrusted } from './sender.ts';
import { VERSION } from './version.ts';

/** What {@link LimiAIDesktopIntegration} may be given, beside what every client of a backend may. */
export interface DesktopOptions extends ClientOptions {
  /**
   * Which pages may ask for a key: origins such as `app://app` or `http://localhost:5173`, or beginnings of addresses
   * that end in a slash, such as `file:///opt/app/`. Default `['app://localhost']`, which a backend in development lets
   * in by itself; pages from files no backend lets in.
   */
  readonly allowedOrigins?: readonly string[];
}

/**
 * Answers the pages of an Electron application on `voice-connect` and `voice-health`, from when it is made until
 * {@link LimiAIDesktopIntegration.dispose}.
 *
 * @example
 * ```ts
 * const voice = new LimiAIDesktopIntegration('http://localhost:3001/api'); // for the pages of app://localhost
 * app.on('will-quit', () => voice.dispose());
 * ```
 */
export class LimiAIDesktopIntegration {
  readonly #client: LimiAIClient;
  readonly #allowed: readonly string[];
  #disposed = false;

  /**
   * Begin to answer.
   *
   * @throws TypeError for a list of origins that is empty or holds none.
   * @throws Error if another one answers already: Electron takes one handler for a channel.
   */
  constructor(backendUrl: string, options: DesktopOptions = {}) {
    const { allowedOrigins = ['app://localhost'], ...rest } = options;
    checkOrigins(allowedOrigins);
    this.#allowed = [...allowedOrigins];
    this.#client = new LimiAIClient(backendUrl, {
      clientName: `electron/${VERSION}`,
      platform: nodePlatform(),
      ...rest,
    });
    ipcMain.handle(CONNECT_CHANNEL, (event, ...given: unknown[]) => this.#connect(event, given));
    ipcMain.handle(HEALTH_CHANNEL, (event, ...given: unknown[]) => this.#health(event, given));
  }

  /** Stop answering; is idempotent. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    ipcMain.removeHandler(CONNECT_CHANNEL);
    ipcMain.removeHandler(HEALTH_CHANNEL);
  }

  #connect(event: IpcMainInvokeEvent, given: readonly unknown[]): Promise<VoiceConnectAnswer> {
    return this.#answer(event, async () => {
      const key = await this.#client.generateEphemeralKey(readConnectRequest(given));
      return { success: true, ...key };
    });
  }

  #health(event: IpcMainInvokeEvent, given: readonly unknown[]): Promise<VoiceHealthAnswer> {
    return this.#answer(event, async () => {
      readHealthRequest(given);
      return { success: true, ...(await this.#client.checkHealth()) };
    });
  }

  async #answer<T>(event: IpcMainInvokeEvent, act: () => Promise<T>): Promise<T | VoiceFailure> {
    if (!isTrusted(event, this.#allowed)) return REFUSAL;
    try {
      return await act();
    } catch (error) {
      return failureOf(error);
    }
  }
}

const REFUSAL: VoiceFailure = {
  success: false,
  code: 'forbidden',
  error: 'This page may not ask for a key',
  hint: 'Add its origin to allowedOrigins of LimiAIDesktopIntegration, if it is a page of the application',
};

/** An error as data. What is none of ours stays in the main process: its message could hold anything. */
function failureOf(error: unknown): VoiceFailure {
  if (error instanceof InvalidRequest) {
    return { success: false, code: 'invalid_request', error: error.message, hint: 'Correct the request' };
  }
  if (!(error instanceof LimiError)) {
    return { success: false, code: 'internal_error', error: 'The main process could not ask the backend' };
  }
  const { code, message, hint, reference, status, requestId, retryAfterMs } = error;
  return {
    success: false,
    error: message,
    code,
    hint,
    reference,
    ...(status === undefined ? {} : { status }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}
