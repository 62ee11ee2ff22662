import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { casesIn } from './spec-text.ts';

/**
 * Where the upstreams' words leave something open, and the case that says how it is read. A question that is settled
 * must not be forgotten: its case may be renamed here, but not vanish.
 */
type Row = readonly [question: string, settledBy: string];

const CALLS: readonly Row[] = [
  ['the contact’s join is lost', "ambiguous: a contact's join that was lost counts as earliest"],
  ['the contact’s join is late', "ambiguous: the contact's join arrives late and makes it an abandonment"],
  ['the registration has another clock', "the registration's clock is another than the conference's"],
  ['an agent joins after the redirect', 'ambiguous: an agent who joins after the redirect cannot be with the contact'],
  ['an agent’s join is late', "ambiguous: an agent's join that arrives late turns abandoned into answered"],
  ['leave and join at one instant', "ambiguous: the join that came at the same instant as the contact's leave answers"],
  ['a leave of the tear-down', 'ambiguous: a leave that was only written when the conference was torn down'],
  ['an end without a leave', "ambiguous: the end alone, without the contact's leave, is an abandonment by the system"],
  ['a busy agent is asked', 'ambiguous: asking a busy agent is no ringing'],
  ['over before the contact was in', 'ambiguous: over before the contact was in is no abandonment'],
  ['a leave without a join', "ambiguous: the contact's leave without a join"],
  ['from where short counts', "ambiguous: short counts from the contact's join, not from the registration"],
  ['leave, end and no-answer after a redirect', 'ambiguous: after the redirect a leave, an end and a no-answer'],
  ['what a recording is of', 'ambiguous: a recording before the redirect is one of the call, not of a message'],
  ['a recording minutes later', 'ambiguous: a recording after the redirect says that a message was left'],
  ['no-answer and leave race', 'ambiguous: a no-answer and a leave race'],
  ['the leave was first', 'ambiguous: the leave came first, so the no-answer is its echo'],
  ['a no-answer is a leg’s', "ambiguous: a no-answer is about one agent's ringing when another is asked after it"],
  ['an agent joins after a no-answer', 'ambiguous: a no-answer never ends a call: another agent joined after it'],
  [
    'whose no-answer it is',
    'ambiguous: a no-answer names no agent, and while two screens are open it is about neither',
  ],
  ['whole seconds', 'ambiguous: in whole seconds the next screen opens at the instant of the no-answer'],
  ['ring-all', "ambiguous: ring-all, and the others' offers are rescinded, not missed"],
  ['the same agent again', 'ambiguous: the same agent again is a reconnect, no transfer'],
  ['two of one name', 'ambiguous: two agents of one display name are one'],
  ['a transfer that the contact left', 'ambiguous: abandoned in transfer is a fact on an answered call'],
  ['both leave within a second', 'ambiguous: the tear-down wrote both leaves within a second'],
  ['an agent’s leave is missing', 'no leave at all: the end closes the talk'],
  ['the CRM is silent', 'ambiguous: the CRM registration is missing at the end'],
  ['the CRM is late', 'ambiguous: the CRM registration was only late'],
];

const RECORDS: readonly Row[] = [
  ['a message for whom', 'ambiguous: a message that was delivered may have been left on a voicemail'],
  ['hooks', 'ambiguous: a hook that ran while it rang is no conversation'],
  ['operator busy', 'ambiguous: the operator was busy'],
  ['a customer gone at once', 'ambiguous: a customer who hangs up at once was reached all the same'],
  ['no answer, or a menu', 'ambiguous: no answer hides an answering menu'],
  ['voicemail', "diverted to the recipient's voicemail: nobody says whether a message was left"],
  ['silence', "ambiguous: a silence at the end may have been a machine's"],
  ['no audio', 'ambiguous: no audio came'],
  ['the agent never joined', 'ambiguous: the agent never joined, though the customer may have been on the line'],
  ['the agent failed', 'ambiguous: the agent did not respond, or failed'],
  ['cancelled', 'cancelled by hand'],
  ['interrupted', 'ambiguous: a system error interrupted a call in progress'],
  ['two labels that look alike: provider', 'ambiguous: "AI service temporarily unavailable" is the provider\'s fault'],
  ['two labels that look alike: platform', 'ambiguous: "AI service unavailable" is the platform\'s'],
  ['no status', 'ambiguous: a status that is missing is legal and says nothing'],
  ['the vendor’s own unknown', "ambiguous: the vendor's own word for no status says as little"],
  ['a new label', 'ambiguous: a label that is new is kept verbatim'],
  ['two labels of one record', 'ambiguous: of two records of one call the higher version counts'],
];

