import type { Aggregate, AgentInCall, SeenAgent, Settings, Source, State, SubjectKind } from '@callfold/core';
import {
  agentsInCall,
  aggregateJson,
  aggregateOf,
  decodeState,
  encodeAgentInCall,
  idOf,
  isClosed,
  mergeAgents,
} from '@callfold/core';
import type { Mirror } from '@callfold/engine';

/**
 * How all live calls, chats and agents stand: of each partition what its mirror was told, and over all of them the
 * agents that calls name.
 */

/** One subject as it is shown. */
export type Shown = {
  /** Its name among all: `source/tenant/id`. */
  readonly name: string;
  readonly kind: SubjectKind;
  readonly tenantId: string;
  readonly aggregate: Aggregate | SeenAgent;
  /** The one JSON form of it. */
  readonly text: string;
};

/** What became of a subject; `live` false: it is over, or gone, and shown no more. */
export type Change = { readonly shown: Shown; readonly live: boolean };

/** Of a partition, or of all of a source. */
export type PictureMirror = Mirror & {
  /** As `put`, of a state that need not be read from its text. */
  show(key: string, state: State | null): void;
};

export type Picture = {
  mirror(source: Source): PictureMirror;
  /** Keys of a source's subjects that are shown or name agents: those that a picture like this one is made of. */
  keysOf(source: Source): Iterable<string>;
  /** What has changed since the last call, each subject once. */
  take(): Change[];
  get(name: string): Shown | undefined;
  of(kind: SubjectKind): Iterable<Shown>;
  all(): Iterable<Shown>;
  readonly size: number;
  /** Something was left out, and it is not known what: only a picture made anew can have it. */
  readonly isFull: boolean;
};

type Named = ReadonlyMap<string, AgentInCall>;
/** Subjects of a partition that are shown or name agents. */
type Held = Map<string, { readonly kind: SubjectKind; readonly name: string; readonly agents: Named }>;

const NOBODY: Named = new Map();

function nameOf(source: Source, tenantId: string, id: string): string {
  return idOf(source, tenantId, id);
}

function isLive(state: State, aggregate: Aggregate): boolean {
  if (aggregate.kind === 'call') return aggregate.phase !== 'ended';
  return aggregate.kind === 'agent' || !isClosed(state);
}

function shownOf(name: string, aggregate: Aggregate | SeenAgent): Shown {
  const { kind, tenantId } = aggregate;
  return { name, kind, tenantId, aggregate, text: JSON.stringify(aggregateJson(aggregate)) };
}

export function createPicture(settings: Settings, most: number): Picture {
  const live: Readonly<Record<SubjectKind, Map<string, Shown>>> = {
    call: new Map(),
    chat: new Map(),
    agent: new Map(),
  };
  const changes = new Map<string, Change>();
  /** By agent, as `tenant/agent`: what each call says of it. */
  const inCalls = new Map<string, Map<string, string>>();
  const touched = new Set<string>();
  const mirrored: (readonly [Source, Held])[] = [];
  let isFull = false;

  const size = (): number => live.call.size + live.chat.size + live.agent.size;

  function show(shown: Shown): void {
    const kept = live[shown.kind];
    const before = kept.get(shown.name);
    if (before?.text === shown.text) return;
    if (before === undefined && size() >= most) {
      isFull = true;
      return;
    }
    kept.set(shown.name, shown);
    changes.set(shown.name, { shown, live: true });
  }

  /** @param last how it ended; absent: as it was shown before */
  function hide(kind: SubjectKind, name: string, last?: () => Shown): void {
    const before = live[kind].get(name);
    if (before === undefined) return;
    live[kind].delete(name);
    changes.set(name, { shown: last?.() ?? before, live: false });
  }

  function nameAgents(before: Named, now: Named): void {
    for (const key of before.keys()) if (!now.has(key)) note(key, null);
    for (const [key, inCall] of now) note(key, encodeAgentInCall(inCall));
  }

  function note(key: string, text: string | null): void {
    const agent = key.slice(0, key.lastIndexOf('/'));
    const calls = inCalls.get(agent) ?? new Map<string, string>();
    if (text === calls.get(key)) return;
    if (text === null) calls.delete(key);
    else calls.set(key, text);
    if (calls.size === 0) inCalls.delete(agent);
    else inCalls.set(agent, calls);
    touched.add(agent);
  }

  function mergeTouched(): void {
    for (const agent of touched) {
      const name = `callcenter24/${agent}`;
      const [merged] = mergeAgents(inCalls.get(agent) ?? []);
      if (merged) show(shownOf(name, merged));
      else hide('agent', name);
    }
    touched.clear();
  }

  function mirror(source: Source): PictureMirror {
    const held: Held = new Map();
    mirrored.push([source, held]);
    let unseen: Set<string> | null = null;

    function drop(key: string): void {
      const known = held.get(key);
      if (known === undefined) return;
      held.delete(key);
      hide(known.kind, known.name);
      nameAgents(known.agents, NOBODY);
    }

    function showState(key: string, state: State | null): void {
      unseen?.delete(key);
      const aggregate = state && aggregateOf(state, settings);
      if (state === null || aggregate === null) return drop(key);
      const name = nameOf(source, state.tenantId, state.subjectId);
      const agents = agentsInCall(state, settings);
      // Of what is over and was never shown nobody is told: it is not put into words.
      const shown = (): Shown => shownOf(name, aggregate);
      const lives = isLive(state, aggregate);
      nameAgents(held.get(key)?.agents ?? NOBODY, agents);
      if (lives) show(shown());
      else hide(aggregate.kind, name, shown);
      if (lives || agents.size > 0) held.set(key, { kind: aggregate.kind, name, agents });
      else held.delete(key);
    }

    return {
      begin() {
        unseen = new Set(held.keys());
      },
      put: (key, text) => showState(key, text === null ? null : decodeState(text, source, key)),
      show: showState,
      end() {
        for (const key of unseen ?? []) drop(key);
        unseen = null;
      },
    };
  }

  return {
    mirror,
    keysOf: (source) => mirrored.flatMap(([its, held]) => (its === source ? [...held.keys()] : [])),
    take() {
      mergeTouched();
      const taken = [...changes.values()];
      changes.clear();
      return taken;
    },
    get: (name) => live.call.get(name) ?? live.chat.get(name) ?? live.agent.get(name),
    of: (kind) => live[kind].values(),
    *all() {
      for (const kind of ['agent', 'call', 'chat'] as const) yield* live[kind].values();
    },
    get size() {
      return size();
    },
    get isFull() {
      return isFull;
    },
  };
}

/** What a reader of one picture must be told to see another. */
export function differences(was: Picture, is: Picture): Change[] {
  const kinds: readonly SubjectKind[] = ['call', 'chat', 'agent'];
  return kinds.flatMap((kind) => [
    ...[...was.of(kind)].filter(({ name }) => is.get(name) === undefined).map((shown) => ({ shown, live: false })),
    ...[...is.of(kind)]
      .filter(({ name, text }) => was.get(name)?.text !== text)
      .map((shown) => ({ shown, live: true })),
  ]);
}
