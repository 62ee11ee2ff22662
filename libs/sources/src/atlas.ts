import type { Label } from '@callfold/core';
import type { Row, Vocabulary } from './vocabulary.ts';
import { rowFinder } from './vocabulary.ts';

export type AtlasRow = Row & { readonly label: Label };

type Outcome = Label['outcome'];
type Reached = Label['personReached'];
type Fault = Label['fault'];

/** Reasons that tell who ended the conversation. */
const HUNG_UP_BY: Readonly<Record<string, Label['hungUpBy']>> = {
  'agent-ended': 'agent',
  'message-delivered': 'agent',
  'customer-ended': 'contact',
};

function row(
  status: string,
  outcome: Outcome,
  reason: string,
  personReached: Reached,
  fault: Fault,
  meaning: string,
): AtlasRow {
  const hungUpBy = HUNG_UP_BY[reason] ?? null;
  return { status, meaning, label: { outcome, reason, personReached, fault, transferred: false, hungUpBy } };
}

function transferred(one: AtlasRow): AtlasRow {
  return { ...one, label: { ...one.label, transferred: true } };
}

/** Answered: the line was taken and the agent in charge. Whether by a person is a question of its own. */
const ANSWERED: readonly AtlasRow[] = [
  row('Agent ended call', 'answered', 'agent-ended', 'yes', null, 'the agent ended it as the conversation led'),
  row('Agent hung up', 'answered', 'agent-ended', 'yes', null, 'the agent ended it with a hang-up task'),
  row('End phrase detected', 'answered', 'agent-ended', 'yes', null, 'the agent recognised a goodbye'),
  row('Message delivered', 'answered', 'message-delivered', 'unknown', null, 'ended after the final message'),
  transferred(
    row('Call transferred', 'answered', 'transferred', 'yes', null, 'forwarded to another number or service'),
  ),
  row('Customer ended call', 'answered', 'customer-ended', 'yes', null, 'the recipient hung up'),
  row('Max duration reached', 'answered', 'max-duration', 'yes', null, 'ended at its longest allowed duration'),
  row('Silence timeout', 'answered', 'silence', 'unknown', null, 'ended after a long silence'),
  row('Operator busy', 'answered', 'transfer-failed', 'unknown', null, 'the operator was busy when it was forwarded'),
];

const NOT_CONNECTED: readonly AtlasRow[] = [
  row('Line busy', 'not-connected', 'line-busy', 'no', null, "the recipient's line was busy"),
  row('No answer', 'not-connected', 'no-answer', 'no', null, 'not answered; also an IVR, with voicemail detection on'),
  row('Invalid number', 'not-connected', 'invalid-number', 'no', 'customer', 'the customer dialled a wrong number'),
  row(
    'Bypass enabled, no call',
    'not-connected',
    'no-incoming-call',
    'no',
    'configuration',
    'provider bypass was on, but no call came in',
  ),
  row('Say hook executed', 'not-connected', 'hook-while-ringing', 'no', null, 'a "say" hook ran while it rang'),
  transferred(
    row(
      'Transfer hook executed',
      'not-connected',
      'hook-while-ringing',
      'no',
      null,
      'a "transfer" hook ran while it rang',
    ),
  ),
];

const OTHERWISE_ENDED: readonly AtlasRow[] = [
  row('Voicemail', 'voicemail', 'voicemail', 'no', null, "diverted to the recipient's voicemail"),
  row('Manually canceled', 'cancelled', 'cancelled', 'unknown', null, 'cancelled by a user or administrator'),
];

const AGENT_FAILED: readonly AtlasRow[] = [
  row('Agent join timeout', 'failed', 'agent-failed', 'no', 'agent', 'the agent did not join in time'),
  row('Agent request failed', 'failed', 'agent-failed', 'no', 'platform', 'the agent could not be requested'),
  row('No agent response', 'failed', 'agent-failed', 'unknown', 'agent', 'the agent gave no response'),
  row('Unspeakable error', 'failed', 'agent-failed', 'unknown', 'agent', 'an error that cannot be told to the user'),
  row('Agent error', 'failed', 'agent-failed', 'unknown', 'agent', "an error in the agent's logic"),
];

