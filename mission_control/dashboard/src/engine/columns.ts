// Which rows does a window of the log have? Decodes the binary answer of `GET /api/window`.
//
// Little-endian: `GWC1`, u32 length of a JSON head, the head, padding to a multiple of 8 (the data
// begins there), then the columns. A column's `offset` and `length` are in bytes, from where the data
// begins. Nothing is copied: the arrays are views on the answer.

export type ColumnArray = Float64Array | Float32Array | Uint32Array | Int32Array | Uint8Array;

/** Rows of one answer. Every column has `rows` elements. */
export interface LogWindow {
  readonly rows: number;
  /** Positions of the log: what the window covers, and up to where the answer goes. */
  readonly from: number;
  readonly to: number;
  readonly asOf: number;
  numbers(column: string): ColumnArray;
  /** The text of a dictionary column in that row. */
  text(column: string, row: number): string;
  has(column: string): boolean;
}

/** The bytes are no window, or a damaged one; the message says what is wrong with them. */
export class DamagedWindow extends Error {
  override readonly name = "DamagedWindow";
}

const MAGIC = 0x31_43_57_47; // "GWC1"
const MAX_HEAD_BYTES = 64 * 1024 * 1024;
const TYPES = {
  f64: Float64Array,
  f32: Float32Array,
  u32: Uint32Array,
  i32: Int32Array,
  u8: Uint8Array,
} as const;

type TypeName = keyof typeof TYPES;
interface Column {
  readonly name: string;
  readonly type: TypeName;
  readonly offset: number;
  readonly length: number;
}
interface Head {
  readonly columns: readonly Column[];
  readonly dictionaries: ReadonlyMap<string, readonly string[]>;
  readonly rows: number;
  readonly from: number;
  readonly to: number;
  readonly asOf: number;
}

/** Raises DamagedWindow; what it returns is sound: every column is there in full, and every index
 * of a dictionary column names an entry. */
export function decodeWindow(bytes: ArrayBuffer): LogWindow {
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] !== 1) {
    throw new DamagedWindow("this machine is big-endian, and a window is little-endian");
  }
  if (bytes.byteLength < 8) damaged(`${bytes.byteLength} bytes are no window`);
  const view = new DataView(bytes);
  if (view.getUint32(0, true) !== MAGIC) damaged("it does not begin with GWC1");
  const headBytes = view.getUint32(4, true);
  if (headBytes > MAX_HEAD_BYTES || 8 + headBytes > bytes.byteLength) {
    damaged(`its head has ${headBytes} bytes, the answer ${bytes.byteLength}`);
  }
  const head = readHead(new Uint8Array(bytes, 8, headBytes));
  const begin = (8 + headBytes + 7) & ~7;
  const columns = new Map<string, ColumnArray>();
  for (const column of head.columns) {
    if (columns.has(column.name)) damaged(`it has column ${column.name} twice`);
    columns.set(column.name, arrayOf(bytes, column, begin, head.rows));
  }
  for (const [name, entries] of head.dictionaries) checkIndexes(name, columns.get(name), entries);
  return new DecodedWindow(head, columns);
}

class DecodedWindow implements LogWindow {
  readonly rows: number;
  readonly from: number;
  readonly to: number;
  readonly asOf: number;
  readonly #columns: ReadonlyMap<string, ColumnArray>;
  readonly #dictionaries: ReadonlyMap<string, readonly string[]>;

  constructor(head: Head, columns: ReadonlyMap<string, ColumnArray>) {
    this.rows = head.rows;
    this.from = head.from;
    this.to = head.to;
    this.asOf = head.asOf;
    this.#columns = columns;
    this.#dictionaries = head.dictionaries;
  }

  numbers(column: string): ColumnArray {
    const found = this.#columns.get(column);
    if (found === undefined) throw new DamagedWindow(`the window has no column ${column}`);
    return found;
  }

  text(column: string, row: number): string {
    const entries = this.#dictionaries.get(column);
    if (entries === undefined) throw new DamagedWindow(`column ${column} has no dictionary`);
    const index = this.numbers(column)[row];
    if (index === undefined) throw new RangeError(`row ${row} of ${this.rows}`);
    return entries[index] ?? "";
  }

  has(column: string): boolean {
    return this.#columns.has(column);
  }
}

function readHead(bytes: Uint8Array): Head {
  let read: unknown;
  try {
    read = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return damaged("its head is no JSON");
  }
  if (!isRecord(read)) return damaged("its head is no object");
  const columns = read["columns"];
  if (!Array.isArray(columns)) return damaged("its head lists no columns");
  const dictionaries = read["dictionaries"] ?? {};
  if (!isRecord(dictionaries)) return damaged("its dictionaries are no object");
  return {
    columns: columns.map(readColumn),
    dictionaries: new Map(Object.entries(dictionaries).map(readDictionary)),
    rows: count(read, "rows"),
    from: count(read, "from"),
    to: count(read, "to"),
    asOf: count(read, "as_of"),
  };
}

function readColumn(read: unknown): Column {
  if (!isRecord(read)) return damaged("a column is described by no object");
  const { name, type } = read;
  if (typeof name !== "string" || name === "") return damaged("a column has no name");
  if (typeof type !== "string" || !isType(type)) {
    return damaged(`column ${name} is of an unknown type`);
  }
  return { name, type, offset: count(read, "offset"), length: count(read, "length") };
}

function readDictionary([name, entries]: [string, unknown]): [string, readonly string[]] {
  if (!Array.isArray(entries) || !entries.every((each) => typeof each === "string")) {
    return damaged(`dictionary ${name} is no list of texts`);
  }
  return [name, entries];
}

function arrayOf(bytes: ArrayBuffer, column: Column, begin: number, rows: number): ColumnArray {
  const { name, offset, length } = column;
  const Type = TYPES[column.type];
  if (length !== rows * Type.BYTES_PER_ELEMENT) damaged(`column ${name} has ${length} bytes for ${rows} rows`);
  const start = begin + offset;
  if (start % Type.BYTES_PER_ELEMENT !== 0) damaged(`column ${name} is not aligned`);
  if (start + length > bytes.byteLength) {
    damaged(`the answer ends in the middle of column ${name}`);
  }
  return new Type(bytes, start, rows);
}

function checkIndexes(
  name: string,
  column: ColumnArray | undefined,
  entries: readonly string[],
): void {
  if (column === undefined) return damaged(`dictionary ${name} belongs to no column`);
  if (!(column instanceof Uint32Array)) return damaged(`dictionary column ${name} is not u32`);
  for (let row = 0; row < column.length; row++) {
    if (column[row]! >= entries.length) {
      damaged(`row ${row} names entry ${column[row]} of ${entries.length} in ${name}`);
    }
  }
}

function count(read: Record<string, unknown>, name: string): number {
  const value = read[name];
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    return damaged(`its head says no sound ${name}`);
  }
  return value as number;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isType(name: string): name is TypeName {
  return Object.hasOwn(TYPES, name);
}

function damaged(what: string): never {
  throw new DamagedWindow(`the window of the log cannot be read: ${what}`);
}
