/**
 * Text as roff reads it. A hyphen is a hyphen in prose, and `\-`, which can be copied to a command
 * line, in code; a line that begins with a dot or a quote would be a request.
 * https://man7.org/linux/man-pages/man7/groff_man_style.7.html
 */

/** Text in the notation of the help, in lines that are filled. */
export function prose(text: string): string {
  const roff = text
    .split("`")
    .map((part, index) => (index % 2 === 1 ? bold(part) : plain(part)))
    .join("");
  return filled(roff);
}

export function bold(text: string): string {
  return `\\fB${code(text)}\\fP`;
}

export function italic(text: string): string {
  return `\\fI${code(text)}\\fP`;
}

/** Behind it, the first line is the term and what follows is what it means. */
export function term(line: string, about: string): string {
  return `.TP\n${guarded(line)}\n${about}`;
}

/** @param text Between the quotes of a request's argument. */
export function heading(request: "SH" | "SS", text: string): string {
  return `.${request} "${code(text)}"`;
}

/** Paths, flags and URLs are code wherever they stand. */
function plain(text: string): string {
  return text.replaceAll(/\S+/g, (word) =>
    /[/_=<>$]|^\W*-/.test(word) ? code(word) : escaped(word),
  );
}

function code(text: string): string {
  return escaped(text).replaceAll("-", "\\-").replaceAll("'", "\\(aq").replaceAll('"', "\\(dq");
}

const special: Readonly<Record<string, string>> = {
  "\\": "\\(rs",
  "^": "\\(ha",
  "~": "\\(ti",
  "`": "\\(ga",
};

function escaped(text: string): string {
  return text.replaceAll(
    /[\\^~`]|[^\u0000-\u007f]/gu,
    (char) => special[char] ?? `\\[u${codePoint(char)}]`,
  );
}

function codePoint(char: string): string {
  return (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
}

function filled(roff: string): string {
  const lines: string[] = [];
  for (const word of roff.split(/\s+/)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map(guarded).join("\n");
}

// mandoc complains of lines above 80.
const width = 76;

function guarded(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}
