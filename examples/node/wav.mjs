/** WAV files of the one kind that voice sessions speak: 16-bit PCM, 24 kHz, one channel. */

const SAMPLE_RATE = 24_000;
const FRAME_BYTES = 2;
const HEADER_BYTES = 44;
const PCM = 1;

/**
 * @param {Buffer} file
 * @returns {Buffer} the samples.
 * @throws {Error} where it is of another kind.
 */
export function readWav(file) {
  const format = chunk(file, 'fmt ');
  const [kind, channels, rate] = [format.readUInt16LE(0), format.readUInt16LE(2), format.readUInt32LE(4)];
  if (kind !== PCM || channels !== 1 || rate !== SAMPLE_RATE || format.readUInt16LE(14) !== 16) {
    throw new Error('The file must be 16-bit PCM, 24 kHz, mono: ffmpeg -i it -ar 24000 -ac 1 question.wav');
  }
  return chunk(file, 'data');
}

/**
 * @param {Buffer} samples
 * @returns {Buffer} a file.
 */
export function writeWav(samples) {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('RIFF', 0);
  header.writeUInt32LE(HEADER_BYTES - 8 + samples.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(PCM, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(SAMPLE_RATE, 24);
  header.writeUInt32LE(SAMPLE_RATE * FRAME_BYTES, 28);
  header.writeUInt16LE(FRAME_BYTES, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}

/**
 * @param {number} seconds
 * @returns {Buffer} so much of nothing.
 */
export function silence(seconds) {
  return Buffer.alloc(seconds * SAMPLE_RATE * FRAME_BYTES);
}

/**
 * @param {Buffer} file
 * @param {string} name
 * @returns {Buffer} the content of the first chunk of that name.
 */
function chunk(file, name) {
  let start = 12;
  while (start + 8 <= file.length) {
    const length = file.readUInt32LE(start + 4);
    if (file.toString('latin1', start, start + 4) === name)
      return file.subarray(start + 8, start + 8 + length);
    // Chunks begin at even places.
    start += 8 + length + (length % 2);
  }
  throw new Error('The file is no WAV file');
}
