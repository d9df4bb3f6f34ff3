/**
 * Written for sluice, public domain. Every way in which one visible sign is made of many code points: ZWJ families,
 * flags of regional indicators and of tags, skin tones, keycaps, variation selectors, combining marks.
 */
export const emoji: string = `Good morning! ☀️ Our family is back from the market: 👨‍👩‍👧‍👦 with two baskets 🧺🧺, the neighbours 👩‍👩‍👦 and 👨‍👨‍👧‍👧 came along, and grandma 👵🏽 waved 👋🏿 from the window. 🏡

The football team ⚽ has friends everywhere: 🇩🇪 🇫🇷 🇯🇵 🇧🇷 🇰🇷 🇹🇭 🇺🇦 🇿🇦, from England 🏴󠁧󠁢󠁥󠁮󠁧󠁿, Scotland 🏴󠁧󠁢󠁳󠁣󠁴󠁿 and Wales 🏴󠁧󠁢󠁷󠁬󠁳󠁿, and one pirate 🏴‍☠️ who scored 3️⃣ goals. The crowd cheered 🙌🏻🙌🏼🙌🏽🙌🏾🙌🏿 for a minute and did not stop.

At work we need many hands: a doctor 👩🏾‍⚕️, a pilot 👨🏻‍✈️, an astronaut 🧑🏽‍🚀, a cook 🧑‍🍳, a firefighter 👩🏼‍🚒, a judge 🧑🏿‍⚖️ and somebody who fixes the computer 👩‍💻 when it says 💥 again. They shake hands 🤝🏽, also like this: 🫱🏻‍🫲🏿. Two hearts, one plain ❤️ and one on fire ❤️‍🔥; two people in love 👩‍❤️‍💋‍👨; one rainbow flag 🏳️‍🌈 and one transgender flag 🏳️‍⚧️.

Press #️⃣ or *️⃣, then 1️⃣ 2️⃣ 3️⃣, and mind the signs: ©️ ®️ ™️ ▶️ ↔️ ♻️. Text style ☎︎ and emoji style ☎️ differ by one selector. Accents may come late, too: café or cafe\u0301, naïve or nai\u0308ve, Z̸̢͠ä̴́l̷̈g̵̀o̶͘.

A black cat 🐈‍⬛, a polar bear 🐻‍❄️, a service dog 🐕‍🦺 and a phoenix 🐦‍🔥 go into a bar 🍺. “What is this,” says the barkeeper 🧔🏻‍♂️, “a Unicode meeting?” 😂🤣 Everybody 💃🏽🕺🏿👯‍♀️👯‍♂️ danced till the moon went from 🌑 to 🌕. 🎉 The end. 👨🏽‍🤝‍👨🏿💤`
