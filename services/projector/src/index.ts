import type { Settings, State } from '@callfold/core';
import { agentsInCall, encodeAgentInCall } from '@callfold/core';
import type { EnginePorts, Role, Service, ServiceConfig } from '@callfold/engine';
import { startRole } from '@callfold/engine';

/** Folds raw events into aggregates, and keeps beside them what each call says of its agents. */

function agentFields(settings: Settings): (state: State | null) => ReadonlyMap<string, string> {
  const none: ReadonlyMap<string, string> = new Map();
  // What a slice leaves is what the next one begins with: most states are asked for twice.
  const known = new WeakMap<State, ReadonlyMap<string, string>>();
  return (state) => {
    if (state === null || state.source !== 'callcenter24') return none;
    const before = known.get(state);
    if (before) return before;
    const fields = new Map<string, string>();
    for (const [key, inCall] of agentsInCall(state, settings)) fields.set(key, encodeAgentInCall(inCall));
    known.set(state, fields);
    return fields;
  };
}

export function projectorRole(settings: Settings): Role {
  return { name: 'projector', publishes: false, view: { table: 'agents', fieldsOf: agentFields(settings) } };
}

/** @param ports with no publisher */
export function start(config: ServiceConfig, ports: EnginePorts): Service {
  return startRole(projectorRole(config.settings), config, ports);
}
