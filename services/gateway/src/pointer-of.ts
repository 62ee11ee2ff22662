import type { Rejection } from '@callfold/core';
import { CODES } from '@callfold/core';
import { MAPPED_FIELDS } from './mapping.ts';

/** The validator's reasons begin with the name of the field that they are about; a test holds it to that. */
const FIELD = /^(attribute "|)([A-Za-z]+|[^"]*)/;
const NAMES: ReadonlySet<string> = new Set([
  ...MAPPED_FIELDS,
  'source',
  'tenantId',
  'attributes',
  'specversion',
  'id',
  'type',
  'data',
]);

/** JSON pointer to the field that was refused; '' where it is the item as a whole. */
export function pointerOf({ rejected, reason }: Rejection): string {
  if (rejected === 'bad-tenant' || rejected === 'foreign-tenant') return '/tenantId';
  const detail = reason.slice(CODES[rejected].length + 2);
  const [, attribute = '', name = ''] = FIELD.exec(detail) ?? [];
  if (detail.startsWith('no attribute')) return '/attributes';
  if (attribute !== '') return `/attributes/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  return NAMES.has(name) ? `/${name}` : '';
}
