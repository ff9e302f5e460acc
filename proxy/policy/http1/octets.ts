// Which bytes may stand where in a message's head (RFC 9110 §5, RFC 9112 §3), as tables with one entry per byte: 1 where
// it may. Stricter than most: a target has visible ASCII only, so that no two readers can take it for different ones.

const TAB = 9;
const SPACE = 32;
const DELETE = 127;

/** tchar: methods and names of fields. */
export const TOKEN: Uint8Array = table(
  (byte) => isAlphanumeric(byte) || "!#$%&'*+-.^_`|~".includes(char(byte)),
);

/** Values of fields: visible characters, blanks, and bytes above ASCII that nobody interprets. */
export const FIELD_VALUE: Uint8Array = table((byte) => byte === TAB || (byte >= SPACE && byte !== DELETE));

/** Request targets: visible ASCII. */
export const TARGET: Uint8Array = table((byte) => byte > SPACE && byte < DELETE);

/** The value of a hexadecimal digit; 16 for anything else. */
export const HEX_DIGIT: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = "0123456789abcdef".indexOf(char(byte).toLowerCase());
  return digit < 0 || byte > DELETE ? 16 : digit;
});

export const CARRIAGE_RETURN = 13;
export const LINE_FEED = 10;
export const COLON = 58;

export function isBlank(byte: number | undefined): boolean {
  return byte === 32 || byte === 9;
}

function table(isAllowed: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => Number(isAllowed(byte)));
}

function isAlphanumeric(byte: number): boolean {
  return byte < 128 && /[0-9A-Za-z]/.test(char(byte));
}

function char(byte: number): string {
  return String.fromCharCode(byte);
}
