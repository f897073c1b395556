// Sentences in the languages of the page. A sentence holds {names}; `key.one` is taken when {count} is 1.

const LATEST = 600;
const said = new Map();

/** What a sentence that was given lately is made of, `{key, pattern, values}`, or undefined. */
export const lately = (sentence) => said.get(sentence.trim());

function remember(sentence, of) {
  if (said.size >= LATEST) said.clear();
  said.set(sentence.trim(), of);
  return sentence;
}

/** Fetch `<folder>/<language>.json` for each language; gives `say(language) -> (key, values) -> sentence`. */
export async function loadWords(folder, languages) {
  const tables = {};
  await Promise.all(
    languages.map(async (language) => {
      const answer = await fetch(`${folder}/${language}.json`);
      if (!answer.ok) throw new Error(`the words for ${language} are missing; check the installed pages`);
      tables[language] = await answer.json();
    }),
  );
  return (language) =>
    (key, values = {}) => {
      const table = tables[language];
      const name = values.count === 1 && `${key}.one` in table ? `${key}.one` : key;
      const pattern = table[name];
      if (pattern === undefined) return values.otherwise ?? key;
      const sentence = pattern.replace(/\{(\w+)\}/g, (whole, place) => values[place] ?? whole);
      return remember(sentence, { key: name, pattern, values });
    };
}

/** A Vietnamese phone number as people read it: 028 3829 1234, 0912 345 678. Anything else stays as it is. */
export function readablePhone(number) {
  if (/^02\d{9}$/.test(number)) return number.replace(/^(\d{3})(\d{4})(\d{4})$/, "$1\u00a0$2\u00a0$3");
  if (/^0\d{9}$/.test(number)) return number.replace(/^(\d{4})(\d{3})(\d{3})$/, "$1\u00a0$2\u00a0$3");
  return number;
}
