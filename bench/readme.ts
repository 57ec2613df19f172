/** The table of the last full run stands between two comments of README.md. */
const begin = "<!-- bench: from here on written by `npm run bench -- --readme` -->";
const end = "<!-- bench: until here -->";

export function inReadme(readme: string, section: string): string {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`README.md has no ${begin} … ${end}`);
  return `${readme.slice(0, from + begin.length)}\n\n${section.trim()}\n\n${readme.slice(to)}`;
}
