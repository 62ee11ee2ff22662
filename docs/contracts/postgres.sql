-- Written by `npm run contracts` from schemas/avro: edit those, not this file.
-- Tables of the derived records for Postgres 12 and newer. Columns have the records' own names;
-- docs/data-dictionary.md says what they mean, docs/consuming.md how to fill them.

CREATE SCHEMA callfold;

CREATE TABLE callfold.call_outcomes (
  "kind" text NOT NULL,
  "outcomeId" text NOT NULL,
  "revision" integer NOT NULL,
  "correctionOf" text,
  "tenantId" text NOT NULL,
  "source" text NOT NULL,
  "occurredAt" timestamp(3) with time zone NOT NULL,
  "ingestedAt" timestamp(3) with time zone,
  "callId" text NOT NULL,
  "outcome" text NOT NULL,
  "reason" text NOT NULL,
  "rawStatus" text,
  "stage" text,
  "short" boolean,
  "voicemailLeft" boolean,
  "transferred" boolean NOT NULL,
  "abandonedInTransfer" boolean NOT NULL,
  "hungUpBy" text,
  "personReached" text NOT NULL,
  "fault" text,
  "inferred" boolean NOT NULL,
  "startedAt" timestamp(3) with time zone,
  "queuedAt" timestamp(3) with time zone,
  "answeredAt" timestamp(3) with time zone,
  "endedAt" timestamp(3) with time zone,
  "waitMs" bigint,
  "talkMs" bigint,
  "agents" jsonb NOT NULL,
  "offers" integer NOT NULL,
  "missedOffers" integer NOT NULL,
  "anomalies" text[] NOT NULL,
  "decidedBy" jsonb NOT NULL,
  "attributes" jsonb NOT NULL,
  PRIMARY KEY ("outcomeId")
);

