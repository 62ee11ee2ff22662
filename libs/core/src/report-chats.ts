import type { ChatHandoff, ChatOutcome } from '@callfold/schemas';
import { byName, count, meanSeconds, percent } from './report-numbers.ts';
import type { Counts } from './report-numbers.ts';

/** Figures of chat episodes and hand-offs (Chatterfy). Each is defined in docs/report.md. */

export type ChatTally = ReturnType<typeof openChatTally>;
export type ChatFigures = ReturnType<ChatTally['figures']>;

export function openChatTally() {
  const outcomes: Counts<ChatOutcome['outcome']> = new Map();
  const dwell: Counts = new Map();
  let episodes = 0;
  let containedCompleted = 0;
  let withHandoff = 0;
  let everBlocked = 0;
  let inferred = 0;
  let handoffs = 0;
  const handoffDwell = { ms: 0, of: 0 };

  return {
    addEpisode(chat: ChatOutcome): void {
      episodes += 1;
      count(outcomes, chat.outcome);
      if (chat.contained && chat.outcome === 'completed') containedCompleted += 1;
      if (chat.handoffs > 0) withHandoff += 1;
      if (chat.blockedAt !== null) everBlocked += 1;
      if (chat.inferred) inferred += 1;
      for (const [status, ms] of Object.entries(chat.dwellMs)) count(dwell, status, ms);
    },
    addHandoff({ dwellMs }: ChatHandoff): void {
      handoffs += 1;
      if (dwellMs === null) return;
      handoffDwell.ms += dwellMs;
      handoffDwell.of += 1;
    },
    figures() {
      const completed = outcomes.get('completed') ?? 0;
      return {
        episodes,
        outcomes: byName(outcomes),
        containedCompleted,
        withHandoff,
        everBlocked,
        inferred,
        dwellMs: byName(dwell),
        handoffs,
        openHandoffs: handoffs - handoffDwell.of,
        handoffDwellMs: handoffDwell.ms,
        meanHandoffDwellSeconds: meanSeconds(handoffDwell.ms, handoffDwell.of),
        report: {
          containmentPercent: { ofCompleted: percent(containedCompleted, completed) },
          completedPercent: { ofEpisodes: percent(completed, episodes) },
          blockedPercent: { ofEpisodes: percent(outcomes.get('blocked') ?? 0, episodes) },
          undeliverablePercent: { ofEpisodes: percent(outcomes.get('undeliverable') ?? 0, episodes) },
          stalledPercent: { ofEpisodes: percent(outcomes.get('stalled') ?? 0, episodes) },
        },
      };
    },
  };
}
