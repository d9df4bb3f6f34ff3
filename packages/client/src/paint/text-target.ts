/** Where text is painted: an element, or a function that is given each piece. */
export type PaintTarget = Element | ((piece: string) => void)

/** The most that one text node holds before another one is begun, at the next white space: longer ones cost more each time. */
const NODE_CHARS = 2_048

/** Gives what adds a piece to the target, and takes a placeholder away with the first one. */
export function createWriter(target: PaintTarget, placeholder: string | Node | undefined): (piece: string) => void {
  if (typeof target === 'function') return target
  const page = target.ownerDocument
  const stands = typeof placeholder === 'string' ? page.createTextNode(placeholder) : placeholder
  if (stands) target.append(stands)
  let node: Text | undefined
  return (piece) => {
    ;(stands as ChildNode | undefined)?.remove()
    if (node && (node.length < NODE_CHARS || !/^\s/.test(piece))) node.appendData(piece)
    else target.append((node = page.createTextNode(piece)))
  }
}
