import type { Aggregate, Settings, Source, State, SubjectKind } from '@callfold/core';
import { aggregateOf, decodeState, KIND_OF, rawTopic, SOURCES, subjectKey } from '@callfold/core';
import type { Log, Shelf } from '@callfold/engine';
import { placesIn, readLive } from '@callfold/engine';
import { ProblemError } from './problem.ts';

/** One subject as it stands, straight from the store: also one that is over, for as long as it is kept. */

export type SubjectQuestion = {
  readonly kind: SubjectKind;
  readonly id: string;
  readonly tenantId: string;
  /** Null: of whichever source that knows it. */
  readonly source: string | null;
};

type Read = { readonly state: State; readonly settings: Settings };

async function readAll(shelf: Shelf, log: Log, question: SubjectQuestion): Promise<readonly Read[]> {
  const { kind, id, tenantId, source } = question;
  const sources = SOURCES.filter((one) => KIND_OF[one] === kind && (source === null || one === source));
  if (sources.length === 0) throw new ProblemError('bad-query', `source must be one that has a ${kind}`);
  return readLive(shelf, async ({ store, settings }) => {
    const key = subjectKey(tenantId, id);
    const read = async (one: Source): Promise<readonly Read[]> => {
      for (const { at } of await placesIn(store, log, rawTopic(one), tenantId, id)) {
        const [text] = await store.read(at, 'states', [key]);
        if (text) return [{ state: decodeState(text, one, key), settings }];
      }
      return [];
    };
    return (await Promise.all(sources.map(read))).flat();
  });
}

/** What is kept of it by each source: facts, or that it was dropped or erased. */
export async function readStates(shelf: Shelf, log: Log, question: SubjectQuestion): Promise<readonly State[]> {
  return (await readAll(shelf, log, question)).map(({ state }) => state);
}

export async function readSubject(shelf: Shelf, log: Log, question: SubjectQuestion): Promise<Aggregate> {
  const { kind } = question;
  const found = (await readAll(shelf, log, question)).flatMap(({ state, settings }) => {
    const aggregate = aggregateOf(state, settings);
    return aggregate ? [aggregate] : [];
  });
  const [first, second] = found;
  if (first === undefined)
    throw new ProblemError(
      'not-found',
      `no ${kind} with this id is kept of the tenant; ids are taken as they are written`,
    );
  if (second === undefined) return first;
  throw new ProblemError('ambiguous', `add source: ${found.map((one) => one.source).join(' or ')}`);
}
