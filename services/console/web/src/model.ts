/** What the page knows: subjects as the stream told them, figures, and how old all of that is. */

export type Call = {
  readonly kind: 'call';
  readonly tenantId: string;
  readonly source: string;
  readonly callId: string;
  readonly phase: string;
  readonly since: string | null;
  readonly queuedAt: string | null;
  readonly outcome: string;
  readonly inferred: boolean;
  readonly agents: readonly { readonly agent: string; readonly leftAt: string | null }[];
};
export type Chat = {
  readonly kind: 'chat';
  readonly tenantId: string;
  readonly source: string;
  readonly chatId: string;
  readonly status: string | null;
  readonly since: string | null;
  readonly dwellMs: Readonly<Record<string, number>>;
};
export type Agent = {
  readonly kind: 'agent';
  readonly tenantId: string;
  readonly source: string;
  readonly agentId: string;
  readonly state: string;
  readonly description: string | null;
  readonly since: string | null;
  readonly calls?: readonly string[];
};
export type Subject = Call | Chat | Agent;
export type Told = Subject & { readonly live: boolean };

/** As much of `callfold report` as the board shows. */
export type CallFigures = {
  readonly calls: number;
  readonly offered: number;
  readonly shortAbandoned: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly longestWaitSeconds: number | null;
  readonly report: {
    readonly serviceLevelPercent: Readonly<Record<string, Readonly<Record<string, number | null>>>>;
    readonly abandonmentPercent: Readonly<Record<string, number | null>>;
  };
};
export type Figures = { readonly zone: string; readonly from: string; readonly callcenter24?: CallFigures };

export type Model = {
  calls: Map<string, Call>;
  chats: Map<string, Chat>;
  agents: Map<string, Agent>;
  figures: Figures | null;
  /** Ours less the server's clock, ms. */
  skewMs: number;
  /** By the server's clock: when it last spoke, and what it says its data is as of. */
  heardAt: number;
  asOf: number;
  isWell: boolean;
  isThere: boolean;
  /** Why there is nothing: a code of the server's, or null. */
  problem: string | null;
};

export function emptyModel(): Model {
  return {
    calls: new Map(),
    chats: new Map(),
    agents: new Map(),
    figures: null,
    skewMs: 0,
    heardAt: 0,
    asOf: 0,
    isWell: true,
    isThere: false,
    problem: null,
  };
}

/** Less than the ten seconds that are promised: it is looked at and drawn once a second. */
export const STALE_MS = 9_000;

export const serverNow = (model: Model): number => Date.now() - model.skewMs;

/** What is shown may be this old; null: it is as good as new. */
export function staleMs(model: Model): number | null {
  if (!model.isThere) return null;
  const age = serverNow(model) - Math.min(model.asOf, model.heardAt);
  return age > STALE_MS ? age : null;
}

/** As much of it as the view is of: a source, some agents. */
export function seen(model: Model, { source, agents }: { source: string | null; agents: readonly string[] }): Model {
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
    // Figures are of one source each; the board's are of this one.
    figures:
      source === null || source === 'callcenter24' || model.figures === null ? model.figures : without(model.figures),
  };
}

function without({ zone, from }: Figures): Figures {
  return { zone, from };
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
