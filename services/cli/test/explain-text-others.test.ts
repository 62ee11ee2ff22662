import { expect, test } from 'vitest';
import { explainedText } from './explain-site.ts';

/** Golden texts: what people read of a chat, an agent, and a record that came again. */

test('a call that is told as one record, which came in four versions', async () => {
  const text = await explainedText(
    'call',
    'atlas',
    [
      [0, 'No answer', { recordVersion: 1 }],
      [10, 'Voicemail', { recordVersion: 3, startedAt: '2026-01-05T08:59:00Z', endedAt: '2026-01-05T09:00:09Z' }],
      [20, 'Line busy', { recordVersion: 2 }],
      [21, 'Gone to the moon'],
    ],
    60,
  );
  expect(text).toMatchInlineSnapshot(`
    "call x-1 of tenant default, told by atlas: 4 events, closed
    by the log callfold.raw.atlas/3 up to offset 5, exclusive, which is 2026-01-05T09:01:00.000Z of its time

    What happened, in the order in which the log took it:

      2026-01-05T09:00:00.000Z  No answer
        +0.0 s, offset 0        version 1 of the record: not-connected, no-answer
                                outcome not-connected; reason no-answer; a person was reached: no; now over
      2026-01-05T09:00:05.100Z  timer: 5 s after the first unpublished change: what is settled is published
                                published, revision 1: call  x-1  not connected: No answer
      2026-01-05T09:00:10.000Z  Voicemail
        +10.0 s, offset 1       version 3 of the record: voicemail, voicemail
                                outcome voicemail, was not-connected; reason voicemail, was no-answer;
                                  began 2026-01-05T08:59:00.000Z; ended 2026-01-05T09:00:09.000Z
      2026-01-05T09:00:15.100Z  timer: 5 s after the first unpublished change: what is settled is published
                                published, revision 2: call  x-1  reached a voicemail [corrects not-connected]
                                    outcome voicemail, was not-connected; reason voicemail, was no-answer;
                                      began 2026-01-05T08:59:00.000Z; ended 2026-01-05T09:00:09.000Z
      2026-01-05T09:00:20.000Z  Line busy
        +20.0 s, offset 2       version 2 of the record: not-connected, line-busy
      2026-01-05T09:00:21.000Z  Gone to the moon
        +21.0 s, offset 3       the record, with no version: not a label that callfold knows, kept as it is
                                (logged 2026-01-05T09:00:21.100Z; an unknown status)
      2026-01-05T09:00:25.100Z  timer: 5 s after the first unpublished change: there is nothing new to publish

    What is said of it:

      call  x-1  reached a voicemail [published, revision 2]
        because the label "Voicemail" means voicemail, voicemail; of 4 records of the call the one with version 3
          counts alone (rule label)
        rests on 2026-01-05T09:00:10.000Z  Voicemail  (offset 1)
        passed over 2026-01-05T09:00:00.000Z  No answer  (offset 0)
            version 1 counts less than version 3
        passed over 2026-01-05T09:00:20.000Z  Line busy  (offset 2)
            version 2 counts less than version 3
        passed over 2026-01-05T09:00:21.000Z  Gone to the moon  (offset 3)
            no version counts less than version 3
        not answered, not-connected, failed, cancelled, unknown: the label "Voicemail" means voicemail, voicemail
        not missed, abandoned, left-before-queue: only calls that are followed event by event can be that

    If nothing more comes, at 2026-01-06T09:00:21.100Z of log time: 1 d after it was closed its events are dropped;
      its id is kept for 7 d, and what comes then is too late.
    "
  `);
});

