/** What was published last of one of a subject's records. */
export type PublishedRecord = {
  readonly revision: number;
  /** Hash of its content, less revision, correctionOf and ingestedAt. */
  readonly hash: string;
  /** Its `outcome` or `result`, for the next revision's `correctionOf`. */
  readonly label: string | null;
};

/**
 * By page and then by the record's name, which is its id without the subject's own part: `call-outcome`,
 * `agent-offer/Anna/1`. States share pages, so that one more entry copies one page: an agent has thousands of
 * intervals.
 */
export type Published = ReadonlyMap<string, ReadonlyMap<string, PublishedRecord>>;

export const NOTHING_PUBLISHED: Published = new Map();

const INTERVAL = 'agent-interval/';
/** As far as the tens of an hour: some three hundred stays of an agent who has seven hundred a day. */
const PAGE_LENGTH = `${INTERVAL}2024-02-29T1`.length;
const NUMBERED = 'chat-';
const PAGE_NUMBERS = 100;

/** Intervals by their start, a chat's by their number, everything else on one page: there is little of it. */
function pageOf(name: string): string {
  if (name.startsWith(INTERVAL)) return name.slice(0, PAGE_LENGTH);
  if (!name.startsWith(NUMBERED)) return '';
  const slash = name.indexOf('/');
  return `${name.slice(0, slash)} ${Math.floor(Number(name.slice(slash + 1)) / PAGE_NUMBERS)}`;
}

export function publishedUnder(published: Published, name: string): PublishedRecord | undefined {
  return published.get(pageOf(name))?.get(name);
}

export function withPublished(published: Published, changes: ReadonlyMap<string, PublishedRecord>): Published {
  if (changes.size === 0) return published;
  const pages = new Map(published);
  const copied = new Map<string, Map<string, PublishedRecord>>();
  for (const [name, record] of changes) {
    const at = pageOf(name);
    const page = copied.get(at) ?? new Map(published.get(at));
    copied.set(at, page.set(name, record));
    pages.set(at, page);
  }
  return pages;
}

/** @param names those that go; there need not be any of that name */
export function withoutPublished(published: Published, names: Iterable<string>): Published {
  const pages = new Map(published);
  const copied = new Map<string, Map<string, PublishedRecord>>();
  for (const name of names) {
    const at = pageOf(name);
    if (!published.get(at)?.has(name)) continue;
    const page = copied.get(at) ?? new Map(published.get(at));
    copied.set(at, page);
    page.delete(name);
    if (page.size === 0) pages.delete(at);
    else pages.set(at, page);
  }
  return pages;
}

export function publishedFrom(entries: readonly (readonly [string, PublishedRecord])[]): Published {
  return withPublished(NOTHING_PUBLISHED, new Map(entries));
}

/** In the order of their names, so that equal books give equal texts. */
export function publishedEntries(published: Published): [string, PublishedRecord][] {
  const entries = [...published.values()].flatMap((page) => [...page]);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}
