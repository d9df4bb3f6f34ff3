import { useEffect, useRef, useState } from 'react'

/** Screen readers need time for a sentence before the next one. */
const APART_MS = 1_000

/**
 * What a live region says of a text that grows: its whole sentences, some at a time. A region that changed with every token would
 * be read as stammering, or not at all.
 */
export function useSpoken(text: string, isBusy: boolean): string {
  const [spoken, setSpoken] = useState('')
  const latest = useRef(text)
  latest.current = text
  useEffect(() => {
    if (!isBusy) return setSpoken(latest.current)
    const timer = setInterval(() => setSpoken(wholeSentences(latest.current)), APART_MS)
    return () => clearInterval(timer)
  }, [isBusy])
  return text.startsWith(spoken) ? spoken : ''
}

export function wholeSentences(text: string): string {
  const end = [...text.matchAll(/[.!?。！？](?=\s)|\n/g)].at(-1)
  return end ? text.slice(0, end.index + 1) : ''
}