COMMENT ON TABLE callfold.call_outcomes IS 'callfold.call-outcomes: How one call ended. Published when the call is over and has settled, again when something changes it. One call is one outcome, however many agents it rang.';
COMMENT ON COLUMN callfold.call_outcomes."kind" IS 'What this record is: always ''call-outcome''.';
COMMENT ON COLUMN callfold.call_outcomes."outcomeId" IS 'Identifies the record over its revisions, and is its Kafka key: tenantId/source/callId, each part percent-encoded. Keep the row with the highest revision.';
COMMENT ON COLUMN callfold.call_outcomes."revision" IS '1, 2, ... as published. A higher one replaces the whole row; it never stands before a lower one.';
COMMENT ON COLUMN callfold.call_outcomes."correctionOf" IS 'The outcome that the revision before had, where this one differs from it. Null in a first revision, and where the outcome is the same.';
COMMENT ON COLUMN callfold.call_outcomes."tenantId" IS 'Whose contact centre it is.';
COMMENT ON COLUMN callfold.call_outcomes."source" IS 'The upstream whose events decided.';
COMMENT ON COLUMN callfold.call_outcomes."occurredAt" IS 'When the deciding event happened, by the upstream''s clock. UTC, epoch milliseconds.';
COMMENT ON COLUMN callfold.call_outcomes."ingestedAt" IS 'When the log took the deciding event (the broker''s clock). UTC, epoch milliseconds. Null when it was folded from a file.';
COMMENT ON COLUMN callfold.call_outcomes."callId" IS 'The upstream''s id of the call.';
COMMENT ON COLUMN callfold.call_outcomes."outcome" IS 'How the call ended, one of a closed list. answered: an agent and the contact were in at one instant, or the voice AI took the line. abandoned: the contact left the queue unanswered. missed: it rang out. voicemail: redirected before an answer. left-before-queue: over before the contact was in. not-connected: the person called was not reached. failed: a fault. cancelled: by hand. unknown: cannot be told.';
COMMENT ON COLUMN callfold.call_outcomes."reason" IS 'Why, more finely than the outcome, one of a closed list; for Atlas by the status label.';
COMMENT ON COLUMN callfold.call_outcomes."rawStatus" IS 'The deciding event''s status, verbatim; of an inferred record the latest status. Null when that event had none.';
COMMENT ON COLUMN callfold.call_outcomes."stage" IS 'Abandoned calls only: ring when an agent''s call screen was open when the contact left, else queue. Null for every other outcome.';
COMMENT ON COLUMN callfold.call_outcomes."short" IS 'Abandoned calls only: whether the wait was at most the short-abandon threshold (5 s unless set otherwise, inclusive). Null for every other outcome, and when the wait is unknown.';
COMMENT ON COLUMN callfold.call_outcomes."voicemailLeft" IS 'Voicemail only: true when a recording was attached after the redirect. Null otherwise; never false, because a recording not seen is no proof that none was left.';
COMMENT ON COLUMN callfold.call_outcomes."transferred" IS 'Whether a second agent joined while the contact was in, or the voice AI handed the call over. The same agent again is a reconnect, not a transfer.';
COMMENT ON COLUMN callfold.call_outcomes."abandonedInTransfer" IS 'Whether the contact left an answered call after its agents had gone, while another agent was being asked. The outcome stays answered.';
COMMENT ON COLUMN callfold.call_outcomes."hungUpBy" IS 'Answered calls only: who left first; unknown when both left less than 1 s apart or the leaves were not seen. Null when not answered, or when the status does not say.';
COMMENT ON COLUMN callfold.call_outcomes."personReached" IS 'Whether a live person was spoken to.';
COMMENT ON COLUMN callfold.call_outcomes."fault" IS 'Whose fault a failure was. Null when it was nobody''s, or cannot be told.';
COMMENT ON COLUMN callfold.call_outcomes."inferred" IS 'True when nothing said that the call was over and it was closed because nothing more came (4 h of silence unless set otherwise). A real end that comes later corrects it.';
COMMENT ON COLUMN callfold.call_outcomes."startedAt" IS 'The call''s earliest event; for Atlas the start in its record. UTC, epoch milliseconds. Null when unknown.';
COMMENT ON COLUMN callfold.call_outcomes."queuedAt" IS 'When the contact first came in and began to wait. UTC, epoch milliseconds. Null when not seen, and always for Atlas.';
COMMENT ON COLUMN callfold.call_outcomes."answeredAt" IS 'The first instant at which the contact and an agent were both in. UTC, epoch milliseconds. Null when not answered, and always for Atlas.';
COMMENT ON COLUMN callfold.call_outcomes."endedAt" IS 'The end of the call: the last ''Call ended'', else the contact''s last leave, else the redirect; for Atlas the end in its record. UTC, epoch milliseconds. Null when unknown.';
COMMENT ON COLUMN callfold.call_outcomes."waitMs" IS 'Milliseconds from queuedAt to the answer, the redirect, the contact''s last leave or the end, in this preference. Null when queuedAt or that end is unknown, and always for Atlas.';
COMMENT ON COLUMN callfold.call_outcomes."talkMs" IS 'Milliseconds in which the contact and at least one agent were both in; hold is part of it. Null when unknown, and always for Atlas.';
COMMENT ON COLUMN callfold.call_outcomes."agents" IS 'The agents'' stays in the call, in order of joining; those whose join was never seen come first. Empty when no agent was in.';
COMMENT ON COLUMN callfold.call_outcomes."offers" IS 'How many times the call was offered to an agent; each offer is an agent-offer record. 0 for Atlas.';
COMMENT ON COLUMN callfold.call_outcomes."missedOffers" IS 'How many of these offers the agent missed.';
COMMENT ON COLUMN callfold.call_outcomes."anomalies" IS 'What was odd about the events, each name once, from a closed list. Empty when nothing was.';
COMMENT ON COLUMN callfold.call_outcomes."decidedBy" IS 'The rule and the events that decided.';
COMMENT ON COLUMN callfold.call_outcomes."attributes" IS 'Queue, campaign, number and the like: by name the value of the earliest event that has it. At most 16 names, 256 characters each.';

