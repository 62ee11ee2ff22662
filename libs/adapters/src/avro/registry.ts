import { setTimeout as sleep } from 'node:timers/promises';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import type { TopicSpec } from '@callfold/core';
import { TOPICS } from '@callfold/core';
import { Refused } from '@callfold/engine';
import { isTopic, SCHEMAS } from '@callfold/schemas';
import type { RegistryHttp, RegistryOptions } from './registry-http.ts';
import { Away, authorizationOf, createRegistryHttp, jsonOf } from './registry-http.ts';
import type { SchemaSource, Unusable } from './schema-source.ts';

/** The client's own, of one request; who needs the answer asks again after that. */
const RETRY = { retries: 2, initialRetryTimeInSecs: 0.1, maxRetryTimeInSecs: 1 };
/** To register one schema, with pauses that grow by this. */
const ATTEMPTS = 5;
const PAUSE_MS = 100;
const SCHEMA_NOT_FOUND = 40_403;

export type Registry = SchemaSource & {
  /** Compatibility of the topic's subject, its own or inherited; null: there is no such subject, or none is set. */
  compatibility(topic: string): Promise<string | null>;
  /** The id of the topic's current schema, or null when it is not registered. Changes nothing. */
  registered(topic: string): Promise<number | null>;
};

/**
 * A registry that speaks Confluent's API. Reading asks it directly: the client tells a registry that is away, a proxy's
 * error page and a schema that does not exist by one error. Only the answer 404 with code 40403 means "there is none".
 * @param options.url of the API, such as http://host:8081 or http://host:8080/apis/ccompat/v7; a user in it is `auth`.
 */
export function createRegistry(options: RegistryOptions): Registry {
  const http = createRegistryHttp(options);
  const client = clientOf(http);
  /** Ids by topic. */
  const told = new Map<string, number>();

  async function schema(id: number): Promise<object | null> {
    const path = `/schemas/ids/${id}`;
    const { status, code, json } = await http.ask('GET', path);
    if (status === 404) {
      if (code === SCHEMA_NOT_FOUND) return nothingAt(id);
      throw new Away(
        `the schema registry at ${http.url} was asked GET ${path} and answered 404 with code ${code}`,
        status,
      );
    }
    const { schemaType = 'AVRO', references, schema: text } = json;
    if (schemaType !== 'AVRO') return unusable(`it is of type ${String(schemaType)}, not AVRO`);
    if (typeof text !== 'string' || !isJson(text)) {
      throw new Away(
        `the schema registry at ${http.url} was asked GET ${path} and answered 200 without a schema`,
        status,
      );
    }
    if (Array.isArray(references) && references.length > 0) return withReferences(id);
    return jsonOf(text) ?? unusable('it is no record');
  }

  /** Believed of a registry that still has what it told us: another one, or an emptied one, knows no id of ours. */
  async function nothingAt(id: number): Promise<null> {
    for (const [topic, known] of told) {
      const path = `/schemas/ids/${known}`;
      const { status, json } = await http.ask('GET', path);
      if (status === 200 && json['schema'] !== undefined) return null;
      throw new Away(
        `the schema registry at ${http.url} knows no schema ${id}, and not ${known} any more, which it gave out for ` +
          `${topic}: it is another registry, or has lost its data`,
        status,
      );
    }
    return null;
  }

  /** The client gathers what a schema refers to. */
  async function withReferences(id: number): Promise<object> {
    const gathered: unknown = await client.getSchema(id);
    return jsonOf(JSON.stringify(gathered)) ?? unusable('it is no record');
  }

  async function compatibility(topic: string): Promise<string | null> {
    const { status, json } = await http.ask('GET', `/config/${encodeURIComponent(subjectOf(topic))}`);
    return status === 200 ? levelOf(json) : null;
  }

  async function registered(topic: string): Promise<number | null> {
    const path = `/subjects/${encodeURIComponent(subjectOf(topic))}`;
    const { status, json } = await http.ask('POST', path, { schema: textOf(topic) });
    return status === 200 ? Number(json['id']) : null;
  }

  /** What is right already is not touched, so that a service which may only read can start once `topics apply` ran. */
  async function registerOnce(topic: string): Promise<number> {
    const wanted = specOf(topic).compatibility;
    const subject = subjectOf(topic);
    const level = await compatibility(topic);
    if (level !== null && level !== wanted) await setCompatibility(subject, level, wanted);
    const id = await registered(topic);
    if (id !== null && level !== null) return id;
    const schemaOfTopic = { type: SchemaType.AVRO as const, schema: textOf(topic) };
    return (await client.register(schemaOfTopic, { subject, compatibility: wanted as never })).id;
  }

  /** Services that start together register together, and all but one of them may be told of a conflict. */
  async function register(topic: string): Promise<number> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const id = await registerOnce(topic);
        told.set(topic, id);
        return id;
      } catch (error) {
        if (attempt === ATTEMPTS || !mayPass(error)) throw refusalOf(error, subjectOf(topic), http.url);
        await sleep(attempt * PAUSE_MS);
      }
    }
  }

  /** A level that is the registry's default was chosen by nobody for this subject; any other one was. */
  async function setCompatibility(subject: string, level: string, wanted: string): Promise<void> {
    const { status, json } = await http.ask('GET', '/config');
    const path = `/config/${encodeURIComponent(subject)}`;
    if (status !== 200 || levelOf(json) !== level) {
      throw new Refused(
        `subject ${subject} in the registry ${http.url} has compatibility ${level}, and ${wanted} is needed. ` +
          `Somebody set it: find out why, then PUT ${http.url}${path} {"compatibility": "${wanted}"}.`,
      );
    }
    await http.ask('PUT', path, { compatibility: wanted });
  }

  return { schema, compatibility, registered, register };
}

