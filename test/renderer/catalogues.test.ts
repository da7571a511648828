/** Every message in every language, with the same arguments, in syntax that the library reads. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type MessageFormatElement, parse, TYPE } from '@formatjs/icu-messageformat-parser';

const root = fileURLToPath(new URL('../../renderer', import.meta.url));

const catalogue = (language: string): Record<string, string> =>
  JSON.parse(readFileSync(join(root, 'i18n', `${language}.json`), 'utf8'));

const LANGUAGES = ['en', 'de', 'ar'] as const;
const en = catalogue('en');

/** Names of arguments with their kind, those inside plurals included. */
function argumentsOf(elements: readonly MessageFormatElement[]): readonly string[] {
  return elements.flatMap((element) => {
    switch (element.type) {
      case TYPE.literal:
      case TYPE.pound:
        return [];
      case TYPE.tag:
        return argumentsOf(element.children);
      case TYPE.select:
      case TYPE.plural:
        return [
          `${element.value} ${TYPE[element.type]}`,
          ...Object.values(element.options).flatMap(({ value }) => argumentsOf(value)),
        ];
      default:
        return [element.value];
    }
  });
}

const signature = (message: string): string => [...new Set(argumentsOf(parse(message)))].sort().join(', ');

test('the languages have the same keys', () => {
  assert.ok(Object.keys(en).length > 400);
  for (const language of LANGUAGES)
    assert.deepEqual(Object.keys(catalogue(language)), Object.keys(en), language);
});

for (const language of LANGUAGES.slice(1))
  test(`every message takes the same arguments: ${language}`, () => {
    const other = catalogue(language);
    for (const [key, message] of Object.entries(en))
      assert.equal(signature(other[key] ?? ''), signature(message), `${key}: ${other[key]}`);
  });

test('plurals have the forms of their language', () => {
  for (const language of LANGUAGES) {
    const forms = new Intl.PluralRules(language)
      .resolvedOptions()
      .pluralCategories.filter((f) => f !== 'zero');
    for (const [key, message] of Object.entries(catalogue(language)))
      for (const element of parse(message))
        if (element.type === TYPE.plural)
          for (const form of forms)
            assert.ok(form in element.options, `${language} ${key} has no form "${form}"`);
  }
});

test('what is translated differs from the English', () => {
  for (const language of LANGUAGES.slice(1)) {
    const other = catalogue(language);
    const same = Object.keys(en).filter((key) => other[key] === en[key]);
    assert.ok(same.length < 40, `${language}: ${same.length} are the same: ${same.join(', ')}`);
  }
});

test('no message is left over', () => {
  const sources = readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
  // Keys that are put together from parts: the beginning is in the source.
  const used = (key: string): boolean => {
    if (sources.includes(`'${key}'`)) return true;
    const parts = key.split('.');
    return parts.some((_, n) => n > 0 && sources.includes(`\`${parts.slice(0, n).join('.')}.\${`));
  };
  assert.deepEqual(
    Object.keys(en).filter((key) => !used(key)),
    [],
  );
});
