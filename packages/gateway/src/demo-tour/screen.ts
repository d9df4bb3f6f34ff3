/** Where the tour is told. Colours only where a person looks. */
export interface Screen {
  /** A piece of running text, as it comes. */
  write(text: string): void
  /** A line of its own. */
  line(text?: string): void
  /** The title of the next step. */
  title(text: string): void
  /** One chunk of an answer: where chunks end is made visible. */
  chunk(text: string, index: number): void
}

/** What a screen writes to; a terminal, a pipe or a file. */
export interface ScreenOutput {
  readonly isTTY?: boolean | undefined
  write(text: string): unknown
}

const CHUNK_COLOURS = ['\u001B[36m', '\u001B[33m']
const BOLD = '\u001B[1m'
const DIM = '\u001B[2m'
const PLAIN = '\u001B[0m'

/** A screen on `output`. `NO_COLOR` (no-color.org) turns colours off in a terminal too. */
export function createScreen(output: ScreenOutput, env: Readonly<Record<string, string | undefined>> = {}): Screen {
  const coloured = output.isTTY === true && !env['NO_COLOR']
  const paint = (colour: string, text: string): string => (coloured ? `${colour}${text}${PLAIN}` : text)
  const line = (text = ''): void => void output.write(`${text}\n`)
  return {
    write: (text) => void output.write(text),
    line,
    title(text) {
      line()
      line(paint(BOLD, text))
    },
    chunk: (text, index) =>
      void output.write(paint(CHUNK_COLOURS[index % CHUNK_COLOURS.length]!, text) + paint(DIM, '|')),
  }
}
