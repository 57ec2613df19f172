/**
 * What is compiled into the packages that are compiled: npm's metadata do not know of it. Each
 * entry is looked for in the package's files, so that one that is there no longer, or in another
 * version, cannot stay in the list. What comes anew has to be found by who updates the package.
 *
 * Sources: the configuration that PGlite's PostgreSQL has inside ("--with-libxml …"), the sources
 * that its source maps name, and the folder vendor/ of libpg_query.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Component } from "./components.ts";
import { Failure } from "./failure.ts";

interface Compiled extends Omit<Component, "version" | "text"> {
  /** Where it shows: files below the package's code, and what one of them says: the version, if any. */
  readonly shows: readonly [files: RegExp, words: RegExp];
}

const folders = {
  "@electric-sql/pglite": "dist",
  "libpg-query": "wasm",
} as const;

export type CompiledPackage = keyof typeof folders;

export const compiledPackages: readonly CompiledPackage[] = ["@electric-sql/pglite", "libpg-query"];

const postgres = {
  name: "PostgreSQL",
  licence: "PostgreSQL",
  copyright: [
    "Portions Copyright (c) 1996-2025, PostgreSQL Global Development Group",
    "Portions Copyright (c) 1994, The Regents of the University of California",
    "Regular expressions: Copyright (c) 1998, 1999 Henry Spencer",
  ],
  website: "https://www.postgresql.org/",
};

const emscripten = {
  name: "Emscripten's system libraries (musl, libc++, compiler-rt)",
  licence: "MIT AND Apache-2.0 WITH LLVM-exception",
  copyright: [
    "Copyright (c) 2010-2014 Emscripten authors",
    "musl: Copyright (c) 2005-2020 Rich Felker, et al.",
  ],
  website: "https://emscripten.org/",
};

