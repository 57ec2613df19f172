/**
 * Bodies of migrations for the fuzz run: made of statements that are known to be legal, of those
 * that control a transaction, and of either with something broken in the middle.
 *
 * In a statement `~` stands for white space or a comment, `§` for a string, `¤` for an expression
 * and `@` for a number that no other statement of the body has.
 */
import * as fc from "fast-check";

/** What the statements below speak of; the server oracle makes it. */
export const schema = `
create table t (id int, name text, "we;ird" text);
create view v as select id from t;
create function fires() returns trigger language plpgsql as 'begin return new; end';`;

const blanks: readonly string[] = [
  " ",
  "\n",
  "\t",
  "\r\n",
  "\f ",
  "  \n  ",
  " /* ; */ ",
  "/* a /* ' ; commit; */ $$ \" b */",
  " -- ; ' $$ \" /* commit;\n",
  " -- é 😀 ;\r\n",
  "--;\r--;\n",
  "/*/**/;*/",
  "/***;***/ ",
  " /* \\ \u0001 \u001b[2J */ ",
];

const strings: readonly string[] = [
  "''",
  "'it''s; commit; -- no'",
  "'a\\'",
  "'\\''; commit; --'",
  "'/* ;'",
  "'a'\n';b'",
  "E'it\\'s; \\\\'",
  "e'\\\\'",
  "E'a'';commit;'",
  "E'a'\n'\\';'",
  "e'a;'\r\n \f\t'\\';'",
  "U&'d\\0061t\\+000061;'",
  "U&'d!0061;\\' UESCAPE '!'",
  "N'x;'",
  "$$a;b$$",
  "$$a'b;\"c$$",
  "$$ $ ;$a$ ; commit; $ $$",
  "$tag$ $$;$$ ; -- $tag$",
  "$x$ $tag$ ; $tag $tagx$ $x ;$x$",
  "$é1$;'$é$;$é1$",
  "$a$ $$a$",
  "'😀;é\u0001\u001b'",
  "'\r\n;\n'",
];

const expressions: readonly string[] = [
  "1",
  "-1",
  "1.5",
  "1e1",
  "(1)",
  "(select 1)",
  "(select max(id) from t)",
  "case when true then 1 else 2 end",
  "case 1 when 1 then case when false then 0 else 3 end end",
  "1 + /* ; */ 2 -- ;\n",
  "array[1, 2]",
  "coalesce(null, 1)",
  "1 case",
  "2 end",
  "3 begin",
  '4 as "commit;"',
  "5 as commit",
  "1 as end, 2 as case",
];

/** Each is legal in a transaction, beside any of the others. */
const legal: readonly string[] = [
  "select~¤",
  "select~§",
  "select~§~as~begin,~¤",
  "select~id,~§~from~t~where~name~=~§",
  "values~(1,~§),~(2,~§)",
  "with~x~as~(select~1)~select~*~from~x",
  "insert~into~t~values~(1,~§,~§)",
  "update~t~set~name~=~§~where~id~=~1",
  "delete~from~t~where~name~=~§",
  "create~table~t@~(a~int~default~1,~b~text~check~(b~<>~§))",
  "create~table~t@~as~select~1~as~a",
  'create~table~"commit;@"~("a""b"~int)',
  "create~temp~table~t@~(a~int)",
  "comment~on~table~t~is~'a;commit'",
  "create~view~v@~as~select~§::text~as~a",
  "create~index~i@~on~t~(id)~where~name~=~§",
  "create~rule~r@~as~on~insert~to~t~do~also~(select~1;~select~2)",
  "create~function~f@()~returns~int~begin~atomic~select~1;~end",
  "create~function~f@()~returns~int~begin~atomic~select~¤;~end",
  "create~or~replace~function~f@(a~int,~b~text)~returns~int~language~sql~begin~atomic~select~§;~select~¤;~end",
  "create~function~f@()~returns~int~begin~atomic~select~case~when~true~then~1~else~2~end~end;~select~1~case;~end",
  "create~function~f@()~returns~int~return~1",
  "create~procedure~p@()~begin~atomic~insert~into~t~(id)~values~(1);~delete~from~t;~end",
  "create~procedure~p@()~begin~atomic~end",
  "create~procedure~p@()~language~plpgsql~as~$p$ begin commit; end $p$",
  "create~function~begin@()~returns~text~language~sql~as~§",
  "create~function~f@()~returns~int~language~plpgsql~as~$f$ begin return 1; exception when others then return 2; end $f$",
  "create~trigger~begin@~before~insert~on~t~for~each~row~execute~function~fires(';')",
  "do~$$ begin perform 1; end; $$",
  "do~$a$ begin execute $b$ select ';commit;' $b$; end $a$",
  "do~language~plpgsql~'begin null; end'",
  "explain~select~1",
  "explain~(costs~off)~delete~from~t",
  "prepare~p@~as~select~1",
  "declare~c@~cursor~for~select~1",
  "lock~table~t~in~share~mode",
  "set~search_path~=~public,~'a;b'",
  "set~local~work_mem~=~'1MB'",
  "set~work_mem~to~'2MB'",
  "select~set_config('search_path',~'',~false)",
  "alter~table~t~add~column~c@~text~default~§",
  "truncate~t",
  "analyze~t",
  "notify~c,~';'",
  "grant~select~on~t~to~public",
  "create~type~e@~as~enum~('a;',~'b')",
  "create~schema~s@~create~table~a~(b~int)~create~view~w~as~select~';'~as~x",
  "create~domain~d@~as~text~check~(value~<>~';')",
  "copy~(select~1)~to~'/dev/null'",
  "copy~t~from~'/dev/null'~with~(delimiter~';')",
  "create~table~end_of_t@~()",
  "create~table~commit@~()",
];

