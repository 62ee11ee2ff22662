import type { Settings, State } from '@callfold/core';
import { agentsInCall, encodeAgentInCall } from '@callfold/core';
import type { EnginePorts, GenerationPorts, KeptService, Role, Service, ServiceConfig } from '@callfold/engine';
import { keepGenerations, startRole } from '@callfold/engine';

/** Folds raw events into aggregates, and keeps beside them what each call says of its agents. */

const NONE: ReadonlyMap<string, string> = new Map();

function agentFields(state: State | null, settings: Settings): ReadonlyMap<string, string> {
  if (state === null || state.source !== 'callcenter24') return NONE;
  const agents = agentsInCall(state, settings);
  if (agents.size === 0) return NONE;
  const fields = new Map<string, string>();
  for (const [key, inCall] of agents) fields.set(key, encodeAgentInCall(inCall));
  return fields;
}

export function projectorRole(settings: Settings): Role {
  return {
    name: 'projector',
    publishes: false,
    view: { table: 'agents', fieldsOf: (state) => agentFields(state, settings) },
    feeds: true,
  };
}

/** Every generation that is to be kept up, the live one first. */
export function startGenerations(config: ServiceConfig, ports: GenerationPorts): KeptService {
  return keepGenerations(projectorRole, config, ports);
}

/** One generation, for a store that knows no other. @param ports with no publisher */
export function start(config: ServiceConfig, ports: EnginePorts): Service {
  return startRole(projectorRole(config.settings), config, ports);
}
