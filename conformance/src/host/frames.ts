import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Ajv, type ValidateFunction } from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';

const require = createRequire(import.meta.url);
const OUTPUT = path.resolve(import.meta.dirname, '../../output');

type Problems = string[];

interface Event {
  type: string;
}

/**
 * Holds an event against the types that the npm package `openai` declares for it.
 *
 * The package has no reader that checks, so its declarations are turned into a schema. Members it does not know are
 * left alone, as its users never see them; and a null counts as a member left out, because OpenAI's server sends
 * null for nearly everything that the declarations call optional.
 */
export function checkAgainstOpenAI(event: Event): Problems {
  const validate = schemaOf(event.type);
  if (!validate) return [`${event.type}: openai declares no such event`];
  const fits: boolean = validate(withoutNulls(event));
  if (fits) return [];
  return (validate.errors ?? []).map((error) => `${event.type}${error.instancePath}: ${error.message ?? ''}`);
}

/** Holds an event against the reader of `@openai/agents-realtime`; what that cannot read it hands on unread. */
export async function checkAgainstAgents(event: Event): Promise<Problems> {
  const read = await agentsReader();
  return read({ data: JSON.stringify(event) }).isGeneric
    ? [`${event.type}: agents-realtime cannot read it`]
    : [];
}

/** Fails with everything that does not fit, and returns what does. */
export async function checkAll(events: readonly Event[], readByAgents: boolean): Promise<readonly Event[]> {
  const problems: Problems = [];
  for (const event of events) {
    problems.push(...checkAgainstOpenAI(event));
    if (readByAgents) problems.push(...(await checkAgainstAgents(event)));
  }
  if (problems.length) throw new Error(`events that do not fit:\n${[...new Set(problems)].join('\n')}`);
  return events;
}

/**
 * Makes the schema, unless this version's is there, and returns its file.
 *
 * The compiler needs some seconds for it, on a busy machine half a minute, and nothing else runs meanwhile: in a
 * process that plays scenarios they would all be late. So the set-up of a test run calls this first.
 */
export function prepareSchema(): string {
  const folder = packageFolder('openai');
  const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    version: string;
  };
  const file = path.join(OUTPUT, `openai-${version}.schema.json`);
  if (!existsSync(file)) {
    const generator = createGenerator({
      path: path.join(folder, 'resources/realtime/realtime.d.ts'),
      type: 'RealtimeServerEvent',
      skipTypeCheck: true,
      additionalProperties: true,
      encodeRefs: true,
    });
    mkdirSync(OUTPUT, { recursive: true });
    writeFileSync(file, JSON.stringify(generator.createSchema('RealtimeServerEvent')));
  }
  return file;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}

type Reader = (frame: { data: string }) => { isGeneric: boolean };
let reader: Reader | undefined;

async function agentsReader(): Promise<Reader> {
  if (!reader) {
    // Not exported by the package, and yet what every frame passes through in it.
    const file = path.join(packageFolder('@openai/agents-realtime'), 'dist/openaiRealtimeEvents.mjs');
    const events = (await import(pathToFileURL(file).href)) as { parseRealtimeEvent: Reader };
    reader = events.parseRealtimeEvent;
  }
  return reader;
}

const validators = new Map<string, ValidateFunction | undefined>();
let schema: { ajv: Ajv; names: Map<string, string> } | undefined;

function schemaOf(type: string): ValidateFunction | undefined {
  if (!validators.has(type)) {
    schema ??= loadSchema();
    const name = schema.names.get(type);
    validators.set(
      type,
      name === undefined ? undefined : schema.ajv.getSchema(`openai#/definitions/${name}`),
    );
  }
  return validators.get(type);
}

interface Definition {
  properties?: { type?: { const?: unknown } };
  anyOf?: { $ref?: string }[];
}

function loadSchema(): { ajv: Ajv; names: Map<string, string> } {
  const document = generatedSchema();
  const definitions = document.definitions;
  const ajv = new Ajv({ strict: false, allErrors: true });
  ajv.addSchema({ $id: 'openai', ...document });
  const members = definitions.RealtimeServerEvent?.anyOf ?? [];
  const names = new Map<string, string>();
  for (const { $ref } of members) {
    const name = $ref?.split('/').at(-1) ?? '';
    const type = definitions[decodeURIComponent(name)]?.properties?.type?.const;
    if (typeof type === 'string') names.set(type, name);
  }
  if (names.size === 0) throw new Error('the declarations of openai have no RealtimeServerEvent as expected');
  return { ajv, names };
}

function generatedSchema(): { definitions: Record<string, Definition> } {
  return JSON.parse(readFileSync(prepareSchema(), 'utf8')) as { definitions: Record<string, Definition> };
}

function packageFolder(name: string): string {
  const folders = (require.resolve.paths(name) ?? []).map((folder) => path.join(folder, name));
  const found = folders.find((folder) => existsSync(path.join(folder, 'package.json')));
  if (found === undefined) throw new Error(`${name} is not installed`);
  return found;
}
