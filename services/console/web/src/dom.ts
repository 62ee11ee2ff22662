import type { ComponentChildren, VNode } from 'preact';
import { h as make } from 'preact';

/** Preact's `h` for elements by their names: its own types ask more of attributes than a page of plain elements has. */
export function h(
  name: string,
  attributes: Readonly<Record<string, unknown>> | null,
  ...inner: ComponentChildren[]
): VNode {
  return make(name, attributes as Record<string, never> | null, ...inner) as VNode;
}