-- One record of callfold.call-outcomes in its JSON form. A lower revision, or the same
-- one again, changes nothing.
CREATE FUNCTION callfold.upsert_call_outcomes(record jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO callfold.call_outcomes SELECT * FROM jsonb_populate_record(NULL::callfold.call_outcomes, record)
  ON CONFLICT ("outcomeId") DO UPDATE SET
    "kind" = excluded."kind",
    "revision" = excluded."revision",
    "correctionOf" = excluded."correctionOf",
    "tenantId" = excluded."tenantId",
    "source" = excluded."source",
    "occurredAt" = excluded."occurredAt",
    "ingestedAt" = excluded."ingestedAt",
    "callId" = excluded."callId",
    "outcome" = excluded."outcome",
    "reason" = excluded."reason",
    "rawStatus" = excluded."rawStatus",
    "stage" = excluded."stage",
    "short" = excluded."short",
    "voicemailLeft" = excluded."voicemailLeft",
    "transferred" = excluded."transferred",
    "abandonedInTransfer" = excluded."abandonedInTransfer",
    "hungUpBy" = excluded."hungUpBy",
    "personReached" = excluded."personReached",
    "fault" = excluded."fault",
    "inferred" = excluded."inferred",
    "startedAt" = excluded."startedAt",
    "queuedAt" = excluded."queuedAt",
    "answeredAt" = excluded."answeredAt",
    "endedAt" = excluded."endedAt",
    "waitMs" = excluded."waitMs",
    "talkMs" = excluded."talkMs",
    "agents" = excluded."agents",
    "offers" = excluded."offers",
    "missedOffers" = excluded."missedOffers",
    "anomalies" = excluded."anomalies",
    "decidedBy" = excluded."decidedBy",
    "attributes" = excluded."attributes"
  WHERE excluded."revision" > call_outcomes."revision"
$$;

CREATE TABLE callfold.agent_offers (
  "kind" text NOT NULL,
  "outcomeId" text NOT NULL,
  "revision" integer NOT NULL,
  "correctionOf" text,
  "tenantId" text NOT NULL,
  "source" text NOT NULL,
  "occurredAt" timestamp(3) with time zone NOT NULL,
  "ingestedAt" timestamp(3) with time zone,
  "callId" text NOT NULL,
  "agent" text NOT NULL,
  "n" integer NOT NULL,
  "offeredAt" timestamp(3) with time zone,
  "agentWas" text,
  "screenShownAt" timestamp(3) with time zone,
  "result" text NOT NULL,
  "ringMs" bigint,
  "decidedBy" jsonb NOT NULL,
  PRIMARY KEY ("outcomeId")
);

COMMENT ON TABLE callfold.agent_offers IS 'callfold.agent-offers: One offer of a call to one agent, and what became of it. Published with its call. Count missed offers here, missed calls in call outcomes: they are not the same.';
COMMENT ON COLUMN callfold.agent_offers."kind" IS 'What this record is: always ''agent-offer''.';
COMMENT ON COLUMN callfold.agent_offers."outcomeId" IS 'Identifies the record over its revisions, and is its Kafka key: tenantId/source/callId/agent/n, each part percent-encoded. Keep the row with the highest revision.';
COMMENT ON COLUMN callfold.agent_offers."revision" IS '1, 2, ... as published. A higher one replaces the whole row; it never stands before a lower one.';
COMMENT ON COLUMN callfold.agent_offers."correctionOf" IS 'The result that the revision before had, where this one differs from it. Null in a first revision, and where the result is the same.';
COMMENT ON COLUMN callfold.agent_offers."tenantId" IS 'Whose contact centre it is.';
COMMENT ON COLUMN callfold.agent_offers."source" IS 'The upstream whose events decided.';
COMMENT ON COLUMN callfold.agent_offers."occurredAt" IS 'When the event that decided the result happened, by the upstream''s clock. UTC, epoch milliseconds.';
COMMENT ON COLUMN callfold.agent_offers."ingestedAt" IS 'When the log took the deciding event (the broker''s clock). UTC, epoch milliseconds. Null when it was folded from a file.';
COMMENT ON COLUMN callfold.agent_offers."callId" IS 'The upstream''s id of the call.';
COMMENT ON COLUMN callfold.agent_offers."agent" IS 'The agent''s display name, with single spaces and in Unicode NFC.';
COMMENT ON COLUMN callfold.agent_offers."n" IS 'Which offer of this call to this agent: 1, 2, ... in order of time.';
COMMENT ON COLUMN callfold.agent_offers."offeredAt" IS 'When the agent''s call screen was asked for. UTC, epoch milliseconds. Null when a screen was shown with no request before it.';
COMMENT ON COLUMN callfold.agent_offers."agentWas" IS 'What the agent was said to be when the screen was asked for. Null when not said.';
COMMENT ON COLUMN callfold.agent_offers."screenShownAt" IS 'When the agent''s call screen opened: from here it rang. UTC, epoch milliseconds. Null when it was never shown.';
COMMENT ON COLUMN callfold.agent_offers."result" IS 'answered: the agent joined. missed: it rang out at this agent. rescinded: it ended otherwise (another agent joined, the contact left, the call ended). unknown: nothing closed it.';
COMMENT ON COLUMN callfold.agent_offers."ringMs" IS 'Milliseconds from the screen''s opening to the offer''s close. Null when the screen was never shown or nothing closed the offer.';
COMMENT ON COLUMN callfold.agent_offers."decidedBy" IS 'The rule and the events that decided.';

-- One record of callfold.agent-offers in its JSON form. A lower revision, or the same
-- one again, changes nothing.
CREATE FUNCTION callfold.upsert_agent_offers(record jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO callfold.agent_offers SELECT * FROM jsonb_populate_record(NULL::callfold.agent_offers, record)
  ON CONFLICT ("outcomeId") DO UPDATE SET
    "kind" = excluded."kind",
    "revision" = excluded."revision",
    "correctionOf" = excluded."correctionOf",
    "tenantId" = excluded."tenantId",
    "source" = excluded."source",
    "occurredAt" = excluded."occurredAt",
    "ingestedAt" = excluded."ingestedAt",
    "callId" = excluded."callId",
    "agent" = excluded."agent",
    "n" = excluded."n",
    "offeredAt" = excluded."offeredAt",
    "agentWas" = excluded."agentWas",
    "screenShownAt" = excluded."screenShownAt",
    "result" = excluded."result",
    "ringMs" = excluded."ringMs",
    "decidedBy" = excluded."decidedBy"
  WHERE excluded."revision" > agent_offers."revision"
$$;

CREATE TABLE callfold.chat_outcomes (
  "kind" text NOT NULL,
  "outcomeId" text NOT NULL,
  "revision" integer NOT NULL,
  "correctionOf" text,
  "tenantId" text NOT NULL,
  "source" text NOT NULL,
  "occurredAt" timestamp(3) with time zone NOT NULL,
  "ingestedAt" timestamp(3) with time zone,
  "chatId" text NOT NULL,
  "episode" integer NOT NULL,
  "outcome" text NOT NULL,
  "rawStatus" text,
  "contained" boolean NOT NULL,
  "handoffs" integer NOT NULL,
  "dwellMs" jsonb NOT NULL,
  "blockedAt" timestamp(3) with time zone,
  "startedAt" timestamp(3) with time zone NOT NULL,
  "endedAt" timestamp(3) with time zone,
  "inferred" boolean NOT NULL,
  "decidedBy" jsonb NOT NULL,
  "attributes" jsonb NOT NULL,
  PRIMARY KEY ("outcomeId")
);

COMMENT ON TABLE callfold.chat_outcomes IS 'callfold.chat-outcomes: One episode of a chat: from its first status to Finished, Blocked or Stopped, or to its falling silent. The next status after that begins the next episode.';
COMMENT ON COLUMN callfold.chat_outcomes."kind" IS 'What this record is: always ''chat-outcome''.';
COMMENT ON COLUMN callfold.chat_outcomes."outcomeId" IS 'Identifies the record over its revisions, and is its Kafka key: tenantId/source/chatId/episode, each part percent-encoded. Keep the row with the highest revision.';
COMMENT ON COLUMN callfold.chat_outcomes."revision" IS '1, 2, ... as published. A higher one replaces the whole row; it never stands before a lower one.';
COMMENT ON COLUMN callfold.chat_outcomes."correctionOf" IS 'The outcome that the revision before had, where this one differs from it. Null in a first revision, and where the outcome is the same.';
COMMENT ON COLUMN callfold.chat_outcomes."tenantId" IS 'Whose contact centre it is.';
COMMENT ON COLUMN callfold.chat_outcomes."source" IS 'The upstream whose events decided.';
COMMENT ON COLUMN callfold.chat_outcomes."occurredAt" IS 'When the deciding event happened, by the upstream''s clock. UTC, epoch milliseconds.';
COMMENT ON COLUMN callfold.chat_outcomes."ingestedAt" IS 'When the log took the deciding event (the broker''s clock). UTC, epoch milliseconds. Null when it was folded from a file.';
COMMENT ON COLUMN callfold.chat_outcomes."chatId" IS 'The upstream''s id of the chat.';
COMMENT ON COLUMN callfold.chat_outcomes."episode" IS 'Which episode of this chat: 1, 2, ...';
COMMENT ON COLUMN callfold.chat_outcomes."outcome" IS 'completed: Finished. blocked: the client blocked the bot. undeliverable: Stopped, the bot may not write. stalled: Waiting for 24 h. unknown: silent for 7 days in another status. Both times unless set otherwise.';
COMMENT ON COLUMN callfold.chat_outcomes."rawStatus" IS 'The deciding event''s status, verbatim; of an inferred record the latest status. Null when that event had none.';
COMMENT ON COLUMN callfold.chat_outcomes."contained" IS 'True when the episode was never in Manual: no person handled it.';
COMMENT ON COLUMN callfold.chat_outcomes."handoffs" IS 'How many times the episode went into Manual; each stay is a chat-handoff record.';
COMMENT ON COLUMN callfold.chat_outcomes."dwellMs" IS 'Milliseconds spent in each status during the episode, by status as the upstream writes it. A stay that has not ended is not in it.';
COMMENT ON COLUMN callfold.chat_outcomes."blockedAt" IS 'When the client blocked the bot. UTC, epoch milliseconds. Null when they did not.';
COMMENT ON COLUMN callfold.chat_outcomes."startedAt" IS 'The episode''s first event. UTC, epoch milliseconds.';
COMMENT ON COLUMN callfold.chat_outcomes."endedAt" IS 'The deciding status''s first instant. UTC, epoch milliseconds. Null when inferred.';
COMMENT ON COLUMN callfold.chat_outcomes."inferred" IS 'True when the episode was closed because nothing more came (outcomes stalled and unknown). Corrected when the chat goes on.';
COMMENT ON COLUMN callfold.chat_outcomes."decidedBy" IS 'The rule and the events that decided.';
COMMENT ON COLUMN callfold.chat_outcomes."attributes" IS 'Queue, campaign, number and the like: by name the value of the earliest event that has it. At most 16 names, 256 characters each.';

-- One record of callfold.chat-outcomes in its JSON form. A lower revision, or the same
-- one again, changes nothing.
CREATE FUNCTION callfold.upsert_chat_outcomes(record jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO callfold.chat_outcomes SELECT * FROM jsonb_populate_record(NULL::callfold.chat_outcomes, record)
  ON CONFLICT ("outcomeId") DO UPDATE SET
    "kind" = excluded."kind",
    "revision" = excluded."revision",
    "correctionOf" = excluded."correctionOf",
    "tenantId" = excluded."tenantId",
    "source" = excluded."source",
    "occurredAt" = excluded."occurredAt",
    "ingestedAt" = excluded."ingestedAt",
    "chatId" = excluded."chatId",
    "episode" = excluded."episode",
    "outcome" = excluded."outcome",
    "rawStatus" = excluded."rawStatus",
    "contained" = excluded."contained",
    "handoffs" = excluded."handoffs",
    "dwellMs" = excluded."dwellMs",
    "blockedAt" = excluded."blockedAt",
    "startedAt" = excluded."startedAt",
    "endedAt" = excluded."endedAt",
    "inferred" = excluded."inferred",
    "decidedBy" = excluded."decidedBy",
    "attributes" = excluded."attributes"
  WHERE excluded."revision" > chat_outcomes."revision"
$$;

CREATE TABLE callfold.chat_handoffs (
  "kind" text NOT NULL,
  "outcomeId" text NOT NULL,
  "revision" integer NOT NULL,
  "correctionOf" text,
  "tenantId" text NOT NULL,
  "source" text NOT NULL,
  "occurredAt" timestamp(3) with time zone NOT NULL,
  "ingestedAt" timestamp(3) with time zone,
  "chatId" text NOT NULL,
  "n" integer NOT NULL,
  "episode" integer NOT NULL,
  "enteredAt" timestamp(3) with time zone NOT NULL,
  "leftAt" timestamp(3) with time zone,
  "dwellMs" bigint,
  "returnedTo" text,
  PRIMARY KEY ("outcomeId")
);

COMMENT ON TABLE callfold.chat_handoffs IS 'callfold.chat-handoffs: One stay of a chat in Manual. Published on entering, with nulls, and again on leaving.';
COMMENT ON COLUMN callfold.chat_handoffs."kind" IS 'What this record is: always ''chat-handoff''.';
COMMENT ON COLUMN callfold.chat_handoffs."outcomeId" IS 'Identifies the record over its revisions, and is its Kafka key: tenantId/source/chatId/n, each part percent-encoded. Keep the row with the highest revision.';
COMMENT ON COLUMN callfold.chat_handoffs."revision" IS '1, 2, ... as published. A higher one replaces the whole row; it never stands before a lower one.';
COMMENT ON COLUMN callfold.chat_handoffs."correctionOf" IS 'Always null: a hand-off has no outcome to correct.';
COMMENT ON COLUMN callfold.chat_handoffs."tenantId" IS 'Whose contact centre it is.';
COMMENT ON COLUMN callfold.chat_handoffs."source" IS 'The upstream whose events decided.';
COMMENT ON COLUMN callfold.chat_handoffs."occurredAt" IS 'When the deciding event happened (entering, then leaving), by the upstream''s clock. UTC, epoch milliseconds.';
COMMENT ON COLUMN callfold.chat_handoffs."ingestedAt" IS 'When the log took the deciding event (the broker''s clock). UTC, epoch milliseconds. Null when it was folded from a file.';
COMMENT ON COLUMN callfold.chat_handoffs."chatId" IS 'The upstream''s id of the chat.';
COMMENT ON COLUMN callfold.chat_handoffs."n" IS 'Which hand-off of this chat, over all its episodes: 1, 2, ...';
COMMENT ON COLUMN callfold.chat_handoffs."episode" IS 'The episode of the chat in which it stood.';
COMMENT ON COLUMN callfold.chat_handoffs."enteredAt" IS 'When the chat went into Manual. UTC, epoch milliseconds.';
COMMENT ON COLUMN callfold.chat_handoffs."leftAt" IS 'When it left Manual. UTC, epoch milliseconds. Null while it is there.';
COMMENT ON COLUMN callfold.chat_handoffs."dwellMs" IS 'Milliseconds in Manual: waiting for a person and their handling together, which the source does not tell apart. Null while it is there.';
COMMENT ON COLUMN callfold.chat_handoffs."returnedTo" IS 'The status that followed, as the upstream writes it. Null while it is there.';

-- One record of callfold.chat-handoffs in its JSON form. A lower revision, or the same
-- one again, changes nothing.
CREATE FUNCTION callfold.upsert_chat_handoffs(record jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO callfold.chat_handoffs SELECT * FROM jsonb_populate_record(NULL::callfold.chat_handoffs, record)
  ON CONFLICT ("outcomeId") DO UPDATE SET
    "kind" = excluded."kind",
    "revision" = excluded."revision",
    "correctionOf" = excluded."correctionOf",
    "tenantId" = excluded."tenantId",
    "source" = excluded."source",
    "occurredAt" = excluded."occurredAt",
    "ingestedAt" = excluded."ingestedAt",
    "chatId" = excluded."chatId",
    "n" = excluded."n",
    "episode" = excluded."episode",
    "enteredAt" = excluded."enteredAt",
    "leftAt" = excluded."leftAt",
    "dwellMs" = excluded."dwellMs",
    "returnedTo" = excluded."returnedTo"
  WHERE excluded."revision" > chat_handoffs."revision"
$$;

CREATE TABLE callfold.agent_intervals (
  "kind" text NOT NULL,
  "outcomeId" text NOT NULL,
  "revision" integer NOT NULL,
  "correctionOf" text,
  "tenantId" text NOT NULL,
  "source" text NOT NULL,
  "occurredAt" timestamp(3) with time zone NOT NULL,
  "ingestedAt" timestamp(3) with time zone,
  "agentId" text NOT NULL,
  "state" text NOT NULL,
  "description" text,
  "start" timestamp(3) with time zone NOT NULL,
  "end" timestamp(3) with time zone,
  "durationMs" bigint,
  "durationFrom" text NOT NULL,
  "flags" text[] NOT NULL,
  PRIMARY KEY ("outcomeId")
);

COMMENT ON TABLE callfold.agent_intervals IS 'callfold.agent-intervals: One stay of an agent in one state. Published as it changes: first open, then with its end.';
COMMENT ON COLUMN callfold.agent_intervals."kind" IS 'What this record is: always ''agent-interval''.';
COMMENT ON COLUMN callfold.agent_intervals."outcomeId" IS 'Identifies the record over its revisions, and is its Kafka key: tenantId/source/agentId/start/state, each part percent-encoded. Keep the row with the highest revision.';
COMMENT ON COLUMN callfold.agent_intervals."revision" IS '1, 2, ... as published. A higher one replaces the whole row; it never stands before a lower one.';
COMMENT ON COLUMN callfold.agent_intervals."correctionOf" IS 'Always null: an interval has no outcome to correct.';
COMMENT ON COLUMN callfold.agent_intervals."tenantId" IS 'Whose contact centre it is.';
COMMENT ON COLUMN callfold.agent_intervals."source" IS 'The upstream whose events decided.';
COMMENT ON COLUMN callfold.agent_intervals."occurredAt" IS 'Start of the stay, by the upstream''s clock. UTC, epoch milliseconds.';
COMMENT ON COLUMN callfold.agent_intervals."ingestedAt" IS 'When the log took the deciding event (the broker''s clock). UTC, epoch milliseconds. Null when it was folded from a file.';
COMMENT ON COLUMN callfold.agent_intervals."agentId" IS 'The upstream''s id of the agent.';
COMMENT ON COLUMN callfold.agent_intervals."state" IS 'The state''s name as Vonage writes it: Ready, ReadyRFO, Away, ExtendedAway, LoggedOut, Busy, Wrap, Unexpected, Failed; another name verbatim, with the flag unknown-state.';
COMMENT ON COLUMN callfold.agent_intervals."description" IS 'Of Busy, Wrap, Unexpected and Failed the interaction type (Live, Semi-Live, Non-Live), else the presence''s name. Null when not given.';
COMMENT ON COLUMN callfold.agent_intervals."start" IS 'When the agent entered the state. UTC, epoch milliseconds.';
COMMENT ON COLUMN callfold.agent_intervals."end" IS 'When the agent left the state. UTC, epoch milliseconds. Null while the agent is in it.';
COMMENT ON COLUMN callfold.agent_intervals."durationMs" IS 'Milliseconds in the state, always end minus start. Null while the agent is in it.';
COMMENT ON COLUMN callfold.agent_intervals."durationFrom" IS 'reported: by the upstream. derived: a newer state''s start ended the interval, or cut the reported duration. open: the agent is still in the state.';
COMMENT ON COLUMN callfold.agent_intervals."flags" IS 'gap-after: nothing is known between this end and the next start. overlap: the reported duration reached past the next start and was cut there. unknown-state: the state''s name is not on Vonage''s list. Empty when all is well.';

-- One record of callfold.agent-intervals in its JSON form. A lower revision, or the same
-- one again, changes nothing.
CREATE FUNCTION callfold.upsert_agent_intervals(record jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO callfold.agent_intervals SELECT * FROM jsonb_populate_record(NULL::callfold.agent_intervals, record)
  ON CONFLICT ("outcomeId") DO UPDATE SET
    "kind" = excluded."kind",
    "revision" = excluded."revision",
    "correctionOf" = excluded."correctionOf",
    "tenantId" = excluded."tenantId",
    "source" = excluded."source",
    "occurredAt" = excluded."occurredAt",
    "ingestedAt" = excluded."ingestedAt",
    "agentId" = excluded."agentId",
    "state" = excluded."state",
    "description" = excluded."description",
    "start" = excluded."start",
    "end" = excluded."end",
    "durationMs" = excluded."durationMs",
    "durationFrom" = excluded."durationFrom",
    "flags" = excluded."flags"
  WHERE excluded."revision" > agent_intervals."revision"
$$;
