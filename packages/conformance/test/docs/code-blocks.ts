/** A fenced block of a Markdown text. */
export interface CodeBlock {
  /** First word after the fence: `ts`, `sh`, `text`. */
  readonly language: string
  /** The second one, which says what the tests do with it: `run`, `serve`, `walk`. */
  readonly role: string
  /** The third one: the file that the block is. */
  readonly file: string
  readonly text: string
  /** Line of the opening fence, from 1. */
  readonly line: number
  /** What the block prints: the `text` block that follows it, if one follows. */
  readonly output: string | undefined
}

/** Every fenced block, in order. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const found = [...markdown.matchAll(/^```(\w*)[ \t]*(\w*)[ \t]*([\w.-]*)[ \t]*\n([\s\S]*?)^```[ \t]*$/gm)]
  return found.map((match, index) => {
    const [, language = '', role = '', file = '', text = ''] = match
    const next = found[index + 1]
    return {
      language,
      role,
      file,
      text,
      line: markdown.slice(0, match.index).split('\n').length,
      output: language !== 'text' && next?.[1] === 'text' ? next[4] : undefined,
    }
  })
}
