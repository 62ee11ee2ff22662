import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { AgentInCall, CallWord, SeenAgent, State, StatusEvent } from '../src/index.ts';
import {
  addEvent,
  aggregateJson,
  agentsInCall,
  CALL_WORDS,
  DEFAULT_SETTINGS,
  emptyState,
  encodeAgentInCall,
  fireTimer,
  foldEvent,
  isRejection,
  mergeAgents,
  subjectKey,
} from '../src/index.ts';

// Properties take seconds where the machine is busy with other things.
vi.setConfig({ testTimeout: 60_000 });

const BASE = Date.UTC(2024, 1, 29, 10);
const SECOND = 1_000;
const RULES = { settings: DEFAULT_SETTINGS, publishes: false, drops: true };

const at = (second: number): number => BASE + second * SECOND;

type Row = readonly [second: number, word: CallWord, agent?: string];
type Named = { readonly tenantId?: string; readonly callId?: string };

function event(
  [second, word, agent = null]: readonly [number, CallWord, (string | null)?],
  index: number,
  named: Named = {},
): StatusEvent {
  const { tenantId = 't', callId: subjectId = 'c-1' } = named;
  const common = {
    source: 'callcenter24',
    tenantId,
    subjectId,
    eventId: `e${index}`,
    at: at(second),
    status: word,
  } as const;
  return { ...common, attributes: null, kind: 'call', word, agent, agentWas: null };
}

function stateOf(rows: readonly Row[], named: Named = {}): State {
  const { tenantId = 't', callId = 'c-1' } = named;
  const empty = emptyState('callcenter24', subjectKey(tenantId, callId));
  return rows.reduce((state, row, index) => addEvent(state, event(row, index, named), at(row[0])), empty);
}

const doing = (state: State): Record<string, AgentInCall> => Object.fromEntries(agentsInCall(state, DEFAULT_SETTINGS));

function merged(...states: readonly State[]): SeenAgent[] {
  return mergeAgents(
    states.flatMap((state) =>
      [...agentsInCall(state, DEFAULT_SETTINGS)].map(([key, inCall]) => [key, encodeAgentInCall(inCall)] as const),
    ),
  );
}

const WAITING: readonly Row[] = [
  [0, 'registered'],
  [1, 'contact-joined'],
];
const RINGING: readonly Row[] = [...WAITING, [2, 'agent-requested', 'Anna'], [3, 'screen-shown', 'Anna']];
const TALKING: readonly Row[] = [...RINGING, [8, 'agent-joined', 'Anna']];

describe('what one call says of its agents', () => {
  test.each<readonly [string, readonly Row[], Record<string, AgentInCall>]>([
    ['nobody, while nobody is asked', WAITING, {}],
    [
      'asked is not yet ringing',
      [...WAITING, [2, 'agent-requested', 'Anna']],
      { 't/Anna/c-1': { doing: 'free', since: at(2) } },
    ],
    ['a shown screen rings', RINGING, { 't/Anna/c-1': { doing: 'ringing', since: at(3) } }],
    ['a join is a call', TALKING, { 't/Anna/c-1': { doing: 'on-call', since: at(8) } }],
    ['a leave frees', [...TALKING, [30, 'agent-left', 'Anna']], { 't/Anna/c-1': { doing: 'free', since: at(30) } }],
    [
      'another agent who joined frees the one at whom it rang',
      [...RINGING, [4, 'screen-shown', 'Boris'], [8, 'agent-joined', 'Boris']],
      { 't/Anna/c-1': { doing: 'free', since: at(8) }, 't/Boris/c-1': { doing: 'on-call', since: at(8) } },
    ],
    [
      'the contact who left frees the one at whom it rang',
      [...RINGING, [9, 'contact-left']],
      { 't/Anna/c-1': { doing: 'free', since: at(9) } },
    ],
    [
      'the end frees an agent who was never seen to leave',
      [...TALKING, [30, 'contact-left'], [31, 'ended']],
      { 't/Anna/c-1': { doing: 'free', since: at(31) } },
    ],
    [
      'joined again is one more stay',
      [...TALKING, [30, 'agent-left', 'Anna'], [40, 'agent-joined', 'Anna']],
      { 't/Anna/c-1': { doing: 'on-call', since: at(40) } },
    ],
    [
      'a join before any offer counts',
      [...WAITING, [5, 'agent-joined', 'Anna']],
      { 't/Anna/c-1': { doing: 'on-call', since: at(5) } },
    ],
    [
      'names are parts of keys',
      [...WAITING, [3, 'screen-shown', 'Ev/e 100%']],
      { 't/Ev%2Fe 100%25/c-1': { doing: 'ringing', since: at(3) } },
    ],
  ])('%s', (_, rows, expected) => {
    expect(doing(stateOf(rows))).toEqual(expected);
  });

  test('no agent of a call that fell silent is in it, and a call that goes on has them again', () => {
    let state = emptyState('callcenter24', 't/c-1');
    for (const [index, row] of TALKING.entries()) {
      const step = foldEvent(state, event(row, index), at(row[0]), RULES);
      if (!isRejection(step)) state = step.state as State;
    }
    expect(doing(state)).toEqual({ 't/Anna/c-1': { doing: 'on-call', since: at(8) } });
    const due = at(8) + DEFAULT_SETTINGS.closeAfterMs;
    while (state.timer !== null && state.timer <= due) state = fireTimer(state, state.timer, RULES).state as State;
    expect(state.silent).toBe(true);
    expect(doing(state)).toEqual({ 't/Anna/c-1': { doing: 'free', since: at(8) } });
    expect(doing(addEvent(state, event([60, 'recorded'], 9), due + 1))).toEqual({
      't/Anna/c-1': { doing: 'on-call', since: at(8) },
    });
  });

  test('calls that are told as one record, chats, agents and markers name nobody', () => {
    expect(doing(emptyState('atlas', 't/c-1'))).toEqual({});
    expect(doing(emptyState('chatterfy', 't/c-1'))).toEqual({});
    expect(doing({ ...stateOf(TALKING), facts: [], markerUntil: at(99) })).toEqual({});
  });
});

