/**
 * The samples of a stream, block by block.
 *
 * @module
 */

/** 43 ms at 48 kHz: a few messages a second instead of hundreds. */
const BLOCK = 2048;

/** Runs in the audio thread, in a scope of its own; so it is source text, not code of this module. */
const WORKLET = `
registerProcessor('limi-capture', class extends AudioWorkletProcessor {
  block = [];
  process([[samples = []]]) {
    this.block.push(...samples);
    if (this.block.length >= ${BLOCK}) {
      this.port.postMessage(Float32Array.from(this.block));
      this.block = [];
    }
    return true;
  }
});`;

/** Make the node that hands `take` what flows into it. */
export async function captureNode(
  context: AudioContext,
  take: (block: Float32Array) => void,
): Promise<AudioNode> {
  try {
    await loadWorklet(context);
  } catch {
    // A page whose content security policy allows no blob scripts gets the old way, which needs no script.
    return scriptNode(context, take);
  }
  const node = new AudioWorkletNode(context, 'limi-capture', { numberOfOutputs: 0, channelCount: 1 });
  node.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
    take(data);
  };
  return node;
}

async function loadWorklet(context: AudioContext): Promise<void> {
  const url = URL.createObjectURL(new Blob([WORKLET], { type: 'text/javascript' }));
  try {
    await context.audioWorklet.addModule(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

function scriptNode(context: AudioContext, take: (block: Float32Array) => void): AudioNode {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only node that needs no script of its own
  const node = context.createScriptProcessor(BLOCK, 1, 1);
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- as above
  node.onaudioprocess = ({ inputBuffer }) => {
    take(inputBuffer.getChannelData(0).slice());
  };
  // It only runs while its output, which stays silent, is connected.
  node.connect(context.destination);
  return node;
}
