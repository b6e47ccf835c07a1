/** Where a picture is drawn again and again (process.stderr has it). */
export interface Screen {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

const ESCAPE = "\u001b[";
const HIDE_CURSOR = `${ESCAPE}?25l`;
const SHOW_CURSOR = `${ESCAPE}?25h`;
const CLEAR_LINE = `${ESCAPE}K`;
const CLEAR_BELOW = `${ESCAPE}J`;

/** Draws frames over one another in a terminal, with plain ANSI sequences, and leaves the last one standing. */
export class Terminal {
  readonly #screen: Screen;
  #drawn = 0;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Width for the frames' lines. A line as wide as the terminal would wrap in some. */
  get columns(): number {
    return (this.#screen.columns ?? 120) - 1;
  }

  draw(frame: readonly string[]): void {
    // Lines that scrolled out of the terminal cannot be drawn over, so no more than fit.
    const lines = frame.slice(0, Math.max(1, (this.#screen.rows ?? 50) - 1));
    const up = this.#drawn === 0 ? HIDE_CURSOR : `${ESCAPE}${this.#drawn}F`;
    this.#screen.write(`${up}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join("")}${CLEAR_BELOW}`);
    this.#drawn = lines.length;
  }

  /** Gives the cursor back. Drawing afterwards begins a new picture below. */
  release(): void {
    if (this.#drawn === 0) return;
    this.#screen.write(SHOW_CURSOR);
    this.#drawn = 0;
  }
}
