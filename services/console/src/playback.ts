import type { DerivedRecord, Source, Zone } from '@callfold/core';
import { openLatest, RECORD_TOPICS, SOURCES, subjectKey, undisguised } from '@callfold/core';
import { createOfflineFold } from '@callfold/engine';
import type { Figures } from './figures.ts';
import { createFigures } from './figures.ts';
import type { Lack, Standing } from './lacks.ts';
import type { ConsoleLimits } from './limits.ts';
import type { Change, Picture, PictureMirror } from './picture.ts';
import { createPicture } from './picture.ts';
import type { Mark, Recording, Taking } from './recording.ts';
import { takeStep } from './recording.ts';
import { takeRow } from './records.ts';
import type { StateRead, SubjectQuestion } from './subject.ts';
import { sourcesOf } from './subject.ts';

/**
 * A day at one moment of it: the pure fold of its events up to then, with all timers that are due, and what the console
 * makes of states and records. It goes forward only; to go back another one is opened from a mark.
 */

export type Playback = {
  /** Everything that the log took up to then is in it, and nothing else. */
  readonly now: number;
  readonly picture: Picture;
  records(): Iterable<DerivedRecord>;
  readonly figures: Figures;
  states(question: SubjectQuestion): readonly StateRead[];
  standing(): Standing;
  readonly isFull: boolean;
  /** To that moment; nothing where it is past already. @returns what is shown otherwise since then */
  advance(to: number): readonly Change[];
  mark(): Mark;
};

export type PlaybackParts = {
  readonly recording: Recording;
  readonly zone: Zone;
  readonly limits: ConsoleLimits;
};

export function openPlayback(begin: Mark, { recording, zone, limits }: PlaybackParts): Playback {
  const { steps, rules, day } = recording;
  // As the aggregates that are kept: only records are disguised.
  const settings = undisguised(rules.settings);
  let { now, next } = begin;
  let version = 0;
  let isFull = false;
  const oldest = day.start - limits.recordsMs;
  const latest = openLatest((record) => (record.ingestedAt ?? record.occurredAt) >= oldest);
  const picture = createPicture(settings, limits.subjects);
  const mirrors = new Map<Source, PictureMirror>(SOURCES.map((source) => [source, picture.mirror(source)]));
  /** By source, keys whose states are others since they were shown. */
  const changed = new Map<Source, Set<string>>(SOURCES.map((source) => [source, new Set()]));
  const fold = createOfflineFold(rules, true, undefined, {
    from: begin.fold,
    changed: (source, key) => void changed.get(source)?.add(key),
  });

  const taking: Taking = {
    take(record) {
      const row = { outcomeId: record.outcomeId, record };
      if (!takeRow(latest, limits.records, RECORD_TOPICS[record.kind], row)) isFull = true;
    },
    erase: (topic, outcomeId) => latest.erase(topic, outcomeId),
  };

  function show(source: Source, key: string): void {
    mirrors.get(source)?.show(key, fold.stateOf(source, key) ?? null);
  }

  function begun(): void {
    for (const record of begin.records) taking.take(record);
    if (begin.shown === null)
      for (const { source, tenantId, subjectId } of begin.fold.states.values())
        show(source, subjectKey(tenantId, subjectId));
    else for (const [source, keys] of begin.shown) for (const key of keys) show(source, key);
    // What stands at the beginning is no change.
    picture.take();
  }

  begun();
  return {
    get now() {
      return now;
    },
    picture,
    records: () => latest.records(),
    figures: createFigures({ all: () => latest.records(), version: () => version }, zone, { now: () => now }, limits),
    states(question) {
      const key = subjectKey(question.tenantId, question.id);
      return sourcesOf(question).flatMap((source) => {
        const state = fold.stateOf(source, key);
        return state ? [{ state, settings }] : [];
      });
    },
    standing() {
      const lacks: Lack[] = [];
      if (picture.isFull) lacks.push('subjects-full');
      if (isFull) lacks.push('records-full');
      return { asOf: now, isWell: true, lacks };
    },
    get isFull() {
      return isFull;
    },
    advance(to) {
      if (to <= now) return [];
      for (let step = steps[next]; step !== undefined && step.at <= to; step = steps[next]) {
        takeStep(fold, step, taking);
        next += 1;
      }
      for (const record of fold.advance(to)) taking.take(record);
      for (const [source, keys] of changed) {
        for (const key of keys) show(source, key);
        keys.clear();
      }
      now = to;
      version += 1;
      return picture.take();
    },
    mark: () => ({
      now,
      next,
      fold: fold.standing(),
      records: [...latest.records()],
      shown: new Map(SOURCES.map((source) => [source, [...picture.keysOf(source)]])),
    }),
  };
}
