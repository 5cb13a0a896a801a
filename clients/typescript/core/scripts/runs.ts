/** The runs through the state machine that `transitions.ts` writes down. */

import type { Input, MachineSettings, TimerName } from '../src/machine/words.ts';

/** When, what, and (for the jitter) with which luck. */
type Happening = readonly [at: number, input: Input['type'] | Input, random?: number];

export interface Run {
  readonly name: string;
  readonly settings?: Partial<MachineSettings>;
  readonly inputs: readonly Happening[];
}

const MINUTE = 60_000;

const rings = (name: TimerName): Input => ({ type: 'timer', name });
const lost = (code = 'network_error'): Input => ({ type: 'lost', code });
const mintFailed = (code: string, retryable: boolean, retryAfterMs?: number): Input =>
  retryAfterMs === undefined
    ? { type: 'mint_failed', code, retryable }
    : { type: 'mint_failed', code, retryable, retryAfterMs };

/** From nothing to a conversation, which begins at 500 ms. */
const CONNECTED: readonly Happening[] = [
  [0, 'connect'],
  [100, 'microphone_opened'],
  [200, 'minted'],
  [500, 'opened'],
];

/** A conversation that was lost at 20 s. */
const LOST: readonly Happening[] = [...CONNECTED, [20_000, lost()]];

const again = (from: number): readonly Happening[] => [
  [from, rings('retry')],
  [from + 100, 'minted'],
  [from + 400, 'opened'],
];

