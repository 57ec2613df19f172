import type { DriftOutcome } from "../outcome.ts";
import { mayComeFrom } from "./drift-text.ts";
import { type Json, migrationJson } from "./json-parts.ts";

export function driftFields(outcome: DriftOutcome): Json {
  const { database, serverVersion, applied, replayed, drift, notes, unreplayed } = outcome;
  return {
    database,
    serverVersion,
    applied,
    replayed,
    findings: drift.findings.map(({ expected, actual, ...finding }) => ({
      ...finding,
      expected: expected ?? null,
      actual: actual ?? null,
    })),
    toldApart: drift.toldApart.map(({ expected, actual, ...one }) => ({
      ...one,
      expected: expected ?? null,
      actual: actual ?? null,
    })),
    columnOrders: drift.columnOrders,
    ignored: drift.ignored,
    notReplayed: unreplayed.map(({ migration, reason }) => ({
      ...migrationJson(migration),
      reason,
    })),
    notes: notes.map(({ code, entry }) => ({ code, version: entry.version })),
    mayComeFrom: mayComeFrom(outcome),
  };
}
