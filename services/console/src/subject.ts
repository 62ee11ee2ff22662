import type { Aggregate, Settings, Source, State, SubjectKind } from '@callfold/core';
import { aggregateOf, decodeState, KIND_OF, rawTopic, SOURCES, subjectKey } from '@callfold/core';
import type { Log, Shelf } from '@callfold/engine';
import { placesIn, readLive } from '@callfold/engine';
import { ProblemError } from './problem.ts';

/** One subject as it stands, straight from where states are: also one that is over, for as long as it is kept. */

export type SubjectQuestion = {
  readonly kind: SubjectKind;
  readonly id: string;
  readonly tenantId: string;
  /** Null: of whichever source that knows it. */
  readonly source: string | null;
};

export type StateRead = { readonly state: State; readonly settings: Settings };

/** What each source keeps of it: facts, or that it was dropped or erased. @throws ProblemError of a wrong source */
export type ReadStates = (question: SubjectQuestion) => Promise<readonly StateRead[]>;

/** @throws ProblemError where there is none */
export function sourcesOf({ kind, source }: SubjectQuestion): readonly Source[] {
  const sources = SOURCES.filter((one) => KIND_OF[one] === kind && (source === null || one === source));
  if (sources.length === 0) throw new ProblemError('bad-query', `source must be one that has a ${kind}`);
  return sources;
}

/** From the store, of the generation that is live. */
export function storedStates(shelf: Shelf, log: Log): ReadStates {
  return async (question) => {
    const { id, tenantId } = question;
    const sources = sourcesOf(question);
    return readLive(shelf, async ({ store, settings }) => {
      const key = subjectKey(tenantId, id);
      const read = async (one: Source): Promise<readonly StateRead[]> => {
        for (const { at } of await placesIn(store, log, rawTopic(one), tenantId, id)) {
          const [text] = await store.read(at, 'states', [key]);
          if (text) return [{ state: decodeState(text, one, key), settings }];
        }
        return [];
      };
      return (await Promise.all(sources.map(read))).flat();
    });
  };
}

export async function readSubject(read: ReadStates, question: SubjectQuestion): Promise<Aggregate> {
  const { kind } = question;
  const found = (await read(question)).flatMap(({ state, settings }) => {
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
