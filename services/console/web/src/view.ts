import type { Source } from '@callfold/core';
import { THRESHOLDS_SECONDS } from '@callfold/core';
import type { Language } from './words.ts';

/** What the page shows stands in its address, so that it can be sent to somebody, and set up on a screen once. */

export type Page = 'board' | 'agents' | 'lists' | 'status' | 'help' | 'lost' | 'truth' | 'call' | 'chat' | 'agent';
export type Theme = 'dark' | 'light';

export type View = {
  readonly page: Page;
  readonly tenant: string | null;
  /** Of the page of one call, chat or agent: which, whose, of which day, and from where on the log is read. */
  readonly subject: {
    readonly id: string;
    readonly of: string | null;
    readonly day: string | null;
    readonly from: string | null;
  };
  /** Only subjects of this one; null: of all. */
  readonly source: Source | null;
  /** Only these agents, by name or by how their names begin; empty: all. */
  readonly agents: readonly string[];
  /** For times of day; null: that of the console. Days are always those of the console. */
  readonly zone: string | null;
  readonly theme: Theme;
  readonly language: Language;
  /** For a screen on a wall: nothing to click, large type. */
  readonly isBig: boolean;
  /**
   * Limits: calls that wait, service level in percent and its T in seconds, a wait in seconds, abandonment in percent,
   * answers today, agents that are ready.
   */
  readonly target: {
    readonly waiting: number;
    readonly level: number;
    readonly seconds: number;
    readonly wait: number;
    readonly abandon: number;
    /** Null: a day has none. */
    readonly answered: number | null;
    readonly ready: number;
  };
  /** By state, how many seconds in it are many; a state that is not there has no such limit. */
  readonly thresholds: Readonly<Record<string, number>>;
};

const PAGES: readonly Page[] = ['board', 'agents', 'lists', 'status', 'help', 'lost', 'truth', 'call', 'chat', 'agent'];
const SOURCES: Readonly<Record<Source, true>> = { callcenter24: true, atlas: true, chatterfy: true, vonage: true };
/** Who knows subjects of a kind; agents are named in calls, too. */
export const SOURCES_OF: Readonly<Record<'call' | 'chat' | 'agent', readonly Source[]>> = {
  call: ['callcenter24', 'atlas'],
  chat: ['chatterfy'],
  agent: ['vonage', 'callcenter24'],
};
const isSource = (text: string | null): text is Source => text !== null && Object.hasOwn(SOURCES, text);

function numberOf(text: string | null, usual: number): number {
  const number = Number(text);
  return text !== null && text !== '' && number >= 0 ? number : usual;
}

/** Seconds in a state after which somebody should look. */
const THRESHOLDS: Readonly<Record<string, number>> = {
  ringing: 20,
  'on-call': 600,
  Busy: 600,
  Wrap: 120,
  Away: 900,
  Unexpected: 30,
  Failed: 30,
};

/** @param text as `Busy:900,Wrap:60`, over those that there are */
function thresholdsOf(text: string | null): Readonly<Record<string, number>> {
  const given = (text ?? '').split(',').flatMap((one) => {
    const [state = '', seconds = ''] = one.split(':');
    return state !== '' && /^\d{1,6}$/.test(seconds) ? [[state, Number(seconds)] as const] : [];
  });
  return { ...THRESHOLDS, ...Object.fromEntries(given) };
}

function zoneOf(name: string | null): string | null {
  try {
    return name === null ? null : new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
}

/** @param liked the language that the browser asks for */
export function readView(search: string, isDarkLiked: boolean, liked: string): View {
  const given = new URLSearchParams(search);
  const theme = given.get('theme');
  const source = given.get('source');
  const language = given.get('lang') ?? liked.slice(0, 2);
  return {
    page: PAGES.find((one) => one === given.get('view')) ?? 'board',
    tenant: given.get('tenant'),
    subject: { id: given.get('id') ?? '', of: given.get('of'), day: given.get('day'), from: given.get('from') },
    source: isSource(source) ? source : null,
    agents: (given.get('agents') ?? '').split(',').filter((one) => one !== ''),
    zone: zoneOf(given.get('zone')),
    theme: theme === 'dark' || theme === 'light' ? theme : isDarkLiked ? 'dark' : 'light',
    language: language === 'ru' ? 'ru' : 'en',
    isBig: given.get('big') === '1',
    target: {
      level: numberOf(given.get('sl'), 80),
      seconds: THRESHOLDS_SECONDS.find((one) => one === Number(given.get('slt'))) ?? 20,
      wait: numberOf(given.get('wait'), 60),
      abandon: numberOf(given.get('abandon'), 5),
      waiting: numberOf(given.get('waiting'), 5),
      answered: given.get('answered') === null ? null : numberOf(given.get('answered'), 0),
      ready: numberOf(given.get('ready'), 1),
    },
    thresholds: thresholdsOf(given.get('states')),
  };
}

/** The address of the same view but for what is given; null takes a part out. */
export function linkTo(search: string, changes: Readonly<Record<string, string | null>>): string {
  const given = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) given.delete(name);
    else given.set(name, value);
  }
  const text = given.toString();
  return text === '' ? '?' : `?${text}`;
}
