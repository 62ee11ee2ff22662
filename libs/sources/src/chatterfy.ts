import type { ChatWord } from '@callfold/core';
import type { Row, Vocabulary } from './vocabulary.ts';
import { rowFinder } from './vocabulary.ts';

export type ChatterfyRow = Row & { readonly word: Exclude<ChatWord, 'unknown'> };

export const CHATTERFY: Vocabulary<ChatterfyRow> = {
  source: 'chatterfy',
  documentation: "Chatterfy's help, Chat Settings, Status",
  rows: [
    { status: 'Auto', word: 'auto', meaning: 'the AI leads the client through the flow' },
    { status: 'Manual', word: 'manual', meaning: 'handled by hand, until it is set back to Auto' },
    { status: 'Blocked', word: 'blocked', meaning: 'the client blocked the bot: no message can be sent' },
    { status: 'Stopped', word: 'stopped', meaning: 'the bot cannot write to this chat, for example not first' },
    { status: 'Waiting', word: 'waiting', meaning: 'the AI waits for the client; the flow stands still' },
    { status: 'Finished', word: 'finished', meaning: 'the client completed the flow; the AI answers no more' },
  ],
};

export const chatterfyRow = rowFinder(CHATTERFY.rows);
