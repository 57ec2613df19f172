import { exitCodeOf } from "../core/explain/explain.ts";
import type { ExitCode } from "../core/problem.ts";
import type { Event } from "../events.ts";
import type { Outcome } from "../outcome.ts";
import type { OutputMode, Talk } from "../request.ts";
import type { Output } from "./output.ts";
import { jsonRenderer } from "./render-json.ts";
import { textRenderer } from "./render-text.ts";

/** Nothing is printed but here. */
export interface Renderer {
  event(event: Event): void;
  outcome(outcome: Outcome, exitCode: ExitCode): void;
}

export interface Style {
  readonly talk: Talk;
  /** The command, as JSON documents name it. */
  readonly command: string;
  readonly color: boolean;
}

export function rendererFor(mode: OutputMode, output: Output, style: Style): Renderer {
  return mode === "json" ? jsonRenderer(output, style) : textRenderer(output, style);
}

export function exitCodeOfOutcome(outcome: Outcome): ExitCode {
  if (outcome.kind === "stopped") return outcome.signal === "SIGINT" ? 130 : 143;
  return exitCodeOf("problems" in outcome ? outcome.problems : []);
}
