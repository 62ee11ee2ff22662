import type { Source } from './event.ts';
import type { DerivedRecord, RecordName } from './record.ts';

/** Turns people's ids and names in a derived record into others, always the same ones. */
export type Disguise = {
  /** Of the key it works with: another key, another result. It tells nothing of the key. */
  readonly fingerprint: string;
  of(record: DerivedRecord): DerivedRecord;
  /** The `outcomeId` that `of` gives a record of this name. */
  idOf(name: RecordName): string;
  /** As the records of a subject name it. */
  subjectId(source: Source, tenantId: string, subjectId: string): string;
};

/** Everything that changes a result. Fingerprinted in every checkpoint: a silent change is refused. */
export type Settings = {
  /** Log time from the first unpublished change of an ended subject to its next revision. */
  readonly settleMs: number;
  /** A wait up to this, inclusive, makes an abandonment short. */
  readonly shortAbandonMs: number;
  /** A contact's leave up to this after a no-answer, inclusive, is its tear-down. */
  readonly teardownMs: number;
  /** A screen shown this long is a missed offer. */
  readonly missedOfferMs: number;
  /** Silence, in log time, after which an open call is closed as inferred. */
  readonly closeAfterMs: number;
  readonly chatStalledAfterMs: number;
  readonly chatCloseAfterMs: number;
  /** Closed state goes this long, in log time, after its last change. */
  readonly dropAfterMs: number;
  /** The marker that a dropped call leaves goes after this. */
  readonly markerMs: number;
  /** Of derived records; absent: they name everything as it came. */
  readonly disguise?: Disguise;
};

/** For what derives no record, so that it need not know the key. */
export function undisguised({ disguise: _disguise, ...settings }: Settings): Settings {
  return settings;
}

const HOUR = 3_600_000;

export const DEFAULT_SETTINGS: Settings = {
  settleMs: 5_000,
  shortAbandonMs: 5_000,
  teardownMs: 5_000,
  missedOfferMs: 15_000,
  closeAfterMs: 4 * HOUR,
  chatStalledAfterMs: 24 * HOUR,
  chatCloseAfterMs: 7 * 24 * HOUR,
  dropAfterMs: 24 * HOUR,
  markerMs: 7 * 24 * HOUR,
};

/** The longest a timer can run: raw topics must keep at least twice this. */
export function longestTimerMs(settings: Settings): number {
  return Math.max(
    settings.closeAfterMs,
    settings.chatStalledAfterMs,
    settings.chatCloseAfterMs,
    settings.dropAfterMs,
    settings.markerMs,
    settings.settleMs,
  );
}

/** Text that differs when any setting differs, and says how. */
export function fingerprint(settings: Settings): string {
  return Object.entries(settings)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${typeof value === 'object' ? value.fingerprint : value}`)
    .join(' ');
}

type Numbers = Readonly<Record<string, number>>;

function numbersOf(text: string): Numbers {
  const told = new Map(text.split(' ').map((one) => one.split('=') as [string, string]));
  // One that is newer than the text had no other value then.
  const each = Object.entries(DEFAULT_SETTINGS).map(
    ([name, usual]) => [name, Number(told.get(name) ?? usual)] as const,
  );
  return Object.fromEntries(each);
}

/** The settings that a fingerprint tells of, less a disguise, whose key it does not tell. */
export function settingsOf(text: string): Settings {
  return numbersOf(text) as unknown as Settings;
}

/** What one fingerprint says otherwise than another, as `name: was → is`. */
export function settingsChanged(was: string, is: string): string[] {
  const [before, after] = [numbersOf(was), numbersOf(is)];
  return Object.keys(before).flatMap((name) => {
    const [then, now] = [before[name], after[name]];
    return then === now ? [] : [`${name}: ${then} → ${now}`];
  });
}