function clientOf({ url: host, auth, agent, timeoutMs: timeout }: RegistryHttp): SchemaRegistry {
  const headers: Record<string, string> = auth ? { authorization: authorizationOf(auth) } : {};
  const ours = (): { prepareRequest: (next: () => Promise<Request>) => Promise<Request> } => ({
    prepareRequest: async (next) => (await next()).enhance({ timeout, headers }),
  });
  return new SchemaRegistry({ host, agent, retry: RETRY, middlewares: [ours as never] });
}

/** The part of the client's requests that is used here. */
type Request = {
  enhance(extras: { readonly timeout: number; readonly headers: Readonly<Record<string, string>> }): Request;
};

function specOf(topic: string): TopicSpec {
  const spec = TOPICS.find(({ name }) => name === topic);
  if (!spec) throw new Refused(`${topic} is none of this project's topics`);
  return spec;
}

function subjectOf(topic: string): string {
  return `${topic}-value`;
}

function textOf(topic: string): string {
  if (!isTopic(topic)) throw new Refused(`no schema for topic ${topic}: schemas/avro has no file for it`);
  return JSON.stringify(SCHEMAS[topic]);
}

function levelOf(config: Readonly<Record<string, unknown>>): string {
  return String(config['compatibilityLevel'] ?? config['compatibility']).toUpperCase();
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function unusable(why: string): Unusable {
  return { unusable: why };
}

function statusOf(error: unknown): unknown {
  return error instanceof Error && 'status' in error ? error.status : null;
}

/** A conflict with another service that registers too; the next look finds what that one made, or the real reason. */
function mayPass(error: unknown): boolean {
  const status = statusOf(error);
  if (error instanceof Error && error.name === 'ConfluentSchemaRegistryCompatibilityError') return true;
  return status === 409 || (typeof status === 'number' && status >= 500);
}

/** What asking again cannot mend is a `Refused`. */
function refusalOf(error: unknown, subject: string, url: string): Error {
  if (!(error instanceof Error) || error instanceof Refused) return error as Error;
  const status = statusOf(error);
  const where = `the registry ${url} does not take the schema of ${subject}`;
  if (status === 409) {
    const mend = 'Take back what the change broke, or give the topic a new name.';
    return new Refused(`${where}: it breaks compatibility with an earlier version. ${mend} (${error.message})`);
  }
  if (status === 401 || status === 403) {
    return new Refused(
      `${where}: not allowed. Give this user the right to, or run \`callfold topics apply\` with one who has it.`,
    );
  }
  if (status === 422) return new Refused(`${where}: it says the schema is invalid. (${error.message})`);
  return error instanceof Away ? error : new Away(`${where}: ${error.message}`, null, error);
}