test('a chat: a hand-off, endings in a row, and an episode that stalls', async () => {
  const text = await explainedText(
    'chat',
    'chatterfy',
    [
      [0, 'Auto'],
      [10, 'Manual'],
      [50, 'Auto'],
      [60, 'Blocked'],
      [61, 'Finished'],
      [62, 'Stopped'],
      [100, 'Waiting'],
    ],
    86_600,
  );
  expect(text).toMatchInlineSnapshot(`
    "chat x-1 of tenant default, told by chatterfy: 7 events, closed as inferred, because nothing more came
    by the log callfold.raw.chatterfy/3 up to offset 8, exclusive, which is 2026-01-06T09:03:20.000Z of its time

    What happened, in the order in which the log took it:

      2026-01-05T09:00:00.000Z  Auto
        +0.0 s, offset 0        the bot leads the client through the flow
                                status Auto
      2026-01-05T09:00:05.100Z  timer: 5 s after the first unpublished change: there is nothing new to publish
      2026-01-05T09:00:10.000Z  Manual
        +10.0 s, offset 1       handed to a person
                                status Manual
                                hand-off 1: handed over 2026-01-05T09:00:10.000Z
      2026-01-05T09:00:15.100Z  timer: 5 s after the first unpublished change: what is settled is published
                                published, revision 1: chat  x-1  handed to a person
      2026-01-05T09:00:50.000Z  Auto
        +50.0 s, offset 2       the bot leads the client through the flow
                                status Auto
                                hand-off 1: back 2026-01-05T09:00:50.000Z; for 40 s; back to Auto
      2026-01-05T09:00:55.100Z  timer: 5 s after the first unpublished change: what is settled is published
                                published, revision 2: chat  x-1  back from a person after 40 s, now Auto [revision
                                    2]
                                    back 2026-01-05T09:00:50.000Z; for 40 s; back to Auto
      2026-01-05T09:01:00.000Z  Blocked
        +60.0 s, offset 3       the client blocked the bot
                                status Blocked
                                episode 1: outcome blocked; hand-offs 1; time by status: Auto 20 s, Manual 40 s;
                                  blocked 2026-01-05T09:01:00.000Z; began 2026-01-05T09:00:00.000Z;
                                  ended 2026-01-05T09:01:00.000Z
      2026-01-05T09:01:01.000Z  Finished
        +61.0 s, offset 4       the client completed the flow
                                status Finished
                                episode 1: outcome completed, was blocked;
                                  time by status: Auto 20 s, Blocked 1 s, Manual 40 s;
                                  ended 2026-01-05T09:01:01.000Z, was 2026-01-05T09:01:00.000Z
      2026-01-05T09:01:02.000Z  Stopped
        +62.0 s, offset 5       the bot cannot write to the chat
                                status Stopped
      2026-01-05T09:01:05.100Z  timer: 5 s after the first unpublished change: what is settled is published
                                published, revision 1: chat  x-1  episode 1 completed, with 1 hand-off
      2026-01-05T09:01:40.000Z  Waiting
        +100.0 s, offset 6      the bot waits for the client
                                status Waiting
      2026-01-05T09:01:45.100Z  timer: 5 s after the first unpublished change: there is nothing new to publish
      2026-01-06T09:01:02.100Z  timer: 1 d after an episode was closed its events are dropped; the counters stay
      2026-01-06T09:01:40.100Z  timer: nothing more came for 1 d of Waiting: it is closed, as inferred
                                episode 2: outcome stalled; without a person: yes; began 2026-01-05T09:01:40.000Z;
                                  inferred: yes
                                published, revision 1: chat  x-1  episode 2 stalled, without a person (inferred)

    What is said of it:

      chat  x-1  back from a person after 40 s, now Auto [published, revision 2]
        because Manual until Auto came (rule manual)
        rests on 2026-01-05T09:00:10.000Z  Manual  (offset 1)
                 2026-01-05T09:00:50.000Z  Auto  (offset 2)

      chat  x-1  episode 1 completed, with 1 hand-off [published, revision 1]
        because it ended with Finished, and the first Finished of 3 endings in a row decides (rule finished)
        rests on 2026-01-05T09:01:01.000Z  Finished  (offset 4)
        passed over 2026-01-05T09:01:00.000Z  Blocked  (offset 3)
            the first Finished of its row decides
        passed over 2026-01-05T09:01:02.000Z  Stopped  (offset 5)
            the first Finished of its row decides
        not blocked: Blocked came at 2026-01-05T09:01:00.000Z, and a Finished in the same row decides
        not undeliverable: Stopped came at 2026-01-05T09:01:02.000Z, and a Finished in the same row decides
        not stalled, unknown: it ended by a status of its own

      chat  x-1  episode 2 stalled, without a person (inferred) [published, revision 1]
        because it is Waiting, and nothing more came for 1 d (rule waiting-too-long)
        rests on 2026-01-05T09:01:40.000Z  Waiting  (offset 6)
        note: closed because nothing more came; it is corrected when it goes on
        not completed: no Finished came in it
        not blocked: no Blocked came in it
        not undeliverable: no Stopped came in it
        not unknown: it was Waiting when it fell silent

    If nothing more comes, at 2026-01-13T09:01:40.100Z of log time: 1 d after an episode was closed its events are
      dropped; the counters stay.
    "
  `);
});

