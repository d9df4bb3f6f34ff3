/** Says it where it is not said already: what stays the same is not laid out anew, nor read out again. */
export function show(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** The same, in the colour of trouble or not. */
export function tell(element: HTMLElement, text: string, isBad = false): void {
  show(element, text)
  element.classList.toggle('bad', isBad)
}

/** Terms and what stands beside them, in place; they are made the first time. */
export function showTerms(list: HTMLElement, terms: readonly (readonly [term: string, value: string])[]): void {
  for (const [index, [term, value]] of terms.entries()) {
    const row = list.children[index] ?? list.appendChild(newRow())
    show(row.children[0] as HTMLElement, term)
    show(row.children[1] as HTMLElement, value)
  }
}

function newRow(): HTMLElement {
  const row = document.createElement('div')
  row.append(document.createElement('dt'), document.createElement('dd'))
  return row
}