const LINE_FAILED: readonly AtlasRow[] = [
  row(
    'No mic access',
    'failed',
    'no-audio',
    'unknown',
    'customer',
    'no permission for the microphone, or no audio came',
  ),
  row(
    'Unable to get microphone access',
    'failed',
    'no-audio',
    'unknown',
    'customer',
    "no access to the customer's microphone during a call",
  ),
  row('Connection lost', 'failed', 'connection-lost', 'unknown', 'provider', 'the connection to the provider closed'),
  row('Twilio connect failed', 'failed', 'dial-failed', 'no', 'provider', 'Twilio could not connect the call'),
  row('SIP connect failed', 'failed', 'dial-failed', 'no', 'provider', 'the SIP provider could not connect the call'),
];

const START_FAILED: readonly AtlasRow[] = [
  row('No agent or server', 'failed', 'start-failed', 'no', 'configuration', 'neither agent nor server was configured'),
  row('Subscription error', 'failed', 'start-failed', 'no', 'configuration', 'the subscription was not valid'),
  row('Phone number error', 'failed', 'start-failed', 'no', 'configuration', 'the phone number was not valid'),
  row(
    'Resource validation error',
    'failed',
    'start-failed',
    'no',
    'configuration',
    'required resources were not valid',
  ),
  row('International number error', 'failed', 'start-failed', 'no', 'configuration', 'an international number failed'),
  row('Org info error', 'failed', 'start-failed', 'no', 'platform', 'no information about the organisation'),
  row('Agent info error', 'failed', 'start-failed', 'no', 'platform', 'no configuration of the agent'),
  row('Customer info error', 'failed', 'start-failed', 'no', 'platform', 'no information about the customer'),
  row('Transport error', 'failed', 'start-failed', 'no', 'platform', 'no configuration of the transport'),
  row(
    'Daily limit reached',
    'failed',
    'limit-reached',
    'no',
    'configuration',
    "the number's outbound limit of the day",
  ),
];

/** "AI service unavailable" is no suitable model, the platform's; "temporarily" is the model provider's. */
const SYSTEM_FAILED: readonly AtlasRow[] = [
  row('Database error', 'failed', 'system-error', 'unknown', 'platform', 'a database error during the call'),
  row('Worker shutdown', 'failed', 'system-error', 'unknown', 'platform', 'the worker that handled it was shut down'),
  row(
    'Processing error occurred',
    'failed',
    'system-error',
    'unknown',
    'platform',
    'an error in the processing pipeline',
  ),
  row(
    'Call ended due to a system error',
    'failed',
    'system-error',
    'unknown',
    'platform',
    'a general system error ended the call',
  ),
  row(
    'Call interrupted due to system error',
    'failed',
    'system-error',
    'yes',
    'platform',
    'a system error interrupted a call in progress',
  ),
  row(
    'AI service temporarily unavailable',
    'failed',
    'ai-service-error',
    'unknown',
    'provider',
    'the AI service had an error or was away',
  ),
  row('AI service unavailable', 'failed', 'no-ai-model', 'unknown', 'platform', 'no suitable model was to be had'),
  row('Unknown error', 'failed', 'unknown', 'unknown', null, 'an unexpected error with no identifiable cause'),
];

export const ATLAS: Vocabulary<AtlasRow> = {
  source: 'atlas',
  documentation: "Atlas's Call Status Messages Guide",
  rows: [
    ...ANSWERED,
    ...NOT_CONNECTED,
    ...OTHERWISE_ENDED,
    ...AGENT_FAILED,
    ...LINE_FAILED,
    ...START_FAILED,
    ...SYSTEM_FAILED,
    // The vendor's own word for "no status" tells as little as none, but is no new word either.
    row('Unknown status', 'unknown', 'unknown', 'unknown', null, 'the status is missing, null or undefined'),
  ],
};

export const atlasRow = rowFinder(ATLAS.rows);
