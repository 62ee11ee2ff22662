import { describe, expect, test } from 'vitest';
import type { Row } from './explain-site.ts';
import { explainedText } from './explain-site.ts';

/** Golden texts: what people read of one call of each outcome. */

const ofCall = (rows: readonly Row[], until = 60): Promise<string> =>
  explainedText('call', 'callcenter24', rows, until);

/** Only what is said of the call itself at the end: the timeline is told whole once. */
const conclusion = (text: string): string => text.slice(text.indexOf('What is said of it:')).split('\n\n')[1] ?? '';

const QUEUED: readonly Row[] = [
  [0, 'Registred in CallCenter24'],
  [0.5, 'Registred in Bitrix'],
  [1, 'Participant join (Contact)'],
];
const RINGS: readonly Row[] = [
  [2, 'Sending a request to display the call screen - [Anna] (Busy)'],
  [3, 'Show call screen - [Anna]'],
];

describe('a call', () => {
  test('answered, after it was published as abandoned because a join came late', async () => {
    const text = await ofCall([
      ...QUEUED,
      ...RINGS,
      [3, 'Show call screen - [Anna]', { loggedAfter: 1.5 }],
      [6, 'Hold music'],
      [8, 'Participant join ([Anna])', { loggedAfter: 40 }],
      [30, 'Participant leave (Contact)'],
      [32, 'Participant leave ([Anna])', { loggedAfter: 20 }],
      [32, 'Call ended', { attributes: { queue: 'sales' } }],
    ]);
    expect(text).toMatchInlineSnapshot(`
      "call x-1 of tenant default, told by callcenter24: 11 events, closed
      by the log callfold.raw.callcenter24/3 up to offset 12, exclusive, which is 2026-01-05T09:01:00.000Z of its time

      What happened, in the order in which the log took it:

        2026-01-05T09:00:00.000Z  Registred in CallCenter24
          +0.0 s, offset 0        the call came in
                                  began 2026-01-05T09:00:00.000Z; now known, nobody is in yet
        2026-01-05T09:00:00.500Z  Registred in Bitrix
          +0.5 s, offset 1        the call is registered in the CRM
        2026-01-05T09:00:01.000Z  Participant join (Contact)
          +1.0 s, offset 2        the contact is in
                                  in the queue from 2026-01-05T09:00:01.000Z; now waiting in the queue
        2026-01-05T09:00:02.000Z  Sending a request to display the call screen - [Anna] (Busy)
          +2.0 s, offset 3        Anna is asked to take it, and is said to be busy
                                  offer 1 to Anna: asked 2026-01-05T09:00:02.000Z; agent said to be busy
        2026-01-05T09:00:03.000Z  Show call screen - [Anna]
          +3.0 s, offset 4        it rings at Anna
                                  now ringing at an agent
                                  offer 1 to Anna: rang from 2026-01-05T09:00:03.000Z
        2026-01-05T09:00:03.000Z  Show call screen - [Anna]
          +3.0 s, offset 5        it rings at Anna
                                  (logged 2026-01-05T09:00:04.500Z; a repeat: says nothing new)
        2026-01-05T09:00:06.000Z  Hold music
          +6.0 s, offset 6        not a status that callfold knows: kept as it is
                                  (logged 2026-01-05T09:00:06.100Z; an unknown status)
                                  anomalies: unknown-status
        2026-01-05T09:00:30.000Z  Participant leave (Contact)
          +30.0 s, offset 7       the contact left
                                  outcome abandoned; reason customer-ended; gave up in stage queue;
                                    a person was reached: no; ended 2026-01-05T09:00:30.000Z; waited 29 s; talked 0 s;
                                    missed offers 1; now over
                                  offer 1 to Anna: result missed; rang for 15 s
        2026-01-05T09:00:32.000Z  Call ended
          +32.0 s, offset 8       the call is over
                                  ended 2026-01-05T09:00:32.000Z, was 2026-01-05T09:00:30.000Z;
                                    attributes: queue = sales
        2026-01-05T09:00:35.100Z  timer: 5 s after the first unpublished change: what is settled is published
                                  published, revision 1: call  x-1  abandoned after waiting 29 s, in the queue
                                  published, revision 1: call  x-1  offer 1 to Anna: missed after ringing 15 s
        2026-01-05T09:00:08.000Z  Participant join ([Anna])
          +8.0 s, offset 9        Anna is in
                                  (logged 2026-01-05T09:00:48.000Z; came late: what happened after it was logged
                                    before it)
                                  outcome answered, was abandoned; no longer gave up in stage queue;
                                    hung up by contact; a person was reached: yes, was no;
                                    answered 2026-01-05T09:00:08.000Z; waited 7 s, was 29 s; talked 22 s, was 0 s;
                                    agents: Anna (from 2026-01-05T09:00:08.000Z); missed offers 0, was 1
                                  offer 1 to Anna: result answered, was missed; rang for 5 s, was 15 s
        2026-01-05T09:00:32.000Z  Participant leave ([Anna])
          +32.0 s, offset 10      Anna left
                                  agents: Anna (from 2026-01-05T09:00:08.000Z to 2026-01-05T09:00:32.000Z)
        2026-01-05T09:00:53.000Z  timer: 5 s after the first unpublished change: what is settled is published
                                  published, revision 2: call  x-1  answered by Anna after waiting 7 s, talked 22 s,
                                      the contact hung up [corrects abandoned]
                                      outcome answered, was abandoned; no longer gave up in stage queue;
                                        hung up by contact; a person was reached: yes, was no;
                                        answered 2026-01-05T09:00:08.000Z; waited 7 s, was 29 s; talked 22 s, was 0 s;
                                        agents: Anna (from 2026-01-05T09:00:08.000Z to 2026-01-05T09:00:32.000Z);
                                        missed offers 0, was 1
                                  published, revision 2: call  x-1  offer 1 to Anna: answered after ringing 5 s
                                      [corrects missed]
                                      result answered, was missed; rang for 5 s, was 15 s

      What is said of it:

        call  x-1  answered by Anna after waiting 7 s, talked 22 s, the contact hung up [published, revision 2]
          because an agent and the contact were in the call at one instant, before any redirect (rule
            contact-and-agent-in)
          rests on 2026-01-05T09:00:08.000Z  Participant join ([Anna])  (offset 9)
                   2026-01-05T09:00:01.000Z  Participant join (Contact)  (offset 2)
          note: a status came that callfold does not know
          not voicemail: the call was not redirected to voicemail
          not missed: no no-answer came
          not abandoned: its rule holds as well, and answered is asked for before it
          not left-before-queue: the contact joined, and so was in the queue
          not not-connected, failed, cancelled: only calls that are told as one finished record can be that
          not unknown: a rule holds that says what it was

        call  x-1  offer 1 to Anna: answered after ringing 5 s [published, revision 2]
          because the agent joined (rule agent-joined)
          rests on 2026-01-05T09:00:08.000Z  Participant join ([Anna])  (offset 9)
                   2026-01-05T09:00:03.000Z  Show call screen - [Anna]  (offset 4)
                   2026-01-05T09:00:02.000Z  Sending a request to display the call screen - [Anna] (Busy)  (offset 3)

      If nothing more comes, at 2026-01-06T09:00:52.000Z of log time: 1 d after it was closed its events are dropped;
        its id is kept for 7 d, and what comes then is too late.
      "
    `);
  });

  test('voicemail', async () => {
    const text = await ofCall([
      ...QUEUED,
      ...RINGS,
      [20, 'Redirect to voice mail'],
      [25, 'Participant leave (Contact)'],
      [26, 'Record added'],
    ]);
    expect(conclusion(text)).toMatchInlineSnapshot(`
      "  call  x-1  sent to voicemail after waiting 19 s, a message was left [published, revision 2]
          because the call was redirected to voicemail before an agent and the contact were in together (rule
            redirect-before-answer)
          rests on 2026-01-05T09:00:20.000Z  Redirect to voice mail  (offset 5)
                   2026-01-05T09:00:26.000Z  Record added  (offset 7)
          not answered: no agent joined
          not missed: no no-answer came
          not abandoned: its rule holds as well, and voicemail is asked for before it
          not left-before-queue: the contact joined, and so was in the queue
          not not-connected, failed, cancelled: only calls that are told as one finished record can be that
          not unknown: a rule holds that says what it was"
    `);
  });

  test('missed', async () => {
    const text = await ofCall([
      ...QUEUED,
      ...RINGS,
      [12, 'no-answer'],
      [13, 'Participant leave (Contact)'],
      [13, 'Call ended'],
    ]);
    expect(conclusion(text)).toMatchInlineSnapshot(`
      "  call  x-1  missed: nobody answered after waiting 12 s [published, revision 1]
          because a no-answer came with no request or screen after it, and the call was over right after it (rule
            no-answer-then-end)
          rests on 2026-01-05T09:00:12.000Z  no-answer  (offset 5)
                   2026-01-05T09:00:13.000Z  Participant leave (Contact)  (offset 6)
          not answered: no agent joined
          not voicemail: the call was not redirected to voicemail
          not abandoned: its rule holds as well, and missed is asked for before it
          not left-before-queue: the contact joined, and so was in the queue
          not not-connected, failed, cancelled: only calls that are told as one finished record can be that
          not unknown: a rule holds that says what it was"
    `);
  });

  test('abandoned', async () => {
    const text = await ofCall([...QUEUED, ...RINGS, [6, 'Participant leave (Contact)'], [7, 'Call ended']]);
    expect(conclusion(text)).toMatchInlineSnapshot(`
      "  call  x-1  abandoned at once after waiting 5 s, while it rang [published, revision 1]
          because the contact was in and left, and nobody had answered (rule contact-left-unanswered)
          rests on 2026-01-05T09:00:06.000Z  Participant leave (Contact)  (offset 5)
                   2026-01-05T09:00:01.000Z  Participant join (Contact)  (offset 2)
          not answered: no agent joined
          not voicemail: the call was not redirected to voicemail
          not missed: no no-answer came
          not left-before-queue: the contact joined, and so was in the queue
          not not-connected, failed, cancelled: only calls that are told as one finished record can be that
          not unknown: a rule holds that says what it was"
    `);
  });

  test('left before the queue', async () => {
    const text = await ofCall([
      [0, 'Registred in CallCenter24'],
      [4, 'Call ended'],
    ]);
    expect(conclusion(text)).toMatchInlineSnapshot(`
      "  call  x-1  left before the queue [published, revision 1]
          because the call was over and the contact was never seen to join (rule contact-never-in)
          rests on 2026-01-05T09:00:04.000Z  Call ended  (offset 1)
          note: the call was registered, and never in the CRM
          not answered: no agent joined
          not voicemail: the call was not redirected to voicemail
          not missed: no no-answer came
          not abandoned: the contact was never seen to join
          not not-connected, failed, cancelled: only calls that are told as one finished record can be that
          not unknown: a rule holds that says what it was"
    `);
  });

  test('unknown: it fell silent', async () => {
    expect(await ofCall(QUEUED, 5 * 3_600)).toMatchInlineSnapshot(`
      "call x-1 of tenant default, told by callcenter24: 3 events, closed as inferred, because nothing more came
      by the log callfold.raw.callcenter24/3 up to offset 4, exclusive, which is 2026-01-05T14:00:00.000Z of its time

      What happened, in the order in which the log took it:

        2026-01-05T09:00:00.000Z  Registred in CallCenter24
          +0.0 s, offset 0        the call came in
                                  began 2026-01-05T09:00:00.000Z; now known, nobody is in yet
        2026-01-05T09:00:00.500Z  Registred in Bitrix
          +0.5 s, offset 1        the call is registered in the CRM
        2026-01-05T09:00:01.000Z  Participant join (Contact)
          +1.0 s, offset 2        the contact is in
                                  in the queue from 2026-01-05T09:00:01.000Z; now waiting in the queue
        2026-01-05T13:00:01.100Z  timer: nothing more came for 4 h: it is closed, as inferred
                                  outcome unknown; reason unknown; a person was reached: unknown; inferred: yes;
                                    now over
                                  published, revision 1: call  x-1  unknown: Participant join (Contact) (inferred)

      What is said of it:

        call  x-1  unknown: Participant join (Contact) (inferred) [published, revision 1]
          because nothing said that the call was over, and nobody had answered (rule silent)
          rests on 2026-01-05T09:00:01.000Z  Participant join (Contact)  (offset 2)
          note: nothing says that it is over: it was closed after 4 h of silence
          not answered: no agent joined
          not voicemail: the call was not redirected to voicemail
          not missed: no no-answer came
          not abandoned: the contact was never seen to leave, and no end of the call was seen
          not left-before-queue: the contact joined, and so was in the queue
          not not-connected, failed, cancelled: only calls that are told as one finished record can be that

      If nothing more comes, at 2026-01-06T09:00:01.100Z of log time: 1 d after it was closed its events are dropped;
        its id is kept for 7 d, and what comes then is too late.
      "
    `);
  });

  test('still open: what would be said, and when', async () => {
    expect(await ofCall([...QUEUED, ...RINGS], 10)).toMatchInlineSnapshot(`
      "call x-1 of tenant default, told by callcenter24: 5 events, still open
      by the log callfold.raw.callcenter24/3 up to offset 6, exclusive, which is 2026-01-05T09:00:10.000Z of its time

      What happened, in the order in which the log took it:

        2026-01-05T09:00:00.000Z  Registred in CallCenter24
          +0.0 s, offset 0        the call came in
                                  began 2026-01-05T09:00:00.000Z; now known, nobody is in yet
        2026-01-05T09:00:00.500Z  Registred in Bitrix
          +0.5 s, offset 1        the call is registered in the CRM
        2026-01-05T09:00:01.000Z  Participant join (Contact)
          +1.0 s, offset 2        the contact is in
                                  in the queue from 2026-01-05T09:00:01.000Z; now waiting in the queue
        2026-01-05T09:00:02.000Z  Sending a request to display the call screen - [Anna] (Busy)
          +2.0 s, offset 3        Anna is asked to take it, and is said to be busy
                                  offer 1 to Anna: asked 2026-01-05T09:00:02.000Z; agent said to be busy
        2026-01-05T09:00:03.000Z  Show call screen - [Anna]
          +3.0 s, offset 4        it rings at Anna
                                  now ringing at an agent
                                  offer 1 to Anna: rang from 2026-01-05T09:00:03.000Z

      What would be said of it if nothing more came:

        call  x-1  unknown: Show call screen - [Anna] [not published]
          because nothing said that the call was over, and nobody had answered (rule silent)
          rests on 2026-01-05T09:00:03.000Z  Show call screen - [Anna]  (offset 4)
          not answered: no agent joined
          not voicemail: the call was not redirected to voicemail
          not missed: no no-answer came
          not abandoned: the contact was never seen to leave, and no end of the call was seen
          not left-before-queue: the contact joined, and so was in the queue
          not not-connected, failed, cancelled: only calls that are told as one finished record can be that

        call  x-1  offer 1 to Anna: unknown [not published]
          because nothing closed it (rule nothing-closed-it)
          rests on 2026-01-05T09:00:03.000Z  Show call screen - [Anna]  (offset 4)
                   2026-01-05T09:00:02.000Z  Sending a request to display the call screen - [Anna] (Busy)  (offset 3)

      If nothing more comes, at 2026-01-05T13:00:03.100Z of log time: it is closed, as inferred.
      "
    `);
  });

  test('dropped, and an event that came too late for it', async () => {
    const rows: readonly Row[] = [
      [0, 'Redirect to voice mail'],
      [5, 'Record added', { loggedAfter: 90_000 }],
    ];
    expect(await ofCall(rows, 90_010)).toMatchInlineSnapshot(`
      "call x-1 of tenant default, told by callcenter24: 2 events, closed, and its events dropped: its id is kept, what
        comes now is too late
      by the log callfold.raw.callcenter24/3 up to offset 3, exclusive, which is 2026-01-06T10:00:10.000Z of its time

      What happened, in the order in which the log took it:

        2026-01-05T09:00:00.000Z  Redirect to voice mail
          +0.0 s, offset 0        sent to voicemail
                                  outcome voicemail; reason voicemail; a person was reached: no;
                                    began 2026-01-05T09:00:00.000Z; ended 2026-01-05T09:00:00.000Z; talked 0 s;
                                    now at the voicemail
        2026-01-05T09:00:05.100Z  timer: 5 s after the first unpublished change: what is settled is published
                                  published, revision 1: call  x-1  sent to voicemail, no message seen
        2026-01-06T09:00:00.100Z  timer: 1 d after it was closed its events are dropped; its id is kept for 7 d, and
                                  what comes then is too late
        2026-01-05T09:00:05.000Z  Record added
          +5.0 s, offset 1        a recording was attached
                                  (logged 2026-01-06T10:00:05.000Z; refused, a dead letter; too-late: the subject was
                                    closed and dropped before this event came: call x-1 of tenant default)

      What is said of it:

        call  x-1  sent to voicemail, no message seen [published, revision 1]
          because the call was redirected to voicemail before an agent and the contact were in together (rule
            redirect-before-answer)
          rests on 2026-01-05T09:00:00.000Z  Redirect to voice mail  (offset 0)
          not answered: no agent joined
          not missed: no no-answer came
          not abandoned: the contact was never seen to join
          not left-before-queue: neither the contact's leave nor the call's end was seen
          not not-connected, failed, cancelled: only calls that are told as one finished record can be that
          not unknown: a rule holds that says what it was

      If nothing more comes, at 2026-01-13T09:00:00.100Z of log time: its id is forgotten.
      "
    `);
  });
});