describe('agents, merged over calls', () => {
  test('on a call beats ringing, ringing beats free', () => {
    const rings = stateOf(RINGING, { callId: 'c-2' });
    const free = stateOf([...TALKING, [90, 'agent-left', 'Anna']], { callId: 'c-3' });
    expect(merged(free, rings, stateOf(TALKING))).toEqual([
      {
        kind: 'agent',
        tenantId: 't',
        source: 'callcenter24',
        agentId: 'Anna',
        state: 'on-call',
        description: null,
        since: at(8),
        calls: ['c-1', 'c-2'],
      },
    ]);
    expect(merged(free, rings)).toMatchObject([{ state: 'ringing', since: at(3), calls: ['c-2'] }]);
    expect(merged(free)).toMatchObject([{ state: 'free', since: at(90), calls: [] }]);
  });

  test('in one state in several calls: since the first of them, free since the last', () => {
    const other = stateOf(
      [
        [0, 'contact-joined'],
        [4, 'agent-joined', 'Anna'],
      ],
      { callId: 'c-2' },
    );
    expect(merged(stateOf(TALKING), other)).toMatchObject([{ state: 'on-call', since: at(4), calls: ['c-1', 'c-2'] }]);
    const left = (state: readonly Row[], second: number): readonly Row[] => [...state, [second, 'agent-left', 'Anna']];
    const both = [stateOf(left(TALKING, 20)), stateOf(left(TALKING, 40), { callId: 'c-2' })];
    expect(merged(...both)).toMatchObject([{ state: 'free', since: at(40) }]);
    expect(merged(...both.toReversed())).toMatchObject([{ state: 'free', since: at(40) }]);
  });

  test('people of one name in two tenants are two agents', () => {
    const agents = merged(stateOf(RINGING, { tenantId: 'north' }), stateOf(TALKING, { tenantId: 'south' }));
    expect(agents.map(({ tenantId, agentId, state }) => [tenantId, agentId, state])).toEqual([
      ['north', 'Anna', 'ringing'],
      ['south', 'Anna', 'on-call'],
    ]);
  });

  test('names and calls come back from their keys as they were', () => {
    expect(merged(stateOf([[3, 'screen-shown', 'Ev/e 100%']], { callId: 'c/7%' }))).toMatchObject([
      { agentId: 'Ev/e 100%', calls: ['c/7%'] },
    ]);
  });

  test('as JSON: since as a time', () => {
    expect(merged(stateOf(TALKING)).map(aggregateJson)).toEqual([
      {
        kind: 'agent',
        tenantId: 't',
        source: 'callcenter24',
        agentId: 'Anna',
        state: 'on-call',
        description: null,
        since: '2024-02-29T10:00:08.000Z',
        calls: ['c-1'],
      },
    ]);
  });

  const rows = fc.array(
    fc
      .tuple(fc.integer({ min: 0, max: 40 }), fc.constantFrom(...CALL_WORDS), fc.constantFrom('Anna', 'Boris'))
      .map(([second, word, agent]): Row => (/agent|screen/.test(word) ? [second, word, agent] : [second, word])),
  );

  test('no order of partitions matters, and nobody is on a call that is over', () => {
    fc.assert(
      fc.property(fc.array(rows, { maxLength: 5 }), (calls) => {
        const states = calls.map((one, index) => stateOf(one, { callId: `c-${index}` }));
        const agents = merged(...states);
        expect(merged(...states.toReversed())).toEqual(agents);
        const closed = merged(...states.map((state) => ({ ...state, silent: true })));
        for (const agent of closed) expect(agent).toMatchObject({ state: 'free', calls: [] });
        expect(closed.map(({ agentId }) => agentId)).toEqual(agents.map(({ agentId }) => agentId));
        for (const { state, calls: live } of agents) expect(live.length > 0).toBe(state !== 'free');
      }),
      { numRuns: 500 },
    );
  });
});