/** Each leaves the transaction, or would have lacuna's proof undone. */
const controlling: readonly string[] = [
  "commit",
  "COMMIT~work",
  "commit~and~chain",
  "commit~and~no~chain",
  "end",
  "end~transaction",
  "rollback",
  "abort",
  "begin",
  "begin~isolation~level~serializable",
  "start~transaction",
  "START~TRANSACTION~read~only",
  "savepoint~a",
  "release~a",
  "rollback~to~a",
  "prepare~transaction~'g'",
  "commit~prepared~'g'",
  "rollback~prepared~'g'",
];

const fragments: readonly string[] = [
  "'",
  "''",
  '"',
  "$$",
  "$a$",
  "$p$",
  "/*",
  "*/",
  "--",
  "--\n",
  "\n",
  "\r",
  "\\",
  "\\'",
  "E'",
  "U&'",
  "(",
  ")",
  "[",
  "]",
  ";",
  ";;",
  " case ",
  " end ",
  ";end",
  " begin atomic ",
  " as ",

  ";commit;",
  "; commit --",
  "commit",
  " rollback;",
  "'; commit; --",
  "*/; commit; /*",
  "1e",
  "$1",

  "\\i x\n",
  "\\.\n",
  "\\;",
  "x",
  "é",
  "😀",
  "\u0001",
  "\u00a0",
  "\ufeff",
  "0x",
  "1_0",
  ".",
  ",",

  "create function g() returns int begin atomic ",
  "create procedure begin() ",
  "$é$",
  "e",
  "E",
];

/** Beyond what is parsed, and beyond the parser's stack. */
const long = "x".repeat(140_000);
const deep = `select ${"1+".repeat(20_000)}1`;
const pads: readonly string[] = [`/*${long}*/`, `--${long}\n`];
const heavy: readonly string[] = [
  `select '${long}'`,
  deep,
  `insert into t (name) values ($$${long}$$)`,
];

interface Choice {
  readonly template: string;
  readonly places: readonly number[];
}

const choices = (templates: readonly string[]): fc.Arbitrary<Choice> =>
  fc.record({
    template: fc.constantFrom(...templates),
    places: fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 8 }),
  });

const frame = fc.record({
  pair: fc.constantFrom(false, false, false, false, true),
  separators: fc.array(fc.constantFrom(";", ";", ";\n", " ;\r\n", ";;", "; ; "), {
    minLength: 1,
    maxLength: 4,
  }),
  head: fc.constantFrom("", "", "-- it's\n", "/* ; */", ";", "\n"),
  tail: fc.constantFrom("", "", ";", ";\n", "; -- the end", "-- it's the end", "/* ; */", ";;"),
  weight: fc.nat(999),
});

interface Frame {
  readonly pair: boolean;
  readonly separators: readonly string[];
  readonly head: string;
  readonly tail: string;
  readonly weight: number;
}

/** Every body of it is to be accepted. */
export const legalBody: fc.Arbitrary<string> = fc
  .tuple(frame, fc.array(choices(legal), { minLength: 1, maxLength: 5 }))
  .map(([around, parts]) => written(around, parts));

/** Bodies with statements among them that control a transaction. */
export const controllingBody: fc.Arbitrary<string> = fc
  .tuple(
    frame,
    fc.array(fc.oneof(choices(legal), choices(controlling)), { minLength: 1, maxLength: 5 }),
  )
  .map(([around, parts]) => written(around, parts));

const mutation = fc.record({
  kind: fc.constantFrom("insert", "insert", "insert", "delete", "repeat", "replace"),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat(12),
  fragment: fc.constantFrom(...fragments),
});

export const brokenBody: fc.Arbitrary<string> = fc
  .tuple(fc.oneof(legalBody, controllingBody), fc.array(mutation, { minLength: 1, maxLength: 5 }))
  .map(([body, mutations]) => mutations.reduce(mutated, body));

function written(
  { pair, separators, head, tail, weight }: Frame,
  parts: readonly Choice[],
): string {
  const which = parts[0]?.places[0] ?? 0;
  const texts = parts.map(({ template, places }, index) => filled(template, places, index));
  // fast-check prefers the smallest numbers, and these cases are dear.
  if (weight === 500) texts.splice(which % texts.length, 0, heavy[which % heavy.length] ?? "");
  if (weight === 501) {
    const [first = ""] = texts;
    texts[0] = first.replace(/ /, () => pads[which % pads.length] ?? "");
  }
  const whole = pair ? ["begin", ...texts, "commit"] : texts;
  const body = whole
    .map((text, index) =>
      index === 0 ? text : (separators[index % separators.length] ?? ";") + text,
    )
    .join("");
  return head + body + tail;
}

function filled(template: string, places: readonly number[], index: number): string {
  let place = 0;
  const pick = (from: readonly string[]): string => {
    const chosen = places[place++ % places.length] ?? 0;
    // Another one each time that the choices come round.
    return from[(chosen + Math.floor(place / places.length)) % from.length] ?? "";
  };
  return template.replaceAll(/[~§¤@]/g, (sign) => {
    if (sign === "~") return pick(blanks);
    if (sign === "@") return String(index);
    return pick(sign === "§" ? strings : expressions);
  });
}

interface Mutation {
  readonly kind: string;
  readonly at: number;
  readonly length: number;
  readonly fragment: string;
}

function mutated(body: string, { kind, at, length, fragment }: Mutation): string {
  const from = Math.floor(at * body.length);
  const [before, cut, behind] = [
    body.slice(0, from),
    body.slice(from, from + length),
    body.slice(from),
  ];
  if (kind === "insert") return before + fragment + behind;
  if (kind === "repeat") return before + cut + behind;
  return before + (kind === "replace" ? fragment : "") + body.slice(from + length);
}