export const RUNS: Readonly<Record<string, readonly Run[]>> = {
  connect: [
    {
      name: 'connects by WebRTC: microphone, key, session; then disconnects',
      inputs: [...CONNECTED, [9_000, 'disconnect']],
    },
    {
      name: 'connects by WebSocket where there is no WebRTC',
      settings: { hasWebRTC: false },
      inputs: CONNECTED,
    },
    {
      name: 'connects by WebSocket where it was told to',
      settings: { transport: 'websocket' },
      inputs: CONNECTED,
    },
    {
      name: 'fails at once where WebRTC is demanded and missing',
      settings: { transport: 'webrtc', hasWebRTC: false },
      inputs: [[0, 'connect']],
    },
    { name: 'takes no second connect while one is under way', inputs: [...CONNECTED, [600, 'connect']] },
    {
      name: 'a first key that is refused fails at once, so that a person is not kept waiting',
      inputs: [
        [0, 'connect'],
        [100, 'microphone_opened'],
        [200, mintFailed('overloaded', true, 1000)],
        [5_000, 'connect'],
      ],
    },
    {
      name: 'a first session that cannot be opened fails at once',
      settings: { transport: 'websocket' },
      inputs: [
        [0, 'connect'],
        [100, 'microphone_opened'],
        [200, 'minted'],
        [300, { type: 'open_failed', code: 'network_error' }],
      ],
    },
    {
      name: 'a key that expired before it was used is replaced by a fresh one, even at first',
      inputs: [
        [0, 'connect'],
        [100, 'microphone_opened'],
        [200, 'minted'],
        [300, { type: 'open_failed', code: 'token_expired' }],
        ...again(1_300),
      ],
    },
  ],

  disconnect: [
    { name: 'while nothing is on', inputs: [[0, 'disconnect']] },
    {
      name: 'while the microphone is being opened',
      inputs: [
        [0, 'connect'],
        [50, 'disconnect'],
      ],
    },
    {
      name: 'while a key is asked for',
      inputs: [
        [0, 'connect'],
        [100, 'microphone_opened'],
        [150, 'disconnect'],
      ],
    },
    {
      name: 'while the session is being opened',
      inputs: [
        [0, 'connect'],
        [100, 'microphone_opened'],
        [200, 'minted'],
        [250, 'disconnect'],
      ],
    },
    {
      name: 'while the path is bad',
      inputs: [...CONNECTED, [9_000, 'unsteady'], [9_500, 'disconnect']],
    },
    {
      name: 'while waiting for the next attempt',
      inputs: [...LOST, [20_500, 'disconnect']],
    },
    {
      name: 'while the next session is prepared',
      inputs: [...CONNECTED, [55 * MINUTE + 500, rings('renew')], [55 * MINUTE + 600, 'disconnect']],
    },
    {
      name: 'after it failed, which takes the error away',
      inputs: [
        [0, 'connect'],
        [10, { type: 'microphone_failed', code: 'microphone_denied' }],
        [20, 'disconnect'],
      ],
    },
  ],

  reconnect: [
    {
      name: 'comes back at the first attempt, tells the new session the old words, and counts anew once it held',
      inputs: [...LOST, ...again(21_000), [31_400, rings('stable')], [40_000, lost()]],
    },
    {
      name: 'gives up after three attempts, 1, 2 and 3 seconds apart',
      inputs: [
        ...LOST,
        [21_000, rings('retry')],
        [21_100, mintFailed('network_error', true)],
        [23_100, rings('retry')],
        [23_200, 'minted'],
        [23_300, { type: 'open_failed', code: 'network_error' }],
        [26_300, rings('retry')],
        [26_400, 'minted'],
        [36_400, lost()],
      ],
    },
    {
      name: 'a connection that breaks again before it held does not count anew',
      inputs: [...LOST, ...again(21_000), [22_000, lost()]],
    },
    {
      name: 'waits are spread by chance: the shortest',
      inputs: [...CONNECTED, [20_000, lost(), 0]],
    },
    {
      name: 'waits are spread by chance: the longest',
      inputs: [...CONNECTED, [20_000, lost(), 0.999999]],
    },
    {
      name: 'waits as long as the backend asks for',
      inputs: [...LOST, [21_000, rings('retry')], [21_100, mintFailed('rate_limit_exceeded', true, 12_000)]],
    },
    {
      name: 'fails when the backend asks for more than a minute',
      inputs: [...LOST, [21_000, rings('retry')], [21_100, mintFailed('rate_limit_exceeded', true, 61_000)]],
    },
    {
      name: 'fails when the backend refuses for good',
      inputs: [...LOST, [21_000, rings('retry')], [21_100, mintFailed('tenant_suspended', false)]],
    },
    {
      name: 'never reconnects where that is switched off',
      settings: { maxAttempts: 0 },
      inputs: LOST,
    },
    {
      name: 'repeats the last wait where there are more attempts than waits',
      settings: { maxAttempts: 3, delaysMs: [500] },
      inputs: [...LOST, [20_500, rings('retry')], [20_600, mintFailed('network_error', true)]],
    },
    {
      name: 'a session that opens too slowly counts as an attempt',
      settings: { transport: 'websocket' },
      inputs: [...LOST, [21_000, rings('retry')], [21_100, 'minted'], [31_100, rings('open')]],
    },
  ],

  network: [
    {
      name: 'a path that comes back within its grace is nobody’s business',
      inputs: [...CONNECTED, [9_000, 'unsteady'], [9_100, 'unsteady'], [12_000, 'steady']],
    },
    {
      name: 'a path that stays bad is given up',
      inputs: [...CONNECTED, [9_000, 'unsteady'], [14_000, rings('grace')]],
    },
    {
      name: 'a session that ends while its path is bad is not waited for',
      inputs: [...CONNECTED, [9_000, 'unsteady'], [9_500, lost()]],
    },
    {
      name: 'a connection lost while offline waits for the network and uses no attempt up',
      inputs: [...CONNECTED, [19_000, 'offline'], [20_000, lost()], [29_000, 'online'], [29_100, 'minted']],
    },
    {
      name: 'a device that says offline after the loss puts the attempt off',
      inputs: [...LOST, [20_100, 'offline'], [25_000, 'online']],
    },
    {
      name: 'a device that never says online is not believed for ever',
      inputs: [...CONNECTED, [19_000, 'offline'], [20_000, lost()], [50_000, rings('retry')]],
    },
    {
      name: 'a page that comes to the front tries at once, for its timers may have been held back',
      inputs: [...LOST, [20_100, 'visible']],
    },
    {
      name: 'online, offline and visible change nothing in a conversation that is on',
      inputs: [...CONNECTED, [9_000, 'offline'], [9_100, 'online'], [9_200, 'visible']],
    },
  ],

  fallback: [
    {
      name: 'UDP is blocked: after ten seconds the same conversation goes on by WebSocket, with a key of its own',
      inputs: [
        [0, 'connect'],
        [100, 'microphone_opened'],
        [200, 'minted'],
        [10_200, rings('open')],
        [10_300, 'minted'],
        [10_500, 'opened'],
      ],
    },
    {
      name: 'WebRTC fails outright: WebSocket at once',
      inputs: [
        [0, 'connect'],
        [100, 'microphone_opened'],
        [200, 'minted'],
        [400, { type: 'open_failed', code: 'webrtc_connection_failed' }],
      ],
    },
    {
      name: 'WebRTC is demanded: no fallback',
      settings: { transport: 'webrtc' },
      inputs: [
        [0, 'connect'],
        [100, 'microphone_opened'],
        [200, 'minted'],
        [10_200, rings('open')],
      ],
    },
    {
      name: 'what was fallen back to is kept when reconnecting, until the next connect',
      inputs: [
        [0, 'connect'],
        [100, 'microphone_opened'],
        [200, 'minted'],
        [300, { type: 'open_failed', code: 'webrtc_unsupported' }],
        [400, 'minted'],
        [500, 'opened'],
        [20_000, lost()],
        ...again(21_000),
        [30_000, 'disconnect'],
        [31_000, 'connect'],
      ],
    },
    {
      name: 'a network that is gone is no reason to fall back',
      inputs: [...LOST, [21_000, rings('retry')], [21_100, 'minted'], [21_200, lost()]],
    },
  ],

  microphone: [
    {
      name: 'denied',
      inputs: [
        [0, 'connect'],
        [4_000, { type: 'microphone_failed', code: 'microphone_denied' }],
      ],
    },
    {
      name: 'missing',
      inputs: [
        [0, 'connect'],
        [10, { type: 'microphone_failed', code: 'microphone_missing' }],
        [9_000, 'connect'],
      ],
    },
    {
      name: 'pulled out in the conversation: the next one is taken',
      inputs: [...CONNECTED, [9_000, 'microphone_lost'], [9_050, 'microphone_opened']],
    },
    {
      name: 'pulled out and no other there: the conversation goes on, says so, and takes the next one that appears',
      inputs: [
        ...CONNECTED,
        [9_000, 'microphone_lost'],
        [9_050, { type: 'microphone_failed', code: 'microphone_missing' }],
        [20_000, 'devices_changed'],
        [20_050, 'microphone_opened'],
      ],
    },
    {
      name: 'other devices come and go while the microphone works',
      inputs: [...CONNECTED, [9_000, 'devices_changed']],
    },
    {
      name: 'pulled out between two sessions',
      inputs: [...LOST, [20_100, 'microphone_lost'], [20_200, 'microphone_opened'], ...again(21_000)],
    },
  ],

  ending: [
    {
      name: 'the server ends the call: final, with its reason',
      inputs: [...CONNECTED, [9_000, { type: 'ended', reason: 'The budget is used up.' }], [9_100, 'online']],
    },
    {
      name: 'the server ends the call while the path is bad',
      inputs: [
        ...CONNECTED,
        [8_000, 'unsteady'],
        [9_000, { type: 'ended', reason: 'An operator ended it.' }],
      ],
    },
    {
      name: 'the server refuses the session',
      inputs: [
        [0, 'connect'],
        [100, 'microphone_opened'],
        [200, 'minted'],
        [300, { type: 'ended', reason: 'The model is not there.' }],
      ],
    },
    {
      name: 'the server ends the call while its successor is prepared',
      inputs: [
        ...CONNECTED,
        [55 * MINUTE + 500, rings('renew')],
        [55 * MINUTE + 550, { type: 'ended', reason: 'The longest duration is reached.' }],
      ],
    },
  ],

  renewal: [
    {
      name: 'in silence: the key first, then the old session makes room for the new one',
      inputs: [
        ...CONNECTED,
        [55 * MINUTE + 500, rings('renew')],
        [55 * MINUTE + 600, 'minted'],
        [55 * MINUTE + 900, 'opened'],
      ],
    },
    {
      name: 'waits until nobody speaks',
      inputs: [
        ...CONNECTED,
        [55 * MINUTE, 'busy'],
        [55 * MINUTE + 500, rings('renew')],
        [55 * MINUTE + 4_000, 'quiet'],
      ],
    },
    {
      name: 'waits three minutes at most',
      inputs: [
        ...CONNECTED,
        [55 * MINUTE, 'busy'],
        [55 * MINUTE + 500, rings('renew')],
        [58 * MINUTE + 500, rings('renew')],
        [58 * MINUTE + 600, 'minted'],
      ],
    },
    {
      name: 'is put off when somebody begins to speak before the key is there',
      inputs: [
        ...CONNECTED,
        [55 * MINUTE + 500, rings('renew')],
        [55 * MINUTE + 550, 'busy'],
        [55 * MINUTE + 600, 'minted'],
        [55 * MINUTE + 5_000, 'quiet'],
      ],
    },
    {
      name: 'a key that is refused is asked for again later; the conversation goes on',
      inputs: [
        ...CONNECTED,
        [55 * MINUTE + 500, rings('renew')],
        [55 * MINUTE + 600, mintFailed('overloaded', true)],
        [55 * MINUTE + 30_600, rings('renew')],
      ],
    },
    {
      name: 'a new session that cannot be opened is a lost connection',
      inputs: [
        ...CONNECTED,
        [55 * MINUTE + 500, rings('renew')],
        [55 * MINUTE + 600, 'minted'],
        [55 * MINUTE + 700, { type: 'open_failed', code: 'network_error' }],
      ],
    },
    {
      name: 'the old session breaks while its successor is prepared',
      inputs: [...CONNECTED, [55 * MINUTE + 500, rings('renew')], [55 * MINUTE + 550, lost()]],
    },
    {
      name: 'waits for a bad path to become good',
      inputs: [
        ...CONNECTED,
        [55 * MINUTE, 'unsteady'],
        [55 * MINUTE + 500, rings('renew')],
        [55 * MINUTE + 1_000, 'busy'],
        [55 * MINUTE + 2_000, 'quiet'],
        [55 * MINUTE + 3_000, 'steady'],
        [55 * MINUTE + 3_010, 'unsteady'],
        [55 * MINUTE + 3_020, 'quiet'],
      ],
    },
    {
      name: 'counts anew in a session that held, also while its path is bad or its successor is prepared',
      settings: { renewAfterMs: 5_000 },
      inputs: [
        ...LOST,
        ...again(21_000),
        [26_400, rings('renew')],
        [31_400, rings('stable')],
        [31_500, mintFailed('network_error', true)],
        [40_000, lost()],
        ...again(41_000),
        [42_000, 'unsteady'],
        [51_400, rings('stable')],
      ],
    },
  ],
};
