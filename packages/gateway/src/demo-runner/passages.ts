import { ar } from './texts/ar.ts'
import { de } from './texts/de.ts'
import { el } from './texts/el.ts'
import { emoji } from './texts/emoji.ts'
import { en } from './texts/en.ts'
import { hi } from './texts/hi.ts'
import { ja } from './texts/ja.ts'
import { ko } from './texts/ko.ts'
import { ru } from './texts/ru.ts'
import { th } from './texts/th.ts'
import { zh } from './texts/zh.ts'

/** Names of the passages that the demo runner can say. */
export const PASSAGE_NAMES = ['en', 'de', 'ru', 'el', 'zh', 'ja', 'ko', 'ar', 'hi', 'th', 'emoji'] as const

/** Name of a passage: a language, or `emoji`. */
export type PassageName = (typeof PASSAGE_NAMES)[number]

/** Public-domain passages in many scripts: between them, every way in which tokens cut through characters. */
export const PASSAGES: Readonly<Record<PassageName, string>> = { en, de, ru, el, zh, ja, ko, ar, hi, th, emoji }
