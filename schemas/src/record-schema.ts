/** The part of Avro's schema language that this project's own schemas use. */
export type RecordSchema = {
  readonly type: 'record';
  readonly name: string;
  readonly namespace?: string;
  readonly doc?: string;
  readonly fields: readonly FieldSchema[];
};

export type FieldSchema = {
  readonly name: string;
  readonly type: FieldType;
  readonly doc?: string;
  readonly default?: unknown;
  /** The words a string, or each item of a list, is chosen from. Readers take others too: the list may grow. */
  readonly 'callfold.values'?: readonly string[];
};

/** `null` stands first in a union, and one other type with it. */
export type FieldType = ValueType | readonly ['null', ValueType];

export type ValueType =
  | 'string'
  | 'boolean'
  | 'int'
  | 'long'
  | 'bytes'
  | { readonly type: 'long'; readonly logicalType: 'timestamp-millis' }
  | { readonly type: 'array'; readonly items: ValueType }
  | { readonly type: 'map'; readonly values: ValueType }
  | RecordSchema;
