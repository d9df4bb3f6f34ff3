/** Where text is painted: an element, or a function that is given each piece. */
export type PaintTarget = Element | ((piece: string) => void)

/** The most that one text node holds before another one is begun, at the next white space: longer ones cost more each time. */
const NODE_CHARS = 2_048
/** The least that is laid out together, where lines are shown: a finished block need not be looked at again. */
const BLOCK_CHARS = 256

/** Gives what adds a piece to the target, and takes a placeholder away with the first one. */
export function createWriter(target: PaintTarget, placeholder: string | Node | undefined): (piece: string) => void {
  if (typeof target === 'function') return target
  let stands: ChildNode | null | undefined
  if (placeholder) {
    target.append(placeholder)
    stands = target.lastChild
  }
  let parent = target
  let node: Text | undefined
  let isDivided: boolean | undefined
  return (piece) => {
    stands?.remove()
    let rest = piece
    const lineEnd = node && node.length > BLOCK_CHARS && piece.lastIndexOf('\n') + 1
    if (lineEnd && (isDivided ??= showsLines(target))) {
      node!.appendData(piece.slice(0, lineEnd))
      rest = piece.slice(lineEnd)
      node = undefined
      target.append((parent = document.createElement('div')))
    }
    if (node && (node.length < NODE_CHARS || !/^\s/.test(rest))) node.appendData(rest)
    else parent.append((node = new Text(rest)))
  }
}

/** Whether a block that begins with a line looks as if there were none: of what no such line shows, or is laid out otherwise. */
function showsLines(target: Element): boolean {
  const { whiteSpace, display } = getComputedStyle(target)
  return /^(pre|break).*(block|root|item|cell)/.test(whiteSpace + display)
}
