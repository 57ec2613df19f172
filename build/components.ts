/** Something that is inside an executable and was made by others. */
export interface Component {
  readonly name: string;
  /** Undefined where what contains it does not tell. */
  readonly version: string | undefined;
  /** An SPDX expression, or the words of who contains it. */
  readonly licence: string;
  /** Who has to be named beside a text that names nobody. */
  readonly copyright?: readonly string[];
  readonly website?: string;
  /** Its own text, where there is one. */
  readonly text?: string;
}

/** One that comes as a package, with what was compiled into it. */
export interface ComponentWithParts extends Component {
  readonly parts: readonly Component[];
}