test('an agent: a stay that is cut, a gap, an unknown state', async () => {
  const text = await explainedText(
    'agent',
    'vonage',
    [
      [0, 'Ready', { duration: null }],
      [10, 'Busy', { duration: null, description: 'Live' }],
      [10, 'Busy', { duration: 30_000, description: 'Live', loggedAfter: 41 }],
      [30, 'Wrap', { duration: 5_000 }],
      [50, 'Juggling', { duration: null }],
    ],
    90,
  );
  expect(text).toMatchInlineSnapshot(`
    "agent x-1 of tenant default, told by vonage: 5 events
    by the log callfold.raw.vonage/3 up to offset 6, exclusive, which is 2026-01-05T09:01:30.000Z of its time

    What happened, in the order in which the log took it:

      2026-01-05T09:00:00.000Z  Ready
        +0.0 s, offset 0        Ready from then on, with no end yet
                                state Ready
      2026-01-05T09:00:05.100Z  timer: 5 s after the first unpublished change: what is settled is published
                                published, revision 1: agent x-1  is Ready
      2026-01-05T09:00:10.000Z  Busy
        +10.0 s, offset 1       Busy (Live) from then on, with no end yet
                                state Busy
                                Ready from 2026-01-05T09:00:00.000Z: until 2026-01-05T09:00:10.000Z; for 10 s;
                                  its length is derived
                                Busy from 2026-01-05T09:00:10.000Z: description Live
      2026-01-05T09:00:15.100Z  timer: 5 s after the first unpublished change: what is settled is published
                                published, revision 2: agent x-1  was Ready for 10 s [revision 2]
                                    until 2026-01-05T09:00:10.000Z; for 10 s; its length is derived
                                published, revision 1: agent x-1  is Busy (Live)
      2026-01-05T09:00:30.000Z  Wrap
        +30.0 s, offset 2       Wrap from then on, for 5 s
                                state Wrap
                                Busy from 2026-01-05T09:00:10.000Z: until 2026-01-05T09:00:30.000Z; for 20 s;
                                  its length is derived
                                Wrap from 2026-01-05T09:00:30.000Z: until 2026-01-05T09:00:35.000Z; for 5 s;
                                  its length is reported
      2026-01-05T09:00:35.100Z  timer: 5 s after the first unpublished change: what is settled is published
                                published, revision 2: agent x-1  was Busy (Live) for 20 s [revision 2]
                                    until 2026-01-05T09:00:30.000Z; for 20 s; its length is derived
                                published, revision 1: agent x-1  was Wrap for 5 s
      2026-01-05T09:00:50.000Z  Juggling
        +50.0 s, offset 3       a state callfold does not know, kept as it is: Juggling from then on, with no end yet
                                (logged 2026-01-05T09:00:50.100Z; an unknown status)
                                state Juggling
                                Wrap from 2026-01-05T09:00:30.000Z: flags: gap-after
                                Juggling from 2026-01-05T09:00:50.000Z: flags: unknown-state
      2026-01-05T09:00:10.000Z  Busy
        +10.0 s, offset 4       Busy (Live) from then on, for 30 s
                                (logged 2026-01-05T09:00:51.000Z; came late: what happened after it was logged
                                  before it)
                                Busy from 2026-01-05T09:00:10.000Z: flags: overlap
      2026-01-05T09:00:55.100Z  timer: 5 s after the first unpublished change: what is settled is published
                                published, revision 3: agent x-1  was Busy (Live) for 20 s [revision 3]
                                    flags: overlap
                                published, revision 2: agent x-1  was Wrap for 5 s [revision 2]
                                    flags: gap-after
                                published, revision 1: agent x-1  is Juggling

    What is said of it:

      agent x-1  was Ready for 10 s [published, revision 2]
        because no length was reported: it ends where the next one begins, Busy at 2026-01-05T09:00:10.000Z (rule
          derived)
        rests on 2026-01-05T09:00:00.000Z  Ready  (offset 0)
                 2026-01-05T09:00:10.000Z  Busy  (offset 4)

      agent x-1  was Busy (Live) for 20 s [published, revision 3]
        because a length of 30 s was reported, 10 s past the beginning of the next one, Wrap at
          2026-01-05T09:00:30.000Z: it is cut there (rule derived)
        rests on 2026-01-05T09:00:10.000Z  Busy  (offset 4)
                 2026-01-05T09:00:30.000Z  Wrap  (offset 2)
        note: an overlap: what was reached past the next one is not counted twice
        passed over 2026-01-05T09:00:10.000Z  Busy  (offset 1)
            another report of the same stay, with no length or a shorter one

      agent x-1  was Wrap for 5 s [published, revision 2]
        because a length of 5 s was reported (rule reported)
        rests on 2026-01-05T09:00:30.000Z  Wrap  (offset 2)
        note: a gap: nothing is known for 15 s until Juggling at 2026-01-05T09:00:50.000Z

      agent x-1  is Juggling [published, revision 1]
        because nothing came after it: the agent is in it (rule open)
        rests on 2026-01-05T09:00:50.000Z  Juggling  (offset 3)
        note: "Juggling" is not a state that callfold knows: kept under its own name

    If nothing more comes, at 2026-01-06T09:00:51.000Z of log time: stays are dropped 1 d after the log had their
      ends; the last one stays.
    "
  `);
});
