/** Markdown pages: one title each, and every link inside the repository leads somewhere. */

import { posix } from 'node:path';
import type { Finding, Tree, TreeFile } from './tree.ts';

export function pageTitles(tree: Tree): Finding[] {
  return pages(tree).flatMap((page) => {
    const titles = prose(page).filter(({ text }) => /^# \S/.test(text));
    if (titles.length === 1) return [];
    const mend = 'One `# Title` a page; parts of it are `##`.';
    return [{ rule: 'title', file: page.path, line: titles[1]?.line ?? 1, what: `${titles.length} titles`, mend }];
  });
}

export function pageLinks(tree: Tree): Finding[] {
  return pages(tree).flatMap((page) =>
    prose(page).flatMap(({ text, line }) =>
      linksIn(text).flatMap((link) => {
        const problem = brokenBecause(tree, page, link);
        const mend = 'Name the file from the folder of this page; a heading by its anchor in lower case.';
        return problem === null ? [] : [{ rule: 'link', file: page.path, line, what: `${link}: ${problem}`, mend }];
      }),
    ),
  );
}

function pages(tree: Tree): TreeFile[] {
  return [...tree.values()].filter(({ path }) => path.endsWith('.md'));
}

type Line = { readonly text: string; readonly line: number };

/** Lines outside of code fences, without inline code. */
function prose(page: TreeFile): Line[] {
  let fence: string | null = null;
  return page.lines.flatMap((text, i) => {
    const mark = /^\s*(`{3,}|~{3,})/.exec(text)?.[1] ?? null;
    if (fence !== null) {
      if (mark?.startsWith(fence) === true) fence = null;
      return [];
    }
    fence = mark;
    return mark === null ? [{ text: text.replace(/`[^`]*`/g, '``'), line: i + 1 }] : [];
  });
}

function linksIn(text: string): string[] {
  const inline = [...text.matchAll(/\]\(\s*<?([^)>\s]+)>?[^)]*\)/g)].map((match) => match[1] ?? '');
  const reference = /^\s*\[[^\]]+\]:\s+(\S+)/.exec(text)?.[1];
  return [...inline, ...(reference === undefined ? [] : [reference])].filter(
    (link) => !/^[a-z][a-z0-9+.-]*:/i.test(link),
  );
}

function brokenBecause(tree: Tree, page: TreeFile, link: string): string | null {
  const [path = '', anchor] = decodeURI(link).split('#');
  const target = path === '' ? page.path : posix.join(posix.dirname(page.path), path).replace(/\/$/, '');
  const file = tree.get(target);
  if (file === undefined) {
    const folder = target === '.' || [...tree.keys()].some((name) => name.startsWith(`${target}/`));
    return folder ? null : 'no such file';
  }
  if (anchor === undefined || !target.endsWith('.md')) return null;
  return anchorsOf(file).has(anchor) ? null : `no heading #${anchor}`;
}

/** As GitHub makes them: lower case, punctuation off, blanks to hyphens, repeats numbered. */
function anchorsOf(page: TreeFile): Set<string> {
  const anchors = new Set<string>();
  for (const text of headings(page)) {
    const plain = text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = plain
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-');
    let name = slug;
    for (let n = 1; anchors.has(name); n += 1) name = `${slug}-${n}`;
    anchors.add(name);
  }
  return anchors;
}

function headings(page: TreeFile): string[] {
  const outside = new Set(prose(page).map(({ line }) => line));
  return page.lines.flatMap((text, i) => {
    const heading = outside.has(i + 1) ? /^#{1,6}\s+(.*?)\s*#*$/.exec(text)?.[1] : undefined;
    return heading === undefined ? [] : [heading];
  });
}
