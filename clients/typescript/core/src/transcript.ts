/**
 * The words of both sides, read off the Realtime API's events as they come.
 *
 * @module
 */

import { same } from './members.ts';
import type { HistoryItem, ServerEvent } from './platform.ts';
import type { TranscriptEntry } from './types.ts';

/** More than an hour's talk; the oldest words leave first. */
const LONGEST = 500;
/** What a new session is told costs tokens at every answer, so only the latest words are carried over. */
const CARRIED_ITEMS = 40;
const CARRIED_CHARACTERS = 12_000;

interface Item {
  readonly id?: unknown;
  readonly type?: unknown;
  readonly role?: unknown;
  readonly status?: unknown;
  readonly content?: unknown;
}

export class Transcript {
  #entries: readonly TranscriptEntry[] = [];

  /** The same array until a word changed; entries without words are left out. */
  get entries(): readonly TranscriptEntry[] {
    return this.#shown;
  }

  #shown: readonly TranscriptEntry[] = [];

  clear(): void {
    this.#replace([]);
  }

  /** Take in an event. @returns whether a word changed. */
  receive(event: ServerEvent): boolean {
    const before = this.#shown;
    this.#take(event);
    return this.#shown !== before;
  }

  /** What was said last, as a new session is told it. */
  history(): HistoryItem[] {
    const items: HistoryItem[] = [];
    let characters = 0;
    for (const { id, role, text } of [...this.#shown].reverse()) {
      characters += text.length;
      if (items.length === CARRIED_ITEMS || characters > CARRIED_CHARACTERS) break;
      items.unshift({ id, role, text });
    }
    return items;
  }

  /** A session is over: no more words come for what was being said. */
  settle(): void {
    if (this.#entries.every(({ final }) => final)) return;
    this.#replace(this.#entries.map((entry) => (entry.final ? entry : { ...entry, final: true })));
  }

  #take(event: ServerEvent): void {
    const id = event['item_id'];
    switch (event.type) {
      case 'conversation.item.added':
      case 'conversation.item.done':
      case 'conversation.item.retrieved':
        this.#item(event['item'] as Item, event.type);
        break;
      case 'conversation.item.deleted':
        this.#replace(this.#entries.filter((entry) => entry.id !== id));
        break;
      case 'conversation.item.input_audio_transcription.delta':
        this.#change(id, 'user', (entry) => ({ text: entry.text + textOf(event['delta']) }));
        break;
      case 'conversation.item.input_audio_transcription.completed':
        this.#change(id, 'user', () => ({ text: textOf(event['transcript']).trim(), final: true }));
        break;
      case 'conversation.item.input_audio_transcription.failed':
        this.#change(id, 'user', () => ({ final: true }));
        break;
      case 'response.output_audio_transcript.delta':
      case 'response.output_text.delta':
        this.#change(id, 'assistant', (entry) => ({ text: entry.text + textOf(event['delta']) }));
        break;
      case 'response.output_audio_transcript.done':
        this.#change(id, 'assistant', () => ({ text: textOf(event['transcript']), final: true }));
        break;
      case 'response.output_text.done':
        this.#change(id, 'assistant', () => ({ text: textOf(event['text']), final: true }));
        break;
    }
  }

  #item(item: Item | undefined, event: string): void {
    if (item?.type !== 'message' || (item.role !== 'user' && item.role !== 'assistant')) return;
    const parts = partsOf(item.content);
    const text = parts.join(' ');
    // Sound has no words yet when its item is added; they come with its own transcription.
    const spoken = item.role === 'user' && parts.length === 0;
    const done = event !== 'conversation.item.added' && !spoken;
    this.#change(item.id, item.role, (entry) => ({
      text: event === 'conversation.item.retrieved' || text !== '' ? text : entry.text,
      final: entry.final || done || (item.role === 'user' && !spoken),
    }));
  }

  #change(
    id: unknown,
    role: TranscriptEntry['role'],
    change: (entry: TranscriptEntry) => Partial<TranscriptEntry>,
  ): void {
    if (typeof id !== 'string') return;
    const found = this.#entries.find((entry) => entry.id === id);
    const before = found ?? { id, role, text: '', final: false };
    const after = { ...before, ...change(before) };
    if (found === undefined) {
      this.#replace([...this.#entries, after].slice(-LONGEST));
    } else if (!same(found, after)) {
      this.#replace(this.#entries.map((entry) => (entry === found ? after : entry)));
    }
  }

  #replace(entries: readonly TranscriptEntry[]): void {
    this.#entries = entries;
    const shown = entries.filter(({ text }) => text !== '');
    if (!same(shown, this.#shown)) this.#shown = shown;
  }
}

function partsOf(content: unknown): string[] {
  if (!Array.isArray(content)) return [];
  return content
    .map((part: { text?: unknown; transcript?: unknown }) => textOf(part.text ?? part.transcript))
    .filter((text) => text !== '');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
