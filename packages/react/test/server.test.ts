import { useTokenStream } from '@sluice/react'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { expect, test } from 'vitest'

import { TextBlocks } from '../src/text-blocks.ts'

function Answer() {
  const { status, text, isBusy } = useTokenStream({ key: 'chat-1' })
  return createElement('p', { 'aria-busy': isBusy }, `${status}: ${text}`)
}

test('a server renders what a page shows before anything was asked, and connects to nothing', () => {
  expect(renderToString(createElement(Answer))).toBe('<p aria-busy="false">idle: </p>')
})

test('blocks and tail are the text, and a block that is finished stays the same', () => {
  const text = new TextBlocks()
  const pieces = ['One', ' paragraph.\n', '\nTwo', ' words. '.repeat(1_000), 'x', '\n\n\n\nThree']
  for (const piece of pieces) {
    const { blocks } = text
    text.add(piece)
    expect(text.blocks.slice(0, blocks.length)).toEqual(blocks)
  }
  expect(text.blocks.join('') + text.tail).toBe(pieces.join(''))
  expect([text.blocks[0], text.tail]).toEqual(['One paragraph.\n\n', 'Three'])
  text.clear()
  expect([text.blocks, text.tail]).toEqual([[], ''])
})

test('text without any white space is not cut', () => {
  const text = new TextBlocks()
  text.add('x'.repeat(10_000))
  expect([text.blocks, text.tail.length]).toEqual([[], 10_000])
})
