import type { Agent } from './staff.ts';

/** The lines of the CallCenter24 log, as its upstream writes them. */

export type Say = (status: string, unknownWord?: boolean) => void;

export const CONTACT = 'Contact';
export const REGISTERED = 'Registred in CallCenter24';
export const CRM_REGISTERED = 'Registred in Bitrix';
export const NO_ANSWER = 'no-answer';
export const REDIRECTED = 'Redirect to voice mail';
export const ENDED = 'Call ended';
export const RECORDED = 'Record added';

export function requestLine(agent: Agent, was: 'Available' | 'Busy'): string {
  return `Sending a request to display the call screen - [${agent.name}] (${was})`;
}

export function screenLine(agent: Agent): string {
  return `Show call screen - [${agent.name}]`;
}

/** @param who an agent's name, or CONTACT */
export function joinLine(who: string): string {
  return `Participant join (${who})`;
}

export function leaveLine(who: string): string {
  return `Participant leave (${who})`;
}
