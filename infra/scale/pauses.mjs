// @ts-check
/** What instances said of their partitions, and the pauses in it. */

/** @typedef {['folded' | 'claimed' | 'released' | 'fenced', string, number]} Heard */
/**
 * @typedef {object} Pause
 * @property {string} place
 * @property {number} ms between the last record folded before and the first after
 * @property {boolean} moved
 */

export function createTimeline() {
  /** By place, the latest folds, in order of time. @type {Map<string, { at: number, by: string }[]>} */
  const folds = new Map();
  /** @type {{ what: string, place: string, at: number, by: string }[]} */
  const others = [];

  return {
    others,
    /** @param {string} by @param {readonly Heard[]} heard */
    take(by, heard) {
      for (const [what, place, at] of heard) {
        if (what !== 'folded') {
          others.push({ what, place, at, by });
          continue;
        }
        const list = folds.get(place) ?? [];
        list.push({ at, by });
        folds.set(place, list);
      }
    },
    /** Places that were folded by one of these since then. @param {number} since @param {ReadonlySet<string>} by */
    foldedSince: (since, by) =>
      [...folds].filter(([, list]) => list.some((one) => one.at >= since && by.has(one.by))).length,
    /** Of what was done before, only the last remains. */
    forget() {
      for (const [place, list] of folds) folds.set(place, list.sort((a, b) => a.at - b.at).slice(-1));
      others.length = 0;
    },
    /** The longest pause of each place from `since` on, the last fold before it included. @returns {Pause[]} */
    pauses() {
      return [...folds].flatMap(([place, list]) => {
        const sorted = [...list].sort((a, b) => a.at - b.at);
        let ms = 0;
        for (let i = 1; i < sorted.length; i += 1) ms = Math.max(ms, (sorted[i]?.at ?? 0) - (sorted[i - 1]?.at ?? 0));
        return sorted.length < 2 ? [] : [{ place, ms, moved: sorted[0]?.by !== sorted.at(-1)?.by }];
      });
    },
  };
}

/** @param {readonly number[]} values @param {number} share 0 to 1 */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
