import { agentIntervals } from './agent.ts';
import { chatEpisodes } from './chat.ts';
import { intervalDecision } from './explain-agent.ts';
import { callDecision, offerDecision, recordDecision } from './explain-call.ts';
import { chatDecision, handoffDecision } from './explain-chat.ts';
import type { Case, Decision } from './explain-evidence.ts';
import type { DerivedDraft } from './record.ts';

/** Decides each of a state's readings; what they share is read once. */
export function deciderOf(of: Case): (draft: DerivedDraft) => Decision {
  const { state } = of;
  const episodes = state.kind === 'chat' ? chatEpisodes(state) : [];
  const intervals = state.kind === 'agent' ? agentIntervals(state.facts) : [];
  const placeOf = new Map(intervals.map((interval, place) => [`${interval.deciding.at} ${interval.state}`, place]));
  return (draft) => {
    switch (draft.kind) {
      case 'call-outcome':
        return draft.source === 'callcenter24' ? callDecision(draft, of) : recordDecision(draft, of);
      case 'agent-offer':
        return offerDecision(draft, of);
      case 'chat-outcome':
        return chatDecision(draft, episodes, of);
      case 'chat-handoff':
        return handoffDecision(draft, of);
      case 'agent-interval':
        return intervalDecision(intervals, placeOf.get(`${draft.start} ${draft.state}`) ?? 0, of);
    }
  };
}
