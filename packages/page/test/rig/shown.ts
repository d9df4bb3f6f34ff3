import type { Tab } from './person.ts'

/** Of the page: the text of a pane, what is said of it, one of its figures. */
export const textIn = (name: string): string => `document.querySelector('#pane-${name} .text').textContent`
export const stateOf = (name: string): string => `document.querySelector('#pane-${name} .state').textContent`
export const figureOf = (name: string, term: string): string =>
  `[...document.querySelectorAll('#pane-${name} .figures div')].find((row) => row.children[0].textContent === ${JSON.stringify(term)}).children[1].textContent`

/** Until a pane shows all of a text. */
export const untilShown = (tab: Tab, name: string, text: string): Promise<void> =>
  tab.until(`${textIn(name)} === ${JSON.stringify(text)}`)

/** Until something is said of a pane. */
export const untilSaid = (tab: Tab, name: string, words: string): Promise<void> =>
  tab.until(`${stateOf(name)}.includes(${JSON.stringify(words)})`)

/** Until the timeline says so; it is told anew a few times a second. */
export const untilPlotted = (tab: Tab, words: string): Promise<void> =>
  tab.until(`document.querySelector('#timeline').ariaLabel.includes(${JSON.stringify(words)})`)

/** Until nothing of the run is shown anew any more. */
export const untilSettled = (tab: Tab): Promise<void> => tab.until(`document.querySelector('#stop').disabled`)
