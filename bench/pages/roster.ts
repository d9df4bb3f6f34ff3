/** A way to paint a stream of events into `#answer`. */
export interface PageContestant {
  readonly name: string
  /** What the page runs; its value is a promise that settles once all is painted. */
  readonly script: string
}

/** What one writes without thinking twice: an EventSource, and a change of the page for each token. */
function perToken(change: string): string {
  return `new Promise((painted) => {
    const answer = document.querySelector('#answer')
    const source = new EventSource('/stream')
    source.addEventListener('text', ({ data }) => {
      const token = JSON.parse(data).text
      ${change}
    })
    source.addEventListener('end', () => {
      source.close()
      requestAnimationFrame(() => setTimeout(painted))
    })
  })`
}

export const TEXT_CONTENT: PageContestant = { name: 'textContent +=', script: perToken('answer.textContent += token') }
export const APPEND: PageContestant = { name: 'append', script: perToken('answer.append(token)') }
export const PAINT: PageContestant = {
  name: 'sluice',
  script: `import('/client.js').then(({ start, paint }) => paint(start('/stream'), document.querySelector('#answer')).done)`,
}

export const PAGE_CONTESTANTS: readonly PageContestant[] = [TEXT_CONTENT, APPEND, PAINT]
