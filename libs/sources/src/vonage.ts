import type { AgentWord } from '@callfold/core';
import type { Row, Vocabulary } from './vocabulary.ts';
import { rowFinder } from './vocabulary.ts';

export type VonageRow = Row & { readonly word: Exclude<AgentWord, 'unknown'> };

export const VONAGE: Vocabulary<VonageRow> = {
  source: 'vonage',
  documentation: "Vonage Contact Center's agent states API",
  rows: [
    { status: 'Ready', word: 'Ready', meaning: 'no interaction, can be offered one' },
    {
      status: 'ReadyRFO',
      word: 'ReadyRFO',
      meaning: 'no interaction, cannot be routed one: presence Ready (Outbound) or Ready (Offline)',
    },
    { status: 'Away', word: 'Away', meaning: 'away for a short time, commonly a break' },
    { status: 'ExtendedAway', word: 'ExtendedAway', meaning: 'away for long, commonly a meeting or lunch' },
    { status: 'LoggedOut', word: 'LoggedOut', meaning: 'logged out' },
    { status: 'Busy', word: 'Busy', meaning: 'being offered, or connected to, one or more interactions' },
    { status: 'Wrap', word: 'Wrap', meaning: 'wrap-up after one or more interactions' },
    {
      status: 'Unexpected',
      word: 'Unexpected',
      meaning: 'was available but did not answer, or the line was busy on another call',
    },
    {
      status: 'Failed',
      word: 'Failed',
      meaning: 'a failure at any time during an interaction: congestion, a fault on the line, configuration',
    },
  ],
};

export const vonageRow = rowFinder(VONAGE.rows);
