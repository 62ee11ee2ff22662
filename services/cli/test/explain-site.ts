import { createCodec, createLocalRegistry, createMemoryWorld } from '@callfold/adapters';
import type { RawEvent, Source, SubjectKind } from '@callfold/core';
import { DEFAULT_SETTINGS, isRejection, partitionOf, rawTopic, subjectKey, TOPICS, utf8Bytes } from '@callfold/core';
import type { At } from '@callfold/engine';
import { explainSubject, rulesOf } from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import { readEvent } from '@callfold/sources';
import { explanationText } from '../src/explanation.ts';
import { rawOf } from '../src/subject.ts';
import { memorySite } from './memory-site.ts';

/** A site in memory whose raw log is written by tests, at append times of their own. */

export const RULES = rulesOf(OUTCOMES, DEFAULT_SETTINGS);
export const PARTITIONS = 4;
export const START = Date.UTC(2026, 0, 5, 9);
const SECOND_MS = 1_000;

export type Row = readonly [second: number, status: string | null, more?: Readonly<Record<string, unknown>>];

/** @throws when the fields are no event: a test's own mistake */
export function eventOf(fields: Readonly<Record<string, unknown>>): RawEvent {
  const event = readEvent(fields);
  if (isRejection(event)) throw new Error(event.reason);
  return event;
}

export async function openTestSite() {
  let now = START;
  const world = createMemoryWorld({ clock: { now: () => now } });
  for (const { name } of TOPICS) world.topics.create(name, PARTITIONS);
  const codec = createCodec(createLocalRegistry());
  await codec.register(TOPICS.map(({ name }) => name));
  const ports = world.ports();
  const site = memorySite(world, ports, codec);
  const placeOf = ({ source, tenantId, subjectId }: RawEvent): At => ({
    topic: rawTopic(source),
    partition: partitionOf(tenantId, subjectId, PARTITIONS),
  });

  return {
    site,
    world,
    ports,
    placeOf,
    /** Log time from here on, in seconds after the start. */
    setSecond(second: number): void {
      now = START + second * SECOND_MS;
    },
    append(event: RawEvent, at: At = placeOf(event)): void {
      const key = utf8Bytes(subjectKey(event.tenantId, event.subjectId));
      world.topics.append(at, [{ key, value: codec.encodeRaw(event), headers: [] }]);
    },
    /** Each event is logged a tenth of a second after it happened, or where `loggedAfter` (seconds) says. */
    tell(subject: Readonly<Record<string, string>>, rows: readonly Row[]): void {
      const events = rows.map(([second, status, { loggedAfter = 0.1, ...more } = {}]) => {
        const at = new Date(START + second * SECOND_MS).toISOString();
        const said = subject['source'] === 'vonage' ? { start: at, state: status } : { occurredAt: at, status };
        return { event: eventOf({ ...subject, ...said, ...more }), loggedSecond: second + Number(loggedAfter) };
      });
      for (const { event, loggedSecond } of events.toSorted((a, b) => a.loggedSecond - b.loggedSecond)) {
        this.setSecond(loggedSecond);
        this.append(event);
      }
    },
    /** Log time passes up to a second, without an event. */
    async tick(at: At, second: number): Promise<void> {
      this.setSecond(second);
      await ports.log('test').tick(at);
    },
  };
}

export type TestSite = Awaited<ReturnType<typeof openTestSite>>;

const ID = 'x-1';

/** What people read of one subject. @param until second after the start up to which log time passes */
export async function explainedText(
  kind: SubjectKind,
  source: Source,
  rows: readonly Row[],
  until: number,
): Promise<string> {
  const log = await openTestSite();
  log.tell({ source, [`${kind}Id`]: ID }, rows);
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    await log.tick({ topic: rawTopic(source), partition }, until);
  }
  const found = await explainSubject(rawOf(log.site), { kind, id: ID, tenantId: 'default' }, RULES);
  return found.map(explanationText).join('\n');
}
