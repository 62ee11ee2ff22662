import type { ComponentChildren, VNode } from 'preact';
import type { LettersAnswer, StatusAnswer } from '../../src/status-answer.ts';
import type { Copying } from './copy.ts';
import { commandView } from './copy.ts';
import { h } from './dom.ts';
import { countText } from './list-rows.ts';
import type { Told } from './operations.ts';
import type { LetterItem, Speaking } from './operations-rows.ts';
import {
  faultRows,
  findingItems,
  generationRows,
  letterItems,
  lookedText,
  partitionRows,
  recoveryTexts,
} from './operations-rows.ts';
import { tableView } from './table-view.ts';
import { shape } from './tiles.ts';

/** The page for whoever keeps callfold running: what is wrong and the command that helps first. */

export type OperationsScene = Speaking & {
  readonly copying: Copying;
  /** Epoch ms, by the server's clock. */
  readonly now: number;
};

const PARTITIONS_MOST = 64;

/** Texts have their commands between backticks. */
const withCode = (text: string): VNode =>
  h(
    'span',
    { class: 'says' },
    text.split('`').map((part, index) => (index % 2 === 1 ? h('code', { key: index }, part) : part)),
  );

function sectionView(id: string, title: string, count: string | null, ...inner: ComponentChildren[]): VNode {
  const number = count !== null && h('span', { class: 'number' }, count);
  return h('section', { class: 'list', 'data-list': id }, h('h2', { id: `list-${id}` }, title, ' ', number), ...inner);
}

function findingsView(status: StatusAnswer, scene: OperationsScene): VNode {
  const { say, copying } = scene;
  const items = findingItems(status, scene).map(({ code, place, text, commands, more }) =>
    h(
      'li',
      { key: `${code} ${place}`, class: 'finding', 'data-finding': code },
      shape('bad'),
      h(
        'div',
        null,
        h('p', null, h('strong', null, place), ': ', withCode(text)),
        more > 0 && h('p', { class: 'empty' }, say('morePlaces', { N: more })),
        commands.map((command) => commandView(command, copying, say)),
      ),
    ),
  );
  const nothing = h('p', { class: 'well' }, shape('good'), ' ', say('nothingWrong', { G: status.generation }));
  const list = items.length === 0 ? nothing : h('ul', { class: 'findings', role: 'list' }, items);
  return sectionView('findings', say('findings'), String(status.findings.length), list);
}

function generationsView(status: StatusAnswer, scene: OperationsScene): VNode {
  const { say } = scene;
  const heads = [say('generation'), say('state'), say('folded'), say('lag'), say('atWork')];
  const recoveries = recoveryTexts(status, scene).map((text) => h('li', { key: text }, text));
  return sectionView(
    'generations',
    say('generations'),
    null,
    tableView('generations', heads, generationRows(status, scene)),
    recoveries.length > 0 && h('ul', { class: 'recoveries' }, recoveries),
  );
}

function partitionsView(status: StatusAnswer, scene: OperationsScene): VNode {
  const { say } = scene;
  const all = partitionRows(status, scene);
  const rows = all.slice(0, PARTITIONS_MOST).map(({ key, level, cells: [role, ...cells] }) => ({
    key,
    level,
    cells: [[shape(level === 'bad' ? 'bad' : 'good'), ' ', role], ...cells],
  }));
  const heads = ['role', 'topic', 'partition', 'owner', 'position', 'end', 'lag', 'lagSeconds', 'outbox', 'letters'];
  const words = heads.map((word) => say(word as Parameters<typeof say>[0]));
  const rest = all.length - rows.length;
  return sectionView(
    'partitions',
    say('partitions'),
    String(all.length),
    tableView('partitions', words, rows),
    rest > 0 && h('p', { class: 'empty' }, say('truncated', { N: rest }), ': ', h('code', null, 'callfold status')),
  );
}

function bytesView({ bytes, command }: LetterItem, { say, copying }: OperationsScene): VNode | string {
  if (bytes === null) return say('noValue');
  return h(
    'details',
    null,
    h('summary', null, say('showBytes', { N: bytes.all })),
    h('pre', { tabIndex: 0 }, bytes.lines.join('\n')),
    bytes.shown < bytes.all && h('p', { class: 'empty' }, say('cutBytes', { N: bytes.shown })),
    commandView(command, copying, say),
  );
}

function lettersView(told: LettersAnswer, scene: OperationsScene): VNode {
  const { say, copying } = scene;
  const { counts, isComplete, next } = told;
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const rows = letterItems(told, scene).map((item) => {
    const [when, origin, code, reason, attempts] = item.cells;
    const says = h('span', { class: 'says' }, reason);
    return { key: item.origin, cells: [when, origin, code, says, attempts, bytesView(item, scene)] };
  });
  const heads = [say('when'), say('origin'), say('code'), say('why'), say('attempts'), say('bytes')];
  const rest = all - rows.length;
  return sectionView(
    'letters',
    say('openLetters'),
    countText(all, !isComplete, say),
    rows.length === 0 ? h('p', { class: 'empty' }, say('noneYet')) : tableView('letters', heads, rows),
    next !== null && h('p', { class: 'empty' }, say(isComplete ? 'truncated' : 'truncatedMore', { N: rest })),
    Object.keys(counts).map((code) => commandView(`callfold dlq list --code ${code}`, copying, say)),
  );
}

function faultsView(status: StatusAnswer, scene: OperationsScene): VNode {
  const { say, clock } = scene;
  const rows = faultRows(status, scene).map(({ key, level, cells }) => ({
    key,
    level,
    cells: cells.map((cell, index) => (index === cells.length - 1 ? withCode(cell) : cell)),
  }));
  const heads = [say('from'), say('until'), say('role'), say('places'), say('why')];
  return sectionView(
    'faults',
    say('lastFaults'),
    String(rows.length),
    h('p', { class: 'empty' }, say('faultsFrom', { T: clock(status.faultsFrom) })),
    rows.length === 0 ? h('p', { class: 'empty' }, say('noneYet')) : tableView('faults', heads, rows),
  );
}

export function operationsView(told: Told, scene: OperationsScene): VNode {
  const { status, letters } = told;
  const { when, why } = lookedText(told, scene.now, scene);
  return h(
    'div',
    { class: 'operations' },
    h(
      'p',
      { class: why === null ? 'empty' : 'trouble', 'data-looked': why === null ? 'well' : 'trouble' },
      when,
      ' ',
      why,
    ),
    status && findingsView(status, scene),
    status && generationsView(status, scene),
    status && partitionsView(status, scene),
    letters && lettersView(letters, scene),
    status && faultsView(status, scene),
  );
}
