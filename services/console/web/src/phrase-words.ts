import type { Phrase, Rejection, Saying, ShowValue } from '@callfold/core';
import { CODES, plainText, sayPhrase, spanText } from '@callfold/core';
import type { CallOutcome } from '@callfold/schemas';
import { CODES_RU, FIELDS_RU, PHRASES_RU } from './phrases-ru.ts';
import { faultText, reasonText } from './reasons.ts';
import type { Language, Say } from './words.ts';
import { wordOr } from './words.ts';

/** What an explanation says, in the language of the page: its own English, or its phrases in Russian. */

export type Speech = {
  readonly say: Say;
  readonly language: Language;
  /** A time of day, with its date where it is not that of the beginning. */
  readonly clock: (text: string) => string;
};

const UNITS_RU = { d: 'д', h: 'ч', min: 'мин', s: 'с' };
const WAS_RU: Readonly<Record<string, string>> = { available: 'свободен', busy: 'занят' };

/** In sentences times are as JSON has them. */
const ISO_TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;

const span = (ms: number): string => spanText(ms, UNITS_RU);

type Stay = { readonly agent: string; readonly joinedAt: string | null; readonly leftAt: string | null };

function stayText({ agent, joinedAt, leftAt }: Stay, clock: Speech['clock']): string {
  const from = joinedAt === null ? 'входа не видно' : `с ${clock(joinedAt)}`;
  return `${agent} (${from}${leftAt === null ? '' : ` до ${clock(leftAt)}`})`;
}

/** A text of a field: a word where it is one of a list, else as it came. */
function fieldText(field: string, text: string, speech: Speech): string {
  const { say, language, clock } = speech;
  switch (field) {
    case 'phase':
    case 'outcome':
    case 'result':
      return wordOr(`${field}.${text}`, text, say);
    case 'reason':
      return reasonText(text as CallOutcome['reason'], language);
    case 'fault':
      return faultText(text as CallOutcome['fault'], language);
    case 'stage':
      return say(text === 'ring' ? 'ring' : 'queue');
    case 'hungUpBy':
      return wordOr(`by.${text}`, text, say);
    case 'personReached':
      return text === 'unknown' ? say('by.unknown') : wordOr(text, text, say);
    case 'agentWas':
      return WAS_RU[text] ?? text;
    case 'durationFrom':
      return wordOr(`length.${text}`, text, say);
    case 'flags':
      return wordOr(`flag.${text}`, text, say);
    case 'anomalies':
      return Object.hasOwn(PHRASES_RU, `anomaly.${text}`)
        ? sayPhrase({ code: `anomaly.${text}` as Phrase['code'], values: {} }, PHRASES_RU, String)
        : text;
    default:
      return text.replaceAll(ISO_TIME, clock);
  }
}

function valueText(field: string, value: unknown, speech: Speech): string {
  if (value === null) return speech.say('no');
  if (typeof value === 'number') return field.endsWith('Ms') ? span(value) : String(value);
  if (typeof value === 'boolean') return speech.say(value ? 'yes' : 'no');
  if (typeof value === 'string') return fieldText(field, value, speech);
  if (Array.isArray(value))
    return value
      .map((one) => (field === 'agents' ? stayText(one as Stay, speech.clock) : valueText(field, one, speech)))
      .join(', ');
  return Object.entries(value as object)
    .map(([name, one]) => (field === 'dwellMs' ? `${name} ${span(Number(one))}` : `${name} = ${String(one)}`))
    .join(', ');
}

function showRu(speech: Speech): ShowValue {
  return (kind, value, { field }) => {
    const text = plainText(value);
    if (kind === 'ms') return span(Number(value));
    if (kind === 'at') return speech.clock(text);
    if (kind === 'field') return (FIELDS_RU as Readonly<Record<string, string>>)[text] ?? text;
    if (kind === 'to') return valueText(plainText(field ?? ''), value, speech);
    return fieldText(kind === 'was' ? 'agentWas' : kind, text, speech);
  };
}

/** @param given what it says in English, and what that is made of */
export function spoken({ says, said }: Saying, speech: Speech): string {
  if (speech.language === 'en') return says.replaceAll(ISO_TIME, speech.clock);
  const show = showRu(speech);
  return said.map((one) => sayPhrase(one, PHRASES_RU, show)).join(PHRASES_RU.and);
}

/** Several, each by itself. */
export const spokenEach = (texts: readonly string[], said: readonly Phrase[], speech: Speech): string[] =>
  texts.map((says, n) => spoken({ says, said: said.slice(n, n + 1) }, speech));

/** Why an event was refused; what was seen, and where, stays as it was noted. */
export function refusalText({ rejected, reason }: Rejection, { language }: Speech): string {
  if (language === 'en') return `${rejected}: ${reason}`;
  const own = CODES[rejected];
  return `${rejected}: ${CODES_RU[rejected]}${reason.startsWith(own) ? reason.slice(own.length) : `: ${reason}`}`;
}