const compiled: Readonly<Record<CompiledPackage, readonly Compiled[]>> = {
  "@electric-sql/pglite": [
    { ...postgres, shows: [/^pglite\.wasm$/, /PostgreSQL (\d+\.\d+) \(PGlite/] },
    {
      name: "Snowball",
      licence: "BSD-3-Clause",
      copyright: ["Copyright (c) 2001, Dr Martin Porter", "Copyright (c) 2002, Richard Boulton"],
      website: "https://snowballstem.org/",
      shows: [/^pglite\.js$/, /dict_snowball\.so/],
    },
    {
      name: "ICU",
      licence: "Unicode-3.0",
      copyright: ["Copyright (c) 2016-2024 Unicode, Inc."],
      website: "https://icu.unicode.org/",
      shows: [/^pglite\.wasm$/, /\/icu\/(\d+\.\d+)\0/],
    },
    {
      name: "zlib",
      licence: "Zlib",
      copyright: ["Copyright (c) Jean-loup Gailly and Mark Adler"],
      website: "https://zlib.net/",
      shows: [/^pglite\.wasm$/, /-lxml2 -lz /],
    },
    {
      name: "libxml2",
      licence: "MIT",
      copyright: ["Copyright (c) 1998-2012 Daniel Veillard"],
      website: "https://gitlab.gnome.org/GNOME/libxml2",
      shows: [/^pglite\.wasm$/, /program compiled against libxml/],
    },
    {
      name: "libxslt",
      licence: "LicenseRef-libxslt",
      website: "https://gitlab.gnome.org/GNOME/libxslt",
      shows: [/^pglite\.wasm$/, /fake node libxslt/],
    },
    {
      name: "OpenSSL",
      licence: "Apache-2.0",
      copyright: ["Copyright (c) The OpenSSL Project Authors"],
      website: "https://www.openssl.org/",
      shows: [/^pgcrypto\.tar\.gz$/, /OpenSSL (\d+\.\d+\.\d+) /],
    },
    {
      name: "OSSP uuid",
      licence: "LicenseRef-OSSP-uuid",
      website: "http://www.ossp.org/pkg/lib/uuid/",
      shows: [/^uuid-ossp\.tar\.gz$/, /OSSP uuid\/(\d+\.\d+\.\d+)/],
    },
    { ...emscripten, shows: [/^pglite\.wasm$/, /emulating GNU ld\) (\d+\.\d+\.\d+)/] },
    {
      name: "tinytar",
      licence: "MIT",
      copyright: ["Copyright (c) 2016 Levko Kravets"],
      website: "https://github.com/kravets-levko/tinytar",
      shows: [/\.js\.map$/, /\/tinytar@(\d+\.\d+\.\d+)\//],
    },
    {
      name: "async-mutex",
      licence: "MIT",
      copyright: ["Copyright (c) 2016 Christian Speckner"],
      website: "https://github.com/DirtyHairy/async-mutex",
      shows: [/\.js\.map$/, /\/async-mutex@(\d+\.\d+\.\d+)\//],
    },
    {
      name: "pg-protocol",
      licence: "MIT",
      copyright: ["Copyright (c) 2010 - 2021 Brian Carlson"],
      website: "https://github.com/brianc/node-postgres",
      shows: [/\.js\.map$/, /pg-protocol\/src\/parser\.ts/],
    },
  ],
  "libpg-query": [
    {
      name: "libpg_query",
      licence: "BSD-3-Clause",
      copyright: ["Copyright (c) 2015-2023, Lukas Fittl"],
      website: "https://github.com/pganalyze/libpg_query",
      shows: [/^libpg-query\.wasm$/, /pg_query\.ScanResult/],
    },
    { ...postgres, shows: [/^libpg-query\.wasm$/, /postgres-(\d+)\0/] },
    {
      name: "protobuf-c",
      licence: "BSD-2-Clause",
      copyright: ["Copyright (c) 2008-2019, Dave Benson and the protobuf-c authors"],
      website: "https://github.com/protobuf-c/protobuf-c",
      shows: [/^libpg-query\.wasm$/, /vendor\/protobuf-c\//],
    },
    {
      name: "xxHash",
      licence: "BSD-2-Clause",
      copyright: ["Copyright (c) 2012-2020 Yann Collet"],
      website: "https://github.com/Cyan4973/xxHash",
      shows: [/^libpg-query\.js$/, /_wasm_fingerprint/],
    },
    { ...emscripten, shows: [/^libpg-query\.js$/, /HEAPU8/] },
  ],
};

/** @param folder The package's folder. @throws Failure where one does not show. */
export function compiledInto(name: CompiledPackage, folder: string): readonly Component[] {
  const code = join(folder, folders[name]);
  const names = readdirSync(code).toSorted();
  const texts = new Map<string, string>();
  const textOf = (file: string): string => {
    const text = texts.get(file) ?? textIn(join(code, file));
    texts.set(file, text);
    return text;
  };
  return compiled[name].map(({ shows: [files, words], ...component }) => {
    for (const file of names.filter((one) => files.test(one))) {
      const found = words.exec(textOf(file));
      if (found !== null)
        return { ...component, version: found[1], ...ownText(component.name, code) };
    }
    throw new Failure(
      `${component.name} no longer shows in ${name}: ${String(words)} in ${String(files)}`,
      "look what the package is made of now, and say it in build/compiled.ts",
    );
  });
}

/** Every byte is a character. */
function textIn(path: string): string {
  const bytes = readFileSync(path);
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("latin1");
}

/** PGlite carries ICU's licence, with those of what ICU contains, in its file system. */
function ownText(name: string, code: string): { readonly text?: string } {
  if (name !== "ICU") return {};
  const place = /"\/pglite\/icu\/LICENSE",start:(\d+),end:(\d+)/.exec(
    readFileSync(join(code, "pglite.js"), "utf8"),
  );
  if (place === null)
    throw new Failure(
      "PGlite no longer carries ICU's licence",
      "say in build/compiled.ts where it is",
    );
  const bytes = readFileSync(join(code, "pglite.data"));
  return { text: bytes.subarray(Number(place[1]), Number(place[2])).toString("utf8") };
}
