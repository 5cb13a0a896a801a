import { OpenAIRealtimeWebRTC, OpenAIRealtimeWebSocket, type RealtimeSession } from '@openai/agents-realtime';
import type { Medium } from '../agents/medium.ts';
import type { Access } from './access.ts';
import { Microphone } from './microphone.ts';

/** Below this a decoder has made up some noise; speech of a second is a thousand times louder. */
const LEAST_ENERGY = 1e-4;

/** `@openai/agents-realtime` over WebRTC: the SDK itself opens the microphone and plays what it hears. */
export class WebRTCMedium implements Medium {
  readonly firstSound = 'output_audio_buffer.started';
  readonly serverTruncates = true;
  readonly key: string;
  readonly #url: string;

  constructor(access: Access) {
    this.key = access.key;
    this.#url = access.url;
  }

  makeTransport(): OpenAIRealtimeWebRTC {
    return new OpenAIRealtimeWebRTC({ changePeerConnection: silenced });
  }

  url(): string {
    return this.#url;
  }

  connected(session: RealtimeSession): Promise<void> {
    return this.hush(session);
  }

  speak(session: RealtimeSession): Promise<void> {
    session.mute(false);
    return Promise.resolve();
  }

  hush(session: RealtimeSession): Promise<void> {
    session.mute(true);
    return Promise.resolve();
  }

  async soundHeard(session: RealtimeSession): Promise<number> {
    const { peerConnection } = transportOf(session).connectionState;
    const report = await peerConnection?.getStats();
    let energy = 0;
    report?.forEach((entry: { type: string; totalAudioEnergy?: number }) => {
      if (entry.type === 'inbound-rtp') energy += entry.totalAudioEnergy ?? 0;
    });
    return energy > LEAST_ENERGY ? energy : 0;
  }

  async hangUp(session: RealtimeSession): Promise<void> {
    const { callId } = transportOf(session);
    if (callId === undefined) throw new Error('the answer named no call');
    await window.hangUp(callId);
  }
}

/**
 * Mutes the microphone that the SDK has just opened. The SDK itself can be muted once it is connected, which a busy
 * machine may reach in the middle of the recording's first word; that would be a turn of its own.
 */
function silenced(connection: RTCPeerConnection): RTCPeerConnection {
  for (const { track } of connection.getSenders()) if (track) track.enabled = false;
  return connection;
}

function transportOf(session: RealtimeSession): OpenAIRealtimeWebRTC {
  if (session.transport instanceof OpenAIRealtimeWebRTC) return session.transport;
  throw new Error('the session is not over WebRTC');
}

/** The same SDK over a WebSocket, in a page: the key travels as a subprotocol, and the page feeds the sound. */
export class WebSocketMedium implements Medium {
  readonly firstSound = 'response.output_audio.delta';
  readonly serverTruncates = false;
  readonly key: string;
  readonly #url: string;
  #microphone: Microphone | undefined;

  constructor(access: Access) {
    this.key = access.key;
    this.#url = access.url;
  }

  makeTransport(): OpenAIRealtimeWebSocket {
    return new OpenAIRealtimeWebSocket();
  }

  url(): string {
    return this.#url;
  }

  async connected(session: RealtimeSession): Promise<void> {
    await this.#microphone?.close();
    this.#microphone = new Microphone();
    await this.#microphone.open((sound) => {
      if (session.transport.status === 'connected') session.sendAudio(sound);
    });
  }

  speak(): Promise<void> {
    if (this.#microphone) this.#microphone.muted = false;
    return Promise.resolve();
  }

  hush(): Promise<void> {
    if (this.#microphone) this.#microphone.muted = true;
    return Promise.resolve();
  }

  soundHeard(): Promise<number> {
    return Promise.resolve(0); // The conversation counts the SDK's `audio` events.
  }
}
