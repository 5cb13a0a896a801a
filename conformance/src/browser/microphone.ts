const RATE = 24_000;

/** Gives every tenth of a second its samples; a worklet is a script of its own, hence the text. */
const TAP = `
registerProcessor('tap', class extends AudioWorkletProcessor {
  #samples = [];
  process([[channel]]) {
    if (channel) this.#samples.push(...channel);
    if (this.#samples.length >= ${RATE / 10}) {
      const pcm = Int16Array.from(this.#samples, (sample) => Math.max(-1, Math.min(1, sample)) * 32767);
      this.port.postMessage(pcm.buffer, [pcm.buffer]);
      this.#samples = [];
    }
    return true;
  }
});`;

/** The browser's microphone as 24 kHz PCM, which a WebSocket has to be fed with; silence while it is muted. */
export class Microphone {
  muted = true;
  readonly #context = new AudioContext({ sampleRate: RATE });
  #stream: MediaStream | undefined;

  async open(take: (sound: ArrayBuffer) => void): Promise<void> {
    this.#stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const script = URL.createObjectURL(new Blob([TAP], { type: 'text/javascript' }));
    await this.#context.audioWorklet.addModule(script);
    const tap = new AudioWorkletNode(this.#context, 'tap');
    tap.port.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      take(this.muted ? new ArrayBuffer(data.byteLength) : data);
    };
    this.#context.createMediaStreamSource(this.#stream).connect(tap);
  }

  async close(): Promise<void> {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    await this.#context.close();
  }
}
