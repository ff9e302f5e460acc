// A tar archive (POSIX ustar) that depends on nothing but its content: no times, no owners, and the entries in the order
// of their names. The same files give the same bytes, hence the same digest, on every machine.

export interface TarFile {
  /** Without a leading slash. */
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
}

const BLOCK_BYTES = 512;
/** ustar splits a path in two fields of these lengths, at a slash. */
const NAME_BYTES_MAX = 100;
const PREFIX_BYTES_MAX = 155;
/** Eleven octal digits. */
const CONTENT_BYTES_MAX = 8 ** 11 - 1;

/**
 * The files and the folders above them.
 *
 * @throws Error for a path that ustar cannot hold, and for a path given twice.
 */
export function tarArchive(files: readonly TarFile[]): Buffer {
  const entries = new Map<string, TarFile>();
  for (const file of files) {
    if (entries.has(file.path)) throw new Error(`${file.path} is in the archive twice`);
    entries.set(file.path, file);
    for (const folder of foldersAbove(file.path)) {
      entries.set(folder, { path: folder, content: Buffer.alloc(0), mode: 0o755 });
    }
  }
  const parts = [...entries.values()]
    .sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
    .flatMap((entry) => [header(entry), entry.content, paddingAfter(entry.content)]);
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK_BYTES)]);
}

function foldersAbove(path: string): readonly string[] {
  const names = path.split("/").filter((name) => name !== "");
  return Array.from({ length: names.length - 1 }, (_, index) => `${names.slice(0, index + 1).join("/")}/`);
}

function header({ path, content, mode }: TarFile): Buffer {
  if (content.length > CONTENT_BYTES_MAX) throw new Error(`${path} is too long for a tar archive`);
  const block = Buffer.alloc(BLOCK_BYTES);
  const { prefix, name } = splitPath(path);
  block.write(name, 0);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(content.length, 11), 124);
  block.write(octal(0, 11), 136);
  // The sum is taken with spaces where it will stand.
  block.write(" ".repeat(8), 148);
  block.write(path.endsWith("/") ? "5" : "0", 156);
  block.write("ustar\u000000", 257);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148);
  return block;
}

function splitPath(path: string): { readonly prefix: string; readonly name: string } {
  if (Buffer.byteLength(path) <= NAME_BYTES_MAX) return { prefix: "", name: path };
  for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
    if (
      name !== "" &&
      Buffer.byteLength(name) <= NAME_BYTES_MAX &&
      Buffer.byteLength(prefix) <= PREFIX_BYTES_MAX
    )
      return { prefix, name };
  }
  throw new Error(`${path} is too long a path for a tar archive`);
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, "0")}\u0000`;
}

function paddingAfter({ length }: Buffer): Buffer {
  return Buffer.alloc((BLOCK_BYTES - (length % BLOCK_BYTES)) % BLOCK_BYTES);
}
