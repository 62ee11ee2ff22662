/**
 * Everything that `explain` can say, by its code, in English: the page has the same in Russian. A `{value}` is shown as
 * what follows its colon says: `ms` a length of time, `at` a moment, `outcome`, `reason`, `was`, `field`, `to` as their
 * words; without one a text as it came, or what another phrase says.
 */
export const PHRASES = {
  // Between several reasons.
  and: ', and ',
  // A rule that has no words here.
  rule: '{rule}',

  // What an event says.
  'event.registered': 'the call came in',
  'event.crm-registered': 'the call is registered in the CRM',
  'event.contact-joined': 'the contact is in',
  'event.agent-requested': '{who} is asked to take it',
  'event.agent-requested-as': '{who} is asked to take it, and is said to be {was:was}',
  'event.screen-shown': 'it rings at {who}',
  'event.redirected': 'sent to voicemail',
  'event.agent-joined': '{who} is in',
  'event.no-answer': 'somebody did not answer; who, it does not say',
  'event.agent-left': '{who} left',
  'event.contact-left': 'the contact left',
  'event.ended': 'the call is over',
  'event.recorded': 'a recording was attached',
  'event.auto': 'the bot leads the client through the flow',
  'event.manual': 'handed to a person',
  'event.waiting': 'the bot waits for the client',
  'event.finished': 'the client completed the flow',
  'event.blocked': 'the client blocked the bot',
  'event.stopped': 'the bot cannot write to the chat',
  'event.unknown': 'not a status that callfold knows: kept as it is',
  'event.state': '{state} from then on, with no end yet',
  'event.state-for': '{state} from then on, for {long:ms}',
  'event.unknown-state': 'a state callfold does not know, kept as it is: {rest}',
  'event.record': '{version}: {outcome:outcome}, {reason:reason}',
  'event.record-without': '{version}: no status',
  'event.record-unknown': '{version}: not a label that callfold knows, kept as it is',
  'agent.not-named': 'an agent who is not named',
  'the-record': 'the record, with no version',
  'the-record-version': 'version {n} of the record',
  version: 'version {n}',
  'no-version': 'no version',

  // The rules of followed calls.
  'rule.contact-and-agent-in': 'an agent and the contact were in the call at one instant, before any redirect',
  'rule.redirect-before-answer':
    'the call was redirected to voicemail before an agent and the contact were in together',
  'rule.no-answer-then-end':
    'a no-answer came with no request or screen after it, and the call was over right after it',
  'rule.contact-left-unanswered': 'the contact was in and left, and nobody had answered',
  'rule.ended-with-contact-in': 'the call ended while the contact was in, and nobody had answered',
  'rule.contact-never-in': 'the call was over and the contact was never seen to join',
  'rule.silent': 'nothing said that the call was over, and nobody had answered',

  // Why another outcome was not chosen.
  'unmet.no-agent': 'no agent joined',
  'unmet.only-after-redirect': 'agents joined only after the redirect to voicemail',
  'unmet.not-together': 'no agent was in at an instant at which the contact was in',
  'unmet.redirected-before': 'the redirect to voicemail came before agent and contact were in together',
  'unmet.not-redirected': 'the call was not redirected to voicemail',
  'unmet.asked-after': 'an agent was asked or shown the call again after the last no-answer',
  'unmet.no-no-answer': 'no no-answer came',
  'unmet.no-leave-no-end': "neither the contact's leave nor the call's end was seen",
  'unmet.came-back': 'the contact had left and come back, and was in when the call was last heard of',
  'unmet.left-before': 'the contact had left before the no-answer',
  'unmet.left-later': 'the contact left {after:ms} after the no-answer, and only up to {most:ms} is its tear-down',
  'unmet.never-joined': 'the contact was never seen to join',
  'unmet.in-queue': 'the contact joined, and so was in the queue',
  'unmet.back-after-leave': 'the contact came back after leaving',
  'unmet.never-left': 'the contact was never seen to leave',
  'unmet.no-end': 'no end of the call was seen',
  'not.of-records': 'only calls that are told as one finished record can be that',
  'not.of-followed': 'only calls that are followed event by event can be that',
  'not.unknown': 'a rule holds that says what it was',
  'not.asked-before': 'its rule holds as well, and {chosen:outcome} is asked for before it',

  // What else is to be known of a call.
  'silence.closed': 'nothing says that it is over: it was closed after {silence:ms} of silence',
  'silence.open': 'nothing says that it is over yet: it is closed so after {silence:ms} of silence',
  'anomaly.unknown-status': 'a status came that callfold does not know',
  'anomaly.contact-join-missing': 'the contact left or was answered, and was never seen to join',
  'anomaly.contact-leave-missing': 'the call ended and the contact was never seen to leave',
  'anomaly.agent-joined-after-contact-left': 'an agent joined after the contact had left',
  'anomaly.agent-joined-after-redirect': 'an agent joined after the redirect to voicemail',
  'anomaly.agent-leave-without-join': 'an agent left who was never seen to join',
  'anomaly.crm-registration-missing': 'the call was registered, and never in the CRM',
  'anomaly.event-id-reused': 'two events with one id say different things: both count',
  'anomaly.truncated': 'there was more than is kept of one subject: what is last by time was left out',

  // Which of several records of one call counts.
  'label.means': 'the label "{status}" means {outcome:outcome}, {reason:reason}',
  'label.says-nothing': 'the label "{status}" says nothing that callfold knows',
  'label.missing-means': 'a missing status means {outcome:outcome}, {reason:reason}',
  'label.missing': 'a missing status says nothing that callfold knows',
  'label.alone': '{label}; of {n} records of the call the one with {version} counts alone',
  'passed.version': '{version} counts less than {chosen}',
  'passed.time': '{version}, as the one that counts, and {earlier:ms} earlier',
  'passed.known-label': 'of the same version and time, and its label is not known',
  'passed.text': 'of the same version and time, and its text is the smaller one',
  'passed.same': 'says the same, under another event id or with other times',

  // Offers.
  'offer.agent-joined': 'the agent joined',
  'offer.another-agent-joined': 'another agent joined before it was closed',
  'offer.no-answer': 'a no-answer came while this was the only screen that was open',
  'offer.redirected': 'its screen was open when the call was redirected to voicemail',
  'offer.requested-again': 'its screen was open when the agent was asked again',
  'offer.contact-left': 'the contact left before it was closed',
  'offer.call-ended': 'the call ended before it was closed',
  'offer.shown-too-long': 'its screen was open for {most:ms} and nothing closed it',
  'offer.nothing-closed-it': 'nothing closed it',

  // Chats.
  'chat.did-not-come': 'no {ending} came in it',
  'chat.finished-decides': '{ending} came at {when:at}, and a Finished in the same row decides',
  'chat.not-the-last': '{ending} came at {when:at}, and is not the last of its row',
  'chat.own-ending': 'it ended by a status of its own',
  'chat.not-waiting': 'it was not Waiting when it fell silent, but {last}',
  'chat.no-status': 'no status',
  'chat.was-waiting': 'it was Waiting when it fell silent',
  'chat.ended': 'it ended with {ending}',
  'chat.ended-first': 'it ended with Finished, and the first Finished of {n} endings in a row decides',
  'chat.ended-last': 'there is no Finished, and {ending} is the last of {n} endings in a row',
  'chat.stalled': 'it is Waiting, and nothing more came for {silence:ms}',
  'chat.stalls': 'it is Waiting, and so it is said if nothing more comes for {silence:ms}',
  'chat.silent': 'it has no ending, and nothing more came for {silence:ms}',
  'chat.falls-silent': 'it has no ending, and so it is said if nothing more comes for {silence:ms}',
  'chat.passed-first': 'the first Finished of its row decides',
  'chat.passed-later': 'a later ending of its row decides',
  'chat.closed': 'closed because nothing more came; it is corrected when it goes on',
  'handoff.open': 'Manual, and no other status came yet',
  'handoff.until': 'Manual until {status} came',
  'handoff.until-another': 'Manual until another status came',

  // Stays of agents.
  'stay.open': 'nothing came after it: the agent is in it',
  'stay.reported': 'a length of {long:ms} was reported',
  'stay.derived': 'no length was reported: it ends where the next one begins, {next}',
  'stay.cut':
    'a length of {long:ms} was reported, {over:ms} past the beginning of the next one, {next}: it is cut there',
  'stay.next': '{state} at {when:at}',
  'stay.nothing': 'nothing',
  'stay.gap': 'a gap: nothing is known for {long:ms} until {next}',
  'stay.overlap': 'an overlap: what was reached past the next one is not counted twice',
  'stay.unknown': '"{state}" is not a state that callfold knows: kept under its own name',
  'stay.same-length': 'another report of the same stay, of the same length',
  'stay.shorter': 'another report of the same stay, with no length or a shorter one',

  // What was published, and nothing says any more.
  'kept.published-before': 'it was published, and what came later says nothing of it any more',

  // Timers.
  'timer.silent': 'nothing more came for {silence:ms}: it is closed, as inferred',
  'timer.stalled': 'nothing more came for {silence:ms} of Waiting: it is closed, as inferred',
  'timer.published': '{settle:ms} after the first unpublished change: what is settled is published',
  'timer.nothing-new': '{settle:ms} after the first unpublished change: there is nothing new to publish',
  'timer.drops-stays': 'stays are dropped {after:ms} after the log had their ends; the last one stays',
  'timer.drops-episodes': '{after:ms} after an episode was closed its events are dropped; the counters stay',
  'timer.drops-call':
    '{after:ms} after it was closed its events are dropped; its id is kept for {marker:ms}, and what comes then is too late',
  'timer.forgotten': 'its id is no longer kept: an event that comes now begins anew',
  'next.forgets': 'its id is forgotten',
  'next.publishes': 'what is settled is published',
  'next.closes': 'it is closed, as inferred',

  // What changed, and in which of a subject's records.
  'change.new': '{field:field} {to:to}',
  'change.other': '{field:field} {to:to}, was {from:to}',
  'change.gone': 'no longer {field:field} {from:to}',
  'change.unsaid': 'is no longer said',
  'name.offer': 'offer {n} to {agent}',
  'name.episode': 'episode {n}',
  'name.handoff': 'hand-off {n}',
  'name.stay': '{state} from {start:at}',
} as const;

export type PhraseCode = keyof typeof PHRASES;
