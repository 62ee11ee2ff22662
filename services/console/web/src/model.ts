import type { AgentAggregate, CallAggregate, ChatAggregate, ReportFigures, Source } from '@callfold/core';
import type { CallAgent } from '@callfold/schemas';
import type { Lack } from '../../src/lacks.ts';
import type { ServerClock } from './clock.ts';
import { createClock } from './clock.ts';

/** What the page knows: subjects as the stream told them, figures, and how old all of that is. */

/** As the console sends it: times are texts. */
export type Json<Shape, Times extends keyof Shape> = Omit<Shape, Times> & {
  readonly [Name in Times]: Shape[Name] extends number ? string : string | null;
};

type Named = 'kind' | 'tenantId' | 'source';
type CallTimes = 'since' | 'queuedAt' | 'answeredAt';

export type Call = Json<Pick<CallAggregate, Named | 'callId' | 'phase' | CallTimes>, CallTimes> & {
  readonly agents: readonly Json<CallAgent, 'joinedAt' | 'leftAt'>[];
};
export type Chat = Json<Pick<ChatAggregate, Named | 'chatId' | 'status' | 'since'>, 'since'>;
/** One that is named in calls has the same. */
export type Agent = Json<Pick<AgentAggregate, Named | 'agentId' | 'state' | 'description' | 'since'>, 'since'>;
export type Subject = Call | Chat | Agent;
export type Told = Subject & { readonly live: boolean };

/** As much of `callfold report` as the board shows. */
export type Figures = Pick<ReportFigures, 'zone' | 'callcenter24' | 'atlas'> & { readonly from: string };

/** Why the console tells nothing: its own code, or ours where something else answers, or nobody. */
export type Problem = {
  readonly code: string;
  /** In its own words; empty: it has none. */
  readonly detail: string;
};

/** A past day in place of now: epoch ms. */
export type Replay = {
  readonly from: number;
  readonly to: number;
  /** Replay time that passes in a second; 0: it stands still. */
  readonly speed: number;
  /** What it has unless another is asked for. */
  readonly usual: number;
};

export type Model = {
  calls: Map<string, Call>;
  chats: Map<string, Chat>;
  agents: Map<string, Agent>;
  figures: Figures | null;
  readonly clock: ServerClock;
  /** By the server's clock: when it last spoke, and what it says its data is as of. */
  heardAt: number;
  asOf: number;
  isWell: boolean;
  /** What of it is a part. */
  lacks: readonly Lack[];
  isThere: boolean;
  problem: Problem | null;
  /** Null: it is now. */
  replay: Replay | null;
  /** Null: it goes on. Else it is as it was then, by the server's clock. */
  readonly pausedAt: number | null;
};

export function emptyModel(clock: ServerClock = createClock()): Model {
  return {
    calls: new Map(),
    chats: new Map(),
    agents: new Map(),
    figures: null,
    clock,
    heardAt: 0,
    asOf: 0,
    isWell: true,
    lacks: [],
    isThere: false,
    problem: null,
    replay: null,
    pausedAt: null,
  };
}

/** It as it is now: the stream goes on in the other one. */
export function paused(model: Model): Model {
  const { calls, chats, agents, clock } = model;
  const copies = { calls: new Map(calls), chats: new Map(chats), agents: new Map(agents) };
  return { ...model, ...copies, pausedAt: clock.now() };
}

/** Less than the ten seconds that are promised: it is looked at and drawn twice a second. */
export const STALE_MS = 8_500;

/** The time that times in states are counted up to. */
export const shownNow = ({ clock, pausedAt }: Model): number => pausedAt ?? clock.now();

/** Since the console was heard. A replay's clock is no measure of that. */
export const silentMs = ({ clock, heardAt, replay }: Model): number =>
  replay === null ? clock.now() - heardAt : clock.silentMs();

/** What a replay tells is as of the moment that it tells. */
function ageMs(model: Model): number {
  const { clock, asOf, replay } = model;
  return Math.max(silentMs(model), replay === null ? clock.now() - asOf : 0);
}

/** What is shown may be this old; null: it is as good as new. */
export function staleMs(model: Model): number | null {
  const age = ageMs(model);
  return model.isThere && age > STALE_MS ? age : null;
}

/** As much of it as the view is of: a source, some agents. */
export function seen(model: Model, { source, agents }: { source: Source | null; agents: readonly string[] }): Model {
  if (source === null && agents.length === 0) return model;
  const ofSource = <One extends Subject>(all: ReadonlyMap<string, One>): Map<string, One> =>
    new Map([...all].filter(([, one]) => source === null || one.source === source));
  const isNamed = ({ agentId }: Agent): boolean =>
    agents.length === 0 || agents.some((name) => agentId.toLowerCase().startsWith(name.toLowerCase()));
  return {
    ...model,
    calls: ofSource(model.calls),
    chats: ofSource(model.chats),
    agents: new Map([...ofSource(model.agents)].filter(([, one]) => isNamed(one))),
  };
}

export const idOf = (one: Subject): string =>
  one.kind === 'call' ? one.callId : one.kind === 'chat' ? one.chatId : one.agentId;

export function tell(model: Model, changes: readonly Told[]): void {
  for (const { live, ...one } of changes) {
    const kept = (one.kind === 'call' ? model.calls : one.kind === 'chat' ? model.chats : model.agents) as Map<
      string,
      Subject
    >;
    const name = `${one.source}/${one.tenantId}/${idOf(one)}`;
    if (live) kept.set(name, one);
    else kept.delete(name);
  }
}

/** Whose times of day are shown. */
export const zoneOf = ({ figures }: Model, { zone }: { zone: string | null }): string => zone ?? figures?.zone ?? 'UTC';
