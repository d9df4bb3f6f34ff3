import type { SseDecoder } from '../../rig/decoder.ts'

/** Cuts at `\n\n` and takes all of a block for data, if the block begins with it. */
export const blockReader: SseDecoder = {
  name: 'block reader',
  original:
    "by hand: `for (const block of text.split('\\n\\n')) if (block.startsWith('data: ')) JSON.parse(block.slice(6))`",
  ids: false,
  begin() {
    const decoder = new TextDecoder()
    let begun = ''
    return {
      push(piece) {
        const blocks = (begun + decoder.decode(piece, { stream: true })).split('\n\n')
        begun = blocks.pop()!
        return blocks
          .filter((block) => block.startsWith('data: '))
          .map((block) => ({ event: '', data: block.slice(6), id: '' }))
      },
      end: () => [],
      lastEventId: '',
    }
  },
}