const CHATS: readonly Row[] = [
  [
    'Manual: handled, or only fallen into',
    'ambiguous: Manual is dwell, an upper bound of waiting and handling together',
  ],
  ['who set it back', 'ambiguous: from Manual to Waiting is the end of a stay, whoever set it'],
  ['after Finished', 'ambiguous: a chat that goes on after Finished begins its next episode'],
  ['blocked for ever', "ambiguous: blocked is the client's, and can be taken back"],
  ['stopped', 'ambiguous: stopped is technical, and is not merged with blocked'],
  ['stalled', 'ambiguous: stalled by the timer alone, and the open stay is in no dwell time'],
  ['repeats', 'ambiguous: a repeat of the same status starts nothing'],
  ['any after any', 'any status after any: one that nobody taught us is kept under its own name'],
];

const AGENTS: readonly Row[] = [
  ['no duration ever comes', 'ambiguous: a newer start ends an interval whose duration stays unknown'],
  ['a hole', 'ambiguous: a reported duration that ends before the next start leaves a gap'],
  ['an overlap', 'ambiguous: a reported duration that reaches past the next start is cut there'],
  ['over midnight', 'ambiguous: a stay over midnight is one record; days are cut where figures are made'],
  ['Busy', 'ambiguous: a run of Busy is one stay, of one contact or of more, ringing included'],
  ['ReadyRFO', 'ambiguous: what cannot be routed to is a state of its own'],
  ['Unexpected', 'ambiguous: Unexpected keeps its name: not answered, or the line was busy elsewhere'],
  ['Failed', 'ambiguous: Failed inside a run of Busy is a state of its own'],
  ['Wrap', "ambiguous: a wrap-up is after one contact or more, and is no contact's"],
  ['free-text presences', 'ambiguous: what cannot be routed to is a state of its own'],
  ['a stay of no length', 'ambiguous: a stay of no length at the start of another is put by its name'],
];

const folder = new URL('cases/', import.meta.url);
const namesIn = (file: string): string[] =>
  casesIn(file, readFileSync(new URL(file, folder), 'utf8')).map(({ name }) => name);

describe.each([
  ['calls', ['calls.txt', 'offers.txt'], CALLS],
  ['records', ['records.txt'], RECORDS],
  ['chats', ['chats.txt'], CHATS],
  ['agents', ['agents.txt'], AGENTS],
] as const)('%s', (_, files, rows) => {
  const names = files.flatMap(namesIn);

  test.each(rows)('%s', (_question, settledBy) => {
    expect(names.filter((name) => name.startsWith(settledBy))).toHaveLength(1);
  });

  test('no case that is called ambiguous is missing here', () => {
    const listed = (name: string): boolean => rows.some(([, settledBy]) => name.startsWith(settledBy));
    expect(names.filter((name) => name.startsWith('ambiguous: ') && !listed(name))).toEqual([]);
  });
});

test('every file of cases is looked at, or is about no upstream’s words', () => {
  const files = readdirSync(folder).filter((file) => file.endsWith('.txt'));
  expect(files.sort()).toEqual(['agents.txt', 'calls.txt', 'chats.txt', 'lifecycle.txt', 'offers.txt', 'records.txt']);
});
