import type { VNode } from 'preact';
import { h } from './dom.ts';
import type { Say } from './words.ts';

/** A command, and a button that copies it. */

export type Copying = {
  /** What was copied last. */
  readonly copied: string | null;
  copy(text: string, from: Element | null): void;
};

export function createCopying(changed: () => void): Copying {
  let copied: string | null = null;
  return {
    get copied() {
      return copied;
    },
    copy(text, from) {
      // Browsers have a clipboard for pages of this machine and of https; elsewhere it is marked, to be copied by hand.
      const clipboard = (navigator as { readonly clipboard?: Clipboard }).clipboard;
      if (clipboard === undefined) {
        if (from) getSelection()?.selectAllChildren(from);
        return;
      }
      void clipboard.writeText(text).then(() => {
        copied = text;
        changed();
      });
    },
  };
}

export function commandView(command: string, copying: Copying, say: Say): VNode {
  const onClick = (event: Event): void =>
    copying.copy(command, (event.currentTarget as Element).previousElementSibling);
  const isCopied = copying.copied === command;
  return h(
    'p',
    { key: command, class: 'command' },
    h('code', null, command),
    h(
      'button',
      { type: 'button', onClick, 'aria-label': `${say('copy')}: ${command}` },
      say(isCopied ? 'copied' : 'copy'),
    ),
    h('span', { class: 'hidden', role: 'status' }, isCopied ? say('copied') : ''),
  );
}
