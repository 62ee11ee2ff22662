import type { ScanProgress, SubjectQuery } from '@callfold/engine';
import { explanationJson, placeText, rulesOf } from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import { siteWith } from './archiving.ts';
import type { Context, Exit } from './command.ts';
import { EXIT } from './command.ts';
import { explanationText } from './explanation.ts';
import { liveJson, liveText, lookAtLive } from './live-subject.ts';
import type { Progress as Bar } from './progress.ts';
import { createProgress, shownTo } from './progress.ts';
import type { Site } from './site.ts';
import { answerSubject } from './subject.ts';

/** What `callfold explain` finds and says, where the data is. */

export type ExplainQuery = SubjectQuery & { readonly archive?: string };

/** One bar for each partition that is read. */
function createTold(context: Context): { readonly progress: ScanProgress; end(): void } {
  const known = new Map<string, Bar>();
  let last: Bar | undefined;
  return {
    progress(offset, start, end, at) {
      const name = placeText(at);
      const bar =
        known.get(name) ?? createProgress({ noun: `records of ${name}`, total: end - start, ...shownTo(context) });
      known.set(name, bar);
      if (last !== bar) last?.end();
      last = bar;
      bar.at(offset - start);
    },
    end: () => void last?.end(),
  };
}

/** Timeline, each event's effect, what was published and why; then what stands, and what each generation shows. */
export async function explainOn(site: Site, asked: ExplainQuery, context: Context): Promise<Exit> {
  const { config, json, out, say } = context;
  const { settings } = config;
  const { archive, ...query } = asked;
  const told = createTold(context);
  const answer = await answerSubject(
    siteWith(site, archive, config),
    query,
    rulesOf(OUTCOMES, settings),
    told.progress,
  ).finally(told.end);
  if (answer.found === null) {
    say(answer.message);
    return EXIT.failed;
  }
  const texts: string[] = [];
  const explanations: Record<string, unknown>[] = [];
  for (const explained of answer.found) {
    const live = await lookAtLive({ site, settings, explained, isPast: query.at !== undefined, ...context });
    if (json) explanations.push({ ...explanationJson(explained), live: liveJson(live) });
    else texts.push(explanationText(explained) + liveText(live));
  }
  out(json ? `${JSON.stringify({ explanations })}\n` : texts.join('\n'));
  return EXIT.done;
}
